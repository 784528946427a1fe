//! What is forecast of a project: when each item is finished, how sure that is, and where a slip
//! begins.

use std::collections::BTreeMap;
use std::num::NonZero;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::model::completion::Completion;
use crate::model::{Item, Project};
use crate::schedule::ROUNDING;
use crate::schedule::critical::{Dates, DrivingPaths};
use crate::schedule::earned::EarnedSchedule;
use crate::schedule::finish::{ByModel, FinishPercentiles, ForecastModel, Percentiles};
use crate::schedule::network::scenario::Scenario;
use crate::schedule::network::{Basis, Network};
use crate::schedule::simulate::{SimulationParams, simulate};
use crate::schedule::timeline::Timeline;

/// How a forecast is made.
#[derive(Debug, Clone)]
pub struct ForecastOptions {
    /// How many times the network is run through.
    pub draws: NonZero<u32>,
    /// What is taken to be otherwise than the file says.
    pub scenario: Scenario,
    /// The milestone for which is asked what is critical; the end of the project otherwise.
    pub critical_to: Option<usize>,
    /// How many threads may work on it; as many as are worth it unless given.
    pub threads: Option<NonZero<usize>>,
}

impl Default for ForecastOptions {
    fn default() -> Self {
        Self { draws: DRAWS, scenario: Scenario::new(), critical_to: None, threads: None }
    }
}

/// At so many draws a probability is off by less than 1.6 points, and a P85 of a quarter by less
/// than a third of a day, in 95 of 100 forecasts. The same draws come each time, so that differences
/// are far more exact.
pub const DRAWS: NonZero<u32> = NonZero::new(4096).expect("it isn't 0");

/// A project's forecast. Times are in working days after the end of the status date.
#[derive(Debug, Clone)]
pub struct Forecast {
    /// The status date: `as_of`, or today where that is later.
    pub status_date: Date,
    /// Its end: open work is done after it.
    pub start: Timestamp,
    /// What is open.
    pub items: BTreeMap<Item, ItemForecast>,
    /// The end of the project; `None` where nothing is open.
    pub end: Option<EndForecast>,
    /// Where durations come from.
    pub bases: BTreeMap<Item, Basis>,
    /// Whether any risk has a probability and a delay.
    pub has_risks: bool,
    /// Where the work stands against its baseline.
    pub earned_schedule: Option<EarnedSchedule>,
    nodes: BTreeMap<Item, usize>,
    driving_paths: DrivingPaths,
}

/// When an open item is finished.
#[derive(Debug, Clone)]
pub struct ItemForecast {
    /// The earliest start and finish, with mean durations.
    pub early: (f64, f64),
    /// The latest start and finish that keep every due date, with mean durations.
    pub late: (f64, f64),
    /// By how much it may be later before anything else is.
    pub free_float: f64,
    /// When it is due.
    pub due: Option<f64>,
    /// When it is finished, by plan and with risks, for workstreams and milestones.
    pub finish: Option<ByModel<FinishPercentiles>>,
    /// In which part of the runs it decides when everything is finished.
    pub criticality: f64,
    /// The first open item of those that decide when it is reached; milestones only.
    pub driving_root: Option<Item>,
    /// What it waits for that nothing says the duration of; milestones only.
    pub without_estimate: Vec<Item>,
}

impl ItemForecast {
    /// By how much it may be later before a due date is missed; negative where one is.
    #[must_use]
    pub fn total_float(&self) -> f64 {
        self.late.1 - self.early.1
    }

    /// When it is finished.
    #[must_use]
    pub fn finish(&self, model: ForecastModel) -> Option<FinishPercentiles> {
        self.finish.map(|finish| finish.get(model))
    }

    /// By how much it is later than it is due, in working days, for each quantile; negative while there
    /// is time left.
    #[must_use]
    pub fn slip(&self, model: ForecastModel) -> Option<Percentiles> {
        Some(self.finish(model)?.slip(self.due?))
    }

    /// Where its slip begins, while it is late: a late item none of whose predecessors is late.
    #[must_use]
    pub fn slip_root(&self) -> Option<Item> {
        self.driving_root.filter(|_| self.is_late())
    }

    /// Whether it will be late, risks included, with more than 15 % probability.
    #[must_use]
    pub fn is_late(&self) -> bool {
        let p85 = self.finish(ForecastModel::Risk).map(|finish| finish.percentiles.p85);
        self.due.zip(p85).is_some_and(|(due, p85)| p85 > due + ROUNDING)
    }
}

/// When everything is finished.
#[derive(Debug, Clone)]
pub struct EndForecast {
    /// With mean durations.
    pub early_finish: f64,
    /// The end of the target's day, where the project has a target.
    pub due: Option<f64>,
    /// By plan and with risks.
    pub finish: ByModel<FinishPercentiles>,
    /// The critical path: what decides when everything is finished.
    pub critical_path: Vec<Item>,
}

impl Forecast {
    /// The forecast of `project` as of `now`.
    #[must_use]
    pub fn of(project: &Project, completion: &Completion, now: Timestamp, options: &ForecastOptions) -> Self {
        let timeline = Timeline::of(project, now);
        let earned = completion.project();
        let empty = Self {
            status_date: timeline.status_date(),
            start: timeline.start(),
            items: BTreeMap::new(),
            end: None,
            bases: BTreeMap::new(),
            has_risks: false,
            nodes: BTreeMap::new(),
            driving_paths: DrivingPaths::default(),
            earned_schedule: earned.and_then(|earned| EarnedSchedule::of(&project.baseline, earned, timeline)),
        };
        // A cycle is an error that keeps the file from being served.
        let network = Network::of(project, completion, timeline, &options.scenario);
        match network.filter(|network| !network.items.is_empty()) {
            Some(network) => empty.with(project, timeline, network, options),
            None => empty,
        }
    }

