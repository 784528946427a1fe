//! YAML as a tree of nodes with their locations.
//!
//! A valid readiness file is deserialized without this tree, since serde keeps no locations. The first
//! finding builds the tree with a second parser to determine the location.

pub(crate) mod line;
pub(crate) mod repair;
pub(crate) mod checklist;
pub(crate) mod diagnosis;
pub(crate) mod recover;
pub(crate) mod synonyms;
pub(crate) mod decode;
pub(crate) mod comments;
pub(crate) mod splice;

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, ScanError};

use crate::finding::{EntryPart, Finding, Kind, NodePath, PathSegment};
use crate::scalar::shortened;
use crate::span::Span;

/// Deeper than any readiness file, and far from a stack overflow.
const MAX_DEPTH: usize = 64;
/// Maximum number of nodes that aliases add.
const MAX_ALIASED_NODES: usize = 1_000_000;

/// The message of a second document in a file.
const SECOND_DOCUMENT: &str = "unexpected second document";

/// A node of the tree.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct YamlNode {
    /// Location in the text.
    pub(crate) span: Span,
    /// Content of the node.
    pub(crate) content: YamlContent,
}

/// Content of a node.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum YamlContent {
    /// A scalar.
    Scalar {
        /// The text without quotes and escapes.
        text: Box<str>,
        /// Whether the text is unquoted.
        plain: bool,
    },
    /// A list.
    List(Vec<YamlNode>),
    /// A mapping in the order of the file.
    Mapping(Vec<(YamlNode, YamlNode)>),
}

impl YamlNode {
    /// The node as a noun phrase, as in "found a list".
    #[must_use]
    pub(crate) fn noun(&self) -> String {
        match &self.content {
            YamlContent::Scalar { .. } if self.is_empty() => "an empty value".to_owned(),
            YamlContent::Scalar { text, .. } => format!("`{}`", shortened(text)),
            YamlContent::List(_) => "a list".to_owned(),
            YamlContent::Mapping(_) => "a mapping".to_owned(),
        }
    }

    /// Whether the value is empty or null.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        matches!(&self.content, YamlContent::Scalar { text, plain: true } if matches!(&**text, "" | "~" | "null"))
    }

    /// The text of a scalar; `None` for a list or a mapping.
    #[must_use]
    pub(crate) fn text(&self) -> Option<&str> {
        if let YamlContent::Scalar { text, .. } = &self.content { Some(text) } else { None }
    }

    /// The node at `path`.
    #[must_use]
    pub(crate) fn get(&self, path: &NodePath) -> Option<&Self> {
        path.segments().iter().try_fold(self, |node, segment| match (segment, &node.content) {
            (PathSegment::Key(name), YamlContent::Mapping(entries)) => {
                entries.iter().find(|(key, _)| key.text() == Some(name)).map(|(_, value)| value)
            }
            (PathSegment::Index(index), YamlContent::List(items)) => items.get(*index),
            _ => None,
        })
    }

    fn get_mut(&mut self, path: &NodePath) -> Option<&mut Self> {
        path.segments().iter().try_fold(self, |node, segment| match (segment, &mut node.content) {
            (PathSegment::Key(name), YamlContent::Mapping(entries)) => {
                entries.iter_mut().find(|(key, _)| key.text() == Some(name)).map(|(_, value)| value)
            }
            (PathSegment::Index(index), YamlContent::List(items)) => items.get_mut(*index),
            _ => None,
        })
    }

    /// The location of `part` of the node at `path`, or of its deepest existing ancestor.
    #[must_use]
    pub(crate) fn locate(&self, path: &NodePath, part: EntryPart) -> Span {
        let mut node = self;
        let mut key = None;
        for segment in path.segments() {
            let next = match (segment, &node.content) {
                (PathSegment::Key(name), YamlContent::Mapping(entries)) => {
                    entries.iter().find(|(key, _)| key.text() == Some(name)).map(|(key, value)| (Some(key), value))
                }
                (PathSegment::Index(index), YamlContent::List(items)) => items.get(*index).map(|item| (None, item)),
                _ => None,
            };
            let Some((next_key, next_node)) = next else {
                break;
            };
            (key, node) = (next_key, next_node);
        }
        match (key, &node.content) {
            (Some(key), YamlContent::List(_) | YamlContent::Mapping(_)) => key.span,
            (Some(key), _) if part == EntryPart::Key || node.is_empty() => key.span,
            (None, YamlContent::Mapping(entries)) => entries.first().map_or(node.span, |(key, _)| key.span),
            _ => node.span,
        }
    }

    fn size(&self) -> usize {
        match &self.content {
            YamlContent::Scalar { .. } => 1,
            YamlContent::List(items) => 1 + items.iter().map(Self::size).sum::<usize>(),
            YamlContent::Mapping(entries) => {
                1 + entries.iter().map(|(key, value)| key.size() + value.size()).sum::<usize>()
            }
        }
    }
}

