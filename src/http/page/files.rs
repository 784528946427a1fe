//! The state and findings of each file.

use std::path::Path;

use jiff::Timestamp;
use maud::{Markup, html};

use crate::finding::{Finding, Severity};
use crate::http::page::text::{count, message, not_shown};
use crate::snapshot::FileReport;
use crate::span::Position;

/// Maximum number of findings shown per file.
const MAX_FINDINGS: usize = 20;
/// Maximum number of missing paths shown.
const MAX_MISSING: usize = 20;

/// A list entry with the file's state and findings.
pub(crate) fn file_entry(file: &FileReport) -> Markup {
    let (class, state) = match (file.up, &file.project) {
        (true, _) => ("good", "✓ served"),
        (false, Some(_)) => ("bad", "✕ last good content served"),
        (false, None) => ("bad", "✕ not served"),
    };
    let severities = [Severity::Error, Severity::Warning]
        .map(|severity| (severity, file.findings.iter().filter(|(finding, _)| finding.severity() == severity).count()));
    html! {
        li {
            p.file {
                code { (file.path.display()) }
                " " span class=(class) { (state) }
                @for (severity, number) in severities.into_iter().filter(|(_, number)| *number > 0) {
                    " " span.quiet { (count(number, severity.name())) }
                }
                @if let Some(loaded_at) = file.loaded_at { " " span.quiet { "loaded " (time(loaded_at)) } }
            }
            @if !file.findings.is_empty() { (findings(file)) }
        }
    }
}

fn time(time: Timestamp) -> Markup {
    html! { time datetime=(time.strftime("%Y-%m-%dT%H:%M:%SZ")) { (time.strftime("%-d %b %Y, %H:%M UTC")) } }
}

/// Errors first. Expanded if the file is not served.
fn findings(file: &FileReport) -> Markup {
    let mut findings: Vec<&(Finding, Option<Position>)> = file.findings.iter().collect();
    findings.sort_by_key(|(finding, at)| (finding.severity() == Severity::Warning, *at));
    html! {
        details open[!file.up] {
            summary { (count(findings.len(), "finding")) }
            ul.findings {
                @for (finding, at) in findings.iter().take(MAX_FINDINGS) { (finding_entry(finding, *at)) }
            }
            (not_shown(findings.len(), MAX_FINDINGS, "finding"))
        }
    }
}

fn finding_entry(finding: &Finding, at: Option<Position>) -> Markup {
    let (class, sign) = match finding.severity() {
        Severity::Error => ("bad", "✕"),
        Severity::Warning => ("warn", "⚠"),
    };
    html! {
        li {
            span class=(class) { (sign) " " (finding.severity().name()) } " "
            @if let Some(at) = at { span.at { (at.line) ":" (at.column) } " " }
            span.message {
                (message(&finding.message))
                @if let Some(help) = &finding.help { span.help { (message(help)) } }
            }
        }
    }
}

/// List entries of the command line's paths that do not exist.
pub(crate) fn missing_entries(paths: &[&Path]) -> Markup {
    html! {
        @for path in paths.iter().take(MAX_MISSING) {
            li {
                p.file {
                    code { (path.display()) }
                    " " span.bad { "✕ not found" } " " span.quiet { "loaded when it is created" }
                }
            }
        }
        @if paths.len() > MAX_MISSING { li { (not_shown(paths.len(), MAX_MISSING, "missing path")) } }
    }
}
