//! The HTTP server with clients that are valid, slow, silent, too many or invalid.

use std::fmt::Write;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use readiness_exporter::clock;

use crate::harness::{Client, Daemon, Metrics, NEVER, World, project, run};

/// Maximum response time for a client while others misbehave: far below the timeouts of the server,
/// and far above the time of a response.
const PROMPT: Duration = Duration::from_secs(5);

/// A directory with one small project.
fn small() -> World {
    let world = World::new();
    world.write("a.yaml", &project("a", 50));
    world
}

/// A daemon for `small`.
fn serving(world: &World, flags: &[&str]) -> Daemon {
    Daemon::with(&[world.path("a.yaml")], &[&[NEVER], flags].concat())
}

/// A project with this number of tasks.
fn with_tasks(id: &str, tasks: usize) -> String {
    let mut text = format!("project: {id}\nareas:\n  area:\n    workstreams:\n      stream:\n        tasks:\n");
    for number in 0..tasks {
        writeln!(text, "          - todo: Task {number} of the project {id}, which has a long title").unwrap();
    }
    text
}

/// A directory whose exposition is larger than the socket buffers.
fn large() -> World {
    let world = World::new();
    for file in 0..20 {
        let tasks = with_tasks(&format!("project-{file}-{}", "x".repeat(60)), 1_500);
        world.write(&format!("{file}.yaml"), &tasks);
    }
    world
}

/// Requests the exposition, and stops reading it.
fn stalled(daemon: &Daemon) -> Client {
    let mut client = daemon.client();
    client.send("GET", "/metrics", "");
    client.take(1_000);
    client
}

#[track_caller]
fn is_prompt(daemon: &Daemon, path: &str) {
    let start = clock::instant();
    assert_eq!(daemon.get(path).status, 200);
    assert!(start.elapsed() < PROMPT, "{path} took {:?}", start.elapsed());
}

#[test]
fn each_path_has_its_content_type_and_methods() {
    let world = small();
    let daemon = serving(&world, &[]);
    let mut client = daemon.client();
    let exposition = "text/plain; version=0.0.4; charset=utf-8";
    let (plain, html) = ("text/plain; charset=utf-8", "text/html; charset=utf-8");
    for (path, content_type) in [
        ("/metrics", exposition),
        ("/", html),
        ("/-/healthy", plain),
        ("/-/ready", plain),
        ("/metrics?a=b", exposition),
    ] {
        let got = client.ask("GET", path, "");
        assert_eq!((got.status, got.header("content-type")), (200, Some(content_type)), "{path}");
        let length: usize = got.header("content-length").unwrap().parse().unwrap();
        assert!(length > 0 && length == got.text().len(), "{path}");
        let head = client.ask("HEAD", path, "");
        assert_eq!((head.status, head.header("content-type")), (200, Some(content_type)), "{path}");
        assert!(head.header("content-length").is_some_and(|length| length != "0"), "{path}");
        for method in ["POST", "DELETE", "OPTIONS", "BREW"] {
            let refused = client.ask(method, path, "Content-Length: 0\r\n");
            assert_eq!((refused.status, refused.header("allow")), (405, Some("GET, HEAD")), "{method} {path}");
        }
    }
    for path in ["/nothing", "/metrics/", "//", "/-/health", "/%2e%2e/metrics"] {
        let missing = client.ask("GET", path, "");
        assert_eq!(missing.status, 404, "{path}");
        assert!(missing.text().contains("/metrics"), "{}", missing.text());
    }
    let reload = client.ask("GET", "/-/reload", "");
    assert_eq!((reload.status, reload.header("allow")), (405, Some("POST, PUT")));
}

#[test]
fn invalid_requests_are_refused() {
    let world = small();
    let daemon = serving(&world, &[]);
    for bytes in ["hello\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\u{16}\u{3}\u{1}\r\n\r\n"] {
        let mut client = daemon.client();
        client.send_raw(bytes);
        assert_eq!(client.receive("GET").status, 400, "{bytes:?}");
        assert!(client.is_closed());
    }
    let mut client = daemon.client();
    let headers = "X: ".to_owned() + &"y".repeat(1 << 20);
    client.send_raw(&format!("GET /metrics HTTP/1.1\r\n{}", &headers[..500_000]));
    assert_eq!(client.receive("GET").status, 431);
    is_prompt(&daemon, "/metrics");
}

#[test]
fn gzip_is_negotiated_and_has_the_same_content() {
    let world = World::new();
    world.write("a.yaml", &with_tasks("a", 500));
    let daemon = serving(&world, &["--web.disable-exporter-metrics"]);
    let mut client = daemon.client();
    let ask = |client: &mut Client, accepted: &str| {
        client.ask("GET", "/metrics", &format!("Accept-Encoding: {accepted}\r\n"))
    };
    let mut texts = Vec::new();
    for accepted in ["gzip", "*", "deflate, gzip;q=0.5", "identity;q=0.5, gzip;q=1.0", "GZIP, br;q=0.1"] {
        let packed = ask(&mut client, accepted);
        assert_eq!(packed.header("content-encoding"), Some("gzip"), "{accepted}");
        assert_eq!(packed.header("vary"), Some("Accept-Encoding"), "{accepted}");
        texts.push(packed.text());
    }
    for accepted in ["identity", "gzip;q=0", "*;q=0, identity", "gzip;q=0.5, identity", "br", ""] {
        let plain = ask(&mut client, accepted);
        assert_eq!(plain.header("content-encoding"), None, "{accepted}");
        assert_eq!(plain.header("vary"), Some("Accept-Encoding"), "{accepted}");
        texts.push(plain.text());
    }
    assert!(texts[0].len() > 100_000);
    assert!(texts.iter().all(|text| *text == texts[0]));
}

