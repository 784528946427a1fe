//! Readiness files on disk: scanning, reading and watching.
//!
//! Reading does not wait for a writer: sockets and devices are refused, pipes are read only if a command
//! names them ([`input`]), and files that grow
//! beyond the size limit are cut off. A file that changes during the read is read again or reported,
//! so that a partial file is not loaded. A network file system that hangs still blocks the thread.

pub(crate) mod input;
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

/// The text of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Path of the file, as the user or the scan names it.
    pub path: PathBuf,
    /// Content of the file without a byte order mark.
    pub text: Arc<str>,
    /// Hash of the text, comparable within one process.
    pub hash: u64,
}

impl SourceFile {
    /// Hashes `text`.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, text: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        hasher.write(text.as_bytes());
        Self { path: path.into(), text: text.into(), hash: hasher.finish() }
    }
}

/// Limits on reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// Maximum size of a file in bytes.
    pub file_size: u64,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self { file_size: 16 * 1024 * 1024 }
    }
}

/// The state of a file, from a `stat` that follows links. Equal stamps mean equal content.
///
/// Size and modification time are not enough: they can be equal after a link is replaced, or if an
/// edit restores the time. Inode and change time differ then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    pub(crate) dev: u64,
    pub(crate) ino: u64,
    /// Size of the file in bytes.
    pub(crate) size: u64,
    /// Last change of the content, in nanoseconds since 1970.
    pub(crate) mtime_ns: i128,
    /// Last change of the content or the inode, in nanoseconds since 1970.
    pub(crate) ctime_ns: i128,
}

