//! Quantities with a small grammar: percentages, points, weights, estimates.

use std::fmt;

use crate::scalar::{JsonType, ParseError, ScalarFormat, number};

/// A share between 0 and 1, written as a percentage.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Ratio(f64);

impl Ratio {
    /// Nothing.
    pub const ZERO: Self = Self(0.0);
    /// All.
    pub const ONE: Self = Self(1.0);

    /// The nearest ratio to `value`: what lies outside 0 to 1 is moved to its edge, NaN to 0.
    #[must_use]
    pub fn clamped(value: f64) -> Self {
        if value.is_nan() { Self::ZERO } else { Self(value.clamp(0.0, 1.0)) }
    }

    /// The number between 0 and 1.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }

    /// The smaller of two.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
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
    const EXPECTED: &'static str = "a percentage, such as `40%`";
    const JSON_TYPE: JsonType = JsonType::Pattern(r"^(100(\.0+)?|[0-9]{1,2}(\.[0-9]+)?) ?%$");

    fn parse(text: &str) -> Result<Self, ParseError> {
        let Some(digits) = text.strip_suffix('%') else {
            let mistake = ParseError::expected::<Self>(text);
            return Err(match number(text) {
                Some(value) if (0.0..1.0).contains(&value) && text.contains('.') => {
                    mistake.help(format!("write `{}%`", (value * 1e6).round() / 1e4))
                }
                Some(value) if (0.0..=100.0).contains(&value) => mistake.help(format!("write `{text}%`")),
                _ => mistake,
            });
        };
        let digits = digits.strip_suffix(' ').unwrap_or(digits);
        let value = number(digits).ok_or_else(|| ParseError::expected::<Self>(text))?;
        if value > 100.0 {
            return Err(ParseError::new(format!("`{text}` is more than 100 %")));
        }
        Ok(Self(value / 100.0))
    }
}

/// Percentage points of an area that a workstream carries: 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Points(f64);

impl Points {
    /// The number of points.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

impl ScalarFormat for Points {
    const EXPECTED: &'static str = "a number of percentage points, such as `20`";
    const JSON_TYPE: JsonType = JsonType::Number { minimum: 0.0, maximum: 100.0 };

    fn parse(text: &str) -> Result<Self, ParseError> {
        match number(text) {
            Some(value) if value <= 100.0 => Ok(Self(value)),
            Some(_) => Err(ParseError::new(format!("`{text}` points are more than the whole area, 100"))),
            None if text.starts_with('-') => Err(ParseError::new(format!("`{text}` points are negative"))),
            None => Err(ParseError::expected::<Self>(text).maybe_help(
                text.strip_suffix('%').and_then(number).map(|value| format!("write `{value}`, without `%`")),
            )),
        }
    }
}

/// How much something counts beside its siblings: positive, 1 unless given.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Weight(f64);

impl Weight {
    /// The number.
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
    const EXPECTED: &'static str = "a weight above 0, such as `1` or `2.5`";
    const JSON_TYPE: JsonType = JsonType::Number { minimum: 0.001, maximum: 1000.0 };

    fn parse(text: &str) -> Result<Self, ParseError> {
        match number(text) {
            Some(value) if (0.001..=1000.0).contains(&value) => Ok(Self(value)),
            Some(_) => Err(ParseError::new(format!("the weight `{text}` isn't between 0.001 and 1000"))),
            None => Err(ParseError::expected::<Self>(text)),
        }
    }
}

/// Working time in working days; a week has as many as the project's calendar.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub enum WorkTime {
    /// So many working days.
    Days(f64),
    /// So many working weeks.
    Weeks(f64),
}

impl WorkTime {
    /// In working days, with `days_per_week` of them in a week.
    #[must_use]
    pub fn days(self, days_per_week: f64) -> f64 {
        match self {
            Self::Days(days) => days,
            Self::Weeks(weeks) => weeks * days_per_week,
        }
    }
}

