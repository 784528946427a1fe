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
    assert_eq!(
        help(&plan("60%", open)).unwrap(),
        "if it was reported earlier, add the day: `reported: {complete: 60%, when: …}`; otherwise write `reported: 50%`, or correct the `points`"
    );
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
    let plan = "project: x\ntarget: 2026-02-28\nnext_review: 2026-03-01\ncalendar: {holidays: [2026-02-27, 2026-04-03]}\nareas:\n  a:\n    workstreams:\n      w:\n        due: 2026-02-22\n        tasks:\n          - {todo: one, due: 2026-02-08}\n          - {partial: two, due: 2026-02-14}\n          - {done: three, due: 2026-02-15}\nmilestones: {m: {due: 2026-02-27}, n: {due: 2026-02-28, done: 2026-01-27}}\nactions:\n  - {action: Sign, when: 2026-02-21}\n  - {action: Plan, when: 2026-02}\n";
    assert_eq!(
        findings(plan),
        [
            "target: 2026-02-28 is a Saturday",
            "next_review: 2026-03-01 is a Sunday",
            "milestones.m.due: 2026-02-27 is a holiday",
            "areas.a.workstreams.w.due: 2026-02-22 is a Sunday",
            "areas.a.workstreams.w.tasks[0].due: 2026-02-08 is a Sunday",
            "areas.a.workstreams.w.tasks[1].due: 2026-02-14 is a Saturday",
            "actions[0].when: 2026-02-21 is a Saturday",
        ]
    );
    assert_eq!(help("project: x\ntarget: 2026-03-01\n").unwrap(), "the last working day before it is `2026-02-27`");
    // The last day of a month is not a day that the author chose.
    assert_none(
        "project: x\ntarget: 2026-05\nareas: {a: {workstreams: {w: {due: 2026-02}}}}\nmilestones: {m: {due: 2026-02}}\n",
    );
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
    let plan = "project: x\nareas: {a: {}}\nrisks: {p: {delay: 1w}, d: {probability: 30%}, both: {probability: 30%, delay: 1w}, all: {probability: 30%, delay: 1w, affects: [a]}}\n";
    assert_eq!(
        findings(plan),
        [
            "risks.p: the risk `p` has no probability: it is not simulated",
            "risks.d: the risk `d` has no delay: it is not simulated",
            "risks.both: the risk `both` affects no item: it is not simulated",
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

#[test]
fn items_are_due_after_what_they_need_through_others() {
    let plan = |middle: &str| {
        format!(
            "project: x\nareas: {{a: {{workstreams: {{first: {{due: 2026-03-13}}, middle: {{needs: [a/first]{middle}}}}}}}}}\nmilestones: {{m: {{due: 2026-03-06, needs: [a/middle]}}}}\n"
        )
    };
    let message = "milestones.m.due: `m` is due 2026-03-06, but needs `a/first`, which is due 2026-03-13";
    assert_eq!(findings(&plan("")), [message]);
    let middle =
        "areas.a.workstreams.middle.due: `a/middle` is due 2026-03-05, but needs `a/first`, which is due 2026-03-13";
    assert_eq!(findings(&plan(", due: 2026-03-05")), [middle]);
    assert!(!findings(&plan(", complete: 100%")).iter().any(|finding| finding.contains("is due")));
    let tasks = "project: x\nareas: {a: {workstreams: {w: {due: 2026-03-05, tasks: [{todo: t, due: 2026-03-06}]}}}}\n";
    let part = "areas.a.workstreams.w.due: `a/w` is due 2026-03-05, but contains `a/w/t`, which is due 2026-03-06";
    assert_eq!(findings(tasks), [part]);
}

#[test]
fn actual_dates_are_not_in_the_future() {
    let plan = "project: x
as_of: 2026-01-31
areas: {a: {workstreams: {w: {started: 2026-02-01, tasks: [{done: t, started: 2026-02-02, finished: 2026-02-03}]}}}}
milestones: {m: {done: 2026-02-04}}
";
    let expected = [
        "as_of: 2026-01-31 is in the future",
        "areas.a.workstreams.w.started: 2026-02-01 is in the future",
        "areas.a.workstreams.w.tasks[0].started: 2026-02-02 is in the future",
        "areas.a.workstreams.w.tasks[0].finished: 2026-02-03 is in the future",
        "milestones.m.done: 2026-02-04 is in the future",
    ];
    assert_eq!(findings(plan), expected);
    assert_none(&plan.replace("2026-02", "2026-01").replace("01-31", "01-30"));
    let started = "project: x\nareas: {a: {workstreams: {w: {started: 2026-02-01}}}}\n";
    assert_eq!(help(started).unwrap(), "write `not_before` for a planned start");
}

#[test]
fn tasks_finish_after_they_start_and_are_done_then() {
    let plan = |task: &str| format!("project: x\nareas: {{a: {{workstreams: {{w: {{tasks: [{{{task}}}]}}}}}}}}\n");
    let at = "areas.a.workstreams.w.tasks[0].finished: ";
    assert_eq!(
        findings(&plan("done: t, started: 2026-01-10, finished: 2026-01-09")),
        [format!("{at}the task finished on 2026-01-09, before it started on 2026-01-10")]
    );
    assert_none(&plan("done: t, started: 2026-01-10, finished: 2026-01-10"));
    let open = "todo: t, finished: 2026-01-09";
    assert_eq!(findings(&plan(open)), [format!("{at}the task finished on 2026-01-09, but its status is `todo`")]);
    assert_eq!(help(&plan(open)).unwrap(), "write `done` instead of `todo`, or remove `finished`");
    assert_eq!(findings(&plan("partial: t, finished: 2026-01-09")).len(), 1);
    assert_none(&plan("waived: t, reason: r, finished: 2026-01-09"));
}

#[test]
fn a_milestone_is_done_after_what_it_needs() {
    let plan = |keys: &str, complete: &str| {
        format!(
            "project: x\nareas: {{a: {{workstreams: {{w: {{complete: {complete}}}}}}}}}\nmilestones: {{m: {{{keys}, needs: [a/w]}}}}\n"
        )
    };
    let message = "milestones.m.done: the milestone is done, but it needs `a/w`, which is open";
    assert_eq!(findings(&plan("done: 2026-01-09", "99%")), [message]);
    assert_none(&plan("done: 2026-01-09", "100%"));
    let unmarked = "milestones.m: all that `m` needs is done, but the milestone is not";
    assert_eq!(findings(&plan("due: 2026-03-13", "100%")), [unmarked]);
    assert_none(&plan("due: 2026-03-13", "99%"));
    assert_none(&plan("due: 2026-03-13, not_before: 2026-03-12", "100%"));
    // Milestones alone do not make a fixed date earlier.
    let fixed =
        |keys: &str| format!("project: x\nmilestones: {{n: {{done: 2026-01-09}}, m: {{due: {keys}, needs: [n]}}}}\n");
    assert_none(&fixed("2026-03-13"));
    assert_eq!(findings(&fixed("2026-03-13, early: true")), [unmarked]);
    assert_eq!(findings(&fixed("2026-01-30")), [unmarked]);
}

#[test]
fn open_milestones_and_the_status_are_before_the_target() {
    let plan = |as_of: &str, due: &str| {
        format!(
            "project: x\nas_of: {as_of}\ntarget: 2026-01-20\nareas: {{a: {{workstreams: {{w: {{}}}}}}}}\nmilestones: {{m: {{due: {due}, needs: [a]}}}}\n"
        )
    };
    let passed = "target: the target 2026-01-20 is before the status date 2026-01-21, and work is open";
    assert_eq!(findings(&plan("2026-01-21", "2026-01-20")), [passed]);
    assert_none(&plan("2026-01-20", "2026-01-20"));
    let late = "milestones.m.due: `m` is due 2026-01-21, after the target 2026-01-20 of the project";
    assert_eq!(findings(&plan("2026-01-20", "2026-01-21")), [late]);
    assert_none(
        &plan("2026-01-20", "2026-01-19")
            .replace("workstreams: {w: {}}", "done: [all]")
            .replace("needs: [a]", "done: 2026-01-19"),
    );
}

#[test]
fn the_work_of_an_assignee_fits() {
    let plan = |tasks: &str, due: &str| {
        format!(
            "project: x\nas_of: 2026-01-30\nareas: {{a: {{workstreams: {{w: {{tasks: [{tasks}]}}}}}}}}\nmilestones: {{m: {{due: {due}, needs: [a]}}}}\n"
        )
    };
    let two = "{todo: one, assignee: kim, estimate: 1w}, {todo: two, assignee: kim, estimate: 3-7d}";
    let message = "areas.a.workstreams.w.tasks[1].assignee: `kim` has 2 tasks with 10 working days of work due by 2026-02-12, which is 9 working days away";
    assert_eq!(findings(&plan(two, "2026-02-12")), [message]);
    assert_none(&plan(two, "2026-02-13"));
    assert_none(&plan(&two.replacen("kim", "[kim, lee]", 1), "2026-02-12"));
    assert_none(&plan(&two.replacen("todo", "done", 1), "2026-02-12"));
    // One task that takes too long is late.
    assert_none(&plan("{todo: one, assignee: kim, estimate: 3w}", "2026-02-12"));
    let earlier =
        two.replacen("estimate: 1w", "estimate: 1w, due: 2026-02-03", 1).replacen("3-7d", "3-7d, due: 2026-02-04", 1);
    assert_eq!(findings(&plan(&earlier, "2026-02-27")).len(), 1, "the due dates of the tasks are earlier");
}

#[test]
fn a_forecast_needs_estimates() {
    let plan = |estimated: usize, open: usize, dates: &str| {
        let streams = (0..open).map(|index| {
            if index < estimated { format!("w{index}: {{estimate: 1w}}") } else { format!("w{index}: {{}}") }
        });
        let streams = streams.collect::<Vec<_>>().join(", ");
        format!("project: x\nareas: {{a: {{workstreams: {{{streams}}}}}}}\n{dates}")
    };
    let dates = "milestones: {m: {due: 2026-03-13, needs: [a]}}\n";
    let message = "areas: only 1 of 4 open workstreams have an estimate: the forecast says little";
    assert_eq!(findings(&plan(1, 4, dates)), [message]);
    assert_eq!(findings(&plan(0, 3, "target: 2026-03-13\n")).len(), 1);
    assert_none(&plan(1, 3, dates));
    assert_none(&plan(0, 2, dates));
    assert_none(&plan(0, 4, "milestones: {m: {needs: [a]}}\n"));
    assert_none(&plan(1, 4, dates).replace("w2: {}, w3: {}", "w2: {complete: 100%}, w3: {due: 2026-03-13}"));
}

#[test]
fn a_dated_report_is_compared_with_what_was_earned_by_then() {
    let plan = |reported: &str, task: &str| {
        format!(
            "project: x\nas_of: 2026-01-30\nareas: {{a: {{reported: {reported}, workstreams: {{w: {{points: 40, tasks: [{{done: one, {task}}}, todo: two]}}}}}}}}\n"
        )
    };
    // 80 % is earned now; 60 % was earned before the task was finished.
    let finished = "finished: 2026-01-20";
    assert_none(&plan("{complete: 60%, when: 2026-01-19}", finished));
    assert_none(&plan("{complete: 80%, when: 2026-01-20}", finished));
    assert_none(&plan("80%", finished));
    assert_eq!(
        findings(&plan("{complete: 80%, when: 2026-01-19}", finished)),
        ["areas.a.reported: the area had earned 60 % by 2026-01-19, but reports 80 % for that day"]
    );
    assert_eq!(
        help(&plan("{complete: 40%, when: 2026-01-21}", finished)).unwrap(),
        "write `complete: 80%`, or correct the `points`"
    );
    // A task without a date may have been finished on either side.
    for reported in ["60%", "70%", "80%"] {
        assert_none(&plan(&format!("{{complete: {reported}, when: 2026-01-19}}"), "weight: 1"));
    }
    assert_eq!(
        findings(&plan("{complete: 50%, when: 2026-01-19}", "weight: 1")),
        ["areas.a.reported: the area had earned 60 % to 80 % by 2026-01-19, but reports 50 % for that day"]
    );
}
