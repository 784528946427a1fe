//! The readiness file, version 1. The doc comments become the descriptions of the JSON Schema and the
//! tables of docs/format.md, where `Default: …` at the end of a comment is a column of its own.
//!
//! Every scalar keeps its own error, so that an invalid value does not hide the rest of the file.

use schemars::JsonSchema;
use serde::Deserialize;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use crate::date::DayOrMonth;
use crate::format::fields::{Entries, OneOrMore, Scalar, one_status, project_required};
use crate::format::shorthand::Shorthand;
use crate::format::shorthand::component::ComponentSection;
use crate::format::shorthand::need::NeedSection;
use crate::format::shorthand::reported::ReportedSection;
use crate::name::{Id, Link, Priority, Reference, RiskSeverity, Text};
use crate::quantity::{Estimate, Points, Ratio, ReviewInterval, Weight, WorkTime};
use crate::scalar::{JsonType, ParseError, ScalarFormat, number};

/// Plan and status of one project.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(title = "Readiness file, version 1", transform = project_required)]
pub struct Document {
    /// Version of the format. Default: `1`.
    pub version: Scalar<FormatVersion>,
    /// Id of the project. Unique among all files that are served together.
    pub project: Scalar<Id>,
    /// Display name. Default: the id.
    pub title: Scalar<Text>,
    /// Overall status in a few words.
    pub status: Scalar<Text>,
    /// Start date of the plan.
    pub start: Scalar<Date>,
    /// Status date: the date on which the content was last correct.
    pub as_of: Scalar<Date>,
    /// Date by which the project must be ready.
    pub target: Scalar<DayOrMonth>,
    /// Date of the next review. Default: `as_of` plus `review_every`.
    pub next_review: Scalar<Date>,
    /// Interval of the reviews. The next review is the first one after `as_of`, counted from `next_review`.
    pub review_every: Scalar<ReviewInterval>,
    /// Time zone of all dates. Default: `UTC`.
    pub timezone: Scalar<TimeZone>,
    /// Working days.
    pub calendar: CalendarSection,
    /// Rules for completion, forecasts and `check`.
    pub policy: PolicySection,
    /// Planned completion over time, in the order of the dates. It is linear between two points.
    pub baseline: Vec<BaselineSection>,
    /// Reported completion of the project. Default: the weighted mean of the areas' `reported`, if all areas have it.
    pub reported: Shorthand<ReportedSection>,
    /// Areas of the project.
    pub areas: Entries<AreaSection>,
    /// Milestones of the project.
    pub milestones: Entries<MilestoneSection>,
    /// Reported critical path: the items in order.
    pub critical_path: Vec<Scalar<Reference>>,
    /// Phases of the plan, in order.
    pub phases: Vec<PhaseSection>,
    /// Risks of the project.
    pub risks: Entries<RiskSection>,
    /// Next actions.
    pub actions: Vec<ActionSection>,
    /// Address of details.
    pub link: Scalar<Link>,
    /// Remarks.
    pub notes: Vec<Scalar<Text>>,
}

/// Working days.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CalendarSection {
    /// Working days of the week. Default: `mon` to `fri`.
    pub workdays: Vec<Scalar<Weekday>>,
    /// Days without work.
    pub holidays: Vec<Scalar<Date>>,
    /// Working hours of a day, for times in hours. Default: `8`.
    pub hours_per_day: Scalar<HoursPerDay>,
}

/// Rules for completion, forecasts and `check`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PolicySection {
    /// Completion of a partial task without `complete`. Default: `0%`.
    pub partial_credit: Scalar<Ratio>,
    /// Maximum difference between two figures before `check` warns. Default: `3%`.
    pub tolerance: Scalar<Ratio>,
    /// Age of `as_of` at which the status becomes stale. Default: `10d`.
    pub stale_after: Scalar<WorkTime>,
    /// Error that all estimates of the project share: the standard deviation of the logarithm of one factor per
    /// simulation run, which multiplies all estimated and inferred durations. `0%` turns it off. Default: `20%`.
    pub estimate_error: Scalar<Ratio>,
}

