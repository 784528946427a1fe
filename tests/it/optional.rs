//! Tools that `make quick` goes without.

use std::env;
use std::io::{self, Write as _};
use std::process::Command;

const BUILD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tools/build");

/// Whether a test ends early because `tool` is missing. Only `make quick` permits that, with
/// `MISSING=skip`. The line on standard error says so.
pub(crate) fn is_skipped(tool: &str) -> bool {
    let succeeds = |command: &mut Command| command.output().is_ok_and(|output| output.status.success());
    let is_there =
        || succeeds(Command::new(tool).arg("--version")) || succeeds(Command::new(BUILD).args(["--built", tool]));
    if env::var_os("MISSING").is_none_or(|value| value != "skip") || is_there() {
        return false;
    }
    // libtest captures `eprintln!` of a test that passes.
    io::stderr().write_all(format!("skipped: {tool} is missing, and a test needs it\n").as_bytes()).unwrap();
    true
}
