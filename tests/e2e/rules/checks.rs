//! The rules pass the checks of promtool and amtool.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::rules::files::{matching, paths, root, rules};
use crate::tools;

/// Runs `tool` on `paths`, and returns its output.
fn run<P: AsRef<Path>>(tool: &str, arguments: &[&str], paths: &[P]) -> String {
    let output = Command::new(tools::path(tool))
        .args(arguments)
        .args(paths.iter().map(AsRef::as_ref))
        .env("GOMAXPROCS", "1")
        .current_dir(root())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    text
}

#[test]
fn promtool_accepts_the_rules_in_the_current_version_and_in_2_42() {
    for tool in ["promtool", "promtool-2.42"] {
        let output = run(tool, &["check", "rules", "--lint=all"], &paths());
        assert_eq!(output.matches("SUCCESS").count(), paths().len(), "{output}");
    }
}

#[test]
fn tests_of_the_rules_pass() {
    let files = matching(&root().join("tests/rules"), ".test.yaml");
    // On one core, because other tests wait for servers at the same time.
    run("promtool", &["test", "rules"], &files);
}

#[test]
fn amtool_accepts_the_example_configuration() {
    run("amtool", &["check-config"], &["rules/alertmanager.yaml"]);
}

fn alerts() -> BTreeSet<String> {
    rules().into_iter().filter(|rule| rule.is_alert).map(|rule| rule.name).collect()
}

/// The names of the files in `folder` that end in `end`, without that suffix.
fn stems(folder: &str, end: &str) -> BTreeSet<String> {
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().strip_suffix(end).unwrap().to_owned();
    matching(&root().join(folder), end).iter().map(|path| name(path)).collect()
}

#[test]
fn alerts_runbooks_and_test_files_match() {
    assert_eq!(stems("docs/runbooks", ".md"), alerts());
    assert_eq!(stems("tests/rules", ".test.yaml"), alerts());
}

#[test]
fn every_alert_has_the_required_labels_and_annotations() {
    for rule in rules().iter().filter(|rule| rule.is_alert) {
        let name = &rule.name;
        let severity = rule.yaml["labels"]["severity"].as_str().unwrap();
        assert!(["warning", "critical"].contains(&severity), "{name}: unknown severity `{severity}`");
        assert!(rule.yaml["for"].is_string(), "{name} has no `for`");
        let annotations = rule.annotations();
        let names: Vec<&str> = annotations.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["summary", "description", "runbook_url", "dashboard_url"], "{name}");
        let page = format!("/docs/runbooks/{name}.md");
        assert!(annotations[2].1.ends_with(&page), "{name}: wrong runbook_url `{}`", annotations[2].1);
    }
}

/// The default limit of Mimir.
#[test]
fn no_group_has_more_than_twenty_rules() {
    for path in paths() {
        let file: serde_yaml::Value = serde_yaml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        for group in file["groups"].as_sequence().unwrap() {
            assert!(group["rules"].as_sequence().unwrap().len() <= 20, "{:?}", group["name"]);
        }
    }
}
