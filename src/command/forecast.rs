//! The command forecast: when each milestone will be reached, as a table and a small timeline.

pub mod json;
pub mod chart;

use std::io::Write;
use std::num::NonZero;
use std::path::PathBuf;

use clap::ValueEnum;
use jiff::civil::Date;

use crate::command::as_of::AsOf;
use crate::command::forecast::chart::Chart;
use crate::command::output::table::{Cell, Table};
use crate::command::output::{Tone, days, percent};
use crate::command::plan;
use crate::command::plan::compute_forecast;
use crate::finding::print::escape::visible;
use crate::model::{Item, Project};
use crate::schedule::finish::{ByModel, FinishPercentiles, ForecastModel, Percentiles};
use crate::schedule::forecast::Forecast;
use crate::schedule::network::Basis;
use crate::schedule::network::scenario::Scenario;
use crate::schedule::timeline::Timeline;
use crate::source::ReadLimits;

/// What to forecast, and how to say it.
#[derive(Debug, Clone)]
pub struct ForecastCommand {
    /// The readiness file.
    pub path: PathBuf,
    /// As of when.
    pub as_of: AsOf,
    /// How many simulated runs.
    pub draws: NonZero<u32>,
    /// What is taken to be otherwise, as `ITEM=CHANGE`.
    pub what_if: Vec<String>,
    /// For whom it is printed.
    pub format: ForecastFormat,
    /// Whether people get colours.
    pub colour: bool,
    /// How many columns the chart may take.
    pub width: usize,
    /// How much of the file is read at most.
    pub limits: ReadLimits,
}

/// For whom a forecast is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ForecastFormat {
    /// Table and timeline
    Human,
    /// One JSON document
    Json,
}

/// Prints the forecast of a plan to `out`.
///
/// # Errors
///
/// The file can't be read or has errors, a change names no item, or `out` fails.
pub fn run(options: &ForecastCommand, out: &mut dyn Write) -> anyhow::Result<()> {
    let valid = plan::read(&options.path, options.as_of, options.limits, options.colour, out)?;
    let scenario = plan::scenario(&valid.plan.project, &options.what_if)?;
    let before = compute_forecast(&valid, options.draws, Scenario::new());
    let after = (!scenario.is_empty()).then(|| compute_forecast(&valid, options.draws, scenario));
    let project = &valid.plan.project;
    match options.format {
        ForecastFormat::Json => json::write(project, &before, after.as_ref(), &options.what_if, out)?,
        ForecastFormat::Human => {
            head(project, &before, out)?;
            let view =
                ForecastView { project, forecast: &before, before: None, colour: options.colour, width: options.width };
            view.write(out)?;
            if let Some(after) = &after {
                writeln!(out, "\nWith {}:\n", options.what_if.join(", "))?;
                ForecastView { forecast: after, before: Some(&before), ..view }.write(out)?;
            }
        }
    }
    Ok(out.flush()?)
}

fn head(project: &Project, forecast: &Forecast, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "{} ({}), open work from the end of {}", visible(&project.title), project.id, forecast.status_date)?;
    let mut parts: Vec<String> = Vec::new();
    for (name, count) in forecast.counts() {
        let words = match name {
            "inferred" => "inferred from points",
            "overrun" => "beyond its estimate",
            "fixed_date" => "taken as agreed",
            "no_estimate" => "left out, as nothing tells",
            estimated => estimated,
        };
        if count > 0 {
            parts.push(format!("{count} {words}"));
        }
    }
    if parts.is_empty() {
        return Ok(writeln!(out, "nothing is open\n")?);
    }
    let risks = if forecast.has_risks { "" } else { "; no risk has a probability and a delay, so none is part of it" };
    Ok(writeln!(out, "durations: {}{risks}\n", parts.join(", "))?)
}

/// A forecast as people read it.
#[derive(Clone, Copy)]
struct ForecastView<'a> {
    project: &'a Project,
    forecast: &'a Forecast,
    /// What it was without the scenario.
    before: Option<&'a Forecast>,
    colour: bool,
    width: usize,
}

