//! The state of each file, and which file serves a project.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use crate::finding::{Finding, Severity};
use crate::metrics::file_health::{FailureReason, FileHealth};
use crate::schedule::summary::Summary;
use crate::snapshot::FileReport;
use crate::source::Stamp;
use crate::span::Position;

/// A file at its last load.
#[derive(Debug, Default)]
pub(super) struct FileState {
    pub(super) stamp: Option<Stamp>,
    pub(super) hash: Option<u64>,
    /// The day in the project's time zone for which it was loaded.
    pub(super) day: Option<Range<Timestamp>>,
    pub(super) findings: Arc<[(Finding, Option<Position>)]>,
    /// Why the current content is not served; `None` if it is.
    pub(super) failure: Option<FailureReason>,
    /// The project that the current content names.
    pub(super) named_project: Option<Box<str>>,
    /// The project that it names while another file serves it.
    pub(super) waiting_for: Option<Box<str>>,
    pub(super) reloads: usize,
    failures: [usize; FailureReason::ALL.len()],
    pub(super) last_good: Option<LastGood>,
    pub(super) report: Option<Arc<FileReport>>,
}

/// The last good content of a file.
#[derive(Debug)]
pub(super) struct LastGood {
    pub(super) id: Box<str>,
    /// `None` if another shard serves the project.
    pub(super) summary: Option<Arc<Summary>>,
    pub(super) loaded_at: Timestamp,
}

impl FileState {
    pub(super) fn fail(&mut self, reason: FailureReason, findings: Vec<(Finding, Option<Position>)>) {
        self.failure = Some(reason);
        self.findings = findings.into();
        self.failures[reason as usize] += 1;
    }

    /// Whether this shard serves a project from the file.
    pub(super) fn serves_project(&self) -> bool {
        self.last_good.as_ref().is_some_and(|content| content.summary.is_some())
    }

    pub(super) fn report(&self, path: &Path) -> FileReport {
        FileReport {
            path: path.to_owned(),
            up: self.failure.is_none(),
            findings: Arc::clone(&self.findings),
            project: self.last_good.as_ref().and_then(|content| content.summary.clone()),
            loaded_at: self.last_good.as_ref().map(|content| content.loaded_at),
        }
    }

    pub(super) fn health(&self) -> FileHealth {
        let with = |severity| self.findings.iter().filter(|(finding, _)| finding.severity() == severity).count();
        FileHealth {
            project: self.last_good.as_ref().map(|content| content.id.clone()),
            up: self.failure.is_none(),
            loaded_at: self.last_good.as_ref().map(|content| content.loaded_at),
            errors: with(Severity::Error),
            warnings: with(Severity::Warning),
            reloads: self.reloads,
            failures: self.failures,
        }
    }
}

/// The file that serves each project: the first one that named it.
#[derive(Debug, Default)]
pub(super) struct Owners(BTreeMap<Box<str>, PathBuf>);

impl Owners {
    pub(super) fn has(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }

    /// The owner of the project, from now on `path` if it has none.
    pub(super) fn claim(&mut self, id: &str, path: &Path) -> &Path {
        self.0.entry(id.into()).or_insert_with(|| path.to_owned())
    }

    /// Frees the project if `path` owns it.
    pub(super) fn release(&mut self, id: &str, path: &Path) {
        if self.0.get(id).is_some_and(|owner| owner == path) {
            self.0.remove(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_belongs_to_the_first_file_until_that_releases_it() {
        let (mut owners, first, second) = (Owners::default(), Path::new("1.yaml"), Path::new("2.yaml"));
        assert!(!owners.has("shop"));
        assert_eq!(owners.claim("shop", first), first);
        assert_eq!(owners.claim("shop", second), first);
        owners.release("shop", second);
        assert!(owners.has("shop"));
        owners.release("shop", first);
        assert!(!owners.has("shop"));
        assert_eq!(owners.claim("shop", second), second);
    }
}
