//! The files: what is served of each, and what is wrong with it.

use std::fmt;
use std::path::Path;

use crate::finding::{Finding, Severity};
use crate::http::page::project::more;
use crate::http::page::text::{Count, Escaped, Message};
use crate::snapshot::FileReport;
use crate::span::Position;

/// How many findings of a file are shown.
const MAX_FINDINGS: usize = 20;
/// How many missing paths are shown.
const MOST_MISSING: usize = 20;

/// A file's health and findings.
#[derive(Debug, Clone, Copy)]
pub struct File<'a>(pub &'a FileReport);

impl fmt::Display for File<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(file) = self;
        let (class, state) = match (file.up, &file.project) {
            (true, _) => ("good", "✓ served"),
            (false, Some(_)) => ("bad", "✕ last good content served"),
            (false, None) => ("bad", "✕ not served"),
        };
        write!(out, "<li><p class=\"file\"><code>{}</code>", Escaped(&file.path.to_string_lossy()))?;
        write!(out, " <span class=\"{class}\">{state}</span>")?;
        for severity in [Severity::Error, Severity::Warning] {
            let count = file.findings.iter().filter(|(finding, _)| finding.severity() == severity).count();
            if count > 0 {
                write!(out, " <span class=\"quiet\">{}</span>", Count(count, severity.name()))?;
            }
        }
        if let Some(loaded) = file.loaded_at {
            let (machine, people) = (loaded.strftime("%Y-%m-%dT%H:%M:%SZ"), loaded.strftime("%-d %b %Y, %H:%M UTC"));
            write!(out, " <span class=\"quiet\">loaded <time datetime=\"{machine}\">{people}</time></span>")?;
        }
        out.write_str("</p>")?;
        findings(out, file)?;
        out.write_str("</li>")
    }
}

/// Errors first; open where there are any, since they are what keeps the file from being served.
fn findings(out: &mut fmt::Formatter<'_>, file: &FileReport) -> fmt::Result {
    if file.findings.is_empty() {
        return Ok(());
    }
    let mut findings: Vec<&(Finding, Option<Position>)> = file.findings.iter().collect();
    findings.sort_by_key(|(finding, at)| (finding.severity() == Severity::Warning, *at));
    let open = if file.up { "" } else { " open" };
    write!(out, "<details{open}><summary>{}</summary><ul class=\"findings\">", Count(findings.len(), "finding"))?;
    for (finding, at) in findings.iter().take(MAX_FINDINGS) {
        let (class, sign) = match finding.severity() {
            Severity::Error => ("bad", "✕"),
            Severity::Warning => ("warn", "⚠"),
        };
        write!(out, "<li><span class=\"{class}\">{sign} {}</span> ", finding.severity().name())?;
        if let Some(at) = at {
            write!(out, "<span class=\"at\">{}:{}</span> ", at.line, at.column)?;
        }
        write!(out, "<span class=\"message\">{}", Message(&finding.message))?;
        if let Some(help) = &finding.help {
            write!(out, "<span class=\"help\">{}</span>", Message(help))?;
        }
        out.write_str("</span></li>")?;
    }
    out.write_str("</ul>")?;
    more(out, findings.len(), MAX_FINDINGS, "finding")?;
    out.write_str("</details>")
}

/// The paths of the command line where there is nothing yet.
#[derive(Debug, Clone, Copy)]
pub struct Missing<'a>(pub &'a [&'a Path]);

impl fmt::Display for Missing<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for path in self.0.iter().take(MOST_MISSING) {
            write!(out, "<li><p class=\"file\"><code>{}</code>", Escaped(&path.to_string_lossy()))?;
            out.write_str(
                " <span class=\"bad\">✕ nothing there</span> <span class=\"quiet\">waited for</span></p></li>",
            )?;
        }
        if self.0.len() > MOST_MISSING {
            out.write_str("<li>")?;
            more(out, self.0.len(), MOST_MISSING, "missing path")?;
            out.write_str("</li>")?;
        }
        Ok(())
    }
}
