//! What the rules select is what is served: Prometheus' own parser says what that is.

use std::collections::{BTreeMap, BTreeSet};

use readiness_exporter::metrics::FAMILIES;
use serde_json::Value;

use crate::rules::files::{Rule, rules};
use crate::servers::Prometheus;

/// The labels of a target, as a `ServiceMonitor` gives them.
const TARGET: [&str; 9] =
    ["cluster", "namespace", "job", "service", "pod", "instance", "container", "endpoint", "node"];

/// What an expression names.
#[derive(Default)]
struct Names {
    /// The labels that are asked for, by the name of the series.
    series: BTreeMap<String, BTreeSet<String>>,
    /// The labels that are read: by aggregations, matches and functions.
    read: BTreeSet<String>,
    /// The labels that functions make.
    made: BTreeSet<String>,
}

impl Names {
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
            self.read.extend(if is_join { texts[2..].to_vec() } else { vec![texts[2].clone()] });
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

/// The queries in the template `text`, with a value in place of each verb.
fn queries(text: &str) -> Vec<String> {
    let quoted = text.split("printf \"").skip(1).map(|rest| rest.split('"').next().unwrap());
    quoted.filter(|it| it.contains("%q")).map(|it| it.replace("%q", "\"x\"")).collect()
}

/// The labels that the template `text` prints.
fn printed(text: &str) -> Vec<String> {
    let word = |rest: &str| rest.split(|it: char| !it.is_ascii_alphanumeric() && it != '_').next().unwrap().to_owned();
    let after = |start: &str| text.split(start).skip(1).map(word).collect::<Vec<_>>();
    [after("$labels."), after(".Labels."), after("label \"")].concat()
}

/// Everything that the rules name.
fn names(prometheus: &Prometheus, rules: &[Rule]) -> Names {
    let mut names = Names::default();
    for rule in rules {
        let annotations = rule.annotations();
        let texts = || annotations.iter().map(|(_, text)| text.as_str());
        for query in texts().flat_map(queries).chain([rule.expr.clone()]) {
            let tree = prometheus.api("parse_query", &[&format!("query={query}")]);
            assert!(tree.is_object(), "{}: {query}", rule.name);
            names.collect(&tree);
        }
        names.read.extend(texts().flat_map(printed));
    }
    names
}

#[test]
fn every_series_and_label_of_the_rules_is_served_by_default_or_recorded() {
    let prometheus = Prometheus::with("global: {}\n");
    let rules = rules();
    let names = names(&prometheus, &rules);
    let recorded: BTreeSet<&str> = rules.iter().filter(|rule| !rule.is_alert).map(|rule| rule.name.as_str()).collect();
    let mut known: BTreeSet<&str> = names.made.iter().map(String::as_str).chain(TARGET).collect();
    for (series, labels) in &names.series {
        let family = FAMILIES.iter().find(|family| family.name == series);
        let own = family.map_or(&[][..], |family| family.labels);
        let is_known = family.is_some() || recorded.contains(series.as_str()) || series == "up";
        assert!(is_known, "`{series}` is neither served nor recorded");
        known.extend(own);
        let strange: Vec<_> =
            labels.iter().filter(|it| !own.contains(&it.as_str()) && !TARGET.contains(&it.as_str())).collect();
        assert!(strange.is_empty() || recorded.contains(series.as_str()), "`{series}` has no label {strange:?}");
    }
    for labels in names.series.values().chain([&names.read]) {
        let strange: Vec<_> = labels.iter().filter(|it| !known.contains(it.as_str())).collect();
        assert!(strange.is_empty(), "nothing has a label {strange:?}");
    }
    let unused: Vec<_> = recorded.iter().filter(|it| !names.series.contains_key(**it)).collect();
    assert!(unused.is_empty(), "nothing uses {unused:?}");
}
