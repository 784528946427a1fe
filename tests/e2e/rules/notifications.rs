//! Notifications after an edit of a file, through a real Prometheus and Alertmanager.
//!
//! The rules are the shipped ones, except that they are evaluated every second and `for` is 5 s. The dates of the
//! example are shifted so that its status date is today.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use jiff::civil::Date;
use jiff::{ToSpan, ZonedDateTime};
use serde_json::Value;

use crate::processes::{PATIENCE, daemon};
use crate::rules::files;
use crate::servers::{Alertmanager, Prometheus};

/// Time without notifications after which no more are expected: five times the longest delay in these tests.
const QUIET: Duration = Duration::from_secs(10);

/// A webhook receiver.
struct Webhook {
    url: String,
    notifications: Receiver<Value>,
}

impl Webhook {
    fn listening() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (send, notifications) = mpsc::channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.unwrap());
                let mut length = 0;
                loop {
                    let mut line = String::new();
                    stream.read_line(&mut line).unwrap();
                    if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    if line.trim().is_empty() {
                        break;
                    }
                }
                let mut body = vec![0; length];
                stream.read_exact(&mut body).unwrap();
                write!(stream.get_mut(), "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").unwrap();
                if send.send(serde_json::from_slice(&body).unwrap()).is_err() {
                    break;
                }
            }
        });
        Self { url, notifications }
    }

    /// Changes of alerts after `count` of them have arrived, followed by a quiet time. Each is a line with status,
    /// name, project, and root, item or milestone; and the summary. `firing` are the alerts that fired before.
    fn receive(&self, count: usize, firing: &mut Vec<String>) -> Vec<(String, String)> {
        let mut changes: Vec<(String, String)> = Vec::new();
        let timeout = |received: usize| if received < count { PATIENCE } else { QUIET };
        while let Ok(notification) = self.notifications.recv_timeout(timeout(changes.len())) {
            for alert in notification["alerts"].as_array().unwrap() {
                let label = |name: &str| alert["labels"][name].as_str().unwrap_or_default();
                let about = format!("{}{}{}", label("root"), label("item"), label("milestone"));
                let status = alert["status"].as_str().unwrap();
                let line = format!("{status} {} {} {about}", label("alertname"), label("project"));
                let line = line.trim_end().to_owned();
                let opposite = line.replacen("resolved", "firing", 1);
                if line != opposite {
                    firing.retain(|it| *it != opposite);
                } else if firing.contains(&line) {
                    continue;
                } else {
                    firing.push(line.clone());
                }
                changes.push((line, alert["annotations"]["summary"].as_str().unwrap().to_owned()));
            }
        }
        changes
    }
}

/// Writes the rules with short intervals.
fn write_fast_rules(folder: &Path) {
    for path in files::paths() {
        let text = std::fs::read_to_string(&path).unwrap();
        let fast = |line: &str| match line.trim_start().split_once(": ") {
            Some(("interval", _)) => "    interval: 1s".to_owned(),
            Some(("for", _)) => "        for: 5s".to_owned(),
            _ => line.to_owned(),
        };
        let text: Vec<String> = text.lines().map(fast).collect();
        std::fs::write(folder.join(path.file_name().unwrap()), text.join("\n")).unwrap();
    }
}

/// `text` with all dates shifted by whole weeks, so that its status date is between today and 6 days from now. Days
/// of the week do not change, and neither does the forecast.
#[expect(clippy::disallowed_methods, reason = "the daemon under test has no other clock")]
fn shifted_to_today(text: &str) -> String {
    let status: Date = "2026-01-27".parse().unwrap();
    let days = (ZonedDateTime::now().date() - status).get_days();
    let weeks = days.div_euclid(7) + i32::from(days.rem_euclid(7) > 0);
    let later = |date: Date| (date + weeks.weeks()).to_string();
    let words = text.split_inclusive(|it: char| !it.is_ascii_digit() && it != '-');
    let moved = words.map(|word| {
        let bare = word.trim_end_matches(|it: char| !it.is_ascii_digit());
        let rest = &word[bare.len()..];
        if let (10, Ok(date)) = (bare.len(), bare.parse::<Date>()) {
            later(date) + rest
        } else if let (7, Ok(first)) = (bare.len(), format!("{bare}-01").parse::<Date>()) {
            later(first.last_of_month()) + rest
        } else {
            word.to_owned()
        }
    });
    moved.collect()
}

