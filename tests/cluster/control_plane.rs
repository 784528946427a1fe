//! A Kubernetes control plane without nodes: it validates and stores objects, but runs no pods.

use std::collections::BTreeSet;
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::daemons::{Daemon, output_text, succeed, wait_until};
use crate::modules;
use crate::tools;

/// Kinds that the API server updates by itself.
const VOLATILE_KINDS: [&str; 5] = [
    "componentstatuses",
    "events",
    "events.events.k8s.io",
    "ipaddresses.networking.k8s.io",
    "leases.coordination.k8s.io",
];

/// etcd and kube-apiserver.
pub(crate) struct ControlPlane {
    // In the order in which they must stop.
    _api: Daemon,
    _etcd: Daemon,
    /// Certificates, data and logs.
    pub(crate) folder: tempfile::TempDir,
    pub(crate) kubeconfig: PathBuf,
    kubectl: PathBuf,
}

impl ControlPlane {
    /// Starts a control plane on the loopback address.
    pub(crate) fn start() -> Self {
        Self::start_on(Ipv4Addr::LOCALHOST, &["--endpoint-reconciler-type=none"])
    }

    /// Starts a control plane on `address`. `flags` are additional flags for kube-apiserver.
    pub(crate) fn start_on(address: Ipv4Addr, flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [client_port, peer_port, port] = free_ports(address);
        let client_url = format!("http://{address}:{client_port}");
        let etcd = start_etcd(folder.path(), &client_url, &format!("http://{address}:{peer_port}"));
        let mut api = start_api_server(folder.path(), &client_url, (address, port), flags);

        let kubeconfig = folder.path().join("kubeconfig");
        let certificate = folder.path().join("certificates/apiserver.crt");
        std::fs::write(&kubeconfig, client_config(&format!("https://{address}:{port}"), &certificate)).unwrap();
        let kubectl = tools::path("kubectl");
        api.wait_until("it is ready", || {
            let mut command = Command::new(&kubectl);
            command.arg("--kubeconfig").arg(&kubeconfig).args(["get", "--raw", "/readyz"]);
            command.output().is_ok_and(|output| output.status.success())
        });
        Self { _api: api, _etcd: etcd, folder, kubeconfig, kubectl }
    }

    /// Starts a control plane with the CRDs of prometheus-operator and grafana-operator.
    pub(crate) fn start_with_crds() -> Self {
        let plane = Self::start();
        plane.install_crds();
        plane
    }

