//! A Kubernetes cluster with one node that runs pods. `tests/cluster/isolated` stops all its processes.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::control_plane::{ControlPlane, project_root};
use crate::daemons::{Daemon, succeed, wait_until};
use crate::images::{Image, build_pause, build_tool_image};
use crate::operator::{Operator, RELOADER};
use crate::tools;

/// The node's address. Pods use it for the API server and the DNS.
pub(crate) const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 245, 0, 1);

/// The default image of the chart.
const IMAGE: &str = concat!("ghcr.io/readiness-exporter/readiness-exporter:", env!("CARGO_PKG_VERSION"));

const PAUSE: &str = "localhost/pause:test";

/// The control plane, and the components that run pods.
pub(crate) struct Node {
    // In the order in which they must stop.
    daemons: Vec<Daemon>,
    pub(crate) plane: ControlPlane,
    folder: PathBuf,
}

/// The node, shared by all tests.
pub(crate) fn node() -> &'static Node {
    static NODE: OnceLock<Node> = OnceLock::new();
    NODE.get_or_init(Node::start)
}

impl Node {
    fn start() -> Self {
        let plane = ControlPlane::start_on(ADDRESS, &["--allow-privileged"]);
        plane.install_crds();
        // A tmpfs, which is removed with the mount namespace.
        let folder = PathBuf::from("/run/node");
        std::fs::create_dir(&folder).unwrap();
        let mut node = Self { plane, daemons: Vec::new(), folder };
        node.start_components();
        node.start_dns();
        node.load_images();
        wait_until("the node is registered", || node.plane.try_kubectl(&["get", "node", "node"]).status.success());
        node.plane.kubectl(&["wait", "--for=condition=Ready", "node/node", "--timeout=5m"]);
        wait_until("the default service account exists", || {
            node.plane.try_kubectl(&["get", "serviceaccount", "default"]).status.success()
        });
        node
    }

    /// Starts the controllers, the scheduler, containerd, kubelet and kube-proxy.
    fn start_components(&mut self) {
        let kubeconfig = format!("--kubeconfig={}", self.plane.kubeconfig.display());
        let path = |name: &str| self.plane.folder.path().join(name).display().to_string();
        let mut manager = Command::new(tools::path("kube-controller-manager"));
        manager.args([&kubeconfig, "--leader-elect=false", "--use-service-account-credentials=true"]).args([
            format!("--service-account-private-key-file={}", path("service-accounts.key")),
            format!("--root-ca-file={}", path("certificates/apiserver.crt")),
        ]);
        let mut scheduler = Command::new(tools::path("kube-scheduler"));
        scheduler.args([&kubeconfig, "--leader-elect=false"]);

        let mut containerd = Command::new(tools::path("containerd"));
        containerd.arg("--config").arg(self.write("containerd.toml", &self.containerd_configuration()));
        // containerd searches $PATH for its shim.
        let shim = tools::path("containerd-shim-runc-v2");
        let shims = shim.parent().unwrap().display();
        containerd.env("PATH", format!("{shims}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"));
        self.write("cni/10-bridge.conflist", NETWORK);

        let mut kubelet = Command::new(tools::path("kubelet"));
        kubelet
            .args([&kubeconfig, "--hostname-override=node", &format!("--node-ip={ADDRESS}")])
            .arg(format!("--root-dir={}", self.folder.join("kubelet").display()))
            .arg("--config")
            .arg(self.write("kubelet.yaml", &self.kubelet_configuration()));

        let mut proxy = Command::new(tools::path("kube-proxy"));
        // Without masquerading, replies between pods on one bridge bypass kube-proxy's rules.
        proxy.args([&kubeconfig, "--hostname-override=node", "--masquerade-all", "--conntrack-max-per-core=0"]);

        for (name, mut command) in [
            ("kube-controller-manager", manager),
            ("kube-scheduler", scheduler),
            ("containerd", containerd),
            ("kubelet", kubelet),
            ("kube-proxy", proxy),
        ] {
            self.start_daemon(name, &mut command);
            if name == "containerd" {
                wait_until("containerd is ready", || self.ctr(&["version"]).output().unwrap().status.success());
                // All pods need the pause image.
                let files = [(build_pause(&self.folder), "/pause")];
                let image = Image { name: PAUSE, entrypoint: "/pause", files: &files };
                self.import(&image.save(&self.folder), PAUSE);
            }
        }
    }

