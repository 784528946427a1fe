//! Helm, as a user calls it.

use std::process::{Command, Output};

use crate::control_plane::{ControlPlane, here};
use crate::daemons::said;
use crate::tools;

/// The namespace of releases that run nothing.
pub(crate) const NAMESPACE: &str = "readiness";

/// One Helm, with the flags by which its users apply objects.
#[derive(Clone, Copy)]
pub(crate) struct Helm<'a> {
    cluster: &'a ControlPlane,
    namespace: &'a str,
    tool: &'static str,
    flags: &'static [&'static str],
}

impl<'a> Helm<'a> {
    /// Helm 4, which lets the server apply.
    pub(crate) fn new(cluster: &'a ControlPlane) -> Self {
        Self::within(cluster, NAMESPACE)
    }

    /// Helm 4, for a release in `namespace`.
    pub(crate) fn within(cluster: &'a ControlPlane, namespace: &'a str) -> Self {
        Self { cluster, namespace, tool: "helm", flags: &[] }
    }

    /// Helm 4 as it is, Helm 4 that applies as Helm 3 did, and Helm 3.
    pub(crate) fn all(cluster: &'a ControlPlane) -> [Self; 3] {
        let helm = Self::new(cluster);
        [helm, Self { flags: &["--server-side=false"], ..helm }, Self { tool: "helm-3", ..helm }]
    }

    /// Installs the chart as the release `name`; returns what Helm said.
    pub(crate) fn install(&self, name: &str, flags: &[&str]) -> String {
        self.succeed(&[&["install", name, CHART], self.flags, flags].concat())
    }

    /// Why Helm did not install the chart as the release `name`, if it didn't.
    pub(crate) fn try_install(&self, name: &str, flags: &[&str]) -> Option<String> {
        let output = self.run(&[&["install", name, CHART], self.flags, flags].concat());
        (!output.status.success()).then(|| said(&output))
    }

    /// Upgrades the release `name` to the chart and these values; returns what Helm said.
    pub(crate) fn upgrade(&self, name: &str, flags: &[&str]) -> String {
        self.succeed(&[&["upgrade", name, CHART, "--reset-values"], self.flags, flags].concat())
    }

    /// Goes back to the revision before.
    pub(crate) fn rollback(&self, name: &str) -> String {
        self.succeed(&[&["rollback", name], self.flags].concat())
    }

    /// The objects of the release `name`.
    pub(crate) fn manifest(&self, name: &str) -> String {
        self.succeed(&["get", "manifest", name])
    }

    /// All that Helm says to `arguments`, which is to succeed.
    pub(crate) fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{} {arguments:?}:\n{}", self.tool, said(&output));
        said(&output)
    }

    /// Its name and flags.
    pub(crate) fn name(&self) -> String {
        [&[self.tool], self.flags].concat().join(" ")
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let home = self.cluster.folder.path();
        Command::new(tools::path(self.tool))
            .current_dir(here())
            .env("HOME", home)
            .env("KUBECONFIG", &self.cluster.kubeconfig)
            .args(["--namespace", self.namespace])
            .args(arguments)
            .output()
            .unwrap()
    }
}

/// The chart, from the project's folder.
pub(crate) const CHART: &str = "helm/readiness-exporter";

/// The lines in which Helm passes on a warning of the API server.
pub(crate) fn warnings(said: &str) -> Vec<&str> {
    let is_warning = |line: &&str| {
        let line = line.to_lowercase();
        line.contains("warn") || line.contains("would violate") || line.contains("deprecated")
    };
    said.lines().filter(is_warning).collect()
}
