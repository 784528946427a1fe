//! Durations that nobody knows exactly: the beta-PERT distribution.
//!
//! Malcolm, Roseboom, Clark, Fazar: Application of a technique for research and development program
//! evaluation (1959), with λ = 4: between optimistic a and pessimistic b with most likely m, a beta
//! distribution of α = 1 + 4(m − a)/(b − a) and β = 1 + 4(b − m)/(b − a). Its mean is (a + 4m + b)/6.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use crate::quantity::Estimate;

/// How long something takes, in working days, optimistic ≤ likely ≤ pessimistic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ThreePoint {
    /// If all goes well.
    pub optimistic: f64,
    /// What is to be expected.
    pub likely: f64,
    /// If much goes wrong.
    pub pessimistic: f64,
}

impl ThreePoint {
    /// The estimate in working days of a calendar with so many in a week.
    #[must_use]
    pub fn of(estimate: Estimate, days_per_week: f64) -> Self {
        let days = |time: crate::quantity::WorkTime| time.days(days_per_week);
        Self {
            optimistic: days(estimate.optimistic),
            likely: days(estimate.likely),
            pessimistic: days(estimate.pessimistic),
        }
    }

    /// Exactly this long.
    #[must_use]
    pub fn fixed(days: f64) -> Self {
        Self { optimistic: days, likely: days, pessimistic: days }
    }

    /// So many times as long.
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

/// How many cells a distribution is tabulated in.
const CELLS: usize = 1024;

/// A distribution between 0 and 1, as tables of `CELLS` + 1 places.
#[derive(Debug)]
struct BetaPert {
    /// The probability of at most 0, 1/`CELLS`, 2/`CELLS`, ….
    cumulative: Vec<f64>,
    /// Where the probability 0, 1/`CELLS`, 2/`CELLS`, … is reached.
    inverse: Box<[f64; CELLS + 1]>,
}

/// The logarithms of 0, 1/(2·`CELLS`), 2/(2·`CELLS`), …, 1: powers by way of them cost a fifth.
static LOGARITHMS: LazyLock<Vec<f64>> =
    LazyLock::new(|| (0..=2 * CELLS).map(|half| (float(half) / float(2 * CELLS)).ln()).collect());

impl BetaPert {
    /// The beta distribution whose mode lies at `mode` between 0 and 1.
    ///
    /// Simpson's rule in each cell; between places the density is taken to be even, which moves a
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

    /// Where the probability `chance` between 0 and 1 is reached.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
    fn quantile(&self, chance: f64) -> f64 {
        let scaled = chance * float(CELLS);
        let cell = scaled as u32 as usize;
        if cell == 0 || cell >= CELLS - 1 {
            return self.exact_quantile(chance); // The ends are long and thin.
        }
        let (low, high) = (self.inverse[cell], self.inverse[cell + 1]);
        low + (scaled - float(cell)) * (high - low)
    }

    /// The same for any part of the distribution, however near to its end: slower.
    fn exact_quantile(&self, chance: f64) -> f64 {
        let cell = self.cumulative.partition_point(|value| *value < chance).clamp(1, CELLS) - 1;
        within(&self.cumulative, cell, chance)
    }

