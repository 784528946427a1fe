//! The page for people: every project at a glance, and what is wrong with the files.
//!
//! One document without scripts or anything from elsewhere. However many files there are, it shows
//! those that need a look and says how many more there are.

pub mod text;
pub mod bar;
pub mod project;
pub mod files;

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::http::page::bar::{Bar, Completion};
use crate::http::page::files::{File, Missing};
use crate::http::page::project::{Anchor, Card, more};
use crate::http::page::text::{Count, Due, Escaped, Isolated, Percent};
use crate::quantity::Ratio;
use crate::schedule::summary::Summary;
use crate::snapshot::shard::Shard;
use crate::snapshot::{FileReport, Snapshot};

/// Nothing but the page's own style is allowed.
pub const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// How many projects, and how many files, are shown.
const MOST: usize = 100;

const STYLE: &str = include_str!("page/page.css");

const LEGEND: &str = concat!(
    r#"<p class="legend"><span><span class="bar key"><span class="fill"></span></span> "#,
    "earned: counted from tasks and points</span> ",
    r#"<span><span class="bar key"><span class="mark"></span></span> reported: as people say</span></p>"#,
);

const OVERVIEW_HEAD: &str = concat!(
    r#"<table class="overview"><thead><tr><th scope="col">Project</th>"#,
    r#"<th scope="col" class="wide">Completion</th><th scope="col" class="number">Earned</th>"#,
    r#"<th scope="col" class="number reported">Reported</th><th scope="col">Target</th>"#,
    r#"<th scope="col" class="wide">Next milestone</th></tr></thead><tbody>"#,
);

/// The page, as of `now`; without a snapshot the files haven't been read yet.
#[must_use]
pub fn render(snapshot: Option<&Snapshot>, telemetry_path: &str, now: Timestamp) -> String {
    Page { snapshot, telemetry_path, now }.to_string()
}

struct Page<'a> {
    snapshot: Option<&'a Snapshot>,
    telemetry_path: &'a str,
    now: Timestamp,
}

/// A project and the file that it comes from.
type Entry<'a> = (&'a Summary, &'a FileReport);

impl fmt::Display for Page<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">")?;
        out.write_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")?;
        out.write_str("<meta name=\"color-scheme\" content=\"light dark\"><title>Production readiness</title>")?;
        write!(out, "<style>{STYLE}</style></head><body><main>")?;
        match self.snapshot {
            Some(snapshot) => self.body(out, snapshot)?,
            None => out.write_str("<h1>Production readiness</h1><p>The files are being read.</p>")?,
        }
        out.write_str("</main>")?;
        self.footer(out)?;
        out.write_str("</body></html>\n")
    }
}

impl Page<'_> {
    fn today(&self) -> Date {
        self.now.to_zoned_datetime(TimeZone::UTC).date()
    }

    fn body(&self, out: &mut fmt::Formatter<'_>, snapshot: &Snapshot) -> fmt::Result {
        let projects = by_trouble(snapshot);
        headline(out, snapshot, projects.len())?;
        if projects.len() > 1 {
            self.overview(out, &projects)?;
        }
        if !projects.is_empty() {
            out.write_str(LEGEND)?;
        }
        for (project, file) in projects.iter().take(MOST) {
            write!(out, "{}", Card { project, file, today: self.today() })?;
        }
        more(out, projects.len(), MOST, "project")?;
        files(out, snapshot)
    }

    /// One line a project, where there are several.
    fn overview(&self, out: &mut fmt::Formatter<'_>, projects: &[Entry<'_>]) -> fmt::Result {
        out.write_str(OVERVIEW_HEAD)?;
        for entry in projects.iter().take(MOST) {
            self.overview_row(out, entry)?;
        }
        out.write_str("</tbody></table>")
    }

    fn overview_row(&self, out: &mut fmt::Formatter<'_>, (project, file): &Entry<'_>) -> fmt::Result {
        let today = self.today();
        write!(out, "<tr><th scope=\"row\"><a href=\"#{}\">{}</a>", Anchor(&project.id), Isolated(&project.title))?;
        out.write_str(if file.up { "</th>" } else { " <span class=\"bad\">✕ file has errors</span></th>" })?;
        write!(out, "<td class=\"wide\">{}</td>", Bar(Completion::of(project)))?;
        for (class, ratio) in [("number", project.earned), ("number reported", project.reported)] {
            let figure = ratio.map_or_else(|| "–".to_owned(), |ratio| Percent(ratio).to_string());
            write!(out, "<td class=\"{class}\">{figure}</td>")?;
        }
        let target = Due { date: project.target, met: Completion::of(project).is_complete(), today };
        write!(out, "<td>{target}</td><td class=\"wide\">")?;
        match project.milestones.iter().find(|milestone| milestone.done.is_none()) {
            Some(next) => {
                let due = Due { date: next.due, met: false, today };
                write!(out, "{}<br>{due}</td></tr>", Isolated(&next.title))
            }
            None => out.write_str("–</td></tr>"),
        }
    }

    fn footer(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.now.strftime("%-d\u{a0}%b\u{a0}%Y, %H:%M\u{a0}UTC");
        write!(out, "<footer><nav><a href=\"{}\">Metrics</a>", Escaped(self.telemetry_path))?;
        out.write_str("<a href=\"/-/healthy\">Health</a></nav>")?;
        write!(out, "<p>readiness-exporter {} · as of {time}</p></footer>", env!("CARGO_PKG_VERSION"))
    }
}

