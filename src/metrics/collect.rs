//! From a project to its samples: one function per group of families.
//!
//! Dates are instants in the project's time zone: what is due, the last second of its day; what
//! begins, the first. Working time is in seconds of working days, 86,400 each.

use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::date::{DayOrMonth, end_of_day, start_of_day};
use crate::finding::Kind;
use crate::metrics::FamilyId;
use crate::metrics::text::{Fragment, FragmentBuilder};
use crate::model::blocking;
use crate::model::completion;
use crate::model::completion::{Completion, TaskCounts};
use crate::model::{Area, Item, Milestone, Project, Risk, Status, Task, Workstream};
use crate::quantity::{Estimate, Ratio};
use crate::schedule::earned::EarnedSchedule;
use crate::schedule::finish::{ByModel, FinishPercentiles};
use crate::schedule::forecast::{Forecast, ItemForecast};
use crate::schedule::timeline::Timeline;

/// Seconds of a working day: dividing a working time by it gives working days.
const WORKING_DAY: f64 = 86_400.0;

/// The samples of a project; `inconsistencies` counts its warnings by kind.
#[must_use]
pub fn project(
    project: &Project,
    completion: &Completion,
    forecast: &Forecast,
    inconsistencies: &[(Kind, usize)],
    tasks: bool,
) -> Fragment {
    let mut collector = Collector::new(project, completion);
    collector.project();
    collector.forecast(forecast);
    for (index, area) in project.areas.iter().enumerate() {
        collector.area(index, area);
    }
    collector.workstreams();
    collector.plan();
    for (index, milestone) in project.milestones.iter().enumerate() {
        collector.milestone(index, milestone);
    }
    project.risks.iter().for_each(|risk| collector.risk(risk));
    for (kind, count) in inconsistencies {
        collector.sample(FamilyId::Inconsistencies, &[kind.name()], count_of(*count));
    }
    if tasks {
        collector.tasks();
    }
    collector.out.finish()
}

/// Why a file's present content isn't served: a closed list, the values of the label `reason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureReason {
    /// It can't be read, or isn't there.
    Unreadable,
    /// It has errors.
    Invalid,
    /// Its project is served from another file.
    DuplicateProject,
}

impl FailureReason {
    /// Every reason, in the order of the documentation.
    pub const ALL: [Self; 3] = [Self::Unreadable, Self::Invalid, Self::DuplicateProject];

    /// The value of the label.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Invalid => "invalid",
            Self::DuplicateProject => "duplicate_project",
        }
    }
}

/// A file's health.
#[derive(Debug, Clone)]
pub struct FileHealth {
    /// The id of the project that is served from the file.
    pub project: Option<Box<str>>,
    /// Whether its present content is what is served.
    pub up: bool,
    /// When the content that is served was loaded.
    pub loaded_at: Option<Timestamp>,
    /// How many errors its present content has.
    pub errors: usize,
    /// How many warnings.
    pub warnings: usize,
    /// How often new content was looked at.
    pub reloads: u64,
    /// How often new content wasn't served, by reason.
    pub failures: [u64; FailureReason::ALL.len()],
}

/// How many series a file's health has at most.
pub const HEALTH_SERIES: usize = 6 + FailureReason::ALL.len();

/// The samples of a file's health.
#[must_use]
pub fn health(path: &Path, health: &FileHealth) -> Fragment {
    let mut out = FragmentBuilder::default();
    let file = path.to_string_lossy();
    let file = file.as_ref();
    out.sample(FamilyId::FileInfo, &[file, health.project.as_deref().unwrap_or_default()], 1.0);
    out.sample(FamilyId::FileUp, &[file], f64::from(health.up));
    if let Some(at) = health.loaded_at {
        out.sample(FamilyId::FileLastLoad, &[file], seconds(at));
    }
    out.sample(FamilyId::FileErrors, &[file], count_of(health.errors));
    out.sample(FamilyId::FileWarnings, &[file], count_of(health.warnings));
    out.sample(FamilyId::FileReloadsTotal, &[file], counter(health.reloads));
    for (reason, failures) in FailureReason::ALL.iter().zip(health.failures) {
        out.sample(FamilyId::FileReloadFailuresTotal, &[file, reason.name()], counter(failures));
    }
    out.finish()
}

