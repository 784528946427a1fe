//! The readiness file as it is written: version 1. Doc comments here become the JSON Schema's.
//!
//! Every scalar keeps its own mistake, so that one bad value doesn't hide the rest of the file.

use schemars::JsonSchema;
use serde::Deserialize;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use crate::date::DayOrMonth;
use crate::format::component::ComponentSection;
use crate::format::fields::{Entries, Scalar, one_status, project_required};
use crate::name::{Id, Priority, Reference, RiskSeverity, Text};
use crate::quantity::{Estimate, Points, Ratio, Weight, WorkTime};
use crate::scalar::{JsonType, ParseError, ScalarFormat};

/// One project's readiness for production.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(title = "Readiness file, version 1", transform = project_required)]
pub struct Document {
    /// The version of this format: 1.
    pub version: Scalar<FormatVersion>,
    /// The project's id, unique among all files that are served together.
    pub project: Scalar<Id>,
    /// What people call the project.
    pub title: Scalar<Text>,
    /// Where the project stands, in a word or two.
    pub status: Scalar<Text>,
    /// The day on which the plan began.
    pub start: Scalar<Date>,
    /// The status date: the day on which all this was last true.
    pub as_of: Scalar<Date>,
    /// The day on which the project has to be ready.
    pub target: Scalar<DayOrMonth>,
    /// The day of the next review.
    pub next_review: Scalar<Date>,
    /// The IANA time zone in which days begin and end; UTC unless given.
    pub timezone: Scalar<TimeZone>,
    /// On which days people work.
    pub calendar: CalendarSection,
    /// How completion is counted.
    pub policy: PolicySection,
    /// The completion that was planned, by day, from the day on which the plan began.
    pub baseline: Vec<BaselineSection>,
    /// The completion that people report for the whole project.
    pub reported: Scalar<Ratio>,
    /// The areas of the project, by id.
    pub areas: Entries<AreaSection>,
    /// The milestones, by id.
    pub milestones: Entries<MilestoneSection>,
    /// The items that people believe to be the critical path, in order.
    pub critical_path: Vec<Scalar<Reference>>,
    /// The phases of the plan, in order.
    pub phases: Vec<PhaseSection>,
    /// What may go wrong, by id.
    pub risks: Entries<RiskSection>,
    /// What to do next.
    pub actions: Vec<ActionSection>,
    /// Whatever else readers should know.
    pub notes: Vec<Scalar<Text>>,
}

/// On which days people work.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CalendarSection {
    /// The days of the week on which people work; Monday to Friday unless given.
    pub workdays: Vec<Scalar<Weekday>>,
    /// Days on which nobody works.
    pub holidays: Vec<Scalar<Date>>,
}

/// How completion is counted.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PolicySection {
    /// What a partial task without `complete` counts; 0% unless given.
    pub partial_credit: Scalar<Ratio>,
    /// How far figures may lie apart before `check` says so; 3% unless given.
    pub tolerance: Scalar<Ratio>,
    /// After how much working time without an update the status is stale; 10d unless given.
    pub stale_after: Scalar<WorkTime>,
}

/// A point of the plan's line; between two of them it is straight.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["when", "complete"]))]
pub struct BaselineSection {
    /// The day at whose end it holds.
    pub when: Scalar<DayOrMonth>,
    /// The completion that was planned for then; on the first day, what was complete already.
    pub complete: Scalar<Ratio>,
}

/// A part of the project with a completion of its own.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AreaSection {
    /// What people call it; its id unless given.
    pub title: Scalar<Text>,
    /// How much it matters.
    pub priority: Scalar<Priority>,
    /// What it counts beside the other areas; 1 unless given.
    pub weight: Scalar<Weight>,
    /// The completion that people report.
    pub reported: Scalar<Ratio>,
    /// What is done and belongs to no workstream.
    pub done: Vec<Scalar<Text>>,
    /// What is left, by id.
    pub workstreams: Entries<WorkstreamSection>,
    /// The completion of the area's components, by name.
    pub breakdown: Entries<ComponentSection>,
    /// Test coverage by feature.
    pub coverage: CoverageSection,
    /// Whatever else readers should know.
    pub notes: Vec<Scalar<Text>>,
}

