//! Plans that the command line names. Standard input and pipes are read to their end.
//!
//! Only commands read them: the daemon would block on a pipe, and could not read it a second time.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use crate::finding::Finding;
use crate::source::{ReadLimits, SourceFile, decode, read, read_failure, too_large};

/// The name of standard input in messages.
pub(crate) const STDIN: &str = "<stdin>";

/// Whether `path` is an argument for standard input.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-" || path.as_os_str() == "/dev/stdin"
}

/// Whether `path` is a pipe, such as the `<(…)` of a shell.
pub(crate) fn is_pipe(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_fifo())
}

/// Reads the plan that the argument `path` names: `-` is `stdin`.
///
/// # Errors
///
/// A finding as of [`read`].
pub(crate) fn read_argument(path: &Path, limits: ReadLimits, stdin: &mut dyn Read) -> Result<SourceFile, Box<Finding>> {
    let fail = |error: io::Error| Box::new(read_failure(path, &error));
    if is_stdin(path) {
        read_stream(Path::new(STDIN), limits, stdin)
    } else if is_pipe(path) {
        read_stream(path, limits, &mut File::open(path).map_err(fail)?)
    } else {
        read(path, &limits)
    }
}

fn read_stream(name: &Path, limits: ReadLimits, stream: &mut dyn Read) -> Result<SourceFile, Box<Finding>> {
    let limit = limits.file_size;
    let mut bytes = Vec::new();
    stream.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| read_failure(name, &error))?;
    if bytes.len() as u64 > limit {
        return Err(too_large(format!("input too large: more than {limit} bytes")).into());
    }
    decode(name, &bytes).map_err(Box::new)
}
