//! Simulation speed compared with two other simulators of task networks, and the time from a file change to a served
//! forecast.
//!
//! `make bench` runs it, and installs the peers. Absolute figures depend on the machine; compare the ratios. The
//! outputs differ: pmcontrols computes the total duration and a criticality index, trueppm-scheduler dates and rank
//! correlations. A forecast of this crate has percentiles and the on-time probability of every item, the critical path
//! with floats, and a criticality index.

#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a benchmark measures and prints")]

use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::num::NonZero;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use readiness_exporter::model::load::load;
use readiness_exporter::schedule::forecast::{Forecast, ForecastOptions};

const DRAWS: u32 = 10_000;

fn main() {
    // `cargo test --benches` only checks that it builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    println!("{:>6} {:>20} {:>16}", "tasks", "", "iterations/s");
    for tasks in [8, 100] {
        let one = iterations_per_second(tasks, NonZero::new(1));
        println!("{tasks:>6} {:>20} {one:>16.0}", "one core");
        println!("{tasks:>6} {:>20} {:>16.0}", "all cores", iterations_per_second(tasks, None));
        let peers = ["pmcontrols", "trueppm-scheduler"].map(|peer| (peer, peer_iterations_per_second(peer, tasks)));
        for (peer, speed) in peers {
            println!("{tasks:>6} {peer:>20} {speed:>16.0}");
        }
        let best = peers.iter().map(|(_, speed)| *speed).fold(0.0, f64::max);
        println!("{tasks:>6} {:>20} {:>15.1}x\n", "ratio to best peer", one / best);
    }
    let report = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/castiel.readiness.yaml"));
    print_reload_time("the example", &report.expect("the example can be read"), 4096);
    print_reload_time("1000 items, 10000 draws", &plan(1000), DRAWS);
}

/// A network equal to the one in `peers/peer.py`.
fn plan(tasks: usize) -> String {
    let mut state: u64 = 12345;
    let mut text = "project: x\nas_of: 2026-02-01\nareas:\n  a:\n    workstreams:\n".to_owned();
    for number in 0..tasks {
        let mut needs: Vec<String> = Vec::new();
        for _ in 0..2 {
            state = (state * 1_103_515_245 + 12345) % (1 << 31);
            let back = usize::try_from((state >> 16) % 8).unwrap_or_default();
            if (1..=number).contains(&back) {
                needs.push(format!("a/t{}", number - back));
            }
        }
        needs.dedup();
        let optimistic = 2 + number % 5;
        let likely = optimistic + 2 + number % 7;
        let estimate = format!("{optimistic}/{likely}/{}d", likely + 5 + number % 11);
        let _ = writeln!(text, "      t{number}: {{estimate: {estimate}, needs: [{}]}}", needs.join(", "));
    }
    let _ = writeln!(text, "milestones:\n  end: {{due: 2026-12-31, needs: [a]}}");
    text
}

/// Iterations per second of a complete forecast: network, critical path, simulation, percentiles.
fn iterations_per_second(tasks: usize, threads: Option<NonZero<usize>>) -> f64 {
    let now: Timestamp = "2026-02-01T12:00:00Z".parse().expect("a valid timestamp");
    let plan = load(&plan(tasks), now).plan.expect("a valid plan");
    let draws = NonZero::new(DRAWS).expect("not zero");
    let options = ForecastOptions { draws, threads, ..ForecastOptions::default() };
    let forecast = || {
        let start = Instant::now();
        black_box(Forecast::of(&plan.project, &plan.completion, now, &options));
        start.elapsed().as_secs_f64()
    };
    forecast();
    f64::from(DRAWS) / (0..5).map(|_| forecast()).fold(f64::INFINITY, f64::min)
}

fn peer_iterations_per_second(peer: &str, tasks: usize) -> f64 {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(root.join("target/peers/bin/python"))
        .arg(root.join("benches/peers/peer.py"))
        .args([peer, &tasks.to_string(), &DRAWS.to_string()])
        .output()
        .expect("`make bench` installs the peers");
    let text = String::from_utf8_lossy(&output.stdout);
    let json: serde_json::Value = serde_json::from_str(text.trim()).expect("one line of JSON");
    json["iterations_per_second"].as_f64().unwrap_or(f64::NAN)
}

/// Prints the time from a file change to the exposition with the new forecast, as measured by the exporter. The delay
/// after a file event isn't included.
fn print_reload_time(name: &str, text: &str, draws: u32) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("plan.yaml");
    fs::write(&file, text).expect("the folder can be written");
    let mut daemon = Daemon::start(&file, draws);
    let mut times: Vec<f64> = (0..7)
        .map(|round| {
            let before = daemon.total_reload_seconds();
            fs::write(&file, format!("{text}# {round}\n")).expect("the folder can be written");
            std::thread::sleep(Duration::from_millis(60));
            daemon.get("POST /-/reload");
            (daemon.total_reload_seconds() - before) * 1000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!("file change to served forecast, {name}: {:.1} ms", times[times.len() / 2]);
    let _ = daemon.child.kill();
    let _ = daemon.child.wait();
}

struct Daemon {
    child: Child,
    port: u16,
}

impl Daemon {
    fn start(file: &Path, draws: u32) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_readiness-exporter"))
            .arg("serve")
            .arg(file)
            .args(["--web.listen-address=127.0.0.1:0", &format!("--forecast.draws={draws}"), "--watch.interval=1h"])
            .stderr(Stdio::piped())
            .spawn()
            .expect("the daemon starts");
        let mut lines = BufReader::new(child.stderr.take().expect("stderr is piped")).lines().map_while(Result::ok);
        let line = lines.find(|line| line.contains("msg=listening")).expect("the daemon listens");
        let port =
            line.split("address=").nth(1).and_then(|rest| rest.split(' ').next()?.rsplit(':').next()?.parse().ok());
        std::thread::spawn(move || lines.for_each(drop));
        let daemon = Self { child, port: port.expect("a port") };
        while !daemon.get("GET /-/ready").contains("200 OK") {
            std::thread::sleep(Duration::from_millis(5));
        }
        daemon
    }

    fn get(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the daemon listens");
        let _ = write!(stream, "{request} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n");
        let mut response = String::new();
        let _ = stream.read_to_string(&mut response);
        response
    }

    fn total_reload_seconds(&mut self) -> f64 {
        let text = self.get("GET /metrics");
        let sum = text.lines().find_map(|line| line.strip_prefix("readiness_exporter_reload_duration_seconds_sum "));
        sum.and_then(|sum| sum.trim().parse().ok()).expect("the daemon measures its reloads")
    }
}
