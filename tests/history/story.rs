//! Edits of the example over ninety days.
//!
//! The status is reported on Mondays and Thursdays. The workspace slips by two weeks, the milestone of the models is
//! re-baselined, and finally all milestones are reached on time. There are a few typing errors, replaced pods, and one
//! night without an exporter.

use anyhow::{Context, Result};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};

pub(crate) enum Event {
    /// New content of the file.
    Written(String),
    /// The exporter can't be scraped from now on.
    Down,
    /// The exporter can be scraped again.
    Up,
    /// Another pod serves the file, by name.
    Replaced(String),
}

pub(crate) struct Story {
    /// Start of the first day.
    pub(crate) start: Timestamp,
    /// Events in chronological order.
    pub(crate) events: Vec<(Timestamp, Event)>,
}

/// Status date of the example, a Tuesday.
const FIRST: Date = jiff::civil::date(2026, 1, 27);

/// Start and finish of each workstream, in days since the first.
const WORK: [(&str, &str, u32, u32); 15] = [
    ("implementation", "vendor-apis", 2, 30),
    ("implementation", "ui", 10, 60),
    ("testing", "unit", 3, 40),
    ("testing", "integration", 34, 62),
    ("testing", "automation", 20, 45),
    ("ml", "azure", 6, 31),
    ("ml", "training", 32, 60),
    ("ml", "serving", 57, 78),
    ("ml", "operations", 40, 80),
    ("deployment", "infrastructure", 5, 55),
    ("deployment", "security", 10, 60),
    ("deployment", "performance", 30, 66),
    ("deployment", "monitoring", 25, 65),
    ("deployment", "production", 66, 86),
    ("deployment", "recovery", 40, 70),
];

/// Day on which each milestone is reached.
const REACHED: [(&str, u32); 9] = [
    ("vendor-apis", 30),
    ("production-data-flow", 30),
    ("azure-workspace", 31),
    ("test-coverage", 41),
    ("security-audit", 60),
    ("load-testing", 66),
    ("models-live", 79),
    ("production-deployment", 86),
    ("production-readiness", 87),
];

/// Day on which the project recovers from the slip of the workspace.
const RECOVERY: u32 = 20;

/// Other edits, by day.
const EDITS: [(u32, &str, &str); 7] = [
    // Fixes of the report: a duplicate title, and an action in the wrong month.
    (7, "Deploy Azure ML Workspace (critical blocker for ML)", "Connect the Azure ML Workspace"),
    (7, "when: 2026-03\n    for: security-audit", "when: 2026-04\n    for: security-audit"),
    // A realistic due date for the models.
    (
        9,
        "due: 2026-03\n    baseline: 2026-03-31\n    needs: [ml/training",
        "due: 2026-04-24\n    baseline: 2026-03-31\n    needs: [ml/training",
    ),
    (9, "when: 2026-03\n    for: models-live", "when: 2026-04\n    for: models-live"),
    // The workspace takes two weeks longer.
    (
        16,
        "estimate: 2-3w\n        blocker: true\n        impact: Blocks ML",
        "estimate: 4-5w\n        blocker: true\n        impact: Blocks ML",
    ),
    // Additional engineers shorten training and deployment, which compensates for the slip.
    (RECOVERY, "title: Model Training\n", "title: Model Training\n        estimate: 3-4w\n"),
    (RECOVERY, "title: Model Deployment\n", "title: Model Deployment\n        estimate: 2-3w\n"),
];

/// Tasks of a project that does not recover: new status, title, and keys with assignee and due date, or a waiver.
const ASSIGNMENTS: [(&str, &str, &str); 4] = [
    ("partial", "Cache optimization", "            assignee: kim\n            due: 2026-02-12\n"),
    ("partial", "Configure Grafana dashboards", "            assignee: mara\n            due: 2026-02-24\n"),
    ("partial", "Configure log aggregation", "            assignee: kim\n            due: 2026-03-05\n"),
    (
        "waived",
        "Set up distributed tracing",
        "            reason: One cluster has no use for it\n            until: 2026-09-30\n",
    ),
];

