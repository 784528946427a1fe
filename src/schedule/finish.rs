//! When something finishes: percentiles and on-time probability, without and with risks.

use crate::schedule::ROUNDING;

/// Whether risks are part of a forecast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForecastModel {
    /// Without risks.
    Plan,
    /// Each risk event happens with its probability.
    Risk,
}

impl ForecastModel {
    /// Both, in the order of the exposition.
    pub const ALL: [Self; 2] = [Self::Plan, Self::Risk];

    /// The value of the label `model`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Risk => "risk",
        }
    }
}

/// A value for each [`ForecastModel`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ByModel<T> {
    /// Without risks.
    pub plan: T,
    /// With risks.
    pub risk: T,
}

impl<T> ByModel<T> {
    /// The value for `model`.
    #[must_use]
    pub fn get(self, model: ForecastModel) -> T {
        match model {
            ForecastModel::Plan => self.plan,
            ForecastModel::Risk => self.risk,
        }
    }

    /// The value for `model`, to be changed.
    pub fn get_mut(&mut self, model: ForecastModel) -> &mut T {
        match model {
            ForecastModel::Plan => &mut self.plan,
            ForecastModel::Risk => &mut self.risk,
        }
    }

    /// The result of `function` for each model.
    #[must_use]
    pub fn map<U>(self, mut function: impl FnMut(T) -> U) -> ByModel<U> {
        ByModel { plan: function(self.plan), risk: function(self.risk) }
    }

    /// Each model with its value, in the order of [`ForecastModel::ALL`].
    #[must_use]
    pub fn entries(self) -> [(ForecastModel, T); 2] {
        [(ForecastModel::Plan, self.plan), (ForecastModel::Risk, self.risk)]
    }
}

/// A percentile that is forecast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Percentile {
    /// The median.
    P50,
    /// The percentile that decides whether something is late.
    P85,
    /// The highest percentile that is forecast.
    P95,
}

impl Percentile {
    /// Every percentile, in rising order.
    pub const ALL: [Self; 3] = [Self::P50, Self::P85, Self::P95];

    /// The value of the label `percentile`. Not `quantile`: promtool reserves that label for summaries.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::P50 => "50",
            Self::P85 => "85",
            Self::P95 => "95",
        }
    }
}

/// A value for each [`Percentile`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Percentiles<T = f64> {
    /// The value that half of the simulation runs don't exceed.
    pub p50: T,
    /// The value that 85 % of the simulation runs don't exceed.
    pub p85: T,
    /// The value that 95 % of the simulation runs don't exceed.
    pub p95: T,
}

/// The probability of each percentile.
pub const PROBABILITIES: Percentiles = Percentiles { p50: 0.5, p85: 0.85, p95: 0.95 };

impl<T> Percentiles<T> {
    /// The result of `function` for each percentile, in rising order.
    #[must_use]
    pub fn map<U>(self, mut function: impl FnMut(T) -> U) -> Percentiles<U> {
        Percentiles { p50: function(self.p50), p85: function(self.p85), p95: function(self.p95) }
    }

    /// Each percentile with its value, in rising order.
    #[must_use]
    pub fn entries(self) -> [(Percentile, T); 3] {
        [(Percentile::P50, self.p50), (Percentile::P85, self.p85), (Percentile::P95, self.p95)]
    }

    /// The values in rising order of their percentiles.
    #[must_use]
    pub fn into_array(self) -> [T; 3] {
        [self.p50, self.p85, self.p95]
    }
}

/// When something finishes, over all simulation runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FinishPercentiles {
    /// In working days after the start day.
    pub percentiles: Percentiles,
    /// On-time probability: the share of runs that finish by the due date. `None` without a due date.
    pub on_time: Option<f64>,
}

impl FinishPercentiles {
    /// Whether the P85 is after `due`: the one definition of "late".
    #[must_use]
    pub fn is_late(&self, due: f64) -> bool {
        self.percentiles.p85 > due + ROUNDING
    }

    /// The slip against `due`, in working days; negative if there is time left.
    #[must_use]
    pub fn slip(&self, due: f64) -> Percentiles {
        self.percentiles.map(|finish| finish - due)
    }
}

/// A finish that is forecast.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FinishForecast {
    /// It follows from due dates alone: a date in working days, without percentiles and probability.
    DueDates(ByModel<f64>),
    /// From simulation runs.
    Simulated(ByModel<FinishPercentiles>),
}

impl FinishForecast {
    /// The P50 in working days after the start day.
    #[must_use]
    pub fn p50(self) -> ByModel<f64> {
        match self {
            Self::DueDates(days) => days,
            Self::Simulated(finish) => finish.map(|finish| finish.percentiles.p50),
        }
    }

    /// All percentiles; `None` if they follow from due dates alone.
    #[must_use]
    pub fn simulated(self) -> Option<ByModel<FinishPercentiles>> {
        if let Self::Simulated(finish) = self { Some(finish) } else { None }
    }

    /// Whether it is late for `due`: P85, or the date that follows from due dates.
    #[must_use]
    pub fn is_late(self, model: ForecastModel, due: f64) -> bool {
        match self {
            Self::DueDates(days) => days.get(model) > due + ROUNDING,
            Self::Simulated(finish) => finish.get(model).is_late(due),
        }
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::*;

    fn finish(p85: f64) -> FinishPercentiles {
        FinishPercentiles { percentiles: Percentiles { p50: 1.0, p85, p95: 9.0 }, on_time: None }
    }

    #[test]
    fn late_is_more_than_rounding_after_the_due_date() {
        assert!(finish(5.1).is_late(5.0) && finish(5.000_002).is_late(5.0));
        for p85 in [5.0, 5.000_000_9, 4.9, -7.0] {
            assert!(!finish(p85).is_late(5.0), "{p85}");
        }
    }

    #[test]
    fn a_slip_is_positive_after_the_due_date() {
        assert_eq!(finish(5.5).slip(4.0), Percentiles { p50: -3.0, p85: 1.5, p95: 5.0 });
    }

    #[test]
    fn models_and_percentiles_have_their_labels() {
        let mut models = ByModel { plan: 1, risk: 2 };
        assert_eq!(models.entries().map(|(model, value)| (model.name(), value)), [("plan", 1), ("risk", 2)]);
        assert_eq!(ForecastModel::ALL.map(|model| models.get(model)), [1, 2]);
        *models.get_mut(ForecastModel::Risk) = 3;
        *models.get_mut(ForecastModel::Plan) += 6;
        assert_eq!(models.map(|value| value * 10), ByModel { plan: 70, risk: 30 });
        let percentiles = Percentiles { p50: 1, p85: 2, p95: 3 };
        let entries = percentiles.entries().map(|(percentile, value)| (percentile.name(), value));
        assert_eq!(entries, [("50", 1), ("85", 2), ("95", 3)]);
        assert_eq!(entries.map(|(name, _)| name), Percentile::ALL.map(Percentile::name));
        assert_eq!(percentiles.map(|value| value * 10).into_array(), [10, 20, 30]);
        assert_eq!(PROBABILITIES.into_array(), [0.5, 0.85, 0.95]);
    }
}
