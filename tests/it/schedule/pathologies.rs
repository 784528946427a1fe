//! Edge cases: each plan has a correct forecast, or loading fails with a reason.

use std::fmt::Write;

use readiness_exporter::finding::{Kind, Severity};
use readiness_exporter::model::load::load;
use readiness_exporter::schedule::finish::{ByModel, FinishForecast, ForecastModel};
use readiness_exporter::schedule::network::Basis;

use crate::schedule::Plan;

/// The messages of the errors in `text`; panics if it is valid.
fn load_errors(text: &str) -> Vec<String> {
    let loaded = load(text, "2026-01-27T12:00:00Z".parse().unwrap());
    assert!(!loaded.is_good(), "the file is valid:\n{text}");
    let errors = loaded.findings.iter().filter(|finding| finding.severity() == Severity::Error);
    errors.map(|finding| finding.message.clone()).collect()
}

/// A plan with status date 27 January: the workstreams of the area `x`, and the rest of the file.
fn plan(streams: &str, rest: &str) -> Plan {
    Plan::load(&text(streams, rest), "2026-01-27")
}

fn text(streams: &str, rest: &str) -> String {
    format!(
        "project: x\npolicy: {{estimate_error: 0%}}\nas_of: 2026-01-27\nareas: {{x: {{workstreams: {{{streams}}}}}}}\n{rest}"
    )
}

#[test]
fn a_chain_of_ten_thousand_workstreams() {
    let mut text = String::from(
        "project: x\npolicy: {estimate_error: 0%}\nas_of: 2026-01-27\nareas:\n  x:\n    workstreams:\n      w0: {estimate: 0-1d}\n",
    );
    for index in 1..10_000 {
        writeln!(text, "      w{index}: {{estimate: 0-1d, needs: [x/w{}]}}", index - 1).unwrap();
    }
    let plan = Plan::load(&(text + "milestones: {m: {needs: [x/w9999]}}\n"), "2026-01-27");
    let forecast = plan.forecast(256);
    assert!((forecast.early_dates("m").1 - 5000.0).abs() < 1e-6);
    assert_eq!(forecast.driving_path("m").len(), 10_001);
    // The variance of the sum is 10,000/28, and its standard deviation is 18.9. The standard error
    // of P50 with 256 runs is 1.253 · 18.9 / 16.
    let [p50, ..] = forecast.percentiles("m", ForecastModel::Plan);
    assert!((p50 - 5000.0).abs() < 4.0 * 1.48, "{p50}");
    assert!(forecast.result.items.values().all(|item| item.criticality == 1.0));
}

#[test]
fn a_chain_of_a_thousand_milestones() {
    let mut text = String::from(
        "project: x\npolicy: {estimate_error: 0%}\nas_of: 2026-01-27\nareas: {x: {workstreams: {w: {estimate: 3d}}}}\nmilestones:\n  m0: {needs: [x]}\n",
    );
    for index in 1..1000 {
        writeln!(text, "  m{index}: {{needs: [m{}]}}", index - 1).unwrap();
    }
    let plan = Plan::load(&text, "2026-01-27");
    let forecast = plan.forecast(256);
    assert_eq!((forecast.early_dates("m999").1, forecast.driving_path("m999").len()), (3.0, 1001));
}

#[test]
fn ten_thousand_workstreams_in_parallel() {
    let mut text = String::from(
        "project: x\npolicy: {estimate_error: 0%}\nas_of: 2026-01-27\nareas:\n  x:\n    workstreams:\n      first: {estimate: 2d}\n",
    );
    for index in 0..10_000 {
        writeln!(text, "      w{index}: {{estimate: 0-10d, needs: [x/first]}}").unwrap();
    }
    let plan = Plan::load(&(text + "milestones: {m: {needs: [x]}}\n"), "2026-01-27");
    let forecast = plan.forecast(256);
    assert_eq!(forecast.early_dates("m").1, 7.0);
    // P90 of each workstream is 7.53 days. The last of the ten thousand takes 9.6 days or longer in
    // more than half of the runs: P(X ≤ 9.5) = 0.99884, and 0.99884^10000 is 0.00001.
    let [p50, ..] = forecast.percentiles("m", ForecastModel::Plan);
    assert!(p50 > 11.5 && p50 < 12.0, "{p50}");
    assert_eq!(forecast.item("x/first").criticality, 1.0);
}

