//! Checks for contradictions in a plan: one function for each.
//!
//! All findings are warnings: the file is still served.

mod critical_path;
mod dates;
mod estimates;
mod milestones;

use std::collections::HashMap;

use jiff::civil::Date;

use crate::date::DayOrMonth;
use crate::finding::{Finding, Kind, NodePath, push_limited};
use crate::model::completion;
use crate::model::completion::{Completion, ROUNDING};
use crate::model::event_graph::EventGraph;
use crate::model::topology::topological_order;
use crate::model::{Item, Project, Reported, Status, Task, TaskIndex};
use crate::quantity::{Points, Ratio};

/// Every contradiction in `project`; `today` is in its time zone.
#[must_use]
pub(crate) fn check(project: &Project, completion: &Completion, today: Date) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(project_drift(project));
    for area in 0..project.areas.len() {
        findings.extend(points_mismatch(project, completion, area));
        findings.extend(points_missing(project, area));
        findings.extend(breakdown_drift(project, area));
    }
    findings.extend(tasks_in_two_areas(project));
    findings.extend(action_dates(project));
    findings.extend(non_working_days(project));
    findings.extend(due_before_need(project, completion));
    findings.extend(risks_without_probability(project));
    findings.extend(critical_path::without_estimate(project, completion));
    findings.extend(critical_path::gaps(project, completion));
    findings.extend(dates::in_future(project, today));
    findings.extend(dates::of_tasks(project));
    findings.extend(dates::target_passed(project, completion));
    findings.extend(dates::due_after_target(project));
    findings.extend(milestones::done_before_need(project, completion));
    findings.extend(milestones::unmarked(project, completion, today));
    findings.extend(estimates::few_estimates(project, completion));
    findings.extend(estimates::overloaded_assignees(project, today));
    findings.extend(review_overdue(project, today));
    findings.extend(task_findings(project, today));
    findings
}

fn project_drift(project: &Project) -> Option<Finding> {
    let (reported, mean) = (project.reported?, completion::mean_reported(project)?);
    if project.areas.iter().any(|area| area.reported.is_some_and(|it| it.when != reported.when)) {
        return None;
    }
    let reported = reported.complete;
    completion::differ(reported, mean, project.policy.tolerance).then(|| {
        let message =
            format!("the project reports {reported}, but the mean of its areas' reported completion is {mean}");
        finding(Kind::ProjectDrift, NodePath::root().key("reported"), message)
            .help(format!("write `reported: {}`, or correct an area", percent(mean)))
    })
}

fn points_mismatch(project: &Project, completion: &Completion, index: usize) -> Option<Finding> {
    let area = &project.areas[index];
    let dated = area.reported.filter(|_| completion::has_points(area))?;
    let reported = dated.complete;
    let earned = completion.area(index)?;
    let points: f64 = area.workstreams.iter().filter_map(|it| it.points).map(Points::get).sum();
    let remaining: f64 = (0..area.workstreams.len()).map(|it| completion.remaining_points(project, index, it)).sum();
    let at = project.node(Item::Area(index)).key("reported");
    let open = round(100.0 * (1.0 - reported.get()));
    if remaining > 100.0 + ROUNDING {
        let message =
            format!("the workstreams have {} remaining points, more than the 100 of the area", round(remaining));
        return Some(finding(Kind::PointsMismatch, at, message).help("reduce their `points`"));
    }
    if let Some(day) = earlier_day(project, dated) {
        let (least, greatest) = completion::earned_by(project, index, day)?;
        let nearest = Ratio::clamped(reported.get().clamp(least.get(), greatest.get()));
        return completion::differ(reported, nearest, project.policy.tolerance).then(|| {
            let range = if least == greatest { least.to_string() } else { format!("{least} to {greatest}") };
            let message = format!("the area had earned {range} by {day}, but reports {reported} for that day");
            finding(Kind::PointsMismatch, at, message)
                .help(format!("write `complete: {}`, or correct the `points`", percent(nearest)))
        });
    }
    completion::differ(reported, earned, project.policy.tolerance).then(|| {
        let sum = if (points - remaining).abs() < ROUNDING {
            format!("the workstreams have {} points", round(points))
        } else {
            format!("the workstreams still have {} of their {} points to earn", round(remaining), round(points))
        };
        let message = format!("{sum}, but `reported: {}` leaves {open}", percent(reported));
        finding(Kind::PointsMismatch, at, message).help(format!(
            "if it was reported earlier, add the day: `reported: {{complete: {}, when: …}}`; otherwise write \
                 `reported: {}`, or correct the `points`",
            percent(reported),
            percent(earned)
        ))
    })
}

/// The day of a reported completion, if the status is of a later day.
fn earlier_day(project: &Project, reported: Reported) -> Option<Date> {
    reported.when.filter(|when| project.as_of.is_none_or(|as_of| *when < as_of))
}

