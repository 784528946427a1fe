//! What expressions name, as Prometheus' own parser reads them, and whether all of that is served.

use std::collections::{BTreeMap, BTreeSet};

use readiness_exporter::metrics::series::FAMILIES;
use serde_json::Value;

use crate::servers::Prometheus;

/// The labels of a target, as a `ServiceMonitor` gives them.
const TARGET: [&str; 9] =
    ["cluster", "namespace", "job", "service", "pod", "instance", "container", "endpoint", "node"];

/// The labels that Prometheus gives to alerts and to the parts of histograms.
const ITS_OWN: [&str; 4] = ["alertname", "alertstate", "severity", "le"];

/// What an expression names.
#[derive(Default)]
pub(crate) struct Names {
    /// The labels that are asked for, by the name of the series.
    pub(crate) series: BTreeMap<String, BTreeSet<String>>,
    /// The labels that are read: by aggregations, matches and functions.
    pub(crate) read: BTreeSet<String>,
    /// The labels that functions make.
    made: BTreeSet<String>,
}

impl Names {
    /// Adds what `query` names, which stands at `place`.
    pub(crate) fn of(&mut self, prometheus: &Prometheus, query: &str, place: &str) {
        let tree = prometheus.api("parse_query", &[&format!("query={query}")]);
        assert!(tree.is_object(), "{place}: {query}");
        self.collect(&tree);
    }

    /// Panics where a series is neither served nor one of `others`, or where a label is nowhere served.
    pub(crate) fn assert_known(&self, others: &BTreeSet<&str>) {
        let mut known: BTreeSet<&str> = self.made.iter().map(String::as_str).chain(TARGET).chain(ITS_OWN).collect();
        for (series, labels) in &self.series {
            let family = FAMILIES.iter().find(|family| family.name == series);
            let own = family.map_or(&[][..], |family| family.labels);
            let is_other = others.contains(series.as_str());
            assert!(family.is_some() || is_other || series == "up", "`{series}` is neither served nor recorded");
            known.extend(own);
            let strange: Vec<_> =
                labels.iter().filter(|it| !own.contains(&it.as_str()) && !TARGET.contains(&it.as_str())).collect();
            assert!(strange.is_empty() || is_other, "`{series}` has no label {strange:?}");
        }
        for labels in self.series.values().chain([&self.read]) {
            let strange: Vec<_> = labels.iter().filter(|it| !known.contains(it.as_str())).collect();
            assert!(strange.is_empty(), "nothing has a label {strange:?}");
        }
    }

    /// Adds what is named in `node` of a syntax tree, and below it.
    fn collect(&mut self, node: &Value) {
        let strings = |list: &Value| -> Vec<String> {
            list.as_array().into_iter().flatten().map(|it| it.as_str().unwrap().to_owned()).collect()
        };
        if matches!(node["type"].as_str(), Some("vectorSelector" | "matrixSelector")) {
            let labels = node["matchers"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap().to_owned());
            let series = self.series.entry(node["name"].as_str().unwrap().to_owned()).or_default();
            series.extend(labels.filter(|label| label != "__name__"));
        }
        if matches!(node["func"]["name"].as_str(), Some("label_replace" | "label_join")) {
            let texts: Vec<String> =
                node["args"].as_array().unwrap()[1..].iter().map(|it| it["val"].as_str().unwrap().to_owned()).collect();
            self.made.insert(texts[0].clone());
            let is_join = node["func"]["name"] == "label_join";
            let sources = if is_join { &texts[2..] } else { &texts[2..3] };
            // A label that is made of none has a fixed value.
            self.read.extend(sources.iter().filter(|it| !it.is_empty()).cloned());
        }
        if node["op"] == "count_values" {
            self.made.insert(node["param"]["val"].as_str().unwrap().to_owned());
        }
        self.read.extend(strings(&node["grouping"]));
        self.read.extend(strings(&node["matching"]["labels"]));
        self.read.extend(strings(&node["matching"]["include"]));
        match node {
            Value::Array(items) => items.iter().for_each(|item| self.collect(item)),
            Value::Object(fields) => fields.values().for_each(|item| self.collect(item)),
            _ => {}
        }
    }
}
