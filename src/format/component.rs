//! A component of a breakdown: `40%`, or a mapping with its completion, target and note.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::format::fields::{Scalar, ScalarVisitor};
use crate::name::Text;
use crate::quantity::Ratio;

/// Completion of a component of an area. A percentage such as `40%` is short for `{complete: 40%}`.
#[derive(Debug, Default)]
pub struct ComponentSection {
    /// Completion of the component.
    pub complete: Scalar<Ratio>,
    /// Required completion. Default: `100%`.
    pub target: Scalar<Ratio>,
    /// Remark.
    pub note: Scalar<Text>,
    /// Unknown keys.
    pub unknown: Vec<Box<str>>,
}

impl ComponentSection {
    /// The keys of the mapping.
    pub const KEYS: [&'static str; 3] = ["complete", "target", "note"];
}

impl<'de> Deserialize<'de> for ComponentSection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ComponentVisitor)
    }
}

struct ComponentVisitor;

impl ComponentVisitor {
    fn short(complete: Scalar<Ratio>) -> ComponentSection {
        ComponentSection { complete, ..ComponentSection::default() }
    }
}

impl<'de> Visitor<'de> for ComponentVisitor {
    type Value = ComponentSection;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a percentage or a mapping")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Self::short(Scalar::parse(text)))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Self::short(Scalar::parse(&value.to_string())))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Self::short(Scalar::parse(&value.to_string())))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Self::short(Scalar::parse(&value.to_string())))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Self::short(Scalar::parse(&value.to_string())))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Self::short(Scalar::empty()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        ScalarVisitor(PhantomData).visit_seq(list).map(Self::short)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut component = ComponentSection::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "complete" if !component.complete.is_present() => component.complete = map.next_value()?,
                "target" if !component.target.is_present() => component.target = map.next_value()?,
                "note" if !component.note.is_present() => component.note = map.next_value()?,
                "complete" | "target" | "note" => {
                    return Err(Error::custom(format_args!("duplicate key `{key}`")));
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    component.unknown.push(key.into());
                }
            }
        }
        Ok(component)
    }
}

impl JsonSchema for ComponentSection {
    fn schema_name() -> Cow<'static, str> {
        "ComponentSection".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let short = generator.subschema_for::<Scalar<Ratio>>();
        let note = generator.subschema_for::<Scalar<Text>>();
        let described = |schema: &Schema, description: &str| {
            let mut schema = schema.clone();
            schema.insert("description".into(), description.into());
            schema
        };
        json_schema!({
            "description": "Completion of a component of an area. A percentage such as `40%` is short for `{complete: 40%}`.",
            "anyOf": [short, {
                "type": "object",
                "properties": {
                    "complete": described(&short, "Completion of the component."),
                    "target": described(&short, "Required completion. Default: `100%`."),
                    "note": described(&note, "Remark."),
                },
                "required": ["complete"],
                "additionalProperties": false,
            }],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(text: &str) -> ComponentSection {
        serde_yaml::from_str(text).unwrap()
    }

    fn percentages(component: ComponentSection) -> (Option<String>, Option<String>) {
        let percentage =
            |it: Scalar<Ratio>| it.into_result().map(|it| it.map_or_else(|it| it.1.message, |it| it.to_string()));
        (percentage(component.complete), percentage(component.target))
    }

    #[test]
    fn a_percentage_is_short_for_a_mapping() {
        assert_eq!(percentages(component("40%")), (Some("40 %".into()), None));
        assert_eq!(percentages(component("{complete: 40%, target: 80%}")), (Some("40 %".into()), Some("80 %".into())));
    }

    #[test]
    fn invalid_components_keep_their_errors() {
        let message = |text| percentages(component(text)).0.unwrap();
        assert_eq!(message("40"), "invalid percentage `40`: expected a value from `0%` to `100%`, such as `40%`");
        assert_eq!(
            message("[40%]"),
            "invalid percentage: expected a value from `0%` to `100%`, such as `40%`, found a list"
        );
        assert_eq!(message("~"), "empty value: expected a value from `0%` to `100%`, such as `40%`");
        let unknown = component("{complete: 40%, tagret: 80%, notes: [x]}").unknown;
        assert_eq!(unknown, ["tagret".into(), "notes".into()]);
        let duplicate = serde_yaml::from_str::<ComponentSection>("{note: a, note: b}").unwrap_err();
        assert!(duplicate.to_string().contains("duplicate key `note`"), "{duplicate}");
    }
}
