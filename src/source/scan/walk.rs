//! The walk over directories that a full scan makes.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, DirEntry, FileType, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use crate::finding::{Finding, Kind, NodePath};
use crate::source::scan::{FileId, FoundFile, Scan, or_current_dir};
use crate::source::{Stamp, read_failure};

/// Maximum numbers for one root.
pub(super) struct Bounds {
    files: usize,
    directories: usize,
    /// Directories inside each other.
    depth: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { files: 100_000, directories: 100_000, depth: 32 }
    }
}

pub(super) fn walk(roots: &[PathBuf], bounds: &Bounds) -> Scan {
    let mut walk = Walk {
        bounds,
        scan: Scan::default(),
        ancestors: Vec::new(),
        walked: 0,
        bound_reached: false,
        watched: BTreeSet::new(),
    };
    for root in roots {
        walk.walk_root(root);
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
    /// The current directory and its parents, from the root.
    ancestors: Vec<FileId>,
    walked: usize,
    bound_reached: bool,
    /// Arguments of [`Walk::watch`] so far, which saves a `stat` for each repetition.
    watched: BTreeSet<PathBuf>,
}

impl Walk<'_> {
    fn walk_root(&mut self, root: &Path) {
        self.watch_links_of(root);
        match fs::metadata(root) {
            Ok(metadata) if metadata.is_dir() => {
                self.walk_directory(root, &metadata);
                if self.bound_reached {
                    let message = format!(
                        "more than {} files or {} directories: the rest is ignored",
                        self.bounds.files, self.bounds.directories
                    );
                    self.add_problem(
                        root,
                        bound_finding(
                            message,
                            "on the command line, name only directories that contain readiness files",
                        ),
                    );
                }
            }
            Ok(metadata) => {
                self.watch(parent(root));
                self.watch_target_of(root);
                self.add_file(root.to_owned(), &metadata);
            }
            Err(error) => {
                self.watch_nearest_parent(root);
                if error.kind() == io::ErrorKind::NotFound {
                    self.scan.missing.push(root.to_owned());
                } else {
                    self.add_problem(root, read_failure(root, &error));
                }
            }
        }
    }

    fn walk_directory(&mut self, path: &Path, metadata: &Metadata) {
        let id = FileId::of(metadata);
        if self.ancestors.contains(&id) {
            return; // A link to a parent directory.
        }
        if self.ancestors.len() >= self.bounds.depth {
            let message = format!("more than {} nested directories: the rest is ignored", self.bounds.depth);
            return self.add_problem(path, bound_finding(message, "move the files to a higher directory"));
        }
        if self.walked >= self.bounds.directories {
            self.bound_reached = true;
            return;
        }
        self.walked += 1;
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => return self.report_unless_gone(path, &error),
        };
        self.remember(id, path);
        self.ancestors.push(id);
        for (_, entry) in self.sort_by_name(path, entries) {
            self.visit(&entry);
            if self.bound_reached {
                break;
            }
        }
        self.ancestors.pop();
    }

    /// The entries of a directory, sorted by name. Comparing names is cheaper than comparing paths,
    /// and results in the same order.
    fn sort_by_name(&mut self, path: &Path, entries: fs::ReadDir) -> Vec<(OsString, DirEntry)> {
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

    fn visit(&mut self, entry: &DirEntry) {
        let name = entry.file_name();
        let Ok(kind) = entry.file_type() else {
            return; // It was removed after it was listed.
        };
        if !is_candidate(&name, kind) {
            return;
        }
        let path = entry.path();
        self.scan.has_aliases |= kind.is_symlink();
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => {
                if !is_skipped(&name) {
                    self.walk_directory(&path, &metadata);
                }
            }
            Ok(metadata) if is_yaml(&name) => {
                if kind.is_symlink() {
                    self.watch_target_of(&path);
                }
                self.add_file(path, &metadata);
            }
            Ok(_) => {}
            Err(error) if kind.is_symlink() => {
                if is_yaml(&name) {
                    self.watch_target_of(&path);
                    self.add_problem(&path, read_failure(&path, &error));
                }
            }
            Err(error) => self.report_unless_gone(&path, &error),
        }
    }

    fn add_file(&mut self, path: PathBuf, metadata: &Metadata) {
        if self.scan.files.len() >= self.bounds.files {
            self.bound_reached = true;
            return;
        }
        let stamp = Stamp::of(metadata);
        self.scan.files.push(FoundFile { path, stamp });
    }

    fn add_problem(&mut self, path: &Path, finding: Finding) {
        self.scan.problems.push((path.to_owned(), finding));
    }

    fn report_unless_gone(&mut self, path: &Path, error: &io::Error) {
        if error.kind() != io::ErrorKind::NotFound {
            self.add_problem(path, read_failure(path, error));
        }
    }

    /// Watches the directories of links in the path of a root. git-sync replaces such a link with
    /// each commit.
    fn watch_links_of(&mut self, root: &Path) {
        for path in root.ancestors() {
            if path.is_symlink() {
                self.scan.has_aliases = true;
                self.watch(parent(path));
            }
        }
    }

    /// Watches the directory of a linked file: only there is a write to the file reported.
    fn watch_target_of(&mut self, link: &Path) {
        if let Ok(target) = fs::read_link(link) {
            let target = parent(link).join(target);
            self.watch(parent(&target));
        }
    }

    /// Watches the nearest existing parent of a path that does not exist.
    fn watch_nearest_parent(&mut self, path: &Path) {
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

    /// Keeps the first path in sort order if a directory has several.
    fn remember(&mut self, id: FileId, path: &Path) {
        let known = self.scan.directories.entry(id);
        let known = known.or_insert_with(|| path.to_owned());
        self.scan.has_aliases |= path != known.as_path();
        if path < known.as_path() {
            path.clone_into(known);
        }
    }
}