/// The example with a later due date and estimates for the models, so that no milestone is late.
fn plan_on_time() -> String {
    let example = std::fs::read_to_string(files::root().join("examples/castiel.readiness.yaml")).unwrap();
    let example = replace_once(&example, "reported: 54%\n", "reported: 54%\npolicy: {estimate_error: 0%}\n");
    let example =
        replace_once(&example, "points: 20\n        tasks:", "points: 20\n        estimate: 5w\n        tasks:");
    let example = replace_once(
        &example,
        "points: 15\n        needs: [ml/",
        "points: 15\n        estimate: 4w\n        needs: [ml/",
    );
    let example = replace_once(
        &example,
        "due: 2026-03\n    baseline: 2026-03-31\n    needs: [ml/training",
        "due: 2026-04-24\n    baseline: 2026-03-31\n    needs: [ml/training",
    );
    shifted_to_today(&example)
}

fn replace_once(text: &str, old: &str, new: &str) -> String {
    assert_eq!(text.matches(old).count(), 1, "the example has one `{old}`");
    text.replace(old, new)
}

/// `text` with a workspace that takes two weeks longer.
fn with_slip(text: &str) -> String {
    replace_once(
        text,
        "estimate: 2-3w\n        blocker: true\n        impact: Blocks ML",
        "estimate: 4-5w\n        blocker: true\n        impact: Blocks ML",
    )
}

/// `text` with all tasks of the workspace done.
fn with_workspace_done(text: &str) -> String {
    let start = text.find("      azure:\n").unwrap();
    let end = start + text[start..].find("      training:\n").unwrap();
    let done = text[start..end].replace("- todo: ", "- done: ");
    assert_ne!(done, text[start..end]);
    format!("{}{done}{}", &text[..start], &text[end..])
}

/// The exporter, Prometheus, Alertmanager and a receiver, connected in this order.
struct Pipeline {
    _daemon: crate::processes::Running,
    _alertmanager: Alertmanager,
    _prometheus: Prometheus,
    webhook: Webhook,
    folder: tempfile::TempDir,
    firing: Vec<String>,
}

