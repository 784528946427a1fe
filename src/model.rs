//! A project as plain data, with references resolved to indices.

pub(crate) mod topology;
pub mod calendar;
pub(crate) mod event_graph;
pub(crate) mod cycles;
pub(crate) mod resolve;
pub(crate) mod lower;
pub mod completion;
pub mod blocking;
pub(crate) mod duplicates;
pub(crate) mod consistency;
pub mod edit;
pub(crate) mod consequences;
pub mod load;

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::date::DayOrMonth;
use crate::finding::NodePath;
use crate::model::calendar::Calendar;
use crate::name::{Id, Priority, RiskSeverity};
use crate::quantity::{Estimate, Points, Ratio, Weight, WorkTime};

/// The content of a file.
#[derive(Debug, Clone)]
pub struct Project {
    /// Unique among the files that are served together.
    pub id: Id,
    /// The title; by default the id.
    pub title: Box<str>,
    /// Free text.
    pub status: Option<Box<str>>,
    /// The start of the plan.
    pub start: Option<Date>,
    /// The status date.
    pub as_of: Option<Date>,
    /// The day or month by whose end the project must be ready.
    pub target: Option<DayOrMonth>,
    /// The day of the next review.
    pub next_review: Option<Date>,
    /// The time zone of all dates.
    pub zone: TimeZone,
    /// Working days and holidays.
    pub calendar: Calendar,
    /// Rules for completion, forecasts and `check`.
    pub policy: Policy,
    /// Planned completion by day; days rise, and completion doesn't fall.
    pub baseline: Vec<BaselinePoint>,
    /// Reported completion.
    pub reported: Option<Reported>,
    /// The areas, in the order of the file.
    pub areas: Vec<Area>,
    /// The milestones, in the order of the file.
    pub milestones: Vec<Milestone>,
    /// Sorted by [`Dependency::to`].
    pub dependencies: Vec<Dependency>,
    /// The reported critical path.
    pub critical_path: Vec<Item>,
    /// The index in the file of each item of the critical path. Unknown references have none.
    pub critical_path_positions: Vec<usize>,
    /// The phases of the plan.
    pub phases: Vec<Phase>,
    /// The risks, in the order of the file.
    pub risks: Vec<Risk>,
    /// The next actions, in the order of the file.
    pub actions: Vec<Action>,
    /// Free text.
    pub notes: Vec<Note>,
    /// Sorted by [`ItemLink::of`].
    pub links: Vec<ItemLink>,
    /// Working days added to what an item still takes; negative if they are taken away. A file has none:
    /// [`edit::Edit`] adds them.
    pub added_days: BTreeMap<Item, f64>,
}

/// Rules for completion, forecasts and `check`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Policy {
    /// The completion of a partial task without `complete`.
    pub partial_credit: Ratio,
    /// The difference between two figures that is accepted.
    pub tolerance: Ratio,
    /// The working time without an update after which the status is stale.
    pub stale_after: WorkTime,
    /// The standard deviation of the logarithm of the error that all estimates share.
    pub estimate_error: Ratio,
}

/// A point of the baseline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BaselinePoint {
    /// The completion is planned for the end of this day.
    pub when: Date,
    /// Planned completion.
    pub complete: Ratio,
}

/// A part of the project with its own completion.
#[derive(Debug, Clone)]
pub struct Area {
    /// Its id.
    pub id: Id,
    /// The title; by default the id.
    pub title: Box<str>,
    /// The importance of the area.
    pub priority: Option<Priority>,
    /// Its weight relative to the other areas.
    pub weight: Weight,
    /// The person or team that is accountable.
    pub owner: Option<Box<str>>,
    /// Reported completion.
    pub reported: Option<Reported>,
    /// Completed tasks outside of workstreams.
    pub done: Vec<Task>,
    /// The open work, in the order of the file.
    pub workstreams: Vec<Workstream>,
    /// The breakdown, in the order of the file.
    pub components: Vec<Component>,
    /// The coverage that every feature should reach.
    pub coverage_target: Option<Ratio>,
    /// Test coverage by feature.
    pub features: Vec<Feature>,
}

