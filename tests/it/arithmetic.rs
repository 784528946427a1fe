//! Completion: known answers, and what holds for every plan.

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
fn the_report_rolls_up_as_its_authors_would() {
    let report = project(REPORT);
    assert_eq!(earned(&report), [80.0, 70.0, 35.0, 25.0, 52.5]);
    let reported: Vec<f64> = report.areas.iter().map(|area| percent(area.reported)).collect();
    assert_eq!(reported, [80.0, 70.0, 35.0, 30.0]);
    assert_eq!(percent(completion::reported(&report)), 54.0);
    assert_eq!(percent(completion::mean_reported(&report)), 53.75);
}

#[test]
fn half_credit_for_partial_tasks_lifts_what_has_been_begun() {
    let report = project(&REPORT.replace("reported: 54%", "policy: {partial_credit: 50%}\nreported: 54%"));
    assert_eq!(earned(&report), [90.0, 85.0, 35.0, 45.0, 63.75]);
}

#[test]
fn the_breakdown_means_are_those_of_the_report() {
    let report = project(REPORT);
    let means = report.areas.iter().map(|area| {
        let parts = area.components.iter().map(|component| (1.0, component.complete));
        percent(completion::weighted_mean(parts))
    });
    assert_eq!(means.collect::<Vec<_>>(), [85.0, 63.75, 20.0, 40.0]);
}

#[test]
fn weights_count() {
    // (100·17 + 50·6 + 50·5.5 + 50·1) / 29.5 = 78.81, where the plain mean is 62.5.
    let text = "project: x\nareas:\n  a:\n    workstreams:\n      w:\n        tasks:\n          - {done: a, weight: 17}\n          - {partial: b, complete: 50%, weight: 6}\n          - {partial: c, complete: 50%, weight: 5.5}\n          - {partial: d, complete: 50%, weight: 1}\n";
    assert_eq!(percent(Completion::of(&project(text)).project()), 78.8136);
}

#[test]
fn waived_tasks_leave_the_count_and_partial_ones_stop_at_ninety() {
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
    assert!(plan("{waived: b, reason: none}").is_nan(), "there is nothing to count");
    assert_eq!(plan("{partial: a, complete: 99%}"), 90.0);
    assert_eq!(plan("{partial: a}"), 0.0);
}

#[test]
fn a_shared_task_counts_in_both_workstreams_and_once_in_the_tasks() {
    let text = "project: x\nareas:\n  a: {workstreams: {w: {points: 50, tasks: [{done: t}, {todo: u}]}}}\n  b: {workstreams: {v: {points: 100, tasks: [{ref: a/w/t}]}}}\n";
    let plan = project(text);
    assert_eq!(earned(&plan), [75.0, 100.0, 87.5]);
    assert_eq!(plan.tasks().count(), 2);
}

#[test]
fn a_milestone_is_as_complete_as_what_it_needs() {
    let text = "project: x\nareas:\n  a: {workstreams: {w: {tasks: [{done: t}, {todo: u}]}, v: {tasks: [{todo: t}]}}}\nmilestones:\n  one: {needs: [a/w]}\n  two: {needs: [one, a/v]}\n  three: {done: 2026-01-05, needs: [a/v]}\n  four: {}\n";
    let plan = project(text);
    let completion: Vec<f64> = (0..4).map(|index| percent(Completion::of(&plan).milestone(index))).collect();
    assert_eq!(completion, [50.0, 25.0, 100.0, 0.0]);
}

/// A task as the tests make them: how it stands and what it weighs.
#[derive(Debug, Clone)]
struct Made {
    status: u8,
    complete: u8,
    weight: u8,
}

fn made_task() -> impl Strategy<Value = Made> {
    (0_u8..4, 0_u8..=100, 1_u8..=9).prop_map(|(status, complete, weight)| Made { status, complete, weight })
}

/// Workstreams with points that add up to at most 100.
fn made_area() -> impl Strategy<Value = Vec<(u8, Vec<Made>)>> {
    prop::collection::vec((0_u8..=20, prop::collection::vec(made_task(), 0..6)), 0..5)
}

fn written(areas: &[Vec<(u8, Vec<Made>)>]) -> String {
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
    fn completion_stays_between_nothing_and_all(areas in prop::collection::vec(made_area(), 1..4)) {
        let plan = project(&written(&areas));
        for index in 0..plan.areas.len() {
            if let Some(ratio) = Completion::of(&plan).area(index) {
                prop_assert!((0.0..=1.0).contains(&ratio.get()));
            }
        }
        let all = Completion::of(&plan).project().map_or(0.0, readiness_exporter::quantity::Ratio::get);
        prop_assert!((0.0..=1.0).contains(&all));
    }

    #[test]
    fn progress_in_a_task_never_lowers_anything(areas in prop::collection::vec(made_area(), 1..4), pick in any::<prop::sample::Index>()) {
        let before = project(&written(&areas));
        let mut better = areas.clone();
        let mut tasks: Vec<&mut Made> = better.iter_mut().flatten().flat_map(|(_, tasks)| tasks).collect();
        prop_assume!(!tasks.is_empty());
        let at = pick.index(tasks.len());
        prop_assume!(tasks[at].status < 2);
        tasks[at].status += 1;
        let after = project(&written(&better));
        for index in 0..before.areas.len() {
            let (old, new) = (Completion::of(&before).area(index), Completion::of(&after).area(index));
            prop_assert!(new.map(readiness_exporter::quantity::Ratio::get) >= old.map(|it| it.get() - 1e-12));
        }
    }

    #[test]
    fn the_order_of_tasks_workstreams_and_areas_does_not_matter(areas in prop::collection::vec(made_area(), 1..4)) {
        let mut turned = areas.clone();
        turned.reverse();
        for area in &mut turned {
            area.reverse();
            for (_, tasks) in area.iter_mut() {
                tasks.reverse();
            }
        }
        let (one, other) = (Completion::of(&project(&written(&areas))).project(), Completion::of(&project(&written(&turned))).project());
        prop_assert_eq!(one.is_some(), other.is_some());
        prop_assert!((one.map_or(0.0, readiness_exporter::quantity::Ratio::get) - other.map_or(0.0, readiness_exporter::quantity::Ratio::get)).abs() < 1e-12);
    }
}

#[test]
fn what_waits_for_a_workstream_is_counted_in_points() {
    let report = project(REPORT);
    let blocked = readiness_exporter::model::blocking::blocked_points(&report, &Completion::of(&report));
    let points = |path: &str| {
        let found = blocked.iter().find(|((area, index), _)| report.path(Item::Workstream(*area, *index)) == path);
        found.map(|(_, points)| *points)
    };
    // The workspace: training 20, deployment 15 and operations 10, as the report's blockers say.
    assert_eq!(points("ml/azure"), Some(45.0));
    assert_eq!(points("ml/training"), Some(15.0));
    assert_eq!(points("implementation/vendor-apis"), Some(10.0));
    assert_eq!(points("testing/unit"), Some(10.0));
}