/// Writes samples that all carry one project's label.
struct Collector<'a> {
    project: &'a Project,
    completion: &'a Completion,
    id: &'a str,
    out: FragmentBuilder,
}

impl<'a> Collector<'a> {
    fn new(project: &'a Project, completion: &'a Completion) -> Self {
        Self { project, completion, id: project.id.as_str(), out: FragmentBuilder::default() }
    }

    fn project(&mut self) {
        let project = self.project;
        self.sample(FamilyId::ProjectInfo, &[&project.title, text(project.status.as_deref())], 1.0);
        self.ratio(FamilyId::ProjectCompletion, &["earned"], self.completion.project());
        self.ratio(FamilyId::ProjectCompletion, &["reported"], completion::reported(project));
        self.start(FamilyId::ProjectStart, &[], project.start);
        self.start(FamilyId::ProjectAsOf, &[], project.as_of);
        if let Some(as_of) = project.as_of {
            let days = project.policy.stale_after.days(f64::from(project.calendar.days_per_week()));
            self.sample(FamilyId::ProjectStale, &[], seconds(Timeline::at(project, as_of).finish(days)));
        }
        self.end(FamilyId::ProjectTarget, &[], project.target);
        self.end(FamilyId::ProjectNextReview, &[], project.next_review);
    }

    fn area(&mut self, index: usize, area: &Area) {
        let id = area.id.as_str();
        let priority = area.priority.map_or("", |priority| priority.name());
        self.sample(FamilyId::AreaInfo, &[id, &area.title, priority], 1.0);
        self.ratio(FamilyId::AreaCompletion, &[id, "earned"], self.completion.area(index));
        self.ratio(FamilyId::AreaCompletion, &[id, "reported"], area.reported);
        self.sample(FamilyId::AreaWeight, &[id], area.weight.get());
        if !area.done.is_empty() {
            self.sample(FamilyId::Tasks, &[id, "", "done"], count_of(area.done.len()));
        }
        for component in &area.components {
            let labels = [id, &*component.name];
            self.sample(FamilyId::ComponentCompletion, &labels, component.complete.get());
            self.ratio(FamilyId::ComponentTarget, &labels, component.target);
            if let Some(note) = &component.note {
                self.sample(FamilyId::ComponentInfo, &[labels[0], labels[1], note], 1.0);
            }
        }
        for feature in &area.features {
            let labels = [id, &*feature.name];
            self.sample(FamilyId::Coverage, &labels, feature.coverage.get());
            self.ratio(FamilyId::CoverageTarget, &labels, area.coverage_target);
        }
    }

    fn workstreams(&mut self) {
        let blocked = blocking::blocked_points(self.project, self.completion);
        for (area, index, stream) in self.project.workstreams() {
            let labels = [self.project.areas[area].id.as_str(), stream.id.as_str()];
            let completion = self.completion.workstream(area, index);
            self.sample(FamilyId::WorkstreamCompletion, &labels, completion.get());
            let blocked = blocked.get(&(area, index)).copied().unwrap_or_default();
            self.sample(FamilyId::WorkstreamBlockedPoints, &labels, blocked);
            self.workstream(labels, stream);
        }
    }

    fn workstream(&mut self, [area, id]: [&str; 2], stream: &Workstream) {
        let impact = text(stream.impact.as_deref());
        let blocker = if stream.blocker { "true" } else { "false" };
        self.sample(FamilyId::WorkstreamInfo, &[area, id, &stream.title, blocker, impact], 1.0);
        if let Some(points) = stream.points {
            self.sample(FamilyId::WorkstreamPoints, &[area, id], points.get());
        }
        self.estimate(FamilyId::WorkstreamEstimate, &[area, id], stream.estimate);
        self.end(FamilyId::WorkstreamDue, &[area, id], stream.due.map(DayOrMonth::last_day));
        let own = stream.tasks.iter().filter_map(completion::own_task);
        self.task_counts(area, id, completion::counts(own));
    }

