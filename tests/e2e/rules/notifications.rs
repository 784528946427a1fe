//! From an edit of the file to the message that somebody reads, through real servers.
//!
//! Two things differ from what is shipped: rules are evaluated every second, and conditions have to
//! stand for five. The example is moved to the present, so that its day is today.

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

/// So long nothing may arrive for quiet to be believed: five times as long as anything takes here.
const QUIET: Duration = Duration::from_secs(10);

/// Takes notifications, as the servers of mail and chat would.
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

    /// What is new in the notifications, once there is so `many` of it and then quiet: status, name,
    /// project, and root, item or milestone.
    fn hears(&self, many: usize, known: &mut Vec<String>) -> Vec<(String, String)> {
        let mut news: Vec<(String, String)> = Vec::new();
        let patience = |heard: usize| if heard < many { PATIENCE } else { QUIET };
        while let Ok(notification) = self.notifications.recv_timeout(patience(news.len())) {
            for alert in notification["alerts"].as_array().unwrap() {
                let label = |name: &str| alert["labels"][name].as_str().unwrap_or_default();
                let about = format!("{}{}{}", label("root"), label("item"), label("milestone"));
                let status = alert["status"].as_str().unwrap();
                let line = format!("{status} {} {} {about}", label("alertname"), label("project"));
                let line = line.trim_end().to_owned();
                let opposite = line.replacen("resolved", "firing", 1);
                if line != opposite {
                    known.retain(|it| *it != opposite);
                } else if known.contains(&line) {
                    continue;
                } else {
                    known.push(line.clone());
                }
                news.push((line, alert["annotations"]["summary"].as_str().unwrap().to_owned()));
            }
        }
        news
    }
}

/// The rules, evaluated every second.
fn write_hasty_rules(folder: &Path) {
    for path in files::paths() {
        let text = std::fs::read_to_string(&path).unwrap();
        let hasty = |line: &str| match line.trim_start().split_once(": ") {
            Some(("interval", _)) => "    interval: 1s".to_owned(),
            Some(("for", _)) => "        for: 5s".to_owned(),
            _ => line.to_owned(),
        };
        let text: Vec<String> = text.lines().map(hasty).collect();
        std::fs::write(folder.join(path.file_name().unwrap()), text.join("\n")).unwrap();
    }
}

