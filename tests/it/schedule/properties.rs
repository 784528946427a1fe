//! What holds for the forecast of every plan.

use std::fmt::Write;

use proptest::prelude::*;
use proptest::sample::Index;
use readiness_exporter::quantity::WorkTime;
use readiness_exporter::schedule::finish::{ByModel, ForecastModel};
use readiness_exporter::schedule::forecast::ItemForecast;
use readiness_exporter::schedule::network::scenario::ScenarioChange;

use crate::schedule::made::{Made, Order, plan};
use crate::schedule::{Plan, Seen};

const DRAWS: u32 = 300;

fn read(made: &Made, order: Order) -> Plan {
    Plan::read(&made.written(order), "2026-01-28")
}

/// Everything that is forecast of the times of an item: by mean durations, and by simulation.
fn times(item: &ItemForecast) -> Vec<f64> {
    let models = item.finish.iter().flat_map(|finish| [finish.plan, finish.risk]);
    let percentiles = models.flat_map(|finish| finish.percentiles.into_array());
    [item.early.0, item.early.1].into_iter().chain(percentiles).collect()
}

fn end(seen: &Seen<'_>) -> Vec<f64> {
    let end = seen.forecast.end.iter();
    end.flat_map(|end| {
        [end.early_finish]
            .into_iter()
            .chain([end.finish.plan, end.finish.risk].into_iter().flat_map(|it| it.percentiles.into_array()))
    })
    .collect()
}

/// Whether nothing in `one` is later than in `other`, to the last bit.
fn assert_not_later(one: &Seen<'_>, other: &Seen<'_>) {
    let later = other.by_path();
    for (path, item) in one.by_path() {
        // Tasks and areas are forecast where something refers to them, and a change does.
        let Some(other) = later.get(&path) else { continue };
        for (time, other) in times(item).into_iter().zip(times(other)) {
            assert!(time <= other, "{path}: {time} > {other}");
        }
        for model in ForecastModel::ALL {
            let on_time = |item: &ItemForecast| item.finish(model).and_then(|finish| finish.on_time);
            // Where nothing is known of one, there is nothing to compare.
            if let (Some(one), Some(other)) = (on_time(item), on_time(other)) {
                assert!(one >= other, "{path}");
            }
        }
    }
    assert!(end(one).iter().zip(end(other)).all(|(one, other)| *one <= other));
}

