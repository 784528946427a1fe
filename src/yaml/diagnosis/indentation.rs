//! Errors of indentation: tabs, no-break spaces, and columns that match no other line.

use crate::yaml::diagnosis::Diagnosis;
use crate::yaml::line::TextLine;
use crate::yaml::repair::TextEdit;

/// Spaces for a tab if no other line shows the width.
const TAB_WIDTH: usize = 2;

/// Maximum number of lines that are repaired together.
const MAX_LINES: usize = 200;

/// A line with tabs or invisible characters in its indentation, and the lines after it that have them too.
#[must_use]
pub(super) fn invisible(text: &str, line: TextLine<'_>) -> Option<Diagnosis> {
    let letter = first_invisible(line)?;
    let start = line.start + line.text.find(letter)?;
    let name = match letter {
        '\t' => "a tab".to_owned(),
        '\u{a0}' => "a no-break space (U+00A0)".to_owned(),
        _ => format!("an invisible character (U+{:04X})", u32::from(letter)),
    };
    let mut edits = Vec::new();
    let mut level = open_columns(text, line);
    let mut next = Some(line);
    while let Some(line) = next.filter(|_| edits.len() < MAX_LINES).filter(|line| first_invisible(*line).is_some()) {
        let indent = indent_of(line);
        let width: usize = indent
            .chars()
            .map(|letter| if letter == '\t' { TAB_WIDTH } else { usize::from(!is_zero_width(letter)) })
            .sum();
        let column = nearest_column(&level, width).unwrap_or(width);
        edits.push(TextEdit::new(line.start..line.start + indent.len(), " ".repeat(column)));
        level.enter(&line.text[indent.len()..], column);
        next = line.next(text);
    }
    let diagnosis = Diagnosis::new(start, start + letter.len_utf8(), format!("the line is indented with {name}"));
    Some(diagnosis.help("indent with spaces").edits(edits))
}

/// A line whose column is that of no open mapping or list.
#[must_use]
pub(super) fn diagnose(text: &str, line: TextLine<'_>) -> Option<Diagnosis> {
    let columns = open_columns(text, line);
    let column = line.column();
    if line.is_blank() || columns.of(line.is_item()).contains(&column) {
        return None;
    }
    let expected = nearest_column(&columns.only(line.is_item()), column)?;
    let spaces = if expected == 1 { "1 space".to_owned() } else { format!("{expected} spaces") };
    let start = line.start + column;
    let what = if line.is_item() { "list items" } else { "keys" };
    let message = format!("the line is not aligned with the other {what}");
    let found = if column == 1 { "1".to_owned() } else { column.to_string() };
    let diagnosis = Diagnosis::new(start, line.start + line.text.trim_end().len(), message);
    let moved = std::iter::once(line).chain(line.deeper_lines(text, column)).filter(|line| !line.trimmed().is_empty());
    let edits = moved.map(|line| {
        let indent = (line.column() + expected).saturating_sub(column);
        TextEdit::new(line.start..line.start + line.column(), " ".repeat(indent))
    });
    Some(diagnosis.help(format!("indent the line with {spaces} instead of {found}")).edits(edits.collect::<Vec<_>>()))
}

/// Columns at which the next line may start.
#[derive(Debug, Default)]
struct OpenColumns {
    keys: Vec<usize>,
    items: Vec<usize>,
}

impl OpenColumns {
    fn of(&self, is_item: bool) -> &[usize] {
        if is_item { &self.items } else { &self.keys }
    }

    fn only(&self, is_item: bool) -> Self {
        if is_item {
            Self { keys: Vec::new(), items: self.items.clone() }
        } else {
            Self { keys: self.keys.clone(), items: Vec::new() }
        }
    }

    /// Adds the columns that a line with this text opens.
    fn enter(&mut self, text: &str, column: usize) {
        self.keys.retain(|key| *key <= column);
        self.items.retain(|item| *item <= column);
        let body = text.trim_start_matches("- ").trim_start();
        let key_column = column + text.len() - body.len();
        if key_column > column {
            self.items.push(column);
        }
        self.keys.push(key_column);
        if text.trim_end().ends_with(':') {
            self.keys.push(key_column + 2);
            self.items.extend([key_column, key_column + 2]);
        }
    }
}

/// The columns of the mappings and lists that are open before `line`.
fn open_columns(text: &str, line: TextLine<'_>) -> OpenColumns {
    let mut columns = OpenColumns::default();
    let (mut limit, mut is_first) = (usize::MAX, true);
    let mut previous = line.previous(text);
    while let Some(line) = previous.filter(|_| limit > 0) {
        previous = line.previous(text);
        if line.is_blank() || line.column() >= limit {
            continue;
        }
        let (column, body) = (line.column(), line.body());
        let key_column = body.start - line.start;
        if line.is_item() {
            columns.items.push(column);
        }
        if key_column < limit && text[body.clone()].contains(':') {
            columns.keys.push(key_column);
        }
        if is_first && text[body].ends_with(':') {
            columns.keys.push(key_column + 2);
            columns.items.extend([key_column, key_column + 2]);
        }
        (limit, is_first) = (column, false);
    }
    columns
}

/// The open column nearest to `column`; of two, the larger one.
fn nearest_column(columns: &OpenColumns, column: usize) -> Option<usize> {
    let all = columns.keys.iter().chain(&columns.items).copied();
    all.min_by_key(|it| (it.abs_diff(column), std::cmp::Reverse(*it)))
}

fn indent_of(line: TextLine<'_>) -> &str {
    let body = line.text.trim_start_matches(|letter: char| letter.is_whitespace() || is_zero_width(letter));
    &line.text[..line.text.len() - body.len()]
}

fn first_invisible(line: TextLine<'_>) -> Option<char> {
    if line.trimmed().is_empty() {
        return None;
    }
    indent_of(line).chars().find(|letter| *letter != ' ')
}

fn is_zero_width(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}
