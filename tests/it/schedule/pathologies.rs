//! Plans that are strange: each has a right forecast, or is refused with a reason.

use std::fmt::Write;

use readiness_exporter::finding::{Kind, Severity};
use readiness_exporter::model::load::load;
use readiness_exporter::schedule::finish::ForecastModel;
use readiness_exporter::schedule::network::Basis;

use crate::schedule::Plan;

/// The messages of what is wrong with `text`; the file is refused.
fn refused(text: &str) -> Vec<String> {
    let loaded = load(text, "2026-01-27T12:00:00Z".parse().unwrap());
    assert!(!loaded.is_good(), "it isn't refused:\n{text}");
    let errors = loaded.findings.iter().filter(|finding| finding.severity() == Severity::Error);
    errors.map(|finding| finding.message.clone()).collect()
}

/// Workstreams of the area `x`, as of 27 January, and whatever else the file says.
fn plan(streams: &str, rest: &str) -> Plan {
    Plan::read(&text(streams, rest), "2026-01-27")
}

fn text(streams: &str, rest: &str) -> String {
    format!("project: x\nas_of: 2026-01-27\nareas: {{x: {{workstreams: {{{streams}}}}}}}\n{rest}")
}

#[test]
fn a_chain_of_ten_thousand() {
    let mut text =
        String::from("project: x\nas_of: 2026-01-27\nareas:\n  x:\n    workstreams:\n      w0: {estimate: 0-1d}\n");
    for index in 1..10_000 {
        writeln!(text, "      w{index}: {{estimate: 0-1d, needs: [x/w{}]}}", index - 1).unwrap();
    }
    let plan = Plan::read(&(text + "milestones: {m: {needs: [x/w9999]}}\n"), "2026-01-27");
    let seen = plan.forecast(256);
    assert!((seen.early("m").1 - 5000.0).abs() < 1e-6);
    assert_eq!(seen.chain("m").len(), 10_001);
    // The sum's variance is 10,000/28, so its standard deviation 18.9, and P50's error with 256
    // draws 1.253 · 18.9 / 16.
    let [p50, ..] = seen.quantiles("m", ForecastModel::Plan);
    assert!((p50 - 5000.0).abs() < 4.0 * 1.48, "{p50}");
    assert!(seen.forecast.items.values().all(|item| item.criticality == 1.0));
}

#[test]
fn a_chain_of_a_thousand_milestones() {
    let mut text = String::from(
        "project: x\nas_of: 2026-01-27\nareas: {x: {workstreams: {w: {estimate: 3d}}}}\nmilestones:\n  m0: {needs: [x]}\n",
    );
    for index in 1..1000 {
        writeln!(text, "  m{index}: {{needs: [m{}]}}", index - 1).unwrap();
    }
    let plan = Plan::read(&text, "2026-01-27");
    let seen = plan.forecast(256);
    assert_eq!((seen.early("m999").1, seen.chain("m999").len()), (3.0, 1001));
}

#[test]
fn a_fan_of_ten_thousand() {
    let mut text =
        String::from("project: x\nas_of: 2026-01-27\nareas:\n  x:\n    workstreams:\n      first: {estimate: 2d}\n");
    for index in 0..10_000 {
        writeln!(text, "      w{index}: {{estimate: 0-10d, needs: [x/first]}}").unwrap();
    }
    let plan = Plan::read(&(text + "milestones: {m: {needs: [x]}}\n"), "2026-01-27");
    let seen = plan.forecast(256);
    assert_eq!(seen.early("m").1, 7.0);
    // Alone, each is in nine of ten runs over by 7.53 days; the last of ten thousand is at 9.6 or
    // later in more than half of them: P(≤ 9.5) = 0.99884, and 0.99884^10000 is 0.00001.
    let [p50, ..] = seen.quantiles("m", ForecastModel::Plan);
    assert!(p50 > 11.5 && p50 < 12.0, "{p50}");
    assert_eq!(seen.item("x/first").criticality, 1.0);
}

