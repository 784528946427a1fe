//! The command `forecast`: a table and a timeline of the milestones, or JSON.

pub(crate) mod assumptions;
mod effect;
pub(crate) mod json;
pub(crate) mod chart;

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::num::NonZero;
use std::path::PathBuf;

use clap::ValueEnum;
use jiff::civil::Date;

use crate::command::as_of::AsOf;
use crate::command::forecast::chart::Chart;
use crate::command::output::table::{Cell, Table};
use crate::command::output::{TextStyle, format_days};
use crate::command::plan;
use crate::command::plan::compute_forecast;
use crate::date::DayOrMonth;
use crate::model::{Item, Project};
use crate::quantity::probability_words;
use crate::schedule::finish::{FinishForecast, ForecastModel, Percentiles};
use crate::schedule::forecast::Forecast;
use crate::schedule::network::Basis;
use crate::schedule::timeline::Timeline;
use crate::source::ReadLimits;

#[derive(Debug, Clone)]
pub(crate) struct ForecastCommand {
    pub(crate) path: PathBuf,
    pub(crate) as_of: AsOf,
    /// Number of simulation runs.
    pub(crate) draws: NonZero<u32>,
    /// Changes of a scenario, as `ITEM=CHANGE`.
    pub(crate) what_if: Vec<String>,
    pub(crate) format: ForecastFormat,
    pub(crate) colour: bool,
    /// Width of the timeline, in columns.
    pub(crate) width: usize,
    pub(crate) limits: ReadLimits,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ForecastFormat {
    /// Table and timeline
    Human,
    /// One JSON document
    Json,
}

/// Prints the forecast of a plan to `out`.
///
/// # Errors
///
/// The file cannot be read or has errors, a change is invalid, or `out` fails.
pub(crate) fn run(options: &ForecastCommand, stdin: &mut dyn Read, out: &mut dyn Write) -> anyhow::Result<()> {
    let valid = plan::read(&options.path, options.as_of, options.limits, options.colour, stdin, out)?;
    let project = &valid.plan.project;
    let edits = plan::parse_edits(project, &options.what_if)?;
    let before = compute_forecast(&valid, options.draws);
    let after = (!edits.is_empty()).then(|| compute_forecast(&valid.edited(&edits), options.draws));
    match options.format {
        ForecastFormat::Json => json::write(project, &before, after.as_ref(), &options.what_if, out)?,
        ForecastFormat::Human => {
            write_summary(project, &before, out)?;
            let view =
                ForecastView { project, forecast: &before, before: None, colour: options.colour, width: options.width };
            view.write(out)?;
            if let Some(after) = &after {
                writeln!(out, "\nWith {}:\n", options.what_if.join(", "))?;
                ForecastView { forecast: after, before: Some(&before), ..view }.write(out)?;
                for note in effect::notes(&before, after) {
                    writeln!(out, "{note}")?;
                }
            }
        }
    }
    Ok(out.flush()?)
}

fn write_summary(project: &Project, forecast: &Forecast, out: &mut dyn Write) -> anyhow::Result<()> {
    assumptions::write_title(project, forecast, out)?;
    if forecast.bases.is_empty() {
        writeln!(out, "no open work")?;
    }
    assumptions::write(project, forecast, out)?;
    Ok(writeln!(out)?)
}

/// The forecast of a plan, alone or compared with the forecast before a change.
#[derive(Clone, Copy)]
struct ForecastView<'a> {
    project: &'a Project,
    forecast: &'a Forecast,
    before: Option<&'a Forecast>,
    colour: bool,
    width: usize,
}