    /// The probability of at most `place` between 0 and 1.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
    fn probability(&self, place: f64) -> f64 {
        let scaled = (place * float(CELLS)).clamp(0.0, float(CELLS));
        let cell = (scaled as usize).min(CELLS - 1);
        let (low, high) = (self.cumulative[cell], self.cumulative[cell + 1]);
        low + (scaled - float(cell)) * (high - low)
    }
}

fn inverse(cumulative: &[f64]) -> Box<[f64; CELLS + 1]> {
    let mut places = Box::new([1.0; CELLS + 1]);
    let mut cell = 0;
    for (step, place) in places.iter_mut().enumerate().take(CELLS) {
        let chance = float(step) / float(CELLS);
        while cell + 1 < CELLS && cumulative[cell + 1] < chance {
            cell += 1;
        }
        *place = within(cumulative, cell, chance);
    }
    places
}

/// Where in a cell the probability `chance` is reached.
fn within(cumulative: &[f64], cell: usize, chance: f64) -> f64 {
    let (low, high) = (cumulative[cell], cumulative[cell + 1]);
    let part = if high > low { ((chance - low) / (high - low)).clamp(0.0, 1.0) } else { 0.0 };
    (float(cell) + part) / float(CELLS)
}

#[expect(clippy::cast_precision_loss, reason = "cells are few")]
fn float(number: usize) -> f64 {
    number as f64
}

/// Tabulated distributions by mode: the estimates of a file share a few.
#[derive(Debug, Default)]
pub struct BetaPertCache(HashMap<u64, Arc<BetaPert>>);

impl BetaPertCache {
    fn get(&mut self, mode: f64) -> Arc<BetaPert> {
        // Estimates in days and in weeks come to the same mode but for rounding.
        let mode = (mode * 1e9).round() / 1e9;
        Arc::clone(self.0.entry(mode.to_bits()).or_insert_with(|| Arc::new(BetaPert::new(mode))))
    }
}

/// The time that something still takes: drawn with a number between 0 and 1, larger for a larger one.
#[derive(Debug, Clone)]
pub struct RemainingDuration {
    estimate: ThreePoint,
    /// What has passed already; the duration is known to be longer.
    elapsed: f64,
    /// The probability that it was over by now.
    over: f64,
    shape: Option<Arc<BetaPert>>,
}

/// Open work whose estimate is used up takes another working day, and is named.
pub const ANOTHER_DAY: f64 = 1.0;

impl RemainingDuration {
    /// What remains of `estimate` after `elapsed` working days: distributed as D − elapsed given
    /// that D > elapsed, not as the mean less what has passed, which would soon be nothing.
    #[must_use]
    pub fn new(estimate: ThreePoint, elapsed: f64, shapes: &mut BetaPertCache) -> Self {
        let width = estimate.width();
        let shape = (width > 0.0).then(|| shapes.get((estimate.likely - estimate.optimistic) / width));
        let over = shape.as_ref().map_or(0.0, |shape| shape.probability((elapsed - estimate.optimistic) / width));
        Self { estimate, elapsed, over, shape }
    }

    /// Whether it has been under way for longer than it was thought possible.
    #[must_use]
    pub fn is_overrun(&self) -> bool {
        self.elapsed > 0.0 && self.elapsed >= self.estimate.pessimistic
    }

    /// Whether it is the same with every probability.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        self.shape.is_none() || self.is_overrun()
    }

    /// The time that remains with probability `chance`, from 0 to 1.
    #[must_use]
    pub fn quantile(&self, chance: f64) -> f64 {
        if self.is_overrun() {
            return ANOTHER_DAY;
        }
        let ThreePoint { optimistic, likely, .. } = self.estimate;
        let whole = self.shape.as_ref().map_or(likely, |shape| {
            let place = if self.over > 0.0 {
                shape.exact_quantile(self.over + chance * (1.0 - self.over))
            } else {
                shape.quantile(chance)
            };
            optimistic + self.estimate.width() * place
        });
        (whole - self.elapsed).max(0.0)
    }

    /// Turns probabilities into `part` of the times that remain with them: [`Self::quantile`] of
    /// each, many at once.
    pub fn quantiles(&self, part: f64, chances: &mut [f64]) {
        match &self.shape {
            Some(shape) if self.over <= 0.0 => {
                let (start, width) = (self.estimate.optimistic - self.elapsed, self.estimate.width());
                for chance in chances {
                    let remaining = start + width * shape.quantile(*chance);
                    *chance = part * if remaining > 0.0 { remaining } else { 0.0 };
                }
            }
            _ => {
                for chance in chances {
                    *chance = part * self.quantile(*chance);
                }
            }
        }
    }

