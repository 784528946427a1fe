//! The JSON Schema of the document, derived from its types.

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use crate::format::document::Document;

/// The schema as JSON text, ending in a newline: draft 2020-12, each section under `$defs`.
#[must_use]
pub fn text() -> String {
    let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Document>();
    let mut value = schema.to_value();
    tidy(&mut value);
    value["type"] = json!("object");
    format!("{value:#}\n")
}

/// Makes the schema say what the parser does.
///
/// serde's `default` goes: every key is optional, and absent means absent. A list or mapping with
/// nothing in it may be left empty, as in `notes:`, unless it has keys that must be there.
fn tidy(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.remove("default");
            let kind = map.get("type").and_then(Value::as_str).filter(|kind| matches!(*kind, "object" | "array"));
            if let (Some(kind), false) = (kind, map.contains_key("required") || map.contains_key("oneOf")) {
                let kinds = json!([kind, "null"]);
                map.insert("type".to_owned(), kinds);
            }
            map.values_mut().for_each(tidy);
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}
