use std::fs;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use crate::metrics::body::Encoding;
use crate::source::scan::scan;

use super::*;

/// A store of the files in a directory.
struct Fixture {
    directory: TempDir,
    store: Store,
    writes: u64,
}

impl Fixture {
    fn new() -> Self {
        Self::with(|_| ())
    }

    fn with(change: impl FnOnce(&mut StoreOptions)) -> Self {
        let mut options = StoreOptions { draws: NonZero::new(10).unwrap(), ..StoreOptions::default() };
        change(&mut options);
        Self { directory: TempDir::new().unwrap(), store: Store::new(options), writes: 0 }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Files were written long ago, one second after another: a new file is read only once it is settled.
    fn write(&mut self, name: &str, text: &str) {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        self.writes += 1;
        let written = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000 + self.writes);
        fs::File::options().write(true).open(path).unwrap().set_modified(written).unwrap();
    }

    fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    /// Updates, and returns the names of the changed files.
    fn update(&mut self) -> Vec<String> {
        self.update_at("2026-11-23T12:00:00Z")
    }

    fn update_at(&mut self, now: &str) -> Vec<String> {
        let update = self.store.update(&scan(&[self.directory.path().to_owned()]), now.parse().unwrap());
        assert!(Arc::ptr_eq(&update.snapshot, &self.store.snapshot));
        let name = |path: PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
        update.changed.into_iter().map(name).collect()
    }