    fn task_counts(&mut self, area: &str, workstream: &str, counts: TaskCounts) {
        let TaskCounts { done, partial, todo, waived } = counts;
        for (status, count) in [("done", done), ("partial", partial), ("todo", todo), ("waived", waived)] {
            self.sample(FamilyId::Tasks, &[area, workstream, status], count_of(count));
        }
    }

    fn tasks(&mut self) {
        for area in &self.project.areas {
            for task in &area.done {
                self.task(area, "", task);
            }
            for stream in &area.workstreams {
                for task in stream.tasks.iter().filter_map(completion::own_task) {
                    self.task(area, stream.id.as_str(), task);
                }
            }
        }
    }

    fn task(&mut self, area: &Area, workstream: &str, task: &Task) {
        let labels = [area.id.as_str(), workstream, task.id.as_str()];
        let [area, workstream, id] = labels;
        let assignee = text(task.assignee.as_deref());
        let info = [area, workstream, id, &task.title, assignee, task.status.name()];
        self.sample(FamilyId::TaskInfo, &info, 1.0);
        let credit = completion::credit(task, &self.project.policy);
        self.ratio(FamilyId::TaskCompletion, &labels, credit);
        self.estimate(FamilyId::TaskEstimate, &labels, task.estimate);
        self.end(FamilyId::TaskDue, &labels, task.due.map(DayOrMonth::last_day));
        if let Status::Waived { reason, until } = &task.status {
            self.sample(FamilyId::TaskWaiverInfo, &[area, workstream, id, reason], 1.0);
            self.end(FamilyId::TaskWaivedUntil, &labels, *until);
        }
    }

    /// What belongs to no single item: dependencies, the critical path, phases, actions, notes.
    fn plan(&mut self) {
        let project = self.project;
        let mut edges: Vec<(Item, Item)> = project.dependencies.iter().map(|it| (it.from, it.to)).collect();
        edges.sort_unstable();
        edges.dedup();
        for (from, to) in edges {
            self.sample(FamilyId::DependencyInfo, &[&project.path(from), &project.path(to)], 1.0);
        }
        for (position, item) in project.critical_path.iter().enumerate() {
            self.sample(FamilyId::CriticalPathPosition, &[&project.path(*item)], count_of(position + 1));
        }
        for (index, phase) in project.phases.iter().enumerate() {
            let number = (index + 1).to_string();
            self.sample(FamilyId::PhaseInfo, &[&number, &phase.title], 1.0);
            self.end(FamilyId::PhaseEnd, &[&number], phase.when.map(DayOrMonth::last_day));
        }
        for (index, action) in project.actions.iter().enumerate() {
            let number = (index + 1).to_string();
            let item = action.item.map_or_else(String::new, |item| project.path(item));
            let horizon = text(action.horizon.as_deref());
            let when = action.when.map_or_else(String::new, |when| when.to_string());
            let note = text(action.note.as_deref());
            self.sample(FamilyId::ActionInfo, &[&number, &action.title, &when, horizon, &item, note], 1.0);
            self.end(FamilyId::ActionDue, &[&number], action.when.map(DayOrMonth::last_day));
        }
        for (index, note) in project.notes.iter().enumerate() {
            let item = note.item.map_or_else(String::new, |item| project.path(item));
            self.sample(FamilyId::NoteInfo, &[&(index + 1).to_string(), &item, &note.text], 1.0);
        }
    }

    fn milestone(&mut self, index: usize, milestone: &Milestone) {
        let id = milestone.id.as_str();
        let note = text(milestone.note.as_deref());
        self.sample(FamilyId::MilestoneInfo, &[id, &milestone.title, note], 1.0);
        let completion = self.completion.milestone(index);
        self.sample(FamilyId::MilestoneCompletion, &[id], completion.get());
        self.end(FamilyId::MilestoneDue, &[id], milestone.due.map(DayOrMonth::last_day));
        self.end(FamilyId::MilestoneBaseline, &[id], milestone.baseline.map(DayOrMonth::last_day));
        self.end(FamilyId::MilestoneDone, &[id], milestone.done);
    }

