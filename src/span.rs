//! Locations in a text: byte ranges, lines and columns.

/// A byte range of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset after the last byte.
    pub end: usize,
}

impl Span {
    /// The span without parts of characters: a repaired text has quotes within it.
    #[must_use]
    pub(crate) fn of_characters(self, text: &str) -> Self {
        let start = text.floor_char_boundary(self.start);
        Self { start, end: text.ceil_char_boundary(self.end).max(start) }
    }
}

/// Line and column, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Column in characters, as in editors.
    pub column: usize,
}

impl Position {
    /// The position of the byte at `offset` in `text`. An offset after the end is the end.
    #[must_use]
    pub fn of(text: &str, offset: usize) -> Self {
        let mut end = offset.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let before = &text[..end];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.bytes().filter(|&byte| byte == b'\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let text = "a: é!\nb: 2\n";
        assert_eq!(Position::of(text, 0), Position { line: 1, column: 1 });
        assert_eq!(Position::of(text, 5), Position { line: 1, column: 5 });
        assert_eq!(Position::of(text, 4), Position { line: 1, column: 4 });
        assert_eq!(Position::of(text, 10), Position { line: 2, column: 4 });
        assert_eq!(Position::of(text, 999), Position { line: 3, column: 1 });
    }
}
