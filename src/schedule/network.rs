//! Open work as a network: what begins when what else is finished.
//!
//! A workstream begins, its estimate is worked off, and it is finished when all of it is; its tasks
//! with estimates of their own run beside each other unless they need each other. Retained logic:
//! also what has been started waits for what it needs. What is complete isn't part of the network.

pub mod order;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::model::completion::{Completion, credit};
use crate::model::{Item, Project, Status, Task, TaskEntry, TaskIndex, Workstream};
use crate::quantity::{Estimate, WorkTime};
use crate::schedule::pert::{BetaPertCache, RemainingDuration, ThreePoint};
use crate::schedule::timeline::Timeline;

/// The network of a project's open work.
#[derive(Debug, Clone)]
pub struct Network {
    /// Every node after those it waits for; the last one is the end of the project.
    pub nodes: Vec<NetworkNode>,
    /// Durations; several nodes may have parts of one.
    pub durations: Vec<ActivityDuration>,
    /// What may delay nodes.
    pub risk_events: Vec<RiskEvent>,
    /// The open items, with their first and their last node.
    pub items: BTreeMap<Item, ItemNodes>,
    /// Where the durations of the items come from that have one of their own.
    pub bases: BTreeMap<Item, Basis>,
}

/// A moment in the network, and the work that leads to it.
#[derive(Debug, Clone)]
pub struct NetworkNode {
    /// The item that it belongs to; `None` for the end of the project.
    pub item: Option<Item>,
    /// The nodes that come first.
    pub before: Vec<usize>,
    /// It isn't reached earlier than this, in working days.
    pub not_before: f64,
    /// A certain delay, in working days.
    pub delay: f64,
    /// The indices of the risk events that may delay it.
    pub risk_events: Vec<usize>,
    /// The index of the work that leads to it, and how much of that.
    pub duration: Option<(usize, f64)>,
}

/// Where an item lies in the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ItemNodes {
    /// The node at which it may begin.
    pub start: usize,
    /// The node at which it is finished.
    pub finish: usize,
}

/// A duration, drawn anew in each run of the simulation.
#[derive(Debug, Clone)]
pub struct ActivityDuration {
    /// What its random numbers are drawn for.
    pub key: String,
    remaining: RemainingDuration,
    elapsed: Option<f64>,
    /// How much of it is still open.
    open: f64,
}

impl ActivityDuration {
    /// The working days that it still takes, with probability `chance`.
    ///
    /// What is earned needn't be done again, and the time that has passed since it began has been
    /// spent; of the two, what leaves less.
    #[must_use]
    pub fn quantile(&self, chance: f64) -> f64 {
        let remaining = self.remaining.quantile(chance);
        match self.elapsed {
            None => self.open * remaining,
            Some(_) if self.remaining.is_overrun() => remaining,
            Some(elapsed) => remaining.min(self.open * (remaining + elapsed)),
        }
    }

    /// Turns probabilities into the times that it takes with them, many at once.
    pub fn quantiles(&self, chances: &mut [f64]) {
        if self.elapsed.is_none() {
            self.remaining.quantiles(self.open, chances);
        } else {
            for chance in chances {
                *chance = self.quantile(*chance);
            }
        }
    }

    /// The mean of it.
    #[must_use]
    pub fn mean(&self) -> f64 {
        const STEPS: u32 = 1000;
        match self.elapsed {
            None => self.open * self.remaining.mean(),
            Some(_) if self.open >= 1.0 || self.remaining.is_overrun() => self.remaining.mean(),
            Some(_) => {
                let middle = |step: u32| self.quantile((f64::from(step) + 0.5) / f64::from(STEPS));
                (0..STEPS).map(middle).sum::<f64>() / f64::from(STEPS)
            }
        }
    }
}

/// A risk with a probability and a delay.
#[derive(Debug, Clone)]
pub struct RiskEvent {
    /// What its random numbers are drawn for.
    pub key: String,
    /// How likely it is.
    pub probability: f64,
    /// How long it delays each item that it affects.
    pub delay: RemainingDuration,
}

/// Where a duration comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Basis {
    /// An estimate in the file.
    Estimated(ThreePoint),
    /// The points that are left, at the days per point of the file's estimated workstreams.
    Inferred(ThreePoint),
    /// An estimate that is used up, though the item isn't finished.
    Overrun(ThreePoint),
    /// A milestone that nothing leads to: taken to be reached when it is due.
    FixedDate,
    /// Nothing says how long it takes: left out, as if it took no time.
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