    fn start_dns(&mut self) {
        let kubeconfig = self.plane.kubeconfig.display();
        let zone = format!(
            ".:53 {{\n bind {ADDRESS}\n errors\n kubernetes cluster.local {{\n  kubeconfig {kubeconfig}\n }}\n}}\n"
        );
        let mut coredns = Command::new(tools::path("coredns"));
        coredns.arg("-conf").arg(self.write("Corefile", &zone));
        self.start_daemon("coredns", &mut coredns);
    }

    /// Imports all images into containerd, because no registry is available.
    fn load_images(&self) {
        let exporter = project_root().join("target/image/readiness-exporter.tar");
        assert!(exporter.exists(), "{} is missing: make image", exporter.display());
        self.import(&exporter, IMAGE);
        for (name, tool) in [
            ("quay.io/prometheus/prometheus:v3.16.0", "prometheus-kubernetes"),
            (RELOADER, "prometheus-config-reloader"),
        ] {
            self.import(&build_tool_image(name, tool, &self.folder), name);
        }
        // Substitutes, unless environment variables name archives of the real images in the format of `docker save`.
        for (name, tool, variable) in [
            ("registry.k8s.io/git-sync/git-sync:v4.7.1", "git-sync", "GIT_SYNC_IMAGE"),
            ("quay.io/kiwigrid/k8s-sidecar:2.9.0", "k8s-sidecar", "K8S_SIDECAR_IMAGE"),
        ] {
            if let Some(archive) = std::env::var_os(variable) {
                self.import(Path::new(&archive), name);
            } else {
                println!(
                    "{name} is a substitute, built from tests/tools/{tool}; set {variable} to an archive of the real image"
                );
                self.import(&build_tool_image(name, tool, &self.folder), name);
            }
        }
    }

    /// Imports image `name` from `archive`.
    pub(crate) fn import(&self, archive: &Path, name: &str) {
        succeed(self.ctr(&["images", "import"]).arg(archive));
        let names = succeed(&mut self.ctr(&["images", "list", "--quiet"]));
        assert!(names.lines().any(|line| line == name), "{} has no {name}: {names}", archive.display());
    }

    /// prometheus-operator, and the Prometheus that it runs as a pod.
    pub(crate) fn operator(&'static self) -> &'static Operator<'static> {
        static OPERATOR: OnceLock<Operator> = OnceLock::new();
        OPERATOR.get_or_init(|| Operator::start(&self.plane))
    }

    /// A command of containerd's client.
    fn ctr(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(tools::path("ctr"));
        command.arg("--address").arg(self.folder.join("containerd.sock")).args(["--namespace=k8s.io"]).args(arguments);
        command
    }

    fn start_daemon(&mut self, name: &str, command: &mut Command) {
        self.daemons.push(Daemon::start(name, &self.folder, command));
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let file = self.folder.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
        file
    }

    fn containerd_configuration(&self) -> String {
        let folder = self.folder.display();
        let plugin = tools::path("host-local");
        for other in ["bridge", "loopback"] {
            assert_eq!(tools::path(other).parent(), plugin.parent());
        }
        // Some virtual machines do not allow root to lower an OOM score.
        format!(
            r#"version = 3
root = "{folder}/containerd"
state = "{folder}/containerd-state"
[grpc]
address = "{folder}/containerd.sock"
[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "{PAUSE}"
[plugins."io.containerd.cri.v1.runtime"]
restrict_oom_score_adj = true
[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = ["{plugins}"]
conf_dir = "{folder}/cni"
"#,
            plugins = plugin.parent().unwrap().display()
        )
    }

    fn kubelet_configuration(&self) -> String {
        let cgroup = std::env::var_os("NODE_CGROUP").expect("NODE_CGROUP is not set: run make test-cluster");
        format!(
            "apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: {ADDRESS}
authentication: {{anonymous: {{enabled: true}}, webhook: {{enabled: false}}}}
authorization: {{mode: AlwaysAllow}}
cgroupDriver: cgroupfs
cgroupRoot: {cgroup}
clusterDNS: [{ADDRESS}]
clusterDomain: cluster.local
containerRuntimeEndpoint: unix://{folder}/containerd.sock
evictionHard: {{imagefs.available: 0%, nodefs.available: 0%, memory.available: 50Mi}}
failCgroupV1: false
failSwapOn: false
resolvConf: ''
",
            cgroup = cgroup.display(),
            folder = self.folder.display(),
        )
    }
}

/// A bridge network of pods, with the node as its gateway.
const NETWORK: &str = r#"{"cniVersion": "1.0.0", "name": "pods", "plugins": [{
    "type": "bridge", "bridge": "pods", "isGateway": true, "hairpinMode": true,
    "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.244.0.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}
}]}"#;
