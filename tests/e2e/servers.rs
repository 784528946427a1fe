//! Real servers, each on its own port and in its own directory.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::processes::{PATIENCE, Running};
use crate::tools;

pub(crate) struct Prometheus {
    _running: Running,
    /// Directory of its configuration and data.
    pub(crate) folder: tempfile::TempDir,
    /// URL without a path.
    pub(crate) url: String,
}

impl Prometheus {
    /// Starts a Prometheus that scrapes `address` every second.
    pub(crate) fn scraping(address: &str) -> Self {
        Self::with(&format!(
            "global: {{scrape_interval: 1s, scrape_timeout: 1s}}\n\
             scrape_configs: [{{job_name: readiness, static_configs: [{{targets: ['{address}']}}]}}]\n"
        ))
    }

    /// Starts a Prometheus with the configuration `config`.
    pub(crate) fn with(config: &str) -> Self {
        Self::over(tempfile::tempdir().unwrap(), config, &[])
    }

    /// Starts a Prometheus with the configuration `config`, additional flags, and the data in `folder/data`.
    pub(crate) fn over(folder: tempfile::TempDir, config: &str, flags: &[&str]) -> Self {
        let file = folder.path().join("prometheus.yml");
        std::fs::write(&file, config).unwrap();
        let mut command = Command::new(tools::path("prometheus"));
        command
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .args(["--web.listen-address=127.0.0.1:0", "--web.enable-lifecycle"])
            .args(flags);
        let running = Running::start(&mut command);
        let line = running.says("Listening on");
        let port = line.rsplit(':').next().unwrap().trim_end_matches('"');
        let url = format!("http://127.0.0.1:{port}");
        // Prometheus may log that it is ready before it logs its address.
        wait_until("Prometheus is ready", || is_ok(&format!("{url}/-/ready"), &[]));
        Self { _running: running, folder, url }
    }

    /// Reloads configuration and rules.
    pub(crate) fn reload(&self) {
        assert!(is_ok(&format!("{}/-/reload", self.url), &["--request", "POST"]));
    }

    /// Posts `data` as a form to the API at `path` and returns the response.
    pub(crate) fn api(&self, path: &str, data: &[&str]) -> Value {
        get(&format!("{}/api/v1/{path}", self.url), data)["data"].take()
    }

    /// Result of `query`: for each series the values of `labels`, then the sample.
    pub(crate) fn answer(&self, query: &str, labels: &[&str]) -> Vec<String> {
        self::query(&self.url, query, labels)
    }

    /// Result of `query`, as soon as it is not empty.
    pub(crate) fn ask(&self, query: &str, labels: &[&str]) -> Vec<String> {
        let mut rows = Vec::new();
        wait_until(&format!("`{query}` has a result"), || {
            rows = self.answer(query, labels);
            !rows.is_empty()
        });
        rows
    }
}

pub(crate) struct Alertmanager {
    _running: Running,
    _folder: tempfile::TempDir,
    /// Host and port.
    pub(crate) address: String,
}

impl Alertmanager {
    /// Starts an Alertmanager with the configuration file `config`.
    pub(crate) fn with(config: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(tools::path("alertmanager"));
        command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.path={}", folder.path().display()))
            .args(["--web.listen-address=127.0.0.1:0", "--cluster.listen-address="]);
        let running = Running::start(&mut command);
        let line = running.says("Listening on");
        let address = line.split("address=").nth(1).unwrap().split(' ').next().unwrap().to_owned();
        Self { _running: running, _folder: folder, address }
    }
}

/// Whether the response at `url` is a success.
pub(crate) fn is_ok(url: &str, flags: &[&str]) -> bool {
    let output = Command::new("curl").args(["--silent", "--fail", url]).args(flags).output();
    output.unwrap().status.success()
}

/// Result of `expr` in the Prometheus at `url`: for each series the values of `labels`, then the sample.
pub(crate) fn query(url: &str, expr: &str, labels: &[&str]) -> Vec<String> {
    let mut command = Command::new(tools::path("promtool"));
    let output = command.args(["query", "instant", "-o", "json", url, expr]).output().unwrap();
    assert!(output.status.success(), "{expr}: {}", String::from_utf8_lossy(&output.stderr));
    let answer: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let mut rows: Vec<String> = answer
        .iter()
        .map(|row| {
            let label = |name: &&str| row["metric"][name].as_str().unwrap_or("-").to_owned();
            let mut cells: Vec<String> = labels.iter().map(label).collect();
            cells.push(row["value"][1].as_str().unwrap().to_owned());
            cells.join(" ")
        })
        .collect();
    rows.sort();
    rows
}

/// Posts `data` as a form to `url` and returns the JSON response. Without data, the request is a GET.
fn get(url: &str, data: &[&str]) -> Value {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", url]);
    for field in data {
        command.args(["--data-urlencode", field]);
    }
    let output = command.output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        let text = String::from_utf8_lossy(&output.stdout);
        panic!("{url}: {error}: {text}{}", String::from_utf8_lossy(&output.stderr))
    })
}

/// Waits until `condition` is true.
#[expect(clippy::disallowed_methods, reason = "a test waits for a server")]
pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "timeout: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}
