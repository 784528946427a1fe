//! Hints that something changed.
//!
//! What the kernel tells of changes has gaps: queues overflow, directories are created faster
//! than they can be watched, network file systems tell nothing. So an event is a hint where to
//! look again, and a timer hints that anything may have changed.

use std::collections::BTreeMap;
use std::fmt;
use std::future;
use std::path::{self, Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use notify::event::{ModifyKind, RenameMode};
use notify::{Event, EventKind, RecursiveMode};
use tokio::sync::mpsc;
use tokio::time::{Sleep, sleep};

use crate::source::scan::{Changed, FileId, Scan, or_current_dir};

/// Why to scan again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// Something changed, and then nothing for a while.
    Changed(Changed),
    /// Nothing made everything be looked at for the poll interval.
    Poll,
}

/// More paths than this aren't told apart: a whole scan costs little more then.
const MOST_PATHS: usize = 100;

/// Changes are over when nothing happened for this long.
const QUIET: Duration = Duration::from_millis(250);

/// Changes that never end are looked at this often.
const STORM: Duration = Duration::from_secs(2);

/// Watches the directories of the last scan.
///
/// Used in turn with it: scan, [`rewatch`](Self::rewatch), [`wait`](Self::wait), and again.
pub struct Watcher {
    hints: mpsc::Receiver<()>,
    sender: mpsc::Sender<()>,
    open: OpenBackend,
    backend: Option<Backend>,
    watched: Watched,
    pending: PendingChanges,
    state: WatchState,
    interval: Duration,
    poll: Option<Timer>,
    burst: Option<Burst>,
}

impl Watcher {
    /// A watcher that watches nothing yet, and wakes at least every `poll`, which is to be
    /// more than zero.
    #[must_use]
    pub fn new(poll: Duration) -> Self {
        Self::with_backend(
            poll,
            Box::new(|handler| {
                let backend = notify::recommended_watcher(handler)?;
                Ok(Box::new(backend))
            }),
        )
    }

    fn with_backend(interval: Duration, open: OpenBackend) -> Self {
        let (sender, hints) = mpsc::channel(1);
        Self {
            hints,
            sender,
            open,
            backend: None,
            watched: Watched::default(),
            pending: PendingChanges::default(),
            state: WatchState::New,
            interval,
            poll: None,
            burst: None,
        }
    }

    /// Waits until it is worth scanning again. Changes that come in a row make one wake.
    ///
    /// Nothing is lost when the future is dropped before it is ready.
    pub async fn wait(&mut self) -> Trigger {
        let interval = self.interval;
        let wake = loop {
            let poll = self.poll.get_or_insert_with(|| Box::pin(sleep(interval)));
            tokio::select! {
                biased; // A storm of hints must not keep the timers from being looked at.
                () = Burst::end(self.burst.as_mut()) => break Trigger::Changed(self.pending.take()),
                () = poll, if self.burst.is_none() => break Trigger::Poll,
                Some(()) = self.hints.recv() => match &mut self.burst {
                    Some(burst) => burst.quiet = Box::pin(sleep(QUIET)),
                    None => self.burst = Some(Burst::begin()),
                },
            }
        };
        self.burst = None;
        // A hint of some paths tells nothing of the others, so it must not put off their turn.
        if !matches!(wake, Trigger::Changed(Changed::Paths(_))) {
            self.poll = None;
        }
        wake
    }

    /// Watches the directories of `scan`, and no others any longer.
    ///
    /// Directories that are new to it may have changed between the scan and this moment, so they
    /// make a hint of their own. What can't be watched is left to the timer.
    pub fn rewatch(&mut self, scan: &Scan) {
        let mut wanted = BTreeMap::new();
        for (&id, path) in &scan.directories {
            // The events name absolute paths, so the directories are known by theirs.
            if let Ok(absolute) = path::absolute(or_current_dir(path)) {
                wanted.insert(absolute, Watch { id: Some(id), scanned: path.clone() });
            }
        }
        let result = self.open_backend().and_then(|()| self.update(&wanted));
        self.report(result);
    }

    /// Whether the kernel tells of all changes, so that they needn't wait for the timer.
    #[must_use]
    pub fn is_active(&self) -> bool {
        matches!(self.state, WatchState::Active)
    }

