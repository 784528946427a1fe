//! The metrics served, their documentation and the committed expositions agree.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use readiness_exporter::metrics::Group;
use readiness_exporter::metrics::body::Encoding;
use readiness_exporter::metrics::self_metrics::{ExporterMetrics, SelfMetrics};
use readiness_exporter::metrics::series::FAMILIES;
use readiness_exporter::snapshot::StoreOptions;
use readiness_exporter::snapshot::store::Store;
use readiness_exporter::source::scan::scan;

/// The committed expositions, and the files that they are of. The last file has every key of the format.
const EXPOSITIONS: [(&str, &str); 3] = [
    ("tests/corpus/minimal.metrics", "examples/minimal.readiness.yaml"),
    ("tests/corpus/exposition/payments.metrics", "examples/payments.readiness.yaml"),
    ("tests/corpus/exposition/every-key.metrics", "tests/corpus/exposition/every-key.yaml"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The exposition of the files at `path`, without the path of this repository.
fn exposition(path: &str) -> String {
    let mut store = Store::new(StoreOptions::default());
    let update = store.update(&scan(&[root().join(path)]), "2026-11-23T12:00:00Z".parse().unwrap());
    let text = String::from_utf8(update.snapshot.exposition.body(Encoding::Identity).chunks.concat()).unwrap();
    text.replace(&root().display().to_string(), "")
}

/// The exposition of the exporter and all examples, with default flags.
fn served() -> String {
    let own = SelfMetrics::new(ExporterMetrics::Enabled).unwrap().text();
    String::from_utf8(own).unwrap() + &exposition("examples")
}

/// The lines of two texts that the other one doesn't have, `-` for `expected` and `+` for `found`.
fn difference(expected: &str, found: &str) -> String {
    let lines = |text: &str| -> BTreeSet<String> { text.lines().map(str::to_owned).collect() };
    let (before, after) = (lines(expected), lines(found));
    let mut out = String::new();
    for line in before.difference(&after) {
        writeln!(out, "- {line}").unwrap();
    }
    for line in after.difference(&before) {
        writeln!(out, "+ {line}").unwrap();
    }
    if out.is_empty() {
        let moved = expected.lines().zip(found.lines()).find(|(one, other)| one != other);
        writeln!(out, "the same lines in another order or number, from {moved:?} on").unwrap();
    }
    out
}

/// The elements of two sets that the other one doesn't have.
#[track_caller]
fn assert_same<'a>(expected: &BTreeSet<&'a str>, found: &BTreeSet<&'a str>, what: &str) {
    let missing: Vec<_> = expected.difference(found).collect();
    let unexpected: Vec<_> = found.difference(expected).collect();
    assert!(expected == found, "{what}: missing {missing:?}, unexpected {unexpected:?}");
}

/// After an intended change, `UPDATE=1` writes the committed expositions, for a review of each changed line.
#[test]
fn expositions_are_the_committed_ones() {
    let mut differences = String::new();
    for (committed, file) in EXPOSITIONS {
        let (text, path) = (exposition(file), root().join(committed));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap();
        if expected != text {
            writeln!(differences, "{committed}:\n{}", difference(&expected, &text)).unwrap();
        }
    }
    assert!(differences.is_empty(), "\n{differences}");
}

#[test]
fn every_family_of_the_files_is_in_a_committed_exposition() {
    let texts = EXPOSITIONS.map(|(committed, _)| std::fs::read_to_string(root().join(committed)).unwrap());
    let found: BTreeSet<&str> = texts
        .iter()
        .flat_map(|text| text.lines())
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .collect();
    let files = FAMILIES.iter().filter(|family| family.group() != Group::Exporter).map(|family| family.name);
    assert_same(&files.collect(), &found, "families");
}

#[test]
fn a_difference_names_the_lines_that_differ() {
    assert_eq!(difference("same\na 1\n", "same\na 2\nb 1\n"), "- a 1\n+ a 2\n+ b 1\n");
    assert!(difference("a\nb\n", "b\na\n").contains("another order"));
}

/// The names of the series, each with its labels.
fn labels_by_name(text: &str) -> BTreeMap<String, BTreeSet<String>> {
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

/// The family of a series: the parts of a histogram have names of their own.
fn family(name: &str) -> &str {
    let stem = ["_bucket", "_sum", "_count"].iter().find_map(|part| name.strip_suffix(part));
    stem.filter(|stem| FAMILIES.iter().any(|family| family.name == *stem)).unwrap_or(name)
}

#[test]
fn the_examples_serve_the_families_of_the_table() {
    let names = labels_by_name(&served());
    let served: BTreeSet<&str> = names.keys().map(|name| family(name)).collect();
    assert_same(&FAMILIES.iter().map(|family| family.name).collect(), &served, "families");
}

#[test]
fn the_examples_serve_the_labels_of_the_table() {
    let names = labels_by_name(&served());
    let mut served: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, labels) in &names {
        let labels = labels.iter().map(String::as_str).filter(|label| *label != "le");
        served.entry(family(name)).or_default().extend(labels);
    }
    for family in FAMILIES {
        assert_same(&family.labels.iter().copied().collect(), &served[family.name], family.name);
    }
}

#[test]
fn every_family_is_documented_with_its_labels() {
    let docs = std::fs::read_to_string(root().join("docs/metrics.md")).unwrap();
    for family in FAMILIES {
        let row = docs.lines().find(|line| line.starts_with(&format!("| `{}`", family.name)));
        let row = row.unwrap_or_else(|| panic!("{} is not documented", family.name));
        let missing: Vec<_> = family.labels.iter().filter(|label| !row.contains(&format!("`{label}`"))).collect();
        assert!(missing.is_empty(), "{}: missing {missing:?}", family.name);
    }
}
