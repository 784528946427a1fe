//! Branch coverage of the templates by the values files.
//!
//! A `fail` is inserted into each `if`, `else`, `with`, `range` and `define`, one at a time. Helm reports it
//! if the branch is rendered.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::chart::charts::{Values, chart, copy_chart, files, template};

const REACHED: &str = "branch reached";

struct Branch {
    /// The template, relative to the chart.
    template: PathBuf,
    /// Byte offset of the branch's content.
    start: usize,
    line: usize,
    /// The action that opens the branch.
    action: String,
}

/// Finds the branches of the template at `path`, relative to the chart.
fn find_branches(path: &Path) -> Vec<Branch> {
    let text = std::fs::read_to_string(chart().join(path)).unwrap();
    let mut branches = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find("{{").map(|it| at + it) {
        let is_comment = text[open..].trim_start_matches(['{', '-', ' ']).starts_with("/*");
        let close = if is_comment { text[open..].find("*/").map(|it| open + it) } else { Some(open) };
        let start = close.and_then(|from| text[from..].find("}}").map(|it| from + it + 2)).unwrap();
        let action = text[open..start].trim_matches(['{', '}', '-', ' ']).to_owned();
        let word = action.split(' ').next().unwrap();
        if !is_comment && ["if", "else", "with", "range", "define"].contains(&word) {
            let line = 1 + text[..open].matches('\n').count();
            branches.push(Branch { template: path.to_owned(), start, line, action });
        }
        at = start;
    }
    branches
}

/// All templates, relative to the chart.
fn templates() -> Vec<PathBuf> {
    let mut templates = Vec::new();
    let kinds = [("templates", ".tpl"), ("templates", ".yaml"), ("templates", ".txt"), ("templates/tests", ".yaml")];
    for (folder, suffix) in kinds {
        let names = files(&chart().join(folder), suffix);
        templates.extend(names.iter().map(|path| path.strip_prefix(chart()).unwrap().to_owned()));
    }
    templates
}

/// Returns true if any of `values` reaches `branch`. `chart` must be a writable copy. Moves the values file
/// that reaches the branch to the front: it often reaches the next branch too.
fn is_reached(branch: &Branch, chart: &Path, values: &mut [Values]) -> bool {
    let file = chart.join(&branch.template);
    let text = std::fs::read_to_string(&file).unwrap();
    let (before, after) = text.split_at(branch.start);
    std::fs::write(&file, format!("{before}{{{{ fail \"{REACHED}\" }}}}{after}")).unwrap();
    let fails = |values: &Values| template("helm", chart, values).is_err_and(|error| error.contains(REACHED));
    let found = values.iter().position(fails);
    std::fs::write(&file, text).unwrap();
    if let Some(found) = found {
        values[..=found].rotate_right(1);
    }
    found.is_some()
}

#[test]
fn the_values_files_reach_every_branch_of_every_template() {
    let branches: Vec<Branch> = templates().iter().flat_map(|path| find_branches(path)).collect();
    assert!(branches.len() > 100);
    let next = AtomicUsize::new(0);
    let missed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let chart = copy_chart();
                let mut values = [Values::valid(), Values::invalid()].concat();
                while let Some(branch) = branches.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if !is_reached(branch, chart.path(), &mut values) {
                        let location = format!("{}:{}: {}", branch.template.display(), branch.line, branch.action);
                        missed.lock().unwrap().push(location);
                    }
                }
            });
        }
    });
    let missed = missed.into_inner().unwrap();
    assert!(missed.is_empty(), "branches that no values file reaches:\n{}", missed.join("\n"));
}
