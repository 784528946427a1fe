//! `readiness-exporter health` against the daemon, and against other servers.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use crate::harness::{Daemon, World, project, run};

/// The exit code and standard error.
fn health(url: &str) -> (i32, String) {
    let output = run(&["health", url, "--timeout=2s"]);
    assert!(output.stdout.is_empty());
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// A server that sends `response` to its first client. Returns its URL.
fn responding(response: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 1024]);
        let _ = stream.write_all(response.as_bytes());
        if response.is_empty() {
            // Waits until the client disconnects.
            let _ = stream.read(&mut [0]);
        }
    });
    url
}

#[test]
fn a_healthy_server_is_exit_code_0_without_output() {
    let world = World::new();
    world.write("a.yaml", &project("a", 1));
    let daemon = Daemon::serving(&[world.path("")]);
    let address = daemon.address();
    for path in ["/-/healthy", "/-/ready", "/metrics?a=b", "/", ""] {
        assert_eq!(health(&format!("http://{address}{path}")), (0, String::new()), "{path}");
    }
    let port = address.port();
    assert_eq!(health(&format!("http://localhost:{port}/-/ready")), (0, String::new()));
    let url = format!("http://{address}/nothing");
    assert_eq!(health(&url), (1, format!("error: {url}: unexpected status 404 Not Found\n")));
}

#[test]
fn a_failure_is_exit_code_1_and_one_line() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (url, message) in [
        (format!("http://{closed}/"), "cannot connect: Connection refused"),
        (
            responding("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"),
            "unexpected status 503 Service Unavailable",
        ),
        (responding("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"), "unexpected status 302 Found"),
        (responding("SSH-2.0-OpenSSH_9.2\r\n"), "invalid HTTP response"),
        (responding(""), "no response within 2s"),
    ] {
        let (code, stderr) = health(&url);
        assert!(
            code == 1 && stderr.starts_with(&format!("error: {url}")) && stderr.contains(message),
            "{code}: {stderr}"
        );
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
    assert_eq!(health("localhost:20430").0, 2);
}
