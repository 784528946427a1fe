//! The timeline of `forecast`: one line per milestone.

use std::fmt::Write as _;

use jiff::ToSpan;
use jiff::civil::Date;
use unicode_width::UnicodeWidthStr;

use crate::command::output::TextStyle;
use crate::command::output::table::truncate;
use crate::date::DayOrMonth;
use crate::model::Project;
use crate::schedule::finish::{FinishForecast, Percentiles};
use crate::schedule::forecast::{Forecast, ItemForecast};
use crate::schedule::timeline::Timeline;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Chart<'a> {
    pub(crate) project: &'a Project,
    pub(crate) forecast: &'a Forecast,
    pub(crate) colour: bool,
    /// Columns of a terminal.
    pub(crate) width: usize,
}

struct Marks {
    due: Option<Date>,
    /// With risks.
    range: Option<Percentiles<Date>>,
}

const LEGEND: &str = "◆ due   ● P50   ━ to P85   ─ to P95";

impl Chart<'_> {
    /// Draws these milestones, from the start day or the earliest date to the latest.
    pub(crate) fn draw(&self, milestones: &[usize]) -> String {
        let marks: Vec<Marks> = milestones.iter().map(|&index| self.marks(index)).collect();
        let dates = || {
            marks.iter().flat_map(|marks| {
                marks.due.into_iter().chain(marks.range.into_iter().flat_map(Percentiles::into_array))
            })
        };
        let first = dates().min().map_or(self.forecast.start_day, |date| date.min(self.forecast.start_day));
        let last = dates().max().unwrap_or(first).max(first);
        let ids: Vec<String> =
            milestones.iter().map(|&index| truncate(self.project.milestones[index].id.as_str(), 24)).collect();
        let margin = ids.iter().map(|id| id.width()).max().unwrap_or(0) + 2;
        let scale = Scale::new(first, last, self.width.saturating_sub(margin + 1).clamp(20, 120));
        let mut out = format!("{}{}\n", " ".repeat(margin), scale.months());
        for ((id, marks), &index) in ids.iter().zip(&marks).zip(milestones) {
            let is_late = self.forecast.milestone(index).is_some_and(ItemForecast::is_late);
            let line = scale.line(marks);
            let line = if is_late { TextStyle::Alert.paint(&line, self.colour) } else { line };
            // Writing to a string cannot fail, here and below.
            let line = format!("{id}{}{line}", " ".repeat(margin - id.width()));
            let _ = writeln!(out, "{}", line.trim_end());
        }
        let _ = writeln!(out, "{}{}", " ".repeat(margin), TextStyle::Dimmed.paint(LEGEND, self.colour));
        out
    }

    fn marks(&self, index: usize) -> Marks {
        let timeline = Timeline::at(self.project, self.forecast.start_day);
        let item = self.forecast.milestone(index);
        let fixed_date = item.and_then(|item| item.fixed_date);
        let day = |days: f64| fixed_date.into_iter().fold(timeline.day(days), Date::max);
        let range = item.and_then(|item| item.finish).map(|finish| match finish {
            FinishForecast::DueDates(days) => Percentiles { p50: days.risk, p85: days.risk, p95: days.risk },
            FinishForecast::Simulated(finish) => finish.risk.percentiles,
        });
        Marks {
            due: self.project.milestones[index].due.map(DayOrMonth::last_day),
            range: range.map(|percentiles| percentiles.map(day)),
        }
    }
}

/// Converts days to columns.
struct Scale {
    first: Date,
    days: i64,
    columns: i64,
}

impl Scale {
    fn new(first: Date, last: Date, columns: usize) -> Self {
        let days = last.duration_since(first).as_hours() / 24;
        Self { first, days: days.max(1), columns: i64::try_from(columns).unwrap_or(i64::MAX) }
    }

    fn column(&self, date: Date) -> usize {
        let day = date.duration_since(self.first).as_hours() / 24;
        usize::try_from(day * (self.columns - 1) / self.days).unwrap_or(0)
    }

    /// The names of the months, each at its first day. January is shown as the year; names without
    /// enough room are omitted.
    fn months(&self) -> String {
        let mut names = String::new();
        let mut month = self.first.first_of_month();
        let end = self.first.checked_add(self.days.days()).unwrap_or(Date::MAX);
        while let Ok(next) = month.checked_add(1.month()) {
            month = next;
            if month > end {
                break;
            }
            let column = self.column(month);
            let name =
                if month.month() == 1 { month.strftime("%Y").to_string() } else { month.strftime("%b").to_string() };
            let is_room = names.is_empty() || names.width() < column;
            if is_room && column >= names.width() && column + name.len() <= usize::try_from(self.columns).unwrap_or(0) {
                names += &" ".repeat(column - names.width());
                names += &name;
            }
        }
        names
    }

    fn line(&self, marks: &Marks) -> String {
        let mut cells = vec![' '; usize::try_from(self.columns).unwrap_or(0)];
        let mut put = |from: Date, to: Date, sign: char| {
            for cell in &mut cells[self.column(from)..=self.column(to)] {
                *cell = sign;
            }
        };
        if let Some(Percentiles { p50, p85, p95 }) = marks.range {
            put(p85, p95, '─');
            put(p50, p85, '━');
            put(p50, p50, '●');
        }
        if let Some(due) = marks.due {
            put(due, due, '◆');
        }
        cells.into_iter().collect::<String>().trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    /// Ten days in ten columns.
    fn ten_days() -> Scale {
        Scale::new(date(2026, 1, 26), date(2026, 2, 4), 10)
    }

    fn marks(due: i8, range: [i8; 3]) -> Marks {
        let [p50, p85, p95] = range.map(|day| date(2026, 2, day));
        Marks { due: Some(date(2026, 2, due)), range: Some(Percentiles { p50, p85, p95 }) }
    }

    #[test]
    fn the_line_reaches_from_p50_to_p95() {
        assert_eq!(ten_days().line(&marks(4, [1, 2, 3])), "      ●━─◆");
        assert_eq!(ten_days().line(&marks(1, [1, 1, 1])), "      ◆", "the due date hides the percentiles");
        assert_eq!(ten_days().line(&Marks { due: None, range: None }), "");
    }

    #[test]
    fn the_first_and_the_last_day_are_at_the_edges() {
        let scale = Scale::new(date(2026, 1, 1), date(2026, 12, 31), 50);
        assert_eq!((scale.column(date(2026, 1, 1)), scale.column(date(2026, 12, 31))), (0, 49));
        let single_day = Scale::new(date(2026, 1, 1), date(2026, 1, 1), 50);
        assert_eq!(single_day.column(date(2026, 1, 1)), 0);
    }

    #[test]
    fn months_are_named_at_their_first_day_if_there_is_room() {
        assert_eq!(ten_days().months(), "      Feb");
        let quarters = Scale::new(date(2026, 9, 15), date(2027, 3, 1), 60);
        assert_eq!(quarters.months(), "     Oct        Nov        Dec        2027       Feb");
        let years = Scale::new(date(2026, 9, 15), date(2028, 9, 1), 30);
        assert_eq!(years.months(), "Oct 2027 May  Sep  2028 May");
    }
}
