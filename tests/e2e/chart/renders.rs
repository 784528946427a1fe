//! The rendered manifests.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_yaml::Value;

use crate::chart::charts::{
    HELMS, Values, chart, containers, copy_chart, copy_dir, files, helm, identity, of_kind, parse_objects, render,
    template, template_as, tool,
};
use crate::modules;

#[test]
fn every_values_file_passes_strict_linting() {
    for values in Values::valid() {
        for tool in HELMS {
            let (chart, path) = (chart(), values.path.to_str().unwrap().to_owned());
            let output = helm(tool, &["lint", "--strict", chart.to_str().unwrap(), "--values", &path]);
            let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(output.status.success() && !stdout.contains("[WARNING]"), "{tool}, {}: {stdout}", values.name());
        }
    }
}

#[test]
fn helm_3_and_4_render_the_same() {
    for values in Values::valid() {
        let [new, old] = HELMS.map(|tool| {
            let mut objects = parse_objects(&template(tool, &chart(), &values).unwrap());
            objects.sort_by_key(identity);
            objects
        });
        assert!(new == old, "{} renders differently in Helm 3", values.name());
        assert!(!new.is_empty());
    }
}

#[test]
fn the_unit_tests_pass() {
    // A copy, because helm-unittest creates a folder for snapshots.
    let chart = copy_chart();
    let output = Command::new(tool("helm-unittest"))
        .args(["--strict", "--file", "unittests/*_test.yaml"])
        .arg(chart.path())
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{stdout}");
    let suites = files(&chart.path().join("unittests"), "_test.yaml").len();
    assert!(stdout.contains(&format!("Test Suites: {suites} passed")), "{stdout}");
}

/// The directory of prometheus-operator's custom resource definitions.
fn crds() -> PathBuf {
    let operator = modules::source("prometheus-operator", "github.com/prometheus-operator/prometheus-operator");
    operator.join("example/prometheus-operator-crd")
}

/// Runs `kubectl-validate` on `objects`, each written to a file in `folder`. Returns its output, as an error
/// if an object is invalid.
fn validate(objects: &[Value], folder: &Path) -> Result<String, String> {
    for (index, object) in objects.iter().enumerate() {
        // As JSON, because YAML 1.1 and 1.2 parse it the same way.
        std::fs::write(folder.join(format!("{index}.yaml")), serde_json::to_string(object).unwrap()).unwrap();
    }
    let output = Command::new(tool("kubectl-validate"))
        .args(["--version", "1.30", "--local-crds"])
        .arg(crds())
        .arg(folder)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(text) } else { Err(text) }
}

#[test]
fn every_field_is_in_the_kubernetes_schemas() {
    for values in Values::valid() {
        let folder = tempfile::tempdir().unwrap();
        // grafana-operator's CRD is not available to this test; the unit tests check the fields of GrafanaDashboard.
        let mut objects = render(&values);
        objects.retain(|object| object["kind"] != "GrafanaDashboard");
        let output = validate(&objects, folder.path()).unwrap_or_else(|error| panic!("{}: {error}", values.name()));
        assert_eq!(output.matches("OK").count(), objects.len(), "{output}");
    }
}

#[test]
fn validation_reports_unknown_fields() {
    for kind in ["Deployment", "ServiceMonitor"] {
        let folder = tempfile::tempdir().unwrap();
        let mut objects = render(&Values::named("default"));
        let object = objects.iter_mut().find(|object| object["kind"] == kind).unwrap();
        object["spec"]["selektor"] = Value::from("typo");
        let error = validate(&objects, folder.path()).unwrap_err();
        assert!(error.contains("selektor"), "{error}");
    }
}

#[test]
fn labels_are_strings_and_all_names_and_namespaces_can_be_overridden() {
    let values = Values::named("17-names");
    for object in render(&values) {
        let name = identity(&object);
        let metadata = &object["metadata"];
        assert_eq!(metadata["namespace"], "elsewhere", "{name}");
        assert!(metadata["name"].as_str().unwrap().starts_with("on"), "{name}");
        for (key, label) in metadata["labels"].as_mapping().unwrap() {
            assert!(label.is_string(), "{name}: {key:?}");
        }
        assert_eq!(metadata["labels"]["example.org/team"], "release", "{name}");
        assert_eq!(metadata["labels"]["app.kubernetes.io/managed-by"], "Helm", "{name}");
    }
}