    fn open_backend(&mut self) -> notify::Result<()> {
        if self.backend.is_none() {
            let handler = handler(self.sender.clone(), self.watched.clone(), self.pending.clone());
            self.backend = Some((self.open)(handler)?);
        }
        Ok(())
    }

    fn update(&mut self, wanted: &BTreeMap<PathBuf, Watch>) -> notify::Result<()> {
        let Some(backend) = &mut self.backend else {
            return Ok(());
        };
        for path in self.watched.unlike(wanted) {
            // The kernel may have dropped the watch already, together with the directory.
            let _ = backend.unwatch(&path);
            self.watched.lock().remove(&path);
        }
        let mut result = Ok(());
        for (path, watch) in wanted {
            if self.watched.lock().contains_key(path) {
                continue;
            }
            // Known before it is watched, so that an event can't be too early to take it back.
            self.watched.lock().insert(path.clone(), watch.clone());
            let Err(error) = backend.watch(path, RecursiveMode::NonRecursive) else {
                self.pending.anything();
                let _ = self.sender.try_send(()); // A full channel says as much.
                continue;
            };
            self.watched.lock().remove(path);
            if !is_gone(&error) {
                let no_more = matches!(error.kind, notify::ErrorKind::MaxFilesWatch);
                result = Err(error);
                if no_more {
                    break;
                }
            }
        }
        result
    }

    /// Says once that watching fails, and once that it works again.
    fn report(&mut self, result: notify::Result<()>) {
        match (&self.state, result) {
            (WatchState::Refused, Ok(())) => {
                tracing::info!("directories are watched again");
                self.state = WatchState::Active;
            }
            (_, Ok(())) => self.state = WatchState::Active,
            (WatchState::Refused, Err(_)) => {}
            (_, Err(error)) => {
                tracing::warn!(
                    error = %error,
                    help = help(&error),
                    "can't watch all directories, so changes are found by the timer, every {:?}",
                    self.interval,
                );
                self.state = WatchState::Refused;
            }
        }
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Watcher")
            .field("watched", &self.watched)
            .field("state", &self.state)
            .field("interval", &self.interval)
            .finish_non_exhaustive()
    }
}

type Backend = Box<dyn notify::Watcher + Send>;
type Handler = Box<dyn FnMut(notify::Result<Event>) + Send>;
type OpenBackend = Box<dyn Fn(Handler) -> notify::Result<Backend> + Send>;
type Timer = Pin<Box<Sleep>>;

#[derive(Debug)]
enum WatchState {
    New,
    Active,
    Refused,
}

/// Changes in a row.
struct Burst {
    quiet: Timer,
    storm: Timer,
}

impl Burst {
    fn begin() -> Self {
        Self { quiet: Box::pin(sleep(QUIET)), storm: Box::pin(sleep(STORM)) }
    }

    async fn end(burst: Option<&mut Self>) {
        match burst {
            None => future::pending().await,
            Some(burst) => tokio::select! {
                () = &mut burst.quiet => {}
                () = &mut burst.storm => {}
            },
        }
    }
}

/// A watched directory.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Watch {
    /// What was there when the watch began. Nothing is there any longer when the directory was
    /// removed or renamed: then the watch went with it, even if another one of the same name has
    /// got the same inode since.
    id: Option<FileId>,
    /// Its path in the scan.
    scanned: PathBuf,
}

/// The directories that are watched, by absolute path.
#[derive(Debug, Clone, Default)]
struct Watched(Arc<Mutex<BTreeMap<PathBuf, Watch>>>);

impl Watched {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Watch>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unlike(&self, wanted: &BTreeMap<PathBuf, Watch>) -> Vec<PathBuf> {
        let watched = self.lock();
        let unlike = watched.iter().filter(|(path, watch)| wanted.get(*path) != Some(watch));
        unlike.map(|(path, _)| path.clone()).collect()
    }

    /// notify gives up a directory that went away together with everything below it.
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

    /// What the scan calls the entry at `path` of a watched directory.
    fn scanned(&self, path: &Path) -> Option<PathBuf> {
        Some(self.lock().get(path.parent()?)?.scanned.join(path.file_name()?))
    }
}

