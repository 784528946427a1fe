//! Remaining durations with known answers.

#![expect(clippy::float_cmp, reason = "exact by construction")]

use super::*;
use crate::schedule::pert::{BetaPertCache, ThreePoint};

fn shared(error: f64) -> SharedDistributions {
    SharedDistributions { error: LogNormal::new(error), rate: LogNormal::new(0.3), pace: LogNormal::new(0.5) }
}

fn estimated((optimistic, likely, pessimistic): (f64, f64, f64)) -> WholeDuration {
    let points = ThreePoint { optimistic, likely, pessimistic };
    WholeDuration::Estimated(EstimateDistribution::new(points, &mut BetaPertCache::default()))
}

fn remainder(whole: WholeDuration, progress: ActivityProgress, error: f64) -> ActivityDuration {
    ActivityDuration::new("x".to_owned(), whole, progress, 0.0, &shared(error))
}

fn known(open: f64, elapsed: Option<f64>) -> ActivityProgress {
    ActivityProgress::Known { open, elapsed }
}

/// The remainder at each probability, if every shared factor is 1.
fn quantiles<const RUNS: usize>(duration: &ActivityDuration, probabilities: [f64; RUNS]) -> [f64; RUNS] {
    let ones = SharedFactors { error: [1.0; RUNS], error_and_rate: [1.0; RUNS], pace: [1.0; RUNS] };
    let mut draws = probabilities;
    duration.draw(&ones, &mut draws);
    draws.map(|days| (days * 1e4).round() / 1e4)
}

fn rounded(days: f64) -> f64 {
    (days * 1e4).round() / 1e4
}

#[test]
fn work_that_has_not_used_up_its_estimate_takes_its_open_share() {
    let fixed = (10.0, 10.0, 10.0);
    for elapsed in [None, Some(0.0), Some(4.0), Some(10.0)] {
        let duration = remainder(estimated(fixed), known(0.25, elapsed), 0.0);
        assert_eq!((quantiles(&duration, [0.5]), duration.mean()), ([2.5], 2.5), "{elapsed:?}");
        assert!(duration.is_certain() && !duration.is_overrun());
    }
    assert!(!remainder(estimated(fixed), known(0.25, None), 0.2).is_certain());
    assert!(!remainder(estimated((1.0, 2.0, 3.0)), known(0.25, None), 0.0).is_certain());
}

#[test]
fn a_used_up_estimate_is_scaled_to_the_time_used() {
    // 5 % earned after 65 days of a 25-day estimate, and 25 % after 24 days of 12.7.
    let first = remainder(estimated((20.0, 25.0, 30.0)), known(0.95, Some(65.0)), 0.0);
    assert_eq!((rounded(first.mean()), quantiles(&first, [0.5])), (61.75, [61.75]));
    let second = remainder(estimated((8.0, 12.0, 20.2)), known(0.75, Some(24.0)), 0.0);
    assert_eq!(rounded(second.mean()), 18.0);
    assert!(first.is_overrun() && !first.is_certain());
    let [p50, p85] = quantiles(&first, [0.5, 0.85]);
    assert!(p85 > p50);
}

#[test]
fn unknown_progress_leaves_the_rest_of_a_longer_duration() {
    for (points, elapsed, mean) in [((4.0, 5.0, 6.0), 5.0, 0.3125), ((10.0, 12.5, 15.0), 12.5, 0.7812)] {
        let duration = remainder(estimated(points), ActivityProgress::Unknown { elapsed }, 0.0);
        assert!((duration.mean() - mean).abs() < 2e-3, "{points:?} after {elapsed}: {}, not {mean}", duration.mean());
        assert!(!duration.is_overrun());
    }
    let symmetric = remainder(estimated((4.0, 5.0, 6.0)), ActivityProgress::Unknown { elapsed: 5.0 }, 0.0);
    assert!((quantiles(&symmetric, [0.85])[0] - 0.5587).abs() < 1e-4);
    let new = remainder(estimated((4.0, 5.0, 6.0)), ActivityProgress::Unknown { elapsed: 0.0 }, 0.0);
    assert_eq!(quantiles(&new, [0.5]), [5.0]);
}

