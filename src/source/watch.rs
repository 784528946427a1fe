//! Watches directories, and triggers rescans.
//!
//! File change notifications are incomplete: queues overflow, directories are created faster than
//! they can be watched, and network file systems send none. A notification is therefore only a hint
//! which paths to scan, and a poll interval triggers a full scan.

mod pending;

use std::collections::BTreeMap;
use std::fmt;
use std::future;
use std::path::{self, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use notify::RecursiveMode;
use tokio::sync::mpsc;
use tokio::time::{Sleep, sleep};

use crate::source::scan::{Changed, Scan, or_current_dir};
use crate::source::watch::pending::{Handler, PendingChanges, Watch, Watched, handler};

/// The reason for a rescan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// Files changed.
    Changed(Changed),
    /// The poll interval elapsed without a full scan.
    Poll,
}

/// Changes that follow each other within this time are one trigger.
const QUIET: Duration = Duration::from_millis(250);

/// Continuous changes trigger after this time.
const MAX_BURST: Duration = Duration::from_secs(2);

/// Watches the directories of the last scan.
///
/// Used in a loop: scan, [`rewatch`](Self::rewatch), [`wait`](Self::wait).
pub struct Watcher {
    wakeups: mpsc::Receiver<()>,
    wake: mpsc::Sender<()>,
    open_backend: OpenBackend,
    backend: Option<Backend>,
    watched: Watched,
    pending: PendingChanges,
    state: WatchState,
    poll_interval: Duration,
    poll: Option<Timer>,
    burst: Option<Burst>,
}

impl Watcher {
    /// Watches nothing yet. `poll_interval` must be positive.
    #[must_use]
    pub fn new(poll_interval: Duration) -> Self {
        Self::with_backend(
            poll_interval,
            Box::new(|handler| {
                let backend = notify::recommended_watcher(handler)?;
                Ok(Box::new(backend))
            }),
        )
    }

    fn with_backend(poll_interval: Duration, open_backend: OpenBackend) -> Self {
        let (wake, wakeups) = mpsc::channel(1);
        Self {
            wakeups,
            wake,
            open_backend,
            backend: None,
            watched: Watched::default(),
            pending: PendingChanges::default(),
            state: WatchState::New,
            poll_interval,
            poll: None,
            burst: None,
        }
    }

    /// Waits for the next trigger. Cancel safe.
    pub async fn wait(&mut self) -> Trigger {
        let poll_interval = self.poll_interval;
        let trigger = loop {
            let poll = self.poll.get_or_insert_with(|| Box::pin(sleep(poll_interval)));
            tokio::select! {
                biased; // The timers come first, so that continuous changes can't starve them.
                () = Burst::end(self.burst.as_mut()) => break Trigger::Changed(self.pending.take()),
                () = poll, if self.burst.is_none() => break Trigger::Poll,
                Some(()) = self.wakeups.recv() => match &mut self.burst {
                    Some(burst) => burst.quiet = Box::pin(sleep(QUIET)),
                    None => self.burst = Some(Burst::start()),
                },
            }
        };
        self.burst = None;
        // A scan of some paths does not replace a full scan, so it does not delay the next one.
        if !matches!(trigger, Trigger::Changed(Changed::Paths(_))) {
            self.poll = None;
        }
        trigger
    }

    /// Watches the directories of `scan`, and no others.
    ///
    /// New directories may have changed between the scan and this call, so they trigger another
    /// scan. Directories that can't be watched are polled.
    pub fn rewatch(&mut self, scan: &Scan) {
        let mut directories = BTreeMap::new();
        for (&id, path) in &scan.directories {
            // Events have absolute paths.
            if let Ok(absolute) = path::absolute(or_current_dir(path)) {
                directories.insert(absolute, Watch { id: Some(id), scanned: path.clone() });
            }
        }
        let result = self.ensure_backend().and_then(|()| self.update_watches(&directories));
        self.log_state_change(result);
    }

