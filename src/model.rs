//! The project as plain data: what the file means, with references resolved to indices.

pub(crate) mod topology;
pub mod calendar;
pub mod cycles;
pub mod resolve;
pub mod lower;
pub mod completion;
pub mod blocking;
pub(crate) mod duplicates;
pub mod consistency;
pub mod load;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::date::DayOrMonth;
use crate::finding::NodePath;
use crate::model::calendar::Calendar;
use crate::name::{Id, Priority, RiskSeverity};
use crate::quantity::{Estimate, Points, Ratio, Weight, WorkTime};

/// A project: everything that its file says.
#[derive(Debug, Clone)]
pub struct Project {
    /// Its id, unique among the files served together.
    pub id: Id,
    /// What people call it.
    pub title: Box<str>,
    /// Where it stands, in words.
    pub status: Option<Box<str>>,
    /// The day on which the plan began.
    pub start: Option<Date>,
    /// The status date.
    pub as_of: Option<Date>,
    /// The day on which it has to be ready.
    pub target: Option<Date>,
    /// The day of the next review.
    pub next_review: Option<Date>,
    /// Where its days begin and end.
    pub zone: TimeZone,
    /// On which days people work.
    pub calendar: Calendar,
    /// How completion is counted.
    pub policy: Policy,
    /// The completion that was planned, by day; days rise, and completion doesn't fall.
    pub baseline: Vec<BaselinePoint>,
    /// Completion as people report it.
    pub reported: Option<Ratio>,
    /// The areas, in the order of the file.
    pub areas: Vec<Area>,
    /// The milestones, in the order of the file.
    pub milestones: Vec<Milestone>,
    /// What waits for what, in the order of what waits.
    pub dependencies: Vec<Dependency>,
    /// The critical path as people report it.
    pub critical_path: Vec<Item>,
    /// The phases of the plan.
    pub phases: Vec<Phase>,
    /// What may go wrong.
    pub risks: Vec<Risk>,
    /// What to do next.
    pub actions: Vec<Action>,
    /// Whatever else readers should know.
    pub notes: Vec<Note>,
}

/// How completion is counted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Policy {
    /// What a partial task without a completion of its own counts.
    pub partial_credit: Ratio,
    /// How far figures may lie apart.
    pub tolerance: Ratio,
    /// After how much working time without an update the status is stale.
    pub stale_after: WorkTime,
}

/// A point of the plan's line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BaselinePoint {
    /// The day at whose end it holds.
    pub when: Date,
    /// The completion that was planned.
    pub complete: Ratio,
}

/// A part of the project with a completion of its own.
#[derive(Debug, Clone)]
pub struct Area {
    /// Its id.
    pub id: Id,
    /// What people call it.
    pub title: Box<str>,
    /// How much it matters.
    pub priority: Option<Priority>,
    /// What it counts beside the other areas.
    pub weight: Weight,
    /// Completion as people report it.
    pub reported: Option<Ratio>,
    /// Tasks that are done and belong to no workstream.
    pub done: Vec<Task>,
    /// What is left.
    pub workstreams: Vec<Workstream>,
    /// The completion of its components.
    pub components: Vec<Component>,
    /// The coverage that every feature has to reach.
    pub coverage_target: Option<Ratio>,
    /// Test coverage by feature.
    pub features: Vec<Feature>,
}

/// Tasks that belong together and are finished together.
#[derive(Debug, Clone)]
pub struct Workstream {
    /// Its id.
    pub id: Id,
    /// What people call it.
    pub title: Box<str>,
    /// The percentage points of the area that are earned with it.
    pub points: Option<Points>,
    /// How long all of it takes.
    pub estimate: Option<Estimate>,
    /// Its completion, where it has no tasks.
    pub complete: Option<Ratio>,
    /// Whether other work waits for it.
    pub blocker: bool,
    /// What its lack means, in words.
    pub impact: Option<Box<str>>,
    /// The day on which work began.
    pub started: Option<Date>,
    /// The day on which it is due.
    pub due: Option<DayOrMonth>,
    /// Its tasks, and those that it shares with others.
    pub tasks: Vec<TaskEntry>,
}

/// A task of a workstream.
#[derive(Debug, Clone)]
pub enum TaskEntry {
    /// One that is defined here.
    Own(Task),
    /// One that is defined elsewhere; `None` where the reference leads nowhere.
    Shared(Option<TaskIndex>),
}

/// Where a task is defined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskIndex {
    /// The area's index.
    pub area: usize,
    /// The workstream's index in the area.
    pub workstream: usize,
    /// The task's index in the workstream.
    pub task: usize,
}

