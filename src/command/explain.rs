//! The command explain: why a milestone is forecast as it is, and what would help.

use std::io::Write;
use std::num::NonZero;
use std::path::PathBuf;

use anyhow::{anyhow, bail};

use crate::command::as_of::AsOf;
use crate::command::output::table::{Cell, Table};
use crate::command::output::{Tone, days, percent};
use crate::command::plan;
use crate::command::plan::ValidPlan;
use crate::finding::print::escape::visible;
use crate::model::{Item, Project};
use crate::quantity::WorkTime;
use crate::schedule::finish::{ForecastModel, Percentiles};
use crate::schedule::forecast;
use crate::schedule::forecast::{Forecast, ItemForecast};
use crate::schedule::network::Basis;
use crate::schedule::network::scenario::{Scenario, ScenarioChange};
use crate::schedule::pert::ThreePoint;
use crate::schedule::timeline::Timeline;
use crate::source::ReadLimits;

/// What to explain, and how.
#[derive(Debug, Clone)]
pub struct ExplainOptions {
    /// The readiness file.
    pub path: PathBuf,
    /// The milestone's id.
    pub milestone: String,
    /// As of when.
    pub as_of: AsOf,
    /// How many simulated runs.
    pub draws: NonZero<u32>,
    /// Whether people get colours.
    pub colour: bool,
    /// How much of the file is read at most.
    pub limits: ReadLimits,
}

/// What is less critical than this isn't listed.
const WORTH_A_LINE: f64 = 0.01;

/// Prints to `out` what decides when the milestone is reached; what takes a while is told to
/// `progress`.
///
/// # Errors
///
/// The file can't be read or has errors, there is no such milestone, or a writer fails.
pub fn run(options: &ExplainOptions, out: &mut dyn Write, progress: &mut dyn Write) -> anyhow::Result<()> {
    let valid = plan::read(&options.path, options.as_of, options.limits, options.colour, out)?;
    let index = milestone(&valid.plan.project, &options.milestone)?;
    let analysis = MilestoneAnalysis { valid: &valid, index, draws: options.draws };
    let forecast = analysis.forecast(Scenario::new());
    let project = &valid.plan.project;
    let Some(item) = forecast.milestone(index) else {
        let milestone = &project.milestones[index];
        let done = milestone.done.map_or_else(String::new, |day| format!(" on {day}"));
        return Ok(writeln!(out, "{} (`{}`) was reached{done}", visible(&milestone.title), milestone.id)?);
    };
    let chain = forecast.driving_path(Item::Milestone(index));
    head(project, index, item, &forecast, out)?;
    if item.finish.is_some() {
        let gains = analysis.p85_gains(&forecast, &chain, progress)?;
        let rows = table(project, &forecast, &chain, &gains);
        writeln!(out, "\n{}", Table { rows, colour: options.colour }.to_string().trim_end())?;
    }
    foot(project, &forecast, item, &chain, out)?;
    Ok(out.flush()?)
}

fn milestone(project: &Project, path: &str) -> anyhow::Result<usize> {
    match plan::item(project, path)? {
        Item::Milestone(index) => Ok(index),
        _ if project.milestones.is_empty() => bail!("`{path}` is no milestone, and `{}` has none", project.id),
        _ => {
            let ids: Vec<String> = project.milestones.iter().map(|it| format!("`{}`", it.id)).collect();
            Err(anyhow!("`{path}` is no milestone: write one of {}", ids.join(", ")))
        }
    }
}

/// One plan, and one milestone of it.
struct MilestoneAnalysis<'a> {
    valid: &'a ValidPlan,
    index: usize,
    draws: NonZero<u32>,
}

impl MilestoneAnalysis<'_> {
    fn forecast(&self, scenario: Scenario) -> Forecast {
        let options =
            forecast::ForecastOptions { draws: self.draws, scenario, critical_to: Some(self.index), threads: None };
        Forecast::of(&self.valid.plan.project, &self.valid.plan.completion, self.valid.now, &options)
    }

    /// For each item that may decide, by how many working days the milestone's P85 by plan comes earlier if
    /// the item is finished a week sooner.
    fn p85_gains(
        &self,
        forecast: &Forecast,
        chain: &[Item],
        progress: &mut dyn Write,
    ) -> anyhow::Result<Vec<(Item, f64)>> {
        let mut listed: Vec<Item> = chain.iter().copied().filter(|item| forecast.bases.contains_key(item)).collect();
        let mut others: Vec<(Item, f64)> = forecast
            .items
            .iter()
            .filter(|(item, of)| {
                forecast.bases.contains_key(item) && of.criticality >= WORTH_A_LINE && !listed.contains(item)
            })
            .map(|(item, of)| (*item, of.criticality))
            .collect();
        others.sort_by(|one, other| other.1.total_cmp(&one.1));
        listed.extend(others.into_iter().map(|(item, _)| item).filter(|item| !matches!(item, Item::Milestone(_))));
        let p85 = |forecast: &Forecast| {
            forecast.milestone(self.index)?.finish(ForecastModel::Plan).map(|it| it.percentiles.p85)
        };
        let before = p85(forecast).unwrap_or_default();
        let mut gains = Vec::with_capacity(listed.len());
        for (number, item) in listed.iter().enumerate() {
            write!(progress, "\r{} of {} items", number + 1, listed.len())?;
            progress.flush()?;
            let sooner = self.forecast(Scenario::from([(*item, ScenarioChange::Sooner(WorkTime::Weeks(1.0)))]));
            gains.push((*item, before - p85(&sooner).unwrap_or(before)));
        }
        write!(progress, "\r\u{1b}[K")?;
        Ok(gains)
    }
}

