//! Field types of the document: scalars that keep their errors, and mappings in file order.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::json;

use crate::finding::Kind;
use crate::scalar::{JsonType, ParseError, ScalarFormat};

/// A scalar field: absent, valid, or invalid. The error is reported when the value is used.
#[derive(Debug, Clone, PartialEq)]
pub struct Scalar<T>(Option<Result<T, Box<(Kind, ParseError)>>>);

impl<T> Scalar<T> {
    /// Whether the file has the key.
    #[must_use]
    pub(crate) fn is_present(&self) -> bool {
        self.0.is_some()
    }

    fn valid(&self) -> Option<&T> {
        self.0.as_ref().and_then(|result| result.as_ref().ok())
    }

    /// The value or its error; `None` if the file does not have the key.
    #[must_use]
    pub(crate) fn into_result(self) -> Option<Result<T, Box<(Kind, ParseError)>>> {
        self.0
    }

    /// Changes the error of an invalid value.
    #[must_use]
    pub(crate) fn map_error(self, change: impl FnOnce(ParseError) -> ParseError) -> Self {
        Self(self.0.map(|result| result.map_err(|error| Box::new((error.0, change(error.1))))))
    }

    fn error(kind: Kind, error: ParseError) -> Self {
        Self(Some(Err(Box::new((kind, error)))))
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
            return Self::empty();
        }
        Self(Some(T::parse(text).map_err(|error| Box::new((Kind::BadValue, error)))))
    }

    /// Parses a YAML string. A quoted number or boolean is an error.
    fn parse_string(text: &str) -> Self {
        let scalar = Self::parse(text);
        if T::JSON_TYPE.is_unquoted() && scalar.valid().is_some() {
            let error = ParseError::because::<T>(&format!("\"{text}\""), "expected a value without quotes");
            return Self::error(Kind::WrongType, error.help(format!("write `{}`", text.trim())));
        }
        scalar
    }

    pub(crate) fn empty() -> Self {
        let error = ParseError::new(format!("empty value: expected {}", T::EXPECTED));
        Self::error(Kind::WrongType, error.help("write a value or remove the key"))
    }

    pub(crate) fn wrong_type(found: &str) -> Self {
        Self::error(
            Kind::WrongType,
            ParseError::new(format!("invalid {}: expected {}, found {found}", T::NAME, T::EXPECTED)),
        )
    }
}

impl<'de, T: ScalarFormat> Deserialize<'de> for Scalar<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let visitor = ScalarVisitor(PhantomData);
        // A string keeps the text as written: `1.10` stays `1.10`.
        if T::JSON_TYPE.is_unquoted() {
            deserializer.deserialize_any(visitor)
        } else {
            deserializer.deserialize_str(visitor)
        }
    }
}

/// Accepts every YAML type, so that a wrong type becomes an error of the field.
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
        Ok(Scalar::empty())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::wrong_type("a list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::wrong_type("a mapping"))
    }
}

impl<T: ScalarFormat> JsonSchema for Scalar<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        T::NAME.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mut schema = match T::JSON_TYPE {
            JsonType::Text => json_schema!({"type": ["string", "number", "boolean"], "pattern": r"\S"}),
            JsonType::Name(pattern) => json_schema!({"type": ["string", "number"], "pattern": pattern}),
            JsonType::Pattern(pattern) => json_schema!({"type": "string", "pattern": pattern}),
            JsonType::Words(words) => json_schema!({"enum": words}),
            JsonType::Number { minimum, maximum } => {
                json_schema!({"type": "number", "minimum": minimum, "maximum": maximum})
            }
            JsonType::Boolean => json_schema!({"type": "boolean"}),
        };
        schema.insert("title".into(), T::NAME.into());
        // Editors show it instead of the pattern or the types.
        if !matches!(T::JSON_TYPE, JsonType::Words(_)) {
            let message = format!("invalid {}: expected {}", T::NAME, T::EXPECTED.replace('`', "\""));
            if matches!(T::JSON_TYPE, JsonType::Text | JsonType::Name(_) | JsonType::Pattern(_)) {
                schema.insert("patternErrorMessage".into(), message.as_str().into());
            }
            schema.insert("errorMessage".into(), message.into());
        }
        schema
    }
}

/// One value, or a list of them.
#[derive(Debug, Clone, PartialEq)]
pub enum OneOrMore<T> {
    /// A scalar; without one, the key is absent.
    One(Scalar<T>),
    /// A list.
    List(Vec<Scalar<T>>),
}

/// The error of a scalar that YAML does not read as text, and that would not be kept as it is written:
/// `1.10`, `True` or `0x1F`. The parser that keeps positions reads such a file.
pub(crate) const NOT_TEXT: &str = "text as written";

