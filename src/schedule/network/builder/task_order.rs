//! The order of the tasks of a workstream, as far as dependencies say it.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Item, Project, TaskEntry, TaskIndex};

/// The items that start after others finish. Finished items count: what is earned doesn't change the order.
pub(super) struct TaskOrder<'a> {
    project: &'a Project,
    successors: BTreeMap<Item, Vec<Item>>,
    /// The workstreams that share a task.
    shared_by: BTreeMap<TaskIndex, Vec<Item>>,
}

impl<'a> TaskOrder<'a> {
    pub(super) fn of(project: &'a Project) -> Self {
        let mut order = Self { project, successors: BTreeMap::new(), shared_by: BTreeMap::new() };
        for dependency in &project.dependencies {
            order.successors.entry(dependency.from).or_default().push(dependency.to);
        }
        for (area, index, stream) in project.workstreams() {
            for entry in &stream.tasks {
                if let TaskEntry::Shared(Some(task)) = entry {
                    order.shared_by.entry(*task).or_default().push(Item::Workstream(area, index));
                }
            }
        }
        order
    }

    /// The tasks of the same workstream that come after `task`, directly or through other items; `None` if
    /// `steps` run out.
    pub(super) fn tasks_after(&self, task: TaskIndex, steps: &mut usize) -> Option<Vec<Item>> {
        let (mut seen, mut open) = (BTreeSet::new(), vec![Item::Task(task)]);
        while let Some(item) = open.pop() {
            let followers = self.finished_with(item).into_iter().filter_map(|it| self.successors.get(&it)).flatten();
            for next in followers.flat_map(|next| self.parts(*next)) {
                *steps = steps.checked_sub(1)?;
                if seen.insert(next) {
                    open.push(next);
                }
            }
        }
        let is_sibling = |item: &Item| matches!(item, Item::Task(it) if (it.area, it.workstream) == (task.area, task.workstream) && *it != task);
        Some(seen.into_iter().filter(is_sibling).collect())
    }

    /// The items that can't finish before `item`: itself, and those that contain it.
    fn finished_with(&self, item: Item) -> Vec<Item> {
        match item {
            Item::Task(index) => {
                let stream = Item::Workstream(index.area, index.workstream);
                let shared_by = self.shared_by.get(&index).into_iter().flatten().copied();
                [item, stream, Item::Area(index.area)].into_iter().chain(shared_by).collect()
            }
            Item::Workstream(area, _) => vec![item, Item::Area(area)],
            Item::Area(_) | Item::Milestone(_) => vec![item],
        }
    }

    /// `item` and everything in it.
    fn parts(&self, item: Item) -> Vec<Item> {
        let tasks = |area: usize, workstream: usize| {
            let tasks = 0..self.project.workstream(area, workstream).tasks.len();
            tasks.map(move |task| Item::Task(TaskIndex { area, workstream, task }))
        };
        match item {
            Item::Workstream(area, index) => [item].into_iter().chain(tasks(area, index)).collect(),
            Item::Area(area) => {
                let streams = 0..self.project.areas[area].workstreams.len();
                let parts =
                    streams.flat_map(|index| [Item::Workstream(area, index)].into_iter().chain(tasks(area, index)));
                [item].into_iter().chain(parts).collect()
            }
            Item::Task(_) | Item::Milestone(_) => vec![item],
        }
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
        assert_eq!([found(0), found(1)], [false, true]);
    }
}
