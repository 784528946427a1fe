//! Remaining durations of activities.

use std::sync::Arc;

use crate::schedule::normal::{LogNormal, standard_normal_probability, standard_normal_quantile};
use crate::schedule::pert::EstimateDistribution;

/// The factors of one block of simulation runs that durations share.
#[derive(Debug, Clone)]
pub(crate) struct SharedFactors<const RUNS: usize> {
    /// E: estimates err together.
    pub(crate) error: [f64; RUNS],
    /// E times the spread of the unknown rate of inferred durations.
    pub(crate) error_and_rate: [f64; RUNS],
    /// The spread of the pace.
    pub(crate) pace: [f64; RUNS],
}

/// The distributions of these factors.
#[derive(Debug, Clone)]
pub(crate) struct SharedDistributions {
    pub(crate) error: LogNormal,
    pub(crate) rate: LogNormal,
    pub(crate) pace: LogNormal,
}

/// The whole duration T of an activity, without the factors that it shares.
#[derive(Debug, Clone)]
pub(crate) enum WholeDuration {
    Estimated(EstimateDistribution),
    /// The median in working days, and the factor of this activity alone.
    Inferred(f64, Arc<LogNormal>),
    /// Working days at the pace of the project.
    Paced(f64),
}

/// The progress of an activity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum ActivityProgress {
    /// The open share, from 0 to 1, and the working days since the actual start, if it has started.
    Known { open: f64, elapsed: Option<f64> },
    /// Started this many working days ago; the earned share is unknown.
    Unknown { elapsed: f64 },
}

/// The remaining duration of an activity, drawn again in each simulation run.
#[derive(Debug, Clone)]
pub(crate) struct ActivityDuration {
    /// Seeds its random numbers.
    pub(crate) key: String,
    whole: WholeDuration,
    law: RemainderLaw,
    /// Working days that are added to the remainder; negative if they are taken away.
    added: f64,
    /// The mean of the remainder, without and with `added`.
    mean: (f64, f64),
    is_certain: bool,
    is_overrun: bool,
}

/// How the remainder follows from T.
#[derive(Debug, Clone, Copy)]
enum RemainderLaw {
    /// A share of T.
    Share(f64),
    /// T − elapsed, given that T > elapsed. A run whose T is never greater has a used-up estimate.
    After { elapsed: f64, used_up: UsedUp },
    /// The estimate is used up: the later of both, so that a plan without updates never gets earlier.
    UsedUp { elapsed: f64, used_up: UsedUp },
}

/// The remainder of work that has used up its estimate: L − elapsed, given that L > elapsed, for a
/// log-normal L with the mean `elapsed`.
#[derive(Debug, Clone, Copy)]
struct UsedUp {
    elapsed: f64,
    log_sd: f64,
    /// P(L ≤ elapsed).
    over: f64,
}

/// The least standard deviation of ln L.
const MIN_USED_UP_LOG_SD: f64 = 0.5;

impl UsedUp {
    fn new(elapsed: f64, log_sd: f64) -> Self {
        let log_sd = log_sd.max(MIN_USED_UP_LOG_SD);
        Self { elapsed, log_sd, over: standard_normal_probability(log_sd / 2.0) }
    }

    /// The quantile of `probability`, in working days.
    fn quantile(self, probability: f64) -> f64 {
        let normal = standard_normal_quantile(self.over + probability * (1.0 - self.over));
        let ratio = (self.log_sd * (normal - self.log_sd / 2.0)).exp();
        self.elapsed * (ratio - 1.0).max(0.0)
    }
}

impl WholeDuration {
    /// The mean with all factors.
    fn mean(&self, shared: &SharedDistributions) -> f64 {
        match self {
            Self::Estimated(estimate) => estimate.mean() * shared.error.mean(),
            Self::Inferred(median, spread) => median * spread.mean() * shared.rate.mean() * shared.error.mean(),
            Self::Paced(days) => days * shared.pace.mean(),
        }
    }

    /// The standard deviation of the logarithm with all factors.
    fn log_sd(&self, shared: &SharedDistributions) -> f64 {
        match self {
            Self::Estimated(estimate) => estimate.log_spread().hypot(shared.error.log_sd()),
            Self::Inferred(_, spread) => spread.log_sd().hypot(shared.rate.log_sd()).hypot(shared.error.log_sd()),
            Self::Paced(_) => shared.pace.log_sd(),
        }
    }

    fn is_certain(&self, shared: &SharedDistributions) -> bool {
        match self {
            Self::Estimated(estimate) => estimate.is_certain() && shared.error.is_certain(),
            Self::Inferred(..) | Self::Paced(_) => false,
        }
    }

    /// Replaces each probability by its quantile, without the shared factors.
    fn quantiles(&self, probabilities: &mut [f64]) {
        match self {
            Self::Estimated(estimate) => estimate.quantiles(probabilities),
            Self::Inferred(median, spread) => {
                for probability in probabilities {
                    *probability = median * spread.quantile(*probability);
                }
            }
            Self::Paced(days) => probabilities.fill(*days),
        }
    }

    /// The quantile of `probability` among the durations longer than `elapsed`, without shared factors.
    fn quantile_after(&self, elapsed: f64, probability: f64) -> Option<f64> {
        match self {
            Self::Estimated(estimate) => estimate.quantile_after(elapsed, probability),
            Self::Inferred(median, spread) => {
                spread.quantile_after(elapsed / median, probability).map(|factor| median * factor)
            }
            Self::Paced(days) => (*days > elapsed).then_some(*days),
        }
    }

    fn shared<'a, const RUNS: usize>(&self, factors: &'a SharedFactors<RUNS>) -> &'a [f64; RUNS] {
        match self {
            Self::Estimated(_) => &factors.error,
            Self::Inferred(..) => &factors.error_and_rate,
            Self::Paced(_) => &factors.pace,
        }
    }
}

