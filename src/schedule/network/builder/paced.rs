//! Dates from the pace of a project in which nothing is estimated.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::model::completion::Completion;
use crate::model::edit::Edit;
use crate::model::{Item, Project};
use crate::quantity::Ratio;
use crate::schedule::network::Basis;
use crate::schedule::network::builder::NetworkBuilder;
use crate::schedule::network::duration::{ActivityDuration, ActivityProgress, WholeDuration};

impl NetworkBuilder<'_> {
    /// If nothing has a duration, lets each milestone take the completion that its needs still add, divided
    /// by the pace. The work of the milestones that are due earlier comes first.
    pub(super) fn add_pace(&mut self) {
        let Some(pace) = self.input.pace.filter(|pace| *pace > 0.0 && self.network.durations.is_empty()) else {
            return;
        };
        let is_work = |item: &Item| !matches!(item, Item::Milestone(_));
        let unknown = self.network.bases.iter().filter(|(item, basis)| is_work(item) && **basis == Basis::NoEstimate);
        let unknown: Vec<Item> = unknown.map(|(item, _)| *item).collect();
        if unknown.is_empty() {
            return;
        }
        self.network.bases.extend(unknown.into_iter().map(|item| (item, Basis::Paced)));
        let before = self.input.completion.project().map_or(0.0, Ratio::get);
        let mut finished = self.input.project.clone();
        for milestones in self.milestones_by_due() {
            for &milestone in &milestones {
                self.finish_needs(milestone, &mut finished);
            }
            let days = (completion(&finished) - before) / pace;
            for milestone in milestones {
                self.add_paced(Some(milestone), days);
            }
        }
        self.add_paced(None, (1.0 - before) / pace);
    }

    /// The open milestones with needs, in groups with one due date; those without one come last.
    fn milestones_by_due(&self) -> Vec<Vec<Item>> {
        let due = |item: Item| self.input.project.due(item).unwrap_or(Date::MAX);
        let is_milestone = |item: &Item| matches!(item, Item::Milestone(_));
        let needs = |item: &Item| !self.network.nodes[self.network.items[item].start].before.is_empty();
        let items = self.network.items.keys().copied();
        let mut milestones: Vec<Item> = items.filter(|item| is_milestone(item) && needs(item)).collect();
        milestones.sort_by_key(|item| due(*item));
        milestones.chunk_by(|one, other| due(*one) == due(*other)).map(<[Item]>::to_vec).collect()
    }

    /// Finishes in `project` all items that `milestone` needs.
    fn finish_needs(&self, milestone: Item, project: &mut Project) {
        let mut seen = BTreeSet::new();
        let mut open = vec![self.network.items[&milestone].start];
        while let Some(node) = open.pop() {
            if seen.insert(node) {
                open.extend(self.network.nodes[node].before.iter().map(|before| before.node));
            }
        }
        for (item, _) in self.network.items.iter().filter(|(_, nodes)| seen.contains(&nodes.finish)) {
            if !matches!(item, Item::Milestone(_)) {
                Edit::Done.apply(project, *item, self.input.timeline.start_day());
            }
        }
    }

    /// Adds `days` at the pace before `milestone`, or before the end of the project.
    fn add_paced(&mut self, milestone: Option<Item>, days: f64) {
        if days <= 0.0 {
            return;
        }
        // All paced durations share one factor, so that no key seeds their random numbers.
        let progress = ActivityProgress::Known { open: 1.0, elapsed: None };
        let whole = WholeDuration::Paced(days);
        self.network.durations.push(ActivityDuration::new(String::new(), whole, progress, 0.0, &self.network.shared));
        let node = self.add_node(milestone, Vec::new());
        self.network.nodes[node].duration = Some((self.network.durations.len() - 1, 1.0));
        if let Some(nodes) = milestone.and_then(|milestone| self.network.items.get(&milestone).copied()) {
            self.network.nodes[nodes.start].before.push(node.into());
        }
    }
}

fn completion(project: &Project) -> f64 {
    Completion::of(project).project().map_or(0.0, Ratio::get)
}
