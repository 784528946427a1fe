//! A hundred projects of a thousand tasks each, for benchmarks.

use std::fmt::Write as _;

pub(crate) const PROJECTS: usize = 100;

/// Files of them in a new folder.
pub(crate) fn plans() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..PROJECTS {
        std::fs::write(folder.path().join(format!("plan-{number:03}.yaml")), plan(number)).unwrap();
    }
    folder
}

/// A plan with a thousand tasks in 40 workstreams of four areas, of which each waits for the one before.
fn plan(number: usize) -> String {
    let mut text = format!(
        "project: project-{number}\ntitle: Project {number}\nas_of: 2026-11-02\ntarget: 2027-04-30\n\
         next_review: 2026-11-30\nareas:\n"
    );
    for area in 0..4 {
        let _ =
            write!(text, "  area-{area}:\n    title: Area {area}\n    coverage:\n      target: 80%\n      features:\n");
        for feature in 0..10 {
            let _ = writeln!(text, "        Feature {feature}: {}%", 50 + 4 * feature);
        }
        text.push_str("    workstreams:\n");
        for stream in 0..10 {
            let needs = if stream == 0 {
                String::new()
            } else {
                format!("        needs: [area-{area}/stream-{}]\n", stream - 1)
            };
            let _ = write!(
                text,
                "      stream-{stream}:\n        points: 10\n        estimate: 2-4w\n{needs}        tasks:\n"
            );
            for task in 0..25 {
                let status = ["done", "partial", "todo", "todo"][(task + number) % 4];
                let _ = writeln!(
                    text,
                    "          - {status}: Step {task}\n            id: step-{task}\n            due: 2027-01-{:02}",
                    1 + task
                );
            }
        }
    }
    text.push_str("milestones:\n");
    for milestone in 0..8 {
        let _ = writeln!(
            text,
            "  milestone-{milestone}: {{title: Milestone {milestone}, due: 2027-0{}-15, needs: [area-{}/stream-{}]}}",
            1 + milestone / 2,
            milestone % 4,
            milestone + 2
        );
    }
    text
}
