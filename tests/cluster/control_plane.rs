//! A Kubernetes API that stores objects, validates them and warns, and runs none of them.

use std::collections::BTreeSet;
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::daemons::{Daemon, said, succeed, wait_until};
use crate::modules;
use crate::tools;

/// Kinds that the API server writes by itself, at any time.
const RESTLESS: [&str; 5] = [
    "componentstatuses",
    "events",
    "events.events.k8s.io",
    "ipaddresses.networking.k8s.io",
    "leases.coordination.k8s.io",
];

/// etcd and kube-apiserver.
pub(crate) struct ControlPlane {
    // In the order in which they are stopped.
    _api: Daemon,
    _etcd: Daemon,
    /// Certificates, data and logs.
    pub(crate) folder: tempfile::TempDir,
    /// How clients find it.
    pub(crate) kubeconfig: PathBuf,
    kubectl: PathBuf,
}

impl ControlPlane {
    /// One that serves nobody but this machine.
    pub(crate) fn start() -> Self {
        Self::on(Ipv4Addr::LOCALHOST, &["--endpoint-reconciler-type=none"])
    }

    /// One at `address`, with further flags of kube-apiserver.
    pub(crate) fn on(address: Ipv4Addr, flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let [clients, peers, port] = free_ports(address);

        let url = |port: u16| format!("http://{address}:{port}");
        let etcd = Daemon::start(
            "etcd",
            folder.path(),
            Command::new(tools::path("etcd"))
                .arg(format!("--data-dir={}", path("etcd")))
                .arg("--unsafe-no-fsync")
                .args([
                    format!("--listen-client-urls={}", url(clients)),
                    format!("--advertise-client-urls={}", url(clients)),
                    format!("--listen-peer-urls={}", url(peers)),
                    format!("--initial-advertise-peer-urls={}", url(peers)),
                    format!("--initial-cluster=default={}", url(peers)),
                ]),
        );

        succeed(Command::new("openssl").args(["genrsa", "-out", &path("service-accounts.key"), "2048"]));
        std::fs::write(path("tokens.csv"), "admin,admin,admin,system:masters\n").unwrap();
        let mut api = Daemon::start(
            "kube-apiserver",
            folder.path(),
            Command::new(tools::path("kube-apiserver"))
                .args([
                    format!("--etcd-servers={}", url(clients)),
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
                .args(flags),
        );

        let kubeconfig = folder.path().join("kubeconfig");
        let certificate = folder.path().join("certificates/apiserver.crt");
        std::fs::write(&kubeconfig, client_of(&format!("https://{address}:{port}"), &certificate)).unwrap();
        let kubectl = tools::path("kubectl");
        api.until("it is ready", || {
            let mut command = Command::new(&kubectl);
            command.arg("--kubeconfig").arg(&kubeconfig).args(["get", "--raw", "/readyz"]);
            command.output().is_ok_and(|output| output.status.success())
        });
        Self { _api: api, _etcd: etcd, folder, kubeconfig, kubectl }
    }

    /// One that knows prometheus-operator's kinds, and `GrafanaDashboard`.
    pub(crate) fn with_kinds() -> Self {
        let it = Self::start();
        it.learn_kinds();
        it
    }

    /// Installs the custom resource definitions.
    pub(crate) fn learn_kinds(&self) {
        let operator = modules::source("prometheus-operator", "github.com/prometheus-operator/prometheus-operator");
        let files = ["example/prometheus-operator-crd", "tests/cluster/grafanadashboards.yaml"];
        let files = [operator.join(files[0]), here().join(files[1])].map(|it| it.display().to_string());
        // On the server, since as an annotation they would be too long.
        self.kubectl(&["apply", "--server-side", "-f", &files[0], "-f", &files[1]]);
        self.kubectl(&["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]);
        // The kinds are served a moment after they are established.
        wait_until("the new kinds are served", || {
            let kinds = self.kubectl(&["api-resources", "--cached=false", "-o", "name"]);
            ["servicemonitors.", "prometheusrules.", "grafanadashboards."].iter().all(|kind| kinds.contains(kind))
        });
    }

    /// Makes a namespace that takes nothing but what the Pod Security Standard `restricted` allows, and warns of it.
    pub(crate) fn restricted_namespace(&self, name: &str) {
        self.kubectl(&["create", "namespace", name]);
        let labels = ["enforce", "warn", "audit"].map(|mode| format!("pod-security.kubernetes.io/{mode}=restricted"));
        self.kubectl(&["label", "namespace", name, &labels[0], &labels[1], &labels[2]]);
    }

    /// What kubectl answers to `arguments`.
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> String {
        succeed(&mut self.command(arguments))
    }

    /// What kubectl says to `arguments`, be it an error.
    pub(crate) fn try_kubectl(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What `kubectl get` answers to `arguments`.
    pub(crate) fn get(&self, arguments: &[&str]) -> Value {
        let answer = self.kubectl(&[&["get", "-o", "json"], arguments].concat());
        serde_json::from_str(&answer).unwrap()
    }

    /// What kubectl says to `arguments` and the objects in `yaml`, warnings included.
    pub(crate) fn feed(&self, arguments: &[&str], yaml: &str) -> String {
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
        assert!(output.status.success(), "{arguments:?}:\n{}\n{yaml}", said(&output));
        said(&output)
    }

    /// Applies the objects in `yaml`.
    pub(crate) fn apply(&self, yaml: &str) {
        self.feed(&["apply"], yaml);
    }

    /// The kind, namespace and name of every object.
    pub(crate) fn objects(&self) -> BTreeSet<String> {
        let kinds = self.kubectl(&["api-resources", "--verbs=list", "-o", "name"]);
        let kinds: Vec<&str> = kinds.lines().filter(|kind| !RESTLESS.contains(kind)).collect();
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

/// Where the project lies.
pub(crate) fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A kubeconfig for the server at `url`, whose certificate is in `certificate`.
fn client_of(url: &str, certificate: &Path) -> String {
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

/// Ports of `address` that nobody listens at.
pub(crate) fn free_ports<const N: usize>(address: Ipv4Addr) -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind((address, 0)).unwrap());
    listeners.map(|it| it.local_addr().unwrap().port())
}
