//! The critical path method: early and late dates, floats, and what drives what.
//!
//! Kelley and Walker: Critical-path planning and scheduling (1959). Durations are their means; a late
//! date is the latest that keeps every due date, so that floats are negative where one is missed.

use std::cmp::Ordering;

use crate::model::{Item, Project};
use crate::schedule::network::{Network, Node};

/// The dates of every node of a network, in working days.
#[derive(Debug, Clone)]
pub struct Dates {
    /// How long each node takes.
    pub duration: Vec<f64>,
    /// The earliest start.
    pub start: Vec<f64>,
    /// The earliest finish.
    pub finish: Vec<f64>,
    /// The latest finish that keeps every due date.
    pub late: Vec<f64>,
    /// By how much each node may be later before another one is.
    pub free: Vec<f64>,
}

/// Floats nearer to each other than this differ by rounding.
const ROUNDING: f64 = 1e-6;

impl Dates {
    /// Forward and backward pass. `due` holds the nodes that have to be reached by a time; the end
    /// of the project has all the time that it takes unless it is among them.
    #[must_use]
    pub fn of(network: &Network, due: &[(usize, f64)]) -> Self {
        let nodes = &network.nodes;
        let mean = |node: &Node| node.work.map_or(0.0, |(work, part)| network.works[work].mean() * part);
        let duration: Vec<f64> = nodes.iter().map(|node| (mean(node) + node.delay).max(0.0)).collect();
        let (mut start, mut finish) = (Vec::with_capacity(nodes.len()), Vec::with_capacity(nodes.len()));
        for (node, duration) in nodes.iter().zip(&duration) {
            let begin = node.before.iter().map(|&before| finish[before]).fold(node.not_before, f64::max);
            start.push(begin);
            finish.push(begin + duration);
        }
        let mut late = vec![f64::INFINITY; nodes.len()];
        let mut free = vec![f64::INFINITY; nodes.len()];
        for &(node, time) in due {
            late[node] = late[node].min(time);
        }
        let end = network.end();
        if late[end].is_infinite() {
            late[end] = finish[end];
        }
        free[end] = 0.0;
        for (index, node) in nodes.iter().enumerate().rev() {
            for &before in &node.before {
                late[before] = late[before].min(late[index] - duration[index]);
                free[before] = free[before].min(start[index] - finish[before]);
            }
        }
        Self { duration, start, finish, late, free }
    }

    /// When everything is finished.
    #[must_use]
    pub fn end(&self) -> f64 {
        self.finish.last().copied().unwrap_or(0.0)
    }

    /// The items that decide when `node` is reached, in the order of time; of equals the first path.
    #[must_use]
    pub fn chain(&self, project: &Project, network: &Network, node: usize) -> Vec<Item> {
        let mut chain: Vec<Item> = Vec::new();
        let mut next = Some(node);
        while let Some(index) = next {
            let node = &network.nodes[index];
            // Areas and the end of the project gather others, and are nobody's work.
            if let Some(item) = node.item.filter(|item| !matches!(item, Item::Area(_)))
                && chain.last() != Some(&item)
            {
                chain.push(item);
            }
            next = self.driver(project, network, node);
        }
        chain.reverse();
        // A workstream surrounds its tasks; it is named once.
        let mut seen = std::collections::BTreeSet::new();
        chain.retain(|item| seen.insert(*item));
        chain
    }

    /// The node before `node` that is reached last, if anything that takes time comes before it.
    fn driver(&self, project: &Project, network: &Network, node: &Node) -> Option<usize> {
        // Of what is reached at the same time, a milestone says most.
        let name = |index: usize| {
            let item = network.nodes[index].item;
            (!matches!(item, Some(Item::Milestone(_))), item.map(|item| project.path(item)))
        };
        let by_time = |one: usize, other: usize| {
            let difference = self.finish[one] - self.finish[other];
            if difference.abs() < ROUNDING { Ordering::Equal } else { self.finish[one].total_cmp(&self.finish[other]) }
        };
        let last = node.before.iter().copied().reduce(|one, other| match by_time(one, other) {
            Ordering::Greater => one,
            Ordering::Less => other,
            Ordering::Equal => {
                if name(one) <= name(other) {
                    one
                } else {
                    other
                }
            }
        })?;
        (self.finish[last] > node.not_before + ROUNDING || node.not_before == 0.0 && self.finish[last] > 0.0)
            .then_some(last)
    }
}
