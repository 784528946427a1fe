//! The start of a forecast: open work remains to be done after the status date and after today.

use readiness_exporter::schedule::finish::ForecastModel;
use readiness_exporter::schedule::network::Basis;

use crate::schedule::{Plan, PlanForecast};

/// Estimated, inferred and partly complete work, tasks, all kinds of dependencies, and a risk.
const PLAN: &str = "\
project: x
as_of: 2026-01-27
areas:
  x:
    workstreams:
      one: {estimate: 2-3w, points: 10, complete: 20%}
      two: {estimate: 1/2/9w, needs: [x/one]}
      three: {points: 15}
      four:
        estimate: 4w
        needs: [x/one]
        tasks: [{done: a}, {partial: b, complete: 50%, estimate: 1-2w}, {todo: c, needs: [m]}]
  y:
    workstreams:
      five: {estimate: 2d, needs: [x]}
milestones:
  m: {needs: [x/two]}
  n: {needs: [y, x/three]}
risks:
  r: {probability: 50%, delay: 1-2w, affects: [x/four]}
";

const PATHS: [&str; 7] = ["x/one", "x/two", "x/three", "x/four", "y/five", "m", "n"];

/// The days of all percentiles, by item and model.
fn percentile_days(forecast: &PlanForecast<'_>) -> Vec<jiff::civil::Date> {
    let timeline = forecast.plan.timeline();
    let percentiles = PATHS
        .iter()
        .flat_map(|path| ForecastModel::ALL.into_iter().flat_map(|model| forecast.percentiles(path, model)));
    percentiles.map(|days| timeline.day(days)).collect()
}

/// Asserts the slip of every percentile between 27 January and `then`, in working days.
#[track_caller]
fn assert_slip(text: &str, then: &str, expected: i64) {
    let (before, after) = (Plan::load(text, "2026-01-27"), Plan::load(text, then));
    let (before, after) = (before.forecast(256), after.forecast(256));
    let calendar = &before.plan.project().calendar;
    for (before, after) in percentile_days(&before).into_iter().zip(percentile_days(&after)) {
        assert_eq!(calendar.working_days(before, after), expected, "{before} and {after}");
    }
    for path in PATHS {
        // In working days from the status date nothing changes.
        assert_eq!(before.item(path).finish, after.item(path).finish, "{path}");
        assert_eq!(before.item(path).early, after.item(path).early, "{path}");
    }
}

#[test]
fn a_plan_without_updates_slips_by_a_day_per_working_day() {
    assert_slip(PLAN, "2026-01-27", 0);
    assert_slip(PLAN, "2026-01-28", 1);
    assert_slip(PLAN, "2026-02-10", 10);
    assert_slip(PLAN, "2027-01-26", 260);
    // A weekend causes no slip.
    assert_slip(PLAN, "2026-01-30", 3);
    assert_slip(PLAN, "2026-01-31", 3);
    assert_slip(PLAN, "2026-02-01", 3);
    assert_slip(PLAN, "2026-02-02", 4);
}

#[test]
fn holidays_cause_no_slip() {
    let holidays = "calendar: {holidays: [2026-02-02, 2026-02-03, 2026-02-07]}\n";
    let text = PLAN.replace("areas:\n", &format!("{holidays}areas:\n"));
    assert_slip(&text, "2026-02-10", 8);
    assert_slip(&text, "2026-02-03", 3);
}

#[test]
fn a_forecast_starts_on_a_future_status_date() {
    let (early, then) = (Plan::load(PLAN, "2026-01-13"), Plan::load(PLAN, "2026-01-27"));
    let (early, then) = (early.forecast(256), then.forecast(256));
    assert_eq!(early.result.start_day.to_string(), "2026-01-27");
    assert_eq!(percentile_days(&early), percentile_days(&then));
    assert_eq!(early.result.start, then.result.start);
}

#[test]
fn a_forecast_starts_today_by_default_in_the_time_zone_of_the_project() {
    let text = PLAN.replace("as_of: 2026-01-27\n", "");
    let today = Plan::load(&text, "2026-01-27");
    assert_eq!(percentile_days(&today.forecast(256)), percentile_days(&Plan::load(PLAN, "2026-01-27").forecast(256)));
    // At noon UTC it is the next day in Auckland.
    let far = Plan::load(&text.replace("project: x\n", "project: x\ntimezone: Pacific/Auckland\n"), "2026-01-27");
    let far = far.forecast(1).result;
    assert_eq!(
        (far.start_day.to_string(), far.start.to_string()),
        ("2026-01-28".into(), "2026-01-28T10:59:59Z".into())
    );
}

fn early_finish(rest: &str, now: &str) -> f64 {
    let text = format!("project: x\npolicy: {{estimate_error: 0%}}\n{rest}\n");
    Plan::load(&text, now).forecast(1).early_dates("x/w").1
}

