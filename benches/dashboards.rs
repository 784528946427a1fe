//! Duration of every query of every panel for 100 projects with 1000 tasks each, in a real Prometheus.
//!
//! `make bench` runs it. No query should take more than a second.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark measures and prints")]

use std::time::Duration;

mod large;
#[path = "../tests/e2e/processes.rs"]
mod processes;
#[path = "../tests/e2e/panel_queries.rs"]
mod panel_queries;
#[expect(dead_code, reason = "tests use the rest")]
#[path = "../tests/e2e/servers.rs"]
mod servers;
#[path = "../tests/it/tools.rs"]
mod tools;

use panel_queries::{PanelQuery, panel_queries, read_dashboards, substitute_variables};
use readiness_exporter::clock;

/// Number of points in a range of 90 days, one every 6 hours.
const POINTS: f64 = 360.0;

/// Number of slowest queries that are printed.
const SLOWEST: usize = 10;

fn main() {
    // `cargo test --benches` only checks that it builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let folder = large::plans();
    let (_daemon, address) = processes::daemon(&[folder.path().to_str().unwrap()]);
    let prometheus = servers::Prometheus::with(&format!(
        "global: {{scrape_interval: 5s, scrape_timeout: 5s}}\n\
         scrape_configs: [{{job_name: readiness, static_configs: [{{targets: ['{address}']}}]}}]\n"
    ));
    println!("{} series of {} projects", prometheus.ask("readiness_exporter_series", &[])[0], large::PROJECTS);
    // Range queries read the number of points of 90 days, over all series, at shorter distances.
    std::thread::sleep(Duration::from_mins(2));
    let now: f64 = prometheus.ask("vector(time())", &[])[0].parse().unwrap();
    let ask = |query: &PanelQuery| {
        // One project, except on the overview.
        let project = if query.dashboard == "readiness-overview" { ".*" } else { "project-7" };
        let parameter = format!("query={}", substitute_variables(&query.expr, project, ""));
        let start_time = clock::instant();
        let response = if query.is_instant {
            prometheus.api("query", &[&parameter, &format!("time={now}")])
        } else {
            let (start, step) = (now - 100.0, 100.0 / POINTS);
            let range = [format!("start={start}"), format!("end={now}"), format!("step={step}")];
            prometheus.api("query_range", &[&parameter, &range[0], &range[1], &range[2]])
        };
        (start_time.elapsed(), response["result"].as_array().unwrap().len())
    };
    let mut durations: Vec<(Duration, usize, PanelQuery)> = Vec::new();
    for (name, dashboard) in read_dashboards() {
        for query in panel_queries(&name, &dashboard) {
            let (time, rows) = ask(&query);
            durations.push((time, rows, query));
        }
    }
    durations.sort_by_key(|(time, ..)| std::cmp::Reverse(*time));
    println!("{} queries, the slowest:", durations.len());
    for (time, rows, query) in durations.iter().take(SLOWEST) {
        let place = format!("{}: {} {}", query.dashboard, query.panel, query.ref_id);
        println!("{:>7.3} s {rows:>6} rows  {place}", time.as_secs_f64());
    }
}
