//! Dates in other formats and in words, for helps.

use jiff::civil::{Date, ISOWeekDate, Weekday};

/// The fix of a date that is written in another way. A month is a fix only if `allows_month`.
#[must_use]
pub(super) fn date_help(text: &str, allows_month: bool) -> Option<String> {
    match &*text.to_lowercase() {
        "true" | "yes" | "done" => return Some("write the date on which it happened".to_owned()),
        "tbd" | "tba" | "?" | "n/a" | "na" | "none" | "-" | "unknown" | "open" | "later" => {
            return Some("remove the key until the date is known".to_owned());
        }
        "today" | "tomorrow" | "now" | "asap" | "yesterday" | "soon" => {
            return Some("write the date itself".to_owned());
        }
        _ => {}
    }
    let day = text.get(..10).filter(|day| day.parse::<Date>().is_ok());
    if let Some(day) = day.filter(|_| text[10..].starts_with(['T', 't', ' '])) {
        return Some(format!("write `{day}`"));
    }
    match written_date(text)? {
        WrittenDate::Day(day) => in_range(day).then(|| format!("write `{day}`")),
        WrittenDate::Ambiguous(one, other) => {
            Some(format!("the order of day and month is not clear: write `{one}` or `{other}`"))
        }
        WrittenDate::Month(first) if allows_month => Some(format!("write `{}`", first.strftime("%Y-%m"))),
        WrittenDate::Month(first) => Some(format!("add the day, as in `{}`", first.last_of_month())),
        WrittenDate::NoYear(month, day) => Some(format!("add the year before `-{month:02}-{day:02}`")),
        WrittenDate::Period(last) => Some(format!("write its last day: `{last}`")),
    }
}

/// A date in words or in another order.
enum WrittenDate {
    Day(Date),
    /// Month first or day first.
    Ambiguous(Date, Date),
    /// The month that starts on this date.
    Month(Date),
    /// Month and day.
    NoYear(i8, i8),
    /// The last day of a week or quarter.
    Period(Date),
}

#[derive(Clone, Copy)]
enum DatePart {
    Year(i16),
    Month(i8),
    Number(i16),
}

fn in_range(date: Date) -> bool {
    (1970..3000).contains(&date.year())
}

fn written_date(text: &str) -> Option<WrittenDate> {
    use DatePart::{Month, Number, Year};
    if let Some(period) = period(text) {
        return Some(WrittenDate::Period(period));
    }
    let day = |year: i16, month: i16, day: i16| Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok();
    let short_year = |year: i16| if year < 100 { 2000 + year } else { year };
    let date = match *parts(text)?.as_slice() {
        [Year(year), Number(month), Number(number)] => WrittenDate::Day(day(year, month, number)?),
        [Year(year), Month(month), Number(number)]
        | [Month(month), Number(number), Year(year)]
        | [Number(number), Month(month), Year(year)] => WrittenDate::Day(day(year, month.into(), number)?),
        [Number(number), Month(month), Number(year)] => WrittenDate::Day(day(short_year(year), month.into(), number)?),
        [Number(one), Number(other), Year(year)] => {
            let (month_first, day_first) = (day(year, one, other), day(year, other, one));
            match (month_first, day_first) {
                (_, Some(date)) if text.contains('.') => WrittenDate::Day(date),
                (Some(one), Some(other)) if one != other => WrittenDate::Ambiguous(one, other),
                (one, other) => WrittenDate::Day(one.or(other)?),
            }
        }
        [Year(year), Number(month)] | [Number(month), Year(year)] => WrittenDate::Month(day(year, month, 1)?),
        [Year(year), Month(month)] | [Month(month), Year(year)] => WrittenDate::Month(day(year, month.into(), 1)?),
        [Month(month), Number(number)] | [Number(number), Month(month)] => {
            WrittenDate::NoYear(month, day(2024, month.into(), number)?.day())
        }
        _ => return None,
    };
    Some(date)
}

/// The numbers and months in `text`, without weekdays and times. `None` for any other word.
fn parts(text: &str) -> Option<Vec<DatePart>> {
    let mut parts = Vec::new();
    for word in text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()) {
        if parts.len() == 3 {
            break;
        }
        let digits = word.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        let suffix = &word[digits.len()..];
        match (digits.is_empty(), suffix.to_lowercase().as_str()) {
            (false, "") if digits.len() == 8 => {
                let number = |range: std::ops::Range<usize>| digits.get(range)?.parse().ok();
                parts.extend([
                    DatePart::Year(number(0..4)?),
                    DatePart::Number(number(4..6)?),
                    DatePart::Number(number(6..8)?),
                ]);
            }
            (false, "") if digits.len() == 4 => parts.push(DatePart::Year(digits.parse().ok()?)),
            (false, "" | "st" | "nd" | "rd" | "th") if digits.len() <= 2 => {
                parts.push(DatePart::Number(digits.parse().ok()?));
            }
            (true, "of" | "the") => {}
            (true, word) if is_weekday(word) => {}
            (true, word) => parts.push(DatePart::Month(month(word)?)),
            _ => return None,
        }
    }
    Some(parts)
}

