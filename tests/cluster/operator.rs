//! What the real prometheus-operator makes of the chart's objects.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::Ipv4Addr;
use std::process::Command;

use flate2::read::GzDecoder;
use serde_json::Value;

use crate::control_plane::{ControlPlane, free_ports};
use crate::daemons::{Daemon, succeed, wait_until};
use crate::helm::{Helm, NAMESPACE};
use crate::tools;

/// The namespace of Prometheus.
pub(crate) const MONITORING: &str = "monitoring";

/// The image that hands what the operator wrote to Prometheus.
pub(crate) const RELOADER: &str = "quay.io/prometheus-operator/prometheus-config-reloader:v0.85.0";

/// A Prometheus as kube-prometheus-stack makes it: it takes monitors and rules from all namespaces by the label `release`.
const PROMETHEUS: &str = "
apiVersion: v1
kind: ServiceAccount
metadata: {name: prometheus, namespace: monitoring}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: prometheus}
rules:
  - {apiGroups: [''], resources: [services, endpoints, pods], verbs: [get, list, watch]}
  - {apiGroups: [discovery.k8s.io], resources: [endpointslices], verbs: [get, list, watch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: prometheus}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: prometheus}
subjects: [{kind: ServiceAccount, name: prometheus, namespace: monitoring}]
---
apiVersion: monitoring.coreos.com/v1
kind: Prometheus
metadata: {name: stack, namespace: monitoring}
spec:
  version: v3.16.0
  replicas: 1
  serviceAccountName: prometheus
  securityContext: {fsGroup: 2000, runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}
  serviceMonitorNamespaceSelector: {}
  serviceMonitorSelector: {matchLabels: {release: kube-prometheus-stack}}
  ruleNamespaceSelector: {}
  ruleSelector: {matchLabels: {release: kube-prometheus-stack}}
";

/// prometheus-operator, and a Prometheus for it to configure.
pub(crate) struct Operator<'a> {
    cluster: &'a ControlPlane,
    _daemon: Daemon,
}

impl<'a> Operator<'a> {
    /// Starts it beside the cluster, whose admin it is.
    pub(crate) fn start(cluster: &'a ControlPlane) -> Self {
        let [port] = free_ports(Ipv4Addr::LOCALHOST);
        let mut command = Command::new(tools::path("prometheus-operator"));
        command
            .env("KUBECONFIG", &cluster.kubeconfig)
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg(format!("--prometheus-config-reloader={RELOADER}"));
        let daemon = Daemon::start("prometheus-operator", cluster.folder.path(), &mut command);
        cluster.kubectl(&["create", "namespace", MONITORING]);
        cluster.apply(PROMETHEUS);
        Self { cluster, _daemon: daemon }
    }

    /// The address of Prometheus' pod, once it is ready, where there is a node.
    pub(crate) fn prometheus(&self) -> String {
        let wait = ["--for=condition=Available", "prometheus/stack", "--timeout=5m"];
        self.cluster.kubectl(&[&["wait", "-n", MONITORING], &wait[..]].concat());
        let pod = self.cluster.get(&["pod", "-n", MONITORING, "prometheus-stack-0"]);
        pod["status"]["podIP"].as_str().unwrap().to_owned()
    }

    /// The scrape configurations that it wrote, by job.
    fn jobs(&self) -> BTreeMap<String, serde_yaml::Value> {
        let template = r#"go-template={{index .data "prometheus.yaml.gz"}}"#;
        let secret = ["get", "secret", "-n", MONITORING, "prometheus-stack", "--ignore-not-found", "-o", template];
        let text = decompress(self.cluster.kubectl(&secret).trim());
        if text.is_empty() {
            return BTreeMap::new();
        }
        let document: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
        let jobs = document["scrape_configs"].as_sequence().into_iter().flatten();
        jobs.map(|job| (job["job_name"].as_str().unwrap().to_owned(), job.clone())).collect()
    }

    /// The rule files that it wrote.
    fn rule_files(&self) -> Vec<String> {
        let list = self.cluster.get(&["configmaps", "-n", MONITORING, "-l", "prometheus-name=stack"]);
        let maps = list["items"].as_array().unwrap().iter();
        let files = maps.flat_map(|map| map["data"].as_object().into_iter().flat_map(|data| data.values()));
        files.map(|text| text.as_str().unwrap().to_owned()).collect()
    }

    /// Waits until it wrote one job and one rule file, or, where nothing `is_taken`, none of them.
    fn settle(&self, is_taken: bool) -> (Option<serde_yaml::Value>, Option<String>) {
        let mut jobs = BTreeMap::new();
        let mut files = Vec::new();
        wait_until(&format!("the operator took monitor and rules: {is_taken}"), || {
            jobs = self.jobs();
            files = self.rule_files();
            jobs.len() == usize::from(is_taken) && files.len() == usize::from(is_taken)
        });
        (jobs.into_values().next(), files.pop())
    }
}

/// The text that is in `secret` as gzip in base64.
fn decompress(secret: &str) -> String {
    let mut command = Command::new("base64");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, secret).unwrap();
    let output = command.arg("--decode").arg(&file).output().unwrap();
    let mut text = String::new();
    if !output.stdout.is_empty() {
        GzDecoder::new(&*output.stdout).read_to_string(&mut text).unwrap();
    }
    text
}