/// The projects that need a look first: files in error, then the least complete.
fn by_trouble(snapshot: &Snapshot) -> Vec<Entry<'_>> {
    let projects = snapshot.files.iter().filter_map(|file| Some((file.project.as_deref()?, file.as_ref())));
    let mut projects: Vec<Entry<'_>> = projects.collect();
    projects.sort_by(|(left, left_file), (right, right_file)| {
        let complete = |project: &Summary| Completion::of(project).known().map_or(-1.0, Ratio::get);
        left_file.up.cmp(&right_file.up).then(complete(left).total_cmp(&complete(right))).then(left.id.cmp(&right.id))
    });
    projects
}

/// How many there are, and how many are in trouble.
fn headline(out: &mut fmt::Formatter<'_>, snapshot: &Snapshot, projects: usize) -> fmt::Result {
    let down = snapshot.files.iter().filter(|file| !file.up).count();
    out.write_str("<header class=\"top\"><h1>Production readiness</h1><p>")?;
    write!(out, "{} from {}", Count(projects, "project"), Count(snapshot.files.len(), "file"))?;
    if snapshot.shard != Shard::default() {
        write!(out, " · shard {}", snapshot.shard)?;
    }
    if down > 0 {
        write!(out, " · <a class=\"bad\" href=\"#files\">✕ {} with errors</a>", Count(down, "file"))?;
    }
    let missing = missing(snapshot).len();
    if missing > 0 {
        write!(out, " · <a class=\"bad\" href=\"#files\">✕ {} missing</a>", Count(missing, "path"))?;
    }
    out.write_str("</p></header>")
}

/// The missing paths that no file's own finding tells of.
fn missing(snapshot: &Snapshot) -> Vec<&Path> {
    let told: BTreeSet<&Path> = snapshot.files.iter().map(|file| file.path.as_path()).collect();
    snapshot.missing.iter().map(PathBuf::as_path).filter(|path| !told.contains(path)).collect()
}

fn files(out: &mut fmt::Formatter<'_>, snapshot: &Snapshot) -> fmt::Result {
    out.write_str("<section class=\"files\" id=\"files\"><h2>Files</h2>")?;
    if snapshot.files.is_empty() && snapshot.missing.is_empty() {
        out.write_str("<p>There is no file that ends in <code>.yaml</code> or <code>.yml</code> yet")?;
        if snapshot.shard != Shard::default() {
            out.write_str(", or other shards tell of all there are")?;
        }
        return out.write_str(".</p></section>");
    }
    let mut files: Vec<&FileReport> = snapshot.files.iter().map(AsRef::as_ref).collect();
    files.sort_by_key(|file| (file.up, Reverse(file.findings.len())));
    out.write_str("<ul class=\"list\">")?;
    write!(out, "{}", Missing(&missing(snapshot)))?;
    for file in files.iter().take(MOST) {
        write!(out, "{}", File(file))?;
    }
    out.write_str("</ul>")?;
    more(out, files.len(), MOST, "file")?;
    out.write_str("</section>")
}

#[cfg(test)]
mod tests;