fn points_missing(project: &Project, index: usize) -> Vec<Finding> {
    let area = &project.areas[index];
    if !completion::has_points(area) {
        return Vec::new();
    }
    let streams = area.workstreams.iter().enumerate().filter(|(_, stream)| stream.points.is_none());
    let missing = streams.map(|(at, stream)| {
        let message = format!("`{}` has no points, but other workstreams of the area do: it is ignored", stream.id);
        finding(Kind::PointsMissing, project.node(Item::Workstream(index, at)), message)
            .at_key()
            .help("add `points`, the percentage points of the area that it earns")
    });
    missing.collect()
}

fn breakdown_drift(project: &Project, index: usize) -> Option<Finding> {
    let area = &project.areas[index];
    let mean = completion::weighted_mean(area.components.iter().map(|component| (1.0, component.complete)))?;
    let dated = area.reported.filter(|reported| earlier_day(project, *reported).is_none())?;
    let reported = Some(dated.complete).filter(|it| completion::differ(*it, mean, project.policy.tolerance))?;
    let message = format!("the mean of the breakdown is {mean}, but the area reports {reported}");
    let at = project.node(Item::Area(index)).key("breakdown");
    Some(
        finding(Kind::BreakdownDrift, at, message)
            .at_key()
            .help("correct one of the two, or increase `policy.tolerance`"),
    )
}

fn tasks_in_two_areas(project: &Project) -> Vec<Finding> {
    let mut first: HashMap<String, TaskIndex> = HashMap::new();
    let mut findings = Vec::new();
    for (index, task) in project.tasks() {
        let earlier = *first.entry(normalized(&task.title)).or_insert(index);
        if earlier.area != index.area {
            let path = project.path(Item::Task(earlier));
            push_limited(&mut findings, || {
                let message = format!("this task is also in another area, as `{path}`: it is counted twice");
                let at = project.node(Item::Task(index)).key(task.status.name());
                finding(Kind::TaskInTwoAreas, at, message).help(format!("write `- ref: {path}` here"))
            });
        }
    }
    findings
}

/// The title of a task in lower case, without punctuation and text in brackets.
fn normalized(title: &str) -> String {
    let mut depth = 0_usize;
    let mut words = String::with_capacity(title.len());
    for letter in title.chars() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            letter if letter.is_alphanumeric() => words.extend(letter.to_lowercase()),
            _ if words.ends_with(' ') => {}
            _ => words.push(' '),
        }
    }
    let words = words.trim();
    if words.is_empty() { title.to_owned() } else { words.to_owned() }
}

fn action_dates(project: &Project) -> Vec<Finding> {
    let actions = project.actions.iter().enumerate();
    let contradictions = actions.filter_map(|(index, action)| {
        let Item::Milestone(milestone) = action.item? else {
            return None;
        };
        let (when, due) = (action.when?, project.milestones[milestone].due?);
        let path = project.path(Item::Milestone(milestone));
        (when.last_day().first_of_month() != due.last_day().first_of_month()).then(|| {
            let message = format!("the action is due {when}, but its milestone `{path}` is due {due}");
            let at = NodePath::root().key("actions").index(index).key("when");
            finding(Kind::ActionDate, at, message).help("change one of the two dates")
        })
    });
    contradictions.collect()
}

fn non_working_days(project: &Project) -> Vec<Finding> {
    let root = NodePath::root();
    // The last day of a month is not a day that the author chose.
    let day = |date: Option<DayOrMonth>| if let Some(DayOrMonth::Day(day)) = date { Some(day) } else { None };
    let mut dates = Vec::new();
    dates.extend(day(project.target).map(|day| (day, root.key("target"))));
    dates.extend(project.next_review.map(|day| (day, root.key("next_review"))));
    for (index, milestone) in project.milestones.iter().enumerate().filter(|(_, it)| it.done.is_none()) {
        dates.extend(day(milestone.due).map(|due| (due, project.node(Item::Milestone(index)).key("due"))));
    }
    for (area, index, stream) in project.workstreams() {
        dates.extend(day(stream.due).map(|due| (due, project.node(Item::Workstream(area, index)).key("due"))));
    }
    for (index, task) in project.tasks().filter(|(_, task)| is_open(task)) {
        dates.extend(day(task.due).map(|due| (due, project.node(Item::Task(index)).key("due"))));
    }
    for (index, action) in project.actions.iter().enumerate() {
        dates.extend(day(action.when).map(|day| (day, root.key("actions").index(index).key("when"))));
    }
    dates.into_iter().filter_map(|(day, at)| non_working_day(project, day, at)).collect()
}

fn non_working_day(project: &Project, day: Date, at: NodePath) -> Option<Finding> {
    let why = project.calendar.non_working_reason(day)?;
    let before = project.calendar.last_working_day_before(day);
    let help = before.map(|before| format!("the last working day before it is `{before}`"));
    Some(finding(Kind::NonWorkingDay, at, format!("{day} is {why}")).maybe_help(help))
}

