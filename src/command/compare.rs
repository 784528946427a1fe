//! The effect of an edit on the milestones: `check --against`.

mod git;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::num::NonZero;
use std::path::Path;

use anyhow::{Context as _, anyhow, bail};
use jiff::civil::Date;

use crate::command::as_of::AsOf;
use crate::command::compare::git::file_at_revision;
use crate::command::output::table::{Cell, Table, truncate};
use crate::command::output::{TextStyle, format_days, format_points};
use crate::command::plan;
use crate::command::plan::{ValidPlan, compute_forecast};
use crate::date::DayOrMonth;
use crate::finding::print::escape::escape_text;
use crate::model::Project;
use crate::quantity::Ratio;
use crate::quantity::probability_words;
use crate::schedule::finish::ForecastModel;
use crate::schedule::forecast::Forecast;
use crate::schedule::timeline::Timeline;
use crate::source::input::{is_pipe, read_argument};
use crate::source::{ReadLimits, SourceFile};

/// `--against` and its options.
#[derive(Debug, Clone)]
pub(crate) struct CompareOptions {
    /// A file, or a Git revision.
    pub(crate) name: String,
    /// Largest accepted decrease of an on-time probability.
    pub(crate) fail_if_worse: Option<Ratio>,
    /// Number of simulation runs.
    pub(crate) draws: NonZero<u32>,
}

/// The options of `check` that also apply to the comparison.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CompareContext {
    pub(crate) as_of: AsOf,
    pub(crate) colour: bool,
    pub(crate) limits: ReadLimits,
}

impl CompareOptions {
    /// Prints the differences between the forecasts of `files` and those of the earlier files. Both are
    /// evaluated for the same moment. Returns whether any milestone got worse by more than the accepted amount.
    ///
    /// # Errors
    ///
    /// There is no such file or revision, an earlier file has errors, or `out` fails.
    pub(crate) fn compare(
        &self,
        files: &[&SourceFile],
        context: &CompareContext,
        out: &mut dyn Write,
    ) -> anyhow::Result<bool> {
        let mut is_worse = false;
        for file in files {
            // `check` has already printed the errors of `file`.
            let Ok(after) = plan::require_valid(file, context.as_of, false, &mut io::sink()) else { continue };
            let Some(before) = self.read_before(file, files.len(), context)? else {
                writeln!(out, "\n`{}` is new: it does not exist in `{}`", file.path.display(), self.name)?;
                continue;
            };
            let before = plan::require_valid(&before, context.as_of, context.colour, out)
                .with_context(|| format!("cannot compare with `{}`", self.name))?;
            is_worse |= self.compare_plans(&before, &after, context, out)?;
        }
        Ok(is_worse)
    }

    /// The earlier content of the file; `None` if it did not exist.
    fn read_before(
        &self,
        file: &SourceFile,
        files: usize,
        context: &CompareContext,
    ) -> anyhow::Result<Option<SourceFile>> {
        let path = Path::new(&self.name);
        if !path.is_file() && !is_pipe(path) {
            return file_at_revision(&file.path, &self.name);
        }
        if files > 1 {
            bail!("cannot compare {files} files with the file `{}`: expected one file, or a Git revision", self.name);
        }
        let before = read_argument(path, context.limits, &mut io::empty());
        before.map(Some).map_err(|finding| anyhow!("{}: {}", self.name, finding.message))
    }

    fn compare_plans(
        &self,
        before: &ValidPlan,
        after: &ValidPlan,
        context: &CompareContext,
        out: &mut dyn Write,
    ) -> anyhow::Result<bool> {
        let forecast = |valid: &ValidPlan| compute_forecast(valid, self.draws);
        let (old_forecast, new_forecast) = (forecast(before), forecast(after));
        let old = milestone_forecasts(&before.plan.project, &old_forecast);
        let new = milestone_forecasts(&after.plan.project, &new_forecast);
        let p50 = if new_forecast.has_risks { "P50 with risks" } else { "P50" };
        let (text, number) = (|name| Cell::text(name, 14), |name: &str| Cell::number(name));
        let heading = [
            text("Milestone"),
            text("Due"),
            text(p50),
            number("Change"),
            number("On time"),
            number("Change"),
            text(""),
        ];
        let mut rows = vec![heading.map(|cell| cell.with_style(TextStyle::Heading)).to_vec()];
        let labels = milestone_labels(&old, &new);
        let mut is_worse = false;
        for id in new.keys().chain(old.keys().filter(|id| !new.contains_key(*id))) {
            let change = MilestoneChange { old: old.get(id), new: new.get(id), accepted: self.fail_if_worse };
            rows.extend(change.row(&labels[id]));
            is_worse |= change.is_worse();
        }
        let title = escape_text(&after.plan.project.title);
        writeln!(out, "\n{title}: milestones compared with `{}`", self.name)?;
        writeln!(out, "changes: P50 in working days (d), on-time probability in percentage points\n")?;
        write!(out, "{}", Table { rows, colour: context.colour })?;
        Ok(is_worse)
    }
}

