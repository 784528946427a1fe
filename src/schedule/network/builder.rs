//! Building the network from a project: nodes for open items, then edges for dependencies.

mod task_order;
mod tasks;
mod paced;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;

use crate::model::completion::{Completion, tasks_of};
use crate::model::{Dependency, Item, Milestone, Project, Risk, Status, Workstream};
use crate::quantity::{Estimate, Points, WorkWeek};
use crate::schedule::network::builder::tasks::{TaskNodes, is_open, open_share};
use crate::schedule::network::duration::{ActivityDuration, ActivityProgress, SharedDistributions, WholeDuration};
use crate::schedule::network::{Basis, FixedDate, ItemNodes, Network, NetworkNode, Predecessor, RiskEvent};
use crate::schedule::normal::LogNormal;
use crate::schedule::pert::{BetaPertCache, EstimateDistribution, ThreePoint};
use crate::schedule::rate::DaysPerPoint;
use crate::schedule::timeline::Timeline;

/// The plan that a network is built from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NetworkInput<'a> {
    pub(crate) project: &'a Project,
    pub(crate) completion: &'a Completion,
    pub(crate) timeline: Timeline<'a>,
    /// Completion per working day, from 0 to 1.
    pub(crate) pace: Option<f64>,
}

/// The standard deviation of the logarithm of the pace.
const PACE_LOG_SD: f64 = 0.5;

pub(crate) struct NetworkBuilder<'a> {
    input: &'a NetworkInput<'a>,
    week: WorkWeek,
    /// The factor of each inferred duration alone.
    item_spread: Arc<LogNormal>,
    cache: BetaPertCache,
    /// The node and the duration of the remaining work of each workstream that has its own.
    work: BTreeMap<Item, WorkNode>,
    tasks: BTreeMap<Item, TaskNodes>,
    network: Network,
}

/// The node in which the remaining work of a workstream passes.
#[derive(Debug, Clone, Copy)]
struct WorkNode {
    node: usize,
    duration: usize,
}

impl<'a> NetworkBuilder<'a> {
    pub(crate) fn new(input: &'a NetworkInput<'a>) -> Self {
        let project = input.project;
        let week = project.calendar.work_week();
        let mut cache = BetaPertCache::default();
        let days_per_point = DaysPerPoint::of(project, week, &mut cache);
        let log_sd = |sd: fn(&DaysPerPoint) -> f64| LogNormal::new(days_per_point.as_ref().map_or(0.0, sd));
        let shared = SharedDistributions {
            error: LogNormal::new(project.policy.estimate_error.get()),
            rate: log_sd(|rate| rate.rate_log_sd),
            pace: LogNormal::new(if input.pace.is_some() { PACE_LOG_SD } else { 0.0 }),
        };
        Self {
            input,
            week,
            item_spread: Arc::new(log_sd(|rate| rate.item_log_sd)),
            cache,
            work: BTreeMap::new(),
            tasks: BTreeMap::new(),
            network: Network {
                nodes: Vec::new(),
                durations: Vec::new(),
                shared,
                risk_events: Vec::new(),
                items: BTreeMap::new(),
                bases: BTreeMap::new(),
                remaining: BTreeMap::new(),
                days_per_point,
                pace: input.pace,
            },
        }
    }

    /// The network, not sorted yet.
    pub(crate) fn build(mut self) -> Network {
        self.add_workstreams();
        self.add_tasks();
        self.add_areas();
        self.add_milestones();
        self.add_dependencies();
        self.add_risk_events();
        self.add_time();
        self.add_rest_of_work();
        self.add_pace();
        self.add_end();
        self.network
    }

    fn is_open(&self, item: Item) -> bool {
        let (project, completion) = (self.input.project, self.input.completion);
        match item {
            Item::Milestone(index) => project.milestones[index].done.is_none(),
            Item::Task(index) => {
                self.is_open(Item::Workstream(index.area, index.workstream)) && !completion.is_complete(project, item)
            }
            Item::Workstream(..) => !completion.is_complete(project, item),
            Item::Area(_) => true,
        }
    }

    fn add_node(&mut self, item: Option<Item>, before: Vec<usize>) -> usize {
        let before = before.into_iter().map(Predecessor::from).collect();
        let node = NetworkNode {
            item,
            before,
            not_before: 0.0,
            fixed_date: None,
            delay: 0.0,
            risk_events: Vec::new(),
            duration: None,
        };
        self.network.nodes.push(node);
        self.network.nodes.len() - 1
    }

