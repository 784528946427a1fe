//! The log-normal distribution of factors.

use std::sync::LazyLock;

use statrs::function::erf::{erf, erf_inv, erfc, erfc_inv};

/// The number of cells of the table of quantiles.
const CELLS: usize = 1024;

/// The cells at each end in which the quantiles are too far apart for interpolation.
const TAIL_CELLS: usize = 16;

/// The standard normal quantiles of 0, 1/`CELLS`, 2/`CELLS`, …, 1.
#[expect(clippy::cast_precision_loss, reason = "the number of cells is small")]
static NORMAL_QUANTILES: LazyLock<Vec<f64>> =
    LazyLock::new(|| (0..=CELLS).map(|cell| standard_normal_quantile(cell as f64 / CELLS as f64)).collect());

/// A log-normal distribution with median 1.
#[derive(Debug, Clone)]
pub struct LogNormal {
    log_sd: f64,
    /// The quantiles of 0, 1/`CELLS`, 2/`CELLS`, …; empty if all are 1.
    quantiles: Box<[f64]>,
}

impl LogNormal {
    /// The distribution of a factor whose logarithm has the standard deviation `log_sd`.
    #[must_use]
    pub fn new(log_sd: f64) -> Self {
        let quantile = |normal: &f64| (log_sd * normal).exp();
        let quantiles = if log_sd > 0.0 { NORMAL_QUANTILES.iter().map(quantile).collect() } else { Box::default() };
        Self { log_sd, quantiles }
    }

    /// The standard deviation of the logarithm.
    #[must_use]
    pub fn log_sd(&self) -> f64 {
        self.log_sd
    }

    /// Whether the factor is always 1.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        self.quantiles.is_empty()
    }

    /// exp(σ²/2).
    #[must_use]
    pub fn mean(&self) -> f64 {
        (self.log_sd * self.log_sd / 2.0).exp()
    }

    /// The quantile of `probability`, from 0 to 1.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "the cast saturates, and the number of cells is small"
    )]
    pub fn quantile(&self, probability: f64) -> f64 {
        if self.is_certain() {
            return 1.0;
        }
        let scaled = probability * CELLS as f64;
        let cell = scaled as u32 as usize;
        if !(TAIL_CELLS..CELLS - TAIL_CELLS).contains(&cell) {
            return (self.log_sd * standard_normal_quantile(probability)).exp();
        }
        let (low, high) = (self.quantiles[cell], self.quantiles[cell + 1]);
        low + (scaled - cell as f64) * (high - low)
    }

    /// The quantile of `probability` among the values above `value`; `None` if there are none.
    ///
    /// It is computed from the upper tail, so that it is exact far above the median.
    #[must_use]
    pub fn quantile_after(&self, value: f64, probability: f64) -> Option<f64> {
        if self.is_certain() {
            return (value < 1.0).then_some(1.0);
        }
        let above = if value > 0.0 { erfc(value.ln() / self.log_sd / std::f64::consts::SQRT_2) / 2.0 } else { 1.0 };
        let tail = above * (1.0 - probability);
        (tail > 0.0).then(|| (self.log_sd * std::f64::consts::SQRT_2 * erfc_inv(2.0 * tail)).exp().max(value))
    }
}

/// Φ: the probability that a standard normal variable is at most `value`.
#[must_use]
pub fn standard_normal_probability(value: f64) -> f64 {
    f64::midpoint(1.0, erf(value / std::f64::consts::SQRT_2))
}

/// The inverse of Φ; infinite at 0 and 1.
#[must_use]
pub fn standard_normal_quantile(probability: f64) -> f64 {
    std::f64::consts::SQRT_2 * erf_inv(2.0 * probability - 1.0)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::*;

    #[test]
    fn the_normal_distribution_has_its_known_quantiles() {
        for (probability, quantile) in [(0.5, 0.0), (0.85, 1.036_433), (0.95, 1.644_854), (0.001, -3.090_232)] {
            assert!((standard_normal_quantile(probability) - quantile).abs() < 1e-6, "{probability}");
            assert!((standard_normal_probability(quantile) - probability).abs() < 1e-6, "{quantile}");
        }
    }

    #[test]
    fn interpolated_quantiles_are_near_the_exact_ones() {
        let factor = LogNormal::new(0.6);
        for step in 1..20_000_u32 {
            let probability = f64::from(step) / 20_000.0;
            let exact = (0.6 * standard_normal_quantile(probability)).exp();
            let found = factor.quantile(probability);
            assert!((found / exact - 1.0).abs() < 3e-4, "{probability}: {found}, not {exact}");
        }
        assert!((factor.mean() - 0.18_f64.exp()).abs() < 1e-12);
    }

    #[test]
    fn a_factor_without_spread_is_1() {
        let factor = LogNormal::new(0.0);
        assert!(factor.is_certain() && !LogNormal::new(0.1).is_certain());
        assert_eq!([0.01, 0.5, 0.99].map(|probability| factor.quantile(probability)), [1.0; 3]);
        assert_eq!([0.9, 1.0, 1.1].map(|value| factor.quantile_after(value, 0.5)), [Some(1.0), None, None]);
    }

    #[test]
    fn quantiles_above_a_value_are_exact_in_the_tail() {
        let factor = LogNormal::new(0.5);
        let after = |value, probability| factor.quantile_after(value, probability).unwrap();
        let exact = |probability: f64| (0.5 * standard_normal_quantile(probability)).exp();
        assert!((after(0.0, 0.3) - exact(0.3)).abs() < 1e-9);
        assert!((after(exact(0.6), 0.25) - exact(0.7)).abs() < 1e-9);
        // 40 is 7.4 and 1e5 is 23 standard deviations above the median.
        for value in [40.0, 60.0, 1e5] {
            let quantiles = [0.0, 0.5, 0.99, 1.0 - f64::EPSILON].map(|probability| after(value, probability));
            assert!(quantiles.is_sorted() && quantiles[3] < value * 10.0, "{quantiles:?}");
        }
        assert_eq!(factor.quantile_after(1e300, 0.5), None);
    }
}
