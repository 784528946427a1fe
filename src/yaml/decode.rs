//! Deserializes a YAML tree. A value of the wrong type becomes a finding, and the rest of the tree
//! is still read.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use crate::finding::{Finding, Kind, LazyPath, MAX_FINDINGS, NodePath, push_limited};
use crate::scalar::shortened;
use crate::yaml::synonyms::{KeySuggestion, has_items, is_reported_with_text, suggest};
use crate::yaml::{YamlContent, YamlNode};

/// Suggests a fix for the node at a path, which has the wrong type.
pub(crate) type TypeHelp = fn(&LazyPath<'_>, &YamlNode) -> Option<String>;

/// Result of deserializing a tree.
#[derive(Debug)]
pub(crate) struct Decoded<T> {
    /// `None` if `T` rejects a YAML type, with a finding.
    pub(crate) value: Option<T>,
    pub(crate) findings: Vec<Finding>,
    /// The unknown keys whose values were read as those of known keys.
    pub(crate) renamed: Vec<RenamedKey>,
    /// The nodes with content that is not in the value.
    pub(crate) lost: Vec<NodePath>,
}

/// A key that was read as another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RenamedKey {
    /// The mapping.
    at: NodePath,
    from: Box<str>,
    to: &'static str,
}

#[derive(Debug, Default)]
struct DecodeLog {
    findings: Vec<Finding>,
    renamed: Vec<RenamedKey>,
    lost: Vec<NodePath>,
}

impl DecodeLog {
    /// Adds the path of a node that is not in the value, within the limit of findings.
    fn lose_node(&mut self, at: impl FnOnce() -> NodePath) {
        if self.lost.len() < MAX_FINDINGS {
            self.lost.push(at());
        }
    }
}

/// The value in `root`, with a finding for each node of the wrong type and each unknown or duplicate key.
///
/// The types of `T` must accept every YAML type; otherwise the value is `None`, with a finding.
#[must_use]
pub(crate) fn decode<T: DeserializeOwned>(root: &YamlNode, help: TypeHelp) -> Decoded<T> {
    let log = RefCell::default();
    let decoder = Decoder { node: root, path: &LazyPath::Root, help, log: &log };
    let result = T::deserialize(decoder);
    let DecodeLog { mut findings, renamed, lost } = log.into_inner();
    if let Err(error) = &result {
        findings.push(Finding::new(Kind::WrongType, NodePath::root(), error.to_string()));
    }
    Decoded { value: result.ok(), findings, renamed, lost }
}

/// Changes the keys of `root` to those that they were read as, so that findings of their values are located.
pub(crate) fn rename_keys(root: &mut YamlNode, renamed: &[RenamedKey]) {
    for RenamedKey { at, from, to } in renamed {
        let Some(YamlNode { content: YamlContent::Mapping(entries), .. }) = root.get_mut(at) else { continue };
        let key = entries.iter_mut().find(|(key, _)| key.text() == Some(from)).map(|(key, _)| &mut key.content);
        if let Some(YamlContent::Scalar { text, .. }) = key {
            *text = (*to).into();
        }
    }
}

/// An error of serde's derived code. None occurs as long as every type accepts every YAML type.
#[derive(Debug)]
struct DecodeError(String);

impl fmt::Display for DecodeError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for DecodeError {}

impl de::Error for DecodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

#[derive(Clone, Copy)]
struct Decoder<'a> {
    node: &'a YamlNode,
    path: &'a LazyPath<'a>,
    help: TypeHelp,
    log: &'a RefCell<DecodeLog>,
}

impl Decoder<'_> {
    fn visit_pairs<'de, V: Visitor<'de>>(
        self,
        known: Option<&'static [&'static str]>,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        let entries = if let YamlContent::Mapping(entries) = &self.node.content { entries.as_slice() } else { &[] };
        if !matches!(self.node.content, YamlContent::Mapping(_)) {
            self.report_type("a mapping");
        }
        visitor.visit_map(Pairs {
            decoder: self,
            known,
            all: entries,
            entries: entries.iter(),
            seen: HashSet::new(),
            value: None,
        })
    }

    /// Reports a node that isn't `expected`. An empty value is an empty list or mapping.
    fn report_type(&self, expected: &str) {
        if !self.node.is_empty() {
            let mut log = self.log.borrow_mut();
            log.lose_node(|| self.path.to_path());
            push_limited(&mut log.findings, || {
                let message = format!("expected {expected}, found {}", self.node.noun());
                let help = (self.help)(self.path, self.node);
                Finding::new(Kind::WrongType, self.path.to_path(), message).maybe_help(help)
            });
        }
    }
}