    fn add_workstreams(&mut self) {
        for (area, index, stream) in self.input.project.workstreams() {
            let item = Item::Workstream(area, index);
            if !self.is_open(item) {
                continue;
            }
            let start = self.add_node(Some(item), Vec::new());
            self.network.nodes[start].not_before = self.earliest_start(stream.started, stream.not_before);
            let mut before = start;
            let mut due = None;
            match self.workstream_duration(stream) {
                WorkstreamDuration::Own(basis, whole) => {
                    let progress = self.workstream_progress(item, stream);
                    let duration = self.add_duration(item, basis, whole, progress);
                    before = self.add_node(Some(item), vec![start]);
                    self.network.nodes[before].duration = Some((duration, 1.0));
                    self.work.insert(item, WorkNode { node: before, duration });
                }
                WorkstreamDuration::OfTasks => {}
                WorkstreamDuration::FixedDate(day) => due = Some(day),
                WorkstreamDuration::Unknown => {
                    self.network.bases.insert(item, Basis::NoEstimate);
                }
            }
            // The tasks of a workstream may take longer than its estimate.
            let finish = self.add_node(Some(item), vec![before]);
            if let Some(due) = due {
                self.fix_date(item, finish, due);
            }
            self.network.items.insert(item, ItemNodes { start, finish });
        }
    }

    /// The duration of all work of a workstream, done and open.
    fn workstream_duration(&mut self, stream: &Workstream) -> WorkstreamDuration {
        if let Some(estimate) = stream.estimate {
            return WorkstreamDuration::Own(Basis::Estimated, self.estimated(estimate));
        }
        let open = || tasks_of(self.input.project, stream).filter(|task| is_open(task));
        if open().next().is_some() && open().all(|task| task.estimate.is_some()) {
            return WorkstreamDuration::OfTasks;
        }
        if let (Some(rate), Some(points)) = (self.network.days_per_point, stream.points.map(Points::get)) {
            let inferred = WholeDuration::Inferred(points * rate.median, Arc::clone(&self.item_spread));
            return WorkstreamDuration::Own(Basis::Inferred, inferred);
        }
        if open().next().is_some() && open().all(|task| task.estimate.is_some() || task.due.is_some()) {
            return WorkstreamDuration::OfTasks;
        }
        match stream.due {
            Some(due) => WorkstreamDuration::FixedDate(due.last_day()),
            None => WorkstreamDuration::Unknown,
        }
    }

    fn estimated(&mut self, estimate: Estimate) -> WholeDuration {
        let points = ThreePoint::of(estimate, self.week);
        WholeDuration::Estimated(EstimateDistribution::new(points, &mut self.cache))
    }

    fn workstream_progress(&self, item: Item, stream: &Workstream) -> ActivityProgress {
        let open = open_share(self.input.project, self.input.completion, item);
        match self.elapsed(stream.started) {
            Some(elapsed) if stream.tasks.is_empty() && stream.complete.is_none() => {
                ActivityProgress::Unknown { elapsed }
            }
            elapsed => ActivityProgress::Known { open, elapsed },
        }
    }

    /// Adds the remaining duration of `item`, and returns its index.
    fn add_duration(&mut self, item: Item, basis: Basis, whole: WholeDuration, progress: ActivityProgress) -> usize {
        let project = self.input.project;
        let added = project.added_days.get(&item).copied().unwrap_or(0.0);
        let duration = ActivityDuration::new(project.path(item), whole, progress, added, &self.network.shared);
        self.network.bases.insert(item, if duration.is_overrun() { Basis::Overrun } else { basis });
        self.network.remaining.insert(item, duration.mean());
        self.network.durations.push(duration);
        self.network.durations.len() - 1
    }

    /// Working days from the start of `started` to the end of the start day; `None` if it is later.
    fn elapsed(&self, started: Option<Date>) -> Option<f64> {
        let started = started.filter(|day| *day <= self.input.timeline.start_day())?;
        Some(-self.input.timeline.end_of(started.yesterday().unwrap_or(started)))
    }

    /// The earliest start in working days: 0, or the start of a date that is still ahead.
    fn earliest_start(&self, started: Option<Date>, not_before: Option<Date>) -> f64 {
        let day_before = started.max(not_before).and_then(|day| day.yesterday().ok());
        day_before.map_or(0.0, |day| self.input.timeline.end_of(day).max(0.0))
    }

