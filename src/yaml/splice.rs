//! Edits of one mapping in a YAML text. Each replaces one byte range, so comments and layout stay as they are.
//!
//! The result is not verified: a caller parses it again. Layouts that are rare in readiness files, such as explicit
//! keys (`? key`), may result in other YAML.

use crate::finding::{NodePath, PathSegment};
use crate::span::Span;
use crate::yaml::{YamlContent, YamlNode};

/// The replacement of a byte range of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Splice {
    span: Span,
    replacement: String,
}

impl Splice {
    fn replace(span: Span, replacement: impl Into<String>) -> Self {
        Self { span, replacement: replacement.into() }
    }

    fn insert(offset: usize, replacement: impl Into<String>) -> Self {
        Self::replace(Span { start: offset, end: offset }, replacement)
    }

    fn remove(start: usize, end: usize) -> Self {
        Self::replace(Span { start, end }, "")
    }

    /// `text` with the replacement.
    #[must_use]
    pub(crate) fn apply(&self, text: &str) -> String {
        [&text[..self.span.start], &self.replacement, &text[self.span.end..]].concat()
    }
}

/// The text of a mapping.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MappingText<'a> {
    text: &'a str,
    /// The key whose value is the mapping; items of lists have none.
    key: Option<&'a YamlNode>,
    node: &'a YamlNode,
    entries: &'a [(YamlNode, YamlNode)],
}

impl<'a> MappingText<'a> {
    /// The mapping at `path` of `text`; an empty value counts as an empty mapping.
    #[must_use]
    pub(crate) fn find(text: &'a str, root: &'a YamlNode, path: &NodePath) -> Option<Self> {
        let mut found = (None, root);
        for segment in path.segments() {
            found = match (segment, &found.1.content) {
                (PathSegment::Key(name), YamlContent::Mapping(entries)) => {
                    let (key, value) = entries.iter().find(|(key, _)| key.text() == Some(name))?;
                    (Some(key), value)
                }
                (PathSegment::Index(index), YamlContent::List(items)) => (None, items.get(*index)?),
                _ => return None,
            };
        }
        let (key, node) = found;
        match &node.content {
            YamlContent::Mapping(entries) => Some(Self { text, key, node, entries }),
            _ if node.is_empty() => Some(Self { text, key, node, entries: &[] }),
            _ => None,
        }
    }

    /// Renames the key `from`.
    #[must_use]
    pub(crate) fn rename_key(&self, from: &str, to: &str) -> Option<Splice> {
        let (key, _) = self.entry(from)?;
        Some(Splice::replace(self.inside_quotes(key), to))
    }

    /// Gives `key` this value. A new key is inserted after the last of the keys `after`, otherwise at the start.
    #[must_use]
    pub(crate) fn set(&self, key: &str, value: &str, after: &[&str]) -> Option<Splice> {
        match self.entry(key) {
            Some((key, old)) if old.span.start == old.span.end => {
                Some(Splice::insert(self.after_colon(key)?, format!(" {value}")))
            }
            Some((_, old)) => Some(Splice::replace(self.inside_quotes(old), value)),
            None => self.insert(&format!("{key}: {value}"), after),
        }
    }

    fn insert(&self, entry: &str, after: &[&str]) -> Option<Splice> {
        let Some((first, _)) = self.entries.first() else { return self.insert_first(entry) };
        let previous = self.entries.iter().rfind(|(key, _)| key.text().is_some_and(|key| after.contains(&key)));
        Some(match (previous, self.is_flow()) {
            (Some((key, value)), true) => Splice::insert(self.end_of(key, value), format!(", {entry}")),
            (Some((key, value)), false) => self.insert_line(self.end_of(key, value), entry),
            (None, true) => Splice::insert(first.span.start, format!("{entry}, ")),
            (None, false) => {
                let separator = format!("{}{}", self.line_ending(), self.indent());
                Splice::insert(first.span.start, format!("{entry}{separator}"))
            }
        })
    }

    /// Inserts a line after the line of the byte at `offset`.
    fn insert_line(&self, offset: usize, entry: &str) -> Splice {
        let (indent, ending) = (self.indent(), self.line_ending());
        match self.text[offset..].find('\n') {
            Some(newline) => Splice::insert(offset + newline + 1, format!("{indent}{entry}{ending}")),
            None => Splice::insert(self.text.len(), format!("{ending}{indent}{entry}")),
        }
    }

