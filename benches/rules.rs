//! Evaluation time of all rules for 100 projects with 1000 tasks each, in a real Prometheus.
//!
//! `make bench` runs it. It fails if the rules take 5 % or more of their interval.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark measures and prints")]

use std::path::Path;
use std::time::Duration;

mod large;
#[path = "../tests/e2e/processes.rs"]
mod processes;
#[expect(dead_code, reason = "tests use the rest")]
#[path = "../tests/e2e/servers.rs"]
mod servers;
#[path = "../tests/it/tools.rs"]
mod tools;

use large::PROJECTS;

/// Groups with an interval other than one minute, and their interval in minutes.
const INTERVALS: [(&str, u32); 2] = [("readiness.hourly", 60), ("readiness.progress", 5)];

fn main() {
    // `cargo test --benches` only checks that it builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let folder = large::plans();
    let (_daemon, address) = processes::daemon(&[folder.path().to_str().unwrap()]);
    let rules = tempfile::tempdir().unwrap();
    copy_rules(rules.path());
    // 75 s with this scrape interval have 15 samples, as 15 minutes have in production, so lookbacks read the same
    // number of samples.
    let prometheus = servers::Prometheus::with(&format!(
        "global: {{scrape_interval: 5s, scrape_timeout: 5s}}\n\
         rule_files: ['{}/*.rules.yaml']\n\
         scrape_configs: [{{job_name: readiness, static_configs: [{{targets: ['{address}']}}]}}]\n",
        rules.path().display()
    ));
    println!("{} series of {PROJECTS} projects", prometheus.ask("readiness_exporter_series", &[])[0]);
    // After this time, each group has been evaluated over a full window.
    std::thread::sleep(Duration::from_secs(250));
    let groups = prometheus.api("rules", &[]);
    let mut sum = 0.0;
    println!("{:>24} {:>6} {:>9} {:>9} {:>7}", "group", "rules", "seconds", "interval", "share");
    for group in groups["groups"].as_array().unwrap() {
        let name = group["name"].as_str().unwrap();
        let took = group["evaluationTime"].as_f64().unwrap();
        let interval =
            f64::from(INTERVALS.iter().find(|(slow, _)| *slow == name).map_or(60, |(_, minutes)| minutes * 60));
        let rules = group["rules"].as_array().unwrap();
        for rule in rules.iter().filter(|rule| rule["health"] == "err") {
            println!("{}: {}", rule["name"], rule["lastError"]);
        }
        for rule in rules.iter().filter(|rule| rule["evaluationTime"].as_f64() > Some(0.1)) {
            println!("  {:.3} s {}", rule["evaluationTime"], rule["name"].as_str().unwrap());
        }
        let share = 100.0 * took / interval;
        println!("{:>24} {:>6} {took:>9.3} {interval:>9.0} {share:>6.1}%", name, rules.len());
        sum += share;
    }
    println!("{:>24} {:>6} {:>9} {:>9} {sum:>6.1}%", "all", "", "", "");
    assert!(sum < 5.0, "the rules take {sum:.1} % of their interval, expected less than 5 %");
}

/// Copies the rules with an interval of one minute for all groups, so that the benchmark does not take hours.
fn copy_rules(folder: &Path) {
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.replace("interval: 1h", "interval: 1m").replace("interval: 5m", "interval: 1m");
        std::fs::write(folder.join(path.file_name().unwrap()), text).unwrap();
    }
}
