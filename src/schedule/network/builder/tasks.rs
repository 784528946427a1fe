//! The tasks inside of a workstream.
//!
//! A task with an estimate takes its own time. Another task takes its share of the workstream's remaining
//! work. The order of the shares is unknown, as far as `needs` don't say it.

use std::collections::BTreeSet;

use crate::date::DayOrMonth;
use crate::model::completion::{Completion, credit, tasks_of};
use crate::model::{Item, Project, Status, Task, TaskEntry, TaskIndex};
use crate::quantity::Ratio;
use crate::schedule::network::builder::task_order::TaskOrder;
use crate::schedule::network::builder::{NetworkBuilder, is_inner};
use crate::schedule::network::duration::ActivityProgress;
use crate::schedule::network::{Basis, ItemNodes, NetworkNode, Predecessor};

/// The nodes of an open task.
#[derive(Debug, Clone, Copy)]
pub(super) struct TaskNodes {
    /// The node in which its own work passes.
    pub(super) node: usize,
    /// Its share of the remaining work of the workstream, if it has no estimate.
    share: Option<f64>,
}

/// The most steps from item to item in the search for tasks that come after others.
const MAX_STEPS: usize = 20_000_000;

impl NetworkBuilder<'_> {
    /// Adds the tasks that have a duration, a date or a reference of their own.
    pub(super) fn add_tasks(&mut self) {
        let needed_outside = needed_outside(self.input.project);
        for index in self.network_tasks() {
            if let Some(task) = self.input.project.task(index).filter(|_| self.is_open(Item::Task(index))) {
                self.add_task(index, task, needed_outside.contains(&index));
            }
        }
        self.connect_shared_tasks();
    }

    fn network_tasks(&self) -> BTreeSet<TaskIndex> {
        let project = self.input.project;
        let dependencies = project.dependencies.iter().flat_map(|it| [it.from, it.to]);
        let affected = project.risks.iter().flat_map(|risk| &risk.affects).copied();
        let items = dependencies.chain(affected).chain(project.added_days.keys().copied());
        let of_task = |item: Item| if let Item::Task(index) = item { Some(index) } else { None };
        let start_day = self.input.timeline.start_day();
        let waits = |task: &Task| task.not_before.max(task.started).is_some_and(|day| day > start_day);
        let has_own = |task: &Task| task.estimate.is_some() || task.due.is_some() || waits(task);
        let own = project.tasks().filter(|(_, task)| has_own(task)).map(|(index, _)| index);
        items.filter_map(of_task).chain(shared_tasks(project)).chain(own).collect()
    }

    fn add_task(&mut self, index: TaskIndex, task: &Task, is_needed_outside: bool) {
        let (item, stream) = (Item::Task(index), Item::Workstream(index.area, index.workstream));
        let Some(stream_nodes) = self.network.items.get(&stream).copied() else { return };
        let node = self.add_node(Some(item), vec![stream_nodes.start]);
        self.network.nodes[node].not_before = self.earliest_start(task.started, task.not_before);
        let work = self.work.get(&stream).copied();
        let mut share = None;
        if let Some(estimate) = task.estimate {
            let whole = self.estimated(estimate);
            let duration = self.add_duration(item, Basis::Estimated, whole, self.task_progress(task));
            self.network.nodes[node].duration = Some((duration, 1.0));
        } else if let Some(work) = work {
            let part = share_of_work(self.input.project, index);
            self.network.nodes[node].duration = Some((work.duration, part));
            share = Some(part);
        } else if let Some(due) = task.due.or_else(|| self.fixed_workstream_date(stream)) {
            self.fix_date(item, node, due.last_day());
        }
        // For items outside, the rest of the work may come before the task.
        let finish = if share.is_some() && is_needed_outside { self.add_node(Some(item), vec![node]) } else { node };
        self.network.nodes[stream_nodes.finish].before.push(node.into());
        self.network.items.insert(item, ItemNodes { start: node, finish });
        self.tasks.insert(item, TaskNodes { node, share });
    }

    /// The due date of a workstream that is forecast from it alone: no part of it is known to be earlier.
    fn fixed_workstream_date(&self, stream: Item) -> Option<DayOrMonth> {
        let Item::Workstream(area, index) = stream else { return None };
        let is_fixed = self.network.bases.get(&stream) == Some(&Basis::FixedDate);
        self.input.project.workstream(area, index).due.filter(|_| is_fixed)
    }

    /// The status of a task is its progress, so that progress is known.
    fn task_progress(&self, task: &Task) -> ActivityProgress {
        let open = 1.0 - credit(task, &self.input.project.policy).map_or(0.0, Ratio::get);
        ActivityProgress::Known { open, elapsed: self.elapsed(task.started) }
    }

    /// A workstream finishes no earlier than its shared tasks.
    fn connect_shared_tasks(&mut self) {
        for (area, index, stream) in self.input.project.workstreams() {
            let Some(nodes) = self.network.items.get(&Item::Workstream(area, index)).copied() else { continue };
            for entry in &stream.tasks {
                let TaskEntry::Shared(Some(task)) = entry else { continue };
                if let Some(task) = self.network.items.get(&Item::Task(*task)) {
                    let finish = task.finish;
                    self.network.nodes[nodes.finish].before.push(finish.into());
                }
            }
        }
    }

    /// For items outside, a task without estimate finishes no earlier than the work of its workstream, less
    /// the shares of the tasks that come after it.
    pub(super) fn add_rest_of_work(&mut self) {
        let is_outer = |(item, nodes): &(&Item, &TaskNodes)| self.network.items[item].finish != nodes.node;
        let outer: Vec<Item> = self.tasks.iter().filter(is_outer).map(|(item, _)| *item).collect();
        if outer.is_empty() {
            return;
        }
        let order = TaskOrder::of(self.input.project);
        let mut steps = MAX_STEPS;
        for item in outer {
            let Item::Task(index) = item else { continue };
            let stream = Item::Workstream(index.area, index.workstream);
            let (Some(work), Some(nodes)) = (self.work.get(&stream).copied(), self.network.items.get(&stream)) else {
                continue;
            };
            let start = nodes.start;
            // Without the tasks that come after it, the task finishes later for items outside.
            let mut after = order.tasks_after(index, &mut steps).unwrap_or_default();
            after.retain(|task| self.tasks.contains_key(task));
            let before = if after.is_empty() { work.node } else { self.add_rest(stream, start, &after) };
            let finish = self.network.items[&item].finish;
            self.network.nodes[finish].before.push(before.into());
        }
    }

    /// A node in which the work of `stream` passes without the tasks in `after`.
    fn add_rest(&mut self, stream: Item, start: usize, after: &[Item]) -> usize {
        let work = self.work[&stream];
        let shares: f64 = after.iter().filter_map(|task| self.tasks[task].share).sum();
        let mut node = NetworkNode { before: vec![start.into()], ..self.network.nodes[work.node].clone() };
        node.duration = Some((work.duration, (1.0 - shares).max(0.0)));
        for task in after {
            let own = &self.network.nodes[self.tasks[task].node];
            node.delay -= own.delay;
            for event in &own.risk_events {
                if let Some(place) = node.risk_events.iter().position(|other| other == event) {
                    node.risk_events.remove(place);
                }
            }
        }
        self.network.nodes.push(node);
        self.network.nodes.len() - 1
    }

    /// Adds `days` to a task and to the work of its workstream; takes no more away than the mean remainder.
    pub(super) fn add_time_to_task(&mut self, item: Item, days: f64) {
        let node = self.tasks[&item].node;
        let duration =
            self.network.nodes[node].duration.map(|(duration, part)| (&self.network.durations[duration], part));
        let change = if self.network.remaining.contains_key(&item) {
            // The remaining duration of the task itself has the time already.
            duration.map_or(0.0, |(duration, _)| duration.mean_change())
        } else {
            let change = days.max(duration.map_or(0.0, |(duration, part)| -part * duration.mean()));
            self.network.nodes[node].delay += change;
            change
        };
        if let Some(work) = self.work_of_task(item) {
            self.network.nodes[work.node].delay += change;
        }
    }

    /// Lengthens or shortens the tasks of a workstream without work of its own, so that its longest chain of
    /// tasks changes by `days`.
    pub(super) fn stretch_tasks(&mut self, stream: Item, nodes: ItemNodes, days: f64) {
        let Item::Workstream(area, workstream) = stream else { return };
        let tasks: Vec<usize> = self
            .tasks
            .iter()
            .filter(
                |(item, _)| matches!(item, Item::Task(index) if (index.area, index.workstream) == (area, workstream)),
            )
            .map(|(_, nodes)| nodes.node)
            .collect();
        let length = self.longest_chain(&tasks);
        if length <= 0.0 {
            self.network.nodes[nodes.start].delay += days;
            return;
        }
        let factor = ((length + days) / length).max(0.0);
        for node in tasks {
            if let Some((_, part)) = &mut self.network.nodes[node].duration {
                *part *= factor;
            }
        }
    }

    /// The longest chain of mean durations through these nodes alone.
    fn longest_chain(&self, tasks: &[usize]) -> f64 {
        let mean = |node: usize| {
            self.network.nodes[node]
                .duration
                .map_or(0.0, |(duration, part)| self.network.durations[duration].mean() * part)
        };
        let position = |before: &Predecessor| tasks.binary_search(&before.node).ok();
        let before: Vec<Vec<usize>> =
            tasks.iter().map(|&node| self.network.nodes[node].before.iter().filter_map(position).collect()).collect();
        let mut finish = vec![0.0; tasks.len()];
        for task in crate::model::topology::topological_order(&before, |_| true) {
            let start = before[task].iter().map(|&before| finish[before]).fold(0.0, f64::max);
            finish[task] = start + mean(tasks[task]);
        }
        finish.into_iter().fold(0.0, f64::max)
    }
}

