//! Conversion between working days and dates.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::date::{end_of_day, start_of_day};
use crate::model::Project;
use crate::model::calendar::Calendar;
use crate::schedule::ROUNDING;

/// Working days after a start day, as dates and instants.
#[derive(Debug, Clone, Copy)]
pub struct Timeline<'a> {
    calendar: &'a Calendar,
    zone: &'a TimeZone,
    start_day: Date,
}

impl<'a> Timeline<'a> {
    /// The timeline of `project` at the moment `now`.
    ///
    /// The start day is `as_of`, or today if that is later: work that the file doesn't report as
    /// finished isn't finished, so a plan without updates slips by a day per day.
    #[must_use]
    pub fn of(project: &'a Project, now: Timestamp) -> Self {
        let today = now.to_zoned_datetime(project.zone.clone()).date();
        Self::at(project, project.as_of.map_or(today, |as_of| as_of.max(today)))
    }

    /// The timeline of `project` after `start_day`.
    #[must_use]
    pub fn at(project: &'a Project, start_day: Date) -> Self {
        Self { calendar: &project.calendar, zone: &project.zone, start_day }
    }

    /// The day at whose end all open work remains to be done.
    #[must_use]
    pub fn start_day(&self) -> Date {
        self.start_day
    }

    /// The end of the start day.
    #[must_use]
    pub fn start(&self) -> Timestamp {
        end_of_day(self.start_day, self.zone)
    }

    /// The end of `day`, in working days; negative for days before the start day.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "there are fewer days than 2^52")]
    pub fn end_of(&self, day: Date) -> f64 {
        self.calendar.working_days(self.start_day, day) as f64
    }

    /// The instant at which work of `days` working days finishes.
    ///
    /// Finishes are inclusive: one working day from the end of a Sunday is the last second of
    /// Monday. Half of a day is half of its length, even if clocks change on that day.
    #[must_use]
    pub fn finish(&self, days: f64) -> Timestamp {
        let days = (days / ROUNDING).round() * ROUNDING;
        let whole = days.ceil().max(0.0);
        if whole < 1.0 {
            return self.start();
        }
        let day = self.working_day(whole);
        let (start, end) = (start_of_day(day, self.zone), end_of_day(day, self.zone));
        let part = end.duration_since(start).as_secs_f64() * (days - whole + 1.0);
        jiff::SignedDuration::try_from_secs_f64(part).ok().and_then(|part| start.checked_add(part).ok()).unwrap_or(end)
    }

    /// The day on which work of `days` working days finishes.
    #[must_use]
    pub fn day(&self, days: f64) -> Date {
        self.working_day((days - ROUNDING).ceil().max(0.0))
    }

    /// The instant at which work starts that waits for `days` working days.
    #[must_use]
    pub fn start_after(&self, days: f64) -> Timestamp {
        let days = (days / ROUNDING).round() * ROUNDING;
        if days.fract() == 0.0 {
            start_of_day(self.working_day(days.max(0.0) + 1.0), self.zone)
        } else {
            self.finish(days)
        }
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
    fn working_day(&self, number: f64) -> Date {
        self.calendar.working_day_after(self.start_day, number as u32)
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn timeline_in<T>(zone: &str, status: Date, check: impl Fn(Timeline<'_>) -> T) -> T {
        let (calendar, zone) = (Calendar::new(&[], Vec::new()), TimeZone::get(zone).unwrap());
        check(Timeline { calendar: &calendar, zone: &zone, start_day: status })
    }

    #[test]
    fn finishes_are_inclusive_and_may_fall_within_a_day() {
        timeline_in("UTC", date(2026, 1, 27), |timeline| {
            let finish = |days| timeline.finish(days).to_string();
            assert_eq!(finish(0.0), "2026-01-27T23:59:59Z");
            assert_eq!(finish(1.0), "2026-01-28T23:59:59Z");
            assert_eq!(finish(12.5), "2026-02-13T11:59:59.5Z");
            assert_eq!(finish(3.0), "2026-01-30T23:59:59Z");
            assert_eq!(timeline.start_after(3.0).to_string(), "2026-02-02T00:00:00Z");
            assert_eq!(finish(0.1 + 0.2 + 2.7), "2026-01-30T23:59:59Z");
            for (days, (month, day)) in [
                (12.5, (2, 13)),
                (17.5, (2, 20)),
                (25.0, (3, 3)),
                (35.0, (3, 17)),
                (47.5, (4, 3)),
                (60.0, (4, 21)),
                (67.0, (4, 30)),
            ] {
                assert_eq!(timeline.day(days), date(2026, month, day), "{days}");
            }
            assert_eq!(timeline.end_of(date(2026, 4, 30)), 67.0);
            assert_eq!(timeline.end_of(date(2026, 1, 23)), -2.0);
            assert_eq!(timeline.finish(f64::MAX).to_string(), timeline.finish(1e12).to_string());
        });
    }

    #[test]
    fn the_forecast_starts_on_the_later_of_as_of_and_today() {
        let project = |text: &str| crate::model::lower::lower(crate::format::parse(text).0.unwrap()).0;
        let status = |text: &str, now: &str| Timeline::of(&project(text), now.parse().unwrap()).start_day();
        let past = "project: x\nas_of: 2026-01-27\n";
        assert_eq!(status(past, "2026-01-30T12:00:00Z"), date(2026, 1, 30));
        assert_eq!(status(past, "2026-01-20T12:00:00Z"), date(2026, 1, 27));
        assert_eq!(status("project: x\n", "2026-01-30T12:00:00Z"), date(2026, 1, 30));
        let east = "project: x\ntimezone: Pacific/Auckland\n";
        assert_eq!(status(east, "2026-01-30T12:00:00Z"), date(2026, 1, 31));
        let project = project(east);
        let timeline = Timeline::at(&project, date(2026, 1, 30));
        assert_eq!(
            (timeline.start_day(), timeline.start().to_string()),
            (date(2026, 1, 30), "2026-01-30T10:59:59Z".into())
        );
    }

    #[test]
    fn work_starts_with_the_day_or_during_it() {
        timeline_in("UTC", date(2026, 1, 30), |timeline| {
            let start = |days| timeline.start_after(days).to_string();
            assert_eq!(start(-3.0), "2026-02-02T00:00:00Z");
            assert_eq!(start(0.0), "2026-02-02T00:00:00Z");
            assert_eq!(start(1.000_000_1), "2026-02-03T00:00:00Z");
            assert_eq!(start(1.5), "2026-02-03T11:59:59.5Z");
            assert_eq!(
                [0.999_999_9, 1.000_000_1, 1.000_01].map(|days| timeline.day(days)),
                [date(2026, 2, 2), date(2026, 2, 2), date(2026, 2, 3)]
            );
            assert_eq!(timeline.finish(0.25).to_string(), "2026-02-02T05:59:59.75Z");
            assert_eq!(timeline.finish(-1.0), timeline.start());
        });
    }

    #[test]
    fn half_a_day_is_half_of_its_hours_when_clocks_change() {
        let calendar = Calendar::new(&[jiff::civil::Weekday::Sunday], Vec::new());
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let timeline = Timeline { calendar: &calendar, zone: &zone, start_day: date(2026, 3, 28) };
        // 29 March has 23 hours.
        assert_eq!(timeline.finish(0.5).to_string(), "2026-03-29T10:29:59.5Z");
        assert_eq!(timeline.finish(1.0).to_string(), "2026-03-29T21:59:59Z");
        assert_eq!(timeline.end_of(date(2026, 3, 29)), 1.0);
    }
}