    /// The mean of the time that remains.
    #[must_use]
    pub fn mean(&self) -> f64 {
        const STEPS: usize = 1000;
        if self.is_overrun() {
            return ANOTHER_DAY;
        }
        if self.over <= 0.0 {
            return self.estimate.mean() - self.elapsed;
        }
        let middle = |step: usize| self.quantile((float(step) + 0.5) / float(STEPS));
        (0..STEPS).map(middle).sum::<f64>() / float(STEPS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remaining((optimistic, likely, pessimistic): (f64, f64, f64), elapsed: f64) -> RemainingDuration {
        RemainingDuration::new(ThreePoint { optimistic, likely, pessimistic }, elapsed, &mut BetaPertCache::default())
    }

    /// Whether `value` is `expected` as far as the known answer is printed: to half its last digit.
    fn near(value: f64, expected: f64) -> bool {
        (value - expected).abs() <= 0.5e-4 + 1e-9
    }

    #[test]
    fn quantiles_are_those_of_the_known_answers() {
        let answers = [
            ((2.0, 2.5, 3.0), [2.2466, 2.5, 2.6734, 2.7101, 2.7534, 2.8107]),
            ((4.0, 5.0, 6.0), [4.4933, 5.0, 5.3468, 5.4202, 5.5067, 5.6215]),
            ((1.0, 2.0, 9.0), [1.4785, 2.7690, 4.1028, 4.4411, 4.8712, 5.5028]),
        ];
        for (points, expected) in answers {
            let whole = remaining(points, 0.0);
            for (chance, expected) in [0.1, 0.5, 0.8, 0.85, 0.9, 0.95].into_iter().zip(expected) {
                let quantile = whole.quantile(chance);
                assert!(near(quantile, expected), "{points:?} at {chance}: {quantile}, not {expected}");
            }
        }
    }

    #[test]
    fn mean_and_variance_are_those_of_the_formula() {
        let skewed = remaining((1.0, 2.0, 9.0), 0.0);
        let steps = 100_000;
        let values = (0..steps).map(|step| skewed.quantile((f64::from(step) + 0.5) / f64::from(steps)));
        let (sum, squares) = values.fold((0.0, 0.0), |(sum, squares), value| (sum + value, squares + value * value));
        let mean = sum / f64::from(steps);
        assert!(near(mean, 3.0) && near(skewed.mean(), 3.0), "{mean}");
        let variance = squares / f64::from(steps) - mean * mean;
        assert!((variance - 12.0 / 7.0).abs() < 1e-3, "{variance}");
    }

    #[test]
    fn what_remains_is_conditional_on_not_being_over() {
        let answers =
            [((4.0, 5.0, 6.0), 5.0, 0.3125), ((2.0, 3.0, 8.0), 4.0, 0.8410), ((10.0, 12.5, 15.0), 12.5, 0.7812)];
        for (points, elapsed, mean) in answers {
            let found = remaining(points, elapsed).mean();
            assert!((found - mean).abs() < 1e-4, "{points:?} after {elapsed}: {found}, not {mean}");
        }
        assert!(near(remaining((4.0, 5.0, 6.0), 5.0).quantile(0.85), 0.5587));
        let skewed = remaining((2.0, 3.0, 8.0), 4.0);
        assert!(near(1.0 - skewed.over, 0.3380) && near(skewed.quantile(0.85), 1.5674), "{skewed:?}");
    }

    #[test]
    fn a_fixed_duration_is_certain_and_one_that_is_used_up_takes_another_day() {
        let fixed = remaining((5.0, 5.0, 5.0), 2.0);
        assert_eq!((fixed.quantile(0.01), fixed.quantile(0.99), fixed.mean()), (3.0, 3.0, 3.0));
        for (points, elapsed) in [((5.0, 5.0, 5.0), 5.0), ((2.0, 3.0, 8.0), 9.0)] {
            let overrun = remaining(points, elapsed);
            assert!(overrun.is_overrun());
            assert_eq!((overrun.quantile(0.5), overrun.mean()), (ANOTHER_DAY, ANOTHER_DAY));
        }
        let nothing = remaining((0.0, 0.0, 0.0), 0.0);
        assert_eq!((nothing.quantile(0.5), nothing.is_overrun()), (0.0, false));
    }
}
