//! The network of open work: which item can start after which others finish.
//!
//! A workstream starts, its remaining duration passes, and it finishes. Its tasks run in parallel unless
//! they need each other. Retained logic: work that has started still waits for its predecessors.
//! Complete items aren't part of the network.

pub(crate) mod duration;
pub(crate) mod builder;
mod order;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::Item;
use crate::schedule::network::builder::{NetworkBuilder, NetworkInput};
use crate::schedule::network::duration::{ActivityDuration, SharedDistributions};
use crate::schedule::pert::EstimateDistribution;
use crate::schedule::rate::DaysPerPoint;

/// The network of a project's open work.
#[derive(Debug, Clone)]
pub(crate) struct Network {
    /// In topological order; the last one is the end of the project.
    pub(crate) nodes: Vec<NetworkNode>,
    /// Several nodes may share one.
    pub(crate) durations: Vec<ActivityDuration>,
    pub(crate) shared: SharedDistributions,
    pub(crate) risk_events: Vec<RiskEvent>,
    /// The open items.
    pub(crate) items: BTreeMap<Item, ItemNodes>,
    /// Only of items with a duration or a date of their own.
    pub(crate) bases: BTreeMap<Item, Basis>,
    /// The mean remaining duration in working days, of items with one of their own.
    pub(crate) remaining: BTreeMap<Item, f64>,
    pub(crate) days_per_point: Option<DaysPerPoint>,
    /// Completion per working day, from 0 to 1.
    pub(crate) pace: Option<f64>,
}

/// An event in the network, with the activity that ends in it.
#[derive(Debug, Clone)]
pub(crate) struct NetworkNode {
    /// `None` for the end of the project.
    pub(crate) item: Option<Item>,
    pub(crate) before: Vec<Predecessor>,
    /// Start no earlier than this, in working days.
    pub(crate) not_before: f64,
    /// Whether its date is fixed by a due date.
    pub(crate) fixed_date: Option<FixedDate>,
    /// A fixed delay in working days; negative if work is taken away.
    pub(crate) delay: f64,
    /// Indices of the risk events that may delay it.
    pub(crate) risk_events: Vec<usize>,
    /// The index of the duration, and the share of it that this node takes.
    pub(crate) duration: Option<(usize, f64)>,
}

/// A node that finishes before another one starts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Predecessor {
    pub(crate) node: usize,
    /// Working days from its finish to the start of the other node; negative for a lead.
    pub(crate) lag: f64,
}

impl From<usize> for Predecessor {
    fn from(node: usize) -> Self {
        Self { node, lag: 0.0 }
    }
}

/// A date that follows from a due date alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FixedDate {
    /// Today, or later.
    Ahead,
    /// Before the start day: assumed to be met today.
    Overdue,
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
    pub(crate) delay: EstimateDistribution,
}

/// The source of a duration or date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// An estimate in the file.
    Estimated,
    /// The points, at the days per point of the file's estimated workstreams.
    Inferred,
    /// An estimate or inferred duration that is used up, although the item isn't finished.
    Overrun,
    /// A due date alone: assumed to be met, or met today if it has passed.
    FixedDate,
    /// The pace of the project, since nothing in the file is estimated.
    Paced,
    /// Without estimate: forecast as if it took no time.
    NoEstimate,
}

impl Basis {
    /// Every basis, in the order of the documentation.
    pub const ALL: [Self; 6] =
        [Self::Estimated, Self::Inferred, Self::Overrun, Self::FixedDate, Self::Paced, Self::NoEstimate];

    /// The value of the label `basis`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Estimated => "estimated",
            Self::Inferred => "inferred",
            Self::Overrun => "overrun",
            Self::FixedDate => "fixed_date",
            Self::Paced => "paced",
            Self::NoEstimate => "no_estimate",
        }
    }
}

/// The source of the dates of a node, its predecessors included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum DateSource {
    /// No duration and no date is known.
    Unknown,
    /// Due dates alone.
    DueDates,
    /// A duration with a spread.
    Durations,
}

impl Network {
    /// The network of the open work of `input`; `None` if it has a cycle, which is an error in the file.
    pub(crate) fn of(input: &NetworkInput<'_>) -> Option<Self> {
        let mut network = NetworkBuilder::new(input).build();
        let removed = order::contract(&mut network);
        order::sorted(network, &removed)
    }

    /// Whether every simulation run takes the same time.
    pub(crate) fn is_certain(&self) -> bool {
        self.risk_events.is_empty() && self.durations.iter().all(ActivityDuration::is_certain)
    }

    /// The source of the dates of each node.
    pub(crate) fn date_sources(&self) -> Vec<DateSource> {
        let mut sources: Vec<DateSource> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let own = match (node.duration, node.fixed_date) {
                (Some(_), _) => DateSource::Durations,
                (None, Some(_)) => DateSource::DueDates,
                (None, None) => DateSource::Unknown,
            };
            sources.push(node.before.iter().map(|before| sources[before.node]).fold(own, DateSource::max));
        }
        sources
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
            open.extend(node.before.iter().map(|before| before.node));
        }
        items.into_iter().collect()
    }

    /// The node at which the project finishes.
    pub(crate) fn end(&self) -> usize {
        self.nodes.len() - 1
    }
}
