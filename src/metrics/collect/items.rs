//! Samples that any item may have: its owner, the first day of work, and a link.

use jiff::civil::Date;

use crate::metrics::collect::Collector;
use crate::metrics::{label, series};
use crate::model::{Item, LinkedPart, Project};

impl Collector<'_> {
    /// The owners of areas, workstreams and milestones.
    pub(super) fn owners(&mut self) {
        for (item, owner) in owners(self.project) {
            let path = self.project.path(item);
            self.sample(series::ItemOwnerInfo(self.id, label::Item(&path), label::ItemOwner(owner)), 1.0);
        }
    }

    /// The first days of work.
    pub(super) fn earliest_starts(&mut self, with_tasks: bool) {
        for (item, day) in earliest_starts(self.project).filter(|(item, _)| with_tasks || !is_task(*item)) {
            let path = self.project.path(item);
            self.start(series::ItemNotBefore(self.id, label::Item(&path)), Some(day));
        }
    }

    /// The links of all parts of the plan.
    pub(super) fn links(&mut self, with_tasks: bool) {
        for link in &self.project.links {
            if !with_tasks && matches!(link.of, LinkedPart::Item(item) if is_task(item)) {
                continue;
            }
            let (element, path) = part(self.project, &link.of);
            let (element, item) = (label::Element(element), label::Item(&path));
            self.sample(series::LinkInfo(self.id, element, item, label::Link(&link.address)), 1.0);
        }
    }
}

fn is_task(item: Item) -> bool {
    matches!(item, Item::Task(_))
}

fn owners(project: &Project) -> impl Iterator<Item = (Item, &str)> {
    let areas = project.areas.iter().enumerate().map(|(index, area)| (Item::Area(index), &area.owner));
    let streams = project.workstreams().map(|(area, index, stream)| (Item::Workstream(area, index), &stream.owner));
    let milestones = project.milestones.iter().enumerate().map(|(index, it)| (Item::Milestone(index), &it.owner));
    areas.chain(streams).chain(milestones).filter_map(|(item, owner)| Some((item, owner.as_deref()?)))
}

fn earliest_starts(project: &Project) -> impl Iterator<Item = (Item, Date)> {
    let streams = project.workstreams().map(|(area, index, stream)| (Item::Workstream(area, index), stream.not_before));
    let tasks = project.tasks().map(|(index, task)| (Item::Task(index), task.not_before));
    let milestones = project.milestones.iter().enumerate().map(|(index, it)| (Item::Milestone(index), it.not_before));
    streams.chain(tasks).chain(milestones).filter_map(|(item, day)| Some((item, day?)))
}

/// The labels `element` and `item` of a part of the plan.
fn part(project: &Project, part: &LinkedPart) -> (&'static str, String) {
    match part {
        LinkedPart::Project => ("project", String::new()),
        LinkedPart::Item(item) => (element(*item), project.path(*item)),
        LinkedPart::Component(area, name) => ("component", format!("{}/{name}", project.areas[*area].id)),
        LinkedPart::Phase(index) => ("phase", (index + 1).to_string()),
        LinkedPart::Risk(index) => ("risk", project.risks[*index].id.to_string()),
        LinkedPart::Action(index) => ("action", (index + 1).to_string()),
    }
}

fn element(item: Item) -> &'static str {
    match item {
        Item::Area(_) => "area",
        Item::Workstream(..) => "workstream",
        Item::Task(_) => "task",
        Item::Milestone(_) => "milestone",
    }
}
