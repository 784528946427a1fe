//! The forecast as JSON.

use std::io::Write;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use crate::command::forecast::open_milestones;
use crate::date::{DayOrMonth, end_of_day};
use crate::finding::print::escape::escape_json;
use crate::model::{Item, Project};
use crate::schedule::finish::{FinishForecast, ForecastModel};
use crate::schedule::forecast::{Forecast, ItemForecast};
use crate::schedule::network::Basis;
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
    assumptions: AssumptionEntry,
    second_opinions: OpinionEntry,
    milestones: Vec<MilestoneEntry>,
    finish: Option<FinishDates>,
    finish_with_risks: Option<FinishDates>,
    critical_path: Vec<String>,
    durations: Vec<DurationEntry>,
}

/// The assumptions behind all durations; `null` if they don't apply.
#[derive(Serialize)]
struct AssumptionEntry {
    estimate_error: Option<f64>,
    days_per_point: Option<f64>,
    /// Share of the completion per working day.
    pace: Option<f64>,
    open_workstreams: usize,
    concurrent_workstreams: usize,
}

#[derive(Serialize)]
struct OpinionEntry {
    earned_schedule: Option<FinishMoment>,
    pace: Option<FinishMoment>,
}

#[derive(Serialize)]
struct MilestoneEntry {
    id: String,
    title: String,
    due: Option<Date>,
    overdue: bool,
    /// Whether it is open although all that it needs is done.
    needs_done: bool,
    plan: Option<FinishDates>,
    with_risks: Option<FinishDates>,
    float_days: Option<f64>,
    late: bool,
    root: Option<String>,
    without_estimate: Vec<String>,
}

/// Finishes by percentile, and the on-time probability from 0 to 1. From due dates alone, P50 only.
#[derive(Serialize)]
struct FinishDates {
    p50: Date,
    p85: Option<Date>,
    p95: Option<Date>,
    /// The same as instants, and in working days after the start.
    moments: Moments,
    on_time: Option<f64>,
}

#[derive(Serialize)]
struct Moments {
    p50: FinishMoment,
    p85: Option<FinishMoment>,
    p95: Option<FinishMoment>,
}

/// A finish that does not flip at the edge of a day.
#[derive(Serialize)]
struct FinishMoment {
    date: Date,
    time: Timestamp,
    working_days: f64,
}

#[derive(Serialize)]
struct DurationEntry {
    item: String,
    basis: &'static str,
    /// The mean remaining working days; `null` for a date.
    remaining_days: Option<f64>,
    /// `null` for an item without forecast.
    float_days: Option<f64>,
    criticality: f64,
}

/// The forecast whose entries are written.
#[derive(Clone, Copy)]
struct Source<'a> {
    project: &'a Project,
    forecast: &'a Forecast,
    timeline: Timeline<'a>,
}

impl PlanForecast {
    fn of(project: &Project, forecast: &Forecast) -> Self {
        let source = Source { project, forecast, timeline: Timeline::at(project, forecast.start_day) };
        let end = |model| forecast.end.as_ref().map(|end| source.finish(end.finish, model, None));
        Self {
            status_date: project.as_of,
            forecast_start: forecast.start_day,
            assumptions: source.assumptions(),
            second_opinions: OpinionEntry {
                earned_schedule: forecast.second_opinions.earned_schedule.map(|days| source.moment(days, None)),
                pace: forecast.second_opinions.pace.map(|days| source.moment(days, None)),
            },
            milestones: open_milestones(project, forecast).into_iter().filter_map(|it| source.milestone(it)).collect(),
            finish: end(ForecastModel::Plan),
            finish_with_risks: end(ForecastModel::Risk),
            critical_path: forecast.end.as_ref().map(|end| source.paths(&end.critical_path)).unwrap_or_default(),
            durations: forecast.bases.iter().map(|(item, basis)| source.duration(*item, *basis)).collect(),
        }
    }
}

impl Source<'_> {
    fn paths(self, items: &[Item]) -> Vec<String> {
        items.iter().map(|item| self.project.path(*item)).collect()
    }

    fn assumptions(self) -> AssumptionEntry {
        let assumptions = self.forecast.assumptions;
        AssumptionEntry {
            estimate_error: assumptions.estimate_error,
            days_per_point: assumptions.days_per_point.map(|rate| rounded(rate.median)),
            pace: assumptions.pace,
            open_workstreams: assumptions.open_workstreams,
            concurrent_workstreams: assumptions.concurrent_workstreams,
        }
    }

    fn milestone(self, index: usize) -> Option<MilestoneEntry> {
        let item = self.forecast.milestone(index)?;
        let milestone = &self.project.milestones[index];
        let finish = |model| item.finish.map(|finish| self.finish(finish, model, item.fixed_date));
        Some(MilestoneEntry {
            id: milestone.id.to_string(),
            title: milestone.title.to_string(),
            due: milestone.due.map(DayOrMonth::last_day),
            overdue: item.is_overdue,
            needs_done: item.is_unmarked,
            plan: finish(ForecastModel::Plan),
            with_risks: finish(ForecastModel::Risk),
            float_days: item.due.map(|_| rounded(item.total_float)),
            late: item.is_late(),
            root: item.slip_root().map(|root| self.project.path(root)),
            without_estimate: self.paths(&item.without_estimate),
        })
    }

    fn finish(self, finish: FinishForecast, model: ForecastModel, earliest: Option<Date>) -> FinishDates {
        let simulated = finish.simulated().map(|finish| finish.get(model));
        let p50 = self.moment(finish.p50().get(model), earliest);
        let later = simulated.map(|finish| [finish.percentiles.p85, finish.percentiles.p95]);
        let [p85, p95] = later.map_or([None, None], |days| days.map(|days| Some(self.moment(days, earliest))));
        FinishDates {
            p50: p50.date,
            p85: p85.as_ref().map(|moment| moment.date),
            p95: p95.as_ref().map(|moment| moment.date),
            moments: Moments { p50, p85, p95 },
            on_time: simulated.and_then(|finish| finish.on_time),
        }
    }

    /// A finish, not before the end of the fixed date `earliest`.
    fn moment(self, days: f64, earliest: Option<Date>) -> FinishMoment {
        let end = |day: Date| end_of_day(day, &self.project.zone);
        FinishMoment {
            date: earliest.into_iter().fold(self.timeline.day(days), Date::max),
            time: earliest.into_iter().map(end).fold(whole_second(self.timeline.finish(days)), Timestamp::max),
            working_days: rounded(days),
        }
    }

    fn duration(self, item: Item, basis: Basis) -> DurationEntry {
        let forecast: Option<&ItemForecast> = self.forecast.items.get(&item);
        DurationEntry {
            item: self.project.path(item),
            basis: basis.name(),
            remaining_days: forecast.and_then(|it| it.remaining).map(rounded),
            float_days: forecast.map(|it| rounded(it.total_float)),
            criticality: forecast.map_or(0.0, |it| it.criticality),
        }
    }
}

fn whole_second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

fn rounded(days: f64) -> f64 {
    (days * 10_000.0).round() / 10_000.0
}
