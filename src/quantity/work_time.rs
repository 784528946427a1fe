//! Working time: single values, estimates, and the interval of reviews.

use jiff::civil::Date;
use jiff::{Span, ToSpan};

use crate::scalar::{JsonType, ParseError, ScalarFormat, number};

/// The working time of a day and a week, which converts [`WorkTime`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WorkWeek {
    /// Working days in a week.
    pub days: f64,
    /// Working hours in a day.
    pub hours_per_day: f64,
}

/// Weeks in a month: a twelfth of 52 weeks.
const WEEKS_PER_MONTH: f64 = 52.0 / 12.0;

/// Working time. The project's calendar determines the length of a day and of a week.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct WorkTime {
    value: f64,
    unit: TimeUnit,
}

impl WorkTime {
    /// Working days.
    #[must_use]
    pub const fn from_days(days: f64) -> Self {
        Self { value: days, unit: TimeUnit::Days }
    }

    /// Working weeks.
    #[must_use]
    pub const fn from_weeks(weeks: f64) -> Self {
        Self { value: weeks, unit: TimeUnit::Weeks }
    }

    /// The time in working days.
    #[must_use]
    pub fn days(self, week: WorkWeek) -> f64 {
        match self.unit {
            TimeUnit::Minutes => self.value / (60.0 * week.hours_per_day),
            TimeUnit::Hours => self.value / week.hours_per_day,
            TimeUnit::Days => self.value,
            TimeUnit::Weeks => self.value * week.days,
            TimeUnit::Months => self.value * (WEEKS_PER_MONTH * week.days),
        }
    }
}

impl ScalarFormat for WorkTime {
    const NAME: &'static str = "working time";
    const EXPECTED: &'static str = "a number with a unit, such as `4h`, `10d`, `2w` or `3 months`";
    const JSON_TYPE: JsonType =
        JsonType::Pattern(r"^[0-9]{1,4}(\.[0-9]+)? ?(min|mins|minutes?|h|hours?|d|days?|w|weeks?|mo|months?)$");

    fn parse(text: &str) -> Result<Self, ParseError> {
        let (value, unit) = split_unit(text);
        let time = TimeUnit::parse(unit).zip(small_number(value)).map(|(unit, value)| Self { value, unit });
        time.ok_or_else(|| {
            too_long::<Self>(text, value)
                .unwrap_or_else(|| ParseError::invalid::<Self>(text).maybe_help(unit_help(value, unit)))
        })
    }
}

/// The interval from one review to the next: days are calendar days, so that the weekday stays the same.
#[derive(Debug, Clone, Copy)]
pub struct ReviewInterval(Span);

impl ReviewInterval {
    /// The first of `first`, `first` + interval, … that is after `day`; `None` after the end of the calendar.
    #[must_use]
    pub fn next_after(self, first: Date, day: Date) -> Option<Date> {
        let mut next = first;
        // Multiples of the interval, not sums, so that the 31st returns after a short month.
        for number in 1.. {
            if next > day {
                return Some(next);
            }
            next = first.checked_add(self.0.checked_mul(number).ok()?).ok()?;
        }
        None
    }
}

impl ScalarFormat for ReviewInterval {
    const NAME: &'static str = "interval";
    const EXPECTED: &'static str = "a whole number of days, weeks or months, such as `1w`";
    const JSON_TYPE: JsonType = JsonType::Pattern(r"^[1-9][0-9]{0,2} ?(d|days?|w|weeks?|mo|months?)$");

    fn parse(text: &str) -> Result<Self, ParseError> {
        let (value, unit) = split_unit(text);
        let number =
            value.parse::<u16>().ok().filter(|number| (1..1000).contains(number) && !value.starts_with(['+', '0']));
        let span = match (number, TimeUnit::parse(unit)) {
            (Some(number), Some(TimeUnit::Days)) => i64::from(number).days(),
            (Some(number), Some(TimeUnit::Weeks)) => i64::from(number).weeks(),
            (Some(number), Some(TimeUnit::Months)) => i64::from(number).months(),
            _ => return Err(ParseError::invalid::<Self>(text).maybe_help(unit_help(value, unit))),
        };
        Ok(Self(span))
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
        r"^[0-9]{1,4}(\.[0-9]+)?( ?[-–] ?[0-9]{1,4}(\.[0-9]+)?| ?/ ?[0-9]{1,4}(\.[0-9]+)? ?/ ?[0-9]{1,4}(\.[0-9]+)?)? ?(min|mins|minutes?|h|hours?|d|days?|w|weeks?|mo|months?)$",
    );

