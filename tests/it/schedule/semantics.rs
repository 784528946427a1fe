//! What a plan's parts mean to its forecast.

use readiness_exporter::schedule::finish::ForecastModel;
use readiness_exporter::schedule::forecast::ForecastOptions;
use readiness_exporter::schedule::network::Basis;
use readiness_exporter::schedule::network::scenario::ScenarioChange;

use crate::schedule::{Plan, Seen, date, estimate, time};

/// The workstreams of the areas `x` and `y`, and whatever else the file says.
fn plan(x: &str, y: &str, rest: &str) -> Plan {
    let y = if y.is_empty() { String::new() } else { format!(", y: {{workstreams: {{{y}}}}}") };
    let text = format!("project: x\nas_of: 2026-01-27\nareas: {{x: {{workstreams: {{{x}}}}}{y}}}\n{rest}");
    Plan::read(&text, "2026-01-27")
}

fn root(seen: &Seen<'_>, path: &str) -> Option<String> {
    seen.item(path).slip_root().map(|item| seen.plan.project().path(item))
}

fn chain(seen: &Seen<'_>, path: &str) -> Vec<String> {
    seen.paths(&seen.chain(path))
}

#[test]
fn what_is_done_drops_out() {
    let plan = plan(
        "a: {estimate: 5w, complete: 100%}, b: {estimate: 2d, needs: [x/a]}, c: {estimate: 2d, tasks: [{done: t, estimate: 9w}, {todo: u, needs: [x/a, past]}]}",
        "",
        "milestones: {past: {done: 2026-01-20, due: 2026-06, needs: [x/b]}}\n",
    );
    let seen = plan.forecast(1);
    assert!(!seen.has("x/a") && !seen.has("x/c/t") && !seen.has("past"));
    assert_eq!((seen.early("x/b"), seen.early("x/c")), ((0.0, 2.0), (0.0, 1.0)));
}

#[test]
fn a_task_may_take_longer_than_its_workstream() {
    let plan = plan(
        "short: {estimate: 10d, tasks: [{todo: t, estimate: 3d}, {todo: u}]}, long: {estimate: 10d, tasks: [{todo: t, estimate: 15d}]}",
        "after: {estimate: 1d, needs: [x/long]}",
        "",
    );
    let seen = plan.forecast(1);
    assert_eq!((seen.early("x/short/t"), seen.early("x/short")), ((0.0, 3.0), (0.0, 10.0)));
    assert_eq!((seen.early("x/long/t"), seen.early("x/long")), ((0.0, 15.0), (0.0, 15.0)));
    assert_eq!(seen.early("y/after"), (15.0, 16.0));
    assert!(!seen.has("x/short/u"), "nothing says when it is finished, and nobody asks");
}

#[test]
fn a_workstream_of_estimated_tasks_needs_no_estimate() {
    let plan = plan(
        "w: {needs: [x/v], tasks: [{todo: a, estimate: 3d}, {todo: b, estimate: 4d, needs: [x/w/a]}, {partial: c, complete: 50%, estimate: 4d}, {done: d}]}, v: {estimate: 1d}",
        "",
        "",
    );
    let seen = plan.forecast(1);
    assert_eq!((seen.early("x/w/a"), seen.early("x/w/b"), seen.early("x/w/c")), ((1.0, 4.0), (4.0, 8.0), (1.0, 3.0)));
    assert_eq!((seen.early("x/w"), seen.basis("x/w")), ((1.0, 8.0), None));
}

#[test]
fn a_task_that_others_need_may_be_the_last_of_its_workstream() {
    let plan = plan(
        "w: {estimate: 10d, tasks: [{todo: t}, {todo: u}]}, v: {estimate: 10d, tasks: [{todo: t, needs: [y/late]}, {todo: u}]}",
        "after: {estimate: 1d, needs: [x/w/t]}, late: {estimate: 8d}",
        "",
    );
    let seen = plan.forecast(1);
    assert_eq!((seen.early("x/w/t"), seen.early("y/after")), ((0.0, 10.0), (10.0, 11.0)));
    // Half of the work in the other one can't begin before the eighth day.
    assert_eq!((seen.early("x/v/t"), seen.early("x/v")), ((8.0, 13.0), (0.0, 13.0)));
}

