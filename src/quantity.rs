//! Quantities: percentages, points, weights, working time and estimates.

mod work_time;

use std::fmt;

pub use crate::quantity::work_time::{Estimate, ReviewInterval, WorkTime, WorkWeek};
use crate::scalar::{JsonType, ParseError, ScalarFormat, number};

/// A ratio from 0 to 1, written as a percentage or as `43/64`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Ratio(f64);

impl Ratio {
    /// 0 %.
    pub const ZERO: Self = Self(0.0);
    /// 100 %.
    pub const ONE: Self = Self(1.0);

    /// `value` limited to 0 to 1. NaN is 0.
    #[must_use]
    pub fn clamped(value: f64) -> Self {
        if value.is_nan() { Self::ZERO } else { Self(value.clamp(0.0, 1.0)) }
    }

    /// The ratio as a number from 0 to 1.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }

    #[must_use]
    pub(crate) fn min(self, other: Self) -> Self {
        Self(self.0.min(other.0))
    }
}

impl fmt::Display for Ratio {
    /// As a percentage with at most two decimals: `53.75 %`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} %", (self.0 * 10_000.0).round() / 100.0)
    }
}

impl ScalarFormat for Ratio {
    const NAME: &'static str = "percentage";
    const EXPECTED: &'static str = "a value from `0%` to `100%`, such as `40%`";
    const JSON_TYPE: JsonType =
        JsonType::Pattern(r"^((100(\.0+)?|[0-9]{1,2}(\.[0-9]+)?) ?%|[0-9]{1,9} ?/ ?[0-9]{0,8}[1-9][0-9]{0,8})$");

    fn parse(text: &str) -> Result<Self, ParseError> {
        if let Some((part, whole)) = text.split_once('/') {
            return fraction(part, whole).map_err(|reason| ParseError::because::<Self>(text, reason));
        }
        let Some(digits) = text.strip_suffix('%') else {
            let error = ParseError::invalid::<Self>(text);
            return Err(match number(text) {
                Some(value) if (0.0..1.0).contains(&value) && text.contains('.') => {
                    error.help(format!("write `{}%`", (value * 1e6).round() / 1e4))
                }
                Some(value) if (0.0..=100.0).contains(&value) => error.help(format!("write `{text}%`")),
                _ => error,
            });
        };
        let digits = digits.strip_suffix(' ').unwrap_or(digits);
        let value = number(digits).filter(|value| *value <= 100.0).ok_or_else(|| ParseError::invalid::<Self>(text))?;
        Ok(Self(value / 100.0))
    }
}

/// `part` of `whole`, such as 43 of 64 tests.
fn fraction(part: &str, whole: &str) -> Result<Ratio, &'static str> {
    let count = |text: &str| text.trim().parse::<u32>().ok().filter(|_| !text.contains('+'));
    match (count(part), count(whole)) {
        (Some(part), Some(whole)) if whole > 0 && part <= whole => Ok(Ratio(f64::from(part) / f64::from(whole))),
        (Some(_), Some(0)) => Err("the whole is 0"),
        (Some(_), Some(_)) => Err("the part is larger than the whole"),
        _ => Err("expected two whole numbers, such as `43/64`"),
    }
}

/// The probability of open work, in whole percent: never certain, since a forecast is not.
#[must_use]
pub(crate) fn probability_words(probability: f64) -> String {
    match probability {
        it if it < 0.01 => "<1 %".to_owned(),
        it if it > 0.99 => ">99 %".to_owned(),
        it => format!("{:.0} %", it * 100.0),
    }
}

/// Percentage points of an area that a workstream earns: 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Points(f64);

impl Points {
    /// The points, from 0 to 100.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

impl ScalarFormat for Points {
    const NAME: &'static str = "points";
    const EXPECTED: &'static str = "a number from 0 to 100, such as `20`";
    const JSON_TYPE: JsonType = JsonType::Number { minimum: 0.0, maximum: 100.0 };

