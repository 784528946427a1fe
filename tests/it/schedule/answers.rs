//! Known results: textbook networks and closed forms.

use std::fmt::Write;

use readiness_exporter::schedule::finish::ForecastModel;

use crate::schedule::{Plan, PlanForecast, round};

/// General Foundry (Render, Stair, Hanna): id, predecessors, duration, three-point estimate.
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

fn network(as_of: &str, activities: &[(&str, &[&str], &str)]) -> String {
    let mut text =
        format!("project: x\npolicy: {{estimate_error: 0%}}\nas_of: {as_of}\nareas:\n  x:\n    workstreams:\n");
    for (id, needs, estimate) in activities {
        let needs: Vec<String> = needs.iter().map(|id| format!("x/{id}")).collect();
        writeln!(text, "      {id}: {{estimate: {estimate}, needs: [{}]}}", needs.join(", ")).unwrap();
    }
    text
}

#[test]
fn critical_path_method_of_general_foundry() {
    let activities = FOUNDRY.map(|(id, needs, weeks, _)| (id, needs, weeks));
    let plan = Plan::load(&network("2026-02-01", &activities), "2026-02-01");
    let forecast = plan.forecast(256);
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
        let item = forecast.item(&format!("x/{id}"));
        let found = [item.early.0, item.early.1, item.late.0, item.late.1, item.total_float, item.free_float];
        assert_eq!(found.map(round), expected.map(|weeks| 5.0 * f64::from(weeks)), "{id}");
        assert_eq!(forecast.percentiles(&format!("x/{id}"), ForecastModel::Plan), [round(found[1]); 3], "{id}");
    }
    let end = forecast.result.end.as_ref().unwrap();
    assert_eq!(round(end.early_finish), 75.0);
    assert_eq!(forecast.paths(&end.critical_path), ["x/a", "x/c", "x/e", "x/g", "x/h"]);
    let days = ["d", "g", "h"].map(|id| forecast.finish_day(&format!("x/{id}")));
    assert_eq!(days, ["2026-03-20", "2026-05-01", "2026-05-15"]);
}

/// The simulation runs that the tolerances below assume.
const DRAWS: u32 = 100_000;

/// Four standard errors of a probability that is estimated from [`DRAWS`] runs: 4·√(p(1 − p)/n).
fn four_standard_errors(probability: f64) -> f64 {
    4.0 * (probability * (1.0 - probability) / f64::from(DRAWS)).sqrt()
}

/// The known results are rounded to three decimal places.
const ROUNDING: f64 = 0.5e-3 + 1e-9;

/// General Foundry with three-point estimates. Each milestone at its end has a due date, given in
/// working days from the start and as a day.
fn simulated_foundry(due: &[(u32, &str)]) -> Plan {
    let activities = FOUNDRY.map(|(id, needs, _, weeks)| (id, needs, weeks));
    let mut text = network("2026-02-01", &activities);
    text.push_str("milestones:\n");
    for (days, day) in due {
        writeln!(text, "  after-{days}: {{due: {day}, needs: [x/h]}}").unwrap();
    }
    Plan::load(&text, "2026-02-01")
}

#[test]
fn simulation_of_general_foundry() {
    // The standard error of a percentile is √(p(1 − p)/n) divided by the density. The density is
    // the share of runs that finish on the day of the percentile, between two adjacent due dates,
    // less a tenth because the density can vary within the day.
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
    let forecast = plan.forecast(DRAWS);
    let on_time = |days: u32| forecast.on_time(&format!("after-{days}"), ForecastModel::Plan);
    // 16 weeks are 80 working days and end on a Friday.
    let expected = 0.690;
    assert!((on_time(80) - expected).abs() <= four_standard_errors(expected) + ROUNDING, "{}", on_time(80));

    let percentiles = forecast.percentiles("x/h", ForecastModel::Plan);
    let known = [(0.5, 15.10, 75), (0.85, 17.05, 85), (0.95, 18.27, 91)];
    for ((probability, weeks, day), found) in known.into_iter().zip(percentiles) {
        let density = 0.9 * (on_time(day + 1) - on_time(day));
        let tolerance = four_standard_errors(probability) / density + 5.0 * 10.0 * ROUNDING;
        assert!(tolerance < 0.5, "the tolerance must be less than half a day: {tolerance}");
        assert!((found - 5.0 * weeks).abs() <= tolerance, "P{probability}: {found}, not {} ± {tolerance}", 5.0 * weeks);
    }
}

