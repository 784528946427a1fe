//! From a project to its samples: one function per group of families.
//!
//! Dates are Unix timestamps in the project's time zone: a due date is the last second of its day, a
//! start date the first. Working time is in seconds, 86,400 per working day.

mod forecast;
mod items;

use jiff::civil::Date;

use crate::date::{DayOrMonth, end_of_day, start_of_day};
use crate::finding::Kind;
use crate::metrics::series::Series;
use crate::metrics::text::{Fragment, FragmentBuilder, count, seconds};
use crate::metrics::{label, series};
use crate::model::blocking;
use crate::model::completion;
use crate::model::completion::{Completion, TaskCounts};
use crate::model::{Area, Dependency, Item, Milestone, Project, Risk, Status, Task, Workstream};
use crate::quantity::{Estimate, Ratio};
use crate::schedule::forecast::Forecast;
use crate::schedule::timeline::Timeline;

const SECONDS_PER_WORKING_DAY: f64 = 86_400.0;

/// The samples of a project; `warnings` counts its warnings by kind.
#[must_use]
pub(crate) fn project(
    project: &Project,
    completion: &Completion,
    forecast: &Forecast,
    warnings: &[(Kind, usize)],
    with_tasks: bool,
) -> Fragment {
    let mut collector = Collector::new(project, completion);
    collector.project();
    collector.forecast(forecast);
    for (index, area) in project.areas.iter().enumerate() {
        collector.area(index, area);
    }
    collector.workstreams();
    collector.dependencies();
    collector.owners();
    collector.earliest_starts(with_tasks);
    collector.links(with_tasks);
    collector.listed_items();
    for (index, milestone) in project.milestones.iter().enumerate() {
        collector.milestone(index, milestone);
    }
    project.risks.iter().for_each(|risk| collector.risk(risk));
    for (kind, number) in warnings {
        let id = collector.id;
        collector.sample(series::Inconsistencies(id, label::Kind(kind.name())), count(*number));
    }
    if with_tasks {
        collector.tasks();
    }
    collector.out.finish()
}

struct Collector<'a> {
    project: &'a Project,
    completion: &'a Completion,
    id: label::Project<'a>,
    out: FragmentBuilder,
}

impl<'a> Collector<'a> {
    fn new(project: &'a Project, completion: &'a Completion) -> Self {
        let id = label::Project(project.id.as_str());
        Self { project, completion, id, out: FragmentBuilder::default() }
    }

    fn project(&mut self) {
        let (project, id) = (self.project, self.id);
        let info =
            series::ProjectInfo(id, label::Title(&project.title), label::Status(text(project.status.as_deref())));
        self.sample(info, 1.0);
        self.ratio(series::ProjectCompletion(id, EARNED), self.completion.project());
        self.ratio(series::ProjectCompletion(id, REPORTED), completion::reported(project));
        self.start(series::ProjectStart(id), project.start);
        self.start(series::ProjectAsOf(id), project.as_of);
        if let Some(as_of) = project.as_of {
            let days = project.policy.stale_after.days(project.calendar.work_week());
            self.sample(series::ProjectStale(id), seconds(Timeline::at(project, as_of).finish(days)));
        }
        self.end(series::ProjectTarget(id), project.target_day());
        self.end(series::ProjectNextReview(id), project.next_review);
        self.start(series::ProjectReported(id), project.reported.and_then(|it| it.when));
    }

    fn area(&mut self, index: usize, section: &Area) {
        let (id, area) = (self.id, label::Area(section.id.as_str()));
        let priority = label::Priority(section.priority.map_or("", |priority| priority.name()));
        self.sample(series::AreaInfo(id, area, label::Title(&section.title), priority), 1.0);
        self.ratio(series::AreaCompletion(id, area, EARNED), self.completion.area(index));
        self.ratio(series::AreaCompletion(id, area, REPORTED), section.reported.map(|it| it.complete));
        self.start(series::AreaReported(id, area), section.reported.and_then(|it| it.when));
        self.sample(series::AreaWeight(id, area), section.weight.get());
        if !section.done.is_empty() {
            let done = series::Tasks(id, area, label::Workstream(""), label::Status("done"));
            self.sample(done, count(section.done.len()));
        }
        for part in &section.components {
            let component = label::Component(&part.name);
            self.sample(series::ComponentCompletion(id, area, component), part.complete.get());
            self.ratio(series::ComponentTarget(id, area, component), part.target);
            if let Some(note) = &part.note {
                self.sample(series::ComponentInfo(id, area, component, label::Note(note)), 1.0);
            }
        }
        for covered in &section.features {
            let feature = label::Feature(&covered.name);
            self.sample(series::Coverage(id, area, feature), covered.coverage.get());
            self.ratio(series::CoverageTarget(id, area, feature), section.coverage_target);
        }
    }