fn head(
    project: &Project,
    index: usize,
    item: &ItemForecast,
    forecast: &Forecast,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let (milestone, timeline) = (&project.milestones[index], Timeline::at(project, forecast.status_date));
    writeln!(
        out,
        "{} ({}), open work from the end of {}",
        visible(&milestone.title),
        milestone.id,
        forecast.status_date
    )?;
    let due = milestone.due.map_or_else(|| "no due date".to_owned(), |due| format!("due {}", due.last_day()));
    let Some(finish) = item.finish else {
        return Ok(writeln!(out, "{due}; nothing can be forecast, since nothing tells how long it takes")?);
    };
    for (name, finish) in [("by plan", finish.plan), ("with risks", finish.risk)] {
        let Percentiles { p50, p85, p95 } = finish.percentiles.map(|days| timeline.day(days));
        let on_time = finish.on_time.map_or_else(String::new, |chance| format!(", on time {}", percent(chance)));
        if name == "by plan" || forecast.has_risks {
            writeln!(out, "{name}: P50 {p50}, P85 {p85}, P95 {p95}{on_time}")?;
        }
    }
    let float = item.due.map(|_| item.total_float());
    let float =
        float.map_or_else(String::new, |float| format!("; with mean durations it has {} to spare", days(float)));
    Ok(writeln!(out, "{due}{float}")?)
}

fn table(project: &Project, forecast: &Forecast, chain: &[Item], gains: &[(Item, f64)]) -> Vec<Vec<Cell>> {
    let timeline = Timeline::at(project, forecast.status_date);
    let heading = [
        Cell::text("What decides, in order of time", 40),
        Cell::number("Takes"),
        Cell::text("", 12),
        Cell::text("Finished", 10),
        Cell::number("Decides in"),
        Cell::number("P85 if a week sooner"),
    ];
    let mut rows = vec![heading.map(|cell| cell.toned(Tone::Bold)).to_vec()];
    let mut in_chain = true;
    for (listed, gain) in gains {
        if in_chain && !chain.contains(listed) {
            in_chain = false;
            rows.push(vec![Cell::text("What else may decide", 40).toned(Tone::Bold)]);
        }
        let of = &forecast.items[listed];
        let (takes, basis) = duration(forecast.bases.get(listed));
        rows.push(vec![
            Cell::text(&project.path(*listed), 44),
            Cell::number(takes),
            Cell::text(basis, 12).toned(Tone::Quiet),
            Cell::text(&timeline.day(of.early.1).to_string(), 10),
            Cell::number(percent(of.criticality)),
            Cell::number(if *gain > 0.05 { days(-gain) } else { "–".to_owned() }),
        ]);
    }
    rows
}

/// The three points in working days, and where they come from.
fn duration(basis: Option<&Basis>) -> (String, &'static str) {
    let points = |ThreePoint { optimistic, likely, pessimistic }: ThreePoint| {
        let round = |days: f64| (days * 10.0).round() / 10.0;
        if optimistic < pessimistic {
            format!("{}/{}/{} d", round(optimistic), round(likely), round(pessimistic))
        } else {
            format!("{} d", round(likely))
        }
    };
    match basis {
        Some(Basis::Estimated(estimate)) => (points(*estimate), "estimated"),
        Some(Basis::Inferred(estimate)) => (points(*estimate), "inferred"),
        Some(Basis::Overrun(estimate)) => (points(*estimate), "used up"),
        Some(Basis::FixedDate) => (String::new(), "as agreed"),
        Some(Basis::NoEstimate) | None => (String::new(), "left out"),
    }
}

fn foot(
    project: &Project,
    forecast: &Forecast,
    item: &ItemForecast,
    chain: &[Item],
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let named = |items: &mut dyn Iterator<Item = Item>| {
        items.map(|item| format!("`{}`", project.path(item))).collect::<Vec<_>>().join(", ")
    };
    if let Some(root) = item.slip_root() {
        writeln!(out, "\nIts slip begins with {}.", named(&mut std::iter::once(root)))?;
    }
    let listed: Vec<Item> = chain.iter().copied().filter(|it| forecast.bases.contains_key(it)).collect();
    let of = |wanted: fn(&Basis) -> bool| {
        listed.iter().copied().filter(move |it| forecast.bases.get(it).is_some_and(wanted))
    };
    let inferred = named(&mut of(|basis| matches!(basis, Basis::Inferred(_))));
    if !inferred.is_empty() {
        writeln!(out, "Inferred from points at the pace of the file's own estimates: {inferred}.")?;
    }
    let overrun = named(&mut of(|basis| matches!(basis, Basis::Overrun(_))));
    if !overrun.is_empty() {
        writeln!(
            out,
            "Under way for longer than estimated, and taken to need another day; write a new estimate: {overrun}."
        )?;
    }
    if !item.without_estimate.is_empty() {
        let left_out = named(&mut item.without_estimate.iter().copied());
        writeln!(out, "Left out, as if it took no time, since it has neither estimate nor points: {left_out}.")?;
    }
    Ok(())
}
