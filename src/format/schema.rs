//! The JSON Schema of the readiness file, derived from its types.

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use crate::format::document::Document;

/// The schema as JSON text with a final newline: draft 2020-12, with the sections in `$defs`.
#[must_use]
pub(crate) fn text() -> String {
    let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Document>();
    let mut value = schema.to_value();
    adapt(&mut value);
    value["type"] = json!("object");
    format!("{value:#}\n")
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
                map.insert("type".to_owned(), kinds);
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

    #[test]
    fn the_schema_matches_the_parser() {
        let schema: Value = serde_json::from_str(&text()).unwrap();
        assert!(!text().contains("\"default\""), "a missing key has no value");
        assert_eq!(schema["required"], json!(["project"]));
        assert_eq!(schema["type"], "object", "an empty file has no project");
        let definitions = &schema["$defs"];
        assert_eq!(definitions["CalendarSection"]["type"], json!(["object", "null"]), "`calendar:` is valid");
        assert_eq!(definitions["ActionSection"]["type"], "object", "`action` is required");
        assert_eq!(definitions["TaskSection"]["type"], "object", "a status is required");
        let is_closed = |section: &Value| section["additionalProperties"] == false || section["anyOf"].is_array();
        assert!(definitions.as_object().unwrap().values().all(is_closed));
    }
}
