//! Scanning, reading and watching files on a real file system while other processes change them.

#![expect(clippy::unwrap_used, reason = "the helpers are part of the tests, where a panic is the report")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use readiness_exporter::finding::{Finding, Kind};
use readiness_exporter::source::scan::{Scan, scan};
use readiness_exporter::source::watch::{Trigger, Watcher};
use readiness_exporter::source::{ReadLimits, read};
use tempfile::TempDir;
use tokio::time::timeout;

/// No polling, so that changes are found by notifications of the kernel only.
const NEVER: Duration = Duration::from_hours(1);
const SOON: Duration = Duration::from_secs(20);

fn finding(path: &Path) -> Finding {
    *read(path, &ReadLimits::default()).expect_err("a finding")
}

/// The files of a scan as `path: text`, findings as `path! message`, and missing roots as `path?`.
fn listing(roots: &[PathBuf], base: &Path) -> Vec<String> {
    let name = |path: &Path| path.strip_prefix(base).unwrap_or(path).display().to_string();
    let scan = scan(roots);
    let files = scan.files.iter().map(|found| match read(&found.path, &ReadLimits::default()) {
        Ok(file) => format!("{}: {}", name(&found.path), file.text),
        Err(finding) => format!("{}! {}", name(&found.path), finding.message),
    });
    let problems = scan.problems.iter();
    let problems = problems.map(|(path, finding)| format!("{}! {}", name(path), finding.message));
    let missing = scan.missing.iter().map(|path| format!("{}?", name(path)));
    files.chain(problems).chain(missing).collect()
}

/// Replaces a file as editors and `git checkout` do: by a rename.
fn rename_save(path: &Path, text: &str) {
    let temporary = path.with_extension("tmp");
    fs::write(&temporary, text).unwrap();
    fs::rename(temporary, path).unwrap();
}

/// Replaces a link atomically, as kubelet and git-sync do.
fn replace_link(link: &Path, target: &str) {
    let temporary = link.with_file_name("..temporary");
    symlink(target, &temporary).unwrap();
    fs::rename(temporary, link).unwrap();
}

/// A directory, and a watcher of some paths in it.
struct World {
    directory: TempDir,
    roots: Vec<PathBuf>,
    scan: Scan,
    watcher: Watcher,
}

