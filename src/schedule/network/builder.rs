//! Building the network from a project: nodes for open items, then edges for dependencies.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::model::completion::{Completion, credit, own_task};
use crate::model::{Item, Project, Task, TaskEntry, TaskIndex, Workstream};
use crate::quantity::{Estimate, Ratio};
use crate::schedule::network::duration::{ActivityDuration, days_per_point, is_open, open_share};
use crate::schedule::network::scenario::{Scenario, ScenarioChange};
use crate::schedule::network::{Basis, ItemNodes, Network, NetworkNode, RiskEvent};
use crate::schedule::pert::{BetaPertCache, RemainingDuration, ThreePoint};
use crate::schedule::timeline::Timeline;

pub(crate) struct NetworkBuilder<'a> {
    project: &'a Project,
    completion: &'a Completion,
    timeline: Timeline<'a>,
    scenario: &'a Scenario,
    days_per_week: f64,
    days_per_point: Option<ThreePoint>,
    cache: BetaPertCache,
    /// The duration of each workstream that has its own.
    duration_of: BTreeMap<Item, usize>,
    network: Network,
}

impl<'a> NetworkBuilder<'a> {
    pub(crate) fn new(
        project: &'a Project,
        completion: &'a Completion,
        timeline: Timeline<'a>,
        scenario: &'a Scenario,
    ) -> Self {
        let days_per_week = f64::from(project.calendar.days_per_week());
        Self {
            project,
            completion,
            timeline,
            scenario,
            days_per_week,
            days_per_point: days_per_point(project, days_per_week),
            cache: BetaPertCache::default(),
            duration_of: BTreeMap::new(),
            network: Network {
                nodes: Vec::new(),
                durations: Vec::new(),
                risk_events: Vec::new(),
                items: BTreeMap::new(),
                bases: BTreeMap::new(),
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
        self.add_end();
        // The shares of an item are only known once every node exists.
        for (item, change) in self.scenario {
            let ScenarioChange::Sooner(time) = change else { continue };
            self.shorten(*item, time.days(self.days_per_week));
        }
        self.network
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

    fn add_node(&mut self, item: Option<Item>, before: Vec<usize>) -> usize {
        let node = NetworkNode { item, before, not_before: 0.0, delay: 0.0, risk_events: Vec::new(), duration: None };
        self.network.nodes.push(node);
        self.network.nodes.len() - 1
    }

    /// Adds the node at which `item` starts, later if the scenario says so.
    fn add_start(&mut self, item: Item) -> usize {
        let node = self.add_node(Some(item), Vec::new());
        if let Some(ScenarioChange::Later(time)) = self.scenario.get(&item) {
            self.network.nodes[node].delay = time.days(self.days_per_week);
        }
        node
    }

    fn add_workstreams(&mut self) {
        for (area, index, stream) in self.project.workstreams() {
            let item = Item::Workstream(area, index);
            if !self.is_open(item) {
                continue;
            }
            let start = self.add_start(item);
            let mut finish = start;
            if let Some((basis, estimate)) = self.workstream_estimate(item, stream) {
                let open = 1.0 - self.completion.workstream(area, index).get();
                let duration = self.add_duration(item, basis, estimate, stream.started, open);
                finish = self.add_node(Some(item), vec![start]);
                self.network.nodes[finish].duration = Some((duration, 1.0));
                self.duration_of.insert(item, duration);
            }
            // The tasks of a workstream may take longer than its estimate.
            let finish = self.add_node(Some(item), vec![finish]);
            self.network.items.insert(item, ItemNodes { start, finish });
        }
    }

    /// The estimate in the scenario, if it has one, or in the file.
    fn estimate(&self, item: Item, in_file: Option<Estimate>) -> Option<ThreePoint> {
        let estimate = match self.scenario.get(&item) {
            Some(ScenarioChange::Estimate(estimate)) => Some(*estimate),
            _ => in_file,
        };
        estimate.map(|estimate| ThreePoint::of(estimate, self.days_per_week))
    }

    /// The duration of the whole workstream; `None` if only its tasks have one, or nothing does.
    fn workstream_estimate(&mut self, item: Item, stream: &Workstream) -> Option<(Basis, ThreePoint)> {
        if let Some(estimate) = self.estimate(item, stream.estimate) {
            return Some((Basis::Estimated(estimate), estimate));
        }
        let mut open = stream.tasks.iter().filter_map(own_task).filter(|task| is_open(task)).peekable();
        if open.peek().is_some() && open.all(|task| task.estimate.is_some()) {
            return None;
        }
        let inferred = self.days_per_point.zip(stream.points).map(|(days, points)| days.times(points.get()));
        if inferred.is_none() {
            self.network.bases.insert(item, Basis::NoEstimate);
        }
        inferred.map(|estimate| (Basis::Inferred(estimate), estimate))
    }

    fn add_duration(
        &mut self,
        item: Item,
        basis: Basis,
        estimate: ThreePoint,
        started: Option<Date>,
        open: f64,
    ) -> usize {
        let elapsed = started.map(|day| self.elapsed(day));
        let duration = ActivityDuration::new(self.project.path(item), estimate, elapsed, open, &mut self.cache);
        let basis = if duration.is_overrun() { Basis::Overrun(estimate) } else { basis };
        self.network.bases.insert(item, basis);
        self.network.durations.push(duration);
        self.network.durations.len() - 1
    }

    /// Working days from the start of `started` to the end of `as_of`: the file says nothing about
    /// later days.
    fn elapsed(&self, started: Date) -> f64 {
        let as_of = self.project.as_of.unwrap_or_else(|| self.timeline.start_day());
        let before = started.yesterday().unwrap_or(started);
        (self.timeline.end_of(as_of) - self.timeline.end_of(before)).max(0.0)
    }

    /// Adds the tasks that have an estimate, and those that something refers to.
    fn add_tasks(&mut self) {
        let mut tasks: BTreeSet<TaskIndex> = BTreeSet::new();
        let of_task = |item: Item| if let Item::Task(index) = item { Some(index) } else { None };
        tasks.extend(self.project.dependencies.iter().flat_map(|it| [it.from, it.to]).filter_map(of_task));
        tasks.extend(self.project.risks.iter().flat_map(|risk| &risk.affects).copied().filter_map(of_task));
        tasks.extend(self.scenario.keys().copied().filter_map(of_task));
        let entries = || self.project.workstreams().flat_map(|(_, _, stream)| &stream.tasks);
        tasks.extend(entries().filter_map(|entry| if let TaskEntry::Shared(task) = entry { *task } else { None }));
        tasks.extend(self.project.tasks().filter(|(_, task)| task.estimate.is_some()).map(|(index, _)| index));
        for index in tasks {
            if let Some(task) = self.project.task(index).filter(|_| self.is_open(Item::Task(index))) {
                self.add_task(index, task);
            }
        }
        self.connect_shared_tasks();
    }

    fn add_task(&mut self, index: TaskIndex, task: &Task) {
        let (item, stream) = (Item::Task(index), Item::Workstream(index.area, index.workstream));
        let Some(ItemNodes { start: stream_start, finish: stream_finish }) = self.network.items.get(&stream).copied()
        else {
            return;
        };
        let start = self.add_start(item);
        self.network.nodes[start].before.push(stream_start);
        let finish = self.add_node(Some(item), vec![start]);
        if let Some(estimate) = self.estimate(item, task.estimate) {
            let open = 1.0 - credit(task, &self.project.policy).map_or(0.0, Ratio::get);
            let duration = self.add_duration(item, Basis::Estimated(estimate), estimate, task.started, open);
            self.network.nodes[finish].duration = Some((duration, 1.0));
        } else if let Some(duration) = self.duration_of.get(&stream).copied() {
            // The task takes a share of the workstream's duration. The order of the shares is unknown:
            // it may be the last one.
            let rest = self.network.nodes[stream_finish].before[0];
            let own = self.add_node(Some(item), vec![start]);
            self.network.nodes[own].duration = Some((duration, open_share(self.project, index)));
            self.network.nodes[finish].before = vec![own, rest];
        }
        self.network.nodes[stream_finish].before.push(finish);
        self.network.items.insert(item, ItemNodes { start, finish });
    }

    /// A workstream finishes no earlier than its shared tasks.
    fn connect_shared_tasks(&mut self) {
        for (area, index, stream) in self.project.workstreams() {
            let Some(nodes) = self.network.items.get(&Item::Workstream(area, index)).copied() else { continue };
            for entry in &stream.tasks {
                let TaskEntry::Shared(Some(task)) = entry else { continue };
                if let Some(task) = self.network.items.get(&Item::Task(*task)) {
                    let finish = task.finish;
                    self.network.nodes[nodes.finish].before.push(finish);
                }
            }
        }
    }

    /// Adds each area that a dependency, a risk or a scenario refers to, as a start before its
    /// workstreams and a finish after them.
    fn add_areas(&mut self) {
        let referred = self.project.dependencies.iter().flat_map(|it| [it.from, it.to]);
        let affected = self.project.risks.iter().flat_map(|risk| risk.affects.iter().copied());
        let items: BTreeSet<Item> = referred.chain(affected).chain(self.scenario.keys().copied()).collect();
        for item in items {
            let Item::Area(area) = item else { continue };
            let streams = (0..self.project.areas[area].workstreams.len()).map(|index| Item::Workstream(area, index));
            let streams: Vec<ItemNodes> =
                streams.filter_map(|stream| self.network.items.get(&stream).copied()).collect();
            if streams.is_empty() {
                continue;
            }
            let start = self.add_start(item);
            for stream in &streams {
                self.network.nodes[stream.start].before.push(start);
            }
            let finish = self.add_node(Some(item), streams.iter().map(|stream| stream.finish).collect());
            self.network.items.insert(item, ItemNodes { start, finish });
        }
    }

    fn add_milestones(&mut self) {
        for (index, milestone) in self.project.milestones.iter().enumerate() {
            let item = Item::Milestone(index);
            if !self.is_open(item) {
                continue;
            }
            let node = self.add_start(item);
            if self.project.needs(item).is_empty() {
                let due = milestone.due.map(|due| self.timeline.end_of(due.last_day()).max(0.0));
                self.network.nodes[node].not_before = due.unwrap_or(0.0);
                self.network.bases.insert(item, if due.is_some() { Basis::FixedDate } else { Basis::NoEstimate });
            }
            self.network.items.insert(item, ItemNodes { start: node, finish: node });
        }
    }

    fn add_dependencies(&mut self) {
        for dependency in &self.project.dependencies {
            let from = self.network.items.get(&dependency.from).map(|nodes| nodes.finish);
            let to = self.network.items.get(&dependency.to).map(|nodes| nodes.start);
            if let (Some(from), Some(to)) = (from, to) {
                self.network.nodes[to].before.push(from);
            }
        }
    }

    fn add_risk_events(&mut self) {
        for risk in &self.project.risks {
            let (Some(probability), Some(delay)) = (risk.probability, risk.delay) else { continue };
            let delay = ThreePoint::of(delay, self.days_per_week);
            let delay = RemainingDuration::new(delay, 0.0, &mut self.cache);
            let key = format!("risk {}", risk.id);
            self.network.risk_events.push(RiskEvent { key, probability: probability.get(), delay });
            for item in &risk.affects {
                if let Some(nodes) = self.network.items.get(item) {
                    self.network.nodes[nodes.start].risk_events.push(self.network.risk_events.len() - 1);
                }
            }
        }
    }

    /// Adds the end of the project, after everything else.
    fn add_end(&mut self) {
        let finishes: Vec<usize> = self.network.items.values().map(|nodes| nodes.finish).collect();
        self.add_node(None, finishes);
    }

    /// Shortens `item` by `days`.
    ///
    /// A workstream with a duration of its own is shortened in that duration and in the shares that
    /// its tasks have of it. The durations of its estimated tasks are shortened in proportion to their
    /// means.
    fn shorten(&mut self, item: Item, days: f64) {
        let own = self.duration_of.get(&item).copied();
        let is_in = |node: &NetworkNode| match (node.item, item) {
            (Some(Item::Task(task)), Item::Workstream(area, index)) => (task.area, task.workstream) == (area, index),
            (inner, item) => inner == Some(item),
        };
        let durations = &self.network.durations;
        let is_own = |duration: usize| own == Some(duration) || !matches!(item, Item::Workstream(..));
        let mean = |node: &NetworkNode| {
            let (duration, part) = node.duration.filter(|(duration, _)| is_in(node) && !is_own(*duration))?;
            Some(durations[duration].mean() * part)
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
