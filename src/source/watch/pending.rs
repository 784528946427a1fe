//! State that the watcher shares with the notification thread.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use notify::event::{ModifyKind, RenameMode};
use notify::{Event, EventKind};
use tokio::sync::mpsc;

use crate::source::scan::{Changed, FileId};

/// More changed paths than this require a full scan, which costs little more.
pub(super) const MAX_PATHS: usize = 100;

pub(super) type Handler = Box<dyn FnMut(notify::Result<Event>) + Send>;

/// A watched directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Watch {
    /// The directory when the watch was created. `None` after it was removed or renamed: the kernel
    /// drops the watch then, even if a new directory has the same path and inode.
    pub(super) id: Option<FileId>,
    /// Path of the directory in the scan.
    pub(super) scanned: PathBuf,
}

/// The watched directories by absolute path.
#[derive(Debug, Clone, Default)]
pub(super) struct Watched(Arc<Mutex<BTreeMap<PathBuf, Watch>>>);

impl Watched {
    pub(super) fn lock(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Watch>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Paths of watches that are stale or not in `directories`.
    pub(super) fn obsolete(&self, directories: &BTreeMap<PathBuf, Watch>) -> Vec<PathBuf> {
        let watched = self.lock();
        let obsolete = watched.iter().filter(|(path, watch)| directories.get(*path) != Some(watch));
        obsolete.map(|(path, _)| path.clone()).collect()
    }

    /// Marks a removed directory and everything below it, whose watches notify drops.
    fn mark_stale(&self, path: &Path) {
        let mut watched = self.lock();
        for (_, watch) in watched.range_mut(path.to_owned()..).take_while(|(watched, _)| watched.starts_with(path)) {
            watch.id = None;
        }
    }

    fn mark_all_stale(&self) {
        for watch in self.lock().values_mut() {
            watch.id = None;
        }
    }

    /// The path in the scan of the entry at the absolute `path` of a watched directory.
    fn scanned(&self, path: &Path) -> Option<PathBuf> {
        Some(self.lock().get(path.parent()?)?.scanned.join(path.file_name()?))
    }
}

/// The changes since the last trigger.
#[derive(Debug, Clone, Default)]
pub(super) struct PendingChanges(Arc<Mutex<Changed>>);

impl PendingChanges {
    fn lock(&self) -> MutexGuard<'_, Changed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn take(&self) -> Changed {
        std::mem::take(&mut self.lock())
    }

    pub(super) fn add_anything(&self) {
        *self.lock() = Changed::Anything;
    }

    /// Adds a path of the scan. A path that is not in the scan requires a full scan.
    fn add(&self, path: Option<PathBuf>) {
        let mut changed = self.lock();
        match (&mut *changed, path) {
            (Changed::Paths(paths), Some(path)) if paths.len() < MAX_PATHS => _ = paths.insert(path),
            _ => *changed = Changed::Anything,
        }
    }
}

/// Records events of the kernel, and wakes the watcher.
pub(super) fn handler(wake: mpsc::Sender<()>, watched: Watched, pending: PendingChanges) -> Handler {
    Box::new(move |event| {
        match &event {
            // Reads by the exporter itself would cause endless reloads.
            Ok(event) if event.kind.is_access() => return,
            Ok(event) if !event.need_rescan() && !event.paths.is_empty() => {
                for path in &event.paths {
                    pending.add(watched.scanned(path));
                    if is_removal(event.kind) {
                        watched.mark_stale(path);
                    }
                }
            }
            Ok(_) | Err(_) => {
                watched.mark_all_stale();
                pending.add_anything();
            }
        }
        let _ = wake.try_send(()); // If the channel is full, a wake-up is pending.
    })
}

fn is_removal(kind: EventKind) -> bool {
    match kind {
        EventKind::Remove(_) => true,
        EventKind::Modify(ModifyKind::Name(mode)) => mode != RenameMode::To,
        _ => false,
    }
}