impl Story {
    /// The history of the example. With `until`, dates are shifted by whole weeks so that `until` is day `days`, or up
    /// to 6 days later. Without `recovers`, the slip of the workspace remains.
    ///
    /// # Errors
    /// If the example can't be read, or does not contain the text of an edit.
    pub(crate) fn from_example(until: Option<Timestamp>, days: i64, recovers: bool) -> Result<Self> {
        let example = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/castiel.readiness.yaml"))?;
        let weeks =
            until.map_or(0, |until| (until.duration_since(noon(FIRST, 0)).as_hours() / 24 - days).div_euclid(7));
        let mut events = Vec::new();
        let mut text = with_owner(&example)?;
        events.push((moment(0, 0, 0), Event::Written(text.clone())));
        for day in 1..90 {
            for (_, old, new) in EDITS.iter().filter(|it| it.0 == day && (recovers || day < RECOVERY)) {
                text = replaced(&text, old, new)?;
            }
            if day == 7 {
                text = without_reported(&text);
            }
            if day == 2 && !recovers {
                text = with_assignments(&text)?;
            }
            if [6, 2].contains(&(day % 7)) {
                text = reported(&text, day)?;
            }
            events.push((moment(day, 10, 20), Event::Written(text.clone())));
        }
        let end = until.map(|until| until - SignedDuration::from_hours(weeks * 7 * 24));
        events.extend(incidents(&events, end));
        events.sort_by_key(|(at, _)| *at);
        let later = |at: Timestamp| at + SignedDuration::from_hours(weeks * 7 * 24);
        let moved = |event| match event {
            Event::Written(text) => Event::Written(moved(&text, weeks)),
            other => other,
        };
        let events = events.into_iter().map(|(at, event)| (later(at), moved(event))).collect();
        Ok(Self { start: later(moment(0, 0, 0)), events })
    }
}

/// Typing errors and outages, each with its end.
fn incidents(events: &[(Timestamp, Event)], end: Option<Timestamp>) -> Vec<(Timestamp, Event)> {
    let text = |day: u32| match events.iter().rev().find(|(at, _)| *at <= moment(day, 23, 0)) {
        Some((_, Event::Written(text))) => text.clone(),
        _ => String::new(),
    };
    let broken = text(22).replacen("workstreams:", "workstream:", 1);
    let mistyped = without_finishes(&text(36)).replace("- done: ", "- todo: ");
    let passing = [
        // An invalid key for two hours.
        [(moment(22, 15, 0), Event::Written(broken)), (moment(22, 17, 0), Event::Written(text(22)))],
        // Two outages of 10 minutes.
        [(moment(25, 11, 0), Event::Down), (moment(25, 11, 10), Event::Up)],
        [(moment(50, 23, 55), Event::Down), (moment(51, 0, 5), Event::Up)],
        // For 10 minutes, all tasks are open again.
        [(moment(36, 16, 0), Event::Written(mistyped)), (moment(36, 16, 10), Event::Written(text(36)))],
        // An outage of one night.
        [(moment(47, 19, 0), Event::Down), (moment(48, 8, 0), Event::Up)],
    ];
    // Incidents that would not be over at the end are excluded, so that the demo shows a healthy project.
    let is_over = |it: &[(Timestamp, Event); 2]| end.is_none_or(|end| it[1].0 < end);
    let replaced = [
        // The node is drained.
        (moment(33, 9, 5), Event::Replaced("readiness-exporter-1".to_owned())),
        // The exporter is upgraded.
        (moment(72, 14, 0), Event::Replaced("readiness-exporter-2".to_owned())),
    ];
    passing.into_iter().filter(is_over).flatten().chain(replaced).collect()
}

/// A time on day `day`, in UTC.
fn moment(day: u32, hour: i64, minute: i64) -> Timestamp {
    noon(FIRST, day) + SignedDuration::from_mins((hour - 12) * 60 + minute)
}

fn noon(first: Date, day: u32) -> Timestamp {
    let date = first + i64::from(day).days();
    date.in_tz("UTC").map(|it| it.timestamp() + SignedDuration::from_hours(12)).unwrap_or_default()
}

/// The report on day `day`: status date, next review, progress, and reached milestones.
fn reported(text: &str, day: u32) -> Result<String> {
    let date = |day: u32| (FIRST + i64::from(day).days()).to_string();
    let mut text = line_replaced(text, "as_of: ", &date(day))?;
    text = line_replaced(&text, "next_review: ", &date(day + if day % 7 == 6 { 3 } else { 4 }))?;
    for (area, stream, started, finished) in WORK.into_iter().filter(|it| day > it.2) {
        let part = f64::from(day - started) / f64::from(finished - started);
        text = progressed(&text, area, stream, part.min(1.0), &date(day))?;
    }
    for (milestone, reached) in REACHED.into_iter().filter(|it| it.1 <= day) {
        let title = format!("  {milestone}:\n    title: ");
        let done = format!("  {milestone}:\n    done: {}\n    title: ", date(reached));
        // Only the first match: a risk further down may have the same id.
        if !text.contains(&format!("  {milestone}:\n    done: ")) {
            text = text.replacen(&title, &done, 1);
        }
    }
    let coverage = 0.35 + 0.5 * f64::from(day.min(40)) / 40.0;
    Ok(covered(&text, (coverage * 100.0).round()))
}

