//! Finds readiness files below the paths of the command line.

mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::finding::Finding;
use crate::source::Stamp;
use crate::source::scan::walk::{Bounds, is_candidate, walk};

/// Scans for readiness files: each of `roots` that is a file, whatever its name, and all `*.yaml`
/// and `*.yml` files below those that are directories.
///
/// Symbolic links are followed. Names that start with a dot (`.git`, the `..data` of a `ConfigMap`)
/// and directories named `node_modules`, `target` or `lost+found` are skipped. Temporary files of
/// editors are not found, since none of their names ends in `.yaml`.
#[must_use]
pub fn scan(roots: &[PathBuf]) -> Scan {
    walk(roots, &Bounds::default())
}

/// The result of a scan.
#[derive(Debug, Clone, Default)]
pub struct Scan {
    /// Sorted by path, without duplicates.
    pub files: Vec<FoundFile>,
    /// Roots that do not exist.
    pub missing: Vec<PathBuf>,
    /// Paths that could not be scanned, sorted.
    pub problems: Vec<(PathBuf, Finding)>,
    /// The directories to watch: those that were scanned, and those that contain a file, a symbolic
    /// link or its target. One path each, such that joined with a file name it is the file's path in
    /// the scan: the path of the working directory is empty if a root is a bare file name.
    pub directories: BTreeMap<FileId, PathBuf>,
    /// A symbolic link was found, or a directory with two paths.
    has_aliases: bool,
}

impl Scan {
    /// Updates the scan of `roots`, if possible without scanning everything.
    pub fn update(&mut self, roots: &[PathBuf], changed: &Changed) {
        if !matches!(changed, Changed::Paths(paths) if self.refresh(paths)) {
            *self = scan(roots);
        }
    }

    /// Updates the stamps of `changed` files. Returns false if a full scan is required, since
    /// directories or links may have changed, or files may have been created or removed.
    fn refresh(&mut self, changed: &BTreeSet<PathBuf>) -> bool {
        if self.has_aliases || !self.missing.is_empty() || !self.problems.is_empty() {
            return false;
        }
        let effects: Vec<ChangeEffect> = changed.iter().map(|path| self.effect_of(path)).collect();
        for effect in &effects {
            if let ChangeEffect::NewStamp(index, stamp) = effect {
                self.files[*index].stamp = *stamp;
            }
        }
        !effects.iter().any(|effect| matches!(effect, ChangeEffect::FullScan))
    }

    fn effect_of(&self, path: &Path) -> ChangeEffect {
        let metadata = fs::symlink_metadata(path);
        if let Ok(index) = self.files.binary_search_by(|found| found.path.as_path().cmp(path)) {
            let metadata = metadata.ok().filter(Metadata::is_file);
            return metadata
                .map_or(ChangeEffect::FullScan, |metadata| ChangeEffect::NewStamp(index, Stamp::of(&metadata)));
        }
        let is_new = |metadata: Metadata| path.file_name().is_none_or(|name| is_candidate(name, metadata.file_type()));
        let is_directory = self.directories.values().any(|directory| directory.starts_with(path));
        if is_directory || metadata.is_ok_and(is_new) { ChangeEffect::FullScan } else { ChangeEffect::None }
    }

    /// Whether a file that was not found may still exist, in a directory that could not be scanned.
    #[must_use]
    pub fn hides(&self, path: &Path) -> bool {
        self.problems.iter().any(|(problem, _)| path.starts_with(problem))
    }
}

/// The changes since a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// The given paths may have changed. They are named as in the scan.
    Paths(BTreeSet<PathBuf>),
    /// Any path may have changed.
    Anything,
}

impl Default for Changed {
    fn default() -> Self {
        Self::Paths(BTreeSet::new())
    }
}

/// The effect of a changed path on a scan.
enum ChangeEffect {
    /// The file at this index has a new stamp.
    NewStamp(usize, Stamp),
    /// The change has no effect, for example on the temporary file of an editor.
    None,
    /// A file was created or removed, or a directory or link changed.
    FullScan,
}

