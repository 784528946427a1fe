//! Dates as people write them, and the instants that they mean.

use std::fmt;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::scalar::{JsonType, ParseError, ScalarFormat};

/// A calendar day.
impl ScalarFormat for Date {
    const EXPECTED: &'static str = "a date, such as `2026-04-30`";
    const JSON_TYPE: JsonType = JsonType::Pattern(DAY_PATTERN);

    fn parse(text: &str) -> Result<Self, ParseError> {
        if !has_shape(text, "0000-00-00") {
            return Err(ParseError::expected::<Self>(text));
        }
        let date: Self = text.parse().map_err(|_| impossible(text))?;
        in_range(date, text)
    }
}

/// A day, or a whole month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DayOrMonth {
    /// This day.
    Day(Date),
    /// The month that begins on this day.
    Month(Date),
}

impl DayOrMonth {
    /// The day on which it is due: of a month the last one.
    #[must_use]
    pub fn last_day(self) -> Date {
        match self {
            Self::Day(day) => day,
            Self::Month(first) => first.last_of_month(),
        }
    }
}

impl fmt::Display for DayOrMonth {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => write!(out, "{day}"),
            Self::Month(first) => write!(out, "{}", first.strftime("%Y-%m")),
        }
    }
}

impl ScalarFormat for DayOrMonth {
    const EXPECTED: &'static str = "a day or a month, such as `2026-04-30` or `2026-04`";
    const JSON_TYPE: JsonType = JsonType::Pattern(DAY_OR_MONTH_PATTERN);

    fn parse(text: &str) -> Result<Self, ParseError> {
        if has_shape(text, "0000-00") {
            let first: Date = format!("{text}-01").parse().map_err(|_| impossible(text))?;
            return in_range(first, text).map(Self::Month);
        }
        if !has_shape(text, "0000-00-00") {
            return Err(ParseError::expected::<Self>(text));
        }
        Date::parse(text).map(Self::Day)
    }
}

/// A time zone of the IANA database.
impl ScalarFormat for TimeZone {
    const EXPECTED: &'static str = "a time zone, such as `UTC` or `Europe/Berlin`";
    const JSON_TYPE: JsonType = JsonType::Pattern(r"^[A-Za-z][A-Za-z0-9_+/-]*$");

    fn parse(text: &str) -> Result<Self, ParseError> {
        Self::get(text).map_err(|_| ParseError::expected::<Self>(text))
    }
}

/// A day of the week.
impl ScalarFormat for Weekday {
    const EXPECTED: &'static str = "a day of the week: `mon`, `tue`, `wed`, `thu`, `fri`, `sat` or `sun`";
    const JSON_TYPE: JsonType = JsonType::Words(&["mon", "tue", "wed", "thu", "fri", "sat", "sun"]);

    fn parse(text: &str) -> Result<Self, ParseError> {
        match text {
            "mon" => Ok(Self::Monday),
            "tue" => Ok(Self::Tuesday),
            "wed" => Ok(Self::Wednesday),
            "thu" => Ok(Self::Thursday),
            "fri" => Ok(Self::Friday),
            "sat" => Ok(Self::Saturday),
            "sun" => Ok(Self::Sunday),
            _ => Err(ParseError::expected::<Self>(text)),
        }
    }
}

/// The instant at which `day` begins in `zone`.
///
/// Where a clock change skips midnight, the first instant of the day.
#[must_use]
pub fn start_of_day(day: Date, zone: &TimeZone) -> Timestamp {
    zone.to_ambiguous_zoned_datetime(day.at(0, 0, 0, 0)).compatible().map_or(Timestamp::MAX, |zoned| zoned.timestamp())
}

/// The last second of `day` in `zone`.
///
/// Not the first instant of the next day: a due date has to be drawn on its own day.
#[must_use]
pub fn end_of_day(day: Date, zone: &TimeZone) -> Timestamp {
    day.checked_add(1.day()).map_or(Timestamp::MAX, |next| start_of_day(next, zone) - 1.second())
}

const DAY_PATTERN: &str = r"^(19[7-9][0-9]|2[0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$";
const DAY_OR_MONTH_PATTERN: &str = r"^(19[7-9][0-9]|2[0-9]{3})-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?$";

/// Whether `text` has a digit where `shape` has one, and is the same elsewhere.
fn has_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(
            |(byte, like)| {
                if like == b'0' { byte.is_ascii_digit() } else { byte == like }
            },
        )
}

/// No project runs before 1970, and nobody plans past 2999.
fn in_range(date: Date, text: &str) -> Result<Date, ParseError> {
    if (1970..3000).contains(&date.year()) {
        Ok(date)
    } else {
        Err(ParseError::new(format!("the year of `{text}` isn't between 1970 and 2999")))
    }
}

/// A text that looks like a date and names none: the day is past the month's end, say.
fn impossible(text: &str) -> ParseError {
    let mistake = ParseError::new(format!("there is no date `{text}`"));
    let month = text.get(..7).and_then(|month| format!("{month}-01").parse::<Date>().ok());
    mistake.maybe_help(month.map(|first| format!("the month ends on `{}`", first.last_of_month())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_dates_are_refused_in_words() {
        let mistake = Date::parse("2026-02-30").unwrap_err();
        assert_eq!(mistake.message, "there is no date `2026-02-30`");
        assert_eq!(mistake.help.as_deref(), Some("the month ends on `2026-02-28`"));
        for bad in ["20260127", "2026-1-7", "2026-13-01", "1969-12-31", "tomorrow", "2026-02-00", "+026-01-01"] {
            assert!(Date::parse(bad).is_err(), "{bad}");
        }
        assert!(Date::parse("2028-02-29").is_ok());
    }

    #[test]
    fn a_month_is_due_on_its_last_day() {
        assert_eq!(DayOrMonth::parse("2026-02").unwrap().last_day().to_string(), "2026-02-28");
        assert_eq!(DayOrMonth::parse("2028-02").unwrap().last_day().to_string(), "2028-02-29");
        assert!(DayOrMonth::parse("2026-13").is_err());
    }

    #[test]
    fn a_day_ends_in_its_own_zone_also_when_clocks_change() {
        let day = Date::parse("2026-03-29").unwrap();
        let ends = |zone: &str| end_of_day(day, &TimeZone::get(zone).unwrap()).to_string();
        assert_eq!(ends("UTC"), "2026-03-29T23:59:59Z");
        assert_eq!(ends("Europe/Berlin"), "2026-03-29T21:59:59Z");
        assert_eq!(ends("America/New_York"), "2026-03-30T03:59:59Z");
    }
}
