//! Findings as JSON.

use serde::Serialize;

use crate::finding::print::escape::escape_json;
use crate::finding::print::location::LocatedFinding;

/// A finding in the JSON document. All keys are always present; unknown values are `null`.
#[derive(Debug, Serialize)]
struct JsonFinding<'a> {
    file: &'a str,
    kind: &'static str,
    severity: &'static str,
    message: &'a str,
    help: Option<&'a str>,
    path: String,
    line: Option<usize>,
    column: Option<usize>,
    end_line: Option<usize>,
    end_column: Option<usize>,
}

/// The finding as a JSON object, on one line.
pub(crate) fn object(file: &str, located: &LocatedFinding<'_>) -> serde_json::Result<String> {
    let finding = located.finding;
    let (start, end) = (located.location.map(|location| location.start), located.location.map(|location| location.end));
    let entry = JsonFinding {
        file,
        kind: finding.kind.name(),
        severity: finding.severity().name(),
        message: &finding.message,
        help: finding.help.as_deref(),
        path: finding.at.to_string(),
        line: start.map(|it| it.line),
        column: start.map(|it| it.column),
        end_line: end.map(|it| it.line),
        end_column: end.map(|it| it.column),
    };
    serde_json::to_string(&entry).map(|json| escape_json(&json).into_owned())
}
