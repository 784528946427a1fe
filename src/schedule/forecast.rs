//! The forecast of a project: when each item finishes, with which probability, and which item drives
//! a slip.

use std::collections::BTreeMap;
use std::num::NonZero;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::model::completion::Completion;
use crate::model::{Item, Project};
use crate::schedule::critical::{Dates, DrivingPaths};
use crate::schedule::earned::EarnedSchedule;
use crate::schedule::finish::{ByModel, FinishPercentiles, ForecastModel, Percentiles};
use crate::schedule::network::scenario::Scenario;
use crate::schedule::network::{Basis, ItemNodes, Network};
use crate::schedule::simulate::{SimulationParams, SimulationResult, simulate};
use crate::schedule::timeline::Timeline;

/// How to forecast a project.
#[derive(Debug, Clone)]
pub struct ForecastOptions {
    /// The number of simulation runs.
    pub draws: NonZero<u32>,
    /// Changes to the plan that the forecast assumes.
    pub scenario: Scenario,
    /// The milestone that criticality refers to. Default: the end of the project.
    pub critical_to: Option<usize>,
    /// The number of threads. Default: by the size of the network.
    pub threads: Option<NonZero<usize>>,
}

impl Default for ForecastOptions {
    fn default() -> Self {
        Self { draws: DRAWS, scenario: Scenario::new(), critical_to: None, threads: None }
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
    /// The sources of the durations.
    pub bases: BTreeMap<Item, Basis>,
    /// Whether any risk has both a probability and a delay.
    pub has_risks: bool,
    /// Progress against the baseline.
    pub earned_schedule: Option<EarnedSchedule>,
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
    /// Free float: working days that it may slip before another item slips.
    pub free_float: f64,
    /// The due date.
    pub due: Option<f64>,
    /// Workstreams and milestones only; `None` if their duration isn't known.
    pub finish: Option<ByModel<FinishPercentiles>>,
    /// Criticality index: share of simulation runs in which it is on the critical path.
    pub criticality: f64,
    /// The first open item of the driving path; milestones only.
    pub driving_root: Option<Item>,
    /// The items without estimate that it depends on; milestones only.
    pub without_estimate: Vec<Item>,
}

impl ItemForecast {
    /// Total float: working days that it may slip before a due date is missed, or without a due
    /// date before the project finishes later.
    #[must_use]
    pub fn total_float(&self) -> f64 {
        self.late.1 - self.early.1
    }

    /// When it finishes, without or with risks.
    #[must_use]
    pub fn finish(&self, model: ForecastModel) -> Option<FinishPercentiles> {
        self.finish.map(|finish| finish.get(model))
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

    /// Whether its P85 with risks is after its due date.
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.is_late_in(ForecastModel::Risk)
    }

    fn is_late_in(&self, model: ForecastModel) -> bool {
        self.finish(model).zip(self.due).is_some_and(|(finish, due)| finish.is_late(due))
    }
}

/// The forecast of the end of the project.
#[derive(Debug, Clone)]
pub struct EndForecast {
    /// Finish with mean durations.
    pub early_finish: f64,
    /// The end of the target date.
    pub due: Option<f64>,
    /// Finish of all items.
    pub finish: ByModel<FinishPercentiles>,
    /// The driving path of the end of the project.
    pub critical_path: Vec<Item>,
}

impl EndForecast {
    /// Whether its P85 with risks is after the target date.
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.due.is_some_and(|due| self.finish.risk.is_late(due))
    }
}

impl Forecast {
    /// The forecast of `project` at the moment `now`.
    #[must_use]
    pub fn of(project: &Project, completion: &Completion, now: Timestamp, options: &ForecastOptions) -> Self {
        let timeline = Timeline::of(project, now);
        let earned = completion.project();
        let empty = Self {
            start_day: timeline.start_day(),
            start: timeline.start(),
            items: BTreeMap::new(),
            end: None,
            bases: BTreeMap::new(),
            has_risks: false,
            nodes: BTreeMap::new(),
            driving_paths: DrivingPaths::default(),
            earned_schedule: earned.and_then(|earned| EarnedSchedule::of(&project.baseline, earned, timeline)),
        };
        // A file with a cycle isn't served.
        let network = Network::of(project, completion, timeline, &options.scenario);
        match network.filter(|network| !network.items.is_empty()) {
            Some(network) => empty.with(project, timeline, network, options),
            None => empty,
        }
    }

    fn with(mut self, project: &Project, timeline: Timeline<'_>, network: Network, options: &ForecastOptions) -> Self {
        let computation = Computation::of(project, timeline, &network, options);
        let items = network.items.iter().map(|(item, nodes)| (*item, computation.item(*item, *nodes)));
        self.items = items.collect();
        self.end = computation.end();
        self.has_risks = !network.risk_events.is_empty();
        self.nodes = network.items.iter().map(|(item, nodes)| (*item, nodes.finish)).collect();
        self.driving_paths = computation.driving_paths;
        self.bases = network.bases;
        self
    }

