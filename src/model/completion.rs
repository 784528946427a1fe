//! Earned completion, computed from tasks and points.
//!
//! The credit of a task follows the fixed-formula rules of earned value management: by default 0/100,
//! and at most 90 % before a task is done.

use jiff::civil::Date;

use crate::model::{Area, Item, Policy, Project, Status, Task, TaskEntry, Workstream};
use crate::quantity::{Points, Ratio};

/// The highest credit of a partial task: the last tenth is earned by finishing it.
pub const PARTIAL_LIMIT: f64 = 0.9;

/// The earned completion of every item of a project.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    project: Option<Ratio>,
    areas: Vec<Option<Ratio>>,
    /// By area and workstream.
    workstreams: Vec<Vec<Ratio>>,
    milestones: Vec<Ratio>,
}

impl Completion {
    /// Computes the completion of every item in `project`.
    #[must_use]
    pub fn of(project: &Project) -> Self {
        let streams = |area: &Area| area.workstreams.iter().map(|stream| workstream(project, stream)).collect();
        let workstreams: Vec<Vec<Ratio>> = project.areas.iter().map(streams).collect();
        let parts = project.areas.iter().zip(&workstreams);
        let areas: Vec<Option<Ratio>> =
            parts.map(|(section, streams)| area(section, streams, &project.policy)).collect();
        let weighted =
            project.areas.iter().zip(&areas).filter_map(|(area, ratio)| Some((area.weight.get(), (*ratio)?)));
        let mut completion = Self { project: weighted_mean(weighted), areas, workstreams, milestones: Vec::new() };
        completion.milestones = milestones(project, &completion);
        completion
    }

    /// The earned completion of the project: the weighted mean of its areas.
    #[must_use]
    pub fn project(&self) -> Option<Ratio> {
        self.project
    }

    /// The earned completion of an area: 100 % − Σ points·(1 − workstream).
    ///
    /// If no workstream has points, but one has a weight, the weighted mean of the workstreams and of the tasks
    /// in `done`. Without both, the weighted mean of all tasks of the area. `None` for an area without tasks
    /// and workstreams.
    #[must_use]
    pub fn area(&self, index: usize) -> Option<Ratio> {
        self.areas[index]
    }

    /// The weighted mean of a workstream's tasks, including shared ones.
    ///
    /// A workstream without tasks has the completion in the file, by default 0. A workstream with only
    /// waived tasks is complete.
    #[must_use]
    pub fn workstream(&self, area: usize, index: usize) -> Ratio {
        self.workstreams[area][index]
    }

    /// The remaining points of a workstream; 0 if it has none.
    #[must_use]
    pub fn remaining_points(&self, project: &Project, area: usize, index: usize) -> f64 {
        remaining(project.workstream(area, index), self.workstream(area, index))
    }

    /// The mean completion of a milestone's direct needs.
    ///
    /// 1 once it is reached, and 0 if it needs nothing.
    #[must_use]
    pub fn milestone(&self, index: usize) -> Ratio {
        self.milestones[index]
    }

    /// The completion of `item`; a waived task is complete.
    #[must_use]
    pub fn item(&self, project: &Project, item: Item) -> Ratio {
        match item {
            Item::Area(index) => self.area(index).unwrap_or(Ratio::ZERO),
            Item::Workstream(area, index) => self.workstream(area, index),
            Item::Task(index) => {
                project.task(index).map_or(Ratio::ZERO, |task| credit(task, &project.policy).unwrap_or(Ratio::ONE))
            }
            Item::Milestone(index) => self.milestone(index),
        }
    }

    /// Whether `item` has no open work.
    #[must_use]
    pub fn is_complete(&self, project: &Project, item: Item) -> bool {
        self.item(project, item) >= Ratio::ONE
    }
}

/// The credit of `task`: 1 if done, its own completion or the policy's credit if partial, 0 if not
/// started. `None` if waived: it counts in neither sum of the weighted mean.
#[must_use]
pub fn credit(task: &Task, policy: &Policy) -> Option<Ratio> {
    match &task.status {
        Status::Done => Some(Ratio::ONE),
        Status::Partial(complete) => Some(complete.unwrap_or(policy.partial_credit).min(Ratio::clamped(PARTIAL_LIMIT))),
        Status::Todo => Some(Ratio::ZERO),
        Status::Waived { .. } => None,
    }
}

/// Σ weight·ratio / Σ weight; `None` without parts.
#[must_use]
pub fn weighted_mean(parts: impl IntoIterator<Item = (f64, Ratio)>) -> Option<Ratio> {
    let (sum, weights) = parts
        .into_iter()
        .fold((0.0, 0.0), |(sum, weights), (weight, ratio)| (sum + weight * ratio.get(), weights + weight));
    (weights > 0.0).then(|| Ratio::clamped(sum / weights))
}

