//! The rules of the forecast, as properties of random plans: what an edit may do, and what it may not.

use std::fmt::Write;

use proptest::prelude::*;
use proptest::sample::Index;
use readiness_exporter::model::Item;
use readiness_exporter::model::edit::Edit;
use readiness_exporter::quantity::WorkTime;
use readiness_exporter::schedule::finish::ForecastModel;

use crate::schedule::properties::{assert_not_later, finish_times};
use crate::schedule::random_plans::{Order, RandomPlan, Risk, Stream, random_plan};
use crate::schedule::{Plan, PlanForecast, estimate, round};

const DRAWS: u32 = 200;

/// Times that differ by less are the same: percentiles are exact to seconds.
const SAME: f64 = 1e-5;

fn load(random: &RandomPlan) -> Plan {
    load_at(random, "2026-01-28")
}

fn load_at(random: &RandomPlan, day: &str) -> Plan {
    Plan::load(&random.to_yaml(Order::Forward), day)
}

/// Asserts that nothing in the plan `one` is forecast later than in `other`.
fn assert_plan_not_later(one: &RandomPlan, other: &RandomPlan) {
    let (one, other) = (load(one), load(other));
    assert_not_later(&one.forecast(DRAWS), &other.forecast(DRAWS));
}

/// The indices of all workstreams and tasks for which `is_wanted`.
fn tasks_where(random: &RandomPlan, is_wanted: impl Fn(&str) -> bool) -> Vec<(usize, usize)> {
    let streams = random.streams.iter().enumerate();
    let tasks = streams.flat_map(|(stream, it)| it.tasks.iter().enumerate().map(move |(task, it)| (stream, task, it)));
    tasks.filter(|(_, _, task)| is_wanted(task.status)).map(|(stream, task, _)| (stream, task)).collect()
}

/// One workstream with these keys, at the end of 27 January, and a milestone that needs it.
fn alone(keys: &str, error: u8) -> Plan {
    let text = format!(
        "project: x\nas_of: 2026-01-27\npolicy: {{estimate_error: {error}%}}\nareas: {{a: {{workstreams: {{w: {{{keys}}}}}}}}}\nmilestones: {{m: {{due: 2026-06-30, needs: [a/w]}}}}\n"
    );
    Plan::load(&text, "2026-01-27")
}

fn percentiles(plan: &Plan, draws: u32) -> [f64; 3] {
    plan.forecast(draws).percentiles("a/w", ForecastModel::Plan)
}