    /// The end of the first working day on which a milestone that is not before `day` can be reached.
    fn earliest_finish(&self, day: Date) -> f64 {
        let is_working = self.input.project.calendar.is_working(day);
        (self.input.timeline.end_of(day) + if is_working { 0.0 } else { 1.0 }).max(0.0)
    }

    /// Lets `node` of `item` finish no earlier than `due`.
    fn fix_date(&mut self, item: Item, node: usize, due: Date) {
        let timeline = self.input.timeline;
        let is_overdue = due < timeline.start_day();
        self.network.nodes[node].not_before = timeline.end_of(due).max(0.0);
        self.network.nodes[node].fixed_date = Some(if is_overdue { FixedDate::Overdue } else { FixedDate::Ahead });
        self.network.bases.insert(item, Basis::FixedDate);
    }

    /// Adds each area that something refers to, as a start before its workstreams and a finish after them.
    fn add_areas(&mut self) {
        let project = self.input.project;
        let referred = project.dependencies.iter().flat_map(|it| [it.from, it.to]);
        let affected = project.risks.iter().flat_map(|risk| risk.affects.iter().copied());
        let items: BTreeSet<Item> = referred.chain(affected).chain(project.added_days.keys().copied()).collect();
        for item in items {
            let Item::Area(area) = item else { continue };
            let streams = (0..project.areas[area].workstreams.len()).map(|index| Item::Workstream(area, index));
            let streams: Vec<ItemNodes> =
                streams.filter_map(|stream| self.network.items.get(&stream).copied()).collect();
            if streams.is_empty() {
                continue;
            }
            let start = self.add_node(Some(item), Vec::new());
            for stream in &streams {
                self.network.nodes[stream.start].before.push(start.into());
            }
            let finish = self.add_node(Some(item), streams.iter().map(|stream| stream.finish).collect());
            self.network.items.insert(item, ItemNodes { start, finish });
        }
    }

    fn add_milestones(&mut self) {
        for (index, milestone) in self.input.project.milestones.iter().enumerate() {
            let item = Item::Milestone(index);
            if !self.is_open(item) {
                continue;
            }
            let node = self.add_node(Some(item), Vec::new());
            match fixed_date(self.input.project, index, milestone) {
                Some(due) => self.fix_date(item, node, due),
                None if self.input.project.needs(item).is_empty() => {
                    self.network.bases.insert(item, Basis::NoEstimate);
                }
                None => {}
            }
            if let Some(day) = milestone.not_before {
                let earliest = self.earliest_finish(day);
                let node = &mut self.network.nodes[node];
                node.not_before = node.not_before.max(earliest);
            }
            self.network.items.insert(item, ItemNodes { start: node, finish: node });
        }
    }

    fn add_dependencies(&mut self) {
        for dependency in &self.input.project.dependencies {
            let Some(to) = self.network.items.get(&dependency.to).map(|nodes| nodes.start) else { continue };
            let Some(from) = self.network.items.get(&dependency.from).map(|nodes| nodes.finish) else {
                let earliest = self.end_of_lag(dependency);
                let node = &mut self.network.nodes[to];
                node.not_before = node.not_before.max(earliest);
                continue;
            };
            let inner = self.tasks.get(&dependency.from).filter(|_| is_inner(dependency.from, dependency.to));
            let node = inner.map_or(from, |task| task.node);
            self.network.nodes[to].before.push(Predecessor { node, lag: dependency.lag });
        }
    }

    /// The end of the lag after a finished item, in working days. If the file does not say when it finished, that
    /// is the status date.
    fn end_of_lag(&self, dependency: &Dependency) -> f64 {
        if dependency.lag <= 0.0 {
            return 0.0;
        }
        let NetworkInput { project, timeline, .. } = self.input;
        let finished = finished_on(project, dependency.from).or(project.as_of);
        (finished.map_or(0.0, |day| timeline.end_of(day).min(0.0)) + dependency.lag).max(0.0)
    }

