//! Scenarios for what-if forecasts: assumed changes to single items.

use std::collections::BTreeMap;

use crate::model::Item;
use crate::quantity::{Estimate, WorkTime};

/// The changes of a scenario, by item.
pub type Scenario = BTreeMap<Item, ScenarioChange>;

/// A change to one item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ScenarioChange {
    /// It starts later by this.
    Later(WorkTime),
    /// It finishes earlier by this, but not before it starts.
    Sooner(WorkTime),
    /// It is finished.
    Done,
    /// It has this estimate.
    Estimate(Estimate),
}
