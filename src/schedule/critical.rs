//! The critical path method: early and late dates, floats, and driving paths.
//!
//! Kelley and Walker: Critical-path planning and scheduling (1959). Durations are means. A late date is
//! the latest that keeps every due date, so floats are negative if a due date is missed.

use std::collections::BTreeSet;

use crate::model::{Item, Project};
use crate::schedule::ROUNDING;
use crate::schedule::finish::ForecastModel;
use crate::schedule::network::{FixedDate, Network, NetworkNode, Predecessor};

/// The dates of every node of a network, in working days.
#[derive(Debug, Clone)]
pub(crate) struct Dates {
    pub(crate) duration: Vec<f64>,
    /// Early start.
    pub(crate) start: Vec<f64>,
    /// Early finish.
    pub(crate) finish: Vec<f64>,
    /// Late finish.
    pub(crate) late: Vec<f64>,
    /// Free float.
    pub(crate) free: Vec<f64>,
}

/// The driving predecessor of each node.
#[derive(Debug, Clone, Default)]
pub(crate) struct DrivingPaths(Vec<Driver>);

/// The item of a node, and its driving predecessor: the one that finishes last.
#[derive(Debug, Clone, Copy)]
struct Driver {
    item: Option<Item>,
    before: Option<usize>,
    /// Whether it only waits for an overdue date.
    is_overdue_date: bool,
}

impl Dates {
    /// Forward and backward pass. With risks, each risk event adds its mean delay.
    ///
    /// `due` has the due date of each node with one. Nodes that no due date depends on must finish by
    /// the end of the project.
    pub(crate) fn of(network: &Network, model: ForecastModel, due: &[(usize, f64)]) -> Self {
        let nodes = &network.nodes;
        let mean = |node: &NetworkNode| {
            node.duration.map_or(0.0, |(duration, part)| network.durations[duration].mean() * part)
        };
        let expected = |risk_event: &usize| {
            network.risk_events[*risk_event].probability * network.risk_events[*risk_event].delay.mean()
        };
        let risk = |node: &NetworkNode| {
            if model == ForecastModel::Risk { node.risk_events.iter().map(expected).sum() } else { 0.0 }
        };
        let duration: Vec<f64> = nodes.iter().map(|node| (mean(node) + risk(node) + node.delay).max(0.0)).collect();
        let (mut start, mut finish) = (Vec::with_capacity(nodes.len()), Vec::with_capacity(nodes.len()));
        for (node, duration) in nodes.iter().zip(&duration) {
            let begin = node.before.iter().map(|it| finish[it.node] + it.lag).fold(node.not_before, f64::max);
            start.push(begin);
            finish.push(begin + duration);
        }
        let end = network.end();
        let mut late = latest(nodes, &duration, due);
        let by_the_end = latest(nodes, &duration, &[(end, finish[end])]);
        for (late, by_the_end) in late.iter_mut().zip(by_the_end).filter(|(late, _)| late.is_infinite()) {
            *late = by_the_end;
        }
        let mut free = vec![f64::INFINITY; nodes.len()];
        free[end] = 0.0;
        for (index, node) in nodes.iter().enumerate() {
            for &Predecessor { node: before, lag } in &node.before {
                free[before] = free[before].min(start[index] - finish[before] - lag);
            }
        }
        Self { duration, start, finish, late, free }
    }

    /// Early finish of the project.
    pub(crate) fn end(&self) -> f64 {
        self.finish.last().copied().unwrap_or(0.0)
    }

