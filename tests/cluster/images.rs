//! Builds container images from local files, because no registry is available.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::daemons::succeed;
use crate::modules;
use crate::tools;

/// An image with one layer.
pub(crate) struct Image<'a> {
    /// Name and tag.
    pub(crate) name: &'a str,
    /// Path of the program in the image.
    pub(crate) entrypoint: &'a str,
    /// Local files, each with its path in the image.
    pub(crate) files: &'a [(PathBuf, &'a str)],
}

impl Image<'_> {
    /// Writes an archive in the format of `docker save` to `folder`, and returns its path.
    pub(crate) fn save(&self, folder: &Path) -> PathBuf {
        let folder = tempfile::tempdir_in(folder).unwrap().keep();
        let root = folder.join("root");
        for (file, target) in self.files {
            let target = root.join(target.trim_start_matches('/'));
            std::fs::create_dir_all(target.parent().unwrap()).unwrap();
            std::fs::copy(file, target).unwrap();
        }
        let layer = folder.join("layer.tar");
        succeed(Command::new("tar").args(["--owner=0", "--group=0", "-cf"]).arg(&layer).arg("-C").arg(&root).arg("."));
        let digest = succeed(Command::new("sha256sum").arg(&layer));
        let digest = digest.split(' ').next().unwrap();
        let config = json!({
            "os": "linux",
            "architecture": if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" },
            "config": {"Entrypoint": [self.entrypoint]},
            "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{digest}")]},
        });
        let manifest = json!([{"Config": "config.json", "RepoTags": [self.name], "Layers": ["layer.tar"]}]);
        std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
        std::fs::write(folder.join("manifest.json"), manifest.to_string()).unwrap();
        let archive = folder.join("image.tar");
        let parts = ["manifest.json", "config.json", "layer.tar"];
        succeed(Command::new("tar").arg("-cf").arg(&archive).arg("-C").arg(&folder).args(parts));
        archive
    }
}

/// Compiles Kubernetes' pause program, which holds the namespaces of a pod.
pub(crate) fn build_pause(folder: &Path) -> PathBuf {
    let source = modules::source("kubernetes", "k8s.io/kubernetes").join("build/pause/linux/pause.c");
    let binary = folder.join("pause");
    succeed(Command::new("cc").args(["-static", "-Os", "-DVERSION=test", "-o"]).arg(&binary).arg(source));
    binary
}

/// Builds an image of the server `tool`, which is a static binary.
pub(crate) fn build_tool_image(name: &str, tool: &str, folder: &Path) -> PathBuf {
    let program = format!("/bin/{tool}");
    Image { name, entrypoint: &program, files: &[(tools::path(tool), &program)] }.save(folder)
}