    fn parse(text: &str) -> Result<Self, ParseError> {
        let invalid = || ParseError::invalid::<Self>(text);
        let (values, unit) = split_unit(text);
        let Some(unit) = TimeUnit::parse(unit) else {
            return Err(invalid().maybe_help(estimate_help(text).or_else(|| unit_help(values, unit))));
        };
        let separators: &[char] = if values.contains('/') { &['/'] } else { &['-', '–'] };
        let parts: Option<Vec<f64>> = values.split(separators).map(|part| small_number(part.trim())).collect();
        let (optimistic, likely, pessimistic) = match (parts.as_deref(), separators) {
            (Some(&[value]), _) => (value, value, value),
            (Some(&[low, high]), ['-', ..]) => (low, f64::midpoint(low, high), high),
            (Some(&[low, middle, high]), ['/']) => (low, middle, high),
            _ => {
                return Err(too_long::<Self>(text, values).unwrap_or_else(|| invalid().maybe_help(estimate_help(text))));
            }
        };
        if !(optimistic <= likely && likely <= pessimistic) {
            return Err(ParseError::because::<Self>(text, "the values must not decrease")
                .help("write the optimistic value first and the pessimistic value last"));
        }
        let time = |value| WorkTime { value, unit };
        Ok(Self { optimistic: time(optimistic), likely: time(likely), pessimistic: time(pessimistic) })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
enum TimeUnit {
    Minutes,
    Hours,
    Days,
    Weeks,
    Months,
}

impl TimeUnit {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "min" | "mins" | "minute" | "minutes" => Some(Self::Minutes),
            "h" | "hour" | "hours" => Some(Self::Hours),
            "d" | "day" | "days" => Some(Self::Days),
            "w" | "week" | "weeks" => Some(Self::Weeks),
            "mo" | "month" | "months" => Some(Self::Months),
            _ => None,
        }
    }

    /// The unit of a word that the format does not accept.
    fn of_synonym(word: &str) -> Option<&'static str> {
        match word.to_ascii_lowercase().as_str() {
            "minute" | "minutes" | "mins" | "min" => Some("min"),
            "h" | "hr" | "hrs" | "hour" | "hours" => Some("h"),
            "d" | "day" | "days" | "pd" | "md" => Some("d"),
            "w" | "wk" | "wks" | "week" | "weeks" => Some("w"),
            "mo" | "mos" | "mon" | "mth" | "mths" | "month" | "months" => Some("mo"),
            _ => None,
        }
    }
}

/// The help for a value whose unit is missing, ambiguous or a synonym.
fn unit_help(values: &str, unit: &str) -> Option<String> {
    let is_valid = !values.is_empty() && values.bytes().all(|byte| byte.is_ascii_digit() || b"./-".contains(&byte));
    match unit {
        _ if !is_valid => None,
        "" => Some(format!("write `{values}w` or `{values}d`")),
        "m" | "M" => Some(format!("write `{values}mo` for months, or `{values}min` for minutes")),
        "y" | "yr" | "year" | "years" => number(values).map(|years| format!("write `{}mo`", 12.0 * years)),
        _ => TimeUnit::of_synonym(unit).map(|unit| format!("write `{values}{unit}`")),
    }
}

/// The estimate that `text` means in words: `~3w`, `2 to 3 weeks`, `2-3 working days`, `3d-2w`.
fn estimate_help(text: &str) -> Option<String> {
    let words = text.to_ascii_lowercase().replace(['~', '≈', '–', '—'], " ").replace('-', " ").replace(" to ", " ");
    let words = ["about", "approx.", "approximately", "ca.", "circa", "working", "business"]
        .iter()
        .fold(words, |words, filler| words.replace(filler, " "));
    let parts: Vec<(&str, &str)> = words.split_whitespace().map(split_unit).collect();
    let range = |low: &str, high: &str, unit: &str| {
        let is_range = small_number(low)? <= small_number(high)?;
        is_range.then(|| format!("write `{low}-{high}{}`", TimeUnit::of_synonym(unit).unwrap_or_default()))
    };
    let is_unit = |unit: &str| TimeUnit::of_synonym(unit).is_some();
    match parts[..] {
        [(value, unit)] | [(value, ""), ("", unit)] if text != words.trim() => {
            small_number(value)?;
            TimeUnit::of_synonym(unit).map(|unit| format!("write `{value}{unit}`, or a range if it is uncertain"))
        }
        [(low, ""), (high, ""), ("", unit)] | [(low, ""), (high, unit)] if is_unit(unit) => range(low, high, unit),
        [(low, one), (high, other)] if one == other && is_unit(one) => range(low, high, one),
        [(low, one), (high, other)] if is_unit(one) && is_unit(other) => {
            small_number(low)?;
            small_number(high)?;
            Some("write both values in one unit, such as `3-10d`".to_owned())
        }
        _ => None,
    }
}

/// The error of a time with a number above the limit.
fn too_long<T: ScalarFormat>(text: &str, values: &str) -> Option<ParseError> {
    let is_large = |value: &str| number(value.trim()).is_some_and(|value| value >= MAX_NUMBER);
    values.split(['-', '–', '/']).any(is_large).then(|| ParseError::because::<T>(text, "the largest number is 9999"))
}