#[test]
fn names_in_container_lists_are_unique() {
    for values in Values::valid() {
        for container in containers(&render(&values)) {
            for (list, key) in [("env", "name"), ("volumeMounts", "mountPath"), ("ports", "name")] {
                let items = container[list].as_sequence().map_or(&[][..], Vec::as_slice);
                let mut keys: Vec<&str> = items.iter().map(|item| item[key].as_str().unwrap()).collect();
                keys.sort_unstable();
                let count = keys.len();
                keys.dedup();
                assert_eq!(keys.len(), count, "{}: {list} of {:?}", values.name(), container["name"]);
            }
        }
    }
}

#[test]
fn the_exporter_accepts_its_arguments() {
    for values in Values::valid() {
        for container in containers(&render(&values)).into_iter().filter(|it| it["name"] == "readiness-exporter") {
            let arguments = container["args"].as_sequence().unwrap().iter().map(|it| it.as_str().unwrap());
            // Kubernetes expands $(SHARD). `--help` is last, so that all other arguments are parsed.
            let arguments = arguments.map(|it| it.replace("$(SHARD)", "0"));
            let output =
                Command::new(env!("CARGO_BIN_EXE_readiness-exporter")).args(arguments).arg("--help").output().unwrap();
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{}: {stderr}", values.name());
        }
    }
}

#[test]
fn the_exporter_accepts_the_arguments_of_the_test_pod() {
    for values in Values::valid() {
        let objects = render(&values);
        let pods = of_kind(&objects, "Pod");
        assert_eq!(pods.len(), 1, "{}", values.name());
        let arguments = pods[0]["spec"]["containers"][0]["args"].as_sequence().unwrap();
        let arguments = arguments.iter().map(|it| it.as_str().unwrap());
        let output = Command::new(env!("CARGO_BIN_EXE_readiness-exporter")).args(arguments).arg("--help").output();
        assert!(output.unwrap().status.success());
    }
}

#[test]
fn pods_change_with_flags_but_not_with_files() {
    let folder = tempfile::tempdir().unwrap();
    let pod = |text: &str| {
        let path = folder.path().join("values.yaml");
        std::fs::write(&path, text).unwrap();
        let objects = render(&Values { path, flags: Vec::new() });
        of_kind(&objects, "Deployment")[0]["spec"]["template"].clone()
    };
    let empty = pod("");
    let one = pod("sources: {files: {a.yaml: 'project: a'}}");
    let other = pod("sources: {files: {a.yaml: 'project: a', b.yaml: 'project: b'}}");
    assert!(empty == one && one == other);
    assert!(pod("log: {level: debug}") != empty);
}

#[test]
fn two_releases_share_no_object() {
    for part in ["01-", "06-", "10-", "13-"] {
        let values = Values::named(part);
        let identities = |names| -> BTreeSet<String> {
            parse_objects(&template_as(names, "helm", &chart(), &values).unwrap()).iter().map(identity).collect()
        };
        let one = identities(["one", "here"]);
        for other in [["two", "here"], ["one", "there"]] {
            let shared: Vec<String> = one.intersection(&identities(other)).cloned().collect();
            assert!(shared.is_empty(), "{}: {other:?} also has {shared:?}", values.name());
        }
    }
}

#[test]
fn another_chart_can_depend_on_it() {
    let parent = tempfile::tempdir().unwrap();
    let inner = parent.path().join("charts/readiness-exporter");
    std::fs::create_dir_all(&inner).unwrap();
    copy_dir(&chart(), &inner);
    let text = "apiVersion: v2\nname: parent\nversion: 1.0.0\ndependencies:\n\
                - {name: readiness-exporter, version: '*', condition: readiness-exporter.enabled}\n";
    std::fs::write(parent.path().join("Chart.yaml"), text).unwrap();
    let path = parent.path().join("values.yaml");
    for tool in HELMS {
        for (enabled, count) in [(true, 1), (false, 0)] {
            let text = format!(
                "global: {{environment: test, imageRegistry: registry.example.org}}\n\
                 readiness-exporter: {{enabled: {enabled}, commonLabels: {{team: release}}}}\n"
            );
            std::fs::write(&path, text).unwrap();
            let values = Values { path: path.clone(), flags: Vec::new() };
            let rendered = template(tool, parent.path(), &values).unwrap();
            assert_eq!(of_kind(&parse_objects(&rendered), "Deployment").len(), count, "{tool}: {enabled}");
            assert_eq!(rendered.matches("image: registry.example.org/readiness-exporter/").count(), 2 * count);
        }
    }
}