/// An estimate above 0: its text, its pessimistic value in days, and whether it is a single value.
fn lone_estimate() -> impl Strategy<Value = (String, u32, bool)> {
    (1_u32..10, 0_u32..6, 0_u32..12).prop_map(|(least, more, most)| {
        let (likely, pessimistic) = (least + more, least + more + most);
        (format!("{least}/{likely}/{pessimistic}d"), pessimistic, least == pessimistic)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_start_without_progress_makes_nothing_earlier(random in random_plan(), pick in any::<Index>(), day in 1_u32..28) {
        let with_tasks: Vec<usize> = (0..random.streams.len()).filter(|&it| !random.streams[it].tasks.is_empty()).collect();
        prop_assume!(!with_tasks.is_empty());
        let mut before = random;
        let stream = &mut before.streams[*pick.get(&with_tasks)];
        (stream.started, stream.shared) = (None, std::collections::BTreeSet::new());
        stream.tasks.iter_mut().for_each(|task| (task.status, task.complete) = ("todo", None));
        let mut after = before.clone();
        after.streams[*pick.get(&with_tasks)].started = Some(format!("2026-01-{day:02}"));
        assert_plan_not_later(&before, &after);
    }

    #[test]
    fn more_elapsed_time_makes_nothing_earlier(random in random_plan(), pick in any::<Index>(), day in 2_u32..28, more in 1_u32..60) {
        let mut recent = random;
        let picked = pick.index(recent.streams.len());
        let stream = &mut recent.streams[picked];
        // Progress is known.
        if stream.tasks.is_empty() { stream.complete.get_or_insert(10); }
        let first = jiff::civil::date(2026, 1, 1).checked_add(jiff::ToSpan::days(i64::from(day))).unwrap();
        stream.started = Some(first.to_string());
        let mut old = recent.clone();
        let earlier = first.checked_sub(jiff::ToSpan::days(i64::from(more))).unwrap();
        old.streams[picked].started = Some(earlier.to_string());
        assert_plan_not_later(&recent, &old);
        let tasks = tasks_where(&recent, |status| status != "waived");
        if !tasks.is_empty() {
            let (stream, task) = *pick.get(&tasks);
            recent.streams[stream].tasks[task].started = Some(first.to_string());
            let mut old = recent.clone();
            old.streams[stream].tasks[task].started = Some(earlier.to_string());
            assert_plan_not_later(&recent, &old);
        }
    }

    #[test]
    fn a_plan_without_updates_never_gets_earlier(
        random in random_plan(),
        (estimate, _, _) in lone_estimate(),
        days in 1_i64..80,
    ) {
        let mut random = random;
        random.streams.push(of_unknown_progress(estimate));
        // A start that is ahead is a plan; when its day comes, the work has started.
        let is_past = |day: &String| day.as_str() <= "2026-01-28";
        for stream in &mut random.streams {
            stream.started = stream.started.take().filter(is_past);
            // Unknown progress continues while the work waits for others.
            if stream.tasks.is_empty() && !stream.needs.is_empty() { stream.complete.get_or_insert(10); }
            stream.tasks.iter_mut().for_each(|task| task.started = task.started.take().filter(is_past));
        }
        let (now, later) = (load(&random), jiff::civil::date(2026, 1, 28).checked_add(jiff::ToSpan::days(days)).unwrap());
        let later = load_at(&random, &later.to_string());
        let (now, later) = (now.forecast(DRAWS), later.forecast(DRAWS));
        let moments = |forecast: &PlanForecast<'_>, path: &str| -> Vec<jiff::Timestamp> {
            let timeline = forecast.plan.timeline();
            let times = finish_times(forecast.item(path).finish).into_iter();
            times.map(|days| timeline.finish(days - SAME)).collect()
        };
        for path in now.by_path().keys() {
            for (now, later) in moments(&now, path).into_iter().zip(moments(&later, path)) {
                prop_assert!(now.as_second() <= later.as_second() + 60, "{}: {} and {}", path, now, later);
            }
        }
    }

    #[test]
    fn more_progress_makes_nothing_later(random in random_plan(), pick in any::<Index>(), less in 0_u8..100, more in 0_u8..100) {
        let (less, more) = (less.min(more), less.max(more));
        let tasks = tasks_where(&random, |status| status != "waived");
        if !tasks.is_empty() {
            let (stream, task) = *pick.get(&tasks);
            let with = |status: &'static str, complete: Option<u8>| {
                let mut random = random.clone();
                let task = &mut random.streams[stream].tasks[task];
                (task.status, task.complete) = (status, complete);
                random
            };
            let steps = [with("todo", None), with("partial", Some(less)), with("partial", Some(more)), with("done", None)];
            for pair in steps.windows(2) {
                assert_plan_not_later(&pair[1], &pair[0]);
            }
        }
        let whole: Vec<usize> = (0..random.streams.len()).filter(|&it| random.streams[it].complete.is_some()).collect();
        if !whole.is_empty() {
            let with = |complete: u8| {
                let mut random = random.clone();
                random.streams[*pick.get(&whole)].complete = Some(complete);
                random
            };
            assert_plan_not_later(&with(more), &with(less));
            assert_plan_not_later(&with(100), &with(more));
        }
    }

    #[test]
    fn a_used_up_estimate_keeps_a_spread_and_grows(
        (estimate, pessimistic, is_single) in lone_estimate(), known in any::<bool>(), error in prop_oneof![Just(0_u8), Just(20)], over in 2_i64..60,
    ) {
        // More working days than the mean with the shared error.
        let days = 2 * i64::from(pessimistic) + over;
        let started = |more: i64| jiff::civil::date(2026, 1, 27).checked_sub(jiff::ToSpan::days(days + more)).unwrap();
        let at = |more: i64| {
            let progress = if known { ", complete: 10%" } else { "" };
            percentiles(&alone(&format!("estimate: {estimate}, started: {}{progress}", started(more)), error), 500)
        };
        let ([p50, p85, _], [longer, ..]) = (at(0), at(14));
        prop_assert!(p85 > p50 || (known && is_single && error == 0), "{} {}", p50, p85);
        prop_assert!(longer > p50 * 1.01, "{} after 14 more days {}", p50, longer);
    }

    #[test]
    fn waiving_a_task_makes_nothing_later(random in random_plan(), pick in any::<Index>()) {
        let open = tasks_where(&random, |status| matches!(status, "todo" | "partial"));
        prop_assume!(!open.is_empty());
        let (stream, task) = *pick.get(&open);
        let mut waived = random.clone();
        let task = &mut waived.streams[stream].tasks[task];
        (task.status, task.complete, task.in_estimate) = ("waived", None, true);
        assert_plan_not_later(&waived, &random);
    }

    #[test]
    fn waived_work_shortens_a_workstream_in_proportion(
        (estimate, ..) in lone_estimate(), weights in prop::collection::vec(1_u32..5, 2..6), waived in 1_usize..5,
    ) {
        let waived = waived.min(weights.len() - 1);
        let tasks = |cut: &str| {
            let mut text = String::new();
            for (index, weight) in weights.iter().enumerate() {
                let status = if index < waived { cut.replace('#', &index.to_string()) } else { format!("todo: t{index}") };
                write!(text, "{{{status}, weight: {weight}}}, ").unwrap();
            }
            percentiles(&alone(&format!("estimate: {estimate}, tasks: [{text}]"), 20), DRAWS)
        };
        let all = tasks("todo: t#");
        let (sum, left): (u32, u32) = (weights.iter().sum(), weights[waived..].iter().sum());
        let part = f64::from(left) / f64::from(sum);
        let covered = tasks("waived: t#, reason: cut");
        let never = tasks("waived: t#, reason: never, in_estimate: false");
        for ((all, covered), never) in all.into_iter().zip(covered).zip(never) {
            prop_assert!((covered - part * all).abs() < SAME, "{} of {} is {}", part, all, covered);
            prop_assert!((never - all).abs() < SAME, "{} and {}", all, never);
        }
    }

    #[test]
    fn a_chain_inside_of_a_workstream_costs_nothing(
        (estimate, ..) in lone_estimate(), weights in prop::collection::vec(1_u32..5, 1..6), started in any::<bool>(),
    ) {
        let tasks = |is_chained: bool| {
            let mut text = String::new();
            for (index, weight) in weights.iter().enumerate() {
                let needs = if is_chained && index > 0 { format!("a/w/t{}", index - 1) } else { String::new() };
                write!(text, "{{todo: t{index}, weight: {weight}, needs: [{needs}]}}, ").unwrap();
            }
            let started = if started { "started: 2025-12-01, " } else { "" };
            percentiles(&alone(&format!("estimate: {estimate}, {started}tasks: [{text}]"), 20), DRAWS)
        };
        for (free, chained) in tasks(false).into_iter().zip(tasks(true)) {
            prop_assert!((free - chained).abs() < SAME, "{} and {}", free, chained);
        }
    }

    #[test]
    fn a_what_if_is_the_same_edit_in_the_file(random in random_plan(), pick in any::<Index>()) {
        let mut paths = random.paths();
        paths.retain(|path| !path.starts_with('g'));
        let path = pick.get(&paths).clone();
        let (plan, edited) = (load(&random), load(&finished(&random, &path)));
        let what_if = plan.forecast_edited(DRAWS, &[(&path, Edit::Done)]);
        prop_assert_eq!(figures(&what_if), figures(&edited.forecast(DRAWS)), "{}=done", path);
        let Some((stream, task)) = place(&path) else { return Ok(()) };
        let mut other = random.clone();
        let place = match task {
            Some(task) => &mut other.streams[stream].tasks[task].estimate,
            None => &mut other.streams[stream].estimate,
        };
        *place = Some("3/5/11d".to_owned());
        let what_if = plan.forecast_edited(DRAWS, &[(&path, Edit::Estimate(estimate("3/5/11d")))]);
        prop_assert_eq!(figures(&what_if), figures(&load(&other).forecast(DRAWS)), "{}=3/5/11d", path);
    }

    #[test]
    fn time_is_added_to_the_remaining_duration_and_not_taken_below_0((estimate, ..) in lone_estimate(), days in 0.0..20.0) {
        let days = round(days);
        let plan = alone(&format!("estimate: {estimate}, complete: 30%"), 20);
        let of = |edit: Edit| plan.forecast_edited(DRAWS, &[("a/w", edit)]).percentiles("a/w", ForecastModel::Plan);
        let before = percentiles(&plan, DRAWS);
        for (before, more) in before.into_iter().zip(of(Edit::Add(WorkTime::from_days(days)))) {
            prop_assert!((more - before - days).abs() < 1e-5, "{} and {}", before, more);
        }
        let less = of(Edit::Subtract(WorkTime::from_days(days)));
        // The percentiles of runs that end at 0 are those of max(0, remaining − days).
        prop_assert!((less[0] - (before[0] - days).max(0.0)).abs() < 0.05, "{:?} and {:?}", before, less);
        prop_assert!(less.iter().all(|days| *days >= 0.0));
    }

    #[test]
    fn a_certain_risk_delays_what_waits_for_the_item(random in random_plan(), pick in any::<Index>(), milestone in any::<Index>()) {
        let mut random = random;
        let path = pick.get(&random.paths()).clone();
        random.risks = vec![Risk { probability: 100, delay: "10d".into(), affects: [path.clone()].into() }];
        let plan = load(&random);
        let forecast = plan.forecast(DRAWS);
        for (path, item) in forecast.by_path() {
            let Some(finish) = item.finish else { continue };
            let delay = finish.p50().risk - finish.p50().plan;
            prop_assert!((-1e-4..10.0001).contains(&delay), "{}: {}", path, delay);
        }
        // Nothing else to wait for, and no date: the whole delay arrives.
        let milestone = milestone.index(random.milestones.len());
        random.milestones[milestone].needs = [path.clone()].into();
        random.milestones[milestone].due = None;
        if path == format!("m{milestone}") || path.starts_with('m') || path.starts_with('a') && !path.contains('/') { return Ok(()) }
        for stream in &mut random.streams {
            (stream.needs, stream.due, stream.started) = (std::collections::BTreeSet::new(), None, None);
            stream.shared.clear();
            for task in &mut stream.tasks {
                (task.needs, task.started) = (std::collections::BTreeSet::new(), None);
            }
        }
        let is_open = forecast.contains(&path);
        let plan = load(&random);
        let forecast = plan.forecast(DRAWS);
        let item = forecast.item(&format!("m{milestone}"));
        if let (true, Some(finish)) = (is_open && forecast.contains(&path), item.finish) {
            let [plan, risk] = [finish.p50().plan, finish.p50().risk];
            prop_assert!((risk - plan - 10.0).abs() < 1e-4, "{}: {} and {}", path, plan, risk);
        }
    }

    #[test]
    fn an_inferred_duration_is_never_surer_than_the_estimates(
        estimates in prop::collection::vec((lone_estimate(), 1_u8..30, any::<bool>()), 1..5), error in prop_oneof![Just(0_u8), Just(20)],
    ) {
        let mut text = format!("project: x\nas_of: 2026-01-27\npolicy: {{estimate_error: {error}%}}\nareas: {{a: {{workstreams: {{w: {{points: 10}}");
        for (index, ((estimate, ..), points, is_done)) in estimates.iter().enumerate() {
            let complete = if *is_done { ", complete: 100%" } else { "" };
            write!(text, ", e{index}: {{points: {points}, estimate: {estimate}{complete}}}").unwrap();
        }
        let plan = Plan::load(&(text + "}}}\n"), "2026-01-27");
        let forecast = plan.forecast(4000);
        let spread = |path: &str| {
            let [p50, p85, _] = forecast.percentiles(path, ForecastModel::Plan);
            p85 / p50
        };
        for (index, (_, _, is_done)) in estimates.iter().enumerate() {
            if !is_done {
                // Both spreads have a sampling error of about a percent.
                prop_assert!(spread("a/w") > 0.97 * spread(&format!("a/e{index}")), "e{}", index);
            }
        }
    }

    #[test]
    fn a_milestone_of_milestones_is_not_before_its_date_unless_it_may_be_early(random in random_plan()) {
        let plan = load(&random);
        let forecast = plan.forecast(DRAWS);
        for (index, milestone) in random.milestones.iter().enumerate() {
            let is_fixed = !milestone.early && milestone.needs.iter().all(|need| !need.starts_with('a'));
            let item = forecast.item(&format!("m{index}"));
            if let (true, Some(due)) = (is_fixed, item.due) {
                let earliest = due.max(0.0);
                prop_assert!(item.early.1 >= earliest - SAME, "m{}", index);
                for days in finish_times(item.finish) {
                    prop_assert!(days >= earliest - SAME, "m{}: {} before {}", index, days, earliest);
                }
                prop_assert_eq!(item.fixed_date.map(|day| day.to_string()), milestone.due.clone());
            } else {
                prop_assert!(item.fixed_date.is_none(), "m{}", index);
            }
        }
    }

    #[test]
    fn overdue_items_are_late_in_every_run(random in random_plan(), day in 1_u32..15) {
        let mut random = random;
        // On Sunday and Monday, the end of Saturday is not negative in working days.
        let (estimate, due) = (Some("0d".to_owned()), Some("2026-01-31".to_owned()));
        random.streams.push(Stream { area: 1, estimate, due, ..Stream::default() });
        // Weekends and holidays at the start don't hide that the day has passed.
        let plan = load_at(&random, &format!("2026-02-{day:02}"));
        let forecast = plan.forecast(DRAWS);
        for (path, item) in forecast.by_path() {
            let due = plan.project().due(plan.item(&path));
            let is_overdue = due.is_some_and(|due| due < forecast.result.start_day);
            prop_assert_eq!(item.is_overdue, is_overdue, "{}", path);
            if is_overdue {
                prop_assert!(item.is_late(), "{}", path);
                for model in ForecastModel::ALL {
                    let on_time = item.finish(model).and_then(|finish| finish.on_time);
                    prop_assert!(on_time.is_none_or(|on_time| on_time == 0.0), "{}: {:?}", path, on_time);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn figures_are_finite_however_long_work_takes(random in random_plan(), points in 1_u8..30, days in 1_i64..4000) {
        let mut random = random;
        random.streams.push(Stream { points: Some(points), ..of_unknown_progress("2w".to_owned()) });
        // Points without an estimate: inferred.
        random.streams.push(Stream { points: Some(points), estimate: None, ..of_unknown_progress(String::new()) });
        let later = jiff::civil::date(2026, 1, 28).checked_add(jiff::ToSpan::days(days)).unwrap();
        let plan = load_at(&random, &later.to_string());
        for (path, item) in plan.forecast(DRAWS).by_path() {
            let figures = [item.early.0, item.early.1, item.total_float, item.remaining.unwrap_or(0.0)];
            prop_assert!(figures.iter().all(|figure| figure.is_finite()), "{}: {:?}", path, figures);
            prop_assert!(finish_times(item.finish).into_iter().all(f64::is_finite), "{}", path);
        }
    }
}

/// A started workstream without `complete`, in the last area.
fn of_unknown_progress(estimate: String) -> Stream {
    let started = Some("2026-01-26".to_owned());
    Stream { area: 1, estimate: Some(estimate), started, ..Stream::default() }
}

/// The index of a workstream, and of a task in it.
fn place(path: &str) -> Option<(usize, Option<usize>)> {
    let mut parts = path.split('/').skip(1);
    let stream = parts.next()?.strip_prefix('w')?.parse().ok()?;
    Some((stream, parts.next().and_then(|task| task.strip_prefix('t')?.parse().ok())))
}

/// The plan in which everything at `path` is done.
fn finished(random: &RandomPlan, path: &str) -> RandomPlan {
    let mut random = random.clone();
    if let Some(milestone) = path.strip_prefix('m') {
        random.milestones[milestone.parse::<usize>().unwrap()].done = true;
        return random;
    }
    let mut done: Vec<(usize, usize)> = Vec::new();
    for (stream, it) in random.streams.iter_mut().enumerate() {
        let own = format!("a{}/w{stream}", it.area);
        if path == own || path == format!("a{}", it.area) {
            it.complete = it.tasks.is_empty().then_some(100);
            let shared =
                it.shared.iter().filter_map(|path| place(path)).filter_map(|(stream, task)| Some((stream, task?)));
            done.extend((0..it.tasks.len()).map(|task| (stream, task)).chain(shared));
        }
    }
    if let Some((stream, Some(task))) = place(path) {
        done.push((stream, task));
    }
    for (stream, task) in done {
        let task = &mut random.streams[stream].tasks[task];
        if task.status != "waived" {
            (task.status, task.complete) = ("done", None);
        }
    }
    random
}

/// Every figure of a forecast.
fn figures(forecast: &PlanForecast<'_>) -> String {
    let items: Vec<(&Item, String)> =
        forecast.result.items.iter().map(|(item, it)| (item, format!("{it:?}"))).collect();
    format!("{items:#?}\n{:?}\n{:?}", forecast.result.end, forecast.result.bases)
}