#[test]
fn what_waits_for_itself_is_refused() {
    assert_eq!(refused(&text("w: {needs: [x/w]}", "")), ["`x/w` depends on itself"]);
    assert_eq!(refused("project: x\nmilestones: {m: {needs: [m]}}\n"), ["`m` depends on itself"]);
    // A part waits for its whole.
    let errors = refused(&text("w: {needs: [x]}", ""));
    assert!(errors.len() == 1 && errors[0].contains("`x`") && errors[0].contains("`x/w`"), "{errors:?}");
}

#[test]
fn a_cycle_of_needs_and_blocks_is_named() {
    let errors = refused(
        &text("a: {needs: [x/b]}, b: {tasks: [{todo: t, needs: [m]}]}", "milestones: {m: {needs: [x/c]}}\n")
            .replace("b: {", "c: {needs: [x/a]}, b: {"),
    );
    assert_eq!(errors.len(), 1, "{errors:?}");
    for path in ["`x/a`", "`x/c`", "`m`", "`x/b/t`"] {
        assert!(errors[0].contains(path), "{path}: {errors:?}");
    }
    let errors = refused(&text("a: {blocks: [x/b]}, b: {blocks: [x/a]}", ""));
    assert_eq!(errors, ["dependency cycle: `x/b` → `x/a` → `x/b`"]);
    let errors = refused(&text("a: {needs: [x/b], blocks: [x/b]}, b: {}", ""));
    assert_eq!(errors.len(), 1, "{errors:?}");
}

#[test]
fn a_cycle_by_way_of_a_shared_task_is_named() {
    let text = text("w: {tasks: [{todo: t, estimate: 2d, needs: [x/v]}]}, v: {tasks: [{ref: x/w/t}, {todo: u}]}", "");
    let said = refused(&text);
    assert!(said.iter().any(|message| message.contains("`x/v`") && message.contains("`x/w/t`")), "{said:?}");
}

#[test]
fn no_time_at_all() {
    let plan = plan(
        "a: {estimate: 0d}, b: {estimate: 0-0d, needs: [x/a]}, c: {estimate: 0/0/0w}",
        "milestones: {m: {due: 2026-01-27, needs: [x]}}\n",
    );
    let seen = plan.forecast(256);
    assert_eq!(seen.quantiles("m", ForecastModel::Risk), [0.0; 3]);
    assert_eq!(seen.on_time("m", ForecastModel::Risk), 1.0);
    assert_eq!(seen.day("m"), "2026-01-27");
    assert!(!seen.item("m").is_late());
}

#[test]
fn optimistic_is_pessimistic() {
    for estimate in ["4d", "4-4d", "4/4/4d", "0.8w"] {
        let plan = plan(&format!("a: {{estimate: {estimate}}}"), "");
        let seen = plan.forecast(256);
        assert_eq!(seen.quantiles("x/a", ForecastModel::Plan).map(crate::schedule::rounded), [4.0; 3], "{estimate}");
        assert_eq!(seen.early("x/a"), (0.0, 4.0), "{estimate}");
    }
    // The likely value may be one of the outer ones.
    for (estimate, mean) in [("4/4/10d", 5.0), ("4/10/10d", 9.0)] {
        let plan = plan(&format!("a: {{estimate: {estimate}}}"), "");
        let seen = plan.forecast(256);
        assert_eq!(seen.early("x/a").1, mean, "{estimate}");
        assert!(
            seen.quantiles("x/a", ForecastModel::Plan).iter().all(|days| (4.0..=10.0).contains(days)),
            "{estimate}"
        );
    }
}

