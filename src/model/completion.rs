//! How much is complete: earned, counted from tasks and points, beside what people report.
//!
//! The credit of a task follows the fixed-formula rules of earned value management: 0/100 unless
//! the policy says otherwise, and never more than 90 % before a task is done.

use crate::model::{Area, Item, Policy, Project, Status, Task, TaskEntry, Workstream};
use crate::quantity::{Points, Ratio};

/// What isn't done counts 90 % at most: the last tenth is earned by finishing.
pub const PARTIAL_LIMIT: f64 = 0.9;

/// What every item of a project has earned, computed once.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    project: Option<Ratio>,
    areas: Vec<Option<Ratio>>,
    /// By area and workstream.
    workstreams: Vec<Vec<Ratio>>,
    milestones: Vec<Ratio>,
}

impl Completion {
    /// The completion of everything in `project`; its cost grows with the size of the project.
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

    /// What the project has earned: the weighted mean of its areas, weights equal unless given.
    #[must_use]
    pub fn project(&self) -> Option<Ratio> {
        self.project
    }

    /// What the area of this index has earned: 100 % − Σ points·(1 − workstream).
    ///
    /// Where no workstream carries points, the weighted mean of all the area's tasks, those done
    /// included. `None` for an area without anything to count.
    #[must_use]
    pub fn area(&self, index: usize) -> Option<Ratio> {
        self.areas[index]
    }

    /// The weighted mean of a workstream's tasks, shared ones included.
    ///
    /// A workstream without tasks has the completion that the file gives, or none; one whose tasks
    /// are all waived has nothing left to do.
    #[must_use]
    pub fn workstream(&self, area: usize, index: usize) -> Ratio {
        self.workstreams[area][index]
    }

    /// The points of a workstream that are still to be earned; 0 where it carries none.
    #[must_use]
    pub fn remaining_points(&self, project: &Project, area: usize, index: usize) -> f64 {
        remaining(project.workstream(area, index), self.workstream(area, index))
    }

    /// How much of what a milestone needs is complete: the mean over what it needs directly.
    ///
    /// 1 once it is reached, and 0 where it needs nothing.
    #[must_use]
    pub fn milestone(&self, index: usize) -> Ratio {
        self.milestones[index]
    }

    /// How much of `item` is complete; a waived task is.
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

    /// Whether nothing of `item` is left to do.
    #[must_use]
    pub fn is_complete(&self, project: &Project, item: Item) -> bool {
        self.item(project, item) >= Ratio::ONE
    }
}

/// What `task` counts: 1 when done, its own completion or the policy's credit when partial, 0
/// before; `None` when waived, since it then leaves both the sum and what is divided by.
#[must_use]
pub fn credit(task: &Task, policy: &Policy) -> Option<Ratio> {
    match &task.status {
        Status::Done => Some(Ratio::ONE),
        Status::Partial(complete) => Some(complete.unwrap_or(policy.partial_credit).min(Ratio::clamped(PARTIAL_LIMIT))),
        Status::Todo => Some(Ratio::ZERO),
        Status::Waived { .. } => None,
    }
}

/// Σ weight·ratio / Σ weight, or `None` for nothing.
#[must_use]
pub fn weighted_mean(parts: impl IntoIterator<Item = (f64, Ratio)>) -> Option<Ratio> {
    let (sum, weights) = parts
        .into_iter()
        .fold((0.0, 0.0), |(sum, weights), (weight, ratio)| (sum + weight * ratio.get(), weights + weight));
    (weights > 0.0).then(|| Ratio::clamped(sum / weights))
}

/// Whether any workstream of the area carries points.
#[must_use]
pub fn has_points(area: &Area) -> bool {
    area.workstreams.iter().any(|workstream| workstream.points.is_some())
}

/// What people report for the project, or else the weighted mean of what they report for every area.
#[must_use]
pub fn reported(project: &Project) -> Option<Ratio> {
    project.reported.or_else(|| mean_reported(project))
}

