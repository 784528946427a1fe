//! Everything that the daemon serves, as one immutable value, and the step from one to the next.

pub mod shard;
pub mod store;

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use crate::finding::{Finding, Severity};
use crate::metrics::exposition::Exposition;
use crate::schedule::summary::Summary;
use crate::snapshot::shard::Shard;
use crate::span::Position;

/// What is served from one moment to the next change.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// The files that this shard tells of or has a project from, by path.
    pub files: Vec<Arc<FileReport>>,
    /// Paths of the command line that don't exist, or don't exist yet.
    pub missing: Vec<PathBuf>,
    /// Which projects these are.
    pub shard: Shard,
    /// The readiness metrics, ready to be written.
    pub exposition: Exposition,
}

/// A file's health, and the project that is served from it.
#[derive(Debug, Clone)]
pub struct FileReport {
    /// The file.
    pub path: PathBuf,
    /// Whether its present content is what is served.
    pub up: bool,
    /// What is wrong with its present content, each with its place.
    pub findings: Arc<[(Finding, Option<Position>)]>,
    /// The project, from the last good content, where this shard serves it.
    pub project: Option<Arc<Summary>>,
    /// When the content that is served was loaded.
    pub loaded_at: Option<Timestamp>,
}

impl FileReport {
    /// The first error, with its file and place: `castiel.yaml:3:9: unknown key ...`.
    #[must_use]
    pub fn first_error(&self) -> String {
        let first = self.findings.iter().find(|(finding, _)| finding.severity() == Severity::Error);
        let path = self.path.display();
        match first {
            Some((finding, Some(at))) => format!("{path}:{}:{}: {}", at.line, at.column, finding.message),
            Some((finding, None)) => format!("{path}: {}", finding.message),
            None => path.to_string(),
        }
    }
}