#[test]
fn a_shared_task_holds_up_both_of_its_workstreams() {
    let plan = plan(
        "w: {tasks: [{todo: t, estimate: 8d}]}",
        "v: {estimate: 2d, tasks: [{ref: x/w/t}, {todo: u}]}, after: {estimate: 1d, needs: [y/v]}",
        "",
    );
    let seen = plan.forecast(1);
    assert_eq!((seen.early("x/w"), seen.early("y/v"), seen.early("y/after")), ((0.0, 8.0), (0.0, 8.0), (8.0, 9.0)));
    let done = plan.changed(1, &[("x/w/t", ScenarioChange::Done)]);
    assert!(done.early("y/v").1 <= 2.0);
}

#[test]
fn to_need_an_area_is_to_need_all_of_it() {
    let plan = plan(
        "a: {estimate: 3d}, b: {estimate: 7d}, c: {estimate: 9w, complete: 100%}",
        "after: {estimate: 1d, needs: [x]}, other: {blocks: [y/after], estimate: 8d}",
        "milestones: {m: {needs: [x]}}\n",
    );
    let seen = plan.forecast(1);
    assert_eq!((seen.early("x"), seen.early("m"), seen.early("y/after")), ((0.0, 7.0), (7.0, 7.0), (8.0, 9.0)));
    assert_eq!(chain(&seen, "m"), ["x/b", "m"]);
}

#[test]
fn missing_estimates_are_inferred_from_points() {
    // 0.5, 1 and 3 days for a point.
    let plan = plan(
        "a: {points: 10, estimate: 1w}, b: {points: 5, estimate: 4-6d}, c: {points: 1, estimate: 3d}, d: {points: 4}, e: {points: 4, complete: 50%}",
        "",
        "",
    );
    let seen = plan.forecast(256);
    let Some(Basis::Inferred(found)) = seen.basis("x/d") else { panic!("{:?}", seen.basis("x/d")) };
    assert_eq!((found.optimistic, found.likely, found.pessimistic), (2.0, 4.0, 12.0));
    assert_eq!(seen.early("x/d").1, 5.0);
    assert_eq!(seen.early("x/e").1, 2.5);
}

#[test]
fn risks_delay_the_forecast_and_not_the_plan() {
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
        let seen = plan.forecast(256);
        let p85 = |model| ["x/a", "x/b", "m"].map(|path| seen.quantiles(path, model)[1]);
        assert_eq!(p85(ForecastModel::Plan), [2.0, 4.0, 4.0], "{affected}");
        assert_eq!(p85(ForecastModel::Risk), expected, "{affected}");
        assert_eq!(seen.early("m").1, 4.0, "{affected}");
        assert!(seen.forecast.has_risks);
    }
}

#[test]
fn a_risk_that_happens_happens_to_all_that_it_affects() {
    let rest = "milestones: {m: {due: 2026-01-29, needs: [x/a, x/b]}}\nrisks: {r: {probability: 50%, delay: 3d, affects: [x/a, x/b]}}\n";
    let plan = plan("a: {estimate: 2d}, b: {estimate: 2d}", "", rest);
    let seen = plan.forecast(10_000);
    // Half of the runs, not a quarter: 4·√(0.25/10,000) is 0.02.
    assert!((seen.on_time("m", ForecastModel::Risk) - 0.5).abs() < 0.02, "{}", seen.on_time("m", ForecastModel::Risk));
}

#[test]
fn a_risk_without_probability_or_delay_changes_nothing() {
    let streams = "a: {estimate: 2-3w}, b: {estimate: 1/2/9w}";
    let without = plan(streams, "", "");
    let without = without.forecast(256);
    for risk in ["delay: 3w, affects: [x/a]", "probability: 50%, affects: [x/a]", "severity: high, affects: [x]"] {
        let with = plan(streams, "", &format!("risks: {{r: {{{risk}}}}}\n"));
        let with = with.forecast(256);
        assert!(!with.forecast.has_risks, "{risk}");
        for path in ["x/a", "x/b"] {
            assert_eq!(with.item(path).finish, without.item(path).finish, "{risk}");
        }
    }
}

const SLIP: &str = "milestones: {gate: {due: 2026-01-29}, m: {due: 2026-02-03, needs: [x/c, x/d]}}\n";

/// `m` is due on the fifth day, and takes nine by `a`, `b`, `c` or four by `gate` and `d`.
fn slipping() -> Plan {
    plan(
        "a: {estimate: 2d}, b: {estimate: 4d, needs: [x/a]}, c: {estimate: 3d, needs: [x/b]}, d: {estimate: 2d, needs: [gate]}",
        "",
        SLIP,
    )
}

