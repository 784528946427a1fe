//! The effect of each part of a plan on its forecast.

use readiness_exporter::model::edit::Edit;
use readiness_exporter::schedule::finish::ForecastModel;
use readiness_exporter::schedule::forecast::ForecastOptions;
use readiness_exporter::schedule::network::Basis;

use crate::schedule::{Plan, PlanForecast, date, estimate, round, time};

/// A plan with these workstreams in the areas `x` and `y`, and the rest of the file.
fn plan(x: &str, y: &str, rest: &str) -> Plan {
    let y = if y.is_empty() { String::new() } else { format!(", y: {{workstreams: {{{y}}}}}") };
    let text = format!(
        "project: x\nas_of: 2026-01-27\npolicy: {{estimate_error: 0%}}\nareas: {{x: {{workstreams: {{{x}}}}}{y}}}\n{rest}"
    );
    Plan::load(&text, "2026-01-27")
}

fn slip_root(forecast: &PlanForecast<'_>, path: &str) -> Option<String> {
    forecast.item(path).slip_root().map(|item| forecast.plan.project().path(item))
}

fn driving_path(forecast: &PlanForecast<'_>, path: &str) -> Vec<String> {
    forecast.paths(&forecast.driving_path(path))
}

#[test]
fn finished_items_are_not_in_the_network() {
    let plan = plan(
        "a: {estimate: 5w, complete: 100%}, b: {estimate: 2d, needs: [x/a]}, c: {estimate: 2d, tasks: [{done: t, estimate: 9w}, {todo: u, needs: [x/a, past]}]}",
        "",
        "milestones: {past: {done: 2026-01-20, due: 2026-06, needs: [x/b]}}\n",
    );
    let forecast = plan.forecast(1);
    assert!(!forecast.contains("x/a") && !forecast.contains("x/c/t") && !forecast.contains("past"));
    assert_eq!((forecast.early_dates("x/b"), forecast.early_dates("x/c")), ((0.0, 2.0), (0.0, 1.0)));
}

#[test]
fn a_workstream_waits_for_longer_tasks() {
    let plan = plan(
        "short: {estimate: 10d, tasks: [{todo: t, estimate: 3d}, {todo: u}]}, long: {estimate: 10d, tasks: [{todo: t, estimate: 15d}]}",
        "after: {estimate: 1d, needs: [x/long]}",
        "",
    );
    let forecast = plan.forecast(1);
    assert_eq!((forecast.early_dates("x/short/t"), forecast.early_dates("x/short")), ((0.0, 3.0), (0.0, 10.0)));
    assert_eq!((forecast.early_dates("x/long/t"), forecast.early_dates("x/long")), ((0.0, 15.0), (0.0, 15.0)));
    assert_eq!(forecast.early_dates("y/after"), (15.0, 16.0));
    assert!(!forecast.contains("x/short/u"), "no estimate and no dependents");
}

#[test]
fn a_workstream_with_estimated_tasks_requires_no_estimate() {
    let plan = plan(
        "w: {needs: [x/v], tasks: [{todo: a, estimate: 3d}, {todo: b, estimate: 4d, needs: [x/w/a]}, {partial: c, complete: 50%, estimate: 4d}, {done: d}]}, v: {estimate: 1d}",
        "",
        "",
    );
    let forecast = plan.forecast(1);
    assert_eq!(
        (forecast.early_dates("x/w/a"), forecast.early_dates("x/w/b"), forecast.early_dates("x/w/c")),
        ((1.0, 4.0), (4.0, 8.0), (1.0, 3.0))
    );
    assert_eq!((forecast.early_dates("x/w"), forecast.basis("x/w")), ((1.0, 8.0), None));
}

