//! The figures of a project that the HTML page shows.

use jiff::civil::Date;

use crate::date::DayOrMonth;
use crate::model::completion;
use crate::model::completion::{Completion, TaskCounts};
use crate::model::{Item, LinkedPart, Project};
use crate::name::Priority;
use crate::quantity::Ratio;
use crate::schedule::finish::ForecastModel;
use crate::schedule::forecast::Forecast;
use crate::schedule::timeline::Timeline;

/// The figures of a project.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    pub(crate) id: Box<str>,
    pub(crate) title: Box<str>,
    /// Free text.
    pub(crate) status: Option<Box<str>>,
    /// The address of details.
    pub(crate) link: Option<Box<str>>,
    pub(crate) as_of: Option<Date>,
    pub(crate) target: Option<Date>,
    pub(crate) next_review: Option<Date>,
    pub(crate) earned: Option<Ratio>,
    pub(crate) reported: Option<Ratio>,
    /// The difference between reported and earned completion that is accepted.
    pub(crate) tolerance: Ratio,
    pub(crate) tasks: TaskCounts,
    /// In the order of the file.
    pub(crate) areas: Vec<AreaSummary>,
    /// By due date; those without one last.
    pub(crate) milestones: Vec<MilestoneSummary>,
}

/// The figures of an area.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AreaSummary {
    pub(crate) title: Box<str>,
    pub(crate) priority: Option<Priority>,
    pub(crate) owner: Option<Box<str>>,
    /// The address of evidence or details.
    pub(crate) link: Option<Box<str>>,
    pub(crate) earned: Option<Ratio>,
    pub(crate) reported: Option<Ratio>,
}

/// The figures of a milestone.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MilestoneSummary {
    pub(crate) title: Box<str>,
    pub(crate) owner: Option<Box<str>>,
    /// The address of evidence or details.
    pub(crate) link: Option<Box<str>>,
    pub(crate) due: Option<Date>,
    /// The actual date.
    pub(crate) done: Option<Date>,
    /// Mean completion of its needs.
    pub(crate) completion: Ratio,
    /// With risks.
    pub(crate) forecast: Option<Outlook>,
}

/// The forecast of a milestone, with risks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Outlook {
    pub(crate) p85: Date,
    /// Whether the date follows from due dates alone.
    pub(crate) is_fixed: bool,
    /// On-time probability.
    pub(crate) on_time: Option<f64>,
    /// Whether the due date has passed.
    pub(crate) is_overdue: bool,
    /// Whether the due date has passed, or the P85 is after it.
    pub(crate) is_late: bool,
}

impl Summary {
    /// The summary of `project`.
    #[must_use]
    pub fn of(project: &Project, completion: &Completion, forecast: &Forecast) -> Self {
        let done = project.areas.iter().flat_map(|area| &area.done);
        Self {
            id: project.id.as_str().into(),
            title: project.title.clone(),
            status: project.status.clone(),
            link: project.link(&LinkedPart::Project).map(Into::into),
            as_of: project.as_of,
            target: project.target_day(),
            next_review: project.next_review,
            earned: completion.project(),
            reported: completion::reported(project),
            tolerance: project.policy.tolerance,
            tasks: completion::counts(done.chain(project.tasks().map(|(_, task)| task))),
            areas: (0..project.areas.len()).map(|area| area_summary(project, area, completion)).collect(),
            milestones: milestones(project, completion, forecast),
        }
    }
}

fn area_summary(project: &Project, index: usize, completion: &Completion) -> AreaSummary {
    let area = &project.areas[index];
    AreaSummary {
        title: area.title.clone(),
        priority: area.priority,
        owner: area.owner.clone(),
        link: project.link(&LinkedPart::Item(Item::Area(index))).map(Into::into),
        earned: completion.area(index),
        reported: area.reported.map(|reported| reported.complete),
    }
}

fn milestones(project: &Project, completion: &Completion, forecast: &Forecast) -> Vec<MilestoneSummary> {
    let sections = project.milestones.iter().enumerate();
    let mut milestones: Vec<MilestoneSummary> = sections
        .map(|(index, milestone)| MilestoneSummary {
            title: milestone.title.clone(),
            owner: milestone.owner.clone(),
            link: project.link(&LinkedPart::Item(Item::Milestone(index))).map(Into::into),
            due: milestone.due.map(DayOrMonth::last_day),
            done: milestone.done,
            completion: completion.milestone(index),
            forecast: outlook(project, forecast, index),
        })
        .collect();
    milestones.sort_by_key(|milestone| (milestone.due.is_none(), milestone.due));
    milestones
}

fn outlook(project: &Project, forecast: &Forecast, index: usize) -> Option<Outlook> {
    let item = forecast.milestone(index)?;
    let finish = item.finish.filter(|_| !item.is_unmarked)?;
    let simulated = item.finish(ForecastModel::Risk);
    let p85 = simulated.map_or(finish.p50().risk, |finish| finish.percentiles.p85);
    let p85 = item.fixed_date.into_iter().fold(Timeline::at(project, forecast.start_day).day(p85), Date::max);
    Some(Outlook {
        p85,
        is_fixed: simulated.is_none(),
        on_time: simulated.and_then(|finish| finish.on_time),
        is_overdue: item.is_overdue,
        is_late: item.is_late(),
    })
}