    /// Whether all directories are watched, so that changes are found before the next poll.
    #[must_use]
    pub fn is_active(&self) -> bool {
        matches!(self.state, WatchState::Active)
    }

    fn ensure_backend(&mut self) -> notify::Result<()> {
        if self.backend.is_none() {
            let handler = handler(self.wake.clone(), self.watched.clone(), self.pending.clone());
            self.backend = Some((self.open_backend)(handler)?);
        }
        Ok(())
    }

    fn update_watches(&mut self, directories: &BTreeMap<PathBuf, Watch>) -> notify::Result<()> {
        let Some(backend) = &mut self.backend else {
            return Ok(());
        };
        for path in self.watched.obsolete(directories) {
            // Fails if the kernel dropped the watch together with the directory.
            let _ = backend.unwatch(&path);
            self.watched.lock().remove(&path);
        }
        let mut result = Ok(());
        for (path, watch) in directories {
            if self.watched.lock().contains_key(path) {
                continue;
            }
            // Inserted before the watch exists, so that its first event finds the entry.
            self.watched.lock().insert(path.clone(), watch.clone());
            let Err(error) = backend.watch(path, RecursiveMode::NonRecursive) else {
                self.pending.add_anything();
                let _ = self.wake.try_send(()); // If the channel is full, a wake-up is pending.
                continue;
            };
            self.watched.lock().remove(path);
            if !is_not_found(&error) {
                let limit_reached = matches!(error.kind, notify::ErrorKind::MaxFilesWatch);
                result = Err(error);
                if limit_reached {
                    break;
                }
            }
        }
        result
    }

    /// Logs the first failure and the recovery from it.
    fn log_state_change(&mut self, result: notify::Result<()>) {
        match (&self.state, result) {
            (WatchState::Failed, Ok(())) => {
                tracing::info!("all directories are watched again");
                self.state = WatchState::Active;
            }
            (_, Ok(())) => self.state = WatchState::Active,
            (WatchState::Failed, Err(_)) => {}
            (_, Err(error)) => {
                tracing::warn!(
                    error = %error,
                    help = help(&error),
                    interval = ?self.poll_interval,
                    "cannot watch all directories, polling them",
                );
                self.state = WatchState::Failed;
            }
        }
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Watcher")
            .field("watched", &self.watched)
            .field("state", &self.state)
            .field("poll_interval", &self.poll_interval)
            .finish_non_exhaustive()
    }
}

type Backend = Box<dyn notify::Watcher + Send>;
type OpenBackend = Box<dyn Fn(Handler) -> notify::Result<Backend> + Send>;
type Timer = Pin<Box<Sleep>>;

#[derive(Debug)]
enum WatchState {
    New,
    Active,
    /// At least one directory can't be watched.
    Failed,
}

/// Changes that follow each other closely.
struct Burst {
    /// Elapses when no change has followed.
    quiet: Timer,
    max: Timer,
}

impl Burst {
    fn start() -> Self {
        Self { quiet: Box::pin(sleep(QUIET)), max: Box::pin(sleep(MAX_BURST)) }
    }

    async fn end(burst: Option<&mut Self>) {
        match burst {
            None => future::pending().await,
            Some(burst) => tokio::select! {
                () = &mut burst.quiet => {}
                () = &mut burst.max => {}
            },
        }
    }
}

fn is_not_found(error: &notify::Error) -> bool {
    match &error.kind {
        notify::ErrorKind::PathNotFound => true,
        notify::ErrorKind::Io(error) => error.kind() == std::io::ErrorKind::NotFound,
        _ => false,
    }
}

fn help(error: &notify::Error) -> &'static str {
    match &error.kind {
        notify::ErrorKind::MaxFilesWatch => "increase the sysctl fs.inotify.max_user_watches",
        notify::ErrorKind::Io(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            "grant read access to the directory to the user of the exporter"
        }
        _ => "increase the sysctl fs.inotify.max_user_instances, or the limit of open files",
    }
}

#[cfg(test)]
mod tests;
