//! Hostile input. Each file is reported with its location, in bounded time and memory, and valid files
//! continue to be served.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::harness::{Daemon, World, project};
use crate::optional;
use crate::tools;

/// Maximum memory of a check in KiB, which is also enough for a large valid file.
const MAX_MEMORY_KIB: u64 = 600 << 10;

/// A hostile file and its finding.
struct Case {
    name: &'static str,
    kind: &'static str,
    /// Line and column, if the text can be read.
    position: Option<(u64, u64)>,
    /// Part of the message.
    message: &'static str,
}

const fn case(name: &'static str, kind: &'static str, position: Option<(u64, u64)>, message: &'static str) -> Case {
    Case { name, kind, position, message }
}

/// Hostile files that are texts.
fn texts() -> Vec<(Case, Vec<u8>)> {
    let mut bomb = String::from("project: bomb\na0: &a0 [x, x, x]\n");
    for level in 1..40 {
        let lower = level - 1;
        writeln!(bomb, "a{level}: &a{level} [*a{lower}, *a{lower}, *a{lower}]").unwrap();
    }
    let deep = format!("project: deep\nnotes: {}{}\n", "[".repeat(10_000), "]".repeat(10_000));
    let mut nested = String::from("project: nested\n");
    for level in 0..4_000 {
        writeln!(nested, "{}a:", " ".repeat(level)).unwrap();
    }
    let text = |text: &str| text.as_bytes().to_vec();
    vec![
        (case("latin-1.yaml", "not_text", None, "line 1, column 13"), b"project: caf\xe9\xff\n".to_vec()),
        (case("utf-16.yaml", "not_text", None, "UTF-16"), b"\xff\xfep\0r\0o\0j\0".to_vec()),
        (case("nul.yaml", "not_text", None, "line 2, column 8"), b"project: nul\ntitle: \0\n".to_vec()),
        (case("bomb.yaml", "too_complex", Some((13, 24)), "aliases expand to more than 1000000 nodes"), text(&bomb)),
        (case("deep.yaml", "too_complex", Some((2, 263)), "nested more than 64 levels deep"), text(&deep)),
        (case("nested.yaml", "too_complex", Some((66, 65)), "nested more than 64 levels deep"), text(&nested)),
        (
            case("duplicate.yaml", "duplicate_key", Some((2, 1)), "duplicate key `project`"),
            text("project: a\nproject: b\n"),
        ),
        (case("tab.yaml", "syntax", Some((3, 1)), "tab"), text("project: tab\nareas:\n\ta: {}\n")),
        (case("emoji.yaml", "bad_value", Some((1, 10)), "expected letters, digits"), text("project: 🚀\n")),
        (
            case("right-to-left.yaml", "bad_value", Some((1, 10)), "expected letters, digits"),
            text("project: \u{202e}שלום\n"),
        ),
        (
            case("no-such-day.yaml", "bad_value", Some((2, 9)), "invalid date `2026-02-30`: no such day"),
            text("project: day\ntarget: 2026-02-30\n"),
        ),
        (
            case("no-zero.yaml", "bad_value", Some((2, 11)), "invalid percentage `.5%`"),
            text("project: half\nreported: .5%\n"),
        ),
        (
            case("exponent.yaml", "bad_value", Some((2, 52)), "invalid estimate `1e999999999`"),
            text("project: e\nareas: {a: {workstreams: {w: {points: 1, estimate: 1e999999999}}}}\n"),
        ),
        (case("empty.yaml", "missing_key", Some((1, 1)), "`project` is missing"), Vec::new()),
    ]
}

/// The findings and the exit code of `check`. Panics if it exceeds the memory limit, or 60 seconds of processor time.
fn check(path: &Path) -> (Vec<Value>, Option<i32>) {
    // The kernel ends a process that exceeds a limit.
    let limited = format!("ulimit -v {}; ulimit -t 60; exec \"$0\" check --format json \"$1\"", MAX_MEMORY_KIB * 4);
    let output =
        Command::new("sh").args(["-c", &limited, env!("CARGO_BIN_EXE_readiness-exporter")]).arg(path).output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let document: Value = serde_json::from_str(&stdout).unwrap_or_else(|error| {
        panic!("{}: {error}: {stdout}{}", path.display(), String::from_utf8_lossy(&output.stderr))
    });
    (document["findings"].as_array().unwrap().clone(), output.status.code())
}

