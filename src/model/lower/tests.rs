//! Values and defaults of a project, and the findings of invalid documents.

use jiff::civil::{Weekday, date};

use super::*;
use crate::format;
use crate::model::completion;
use crate::name::Priority;

fn project(text: &str) -> Project {
    let (document, unreadable) = format::parse(text);
    let (project, findings) = lower(document.unwrap());
    assert!(unreadable.is_empty() && findings.is_empty(), "{unreadable:?} {findings:?}\n{text}");
    project
}

/// The findings of a document, each as `path: message`.
fn findings(text: &str) -> Vec<String> {
    let findings = lower(format::parse(text).0.unwrap()).1;
    findings.iter().map(|finding| format!("{}: {}", finding.at, finding.message)).collect()
}

#[test]
fn a_project_has_defaults() {
    let project = project("project: shop\nareas: {a: {workstreams: {w: {tasks: [todo: One more, partial: two]}}}}\n");
    assert_eq!((&*project.title, project.status, project.start, project.as_of), ("shop", None, None, None));
    assert_eq!(project.zone, TimeZone::UTC);
    let policy = Policy {
        partial_credit: Ratio::ZERO,
        tolerance: Ratio::clamped(0.03),
        stale_after: WorkTime::from_days(10.0),
        estimate_error: Ratio::clamped(0.2),
    };
    assert_eq!(project.policy, policy);
    let days = [date(2026, 1, 30), date(2026, 1, 31), date(2026, 2, 1), date(2026, 2, 2)];
    assert_eq!(days.map(|day| project.calendar.is_working(day)), [true, false, false, true]);
    let area = &project.areas[0];
    assert_eq!((&*area.title, area.priority, area.weight.get(), area.reported), ("a", None, 1.0, None));
    let stream = &area.workstreams[0];
    assert_eq!((&*stream.title, stream.blocker, stream.points, stream.due), ("w", false, None, None));
    let tasks: Vec<&Task> = stream.tasks.iter().filter_map(completion::own_task).collect();
    assert_eq!((tasks[0].id.as_str(), &*tasks[0].title, &tasks[0].status), ("one-more", "One more", &Status::Todo));
    assert_eq!((tasks[1].weight.get(), &tasks[1].status), (1.0, &Status::Partial(None)));
}

/// A document with every key.
const FULL: &str = "version: 1
project: shop
title: The shop
status: on track
start: 2026-01-05
as_of: 2026-01-27
target: 2026-04
next_review: 2026-02-03
timezone: Europe/Berlin
calendar: {workdays: [mon, sat], holidays: [2026-04-06]}
policy: {partial_credit: 50%, tolerance: 5%, stale_after: 3w, estimate_error: 35%}
baseline: [{when: 2026-01-05, complete: 10%}, {when: 2026-02, complete: 10%}, {when: 2026-03-31, complete: 100%}]
reported: 54%
notes: [of the project]
areas:
  a:
    title: Area
    priority: high
    weight: 2
    reported: 20%
    done: [Kick-off]
    notes: [of the area]
    breakdown: {part: 30%, other: {complete: 40%, target: 90%, note: small}}
    coverage: {target: 80%, features: {login: 70%}}
    workstreams:
      w:
        points: 40
        estimate: 2-3w
        blocker: true
        impact: no payments
        started: 2026-01-12
        due: 2026-03-13
        notes: [of the workstream]
        tasks:
          - {done: one, finished: 2026-01-20, note: of the task}
          - {partial: two, complete: 30%, id: second, assignee: kim, weight: 3, started: 2026-01-21}
          - {waived: three, reason: not needed, until: 2026-06-30, in_estimate: false}
          - ref: a/u/four
      v: {complete: 25%, tasks: []}
      u: {tasks: [todo: four]}
milestones: {m: {title: Launch, due: 2026-03, baseline: 2026-02-27, done: 2026-03-02, early: true, note: soon}}
critical_path: [a/w, m]
phases: [{when: 2026-02, title: Build}]
risks: {r: {title: Delay, severity: high, probability: 30%, delay: 1w, affects: [a/w], impact: late, mitigation: call}}
actions: [{action: Sign, when: 2026-02-06, horizon: soon, for: m, note: urgent}]
";

