//! Documentation of the alerts that is generated from the rules, their tests and the runbooks.
//!
//! `UPDATE=1 cargo test --test it docs` writes it. Without `UPDATE`, a difference is a failure.

use std::collections::BTreeSet;
use std::path::Path;

use serde_yaml::Value;

use generated::assert_block;

#[allow(dead_code, reason = "the library's tests use the rest")]
#[path = "../../src/docs.rs"]
mod generated;

/// Labels of the rule and of the scrape, as opposed to those of the subject of an alert.
const ORIGIN: [&str; 4] = ["severity", "job", "namespace", "cluster"];

/// The order in which labels are printed.
const LABELS: [&str; 7] = ["project", "root", "milestone", "area", "workstream", "task", "file"];

struct Alert {
    name: String,
    severity: String,
    pending: String,
    /// Subject of the alert: labels such as `project`, or a noun.
    subject: String,
    /// First paragraph of the runbook: "Fires when …".
    condition: String,
}

impl Alert {
    fn row(&self) -> String {
        let Self { name, severity, pending, subject, condition } = self;
        let condition = condition.strip_prefix("Fires when ").unwrap();
        let condition = without_threshold_names(condition.trim_end_matches('.'));
        format!("| [{name}](runbooks/{name}.md) | {severity} | {pending} | {condition} | {subject} |\n")
    }

