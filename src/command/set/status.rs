//! The new status of one item, in the text of the file and in the project that it must result in.

use anyhow::{anyhow, bail};
use jiff::civil::Date;

use crate::command::as_of::AsOf;
use crate::command::plan::find_item;
use crate::command::set::assignment::{Assignment, NewStatus};
use crate::command::set::{new_findings, today};
use crate::finding::{Kind, NodePath, Severity};
use crate::model::load::Loaded;
use crate::model::{Item, Project, Status, Task, TaskEntry, TaskIndex};
use crate::quantity::Ratio;
use crate::yaml;
use crate::yaml::splice::{MappingText, Splice};

const NOT_YAML: &str = "the file is not valid YAML; `readiness-exporter check` shows the errors";

/// `text` after one assignment.
///
/// # Errors
///
/// The item does not exist, it cannot have the status, or the result is not the intended project.
pub(super) fn set_in(text: &str, assignment: &Assignment, as_of: AsOf) -> anyhow::Result<String> {
    let (before, _) = as_of.load(text);
    let Loaded { plan: Some(plan), findings } = before else {
        bail!(NOT_YAML);
    };
    if findings.iter().any(|finding| finding.kind == Kind::Syntax) {
        bail!(NOT_YAML);
    }
    let mut edit = StatusEdit { text: text.to_owned(), day: today(as_of, &plan.project.zone), project: plan.project };
    let name = match assignment {
        Assignment::AsOf(day) => {
            edit.set_as_of(day.unwrap_or(edit.day))?;
            "as_of"
        }
        Assignment::Status(path, status) => {
            let item = find_item(&edit.project, path)?;
            edit.set_status(item, status)?;
            path
        }
    };
    let (after, _) = as_of.load(&edit.text);
    let errors = new_findings(&findings, after.findings).filter(|it| it.severity() == Severity::Error);
    if let Some(error) = errors.into_iter().next() {
        bail!("cannot set `{name}`: the file would have an error: {}; nothing is written", error.message);
    }
    // An alias shares its text between items, and rare layouts are not edited correctly.
    let is_intended = after.plan.is_some_and(|plan| format!("{:?}", plan.project) == format!("{:?}", edit.project));
    if !is_intended {
        bail!("cannot set `{name}`: other values of the file would change; nothing is written, edit the file instead");
    }
    Ok(edit.text)
}

/// A text, and the project that it must describe after the edit.
struct StatusEdit {
    text: String,
    project: Project,
    /// The day of milestones that are done.
    day: Date,
}

impl StatusEdit {
    fn set_as_of(&mut self, day: Date) -> anyhow::Result<()> {
        let place = ["version", "project", "title", "status", "start"];
        self.edit(&NodePath::root(), |root| root.set("as_of", &day.to_string(), &place))?;
        self.project.as_of = Some(day);
        Ok(())
    }

    fn set_status(&mut self, item: Item, status: &NewStatus) -> anyhow::Result<()> {
        match item {
            Item::Area(_) => {
                let path = self.project.path(item);
                bail!("`{path}` is an area, its status is that of its workstreams: set `{path}/WORKSTREAM` or a task")
            }
            Item::Workstream(area, index) => self.set_workstream(area, index, status),
            Item::Task(index) => self.set_task(index, status),
            Item::Milestone(index) => self.set_milestone(index, status),
        }
    }

    fn set_milestone(&mut self, index: usize, status: &NewStatus) -> anyhow::Result<()> {
        let at = self.project.node(Item::Milestone(index));
        let milestone = &mut self.project.milestones[index];
        match status {
            NewStatus::Done if milestone.done.is_some() => Ok(()),
            NewStatus::Done => {
                milestone.done = Some(self.day);
                let day = self.day.to_string();
                self.edit(&at, |milestone| milestone.set("done", &day, &["title", "due", "baseline"]))
            }
            NewStatus::Todo if milestone.done.is_none() => Ok(()),
            NewStatus::Todo => {
                milestone.done = None;
                self.edit(&at, |milestone| milestone.remove("done"))
            }
            NewStatus::Partial | NewStatus::Complete(..) => {
                bail!("`{}` is a milestone: expected `done` or `todo`", milestone.id)
            }
        }
    }