#[test]
fn a_needed_task_without_estimate_finishes_with_the_work_of_its_workstream() {
    let plan = plan(
        "w: {estimate: 10d, tasks: [{todo: t}, {todo: u}]}, v: {estimate: 10d, tasks: [{todo: t, needs: [y/late]}, {todo: u}]}",
        "after: {estimate: 1d, needs: [x/w/t]}, late: {estimate: 8d}",
        "",
    );
    let forecast = plan.forecast(1);
    assert_eq!((forecast.early_dates("x/w/t"), forecast.early_dates("y/after")), ((0.0, 10.0), (10.0, 11.0)));
    // Half of the work of `v` can't start before day 8.
    assert_eq!((forecast.early_dates("x/v/t"), forecast.early_dates("x/v")), ((8.0, 13.0), (0.0, 13.0)));
}

#[test]
fn a_shared_task_delays_both_workstreams() {
    let plan = plan(
        "w: {tasks: [{todo: t, estimate: 8d}]}",
        "v: {estimate: 2d, tasks: [{ref: x/w/t}, {todo: u}]}, after: {estimate: 1d, needs: [y/v]}",
        "",
    );
    let forecast = plan.forecast(1);
    assert_eq!(
        (forecast.early_dates("x/w"), forecast.early_dates("y/v"), forecast.early_dates("y/after")),
        ((0.0, 8.0), (0.0, 8.0), (8.0, 9.0))
    );
    let done = plan.forecast_edited(1, &[("x/w/t", Edit::Done)]);
    assert!(done.early_dates("y/v").1 <= 2.0);
}

#[test]
fn a_dependency_on_an_area_is_on_all_its_workstreams() {
    let plan = plan(
        "a: {estimate: 3d}, b: {estimate: 7d}, c: {estimate: 9w, complete: 100%}",
        "after: {estimate: 1d, needs: [x]}, other: {blocks: [y/after], estimate: 8d}",
        "milestones: {m: {needs: [x]}}\n",
    );
    let forecast = plan.forecast(1);
    assert_eq!(
        (forecast.early_dates("x"), forecast.early_dates("m"), forecast.early_dates("y/after")),
        ((0.0, 7.0), (7.0, 7.0), (8.0, 9.0))
    );
    assert_eq!(driving_path(&forecast, "m"), ["x/b", "m"]);
}

#[test]
fn missing_estimates_are_inferred_from_points() {
    // 0.5, 1 and 4 days per point: the mean of the logarithms is that of ∛2.
    let plan = plan(
        "a: {points: 10, estimate: 1w}, b: {points: 5, estimate: 4-6d}, c: {points: 1, estimate: 4d}, d: {points: 4}, e: {points: 4, complete: 50%}",
        "",
        "",
    );
    let forecast = plan.forecast(4000);
    let rate = forecast.result.assumptions.days_per_point.unwrap();
    assert_eq!((rate.observations, round(rate.median)), (3, round(2.0_f64.cbrt())));
    assert_eq!((forecast.basis("x/d"), forecast.basis("x/e")), (Some(Basis::Inferred), Some(Basis::Inferred)));
    let mean = 4.0 * rate.median * (rate.log_sd() * rate.log_sd() / 2.0).exp();
    assert_eq!(forecast.early_dates("x/d").1, round(mean));
    assert_eq!(forecast.early_dates("x/e").1, round(mean / 2.0));
    let [p50, p85, _] = forecast.percentiles("x/d", ForecastModel::Plan);
    let expected = 4.0 * rate.median;
    // Four standard errors of a median are 4·√(π/2)·σ/√n of it.
    let tolerance = 4.0 * (std::f64::consts::FRAC_PI_2 / 4000.0).sqrt() * rate.log_sd();
    assert!((p50 / expected).ln().abs() < tolerance, "{p50}, not {expected}");
    assert!((p85 / p50).ln() > 0.9 * 1.0364 * rate.log_sd(), "{p50} {p85}");
}

