//! The command `set`: changes statuses in a readiness file, and nothing else.

mod assignment;
mod status;
mod replace;

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{anyhow, bail};
use jiff::civil::Date;
use similar::TextDiff;

use crate::command::as_of::AsOf;
use crate::command::output::TextStyle;
use crate::command::set::assignment::Assignment;
use crate::command::set::status::set_in;
use crate::finding::print::escape::escape_text;
use crate::finding::print::{Printer, Report, ReportFormat};
use crate::finding::{Finding, Severity};
use crate::source;
use crate::source::input::{is_pipe, is_stdin};
use crate::source::{ReadLimits, SourceFile};

/// Lines around a change in the diff.
const CONTEXT_LINES: usize = 1;

const BYTE_ORDER_MARK: &str = "\u{feff}";

#[derive(Debug, Clone)]
pub(crate) struct SetOptions {
    pub(crate) path: PathBuf,
    /// `ITEM=STATUS`, or `as_of=DATE`.
    pub(crate) assignments: Vec<String>,
    /// The moment whose day is `today`.
    pub(crate) as_of: AsOf,
    /// Only print the changes.
    pub(crate) dry_run: bool,
    pub(crate) colour: bool,
    pub(crate) limits: ReadLimits,
}

/// Changes the file, prints the changed lines to `out`, and new warnings of the file to `notes`.
///
/// # Errors
///
/// An assignment is invalid, its item does not exist, or the change is not possible in place. The file is not
/// changed then.
pub(crate) fn run(options: &SetOptions, out: &mut dyn Write, notes: &mut dyn Write) -> anyhow::Result<()> {
    let path = &options.path;
    if is_stdin(path) || is_pipe(path) {
        bail!("`set` changes a file in place: expected a file, found `{}`", path.display());
    }
    let source =
        source::read(path, &options.limits).map_err(|finding| anyhow!("{}: {}", path.display(), finding.message))?;
    let text = set_all(&source.text, &options.assignments, options.as_of)?;
    if *text == *source.text {
        return Ok(writeln!(out, "{}: already set, nothing changed", path.display())?);
    }
    if !options.dry_run {
        write_text(options, &source.text, &text)?;
    }
    write_diff(options, &source.text, &text, out)?;
    report_new_warnings(options, &source, &text, notes)
}

/// `text` after the assignments.
fn set_all(text: &str, assignments: &[String], as_of: AsOf) -> anyhow::Result<String> {
    let mut text = text.to_owned();
    for assignment in assignments {
        text = set_in(&text, &Assignment::parse(assignment)?, as_of)?;
    }
    Ok(text)
}

/// Replaces the file, and keeps its byte order mark.
fn write_text(options: &SetOptions, before: &str, after: &str) -> anyhow::Result<()> {
    let old = fs::read(&options.path)?;
    let (mark, rest) = match old.strip_prefix(BYTE_ORDER_MARK.as_bytes()) {
        Some(rest) => (BYTE_ORDER_MARK, rest),
        None => ("", &old[..]),
    };
    if rest != before.as_bytes() {
        bail!("{}: another program changed the file; nothing is written", options.path.display());
    }
    replace::replace(&options.path, &old, format!("{mark}{after}").as_bytes())
}

fn write_diff(options: &SetOptions, before: &str, after: &str, out: &mut dyn Write) -> anyhow::Result<()> {
    let name = options.path.display().to_string();
    let diff = TextDiff::from_lines(before, after);
    let diff = diff.unified_diff().context_radius(CONTEXT_LINES).header(&name, &name).to_string();
    for line in diff.lines() {
        let style = match line.as_bytes().first() {
            Some(b'-' | b'+') => TextStyle::Heading,
            _ => TextStyle::Dimmed,
        };
        writeln!(out, "{}", style.paint(&escape_text(line), options.colour))?;
    }
    Ok(out.flush()?)
}

/// Reports the warnings that the file did not have before, as `check` does.
fn report_new_warnings(
    options: &SetOptions,
    before: &SourceFile,
    text: &str,
    notes: &mut dyn Write,
) -> anyhow::Result<()> {
    let old = options.as_of.load(&before.text).0.findings;
    let new = options.as_of.load(text).0.findings;
    let new: Vec<Finding> = new_findings(&old, new).filter(|it| it.severity() == Severity::Warning).collect();
    if new.is_empty() {
        return Ok(());
    }
    let mut printer = Printer::new(notes, ReportFormat::Human, options.colour);
    printer.report(&Report { path: &options.path, text: Some(text), findings: &new })?;
    printer.finish()?;
    Ok(())
}

/// The findings of `new` that are not among the `old` ones.
fn new_findings(old: &[Finding], new: Vec<Finding>) -> impl Iterator<Item = Finding> {
    new.into_iter().filter(|it| !old.iter().any(|old| old.kind == it.kind && old.message == it.message))
}

/// The day of `as_of` in the time zone of the project.
fn today(as_of: AsOf, zone: &jiff::tz::TimeZone) -> Date {
    match as_of {
        AsOf::Day(day) => day,
        AsOf::Moment(moment) => moment.to_zoned_datetime(zone.clone()).date(),
    }
}

#[cfg(test)]
mod tests;
