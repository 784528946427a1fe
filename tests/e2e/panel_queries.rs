//! The queries of the dashboards.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// A query of a panel.
pub(crate) struct PanelQuery {
    pub(crate) dashboard: String,
    pub(crate) panel: String,
    pub(crate) ref_id: String,
    pub(crate) expr: String,
    pub(crate) is_instant: bool,
}

/// Reads all dashboards, by file name.
pub(crate) fn read_dashboards() -> BTreeMap<String, Value> {
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

/// The queries of `dashboard`, with variables not substituted.
pub(crate) fn panel_queries(name: &str, dashboard: &Value) -> Vec<PanelQuery> {
    let of_panel = |panel: &Value| {
        let to_query = |target: &Value| PanelQuery {
            dashboard: name.to_owned(),
            panel: text(&panel["title"]).to_owned(),
            ref_id: text(&target["refId"]).to_owned(),
            expr: text(&target["expr"]).to_owned(),
            is_instant: target["instant"] == true,
        };
        list(&panel["targets"]).iter().map(to_query).collect::<Vec<_>>()
    };
    list(&dashboard["panels"]).iter().flat_map(of_panel).collect()
}

/// Substitutes variables like Grafana, with `project` and `cluster` selected and all values of all other variables.
pub(crate) fn substitute_variables(expr: &str, project: &str, cluster: &str) -> String {
    let expr = expr.replace("$project", project).replace("$cluster", cluster);
    let mut expr = expr.replace("$__rate_interval", "4m").replace("$__interval", "6h");
    for name in ["area", "workstream", "milestone", "status", "assignee"] {
        expr = expr.replace(&format!("${name}"), ".*");
    }
    assert!(!expr.contains('$') || expr.contains("\"$1\""), "unknown variable: {expr}");
    expr
}
