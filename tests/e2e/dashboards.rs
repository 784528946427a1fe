//! Tests of the dashboards: their structure, and their queries against a real Prometheus.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use jiff::ToSpan;
use jiff::tz::TimeZone;
use readiness_exporter::clock;

use crate::names::Names;
use crate::panel_queries::{PanelQuery, list, panel_queries, read_dashboards, substitute_variables, text};
use crate::servers::Prometheus;
use crate::{processes, tools};

/// Start of the example's history, in seconds since the epoch.
const HISTORY_START: u64 = 1_769_472_000;
const DAY: u64 = 86_400;

/// Series that exist only in case of a problem. Their queries must be valid, but may return no rows.
const PROBLEM_SERIES: [&str; 2] = ["ALERTS", "readiness_file_reload_failures_total"];

#[test]
fn dashboards_can_be_provisioned_and_imported() {
    let dashboards = read_dashboards();
    assert_eq!(dashboards.len(), 5);
    let titles: BTreeSet<&str> = dashboards.values().map(|it| text(&it["title"])).collect();
    assert_eq!(
        titles.len(),
        dashboards.len(),
        "with a duplicate title, Grafana stops updating all dashboards of a provider"
    );
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
        for element in sources {
            assert_eq!(element["datasource"]["uid"], source, "{name}: {element}");
        }
    }
}

#[test]
fn every_panel_has_a_title_a_description_a_unit_and_a_text_for_no_data() {
    for (name, dashboard) in read_dashboards() {
        let mut titles = BTreeSet::new();
        for panel in list(&dashboard["panels"]) {
            let (title, defaults) = (text(&panel["title"]), &panel["fieldConfig"]["defaults"]);
            assert!(titles.insert(title), "{name}: duplicate title {title}");
            for (property, value) in [
                ("title", title),
                ("description", text(&panel["description"])),
                ("unit", text(&defaults["unit"])),
                ("text for no data", text(&defaults["noValue"])),
            ] {
                assert!(!value.is_empty(), "{name}: {title} has no {property}");
            }
            assert!(text(&panel["description"]).ends_with('.'), "{name}: {title}");
            // Grafana draws frames with these names even without fields, and fails if there is no data.
            let mut references = list(&panel["targets"]).iter().map(|target| text(&target["refId"]));
            assert!(!references.any(|reference| ["nodes", "edges"].contains(&reference)), "{name}: {title}");
            // The time range of a dashboard can end in the future, where instant queries return nothing.
            for target in list(&panel["targets"]).iter().filter(|target| target["instant"] == true) {
                assert_eq!(target["datasource"]["uid"], "${datasource}");
                assert!(panel["timeFrom"].is_string() && panel["hideTimeOverride"] == true, "{name}: {title}");
            }
        }
    }
}

