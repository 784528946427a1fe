//! The files in the chart, and its documentation.

use std::process::Command;

use serde_yaml::Value;

use crate::chart::charts::{Values, chart, files, helm, of_kind, render, root, template};

#[test]
fn each_dashboard_is_an_unchanged_config_map() {
    let objects = render(&Values::named("default"));
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
        // A ConfigMap is limited to 1 MiB. `kubectl apply` stores a copy in annotations, which are limited to 256 KiB.
        assert!(text.len() < 200 << 10, "{key} has {} bytes", text.len());
    }
    assert!(count >= 5);
    let others = objects.iter().filter(|object| object["metadata"]["name"].as_str().unwrap().contains("-dashboard-"));
    assert_eq!(others.count(), count);
}

#[test]
fn files_given_as_yaml_and_as_text_are_equivalent() {
    let folder = tempfile::tempdir().unwrap();
    let example = root().join("examples/castiel.readiness.yaml");
    let text = std::fs::read_to_string(&example).unwrap();
    let tree: Value = serde_yaml::from_str(&text).unwrap();
    let values = serde_json::json!({"sources": {"files": {"text.yaml": text, "tree.yaml": tree}}});
    let path = folder.path().join("values.yaml");
    std::fs::write(&path, serde_json::to_string(&values).unwrap()).unwrap();
    let objects = render(&Values { path, flags: Vec::new() });
    let maps = of_kind(&objects, "ConfigMap");
    let map = maps.iter().find(|map| map["metadata"]["name"].as_str().unwrap().ends_with("-files")).unwrap();
    let forecasts = ["text.yaml", "tree.yaml"].map(|name| {
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
    assert!(!forecasts[0].is_empty());
    assert_eq!(forecasts[0], forecasts[1]);
}

/// The milestones of a forecast, sorted: Helm does not keep the order of keys.
fn milestones(forecast: &[u8]) -> Vec<String> {
    let forecast: serde_json::Value = serde_json::from_slice(forecast).unwrap();
    let mut milestones: Vec<String> =
        forecast["milestones"].as_array().unwrap().iter().map(ToString::to_string).collect();
    milestones.sort();
    milestones
}

#[test]
fn the_chart_has_the_version_of_the_exporter() {
    let text = std::fs::read_to_string(chart().join("Chart.yaml")).unwrap();
    let chart: Value = serde_yaml::from_str(&text).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!((chart["version"].as_str(), chart["appVersion"].as_str()), (Some(version), Some(version)));
}

/// The code blocks of the chart's README in `language`.
fn blocks(language: &str) -> Vec<String> {
    let readme = std::fs::read_to_string(chart().join("README.md")).unwrap();
    let opening = format!("```{language}\n");
    readme.split(&opening).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn the_values_in_the_readme_are_valid() {
    // `grafana:` is a value of kube-prometheus-stack.
    let examples: Vec<String> = blocks("yaml").into_iter().filter(|block| !block.starts_with("grafana:")).collect();
    assert!(examples.len() > 3);
    let folder = tempfile::tempdir().unwrap();
    let flags = Values::named("default").flags;
    for block in examples {
        let path = folder.path().join("values.yaml");
        std::fs::write(&path, &block).unwrap();
        let values = Values { path, flags: flags.clone() };
        let rendered = template("helm", &chart(), &values).unwrap_or_else(|error| panic!("{block}\n{error}"));
        assert!(
            rendered != template("helm", &chart(), &Values::named("default")).unwrap(),
            "example changes nothing: {block}"
        );
    }
}

#[test]
fn the_command_in_the_readme_installs_the_chart() {
    for block in blocks("sh") {
        let command = block.replace("\\\n", " ");
        let words: Vec<&str> = command.split_whitespace().collect();
        assert_eq!(words[..3], ["helm", "install", "readiness"], "command is not tested: {block}");
        // This test has no cluster.
        let arguments = format!("{} --dry-run=client", words[1..].join(" ")).replace('\'', "").replace("./", "");
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let output = helm("helm", &arguments);
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(stdout.contains("kind: Deployment") && stdout.contains("shop.yaml:"), "{stdout}");
    }
}
