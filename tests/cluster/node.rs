//! A whole Kubernetes of one node, which runs pods. `tests/cluster/isolated` ends what it starts.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::control_plane::{ControlPlane, here};
use crate::daemons::{Daemon, succeed, wait_until};
use crate::images::{Image, of_tool, pause};
use crate::operator::{Operator, RELOADER};
use crate::tools;

/// The node's address, at which pods find the API server and the DNS.
pub(crate) const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 245, 0, 1);

/// The image that the chart names by default.
const IMAGE: &str = concat!("ghcr.io/readiness-exporter/readiness-exporter:", env!("CARGO_PKG_VERSION"));

/// The image that holds a pod's namespaces.
const PAUSE: &str = "localhost/pause:test";

/// The control plane, and what makes pods of its objects.
pub(crate) struct Node {
    // In the order in which they are stopped.
    daemons: Vec<Daemon>,
    /// The API.
    pub(crate) plane: ControlPlane,
    folder: PathBuf,
}

/// The node that all tests share.
pub(crate) fn node() -> &'static Node {
    static NODE: OnceLock<Node> = OnceLock::new();
    NODE.get_or_init(Node::start)
}

impl Node {
    fn start() -> Self {
        let plane = ControlPlane::on(ADDRESS, &["--allow-privileged"]);
        plane.learn_kinds();
        // In memory, and gone with the namespaces.
        let folder = PathBuf::from("/run/node");
        std::fs::create_dir(&folder).unwrap();
        let mut node = Self { plane, daemons: Vec::new(), folder };
        node.run_pods();
        node.serve_names();
        node.load_images();
        wait_until("the node is there", || node.plane.try_kubectl(&["get", "node", "node"]).status.success());
        node.plane.kubectl(&["wait", "--for=condition=Ready", "node/node", "--timeout=5m"]);
        wait_until("there is a default service account", || {
            node.plane.try_kubectl(&["get", "serviceaccount", "default"]).status.success()
        });
        node
    }

    /// Starts what makes pods of Deployments, places them, and runs them.
    fn run_pods(&mut self) {
        let kubeconfig = format!("--kubeconfig={}", self.plane.kubeconfig.display());
        let own = |name: &str| self.plane.folder.path().join(name).display().to_string();
        let mut manager = Command::new(tools::path("kube-controller-manager"));
        manager.args([&kubeconfig, "--leader-elect=false", "--use-service-account-credentials=true"]).args([
            format!("--service-account-private-key-file={}", own("service-accounts.key")),
            format!("--root-ca-file={}", own("certificates/apiserver.crt")),
        ]);
        let mut scheduler = Command::new(tools::path("kube-scheduler"));
        scheduler.args([&kubeconfig, "--leader-elect=false"]);

        let mut containerd = Command::new(tools::path("containerd"));
        containerd.arg("--config").arg(self.write("containerd.toml", &self.containerd_configuration()));
        // It looks for its shim on the path.
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
        // Pods on one bridge answer each other past the rules, unless the node speaks for them.
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
                wait_until("containerd answers", || self.ctr(&["version"]).output().unwrap().status.success());
                // Every pod needs it.
                let files = [(pause(&self.folder), "/pause")];
                let image = Image { name: PAUSE, entrypoint: "/pause", files: &files };
                self.import(&image.save(&self.folder), PAUSE);
            }
        }
    }

    /// Starts the DNS.
    fn serve_names(&mut self) {
        let kubeconfig = self.plane.kubeconfig.display();
        let zone = format!(
            ".:53 {{\n bind {ADDRESS}\n errors\n kubernetes cluster.local {{\n  kubeconfig {kubeconfig}\n }}\n}}\n"
        );
        let mut coredns = Command::new(tools::path("coredns"));
        coredns.arg("-conf").arg(self.write("Corefile", &zone));
        self.start_daemon("coredns", &mut coredns);
    }

    /// Gives containerd the images that nobody can pull here.
    fn load_images(&self) {
        let exporter = here().join("target/image/readiness-exporter.tar");
        assert!(exporter.exists(), "{} is missing: make image", exporter.display());
        self.import(&exporter, IMAGE);
        for (name, tool) in [
            ("quay.io/prometheus/prometheus:v3.16.0", "prometheus-kubernetes"),
            (RELOADER, "prometheus-config-reloader"),
        ] {
            self.import(&of_tool(name, tool, &self.folder), name);
        }
        // These are stand-ins, unless the environment names archives of the real images, as `docker save` writes them.
        for (name, tool, variable) in [
            ("registry.k8s.io/git-sync/git-sync:v4.7.1", "git-sync", "GIT_SYNC_IMAGE"),
            ("quay.io/kiwigrid/k8s-sidecar:2.9.0", "k8s-sidecar", "K8S_SIDECAR_IMAGE"),
        ] {
            if let Some(archive) = std::env::var_os(variable) {
                self.import(Path::new(&archive), name);
            } else {
                println!("{name} is a stand-in, tests/tools/{tool}: {variable} can name an archive of the real image");
                self.import(&of_tool(name, tool, &self.folder), name);
            }
        }
    }

    /// Loads the image `name` from the file `archive`.
    pub(crate) fn import(&self, archive: &Path, name: &str) {
        succeed(self.ctr(&["images", "import"]).arg(archive));
        let names = succeed(&mut self.ctr(&["images", "list", "--quiet"]));
        assert!(names.lines().any(|line| line == name), "{} has no {name}: {names}", archive.display());
    }

    /// The operator and its Prometheus, which runs as a pod.
    pub(crate) fn operator(&'static self) -> &'static Operator<'static> {
        static OPERATOR: OnceLock<Operator> = OnceLock::new();
        OPERATOR.get_or_init(|| Operator::start(&self.plane))
    }

    /// A call of containerd's client.
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
        // Some virtual machines don't let root lower a score of the out-of-memory killer.
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
        let cgroup = std::env::var_os("NODE_CGROUP").expect("a node wants tests/cluster/isolated: make test-cluster");
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

/// Pods on a bridge, whose gateway is the node.
const NETWORK: &str = r#"{"cniVersion": "1.0.0", "name": "pods", "plugins": [{
    "type": "bridge", "bridge": "pods", "isGateway": true, "hairpinMode": true,
    "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.244.0.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}
}]}"#;
