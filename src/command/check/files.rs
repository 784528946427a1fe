//! The files of a check, with their findings.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::path::{Component, Path, PathBuf};

use anyhow::bail;

use crate::command::as_of::AsOf;
use crate::command::check::CheckOptions;
use crate::finding::Finding;
use crate::finding::print::escape::escape_text;
use crate::format;
use crate::name::Id;
use crate::source;
use crate::source::SourceFile;
use crate::source::input::{STDIN, is_stdin, read_argument};
use crate::source::scan::{Scan, scan};

/// Maximum number of names in the note about files that are passed over.
const MAX_NAMES: usize = 5;

pub(super) struct CheckedFile {
    pub(super) path: PathBuf,
    /// `None` if the file cannot be read.
    pub(super) text: Option<SourceFile>,
    pub(super) findings: Vec<Finding>,
    /// The ID of the project, if it can be read.
    pub(super) project: Option<Id>,
}

impl CheckedFile {
    fn of(path: PathBuf, file: Result<SourceFile, Box<Finding>>, as_of: AsOf) -> Self {
        match file {
            Ok(file) => {
                let (loaded, _) = as_of.load(&file.text);
                let is_named = loaded.is_good();
                let id = loaded.plan.map(|plan| plan.project.id);
                let project = id.filter(|id| is_named || id.as_str() != Id::UNNAMED);
                Self { path: file.path.clone(), text: Some(file), findings: loaded.findings, project }
            }
            Err(finding) => Self { path, text: None, findings: vec![*finding], project: None },
        }
    }
}

/// Checks the files under the paths in alphabetical order, then standard input.
pub(super) fn check(
    options: &CheckOptions,
    stdin: &mut dyn Read,
    notes: &mut dyn Write,
) -> anyhow::Result<Vec<CheckedFile>> {
    let (stdins, roots): (Vec<_>, Vec<_>) = options.paths.iter().cloned().partition(|path| is_stdin(path));
    let mut scan = scan(&roots);
    if !scan.missing.is_empty() {
        let errors = scan.missing.iter().map(|path| format!("{}: no such file or directory", path.display()));
        bail!("{}", errors.collect::<Vec<_>>().join("; "));
    }
    let problems = std::mem::take(&mut scan.problems).into_iter();
    let mut files: Vec<_> =
        problems.map(|(path, finding)| CheckedFile::of(path, Err(finding.into()), options.as_of)).collect();
    let arguments: BTreeSet<PathBuf> = roots.iter().map(|root| without_dots(root)).collect();
    let mut passed_over = Vec::new();
    for path in found_paths(scan) {
        // Opening a pipe below a directory could block; one that the command line names is wanted.
        let is_argument = arguments.contains(&without_dots(&path));
        let file = if is_argument {
            read_argument(&path, options.limits, stdin)
        } else {
            source::read(&path, &options.limits)
        };
        if is_argument || file.as_ref().map_or(true, is_readiness_file) {
            files.push(CheckedFile::of(path, file, options.as_of));
        } else {
            passed_over.push(path);
        }
    }
    note_passed_over(&passed_over, notes)?;
    require_files(&roots, &files)?;
    files.sort_by(|one, other| one.path.cmp(&other.path));
    if let Some(path) = stdins.into_iter().next() {
        let file = read_argument(&path, options.limits, stdin);
        files.push(CheckedFile::of(STDIN.into(), file, options.as_of));
    }
    Ok(files)
}

/// The paths of a scan. `a.yaml` and `./a.yaml` are one file, not two files of one project.
fn found_paths(scan: Scan) -> impl Iterator<Item = PathBuf> {
    let mut seen = BTreeSet::new();
    let paths = scan.files.into_iter().map(|found| found.path);
    paths.filter(move |path| seen.insert(without_dots(path)))
}

fn without_dots(path: &Path) -> PathBuf {
    path.components().filter(|it| *it != Component::CurDir).collect()
}

/// Whether a file that was found in a directory is a readiness file, by its name or by its content.
fn is_readiness_file(file: &SourceFile) -> bool {
    let name = file.path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    name.ends_with(".readiness.yaml") || name.ends_with(".readiness.yml") || format::has_project(&file.text)
}

fn note_passed_over(paths: &[PathBuf], notes: &mut dyn Write) -> anyhow::Result<()> {
    if paths.is_empty() {
        return Ok(());
    }
    let noun = if paths.len() == 1 { "file" } else { "files" };
    let names = join_paths(&paths[..paths.len().min(MAX_NAMES)]);
    let more = if paths.len() > MAX_NAMES { ", …" } else { "" };
    Ok(writeln!(notes, "passed over {} {noun} without the key `project`: {names}{more}", paths.len())?)
}

fn require_files(roots: &[PathBuf], files: &[CheckedFile]) -> anyhow::Result<()> {
    let has_files = |root: &Path| files.iter().any(|file| without_dots(&file.path).starts_with(without_dots(root)));
    let empty: Vec<_> = roots.iter().filter(|root| !has_files(root)).cloned().collect();
    if !empty.is_empty() {
        bail!("no readiness file under {}", join_paths(&empty));
    }
    Ok(())
}

fn join_paths(paths: &[PathBuf]) -> String {
    let names = paths.iter().map(|path| format!("`{}`", escape_text(&path.display().to_string())));
    names.collect::<Vec<_>>().join(", ")
}
