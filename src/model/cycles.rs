//! Dependency cycles: work on a cycle of the graph of starts and finishes can never start.

use std::collections::BTreeSet;

use crate::finding::{Finding, Kind};
use crate::model::event_graph::{Event, EventGraph};
use crate::model::topology::topological_order;
use crate::model::{Item, Project};

/// One finding for each cycle, at the first dependency of the file that is part of it.
#[must_use]
pub(crate) fn find(project: &Project) -> Vec<Finding> {
    let graph = EventGraph::of(project, &[]);
    let mut is_left = vec![true; graph.events.len()];
    let mut findings = Vec::new();
    loop {
        for event in topological_order(&graph.predecessors, |event| is_left[event]) {
            is_left[event] = false;
        }
        let Some(cycle) = first_cycle(&graph, &is_left) else {
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

/// A cycle in the order of time. Every event that is left has a predecessor that is left, so a walk backwards returns
/// to an earlier event.
fn first_cycle(graph: &EventGraph, is_left: &[bool]) -> Option<Vec<usize>> {
    let mut walk = vec![is_left.iter().position(|is_left| *is_left)?];
    let mut position: Vec<Option<usize>> = vec![None; graph.events.len()];
    loop {
        let event = *walk.last()?;
        if let Some(first) = position[event].replace(walk.len() - 1) {
            let mut cycle = walk.split_off(first + 1);
            cycle.reverse();
            return Some(cycle);
        }
        walk.push(graph.predecessors[event].iter().copied().find(|&before| is_left[before])?);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format;
    use crate::model::lower::lower;

    /// The dependency cycles of a plan, each as `path: message`.
    fn cycles(text: &str) -> Vec<String> {
        let (_, findings) = lower(format::parse(text).0.unwrap());
        assert!(findings.iter().all(|finding| finding.kind == Kind::DependencyCycle), "{findings:?}\n{text}");
        findings.iter().map(|finding| format!("{}: {}", finding.at, finding.message)).collect()
    }

    #[test]
    fn a_chain_is_no_cycle() {
        let chain = "project: x\nareas: {a: {workstreams: {u: {}, v: {needs: [a/u]}, w: {needs: [a/u, a/v]}}}}\n";
        assert_eq!(cycles(chain), Vec::<String>::new());
    }

    #[test]
    fn every_cycle_is_found_at_its_first_dependency() {
        let two = "project: x\nmilestones: {m: {needs: [n]}, n: {needs: [o]}, o: {needs: [m]}, p: {needs: [p, o]}}\n";
        assert_eq!(
            cycles(two),
            [
                "milestones.m.needs[0]: dependency cycle: `n` → `m` → `o` → `n`",
                "milestones.p.needs[0]: `p` depends on itself",
            ]
        );
    }

    #[test]
    fn an_item_depends_on_what_it_contains() {
        let area = "project: x\nareas: {a: {workstreams: {w: {needs: [a]}}}}\n";
        assert_eq!(cycles(area), ["areas.a.workstreams.w.needs[0]: dependency cycle: `a` → `a/w` → `a`"]);
        let task = "project: x\nareas: {a: {workstreams: {w: {needs: [a/w/one], tasks: [todo: one]}}}}\n";
        assert_eq!(cycles(task), ["areas.a.workstreams.w.needs[0]: dependency cycle: `a/w/one` → `a/w` → `a/w/one`"]);
    }

    #[test]
    fn a_workstream_depends_on_its_shared_tasks() {
        let shared = "project: x\nareas: {a: {workstreams: {w: {tasks: [ref: a/v/one]}, v: {tasks: [{todo: one, needs: [a/w]}]}}}}\n";
        assert_eq!(
            cycles(shared),
            ["areas.a.workstreams.v.tasks[0].needs[0]: dependency cycle: `a/w` → `a/v/one` → `a/w`"]
        );
    }

    #[test]
    fn long_cycles_are_shortened() {
        let ring = |length: usize| {
            let needs = (0..length).map(|index| format!("m{index}: {{needs: [m{}]}}", (index + 1) % length));
            format!("project: x\nmilestones: {{{}}}\n", needs.collect::<Vec<_>>().join(", "))
        };
        let names = |length: usize| cycles(&ring(length))[0].matches('`').count() / 2;
        assert_eq!([names(7), names(8), names(9)], [8, 9, 9]);
        assert!(cycles(&ring(8))[0].ends_with("`m1`") && !cycles(&ring(8))[0].contains("more"));
        assert!(cycles(&ring(9))[0].contains(" → 1 more → `m1`"), "{:?}", cycles(&ring(9)));
    }
}