    fn workstreams(&mut self) {
        let blocked = blocking::blocked_points(self.project, self.completion);
        for (index, number, stream) in self.project.workstreams() {
            let area = label::Area(self.project.areas[index].id.as_str());
            let workstream = label::Workstream(stream.id.as_str());
            let completion = self.completion.workstream(index, number);
            self.sample(series::WorkstreamCompletion(self.id, area, workstream), completion.get());
            let points = blocked.get(&(index, number)).copied().unwrap_or_default();
            self.sample(series::WorkstreamBlockedPoints(self.id, area, workstream), points);
            self.workstream(area, workstream, stream);
        }
    }

    fn workstream(&mut self, area: label::Area<'_>, workstream: label::Workstream<'_>, stream: &Workstream) {
        let id = self.id;
        let (title, impact) = (label::Title(&stream.title), label::Impact(text(stream.impact.as_deref())));
        let blocker = label::Blocker(if stream.blocker { "true" } else { "false" });
        self.sample(series::WorkstreamInfo(id, area, workstream, title, blocker, impact), 1.0);
        if let Some(points) = stream.points {
            self.sample(series::WorkstreamPoints(id, area, workstream), points.get());
        }
        if let Some(priority) = stream.priority {
            let priority = label::Priority(priority.name());
            self.sample(series::WorkstreamPriorityInfo(id, area, workstream, priority), 1.0);
        }
        if let Some(weight) = stream.weight {
            self.sample(series::WorkstreamWeight(id, area, workstream), weight.get());
        }
        self.estimate(stream.estimate, |bound| series::WorkstreamEstimate(id, area, workstream, bound));
        self.end(series::WorkstreamDue(id, area, workstream), stream.due.map(DayOrMonth::last_day));
        let own = stream.tasks.iter().filter_map(completion::own_task);
        let TaskCounts { done, partial, todo, waived } = completion::counts(own);
        for (status, number) in [("done", done), ("partial", partial), ("todo", todo), ("waived", waived)] {
            self.sample(series::Tasks(id, area, workstream, label::Status(status)), count(number));
        }
    }

    fn tasks(&mut self) {
        for section in &self.project.areas {
            let area = label::Area(section.id.as_str());
            for task in &section.done {
                self.task(area, label::Workstream(""), task);
            }
            for stream in &section.workstreams {
                for task in stream.tasks.iter().filter_map(completion::own_task) {
                    self.task(area, label::Workstream(stream.id.as_str()), task);
                }
            }
        }
    }

    fn task(&mut self, area: label::Area<'_>, workstream: label::Workstream<'_>, own: &Task) {
        let (id, task) = (self.id, label::Task(own.id.as_str()));
        let assignees = own.assignees.join(", ");
        let assignee = label::Assignee(&assignees);
        let (title, status) = (label::Title(&own.title), label::Status(own.status.name()));
        self.sample(series::TaskInfo(id, area, workstream, task, title, assignee, status), 1.0);
        let credit = completion::credit(own, &self.project.policy);
        self.ratio(series::TaskCompletion(id, area, workstream, task), credit);
        self.estimate(own.estimate, |bound| series::TaskEstimate(id, area, workstream, task, bound));
        self.end(series::TaskDue(id, area, workstream, task), own.due.map(DayOrMonth::last_day));
        if let Status::Waived { reason, until, .. } = &own.status {
            self.sample(series::TaskWaiverInfo(id, area, workstream, task, label::Reason(reason)), 1.0);
            self.end(series::TaskWaivedUntil(id, area, workstream, task), *until);
        }
    }

    fn dependencies(&mut self) {
        let project = self.project;
        let mut edges: Vec<(Item, Item)> = project.dependencies.iter().map(|it| (it.from, it.to)).collect();
        edges.sort_unstable();
        edges.dedup();
        for (from, to) in edges {
            let (from, to) = (project.path(from), project.path(to));
            self.sample(series::DependencyInfo(self.id, label::From(&from), label::To(&to)), 1.0);
        }
        let mut lags: Vec<&Dependency> = project.dependencies.iter().filter(|it| it.lag != 0.0).collect();
        // If two dependencies connect the same items, the longer lag counts.
        lags.sort_by(|one, other| (one.from, one.to).cmp(&(other.from, other.to)).then(other.lag.total_cmp(&one.lag)));
        lags.dedup_by_key(|it| (it.from, it.to));
        for Dependency { from, to, lag, .. } in lags {
            let (from, to) = (project.path(*from), project.path(*to));
            let series = series::DependencyLag(self.id, label::From(&from), label::To(&to));
            self.sample(series, lag * SECONDS_PER_WORKING_DAY);
        }
    }