    /// The first entry of an empty mapping, in braces: they are valid in every layout.
    fn insert_first(&self, entry: &str) -> Option<Splice> {
        let Span { start, end } = self.node.span;
        if start == end {
            let colon = self.after_colon(self.key?)?;
            return Some(Splice::insert(colon, format!(" {{{entry}}}")));
        }
        Some(Splice::replace(self.node.span, format!("{{{entry}}}")))
    }

    /// Removes the entry `key`, with the comment on its line.
    #[must_use]
    pub(crate) fn remove(&self, key: &str) -> Option<Splice> {
        let index = self.entries.iter().position(|(it, _)| it.text() == Some(key))?;
        let (key, value) = &self.entries[index];
        let (start, end) = (key.span.start, self.end_of(key, value));
        let next = self.entries.get(index + 1).map(|(next, _)| next.span.start);
        if self.is_flow() {
            let previous = index.checked_sub(1).map(|it| &self.entries[it]);
            return Some(match (previous, next) {
                (Some((key, value)), _) => Splice::remove(self.end_of(key, value), end),
                (None, next) => Splice::remove(start, next.unwrap_or(end)),
            });
        }
        let line = self.line_start(start);
        if !self.text[line..start].chars().all(char::is_whitespace) {
            return Some(Splice::remove(start, next?)); // The first key of a list item: `- complete: 40%`.
        }
        Some(match self.text[end..].find('\n') {
            Some(newline) => Splice::remove(line, end + newline + 1),
            None => Splice::remove(self.text[..line].trim_end_matches(['\r', '\n']).len(), self.text.len()),
        })
    }

    #[must_use]
    pub(crate) fn has(&self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    fn entry(&self, name: &str) -> Option<&'a (YamlNode, YamlNode)> {
        self.entries.iter().find(|(key, _)| key.text() == Some(name))
    }

    fn is_flow(&self) -> bool {
        self.text[self.node.span.start..].starts_with('{')
    }

    /// The text of a scalar without its quotes, and without the line breaks at the end of a block scalar.
    fn inside_quotes(&self, node: &YamlNode) -> Span {
        let Span { start, end } = node.span;
        let written = &self.text[start..end];
        let is_quoted = written.len() >= 2 && written.starts_with(['"', '\'']);
        if is_quoted {
            Span { start: start + 1, end: end - 1 }
        } else {
            Span { start, end: start + written.trim_end().len() }
        }
    }

    /// The end of an entry, before the white space and the comment that follow it.
    fn end_of(&self, key: &YamlNode, value: &YamlNode) -> usize {
        let Span { start, end } = value.span;
        if start == end {
            return self.after_colon(key).unwrap_or(key.span.end);
        }
        start + self.text[start..end].trim_end().len()
    }

    fn after_colon(&self, key: &YamlNode) -> Option<usize> {
        let rest = &self.text[key.span.end..];
        let colon = rest.trim_start().strip_prefix(':')?;
        Some(self.text.len() - colon.len())
    }

    /// The white space before the keys.
    fn indent(&self) -> String {
        let before = |key: &YamlNode| &self.text[self.line_start(key.span.start)..key.span.start];
        let mut prefixes = self.entries.iter().map(|(key, _)| before(key));
        let first = prefixes.next().unwrap_or_default();
        let own_line = prefixes.find(|prefix| prefix.bytes().all(|byte| byte == b' '));
        own_line.map_or_else(|| " ".repeat(first.chars().count()), str::to_owned)
    }