/// Tasks that belong together and are finished together.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WorkstreamSection {
    /// What people call it; its id unless given.
    pub title: Scalar<Text>,
    /// The percentage points of the area that are earned when it is done.
    pub points: Scalar<Points>,
    /// How long all of it takes.
    pub estimate: Scalar<Estimate>,
    /// The completion, for a workstream without tasks.
    pub complete: Scalar<Ratio>,
    /// Whether other work waits for it.
    pub blocker: Scalar<bool>,
    /// What its lack means, in words.
    pub impact: Scalar<Text>,
    /// The day on which work began.
    pub started: Scalar<Date>,
    /// The day on which it is due.
    pub due: Scalar<DayOrMonth>,
    /// What must be finished before it can begin.
    pub needs: Vec<Scalar<Reference>>,
    /// What can't begin before it is finished.
    pub blocks: Vec<Scalar<Reference>>,
    /// The tasks.
    pub tasks: Vec<TaskSection>,
    /// Whatever else readers should know.
    pub notes: Vec<Scalar<Text>>,
}

/// One task: exactly one of `todo`, `partial`, `done`, `waived` and `ref`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(transform = one_status)]
pub struct TaskSection {
    /// What is to be done.
    pub todo: Scalar<Text>,
    /// What has been begun.
    pub partial: Scalar<Text>,
    /// What is done.
    pub done: Scalar<Text>,
    /// What needn't be done; `reason` says why.
    pub waived: Scalar<Text>,
    /// The path of a task that stands elsewhere and is shared.
    pub r#ref: Scalar<Reference>,
    /// The task's id; made of its text unless given.
    pub id: Scalar<Id>,
    /// How much of a partial task is complete.
    pub complete: Scalar<Ratio>,
    /// What it counts beside the other tasks; 1 unless given.
    pub weight: Scalar<Weight>,
    /// Who does it.
    pub assignee: Scalar<Text>,
    /// The day on which it is due.
    pub due: Scalar<DayOrMonth>,
    /// How long it takes.
    pub estimate: Scalar<Estimate>,
    /// The day on which work began.
    pub started: Scalar<Date>,
    /// The day on which it was finished.
    pub finished: Scalar<Date>,
    /// What must be finished before it can begin.
    pub needs: Vec<Scalar<Reference>>,
    /// What can't begin before it is finished.
    pub blocks: Vec<Scalar<Reference>>,
    /// Why a waived task is waived.
    pub reason: Scalar<Text>,
    /// The last day of the waiver.
    pub until: Scalar<Date>,
    /// Whatever else readers should know.
    pub note: Scalar<Text>,
}

/// Test coverage by feature.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CoverageSection {
    /// The coverage that every feature has to reach.
    pub target: Scalar<Ratio>,
    /// The coverage reached, by the feature's name.
    pub features: Entries<Scalar<Ratio>>,
}

/// A point in time that people agreed on.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MilestoneSection {
    /// What people call it; its id unless given.
    pub title: Scalar<Text>,
    /// The day, or the month, in which it is due.
    pub due: Scalar<DayOrMonth>,
    /// The day on which it was due when the plan was agreed.
    pub baseline: Scalar<DayOrMonth>,
    /// The day on which it was reached.
    pub done: Scalar<Date>,
    /// What must be finished before it is reached.
    pub needs: Vec<Scalar<Reference>>,
    /// Whatever else readers should know.
    pub note: Scalar<Text>,
}

/// A phase of the plan.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["when", "title"]))]
pub struct PhaseSection {
    /// The last day of the phase, or its month.
    pub when: Scalar<DayOrMonth>,
    /// What the phase is about.
    pub title: Scalar<Text>,
}

/// Something that may go wrong.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RiskSection {
    /// What may happen; its id unless given.
    pub title: Scalar<Text>,
    /// How bad it is.
    pub severity: Scalar<RiskSeverity>,
    /// How likely it is.
    pub probability: Scalar<Ratio>,
    /// By how much it delays what it affects.
    pub delay: Scalar<Estimate>,
    /// The items that it affects.
    pub affects: Vec<Scalar<Reference>>,
    /// What follows, in words.
    pub impact: Scalar<Text>,
    /// What is done against it.
    pub mitigation: Scalar<Text>,
}

/// Something to do next.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["action"]))]
pub struct ActionSection {
    /// What to do.
    pub action: Scalar<Text>,
    /// By which day, or in which month.
    pub when: Scalar<DayOrMonth>,
    /// How soon, in words.
    pub horizon: Scalar<Text>,
    /// The item that it furthers.
    pub r#for: Scalar<Reference>,
    /// Whatever else readers should know.
    pub note: Scalar<Text>,
}

/// The version of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FormatVersion;

impl ScalarFormat for FormatVersion {
    const EXPECTED: &'static str = "the version `1`";
    const JSON_TYPE: JsonType = JsonType::Number { minimum: 1.0, maximum: 1.0 };

    fn parse(text: &str) -> Result<Self, ParseError> {
        if text == "1" { Ok(Self) } else { Err(ParseError::expected::<Self>(text)) }
    }
}
