//! The card of a project.

use jiff::civil::Date;
use maud::{Markup, html};

use crate::http::page::bar::{CompletionFigures, completion_bar, figures, gap_warning, task_bar};
use crate::http::page::text::{count, day, due, isolated, linked, not_shown, owner, percent, relative_day};
use crate::quantity::{Ratio, probability_words};
use crate::schedule::summary::{AreaSummary, MilestoneSummary, Outlook, Summary};
use crate::snapshot::FileReport;

/// Maximum number of areas shown per project.
const MAX_AREAS: usize = 40;
/// Maximum number of open milestones shown per project.
const MAX_MILESTONES: usize = 10;

pub(crate) fn project_card(project: &Summary, file: &FileReport, today: Date) -> Markup {
    let anchor = anchor(project);
    html! {
        article id=(anchor) aria-labelledby={ (anchor) "-title" } {
            header {
                h2 id={ (anchor) "-title" } { (linked(&project.title, project.link.as_deref())) }
                p.id {
                    code { (isolated(&project.id)) }
                    @if let Some(status) = &project.status { " " span.chip { (isolated(status)) } }
                }
            }
            @if !file.up { (error_banner(file)) }
            (overall(project, today))
            div.columns {
                section {
                    h3 { "Areas" }
                    (areas(project))
                    h3 { "Tasks" }
                    (task_bar(project.tasks))
                }
                section {
                    h3 { "Milestones" }
                    (milestones(project, today))
                }
            }
        }
    }
}

/// The id of the project's card. Ids of projects are ASCII.
pub(crate) fn anchor(project: &Summary) -> String {
    format!("project-{}", project.id)
}

fn error_banner(file: &FileReport) -> Markup {
    html! {
        p.banner {
            b { "✕ The file has errors." } " These figures are from its last good content"
            @if let Some(loaded_at) = file.loaded_at {
                ", loaded " (loaded_at.strftime("%-d\u{a0}%b\u{a0}%Y, %H:%M\u{a0}UTC"))
            }
            ". " a href="#files" { "Show errors" }
        }
    }
}

fn overall(project: &Summary, today: Date) -> Markup {
    let completion = CompletionFigures::of_project(project);
    html! {
        div.overall {
            p.figures { (figures(completion)) }
            (completion_bar(completion))
            (gap_warning(completion, project.tolerance))
        }
        dl.facts {
            @if project.target.is_some() {
                div { dt { "Target" } dd { (due(project.target, completion.is_complete(), today)) } }
            }
            @if project.next_review.is_some() {
                div { dt { "Next review" } dd { (due(project.next_review, false, today)) } }
            }
            @if let Some(status_date) = project.as_of {
                div { dt { "Status date" } dd { (day(status_date)) " " span { (relative_day(status_date, today)) } } }
            }
        }
    }
}

fn areas(project: &Summary) -> Markup {
    html! {
        @if project.areas.is_empty() {
            p.quiet { "none" }
        } @else {
            ul.areas { @for area in project.areas.iter().take(MAX_AREAS) { (area_entry(area, project.tolerance)) } }
            (not_shown(project.areas.len(), MAX_AREAS, "area"))
        }
    }
}

fn area_entry(area: &AreaSummary, tolerance: Ratio) -> Markup {
    let completion = CompletionFigures::of_area(area);
    html! {
        li {
            span.name {
                (linked(&area.title, area.link.as_deref()))
                (owner(area.owner.as_deref()))
                @if let Some(priority) = area.priority {
                    " " span class={ "priority " (priority.name()) } { (priority.name()) }
                }
            }
            (completion_bar(completion))
            span.figures { (figures(completion)) }
            (gap_warning(completion, tolerance))
        }
    }
}

fn milestones(project: &Summary, today: Date) -> Markup {
    let (open, reached): (Vec<_>, Vec<_>) = project.milestones.iter().partition(|milestone| milestone.done.is_none());
    html! {
        @if project.milestones.is_empty() {
            p.quiet { "none" }
        } @else {
            ul.milestones {
                @for milestone in open.iter().take(MAX_MILESTONES) { (milestone_entry(milestone, today)) }
            }
            (not_shown(open.len(), MAX_MILESTONES, "milestone"))
            @if !reached.is_empty() { p.quiet { "✓ " (count(reached.len(), "milestone")) " reached" } }
        }
    }
}

fn milestone_entry(milestone: &MilestoneSummary, today: Date) -> Markup {
    html! {
        li {
            span.name { (linked(&milestone.title, milestone.link.as_deref())) (owner(milestone.owner.as_deref())) }
            span.complete { (percent(milestone.completion)) }
            span.when { (due(milestone.due, false, today)) }
            @if let Some(outlook) = milestone.forecast { (forecast(outlook)) }
        }
    }
}

fn forecast(outlook: Outlook) -> Markup {
    let on_time = outlook.on_time.filter(|_| !outlook.is_overdue).map(probability_words);
    html! {
        span class=(if outlook.is_late { "forecast late" } else { "forecast" }) {
            @if outlook.is_late { "▲ " }
            (if outlook.is_fixed { "fixed date " } else { "P85 " }) (day(outlook.p85))
            @if let Some(on_time) = on_time { ", on-time probability " (on_time.replace(' ', "\u{a0}")) }
            @if outlook.is_overdue { ", overdue" }
        }
    }
}