impl ForecastView<'_> {
    fn write(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let milestones = by_date(self.project, self.forecast);
        if milestones.is_empty() {
            writeln!(out, "no milestone is open")?;
        }
        let mut rows = vec![self.heading()];
        rows.extend(milestones.iter().filter_map(|&index| self.row(index)));
        rows.extend(self.last_row());
        if rows.len() > 1 {
            write!(out, "{}", Table { rows, colour: self.colour })?;
        }
        if !milestones.is_empty() {
            let chart =
                Chart { project: self.project, forecast: self.forecast, colour: self.colour, width: self.width };
            write!(out, "\n{}", chart.of(&milestones))?;
        }
        self.end(out)
    }

    fn heading(&self) -> Vec<Cell> {
        let mut names = vec!["Milestone", "Due", "P50", "P85", "On time"];
        if self.forecast.has_risks {
            names.extend(["P85 with risks", "On time"]);
        }
        names.push("Float");
        let mut cells: Vec<Cell> = names.iter().map(|name| Cell::text(name, 20)).collect();
        for number in cells.iter_mut().zip(&names).filter(|(_, name)| **name == "On time" || **name == "Float") {
            *number.0 = Cell::number(*number.1);
        }
        cells.push(Cell::text("Slip begins with", 20));
        cells.into_iter().map(|cell| cell.toned(Tone::Bold)).collect()
    }

    fn row(&self, index: usize) -> Option<Vec<Cell>> {
        const TITLE: usize = 34;
        let (milestone, item) = (&self.project.milestones[index], self.forecast.milestone(index)?);
        let due = milestone.due.map_or_else(|| "–".to_owned(), |due| due.last_day().to_string());
        let tone = if item.is_late() { Tone::Bad } else { Tone::Plain };
        let mut cells = vec![Cell::text(&milestone.title, TITLE).toned(tone), Cell::text(&due, 10)];
        let Some(finish) = item.finish else {
            cells.push(Cell::text(unknown(self.forecast, Item::Milestone(index)), 40).toned(Tone::Quiet));
            return Some(cells);
        };
        cells.extend(self.finish(finish, |forecast| forecast.milestone(index)?.finish));
        let float = item.due.map_or_else(String::new, |_| days(item.total_float()));
        cells.push(Cell::number(float));
        cells.push(Cell::text(&item.slip_root().map_or_else(String::new, |root| self.project.path(root)), 40));
        Some(cells)
    }

    /// When everything is finished, against the project's target.
    fn last_row(&self) -> Option<Vec<Cell>> {
        let end = self.forecast.end.as_ref()?;
        let due = self.project.target.map_or_else(|| "–".to_owned(), |target| target.to_string());
        let is_late = end.finish.risk.on_time.is_some_and(|on_time| on_time < 0.85);
        let title = Cell::text("everything", 34).toned(if is_late { Tone::Bad } else { Tone::Quiet });
        let mut cells = vec![title, Cell::text(&due, 10)];
        cells.extend(self.finish(end.finish, |forecast| Some(forecast.end.as_ref()?.finish)));
        Some(cells)
    }

    /// When something is finished, and how sure that is; `of` finds it in a forecast.
    fn finish(
        &self,
        finish: ByModel<FinishPercentiles>,
        of: impl Fn(&Forecast) -> Option<ByModel<FinishPercentiles>>,
    ) -> Vec<Cell> {
        let day = |model: ForecastModel, percentile: fn(Percentiles) -> f64| {
            self.day(|forecast| Some(percentile(of(forecast)?.get(model).percentiles)))
        };
        let mut cells =
            vec![day(ForecastModel::Plan, |it| it.p50), day(ForecastModel::Plan, |it| it.p85), chance(finish.plan)];
        if self.forecast.has_risks {
            cells.extend([day(ForecastModel::Risk, |it| it.p85), chance(finish.risk)]);
        }
        cells
    }

    /// The day of a time, and how it has moved.
    fn day(&self, time: impl Fn(&Forecast) -> Option<f64>) -> Cell {
        let timeline = Timeline::at(self.project, self.forecast.status_date);
        let Some(now) = time(self.forecast) else { return Cell::default() };
        let day = timeline.day(now).to_string();
        match self.before.and_then(&time) {
            Some(before) if (now - before).abs() >= 0.05 => Cell::text(&format!("{day} {}", days(now - before)), 30),
            _ => Cell::text(&day, 30),
        }
    }

    fn end(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        if let Some(end) = &self.forecast.end {
            let path: Vec<String> = end.critical_path.iter().map(|item| self.project.path(*item)).collect();
            writeln!(out, "\ncritical path: {}", path.join(" → "))?;
        }
        let reported: Vec<String> = self.project.critical_path.iter().map(|item| self.project.path(*item)).collect();
        if !reported.is_empty() && self.before.is_none() {
            writeln!(out, "reported as:   {}", reported.join(" → "))?;
        }
        Ok(())
    }
}

/// The open milestones in the order of their forecast, or else of their due date.
#[must_use]
pub fn by_date(project: &Project, forecast: &Forecast) -> Vec<usize> {
    let time = |index: usize| {
        let item = forecast.milestone(index);
        item.and_then(|item| item.finish(ForecastModel::Plan).map(|finish| finish.percentiles.p50).or(item.due))
    };
    let mut milestones: Vec<usize> =
        (0..project.milestones.len()).filter(|&index| forecast.milestone(index).is_some()).collect();
    let due = |index: usize| project.milestones[index].due.map_or(Date::MAX, crate::date::DayOrMonth::last_day);
    milestones.sort_by(|&one, &other| {
        let (one_time, other_time) = (time(one).unwrap_or(f64::MAX), time(other).unwrap_or(f64::MAX));
        due(one).cmp(&due(other)).then(one_time.total_cmp(&other_time))
    });
    milestones
}

/// Why nothing is forecast of it.
fn unknown(forecast: &Forecast, item: Item) -> &'static str {
    match forecast.bases.get(&item) {
        Some(Basis::FixedDate) if forecast.items.get(&item).and_then(|it| it.due).is_some_and(|due| due < 0.0) => {
            "overdue: taken as reached today"
        }
        Some(Basis::FixedDate) => "taken as agreed",
        Some(_) => "nothing tells when",
        None => "nothing tells how long its work takes",
    }
}

fn chance(finish: FinishPercentiles) -> Cell {
    let Some(on_time) = finish.on_time else { return Cell::number("") };
    let tone = if on_time < 0.5 { Tone::Bad } else { Tone::Plain };
    Cell::number(percent(on_time)).toned(tone)
}
