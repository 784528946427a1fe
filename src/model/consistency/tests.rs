//! For each contradiction, plans with and without it.

use jiff::civil::date;

use super::*;
use crate::format;
use crate::model::lower::lower;

/// The findings of a plan on 30 January 2026, each as `path: message`.
fn findings(text: &str) -> Vec<String> {
    let (document, unreadable) = format::parse(text);
    let (project, invalid) = lower(document.unwrap());
    assert!(unreadable.is_empty() && invalid.is_empty(), "{unreadable:?} {invalid:?}\n{text}");
    let findings = check(&project, &Completion::of(&project), date(2026, 1, 30));
    findings.iter().map(|finding| format!("{}: {}", finding.at, finding.message)).collect()
}

fn help(text: &str) -> Option<String> {
    let (document, _) = format::parse(text);
    let project = lower(document.unwrap()).0;
    let mut findings = check(&project, &Completion::of(&project), date(2026, 1, 30));
    assert_eq!(findings.len(), 1, "{findings:?}");
    findings.remove(0).help
}

fn assert_none(text: &str) {
    assert_eq!(findings(text), Vec::<String>::new(), "{text}");
}

#[test]
fn the_project_reports_the_mean_of_its_areas_within_the_tolerance() {
    let plan = |reported: &str, policy: &str| {
        format!("project: x\nreported: {reported}\n{policy}areas: {{a: {{reported: 40%}}, b: {{reported: 60%}}}}\n")
    };
    let message = "reported: the project reports 54 %, but the mean of its areas' reported completion is 50 %";
    assert_eq!(findings(&plan("54%", "")), [message]);
    assert_eq!(help(&plan("54%", "")).unwrap(), "write `reported: 50%`, or correct an area");
    assert_eq!(findings(&plan("46.9%", "")).len(), 1);
    for reported in ["53%", "47%", "50%"] {
        assert_none(&plan(reported, ""));
    }
    assert_none(&plan("54%", "policy: {tolerance: 4%}\n"));
    assert_none("project: x\nreported: 54%\nareas: {a: {reported: 40%}, b: {}}\n");
}

#[test]
fn an_area_reports_what_its_points_leave() {
    let plan = |reported: &str, tasks: &str| {
        format!(
            "project: x\nareas: {{a: {{reported: {reported}, workstreams: {{w: {{points: 40, {tasks}}}, v: {{points: 10}}}}}}}}\n"
        )
    };
    let open = "tasks: [todo: one, todo: two]";
    assert_eq!(
        findings(&plan("60%", open)),
        ["areas.a.reported: the workstreams have 50 points, but `reported: 60%` leaves 40"]
    );
    assert_eq!(
        findings(&plan("60%", "tasks: [todo: one, done: two]")),
        ["areas.a.reported: the workstreams still have 30 of their 50 points to earn, but `reported: 60%` leaves 40"]
    );
    assert_eq!(help(&plan("60%", open)).unwrap(), "write `reported: 50%`, or correct the `points`");
    assert_none(&plan("70%", "tasks: [todo: one, done: two]"));
    assert_none("project: x\nareas: {a: {reported: 60%, workstreams: {w: {complete: 10%}}}}\n");
    assert_none("project: x\nareas: {a: {workstreams: {w: {points: 40}}}}\n");
}

#[test]
fn an_area_has_a_hundred_points() {
    let plan = |points: u8| {
        format!(
            "project: x\nareas: {{a: {{reported: 0%, workstreams: {{w: {{points: 60}}, v: {{points: {points}}}}}}}}}\n"
        )
    };
    let message = "areas.a.reported: the workstreams have 110 remaining points, more than the 100 of the area";
    assert_eq!(findings(&plan(50)), [message]);
    assert_eq!(help(&plan(50)).unwrap(), "reduce their `points`");
    assert_none(&plan(40));
}

#[test]
fn every_workstream_has_points_or_none_does() {
    let plan = "project: x\nareas: {a: {workstreams: {w: {points: 40}, v: {}}}, b: {workstreams: {u: {}}}}\n";
    let message = "areas.a.workstreams.v: `v` has no points, but other workstreams of the area do: it is ignored";
    assert_eq!(findings(plan), [message]);
}

#[test]
fn the_breakdown_has_the_mean_that_the_area_reports() {
    let plan =
        |reported: &str| format!("project: x\nareas: {{a: {{reported: {reported}, breakdown: {{p: 20%, q: 40%}}}}}}\n");
    assert_eq!(
        findings(&plan("34%")),
        ["areas.a.breakdown: the mean of the breakdown is 30 %, but the area reports 34 %"]
    );
    assert_none(&plan("33%"));
    assert_none("project: x\nareas: {a: {breakdown: {p: 20%}}}\n");
}

