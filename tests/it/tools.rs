//! The real servers and tools. `tests/tools/build` builds those that are missing.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The binary `name`.
pub(crate) fn path(name: &str) -> PathBuf {
    let build = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools/build");
    let output = Command::new(build).arg(name).output().expect("tests/tools/build can be run");
    let printed = String::from_utf8(output.stdout).expect("paths are text");
    let path = printed.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    let Some(path) = path else { panic!("{}", String::from_utf8_lossy(&output.stderr)) };
    PathBuf::from(path)
}