impl ActivityDuration {
    /// The remainder of `whole` after `progress`, and `added` working days.
    pub(crate) fn new(
        key: String,
        whole: WholeDuration,
        progress: ActivityProgress,
        added: f64,
        shared: &SharedDistributions,
    ) -> Self {
        let mean = whole.mean(shared);
        let used_up = |elapsed: f64| UsedUp::new(elapsed, whole.log_sd(shared));
        let (law, is_overrun) = match progress {
            ActivityProgress::Known { open, elapsed } => {
                // The whole estimate is scaled until its mean is the time used.
                let stretch = elapsed.filter(|_| mean > 0.0).map_or(1.0, |elapsed| (elapsed / mean).max(1.0));
                (RemainderLaw::Share(open * stretch), elapsed.is_some_and(|elapsed| elapsed > mean))
            }
            ActivityProgress::Unknown { elapsed } if elapsed > mean => {
                (RemainderLaw::UsedUp { elapsed, used_up: used_up(elapsed) }, true)
            }
            ActivityProgress::Unknown { elapsed } => {
                (RemainderLaw::After { elapsed, used_up: used_up(elapsed) }, false)
            }
        };
        let is_certain = matches!(law, RemainderLaw::Share(_)) && whole.is_certain(shared);
        let mut duration = Self { key, whole, law, added, mean: (0.0, 0.0), is_certain, is_overrun };
        let unchanged = duration.mean_remainder(mean, shared);
        duration.mean = (unchanged, (unchanged + added).max(0.0));
        duration
    }

    /// Whether the item has taken longer than the mean of its estimate.
    pub(crate) fn is_overrun(&self) -> bool {
        self.is_overrun
    }

    /// Whether every simulation run draws the same duration.
    pub(crate) fn is_certain(&self) -> bool {
        self.is_certain
    }

    /// The mean remaining working days.
    pub(crate) fn mean(&self) -> f64 {
        self.mean.1
    }

    /// The working days by which `added` changes the mean.
    pub(crate) fn mean_change(&self) -> f64 {
        self.mean.1 - self.mean.0
    }

    /// Replaces each probability by the remaining working days of its run.
    pub(crate) fn draw<const RUNS: usize>(&self, factors: &SharedFactors<RUNS>, draws: &mut [f64; RUNS]) {
        let shared = self.whole.shared(factors);
        match self.law {
            RemainderLaw::Share(share) => {
                self.whole.quantiles(draws);
                for (draw, factor) in draws.iter_mut().zip(shared) {
                    *draw *= share * factor;
                }
            }
            RemainderLaw::After { elapsed, used_up } => {
                for (draw, factor) in draws.iter_mut().zip(shared) {
                    let remainder = self.remainder_after(elapsed, *factor, *draw);
                    *draw = remainder.unwrap_or_else(|| used_up.quantile(*draw));
                }
            }
            RemainderLaw::UsedUp { elapsed, used_up } => {
                for (draw, factor) in draws.iter_mut().zip(shared) {
                    let remainder = self.remainder_after(elapsed, *factor, *draw).unwrap_or(0.0);
                    *draw = used_up.quantile(*draw).max(remainder);
                }
            }
        }
        if self.added != 0.0 {
            for draw in draws {
                *draw = (*draw + self.added).max(0.0);
            }
        }
    }

    /// The quantile of T − elapsed, given that T > elapsed; `None` if T is never greater with this factor.
    fn remainder_after(&self, elapsed: f64, factor: f64, probability: f64) -> Option<f64> {
        let whole = self.whole.quantile_after(elapsed / factor, probability)?;
        Some((whole * factor - elapsed).max(0.0))
    }

    /// The mean without `added`.
    fn mean_remainder(&self, whole_mean: f64, shared: &SharedDistributions) -> f64 {
        match self.law {
            RemainderLaw::Share(share) => share * whole_mean,
            RemainderLaw::After { .. } | RemainderLaw::UsedUp { .. } => self.numeric_mean(shared),
        }
    }

    /// The mean over a lattice of quantiles of the shared factor and of the duration, without `added`.
    fn numeric_mean(&self, shared: &SharedDistributions) -> f64 {
        const STEPS: usize = 128;
        const COLUMNS: usize = 64;
        /// Each column is shifted against the others by another part of a step.
        const GOLDEN_RATIO: f64 = 0.618_033_988_749_895;
        let alone = Self { added: 0.0, ..self.clone() };
        let mut sum = 0.0;
        for column in 0..COLUMNS {
            let shift = (float(column) * GOLDEN_RATIO + 0.5).fract();
            let factors = Self::factors_at((float(column) + 0.5) / float(COLUMNS), shared);
            // A probability of 0 has no quantile in a log-normal distribution.
            let probability = |step: usize| ((float(step) + shift) / float(STEPS)).max(f64::EPSILON);
            let mut draws: [f64; STEPS] = std::array::from_fn(probability);
            alone.draw(&factors, &mut draws);
            sum += draws.iter().sum::<f64>() / float(STEPS);
        }
        sum / float(COLUMNS)
    }

    /// The shared factors at one quantile of their product.
    fn factors_at<const RUNS: usize>(probability: f64, shared: &SharedDistributions) -> SharedFactors<RUNS> {
        let both = shared.error.log_sd().hypot(shared.rate.log_sd());
        SharedFactors {
            error: [shared.error.quantile(probability); RUNS],
            error_and_rate: [(both * standard_normal_quantile(probability)).exp(); RUNS],
            pace: [shared.pace.quantile(probability); RUNS],
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "the number of steps is small")]
fn float(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests;