fn month(word: &str) -> Option<i8> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let index = MONTHS
        .iter()
        .position(|month| word.len() >= 3 && (month.starts_with(word) || word == "sept" && *month == "september"))?;
    i8::try_from(index + 1).ok()
}

fn is_weekday(word: &str) -> bool {
    weekday(word).is_some()
}

/// The abbreviation of a weekday in words.
#[must_use]
pub(super) fn weekday(word: &str) -> Option<&'static str> {
    const DAYS: [(&str, &str); 7] = [
        ("mon", "mondays"),
        ("tue", "tuesdays"),
        ("wed", "wednesdays"),
        ("thu", "thursdays"),
        ("fri", "fridays"),
        ("sat", "saturdays"),
        ("sun", "sundays"),
    ];
    let word = word.to_lowercase();
    DAYS.into_iter().find(|(short, long)| word.starts_with(short) && long.starts_with(&*word)).map(|(short, _)| short)
}

/// The last day of a quarter such as `Q1 2026`, or of a week such as `2026-W14`.
fn period(text: &str) -> Option<Date> {
    let mut words = text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    let (one, other) = (words.next()?, words.next()?);
    let (period, year) = if one.len() == 4 && one.parse::<i16>().is_ok() { (other, one) } else { (one, other) };
    if words.next().is_some() || year.len() != 4 {
        return None;
    }
    let year: i16 = year.parse().ok()?;
    let number: i8 = period.get(1..)?.parse().ok()?;
    match period.get(..1)? {
        "Q" | "q" if (1..=4).contains(&number) => Some(Date::new(year, number * 3, 1).ok()?.last_of_month()),
        "W" | "w" => Some(ISOWeekDate::new(year, number, Weekday::Sunday).ok()?.date()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_in_other_formats_are_understood() {
        for text in [
            "2026/03/31",
            "2026.03.31",
            "31.03.2026",
            "31.3.2026",
            "31/03/2026",
            "03/31/2026",
            "31-03-2026",
            "20260331",
            "March 31, 2026",
            "Mar 31 2026",
            "31 March 2026",
            "31st of March 2026",
            "31-Mar-2026",
            "31/Mar/26 3:54 PM",
            "Tue, 31 Mar 2026",
            "2026-03-31T10:00:00Z",
            "2026-03-31 10:00",
        ] {
            assert_eq!(date_help(text, false).as_deref(), Some("write `2026-03-31`"), "{text}");
        }
        assert_eq!(date_help("2026-3-1", false).as_deref(), Some("write `2026-03-01`"));
        assert_eq!(date_help("March 2026", true).as_deref(), Some("write `2026-03`"));
        assert_eq!(date_help("03/2026", true).as_deref(), Some("write `2026-03`"));
        assert_eq!(date_help("March 2026", false).as_deref(), Some("add the day, as in `2026-03-31`"));
        assert_eq!(date_help("Q1 2026", true).as_deref(), Some("write its last day: `2026-03-31`"));
        assert_eq!(date_help("2026-W14", true).as_deref(), Some("write its last day: `2026-04-05`"));
        assert_eq!(date_help("31 March", true).as_deref(), Some("add the year before `-03-31`"));
    }

    #[test]
    fn an_ambiguous_date_is_not_guessed() {
        let expected = "the order of day and month is not clear: write `2026-03-04` or `2026-04-03`";
        assert_eq!(date_help("03/04/2026", false).as_deref(), Some(expected));
        assert_eq!(date_help("03/03/2026", false).as_deref(), Some("write `2026-03-03`"));
        for text in ["soonish", "32.13.2026", "1e9", "next week", "", "2026-13-45"] {
            assert_eq!(date_help(text, true), None, "{text}");
        }
    }

    #[test]
    fn weekdays_have_short_names() {
        assert_eq!(
            ["Monday", "Tues", "thurs", "SUN", "fridays"].map(weekday),
            [Some("mon"), Some("tue"), Some("thu"), Some("sun"), Some("fri")]
        );
        assert_eq!(["mo", "holiday", ""].map(weekday), [None, None, None]);
    }
}
