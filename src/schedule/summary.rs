//! What a person wants to see of a project at a glance.

use jiff::civil::Date;

use crate::date::DayOrMonth;
use crate::model::Project;
use crate::model::completion;
use crate::model::completion::{Completion, TaskCounts};
use crate::name::Priority;
use crate::quantity::Ratio;
use crate::schedule::finish::ForecastModel;
use crate::schedule::forecast::Forecast;
use crate::schedule::timeline::Timeline;

/// A project at a glance.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Its id.
    pub id: Box<str>,
    /// What people call it.
    pub title: Box<str>,
    /// Where it stands, in words.
    pub status: Option<Box<str>>,
    /// The status date.
    pub as_of: Option<Date>,
    /// The day on which it has to be ready.
    pub target: Option<Date>,
    /// The day of the next review.
    pub next_review: Option<Date>,
    /// Completion counted from tasks and points.
    pub earned: Option<Ratio>,
    /// Completion as people report it.
    pub reported: Option<Ratio>,
    /// Difference of reported and earned completion up to which there is no warning.
    pub tolerance: Ratio,
    /// Its tasks by status.
    pub tasks: TaskCounts,
    /// Its areas, in the order of the file.
    pub areas: Vec<AreaSummary>,
    /// Its milestones, by due date; those without one last.
    pub milestones: Vec<MilestoneSummary>,
}

/// An area at a glance.
#[derive(Debug, Clone, PartialEq)]
pub struct AreaSummary {
    /// What people call it.
    pub title: Box<str>,
    /// How much it matters.
    pub priority: Option<Priority>,
    /// Completion counted from tasks and points.
    pub earned: Option<Ratio>,
    /// Completion as people report it.
    pub reported: Option<Ratio>,
}

/// A milestone at a glance.
#[derive(Debug, Clone, PartialEq)]
pub struct MilestoneSummary {
    /// What people call it.
    pub title: Box<str>,
    /// The day on which it is due.
    pub due: Option<Date>,
    /// The day on which it was reached.
    pub done: Option<Date>,
    /// How much of what it needs is complete.
    pub completion: Ratio,
    /// When it will be reached, risks included, if that can be forecast.
    pub forecast: Option<Outlook>,
}

/// A milestone's forecast at a glance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outlook {
    /// The day by which it is reached in 85 of 100 runs.
    pub p85: Date,
    /// How likely it is to be reached when it is due.
    pub on_time: Option<f64>,
    /// Whether that day lies after the due date.
    pub is_late: bool,
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
            as_of: project.as_of,
            target: project.target,
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
        earned: completion.area(index),
        reported: area.reported,
    }
}

fn milestones(project: &Project, completion: &Completion, forecast: &Forecast) -> Vec<MilestoneSummary> {
    let sections = project.milestones.iter().enumerate();
    let mut milestones: Vec<MilestoneSummary> = sections
        .map(|(index, milestone)| MilestoneSummary {
            title: milestone.title.clone(),
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
    let finish = item.finish(ForecastModel::Risk)?;
    let p85 = Timeline::at(project, forecast.status_date).day(finish.percentiles.p85);
    Some(Outlook { p85, on_time: finish.on_time, is_late: item.is_late() })
}
