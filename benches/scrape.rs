//! Duration of scrapes and reloads, compared with the textfile collector of `node_exporter` with the same
//! series and with a static file of the same bytes.
//!
//! `make bench` runs it. Times are medians in milliseconds; compare ratios, since machines differ.

#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a benchmark measures and prints")]

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn main() {
    // `cargo test --benches` only checks that it runs.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    example();
    println!("{:>9} {:>22} {:>12} {:>12} {:>9} {:>7}", "series", "scrape of", "plain ms", "gzip ms", "RSS MB", "files");
    for files in [10, 1_000, 10_000] {
        scrapes(folder.path(), files);
    }
    println!();
    for files in [100, 1_000, 10_000] {
        reloads(folder.path(), files);
    }
}

/// Start time and memory with the example.
fn example() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/castiel.readiness.yaml");
    let mut starts = Vec::new();
    let mut memory = 0.0;
    for _ in 0..5 {
        let daemon = Server::daemon(&examples);
        scrape(daemon.port, "/metrics", false);
        memory = daemon.resident();
        starts.push(daemon.started);
    }
    println!("example: ready in {:.0} ms, resident {memory:.1} MB\n", median(&mut starts));
}

fn scrapes(folder: &Path, files: usize) {
    let plans = plans(folder, files);
    let daemon = Server::daemon(&plans);
    let exposition = scrape(daemon.port, "/metrics", false).1;
    let text = String::from_utf8(exposition).expect("an exposition is text");
    // Keeps only the series of the files, because the textfile collector has other process metrics.
    let own: String = text.lines().filter(|line| line.contains("readiness_")).fold(String::new(), |mut all, line| {
        let _ = writeln!(all, "{line}");
        all
    });
    let series = own.lines().filter(|line| !line.starts_with('#')).count();
    let row = |name: &str, plain: f64, gzip: f64, memory: f64| {
        println!("{series:>9} {name:>22} {plain:>12.1} {gzip:>12.1} {memory:>9.1} {files:>7}");
    };
    let runs = if files > 1_000 { 5 } else { 21 };
    let times =
        |port, path: &str, gzip, runs| median(&mut (0..runs).map(|_| scrape(port, path, gzip).0).collect::<Vec<_>>());
    let (plain, gzip) = (times(daemon.port, "/metrics", false, runs), times(daemon.port, "/metrics", true, runs));
    row("readiness-exporter", plain, gzip, daemon.resident());
    println!("{:>9} {:>22} {:>12.1}", "", "(cold start)", daemon.started);
    drop(daemon);

    let file = folder.join("static.txt");
    fs::write(&file, &text).expect("the folder can be written");
    let port = static_server(file);
    let still = times(port, "/", false, runs);
    row("static file", still, f64::NAN, f64::NAN);

    let collected = folder.join("textfile");
    fs::create_dir_all(&collected).expect("the folder can be written");
    fs::write(collected.join("readiness.prom"), own).expect("the folder can be written");
    let textfile = Server::textfile(&collected);
    let runs = if files > 1_000 { 3 } else { 7 };
    let (peer, peer_gzip) =
        (times(textfile.port, "/metrics", false, runs), times(textfile.port, "/metrics", true, runs));
    row("textfile collector", peer, peer_gzip, textfile.resident());
    println!("{:>9} {:>22} {:>11.2}x {:>11.0}x\n", "", "static, textfile:", plain / still, peer_gzip / gzip);
}

/// Measures the reload of one changed file among many: after a notification, and after a reload request, which
/// scans all files.
/// The durations are those that the daemon measures, without the time it waits for writes to settle.
fn reloads(folder: &Path, files: usize) {
    let plans = plans(folder, files);
    let daemon = Server::daemon(&plans);
    let mut round = 0;
    let mut reload = |requested: bool| {
        let before = reloading(daemon.port);
        round += 1;
        fs::write(plans.join("plan-00007.yaml"), plan(7, round)).expect("the folder can be written");
        if requested {
            // A file is read once its last write has settled.
            std::thread::sleep(Duration::from_millis(60));
            request(daemon.port, "POST", "/-/reload", false);
        } else {
            std::thread::sleep(Duration::from_millis(500));
        }
        (reloading(daemon.port) - before) * 1000.0
    };
    let notified = median(&mut (0..11).map(|_| reload(false)).collect::<Vec<_>>());
    let requested = median(&mut (0..11).map(|_| reload(true)).collect::<Vec<_>>());
    println!("one changed file among {files:>6}: {notified:.1} ms, with a scan of all files {requested:.1} ms");
}

/// Total duration of all reloads in seconds.
fn reloading(port: u16) -> f64 {
    let text = String::from_utf8(scrape(port, "/metrics", false).1).expect("an exposition is text");
    let sum = text.lines().find_map(|line| line.strip_prefix("readiness_exporter_reload_duration_seconds_sum "));
    sum.and_then(|sum| sum.parse().ok()).expect("the daemon measures its reloads")
}

