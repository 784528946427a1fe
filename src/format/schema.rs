//! The JSON Schema of the readiness file, derived from its types.

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use crate::format::document::Document;
use crate::format::fields::Scalar;
use crate::name::Id;

/// The address of the schema, by which editors find it in the catalogue of schemas.
pub(crate) const ID: &str = "https://json.schemastore.org/readiness.json";

/// The text of a first plan.
const PROJECT_SNIPPET: &str = "project: ${1:project-id}
title: ${2:Title}
as_of: ${3:2027-01-31}

areas:
  ${4:area-id}:
    workstreams:
      ${5:workstream-id}:
        title: ${6:Workstream}
        estimate: ${7:2-3w}
        tasks:
          - todo: ${8:Task}

milestones:
  ${9:milestone-id}:
    title: ${10:Milestone}
    due: ${11:2027-03-31}
    needs: [$4]
";

/// The maps whose keys are ids. The keys of the other maps are names.
const MAPS_OF_IDS: [&str; 4] = ["areas", "workstreams", "milestones", "risks"];

/// The schema as JSON text with a final newline: draft 2020-12, with the sections in `$defs`.
#[must_use]
pub(crate) fn text() -> String {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let id = generator.subschema_for::<Scalar<Id>>().to_value();
    let mut value = generator.into_root_schema_for::<Document>().to_value();
    adapt(&mut value);
    check_ids(&mut value, &id);
    add_snippets(&mut value);
    value["$id"] = json!(ID);
    value["type"] = json!("object");
    format!("{value:#}\n")
}

/// Requires that the keys of maps are ids.
fn check_ids(value: &mut Value, id: &Value) {
    let Value::Object(map) = value else { return };
    if let Some(Value::Object(properties)) = map.get_mut("properties") {
        for key in MAPS_OF_IDS {
            if let Some(Value::Object(property)) = properties.get_mut(key) {
                let names = ["pattern", "patternErrorMessage"].map(|part| (part.to_owned(), id[part].clone()));
                property.insert("propertyNames".to_owned(), Value::Object(names.into_iter().collect()));
            }
        }
    }
    map.values_mut().for_each(|value| check_ids(value, id));
}

/// Adds texts that editors insert: `$1` is a place to fill in.
fn add_snippets(schema: &mut Value) {
    schema["defaultSnippets"] = json!([{
        "label": "project",
        "description": "A plan with an area, a workstream and a milestone",
        "body": PROJECT_SNIPPET,
    }]);
    for (pointer, snippets) in [
        (
            "/properties/areas",
            json!([{
                "label": "area", "description": "An area with a workstream",
                "body": {"${1:area-id}": {"title": "${2:Area}", "workstreams": {"${3:workstream-id}": {"estimate": "${4:2-3w}"}}}},
            }]),
        ),
        (
            "/$defs/AreaSection/properties/workstreams",
            json!([{
                "label": "workstream", "description": "A workstream with an estimate and a task",
                "body": {"${1:workstream-id}": {"title": "${2:Workstream}", "estimate": "${3:2-3w}", "tasks": [{"todo": "${4:Task}"}]}},
            }]),
        ),
        (
            "/properties/milestones",
            json!([{
                "label": "milestone", "description": "A milestone with a due date and needs",
                "body": {"${1:milestone-id}": {"title": "${2:Milestone}", "due": "${3:2027-03-31}", "needs": ["${4:area-id}"]}},
            }]),
        ),
        (
            "/properties/risks",
            json!([{
                "label": "risk", "description": "A risk that the forecast simulates",
                "body": {"${1:risk-id}": {
                    "title": "${2:Event}", "probability": "${3:30%}", "delay": "${4:1-3w}", "affects": ["${5:area-id}"],
                }},
            }]),
        ),
        (
            "/$defs/TaskSection",
            json!([
                {"label": "todo", "description": "A task that has not been started", "body": {"todo": "${1:Task}"}},
                {"label": "partial", "description": "A task that has been started", "body": {"partial": "${1:Task}", "complete": "${2:40%}"}},
                {"label": "done", "description": "A finished task", "body": {"done": "${1:Task}"}},
                {"label": "waived", "description": "A task that is not required", "body": {"waived": "${1:Task}", "reason": "${2:Reason}"}},
                {"label": "ref", "description": "A task of another workstream", "body": {"ref": "${1:area/workstream/task}"}},
            ]),
        ),
    ] {
        if let Some(section) = schema.pointer_mut(pointer) {
            section["defaultSnippets"] = snippets;
        }
    }
}

