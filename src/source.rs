//! Files as they lie on disk: found, read whole and within bounds, and watched.
//!
//! Reading never waits for a writer: pipes, sockets and devices are refused, growing files are
//! cut off at the limit, and a file that is being written is read again or reported, so that a
//! half-written file isn't taken for a whole one. (A network file system that hangs can still
//! hold up the thread, as it holds up every program.)

pub mod scan;
pub mod watch;

use std::fs::{self, File, Metadata, OpenOptions};
use std::hash::{DefaultHasher, Hasher};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::clock;
use crate::finding::{Finding, Kind, NodePath};
use crate::span::{Position, Span};

/// A file's text, as it was at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Where it was read from, as the user or the directory named it.
    pub path: PathBuf,
    /// The text, without a byte order mark.
    pub text: Arc<str>,
    /// Hash of the text; equal texts have equal hashes within one process.
    pub hash: u64,
}

impl SourceFile {
    /// A file with this text.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, text: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        hasher.write(text.as_bytes());
        Self { path: path.into(), text: text.into(), hash: hasher.finish() }
    }
}

/// How much is read at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// Bytes of one file.
    pub file_size: u64,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self { file_size: 16 * 1024 * 1024 }
    }
}

/// What tells two states of a file apart without reading it, by a `stat` that follows links.
///
/// The size and modification time alone would miss a swap of links and an edit that restores
/// the time; the inode and change time catch both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The device that holds the file.
    pub dev: u64,
    /// The inode on that device.
    pub ino: u64,
    /// Bytes.
    pub size: u64,
    /// Last change of the contents, in nanoseconds since 1970.
    pub mtime_ns: i128,
    /// Last change of the contents or the inode, in nanoseconds since 1970.
    pub ctime_ns: i128,
}