/// Parses one YAML document.
///
/// # Errors
/// The finding, if `text` is not valid YAML, is nested too deeply or has too many aliased nodes.
pub(crate) fn parse(text: &str) -> Result<YamlNode, Finding> {
    parse_events(text).map_err(|failure| failure.finding)
}

/// The error at which the parser stopped.
pub(crate) struct ParseFailure {
    pub(crate) finding: Finding,
    /// Start of the last node before the error.
    pub(crate) last: usize,
    /// Offset of the error.
    pub(crate) offset: usize,
}

fn parse_events(text: &str) -> Result<YamlNode, ParseFailure> {
    let mut builder = TreeBuilder::default();
    let mut last = 0;
    for event in Parser::new_from_str(text) {
        let failure = |finding: Finding| {
            let offset = finding.span.map_or(0, |span| span.start);
            ParseFailure { finding, last, offset }
        };
        let (event, span) = event.map_err(|error| failure(syntax_error(text, &error)))?;
        let range = span.byte_range().unwrap_or_default();
        builder.push(event, Span { start: range.start, end: range.end }).map_err(failure)?;
        last = last.max(range.start);
    }
    Ok(builder.root.unwrap_or(YamlNode { span: Span::default(), content: YamlContent::Mapping(Vec::new()) }))
}

/// The error of the YAML parser, with a help if one is known.
fn syntax_error(text: &str, error: &ScanError) -> Finding {
    let offset = error.marker().byte_offset().unwrap_or(text.len());
    let span = Span { start: offset, end: offset };
    let message = error.info();
    let help = match message.as_str() {
        it if it.contains("recursion") => return too_deep(span),
        it if it.contains("mapping values are not allowed") => "quote text that contains `: `",
        it if it.contains("tab") => "indent with spaces",
        it if it.contains("unclosed quote") => "close the quote",
        it if it.contains("unclosed bracket") || it.contains("flow sequence") || it.contains("flow mapping") => {
            "close the bracket, or quote text that starts with a bracket"
        }
        it if it.contains("unknown anchor") => "define the anchor earlier in the file, as in `&name value`",
        it if it.contains("unexpected character") => "quote the text",
        it if it.contains("expected '-' indicator") => "align the keys of the list item",
        it if it.contains("expected key") => "align the key with the other keys of its mapping",
        _ => return syntax(message, span),
    };
    syntax(message, span).help(help)
}

fn too_deep(span: Span) -> Finding {
    too_complex(format!("nested more than {MAX_DEPTH} levels deep"), span)
}

fn syntax(message: impl Into<String>, span: Span) -> Finding {
    Finding::new(Kind::Syntax, NodePath::root(), message).span(span)
}

fn too_complex(message: impl Into<String>, span: Span) -> Finding {
    Finding::new(Kind::TooComplex, NodePath::root(), message).span(span)
}

/// A list or mapping whose end has not been parsed yet.
struct OpenCollection {
    start: usize,
    anchor: usize,
    content: YamlContent,
    key: Option<YamlNode>,
}

#[derive(Default)]
struct TreeBuilder {
    open: Vec<OpenCollection>,
    anchors: HashMap<usize, (YamlNode, usize)>,
    aliased: usize,
    root: Option<YamlNode>,
}

impl TreeBuilder {
    fn push(&mut self, event: Event<'_>, span: Span) -> Result<(), Finding> {
        match event {
            Event::Scalar(text, style, anchor, _) => {
                // The parser reads an absent scalar as `~`.
                let text = if span.start == span.end && text == "~" { "".into() } else { text };
                let content = YamlContent::Scalar { text: text.into(), plain: style == ScalarStyle::Plain };
                self.add(YamlNode { span, content }, anchor)
            }
            Event::SequenceStart(_, anchor, _) => self.start(YamlContent::List(Vec::new()), span, anchor),
            Event::MappingStart(_, anchor, _) => self.start(YamlContent::Mapping(Vec::new()), span, anchor),
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::DocumentStart(..) if self.root.is_some() => {
                Err(syntax(SECOND_DOCUMENT, span).help("remove `---`, or move the second project to its own file"))
            }
            _ => Ok(()),
        }
    }

    fn start(&mut self, content: YamlContent, span: Span, anchor: usize) -> Result<(), Finding> {
        if self.open.len() == MAX_DEPTH {
            return Err(too_deep(span));
        }
        self.open.push(OpenCollection { start: span.start, anchor, content, key: None });
        Ok(())
    }