/// The weighted mean of the areas' reported completion; `None` unless every area has one.
#[must_use]
pub fn mean_reported(project: &Project) -> Option<Ratio> {
    let areas: Option<Vec<_>> = project.areas.iter().map(|area| Some((area.weight.get(), area.reported?))).collect();
    weighted_mean(areas?)
}

fn workstream(project: &Project, stream: &Workstream) -> Ratio {
    if stream.tasks.is_empty() {
        return stream.complete.unwrap_or(Ratio::ZERO);
    }
    let tasks = stream.tasks.iter().filter_map(|entry| match entry {
        TaskEntry::Own(task) => Some(task),
        TaskEntry::Shared(index) => index.and_then(|index| project.task(index)),
    });
    weighted_mean(credits(tasks, &project.policy)).unwrap_or(Ratio::ONE)
}

fn area(area: &Area, workstreams: &[Ratio], policy: &Policy) -> Option<Ratio> {
    let streams = area.workstreams.iter().zip(workstreams);
    if has_points(area) {
        let left: f64 = streams.map(|(stream, complete)| remaining(stream, *complete)).sum();
        return Some(Ratio::clamped(1.0 - left / 100.0));
    }
    // A workstream without tasks counts like one task of its own completion.
    let whole = streams.filter(|(stream, _)| stream.tasks.is_empty()).map(|(_, complete)| (1.0, *complete));
    let own = area.workstreams.iter().flat_map(|stream| &stream.tasks).filter_map(own_task);
    weighted_mean(credits(area.done.iter().chain(own), policy).chain(whole))
}

fn remaining(stream: &Workstream, complete: Ratio) -> f64 {
    stream.points.map_or(0.0, Points::get) * (1.0 - complete.get())
}

/// Where the computation of a milestone stands.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Progress {
    Unknown,
    Begun,
    Known(Ratio),
}

/// The milestones' completion, each after those that it needs. Milestones that need each other, which
/// is an error of its own, count nothing to one another.
fn milestones(project: &Project, completion: &Completion) -> Vec<Ratio> {
    let mut known = vec![Progress::Unknown; project.milestones.len()];
    for first in 0..known.len() {
        let mut open = vec![first];
        while let Some(&milestone) = open.last() {
            if known[milestone] == Progress::Unknown {
                known[milestone] = Progress::Begun;
                let unknown = needed_milestones(project, milestone).filter(|need| known[*need] == Progress::Unknown);
                let unknown: Vec<usize> = unknown.collect();
                open.extend(unknown);
                continue;
            }
            if known[milestone] == Progress::Begun {
                known[milestone] = Progress::Known(of_needs(project, milestone, completion, &known));
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

fn of_needs(project: &Project, milestone: usize, completion: &Completion, known: &[Progress]) -> Ratio {
    if project.milestones[milestone].done.is_some() {
        return Ratio::ONE;
    }
    let needs = project.needs(Item::Milestone(milestone)).iter().map(|dependency| match dependency.from {
        Item::Milestone(index) => match known[index] {
            Progress::Known(ratio) => ratio,
            Progress::Unknown | Progress::Begun => Ratio::ZERO,
        },
        other => completion.item(project, other),
    });
    weighted_mean(needs.map(|ratio| (1.0, ratio))).unwrap_or(Ratio::ZERO)
}

/// How many tasks have which status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TaskCounts {
    /// Done.
    pub done: usize,
    /// Begun.
    pub partial: usize,
    /// Not begun.
    pub todo: usize,
    /// Needn't be done.
    pub waived: usize,
}

/// How many of `tasks` have which status; shared ones are to be counted where they are defined.
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

/// The task that is defined here, if one is.
#[must_use]
pub fn own_task(entry: &TaskEntry) -> Option<&Task> {
    if let TaskEntry::Own(task) = entry { Some(task) } else { None }
}

fn credits<'a>(tasks: impl Iterator<Item = &'a Task>, policy: &Policy) -> impl Iterator<Item = (f64, Ratio)> {
    tasks.filter_map(|task| Some((task.weight.get(), credit(task, policy)?)))
}