/// A group of tasks that is planned and finished together.
#[derive(Debug, Clone)]
pub struct Workstream {
    /// Its id.
    pub id: Id,
    /// The title; by default the id.
    pub title: Box<str>,
    /// The importance of the workstream.
    pub priority: Option<Priority>,
    /// The person or team that is accountable.
    pub owner: Option<Box<str>>,
    /// Percentage points of the area that it earns.
    pub points: Option<Points>,
    /// Its weight relative to the other workstreams of an area without points.
    pub weight: Option<Weight>,
    /// The duration of all its work, done and open.
    pub estimate: Option<Estimate>,
    /// Completion of a workstream without tasks.
    pub complete: Option<Ratio>,
    /// Reported as a blocker of other work.
    pub blocker: bool,
    /// Free text: the consequence if it is missing.
    pub impact: Option<Box<str>>,
    /// The first day on which work is possible.
    pub not_before: Option<Date>,
    /// Actual start.
    pub started: Option<Date>,
    /// The due date.
    pub due: Option<DayOrMonth>,
    /// Own and shared tasks, in the order of the file.
    pub tasks: Vec<TaskEntry>,
}

/// A task of a workstream.
#[derive(Debug, Clone)]
pub enum TaskEntry {
    /// Defined here.
    Own(Task),
    /// Defined elsewhere; `None` if the reference is unknown.
    Shared(Option<TaskIndex>),
}

/// The position at which a task is defined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskIndex {
    /// The area's index.
    pub area: usize,
    /// The workstream's index in the area.
    pub workstream: usize,
    /// The task's index in the workstream.
    pub task: usize,
}

/// The smallest unit of work.
#[derive(Debug, Clone)]
pub struct Task {
    /// Its id.
    pub id: Id,
    /// The task as it is written.
    pub title: Box<str>,
    /// The status.
    pub status: Status,
    /// Its weight relative to the other tasks.
    pub weight: Weight,
    /// The persons or teams that do it.
    pub assignees: Vec<Box<str>>,
    /// The due date.
    pub due: Option<DayOrMonth>,
    /// The duration of the whole task.
    pub estimate: Option<Estimate>,
    /// The first day on which work is possible.
    pub not_before: Option<Date>,
    /// Actual start.
    pub started: Option<Date>,
    /// Actual finish.
    pub finished: Option<Date>,
}

/// The status of a task.
#[derive(Debug, Clone, PartialEq)]
pub enum Status {
    /// Not started.
    Todo,
    /// Started, with its completion if the file has one.
    Partial(Option<Ratio>),
    /// Done.
    Done,
    /// Not required.
    Waived {
        /// The reason for the waiver.
        reason: Box<str>,
        /// The last day of the waiver.
        until: Option<Date>,
        /// Whether the estimate of the workstream covered the task, so that the waiver shortens the workstream.
        in_estimate: bool,
    },
}

impl Status {
    /// The value of the label `status`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Todo => "todo",
            Self::Partial(_) => "partial",
            Self::Done => "done",
            Self::Waived { .. } => "waived",
        }
    }
}

/// A component of an area's breakdown.
#[derive(Debug, Clone)]
pub struct Component {
    /// The name.
    pub name: Box<str>,
    /// Its completion.
    pub complete: Ratio,
    /// The completion that it should reach.
    pub target: Option<Ratio>,
    /// Free text.
    pub note: Option<Box<str>>,
}

/// A feature with test coverage.
#[derive(Debug, Clone)]
pub struct Feature {
    /// The name.
    pub name: Box<str>,
    /// The coverage reached.
    pub coverage: Ratio,
}

