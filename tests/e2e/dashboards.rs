//! The dashboards: what Grafana asks, asked of a real Prometheus.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use jiff::ToSpan;
use jiff::tz::TimeZone;
use readiness_exporter::clock;

use crate::names::Names;
use crate::questions::{Question, dashboards, filled, list, questions, text};
use crate::servers::Prometheus;
use crate::{processes, tools};

/// The first moment of the history of the example, in seconds.
const BEGIN: u64 = 1_769_472_000;
const DAY: u64 = 86_400;

/// What only fires when something is wrong: of these, an answer is wanted, and no rows.
const QUIET: [&str; 2] = ["ALERTS", "readiness_file_reload_failures_total"];

#[test]
fn dashboards_can_be_provisioned_together_and_imported_anywhere() {
    let dashboards = dashboards();
    assert_eq!(dashboards.len(), 5);
    let titles: BTreeSet<&str> = dashboards.values().map(|it| text(&it["title"])).collect();
    assert_eq!(titles.len(), dashboards.len(), "one title twice would freeze all of a provider's dashboards");
    for (name, dashboard) in &dashboards {
        assert_eq!(text(&dashboard["uid"]), name);
        assert_eq!(dashboard["schemaVersion"], 42);
        for key in ["__inputs", "__requires", "id", "iteration", "gnetId"] {
            assert!(dashboard[key].is_null(), "{name} has {key}");
        }
        assert_eq!(dashboard["templating"]["list"][0]["type"], "datasource");
        let source = "${datasource}";
        let variables = list(&dashboard["templating"]["list"]).iter().skip(1);
        let sources = variables.chain(list(&dashboard["annotations"]["list"])).chain(list(&dashboard["panels"]));
        for asking in sources {
            assert_eq!(asking["datasource"]["uid"], source, "{name}: {asking}");
        }
    }
}

#[test]
fn every_panel_says_what_it_shows_and_when_there_is_nothing_to_show() {
    for (name, dashboard) in dashboards() {
        let mut titles = BTreeSet::new();
        for panel in list(&dashboard["panels"]) {
            let (title, defaults) = (text(&panel["title"]), &panel["fieldConfig"]["defaults"]);
            assert!(titles.insert(title), "{name}: {title} twice");
            for (what, said) in [
                ("title", title),
                ("description", text(&panel["description"])),
                ("unit", text(&defaults["unit"])),
                ("text for no data", text(&defaults["noValue"])),
            ] {
                assert!(!said.is_empty(), "{name}: {title} has no {what}");
            }
            assert!(text(&panel["description"]).ends_with('.'), "{name}: {title}");
            // Grafana draws frames with these names even without fields, and fails when there is nothing to show.
            let mut references = list(&panel["targets"]).iter().map(|target| text(&target["refId"]));
            assert!(!references.any(|reference| ["nodes", "edges"].contains(&reference)), "{name}: {title}");
            // At the end of a range that lies in the future, there is nothing.
            for target in list(&panel["targets"]).iter().filter(|target| target["instant"] == true) {
                assert_eq!(target["datasource"]["uid"], "${datasource}");
                assert!(panel["timeFrom"].is_string() && panel["hideTimeOverride"] == true, "{name}: {title}");
            }
        }
    }
}

#[test]
fn dashboards_name_nothing_that_is_not_served() {
    let prometheus = Prometheus::with("global: {}\n");
    let mut names = Names::default();
    for (name, dashboard) in dashboards() {
        for question in questions(&name, &dashboard) {
            let place = format!("{name}: {}", question.panel);
            names.of(&prometheus, &filled(&question.query, "castiel"), &place);
            // Replicas and history have other values of these.
            assert!(!question.query.contains("without ("), "{place} aggregates by labels of a target");
        }
        for annotation in list(&dashboard["annotations"]["list"]) {
            names.of(&prometheus, &filled(text(&annotation["expr"]), "castiel"), &name);
        }
    }
    let others = [
        "ALERTS",
        "ALERTS_FOR_STATE",
        "scrape_duration_seconds",
        "readiness_exporter_reload_duration_seconds_bucket",
        "readiness_exporter_reload_duration_seconds_sum",
        "readiness_exporter_reload_duration_seconds_count",
    ];
    names.assert_known(&others.into_iter().collect());
}

/// Ninety days of the example, as blocks in `data` in a new folder.
fn history() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("history.om");
    let example = Path::new(env!("CARGO_BIN_EXE_readiness-exporter")).with_file_name("examples").join("history");
    let written = Command::new(example).args(["--step", "3600"]).stdout(std::fs::File::create(&file).unwrap()).status();
    assert!(written.expect("cargo build --example history makes it, and so does cargo test").success());
    let blocks = Command::new(tools::path("promtool"))
        .args(["tsdb", "create-blocks-from", "openmetrics", "--quiet", "--max-block-duration=2160h"])
        .args([&file, &folder.path().join("data")])
        .status();
    assert!(blocks.unwrap().success());
    std::fs::remove_file(file).unwrap();
    folder
}