#[test]
fn risks_delay_only_the_forecast_with_risks() {
    for (affected, expected) in [
        ("x/a", [5.0, 4.0, 5.0]),
        ("x/a/t", [5.0, 4.0, 5.0]),
        ("x/b", [2.0, 7.0, 7.0]),
        ("x/a, x/b", [5.0, 7.0, 7.0]),
        ("x", [5.0, 7.0, 7.0]),
        ("m", [2.0, 4.0, 7.0]),
    ] {
        let risk = format!("{{probability: 100%, delay: 3d, affects: [{affected}]}}");
        let rest = format!("milestones: {{m: {{needs: [x/a, x/b]}}}}\nrisks: {{r: {risk}}}\n");
        let plan = plan("a: {tasks: [{todo: t, estimate: 2d}]}, b: {estimate: 4d}", "", &rest);
        let forecast = plan.forecast(256);
        let p85 = |model| ["x/a", "x/b", "m"].map(|path| forecast.percentiles(path, model)[1]);
        assert_eq!(p85(ForecastModel::Plan), [2.0, 4.0, 4.0], "{affected}");
        assert_eq!(p85(ForecastModel::Risk), expected, "{affected}");
        assert_eq!(forecast.early_dates("m").1, 4.0, "{affected}");
        assert!(forecast.result.has_risks);
    }
}

#[test]
fn a_risk_delays_all_affected_items_in_the_same_runs() {
    let rest = "milestones: {m: {due: 2026-01-29, needs: [x/a, x/b]}}\nrisks: {r: {probability: 50%, delay: 3d, affects: [x/a, x/b]}}\n";
    let plan = plan("a: {estimate: 2d}, b: {estimate: 2d}", "", rest);
    let forecast = plan.forecast(10_000);
    // Half of the runs, not a quarter. Four standard errors, 4·√(0.25/10,000), are 0.02.
    assert!(
        (forecast.on_time("m", ForecastModel::Risk) - 0.5).abs() < 0.02,
        "{}",
        forecast.on_time("m", ForecastModel::Risk)
    );
}

#[test]
fn a_risk_without_probability_or_delay_changes_nothing() {
    let streams = "a: {estimate: 2-3w}, b: {estimate: 1/2/9w}";
    let without = plan(streams, "", "");
    let without = without.forecast(256);
    for risk in ["delay: 3w, affects: [x/a]", "probability: 50%, affects: [x/a]", "severity: high, affects: [x]"] {
        let with = plan(streams, "", &format!("risks: {{r: {{{risk}}}}}\n"));
        let with = with.forecast(256);
        assert!(!with.result.has_risks, "{risk}");
        for path in ["x/a", "x/b"] {
            assert_eq!(with.item(path).finish, without.item(path).finish, "{risk}");
        }
    }
}

const SLIP: &str = "milestones: {gate: {due: 2026-01-29}, m: {due: 2026-02-03, needs: [x/c, x/d]}}\n";

/// `m` is due on day 5. Its path over `a`, `b` and `c` takes 9 days, the path over `gate` and `d` takes 4.
fn late_plan() -> Plan {
    plan(
        "a: {estimate: 2d}, b: {estimate: 4d, needs: [x/a]}, c: {estimate: 3d, needs: [x/b]}, d: {estimate: 2d, needs: [gate]}",
        "",
        SLIP,
    )
}

#[test]
fn the_slip_root_is_the_first_item_of_the_driving_path() {
    let plan = late_plan();
    let forecast = plan.forecast(1);
    assert_eq!(driving_path(&forecast, "m"), ["x/a", "x/b", "x/c", "m"]);
    assert_eq!(slip_root(&forecast, "m").as_deref(), Some("x/a"));
    assert!(forecast.item("m").is_late());
    assert_eq!((forecast.item("x/b").total_float, forecast.item("x/d").total_float), (-4.0, 1.0));
    // Only late milestones have a slip root.
    assert_eq!((slip_root(&forecast, "x/a"), slip_root(&forecast, "gate")), (None, None));
}

