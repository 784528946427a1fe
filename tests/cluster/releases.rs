//! The life of a release, as the API server sees it.

use std::collections::BTreeSet;

use crate::control_plane::{ControlPlane, here};
use crate::helm::{CHART, Helm, NAMESPACE, warnings};

/// The values with which the chart is tested, the defaults among them.
fn tested_values() -> Vec<String> {
    let folder = here().join(CHART).join("ci");
    let names = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap());
    let mut files: Vec<String> =
        names.filter(|name| name.ends_with("-values.yaml")).map(|name| format!("{CHART}/ci/{name}")).collect();
    files.sort();
    assert!(files.len() > 3, "{files:?}");
    files
}

/// Installs, upgrades to and from all values, goes back, and uninstalls.
fn live(cluster: &ControlPlane, helm: Helm) {
    let before = cluster.objects();
    // Nothing that Helm says, and nothing that a strict API server says to the same objects, is a warning.
    let no_warning = |said: &str, place: &str| {
        let apply = ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict"];
        let strict = cluster.feed(&apply, &helm.manifest("readiness"));
        assert_eq!([warnings(said), warnings(&strict)].concat(), [""; 0], "{} {place}", helm.name());
    };

    no_warning(&helm.install("readiness", &[]), "install");
    let installed = cluster.objects();
    let manifest = helm.manifest("readiness");
    for file in tested_values() {
        no_warning(&helm.upgrade("readiness", &["-f", &file]), &file);
        no_warning(&helm.upgrade("readiness", &[]), &format!("back from {file}"));
        assert_eq!(difference(&cluster.objects(), &installed), [""; 0], "{} back from {file}", helm.name());
    }
    no_warning(&helm.upgrade("readiness", &["-f", &tested_values()[1]]), "the last before the rollback");
    no_warning(&helm.rollback("readiness"), "rollback");
    assert_eq!(helm.manifest("readiness"), manifest);
    assert_eq!(difference(&cluster.objects(), &installed), [""; 0], "{} rollback", helm.name());

    helm.succeed(&["uninstall", "readiness"]);
    assert_eq!(difference(&cluster.objects(), &before), [""; 0], "{}", helm.name());
    assert!(helm.succeed(&["list", "--all-namespaces", "--short"]).is_empty());
}

/// A cluster with the kinds and namespaces that the tested values name.
fn cluster() -> ControlPlane {
    let cluster = ControlPlane::with_kinds();
    for namespace in [NAMESPACE, "monitoring", "elsewhere"] {
        cluster.restricted_namespace(namespace);
    }
    cluster
}

/// What is there in only one of both, save the Secrets in which Helm keeps the revisions of a release.
fn difference<'a>(left: &'a BTreeSet<String>, right: &'a BTreeSet<String>) -> Vec<&'a str> {
    let objects = left.symmetric_difference(right).map(String::as_str);
    objects.filter(|object| !object.contains("/sh.helm.release.v1.")).collect()
}

#[test]
#[ignore = "make test-apiserver"]
fn every_helm_takes_a_release_through_all_values_and_leaves_nothing() {
    let cluster = cluster();
    for helm in Helm::all(&cluster) {
        live(&cluster, helm);
    }
}

#[test]
#[ignore = "make test-apiserver"]
fn a_warning_is_heard() {
    let cluster = cluster();
    for helm in Helm::all(&cluster) {
        let said = helm.install("readiness", &["--set=securityContext.allowPrivilegeEscalation=true"]);
        assert!(
            warnings(&said).iter().any(|line| line.contains("allowPrivilegeEscalation")),
            "{}: {said}",
            helm.name()
        );
        helm.succeed(&["uninstall", "readiness"]);
    }
}

#[test]
#[ignore = "make test-apiserver"]
fn kinds_that_the_cluster_does_not_know_are_left_out_or_refused_or_sent() {
    let cluster = ControlPlane::start();
    cluster.restricted_namespace(NAMESPACE);
    for helm in Helm::all(&cluster) {
        let said = helm.install("readiness", &[]);
        assert!(
            said.contains("Left out, since the cluster doesn't know them: ServiceMonitor"),
            "{}: {said}",
            helm.name()
        );
        assert!(!helm.manifest("readiness").contains("monitoring.coreos.com"));
        helm.succeed(&["uninstall", "readiness"]);

        let said = helm.try_install("readiness", &["--set=renderMode=failIfMissing"]).unwrap();
        assert!(said.contains("the cluster doesn't know monitoring.coreos.com/v1/"), "{}: {said}", helm.name());
        let said = helm.try_install("readiness", &["--set=renderMode=alwaysRender"]).unwrap();
        assert!(said.contains(r#"no matches for kind "PrometheusRule""#), "{}: {said}", helm.name());
    }

    // Once it knows them, an upgrade makes up for it.
    let helm = Helm::new(&cluster);
    helm.install("readiness", &[]);
    cluster.learn_kinds();
    let said = helm.upgrade("readiness", &[]);
    assert!(!said.contains("Left out"), "{said}");
    assert_eq!(cluster.kubectl(&["get", "servicemonitors,prometheusrules", "-A", "-o", "name"]).lines().count(), 2);
}

#[test]
#[ignore = "make test-apiserver"]
fn two_releases_live_in_one_namespace_and_one_has_a_long_name() {
    let cluster = cluster();
    let helm = Helm::new(&cluster);
    let before = cluster.objects();
    // As long as Helm allows.
    let long = format!("long-{}", "x".repeat(48));
    helm.install("short", &[]);
    helm.install(&long, &[]);
    // Some values name objects, which only one release can have: so one of them is a step ahead, and has no further ones.
    for files in tested_values().windows(2) {
        helm.upgrade("short", &["-f", &files[1], "--set-json=extraManifests=[]"]);
        helm.upgrade(&long, &["-f", &files[0]]);
    }
    helm.succeed(&["uninstall", &long]);
    helm.upgrade("short", &[]);
    helm.succeed(&["uninstall", "short"]);
    assert_eq!(difference(&cluster.objects(), &before), [""; 0]);
}
