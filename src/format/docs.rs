//! The keys in docs/format.md, generated from the JSON Schema.

use std::cell::Cell;
use std::fmt::Write as _;

use serde::de::value::Error;
use serde::de::{Deserialize, Deserializer, Error as _, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::Value;

use crate::docs::assert_block;
use crate::format::document::{
    ActionSection, AreaSection, BaselineSection, CalendarSection, CoverageSection, Document, MilestoneSection,
    PhaseSection, PolicySection, RiskSection, TaskSection, WorkstreamSection,
};
use crate::format::schema;
use crate::format::shorthand::ShorthandSection;
use crate::format::shorthand::component::ComponentSection;
use crate::format::shorthand::need::NeedSection;
use crate::format::shorthand::reported::ReportedSection;

type Keys = &'static [&'static str];

/// Title, definition in the schema, and keys in the order of the documentation.
fn sections() -> [(&'static str, &'static str, Keys); 15] {
    [
        ("Project", "", keys::<Document>()),
        ("Calendar", "CalendarSection", keys::<CalendarSection>()),
        ("Policy", "PolicySection", keys::<PolicySection>()),
        ("Baseline", "BaselineSection", keys::<BaselineSection>()),
        ("Area", "AreaSection", keys::<AreaSection>()),
        ("Workstream", "WorkstreamSection", keys::<WorkstreamSection>()),
        ("Task", "TaskSection", keys::<TaskSection>()),
        ("Need", "NeedSection", NeedSection::KEYS),
        ("Component", "ComponentSection", ComponentSection::KEYS),
        ("Reported", "ReportedSection", ReportedSection::KEYS),
        ("Coverage", "CoverageSection", keys::<CoverageSection>()),
        ("Milestone", "MilestoneSection", keys::<MilestoneSection>()),
        ("Phase", "PhaseSection", keys::<PhaseSection>()),
        ("Risk", "RiskSection", keys::<RiskSection>()),
        ("Action", "ActionSection", keys::<ActionSection>()),
    ]
}

/// The fields of a struct in the order of their declaration; the schema sorts them by name.
fn keys<'de, T: Deserialize<'de>>() -> Keys {
    let fields = Cell::new([].as_slice());
    assert!(T::deserialize(FieldNames(&fields)).is_err());
    fields.get()
}

struct FieldNames<'a>(&'a Cell<Keys>);

impl<'de> Deserializer<'de> for FieldNames<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("not a struct"))
    }

    fn deserialize_struct<V: Visitor<'de>>(self, _: &'static str, fields: Keys, _: V) -> Result<V::Value, Error> {
        self.0.set(fields);
        Err(Error::custom("has fields"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

fn section(title: &str, schema: &Value, keys: Keys) -> String {
    let description = schema["description"].as_str().unwrap();
    // Some sections are a scalar or a mapping.
    let schema = schema.pointer("/anyOf/1").unwrap_or(schema);
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = schema["properties"].as_object().unwrap();
    assert_eq!(properties.len(), keys.len(), "{title}");
    let mut out =
        format!("### {title}\n\n{description}\n\n| Key | Value | Description | Default |\n|---|---|---|---|\n");
    for key in keys {
        let property = &properties[*key];
        let (description, default) = split_default(property["description"].as_str().unwrap());
        let default = if required.contains(key) { "required" } else { default };
        writeln!(out, "| `{key}` | {} | {description} | {default} |", value(key, property)).unwrap();
    }
    out
}

/// `Weight. Default: 1.` as `Weight.` and `1`.
fn split_default(description: &str) -> (&str, &str) {
    let (description, default) = description.split_once(" Default: ").unwrap_or((description, ""));
    (description, default.strip_suffix('.').unwrap_or(default))
}

/// The type of a value: a placeholder, a range, a list of words, or a link to a section.
fn value(key: &str, schema: &Value) -> String {
    if let Some(definition) = schema["$ref"].as_str() {
        let name = definition.trim_start_matches("#/$defs/");
        let (title, ..) = sections().into_iter().find(|(_, definition, _)| *definition == name).unwrap();
        let title = title.to_lowercase();
        return format!("[{title}](#{title})");
    }
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().map(|word| format!("`{}`", word.as_str().unwrap())).collect::<Vec<_>>().join(", ");
    }
    if let Some([one, _]) = schema["anyOf"].as_array().map(Vec::as_slice) {
        return format!("{}, or a list", value(key, one));
    }
    if let Some(items) = schema.get("items") {
        return format!("list of {}", value(key, items));
    }
    if let Some(values) = schema.get("additionalProperties") {
        let keys = if ["breakdown", "features"].contains(&key) { "name" } else { "id" };
        return format!("map of {keys} to {}", value(key, values));
    }
    match (schema["minimum"].as_f64(), schema["maximum"].as_f64(), schema["title"].as_str()) {
        (Some(minimum), Some(maximum), _) if minimum >= maximum => format!("`{minimum}`"),
        (Some(minimum), Some(maximum), _) => format!("{minimum} to {maximum}"),
        (_, _, Some("boolean")) => "`true`, `false`".to_owned(),
        (_, _, Some(title)) => format!("`<{title}>`"),
        _ => panic!("no value for `{key}`: {schema}"),
    }
}

#[test]
fn format_md_has_the_keys_of_every_section() {
    let schema: Value = serde_json::from_str(&schema::text()).unwrap();
    let definitions = schema["$defs"].as_object().unwrap();
    assert_eq!(definitions.len() + 1, sections().len(), "every definition of the schema is documented");
    let mut tables = String::from("\n");
    for (title, definition, keys) in sections() {
        let schema = if definition.is_empty() { &schema } else { &definitions[definition] };
        writeln!(tables, "{}", section(title, schema, keys)).unwrap();
    }
    assert_block("docs/format.md", "keys", &tables);
}

#[test]
fn format_md_explains_every_placeholder() {
    let text = include_str!("../../docs/format.md");
    let placeholders = text.split("`<").skip(1).filter_map(|rest| rest.split_once(">`")).map(|(name, _)| name);
    for placeholder in placeholders {
        assert!(text.contains(&format!("\n| `<{placeholder}>` | ")), "`<{placeholder}>` is not explained");
    }
}