#[test]
fn criticality_of_general_foundry() {
    let plan = simulated_foundry(&[]);
    let forecast = plan.forecast(DRAWS);
    let known = [("a", 0.739), ("b", 0.261), ("c", 0.739), ("d", 0.261), ("e", 0.738), ("f", 0.001), ("g", 0.999)];
    for (id, expected) in known {
        let found = forecast.item(&format!("x/{id}")).criticality;
        assert!((found - expected).abs() <= four_standard_errors(expected) + ROUNDING, "{id}: {found}, not {expected}");
    }
    assert_eq!(forecast.item("x/h").criticality, 1.0);
}

#[test]
fn critical_path_method_of_the_wikipedia_example() {
    let activities: [(&str, &[&str], &str); 7] = [
        ("a", &[], "2/4/6d"),
        ("b", &[], "3/5/9d"),
        ("c", &["a"], "4/5/7d"),
        ("d", &["a"], "4/6/10d"),
        ("e", &["b", "c"], "4/5/7d"),
        ("f", &["d"], "3/4/8d"),
        ("g", &["e"], "3/5/8d"),
    ];
    let plan = Plan::load(&network("2026-02-01", &activities), "2026-02-01");
    let forecast = plan.forecast(256);
    let end = forecast.result.end.as_ref().unwrap();
    assert_eq!(round(end.early_finish), 19.5);
    assert_eq!(forecast.paths(&end.critical_path), ["x/a", "x/c", "x/e", "x/g"]);
    let floats = ["a", "b", "c", "d", "e", "f", "g"].map(|id| round(forecast.item(&format!("x/{id}")).total_float));
    assert_eq!(floats, [0.0, round(23.0 / 6.0), 0.0, round(14.0 / 3.0), 0.0, round(14.0 / 3.0), 0.0]);
}

/// Asserts that `found` is the percentile `expected` within four standard errors. The density
/// decreases after its mode, so at a quantile q it is at least (1 − p)/(b − q), with maximum b.
#[track_caller]
fn assert_percentile(found: f64, probability: f64, expected: f64, maximum: f64) {
    let density = (1.0 - probability) / (maximum - expected);
    let tolerance = four_standard_errors(probability) / density + 0.5e-4;
    assert!((found - expected).abs() <= tolerance, "P{probability}: {found}, not {expected} ± {tolerance}");
}

#[test]
fn percentiles_of_single_estimates() {
    let activities: [(&str, &[&str], &str); 3] = [("a", &[], "2-3d"), ("b", &[], "4-6d"), ("c", &[], "1/2/9d")];
    let plan = Plan::load(&network("2026-02-01", &activities), "2026-02-01");
    let forecast = plan.forecast(DRAWS);
    let known = [
        ("x/a", [2.5, 2.7101, 2.8107], 3.0),
        ("x/b", [5.0, 5.4202, 5.6215], 6.0),
        ("x/c", [2.7690, 4.4411, 5.5028], 9.0),
    ];
    for (path, expected, maximum) in known {
        for (index, probability) in [0.5, 0.85, 0.95].into_iter().enumerate() {
            assert_percentile(
                forecast.percentiles(path, ForecastModel::Plan)[index],
                probability,
                expected[index],
                maximum,
            );
        }
    }
}