fn text(text: Option<&str>) -> String {
    text.unwrap_or_default().to_owned()
}

#[test]
fn a_project_has_the_values_of_its_file() {
    let project = project(FULL);
    assert_eq!((&*project.title, text(project.status.as_deref())), ("The shop", "on track".to_owned()));
    assert_eq!(
        [project.start, project.as_of, project.target_day(), project.next_review].map(Option::unwrap),
        [date(2026, 1, 5), date(2026, 1, 27), date(2026, 4, 30), date(2026, 2, 3)]
    );
    assert_eq!(project.zone.iana_name(), Some("Europe/Berlin"));
    assert_eq!(project.calendar, Calendar::new(&[Weekday::Monday, Weekday::Saturday], vec![date(2026, 4, 6)]));
    let policy = Policy {
        partial_credit: Ratio::clamped(0.5),
        tolerance: Ratio::clamped(0.05),
        stale_after: WorkTime::from_weeks(3.0),
        estimate_error: Ratio::clamped(0.35),
    };
    assert_eq!(project.policy, policy);
    let point = |when, complete| BaselinePoint { when, complete: Ratio::clamped(complete) };
    let baseline = [point(date(2026, 1, 5), 0.1), point(date(2026, 2, 28), 0.1), point(date(2026, 3, 31), 1.0)];
    assert_eq!(project.baseline, baseline);
    assert_eq!(project.reported.map(|it| it.complete), Some(Ratio::clamped(0.54)));
    let notes: Vec<(Option<Item>, &str)> = project.notes.iter().map(|note| (note.item, &*note.text)).collect();
    let task = |task| TaskIndex { area: 0, workstream: 0, task };
    assert_eq!(
        notes,
        [
            (None, "of the project"),
            (Some(Item::Area(0)), "of the area"),
            (Some(Item::Workstream(0, 0)), "of the workstream"),
            (Some(Item::Task(task(0))), "of the task"),
        ]
    );
}

#[test]
fn waivers_and_milestones_have_defaults() {
    let project = project(
        "project: x\nareas: {a: {workstreams: {w: {tasks: [{waived: one, reason: none}]}}}}\nmilestones: {m: {}}\n",
    );
    let waived = Status::Waived { reason: "none".into(), until: None, in_estimate: true };
    assert_eq!(project.tasks().next().unwrap().1.status, waived);
    assert!(!project.milestones[0].early);
}

#[test]
fn an_area_has_the_values_of_its_file() {
    let project = project(FULL);
    let area = &project.areas[0];
    assert_eq!((&*area.title, area.priority, area.weight.get()), ("Area", Some(Priority::High), 2.0));
    assert_eq!((area.done[0].id.as_str(), &area.done[0].status), ("kick-off", &Status::Done));
    let components: Vec<_> =
        area.components.iter().map(|it| (&*it.name, it.complete.get(), it.target.map(Ratio::get))).collect();
    assert_eq!(components, [("part", 0.3, None), ("other", 0.4, Some(0.9))]);
    assert_eq!(text(area.components[1].note.as_deref()), "small");
    assert_eq!(area.coverage_target, Some(Ratio::clamped(0.8)));
    assert_eq!((&*area.features[0].name, area.features[0].coverage), ("login", Ratio::clamped(0.7)));

    let stream = &area.workstreams[0];
    assert_eq!(
        (stream.points.unwrap().get(), stream.blocker, text(stream.impact.as_deref())),
        (40.0, true, "no payments".into())
    );
    assert_eq!((stream.started, stream.due), (Some(date(2026, 1, 12)), Some(DayOrMonth::Day(date(2026, 3, 13)))));
    let own: Vec<&Task> = stream.tasks.iter().filter_map(completion::own_task).collect();
    assert_eq!((&own[0].status, own[0].finished), (&Status::Done, Some(date(2026, 1, 20))));
    assert_eq!((own[1].id.as_str(), own[1].assignees.join(", "), own[1].weight.get()), ("second", "kim".into(), 3.0));
    assert_eq!(own[1].status, Status::Partial(Some(Ratio::clamped(0.3))));
    let waived = Status::Waived { reason: "not needed".into(), until: Some(date(2026, 6, 30)), in_estimate: false };
    assert_eq!(own[2].status, waived);
    let shared = TaskIndex { area: 0, workstream: 2, task: 0 };
    assert!(matches!(stream.tasks[3], TaskEntry::Shared(Some(index)) if index == shared));
    assert_eq!(area.workstreams[1].complete, Some(Ratio::clamped(0.25)));
}

