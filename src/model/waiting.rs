//! What waits for a workstream: all that can't begin before it is finished.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::completion;
use crate::model::{Item, Project};
use crate::quantity::Ratio;

/// For every workstream that others wait for, the points that are still to be earned by those.
///
/// Waiting is passed on: through workstreams, and through milestones not reached yet. A workstream
/// that is complete keeps nobody waiting. Workstreams without an entry have nothing behind them.
#[must_use]
pub fn blocked_points(project: &Project) -> BTreeMap<(usize, usize), f64> {
    let followers = followers(project);
    let mut blocked = BTreeMap::new();
    for (area, index, _) in project.workstreams() {
        let stream = Item::Workstream(area, index);
        if completion::workstream(project, area, index) >= Ratio::ONE || !followers.contains_key(&stream) {
            continue;
        }
        let points = reachable(&followers, stream).into_iter().map(|item| match item {
            Item::Workstream(area, index) => completion::remaining_points(project, area, index),
            _ => 0.0,
        });
        blocked.insert((area, index), points.sum());
    }
    blocked
}

/// For every workstream and milestone, those that wait for it directly.
///
/// A dependency of a task is one of its workstream; one of an area is one of all its workstreams.
fn followers(project: &Project) -> BTreeMap<Item, BTreeSet<Item>> {
    let mut followers: BTreeMap<Item, BTreeSet<Item>> = BTreeMap::new();
    for dependency in &project.dependencies {
        let followed = nodes(project, dependency.to);
        for from in nodes(project, dependency.from) {
            let others = followed.iter().copied().filter(|to| *to != from);
            followers.entry(from).or_default().extend(others);
        }
    }
    followers
}

fn nodes(project: &Project, item: Item) -> Vec<Item> {
    match item {
        Item::Area(area) => (0..project.areas[area].workstreams.len()).map(|at| Item::Workstream(area, at)).collect(),
        Item::Task(index) => vec![Item::Workstream(index.area, index.workstream)],
        Item::Milestone(index) if project.milestones[index].done.is_some() => Vec::new(),
        Item::Workstream(..) | Item::Milestone(_) => vec![item],
    }
}

fn reachable(followers: &BTreeMap<Item, BTreeSet<Item>>, from: Item) -> BTreeSet<Item> {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(item) = open.pop() {
        for next in followers.get(&item).into_iter().flatten() {
            if *next != from && seen.insert(*next) {
                open.push(*next);
            }
        }
    }
    seen
}
