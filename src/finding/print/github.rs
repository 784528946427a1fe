//! A finding as GitHub Actions reads it: a workflow command that puts it beside the changed line.
//!
//! Source: GitHub's "Workflow commands for GitHub Actions", and the runner's own rules: columns are
//! allowed only where a finding begins and ends on one line, and `endColumn` isn't part of it.

use std::fmt::Write as _;

use crate::finding::print::escape::visible;
use crate::finding::print::location::LocatedFinding;

/// The finding as a workflow command, on one line.
#[must_use]
pub fn command(path: &str, located: &LocatedFinding<'_>) -> String {
    let finding = located.finding;
    // GitHub knows files by their path within the repository, without `./`.
    let file = visible(path.strip_prefix("./").unwrap_or(path));
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
        Some(help) => format!("{}\nhelp: {}", visible(&finding.message), visible(help)),
        None => visible(&finding.message).into_owned(),
    };
    let _ = write!(command, ",title={}::{}", property(finding.kind.name()), data(&message));
    command
}

/// What follows `::`: it ends at a line end.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A value before `::`: it also ends at a comma, and a colon could begin the `::`.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_ends_the_command() {
        assert_eq!(data("50% a:b,c\r\n::error::x"), "50%25 a:b,c%0D%0A::error::x");
        assert_eq!(property("a,b::c%3A\n"), "a%2Cb%3A%3Ac%253A%0A");
    }
}
