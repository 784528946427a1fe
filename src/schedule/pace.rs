//! The pace of a project: completion per working day.

use jiff::civil::Date;

use crate::model::completion::Completion;
use crate::model::{Project, Status, Task, TaskEntry};
use crate::quantity::Ratio;
use crate::schedule::earned::EarnedSchedule;
use crate::schedule::timeline::Timeline;

/// The number of working days over which the pace is measured.
const WINDOW: f64 = 20.0;

/// Completion per working day in the last 20 working days, from 0 to 1: by the tasks with a `finished` date in
/// them. In a younger project, since its start. `None` without such tasks.
#[must_use]
pub fn recent_pace(project: &Project, completion: &Completion, timeline: Timeline<'_>) -> Option<f64> {
    let is_recent = |day: Date| day <= timeline.start_day() && -timeline.end_of(day) < WINDOW;
    let mut before = project.clone();
    let is_any_recent = reopen(&mut before, |task| task.finished.is_some_and(is_recent));
    let earned = completion.project()?.get() - Completion::of(&before).project().map_or(0.0, Ratio::get);
    let start = project.start.or_else(|| project.baseline.first().map(|point| point.when));
    let age = start.map_or(WINDOW, |start| -timeline.end_of(start.yesterday().unwrap_or(start)));
    (is_any_recent && earned > 0.0).then(|| earned / age.clamp(1.0, WINDOW))
}

/// The pace from which a project without estimates is forecast: the recent one, otherwise the one since the start
/// of the baseline.
#[must_use]
pub fn assumed_pace(recent: Option<f64>, earned: Option<EarnedSchedule>) -> Option<f64> {
    recent.or(earned?.observed_pace.filter(|pace| *pace > 0.0))
}

/// Sets the done tasks that `is_reopened` back to not started; returns whether there are any.
fn reopen(project: &mut Project, is_reopened: impl Fn(&Task) -> bool) -> bool {
    let mut is_any = false;
    for area in &mut project.areas {
        let entries = area.workstreams.iter_mut().flat_map(|stream| &mut stream.tasks);
        let own = entries.filter_map(|entry| if let TaskEntry::Own(task) = entry { Some(task) } else { None });
        for task in own.chain(&mut area.done).filter(|task| task.status == Status::Done && is_reopened(task)) {
            task.status = Status::Todo;
            is_any = true;
        }
    }
    is_any
}

/// Dates that don't depend on the estimates of open work, in working days after the start day.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SecondOpinions {
    /// The start of the baseline and the planned duration divided by SPI(t); at least the start day.
    pub earned_schedule: Option<f64>,
    /// The missing completion divided by the recent pace.
    pub pace: Option<f64>,
}

impl SecondOpinions {
    /// The second opinions about open work; none once everything is earned.
    #[must_use]
    pub fn of(completion: &Completion, earned: Option<EarnedSchedule>, pace: Option<f64>) -> Self {
        let Some(missing) = completion.project().map(|done| 1.0 - done.get()).filter(|missing| *missing > 0.0) else {
            return Self::default();
        };
        let date = |earned: EarnedSchedule| Some((earned.forecast()? - earned.actual).max(0.0));
        Self { earned_schedule: earned.and_then(date), pace: pace.map(|pace| missing / pace) }
    }

    /// Each method with its date, in the order of the exposition.
    #[must_use]
    pub fn entries(self) -> [(&'static str, Option<f64>); 2] {
        [("earned_schedule", self.earned_schedule), ("pace", self.pace)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format;
    use crate::model::lower::lower;

    fn project(text: &str) -> Project {
        let (project, findings) = lower(format::parse(text).0.unwrap());
        assert!(findings.is_empty(), "{findings:?}");
        project
    }

    /// The recent pace of a plan of four equal tasks at the end of 30 January 2026, a Friday.
    fn pace(rest: &str, finished: [&str; 2]) -> Option<f64> {
        let [one, two] = finished;
        let tasks = format!("{{done: one, finished: {one}}}, {{done: two, finished: {two}}}, todo: three, todo: four");
        let project =
            project(&format!("project: x\n{rest}\nareas: {{a: {{workstreams: {{w: {{tasks: [{tasks}]}}}}}}}}\n"));
        let timeline = Timeline::at(&project, jiff::civil::date(2026, 1, 30));
        recent_pace(&project, &Completion::of(&project), timeline).map(|pace| (pace * 1e9).round() / 1e9)
    }

    #[test]
    fn the_recent_pace_is_that_of_the_last_twenty_working_days() {
        assert_eq!(pace("", ["2026-01-05", "2026-01-30"]), Some(0.025));
        // 5 January is the 20th working day before the end of 30 January.
        assert_eq!(pace("", ["2026-01-02", "2026-01-30"]), Some(0.0125));
        assert_eq!(pace("", ["2025-12-02", "2025-12-30"]), None);
        assert_eq!(pace("", ["2026-02-02", "2026-01-30"]), Some(0.0125), "a date that is ahead");
    }

    #[test]
    fn a_younger_project_is_measured_since_its_start() {
        assert_eq!(pace("start: 2026-01-26", ["2026-01-27", "2026-01-30"]), Some(0.1));
        assert_eq!(pace("start: 2026-01-31", ["2026-01-27", "2026-01-30"]), Some(0.5), "one day at least");
        let baseline = "baseline: [{when: 2026-01-20, complete: 0%}, {when: 2026-05-05, complete: 100%}]";
        assert_eq!(pace(baseline, ["2026-01-27", "2026-01-30"]), Some(0.055_555_556));
    }

    #[test]
    fn tasks_of_an_area_count() {
        let project = project("project: x\nareas: {a: {done: [old], workstreams: {w: {tasks: [todo: t]}}}}\n");
        assert_eq!(Completion::of(&project).project().map(Ratio::get), Some(0.5));
        let mut before = project.clone();
        assert!(reopen(&mut before, |_| true));
        assert_eq!(Completion::of(&before).project().map(Ratio::get), Some(0.0));
    }

    #[test]
    fn second_opinions_end_when_everything_is_earned() {
        let open = project("project: x\nareas: {a: {workstreams: {w: {complete: 60%}}}}\n");
        let earned = EarnedSchedule {
            planned: 20.0,
            actual: 10.0,
            earned: 8.0,
            planned_completion: 0.5,
            observed_pace: Some(0.05),
            required_pace: None,
        };
        let opinions = SecondOpinions::of(&Completion::of(&open), Some(earned), Some(0.02));
        assert_eq!(opinions, SecondOpinions { earned_schedule: Some(15.0), pace: Some(20.0) });
        let done = project("project: x\nareas: {a: {workstreams: {w: {complete: 100%}}}}\n");
        assert_eq!(SecondOpinions::of(&Completion::of(&done), Some(earned), Some(0.02)), SecondOpinions::default());
        let late = EarnedSchedule { actual: 30.0, earned: 29.0, ..earned };
        assert_eq!(SecondOpinions::of(&Completion::of(&open), Some(late), None).earned_schedule, Some(0.0));
        assert_eq!(assumed_pace(None, Some(earned)), Some(0.05));
        assert_eq!((assumed_pace(Some(0.02), Some(earned)), assumed_pace(None, None)), (Some(0.02), None));
    }
}
