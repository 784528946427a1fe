//! Checks of milestones against the items that they need.

use jiff::civil::Date;

use crate::finding::{Finding, Kind};
use crate::model::completion::Completion;
use crate::model::consistency::{finding, is_reached};
use crate::model::{Item, Project};

/// The largest number of open needs in a message.
const MAX_NEEDS: usize = 3;

/// Milestones that are done while something that they need is open.
#[must_use]
pub(crate) fn done_before_need(project: &Project, completion: &Completion) -> Vec<Finding> {
    let milestones = project.milestones.iter().enumerate();
    let early = milestones.filter_map(|(index, milestone)| {
        milestone.done?;
        let open: Vec<String> = needs(project, index)
            .filter(|need| !is_reached(project, completion, *need))
            .map(|need| format!("`{}`", project.path(need)))
            .collect();
        (!open.is_empty()).then(|| {
            let more = open.len().saturating_sub(MAX_NEEDS);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let open = open.into_iter().take(MAX_NEEDS).collect::<Vec<_>>().join(", ");
            let message = format!("the milestone is done, but it needs {open}{more}, which is open");
            finding(Kind::DoneBeforeNeed, project.node(Item::Milestone(index)).key("done"), message)
                .help("finish or waive the open work, or remove it from `needs`")
        })
    });
    early.collect()
}

/// Milestones that are not marked as done, although everything that they need is. A milestone that may not be
/// early is due first.
#[must_use]
pub(crate) fn unmarked(project: &Project, completion: &Completion, today: Date) -> Vec<Finding> {
    let open = project.milestones.iter().enumerate().filter(|(_, milestone)| milestone.done.is_none());
    let unmarked = open.filter(|(index, milestone)| {
        let is_ready = needs(project, *index).next().is_some()
            && needs(project, *index).all(|need| is_reached(project, completion, need));
        let is_fixed = !milestone.early && needs(project, *index).all(|need| matches!(need, Item::Milestone(_)));
        let due = project.due(Item::Milestone(*index)).filter(|_| is_fixed);
        is_ready && due.max(milestone.not_before).is_none_or(|day| day <= today)
    });
    let findings = unmarked.map(|(index, milestone)| {
        let message = format!("all that `{}` needs is done, but the milestone is not", milestone.id);
        finding(Kind::MilestoneUnmarked, project.node(Item::Milestone(index)), message)
            .at_key()
            .help("add `done` and its date, or the missing work to `needs`")
    });
    findings.collect()
}

fn needs(project: &Project, index: usize) -> impl Iterator<Item = Item> {
    project.needs(Item::Milestone(index)).iter().map(|need| need.from)
}
