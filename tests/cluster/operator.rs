//! Tests of the chart with the real prometheus-operator.

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

/// The namespace of the Prometheus.
pub(crate) const MONITORING: &str = "monitoring";

/// The image of the sidecar that reloads Prometheus.
pub(crate) const RELOADER: &str = "quay.io/prometheus-operator/prometheus-config-reloader:v0.85.0";

/// A Prometheus like that of kube-prometheus-stack: it selects monitors and rules in all namespaces
/// by the label `release`.
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

/// prometheus-operator, and a Prometheus that it configures.
pub(crate) struct Operator<'a> {
    cluster: &'a ControlPlane,
    _daemon: Daemon,
}

impl<'a> Operator<'a> {
    /// Starts the operator outside of the cluster, as its admin.
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

    /// Waits until the Prometheus pod is ready, and returns its IP address. Requires a node.
    pub(crate) fn prometheus_address(&self) -> String {
        let wait = ["--for=condition=Available", "prometheus/stack", "--timeout=5m"];
        self.cluster.kubectl(&[&["wait", "-n", MONITORING], &wait[..]].concat());
        let pod = self.cluster.get(&["pod", "-n", MONITORING, "prometheus-stack-0"]);
        pod["status"]["podIP"].as_str().unwrap().to_owned()
    }

    /// The generated scrape configurations, by job name.
    fn scrape_configs(&self) -> BTreeMap<String, serde_yaml::Value> {
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

    /// The generated rule files.
    fn rule_files(&self) -> Vec<String> {
        let list = self.cluster.get(&["configmaps", "-n", MONITORING, "-l", "prometheus-name=stack"]);
        let maps = list["items"].as_array().unwrap().iter();
        let files = maps.flat_map(|map| map["data"].as_object().into_iter().flat_map(|data| data.values()));
        files.map(|text| text.as_str().unwrap().to_owned()).collect()
    }

    /// Waits until the operator has generated one scrape configuration and one rule file if `is_selected`, or none.
    fn wait_for_selection(&self, is_selected: bool) -> (Option<serde_yaml::Value>, Option<String>) {
        let mut jobs = BTreeMap::new();
        let mut files = Vec::new();
        wait_until(&format!("ServiceMonitor and PrometheusRule selected: {is_selected}"), || {
            jobs = self.scrape_configs();
            files = self.rule_files();
            jobs.len() == usize::from(is_selected) && files.len() == usize::from(is_selected)
        });
        (jobs.into_values().next(), files.pop())
    }
}

/// Decodes base64 and gzip.
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

/// Finds the rule `name` in a rule file.
fn find_rule(file: &str, name: &str) -> Option<Value> {
    let file: Value = serde_yaml::from_str(file).unwrap();
    let groups = file["groups"].as_array().unwrap().iter();
    let mut rules = groups.flat_map(|group| group["rules"].as_array().unwrap());
    rules.find(|rule| rule["alert"] == name || rule["record"] == name).cloned()
}

/// Checks the rules in `text` with promtool, and returns their number. Panics if they are invalid.
fn check_rules(text: &str) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yaml");
    std::fs::write(&file, text).unwrap();
    let output = succeed(Command::new(tools::path("promtool")).args(["check", "rules", "--lint-fatal"]).arg(&file));
    output.split("SUCCESS: ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap()
}

#[test]
#[ignore = "make test-apiserver"]
fn the_operator_selects_service_monitor_and_rules_by_the_release_label() {
    let cluster = ControlPlane::start_with_crds();
    cluster.create_restricted_namespace(NAMESPACE);
    let helm = Helm::new(&cluster);
    let operator = Operator::start(&cluster);
    let release = "--set=prometheus.release=kube-prometheus-stack";

    helm.install("readiness", &[release]);
    let (job, rules) = operator.wait_for_selection(true);
    let job = job.unwrap();
    assert_eq!(job["metrics_path"], "/metrics");
    assert_eq!(job["scheme"], "http");
    let all = rules.unwrap();
    let count = check_rules(&all);
    assert!(find_rule(&all, "ReadinessStuckPartial").is_some());

    // With another label, or without one, they are ignored without any message.
    for label in ["--set=prometheus.release=another-stack", "--set=prometheus.release="] {
        helm.upgrade("readiness", &[label]);
        operator.wait_for_selection(false);
        helm.upgrade("readiness", &[release]);
        operator.wait_for_selection(true);
    }

    // Overrides take effect.
    let values = [
        release,
        "--set=prometheusRule.alerts.ReadinessStuckPartial.disabled=true",
        "--set=prometheusRule.alerts.ReadinessMilestoneLate.severity=critical",
        "--set=prometheusRule.thresholds.milestone_unlikely_ratio.threshold=0.25",
    ];
    helm.upgrade("readiness", &values);
    let mut changed = String::new();
    wait_until("the changed rules are generated", || {
        changed = operator.rule_files().concat();
        changed != all
    });
    assert_eq!(check_rules(&changed), count - 1);
    assert_eq!(find_rule(&changed, "ReadinessStuckPartial"), None);
    let late = find_rule(&changed, "ReadinessMilestoneLate").unwrap();
    assert_eq!(late["labels"]["severity"], "critical");
    let threshold = find_rule(&changed, "readiness:milestone_unlikely_ratio:threshold").unwrap();
    assert_eq!(threshold["expr"], "vector(0.25)");

    cluster.kubectl(&["delete", "prometheus", "-n", MONITORING, "stack"]);
    helm.run(&["uninstall", "readiness"]);
}

/// Starts the operator's admission webhook, which validates each `PrometheusRule`.
fn start_webhook(cluster: &ControlPlane) -> Daemon {
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
fn the_admission_webhook_accepts_the_rules() {
    let cluster = ControlPlane::start_with_crds();
    cluster.create_restricted_namespace(NAMESPACE);
    let _webhook = start_webhook(&cluster);
    let helm = Helm::new(&cluster);

    let broken =
        "prometheusRule.extraGroups=[{\"name\": \"own\", \"rules\": [{\"alert\": \"Own\", \"expr\": \"up ==\"}]}]";
    wait_until("the API server calls the webhook", || {
        // Until then, the invalid rule is accepted: the CRD's schema does not check expressions.
        let error = helm.install_error("readiness", &["--set-json", broken]);
        if error.is_none() {
            helm.run(&["uninstall", "readiness"]);
        }
        error.is_some_and(|error| error.contains("denied the request") && error.contains("Rules are not valid"))
    });
    helm.run(&["uninstall", "readiness"]);
    helm.install("readiness", &[]);
}
