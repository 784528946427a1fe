//! Whether the values files reach every branch of every template.
//!
//! Each `if`, `else`, `with`, `range` and `define` is made to fail, one at a time. A branch that is
//! reached makes Helm say so.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::chart::charts::{Values, chart, copy, files, template};

const REACHED: &str = "this branch was reached";

/// A place behind the opening of a branch.
struct Branch {
    /// The template, below the chart.
    template: PathBuf,
    /// Where the branch's content begins, in bytes.
    begin: usize,
    line: usize,
    /// The action that opens it.
    action: String,
}

/// The branches of the template at `path`, below the chart.
fn branches(path: &Path) -> Vec<Branch> {
    let text = std::fs::read_to_string(chart().join(path)).unwrap();
    let mut branches = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find("{{").map(|it| at + it) {
        let is_comment = text[open..].trim_start_matches(['{', '-', ' ']).starts_with("/*");
        let close = if is_comment { text[open..].find("*/").map(|it| open + it) } else { Some(open) };
        let begin = close.and_then(|from| text[from..].find("}}").map(|it| from + it + 2)).unwrap();
        let action = text[open..begin].trim_matches(['{', '}', '-', ' ']).to_owned();
        let word = action.split(' ').next().unwrap();
        if !is_comment && ["if", "else", "with", "range", "define"].contains(&word) {
            let line = 1 + text[..open].matches('\n').count();
            branches.push(Branch { template: path.to_owned(), begin, line, action });
        }
        at = begin;
    }
    branches
}

/// Every template, below the chart.
fn templates() -> Vec<PathBuf> {
    let mut templates = Vec::new();
    let kinds = [("templates", ".tpl"), ("templates", ".yaml"), ("templates", ".txt"), ("templates/tests", ".yaml")];
    for (folder, end) in kinds {
        let names = files(&chart().join(folder), end);
        templates.extend(names.iter().map(|path| path.strip_prefix(chart()).unwrap().to_owned()));
    }
    templates
}

/// Whether one of `values` reaches `branch`; `chart` is a copy that may be changed. The one that
/// does so is put first, since it often reaches the next branch as well.
fn is_reached(branch: &Branch, chart: &Path, values: &mut [Values]) -> bool {
    let file = chart.join(&branch.template);
    let text = std::fs::read_to_string(&file).unwrap();
    let (before, after) = text.split_at(branch.begin);
    std::fs::write(&file, format!("{before}{{{{ fail \"{REACHED}\" }}}}{after}")).unwrap();
    let fails = |values: &Values| template("helm", chart, values).is_err_and(|said| said.contains(REACHED));
    let found = values.iter().position(fails);
    std::fs::write(&file, text).unwrap();
    if let Some(found) = found {
        values[..=found].rotate_right(1);
    }
    found.is_some()
}

#[test]
fn the_values_files_reach_every_branch_of_every_template() {
    let branches: Vec<Branch> = templates().iter().flat_map(|path| branches(path)).collect();
    assert!(branches.len() > 100);
    let next = AtomicUsize::new(0);
    let missed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let chart = copy();
                let mut values = [Values::good(), Values::bad()].concat();
                while let Some(branch) = branches.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if !is_reached(branch, chart.path(), &mut values) {
                        let place = format!("{}:{}: {}", branch.template.display(), branch.line, branch.action);
                        missed.lock().unwrap().push(place);
                    }
                }
            });
        }
    });
    let missed = missed.into_inner().unwrap();
    assert!(missed.is_empty(), "no values file reaches\n{}", missed.join("\n"));
}
