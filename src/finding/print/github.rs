//! Findings as workflow commands of GitHub Actions, which annotate the lines of a pull request.
//!
//! Source: "Workflow commands for GitHub Actions" and the source of the runner: columns are only valid
//! if the finding starts and ends on the same line, and `endColumn` is exclusive.

use std::fmt::Write as _;

use crate::finding::print::escape::escape_text;
use crate::finding::print::location::LocatedFinding;

/// The finding as a workflow command, on one line.
#[must_use]
pub(crate) fn command(path: &str, located: &LocatedFinding<'_>) -> String {
    let finding = located.finding;
    // GitHub identifies a file by its path in the repository, without `./`.
    let file = escape_text(path.strip_prefix("./").unwrap_or(path));
    let mut command = format!("::{} file={}", finding.severity().name(), property(&file));
    if let Some(location) = located.location {
        let (start, end) = (location.start, location.end);
        if start.line == end.line {
            let (line, from, to) = (start.line, start.column, end.column);
            let _ = write!(command, ",line={line},col={from},endLine={line},endColumn={to}");
        } else {
            let _ = write!(command, ",line={},endLine={}", start.line, end.line);
        }
    }
    let message = match &finding.help {
        Some(help) => format!("{}\nhelp: {}", escape_text(&finding.message), escape_text(help)),
        None => escape_text(&finding.message).into_owned(),
    };
    let _ = write!(command, ",title={}::{}", property(finding.kind.name()), data(&message));
    command
}

/// Escapes the text after `::`, which ends at a line end.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a value before `::`, which ends at a comma or a colon.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_end_the_command() {
        assert_eq!(data("50% a:b,c\r\n::error::x"), "50%25 a:b,c%0D%0A::error::x");
        assert_eq!(property("a,b::c%3A\n"), "a%2Cb%3A%3Ac%253A%0A");
    }
}