#[test]
fn a_scenario_can_change_the_slip_root() {
    let plan = late_plan();
    let compute = |changes: &[(&str, Edit)]| {
        let forecast = plan.forecast_edited(1, changes);
        (forecast.early_dates("m").1, slip_root(&forecast, "m"), driving_path(&forecast, "m"))
    };
    let some = |path: &str| Some(path.to_owned());
    let (end, root, _) = compute(&[("x/a", Edit::Done)]);
    assert_eq!((end, root), (7.0, some("x/b")));
    let (end, root, chain) = compute(&[("x/d", Edit::Add(time("6d")))]);
    assert_eq!((end, root, chain), (10.0, some("gate"), vec!["gate".into(), "x/d".into(), "m".into()]));
    let (end, root, _) = compute(&[("gate", Edit::Done), ("x/d", Edit::Add(time("8d")))]);
    assert_eq!((end, root), (10.0, some("x/d")));
    let (end, root, _) = compute(&[("x/b", Edit::Estimate(estimate("0d")))]);
    assert_eq!((end, root), (5.0, None), "`m` is on time");
    let (end, root, chain) = compute(&[("m", Edit::Add(time("1d"))), ("x/c", Edit::Done)]);
    assert_eq!((end, root, chain), (5.0, None, vec!["gate".into(), "x/d".into(), "m".into()]));
}

#[test]
fn scenarios_of_a_workstream() {
    let plan = late_plan();
    let end = |changes: &[(&str, Edit)]| plan.forecast_edited(1, changes).early_dates("m").1;
    assert_eq!(end(&[]), 9.0);
    assert_eq!(end(&[("x/b", Edit::Add(time("1w")))]), 14.0);
    assert_eq!(end(&[("x/b", Edit::Subtract(time("1d")))]), 8.0);
    assert_eq!(end(&[("x/b", Edit::Subtract(time("9w")))]), 5.0, "not before it starts");
    assert_eq!(end(&[("x/b", Edit::Estimate(estimate("1d")))]), 6.0);
    assert_eq!(end(&[("x/b", Edit::Done)]), 4.0, "its predecessors delay no dependent");
    assert_eq!(end(&[("x", Edit::Add(time("1w")))]), 14.0);
    assert_eq!(end(&[("m", Edit::Add(time("1w")))]), 14.0);
    assert_eq!(end(&[("x", Edit::Done)]), 0.0);
    let forecast = plan.forecast_edited(1, &[("m", Edit::Done)]);
    assert!(!forecast.contains("m") && forecast.result.end.as_ref().unwrap().early_finish == 9.0);
}

#[test]
fn scenarios_of_a_task() {
    let plan = plan(
        "w: {tasks: [{todo: a, estimate: 4d}, {todo: b, estimate: 3d, needs: [x/w/a]}]}, v: {estimate: 6d, tasks: [{todo: c}, {todo: d}, {done: e}]}",
        "",
        "",
    );
    let end = |path: &str, changes: &[(&str, Edit)]| plan.forecast_edited(1, changes).early_dates(path).1;
    assert_eq!((end("x/w", &[]), end("x/v", &[])), (7.0, 4.0));
    assert_eq!(end("x/w", &[("x/w/a", Edit::Add(time("2d")))]), 9.0);
    assert_eq!(end("x/w", &[("x/w/a", Edit::Subtract(time("2d")))]), 5.0);
    assert_eq!(end("x/w", &[("x/w/a", Edit::Estimate(estimate("1d")))]), 4.0);
    assert_eq!(end("x/w", &[("x/w/a", Edit::Done)]), 3.0);
    // Both the task and the work of the workstream take three days more.
    assert_eq!(end("x/v", &[("x/v/c", Edit::Add(time("3d")))]), 7.0);
    assert_eq!(end("x/v", &[("x/v/c", Edit::Subtract(time("1d")))]), 3.0);
    assert_eq!(end("x/v", &[("x/v/c", Edit::Subtract(time("9d")))]), 2.0, "the task has two days");
    assert_eq!(end("x/v", &[("x/v/c", Edit::Estimate(estimate("9d")))]), 9.0);
}

