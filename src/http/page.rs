//! The HTML page: an overview of all projects, a card per project, and the state of the files.
//!
//! The page is one document without scripts and external resources. Lists are bounded, with the entries
//! that need attention first.

pub(crate) mod text;
pub(crate) mod bar;
pub(crate) mod project;
pub(crate) mod files;

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::http::page::bar::{CompletionFigures, completion_bar};
use crate::http::page::files::{file_entry, missing_entries};
use crate::http::page::project::{anchor, project_card};
use crate::http::page::text::{count, due, isolated, not_shown, percent};
use crate::quantity::Ratio;
use crate::schedule::summary::Summary;
use crate::snapshot::shard::Shard;
use crate::snapshot::{FileReport, Snapshot};

/// Allows only the page's own style.
pub(crate) const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Maximum number of projects, and of files, on the page.
const MAX_ENTRIES: usize = 100;

const STYLE: &str = include_str!("page/page.css");

/// Renders the page at the time `now`. Without a snapshot, the files are still being loaded.
#[must_use]
pub(crate) fn render(snapshot: Option<&Snapshot>, telemetry_path: &str, now: Timestamp) -> String {
    let today = now.to_zoned_datetime(TimeZone::UTC).date();
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Production readiness" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    @match snapshot {
                        Some(snapshot) => (content(snapshot, today)),
                        None => { h1 { "Production readiness" } p { "Loading files." } }
                    }
                }
                footer {
                    nav { a href=(telemetry_path) { "Metrics" } a href="/-/healthy" { "Health" } }
                    p {
                        "readiness-exporter " (env!("CARGO_PKG_VERSION")) " · generated "
                        (now.strftime("%-d\u{a0}%b\u{a0}%Y, %H:%M\u{a0}UTC"))
                    }
                }
            }
        }
    };
    markup.into_string()
}

/// A project and its file.
type ProjectEntry<'a> = (&'a Summary, &'a FileReport);

fn content(snapshot: &Snapshot, today: Date) -> Markup {
    let projects = projects_by_urgency(snapshot);
    html! {
        (headline(snapshot, projects.len()))
        @if projects.len() > 1 { (overview(&projects, today)) }
        @if !projects.is_empty() { (legend()) }
        @for (project, file) in projects.iter().take(MAX_ENTRIES) { (project_card(project, file, today)) }
        (not_shown(projects.len(), MAX_ENTRIES, "project"))
        (files(snapshot))
    }
}

/// Projects of invalid files first, then by completion.
fn projects_by_urgency(snapshot: &Snapshot) -> Vec<ProjectEntry<'_>> {
    let projects = snapshot.files.iter().filter_map(|file| Some((file.project.as_deref()?, file.as_ref())));
    let mut projects: Vec<ProjectEntry<'_>> = projects.collect();
    projects.sort_by(|(left, left_file), (right, right_file)| {
        let completion = |project: &Summary| CompletionFigures::of_project(project).known().map_or(-1.0, Ratio::get);
        left_file
            .up
            .cmp(&right_file.up)
            .then(completion(left).total_cmp(&completion(right)))
            .then(left.id.cmp(&right.id))
    });
    projects
}

fn headline(snapshot: &Snapshot, projects: usize) -> Markup {
    let invalid = snapshot.files.iter().filter(|file| !file.up).count();
    let missing = missing(snapshot).len();
    html! {
        header.top {
            h1 { "Production readiness" }
            p {
                (count(projects, "project")) " from " (count(snapshot.files.len(), "file"))
                @if snapshot.shard != Shard::default() { " · shard " (snapshot.shard) }
                @if invalid > 0 { " · " a.bad href="#files" { "✕ " (count(invalid, "file")) " with errors" } }
                @if missing > 0 { " · " a.bad href="#files" { "✕ " (count(missing, "path")) " missing" } }
            }
        }
    }
}

/// Missing paths that have no row in the list of files.
fn missing(snapshot: &Snapshot) -> Vec<&Path> {
    let files: BTreeSet<&Path> = snapshot.files.iter().map(|file| file.path.as_path()).collect();
    snapshot.missing.iter().map(PathBuf::as_path).filter(|path| !files.contains(path)).collect()
}

/// A table of several projects.
fn overview(projects: &[ProjectEntry<'_>], today: Date) -> Markup {
    html! {
        table.overview {
            thead {
                tr {
                    th scope="col" { "Project" }
                    th.wide scope="col" { "Completion" }
                    th.number scope="col" { "Earned" }
                    th.number.reported scope="col" { "Reported" }
                    th scope="col" { "Target" }
                    th.wide scope="col" { "Next milestone" }
                }
            }
            tbody { @for entry in projects.iter().take(MAX_ENTRIES) { (overview_row(entry, today)) } }
        }
    }
}

fn overview_row((project, file): &ProjectEntry<'_>, today: Date) -> Markup {
    let completion = CompletionFigures::of_project(project);
    let figure = |ratio: Option<Ratio>| ratio.map_or_else(|| "–".to_owned(), percent);
    let next = project.milestones.iter().find(|milestone| milestone.done.is_none());
    html! {
        tr {
            th scope="row" {
                a href={ "#" (anchor(project)) } { (isolated(&project.title)) }
                @if !file.up { " " span.bad { "✕ file has errors" } }
            }
            td.wide { (completion_bar(completion)) }
            td.number { (figure(project.earned)) }
            td.number.reported { (figure(project.reported)) }
            td { (due(project.target, completion.is_complete(), today)) }
            td.wide {
                @match next {
                    Some(next) => { (isolated(&next.title)) br; (due(next.due, false, today)) }
                    None => { "–" }
                }
            }
        }
    }
}

fn legend() -> Markup {
    html! {
        p.legend {
            span { span.bar.key { span.fill {} } " earned: calculated from tasks and points" }
            " "
            span { span.bar.key { span.mark {} } " reported: as stated in the file" }
        }
    }
}

fn files(snapshot: &Snapshot) -> Markup {
    let mut files: Vec<&FileReport> = snapshot.files.iter().map(AsRef::as_ref).collect();
    files.sort_by_key(|file| (file.up, Reverse(file.findings.len())));
    html! {
        section.files #files {
            h2 { "Files" }
            @if files.is_empty() && snapshot.missing.is_empty() {
                p {
                    "No " code { ".yaml" } " or " code { ".yml" } " files found"
                    @if snapshot.shard != Shard::default() { " for this shard" }
                    "."
                }
            } @else {
                ul.list {
                    (missing_entries(&missing(snapshot)))
                    @for file in files.iter().take(MAX_ENTRIES) { (file_entry(file)) }
                }
                (not_shown(files.len(), MAX_ENTRIES, "file"))
            }
        }
    }
}

#[cfg(test)]
mod tests;
