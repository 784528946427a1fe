//! Files on a real file system: found, read and watched while others change them.

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

/// No timer: what these tests see, they were told by the kernel.
const NEVER: Duration = Duration::from_hours(1);
const SOON: Duration = Duration::from_secs(20);

fn finding(path: &Path) -> Finding {
    *read(path, &ReadLimits::default()).expect_err("a finding")
}

/// What a scan finds, and what it reads there: `path: text`, or `path! message`.
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

/// Replaces a file as editors and `git checkout` do.
fn rename_save(path: &Path, text: &str) {
    let temporary = path.with_extension("tmp");
    fs::write(&temporary, text).unwrap();
    fs::rename(temporary, path).unwrap();
}

/// Replaces a link in one step, as kubelet and git-sync do.
fn turn_link(link: &Path, target: &str) {
    let temporary = link.with_file_name("..turning");
    symlink(target, &temporary).unwrap();
    fs::rename(temporary, link).unwrap();
}

/// A directory, and a watcher that follows some paths in it.
struct World {
    directory: TempDir,
    roots: Vec<PathBuf>,
    seen: Scan,
    watcher: Watcher,
}

impl World {
    fn new(roots: &[&str]) -> Self {
        let directory = TempDir::new().unwrap();
        let roots: Vec<_> = roots.iter().map(|root| directory.path().join(root)).collect();
        Self { directory, seen: scan(&roots), roots, watcher: Watcher::new(NEVER) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Looks and watches until the kernel has nothing more to tell of what was done before. Then
    /// looks at what changed have told as much as a whole scan tells.
    async fn settle(&mut self) {
        loop {
            self.watcher.rewatch(&self.seen);
            assert!(self.watcher.is_active());
            match timeout(Duration::from_millis(400), self.watcher.wait()).await {
                Ok(trigger) => self.rescan(&trigger),
                Err(_) => return assert_eq!(self.seen.files, scan(&self.roots).files),
            }
        }
    }

    fn rescan(&mut self, trigger: &Trigger) {
        let Trigger::Changed(changed) = trigger else { panic!("no hint") };
        self.seen.update(&self.roots, changed);
    }

    /// Scans after each hint, until it finds `expected`.
    async fn becomes(&mut self, expected: &[&str]) {
        loop {
            let woken = timeout(SOON, self.watcher.wait()).await;
            let found = listing(&self.roots, self.directory.path());
            self.rescan(&woken.unwrap_or_else(|_| panic!("no hint, though there is {found:?}")));
            self.watcher.rewatch(&self.seen);
            if found == expected {
                return self.settle().await;
            }
        }
    }
}

#[tokio::test]
async fn a_file_is_seen_written_replaced_deleted_and_created() {
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
async fn a_config_map_is_followed_through_every_swap() {
    let mut world = World::new(&["mount"]);
    world.write("mount/..1/a.yaml", "1");
    symlink("..1", world.path("mount/..data")).unwrap();
    symlink("..data/a.yaml", world.path("mount/a.yaml")).unwrap();
    world.settle().await;
    for version in 2..5 {
        let before = scan(&world.roots).files;
        world.write(&format!("mount/..{version}/a.yaml"), &version.to_string());
        turn_link(&world.path("mount/..data"), &format!("..{version}"));
        fs::remove_dir_all(world.path(&format!("mount/..{}", version - 1))).unwrap();
        world.becomes(&[&format!("mount/a.yaml: {version}")]).await;
        assert_ne!(scan(&world.roots).files, before, "the stamp tells the swap");
    }
}

#[tokio::test]
async fn one_file_of_a_config_map_is_followed_through_every_swap() {
    let mut world = World::new(&["mount/a.yaml"]);
    world.write("mount/..1/a.yaml", "1");
    symlink("..1", world.path("mount/..data")).unwrap();
    symlink("..data/a.yaml", world.path("mount/a.yaml")).unwrap();
    world.settle().await;
    for version in 2..4 {
        world.write(&format!("mount/..{version}/a.yaml"), &version.to_string());
        turn_link(&world.path("mount/..data"), &format!("..{version}"));
        world.becomes(&[&format!("mount/a.yaml: {version}")]).await;
    }
}

#[tokio::test]
async fn a_link_above_the_root_may_be_turned_as_git_sync_does() {
    let mut world = World::new(&["git/current/plans"]);
    world.write("git/1/plans/a.yaml", "1");
    symlink("1", world.path("git/current")).unwrap();
    world.settle().await;
    for version in 2..4 {
        world.write(&format!("git/{version}/plans/a.yaml"), &version.to_string());
        turn_link(&world.path("git/current"), &version.to_string());
        world.becomes(&[&format!("git/current/plans/a.yaml: {version}")]).await;
    }
}

#[tokio::test]
async fn a_write_into_the_target_of_a_link_is_seen() {
    let mut world = World::new(&["plans"]);
    world.write("elsewhere/real.yaml", "1");
    fs::create_dir(world.path("plans")).unwrap();
    symlink("../elsewhere/real.yaml", world.path("plans/a.yaml")).unwrap();
    world.settle().await;
    world.write("elsewhere/real.yaml", "2");
    world.becomes(&["plans/a.yaml: 2"]).await;
}

#[tokio::test]
async fn directories_are_seen_to_appear_move_and_go() {
    let mut world = World::new(&["plans"]);
    fs::create_dir(world.path("plans")).unwrap();
    world.settle().await;
    world.write("plans/x/y/a.yaml", "1");
    world.becomes(&["plans/x/y/a.yaml: 1"]).await;
    fs::rename(world.path("plans/x"), world.path("plans/z")).unwrap();
    world.becomes(&["plans/z/y/a.yaml: 1"]).await;
    world.write("plans/z/y/a.yaml", "2");
    world.becomes(&["plans/z/y/a.yaml: 2"]).await;
    // Away and back: the same name and inode, but the watch is gone.
    fs::rename(world.path("plans/z"), world.path("plans/x")).unwrap();
    fs::rename(world.path("plans/x"), world.path("plans/z")).unwrap();
    world.settle().await;
    world.write("plans/z/y/a.yaml", "3");
    world.becomes(&["plans/z/y/a.yaml: 3"]).await;
    fs::remove_dir_all(world.path("plans/z")).unwrap();
    world.becomes(&[]).await;
}

#[tokio::test]
async fn a_root_may_be_missing_go_and_come_back() {
    let mut world = World::new(&["later/plans"]);
    world.settle().await;
    assert_eq!(listing(&world.roots, world.directory.path()), ["later/plans?"]);
    for text in ["1", "2"] {
        world.write("later/plans/a.yaml", text);
        world.becomes(&[&format!("later/plans/a.yaml: {text}")]).await;
        fs::remove_dir_all(world.path("later/plans")).unwrap();
        world.becomes(&["later/plans?"]).await;
    }
    // At once, so that the new directory may get the inode of the old one.
    world.write("later/plans/a.yaml", "4");
    world.becomes(&["later/plans/a.yaml: 4"]).await;
    fs::remove_dir_all(world.path("later/plans")).unwrap();
    world.write("later/plans/a.yaml", "5");
    world.becomes(&["later/plans/a.yaml: 5"]).await;
    world.write("later/plans/a.yaml", "6");
    world.becomes(&["later/plans/a.yaml: 6"]).await;
}

#[tokio::test]
async fn reading_and_scanning_wake_nobody() {
    let mut world = World::new(&["plans"]);
    world.write("plans/a.yaml", "1");
    world.settle().await;
    assert_eq!(listing(&world.roots, world.directory.path()), ["plans/a.yaml: 1"]);
    let woken = timeout(Duration::from_millis(400), world.watcher.wait()).await;
    assert!(woken.is_err(), "{woken:?}");
}

#[tokio::test]
async fn without_hints_the_timer_wakes() {
    let mut watcher = Watcher::new(Duration::from_millis(10));
    assert_eq!(timeout(SOON, watcher.wait()).await, Ok(Trigger::Poll));
    assert_eq!(timeout(SOON, watcher.wait()).await, Ok(Trigger::Poll));
}

#[test]
fn what_is_no_file_is_found_and_refused_at_once() {
    let world = World::new(&[""]);
    let made = Command::new("mkfifo").arg(world.path("pipe.yaml")).status().unwrap();
    assert!(made.success());
    let _socket = UnixListener::bind(world.path("socket.yaml")).unwrap();
    symlink("/dev/zero", world.path("zero.yaml")).unwrap();
    assert_eq!(
        listing(&world.roots, world.directory.path()),
        [
            "pipe.yaml! this is a named pipe, not a file",
            "socket.yaml! this is a socket, not a file",
            "zero.yaml! this is a device, not a file",
        ]
    );
    assert_eq!(finding(&world.path("")).message, "this is a directory, not a file");
}

#[test]
fn what_cannot_be_reached_is_told_in_words() {
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
            "lost.yaml! the link to `nowhere` leads nowhere",
            "one.yaml! the file can't be read: too many levels of symbolic links",
            "two.yaml! the file can't be read: too many levels of symbolic links",
        ]
    );
    let missing = finding(&world.path("missing.yaml"));
    assert_eq!(missing.kind, Kind::Unreadable);
    assert_eq!(missing.message, "the file doesn't exist");
    let inside = world.path("file.yaml/x");
    let message = "a part of the path is a file, where a directory belongs";
    assert_eq!(finding(&inside).message, message);
    assert_eq!(listing(std::slice::from_ref(&inside), &inside), [format!("! {message}")]);
}

#[test]
fn a_name_that_is_not_utf8_is_told() {
    use std::os::unix::ffi::OsStrExt;
    let world = World::new(&[""]);
    let path = world.path("").join(std::ffi::OsStr::from_bytes(b"caf\xE9.yaml"));
    fs::write(&path, "1").unwrap();
    let finding = finding(&scan(&world.roots).files[0].path);
    assert_eq!(finding.kind, Kind::Unreadable);
    assert!(finding.message.contains("isn't UTF-8"), "{}", finding.message);
}

#[test]
fn what_may_not_be_read_is_told_with_what_to_do() {
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
        return; // Root reads everything: there is nothing to refuse.
    }
    assert!(lines[0].starts_with("a.yaml! no permission to read the file: mode `0000`"));
    assert!(lines[1].starts_with("closed! no permission to read the directory: mode `0000`"));
    assert_eq!(lines.len(), 2);
    assert!(scanned.hides(&world.path("closed/b.yaml")));
}