    /// The samples of the family `name`, with file names instead of paths and without the family's name.
    fn samples(&self, name: &str) -> Vec<String> {
        let bytes = self.store.snapshot.exposition.body(Encoding::Identity).chunks.concat();
        let text = String::from_utf8(bytes).unwrap();
        let directory = format!("{}/", self.directory.path().display());
        let samples = text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('{'));
        let mut samples: Vec<_> = samples.map(|labels| format!("{{{}", labels.replace(&directory, ""))).collect();
        samples.sort();
        samples
    }

    /// The sample of the family `name` that is about the file `file`.
    fn health(&self, name: &str, file: &str) -> Option<String> {
        let start = format!(r#"{{file="{file}"}} "#);
        self.samples(name).iter().find_map(|sample| sample.strip_prefix(&start).map(str::to_owned))
    }

    fn up(&self, file: &str) -> Option<String> {
        self.health("readiness_file_up", file)
    }

    /// The failures of `file`: unreadable, invalid, duplicate project.
    fn failures(&self, file: &str) -> [String; 3] {
        ["unreadable", "invalid", "duplicate_project"].map(|reason| {
            let start = format!(r#"{{file="{file}",reason="{reason}"}} "#);
            let samples = self.samples("readiness_file_reload_failures_total");
            samples.iter().find_map(|sample| sample.strip_prefix(&start).map(str::to_owned)).unwrap()
        })
    }

    /// The served projects with the reported completion of each.
    fn projects(&self) -> Vec<String> {
        let samples = self.samples("readiness_project_completion_ratio");
        samples.iter().map(|sample| sample.replace("method=\"reported\"", "").replace("project=", "")).collect()
    }
}

fn project(id: &str, percent: u32) -> String {
    format!("project: {id}\nreported: {percent}%\n")
}

#[test]
fn health_follows_the_content_of_the_file() {
    let mut fixture = Fixture::new();
    fixture.write("a.yaml", &project("shop", 10));
    assert_eq!(fixture.update(), ["a.yaml"]);
    let values = |fixture: &Fixture| {
        ["up", "errors", "warnings", "reloads_total", "last_load_timestamp_seconds"]
            .map(|name| fixture.health(&format!("readiness_file_{name}"), "a.yaml").unwrap())
    };
    assert_eq!(values(&fixture), ["1", "0", "0", "1", "1795435200"]);
    assert_eq!(fixture.failures("a.yaml"), ["0", "0", "0"]);

    // Errors: the last good content stays.
    fixture.write("a.yaml", "project: shop\nreported: much\nstart: soon\n");
    assert_eq!(fixture.update_at("2026-11-23T12:00:01Z"), ["a.yaml"]);
    assert_eq!(values(&fixture), ["0", "2", "0", "2", "1795435200"]);
    assert_eq!(fixture.failures("a.yaml"), ["0", "1", "0"]);
    assert_eq!(fixture.projects(), [r#"{"shop",} 0.1"#]);

    // A warning does not keep the content from being served.
    fixture.write("a.yaml", "project: shop\nreported: 20%\nnext_review: 2026-01-30\n");
    assert_eq!(fixture.update_at("2026-11-23T12:00:02Z"), ["a.yaml"]);
    assert_eq!(values(&fixture), ["1", "0", "1", "3", "1795435202"]);
    assert_eq!(fixture.samples("readiness_inconsistencies").iter().filter(|it| it.ends_with(" 1")).count(), 1);
    assert_eq!(fixture.projects(), [r#"{"shop",} 0.2"#]);

    fixture.write("a.yaml", "\u{0}");
    fixture.update_at("2026-11-23T12:00:03Z");
    assert_eq!((values(&fixture)[0].as_str(), fixture.failures("a.yaml")), ("0", ["1", "1", "0"].map(str::to_owned)));
}

#[test]
fn nothing_changes_without_a_change() {
    let mut fixture = Fixture::new();
    fixture.write("a.yaml", &project("shop", 10));
    fixture.update();
    let before = Arc::clone(&fixture.store.snapshot);
    assert!(fixture.update().is_empty());
    // The same text again is no reload.
    fixture.write("a.yaml", &project("shop", 10));
    assert!(fixture.update().is_empty());
    assert!(Arc::ptr_eq(&before, &fixture.store.snapshot));
    assert_eq!(fixture.health("readiness_file_reloads_total", "a.yaml").unwrap(), "1");
}

#[test]
fn a_file_is_loaded_again_on_the_next_day_of_its_project() {
    let mut fixture = Fixture::new();
    fixture.write("a.yaml", "project: shop\ntimezone: Europe/Berlin\n");
    fixture.write("b.yaml", "project: bakery\ntimezone: UTC\n");
    assert_eq!(fixture.update_at("2026-11-23T22:59:59Z"), ["a.yaml", "b.yaml"]);
    assert!(fixture.update_at("2026-11-23T22:59:59.5Z").is_empty());
    assert_eq!(fixture.update_at("2026-11-23T23:00:00Z"), ["a.yaml"]);
    assert_eq!(fixture.update_at("2026-11-24T00:00:00Z"), ["b.yaml"]);
    assert!(fixture.update_at("2026-11-24T22:59:59Z").is_empty());
}

#[test]
fn the_first_file_of_a_project_serves_it() {
    let mut fixture = Fixture::new();
    fixture.write("b.yaml", &project("shop", 10));
    fixture.update();
    fixture.write("a.yaml", &project("shop", 20));
    assert_eq!(fixture.update(), ["a.yaml"]);
    assert_eq!(fixture.projects(), [r#"{"shop",} 0.1"#]);
    assert_eq!(fixture.failures("a.yaml"), ["0", "0", "1"]);
    assert_eq!((fixture.up("a.yaml").unwrap(), fixture.up("b.yaml").unwrap()), ("0".into(), "1".into()));
    let (_, second) = (fixture.path("b.yaml"), fixture.path("a.yaml"));
    let report = fixture.store.snapshot.files.iter().find(|file| file.path == second).unwrap();
    let error = report.first_error().replace(&format!("{}/", fixture.directory.path().display()), "");
    assert_eq!(error, "a.yaml:1:10: the project `shop` is also described in `b.yaml`");
    let help = report.findings[0].0.help.clone().unwrap();
    assert!(help.contains("b.yaml` continues to be served"), "{help}");

    fixture.remove("b.yaml");
    assert_eq!(fixture.update(), ["a.yaml", "b.yaml"]);
    assert_eq!(fixture.projects(), [r#"{"shop",} 0.2"#]);
    assert_eq!((fixture.up("a.yaml"), fixture.up("b.yaml")), (Some("1".into()), None));
    assert_eq!(fixture.samples("readiness_file_info"), [r#"{file="a.yaml",project="shop"} 1"#]);
}

#[test]
fn two_files_swap_their_projects_in_one_update() {
    let mut fixture = Fixture::new();
    fixture.write("a.yaml", &project("shop", 10));
    fixture.write("b.yaml", &project("bakery", 20));
    fixture.update();
    fixture.write("a.yaml", &project("bakery", 30));
    fixture.write("b.yaml", &project("shop", 40));
    assert_eq!(fixture.update(), ["a.yaml", "b.yaml"]);
    assert_eq!(fixture.projects(), [r#"{"bakery",} 0.3"#, r#"{"shop",} 0.4"#]);
    assert_eq!([fixture.failures("a.yaml"), fixture.failures("b.yaml")].concat(), ["0"; 6]);
}

#[test]
fn a_file_that_gets_no_other_project_keeps_its_last_one() {
    let mut fixture = Fixture::new();
    fixture.write("a.yaml", &project("shop", 10));
    fixture.write("b.yaml", &project("bakery", 20));
    fixture.update();
    fixture.write("b.yaml", &project("shop", 30));
    fixture.update();
    assert_eq!(fixture.projects(), [r#"{"bakery",} 0.2"#, r#"{"shop",} 0.1"#]);
    assert_eq!(fixture.up("b.yaml").unwrap(), "0");
    // Another file claims the project it kept: then it serves none.
    fixture.write("b.yaml", &project("shop", 40));
    fixture.write("a.yaml", &project("shop", 50));
    fixture.write("0.yaml", &project("bakery", 60));
    fixture.update();
    assert_eq!(fixture.projects(), [r#"{"bakery",} 0.6"#, r#"{"shop",} 0.5"#]);
    assert!(fixture.samples("readiness_file_info").contains(&r#"{file="b.yaml"} 1"#.to_owned()));
}

#[test]
fn a_missing_path_is_reported_until_it_exists() {
    let mut fixture = Fixture::new();
    let path = fixture.path("later.yaml");
    let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
    let update = fixture.store.update(&scan(std::slice::from_ref(&path)), now);
    assert_eq!(
        (update.snapshot.missing.as_slice(), update.changed.as_slice()),
        ([path.clone()].as_slice(), [path.clone()].as_slice())
    );
    assert_eq!(
        (fixture.up("later.yaml").unwrap(), fixture.failures("later.yaml")),
        ("0".into(), ["1", "0", "0"].map(str::to_owned))
    );
    let help = |update: &StoreUpdate| update.snapshot.files[0].findings[0].0.help.clone().unwrap();
    assert_eq!(help(&update), "nothing is served for this path until it exists");
    // The same failure again is not counted.
    assert!(fixture.store.update(&scan(std::slice::from_ref(&path)), now).changed.is_empty());
    assert_eq!(fixture.failures("later.yaml"), ["1", "0", "0"]);

    fixture.write("later.yaml", &project("shop", 10));
    let update = fixture.store.update(&scan(std::slice::from_ref(&path)), now);
    assert!(update.snapshot.missing.is_empty());
    assert_eq!(
        (fixture.up("later.yaml").unwrap(), fixture.projects()),
        ("1".into(), vec![r#"{"shop",} 0.1"#.to_owned()])
    );

    // A path of the command line that goes away keeps its last good content.
    fixture.remove("later.yaml");
    let update = fixture.store.update(&scan(std::slice::from_ref(&path)), now);
    assert_eq!(update.snapshot.missing, [path]);
    assert_eq!(help(&update), "its last good content is served until it appears again");
    assert_eq!(
        (fixture.up("later.yaml").unwrap(), fixture.projects()),
        ("0".into(), vec![r#"{"shop",} 0.1"#.to_owned()])
    );
    // The same content is served again when it comes back.
    fixture.write("later.yaml", &project("shop", 10));
    let path = fixture.path("later.yaml");
    fixture.store.update(&scan(&[path]), now);
    assert_eq!(fixture.up("later.yaml").unwrap(), "1");
}

#[test]
fn a_missing_directory_serves_the_last_good_content_of_its_files() {
    let mut fixture = Fixture::new();
    fixture.write("a.yaml", &project("shop", 10));
    fixture.update();
    fs::remove_dir_all(fixture.directory.path()).unwrap();
    for _ in 0..2 {
        fixture.update();
        let reports = &fixture.store.snapshot.files;
        let helps: Vec<_> = reports.iter().map(|file| file.findings[0].0.help.clone().unwrap()).collect();
        assert_eq!(helps, ["its last good content is served until it appears again"; 2]);
    }
    assert_eq!(fixture.failures("a.yaml"), ["1", "0", "0"]);
}

#[test]
fn many_files_are_loaded_and_removed_one_by_one() {
    let mut fixture = Fixture::new();
    for number in 0..40 {
        fixture.write(&format!("{number:02}.yaml"), &project(&format!("p{number:02}"), number));
    }
    assert_eq!(fixture.update().len(), 40);
    assert_eq!(fixture.projects().len(), 40);
    for number in (0..40).step_by(3) {
        fixture.remove(&format!("{number:02}.yaml"));
    }
    fixture.write("01.yaml", &project("p01", 99));
    fixture.write("41.yaml", &project("p41", 41));
    let changed = fixture.update();
    assert_eq!(changed.len(), 14 + 2, "{changed:?}");
    assert_eq!((fixture.projects().len(), fixture.store.files.len()), (27, 27));
    assert!(fixture.projects().contains(&r#"{"p01",} 0.99"#.to_owned()));
}

#[test]
fn options_limit_what_is_served() {
    let text = "project: shop\nareas: {web: {workstreams: {cart: {tasks: [todo: Buttons]}}}}\n";
    let tasks = |change: fn(&mut StoreOptions)| {
        let mut fixture = Fixture::with(change);
        fixture.write("a.yaml", text);
        fixture.update();
        let exposition = &fixture.store.snapshot.exposition;
        (fixture.samples("readiness_task_info").len(), exposition.dropped(), exposition.series())
    };
    let (shown, dropped, all) = tasks(|_| ());
    assert_eq!((shown, dropped), (1, 0));
    assert_eq!(tasks(|options| options.tasks = false), (0, 0, all - 2));
    assert_eq!(tasks(|options| options.max_series = NonZero::new(60)).0, 1);
    let limited = Fixture::with(|options| options.max_series = NonZero::new(1));
    assert_eq!(limited.store.snapshot.exposition.series(), 0);
    let (shown, dropped, series) = tasks(|options| options.max_series = NonZero::new(59));
    assert!(shown == 0 && dropped == 2 && series == all - 2, "{shown} {dropped} {series} {all}");
}

#[test]
fn a_shard_serves_its_own_projects_and_reports_their_files() {
    let mut served = Vec::new();
    for index in 0..3 {
        let mut fixture = Fixture::with(|options| options.shard = format!("{index}/3").parse().unwrap());
        for id in ["castiel", "payments", "webshop"] {
            fixture.write(&format!("{id}.yaml"), &project(id, 10));
        }
        let changed = fixture.update();
        assert_eq!((changed.len(), fixture.projects().len()), (1, 1));
        assert_eq!(fixture.up(&changed[0]).unwrap(), "1");
        assert_eq!(fixture.store.snapshot.files.len(), 1);
        served.extend(changed);
    }
    served.sort();
    assert_eq!(served, ["castiel.yaml", "payments.yaml", "webshop.yaml"]);
}
