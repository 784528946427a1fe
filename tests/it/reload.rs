//! Reloads of changed files, observed in the metrics of a daemon that is scraped continuously.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::time::Duration;

use crate::harness::{Client, Daemon, Metrics, NEVER, World, git, project};

/// Prints the time until a change is served.
#[expect(clippy::print_stderr, reason = "shown with --nocapture")]
fn print(change: &str, took: Duration) {
    eprintln!("{change}: {} ms", took.as_millis());
}

/// Waits until the project `a` is served with this reported completion.
#[track_caller]
fn becomes(daemon: &Daemon, change: &str, percent: f64) {
    let took = daemon.wait_until(change, |metrics| metrics.percent("a") == Some(percent));
    print(change, took);
}

#[test]
fn updates_of_a_config_map_are_served() {
    let world = World::new();
    world.write("mount/..1/a.yaml", &project("a", 1));
    symlink("..1", world.path("mount/..data")).unwrap();
    symlink("..data/a.yaml", world.path("mount/a.yaml")).unwrap();
    let daemon = Daemon::serving(&[world.path("mount")]);
    daemon.while_scraped(|| {
        for version in 2..4 {
            world.write(&format!("mount/..{version}/a.yaml"), &project("a", version));
            world.replace_link("mount/..data", &format!("..{version}"));
            fs::remove_dir_all(world.path(&format!("mount/..{}", version - 1))).unwrap();
            becomes(&daemon, "an update of a ConfigMap", if version == 2 { 2.0 } else { 3.0 });
        }
    });
    assert_eq!(daemon.metrics().is_up(&world.label("mount/a.yaml")), Some(true));
}

#[test]
fn a_file_is_reloaded_however_it_is_written() {
    let world = World::new();
    world.write("a.yaml", &project("a", 1));
    let daemon = Daemon::serving(&[world.path("")]);
    daemon.while_scraped(|| {
        world.rename_save("a.yaml", &project("a", 2));
        becomes(&daemon, "an editor's rename", 2.0);
        world.write("a.yaml", &project("a", 3));
        becomes(&daemon, "a write in place", 3.0);
        fs::remove_file(world.path("a.yaml")).unwrap();
        let took = daemon.wait_until("the file is gone", |metrics| metrics.count("readiness_project_info") == 0);
        print("a removed file", took);
        assert_eq!(daemon.metrics().is_up(&world.label("a.yaml")), None);
        world.write("a.yaml", &project("a", 4));
        becomes(&daemon, "a file created again", 4.0);
    });
}

#[test]
fn a_file_on_the_command_line_keeps_its_last_good_content_while_it_is_missing() {
    let world = World::new();
    world.write("a.yaml", &project("a", 1));
    let file = world.label("a.yaml");
    let daemon = Daemon::serving(&[world.path("a.yaml")]);
    daemon.while_scraped(|| {
        fs::remove_file(world.path("a.yaml")).unwrap();
        daemon.wait_until("the file is down", |metrics| metrics.is_up(&file) == Some(false));
        assert_eq!(daemon.metrics().percent("a"), Some(1.0));
        assert_eq!(daemon.value("readiness_exporter_missing_paths"), Some(1.0));
        world.write("a.yaml", &project("a", 2));
        becomes(&daemon, "a named file created again", 2.0);
        assert_eq!(daemon.metrics().is_up(&file), Some(true));
        assert_eq!(daemon.value("readiness_exporter_missing_paths"), Some(0.0));
    });
}

#[test]
fn a_bare_file_name_is_watched_in_the_working_directory() {
    let world = World::new();
    world.write("a.yaml", &project("a", 1));
    let daemon = Daemon::inside(&world.path(""), &["a.yaml".into()], &[NEVER, "--log.level=debug"]);
    daemon.settle();
    daemon.while_scraped(|| {
        world.write("a.yaml", &project("a", 2));
        becomes(&daemon, "a write in the working directory", 2.0);
        fs::remove_file(world.path("a.yaml")).unwrap();
        let took = daemon.wait_until("the file is down", |metrics| metrics.is_up("a.yaml") == Some(false));
        print("a file removed from the working directory", took);
        assert_eq!(daemon.value("readiness_exporter_missing_paths"), Some(1.0));
        world.rename_save("a.yaml", &project("a", 3));
        becomes(&daemon, "a file created again in the working directory", 3.0);
        assert_eq!(daemon.value("readiness_exporter_missing_paths"), Some(0.0));
    });
}

#[test]
fn a_directory_without_files_is_a_warning() {
    let world = World::new();
    let daemon = Daemon::serving(&[world.path("")]);
    daemon.poll("the warning is logged", || daemon.log().contains("msg=\"no readiness files found\""));
    assert_eq!(daemon.value("readiness_exporter_files"), Some(0.0));
    world.write("a.yaml", &project("a", 1));
    becomes(&daemon, "the first file", 1.0);
    assert_eq!(daemon.value("readiness_exporter_files"), Some(1.0));
}