#[test]
fn sooner_shortens_all_work_of_a_workstream() {
    let plan = plan(
        "w: {tasks: [{todo: a, estimate: 4d}, {todo: b, estimate: 6d, needs: [x/w/a]}]}, v: {estimate: 6d, tasks: [{todo: c, needs: [late]}, {todo: d}]}",
        "",
        "milestones: {late: {due: 2026-02-10}}\n",
    );
    let end = |path: &str, changes: &[(&str, Edit)]| plan.forecast_edited(1, changes).early_dates(path).1;
    assert_eq!((end("x/w", &[]), end("x/v", &[])), (10.0, 13.0));
    assert_eq!(end("x/w", &[("x/w", Edit::Subtract(time("5d")))]), 5.0);
    assert_eq!(end("x/v", &[("x/v", Edit::Subtract(time("2d")))]), 12.0, "half of its work is after the milestone");
}

#[test]
fn total_float_ends_at_due_dates_before_the_end_of_the_project() {
    let plan = plan("a: {estimate: 5d}, b: {estimate: 20d}", "", "milestones: {m: {due: 2026-03-10, needs: [x/a]}}\n");
    let forecast = plan.forecast(1);
    assert_eq!(["m", "x/a"].map(|path| forecast.item(path).total_float), [25.0; 2]);
    assert_eq!(forecast.item("x/b").total_float, 0.0, "it has no dependents with a due date");
}

#[test]
fn the_float_of_a_milestone_is_the_least_of_everything_that_it_needs() {
    let plan = plan(
        "a: {estimate: 5d}, b: {estimate: 10d, needs: [x/a]}, c: {estimate: 10d, tasks: [{todo: t}, {todo: u, needs: [x/c/t]}]}",
        "",
        "milestones: {early: {due: 2026-02-17, needs: [x/a]}, late: {due: 2026-02-10, needs: [x/b]}, task: {due: 2026-03-10, needs: [x/c/t]}, all: {due: 2026-02-12, needs: [x/c]}}\n",
    );
    let forecast = plan.forecast(1);
    let floats = ["early", "late", "task", "all"].map(|path| forecast.item(path).total_float);
    // `late` needs `a`, too, and misses its date by five days; `u` may slip by two.
    assert_eq!(floats, [-5.0, -5.0, 2.0, 2.0]);
    assert_eq!(["x/a", "x/b", "x/c"].map(|path| forecast.item(path).total_float), [-5.0, -5.0, 2.0]);
}

#[test]
fn a_needed_task_does_not_have_the_float_of_other_parts_of_its_area() {
    let plan = plan(
        "a: {estimate: 20d}, b: {tasks: [{todo: t, estimate: 3d}, {todo: u, estimate: 9d}]}",
        "",
        "milestones: {task: {due: 2026-03-10, needs: [x/b/t]}, area: {due: 2026-02-24, needs: [x]}}\n",
    );
    let forecast = plan.forecast(1);
    assert_eq!(["task", "area"].map(|path| forecast.item(path).total_float), [17.0, 0.0]);
}

#[test]
fn tasks_of_a_workstream_with_a_fixed_date_have_that_date() {
    let plan = plan("a: {due: 2026-02-10, tasks: [{todo: t}, {todo: u}]}", "after: {estimate: 1d, needs: [x/a/t]}", "");
    let forecast = plan.forecast(1);
    assert_eq!((forecast.basis("x/a"), forecast.early_dates("x/a/t").1), (Some(Basis::FixedDate), 10.0));
    assert_eq!(forecast.early_dates("y/after"), (10.0, 11.0));
}

#[test]
fn a_task_with_a_due_date_finishes_when_the_order_of_the_work_allows() {
    let plan = plan(
        "a: {estimate: 10d, tasks: [{todo: t, due: 2026-02-17}, {todo: u}]}, b: {estimate: 10d, tasks: [{todo: t, due: 2026-02-17}, {todo: u, needs: [x/b/t]}]}",
        "",
        "target: 2026-03-10\n",
    );
    let forecast = plan.forecast(1);
    assert_eq!(["x/a/t", "x/b/t"].map(|path| forecast.early_dates(path).1), [10.0, 5.0]);
    assert_eq!(["x/a", "x/b"].map(|path| forecast.item(path).total_float), [5.0, 10.0]);
}

