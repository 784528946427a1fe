//! Known answers: textbook networks and closed forms.

use std::fmt::Write;

use readiness_exporter::schedule::finish::ForecastModel;

use crate::schedule::{Plan, Seen, rounded};

/// General Foundry (Render, Stair, Hanna): id, what it needs, weeks, optimistic/likely/pessimistic.
const FOUNDRY: [(&str, &[&str], &str, &str); 8] = [
    ("a", &[], "2w", "1/2/3w"),
    ("b", &[], "3w", "2/3/4w"),
    ("c", &["a"], "2w", "1/2/3w"),
    ("d", &["b"], "4w", "2/4/6w"),
    ("e", &["c"], "4w", "1/4/7w"),
    ("f", &["c"], "3w", "1/2/9w"),
    ("g", &["d", "e"], "5w", "3/4/11w"),
    ("h", &["f", "g"], "2w", "1/2/3w"),
];

fn network(as_of: &str, works: &[(&str, &[&str], &str)]) -> String {
    let mut text = format!("project: x\nas_of: {as_of}\nareas:\n  x:\n    workstreams:\n");
    for (id, needs, estimate) in works {
        let needs: Vec<String> = needs.iter().map(|id| format!("x/{id}")).collect();
        writeln!(text, "      {id}: {{estimate: {estimate}, needs: [{}]}}", needs.join(", ")).unwrap();
    }
    text
}

#[test]
fn general_foundry_by_the_critical_path_method() {
    let works = FOUNDRY.map(|(id, needs, weeks, _)| (id, needs, weeks));
    let plan = Plan::read(&network("2026-02-01", &works), "2026-02-01");
    let seen = plan.forecast(256);
    // ES, EF, LS, LF, total and free float in weeks.
    for (id, expected) in [
        ("a", [0, 2, 0, 2, 0, 0]),
        ("b", [0, 3, 1, 4, 1, 0]),
        ("c", [2, 4, 2, 4, 0, 0]),
        ("d", [3, 7, 4, 8, 1, 1]),
        ("e", [4, 8, 4, 8, 0, 0]),
        ("f", [4, 7, 10, 13, 6, 6]),
        ("g", [8, 13, 8, 13, 0, 0]),
        ("h", [13, 15, 13, 15, 0, 0]),
    ] {
        let item = seen.item(&format!("x/{id}"));
        let found = [item.early.0, item.early.1, item.late.0, item.late.1, item.total_float(), item.free_float];
        assert_eq!(found.map(rounded), expected.map(|weeks| 5.0 * f64::from(weeks)), "{id}");
        assert_eq!(seen.quantiles(&format!("x/{id}"), ForecastModel::Plan), [rounded(found[1]); 3], "{id}");
    }
    let end = seen.forecast.end.as_ref().unwrap();
    assert_eq!(rounded(end.early_finish), 75.0);
    assert_eq!(seen.paths(&end.critical_path), ["x/a", "x/c", "x/e", "x/g", "x/h"]);
    let days = ["d", "g", "h"].map(|id| seen.day(&format!("x/{id}")));
    assert_eq!(days, ["2026-03-20", "2026-05-01", "2026-05-15"]);
}

/// As many draws as the tolerances below are made for.
const DRAWS: u32 = 100_000;

/// Four standard errors of a probability that was counted in [`DRAWS`] draws: 4·√(p(1 − p)/n).
fn error(probability: f64) -> f64 {
    4.0 * (probability * (1.0 - probability) / f64::from(DRAWS)).sqrt()
}

/// The known answers are printed with three digits after the point.
const PRINTED: f64 = 0.5e-3 + 1e-9;

/// General Foundry as estimated, with milestones at its end that are due after so many working days.
fn simulated_foundry(due: &[(u32, &str)]) -> Plan {
    let works = FOUNDRY.map(|(id, needs, _, weeks)| (id, needs, weeks));
    let mut text = network("2026-02-01", &works);
    text.push_str("milestones:\n");
    for (days, day) in due {
        writeln!(text, "  after-{days}: {{due: {day}, needs: [x/h]}}").unwrap();
    }
    Plan::read(&text, "2026-02-01")
}

