//! Findings as people, programs and GitHub read them.

pub mod escape;
pub mod location;
pub mod github;
pub mod human;
pub mod json;

use std::fmt;
use std::io::{self, Write};
use std::path::Path;

use crate::finding::{Finding, Severity};

/// For whom findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReportFormat {
    /// For people: drawn under the source line.
    #[default]
    Human,
    /// For programs: one JSON document.
    Json,
    /// For GitHub Actions: annotations of the changed lines.
    Github,
}

/// What there is to print about one file.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// The file, as the user named it.
    pub path: &'a Path,
    /// Its text, unless it couldn't be read.
    pub text: Option<&'a str>,
    /// What is wrong with it, in any order.
    pub findings: &'a [Finding],
}

/// How many findings there were in how many files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Files, with findings or without.
    pub files: usize,
    /// Errors.
    pub errors: usize,
    /// Warnings.
    pub warnings: usize,
}

impl Counts {
    /// How many findings are at least as bad as `severity`.
    #[must_use]
    pub fn at_least(&self, severity: Severity) -> usize {
        match severity {
            Severity::Error => self.errors,
            Severity::Warning => self.errors + self.warnings,
        }
    }
}

/// In words: `2 errors and 1 warning in 3 files`.
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

/// Prints one report after the other, so that not all need to be at hand.
pub struct Printer<'a> {
    out: &'a mut dyn Write,
    format: ReportFormat,
    artist: human::HumanRenderer,
    counts: Counts,
    /// The files so far, for the end of the JSON document.
    files: Vec<String>,
}

impl<'a> Printer<'a> {
    /// A printer to `out`; `colour` is for people only.
    pub fn new(out: &'a mut dyn Write, format: ReportFormat, colour: bool) -> Self {
        Self { out, format, artist: human::HumanRenderer::new(colour), counts: Counts::default(), files: Vec::new() }
    }

    /// Prints the findings of one file, by place, then by kind.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    pub fn report(&mut self, report: &Report<'_>) -> io::Result<()> {
        let path = report.path.display().to_string();
        for located in location::sort_by_location(report.text, report.findings) {
            match self.format {
                ReportFormat::Human => {
                    writeln!(self.out, "{}\n", self.artist.draw(&path, report.text, &located))?;
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

    /// Prints what comes after the last report, and says what there was.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    pub fn finish(self) -> io::Result<Counts> {
        let Counts { errors, warnings, .. } = self.counts;
        if self.format == ReportFormat::Json {
            let opening = if errors + warnings == 0 { OPENING } else { "\n" };
            let files = serde_json::to_string(&self.files)?;
            let files = escape::visible_json(&files);
            writeln!(self.out, "{opening}],\"files\":{files},\"errors\":{errors},\"warnings\":{warnings}}}")?;
        } else {
            writeln!(self.out, "{}", self.counts)?;
        }
        self.out.flush()?;
        Ok(self.counts)
    }
}

/// How the JSON document begins; each finding then has a line of its own.
const OPENING: &str = "{\"findings\":[\n";

#[cfg(test)]
mod tests;
