//! Processes that are stopped at the end of their test, and their logs.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// A timeout that is long enough for an overloaded machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(5);

/// A process that is killed on drop.
pub(crate) struct Running {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Running {
    /// Starts `command` and reads its standard error.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let errors = BufReader::new(child.stderr.take().unwrap());
        let (send, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                // Fails after the receiver is dropped.
                let _ = send.send(line);
            }
        });
        Self { child, lines }
    }

    /// Waits for a line that contains `part`, and returns it.
    pub(crate) fn says(&self, part: &str) -> String {
        let mut lines = Vec::new();
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) if line.contains(part) => return line,
                Ok(line) => lines.push(line),
                Err(error) => panic!("no line with `{part}` ({error}), but:\n{}", lines.join("\n")),
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails if the process has exited.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts the daemon with `paths` on a free port. Returns the daemon and its address.
pub(crate) fn daemon(paths: &[&str]) -> (Running, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_readiness-exporter"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).arg("serve").args(paths).arg("--web.listen-address=127.0.0.1:0");
    let daemon = Running::start(&mut command);
    let line = daemon.says("msg=listening");
    let address = line.split("address=").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    daemon.says("msg=\"files reloaded\"");
    (daemon, address)
}