#[test]
fn remaining_duration_of_started_work() {
    // The known results are for a start on a Monday morning. The last estimate is twice that of its
    // known result.
    let text = "\
project: x
policy: {estimate_error: 0%}
as_of: 2026-01-23
areas:
  x:
    workstreams:
      five: {estimate: 4-6d, started: 2026-01-19}
      three: {estimate: 2/3/8d, started: 2026-01-21}
      long: {estimate: 20-30d, started: 2025-12-22}
";
    let plan = Plan::load(text, "2026-01-23");
    let forecast = plan.forecast(DRAWS);
    for (path, mean, tolerance) in [("x/five", 0.3125, 1e-4), ("x/three", 1.1390, 1e-4), ("x/long", 1.5624, 2e-4)] {
        let found = forecast.early_dates(path).1;
        assert!((found - mean).abs() <= tolerance, "{path}: {found}, not {mean}");
    }
    assert_percentile(forecast.percentiles("x/five", ForecastModel::Plan)[1], 0.85, 0.5587, 1.0);
    assert_percentile(forecast.percentiles("x/three", ForecastModel::Plan)[1], 0.85, 2.0794, 5.0);
}

/// Ten parallel workstreams, and milestones that need the first 1, 2, 3, 4 and 10 of them.
fn parallel_plan(estimate: &str, due: &str, rest: &str) -> Plan {
    let mut text =
        String::from("project: x\npolicy: {estimate_error: 0%}\nas_of: 2026-02-01\nareas:\n  x:\n    workstreams:\n");
    for index in 0..10 {
        writeln!(text, "      gate-{index}: {{estimate: {estimate}}}").unwrap();
    }
    text.push_str("milestones:\n");
    for count in [1, 2, 3, 4, 10] {
        let needs: Vec<String> = (0..count).map(|index| format!("x/gate-{index}")).collect();
        writeln!(text, "  all-{count}: {{due: {due}, needs: [{}]}}", needs.join(", ")).unwrap();
    }
    Plan::load(&(text + rest), "2026-02-01")
}

#[track_caller]
fn assert_on_time_product(forecast: &PlanForecast<'_>, model: ForecastModel, single: f64) {
    for count in [1, 2, 3, 4, 10] {
        let (found, expected) = (forecast.on_time(&format!("all-{count}"), model), single.powi(count));
        assert!((found - expected).abs() <= four_standard_errors(expected), "{count}: {found}, not {expected}");
    }
}

#[test]
fn on_time_probability_of_parallel_risks_is_their_product() {
    let mut risks = String::from("risks:\n");
    for index in 0..10 {
        writeln!(risks, "  risk-{index}: {{probability: 15%, delay: 1-3d, affects: [x/gate-{index}]}}").unwrap();
    }
    let plan = parallel_plan("5d", "2026-02-06", &risks);
    let forecast = plan.forecast(DRAWS);
    assert_on_time_product(&forecast, ForecastModel::Risk, 0.85);
    for count in [1, 2, 3, 4, 10] {
        assert_eq!(forecast.on_time(&format!("all-{count}"), ForecastModel::Plan), 1.0);
    }
}

#[test]
fn on_time_probability_of_parallel_estimates_is_their_product() {
    // The estimate 0/5/10d is a beta distribution with α = β = 3. With x in units of ten days,
    // P(X ≤ x) = 10x³(1 − x)² + 5x⁴(1 − x) + x⁵.
    for (days, due) in [(6, "2026-02-09"), (7, "2026-02-10")] {
        let part = f64::from(days) / 10.0;
        let rest = 1.0 - part;
        let single = 10.0 * part.powi(3) * rest * rest + 5.0 * part.powi(4) * rest + part.powi(5);
        let plan = parallel_plan("0-10d", due, "");
        assert_on_time_product(&plan.forecast(DRAWS), ForecastModel::Plan, single);
    }
}