impl ScalarFormat for WorkTime {
    const EXPECTED: &'static str = "working time, such as `10d` or `2w`";
    const JSON_TYPE: JsonType = JsonType::Pattern(r"^[0-9]{1,4}(\.[0-9]+)? ?(d|w|days?|weeks?)$");

    fn parse(text: &str) -> Result<Self, ParseError> {
        let (value, unit) = split_unit(text);
        let unit = TimeUnit::parse(unit).ok_or_else(|| ParseError::expected::<Self>(text))?;
        unit.of(value).ok_or_else(|| ParseError::expected::<Self>(text))
    }
}

/// How long work takes: optimistic, most likely and pessimistic, in working time.
///
/// `2w` is certain, `2-3w` a range whose most likely value is its middle, `1/2/4w` names all three.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// If all goes well.
    pub optimistic: WorkTime,
    /// What is to be expected.
    pub likely: WorkTime,
    /// If much goes wrong.
    pub pessimistic: WorkTime,
}

impl ScalarFormat for Estimate {
    const EXPECTED: &'static str = "an estimate, such as `10d`, `2-3w` or `1/2/4w`";
    const JSON_TYPE: JsonType = JsonType::Pattern(
        r"^[0-9]{1,4}(\.[0-9]+)?( ?[-–] ?[0-9]{1,4}(\.[0-9]+)?| ?/ ?[0-9]{1,4}(\.[0-9]+)? ?/ ?[0-9]{1,4}(\.[0-9]+)?)? ?(d|w|days?|weeks?)$",
    );

    fn parse(text: &str) -> Result<Self, ParseError> {
        let wrong = || ParseError::expected::<Self>(text);
        let (values, unit) = split_unit(text);
        let Some(unit) = TimeUnit::parse(unit) else {
            let bare = unit.is_empty() && small_number(values).is_some();
            return Err(if bare { wrong().help(format!("write `{values}w` or `{values}d`")) } else { wrong() });
        };
        let separators: &[char] = if values.contains('/') { &['/'] } else { &['-', '–'] };
        let parts: Option<Vec<f64>> = values.split(separators).map(|part| small_number(part.trim())).collect();
        let (optimistic, likely, pessimistic) = match (parts.as_deref(), separators) {
            (Some(&[value]), _) => (value, value, value),
            (Some(&[low, high]), ['-', ..]) => (low, f64::midpoint(low, high), high),
            (Some(&[low, middle, high]), ['/']) => (low, middle, high),
            _ => return Err(wrong()),
        };
        if !(optimistic <= likely && likely <= pessimistic) {
            return Err(ParseError::new(format!("the estimate `{text}` doesn't rise"))
                .help("write the optimistic value first and the pessimistic one last"));
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

    fn of(self, value: &str) -> Option<WorkTime> {
        small_number(value).map(|value| self.time(value))
    }

    fn time(self, value: f64) -> WorkTime {
        match self {
            Self::Days => WorkTime::Days(value),
            Self::Weeks => WorkTime::Weeks(value),
        }
    }
}

/// The text up to its trailing letters, and the letters.
fn split_unit(text: &str) -> (&str, &str) {
    let value = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    (value.trim_end(), &text[value.len()..])
}

/// A number below 10,000: longer than any project, and far from any overflow.
fn small_number(text: &str) -> Option<f64> {
    number(text).filter(|value| *value < 10_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_written_with_a_sign() {
        assert_eq!(Ratio::parse("54%"), Ok(Ratio(0.54)));
        assert_eq!(Ratio::parse("53.75 %"), Ok(Ratio(0.5375)));
        assert_eq!(Ratio::parse("54").unwrap_err().help.as_deref(), Some("write `54%`"));
        assert_eq!(Ratio::parse("0.54").unwrap_err().help.as_deref(), Some("write `54%`"));
        for bad in ["101%", ".5%", "-1%", "1e2%", "NaN%", "%", "five%", "5.%", "+5%"] {
            assert!(Ratio::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn estimates_have_three_values() {
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
        assert_eq!(Points::parse("20%").unwrap_err().help.as_deref(), Some("write `20`, without `%`"));
        assert!(Weight::parse("0").is_err());
    }
}