#[test]
fn dashboards_query_only_existing_series_and_labels() {
    let prometheus = Prometheus::with("global: {}\n");
    let mut names = Names::default();
    for (name, dashboard) in read_dashboards() {
        for query in panel_queries(&name, &dashboard) {
            let place = format!("{name}: {}", query.panel);
            names.add_query(&prometheus, &substitute_variables(&query.expr, "castiel", ""), &place);
            // Target labels have other values in replicas and in imported history.
            assert!(!query.expr.contains("without ("), "{place} aggregates by target labels");
        }
        for annotation in list(&dashboard["annotations"]["list"]) {
            names.add_query(&prometheus, &substitute_variables(text(&annotation["expr"]), "castiel", ""), &name);
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

/// Writes 90 days of history of the example as TSDB blocks, to `data` in a new folder.
fn create_history() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("history.om");
    let example = Path::new(env!("CARGO_BIN_EXE_readiness-exporter")).with_file_name("examples").join("history");
    let written = Command::new(example).args(["--step", "3600"]).stdout(std::fs::File::create(&file).unwrap()).status();
    assert!(
        written.expect("the example `history` is built by cargo test, or by cargo build --example history").success()
    );
    let blocks = Command::new(tools::path("promtool"))
        .args(["tsdb", "create-blocks-from", "openmetrics", "--quiet", "--max-block-duration=2160h"])
        .args([&file, &folder.path().join("data")])
        .status();
    assert!(blocks.unwrap().success());
    std::fs::remove_file(file).unwrap();
    folder
}

/// A plan with an open task that is due in ten days from now. All dates of the examples are fixed.
fn upcoming_deadline() -> String {
    let due = clock::now().to_zoned_datetime(TimeZone::UTC).date() + 10.days();
    format!(
        "project: deadline\nareas:\n  area:\n    workstreams:\n      work:\n        tasks:\n\
         \u{20}         - todo: Hand it in\n            due: {due}\n"
    )
}

/// A time at which a dashboard is viewed, with its time range and step, in seconds.
struct View {
    project: &'static str,
    time: u64,
    before: u64,
    after: u64,
    step: u64,
}

impl View {
    /// Days in the history, then now, with the default ranges of the dashboards; finally a range of 20 s.
    fn all(now: u64) -> Vec<Self> {
        let past = [5, 20, 28, 40, 80].map(|day| ("castiel", HISTORY_START + day * DAY, 90 * DAY, 0, DAY / 4));
        let live = ["castiel", "payments", "webshop", "deadline", "nothing"]
            .map(|project| (project, now, 90 * DAY, 90 * DAY, DAY / 4));
        let all = past.into_iter().chain(live).chain([("castiel", now, 20, 0, 1)]);
        all.map(|(project, time, before, after, step)| Self { project, time, before, after, step }).collect()
    }
}

/// Runs the query of a panel. Returns the number of rows and the duration.
fn count_rows(prometheus: &Prometheus, query: &PanelQuery, view: &View) -> (usize, Duration) {
    let parameter = format!("query={}", substitute_variables(&query.expr, view.project, ""));
    let start_time = clock::instant();
    let answer = if query.is_instant {
        prometheus.api("query", &[&parameter, &format!("time={}", view.time)])
    } else {
        let (start, end) = (format!("start={}", view.time - view.before), format!("end={}", view.time + view.after));
        prometheus.api("query_range", &[&parameter, &start, &end, &format!("step={}", view.step)])
    };
    let result = answer["result"].as_array();
    let description =
        || format!("{}: {}: {}", query.dashboard, query.panel, substitute_variables(&query.expr, view.project, ""));
    (result.unwrap_or_else(|| panic!("{}", description())).len(), start_time.elapsed())
}

#[test]
#[expect(clippy::print_stdout, reason = "prints figures")]
fn every_query_returns_rows_for_90_days_of_the_example() {
    let plans = tempfile::tempdir().unwrap();
    std::fs::write(plans.path().join("deadline.yaml"), upcoming_deadline()).unwrap();
    std::fs::write(plans.path().join("nothing.yaml"), "project: nothing\nareas: {}\n").unwrap();
    let (_daemon, address) = processes::daemon(&["examples", plans.path().to_str().unwrap()]);
    let config = format!(
        "global: {{scrape_interval: 1s}}\n\
         scrape_configs: [{{job_name: readiness, static_configs: [{{targets: ['{address}']}}]}}]\n"
    );
    let flags = ["--query.lookback-delta=61m", "--storage.tsdb.retention.time=100y"];
    let prometheus = Prometheus::over(create_history(), &config, &flags);
    // Waits for the series that appears last: the rate of scrapes, each of which is counted at its end.
    prometheus.ask("rate(promhttp_metric_handler_requests_total{code=\"200\"}[4m] offset 2s) > 0", &[]);
    let now = prometheus.ask("floor(timestamp(readiness_project_info{project=\"castiel\"}))", &[])[0].parse().unwrap();
    let views = View::all(now);
    let (mut query_count, mut row_count) = (0, 0);
    let mut slowest = (Duration::ZERO, String::new());
    let mut panels = BTreeSet::new();
    let mut empty = Vec::new();
    for (name, dashboard) in read_dashboards() {
        for query in panel_queries(&name, &dashboard) {
            let mut found = 0;
            for view in &views {
                let (count, took) = count_rows(&prometheus, &query, view);
                found += count;
                if took > slowest.0 {
                    slowest = (took, format!("{name}: {} {}", query.panel, query.ref_id));
                }
            }
            panels.insert(format!("{name}: {}", query.panel));
            query_count += 1;
            row_count += found;
            if found == 0 && !PROBLEM_SERIES.iter().any(|series| query.expr.contains(series)) {
                empty.push(format!(
                    "{name}: {} {}: {}",
                    query.panel,
                    query.ref_id,
                    substitute_variables(&query.expr, "castiel", "")
                ));
            }
        }
    }
    println!(
        "{} panels, {query_count} queries, {row_count} rows; the slowest query took {:?}: {}",
        panels.len(),
        slowest.0,
        slowest.1
    );
    assert!(empty.is_empty(), "queries without rows:\n{}", empty.join("\n"));
}
