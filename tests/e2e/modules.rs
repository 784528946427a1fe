//! Sources of the pinned Go modules of the real servers.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Downloads the source of `module`, in the version pinned by `tests/tools/folder`, and returns its directory.
pub(crate) fn source(folder: &str, module: &str) -> PathBuf {
    let output = Command::new("go")
        .args(["mod", "download", "-json", module])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools").join(folder))
        .env("GOFLAGS", "-mod=mod")
        .output()
        .unwrap();
    let info: serde_json::Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    assert!(info["Error"].is_null(), "{module}: {}", info["Error"]);
    PathBuf::from(info["Dir"].as_str().unwrap())
}
