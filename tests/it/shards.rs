//! All shards together serve the same series as one exporter, and none twice.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use jiff::Timestamp;
use proptest::prelude::*;
use readiness_exporter::metrics::body::Encoding;
use readiness_exporter::snapshot::StoreOptions;
use readiness_exporter::snapshot::store::Store;
use readiness_exporter::source::scan::scan;
use tempfile::TempDir;

use crate::harness::{Daemon, NEVER, World, project, run};

fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

/// A store for a shard such as `0/3`, with few simulation runs.
fn store(shard: &str) -> Store {
    let draws = 100.try_into().unwrap();
    Store::new(StoreOptions { shard: shard.parse().unwrap(), draws, ..StoreOptions::default() })
}

/// The series of the files under `roots`, with their values.
fn series(store: &mut Store, roots: &[PathBuf]) -> BTreeMap<String, String> {
    let update = store.update(&scan(roots), now());
    let text = String::from_utf8(update.snapshot.exposition.body(Encoding::Identity).chunks.concat()).unwrap();
    let samples = text.lines().filter(|line| !line.starts_with('#')).map(|line| line.rsplit_once(' ').unwrap());
    samples.map(|(series, value)| (series.to_owned(), value.to_owned())).collect()
}

/// A single exporter, and shards of the same files.
struct Fleet {
    single: Store,
    shards: Vec<Store>,
}

impl Fleet {
    fn new(count: usize) -> Self {
        Self { single: store("0/1"), shards: (0..count).map(|index| store(&format!("{index}/{count}"))).collect() }
    }

    /// A restarted shard has no last good content.
    fn restart(&mut self, index: usize) {
        self.shards[index] = store(&format!("{index}/{}", self.shards.len()));
    }

    /// The series of each shard, after a check that no two shards serve the same one.
    fn parts(&mut self, roots: &[PathBuf]) -> Vec<BTreeMap<String, String>> {
        let parts: Vec<_> = self.shards.iter_mut().map(|shard| series(shard, roots)).collect();
        let mut seen = BTreeSet::new();
        for name in parts.iter().flat_map(BTreeMap::keys) {
            assert!(seen.insert(name), "{name} is served twice");
        }
        parts
    }

    fn assert_complete(&mut self, roots: &[PathBuf]) -> Vec<usize> {
        let parts = self.parts(roots);
        let sizes = parts.iter().map(BTreeMap::len).collect();
        let together: BTreeMap<_, _> = parts.into_iter().flatten().collect();
        assert_eq!(together, series(&mut self.single, roots));
        sizes
    }
}

#[test]
fn shards_serve_the_examples_and_the_corpus_exactly_once() {
    // Files without a project are sharded by path, so these paths are relative: the same on every machine.
    let roots = ["examples", "tests/corpus", "no/such/path"].map(PathBuf::from);
    for count in [1, 2, 5] {
        let sizes = Fleet::new(count).assert_complete(&roots);
        assert!(sizes.iter().all(|size| *size > 0), "{sizes:?}");
    }
}

/// The content of a file: a valid or invalid project, or none; `None` removes the file.
fn contents() -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        3 => (0..6_usize, 0..100_usize).prop_map(|(id, percent)| Some(project(&format!("p{id}"), percent))),
        1 => (0..6_usize).prop_map(|id| Some(format!("project: p{id}\nreported: much\n"))),
        1 => (0..6_usize).prop_map(|id| Some(format!("project: p{id}\nareas: [\n"))),
        1 => Just(Some("title: untitled\n".to_owned())),
        1 => Just(Some("{".to_owned())),
        2 => Just(None),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn shards_agree_with_a_single_exporter_after_every_change(
        rounds in prop::collection::vec(prop::collection::vec((0..6_usize, contents()), 1..4), 1..8)
    ) {
        let (folder, mut fleet) = (TempDir::new().unwrap(), Fleet::new(3));
        for round in rounds {
            for (file, text) in round {
                let path = folder.path().join(format!("{file}.yaml"));
                match text {
                    Some(text) => std::fs::write(path, text).unwrap(),
                    None => drop(std::fs::remove_file(path)),
                }
            }
            fleet.assert_complete(&[folder.path().to_owned()]);
        }
    }
}

#[test]
fn an_invalid_file_is_reported_once_after_a_restart_of_a_shard() {
    let world = World::new();
    let roots = [world.path("")];
    let up = |parts: &[BTreeMap<String, String>]| -> Vec<String> {
        parts
            .iter()
            .flatten()
            .filter(|(name, _)| name.starts_with("readiness_file_up"))
            .map(|(_, up)| up.clone())
            .collect()
    };
    for bad in ["project: shop\nareas: [\n", "project: shop\nreported: much\n", "title: shop\n", "{", "\0"] {
        for restarted in 0..3 {
            let mut fleet = Fleet::new(3);
            world.write("a.yaml", &project("shop", 50));
            assert_eq!(up(&fleet.parts(&roots)), ["1"]);
            world.write("a.yaml", bad);
            assert_eq!(up(&fleet.parts(&roots)), ["0"], "{bad:?}");
            fleet.restart(restarted);
            assert_eq!(up(&fleet.parts(&roots)), ["0"], "{bad:?}, {restarted} started again");
        }
    }
}

#[test]
fn daemons_share_the_projects() {
    let world = World::new();
    for id in 0..20 {
        world.write(&format!("{id}.yaml"), &project(&format!("project-{id}"), 50));
    }
    let daemons = ["0/2", "1/2"].map(|shard| Daemon::with(&[world.path("")], &[NEVER, &format!("--shard={shard}")]));
    let metrics = daemons.each_ref().map(Daemon::metrics);
    let counts = metrics.each_ref().map(|metrics| metrics.count("readiness_project_info"));
    assert!(counts[0] + counts[1] == 20 && counts.iter().all(|count| *count > 0), "{counts:?}");
    for (ordinal, (metrics, daemon)) in (0_u8..).zip(metrics.iter().zip(&daemons)) {
        assert_eq!(metrics.value("readiness_exporter_shard_ordinal"), Some(f64::from(ordinal)));
        assert_eq!(metrics.value("readiness_exporter_shards"), Some(2.0));
        assert_eq!(metrics.count("readiness_file_up"), counts[usize::from(ordinal)]);
        assert!(daemon.get("/").text().contains(&format!("shard {ordinal}/2")));
    }
    // A renamed project can move to the other shard; it is never served by both or none.
    for round in 0..10 {
        let id = format!("renamed-{round}");
        world.rename_save("0.yaml", &project(&id, 50));
        daemons[0]
            .poll("one of them serves it", || daemons.iter().any(|daemon| daemon.metrics().percent(&id).is_some()));
        daemons[0].poll("there are twenty", || {
            daemons.iter().map(|daemon| daemon.metrics().count("readiness_project_info")).sum::<usize>() == 20
        });
    }
}

#[test]
fn an_invalid_shard_is_refused() {
    for (shard, words) in [
        ("3/3", "shard 3 of 3 does not exist: the first is `0/3`, the last `2/3`"),
        ("1", "expected the ordinal of the shard and the number of shards: `0/3`, `1/3` or `2/3` for three shards"),
        ("0/0", "expected the ordinal of the shard"),
        ("-1/3", "expected the ordinal of the shard"),
    ] {
        let output = run(&["serve", ".", &format!("--shard={shard}")]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && error.contains(words), "{shard}: {error}");
    }
}
