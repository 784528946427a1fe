//! What the dashboards ask.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// One question of one panel.
pub(crate) struct Question {
    pub(crate) dashboard: String,
    pub(crate) panel: String,
    pub(crate) reference: String,
    pub(crate) query: String,
    pub(crate) is_instant: bool,
}

/// Every dashboard, by the name of its file.
pub(crate) fn dashboards() -> BTreeMap<String, Value> {
    let entries = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("dashboards"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.extension().is_some_and(|it| it == "json"));
    let read = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap())
    };
    files.map(read).collect()
}

pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// What `dashboard` asks, with its variables as Grafana leaves them.
pub(crate) fn questions(name: &str, dashboard: &Value) -> Vec<Question> {
    let of_panel = |panel: &Value| {
        let question = |target: &Value| Question {
            dashboard: name.to_owned(),
            panel: text(&panel["title"]).to_owned(),
            reference: text(&target["refId"]).to_owned(),
            query: text(&target["expr"]).to_owned(),
            is_instant: target["instant"] == true,
        };
        list(&panel["targets"]).iter().map(question).collect::<Vec<_>>()
    };
    list(&dashboard["panels"]).iter().flat_map(of_panel).collect()
}

/// `query` as Grafana sends it, where one project is chosen, and all of everything else.
pub(crate) fn filled(query: &str, project: &str) -> String {
    let mut query = query.replace("$project", project).replace("$__rate_interval", "4m").replace("$__interval", "6h");
    for name in ["area", "workstream", "milestone", "status", "assignee"] {
        query = query.replace(&format!("${name}"), ".*");
    }
    assert!(!query.contains('$') || query.contains("\"$1\""), "a variable that nobody fills in: {query}");
    query
}