#[test]
fn milestones_that_need_nothing() {
    let plan = plan(
        "a: {estimate: 2d, needs: [agreed]}, b: {estimate: 2d, needs: [open]}, c: {estimate: 2d, needs: [gone]}",
        "milestones: {agreed: {due: 2026-02-03}, open: {}, gone: {due: 2026-01-05}}\n",
    );
    let seen = plan.forecast(256);
    // One is taken to be reached when it is due, which is five working days from now.
    assert_eq!((seen.basis("agreed"), seen.early("x/a")), (Some(Basis::FixedDate), (5.0, 7.0)));
    assert_eq!((seen.basis("open"), seen.early("x/b")), (Some(Basis::NoEstimate), (0.0, 2.0)));
    // What was due and isn't reached may be reached today.
    assert_eq!((seen.basis("gone"), seen.early("x/c")), (Some(Basis::FixedDate), (0.0, 2.0)));
    for path in ["agreed", "open", "gone"] {
        assert!(seen.item(path).finish.is_none(), "{path}: nothing can be forecast of it");
    }
}

#[test]
fn nothing_is_left_to_do() {
    let text = "\
project: x
as_of: 2026-01-27
areas:
  x: {done: [a], workstreams: {w: {estimate: 2w, tasks: [{done: t}, {waived: u, reason: none}]}, v: {complete: 100%}}}
milestones: {m: {due: 2026-01-20, done: 2026-01-19, needs: [x]}}
risks: {r: {probability: 50%, delay: 2w, affects: [x/w]}}
";
    let plan = Plan::read(text, "2026-01-27");
    let forecast = plan.forecast(256).forecast;
    assert!(forecast.items.is_empty() && forecast.end.is_none() && forecast.bases.is_empty());
    // A milestone whose needs are finished is reached as soon as somebody says so.
    let open = text.replace("done: 2026-01-19, ", "");
    let plan = Plan::read(&open, "2026-01-27");
    let seen = plan.forecast(256);
    assert_eq!(seen.quantiles("m", ForecastModel::Risk), [0.0; 3]);
    assert_eq!(seen.on_time("m", ForecastModel::Risk), 0.0);
    let nothing = Plan::read("project: x\n", "2026-01-27");
    assert!(nothing.forecast(256).forecast.end.is_none());
}

#[test]
fn due_dates_that_have_passed() {
    let plan = plan(
        "a: {estimate: 3d, due: 2026-01-20}",
        "milestones: {m: {due: 2026-01-13, needs: [x/a]}}\ntarget: 2026-01-22\n",
    );
    let seen = plan.forecast(256);
    assert_eq!(seen.item("m").due, Some(-10.0));
    assert_eq!((seen.on_time("m", ForecastModel::Plan), seen.on_time("x/a", ForecastModel::Plan)), (0.0, 0.0));
    assert_eq!(seen.item("m").total_float(), -13.0);
    assert_eq!(seen.item("x/a").total_float(), -13.0);
    assert_eq!(seen.forecast.end.as_ref().unwrap().finish.plan.on_time, Some(0.0));
    assert_eq!(seen.paths(&seen.item("m").slip_root().into_iter().collect::<Vec<_>>()), ["x/a"]);
}

#[test]
fn the_leap_day_is_a_working_day() {
    let text = "project: x\nas_of: 2028-02-28\nareas: {x: {workstreams: {a: {estimate: 1d}, b: {estimate: 2d}}}}\nmilestones: {m: {due: 2028-02, needs: [x/a]}, n: {due: 2028-02-29, needs: [x/b]}}\n";
    let plan = Plan::read(text, "2028-02-28");
    let seen = plan.forecast(1);
    assert_eq!([seen.day("x/a"), seen.day("x/b")], ["2028-02-29", "2028-03-01"]);
    assert_eq!((seen.on_time("m", ForecastModel::Plan), seen.on_time("n", ForecastModel::Plan)), (1.0, 0.0));
    let errors = refused("project: x\nmilestones: {m: {due: 2027-02-29}}\n");
    assert!(errors.len() == 1 && errors[0].contains("2027-02-29"), "{errors:?}");
}