/// The name by which a deserializer that keeps scalars as text recognizes that text is expected.
pub(crate) const AS_WRITTEN: &str = "as written";

impl<T> Default for OneOrMore<T> {
    fn default() -> Self {
        Self::One(Scalar::default())
    }
}

impl<'de, T: ScalarFormat> Deserialize<'de> for OneOrMore<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(AS_WRITTEN, OneOrMoreVisitor(PhantomData))
    }
}

struct OneOrMoreVisitor<T>(PhantomData<T>);

impl<'de, T: ScalarFormat> Visitor<'de> for OneOrMoreVisitor<T> {
    type Value = OneOrMore<T>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(NOT_TEXT)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(OneOrMore::One(Scalar::parse(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        Ok(OneOrMore::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(OneOrMore::One(Scalar::wrong_type("a mapping")))
    }
}

impl<T: ScalarFormat> JsonSchema for OneOrMore<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("{} or list", T::NAME).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<Scalar<T>>();
        json_schema!({"anyOf": [one, {"type": "array", "items": one}]})
    }
}

/// A mapping from ids or names, in the order of the file.
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
        // serde_yaml keeps the last of two equal keys. An error starts the second parser, which reports them.
        if let Some([key, _]) = keys.array_windows().find(|[one, other]| one == other) {
            return Err(Error::custom(format_args!("duplicate key `{key}`")));
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

/// Requires exactly one of the keys that have the text and status of a task.
pub(crate) fn one_status(schema: &mut Schema) {
    let branch = |key: &str| json!({"required": [key]});
    let branches =
        [branch("todo"), branch("partial"), branch("done"), json!({"required": ["waived", "reason"]}), branch("ref")];
    schema.insert("oneOf".into(), json!(branches));
}

pub(crate) fn project_required(schema: &mut Schema) {
    schema.insert("required".into(), json!(["project"]));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Text;
    use crate::quantity::Points;
    use crate::yaml;
    use crate::yaml::decode::decode;

    fn error<T: ScalarFormat>(text: &str) -> (Kind, String, Option<String>) {
        let scalar = decode::<Scalar<T>>(&yaml::parse(text).unwrap(), |_, _| None).value.unwrap();
        let (kind, error) = *scalar.into_result().unwrap().err().unwrap();
        (kind, error.message, error.help)
    }

    #[test]
    fn a_scalar_is_absent_valid_or_invalid() {
        assert!(!Scalar::<Points>::default().is_present());
        let scalar: Scalar<Points> = serde_yaml::from_str("20").unwrap();
        assert!(scalar.is_present());
        assert_eq!(scalar.into_result(), Some(Points::parse("20").map_err(|_| unreachable!())));
        let (kind, message, _) = error::<Points>("101");
        let expected = "invalid points `101`: expected a number from 0 to 100, such as `20`";
        assert_eq!((kind, message.as_str()), (Kind::BadValue, expected));
    }

    #[test]
    fn wrong_types_are_errors_of_the_scalar() {
        let (kind, message, help) = error::<Points>("'20'");
        assert_eq!(
            (kind, message.as_str()),
            (Kind::WrongType, "invalid points `\"20\"`: expected a value without quotes")
        );
        assert_eq!(help.as_deref(), Some("write `20`"));
        let (kind, message, help) = error::<Text>("~");
        assert_eq!((kind, message.as_str()), (Kind::WrongType, "empty value: expected text"));
        assert_eq!(help.as_deref(), Some("write a value or remove the key"));
        for (text, found) in [("[a]", "a list"), ("{a: b}", "a mapping")] {
            let message = format!("invalid text: expected text, found {found}");
            assert_eq!(error::<Text>(text), (Kind::WrongType, message, None));
        }
    }

    #[test]
    fn text_is_kept_as_it_is_written() {
        for text in ["1.10", "true", "2026-01-02", "0x10"] {
            let scalar: Scalar<Text> = serde_yaml::from_str(text).unwrap();
            assert_eq!(scalar.valid().unwrap().as_str(), text);
        }
    }

    #[test]
    fn entries_are_in_the_order_of_the_file_and_unique() {
        let entries: Entries<u8> = serde_yaml::from_str("{b: 1, a: 2}").unwrap();
        assert_eq!(entries.0, [("b".into(), 1), ("a".into(), 2)]);
        let error = serde_yaml::from_str::<Entries<u8>>("{b: 1, a: 2, b: 3}").unwrap_err();
        assert!(error.to_string().contains("duplicate key `b`"), "{error}");
    }
}
