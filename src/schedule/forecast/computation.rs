//! The figures of a forecast, from the dates and the simulation of its network.

use std::collections::BTreeMap;
use std::num::NonZero;

use jiff::civil::Date;

use crate::model::{Item, Project};
use crate::schedule::ROUNDING;
use crate::schedule::critical::{Dates, DrivingPaths};
use crate::schedule::finish::{ByModel, FinishForecast, ForecastModel};
use crate::schedule::forecast::{Assumptions, EndForecast, ForecastOptions, ItemForecast};
use crate::schedule::network::{Basis, DateSource, ItemNodes, Network};
use crate::schedule::simulate::{SimulationParams, SimulationResult, simulate};
use crate::schedule::timeline::Timeline;

/// The results for the whole network, before they are split by item.
pub(super) struct Computation<'a> {
    project: &'a Project,
    timeline: Timeline<'a>,
    network: &'a Network,
    dates: Dates,
    event_slack: Vec<f64>,
    pub(super) driving_paths: DrivingPaths,
    /// The driving paths with mean delays, if there are risk events.
    driving_paths_with_risks: Option<DrivingPaths>,
    /// The items with percentiles, in rising order.
    simulated: Vec<Item>,
    /// The nodes of the items that have several, in rising order of the items.
    groups: Vec<(Item, Vec<usize>)>,
    result: SimulationResult,
    sources: Vec<DateSource>,
}

impl<'a> Computation<'a> {
    pub(super) fn of(
        project: &'a Project,
        timeline: Timeline<'a>,
        network: &'a Network,
        options: &ForecastOptions,
    ) -> Self {
        let due_of = |item: &Item| Some((network.items[item].finish, timeline.end_of(project.due(*item)?)));
        let limits = network.items.keys().filter_map(due_of);
        let target = project.target_day().map(|target| (network.end(), timeline.end_of(target)));
        let limits: Vec<(usize, f64)> = limits.chain(target).collect();
        let dates = Dates::of(network, ForecastModel::Plan, &limits);
        let with_risks = (!network.risk_events.is_empty()).then(|| Dates::of(network, ForecastModel::Risk, &limits));
        let is_simulated = |item: &Item| matches!(item, Item::Workstream(..) | Item::Milestone(_));
        let simulated: Vec<Item> = network.items.keys().copied().filter(is_simulated).collect();
        let groups = node_groups(network);
        Self {
            result: simulated_result(project, timeline, network, (&simulated, &groups), options),
            event_slack: dates.event_slack(network),
            driving_paths: dates.driving_paths(project, network),
            driving_paths_with_risks: with_risks.map(|dates| dates.driving_paths(project, network)),
            sources: network.date_sources(),
            project,
            timeline,
            network,
            dates,
            simulated,
            groups,
        }
    }

    pub(super) fn assumptions(&self, project: &Project) -> Assumptions {
        let has = |basis: Basis| self.network.bases.values().any(|it| *it == basis);
        let has_durations = !self.network.remaining.is_empty();
        let starts = self.network.items.iter().filter(|(item, _)| matches!(item, Item::Workstream(..)));
        let starts: Vec<f64> = starts.map(|(_, nodes)| self.dates.start[nodes.start]).collect();
        Assumptions {
            estimate_error: has_durations.then(|| project.policy.estimate_error.get()),
            days_per_point: self.network.days_per_point.filter(|_| has(Basis::Inferred) || has(Basis::Overrun)),
            pace: self.network.pace.filter(|_| has(Basis::Paced)),
            open_workstreams: starts.len(),
            concurrent_workstreams: starts.into_iter().filter(|start| *start < ROUNDING).count(),
        }
    }

    pub(super) fn item(&self, item: Item, nodes: ItemNodes) -> ItemForecast {
        let (network, dates) = (self.network, &self.dates);
        let is_milestone = matches!(item, Item::Milestone(_));
        let due = self.project.due(item);
        let is_unmarked =
            is_milestone && network.nodes[nodes.finish].before.is_empty() && !network.bases.contains_key(&item);
        let mut forecast = ItemForecast {
            early: (dates.start[nodes.start], dates.finish[nodes.finish]),
            late: (dates.late[nodes.start] - dates.duration[nodes.start], dates.late[nodes.finish]),
            total_float: self.total_float(item, nodes),
            free_float: dates.free[nodes.finish],
            due: due.map(|due| self.timeline.end_of(due)),
            is_overdue: self.is_overdue(due),
            fixed_date: due.filter(|_| network.nodes[nodes.finish].fixed_date.is_some()),
            remaining: network.remaining.get(&item).copied(),
            finish: self.finish(item, nodes.finish),
            criticality: self.criticality(item, nodes.finish),
            driving_root: None,
            without_estimate: if is_milestone { network.without_estimate(nodes.finish) } else { Vec::new() },
            is_unmarked,
        };
        if is_milestone && forecast.finish.is_some() && !is_unmarked {
            // A milestone that is late only with risks is driven by what its risks delay.
            let is_late_by_risks = forecast.is_late() && !forecast.is_late_in(ForecastModel::Plan);
            let with_risks = self.driving_paths_with_risks.as_ref().filter(|_| is_late_by_risks);
            forecast.driving_root = with_risks.unwrap_or(&self.driving_paths).root_of(nodes.finish);
        }
        forecast
    }