    /// The critical path that the file lists, phases, actions and notes: their order is their id.
    fn listed_items(&mut self) {
        let (project, id) = (self.project, self.id);
        for (index, item) in project.critical_path.iter().enumerate() {
            let path = project.path(*item);
            self.sample(series::CriticalPathPosition(id, label::Item(&path)), count(index + 1));
        }
        for (index, phase) in project.phases.iter().enumerate() {
            let number = (index + 1).to_string();
            let number = label::Phase(&number);
            self.sample(series::PhaseInfo(id, number, label::Title(&phase.title)), 1.0);
            self.end(series::PhaseEnd(id, number), phase.when.map(DayOrMonth::last_day));
        }
        for (index, action) in project.actions.iter().enumerate() {
            let number = (index + 1).to_string();
            let number = label::Action(&number);
            let item = action.item.map_or_else(String::new, |item| project.path(item));
            let when = action.when.map_or_else(String::new, |when| when.to_string());
            let (when, horizon) = (label::When(&when), label::Horizon(text(action.horizon.as_deref())));
            let (title, note) = (label::Title(&action.title), label::Note(text(action.note.as_deref())));
            self.sample(series::ActionInfo(id, number, title, when, horizon, label::Item(&item), note), 1.0);
            self.end(series::ActionDue(id, number), action.when.map(DayOrMonth::last_day));
        }
        for (index, note) in project.notes.iter().enumerate() {
            let number = (index + 1).to_string();
            let item = note.item.map_or_else(String::new, |item| project.path(item));
            let info = series::NoteInfo(id, label::Note(&number), label::Item(&item), label::Text(&note.text));
            self.sample(info, 1.0);
        }
    }

    fn milestone(&mut self, index: usize, own: &Milestone) {
        let (id, milestone) = (self.id, label::Milestone(own.id.as_str()));
        let note = label::Note(text(own.note.as_deref()));
        self.sample(series::MilestoneInfo(id, milestone, label::Title(&own.title), note), 1.0);
        self.sample(series::MilestoneCompletion(id, milestone), self.completion.milestone(index).get());
        self.end(series::MilestoneDue(id, milestone), own.due.map(DayOrMonth::last_day));
        self.end(series::MilestoneBaseline(id, milestone), own.baseline.map(DayOrMonth::last_day));
        self.end(series::MilestoneDone(id, milestone), own.done);
    }

    fn risk(&mut self, own: &Risk) {
        let (id, risk) = (self.id, label::Risk(own.id.as_str()));
        let severity = label::Severity(own.severity.map_or("", |severity| severity.name()));
        let (impact, mitigation) = (text(own.impact.as_deref()), text(own.mitigation.as_deref()));
        let (impact, mitigation) = (label::Impact(impact), label::Mitigation(mitigation));
        self.sample(series::RiskInfo(id, risk, label::Title(&own.title), severity, impact, mitigation), 1.0);
        self.ratio(series::RiskProbability(id, risk), own.probability);
        self.estimate(own.delay, |bound| series::RiskDelay(id, risk, bound));
        for item in &own.affects {
            let path = self.project.path(*item);
            self.sample(series::RiskAffectsInfo(id, risk, label::Item(&path)), 1.0);
        }
    }
}

const EARNED: label::Method<'static> = label::Method("earned");
const REPORTED: label::Method<'static> = label::Method("reported");

impl Collector<'_> {
    fn sample(&mut self, series: impl Series, value: f64) {
        self.out.sample(series, value);
    }

    fn ratio(&mut self, series: impl Series, ratio: Option<Ratio>) {
        if let Some(ratio) = ratio {
            self.sample(series, ratio.get());
        }
    }

    fn start(&mut self, series: impl Series, day: Option<Date>) {
        if let Some(day) = day {
            self.sample(series, seconds(start_of_day(day, &self.project.zone)));
        }
    }

    fn end(&mut self, series: impl Series, day: Option<Date>) {
        if let Some(day) = day {
            self.sample(series, seconds(end_of_day(day, &self.project.zone)));
        }
    }

    fn estimate<S: Series>(&mut self, estimate: Option<Estimate>, series: impl Fn(label::Bound<'static>) -> S) {
        let Some(estimate) = estimate else { return };
        let week = self.project.calendar.work_week();
        let bounds =
            [("optimistic", estimate.optimistic), ("likely", estimate.likely), ("pessimistic", estimate.pessimistic)];
        for (bound, time) in bounds {
            self.sample(series(label::Bound(bound)), time.days(week) * SECONDS_PER_WORKING_DAY);
        }
    }
}

fn text(text: Option<&str>) -> &str {
    text.unwrap_or_default()
}
