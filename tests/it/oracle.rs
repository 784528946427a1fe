//! Early dates compared with `TaskJuggler`, an independent scheduler.

use std::fmt::Write as _;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use readiness_exporter::model::Item;
use readiness_exporter::model::load::load;
use readiness_exporter::schedule::forecast::{Forecast, ForecastOptions};
use readiness_exporter::schedule::timeline::Timeline;

use crate::taskjuggler::{Activity, ActivityNeed, Dates, early_dates_all};

const NETWORKS: u64 = 100;
/// A Friday; open work starts on the Monday after it.
const STATUS: Date = date(2026, 1, 30);
const START: &str = "2026-02-02";

/// A linear congruential generator (Knuth's MMIX), which returns the same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// A network of 50 to 500 activities, more often a small one. Each needs up to four earlier ones: three
/// quarters of them are among the 12 before it, the others anywhere.
fn network(seed: u64) -> Vec<Activity> {
    let mut random = Random(seed);
    let maximum = 50 + random.below(451);
    let size = 50 + random.below(maximum - 49);
    (0..size)
        .map(|number| {
            let needs = if number == 0 { 0 } else { random.below(5) };
            let mut need = || {
                let reach = if random.below(4) == 0 { number } else { number.min(12) };
                usize::try_from(number - 1 - random.below(reach)).unwrap()
            };
            let mut needs: Vec<ActivityNeed> = (0..needs).map(|_| ActivityNeed { activity: need(), lag: 0 }).collect();
            needs.sort_unstable();
            needs.dedup();
            let days = u32::try_from(random.below(8) * random.below(4)).unwrap();
            // Every third network has only plain dependencies.
            let mut not_before = None;
            if !seed.is_multiple_of(3) {
                for need in &mut needs {
                    need.lag = u32::try_from(random.below(25).saturating_sub(16)).unwrap();
                }
                let wait = i64::try_from(3 + random.below(200)).unwrap();
                not_before = (random.below(10) == 0).then(|| STATUS.checked_add(wait.days()).unwrap().to_string());
            }
            Activity { id: format!("w{number}"), days, needs, not_before }
        })
        .collect()
}

fn holidays() -> Vec<Date> {
    let mut random = Random(7);
    (0..60).map(|_| STATUS.checked_add(i64::try_from(random.below(1500)).unwrap().days()).unwrap()).collect()
}

/// The network as a readiness file.
fn plan(activities: &[Activity], holidays: &[Date]) -> String {
    let mut text = format!(
        "project: x\npolicy: {{estimate_error: 0%}}\nas_of: {STATUS}\ncalendar: {{holidays: {holidays:?}}}\nareas:\n  a:\n    workstreams:\n"
    );
    for activity in activities {
        let path = |need: &ActivityNeed| format!("a/{}", activities[need.activity].id);
        let need = |need: &ActivityNeed| match need.lag {
            0 => path(need),
            lag => format!("{{item: {}, lag: {lag}d}}", path(need)),
        };
        let needs: Vec<String> = activity.needs.iter().map(need).collect();
        let not_before = activity.not_before.as_ref().map(|day| format!("not_before: {day}, ")).unwrap_or_default();
        let (id, days, needs) = (&activity.id, activity.days, needs.join(", "));
        writeln!(text, "      {id}: {{estimate: {days}d, {not_before}needs: [{needs}]}}").unwrap();
    }
    text
}

/// The first and the last day of each activity, in the format of the oracle.
fn forecast(text: &str) -> Vec<Dates> {
    let now = "2026-01-30T12:00:00Z".parse().unwrap();
    let plan = load(text, now).plan.unwrap();
    let forecast = Forecast::of(&plan.project, &plan.completion, now, &ForecastOptions::default());
    let timeline = Timeline::of(&plan.project, now);
    let dates = |index| {
        let (start, finish) = forecast.items[&Item::Workstream(0, index)].early;
        (timeline.start_after(start).to_string()[..10].to_owned(), timeline.day(finish).to_string())
    };
    (0..plan.project.areas[0].workstreams.len()).map(dates).collect()
}

#[test]
fn early_dates_equal_those_of_taskjuggler() {
    if crate::optional::is_skipped("tj3") {
        return;
    }
    let (networks, holidays): (Vec<_>, _) = ((0..NETWORKS).map(network).collect(), holidays());
    let free: Vec<String> = holidays.iter().map(ToString::to_string).collect();
    let expected = early_dates_all(&networks, START, &free);
    assert!(networks.iter().map(Vec::len).sum::<usize>() > 16_000);
    for (number, (activities, expected)) in networks.iter().zip(&expected).enumerate() {
        let found = forecast(&plan(activities, &holidays));
        for ((activity, expected), found) in activities.iter().zip(expected).zip(&found) {
            assert_eq!(found, expected, "network {number}, {activity:?}");
        }
    }
}
