//! The forecast of a project: when each item finishes, with which probability, and which item drives
//! a slip.

mod computation;

use std::collections::BTreeMap;
use std::num::NonZero;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::model::completion::Completion;
use crate::model::{Item, Project};
use crate::schedule::critical::DrivingPaths;
use crate::schedule::earned::{EarnedSchedule, finish_day};
use crate::schedule::finish::{FinishForecast, FinishPercentiles, ForecastModel, Percentiles};
use crate::schedule::forecast::computation::Computation;
use crate::schedule::network::builder::NetworkInput;
use crate::schedule::network::{Basis, Network};
use crate::schedule::pace::{SecondOpinions, assumed_pace, recent_pace};
use crate::schedule::rate::DaysPerPoint;
use crate::schedule::timeline::Timeline;

/// How to forecast a project.
#[derive(Debug, Clone)]
pub struct ForecastOptions {
    /// The number of simulation runs.
    pub draws: NonZero<u32>,
    /// The milestone that criticality refers to. Default: the end of the project.
    pub critical_to: Option<usize>,
    /// The number of threads. Default: by the size of the network.
    pub threads: Option<NonZero<usize>>,
}

impl Default for ForecastOptions {
    fn default() -> Self {
        Self { draws: DRAWS, critical_to: None, threads: None }
    }
}

/// The default number of simulation runs.
///
/// In 95 of 100 forecasts, a probability is off by less than 1.6 percentage points, and the P85 of a
/// quarter by less than a third of a day. The random numbers repeat, so differences between forecasts
/// are far more exact.
pub const DRAWS: NonZero<u32> = NonZero::new(4096).expect("it isn't 0");

/// A project's forecast. Times are in working days after the start day.
#[derive(Debug, Clone)]
pub struct Forecast {
    /// `as_of`, or today if that is later.
    pub start_day: Date,
    /// The end of the start day.
    pub start: Timestamp,
    /// The open items.
    pub items: BTreeMap<Item, ItemForecast>,
    /// The end of the project; `None` if no open work has a duration or a date.
    pub end: Option<EndForecast>,
    /// The sources of the durations and dates.
    pub bases: BTreeMap<Item, Basis>,
    /// The assumptions behind the durations.
    pub assumptions: Assumptions,
    /// Whether any risk has both a probability and a delay.
    pub has_risks: bool,
    /// Progress against the baseline.
    pub earned_schedule: Option<EarnedSchedule>,
    /// Dates that don't depend on the estimates of open work.
    pub second_opinions: SecondOpinions,
    /// The finish node of each open item.
    nodes: BTreeMap<Item, usize>,
    driving_paths: DrivingPaths,
}

/// The forecast of an open item.
#[derive(Debug, Clone)]
pub struct ItemForecast {
    /// Early start and early finish, with mean durations.
    pub early: (f64, f64),
    /// Late start and late finish: the latest that keep every due date, with mean durations.
    pub late: (f64, f64),
    /// Total float: working days that it may slip before a due date is missed, or without a due date before
    /// the project finishes later. A milestone has the least of it and everything that it needs, and a
    /// workstream the least of it and its tasks.
    pub total_float: f64,
    /// Free float: working days that it may slip before another item slips.
    pub free_float: f64,
    /// The due date.
    pub due: Option<f64>,
    /// Whether the due date is before the start day.
    pub is_overdue: bool,
    /// The due date that it isn't forecast to finish before: its date is fixed.
    pub fixed_date: Option<Date>,
    /// The mean remaining duration in working days, if it has one of its own.
    pub remaining: Option<f64>,
    /// Workstreams and milestones only; `None` if their duration isn't known.
    pub finish: Option<FinishForecast>,
    /// Criticality index: share of simulation runs in which it is on the critical path.
    pub criticality: f64,
    /// The root of the driving path; milestones only. `None` if everything that it needs is done.
    pub driving_root: Option<Item>,
    /// The items without estimate that it depends on; milestones only.
    pub without_estimate: Vec<Item>,
    /// Whether a milestone is open although everything that it needs is done.
    pub is_unmarked: bool,
}

impl ItemForecast {
    /// When it finishes over all simulation runs, without or with risks; `None` if nothing is simulated.
    #[must_use]
    pub fn finish(&self, model: ForecastModel) -> Option<FinishPercentiles> {
        Some(self.finish?.simulated()?.get(model))
    }

    /// The slip against its due date, in working days; negative if there is time left.
    #[must_use]
    pub fn slip(&self, model: ForecastModel) -> Option<Percentiles> {
        Some(self.finish(model)?.slip(self.due?))
    }

    /// The first open item of the driving path, if the item is late.
    #[must_use]
    pub fn slip_root(&self) -> Option<Item> {
        self.driving_root.filter(|_| self.is_late())
    }

