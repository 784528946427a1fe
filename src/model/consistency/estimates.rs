//! Checks of the estimates: whether there are enough of them, and whether the work of an assignee fits.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::finding::{Finding, Kind, NodePath};
use crate::model::completion::{self, Completion};
use crate::model::consistency::{finding, is_open};
use crate::model::event_graph::EventGraph;
use crate::model::topology::topological_order;
use crate::model::{Item, Project, Status, Task, TaskIndex, Workstream};
use crate::quantity::Ratio;

/// The least number of open workstreams for which estimates are required.
const MIN_WORKSTREAMS: usize = 3;

/// A plan with dates to meet, of whose open workstreams less than a third are estimated.
#[must_use]
pub(crate) fn few_estimates(project: &Project, completion: &Completion) -> Option<Finding> {
    let open_milestones = project.milestones.iter().enumerate().filter(|(_, milestone)| milestone.done.is_none());
    let is_forecast =
        |index: usize| project.milestones[index].due.is_some() && !project.needs(Item::Milestone(index)).is_empty();
    let has_dates = project.target.is_some() || open_milestones.map(|(index, _)| index).any(is_forecast);
    let is_unfinished = |area, index| !completion.is_complete(project, Item::Workstream(area, index));
    let open: Vec<&Workstream> = project
        .workstreams()
        .filter(|(area, index, _)| is_unfinished(*area, *index))
        .map(|(.., stream)| stream)
        .collect();
    let estimated = open.iter().filter(|stream| is_estimated(project, stream)).count();
    // Due dates alone are a forecast of their own, without estimates.
    let dated = open.iter().filter(|stream| stream.due.is_some() && !is_estimated(project, stream)).count();
    let needed = open.len() - dated;
    if !has_dates || needed < MIN_WORKSTREAMS || estimated * 3 >= needed {
        return None;
    }
    let message = match estimated {
        0 => format!("none of {needed} open workstreams has an estimate: the forecast is no more than the pace so far"),
        _ => format!("only {estimated} of {needed} open workstreams have an estimate: the forecast says little"),
    };
    Some(
        finding(Kind::FewEstimates, NodePath::root().key("areas"), message)
            .at_key()
            .help("add estimates, such as `estimate: 2-3w`, to the largest workstreams first"),
    )
}

/// Whether the workstream, or all open tasks of it, have an estimate.
fn is_estimated(project: &Project, stream: &Workstream) -> bool {
    let mut open = completion::tasks_of(project, stream).filter(|task| is_open(task)).peekable();
    stream.estimate.is_some() || (open.peek().is_some() && open.all(|task| task.estimate.is_some()))
}

/// Assignees whose estimated work does not fit between the start of the forecast and its due dates.
///
/// Work is done in the order of the due dates, which is the order in which it fits if any order fits. A task
/// with several assignees is shared equally. A due date is that of the task, or of an item that needs it.
#[must_use]
pub(crate) fn overloaded_assignees(project: &Project, today: Date) -> Vec<Finding> {
    let mut loads: BTreeMap<&str, Vec<(Date, TaskIndex, f64)>> = BTreeMap::new();
    let tasks: Vec<(TaskIndex, &Task)> = project
        .tasks()
        .filter(|(_, task)| is_open(task) && !task.assignees.is_empty() && task.estimate.is_some())
        .collect();
    if tasks.is_empty() {
        return Vec::new();
    }
    let due_dates = inherited_due_dates(project, &tasks);
    #[expect(clippy::cast_precision_loss, reason = "the number of assignees is small")]
    for (index, task) in tasks {
        let Some(due) = due_dates.get(&index) else { continue };
        let days = remaining_days(project, task) / task.assignees.len() as f64;
        for assignee in &task.assignees {
            loads.entry(assignee).or_default().push((*due, index, days));
        }
    }
    let start = project.as_of.map_or(today, |as_of| as_of.max(today));
    loads.into_iter().filter_map(|(assignee, load)| overloaded(project, start, assignee, load)).collect()
}

/// The finding at the task with which the work no longer fits.
fn overloaded(
    project: &Project,
    start: Date,
    assignee: &str,
    mut load: Vec<(Date, TaskIndex, f64)>,
) -> Option<Finding> {
    // Work that is overdue alone does not fit anyway.
    load.retain(|(due, ..)| *due > start);
    load.sort_by_key(|(due, index, _)| (*due, *index));
    let mut sum = 0.0;
    for (number, (due, index, days)) in load.iter().enumerate() {
        sum += days;
        let is_last = load.get(number + 1).is_none_or(|(next, ..)| next != due);
        #[expect(clippy::cast_precision_loss, reason = "there are fewer days than 2^52")]
        let available = project.calendar.working_days(start, *due) as f64;
        // One task that is longer than the time is late, but its assignee is not overloaded.
        if is_last && number > 0 && sum > available + completion::ROUNDING {
            let (sum, number) = ((sum * 10.0).round() / 10.0, number + 1);
            let message = format!(
                "`{assignee}` has {number} tasks with {sum} working days of work due by {due}, which is {available} working days away"
            );
            let at = project.node(Item::Task(*index)).key("assignee");
            return Some(
                finding(Kind::AssigneeOverloaded, at, message)
                    .help("assign a task to another person, or move a due date"),
            );
        }
    }
    None
}

/// The most likely working days that an open task still takes.
fn remaining_days(project: &Project, task: &Task) -> f64 {
    let open = 1.0 - completion::credit(task, &project.policy).map_or(1.0, Ratio::get);
    let likely = task.estimate.map_or(0.0, |estimate| estimate.likely.days(project.calendar.work_week()));
    debug_assert!(!matches!(task.status, Status::Done));
    open * likely
}

/// For each of these tasks, the earliest due date of the task and of all items that need it.
fn inherited_due_dates(project: &Project, tasks: &[(TaskIndex, &Task)]) -> BTreeMap<TaskIndex, Date> {
    let items: Vec<Item> = tasks.iter().map(|(index, _)| Item::Task(*index)).collect();
    let graph = EventGraph::of(project, &items);
    let order = topological_order(&graph.predecessors, |_| true);
    let due =
        |(item, is_finish): (Item, bool)| project.due(item).filter(|_| is_finish && is_milestone_open(project, item));
    let mut latest: Vec<Option<Date>> = graph.events.iter().map(|event| due(*event)).collect();
    for event in order.into_iter().rev() {
        let Some(day) = latest[event] else { continue };
        for &before in &graph.predecessors[event] {
            latest[before] = Some(latest[before].map_or(day, |other| other.min(day)));
        }
    }
    let of_task = |(index, _): &(TaskIndex, &Task)| Some((*index, latest[graph.index((Item::Task(*index), true))?]?));
    tasks.iter().filter_map(of_task).collect()
}

fn is_milestone_open(project: &Project, item: Item) -> bool {
    !matches!(item, Item::Milestone(index) if project.milestones[index].done.is_some())
}
