//! The command `check`: all findings of the files in one run.

mod files;

use std::io::{BufWriter, Read, Write};
use std::path::PathBuf;

use anyhow::bail;

use crate::command::as_of::AsOf;
use crate::command::check::files::CheckedFile;
use crate::command::compare::{CompareContext, CompareOptions};
use crate::finding::Severity;
use crate::finding::print::{Counts, Printer, Report, ReportFormat};
use crate::format;
use crate::model::duplicates::duplicate_projects;
use crate::source::ReadLimits;

#[derive(Debug, Clone)]
pub(crate) struct CheckOptions {
    /// Files, directories, or `-` for standard input.
    pub(crate) paths: Vec<PathBuf>,
    pub(crate) format: ReportFormat,
    /// Lowest severity that results in [`CheckOutcome::Found`].
    pub(crate) fail_on: Severity,
    pub(crate) as_of: AsOf,
    pub(crate) colour: bool,
    pub(crate) limits: ReadLimits,
    pub(crate) against: Option<CompareOptions>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CheckOutcome {
    /// No finding has the severity of `--fail-on` or higher.
    Clean,
    /// A finding has the severity of `--fail-on` or higher, or a milestone is worse than
    /// `--fail-if-worse` allows.
    Found,
}

impl CheckOutcome {
    /// The exit code if [`run`] fails.
    pub(crate) const COULD_NOT_RUN: u8 = 2;

    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Found => 1,
        }
    }
}