/// Open items that are due before an item that they need, directly or through items without a due date.
fn due_before_need(project: &Project, completion: &Completion) -> Vec<Finding> {
    let mut findings = Vec::new();
    let tasks = project.tasks().map(|(index, _)| Item::Task(index));
    let streams = project.workstreams().map(|(area, index, _)| Item::Workstream(area, index));
    let dated: Vec<Item> = tasks.chain(streams).filter(|item| project.due(*item).is_some()).collect();
    let graph = EventGraph::of(project, &dated);
    // For each event, the last due date before it.
    let mut last: Vec<Option<(Date, Item)>> = vec![None; graph.events.len()];
    for event in topological_order(&graph.predecessors, |_| true) {
        let (item, is_finish) = graph.events[event];
        if is_finish && !matches!(item, Item::Area(_)) && is_reached(project, completion, item) {
            continue;
        }
        let before = graph.predecessors[event].iter().filter_map(|&before| last[before]).max();
        let due = project.due(item).filter(|_| is_finish);
        if let (Some(due), Some((later, need))) = (due, before.filter(|(later, _)| due.is_some_and(|due| *later > due)))
        {
            push_limited(&mut findings, || {
                let (to, from) = (project.path(item), project.path(need));
                let verb = if critical_path::contains(item, need) { "contains" } else { "needs" };
                let message = format!("`{to}` is due {due}, but {verb} `{from}`, which is due {later}");
                finding(Kind::DueBeforeNeed, project.node(item).key("due"), message).help("change one of the two dates")
            });
        }
        last[event] = due.map(|due| (due, item)).or(before);
    }
    findings.sort_by(|one, other| one.at.cmp(&other.at));
    findings
}

/// Whether an item is complete; a milestone is only if it is done.
fn is_reached(project: &Project, completion: &Completion, item: Item) -> bool {
    match item {
        Item::Milestone(index) => project.milestones[index].done.is_some(),
        Item::Area(index) => completion.area(index).is_none_or(|earned| earned >= Ratio::ONE),
        _ => completion.is_complete(project, item),
    }
}

fn risks_without_probability(project: &Project) -> Vec<Finding> {
    let findings = project.risks.iter().filter_map(|risk| {
        let at = NodePath::root().key("risks").key(risk.id.as_str());
        if risk.probability.is_some() && risk.delay.is_some() && risk.affects.is_empty() {
            let message = format!("the risk `{}` affects no item: it is not simulated", risk.id);
            return Some(
                finding(Kind::RiskWithoutItems, at, message)
                    .at_key()
                    .help("add the items that it delays, such as `affects: [ml/azure]`"),
            );
        }
        let (missing, help) = match (risk.probability, risk.delay) {
            (None, _) => ("probability", "add one, such as `probability: 30%`"),
            (Some(_), None) => ("delay", "add the delay of each item that it affects, such as `delay: 1-3w`"),
            (Some(_), Some(_)) => return None,
        };
        let message = format!("the risk `{}` has no {missing}: it is not simulated", risk.id);
        Some(finding(Kind::RiskWithoutProbability, at, message).at_key().help(help))
    });
    findings.collect()
}

fn is_open(task: &Task) -> bool {
    matches!(task.status, Status::Todo | Status::Partial(_))
}

fn review_overdue(project: &Project, today: Date) -> Option<Finding> {
    let review = project.next_review.filter(|review| *review < today)?;
    let message = format!("the review of {review} is overdue");
    let at = NodePath::root().key("next_review");
    Some(finding(Kind::ReviewOverdue, at, message).help("review the plan, then write the date of the next review"))
}

/// Checks of single tasks.
fn task_findings(project: &Project, today: Date) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, task) in project.tasks() {
        let at = |key| project.node(Item::Task(index)).key(key);
        match &task.status {
            Status::Waived { until: Some(until), .. } if *until < today => {
                let message = format!("the waiver expired on {until}");
                let help = "write `todo` again, or extend `until`";
                findings.push(finding(Kind::WaiverExpired, at("until"), message).help(help));
            }
            Status::Partial(Some(complete)) if complete.get() > completion::PARTIAL_LIMIT => {
                let message = format!(
                    "a partial task counts as at most 90 %, not {complete}: the rest is earned by finishing it"
                );
                findings.push(
                    finding(Kind::PartialAboveLimit, at("complete"), message)
                        .help("change `partial` to `done` when it is finished"),
                );
            }
            _ => {}
        }
    }
    findings
}

fn finding(kind: Kind, at: NodePath, message: impl Into<String>) -> Finding {
    Finding::new(kind, at, message)
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// A ratio as written in a file.
fn percent(ratio: Ratio) -> String {
    format!("{}%", round(ratio.get() * 100.0))
}

#[cfg(test)]
mod tests;