/// A point of the planned completion.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["when", "complete"]))]
pub struct BaselineSection {
    /// Date of the point. The completion applies at the end of the day.
    pub when: Scalar<DayOrMonth>,
    /// Planned completion of the project. It must not decrease. At the first point: the completion at that time.
    pub complete: Scalar<Ratio>,
}

/// A part of the project with its own completion.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AreaSection {
    /// Display name. Default: the id.
    pub title: Scalar<Text>,
    /// Priority. It does not change any figure.
    pub priority: Scalar<Priority>,
    /// Weight among the areas. Default: `1`.
    pub weight: Scalar<Weight>,
    /// Name of the owner.
    pub owner: Scalar<Text>,
    /// Reported completion of the area.
    pub reported: Shorthand<ReportedSection>,
    /// Finished tasks that do not belong to a workstream.
    pub done: Vec<Scalar<Text>>,
    /// Remaining work.
    pub workstreams: Entries<WorkstreamSection>,
    /// Completion of the components of the area.
    pub breakdown: Entries<Shorthand<ComponentSection>>,
    /// Test coverage by feature.
    pub coverage: CoverageSection,
    /// Address of evidence or details.
    pub link: Scalar<Link>,
    /// Remarks.
    pub notes: Vec<Scalar<Text>>,
}

/// A group of tasks that are finished together.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WorkstreamSection {
    /// Display name. Default: the id.
    pub title: Scalar<Text>,
    /// Priority. It does not change any figure.
    pub priority: Scalar<Priority>,
    /// Name of the owner.
    pub owner: Scalar<Text>,
    /// Percentage points of the area that the workstream earns when it is finished.
    pub points: Scalar<Points>,
    /// Weight among the workstreams of an area without points. Default: `1`, if another workstream has one.
    pub weight: Scalar<Weight>,
    /// Duration of the whole workstream. Default: inferred from `points` and the file's other estimates.
    pub estimate: Scalar<Estimate>,
    /// Completion of a workstream without tasks. Default: `0%`.
    pub complete: Scalar<Ratio>,
    /// Mark the workstream as a blocker of other work. Default: `false`.
    pub blocker: Scalar<bool>,
    /// Consequence while the workstream is not finished.
    pub impact: Scalar<Text>,
    /// First day on which work is possible.
    pub not_before: Scalar<Date>,
    /// Actual start.
    pub started: Scalar<Date>,
    /// Due date.
    pub due: Scalar<DayOrMonth>,
    /// Items that must be finished before the workstream can start.
    pub needs: Vec<Shorthand<NeedSection>>,
    /// Items that cannot start before the workstream is finished.
    pub blocks: Vec<Shorthand<NeedSection>>,
    /// Tasks of the workstream.
    pub tasks: Vec<TaskSection>,
    /// Address of evidence or details.
    pub link: Scalar<Link>,
    /// Remarks.
    pub notes: Vec<Scalar<Text>>,
}

/// A task. Exactly one of `todo`, `partial`, `done`, `waived` and `ref` is required.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(transform = one_status)]
pub struct TaskSection {
    /// Text of a task that has not been started.
    pub todo: Scalar<Text>,
    /// Text of a task that has been started.
    pub partial: Scalar<Text>,
    /// Text of a finished task.
    pub done: Scalar<Text>,
    /// Text of a task that is not required. `reason` is required.
    pub waived: Scalar<Text>,
    /// Path of a task that is defined in another workstream and shared.
    pub r#ref: Scalar<Reference>,
    /// Id of the task. Default: derived from its text.
    pub id: Scalar<Id>,
    /// Completion of a partial task. Default: `policy.partial_credit`.
    pub complete: Scalar<Ratio>,
    /// Weight among the tasks of the workstream. Default: `1`.
    pub weight: Scalar<Weight>,
    /// Name of the assignee, or a list of names.
    pub assignee: OneOrMore<Text>,
    /// Due date.
    pub due: Scalar<DayOrMonth>,
    /// Duration.
    pub estimate: Scalar<Estimate>,
    /// First day on which work is possible.
    pub not_before: Scalar<Date>,
    /// Actual start.
    pub started: Scalar<Date>,
    /// Actual finish.
    pub finished: Scalar<Date>,
    /// Items that must be finished before the task can start.
    pub needs: Vec<Shorthand<NeedSection>>,
    /// Items that cannot start before the task is finished.
    pub blocks: Vec<Shorthand<NeedSection>>,
    /// Reason for the waiver.
    pub reason: Scalar<Text>,
    /// Last day of the waiver.
    pub until: Scalar<Date>,
    /// `false`: the estimate of the workstream never covered the waived task, so that the waiver does not shorten the
    /// workstream. Default: `true`.
    pub in_estimate: Scalar<bool>,
    /// Address of evidence or details.
    pub link: Scalar<Link>,
    /// Remark.
    pub note: Scalar<Text>,
}