/// The rule named `name` in a rule file.
fn rule(file: &str, name: &str) -> Option<Value> {
    let file: Value = serde_yaml::from_str(file).unwrap();
    let groups = file["groups"].as_array().unwrap().iter();
    let mut rules = groups.flat_map(|group| group["rules"].as_array().unwrap());
    rules.find(|rule| rule["alert"] == name || rule["record"] == name).cloned()
}

/// Panics unless promtool accepts the rules in `text`; returns how many there are.
fn promtool(text: &str) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yaml");
    std::fs::write(&file, text).unwrap();
    let said = succeed(Command::new(tools::path("promtool")).args(["check", "rules", "--lint-fatal"]).arg(&file));
    said.split("SUCCESS: ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap()
}

#[test]
#[ignore = "make test-apiserver"]
fn the_operator_takes_monitor_and_rules_by_the_release_label() {
    let cluster = ControlPlane::with_kinds();
    cluster.restricted_namespace(NAMESPACE);
    let helm = Helm::new(&cluster);
    let operator = Operator::start(&cluster);
    let release = "--set=prometheus.release=kube-prometheus-stack";

    helm.install("readiness", &[release]);
    let (job, rules) = operator.settle(true);
    let job = job.unwrap();
    assert_eq!(job["metrics_path"], "/metrics");
    assert_eq!(job["scheme"], "http");
    let all = rules.unwrap();
    let count = promtool(&all);
    assert!(rule(&all, "ReadinessStuckPartial").is_some());

    // With another label, or none, nobody takes them, and nobody says so.
    for label in ["--set=prometheus.release=another-stack", "--set=prometheus.release="] {
        helm.upgrade("readiness", &[label]);
        operator.settle(false);
        helm.upgrade("readiness", &[release]);
        operator.settle(true);
    }

    // What a user turns off, and sets, arrives.
    let values = [
        release,
        "--set=prometheusRule.alerts.ReadinessStuckPartial.disabled=true",
        "--set=prometheusRule.alerts.ReadinessMilestoneLate.severity=critical",
        "--set=prometheusRule.thresholds.milestone_unlikely_ratio.threshold=0.25",
    ];
    helm.upgrade("readiness", &values);
    let mut changed = String::new();
    wait_until("the operator wrote the changed rules", || {
        changed = operator.rule_files().concat();
        changed != all
    });
    assert_eq!(promtool(&changed), count - 1);
    assert_eq!(rule(&changed, "ReadinessStuckPartial"), None);
    let late = rule(&changed, "ReadinessMilestoneLate").unwrap();
    assert_eq!(late["labels"]["severity"], "critical");
    let threshold = rule(&changed, "readiness:milestone_unlikely_ratio:threshold").unwrap();
    assert_eq!(threshold["expr"], "vector(0.25)");

    cluster.kubectl(&["delete", "prometheus", "-n", MONITORING, "stack"]);
    helm.succeed(&["uninstall", "readiness"]);
}

/// The operator's webhook, which the API server asks before it takes a `PrometheusRule`.
fn admission(cluster: &ControlPlane) -> Daemon {
    let folder = cluster.folder.path();
    let [port] = free_ports(Ipv4Addr::LOCALHOST);
    let path = |name: &str| folder.join(name).display().to_string();
    succeed(Command::new("openssl").args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]).args([
        "-subj=/CN=admission",
        "-addext=subjectAltName=IP:127.0.0.1",
        &format!("-keyout={}", path("admission.key")),
        &format!("-out={}", path("admission.crt")),
    ]));
    let daemon = Daemon::start(
        "admission-webhook",
        folder,
        Command::new(tools::path("admission-webhook")).args([
            format!("--web.listen-address=127.0.0.1:{port}"),
            format!("--web.cert-file={}", path("admission.crt")),
            format!("--web.key-file={}", path("admission.key")),
            "--web.enable-tls=true".to_owned(),
        ]),
    );
    let certificate = succeed(Command::new("base64").args(["-w0", &path("admission.crt")]));
    wait_until("the webhook listens", || std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok());
    cluster.apply(&format!(
        "apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {{name: prometheus-rules}}
webhooks:
  - name: prometheusrules.monitoring.coreos.com
    rules: [{{apiGroups: [monitoring.coreos.com], apiVersions: ['*'], resources: [prometheusrules], operations: [CREATE, UPDATE]}}]
    clientConfig: {{url: 'https://127.0.0.1:{port}/admission-prometheusrules/validate', caBundle: {certificate}}}
    failurePolicy: Fail
    admissionReviewVersions: [v1]
    sideEffects: None
"
    ));
    daemon
}

#[test]
#[ignore = "make test-apiserver"]
fn the_operators_webhook_admits_the_rules() {
    let cluster = ControlPlane::with_kinds();
    cluster.restricted_namespace(NAMESPACE);
    let _webhook = admission(&cluster);
    let helm = Helm::new(&cluster);

    let broken =
        "prometheusRule.extraGroups=[{\"name\": \"own\", \"rules\": [{\"alert\": \"Own\", \"expr\": \"up ==\"}]}]";
    wait_until("the API server asks the webhook", || {
        // Until it does, this is installed, since the schema of the kind takes any text.
        let refused = helm.try_install("readiness", &["--set-json", broken]);
        if refused.is_none() {
            helm.succeed(&["uninstall", "readiness"]);
        }
        refused.is_some_and(|said| said.contains("denied the request") && said.contains("Rules are not valid"))
    });
    helm.succeed(&["uninstall", "readiness"]);
    helm.install("readiness", &[]);
}