impl ForecastView<'_> {
    fn write(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        // In the order before the change, so that the two tables can be compared line by line.
        let mut milestones = open_milestones(self.project, self.before.unwrap_or(self.forecast));
        milestones.retain(|&index| self.forecast.milestone(index).is_some());
        if milestones.is_empty() {
            writeln!(out, "no open milestones")?;
        }
        let mut rows = vec![self.heading()];
        rows.extend(milestones.iter().filter_map(|&index| self.milestone_row(index)));
        rows.extend(self.project_row());
        if rows.len() > 1 {
            write!(out, "{}", Table { rows, colour: self.colour })?;
        }
        if !milestones.is_empty() {
            let chart =
                Chart { project: self.project, forecast: self.forecast, colour: self.colour, width: self.width };
            write!(out, "\n{}", chart.draw(&milestones))?;
        }
        self.write_left_out(out)?;
        self.write_critical_path(out)
    }

    fn heading(&self) -> Vec<Cell> {
        let text = |name| Cell::text(name, 20);
        let mut cells = vec![text("Milestone"), text("Due"), text("P50"), text("P85"), Cell::number("On time")];
        if self.forecast.has_risks {
            cells.extend([text("P85 with risks"), Cell::number("On time with risks")]);
        }
        cells.extend([Cell::number("Total float"), text("Slip root")]);
        cells.into_iter().map(|cell| cell.with_style(TextStyle::Heading)).collect()
    }

    fn milestone_row(&self, index: usize) -> Option<Vec<Cell>> {
        let (milestone, item) = (&self.project.milestones[index], self.forecast.milestone(index)?);
        let style = if item.is_late() { TextStyle::Alert } else { TextStyle::Plain };
        let title = Cell::text(&milestone.title, MAX_TITLE_WIDTH).with_style(style);
        let mut cells = vec![title, due_cell(milestone.due.map(DayOrMonth::last_day))];
        let Some(finish) = item.finish.filter(|_| !item.is_unmarked) else {
            cells.push(Cell::text(missing_forecast_reason(self.forecast, index), 60).with_style(TextStyle::Dimmed));
            return Some(cells);
        };
        let row = FinishRow {
            finish,
            earliest: item.fixed_date,
            is_overdue: item.is_overdue,
            leaves_out: !item.without_estimate.is_empty(),
        };
        cells.extend(self.finish_cells(row, |forecast| forecast.milestone(index)?.finish));
        cells.push(Cell::number(item.due.map_or_else(String::new, |_| format_days(item.total_float))));
        cells.push(Cell::text(&item.slip_root().map_or_else(String::new, |root| self.project.path(root)), 40));
        Some(cells)
    }

    /// The finish of the whole project against its target.
    fn project_row(&self) -> Option<Vec<Cell>> {
        let end = self.forecast.end.as_ref()?;
        let style = if end.is_late() { TextStyle::Alert } else { TextStyle::Dimmed };
        let mut cells =
            vec![Cell::text("Project", MAX_TITLE_WIDTH).with_style(style), due_cell(self.project.target_day())];
        let row = FinishRow {
            finish: end.finish,
            earliest: None,
            is_overdue: end.is_overdue,
            leaves_out: !end.without_estimate.is_empty(),
        };
        cells.extend(self.finish_cells(row, |forecast| Some(forecast.end.as_ref()?.finish)));
        Some(cells)
    }

    /// Percentiles and on-time probabilities. `find` returns the same finish of any forecast.
    fn finish_cells(&self, row: FinishRow, find: impl Fn(&Forecast) -> Option<FinishForecast>) -> Vec<Cell> {
        let percentile = |model: ForecastModel, pick: fn(Percentiles) -> f64| {
            self.day_cell(row, |forecast| Some(pick(find(forecast)?.simulated()?.get(model).percentiles)))
        };
        let p50 = self.day_cell(row, |forecast| Some(find(forecast)?.p50().plan));
        let Some(simulated) = row.finish.simulated() else {
            let risk = self.forecast.has_risks.then(|| [Cell::default(), Cell::default()]);
            let dates = [p50, Cell::text("fixed date", 12).with_style(TextStyle::Dimmed), on_time_cell(row, None)];
            return dates.into_iter().chain(risk.into_iter().flatten()).collect();
        };
        let mut cells =
            vec![p50, percentile(ForecastModel::Plan, |it| it.p85), on_time_cell(row, simulated.plan.on_time)];
        if self.forecast.has_risks {
            let p85 = percentile(ForecastModel::Risk, |it| it.p85);
            cells.extend([p85, on_time_cell(row, simulated.risk.on_time)]);
        }
        cells
    }

    /// A day, and its difference from the forecast before the change. A row that leaves something out is marked.
    fn day_cell(&self, row: FinishRow, find: impl Fn(&Forecast) -> Option<f64>) -> Cell {
        let timeline = Timeline::at(self.project, self.forecast.start_day);
        let Some(time) = find(self.forecast) else { return Cell::default() };
        let day = row.earliest.into_iter().fold(timeline.day(time), Date::max);
        let mark = if row.leaves_out { "≥ " } else { "" };
        match self.before.and_then(&find) {
            Some(before) if (time - before).abs() >= 0.05 => {
                Cell::text(&format!("{mark}{day} {}", format_days(time - before)), 30)
            }
            _ => Cell::text(&format!("{mark}{day}"), 30),
        }
    }

    /// The items without estimate that rows with a mark omit.
    fn write_left_out(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let milestones = self.forecast.items.values().flat_map(|item| &item.without_estimate);
        let end = self.forecast.end.iter().flat_map(|end| &end.without_estimate);
        let items: BTreeSet<Item> = milestones.chain(end).copied().collect();
        if items.is_empty() {
            return Ok(());
        }
        let paths: Vec<String> =
            items.iter().take(MAX_LEFT_OUT).map(|it| format!("`{}`", self.project.path(*it))).collect();
        let more = items.len().saturating_sub(MAX_LEFT_OUT);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        Ok(writeln!(
            out,
            "\n≥ as if these items took no time, since they have no estimate: {}{more}",
            paths.join(", ")
        )?)
    }

    fn write_critical_path(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let joined = |items: &[Item]| items.iter().map(|it| self.project.path(*it)).collect::<Vec<_>>().join(" → ");
        if let Some(end) = &self.forecast.end {
            writeln!(out, "\ncritical path: {}", joined(&end.critical_path))?;
        }
        if !self.project.critical_path.is_empty() && self.before.is_none() {
            writeln!(out, "as reported:   {}", joined(&self.project.critical_path))?;
        }
        Ok(())
    }
}