    pub(crate) fn install_crds(&self) {
        let operator = modules::source("prometheus-operator", "github.com/prometheus-operator/prometheus-operator");
        let files = ["example/prometheus-operator-crd", "tests/cluster/grafanadashboards.yaml"];
        let files = [operator.join(files[0]), project_root().join(files[1])].map(|it| it.display().to_string());
        // Server-side, because client-side apply would store them in annotations, which are too small.
        self.kubectl(&["apply", "--server-side", "-f", &files[0], "-f", &files[1]]);
        self.kubectl(&["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]);
        // The kinds are served shortly after the CRDs are established.
        wait_until("the new kinds are served", || {
            let kinds = self.kubectl(&["api-resources", "--cached=false", "-o", "name"]);
            ["servicemonitors.", "prometheusrules.", "grafanadashboards."].iter().all(|kind| kinds.contains(kind))
        });
    }

    /// Creates a namespace that enforces the Pod Security Standard `restricted`, with warnings.
    pub(crate) fn create_restricted_namespace(&self, name: &str) {
        self.kubectl(&["create", "namespace", name]);
        let labels = ["enforce", "warn", "audit"].map(|mode| format!("pod-security.kubernetes.io/{mode}=restricted"));
        self.kubectl(&["label", "namespace", name, &labels[0], &labels[1], &labels[2]]);
    }

    /// Runs kubectl and returns its standard output. Panics if it fails.
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> String {
        succeed(&mut self.command(arguments))
    }

    pub(crate) fn try_kubectl(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs `kubectl get -o json`.
    pub(crate) fn get(&self, arguments: &[&str]) -> Value {
        let answer = self.kubectl(&[&["get", "-o", "json"], arguments].concat());
        serde_json::from_str(&answer).unwrap()
    }

    /// Runs kubectl with the objects in `yaml` on standard input. Returns its output, including warnings.
    pub(crate) fn kubectl_with_input(&self, arguments: &[&str], yaml: &str) -> String {
        let mut command = self.command(arguments);
        let mut child = command
            .args(["-f", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(yaml.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{arguments:?}:\n{}\n{yaml}", output_text(&output));
        output_text(&output)
    }

    pub(crate) fn apply(&self, yaml: &str) {
        self.kubectl_with_input(&["apply"], yaml);
    }

    /// Lists kind, namespace and name of all objects.
    pub(crate) fn list_objects(&self) -> BTreeSet<String> {
        let kinds = self.kubectl(&["api-resources", "--verbs=list", "-o", "name"]);
        let kinds: Vec<&str> = kinds.lines().filter(|kind| !VOLATILE_KINDS.contains(kind)).collect();
        let row = r#"{range .items[*]}{.kind} {.metadata.namespace}/{.metadata.name}{"\n"}{end}"#;
        let list = self.kubectl(&["get", &kinds.join(","), "--all-namespaces", "-o", &format!("jsonpath={row}")]);
        list.lines().map(str::to_owned).collect()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.kubectl);
        command.env("KUBECONFIG", &self.kubeconfig).env("HOME", self.folder.path()).args(arguments);
        command
    }
}

/// Starts etcd with its data in `folder`.
fn start_etcd(folder: &Path, client_url: &str, peer_url: &str) -> Daemon {
    let mut command = Command::new(tools::path("etcd"));
    command.arg("--unsafe-no-fsync").args([
        format!("--data-dir={}", folder.join("etcd").display()),
        format!("--listen-client-urls={client_url}"),
        format!("--advertise-client-urls={client_url}"),
        format!("--listen-peer-urls={peer_url}"),
        format!("--initial-advertise-peer-urls={peer_url}"),
        format!("--initial-cluster=default={peer_url}"),
    ]);
    Daemon::start("etcd", folder, &mut command)
}

/// Starts kube-apiserver with its keys and certificates in `folder`.
fn start_api_server(folder: &Path, etcd_url: &str, (address, port): (Ipv4Addr, u16), flags: &[&str]) -> Daemon {
    let path = |name: &str| folder.join(name).display().to_string();
    succeed(Command::new("openssl").args(["genrsa", "-out", &path("service-accounts.key"), "2048"]));
    std::fs::write(path("tokens.csv"), "admin,admin,admin,system:masters\n").unwrap();
    let mut command = Command::new(tools::path("kube-apiserver"));
    command
        .args([
            format!("--etcd-servers={etcd_url}"),
            format!("--cert-dir={}", path("certificates")),
            format!("--token-auth-file={}", path("tokens.csv")),
            format!("--service-account-key-file={}", path("service-accounts.key")),
            format!("--service-account-signing-key-file={}", path("service-accounts.key")),
            format!("--bind-address={address}"),
            format!("--advertise-address={address}"),
            format!("--secure-port={port}"),
        ])
        .args([
            "--authorization-mode=RBAC",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-cluster-ip-range=10.96.0.0/24",
        ])
        .args(flags);
    Daemon::start("kube-apiserver", folder, &mut command)
}

pub(crate) fn project_root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A kubeconfig for the server at `url`, whose certificate is in `certificate`.
fn client_config(url: &str, certificate: &Path) -> String {
    format!(
        "apiVersion: v1
kind: Config
clusters: [{{name: test, cluster: {{server: '{url}', certificate-authority: '{}'}}}}]
users: [{{name: admin, user: {{token: admin}}}}]
contexts: [{{name: test, context: {{cluster: test, user: admin}}}}]
current-context: test
",
        certificate.display()
    )
}

/// Unused ports on `address`.
pub(crate) fn free_ports<const N: usize>(address: Ipv4Addr) -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind((address, 0)).unwrap());
    listeners.map(|it| it.local_addr().unwrap().port())
}