#[test]
fn a_task_is_in_one_area() {
    let plan = |first: &str, second: &str| {
        format!(
            "project: x\nareas:\n  a: {{workstreams: {{w: {{tasks: [todo: \"{first}\"]}}}}}}\n  b: {{workstreams: {{v: {{tasks: [partial: \"{second}\"]}}}}}}\n"
        )
    };
    let message = "areas.b.workstreams.v.tasks[0].partial: this task is also in another area, as `a/w/load-test`: it is counted twice";
    assert_eq!(findings(&plan("Load test", "load  TEST (k6)")), [message]);
    assert_none(&plan("Load test", "Stress test"));
    assert_none(&plan("Load test", "Loadtest"));
    assert_none("project: x\nareas: {a: {workstreams: {w: {tasks: [todo: one]}, v: {tasks: [todo: one]}}}}\n");
    assert_none(
        "project: x\nareas: {a: {workstreams: {w: {tasks: [todo: one]}}}, b: {workstreams: {v: {tasks: [ref: a/w/one]}}}}\n",
    );
}

#[test]
fn titles_are_compared_without_case_punctuation_and_brackets() {
    assert_eq!(normalized("Load test (with (nested) k6), phase 2!"), "load test phase 2");
    assert_eq!(normalized("a) b"), "a b");
    assert_eq!(normalized("e-mail -- Ö"), "e mail ö");
    assert_eq!(normalized("(only brackets)"), "(only brackets)");
}

#[test]
fn an_action_is_due_in_the_month_of_its_milestone() {
    let plan = |when: &str, due: &str| {
        format!("project: x\nmilestones: {{m: {{{due}}}}}\nactions:\n  - {{action: Sign, when: {when}, for: m}}\n")
    };
    let message = "actions[0].when: the action is due 2026-04, but its milestone `m` is due 2026-03-31";
    assert_eq!(findings(&plan("2026-04", "due: 2026-03-31")), [message]);
    assert_eq!(findings(&plan("2025-03-31", "due: 2026-03-31")).len(), 1);
    assert_none(&plan("2026-03-02", "due: 2026-03-31"));
    assert_none(&plan("2026-04", ""));
}

#[test]
fn due_dates_of_open_items_are_working_days() {
    let plan = "project: x\ntarget: 2026-02-28\nnext_review: 2026-03-01\ncalendar: {holidays: [2026-04-03]}\nareas:\n  a:\n    workstreams:\n      w:\n        due: 2026-02-07\n        tasks:\n          - {todo: one, due: 2026-02-08}\n          - {partial: two, due: 2026-02-14}\n          - {done: three, due: 2026-02-15}\nmilestones: {m: {due: 2026-04-03}, n: {due: 2026-02-28, done: 2026-02-27}}\nactions:\n  - {action: Sign, when: 2026-02-21}\n  - {action: Plan, when: 2026-02}\n";
    assert_eq!(
        findings(plan),
        [
            "target: 2026-02-28 is a Saturday",
            "next_review: 2026-03-01 is a Sunday",
            "milestones.m.due: 2026-04-03 is a holiday",
            "areas.a.workstreams.w.due: 2026-02-07 is a Saturday",
            "areas.a.workstreams.w.tasks[0].due: 2026-02-08 is a Sunday",
            "areas.a.workstreams.w.tasks[1].due: 2026-02-14 is a Saturday",
            "actions[0].when: 2026-02-21 is a Saturday",
        ]
    );
    assert_eq!(help("project: x\ntarget: 2026-03-01\n").unwrap(), "the last working day before it is `2026-02-27`");
}

#[test]
fn an_item_is_due_after_what_it_needs() {
    let plan = |first: &str, second: &str| {
        format!(
            "project: x\nareas: {{a: {{workstreams: {{first: {{{first}}}, second: {{needs: [a/first], {second}}}}}}}}}\n"
        )
    };
    let (late, early) = ("due: 2026-03-13", "due: 2026-03-06");
    let message =
        "areas.a.workstreams.second.due: `a/second` is due 2026-03-06, but needs `a/first`, which is due 2026-03-13";
    assert_eq!(findings(&plan(late, early)), [message]);
    assert_none(&plan(early, late));
    assert_none(&plan(early, early));
    assert_none(&plan(late, ""));
    assert_none(&plan("", early));
}