/// The forecast of a milestone, with risks.
#[derive(Debug, Clone, PartialEq)]
struct MilestoneForecast {
    title: Box<str>,
    due: Option<Date>,
    /// The day, and working days after the start day.
    p50: Option<(Date, f64)>,
    on_time: Option<f64>,
    is_overdue: bool,
    is_done: bool,
}

impl MilestoneForecast {
    fn of(project: &Project, forecast: &Forecast, index: usize) -> Self {
        let (milestone, item) = (&project.milestones[index], forecast.milestone(index));
        let p50 = item.and_then(|item| item.finish).map(|finish| finish.p50().risk);
        let on_time = item.and_then(|item| item.finish(ForecastModel::Risk)).and_then(|finish| finish.on_time);
        let fixed_date = item.and_then(|item| item.fixed_date);
        let timeline = Timeline::at(project, forecast.start_day);
        let day = |days: f64| fixed_date.into_iter().fold(timeline.day(days), Date::max);
        Self {
            title: milestone.title.clone(),
            due: milestone.due.map(DayOrMonth::last_day),
            p50: p50.map(|days| (day(days), days)),
            on_time,
            is_overdue: item.is_some_and(|item| item.is_overdue),
            is_done: milestone.done.is_some(),
        }
    }
}

impl MilestoneForecast {
    fn on_time_words(&self) -> String {
        if self.is_overdue { "overdue".to_owned() } else { self.on_time.map(probability_words).unwrap_or_default() }
    }
}

/// By ID of the milestone.
fn milestone_forecasts(project: &Project, forecast: &Forecast) -> BTreeMap<String, MilestoneForecast> {
    let entry =
        |index: usize| (project.milestones[index].id.to_string(), MilestoneForecast::of(project, forecast, index));
    (0..project.milestones.len()).map(entry).collect()
}

/// The title of each milestone, by ID. Titles that repeat are followed by the ID, as for a milestone whose ID
/// was changed.
fn milestone_labels(
    old: &BTreeMap<String, MilestoneForecast>,
    new: &BTreeMap<String, MilestoneForecast>,
) -> BTreeMap<String, String> {
    let shown: BTreeMap<&String, &MilestoneForecast> = old.iter().chain(new).collect();
    let is_repeated = |title: &str| shown.values().filter(|it| *it.title == *title).count() > 1;
    let label = |id: &str, milestone: &MilestoneForecast| match &*milestone.title {
        "" => id.to_owned(),
        title if is_repeated(title) => format!("{} ({id})", truncate(title, 34)),
        title => truncate(title, 34),
    };
    shown.iter().map(|(&id, milestone)| (id.clone(), label(id, milestone))).collect()
}

/// A milestone before and after the edit.
#[derive(Debug, Clone, Copy)]
struct MilestoneChange<'a> {
    old: Option<&'a MilestoneForecast>,
    new: Option<&'a MilestoneForecast>,
    /// Largest accepted decrease of the on-time probability.
    accepted: Option<Ratio>,
}

