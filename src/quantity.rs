//! Quantities: percentages, points, weights, working time and estimates.

use std::fmt;

use crate::scalar::{JsonType, ParseError, ScalarFormat, number};

/// A ratio from 0 to 1, written as a percentage.
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
    const JSON_TYPE: JsonType = JsonType::Pattern(r"^(100(\.0+)?|[0-9]{1,2}(\.[0-9]+)?) ?%$");

    fn parse(text: &str) -> Result<Self, ParseError> {
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

/// Working time. The project's calendar determines the number of working days in a week.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub enum WorkTime {
    /// Working days.
    Days(f64),
    /// Working weeks.
    Weeks(f64),
}

impl WorkTime {
    /// The time in working days, for a week of `days_per_week` working days.
    #[must_use]
    pub fn days(self, days_per_week: f64) -> f64 {
        match self {
            Self::Days(days) => days,
            Self::Weeks(weeks) => weeks * days_per_week,
        }
    }
}

impl ScalarFormat for WorkTime {
    const NAME: &'static str = "working time";
    const EXPECTED: &'static str = "a number of days or weeks, such as `10d` or `2w`";
    const JSON_TYPE: JsonType = JsonType::Pattern(r"^[0-9]{1,4}(\.[0-9]+)? ?(d|w|days?|weeks?)$");

    fn parse(text: &str) -> Result<Self, ParseError> {
        let (value, unit) = split_unit(text);
        let time = TimeUnit::parse(unit).zip(small_number(value)).map(|(unit, value)| unit.time(value));
        time.ok_or_else(|| ParseError::invalid::<Self>(text).maybe_help(months_help(value, unit)))
    }
}

/// Three-point estimate of a duration in working time.
///
/// `2w` is certain. `2-3w` is a range; the most likely value is its midpoint. `1/2/4w` has all three values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Optimistic value.
    pub optimistic: WorkTime,
    /// Most likely value.
    pub likely: WorkTime,
    /// Pessimistic value.
    pub pessimistic: WorkTime,
}

impl ScalarFormat for Estimate {
    const NAME: &'static str = "estimate";
    const EXPECTED: &'static str = "a duration such as `10d`, `2-3w` or `1/2/4w`";
    const JSON_TYPE: JsonType = JsonType::Pattern(
        r"^[0-9]{1,4}(\.[0-9]+)?( ?[-–] ?[0-9]{1,4}(\.[0-9]+)?| ?/ ?[0-9]{1,4}(\.[0-9]+)? ?/ ?[0-9]{1,4}(\.[0-9]+)?)? ?(d|w|days?|weeks?)$",
    );

    fn parse(text: &str) -> Result<Self, ParseError> {
        let invalid = || ParseError::invalid::<Self>(text);
        let (values, unit) = split_unit(text);
        let Some(unit) = TimeUnit::parse(unit) else {
            let lacks_unit = unit.is_empty() && small_number(values).is_some();
            let help = lacks_unit.then(|| format!("write `{values}w` or `{values}d`"));
            return Err(invalid().maybe_help(help.or_else(|| months_help(values, unit))));
        };
        let separators: &[char] = if values.contains('/') { &['/'] } else { &['-', '–'] };
        let parts: Option<Vec<f64>> = values.split(separators).map(|part| small_number(part.trim())).collect();
        let (optimistic, likely, pessimistic) = match (parts.as_deref(), separators) {
            (Some(&[value]), _) => (value, value, value),
            (Some(&[low, high]), ['-', ..]) => (low, f64::midpoint(low, high), high),
            (Some(&[low, middle, high]), ['/']) => (low, middle, high),
            _ => return Err(invalid()),
        };
        if !(optimistic <= likely && likely <= pessimistic) {
            return Err(ParseError::because::<Self>(text, "the values must not decrease")
                .help("write the optimistic value first and the pessimistic value last"));
        }
        let time = |value| unit.time(value);
        Ok(Self { optimistic: time(optimistic), likely: time(likely), pessimistic: time(pessimistic) })
    }
}

#[derive(Clone, Copy)]
enum TimeUnit {
    Days,
    Weeks,
}

impl TimeUnit {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "d" | "day" | "days" => Some(Self::Days),
            "w" | "week" | "weeks" => Some(Self::Weeks),
            _ => None,
        }
    }

    fn time(self, value: f64) -> WorkTime {
        match self {
            Self::Days => WorkTime::Days(value),
            Self::Weeks => WorkTime::Weeks(value),
        }
    }
}

/// The help for a time in months, with four weeks per month.
fn months_help(value: &str, unit: &str) -> Option<String> {
    let is_months = matches!(unit, "m" | "mo" | "month" | "months");
    let weeks = 4.0 * small_number(value).filter(|_| is_months)?;
    Some(format!("months are not supported: use `{weeks}w`"))
}

/// Splits `text` into its value and the letters at its end.
fn split_unit(text: &str) -> (&str, &str) {
    let value = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    (value.trim_end(), &text[value.len()..])
}

/// A number below 10,000, which is longer than any project and far from overflow.
fn small_number(text: &str) -> Option<f64> {
    number(text).filter(|value| *value < 10_000.0)
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
    fn estimates_have_one_to_three_values() {
        let estimate = |text| Estimate::parse(text).map(|it| (it.optimistic, it.likely, it.pessimistic));
        let (weeks, days) = (WorkTime::Weeks, WorkTime::Days);
        assert_eq!(estimate("2-3w"), Ok((weeks(2.0), weeks(2.5), weeks(3.0))));
        assert_eq!(estimate("2-3 weeks"), Ok((weeks(2.0), weeks(2.5), weeks(3.0))));
        assert_eq!(estimate("1/2/4w"), Ok((weeks(1.0), weeks(2.0), weeks(4.0))));
        assert_eq!(estimate("10d"), Ok((days(10.0), days(10.0), days(10.0))));
        for bad in ["3-2w", "2", "w", "2-3-4w", "1/2w", "1e9w", "99999w", "2m", "-2w", "", "2--3w"] {
            assert!(Estimate::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(Estimate::parse("3").unwrap_err().help.as_deref(), Some("write `3w` or `3d`"));
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
    fn working_time_is_in_days_or_weeks() {
        assert_eq!(WorkTime::parse("2 weeks").map(|it| it.days(4.0)), Ok(8.0));
        assert_eq!(WorkTime::parse("1.5d").map(|it| it.days(4.0)), Ok(1.5));
        for bad in ["3", "d", "2m", "-1d", "10000d", "1e3d", "2 w w"] {
            let message =
                format!("invalid working time `{bad}`: expected a number of days or weeks, such as `10d` or `2w`");
            assert_eq!(WorkTime::parse(bad).unwrap_err().message, message);
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
