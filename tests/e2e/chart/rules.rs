//! The `PrometheusRule`, compared with the rule files and checked by promtool.

use std::collections::BTreeMap;
use std::process::Command;

use serde_yaml::Value;

use crate::chart::charts::{Values, of_kind, render, root, tool};

/// The groups of the rule files, in order of dependency.
fn groups_in_files() -> Vec<Value> {
    let read = |name: &str| {
        let path = root().join(format!("rules/{name}.rules.yaml"));
        let file: Value = serde_yaml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        file["groups"].as_sequence().unwrap().clone()
    };
    ["thresholds", "recording", "alerts"].into_iter().flat_map(read).collect()
}

/// The groups of the rendered `PrometheusRule`.
fn groups_in_chart(values: &Values) -> Vec<Value> {
    let objects = render(values);
    let rules = of_kind(&objects, "PrometheusRule");
    assert_eq!(rules.len(), 1, "{}", values.name());
    rules[0]["spec"]["groups"].as_sequence().unwrap().clone()
}

/// All rules of `groups`, by alert or metric name.
fn by_name(groups: &[Value]) -> BTreeMap<String, Value> {
    let rules = groups.iter().flat_map(|group| group["rules"].as_sequence().unwrap());
    let name = |rule: &Value| rule.get("alert").or_else(|| rule.get("record")).unwrap().as_str().unwrap().to_owned();
    rules.map(|rule| (name(rule), rule.clone())).collect()
}

#[test]
fn the_default_rules_are_those_of_the_files() {
    assert!(groups_in_chart(&Values::named("default")) == groups_in_files());
}

#[test]
fn values_override_only_what_they_name() {
    let (old, new) = (by_name(&groups_in_files()), by_name(&groups_in_chart(&Values::named("monitoring"))));
    let removed: Vec<&String> = old.keys().filter(|name| !new.contains_key(*name)).collect();
    assert_eq!(removed, ["ReadinessStuckPartial"]);
    let added: Vec<&String> = new.keys().filter(|name| !old.contains_key(*name)).collect();
    assert_eq!(added, ["NothingIsReady"]);

    let differs = |name: &&String| new.get(*name).is_some_and(|rule| rule["expr"] != old[*name]["expr"]);
    let changed: Vec<&String> = old.keys().filter(differs).collect();
    let expected = [
        "ReadinessStatusStale",
        "readiness:inconsistencies:threshold",
        "readiness:milestone_unlikely_ratio:release",
        "readiness:milestone_unlikely_ratio:threshold",
        "readiness:stuck_seconds:threshold",
    ];
    assert_eq!(changed, expected);
    for (name, rule) in new.iter().filter(|(name, rule)| rule.get("alert").is_some() && *name != "NothingIsReady") {
        let is_late = name == "ReadinessMilestoneLate";
        let (labels, annotations) = (&rule["labels"], &rule["annotations"]);
        assert_eq!(labels["team"], if is_late { "web" } else { "release" }, "{name}");
        assert_eq!(annotations["contact"], if is_late { "web@example.org" } else { "release@example.org" }, "{name}");
        let severity = if is_late { "info" } else { old[name]["labels"]["severity"].as_str().unwrap() };
        assert_eq!(labels["severity"], severity, "{name}");
        assert_eq!(annotations["summary"], old[name]["annotations"]["summary"], "{name}");
        assert_eq!(annotations["runbook_url"], format!("https://wiki.example.org/runbooks/{name}.md"));
        let path = old[name]["annotations"]["dashboard_url"].as_str().unwrap();
        assert_eq!(annotations["dashboard_url"], format!("https://grafana.example.org{path}"), "{name}");
        let hold = if is_late { "2h" } else { old[name]["for"].as_str().unwrap() };
        assert_eq!(rule["for"], hold, "{name}");
    }
}

#[test]
fn promtool_accepts_the_rules_with_and_without_overrides() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["default", "monitoring"] {
        let groups = groups_in_chart(&Values::named(name));
        let count = by_name(&groups).len();
        let file = folder.path().join(format!("{name}.yaml"));
        let text = serde_yaml::to_string(&BTreeMap::from([("groups", groups)])).unwrap();
        std::fs::write(&file, text).unwrap();
        let output = Command::new(tool("promtool")).args(["check", "rules", "--lint=all"]).arg(&file).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && text.contains(&format!("SUCCESS: {count} rules found")), "{text}");
    }
}
