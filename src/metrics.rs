//! The families of metrics: the one table of names, types, units, labels and meanings.
//!
//! What is served is written from this table, and so is its documentation.

pub mod gzip;
pub mod body;
pub mod text;
pub mod collect;
mod bucket;
pub mod exposition;
pub mod self_metrics;
pub mod docs;

/// A family of metrics: what all series of one name have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Family {
    /// Where it stands in the table.
    pub id: FamilyId,
    /// Its name, with its unit at the end.
    pub name: &'static str,
    /// What Prometheus calls its type.
    pub kind: Type,
    /// In what its values are measured.
    pub unit: MetricUnit,
    /// What one series of it is about.
    pub subject: Subject,
    /// How many series it has at most for one subject.
    pub most: usize,
    /// Its labels, in the order in which their values are given and written.
    pub labels: &'static [&'static str],
    /// What its values mean: plain text, no backslash and no line break.
    pub help: &'static str,
}

impl Family {
    /// The group it belongs to.
    #[must_use]
    pub fn group(&self) -> Group {
        self.subject.group()
    }
}

/// What Prometheus calls the type of a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// A value that goes up and down.
    Gauge,
    /// A count that only grows, and begins again at 0 with the process.
    Counter,
    /// A distribution of values over buckets.
    Histogram,
}

impl Type {
    /// The word after `# TYPE` and the name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Counter => "counter",
            Self::Histogram => "histogram",
        }
    }
}

/// In what the values of a family are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricUnit {
    /// A share of a whole, from 0 to 1.
    Ratio,
    /// Seconds.
    Seconds,
    /// A moment, in seconds since 1970-01-01 00:00 UTC.
    TimestampSeconds,
    /// Bytes.
    Bytes,
    /// Percentage points of an area.
    Points,
    /// How many.
    Count,
    /// A number without a unit.
    Number,
    /// 1 if it is so, and 0 if not.
    Boolean,
    /// Always 1: the labels are what matters.
    Info,
}

impl MetricUnit {
    /// What the documentation calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
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

    /// How names of families of this unit end; for a counter, `_total` follows.
    #[must_use]
    pub fn suffix(self) -> &'static str {
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
    ($($(#[$doc:meta])* $subject:ident $name:literal in $group:ident;)*) => {
        /// What one series is about: the entity by whose number the number of series grows.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Subject { $($(#[$doc])* $subject,)* }

        impl Subject {
            /// Every subject, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$subject,)*];

            /// What the documentation calls it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$subject => $name,)* }
            }

            /// The group of families about it.
            #[must_use]
            pub fn group(self) -> Group {
                match self { $(Self::$subject => Group::$group,)* }
            }
        }
    };
}

subjects! {
    /// A project.
    Project "project" in Project;
    /// One item waiting for another.
    Dependency "dependency" in Project;
    /// An item of the critical path that the file reports.
    PathItem "item of the critical path" in Project;
    /// A workstream, a milestone or a task with an estimate that isn't finished.
    OpenItem "open workstream, milestone or estimated task" in Project;
    /// A phase of the plan.
    Phase "phase" in Project;
    /// Something to do next.
    Action "action" in Project;
    /// A remark.
    Note "note" in Project;
    /// An area.
    Area "area" in Area;
    /// A component of an area's breakdown.
    Component "component" in Area;
    /// A feature with test coverage.
    Feature "feature" in Area;
    /// A workstream.
    Workstream "workstream" in Workstream;
    /// A task.
    Task "task" in Task;
    /// A milestone.
    Milestone "milestone" in Milestone;
    /// A risk.
    Risk "risk" in Risk;
    /// An item that a risk affects.
    RiskItem "item that a risk affects" in Risk;
    /// A file.
    File "file" in File;
    /// The exporter itself.
    Exporter "exporter" in Exporter;
}

/// Families that are documented together, and left out together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// The project as a whole.
    Project,
    /// Its areas.
    Area,
    /// Their workstreams.
    Workstream,
    /// Their tasks: by far the most series.
    Task,
    /// The milestones.
    Milestone,
    /// What may go wrong.
    Risk,
    /// The health of the files.
    File,
    /// The exporter itself.
    Exporter,
}

impl Group {
    /// Every group, in the order of the documentation.
    pub const ALL: [Self; 8] = [
        Self::Project,
        Self::Area,
        Self::Workstream,
        Self::Task,
        Self::Milestone,
        Self::Risk,
        Self::File,
        Self::Exporter,
    ];

