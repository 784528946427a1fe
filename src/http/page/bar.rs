//! Bars of completion and of tasks by status.
//!
//! Every figure of a bar is also text: in its label, or next to it.

use maud::{Markup, html};

use crate::http::page::text::{percent, percent_number};
use crate::model::completion;
use crate::model::completion::TaskCounts;
use crate::quantity::Ratio;
use crate::schedule::summary::{AreaSummary, Summary};

/// Earned and reported completion.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CompletionFigures {
    pub(crate) earned: Option<Ratio>,
    pub(crate) reported: Option<Ratio>,
}

impl CompletionFigures {
    pub(crate) fn of_project(project: &Summary) -> Self {
        Self { earned: project.earned, reported: project.reported }
    }

    pub(crate) fn of_area(area: &AreaSummary) -> Self {
        Self { earned: area.earned, reported: area.reported }
    }

    pub(crate) fn is_complete(self) -> bool {
        self.earned.is_some_and(|earned| earned >= Ratio::ONE)
    }

    /// Earned completion, or reported completion if none is earned.
    pub(crate) fn known(self) -> Option<Ratio> {
        self.earned.or(self.reported)
    }

    /// Reported minus earned completion in percentage points, if the difference exceeds
    /// `policy.tolerance`, as in the finding `points_mismatch`.
    fn gap(self, tolerance: Ratio) -> Option<f64> {
        let (earned, reported) = (self.earned?, self.reported?);
        if !completion::differ(reported, earned, tolerance) {
            return None;
        }
        // The difference of the displayed figures, so that a reader gets the same result.
        let gap = ((percent_number(reported) - percent_number(earned)) * 10.0).round() / 10.0;
        Some(gap).filter(|gap| gap.abs() > completion::ROUNDING)
    }

    fn label(self) -> String {
        let earned = self.earned.map(|ratio| format!("{} earned", percent(ratio)));
        let reported = self.reported.map(|ratio| format!("{} reported", percent(ratio)));
        let figures: Vec<String> = earned.into_iter().chain(reported).collect();
        if figures.is_empty() { "no completion".to_owned() } else { figures.join(", ") }
    }
}

/// The figures as text.
pub(crate) fn figures(completion: CompletionFigures) -> Markup {
    html! {
        @for (ratio, method) in [(completion.earned, "earned"), (completion.reported, "reported")] {
            @match ratio {
                Some(ratio) => { span { b { (percent(ratio)) } " " (method) } }
                None => { span.quiet { b { "–" } " " (method) } }
            }
        }
    }
}

/// A bar of earned completion with a mark at reported completion.
pub(crate) fn completion_bar(completion: CompletionFigures) -> Markup {
    html! {
        span.bar role="img" aria-label=(completion.label()) {
            @if let Some(earned) = completion.earned {
                span.fill style={ "width:" (percent_number(earned)) "%" } {}
            }
            @if let Some(reported) = completion.reported {
                span.mark style={ "left:" (percent_number(reported)) "%" } {}
            }
        }
    }
}

/// A warning if reported and earned completion differ by more than `tolerance`.
pub(crate) fn gap_warning(completion: CompletionFigures, tolerance: Ratio) -> Markup {
    let points = |gap: f64| if (gap - 1.0).abs() < 0.05 { "point" } else { "points" };
    html! {
        @match completion.gap(tolerance) {
            Some(gap) if gap > 0.0 => {
                span.gap.bad { "▲ reported " (gap) "\u{a0}" (points(gap)) " above earned" }
            }
            Some(gap) => { span.gap { "▼ reported " (-gap) "\u{a0}" (points(-gap)) " below earned" } }
            None => {}
        }
    }
}

/// The tasks by status, as a bar and as a list.
pub(crate) fn task_bar(tasks: TaskCounts) -> Markup {
    let statuses = [
        ("done", tasks.done, "done"),
        ("partial", tasks.partial, "partial"),
        ("todo", tasks.todo, "to do"),
        ("waived", tasks.waived, "waived"),
    ];
    html! {
        @if statuses.iter().all(|(_, count, _)| *count == 0) {
            p.quiet { "no tasks" }
        } @else {
            // The list has the same figures, so screen readers can skip the bar.
            span.stack aria-hidden="true" {
                @for (class, count, _) in statuses.iter().filter(|(_, count, _)| *count > 0) {
                    span class=(class) style={ "flex-grow:" (count) } {}
                }
            }
            ul.counts {
                @for (class, count, label) in statuses.iter().filter(|(class, count, _)| *count > 0 || *class == "done") {
                    li { span class={ "swatch " (class) } {} b { (count) } " " (label) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completion(earned: f64, reported: f64) -> CompletionFigures {
        CompletionFigures { earned: Some(Ratio::clamped(earned)), reported: Some(Ratio::clamped(reported)) }
    }

    fn warning(earned: f64, reported: f64, tolerance: f64) -> String {
        gap_warning(completion(earned, reported), Ratio::clamped(tolerance)).into_string()
    }

    #[test]
    fn a_gap_above_the_tolerance_is_a_warning() {
        let above = "<span class=\"gap bad\">▲ reported 5\u{a0}points above earned</span>";
        let below = "<span class=\"gap\">▼ reported 3.5\u{a0}points below earned</span>";
        assert_eq!(warning(0.25, 0.30, 0.03), above);
        assert_eq!(warning(0.525, 0.49, 0.03), below);
        assert_eq!(warning(0.525, 0.495, 0.03), "", "a gap of exactly the tolerance is allowed");
        let none = CompletionFigures { earned: None, reported: Some(Ratio::ONE) };
        assert_eq!(gap_warning(none, Ratio::clamped(0.0)).into_string(), "");
    }

    #[test]
    fn the_tolerance_is_that_of_the_policy() {
        assert_eq!(warning(0.25, 0.30, 0.05), "");
        assert_eq!(warning(0.25, 0.30, 0.1), "");
        assert!(warning(0.25, 0.26, 0.0).contains("reported 1\u{a0}point above earned"));
        assert!(warning(0.25, 0.26, 0.005).contains("reported 1\u{a0}point above earned"));
        assert_eq!(warning(0.25, 0.25, 0.0), "");
        assert_eq!(warning(0.5, 0.50001, 0.0), "", "the displayed figures are equal");
    }

    #[test]
    fn a_bar_has_its_figures_as_label() {
        let bar = completion_bar(completion(0.25, 0.3)).into_string();
        assert!(
            bar.starts_with("<span class=\"bar\" role=\"img\" aria-label=\"25\u{a0}% earned, 30\u{a0}% reported\">"),
            "{bar}"
        );
        let parts = r#"<span class="fill" style="width:25%"></span><span class="mark" style="left:30%"></span></span>"#;
        assert!(bar.ends_with(parts), "{bar}");
        let none = completion_bar(CompletionFigures { earned: None, reported: None }).into_string();
        assert!(none.contains("no completion") && !none.contains("fill"), "{none}");
    }
}