impl<'de> Deserializer<'de> for Decoder<'_> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match &self.node.content {
            YamlContent::Scalar { .. } if self.node.is_empty() => visitor.visit_unit(),
            YamlContent::Scalar { text, plain: true } => visit_plain(text, visitor),
            YamlContent::Scalar { text, .. } => visitor.visit_str(text),
            YamlContent::List(_) => self.deserialize_seq(visitor),
            YamlContent::Mapping(_) => self.deserialize_map(visitor),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match &self.node.content {
            YamlContent::Scalar { text, .. } => visitor.visit_str(text),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let items = if let YamlContent::List(items) = &self.node.content { items.as_slice() } else { &[] };
        if !matches!(self.node.content, YamlContent::List(_)) {
            self.report_type("a list");
        }
        visitor.visit_seq(Items { decoder: self, items: items.iter().enumerate() })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.visit_pairs(None, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.visit_pairs(Some(known), visitor)
    }

    /// Expects a text as written, if it is a scalar: `1.10` is not a number.
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf option unit
        unit_struct tuple tuple_struct enum identifier
    }
}

/// The number in `text`; `None` if it is too large, such as `1e309`.
fn finite(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|value| value.is_finite())
}

/// Visits an unquoted scalar as boolean, number or string, by YAML's core schema.
fn visit_plain<'de, V: Visitor<'de>>(text: &str, visitor: V) -> Result<V::Value, DecodeError> {
    match text {
        "true" | "True" | "TRUE" => return visitor.visit_bool(true),
        "false" | "False" | "FALSE" => return visitor.visit_bool(false),
        _ => {}
    }
    // As for `serde_yaml`, digits after a leading zero are not a number.
    let digits = text.trim_start_matches(['-', '+']);
    if digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return visitor.visit_str(text);
    }
    let of_radix = [("0x", 16), ("0o", 8), ("0b", 2)]
        .into_iter()
        .find_map(|(prefix, radix)| u64::from_str_radix(text.strip_prefix(prefix)?, radix).ok());
    if let Some(value) = of_radix {
        return visitor.visit_u64(value);
    }
    if let Ok(value) = text.parse::<u64>() {
        visitor.visit_u64(value)
    } else if let Ok(value) = text.parse::<i64>() {
        visitor.visit_i64(value)
    } else if let (true, Some(value)) = (text.contains(|letter: char| letter.is_ascii_digit()), finite(text)) {
        visitor.visit_f64(value)
    } else {
        visitor.visit_str(text)
    }
}

struct Items<'a> {
    decoder: Decoder<'a>,
    items: std::iter::Enumerate<std::slice::Iter<'a, YamlNode>>,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, DecodeError> {
        let Some((index, node)) = self.items.next() else {
            return Ok(None);
        };
        let path = LazyPath::Index(self.decoder.path, index);
        seed.deserialize(Decoder { node, path: &path, ..self.decoder }).map(Some)
    }
}

struct Pairs<'a> {
    decoder: Decoder<'a>,
    known: Option<&'static [&'static str]>,
    all: &'a [(YamlNode, YamlNode)],
    entries: std::slice::Iter<'a, (YamlNode, YamlNode)>,
    seen: HashSet<&'a str>,
    value: Option<(&'a str, &'a YamlNode)>,
}

impl<'a> Pairs<'a> {
    /// The next entry for serde. Duplicate keys are reported and skipped, and so are unknown keys, unless it is clear
    /// which key is meant.
    fn next_entry(&mut self) -> Option<(&'a str, &'a YamlNode)> {
        loop {
            let (key_node, value) = self.entries.next()?;
            let key = key_node.text().unwrap_or_default();
            if !self.seen.insert(key) {
                let at = || self.decoder.path.to_path().key(key);
                let mut log = self.decoder.log.borrow_mut();
                push_limited(&mut log.findings, || duplicate_key(at(), key).span(key_node.span));
                continue;
            }
            match self.known {
                Some(known) if !known.contains(&key) => {
                    if let Some(meant) = self.unknown(key_node, key, value, known) {
                        return Some((meant, value));
                    }
                }
                _ => return Some((key, value)),
            }
        }
    }