/// An event that marks progress.
#[derive(Debug, Clone)]
pub struct Milestone {
    /// Its id.
    pub id: Id,
    /// The title; by default the id.
    pub title: Box<str>,
    /// The due date.
    pub due: Option<DayOrMonth>,
    /// The due date in the baseline.
    pub baseline: Option<DayOrMonth>,
    /// Actual finish.
    pub done: Option<Date>,
    /// The person or team that is accountable.
    pub owner: Option<Box<str>>,
    /// The first day on which it can be reached.
    pub not_before: Option<Date>,
    /// Whether it may be reached before its due date, although it needs nothing or only milestones.
    pub early: bool,
    /// Free text.
    pub note: Option<Box<str>>,
}

/// A finish-to-start dependency.
#[derive(Debug, Clone)]
pub struct Dependency {
    /// The predecessor.
    pub from: Item,
    /// The successor.
    pub to: Item,
    /// Working days from the finish of the predecessor to the start of the successor; negative for a lead.
    pub lag: f64,
    /// Its position in the file.
    pub at: NodePath,
}

/// A completion that was reported on a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reported {
    /// The completion.
    pub complete: Ratio,
    /// The day, if the file has it.
    pub when: Option<Date>,
}

/// A phase of the plan.
#[derive(Debug, Clone)]
pub struct Phase {
    /// The last day or month.
    pub when: Option<DayOrMonth>,
    /// The title.
    pub title: Box<str>,
}

/// An uncertain event with a negative effect.
#[derive(Debug, Clone)]
pub struct Risk {
    /// Its id.
    pub id: Id,
    /// The event.
    pub title: Box<str>,
    /// The severity of its effect.
    pub severity: Option<RiskSeverity>,
    /// The probability of the event.
    pub probability: Option<Ratio>,
    /// The delay of each item that it affects.
    pub delay: Option<Estimate>,
    /// The items that it affects.
    pub affects: Vec<Item>,
    /// Free text: the effect.
    pub impact: Option<Box<str>>,
    /// Free text: the mitigation.
    pub mitigation: Option<Box<str>>,
}

/// A next action.
#[derive(Debug, Clone)]
pub struct Action {
    /// The action.
    pub title: Box<str>,
    /// The due date or month.
    pub when: Option<DayOrMonth>,
    /// Free text: how soon.
    pub horizon: Option<Box<str>>,
    /// The item that it supports.
    pub item: Option<Item>,
    /// Free text.
    pub note: Option<Box<str>>,
}

/// A note on an item.
#[derive(Debug, Clone)]
pub struct Note {
    /// `None` for the whole project.
    pub item: Option<Item>,
    /// The note.
    pub text: Box<str>,
}

/// A link to evidence or details.
#[derive(Debug, Clone)]
pub struct ItemLink {
    /// The part of the plan that has the link.
    pub of: LinkedPart,
    /// The address, which starts with `https://` or `http://`.
    pub address: Box<str>,
}

/// A part of the plan that can have a link. Risks, phases and actions are identified by their indices.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinkedPart {
    /// The project.
    Project,
    /// An area, workstream, task or milestone.
    Item(Item),
    /// A component, by the index of its area and its name.
    Component(usize, Box<str>),
    /// A phase.
    Phase(usize),
    /// A risk.
    Risk(usize),
    /// An action.
    Action(usize),
}

/// An item that others can refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Item {
    /// An area, by index.
    Area(usize),
    /// A workstream, by its area's index and its own.
    Workstream(usize, usize),
    /// A task.
    Task(TaskIndex),
    /// A milestone, by index.
    Milestone(usize),
}

impl Project {
    /// The path of `item` in references: `ml/azure/workspace`, or a milestone's id.
    #[must_use]
    pub fn path(&self, item: Item) -> String {
        match item {
            Item::Area(area) => self.areas[area].id.to_string(),
            Item::Workstream(area, workstream) => {
                let area = &self.areas[area];
                format!("{}/{}", area.id, area.workstreams[workstream].id)
            }
            Item::Task(index) => {
                let stream = self.path(Item::Workstream(index.area, index.workstream));
                self.task(index).map_or_else(|| stream.clone(), |task| format!("{stream}/{}", task.id))
            }
            Item::Milestone(milestone) => self.milestones[milestone].id.to_string(),
        }
    }

