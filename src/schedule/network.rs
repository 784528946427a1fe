//! The network of open work: which item can start after which others finish.
//!
//! A workstream starts, its duration passes, and it finishes. Its tasks with estimates run in
//! parallel unless they need each other. Retained logic: work that has started still waits for its
//! predecessors. Complete items aren't part of the network.

pub mod scenario;
mod duration;
mod builder;
mod order;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::completion::Completion;
use crate::model::{Item, Project};
use crate::schedule::network::builder::NetworkBuilder;
use crate::schedule::network::duration::ActivityDuration;
use crate::schedule::network::scenario::Scenario;
use crate::schedule::pert::{RemainingDuration, ThreePoint};
use crate::schedule::timeline::Timeline;

/// The network of a project's open work.
#[derive(Debug, Clone)]
pub(crate) struct Network {
    /// In topological order; the last one is the end of the project.
    pub(crate) nodes: Vec<NetworkNode>,
    /// Several nodes may share one.
    pub(crate) durations: Vec<ActivityDuration>,
    pub(crate) risk_events: Vec<RiskEvent>,
    /// The open items.
    pub(crate) items: BTreeMap<Item, ItemNodes>,
    /// Only of items with a duration of their own.
    pub(crate) bases: BTreeMap<Item, Basis>,
}

/// An event in the network, with the activity that ends in it.
#[derive(Debug, Clone)]
pub(crate) struct NetworkNode {
    /// `None` for the end of the project.
    pub(crate) item: Option<Item>,
    /// The predecessors.
    pub(crate) before: Vec<usize>,
    /// Start no earlier than this, in working days.
    pub(crate) not_before: f64,
    /// A fixed delay in working days; negative if a scenario shortens the item.
    pub(crate) delay: f64,
    /// Indices of the risk events that may delay it.
    pub(crate) risk_events: Vec<usize>,
    /// The index of the duration, and the share of it that this node takes.
    pub(crate) duration: Option<(usize, f64)>,
}

/// The nodes of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ItemNodes {
    pub(crate) start: usize,
    pub(crate) finish: usize,
}

/// A risk with a probability and a delay.
#[derive(Debug, Clone)]
pub(crate) struct RiskEvent {
    /// Seeds its random numbers.
    pub(crate) key: String,
    pub(crate) probability: f64,
    /// The delay of each item that it affects.
    pub(crate) delay: RemainingDuration,
}

/// The source of a duration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Basis {
    /// An estimate in the file.
    Estimated(ThreePoint),
    /// The remaining points, at the days per point of the file's estimated workstreams.
    Inferred(ThreePoint),
    /// An estimate that is used up, although the item isn't finished.
    Overrun(ThreePoint),
    /// A milestone without predecessors: assumed to be reached on its due date.
    FixedDate,
    /// Without estimate: forecast as if it took no time.
    NoEstimate,
}

impl Basis {
    /// Every name, in the order of the documentation.
    pub const NAMES: [&'static str; 5] = ["estimated", "inferred", "overrun", "fixed_date", "no_estimate"];

    /// The value of the label `basis`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Estimated(_) => "estimated",
            Self::Inferred(_) => "inferred",
            Self::Overrun(_) => "overrun",
            Self::FixedDate => "fixed_date",
            Self::NoEstimate => "no_estimate",
        }
    }
}

impl Network {
    /// The network of the open work in `project`; `None` if it has a cycle, which is an error in the
    /// file.
    pub(crate) fn of(
        project: &Project,
        completion: &Completion,
        timeline: Timeline<'_>,
        scenario: &Scenario,
    ) -> Option<Self> {
        let mut network = NetworkBuilder::new(project, completion, timeline, scenario).build();
        let removed = order::contract(&mut network);
        order::sorted(network, &removed)
    }

    /// Whether every simulation run takes the same time.
    pub(crate) fn is_certain(&self) -> bool {
        self.risk_events.is_empty() && self.durations.iter().all(ActivityDuration::is_certain)
    }

    /// For each node, whether it or a predecessor has a known duration or date.
    pub(crate) fn takes_time(&self) -> Vec<bool> {
        let mut takes_time: Vec<bool> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            // A scenario's delay doesn't make the rest of the duration known.
            let own = node.duration.is_some() || node.not_before > 0.0;
            takes_time.push(own || node.before.iter().any(|&before| takes_time[before]));
        }
        takes_time
    }

    /// The items without estimate among `node` and its predecessors.
    pub(crate) fn without_estimate(&self, node: usize) -> Vec<Item> {
        if !self.bases.values().any(|basis| *basis == Basis::NoEstimate) {
            return Vec::new();
        }
        let mut seen = vec![false; node + 1];
        let mut items = BTreeSet::new();
        let mut open = vec![node];
        while let Some(index) = open.pop() {
            if std::mem::replace(&mut seen[index], true) {
                continue;
            }
            let node = &self.nodes[index];
            items.extend(node.item.filter(|item| self.bases.get(item) == Some(&Basis::NoEstimate)));
            open.extend(&node.before);
        }
        items.into_iter().collect()
    }

    /// The node at which the project finishes.
    pub(crate) fn end(&self) -> usize {
        self.nodes.len() - 1
    }
}