/// A folder of `files` readiness files of about 100 series each.
fn plans(folder: &Path, files: usize) -> PathBuf {
    let plans = folder.join(format!("plans-{files}"));
    fs::create_dir_all(&plans).expect("the folder can be written");
    for number in 0..files {
        fs::write(plans.join(format!("plan-{number:05}.yaml")), plan(number, 0)).expect("the folder can be written");
    }
    plans
}

fn plan(number: usize, round: usize) -> String {
    let mut text =
        format!("project: project-{number}\ntitle: Project {number}\nas_of: 2026-11-02\ntarget: 2027-04-30\nareas:\n");
    for area in ["backend", "frontend"] {
        let _ = writeln!(text, "  {area}:\n    title: The {area} of the product\n    priority: high\n    workstreams:");
        for stream in ["features", "hardening"] {
            let _ = writeln!(
                text,
                "      {stream}:\n        title: All {stream} of the {area}\n        points: 25\n        tasks:"
            );
            for task in 0..4 {
                let status = ["done", "partial", "todo", "todo"][(task + round) % 4];
                let _ = writeln!(
                    text,
                    "          - {status}: Step {task} of the {stream} for the {area}\n            assignee: team-{task}"
                );
            }
        }
    }
    text.push_str("milestones:\n  launch: {title: Launch, due: 2027-04-30, needs: [backend, frontend]}\n");
    text
}

/// A server in a process of its own.
struct Server {
    child: Child,
    port: u16,
    /// Milliseconds from the start until it was ready.
    started: f64,
}

impl Server {
    fn daemon(path: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_readiness-exporter"));
        command.arg("serve").arg(path).arg("--web.listen-address=127.0.0.1:0");
        Self::start(&mut command, |line| line.contains("msg=listening"), "/-/ready")
    }

    fn textfile(folder: &Path) -> Self {
        let build = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools/build");
        let printed = Command::new(build).arg("node_exporter").output().expect("tests/tools/build runs").stdout;
        let binary = String::from_utf8_lossy(&printed).trim().trim_start_matches("node_exporter=").to_owned();
        let mut command = Command::new(binary);
        command
            .args(["--collector.disable-defaults", "--collector.textfile", "--web.disable-exporter-metrics"])
            .arg(format!("--collector.textfile.directory={}", folder.display()))
            .arg("--web.listen-address=127.0.0.1:0");
        Self::start(&mut command, |line| line.contains("Listening on"), "/")
    }

    fn start(command: &mut Command, listens: impl Fn(&str) -> bool, ready: &str) -> Self {
        let begun = Instant::now();
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the server starts");
        let mut lines = BufReader::new(child.stderr.take().expect("it was piped")).lines().map_while(Result::ok);
        let line = lines.find(|line| listens(line)).expect("the server listens");
        let address = line.split("address=").nth(1).expect("it says where").split(' ').next().unwrap_or_default();
        let port = address.trim_matches('"').rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
        // A full pipe would block the server.
        std::thread::spawn(move || lines.for_each(drop));
        while request(port, "GET", ready, false).2 != 200 {
            std::thread::sleep(Duration::from_millis(1));
        }
        Self { child, port, started: milliseconds(begun) }
    }

    /// Resident memory in MB.
    fn resident(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).map_or(f64::NAN, |kib| kib / 1024.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves a file, read again for each request.
fn static_server(file: PathBuf) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(&stream);
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
                line.clear();
            }
            let bytes = fs::read(&file).unwrap_or_default();
            let _ = write!(&stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", bytes.len());
            let _ = (&stream).write_all(&bytes);
        }
    });
    port
}

/// The time in milliseconds, and the body.
fn scrape(port: u16, path: &str, gzip: bool) -> (f64, Vec<u8>) {
    let (time, body, status) = request(port, "GET", path, gzip);
    assert_eq!(status, 200, "{path}");
    (time, body)
}

fn request(port: u16, method: &str, path: &str, gzip: bool) -> (f64, Vec<u8>, u16) {
    let begun = Instant::now();
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return (0.0, Vec::new(), 0) };
    let accepted = if gzip { "Accept-Encoding: gzip\r\n" } else { "" };
    let _ = write!(stream, "{method} {path} HTTP/1.1\r\nHost: bench\r\n{accepted}Connection: close\r\n\r\n");
    let mut response = Vec::new();
    let _ = stream.read_to_end(&mut response);
    let time = milliseconds(begun);
    let end = response.windows(4).position(|window| window == b"\r\n\r\n").map_or(response.len(), |at| at + 4);
    let status = response.get(9..12).and_then(|code| std::str::from_utf8(code).ok()?.parse().ok()).unwrap_or(0);
    (time, response.split_off(end), status)
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