/// Test coverage by feature.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CoverageSection {
    /// Required test coverage of every feature.
    pub target: Scalar<Ratio>,
    /// Test coverage of each feature.
    pub features: Entries<Scalar<Ratio>>,
}

/// A milestone.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MilestoneSection {
    /// Display name. Default: the id.
    pub title: Scalar<Text>,
    /// Due date.
    pub due: Scalar<DayOrMonth>,
    /// Due date in the baseline plan.
    pub baseline: Scalar<DayOrMonth>,
    /// Date on which the milestone was reached.
    pub done: Scalar<Date>,
    /// Name of the owner.
    pub owner: Scalar<Text>,
    /// First day on which the milestone can be reached.
    pub not_before: Scalar<Date>,
    /// Items that must be finished before the milestone is reached.
    pub needs: Vec<Shorthand<NeedSection>>,
    /// Allow the milestone to be reached before its due date, although it needs nothing or only milestones.
    /// Default: `false`.
    pub early: Scalar<bool>,
    /// Address of evidence or details.
    pub link: Scalar<Link>,
    /// Remark.
    pub note: Scalar<Text>,
}

/// A phase of the plan.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["when", "title"]))]
pub struct PhaseSection {
    /// Last day of the phase.
    pub when: Scalar<DayOrMonth>,
    /// Title of the phase.
    pub title: Scalar<Text>,
    /// Address of details.
    pub link: Scalar<Link>,
}

/// A risk event.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RiskSection {
    /// Description of the event. Default: the id.
    pub title: Scalar<Text>,
    /// Severity.
    pub severity: Scalar<RiskSeverity>,
    /// Probability that the event occurs. A forecast ignores a risk without it.
    pub probability: Scalar<Ratio>,
    /// Delay of each affected item. A forecast ignores a risk without it.
    pub delay: Scalar<Estimate>,
    /// Affected items.
    pub affects: Vec<Scalar<Reference>>,
    /// Consequence.
    pub impact: Scalar<Text>,
    /// Measures against the risk.
    pub mitigation: Scalar<Text>,
    /// Address of details.
    pub link: Scalar<Link>,
}

/// A next action.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["action"]))]
pub struct ActionSection {
    /// Text of the action.
    pub action: Scalar<Text>,
    /// Planned date.
    pub when: Scalar<DayOrMonth>,
    /// Time frame in words.
    pub horizon: Scalar<Text>,
    /// Item that the action contributes to. Use a milestone only if the action completes it.
    pub r#for: Scalar<Reference>,
    /// Address of details.
    pub link: Scalar<Link>,
    /// Remark.
    pub note: Scalar<Text>,
}

/// Working hours of a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HoursPerDay(pub f64);

impl ScalarFormat for HoursPerDay {
    const NAME: &'static str = "working hours";
    const EXPECTED: &'static str = "a number from 0.5 to 24, such as `7.5`";
    const JSON_TYPE: JsonType = JsonType::Number { minimum: 0.5, maximum: 24.0 };

    fn parse(text: &str) -> Result<Self, ParseError> {
        match number(text) {
            Some(hours) if (0.5..=24.0).contains(&hours) => Ok(Self(hours)),
            _ => Err(ParseError::invalid::<Self>(text)),
        }
    }
}

/// Version of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FormatVersion;

impl ScalarFormat for FormatVersion {
    const NAME: &'static str = "version";
    const EXPECTED: &'static str = "`1`";
    const JSON_TYPE: JsonType = JsonType::Number { minimum: 1.0, maximum: 1.0 };

    fn parse(text: &str) -> Result<Self, ParseError> {
        if text == "1" { Ok(Self) } else { Err(ParseError::invalid::<Self>(text)) }
    }
}
