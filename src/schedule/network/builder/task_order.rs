//! The order of the tasks of a workstream, as far as dependencies say it.

use std::collections::BTreeSet;

use crate::model::event_graph::EventGraph;
use crate::model::{Item, Project, TaskIndex};

/// The items that start after others finish. Finished items count: what is earned doesn't change the order.
pub(super) struct TaskOrder {
    graph: EventGraph,
    successors: Vec<Vec<usize>>,
}

impl TaskOrder {
    pub(super) fn of(project: &Project) -> Self {
        let graph = EventGraph::of(project, &[]);
        let mut successors = vec![Vec::new(); graph.events.len()];
        for (event, predecessors) in graph.predecessors.iter().enumerate() {
            for &predecessor in predecessors {
                successors[predecessor].push(event);
            }
        }
        Self { graph, successors }
    }

    /// The tasks of the same workstream that come after `task`, directly or through other items; `None` if
    /// `steps` run out.
    pub(super) fn tasks_after(&self, task: TaskIndex, steps: &mut usize) -> Option<Vec<Item>> {
        let (mut seen, mut open) = (BTreeSet::new(), Vec::new());
        open.extend(self.graph.index((Item::Task(task), true)));
        while let Some(event) = open.pop() {
            for &next in &self.successors[event] {
                *steps = steps.checked_sub(1)?;
                if seen.insert(next) {
                    open.push(next);
                }
            }
        }
        let sibling = |event: usize| match self.graph.events[event] {
            (item @ Item::Task(it), false) if (it.area, it.workstream) == (task.area, task.workstream) => Some(item),
            _ => None,
        };
        Some(seen.into_iter().filter_map(sibling).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format;
    use crate::model::lower::lower;

    /// The tasks after the first one of `a/w`, by path.
    fn after(text: &str) -> Vec<String> {
        let (project, findings) = lower(format::parse(text).0.unwrap());
        assert!(findings.is_empty(), "{findings:?}");
        let first = TaskIndex { area: 0, workstream: 0, task: 0 };
        let tasks = TaskOrder::of(&project).tasks_after(first, &mut 1000).unwrap();
        tasks.into_iter().map(|item| project.path(item)).collect()
    }

    #[test]
    fn tasks_come_after_others_directly_and_through_finished_ones() {
        for two in ["todo", "done"] {
            let tasks = format!(
                "{{todo: one}}, {{{two}: two, needs: [a/w/one]}}, {{todo: three, needs: [a/w/two]}}, todo: four"
            );
            let text = format!("project: x\nareas: {{a: {{workstreams: {{w: {{tasks: [{tasks}]}}}}}}}}\n");
            assert_eq!(after(&text), ["a/w/two", "a/w/three"], "{two}");
        }
    }

    #[test]
    fn tasks_come_after_others_through_other_items() {
        let text = "project: x
areas:
  a: {workstreams: {w: {tasks: [{todo: one}, {todo: two, needs: [gate]}, {todo: three, needs: [c]}]}}}
  b: {workstreams: {v: {tasks: [{ref: a/w/one}]}, u: {tasks: [{todo: last, blocks: [a/w/three]}]}}}
  c: {workstreams: {x: {}}}
milestones:
  gate: {needs: [b/v]}
";
        assert_eq!(after(text), ["a/w/two"]);
        let through_area = text.replace("x: {}", "x: {needs: [gate]}");
        assert_eq!(after(&through_area), ["a/w/two", "a/w/three"]);
        let through_part = text.replace("u: {", "u: {needs: [gate], ");
        assert_eq!(after(&through_part), ["a/w/two", "a/w/three"]);
    }

    #[test]
    fn the_search_ends_when_its_steps_run_out() {
        let text =
            "project: x\nareas: {a: {workstreams: {w: {tasks: [{todo: one}, {todo: two, needs: [a/w/one]}]}}}}\n";
        let (project, _) = lower(format::parse(text).0.unwrap());
        let first = TaskIndex { area: 0, workstream: 0, task: 0 };
        let found = |mut steps: usize| TaskOrder::of(&project).tasks_after(first, &mut steps).is_some();
        assert_eq!([found(1), found(100)], [false, true]);
    }
}
