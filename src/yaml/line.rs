//! Lines of a text that is not valid YAML, and their parts.

use std::ops::Range;

/// A line without its end, and its offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TextLine<'a> {
    pub(crate) start: usize,
    pub(crate) text: &'a str,
}

impl<'a> TextLine<'a> {
    /// The line that contains `offset`.
    pub(crate) fn at(text: &'a str, offset: usize) -> Self {
        let offset = text.floor_char_boundary(offset);
        let start = text[..offset].rfind('\n').map_or(0, |newline| newline + 1);
        let line = text[start..].split('\n').next().unwrap_or_default();
        Self { start, text: line.strip_suffix('\r').unwrap_or(line) }
    }

    /// The line after this one.
    pub(crate) fn next(self, text: &'a str) -> Option<Self> {
        let newline = text[self.end()..].find('\n')?;
        let start = self.end() + newline + 1;
        (start < text.len()).then(|| Self::at(text, start))
    }

    /// The line before this one.
    pub(crate) fn previous(self, text: &'a str) -> Option<Self> {
        self.start.checked_sub(1).map(|before| Self::at(text, before))
    }

    /// Offset of the end, before the line end.
    pub(crate) fn end(self) -> usize {
        self.start + self.text.len()
    }

    /// The number of leading spaces.
    pub(crate) fn column(self) -> usize {
        self.text.len() - self.text.trim_start_matches(' ').len()
    }

    /// The text without white space at both ends.
    pub(crate) fn trimmed(self) -> &'a str {
        self.text.trim()
    }

    /// Whether the line has neither a key nor a value.
    pub(crate) fn is_blank(self) -> bool {
        let text = self.trimmed();
        text.is_empty() || text.starts_with('#')
    }

    /// Range of the line without the leading white space, the markers `- ` and trailing white space.
    pub(crate) fn body(self) -> Range<usize> {
        let end = self.start + self.text.trim_end().len();
        let mut body = self.text.trim_start();
        while let Some(rest) = body.strip_prefix("- ") {
            body = rest.trim_start();
        }
        let start = self.start + self.text.len() - body.len();
        start.min(end)..end
    }

    /// Whether the line starts a list item.
    pub(crate) fn is_item(self) -> bool {
        self.trimmed() == "-" || self.trimmed().starts_with("- ")
    }

    /// The lines after this one that are indented more than `column`, and blank lines between them.
    pub(crate) fn deeper_lines(self, text: &'a str, column: usize) -> Vec<Self> {
        let mut lines = Vec::new();
        let mut next = self.next(text);
        while let Some(line) = next.filter(|line| line.trimmed().is_empty() || line.column() > column) {
            lines.push(line);
            next = line.next(text);
        }
        while lines.last().is_some_and(|line| line.trimmed().is_empty()) {
            lines.pop();
        }
        lines
    }

    /// The key of the mapping entry or list that contains the line, and its column.
    ///
    /// A list may have the column of its key.
    pub(crate) fn parent(self, text: &'a str) -> Option<(&'a str, usize)> {
        let (mut line, column) = (self, self.column());
        while let Some(previous) = line.previous(text) {
            line = previous;
            let key_column = line.body().start - line.start;
            let is_outer = line.column() < column || (self.is_item() && !line.is_item() && line.column() == column);
            if !line.is_blank() && is_outer && (key_column < column || self.is_item()) {
                let body = &text[line.body()];
                return body.strip_suffix(':').map(|key| (key, key_column));
            }
        }
        None
    }
}

/// A key and its value: byte ranges of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyValue {
    pub(crate) key: Range<usize>,
    /// Empty if the value is on the next lines.
    pub(crate) value: Range<usize>,
}

impl KeyValue {
    /// Splits the body of `line` at its first `: `, or at `:` at the end.
    pub(crate) fn of(line: TextLine<'_>) -> Option<Self> {
        let range = line.body();
        let body = &line.text[range.start - line.start..range.end - line.start];
        if let Some(colon) = quoted_key(body) {
            let rest = body[colon + 1..].trim_start();
            return Some(Self { key: range.start..range.start + colon, value: range.end - rest.len()..range.end });
        }
        if body.starts_with(['"', '\'', '[', '{', '#', '|', '>', '`', '@', '%', '*', '&', '!']) {
            return None;
        }
        let colon = body.find(": ").or_else(|| body.ends_with(':').then(|| body.len() - 1))?;
        let rest = body[colon + 1..].trim_start();
        let value_start = range.end - rest.len();
        Some(Self { key: range.start..range.start + body[..colon].trim_end().len(), value: value_start..range.end })
    }
}

/// The offset of the colon after a key in double quotes, as in JSON.
fn quoted_key(body: &str) -> Option<usize> {
    let colon = body.strip_prefix('"')?.find('"')? + 2;
    let is_key = body[colon..].starts_with(": ") || &body[colon..] == ":";
    is_key.then_some(colon)
}

/// Whether `text` looks like a key of the format: letters, digits, `_` and `-`.
pub(crate) fn is_word(text: &str) -> bool {
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    text.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_a_column_a_body_and_a_parent() {
        let text = "areas:\n  ml:\r\n    tasks:\n      - todo: A: b\n        due:\n\n    - x\n";
        let line = |part: &str| TextLine::at(text, text.find(part).unwrap());
        assert_eq!((line("ml").text, line("ml").column()), ("  ml:", 2));
        assert_eq!(&text[line("todo").body()], "todo: A: b");
        let entry = KeyValue::of(line("todo")).unwrap();
        assert_eq!((&text[entry.key], &text[entry.value]), ("todo", "A: b"));
        assert!(KeyValue::of(line("due")).unwrap().value.is_empty());
        assert_eq!(line("todo").parent(text), Some(("tasks", 4)));
        assert_eq!(line("- x").parent(text), Some(("tasks", 4)), "a list may have the column of its key");
        assert_eq!(line("areas").parent(text), None);
        assert_eq!(line("ml").next(text).map(|it| it.text), Some("    tasks:"));
        assert_eq!(line("- x").next(text), None);
        assert_eq!(line("tasks").deeper_lines(text, 4).len(), 2);
    }
}
