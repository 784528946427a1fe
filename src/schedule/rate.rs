//! The days per point of a project, from which missing estimates are inferred.

use crate::model::Project;
use crate::quantity::WorkWeek;
use crate::schedule::pert::{BetaPertCache, EstimateDistribution, ThreePoint};

/// The unknown days per point of a project: log-normal.
///
/// The rate of a workstream is the mean of its estimate divided by its points. ln R has the mean of their
/// logarithms. An inferred duration is points × R × a factor of its own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DaysPerPoint {
    /// The number of workstreams with an estimate and points.
    pub observations: u32,
    /// The median of R.
    pub median: f64,
    /// The standard deviation of the logarithm of a single workstream's factor.
    pub item_log_sd: f64,
    /// The standard deviation of ln R.
    pub rate_log_sd: f64,
}

/// Counts like one observation with a standard deviation of 0.5: public data on effort have 0.5 to 0.7.
const PRIOR_VARIANCE: f64 = 0.25;

impl DaysPerPoint {
    /// The days per point of the estimated workstreams in `project`, open and finished; `None` if none has
    /// both points and an estimate above 0.
    #[must_use]
    pub fn of(project: &Project, week: WorkWeek, cache: &mut BetaPertCache) -> Option<Self> {
        let mut logarithms = Vec::new();
        let mut widest: f64 = 0.0;
        for (_, _, stream) in project.workstreams() {
            let (Some(points), Some(estimate)) = (stream.points, stream.estimate) else { continue };
            let estimate = EstimateDistribution::new(ThreePoint::of(estimate, week), cache);
            if points.get() > 0.0 && estimate.mean() > 0.0 {
                logarithms.push((estimate.mean() / points.get()).ln());
                widest = widest.max(estimate.log_spread());
            }
        }
        let observations = u32::try_from(logarithms.len()).ok().filter(|number| *number > 0)?;
        let number = f64::from(observations);
        // A sum in the order of size doesn't depend on the order of the file.
        logarithms.sort_by(f64::total_cmp);
        let mean = logarithms.iter().sum::<f64>() / number;
        let squares: f64 = logarithms.iter().map(|logarithm| (logarithm - mean) * (logarithm - mean)).sum();
        let item_log_sd = ((PRIOR_VARIANCE + squares) / number + widest * widest).sqrt();
        Some(Self { observations, median: mean.exp(), item_log_sd, rate_log_sd: item_log_sd / number.sqrt() })
    }

    /// The standard deviation of the logarithm of an inferred duration, without the shared error.
    #[must_use]
    pub fn log_sd(&self) -> f64 {
        self.item_log_sd.hypot(self.rate_log_sd)
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::*;
    use crate::format;
    use crate::model::lower::lower;

    fn rate(workstreams: &str) -> Option<DaysPerPoint> {
        let text = format!("project: x\nareas: {{a: {{workstreams: {{{workstreams}}}}}}}\n");
        let (project, findings) = lower(format::parse(&text).0.unwrap());
        assert!(findings.is_empty(), "{findings:?}");
        DaysPerPoint::of(&project, project.calendar.work_week(), &mut BetaPertCache::default())
    }

    fn rounded(value: f64) -> f64 {
        (value * 1e6).round() / 1e6
    }

    #[test]
    fn one_estimate_has_the_prior_spread_and_its_own() {
        let single = rate("t: {points: 10, estimate: 4w}").unwrap();
        assert_eq!((single.observations, rounded(single.median)), (1, 2.0));
        assert_eq!((single.item_log_sd, single.rate_log_sd), (0.5, 0.5));
        let ranged = rate("t: {points: 10, estimate: 2-6w}").unwrap();
        let own = rounded(ranged.item_log_sd * ranged.item_log_sd - 0.25).sqrt();
        assert!((own - 0.185).abs() < 1e-2, "{own}");
    }

    #[test]
    fn rates_that_agree_narrow_the_spread() {
        let equal = |number: usize| {
            let streams: Vec<String> =
                (0..number).map(|index| format!("w{index}: {{points: 10, estimate: 4w}}")).collect();
            rate(&streams.join(", ")).unwrap()
        };
        assert_eq!((rounded(equal(4).item_log_sd), rounded(equal(4).rate_log_sd)), (0.25, 0.125));
        let different = rate("t: {points: 10, estimate: 1w}, u: {points: 10, estimate: 4w, complete: 100%}").unwrap();
        assert_eq!(rounded(different.median), 1.0);
        let squares = 2.0 * 2.0_f64.ln().powi(2);
        assert_eq!(rounded(different.item_log_sd), rounded(f64::midpoint(0.25, squares).sqrt()));
        assert_eq!(rounded(different.log_sd()), rounded((f64::midpoint(0.25, squares) * 1.5).sqrt()));
    }

    #[test]
    fn a_rate_needs_points_and_an_estimate_above_0() {
        assert_eq!(
            rate("t: {points: 10}, u: {estimate: 2d}, v: {points: 0, estimate: 2d}, w: {points: 9, estimate: 0d}"),
            None
        );
    }
}
