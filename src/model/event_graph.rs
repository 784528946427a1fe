//! The graph of all starts and finishes.
//!
//! Every item has a start and a finish. A dependency is an edge from a finish to a start. An area
//! starts before its workstreams and finishes after them, and a workstream starts before its tasks
//! and finishes after them. It also finishes after the tasks that it shares.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Item, Project, TaskEntry};

/// An item's start (`false`) or finish (`true`).
pub(crate) type Event = (Item, bool);

/// The events in rising order, and the predecessors of each by index.
#[derive(Default)]
pub(crate) struct EventGraph {
    pub(crate) events: Vec<Event>,
    pub(crate) predecessors: Vec<Vec<usize>>,
}

impl EventGraph {
    /// The events of `items`, of all items with dependencies, and of the items that contain them.
    #[must_use]
    pub(crate) fn of(project: &Project, items: &[Item]) -> Self {
        let mut edges = Edges::default();
        for &item in items {
            edges.add_item(item);
        }
        for dependency in &project.dependencies {
            edges.add((dependency.from, true), (dependency.to, false));
            edges.add_item(dependency.from);
            edges.add_item(dependency.to);
        }
        if edges.items.is_empty() {
            return Self::default();
        }
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

    /// The index of `event`, if it is part of the graph.
    #[must_use]
    pub(crate) fn index(&self, event: Event) -> Option<usize> {
        self.events.binary_search(&event).ok()
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

/// The item that directly contains `item`.
#[must_use]
pub(crate) fn parent(item: Item) -> Option<Item> {
    match item {
        Item::Task(index) => Some(Item::Workstream(index.area, index.workstream)),
        Item::Workstream(area, _) => Some(Item::Area(area)),
        Item::Area(_) | Item::Milestone(_) => None,
    }
}