/// Splits `text` into its value and the letters at its end.
fn split_unit(text: &str) -> (&str, &str) {
    let value = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    (value.trim_end(), &text[value.len()..])
}

/// Longer than any project, and far from overflow.
const MAX_NUMBER: f64 = 10_000.0;

/// A number below [`MAX_NUMBER`].
fn small_number(text: &str) -> Option<f64> {
    number(text).filter(|value| *value < MAX_NUMBER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_have_one_to_three_values() {
        let estimate = |text| Estimate::parse(text).map(|it| (it.optimistic, it.likely, it.pessimistic));
        let (weeks, days) = (WorkTime::from_weeks, WorkTime::from_days);
        assert_eq!(estimate("2-3w"), Ok((weeks(2.0), weeks(2.5), weeks(3.0))));
        assert_eq!(estimate("2-3 weeks"), Ok((weeks(2.0), weeks(2.5), weeks(3.0))));
        assert_eq!(estimate("1/2/4w"), Ok((weeks(1.0), weeks(2.0), weeks(4.0))));
        assert_eq!(estimate("10d"), Ok((days(10.0), days(10.0), days(10.0))));
        for bad in ["3-2w", "2", "w", "2-3-4w", "1/2w", "1e9w", "99999w", "2m", "-2w", "", "2--3w"] {
            assert!(Estimate::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn estimates_in_other_words_have_a_help() {
        let help = |text| Estimate::parse(text).unwrap_err().help.unwrap_or_default();
        for (text, expected) in [
            ("3", "write `3w` or `3d`"),
            ("2-3", "write `2-3w` or `2-3d`"),
            ("2m", "write `2mo` for months, or `2min` for minutes"),
            ("2 to 3 weeks", "write `2-3w`"),
            ("2w - 3w", "write `2-3w`"),
            ("2-3 wks", "write `2-3w`"),
            ("2-3 working days", "write `2-3d`"),
            ("~3w", "write `3w`, or a range if it is uncertain"),
            ("about 3 weeks", "write `3w`, or a range if it is uncertain"),
            ("3d-2w", "write both values in one unit, such as `3-10d`"),
            ("8hrs", "write `8h`"),
            ("1 year", "write `12mo`"),
            ("soon", ""),
            ("5 apples", ""),
        ] {
            assert_eq!(help(text), expected, "{text}");
        }
    }

    #[test]
    fn working_time_has_a_unit() {
        let days = |text| WorkTime::parse(text).map(|it| it.days(WorkWeek { days: 4.0, hours_per_day: 6.0 }));
        assert_eq!((days("2 weeks"), days("1.5d")), (Ok(8.0), Ok(1.5)));
        assert_eq!((days("3h"), days("12 hours"), days("90min")), (Ok(0.5), Ok(2.0), Ok(0.25)));
        assert_eq!((days("3 months"), days("6mo")), (Ok(52.0), Ok(104.0)));
        for bad in ["3", "d", "2m", "-1d", "1e3d", "2 w w"] {
            let expected = "expected a number with a unit, such as `4h`, `10d`, `2w` or `3 months`";
            let message = format!("invalid working time `{bad}`: {expected}");
            assert_eq!(WorkTime::parse(bad).unwrap_err().message, message);
        }
        let limit = "invalid working time `10000d`: the largest number is 9999";
        assert_eq!(WorkTime::parse("10000d").unwrap_err().message, limit);
        let limit = "invalid estimate `1-10000d`: the largest number is 9999";
        assert_eq!(Estimate::parse("1-10000d").unwrap_err().message, limit);
    }

    #[test]
    fn reviews_keep_their_weekday_or_day_of_the_month() {
        let date = |text: &str| text.parse::<Date>().unwrap();
        let next = |interval, first, day| {
            ReviewInterval::parse(interval).unwrap().next_after(date(first), date(day)).unwrap().to_string()
        };
        assert_eq!(next("1w", "2026-01-30", "2026-01-27"), "2026-01-30");
        assert_eq!(next("1w", "2026-01-30", "2026-01-30"), "2026-02-06");
        assert_eq!(next("2 weeks", "2026-01-30", "2026-03-01"), "2026-03-13");
        assert_eq!(next("10d", "2026-01-30", "2026-02-01"), "2026-02-09");
        assert_eq!(next("1 month", "2026-01-31", "2026-02-28"), "2026-03-31");
        for bad in ["0w", "1.5w", "4h", "-1w", "1000d", "w", "01w"] {
            assert!(ReviewInterval::parse(bad).is_err(), "{bad}");
        }
        let end = ReviewInterval::parse("999d").unwrap().next_after(date("9999-12-01"), date("9999-12-31"));
        assert_eq!(end, None);
    }
}
