//! Installs, upgrades, rolls back and uninstalls releases against an API server.

use std::collections::BTreeSet;

use crate::control_plane::{ControlPlane, project_root};
use crate::helm::{CHART, Helm, NAMESPACE, warnings};

/// The valid values files of the chart, including the defaults.
fn values_files() -> Vec<String> {
    let folder = project_root().join(CHART).join("ci");
    let names = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap());
    let mut files: Vec<String> =
        names.filter(|name| name.ends_with("-values.yaml")).map(|name| format!("{CHART}/ci/{name}")).collect();
    files.sort();
    assert!(files.len() > 3, "{files:?}");
    files
}

/// Installs, upgrades to and from all values files, rolls back, and uninstalls.
fn run_lifecycle(cluster: &ControlPlane, helm: Helm) {
    let before = cluster.list_objects();
    // Neither Helm nor strict validation by the API server may print a warning.
    let assert_no_warnings = |output: &str, step: &str| {
        let apply = ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict"];
        let strict = cluster.kubectl_with_input(&apply, &helm.manifest("readiness"));
        assert_eq!([warnings(output), warnings(&strict)].concat(), [""; 0], "{} {step}", helm.name());
    };

    assert_no_warnings(&helm.install("readiness", &[]), "install");
    let installed = cluster.list_objects();
    let manifest = helm.manifest("readiness");
    for file in values_files() {
        assert_no_warnings(&helm.upgrade("readiness", &["-f", &file]), &file);
        assert_no_warnings(&helm.upgrade("readiness", &[]), &format!("back from {file}"));
        assert_eq!(difference(&cluster.list_objects(), &installed), [""; 0], "{} back from {file}", helm.name());
    }
    assert_no_warnings(&helm.upgrade("readiness", &["-f", &values_files()[1]]), "before the rollback");
    assert_no_warnings(&helm.rollback("readiness"), "rollback");
    assert_eq!(helm.manifest("readiness"), manifest);
    assert_eq!(difference(&cluster.list_objects(), &installed), [""; 0], "{} rollback", helm.name());

    helm.run(&["uninstall", "readiness"]);
    assert_eq!(difference(&cluster.list_objects(), &before), [""; 0], "{}", helm.name());
    assert!(helm.run(&["list", "--all-namespaces", "--short"]).is_empty());
}

/// Starts a cluster with the CRDs and namespaces that the values files use.
fn start_cluster() -> ControlPlane {
    let cluster = ControlPlane::start_with_crds();
    for namespace in [NAMESPACE, "monitoring", "elsewhere"] {
        cluster.create_restricted_namespace(namespace);
    }
    cluster
}

/// The objects that are in only one of the sets, except the Secrets of Helm's release revisions.
fn difference<'a>(left: &'a BTreeSet<String>, right: &'a BTreeSet<String>) -> Vec<&'a str> {
    let objects = left.symmetric_difference(right).map(String::as_str);
    objects.filter(|object| !object.contains("/sh.helm.release.v1.")).collect()
}

#[test]
#[ignore = "make test-apiserver"]
fn a_release_can_be_upgraded_to_all_values_and_uninstalled() {
    let cluster = start_cluster();
    for helm in Helm::all(&cluster) {
        run_lifecycle(&cluster, helm);
    }
}

#[test]
#[ignore = "make test-apiserver"]
fn warnings_of_the_api_server_are_detected() {
    let cluster = start_cluster();
    for helm in Helm::all(&cluster) {
        let output = helm.install("readiness", &["--set=securityContext.allowPrivilegeEscalation=true"]);
        assert!(
            warnings(&output).iter().any(|line| line.contains("allowPrivilegeEscalation")),
            "{}: {output}",
            helm.name()
        );
        helm.run(&["uninstall", "readiness"]);
    }
}

#[test]
#[ignore = "make test-apiserver"]
fn render_mode_controls_resources_without_crds() {
    let cluster = ControlPlane::start();
    cluster.create_restricted_namespace(NAMESPACE);
    for helm in Helm::all(&cluster) {
        let output = helm.install("readiness", &[]);
        assert!(
            output.contains("Not created, because the CRD is not installed: ServiceMonitor"),
            "{}: {output}",
            helm.name()
        );
        assert!(!helm.manifest("readiness").contains("monitoring.coreos.com"));
        helm.run(&["uninstall", "readiness"]);

        let error = helm.install_error("readiness", &["--set=renderMode=failIfMissing"]).unwrap();
        assert!(error.contains("renderMode: monitoring.coreos.com/v1/"), "{}: {error}", helm.name());
        let error = helm.install_error("readiness", &["--set=renderMode=alwaysRender"]).unwrap();
        assert!(error.contains(r#"no matches for kind "PrometheusRule""#), "{}: {error}", helm.name());
    }

    // Once the CRDs are installed, an upgrade creates the resources.
    let helm = Helm::new(&cluster);
    helm.install("readiness", &[]);
    cluster.install_crds();
    let output = helm.upgrade("readiness", &[]);
    assert!(!output.contains("Not created"), "{output}");
    assert_eq!(cluster.kubectl(&["get", "servicemonitors,prometheusrules", "-A", "-o", "name"]).lines().count(), 2);
}

#[test]
#[ignore = "make test-apiserver"]
fn two_releases_can_share_a_namespace_and_names_can_be_long() {
    let cluster = start_cluster();
    let helm = Helm::new(&cluster);
    let before = cluster.list_objects();
    // 53 characters, the limit of Helm.
    let long = format!("long-{}", "x".repeat(48));
    helm.install("short", &[]);
    helm.install(&long, &[]);
    // Some values files set object names, which only one release can use. So both releases never use the same file
    // at the same time, and only one creates the extra manifests.
    for files in values_files().windows(2) {
        helm.upgrade("short", &["-f", &files[1], "--set-json=extraManifests=[]"]);
        helm.upgrade(&long, &["-f", &files[0]]);
    }
    helm.run(&["uninstall", &long]);
    helm.upgrade("short", &[]);
    helm.run(&["uninstall", "short"]);
    assert_eq!(difference(&cluster.list_objects(), &before), [""; 0]);
}