    /// Whether it is overdue, or its P85 with risks is after its due date.
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.is_late_in(ForecastModel::Risk)
    }

    fn is_late_in(&self, model: ForecastModel) -> bool {
        self.is_overdue || self.finish.zip(self.due).is_some_and(|(finish, due)| finish.is_late(model, due))
    }
}

/// The assumptions behind the durations of a forecast.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Assumptions {
    /// The standard deviation of the logarithm of the error that all estimates share; `None` if no duration is
    /// estimated or inferred.
    pub estimate_error: Option<f64>,
    /// The days per point of inferred durations; `None` if nothing is inferred.
    pub days_per_point: Option<DaysPerPoint>,
    /// Completion per working day, from 0 to 1, if dates follow from the pace.
    pub pace: Option<f64>,
    /// The number of open workstreams.
    pub open_workstreams: usize,
    /// The number of them that start at once, with mean durations.
    pub concurrent_workstreams: usize,
}

/// The forecast of the end of the project.
#[derive(Debug, Clone)]
pub struct EndForecast {
    /// Finish with mean durations.
    pub early_finish: f64,
    /// The end of the target date.
    pub due: Option<f64>,
    /// Whether the target date is before the start day.
    pub is_overdue: bool,
    /// Finish of all items.
    pub finish: FinishForecast,
    /// The driving path of the end of the project.
    pub critical_path: Vec<Item>,
    /// The open items without estimate.
    pub without_estimate: Vec<Item>,
}

impl EndForecast {
    /// When it finishes over all simulation runs, without or with risks; `None` if nothing is simulated.
    #[must_use]
    pub fn finish(&self, model: ForecastModel) -> Option<FinishPercentiles> {
        Some(self.finish.simulated()?.get(model))
    }

    /// Whether the target date has passed, or the P85 with risks is after it.
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.is_overdue || self.due.is_some_and(|due| self.finish.is_late(ForecastModel::Risk, due))
    }
}

impl Forecast {
    /// The forecast of `project` at the moment `now`.
    #[must_use]
    pub fn of(project: &Project, completion: &Completion, now: Timestamp, options: &ForecastOptions) -> Self {
        let timeline = Timeline::of(project, now);
        let finished = finish_day(project, completion);
        let earned = completion.project();
        let earned_schedule =
            earned.and_then(|earned| EarnedSchedule::of(&project.baseline, earned, finished, timeline));
        let recent = recent_pace(project, completion, timeline);
        let empty = Self {
            start_day: timeline.start_day(),
            start: timeline.start(),
            items: BTreeMap::new(),
            end: None,
            bases: BTreeMap::new(),
            assumptions: Assumptions::default(),
            has_risks: false,
            nodes: BTreeMap::new(),
            driving_paths: DrivingPaths::default(),
            earned_schedule,
            second_opinions: SecondOpinions::of(completion, earned_schedule, recent),
        };
        // A file with a cycle isn't served.
        let pace = assumed_pace(recent, earned_schedule);
        let network = Network::of(&NetworkInput { project, completion, timeline, pace });
        match network.filter(|network| !network.items.is_empty()) {
            Some(network) => empty.with(project, timeline, network, options),
            None => empty,
        }
    }

    fn with(mut self, project: &Project, timeline: Timeline<'_>, network: Network, options: &ForecastOptions) -> Self {
        let computation = Computation::of(project, timeline, &network, options);
        self.assumptions = computation.assumptions(project);
        let items = network.items.iter().map(|(item, nodes)| (*item, computation.item(*item, *nodes)));
        self.items = items.collect();
        self.end = computation.end();
        self.has_risks = !network.risk_events.is_empty();
        self.nodes = network.items.iter().map(|(item, nodes)| (*item, nodes.finish)).collect();
        self.driving_paths = computation.driving_paths;
        self.bases = network.bases;
        self
    }

    /// The number of items for each [`Basis`].
    #[must_use]
    pub fn counts(&self) -> [(Basis, usize); 6] {
        Basis::ALL.map(|basis| (basis, self.bases.values().filter(|it| **it == basis).count()))
    }

    /// The driving path of `item` with mean durations, in the order of time.
    #[must_use]
    pub fn driving_path(&self, item: Item) -> Vec<Item> {
        self.nodes.get(&item).map(|node| self.driving_paths.path_to(*node)).unwrap_or_default()
    }

    /// The forecast of a milestone; `None` once it is reached.
    #[must_use]
    pub fn milestone(&self, index: usize) -> Option<&ItemForecast> {
        self.items.get(&Item::Milestone(index))
    }
}

#[cfg(test)]
mod tests;
