//! Every figure of a forecast, for a plan with each kind of duration, dependency and risk.

use jiff::civil::date;

use super::*;
use crate::format;
use crate::model::edit::Edit;
use crate::model::lower::lower;
use crate::model::resolve;
use crate::quantity::WorkTime;
use crate::schedule::finish::ByModel;

const PLAN: &str = "project: x
as_of: 2026-01-30
target: 2026-03-06
policy: {partial_credit: 50%}
areas:
  a:
    workstreams:
      design: {points: 20, estimate: 2/3/7d, started: 2026-01-29, complete: 10%}
      build: {points: 40, estimate: 8/10/20d, needs: [a/design], due: 2026-02-20}
      docs: {points: 10, needs: [a/design]}
      empty: {}
  b:
    workstreams:
      tests:
        needs: [a/build]
        tasks:
          - {todo: load, estimate: 1-3d}
          - {todo: smoke, estimate: 2d, needs: [b/tests/load]}
          - {partial: unit, estimate: 6/12/30d, started: 2026-01-20}
      review: {estimate: 5d, started: 2026-01-02, needs: [b/tests], tasks: [{todo: one}, {todo: two, weight: 3}, done: three]}
milestones:
  ready: {due: 2026-03-04, needs: [b]}
  written: {due: 2026-02-27, needs: [a/docs]}
  unknown: {due: 2026-02-27, needs: [a/empty]}
  fixed: {due: 2026-02-13}
risks:
  late: {probability: 40%, delay: 2/4/9d, affects: [a/build, b]}
  sick: {probability: 10%, delay: 3d, affects: [a/docs]}
  vague: {probability: 10%, affects: [a/docs]}
";

fn project(text: &str) -> Project {
    let (project, findings) = lower(format::parse(text).0.unwrap());
    assert!(findings.is_empty(), "{findings:?}");
    project
}

fn forecast(project: &Project, options: &ForecastOptions) -> Forecast {
    Forecast::of(project, &Completion::of(project), "2026-01-30T12:00:00Z".parse().unwrap(), options)
}

fn options(threads: usize) -> ForecastOptions {
    let draws = NonZero::new(200).unwrap();
    ForecastOptions { draws, threads: NonZero::new(threads), ..ForecastOptions::default() }
}

fn rounded(days: f64) -> String {
    let rounded = (days * 1e4).round() / 1e4;
    format!("{rounded}")
}

/// One line for each item: dates and floats, then percentiles, on-time probability and criticality.
fn described(project: &Project, forecast: &Forecast) -> String {
    let mut lines = Vec::new();
    let describe = |finish: FinishPercentiles| {
        let values = finish.percentiles.into_array().map(rounded).join("/");
        format!("{values} on time {}", finish.on_time.map_or("-".to_owned(), rounded))
    };
    for (item, of) in &forecast.items {
        let floats = [of.early.0, of.early.1, of.late.0, of.late.1, of.total_float, of.free_float].map(rounded);
        let mut parts = vec![format!("{}: {}", project.path(*item), floats.join(" "))];
        if let Some(ByModel { plan, risk }) = of.finish.and_then(FinishForecast::simulated) {
            parts.push(format!("plan {}; risk {}", describe(plan), describe(risk)));
        }
        parts.push(format!("criticality {}", rounded(of.criticality)));
        parts.extend(of.driving_root.map(|root| format!("root {}", project.path(root))));
        lines.push(parts.join("; "));
    }
    let bases = forecast.bases.iter().map(|(item, basis)| format!("{} {}", project.path(*item), basis.name()));
    lines.push(bases.collect::<Vec<_>>().join(", "));
    if let Some(end) = &forecast.end {
        let path: Vec<String> = end.critical_path.iter().map(|item| project.path(*item)).collect();
        lines.push(format!("end {}: {}", rounded(end.early_finish), path.join(" → ")));
        let finish = end.finish.simulated().unwrap();
        lines.push(format!("plan {}; risk {}", describe(finish.plan), describe(finish.risk)));
    }
    lines.join("\n")
}

#[test]
fn a_forecast_has_known_figures() {
    let project = project(PLAN);
    let forecast = forecast(&project, &options(1));
    insta::assert_snapshot!(described(&project, &forecast));
    assert_eq!(forecast.counts().map(|(_, number)| number), [5, 1, 1, 1, 0, 1]);
    assert!(forecast.has_risks && forecast.earned_schedule.is_none());
    assert_eq!((forecast.start_day, forecast.start.to_string()), (date(2026, 1, 30), "2026-01-30T23:59:59Z".into()));
    let path = forecast.driving_path(Item::Milestone(1));
    assert_eq!(path.iter().map(|item| project.path(*item)).collect::<Vec<_>>(), ["a/design", "a/docs", "written"]);
    let unknown = forecast.milestone(2).unwrap();
    assert_eq!(unknown.without_estimate, [Item::Workstream(0, 3)]);
}

