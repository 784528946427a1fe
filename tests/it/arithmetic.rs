//! Completion: known results and properties of all plans.

use std::fmt::Write;

use proptest::prelude::*;
use readiness_exporter::finding::Severity;
use readiness_exporter::model::completion;
use readiness_exporter::model::completion::Completion;
use readiness_exporter::model::load::load;
use readiness_exporter::model::{Item, Project};

const REPORT: &str = include_str!("../../examples/castiel.readiness.yaml");

fn project(text: &str) -> Project {
    let loaded = load(text, "2026-01-27T12:00:00Z".parse().unwrap());
    let errors: Vec<_> = loaded.findings.iter().filter(|finding| finding.severity() == Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{text}");
    loaded.plan.unwrap().project
}

fn percent(ratio: impl Into<Option<readiness_exporter::quantity::Ratio>>) -> f64 {
    ratio.into().map_or(f64::NAN, |ratio| (ratio.get() * 1e6).round() / 1e4)
}

fn earned(project: &Project) -> Vec<f64> {
    let areas = (0..project.areas.len()).map(|area| percent(Completion::of(project).area(area)));
    areas.chain([percent(Completion::of(project).project())]).collect()
}

#[test]
fn the_completion_of_the_report_is_known() {
    let report = project(REPORT);
    assert_eq!(earned(&report), [80.0, 70.0, 35.0, 25.0, 52.5]);
    let reported: Vec<f64> = report.areas.iter().map(|area| percent(area.reported.map(|it| it.complete))).collect();
    assert_eq!(reported, [80.0, 70.0, 35.0, 30.0]);
    assert_eq!(percent(completion::reported(&report)), 54.0);
    assert_eq!(percent(completion::mean_reported(&report)), 53.75);
}

#[test]
fn partial_credit_counts_for_started_tasks() {
    let report = project(&REPORT.replace("reported: 54%", "policy: {partial_credit: 50%}\nreported: 54%"));
    assert_eq!(earned(&report), [90.0, 85.0, 35.0, 45.0, 63.75]);
}

#[test]
fn the_breakdown_means_match_the_report() {
    let report = project(REPORT);
    let means = report.areas.iter().map(|area| {
        let parts = area.components.iter().map(|component| (1.0, component.complete));
        percent(completion::weighted_mean(parts))
    });
    assert_eq!(means.collect::<Vec<_>>(), [85.0, 63.75, 20.0, 40.0]);
}

#[test]
fn weights_determine_the_mean() {
    // (100·17 + 50·6 + 50·5.5 + 50·1) / 29.5 = 78.81; the unweighted mean is 62.5.
    let text = "project: x\nareas:\n  a:\n    workstreams:\n      w:\n        tasks:\n          - {done: a, weight: 17}\n          - {partial: b, complete: 50%, weight: 6}\n          - {partial: c, complete: 50%, weight: 5.5}\n          - {partial: d, complete: 50%, weight: 1}\n";
    assert_eq!(percent(Completion::of(&project(text)).project()), 78.8136);
}

#[test]
fn waived_tasks_are_ignored_and_partial_tasks_are_at_most_90_percent_complete() {
    let plan = |tasks: &str| {
        percent(
            Completion::of(&project(&format!(
                "project: x\nareas: {{a: {{workstreams: {{w: {{tasks: [{tasks}]}}}}}}}}\n"
            )))
            .project(),
        )
    };
    assert_eq!(plan("{done: a}, {todo: b}"), 50.0);
    assert_eq!(plan("{done: a}, {waived: b, reason: none}"), 100.0);
    assert!(plan("{waived: b, reason: none}").is_nan(), "without tasks there is no completion");
    assert_eq!(plan("{partial: a, complete: 99%}"), 90.0);
    assert_eq!(plan("{partial: a}"), 0.0);
}

#[test]
fn a_shared_task_counts_in_both_workstreams_but_is_one_task() {
    let text = "project: x\nareas:\n  a: {workstreams: {w: {points: 50, tasks: [{done: t}, {todo: u}]}}}\n  b: {workstreams: {v: {points: 100, tasks: [{ref: a/w/t}]}}}\n";
    let plan = project(text);
    assert_eq!(earned(&plan), [75.0, 100.0, 87.5]);
    assert_eq!(plan.tasks().count(), 2);
}

#[test]
fn the_completion_of_a_milestone_is_the_mean_of_its_needs() {
    let text = "project: x\nareas:\n  a: {workstreams: {w: {tasks: [{done: t}, {todo: u}]}, v: {tasks: [{todo: t}]}}}\nmilestones:\n  one: {needs: [a/w]}\n  two: {needs: [one, a/v]}\n  three: {done: 2026-01-05, needs: [a/v]}\n  four: {}\n";
    let plan = project(text);
    let completion: Vec<f64> = (0..4).map(|index| percent(Completion::of(&plan).milestone(index))).collect();
    assert_eq!(completion, [50.0, 25.0, 100.0, 0.0]);
}

/// A generated task.
#[derive(Debug, Clone)]
struct GeneratedTask {
    status: u8,
    complete: u8,
    weight: u8,
}

fn generated_task() -> impl Strategy<Value = GeneratedTask> {
    (0_u8..4, 0_u8..=100, 1_u8..=9).prop_map(|(status, complete, weight)| GeneratedTask { status, complete, weight })
}

/// Generates an area: workstreams with a total of 100 points or less.
fn generated_area() -> impl Strategy<Value = Vec<(u8, Vec<GeneratedTask>)>> {
    prop::collection::vec((0_u8..=20, prop::collection::vec(generated_task(), 0..6)), 0..5)
}

fn yaml_of(areas: &[Vec<(u8, Vec<GeneratedTask>)>]) -> String {
    let mut text = String::from("project: x\nareas:\n");
    for (area, streams) in areas.iter().enumerate() {
        writeln!(text, "  a{area}:\n    workstreams:").unwrap();
        if streams.is_empty() {
            text.truncate(text.len() - "    workstreams:\n".len());
            text.truncate(text.trim_end().len());
            text.push_str(" {}\n");
        }
        for (stream, (points, tasks)) in streams.iter().enumerate() {
            writeln!(text, "      w{stream}:\n        points: {points}").unwrap();
            if !tasks.is_empty() {
                text.push_str("        tasks:\n");
            }
            for (index, task) in tasks.iter().enumerate() {
                let rest = match task.status {
                    0 => format!("todo: t{index}"),
                    1 => format!("partial: t{index}, complete: {}%", task.complete),
                    2 => format!("done: t{index}"),
                    _ => format!("waived: t{index}, reason: r"),
                };
                writeln!(text, "          - {{{rest}, weight: {}}}", task.weight).unwrap();
            }
        }
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn completion_is_between_0_and_1(areas in prop::collection::vec(generated_area(), 1..4)) {
        let plan = project(&yaml_of(&areas));
        for index in 0..plan.areas.len() {
            if let Some(ratio) = Completion::of(&plan).area(index) {
                prop_assert!((0.0..=1.0).contains(&ratio.get()));
            }
        }
        let all = Completion::of(&plan).project().map_or(0.0, readiness_exporter::quantity::Ratio::get);
        prop_assert!((0.0..=1.0).contains(&all));
    }

    #[test]
    fn progress_of_a_task_never_decreases_completion(areas in prop::collection::vec(generated_area(), 1..4), pick in any::<prop::sample::Index>()) {
        let before = project(&yaml_of(&areas));
        let mut better = areas.clone();
        let mut tasks: Vec<&mut GeneratedTask> = better.iter_mut().flatten().flat_map(|(_, tasks)| tasks).collect();
        prop_assume!(!tasks.is_empty());
        let at = pick.index(tasks.len());
        prop_assume!(tasks[at].status < 2);
        tasks[at].status += 1;
        let after = project(&yaml_of(&better));
        for index in 0..before.areas.len() {
            let (old, new) = (Completion::of(&before).area(index), Completion::of(&after).area(index));
            prop_assert!(new.map(readiness_exporter::quantity::Ratio::get) >= old.map(|it| it.get() - 1e-12));
        }
    }

    #[test]
    fn completion_is_independent_of_the_order(areas in prop::collection::vec(generated_area(), 1..4)) {
        let mut reversed = areas.clone();
        reversed.reverse();
        for area in &mut reversed {
            area.reverse();
            for (_, tasks) in area.iter_mut() {
                tasks.reverse();
            }
        }
        let (one, other) = (Completion::of(&project(&yaml_of(&areas))).project(), Completion::of(&project(&yaml_of(&reversed))).project());
        prop_assert_eq!(one.is_some(), other.is_some());
        prop_assert!((one.map_or(0.0, readiness_exporter::quantity::Ratio::get) - other.map_or(0.0, readiness_exporter::quantity::Ratio::get)).abs() < 1e-12);
    }
}

#[test]
fn blocked_points_are_the_points_of_waiting_workstreams() {
    let report = project(REPORT);
    let blocked = readiness_exporter::model::blocking::blocked_points(&report, &Completion::of(&report));
    let points = |path: &str| {
        let found = blocked.iter().find(|((area, index), _)| report.path(Item::Workstream(*area, *index)) == path);
        found.map(|(_, points)| *points)
    };
    // The workspace blocks training (20), deployment (15) and operations (10), as in the report.
    assert_eq!(points("ml/azure"), Some(45.0));
    assert_eq!(points("ml/training"), Some(15.0));
    assert_eq!(points("implementation/vendor-apis"), Some(10.0));
    assert_eq!(points("testing/unit"), Some(10.0));
}