#[test]
fn the_root_of_a_slip_is_where_its_chain_begins() {
    let plan = slipping();
    let seen = plan.forecast(1);
    assert_eq!(chain(&seen, "m"), ["x/a", "x/b", "x/c", "m"]);
    assert_eq!(root(&seen, "m").as_deref(), Some("x/a"));
    assert!(seen.item("m").is_late());
    assert_eq!((seen.item("x/b").total_float(), seen.item("x/d").total_float()), (-4.0, 1.0));
    // What nobody waits for is no root.
    assert_eq!((root(&seen, "x/a"), root(&seen, "gate")), (None, None));
}

#[test]
fn after_a_change_the_root_may_be_another() {
    let plan = slipping();
    let changed = |changes: &[(&str, ScenarioChange)]| {
        let seen = plan.changed(1, changes);
        (seen.early("m").1, root(&seen, "m"), chain(&seen, "m"))
    };
    let named = |path: &str| Some(path.to_owned());
    let (end, root, _) = changed(&[("x/a", ScenarioChange::Done)]);
    assert_eq!((end, root), (7.0, named("x/b")));
    let (end, root, chain) = changed(&[("x/d", ScenarioChange::Later(time("6d")))]);
    assert_eq!((end, root, chain), (10.0, named("gate"), vec!["gate".into(), "x/d".into(), "m".into()]));
    let (end, root, _) = changed(&[("gate", ScenarioChange::Done), ("x/d", ScenarioChange::Later(time("8d")))]);
    assert_eq!((end, root), (10.0, named("x/d")));
    let (end, root, _) = changed(&[("x/b", ScenarioChange::Estimate(estimate("0d")))]);
    assert_eq!((end, root), (5.0, None), "it is on time");
    let (end, root, chain) = changed(&[("m", ScenarioChange::Later(time("1d"))), ("x/c", ScenarioChange::Done)]);
    assert_eq!((end, root, chain), (5.0, None, vec!["gate".into(), "x/d".into(), "m".into()]));
}

#[test]
fn changes_to_a_workstream() {
    let plan = slipping();
    let end = |changes: &[(&str, ScenarioChange)]| plan.changed(1, changes).early("m").1;
    assert_eq!(end(&[]), 9.0);
    assert_eq!(end(&[("x/b", ScenarioChange::Later(time("1w")))]), 14.0);
    assert_eq!(end(&[("x/b", ScenarioChange::Sooner(time("1d")))]), 8.0);
    assert_eq!(end(&[("x/b", ScenarioChange::Sooner(time("9w")))]), 5.0, "not before it begins");
    assert_eq!(end(&[("x/b", ScenarioChange::Estimate(estimate("1d")))]), 6.0);
    assert_eq!(end(&[("x/b", ScenarioChange::Done)]), 4.0, "what it needs holds nobody up any more");
    assert_eq!(end(&[("x", ScenarioChange::Later(time("1w")))]), 14.0);
    assert_eq!(end(&[("m", ScenarioChange::Later(time("1w")))]), 14.0);
    assert_eq!(end(&[("x", ScenarioChange::Done)]), 0.0);
    let seen = plan.changed(1, &[("m", ScenarioChange::Done)]);
    assert!(!seen.has("m") && seen.forecast.end.as_ref().unwrap().early_finish == 9.0);
}

#[test]
fn changes_to_a_task() {
    let plan = plan(
        "w: {tasks: [{todo: a, estimate: 4d}, {todo: b, estimate: 3d, needs: [x/w/a]}]}, v: {estimate: 6d, tasks: [{todo: c}, {todo: d}, {done: e}]}",
        "",
        "",
    );
    let end = |path: &str, changes: &[(&str, ScenarioChange)]| plan.changed(1, changes).early(path).1;
    assert_eq!((end("x/w", &[]), end("x/v", &[])), (7.0, 4.0));
    assert_eq!(end("x/w", &[("x/w/a", ScenarioChange::Later(time("2d")))]), 9.0);
    assert_eq!(end("x/w", &[("x/w/a", ScenarioChange::Sooner(time("2d")))]), 5.0);
    assert_eq!(end("x/w", &[("x/w/a", ScenarioChange::Estimate(estimate("1d")))]), 4.0);
    assert_eq!(end("x/w", &[("x/w/a", ScenarioChange::Done)]), 3.0);
    // A third of the workstream's work, begun three days later.
    assert_eq!(end("x/v", &[("x/v/c", ScenarioChange::Later(time("3d")))]), 5.0);
    assert_eq!(end("x/v", &[("x/v/c", ScenarioChange::Estimate(estimate("9d")))]), 9.0);
}

