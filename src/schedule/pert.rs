//! The beta-PERT distribution of uncertain durations.
//!
//! Malcolm, Roseboom, Clark, Fazar: Application of a technique for research and development program
//! evaluation (1959), with λ = 4: between optimistic a and pessimistic b with most likely m, a beta
//! distribution of α = 1 + 4(m − a)/(b − a) and β = 1 + 4(b − m)/(b − a). Its mean is (a + 4m + b)/6.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use crate::quantity::{Estimate, WorkWeek};

/// A three-point estimate in working days; optimistic ≤ likely ≤ pessimistic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ThreePoint {
    /// The minimum.
    pub optimistic: f64,
    /// The mode.
    pub likely: f64,
    /// The maximum.
    pub pessimistic: f64,
}

impl ThreePoint {
    /// The estimate, for a calendar with this working week.
    #[must_use]
    pub fn of(estimate: Estimate, week: WorkWeek) -> Self {
        let days = |time: crate::quantity::WorkTime| time.days(week);
        Self {
            optimistic: days(estimate.optimistic),
            likely: days(estimate.likely),
            pessimistic: days(estimate.pessimistic),
        }
    }

    /// A certain duration.
    #[must_use]
    pub fn fixed(days: f64) -> Self {
        Self { optimistic: days, likely: days, pessimistic: days }
    }

    /// The estimate multiplied by `factor`.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self {
            optimistic: self.optimistic * factor,
            likely: self.likely * factor,
            pessimistic: self.pessimistic * factor,
        }
    }

    /// The mean of the distribution: (a + 4m + b)/6.
    #[must_use]
    pub fn mean(self) -> f64 {
        (self.optimistic + 4.0 * self.likely + self.pessimistic) / 6.0
    }

    fn width(self) -> f64 {
        self.pessimistic - self.optimistic
    }
}

/// The number of cells of a tabulated distribution.
const CELLS: usize = 1024;

/// A beta-PERT distribution between 0 and 1, as tables of `CELLS` + 1 points.
#[derive(Debug)]
struct BetaPert {
    /// P(X ≤ x) for x = 0, 1/`CELLS`, 2/`CELLS`, ….
    cumulative: Vec<f64>,
    /// The quantiles of 0, 1/`CELLS`, 2/`CELLS`, ….
    inverse: Box<[f64; CELLS + 1]>,
}

/// The logarithms of 0, 1/(2·`CELLS`), 2/(2·`CELLS`), …, 1. Powers computed with them take a fifth of the
/// time.
static LOGARITHMS: LazyLock<Vec<f64>> =
    LazyLock::new(|| (0..=2 * CELLS).map(|half| (float(half) / float(2 * CELLS)).ln()).collect());

impl BetaPert {
    /// The distribution with a mode from 0 to 1.
    ///
    /// Simpson's rule in each cell. Within a cell, the density is assumed to be constant, which moves a
    /// quantile by less than a hundred-thousandth of the width.
    fn new(mode: f64) -> Self {
        let power = |half: usize, exponent: f64| if exponent == 0.0 { 0.0 } else { LOGARITHMS[half] * exponent };
        let density = |half: usize| (power(half, 4.0 * mode) + power(2 * CELLS - half, 4.0 * (1.0 - mode))).exp();
        let mut cumulative = Vec::with_capacity(CELLS + 1);
        let (mut sum, mut before) = (0.0, density(0));
        cumulative.push(sum);
        for cell in 0..CELLS {
            let after = density(2 * cell + 2);
            sum += before + 4.0 * density(2 * cell + 1) + after;
            cumulative.push(sum);
            before = after;
        }
        for value in &mut cumulative {
            *value /= sum;
        }
        let inverse = inverse(&cumulative);
        Self { cumulative, inverse }
    }

    /// The quantile of `probability`, from 0 to 1.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
    fn quantile(&self, probability: f64) -> f64 {
        let scaled = probability * float(CELLS);
        let cell = scaled as u32 as usize;
        if cell == 0 || cell >= CELLS - 1 {
            return self.exact_quantile(probability); // The tails are long and thin.
        }
        let (low, high) = (self.inverse[cell], self.inverse[cell + 1]);
        low + (scaled - float(cell)) * (high - low)
    }

    /// The quantile in any part of the distribution, including the tails; slower.
    fn exact_quantile(&self, probability: f64) -> f64 {
        let cell = self.cumulative.partition_point(|value| *value < probability).clamp(1, CELLS) - 1;
        within(&self.cumulative, cell, probability)
    }