const MAX_TITLE_WIDTH: usize = 34;
const MAX_LEFT_OUT: usize = 10;

/// The finish in a row of the table.
#[derive(Clone, Copy)]
struct FinishRow {
    finish: FinishForecast,
    /// A fixed date that it isn't before.
    earliest: Option<Date>,
    is_overdue: bool,
    /// Whether it depends on items without estimate.
    leaves_out: bool,
}

/// The open milestones by due date, then by forecast. Milestones without a due date come last.
pub(crate) fn open_milestones(project: &Project, forecast: &Forecast) -> Vec<usize> {
    let finish = |index: usize| {
        let item = forecast.milestone(index);
        item.and_then(|item| item.finish.map(|finish| finish.p50().plan).or(item.due))
    };
    let due = |index: usize| project.milestones[index].due.map_or(Date::MAX, DayOrMonth::last_day);
    let mut milestones: Vec<usize> =
        (0..project.milestones.len()).filter(|&index| forecast.milestone(index).is_some()).collect();
    milestones.sort_by(|&one, &other| {
        let (one_finish, other_finish) = (finish(one).unwrap_or(f64::MAX), finish(other).unwrap_or(f64::MAX));
        due(one).cmp(&due(other)).then(one_finish.total_cmp(&other_finish))
    });
    milestones
}

/// Why nothing is forecast of the milestone at `index`.
pub(crate) fn missing_forecast_reason(forecast: &Forecast, index: usize) -> &'static str {
    let milestone = Item::Milestone(index);
    if forecast.milestone(index).is_some_and(|item| item.is_unmarked) {
        "all that it needs is done: write `done` and its date"
    } else if forecast.bases.get(&milestone) == Some(&Basis::NoEstimate) {
        "needs nothing, and has no fixed date"
    } else {
        "needs only work without estimate"
    }
}

fn due_cell(due: Option<Date>) -> Cell {
    Cell::text(&due.map_or_else(|| "–".to_owned(), |due| due.to_string()), 10)
}

fn on_time_cell(row: FinishRow, on_time: Option<f64>) -> Cell {
    if row.is_overdue {
        return Cell::number("overdue").with_style(TextStyle::Alert);
    }
    let Some(on_time) = on_time else { return Cell::number("") };
    let style = if on_time < 0.5 { TextStyle::Alert } else { TextStyle::Plain };
    Cell::number(probability_words(on_time)).with_style(style)
}
