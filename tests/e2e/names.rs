//! Series and labels that expressions use, extracted with Prometheus' own parser, and a check that they exist.

use std::collections::{BTreeMap, BTreeSet};

use readiness_exporter::metrics::series::FAMILIES;
use serde_json::Value;

use crate::servers::Prometheus;

/// Target labels that a `ServiceMonitor` adds.
const TARGET: [&str; 9] =
    ["cluster", "namespace", "job", "service", "pod", "instance", "container", "endpoint", "node"];

/// Labels that Prometheus adds to alerts and histogram buckets.
const RESERVED: [&str; 4] = ["alertname", "alertstate", "severity", "le"];

/// Series and labels of expressions.
#[derive(Default)]
pub(crate) struct Names {
    /// Labels in selectors, by series.
    pub(crate) series: BTreeMap<String, BTreeSet<String>>,
    /// Labels in aggregations, vector matching and functions.
    pub(crate) read: BTreeSet<String>,
    /// Labels that functions create.
    created: BTreeSet<String>,
}

impl Names {
    /// Adds the series and labels of `query`, which is in the rule or panel `place`.
    pub(crate) fn add_query(&mut self, prometheus: &Prometheus, query: &str, place: &str) {
        let tree = prometheus.api("parse_query", &[&format!("query={query}")]);
        assert!(tree.is_object(), "{place}: {query}");
        self.collect(&tree);
    }

    /// Panics if a series is neither served nor one of `others`, or if no series has a label.
    pub(crate) fn assert_known(&self, others: &BTreeSet<&str>) {
        let mut known: BTreeSet<&str> = self.created.iter().map(String::as_str).chain(TARGET).chain(RESERVED).collect();
        for (series, labels) in &self.series {
            let family = FAMILIES.iter().find(|family| family.name == series);
            let own = family.map_or(&[][..], |family| family.labels);
            let is_other = others.contains(series.as_str());
            assert!(family.is_some() || is_other || series == "up", "`{series}` is neither served nor recorded");
            known.extend(own);
            let unknown: Vec<_> =
                labels.iter().filter(|it| !own.contains(&it.as_str()) && !TARGET.contains(&it.as_str())).collect();
            assert!(unknown.is_empty() || is_other, "`{series}` does not have the labels {unknown:?}");
        }
        for labels in self.series.values().chain([&self.read]) {
            let unknown: Vec<_> = labels.iter().filter(|it| !known.contains(it.as_str())).collect();
            assert!(unknown.is_empty(), "no series has the labels {unknown:?}");
        }
    }

    /// Adds the series and labels of `node` of a syntax tree and its children.
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
            self.created.insert(texts[0].clone());
            let is_join = node["func"]["name"] == "label_join";
            let sources = if is_join { &texts[2..] } else { &texts[2..3] };
            // Without a source label, the created label has a fixed value.
            self.read.extend(sources.iter().filter(|it| !it.is_empty()).cloned());
        }
        if node["op"] == "count_values" {
            self.created.insert(node["param"]["val"].as_str().unwrap().to_owned());
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