#[test]
fn loops_and_depth_have_an_end() {
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
    assert!(lines[2].ends_with("more than 32 directories inside each other, the rest is left out"));
    assert_eq!(lines.len(), 3);
}

/// Reads a file again and again while `write` works on it, and returns the texts and messages.
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
fn a_file_that_is_always_being_written_ends_up_whole() {
    let world = World::new(&[""]);
    let path = world.path("a.yaml");
    let texts = ["a".repeat(3 << 20), "b".repeat(2 << 20)];
    fs::write(&path, &texts[0]).unwrap();
    let results = read_while(&path, 8, |round| {
        fs::write(&path, &texts[round % 2]).unwrap();
    });
    // A busy machine may stop the writer for longer than a file has to be still, so that a part is
    // taken for the whole; never a mixture, and never for long.
    for result in results {
        let part = texts.iter().any(|text| text.starts_with(&result));
        assert!(part || result == "the file keeps changing while it is read", "{} bytes", result.len());
    }
    assert!(texts.contains(&read(&path, &ReadLimits::default()).unwrap().text.to_string()));
}

#[test]
fn a_file_that_is_always_being_replaced_is_read_every_time() {
    let world = World::new(&[""]);
    let path = world.path("a.yaml");
    let texts = ["a".repeat(1 << 16), "b".repeat(1 << 16)];
    rename_save(&path, &texts[0]);
    let results = read_while(&path, 20, |round| rename_save(&path, &texts[round % 2]));
    assert!(results.iter().all(|result| texts.contains(result)));
}

#[test]
fn a_file_that_goes_away_is_read_whole_or_told() {
    let world = World::new(&[""]);
    let path = world.path("a.yaml");
    let results = read_while(&path, 20, |_| {
        rename_save(&path, "whole");
        fs::remove_file(&path).unwrap();
    });
    for result in results {
        assert!(["whole", "the file doesn't exist"].contains(&&*result), "{result}");
    }
}