/// Checks the files and prints their findings to `out`, and the files that are passed over to `notes`.
/// `-` is read from `input`.
///
/// # Errors
///
/// A path does not exist, a directory has no readiness files, or `input` or `out` fails. Nothing is
/// checked then: a mistyped path must not pass as a clean one. An error of the comparison is returned
/// after the findings are printed.
pub(crate) fn run(
    options: &CheckOptions,
    input: &mut dyn Read,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> anyhow::Result<CheckOutcome> {
    if options.against.is_some() && options.format == ReportFormat::Json {
        bail!("--against cannot be used with --format json");
    }
    let mut files = files::check(options, input, notes)?;
    add_duplicates(&mut files);
    let counts = print(options, &files, out)?;
    let mut is_clean = counts.at_least(options.fail_on) == 0;
    if let Some(against) = &options.against {
        let sources = files.iter().filter_map(|file| file.text.as_ref());
        let &CheckOptions { as_of, colour, limits, .. } = options;
        let context = CompareContext { as_of, colour, limits };
        is_clean &= !against.compare(&sources.collect::<Vec<_>>(), &context, out)?;
    }
    Ok(if is_clean { CheckOutcome::Clean } else { CheckOutcome::Found })
}

fn add_duplicates(files: &mut [CheckedFile]) {
    let projects: Vec<_> = files
        .iter()
        .enumerate()
        .filter_map(|(index, file)| Some((index, &*file.path, file.project.as_ref()?.as_str())))
        .collect();
    for (index, finding) in duplicate_projects(&projects) {
        let file = &mut files[index];
        file.findings.push(finding);
        if let Some(source) = &file.text {
            format::locate(&source.text, &mut file.findings);
        }
    }
}

fn print(options: &CheckOptions, files: &[CheckedFile], out: &mut dyn Write) -> anyhow::Result<Counts> {
    let mut out = BufWriter::new(out);
    let mut printer = Printer::new(&mut out, options.format, options.colour);
    for CheckedFile { path, text, findings, .. } in files {
        let text = text.as_ref().map(|file| &*file.text);
        printer.report(&Report { path, text, findings })?;
    }
    Ok(printer.finish()?)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::num::NonZero;

    use insta::assert_snapshot;
    use tempfile::TempDir;

    use super::*;

    const GOOD: &str = "project: x\n";
    const WARNED: &str = "project: y\nnext_review: 2026-01-30\n";
    const BAD: &str = "project: z\ntilte: Z\n";

    struct CheckFixture {
        directory: TempDir,
        options: CheckOptions,
    }

    impl CheckFixture {
        fn new(files: &[(&str, &str)]) -> Self {
            let directory = TempDir::new().unwrap();
            for (name, text) in files {
                fs::write(directory.path().join(name), text).unwrap();
            }
            let options = CheckOptions {
                paths: vec![directory.path().into()],
                format: ReportFormat::Human,
                fail_on: Severity::Error,
                as_of: AsOf::Moment("2026-03-02T12:00:00Z".parse().unwrap()),
                colour: false,
                limits: ReadLimits::default(),
                against: None,
            };
            Self { directory, options }
        }

        fn with(mut self, change: impl FnOnce(&mut CheckOptions)) -> Self {
            change(&mut self.options);
            self
        }

        fn run(&self, input: &[u8]) -> (String, anyhow::Result<u8>) {
            let (out, _, outcome) = self.run_with_notes(input);
            (out, outcome)
        }

        fn run_with_notes(&self, input: &[u8]) -> (String, String, anyhow::Result<u8>) {
            let (mut out, mut notes) = (Vec::new(), Vec::new());
            let outcome = run(&self.options, &mut &input[..], &mut out, &mut notes).map(CheckOutcome::exit_code);
            let name = self.directory.path().display().to_string();
            let hide = |text: &str| text.replace(&name, "DIR");
            let outcome = outcome.map_err(|error| anyhow::anyhow!(hide(&error.to_string())));
            (hide(&String::from_utf8(out).unwrap()), hide(&String::from_utf8(notes).unwrap()), outcome)
        }

        fn code(&self) -> u8 {
            self.run(b"").1.unwrap()
        }

        fn error(&self) -> String {
            let (out, outcome) = self.run(b"");
            assert_eq!(out, "", "nothing is checked");
            outcome.unwrap_err().to_string()
        }
    }

    #[test]
    fn all_files_are_checked() {
        let fixture = CheckFixture::new(&[("b.yaml", WARNED), ("c.yml", BAD), ("a.yaml", GOOD), ("README.md", "no")]);
        let (out, code) = fixture.run(b"");
        assert_eq!(code.unwrap(), 1);
        assert_snapshot!(out, @r"
        warning[review_overdue]: the review of 2026-01-30 is overdue
         --> DIR/b.yaml:2:14
          |
        2 | next_review: 2026-01-30
          |              ^^^^^^^^^^
          |
          = help: review the plan, then write the date of the next review

        error[unknown_key]: unknown key `tilte`
         --> DIR/c.yml:2:1
          |
        2 | tilte: Z
          | ^^^^^
          |
          = help: did you mean `title`?

        1 error and 1 warning in 3 files
        ");
    }

    #[test]
    fn warnings_cause_exit_code_1_only_with_fail_on_warning() {
        let warned = [("a.yaml", WARNED)];
        assert_eq!(CheckFixture::new(&[("a.yaml", GOOD)]).code(), 0);
        assert_eq!(CheckFixture::new(&warned).code(), 0);
        assert_eq!(CheckFixture::new(&warned).with(|it| it.fail_on = Severity::Warning).code(), 1);
        assert_eq!(CheckFixture::new(&[("a.yaml", BAD)]).code(), 1);
    }

    #[test]
    fn findings_depend_on_as_of() {
        let earlier =
            |options: &mut CheckOptions| options.as_of = AsOf::Moment("2026-01-02T12:00:00Z".parse().unwrap());
        let fixture = CheckFixture::new(&[("a.yaml", WARNED)]).with(earlier);
        assert_eq!(fixture.run(b"").0, "1 file, no findings\n");
    }

    #[test]
    fn missing_files_and_empty_directories_are_errors() {
        let fixture = CheckFixture::new(&[("a.yaml", GOOD)]);
        let missing = fixture.directory.path().join("b.yaml");
        let fixture = fixture.with(|it| it.paths.push(missing));
        assert_eq!(fixture.error(), "DIR/b.yaml: no such file or directory");
        assert_eq!(CheckFixture::new(&[("README.md", "")]).error(), "no readiness file under `DIR`");
    }

    #[test]
    fn other_yaml_files_of_a_directory_are_passed_over() {
        let files = [
            ("a.yaml", GOOD),
            ("b.readiness.yaml", "title: B\n"),
            ("values.yaml", "replicas: 1\n"),
            ("ci.yml", "on: push\n"),
        ];
        let (out, notes, code) = CheckFixture::new(&files).run_with_notes(b"");
        assert_eq!((code.unwrap(), out.ends_with("1 error in 2 files\n")), (1, true), "{out}");
        assert!(out.contains("--> DIR/b.readiness.yaml"), "the name makes it a readiness file: {out}");
        assert_eq!(notes, "passed over 2 files without the key `project`: `DIR/ci.yml`, `DIR/values.yaml`\n");
        let named = CheckFixture::new(&files[2..]).with(|it| it.paths[0].push("values.yaml"));
        let (out, notes, code) = named.run_with_notes(b"");
        assert_eq!((code.unwrap(), &*notes), (1, ""), "a file that is named is checked");
        assert!(out.contains("error[missing_key]"), "{out}");
        let (out, notes, error) = CheckFixture::new(&files[2..]).run_with_notes(b"");
        assert_eq!((&*out, error.unwrap_err().to_string().as_str()), ("", "no readiness file under `DIR`"));
        assert!(notes.starts_with("passed over 2 files"), "{notes}");
    }

    #[test]
    fn json_and_a_comparison_exclude_each_other() {
        let against = CompareOptions { name: "HEAD".into(), fail_if_worse: None, draws: NonZero::<u32>::MIN };
        let fixture = CheckFixture::new(&[("a.yaml", GOOD)]).with(|it| {
            it.format = ReportFormat::Json;
            it.against = Some(against);
        });
        assert_eq!(fixture.error(), "--against cannot be used with --format json");
    }

    #[test]
    fn a_file_that_cannot_be_read_is_a_finding() {
        let fixture = CheckFixture::new(&[("a.yaml", GOOD), ("b.yaml", GOOD)]).with(|it| it.limits.file_size = 4);
        let (out, code) = fixture.run(b"");
        assert_eq!(code.unwrap(), 1);
        assert!(out.contains("error[too_large]") && out.ends_with("2 errors in 2 files\n"), "{out}");
    }

    #[test]
    fn two_files_of_one_project_are_errors() {
        let (out, code) = CheckFixture::new(&[("a.yaml", GOOD), ("b.yaml", GOOD), ("c.yaml", "project: [\n")]).run(b"");
        assert_eq!(code.unwrap(), 1);
        assert_snapshot!(out, @r"
        error[duplicate_project]: the project `x` is also described in `DIR/b.yaml`
         --> DIR/a.yaml:1:10
          |
        1 | project: x
          |          ^
          |
          = help: give each project its own id, or keep one of the files

        error[duplicate_project]: the project `x` is also described in `DIR/a.yaml`
         --> DIR/b.yaml:1:10
          |
        1 | project: x
          |          ^
          |
          = help: give each project its own id, or keep one of the files

        error[syntax]: the bracket `[` is not closed
         --> DIR/c.yaml:1:10
          |
        1 | project: [
          |          ^
          |
          = help: close the bracket

        3 errors in 3 files
        ");
        let nameless =
            CheckFixture::new(&[("a.readiness.yaml", "title: A\n"), ("b.readiness.yml", "title: B\n")]).run(b"").0;
        assert!(!nameless.contains("duplicate_project"), "{nameless}");
    }

    #[test]
    fn a_file_named_twice_is_checked_once() {
        let fixture = CheckFixture::new(&[("a.yaml", GOOD)]);
        let again = fixture.directory.path().join(".").join("a.yaml");
        let fixture = fixture.with(|it| it.paths.push(again));
        assert_eq!(fixture.run(b"").0, "1 file, no findings\n");
    }

    #[test]
    fn standard_input_is_checked_like_a_file() {
        let fixture = CheckFixture::new(&[]).with(|it| it.paths = vec!["-".into()]);
        let (out, code) = fixture.run(b"\xEF\xBB\xBFproject: x\ntitel: X\n");
        assert_eq!(code.unwrap(), 1);
        assert_snapshot!(out, @r"
        error[unknown_key]: unknown key `titel`
         --> <stdin>:2:1
          |
        2 | titel: X
          | ^^^^^
          |
          = help: did you mean `title`?

        1 error in 1 file
        ");
        assert!(
            fixture
                .run(b"project: \xff\n")
                .0
                .starts_with("error[not_text]: byte 0xFF at line 1, column 10 is not UTF-8")
        );
        let fixture = fixture.with(|it| it.limits.file_size = 3);
        assert!(fixture.run(b"project: x\n").0.starts_with("error[too_large]"));
    }
}