#[test]
fn a_missing_directory_is_loaded_when_it_is_created() {
    let world = World::new();
    let daemon = Daemon::serving(&[world.path("later/plans")]);
    let missing = daemon.metrics();
    assert_eq!(missing.is_up(&world.label("later/plans")), Some(false));
    assert_eq!(missing.value("readiness_exporter_missing_paths"), Some(1.0));
    daemon.while_scraped(|| {
        world.write("later/plans/deep/a.yaml", &project("a", 1));
        becomes(&daemon, "a directory that appears", 1.0);
        world.write("later/plans/deeper/still/b.yaml", &project("b", 1));
        let took = daemon.wait_until("the new one is served", |metrics| metrics.percent("b") == Some(1.0));
        print("a directory in a directory", took);
    });
    assert_eq!(daemon.value("readiness_exporter_missing_paths"), Some(0.0));
    assert_eq!(daemon.metrics().is_up(&world.label("later/plans")), None);
}

#[test]
fn a_replaced_root_is_watched_again() {
    let world = World::new();
    world.write("plans/a.yaml", &project("a", 1));
    world.write("plans/b.yaml", &project("b", 1));
    let file = world.label("plans/a.yaml");
    let daemon = Daemon::serving(&[world.path("plans")]);
    daemon.while_scraped(|| {
        fs::remove_dir_all(world.path("plans")).unwrap();
        let took = daemon.wait_until("the file is down", |metrics| metrics.is_up(&file) == Some(false));
        print("a removed root", took);
        assert_eq!(daemon.metrics().percent("a"), Some(1.0), "the last good content is served");
        world.write("plans/a.yaml", &project("a", 2));
        becomes(&daemon, "a root created again", 2.0);
        daemon.wait_until("the file that was not created again is gone", |metrics| metrics.percent("b").is_none());
        world.write("plans/a.yaml", &project("a", 3));
        becomes(&daemon, "a write in the new root", 3.0);
    });
}

#[test]
fn a_git_checkout_of_a_thousand_files_is_served() {
    const FILES: usize = 1_000;
    let world = World::new();
    let all = |percent: usize| {
        for number in 0..FILES {
            let name = format!("{:02}/{number:03}.yaml", number % 20);
            world.write(&name, &project(&format!("p{number}"), percent));
        }
    };
    let repository = world.path("");
    git(&repository, &["init", "--quiet"]);
    for percent in [1, 2] {
        all(percent);
        git(&repository, &["add", "."]);
        git(&repository, &["commit", "--quiet", "--message", "plans"]);
    }
    let daemon = Daemon::serving(&[world.path("")]);
    daemon.while_scraped(|| {
        for (revision, percent) in [("main~1", "0.01"), ("main", "0.02")] {
            git(&repository, &["checkout", "--quiet", revision]);
            let reported = format!("method=\"reported\"}} {percent}\n");
            let took = daemon.wait_until("every file is as checked out", |metrics| {
                metrics.text().matches(&*reported).count() == FILES
            });
            print("git checkout of 1,000 files", took);
        }
    });
    assert_eq!(daemon.metrics().count("readiness_file_up"), FILES);
}

/// `plans/a.yaml` is a hard link to `elsewhere/a`: a write to that path sends no notification.
fn with_hidden_hard_link() -> World {
    let world = World::new();
    world.write("plans/a.yaml", &project("a", 1));
    fs::create_dir(world.path("elsewhere")).unwrap();
    fs::hard_link(world.path("plans/a.yaml"), world.path("elsewhere/a")).unwrap();
    world
}

#[test]
fn polling_finds_changes_without_a_notification() {
    let world = with_hidden_hard_link();
    let daemon = Daemon::with(&[world.path("plans")], &["--watch.interval=1s", "--log.level=debug"]);
    daemon.settle();
    daemon.while_scraped(|| {
        world.write("elsewhere/a", &project("a", 2));
        becomes(&daemon, "a change without a notification, poll interval 1 s", 2.0);
    });
}

#[test]
fn other_changes_do_not_delay_polling() {
    let world = with_hidden_hard_link();
    let daemon = Daemon::with(&[world.path("plans")], &["--watch.interval=1s", "--log.level=debug"]);
    daemon.settle();
    daemon.while_scraped(|| {
        // Notifications of the notes arrive before the interval elapses, and no others.
        world.write("plans/notes", "1");
        world.write("elsewhere/a", &project("a", 2));
        let took = daemon.wait_until("the change is served", |metrics| {
            world.write("plans/notes", "2");
            metrics.percent("a") == Some(2.0)
        });
        print("a change without a notification among others, poll interval 1 s", took);
    });
}

