//! The command `check`: all findings of the files in one run.

use std::collections::BTreeSet;
use std::io::{BufWriter, Read, Write};
use std::path::{Component, Path, PathBuf};

use anyhow::bail;

use crate::command::as_of::AsOf;
use crate::command::compare::{CompareContext, CompareOptions};
use crate::finding::print::escape::escape_text;
use crate::finding::print::{Counts, Printer, Report, ReportFormat};
use crate::finding::{Finding, Kind, NodePath, Severity};
use crate::format;
use crate::model::duplicates::duplicate_projects;
use crate::name::Id;
use crate::source;
use crate::source::scan;
use crate::source::{ReadLimits, SourceFile};

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

/// Checks the files and prints their findings to `out`; `-` is read from `input`.
///
/// # Errors
///
/// A path does not exist, a directory has no readiness files, or `input` or `out` fails. Nothing is
/// checked then: a mistyped path must not pass as a clean one. An error of the comparison is returned
/// after the findings are printed.
pub(crate) fn run(options: &CheckOptions, input: &mut dyn Read, out: &mut dyn Write) -> anyhow::Result<CheckOutcome> {
    if options.against.is_some() && options.format == ReportFormat::Json {
        bail!("--against cannot be used with --format json");
    }
    let mut files = check_files(options)?;
    if options.paths.iter().any(|path| is_input(path)) {
        files.push(check_input(options, input)?);
    }
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

struct CheckedFile {
    path: PathBuf,
    /// `None` if the file cannot be read.
    text: Option<SourceFile>,
    findings: Vec<Finding>,
    /// The ID of the project, if it can be read.
    project: Option<Id>,
}

impl CheckedFile {
    fn of(path: PathBuf, file: Result<SourceFile, Box<Finding>>, as_of: AsOf) -> Self {
        match file {
            Ok(file) => {
                let (loaded, _) = as_of.load(&file.text);
                let is_named = loaded.is_good();
                let id = loaded.plan.map(|plan| plan.project.id);
                let project = id.filter(|id| is_named || id.as_str() != Id::UNNAMED);
                Self { path, text: Some(file), findings: loaded.findings, project }
            }
            Err(finding) => Self { path, text: None, findings: vec![*finding], project: None },
        }
    }
}

fn is_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Checks the files under the paths, in alphabetical order.
fn check_files(options: &CheckOptions) -> anyhow::Result<Vec<CheckedFile>> {
    let roots: Vec<_> = options.paths.iter().filter(|path| !is_input(path)).cloned().collect();
    let scan = scan::scan(&roots);
    if !scan.missing.is_empty() {
        let errors = scan.missing.iter().map(|path| format!("{}: no such file or directory", path.display()));
        bail!("{}", errors.collect::<Vec<_>>().join("; "));
    }
    let mut paths: Vec<_> = scan.files.into_iter().map(|found| found.path).collect();
    let has_files = |root: &Path| {
        let problems = scan.problems.iter().map(|(path, _)| path);
        paths.iter().chain(problems).any(|path| path.starts_with(root))
    };
    let empty: Vec<_> = roots.into_iter().filter(|root| !has_files(root)).collect();
    if !empty.is_empty() {
        bail!("no `.yaml` or `.yml` file under {}", join_paths(&empty));
    }
    // `a.yaml` and `./a.yaml` are one file, not two files of one project.
    let mut seen = BTreeSet::new();
    paths.retain(|path| seen.insert(path.components().filter(|it| *it != Component::CurDir).collect::<PathBuf>()));
    let problems = scan.problems.into_iter();
    let mut files: Vec<_> =
        problems.map(|(path, finding)| CheckedFile::of(path, Err(finding.into()), options.as_of)).collect();
    files.extend(paths.into_iter().map(|path| {
        let file = source::read(&path, &options.limits);
        CheckedFile::of(path, file, options.as_of)
    }));
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

fn join_paths(paths: &[PathBuf]) -> String {
    let names = paths.iter().map(|path| format!("`{}`", escape_text(&path.display().to_string())));
    names.collect::<Vec<_>>().join(", ")
}

/// Checks standard input, under the name `<stdin>`.
fn check_input(options: &CheckOptions, input: &mut dyn Read) -> anyhow::Result<CheckedFile> {
    let limit = options.limits.file_size;
    let mut bytes = Vec::new();
    input.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    let bad = |kind, message: String| Err(Box::new(Finding::new(kind, NodePath::root(), message)));
    let file = if bytes.len() as u64 > limit {
        bad(Kind::TooLarge, format!("the input is larger than {limit} bytes"))
    } else {
        match String::from_utf8(bytes) {
            Ok(text) => Ok(SourceFile::new("<stdin>", text.strip_prefix('\u{feff}').unwrap_or(&text))),
            Err(error) => {
                let offset = error.utf8_error().valid_up_to();
                bad(Kind::NotText, format!("the byte at offset {offset} isn't UTF-8"))
            }
        }
    };
    Ok(CheckedFile::of("<stdin>".into(), file, options.as_of))
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
            let mut out = Vec::new();
            let outcome = run(&self.options, &mut &input[..], &mut out).map(CheckOutcome::exit_code);
            let name = self.directory.path().display().to_string();
            let hide = |text: &str| text.replace(&name, "DIR");
            let outcome = outcome.map_err(|error| anyhow::anyhow!(hide(&error.to_string())));
            (hide(&String::from_utf8(out).unwrap()), outcome)
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
        assert_eq!(CheckFixture::new(&[("README.md", "")]).error(), "no `.yaml` or `.yml` file under `DIR`");
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

        error[syntax]: unclosed bracket '['
         --> DIR/c.yaml:1:10
          |
        1 | project: [
          |          ^
          |
          = help: close the bracket, or quote text that starts with a bracket

        3 errors in 3 files
        ");
        let nameless = CheckFixture::new(&[("a.yaml", "title: A\n"), ("b.yaml", "title: B\n")]).run(b"").0;
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
        assert!(fixture.run(b"project: \xff\n").0.starts_with("error[not_text]: the byte at offset 9 isn't UTF-8"));
        let fixture = fixture.with(|it| it.limits.file_size = 3);
        assert!(fixture.run(b"project: x\n").0.starts_with("error[too_large]"));
    }
}
