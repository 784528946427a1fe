//! Paths to the files under them, and to the directories whose changes matter.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs::{self, DirEntry, FileType, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::finding::{Finding, Kind, NodePath};
use crate::source::{Stamp, failure};

/// What lies under the paths that the user named.
#[derive(Debug, Clone, Default)]
pub struct Scan {
    /// The files, sorted by path, each path once.
    pub files: Vec<FoundFile>,
    /// Paths of the user's that don't exist (yet).
    pub missing: Vec<PathBuf>,
    /// What couldn't be looked at, sorted by path.
    pub problems: Vec<(PathBuf, Finding)>,
    /// The directories to watch: those that were walked, and those that hold a file, a link or
    /// the end of a link on the way. One path for each, such that joined with a name it is what the
    /// scan calls the file: the working directory's is empty where a root is a bare name.
    pub directories: BTreeMap<FileId, PathBuf>,
    /// Whether a link was met, or a directory under a second path.
    has_aliases: bool,
}

impl Scan {
    /// Brings the scan of `roots` up to date, where it can at the cost of what changed alone.
    pub fn update(&mut self, roots: &[PathBuf], changed: &Changed) {
        if !matches!(changed, Changed::Paths(paths) if self.refresh(paths)) {
            *self = scan(roots);
        }
    }

    /// Looks again at these paths alone. False where a whole scan has to tell, since directories or
    /// links may have changed, or files have come or gone.
    fn refresh(&mut self, changed: &BTreeSet<PathBuf>) -> bool {
        if self.has_aliases || !self.missing.is_empty() || !self.problems.is_empty() {
            return false;
        }
        let traces: Vec<ChangeEffect> = changed.iter().map(|path| self.trace(path)).collect();
        for trace in &traces {
            if let ChangeEffect::File(at, stamp) = trace {
                self.files[*at].stamp = *stamp;
            }
        }
        !traces.iter().any(|trace| matches!(trace, ChangeEffect::Unclear))
    }

    fn trace(&self, path: &Path) -> ChangeEffect {
        let metadata = fs::symlink_metadata(path);
        if let Ok(at) = self.files.binary_search_by(|found| found.path.as_path().cmp(path)) {
            let metadata = metadata.ok().filter(Metadata::is_file);
            return metadata.map_or(ChangeEffect::Unclear, |metadata| ChangeEffect::File(at, Stamp::of(&metadata)));
        }
        let appeared =
            |metadata: Metadata| path.file_name().is_none_or(|name| is_candidate(name, metadata.file_type()));
        let is_known = self.directories.values().any(|directory| directory.starts_with(path));
        if is_known || metadata.is_ok_and(appeared) { ChangeEffect::Unclear } else { ChangeEffect::Nothing }
    }

    /// Whether a file that isn't among `files` may still exist, since what holds it couldn't be
    /// looked at.
    #[must_use]
    pub fn hides(&self, path: &Path) -> bool {
        self.problems.iter().any(|(problem, _)| path.starts_with(problem))
    }
}

/// What changed since a scan, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// These paths, each below a directory as the scan calls it.
    Paths(BTreeSet<PathBuf>),
    /// More than can be named.
    Anything,
}

impl Default for Changed {
    fn default() -> Self {
        Self::Paths(BTreeSet::new())
    }
}

/// What a change at one path comes to.
enum ChangeEffect {
    /// The file at this place now has this stamp.
    File(usize, Stamp),
    /// Nothing that a scan would find: the temporary file of an editor, say.
    Nothing,
    /// A file that came or went, a directory, a link.
    Unclear,
}

/// A file that was found, but not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundFile {
    /// The path: the user's, or one below it.
    pub path: PathBuf,
    /// The state of the file.
    pub stamp: Stamp,
}

/// What a file or directory is, whatever it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileId {
    /// The device that holds it.
    pub dev: u64,
    /// The inode on that device.
    pub ino: u64,
}

impl FileId {
    /// The identity of what `metadata` describes.
    #[must_use]
    pub fn of(metadata: &Metadata) -> Self {
        Self { dev: metadata.dev(), ino: metadata.ino() }
    }
}

