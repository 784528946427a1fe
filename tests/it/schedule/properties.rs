//! Invariants of the forecast of every plan.

use std::fmt::Write;

use proptest::prelude::*;
use proptest::sample::Index;
use readiness_exporter::model::edit::Edit;
use readiness_exporter::quantity::WorkTime;
use readiness_exporter::schedule::finish::{ByModel, FinishForecast, ForecastModel};
use readiness_exporter::schedule::forecast::ItemForecast;

use crate::schedule::random_plans::{Order, RandomPlan, random_plan};
use crate::schedule::{Plan, PlanForecast};

const DRAWS: u32 = 300;

/// Shares of one duration add up to it only but for their last bits.
const ROUNDING: f64 = 1e-9;

fn load(random: &RandomPlan, order: Order) -> Plan {
    Plan::load(&random.to_yaml(order), "2026-01-28")
}

/// The early dates of an item with mean durations, and its percentiles.
fn times(item: &ItemForecast) -> Vec<f64> {
    let percentiles = finish_times(item.finish);
    [item.early.0, item.early.1].into_iter().chain(percentiles).collect()
}

fn end_times(forecast: &PlanForecast<'_>) -> Vec<f64> {
    let end = forecast.result.end.iter();
    end.flat_map(|end| [end.early_finish].into_iter().chain(finish_times(Some(end.finish)))).collect()
}

/// P50 without and with risks, then all percentiles if there are any.
pub(crate) fn finish_times(finish: Option<FinishForecast>) -> Vec<f64> {
    let dates = finish.iter().flat_map(|finish| [finish.p50().plan, finish.p50().risk]);
    let simulated = finish.and_then(FinishForecast::simulated).into_iter().flat_map(|it| [it.plan, it.risk]);
    dates.chain(simulated.flat_map(|finish| finish.percentiles.into_array())).collect()
}

/// Asserts that no time in `one` is later than in `other`, but for rounding errors of sums.
pub(crate) fn assert_not_later(one: &PlanForecast<'_>, other: &PlanForecast<'_>) {
    let later = other.by_path();
    for (path, item) in one.by_path() {
        // Tasks and areas have a forecast only if a reference or a scenario names them.
        let Some(other) = later.get(&path) else { continue };
        for (time, other) in times(item).into_iter().zip(times(other)) {
            assert!(time <= other + ROUNDING, "{path}: {time} > {other}");
        }
        for model in ForecastModel::ALL {
            let on_time = |item: &ItemForecast| item.finish(model).and_then(|finish| finish.on_time);
            // `None` if the item has no due date or no percentiles.
            if let (Some(one), Some(other)) = (on_time(item), on_time(other)) {
                assert!(one >= other, "{path}");
            }
        }
    }
    assert!(end_times(one).iter().zip(end_times(other)).all(|(one, other)| *one <= other + ROUNDING));
}

