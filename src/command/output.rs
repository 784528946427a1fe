//! Terminal output that the commands share: styles, and the format of figures.

pub(crate) mod table;

use anstyle::{AnsiColor, Style};

use crate::quantity::probability_words;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum TextStyle {
    #[default]
    Plain,
    Heading,
    /// Late, or worse than before.
    Alert,
    Dimmed,
}

impl TextStyle {
    pub(crate) fn paint(self, text: &str, colour: bool) -> String {
        let style = match self {
            Self::Plain => Style::new(),
            Self::Heading => Style::new().bold(),
            Self::Alert => AnsiColor::Red.on_default().bold(),
            Self::Dimmed => Style::new().dimmed(),
        };
        if colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

/// The share of simulation runs in whole percent. Only 0 and 1 are shown as `0 %` and `100 %`.
pub(crate) fn format_share(share: f64) -> String {
    if share > 0.0 && share < 1.0 { probability_words(share) } else { format!("{:.0} %", share * 100.0) }
}

/// Working days with a sign: `+3.5 d`.
pub(crate) fn format_days(days: f64) -> String {
    let rounded = (days * 10.0).round() / 10.0;
    if rounded == 0.0 { "0 d".to_owned() } else { format!("{rounded:+} d") }
}

/// The change of a probability in whole percentage points, with a sign: `-12`.
pub(crate) fn format_points(change: f64) -> String {
    let points = (change * 100.0).round();
    if points == 0.0 { "0".to_owned() } else { format!("{points:+}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_share_of_all_runs_is_shown_as_all() {
        let shown = [0.0, 0.001, 0.01, 0.5, 0.99, 0.999, 1.0].map(format_share);
        assert_eq!(shown, ["0 %", "<1 %", "1 %", "50 %", "99 %", ">99 %", "100 %"]);
        let shown = [0.0, 0.001, 0.01, 0.5, 0.99, 0.999, 1.0].map(probability_words);
        assert_eq!(shown, ["<1 %", "<1 %", "1 %", "50 %", "99 %", ">99 %", ">99 %"]);
    }

    #[test]
    fn differences_have_a_sign_unless_they_round_to_zero() {
        assert_eq!([3.46, -8.12, 0.04, -0.04].map(format_days), ["+3.5 d", "-8.1 d", "0 d", "0 d"]);
        assert_eq!([0.125, -0.683, 0.004, -0.004].map(format_points), ["+13", "-68", "0", "0"]);
    }

    #[test]
    fn styles_are_written_only_with_colours() {
        assert_eq!(TextStyle::Alert.paint("late", false), "late");
        assert_eq!(TextStyle::Alert.paint("late", true), "\u{1b}[1m\u{1b}[31mlate\u{1b}[0m");
        assert_eq!(TextStyle::Dimmed.paint("due", true), "\u{1b}[2mdue\u{1b}[0m");
        assert_eq!(TextStyle::Plain.paint("due", true), "due");
    }
}