    fn total_float(&self, item: Item, nodes: ItemNodes) -> f64 {
        match item {
            Item::Milestone(_) => self.event_slack[nodes.finish],
            Item::Workstream(..) => {
                let own = self.group(item).into_iter().flat_map(|index| &self.groups[index].1);
                own.map(|node| self.float_at(*node)).fold(self.float_at(nodes.finish), f64::min)
            }
            Item::Area(_) | Item::Task(_) => self.float_at(nodes.finish),
        }
    }

    fn criticality(&self, item: Item, finish: usize) -> f64 {
        let group = self.group(item).map(|index| self.result.group_criticality[index]);
        group.unwrap_or(self.result.criticality[finish])
    }

    /// The index of the nodes of `item` in the groups.
    fn group(&self, item: Item) -> Option<usize> {
        self.groups.binary_search_by_key(&item, |(item, _)| *item).ok()
    }

    fn float_at(&self, node: usize) -> f64 {
        self.dates.late[node] - self.dates.finish[node]
    }

    fn is_overdue(&self, due: Option<Date>) -> bool {
        due.is_some_and(|due| due < self.timeline.start_day())
    }

    /// The finish of a workstream or milestone. Nothing is forecast of an item without estimate.
    fn finish(&self, item: Item, node: usize) -> Option<FinishForecast> {
        let index = self.simulated.binary_search(&item).ok()?;
        let is_bare = self.network.bases.get(&item) == Some(&Basis::NoEstimate);
        (!is_bare).then(|| self.finish_at(index, node)).flatten()
    }

    fn finish_at(&self, index: usize, node: usize) -> Option<FinishForecast> {
        let finish = ByModel { plan: self.result.finish.plan[index], risk: self.result.finish.risk[index] };
        match self.sources[node] {
            DateSource::Durations => Some(FinishForecast::Simulated(finish)),
            DateSource::DueDates => Some(FinishForecast::DueDates(finish.map(|finish| finish.percentiles.p50))),
            // Everything is done, or nothing that is open has an estimate.
            DateSource::Unknown => {
                let is_done = self.network.nodes[node].before.is_empty();
                is_done.then(|| FinishForecast::DueDates(finish.map(|finish| finish.percentiles.p50)))
            }
        }
    }

    pub(super) fn end(&self) -> Option<EndForecast> {
        let end = self.network.end();
        let is_known = self.sources[end] != DateSource::Unknown;
        let finish = self.finish_at(self.simulated.len(), end).filter(|_| is_known)?;
        Some(EndForecast {
            early_finish: self.dates.end(),
            due: self.project.target_day().map(|target| self.timeline.end_of(target)),
            is_overdue: self.is_overdue(self.project.target_day()),
            finish,
            critical_path: self.driving_paths.path_to(end),
            without_estimate: self.network.without_estimate(end),
        })
    }
}

/// Simulates the finishes of `simulated` and of the project, and the criticality of `groups` of nodes.
fn simulated_result(
    project: &Project,
    timeline: Timeline<'_>,
    network: &Network,
    (simulated, groups): (&[Item], &[(Item, Vec<usize>)]),
    options: &ForecastOptions,
) -> SimulationResult {
    // No run meets a due date that has passed.
    let limit = |due: Date| if due < timeline.start_day() { f64::NEG_INFINITY } else { timeline.end_of(due) };
    let finishes = simulated.iter().map(|item| (network.items[item].finish, project.due(*item).map(limit)));
    let finishes: Vec<_> = finishes.chain([(network.end(), project.target_day().map(limit))]).collect();
    let critical_to = options.critical_to.and_then(|index| network.items.get(&Item::Milestone(index)));
    let groups: Vec<Vec<usize>> = groups.iter().map(|(_, nodes)| nodes.clone()).collect();
    let params = SimulationParams {
        // Without uncertainty, every run is the same.
        draws: if network.is_certain() { NonZero::<u32>::MIN } else { options.draws },
        nodes: &finishes,
        critical_to: critical_to.map_or(network.end(), |nodes| nodes.finish),
        groups: &groups,
        threads: options.threads,
    };
    simulate(network, &params)
}

/// The nodes of each task, and those of each workstream and its tasks, if there are several.
fn node_groups(network: &Network) -> Vec<(Item, Vec<usize>)> {
    let mut groups: BTreeMap<Item, Vec<usize>> = BTreeMap::new();
    for (index, node) in network.nodes.iter().enumerate() {
        match node.item {
            Some(task @ Item::Task(place)) => {
                groups.entry(task).or_default().push(index);
                groups.entry(Item::Workstream(place.area, place.workstream)).or_default().push(index);
            }
            Some(stream @ Item::Workstream(..)) => groups.entry(stream).or_default().push(index),
            _ => {}
        }
    }
    groups.into_iter().filter(|(_, nodes)| nodes.len() > 1).collect()
}