#[test]
fn milestones_risks_and_actions_have_the_values_of_the_file() {
    let project = project(FULL);
    let milestone = &project.milestones[0];
    assert_eq!((&*milestone.title, text(milestone.note.as_deref())), ("Launch", "soon".into()));
    assert_eq!(milestone.due, Some(DayOrMonth::Month(date(2026, 3, 1))));
    assert_eq!(milestone.baseline, Some(DayOrMonth::Day(date(2026, 2, 27))));
    assert_eq!((milestone.done, milestone.early), (Some(date(2026, 3, 2)), true));
    assert_eq!(project.critical_path, [Item::Workstream(0, 0), Item::Milestone(0)]);
    assert_eq!(&*project.phases[0].title, "Build");
    let risk = &project.risks[0];
    assert_eq!(
        (&*risk.title, risk.probability, &risk.affects[..]),
        ("Delay", Some(Ratio::clamped(0.3)), &[Item::Workstream(0, 0)][..])
    );
    assert_eq!([text(risk.impact.as_deref()), text(risk.mitigation.as_deref())], ["late", "call"]);
    let action = &project.actions[0];
    assert_eq!(
        (&*action.title, action.item, text(action.horizon.as_deref())),
        ("Sign", Some(Item::Milestone(0)), "soon".into())
    );
}

#[test]
fn required_keys_are_reported_if_they_are_missing() {
    assert_eq!(findings("title: X\n"), [": the key `project` is missing"]);
    let lists = "project: x\nphases: [{}]\nactions: [{}]\nbaseline: [{}]\nareas: {a: {breakdown: {b: {}}}}\n";
    let mut missing = findings(lists);
    missing.sort();
    assert_eq!(
        missing,
        [
            "actions[0]: the key `action` is missing",
            "areas.a.breakdown.b: the key `complete` is missing",
            "baseline[0]: the key `complete` is missing",
            "baseline[0]: the key `when` is missing",
            "phases[0]: the key `title` is missing",
            "phases[0]: the key `when` is missing",
        ]
    );
}

#[test]
fn the_baseline_rises() {
    let baseline = |points: &str| findings(&format!("project: x\nbaseline: [{points}]\n"));
    let message = |text: &str| vec![format!("baseline[1].{text}")];
    assert_eq!(
        baseline("{when: 2026-01-05, complete: 0%}, {when: 2026-01-05, complete: 9%}"),
        message("when: 2026-01-05 is not after the previous point, 2026-01-05")
    );
    assert_eq!(
        baseline("{when: 2026-01-05, complete: 9%}, {when: 2026-01-06, complete: 8%}"),
        message("complete: 8 % is less than 9 %, planned for an earlier day")
    );
    assert!(baseline("{when: 2026-01-05, complete: 9%}, {when: 2026-01-06, complete: 9%}").is_empty());
}

#[test]
fn a_task_has_one_status_and_only_its_keys() {
    let task = |task: &str| {
        let found = findings(&format!("project: x\nareas: {{a: {{workstreams: {{w: {{tasks: [{{{task}}}]}}}}}}}}\n"));
        found.iter().map(|it| it.replace("areas.a.workstreams.w.tasks[0]", "task")).collect::<Vec<_>>()
    };
    assert_eq!(task("weight: 2"), ["task: the task has no status key"]);
    assert_eq!(task("todo: one, done: two"), ["task.done: the task is both `todo` and `done`"]);
    assert_eq!(task("waived: one"), ["task: the task is waived without a `reason`"]);
    assert_eq!(task("todo: one, complete: 10%"), ["task.complete: `complete` is only valid with `partial`"]);
    assert_eq!(task("todo: one, reason: none"), ["task.reason: `reason` is only valid with `waived`"]);
    assert_eq!(task("done: one, until: 2026-06-30"), ["task.until: `until` is only valid with `waived`"]);
    for value in ["true", "false"] {
        let message = "task.in_estimate: `in_estimate` is only valid with `waived`";
        assert_eq!(task(&format!("todo: one, in_estimate: {value}")), [message]);
    }
    for good in ["todo: one", "partial: one, complete: 10%", "waived: one, reason: none, until: 2026-06-30"] {
        assert_eq!(task(good), Vec::<String>::new(), "{good}");
    }
    assert_eq!(task("todo: \"🚀\""), ["task.todo: no id can be derived from `🚀`"]);
}

