//! Resolution of references: paths become indices, and unknown paths become findings.

use std::collections::BTreeMap;

use crate::finding::{Finding, Kind, NodePath, nearest, push_limited};
use crate::model::cycles;
use crate::model::{Dependency, Item, Project, TaskEntry, TaskIndex};
use crate::name::Reference;

/// The meaning of a reference.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Role {
    /// This item needs the referenced one, with a lag in working days.
    Needs(Item, f64),
    /// This item blocks the referenced one, with a lag in working days.
    Blocks(Item, f64),
    /// This entry is a task that is defined elsewhere.
    Shares(TaskIndex),
    /// The risk with this index affects it.
    Affected(usize),
    /// The action with this index supports it.
    Supported(usize),
    /// It is on the reported critical path, at this index.
    Critical(usize),
}

/// The references of a file, collected until every item is known.
#[derive(Debug, Default)]
pub(crate) struct References(Vec<(Reference, NodePath, Role)>);

impl References {
    /// Adds a reference at the position `at`.
    pub(crate) fn add(&mut self, reference: Reference, at: NodePath, role: Role) {
        self.0.push((reference, at, role));
    }

    /// Resolves every reference in `project`.
    ///
    /// Returns findings for unknown references, duplicate ids and dependency cycles.
    #[must_use]
    pub(crate) fn resolve(self, project: &mut Project) -> Vec<Finding> {
        let (index, mut findings) = index(project);
        for (reference, at, role) in self.0 {
            let wrong = if let Some(&item) = index.get(reference.as_str()) {
                connect(project, item, at, role)
            } else {
                let help = (findings.len() < MOST_HELPS).then(|| suggestion(&index, reference.as_str()));
                Some(unknown(&reference, at).maybe_help(help))
            };
            if let Some(finding) = wrong {
                push_limited(&mut findings, || finding);
            }
        }
        project.dependencies.sort_by_key(|dependency| dependency.to);
        findings.extend(cycles::find(project));
        findings
    }
}

/// Every item by its path.
#[must_use]
pub(crate) fn items(project: &Project) -> BTreeMap<String, Item> {
    index(project).0
}

/// Every item by its path, and findings for duplicate ids.
fn index(project: &Project) -> (BTreeMap<String, Item>, Vec<Finding>) {
    let mut index = BTreeMap::new();
    for area in 0..project.areas.len() {
        index.insert(project.path(Item::Area(area)), Item::Area(area));
    }
    for (area, workstream, _) in project.workstreams() {
        let item = Item::Workstream(area, workstream);
        index.insert(project.path(item), item);
    }
    for (task, _) in project.tasks() {
        index.insert(project.path(Item::Task(task)), Item::Task(task));
    }
    let mut findings = Vec::new();
    for milestone in 0..project.milestones.len() {
        let item = Item::Milestone(milestone);
        let path = project.path(item);
        if index.contains_key(&path) {
            let finding = Finding::new(
                Kind::DuplicateId,
                project.node(item),
                format!("the id `{path}` is also the id of an area"),
            );
            findings.push(finding.at_key().help("rename the milestone: references to this id would be ambiguous"));
        }
        index.entry(path).or_insert(item);
    }
    (index, findings)
}

fn connect(project: &mut Project, item: Item, at: NodePath, role: Role) -> Option<Finding> {
    match role {
        Role::Needs(to, lag) => project.dependencies.push(Dependency { from: item, to, lag, at }),
        Role::Blocks(from, lag) => project.dependencies.push(Dependency { from, to: item, lag, at }),
        Role::Affected(risk) if project.risks[risk].affects.contains(&item) => {
            return Some(duplicate(project, item, at));
        }
        Role::Affected(risk) => project.risks[risk].affects.push(item),
        Role::Supported(action) => project.actions[action].item = Some(item),
        Role::Critical(_) if project.critical_path.contains(&item) => return Some(duplicate(project, item, at)),
        Role::Critical(position) => {
            project.critical_path.push(item);
            project.critical_path_positions.push(position);
        }
        Role::Shares(index) => {
            let Item::Task(task) = item else {
                let path = project.path(item);
                let finding = Finding::new(Kind::UnknownReference, at, format!("`{path}` is not a task"));
                return Some(finding.help("reference a task, as in `ref: ml/azure/workspace`"));
            };
            project.areas[index.area].workstreams[index.workstream].tasks[index.task] = TaskEntry::Shared(Some(task));
        }
    }
    None
}

fn duplicate(project: &Project, item: Item, at: NodePath) -> Finding {
    let message = format!("`{}` is already in this list", project.path(item));
    Finding::new(Kind::Conflict, at, message).help("remove one of the two")
}

fn unknown(reference: &Reference, at: NodePath) -> Finding {
    Finding::new(Kind::UnknownReference, at, format!("there is no item `{}`", reference.as_str()))
}

/// The number of references that get a suggestion: each is compared with every item.
const MOST_HELPS: usize = 50;

/// Help for the unknown path `written`: the path that ends with it, or the most similar one.
pub(crate) fn suggestion(items: &BTreeMap<String, Item>, written: &str) -> String {
    let ending = format!("/{written}");
    let longer = items.keys().find(|path| path.ends_with(&ending)).map(String::as_str);
    let near = longer.or_else(|| nearest(written, items.keys().map(String::as_str)));
    near.map_or_else(
        || "expected an area, `area/workstream`, `area/workstream/task` or a milestone".to_owned(),
        |near| format!("did you mean `{near}`?"),
    )
}
