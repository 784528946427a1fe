//! Reads the rule files.

use std::path::{Path, PathBuf};

use serde_yaml::Value;

pub(crate) struct Rule {
    /// Name of the recorded series or of the alert.
    pub(crate) name: String,
    pub(crate) is_alert: bool,
    pub(crate) expr: String,
    /// The complete rule.
    pub(crate) yaml: Value,
}

impl Rule {
    /// The annotations of an alert, by name.
    pub(crate) fn annotations(&self) -> Vec<(String, String)> {
        let annotations = self.yaml["annotations"].as_mapping().into_iter().flatten();
        annotations.map(|(name, text)| (text_of(name), text_of(text))).collect()
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The rule files, sorted by name.
pub(crate) fn paths() -> Vec<PathBuf> {
    matching(&root().join("rules"), ".rules.yaml")
}

/// The files in `folder` whose names end in `end`, sorted.
pub(crate) fn matching(folder: &Path, end: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = entries.filter(|path| path.to_string_lossy().ends_with(end)).collect();
    paths.sort();
    paths
}

/// All rules of all files.
pub(crate) fn rules() -> Vec<Rule> {
    let mut rules = Vec::new();
    for path in paths() {
        let file: Value = serde_yaml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        for group in file["groups"].as_sequence().unwrap() {
            for rule in group["rules"].as_sequence().unwrap() {
                let name = rule.get("alert").or_else(|| rule.get("record")).unwrap();
                rules.push(Rule {
                    name: text_of(name),
                    is_alert: rule.get("alert").is_some(),
                    expr: text_of(&rule["expr"]),
                    yaml: rule.clone(),
                });
            }
        }
    }
    rules
}