#[test]
fn a_workstream_is_shortened_in_all_of_its_work() {
    let plan = plan(
        "w: {tasks: [{todo: a, estimate: 4d}, {todo: b, estimate: 6d, needs: [x/w/a]}]}, v: {estimate: 6d, tasks: [{todo: c, needs: [late]}, {todo: d}]}",
        "",
        "milestones: {late: {due: 2026-02-10}}\n",
    );
    let end = |path: &str, changes: &[(&str, ScenarioChange)]| plan.changed(1, changes).early(path).1;
    assert_eq!((end("x/w", &[]), end("x/v", &[])), (10.0, 13.0));
    assert_eq!(end("x/w", &[("x/w", ScenarioChange::Sooner(time("5d")))]), 5.0);
    assert_eq!(
        end("x/v", &[("x/v", ScenarioChange::Sooner(time("2d")))]),
        12.0,
        "half of it comes after the milestone"
    );
}

#[test]
fn floats_count_to_due_dates_and_not_to_the_end_of_the_project() {
    let plan = plan("a: {estimate: 5d}, b: {estimate: 20d}", "", "milestones: {m: {due: 2026-03-10, needs: [x/a]}}\n");
    let seen = plan.forecast(1);
    assert_eq!(["m", "x/a"].map(|path| seen.item(path).total_float()), [25.0; 2]);
    assert_eq!(seen.item("x/b").total_float(), 0.0, "nothing that is due waits for it");
}

#[test]
fn what_is_critical_to_a_milestone_is_asked_for_by_it() {
    let plan = slipping();
    let seen = plan.with(&ForecastOptions { critical_to: Some(1), ..ForecastOptions::default() });
    let critical = |seen: &Seen<'_>| ["x/a", "x/c", "x/d", "m"].map(|path| seen.item(path).criticality);
    assert_eq!(critical(&seen), [1.0, 1.0, 0.0, 1.0]);
    let seen = plan.with(&ForecastOptions { critical_to: Some(0), ..ForecastOptions::default() });
    assert_eq!(critical(&seen), [0.0; 4]);
    assert_eq!(seen.item("gate").criticality, 1.0);
    assert_eq!(seen.forecast.status_date, date("2026-01-27"));
}

#[test]
fn of_equals_both_are_critical() {
    let plan = plan(
        "a: {estimate: 4d}, b: {estimate: 4d}, c: {estimate: 3d}, d: {estimate: 1d, needs: [x/a, x/b, x/c]}",
        "",
        "",
    );
    let seen = plan.forecast(1);
    assert_eq!(["x/a", "x/b", "x/c", "x/d"].map(|path| seen.item(path).criticality), [1.0, 1.0, 0.0, 1.0]);
    let end = seen.forecast.end.as_ref().unwrap();
    assert_eq!(seen.paths(&end.critical_path), ["x/a", "x/d"]);
}

#[test]
fn a_due_date_at_the_weekend_is_that_of_the_friday() {
    let plan = plan(
        "a: {estimate: 3d}, b: {estimate: 3.1d}",
        "",
        "milestones: {m: {due: 2026-02-01, needs: [x/a]}, n: {due: 2026-01-31, needs: [x/b]}}\n",
    );
    let seen = plan.forecast(1);
    assert_eq!((seen.item("m").due, seen.item("n").due), (Some(3.0), Some(3.0)));
    assert_eq!((seen.on_time("m", ForecastModel::Plan), seen.on_time("n", ForecastModel::Plan)), (1.0, 0.0));
}

#[test]
fn what_is_late_by_its_risks_alone_begins_with_what_they_affect() {
    let late_by_risk = plan(
        "a: {estimate: 9d}, b: {estimate: 1d}",
        "",
        "milestones: {m: {due: 2026-02-13, needs: [x/a, x/b]}}\nrisks: {r: {probability: 90%, delay: 20d, affects: [x/b]}}\n",
    );
    let seen = late_by_risk.forecast(1000);
    assert_eq!(seen.item("m").finish(ForecastModel::Plan).unwrap().on_time, Some(1.0));
    assert_eq!(root(&seen, "m"), Some("x/b".to_owned()));
}
