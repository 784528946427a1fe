//! Earned schedule: progress as a duration.
//!
//! Lipke: Schedule is different (2003). The earned schedule ES is the moment for which the baseline
//! planned the completion that is earned now. Completion at the start of the baseline isn't progress,
//! and is subtracted from both.

use jiff::civil::Date;

use crate::model::completion::Completion;
use crate::model::{BaselinePoint, Project};
use crate::quantity::Ratio;
use crate::schedule::timeline::Timeline;

/// Progress against the baseline, in working days since the start of the baseline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EarnedSchedule {
    /// PD: the planned duration.
    pub planned: f64,
    /// AT: the actual time, from the start of the baseline to the start day.
    pub actual: f64,
    /// ES: the earned schedule.
    pub earned: f64,
    /// PV: the planned completion at the start day, from 0 to 1.
    pub planned_completion: f64,
    /// Completion earned per working day so far, from 0 to 1; `None` on the first day.
    pub observed_pace: Option<f64>,
    /// Completion per working day that is required from now on; `None` after the end of the baseline.
    pub required_pace: Option<f64>,
}

impl EarnedSchedule {
    /// The progress of `earned` at the end of the start day. `None` without a baseline, if the
    /// baseline plans no progress, and before it starts.
    ///
    /// Time ends with `finished`, the day on which everything was earned.
    #[must_use]
    pub fn of(
        baseline: &[BaselinePoint],
        earned: Ratio,
        finished: Option<Date>,
        timeline: Timeline<'_>,
    ) -> Option<Self> {
        let (first, last) = (baseline.first()?, baseline.last()?);
        let start = timeline.end_of(first.when);
        let now = finished.map_or(0.0, |day| timeline.end_of(day).min(0.0));
        let plan: Vec<(f64, f64)> = baseline
            .iter()
            .map(|point| (timeline.end_of(point.when) - start, point.complete.get() - first.complete.get()))
            .collect();
        let planned = timeline.end_of(last.when) - start;
        let (actual, progress) = (now - start, earned.get() - first.complete.get());
        if planned <= 0.0 || last.complete <= first.complete || actual < 0.0 {
            return None;
        }
        Some(Self {
            planned,
            actual,
            earned: earned_time(&plan, progress.max(0.0)),
            planned_completion: first.complete.get() + planned_at(&plan, actual),
            observed_pace: (actual > 0.0).then(|| progress / actual),
            required_pace: (planned > actual)
                .then(|| (last.complete.get() - earned.get()).max(0.0) / (planned - actual)),
        })
    }

    /// SPI(t) = ES / AT: below 1 is behind the baseline. `None` on the first day.
    #[must_use]
    pub fn performance(&self) -> Option<f64> {
        (self.actual > 0.0).then(|| self.earned / self.actual)
    }

    /// TSPI = (PD − ES) / (PD − AT): the SPI(t) that the remaining work requires. Above 1.10 the project
    /// is very unlikely to finish on time. `None` after the end of the baseline.
    #[must_use]
    pub fn to_complete(&self) -> Option<f64> {
        (self.planned > self.actual).then(|| (self.planned - self.earned) / (self.planned - self.actual))
    }

    /// PD / SPI(t): the total duration at the pace so far. `None` if nothing is earned yet.
    #[must_use]
    pub fn forecast(&self) -> Option<f64> {
        self.performance().filter(|performance| *performance > 0.0).map(|performance| self.planned / performance)
    }
}

/// The day on which everything was earned: of the last `finished` date, otherwise the status date. `None` while
/// work is open, or if neither is known.
#[must_use]
pub fn finish_day(project: &Project, completion: &Completion) -> Option<Date> {
    completion.project().filter(|earned| *earned >= Ratio::ONE)?;
    let own = project.tasks().map(|(_, task)| task);
    let done = project.areas.iter().flat_map(|area| &area.done).chain(own);
    done.filter_map(|task| task.finished).max().or(project.as_of)
}