    /// The title of `item`.
    #[must_use]
    pub fn title(&self, item: Item) -> &str {
        match item {
            Item::Area(area) => &self.areas[area].title,
            Item::Workstream(area, workstream) => &self.workstream(area, workstream).title,
            Item::Task(index) => self.task(index).map_or("", |task| &task.title),
            Item::Milestone(milestone) => &self.milestones[milestone].title,
        }
    }

    /// The position of `item` in the file.
    #[must_use]
    pub fn node(&self, item: Item) -> NodePath {
        match item {
            Item::Area(area) => NodePath::root().key("areas").key(self.areas[area].id.as_str()),
            Item::Workstream(area, workstream) => {
                let id = self.areas[area].workstreams[workstream].id.as_str();
                self.node(Item::Area(area)).key("workstreams").key(id)
            }
            Item::Task(index) => {
                self.node(Item::Workstream(index.area, index.workstream)).key("tasks").index(index.task)
            }
            Item::Milestone(milestone) => {
                NodePath::root().key("milestones").key(self.milestones[milestone].id.as_str())
            }
        }
    }

    /// The address that a part of the plan links to.
    #[must_use]
    pub fn link(&self, of: &LinkedPart) -> Option<&str> {
        let index = self.links.binary_search_by(|link| link.of.cmp(of)).ok()?;
        Some(&self.links[index].address)
    }

    /// The workstream at these indices of area and workstream.
    #[must_use]
    pub fn workstream(&self, area: usize, workstream: usize) -> &Workstream {
        &self.areas[area].workstreams[workstream]
    }

    /// The task defined at `index`; `None` if it is only a reference.
    #[must_use]
    pub fn task(&self, index: TaskIndex) -> Option<&Task> {
        match &self.workstream(index.area, index.workstream).tasks[index.task] {
            TaskEntry::Own(task) => Some(task),
            TaskEntry::Shared(_) => None,
        }
    }

    /// The dependencies of `item` itself, in the order of the file, without those of its parts or of the
    /// item that contains it.
    #[must_use]
    pub fn needs(&self, item: Item) -> &[Dependency] {
        let start = self.dependencies.partition_point(|dependency| dependency.to < item);
        let end = self.dependencies.partition_point(|dependency| dependency.to <= item);
        &self.dependencies[start..end]
    }

    /// The last day on which the project may become ready.
    #[must_use]
    pub fn target_day(&self) -> Option<Date> {
        self.target.map(DayOrMonth::last_day)
    }

    /// The day on which `item` is due; areas have none.
    #[must_use]
    pub fn due(&self, item: Item) -> Option<Date> {
        let due = match item {
            Item::Area(_) => None,
            Item::Workstream(area, index) => self.workstream(area, index).due,
            Item::Task(index) => self.task(index)?.due,
            Item::Milestone(index) => self.milestones[index].due,
        };
        due.map(DayOrMonth::last_day)
    }

    /// Every task that is defined in a workstream, in the order of the file.
    pub fn tasks(&self) -> impl Iterator<Item = (TaskIndex, &Task)> {
        self.workstreams().flat_map(|(area, workstream, stream)| {
            stream.tasks.iter().enumerate().filter_map(move |(task, entry)| match entry {
                TaskEntry::Own(own) => Some((TaskIndex { area, workstream, task }, own)),
                TaskEntry::Shared(_) => None,
            })
        })
    }

    /// Every workstream with its indices of area and workstream, in the order of the file.
    pub fn workstreams(&self) -> impl Iterator<Item = (usize, usize, &Workstream)> {
        self.areas.iter().enumerate().flat_map(|(area, section)| {
            section.workstreams.iter().enumerate().map(move |(workstream, stream)| (area, workstream, stream))
        })
    }
}
