//! Access to the chart, its values files, and the manifests that Helm renders from them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{LazyLock, Mutex};

use serde::Deserialize as _;
use serde_yaml::Value;

use crate::tools;

/// The supported Helm versions: 4 and 3.
pub(crate) const HELMS: [&str; 2] = ["helm", "helm-3"];

/// The custom resources of a cluster with prometheus-operator and grafana-operator.
pub(crate) const CUSTOM_RESOURCES: [&str; 3] = [
    "monitoring.coreos.com/v1/ServiceMonitor",
    "monitoring.coreos.com/v1/PrometheusRule",
    "grafana.integreatly.org/v1beta1/GrafanaDashboard",
];

/// The chart in the repository.
pub(crate) fn chart() -> PathBuf {
    root().join("helm/readiness-exporter")
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files of `folder` whose names end in `suffix`, sorted.
pub(crate) fn files(folder: &Path, suffix: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.to_string_lossy().ends_with(suffix)).collect();
    files.sort();
    assert!(!files.is_empty(), "no {suffix} in {}", folder.display());
    files
}

/// A values file. A line `# flags: …` lists the Helm flags that it needs. `--without-crds` is not a Helm
/// flag: it renders as for a cluster without operators.
#[derive(Clone)]
pub(crate) struct Values {
    pub(crate) path: PathBuf,
    pub(crate) flags: Vec<String>,
}

impl Values {
    fn read(path: PathBuf) -> Self {
        let text = std::fs::read_to_string(&path).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("# flags: ")).unwrap_or_default();
        let mut flags: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let count = flags.len();
        flags.retain(|flag| flag != "--without-crds");
        if flags.len() == count {
            flags.extend(CUSTOM_RESOURCES.map(|kind| format!("--api-versions={kind}")));
        }
        Self { path, flags }
    }

    pub(crate) fn valid() -> Vec<Self> {
        files(&chart().join("ci"), "-values.yaml").into_iter().map(Self::read).collect()
    }

    /// The values that Helm must reject.
    pub(crate) fn invalid() -> Vec<Self> {
        files(&chart().join("ci/invalid"), ".yaml").into_iter().map(Self::read).collect()
    }

    /// The valid values file whose name contains `part`.
    pub(crate) fn named(part: &str) -> Self {
        Self::valid().into_iter().find(|values| values.name().contains(part)).unwrap()
    }

    pub(crate) fn name(&self) -> String {
        self.path.file_name().unwrap().to_string_lossy().into_owned()
    }

    pub(crate) fn yaml(&self) -> Value {
        serde_yaml::from_str(&std::fs::read_to_string(&self.path).unwrap()).unwrap()
    }
}

/// The path of a tool, cached.
pub(crate) fn tool(name: &str) -> PathBuf {
    static PATHS: LazyLock<Mutex<BTreeMap<String, PathBuf>>> = LazyLock::new(Mutex::default);
    let mut paths = PATHS.lock().unwrap();
    paths.entry(name.to_owned()).or_insert_with(|| tools::path(name)).clone()
}

/// Runs Helm without the configuration of the user.
pub(crate) fn helm(tool: &str, arguments: &[&str]) -> Output {
    static HOME: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());
    let home = |name: &str| HOME.path().join(name);
    Command::new(self::tool(tool))
        .args(arguments)
        .env("HELM_CACHE_HOME", home("cache"))
        .env("HELM_CONFIG_HOME", home("config"))
        .env("HELM_DATA_HOME", home("data"))
        .env("KUBECONFIG", home("none"))
        .output()
        .unwrap()
}

/// The manifest that `tool` renders from `chart` with `values`, or its error.
pub(crate) fn template(tool: &str, chart: &Path, values: &Values) -> Result<String, String> {
    template_as(["readiness", "readiness"], tool, chart, values)
}

/// Like [`template`], for the given release name and namespace.
pub(crate) fn template_as(
    [release, namespace]: [&str; 2],
    tool: &str,
    chart: &Path,
    values: &Values,
) -> Result<String, String> {
    let mut arguments = vec!["template", release, chart.to_str().unwrap(), "--namespace", namespace];
    arguments.extend(["--values", values.path.to_str().unwrap()]);
    arguments.extend(values.flags.iter().map(String::as_str));
    let output = helm(tool, &arguments);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

/// The objects of a manifest.
pub(crate) fn parse_objects(manifest: &str) -> Vec<Value> {
    let documents = serde_yaml::Deserializer::from_str(manifest);
    let objects = documents.map(|document| Value::deserialize(document).unwrap());
    objects.filter(|object| !object.is_null()).collect()
}

/// The objects that Helm 4 renders with `values`.
pub(crate) fn render(values: &Values) -> Vec<Value> {
    parse_objects(&template("helm", &chart(), values).unwrap_or_else(|error| panic!("{}: {error}", values.name())))
}

/// Kind, namespace and name of an object.
pub(crate) fn identity(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let metadata = &object["metadata"];
    [text(&object["kind"]), text(&metadata["namespace"]), text(&metadata["name"])].join("/")
}

pub(crate) fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["kind"] == kind).collect()
}

/// The containers of every Deployment and `StatefulSet`.
pub(crate) fn containers(objects: &[Value]) -> Vec<&Value> {
    let workloads = [of_kind(objects, "Deployment"), of_kind(objects, "StatefulSet")].concat();
    workloads
        .into_iter()
        .flat_map(|workload| workload["spec"]["template"]["spec"]["containers"].as_sequence().unwrap())
        .collect()
}

/// A writable copy of the chart, with links replaced by their targets.
pub(crate) fn copy_chart() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy_dir(&chart(), folder.path());
    folder
}

pub(crate) fn copy_dir(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy_dir(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}
