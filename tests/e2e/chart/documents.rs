//! The files that the chart carries, and those that tell of it.

use std::process::Command;

use serde_yaml::Value;

use crate::chart::charts::{Values, chart, copy, files, of_kind, rendered, root, tool};

/// Everything of a ConfigMap.
const LIMIT: usize = 1 << 20;

#[test]
fn each_dashboard_is_a_config_map_of_its_very_bytes() {
    let objects = rendered(&Values::named("default"));
    let maps = of_kind(&objects, "ConfigMap");
    let dashboards = files(&root().join("dashboards"), ".json");
    let dashboards = dashboards.iter().filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("readiness-"));
    let mut count = 0;
    for path in dashboards {
        count += 1;
        let key = path.file_name().unwrap().to_str().unwrap();
        let map = maps.iter().find(|map| map["data"].get(key).is_some()).unwrap_or_else(|| panic!("{key}"));
        let text = std::fs::read_to_string(path).unwrap();
        assert!(map["data"][key] == Value::from(text.as_str()), "{key}");
        // kubectl's client-side apply keeps a copy in an annotation of 256 KiB at most.
        assert!(text.len() < 200 << 10 && text.len() < LIMIT, "{key} has {} bytes", text.len());
    }
    assert!(count >= 5);
    let others = objects.iter().filter(|object| object["metadata"]["name"].as_str().unwrap().contains("-dashboard-"));
    assert_eq!(others.count(), count);
}

#[test]
fn files_given_as_yaml_are_read_as_if_they_stood_there_as_text() {
    let folder = tempfile::tempdir().unwrap();
    let example = root().join("examples/castiel.readiness.yaml");
    let text = std::fs::read_to_string(&example).unwrap();
    let tree: Value = serde_yaml::from_str(&text).unwrap();
    let values = serde_json::json!({"sources": {"files": {"text.yaml": text, "tree.yaml": tree}}});
    let path = folder.path().join("values.yaml");
    std::fs::write(&path, serde_json::to_string(&values).unwrap()).unwrap();
    let objects = rendered(&Values { path, flags: Vec::new() });
    let maps = of_kind(&objects, "ConfigMap");
    let map = maps.iter().find(|map| map["metadata"]["name"].as_str().unwrap().ends_with("-files")).unwrap();
    let said = ["text.yaml", "tree.yaml"].map(|name| {
        let file = folder.path().join("plan.yaml");
        std::fs::write(&file, map["data"][name].as_str().unwrap()).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_readiness-exporter"))
            .args(["forecast", "--format=json", "--at=2026-01-27"])
            .arg(&file)
            .output()
            .unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        milestones(&output.stdout)
    });
    assert!(!said[0].is_empty());
    assert_eq!(said[0], said[1]);
}

/// The milestones of a forecast, sorted: as YAML, a file has no order.
fn milestones(forecast: &[u8]) -> Vec<String> {
    let forecast: serde_json::Value = serde_json::from_slice(forecast).unwrap();
    let mut milestones: Vec<String> =
        forecast["milestones"].as_array().unwrap().iter().map(ToString::to_string).collect();
    milestones.sort();
    milestones
}

#[test]
fn the_versions_of_chart_and_exporter_are_one() {
    let text = std::fs::read_to_string(chart().join("Chart.yaml")).unwrap();
    let chart: Value = serde_yaml::from_str(&text).unwrap();
    let own = env!("CARGO_PKG_VERSION");
    assert_eq!((chart["version"].as_str(), chart["appVersion"].as_str()), (Some(own), Some(own)));
}

#[test]
fn the_readme_of_the_chart_is_what_helm_docs_writes() {
    let copy = copy();
    let readme = copy.path().join("README.md");
    let committed = std::fs::read_to_string(&readme).unwrap();
    std::fs::remove_file(&readme).unwrap();
    let output = Command::new(tool("helm-docs")).arg("--chart-search-root").arg(copy.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(std::fs::read_to_string(&readme).unwrap() == committed, "run make docs, and commit the chart's README.md");
}
