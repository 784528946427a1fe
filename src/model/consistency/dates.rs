//! Checks of dates that cannot be true: actual dates that are still ahead, and dates in the wrong order.

use jiff::civil::Date;

use crate::date::DayOrMonth;
use crate::finding::{Finding, Kind, NodePath, push_limited};
use crate::model::completion::Completion;
use crate::model::consistency::finding;
use crate::model::{Item, Project, Status, Task, TaskIndex};

/// Actual dates after `today`.
#[must_use]
pub(crate) fn in_future(project: &Project, today: Date) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (day, at, help) in actual_dates(project) {
        if day > today {
            push_limited(&mut findings, || finding(Kind::FutureDate, at, format!("{day} is in the future")).help(help));
        }
    }
    findings
}

/// The dates that say what has happened, with what to write instead of one that is still ahead.
fn actual_dates(project: &Project) -> Vec<(Date, NodePath, &'static str)> {
    const STARTED: &str = "write `not_before` for a planned start";
    const FINISHED: &str = "write `due` for a planned date, and `finished` when it is done";
    const DONE: &str = "write `due` for a planned date, and `done` when it is reached";
    let root = NodePath::root();
    let mut dates = Vec::new();
    let mut add = |day: Option<Date>, at: &dyn Fn() -> NodePath, key: &str, help| {
        dates.extend(day.map(|day| (day, at().key(key), help)));
    };
    add(project.as_of, &|| root.clone(), "as_of", "write the day on which the status was last correct");
    for (area, index, stream) in project.workstreams() {
        add(stream.started, &|| project.node(Item::Workstream(area, index)), "started", STARTED);
    }
    for (index, task) in project.tasks() {
        let at = || project.node(Item::Task(index));
        add(task.started, &at, "started", STARTED);
        add(task.finished, &at, "finished", FINISHED);
    }
    for (index, milestone) in project.milestones.iter().enumerate() {
        add(milestone.done, &|| project.node(Item::Milestone(index)), "done", DONE);
    }
    dates
}

/// Tasks that finished before they started, and open tasks with a finish.
#[must_use]
pub(crate) fn of_tasks(project: &Project) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, task) in project.tasks() {
        if let Some(found) =
            finished_before_started(project, index, task).or_else(|| finished_but_open(project, index, task))
        {
            push_limited(&mut findings, || found);
        }
    }
    findings
}

fn finished_before_started(project: &Project, index: TaskIndex, task: &Task) -> Option<Finding> {
    let (started, finished) = (task.started?, task.finished?);
    (finished < started).then(|| {
        let message = format!("the task finished on {finished}, before it started on {started}");
        finding(Kind::FinishedBeforeStarted, project.node(Item::Task(index)).key("finished"), message)
            .help("correct one of the two dates")
    })
}

fn finished_but_open(project: &Project, index: TaskIndex, task: &Task) -> Option<Finding> {
    let finished = task.finished.filter(|_| matches!(task.status, Status::Todo | Status::Partial(_)))?;
    let status = task.status.name();
    let message = format!("the task finished on {finished}, but its status is `{status}`");
    let at = project.node(Item::Task(index)).key("finished");
    Some(
        finding(Kind::FinishedButOpen, at, message)
            .help(format!("write `done` instead of `{status}`, or remove `finished`")),
    )
}

/// A target before the status date, while work is open.
#[must_use]
pub(crate) fn target_passed(project: &Project, completion: &Completion) -> Option<Finding> {
    let (target, as_of) = (project.target_day()?, project.as_of?);
    let is_open = completion.project().is_none_or(|earned| earned.get() < 1.0);
    (target < as_of && is_open).then(|| {
        let message = format!("the target {target} is before the status date {as_of}, and work is open");
        finding(Kind::TargetPassed, NodePath::root().key("target"), message).help("write a new target, or remove it")
    })
}

/// Open milestones that are due after the target of the project.
#[must_use]
pub(crate) fn due_after_target(project: &Project) -> Vec<Finding> {
    let Some(target) = project.target_day() else { return Vec::new() };
    let open = project.milestones.iter().enumerate().filter(|(_, milestone)| milestone.done.is_none());
    let late = open.filter_map(|(index, milestone)| {
        let due = milestone.due.map(DayOrMonth::last_day).filter(|due| *due > target)?;
        let message = format!("`{}` is due {due}, after the target {target} of the project", milestone.id);
        let at = project.node(Item::Milestone(index)).key("due");
        Some(finding(Kind::DueAfterTarget, at, message).help("change one of the two dates"))
    });
    late.collect()
}
