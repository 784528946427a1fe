//! Edits of a project in memory, for what-if forecasts.

use jiff::civil::Date;

use crate::model::{Item, Project, Status, Task, TaskEntry, TaskIndex};
use crate::quantity::{Estimate, Ratio, WorkTime};

/// An edit of one item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Edit {
    /// Adds this time to what the item still takes.
    Add(WorkTime),
    /// Takes this time from what the item still takes, but not more than is left.
    Subtract(WorkTime),
    /// Finishes the item and everything in it.
    Done,
    /// Gives a workstream or task this estimate.
    Estimate(Estimate),
}

impl Edit {
    /// Edits `item` in `project`. A milestone is done on `day`.
    pub fn apply(self, project: &mut Project, item: Item, day: Date) {
        let days = |time: WorkTime| time.days(project.calendar.work_week());
        match self {
            Self::Add(time) => *project.added_days.entry(item).or_default() += days(time),
            Self::Subtract(time) => *project.added_days.entry(item).or_default() -= days(time),
            Self::Done => finish(project, item, day),
            Self::Estimate(estimate) => match item {
                Item::Workstream(area, index) => {
                    project.areas[area].workstreams[index].estimate = Some(estimate);
                }
                Item::Task(index) => {
                    if let Some(task) = task_mut(project, index) {
                        task.estimate = Some(estimate);
                    }
                }
                Item::Area(_) | Item::Milestone(_) => {}
            },
        }
    }
}

fn finish(project: &mut Project, item: Item, day: Date) {
    match item {
        Item::Area(area) => {
            for index in 0..project.areas[area].workstreams.len() {
                finish_workstream(project, area, index);
            }
        }
        Item::Workstream(area, index) => finish_workstream(project, area, index),
        Item::Task(index) => finish_task(project, index),
        Item::Milestone(index) => project.milestones[index].done = Some(day),
    }
}

/// Finishes all tasks, shared ones included. A workstream without tasks is complete.
fn finish_workstream(project: &mut Project, area: usize, workstream: usize) {
    let stream = &mut project.areas[area].workstreams[workstream];
    if stream.tasks.is_empty() {
        stream.complete = Some(Ratio::ONE);
    }
    let tasks = stream.tasks.iter().enumerate().filter_map(|(task, entry)| match entry {
        TaskEntry::Own(_) => Some(TaskIndex { area, workstream, task }),
        TaskEntry::Shared(index) => *index,
    });
    let tasks: Vec<TaskIndex> = tasks.collect();
    for task in tasks {
        finish_task(project, task);
    }
}

fn finish_task(project: &mut Project, index: TaskIndex) {
    if let Some(task) = task_mut(project, index).filter(|task| !matches!(task.status, Status::Waived { .. })) {
        task.status = Status::Done;
    }
}

fn task_mut(project: &mut Project, index: TaskIndex) -> Option<&mut Task> {
    match &mut project.areas[index.area].workstreams[index.workstream].tasks[index.task] {
        TaskEntry::Own(task) => Some(task),
        TaskEntry::Shared(_) => None,
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::*;
    use crate::format;
    use crate::model::completion::Completion;
    use crate::model::lower::lower;
    use crate::model::resolve::items;
    use crate::scalar::ScalarFormat;

    const PLAN: &str = "project: x
calendar: {workdays: [mon, tue, wed, thu]}
areas:
  a:
    workstreams:
      w: {tasks: [{todo: one}, {waived: two, reason: cut}, {ref: b/v/three}]}
      u: {complete: 10%}
  b:
    workstreams:
      v: {tasks: [{partial: three}, {todo: four}]}
milestones: {m: {due: 2026-03-02}}
";

    fn edited(path: &str, edit: Edit) -> Project {
        let (mut project, findings) = lower(format::parse(PLAN).0.unwrap());
        assert!(findings.is_empty(), "{findings:?}");
        let item = items(&project)[path];
        edit.apply(&mut project, item, jiff::civil::date(2026, 2, 2));
        project
    }

    fn completions(project: &Project) -> [f64; 3] {
        let completion = Completion::of(project);
        [completion.workstream(0, 0), completion.workstream(0, 1), completion.workstream(1, 0)].map(Ratio::get)
    }

    #[test]
    fn finishing_an_item_finishes_everything_in_it() {
        for (path, expected) in [
            ("a/w/one", [0.5, 0.1, 0.0]),
            ("a/w", [1.0, 0.1, 0.5]),
            ("a/u", [0.0, 1.0, 0.0]),
            ("a", [1.0, 1.0, 0.5]),
            ("b", [0.5, 0.1, 1.0]),
            ("a/w/two", [0.0, 0.1, 0.0]),
        ] {
            assert_eq!(completions(&edited(path, Edit::Done)), expected, "{path}");
        }
        assert_eq!(edited("m", Edit::Done).milestones[0].done, Some(jiff::civil::date(2026, 2, 2)));
    }

    #[test]
    fn time_is_added_in_days_of_the_calendar() {
        let added = |edit| edited("a/w", edit).added_days.into_values().collect::<Vec<_>>();
        assert_eq!(added(Edit::Add(WorkTime::from_weeks(2.0))), [8.0]);
        assert_eq!(added(Edit::Subtract(WorkTime::from_days(1.5))), [-1.5]);
    }

    #[test]
    fn an_estimate_replaces_the_one_in_the_file() {
        let estimate = Estimate::parse("2-3d").unwrap();
        assert_eq!(edited("a/w", Edit::Estimate(estimate)).workstream(0, 0).estimate, Some(estimate));
        let index = TaskIndex { area: 1, workstream: 0, task: 1 };
        assert_eq!(edited("b/v/four", Edit::Estimate(estimate)).task(index).unwrap().estimate, Some(estimate));
    }
}
