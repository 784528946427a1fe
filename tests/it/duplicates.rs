//! Two files that describe the same project: one is served, and the other is reported.

use std::fs;

use crate::harness::{Daemon, NEVER, World, project, run};

/// A daemon that serves two files.
struct Pair {
    world: World,
    daemon: Daemon,
}

impl Pair {
    /// `1.yaml` with the project `a`, and `2.yaml` with the project `id`.
    fn with_second(id: &str) -> Self {
        let world = World::new();
        world.write("plans/1.yaml", &project("a", 1));
        world.write("plans/2.yaml", &project(id, 2));
        let daemon = Daemon::with(&[world.path("plans")], &[NEVER, "--log.level=debug"]);
        daemon.settle();
        Self { world, daemon }
    }

    fn label(&self, number: usize) -> String {
        self.world.label(&format!("plans/{number}.yaml"))
    }

    /// Reloads, and compares the reported percentage of the project `a` and which files are up.
    #[track_caller]
    fn assert_served(&self, percent: f64, up: &[bool]) {
        self.daemon.reload("POST");
        let metrics = self.daemon.metrics();
        let found: Vec<bool> = (1..=up.len()).filter_map(|number| metrics.is_up(&self.label(number))).collect();
        assert_eq!((metrics.percent("a"), &*found), (Some(percent), up), "{}", metrics.text());
    }

    fn reason(&self, number: usize, reason: &str) -> Option<f64> {
        let file = self.label(number);
        self.daemon.value(&format!(r#"readiness_file_reload_failures_total{{file="{file}",reason="{reason}"}}"#))
    }
}

#[test]
fn the_first_file_continues_to_be_served() {
    let pair = Pair::with_second("a");
    pair.assert_served(1.0, &[true, false]);
    assert_eq!(pair.reason(2, "duplicate_project"), Some(1.0));
    let answer = pair.daemon.reload("POST");
    let (first, second) = (pair.label(1), pair.label(2));
    let expected = format!("failed to reload: {second}:1:10: the project `a` is also described in `{first}`\n");
    assert_eq!((answer.status, answer.text()), (500, expected));
    assert!(pair.daemon.log().contains(&format!("the project `a` is also described in `{first}`")));
}

#[test]
fn the_file_that_was_served_first_wins_whatever_its_name() {
    let pair = Pair::with_second("b");
    pair.world.write("plans/0.yaml", &project("a", 50));
    pair.assert_served(1.0, &[true, true]);
    assert_eq!(pair.daemon.metrics().is_up(&pair.label(0)), Some(false));
    pair.world.write("plans/1.yaml", &project("a", 3));
    pair.assert_served(3.0, &[true, true]);
}

#[test]
fn the_second_takes_over_when_the_first_is_removed() {
    let pair = Pair::with_second("a");
    fs::remove_file(pair.world.path("plans/1.yaml")).unwrap();
    pair.daemon.reload("POST");
    let metrics = pair.daemon.metrics();
    assert_eq!(metrics.percent("a"), Some(2.0));
    assert_eq!((metrics.is_up(&pair.label(1)), metrics.is_up(&pair.label(2))), (None, Some(true)));
}

#[test]
fn the_second_takes_over_when_the_first_becomes_another_project() {
    let pair = Pair::with_second("a");
    pair.world.write("plans/1.yaml", &project("b", 9));
    pair.assert_served(2.0, &[true, true]);
    assert_eq!(pair.daemon.metrics().percent("b"), Some(9.0));
}

#[test]
fn the_second_does_not_take_over_when_the_first_gets_an_error() {
    let pair = Pair::with_second("a");
    pair.world.write("plans/1.yaml", "project: a\nreported: much\n");
    pair.assert_served(1.0, &[false, false]);
}

#[test]
fn two_files_swap_their_projects_in_one_update() {
    let pair = Pair::with_second("b");
    pair.daemon.while_scraped(|| {
        for (first, second, percent) in [("b", "a", 20.0), ("a", "b", 10.0)] {
            pair.world.write("plans/1.yaml", &project(first, 10));
            pair.world.write("plans/2.yaml", &project(second, 20));
            pair.assert_served(percent, &[true, true]);
        }
    });
    assert_eq!(pair.reason(1, "duplicate_project"), Some(0.0));
}

#[test]
fn a_file_without_a_free_project_serves_none() {
    let pair = Pair::with_second("b");
    pair.world.write("plans/3.yaml", &project("c", 3));
    pair.assert_served(1.0, &[true, true, true]);
    // The second file changes from `b` to `c`, which the third one owns, while the first takes `b`.
    pair.world.write("plans/1.yaml", &project("b", 10));
    pair.world.write("plans/2.yaml", &project("c", 20));
    pair.daemon.reload("POST");
    let metrics = pair.daemon.metrics();
    assert_eq!((metrics.percent("b"), metrics.percent("c")), (Some(10.0), Some(3.0)));
    assert_eq!((metrics.is_up(&pair.label(1)), metrics.is_up(&pair.label(2))), (Some(true), Some(false)));
    assert_eq!(metrics.count("readiness_project_info"), 2);
    // The second file gets `c` as soon as it is free.
    fs::remove_file(pair.world.path("plans/3.yaml")).unwrap();
    pair.daemon.reload("POST");
    assert_eq!(pair.daemon.metrics().percent("c"), Some(20.0));
}

#[test]
fn check_names_both_files() {
    let world = World::new();
    world.write("1.yaml", &project("a", 1));
    world.write("2.yaml", &project("a", 2));
    let (first, second) = (world.label("1.yaml"), world.label("2.yaml"));
    let output = run(&["check", &first, &second]);
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{printed}");
    for (file, other) in [(&first, &second), (&second, &first)] {
        assert!(printed.contains(&format!(" {file}:1:10\n")), "{printed}");
        assert!(printed.contains(&format!("the project `a` is also described in `{other}`")), "{printed}");
    }
}