#[test]
fn sighup_and_the_reload_endpoint_reload() {
    let world = with_hidden_hard_link();
    let daemon = Daemon::with(&[world.path("plans")], &[NEVER, "--log.level=debug"]);
    let file = world.label("plans/a.yaml");
    daemon.settle();
    daemon.while_scraped(|| {
        world.write("elsewhere/a", &project("a", 2));
        daemon.signal("HUP");
        becomes(&daemon, "SIGHUP", 2.0);

        world.write("elsewhere/a", &project("a", 3));
        assert_eq!(daemon.metrics().percent("a"), Some(2.0));
        let answer = daemon.reload("POST");
        assert_eq!((answer.status, answer.text().as_str()), (200, ""));
        assert_eq!(daemon.metrics().percent("a"), Some(3.0), "the response is sent after the reload");

        world.write("elsewhere/a", "project: a\nreportet: 4%\n");
        let answer = daemon.reload("PUT");
        let message = answer.text();
        assert_eq!(answer.status, 500, "{message}");
        assert!(message.starts_with(&format!("failed to reload: {file}:2:1: ")), "{message}");
        assert!(message.contains("`reportet`"), "{message}");
        assert_eq!(daemon.metrics().percent("a"), Some(3.0));
    });
}

#[test]
fn an_invalid_edit_keeps_the_last_good_content_until_it_is_fixed() {
    let world = World::new();
    world.write("a.yaml", &project("a", 1));
    let file = world.label("a.yaml");
    let daemon = Daemon::serving(&[world.path("")]);
    let failures = |metrics: &Metrics| {
        metrics.value(&format!(r#"readiness_file_reload_failures_total{{file="{file}",reason="invalid"}}"#))
    };
    daemon.while_scraped(|| {
        assert_eq!(failures(&daemon.metrics()), Some(0.0));
        for bad in ["project: a\nreported: 200%\n", "project: [\n", ""] {
            world.rename_save("a.yaml", bad);
            daemon.wait_until("the file is down", |metrics| metrics.is_up(&file) == Some(false));
            assert_eq!(daemon.metrics().percent("a"), Some(1.0), "{bad}");
            let errors = daemon.value(&format!(r#"readiness_file_errors{{file="{file}"}}"#));
            assert_eq!(errors, Some(1.0), "{bad}");
            // Restoring the previous content fixes it.
            world.rename_save("a.yaml", &project("a", 1));
            daemon.wait_until("the file is up", |metrics| metrics.is_up(&file) == Some(true));
        }
        assert_eq!(failures(&daemon.metrics()), Some(3.0));
        world.write("a.yaml", &project("a", 2));
        becomes(&daemon, "a valid edit after invalid ones", 2.0);
    });
    let log = daemon.log();
    let summary = log.lines().skip_while(|line| !line.contains(r#"level=WARN msg="file not loaded""#)).nth(1);
    let expected = r#"level=INFO msg="files reloaded" changed=1 failed=1 files=1 "#;
    assert!(summary.is_some_and(|line| line.contains(expected)), "{log}");
}

#[test]
fn a_file_written_in_pieces_is_served_whole() {
    let world = World::new();
    world.write("a.yaml", &project("a", 1));
    let daemon = Daemon::serving(&[world.path("")]);
    daemon.while_scraped(|| {
        let mut file = fs::File::create(world.path("a.yaml")).unwrap();
        for piece in ["project", ": a\n", "reported", ": 7", "%\n"] {
            file.write_all(piece.as_bytes()).unwrap();
            file.sync_all().unwrap();
        }
        becomes(&daemon, "a write in pieces", 7.0);
    });
}

#[test]
fn it_stops_at_once_with_idle_connections() {
    let world = World::new();
    world.write("a.yaml", &project("a", 1));
    let daemon = Daemon::serving(&[world.path("")]);
    let mut idle = daemon.client();
    assert_eq!(idle.ask("GET", "/metrics", "").status, 200);
    let mut silent: Client = daemon.client();
    // A later connection gets a response, so both are accepted.
    assert_eq!(daemon.get("/-/healthy").status, 200);
    let (status, took) = daemon.stop();
    print("SIGTERM with open connections", took);
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert!(idle.is_closed() && silent.is_closed());
}

#[test]
fn sigint_and_sigterm_exit_with_0() {
    let world = World::new();
    for signal in ["INT", "TERM"] {
        let daemon = Daemon::with(&[world.path("none.yaml")], &[NEVER]);
        daemon.signal(signal);
        assert_eq!(daemon.stop().0.code(), Some(0), "SIG{signal}");
    }
}
