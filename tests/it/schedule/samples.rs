//! Plans of other tools as readiness files, with the dates of these tools.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::schedule::Plan;

/// The plan in a file of tests/samples at this day.
fn sample(name: &str, day: &str) -> Plan {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples").join(name);
    Plan::load(&std::fs::read_to_string(path).unwrap(), day)
}

/// Asserts the first and the last day of each item.
#[track_caller]
fn assert_days(plan: &Plan, expected: &[(&str, &str, &str)]) {
    let forecast = plan.forecast(1);
    for (path, first, last) in expected {
        let start = plan.timeline().start_after(forecast.item(path).early.0).to_string();
        assert_eq!((&start[..10], forecast.finish_day(path).as_str()), (*first, *last), "{path}");
    }
}

#[test]
fn a_plan_with_gaps_has_the_dates_of_taskjuggler() {
    if crate::optional::is_skipped("tj3") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples/office.tjp");
    let output =
        Command::new("tj3").args(["--silent", "--no-color"]).arg(file).current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let report = std::fs::read_to_string(folder.path().join("dates.csv")).unwrap();
    let ends: BTreeMap<&str, &str> = report
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(';'))
        .map(|(id, end)| (id.trim_matches('"'), end.trim_matches('"')))
        .collect();
    let plan = sample("office.readiness.yaml", "2026-01-05");
    let forecast = plan.forecast(1);
    for (path, id) in
        [("rooms/cabling", "cabling"), ("rooms/desks", "desks"), ("rooms/snags", "snags"), ("move", "move")]
    {
        // TaskJuggler ends within the working hours, 9:00 to 17:00; here, a part of a day is the same part of 24 hours.
        let finish = plan.timeline().finish(forecast.item(path).early.1).to_string();
        let (day, time) = ends[id].split_once(' ').unwrap();
        assert_eq!(&finish[..10], day, "{id}");
        let expected = match time {
            "13:00" => "11:59:59",
            "17:00" => "23:59:59",
            other => panic!("{id} ends at {other}"),
        };
        assert_eq!(&finish[11..19], expected, "{id}");
    }
    assert_eq!(ends.len(), 5);
}

/// Mermaid, `excludes weekends`: a bar of n days has n days that are not excluded, and `after` is the next such day.
#[test]
fn a_gantt_chart_with_planned_starts_has_its_dates() {
    let days = [
        ("weeks/replicas", "2026-01-05", "2026-01-07"),
        ("weeks/limits", "2026-01-08", "2026-01-09"),
        ("weeks/monitoring", "2026-01-12", "2026-01-14"),
        ("months/region", "2026-01-19", "2026-02-27"),
        ("months/storage", "2026-03-02", "2026-03-19"),
        ("gate", "2026-03-20", "2026-03-19"),
    ];
    assert_days(&sample("gantt.readiness.yaml", "2026-01-04"), &days);
}

#[test]
fn a_release_calendar_keeps_its_dates() {
    let plan = sample("calendar.readiness.yaml", "2026-01-12");
    let forecast = plan.forecast(1);
    let days = ["freeze", "release", "announcement"].map(|path| forecast.finish_day(path));
    assert_eq!(days, ["2026-02-25", "2026-03-25", "2026-03-27"]);
    assert!(!forecast.contains("start") && !forecast.contains("alpha"));
}
