//! The text of `explain`.

use std::io::Write;

use jiff::civil::Date;

use crate::command::explain::ItemGain;
use crate::command::forecast::assumptions::basis_words;
use crate::command::forecast::{assumptions, missing_forecast_reason};
use crate::command::output::table::{Cell, Table};
use crate::command::output::{TextStyle, format_days, format_share};
use crate::finding::print::escape::escape_text;
use crate::model::{Item, Project};
use crate::quantity::probability_words;
use crate::schedule::finish::{FinishForecast, ForecastModel, Percentiles};
use crate::schedule::forecast::{Forecast, ItemForecast};
use crate::schedule::network::Basis;
use crate::schedule::timeline::Timeline;

/// An open milestone and its forecast.
pub(super) struct MilestoneReport<'a> {
    pub(super) project: &'a Project,
    pub(super) forecast: &'a Forecast,
    /// Index of the milestone.
    pub(super) index: usize,
    pub(super) item: &'a ItemForecast,
    pub(super) driving_path: Vec<Item>,
}

impl MilestoneReport<'_> {
    pub(super) fn write_summary(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let &Self { project, forecast, index, item, .. } = self;
        let milestone = &project.milestones[index];
        let start = assumptions::start_words(project, forecast);
        writeln!(out, "{} ({}), {start}", escape_text(&milestone.title), milestone.id)?;
        assumptions::write(project, forecast, out)?;
        let overdue = if item.is_overdue { ", overdue" } else { "" };
        let due =
            milestone.due.map_or_else(|| "no due date".to_owned(), |due| format!("due {}{overdue}", due.last_day()));
        let timeline = Timeline::at(project, forecast.start_day);
        let finish = match item.finish.filter(|_| !item.is_unmarked) {
            None => {
                let reason = missing_forecast_reason(forecast, index);
                return Ok(writeln!(out, "{due}; not forecast: {reason}")?);
            }
            Some(FinishForecast::DueDates(days)) => {
                let day = item.fixed_date.into_iter().fold(timeline.day(days.risk), Date::max);
                return Ok(writeln!(out, "{due}; fixed date: {day}, from due dates alone")?);
            }
            Some(FinishForecast::Simulated(finish)) => finish,
        };
        for (model, finish) in finish.entries() {
            let name = match model {
                ForecastModel::Plan => "without risks",
                ForecastModel::Risk if forecast.has_risks => "with risks",
                ForecastModel::Risk => continue,
            };
            let mark = if item.without_estimate.is_empty() { "" } else { "≥ " };
            let Percentiles { p50, p85, p95 } = finish.percentiles.map(|days| format!("{mark}{}", timeline.day(days)));
            let on_time = finish.on_time.filter(|_| !item.is_overdue);
            let on_time = on_time.map(|it| format!(", on-time probability {}", probability_words(it)));
            writeln!(out, "{name}: P50 {p50}, P85 {p85}, P95 {p95}{}", on_time.unwrap_or_default())?;
        }
        let float =
            item.due.map(|_| format!(", float {} (working days, mean durations)", format_days(item.total_float)));
        Ok(writeln!(out, "{due}{}", float.unwrap_or_default())?)
    }

    /// The driving path in order of time, then the other critical items.
    pub(super) fn write_items(&self, gains: &[ItemGain], colour: bool, out: &mut dyn Write) -> anyhow::Result<()> {
        let heading = [
            Cell::text("Driving path", 40),
            Cell::number("Remaining"),
            Cell::text("", 24),
            Cell::text("Finish", 10),
            Cell::number("Criticality"),
            Cell::number("P85 change if 1 week less"),
        ];
        let mut rows = vec![heading.map(|cell| cell.with_style(TextStyle::Heading)).to_vec()];
        let (driving, others): (Vec<_>, Vec<_>) = gains.iter().partition(|it| self.driving_path.contains(&it.item));
        rows.extend(driving.into_iter().map(|gain| self.item_row(gain)));
        if !others.is_empty() {
            rows.push(vec![Cell::text("Critical in some simulation runs", 40).with_style(TextStyle::Heading)]);
            rows.extend(others.into_iter().map(|gain| self.item_row(gain)));
        }
        Ok(writeln!(out, "\n{}", Table { rows, colour }.to_string().trim_end())?)
    }

    fn item_row(&self, gain: &ItemGain) -> Vec<Cell> {
        let timeline = Timeline::at(self.project, self.forecast.start_day);
        let item = &self.forecast.items[&gain.item];
        let (duration, basis) = duration_words(item, self.forecast.bases.get(&gain.item));
        vec![
            Cell::text(&self.project.path(gain.item), 44),
            Cell::number(duration),
            Cell::text(basis, 24).with_style(TextStyle::Dimmed),
            Cell::text(&timeline.day(item.early.1).to_string(), 10),
            Cell::number(format_share(item.criticality)),
            Cell::number(if gain.days > 0.05 { format_days(-gain.days) } else { "–".to_owned() }),
        ]
    }

    /// The root of the slip, and the assumptions behind the durations.
    pub(super) fn write_notes(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let on_path = |is_wanted: fn(&Basis) -> bool| {
            let items = self.driving_path.iter().copied();
            self.paths(items.filter(|item| self.forecast.bases.get(item).is_some_and(is_wanted)))
        };
        let notes = [
            ("Root of the slip", self.root()),
            (
                "Inferred from points, at the days per point of the estimated workstreams",
                on_path(|basis| matches!(basis, Basis::Inferred)),
            ),
            (
                "Overrun: it has taken longer than its mean duration; write a new estimate",
                on_path(|basis| matches!(basis, Basis::Overrun)),
            ),
            (
                "≥ as if these items took no time, since they have no estimate",
                self.paths(self.item.without_estimate.iter().copied()),
            ),
        ];
        let notes: Vec<_> = notes.iter().filter(|(_, paths)| !paths.is_empty()).collect();
        if !notes.is_empty() {
            writeln!(out)?;
        }
        for (note, paths) in notes {
            writeln!(out, "{note}: {paths}")?;
        }
        Ok(())
    }

    /// The root of the slip, and since when it is overdue.
    fn root(&self) -> String {
        let root = self.item.slip_root();
        let due = root.and_then(|root| self.project.due(root)).filter(|due| *due < self.forecast.start_day);
        let since = due.map_or_else(String::new, |due| format!(", due on {due}"));
        let path = self.paths(root);
        if path.is_empty() { path } else { format!("{path}{since}") }
    }

    fn paths(&self, items: impl IntoIterator<Item = Item>) -> String {
        items.into_iter().map(|item| format!("`{}`", self.project.path(item))).collect::<Vec<_>>().join(", ")
    }
}

/// The mean remaining working days, and the basis of the duration.
fn duration_words(item: &ItemForecast, basis: Option<&Basis>) -> (String, &'static str) {
    let days = item.remaining.map(|days| format!("{} d", (days * 10.0).round() / 10.0));
    (days.unwrap_or_default(), basis.map_or("without estimate", |basis| basis_words(*basis)))
}
