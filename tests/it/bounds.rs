//! Large and deeply nested plans are loaded in linear time.
//!
//! The tests do not measure time: with quadratic time they would run for minutes.

use std::fmt::Write;

use readiness_exporter::finding::{Kind, MAX_FINDINGS};
use readiness_exporter::model::Item;
use readiness_exporter::model::blocking::blocked_points;
use readiness_exporter::model::load::{Loaded, load};

fn loaded(text: &str) -> Loaded {
    load(text, "2026-11-23T12:00:00Z".parse().unwrap())
}

/// One area with the workstreams `w0`, `w1`, …, one per line.
fn streams(count: usize, line: impl Fn(usize) -> String) -> String {
    let mut text = String::from("project: big\nareas:\n  a:\n    workstreams:\n");
    for index in 0..count {
        writeln!(text, "      w{index}: {{points: 0.001, {}}}", line(index)).unwrap();
    }
    text
}

#[test]
fn a_chain_of_ten_thousand_workstreams_is_loaded() {
    let text =
        streams(10_000, |index| if index == 0 { "blocker: true".into() } else { format!("needs: [a/w{}]", index - 1) });
    let loaded = loaded(&text);
    assert!(loaded.is_good(), "{:?}", loaded.findings.first());
    assert_eq!(loaded.plan.unwrap().project.dependencies.len(), 9_999);
}

#[test]
fn a_cycle_of_ten_thousand_workstreams_is_reported_once() {
    let loaded = loaded(&streams(10_000, |index| format!("needs: [a/w{}]", (index + 1) % 10_000)));
    let cycles: Vec<_> = loaded.findings.iter().filter(|finding| finding.kind == Kind::DependencyCycle).collect();
    assert_eq!(cycles.len(), 1);
    assert!(cycles[0].message.len() < 2_000, "{} bytes", cycles[0].message.len());
}

#[test]
fn completion_propagates_along_a_chain_of_milestones() {
    let mut text = String::from(
        "project: big\nareas: {a: {workstreams: {w: {complete: 50%}}}}\nmilestones:\n  m0: {needs: [a/w]}\n",
    );
    for index in 1..20_000 {
        writeln!(text, "  m{index}: {{needs: [m{}]}}", index - 1).unwrap();
    }
    let plan = loaded(&text).plan.unwrap();
    assert_eq!(plan.completion.item(&plan.project, Item::Milestone(19_999)).get(), 0.5);
}

#[test]
fn dependencies_on_an_area_are_not_expanded_to_its_workstreams() {
    let mut text = streams(3_000, |_| "due: 2027-03-01".into());
    text.push_str("  b:\n    workstreams:\n");
    for index in 0..3_000 {
        writeln!(text, "      v{index}: {{points: 0.001, due: 2027-02-01, needs: [a]}}").unwrap();
    }
    let loaded = loaded(&text);
    assert!(loaded.is_good());
    assert_eq!(loaded.findings.iter().filter(|finding| finding.kind == Kind::DueBeforeNeed).count(), MAX_FINDINGS);
    let plan = loaded.plan.unwrap();
    let blocked = blocked_points(&plan.project, &plan.completion);
    assert!(blocked.is_empty() || blocked.len() == 3_000);
}

#[test]
fn the_number_of_findings_is_limited() {
    let mut text = String::from("project: big\n");
    for index in 0..300_000 {
        writeln!(text, "unknown{index}: 1").unwrap();
    }
    assert_eq!(loaded(&text).findings.len(), MAX_FINDINGS);
    let references: Vec<String> = (0..20_000).map(|index| format!("a/nowhere{index}")).collect();
    let text = streams(20_000, |_| "blocker: true".into()) + &format!("critical_path: [{}]\n", references.join(", "));
    assert_eq!(loaded(&text).findings.len(), MAX_FINDINGS);
}