#[test]
fn critical_to_limits_criticality_to_a_milestone() {
    let plan = late_plan();
    let forecast = plan.forecast_with(&ForecastOptions { critical_to: Some(1), ..ForecastOptions::default() });
    let critical = |forecast: &PlanForecast<'_>| ["x/a", "x/c", "x/d", "m"].map(|path| forecast.item(path).criticality);
    assert_eq!(critical(&forecast), [1.0, 1.0, 0.0, 1.0]);
    let forecast = plan.forecast_with(&ForecastOptions { critical_to: Some(0), ..ForecastOptions::default() });
    assert_eq!(critical(&forecast), [0.0; 4]);
    assert_eq!(forecast.item("gate").criticality, 1.0);
    assert_eq!(forecast.result.start_day, date("2026-01-27"));
}

#[test]
fn equally_long_paths_are_all_critical() {
    let plan = plan(
        "a: {estimate: 4d}, b: {estimate: 4d}, c: {estimate: 3d}, d: {estimate: 1d, needs: [x/a, x/b, x/c]}",
        "",
        "",
    );
    let forecast = plan.forecast(1);
    assert_eq!(["x/a", "x/b", "x/c", "x/d"].map(|path| forecast.item(path).criticality), [1.0, 1.0, 0.0, 1.0]);
    let end = forecast.result.end.as_ref().unwrap();
    assert_eq!(forecast.paths(&end.critical_path), ["x/a", "x/d"]);
}

#[test]
fn a_due_date_at_the_weekend_is_met_until_friday() {
    let plan = plan(
        "a: {estimate: 3d}, b: {estimate: 3.1d}",
        "",
        "milestones: {m: {due: 2026-02-01, needs: [x/a]}, n: {due: 2026-01-31, needs: [x/b]}}\n",
    );
    let forecast = plan.forecast(1);
    assert_eq!((forecast.item("m").due, forecast.item("n").due), (Some(3.0), Some(3.0)));
    assert_eq!((forecast.on_time("m", ForecastModel::Plan), forecast.on_time("n", ForecastModel::Plan)), (1.0, 0.0));
}

#[test]
fn the_slip_root_of_a_milestone_late_only_with_risks_is_an_affected_item() {
    let late_by_risk = plan(
        "a: {estimate: 9d}, b: {estimate: 1d}",
        "",
        "milestones: {m: {due: 2026-02-13, needs: [x/a, x/b]}}\nrisks: {r: {probability: 90%, delay: 20d, affects: [x/b]}}\n",
    );
    let forecast = late_by_risk.forecast(1000);
    assert_eq!(forecast.item("m").finish(ForecastModel::Plan).unwrap().on_time, Some(1.0));
    assert_eq!(slip_root(&forecast, "m"), Some("x/b".to_owned()));
}

#[test]
fn work_starts_no_earlier_than_on_its_day() {
    let plan = plan(
        "a: {estimate: 2d, not_before: 2026-02-02}, b: {estimate: 2d, needs: [x/a], not_before: 2026-02-03}, past: {estimate: 2d, not_before: 2026-01-05}, weekend: {estimate: 1d, not_before: 2026-01-31}",
        "w: {estimate: 8d, tasks: [{todo: t, not_before: 2026-02-09}, {todo: u}]}, ahead: {estimate: 8d, tasks: [{todo: t, started: 2026-02-09}, {todo: u}]}, v: {tasks: [{todo: t, estimate: 1d, not_before: 2026-01-29}]}",
        "milestones: {m: {not_before: 2026-02-02, needs: [x/past]}, saturday: {not_before: 2026-02-07, needs: [x/past]}, late: {not_before: 2026-01-29, needs: [x/a]}}\n",
    );
    let forecast = plan.forecast(1);
    // 28 January is day 1, and 2 February is day 4.
    assert_eq!((forecast.early_dates("x/a"), forecast.early_dates("x/b")), ((3.0, 5.0), (5.0, 7.0)));
    assert_eq!((forecast.early_dates("x/past"), forecast.early_dates("x/weekend")), ((0.0, 2.0), (3.0, 4.0)));
    // A task without an estimate has its half of the work after that day.
    assert_eq!((forecast.early_dates("y/w"), forecast.early_dates("y/v/t")), ((0.0, 12.0), (1.0, 2.0)));
    assert_eq!(forecast.early_dates("y/ahead"), (0.0, 12.0));
    let milestones = ["m", "saturday", "late"].map(|path| forecast.finish_day(path));
    assert_eq!(milestones, ["2026-02-02", "2026-02-09", "2026-02-03"]);
    assert_eq!(driving_path(&forecast, "m"), ["m"]);
}