/// What was pending of since the last wake.
#[derive(Debug, Clone, Default)]
struct PendingChanges(Arc<Mutex<Changed>>);

impl PendingChanges {
    fn lock(&self) -> MutexGuard<'_, Changed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Changed {
        std::mem::take(&mut self.lock())
    }

    fn anything(&self) {
        *self.lock() = Changed::Anything;
    }

    /// Of a path that the scan has no name for, anything may be true.
    fn path(&self, path: Option<PathBuf>) {
        let mut changed = self.lock();
        match (&mut *changed, path) {
            (Changed::Paths(paths), Some(path)) if paths.len() < MOST_PATHS => _ = paths.insert(path),
            _ => *changed = Changed::Anything,
        }
    }
}

fn handler(sender: mpsc::Sender<()>, watched: Watched, pending: PendingChanges) -> Handler {
    Box::new(move |event| {
        match &event {
            // Reading the files would make the next hint.
            Ok(event) if event.kind.is_access() => return,
            Ok(event) if !event.need_rescan() && !event.paths.is_empty() => {
                for path in &event.paths {
                    pending.path(watched.scanned(path));
                    if takes_away(event.kind) {
                        watched.mark_stale(path);
                    }
                }
            }
            Ok(_) | Err(_) => {
                watched.mark_all_stale();
                pending.anything();
            }
        }
        let _ = sender.try_send(()); // A full channel says as much.
    })
}

fn takes_away(kind: EventKind) -> bool {
    match kind {
        EventKind::Remove(_) => true,
        EventKind::Modify(ModifyKind::Name(mode)) => mode != RenameMode::To,
        _ => false,
    }
}

fn is_gone(error: &notify::Error) -> bool {
    match &error.kind {
        notify::ErrorKind::PathNotFound => true,
        notify::ErrorKind::Io(error) => error.kind() == std::io::ErrorKind::NotFound,
        _ => false,
    }
}

