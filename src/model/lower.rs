//! From the document to the project: invalid values become findings.

mod values;

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::date::DayOrMonth;
use crate::finding::{Finding, Kind, LazyPath, push_limited};
use crate::format::document::{
    ActionSection, AreaSection, BaselineSection, CalendarSection, CoverageSection, Document, MilestoneSection,
    PhaseSection, PolicySection, RiskSection, TaskSection, WorkstreamSection,
};
use crate::format::fields::{Entries, Scalar};
use crate::format::shorthand::Shorthand;
use crate::format::shorthand::component::ComponentSection;
use crate::model::calendar::Calendar;
use crate::model::resolve::{References, Role};
use crate::model::{
    Action, Area, BaselinePoint, Component, Feature, Item, ItemLink, LinkedPart, Milestone, Note, Phase, Policy,
    Project, Risk, Status, Task, TaskEntry, TaskIndex, Workstream,
};
use crate::name::{Id, Text};
use crate::quantity::{Ratio, ReviewInterval, Weight, WorkTime, WorkWeek};
use crate::scalar::ParseError;

/// The project that `document` describes, and every finding about its values and references.
///
/// Invalid values are omitted from the project, so that the rest can still be checked. It is served only
/// if no finding is an error.
#[must_use]
pub(crate) fn lower(document: Document) -> (Project, Vec<Finding>) {
    let mut lowering = Lowering::new();
    let mut project = lowering.document(document);
    let Lowering { mut findings, references, mut links, .. } = lowering;
    links.sort_by(|one, other| one.of.cmp(&other.of));
    project.links = links;
    findings.extend(references.resolve(&mut project));
    (project, findings)
}

struct Lowering {
    findings: Vec<Finding>,
    references: References,
    links: Vec<ItemLink>,
    /// The working week of the calendar, for lags.
    week: WorkWeek,
}

impl Lowering {
    fn new() -> Self {
        let week = Calendar::new(&[], Vec::new()).work_week();
        Self { findings: Vec::new(), references: References::default(), links: Vec::new(), week }
    }

    fn document(&mut self, document: Document) -> Project {
        let root = LazyPath::Root;
        self.take(document.version, &root.key("version"));
        if !document.project.is_present() {
            let missing = Finding::new(Kind::MissingKey, root.to_path(), "the key `project` is missing");
            push_limited(&mut self.findings, || missing.help("add an id, such as `project: webshop`"));
        }
        let id = self.take(document.project.map_error(keep_name), &root.key("project"));
        let calendar = self.calendar(document.calendar, &root.key("calendar"));
        self.week = calendar.work_week();
        self.link(document.link, &root, LinkedPart::Project);
        let areas = self.areas(document.areas, &root.key("areas"));
        let milestones = self.milestones(document.milestones, &root.key("milestones"));
        for (index, scalar) in document.critical_path.into_iter().enumerate() {
            self.refer(scalar, &root.key("critical_path").index(index), Role::Critical(index));
        }
        let risks = self.risks(document.risks, &root.key("risks"));
        let actions = self.actions(document.actions, &root.key("actions"));
        let id = id.unwrap_or_else(Id::unnamed);
        let as_of = self.take(document.as_of, &root.key("as_of"));
        let planned = self.take(document.next_review, &root.key("next_review"));
        let interval = self.take(document.review_every, &root.key("review_every"));
        let next_review = next_review(planned, interval, as_of);
        let mut notes = self.notes(document.notes, &root.key("notes"), None);
        notes.extend(areas.notes);
        Project {
            title: self.title(document.title, &root, id.as_str()),
            id,
            status: self.text(document.status, &root.key("status")),
            start: self.take(document.start, &root.key("start")),
            as_of,
            target: self.take(document.target, &root.key("target")),
            next_review,
            zone: self.take(document.timezone, &root.key("timezone")).unwrap_or(TimeZone::UTC),
            calendar,
            policy: self.policy(document.policy, &root.key("policy")),
            baseline: self.baseline(document.baseline, &root.key("baseline")),
            reported: self.reported(document.reported, &root.key("reported")),
            areas: areas.areas,
            milestones,
            dependencies: Vec::new(),
            critical_path: Vec::new(),
            critical_path_positions: Vec::new(),
            phases: self.phases(document.phases, &root.key("phases")),
            risks,
            actions,
            notes,
            links: Vec::new(),
            added_days: BTreeMap::new(),
        }
    }

