//! Server processes of a test, and helpers to run programs and to wait.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// More than any step needs on a busy machine.
const TIMEOUT: Duration = Duration::from_mins(5);

/// A server process. It logs to a file, and is stopped when it is dropped.
pub(crate) struct Daemon {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Daemon {
    /// Starts `command`. The log file is `folder/name.log`.
    pub(crate) fn start(name: &str, folder: &Path, command: &mut Command) -> Self {
        let log = folder.join(format!("{name}.log"));
        let file = File::create(&log).unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        Self { name: name.to_owned(), child, log }
    }

    /// Waits until `condition` is true. Panics if the server exits first.
    pub(crate) fn wait_until(&mut self, what: &str, mut condition: impl FnMut() -> bool) {
        let Self { name, child, .. } = self;
        wait_until(&format!("{name}: {what}"), || {
            let status = child.try_wait().unwrap();
            assert!(status.is_none(), "{name} exited before {what}");
            condition()
        });
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            println!("--- last log lines of {}:\n{}", self.name, lines[lines.len().saturating_sub(10)..].join("\n"));
        }
        // Errors are ignored: the other servers must be stopped too.
        let _ = Command::new("kill").arg(self.child.id().to_string()).stderr(Stdio::null()).status();
        let has_exited = wait(Duration::from_secs(15), || !matches!(self.child.try_wait(), Ok(None)));
        if !has_exited {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// Waits until `condition` is true. Panics after [`TIMEOUT`].
pub(crate) fn wait_until(what: &str, condition: impl FnMut() -> bool) {
    assert!(wait(TIMEOUT, condition), "timeout waiting until {what}");
}

/// Waits until `condition` is true. Returns false after `limit`.
#[expect(clippy::disallowed_methods, reason = "a test waits for a server")]
fn wait(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while !condition() {
        if start.elapsed() > limit {
            return false;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    true
}

/// Returns the duration of `action`.
#[expect(clippy::disallowed_methods, reason = "only for the figures that the tests print")]
pub(crate) fn measure(action: impl FnOnce()) -> Duration {
    let start = Instant::now();
    action();
    start.elapsed()
}

/// Runs a program and returns its standard output. Panics if it fails.
pub(crate) fn succeed(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}:\n{}", output_text(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// Standard output and standard error of a program.
pub(crate) fn output_text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}