fn help(error: &notify::Error) -> &'static str {
    match &error.kind {
        notify::ErrorKind::MaxFilesWatch => "raise the sysctl `fs.inotify.max_user_watches`",
        notify::ErrorKind::Io(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            "let the exporter's user read the directory"
        }
        _ => "raise the sysctl `fs.inotify.max_user_instances`, or the limit of open files",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::scan;
    use notify::event::{AccessKind, Flag, RemoveKind};
    use std::collections::BTreeSet;
    use tokio::time::timeout;

    const NEVER: Duration = Duration::from_hours(1);
    const SOON: Duration = Duration::from_secs(10);

    /// A kernel that can be told to refuse, and remembers what it watches.
    #[derive(Clone, Default)]
    struct Kernel(Arc<Mutex<KernelState>>);

    #[derive(Default)]
    struct KernelState {
        room: usize,
        watches: BTreeSet<PathBuf>,
        handler: Option<Handler>,
    }

    impl Kernel {
        fn with_room(room: usize) -> Self {
            let kernel = Self::default();
            kernel.0.lock().unwrap().room = room;
            kernel
        }

        fn watcher(&self) -> Watcher {
            let kernel = self.clone();
            let open = move |handler| {
                let mut state = kernel.0.lock().unwrap();
                if state.room == 0 {
                    return Err(std::io::Error::from_raw_os_error(24).into());
                }
                state.handler = Some(handler);
                let backend: Backend = Box::new(kernel.clone());
                Ok(backend)
            };
            Watcher::with_backend(NEVER, Box::new(open))
        }

        fn tell(&self, event: Event) {
            let mut state = self.0.lock().unwrap();
            state.handler.as_mut().expect("the backend was opened")(Ok(event));
        }

        fn watches(&self) -> Vec<PathBuf> {
            self.0.lock().unwrap().watches.iter().cloned().collect()
        }
    }

    impl notify::Watcher for Kernel {
        fn new<F: notify::EventHandler>(_: F, _: notify::Config) -> notify::Result<Self> {
            Ok(Self::default())
        }

        fn watch(&mut self, path: &Path, _: RecursiveMode) -> notify::Result<()> {
            let mut state = self.0.lock().unwrap();
            if state.watches.len() >= state.room {
                return Err(notify::Error::new(notify::ErrorKind::MaxFilesWatch));
            }
            state.watches.insert(path.to_owned());
            Ok(())
        }

        fn unwatch(&mut self, path: &Path) -> notify::Result<()> {
            self.0.lock().unwrap().watches.remove(path);
            Ok(())
        }

        fn kind() -> notify::WatcherKind {
            notify::WatcherKind::NullWatcher
        }
    }

    fn scan_of(names: &[&str]) -> Scan {
        let mut scan = Scan::default();
        for (ino, name) in (1..).zip(names) {
            let path = Path::new("/r").join(name);
            scan.directories.insert(FileId { dev: 1, ino }, path);
        }
        scan
    }

    fn hint_at(path: impl Into<PathBuf>) -> Trigger {
        Trigger::Changed(Changed::Paths([path.into()].into()))
    }

    fn event(kind: EventKind, path: &str) -> Event {
        Event::new(kind).add_path(path.into())
    }

    #[tokio::test]
    async fn without_room_for_a_watcher_the_timer_is_left_and_room_is_taken_later() {
        let kernel = Kernel::with_room(0);
        let mut watcher = kernel.watcher();
        watcher.interval = Duration::from_millis(10);
        assert!(!watcher.is_active());
        watcher.rewatch(&scan_of(&["a", "b"]));
        assert!(!watcher.is_active());
        assert_eq!(timeout(SOON, watcher.wait()).await, Ok(Trigger::Poll));
        kernel.0.lock().unwrap().room = 1;
        watcher.rewatch(&scan_of(&["a", "b"]));
        assert!(!watcher.is_active());
        assert_eq!(timeout(SOON, watcher.wait()).await, Ok(Trigger::Changed(Changed::Anything)));
        kernel.0.lock().unwrap().room = 2;
        watcher.rewatch(&scan_of(&["a", "b"]));
        assert!(watcher.is_active());
        assert_eq!(kernel.watches(), [Path::new("/r/a"), Path::new("/r/b")]);
    }

    #[tokio::test]
    async fn what_a_scan_no_longer_names_is_no_longer_watched() {
        let kernel = Kernel::with_room(9);
        let mut watcher = kernel.watcher();
        watcher.rewatch(&scan_of(&["a", "b"]));
        watcher.rewatch(&scan_of(&["a"]));
        assert_eq!(kernel.watches(), [Path::new("/r/a")]);
        watcher.rewatch(&scan_of(&["c"]));
        assert_eq!(kernel.watches(), [Path::new("/r/c")]);
    }

    #[tokio::test]
    async fn a_directory_that_went_away_is_watched_anew_though_its_inode_is_the_same() {
        let kernel = Kernel::with_room(9);
        let mut watcher = kernel.watcher();
        let scan = scan_of(&["a", "a/b", "ab"]);
        watcher.rewatch(&scan);
        kernel.0.lock().unwrap().watches.clear();
        kernel.tell(event(EventKind::Remove(RemoveKind::Folder), "/r/a"));
        watcher.rewatch(&scan);
        assert_eq!(kernel.watches(), [Path::new("/r/a"), Path::new("/r/a/b")]);
        kernel.0.lock().unwrap().watches.clear();
        kernel.tell(Event::new(EventKind::Other).set_flag(Flag::Rescan));
        watcher.rewatch(&scan);
        assert_eq!(kernel.watches().len(), 3);
    }

    #[tokio::test]
    async fn reading_makes_no_hint_and_a_dropped_wait_loses_none() {
        let kernel = Kernel::with_room(9);
        let mut watcher = kernel.watcher();
        watcher.rewatch(&scan_of(&["a"]));
        assert_eq!(timeout(SOON, watcher.wait()).await, Ok(Trigger::Changed(Changed::Anything)));
        kernel.tell(event(EventKind::Access(AccessKind::Any), "/r/a/x.yaml"));
        assert!(watcher.hints.is_empty());
        kernel.tell(event(EventKind::Any, "/r/a/x.yaml"));
        assert!(timeout(QUIET / 5, watcher.wait()).await.is_err());
        assert!(watcher.hints.is_empty());
        assert_eq!(timeout(SOON, watcher.wait()).await, Ok(hint_at("/r/a/x.yaml")));
    }

    #[tokio::test]
    async fn what_the_kernel_lost_or_a_crowd_changed_may_be_anything() {
        let kernel = Kernel::with_room(9);
        let mut watcher = kernel.watcher();
        watcher.rewatch(&scan_of(&["a"]));
        assert_eq!(timeout(SOON, watcher.wait()).await, Ok(Trigger::Changed(Changed::Anything)));
        kernel.tell(event(EventKind::Any, "/r/b/x.yaml"));
        assert_eq!(timeout(SOON, watcher.wait()).await, Ok(Trigger::Changed(Changed::Anything)));
        kernel.tell(event(EventKind::Any, "/r/a/x.yaml"));
        kernel.tell(Event::new(EventKind::Other).set_flag(Flag::Rescan));
        assert_eq!(timeout(SOON, watcher.wait()).await, Ok(Trigger::Changed(Changed::Anything)));
        for file in 0..=MOST_PATHS {
            kernel.tell(event(EventKind::Any, &format!("/r/a/{file}.yaml")));
        }
        assert_eq!(timeout(SOON, watcher.wait()).await, Ok(Trigger::Changed(Changed::Anything)));
    }

    #[tokio::test]
    async fn a_storm_makes_a_hint_though_it_never_ends() {
        let kernel = Kernel::with_room(9);
        let mut watcher = kernel.watcher();
        watcher.rewatch(&scan_of(&["a"]));
        let storm = tokio::spawn(async move {
            loop {
                kernel.tell(event(EventKind::Any, "/r/a/x.yaml"));
                sleep(QUIET / 10).await;
            }
        });
        assert_eq!(timeout(SOON, watcher.wait()).await, Ok(Trigger::Changed(Changed::Anything)));
        assert_eq!(timeout(SOON, watcher.wait()).await, Ok(hint_at("/r/a/x.yaml")));
        storm.abort();
    }

    #[tokio::test]
    async fn hints_put_no_poll_off_unless_everything_is_looked_at() {
        let kernel = Kernel::with_room(9);
        let mut watcher = kernel.watcher();
        watcher.interval = QUIET / 2; // It ends during every burst.
        watcher.rewatch(&scan_of(&["a"]));
        assert_eq!(timeout(SOON, watcher.wait()).await, Ok(Trigger::Changed(Changed::Anything)));
        kernel.tell(event(EventKind::Any, "/r/a/x.yaml"));
        assert_eq!(timeout(SOON, watcher.wait()).await, Ok(hint_at("/r/a/x.yaml")));
        kernel.tell(event(EventKind::Any, "/r/a/y.yaml"));
        assert_eq!(timeout(SOON, watcher.wait()).await, Ok(Trigger::Poll));
        assert_eq!(timeout(SOON, watcher.wait()).await, Ok(hint_at("/r/a/y.yaml")));
    }

    #[tokio::test]
    async fn what_lies_in_the_working_directory_is_told_by_the_name_it_was_given() {
        let kernel = Kernel::with_room(9);
        let mut watcher = kernel.watcher();
        let here = std::env::current_dir().unwrap();
        watcher.rewatch(&scan::scan(&["Cargo.toml".into()]));
        assert_eq!(kernel.watches(), [&*here]);
        assert_eq!(timeout(SOON, watcher.wait()).await, Ok(Trigger::Changed(Changed::Anything)));
        kernel.tell(Event::new(EventKind::Any).add_path(here.join("Cargo.toml")));
        assert_eq!(timeout(SOON, watcher.wait()).await, Ok(hint_at("Cargo.toml")));
    }

    #[tokio::test]
    async fn a_real_kernel_tells_of_a_new_file() {
        let directory = tempfile::tempdir().unwrap();
        let roots = [directory.path().to_owned()];
        let mut watcher = Watcher::new(NEVER);
        watcher.rewatch(&scan::scan(&roots));
        assert!(watcher.is_active());
        assert_eq!(timeout(SOON, watcher.wait()).await, Ok(Trigger::Changed(Changed::Anything)));
        let path = directory.path().join("a.yaml");
        std::fs::write(&path, "").unwrap();
        assert_eq!(timeout(SOON, watcher.wait()).await, Ok(hint_at(path)));
    }
}