    fn parse(text: &str) -> Result<Self, ParseError> {
        match number(text) {
            Some(value) if value <= 100.0 => Ok(Self(value)),
            _ => Err(ParseError::invalid::<Self>(text).maybe_help(
                text.strip_suffix('%').and_then(number).map(|value| format!("write `{value}` without `%`")),
            )),
        }
    }
}

/// Weight of an item among its siblings. Default: 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Weight(f64);

impl Weight {
    /// The weight, from 0.001 to 1000.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

impl Default for Weight {
    fn default() -> Self {
        Self(1.0)
    }
}

impl ScalarFormat for Weight {
    const NAME: &'static str = "weight";
    const EXPECTED: &'static str = "a number from 0.001 to 1000, such as `2.5`";
    const JSON_TYPE: JsonType = JsonType::Number { minimum: 0.001, maximum: 1000.0 };

    fn parse(text: &str) -> Result<Self, ParseError> {
        match number(text) {
            Some(value) if (0.001..=1000.0).contains(&value) => Ok(Self(value)),
            _ => Err(ParseError::invalid::<Self>(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_need_a_percent_sign() {
        assert_eq!(Ratio::parse("54%"), Ok(Ratio(0.54)));
        assert_eq!(Ratio::parse("53.75 %"), Ok(Ratio(0.5375)));
        assert_eq!(Ratio::parse("54").unwrap_err().help.as_deref(), Some("write `54%`"));
        assert_eq!(Ratio::parse("0.54").unwrap_err().help.as_deref(), Some("write `54%`"));
        for bad in ["101%", ".5%", "-1%", "1e2%", "NaN%", "%", "five%", "5.%", "+5%"] {
            assert!(Ratio::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn points_and_weights_are_bounded() {
        assert_eq!(Points::parse("17.5"), Ok(Points(17.5)));
        assert!(Points::parse("-3").is_err());
        assert!(Points::parse("101").is_err());
        assert_eq!(Points::parse("20%").unwrap_err().help.as_deref(), Some("write `20` without `%`"));
        assert_eq!(Weight::parse("0.001"), Ok(Weight(0.001)));
        for bad in ["0", "1000.1", "-1", "one"] {
            let message = format!("invalid weight `{bad}`: expected a number from 0.001 to 1000, such as `2.5`");
            assert_eq!(Weight::parse(bad).unwrap_err().message, message);
        }
        assert_eq!(Weight::default(), Weight(1.0));
    }

    #[test]
    fn fractions_are_percentages() {
        assert_eq!(Ratio::parse("43/64"), Ok(Ratio(43.0 / 64.0)));
        assert_eq!((Ratio::parse("0 / 8"), Ratio::parse("8/8")), (Ok(Ratio::ZERO), Ok(Ratio::ONE)));
        let message = |text| Ratio::parse(text).unwrap_err().message;
        assert_eq!(message("9/8"), "invalid percentage `9/8`: the part is larger than the whole");
        assert_eq!(message("0/0"), "invalid percentage `0/0`: the whole is 0");
        for bad in ["1/2/3", "1.5/3", "-1/3", "+1/3", "a/b", "/", "1/"] {
            let expected = "expected two whole numbers, such as `43/64`";
            assert_eq!(message(bad), format!("invalid percentage `{bad}`: {expected}"));
        }
    }

    #[test]
    fn ratios_are_clamped_and_displayed_as_percentages() {
        let clamped = [-0.5, 0.25, 1.5, f64::NAN].map(Ratio::clamped);
        assert_eq!(clamped, [Ratio::ZERO, Ratio(0.25), Ratio::ONE, Ratio::ZERO]);
        assert_eq!(Ratio(0.537_549).to_string(), "53.75 %");
        assert_eq!((Ratio::ZERO.to_string(), Ratio::ONE.to_string()), ("0 %".to_owned(), "100 %".to_owned()));
    }
}