impl Stamp {
    /// The stamp of what `metadata` describes.
    #[must_use]
    pub fn of(metadata: &Metadata) -> Self {
        Self {
            dev: metadata.dev(),
            ino: metadata.ino(),
            size: metadata.size(),
            mtime_ns: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            ctime_ns: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// Opens without waiting for the other end of a pipe. The standard library takes the flag, but
/// doesn't name it.
const O_NONBLOCK: i32 = if cfg!(not(target_os = "linux")) {
    0x4
} else if cfg!(any(target_arch = "mips", target_arch = "mips64")) {
    0x80
} else if cfg!(any(target_arch = "sparc", target_arch = "sparc64")) {
    0x4000
} else {
    0x800
};

/// A file that nobody wrote to for this long is taken for whole.
///
/// Longer than the kernel's timestamps are coarse, so that a write after it shows.
const SETTLED: Duration = Duration::from_millis(20);

/// How often a file that changes under the reader is tried.
const TRIES: u32 = 5;

/// Reads the file at `path`, whole, as UTF-8 text.
///
/// # Errors
///
/// A finding of the kind `Unreadable`, `TooLarge` or `NotText`; the message of the latter names
/// line and column, since there is no text to look them up in.
pub fn read(path: &Path, limits: &ReadLimits) -> Result<SourceFile, Box<Finding>> {
    if path.to_str().is_none() {
        return Err(unreadable(format!("the file's name isn't UTF-8: `{}`", path.display()))
            .help("rename the file")
            .into());
    }
    for _ in 0..TRIES {
        if let Some(bytes) = read_once(path, limits.file_size)? {
            return decode(path, &bytes).map_err(Box::new);
        }
    }
    Err(unreadable("the file keeps changing while it is read".into())
        .help("write to a temporary file, then rename it to this name")
        .into())
}

/// What kept `path` from being read, in words.
pub(crate) fn failure(path: &Path, error: &io::Error) -> Finding {
    use io::ErrorKind::{NotADirectory, NotFound, PermissionDenied};
    match error.kind() {
        NotFound => match fs::read_link(path) {
            Ok(target) => unreadable(format!("the link to `{}` leads nowhere", target.display()))
                .help("mend the link, or remove it"),
            Err(_) => unreadable("the file doesn't exist".into()),
        },
        NotADirectory => unreadable("a part of the path is a file, where a directory belongs".into()),
        PermissionDenied => denied(path),
        _ => {
            let text = error.to_string();
            let text = text.split(" (os error").next().unwrap_or_default();
            unreadable(format!("the file can't be read: {}", text.to_lowercase()))
        }
    }
}

fn denied(path: &Path) -> Finding {
    let Ok(metadata) = fs::metadata(path) else {
        return unreadable("no permission to enter a directory of the path".into())
            .help("`chmod o+x` that directory, or run the exporter as a user who may enter it");
    };
    let (what, mode) = if metadata.is_dir() { ("directory", "o+rx") } else { ("file", "o+r") };
    unreadable(format!(
        "no permission to read the {what}: mode `{:04o}`, owner uid {}, group gid {}",
        metadata.mode() & 0o7777,
        metadata.uid(),
        metadata.gid()
    ))
    .help(format!("`chmod {mode}` the {what}, or run the exporter as a user who may read it"))
}

/// One try: `None` when somebody wrote to the file meanwhile.
fn read_once(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, Box<Finding>> {
    let fail = |error: io::Error| Box::new(failure(path, &error));
    // Opening a device can have effects of its own, so it is looked at first, and once more
    // after opening, when the name can't be given to something else any longer.
    check(&fs::metadata(path).map_err(fail)?, limit)?;
    let file = OpenOptions::new().read(true).custom_flags(O_NONBLOCK).open(path).map_err(fail)?;
    let opened = file.metadata().map_err(fail)?;
    check(&opened, limit)?;
    let before = contents(&opened);
    if let Some(rest) = time_to_settle(&opened) {
        thread::sleep(rest);
        if contents(&file.metadata().map_err(fail)?) != before {
            return Ok(None);
        }
    }
    let bytes = read_bounded(&file, opened.len(), limit).map_err(fail)?;
    if bytes.len() as u64 > limit {
        return Err(too_large(format!("the file grows beyond {limit} bytes")).into());
    }
    let after = contents(&file.metadata().map_err(fail)?);
    Ok((after == before).then_some(bytes))
}

fn check(metadata: &Metadata, limit: u64) -> Result<(), Box<Finding>> {
    if !metadata.is_file() {
        let kind = metadata.file_type();
        let what = if kind.is_dir() {
            "a directory"
        } else if kind.is_fifo() {
            "a named pipe"
        } else if kind.is_socket() {
            "a socket"
        } else {
            "a device"
        };
        return Err(unreadable(format!("this is {what}, not a file")).into());
    }
    if metadata.len() > limit {
        return Err(too_large(format!("the file has {} bytes, of at most {limit}", metadata.len())).into());
    }
    Ok(())
}

/// What changes whenever somebody writes to an open file. Neither the inode nor its change time
/// belongs here: a file that was replaced by a rename is still whole.
fn contents(metadata: &Metadata) -> (u64, i128) {
    let stamp = Stamp::of(metadata);
    (stamp.size, stamp.mtime_ns)
}

/// How long to wait until the last write lies [`SETTLED`] back, unless it does already.
fn time_to_settle(metadata: &Metadata) -> Option<Duration> {
    let age = clock::now().as_nanosecond() - Stamp::of(metadata).mtime_ns;
    // A time in the future is the clock of another machine, which says nothing here.
    let age = Duration::from_nanos(u64::try_from(age).ok()?);
    SETTLED.checked_sub(age).filter(|rest| !rest.is_zero())
}

fn read_bounded(file: &File, size: u64, limit: u64) -> io::Result<Vec<u8>> {
    let most = limit.saturating_add(1);
    let expected = size.saturating_add(1).min(most);
    let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or_default());
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn decode(path: &Path, bytes: &[u8]) -> Result<SourceFile, Finding> {
    if let Some(encoding) = foreign_encoding(bytes) {
        return Err(not_text(format!("the file is {encoding}"), 0, 1));
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let (text, bad) = match std::str::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(error) => {
            let (valid, rest) = bytes.split_at(error.valid_up_to());
            (std::str::from_utf8(valid).unwrap_or_default(), rest.first())
        }
    };
    if let Some(nul) = memchr::memchr(0, text.as_bytes()) {
        let Position { line, column } = Position::of(text, nul);
        let message = format!("a NUL byte at line {line}, column {column}: this isn't text");
        return Err(not_text(message, nul, nul + 1));
    }
    if let Some(byte) = bad {
        let Position { line, column } = Position::of(text, text.len());
        let message = format!("the byte 0x{byte:02X} at line {line}, column {column} isn't UTF-8");
        return Err(not_text(message, text.len(), text.len() + 1));
    }
    Ok(SourceFile::new(path, text))
}

/// The name of an encoding that shows in the first bytes and isn't UTF-8.
fn foreign_encoding(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => Some("UTF-32"),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Some("UTF-16"),
        // Without a mark, YAML's first character is one of ASCII, next to a zero byte.
        [0, 1..=0x7F, 0, 1..=0x7F, ..] | [1..=0x7F, 0, 1..=0x7F, 0, ..] => Some("UTF-16 without a byte order mark"),
        _ => None,
    }
}

fn unreadable(message: String) -> Finding {
    Finding::new(Kind::Unreadable, NodePath::root(), message)
}

fn too_large(message: String) -> Finding {
    Finding::new(Kind::TooLarge, NodePath::root(), message)
        .help("split it into one file per project, or raise `--limits.file-size`")
}

fn not_text(message: String, start: usize, end: usize) -> Finding {
    Finding::new(Kind::NotText, NodePath::root(), message).help("save the file as UTF-8").span(Span { start, end })
}

fn nanoseconds(seconds: i64, nanoseconds: i64) -> i128 {
    i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(bytes: &[u8]) -> String {
        let finding = decode(Path::new("a.yaml"), bytes).unwrap_err();
        assert_eq!(finding.kind, Kind::NotText);
        assert_eq!(finding.help.as_deref(), Some("save the file as UTF-8"));
        finding.message
    }

    #[test]
    fn text_loses_its_byte_order_mark_and_nothing_else() {
        let file = decode(Path::new("a.yaml"), b"\xEF\xBB\xBFa: \xC3\xA9\r\n").unwrap();
        assert_eq!(&*file.text, "a: é\r\n");
        assert_eq!(file, SourceFile::new("a.yaml", "a: é\r\n"));
        assert_ne!(file.hash, SourceFile::new("a.yaml", "a: é\n").hash);
        assert_eq!(&*decode(Path::new("a.yaml"), b"").unwrap().text, "");
    }

    #[test]
    fn what_is_not_utf8_is_named_with_its_place() {
        insta::assert_snapshot!(message(b"a: 1\nb: \xC3\xA9\xE9\n"), @"the byte 0xE9 at line 2, column 5 isn't UTF-8");
        insta::assert_snapshot!(message(b"a: \xC3"), @"the byte 0xC3 at line 1, column 4 isn't UTF-8");
        insta::assert_snapshot!(message(b"a: 1\nb\0\xFF"), @"a NUL byte at line 2, column 2: this isn't text");
        insta::assert_snapshot!(message(b"\xFF\xFEa\0"), @"the file is UTF-16");
        insta::assert_snapshot!(message(b"\xFE\xFF\0a"), @"the file is UTF-16");
        insta::assert_snapshot!(message(b"\xFF\xFE\0\0a\0\0\0"), @"the file is UTF-32");
        insta::assert_snapshot!(message(b"a\0:\0"), @"the file is UTF-16 without a byte order mark");
    }

    #[test]
    fn the_place_counts_from_after_the_byte_order_mark() {
        let finding = decode(Path::new("a.yaml"), b"\xEF\xBB\xBFab\xFF").unwrap_err();
        assert_eq!(finding.span, Some(Span { start: 2, end: 3 }));
    }

    #[test]
    fn a_file_of_the_limit_is_read_and_one_byte_more_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.yaml");
        fs::write(&path, "12345").unwrap();
        assert!(read(&path, &ReadLimits { file_size: 5 }).is_ok());
        let finding = read(&path, &ReadLimits { file_size: 4 }).unwrap_err();
        assert_eq!(finding.kind, Kind::TooLarge);
        insta::assert_snapshot!(finding.message, @"the file has 5 bytes, of at most 4");
    }

    #[test]
    fn a_file_that_grew_is_cut_off_after_the_limit() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.yaml");
        fs::write(&path, "1234567890").unwrap();
        let file = File::open(&path).unwrap();
        let bytes = read_bounded(&file, 2, 4).unwrap();
        assert_eq!(bytes, b"12345");
    }
}
