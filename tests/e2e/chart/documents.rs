//! The files that the chart carries, and those that tell of it.

use std::process::Command;

use serde_yaml::Value;

use crate::chart::charts::{Values, chart, files, helm, of_kind, rendered, root, template};

#[test]
fn each_dashboard_is_a_config_map_of_its_very_bytes() {
    let objects = rendered(&Values::named("default"));
    let maps = of_kind(&objects, "ConfigMap");
    let dashboards = files(&root().join("dashboards"), ".json");
    let dashboards =
        dashboards.iter().filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("readiness-"));
    let mut count = 0;
    for path in dashboards {
        count += 1;
        let key = path.file_name().unwrap().to_str().unwrap();
        let map = maps.iter().find(|map| map["data"].get(key).is_some()).unwrap_or_else(|| panic!("{key}"));
        let text = std::fs::read_to_string(path).unwrap();
        assert!(map["data"][key] == text.as_str(), "{key}");
        // A ConfigMap takes 1 MiB, and kubectl's client-side apply a copy in an annotation of 256 KiB.
        assert!(text.len() < 200 << 10, "{key} has {} bytes", text.len());
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

/// The blocks of the chart's README in `language`.
fn blocks(language: &str) -> Vec<String> {
    let readme = std::fs::read_to_string(chart().join("README.md")).unwrap();
    let opening = format!("```{language}\n");
    readme.split(&opening).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn the_values_that_the_readme_shows_are_accepted() {
    // Those of kube-prometheus-stack are its own.
    let shown: Vec<String> = blocks("yaml").into_iter().filter(|block| !block.starts_with("grafana:")).collect();
    assert!(shown.len() > 3);
    let folder = tempfile::tempdir().unwrap();
    let flags = Values::named("default").flags;
    for block in shown {
        let path = folder.path().join("values.yaml");
        std::fs::write(&path, &block).unwrap();
        let values = Values { path, flags: flags.clone() };
        let with = template("helm", &chart(), &values).unwrap_or_else(|said| panic!("{block}\n{said}"));
        assert!(with != template("helm", &chart(), &Values::named("default")).unwrap(), "it changes nothing: {block}");
    }
}

#[test]
fn the_command_that_the_readme_shows_installs_the_chart() {
    for block in blocks("sh") {
        let command = block.replace("\\\n", " ");
        let words: Vec<&str> = command.split_whitespace().collect();
        assert_eq!(words[..3], ["helm", "install", "readiness"], "no test runs {block}");
        // There is no cluster here.
        let arguments = format!("{} --dry-run=client", words[1..].join(" ")).replace('\'', "").replace("./", "");
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let output = helm("helm", &arguments);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(said.contains("kind: Deployment") && said.contains("shop.yaml:"), "{said}");
    }
}
