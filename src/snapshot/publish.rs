//! From changed files to the next snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::metrics::exposition::FragmentUpdate;
use crate::metrics::text::PackedFragment;
use crate::snapshot::Snapshot;
use crate::snapshot::file_state::FileState;

/// The changes since the last snapshot.
#[derive(Default)]
pub(super) struct StoreChanges {
    fragments: Vec<FragmentUpdate<'static>>,
    /// The files whose content, health or presence changed.
    pub(super) files: BTreeSet<PathBuf>,
}

impl StoreChanges {
    pub(super) fn replace_project(&mut self, path: &Path, samples: PackedFragment) {
        self.fragments.push(FragmentUpdate::replace(project_key(path), move || samples.unpack()));
    }

    pub(super) fn remove_project(&mut self, path: &Path) {
        self.fragments.push(FragmentUpdate::remove(project_key(path)));
    }

    pub(super) fn remove_health(&mut self, path: &Path) {
        self.fragments.push(FragmentUpdate::remove(health_key(path)));
    }

    fn replace_health(&mut self, path: &Path, file: &FileState) {
        let (health, path) = (file.health(), path.to_owned());
        self.fragments.push(FragmentUpdate::replace(health_key(&path), move || health.samples(&path)));
    }

    /// The snapshot after `before`, and the changed files that this shard reports or reported.
    pub(super) fn publish(
        mut self,
        before: &Snapshot,
        missing: &[PathBuf],
        files: &mut BTreeMap<PathBuf, FileState>,
    ) -> (Snapshot, Vec<PathBuf>) {
        let shard = before.shard;
        let mut changed = Vec::new();
        for path in std::mem::take(&mut self.files) {
            let Some(file) = files.get_mut(&path) else {
                changed.push(path);
                continue;
            };
            let is_reported = shard.has_file(&path, file.named_project.as_deref());
            if is_reported {
                self.replace_health(&path, file);
            } else {
                self.remove_health(&path);
            }
            // The page also shows the file that a project of this shard comes from.
            let report = (is_reported || file.serves_project()).then(|| Arc::new(file.report(&path)));
            let was_reported = file.report.is_some();
            file.report = report;
            if was_reported || file.report.is_some() {
                changed.push(path);
            }
        }
        let exposition = before.exposition.update(self.fragments);
        let files = files.values().filter_map(|file| file.report.clone()).collect();
        (Snapshot { files, missing: missing.to_owned(), shard, exposition }, changed)
    }
}

/// The exposition's key of the project in the file at `path`.
fn project_key(path: &Path) -> Arc<Path> {
    path.into()
}

/// The exposition's key of the health of the file at `path`, which can change without the project.
fn health_key(path: &Path) -> Arc<Path> {
    let mut key = path.as_os_str().to_owned();
    key.push("\0health");
    PathBuf::from(key).into()
}