/// `text` with the first tasks of a workstream done on `day`, in proportion to `part`, and the next one partial.
fn progressed(text: &str, area: &str, stream: &str, part: f64, day: &str) -> Result<String> {
    let place = text.find(&format!("\n  {area}:\n")).context("no such area")?;
    let start = place + text[place..].find(&format!("\n      {stream}:\n")).context("no such workstream")? + 1;
    let stop = |line: &str| line.len() - line.trim_start().len() <= 6 && !line.trim().is_empty();
    let length: usize = text[start..]
        .split_inclusive('\n')
        .enumerate()
        .take_while(|(number, line)| *number == 0 || !stop(line))
        .map(|(_, line)| line.len())
        .sum();
    let block = &text[start..start + length];
    let tasks = ["- todo: ", "- partial: ", "- done: "].iter().map(|it| block.matches(it).count()).sum::<usize>();
    let mut finished = 0.0;
    let all = f64::from(u32::try_from(tasks)?);
    let lines = block.split_inclusive('\n').map(|line| {
        let Some(kind) = ["- todo: ", "- partial: ", "- done: "].into_iter().find(|it| line.contains(it)) else {
            return line.to_owned();
        };
        finished += 1.0;
        let new = if finished <= part * all + 1e-9 {
            "- done: "
        } else if finished - 1.0 < part * all {
            "- partial: "
        } else {
            kind
        };
        let finish =
            if kind != new && new == "- done: " { format!("            finished: {day}\n") } else { String::new() };
        line.replacen(kind, new, 1) + &finish
    });
    let lines: String = lines.collect();
    Ok(format!("{}{lines}{}", &text[..start], &text[start + length..]))
}

/// Raises the coverage of all features to at least `percent`.
fn covered(text: &str, percent: f64) -> String {
    let Some(start) = text.find("    coverage:\n") else { return text.to_owned() };
    let raised = |line: &str| {
        let (name, value) = line.trim_end().rsplit_once(": ")?;
        let value: f64 = value.strip_suffix('%')?.parse().ok()?;
        Some(format!("{name}: {}%\n", value.max(percent)))
    };
    let mut inside = true;
    let lines = text[start..].split_inclusive('\n').map(|line| {
        inside &= line.starts_with("    ") || line.trim().is_empty();
        raised(line).filter(|_| inside && line.starts_with("        ")).unwrap_or_else(|| line.to_owned())
    });
    let lines: String = lines.collect();
    text[..start].to_owned() + &lines
}

/// `text` with an owner and a link, which the report does not have.
fn with_owner(text: &str) -> Result<String> {
    let milestone = "  models-live:\n";
    let keys = "    owner: Data science\n    link: https://example.com/models\n";
    replaced(text, milestone, &format!("{milestone}{keys}"))
}

fn with_assignments(text: &str) -> Result<String> {
    ASSIGNMENTS.iter().try_fold(text.to_owned(), |text, (status, task, keys)| {
        replaced(&text, &format!("- partial: {task}\n"), &format!("- {status}: {task}\n{keys}"))
    })
}

/// `text` without the dates on which tasks were finished.
fn without_finishes(text: &str) -> String {
    text.split_inclusive('\n').filter(|line| !line.starts_with("            finished: ")).collect()
}

/// `text` without reported completion.
fn without_reported(text: &str) -> String {
    text.split_inclusive('\n').filter(|line| !line.trim_start().starts_with("reported: ")).collect()
}

fn replaced(text: &str, old: &str, new: &str) -> Result<String> {
    text.contains(old).then(|| text.replacen(old, new, 1)).with_context(|| format!("the example has no `{old}`"))
}

fn line_replaced(text: &str, start: &str, value: &str) -> Result<String> {
    let old = text.lines().find(|line| line.starts_with(start)).with_context(|| format!("no line `{start}`"))?;
    replaced(text, old, &format!("{start}{value}"))
}

/// `text` with all dates shifted by `weeks`. A month is replaced by its last day.
fn moved(text: &str, weeks: i64) -> String {
    if weeks == 0 {
        return text.to_owned();
    }
    let words = text.split_inclusive(|it: char| !it.is_ascii_digit() && it != '-');
    let moved = words.map(|word| {
        let bare = word.trim_end_matches(|it: char| !it.is_ascii_digit());
        let date = match bare.len() {
            10 => bare.parse::<Date>().ok(),
            7 => format!("{bare}-01").parse::<Date>().ok().map(Date::last_of_month),
            _ => None,
        };
        date.map_or_else(|| word.to_owned(), |date| (date + weeks.weeks()).to_string() + &word[bare.len()..])
    });
    moved.collect()
}