#[test]
fn finished_items_may_be_due_before_what_they_needed() {
    let plan = |first: &str, second: &str| {
        format!(
            "project: x\nareas: {{a: {{workstreams: {{first: {{due: 2026-03-13, complete: {first}}}, second: {{needs: [a/first], due: 2026-03-06, complete: {second}}}}}}}}}\n"
        )
    };
    assert_eq!(findings(&plan("99%", "99%")).len(), 1);
    assert_none(&plan("100%", "99%"));
    assert_none(&plan("99%", "100%"));
}

#[test]
fn an_area_is_due_with_its_last_open_workstream() {
    let plan = |complete: &str| {
        format!(
            "project: x\nareas: {{a: {{workstreams: {{first: {{due: 2026-03-12}}, last: {{due: 2026-03-13, complete: {complete}}}}}}}}}\nmilestones: {{m: {{due: 2026-03-11, needs: [a]}}}}\n"
        )
    };
    let message = |need: &str| vec![format!("milestones.m.due: `m` is due 2026-03-11, but needs {need}")];
    assert_eq!(findings(&plan("0%")), message("`a/last`, which is due 2026-03-13"));
    assert_eq!(findings(&plan("100%")), message("`a/first`, which is due 2026-03-12"));
}

#[test]
fn risks_are_simulated_with_a_probability_and_a_delay() {
    let plan = "project: x\nrisks: {p: {delay: 1w}, d: {probability: 30%}, both: {probability: 30%, delay: 1w}}\n";
    assert_eq!(
        findings(plan),
        [
            "risks.p: the risk `p` has no probability: it is not simulated",
            "risks.d: the risk `d` has no delay: it is not simulated",
        ]
    );
}

#[test]
fn the_reported_critical_path_has_estimates() {
    let plan = |workstream: &str, path: &str| {
        format!(
            "project: x\nareas: {{a: {{workstreams: {{w: {{{workstream}}}}}}}}}\nmilestones: {{m: {{}}}}\ncritical_path: [{path}]\n"
        )
    };
    let neither = "neither it nor all of its open tasks have an estimate";
    assert_eq!(
        findings(&plan("", "a/w")),
        [format!("areas.a.workstreams.w: `a/w` is on the critical path, but {neither}")]
    );
    assert_eq!(
        findings(&plan("", "a")),
        ["areas.a: `a` is on the critical path, but not all of its open workstreams have an estimate"]
    );
    assert_eq!(
        findings(&plan("tasks: [todo: one]", "a/w/one")),
        ["areas.a.workstreams.w.tasks[0]: `a/w/one` is on the critical path, but it has no estimate"]
    );
    assert_eq!(findings(&plan("tasks: [todo: one, {todo: two, estimate: 1d}]", "a/w")).len(), 1);
    assert_none(&plan("", "m"));
    for workstream in ["estimate: 1w", "complete: 100%", "tasks: [{todo: one, estimate: 1d}, done: two]"] {
        assert_none(&plan(workstream, "a/w, a"));
    }
    assert_none(&plan("tasks: [{todo: one, estimate: 1d}, done: two]", "a/w/one, a/w/two"));
}

#[test]
fn the_next_review_is_not_in_the_past() {
    assert_eq!(findings("project: x\nnext_review: 2026-01-29\n"), ["next_review: the review of 2026-01-29 is overdue"]);
    assert_none("project: x\nnext_review: 2026-01-30\n");
    assert_none("project: x\nnext_review: 2026-02-02\n");
}

#[test]
fn waivers_expire_after_their_last_day() {
    let plan = |until: &str| {
        format!(
            "project: x\nareas: {{a: {{workstreams: {{w: {{tasks: [{{waived: one, reason: none, until: {until}}}]}}}}}}}}\n"
        )
    };
    let message = "areas.a.workstreams.w.tasks[0].until: the waiver expired on 2026-01-29";
    assert_eq!(findings(&plan("2026-01-29")), [message]);
    assert_none(&plan("2026-01-30"));
}

#[test]
fn a_partial_task_counts_at_most_ninety_percent() {
    let plan = |complete: &str| {
        format!(
            "project: x\nareas: {{a: {{workstreams: {{w: {{tasks: [{{partial: one, complete: {complete}}}]}}}}}}}}\n"
        )
    };
    let message = "areas.a.workstreams.w.tasks[0].complete: a partial task counts as at most 90 %, not 91 %: the rest is earned by finishing it";
    assert_eq!(findings(&plan("91%")), [message]);
    assert_none(&plan("90%"));
}

#[test]
fn figures_are_rounded_to_hundredths() {
    assert_eq!([1.234_5, 1.235_1, -0.004].map(|value| round(value).to_string()), ["1.23", "1.24", "-0"]);
    assert_eq!(percent(Ratio::clamped(0.523_456)), "52.35%");
}
