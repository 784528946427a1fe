//! Durations of activities: from an estimate, or inferred from points.

use crate::model::completion::{credit, own_task};
use crate::model::{Project, Status, Task, TaskIndex, Workstream};
use crate::quantity::Ratio;
use crate::schedule::pert::{BetaPertCache, RemainingDuration, ThreePoint};

/// The remaining duration of an activity, drawn again in each simulation run.
#[derive(Debug, Clone)]
pub(crate) struct ActivityDuration {
    /// Seeds its random numbers.
    pub(crate) key: String,
    remaining: RemainingDuration,
    /// Working days since the actual start.
    elapsed: Option<f64>,
    /// The share that is still open, from 0 to 1.
    open: f64,
}

impl ActivityDuration {
    /// The remainder of `estimate`, if it started `elapsed` working days ago and `open` of it is left.
    pub(crate) fn new(
        key: String,
        estimate: ThreePoint,
        elapsed: Option<f64>,
        open: f64,
        cache: &mut BetaPertCache,
    ) -> Self {
        Self { key, remaining: RemainingDuration::new(estimate, elapsed.unwrap_or(0.0), cache), elapsed, open }
    }

    /// Whether the item has taken longer than its pessimistic estimate.
    pub(crate) fn is_overrun(&self) -> bool {
        self.remaining.is_overrun()
    }

    /// Whether every simulation run draws the same duration.
    pub(crate) fn is_certain(&self) -> bool {
        self.remaining.is_certain()
    }

    /// The remaining working days at `probability`.
    ///
    /// Earned work isn't repeated, and elapsed time is spent: the smaller of the two remainders.
    pub(crate) fn quantile(&self, probability: f64) -> f64 {
        let remaining = self.remaining.quantile(probability);
        match self.elapsed {
            None => self.open * remaining,
            Some(_) if self.remaining.is_overrun() => remaining,
            Some(elapsed) => remaining.min(self.open * (remaining + elapsed)),
        }
    }

    /// Replaces each probability by [`Self::quantile`] of it.
    pub(crate) fn quantiles(&self, probabilities: &mut [f64]) {
        if self.elapsed.is_none() {
            self.remaining.quantiles(self.open, probabilities);
        } else {
            for probability in probabilities {
                *probability = self.quantile(*probability);
            }
        }
    }

    /// The mean in working days.
    pub(crate) fn mean(&self) -> f64 {
        const STEPS: u32 = 1000;
        match self.elapsed {
            None => self.open * self.remaining.mean(),
            Some(_) if self.open >= 1.0 || self.remaining.is_overrun() => self.remaining.mean(),
            Some(_) => {
                let middle = |step: u32| self.quantile((f64::from(step) + 0.5) / f64::from(STEPS));
                (0..STEPS).map(middle).sum::<f64>() / f64::from(STEPS)
            }
        }
    }
}

/// Working days per point: minimum, median and maximum of the workstreams that have both.
pub(crate) fn days_per_point(project: &Project, days_per_week: f64) -> Option<ThreePoint> {
    let rate = |stream: &Workstream| {
        let points = stream.points?.get();
        (points > 0.0).then_some(stream.estimate?.likely.days(days_per_week) / points)
    };
    let mut rates: Vec<f64> = project.workstreams().filter_map(|(_, _, stream)| rate(stream)).collect();
    rates.sort_by(f64::total_cmp);
    let middle = rates.len() / 2;
    let (minimum, maximum) = (*rates.first()?, *rates.last()?);
    let median = if rates.len() % 2 == 1 { rates[middle] } else { f64::midpoint(rates[middle - 1], rates[middle]) };
    Some(ThreePoint { optimistic: minimum, likely: median, pessimistic: maximum })
}

/// Whether a task has open work.
pub(crate) fn is_open(task: &Task) -> bool {
    matches!(task.status, Status::Todo | Status::Partial(_))
}