    /// Its heading in the documentation.
    #[must_use]
    pub fn title(self) -> &'static str {
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

macro_rules! families {
    ($($id:ident $name:literal $kind:ident $unit:ident, $subject:ident $most:literal [$($label:ident)*]: $help:literal;)*) => {
        /// Names a family: the only way to one that the compiler checks.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum FamilyId { $(#[doc = $help] $id,)* }

        /// Every family that is served, in the order in which they are: by name.
        pub const FAMILIES: &[Family] = &[$(Family {
            id: FamilyId::$id,
            name: $name,
            kind: Type::$kind,
            unit: MetricUnit::$unit,
            subject: Subject::$subject,
            most: $most,
            labels: &[$(stringify!($label)),*],
            help: $help,
        },)*];
    };
}

impl FamilyId {
    /// The family that it names.
    #[must_use]
    pub fn family(self) -> &'static Family {
        &FAMILIES[self as usize]
    }
}

// Each row: id, name, type, unit, subject, most series per subject, labels, help.
families! {
    ProcessCpuSecondsTotal "process_cpu_seconds_total" Counter Seconds, Exporter 1 []:
        "Total user and system CPU time spent in seconds.";
    ProcessMaxFds "process_max_fds" Gauge Count, Exporter 1 []:
        "Maximum number of open file descriptors.";
    ProcessOpenFds "process_open_fds" Gauge Count, Exporter 1 []:
        "Number of open file descriptors.";
    ProcessResidentMemoryBytes "process_resident_memory_bytes" Gauge Bytes, Exporter 1 []:
        "Resident memory size in bytes.";
    ProcessStartTimeSeconds "process_start_time_seconds" Gauge Seconds, Exporter 1 []:
        "Start time of the process since unix epoch in seconds.";
    ProcessThreads "process_threads" Gauge Count, Exporter 1 []:
        "Number of OS threads in the process.";
    ProcessVirtualMemoryBytes "process_virtual_memory_bytes" Gauge Bytes, Exporter 1 []:
        "Virtual memory size in bytes.";
    ProcessVirtualMemoryMaxBytes "process_virtual_memory_max_bytes" Gauge Bytes, Exporter 1 []:
        "Maximum amount of virtual memory available in bytes.";
    RequestsInFlight "promhttp_metric_handler_requests_in_flight" Gauge Count, Exporter 1 []:
        "Current number of scrapes being served.";
    RequestsTotal "promhttp_metric_handler_requests_total" Counter Count, Exporter 3 [code]:
        "Total number of scrapes by HTTP status code.";
    ActionDue "readiness_action_due_timestamp_seconds" Gauge TimestampSeconds, Action 1 [project action]:
        "End of the day or month by which the action is to be done.";
    ActionInfo "readiness_action_info" Gauge Info, Action 1 [project action title when horizon item note]:
        "Something to do next, and the item that it furthers.";
    AreaCompletion "readiness_area_completion_ratio" Gauge Ratio, Area 2 [project area method]:
        "Completion of the area, as earned by its workstreams and as reported by people.";
    AreaInfo "readiness_area_info" Gauge Info, Area 1 [project area title priority]:
        "A part of the project with a completion of its own.";
    AreaWeight "readiness_area_weight" Gauge Number, Area 1 [project area]:
        "What the area counts beside the project's other areas.";
    ComponentCompletion "readiness_component_completion_ratio" Gauge Ratio, Component 1 [project area component]:
        "Completion of a component, from the area's breakdown.";
    ComponentInfo "readiness_component_info" Gauge Info, Component 1 [project area component note]:
        "A remark about a component.";
    ComponentTarget "readiness_component_target_ratio" Gauge Ratio, Component 1 [project area component]:
        "How much of the component is to be complete.";
    Coverage "readiness_coverage_ratio" Gauge Ratio, Feature 1 [project area feature]:
        "Test coverage of the feature.";
    CoverageTarget "readiness_coverage_target_ratio" Gauge Ratio, Feature 1 [project area feature]:
        "Test coverage that the feature has to reach.";
    CriticalPathPosition "readiness_critical_path_position" Gauge Number, PathItem 1 [project item]:
        "Position of the item on the critical path that people report, from 1.";
    Criticality "readiness_criticality_ratio" Gauge Ratio, OpenItem 1 [project item]:
        "How often, in simulated runs of the plan, the item decides when everything is finished.";
    DependencyInfo "readiness_dependency_info" Gauge Info, Dependency 1 [project from to]:
        "The item `to` waits for the item `from`.";
    BuildInfo "readiness_exporter_build_info" Gauge Info, Exporter 1 [version revision rustversion]:
        "The version, source revision and compiler that the exporter was built from.";
    ConfigReloadSuccessTime "readiness_exporter_config_last_reload_success_timestamp_seconds"
        Gauge TimestampSeconds, Exporter 1 []:
        "When the web configuration was last loaded successfully.";
    ConfigReloadSuccessful "readiness_exporter_config_last_reload_successful" Gauge Boolean, Exporter 1 []:
        "Whether the last attempt to load the web configuration was successful.";
    MissingPaths "readiness_exporter_missing_paths" Gauge Count, Exporter 1 []:
        "Paths of the command line that don't exist; they are waited for.";
    ReloadDuration "readiness_exporter_reload_duration_seconds" Histogram Seconds, Exporter 11 []:
        "How long it took from a look at the files to a new page.";
    ReloadsTotal "readiness_exporter_reloads_total" Counter Count, Exporter 1 []:
        "Looks at the files that found a change and made a new page.";
    Series "readiness_exporter_series" Gauge Count, Exporter 1 []:
        "Series served from the readiness files.";
    SeriesDropped "readiness_exporter_series_dropped" Gauge Count, Exporter 1 []:
        "Series left out to stay below the ceiling.";
    ShardOrdinal "readiness_exporter_shard_ordinal" Gauge Number, Exporter 1 []:
        "Which of the exporters that share the projects this one is, from 0.";
    Shards "readiness_exporter_shards" Gauge Count, Exporter 1 []:
        "How many exporters share the projects.";
    WatchActive "readiness_exporter_watch_active" Gauge Boolean, Exporter 1 []:
        "Whether the system reports changes of files; if not, they are found by polling alone.";
    FileErrors "readiness_file_errors" Gauge Count, File 1 [file]:
        "Errors in the file's present content; with any, its last good content is served.";
    FileInfo "readiness_file_info" Gauge Info, File 1 [file project]:
        "The project that the file is about.";
    FileLastLoad "readiness_file_last_load_timestamp_seconds" Gauge TimestampSeconds, File 1 [file]:
        "When the content that is served was loaded.";
    FileReloadFailuresTotal "readiness_file_reload_failures_total" Counter Count, File 3 [file reason]:
        "Loads of the file whose content wasn't served: unreadable, invalid or of a project served from elsewhere.";
    FileReloadsTotal "readiness_file_reloads_total" Counter Count, File 1 [file]:
        "Loads of the file after a change, whether they succeeded or failed.";
    FileUp "readiness_file_up" Gauge Boolean, File 1 [file]:
        "Whether the file's present content is what is served.";
    FileWarnings "readiness_file_warnings" Gauge Count, File 1 [file]:
        "Warnings about the file's present content.";
    ForecastItems "readiness_forecast_items" Gauge Count, Project 5 [project basis]:
        "Open items of the forecast by where their duration comes from.";
    ForecastRoot "readiness_forecast_root" Gauge Boolean, Milestone 1 [project milestone root]:
        "The milestone's forecast begins with the item root: the first open one of those that decide it.";
    ForecastStart "readiness_forecast_start_timestamp_seconds" Gauge TimestampSeconds, Project 1 [project]:
        "End of the status date, or of today where that is later: open work is forecast from then on.";
    Inconsistencies "readiness_inconsistencies" Gauge Count, Project 14 [project kind]:
        "Findings about what the file says, by kind.";
    ItemInfo "readiness_item_info" Gauge Info, OpenItem 1 [project item title]:
        "An open item of the forecast by its path, and what people call it.";
    MilestoneBaseline "readiness_milestone_baseline_timestamp_seconds"
        Gauge TimestampSeconds, Milestone 1 [project milestone]:
        "End of the day on which the milestone was due when the plan was agreed.";
    MilestoneCompletion "readiness_milestone_completion_ratio" Gauge Ratio, Milestone 1 [project milestone]:
        "Completion of what the milestone needs; 1 once it was reached.";
    MilestoneDone "readiness_milestone_done_timestamp_seconds"
        Gauge TimestampSeconds, Milestone 1 [project milestone]:
        "End of the day on which the milestone was reached.";
    MilestoneDue "readiness_milestone_due_timestamp_seconds"
        Gauge TimestampSeconds, Milestone 1 [project milestone]:
        "End of the day on which the milestone is due.";
    MilestoneFloat "readiness_milestone_float_seconds" Gauge Seconds, Milestone 1 [project milestone]:
        "Working time by which the milestone may be later before a due date is missed, with mean durations; negative where one is.";
    MilestoneForecast "readiness_milestone_forecast_timestamp_seconds"
        Gauge TimestampSeconds, Milestone 6 [project milestone percentile model]:
        "When the milestone is reached with this probability, by plan and with risks.";
    MilestoneInfo "readiness_milestone_info" Gauge Info, Milestone 1 [project milestone title note]:
        "A point in time that people agreed on.";
    MilestoneOnTime "readiness_milestone_on_time_probability_ratio" Gauge Ratio, Milestone 2 [project milestone model]:
        "How likely the milestone is to be reached when it is due, by plan and with risks.";
    MilestoneSlip "readiness_milestone_slip_seconds" Gauge Seconds, Milestone 6 [project milestone percentile model]:
        "Working time by which the milestone is forecast to be late; negative while there is time left.";
    MilestoneUnestimated "readiness_milestone_unestimated_items" Gauge Count, Milestone 1 [project milestone]:
        "Items that the milestone waits for and whose duration nothing tells: its forecast leaves them out.";
    NoteInfo "readiness_note_info" Gauge Info, Note 1 [project note item text]:
        "A remark about the project, or about one of its items.";
    PhaseEnd "readiness_phase_end_timestamp_seconds" Gauge TimestampSeconds, Phase 1 [project phase]:
        "End of the phase's last day.";
    PhaseInfo "readiness_phase_info" Gauge Info, Phase 1 [project phase title]:
        "A phase of the plan, and what it is about.";
    ProjectAsOf "readiness_project_as_of_timestamp_seconds" Gauge TimestampSeconds, Project 1 [project]:
        "Beginning of the status date: the day on which all this was last true.";
    ProjectBaseline "readiness_project_baseline_completion_ratio" Gauge Ratio, Project 1 [project]:
        "Completion that the baseline plans for the status date, or for today where that is later.";
    ProjectCompletion "readiness_project_completion_ratio" Gauge Ratio, Project 2 [project method]:
        "Completion of the project, as earned by its areas and as reported by people.";
    ProjectForecast "readiness_project_forecast_timestamp_seconds"
        Gauge TimestampSeconds, Project 6 [project percentile model]:
        "When everything is finished with this probability, by plan and with risks.";
    ProjectInfo "readiness_project_info" Gauge Info, Project 1 [project title status]:
        "A project that is made ready for production.";
    ProjectNextReview "readiness_project_next_review_timestamp_seconds" Gauge TimestampSeconds, Project 1 [project]:
        "End of the day of the next review.";
    ProjectOnTime "readiness_project_on_time_probability_ratio" Gauge Ratio, Project 2 [project model]:
        "How likely everything is to be finished by the project's target, by plan and with risks.";
    ProjectPace "readiness_project_pace_ratio" Gauge Ratio, Project 2 [project pace]:
        "Completion earned for a working day since the baseline began, and the completion required from now on.";
    ProjectSpi "readiness_project_schedule_performance_ratio" Gauge Ratio, Project 1 [project]:
        "Earned schedule divided by the time that has passed, SPI(t): below 1 is late.";
    ProjectSlip "readiness_project_slip_seconds" Gauge Seconds, Project 6 [project percentile model]:
        "Working time by which everything is forecast to be finished after the target; negative while there is time left.";
    ProjectStale "readiness_project_stale_timestamp_seconds" Gauge TimestampSeconds, Project 1 [project]:
        "When the status is stale unless people report again: so long after it as the policy allows.";
    ProjectStart "readiness_project_start_timestamp_seconds" Gauge TimestampSeconds, Project 1 [project]:
        "Beginning of the day on which the plan began.";
    ProjectTarget "readiness_project_target_timestamp_seconds" Gauge TimestampSeconds, Project 1 [project]:
        "End of the day on which the project has to be ready.";
    ProjectTspi "readiness_project_to_complete_schedule_performance_ratio" Gauge Ratio, Project 1 [project]:
        "The SPI(t) that the rest needs to keep the baseline, TSPI: above 1.10 is very unlikely to be achieved.";
    ProjectUtcOffset "readiness_project_utc_offset_seconds" Gauge Seconds, Project 1 [project]:
        "How far the project's time zone is ahead of UTC: added to a timestamp, it gives the date there.";
    RiskAffectsInfo "readiness_risk_affects_info" Gauge Info, RiskItem 1 [project risk item]:
        "The risk delays the item if it comes true.";
    RiskDelay "readiness_risk_delay_seconds" Gauge Seconds, Risk 3 [project risk bound]:
        "Working time by which the risk delays what it affects; a working day counts 86400 seconds.";
    RiskInfo "readiness_risk_info" Gauge Info, Risk 1 [project risk title severity impact mitigation]:
        "Something that may go wrong.";
    RiskProbability "readiness_risk_probability_ratio" Gauge Ratio, Risk 1 [project risk]:
        "How likely the risk is to come true.";
    SlipRoot "readiness_slip_root" Gauge Boolean, Milestone 1 [project milestone root]:
        "The milestone is forecast to be late, and its slip begins with the item root.";
    TaskCompletion "readiness_task_completion_ratio" Gauge Ratio, Task 1 [project area workstream task]:
        "What the task counts as complete; absent for a waived task.";
    TaskDue "readiness_task_due_timestamp_seconds" Gauge TimestampSeconds, Task 1 [project area workstream task]:
        "End of the day on which the task is due.";
    TaskEstimate "readiness_task_estimate_seconds" Gauge Seconds, Task 3 [project area workstream task bound]:
        "Working time that the task takes in all; a working day counts 86400 seconds.";
    TaskInfo "readiness_task_info" Gauge Info, Task 1 [project area workstream task title assignee status]:
        "A task, who does it, and where it stands.";
    TaskWaivedUntil "readiness_task_waived_until_timestamp_seconds"
        Gauge TimestampSeconds, Task 1 [project area workstream task]:
        "End of the last day on which the task needn't be done.";
    TaskWaiverInfo "readiness_task_waiver_info" Gauge Info, Task 1 [project area workstream task reason]:
        "A task that needn't be done, and why.";
    Tasks "readiness_tasks" Gauge Count, Workstream 4 [project area workstream status]:
        "Tasks by status; those done outside of any workstream have no label workstream.";
    WorkstreamBlockedPoints "readiness_workstream_blocked_points"
        Gauge Points, Workstream 1 [project area workstream]:
        "Points still to be earned by work that waits for the workstream.";
    WorkstreamCompletion "readiness_workstream_completion_ratio"
        Gauge Ratio, Workstream 1 [project area workstream]:
        "Completion of the workstream, as earned by its tasks.";
    WorkstreamDue "readiness_workstream_due_timestamp_seconds"
        Gauge TimestampSeconds, Workstream 1 [project area workstream]:
        "End of the day on which the workstream is due.";
    WorkstreamEstimate "readiness_workstream_estimate_seconds"
        Gauge Seconds, Workstream 3 [project area workstream bound]:
        "Working time that the workstream takes in all; a working day counts 86400 seconds.";
    WorkstreamForecast "readiness_workstream_forecast_timestamp_seconds"
        Gauge TimestampSeconds, Workstream 6 [project area workstream percentile model]:
        "When the workstream is finished with this probability, by plan and with risks.";
    WorkstreamInfo "readiness_workstream_info" Gauge Info, Workstream 1 [project area workstream title blocker impact]:
        "Tasks that belong together, whether other work waits for them, and what their lack means.";
    WorkstreamPoints "readiness_workstream_points" Gauge Points, Workstream 1 [project area workstream]:
        "Percentage points of the area that the workstream earns when it is done.";
    WorkstreamStart "readiness_workstream_start_timestamp_seconds"
        Gauge TimestampSeconds, Workstream 1 [project area workstream]:
        "Beginning of the day on which the workstream began, or else is forecast to begin.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_serving_order_and_ids_lead_to_their_rows() {
        assert!(FAMILIES.is_sorted_by(|one, next| one.name < next.name));
        for (row, family) in FAMILIES.iter().enumerate() {
            assert_eq!(family.id as usize, row);
            assert_eq!(family.id.family().name, family.name);
        }
    }

    #[test]
    fn names_end_with_their_units() {
        for family in FAMILIES.iter().filter(|family| family.name != "readiness_exporter_build_info") {
            let end = if family.kind == Type::Counter { "_total" } else { "" };
            let stem = family.name.strip_suffix(end).unwrap_or("");
            assert!(stem.ends_with(family.unit.suffix()), "{}", family.name);
            assert_eq!(family.name.ends_with("_total"), family.kind == Type::Counter, "{}", family.name);
        }
    }

    #[test]
    fn no_label_clashes_with_what_a_scrape_adds() {
        const TAKEN: [&str; 9] =
            ["owner", "service", "env", "stage", "type", "cluster", "instance", "job", "namespace"];
        for family in FAMILIES {
            for (at, label) in family.labels.iter().enumerate() {
                assert!(!TAKEN.contains(label) && *label != "pod", "{}", family.name);
                assert!(!family.labels[..at].contains(label), "{}", family.name);
            }
        }
    }

    #[test]
    fn helps_are_sentences_that_need_no_escaping() {
        for family in FAMILIES {
            assert!(family.help.ends_with('.'), "{}", family.name);
            assert!(!family.help.contains(['\\', '\n']), "{}", family.name);
        }
    }
}