/// What is taken to be otherwise than the file says, by item.
pub type Scenario = BTreeMap<Item, ScenarioChange>;

/// What is taken to be otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ScenarioChange {
    /// It begins later by this.
    Later(WorkTime),
    /// It is finished earlier by this, though not before it begins.
    Sooner(WorkTime),
    /// It is finished.
    Done,
    /// It takes this long.
    Estimate(Estimate),
}

impl Network {
    /// The network of what is open in `project`; `None` where items wait for each other, which is an
    /// error that the file is refused for.
    #[must_use]
    pub fn of(project: &Project, completion: &Completion, timeline: Timeline<'_>, scenario: &Scenario) -> Option<Self> {
        let mut builder = NetworkBuilder::new(project, completion, timeline, scenario);
        builder.workstreams();
        builder.tasks();
        builder.areas();
        builder.milestones();
        builder.dependencies();
        builder.risk_events();
        builder.end();
        let mut network = builder.network;
        let gone = order::contract(&mut network);
        order::sorted(network, &gone)
    }

    /// Whether every run through it takes the same time.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        self.risk_events.is_empty() && self.durations.iter().all(|duration| duration.remaining.is_certain())
    }

    /// For each node, whether anything comes before it that is known to take time.
    #[must_use]
    pub fn takes_time(&self) -> Vec<bool> {
        let mut takes_time: Vec<bool> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            // A delay that is only thought of tells nothing of how long the rest takes.
            let own = node.duration.is_some() || node.not_before > 0.0;
            takes_time.push(own || node.before.iter().any(|&before| takes_time[before]));
        }
        takes_time
    }

    /// The items before `node` that nothing says the duration of.
    #[must_use]
    pub fn without_estimate(&self, node: usize) -> Vec<Item> {
        if !self.bases.values().any(|basis| *basis == Basis::NoEstimate) {
            return Vec::new();
        }
        let mut seen = vec![false; node + 1];
        let mut without_estimate = BTreeSet::new();
        let mut open = vec![node];
        while let Some(index) = open.pop() {
            if std::mem::replace(&mut seen[index], true) {
                continue;
            }
            let node = &self.nodes[index];
            without_estimate.extend(node.item.filter(|item| self.bases.get(item) == Some(&Basis::NoEstimate)));
            open.extend(&node.before);
        }
        without_estimate.into_iter().collect()
    }

    /// The node at which the project is finished.
    #[must_use]
    pub fn end(&self) -> usize {
        self.nodes.len() - 1
    }
}

struct NetworkBuilder<'a> {
    project: &'a Project,
    completion: &'a Completion,
    timeline: Timeline<'a>,
    scenario: &'a Scenario,
    days_per_week: f64,
    days_per_point: Option<ThreePoint>,
    shapes: BetaPertCache,
    /// The work of each workstream that has some of its own.
    durations_of: BTreeMap<Item, usize>,
    network: Network,
}

impl<'a> NetworkBuilder<'a> {
    fn new(project: &'a Project, completion: &'a Completion, timeline: Timeline<'a>, scenario: &'a Scenario) -> Self {
        let days_per_week = f64::from(project.calendar.days_per_week());
        Self {
            project,
            completion,
            timeline,
            scenario,
            days_per_week,
            days_per_point: days_per_point(project, days_per_week),
            shapes: BetaPertCache::default(),
            durations_of: BTreeMap::new(),
            network: Network {
                nodes: Vec::new(),
                durations: Vec::new(),
                risk_events: Vec::new(),
                items: BTreeMap::new(),
                bases: BTreeMap::new(),
            },
        }
    }

    fn is_open(&self, item: Item) -> bool {
        if matches!(self.scenario.get(&item), Some(ScenarioChange::Done)) {
            return false;
        }
        match item {
            Item::Milestone(index) => self.project.milestones[index].done.is_none(),
            Item::Task(index) => {
                self.is_open(Item::Workstream(index.area, index.workstream))
                    && !self.completion.is_complete(self.project, item)
            }
            Item::Workstream(area, _) => {
                self.is_open(Item::Area(area)) && !self.completion.is_complete(self.project, item)
            }
            Item::Area(_) => true,
        }
    }

