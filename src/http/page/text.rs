//! Text of the page: dates, percentages, counts and messages.

use jiff::civil::Date;
use maud::{Markup, html};

use crate::quantity::Ratio;

/// User text, isolated so that its writing direction does not affect the text around it.
pub(crate) fn isolated(text: &str) -> Markup {
    html! { bdi { (text) } }
}

/// User text that links to an address, if there is one.
pub(crate) fn linked(text: &str, address: Option<&str>) -> Markup {
    match address {
        Some(address) => html! { a href=(address) rel="noreferrer" { (isolated(text)) } },
        None => isolated(text),
    }
}

/// The owner of an item, if it has one.
pub(crate) fn owner(name: Option<&str>) -> Markup {
    html! { @if let Some(name) = name { " " span.owner { (isolated(name)) } } }
}

/// A message with its back-quoted parts as code.
///
/// An odd number of back-ticks means that the user's text has one, so that the parts are unknown.
pub(crate) fn message(text: &str) -> Markup {
    if text.matches('`').count() % 2 == 1 {
        return isolated(text);
    }
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 1 { code { bdi { (part) } } } @else { (part) }
        }
    }
}

/// A percentage with at most one decimal, rounded down, so that only complete is 100 %.
pub(crate) fn percent(ratio: Ratio) -> String {
    format!("{}\u{a0}%", percent_number(ratio))
}

/// The number of [`percent`].
///
/// A millionth is added, since a mean of decimal fractions can be slightly below its exact value.
pub(crate) fn percent_number(ratio: Ratio) -> f64 {
    ((ratio.get() * 1000.0 + 1e-6).floor() / 10.0).min(100.0)
}

pub(crate) fn day(date: Date) -> Markup {
    html! { time datetime=(date) { (date.strftime("%-d\u{a0}%b\u{a0}%Y")) } }
}

/// A due date and the days left or overdue. `met` means that it needs no attention.
pub(crate) fn due(date: Option<Date>, met: bool, today: Date) -> Markup {
    let Some(date) = date else {
        return html! { span.quiet { "no date" } };
    };
    let (class, words) = match days_left(date, today) {
        _ if met => ("good", "✓ met".to_owned()),
        words if date < today => ("bad", format!("⚠ {words}")),
        words => ("quiet", words),
    };
    html! { (day(date)) " " span class=(class) { (words) } }
}

/// A number and its noun.
pub(crate) fn count(number: usize, noun: &str) -> String {
    format!("{number}\u{a0}{noun}{}", plural(number))
}

/// Reports entries that are not shown.
pub(crate) fn not_shown(all: usize, shown: usize, noun: &str) -> Markup {
    let rest = all.saturating_sub(shown);
    html! {
        @if rest > 0 { p.quiet { (rest) "\u{a0}more " (noun) (plural(rest)) " not shown" } }
    }
}

fn plural(number: usize) -> &'static str {
    if number == 1 { "" } else { "s" }
}

/// Days from `today` to `date`, negative in the past.
fn days_until(date: Date, today: Date) -> i32 {
    today.until(date).map_or(0, |span| span.get_days())
}

fn days_left(date: Date, today: Date) -> String {
    match days_until(date, today) {
        0 => "due today".to_owned(),
        1 => "1 day left".to_owned(),
        -1 => "1 day overdue".to_owned(),
        days if days < 0 => format!("{} days overdue", -days),
        days => format!("{days} days left"),
    }
}

/// The distance of a date that is not a due date.
pub(crate) fn relative_day(date: Date, today: Date) -> String {
    match days_until(date, today) {
        0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        -1 => "yesterday".to_owned(),
        days if days < 0 => format!("{} days ago", -days),
        days => format!("in {days} days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_escaped_with_code_for_quoted_parts() {
        let markup = message("`<b>` isn't a key").into_string();
        assert_eq!(markup, "<code><bdi>&lt;b&gt;</bdi></code> isn't a key");
        assert_eq!(message("one ` of the user").into_string(), "<bdi>one ` of the user</bdi>");
    }

    #[test]
    fn only_complete_is_100_percent() {
        let percent = |value| percent(Ratio::clamped(value));
        assert_eq!(percent(1.0), "100\u{a0}%");
        assert_eq!(percent(0.99999), "99.9\u{a0}%");
        assert_eq!(percent(0.5375), "53.7\u{a0}%");
        assert_eq!(percent(0.57), "57\u{a0}%");
        assert_eq!(percent(0.29), "29\u{a0}%");
        assert_eq!(percent(0.0), "0\u{a0}%");
    }

    #[test]
    fn days_are_relative_to_today() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let words = |date: &str| (days_left(day(date), day("2026-01-27")), relative_day(day(date), day("2026-01-27")));
        assert_eq!(words("2026-01-27"), ("due today".into(), "today".into()));
        assert_eq!(words("2026-01-28"), ("1 day left".into(), "tomorrow".into()));
        assert_eq!(words("2026-01-26"), ("1 day overdue".into(), "yesterday".into()));
        assert_eq!(words("2026-04-30"), ("93 days left".into(), "in 93 days".into()));
        assert_eq!(words("2025-12-31"), ("27 days overdue".into(), "27 days ago".into()));
    }

    #[test]
    fn entries_that_are_not_shown_are_counted() {
        assert_eq!(not_shown(3, 3, "file").into_string(), "");
        assert_eq!(not_shown(4, 3, "file").into_string(), "<p class=\"quiet\">1\u{a0}more file not shown</p>");
        assert!(not_shown(9, 3, "file").into_string().contains("6\u{a0}more files not shown"));
    }
}