#[test]
fn an_item_that_depends_on_itself_is_an_error() {
    assert_eq!(load_errors(&text("w: {needs: [x/w]}", "")), ["`x/w` depends on itself"]);
    assert_eq!(load_errors("project: x\nmilestones: {m: {needs: [m]}}\n"), ["`m` depends on itself"]);
    // A workstream that needs its own area.
    let errors = load_errors(&text("w: {needs: [x]}", ""));
    assert!(errors.len() == 1 && errors[0].contains("`x`") && errors[0].contains("`x/w`"), "{errors:?}");
}

#[test]
fn a_cycle_of_needs_and_blocks_is_an_error() {
    let errors = load_errors(
        &text("a: {needs: [x/b]}, b: {tasks: [{todo: t, needs: [m]}]}", "milestones: {m: {needs: [x/c]}}\n")
            .replace("b: {", "c: {needs: [x/a]}, b: {"),
    );
    assert_eq!(errors.len(), 1, "{errors:?}");
    for path in ["`x/a`", "`x/c`", "`m`", "`x/b/t`"] {
        assert!(errors[0].contains(path), "{path}: {errors:?}");
    }
    let errors = load_errors(&text("a: {blocks: [x/b]}, b: {blocks: [x/a]}", ""));
    assert_eq!(errors, ["dependency cycle: `x/b` → `x/a` → `x/b`"]);
    let errors = load_errors(&text("a: {needs: [x/b], blocks: [x/b]}, b: {}", ""));
    assert_eq!(errors.len(), 1, "{errors:?}");
}

#[test]
fn a_cycle_through_a_shared_task_is_an_error() {
    let text = text("w: {tasks: [{todo: t, estimate: 2d, needs: [x/v]}]}, v: {tasks: [{ref: x/w/t}, {todo: u}]}", "");
    let errors = load_errors(&text);
    assert!(errors.iter().any(|message| message.contains("`x/v`") && message.contains("`x/w/t`")), "{errors:?}");
}

#[test]
fn durations_of_zero() {
    let plan = plan(
        "a: {estimate: 0d}, b: {estimate: 0-0d, needs: [x/a]}, c: {estimate: 0/0/0w}",
        "milestones: {m: {due: 2026-01-27, needs: [x]}}\n",
    );
    let forecast = plan.forecast(256);
    assert_eq!(forecast.percentiles("m", ForecastModel::Risk), [0.0; 3]);
    assert_eq!(forecast.on_time("m", ForecastModel::Risk), 1.0);
    assert_eq!(forecast.finish_day("m"), "2026-01-27");
    assert!(!forecast.item("m").is_late());
}

#[test]
fn estimates_with_equal_points() {
    for estimate in ["4d", "4-4d", "4/4/4d", "0.8w"] {
        let plan = plan(&format!("a: {{estimate: {estimate}}}"), "");
        let forecast = plan.forecast(256);
        assert_eq!(
            forecast.percentiles("x/a", ForecastModel::Plan).map(crate::schedule::round),
            [4.0; 3],
            "{estimate}"
        );
        assert_eq!(forecast.early_dates("x/a"), (0.0, 4.0), "{estimate}");
    }
    // The most likely value can equal the optimistic or the pessimistic one.
    for (estimate, mean) in [("4/4/10d", 5.0), ("4/10/10d", 9.0)] {
        let plan = plan(&format!("a: {{estimate: {estimate}}}"), "");
        let forecast = plan.forecast(256);
        assert_eq!(forecast.early_dates("x/a").1, mean, "{estimate}");
        assert!(
            forecast.percentiles("x/a", ForecastModel::Plan).iter().all(|days| (4.0..=10.0).contains(days)),
            "{estimate}"
        );
    }
}

