//! Servers that end with their test, and waiting for what they do.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(5);

/// A server that writes its log into a file, and is asked to stop when its test is over, however that ends.
pub(crate) struct Daemon {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Daemon {
    /// Starts `command`; its log is `folder/name.log`.
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

    /// Waits until `condition` is met, unless the server ends before.
    pub(crate) fn until(&mut self, what: &str, mut condition: impl FnMut() -> bool) {
        let Self { name, child, .. } = self;
        wait_until(&format!("{name}: {what}"), || {
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none(), "{name} ended before {what}");
            condition()
        });
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            println!("--- {} said last:\n{}", self.name, lines[lines.len().saturating_sub(10)..].join("\n"));
        }
        // Whatever fails here, the next one is still to be stopped.
        let _ = Command::new("kill").arg(self.child.id().to_string()).stderr(Stdio::null()).status();
        let ended = wait(Duration::from_secs(15), || !matches!(self.child.try_wait(), Ok(None)));
        if !ended {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// Waits until `condition` is met; fails when it is not met for minutes.
pub(crate) fn wait_until(what: &str, condition: impl FnMut() -> bool) {
    assert!(wait(PATIENCE, condition), "waited in vain until {what}");
}

/// Whether `condition` is met within `limit`.
#[expect(clippy::disallowed_methods, reason = "a test waits for a server")]
fn wait(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let begun = Instant::now();
    while !condition() {
        if begun.elapsed() > limit {
            return false;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    true
}

/// The time that `action` takes.
#[expect(clippy::disallowed_methods, reason = "figures are for people")]
pub(crate) fn timed(action: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    action();
    begun.elapsed()
}

/// What a program that succeeded wrote to its standard output.
pub(crate) fn succeed(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}:\n{}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// All that a program said.
pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}
