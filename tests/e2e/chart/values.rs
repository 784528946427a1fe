//! The values of the chart: documentation, schema, use, and rejection of invalid ones.

use std::collections::BTreeSet;
use std::sync::Mutex;

use serde_yaml::{Mapping, Value};

use crate::chart::charts::{HELMS, Values, chart, template};

#[test]
fn helm_3_and_4_reject_invalid_values_by_name() {
    for values in Values::invalid() {
        let expected = std::fs::read_to_string(values.path.with_extension("expect.txt")).unwrap();
        assert!(!expected.trim().is_empty(), "{}", values.name());
        for tool in HELMS {
            let error = template(tool, &chart(), &values).expect_err(&values.name());
            for part in expected.lines() {
                assert!(error.contains(part), "{tool}, {}: no `{part}` in {error}", values.name());
            }
        }
    }
}

/// The paths of the values that have a helm-docs comment (`# --`) in values.yaml.
fn documented_paths() -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(chart().join("values.yaml")).unwrap();
    let mut parents: Vec<(usize, String)> = Vec::new();
    let mut documented = Vec::new();
    let mut is_documented = false;
    for line in text.lines() {
        let bare = line.trim_start();
        let indent = line.len() - bare.len();
        if bare.starts_with('#') || bare.is_empty() {
            is_documented |= bare.starts_with("# -- ");
            continue;
        }
        parents.retain(|(other, _)| *other < indent);
        if let Some((key, _)) = bare.split_once(':') {
            parents.push((indent, key.to_owned()));
            if std::mem::take(&mut is_documented) {
                documented.push(parents.iter().map(|(_, key)| key.clone()).collect());
            }
        }
    }
    documented
}

/// The value at `path`.
fn get_path<'a>(mut value: &'a Value, path: &[String]) -> Option<&'a Value> {
    for key in path {
        value = value.get(key)?;
    }
    Some(value)
}

/// A copy of `value` without the key at `path`.
fn without_path(value: &Value, path: &[String]) -> Value {
    let mut changed = value.clone();
    let (last, parents) = path.split_last().unwrap();
    let parent = parents.iter().fold(&mut changed, |value, key| &mut value[key.as_str()]);
    parent.as_mapping_mut().unwrap().remove(last.as_str());
    changed
}

/// Returns true if the manifest depends on the value at `path`.
fn affects_manifest(values: &Values, path: &[String]) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("values.yaml");
    std::fs::write(&file, serde_yaml::to_string(&without_path(&values.yaml(), path)).unwrap()).unwrap();
    let reduced = Values { path: file, flags: values.flags.clone() };
    template("helm", &chart(), &reduced) != template("helm", &chart(), values)
}

#[test]
fn every_value_affects_a_manifest() {
    let files: Vec<(Values, Value)> = Values::valid().into_iter().map(|it| (it.clone(), it.yaml())).collect();
    let paths = documented_paths();
    assert!(paths.len() > 100);
    let unused = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for half in 0..2 {
            let (files, unused, paths) = (&files, &unused, &paths);
            scope.spawn(move || {
                for path in paths.iter().skip(half).step_by(2) {
                    let mut users = files.iter().filter(|(_, yaml)| get_path(yaml, path).is_some());
                    if !users.any(|(values, _)| affects_manifest(values, path)) {
                        unused.lock().unwrap().push(path.join("."));
                    }
                }
            });
        }
    });
    let unused = unused.into_inner().unwrap();
    assert!(unused.is_empty(), "values without effect in any ci values file: {unused:?}");
}

/// Follows the `$ref` of a schema node.
fn resolve<'a>(schema: &'a Value, node: &'a Value) -> &'a Value {
    match node["$ref"].as_str() {
        Some(reference) => &schema["definitions"][reference.strip_prefix("#/definitions/").unwrap()],
        None => node,
    }
}

/// Compares the keys of `values` with those of `node`. Skips `leaves`, whose content Kubernetes defines.
fn compare_keys(schema: &Value, node: &Value, values: &Mapping, path: &str, leaves: &BTreeSet<String>) {
    let node = resolve(schema, node);
    let name = |key: &Value| key.as_str().unwrap().to_owned();
    let known: BTreeSet<String> = node["properties"].as_mapping().unwrap().keys().map(name).collect();
    let given: BTreeSet<String> = values.keys().map(name).collect();
    let extra: Vec<&String> = known.symmetric_difference(&given).collect();
    // `enabled` is the condition of the dependency in a parent chart.
    let allowed: &[&str] = if path.is_empty() { &["enabled"] } else { &[] };
    assert_eq!(extra, allowed, "{path}: keys in only one of the schema and values.yaml");
    assert!(path == ".global" || node["additionalProperties"] == false, "{path} allows unknown keys");
    for (key, value) in values {
        let path = format!("{path}.{}", name(key));
        if let (Some(inner), false) = (value.as_mapping(), leaves.contains(&path)) {
            compare_keys(schema, &node["properties"][key], inner, &path, leaves);
        }
    }
}

#[test]
fn the_schema_has_exactly_the_keys_of_the_values() {
    let read = |name: &str| std::fs::read_to_string(chart().join(name)).unwrap();
    let schema: Value = serde_yaml::from_str(&read("values.schema.json")).unwrap();
    let values: Value = serde_yaml::from_str(&read("values.yaml")).unwrap();
    let leaves = documented_paths().into_iter().map(|path| format!(".{}", path.join("."))).collect();
    assert_eq!(
        schema["$schema"], "http://json-schema.org/draft-07/schema#",
        "Helm before 3.18 supports no newer draft"
    );
    assert!(!read("values.schema.json").contains("\"$ref\": \"http"), "remote references require network access");
    compare_keys(&schema, &schema, values.as_mapping().unwrap(), "", &leaves);
}