/// `text` with every date so many weeks later that its status date is today, or up to six days ahead:
/// days of the week stay what they are, and so does the forecast.
#[expect(clippy::disallowed_methods, reason = "the daemon under test has no other clock")]
fn moved_to_the_present(text: &str) -> String {
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

/// The example with a plan that can be kept: its date for the models can't.
fn kept_plan() -> String {
    let example = std::fs::read_to_string(files::root().join("examples/castiel.readiness.yaml")).unwrap();
    let example = edited(
        &example,
        "due: 2026-03\n    baseline: 2026-03-31\n    needs: [ml/training",
        "due: 2026-04-24\n    baseline: 2026-03-31\n    needs: [ml/training",
    );
    moved_to_the_present(&example)
}

fn edited(text: &str, old: &str, new: &str) -> String {
    assert_eq!(text.matches(old).count(), 1, "the example has one `{old}`");
    text.replace(old, new)
}

/// The workspace takes two weeks longer.
fn slipped(text: &str) -> String {
    edited(
        text,
        "estimate: 2-3w\n        blocker: true\n        impact: Blocks ML",
        "estimate: 4-5w\n        blocker: true\n        impact: Blocks ML",
    )
}

/// The workspace is there.
fn finished(text: &str) -> String {
    let start = text.find("      azure:\n").unwrap();
    let end = start + text[start..].find("      training:\n").unwrap();
    let done = text[start..end].replace("- todo: ", "- done: ");
    assert_ne!(done, text[start..end]);
    format!("{}{done}{}", &text[..start], &text[end..])
}

/// Daemon, Prometheus, Alertmanager and a receiver, in a row.
struct Chain {
    _daemon: crate::processes::Running,
    _alertmanager: Alertmanager,
    _prometheus: Prometheus,
    webhook: Webhook,
    folder: tempfile::TempDir,
    known: Vec<String>,
}

impl Chain {
    /// Serves `files`, by name; `config` makes the configuration of Alertmanager of the receiver's URL.
    fn of(files: &[(&str, &str)], config: impl Fn(&str) -> String) -> Self {
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
        // Rules come after the first scrape: on a slow machine it may be long in coming, and an exporter that
        // nobody has scraped for five seconds is absent.
        prometheus.ask("readiness_project_info", &[]);
        write_hasty_rules(&rules);
        prometheus.reload();
        Self {
            _daemon: daemon,
            _alertmanager: alertmanager,
            _prometheus: prometheus,
            webhook,
            folder,
            known: Vec::new(),
        }
    }

    /// The one thing that is new after the plan `name` became `text`, and whatever else is.
    fn after(&mut self, name: &str, text: &str) -> Vec<(String, String)> {
        std::fs::write(self.folder.path().join("plans").join(name), text).unwrap();
        self.hears(1)
    }

    fn hears(&mut self, many: usize) -> Vec<(String, String)> {
        self.webhook.hears(many, &mut self.known)
    }
}

/// The shipped configuration: its waiting shortened, its clock left out, its receiver the webhook.
fn shipped(url: &str) -> String {
    let text = std::fs::read_to_string(files::root().join("rules/alertmanager.yaml")).unwrap();
    let mut config: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
    hurry(&mut config["route"]);
    for receiver in config["receivers"].as_sequence_mut().unwrap() {
        for webhook in receiver["webhook_configs"].as_sequence_mut().into_iter().flatten() {
            webhook["url"] = url.into();
        }
    }
    serde_yaml::to_string(&config).unwrap()
}

/// Waits for a second at most, at any time of the day, on this route and those below it.
fn hurry(route: &mut serde_yaml::Value) {
    let route = route.as_mapping_mut().unwrap();
    for name in ["group_wait", "group_interval"] {
        route.insert(name.into(), "1s".into());
    }
    for name in ["active_time_intervals", "mute_time_intervals"] {
        route.remove(name);
    }
    for child in route.get_mut("routes").and_then(|it| it.as_sequence_mut()).into_iter().flatten() {
        hurry(child);
    }
}

/// The inhibition that kube-prometheus-stack's chart has by default, and its grouping.
fn of_the_stack(url: &str) -> String {
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

fn lines(news: &[(String, String)]) -> Vec<&str> {
    let mut lines: Vec<&str> = news.iter().map(|(line, _)| line.as_str()).collect();
    lines.sort_unstable();
    lines
}

/// Prints what a reader would see, for `--nocapture`.
#[expect(clippy::print_stdout, reason = "for whoever wants to read it")]
fn show(step: &str, news: &[(String, String)]) {
    println!("{step}:");
    for (line, summary) in news {
        println!("  {line}\n    {summary}");
    }
}

#[test]
fn a_slip_of_the_workspace_notifies_once_for_its_root_and_resolves_once() {
    let plan = kept_plan();
    let mut chain = Chain::of(&[("castiel.yaml", &plan)], shipped);
    let news = chain.hears(1);
    show("a plan that can be kept", &news);
    assert_eq!(lines(&news), ["firing ReadinessReportInconsistent castiel"]);

    let late = slipped(&plan);
    let news = chain.after("castiel.yaml", &late);
    show("the workspace slips by two weeks", &news);
    assert_eq!(lines(&news), ["firing ReadinessMilestoneUnlikely castiel ml/azure"]);
    let summary = &news[0].1;
    assert!(summary.starts_with("Models trained and deployed will be about 6 working days late (P85 "), "{summary}");
    assert!(summary.ends_with("); root: Azure ML Workspace Infrastructure"), "{summary}");

    let news = chain.after("castiel.yaml", &finished(&late));
    show("the workspace is done", &news);
    assert_eq!(lines(&news), ["resolved ReadinessMilestoneUnlikely castiel ml/azure"]);
}

#[test]
fn inhibition_of_the_stack_silences_no_other_project_in_the_namespace() {
    let plan = kept_plan();
    let other = |text: &str| edited(text, "project: castiel\n", "project: pollux\n");
    let overdue = "milestones: {gone: {title: Gone by, due: 2026-01-05}}";
    let third = format!("version: 1\nproject: bygone\ntitle: Bygone\n{overdue}\n");
    let files = [("castiel.yaml", &*plan), ("pollux.yaml", &other(&plan)), ("bygone.yaml", &third)];
    let mut chain = Chain::of(&files, of_the_stack);
    let news = chain.hears(3);
    show("two plans that can be kept, and a third that has gone by", &news);
    assert_eq!(
        lines(&news),
        [
            "firing ReadinessMilestoneOverdue bygone gone",
            "firing ReadinessReportInconsistent castiel",
            "firing ReadinessReportInconsistent pollux",
        ]
    );
    let news = chain.after("castiel.yaml", &slipped(&plan));
    show("the workspace of one slips by two weeks", &news);
    assert_eq!(lines(&news), ["firing ReadinessMilestoneUnlikely castiel ml/azure"]);
    let news = chain.after("pollux.yaml", &other(&slipped(&plan)));
    show("and that of the other", &news);
    assert_eq!(lines(&news), ["firing ReadinessMilestoneUnlikely pollux ml/azure"]);
}
