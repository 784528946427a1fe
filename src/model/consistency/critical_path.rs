//! Checks of the reported critical path.

use crate::finding::{Finding, Kind, NodePath, push_limited};
use crate::model::completion::{self, Completion};
use crate::model::consistency::{finding, is_open};
use crate::model::event_graph::{EventGraph, parent};
use crate::model::{Area, Item, Project};

/// Open items without an estimate.
#[must_use]
pub(crate) fn without_estimate(project: &Project, completion: &Completion) -> Vec<Finding> {
    let items = project
        .critical_path
        .iter()
        .filter(|item| !completion.is_complete(project, **item) && !is_estimated(project, completion, **item));
    let findings = items.map(|item| {
        let missing = match item {
            Item::Area(_) => "not all of its open workstreams have an estimate",
            Item::Workstream(..) => "neither it nor all of its open tasks have an estimate",
            Item::Task(_) | Item::Milestone(_) => "it has no estimate",
        };
        let message = format!("`{}` is on the critical path, but {missing}", project.path(*item));
        finding(Kind::CriticalWithoutEstimate, project.node(*item), message)
            .at_key()
            .help("add one, such as `estimate: 2-3w`")
    });
    findings.collect()
}

/// Whether an item, or all open items in it, have an estimate. A milestone does not need one.
fn is_estimated(project: &Project, completion: &Completion, item: Item) -> bool {
    match item {
        Item::Milestone(_) => true,
        Item::Area(area) => is_area_estimated(project, completion, area),
        Item::Task(index) => project.task(index).is_some_and(|task| task.estimate.is_some()),
        Item::Workstream(area, index) => {
            let stream = project.workstream(area, index);
            let mut open = stream.tasks.iter().filter_map(completion::own_task).filter(|task| is_open(task)).peekable();
            stream.estimate.is_some() || (open.peek().is_some() && open.all(|task| task.estimate.is_some()))
        }
    }
}

fn is_area_estimated(project: &Project, completion: &Completion, area: usize) -> bool {
    let section: &Area = &project.areas[area];
    let items = (0..section.workstreams.len()).map(|index| Item::Workstream(area, index));
    items.into_iter().all(|item| completion.is_complete(project, item) || is_estimated(project, completion, item))
}

/// Open items that do not need the open item before them. Done work cannot drive the finish.
#[must_use]
pub(crate) fn gaps(project: &Project, completion: &Completion) -> Vec<Finding> {
    /// Far more than any real plan needs.
    const MAX_STEPS: usize = 2_000_000;
    gaps_within(MAX_STEPS, project, completion)
}

fn gaps_within(max_steps: usize, project: &Project, completion: &Completion) -> Vec<Finding> {
    let entries = project.critical_path.iter().copied().zip(project.critical_path_positions.iter().copied());
    let entries: Vec<(Item, usize)> = entries.collect();
    let is_step = |[(from, before), (to, position)]: &&[(Item, usize); 2]| {
        before + 1 == *position && ![*from, *to].into_iter().any(|item| completion.is_complete(project, item))
    };
    let steps: Vec<&[(Item, usize); 2]> = entries.array_windows().filter(is_step).collect();
    let mut findings = Vec::new();
    if steps.is_empty() {
        return findings;
    }
    let graph = EventGraph::of(project, &project.critical_path);
    let mut search = NeedSearch { graph: &graph, seen: vec![0; graph.events.len()], searches: 0, steps: max_steps };
    for &&[(from, _), (to, position)] in &steps {
        if search.needs(to, from) == Some(false) {
            push_limited(&mut findings, || gap(project, from, to, position));
        }
    }
    findings
}

fn gap(project: &Project, from: Item, to: Item, position: usize) -> Finding {
    let (before, after) = (project.path(from), project.path(to));
    let message = format!(
        "`{after}` follows `{before}` on the critical path, but does not need it: the forecast may run them in parallel"
    );
    // An area has neither `needs` nor `blocks`, and a milestone has no `blocks`.
    let edit = match (from, to) {
        (Item::Workstream(..) | Item::Task(_), Item::Area(_)) => format!("add `blocks: [{after}]` to `{before}`"),
        (_, Item::Area(_)) => format!("add `needs: [{before}]` to the workstreams of `{after}`"),
        _ => format!("add `needs: [{before}]` to `{after}`"),
    };
    let at = NodePath::root().key("critical_path").index(position);
    finding(Kind::CriticalPathGap, at, message).help(format!("{edit}, or correct the critical path"))
}

