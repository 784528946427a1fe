//! Scenarios for what-if forecasts: assumed changes to single items.

use std::collections::BTreeMap;

use crate::model::Item;
use crate::quantity::{Estimate, WorkTime};

/// The changes of a scenario, by item.
pub type Scenario = BTreeMap<Item, ScenarioChange>;

/// A change to one item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ScenarioChange {
    /// The item starts later by this time.
    Later(WorkTime),
    /// The item finishes earlier by this time, but not before it starts.
    Sooner(WorkTime),
    /// The item is finished.
    Done,
    /// The item has this estimate.
    Estimate(Estimate),
}
