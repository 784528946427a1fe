//! The chart's pods on a real node, scraped by a real Prometheus that the real operator configured.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::control_plane::here;
use crate::daemons::{Daemon, succeed, timed, wait_until};
use crate::helm::Helm;
use crate::node::{ADDRESS, Node, node};

/// Flags of Helm by which the operator takes what it installs, and Helm waits until pods are ready.
const WATCHED: [&str; 3] = ["--set=prometheus.release=kube-prometheus-stack", "--wait", "--timeout=5m"];

/// A release in a namespace of its own, which is described when its test fails.
struct Release {
    node: &'static Node,
    namespace: &'static str,
}

/// The pod of a release that has one.
#[derive(PartialEq, Debug)]
struct Pod {
    uid: String,
    address: String,
    restarts: u64,
}

impl Pod {
    /// Its page of metrics.
    fn page(&self) -> String {
        fetch(&format!("http://{}:20430/metrics", self.address))
    }
}

impl Release {
    /// Makes the namespace, in which nothing is allowed that the Pod Security Standard `restricted` forbids.
    fn in_namespace(namespace: &'static str) -> Self {
        let node = node();
        node.plane.restricted_namespace(namespace);
        Self { node, namespace }
    }

    fn helm(&self) -> Helm<'_> {
        Helm::within(&self.node.plane, self.namespace)
    }

    /// Installs the chart without rules, and waits until it is ready.
    fn install(&self, flags: &[&str]) {
        // Rules are about all releases, so that one of them is to have them.
        self.helm()
            .install("readiness-exporter", &[&WATCHED[..], &["--set=prometheusRule.enabled=false"], flags].concat());
    }

    fn kubectl(&self, arguments: &[&str]) -> String {
        self.node.plane.kubectl(&[&["-n", self.namespace], arguments].concat())
    }

    /// Writes `plan` into the `ConfigMap` `name`.
    fn write(&self, name: &str, plan: &str) {
        let map = serde_json::json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"plan.yaml": plan},
        });
        self.node.plane.feed(&["-n", self.namespace, "apply", "--server-side"], &map.to_string());
    }

    /// The pods that are there to stay.
    fn pods(&self) -> Vec<Pod> {
        let list = self.node.plane.get(&["pods", "-n", self.namespace]);
        let pods = list["items"].as_array().unwrap().iter();
        let stay = pods.filter(|pod| pod["metadata"]["deletionTimestamp"].is_null());
        let pods = stay.map(|pod| Pod {
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

    /// The one pod.
    fn pod(&self) -> Pod {
        let mut pods = self.pods();
        assert_eq!(pods.len(), 1, "{pods:?}");
        pods.remove(0)
    }

    /// The values of `query`, by the values of the label `label`.
    fn ask(&self, query: &str, label: &str) -> BTreeMap<String, String> {
        ask(self.node, query, label)
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
                println!("--- kubectl {}\n{}", arguments.join(" "), crate::daemons::said(&output));
            }
        }
    }
}

