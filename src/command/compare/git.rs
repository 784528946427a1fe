//! Files in Git revisions.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::source::SourceFile;

/// The file at `path` in a Git revision; `None` if it does not exist there.
///
/// # Errors
///
/// `git` cannot be run, there is no such revision, or the file is not UTF-8.
pub(super) fn file_at_revision(path: &Path, revision: &str) -> anyhow::Result<Option<SourceFile>> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let git = |arguments: &[&str]| {
        Command::new("git").arg("-C").arg(folder).args(arguments).output().context("cannot run `git`")
    };
    let commit = git(&["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{revision}^{{commit}}")])?;
    if !commit.status.success() {
        bail!("`{revision}` is neither a file nor a Git revision in `{}`", folder.display());
    }
    let shown = git(&["show", "--end-of-options", &format!("{revision}:./{name}")])?;
    if !shown.status.success() {
        return Ok(None);
    }
    let text = String::from_utf8(shown.stdout).with_context(|| format!("`{revision}:{name}` is not UTF-8"))?;
    Ok(Some(SourceFile::new(format!("{revision}:{name}"), text.strip_prefix('\u{feff}').unwrap_or(&text))))
}