    fn node(&mut self, item: Option<Item>, before: Vec<usize>) -> usize {
        let node = NetworkNode { item, before, not_before: 0.0, delay: 0.0, risk_events: Vec::new(), duration: None };
        self.network.nodes.push(node);
        self.network.nodes.len() - 1
    }

    /// A node at which `item` begins, later if that is asked for.
    fn start(&mut self, item: Item) -> usize {
        let node = self.node(Some(item), Vec::new());
        if let Some(ScenarioChange::Later(time)) = self.scenario.get(&item) {
            self.network.nodes[node].delay = time.days(self.days_per_week);
        }
        node
    }

    fn workstreams(&mut self) {
        for (area, index, stream) in self.project.workstreams() {
            let item = Item::Workstream(area, index);
            if !self.is_open(item) {
                continue;
            }
            let start = self.start(item);
            let mut finish = start;
            if let Some((basis, estimate)) = self.estimate(item, stream) {
                let open = 1.0 - self.completion.workstream(area, index).get();
                let duration = self.duration(item, basis, estimate, stream.started, open);
                finish = self.node(Some(item), vec![start]);
                self.network.nodes[finish].duration = Some((duration, 1.0));
                self.durations_of.insert(item, duration);
            }
            // Its tasks may take longer than itself.
            let finish = self.node(Some(item), vec![finish]);
            self.network.items.insert(item, ItemNodes { start, finish });
        }
    }

    /// How long all of the workstream takes; `None` where its tasks alone say so, or nothing does.
    fn estimate(&mut self, item: Item, stream: &Workstream) -> Option<(Basis, ThreePoint)> {
        let changed = match self.scenario.get(&item) {
            Some(ScenarioChange::Estimate(estimate)) => Some(*estimate),
            _ => None,
        };
        if let Some(estimate) = changed.or(stream.estimate) {
            let estimate = ThreePoint::of(estimate, self.days_per_week);
            return Some((Basis::Estimated(estimate), estimate));
        }
        let mut open = stream.tasks.iter().filter_map(|entry| own(entry).filter(|task| is_open(task))).peekable();
        if open.peek().is_some() && open.all(|task| task.estimate.is_some()) {
            return None;
        }
        let inferred = self.days_per_point.zip(stream.points).map(|(days, points)| days.times(points.get()));
        if inferred.is_none() {
            self.network.bases.insert(item, Basis::NoEstimate);
        }
        inferred.map(|estimate| (Basis::Inferred(estimate), estimate))
    }

    fn duration(&mut self, item: Item, basis: Basis, estimate: ThreePoint, started: Option<Date>, open: f64) -> usize {
        let elapsed = started.map(|day| self.elapsed(day));
        let remaining = RemainingDuration::new(estimate, elapsed.unwrap_or(0.0), &mut self.shapes);
        let basis = if remaining.is_overrun() { Basis::Overrun(estimate) } else { basis };
        self.network.bases.insert(item, basis);
        self.network.durations.push(ActivityDuration { key: self.project.path(item), remaining, elapsed, open });
        self.network.durations.len() - 1
    }

    /// The working days from the morning of `started` to the evening of `as_of`: what the file says
    /// is true as of then, so nothing is known to have been done since.
    fn elapsed(&self, started: Date) -> f64 {
        let as_of = self.project.as_of.unwrap_or_else(|| self.timeline.status_date());
        let before = started.yesterday().unwrap_or(started);
        (self.timeline.end_of(as_of) - self.timeline.end_of(before)).max(0.0)
    }

    /// The tasks that have an estimate, or that anything refers to.
    fn tasks(&mut self) {
        let mut touched: BTreeSet<TaskIndex> = BTreeSet::new();
        let of_task = |item: Item| if let Item::Task(index) = item { Some(index) } else { None };
        touched.extend(self.project.dependencies.iter().flat_map(|it| [it.from, it.to]).filter_map(of_task));
        touched.extend(self.project.risks.iter().flat_map(|risk| &risk.affects).copied().filter_map(of_task));
        touched.extend(self.scenario.keys().copied().filter_map(of_task));
        let entries = || self.project.workstreams().flat_map(|(_, _, stream)| &stream.tasks);
        touched.extend(entries().filter_map(|entry| if let TaskEntry::Shared(task) = entry { *task } else { None }));
        touched.extend(self.project.tasks().filter(|(_, task)| task.estimate.is_some()).map(|(index, _)| index));
        for index in touched {
            if let Some(task) = self.project.task(index).filter(|_| self.is_open(Item::Task(index))) {
                self.task(index, task);
            }
        }
        self.shared_tasks();
    }

