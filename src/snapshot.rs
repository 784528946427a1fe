//! Everything that the daemon serves, as one immutable value, and the step from one to the next.

pub mod shard;
mod load;
mod file_state;
mod publish;
pub mod store;

use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use crate::finding::{Finding, Severity};
use crate::metrics::exposition::Exposition;
use crate::schedule::forecast::DRAWS;
use crate::schedule::summary::Summary;
use crate::snapshot::shard::Shard;
use crate::source::ReadLimits;
use crate::span::Position;

/// The content served until the next change.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// The files that this shard reports or serves a project from, by path.
    pub(crate) files: Vec<Arc<FileReport>>,
    /// Paths of the command line that don't exist.
    pub(crate) missing: Vec<PathBuf>,
    pub(crate) shard: Shard,
    /// The metrics of the files.
    pub exposition: Exposition,
}

/// A file's health, and the project that is served from it.
#[derive(Debug, Clone)]
pub struct FileReport {
    pub(crate) path: PathBuf,
    /// Whether the current content is served.
    pub(crate) up: bool,
    /// Findings in the current content, each with its position.
    pub(crate) findings: Arc<[(Finding, Option<Position>)]>,
    /// The project of the last good content, if this shard serves it.
    pub(crate) project: Option<Arc<Summary>>,
    /// Time of the load of the content that is served.
    pub(crate) loaded_at: Option<Timestamp>,
}

impl FileReport {
    /// The first error with its position and the number of other errors,
    /// `castiel.yaml:3:9: unknown key ... (and 2 more errors)`, otherwise the path.
    pub(crate) fn first_error(&self) -> String {
        let mut errors = self.findings.iter().filter(|(finding, _)| finding.severity() == Severity::Error);
        let path = self.path.display();
        let first = match errors.next() {
            Some((finding, Some(at))) => format!("{path}:{}:{}: {}", at.line, at.column, finding.message),
            Some((finding, None)) => format!("{path}: {}", finding.message),
            None => path.to_string(),
        };
        match errors.count() {
            0 => first,
            1 => format!("{first} (and 1 more error)"),
            more => format!("{first} (and {more} more errors)"),
        }
    }
}

/// The options of a store.
#[derive(Debug, Clone, Copy)]
pub struct StoreOptions {
    /// Limits on reading a file.
    pub limits: ReadLimits,
    /// Serve series for single tasks.
    pub tasks: bool,
    /// Maximum number of series; above it, series of tasks are dropped first.
    pub max_series: Option<NonZero<usize>>,
    /// Number of simulation runs of a forecast.
    pub draws: NonZero<u32>,
    /// The shard whose projects are served.
    pub shard: Shard,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { limits: ReadLimits::default(), tasks: true, max_series: None, draws: DRAWS, shard: Shard::default() }
    }
}

#[cfg(test)]
mod tests {
    use crate::finding::{Kind, NodePath};

    use super::*;

    #[test]
    fn the_first_error_is_reported_with_its_position_if_it_has_one() {
        let error = |message: &str| Finding::new(Kind::BadValue, NodePath::root(), message);
        let warning = || Finding::new(Kind::ReviewOverdue, NodePath::root(), "a warning");
        let report = |findings: Vec<(Finding, Option<Position>)>| FileReport {
            path: "plans/a.yaml".into(),
            up: false,
            findings: findings.into(),
            project: None,
            loaded_at: None,
        };
        let at = Some(Position { line: 3, column: 9 });
        let placed = report(vec![(warning(), None), (error("first"), at), (error("second"), None)]);
        assert_eq!(placed.first_error(), "plans/a.yaml:3:9: first (and 1 more error)");
        let three = report(vec![(error("first"), at), (warning(), None), (error("second"), at), (error("third"), at)]);
        assert_eq!(three.first_error(), "plans/a.yaml:3:9: first (and 2 more errors)");
        assert_eq!(report(vec![(error("whole file"), None)]).first_error(), "plans/a.yaml: whole file");
        assert_eq!(report(vec![(warning(), at)]).first_error(), "plans/a.yaml");
    }
}
