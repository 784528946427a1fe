//! Tables for people, in columns that are as wide as what stands in them.

use std::fmt;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::command::output::Tone;
use crate::finding::print::escape::visible;

/// What a cell says, and how.
#[derive(Debug, Clone, Default)]
pub struct Cell {
    text: String,
    is_number: bool,
    tone: Tone,
}

impl Cell {
    /// A text that begins at the left edge of its column; at most `most` columns of it are shown.
    #[must_use]
    pub fn text(text: &str, most: usize) -> Self {
        Self { text: shortened(&visible(text), most), ..Self::default() }
    }

    /// A figure that ends at the right edge of its column.
    #[must_use]
    pub fn number(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_number: true, ..Self::default() }
    }

    /// The cell in another tone.
    #[must_use]
    pub fn toned(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }
}

/// Rows of cells; the first is the heading.
#[derive(Debug, Clone)]
pub struct Table {
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
    /// Whether people get colours.
    pub colour: bool,
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| self.rows.iter().filter_map(|row| Some(row.get(column)?.text.width())).max();
        let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                let gap = " ".repeat(width - cell.text.width());
                let text = cell.tone.paint(&cell.text, self.colour);
                let [left, right] = if cell.is_number { [gap, text] } else { [text, gap] };
                line.extend([left.as_str(), right.as_str(), "  "]);
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// `text` in at most `most` columns, with an ellipsis if it is cut.
#[must_use]
pub fn shortened(text: &str, most: usize) -> String {
    if text.width() <= most {
        return text.to_owned();
    }
    let mut width = 0;
    let fits = |letter: &char| {
        width += letter.width().unwrap_or(0);
        width < most
    };
    let kept: String = text.chars().take_while(fits).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_they_show() {
        let row = |name: &str, days: &str| vec![Cell::text(name, 9), Cell::number(days)];
        let rows =
            vec![row("Name", "Days"), row("naïve", "3"), row("日本語のテキスト", "12.5"), row("a\u{202e}b", "1")];
        let table = Table { rows, colour: false }.to_string();
        insta::assert_snapshot!(table, @r"
        Name       Days
        naïve         3
        日本語の…  12.5
        a\u{202e…     1
        ");
    }
}
