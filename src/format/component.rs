//! A component of a breakdown: `40%`, or a mapping that says more about it.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::format::fields::{Scalar, ScalarVisitor};
use crate::name::Text;
use crate::quantity::Ratio;

/// The completion of a component: a percentage, or more about it.
#[derive(Debug, Default)]
pub struct ComponentSection {
    /// How much is complete.
    pub complete: Scalar<Ratio>,
    /// How much is to be complete; 100% unless given.
    pub target: Scalar<Ratio>,
    /// Whatever else readers should know.
    pub note: Scalar<Text>,
    /// Keys that a component doesn't have.
    pub unknown: Vec<Box<str>>,
}

impl ComponentSection {
    /// The keys of the long form.
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
        Ok(Self::short(Scalar::wrong("nothing")))
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
                    return Err(Error::custom(format_args!("the key `{key}` stands twice")));
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
        json_schema!({
            "description": "The completion of a component: a percentage, or more about it.",
            "anyOf": [short.clone(), {
                "type": "object",
                "properties": {"complete": short.clone(), "target": short, "note": note},
                "required": ["complete"],
                "additionalProperties": false,
            }],
        })
    }
}