    fn risk(&mut self, risk: &Risk) {
        let id = risk.id.as_str();
        let severity = risk.severity.map_or("", |severity| severity.name());
        let (impact, mitigation) = (text(risk.impact.as_deref()), text(risk.mitigation.as_deref()));
        self.sample(FamilyId::RiskInfo, &[id, &risk.title, severity, impact, mitigation], 1.0);
        self.ratio(FamilyId::RiskProbability, &[id], risk.probability);
        self.estimate(FamilyId::RiskDelay, &[id], risk.delay);
        for item in &risk.affects {
            self.sample(FamilyId::RiskAffectsInfo, &[id, &self.project.path(*item)], 1.0);
        }
    }
}

/// What is forecast.
impl Collector<'_> {
    fn forecast(&mut self, forecast: &Forecast) {
        let timeline = Timeline::at(self.project, forecast.status_date);
        self.sample(FamilyId::ForecastStart, &[], seconds(forecast.start));
        let offset = self.project.zone.to_offset(forecast.start).seconds();
        self.sample(FamilyId::ProjectUtcOffset, &[], f64::from(offset));
        for (basis, count) in forecast.counts() {
            self.sample(FamilyId::ForecastItems, &[basis], count_of(count));
        }
        if let Some(end) = &forecast.end {
            self.finish(FamilyId::ProjectForecast, &[], end.finish, timeline);
            self.on_time(FamilyId::ProjectOnTime, &[], end.finish);
            self.slips(FamilyId::ProjectSlip, &[], end.finish, end.due);
        }
        for (item, forecast) in &forecast.items {
            let path = self.project.path(*item);
            self.sample(FamilyId::ItemInfo, &[&path, self.project.title(*item)], 1.0);
            match *item {
                Item::Workstream(area, index) => self.workstream_forecast(area, index, forecast, timeline),
                Item::Milestone(index) => self.milestone_forecast(index, forecast, timeline),
                Item::Area(_) | Item::Task(_) => continue,
            }
            if forecast.finish.is_some() {
                self.sample(FamilyId::Criticality, &[&path], forecast.criticality);
            }
        }
        if let Some(earned) = &forecast.earned_schedule {
            self.earned_schedule(earned);
        }
    }

    fn workstream_forecast(&mut self, area: usize, index: usize, forecast: &ItemForecast, timeline: Timeline<'_>) {
        let (project, stream) = (self.project, self.project.workstream(area, index));
        let labels = [project.areas[area].id.as_str(), stream.id.as_str()];
        if let Some(finish) = forecast.finish {
            self.finish(FamilyId::WorkstreamForecast, &labels, finish, timeline);
            let start = stream.started.map(|day| start_of_day(day, &project.zone));
            let start = start.unwrap_or_else(|| timeline.begin(forecast.early.0));
            self.sample(FamilyId::WorkstreamStart, &labels, seconds(start));
        }
    }

    fn milestone_forecast(&mut self, index: usize, forecast: &ItemForecast, timeline: Timeline<'_>) {
        let project = self.project;
        let labels = [project.milestones[index].id.as_str()];
        self.sample(FamilyId::MilestoneUnestimated, &labels, count_of(forecast.without_estimate.len()));
        let Some(finish) = forecast.finish else { return };
        self.finish(FamilyId::MilestoneForecast, &labels, finish, timeline);
        self.on_time(FamilyId::MilestoneOnTime, &labels, finish);
        self.slips(FamilyId::MilestoneSlip, &labels, finish, forecast.due);
        if forecast.due.is_some() {
            self.sample(FamilyId::MilestoneFloat, &labels, (forecast.total_float() * WORKING_DAY).round());
        }
        if let Some(root) = forecast.driving_root {
            let labels = [labels[0], &project.path(root)];
            self.sample(FamilyId::ForecastRoot, &labels, 1.0);
            if forecast.is_late() {
                self.sample(FamilyId::SlipRoot, &labels, 1.0);
            }
        }
    }

    fn earned_schedule(&mut self, earned: &EarnedSchedule) {
        self.sample(FamilyId::ProjectBaseline, &[], earned.planned_completion);
        let paces = [("observed", earned.observed_pace), ("required", earned.required_pace)];
        for (pace, ratio) in paces {
            if let Some(ratio) = ratio {
                self.sample(FamilyId::ProjectPace, &[pace], ratio);
            }
        }
        if let Some(performance) = earned.performance() {
            self.sample(FamilyId::ProjectSpi, &[], performance);
        }
        if let Some(to_complete) = earned.to_complete() {
            self.sample(FamilyId::ProjectTspi, &[], to_complete);
        }
    }

    fn finish(
        &mut self,
        family: FamilyId,
        labels: &[&str],
        finish: ByModel<FinishPercentiles>,
        timeline: Timeline<'_>,
    ) {
        for (model, finish) in finish.entries() {
            for (percentile, days) in finish.percentiles.entries() {
                let mut values = labels.to_vec();
                values.extend([percentile.name(), model.name()]);
                self.sample(family, &values, seconds(timeline.finish(days)));
            }
        }
    }

    fn slips(&mut self, family: FamilyId, labels: &[&str], finish: ByModel<FinishPercentiles>, due: Option<f64>) {
        let Some(due) = due else { return };
        for (model, finish) in finish.entries() {
            for (percentile, days) in finish.slip(due).entries() {
                let mut values = labels.to_vec();
                values.extend([percentile.name(), model.name()]);
                self.sample(family, &values, (days * WORKING_DAY).round());
            }
        }
    }

    fn on_time(&mut self, family: FamilyId, labels: &[&str], finish: ByModel<FinishPercentiles>) {
        for (model, finish) in finish.entries() {
            if let Some(probability) = finish.on_time {
                let mut values = labels.to_vec();
                values.push(model.name());
                self.sample(family, &values, probability);
            }
        }
    }
}