#[test]
fn elapsed_time_counts_until_the_start_of_the_forecast() {
    let plan = |as_of: &str, started: &str| {
        format!("{as_of}\nareas: {{x: {{workstreams: {{w: {{estimate: 10d, started: {started}}}}}}}}}")
    };
    // Tuesday to Tuesday inclusive are six working days.
    assert_eq!(early_finish(&plan("as_of: 2026-01-27", "2026-01-20"), "2026-01-27"), 4.0);
    // A file that is not updated does not stop the clock.
    assert_eq!(early_finish(&plan("as_of: 2026-01-27", "2026-01-20"), "2026-01-29"), 2.0);
    assert_eq!(early_finish(&plan("", "2026-01-20"), "2026-01-27"), 4.0);
    assert_eq!(early_finish(&plan("", "2026-01-20"), "2026-01-29"), 2.0);
    // On the evening of the first day one day has passed.
    assert_eq!(early_finish(&plan("as_of: 2026-01-27", "2026-01-27"), "2026-01-27"), 9.0);
    // A Saturday and a Sunday have no working days.
    assert_eq!(early_finish(&plan("as_of: 2026-02-01", "2026-01-31"), "2026-02-01"), 10.0);
    assert_eq!(early_finish(&plan("as_of: 2026-02-01", "2026-01-30"), "2026-02-01"), 9.0);
}

#[test]
fn work_waits_for_a_start_that_is_ahead() {
    let plan = |started: &str| {
        format!("as_of: 2026-01-27\nareas: {{x: {{workstreams: {{w: {{estimate: 10d, started: {started}}}}}}}}}")
    };
    assert_eq!(early_finish(&plan("2026-01-28"), "2026-01-27"), 10.0);
    assert_eq!(early_finish(&plan("2026-01-29"), "2026-01-27"), 11.0);
    // Saturday, 28 February: the 23rd working day ends on Friday.
    assert_eq!(early_finish(&plan("2026-02-28"), "2026-01-27"), 33.0);
}

#[test]
fn completion_shortens_the_remaining_duration() {
    let plan =
        |rest: &str| format!("as_of: 2026-01-27\nareas: {{x: {{workstreams: {{w: {{estimate: 10d, {rest}}}}}}}}}");
    let remaining = |rest: &str| early_finish(&plan(rest), "2026-01-27");
    assert_eq!(remaining("complete: 40%"), 6.0);
    assert_eq!(remaining("tasks: [{done: a}, {todo: b}]"), 5.0);
    // The estimate covered the task that was cut.
    assert_eq!(remaining("tasks: [{done: a}, {todo: b}, {waived: c, reason: none}, {waived: d, reason: none}]"), 2.5);
    assert_eq!(
        remaining("tasks: [{done: a}, {todo: b}, {waived: c, reason: never in scope, in_estimate: false}]"),
        5.0
    );
    // Elapsed time does not shorten work with known progress.
    assert_eq!(remaining("started: 2026-01-20, complete: 10%"), 9.0);
    assert_eq!(remaining("started: 2026-01-20, complete: 70%"), 3.0);
}

#[test]
fn a_used_up_estimate_is_scaled_to_the_time_used() {
    let days = |estimate: &str, started: &str, complete: &str| {
        let streams = format!("w: {{estimate: {estimate}, started: {started}, complete: {complete}}}");
        let plan = format!("as_of: 2030-03-01\nareas: {{x: {{workstreams: {{{streams}}}}}}}");
        early_finish(&plan, "2030-03-01")
    };
    // 65 working days of an estimate of 25.
    assert_eq!(days("4-6w", "2029-12-03", "5%"), 61.75);
    // 24 working days of 38/3.
    assert_eq!(days("8/12/20d", "2030-01-29", "25%"), 18.0);
    assert_eq!(days("4-6w", "2030-01-28", "5%"), 23.75, "the 25 days are used up, and no more");
}

#[test]
fn a_used_up_estimate_keeps_its_spread() {
    for (estimate, progress) in [("1-5d", "complete: 50%"), ("5d", ""), ("1/2/6d", ""), ("5d", "tasks: [{todo: t}]")] {
        let text = format!(
            "project: x\nas_of: 2026-01-27\nareas: {{x: {{workstreams: {{w: {{estimate: {estimate}, started: 2026-01-19, {progress}}}, v: {{estimate: 2d, needs: [x/w]}}}}}}}}\n"
        );
        let plan = Plan::load(&text, "2026-01-27");
        let forecast = plan.forecast(1024);
        assert_eq!(forecast.basis("x/w"), Some(Basis::Overrun), "{estimate} {progress}");
        let [p50, p85, p95] = forecast.percentiles("x/w", ForecastModel::Plan);
        assert!(p50 > 1.0 && p85 > 1.1 * p50 && p95 > p85, "{estimate} {progress}: {p50} {p85} {p95}");
    }
}

#[test]
fn started_work_waits_for_its_predecessors() {
    let plan = Plan::load(PLAN, "2026-01-27");
    let forecast = plan.forecast(256);
    let (one, two) = (forecast.early_dates("x/one").1, forecast.early_dates("x/two"));
    assert!(one > 0.0);
    assert_eq!(two.0, one);
    assert!(two.1 > one);
    for (first, second) in forecast
        .percentiles("x/one", ForecastModel::Plan)
        .into_iter()
        .zip(forecast.percentiles("x/two", ForecastModel::Plan))
    {
        assert!(second > first, "{first} and {second}");
    }
}
