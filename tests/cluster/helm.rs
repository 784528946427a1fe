//! Runs Helm against a cluster.

use std::process::{Command, Output};

use crate::control_plane::{ControlPlane, project_root};
use crate::daemons::output_text;
use crate::tools;

/// The namespace of releases in a cluster without nodes.
pub(crate) const NAMESPACE: &str = "readiness";

/// A version of Helm, with additional flags to apply objects.
#[derive(Clone, Copy)]
pub(crate) struct Helm<'a> {
    cluster: &'a ControlPlane,
    namespace: &'a str,
    tool: &'static str,
    flags: &'static [&'static str],
}

impl<'a> Helm<'a> {
    /// Helm 4, which uses server-side apply.
    pub(crate) fn new(cluster: &'a ControlPlane) -> Self {
        Self::in_namespace(cluster, NAMESPACE)
    }

    /// Helm 4, with releases in `namespace`.
    pub(crate) fn in_namespace(cluster: &'a ControlPlane, namespace: &'a str) -> Self {
        Self { cluster, namespace, tool: "helm", flags: &[] }
    }

    /// Helm 4 with server-side apply, Helm 4 with client-side apply, and Helm 3.
    pub(crate) fn all(cluster: &'a ControlPlane) -> [Self; 3] {
        let helm = Self::new(cluster);
        [helm, Self { flags: &["--server-side=false"], ..helm }, Self { tool: "helm-3", ..helm }]
    }

    /// Installs the chart as release `name`. Returns Helm's output.
    pub(crate) fn install(&self, name: &str, flags: &[&str]) -> String {
        self.run(&[&["install", name, CHART], self.flags, flags].concat())
    }

    /// Installs the chart as release `name`. Returns Helm's output if it fails.
    pub(crate) fn install_error(&self, name: &str, flags: &[&str]) -> Option<String> {
        let output = self.output(&[&["install", name, CHART], self.flags, flags].concat());
        (!output.status.success()).then(|| output_text(&output))
    }

    /// Upgrades release `name`. Returns Helm's output.
    pub(crate) fn upgrade(&self, name: &str, flags: &[&str]) -> String {
        self.run(&[&["upgrade", name, CHART, "--reset-values"], self.flags, flags].concat())
    }

    /// Rolls back to the previous revision. Returns Helm's output.
    pub(crate) fn rollback(&self, name: &str) -> String {
        self.run(&[&["rollback", name], self.flags].concat())
    }

    /// The manifest of release `name`.
    pub(crate) fn manifest(&self, name: &str) -> String {
        self.run(&["get", "manifest", name])
    }

    /// Runs Helm and returns its output. Panics if it fails.
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert!(output.status.success(), "{} {arguments:?}:\n{}", self.tool, output_text(&output));
        output_text(&output)
    }

    /// Program name and flags.
    pub(crate) fn name(&self) -> String {
        [&[self.tool], self.flags].concat().join(" ")
    }

    fn output(&self, arguments: &[&str]) -> Output {
        let home = self.cluster.folder.path();
        Command::new(tools::path(self.tool))
            .current_dir(project_root())
            .env("HOME", home)
            .env("KUBECONFIG", &self.cluster.kubeconfig)
            .args(["--namespace", self.namespace])
            .args(arguments)
            .output()
            .unwrap()
    }
}

/// The chart, relative to the project root.
pub(crate) const CHART: &str = "helm/readiness-exporter";

/// The lines of Helm's output that contain a warning of the API server.
pub(crate) fn warnings(output: &str) -> Vec<&str> {
    let is_warning = |line: &&str| {
        let line = line.to_lowercase();
        line.contains("warn") || line.contains("would violate") || line.contains("deprecated")
    };
    output.lines().filter(is_warning).collect()
}