fn assert_found(path: &Path, case: &Case) {
    let (findings, code) = check(path);
    let name = path.display().to_string();
    let of_kind = findings.iter().find(|finding| finding["kind"] == case.kind);
    let finding = of_kind.unwrap_or_else(|| panic!("{name}: {findings:#?}"));
    assert_eq!(finding["file"], name);
    let message = finding["message"].as_str().unwrap();
    assert!(message.contains(case.message), "{name}: {message}");
    if let Some((line, column)) = case.position {
        assert_eq!((finding["line"].as_u64(), finding["column"].as_u64()), (Some(line), Some(column)), "{name}");
    }
    assert_eq!(code, Some(1), "{name}");
}

#[test]
fn hostile_texts_are_reported_with_their_location() {
    let world = World::new();
    for (case, bytes) in texts() {
        let path = world.path(case.name);
        fs::write(&path, bytes).unwrap();
        assert_found(&path, &case);
    }
}

/// Syntax errors are repaired one after the other: the cost is limited, and the first ones are reported.
#[test]
fn many_syntax_errors_are_reported_in_bounded_time() {
    let world = World::new();
    let path = world.path("many.yaml");
    let lines = |line: &dyn Fn(usize) -> String| (0..100_000).map(line).collect::<String>();
    let tasks = "project: x\nareas: {}\nnotes:\n".to_owned();
    let texts = [
        tasks.clone() + &lines(&|_| "  - @note\n".to_owned()),
        tasks.clone() + &lines(&|_| "  - [x\n".to_owned()),
        tasks + &lines(&|_| "  - 'x\n".to_owned()),
        "a:\n".to_owned() + &lines(&|number| format!("{}k{number}: x\n", "\t".repeat(number % 7 + 1))),
        "a:\n".to_owned() + &lines(&|number| format!("{}k{number}: x\n", "\u{a0}".repeat(number % 2))),
        "a: b\n".to_owned() + &lines(&|_| "<<<<<<< x\n".to_owned()),
    ];
    for text in texts {
        fs::write(&path, text).unwrap();
        let (findings, code) = check(&path);
        assert!((2..=1000).contains(&findings.len()), "{} findings", findings.len());
        assert_eq!((findings[0]["kind"].as_str(), code), (Some("syntax"), Some(1)), "{:#?}", findings[0]);
    }
}

#[test]
fn a_byte_order_mark_is_valid() {
    let world = World::new();
    fs::write(world.path("marked.yaml"), "\u{feff}project: marked\ntitle: Marked\n").unwrap();
    assert_eq!(check(&world.path("marked.yaml")), (Vec::new(), Some(0)));
}

#[test]
fn a_file_of_100_mib_is_rejected_without_reading_it() {
    let world = World::new();
    let path = world.path("large.yaml");
    // A sparse file. Reading it would exceed the memory limit.
    fs::File::create(&path).unwrap().set_len(100 << 20).unwrap();
    assert_found(&path, &case("large.yaml", "too_large", None, "104857600 bytes, limit 16777216"));
}

#[test]
fn the_file_size_limit_is_configurable() {
    let world = World::new();
    world.write("a.yaml", &project("a", 50));
    let path = world.label("a.yaml");
    let run = |limit: &str| crate::harness::run(&["check", limit, &path]).status.code();
    assert_eq!((run("--limits.file-size=10"), run("--limits.file-size=1MiB")), (Some(1), Some(0)));
}

#[test]
fn pipes_sockets_and_link_loops_are_reported_without_blocking() {
    let world = World::new();
    assert!(Command::new("mkfifo").arg(world.path("pipe.yaml")).status().unwrap().success());
    let _socket = UnixListener::bind(world.path("socket.yaml")).unwrap();
    symlink("loop.yaml", world.path("loop.yaml")).unwrap();
    symlink("nowhere", world.path("dangling.yaml")).unwrap();
    fs::create_dir(world.path("folder.yaml")).unwrap();
    world.write("folder.yaml/inner.yaml", &project("inner", 50));
    for (name, says) in [("socket.yaml", "socket"), ("loop.yaml", "symbolic links")] {
        assert_found(&world.path(name), &case(name, "unreadable", None, says));
    }
    let (findings, code) = check(&world.path(""));
    assert_eq!((findings.len(), code), (4, Some(1)), "the folder's file is good: {findings:#?}");
    // A pipe that the command line names is read, and waits for its writer.
    assert!(
        findings.iter().any(|finding| finding["message"] == "expected a file, found a named pipe"),
        "{findings:#?}"
    );
}