/// The tasks that an item outside of their workstream needs or shares, and those with a due date.
fn needed_outside(project: &Project) -> BTreeSet<TaskIndex> {
    let outer = project.dependencies.iter().filter_map(|dependency| match dependency.from {
        Item::Task(index) if !is_inner(dependency.from, dependency.to) => Some(index),
        _ => None,
    });
    let due = project.tasks().filter(|(_, task)| task.due.is_some()).map(|(index, _)| index);
    outer.chain(shared_tasks(project)).chain(due).collect()
}

fn shared_tasks(project: &Project) -> impl Iterator<Item = TaskIndex> {
    let entries = project.workstreams().flat_map(|(_, _, stream)| &stream.tasks);
    entries.filter_map(|entry| if let TaskEntry::Shared(task) = entry { *task } else { None })
}

/// Whether a task has open work.
pub(super) fn is_open(task: &Task) -> bool {
    matches!(task.status, Status::Todo | Status::Partial(_))
}

/// The weight of the open part of a task.
fn open_weight(project: &Project, task: &Task) -> f64 {
    task.weight.get() * (1.0 - credit(task, &project.policy).map_or(1.0, Ratio::get))
}

/// r, the open share of a workstream's estimate: open work ÷ all work that the estimate covers. A waived
/// task is covered, unless it was never `in_estimate`: cutting scope shortens the work.
pub(super) fn open_share(project: &Project, completion: &Completion, item: Item) -> f64 {
    let Item::Workstream(area, workstream) = item else { return 1.0 };
    if project.workstream(area, workstream).tasks.is_empty() {
        return 1.0 - completion.workstream(area, workstream).get();
    }
    let is_covered = |task: &&Task| !matches!(task.status, Status::Waived { in_estimate: false, .. });
    let tasks = || tasks_of(project, project.workstream(area, workstream));
    let open: f64 = tasks().map(|task| open_weight(project, task)).sum();
    let all: f64 = tasks().filter(is_covered).map(|task| task.weight.get()).sum();
    if all > 0.0 { open / all } else { 0.0 }
}