/// A file that was found, but not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundFile {
    /// A root, or a path below it.
    pub path: PathBuf,
    /// The state of the file.
    pub stamp: Stamp,
}

/// The identity of a file or directory, independent of its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileId {
    pub(crate) dev: u64,
    pub(crate) ino: u64,
}

impl FileId {
    #[must_use]
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self { dev: metadata.dev(), ino: metadata.ino() }
    }
}

/// Replaces an empty path, such as the parent of `a.yaml`, which no system call accepts.
pub(crate) fn or_current_dir(path: &Path) -> &Path {
    if path.as_os_str().is_empty() { Path::new(".") } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::scan::walk::tests::tree;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_changed_file_is_refreshed_and_any_other_change_requires_a_full_scan() {
        let tree = tree(&["a.yaml", "b.yaml", "sub/c.yaml", "d.json"]);
        let root = tree.path().to_owned();
        let changed = |names: &[&str]| names.iter().map(|name| root.join(name)).collect::<BTreeSet<_>>();
        let mut refreshed = scan(std::slice::from_ref(&root));
        fs::write(root.join("a.yaml"), "project: a").unwrap();
        fs::write(root.join("sub/c.yaml"), "project: c").unwrap();
        let before = refreshed.clone();
        // Temporary files of editors and files that are gone again require no scan.
        assert!(refreshed.refresh(&changed(&["a.yaml", "d.json", ".a.yaml.swp", "a.yaml~", "4913"])));
        let expected = scan(std::slice::from_ref(&root));
        assert_eq!(refreshed.files[..2], expected.files[..2]);
        assert_eq!(refreshed.files[2], before.files[2]);
        fs::remove_file(root.join("b.yaml")).unwrap();
        fs::write(root.join("new.yaml"), "").unwrap();
        fs::create_dir(root.join("more")).unwrap();
        symlink("elsewhere", root.join("link")).unwrap();
        fs::rename(root.join("sub"), root.join("other")).unwrap();
        for name in ["b.yaml", "new.yaml", "more", "link", "sub", "other", ""] {
            assert!(!refreshed.refresh(&changed(&["a.yaml", name])), "{name}");
        }
    }

    #[test]
    fn a_file_with_two_paths_requires_a_full_scan() {
        let tree = tree(&["sub/a.yaml"]);
        let root = tree.path().to_owned();
        let changed = BTreeSet::from([root.join("sub/a.yaml")]);
        let roots = |names: &[&str]| names.iter().map(|name| root.join(name)).collect::<Vec<_>>();
        assert!(scan(&roots(&["", "sub"])).refresh(&changed));
        assert!(!scan(&roots(&["sub", "sub/../sub"])).refresh(&changed));
        assert!(!scan(&roots(&["sub", "missing"])).refresh(&changed));
        symlink("sub", root.join("link")).unwrap();
        assert!(!scan(&roots(&[""])).refresh(&changed));
        assert!(!scan(&roots(&["link"])).refresh(&changed));
    }

    #[test]
    fn a_relative_root_is_watched_in_the_working_directory() {
        let scan = scan(&[PathBuf::from("Cargo.toml"), PathBuf::from("no/such/file")]);
        assert_eq!(scan.files.len(), 1);
        assert_eq!(scan.missing, [PathBuf::from("no/such/file")]);
        let watched: Vec<_> = scan.directories.values().map(|directory| directory.join("Cargo.toml")).collect();
        assert_eq!(watched, [scan.files[0].path.as_path()]);
    }

    #[test]
    fn a_working_directory_with_two_paths_requires_a_full_scan() {
        let changed = |path: &str| BTreeSet::from([PathBuf::from(path)]);
        let roots = |paths: &[&str]| paths.iter().map(PathBuf::from).collect::<Vec<_>>();
        assert!(scan(&roots(&["Cargo.toml"])).refresh(&changed("Cargo.toml")));
        assert!(scan(&roots(&["./Cargo.toml"])).refresh(&changed("./Cargo.toml")));
        assert!(!scan(&roots(&["Cargo.toml", "./Cargo.lock"])).refresh(&changed("Cargo.toml")));
    }
}
