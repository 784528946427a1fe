//! Dependency cycles.
//!
//! Every item has a start and a finish. A dependency is an edge from a finish to a start. An area
//! starts before its workstreams and finishes after them, and a workstream starts before its tasks
//! and finishes after them. Work on a cycle of this graph can never start.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Finding, Kind};
use crate::model::topology::topological_order;
use crate::model::{Item, Project, TaskEntry};

/// An item's start (`false`) or finish (`true`).
type Event = (Item, bool);

/// One finding for each cycle, at the first dependency of the file that is part of it.
#[must_use]
pub(crate) fn find(project: &Project) -> Vec<Finding> {
    let graph = EventGraph::of(project);
    let mut is_left = vec![true; graph.events.len()];
    let mut findings = Vec::new();
    loop {
        for event in topological_order(&graph.predecessors, |event| is_left[event]) {
            is_left[event] = false;
        }
        let Some(cycle) = graph.cycle(&is_left) else {
            return findings;
        };
        let events: Vec<Event> = cycle.iter().map(|&event| graph.events[event]).collect();
        let items: BTreeSet<Item> = events.iter().map(|event| event.0).collect();
        findings.extend(describe(project, &events, &items));
        for event in cycle {
            is_left[event] = false;
        }
    }
}

fn describe(project: &Project, cycle: &[Event], items: &BTreeSet<Item>) -> Option<Finding> {
    let dependency = project.dependencies.iter().find(|it| items.contains(&it.from) && items.contains(&it.to))?;
    let mut order: Vec<Item> = cycle.iter().map(|event| event.0).collect();
    order.dedup();
    if let Some(first) = order.iter().position(|item| *item == dependency.from) {
        order.rotate_left(first);
    }
    order.dedup();
    if order.len() > 1 && order.first() == order.last() {
        order.pop();
    }
    let message = match order.as_slice() {
        [only] => format!("`{}` depends on itself", project.path(*only)),
        _ => format!("dependency cycle: {}", path_of(project, &order)),
    };
    let finding = Finding::new(Kind::DependencyCycle, dependency.at.clone(), message);
    Some(finding.help("remove one of these dependencies; an item also depends on the items it contains"))
}

/// The items of a cycle, ending with the first again. A long cycle is shortened.
fn path_of(project: &Project, order: &[Item]) -> String {
    const SHOWN: usize = 8;
    let name = |item: &Item| format!("`{}`", project.path(*item));
    let mut names: Vec<String> = order.iter().take(SHOWN).map(name).collect();
    if order.len() > SHOWN {
        names.push(format!("{} more", order.len() - SHOWN));
    }
    names.extend(order.first().map(name));
    names.join(" → ")
}

/// The events in rising order, and the predecessors of each by index.
#[derive(Default)]
struct EventGraph {
    events: Vec<Event>,
    predecessors: Vec<Vec<usize>>,
}

impl EventGraph {
    fn of(project: &Project) -> Self {
        let mut edges = Edges::default();
        // Only items with dependencies, and the items that contain them, can be part of a cycle.
        for dependency in &project.dependencies {
            edges.add((dependency.from, true), (dependency.to, false));
            edges.add_item(dependency.from);
            edges.add_item(dependency.to);
        }
        if edges.items.is_empty() {
            return Self::default();
        }
        // A workstream finishes after its shared tasks.
        for (area, index, stream) in project.workstreams() {
            for entry in &stream.tasks {
                let TaskEntry::Shared(Some(task)) = entry else { continue };
                let (task, stream) = (Item::Task(*task), Item::Workstream(area, index));
                edges.add((task, true), (stream, true));
                edges.add_item(task);
                edges.add_item(stream);
            }
        }
        edges.into_graph()
    }

    /// A cycle in the order of time. Every event that is left has a predecessor that is left, so a
    /// walk backwards returns to an earlier event.
    fn cycle(&self, is_left: &[bool]) -> Option<Vec<usize>> {
        let mut walk = vec![is_left.iter().position(|is_left| *is_left)?];
        let mut position: Vec<Option<usize>> = vec![None; self.events.len()];
        loop {
            let event = *walk.last()?;
            if let Some(first) = position[event].replace(walk.len() - 1) {
                let mut cycle = walk.split_off(first + 1);
                cycle.reverse();
                return Some(cycle);
            }
            walk.push(self.predecessors[event].iter().copied().find(|&before| is_left[before])?);
        }
    }
}

#[derive(Default)]
struct Edges {
    edges: Vec<(Event, Event)>,
    /// The items whose own edges are added.
    items: BTreeSet<Item>,
}

impl Edges {
    fn add(&mut self, from: Event, to: Event) {
        self.edges.push((from, to));
    }

    /// Adds the edges within `item`, and between `item` and the items that contain it.
    fn add_item(&mut self, mut item: Item) {
        while self.items.insert(item) {
            self.add((item, false), (item, true));
            let Some(parent) = parent(item) else { break };
            self.add((parent, false), (item, false));
            self.add((item, true), (parent, true));
            item = parent;
        }
    }

    fn into_graph(self) -> EventGraph {
        let events: BTreeSet<Event> = self.edges.iter().flat_map(|&(from, to)| [from, to]).collect();
        let index: BTreeMap<Event, usize> = events.iter().enumerate().map(|(index, event)| (*event, index)).collect();
        let mut predecessors = vec![Vec::new(); events.len()];
        for (from, to) in self.edges {
            predecessors[index[&to]].push(index[&from]);
        }
        EventGraph { events: events.into_iter().collect(), predecessors }
    }
}

/// The item that contains `item`.
fn parent(item: Item) -> Option<Item> {
    match item {
        Item::Task(index) => Some(Item::Workstream(index.area, index.workstream)),
        Item::Workstream(area, _) => Some(Item::Area(area)),
        Item::Area(_) | Item::Milestone(_) => None,
    }
}