#[test]
fn clocks_change_on_the_day_on_which_it_is_due() {
    let text = "project: x\nas_of: 2026-03-28\ntimezone: Europe/Berlin\ncalendar: {workdays: [mon, tue, wed, thu, fri, sat, sun]}\nareas: {x: {workstreams: {a: {estimate: 1d}, b: {estimate: 0.5d}, c: {estimate: 1w}}}}\nmilestones: {m: {due: 2026-03-29, needs: [x/a, x/b]}}\n";
    let plan = Plan::read(text, "2026-03-28");
    let seen = plan.forecast(1);
    assert_eq!((seen.on_time("m", ForecastModel::Plan), seen.item("m").due), (1.0, Some(1.0)));
    assert_eq!(seen.early("x/c").1, 7.0, "a week has as many days as the calendar");
    let finish = |path: &str| plan.timeline().finish(seen.item(path).early.1).to_string();
    // The day has 23 hours: from 23:00 to 22:00 in UTC.
    assert_eq!(seen.forecast.start.to_string(), "2026-03-28T22:59:59Z");
    assert_eq!((finish("x/b"), finish("x/a")), ("2026-03-29T10:29:59.5Z".into(), "2026-03-29T21:59:59Z".into()));
}

#[test]
fn a_chain_beyond_the_last_year_ends_with_it() {
    let mut streams = String::from("w0: {estimate: 9999w}");
    for index in 1..60 {
        write!(streams, ", w{index}: {{estimate: 1/2/9999w, needs: [x/w{}]}}", index - 1).unwrap();
    }
    let streams = streams.replace("1/2/9999w", "9998/9998.5/9999w");
    let plan = plan(
        &streams,
        "milestones: {m: {due: 2026-12, needs: [x/w59]}}\nrisks: {r: {probability: 100%, delay: 9999w, affects: [m]}}\n",
    );
    let seen = plan.forecast(256);
    assert_eq!(seen.day("m"), "9999-12-31");
    let timeline = plan.timeline();
    for days in seen.quantiles("m", ForecastModel::Risk) {
        assert!(days.is_finite() && days > 60.0 * 9998.0 * 5.0);
        assert!(timeline.finish(days) <= jiff::Timestamp::MAX && timeline.start_after(days) <= jiff::Timestamp::MAX);
        assert_eq!(timeline.day(days).year(), 9999);
    }
    assert_eq!(seen.on_time("m", ForecastModel::Plan), 0.0);
}

#[test]
fn years_of_holidays_are_waited_for() {
    let mut day = jiff::civil::date(2026, 1, 28);
    let mut holidays = Vec::new();
    while day.year() < 2040 {
        holidays.push(day.to_string());
        day = day.tomorrow().unwrap();
    }
    let calendar = format!(
        "calendar: {{holidays: [{}]}}\nmilestones: {{m: {{due: 2039-12-31, needs: [x/a]}}}}\n",
        holidays.join(", ")
    );
    let plan = plan("a: {estimate: 1d}", &calendar);
    let seen = plan.forecast(1);
    // The 1st of January 2040 is a Sunday.
    assert_eq!(seen.day("x/a"), "2040-01-02");
    assert_eq!((seen.on_time("m", ForecastModel::Plan), seen.item("m").due), (0.0, Some(0.0)));
}

#[test]
fn what_nothing_can_be_inferred_of_is_left_out_and_said_to_be() {
    let plan = plan(
        "a: {}, b: {points: 10}, c: {estimate: 3d, needs: [x/a]}, d: {tasks: [{todo: t}, {todo: u, estimate: 2d}]}",
        "milestones: {m: {needs: [x]}}\n",
    );
    let seen = plan.forecast(1);
    for path in ["x/a", "x/b", "x/d"] {
        assert_eq!(seen.basis(path), Some(Basis::NoEstimate), "{path}");
    }
    assert_eq!((seen.early("x/a"), seen.early("x/c"), seen.early("x/d")), ((0.0, 0.0), (0.0, 3.0), (0.0, 2.0)));
    let kinds: Vec<Kind> =
        load(&text("a: {}", ""), "2026-01-27T12:00:00Z".parse().unwrap()).findings.iter().map(|it| it.kind).collect();
    assert!(kinds.is_empty(), "{kinds:?}");
}