impl Pipeline {
    /// Serves `files`, by name. `config` returns the configuration of Alertmanager for the URL of the receiver.
    fn start(files: &[(&str, &str)], config: impl Fn(&str) -> String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["plans", "rules"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        for (name, text) in files {
            std::fs::write(folder.path().join("plans").join(name), text).unwrap();
        }
        let webhook = Webhook::listening();
        let file = folder.path().join("alertmanager.yaml");
        std::fs::write(&file, config(&webhook.url)).unwrap();
        let alertmanager = Alertmanager::with(&file);
        let (daemon, exporter) = daemon(&[folder.path().join("plans").to_str().unwrap()]);
        let rules = folder.path().join("rules");
        let prometheus = Prometheus::with(&format!(
            "global: {{scrape_interval: 2s, scrape_timeout: 2s}}\n\
             rule_files: ['{}/*.rules.yaml']\n\
             alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{}']}}]}}]}}\n\
             scrape_configs: [{{job_name: readiness, static_configs: [{{targets: ['{exporter}'], labels: {{namespace: monitoring}}}}]}}]\n",
            rules.display(),
            alertmanager.address
        ));
        // Rules are loaded after the first scrape, because ReadinessExporterAbsent fires after 5 s without one.
        prometheus.ask("readiness_project_info", &[]);
        write_fast_rules(&rules);
        prometheus.reload();
        Self {
            _daemon: daemon,
            _alertmanager: alertmanager,
            _prometheus: prometheus,
            webhook,
            folder,
            firing: Vec::new(),
        }
    }

    /// Writes `text` to the file `name` and returns the changes of alerts that follow, at least one.
    fn edit(&mut self, name: &str, text: &str) -> Vec<(String, String)> {
        std::fs::write(self.folder.path().join("plans").join(name), text).unwrap();
        self.receive(1)
    }

    fn receive(&mut self, count: usize) -> Vec<(String, String)> {
        self.webhook.receive(count, &mut self.firing)
    }
}

/// The shipped configuration with the webhook as receiver, short waits and no time intervals.
fn shipped_config(url: &str) -> String {
    let text = std::fs::read_to_string(files::root().join("rules/alertmanager.yaml")).unwrap();
    let mut config: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
    shorten_waits(&mut config["route"]);
    for receiver in config["receivers"].as_sequence_mut().unwrap() {
        for webhook in receiver["webhook_configs"].as_sequence_mut().into_iter().flatten() {
            webhook["url"] = url.into();
        }
    }
    serde_yaml::to_string(&config).unwrap()
}

/// Sets all waits of the route and its children to 1 s, and removes their time intervals.
fn shorten_waits(route: &mut serde_yaml::Value) {
    let route = route.as_mapping_mut().unwrap();
    for name in ["group_wait", "group_interval"] {
        route.insert(name.into(), "1s".into());
    }
    for name in ["active_time_intervals", "mute_time_intervals"] {
        route.remove(name);
    }
    for child in route.get_mut("routes").and_then(|it| it.as_sequence_mut()).into_iter().flatten() {
        shorten_waits(child);
    }
}

/// Default inhibition and grouping of the kube-prometheus-stack chart.
fn kube_prometheus_stack_config(url: &str) -> String {
    format!(
        "route:\n  receiver: hook\n  group_by: [namespace]\n  group_wait: 1s\n  group_interval: 1s\n  repeat_interval: 12h\n\
         inhibit_rules:\n\
         - {{source_matchers: ['severity = critical'], target_matchers: ['severity =~ warning|info'], equal: [namespace, alertname]}}\n\
         - {{source_matchers: ['severity = warning'], target_matchers: ['severity = info'], equal: [namespace, alertname]}}\n\
         - {{source_matchers: ['alertname = InfoInhibitor'], target_matchers: ['severity = info'], equal: [namespace]}}\n\
         - {{target_matchers: ['alertname = InfoInhibitor']}}\n\
         receivers: [{{name: hook, webhook_configs: [{{url: '{url}'}}]}}]\n"
    )
}

fn lines(changes: &[(String, String)]) -> Vec<&str> {
    let mut lines: Vec<&str> = changes.iter().map(|(line, _)| line.as_str()).collect();
    lines.sort_unstable();
    lines
}

/// Prints the notifications, for `--nocapture`.
#[expect(clippy::print_stdout, reason = "output for developers")]
fn print(step: &str, changes: &[(String, String)]) {
    println!("{step}:");
    for (line, summary) in changes {
        println!("  {line}\n    {summary}");
    }
}

#[test]
fn a_slip_notifies_once_for_its_root_and_resolves_once() {
    let plan = plan_on_time();
    let mut pipeline = Pipeline::start(&[("castiel.yaml", &plan)], shipped_config);
    let changes = pipeline.receive(1);
    print("no milestone is late", &changes);
    assert_eq!(lines(&changes), ["firing ReadinessReportInconsistent castiel"]);

    let late = with_slip(&plan);
    let changes = pipeline.edit("castiel.yaml", &late);
    print("the workspace slips by two weeks", &changes);
    assert_eq!(lines(&changes), ["firing ReadinessMilestoneUnlikely castiel ml/azure"]);
    let summary = &changes[0].1;
    assert!(summary.starts_with("Models trained and deployed will be about 6 working days late (P85 "), "{summary}");
    assert!(summary.ends_with("); root: Azure ML Workspace Infrastructure"), "{summary}");

    let changes = pipeline.edit("castiel.yaml", &with_workspace_done(&late));
    print("the workspace is done", &changes);
    assert_eq!(lines(&changes), ["resolved ReadinessMilestoneUnlikely castiel ml/azure"]);
}

#[test]
fn inhibition_of_kube_prometheus_stack_does_not_silence_other_projects() {
    let plan = plan_on_time();
    let other = |text: &str| replace_once(text, "project: castiel\n", "project: pollux\n");
    let overdue = "milestones: {launch: {title: Launch, due: 2026-01-05}}";
    let third = format!("version: 1\nproject: overdue\ntitle: Overdue\n{overdue}\n");
    let files = [("castiel.yaml", &*plan), ("pollux.yaml", &other(&plan)), ("overdue.yaml", &third)];
    let mut pipeline = Pipeline::start(&files, kube_prometheus_stack_config);
    let changes = pipeline.receive(3);
    print("two projects without a late milestone, and one with an overdue milestone", &changes);
    assert_eq!(
        lines(&changes),
        [
            "firing ReadinessMilestoneOverdue overdue launch",
            "firing ReadinessReportInconsistent castiel",
            "firing ReadinessReportInconsistent pollux",
        ]
    );
    let changes = pipeline.edit("castiel.yaml", &with_slip(&plan));
    print("the workspace of one project slips by two weeks", &changes);
    assert_eq!(lines(&changes), ["firing ReadinessMilestoneUnlikely castiel ml/azure"]);
    let changes = pipeline.edit("pollux.yaml", &other(&with_slip(&plan)));
    print("the workspace of the other project slips by two weeks", &changes);
    assert_eq!(lines(&changes), ["firing ReadinessMilestoneUnlikely pollux ml/azure"]);
}