    fn add_risk_events(&mut self) {
        for risk in &self.input.project.risks {
            let (Some(probability), Some(delay)) = (risk.probability, risk.delay) else { continue };
            let items = risk.affects.iter().filter(|item| !is_covered(risk, **item));
            let nodes: Vec<usize> = items.flat_map(|item| self.delayed_nodes(*item)).collect();
            if nodes.is_empty() {
                continue;
            }
            let delay = EstimateDistribution::new(ThreePoint::of(delay, self.week), &mut self.cache);
            let key = format!("risk {}", risk.id);
            self.network.risk_events.push(RiskEvent { key, probability: probability.get(), delay });
            let event = self.network.risk_events.len() - 1;
            for node in nodes {
                self.network.nodes[node].risk_events.push(event);
            }
        }
    }

    /// The nodes in which a delay of `item` passes: its start; for a task also the work of its workstream.
    fn delayed_nodes(&self, item: Item) -> Vec<usize> {
        let Some(nodes) = self.network.items.get(&item) else { return Vec::new() };
        let work = self.work_of_task(item).map(|work| work.node);
        [nodes.start].into_iter().chain(work).collect()
    }

    /// The remaining work that the task `item` is a part of; `None` for other items.
    fn work_of_task(&self, item: Item) -> Option<WorkNode> {
        let Item::Task(index) = item else { return None };
        self.work.get(&Item::Workstream(index.area, index.workstream)).copied()
    }

    /// Adds the time that a what-if adds to items without a duration of their own.
    fn add_time(&mut self) {
        for (item, &days) in &self.input.project.added_days {
            match (*item, self.network.items.get(item).copied()) {
                (Item::Task(_), Some(_)) => self.add_time_to_task(*item, days),
                (Item::Workstream(..), Some(nodes)) if !self.work.contains_key(item) => {
                    self.stretch_tasks(*item, nodes, days);
                }
                (Item::Area(_) | Item::Milestone(_), Some(_)) => {
                    self.delayed_nodes(*item).into_iter().for_each(|node| self.network.nodes[node].delay += days);
                }
                _ => {}
            }
        }
    }

    /// Adds the end of the project, after everything else.
    fn add_end(&mut self) {
        let finishes: Vec<usize> = self.network.items.values().map(|nodes| nodes.finish).collect();
        self.add_node(None, finishes);
    }
}

/// The source of a workstream's duration.
enum WorkstreamDuration {
    /// A duration of all of it.
    Own(Basis, WholeDuration),
    /// Its tasks have durations or dates.
    OfTasks,
    FixedDate(Date),
    Unknown,
}

/// The due date before which a milestone isn't reached: it needs nothing, or only milestones. Work that is
/// ready early doesn't make a release date earlier.
fn fixed_date(project: &Project, index: usize, milestone: &Milestone) -> Option<Date> {
    let mut needs = project.needs(Item::Milestone(index)).iter();
    let is_fixed = !milestone.early && needs.all(|need| matches!(need.from, Item::Milestone(_)));
    milestone.due.filter(|_| is_fixed).map(crate::date::DayOrMonth::last_day)
}

/// The day on which a complete item was finished; `None` if the file does not have it.
fn finished_on(project: &Project, item: Item) -> Option<Date> {
    match item {
        Item::Milestone(index) => project.milestones[index].done,
        Item::Task(index) => project.task(index)?.finished,
        Item::Workstream(area, index) => {
            let done = tasks_of(project, project.workstream(area, index)).filter(|it| it.status == Status::Done);
            last_day(done.map(|task| task.finished))
        }
        Item::Area(area) => {
            let streams = 0..project.areas[area].workstreams.len();
            last_day(streams.map(|index| finished_on(project, Item::Workstream(area, index))))
        }
    }
}

/// The last of these days; `None` if one is unknown, or without days.
fn last_day(days: impl Iterator<Item = Option<Date>>) -> Option<Date> {
    days.collect::<Option<Vec<Date>>>()?.into_iter().max()
}

/// Whether both items are tasks of one workstream.
fn is_inner(one: Item, other: Item) -> bool {
    let stream = |item: Item| if let Item::Task(index) = item { Some((index.area, index.workstream)) } else { None };
    stream(one).is_some() && stream(one) == stream(other)
}

/// Whether `risk` also affects an item that contains `item`: it delays everything only once.
fn is_covered(risk: &Risk, item: Item) -> bool {
    match item {
        Item::Area(_) | Item::Milestone(_) => false,
        Item::Workstream(area, _) => risk.affects.contains(&Item::Area(area)),
        Item::Task(index) => {
            let stream = Item::Workstream(index.area, index.workstream);
            risk.affects.contains(&stream) || is_covered(risk, stream)
        }
    }
}
