//! Items that wait for each other.
//!
//! Every item has a start and a finish; a dependency leads from a finish to a start, an area's
//! start comes before its workstreams' and its finish after theirs, and so on down to the tasks.
//! A cycle in this graph is work that can never begin.

use std::collections::{BTreeSet, HashMap};

use crate::finding::{Finding, Kind};
use crate::model::{Item, Project, TaskEntry};

/// An item's start (`false`) or finish (`true`).
type Event = (Item, bool);

/// One finding for each cycle, at the first dependency of the file that is part of it.
#[must_use]
pub fn find(project: &Project) -> Vec<Finding> {
    let mut graph = Graph::of(project);
    let mut findings = Vec::new();
    loop {
        graph.remove_what_can_begin();
        let Some(cycle) = graph.cycle() else {
            return findings;
        };
        let items: BTreeSet<Item> = cycle.iter().map(|event| event.0).collect();
        findings.extend(describe(project, &cycle, &items));
        graph.remove(&cycle);
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
        [only] => format!("`{}` waits for itself", project.path(*only)),
        _ => format!("these wait for each other: {}", round(project, &order)),
    };
    let finding = Finding::new(Kind::DependencyCycle, dependency.at.clone(), message);
    Some(finding.help("remove one of these dependencies; an item also waits for what it contains"))
}

/// The items of a cycle, back to the first; of a long one the beginning and the end.
fn round(project: &Project, order: &[Item]) -> String {
    const SHOWN: usize = 8;
    let name = |item: &Item| format!("`{}`", project.path(*item));
    let mut names: Vec<String> = order.iter().take(SHOWN).map(name).collect();
    if order.len() > SHOWN {
        names.push(format!("{} more", order.len() - SHOWN));
    }
    names.extend(order.first().map(name));
    names.join(" → ")
}

/// Edges between events, and how many of each event's predecessors are left.
struct Graph {
    next: HashMap<Event, Vec<Event>>,
    before: HashMap<Event, Vec<Event>>,
    left: BTreeSet<Event>,
}

impl Graph {
    fn of(project: &Project) -> Self {
        let mut graph = Self { next: HashMap::new(), before: HashMap::new(), left: BTreeSet::new() };
        // Without dependencies there is nothing to wait for, and most of the work can be left out:
        // only items that a dependency touches, and what contains them, can be part of a cycle.
        let mut touched: BTreeSet<Item> = BTreeSet::new();
        for dependency in &project.dependencies {
            graph.edge((dependency.from, true), (dependency.to, false));
            graph.touch(dependency.from, &mut touched);
            graph.touch(dependency.to, &mut touched);
        }
        if touched.is_empty() {
            return graph;
        }
        // A workstream isn't finished before the tasks that it shares.
        for (area, index, stream) in project.workstreams() {
            for entry in &stream.tasks {
                let TaskEntry::Shared(Some(task)) = entry else { continue };
                let (task, stream) = (Item::Task(*task), Item::Workstream(area, index));
                graph.edge((task, true), (stream, true));
                graph.touch(task, &mut touched);
                graph.touch(stream, &mut touched);
            }
        }
        graph
    }

    /// Adds what `item` consists of: its start and its end, within those of what contains it.
    fn touch(&mut self, mut item: Item, touched: &mut BTreeSet<Item>) {
        while touched.insert(item) {
            self.edge((item, false), (item, true));
            let Some(parent) = parent(item) else { break };
            self.edge((parent, false), (item, false));
            self.edge((item, true), (parent, true));
            item = parent;
        }
    }

    fn edge(&mut self, from: Event, to: Event) {
        self.next.entry(from).or_default().push(to);
        self.before.entry(to).or_default().push(from);
        self.left.extend([from, to]);
    }

    /// Kahn's algorithm: takes away every event without a predecessor, until only cycles are left
    /// and what comes after them.
    fn remove_what_can_begin(&mut self) {
        let mut waiting: HashMap<Event, usize> = HashMap::new();
        let mut ready = Vec::new();
        for event in &self.left {
            let before = self.predecessors(*event).count();
            waiting.insert(*event, before);
            if before == 0 {
                ready.push(*event);
            }
        }
        while let Some(event) = ready.pop() {
            self.left.remove(&event);
            for next in self.next.get(&event).into_iter().flatten() {
                if let Some(before) = waiting.get_mut(next) {
                    *before = before.saturating_sub(1);
                    if *before == 0 && self.left.contains(next) {
                        ready.push(*next);
                    }
                }
            }
        }
    }

    /// A cycle in the order of time. Every event that is left has a predecessor that is left, so
    /// walking back has to come round.
    fn cycle(&self) -> Option<Vec<Event>> {
        let mut walk = vec![*self.left.first()?];
        let mut at: HashMap<Event, usize> = HashMap::new();
        loop {
            let event = *walk.last()?;
            if let Some(first) = at.insert(event, walk.len() - 1) {
                let mut cycle = walk.split_off(first + 1);
                cycle.reverse();
                return Some(cycle);
            }
            walk.push(self.predecessors(event).next()?);
        }
    }

    fn remove(&mut self, events: &[Event]) {
        for event in events {
            self.left.remove(event);
        }
    }

    fn predecessors(&self, event: Event) -> impl Iterator<Item = Event> {
        self.before.get(&event).into_iter().flatten().copied().filter(|before| self.left.contains(before))
    }
}

/// What contains `item`.
fn parent(item: Item) -> Option<Item> {
    match item {
        Item::Task(index) => Some(Item::Workstream(index.area, index.workstream)),
        Item::Workstream(area, _) => Some(Item::Area(area)),
        Item::Area(_) | Item::Milestone(_) => None,
    }
}
