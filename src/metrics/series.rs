//! The table of families: names, types, units, labels and HELP texts, and a type for the series of each.
//!
//! `/metrics` and `docs/metrics.md` are written from this table.

use crate::metrics::{Family, MetricType, MetricUnit, Subject, label};

/// The labels of one series, by family: `AreaWeight(label::Project("shop"), label::Area("web"))`.
///
/// Families without labels have no such type. Their only series are those of the exporter, which the
/// prometheus crate writes.
pub trait Series: Copy {
    /// The family of the series.
    const FAMILY: FamilyId;

    /// Calls `write` with the label values in the order of the table.
    fn with_values<R>(self, write: impl FnOnce(&[&str]) -> R) -> R;
}

macro_rules! series {
    ($id:ident $name:literal) => {};
    ($id:ident $name:literal $($label:ident)+) => {
        #[doc = concat!("The labels of `", $name, "`.")]
        #[derive(Debug, Clone, Copy)]
        pub struct $id<'a>($(pub label::$label<'a>),+);

        impl Series for $id<'_> {
            const FAMILY: FamilyId = FamilyId::$id;

            #[expect(non_snake_case, reason = "each value has the name of its type")]
            fn with_values<R>(self, write: impl FnOnce(&[&str]) -> R) -> R {
                let Self($($label),+) = self;
                write(&[$($label.0),+])
            }
        }
    };
}

macro_rules! families {
    ($($id:ident $name:literal $kind:ident $unit:ident, $subject:ident $most:literal [$($label:ident)*]: $help:literal;)*) => {
        /// The row of a family in the table.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum FamilyId { $(#[doc = concat!("`", $name, "`")] $id,)* }

        /// Every family, in the order in which they are served: by name.
        pub const FAMILIES: &[Family] = &[$(Family {
            id: FamilyId::$id,
            name: $name,
            kind: MetricType::$kind,
            unit: MetricUnit::$unit,
            subject: Subject::$subject,
            max_series: $most,
            labels: &[$(label::$label::NAME),*],
            help: $help,
        },)*];

        $(series!($id $name $($label)*);)*
    };
}

impl FamilyId {
    /// The row itself.
    #[must_use]
    pub fn family(self) -> &'static Family {
        &FAMILIES[self as usize]
    }
}