impl Stamp {
    #[must_use]
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self {
            dev: metadata.dev(),
            ino: metadata.ino(),
            size: metadata.size(),
            mtime_ns: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            ctime_ns: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// Opens a pipe without waiting for its other end. The standard library has no constant for it.
const O_NONBLOCK: i32 = if cfg!(not(target_os = "linux")) {
    0x4
} else if cfg!(any(target_arch = "mips", target_arch = "mips64")) {
    0x80
} else if cfg!(any(target_arch = "sparc", target_arch = "sparc64")) {
    0x4000
} else {
    0x800
};

/// Time after the last write at which a file counts as complete.
///
/// Longer than the granularity of the kernel's timestamps, so that a later write changes them.
const SETTLED: Duration = Duration::from_millis(20);

/// Maximum number of attempts to read a file that is being written.
const ATTEMPTS: u32 = 5;

/// Reads the whole file at `path` as UTF-8 text.
///
/// # Errors
///
/// A finding of the kind `Unreadable`, `TooLarge` or `NotText`. The message of `NotText` has line
/// and column, since there is no text to derive them from.
pub fn read(path: &Path, limits: &ReadLimits) -> Result<SourceFile, Box<Finding>> {
    if path.to_str().is_none() {
        return Err(unreadable(format!("invalid file name `{}`: expected UTF-8", path.display()))
            .help("rename the file")
            .into());
    }
    for _ in 0..ATTEMPTS {
        if let Some(bytes) = read_once(path, limits.file_size)? {
            return decode(path, &bytes).map_err(Box::new);
        }
    }
    Err(unreadable("the file kept changing while it was read".into())
        .help("write to a temporary file and rename it to this name")
        .into())
}

/// The finding for a failure to read `path`.
pub(crate) fn read_failure(path: &Path, error: &io::Error) -> Finding {
    use io::ErrorKind::{NotADirectory, NotFound, PermissionDenied};
    match error.kind() {
        NotFound => match fs::read_link(path) {
            Ok(target) => {
                unreadable(format!("dangling symbolic link to `{}`", target.display())).help("fix or remove the link")
            }
            Err(_) => unreadable("no such file or directory".into()),
        },
        NotADirectory => unreadable("invalid path: a parent is not a directory".into()),
        PermissionDenied => denied(path),
        _ => {
            let text = error.to_string();
            let text = text.split(" (os error").next().unwrap_or_default();
            unreadable(format!("cannot read the file: {}", text.to_lowercase()))
        }
    }
}

fn denied(path: &Path) -> Finding {
    let Ok(metadata) = fs::metadata(path) else {
        return unreadable("permission denied for a parent directory".into())
            .help("run `chmod o+x` on the directory, or run the exporter as a user with access");
    };
    let (noun, mode) = if metadata.is_dir() { ("directory", "o+rx") } else { ("file", "o+r") };
    unreadable(format!(
        "permission denied for a {noun} with mode `{:04o}`, owner {} and group {}",
        metadata.mode() & 0o7777,
        metadata.uid(),
        metadata.gid()
    ))
    .help(format!("run `chmod {mode}` on the {noun}, or run the exporter as a user with access"))
}

/// Returns `None` if the file was written to during the read.
fn read_once(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, Box<Finding>> {
    let fail = |error: io::Error| Box::new(read_failure(path, &error));
    // Opening a device can have side effects, so the type is checked first. It is checked again
    // after opening, since the path may have been replaced in between.
    check(&fs::metadata(path).map_err(fail)?, limit)?;
    let file = OpenOptions::new().read(true).custom_flags(O_NONBLOCK).open(path).map_err(fail)?;
    let opened = file.metadata().map_err(fail)?;
    check(&opened, limit)?;
    let before = content_stamp(&opened);
    if let Some(rest) = remaining_settle_time(&opened) {
        thread::sleep(rest);
        if content_stamp(&file.metadata().map_err(fail)?) != before {
            return Ok(None);
        }
    }
    let bytes = read_bounded(&file, opened.len(), limit).map_err(fail)?;
    if bytes.len() as u64 > limit {
        return Err(too_large(format!("file too large: it grows beyond the limit of {limit} bytes")).into());
    }
    let after = content_stamp(&file.metadata().map_err(fail)?);
    Ok((after == before).then_some(bytes))
}

fn check(metadata: &Metadata, limit: u64) -> Result<(), Box<Finding>> {
    if !metadata.is_file() {
        let kind = metadata.file_type();
        let noun = if kind.is_dir() {
            "a directory"
        } else if kind.is_fifo() {
            "a named pipe"
        } else if kind.is_socket() {
            "a socket"
        } else {
            "a device"
        };
        return Err(unreadable(format!("expected a file, found {noun}")).into());
    }
    if metadata.len() > limit {
        return Err(too_large(format!("file too large: {} bytes, limit {limit}", metadata.len())).into());
    }
    Ok(())
}

/// Changes with each write to an open file. Inode and change time are not included: a file that was
/// replaced by a rename is still complete.
fn content_stamp(metadata: &Metadata) -> (u64, i128) {
    let stamp = Stamp::of(metadata);
    (stamp.size, stamp.mtime_ns)
}

/// Remaining time until the last write is [`SETTLED`] ago. `None` if it has passed.
fn remaining_settle_time(metadata: &Metadata) -> Option<Duration> {
    let age = clock::now().as_nanosecond() - Stamp::of(metadata).mtime_ns;
    // A time in the future is from the clock of another machine, and is ignored.
    let age = Duration::from_nanos(u64::try_from(age).ok()?);
    SETTLED.checked_sub(age).filter(|rest| !rest.is_zero())
}

fn read_bounded(file: &File, size: u64, limit: u64) -> io::Result<Vec<u8>> {
    let max = limit.saturating_add(1);
    let expected = size.saturating_add(1).min(max);
    let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or_default());
    file.take(max).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn decode(path: &Path, bytes: &[u8]) -> Result<SourceFile, Finding> {
    if let Some(encoding) = foreign_encoding(bytes) {
        return Err(not_text(format!("unsupported encoding {encoding}: expected UTF-8"), 0, 1));
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let (text, invalid) = match std::str::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(error) => {
            let (valid, rest) = bytes.split_at(error.valid_up_to());
            (std::str::from_utf8(valid).unwrap_or_default(), rest.first())
        }
    };
    if let Some(nul) = memchr::memchr(0, text.as_bytes()) {
        let Position { line, column } = Position::of(text, nul);
        let message = format!("NUL byte at line {line}, column {column}: expected text");
        return Err(not_text(message, nul, nul + 1));
    }
    if let Some(byte) = invalid {
        let Position { line, column } = Position::of(text, text.len());
        let message = format!("byte 0x{byte:02X} at line {line}, column {column} is not UTF-8");
        return Err(not_text(message, text.len(), text.len() + 1));
    }
    Ok(SourceFile::new(path, text))
}

/// The encoding that the first bytes indicate, if it is not UTF-8.
fn foreign_encoding(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => Some("UTF-32"),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Some("UTF-16"),
        // YAML starts with an ASCII character, which UTF-16 encodes with a zero byte.
        [0, 1..=0x7F, 0, 1..=0x7F, ..] | [1..=0x7F, 0, 1..=0x7F, 0, ..] => Some("UTF-16 without a byte order mark"),
        _ => None,
    }
}

fn unreadable(message: String) -> Finding {
    Finding::new(Kind::Unreadable, NodePath::root(), message)
}

fn too_large(message: String) -> Finding {
    Finding::new(Kind::TooLarge, NodePath::root(), message)
        .help("split the file into one per project, or increase `--limits.file-size`")
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
    fn only_the_byte_order_mark_is_removed() {
        let file = decode(Path::new("a.yaml"), b"\xEF\xBB\xBFa: \xC3\xA9\r\n").unwrap();
        assert_eq!(&*file.text, "a: é\r\n");
        assert_eq!(file, SourceFile::new("a.yaml", "a: é\r\n"));
        assert_ne!(file.hash, SourceFile::new("a.yaml", "a: é\n").hash);
        assert_eq!(&*decode(Path::new("a.yaml"), b"").unwrap().text, "");
    }

    #[test]
    fn text_that_is_not_utf8_is_reported_with_its_position() {
        insta::assert_snapshot!(message(b"a: 1\nb: \xC3\xA9\xE9\n"), @"byte 0xE9 at line 2, column 5 is not UTF-8");
        insta::assert_snapshot!(message(b"a: \xC3"), @"byte 0xC3 at line 1, column 4 is not UTF-8");
        insta::assert_snapshot!(message(b"a: 1\nb\0\xFF"), @"NUL byte at line 2, column 2: expected text");
        insta::assert_snapshot!(message(b"\xFF\xFEa\0"), @"unsupported encoding UTF-16: expected UTF-8");
        insta::assert_snapshot!(message(b"\xFE\xFF\0a"), @"unsupported encoding UTF-16: expected UTF-8");
        insta::assert_snapshot!(message(b"\xFF\xFE\0\0a\0\0\0"), @"unsupported encoding UTF-32: expected UTF-8");
        insta::assert_snapshot!(message(b"a\0:\0"), @"unsupported encoding UTF-16 without a byte order mark: expected UTF-8");
    }

    #[test]
    fn positions_do_not_count_the_byte_order_mark() {
        let finding = decode(Path::new("a.yaml"), b"\xEF\xBB\xBFab\xFF").unwrap_err();
        assert_eq!(finding.span, Some(Span { start: 2, end: 3 }));
    }

    #[test]
    fn a_file_of_the_maximum_size_is_read_and_a_larger_one_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.yaml");
        fs::write(&path, "12345").unwrap();
        assert!(read(&path, &ReadLimits { file_size: 5 }).is_ok());
        let finding = read(&path, &ReadLimits { file_size: 4 }).unwrap_err();
        assert_eq!(finding.kind, Kind::TooLarge);
        insta::assert_snapshot!(finding.message, @"file too large: 5 bytes, limit 4");
    }

    #[test]
    fn a_file_that_grows_is_cut_off_after_the_limit() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.yaml");
        fs::write(&path, "1234567890").unwrap();
        let file = File::open(&path).unwrap();
        let bytes = read_bounded(&file, 2, 4).unwrap();
        assert_eq!(bytes, b"12345");
    }
}
