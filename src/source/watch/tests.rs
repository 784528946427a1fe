//! The watcher against a fake kernel, and one test against the real one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use notify::event::{AccessKind, Flag, RemoveKind};
use notify::{Event, EventKind, RecursiveMode};
use tokio::time::{sleep, timeout};

use crate::source::scan;
use crate::source::scan::{Changed, FileId, Scan};
use crate::source::watch::pending::{Handler, MAX_PATHS};
use crate::source::watch::{Backend, QUIET, Trigger, Watcher};

const NEVER: Duration = Duration::from_hours(1);
const SOON: Duration = Duration::from_secs(10);

/// A kernel with a limit of watches.
#[derive(Clone, Default)]
struct Kernel(Arc<Mutex<KernelState>>);

#[derive(Default)]
struct KernelState {
    /// Maximum number of watches. A watcher cannot be created if it is 0.
    limit: usize,
    watches: BTreeSet<PathBuf>,
    handler: Option<Handler>,
}

impl Kernel {
    fn with_limit(limit: usize) -> Self {
        let kernel = Self::default();
        kernel.0.lock().unwrap().limit = limit;
        kernel
    }

    fn watcher(&self) -> Watcher {
        let kernel = self.clone();
        let open = move |handler| {
            let mut state = kernel.0.lock().unwrap();
            if state.limit == 0 {
                return Err(std::io::Error::from_raw_os_error(24).into());
            }
            state.handler = Some(handler);
            let backend: Backend = Box::new(kernel.clone());
            Ok(backend)
        };
        Watcher::with_backend(NEVER, Box::new(open))
    }