    /// Reports an unknown key. Returns the key that it is read as.
    fn unknown(
        &mut self,
        key_node: &YamlNode,
        key: &'a str,
        value: &YamlNode,
        known: &'static [&'static str],
    ) -> Option<&'static str> {
        let mut log = self.decoder.log.borrow_mut();
        if log.findings.len() >= MAX_FINDINGS || is_reported_with_text(key, known, self.all) {
            return None;
        }
        let KeySuggestion { key: meant, help } = suggest(key, known, self.all);
        let at = self.decoder.path.to_path();
        let finding = unknown_key_finding(at.key(key), key, help).span(key_node.span);
        log.findings.push(finding);
        let is_free = |meant: &&str| !self.all.iter().any(|(key, _)| key.text() == Some(meant));
        let Some(meant) = meant.filter(is_free).filter(|meant| self.seen.insert(meant)) else {
            if has_items(value) {
                log.lose_node(|| at.key(key));
            }
            return None;
        };
        log.renamed.push(RenamedKey { at, from: key.into(), to: meant });
        Some(meant)
    }
}

/// The finding of an unknown key, with the most similar known key as help.
#[must_use]
pub(crate) fn unknown_key(at: NodePath, key: &str, known: &'static [&'static str]) -> Finding {
    unknown_key_finding(at, key, suggest(key, known, &[]).help)
}

fn unknown_key_finding(at: NodePath, key: &str, help: String) -> Finding {
    Finding::new(Kind::UnknownKey, at, format!("unknown key `{}`", shortened(key))).at_key().help(help)
}

fn duplicate_key(at: NodePath, key: &str) -> Finding {
    Finding::new(Kind::DuplicateKey, at, format!("duplicate key `{}`", shortened(key)))
        .at_key()
        .help("keep only one of them")
}

impl<'de> MapAccess<'de> for Pairs<'_> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, DecodeError> {
        let Some((key, value)) = self.next_entry() else {
            return Ok(None);
        };
        self.value = Some((key, value));
        let deserializer: StrDeserializer<'_, DecodeError> = key.into_deserializer();
        seed.deserialize(deserializer).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, DecodeError> {
        let Some((key, node)) = self.value.take() else {
            return Err(DecodeError("a value was requested before its key".to_owned()));
        };
        let path = LazyPath::Key(self.decoder.path, key);
        seed.deserialize(Decoder { node, path: &path, ..self.decoder })
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::yaml;

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(default)]
    struct Outer {
        name: String,
        items: Vec<serde_json::Value>,
        inner: Inner,
    }

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(default)]
    struct Inner {
        weight: String,
    }

    fn decoded(text: &str) -> (Outer, Vec<String>) {
        let help: TypeHelp = |path, node| node.text().map(|text| format!("at {}: {text}", path.to_path()));
        let Decoded { value: section, findings, .. } = decode(&yaml::parse(text).unwrap(), help);
        let findings = findings
            .into_iter()
            .map(|it| format!("{} {}: {} ({})", it.kind.name(), it.at, it.message, it.help.unwrap_or_default()));
        (section.unwrap(), findings.collect())
    }

    #[test]
    fn unquoted_scalars_have_the_types_of_the_core_schema() {
        let (section, findings) = decoded("items: [true, FALSE, 1, -1, 1.5, 1e3, '1', inf, text, ~]\nname: 1.10\n");
        let expected = serde_json::json!([true, false, 1, -1, 1.5, 1000.0, "1", "inf", "text", null]);
        assert_eq!(serde_json::Value::from(section.items), expected);
        assert_eq!((section.name.as_str(), findings), ("1.10", Vec::new()), "text is kept as it is written");
    }

    #[test]
    fn all_errors_are_reported_and_the_rest_is_decoded() {
        let text = "nmae: a\ncolour: b\ninner: {weight: x, weight: y, <<: z}\nitems: word\nname: c\n";
        let (section, findings) = decoded(text);
        assert_eq!((section.name.as_str(), section.inner.weight.as_str()), ("c", "x"));
        assert_eq!(
            findings,
            [
                "unknown_key nmae: unknown key `nmae` (did you mean `name`?)",
                "unknown_key colour: unknown key `colour` (expected one of `name`, `items`, `inner`)",
                "duplicate_key inner.weight: duplicate key `weight` (keep only one of them)",
                "unknown_key inner.<<: unknown key `<<` (merge keys are not supported: write the values out)",
                "wrong_type items: expected a list, found `word` (at items: word)",
            ]
        );
    }

    #[test]
    fn an_empty_value_is_an_empty_list_or_mapping() {
        assert_eq!(decoded("items:\ninner:\n"), (Outer::default(), Vec::new()));
    }

    #[test]
    fn a_type_that_rejects_the_value_is_a_finding() {
        let Decoded { value, findings, .. } = decode::<bool>(&yaml::parse("text").unwrap(), |_, _| None);
        assert_eq!((value, findings.len()), (None, 1));
        assert_eq!(findings[0].kind, Kind::WrongType);
    }
}
