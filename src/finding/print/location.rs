//! Findings in the order of the file, each with its line and column.

use memchr::memchr_iter;

use crate::finding::Finding;
use crate::span::{Position, Span};

/// A finding and where it stands.
#[derive(Debug, Clone, Copy)]
pub struct LocatedFinding<'a> {
    /// The finding.
    pub finding: &'a Finding,
    /// Its location; `None` when it is about the file as a whole, or there is no text.
    pub location: Option<Location>,
}

/// A location in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Location {
    /// The bytes: within the text, at borders of characters, without white space at the end.
    pub span: Span,
    /// Where it begins.
    pub start: Position,
    /// The position after its last character.
    pub end: Position,
}

/// `findings` by location, then by kind; those about the file as a whole come first.
///
/// The text is walked through once, however many findings there are.
#[must_use]
pub fn sort_by_location<'a>(text: Option<&str>, findings: &'a [Finding]) -> Vec<LocatedFinding<'a>> {
    let mut located: Vec<_> = findings.iter().map(|finding| LocatedFinding { finding, location: None }).collect();
    if let Some(text) = text {
        let mut cursor = Cursor { text, offset: 0, position: Position { line: 1, column: 1 } };
        let spans: Vec<_> = findings.iter().map(|it| it.span.map(|span| within(text, span))).collect();
        let mut offsets: Vec<_> = spans.iter().flatten().flat_map(|span| [span.start, span.end]).collect();
        offsets.sort_unstable();
        let positions: Vec<_> = offsets.iter().map(|&offset| cursor.advance(offset)).collect();
        let position = |offset| positions[offsets.partition_point(|&other| other < offset)];
        for (it, span) in located.iter_mut().zip(spans) {
            it.location = span.map(|span| Location { span, start: position(span.start), end: position(span.end) });
        }
    }
    located.sort_by_key(|it| (it.location.map(|location| location.span.start), it.finding.kind));
    located
}

/// The part of `span` that can be shown: of a block that ends with its last line, not the line after it.
fn within(text: &str, span: Span) -> Span {
    let start = text.floor_char_boundary(span.start);
    let end = text.ceil_char_boundary(span.end).max(start);
    Span { start, end: start + text[start..end].trim_end().len() }
}

/// Counts lines and columns from one offset on to the next, so that nothing is counted twice.
struct Cursor<'a> {
    text: &'a str,
    offset: usize,
    position: Position,
}

impl Cursor<'_> {
    /// The position of `offset`, which isn't before the last one.
    fn advance(&mut self, offset: usize) -> Position {
        let passed = &self.text[self.offset..offset];
        self.offset = offset;
        if let Some(newline) = passed.rfind('\n') {
            self.position.line += memchr_iter(b'\n', passed.as_bytes()).count();
            self.position.column = passed[newline + 1..].chars().count() + 1;
        } else {
            self.position.column += passed.chars().count();
        }
        self.position
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop};
    use proptest::{prop_assert, prop_assert_eq, proptest};

    use super::*;
    use crate::finding::{Kind, NodePath};

    fn finding(kind: Kind, start: usize, end: usize) -> Finding {
        Finding::new(kind, NodePath::root(), "x").span(Span { start, end })
    }

    #[test]
    fn by_place_then_by_kind_and_the_whole_file_first() {
        let whole = Finding::new(Kind::Unreadable, NodePath::root(), "x");
        let findings =
            [finding(Kind::CommentInText, 3, 4), finding(Kind::UnknownKey, 3, 5), finding(Kind::BadValue, 0, 1), whole];
        let kinds = |text| sort_by_location(text, &findings).iter().map(|it| it.finding.kind).collect::<Vec<_>>();
        let expected = [Kind::Unreadable, Kind::BadValue, Kind::UnknownKey, Kind::CommentInText];
        assert_eq!(kinds(Some("a\nbcd\n")), expected);
        assert!(sort_by_location(None, &findings).iter().all(|it| it.location.is_none()));
    }

    #[test]
    fn a_block_ends_with_its_own_last_line() {
        let findings = [finding(Kind::WrongType, 3, 13)];
        let location = sort_by_location(Some("a:\n  b: 1\n  \nc: 2"), &findings)[0].location.unwrap();
        assert_eq!((location.start, location.end), (Position { line: 2, column: 1 }, Position { line: 2, column: 7 }));
    }

    proptest! {
        #[test]
        fn positions_are_those_of_the_slow_way(
            text in "[a\u{e9}\u{1f600}\n ]{0,40}",
            spans in prop::collection::vec((any::<u8>(), any::<u8>()), 0..20),
        ) {
            let findings: Vec<_> = spans
                .iter()
                .map(|&(start, end)| finding(Kind::Syntax, usize::from(start) % 200, usize::from(end) % 200))
                .collect();
            let located = sort_by_location(Some(&text), &findings);
            prop_assert_eq!(located.len(), findings.len());
            for location in located.iter().filter_map(|it| it.location) {
                prop_assert!(text.get(location.span.start..location.span.end).is_some());
                prop_assert_eq!(location.start, Position::of(&text, location.span.start));
                prop_assert_eq!(location.end, Position::of(&text, location.span.end));
            }
        }
    }
}