    fn send(&self, event: Event) {
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
        if state.watches.len() >= state.limit {
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

fn changed(path: impl Into<PathBuf>) -> Trigger {
    Trigger::Changed(Changed::Paths([path.into()].into()))
}

fn event(kind: EventKind, path: &str) -> Event {
    Event::new(kind).add_path(path.into())
}

#[tokio::test]
async fn without_watches_it_polls_and_watches_once_it_can() {
    let kernel = Kernel::with_limit(0);
    let mut watcher = kernel.watcher();
    watcher.poll_interval = Duration::from_millis(10);
    assert!(!watcher.is_active());
    watcher.rewatch(&scan_of(&["a", "b"]));
    assert!(!watcher.is_active());
    assert_eq!(timeout(SOON, watcher.wait()).await, Ok(Trigger::Poll));
    kernel.0.lock().unwrap().limit = 1;
    watcher.rewatch(&scan_of(&["a", "b"]));
    assert!(!watcher.is_active());
    assert_eq!(timeout(SOON, watcher.wait()).await, Ok(Trigger::Changed(Changed::Anything)));
    kernel.0.lock().unwrap().limit = 2;
    watcher.rewatch(&scan_of(&["a", "b"]));
    assert!(watcher.is_active());
    assert_eq!(kernel.watches(), [Path::new("/r/a"), Path::new("/r/b")]);
}

#[tokio::test]
async fn directories_that_are_not_in_the_scan_are_unwatched() {
    let kernel = Kernel::with_limit(9);
    let mut watcher = kernel.watcher();
    watcher.rewatch(&scan_of(&["a", "b"]));
    watcher.rewatch(&scan_of(&["a"]));
    assert_eq!(kernel.watches(), [Path::new("/r/a")]);
    watcher.rewatch(&scan_of(&["c"]));
    assert_eq!(kernel.watches(), [Path::new("/r/c")]);
}

#[tokio::test]
async fn a_removed_directory_is_watched_again_even_with_the_same_inode() {
    let kernel = Kernel::with_limit(9);
    let mut watcher = kernel.watcher();
    let scan = scan_of(&["a", "a/b", "ab"]);
    watcher.rewatch(&scan);
    kernel.0.lock().unwrap().watches.clear();
    kernel.send(event(EventKind::Remove(RemoveKind::Folder), "/r/a"));
    watcher.rewatch(&scan);
    assert_eq!(kernel.watches(), [Path::new("/r/a"), Path::new("/r/a/b")]);
    kernel.0.lock().unwrap().watches.clear();
    kernel.send(Event::new(EventKind::Other).set_flag(Flag::Rescan));
    watcher.rewatch(&scan);
    assert_eq!(kernel.watches().len(), 3);
}

#[tokio::test]
async fn reads_are_ignored_and_a_dropped_wait_loses_no_change() {
    let kernel = Kernel::with_limit(9);
    let mut watcher = kernel.watcher();
    watcher.rewatch(&scan_of(&["a"]));
    assert_eq!(timeout(SOON, watcher.wait()).await, Ok(Trigger::Changed(Changed::Anything)));
    kernel.send(event(EventKind::Access(AccessKind::Any), "/r/a/x.yaml"));
    assert!(watcher.wakeups.is_empty());
    kernel.send(event(EventKind::Any, "/r/a/x.yaml"));
    assert!(timeout(QUIET / 5, watcher.wait()).await.is_err());
    assert!(watcher.wakeups.is_empty());
    assert_eq!(timeout(SOON, watcher.wait()).await, Ok(changed("/r/a/x.yaml")));
}

#[tokio::test]
async fn lost_events_unknown_paths_and_many_paths_require_a_full_scan() {
    let kernel = Kernel::with_limit(9);
    let mut watcher = kernel.watcher();
    watcher.rewatch(&scan_of(&["a"]));
    assert_eq!(timeout(SOON, watcher.wait()).await, Ok(Trigger::Changed(Changed::Anything)));
    kernel.send(event(EventKind::Any, "/r/b/x.yaml"));
    assert_eq!(timeout(SOON, watcher.wait()).await, Ok(Trigger::Changed(Changed::Anything)));
    kernel.send(event(EventKind::Any, "/r/a/x.yaml"));
    kernel.send(Event::new(EventKind::Other).set_flag(Flag::Rescan));
    assert_eq!(timeout(SOON, watcher.wait()).await, Ok(Trigger::Changed(Changed::Anything)));
    for file in 0..=MAX_PATHS {
        kernel.send(event(EventKind::Any, &format!("/r/a/{file}.yaml")));
    }
    assert_eq!(timeout(SOON, watcher.wait()).await, Ok(Trigger::Changed(Changed::Anything)));
}

#[tokio::test]
async fn continuous_changes_are_reported_before_they_end() {
    let kernel = Kernel::with_limit(9);
    let mut watcher = kernel.watcher();
    watcher.rewatch(&scan_of(&["a"]));
    let writer = tokio::spawn(async move {
        loop {
            kernel.send(event(EventKind::Any, "/r/a/x.yaml"));
            sleep(QUIET / 10).await;
        }
    });
    assert_eq!(timeout(SOON, watcher.wait()).await, Ok(Trigger::Changed(Changed::Anything)));
    assert_eq!(timeout(SOON, watcher.wait()).await, Ok(changed("/r/a/x.yaml")));
    writer.abort();
}

#[tokio::test]
async fn changed_paths_do_not_delay_the_poll() {
    let kernel = Kernel::with_limit(9);
    let mut watcher = kernel.watcher();
    watcher.poll_interval = QUIET / 2; // It elapses during every burst.
    watcher.rewatch(&scan_of(&["a"]));
    assert_eq!(timeout(SOON, watcher.wait()).await, Ok(Trigger::Changed(Changed::Anything)));
    kernel.send(event(EventKind::Any, "/r/a/x.yaml"));
    assert_eq!(timeout(SOON, watcher.wait()).await, Ok(changed("/r/a/x.yaml")));
    kernel.send(event(EventKind::Any, "/r/a/y.yaml"));
    assert_eq!(timeout(SOON, watcher.wait()).await, Ok(Trigger::Poll));
    assert_eq!(timeout(SOON, watcher.wait()).await, Ok(changed("/r/a/y.yaml")));
}

#[tokio::test]
async fn paths_in_the_working_directory_are_reported_as_the_scan_names_them() {
    let kernel = Kernel::with_limit(9);
    let mut watcher = kernel.watcher();
    let here = std::env::current_dir().unwrap();
    watcher.rewatch(&scan::scan(&["Cargo.toml".into()]));
    assert_eq!(kernel.watches(), [&*here]);
    assert_eq!(timeout(SOON, watcher.wait()).await, Ok(Trigger::Changed(Changed::Anything)));
    kernel.send(Event::new(EventKind::Any).add_path(here.join("Cargo.toml")));
    assert_eq!(timeout(SOON, watcher.wait()).await, Ok(changed("Cargo.toml")));
}

#[tokio::test]
async fn the_real_kernel_reports_a_new_file() {
    let directory = tempfile::tempdir().unwrap();
    let roots = [directory.path().to_owned()];
    let mut watcher = Watcher::new(NEVER);
    watcher.rewatch(&scan::scan(&roots));
    assert!(watcher.is_active());
    assert_eq!(timeout(SOON, watcher.wait()).await, Ok(Trigger::Changed(Changed::Anything)));
    let path = directory.path().join("a.yaml");
    std::fs::write(&path, "").unwrap();
    assert_eq!(timeout(SOON, watcher.wait()).await, Ok(changed(path)));
}
