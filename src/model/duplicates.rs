//! Projects that more than one file describes.

use std::collections::BTreeMap;
use std::path::Path;

use crate::finding::{Finding, Kind, NodePath};

/// A finding for each file whose project another file describes too, with the index of the file.
///
/// `projects` are indices of files, their paths and the ids of their projects. The findings have no
/// position yet.
pub(crate) fn duplicate_projects(projects: &[(usize, &Path, &str)]) -> Vec<(usize, Finding)> {
    let mut by_id: BTreeMap<&str, Vec<(usize, &Path)>> = BTreeMap::new();
    for &(index, path, id) in projects {
        by_id.entry(id).or_default().push((index, path));
    }
    let mut findings = Vec::new();
    for (id, files) in by_id.into_iter().filter(|(_, files)| 1 < files.len()) {
        for (position, &(index, _)) in files.iter().enumerate() {
            let (_, other) = files[usize::from(position == 0)];
            findings.push((index, duplicate_project(id, other, files.len() - 2)));
        }
    }
    findings
}

/// The finding for a file whose project `id` is also described in `other` and in `more` files.
pub(crate) fn duplicate_project(id: &str, other: &Path, more: usize) -> Finding {
    let others = match more {
        0 => String::new(),
        1 => " and in 1 more file".to_owned(),
        _ => format!(" and in {more} more files"),
    };
    let message = format!("the project `{id}` is also described in `{}`{others}", other.display());
    Finding::new(Kind::DuplicateProject, NodePath::root().key("project"), message)
        .help("give each project its own id, or keep one of the files")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(ids: &[&str]) -> Vec<(usize, String)> {
        let paths = ["0", "1", "2", "3", "4"].map(Path::new);
        let projects: Vec<_> = ids.iter().enumerate().map(|(index, id)| (index, paths[index], *id)).collect();
        duplicate_projects(&projects).into_iter().map(|(index, finding)| (index, finding.message)).collect()
    }

    #[test]
    fn each_file_names_another_one() {
        let message = |other| format!("the project `x` is also described in `{other}`");
        assert_eq!(messages(&["x", "y", "x"]), [(0, message("2")), (2, message("0"))]);
        assert_eq!(messages(&["x", "y", "z"]), []);
    }

    #[test]
    fn further_files_are_counted() {
        let message = |other, more| format!("the project `x` is also described in `{other}` and in {more}");
        let three = messages(&["x", "x", "x", "y"]);
        let more = "1 more file";
        assert_eq!(three, [(0, message("1", more)), (1, message("0", more)), (2, message("0", more))]);
        assert_eq!(messages(&["x"; 5])[4], (4, message("0", "3 more files")));
    }
}
