//! Dashboards of a data source with several clusters, each of which serves a project of the same id.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use readiness_exporter::clock;
use serde_json::Value;

use crate::panel_queries::{PanelQuery, list, panel_queries, read_dashboards, substitute_variables, text};
use crate::servers::Prometheus;
use crate::{processes, tools};

const DAY: u64 = 86_400;

/// Dashboards of all projects, whose variable `cluster` allows several values.
const WITH_ALL: [&str; 2] = ["readiness-overview", "readiness-exporter"];

/// Series that are not served, with the values that they have in each cluster.
const OTHER_SERIES: &str = "\
up{job=\"readiness\",instance=\"10.0.0.7:20430\"} 1
scrape_duration_seconds{job=\"readiness\",instance=\"10.0.0.7:20430\"} 0.1
ALERTS{alertname=\"ReadinessMilestoneLate\",alertstate=\"firing\",severity=\"warning\",project=\"castiel\",root=\"ROOT\"} 1
ALERTS_FOR_STATE{alertname=\"ReadinessMilestoneLate\",severity=\"warning\",project=\"castiel\",root=\"ROOT\"} 1769472000
";

/// The samples of an exporter that serves `plan`, as lines of the exposition without comments.
fn expose(plan: &str, root: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("castiel.readiness.yaml");
    std::fs::write(&file, plan).unwrap();
    let (_daemon, address) = processes::daemon(&[file.to_str().unwrap()]);
    let output = Command::new("curl").args(["--silent", "--fail", &format!("http://{address}/metrics")]).output();
    let exposition = String::from_utf8(output.unwrap().stdout).unwrap();
    // Each daemon has its own folder and port; all clusters have the same.
    let exposition = exposition.replace(folder.path().to_str().unwrap(), "/plans");
    let served = exposition.lines().filter(|line| !line.starts_with('#')).map(add_target_labels);
    served.chain(OTHER_SERIES.replace("ROOT", root).lines().map(str::to_owned)).collect()
}

fn add_target_labels(line: &str) -> String {
    let target = "job=\"readiness\",instance=\"10.0.0.7:20430\"";
    let (series, value) = line.rsplit_once(' ').unwrap();
    match series.split_once('{') {
        Some((name, labels)) => format!("{name}{{{target},{labels} {value}"),
        None => format!("{series}{{{target}}} {value}"),
    }
}

/// Two states of the example: as it is, and with all partial tasks done and another status.
fn two_states() -> [Vec<String>; 2] {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/castiel.readiness.yaml");
    let early = std::fs::read_to_string(example).unwrap();
    let late = early.replace("- partial: ", "- done: ").replace("status: In Progress", "status: Nearly Done");
    assert_ne!(early, late);
    [expose(&early, "ml/azure"), expose(&late, "testing/unit")]
}

/// Writes samples of a day and of a week earlier in the format of `promtool`, with the label `cluster` if it is not empty.
fn write_samples(text: &mut String, cluster: &str, day: u64, now: &[String], week_ago: &[String]) {
    let label = if cluster.is_empty() { String::new() } else { format!("cluster=\"{cluster}\",") };
    for (time, samples) in [(day - 7 * DAY, week_ago), (day, now)] {
        for sample in samples {
            let (name, rest) = sample.split_once('{').unwrap();
            writeln!(text, "{name}{{{label}{rest} {time}").unwrap();
        }
    }
}

/// Starts a Prometheus over the samples `text`.
fn prometheus_over(mut text: String) -> Prometheus {
    text.push_str("# EOF\n");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("samples.om");
    std::fs::write(&file, text).unwrap();
    let output = Command::new(tools::path("promtool"))
        .args(["tsdb", "create-blocks-from", "openmetrics", "--quiet", "--max-block-duration=2160h"])
        .args([&file, &folder.path().join("data")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Prometheus::over(folder, "global: {}\n", &["--query.lookback-delta=61m"])
}

/// The same plans in two clusters: in one data source, and `prod` alone in a data source without a label `cluster`.
struct Clusters {
    both: Prometheus,
    alone: Prometheus,
    day: u64,
}

impl Clusters {
    fn start() -> Self {
        let now = u64::try_from(clock::now().as_second()).unwrap();
        // The steps of subqueries of a day are at midnight.
        let day = now - now % DAY;
        let [early, late] = two_states();
        let (mut both, mut alone) = (String::new(), String::new());
        write_samples(&mut both, "prod", day, &early, &late);
        write_samples(&mut both, "staging", day, &late, &early);
        write_samples(&mut alone, "", day, &early, &late);
        Self { both: prometheus_over(both), alone: prometheus_over(alone), day }
    }

    /// The result of `query` with `cluster` as the value of the variable, in order of the labels, without `cluster`.
    fn answer(&self, prometheus: &Prometheus, query: &PanelQuery, cluster: &str) -> Vec<String> {
        let parameter = format!("query={}", substitute_variables(&query.expr, "castiel", cluster));
        let answer = if query.is_instant {
            prometheus.api("query", &[&parameter, &format!("time={}", self.day)])
        } else {
            let (start, end) = (format!("start={}", self.day - 7 * DAY), format!("end={}", self.day + DAY));
            prometheus.api("query_range", &[&parameter, &start, &end, "step=21600"])
        };
        let rows = answer["result"].as_array().unwrap_or_else(|| panic!("{}: {}", query.panel, query.expr));
        let mut rows: Vec<String> = rows.iter().map(|row| without_cluster(row, cluster)).collect();
        rows.sort();
        rows
    }
}

/// The labels and samples of `row`, without the label `cluster` and without the cluster in legends.
fn without_cluster(row: &Value, cluster: &str) -> String {
    let labels = row["metric"].as_object().unwrap().iter().filter(|(name, _)| *name != "cluster");
    let suffix = if cluster.is_empty() { String::new() } else { format!(" {cluster}") };
    let labels = labels.map(|(name, value)| (name, text(value).strip_suffix(&suffix).unwrap_or(text(value))));
    format!("{:?} {}{}", labels.collect::<BTreeMap<_, _>>(), row["value"], row["values"])
}

/// All queries of all panels and annotations.
fn all_queries() -> Vec<PanelQuery> {
    let mut queries = Vec::new();
    for (name, dashboard) in read_dashboards() {
        queries.extend(panel_queries(&name, &dashboard));
        queries.extend(list(&dashboard["annotations"]["list"]).iter().map(|annotation| PanelQuery {
            dashboard: name.clone(),
            panel: format!("annotation {}", text(&annotation["name"])),
            ref_id: String::new(),
            expr: text(&annotation["expr"]).to_owned(),
            is_instant: false,
        }));
    }
    queries
}

#[test]
fn a_selected_cluster_looks_like_a_data_source_of_its_own() {
    let clusters = Clusters::start();
    let mut wrong = Vec::new();
    let mut row_count = 0;
    for query in all_queries() {
        let expected = clusters.answer(&clusters.alone, &query, "");
        row_count += expected.len();
        let place = format!("{}: {} {}", query.dashboard, query.panel, query.ref_id);
        if clusters.answer(&clusters.both, &query, "prod") != expected {
            wrong.push(format!("{place}: not the values of `prod`: {}", query.expr));
        }
        // Without a label `cluster`, `All` and no value select the same series.
        if clusters.answer(&clusters.alone, &query, ".*") != expected {
            wrong.push(format!("{place}: depends on the variable without a label `cluster`: {}", query.expr));
        }
    }
    assert!(row_count > 500, "only {row_count} rows");
    assert!(wrong.is_empty(), "{} queries:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_overview_has_a_row_for_each_cluster() {
    let clusters = Clusters::start();
    let rows = |panel: &str, ref_id: &str, labels: &[&str]| {
        let dashboards = read_dashboards();
        let queries = panel_queries("readiness-overview", &dashboards["readiness-overview"]);
        let query = queries.iter().find(|it| it.panel == panel && it.ref_id == ref_id).unwrap();
        let expr = substitute_variables(&query.expr, ".*", ".*");
        clusters.both.answer(&format!("last_over_time(({expr})[1s:1s] @ {})", clusters.day), labels)
    };
    let labels = ["cluster", "project"];
    assert_eq!(rows("Projects", "A", &[]), ["2"]);
    assert_eq!(rows("Alerts firing", "A", &[]), ["2"]);
    assert_eq!(rows("Project status", "info", &["cluster", "status"]), ["prod In Progress 1", "staging Nearly Done 1"]);
    let earned = rows("Project status", "earned", &labels);
    assert_eq!(earned[0], "prod castiel 0.525");
    assert!(earned.len() == 2 && earned[1].starts_with("staging castiel ") && !earned[1].ends_with("0.525"));
    for (panel, ref_id) in [("Project status", "due"), ("Earned completion", "A"), ("Firing alerts", "A")] {
        let found = rows(panel, ref_id, &labels);
        assert!(found.len() == 2 && found[1].starts_with("staging castiel "), "{panel}: {found:?}");
    }
}

#[test]
fn with_all_clusters_the_rows_of_each_are_apart() {
    let clusters = Clusters::start();
    // Totals of all clusters.
    let totals = ["Findings by kind", "Scrapes"];
    let queries = all_queries().into_iter().filter(|it| WITH_ALL.contains(&it.dashboard.as_str()));
    let mut row_count = 0;
    for query in queries.filter(|it| !totals.contains(&it.panel.as_str())) {
        let named = |cluster: &str| -> Vec<String> {
            let rows = clusters.answer(&clusters.both, &query, cluster);
            rows.into_iter().filter(|row| !row.starts_with("{}")).collect()
        };
        let mut expected = [named("prod"), named("staging")].concat();
        let without_names = |row: &String| row.replace(" prod\"", "\"").replace(" staging\"", "\"");
        let mut found: Vec<String> = named(".*").iter().map(without_names).collect();
        expected.sort();
        found.sort();
        row_count += found.len();
        assert_eq!(found, expected, "{}: {} {}: {}", query.dashboard, query.panel, query.ref_id, query.expr);
    }
    assert!(row_count > 50, "only {row_count} rows");
}

#[test]
fn every_dashboard_has_a_variable_for_the_cluster() {
    for (name, dashboard) in read_dashboards() {
        let variables = list(&dashboard["templating"]["list"]);
        let position = |wanted: &str| variables.iter().position(|it| text(&it["name"]) == wanted);
        let (cluster, project) = (position("cluster").unwrap(), position("project"));
        let all = WITH_ALL.contains(&name.as_str());
        assert_eq!(variables[cluster]["multi"] == true, all, "{name}");
        assert_eq!(variables[cluster]["includeAll"] == true, all, "{name}");
        assert_eq!(variables[cluster]["allValue"] == ".*", all, "{name}");
        // A dashboard of one project starts with the project and selects a cluster that has it.
        let first = if all { Some(cluster) } else { project };
        for (index, variable) in variables.iter().enumerate().skip(1).filter(|(index, _)| Some(*index) != first) {
            let wanted = if index == cluster { "project=~\"$project\"" } else { "cluster=~\"$cluster\"" };
            assert!(text(&variable["query"]["query"]).contains(wanted), "{name}: {variable}");
        }
    }
}