#[test]
fn the_path_of_the_metrics_is_configurable() {
    let world = small();
    let daemon = serving(&world, &["--web.telemetry-path=/readiness/metrics"]);
    assert_eq!(Metrics::of(&daemon.get("/readiness/metrics")).percent("a"), Some(50.0));
    assert_eq!(daemon.get("/metrics").status, 404);
    assert!(daemon.get("/").text().contains("/readiness/metrics"));
}

#[test]
fn the_probe_address_serves_health_only() {
    let world = small();
    let daemon = serving(&world, &["--probe.listen-address=127.0.0.1:0"]);
    let mut client = Client::connect(daemon.probe_address());
    for (path, status) in [("/-/healthy", 200), ("/-/ready", 200), ("/metrics", 404), ("/", 404), ("/-/reload", 404)] {
        assert_eq!(client.ask("GET", path, "").status, status, "{path}");
    }
    assert_eq!(client.ask("POST", "/-/reload", "Content-Length: 0\r\n").status, 404);
    assert_eq!(daemon.metrics().percent("a"), Some(50.0));
}

#[test]
fn it_listens_on_all_addresses() {
    let world = small();
    let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let second: SocketAddr = free();
    let daemon = serving(&world, &["--web.listen-address=127.0.0.1:0", &format!("--web.listen-address={second}")]);
    assert_eq!(daemon.metrics().percent("a"), Some(50.0));
    let mut client = Client::connect(second);
    assert_eq!(Metrics::of(&client.ask("GET", "/metrics", "")).percent("a"), Some(50.0));
}