/// The share of a task in the open work of its workstream, from 0 to 1.
pub(crate) fn open_share(project: &Project, index: TaskIndex) -> f64 {
    let open = |task: &Task| task.weight.get() * (1.0 - credit(task, &project.policy).map_or(1.0, Ratio::get));
    let tasks = &project.workstream(index.area, index.workstream).tasks;
    let all: f64 = tasks.iter().filter_map(own_task).map(open).sum();
    project.task(index).map_or(0.0, |task| if all > 0.0 { open(task) / all } else { 0.0 })
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::*;
    use crate::format;
    use crate::model::lower::lower;

    fn project(text: &str) -> Project {
        let (project, findings) = lower(format::parse(text).0.unwrap());
        assert!(findings.is_empty(), "{findings:?}");
        project
    }

    fn rates(workstreams: &str) -> Option<[f64; 3]> {
        let text = format!("project: x\nareas: {{a: {{workstreams: {{{workstreams}}}}}}}\n");
        let rates = days_per_point(&project(&text), 5.0)?;
        Some([rates.optimistic, rates.likely, rates.pessimistic])
    }

    #[test]
    fn days_per_point_are_minimum_median_and_maximum() {
        let two = "t: {points: 10, estimate: 1-3w}, u: {points: 4, estimate: 2d}";
        assert_eq!(rates(two), Some([0.5, 0.75, 1.0]));
        let three = format!("{two}, v: {{points: 20, estimate: 12d}}");
        assert_eq!(rates(&three), Some([0.5, 0.6, 1.0]));
        assert_eq!(rates("t: {points: 10}, u: {estimate: 2d}, v: {points: 0, estimate: 2d}"), None);
    }

    #[test]
    fn a_task_has_a_share_of_the_open_work() {
        let project = project(
            "project: x
policy: {partial_credit: 50%}
areas:
  a:
    workstreams:
      w: {tasks: [{todo: one, weight: 3}, partial: two, done: three, {waived: four, reason: none}]}
      v: {tasks: [done: five]}
",
        );
        let share = |workstream, task| open_share(&project, TaskIndex { area: 0, workstream, task });
        assert_eq!([0, 1, 2, 3].map(|task| share(0, task)), [3.0 / 3.5, 0.5 / 3.5, 0.0, 0.0]);
        assert_eq!(share(1, 0), 0.0);
        let open = project.tasks().map(|(_, task)| is_open(task)).collect::<Vec<_>>();
        assert_eq!(open, [true, true, false, false, false]);
    }

    #[test]
    fn the_remainder_is_the_smaller_of_open_work_and_remaining_time() {
        let duration = |estimate, elapsed, open| {
            ActivityDuration::new("x".to_owned(), estimate, elapsed, open, &mut BetaPertCache::default())
        };
        let both = |duration: ActivityDuration| {
            let mut values = [0.5];
            duration.quantiles(&mut values);
            assert_eq!(values[0], duration.quantile(0.5));
            [duration.quantile(0.5), duration.mean()].map(|days| (days * 1e6).round() / 1e6)
        };
        let fixed = ThreePoint::fixed(10.0);
        assert_eq!(both(duration(fixed, None, 0.25)), [2.5, 2.5]);
        assert_eq!(both(duration(fixed, Some(4.0), 1.0)), [6.0, 6.0]);
        assert_eq!(both(duration(fixed, Some(4.0), 0.9)), [6.0, 6.0]);
        assert_eq!(both(duration(fixed, Some(4.0), 0.25)), [2.5, 2.5]);
        let overrun = duration(fixed, Some(12.0), 0.25);
        assert!(overrun.is_overrun() && overrun.is_certain());
        assert_eq!(both(overrun), [1.0, 1.0]);
        let uncertain = ThreePoint { optimistic: 2.0, likely: 3.0, pessimistic: 4.0 };
        assert!(!duration(uncertain, None, 1.0).is_certain() && !duration(uncertain, Some(1.0), 1.0).is_overrun());
        assert_eq!(both(duration(uncertain, None, 0.5)), [1.5, 1.5]);
        assert_eq!(both(duration(uncertain, Some(1.0), 0.5)), [1.5, 1.5]);
    }
}