impl MilestoneChange<'_> {
    /// In working days; positive is later.
    fn p50_change(&self) -> Option<f64> {
        Some(self.new?.p50?.1 - self.old?.p50?.1)
    }

    fn on_time_change(&self) -> Option<f64> {
        Some(self.new?.on_time? - self.old?.on_time?)
    }

    fn is_worse(&self) -> bool {
        // The tolerance is for rounding errors of the difference.
        self.accepted.zip(self.on_time_change()).is_some_and(|(accepted, change)| -change > accepted.get() + 1e-9)
    }

    fn remark(&self) -> &'static str {
        match (self.old, self.new) {
            (None, _) => "new",
            (_, None) => "removed",
            (Some(old), Some(new)) if new.is_done && !old.is_done => "reached",
            (Some(old), Some(new)) if old.due != new.due => "due date moved",
            _ if self.is_worse() => "worse",
            _ => "",
        }
    }

    fn row(&self, label: &str) -> Option<Vec<Cell>> {
        let shown = self.new.or(self.old)?;
        let style = if self.is_worse() { TextStyle::Alert } else { TextStyle::Plain };
        let p50 = self.new.and_then(|new| new.p50);
        Some(vec![
            Cell::text(label, 60).with_style(style),
            Cell::text(&shown.due.map(|due| due.to_string()).unwrap_or_default(), 10),
            Cell::text(&p50.map(|(day, _)| day.to_string()).unwrap_or_default(), 10),
            Cell::number(self.p50_change().map(format_days).unwrap_or_default()),
            Cell::number(self.new.map(MilestoneForecast::on_time_words).unwrap_or_default()),
            Cell::number(self.on_time_change().map(format_points).unwrap_or_default()),
            Cell::text(self.remark(), 20).with_style(style),
        ])
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::scalar::ScalarFormat as _;

    fn forecast(on_time: f64) -> MilestoneForecast {
        MilestoneForecast {
            title: "Launch".into(),
            due: Some(date(2026, 4, 10)),
            p50: Some((date(2026, 4, 8), 26.0)),
            on_time: Some(on_time),
            is_overdue: false,
            is_done: false,
        }
    }

    fn remark(old: Option<&MilestoneForecast>, new: Option<&MilestoneForecast>) -> &'static str {
        MilestoneChange { old, new, accepted: None }.remark()
    }

    #[test]
    fn a_remark_names_the_most_important_change() {
        let old = forecast(0.9);
        let moved = MilestoneForecast { due: Some(date(2026, 4, 17)), ..forecast(0.9) };
        let without_due = MilestoneForecast { due: None, ..forecast(0.9) };
        let done = MilestoneForecast { is_done: true, ..moved.clone() };
        assert_eq!(remark(Some(&old), Some(&old)), "");
        assert_eq!(remark(None, Some(&old)), "new");
        assert_eq!(remark(Some(&old), None), "removed");
        assert_eq!(remark(Some(&old), Some(&moved)), "due date moved");
        assert_eq!(remark(Some(&old), Some(&without_due)), "due date moved");
        assert_eq!(remark(Some(&old), Some(&done)), "reached");
        assert_eq!(remark(Some(&done), Some(&done)), "", "it was reached before");
    }

    #[test]
    fn worse_is_a_decrease_by_more_than_accepted() {
        let is_worse = |before: f64, after: f64, accepted: &str| {
            let accepted = Ratio::parse(accepted).unwrap();
            let (old, new) = (forecast(before), forecast(after));
            MilestoneChange { old: Some(&old), new: Some(&new), accepted: Some(accepted) }.is_worse()
        };
        assert!(is_worse(0.9, 0.79, "10%"));
        assert!(!is_worse(0.9, 0.8, "10%"), "exactly the accepted decrease");
        assert!(!is_worse(0.8, 0.9, "0%"), "better");
        let (old, new) = (forecast(0.9), forecast(0.1));
        let change = MilestoneChange { old: Some(&old), new: Some(&new), accepted: None };
        assert!(!change.is_worse(), "without --fail-if-worse");
        assert!(!MilestoneChange { old: None, ..change }.is_worse(), "nothing to compare with");
    }

    #[test]
    fn changes_are_new_minus_old() {
        let (old, new) = (forecast(0.9), MilestoneForecast { p50: Some((date(2026, 4, 1), 21.5)), ..forecast(0.6) });
        let change = MilestoneChange { old: Some(&old), new: Some(&new), accepted: None };
        assert_eq!(change.p50_change(), Some(-4.5));
        assert_eq!(change.on_time_change().map(format_points).as_deref(), Some("-30"));
        let without = MilestoneForecast { p50: None, on_time: None, ..forecast(0.6) };
        let change = MilestoneChange { new: Some(&without), ..change };
        assert_eq!((change.p50_change(), change.on_time_change()), (None, None));
    }
}
