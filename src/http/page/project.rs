//! A project at a glance.

use std::fmt;

use jiff::civil::Date;

use crate::http::page::bar::{Bar, Completion, Gap, Tasks};
use crate::http::page::text::{Count, Day, Due, Escaped, Isolated, Percent, away};
use crate::quantity::Ratio;
use crate::schedule::summary::{AreaSummary, MilestoneSummary, Outlook, Summary};
use crate::snapshot::FileReport;

/// How many areas of a project are shown.
const MOST_AREAS: usize = 40;
/// How many milestones that aren't reached are shown.
const MOST_MILESTONES: usize = 10;

/// A project, and the file that it comes from.
#[derive(Debug, Clone, Copy)]
pub struct Card<'a> {
    /// The project.
    pub project: &'a Summary,
    /// Its file.
    pub file: &'a FileReport,
    /// The day on which it is looked at.
    pub today: Date,
}

impl fmt::Display for Card<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let project = self.project;
        write!(out, "<article id=\"{0}\" aria-labelledby=\"{0}-title\">", Anchor(&project.id))?;
        write!(out, "<header><h2 id=\"{}-title\">{}</h2>", Anchor(&project.id), Isolated(&project.title))?;
        write!(out, "<p class=\"id\"><code>{}</code>", Isolated(&project.id))?;
        if let Some(status) = &project.status {
            write!(out, " <span class=\"chip\">{}</span>", Isolated(status))?;
        }
        out.write_str("</p></header>")?;
        self.banner(out)?;
        self.overall(out)?;
        out.write_str("<div class=\"columns\"><section><h3>Areas</h3>")?;
        self.areas(out)?;
        write!(out, "<h3>Tasks</h3>{}</section><section><h3>Milestones</h3>", Tasks(project.tasks))?;
        self.milestones(out)?;
        out.write_str("</section></div></article>")
    }
}

impl Card<'_> {
    /// That a file can't be read is said where its figures are, since they are old.
    fn banner(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.file.up {
            return Ok(());
        }
        out.write_str("<p class=\"banner\"><b>✕ Its file has errors.</b> These figures are of its last good content")?;
        if let Some(loaded) = self.file.loaded_at {
            write!(out, ", loaded {}", loaded.strftime("%-d\u{a0}%b\u{a0}%Y, %H:%M\u{a0}UTC"))?;
        }
        out.write_str(". <a href=\"#files\">See what is wrong</a></p>")
    }

    fn overall(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let completion = Completion::of(self.project);
        out.write_str("<div class=\"overall\"><p class=\"figures\">")?;
        completion.write_figures(out)?;
        write!(out, "</p>{}{}", Bar(completion), Gap(completion))?;
        out.write_str("</div><dl class=\"facts\">")?;
        self.dates(out)?;
        out.write_str("</dl>")
    }

    fn dates(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (project, today) = (self.project, self.today);
        let met = Completion::of(project).is_complete();
        for (name, date, met) in [("Target", project.target, met), ("Next review", project.next_review, false)] {
            if date.is_some() {
                write!(out, "<div><dt>{name}</dt><dd>{}</dd></div>", Due { date, met, today })?;
            }
        }
        if let Some(as_of) = project.as_of {
            let words = away(as_of, today);
            write!(out, "<div><dt>Status date</dt><dd>{} <span>{words}</span></dd></div>", Day(as_of))?;
        }
        Ok(())
    }

    fn areas(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let areas = &self.project.areas;
        if areas.is_empty() {
            return out.write_str("<p class=\"quiet\">none yet</p>");
        }
        out.write_str("<ul class=\"areas\">")?;
        for area in areas.iter().take(MOST_AREAS) {
            write!(out, "{}", Area(area))?;
        }
        out.write_str("</ul>")?;
        more(out, areas.len(), MOST_AREAS, "area")
    }

    fn milestones(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reached = self.project.milestones.iter().filter(|milestone| milestone.done.is_some()).count();
        let open: Vec<_> = self.project.milestones.iter().filter(|milestone| milestone.done.is_none()).collect();
        if self.project.milestones.is_empty() {
            return out.write_str("<p class=\"quiet\">none yet</p>");
        }
        out.write_str("<ul class=\"milestones\">")?;
        for milestone in open.iter().take(MOST_MILESTONES) {
            write!(out, "{}", Milestone { milestone, today: self.today })?;
        }
        out.write_str("</ul>")?;
        more(out, open.len(), MOST_MILESTONES, "milestone")?;
        if reached > 0 {
            write!(out, "<p class=\"quiet\">✓ {} reached</p>", Count(reached, "milestone"))?;
        }
        Ok(())
    }
}

struct Area<'a>(&'a AreaSummary);

impl fmt::Display for Area<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(area) = self;
        let completion = Completion { earned: area.earned, reported: area.reported };
        write!(out, "<li><span class=\"name\">{}", Isolated(&area.title))?;
        if let Some(priority) = area.priority {
            write!(out, " <span class=\"priority {0}\">{0}</span>", priority.name())?;
        }
        write!(out, "</span>{}<span class=\"figures\">", Bar(completion))?;
        completion.write_figures(out)?;
        write!(out, "</span>{}</li>", Gap(completion))
    }
}

struct Milestone<'a> {
    milestone: &'a MilestoneSummary,
    today: Date,
}

impl fmt::Display for Milestone<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milestone = self.milestone;
        write!(out, "<li><span class=\"name\">{}</span>", Isolated(&milestone.title))?;
        let due = Due { date: milestone.due, met: false, today: self.today };
        let complete = Percent(milestone.completion);
        write!(out, "<span class=\"complete\">{complete}</span><span class=\"when\">{due}</span>")?;
        if let Some(outlook) = milestone.forecast {
            write!(out, "{}", Forecast(outlook))?;
        }
        out.write_str("</li>")
    }
}

/// When a milestone will be reached, and how likely that is in time.
struct Forecast(Outlook);

impl fmt::Display for Forecast {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Outlook { p85, on_time, is_late } = self.0;
        let class = if is_late { "forecast late" } else { "forecast" };
        let sign = if is_late { "▲ " } else { "" };
        write!(out, "<span class=\"{class}\">{sign}85\u{a0}% sure by {}", Day(p85))?;
        if let Some(on_time) = on_time {
            write!(out, ", on time {}", Percent(Ratio::clamped(on_time)))?;
        }
        out.write_str("</span>")
    }
}

/// An id that is safe as an anchor: ids of projects are plain ASCII.
#[derive(Debug, Clone, Copy)]
pub struct Anchor<'a>(pub &'a str);

impl fmt::Display for Anchor<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "project-{}", Escaped(self.0))
    }
}

/// That there is more than is shown.
pub(crate) fn more(out: &mut fmt::Formatter<'_>, all: usize, shown: usize, noun: &'static str) -> fmt::Result {
    if all <= shown {
        return Ok(());
    }
    let plural = if all - shown == 1 { "" } else { "s" };
    write!(out, "<p class=\"quiet\">and {}\u{a0}more {noun}{plural}</p>", all - shown)
}