    fn set_workstream(&mut self, area: usize, index: usize, status: &NewStatus) -> anyhow::Result<()> {
        let item = Item::Workstream(area, index);
        let (path, at) = (self.project.path(item), self.project.node(item));
        let stream = &mut self.project.areas[area].workstreams[index];
        if let Some(entry) = stream.tasks.first() {
            let task = match entry {
                TaskEntry::Own(task) => task.id.as_str(),
                TaskEntry::Shared(_) => "TASK",
            };
            bail!("`{path}` is as complete as its tasks: set these, for example `{path}/{task}=done`");
        }
        let (ratio, percent) = match status {
            NewStatus::Complete(ratio, percent) => (*ratio, &**percent),
            NewStatus::Done => (Ratio::ONE, "100%"),
            NewStatus::Todo if stream.complete.is_none() => return Ok(()),
            NewStatus::Todo => (Ratio::ZERO, "0%"),
            NewStatus::Partial => bail!("`{path}` has no tasks: expected its completion, such as `{path}=40%`"),
        };
        stream.complete = Some(ratio);
        self.edit(&at, |stream| stream.set("complete", percent, &["title", "points", "estimate"]))
    }

    fn set_task(&mut self, index: TaskIndex, status: &NewStatus) -> anyhow::Result<()> {
        let (path, at) = (self.project.path(Item::Task(index)), self.project.node(Item::Task(index)));
        let Some(task) = task_mut(&mut self.project, index) else { bail!("`{path}` is defined elsewhere") };
        let old = task.status.clone();
        let (new, percent) = match (&old, status) {
            (Status::Waived { .. }, _) => {
                bail!("`{path}` is waived: change the status in the file, and remove the reason")
            }
            (_, NewStatus::Todo) => (Status::Todo, None),
            (_, NewStatus::Done | NewStatus::Complete(Ratio::ONE, _)) => (Status::Done, None),
            (_, NewStatus::Complete(ratio, percent)) => (Status::Partial(Some(*ratio)), Some(percent)),
            (Status::Partial(complete), NewStatus::Partial) => (Status::Partial(*complete), None),
            (_, NewStatus::Partial) => (Status::Partial(None), None),
        };
        task.status = new.clone();
        let (from, to) = (old.name(), new.name());
        let is_reopened = to != "done" && task.finished.take_if(|_| from == "done").is_some();
        if from != to {
            self.edit(&at, |task| task.rename_key(from, to))?;
        }
        if to != "partial" {
            self.remove(&at, "complete")?;
        }
        if is_reopened {
            self.remove(&at, "finished")?;
        }
        percent.map_or(Ok(()), |percent| self.edit(&at, |task| task.set("complete", percent, &[to])))
    }

    fn remove(&mut self, at: &NodePath, key: &str) -> anyhow::Result<()> {
        let root = yaml::parse(&self.text).map_err(|finding| anyhow!(finding.message))?;
        if MappingText::find(&self.text, &root, at).is_some_and(|mapping| mapping.has(key)) {
            self.edit(at, |mapping| mapping.remove(key))?;
        }
        Ok(())
    }

    /// Edits the mapping at the path `at`.
    fn edit(&mut self, at: &NodePath, edit: impl Fn(&MappingText<'_>) -> Option<Splice>) -> anyhow::Result<()> {
        let root = yaml::parse(&self.text).map_err(|finding| anyhow!(finding.message))?;
        let splice = MappingText::find(&self.text, &root, at).and_then(|mapping| edit(&mapping));
        let splice = splice.ok_or_else(|| anyhow!("cannot edit `{at}` in place; edit the file instead"))?;
        self.text = splice.apply(&self.text);
        Ok(())
    }
}

fn task_mut(project: &mut Project, index: TaskIndex) -> Option<&mut Task> {
    match &mut project.areas[index.area].workstreams[index.workstream].tasks[index.task] {
        TaskEntry::Own(task) => Some(task),
        TaskEntry::Shared(_) => None,
    }
}