    fn calendar(&mut self, section: CalendarSection, at: &LazyPath<'_>) -> Calendar {
        let workdays = self.take_all(section.workdays, &at.key("workdays"));
        let calendar = Calendar::new(&workdays, self.take_all(section.holidays, &at.key("holidays")));
        let hours = self.take(section.hours_per_day, &at.key("hours_per_day"));
        hours.map_or(calendar.clone(), |hours| calendar.with_hours_per_day(hours.0))
    }

    fn policy(&mut self, section: PolicySection, at: &LazyPath<'_>) -> Policy {
        Policy {
            partial_credit: self.take(section.partial_credit, &at.key("partial_credit")).unwrap_or(Ratio::ZERO),
            tolerance: self.take(section.tolerance, &at.key("tolerance")).unwrap_or(Ratio::clamped(0.03)),
            stale_after: self.take(section.stale_after, &at.key("stale_after")).unwrap_or(WorkTime::from_days(10.0)),
            estimate_error: self.take(section.estimate_error, &at.key("estimate_error")).unwrap_or(Ratio::clamped(0.2)),
        }
    }

    fn areas(&mut self, sections: Entries<AreaSection>, at: &LazyPath<'_>) -> Areas {
        let mut areas = Areas::default();
        for (index, (key, section)) in sections.0.into_iter().enumerate() {
            let at = at.key(&key);
            areas.notes.extend(self.notes(section.notes, &at.key("notes"), Some(Item::Area(index))));
            let workstreams = self.workstreams(section.workstreams, index, &at.key("workstreams"), &mut areas.notes);
            let (coverage_target, features) = self.coverage(section.coverage, &at.key("coverage"));
            self.link(section.link, &at, LinkedPart::Item(Item::Area(index)));
            areas.areas.push(Area {
                id: self.id(&key, &at),
                title: self.title(section.title, &at, &key),
                priority: self.take(section.priority, &at.key("priority")),
                weight: self.take(section.weight, &at.key("weight")).unwrap_or_default(),
                owner: self.text(section.owner, &at.key("owner")),
                reported: self.reported(section.reported, &at.key("reported")),
                done: self.done(section.done, &at.key("done")),
                workstreams,
                components: self.components(section.breakdown, index, &at.key("breakdown")),
                coverage_target,
                features,
            });
        }
        areas
    }

    fn done(&mut self, texts: Vec<Scalar<Text>>, at: &LazyPath<'_>) -> Vec<Task> {
        let mut tasks = Vec::with_capacity(texts.len());
        for (index, text) in texts.into_iter().enumerate() {
            let at = at.index(index);
            if let Some(title) = self.take(text, &at) {
                tasks.push(Task {
                    id: self.slug(&title, &at),
                    title: title.into(),
                    status: Status::Done,
                    weight: Weight::default(),
                    assignees: Vec::new(),
                    due: None,
                    estimate: None,
                    not_before: None,
                    started: None,
                    finished: None,
                });
            }
        }
        self.unique(tasks.iter().enumerate().map(|(index, task)| (task.id.as_str(), index)), at);
        tasks
    }

    fn workstreams(
        &mut self,
        sections: Entries<WorkstreamSection>,
        area: usize,
        at: &LazyPath<'_>,
        notes: &mut Vec<Note>,
    ) -> Vec<Workstream> {
        let mut workstreams = Vec::with_capacity(sections.0.len());
        for (index, (key, section)) in sections.0.into_iter().enumerate() {
            let at = at.key(&key);
            let item = Item::Workstream(area, index);
            notes.extend(self.notes(section.notes, &at.key("notes"), Some(item)));
            self.needs(section.needs, &at.key("needs"), |lag| Role::Needs(item, lag));
            self.needs(section.blocks, &at.key("blocks"), |lag| Role::Blocks(item, lag));
            self.link(section.link, &at, LinkedPart::Item(item));
            let complete = self.take(section.complete, &at.key("complete"));
            if complete.is_some() && !section.tasks.is_empty() {
                let message = "both `complete` and `tasks` set the completion";
                self.report(Kind::Conflict, &at.key("complete"), message, "remove one of the two");
            }
            let tasks = self.tasks(section.tasks, area, index, &at.key("tasks"), notes);
            workstreams.push(Workstream {
                id: self.id(&key, &at),
                title: self.title(section.title, &at, &key),
                priority: self.take(section.priority, &at.key("priority")),
                owner: self.text(section.owner, &at.key("owner")),
                points: self.take(section.points, &at.key("points")),
                weight: self.take(section.weight, &at.key("weight")),
                estimate: self.take(section.estimate, &at.key("estimate")),
                complete,
                blocker: self.take(section.blocker, &at.key("blocker")).unwrap_or(false),
                impact: self.text(section.impact, &at.key("impact")),
                not_before: self.take(section.not_before, &at.key("not_before")),
                started: self.take(section.started, &at.key("started")),
                due: self.take(section.due, &at.key("due")),
                tasks,
            });
        }
        workstreams
    }