    fn facts(&self) -> String {
        format!("Severity: {}. `for`: {}. One alert per {}.\n", self.severity, self.pending, self.subject)
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn yaml(path: &str) -> Value {
    serde_yaml::from_str(&read(path)).unwrap()
}

/// All rules of a file in `rules/`.
fn rules(file: &str) -> Vec<Value> {
    let groups = yaml(&format!("rules/{file}"))["groups"].as_sequence().unwrap().clone();
    groups.iter().flat_map(|group| group["rules"].as_sequence().unwrap().clone()).collect()
}

/// The alerts in the order of the rules.
fn alerts() -> Vec<Alert> {
    let alert = |rule: &Value| {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let name = text(&rule["alert"]);
        Alert {
            severity: text(&rule["labels"]["severity"]),
            pending: text(&rule["for"]),
            subject: subject(&name),
            condition: paragraphs(&name)[1].clone(),
            name,
        }
    };
    rules("alerts.rules.yaml").iter().map(alert).collect()
}

fn paragraphs(alert: &str) -> Vec<String> {
    read(&format!("docs/runbooks/{alert}.md")).split("\n\n").map(str::to_owned).collect()
}

/// Subject of an alert: the labels that every firing alert has in the tests of the rules.
fn subject(alert: &str) -> String {
    let tests = yaml(&format!("tests/rules/{alert}.test.yaml"));
    let expected = tests["tests"].as_sequence().unwrap().iter();
    let expected = expected.flat_map(|test| test["alert_rule_test"].as_sequence().into_iter().flatten());
    let expected = expected.filter(|it| it["alertname"].as_str() == Some(alert));
    let labels = |it: &Value| -> BTreeSet<String> {
        it["exp_labels"].as_mapping().unwrap().keys().map(|name| name.as_str().unwrap().to_owned()).collect()
    };
    let firing = expected.flat_map(|it| it["exp_alerts"].as_sequence().unwrap()).map(labels);
    let common = firing.reduce(|common, labels| &common & &labels).unwrap();
    let about: Vec<String> =
        LABELS.iter().filter(|it| common.contains(**it)).map(|label| format!("`{label}`")).collect();
    if common.contains("instance") {
        "target".to_owned()
    } else if !about.is_empty() {
        assert!(common.iter().all(|it| ORIGIN.contains(&&**it) || LABELS.contains(&&**it)), "{alert}: {common:?}");
        about.join(", ")
    } else if common.contains("job") {
        "`job`".to_owned()
    } else {
        "Prometheus server".to_owned()
    }
}

/// The names of the threshold series in `text`.
fn thresholds(text: &str) -> BTreeSet<String> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter(|it| it.starts_with("readiness:")).map(str::to_owned).collect()
}

/// `text` without parentheses that contain the name of a threshold series.
fn without_threshold_names(text: &str) -> String {
    let mut rest = text;
    let mut short = String::new();
    while let Some((before, after)) = rest.split_once(" (`readiness:") {
        let (_, after) = after.split_once("`)").expect("the parentheses contain one name");
        short += before;
        rest = after;
    }
    short + rest
}

#[test]
fn the_table_of_alerts_is_generated_from_the_rules() {
    let mut table = String::from("| Alert | Severity | `for` | Fires when | One alert per |\n|---|---|---|---|---|\n");
    table.extend(alerts().iter().map(Alert::row));
    assert_block("docs/alerts.md", "alerts", &table);
}

#[test]
fn every_runbook_states_severity_and_duration_of_its_rule() {
    for alert in alerts() {
        assert_block(&format!("docs/runbooks/{}.md", alert.name), "rule", &alert.facts());
    }
}

#[test]
fn every_document_states_the_number_of_alerts() {
    let count = alerts().len().to_string();
    for path in ["README.md", "CHANGELOG.md", "docs/alerts.md"] {
        let text = read(path);
        let before: Vec<&str> = text.split(" alerts ").collect();
        let words = before[..before.len() - 1].iter().map(|it| it.rsplit(' ').next().unwrap());
        let stated: Vec<&str> = words.filter(|word| word.bytes().all(|it| it.is_ascii_digit())).collect();
        assert!(!stated.is_empty(), "{path} does not state the number of alerts");
        assert!(stated.iter().all(|it| **it == count), "{path} states {stated:?} alerts, there are {count}");
    }
}

#[test]
fn check_md_states_the_default_number_of_draws() {
    let row = read("docs/check.md").lines().find(|line| line.contains("`--forecast.draws N`")).unwrap().to_owned();
    let default = format!("| {} |", readiness_exporter::schedule::forecast::DRAWS);
    assert!(row.ends_with(&default), "{row} does not state the default {default}");
}

/// Sections and their order are those of the runbooks of kube-prometheus, with one about silences.
#[test]
fn every_runbook_has_the_same_sections() {
    for alert in alerts() {
        let text = read(&format!("docs/runbooks/{}.md", alert.name));
        let headings: Vec<&str> = text.lines().filter(|line| line.starts_with('#')).collect();
        let title = format!("# {}", alert.name);
        let sections = ["## Meaning", "## Impact", "## Diagnosis", "## Mitigation", "## Silencing"];
        assert_eq!(headings, [&[&*title], &sections[..]].concat());
    }
}

/// The introduction of a runbook names the thresholds of its alert.
#[test]
fn every_threshold_is_named_in_a_runbook() {
    let defined: BTreeSet<String> =
        rules("thresholds.rules.yaml").iter().map(|rule| rule["record"].as_str().unwrap().to_owned()).collect();
    let named: BTreeSet<String> = alerts()
        .iter()
        .flat_map(|alert| {
            let text = read(&format!("docs/runbooks/{}.md", alert.name));
            thresholds(text.split("\n## ").next().unwrap())
        })
        .collect();
    let difference: Vec<_> = named.symmetric_difference(&defined).collect();
    assert!(difference.is_empty(), "only in runbooks or only in the rules: {difference:?}");
}

/// In runbooks, log messages have the form "search for `…`".
#[test]
fn log_messages_in_runbooks_exist() {
    let mut folders = vec![root().join("src")];
    let mut sources = String::new();
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                sources += &std::fs::read_to_string(path).unwrap();
            }
        }
    }
    for alert in alerts() {
        let text = read(&format!("docs/runbooks/{}.md", alert.name));
        for quoted in text.split("search for `").skip(1) {
            let message = quoted.split('`').next().unwrap().trim_start_matches("msg=").trim_matches('"');
            assert!(sources.contains(&format!("\"{message}")), "{}: nothing logs `{message}`", alert.name);
        }
    }
}

#[test]
fn threshold_names_are_removed_with_their_parentheses() {
    let text = "when a (`readiness:a:threshold`) is (or not) b (`readiness:b:release`)";
    assert_eq!(without_threshold_names(text), "when a is (or not) b");
}