#[test]
fn a_used_up_estimate_with_unknown_progress_grows_with_the_time_used() {
    let after = |elapsed| remainder(estimated((5.0, 5.0, 5.0)), ActivityProgress::Unknown { elapsed }, 0.0);
    let (ten, twenty) = (after(10.0), after(20.0));
    // Φ(0.25) = 0.598 706; the quantile of 0.5 is that of 0.799 353 of a standard normal variable, 0.839 335.
    let expected = 10.0 * ((0.5 * 0.839_335 - 0.125_f64).exp() - 1.0);
    assert!((quantiles(&ten, [0.5])[0] - expected).abs() < 2e-4, "{expected}");
    // E[L | L > elapsed] = elapsed · Φ(0.25) / (1 − Φ(0.25)).
    assert!((ten.mean() - 10.0 * (0.598_706 / 0.401_294 - 1.0)).abs() < 2e-3, "{}", ten.mean());
    let double = quantiles(&ten, [0.2, 0.85]).map(|days| 2.0 * days);
    let found = quantiles(&twenty, [0.2, 0.85]);
    assert!(found.iter().zip(double).all(|(found, double)| (found - double).abs() < 1e-3), "{found:?} {double:?}");
    assert!(ten.is_overrun() && !ten.is_certain());
    assert!(!after(5.0).is_overrun(), "the mean is not yet exceeded");
    assert!(quantiles(&after(5.0), [0.5])[0] > 0.0, "no duration is longer than the elapsed time");
}

#[test]
fn a_remainder_does_not_shrink_when_the_mean_has_passed() {
    // The mean is 16.7 days, and half of the longer durations take more than 13 days more.
    let skewed = || estimated((0.0, 0.0, 100.0));
    let before = quantiles(&remainder(skewed(), ActivityProgress::Unknown { elapsed: 16.6 }, 0.0), [0.2, 0.5, 0.9]);
    let after = quantiles(&remainder(skewed(), ActivityProgress::Unknown { elapsed: 16.8 }, 0.0), [0.2, 0.5, 0.9]);
    assert!(before.iter().zip(after).all(|(before, after)| after > before - 0.2), "{before:?} {after:?}");
}

#[test]
fn a_wide_duration_widens_the_rest_of_a_used_up_one() {
    let inferred = WholeDuration::Inferred(5.0, Arc::new(LogNormal::new(0.9)));
    let duration = remainder(inferred, ActivityProgress::Unknown { elapsed: 40.0 }, 0.2);
    let log_sd = 0.9_f64.hypot(0.3).hypot(0.2);
    let over = standard_normal_probability(log_sd / 2.0);
    let expected = 40.0 * (over / (1.0 - over) - 1.0);
    assert!((duration.mean() / expected - 1.0).abs() < 5e-3, "{}, not {expected}", duration.mean());
}

#[test]
fn inferred_durations_have_a_factor_of_their_own_and_share_another() {
    let inferred = || WholeDuration::Inferred(10.0, Arc::new(LogNormal::new(0.6)));
    let duration = remainder(inferred(), known(0.5, None), 0.2);
    assert_eq!(rounded(duration.mean()), rounded(5.0 * f64::midpoint(0.0, 0.36 + 0.09 + 0.04).exp()));
    let factors = SharedFactors { error: [7.0; 1], error_and_rate: [2.0; 1], pace: [9.0; 1] };
    let mut draws = [0.5];
    duration.draw(&factors, &mut draws);
    assert_eq!(rounded(draws[0]), 10.0);
    let later = remainder(inferred(), ActivityProgress::Unknown { elapsed: 12.0 }, 0.2);
    let [low, high] = quantiles(&later, [0.001, 0.999]);
    assert!(0.0 < low && low < 0.1 && high > 40.0, "{low} {high}");
    assert!(later.mean() > 3.0);
}

#[test]
fn added_time_is_not_shared_and_never_below_0() {
    let with = |added| {
        ActivityDuration::new("x".to_owned(), estimated((10.0, 10.0, 10.0)), known(0.5, None), added, &shared(0.0))
    };
    assert_eq!((quantiles(&with(5.0), [0.5]), with(5.0).mean()), ([10.0], 10.0));
    assert_eq!((quantiles(&with(-5.0), [0.5]), with(-5.0).mean()), ([0.0], 0.0));
    assert_eq!(quantiles(&with(-9.0), [0.5]), [0.0]);
    let factors = SharedFactors { error: [2.0; 1], error_and_rate: [1.0; 1], pace: [1.0; 1] };
    let mut draws = [0.5];
    with(3.0).draw(&factors, &mut draws);
    assert_eq!(draws, [13.0]);
}

#[test]
fn a_pace_has_one_factor_for_all() {
    let paced = remainder(WholeDuration::Paced(20.0), known(1.0, None), 0.2);
    assert_eq!((quantiles(&paced, [0.01, 0.9]), rounded(paced.mean())), ([20.0; 2], rounded(20.0 * 0.125_f64.exp())));
}