    /// P(X ≤ `value`), for a `value` from 0 to 1.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
    fn probability(&self, value: f64) -> f64 {
        let scaled = (value * float(CELLS)).clamp(0.0, float(CELLS));
        let cell = (scaled as usize).min(CELLS - 1);
        let (low, high) = (self.cumulative[cell], self.cumulative[cell + 1]);
        low + (scaled - float(cell)) * (high - low)
    }
}

fn inverse(cumulative: &[f64]) -> Box<[f64; CELLS + 1]> {
    let mut places = Box::new([1.0; CELLS + 1]);
    let mut cell = 0;
    for (step, place) in places.iter_mut().enumerate().take(CELLS) {
        let probability = float(step) / float(CELLS);
        while cell + 1 < CELLS && cumulative[cell + 1] < probability {
            cell += 1;
        }
        *place = within(cumulative, cell, probability);
    }
    places
}

/// The quantile of `probability`, which is in `cell`.
fn within(cumulative: &[f64], cell: usize, probability: f64) -> f64 {
    let (low, high) = (cumulative[cell], cumulative[cell + 1]);
    let part = if high > low { ((probability - low) / (high - low)).clamp(0.0, 1.0) } else { 0.0 };
    (float(cell) + part) / float(CELLS)
}

#[expect(clippy::cast_precision_loss, reason = "the number of cells is small")]
fn float(number: usize) -> f64 {
    number as f64
}

/// Tabulated distributions by mode: the estimates of a file share a few.
#[derive(Debug, Default)]
pub struct BetaPertCache(HashMap<u64, Arc<BetaPert>>);

impl BetaPertCache {
    fn get(&mut self, mode: f64) -> Arc<BetaPert> {
        // The same estimate in days and in weeks differs only by rounding.
        let mode = (mode * 1e9).round() / 1e9;
        Arc::clone(self.0.entry(mode.to_bits()).or_insert_with(|| Arc::new(BetaPert::new(mode))))
    }
}

/// The distribution of an estimated duration.
#[derive(Debug, Clone)]
pub struct EstimateDistribution {
    estimate: ThreePoint,
    /// `None` if the estimate is a single value.
    distribution: Option<Arc<BetaPert>>,
}

/// The standard normal quantiles of 85 and 95 %.
const UPPER_QUANTILES: [(f64, f64); 2] = [(0.85, 1.036_4), (0.95, 1.644_9)];

impl EstimateDistribution {
    /// The distribution of `estimate`.
    #[must_use]
    pub fn new(estimate: ThreePoint, cache: &mut BetaPertCache) -> Self {
        let width = estimate.width();
        let distribution = (width > 0.0).then(|| cache.get((estimate.likely - estimate.optimistic) / width));
        Self { estimate, distribution }
    }

