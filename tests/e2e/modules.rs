//! The sources of Go modules that are pinned beside the real servers.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of the source of `module`, which `tests/tools/folder` pins.
pub(crate) fn source(folder: &str, module: &str) -> PathBuf {
    let output = Command::new("go")
        .args(["mod", "download", "-json", module])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools").join(folder))
        .env("GOFLAGS", "-mod=mod")
        .output()
        .unwrap();
    let said: serde_json::Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    assert!(said["Error"].is_null(), "{module}: {}", said["Error"]);
    PathBuf::from(said["Dir"].as_str().unwrap())
}