#[test]
fn milestones_that_need_nothing() {
    let plan = plan(
        "a: {estimate: 2d, needs: [fixed]}, b: {estimate: 2d, needs: [open]}, c: {estimate: 2d, needs: [past]}",
        "milestones: {fixed: {due: 2026-02-03}, open: {}, past: {due: 2026-01-05}}\n",
    );
    let forecast = plan.forecast(256);
    // A fixed date is assumed to be met: five working days from the status date.
    assert_eq!((forecast.basis("fixed"), forecast.early_dates("x/a")), (Some(Basis::FixedDate), (5.0, 7.0)));
    assert_eq!((forecast.basis("open"), forecast.early_dates("x/b")), (Some(Basis::NoEstimate), (0.0, 2.0)));
    // A fixed date that has passed is assumed today.
    assert_eq!((forecast.basis("past"), forecast.early_dates("x/c")), (Some(Basis::FixedDate), (0.0, 2.0)));
    for (path, expected) in [("fixed", Some(5.0)), ("open", None), ("past", Some(0.0))] {
        let dates = expected.map(|days| FinishForecast::DueDates(ByModel { plan: days, risk: days }));
        assert_eq!(forecast.item(path).finish, dates, "{path}");
    }
    assert!(forecast.item("past").is_late() && !forecast.item("fixed").is_late());
}

#[test]
fn a_plan_without_open_work() {
    let text = "\
project: x
as_of: 2026-01-27
areas:
  x: {done: [a], workstreams: {w: {estimate: 2w, tasks: [{done: t}, {waived: u, reason: none}]}, v: {complete: 100%}}}
milestones: {m: {due: 2026-01-20, done: 2026-01-19, needs: [x]}}
risks: {r: {probability: 50%, delay: 2w, affects: [x/w]}}
";
    let plan = Plan::load(text, "2026-01-27");
    let forecast = plan.forecast(256).result;
    assert!(forecast.items.is_empty() && forecast.end.is_none() && forecast.bases.is_empty());
    // An open milestone whose predecessors are finished is forecast at the status date.
    let open = text.replace("done: 2026-01-19, ", "");
    let plan = Plan::load(&open, "2026-01-27");
    let forecast = plan.forecast(256);
    let item = forecast.item("m");
    assert_eq!(item.finish, Some(FinishForecast::DueDates(ByModel { plan: 0.0, risk: 0.0 })));
    assert!(item.is_unmarked && item.is_overdue && item.is_late() && item.driving_root.is_none());
    let nothing = Plan::load("project: x\n", "2026-01-27");
    assert!(nothing.forecast(256).result.end.is_none());
}

#[test]
fn due_dates_that_have_passed() {
    let plan = plan(
        "a: {estimate: 3d, due: 2026-01-20}",
        "milestones: {m: {due: 2026-01-13, needs: [x/a]}}\ntarget: 2026-01-22\n",
    );
    let forecast = plan.forecast(256);
    assert_eq!(forecast.item("m").due, Some(-10.0));
    assert_eq!((forecast.on_time("m", ForecastModel::Plan), forecast.on_time("x/a", ForecastModel::Plan)), (0.0, 0.0));
    assert_eq!(forecast.item("m").total_float, -13.0);
    assert_eq!(forecast.item("x/a").total_float, -13.0);
    assert_eq!(forecast.result.end.as_ref().unwrap().finish(ForecastModel::Plan).unwrap().on_time, Some(0.0));
    assert_eq!(forecast.paths(&forecast.item("m").slip_root().into_iter().collect::<Vec<_>>()), ["x/a"]);
}

#[test]
fn the_leap_day_is_a_working_day() {
    let text = "project: x\npolicy: {estimate_error: 0%}\nas_of: 2028-02-28\nareas: {x: {workstreams: {a: {estimate: 1d}, b: {estimate: 2d}}}}\nmilestones: {m: {due: 2028-02, needs: [x/a]}, n: {due: 2028-02-29, needs: [x/b]}}\n";
    let plan = Plan::load(text, "2028-02-28");
    let forecast = plan.forecast(1);
    assert_eq!([forecast.finish_day("x/a"), forecast.finish_day("x/b")], ["2028-02-29", "2028-03-01"]);
    assert_eq!((forecast.on_time("m", ForecastModel::Plan), forecast.on_time("n", ForecastModel::Plan)), (1.0, 0.0));
    let errors = load_errors("project: x\nmilestones: {m: {due: 2027-02-29}}\n");
    assert!(errors.len() == 1 && errors[0].contains("2027-02-29"), "{errors:?}");
}