    /// Whether all quantiles are the same.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        self.distribution.is_none()
    }

    /// The mean in working days.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.estimate.mean()
    }

    /// The quantile of `probability`, from 0 to 1, in working days.
    #[must_use]
    pub fn quantile(&self, probability: f64) -> f64 {
        self.scaled(probability, BetaPert::quantile)
    }

    /// Replaces each probability by its [`Self::quantile`].
    pub fn quantiles(&self, probabilities: &mut [f64]) {
        let (start, width) = (self.estimate.optimistic, self.estimate.width());
        let Some(distribution) = &self.distribution else { return probabilities.fill(self.estimate.likely) };
        for probability in probabilities {
            *probability = start + width * distribution.quantile(*probability);
        }
    }

    /// The quantile of `probability` among the durations longer than `elapsed`; `None` if there are none.
    #[must_use]
    pub fn quantile_after(&self, elapsed: f64, probability: f64) -> Option<f64> {
        /// A rarer remainder is only a rounding error of the table.
        const LEAST: f64 = 1e-9;
        let over = self.probability(elapsed);
        let place = over + probability * (1.0 - over);
        (over < 1.0 - LEAST).then(|| self.scaled(place, BetaPert::exact_quantile))
    }

    /// P(duration ≤ `days`).
    fn probability(&self, days: f64) -> f64 {
        let ThreePoint { optimistic, likely, .. } = self.estimate;
        let certain = f64::from(u8::from(days >= likely));
        let part = (days - optimistic) / self.estimate.width();
        self.distribution.as_ref().map_or(certain, |distribution| distribution.probability(part))
    }

    fn scaled(&self, probability: f64, quantile: impl Fn(&BetaPert, f64) -> f64) -> f64 {
        let ThreePoint { optimistic, likely, .. } = self.estimate;
        let width = self.estimate.width();
        self.distribution
            .as_ref()
            .map_or(likely, |distribution| optimistic + width * quantile(distribution, probability))
    }

    /// The standard deviation of the logarithm of a log-normal distribution that spreads at least as far
    /// above its median: the larger of ln(P85/P50)/z(85 %) and ln(P95/P50)/z(95 %).
    #[must_use]
    pub fn log_spread(&self) -> f64 {
        let median = self.quantile(0.5);
        let spread = |(probability, normal): (f64, f64)| (self.quantile(probability) / median).ln() / normal;
        if median > 0.0 { UPPER_QUANTILES.map(spread).into_iter().fold(0.0, f64::max) } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate((optimistic, likely, pessimistic): (f64, f64, f64)) -> EstimateDistribution {
        EstimateDistribution::new(ThreePoint { optimistic, likely, pessimistic }, &mut BetaPertCache::default())
    }

    /// Whether `value` is `expected` to half of its last printed digit.
    fn near(value: f64, expected: f64) -> bool {
        (value - expected).abs() <= 0.5e-4 + 1e-9
    }

    #[test]
    fn quantiles_have_the_known_values() {
        let answers = [
            ((2.0, 2.5, 3.0), [2.2466, 2.5, 2.6734, 2.7101, 2.7534, 2.8107]),
            ((4.0, 5.0, 6.0), [4.4933, 5.0, 5.3468, 5.4202, 5.5067, 5.6215]),
            ((1.0, 2.0, 9.0), [1.4785, 2.7690, 4.1028, 4.4411, 4.8712, 5.5028]),
        ];
        for (points, expected) in answers {
            let whole = estimate(points);
            for (probability, expected) in [0.1, 0.5, 0.8, 0.85, 0.9, 0.95].into_iter().zip(expected) {
                let mut quantile = [probability];
                whole.quantiles(&mut quantile);
                assert!(near(quantile[0], expected), "{points:?} at {probability}: {quantile:?}, not {expected}");
                assert!((quantile[0] - whole.quantile(probability)).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn mean_and_variance_follow_the_formula() {
        let skewed = estimate((1.0, 2.0, 9.0));
        let steps = 100_000;
        let values = (0..steps).map(|step| skewed.quantile((f64::from(step) + 0.5) / f64::from(steps)));
        let (sum, squares) = values.fold((0.0, 0.0), |(sum, squares), value| (sum + value, squares + value * value));
        let mean = sum / f64::from(steps);
        assert!(near(mean, 3.0) && near(skewed.mean(), 3.0), "{mean}");
        let variance = squares / f64::from(steps) - mean * mean;
        assert!((variance - 12.0 / 7.0).abs() < 1e-3, "{variance}");
    }

    #[test]
    fn durations_after_the_elapsed_time_have_the_known_quantiles() {
        let symmetric = estimate((4.0, 5.0, 6.0));
        assert!(near(symmetric.quantile_after(5.0, 0.85).unwrap(), 5.5587));
        let skewed = estimate((2.0, 3.0, 8.0));
        assert!(near(skewed.quantile_after(4.0, 0.85).unwrap(), 5.5674));
        assert!(near(skewed.probability(4.0), 1.0 - 0.3380));
        assert!(skewed.quantile_after(7.9, 0.5).is_some_and(|days| days > 7.9));
        assert_eq!(skewed.quantile_after(8.0, 0.5), None);
    }

    #[test]
    fn a_single_value_is_certain() {
        let fixed = estimate((5.0, 5.0, 5.0));
        assert!(fixed.is_certain() && !estimate((5.0, 5.0, 6.0)).is_certain());
        assert_eq!((fixed.quantile(0.01), fixed.quantile(0.99), fixed.mean()), (5.0, 5.0, 5.0));
        assert_eq!((fixed.quantile_after(4.9, 0.3), fixed.quantile_after(5.0, 0.3)), (Some(5.0), None));
    }

    #[test]
    fn the_log_spread_covers_both_upper_percentiles() {
        for points in [(2.0, 2.5, 3.0), (1.0, 2.0, 9.0), (0.0, 0.0, 10.0), (1.0, 9.0, 10.0)] {
            let whole = estimate(points);
            let spread = whole.log_spread();
            for (probability, normal) in UPPER_QUANTILES {
                assert!(
                    whole.quantile(0.5) * (spread * normal).exp() >= whole.quantile(probability) - 1e-9,
                    "{points:?}"
                );
            }
        }
        assert!(near(estimate((2.0, 2.5, 3.0)).log_spread(), 0.0779));
        assert_eq!((estimate((3.0, 3.0, 3.0)).log_spread(), estimate((0.0, 0.0, 0.0)).log_spread()), (0.0, 0.0));
    }
}