/// A plan with an open task that is due in ten days, whichever day it is: the examples' dates go by.
fn deadline() -> String {
    let due = clock::now().to_zoned_datetime(TimeZone::UTC).date() + 10.days();
    format!(
        "project: deadline\nareas:\n  area:\n    workstreams:\n      work:\n        tasks:\n\
         \u{20}         - todo: Hand it in\n            due: {due}\n"
    )
}

/// When somebody looks at a project, and how far back and ahead.
struct Moment {
    project: &'static str,
    time: u64,
    before: u64,
    after: u64,
    step: u64,
}

impl Moment {
    /// Days of the history, then now: over the dashboards' ranges, and closely.
    fn all(now: u64) -> Vec<Self> {
        let past = [5, 20, 28, 40, 80].map(|day| ("castiel", BEGIN + day * DAY, 90 * DAY, 0, DAY / 4));
        let live = ["castiel", "payments", "webshop", "deadline", "nothing"]
            .map(|project| (project, now, 90 * DAY, 90 * DAY, DAY / 4));
        let all = past.into_iter().chain(live).chain([("castiel", now, 20, 0, 1)]);
        all.map(|(project, time, before, after, step)| Self { project, time, before, after, step }).collect()
    }
}

/// How many rows Prometheus answers, and how long it took.
fn rows(prometheus: &Prometheus, question: &Question, moment: &Moment) -> (usize, Duration) {
    let query = format!("query={}", filled(&question.query, moment.project));
    let begun = clock::instant();
    let answer = if question.is_instant {
        prometheus.api("query", &[&query, &format!("time={}", moment.time)])
    } else {
        let (start, end) =
            (format!("start={}", moment.time - moment.before), format!("end={}", moment.time + moment.after));
        prometheus.api("query_range", &[&query, &start, &end, &format!("step={}", moment.step)])
    };
    let result = answer["result"].as_array();
    let said = || format!("{}: {}: {}", question.dashboard, question.panel, filled(&question.query, moment.project));
    (result.unwrap_or_else(|| panic!("{}", said())).len(), begun.elapsed())
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures are wanted")]
fn every_query_finds_something_in_ninety_days_of_the_example() {
    let plans = tempfile::tempdir().unwrap();
    std::fs::write(plans.path().join("deadline.yaml"), deadline()).unwrap();
    std::fs::write(plans.path().join("nothing.yaml"), "project: nothing\nareas: {}\n").unwrap();
    let (_daemon, address) = processes::daemon(&["examples", plans.path().to_str().unwrap()]);
    let config = format!(
        "global: {{scrape_interval: 1s}}\n\
         scrape_configs: [{{job_name: readiness, static_configs: [{{targets: ['{address}']}}]}}]\n"
    );
    let flags = ["--query.lookback-delta=61m", "--storage.tsdb.retention.time=100y"];
    let prometheus = Prometheus::over(history(), &config, &flags);
    // A moment ago there were rates already: the last of all to come is that of scrapes, which are counted when over.
    prometheus.ask("rate(promhttp_metric_handler_requests_total{code=\"200\"}[4m] offset 2s) > 0", &[]);
    let now = prometheus.ask("floor(timestamp(readiness_project_info{project=\"castiel\"}))", &[])[0].parse().unwrap();
    let moments = Moment::all(now);
    let mut sums = (0, 0, Duration::ZERO, String::new());
    let mut panels = BTreeSet::new();
    let mut silent = Vec::new();
    for (name, dashboard) in dashboards() {
        for question in questions(&name, &dashboard) {
            let mut found = 0;
            for moment in &moments {
                let (count, took) = rows(&prometheus, &question, moment);
                found += count;
                if took > sums.2 {
                    (sums.2, sums.3) = (took, format!("{name}: {} {}", question.panel, question.reference));
                }
            }
            panels.insert(format!("{name}: {}", question.panel));
            (sums.0, sums.1) = (sums.0 + 1, sums.1 + found);
            if found == 0 && !QUIET.iter().any(|quiet| question.query.contains(quiet)) {
                silent.push(format!(
                    "{name}: {} {}: {}",
                    question.panel,
                    question.reference,
                    filled(&question.query, "castiel")
                ));
            }
        }
    }
    println!("{} panels, {} queries, {} rows; the slowest took {:?}: {}", panels.len(), sums.0, sums.1, sums.2, sums.3);
    assert!(silent.is_empty(), "nothing is found by\n{}", silent.join("\n"));
}
