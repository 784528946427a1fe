//! Changes of files, as they show in the metrics of a daemon that is scraped all the while.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::time::Duration;

use crate::harness::{Client, Daemon, Metrics, NEVER, World, git, project};

/// Prints how long a change took to be served.
#[expect(clippy::print_stderr, reason = "for whoever wants to know, with --nocapture")]
fn print(change: &str, took: Duration) {
    eprintln!("{change}: {} ms", took.as_millis());
}

/// Waits until the project `a` is served with so many percent.
#[track_caller]
fn becomes(daemon: &Daemon, change: &str, percent: f64) {
    let took = daemon.wait_until(change, |metrics| metrics.percent("a") == Some(percent));
    print(change, took);
}

#[test]
fn a_config_map_is_followed_through_its_swaps() {
    let world = World::new();
    world.write("mount/..1/a.yaml", &project("a", 1));
    symlink("..1", world.path("mount/..data")).unwrap();
    symlink("..data/a.yaml", world.path("mount/a.yaml")).unwrap();
    let daemon = Daemon::serving(&[world.path("mount")]);
    daemon.while_scraped(|| {
        for version in 2..4 {
            world.write(&format!("mount/..{version}/a.yaml"), &project("a", version));
            world.turn_link("mount/..data", &format!("..{version}"));
            fs::remove_dir_all(world.path(&format!("mount/..{}", version - 1))).unwrap();
            becomes(&daemon, "a ConfigMap's swap", if version == 2 { 2.0 } else { 3.0 });
        }
    });
    assert_eq!(daemon.metrics().is_up(&world.label("mount/a.yaml")), Some(true));
}

#[test]
fn a_file_is_served_anew_however_it_is_written() {
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
fn a_file_named_by_itself_keeps_its_content_while_it_is_away() {
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
fn a_file_named_without_a_directory_is_followed_in_the_working_directory() {
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
fn a_directory_may_appear_later() {
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
fn a_root_that_is_replaced_is_followed() {
    let world = World::new();
    world.write("plans/a.yaml", &project("a", 1));
    world.write("plans/b.yaml", &project("b", 1));
    let file = world.label("plans/a.yaml");
    let daemon = Daemon::serving(&[world.path("plans")]);
    daemon.while_scraped(|| {
        fs::remove_dir_all(world.path("plans")).unwrap();
        let took = daemon.wait_until("the file is down", |metrics| metrics.is_up(&file) == Some(false));
        print("a removed root", took);
        assert_eq!(daemon.metrics().percent("a"), Some(1.0), "the last good content stays");
        world.write("plans/a.yaml", &project("a", 2));
        becomes(&daemon, "a root created again", 2.0);
        daemon.wait_until("what didn't come back is gone", |metrics| metrics.percent("b").is_none());
        world.write("plans/a.yaml", &project("a", 3));
        becomes(&daemon, "a write in the new root", 3.0);
    });
}

#[test]
fn git_checks_out_a_thousand_files() {
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

/// A plan at `plans/a.yaml` that is `elsewhere/a`, too: of what is written there the kernel tells nobody.
fn with_a_hidden_link() -> World {
    let world = World::new();
    world.write("plans/a.yaml", &project("a", 1));
    fs::create_dir(world.path("elsewhere")).unwrap();
    fs::hard_link(world.path("plans/a.yaml"), world.path("elsewhere/a")).unwrap();
    world
}

#[test]
fn the_timer_finds_what_the_kernel_does_not_tell() {
    let world = with_a_hidden_link();
    let daemon = Daemon::with(&[world.path("plans")], &["--watch.interval=1s", "--log.level=debug"]);
    daemon.settle();
    daemon.while_scraped(|| {
        world.write("elsewhere/a", &project("a", 2));
        becomes(&daemon, "a change that nothing told of, with a timer of 1 s", 2.0);
    });
}

#[test]
fn the_timer_is_not_put_off_by_what_changes_beside() {
    let world = with_a_hidden_link();
    let daemon = Daemon::with(&[world.path("plans")], &["--watch.interval=1s", "--log.level=debug"]);
    daemon.settle();
    daemon.while_scraped(|| {
        // The kernel tells of the notes before the timer can end, and of nothing else.
        world.write("plans/notes", "1");
        world.write("elsewhere/a", &project("a", 2));
        let took = daemon.wait_until("the change is served", |metrics| {
            world.write("plans/notes", "2");
            metrics.percent("a") == Some(2.0)
        });
        print("a change that nothing told of, beside others, with a timer of 1 s", took);
    });
}

#[test]
fn whoever_asks_for_a_reload_gets_one() {
    let world = with_a_hidden_link();
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
        assert_eq!(daemon.metrics().percent("a"), Some(3.0), "the answer comes when it is done");

        world.write("elsewhere/a", "project: a\nreportet: 4%\n");
        let answer = daemon.reload("PUT");
        let words = answer.text();
        assert_eq!(answer.status, 500, "{words}");
        assert!(words.starts_with(&format!("failed to reload: {file}:2:1: ")), "{words}");
        assert!(words.contains("`reportet`"), "{words}");
        assert_eq!(daemon.metrics().percent("a"), Some(3.0));
    });
}

#[test]
fn a_bad_edit_keeps_the_last_good_data_until_it_is_mended() {
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
            // The same content as before is a way to mend it, too.
            world.rename_save("a.yaml", &project("a", 1));
            daemon.wait_until("the file is up", |metrics| metrics.is_up(&file) == Some(true));
        }
        assert_eq!(failures(&daemon.metrics()), Some(3.0));
        world.write("a.yaml", &project("a", 2));
        becomes(&daemon, "a good edit after bad ones", 2.0);
    });
    assert!(daemon.log().contains(r#"level=WARN msg="not loaded""#), "{}", daemon.log());
}

#[test]
fn a_file_written_in_pieces_ends_up_whole() {
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
fn it_stops_at_once_though_connections_are_open() {
    let world = World::new();
    world.write("a.yaml", &project("a", 1));
    let daemon = Daemon::serving(&[world.path("")]);
    let mut idle = daemon.client();
    assert_eq!(idle.ask("GET", "/metrics", "").status, 200);
    let mut silent: Client = daemon.client();
    // The one after the silent one in the queue of connections was answered, so both are accepted.
    assert_eq!(daemon.get("/-/healthy").status, 200);
    let (status, took) = daemon.stop();
    print("SIGTERM with open connections", took);
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert!(idle.is_closed() && silent.is_closed());
}

#[test]
fn every_way_to_stop_it_is_a_success() {
    let world = World::new();
    for signal in ["INT", "TERM"] {
        let daemon = Daemon::with(&[world.path("none.yaml")], &[NEVER]);
        daemon.signal(signal);
        assert_eq!(daemon.stop().0.code(), Some(0), "SIG{signal}");
    }
}
