//! The rules use only series and labels that exist. Prometheus' own parser extracts them from the expressions.

use std::collections::BTreeSet;

use crate::names::Names;
use crate::rules::files::{Rule, rules};
use crate::servers::Prometheus;

/// The queries in the template `text`, with `"x"` for each `%q`.
fn queries(text: &str) -> Vec<String> {
    let quoted = text.split("printf \"").skip(1).map(|rest| rest.split('"').next().unwrap());
    quoted.filter(|it| it.contains("%q")).map(|it| it.replace("%q", "\"x\"")).collect()
}

/// The labels that the template `text` uses.
fn used_labels(text: &str) -> Vec<String> {
    let word = |rest: &str| rest.split(|it: char| !it.is_ascii_alphanumeric() && it != '_').next().unwrap().to_owned();
    let after = |start: &str| text.split(start).skip(1).map(word).collect::<Vec<_>>();
    [after("$labels."), after(".Labels."), after("label \"")].concat()
}

/// Series and labels that the rules use.
fn names(prometheus: &Prometheus, rules: &[Rule]) -> Names {
    let mut names = Names::default();
    for rule in rules {
        let annotations = rule.annotations();
        let texts = || annotations.iter().map(|(_, text)| text.as_str());
        for query in texts().flat_map(queries).chain([rule.expr.clone()]) {
            names.add_query(prometheus, &query, &rule.name);
        }
        names.read.extend(texts().flat_map(used_labels));
    }
    names
}

#[test]
fn every_series_and_label_of_the_rules_is_served_by_default_or_recorded() {
    let prometheus = Prometheus::with("global: {}\n");
    let rules = rules();
    let names = names(&prometheus, &rules);
    let recorded: BTreeSet<&str> = rules.iter().filter(|rule| !rule.is_alert).map(|rule| rule.name.as_str()).collect();
    names.assert_known(&recorded);
    let unused: Vec<_> = recorded.iter().filter(|it| !names.series.contains_key(**it)).collect();
    assert!(unused.is_empty(), "unused recording rules: {unused:?}");
}