fn bound_finding(message: String, help: &str) -> Finding {
    Finding::new(Kind::Unreadable, NodePath::root(), message).help(help)
}

/// Whether an entry may be a readiness file or contain one. Saves a `stat` for the others.
pub(super) fn is_candidate(name: &OsStr, kind: FileType) -> bool {
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

/// Directories of third-party files, or without read permission.
fn is_skipped(name: &OsStr) -> bool {
    name == "node_modules" || name == "target" || name == "lost+found"
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::source::scan::scan;
    use std::os::unix::fs::symlink;

    /// A directory with these empty files.
    pub(crate) fn tree(files: &[&str]) -> tempfile::TempDir {
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
    fn a_root_is_found_whatever_its_name() {
        let tree = tree(&[".hidden", "target/a.yaml"]);
        let roots = [tree.path().join(".hidden"), tree.path().join("target")];
        assert_eq!(names(&scan(&roots), tree.path()), [".hidden", "target/a.yaml"]);
    }

    #[test]
    fn more_files_than_the_bound_are_a_finding_and_hide_the_rest() {
        let tree = tree(&["a.yaml", "b.yaml", "c.yaml"]);
        let root = tree.path().to_owned();
        let bounds = Bounds { files: 2, ..Bounds::default() };
        let scan = walk(std::slice::from_ref(&root), &bounds);
        assert_eq!(scan.files.len(), 2);
        insta::assert_snapshot!(scan.problems[0].1.message, @"more than 2 files or 100000 directories: the rest is ignored");
        assert!(scan.hides(&root.join("c.yaml")));
        assert!(!scan.hides(Path::new("/elsewhere/c.yaml")));
    }

    #[test]
    fn links_that_fan_out_stop_at_the_bound_on_directories() {
        let tree = tree(&["20/a.yaml"]);
        for level in 0..20 {
            let directory = tree.path().join(level.to_string());
            fs::create_dir(&directory).unwrap();
            for name in ["x", "y"] {
                symlink(format!("../{}", level + 1), directory.join(name)).unwrap();
            }
        }
        let bounds = Bounds { directories: 500, ..Bounds::default() };
        let scan = walk(&[tree.path().join("0")], &bounds);
        assert_eq!(scan.problems.len(), 1);
        assert_eq!(scan.directories.len(), 21);
    }
}