/// A search backwards from the finish of an item.
struct NeedSearch<'a> {
    graph: &'a EventGraph,
    /// The number of the last search that reached the event.
    seen: Vec<usize>,
    searches: usize,
    /// The number of edges that may still be followed.
    steps: usize,
}

impl NeedSearch<'_> {
    /// Whether `to` cannot finish before `from`, or before a part of it.
    ///
    /// This includes items that contain each other. `None` if there are more dependencies than can be followed.
    fn needs(&mut self, to: Item, from: Item) -> Option<bool> {
        self.searches += 1;
        let mut open = vec![self.graph.index((to, true))?];
        while let Some(event) = open.pop() {
            if contains(from, self.graph.events[event].0) {
                return Some(true);
            }
            for &before in &self.graph.predecessors[event] {
                self.steps = self.steps.checked_sub(1)?;
                if std::mem::replace(&mut self.seen[before], self.searches) != self.searches {
                    open.push(before);
                }
            }
        }
        Some(false)
    }
}

/// Whether `inner` is `outer` or a part of it.
#[must_use]
pub(crate) fn contains(outer: Item, inner: Item) -> bool {
    std::iter::successors(Some(inner), |item| parent(*item)).any(|item| item == outer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format;
    use crate::model::lower::lower;

    fn gaps_in(max_steps: usize, text: &str) -> Vec<Finding> {
        let (document, unreadable) = format::parse(text);
        assert!(unreadable.is_empty(), "{unreadable:?}\n{text}");
        let project = lower(document.unwrap()).0;
        gaps_within(max_steps, &project, &Completion::of(&project))
    }

    /// A plan with this critical path. `u needs: [a/w],` adds `needs` to the item with the id `u`.
    fn plan(path: &str, keys: &[&str]) -> String {
        const TEMPLATE: &str = "project: x
areas:
  a: {workstreams: {w: {<w>tasks: [{<one>todo: one}, {todo: four}]}, v: {<v>}}}
  b: {workstreams: {u: {<u>tasks: [{<two>todo: two}, {<three>todo: three}]}, t: {<t>tasks: [todo: five<t2>]}}}
milestones: {m: {<m>}, n: {<n>}}
critical_path: [<path>]
";
        let mut text = TEMPLATE.replace("<path>", path);
        for key in keys {
            let (id, key) = key.split_once(' ').unwrap();
            let marker = format!("<{id}>");
            assert!(text.contains(&marker), "{marker}");
            text = text.replace(&marker, key);
        }
        for id in ["w", "one", "v", "u", "two", "three", "t", "t2", "m", "n"] {
            text = text.replace(&format!("<{id}>"), "");
        }
        text
    }

    /// The entries of `path` that are gaps.
    fn gaps_at(path: &str, keys: &[&str]) -> Vec<String> {
        gaps_in(usize::MAX, &plan(path, keys)).iter().map(|gap| gap.at.to_string()).collect()
    }

    fn assert_gap(path: &str, keys: &[&str]) {
        assert_eq!(gaps_at(path, keys), ["critical_path[1]"], "{path} {keys:?}");
    }

    fn assert_no_gap(path: &str, keys: &[&str]) {
        assert_eq!(gaps_at(path, keys), Vec::<String>::new(), "{path} {keys:?}");
    }

    #[test]
    fn each_step_needs_the_one_before_it() {
        assert_gap("a/w, b/u", &[]);
        assert_gap("a/w, b/u", &["w needs: [b/u],"]);
        assert_gap("a/w, b/u", &["t needs: [a/w],", "v needs: [b/u]"]);
        assert_no_gap("a/w, b/u", &["u needs: [a/w],"]);
        assert_no_gap("a/w, b/u", &["w blocks: [b/u],"]);
        assert_no_gap("a/w", &[]);
        assert_eq!(gaps_at("a/w, b/u, m, n", &["m needs: [b/u]"]), ["critical_path[1]", "critical_path[3]"]);
    }

    #[test]
    fn a_step_may_need_a_part_or_the_container_of_the_one_before_it() {
        assert_no_gap("a/w, b/u", &["u needs: [a/w/one],"]);
        assert_no_gap("a/w, b/u", &["u needs: [a],"]);
        assert_no_gap("a/w/one, b/u", &["u needs: [a/w],"]);
        assert_no_gap("a, b/u", &["u needs: [a/w/one],"]);
        assert_gap("a/w/one, b/u", &["u needs: [a/w/four],"]);
        assert_gap("a/w, b/u", &["u needs: [a/v],"]);
    }

    #[test]
    fn a_part_or_the_container_of_a_step_may_have_the_need() {
        assert_no_gap("a/w, b/u", &["two needs: [a/w],"]);
        assert_no_gap("a/w, b", &["two needs: [a/w],"]);
        assert_no_gap("a/w, b/u/two", &["u needs: [a/w],"]);
        assert_no_gap("a/w, b/u/two", &["w blocks: [b],"]);
        assert_gap("a/w, b/u/two", &["three needs: [a/w],"]);
        assert_gap("a/w, b/u", &["t needs: [a/w],"]);
    }

    #[test]
    fn a_need_may_be_indirect() {
        assert_no_gap("a/w, b/u", &["u needs: [m],", "m needs: [a/w]"]);
        assert_no_gap("a/w, b/u", &["u needs: [m],", "m needs: [n]", "n needs: [a/v]", "v needs: [a/w]"]);
        assert_no_gap("a/w, m", &["m needs: [b]", "two needs: [a/w/one],"]);
        assert_no_gap("a/w, b/u/two", &["two needs: [b/u/three],", "three needs: [a/w],"]);
        assert_gap("a/w, m", &["m needs: [b/u/three]", "two needs: [a/w/one],"]);
    }

    #[test]
    fn a_shared_task_is_needed() {
        assert_no_gap("a/w, b/t", &["t2 , ref: a/w/one"]);
        assert_no_gap("b/u, b/t", &["t2 , ref: a/w/one", "one needs: [b/u],"]);
        assert_gap("a/v, b/t", &["t2 , ref: a/w/one"]);
    }

    #[test]
    fn done_work_and_parts_of_a_step_are_no_gaps() {
        assert_no_gap("a, a/w", &[]);
        assert_no_gap("b/u/two, b", &[]);
        assert_gap("a/w, a/v", &["v complete: 99%"]);
        assert_no_gap("a/w, a/v", &["v complete: 100%"]);
        assert_no_gap("m, a/w", &["m done: 2026-01-05"]);
    }

    #[test]
    fn unknown_references_are_no_steps() {
        assert_eq!(gaps_at("a/w, unknown, b/u, m", &[]), ["critical_path[3]"]);
        assert_eq!(gaps_at("a/w, a/w, b/u, m", &[]), ["critical_path[3]"]);
        assert_eq!(gaps_at("a/w, b/u, unknown", &[]), ["critical_path[1]"]);
    }

    #[test]
    fn the_help_is_an_edit_that_the_format_allows() {
        let gap = |path: &str| gaps_in(usize::MAX, &plan(path, &[])).remove(0);
        let message = "`b/u` follows `a/w` on the critical path, but does not need it: the forecast may run them in \
                       parallel";
        assert_eq!(gap("a/w, b/u").message, message);
        let help = |path: &str| gap(path).help.unwrap();
        assert_eq!(help("a/w, b/u"), "add `needs: [a/w]` to `b/u`, or correct the critical path");
        assert_eq!(help("a, m"), "add `needs: [a]` to `m`, or correct the critical path");
        assert_eq!(help("a/w/one, b"), "add `blocks: [b]` to `a/w/one`, or correct the critical path");
        assert_eq!(help("m, b"), "add `needs: [m]` to the workstreams of `b`, or correct the critical path");
    }

    #[test]
    fn a_plan_above_the_maximum_number_of_steps_has_no_gaps() {
        let text = plan("a/w, m, b/u", &["m needs: [a/v]"]);
        // From the finish of `m`: its start, the finish and start of `a/v`, and the start of `a`.
        // From the finish of `b/u`: its start, and the start of `b`.
        let found = [0, 3, 4, 5, 6, 7].map(|max_steps| gaps_in(max_steps, &text).len());
        assert_eq!(found, [0, 0, 1, 1, 2, 2]);
    }
}
