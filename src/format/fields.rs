//! Building blocks of the document: scalars that keep their mistakes, and mappings in file order.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::json;

use crate::finding::Kind;
use crate::scalar::{JsonType, ParseError, ScalarFormat};

/// A value written as one scalar: absent, good, or a mistake that is reported when it is taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Scalar<T>(Option<Result<T, Box<(Kind, ParseError)>>>);

impl<T> Scalar<T> {
    /// Whether the key is there at all.
    #[must_use]
    pub fn is_present(&self) -> bool {
        self.0.is_some()
    }

    /// The value, if it is good.
    #[must_use]
    pub fn good(&self) -> Option<&T> {
        self.0.as_ref().and_then(|result| result.as_ref().ok())
    }

    /// The value, its mistake, or nothing when the key isn't there.
    #[must_use]
    pub fn into_result(self) -> Option<Result<T, Box<(Kind, ParseError)>>> {
        self.0
    }

    fn mistake(kind: Kind, mistake: ParseError) -> Self {
        Self(Some(Err(Box::new((kind, mistake)))))
    }
}

impl<T> Default for Scalar<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: ScalarFormat> Scalar<T> {
    pub(crate) fn parse(text: &str) -> Self {
        let text = text.trim();
        if matches!(text, "" | "~" | "null") {
            return Self::wrong("nothing");
        }
        Self(Some(T::parse(text).map_err(|mistake| Box::new((Kind::BadValue, mistake)))))
    }

    /// A string where the grammar wants a number or a boolean: quoted, or something else altogether.
    fn parse_string(text: &str) -> Self {
        let scalar = Self::parse(text);
        if T::JSON_TYPE.is_unquoted() && scalar.good().is_some() {
            let mistake = ParseError::new(format!("expected {}, found a quoted text", T::EXPECTED));
            return Self::mistake(Kind::WrongType, mistake.help(format!("write `{}` without quotes", text.trim())));
        }
        scalar
    }

    pub(crate) fn wrong(found: &str) -> Self {
        let mistake = ParseError::new(format!("expected {}, found {found}", T::EXPECTED));
        let mistake = if found == "nothing" { mistake.help("write a value, or remove the key") } else { mistake };
        Self::mistake(Kind::WrongType, mistake)
    }
}

impl<'de, T: ScalarFormat> Deserialize<'de> for Scalar<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let visitor = ScalarVisitor(PhantomData);
        // Asking for a string keeps the text as written: `1.10` stays `1.10`.
        if T::JSON_TYPE.is_unquoted() {
            deserializer.deserialize_any(visitor)
        } else {
            deserializer.deserialize_str(visitor)
        }
    }
}

/// Takes whatever stands where a scalar belongs.
pub(crate) struct ScalarVisitor<T>(pub(crate) PhantomData<T>);

impl<'de, T: ScalarFormat> Visitor<'de> for ScalarVisitor<T> {
    type Value = Scalar<T>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(T::EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Scalar::parse_string(text))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Scalar::parse(&value.to_string()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Scalar::parse(&value.to_string()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Scalar::parse(&value.to_string()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Scalar::parse(&value.to_string()))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Scalar::wrong("nothing"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::wrong("a list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::wrong("a mapping"))
    }
}

impl<T: ScalarFormat> JsonSchema for Scalar<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        T::EXPECTED.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        match T::JSON_TYPE {
            JsonType::Text => json_schema!({"type": ["string", "number", "boolean"], "pattern": r"\S"}),
            JsonType::Name(pattern) => json_schema!({"type": ["string", "number"], "pattern": pattern}),
            JsonType::Pattern(pattern) => json_schema!({"type": "string", "pattern": pattern}),
            JsonType::Words(words) => json_schema!({"enum": words}),
            JsonType::Number { minimum, maximum } => {
                json_schema!({"type": "number", "minimum": minimum, "maximum": maximum})
            }
            JsonType::Boolean => json_schema!({"type": "boolean"}),
        }
    }
}

/// A mapping whose keys are ids or names, in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Entries<T>(pub Vec<(Box<str>, T)>);

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor(PhantomData))
    }
}

struct EntriesVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for EntriesVisitor<T> {
    type Value = Entries<T>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a mapping")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries: Vec<(Box<str>, T)> = Vec::new();
        while let Some((key, value)) = map.next_entry::<String, T>()? {
            entries.push((key.into(), value));
        }
        let mut keys: Vec<&str> = entries.iter().map(|(key, _)| &**key).collect();
        keys.sort_unstable();
        // serde_yaml lets the last of two equal keys win; here they stop the quick way.
        if let Some([key, _]) = keys.array_windows().find(|[one, other]| one == other) {
            return Err(Error::custom(format_args!("the key `{key}` stands twice")));
        }
        Ok(Entries(entries))
    }
}

impl<T: JsonSchema> JsonSchema for Entries<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Entries of {}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object", "additionalProperties": generator.subschema_for::<T>()})
    }
}

/// Exactly one of the five keys that say what a task is and where it stands.
pub(crate) fn one_status(schema: &mut Schema) {
    let branch = |key: &str| json!({"required": [key]});
    let branches =
        [branch("todo"), branch("partial"), branch("done"), json!({"required": ["waived", "reason"]}), branch("ref")];
    schema.insert("oneOf".into(), json!(branches));
}

/// A readiness file without a project says nothing.
pub(crate) fn project_required(schema: &mut Schema) {
    schema.insert("required".into(), json!(["project"]));
}