/// The plan without one of its dependencies, `None` if it has none. A milestone keeps its last one,
/// because a milestone that needs nothing is assumed to be reached on its due date.
fn without_dependency(random: &RandomPlan, pick: Index) -> Option<RandomPlan> {
    let mut candidates: Vec<RandomPlan> = Vec::new();
    for stream in 0..random.streams.len() {
        for need in &random.streams[stream].needs {
            let mut reduced = random.clone();
            reduced.streams[stream].needs.remove(need);
            candidates.push(reduced);
        }
        for task in 0..random.streams[stream].tasks.len() {
            for need in &random.streams[stream].tasks[task].needs {
                let mut reduced = random.clone();
                reduced.streams[stream].tasks[task].needs.remove(need);
                candidates.push(reduced);
            }
        }
    }
    for milestone in 0..random.milestones.len() {
        for need in random.milestones[milestone].needs.iter().skip(1) {
            let mut reduced = random.clone();
            reduced.milestones[milestone].needs.remove(need);
            candidates.push(reduced);
        }
    }
    (!candidates.is_empty()).then(|| candidates.swap_remove(pick.index(candidates.len())))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_delay_makes_no_item_earlier(random in random_plan(), pick in any::<Index>(), days in 0.0..20.0) {
        let plan = load(&random, Order::Forward);
        let item = pick.get(&random.paths()).clone();
        let later = plan.forecast_edited(DRAWS, &[(&item, Edit::Add(WorkTime::from_days(days)))]);
        assert_not_later(&plan.forecast(DRAWS), &later);
    }

    #[test]
    fn an_earlier_finish_makes_no_item_later(random in random_plan(), pick in any::<Index>(), days in 0.0..20.0) {
        let plan = load(&random, Order::Forward);
        let item = pick.get(&random.paths()).clone();
        let sooner = plan.forecast_edited(DRAWS, &[(&item, Edit::Subtract(WorkTime::from_days(days)))]);
        assert_not_later(&sooner, &plan.forecast(DRAWS));
    }

    #[test]
    fn a_finished_item_makes_no_item_later(random in random_plan(), pick in any::<Index>()) {
        let plan = load(&random, Order::Forward);
        let item = pick.get(&random.paths()).clone();
        assert_not_later(&plan.forecast_edited(DRAWS, &[(&item, Edit::Done)]), &plan.forecast(DRAWS));
    }

    #[test]
    fn fewer_dependencies_make_no_item_later(random in random_plan(), pick in any::<Index>()) {
        // The order of tasks without estimate is only known from dependencies.
        let mut random = random;
        let tasks = random.streams.iter_mut().flat_map(|stream| &mut stream.tasks);
        tasks.for_each(|task| { task.estimate.get_or_insert_with(|| "1-3d".into()); });
        let Some(fewer) = without_dependency(&random, pick) else { return Ok(()) };
        let (all, fewer) = (load(&random, Order::Forward), load(&fewer, Order::Forward));
        assert_not_later(&fewer.forecast(DRAWS), &all.forecast(DRAWS));
    }

    #[test]
    fn percentiles_increase_and_risks_delay(random in random_plan()) {
        let plan = load(&random, Order::Forward);
        let forecast = plan.forecast(DRAWS);
        let items = forecast.by_path().into_values().filter_map(|item| item.finish);
        let all = items.chain(forecast.result.end.iter().map(|end| end.finish));
        for ByModel { plan, risk } in all.filter_map(FinishForecast::simulated) {
            for finish in [plan, risk] {
                prop_assert!(finish.percentiles.into_array().is_sorted(), "{:?}", finish.percentiles);
                prop_assert!(finish.percentiles.p50 >= 0.0);
            }
            let pairs = plan.percentiles.into_array().into_iter().zip(risk.percentiles.into_array());
            prop_assert!(pairs.into_iter().all(|(plan, risk)| plan <= risk));
            prop_assert!(plan.on_time >= risk.on_time);
        }
    }

    #[test]
    fn dates_and_floats_are_consistent(random in random_plan()) {
        let plan = load(&random, Order::Forward);
        let forecast = plan.forecast(1);
        for (path, item) in forecast.by_path() {
            prop_assert!(item.early.0 <= item.early.1 && item.early.0 >= 0.0, "{}: {:?}", path, item.early);
            prop_assert!(item.late.0 <= item.late.1 + 1e-9, "{}: {:?}", path, item.late);
            prop_assert!((0.0..=1.0).contains(&item.criticality), "{}", path);
            prop_assert!(item.free_float >= -1e-9, "{}: {}", path, item.free_float);
            if let Some(due) = item.due {
                prop_assert!(item.late.1 <= due, "{}", path);
            }
        }
        for path in forecast.paths(&forecast.result.end.as_ref().map_or(Vec::new(), |end| end.critical_path.clone())) {
            prop_assert!(forecast.contains(&path), "{}", path);
        }
    }

    #[test]
    fn the_order_of_the_file_does_not_matter(random in random_plan()) {
        let (one, other) = (load(&random, Order::Forward), load(&random, Order::Backward));
        let (one, other) = (one.forecast(DRAWS), other.forecast(DRAWS));
        let others = other.by_path();
        prop_assert_eq!(one.by_path().len(), others.len());
        for (path, item) in one.by_path() {
            let other = others[&path];
            for (time, other) in times(item).into_iter().zip(times(other)) {
                // The sum of several risk delays depends on their order by a rounding error.
                prop_assert!((time - other).abs() <= 1e-9, "{}: {} and {}", path, time, other);
            }
            prop_assert_eq!(item.criticality, other.criticality, "{}", path);
        }
        let path = |forecast: &PlanForecast<'_>| forecast.paths(&forecast.result.end.as_ref().map_or(Vec::new(), |end| end.critical_path.clone()));
        prop_assert_eq!(path(&one), path(&other));
    }

    #[test]
    fn a_forecast_changes_only_if_its_input_changes(random in random_plan(), pick in any::<Index>()) {
        // Without points, no duration is inferred from the estimate of another workstream.
        let mut before = random;
        before.streams.iter_mut().for_each(|stream| stream.points = None);
        let mut after = before.clone();
        let changed = pick.index(after.streams.len());
        after.streams[changed].estimate = Some("13/17/31d".into());
        let may_change = before.dependents(changed);
        let (before, after) = (load(&before, Order::Forward), load(&after, Order::Forward));
        let (before, after) = (before.forecast(DRAWS), after.forecast(DRAWS));
        let others = after.by_path();
        for (path, item) in before.by_path() {
            if !may_change.contains(&path) {
                prop_assert_eq!(&item.finish, &others[&path].finish, "{}", path);
                prop_assert_eq!(item.early, others[&path].early, "{}", path);
            }
        }
    }

    #[test]
    fn the_same_file_and_moment_give_the_same_forecast(random in random_plan()) {
        let (one, other) = (load(&random, Order::Forward), load(&random, Order::Forward));
        let (one, other) = (one.forecast(DRAWS), other.forecast(DRAWS));
        prop_assert_eq!(format!("{:?}", one.result), format!("{:?}", other.result));
    }
}

/// The random numbers belong to the item and the run, on any thread.
#[test]
fn the_number_of_threads_does_not_change_the_forecast() {
    let text = |more: usize| {
        let mut text = String::from("project: x\nas_of: 2026-01-27\nareas:\n  x:\n    workstreams:\n");
        writeln!(text, "      a: {{estimate: 1/2/9w}}\n      b: {{estimate: 2-3w, needs: [x/a]}}").unwrap();
        writeln!(text, "      c: {{estimate: 4-6w}}\n  y:\n    workstreams:\n      none: {{complete: 100%}}").unwrap();
        (0..more).for_each(|index| writeln!(text, "      w{index}: {{estimate: 1d}}").unwrap());
        text + "milestones: {m: {due: 2026-03-31, needs: [x]}}\n\
                risks: {r: {probability: 30%, delay: 1-2w, affects: [x/b]}}\n"
    };
    // A small network is simulated by one thread, a large one by several. The first items are equal.
    let (few, many) = (Plan::load(&text(0), "2026-01-27"), Plan::load(&text(350), "2026-01-27"));
    let (few, many) = (few.forecast(4200), many.forecast(4200));
    for path in ["x/a", "x/b", "x/c", "m"] {
        assert_eq!(few.item(path).finish, many.item(path).finish, "{path}");
    }
}