    fn task(&mut self, index: TaskIndex, task: &Task) {
        let (item, stream) = (Item::Task(index), Item::Workstream(index.area, index.workstream));
        let Some(ItemNodes { start: begin, finish: end }) = self.network.items.get(&stream).copied() else { return };
        let start = self.start(item);
        self.network.nodes[start].before.push(begin);
        let finish = self.node(Some(item), vec![start]);
        let estimate = match self.scenario.get(&item) {
            Some(ScenarioChange::Estimate(estimate)) => Some(*estimate),
            _ => task.estimate,
        };
        if let Some(estimate) = estimate {
            let estimate = ThreePoint::of(estimate, self.days_per_week);
            let open = 1.0 - credit(task, &self.project.policy).map_or(0.0, crate::quantity::Ratio::get);
            let duration = self.duration(item, Basis::Estimated(estimate), estimate, task.started, open);
            self.network.nodes[finish].duration = Some((duration, 1.0));
        } else if let Some(duration) = self.durations_of.get(&stream).copied() {
            // It takes its part of the workstream, and nothing says which part comes when: it may
            // be the last one.
            let rest = self.network.nodes[end].before[0];
            let own = self.node(Some(item), vec![start]);
            self.network.nodes[own].duration = Some((duration, share(self.project, index)));
            self.network.nodes[finish].before = vec![own, rest];
        }
        self.network.nodes[end].before.push(finish);
        self.network.items.insert(item, ItemNodes { start, finish });
    }

    /// A workstream isn't finished before the tasks that it shares with others.
    fn shared_tasks(&mut self) {
        for (area, index, stream) in self.project.workstreams() {
            let Some(place) = self.network.items.get(&Item::Workstream(area, index)).copied() else { continue };
            for entry in &stream.tasks {
                let TaskEntry::Shared(Some(task)) = entry else { continue };
                if let Some(task) = self.network.items.get(&Item::Task(*task)) {
                    let finish = task.finish;
                    self.network.nodes[place.finish].before.push(finish);
                }
            }
        }
    }

    /// The areas that something refers to: they begin before their workstreams and end after them.
    fn areas(&mut self) {
        let referred = self.project.dependencies.iter().flat_map(|it| [it.from, it.to]);
        let affected = self.project.risks.iter().flat_map(|risk| risk.affects.iter().copied());
        let items: BTreeSet<Item> = referred.chain(affected).chain(self.scenario.keys().copied()).collect();
        for item in items {
            let Item::Area(area) = item else { continue };
            let streams = (0..self.project.areas[area].workstreams.len()).map(|index| Item::Workstream(area, index));
            let places: Vec<ItemNodes> =
                streams.filter_map(|stream| self.network.items.get(&stream).copied()).collect();
            if places.is_empty() {
                continue;
            }
            let start = self.start(item);
            for place in &places {
                self.network.nodes[place.start].before.push(start);
            }
            let finish = self.node(Some(item), places.iter().map(|place| place.finish).collect());
            self.network.items.insert(item, ItemNodes { start, finish });
        }
    }

    fn milestones(&mut self) {
        for (index, milestone) in self.project.milestones.iter().enumerate() {
            let item = Item::Milestone(index);
            if !self.is_open(item) {
                continue;
            }
            let node = self.start(item);
            if self.project.needs(item).is_empty() {
                let due = milestone.due.map(|due| self.timeline.end_of(due.last_day()).max(0.0));
                self.network.nodes[node].not_before = due.unwrap_or(0.0);
                self.network.bases.insert(item, if due.is_some() { Basis::FixedDate } else { Basis::NoEstimate });
            }
            self.network.items.insert(item, ItemNodes { start: node, finish: node });
        }
    }

    fn dependencies(&mut self) {
        for dependency in &self.project.dependencies {
            let from = self.network.items.get(&dependency.from).map(|place| place.finish);
            let to = self.network.items.get(&dependency.to).map(|place| place.start);
            if let (Some(from), Some(to)) = (from, to) {
                self.network.nodes[to].before.push(from);
            }
        }
    }

