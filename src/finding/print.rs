//! Printing of findings: for terminals, as JSON, and for GitHub Actions.

pub(crate) mod escape;
pub(crate) mod location;
mod github;
mod human;
mod json;

use std::fmt;
use std::io::{self, Write};
use std::path::Path;

use crate::finding::{Finding, Severity};

/// Output format of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum ReportFormat {
    /// Text with the source line.
    #[default]
    Human,
    /// One JSON document.
    Json,
    /// Workflow commands of GitHub Actions.
    Github,
}

/// The findings of one file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Report<'a> {
    pub(crate) path: &'a Path,
    /// The text; `None` if the file could not be read.
    pub(crate) text: Option<&'a str>,
    /// The findings in any order.
    pub(crate) findings: &'a [Finding],
}

/// Numbers of files and findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    /// Number of files, including those without findings.
    pub(crate) files: usize,
    pub(crate) errors: usize,
    pub(crate) warnings: usize,
}

impl Counts {
    /// The number of findings with at least this severity.
    #[must_use]
    pub(crate) fn at_least(&self, severity: Severity) -> usize {
        match severity {
            Severity::Error => self.errors,
            Severity::Warning => self.errors + self.warnings,
        }
    }
}

/// As in `2 errors and 1 warning in 3 files`.
impl fmt::Display for Counts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files = count(self.files, "file");
        let (errors, warnings) = (count(self.errors, "error"), count(self.warnings, "warning"));
        match (self.errors, self.warnings) {
            (0, 0) => write!(out, "{files}, no findings"),
            (_, 0) => write!(out, "{errors} in {files}"),
            (0, _) => write!(out, "{warnings} in {files}"),
            _ => write!(out, "{errors} and {warnings} in {files}"),
        }
    }
}

fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// Prints the findings of one file after the other.
pub(crate) struct Printer<'a> {
    out: &'a mut dyn Write,
    format: ReportFormat,
    renderer: human::HumanRenderer,
    counts: Counts,
    /// The printed files, for the end of the JSON document.
    files: Vec<String>,
}

impl<'a> Printer<'a> {
    /// A printer to `out`. `colour` only affects [`ReportFormat::Human`].
    pub(crate) fn new(out: &'a mut dyn Write, format: ReportFormat, colour: bool) -> Self {
        Self { out, format, renderer: human::HumanRenderer::new(colour), counts: Counts::default(), files: Vec::new() }
    }

    /// Prints the findings of one file, sorted by location and kind.
    pub(crate) fn report(&mut self, report: &Report<'_>) -> io::Result<()> {
        let path = report.path.display().to_string();
        for located in location::sort_by_location(report.text, report.findings) {
            match self.format {
                ReportFormat::Human => {
                    writeln!(self.out, "{}\n", self.renderer.render(&path, report.text, &located))?;
                }
                ReportFormat::Json => {
                    let opening = if self.counts.at_least(Severity::Warning) == 0 { OPENING } else { ",\n" };
                    write!(self.out, "{opening}{}", json::object(&path, &located)?)?;
                }
                ReportFormat::Github => writeln!(self.out, "{}", github::command(&path, &located))?,
            }
            match located.finding.severity() {
                Severity::Error => self.counts.errors += 1,
                Severity::Warning => self.counts.warnings += 1,
            }
        }
        self.counts.files += 1;
        if self.format == ReportFormat::Json {
            self.files.push(path);
        }
        Ok(())
    }

    /// Prints the end of the output and returns the numbers of findings.
    pub(crate) fn finish(self) -> io::Result<Counts> {
        let Counts { errors, warnings, .. } = self.counts;
        if self.format == ReportFormat::Json {
            let opening = if errors + warnings == 0 { OPENING } else { "\n" };
            let files = serde_json::to_string(&self.files)?;
            let files = escape::escape_json(&files);
            writeln!(self.out, "{opening}],\"files\":{files},\"errors\":{errors},\"warnings\":{warnings}}}")?;
        } else {
            writeln!(self.out, "{}", self.counts)?;
        }
        self.out.flush()?;
        Ok(self.counts)
    }
}

/// Start of the JSON document. Each finding follows on its own line.
const OPENING: &str = "{\"findings\":[\n";

#[cfg(test)]
mod tests;
