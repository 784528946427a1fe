//! What a cluster gets.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_yaml::Value;

use crate::chart::charts::{
    HELMS, Values, chart, containers, copy, copy_into, files, helm, identity, objects, of_kind, rendered, template,
    template_as, tool,
};
use crate::modules;

#[test]
fn both_helms_lint_every_values_file_strictly() {
    for values in Values::good() {
        for tool in HELMS {
            let (chart, path) = (chart(), values.path.to_str().unwrap().to_owned());
            let output = helm(tool, &["lint", "--strict", chart.to_str().unwrap(), "--values", &path]);
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(output.status.success() && !said.contains("[WARNING]"), "{tool}, {}: {said}", values.name());
        }
    }
}

#[test]
fn both_helms_render_the_same() {
    for values in Values::good() {
        let [new, old] = HELMS.map(|tool| {
            let mut objects = objects(&template(tool, &chart(), &values).unwrap());
            objects.sort_by_key(identity);
            objects
        });
        assert!(new == old, "{} is another in Helm 3", values.name());
        assert!(!new.is_empty());
    }
}

#[test]
fn the_unit_tests_pass() {
    // helm-unittest leaves a folder for snapshots behind.
    let chart = copy();
    let output = Command::new(tool("helm-unittest"))
        .args(["--strict", "--file", "unittests/*_test.yaml"])
        .arg(chart.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
    let suites = files(&chart.path().join("unittests"), "_test.yaml").len();
    assert!(said.contains(&format!("Test Suites: {suites} passed")), "{said}");
}

/// The definitions of prometheus-operator's objects.
fn definitions() -> PathBuf {
    let operator = modules::source("prometheus-operator", "github.com/prometheus-operator/prometheus-operator");
    operator.join("example/prometheus-operator-crd")
}

/// `kubectl-validate` on `objects`, each in a file of its own in `folder`: what it says against them.
fn validate(objects: &[Value], folder: &Path) -> Result<String, String> {
    for (index, object) in objects.iter().enumerate() {
        // As JSON, which YAML 1.1 and 1.2 read alike.
        std::fs::write(folder.join(format!("{index}.yaml")), serde_json::to_string(object).unwrap()).unwrap();
    }
    let output = Command::new(tool("kubectl-validate"))
        .args(["--version", "1.30", "--local-crds"])
        .arg(definitions())
        .arg(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(said) } else { Err(said) }
}

#[test]
fn kubernetes_knows_every_field_of_every_object() {
    for values in Values::good() {
        let folder = tempfile::tempdir().unwrap();
        // The definition of GrafanaDashboard can't be had here; the unit tests know its fields.
        let mut objects = rendered(&values);
        objects.retain(|object| object["kind"] != "GrafanaDashboard");
        let said = validate(&objects, folder.path()).unwrap_or_else(|said| panic!("{}: {said}", values.name()));
        assert_eq!(said.matches("OK").count(), objects.len(), "{said}");
    }
}

#[test]
fn a_field_that_kubernetes_does_not_know_is_found() {
    for kind in ["Deployment", "ServiceMonitor"] {
        let folder = tempfile::tempdir().unwrap();
        let mut objects = rendered(&Values::named("default"));
        let object = objects.iter_mut().find(|object| object["kind"] == kind).unwrap();
        object["spec"]["selektor"] = Value::from("typo");
        let said = validate(&objects, folder.path()).unwrap_err();
        assert!(said.contains("selektor"), "{said}");
    }
}

#[test]
fn every_label_is_a_string_and_nothing_has_a_fixed_name_or_namespace() {
    let values = Values::named("17-names");
    for object in rendered(&values) {
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
fn no_pod_has_a_name_twice_in_a_list() {
    for values in Values::good() {
        for container in containers(&rendered(&values)) {
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
fn the_exporter_takes_the_arguments_that_it_is_given() {
    for values in Values::good() {
        for container in containers(&rendered(&values)).into_iter().filter(|it| it["name"] == "readiness-exporter") {
            let arguments = container["args"].as_sequence().unwrap().iter().map(|it| it.as_str().unwrap());
            // Kubernetes puts in what the environment says; `--help` comes last, so that all before it is read.
            let arguments = arguments.map(|it| it.replace("$(SHARD)", "0"));
            let output =
                Command::new(env!("CARGO_BIN_EXE_readiness-exporter")).args(arguments).arg("--help").output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{}: {said}", values.name());
        }
    }
}

#[test]
fn the_test_pod_asks_what_the_exporter_can_be_asked() {
    for values in Values::good() {
        let objects = rendered(&values);
        let pods = of_kind(&objects, "Pod");
        assert_eq!(pods.len(), 1, "{}", values.name());
        let arguments = pods[0]["spec"]["containers"][0]["args"].as_sequence().unwrap();
        let arguments = arguments.iter().map(|it| it.as_str().unwrap());
        let output = Command::new(env!("CARGO_BIN_EXE_readiness-exporter")).args(arguments).arg("--help").output();
        assert!(output.unwrap().status.success());
    }
}

#[test]
fn an_edit_of_a_file_changes_no_pod_and_an_edit_of_a_flag_does() {
    let folder = tempfile::tempdir().unwrap();
    let pod = |text: &str| {
        let path = folder.path().join("values.yaml");
        std::fs::write(&path, text).unwrap();
        let objects = rendered(&Values { path, flags: Vec::new() });
        of_kind(&objects, "Deployment")[0]["spec"]["template"].clone()
    };
    let empty = pod("");
    let one = pod("sources: {files: {a.yaml: 'project: a'}}");
    let other = pod("sources: {files: {a.yaml: 'project: a', b.yaml: 'project: b'}}");
    assert!(empty == one && one == other);
    assert!(pod("log: {level: debug}") != empty);
}

#[test]
fn two_releases_have_no_object_in_common() {
    for part in ["01-", "06-", "10-", "13-"] {
        let values = Values::named(part);
        let identities = |names| -> BTreeSet<String> {
            objects(&template_as(names, "helm", &chart(), &values).unwrap()).iter().map(identity).collect()
        };
        let one = identities(["one", "here"]);
        for other in [["two", "here"], ["one", "there"]] {
            let shared: Vec<String> = one.intersection(&identities(other)).cloned().collect();
            assert!(shared.is_empty(), "{}: {other:?} has {shared:?}, too", values.name());
        }
    }
}

#[test]
fn another_chart_may_depend_on_it() {
    let parent = tempfile::tempdir().unwrap();
    let inner = parent.path().join("charts/readiness-exporter");
    std::fs::create_dir_all(&inner).unwrap();
    copy_into(&chart(), &inner);
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
            assert_eq!(of_kind(&objects(&rendered), "Deployment").len(), count, "{tool}: {enabled}");
            assert_eq!(rendered.matches("image: registry.example.org/readiness-exporter/").count(), 2 * count);
        }
    }
}