/// Looks for readiness files: each of `roots` that is a file, whatever its name, and every
/// `*.yaml` and `*.yml` below each that is a directory.
///
/// Links are followed. Left out are names that start with a dot (`.git`, the `..data` of a
/// `ConfigMap`), `node_modules`, `target` and `lost+found`; the temporary files of editors are,
/// since none of their names ends in `.yaml`.
#[must_use]
pub fn scan(roots: &[PathBuf]) -> Scan {
    scan_within(roots, &Bounds::default())
}

/// How far a scan goes.
struct Bounds {
    files: usize,
    directories: usize,
    depth: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { files: 100_000, directories: 100_000, depth: 32 }
    }
}

fn scan_within(roots: &[PathBuf], bounds: &Bounds) -> Scan {
    let mut walk =
        Walk { bounds, scan: Scan::default(), ancestors: Vec::new(), walked: 0, full: false, watched: BTreeSet::new() };
    for root in roots {
        walk.root(root);
    }
    let mut scan = walk.scan;
    scan.files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    scan.files.dedup_by(|a, b| a.path == b.path);
    scan.problems.sort_by(|a, b| a.0.cmp(&b.0));
    scan.problems.dedup();
    scan.missing.sort();
    scan.missing.dedup();
    scan
}

struct Walk<'a> {
    bounds: &'a Bounds,
    scan: Scan,
    /// The directories that the walk is inside of, from the root.
    ancestors: Vec<FileId>,
    walked: usize,
    /// A bound was reached: nothing more is looked at.
    full: bool,
    /// Paths that went through [`Walk::watch`], to spare their `stat`.
    watched: BTreeSet<PathBuf>,
}

impl Walk<'_> {
    fn root(&mut self, root: &Path) {
        self.watch_links_of(root);
        match fs::metadata(root) {
            Ok(metadata) if metadata.is_dir() => {
                self.directory(root, &metadata);
                if self.full {
                    let message = format!(
                        "too many files: more than {} files or {} directories, the rest is left out",
                        self.bounds.files, self.bounds.directories
                    );
                    self.problem(root, bound(message, "name the directories of readiness files"));
                }
            }
            Ok(metadata) => {
                self.watch(parent(root));
                self.watch_target_of(root);
                self.found(root.to_owned(), &metadata);
            }
            Err(error) => {
                self.watch_nearest(root);
                if error.kind() == io::ErrorKind::NotFound {
                    self.scan.missing.push(root.to_owned());
                } else {
                    self.problem(root, failure(root, &error));
                }
            }
        }
    }

    fn directory(&mut self, path: &Path, metadata: &Metadata) {
        let id = FileId::of(metadata);
        if self.ancestors.contains(&id) {
            return; // A link back up: what it shows was found without it.
        }
        if self.ancestors.len() >= self.bounds.depth {
            let message =
                format!("more than {} directories inside each other, the rest is left out", self.bounds.depth);
            return self.problem(path, bound(message, "move the files up"));
        }
        if self.walked >= self.bounds.directories {
            self.full = true;
            return;
        }
        self.walked += 1;
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => return self.report_unless_gone(path, &error),
        };
        self.remember(id, path);
        self.ancestors.push(id);
        for (_, entry) in self.in_order(path, entries) {
            self.entry(&entry);
            if self.full {
                break;
            }
        }
        self.ancestors.pop();
    }

    /// The entries of a directory by name. Comparing names is far cheaper than comparing paths, and
    /// a walk in the order of names comes upon the paths in theirs.
    fn in_order(&mut self, path: &Path, entries: fs::ReadDir) -> Vec<(OsString, DirEntry)> {
        let mut named = Vec::new();
        for entry in entries {
            match entry {
                Ok(entry) => named.push((entry.file_name(), entry)),
                Err(error) => {
                    self.report_unless_gone(path, &error);
                    break;
                }
            }
        }
        named.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        named
    }

    fn entry(&mut self, entry: &DirEntry) {
        let name = entry.file_name();
        let Ok(kind) = entry.file_type() else {
            return; // It went away after it was listed.
        };
        if !is_candidate(&name, kind) {
            return;
        }
        let path = entry.path();
        self.scan.has_aliases |= kind.is_symlink();
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => {
                if !is_skipped(&name) {
                    self.directory(&path, &metadata);
                }
            }
            Ok(metadata) if is_yaml(&name) => {
                if kind.is_symlink() {
                    self.watch_target_of(&path);
                }
                self.found(path, &metadata);
            }
            Ok(_) => {}
            Err(error) if kind.is_symlink() => {
                if is_yaml(&name) {
                    self.watch_target_of(&path);
                    self.problem(&path, failure(&path, &error));
                }
            }
            Err(error) => self.report_unless_gone(&path, &error),
        }
    }

    fn found(&mut self, path: PathBuf, metadata: &Metadata) {
        if self.scan.files.len() >= self.bounds.files {
            self.full = true;
            return;
        }
        let stamp = Stamp::of(metadata);
        self.scan.files.push(FoundFile { path, stamp });
    }

    fn problem(&mut self, path: &Path, finding: Finding) {
        self.scan.problems.push((path.to_owned(), finding));
    }

    fn report_unless_gone(&mut self, path: &Path, error: &io::Error) {
        if error.kind() != io::ErrorKind::NotFound {
            self.problem(path, failure(path, error));
        }
    }

    /// Links on the way to a root: their directories tell when they are turned elsewhere, as
    /// git-sync does with each commit.
    fn watch_links_of(&mut self, root: &Path) {
        for path in root.ancestors() {
            if path.is_symlink() {
                self.scan.has_aliases = true;
                self.watch(parent(path));
            }
        }
    }

    /// The directory that a linked file lies in: a write into the file shows there only.
    fn watch_target_of(&mut self, link: &Path) {
        if let Ok(target) = fs::read_link(link) {
            let target = parent(link).join(target);
            self.watch(parent(&target));
        }
    }

    /// For a path that doesn't exist: where the first missing part of it would appear.
    fn watch_nearest(&mut self, path: &Path) {
        for ancestor in path.ancestors().skip(1) {
            if or_current_dir(ancestor).is_dir() {
                return self.watch(ancestor);
            }
        }
    }

    fn watch(&mut self, directory: &Path) {
        if self.watched.contains(directory) {
            return;
        }
        self.watched.insert(directory.to_owned());
        if let Ok(metadata) = fs::metadata(or_current_dir(directory))
            && metadata.is_dir()
        {
            self.remember(FileId::of(&metadata), directory);
        }
    }

    /// Of several paths the first in order stays, so that every scan comes to the same.
    fn remember(&mut self, id: FileId, path: &Path) {
        let known = self.scan.directories.entry(id);
        let known = known.or_insert_with(|| path.to_owned());
        self.scan.has_aliases |= path != known.as_path();
        if path < known.as_path() {
            path.clone_into(known);
        }
    }
}

