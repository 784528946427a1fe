//! Processes that end with their test, and what they say on the way.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// Far longer than anything here takes, on a machine with ten times as much to do as it can.
pub(crate) const PATIENCE: Duration = Duration::from_mins(5);

/// A process that is stopped when its test is over, however it ends.
pub(crate) struct Running {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Running {
    /// Starts `command` and listens to its standard error.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let errors = BufReader::new(child.stderr.take().unwrap());
        let (send, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                // Whoever listened may have heard enough.
                let _ = send.send(line);
            }
        });
        Self { child, lines }
    }

    /// Waits for a line that contains `part`, and returns it.
    pub(crate) fn says(&self, part: &str) -> String {
        let mut heard = Vec::new();
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) if line.contains(part) => return line,
                Ok(line) => heard.push(line),
                Err(error) => panic!("it never said `{part}` ({error}), but:\n{}", heard.join("\n")),
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The daemon on a port of its own, serving `paths`; returns its address, too.
pub(crate) fn daemon(paths: &[&str]) -> (Running, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_readiness-exporter"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).arg("serve").args(paths).arg("--web.listen-address=127.0.0.1:0");
    let daemon = Running::start(&mut command);
    let line = daemon.says("msg=listening");
    let address = line.split("address=").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    daemon.says("msg=\"files reloaded\"");
    (daemon, address)
}
