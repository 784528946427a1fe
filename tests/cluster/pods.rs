//! Tests of the chart's pods on a real node, scraped by a Prometheus that prometheus-operator runs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::control_plane::project_root;
use crate::daemons::{Daemon, measure, output_text, succeed, wait_until};
use crate::helm::Helm;
use crate::node::{ADDRESS, Node, node};

/// Helm flags: set the label that the operator selects, and wait until the pods are ready.
const SELECTED_AND_READY: [&str; 3] = ["--set=prometheus.release=kube-prometheus-stack", "--wait", "--timeout=5m"];

/// A release in its own namespace. Prints its pods, events and logs if the test fails.
struct Release {
    node: &'static Node,
    namespace: &'static str,
}

#[derive(PartialEq, Debug)]
struct Pod {
    uid: String,
    address: String,
    restarts: u64,
}

impl Pod {
    fn scrape(&self) -> String {
        fetch(&format!("http://{}:20430/metrics", self.address))
    }
}

impl Release {
    /// Creates a namespace that enforces the Pod Security Standard `restricted`.
    fn in_namespace(namespace: &'static str) -> Self {
        let node = node();
        node.plane.create_restricted_namespace(namespace);
        Self { node, namespace }
    }

    fn helm(&self) -> Helm<'_> {
        Helm::in_namespace(&self.node.plane, self.namespace)
    }

    /// Installs the chart without rules, and waits until its pods are ready.
    fn install(&self, flags: &[&str]) {
        // The rules cover all releases, so only one release may have them.
        self.helm().install(
            "readiness-exporter",
            &[&SELECTED_AND_READY[..], &["--set=prometheusRule.enabled=false"], flags].concat(),
        );
    }

    fn kubectl(&self, arguments: &[&str]) -> String {
        self.node.plane.kubectl(&[&["-n", self.namespace], arguments].concat())
    }

    /// Creates or updates the `ConfigMap` `name` with the file `plan`.
    fn apply_config_map(&self, name: &str, plan: &str) {
        let map = serde_json::json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"plan.yaml": plan},
        });
        self.node.plane.kubectl_with_input(&["-n", self.namespace, "apply", "--server-side"], &map.to_string());
    }

    /// The pods that are not being deleted.
    fn pods(&self) -> Vec<Pod> {
        let list = self.node.plane.get(&["pods", "-n", self.namespace]);
        let pods = list["items"].as_array().unwrap().iter();
        let active = pods.filter(|pod| pod["metadata"]["deletionTimestamp"].is_null());
        let pods = active.map(|pod| Pod {
            uid: pod["metadata"]["uid"].as_str().unwrap().to_owned(),
            address: pod["status"]["podIP"].as_str().unwrap_or_default().to_owned(),
            restarts: pod["status"]["containerStatuses"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|container| container["restartCount"].as_u64().unwrap())
                .sum(),
        });
        pods.collect()
    }

    /// The only pod.
    fn pod(&self) -> Pod {
        let mut pods = self.pods();
        assert_eq!(pods.len(), 1, "{pods:?}");
        pods.remove(0)
    }

    /// The result of a Prometheus query: sample values by the value of `label`.
    fn query(&self, query: &str, label: &str) -> BTreeMap<String, String> {
        query_by_label(self.node, query, label)
    }
}

impl Drop for Release {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for arguments in [
                &["get", "pods,configmaps", "-o", "wide"][..],
                &["get", "events", "--sort-by=.lastTimestamp"],
                &["logs", "-l", "app.kubernetes.io/instance=readiness-exporter", "--all-containers", "--tail=30"],
            ] {
                let output = self.node.plane.try_kubectl(&[&["-n", self.namespace], arguments].concat());
                println!("--- kubectl {}\n{}", arguments.join(" "), output_text(&output));
            }
        }
    }
}

