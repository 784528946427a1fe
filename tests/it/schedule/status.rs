//! The status date: open work is done after it, so that a plan that nobody touches slips.

use readiness_exporter::schedule::finish::ForecastModel;

use crate::schedule::{Plan, Seen};

/// Estimated, inferred, started and half complete work, tasks, needs of all kinds, and a risk.
const PLAN: &str = "\
project: x
as_of: 2026-01-27
areas:
  x:
    workstreams:
      one: {estimate: 2-3w, points: 10, started: 2026-01-12, complete: 20%}
      two: {estimate: 1/2/9w, started: 2026-01-26, needs: [x/one]}
      three: {points: 15}
      four:
        estimate: 4w
        needs: [x/one]
        tasks: [{done: a}, {partial: b, complete: 50%, estimate: 1-2w, started: 2026-01-26}, {todo: c, needs: [m]}]
  y:
    workstreams:
      five: {estimate: 2d, started: 2026-01-05, needs: [x]}
milestones:
  m: {needs: [x/two]}
  n: {needs: [y, x/three]}
risks:
  r: {probability: 50%, delay: 1-2w, affects: [x/four]}
";

const PATHS: [&str; 7] = ["x/one", "x/two", "x/three", "x/four", "y/five", "m", "n"];

/// The days that everything is finished on with each certainty, in each model.
fn days(seen: &Seen<'_>) -> Vec<jiff::civil::Date> {
    let timeline = seen.plan.timeline();
    let quantiles =
        PATHS.iter().flat_map(|path| ForecastModel::ALL.into_iter().flat_map(|model| seen.quantiles(path, model)));
    quantiles.map(|days| timeline.day(days)).collect()
}

/// By how many working days everything is later on `then` than on 27 January.
#[track_caller]
fn assert_slip(text: &str, then: &str, expected: i64) {
    let (before, after) = (Plan::read(text, "2026-01-27"), Plan::read(text, then));
    let (before, after) = (before.forecast(256), after.forecast(256));
    let calendar = &before.plan.project().calendar;
    for (before, after) in days(&before).into_iter().zip(days(&after)) {
        assert_eq!(calendar.working_days(before, after), expected, "{before} and {after}");
    }
    for path in PATHS {
        // What is still to be done is the same; only its beginning has moved.
        assert_eq!(before.item(path).finish, after.item(path).finish, "{path}");
        assert_eq!(before.item(path).early, after.item(path).early, "{path}");
    }
}

#[test]
fn a_plan_that_nobody_touches_slips_a_day_a_day() {
    assert_slip(PLAN, "2026-01-27", 0);
    assert_slip(PLAN, "2026-01-28", 1);
    assert_slip(PLAN, "2026-02-10", 10);
    assert_slip(PLAN, "2027-01-26", 260);
    // Nobody works at the weekend, so nothing is lost on it.
    assert_slip(PLAN, "2026-01-30", 3);
    assert_slip(PLAN, "2026-01-31", 3);
    assert_slip(PLAN, "2026-02-01", 3);
    assert_slip(PLAN, "2026-02-02", 4);
}

#[test]
fn holidays_are_no_slip() {
    let holidays = "calendar: {holidays: [2026-02-02, 2026-02-03, 2026-02-07]}\n";
    let text = PLAN.replace("areas:\n", &format!("{holidays}areas:\n"));
    assert_slip(&text, "2026-02-10", 8);
    assert_slip(&text, "2026-02-03", 3);
}

#[test]
fn a_status_date_to_come_is_kept() {
    let (early, then) = (Plan::read(PLAN, "2026-01-13"), Plan::read(PLAN, "2026-01-27"));
    let (early, then) = (early.forecast(256), then.forecast(256));
    assert_eq!(early.forecast.status_date.to_string(), "2026-01-27");
    assert_eq!(days(&early), days(&then));
    assert_eq!(early.forecast.start, then.forecast.start);
}

#[test]
fn without_a_status_date_it_is_today_where_the_project_is() {
    let text = PLAN.replace("as_of: 2026-01-27\n", "");
    let today = Plan::read(&text, "2026-01-27");
    assert_eq!(days(&today.forecast(256)), days(&Plan::read(PLAN, "2026-01-27").forecast(256)));
    // At noon in UTC the next day has begun in Auckland.
    let far = Plan::read(&text.replace("project: x\n", "project: x\ntimezone: Pacific/Auckland\n"), "2026-01-27");
    let far = far.forecast(1).forecast;
    assert_eq!(
        (far.status_date.to_string(), far.start.to_string()),
        ("2026-01-28".into(), "2026-01-28T10:59:59Z".into())
    );
}

