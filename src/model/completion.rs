//! How much is complete: earned, counted from tasks and points, beside what people report.
//!
//! The credit of a task follows the fixed-formula rules of earned value management: 0/100 unless
//! the policy says otherwise, and never more than 90 % before a task is done.

use std::collections::BTreeSet;

use crate::model::{Area, Entry, Item, Policy, Project, Status, Task};
use crate::quantity::{Points, Ratio};

/// What isn't done counts 90 % at most: the last tenth is earned by finishing.
pub const PARTIAL_LIMIT: f64 = 0.9;

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

/// The weighted mean of a workstream's tasks, shared ones included.
///
/// A workstream without tasks has the completion that the file gives, or none; one whose tasks are
/// all waived has nothing left to do.
#[must_use]
pub fn workstream(project: &Project, area: usize, workstream: usize) -> Ratio {
    let stream = project.workstream(area, workstream);
    if stream.tasks.is_empty() {
        return stream.complete.unwrap_or(Ratio::ZERO);
    }
    let tasks = stream.tasks.iter().filter_map(|entry| match entry {
        Entry::Own(task) => Some(task),
        Entry::Shared(index) => index.and_then(|index| project.task(index)),
    });
    weighted_mean(credits(tasks, &project.policy)).unwrap_or(Ratio::ONE)
}

/// What an area has earned: 100 % − Σ points·(1 − workstream).
///
/// Where no workstream carries points, the weighted mean of all the area's tasks, those done
/// included. `None` for an area without anything to count.
#[must_use]
pub fn area(project: &Project, index: usize) -> Option<Ratio> {
    let area = &project.areas[index];
    if !has_points(area) {
        return by_tasks(project, index);
    }
    let remaining: f64 =
        (0..area.workstreams.len()).map(|workstream| remaining_points(project, index, workstream)).sum();
    Some(Ratio::clamped(1.0 - remaining / 100.0))
}

/// Whether any workstream of the area carries points.
#[must_use]
pub fn has_points(area: &Area) -> bool {
    area.workstreams.iter().any(|workstream| workstream.points.is_some())
}

/// The points of a workstream that are still to be earned; 0 where it carries none.
#[must_use]
pub fn remaining_points(project: &Project, area: usize, index: usize) -> f64 {
    let points = project.workstream(area, index).points.map_or(0.0, Points::get);
    points * (1.0 - workstream(project, area, index).get())
}

fn by_tasks(project: &Project, index: usize) -> Option<Ratio> {
    let area = &project.areas[index];
    // A workstream without tasks counts like one task of its own completion.
    let whole = area.workstreams.iter().enumerate().filter(|(_, stream)| stream.tasks.is_empty());
    let whole = whole.map(|(at, _)| (1.0, workstream(project, index, at)));
    let own = area.workstreams.iter().flat_map(|stream| &stream.tasks).filter_map(own_task);
    weighted_mean(credits(area.done.iter().chain(own), &project.policy).chain(whole))
}

/// What the project has earned: the weighted mean of its areas, weights equal unless given.
#[must_use]
pub fn project(project: &Project) -> Option<Ratio> {
    let areas = project.areas.iter().enumerate();
    weighted_mean(areas.filter_map(|(index, section)| Some((section.weight.get(), area(project, index)?))))
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

/// How much of `item` is complete.
#[must_use]
pub fn item(project: &Project, item: Item) -> Ratio {
    match item {
        Item::Area(index) => area(project, index).unwrap_or(Ratio::ZERO),
        Item::Workstream(area, index) => workstream(project, area, index),
        Item::Task(index) => {
            project.task(index).map_or(Ratio::ZERO, |task| credit(task, &project.policy).unwrap_or(Ratio::ONE))
        }
        Item::Milestone(index) => milestone(project, index),
    }
}

/// How much of what a milestone needs is complete: the mean over what it needs directly.
///
/// 1 once it is reached. A milestone among its needs counts as what that one needs in turn.
#[must_use]
pub fn milestone(project: &Project, index: usize) -> Ratio {
    if project.milestones[index].done.is_some() {
        return Ratio::ONE;
    }
    let needs = leaves(project, index);
    let parts = needs.into_iter().map(|leaf| (1.0, item(project, leaf)));
    weighted_mean(parts).unwrap_or(Ratio::ZERO)
}

/// What a milestone needs, with milestones among it replaced by what they need; reached ones stay.
fn leaves(project: &Project, milestone: usize) -> BTreeSet<Item> {
    let (mut leaves, mut seen, mut open) = (BTreeSet::new(), BTreeSet::from([milestone]), vec![milestone]);
    while let Some(milestone) = open.pop() {
        let to = Item::Milestone(milestone);
        for dependency in project.dependencies.iter().filter(|dependency| dependency.to == to) {
            match dependency.from {
                Item::Milestone(next) if project.milestones[next].done.is_none() => {
                    if seen.insert(next) {
                        open.push(next);
                    }
                }
                leaf => {
                    leaves.insert(leaf);
                }
            }
        }
    }
    leaves
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

/// How many tasks of a workstream have which status; shared ones count where they are defined.
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
pub fn own_task(entry: &Entry) -> Option<&Task> {
    if let Entry::Own(task) = entry { Some(task) } else { None }
}

fn credits<'a>(tasks: impl Iterator<Item = &'a Task>, policy: &Policy) -> impl Iterator<Item = (f64, Ratio)> {
    tasks.filter_map(|task| Some((task.weight.get(), credit(task, policy)?)))
}
