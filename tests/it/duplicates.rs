//! Two files that describe one project: one of them is served, and the metrics say which and why.

use std::fs;

use crate::harness::{Daemon, NEVER, World, project, run};

/// What a test asks for after each step: is the first file up, and the second; what is served.
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

    /// Reloads, and compares the percentage of the project `a` and which of the files are up.
    #[track_caller]
    fn is(&self, percent: f64, up: &[bool]) {
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
fn the_first_file_goes_on_being_served() {
    let pair = Pair::with_second("a");
    pair.is(1.0, &[true, false]);
    assert_eq!(pair.reason(2, "duplicate_project"), Some(1.0));
    let answer = pair.daemon.reload("POST");
    let (first, second) = (pair.label(1), pair.label(2));
    let expected = format!("failed to reload: {second}:1:10: the project `a` is also described in `{first}`\n");
    assert_eq!((answer.status, answer.text()), (500, expected));
    assert!(pair.daemon.log().contains(&format!("the project `a` is also described in `{first}`")));
}

#[test]
fn who_was_first_counts_and_not_who_comes_first() {
    let pair = Pair::with_second("b");
    pair.world.write("plans/0.yaml", &project("a", 50));
    pair.is(1.0, &[true, true]);
    assert_eq!(pair.daemon.metrics().is_up(&pair.label(0)), Some(false));
    pair.world.write("plans/1.yaml", &project("a", 3));
    pair.is(3.0, &[true, true]);
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
    pair.is(2.0, &[true, true]);
    assert_eq!(pair.daemon.metrics().percent("b"), Some(9.0));
}

#[test]
fn the_second_does_not_take_over_when_the_first_gets_an_error() {
    let pair = Pair::with_second("a");
    pair.world.write("plans/1.yaml", "project: a\nreported: much\n");
    pair.is(1.0, &[false, false]);
}

#[test]
fn two_files_exchange_their_projects_in_one_step() {
    let pair = Pair::with_second("b");
    pair.daemon.while_scraped(|| {
        for (first, second, percent) in [("b", "a", 20.0), ("a", "b", 10.0)] {
            pair.world.write("plans/1.yaml", &project(first, 10));
            pair.world.write("plans/2.yaml", &project(second, 20));
            pair.is(percent, &[true, true]);
        }
    });
    assert_eq!(pair.reason(1, "duplicate_project"), Some(0.0));
}

#[test]
fn a_file_whose_old_project_was_taken_serves_nothing_twice() {
    let pair = Pair::with_second("b");
    pair.world.write("plans/3.yaml", &project("c", 3));
    pair.is(1.0, &[true, true, true]);
    // The second lets go of `b` for `c`, which it doesn't get, while the first takes `b`.
    pair.world.write("plans/1.yaml", &project("b", 10));
    pair.world.write("plans/2.yaml", &project("c", 20));
    pair.daemon.reload("POST");
    let metrics = pair.daemon.metrics();
    assert_eq!((metrics.percent("b"), metrics.percent("c")), (Some(10.0), Some(3.0)));
    assert_eq!((metrics.is_up(&pair.label(1)), metrics.is_up(&pair.label(2))), (Some(true), Some(false)));
    assert_eq!(metrics.count("readiness_project_info"), 2);
    // It is still waiting, and gets `c` when that is free.
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
