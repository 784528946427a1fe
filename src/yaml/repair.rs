//! A text with edits, and the location in the original text of each location in the edited one.

use std::ops::Range;

use crate::span::Span;

/// Replacement of a byte range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TextEdit {
    pub(crate) range: Range<usize>,
    pub(crate) with: String,
}

impl TextEdit {
    pub(crate) fn new(range: Range<usize>, with: impl Into<String>) -> Self {
        Self { range, with: with.into() }
    }

    /// Replaces the range with spaces, one per byte.
    pub(crate) fn blank(range: Range<usize>) -> Self {
        let spaces = " ".repeat(range.len());
        Self::new(range, spaces)
    }
}

/// A part of the edited text, up to the next part.
#[derive(Debug, Clone, Copy)]
struct MappedPart {
    /// Start in the edited text.
    edited: usize,
    /// Start in the original text.
    original: usize,
    /// Number of bytes of the original text.
    length: usize,
}

/// A text with edits.
#[derive(Debug)]
pub(crate) struct RepairedText {
    text: String,
    parts: Vec<MappedPart>,
}

impl RepairedText {
    pub(crate) fn new(text: &str) -> Self {
        let whole = MappedPart { edited: 0, original: 0, length: text.len() };
        Self { text: text.to_owned(), parts: vec![whole] }
    }

    /// The text with the edits.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether nothing was edited.
    pub(crate) fn is_original(&self) -> bool {
        self.parts.len() == 1
    }

    /// Makes edits that do not overlap. Their ranges refer to the text before the edits.
    pub(crate) fn apply(&mut self, mut edits: Vec<TextEdit>) {
        edits.sort_by_key(|edit| std::cmp::Reverse(edit.range.start));
        for TextEdit { range, with } in edits {
            let (start, end) = (self.original(range.start), self.original(range.end));
            let first = self.parts.partition_point(|part| part.edited < range.start);
            let last = self.parts.partition_point(|part| part.edited <= range.end);
            let rest = self.parts[last - 1];
            let remaining = (rest.original + rest.length).saturating_sub(end);
            let new_end = range.start + with.len();
            let replaced = MappedPart { edited: range.start, original: start, length: end - start };
            let after = MappedPart { edited: new_end, original: end, length: remaining };
            for part in &mut self.parts[last..] {
                part.edited = part.edited - range.end + new_end;
            }
            if let Some(before) = first.checked_sub(1).map(|index| &mut self.parts[index]) {
                before.length = before.length.min(start - before.original.min(start));
            }
            self.parts.splice(first..last, [replaced, after]);
            self.text.replace_range(range, &with);
        }
    }

    /// The offset in the original text.
    pub(crate) fn original(&self, edited: usize) -> usize {
        let after = self.parts.partition_point(|part| part.edited <= edited);
        // If two parts start at the offset, the first is empty.
        let part = self.parts[after.max(1) - 1];
        part.original + (edited - part.edited).min(part.length)
    }

    pub(crate) fn original_span(&self, span: Span) -> Span {
        Span { start: self.original(span.start), end: self.original(span.end) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_those_of_the_original_text() {
        let mut text = RepairedText::new("a: @b\nc: @d\n");
        assert!(text.is_original());
        text.apply(vec![TextEdit::new(9..11, "'@d'"), TextEdit::new(3..5, "'@b'")]);
        assert_eq!(text.as_str(), "a: '@b'\nc: '@d'\n");
        let original = |part: &str| text.original(text.as_str().find(part).unwrap());
        assert_eq!((original("'@b'"), original("\nc"), original("c:"), original("'@d'")), (3, 5, 6, 9));
        assert_eq!(text.original(text.as_str().len()), 12);
        assert_eq!(text.original_span(Span { start: 3, end: 7 }), Span { start: 3, end: 5 });
    }

    #[test]
    fn an_edit_can_replace_earlier_edits() {
        let mut text = RepairedText::new("one two three\n");
        text.apply(vec![TextEdit::new(4..7, "'two'")]);
        text.apply(vec![TextEdit::new(0..0, "  ")]);
        assert_eq!((text.as_str(), text.original(2), text.original(6)), ("  one 'two' three\n", 0, 4));
        text.apply(vec![TextEdit::blank(2..11)]);
        assert_eq!(text.as_str(), "            three\n");
        assert_eq!((text.original(12), text.original(11), text.original(2)), (8, 7, 0));
    }
}