#[test]
fn the_number_of_threads_does_not_change_a_forecast() {
    let project = project(PLAN);
    let one = described(&project, &forecast(&project, &options(1)));
    for threads in [2, 3, 4, 9] {
        assert_eq!(described(&project, &forecast(&project, &options(threads))), one, "{threads}");
    }
}

#[test]
fn edits_change_a_forecast() {
    let plan = project(PLAN);
    let items = resolve::items(&plan);
    let end = |path: &str, edit: Edit| {
        let mut edited = plan.clone();
        edit.apply(&mut edited, items[path], date(2026, 1, 30));
        forecast(&edited, &options(1)).end.unwrap().early_finish
    };
    let days = WorkTime::from_days;
    let before = forecast(&plan, &options(1)).end.unwrap().early_finish;
    let changes = [
        end("a/build", Edit::Add(days(2.0))) - before,
        end("a/build", Edit::Subtract(days(2.0))) - before,
        end("b/tests", Edit::Subtract(days(1.0))) - before,
        end("b/tests/smoke", Edit::Subtract(days(0.5))) - before,
        end("b/review", Edit::Subtract(days(0.25))) - before,
        end("b", Edit::Add(days(1.0))) - before,
    ];
    assert_eq!(changes.map(rounded).join(" "), "2 -2 -1 0 -0.25 0");
    assert_eq!([end("a/build", Edit::Done), end("b", Edit::Done)].map(rounded).join(" "), "23.9414 14.7759");
}

#[test]
fn criticality_refers_to_the_chosen_milestone() {
    let project = project(PLAN);
    let of = |milestone| {
        let forecast = forecast(&project, &ForecastOptions { critical_to: Some(milestone), ..options(1) });
        [Item::Workstream(0, 1), Item::Workstream(0, 2)].map(|item| rounded(forecast.items[&item].criticality))
    };
    assert_eq!([of(0), of(1)], [["1", "0"], ["0", "1"]].map(|it| it.map(str::to_owned)));
}

#[test]
fn late_means_that_the_p85_with_risks_is_after_the_due_date() {
    let item = |p85: f64, due: Option<f64>| {
        let finish = |p85| FinishPercentiles { percentiles: Percentiles { p50: 0.0, p85, p95: 99.0 }, on_time: None };
        ItemForecast {
            early: (0.0, 0.0),
            late: (0.0, 0.0),
            total_float: 0.0,
            free_float: 0.0,
            due,
            is_overdue: false,
            fixed_date: None,
            remaining: None,
            finish: Some(FinishForecast::Simulated(ByModel { plan: finish(0.0), risk: finish(p85) })),
            criticality: 0.0,
            driving_root: Some(Item::Area(0)),
            without_estimate: Vec::new(),
            is_unmarked: false,
        }
    };
    for (p85, due, is_late) in [
        (5.1, Some(5.0), true),
        (5.0, Some(5.0), false),
        (5.000_000_5, Some(5.0), false),
        (4.0, Some(5.0), false),
        (9.0, None, false),
    ] {
        let item = item(p85, due);
        assert_eq!(item.is_late(), is_late, "{p85} {due:?}");
        assert_eq!(item.slip_root(), is_late.then_some(Item::Area(0)), "{p85} {due:?}");
        assert_eq!(item.slip(ForecastModel::Risk).map(|slip| slip.p85 > 1e-6), due.map(|_| is_late));
        let end = EndForecast {
            early_finish: 0.0,
            due,
            is_overdue: false,
            finish: item.finish.unwrap(),
            critical_path: Vec::new(),
            without_estimate: Vec::new(),
        };
        assert_eq!(end.is_late(), is_late, "{p85} {due:?}");
        assert!(ItemForecast { is_overdue: true, ..item }.is_late());
    }
}

#[test]
fn total_float_and_free_float_differ() {
    let project = project(
        "project: x
as_of: 2026-01-30
policy: {estimate_error: 0%}
areas:
  a:
    workstreams:
      first: {estimate: 1d}
      second: {estimate: 2d, needs: [a/first]}
      long: {estimate: 10d}
milestones: {m: {needs: [a/second, a/long]}}
",
    );
    let forecast = forecast(&project, &options(1));
    let floats = |index| {
        let item = &forecast.items[&Item::Workstream(0, index)];
        [item.total_float, item.free_float].map(rounded)
    };
    assert_eq!([floats(0), floats(1), floats(2)], [["7", "0"], ["7", "7"], ["0", "0"]].map(|it| it.map(str::to_owned)));
}

#[test]
fn nothing_is_forecast_of_a_finished_project() {
    let project = project("project: x\nareas: {a: {workstreams: {w: {complete: 100%, estimate: 1w}}}}\n");
    let forecast = forecast(&project, &options(1));
    assert!(forecast.items.is_empty() && forecast.end.is_none() && !forecast.has_risks);
    assert_eq!(forecast.driving_path(Item::Workstream(0, 0)), []);
}