    fn with(mut self, project: &Project, timeline: Timeline<'_>, network: Network, options: &ForecastOptions) -> Self {
        let due: BTreeMap<Item, f64> =
            network.items.keys().filter_map(|item| Some((*item, timeline.end_of(due(project, *item)?)))).collect();
        let target = project.target.map(|target| timeline.end_of(target));
        let by = due.iter().map(|(item, time)| (network.items[item].finish, *time));
        let by: Vec<(usize, f64)> = by.chain(target.map(|time| (network.end(), time))).collect();
        let dates = Dates::of(&network, ForecastModel::Plan, &by);
        let driving_paths = dates.driving_paths(project, &network);
        // What is late with risks only is late because of them.
        let risky = (!network.risk_events.is_empty())
            .then(|| Dates::of(&network, ForecastModel::Risk, &by).driving_paths(project, &network));

        let is_wanted = |item: &Item| matches!(item, Item::Workstream(..) | Item::Milestone(_));
        let asked: Vec<Item> = network.items.keys().copied().filter(is_wanted).collect();
        let wanted = asked.iter().map(|item| (network.items[item].finish, due.get(item).copied()));
        let wanted: Vec<_> = wanted.chain([(network.end(), target)]).collect();
        let critical_to = options.critical_to.and_then(|index| network.items.get(&Item::Milestone(index)));
        let critical_to = critical_to.map_or(network.end(), |place| place.finish);
        // Where nothing is left to chance, every run is the same.
        let draws = if network.is_certain() { NonZero::<u32>::MIN } else { options.draws };
        let params = SimulationParams { draws, wanted: &wanted, critical_to, threads: options.threads };
        let result = simulate(&network, &params);
        let finish = |index: usize| ByModel { plan: result.finish.plan[index], risk: result.finish.risk[index] };
        let takes_time = network.takes_time();

        self.items = network
            .items
            .iter()
            .map(|(item, place)| {
                let is_milestone = matches!(item, Item::Milestone(_));
                let without_estimate = if is_milestone { network.without_estimate(place.finish) } else { Vec::new() };
                // Of what nothing is known of, and of a milestone that nothing leads to, nothing can
                // be forecast.
                let is_known = takes_time[place.finish] || without_estimate.is_empty();
                let is_bare = matches!(network.bases.get(item), Some(Basis::NoEstimate | Basis::FixedDate));
                let asked = asked.binary_search(item).ok().filter(|_| is_known && !is_bare);
                let mut forecast = ItemForecast {
                    early: (dates.start[place.start], dates.finish[place.finish]),
                    late: (dates.late[place.start] - dates.duration[place.start], dates.late[place.finish]),
                    free_float: dates.free[place.finish],
                    due: due.get(item).copied(),
                    finish: asked.map(finish),
                    criticality: result.criticality[place.finish],
                    driving_root: None,
                    without_estimate,
                };
                if is_milestone && forecast.finish.is_some() {
                    let is_late_by_plan = forecast.slip(ForecastModel::Plan).is_some_and(|slip| slip.p85 > ROUNDING);
                    let is_late_by_risk = forecast.is_late() && !is_late_by_plan;
                    let driving_paths = risky.as_ref().filter(|_| is_late_by_risk).unwrap_or(&driving_paths);
                    forecast.driving_root = driving_paths.root_of(place.finish);
                }
                (*item, forecast)
            })
            .collect();
        self.end = takes_time[network.end()].then(|| EndForecast {
            early_finish: dates.end(),
            due: target,
            finish: finish(asked.len()),
            critical_path: driving_paths.path_to(network.end()),
        });
        self.has_risks = !network.risk_events.is_empty();
        self.nodes = network.items.iter().map(|(item, place)| (*item, place.finish)).collect();
        self.driving_paths = driving_paths;
        self.bases = network.bases;
        self
    }

    /// How many durations come from where: every [`Basis`] by name, with its number.
    #[must_use]
    pub fn counts(&self) -> [(&'static str, usize); 5] {
        Basis::NAMES.map(|name| (name, self.bases.values().filter(|basis| basis.name() == name).count()))
    }

    /// What decides when `item` is finished, with mean durations, in the order of time.
    #[must_use]
    pub fn driving_path(&self, item: Item) -> Vec<Item> {
        self.nodes.get(&item).map(|node| self.driving_paths.path_to(*node)).unwrap_or_default()
    }

    /// The milestone's forecast; `None` where it was reached.
    #[must_use]
    pub fn milestone(&self, index: usize) -> Option<&ItemForecast> {
        self.items.get(&Item::Milestone(index))
    }
}

/// The day on which `item` is due.
#[must_use]
pub fn due(project: &Project, item: Item) -> Option<Date> {
    let due = match item {
        Item::Area(_) => None,
        Item::Workstream(area, index) => project.workstream(area, index).due,
        Item::Task(index) => project.task(index)?.due,
        Item::Milestone(index) => project.milestones[index].due,
    };
    due.map(crate::date::DayOrMonth::last_day)
}