#[test]
fn scrapes_above_the_limit_are_refused() {
    let world = large();
    let daemon = Daemon::with(&[world.path("")], &[NEVER, "--web.max-requests=1"]);
    let slow = stalled(&daemon);
    let refused = daemon.get("/metrics");
    assert_eq!(refused.status, 503, "while the stalled client has the only slot");
    assert_eq!(refused.text(), "concurrent scrape limit reached, see --web.max-requests\n");
    // Health endpoints have no limit.
    assert_eq!(daemon.get("/-/ready").status, 200);
    drop(slow);
    // The server notices the closed connection a moment later.
    daemon.poll("the slot is released", || daemon.get("/metrics").status == 200);
    let metrics = daemon.metrics();
    assert!(metrics.value(r#"promhttp_metric_handler_requests_total{code="503"}"#).is_some_and(|count| count > 0.5));
    assert_eq!(metrics.value("promhttp_metric_handler_requests_in_flight"), Some(1.0), "this scrape");
}

#[test]
fn a_slow_client_gets_the_whole_exposition() {
    let world = large();
    let daemon = Daemon::with(&[world.path("")], &[NEVER, "--web.disable-exporter-metrics"]);
    let mut slow = daemon.client();
    slow.send("GET", "/metrics", "");
    let fast = daemon.metrics();
    assert!(fast.text().len() > 8 << 20, "{}", fast.text().len());
    // The response is the exposition at the time of the request, even if it changes during the response.
    world.write("0.yaml", &project("a", 1));
    daemon.wait_until("the change is served", |metrics| metrics.percent("a") == Some(1.0));
    assert!(slow.receive("GET").text() == fast.text());
}

#[test]
fn stalled_and_silent_clients_do_not_delay_others() {
    let world = large();
    let daemon = Daemon::serving(&[world.path("")]);
    let _silent: Vec<Client> = (0..50).map(|_| daemon.client()).collect();
    let _stalled: Vec<Client> = (0..10).map(|_| stalled(&daemon)).collect();
    let mut halfway = daemon.client();
    halfway.send_raw("GET /metrics HTTP/1.1\r\nHost: ");
    for path in ["/metrics", "/-/healthy", "/-/ready", "/"] {
        is_prompt(&daemon, path);
    }
    assert_eq!(daemon.reload("POST").status, 200);
    halfway.send_raw("localhost\r\n\r\n");
    assert_eq!(halfway.receive("GET").status, 200);
}

#[test]
fn a_stalled_client_delays_shutdown_by_the_drain_timeout() {
    let world = large();
    let daemon = Daemon::serving(&[world.path("")]);
    let _stalled = stalled(&daemon);
    let (status, took) = daemon.stop();
    assert_eq!(status.code(), Some(0));
    assert!((4..15).contains(&took.as_secs()), "{took:?}: expected about the drain timeout of 5 s");
}

#[test]
fn connections_above_the_limit_wait() {
    let world = small();
    let daemon = serving(&world, &["--probe.listen-address=127.0.0.1:0"]);
    let mut clients: Vec<Client> = (0..600).map(|_| daemon.client()).collect();
    assert_eq!(clients[0].ask("GET", "/metrics", "").status, 200);
    clients[599].send("GET", "/metrics", "");
    // The probe address has its own limit.
    assert_eq!(Client::connect(daemon.probe_address()).ask("GET", "/-/healthy", "").status, 200);
    let mut last = clients.pop().unwrap();
    drop(clients);
    assert_eq!(last.receive("GET").status, 200);
    is_prompt(&daemon, "/metrics");
}

#[test]
fn startup_errors_have_a_message() {
    let world = small();
    let file = world.label("a.yaml");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let _taken = TcpListener::bind(taken).unwrap();
    let listen = |address: &str| format!("--web.listen-address={address}");
    for (flag, words) in [
        (listen(&taken.to_string()), format!("error: cannot listen on {taken}: Address already in use")),
        (format!("--probe.listen-address={taken}"), format!("error: cannot listen on {taken}: Address already in use")),
        (listen("nonsense"), "invalid listen address `nonsense`: expected `:20430` or `127.0.0.1:20430`".into()),
        (listen("127.0.0.1"), "invalid listen address `127.0.0.1`".into()),
        ("--web.telemetry-path=metrics".into(), "expected a path such as `/metrics`".into()),
        ("--web.telemetry-path=/-/ready".into(), "expected a path such as `/metrics`".into()),
        ("--web.max-requests=-1".into(), "--web.max-requests".into()),
        ("--watch.interval=soon".into(), "expected a number with a unit, such as `30s`".into()),
        ("--watch.interval=-5s".into(), "expected a number with a unit".into()),
        ("--watch.interval=0s".into(), "expected at least `10ms`".into()),
        ("--limits.file-size=big".into(), "expected bytes, or a number with a unit".into()),
        ("--metrics.tasks=perhaps".into(), "--metrics.tasks".into()),
        ("--metrics.max-series=-1".into(), "--metrics.max-series".into()),
        ("--log.level=loud".into(), "[possible values: debug, info, warn, error]".into()),
        ("--web.listen-adress=:1".into(), "--web.listen-address".into()),
    ] {
        let output = run(&["serve", &file, "--web.listen-address=127.0.0.1:0", &flag]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{flag}: {error}");
        assert!(error.contains(&words), "{flag}: {error}");
        assert!(!error.contains("panicked"), "{error}");
    }
    assert_eq!(run(&["serve"]).status.code(), Some(2));
    assert_eq!(run(&[]).status.code(), Some(2));
}

#[test]
fn series_of_tasks_are_optional() {
    let world = World::new();
    world.write("a.yaml", &with_tasks("a", 20));
    for (flag, tasks) in [("--metrics.tasks=true", 40), ("--metrics.tasks=false", 0), ("--metrics.tasks", 40)] {
        let metrics = serving(&world, &[flag]).metrics();
        assert_eq!(metrics.count("readiness_task_"), tasks, "{flag}");
        assert_eq!(
            metrics.value(r#"readiness_tasks{project="a",area="area",workstream="stream",status="todo"}"#),
            Some(20.0)
        );
    }
}

#[test]
fn above_the_maximum_series_of_tasks_are_dropped_first() {
    let world = World::new();
    for (id, tasks) in [("a", 20), ("b", 100), ("c", 20)] {
        world.write(&format!("plans/{id}.yaml"), &with_tasks(id, tasks));
    }
    let daemon = Daemon::with(&[world.path("plans")], &[NEVER, "--metrics.max-series=300"]);
    let metrics = daemon.metrics();
    let dropped = |metrics: &Metrics| metrics.value("readiness_exporter_series_dropped");
    assert_eq!(dropped(&metrics), Some(280.0), "{}", metrics.text());
    assert_eq!(metrics.count("readiness_task_"), 0);
    assert_eq!(metrics.count("readiness_project_info"), 3, "everything else stays");
    let served = metrics.value("readiness_exporter_series").unwrap();
    let counted = metrics.count("readiness_") - metrics.count("readiness_exporter_");
    assert!(served <= 300.0 && served.to_string() == counted.to_string(), "{served} {counted}");
    // Below the maximum, they are served again.
    world.rename_save("plans/b.yaml", &with_tasks("b", 10));
    daemon.wait_until("all are served", |metrics| metrics.count("readiness_task_info") == 50);
    assert_eq!(dropped(&daemon.metrics()), Some(0.0));
}

#[test]
fn metrics_of_the_process_are_optional() {
    let world = small();
    for (flags, own) in [(vec![], true), (vec!["--web.disable-exporter-metrics"], false)] {
        let metrics = serving(&world, &flags).metrics();
        assert_eq!(metrics.count("process_") > 0, own);
        assert_eq!(metrics.count("promhttp_") > 0, own);
        assert_eq!(metrics.count("readiness_exporter_build_info"), 1);
        assert_eq!(metrics.percent("a"), Some(50.0));
    }
}
