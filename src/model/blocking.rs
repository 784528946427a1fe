//! What waits for a workstream: all that can't begin before it is finished.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::completion::Completion;
use crate::model::{Item, Project};

/// For every workstream that others wait for, the points that are still to be earned by those.
///
/// Waiting is passed on: through workstreams, areas, and milestones not reached yet. A workstream
/// that is complete keeps nobody waiting. Workstreams without an entry have nothing behind them;
/// where there are too many to look behind each of them, none has an entry.
#[must_use]
pub fn blocked_points(project: &Project, completion: &Completion) -> BTreeMap<(usize, usize), f64> {
    /// How many steps may be taken: no plan that people made comes near.
    const MOST_STEPS: usize = 20_000_000;
    let followers = Followers::of(project);
    let mut blocked = BTreeMap::new();
    if project.workstreams().count().saturating_mul(followers.edges) > MOST_STEPS {
        return blocked;
    }
    for (area, index, _) in project.workstreams() {
        let stream = Item::Workstream(area, index);
        if followers.waits_for(stream) && !completion.is_complete(project, stream) {
            let points = followers.reachable(stream).into_iter().map(|item| match item {
                Item::Workstream(area, index) => completion.remaining_points(project, area, index),
                _ => 0.0,
            });
            blocked.insert((area, index), points.sum());
        }
    }
    blocked
}

/// What follows directly: on a workstream or milestone, or on an area as a whole.
///
/// A dependency of a task is one of its workstream. An area follows as its workstreams do, and is
/// followed when all of them are.
#[derive(Default)]
struct Followers {
    next: BTreeMap<Item, BTreeSet<Item>>,
    /// How many workstreams each area has.
    areas: Vec<usize>,
    edges: usize,
}

impl Followers {
    fn of(project: &Project) -> Self {
        let areas = project.areas.iter().map(|area| area.workstreams.len()).collect();
        let mut followers = Self { areas, ..Self::default() };
        for dependency in &project.dependencies {
            let (from, to) = (whole(dependency.from), whole(dependency.to));
            let is_over = |item| matches!(item, Item::Milestone(index) if project.milestones[index].done.is_some());
            if from != to && !is_over(from) && !is_over(to) && followers.next.entry(from).or_default().insert(to) {
                followers.edges += 1;
            }
        }
        followers.edges += project.workstreams().count();
        followers
    }

    /// Whether anything follows on `stream`, or on its area.
    fn waits_for(&self, stream: Item) -> bool {
        self.next.contains_key(&stream) || area_of(stream).is_some_and(|area| self.next.contains_key(&area))
    }

    /// Everything that follows on `stream`, without itself.
    fn reachable(&self, stream: Item) -> BTreeSet<Item> {
        let (mut seen, mut open) = (BTreeSet::from([stream]), vec![stream]);
        while let Some(item) = open.pop() {
            let area = area_of(item);
            let direct = self.next.get(&item).into_iter().flatten().copied();
            let with_area = area.iter().filter_map(|area| self.next.get(area)).flatten().copied();
            for next in direct.chain(with_area) {
                for next in self.parts(next) {
                    if seen.insert(next) {
                        open.push(next);
                    }
                }
            }
        }
        seen.remove(&stream);
        seen
    }

    /// The workstreams of an area, or the item itself.
    fn parts(&self, item: Item) -> Vec<Item> {
        match item {
            Item::Area(area) => (0..self.areas[area]).map(|index| Item::Workstream(area, index)).collect(),
            other => vec![other],
        }
    }
}

/// A task's workstream; everything else stands for itself.
fn whole(item: Item) -> Item {
    if let Item::Task(index) = item { Item::Workstream(index.area, index.workstream) } else { item }
}

fn area_of(item: Item) -> Option<Item> {
    if let Item::Workstream(area, _) = item { Some(Item::Area(area)) } else { None }
}