    fn end(&mut self, span: Span) -> Result<(), Finding> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let span = Span { start: open.start, end: span.end.max(open.start) };
        self.add(YamlNode { span, content: open.content }, open.anchor)
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Finding> {
        let Some((node, size)) = self.anchors.get(&anchor) else {
            return Err(too_complex("recursive alias", span));
        };
        self.aliased += size;
        if self.aliased > MAX_ALIASED_NODES {
            return Err(too_complex(format!("aliases expand to more than {MAX_ALIASED_NODES} nodes"), span)
                .help("write the values out instead of using aliases"));
        }
        let node = YamlNode { span, content: node.content.clone() };
        self.add(node, 0)
    }

    fn add(&mut self, node: YamlNode, anchor: usize) -> Result<(), Finding> {
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), node.size()));
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(OpenCollection { content: YamlContent::List(items), .. }) => items.push(node),
            Some(OpenCollection { content: YamlContent::Mapping(entries), key, .. }) => match key.take() {
                Some(key) => entries.push((key, node)),
                None if node.text().is_some() => *key = Some(node),
                None => return Err(syntax("invalid key: expected a scalar", node.span)),
            },
            Some(OpenCollection { content: YamlContent::Scalar { .. }, .. }) => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    fn located(text: &str, path: &NodePath, part: EntryPart) -> String {
        let span = parse(text).unwrap().locate(path, part);
        text[span.start..span.end].to_owned()
    }

    #[test]
    fn nodes_are_located_by_path() {
        let text = "areas:\n  ml:\n    needs: [a, 'b c']\n";
        let needs = NodePath::root().key("areas").key("ml").key("needs");
        assert_eq!(located(text, &needs.index(1), EntryPart::Value), "'b c'");
        assert_eq!(located(text, &needs, EntryPart::Key), "needs");
        assert_eq!(located(text, &needs.index(7).key("x"), EntryPart::Value), "needs");
    }

    #[test]
    fn hostile_structures_are_errors() {
        let deep = "[".repeat(100_000);
        assert_eq!(parse(&deep).unwrap_err().kind, Kind::TooComplex);
        let mut bomb = String::from("a0: &a0 [x, x]\n");
        for level in 1..64 {
            let lower = level - 1;
            writeln!(bomb, "a{level}: &a{level} [*a{lower}, *a{lower}, *a{lower}]").unwrap();
        }
        assert_eq!(parse(&bomb).unwrap_err().kind, Kind::TooComplex);
        assert_eq!(parse("a: &x [*x]").unwrap_err().kind, Kind::TooComplex);
        assert_eq!(parse("a: 1\n---\nb: 2\n").unwrap_err().kind, Kind::Syntax);
        assert_eq!(parse("[a]: 1").unwrap_err().kind, Kind::Syntax);
    }

    #[test]
    fn an_empty_value_is_located_at_its_key() {
        let text = "a:\n  b:\n  c: ''\n";
        let a = NodePath::root().key("a");
        assert_eq!(located(text, &a.key("b"), EntryPart::Value), "b");
        assert_eq!(located(text, &a.key("c"), EntryPart::Value), "''");
        assert_eq!(located(text, &NodePath::root(), EntryPart::Value), "a");
    }

    #[test]
    fn nodes_have_a_noun() {
        let nouns = ["~", "null", "''", "[x]", "{x: y}", "word"].map(|text| parse(text).unwrap().noun());
        assert_eq!(nouns, ["an empty value", "an empty value", "``", "a list", "a mapping", "`word`"]);
        assert_eq!(parse("# only a comment").unwrap().content, YamlContent::Mapping(Vec::new()));
    }

    #[test]
    fn common_syntax_errors_have_a_help() {
        let help = |text| {
            let finding = parse(text).unwrap_err();
            finding.help.unwrap_or(finding.message)
        };
        assert_eq!(help("a: b: c"), "quote text that contains `: `");
        assert_eq!(help("a:\n\tb: c"), "indent with spaces");
        assert_eq!(help("a: [b"), "close the bracket, or quote text that starts with a bracket");
        assert_eq!(help("a: *b"), "define the anchor earlier in the file, as in `&name value`");
        assert_eq!(help("a: @b"), "quote the text");
        assert_eq!(help("a: 'b"), "close the quote");
        assert_eq!(help("a: 1\n---\nb: 2\n"), "remove `---`, or move the second project to its own file");
    }

    #[test]
    fn aliases_are_replaced_by_their_nodes() {
        let text = "a: &x {b: [1, 2]}\nc: *x\n";
        let root = parse(text).unwrap();
        let YamlContent::Mapping(entries) = &root.content else { panic!("{root:?}") };
        assert_eq!(entries[0].1.content, entries[1].1.content);
        assert_eq!(&text[entries[1].1.span.start..entries[1].1.span.end], "*x");
    }
}
