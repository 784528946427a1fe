//! The command `explain`: the driving path of a milestone, and the effect of finishing its items earlier.

mod report;

use std::io::{Read, Write};
use std::num::NonZero;
use std::path::PathBuf;

use anyhow::{anyhow, bail};

use crate::command::as_of::AsOf;
use crate::command::explain::report::MilestoneReport;
use crate::command::plan;
use crate::command::plan::ValidPlan;
use crate::finding::print::escape::escape_text;
use crate::model::edit::Edit;
use crate::model::{Item, Project};
use crate::quantity::WorkTime;
use crate::schedule::finish::ForecastModel;
use crate::schedule::forecast::{Forecast, ForecastOptions};
use crate::source::ReadLimits;

#[derive(Debug, Clone)]
pub(crate) struct ExplainOptions {
    pub(crate) path: PathBuf,
    /// ID of the milestone.
    pub(crate) milestone: String,
    pub(crate) as_of: AsOf,
    /// Number of simulation runs.
    pub(crate) draws: NonZero<u32>,
    pub(crate) colour: bool,
    pub(crate) limits: ReadLimits,
}

/// Items with a lower criticality index are not listed.
const MIN_CRITICALITY: f64 = 0.01;

/// Clears the current line of a terminal.
const CLEAR_LINE: &str = "\r\u{1b}[K";

/// Explains the forecast of a milestone on `out`, and counts the simulated items on `progress`.
///
/// # Errors
///
/// The file cannot be read or has errors, there is no such milestone, or a writer fails.
pub(crate) fn run(
    options: &ExplainOptions,
    stdin: &mut dyn Read,
    out: &mut dyn Write,
    progress: &mut dyn Write,
) -> anyhow::Result<()> {
    let valid = plan::read(&options.path, options.as_of, options.limits, options.colour, stdin, out)?;
    let project = &valid.plan.project;
    let index = find_milestone(project, &options.milestone)?;
    let analysis = MilestoneAnalysis { valid: &valid, index, draws: options.draws };
    let forecast = analysis.forecast(&valid);
    let Some(item) = forecast.milestone(index) else {
        let milestone = &project.milestones[index];
        let done = milestone.done.map_or_else(String::new, |day| format!(" on {day}"));
        return Ok(writeln!(out, "{} ({}) was reached{done}", escape_text(&milestone.title), milestone.id)?);
    };
    let report = MilestoneReport {
        project,
        forecast: &forecast,
        index,
        item,
        driving_path: forecast.driving_path(Item::Milestone(index)),
    };
    report.write_summary(out)?;
    if item.finish(ForecastModel::Plan).is_some() {
        let gains = analysis.gains(&forecast, &report.driving_path, progress)?;
        report.write_items(&gains, options.colour, out)?;
    }
    report.write_notes(out)?;
    Ok(out.flush()?)
}

fn find_milestone(project: &Project, path: &str) -> anyhow::Result<usize> {
    match plan::find_item(project, path)? {
        Item::Milestone(index) => Ok(index),
        _ if project.milestones.is_empty() => bail!("`{path}` is not a milestone; `{}` has no milestones", project.id),
        _ => {
            let ids: Vec<String> = project.milestones.iter().map(|it| format!("`{}`", it.id)).collect();
            Err(anyhow!("`{path}` is not a milestone: expected one of {}", ids.join(", ")))
        }
    }
}

/// The effect of one item on the forecast of the milestone.
#[derive(Debug, Clone, Copy)]
struct ItemGain {
    item: Item,
    /// Working days by which the P85 of the milestone, without risks, moves forward if the item is
    /// finished one week earlier.
    days: f64,
}

struct MilestoneAnalysis<'a> {
    valid: &'a ValidPlan,
    index: usize,
    draws: NonZero<u32>,
}

impl MilestoneAnalysis<'_> {
    /// The forecast of a plan, with criticality relative to the milestone.
    fn forecast(&self, valid: &ValidPlan) -> Forecast {
        valid.forecast(&ForecastOptions { draws: self.draws, critical_to: Some(self.index), threads: None })
    }

    /// The gain of each item on the driving path, then of each other critical item.
    fn gains(
        &self,
        forecast: &Forecast,
        driving_path: &[Item],
        progress: &mut dyn Write,
    ) -> anyhow::Result<Vec<ItemGain>> {
        let p85 = |forecast: &Forecast| {
            forecast.milestone(self.index)?.finish(ForecastModel::Plan).map(|it| it.percentiles.p85)
        };
        let before = p85(forecast).unwrap_or_default();
        let mut items: Vec<Item> =
            driving_path.iter().copied().filter(|item| forecast.bases.contains_key(item)).collect();
        items.extend(other_critical_items(forecast, &items));
        let mut gains = Vec::with_capacity(items.len());
        for (number, &item) in items.iter().enumerate() {
            write!(progress, "\r{} of {} items", number + 1, items.len())?;
            progress.flush()?;
            let shorter = self.valid.edited(&[(item, Edit::Subtract(WorkTime::from_weeks(1.0)))]);
            let earlier = self.forecast(&shorter);
            gains.push(ItemGain { item, days: before - p85(&earlier).unwrap_or(before) });
        }
        write!(progress, "{CLEAR_LINE}")?;
        Ok(gains)
    }
}

/// The items, except `listed` and milestones, that are critical in some simulation runs: most critical first.
fn other_critical_items(forecast: &Forecast, listed: &[Item]) -> Vec<Item> {
    let mut others: Vec<(Item, f64)> = forecast
        .items
        .iter()
        .filter(|(item, it)| {
            forecast.bases.contains_key(item)
                && it.criticality >= MIN_CRITICALITY
                && !listed.contains(item)
                && !matches!(item, Item::Milestone(_))
        })
        .map(|(item, it)| (*item, it.criticality))
        .collect();
    others.sort_by(|one, other| other.1.total_cmp(&one.1));
    others.into_iter().map(|(item, _)| item).collect()
}