/// Every task of a workstream, shared ones included.
pub(crate) fn tasks_of<'a>(project: &'a Project, stream: &'a Workstream) -> impl Iterator<Item = &'a Task> {
    stream.tasks.iter().filter_map(|entry| match entry {
        TaskEntry::Own(_) => own_task(entry),
        TaskEntry::Shared(index) => index.and_then(|index| project.task(index)),
    })
}

/// Whether any workstream of the area has points.
#[must_use]
pub fn has_points(area: &Area) -> bool {
    area.workstreams.iter().any(|workstream| workstream.points.is_some())
}

/// Figures nearer to each other than this differ only by rounding.
pub(crate) const ROUNDING: f64 = 1e-9;

/// Whether two completions differ by more than `tolerance`, the `policy.tolerance` of the project.
pub(crate) fn differ(one: Ratio, other: Ratio, tolerance: Ratio) -> bool {
    (one.get() - other.get()).abs() > tolerance.get() + ROUNDING
}

/// The reported completion of the project; by default the weighted mean over its areas.
#[must_use]
pub fn reported(project: &Project) -> Option<Ratio> {
    project.reported.map(|reported| reported.complete).or_else(|| mean_reported(project))
}

/// The weighted mean of the areas' reported completion; `None` if any area has none.
#[must_use]
pub fn mean_reported(project: &Project) -> Option<Ratio> {
    let reported = |area: &Area| Some((area.weight.get(), area.reported?.complete));
    let areas: Option<Vec<_>> = project.areas.iter().map(reported).collect();
    weighted_mean(areas?)
}

/// The least and the greatest completion that the area can have earned by the end of `day`. A task that is
/// finished later was open. A status without a date may have changed before or after that day.
pub(crate) fn earned_by(project: &Project, index: usize, day: Date) -> Option<(Ratio, Ratio)> {
    let then = |is_earned: fn(&Task, Date) -> bool, undated: fn(Option<Ratio>) -> Option<Ratio>| {
        let mut past = project.areas[index].clone();
        let mut shared = Vec::new();
        for stream in &mut past.workstreams {
            stream.complete = undated(stream.complete);
            for entry in &mut stream.tasks {
                if let TaskEntry::Own(task) = entry
                    && !is_earned(task, day)
                {
                    task.status = Status::Todo;
                }
            }
            shared.push(with_shared_tasks(project, stream, |task| is_earned(task, day)));
        }
        let streams: Vec<Ratio> = shared.iter().map(|stream| workstream(project, stream)).collect();
        area(&past, &streams, &project.policy)
    };
    let least = then(|task, day| !is_earning(task) || task.finished.is_some_and(|it| it <= day), |_| None)?;
    let greatest = then(|task, day| task.finished.is_none_or(|it| it <= day), |complete| complete)?;
    Some((least, greatest))
}

fn is_earning(task: &Task) -> bool {
    matches!(task.status, Status::Done | Status::Partial(_))
}

/// The workstream with copies of the tasks that it shares; those that are not earned are open.
fn with_shared_tasks(project: &Project, stream: &Workstream, is_earned: impl Fn(&Task) -> bool) -> Workstream {
    let mut stream = stream.clone();
    for entry in &mut stream.tasks {
        if let TaskEntry::Shared(Some(index)) = entry
            && let Some(task) = project.task(*index)
        {
            let status = if is_earned(task) { task.status.clone() } else { Status::Todo };
            *entry = TaskEntry::Own(Task { status, ..task.clone() });
        }
    }
    stream
}

fn workstream(project: &Project, stream: &Workstream) -> Ratio {
    if stream.tasks.is_empty() {
        return stream.complete.unwrap_or(Ratio::ZERO);
    }
    weighted_mean(credits(tasks_of(project, stream), &project.policy)).unwrap_or(Ratio::ONE)
}

fn area(area: &Area, workstreams: &[Ratio], policy: &Policy) -> Option<Ratio> {
    let streams = area.workstreams.iter().zip(workstreams);
    if has_points(area) {
        let left: f64 = streams.map(|(stream, complete)| remaining(stream, *complete)).sum();
        return Some(Ratio::clamped(1.0 - left / 100.0));
    }
    if area.workstreams.iter().any(|stream| stream.weight.is_some()) {
        let weighted = streams.map(|(stream, complete)| (stream.weight.unwrap_or_default().get(), *complete));
        return weighted_mean(credits(area.done.iter(), policy).chain(weighted));
    }
    // A workstream without tasks counts like one task.
    let whole = streams.filter(|(stream, _)| stream.tasks.is_empty()).map(|(_, complete)| (1.0, *complete));
    let own = area.workstreams.iter().flat_map(|stream| &stream.tasks).filter_map(own_task);
    weighted_mean(credits(area.done.iter().chain(own), policy).chain(whole))
}

