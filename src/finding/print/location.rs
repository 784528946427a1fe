//! Lines and columns of findings.

use memchr::memchr_iter;

use crate::finding::Finding;
use crate::span::{Position, Span};

/// A finding and its location.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LocatedFinding<'a> {
    pub(crate) finding: &'a Finding,
    /// The location; `None` for a finding about the whole file, or without the text.
    pub(crate) location: Option<Location>,
}

/// A location in the text of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Location {
    /// The byte range, at character boundaries and without trailing white space.
    pub(crate) span: Span,
    /// Position of the first character.
    pub(crate) start: Position,
    /// Position after the last character.
    pub(crate) end: Position,
}

/// The findings sorted by location and kind. Those about the whole file are first.
///
/// The text is read once, independent of the number of findings.
#[must_use]
pub(crate) fn sort_by_location<'a>(text: Option<&str>, findings: &'a [Finding]) -> Vec<LocatedFinding<'a>> {
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

/// `span` at character boundaries and without trailing white space.
fn within(text: &str, span: Span) -> Span {
    let Span { start, end } = span.of_characters(text);
    Span { start, end: start + text[start..end].trim_end().len() }
}

/// Counts lines and columns from one offset to the next, so that each byte is read once.
struct Cursor<'a> {
    text: &'a str,
    offset: usize,
    position: Position,
}

impl Cursor<'_> {
    /// The position of `offset`, which must not be before the previous one.
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
    fn findings_are_sorted_by_location_and_kind() {
        let whole = Finding::new(Kind::Unreadable, NodePath::root(), "x");
        let findings =
            [finding(Kind::CommentInText, 3, 4), finding(Kind::UnknownKey, 3, 5), finding(Kind::BadValue, 0, 1), whole];
        let kinds = |text| sort_by_location(text, &findings).iter().map(|it| it.finding.kind).collect::<Vec<_>>();
        let expected = [Kind::Unreadable, Kind::BadValue, Kind::UnknownKey, Kind::CommentInText];
        assert_eq!(kinds(Some("a\nbcd\n")), expected);
        assert!(sort_by_location(None, &findings).iter().all(|it| it.location.is_none()));
    }

    #[test]
    fn a_block_ends_with_its_last_line() {
        let findings = [finding(Kind::WrongType, 3, 13)];
        let location = sort_by_location(Some("a:\n  b: 1\n  \nc: 2"), &findings)[0].location.unwrap();
        assert_eq!((location.start, location.end), (Position { line: 2, column: 1 }, Position { line: 2, column: 7 }));
    }

    proptest! {
        #[test]
        fn positions_match_the_quadratic_calculation(
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