    fn tasks(
        &mut self,
        sections: Vec<TaskSection>,
        area: usize,
        workstream: usize,
        at: &LazyPath<'_>,
        notes: &mut Vec<Note>,
    ) -> Vec<TaskEntry> {
        let mut entries = Vec::with_capacity(sections.len());
        for (task, mut section) in sections.into_iter().enumerate() {
            let at = at.index(task);
            let index = TaskIndex { area, workstream, task };
            let item = Item::Task(index);
            self.needs(std::mem::take(&mut section.needs), &at.key("needs"), |lag| Role::Needs(item, lag));
            self.needs(std::mem::take(&mut section.blocks), &at.key("blocks"), |lag| Role::Blocks(item, lag));
            self.link(std::mem::take(&mut section.link), &at, LinkedPart::Item(item));
            if let Some(text) = self.take(std::mem::take(&mut section.note), &at.key("note")) {
                notes.push(Note { item: Some(item), text: text.into() });
            }
            self.one_status(&section, &at);
            if section.r#ref.is_present() {
                self.refer(section.r#ref, &at.key("ref"), Role::Shares(index));
                entries.push(TaskEntry::Shared(None));
            } else {
                entries.push(TaskEntry::Own(self.task(section, &at)));
            }
        }
        let ids = entries.iter().enumerate().filter_map(|(index, entry)| match entry {
            TaskEntry::Own(task) => Some((task.id.as_str(), index)),
            TaskEntry::Shared(_) => None,
        });
        self.unique(ids, at);
        entries
    }