    /// The line ending that the text uses.
    fn line_ending(&self) -> &'static str {
        let newline = self.text.find('\n');
        if newline.is_some_and(|newline| self.text[..newline].ends_with('\r')) { "\r\n" } else { "\n" }
    }

    fn line_start(&self, offset: usize) -> usize {
        self.text[..offset].rfind('\n').map_or(0, |newline| newline + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    fn edited(text: &str, edit: impl Fn(&MappingText<'_>) -> Option<Splice>) -> String {
        let root = yaml::parse(text).unwrap();
        let path = NodePath::root().key("a");
        edit(&MappingText::find(text, &root, &path).unwrap()).unwrap().apply(text)
    }

    fn set(text: &str) -> String {
        edited(text, |mapping| mapping.set("x", "9", &["k"]))
    }

    #[test]
    fn a_value_is_replaced_within_its_quotes() {
        assert_eq!(set("a:\n  x: 1 # one\n"), "a:\n  x: 9 # one\n");
        assert_eq!(set("a: {x: '1', y: 2}"), "a: {x: '9', y: 2}");
        assert_eq!(set("a: {\"x\": \"1\" }"), "a: {\"x\": \"9\" }");
        assert_eq!(set("a:\n  x: # none\n  y: 1\n"), "a:\n  x: 9 # none\n  y: 1\n");
        assert_eq!(set("a:\n  x: ~\n"), "a:\n  x: 9\n");
        assert_eq!(set("a:\n  x: >-\n    1\n  y: 2\n"), "a:\n  x: >-\n    9\n  y: 2\n");
    }

    #[test]
    fn a_new_key_has_the_layout_of_the_others() {
        assert_eq!(set("a:\n    k: 1  # one\n    z: 2\n"), "a:\n    k: 1  # one\n    x: 9\n    z: 2\n");
        assert_eq!(set("a:\r\n  k: 1\r\n"), "a:\r\n  k: 1\r\n  x: 9\r\n");
        assert_eq!(set("a:\n  k: 1"), "a:\n  k: 1\n  x: 9");
        assert_eq!(set("a:\n  z: 2\n"), "a:\n  x: 9\n  z: 2\n");
        assert_eq!(set("a: {z: 2}"), "a: {x: 9, z: 2}");
        assert_eq!(set("a: {k: one two , z: 2}"), "a: {k: one two, x: 9 , z: 2}");
        assert_eq!(set("a:\n  k: one\n    two\n  z: 2\n"), "a:\n  k: one\n    two\n  x: 9\n  z: 2\n");
        assert_eq!(
            set("a:\n  k: |\n    one\n    two\n\n  # z\n  z: 2\n"),
            "a:\n  k: |\n    one\n    two\n  x: 9\n\n  # z\n  z: 2\n"
        );
        assert_eq!(set("a:\n  k:\n  z: 2\n"), "a:\n  k:\n  x: 9\n  z: 2\n");
    }

    #[test]
    fn an_empty_mapping_gets_braces() {
        assert_eq!(set("a:\nb: 1\n"), "a: {x: 9}\nb: 1\n");
        assert_eq!(set("a: {}\n"), "a: {x: 9}\n");
        assert_eq!(set("a: ~\n"), "a: {x: 9}\n");
    }

    #[test]
    fn a_key_is_renamed_or_removed() {
        let renamed = |text| edited(text, |mapping| mapping.rename_key("x", "yz"));
        assert_eq!(renamed("a:\n  x: 1 # x\n"), "a:\n  yz: 1 # x\n");
        assert_eq!(renamed("a: {\"x\": 1}"), "a: {\"yz\": 1}");
        let removed = |text| edited(text, |mapping| mapping.remove("x"));
        assert_eq!(removed("a:\n  k: 1\n  x: 1 # one\n  z: 2\n"), "a:\n  k: 1\n  z: 2\n");
        assert_eq!(removed("a:\r\n  k: 1\r\n  x: 1"), "a:\r\n  k: 1");
        assert_eq!(removed("a: {k: 1, x: 2, z: 3}"), "a: {k: 1, z: 3}");
        assert_eq!(removed("a: {x: 2, z: 3}"), "a: {z: 3}");
    }

    #[test]
    fn the_first_key_of_a_list_item_is_removed() {
        let text = "- x: 1\n  k: 2\n";
        let root = yaml::parse(text).unwrap();
        let mapping = MappingText::find(text, &root, &NodePath::root().index(0)).unwrap();
        assert_eq!(mapping.remove("x").unwrap().apply(text), "- k: 2\n");
        assert_eq!(mapping.set("z", "3", &["k"]).unwrap().apply(text), "- x: 1\n  k: 2\n  z: 3\n");
        assert!(MappingText::find(text, &root, &NodePath::root().index(1)).is_none());
        assert!(MappingText::find(text, &root, &NodePath::root().index(0).key("x")).is_none());
    }
}