/// What is at `url`; nothing when it can't be had.
fn fetch(url: &str) -> String {
    let output = Command::new("curl").args(["--silent", "--show-error", "--max-time", "10", url]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// What Prometheus' API says at `path` to `form`.
fn api(node: &'static Node, path: &str, form: &[String]) -> Value {
    let address = node.operator().prometheus();
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--get", &format!("http://{address}:9090/api/v1/{path}")]);
    for field in form {
        command.args(["--data-urlencode", field]);
    }
    let answer: Value = serde_json::from_str(&succeed(&mut command)).unwrap();
    assert_eq!(answer["status"], "success", "{answer}");
    answer["data"].clone()
}

/// The values of `query`, by the values of the label `label`.
fn ask(node: &'static Node, query: &str, label: &str) -> BTreeMap<String, String> {
    let answer = api(node, "query", &[format!("query={query}")]);
    let rows = answer["result"].as_array().unwrap().iter();
    let value = |row: &Value| row["value"][1].as_str().unwrap().to_owned();
    rows.map(|row| (row["metric"][label].as_str().unwrap_or("-").to_owned(), value(row))).collect()
}

/// The completion that is reported of the example, in a text in which nothing else is written so.
const REPORTED: &str = "reported: 54%";

fn example() -> String {
    let text = std::fs::read_to_string(here().join("examples/castiel.readiness.yaml")).unwrap();
    assert_eq!(text.matches(REPORTED).count(), 1);
    text
}

/// The example, with another completion reported.
fn example_with(percent: u32) -> String {
    example().replace(REPORTED, &format!("reported: {percent}%"))
}

/// A project of one task.
fn project(id: &str) -> String {
    format!(
        "project: {id}\nareas: {{web: {{workstreams: {{shop: {{points: 10, estimate: 2w, tasks: [{{todo: Ship}}]}}}}}}}}\n"
    )
}

/// Waits until `page` has the completion `percent` reported.
fn wait_for_reported(percent: u32, page: impl Fn() -> String) {
    let sample = format!("readiness_project_completion_ratio{{project=\"castiel\",method=\"reported\"}} 0.{percent}\n");
    wait_until(&format!("{percent} % are served"), || page().contains(&sample));
}

#[test]
#[ignore = "needs root: make test-cluster"]
fn an_edit_arrives_without_a_restart() {
    let release = Release::in_namespace("edit");
    release.write("plan", &example());
    release.install(&["--set=sources.configMaps={plan}"]);
    let pod = release.pod();
    wait_for_reported(54, || pod.page());
    println!("{}", release.helm().succeed(&["test", "readiness-exporter"]));

    release.write("plan", &example_with(61));
    let took = timed(|| wait_for_reported(61, || pod.page()));
    println!("figure: a ConfigMap's edit was served after {:.0} s, by the kubelet's own swap", took.as_secs_f64());
    assert_eq!(release.pod(), pod, "neither replaced nor restarted");
    println!("figure: {} restarts", pod.restarts);
    assert_eq!(pod.restarts, 0);
}

/// When each active alert about this release, or about none, began, by its labels.
fn alerts(release: &Release) -> BTreeMap<String, String> {
    active(release, "ALERTS_FOR_STATE{alertname=~\"Readiness.*|Naive\",namespace=~\"|alerts\"}")
}

/// The values of a query for alerts, by their labels.
fn active(release: &Release, query: &str) -> BTreeMap<String, String> {
    let answer = api(release.node, "query", &[format!("query={query}")]);
    let rows = answer["result"].as_array().unwrap().iter();
    rows.map(|row| (row["metric"].to_string(), row["value"][1].as_str().unwrap().to_owned())).collect()
}

/// Waits until Prometheus scraped `pod`, and judged every rule twice since.
fn wait_for_judgement(release: &Release, pod: &Pod) {
    let namespace = release.namespace;
    let up = format!("up{{namespace=\"{namespace}\",instance=\"{}:20430\"}} == 1", pod.address);
    wait_until("the pod is scraped", || !release.ask(&up, "instance").is_empty());
    for round in ["once", "twice"] {
        let begun = judged(release);
        wait_until(&format!("every rule was judged {round}"), || {
            let now = judged(release);
            begun.iter().all(|(group, then)| now.get(group).is_some_and(|now| now > then))
        });
    }
}

/// When each group of rules that is judged every minute was judged last.
fn judged(release: &Release) -> BTreeMap<String, String> {
    let answer = api(release.node, "rules", &[]);
    let groups = answer["groups"].as_array().unwrap().iter();
    let often = groups.filter(|group| group["interval"] == 60);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    often.map(|group| (text(&group["name"]), text(&group["lastEvaluation"]))).collect()
}

#[test]
#[ignore = "needs root: make test-cluster"]
fn replaced_pods_neither_raise_nor_end_an_alert() {
    let release = Release::in_namespace("alerts");
    release.write("plan", &example());
    // This one speaks of the pod's own series, and shows that the test sees an alert that begins anew.
    let naive = "prometheusRule.extraGroups=[{\"name\": \"naive\", \"interval\": \"1m\", \"rules\": [\
        {\"alert\": \"Naive\", \"expr\": \"readiness_project_completion_ratio{method=\\\"earned\\\"} < 1\", \"for\": \"1h\"}]}]";
    let values = [&WATCHED[..], &["--set=sources.configMaps={plan}", "--set-json", naive]].concat();
    release.helm().install("readiness-exporter", &values);

    wait_until("all rules are loaded", || {
        let answer = api(release.node, "rules", &[]);
        let groups = answer["groups"].as_array().unwrap();
        let rules: Vec<&Value> = groups.iter().flat_map(|group| group["rules"].as_array().unwrap()).collect();
        !rules.is_empty() && rules.iter().all(|rule| rule["health"] == "ok" || rule["health"] == "unknown")
    });
    let pod = release.pod();
    wait_for_judgement(&release, &pod);
    let mut before = BTreeMap::new();
    wait_until("alerts are pending", || {
        before = alerts(&release);
        before.keys().any(|alert| alert.contains("ReadinessMilestoneOverdue"))
            && before.keys().any(|alert| alert.contains("Naive"))
    });
    // Others may come until every group was judged.
    wait_for_judgement(&release, &pod);
    let before = alerts(&release);

    release.kubectl(&[
        "delete",
        "pod",
        "-l",
        "app.kubernetes.io/name=readiness-exporter",
        "--grace-period=0",
        "--force",
    ]);
    release.kubectl(&["rollout", "status", "deployment", "--timeout=5m"]);
    let killed = release.pod();
    assert_ne!(killed.uid, pod.uid);
    wait_for_judgement(&release, &killed);

    let round = "--set=podAnnotations.example\\.org/round=second";
    release.helm().upgrade("readiness-exporter", &[&values[..], &[round]].concat());
    wait_until("the old pod is gone", || release.pods().len() == 1);
    let rolled = release.pod();
    assert_ne!(rolled.uid, killed.uid);
    wait_for_judgement(&release, &rolled);

    let after = alerts(&release);
    // An alert that ended, and began again, has another beginning. One that is bound to a pod has other labels.
    let (naive, own): (BTreeSet<_>, BTreeSet<_>) =
        difference(&before, &after).into_iter().partition(|alert| alert.contains("Naive"));
    assert_eq!(own, BTreeSet::new());
    assert!(!naive.is_empty(), "the test sees nothing");
    // An alert that came and went in between is no notification unless it fired.
    let firing = "max by (alertname) (max_over_time(ALERTS{alertstate=\"firing\",namespace=~\"|alerts\"}[1h]))";
    let fired: Vec<String> = active(&release, firing).into_keys().collect();
    let is_old = |name: &&String| before.keys().any(|alert| alert.contains(name.trim_matches(['{', '}'])));
    assert_eq!(fired.iter().filter(|name| !is_old(name)).count(), 0, "{fired:?}");
    println!(
        "figure: {} alerts were active throughout a killed pod and a rolling update; none began, none ended",
        before.keys().filter(|alert| !alert.contains("Naive")).count(),
    );
}

/// The alerts, each with its beginning, that are in only one of both.
fn difference(left: &BTreeMap<String, String>, right: &BTreeMap<String, String>) -> BTreeSet<String> {
    let of = |alerts: &BTreeMap<String, String>| -> BTreeSet<String> {
        alerts.iter().map(|(labels, begun)| format!("{labels} since {begun}")).collect()
    };
    of(left).symmetric_difference(&of(right)).cloned().collect()
}

#[test]
#[ignore = "needs root: make test-cluster"]
fn shards_serve_each_project_once() {
    let release = Release::in_namespace("shards");
    let ids: BTreeSet<String> = (0..12).map(|number| format!("project-{number}")).collect();
    for id in &ids {
        release.write(id, &project(id));
    }
    let maps = ids.iter().map(String::as_str).collect::<Vec<_>>().join(",");
    release.install(&["--set=shards=2", &format!("--set=sources.configMaps={{{maps}}}")]);
    let served = |pod: &Pod| -> BTreeSet<String> {
        let page = pod.page();
        let lines = page.lines().filter_map(|line| line.strip_prefix("readiness_project_info{project=\""));
        lines.map(|line| line.split('"').next().unwrap().to_owned()).collect()
    };
    let pods = release.pods();
    let [one, other] = [served(&pods[0]), served(&pods[1])];
    assert!(!one.is_empty() && !other.is_empty(), "{one:?} {other:?}");
    assert_eq!(one.union(&other).cloned().collect::<BTreeSet<_>>(), ids);
    assert_eq!(one.intersection(&other).count(), 0);

    let query = "count by (project) (readiness_project_info{namespace=\"shards\"})";
    let each_once: BTreeMap<String, String> = ids.iter().map(|id| (id.clone(), "1".to_owned())).collect();
    wait_until("Prometheus has every project once", || release.ask(query, "project") == each_once);
    println!("figure: 2 shards serve {} and {} of {} projects", one.len(), other.len(), ids.len());
}

#[test]
#[ignore = "needs root: make test-cluster"]
fn labelled_config_maps_come_and_go() {
    let release = Release::in_namespace("labelled");
    release.install(&["--set=sources.sidecar.enabled=true"]);
    let pod = release.pod();
    // Without the label it is nobody's.
    release.write("plan", &example());
    release.kubectl(&["label", "configmap", "plan", "readiness_file=1"]);
    wait_for_reported(54, || pod.page());
    release.write("plan", &example_with(61));
    let took = timed(|| wait_for_reported(61, || pod.page()));
    println!("figure: a labelled ConfigMap's edit was served after {:.1} s", took.as_secs_f64());
    release.kubectl(&["delete", "configmap", "plan"]);
    wait_until("the project is gone", || !pod.page().contains("readiness_project_info{"));
    assert_eq!(release.pod(), pod, "neither replaced nor restarted");
}

#[test]
#[ignore = "needs root: make test-cluster"]
fn commits_arrive_from_git() {
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
    // Called by its own name, since `git daemon` is a parent that its child outlives.
    let programs = succeed(Command::new("git").arg("--exec-path"));
    let server = || {
        let mut command = Command::new(Path::new(programs.trim()).join("git-daemon"));
        command.args(["--reuseaddr", "--export-all", &format!("--listen={ADDRESS}")]);
        command.arg(format!("--base-path={}", folder.path().display()));
        let mut daemon = Daemon::start("git-daemon", folder.path(), &mut command);
        daemon.until("it answers", || std::net::TcpStream::connect((ADDRESS, 9418)).is_ok());
        daemon
    };

    let running = server();
    let repository = format!("--set=sources.gitSync.repo=git://{ADDRESS}/plans.git");
    release.install(&["--set=sources.gitSync.enabled=true", "--set=sources.gitSync.period=2s", &repository]);
    let pod = release.pod();
    wait_for_reported(54, || pod.page());
    commit(61);
    let took = timed(|| wait_for_reported(61, || pod.page()));
    println!("figure: a commit was served after {:.1} s, looked for every 2 s", took.as_secs_f64());

    // Without the server, what is there stays, and what comes afterwards arrives.
    drop(running);
    commit(62);
    assert!(pod.page().contains("method=\"reported\"} 0.61\n"));
    let _running = server();
    wait_for_reported(62, || pod.page());
    assert_eq!(release.pod(), pod, "neither replaced nor restarted");
}

#[test]
#[ignore = "needs root: make test-cluster"]
fn prometheus_scrapes_over_tls_with_a_password() {
    let release = Release::in_namespace("tls");
    release.write("plan", &example());
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let name = "readiness-exporter.tls.svc";
    succeed(Command::new("openssl").args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]).args([
        format!("-subj=/CN={name}").as_str(),
        &format!("-addext=subjectAltName=DNS:{name}"),
        &format!("-keyout={}", path("tls.key")),
        &format!("-out={}", path("tls.crt")),
    ]));
    // The hash of `test`, of the lowest cost.
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
    wait_until("Prometheus scraped it", || !release.ask("up{namespace=\"tls\"} == 1", "namespace").is_empty());
    assert_eq!(release.pod().restarts, 0);
}