#[test]
fn ids_of_tasks_are_unique_in_a_workstream() {
    let plan =
        |tasks: &str| findings(&format!("project: x\nareas: {{a: {{workstreams: {{w: {{tasks: [{tasks}]}}}}}}}}\n"));
    assert_eq!(plan("todo: one, {todo: two, id: one}"), ["areas.a.workstreams.w.tasks[1]: duplicate task id `one`"]);
    assert!(plan("todo: one, todo: two").is_empty());
    // Two tasks without an id are reported once each, and not as duplicates.
    assert_eq!(plan("todo: \"🚀\", todo: \"🎯\"").len(), 2);
    assert_eq!(findings("project: x\nareas: {a: {done: [One, one]}}\n"), ["areas.a.done[1]: duplicate task id `one`"]);
}

#[test]
fn completion_is_set_by_tasks_or_by_a_key() {
    let plan = "project: x\nareas: {a: {workstreams: {w: {complete: 10%, tasks: [todo: one]}}}}\n";
    assert_eq!(findings(plan), ["areas.a.workstreams.w.complete: both `complete` and `tasks` set the completion"]);
}

#[test]
fn the_short_form_of_a_component_has_its_findings_at_the_component() {
    let at = |component: &str| {
        let found = findings(&format!("project: x\nareas: {{a: {{breakdown: {{b: {component}}}}}}}\n"));
        found.iter().map(|it| it.split(": ").next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(at("40"), ["areas.a.breakdown.b"]);
    for long in ["{complete: 40, target: 90%}", "{complete: 40, note: x}"] {
        assert_eq!(at(long), ["areas.a.breakdown.b.complete"], "{long}");
    }
}

#[test]
fn references_are_resolved_or_reported() {
    let plan = |more: &str| {
        findings(&format!("project: x\nareas: {{a: {{workstreams: {{w: {{tasks: [todo: one]}}}}}}}}\n{more}"))
    };
    assert_eq!(plan("critical_path: [a/w, a/w]\n"), ["critical_path[1]: `a/w` is already in this list"]);
    assert_eq!(plan("risks: {r: {affects: [a, a]}}\n"), ["risks.r.affects[1]: `a` is already in this list"]);
    assert_eq!(plan("critical_path: [a/v]\n"), ["critical_path[0]: there is no item `a/v`"]);
    assert_eq!(plan("milestones: {a: {}}\n"), ["milestones.a: the id `a` is also the id of an area"]);
    assert!(plan("critical_path: [a/w, a/w/one]\n").is_empty());
    let help = |reference: &str| {
        let text =
            format!("project: x\nareas: {{a: {{workstreams: {{login: {{}}}}}}}}\ncritical_path: [{reference}]\n");
        lower(format::parse(&text).0.unwrap()).1.remove(0).help.unwrap()
    };
    assert_eq!(help("login"), "did you mean `a/login`?");
    assert_eq!(help("a/logni"), "did you mean `a/login`?");
    assert_eq!(help("something-else"), "expected an area, `area/workstream`, `area/workstream/task` or a milestone");
    let many = format!(
        "project: x\ncritical_path: [{}]\n",
        (0..60).map(|index| format!("x{index}")).collect::<Vec<_>>().join(", ")
    );
    let helps = lower(format::parse(&many).0.unwrap()).1.iter().filter(|finding| finding.help.is_some()).count();
    assert_eq!(helps, 50, "each suggestion compares all items");
}