    /// The number of durations for each [`Basis`], by name.
    #[must_use]
    pub fn counts(&self) -> [(&'static str, usize); 5] {
        Basis::NAMES.map(|name| (name, self.bases.values().filter(|basis| basis.name() == name).count()))
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

/// The results for the whole network, before they are split by item.
struct Computation<'a> {
    network: &'a Network,
    due: BTreeMap<Item, f64>,
    target: Option<f64>,
    dates: Dates,
    driving_paths: DrivingPaths,
    /// The driving paths with mean delays, if there are risk events.
    driving_paths_with_risks: Option<DrivingPaths>,
    /// The items with percentiles, in rising order.
    simulated: Vec<Item>,
    result: SimulationResult,
    takes_time: Vec<bool>,
}

impl<'a> Computation<'a> {
    fn of(project: &Project, timeline: Timeline<'_>, network: &'a Network, options: &ForecastOptions) -> Self {
        let due_of = |item: &Item| Some((*item, timeline.end_of(project.due(*item)?)));
        let due: BTreeMap<Item, f64> = network.items.keys().filter_map(due_of).collect();
        let target = project.target.map(|target| timeline.end_of(target));
        let limits = due.iter().map(|(item, time)| (network.items[item].finish, *time));
        let limits: Vec<(usize, f64)> = limits.chain(target.map(|time| (network.end(), time))).collect();
        let dates = Dates::of(network, ForecastModel::Plan, &limits);
        let with_risks = (!network.risk_events.is_empty()).then(|| Dates::of(network, ForecastModel::Risk, &limits));
        let is_simulated = |item: &Item| matches!(item, Item::Workstream(..) | Item::Milestone(_));
        let simulated: Vec<Item> = network.items.keys().copied().filter(is_simulated).collect();
        let finishes = simulated.iter().map(|item| (network.items[item].finish, due.get(item).copied()));
        let finishes: Vec<_> = finishes.chain([(network.end(), target)]).collect();
        let critical_to = options.critical_to.and_then(|index| network.items.get(&Item::Milestone(index)));
        let params = SimulationParams {
            // Without uncertainty, every run is the same.
            draws: if network.is_certain() { NonZero::<u32>::MIN } else { options.draws },
            nodes: &finishes,
            critical_to: critical_to.map_or(network.end(), |nodes| nodes.finish),
            threads: options.threads,
        };
        Self {
            result: simulate(network, &params),
            driving_paths: dates.driving_paths(project, network),
            driving_paths_with_risks: with_risks.map(|dates| dates.driving_paths(project, network)),
            takes_time: network.takes_time(),
            network,
            due,
            target,
            dates,
            simulated,
        }
    }

    fn item(&self, item: Item, nodes: ItemNodes) -> ItemForecast {
        let (network, dates) = (self.network, &self.dates);
        let is_milestone = matches!(item, Item::Milestone(_));
        let without_estimate = if is_milestone { network.without_estimate(nodes.finish) } else { Vec::new() };
        // Nothing is forecast of an item without estimate, or of a milestone without predecessors.
        let is_known = self.takes_time[nodes.finish] || without_estimate.is_empty();
        let is_bare = matches!(network.bases.get(&item), Some(Basis::NoEstimate | Basis::FixedDate));
        let simulated = self.simulated.binary_search(&item).ok().filter(|_| is_known && !is_bare);
        let mut forecast = ItemForecast {
            early: (dates.start[nodes.start], dates.finish[nodes.finish]),
            late: (dates.late[nodes.start] - dates.duration[nodes.start], dates.late[nodes.finish]),
            free_float: dates.free[nodes.finish],
            due: self.due.get(&item).copied(),
            finish: simulated.map(|index| self.finish(index)),
            criticality: self.result.criticality[nodes.finish],
            driving_root: None,
            without_estimate,
        };
        if is_milestone && forecast.finish.is_some() {
            // A milestone that is late only with risks is driven by what its risks delay.
            let is_late_by_risks = forecast.is_late() && !forecast.is_late_in(ForecastModel::Plan);
            let with_risks = self.driving_paths_with_risks.as_ref().filter(|_| is_late_by_risks);
            forecast.driving_root = with_risks.unwrap_or(&self.driving_paths).root_of(nodes.finish);
        }
        forecast
    }

    fn finish(&self, index: usize) -> ByModel<FinishPercentiles> {
        ByModel { plan: self.result.finish.plan[index], risk: self.result.finish.risk[index] }
    }

    fn end(&self) -> Option<EndForecast> {
        let end = self.network.end();
        self.takes_time[end].then(|| EndForecast {
            early_finish: self.dates.end(),
            due: self.target,
            finish: self.finish(self.simulated.len()),
            critical_path: self.driving_paths.path_to(end),
        })
    }
}

#[cfg(test)]
mod tests;