#[test]
fn a_lag_and_a_lead_move_the_start() {
    let plan = plan(
        "a: {estimate: 10d}, lag: {estimate: 1d, needs: [{item: x/a, lag: 12h}]}, lead: {estimate: 1d, needs: [{item: x/a, lead: 4d}]}, early: {estimate: 1d, needs: [{item: x/a, lead: 3w}]}, both: {estimate: 1d, needs: [{item: x/a, lag: 2d}, {item: x/a, lag: 1d}]}, blocker: {estimate: 2d, blocks: [{item: x/blocked, lag: 3d}]}, blocked: {estimate: 1d}",
        "w: {estimate: 4d, tasks: [{todo: one}, {todo: two, needs: [{item: y/w/one, lag: 5d}]}]}",
        "milestones: {m: {due: 2026-02-12, needs: [{item: x/a, lag: 1w}]}}\n",
    );
    let forecast = plan.forecast(1);
    let dates = ["lag", "lead", "early", "both", "blocked"].map(|it| forecast.early_dates(&format!("x/{it}")));
    assert_eq!(dates, [(11.5, 12.5), (6.0, 7.0), (0.0, 1.0), (12.0, 13.0), (5.0, 6.0)]);
    // Two shares of two days, and five days between them.
    assert_eq!((forecast.early_dates("y/w/two"), forecast.early_dates("y/w")), ((7.0, 9.0), (0.0, 9.0)));
    // 12 February is day 12: three days less than 10 and the lag.
    assert_eq!((forecast.early_dates("m").1, round(forecast.item("x/a").total_float)), (15.0, -3.0));
    assert_eq!(driving_path(&forecast, "m"), ["x/a", "m"]);
    assert_eq!((forecast.item("x/a").criticality, forecast.item("x/lag").criticality), (1.0, 0.0));
    assert_eq!(round(forecast.result.end.as_ref().unwrap().finish.p50().plan), 15.0);
}

#[test]
fn the_project_ends_after_work_that_others_may_not_wait_for() {
    let plan = plan("a: {estimate: 10d}, b: {estimate: 1d, needs: [{item: x/a, lead: 9d}]}", "", "");
    let forecast = plan.forecast(1);
    assert_eq!(forecast.early_dates("x/b"), (1.0, 2.0));
    assert_eq!(round(forecast.result.end.as_ref().unwrap().finish.p50().plan), 10.0);
}

#[test]
fn a_lag_after_finished_work_counts_from_its_finish() {
    let start = |first: &str, milestones: &str, need: &str| {
        let plan = plan(
            &format!("first: {{{first}}}, next: {{estimate: 1d, needs: [{{item: {need}, lag: 5d}}]}}"),
            "",
            &format!("milestones: {{{milestones}}}\n"),
        );
        plan.forecast(1).early_dates("x/next").0
    };
    // 22 January is three working days before the status date.
    let tasks = "tasks: [{done: t, finished: 2026-01-22}, {done: u, finished: 2026-01-20}]";
    assert_eq!(start(tasks, "", "x/first"), 2.0);
    assert_eq!(start(tasks, "", "x/first/u"), 0.0);
    assert_eq!(start("tasks: [{done: t, finished: 2026-01-22}, {done: u}]", "", "x/first"), 5.0);
    assert_eq!(start("complete: 100%", "", "x/first"), 5.0);
    assert_eq!(start("", "m: {done: 2026-01-22}", "m"), 2.0);
    assert_eq!(start("", "m: {done: 2026-01-12}", "m"), 0.0);
}