/// The response body of `url`, empty if the request fails.
fn fetch(url: &str) -> String {
    let output = Command::new("curl").args(["--silent", "--show-error", "--max-time", "10", url]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Calls Prometheus' API with the parameters `form`.
fn call_api(node: &'static Node, path: &str, form: &[String]) -> Value {
    let address = node.operator().prometheus_address();
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--get", &format!("http://{address}:9090/api/v1/{path}")]);
    for field in form {
        command.args(["--data-urlencode", field]);
    }
    let answer: Value = serde_json::from_str(&succeed(&mut command)).unwrap();
    assert_eq!(answer["status"], "success", "{answer}");
    answer["data"].clone()
}

fn query_by_label(node: &'static Node, query: &str, label: &str) -> BTreeMap<String, String> {
    let answer = call_api(node, "query", &[format!("query={query}")]);
    let rows = answer["result"].as_array().unwrap().iter();
    let value = |row: &Value| row["value"][1].as_str().unwrap().to_owned();
    rows.map(|row| (row["metric"][label].as_str().unwrap_or("-").to_owned(), value(row))).collect()
}

/// The reported completion of the example. Occurs once in its text.
const REPORTED: &str = "reported: 54%";

fn example() -> String {
    let text = std::fs::read_to_string(project_root().join("examples/castiel.readiness.yaml")).unwrap();
    assert_eq!(text.matches(REPORTED).count(), 1);
    text
}

/// The example with another reported completion.
fn example_with(percent: u32) -> String {
    example().replace(REPORTED, &format!("reported: {percent}%"))
}

/// A project with one task.
fn project(id: &str) -> String {
    format!(
        "project: {id}\nareas: {{web: {{workstreams: {{shop: {{points: 10, estimate: 2w, tasks: [{{todo: Ship}}]}}}}}}}}\n"
    )
}

/// Waits until `scrape` returns `percent` as the reported completion.
fn wait_for_reported(percent: u32, scrape: impl Fn() -> String) {
    let sample = format!("readiness_project_completion_ratio{{project=\"castiel\",method=\"reported\"}} 0.{percent}\n");
    wait_until(&format!("{percent} % are served"), || scrape().contains(&sample));
}

#[test]
#[ignore = "needs root: make test-cluster"]
fn an_edit_is_served_without_a_restart() {
    let release = Release::in_namespace("edit");
    release.apply_config_map("plan", &example());
    release.install(&["--set=sources.configMaps={plan}"]);
    let pod = release.pod();
    wait_for_reported(54, || pod.scrape());
    println!("{}", release.helm().run(&["test", "readiness-exporter"]));

    release.apply_config_map("plan", &example_with(61));
    let took = measure(|| wait_for_reported(61, || pod.scrape()));
    println!("figure: a ConfigMap's edit was served after {:.0} s, synced by the kubelet", took.as_secs_f64());
    assert_eq!(release.pod(), pod, "neither replaced nor restarted");
    println!("figure: {} restarts", pod.restarts);
    assert_eq!(pod.restarts, 0);
}

/// Start times of the active alerts of this release, and of those without a namespace, by labels.
fn active_alerts(release: &Release) -> BTreeMap<String, String> {
    query_by_labels(release, "ALERTS_FOR_STATE{alertname=~\"Readiness.*|Naive\",namespace=~\"|alerts\"}")
}

/// The result of a Prometheus query: sample values by labels.
fn query_by_labels(release: &Release, query: &str) -> BTreeMap<String, String> {
    let answer = call_api(release.node, "query", &[format!("query={query}")]);
    let rows = answer["result"].as_array().unwrap().iter();
    rows.map(|row| (row["metric"].to_string(), row["value"][1].as_str().unwrap().to_owned())).collect()
}

/// Waits until Prometheus has scraped `pod` and then evaluated all rules twice.
fn wait_for_evaluation(release: &Release, pod: &Pod) {
    let namespace = release.namespace;
    let up = format!("up{{namespace=\"{namespace}\",instance=\"{}:20430\"}} == 1", pod.address);
    wait_until("the pod is scraped", || !release.query(&up, "instance").is_empty());
    for round in ["once", "twice"] {
        let before = evaluation_times(release);
        wait_until(&format!("all rules are evaluated {round}"), || {
            let now = evaluation_times(release);
            before.iter().all(|(group, then)| now.get(group).is_some_and(|now| now > then))
        });
    }
}

/// Times of the last evaluation of each rule group with an interval of one minute.
fn evaluation_times(release: &Release) -> BTreeMap<String, String> {
    let answer = call_api(release.node, "rules", &[]);
    let groups = answer["groups"].as_array().unwrap().iter();
    let groups = groups.filter(|group| group["interval"] == 60);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    groups.map(|group| (text(&group["name"]), text(&group["lastEvaluation"]))).collect()
}

#[test]
#[ignore = "needs root: make test-cluster"]
fn replaced_pods_neither_start_nor_resolve_alerts() {
    let release = Release::in_namespace("alerts");
    release.apply_config_map("plan", &example());
    // This alert depends on labels of the pod, so it restarts. It shows that the test detects a restarted alert.
    let naive = "prometheusRule.extraGroups=[{\"name\": \"naive\", \"interval\": \"1m\", \"rules\": [\
        {\"alert\": \"Naive\", \"expr\": \"readiness_project_completion_ratio{method=\\\"earned\\\"} < 1\", \"for\": \"1h\"}]}]";
    let values = [&SELECTED_AND_READY[..], &["--set=sources.configMaps={plan}", "--set-json", naive]].concat();
    release.helm().install("readiness-exporter", &values);

    wait_until("all rules are loaded", || {
        let answer = call_api(release.node, "rules", &[]);
        let groups = answer["groups"].as_array().unwrap();
        let rules: Vec<&Value> = groups.iter().flat_map(|group| group["rules"].as_array().unwrap()).collect();
        !rules.is_empty() && rules.iter().all(|rule| rule["health"] == "ok" || rule["health"] == "unknown")
    });
    let pod = release.pod();
    wait_for_evaluation(&release, &pod);
    let mut before = BTreeMap::new();
    wait_until("alerts are pending", || {
        before = active_alerts(&release);
        before.keys().any(|alert| alert.contains("ReadinessMilestoneOverdue"))
            && before.keys().any(|alert| alert.contains("Naive"))
    });
    // More alerts can become pending until all groups are evaluated.
    wait_for_evaluation(&release, &pod);
    let before = active_alerts(&release);

    release.kubectl(&[
        "delete",
        "pod",
        "-l",
        "app.kubernetes.io/name=readiness-exporter",
        "--grace-period=0",
        "--force",
    ]);
    release.kubectl(&["rollout", "status", "deployment", "--timeout=5m"]);
    let replacement = release.pod();
    assert_ne!(replacement.uid, pod.uid);
    wait_for_evaluation(&release, &replacement);

    let round = "--set=podAnnotations.example\\.org/round=second";
    release.helm().upgrade("readiness-exporter", &[&values[..], &[round]].concat());
    wait_until("the old pod is deleted", || release.pods().len() == 1);
    let updated = release.pod();
    assert_ne!(updated.uid, replacement.uid);
    wait_for_evaluation(&release, &updated);

    let after = active_alerts(&release);
    // A restarted alert has another start time. An alert that depends on the pod has other labels.
    let (naive, shipped): (BTreeSet<_>, BTreeSet<_>) =
        difference(&before, &after).into_iter().partition(|alert| alert.contains("Naive"));
    assert_eq!(shipped, BTreeSet::new());
    assert!(!naive.is_empty(), "the test detects no restarted alert");
    // An alert that was active only in between causes a notification if it fired.
    let firing = "max by (alertname) (max_over_time(ALERTS{alertstate=\"firing\",namespace=~\"|alerts\"}[1h]))";
    let fired: Vec<String> = query_by_labels(&release, firing).into_keys().collect();
    let was_active = |name: &&String| before.keys().any(|alert| alert.contains(name.trim_matches(['{', '}'])));
    assert_eq!(fired.iter().filter(|name| !was_active(name)).count(), 0, "{fired:?}");
    println!(
        "figure: {} alerts stayed active during a killed pod and a rolling update; none started, none resolved",
        before.keys().filter(|alert| !alert.contains("Naive")).count(),
    );
}

/// The alerts, with their start times, that are in only one of the maps.
fn difference(left: &BTreeMap<String, String>, right: &BTreeMap<String, String>) -> BTreeSet<String> {
    let lines = |alerts: &BTreeMap<String, String>| -> BTreeSet<String> {
        alerts.iter().map(|(labels, start)| format!("{labels} since {start}")).collect()
    };
    lines(left).symmetric_difference(&lines(right)).cloned().collect()
}

#[test]
#[ignore = "needs root: make test-cluster"]
fn each_project_is_served_by_one_shard() {
    let release = Release::in_namespace("shards");
    let ids: BTreeSet<String> = (0..12).map(|number| format!("project-{number}")).collect();
    for id in &ids {
        release.apply_config_map(id, &project(id));
    }
    let maps = ids.iter().map(String::as_str).collect::<Vec<_>>().join(",");
    release.install(&["--set=shards=2", &format!("--set=sources.configMaps={{{maps}}}")]);
    let served = |pod: &Pod| -> BTreeSet<String> {
        let exposition = pod.scrape();
        let lines = exposition.lines().filter_map(|line| line.strip_prefix("readiness_project_info{project=\""));
        lines.map(|line| line.split('"').next().unwrap().to_owned()).collect()
    };
    let pods = release.pods();
    let [one, other] = [served(&pods[0]), served(&pods[1])];
    assert!(!one.is_empty() && !other.is_empty(), "{one:?} {other:?}");
    assert_eq!(one.union(&other).cloned().collect::<BTreeSet<_>>(), ids);
    assert_eq!(one.intersection(&other).count(), 0);

    let query = "count by (project) (readiness_project_info{namespace=\"shards\"})";
    let each_once: BTreeMap<String, String> = ids.iter().map(|id| (id.clone(), "1".to_owned())).collect();
    wait_until("Prometheus has every project once", || release.query(query, "project") == each_once);
    println!("figure: 2 shards serve {} and {} of {} projects", one.len(), other.len(), ids.len());
}

#[test]
#[ignore = "needs root: make test-cluster"]
fn labelled_config_maps_are_added_updated_and_removed() {
    let release = Release::in_namespace("labelled");
    release.install(&["--set=sources.sidecar.enabled=true"]);
    let pod = release.pod();
    // Without the label, it is ignored.
    release.apply_config_map("plan", &example());
    release.kubectl(&["label", "configmap", "plan", "readiness_file=1"]);
    wait_for_reported(54, || pod.scrape());
    release.apply_config_map("plan", &example_with(61));
    let took = measure(|| wait_for_reported(61, || pod.scrape()));
    println!("figure: a labelled ConfigMap's edit was served after {:.1} s", took.as_secs_f64());
    release.kubectl(&["delete", "configmap", "plan"]);
    wait_until("the project is removed", || !pod.scrape().contains("readiness_project_info{"));
    assert_eq!(release.pod(), pod, "neither replaced nor restarted");
}

#[test]
#[ignore = "needs root: make test-cluster"]
fn git_commits_are_served() {
    let release = Release::in_namespace("git");
    let folder = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| {
        let author = ["-c", "user.name=test", "-c", "user.email=test@example.org"];
        succeed(Command::new("git").arg("-C").arg(folder.path().join("plans")).args(author).args(arguments))
    };
    let commit = |percent: u32| {
        std::fs::write(folder.path().join("plans/plan.yaml"), example_with(percent)).unwrap();
        git(&["add", "."]);
        git(&["commit", "--quiet", "-m", "status"]);
        git(&["push", "--quiet", "../plans.git", "HEAD:main"]);
    };
    succeed(Command::new("git").args(["init", "--quiet", "-b", "main"]).arg(folder.path().join("plans")));
    succeed(Command::new("git").args(["init", "--quiet", "--bare", "-b", "main"]).arg(folder.path().join("plans.git")));
    commit(54);
    // Not `git daemon`, because that runs the server as a child which would not be stopped.
    let programs = succeed(Command::new("git").arg("--exec-path"));
    let server = || {
        let mut command = Command::new(Path::new(programs.trim()).join("git-daemon"));
        command.args(["--reuseaddr", "--export-all", &format!("--listen={ADDRESS}")]);
        command.arg(format!("--base-path={}", folder.path().display()));
        let mut daemon = Daemon::start("git-daemon", folder.path(), &mut command);
        daemon.wait_until("it listens", || std::net::TcpStream::connect((ADDRESS, 9418)).is_ok());
        daemon
    };

    let running = server();
    let repository = format!("--set=sources.gitSync.repo=git://{ADDRESS}/plans.git");
    release.install(&["--set=sources.gitSync.enabled=true", "--set=sources.gitSync.period=2s", &repository]);
    let pod = release.pod();
    wait_for_reported(54, || pod.scrape());
    commit(61);
    let took = measure(|| wait_for_reported(61, || pod.scrape()));
    println!("figure: a commit was served after {:.1} s, with a period of 2 s", took.as_secs_f64());

    // While the server is down, the last commit is served. Later commits are served once it is up again.
    drop(running);
    commit(62);
    assert!(pod.scrape().contains("method=\"reported\"} 0.61\n"));
    let _running = server();
    wait_for_reported(62, || pod.scrape());
    assert_eq!(release.pod(), pod, "neither replaced nor restarted");
}

#[test]
#[ignore = "needs root: make test-cluster"]
fn prometheus_scrapes_over_tls_with_a_password() {
    let release = Release::in_namespace("tls");
    release.apply_config_map("plan", &example());
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let name = "readiness-exporter.tls.svc";
    succeed(Command::new("openssl").args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]).args([
        format!("-subj=/CN={name}").as_str(),
        &format!("-addext=subjectAltName=DNS:{name}"),
        &format!("-keyout={}", path("tls.key")),
        &format!("-out={}", path("tls.crt")),
    ]));
    // The bcrypt hash of `test`, with the lowest cost.
    let web = "tls_server_config: {cert_file: tls.crt, key_file: tls.key}\n\
        basic_auth_users: {prometheus: $2b$04$Rf7cmA9SHyIzRWnWIuOs7Oa876YuceXTRTPW0H.Rr8N.3mhtvL.AW}\n";
    std::fs::write(path("web-config.yml"), web).unwrap();
    let file = |name: &str| format!("--from-file={}", path(name));
    release.kubectl(&["create", "secret", "generic", "web", &file("web-config.yml")]);
    release.kubectl(&[
        "create",
        "secret",
        "tls",
        "tls",
        &format!("--cert={}", path("tls.crt")),
        &format!("--key={}", path("tls.key")),
    ]);
    release.kubectl(&[
        "create",
        "secret",
        "generic",
        "scraper",
        "--from-literal=username=prometheus",
        "--from-literal=password=test",
    ]);
    let monitor = "serviceMonitor={\"scheme\": \"https\", \
        \"tlsConfig\": {\"ca\": {\"secret\": {\"name\": \"tls\", \"key\": \"tls.crt\"}}, \"serverName\": \"readiness-exporter.tls.svc\"}, \
        \"basicAuth\": {\"username\": {\"name\": \"scraper\", \"key\": \"username\"}, \"password\": {\"name\": \"scraper\", \"key\": \"password\"}}}";
    release.install(&[
        "--set=sources.configMaps={plan}",
        "--set=web.config.existingSecret=web,web.config.tlsSecret=tls",
        "--set-json",
        monitor,
    ]);
    wait_until("Prometheus scrapes it", || !release.query("up{namespace=\"tls\"} == 1", "namespace").is_empty());
    assert_eq!(release.pod().restarts, 0);
}
