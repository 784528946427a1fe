//! The command `forecast`: a table and a timeline of the milestones, or JSON.

pub(crate) mod json;
pub(crate) mod chart;

use std::io::Write;
use std::num::NonZero;
use std::path::PathBuf;

use clap::ValueEnum;
use jiff::civil::Date;

use crate::command::as_of::AsOf;
use crate::command::forecast::chart::Chart;
use crate::command::output::table::{Cell, Table};
use crate::command::output::{TextStyle, format_days, format_probability};
use crate::command::plan;
use crate::command::plan::compute_forecast;
use crate::date::DayOrMonth;
use crate::finding::print::escape::escape_text;
use crate::model::{Item, Project};
use crate::schedule::finish::{ByModel, FinishForecast, FinishPercentiles, ForecastModel, Percentiles};
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
pub(crate) fn run(options: &ForecastCommand, out: &mut dyn Write) -> anyhow::Result<()> {
    let valid = plan::read(&options.path, options.as_of, options.limits, options.colour, out)?;
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
            }
        }
    }
    Ok(out.flush()?)
}

fn write_summary(project: &Project, forecast: &Forecast, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "{} ({}), {}", escape_text(&project.title), project.id, start_words(project, forecast))?;
    let counts = forecast.counts().into_iter().filter(|(_, count)| *count > 0);
    let bases: Vec<String> = counts.map(|(basis, count)| format!("{count} {}", basis_words(basis))).collect();
    if bases.is_empty() {
        return Ok(writeln!(out, "no open work\n")?);
    }
    writeln!(out, "durations: {}; d = working days", bases.join(", "))?;
    if !forecast.has_risks {
        writeln!(out, "no risk has both a probability and a delay; risks are not simulated")?;
    }
    Ok(writeln!(out)?)
}

/// The status date of the file, and the day from whose end the forecast starts if that differs.
pub(crate) fn start_words(project: &Project, forecast: &Forecast) -> String {
    let start = forecast.start_day;
    match project.as_of {
        Some(as_of) if as_of == start => format!("status date {as_of}"),
        Some(as_of) => format!("forecast from {start} (status date {as_of})"),
        None => format!("forecast from {start}"),
    }
}

pub(crate) fn basis_words(basis: Basis) -> &'static str {
    match basis {
        Basis::Estimated => "estimated",
        Basis::Inferred => "inferred from points",
        Basis::Overrun => "overrun",
        Basis::FixedDate => "fixed date",
        Basis::Paced => "from the pace",
        Basis::NoEstimate => "without estimate",
    }
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
        let Some(finish) = item.finish.and_then(FinishForecast::simulated) else {
            let reason = missing_forecast_reason(self.forecast, Item::Milestone(index));
            cells.push(Cell::text(reason, 40).with_style(TextStyle::Dimmed));
            return Some(cells);
        };
        cells.extend(self.finish_cells(finish, |forecast| forecast.milestone(index)?.finish?.simulated()));
        cells.push(Cell::number(item.due.map_or_else(String::new, |_| format_days(item.total_float))));
        cells.push(Cell::text(&item.slip_root().map_or_else(String::new, |root| self.project.path(root)), 40));
        Some(cells)
    }

    /// The finish of the whole project against its target.
    fn project_row(&self) -> Option<Vec<Cell>> {
        let end = self.forecast.end.as_ref()?;
        let style = if end.is_late() { TextStyle::Alert } else { TextStyle::Dimmed };
        let mut cells = vec![Cell::text("Project", MAX_TITLE_WIDTH).with_style(style), due_cell(self.project.target)];
        cells.extend(self.finish_cells(end.finish.simulated()?, |forecast| forecast.end.as_ref()?.finish.simulated()));
        Some(cells)
    }

    /// Percentiles and on-time probabilities of `finish`. `find` returns the same finish of any forecast.
    fn finish_cells(
        &self,
        finish: ByModel<FinishPercentiles>,
        find: impl Fn(&Forecast) -> Option<ByModel<FinishPercentiles>>,
    ) -> Vec<Cell> {
        let day = |model: ForecastModel, percentile: fn(Percentiles) -> f64| {
            self.day_cell(|forecast| Some(percentile(find(forecast)?.get(model).percentiles)))
        };
        let (p50, p85) = (day(ForecastModel::Plan, |it| it.p50), day(ForecastModel::Plan, |it| it.p85));
        let mut cells = vec![p50, p85, on_time_cell(finish.plan)];
        if self.forecast.has_risks {
            cells.extend([day(ForecastModel::Risk, |it| it.p85), on_time_cell(finish.risk)]);
        }
        cells
    }

    /// A day, and its difference from the forecast before the change.
    fn day_cell(&self, find: impl Fn(&Forecast) -> Option<f64>) -> Cell {
        let timeline = Timeline::at(self.project, self.forecast.start_day);
        let Some(time) = find(self.forecast) else { return Cell::default() };
        let day = timeline.day(time).to_string();
        match self.before.and_then(&find) {
            Some(before) if (time - before).abs() >= 0.05 => {
                Cell::text(&format!("{day} {}", format_days(time - before)), 30)
            }
            _ => Cell::text(&day, 30),
        }
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

/// The open milestones by due date, then by forecast. Milestones without a due date come last.
pub(crate) fn open_milestones(project: &Project, forecast: &Forecast) -> Vec<usize> {
    let finish = |index: usize| {
        let item = forecast.milestone(index);
        item.and_then(|item| item.finish(ForecastModel::Plan).map(|finish| finish.percentiles.p50).or(item.due))
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

/// Why the milestone `item` has no percentiles.
pub(crate) fn missing_forecast_reason(forecast: &Forecast, item: Item) -> &'static str {
    match forecast.bases.get(&item) {
        Some(Basis::FixedDate) if forecast.items.get(&item).and_then(|it| it.due).is_some_and(|due| due < 0.0) => {
            "overdue fixed date, assumed today"
        }
        Some(Basis::FixedDate) => "fixed date",
        Some(_) => "no due date and no needs",
        None => "needs only work without estimate",
    }
}

fn due_cell(due: Option<Date>) -> Cell {
    Cell::text(&due.map_or_else(|| "–".to_owned(), |due| due.to_string()), 10)
}

fn on_time_cell(finish: FinishPercentiles) -> Cell {
    let Some(on_time) = finish.on_time else { return Cell::number("") };
    let style = if on_time < 0.5 { TextStyle::Alert } else { TextStyle::Plain };
    Cell::number(format_probability(on_time)).with_style(style)
}