#[test]
fn general_foundry_simulated() {
    // A quantile's standard error is √(p(1 − p)/n) divided by the density. That is taken from the
    // runs that end on the day on which the quantile lies, so between neighbouring due dates; a tenth
    // less, since it may change within the day.
    let due = [
        (75, "2026-05-15"),
        (76, "2026-05-18"),
        (80, "2026-05-22"),
        (85, "2026-05-29"),
        (86, "2026-06-01"),
        (91, "2026-06-08"),
        (92, "2026-06-09"),
    ];
    let plan = simulated_foundry(&due);
    let seen = plan.forecast(DRAWS);
    let within = |days: u32| seen.on_time(&format!("after-{days}"), ForecastModel::Plan);
    // 16 weeks are 80 working days, and end on a Friday.
    let expected = 0.690;
    assert!((within(80) - expected).abs() <= error(expected) + PRINTED, "{}", within(80));

    let quantiles = seen.quantiles("x/h", ForecastModel::Plan);
    let known = [(0.5, 15.10, 75), (0.85, 17.05, 85), (0.95, 18.27, 91)];
    for ((chance, weeks, day), found) in known.into_iter().zip(quantiles) {
        let density = 0.9 * (within(day + 1) - within(day));
        let tolerance = error(chance) / density + 5.0 * 10.0 * PRINTED;
        assert!(tolerance < 0.5, "a tolerance of half a day would prove nothing: {tolerance}");
        assert!((found - 5.0 * weeks).abs() <= tolerance, "P{chance}: {found}, not {} ± {tolerance}", 5.0 * weeks);
    }
}

#[test]
fn what_is_critical_in_general_foundry() {
    let plan = simulated_foundry(&[]);
    let seen = plan.forecast(DRAWS);
    let known = [("a", 0.739), ("b", 0.261), ("c", 0.739), ("d", 0.261), ("e", 0.738), ("f", 0.001), ("g", 0.999)];
    for (id, expected) in known {
        let found = seen.item(&format!("x/{id}")).criticality;
        assert!((found - expected).abs() <= error(expected) + PRINTED, "{id}: {found}, not {expected}");
    }
    assert_eq!(seen.item("x/h").criticality, 1.0);
}

#[test]
fn the_example_of_wikipedia() {
    let works: [(&str, &[&str], &str); 7] = [
        ("a", &[], "2/4/6d"),
        ("b", &[], "3/5/9d"),
        ("c", &["a"], "4/5/7d"),
        ("d", &["a"], "4/6/10d"),
        ("e", &["b", "c"], "4/5/7d"),
        ("f", &["d"], "3/4/8d"),
        ("g", &["e"], "3/5/8d"),
    ];
    let plan = Plan::read(&network("2026-02-01", &works), "2026-02-01");
    let seen = plan.forecast(256);
    let end = seen.forecast.end.as_ref().unwrap();
    assert_eq!(rounded(end.early_finish), 19.5);
    assert_eq!(seen.paths(&end.critical_path), ["x/a", "x/c", "x/e", "x/g"]);
    let floats = ["a", "b", "c", "d", "e", "f", "g"].map(|id| rounded(seen.item(&format!("x/{id}")).total_float()));
    assert_eq!(floats, [0.0, rounded(23.0 / 6.0), 0.0, rounded(14.0 / 3.0), 0.0, rounded(14.0 / 3.0), 0.0]);
}

/// Whether `found` is the quantile `expected` within four standard errors. Beyond its mode a density
/// falls, so at a quantile q it is at least (1 − p)/(b − q), where b is the largest value there is.
#[track_caller]
fn assert_quantile(found: f64, chance: f64, expected: f64, most: f64) {
    let density = (1.0 - chance) / (most - expected);
    let tolerance = error(chance) / density + 0.5e-4;
    assert!((found - expected).abs() <= tolerance, "P{chance}: {found}, not {expected} ± {tolerance}");
}

#[test]
fn one_estimate_alone() {
    let works: [(&str, &[&str], &str); 3] = [("a", &[], "2-3d"), ("b", &[], "4-6d"), ("c", &[], "1/2/9d")];
    let plan = Plan::read(&network("2026-02-01", &works), "2026-02-01");
    let seen = plan.forecast(DRAWS);
    let known = [
        ("x/a", [2.5, 2.7101, 2.8107], 3.0),
        ("x/b", [5.0, 5.4202, 5.6215], 6.0),
        ("x/c", [2.7690, 4.4411, 5.5028], 9.0),
    ];
    for (path, expected, most) in known {
        for (index, chance) in [0.5, 0.85, 0.95].into_iter().enumerate() {
            assert_quantile(seen.quantiles(path, ForecastModel::Plan)[index], chance, expected[index], most);
        }
    }
}

