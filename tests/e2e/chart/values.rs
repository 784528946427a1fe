//! Which values there are, and which are refused.

use std::collections::BTreeSet;
use std::sync::Mutex;

use serde_yaml::{Mapping, Value};

use crate::chart::charts::{HELMS, Values, chart, template};

#[test]
fn mistakes_are_refused_by_both_helms_with_the_name_of_the_value() {
    for values in Values::bad() {
        let expected = std::fs::read_to_string(values.path.with_extension("expect.txt")).unwrap();
        assert!(!expected.trim().is_empty(), "{}", values.name());
        for tool in HELMS {
            let said = template(tool, &chart(), &values).expect_err(&values.name());
            for part in expected.lines() {
                assert!(said.contains(part), "{tool}, {}: no `{part}` in {said}", values.name());
            }
        }
    }
}

/// The values that values.yaml documents by a comment `# --`, as paths.
fn documented() -> Vec<Vec<String>> {
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

/// What stands at `path`.
fn at<'a>(mut value: &'a Value, path: &[String]) -> Option<&'a Value> {
    for key in path {
        value = value.get(key)?;
    }
    Some(value)
}

/// `value` without what stands at `path`.
fn without(value: &Value, path: &[String]) -> Value {
    let mut changed = value.clone();
    let (last, parents) = path.split_last().unwrap();
    let parent = parents.iter().fold(&mut changed, |value, key| &mut value[key.as_str()]);
    parent.as_mapping_mut().unwrap().remove(last.as_str());
    changed
}

/// Whether what Helm renders with `values` depends on what they have at `path`.
fn matters(values: &Values, path: &[String]) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("values.yaml");
    std::fs::write(&file, serde_yaml::to_string(&without(&values.yaml(), path)).unwrap()).unwrap();
    let less = Values { path: file, flags: values.flags.clone() };
    template("helm", &chart(), &less) != template("helm", &chart(), values)
}

#[test]
fn every_value_is_read_by_a_template() {
    let files: Vec<(Values, Value)> = Values::good().into_iter().map(|it| (it.clone(), it.yaml())).collect();
    let paths = documented();
    assert!(paths.len() > 100);
    let unread = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for half in 0..2 {
            let (files, unread, paths) = (&files, &unread, &paths);
            scope.spawn(move || {
                for path in paths.iter().skip(half).step_by(2) {
                    let mut users = files.iter().filter(|(_, yaml)| at(yaml, path).is_some());
                    if !users.any(|(values, _)| matters(values, path)) {
                        unread.lock().unwrap().push(path.join("."));
                    }
                }
            });
        }
    });
    let unread = unread.into_inner().unwrap();
    assert!(unread.is_empty(), "no ci values file shows what these do: {unread:?}");
}

/// The part of the schema that a node refers to.
fn resolved<'a>(schema: &'a Value, node: &'a Value) -> &'a Value {
    match node["$ref"].as_str() {
        Some(reference) => &schema["definitions"][reference.strip_prefix("#/definitions/").unwrap()],
        None => node,
    }
}

/// Compares the keys of `values` with those of `node`, except for what Kubernetes defines.
fn compare(schema: &Value, node: &Value, values: &Mapping, path: &str, leaves: &BTreeSet<String>) {
    let node = resolved(schema, node);
    let name = |key: &Value| key.as_str().unwrap().to_owned();
    let known: BTreeSet<String> = node["properties"].as_mapping().unwrap().keys().map(name).collect();
    let given: BTreeSet<String> = values.keys().map(name).collect();
    let extra: Vec<&String> = known.symmetric_difference(&given).collect();
    // The condition of a dependency belongs to the parent chart.
    let allowed: &[&str] = if path.is_empty() { &["enabled"] } else { &[] };
    assert_eq!(extra, allowed, "{path}: only in the schema, or only in values.yaml");
    assert!(path == ".global" || node["additionalProperties"] == false, "{path} takes every key");
    for (key, value) in values {
        let path = format!("{path}.{}", name(key));
        if let (Some(inner), false) = (value.as_mapping(), leaves.contains(&path)) {
            compare(schema, &node["properties"][key], inner, &path, leaves);
        }
    }
}

#[test]
fn the_schema_knows_every_value_and_no_other() {
    let read = |name: &str| std::fs::read_to_string(chart().join(name)).unwrap();
    let schema: Value = serde_yaml::from_str(&read("values.schema.json")).unwrap();
    let values: Value = serde_yaml::from_str(&read("values.yaml")).unwrap();
    let leaves = documented().into_iter().map(|path| format!(".{}", path.join("."))).collect();
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#", "Helm before 3.18 knows no newer one");
    assert!(!read("values.schema.json").contains("\"$ref\": \"http"), "Helm fetches nothing");
    compare(&schema, &schema, values.as_mapping().unwrap(), "", &leaves);
}