    /// The least total float of each node and everything that it needs: its event slack. The start of an item that
    /// contains others is none of them: parts that are not needed may follow it.
    pub(crate) fn event_slack(&self, network: &Network) -> Vec<f64> {
        let containers = network.items.iter().filter(|(item, _)| matches!(item, Item::Area(_) | Item::Workstream(..)));
        let starts = containers.filter(|(_, nodes)| nodes.start != nodes.finish).map(|(_, nodes)| nodes.start);
        let starts: BTreeSet<usize> = starts.collect();
        let mut slack: Vec<f64> = Vec::with_capacity(network.nodes.len());
        for (index, node) in network.nodes.iter().enumerate() {
            let own = if starts.contains(&index) { f64::INFINITY } else { self.late[index] - self.finish[index] };
            slack.push(node.before.iter().map(|before| slack[before.node]).fold(own, f64::min));
        }
        slack
    }

    /// The driving predecessor of each node. An overdue date is preferred, then a milestone, then the first by
    /// path.
    pub(crate) fn driving_paths(&self, project: &Project, network: &Network) -> DrivingPaths {
        let driver = |(index, node): (usize, &NetworkNode)| Driver {
            item: node.item,
            before: self.driver(project, network, node),
            is_overdue_date: self.is_overdue_date(network, index),
        };
        DrivingPaths(network.nodes.iter().enumerate().map(driver).collect())
    }

    fn is_overdue_date(&self, network: &Network, index: usize) -> bool {
        network.nodes[index].fixed_date == Some(FixedDate::Overdue) && self.finish[index] < ROUNDING
    }

    /// The predecessor that finishes last; `None` if `node` doesn't start later because of it.
    fn driver(&self, project: &Project, network: &Network, node: &NetworkNode) -> Option<usize> {
        // A milestone is the most meaningful of several.
        let name = |index: usize| {
            let item = network.nodes[index].item;
            let is_milestone = matches!(item, Some(Item::Milestone(_)));
            (!self.is_overdue_date(network, index), !is_milestone, item.map(|item| project.path(item)))
        };
        let ready = |before: &Predecessor| self.finish[before.node] + before.lag;
        let last = node.before.iter().copied().reduce(|one, other| {
            let difference = ready(&one) - ready(&other);
            let is_first =
                if difference.abs() < ROUNDING { name(one.node) <= name(other.node) } else { difference > 0.0 };
            if is_first { one } else { other }
        })?;
        (ready(&last) > node.not_before - ROUNDING).then_some(last.node)
    }
}

/// The backward pass: the late finish of each node, infinite if nothing in `due` depends on it.
fn latest(nodes: &[NetworkNode], duration: &[f64], due: &[(usize, f64)]) -> Vec<f64> {
    let mut late = vec![f64::INFINITY; nodes.len()];
    for &(node, time) in due {
        late[node] = late[node].min(time);
    }
    for (index, node) in nodes.iter().enumerate().rev() {
        for &Predecessor { node: before, lag } in &node.before {
            late[before] = late[before].min(late[index] - duration[index] - lag);
        }
    }
    late
}

impl DrivingPaths {
    /// The driving path of `node`, in the order of time.
    pub(crate) fn path_to(&self, node: usize) -> Vec<Item> {
        let mut path: Vec<Item> = self.back(node).collect();
        path.reverse();
        // The path contains a workstream twice: before its tasks and after them.
        let mut seen = BTreeSet::new();
        path.retain(|item| seen.insert(*item));
        path
    }

    /// The root of `node`: the overdue date on its driving path, otherwise the first item of the path.
    pub(crate) fn root_of(&self, node: usize) -> Option<Item> {
        let overdue =
            self.drivers(node).filter(|driver| driver.is_overdue_date).filter_map(|driver| driver.item).last();
        overdue.or_else(|| self.back(node).last())
    }

    /// The driving path of `node` backwards, without areas: they only group other items.
    fn back(&self, node: usize) -> impl Iterator<Item = Item> {
        self.drivers(node).filter_map(|driver| driver.item).filter(|item| !matches!(item, Item::Area(_)))
    }

    fn drivers(&self, node: usize) -> impl Iterator<Item = &Driver> {
        std::iter::successors(self.0.get(node), |driver| self.0.get(driver.before?))
    }
}
