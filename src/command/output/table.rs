//! Tables with columns as wide as their widest cell.

use std::fmt;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::command::output::TextStyle;
use crate::finding::print::escape::escape_text;

#[derive(Debug, Clone, Default)]
pub(crate) struct Cell {
    text: String,
    is_number: bool,
    style: TextStyle,
}

impl Cell {
    /// A left-aligned text, truncated to `max_width` columns.
    pub(crate) fn text(text: &str, max_width: usize) -> Self {
        Self { text: truncate(&escape_text(text), max_width), ..Self::default() }
    }

    /// A right-aligned figure.
    pub(crate) fn number(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_number: true, ..Self::default() }
    }

    pub(crate) fn with_style(mut self, style: TextStyle) -> Self {
        self.style = style;
        self
    }
}

/// Rows of cells; the first is the heading.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) rows: Vec<Vec<Cell>>,
    pub(crate) colour: bool,
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| self.rows.iter().filter_map(|row| Some(row.get(column)?.text.width())).max();
        let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                let padding = " ".repeat(width - cell.text.width());
                let text = cell.style.paint(&cell.text, self.colour);
                let [left, right] = if cell.is_number { [padding, text] } else { [text, padding] };
                line.extend([left.as_str(), right.as_str(), "  "]);
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// `text` in at most `max_width` columns of a terminal, with an ellipsis if it is cut.
pub(crate) fn truncate(text: &str, max_width: usize) -> String {
    if text.width() <= max_width {
        return text.to_owned();
    }
    let mut width = 0;
    let fits = |letter: &char| {
        width += letter.width().unwrap_or(0);
        width < max_width
    };
    let kept: String = text.chars().take_while(fits).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
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

    #[test]
    fn styles_do_not_change_the_width_of_a_column() {
        let row = |name: &str, style| vec![Cell::text(name, 9).with_style(style), Cell::text("x", 1)];
        let rows = vec![row("Name", TextStyle::Heading), row("a", TextStyle::Plain)];
        let table = Table { rows, colour: true }.to_string();
        assert_eq!(table, "\u{1b}[1mName\u{1b}[0m  x\na     x\n");
    }

    #[test]
    fn rows_may_have_fewer_cells_than_the_heading() {
        let rows = vec![vec![Cell::text("A", 9), Cell::text("B", 9)], vec![Cell::text("wide", 9)]];
        assert_eq!(Table { rows, colour: false }.to_string(), "A     B\nwide\n");
    }

    #[test]
    fn only_a_text_that_is_too_wide_is_cut() {
        assert_eq!(truncate("exact", 5), "exact");
        assert_eq!(truncate("longer", 5), "long…");
        assert_eq!(truncate("two words", 5), "two…", "no space before the ellipsis");
    }
}
