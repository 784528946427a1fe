//! The health of a file, and its samples.

use std::path::Path;

use jiff::Timestamp;

use crate::metrics::text::{Fragment, FragmentBuilder, count, seconds};
use crate::metrics::{label, series};

/// Why the current content of a file is not served: the closed list of values of the label `reason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailureReason {
    /// The file can't be read or doesn't exist.
    Unreadable,
    /// The content of the file has errors.
    Invalid,
    /// Another file serves the same project.
    DuplicateProject,
}

impl FailureReason {
    /// All reasons, in the order of the documentation and of [`FileHealth::failures`].
    pub(crate) const ALL: [Self; 3] = [Self::Unreadable, Self::Invalid, Self::DuplicateProject];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Invalid => "invalid",
            Self::DuplicateProject => "duplicate_project",
        }
    }
}

/// The health of a file.
#[derive(Debug, Clone)]
pub(crate) struct FileHealth {
    /// Id of the project that is served from the file.
    pub(crate) project: Option<Box<str>>,
    /// Whether the current content of the file is served.
    pub(crate) up: bool,
    /// Time of the load of the content that is served.
    pub(crate) loaded_at: Option<Timestamp>,
    /// Number of errors in the current content.
    pub(crate) errors: usize,
    /// Number of warnings about the current content.
    pub(crate) warnings: usize,
    /// Number of loads of new content.
    pub(crate) reloads: usize,
    /// Loads whose content was not served, by reason.
    pub(crate) failures: [usize; FailureReason::ALL.len()],
}

impl FileHealth {
    pub(crate) fn samples(&self, path: &Path) -> Fragment {
        let mut out = FragmentBuilder::default();
        let file = path.to_string_lossy();
        let file = label::File(file.as_ref());
        let project = label::Project(self.project.as_deref().unwrap_or_default());
        out.sample(series::FileInfo(file, project), 1.0);
        out.sample(series::FileUp(file), f64::from(self.up));
        if let Some(at) = self.loaded_at {
            out.sample(series::FileLastLoad(file), seconds(at));
        }
        out.sample(series::FileErrors(file), count(self.errors));
        out.sample(series::FileWarnings(file), count(self.warnings));
        out.sample(series::FileReloadsTotal(file), count(self.reloads));
        for (reason, failures) in FailureReason::ALL.iter().zip(self.failures) {
            out.sample(series::FileReloadFailuresTotal(file, label::Reason(reason.name())), count(failures));
        }
        out.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(health: &FileHealth, path: &str) -> String {
        let text = health.samples(Path::new(path)).exposition();
        let samples: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        samples.join("\n")
    }

    #[test]
    fn every_value_is_its_own() {
        let health = FileHealth {
            project: Some("shop".into()),
            up: true,
            loaded_at: Some(Timestamp::from_second(1_769_472_000).unwrap()),
            errors: 2,
            warnings: 3,
            reloads: 20,
            failures: [5, 6, 7],
        };
        insta::assert_snapshot!(samples(&health, "plans/shop.yaml"), @r#"
        readiness_file_errors{file="plans/shop.yaml"} 2
        readiness_file_info{file="plans/shop.yaml",project="shop"} 1
        readiness_file_last_load_timestamp_seconds{file="plans/shop.yaml"} 1769472000
        readiness_file_reload_failures_total{file="plans/shop.yaml",reason="unreadable"} 5
        readiness_file_reload_failures_total{file="plans/shop.yaml",reason="invalid"} 6
        readiness_file_reload_failures_total{file="plans/shop.yaml",reason="duplicate_project"} 7
        readiness_file_reloads_total{file="plans/shop.yaml"} 20
        readiness_file_up{file="plans/shop.yaml"} 1
        readiness_file_warnings{file="plans/shop.yaml"} 3
        "#);
    }

    #[test]
    fn a_file_that_was_never_served_has_no_project_and_no_load() {
        let health = FileHealth {
            project: None,
            up: false,
            loaded_at: None,
            errors: 0,
            warnings: 0,
            reloads: 0,
            failures: [0; 3],
        };
        insta::assert_snapshot!(samples(&health, "shop.yaml"), @r#"
        readiness_file_errors{file="shop.yaml"} 0
        readiness_file_info{file="shop.yaml"} 1
        readiness_file_reload_failures_total{file="shop.yaml",reason="unreadable"} 0
        readiness_file_reload_failures_total{file="shop.yaml",reason="invalid"} 0
        readiness_file_reload_failures_total{file="shop.yaml",reason="duplicate_project"} 0
        readiness_file_reloads_total{file="shop.yaml"} 0
        readiness_file_up{file="shop.yaml"} 0
        readiness_file_warnings{file="shop.yaml"} 0
        "#);
    }
}