// Each row: id, name, type, unit, subject, maximum number of series per subject, labels, HELP text.
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
    RequestsTotal "promhttp_metric_handler_requests_total" Counter Count, Exporter 3 [Code]:
        "Total number of scrapes by HTTP status code.";
    ActionDue "readiness_action_due_timestamp_seconds" Gauge TimestampSeconds, Action 1 [Project Action]:
        "Due date of the action: end of its day or month, as a Unix timestamp. Absent if the action has no date.";
    ActionInfo "readiness_action_info" Gauge Info, Action 1 [Project Action Title When Horizon Item Note]:
        "Information about an action: title, date, horizon, item and note.";
    AreaCompletion "readiness_area_completion_ratio" Gauge Ratio, Area 2 [Project Area Method]:
        "Completion of the area: earned by its workstreams, and reported in the file. A method is absent if the file has no data for it.";
    AreaInfo "readiness_area_info" Gauge Info, Area 1 [Project Area Title Priority]:
        "Information about an area: title and priority.";
    AreaReported "readiness_area_reported_timestamp_seconds" Gauge TimestampSeconds, Area 1 [Project Area]:
        "Day on which the completion of the area was reported: start of the day, as a Unix timestamp. Absent if the file has no such day.";
    AreaWeight "readiness_area_weight" Gauge Number, Area 1 [Project Area]:
        "Weight of the area in the completion of the project.";
    ComponentCompletion "readiness_component_completion_ratio" Gauge Ratio, Component 1 [Project Area Component]:
        "Completion of the component, from the breakdown of the area.";
    ComponentInfo "readiness_component_info" Gauge Info, Component 1 [Project Area Component Note]:
        "Note on the component. Absent if it has none.";
    ComponentTarget "readiness_component_target_ratio" Gauge Ratio, Component 1 [Project Area Component]:
        "Target completion of the component. Absent if it has none.";
    Coverage "readiness_coverage_ratio" Gauge Ratio, Feature 1 [Project Area Feature]:
        "Test coverage of the feature.";
    CoverageTarget "readiness_coverage_target_ratio" Gauge Ratio, Feature 1 [Project Area Feature]:
        "Target test coverage of the feature. Absent if the area has none.";
    CriticalPathPosition "readiness_critical_path_position" Gauge Number, PathItem 1 [Project Item]:
        "Position of the item on the critical path that the file lists, from 1. Absent if it is not listed.";
    Criticality "readiness_criticality_ratio" Gauge Ratio, OpenItem 1 [Project Item]:
        "Criticality index: share of simulation runs in which the item is on the critical path. Absent if the item has no forecast.";
    DependencyInfo "readiness_dependency_info" Gauge Info, Dependency 1 [Project From To]:
        "Dependency between two items: item `to` needs item `from`.";
    DependencyLag "readiness_dependency_lag_seconds" Gauge Seconds, Dependency 1 [Project From To]:
        "Lag of the dependency in working time: item `to` starts no earlier than this after the finish of item `from`. Negative for a lead. Absent if there is none.";
    BuildInfo "readiness_exporter_build_info" Gauge Info, Exporter 1 [Version Revision Rustversion]:
        "A metric with a constant '1' value labeled by version, revision and rustversion from which readiness_exporter was built.";
    ConfigReloadSuccessTime "readiness_exporter_config_last_reload_success_timestamp_seconds"
        Gauge TimestampSeconds, Exporter 1 []:
        "Unix timestamp of the last successful reload of the web configuration.";
    ConfigReloadSuccessful "readiness_exporter_config_last_reload_successful" Gauge Boolean, Exporter 1 []:
        "Whether the last reload of the web configuration was successful.";
    Files "readiness_exporter_files" Gauge Count, Exporter 1 []:
        "Number of files found at and below the paths on the command line.";
    MissingPaths "readiness_exporter_missing_paths" Gauge Count, Exporter 1 []:
        "Number of paths on the command line that do not exist.";
    ReloadDuration "readiness_exporter_reload_duration_seconds" Histogram Seconds, Exporter 11 []:
        "Duration of the reloads that found a change, from the scan of the files to the new exposition, in seconds.";
    ReloadsTotal "readiness_exporter_reloads_total" Counter Count, Exporter 1 []:
        "Total number of reloads that found a change.";
    Series "readiness_exporter_series" Gauge Count, Exporter 1 []:
        "Number of series served from the readiness files.";
    SeriesDropped "readiness_exporter_series_dropped" Gauge Count, Exporter 1 []:
        "Number of series dropped to stay within the limit on series.";
    ShardOrdinal "readiness_exporter_shard_ordinal" Gauge Number, Exporter 1 []:
        "Ordinal of this shard, from 0.";
    Shards "readiness_exporter_shards" Gauge Count, Exporter 1 []:
        "Number of shards that share the projects.";
    WatchActive "readiness_exporter_watch_active" Gauge Boolean, Exporter 1 []:
        "Whether file change notifications are active. If not, changes are found by polling alone.";
    FileErrors "readiness_file_errors" Gauge Count, File 1 [File]:
        "Number of errors in the current content of the file. If there are any, the last good content is served, if there is one.";
    FileInfo "readiness_file_info" Gauge Info, File 1 [File Project]:
        "Information about a file: the project that is served from it.";
    FileLastLoad "readiness_file_last_load_timestamp_seconds" Gauge TimestampSeconds, File 1 [File]:
        "Time at which the served content was loaded, as a Unix timestamp. Absent if no content is served.";
    FileReloadFailuresTotal "readiness_file_reload_failures_total" Counter Count, File 3 [File Reason]:
        "Total number of failed loads of the file, by reason.";
    FileReloadsTotal "readiness_file_reloads_total" Counter Count, File 1 [File]:
        "Total number of loads of the file after a change, whether they succeeded or failed.";
    FileUp "readiness_file_up" Gauge Boolean, File 1 [File]:
        "Whether the current content of the file is served.";
    FileWarnings "readiness_file_warnings" Gauge Count, File 1 [File]:
        "Number of warnings about the current content of the file.";
    ForecastBasis "readiness_forecast_basis" Gauge Boolean, OpenItem 1 [Project Item Basis]:
        "Source of the remaining duration or of the date of an open item. Absent if the item has none of its own.";
    ForecastEstimateError "readiness_forecast_estimate_error_ratio" Gauge Ratio, Project 1 [Project]:
        "Assumed error that all estimates of the project share: standard deviation of the logarithm of one factor. Absent if no duration is estimated or inferred.";
    ForecastItems "readiness_forecast_items" Gauge Count, Project 6 [Project Basis]:
        "Number of open items in the forecast, by the basis of their duration.";
    ForecastRoot "readiness_forecast_root" Gauge Boolean, Milestone 1 [Project Milestone Root]:
        "First open item on the driving path of the milestone. Absent if the milestone is done or has no forecast.";
    ForecastStart "readiness_forecast_start_timestamp_seconds" Gauge TimestampSeconds, Project 1 [Project]:
        "Start of the forecast: end of the status date, or of today if that is later, as a Unix timestamp.";
    ForecastWorkstreams "readiness_forecast_workstreams" Gauge Count, Project 2 [Project Start]:
        "Number of open workstreams, by whether the forecast starts them at once or later.";
    Inconsistencies "readiness_inconsistencies" Gauge Count, Project 25 [Project Kind]:
        "Number of warnings about the current content of the file, by kind of finding.";
    ItemInfo "readiness_item_info" Gauge Info, OpenItem 1 [Project Item Title]:
        "Information about an open item of the forecast: path and title.";
    ItemNotBefore "readiness_item_not_before_timestamp_seconds" Gauge TimestampSeconds, PlannedItem 1 [Project Item]:
        "First day on which work on the item is possible: start of the day, as a Unix timestamp. Absent if the file has none.";
    ItemOwnerInfo "readiness_item_owner_info" Gauge Info, OwnedItem 1 [Project Item ItemOwner]:
        "Owner of the item. Absent if it has none.";
    LinkInfo "readiness_link_info" Gauge Info, Link 1 [Project Element Item Link]:
        "Link of a part of the plan to evidence or details. Absent if it has none.";
    MilestoneBaseline "readiness_milestone_baseline_timestamp_seconds"
        Gauge TimestampSeconds, Milestone 1 [Project Milestone]:
        "Baseline due date of the milestone: end of its day or month, as a Unix timestamp. Absent if the milestone has no baseline.";
    MilestoneCompletion "readiness_milestone_completion_ratio" Gauge Ratio, Milestone 1 [Project Milestone]:
        "Completion of what the milestone needs. 1 if the milestone is done.";
    MilestoneDone "readiness_milestone_done_timestamp_seconds"
        Gauge TimestampSeconds, Milestone 1 [Project Milestone]:
        "Date on which the milestone was reached: end of the day, as a Unix timestamp. Absent if the milestone is open.";
    MilestoneDue "readiness_milestone_due_timestamp_seconds" Gauge TimestampSeconds, Milestone 1 [Project Milestone]:
        "Due date of the milestone: end of its day or month, as a Unix timestamp. Absent if the milestone has no due date.";
    MilestoneFloat "readiness_milestone_float_seconds" Gauge Seconds, Milestone 1 [Project Milestone]:
        "Float of the milestone in working time, computed from mean durations: how much later it and everything that it needs can finish without missing any due date. Negative if a due date is missed. Absent if the milestone is done, or has no due date or forecast.";
    MilestoneForecast "readiness_milestone_forecast_timestamp_seconds"
        Gauge TimestampSeconds, Milestone 6 [Project Milestone Percentile Model]:
        "Forecast date of the milestone (P50, P85, P95), without and with risks, as a Unix timestamp. Absent if the milestone is done or has no forecast.";
    MilestoneInfo "readiness_milestone_info" Gauge Info, Milestone 1 [Project Milestone Title Note]:
        "Information about a milestone: title and note.";
    MilestoneOnTime "readiness_milestone_on_time_probability_ratio"
        Gauge Ratio, Milestone 2 [Project Milestone Model]:
        "On-time probability of the milestone: share of simulation runs in which it is reached by its due date, without and with risks. Absent if the milestone is done, or has no due date or forecast.";
    MilestoneSlip "readiness_milestone_slip_seconds" Gauge Seconds, Milestone 6 [Project Milestone Percentile Model]:
        "Forecast delay of the milestone (P50, P85, P95) after its due date, without and with risks, in working time. Negative if it is early. Absent if the milestone is done, or has no due date or forecast.";
    MilestoneUnestimated "readiness_milestone_unestimated_items" Gauge Count, Milestone 1 [Project Milestone]:
        "Number of items without estimate that the milestone needs. The forecast counts them as if they took no time. Absent if the milestone is done.";
    NoteInfo "readiness_note_info" Gauge Info, Note 1 [Project Note Item Text]:
        "Information about a note: its item and text.";
    PhaseEnd "readiness_phase_end_timestamp_seconds" Gauge TimestampSeconds, Phase 1 [Project Phase]:
        "End of the phase's day or month, as a Unix timestamp. Absent if the phase has no date.";
    PhaseInfo "readiness_phase_info" Gauge Info, Phase 1 [Project Phase Title]:
        "Information about a phase of the plan: title.";
    ProjectAsOf "readiness_project_as_of_timestamp_seconds" Gauge TimestampSeconds, Project 1 [Project]:
        "Status date of the project: start of the day, as a Unix timestamp. Absent if the file has none.";
    ProjectBaseline "readiness_project_baseline_completion_ratio" Gauge Ratio, Project 1 [Project]:
        "Planned value: completion that the baseline plans for the status date, or for today if that is later. Absent if there is no baseline or it has not started.";
    ProjectCompletion "readiness_project_completion_ratio" Gauge Ratio, Project 2 [Project Method]:
        "Completion of the project: earned by its areas, and reported in the file. A method is absent if the file has no data for it.";
    ProjectForecast "readiness_project_forecast_timestamp_seconds"
        Gauge TimestampSeconds, Project 6 [Project Percentile Model]:
        "Forecast finish of the project (P50, P85, P95), without and with risks, as a Unix timestamp. Absent if the project has no forecast.";
    ProjectInfo "readiness_project_info" Gauge Info, Project 1 [Project Title Status]:
        "Information about a project: title and status.";
    ProjectNextReview "readiness_project_next_review_timestamp_seconds" Gauge TimestampSeconds, Project 1 [Project]:
        "Date of the next review: end of the day, as a Unix timestamp. Absent if the file has none.";
    ProjectOnTime "readiness_project_on_time_probability_ratio" Gauge Ratio, Project 2 [Project Model]:
        "On-time probability of the project: share of simulation runs in which everything is finished by the target, without and with risks. Absent if the project has no target or forecast.";
    ProjectPace "readiness_project_pace_ratio" Gauge Ratio, Project 2 [Project Pace]:
        "Completion per working day: observed since the start of the baseline, and required from now on to keep to the baseline. Both are absent without a baseline and before its start. Observed is also absent on its first day, and required after its end.";
    ProjectReported "readiness_project_reported_timestamp_seconds" Gauge TimestampSeconds, Project 1 [Project]:
        "Day on which the completion of the project was reported: start of the day, as a Unix timestamp. Absent if the file has no such day.";
    ProjectSpi "readiness_project_schedule_performance_ratio" Gauge Ratio, Project 1 [Project]:
        "Schedule performance index SPI(t): earned schedule divided by actual time. Below 1 is behind schedule. Absent if there is no baseline or it has not started, and on its first day.";
    ProjectSecondOpinion "readiness_project_second_opinion_timestamp_seconds"
        Gauge TimestampSeconds, Project 2 [Project Opinion]:
        "Finish of the project by a method that does not use the estimates of open work, as a Unix timestamp. A method is absent if the file has no data for it, and once everything is earned.";
    ProjectSlip "readiness_project_slip_seconds" Gauge Seconds, Project 6 [Project Percentile Model]:
        "Forecast delay of the project (P50, P85, P95) after its target, without and with risks, in working time. Negative if it is early. Absent if the project has no target or forecast.";
    ProjectStale "readiness_project_stale_timestamp_seconds" Gauge TimestampSeconds, Project 1 [Project]:
        "Time from which the status is stale: the status date plus the stale_after of the policy, as a Unix timestamp. Absent if the file has no status date.";
    ProjectStart "readiness_project_start_timestamp_seconds" Gauge TimestampSeconds, Project 1 [Project]:
        "Start date of the project: start of the day, as a Unix timestamp. Absent if the file has none.";
    ProjectTarget "readiness_project_target_timestamp_seconds" Gauge TimestampSeconds, Project 1 [Project]:
        "Target date of the project: end of the day, as a Unix timestamp. Absent if the file has none.";
    ProjectTspi "readiness_project_to_complete_schedule_performance_ratio" Gauge Ratio, Project 1 [Project]:
        "To-complete schedule performance index TSPI: the SPI(t) required from now on to keep the baseline. Above 1.10 is very unlikely to be achieved. Absent if there is no baseline, before its start and after its end.";
    ProjectUtcOffset "readiness_project_utc_offset_seconds" Gauge Seconds, Project 1 [Project]:
        "Offset of the project's time zone from UTC at the start of the forecast, in seconds. A timestamp plus this offset is local time.";
    RiskAffectsInfo "readiness_risk_affects_info" Gauge Info, RiskItem 1 [Project Risk Item]:
        "Item that the risk delays if it occurs.";
    RiskDelay "readiness_risk_delay_seconds" Gauge Seconds, Risk 3 [Project Risk Bound]:
        "Estimated delay of the items that the risk affects, in working time. Absent if the risk has no delay.";
    RiskInfo "readiness_risk_info" Gauge Info, Risk 1 [Project Risk Title Severity Impact Mitigation]:
        "Information about a risk: title, severity, impact and mitigation.";
    RiskProbability "readiness_risk_probability_ratio" Gauge Ratio, Risk 1 [Project Risk]:
        "Probability that the risk occurs. Absent if the risk has none.";
    SlipRoot "readiness_slip_root" Gauge Boolean, Milestone 1 [Project Milestone Root]:
        "First open item on the driving path of a late milestone. Absent if the milestone is not late: P85 with risks is on or before its due date.";
    TaskCompletion "readiness_task_completion_ratio" Gauge Ratio, Task 1 [Project Area Workstream Task]:
        "Completion credited to the task. Absent if the task is waived.";
    TaskDue "readiness_task_due_timestamp_seconds" Gauge TimestampSeconds, Task 1 [Project Area Workstream Task]:
        "Due date of the task: end of its day or month, as a Unix timestamp. Absent if the task has no due date.";
    TaskEstimate "readiness_task_estimate_seconds" Gauge Seconds, Task 3 [Project Area Workstream Task Bound]:
        "Estimated duration of the task, in working time. Absent if the task has no estimate.";
    TaskInfo "readiness_task_info" Gauge Info, Task 1 [Project Area Workstream Task Title Assignee Status]:
        "Information about a task: title, assignee and status.";
    TaskWaivedUntil "readiness_task_waived_until_timestamp_seconds"
        Gauge TimestampSeconds, Task 1 [Project Area Workstream Task]:
        "Last day of the waiver: end of the day, as a Unix timestamp. Absent if the task is not waived, or waived without an end.";
    TaskWaiverInfo "readiness_task_waiver_info" Gauge Info, Task 1 [Project Area Workstream Task Reason]:
        "Information about a waiver: its reason. Absent if the task is not waived.";
    Tasks "readiness_tasks" Gauge Count, Workstream 4 [Project Area Workstream Status]:
        "Number of tasks by status. Tasks that an area lists as done have no workstream.";
    WorkstreamBlockedPoints "readiness_workstream_blocked_points"
        Gauge Points, Workstream 1 [Project Area Workstream]:
        "Unearned points of the items that depend on the workstream. 0 if there are none.";
    WorkstreamCompletion "readiness_workstream_completion_ratio" Gauge Ratio, Workstream 1 [Project Area Workstream]:
        "Completion of the workstream: earned by its tasks.";
    WorkstreamDue "readiness_workstream_due_timestamp_seconds"
        Gauge TimestampSeconds, Workstream 1 [Project Area Workstream]:
        "Due date of the workstream: end of its day or month, as a Unix timestamp. Absent if the workstream has no due date.";
    WorkstreamEstimate "readiness_workstream_estimate_seconds"
        Gauge Seconds, Workstream 3 [Project Area Workstream Bound]:
        "Estimated duration of the workstream, in working time. Absent if the workstream has no estimate.";
    WorkstreamFloat "readiness_workstream_float_seconds" Gauge Seconds, Workstream 1 [Project Area Workstream]:
        "Total float of the workstream in working time, computed from mean durations: how much later it and its tasks can finish without missing any due date. Negative if a due date is missed. Absent if the workstream is finished or has no forecast.";
    WorkstreamForecast "readiness_workstream_forecast_timestamp_seconds"
        Gauge TimestampSeconds, Workstream 6 [Project Area Workstream Percentile Model]:
        "Forecast finish of the workstream (P50, P85, P95), without and with risks, as a Unix timestamp. Absent if the workstream is finished or has no forecast.";
    WorkstreamInfo "readiness_workstream_info"
        Gauge Info, Workstream 1 [Project Area Workstream Title Blocker Impact]:
        "Information about a workstream: title, whether other work waits for it, and impact.";
    WorkstreamPoints "readiness_workstream_points" Gauge Points, Workstream 1 [Project Area Workstream]:
        "Points of the workstream: percentage points of the area that it earns. Absent if the workstream has none.";
    WorkstreamPriorityInfo "readiness_workstream_priority_info"
        Gauge Info, Workstream 1 [Project Area Workstream Priority]:
        "Priority of the workstream. Absent if it has none.";
    WorkstreamStart "readiness_workstream_start_timestamp_seconds"
        Gauge TimestampSeconds, Workstream 1 [Project Area Workstream]:
        "Start date of the workstream, actual or forecast: start of the day, as a Unix timestamp. Absent if the workstream is finished or has no forecast.";
    WorkstreamWeight "readiness_workstream_weight" Gauge Number, Workstream 1 [Project Area Workstream]:
        "Weight of the workstream in the completion of an area without points. Absent if the file has none.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_by_name_and_indexed_by_id() {
        assert!(FAMILIES.is_sorted_by(|one, next| one.name < next.name));
        for (row, family) in FAMILIES.iter().enumerate() {
            assert_eq!(family.id as usize, row);
            assert_eq!(family.id.family().name, family.name);
        }
    }

    #[test]
    fn names_end_with_their_units() {
        for family in FAMILIES.iter().filter(|family| family.name != "readiness_exporter_build_info") {
            let end = if family.kind == MetricType::Counter { "_total" } else { "" };
            let stem = family.name.strip_suffix(end).unwrap_or("");
            assert!(stem.ends_with(family.unit.suffix()), "{}", family.name);
            assert_eq!(family.name.ends_with("_total"), family.kind == MetricType::Counter, "{}", family.name);
        }
    }

    #[test]
    fn no_label_clashes_with_the_labels_of_a_target() {
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
    fn help_texts_are_sentences_without_characters_to_escape() {
        for family in FAMILIES {
            assert!(family.help.ends_with('.'), "{}", family.name);
            assert!(!family.help.contains(['\\', '\n']), "{}", family.name);
        }
    }
}