    /// Checks that a task has exactly one status key, and only keys that are valid with it.
    fn one_status(&mut self, section: &TaskSection, at: &LazyPath<'_>) {
        let given = [
            ("todo", section.todo.is_present()),
            ("partial", section.partial.is_present()),
            ("done", section.done.is_present()),
            ("waived", section.waived.is_present()),
            ("ref", section.r#ref.is_present()),
        ];
        let keys: Vec<&str> = given.iter().filter(|(_, given)| *given).map(|(key, _)| *key).collect();
        match keys.as_slice() {
            [] => {
                let help = "start it with `todo`, `partial`, `done`, `waived` or `ref`, as in `- todo: Load testing`";
                self.report(Kind::MissingKey, at, "the task has no status key", help);
            }
            ["waived"] if !section.reason.is_present() => {
                self.report(
                    Kind::MissingKey,
                    at,
                    "the task is waived without a `reason`",
                    "add the reason for the waiver",
                );
            }
            [_] => {}
            [first, second, ..] => {
                let message = format!("the task is both `{first}` and `{second}`");
                self.report(Kind::Conflict, &at.key(second), message, "keep one of the two");
            }
        }
        let only = [
            ("complete", section.complete.is_present(), "partial", section.partial.is_present()),
            ("reason", section.reason.is_present(), "waived", section.waived.is_present()),
            ("until", section.until.is_present(), "waived", section.waived.is_present()),
            ("in_estimate", section.in_estimate.is_present(), "waived", section.waived.is_present()),
        ];
        for (key, is_present, owner, has_owner) in only {
            if is_present && !has_owner {
                let message = format!("`{key}` is only valid with `{owner}`");
                self.report(Kind::Conflict, &at.key(key), message, format!("remove `{key}`"));
            }
        }
    }

    fn task(&mut self, section: TaskSection, at: &LazyPath<'_>) -> Task {
        let complete = self.take(section.complete, &at.key("complete"));
        let until = self.take(section.until, &at.key("until"));
        let in_estimate = self.take(section.in_estimate, &at.key("in_estimate")).unwrap_or(true);
        let reason = self.text(section.reason, &at.key("reason")).unwrap_or_default();
        let (key, text, status) = if section.done.is_present() {
            ("done", section.done, Status::Done)
        } else if section.partial.is_present() {
            ("partial", section.partial, Status::Partial(complete))
        } else if section.waived.is_present() {
            ("waived", section.waived, Status::Waived { reason, until, in_estimate })
        } else {
            ("todo", section.todo, Status::Todo)
        };
        let title = self.take(text, &at.key(key));
        let id = match (self.take(section.id, &at.key("id")), &title) {
            (Some(id), _) => id,
            (None, Some(title)) => self.slug(title, &at.key(key)),
            (None, None) => Id::unnamed(),
        };
        Task {
            id,
            title: title.map(Into::into).unwrap_or_default(),
            status,
            weight: self.take(section.weight, &at.key("weight")).unwrap_or_default(),
            assignees: self.names(section.assignee, &at.key("assignee")),
            due: self.take(section.due, &at.key("due")),
            estimate: self.take(section.estimate, &at.key("estimate")),
            not_before: self.take(section.not_before, &at.key("not_before")),
            started: self.take(section.started, &at.key("started")),
            finished: self.take(section.finished, &at.key("finished")),
        }
    }

    fn components(
        &mut self,
        sections: Entries<Shorthand<ComponentSection>>,
        area: usize,
        at: &LazyPath<'_>,
    ) -> Vec<Component> {
        let mut components = Vec::with_capacity(sections.0.len());
        for (name, shorthand) in sections.0 {
            let at = at.key(&name);
            let (section, is_short) = self.longhand(shorthand, &at);
            if !section.complete.is_present() {
                let help = "add its completion, such as `complete: 40%`";
                self.report(Kind::MissingKey, &at, "the key `complete` is missing", help);
            }
            let complete = self.take_short(section.complete, is_short, "complete", &at);
            self.link(section.link, &at, LinkedPart::Component(area, name.clone()));
            let (target, note) =
                (self.take(section.target, &at.key("target")), self.text(section.note, &at.key("note")));
            components.extend(complete.map(|complete| Component { name, complete, target, note }));
        }
        components
    }

    fn coverage(&mut self, section: CoverageSection, at: &LazyPath<'_>) -> (Option<Ratio>, Vec<Feature>) {
        let target = self.take(section.target, &at.key("target"));
        let at = at.key("features");
        let mut features = Vec::with_capacity(section.features.0.len());
        for (name, coverage) in section.features.0 {
            let coverage = self.take(coverage, &at.key(&name));
            features.extend(coverage.map(|coverage| Feature { name, coverage }));
        }
        (target, features)
    }

    fn milestones(&mut self, sections: Entries<MilestoneSection>, at: &LazyPath<'_>) -> Vec<Milestone> {
        let mut milestones = Vec::with_capacity(sections.0.len());
        for (index, (key, section)) in sections.0.into_iter().enumerate() {
            let at = at.key(&key);
            let item = Item::Milestone(index);
            self.needs(section.needs, &at.key("needs"), |lag| Role::Needs(item, lag));
            self.link(section.link, &at, LinkedPart::Item(item));
            milestones.push(Milestone {
                id: self.id(&key, &at),
                title: self.title(section.title, &at, &key),
                due: self.take(section.due, &at.key("due")),
                baseline: self.take(section.baseline, &at.key("baseline")),
                done: self.take(section.done, &at.key("done")),
                owner: self.text(section.owner, &at.key("owner")),
                not_before: self.take(section.not_before, &at.key("not_before")),
                early: self.take(section.early, &at.key("early")).unwrap_or(false),
                note: self.text(section.note, &at.key("note")),
            });
        }
        milestones
    }

    fn baseline(&mut self, sections: Vec<BaselineSection>, at: &LazyPath<'_>) -> Vec<BaselinePoint> {
        let mut points: Vec<BaselinePoint> = Vec::with_capacity(sections.len());
        for (index, section) in sections.into_iter().enumerate() {
            let at = at.index(index);
            self.required(section.when.is_present(), "when", &at);
            self.required(section.complete.is_present(), "complete", &at);
            let (when, complete) =
                (self.take(section.when, &at.key("when")), self.take(section.complete, &at.key("complete")));
            let (Some(when), Some(complete)) = (when.map(DayOrMonth::last_day), complete) else { continue };
            let before = points.last().copied();
            if let Some(before) = before.filter(|before| when <= before.when) {
                let message = format!("{when} is not after the previous point, {}", before.when);
                self.report(Kind::Conflict, &at.key("when"), message, "sort the points by date");
            } else if let Some(before) = before.filter(|before| complete < before.complete) {
                let message = format!("{complete} is less than {}, planned for an earlier day", before.complete);
                self.report(
                    Kind::Conflict,
                    &at.key("complete"),
                    message,
                    "completion is cumulative: add up all work planned until that day",
                );
            }
            points.push(BaselinePoint { when, complete });
        }
        points
    }

    fn phases(&mut self, sections: Vec<PhaseSection>, at: &LazyPath<'_>) -> Vec<Phase> {
        let mut phases = Vec::with_capacity(sections.len());
        for (index, section) in sections.into_iter().enumerate() {
            let at = at.index(index);
            self.required(section.when.is_present(), "when", &at);
            self.required(section.title.is_present(), "title", &at);
            let when = self.take(section.when, &at.key("when"));
            let title = self.text(section.title, &at.key("title"));
            self.link(section.link, &at, LinkedPart::Phase(phases.len()));
            phases.extend(title.map(|title| Phase { when, title }));
        }
        phases
    }

    fn risks(&mut self, sections: Entries<RiskSection>, at: &LazyPath<'_>) -> Vec<Risk> {
        let mut risks = Vec::with_capacity(sections.0.len());
        for (index, (key, section)) in sections.0.into_iter().enumerate() {
            let at = at.key(&key);
            self.refer_all(section.affects, &at.key("affects"), Role::Affected(index));
            self.link(section.link, &at, LinkedPart::Risk(index));
            risks.push(Risk {
                id: self.id(&key, &at),
                title: self.title(section.title, &at, &key),
                severity: self.take(section.severity, &at.key("severity")),
                probability: self.take(section.probability, &at.key("probability")),
                delay: self.take(section.delay, &at.key("delay")),
                affects: Vec::new(),
                impact: self.text(section.impact, &at.key("impact")),
                mitigation: self.text(section.mitigation, &at.key("mitigation")),
            });
        }
        risks
    }

    fn actions(&mut self, sections: Vec<ActionSection>, at: &LazyPath<'_>) -> Vec<Action> {
        let mut actions = Vec::with_capacity(sections.len());
        for (index, section) in sections.into_iter().enumerate() {
            let at = at.index(index);
            self.required(section.action.is_present(), "action", &at);
            self.refer(section.r#for, &at.key("for"), Role::Supported(index));
            self.link(section.link, &at, LinkedPart::Action(index));
            actions.push(Action {
                title: self.text(section.action, &at.key("action")).unwrap_or_default(),
                when: self.take(section.when, &at.key("when")),
                horizon: self.text(section.horizon, &at.key("horizon")),
                item: None,
                note: self.text(section.note, &at.key("note")),
            });
        }
        actions
    }

    fn notes(&mut self, texts: Vec<Scalar<Text>>, at: &LazyPath<'_>, item: Option<Item>) -> Vec<Note> {
        let texts = self.take_all(texts, at);
        texts.into_iter().map(|text| Note { item, text: text.into() }).collect()
    }
}

/// The next review: the first one after the status date, at intervals from the planned date. Without a planned
/// date, intervals count from the status date.
fn next_review(planned: Option<Date>, interval: Option<ReviewInterval>, as_of: Option<Date>) -> Option<Date> {
    match (interval, as_of) {
        (Some(interval), Some(as_of)) => interval.next_after(planned.unwrap_or(as_of), as_of),
        _ => planned,
    }
}

/// The error of the id of an item that has a title.
fn keep_name(error: ParseError) -> ParseError {
    let help = error.help.as_ref().map(|help| format!("{help} and put the name in `title`"));
    error.maybe_help(help)
}

#[derive(Default)]
struct Areas {
    areas: Vec<Area>,
    notes: Vec<Note>,
}

#[cfg(test)]
mod tests;
