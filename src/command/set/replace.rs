//! Replaces a file by a rename, so that readers see the old or the new content.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::Path;

use anyhow::{Context as _, bail};

/// Replaces the content `old` of the file at `path`. Symbolic links are followed, and the permissions are kept.
///
/// # Errors
///
/// The content is another one, or the directory is not writable.
pub(super) fn replace(path: &Path, old: &[u8], new: &[u8]) -> anyhow::Result<()> {
    let target = fs::canonicalize(path)?;
    let directory = target.parent().unwrap_or(&target);
    let metadata = fs::metadata(&target)?;
    // The daemon and editors ignore names that start with a dot.
    let file = tempfile::Builder::new().prefix(".set-").suffix(".tmp").tempfile_in(directory);
    let mut file = file.with_context(|| format!("cannot write to the directory `{}`", directory.display()))?;
    file.write_all(new)?;
    // Only root can give a file to another owner. Without that, the file belongs to the user who changes it.
    let _ = fchown(file.as_file(), Some(metadata.uid()), Some(metadata.gid()));
    file.as_file().set_permissions(metadata.permissions())?;
    file.as_file().sync_all()?;
    if fs::read(&target)? != old {
        bail!("{}: another program changed the file; nothing is written", path.display());
    }
    file.persist(&target).with_context(|| format!("cannot replace `{}`", target.display()))?;
    Ok(())
}