#[test]
fn finish_days_follow_the_calendar() {
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
        let plan = Plan::load(&text, "2026-01-27");
        assert_eq!(plan.forecast(1).finish_day("x/a"), day, "{estimate}");
        // Due on that day it is on time, due on the day before it is late.
        for (due, expected) in
            [(day.parse().unwrap(), 1.0), (day.parse::<jiff::civil::Date>().unwrap().yesterday().unwrap(), 0.0)]
        {
            let text = format!("{text}milestones: {{m: {{due: {due}, needs: [x/a]}}}}\n");
            assert_eq!(
                Plan::load(&text, "2026-01-27").forecast(1).on_time("m", ForecastModel::Plan),
                expected,
                "{estimate} by {due}"
            );
        }
    }
    let plan = Plan::load(&network("2026-01-04", &[("a", &[], "15d")]), "2026-01-04");
    assert_eq!(plan.forecast(1).finish_day("x/a"), "2026-01-23");
    let plan = Plan::load("project: x\nas_of: 2026-01-27\nmilestones: {m: {due: 2026-04-30}}\n", "2026-01-27");
    assert_eq!(plan.forecast(1).item("m").due, Some(67.0));
}

fn earned(baseline: &str, as_of: &str, complete: &str) -> Plan {
    let text = format!(
        "project: x\nas_of: {as_of}\nbaseline: [{baseline}]\nareas: {{x: {{workstreams: {{a: {{complete: {complete}}}}}}}}}\n"
    );
    Plan::load(&text, as_of)
}

#[test]
fn earned_schedule_of_a_linear_plan() {
    // Ten working days from a Friday evening; four have passed.
    let plan = earned("{when: 2026-01-02, complete: 0%}, {when: 2026-01-16, complete: 100%}", "2026-01-08", "30%");
    let found = plan.forecast(1).result.earned_schedule.unwrap();
    assert_eq!([found.planned, found.actual, found.earned].map(round), [10.0, 4.0, 3.0]);
    assert_eq!(found.performance().map(round), Some(0.75));
    assert_eq!(found.forecast().map(round), Some(13.333_333));
    assert_eq!(found.to_complete().map(round), Some(round(7.0 / 6.0)));
    assert_eq!(found.observed_pace.map(round), Some(0.075));
    assert_eq!(found.required_pace.map(round), Some(round(0.7 / 6.0)));
}

#[test]
fn earned_schedule_of_an_accelerating_plan() {
    // Planned points at the end of each day: 0, 20, 50, 90, 140 and 200 (of 200). Earned points: 70.
    let days = ["2026-01-05", "2026-01-06", "2026-01-07", "2026-01-08", "2026-01-09", "2026-01-12"];
    let shares = ["0%", "10%", "25%", "45%", "70%", "100%"];
    let points = days.iter().zip(shares).map(|(day, share)| format!("{{when: {day}, complete: {share}}}"));
    let plan = earned(&points.collect::<Vec<_>>().join(", "), "2026-01-09", "35%");
    let found = plan.forecast(1).result.earned_schedule.unwrap();
    assert_eq!([found.planned, found.actual, found.earned].map(round), [5.0, 4.0, 2.5]);
}

#[test]
fn completion_at_the_baseline_start_is_not_earned() {
    let plan = earned("{when: 2026-01-02, complete: 50%}, {when: 2026-01-16, complete: 100%}", "2026-01-08", "60%");
    let found = plan.forecast(1).result.earned_schedule.unwrap();
    assert_eq!([found.planned, found.actual, found.earned].map(round), [10.0, 4.0, 2.0]);
    assert_eq!(found.performance().map(round), Some(0.5));
}

#[test]
fn percentiles_are_interpolated_between_runs() {
    let plan = Plan::load(&network("2026-02-01", &[("a", &[], "1-2w")]), "2026-02-01");
    // A second run doesn't change the first one. P50 is the midpoint of both.
    let [first, ..] = plan.forecast(1).percentiles("x/a", ForecastModel::Plan);
    let found = plan.forecast(2).percentiles("x/a", ForecastModel::Plan);
    let second = 2.0 * found[0] - first;
    let (low, high) = (first.min(second), first.max(second));
    assert!((5.0..10.0).contains(&low) && high - low > 0.1 && high < 10.0, "{first} and {second}");
    let expected = [0.5, 0.85, 0.95].map(|probability| low + probability * (high - low));
    assert_eq!(found.map(round), expected.map(round));
}
