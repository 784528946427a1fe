//! The chart, its values files, and what Helm makes of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{LazyLock, Mutex};

use serde::Deserialize as _;
use serde_yaml::Value;

use crate::tools;

/// Both Helms that people have.
pub(crate) const HELMS: [&str; 2] = ["helm", "helm-3"];

/// What a cluster knows that has both operators.
pub(crate) const KINDS: [&str; 3] = [
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

/// The files of `folder` whose names end in `end`, sorted.
pub(crate) fn files(folder: &Path, end: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.to_string_lossy().ends_with(end)).collect();
    files.sort();
    assert!(!files.is_empty(), "there is no {end} in {}", folder.display());
    files
}

/// A values file. A line `# flags: …` names flags that it needs; `--without-crds` among them is ours,
/// for a cluster without operators.
#[derive(Clone)]
pub(crate) struct Values {
    pub(crate) path: PathBuf,
    pub(crate) flags: Vec<String>,
}

impl Values {
    fn at(path: PathBuf) -> Self {
        let text = std::fs::read_to_string(&path).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("# flags: ")).unwrap_or_default();
        let mut flags: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let without = flags.len();
        flags.retain(|flag| flag != "--without-crds");
        if flags.len() == without {
            flags.extend(KINDS.map(|kind| format!("--api-versions={kind}")));
        }
        Self { path, flags }
    }

    /// Those that a release may be installed with.
    pub(crate) fn good() -> Vec<Self> {
        files(&chart().join("ci"), "-values.yaml").into_iter().map(Self::at).collect()
    }

    /// Those that are refused.
    pub(crate) fn bad() -> Vec<Self> {
        files(&chart().join("ci/invalid"), ".yaml").into_iter().map(Self::at).collect()
    }

    /// The one whose name contains `part`.
    pub(crate) fn named(part: &str) -> Self {
        Self::good().into_iter().find(|values| values.name().contains(part)).unwrap()
    }

    pub(crate) fn name(&self) -> String {
        self.path.file_name().unwrap().to_string_lossy().into_owned()
    }

    pub(crate) fn yaml(&self) -> Value {
        serde_yaml::from_str(&std::fs::read_to_string(&self.path).unwrap()).unwrap()
    }
}

/// The path of a tool, asked for once.
pub(crate) fn tool(name: &str) -> PathBuf {
    static KNOWN: LazyLock<Mutex<BTreeMap<String, PathBuf>>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap();
    known.entry(name.to_owned()).or_insert_with(|| tools::path(name)).clone()
}

/// A Helm that reads nothing of its user's.
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

/// What `tool` renders of `chart` with `values`, or what it says against it.
pub(crate) fn template(tool: &str, chart: &Path, values: &Values) -> Result<String, String> {
    template_as(["readiness", "readiness"], tool, chart, values)
}

/// The same for a release of a name in a namespace.
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

/// The objects of a rendered chart.
pub(crate) fn objects(rendered: &str) -> Vec<Value> {
    let documents = serde_yaml::Deserializer::from_str(rendered);
    let objects = documents.map(|document| Value::deserialize(document).unwrap());
    objects.filter(|object| !object.is_null()).collect()
}

/// What Helm 4 renders of the chart with `values`.
pub(crate) fn rendered(values: &Values) -> Vec<Value> {
    objects(&template("helm", &chart(), values).unwrap_or_else(|error| panic!("{}: {error}", values.name())))
}

/// Kind and name of an object, for messages and for comparing.
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

/// A copy of the chart, links followed, that may be changed.
pub(crate) fn copy() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy_into(&chart(), folder.path());
    folder
}

pub(crate) fn copy_into(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy_into(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}
