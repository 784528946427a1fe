//! A section with a short form: one scalar instead of a mapping.

pub(crate) mod component;
pub(crate) mod need;
pub(crate) mod reported;

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::format::fields::{AS_WRITTEN, NOT_TEXT, Scalar};
use crate::scalar::ScalarFormat;

/// A section that may be written as one scalar.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shorthand<T> {
    /// The section; from the short form, it has only the value of that.
    pub section: T,
    /// Whether it has the short form.
    pub is_short: bool,
    /// Unknown keys.
    pub unknown: Vec<Box<str>>,
}

/// The mapping of a [`Shorthand`].
pub trait ShorthandSection: Default {
    /// The value of the short form.
    type Short: ScalarFormat;
    /// The name in the JSON Schema.
    const NAME: &'static str;
    /// The description in the JSON Schema and in the documentation.
    const DESCRIPTION: &'static str;
    /// The keys of the mapping.
    const KEYS: &'static [&'static str];
    /// The keys that the mapping requires.
    const REQUIRED: &'static [&'static str];

    /// The schema and the description of each key.
    fn properties(generator: &mut SchemaGenerator) -> Vec<(&'static str, Schema, &'static str)>;

    /// The section of the short form.
    fn from_short(value: Scalar<Self::Short>) -> Self;

    /// Reads the value of one of the [`ShorthandSection::KEYS`].
    ///
    /// # Errors
    /// The deserializer fails.
    fn read<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error>;
}

impl<'de, T: ShorthandSection> Deserialize<'de> for Shorthand<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(AS_WRITTEN, ShorthandVisitor(PhantomData))
    }
}

struct ShorthandVisitor<T>(PhantomData<T>);

impl<T: ShorthandSection> ShorthandVisitor<T> {
    fn short(value: Scalar<T::Short>) -> Shorthand<T> {
        Shorthand { section: T::from_short(value), is_short: true, unknown: Vec::new() }
    }
}

impl<'de, T: ShorthandSection> Visitor<'de> for ShorthandVisitor<T> {
    type Value = Shorthand<T>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(NOT_TEXT)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Self::short(Scalar::parse(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::short(Scalar::wrong_type("a list")))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut section = T::default();
        let (mut unknown, mut seen) = (Vec::new(), Vec::new());
        while let Some(key) = map.next_key::<String>()? {
            if seen.contains(&key) {
                return Err(Error::custom(format_args!("duplicate key `{key}`")));
            }
            if T::KEYS.contains(&key.as_str()) {
                section.read(&key, &mut map)?;
            } else {
                map.next_value::<IgnoredAny>()?;
                unknown.push(key.as_str().into());
            }
            seen.push(key);
        }
        Ok(Shorthand { section, is_short: false, unknown })
    }
}

impl<T: ShorthandSection> JsonSchema for Shorthand<T> {
    fn schema_name() -> Cow<'static, str> {
        T::NAME.into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let properties: serde_json::Map<_, _> = T::properties(generator)
            .into_iter()
            .map(|(key, mut schema, description)| {
                schema.insert("description".into(), description.into());
                (key.to_owned(), schema.to_value())
            })
            .collect();
        json_schema!({
            "description": T::DESCRIPTION,
            "anyOf": [generator.subschema_for::<Scalar<T::Short>>(), {
                "type": "object",
                "properties": properties,
                "required": T::REQUIRED,
                "additionalProperties": false,
            }],
        })
    }
}
