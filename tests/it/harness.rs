//! The daemon with the real binary, real sockets and real files.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use readiness_exporter::clock;
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_readiness-exporter");

/// No polling, so that changes are found by notifications of the kernel only.
pub(crate) const NEVER: &str = "--watch.interval=1h";

/// A timeout that is long enough for an overloaded machine.
const DEADLINE: Duration = Duration::from_secs(30);

/// Runs the binary until it exits.
pub(crate) fn run(arguments: &[&str]) -> Output {
    Command::new(BINARY).args(arguments).stdin(Stdio::null()).output().unwrap()
}

/// A directory of readiness files.
pub(crate) struct World(TempDir);

impl World {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The value of the label `file` of the file `name`.
    pub(crate) fn label(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// Writes in place.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    /// Replaces a file atomically, as editors and `git checkout` do.
    pub(crate) fn rename_save(&self, name: &str, text: &str) {
        let temporary = self.path(name).with_extension("swp");
        fs::write(&temporary, text).unwrap();
        fs::rename(temporary, self.path(name)).unwrap();
    }

    /// Replaces a link atomically, as kubelet and git-sync do.
    pub(crate) fn replace_link(&self, link: &str, target: &str) {
        let temporary = self.path(link).with_file_name("..turning");
        symlink(target, &temporary).unwrap();
        fs::rename(temporary, self.path(link)).unwrap();
    }
}

/// A project whose reported completion identifies the version of its file.
pub(crate) fn project(id: &str, percent: usize) -> String {
    format!("project: {id}\nreported: {percent}%\n")
}

/// The series of the reported completion.
pub(crate) fn reported(id: &str) -> String {
    format!(r#"readiness_project_completion_ratio{{project="{id}",method="reported"}}"#)
}

/// A running daemon, killed on drop.
pub(crate) struct Daemon {
    child: Child,
    /// Listen addresses in the order of the log. The probe address is last.
    addresses: Vec<SocketAddr>,
    log: Arc<Mutex<String>>,
}

impl Daemon {
    /// Starts the daemon without polling, and waits until it is ready.
    pub(crate) fn serving(paths: &[PathBuf]) -> Self {
        Self::with(paths, &[NEVER])
    }

    /// Starts the daemon with other flags.
    pub(crate) fn with(paths: &[PathBuf], flags: &[&str]) -> Self {
        Self::start(Command::new(BINARY), paths, flags)
    }

    /// Starts the daemon with another working directory.
    pub(crate) fn inside(directory: &Path, paths: &[PathBuf], flags: &[&str]) -> Self {
        let mut command = Command::new(BINARY);
        command.current_dir(directory);
        Self::start(command, paths, flags)
    }

    /// Starts the daemon with one more environment variable.
    pub(crate) fn with_environment(variable: (&str, &str), paths: &[PathBuf], flags: &[&str]) -> Self {
        let mut command = Command::new(BINARY);
        command.env(variable.0, variable.1);
        Self::start(command, paths, flags)
    }

    fn start(mut command: Command, paths: &[PathBuf], flags: &[&str]) -> Self {
        let listen = if flags.iter().any(|flag| flag.starts_with("--web.listen-address")) {
            None
        } else {
            Some("--web.listen-address=127.0.0.1:0")
        };
        command.arg("serve").args(paths).args(listen).args(flags).stdin(Stdio::null());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (send, addresses) = mpsc::channel();
        let copy = Arc::clone(&log);
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some((_, address)) = line.split_once("msg=listening address=") {
                    // Fails after the receiver is dropped.
                    let _ = send.send(address.split(' ').next().unwrap().parse().unwrap());
                }
                copy.lock().unwrap().extend([&*line, "\n"]);
            }
        });
        let listeners = 1 + flags.iter().filter(|flag| flag.starts_with("--probe.listen-address")).count();
        let mut daemon = Self { child, addresses: Vec::new(), log };
        for _ in 0..listeners {
            let Ok(address) = addresses.recv_timeout(DEADLINE) else {
                panic!("no address in the log: {}", daemon.log())
            };
            daemon.addresses.push(address);
        }
        daemon.poll("it is ready", || daemon.get("/-/ready").status == 200);
        daemon
    }

    /// Waits until no notification is pending.
    ///
    /// Each newly watched directory triggers a rescan, which would find the test's next change.
    /// Requires `--log.level=debug`, since the rescan is detected in the log.
    #[track_caller]
    pub(crate) fn settle(&self) {
        self.poll("the files are rescanned", || self.log().contains("files changed, rescanning"));
        // Reloads run one after the other, so the rescan is complete after this one.
        self.reload("POST");
    }

    pub(crate) fn reload(&self, method: &str) -> Response {
        self.client().ask(method, "/-/reload", "Content-Length: 0\r\n")
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// The address of `--probe.listen-address`.
    pub(crate) fn probe_address(&self) -> SocketAddr {
        self.addresses[1]
    }

    /// The log so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(self.address())
    }

    pub(crate) fn get(&self, path: &str) -> Response {
        self.client().ask("GET", path, "")
    }

    /// Scrapes. Panics if the response is invalid.
    pub(crate) fn metrics(&self) -> Metrics {
        Metrics::of(&self.get("/metrics"))
    }

    /// The value of one series, with all its labels.
    pub(crate) fn value(&self, series: &str) -> Option<f64> {
        self.metrics().value(series)
    }

    /// Scrapes until `met`. Returns the duration.
    #[track_caller]
    pub(crate) fn wait_until(&self, what: &str, met: impl Fn(&Metrics) -> bool) -> Duration {
        self.poll(what, || met(&self.metrics()))
    }

    #[track_caller]
    pub(crate) fn poll(&self, what: &str, mut met: impl FnMut() -> bool) -> Duration {
        let start = clock::instant();
        while !met() {
            assert!(start.elapsed() < DEADLINE, "timeout: {what}; the log:\n{}", self.log());
            thread::sleep(Duration::from_millis(5));
        }
        start.elapsed()
    }

    /// Runs `work` while another thread scrapes continuously. No scrape may fail.
    pub(crate) fn while_scraped<T>(&self, work: impl FnOnce() -> T) -> T {
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            let scraper = scope.spawn(|| self.scrape_until(&over));
            let over = Over(&over);
            let result = work();
            drop(over);
            assert!(scraper.join().unwrap() > 0);
            result
        })
    }

    /// Scrapes over one connection, as Prometheus does. Returns the number of scrapes.
    fn scrape_until(&self, over: &AtomicBool) -> usize {
        let mut client = self.client();
        let mut scrapes = 0;
        while scrapes == 0 || !over.load(Ordering::Relaxed) {
            let coding = if scrapes % 2 == 0 { "Accept-Encoding: gzip\r\n" } else { "" };
            Metrics::of(&client.ask("GET", "/metrics", coding));
            scrapes += 1;
            thread::sleep(Duration::from_millis(2));
        }
        scrapes
    }

    /// Sends a signal by its name, such as `HUP`.
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Sends SIGTERM. Returns the exit status and the time until exit.
    pub(crate) fn stop(mut self) -> (ExitStatus, Duration) {
        let start = clock::instant();
        self.signal("TERM");
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status, start.elapsed());
            }
            assert!(start.elapsed() < DEADLINE, "timeout after SIGTERM: {}", self.log());
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Fails if the process has exited.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Says so when it is dropped, also by a panic.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A client with one connection.
pub(crate) struct Client(BufReader<TcpStream>);

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }

    /// Sends a request and returns its response. `headers` are whole lines.
    pub(crate) fn ask(&mut self, method: &str, path: &str, headers: &str) -> Response {
        self.send(method, path, headers);
        self.receive(method)
    }

    pub(crate) fn send(&mut self, method: &str, path: &str, headers: &str) {
        self.send_raw(&format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"));
    }

    pub(crate) fn send_raw(&mut self, bytes: &str) {
        self.0.get_mut().write_all(bytes.as_bytes()).unwrap();
    }

    /// Reads this number of bytes.
    pub(crate) fn take(&mut self, bytes: usize) {
        self.0.read_exact(&mut vec![0; bytes]).unwrap();
    }

    /// Whether the server closes the connection.
    pub(crate) fn is_closed(&mut self) -> bool {
        // An error is a reset of the connection.
        self.0.read(&mut [0]).unwrap_or(0) == 0
    }

    pub(crate) fn receive(&mut self, method: &str) -> Response {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "the connection ends after {lines:?}");
            let line = line.trim_end().to_owned();
            if line.is_empty() {
                break;
            }
            lines.push(line);
        }
        let status = lines[0].split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines[1..].iter().map(|line| line.split_once(": ").unwrap());
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        let mut response = Response { status, headers, body: Vec::new() };
        if method != "HEAD" {
            response.body = vec![0; response.header("content-length").unwrap().parse().unwrap()];
            self.0.read_exact(&mut response.body).unwrap();
        }
        response
    }
}

