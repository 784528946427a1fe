//! The metrics: their table, their samples, and the exposition of all samples.

pub mod label;
pub mod series;
pub mod gzip;
pub mod body;
pub mod text;
pub(crate) mod file_health;
pub mod collect;
mod bucket;
pub mod exposition;
pub mod self_metrics;
pub mod docs;

use crate::metrics::series::FamilyId;

/// A row of the table of families.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Family {
    /// Index in the table.
    pub id: FamilyId,
    /// Ends with the unit; for a counter, `_total` follows.
    pub name: &'static str,
    /// The `# TYPE`.
    pub kind: MetricType,
    /// The unit of the values.
    pub unit: MetricUnit,
    /// The entity by whose number the number of series grows.
    pub subject: Subject,
    /// Maximum number of series per subject.
    pub max_series: usize,
    /// The names of the labels, in the order of the exposition.
    pub labels: &'static [&'static str],
    /// The `# HELP`: no backslash and no line break, so that it needs no escaping.
    pub help: &'static str,
}

impl Family {
    /// The group of the subject.
    #[must_use]
    pub fn group(&self) -> Group {
        self.subject.group()
    }
}

/// The type of a family, as in the text format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricType {
    /// A value that can go up and down.
    Gauge,
    /// A count that only increases, and starts at 0 with the process.
    Counter,
    /// A distribution of values over buckets.
    Histogram,
}

impl MetricType {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Counter => "counter",
            Self::Histogram => "histogram",
        }
    }
}

/// The unit of the values of a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricUnit {
    /// From 0 to 1.
    Ratio,
    /// Seconds.
    Seconds,
    /// Seconds since 1970-01-01 00:00 UTC.
    TimestampSeconds,
    /// Bytes.
    Bytes,
    /// Percentage points of an area.
    Points,
    /// A number of things.
    Count,
    /// A number without a unit.
    Number,
    /// 1 for true, 0 for false.
    Boolean,
    /// Always 1: the information is in the labels.
    Info,
}

impl MetricUnit {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ratio => "ratio",
            Self::Seconds => "seconds",
            Self::TimestampSeconds => "timestamp",
            Self::Bytes => "bytes",
            Self::Points => "points",
            Self::Count => "count",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Info => "info",
        }
    }

    #[cfg(test)]
    fn suffix(self) -> &'static str {
        match self {
            Self::Ratio => "_ratio",
            Self::Seconds => "_seconds",
            Self::TimestampSeconds => "_timestamp_seconds",
            Self::Bytes => "_bytes",
            Self::Points => "_points",
            Self::Info => "_info",
            Self::Count | Self::Number | Self::Boolean => "",
        }
    }
}

macro_rules! subjects {
    ($($subject:ident $name:literal in $group:ident;)*) => {
        /// The entity that one series is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Subject { $(#[doc = concat!("One ", $name, ".")] $subject,)* }

        impl Subject {
            /// Every subject, in the order of the documentation.
            pub(crate) const ALL: &[Self] = &[$(Self::$subject,)*];

            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$subject => $name,)* }
            }

            pub(crate) fn group(self) -> Group {
                match self { $(Self::$subject => Group::$group,)* }
            }
        }
    };
}

subjects! {
    Project "project" in Project;
    Dependency "dependency" in Project;
    Link "link" in Project;
    PlannedItem "workstream, task or milestone" in Project;
    OwnedItem "area, workstream or milestone" in Project;
    PathItem "item of the listed critical path" in Project;
    OpenItem "open workstream, milestone or estimated task" in Project;
    Phase "phase" in Project;
    Action "action" in Project;
    Note "note" in Project;
    Area "area" in Area;
    Component "component" in Area;
    Feature "feature" in Area;
    Workstream "workstream" in Workstream;
    Task "task" in Task;
    Milestone "milestone" in Milestone;
    Risk "risk" in Risk;
    RiskItem "item that a risk affects" in Risk;
    File "file" in File;
    Exporter "exporter" in Exporter;
}

/// Families that are documented together, and dropped together above the limit on series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// The project as a whole.
    Project,
    /// Areas.
    Area,
    /// Workstreams.
    Workstream,
    /// Tasks: by far the most series.
    Task,
    /// Milestones.
    Milestone,
    /// Risks.
    Risk,
    /// The health of the files.
    File,
    /// The exporter itself.
    Exporter,
}

impl Group {
    /// Every group, in the order of the documentation.
    pub(crate) const ALL: [Self; 8] = [
        Self::Project,
        Self::Area,
        Self::Workstream,
        Self::Task,
        Self::Milestone,
        Self::Risk,
        Self::File,
        Self::Exporter,
    ];

    /// The heading in the documentation.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Project => "Projects",
            Self::Area => "Areas",
            Self::Workstream => "Workstreams",
            Self::Task => "Tasks",
            Self::Milestone => "Milestones",
            Self::Risk => "Risks",
            Self::File => "Files",
            Self::Exporter => "The exporter itself",
        }
    }
}
