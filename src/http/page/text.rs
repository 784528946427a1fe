//! Texts of the page: escaped, with dates, percentages and numbers as people say them.

use std::fmt;

use jiff::civil::Date;

use crate::quantity::Ratio;

/// A text of a file, safe inside an element and inside a quoted attribute.
#[derive(Debug, Clone, Copy)]
pub struct Escaped<'a>(pub &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
            out.write_str(&rest[..at])?;
            out.write_str(match rest.as_bytes()[at] {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'"' => "&quot;",
                _ => "&#39;",
            })?;
            rest = &rest[at + 1..];
        }
        out.write_str(rest)
    }
}

/// A text of a file on its own, so that its direction doesn't turn the words around it.
#[derive(Debug, Clone, Copy)]
pub struct Isolated<'a>(pub &'a str);

impl fmt::Display for Isolated<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "<bdi>{}</bdi>", Escaped(self.0))
    }
}

/// A message whose backticks stand around what the user wrote.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a>(pub &'a str);

impl fmt::Display for Message<'_> {
    /// With an odd number of backticks one is the user's own, and nobody can tell which.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.matches('`').count() % 2 == 1 {
            return write!(out, "{}", Isolated(self.0));
        }
        for (index, part) in self.0.split('`').enumerate() {
            if index % 2 == 1 {
                write!(out, "<code><bdi>{}</bdi></code>", Escaped(part))?;
            } else {
                write!(out, "{}", Escaped(part))?;
            }
        }
        Ok(())
    }
}

/// A ratio as a percentage with at most one decimal, rounded down: 100 % is complete, nothing less.
#[derive(Debug, Clone, Copy)]
pub struct Percent(pub Ratio);

impl Percent {
    /// The number before the sign.
    ///
    /// A millionth is forgiven, since a mean of decimal fractions may lie just below its value.
    #[must_use]
    pub fn number(self) -> f64 {
        ((self.0.get() * 1000.0 + 1e-6).floor() / 10.0).min(100.0)
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}\u{a0}%", self.number())
    }
}

/// A date, such as 30 Apr 2026, on one line and readable to programs.
#[derive(Debug, Clone, Copy)]
pub struct Day(pub Date);

impl fmt::Display for Day {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(date) = self;
        write!(out, "<time datetime=\"{date}\">{}</time>", date.strftime("%-d\u{a0}%b\u{a0}%Y"))
    }
}

/// When something is due and what is left, or that nobody said when.
#[derive(Debug, Clone, Copy)]
pub struct Due {
    /// The day.
    pub date: Option<Date>,
    /// Whether what was to be done by then is done.
    pub met: bool,
    /// The day on which it is looked at.
    pub today: Date,
}

impl fmt::Display for Due {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(date) = self.date else { return out.write_str("<span class=\"quiet\">no date</span>") };
        let (class, words) = match left(date, self.today) {
            _ if self.met => ("good", "✓ met".to_owned()),
            words if date < self.today => ("bad", format!("⚠ {words}")),
            words => ("quiet", words),
        };
        write!(out, "{} <span class=\"{class}\">{words}</span>", Day(date))
    }
}

/// A number and its noun.
#[derive(Debug, Clone, Copy)]
pub struct Count(pub usize, pub &'static str);

impl fmt::Display for Count {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(number, noun) = self;
        write!(out, "{number}\u{a0}{noun}{}", if *number == 1 { "" } else { "s" })
    }
}

/// How many days `date` lies after `today`; negative when it has gone by.
fn days_until(date: Date, today: Date) -> i32 {
    today.until(date).map_or(0, |span| span.get_days())
}

/// What is left until a date on which something is due, in words.
fn left(date: Date, today: Date) -> String {
    match days_until(date, today) {
        0 => "due today".to_owned(),
        1 => "1 day left".to_owned(),
        -1 => "1 day overdue".to_owned(),
        days if days < 0 => format!("{} days overdue", -days),
        days => format!("{days} days left"),
    }
}

/// How far a date is away, in words.
#[must_use]
pub fn away(date: Date, today: Date) -> String {
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
    fn texts_stay_texts() {
        let hostile = "<script>alert('1')</script>\" onload=x & é";
        let escaped = "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot; onload=x &amp; é";
        assert_eq!(Escaped(hostile).to_string(), escaped);
        assert_eq!(Message("`<b>` isn't a key").to_string(), "<code><bdi>&lt;b&gt;</bdi></code> isn&#39;t a key");
        assert_eq!(Message("a lone ` stays").to_string(), "<bdi>a lone ` stays</bdi>");
    }

    #[test]
    fn only_what_is_complete_reads_so() {
        let percent = |value| Percent(Ratio::clamped(value)).to_string();
        assert_eq!(percent(1.0), "100\u{a0}%");
        assert_eq!(percent(0.99999), "99.9\u{a0}%");
        assert_eq!(percent(0.5375), "53.7\u{a0}%");
        assert_eq!(percent(0.57), "57\u{a0}%");
        assert_eq!(percent(0.29), "29\u{a0}%");
        assert_eq!(percent(0.0), "0\u{a0}%");
    }

    #[test]
    fn days_are_said_in_words() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let words = |date: &str| (left(day(date), day("2026-01-27")), away(day(date), day("2026-01-27")));
        assert_eq!(words("2026-01-27"), ("due today".into(), "today".into()));
        assert_eq!(words("2026-01-28"), ("1 day left".into(), "tomorrow".into()));
        assert_eq!(words("2026-01-26"), ("1 day overdue".into(), "yesterday".into()));
        assert_eq!(words("2026-04-30"), ("93 days left".into(), "in 93 days".into()));
        assert_eq!(words("2025-12-31"), ("27 days overdue".into(), "27 days ago".into()));
    }
}
