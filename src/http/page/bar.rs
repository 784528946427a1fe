//! Bars: how much is earned, with a mark at what is reported; and the tasks by status.
//!
//! Everything that a bar shows is said in words, too: in its label, and in the text beside it.

use std::fmt;

use crate::http::page::text::Percent;
use crate::model::completion::TaskCounts;
use crate::quantity::Ratio;
use crate::schedule::summary::Summary;

/// From how many percentage points on reported and earned are far apart; the format's tolerance.
pub const LARGE_GAP: f64 = 3.0;

/// Completion as it is earned and as it is reported.
#[derive(Debug, Clone, Copy)]
pub struct Completion {
    /// Counted from tasks and points.
    pub earned: Option<Ratio>,
    /// As people say.
    pub reported: Option<Ratio>,
}

impl Completion {
    /// The completion of a whole project.
    #[must_use]
    pub fn of(project: &Summary) -> Self {
        Self { earned: project.earned, reported: project.reported }
    }

    /// Whether all is earned.
    #[must_use]
    pub fn is_complete(self) -> bool {
        self.earned.is_some_and(|earned| earned >= Ratio::ONE)
    }

    /// What sorts it among others: earned where that is known.
    #[must_use]
    pub fn known(self) -> Option<Ratio> {
        self.earned.or(self.reported)
    }

    /// By how many percentage points more is reported than earned.
    #[must_use]
    pub fn gap(self) -> Option<f64> {
        // The difference of what is shown: other figures would look like a mistake.
        let gap = Percent(self.reported?).number() - Percent(self.earned?).number();
        Some((gap * 10.0).round() / 10.0)
    }

    /// The figures with their names, each an element of its own.
    pub(crate) fn write_figures(self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (ratio, word) in [(self.earned, "earned"), (self.reported, "reported")] {
            match ratio {
                Some(ratio) => write!(out, "<span><b>{}</b> {word}</span>", Percent(ratio))?,
                None => write!(out, "<span class=\"quiet\"><b>–</b> {word}</span>")?,
            }
        }
        Ok(())
    }

    /// The figures with their names: `25 % earned, 30 % reported`.
    fn figures(self) -> String {
        let earned = self.earned.map(|ratio| format!("{} earned", Percent(ratio)));
        let reported = self.reported.map(|ratio| format!("{} reported", Percent(ratio)));
        let figures: Vec<String> = earned.into_iter().chain(reported).collect();
        if figures.is_empty() { "no completion given".to_owned() } else { figures.join(", ") }
    }
}

/// The bar of a completion.
#[derive(Debug, Clone, Copy)]
pub struct Bar(pub Completion);

impl fmt::Display for Bar {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(completion) = self;
        write!(out, "<span class=\"bar\" role=\"img\" aria-label=\"{}\">", completion.figures())?;
        if let Some(earned) = completion.earned {
            write!(out, "<span class=\"fill\" style=\"width:{}%\"></span>", Percent(earned).number())?;
        }
        if let Some(reported) = completion.reported {
            write!(out, "<span class=\"mark\" style=\"left:{}%\"></span>", Percent(reported).number())?;
        }
        out.write_str("</span>")
    }
}

/// The words for a large gap between what is reported and what is earned; nothing for a small one.
#[derive(Debug, Clone, Copy)]
pub struct Gap(pub Completion);

impl fmt::Display for Gap {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let points = |gap: f64| if (gap - 1.0).abs() < 0.05 { "point" } else { "points" };
        match self.0.gap() {
            Some(gap) if LARGE_GAP <= gap => {
                write!(out, "<span class=\"gap bad\">▲ {gap}&nbsp;{} more reported than earned</span>", points(gap))
            }
            Some(gap) if gap <= -LARGE_GAP => {
                write!(out, "<span class=\"gap\">▼ {}&nbsp;{} less reported than earned</span>", -gap, points(-gap))
            }
            _ => Ok(()),
        }
    }
}

/// The tasks by status, as a bar and in words.
#[derive(Debug, Clone, Copy)]
pub struct Tasks(pub TaskCounts);

impl fmt::Display for Tasks {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(tasks) = self;
        let parts = [
            ("done", tasks.done, "done"),
            ("partial", tasks.partial, "partial"),
            ("todo", tasks.todo, "to do"),
            ("waived", tasks.waived, "waived"),
        ];
        if tasks.done + tasks.partial + tasks.todo + tasks.waived == 0 {
            return out.write_str("<p class=\"quiet\">no tasks</p>");
        }
        // The list beside it says the same, so that a screen reader may leave the bar out.
        out.write_str("<span class=\"stack\" aria-hidden=\"true\">")?;
        for (class, count, _) in parts.iter().filter(|(_, count, _)| *count > 0) {
            write!(out, "<span class=\"{class}\" style=\"flex-grow:{count}\"></span>")?;
        }
        out.write_str("</span><ul class=\"counts\">")?;
        for (class, count, word) in parts.iter().filter(|(class, count, _)| *count > 0 || *class == "done") {
            write!(out, "<li><span class=\"swatch {class}\"></span><b>{count}</b> {word}</li>")?;
        }
        out.write_str("</ul>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completion(earned: f64, reported: f64) -> Completion {
        Completion { earned: Some(Ratio::clamped(earned)), reported: Some(Ratio::clamped(reported)) }
    }

    #[test]
    fn a_large_gap_is_said() {
        let words = |earned, reported| Gap(completion(earned, reported)).to_string();
        assert!(words(0.25, 0.30).contains("▲ 5&nbsp;points more reported than earned"));
        assert!(words(0.525, 0.495).contains("▼ 3&nbsp;points less reported than earned"));
        assert_eq!(words(0.525, 0.5375), "");
        assert_eq!(Gap(Completion { earned: None, reported: Some(Ratio::ONE) }).to_string(), "");
    }

    #[test]
    fn a_bar_is_said_in_words() {
        insta::assert_snapshot!(Bar(completion(0.25, 0.3)), @r#"<span class="bar" role="img" aria-label="25 % earned, 30 % reported"><span class="fill" style="width:25%"></span><span class="mark" style="left:30%"></span></span>"#);
        let none = Bar(Completion { earned: None, reported: None }).to_string();
        assert!(none.contains("no completion given") && !none.contains("fill"), "{none}");
    }
}
