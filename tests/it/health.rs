//! `readiness-exporter health` against the daemon, and against what is none.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use crate::harness::{Daemon, World, project, run};

/// The exit code and the one line that it says.
fn health(url: &str) -> (i32, String) {
    let output = run(&["health", url, "--timeout=2s"]);
    assert!(output.stdout.is_empty());
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// A server that answers `answer` to the first request, whatever it is.
fn answering(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 1024]);
        let _ = stream.write_all(answer.as_bytes());
        if answer.is_empty() {
            // It is silent until the client leaves.
            let _ = stream.read(&mut [0]);
        }
    });
    url
}

#[test]
fn a_server_that_is_well_says_nothing_more() {
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
    assert_eq!(health(&url), (1, format!("error: {url} answers 404 Not Found\n")));
}

#[test]
fn what_is_wrong_is_one_line() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (url, words) in [
        (format!("http://{closed}/"), "can't connect: Connection refused"),
        (answering("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"), "answers 503 Service Unavailable"),
        (answering("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"), "answers 302 Found"),
        (answering("SSH-2.0-OpenSSH_9.2\r\n"), "it doesn't answer in HTTP"),
        (answering(""), "no answer within 2s"),
    ] {
        let (code, said) = health(&url);
        assert!(code == 1 && said.starts_with(&format!("error: {url}")) && said.contains(words), "{code}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    assert_eq!(health("localhost:20430").0, 2);
}