/// The small steps that the others are made of.
impl Collector<'_> {
    fn sample(&mut self, family: FamilyId, labels: &[&str], value: f64) {
        let mut values: [&str; 8] = [""; 8];
        values[0] = self.id;
        values[1..=labels.len()].copy_from_slice(labels);
        self.out.sample(family, &values[..=labels.len()], value);
    }

    fn ratio(&mut self, family: FamilyId, labels: &[&str], ratio: Option<Ratio>) {
        if let Some(ratio) = ratio {
            self.sample(family, labels, ratio.get());
        }
    }

    fn start(&mut self, family: FamilyId, labels: &[&str], day: Option<Date>) {
        if let Some(day) = day {
            self.sample(family, labels, seconds(start_of_day(day, &self.project.zone)));
        }
    }

    fn end(&mut self, family: FamilyId, labels: &[&str], day: Option<Date>) {
        if let Some(day) = day {
            self.sample(family, labels, seconds(end_of_day(day, &self.project.zone)));
        }
    }

    fn estimate(&mut self, family: FamilyId, labels: &[&str], estimate: Option<Estimate>) {
        let Some(estimate) = estimate else { return };
        let week = f64::from(self.project.calendar.days_per_week());
        let bounds =
            [("optimistic", estimate.optimistic), ("likely", estimate.likely), ("pessimistic", estimate.pessimistic)];
        for (bound, time) in bounds {
            let mut values = labels.to_vec();
            values.push(bound);
            self.sample(family, &values, time.days(week) * WORKING_DAY);
        }
    }
}

fn text(text: Option<&str>) -> &str {
    text.unwrap_or_default()
}

#[expect(clippy::cast_precision_loss, reason = "seconds since 1970 stay far below 2^52")]
fn seconds(at: Timestamp) -> f64 {
    at.as_second() as f64
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn count_of(count: usize) -> f64 {
    count as f64
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn counter(count: u64) -> f64 {
    count as f64
}