/// The smallest piece of work that the file names.
#[derive(Debug, Clone)]
pub struct Task {
    /// Its id.
    pub id: Id,
    /// What is to be done.
    pub title: Box<str>,
    /// Where it stands.
    pub status: Status,
    /// What it counts beside the other tasks.
    pub weight: Weight,
    /// Who does it.
    pub assignee: Option<Box<str>>,
    /// The day on which it is due.
    pub due: Option<DayOrMonth>,
    /// How long it takes.
    pub estimate: Option<Estimate>,
    /// The day on which work began.
    pub started: Option<Date>,
    /// The day on which it was finished.
    pub finished: Option<Date>,
}

/// Where a task stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Status {
    /// Not begun.
    Todo,
    /// Begun, with how much is complete if that is known.
    Partial(Option<Ratio>),
    /// Done.
    Done,
    /// Needn't be done.
    Waived {
        /// Why.
        reason: Box<str>,
        /// The last day of the waiver.
        until: Option<Date>,
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
    /// What people call it.
    pub name: Box<str>,
    /// How much is complete.
    pub complete: Ratio,
    /// How much is to be complete.
    pub target: Option<Ratio>,
    /// Whatever else readers should know.
    pub note: Option<Box<str>>,
}

/// A feature with test coverage.
#[derive(Debug, Clone)]
pub struct Feature {
    /// What people call it.
    pub name: Box<str>,
    /// The coverage reached.
    pub coverage: Ratio,
}

/// A point in time that people agreed on.
#[derive(Debug, Clone)]
pub struct Milestone {
    /// Its id.
    pub id: Id,
    /// What people call it.
    pub title: Box<str>,
    /// When it is due.
    pub due: Option<DayOrMonth>,
    /// When it was due when the plan was agreed.
    pub baseline: Option<DayOrMonth>,
    /// The day on which it was reached.
    pub done: Option<Date>,
    /// Whatever else readers should know.
    pub note: Option<Box<str>>,
}

/// One item waits for another.
#[derive(Debug, Clone)]
pub struct Dependency {
    /// What has to be finished first.
    pub from: Item,
    /// What waits for it.
    pub to: Item,
    /// Where the file says so.
    pub at: NodePath,
}

/// A phase of the plan.
#[derive(Debug, Clone)]
pub struct Phase {
    /// Its last day, or its month.
    pub when: Option<DayOrMonth>,
    /// What it is about.
    pub title: Box<str>,
}

/// Something that may go wrong.
#[derive(Debug, Clone)]
pub struct Risk {
    /// Its id.
    pub id: Id,
    /// What may happen.
    pub title: Box<str>,
    /// How bad it is.
    pub severity: Option<RiskSeverity>,
    /// How likely it is.
    pub probability: Option<Ratio>,
    /// By how much it delays what it affects.
    pub delay: Option<Estimate>,
    /// What it affects.
    pub affects: Vec<Item>,
    /// What follows, in words.
    pub impact: Option<Box<str>>,
    /// What is done against it.
    pub mitigation: Option<Box<str>>,
}

/// Something to do next.
#[derive(Debug, Clone)]
pub struct Action {
    /// What to do.
    pub title: Box<str>,
    /// By when.
    pub when: Option<DayOrMonth>,
    /// How soon, in words.
    pub horizon: Option<Box<str>>,
    /// What it furthers.
    pub item: Option<Item>,
    /// Whatever else readers should know.
    pub note: Option<Box<str>>,
}

/// A remark, and what it is about.
#[derive(Debug, Clone)]
pub struct Note {
    /// What it is about; `None` is the whole project.
    pub item: Option<Item>,
    /// The remark.
    pub text: Box<str>,
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
    /// The path by which people refer to `item`: `ml/azure/workspace`, or a milestone's id.
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

    /// What people call `item`.
    #[must_use]
    pub fn title(&self, item: Item) -> &str {
        match item {
            Item::Area(area) => &self.areas[area].title,
            Item::Workstream(area, workstream) => &self.workstream(area, workstream).title,
            Item::Task(index) => self.task(index).map_or("", |task| &task.title),
            Item::Milestone(milestone) => &self.milestones[milestone].title,
        }
    }

    /// Where `item` stands in the file.
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

    /// The workstream at these indices of area and workstream.
    #[must_use]
    pub fn workstream(&self, area: usize, workstream: usize) -> &Workstream {
        &self.areas[area].workstreams[workstream]
    }

    /// The task defined at `index`; `None` where only a reference stands.
    #[must_use]
    pub fn task(&self, index: TaskIndex) -> Option<&Task> {
        match &self.workstream(index.area, index.workstream).tasks[index.task] {
            TaskEntry::Own(task) => Some(task),
            TaskEntry::Shared(_) => None,
        }
    }

    /// What `item` itself needs, in the order of the file; not what its parts or its whole need.
    #[must_use]
    pub fn needs(&self, item: Item) -> &[Dependency] {
        let start = self.dependencies.partition_point(|dependency| dependency.to < item);
        let end = self.dependencies.partition_point(|dependency| dependency.to <= item);
        &self.dependencies[start..end]
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
