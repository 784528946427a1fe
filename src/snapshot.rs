//! Everything that the daemon serves, as one immutable value.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use crate::finding::Finding;
use crate::model::summary::Summary;
use crate::span::Position;

/// What is served from one moment to the next change.
#[derive(Debug)]
pub struct Snapshot {
    /// The files, by path.
    pub files: Vec<Arc<FileReport>>,
    /// When this snapshot was made.
    pub made_at: Timestamp,
    /// Paths of the command line that don't exist yet.
    pub missing: Vec<PathBuf>,
}

/// A file's health, and the project that is served from it.
#[derive(Debug)]
pub struct FileReport {
    /// The file.
    pub path: PathBuf,
    /// Whether its present content is what is served.
    pub up: bool,
    /// What is wrong with its present content, each with its place.
    pub findings: Vec<(Finding, Option<Position>)>,
    /// The project, from the last good content.
    pub project: Option<Arc<Summary>>,
    /// When the content that is served was loaded.
    pub loaded_at: Option<Timestamp>,
}