#[test]
fn what_remains_of_work_that_is_under_way() {
    // Both began on a Monday, in the morning; the last estimate is twice that of the known answer.
    let text = "\
project: x
as_of: 2026-01-23
areas:
  x:
    workstreams:
      five: {estimate: 4-6d, started: 2026-01-19}
      four: {estimate: 2/3/8d, started: 2026-01-20}
      long: {estimate: 20-30d, started: 2025-12-22}
";
    let plan = Plan::read(text, "2026-01-23");
    let seen = plan.forecast(DRAWS);
    for (path, mean, tolerance) in [("x/five", 0.3125, 1e-4), ("x/four", 0.8410, 1e-4), ("x/long", 1.5624, 2e-4)] {
        let found = seen.early(path).1;
        assert!((found - mean).abs() <= tolerance, "{path}: {found}, not {mean}");
    }
    assert_quantile(seen.quantiles("x/five", ForecastModel::Plan)[1], 0.85, 0.5587, 1.0);
    assert_quantile(seen.quantiles("x/four", ForecastModel::Plan)[1], 0.85, 1.5674, 4.0);
}

/// Ten workstreams, and a milestone for the first one, two, three, four and all of them.
fn gates(estimate: &str, due: &str, rest: &str) -> Plan {
    let mut text = String::from("project: x\nas_of: 2026-02-01\nareas:\n  x:\n    workstreams:\n");
    for gate in 0..10 {
        writeln!(text, "      gate-{gate}: {{estimate: {estimate}}}").unwrap();
    }
    text.push_str("milestones:\n");
    for count in [1, 2, 3, 4, 10] {
        let needs: Vec<String> = (0..count).map(|gate| format!("x/gate-{gate}")).collect();
        writeln!(text, "  all-{count}: {{due: {due}, needs: [{}]}}", needs.join(", ")).unwrap();
    }
    Plan::read(&(text + rest), "2026-02-01")
}

#[track_caller]
fn assert_merged(seen: &Seen<'_>, model: ForecastModel, single: f64) {
    for count in [1, 2, 3, 4, 10] {
        let (found, expected) = (seen.on_time(&format!("all-{count}"), model), single.powi(count));
        assert!((found - expected).abs() <= error(expected), "{count}: {found}, not {expected}");
    }
}

#[test]
fn gates_that_may_each_be_late_are_seldom_all_on_time() {
    let mut risks = String::from("risks:\n");
    for gate in 0..10 {
        writeln!(risks, "  risk-{gate}: {{probability: 15%, delay: 1-3d, affects: [x/gate-{gate}]}}").unwrap();
    }
    let plan = gates("5d", "2026-02-06", &risks);
    let seen = plan.forecast(DRAWS);
    assert_merged(&seen, ForecastModel::Risk, 0.85);
    for count in [1, 2, 3, 4, 10] {
        assert_eq!(seen.on_time(&format!("all-{count}"), ForecastModel::Plan), 1.0);
    }
}

#[test]
fn uncertain_works_are_seldom_all_on_time() {
    // From 0 to 10 days, with 5 likely, is a beta distribution of α = β = 3: with x for a tenth of
    // the days, P(≤ x) = 10x³(1 − x)² + 5x⁴(1 − x) + x⁵.
    for (days, due) in [(6, "2026-02-09"), (7, "2026-02-10")] {
        let part = f64::from(days) / 10.0;
        let rest = 1.0 - part;
        let single = 10.0 * part.powi(3) * rest * rest + 5.0 * part.powi(4) * rest + part.powi(5);
        let plan = gates("0-10d", due, "");
        assert_merged(&plan.forecast(DRAWS), ForecastModel::Plan, single);
    }
}