    fn risk_events(&mut self) {
        for risk in &self.project.risks {
            let (Some(probability), Some(delay)) = (risk.probability, risk.delay) else { continue };
            let delay = ThreePoint::of(delay, self.days_per_week);
            let delay = RemainingDuration::new(delay, 0.0, &mut self.shapes);
            let key = format!("risk {}", risk.id);
            self.network.risk_events.push(RiskEvent { key, probability: probability.get(), delay });
            for item in &risk.affects {
                if let Some(place) = self.network.items.get(item) {
                    self.network.nodes[place.start].risk_events.push(self.network.risk_events.len() - 1);
                }
            }
        }
    }

    /// Everything is finished; sooner scenario take effect, now that all is in its place.
    fn end(&mut self) {
        let finishes: Vec<usize> = self.network.items.values().map(|place| place.finish).collect();
        self.node(None, finishes);
        for (item, change) in self.scenario {
            let ScenarioChange::Sooner(time) = change else { continue };
            self.shorten(*item, time.days(self.days_per_week));
        }
    }

    /// Lets `item` take so many days less: a workstream in its own work, in the parts of it that its tasks
    /// take, and in tasks with estimates, each by its share of them.
    fn shorten(&mut self, item: Item, days: f64) {
        let own = self.durations_of.get(&item).copied();
        let is_in = |node: &NetworkNode| match (node.item, item) {
            (Some(Item::Task(task)), Item::Workstream(area, index)) => (task.area, task.workstream) == (area, index),
            (inner, item) => inner == Some(item),
        };
        let durations = &self.network.durations;
        let is_own = |duration: usize| own == Some(duration) || !matches!(item, Item::Workstream(..));
        let mean = |node: &NetworkNode| {
            node.duration
                .filter(|(duration, _)| is_in(node) && !is_own(*duration))
                .map(|(duration, part)| durations[duration].mean() * part)
        };
        let all: f64 = self.network.nodes.iter().filter_map(mean).sum();
        let cut = |node: &NetworkNode| match node.duration {
            Some((duration, part)) if is_in(node) && is_own(duration) => {
                if own.is_some() {
                    days * part
                } else {
                    days
                }
            }
            _ => mean(node).filter(|_| all > 0.0).map_or(0.0, |mean| days * mean / all),
        };
        let cuts: Vec<f64> = self.network.nodes.iter().map(cut).collect();
        for (node, cut) in self.network.nodes.iter_mut().zip(cuts) {
            node.delay -= cut;
        }
    }
}

/// Working days for a point: the least, the median and the most over the workstreams that have both.
fn days_per_point(project: &Project, days_per_week: f64) -> Option<ThreePoint> {
    let rate = |stream: &Workstream| {
        let points = stream.points?.get();
        (points > 0.0).then_some(stream.estimate?.likely.days(days_per_week) / points)
    };
    let mut rates: Vec<f64> = project.workstreams().filter_map(|(_, _, stream)| rate(stream)).collect();
    rates.sort_by(f64::total_cmp);
    let middle = rates.len() / 2;
    let (least, most) = (*rates.first()?, *rates.last()?);
    let median = if rates.len() % 2 == 1 { rates[middle] } else { f64::midpoint(rates[middle - 1], rates[middle]) };
    Some(ThreePoint { optimistic: least, likely: median, pessimistic: most })
}

fn own(entry: &TaskEntry) -> Option<&Task> {
    match entry {
        TaskEntry::Own(task) => Some(task),
        TaskEntry::Shared(_) => None,
    }
}

fn is_open(task: &Task) -> bool {
    matches!(task.status, Status::Todo | Status::Partial(_))
}

/// The part that a task is of what is open in its workstream.
fn share(project: &Project, index: TaskIndex) -> f64 {
    let open = |task: &Task| {
        let left = 1.0 - credit(task, &project.policy).map_or(1.0, crate::quantity::Ratio::get);
        task.weight.get() * left
    };
    let tasks = &project.workstream(index.area, index.workstream).tasks;
    let all: f64 = tasks.iter().filter_map(own).map(open).sum();
    project.task(index).map_or(0.0, |task| if all > 0.0 { open(task) / all } else { 0.0 })
}
