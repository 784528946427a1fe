//! Dates of a readiness file and their instants.

mod other_formats;

use std::fmt;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::date::other_formats::{date_help, weekday};
use crate::scalar::{JsonType, ParseError, ScalarFormat};

impl ScalarFormat for Date {
    const NAME: &'static str = "date";
    const EXPECTED: &'static str = "a date such as `2026-04-30`";
    const JSON_TYPE: JsonType = JsonType::Pattern(DAY_PATTERN);

    fn parse(text: &str) -> Result<Self, ParseError> {
        if !has_shape(text, "0000-00-00") {
            return Err(ParseError::invalid::<Self>(text).maybe_help(date_help(text, false)));
        }
        let date: Self = text.parse().map_err(|_| nonexistent(text))?;
        in_range(date, text)
    }
}

/// A date, or a month, which means its last day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DayOrMonth {
    /// A date.
    Day(Date),
    /// The month that starts on this date.
    Month(Date),
}

impl DayOrMonth {
    /// The date, or the last day of the month.
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
    const NAME: &'static str = "date or month";
    const EXPECTED: &'static str = "a date such as `2026-04-30` or a month such as `2026-04`";
    const JSON_TYPE: JsonType = JsonType::Pattern(DAY_OR_MONTH_PATTERN);

    fn parse(text: &str) -> Result<Self, ParseError> {
        if has_shape(text, "0000-00") {
            let first: Date = format!("{text}-01").parse().map_err(|_| nonexistent(text))?;
            return in_range(first, text).map(Self::Month);
        }
        if !has_shape(text, "0000-00-00") {
            return Err(ParseError::invalid::<Self>(text).maybe_help(date_help(text, true)));
        }
        Date::parse(text).map(Self::Day)
    }
}

impl ScalarFormat for TimeZone {
    const NAME: &'static str = "time zone";
    const EXPECTED: &'static str = "a name of the IANA database, such as `UTC` or `Europe/Berlin`";
    const JSON_TYPE: JsonType = JsonType::Pattern(r"^[A-Za-z][A-Za-z0-9_+/-]*$");

    fn parse(text: &str) -> Result<Self, ParseError> {
        Self::get(text).map_err(|_| ParseError::invalid::<Self>(text))
    }
}

impl ScalarFormat for Weekday {
    const NAME: &'static str = "weekday";
    const EXPECTED: &'static str = "`mon`, `tue`, `wed`, `thu`, `fri`, `sat` or `sun`";
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
            _ => Err(ParseError::invalid::<Self>(text).maybe_help(weekday_help(text))),
        }
    }
}

/// The fix of a weekday that is written in another way.
fn weekday_help(text: &str) -> Option<String> {
    if let Some(day) = weekday(text) {
        return Some(format!("write `{day}`"));
    }
    let (first, last) = text.split_once(['-', '–'])?;
    let is_range = weekday(first.trim()).is_some() && weekday(last.trim()).is_some();
    is_range.then(|| "write each day, as in `[mon, tue, wed, thu, fri]`".to_owned())
}

/// The first instant of `day` in `zone`. It is not midnight if a clock change skips midnight.
#[must_use]
pub(crate) fn start_of_day(day: Date, zone: &TimeZone) -> Timestamp {
    zone.to_ambiguous_zoned_datetime(day.at(0, 0, 0, 0)).compatible().map_or(Timestamp::MAX, |zoned| zoned.timestamp())
}

/// The last second of `day` in `zone`.
///
/// The first instant of the next day would be drawn on the wrong day.
#[must_use]
pub(crate) fn end_of_day(day: Date, zone: &TimeZone) -> Timestamp {
    day.checked_add(1.day()).map_or(Timestamp::MAX, |next| start_of_day(next, zone) - 1.second())
}

const DAY_PATTERN: &str = r"^(19[7-9][0-9]|2[0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$";
const DAY_OR_MONTH_PATTERN: &str = r"^(19[7-9][0-9]|2[0-9]{3})-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?$";

/// Whether `text` matches `shape`, in which `0` is any digit.
fn has_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(
            |(byte, like)| {
                if like == b'0' { byte.is_ascii_digit() } else { byte == like }
            },
        )
}

fn in_range(date: Date, text: &str) -> Result<Date, ParseError> {
    if (1970..3000).contains(&date.year()) {
        Ok(date)
    } else {
        Err(ParseError::because::<Date>(text, "expected a year from 1970 to 2999"))
    }
}

/// The error of a date with a month or a day that does not exist.
fn nonexistent(text: &str) -> ParseError {
    let Some(first) = text.get(..7).and_then(|month| format!("{month}-01").parse::<Date>().ok()) else {
        return ParseError::because::<Date>(text, "no such month");
    };
    let help = format!("the last day of the month is `{}`", first.last_of_month());
    ParseError::because::<Date>(text, "no such day").help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_dates_are_explained() {
        let error = Date::parse("2026-02-30").unwrap_err();
        assert_eq!(error.message, "invalid date `2026-02-30`: no such day");
        assert_eq!(error.help.as_deref(), Some("the last day of the month is `2026-02-28`"));
        assert_eq!(Date::parse("2026-13-01").unwrap_err().message, "invalid date `2026-13-01`: no such month");
        assert_eq!(DayOrMonth::parse("2026-13").unwrap_err().message, "invalid date `2026-13`: no such month");
        let message = "invalid date `1969-12-31`: expected a year from 1970 to 2999";
        assert_eq!(Date::parse("1969-12-31").unwrap_err().message, message);
        assert!(Date::parse("1970-01-01").is_ok() && Date::parse("2999-12-31").is_ok());
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
    fn a_day_ends_in_its_time_zone_even_if_clocks_change() {
        let day = Date::parse("2026-03-29").unwrap();
        let ends = |zone: &str| end_of_day(day, &TimeZone::get(zone).unwrap()).to_string();
        assert_eq!(ends("UTC"), "2026-03-29T23:59:59Z");
        assert_eq!(ends("Europe/Berlin"), "2026-03-29T21:59:59Z");
        assert_eq!(ends("America/New_York"), "2026-03-30T03:59:59Z");
    }

    #[test]
    fn a_day_starts_after_midnight_if_a_clock_change_skips_midnight() {
        let starts =
            |day: &str, zone: &str| start_of_day(day.parse().unwrap(), &TimeZone::get(zone).unwrap()).to_string();
        assert_eq!(starts("2026-03-29", "Europe/Berlin"), "2026-03-28T23:00:00Z");
        assert_eq!(starts("2018-11-04", "America/Sao_Paulo"), "2018-11-04T03:00:00Z", "00:00 -03 does not exist");
        assert_eq!(starts("2026-11-01", "America/Havana"), "2026-11-01T04:00:00Z", "the first of two midnights");
    }

    #[test]
    fn dates_and_months_are_displayed_as_written() {
        for text in ["2026-02-28", "2026-02"] {
            assert_eq!(DayOrMonth::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn time_zones_and_weekdays_are_parsed_by_name() {
        assert!(TimeZone::parse("Europe/Berlin").is_ok());
        let message =
            "invalid time zone `Mars/Base`: expected a name of the IANA database, such as `UTC` or `Europe/Berlin`";
        assert_eq!(TimeZone::parse("Mars/Base").unwrap_err().message, message);
        let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        let parsed: Vec<_> = days.iter().map(|day| Weekday::parse(day).unwrap().to_monday_zero_offset()).collect();
        assert_eq!(parsed, [0, 1, 2, 3, 4, 5, 6]);
        assert!(Weekday::parse("monday").is_err());
    }
}