/// Every reference in `needs`, and how to take it away; a milestone keeps its last one, since
/// one that needs nothing is taken to be reached when it is due.
fn without_need(made: &Made, pick: Index) -> Option<Made> {
    let mut fewer: Vec<Made> = Vec::new();
    for stream in 0..made.streams.len() {
        for need in &made.streams[stream].needs {
            let mut less = made.clone();
            less.streams[stream].needs.remove(need);
            fewer.push(less);
        }
        for task in 0..made.streams[stream].tasks.len() {
            for need in &made.streams[stream].tasks[task].needs {
                let mut less = made.clone();
                less.streams[stream].tasks[task].needs.remove(need);
                fewer.push(less);
            }
        }
    }
    for milestone in 0..made.milestones.len() {
        for need in made.milestones[milestone].needs.iter().skip(1) {
            let mut less = made.clone();
            less.milestones[milestone].needs.remove(need);
            fewer.push(less);
        }
    }
    (!fewer.is_empty()).then(|| fewer.swap_remove(pick.index(fewer.len())))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn more_delay_makes_nothing_earlier(made in plan(), pick in any::<Index>(), days in 0.0..20.0) {
        let plan = read(&made, Order::Forward);
        let item = pick.get(&made.paths()).clone();
        let later = plan.changed(DRAWS, &[(&item, ScenarioChange::Later(WorkTime::Days(days)))]);
        assert_not_later(&plan.forecast(DRAWS), &later);
    }

    #[test]
    fn what_is_finished_sooner_makes_nothing_later(made in plan(), pick in any::<Index>(), days in 0.0..20.0) {
        let plan = read(&made, Order::Forward);
        let item = pick.get(&made.paths()).clone();
        let sooner = plan.changed(DRAWS, &[(&item, ScenarioChange::Sooner(WorkTime::Days(days)))]);
        assert_not_later(&sooner, &plan.forecast(DRAWS));
    }

    #[test]
    fn what_is_done_makes_nothing_later(made in plan(), pick in any::<Index>()) {
        let plan = read(&made, Order::Forward);
        let item = pick.get(&made.paths()).clone();
        assert_not_later(&plan.changed(DRAWS, &[(&item, ScenarioChange::Done)]), &plan.forecast(DRAWS));
    }

    #[test]
    fn fewer_needs_make_nothing_later(made in plan(), pick in any::<Index>()) {
        let Some(fewer) = without_need(&made, pick) else { return Ok(()) };
        let (all, fewer) = (read(&made, Order::Forward), read(&fewer, Order::Forward));
        assert_not_later(&fewer.forecast(DRAWS), &all.forecast(DRAWS));
    }

    #[test]
    fn quantiles_rise_and_risks_delay(made in plan()) {
        let plan = read(&made, Order::Forward);
        let seen = plan.forecast(DRAWS);
        let items = seen.by_path().into_values().filter_map(|item| item.finish);
        for ByModel { plan, risk } in items.chain(seen.forecast.end.iter().map(|end| end.finish)) {
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
    fn each_item_is_finished_when_it_may_be_and_floats_agree(made in plan()) {
        let plan = read(&made, Order::Forward);
        let seen = plan.forecast(1);
        for (path, item) in seen.by_path() {
            prop_assert!(item.early.0 <= item.early.1 && item.early.0 >= 0.0, "{}: {:?}", path, item.early);
            prop_assert!(item.late.0 <= item.late.1 + 1e-9, "{}: {:?}", path, item.late);
            prop_assert!((0.0..=1.0).contains(&item.criticality), "{}", path);
            prop_assert!(item.free_float >= -1e-9, "{}: {}", path, item.free_float);
            if let Some(due) = item.due {
                prop_assert!(item.late.1 <= due, "{}", path);
            }
        }
        for path in seen.paths(&seen.forecast.end.as_ref().map_or(Vec::new(), |end| end.critical_path.clone())) {
            prop_assert!(seen.has(&path), "{}", path);
        }
    }

    #[test]
    fn the_order_of_the_file_does_not_matter(made in plan()) {
        let (one, other) = (read(&made, Order::Forward), read(&made, Order::Backward));
        let (one, other) = (one.forecast(DRAWS), other.forecast(DRAWS));
        let others = other.by_path();
        prop_assert_eq!(one.by_path().len(), others.len());
        for (path, item) in one.by_path() {
            let other = others[&path];
            for (time, other) in times(item).into_iter().zip(times(other)) {
                // Sums of several risks differ by rounding.
                prop_assert!((time - other).abs() <= 1e-9, "{}: {} and {}", path, time, other);
            }
            prop_assert_eq!(item.criticality, other.criticality, "{}", path);
        }
        let path = |seen: &Seen<'_>| seen.paths(&seen.forecast.end.as_ref().map_or(Vec::new(), |end| end.critical_path.clone()));
        prop_assert_eq!(path(&one), path(&other));
    }

    #[test]
    fn a_forecast_moves_only_where_its_input_moved(made in plan(), pick in any::<Index>()) {
        // Without points nothing is inferred from another estimate.
        let mut before = made;
        before.streams.iter_mut().for_each(|stream| stream.points = None);
        let mut after = before.clone();
        let moved = pick.index(after.streams.len());
        after.streams[moved].estimate = Some("13/17/31d".into());
        let may_move = before.depends_on(moved);
        let (before, after) = (read(&before, Order::Forward), read(&after, Order::Forward));
        let (before, after) = (before.forecast(DRAWS), after.forecast(DRAWS));
        let others = after.by_path();
        for (path, item) in before.by_path() {
            if !may_move.contains(&path) {
                prop_assert_eq!(&item.finish, &others[&path].finish, "{}", path);
                prop_assert_eq!(item.early, others[&path].early, "{}", path);
            }
        }
    }

    #[test]
    fn the_same_file_and_moment_give_the_same_forecast(made in plan()) {
        let (one, other) = (read(&made, Order::Forward), read(&made, Order::Forward));
        let (one, other) = (one.forecast(DRAWS), other.forecast(DRAWS));
        prop_assert_eq!(format!("{:?}", one.forecast), format!("{:?}", other.forecast));
    }
}

/// What is drawn belongs to the item and the run, whichever thread computes it.
#[test]
fn threads_change_nothing() {
    let text = |more: usize| {
        let mut text = String::from("project: x\nas_of: 2026-01-27\nareas:\n  x:\n    workstreams:\n");
        writeln!(text, "      a: {{estimate: 1/2/9w}}\n      b: {{estimate: 2-3w, needs: [x/a]}}").unwrap();
        writeln!(text, "      c: {{estimate: 4-6w}}\n  y:\n    workstreams:\n      none: {{complete: 100%}}").unwrap();
        (0..more).for_each(|index| writeln!(text, "      w{index}: {{estimate: 1d}}").unwrap());
        text + "milestones: {m: {due: 2026-03-31, needs: [x]}}\n\
                risks: {r: {probability: 30%, delay: 1-2w, affects: [x/b]}}\n"
    };
    // Few nodes are one thread's work, many are worth a second one; the first items are the same.
    let (few, many) = (Plan::read(&text(0), "2026-01-27"), Plan::read(&text(350), "2026-01-27"));
    let (few, many) = (few.forecast(4200), many.forecast(4200));
    for path in ["x/a", "x/b", "x/c", "m"] {
        assert_eq!(few.item(path).finish, many.item(path).finish, "{path}");
    }
}
