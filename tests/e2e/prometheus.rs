//! A real Prometheus scrapes the exporter and returns the expected values.

use std::path::Path;
use std::process::Command;

use crate::processes::daemon;
use crate::servers::Prometheus;
use crate::tools;

#[test]
fn prometheus_scrapes_the_report() {
    let (_daemon, address) = daemon(&["examples/castiel.readiness.yaml"]);
    let prometheus = Prometheus::scraping(&address);
    let ask = |query: &str, labels: &[&str]| prometheus.ask(query, labels);

    assert_eq!(ask("up == 1", &["job"]), ["readiness 1"]);
    assert_eq!(
        ask(r#"readiness_area_completion_ratio{method="reported"}"#, &["area"]),
        ["deployment 0.3", "implementation 0.8", "ml 0.35", "testing 0.7"]
    );
    assert_eq!(
        ask(r#"readiness_area_completion_ratio{method="earned"}"#, &["area"]),
        ["deployment 0.25", "implementation 0.8", "ml 0.35", "testing 0.7"]
    );
    assert_eq!(ask("readiness_project_completion_ratio", &["method"]), ["earned 0.525", "reported 0.54"]);
    assert_eq!(ask("sum by (status) (readiness_tasks)", &["status"]), ["done 33", "partial 47", "todo 45", "waived 0"]);
    assert_eq!(ask("count(readiness_task_info)", &[]), ["125"]);
    assert_eq!(ask("count(readiness_coverage_ratio)", &[]), ["9"]);
    assert_eq!(
        ask("readiness_coverage_ratio >= readiness_coverage_target_ratio", &["feature"]),
        ["Tenant Feature 0.8"]
    );
    assert_eq!(ask("count(readiness_component_completion_ratio)", &[]), ["19"]);
    assert_eq!(
        ask("sum by (area) (readiness_workstream_points)", &["area"]),
        ["deployment 75", "implementation 20", "ml 65", "testing 30"]
    );
    // The last second of the target date in UTC, the first second of the status date, and the last of the review date.
    assert_eq!(ask("readiness_project_target_timestamp_seconds", &[]), ["1777593599"]);
    assert_eq!(ask("readiness_project_as_of_timestamp_seconds", &[]), ["1769472000"]);
    assert_eq!(ask("readiness_project_next_review_timestamp_seconds", &[]), ["1770508799"]);
    assert_eq!(ask("count(readiness_milestone_due_timestamp_seconds)", &[]), ["8"]);
    assert_eq!(ask(r#"readiness_workstream_blocked_points{workstream="azure"}"#, &["area"]), ["ml 45"]);
    assert_eq!(
        ask("readiness_inconsistencies > 0", &["kind"]),
        [
            "action_date 1",
            "breakdown_drift 4",
            "critical_path_gap 1",
            "critical_without_estimate 3",
            "few_estimates 1",
            "non_working_day 1",
            "points_mismatch 1",
            "review_overdue 1",
            "risk_without_probability 5",
            "task_in_two_areas 1",
        ]
    );
    assert_eq!(ask("readiness_file_up", &["file"]), ["examples/castiel.readiness.yaml 1"]);
    assert!(prometheus.folder.path().join("data").exists());
}

#[test]
fn promtool_accepts_the_exposition() {
    use std::io::{Read, Write};

    let (_daemon, address) = daemon(&["examples"]);
    let mut stream = std::net::TcpStream::connect(&address).unwrap();
    write!(stream, "GET /metrics HTTP/1.0\r\n\r\n").unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    let (_, exposition) = response.split_once("\r\n\r\n").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("metrics");
    std::fs::write(&file, exposition).unwrap();
    let output = Command::new(tools::path("promtool"))
        .args(["check", "metrics"])
        .stdin(std::fs::File::open(&file).unwrap())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.is_empty(), "{text}");
    assert!(Path::new(&file).exists());
}