fn remaining(stream: &Workstream, complete: Ratio) -> f64 {
    stream.points.map_or(0.0, Points::get) * (1.0 - complete.get())
}

/// The state of the computation of a milestone.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Progress {
    Unknown,
    Started,
    Known(Ratio),
}

/// The completion of each milestone, after the milestones that it needs. On a cycle, which is reported as
/// an error, a milestone counts 0 to the others.
fn milestones(project: &Project, completion: &Completion) -> Vec<Ratio> {
    let mut known = vec![Progress::Unknown; project.milestones.len()];
    for first in 0..known.len() {
        let mut open = vec![first];
        while let Some(&milestone) = open.last() {
            if known[milestone] == Progress::Unknown {
                known[milestone] = Progress::Started;
                let unknown = needed_milestones(project, milestone).filter(|need| known[*need] == Progress::Unknown);
                let unknown: Vec<usize> = unknown.collect();
                open.extend(unknown);
                continue;
            }
            if known[milestone] == Progress::Started {
                known[milestone] = Progress::Known(milestone_completion(project, milestone, completion, &known));
            }
            open.pop();
        }
    }
    let ratio = |progress| if let Progress::Known(ratio) = progress { ratio } else { Ratio::ZERO };
    known.into_iter().map(ratio).collect()
}

fn needed_milestones(project: &Project, milestone: usize) -> impl Iterator<Item = usize> {
    project.needs(Item::Milestone(milestone)).iter().filter_map(|dependency| match dependency.from {
        Item::Milestone(index) => Some(index),
        _ => None,
    })
}

fn milestone_completion(project: &Project, milestone: usize, completion: &Completion, known: &[Progress]) -> Ratio {
    if project.milestones[milestone].done.is_some() {
        return Ratio::ONE;
    }
    let needs = project.needs(Item::Milestone(milestone)).iter().map(|dependency| match dependency.from {
        Item::Milestone(index) => match known[index] {
            Progress::Known(ratio) => ratio,
            Progress::Unknown | Progress::Started => Ratio::ZERO,
        },
        other => completion.item(project, other),
    });
    weighted_mean(needs.map(|ratio| (1.0, ratio))).unwrap_or(Ratio::ZERO)
}

/// The number of tasks by status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TaskCounts {
    /// Done.
    pub done: usize,
    /// Started.
    pub partial: usize,
    /// Not started.
    pub todo: usize,
    /// Not required.
    pub waived: usize,
}

/// The number of `tasks` by status.
#[must_use]
pub fn counts<'a>(tasks: impl IntoIterator<Item = &'a Task>) -> TaskCounts {
    let mut counts = TaskCounts::default();
    for task in tasks {
        match task.status {
            Status::Done => counts.done += 1,
            Status::Partial(_) => counts.partial += 1,
            Status::Todo => counts.todo += 1,
            Status::Waived { .. } => counts.waived += 1,
        }
    }
    counts
}

/// The task of an entry, unless it is shared.
#[must_use]
pub fn own_task(entry: &TaskEntry) -> Option<&Task> {
    if let TaskEntry::Own(task) = entry { Some(task) } else { None }
}

fn credits<'a>(tasks: impl Iterator<Item = &'a Task>, policy: &Policy) -> impl Iterator<Item = (f64, Ratio)> {
    tasks.filter_map(|task| Some((task.weight.get(), credit(task, policy)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format;
    use crate::model::lower::lower;

    /// The completion of each milestone, in the order of the file.
    fn milestones(text: &str) -> Vec<f64> {
        let (project, findings) = lower(format::parse(text).0.unwrap());
        assert!(findings.is_empty(), "{findings:?}");
        let completion = Completion::of(&project);
        (0..project.milestones.len()).map(|index| completion.milestone(index).get()).collect()
    }

    #[test]
    fn a_milestone_can_need_a_milestone_that_the_file_lists_later() {
        let text = "project: shop
areas:
  web: {workstreams: {ui: {complete: 40%}}}
milestones:
  launch: {title: Launch, needs: [beta]}
  beta: {title: Beta, needs: [alpha, web/ui]}
  alpha: {title: Alpha, done: 2027-01-15}
";
        assert_eq!(milestones(text), [0.7, 0.7, 1.0]);
    }
}