/// The last time at which `plan` has `progress` or less; its times and completions don't fall.
fn earned_time(plan: &[(f64, f64)], progress: f64) -> f64 {
    let after = plan.partition_point(|(_, complete)| *complete <= progress);
    let Some(&(time, complete)) = after.checked_sub(1).and_then(|before| plan.get(before)) else { return 0.0 };
    let Some(&(later, more)) = plan.get(after) else { return time };
    time + (later - time) * (progress - complete) / (more - complete)
}

/// The completion in `plan` at `time`.
fn planned_at(plan: &[(f64, f64)], time: f64) -> f64 {
    let after = plan.partition_point(|(point, _)| *point <= time);
    let Some(&(before, complete)) = after.checked_sub(1).and_then(|before| plan.get(before)) else { return 0.0 };
    let Some(&(later, more)) = plan.get(after) else { return complete };
    complete + (more - complete) * (time - before) / (later - before)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::*;

    #[test]
    fn known_answers() {
        assert_eq!(earned_time(&[(0.0, 0.0), (10.0, 1.0)], 0.3), 3.0);
        let cumulative = [0.0, 20.0, 50.0, 90.0, 140.0, 200.0];
        let plan: Vec<(f64, f64)> = (0..).map(f64::from).zip(cumulative).collect();
        assert_eq!(earned_time(&plan, 70.0), 2.5);
        let linear = EarnedSchedule {
            planned: 10.0,
            actual: 4.0,
            earned: 3.0,
            planned_completion: 0.4,
            observed_pace: None,
            required_pace: None,
        };
        assert_eq!(linear.performance(), Some(0.75));
        assert!((linear.forecast().unwrap() - 13.333_333).abs() < 1e-6);
        assert!((linear.to_complete().unwrap() - 7.0 / 6.0).abs() < 1e-12);
    }

    /// The earned schedule of a baseline of 10 working days from 10 % to 90 %.
    fn earned_schedule(status: &str, earned: f64) -> Option<EarnedSchedule> {
        let text = format!(
            "project: x\nas_of: {status}\nbaseline: [{{when: 2026-01-02, complete: 10%}}, {{when: 2026-01-09, complete: 30%}}, {{when: 2026-01-16, complete: 90%}}]\n"
        );
        let project = crate::model::lower::lower(crate::format::parse(&text).0.unwrap()).0;
        let timeline = Timeline::at(&project, project.as_of.unwrap());
        EarnedSchedule::of(&project.baseline, Ratio::clamped(earned), None, timeline)
    }

    #[test]
    fn progress_is_compared_with_the_baseline() {
        let rounded = |value: f64| (value * 1e9).round() / 1e9;
        let schedule = earned_schedule("2026-01-13", 0.2).unwrap();
        assert_eq!((schedule.planned, schedule.actual, schedule.earned), (10.0, 7.0, 2.5));
        assert_eq!(rounded(schedule.planned_completion), 0.54);
        assert_eq!(schedule.observed_pace.map(rounded), Some(rounded(0.1 / 7.0)));
        assert_eq!(schedule.required_pace.map(rounded), Some(rounded(0.7 / 3.0)));
        assert_eq!(schedule.performance().map(rounded), Some(rounded(2.5 / 7.0)));
        assert_eq!(schedule.forecast().map(rounded), Some(28.0));
        assert_eq!(schedule.to_complete(), Some(2.5));
        let ahead = earned_schedule("2026-01-13", 0.95).unwrap();
        assert_eq!((ahead.earned, ahead.required_pace), (10.0, Some(0.0)));
        let behind = earned_schedule("2026-01-13", 0.05).unwrap();
        assert_eq!((behind.earned, behind.forecast()), (0.0, None));
    }

    #[test]
    fn progress_is_known_from_the_start_of_the_baseline() {
        let first = earned_schedule("2026-01-02", 0.1).unwrap();
        assert_eq!((first.actual, first.observed_pace, first.planned_completion), (0.0, None, 0.1));
        assert!(earned_schedule("2026-01-01", 0.1).is_none());
        let last = earned_schedule("2026-01-16", 0.5).unwrap();
        assert_eq!((last.actual, last.required_pace, last.to_complete()), (10.0, None, None));
        assert_eq!((last.planned_completion * 1e9).round() / 1e9, 0.9);
        let after = earned_schedule("2026-01-20", 0.5).unwrap();
        assert_eq!((after.actual, (after.planned_completion * 1e9).round() / 1e9), (12.0, 0.9));
    }

    #[test]
    fn a_baseline_plans_progress_over_time() {
        let of = |baseline: &str| {
            let text = format!("project: x\nbaseline: [{baseline}]\n");
            let project = crate::model::lower::lower(crate::format::parse(&text).0.unwrap()).0;
            let timeline = Timeline::at(&project, jiff::civil::date(2026, 1, 13));
            EarnedSchedule::of(&project.baseline, Ratio::clamped(0.5), None, timeline)
        };
        assert!(of("").is_none());
        assert!(of("{when: 2026-01-05, complete: 10%}").is_none());
        assert!(of("{when: 2026-01-05, complete: 10%}, {when: 2026-01-09, complete: 10%}").is_none());
        assert!(of("{when: 2026-01-09, complete: 10%}, {when: 2026-01-10, complete: 20%}").is_none(), "a Saturday");
        assert!(of("{when: 2026-01-05, complete: 10%}, {when: 2026-01-09, complete: 20%}").is_some());
    }

    #[test]
    fn performance_is_unknown_on_the_first_day_and_to_complete_on_the_last() {
        let first = EarnedSchedule {
            planned: 10.0,
            actual: 0.0,
            earned: 0.0,
            planned_completion: 0.0,
            observed_pace: None,
            required_pace: None,
        };
        assert_eq!((first.performance(), first.to_complete(), first.forecast()), (None, Some(1.0), None));
        let last = EarnedSchedule { actual: 10.0, earned: 9.0, ..first };
        assert_eq!((last.performance(), last.to_complete()), (Some(0.9), None));
    }

    #[test]
    fn time_ends_when_everything_is_earned() {
        let spi = |task: &str, as_of: &str, today: i8| {
            let text = format!(
                "project: x\n{as_of}baseline: [{{when: 2026-01-02, complete: 0%}}, {{when: 2026-01-16, complete: 100%}}]\nareas: {{a: {{workstreams: {{w: {{tasks: [{task}]}}}}}}}}\n"
            );
            let project = crate::model::lower::lower(crate::format::parse(&text).0.unwrap()).0;
            let completion = Completion::of(&project);
            let timeline = Timeline::at(&project, jiff::civil::date(2026, 2, today));
            let finished = finish_day(&project, &completion);
            EarnedSchedule::of(&project.baseline, completion.project().unwrap(), finished, timeline).unwrap().actual
        };
        for today in [2, 9, 16] {
            assert_eq!(spi("{done: t, finished: 2026-01-23}", "as_of: 2026-01-30\n", today), 15.0, "{today}");
            assert_eq!(spi("{done: t}", "as_of: 2026-01-30\n", today), 20.0, "{today}");
        }
        assert_eq!([2, 9].map(|today| spi("{done: t}", "", today)), [21.0, 26.0], "the day is unknown");
        assert_eq!(spi("{done: t, finished: 2026-02-27}", "", 9), 26.0, "a date that is ahead");
        assert_eq!(spi("{todo: t}", "as_of: 2026-01-30\n", 9), 26.0);
    }

    #[test]
    fn a_pause_in_the_plan_is_earned_to_its_end() {
        let plan = [(0.0, 0.0), (2.0, 0.5), (6.0, 0.5), (8.0, 1.0)];
        assert_eq!(earned_time(&plan, 0.5), 6.0);
        assert_eq!(earned_time(&plan, 0.25), 1.0);
        assert_eq!(earned_time(&plan, 1.0), 8.0);
        assert_eq!(earned_time(&plan, 2.0), 8.0);
        assert_eq!(earned_time(&plan, 0.0), 0.0);
    }
}