fn bound(message: String, help: &str) -> Finding {
    Finding::new(Kind::Unreadable, NodePath::root(), message).help(help)
}

/// Whether an entry has to be looked at closer: most aren't worth their `stat`.
fn is_candidate(name: &OsStr, kind: FileType) -> bool {
    if name.as_encoded_bytes().starts_with(b".") {
        return false;
    }
    if kind.is_dir() {
        return !is_skipped(name);
    }
    kind.is_symlink() || is_yaml(name)
}

fn is_yaml(name: &OsStr) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("yaml") || extension.eq_ignore_ascii_case("yml"))
}

/// Directories that hold other people's YAML, or that nobody may read.
fn is_skipped(name: &OsStr) -> bool {
    name == "node_modules" || name == "target" || name == "lost+found"
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

/// The parent of `a.yaml` is an empty path, which no system call takes.
pub(super) fn or_current_dir(path: &Path) -> &Path {
    if path.as_os_str().is_empty() { Path::new(".") } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for file in files {
            let path = directory.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        directory
    }

    fn names(scan: &Scan, root: &Path) -> Vec<String> {
        let name = |found: &FoundFile| found.path.strip_prefix(root).unwrap().display().to_string();
        scan.files.iter().map(name).collect()
    }

    #[test]
    fn yaml_files_are_found_by_name_and_in_order() {
        let tree = tree(&[
            "b.yaml",
            "a.yml",
            "C.YAML",
            "d/e/f.yaml",
            "d.yaml/g.yml",
            "h.json",
            "yaml",
            ".yaml",
            ".git/i.yaml",
            "..2026/j.yaml",
            "k.yaml~",
            "#l.yaml#",
            ".#m.yaml",
            ".n.yaml.swp",
            "4913",
            "node_modules/o.yaml",
            "d/target/p.yaml",
            "lost+found/q.yaml",
            "r.yaml.bak",
        ]);
        let root = tree.path().to_owned();
        let scan = scan(&[root.clone(), root.join("d"), root.join("b.yaml")]);
        assert_eq!(names(&scan, &root), ["C.YAML", "a.yml", "b.yaml", "d/e/f.yaml", "d.yaml/g.yml"]);
        assert_eq!(scan.problems, []);
        assert!(scan.missing.is_empty());
        assert_eq!(scan.directories.len(), 4);
    }

    #[test]
    fn a_root_is_taken_whatever_its_name() {
        let tree = tree(&[".hidden", "target/a.yaml"]);
        let roots = [tree.path().join(".hidden"), tree.path().join("target")];
        assert_eq!(names(&scan(&roots), tree.path()), [".hidden", "target/a.yaml"]);
    }

    #[test]
    fn a_bound_on_files_is_told_and_hides_the_rest() {
        let tree = tree(&["a.yaml", "b.yaml", "c.yaml"]);
        let root = tree.path().to_owned();
        let bounds = Bounds { files: 2, ..Bounds::default() };
        let scan = scan_within(std::slice::from_ref(&root), &bounds);
        assert_eq!(scan.files.len(), 2);
        insta::assert_snapshot!(scan.problems[0].1.message, @"too many files: more than 2 files or 100000 directories, the rest is left out");
        assert!(scan.hides(&root.join("c.yaml")));
        assert!(!scan.hides(Path::new("/elsewhere/c.yaml")));
    }

    #[test]
    fn links_that_fan_out_end_at_the_bound_on_directories() {
        let tree = tree(&["20/a.yaml"]);
        for level in 0..20 {
            let directory = tree.path().join(level.to_string());
            fs::create_dir(&directory).unwrap();
            for name in ["x", "y"] {
                symlink(format!("../{}", level + 1), directory.join(name)).unwrap();
            }
        }
        let bounds = Bounds { directories: 500, ..Bounds::default() };
        let scan = scan_within(&[tree.path().join("0")], &bounds);
        assert_eq!(scan.problems.len(), 1);
        assert_eq!(scan.directories.len(), 21);
    }

    #[test]
    fn a_change_of_content_is_looked_at_alone_and_any_other_needs_a_whole_scan() {
        let tree = tree(&["a.yaml", "b.yaml", "sub/c.yaml", "d.json"]);
        let root = tree.path().to_owned();
        let changed = |names: &[&str]| names.iter().map(|name| root.join(name)).collect::<BTreeSet<_>>();
        let mut seen = scan(std::slice::from_ref(&root));
        fs::write(root.join("a.yaml"), "project: a").unwrap();
        fs::write(root.join("sub/c.yaml"), "project: c").unwrap();
        let before = seen.clone();
        // Also what editors leave behind, and what went away again, needs no scan.
        assert!(seen.refresh(&changed(&["a.yaml", "d.json", ".a.yaml.swp", "a.yaml~", "4913"])));
        let fresh = scan(std::slice::from_ref(&root));
        assert_eq!(seen.files[..2], fresh.files[..2]);
        assert_eq!(seen.files[2], before.files[2]);
        fs::remove_file(root.join("b.yaml")).unwrap();
        fs::write(root.join("new.yaml"), "").unwrap();
        fs::create_dir(root.join("more")).unwrap();
        symlink("elsewhere", root.join("link")).unwrap();
        fs::rename(root.join("sub"), root.join("other")).unwrap();
        for name in ["b.yaml", "new.yaml", "more", "link", "sub", "other", ""] {
            assert!(!seen.refresh(&changed(&["a.yaml", name])), "{name}");
        }
    }

    #[test]
    fn where_a_file_has_two_paths_every_change_needs_a_whole_scan() {
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
    fn a_working_directory_of_two_names_needs_a_whole_scan() {
        let changed = |path: &str| BTreeSet::from([PathBuf::from(path)]);
        let roots = |paths: &[&str]| paths.iter().map(PathBuf::from).collect::<Vec<_>>();
        assert!(scan(&roots(&["Cargo.toml"])).refresh(&changed("Cargo.toml")));
        assert!(scan(&roots(&["./Cargo.toml"])).refresh(&changed("./Cargo.toml")));
        assert!(!scan(&roots(&["Cargo.toml", "./Cargo.lock"])).refresh(&changed("Cargo.toml")));
    }
}