#[test]
fn clocks_change_on_the_due_date() {
    let text = "project: x\npolicy: {estimate_error: 0%}\nas_of: 2026-03-28\ntimezone: Europe/Berlin\ncalendar: {workdays: [mon, tue, wed, thu, fri, sat, sun]}\nareas: {x: {workstreams: {a: {estimate: 1d}, b: {estimate: 0.5d}, c: {estimate: 1w}}}}\nmilestones: {m: {due: 2026-03-29, needs: [x/a, x/b]}}\n";
    let plan = Plan::load(text, "2026-03-28");
    let forecast = plan.forecast(1);
    assert_eq!((forecast.on_time("m", ForecastModel::Plan), forecast.item("m").due), (1.0, Some(1.0)));
    assert_eq!(forecast.early_dates("x/c").1, 7.0, "a week has the working days of the calendar");
    let finish = |path: &str| plan.timeline().finish(forecast.item(path).early.1).to_string();
    // The day has 23 hours, from 23:00 to 22:00 UTC.
    assert_eq!(forecast.result.start.to_string(), "2026-03-28T22:59:59Z");
    assert_eq!((finish("x/b"), finish("x/a")), ("2026-03-29T10:29:59.5Z".into(), "2026-03-29T21:59:59Z".into()));
}

#[test]
fn dates_after_the_year_9999_are_its_last_day() {
    let mut streams = String::from("w0: {estimate: 9999w}");
    for index in 1..60 {
        write!(streams, ", w{index}: {{estimate: 1/2/9999w, needs: [x/w{}]}}", index - 1).unwrap();
    }
    let streams = streams.replace("1/2/9999w", "9998/9998.5/9999w");
    let plan = plan(
        &streams,
        "milestones: {m: {due: 2026-12, needs: [x/w59]}}\nrisks: {r: {probability: 100%, delay: 9999w, affects: [m]}}\n",
    );
    let forecast = plan.forecast(256);
    assert_eq!(forecast.finish_day("m"), "9999-12-31");
    let timeline = plan.timeline();
    for days in forecast.percentiles("m", ForecastModel::Risk) {
        assert!(days.is_finite() && days > 60.0 * 9998.0 * 5.0);
        assert!(timeline.finish(days) <= jiff::Timestamp::MAX && timeline.start_after(days) <= jiff::Timestamp::MAX);
        assert_eq!(timeline.day(days).year(), 9999);
    }
    assert_eq!(forecast.on_time("m", ForecastModel::Plan), 0.0);
}

#[test]
fn a_milestone_waits_for_years_of_holidays() {
    let mut day = jiff::civil::date(2026, 1, 28);
    let mut holidays = Vec::new();
    while day.year() < 2040 {
        holidays.push(day.to_string());
        day = day.tomorrow().unwrap();
    }
    let calendar = format!(
        "calendar: {{holidays: [{}]}}\nmilestones: {{m: {{due: 2039-12-31, needs: [x/a]}}}}\n",
        holidays.join(", ")
    );
    let plan = plan("a: {estimate: 1d}", &calendar);
    let forecast = plan.forecast(1);
    // 1 January 2040 is a Sunday.
    assert_eq!(forecast.finish_day("x/a"), "2040-01-02");
    assert_eq!((forecast.on_time("m", ForecastModel::Plan), forecast.item("m").due), (0.0, Some(0.0)));
}

#[test]
fn items_without_a_basis_for_a_duration_are_without_estimate() {
    let plan = plan(
        "a: {}, b: {points: 10}, c: {estimate: 3d, needs: [x/a]}, d: {tasks: [{todo: t}, {todo: u, estimate: 2d}]}",
        "milestones: {m: {needs: [x]}}\n",
    );
    let forecast = plan.forecast(1);
    for path in ["x/a", "x/b", "x/d"] {
        assert_eq!(forecast.basis(path), Some(Basis::NoEstimate), "{path}");
    }
    assert_eq!(
        (forecast.early_dates("x/a"), forecast.early_dates("x/c"), forecast.early_dates("x/d")),
        ((0.0, 0.0), (0.0, 3.0), (0.0, 2.0))
    );
    let kinds: Vec<Kind> =
        load(&text("a: {}", ""), "2026-01-27T12:00:00Z".parse().unwrap()).findings.iter().map(|it| it.kind).collect();
    assert!(kinds.is_empty(), "{kinds:?}");
}