/// Adapts the schema to the parser.
///
/// Allows an empty value, as in `notes:`, for a list and for a mapping without required keys. Descriptions are on one
/// line. The doc comments that they come from may have two.
fn adapt(value: &mut Value) {
    match value {
        Value::Object(map) => {
            let kind = map.get("type").and_then(Value::as_str).filter(|kind| matches!(*kind, "object" | "array"));
            if let (Some(kind), false) = (kind, map.contains_key("required") || map.contains_key("oneOf")) {
                let kinds = json!([kind, "null"]);
                let message =
                    if kind == "array" { "expected a list, such as \"[a, b]\"" } else { "expected a mapping" };
                map.insert("type".to_owned(), kinds);
                map.insert("errorMessage".to_owned(), json!(message));
            }
            if let Some(Value::String(description)) = map.get_mut("description") {
                *description = description.replace('\n', " ");
            }
            map.values_mut().for_each(adapt);
        }
        Value::Array(items) => items.iter_mut().for_each(adapt),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_schema_is_up_to_date() {
        crate::docs::assert_file("readiness.schema.json", &text());
    }

    /// Every node with the key `key`.
    fn with_key<'a>(value: &'a Value, key: &str, found: &mut Vec<&'a Value>) {
        if let Value::Object(map) = value {
            found.extend(map.contains_key(key).then_some(value));
            map.values().for_each(|value| with_key(value, key, found));
        } else if let Value::Array(items) = value {
            for value in items {
                with_key(value, key, found);
            }
        }
    }

    #[test]
    fn editors_get_readable_messages_checked_ids_and_snippets() {
        let schema: Value = serde_json::from_str(&text()).unwrap();
        let found = |key: &str| {
            let mut found = Vec::new();
            with_key(&schema, key, &mut found);
            found
        };
        assert!(found("pattern").iter().all(|node| node["patternErrorMessage"].is_string()));
        let message = "invalid date: expected a date such as \"2026-04-30\"";
        assert_eq!(schema["properties"]["as_of"]["patternErrorMessage"], message);
        assert_eq!(found("propertyNames").len(), MAPS_OF_IDS.len());
        assert_eq!(found("defaultSnippets").len(), 6);
    }

    #[test]
    fn the_catalogue_has_the_address_of_the_schema() {
        let entry: Value =
            serde_json::from_str(include_str!("../../packaging/schemastore/catalog-entry.json")).unwrap();
        assert_eq!(entry["url"], ID);
        assert_eq!(entry["fileMatch"], json!(["*.readiness.yaml", "*.readiness.yml"]));
    }

    /// An author can replace one default after the other.
    #[test]
    fn the_snippet_of_a_project_is_a_file_without_errors() {
        let mut text = String::new();
        for (number, part) in PROJECT_SNIPPET.split("${").enumerate() {
            let (default, rest) = if number == 0 { ("", part) } else { part.split_once('}').unwrap() };
            text += default.split_once(':').map_or(default, |(_, default)| default);
            text += rest;
        }
        let text = text.replace("$4", "area-id");
        let loaded = crate::model::load::load(&text, "2027-01-31T12:00:00Z".parse().unwrap());
        assert_eq!(loaded.findings, [], "{text}");
    }

    #[test]
    fn the_schema_matches_the_parser() {
        let schema: Value = serde_json::from_str(&text()).unwrap();
        assert!(!text().contains("\"default\""), "a missing key has no value");
        assert_eq!(schema["required"], json!(["project"]));
        assert_eq!(schema["type"], "object", "an empty file has no project");
        assert_eq!(schema["$id"], ID);
        let definitions = &schema["$defs"];
        assert_eq!(definitions["CalendarSection"]["type"], json!(["object", "null"]), "`calendar:` is valid");
        assert_eq!(definitions["ActionSection"]["type"], "object", "`action` is required");
        assert_eq!(definitions["TaskSection"]["type"], "object", "a status is required");
        let is_closed = |section: &Value| section["additionalProperties"] == false || section["anyOf"].is_array();
        assert!(definitions.as_object().unwrap().values().all(is_closed));
    }
}