fn one(rest: &str, now: &str) -> f64 {
    let text = format!("project: x\n{rest}\n");
    Plan::read(&text, now).forecast(1).early("x/w").1
}

#[test]
fn work_under_way_has_taken_the_time_since_it_began() {
    let plan = |as_of: &str, started: &str| {
        format!("{as_of}\nareas: {{x: {{workstreams: {{w: {{estimate: 10d, started: {started}}}}}}}}}")
    };
    // Tuesday to Tuesday, both included, are six working days.
    assert_eq!(one(&plan("as_of: 2026-01-27", "2026-01-20"), "2026-01-27"), 4.0);
    // What the file says holds as of its date: nothing is known to have been done since.
    assert_eq!(one(&plan("as_of: 2026-01-27", "2026-01-20"), "2026-01-29"), 4.0);
    // Without one, it holds now.
    assert_eq!(one(&plan("", "2026-01-20"), "2026-01-27"), 4.0);
    assert_eq!(one(&plan("", "2026-01-20"), "2026-01-29"), 2.0);
    // On its first day, one day has passed in the evening; what is to begin has taken no time.
    assert_eq!(one(&plan("as_of: 2026-01-27", "2026-01-27"), "2026-01-27"), 9.0);
    assert_eq!(one(&plan("as_of: 2026-01-27", "2026-01-28"), "2026-01-27"), 10.0);
    assert_eq!(one(&plan("as_of: 2026-01-27", "2026-02-28"), "2026-01-27"), 10.0);
    // From a Saturday to a Sunday nobody worked.
    assert_eq!(one(&plan("as_of: 2026-02-01", "2026-01-31"), "2026-02-01"), 10.0);
    assert_eq!(one(&plan("as_of: 2026-02-01", "2026-01-30"), "2026-02-01"), 9.0);
}

#[test]
fn what_is_earned_need_not_be_done_again() {
    let plan =
        |rest: &str| format!("as_of: 2026-01-27\nareas: {{x: {{workstreams: {{w: {{estimate: 10d, {rest}}}}}}}}}");
    let left = |rest: &str| one(&plan(rest), "2026-01-27");
    assert_eq!(left("complete: 40%"), 6.0);
    assert_eq!(left("tasks: [{done: a}, {todo: b}, {waived: c, reason: none}]"), 5.0);
    // Six days have passed, so that four are left, or three of ten are: the less of the two.
    assert_eq!(left("started: 2026-01-20, complete: 10%"), 4.0);
    assert_eq!(left("started: 2026-01-20, complete: 70%"), 3.0);
}

#[test]
fn work_that_has_used_up_its_estimate_takes_another_day() {
    for estimate in ["5d", "1-5d", "1/2/6d"] {
        let text = format!(
            "project: x\nas_of: 2026-01-27\nareas: {{x: {{workstreams: {{w: {{estimate: {estimate}, started: 2026-01-20}}, v: {{estimate: 2d, needs: [x/w]}}}}}}}}\n"
        );
        let plan = Plan::read(&text, "2026-01-27");
        let seen = plan.forecast(256);
        assert!(
            matches!(seen.basis("x/w"), Some(readiness_exporter::schedule::network::Basis::Overrun(_))),
            "{estimate}"
        );
        assert_eq!(seen.quantiles("x/w", ForecastModel::Plan), [1.0; 3], "{estimate}");
        assert_eq!(seen.early("x/v"), (1.0, 3.0), "{estimate}");
    }
}

#[test]
fn what_was_begun_too_early_waits_for_what_it_needs() {
    let plan = Plan::read(PLAN, "2026-01-27");
    let seen = plan.forecast(256);
    let (one, two) = (seen.early("x/one").1, seen.early("x/two"));
    assert!(one > 0.0);
    assert_eq!(two.0, one);
    assert!(two.1 > one);
    for (first, second) in
        seen.quantiles("x/one", ForecastModel::Plan).into_iter().zip(seen.quantiles("x/two", ForecastModel::Plan))
    {
        assert!(second > first, "{first} and {second}");
    }
}
