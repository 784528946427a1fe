//! The forecast as JSON.

use std::io::Write;

use jiff::civil::Date;
use serde::Serialize;

use crate::command::forecast::open_milestones;
use crate::date::DayOrMonth;
use crate::finding::print::escape::escape_json;
use crate::model::{Item, Project};
use crate::schedule::finish::{FinishPercentiles, ForecastModel, Percentiles};
use crate::schedule::forecast::{Forecast, ItemForecast};
use crate::schedule::timeline::Timeline;

/// Writes the forecast, and that of the scenario, as one JSON document.
///
/// # Errors
///
/// Returns the errors of the writer.
pub(crate) fn write(
    project: &Project,
    forecast: &Forecast,
    scenario: Option<&Forecast>,
    what_if: &[String],
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let document = ForecastDocument {
        project: project.id.as_str(),
        forecast: PlanForecast::of(project, forecast),
        what_if: scenario.map(|forecast| WhatIf { changes: what_if, forecast: PlanForecast::of(project, forecast) }),
    };
    let text = serde_json::to_string_pretty(&document)?;
    Ok(writeln!(out, "{}", text.lines().map(escape_json).collect::<Vec<_>>().join("\n"))?)
}

#[derive(Serialize)]
struct ForecastDocument<'a> {
    project: &'a str,
    #[serde(flatten)]
    forecast: PlanForecast,
    #[serde(skip_serializing_if = "Option::is_none")]
    what_if: Option<WhatIf<'a>>,
}

#[derive(Serialize)]
struct WhatIf<'a> {
    changes: &'a [String],
    #[serde(flatten)]
    forecast: PlanForecast,
}

#[derive(Serialize)]
struct PlanForecast {
    status_date: Option<Date>,
    forecast_start: Date,
    milestones: Vec<MilestoneEntry>,
    finish: Option<FinishDates>,
    finish_with_risks: Option<FinishDates>,
    critical_path: Vec<String>,
    durations: Vec<DurationEntry>,
}

#[derive(Serialize)]
struct MilestoneEntry {
    id: String,
    title: String,
    due: Option<Date>,
    plan: Option<FinishDates>,
    with_risks: Option<FinishDates>,
    float_days: Option<f64>,
    late: bool,
    root: Option<String>,
    without_estimate: Vec<String>,
}

/// Finish dates by percentile, and the on-time probability from 0 to 1.
#[derive(Serialize)]
struct FinishDates {
    p50: Date,
    p85: Date,
    p95: Date,
    on_time: Option<f64>,
}

#[derive(Serialize)]
struct DurationEntry {
    item: String,
    basis: &'static str,
    criticality: f64,
}

impl PlanForecast {
    fn of(project: &Project, forecast: &Forecast) -> Self {
        let timeline = Timeline::at(project, forecast.start_day);
        let dates = |finish: FinishPercentiles| FinishDates::of(finish, timeline);
        let paths = |items: &[Item]| items.iter().map(|item| project.path(*item)).collect();
        let entry = |index: usize| {
            let item = forecast.milestone(index)?;
            let milestone = &project.milestones[index];
            Some(MilestoneEntry {
                id: milestone.id.to_string(),
                title: milestone.title.to_string(),
                due: milestone.due.map(DayOrMonth::last_day),
                plan: item.finish(ForecastModel::Plan).map(dates),
                with_risks: item.finish(ForecastModel::Risk).map(dates),
                float_days: item.due.map(|_| rounded(item.total_float)),
                late: item.is_late(),
                root: item.slip_root().map(|root| project.path(root)),
                without_estimate: paths(&item.without_estimate),
            })
        };
        let duration = |(item, basis): (&Item, &crate::schedule::network::Basis)| DurationEntry {
            item: project.path(*item),
            basis: basis.name(),
            criticality: forecast.items.get(item).map_or(0.0, |item: &ItemForecast| item.criticality),
        };
        Self {
            status_date: project.as_of,
            forecast_start: forecast.start_day,
            milestones: open_milestones(project, forecast).into_iter().filter_map(entry).collect(),
            finish: forecast.end.as_ref().and_then(|end| end.finish(ForecastModel::Plan)).map(dates),
            finish_with_risks: forecast.end.as_ref().and_then(|end| end.finish(ForecastModel::Risk)).map(dates),
            critical_path: forecast.end.as_ref().map(|end| paths(&end.critical_path)).unwrap_or_default(),
            durations: forecast.bases.iter().map(duration).collect(),
        }
    }
}

impl FinishDates {
    fn of(finish: FinishPercentiles, timeline: Timeline<'_>) -> Self {
        let Percentiles { p50, p85, p95 } = finish.percentiles.map(|days| timeline.day(days));
        Self { p50, p85, p95, on_time: finish.on_time }
    }
}

fn rounded(days: f64) -> f64 {
    (days * 1000.0).round() / 1000.0
}