pub(crate) struct Response {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| &**value)
    }

    /// The body as text, decompressed if needed.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        match self.header("content-encoding") {
            Some("gzip") => MultiGzDecoder::new(&*self.body).read_to_string(&mut text).unwrap(),
            _ => (&*self.body).read_to_string(&mut text).unwrap(),
        };
        text
    }
}

/// A scraped exposition.
pub(crate) struct Metrics(String);

impl Metrics {
    /// Panics unless the status is 200, the exposition is complete, and no series is duplicate.
    pub(crate) fn of(response: &Response) -> Self {
        let text = response.text();
        assert_eq!(response.status, 200, "{text}");
        assert!(text.contains("\n# TYPE readiness_exporter_series gauge\n"), "{text}");
        assert!(text.ends_with('\n'), "{text}");
        let metrics = Self(text);
        let mut names = BTreeSet::new();
        for (series, _) in metrics.samples() {
            assert!(names.insert(series), "duplicate series {series}:\n{}", metrics.0);
        }
        metrics
    }

    fn samples(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.rsplit_once(' '))
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// The value of one series, with all its labels.
    pub(crate) fn value(&self, series: &str) -> Option<f64> {
        self.samples().find(|(found, _)| *found == series).map(|(_, value)| value.parse().unwrap())
    }

    /// The value of `readiness_file_up`.
    pub(crate) fn is_up(&self, file: &str) -> Option<bool> {
        self.value(&format!(r#"readiness_file_up{{file="{file}"}}"#)).map(|value| value > 0.5)
    }

    /// The reported completion of a project, in percent.
    pub(crate) fn percent(&self, project: &str) -> Option<f64> {
        self.value(&reported(project)).map(|ratio| (ratio * 100.0).round())
    }

    /// The number of series whose name starts with `prefix`.
    pub(crate) fn count(&self, prefix: &str) -> usize {
        self.samples().filter(|(series, _)| series.starts_with(prefix)).count()
    }
}

/// Runs git in a directory, without the user's configuration.
pub(crate) fn git(directory: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.arg("-C").arg(directory).args([
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@b.c",
        "-c",
        "init.defaultBranch=main",
    ]);
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    let output = command.args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