impl World {
    fn new(roots: &[&str]) -> Self {
        let directory = TempDir::new().unwrap();
        let roots: Vec<_> = roots.iter().map(|root| directory.path().join(root)).collect();
        Self { directory, scan: scan(&roots), roots, watcher: Watcher::new(NEVER) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Rescans until no notification of earlier changes is pending. The result must equal that of a
    /// full scan.
    async fn settle(&mut self) {
        loop {
            self.watcher.rewatch(&self.scan);
            assert!(self.watcher.is_active());
            match timeout(Duration::from_millis(400), self.watcher.wait()).await {
                Ok(trigger) => self.rescan(&trigger),
                Err(_) => return assert_eq!(self.scan.files, scan(&self.roots).files),
            }
        }
    }

    fn rescan(&mut self, trigger: &Trigger) {
        let Trigger::Changed(changed) = trigger else { panic!("{trigger:?}") };
        self.scan.update(&self.roots, changed);
    }

    /// Rescans after each trigger until the files are as `expected`.
    async fn becomes(&mut self, expected: &[&str]) {
        loop {
            let trigger = timeout(SOON, self.watcher.wait()).await;
            let found = listing(&self.roots, self.directory.path());
            self.rescan(&trigger.unwrap_or_else(|_| panic!("no trigger, found {found:?}")));
            self.watcher.rewatch(&self.scan);
            if found == expected {
                return self.settle().await;
            }
        }
    }
}

#[tokio::test]
async fn writing_replacing_removing_and_creating_a_file_is_noticed() {
    let mut world = World::new(&["plans"]);
    world.write("plans/a.yaml", "1");
    world.settle().await;
    world.write("plans/a.yaml", "2");
    world.becomes(&["plans/a.yaml: 2"]).await;
    for text in ["3", "4"] {
        rename_save(&world.path("plans/a.yaml"), text);
        world.becomes(&[&format!("plans/a.yaml: {text}")]).await;
    }
    fs::remove_file(world.path("plans/a.yaml")).unwrap();
    world.becomes(&[]).await;
    world.write("plans/a.yaml", "5");
    world.becomes(&["plans/a.yaml: 5"]).await;
}

#[tokio::test]
async fn each_update_of_a_config_map_is_noticed() {
    let mut world = World::new(&["mount"]);
    world.write("mount/..1/a.yaml", "1");
    symlink("..1", world.path("mount/..data")).unwrap();
    symlink("..data/a.yaml", world.path("mount/a.yaml")).unwrap();
    world.settle().await;
    for version in 2..5 {
        let before = scan(&world.roots).files;
        world.write(&format!("mount/..{version}/a.yaml"), &version.to_string());
        replace_link(&world.path("mount/..data"), &format!("..{version}"));
        fs::remove_dir_all(world.path(&format!("mount/..{}", version - 1))).unwrap();
        world.becomes(&[&format!("mount/a.yaml: {version}")]).await;
        assert_ne!(scan(&world.roots).files, before, "the stamp changes with the update");
    }
}

#[tokio::test]
async fn each_update_of_one_file_of_a_config_map_is_noticed() {
    let mut world = World::new(&["mount/a.yaml"]);
    world.write("mount/..1/a.yaml", "1");
    symlink("..1", world.path("mount/..data")).unwrap();
    symlink("..data/a.yaml", world.path("mount/a.yaml")).unwrap();
    world.settle().await;
    for version in 2..4 {
        world.write(&format!("mount/..{version}/a.yaml"), &version.to_string());
        replace_link(&world.path("mount/..data"), &format!("..{version}"));
        world.becomes(&[&format!("mount/a.yaml: {version}")]).await;
    }
}

#[tokio::test]
async fn replacing_a_link_above_the_root_as_git_sync_does_is_noticed() {
    let mut world = World::new(&["git/current/plans"]);
    world.write("git/1/plans/a.yaml", "1");
    symlink("1", world.path("git/current")).unwrap();
    world.settle().await;
    for version in 2..4 {
        world.write(&format!("git/{version}/plans/a.yaml"), &version.to_string());
        replace_link(&world.path("git/current"), &version.to_string());
        world.becomes(&[&format!("git/current/plans/a.yaml: {version}")]).await;
    }
}

#[tokio::test]
async fn a_write_to_the_target_of_a_link_is_noticed() {
    let mut world = World::new(&["plans"]);
    world.write("elsewhere/real.yaml", "1");
    fs::create_dir(world.path("plans")).unwrap();
    symlink("../elsewhere/real.yaml", world.path("plans/a.yaml")).unwrap();
    world.settle().await;
    world.write("elsewhere/real.yaml", "2");
    world.becomes(&["plans/a.yaml: 2"]).await;
}

#[tokio::test]
async fn creating_renaming_and_removing_directories_is_noticed() {
    let mut world = World::new(&["plans"]);
    fs::create_dir(world.path("plans")).unwrap();
    world.settle().await;
    world.write("plans/x/y/a.yaml", "1");
    world.becomes(&["plans/x/y/a.yaml: 1"]).await;
    fs::rename(world.path("plans/x"), world.path("plans/z")).unwrap();
    world.becomes(&["plans/z/y/a.yaml: 1"]).await;
    world.write("plans/z/y/a.yaml", "2");
    world.becomes(&["plans/z/y/a.yaml: 2"]).await;
    // Renamed and back: the same path and inode, but the kernel has dropped the watch.
    fs::rename(world.path("plans/z"), world.path("plans/x")).unwrap();
    fs::rename(world.path("plans/x"), world.path("plans/z")).unwrap();
    world.settle().await;
    world.write("plans/z/y/a.yaml", "3");
    world.becomes(&["plans/z/y/a.yaml: 3"]).await;
    fs::remove_dir_all(world.path("plans/z")).unwrap();
    world.becomes(&[]).await;
}

#[tokio::test]
async fn a_root_can_be_missing_removed_and_created_again() {
    let mut world = World::new(&["later/plans"]);
    world.settle().await;
    assert_eq!(listing(&world.roots, world.directory.path()), ["later/plans?"]);
    for text in ["1", "2"] {
        world.write("later/plans/a.yaml", text);
        world.becomes(&[&format!("later/plans/a.yaml: {text}")]).await;
        fs::remove_dir_all(world.path("later/plans")).unwrap();
        world.becomes(&["later/plans?"]).await;
    }
    // Without a pause, so that the new directory can get the inode of the old one.
    world.write("later/plans/a.yaml", "4");
    world.becomes(&["later/plans/a.yaml: 4"]).await;
    fs::remove_dir_all(world.path("later/plans")).unwrap();
    world.write("later/plans/a.yaml", "5");
    world.becomes(&["later/plans/a.yaml: 5"]).await;
    world.write("later/plans/a.yaml", "6");
    world.becomes(&["later/plans/a.yaml: 6"]).await;
}

#[tokio::test]
async fn reading_and_scanning_trigger_nothing() {
    let mut world = World::new(&["plans"]);
    world.write("plans/a.yaml", "1");
    world.settle().await;
    assert_eq!(listing(&world.roots, world.directory.path()), ["plans/a.yaml: 1"]);
    let trigger = timeout(Duration::from_millis(400), world.watcher.wait()).await;
    assert!(trigger.is_err(), "{trigger:?}");
}

#[tokio::test]
async fn without_changes_the_poll_interval_triggers() {
    let mut watcher = Watcher::new(Duration::from_millis(10));
    assert_eq!(timeout(SOON, watcher.wait()).await, Ok(Trigger::Poll));
    assert_eq!(timeout(SOON, watcher.wait()).await, Ok(Trigger::Poll));
}

#[test]
fn pipes_sockets_and_devices_are_refused_at_once() {
    let world = World::new(&[""]);
    let status = Command::new("mkfifo").arg(world.path("pipe.yaml")).status().unwrap();
    assert!(status.success());
    let _socket = UnixListener::bind(world.path("socket.yaml")).unwrap();
    symlink("/dev/zero", world.path("zero.yaml")).unwrap();
    assert_eq!(
        listing(&world.roots, world.directory.path()),
        [
            "pipe.yaml! expected a file, found a named pipe",
            "socket.yaml! expected a file, found a socket",
            "zero.yaml! expected a file, found a device",
        ]
    );
    assert_eq!(finding(&world.path("")).message, "expected a file, found a directory");
}

#[test]
fn unreadable_paths_have_a_message_for_each_cause() {
    let world = World::new(&[""]);
    world.write("file.yaml", "1");
    symlink("two.yaml", world.path("one.yaml")).unwrap();
    symlink("one.yaml", world.path("two.yaml")).unwrap();
    symlink("nowhere", world.path("lost.yaml")).unwrap();
    symlink("nowhere", world.path("lost")).unwrap();
    assert_eq!(
        listing(&world.roots, world.directory.path()),
        [
            "file.yaml: 1",
            "lost.yaml! dangling symbolic link to `nowhere`",
            "one.yaml! cannot read the file: too many levels of symbolic links",
            "two.yaml! cannot read the file: too many levels of symbolic links",
        ]
    );
    let missing = finding(&world.path("missing.yaml"));
    assert_eq!(missing.kind, Kind::Unreadable);
    assert_eq!(missing.message, "no such file or directory");
    let inside = world.path("file.yaml/x");
    let message = "invalid path: a parent is not a directory";
    assert_eq!(finding(&inside).message, message);
    assert_eq!(listing(std::slice::from_ref(&inside), &inside), [format!("! {message}")]);
}

#[test]
fn a_file_name_that_is_not_utf8_is_a_finding() {
    use std::os::unix::ffi::OsStrExt;
    let world = World::new(&[""]);
    let path = world.path("").join(std::ffi::OsStr::from_bytes(b"caf\xE9.yaml"));
    fs::write(&path, "1").unwrap();
    let finding = finding(&scan(&world.roots).files[0].path);
    assert_eq!(finding.kind, Kind::Unreadable);
    assert!(finding.message.ends_with(": expected UTF-8"), "{}", finding.message);
}

#[test]
fn a_lack_of_permission_is_a_finding_with_help() {
    let world = World::new(&[""]);
    world.write("a.yaml", "1");
    world.write("closed/b.yaml", "1");
    let close = |name, mode| {
        fs::set_permissions(world.path(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    close("a.yaml", 0);
    close("closed", 0);
    let lines = listing(&world.roots, world.directory.path());
    let (file, scanned) = (fs::read(world.path("a.yaml")), scan(&world.roots));
    close("closed", 0o755);
    if file.is_ok() {
        return; // Root can read everything.
    }
    assert!(lines[0].starts_with("a.yaml! permission denied for a file with mode `0000`"));
    assert!(lines[1].starts_with("closed! permission denied for a directory with mode `0000`"));
    assert_eq!(lines.len(), 2);
    assert!(scanned.hides(&world.path("closed/b.yaml")));
}

#[test]
fn loops_of_links_and_deep_directories_are_bounded() {
    let world = World::new(&["plans"]);
    world.write("plans/x/a.yaml", "1");
    symlink("..", world.path("plans/x/up")).unwrap();
    symlink(".", world.path("plans/x/here")).unwrap();
    assert_eq!(listing(&world.roots, world.directory.path()), ["plans/x/a.yaml: 1"]);
    world.write(&format!("plans/{}b.yaml", "d/".repeat(31)), "2");
    world.write(&format!("plans/{}c.yaml", "d/".repeat(40)), "3");
    let lines = listing(&world.roots, world.directory.path());
    assert!(lines[0].ends_with("/b.yaml: 2"), "{lines:?}");
    assert_eq!(lines[1], "plans/x/a.yaml: 1");
    assert!(lines[2].ends_with("more than 32 nested directories: the rest is ignored"));
    assert_eq!(lines.len(), 3);
}

/// Reads a file `reads` times while `write` changes it. Returns the texts and messages.
fn read_while(path: &Path, reads: usize, write: impl Fn(usize) + Sync) -> Vec<String> {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut round = 0;
            while !over.load(Ordering::Relaxed) {
                write(round);
                round += 1;
            }
        });
        let once = |_| match read(path, &ReadLimits::default()) {
            Ok(file) => file.text.to_string(),
            Err(finding) => finding.message,
        };
        let results = (0..reads).map(once).collect();
        over.store(true, Ordering::Relaxed);
        results
    })
}

#[test]
fn a_file_that_is_written_continuously_is_read_whole_in_the_end() {
    let world = World::new(&[""]);
    let path = world.path("a.yaml");
    let texts = ["a".repeat(3 << 20), "b".repeat(2 << 20)];
    fs::write(&path, &texts[0]).unwrap();
    let results = read_while(&path, 8, |round| {
        fs::write(&path, &texts[round % 2]).unwrap();
    });
    // On a busy machine, the writer may pause for longer than the settle time. Then only the start of the new text
    // is read. Old and new text are never mixed, and a later read gets the whole new text.
    for result in results {
        let is_prefix = texts.iter().any(|text| text.starts_with(&result));
        assert!(is_prefix || result == "the file kept changing while it was read", "{} bytes", result.len());
    }
    assert!(texts.contains(&read(&path, &ReadLimits::default()).unwrap().text.to_string()));
}

#[test]
fn a_file_that_is_replaced_continuously_is_read_whole_every_time() {
    let world = World::new(&[""]);
    let path = world.path("a.yaml");
    let texts = ["a".repeat(1 << 16), "b".repeat(1 << 16)];
    rename_save(&path, &texts[0]);
    let results = read_while(&path, 20, |round| rename_save(&path, &texts[round % 2]));
    assert!(results.iter().all(|result| texts.contains(result)));
}

#[test]
fn a_file_that_is_removed_is_read_whole_or_reported() {
    let world = World::new(&[""]);
    let path = world.path("a.yaml");
    let results = read_while(&path, 20, |_| {
        rename_save(&path, "whole");
        fs::remove_file(&path).unwrap();
    });
    for result in results {
        assert!(["whole", "no such file or directory"].contains(&&*result), "{result}");
    }
}