/// The share of a task in the open work of its workstream, from 0 to 1.
fn share_of_work(project: &Project, index: TaskIndex) -> f64 {
    let stream = project.workstream(index.area, index.workstream);
    let all: f64 = tasks_of(project, stream).map(|task| open_weight(project, task)).sum();
    project.task(index).map_or(0.0, |task| if all > 0.0 { open_weight(project, task) / all } else { 0.0 })
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::*;
    use crate::format;
    use crate::model::lower::lower;

    fn project(text: &str) -> Project {
        let (project, findings) = lower(format::parse(text).0.unwrap());
        assert!(findings.is_empty(), "{findings:?}");
        project
    }

    #[test]
    fn a_task_has_a_share_of_the_open_work() {
        let project = project(
            "project: x
policy: {partial_credit: 50%}
areas:
  a:
    workstreams:
      w: {tasks: [{todo: one, weight: 3}, partial: two, done: three, {waived: four, reason: none}]}
      v: {tasks: [done: five, {ref: a/w/one}, todo: six]}
",
        );
        let share = |workstream, task| share_of_work(&project, TaskIndex { area: 0, workstream, task });
        assert_eq!([0, 1, 2, 3].map(|task| share(0, task)), [3.0 / 3.5, 0.5 / 3.5, 0.0, 0.0]);
        assert_eq!([share(1, 0), share(1, 2)], [0.0, 0.25]);
        let open = project.tasks().map(|(_, task)| is_open(task)).collect::<Vec<_>>();
        assert_eq!(open, [true, true, false, false, false, true]);
    }

    #[test]
    fn waived_tasks_are_covered_by_the_estimate_unless_the_file_denies_it() {
        let open = |tasks: &str| {
            let text = format!("project: x\nareas: {{a: {{workstreams: {{w: {{tasks: [{tasks}]}}}}}}}}\n");
            let project = project(&text);
            open_share(&project, &Completion::of(&project), Item::Workstream(0, 0))
        };
        assert_eq!(open("todo: one, todo: two"), 1.0);
        assert_eq!(open("todo: one, {waived: two, reason: cut}"), 0.5);
        assert_eq!(open("todo: one, {waived: two, reason: never, in_estimate: false}"), 1.0);
        assert_eq!(open("{partial: one, complete: 40%, weight: 2}, {waived: two, reason: cut}, done: three"), 0.3);
    }
}
