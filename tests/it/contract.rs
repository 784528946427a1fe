//! What is served, and what is documented, are the same: no name or label more, none less.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use readiness_exporter::metrics::body::Encoding;
use readiness_exporter::metrics::self_metrics::{ExporterMetrics, SelfMetrics};
use readiness_exporter::metrics::series::FAMILIES;
use readiness_exporter::snapshot::StoreOptions;
use readiness_exporter::snapshot::store::Store;
use readiness_exporter::source::scan::scan;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What is served of the files at `path`.
fn page(path: &str) -> String {
    let mut store = Store::new(StoreOptions::default());
    let update = store.update(&scan(&[root().join(path)]), "2026-11-23T12:00:00Z".parse().unwrap());
    String::from_utf8(update.snapshot.exposition.body(Encoding::Identity).chunks.concat()).unwrap()
}

/// Everything that the examples serve at default flags.
fn served() -> String {
    let own = SelfMetrics::new(ExporterMetrics::Enabled).unwrap().text();
    String::from_utf8(own).unwrap() + &page("examples")
}

/// The whole page of the smallest example, to be read in a review; `UPDATE=1` writes it anew.
#[test]
fn the_smallest_example_is_served_as_it_was() {
    let text = page("examples/minimal.readiness.yaml").replace(&root().display().to_string(), "");
    let committed = root().join("tests/corpus/minimal.metrics");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&committed, &text).unwrap();
    }
    assert_eq!(text, std::fs::read_to_string(&committed).unwrap());
}

/// Every name with its labels.
fn names(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let end = line.find(['{', ' ']).unwrap();
        let labels = names.entry(line[..end].to_owned()).or_default();
        let mut rest = line[end..].strip_prefix('{').unwrap_or_default();
        while let Some((label, value)) = rest.split_once("=\"") {
            labels.insert(label.to_owned());
            let mut escaped = false;
            let close = value.find(|letter| {
                let closes = letter == '"' && !escaped;
                escaped = letter == '\\' && !escaped;
                closes
            });
            rest = value[close.unwrap() + 1..].trim_start_matches(',');
        }
    }
    names
}

/// The family that a series belongs to: a histogram's parts have names of their own.
fn family(name: &str) -> &str {
    let parts = ["_bucket", "_sum", "_count"].iter().find_map(|part| name.strip_suffix(part));
    parts.filter(|stem| FAMILIES.iter().any(|family| family.name == *stem)).unwrap_or(name)
}

#[test]
fn every_family_of_the_table_is_served_by_the_examples_and_no_other() {
    let names = names(&served());
    let served: BTreeSet<&str> = names.keys().map(|name| family(name)).collect();
    let table: BTreeSet<&str> = FAMILIES.iter().map(|family| family.name).collect();
    assert_eq!(served, table);
}

#[test]
fn every_label_of_the_table_is_served_by_the_examples_and_no_other() {
    let text = served();
    let names = names(&text);
    let mut served: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, labels) in &names {
        let labels = labels.iter().map(String::as_str).filter(|label| *label != "le");
        served.entry(family(name)).or_default().extend(labels);
    }
    for family in FAMILIES {
        let table: BTreeSet<&str> = family.labels.iter().copied().collect();
        assert_eq!(served[family.name], table, "{}", family.name);
    }
}

#[test]
fn every_family_is_documented_with_its_labels() {
    let docs = std::fs::read_to_string(root().join("docs/metrics.md")).unwrap();
    for family in FAMILIES {
        let row = docs.lines().find(|line| line.starts_with(&format!("| `{}`", family.name)));
        let row = row.unwrap_or_else(|| panic!("{} isn't documented", family.name));
        assert!(family.labels.iter().all(|label| row.contains(&format!("`{label}`"))), "{row}");
    }
}
