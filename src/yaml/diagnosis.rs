//! Causes of syntax errors: from the place where the parser stopped to a message, a fix, and an edit that
//! lets the parser continue.

mod indentation;
mod value;
mod line;

use crate::span::Span;
use crate::yaml::line::TextLine;
use crate::yaml::repair::TextEdit;

/// The cause of a syntax error. Offsets are those of the text that was parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Diagnosis {
    pub(crate) span: Span,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
    /// Edits after which the parser can continue.
    pub(crate) edits: Vec<TextEdit>,
}

impl Diagnosis {
    fn new(start: usize, end: usize, message: impl Into<String>) -> Self {
        let span = Span { start, end };
        Self { span, message: message.into(), help: None, edits: Vec::new() }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    fn edit(mut self, start: usize, end: usize, with: impl Into<String>) -> Self {
        self.edits.push(TextEdit::new(start..end, with));
        self
    }

    fn edits(mut self, edits: impl IntoIterator<Item = TextEdit>) -> Self {
        self.edits.extend(edits);
        self
    }
}

/// The cause of the error at `offset`, after the last node that the parser could read, which starts at `last`.
#[must_use]
pub(crate) fn diagnose(text: &str, last: usize, offset: usize, message: &str) -> Option<Diagnosis> {
    /// The cause is near the last node. A bracket that is never closed can be far from the error.
    const MAX_LINES: usize = 20;
    let end = if message.contains("tab") {
        TextLine::at(text, offset).next(text).map_or(offset, TextLine::end)
    } else {
        offset
    };
    let mut next = Some(TextLine::at(text, last));
    for _ in 0..MAX_LINES {
        let Some(line) = next.filter(|line| line.start <= end) else { break };
        if let Some(diagnosis) = line::diagnose(text, line) {
            return Some(diagnosis);
        }
        next = line.next(text);
    }
    let line = TextLine::at(text, offset);
    line::diagnose(text, line).or_else(|| indentation::diagnose(text, line))
}

/// The cause of an error that only shows in the tree: a key that starts with a space that is not of ASCII.
#[must_use]
pub(crate) fn diagnose_key(text: &str, offset: usize) -> Option<Diagnosis> {
    indentation::invisible(text, TextLine::at(text, offset))
}

/// Removes the line at `offset` and the lines that belong to it.
#[must_use]
pub(crate) fn remove_line(text: &str, offset: usize) -> Vec<TextEdit> {
    let line = TextLine::at(text, offset);
    let deeper = if line.is_blank() { Vec::new() } else { line.deeper_lines(text, line.column()) };
    std::iter::once(line).chain(deeper).map(|line| TextEdit::blank(line.start..line.end())).collect()
}