#[test]
fn a_file_without_read_permission_is_reported() {
    // Even root cannot read this file.
    let path = Path::new("/proc/self/mem");
    let (findings, code) = check(path);
    assert_eq!((findings[0]["kind"].as_str(), code), (Some("unreadable"), Some(1)), "{findings:#?}");
}

#[test]
fn files_that_come_and_go_while_they_are_read_are_read_or_named() {
    let world = World::new();
    let path = world.path("restless.yaml");
    let text = project("restless", 50) + &"# a comment\n".repeat(50_000);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                fs::write(&path, &text).unwrap();
                fs::File::options().write(true).open(&path).unwrap().set_len(100).unwrap();
                fs::remove_file(&path).unwrap();
            }
        });
        for _ in 0..20 {
            let output = crate::harness::run(&["check", &path.display().to_string()]);
            let code = output.status.code();
            assert!(matches!(code, Some(0..=2)), "{code:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
        over.store(true, Ordering::Relaxed);
    });
}

#[test]
fn standard_input_is_checked_like_a_file() {
    let mut check = Command::new(env!("CARGO_BIN_EXE_readiness-exporter"))
        .args(["check", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    check.stdin.take().unwrap().write_all(b"project: caf\xff\n").unwrap();
    let output = check.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("<stdin>"));
}

#[test]
fn a_valid_file_is_served_despite_hostile_files() {
    let world = World::new();
    world.write("good.yaml", &project("good", 50));
    for (case, bytes) in texts() {
        fs::write(world.path(case.name), bytes).unwrap();
    }
    assert!(Command::new("mkfifo").arg(world.path("pipe.yaml")).status().unwrap().success());
    let _socket = UnixListener::bind(world.path("socket.yaml")).unwrap();
    symlink("loop.yaml", world.path("loop.yaml")).unwrap();
    fs::File::create(world.path("large.yaml")).unwrap().set_len(100 << 20).unwrap();

    let daemon = Daemon::serving(&[world.path("")]);
    let metrics = daemon.metrics();
    assert_eq!(metrics.is_up(&world.label("good.yaml")), Some(true));
    for name in texts().iter().map(|(case, _)| case.name).chain(["pipe.yaml", "socket.yaml", "loop.yaml", "large.yaml"])
    {
        assert_eq!(metrics.is_up(&world.label(name)), Some(false), "{name}");
    }
    if optional::is_skipped("promtool") {
        return;
    }
    let mut promtool = Command::new(tools::path("promtool"))
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    promtool.stdin.take().unwrap().write_all(metrics.text().as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(daemon.get("/").text().contains("good.yaml"));
}

#[test]
fn a_valid_file_that_becomes_hostile_keeps_its_last_good_content() {
    let world = World::new();
    world.write("plan.yaml", &project("plan", 50));
    let daemon = Daemon::serving(&[world.path("")]);
    for (case, bytes) in texts() {
        fs::write(world.path("plan.yaml"), bytes).unwrap();
        daemon.wait_until(case.name, |metrics| metrics.is_up(&world.label("plan.yaml")) == Some(false));
        assert!(daemon.metrics().percent("plan").is_some(), "{}: the last good content is gone", case.name);
        world.write("plan.yaml", &project("plan", 50));
        daemon.wait_until(case.name, |metrics| metrics.is_up(&world.label("plan.yaml")) == Some(true));
    }
}

#[test]
fn locations_in_a_repaired_text_are_whole_characters() {
    for text in
        ["project: x\nareas:ꄒ\n", "project: x\nareas:ꄒn{ o é: [a]}}\n", "project: x\ntitle: @ꄒé\nareas: @é\n"]
    {
        let findings = readiness_exporter::model::load::load(text, "2026-01-27T12:00:00Z".parse().unwrap()).findings;
        assert!(!findings.is_empty());
        for finding in findings {
            let span = finding.span.unwrap();
            assert!(text.get(span.start..span.end).is_some(), "{finding:?}");
        }
    }
}