#[test]
fn working_days_end_on_the_days_of_the_calendar() {
    let known = [
        ("12.5d", "2026-02-13"),
        ("17.5d", "2026-02-20"),
        ("25d", "2026-03-03"),
        ("5w", "2026-03-03"),
        ("35d", "2026-03-17"),
        ("47.5d", "2026-04-03"),
        ("60d", "2026-04-21"),
        ("67d", "2026-04-30"),
    ];
    for (estimate, day) in known {
        let text = network("2026-01-27", &[("a", &[], estimate)]);
        let plan = Plan::read(&text, "2026-01-27");
        assert_eq!(plan.forecast(1).day("x/a"), day, "{estimate}");
        // It is on time on that day, and late the day before.
        for (due, expected) in
            [(day.parse().unwrap(), 1.0), (day.parse::<jiff::civil::Date>().unwrap().yesterday().unwrap(), 0.0)]
        {
            let text = format!("{text}milestones: {{m: {{due: {due}, needs: [x/a]}}}}\n");
            assert_eq!(
                Plan::read(&text, "2026-01-27").forecast(1).on_time("m", ForecastModel::Plan),
                expected,
                "{estimate} by {due}"
            );
        }
    }
    let plan = Plan::read(&network("2026-01-04", &[("a", &[], "15d")]), "2026-01-04");
    assert_eq!(plan.forecast(1).day("x/a"), "2026-01-23");
    let plan = Plan::read("project: x\nas_of: 2026-01-27\nmilestones: {m: {due: 2026-04-30}}\n", "2026-01-27");
    assert_eq!(plan.forecast(1).item("m").due, Some(67.0));
}

fn earned(baseline: &str, as_of: &str, complete: &str) -> Plan {
    let text = format!(
        "project: x\nas_of: {as_of}\nbaseline: [{baseline}]\nareas: {{x: {{workstreams: {{a: {{complete: {complete}}}}}}}}}\n"
    );
    Plan::read(&text, as_of)
}

#[test]
fn earned_schedule_of_a_linear_plan() {
    // Ten working days from the evening of a Friday, of which four have passed.
    let plan = earned("{when: 2026-01-02, complete: 0%}, {when: 2026-01-16, complete: 100%}", "2026-01-08", "30%");
    let found = plan.forecast(1).forecast.earned_schedule.unwrap();
    assert_eq!([found.planned, found.actual, found.earned].map(rounded), [10.0, 4.0, 3.0]);
    assert_eq!(found.performance().map(rounded), Some(0.75));
    assert_eq!(found.forecast().map(rounded), Some(13.333_333));
    assert_eq!(found.to_complete().map(rounded), Some(rounded(7.0 / 6.0)));
    assert_eq!(found.observed_pace.map(rounded), Some(0.075));
    assert_eq!(found.required_pace.map(rounded), Some(rounded(0.7 / 6.0)));
}

#[test]
fn earned_schedule_of_a_plan_that_gathers_speed() {
    // 0, 20, 50, 90, 140 and 200 of 200 by day, and 70 earned.
    let days = ["2026-01-05", "2026-01-06", "2026-01-07", "2026-01-08", "2026-01-09", "2026-01-12"];
    let shares = ["0%", "10%", "25%", "45%", "70%", "100%"];
    let points = days.iter().zip(shares).map(|(day, share)| format!("{{when: {day}, complete: {share}}}"));
    let plan = earned(&points.collect::<Vec<_>>().join(", "), "2026-01-09", "35%");
    let found = plan.forecast(1).forecast.earned_schedule.unwrap();
    assert_eq!([found.planned, found.actual, found.earned].map(rounded), [5.0, 4.0, 2.5]);
}

#[test]
fn what_was_complete_at_the_start_is_not_earned() {
    let plan = earned("{when: 2026-01-02, complete: 50%}, {when: 2026-01-16, complete: 100%}", "2026-01-08", "60%");
    let found = plan.forecast(1).forecast.earned_schedule.unwrap();
    assert_eq!([found.planned, found.actual, found.earned].map(rounded), [10.0, 4.0, 2.0]);
    assert_eq!(found.performance().map(rounded), Some(0.5));
}

#[test]
fn quantiles_lie_between_the_nearest_runs() {
    let plan = Plan::read(&network("2026-02-01", &[("a", &[], "1-2w")]), "2026-02-01");
    // A second run doesn't change the first one, and P50 lies in the middle of both.
    let [first, ..] = plan.forecast(1).quantiles("x/a", ForecastModel::Plan);
    let found = plan.forecast(2).quantiles("x/a", ForecastModel::Plan);
    let second = 2.0 * found[0] - first;
    let (low, high) = (first.min(second), first.max(second));
    assert!((5.0..10.0).contains(&low) && high - low > 0.1 && high < 10.0, "{first} and {second}");
    let expected = [0.5, 0.85, 0.95].map(|chance| low + chance * (high - low));
    assert_eq!(found.map(rounded), expected.map(rounded));
}
