//! Blocked points: the open work that can't start before a workstream finishes.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::completion::Completion;
use crate::model::{Item, Project};

/// The remaining points of all direct and indirect successors of each open workstream, by index of area
/// and workstream.
///
/// Successors are followed through workstreams, areas, and milestones that aren't reached. A complete
/// workstream blocks nothing. Workstreams without successors have no entry. If a plan has more
/// dependencies than can be followed, no workstream has one.
#[must_use]
pub fn blocked_points(project: &Project, completion: &Completion) -> BTreeMap<(usize, usize), f64> {
    /// Far more than any real plan needs.
    const MAX_STEPS: usize = 20_000_000;
    blocked_points_within(MAX_STEPS, project, completion)
}

/// A step follows one dependency from one workstream.
fn blocked_points_within(
    max_steps: usize,
    project: &Project,
    completion: &Completion,
) -> BTreeMap<(usize, usize), f64> {
    let successors = Successors::of(project);
    let mut blocked = BTreeMap::new();
    if project.workstreams().count().saturating_mul(successors.edges) > max_steps {
        return blocked;
    }
    for (area, index, _) in project.workstreams() {
        let stream = Item::Workstream(area, index);
        if successors.has_any(stream) && !completion.is_complete(project, stream) {
            let points = successors.reachable(stream).into_iter().map(|item| match item {
                Item::Workstream(area, index) => completion.remaining_points(project, area, index),
                _ => 0.0,
            });
            blocked.insert((area, index), points.sum());
        }
    }
    blocked
}

/// The direct successors of workstreams, milestones and areas.
///
/// A dependency of a task counts as one of its workstream. An area that depends on an item means that
/// all its workstreams do. An item that depends on an area depends on all its workstreams.
#[derive(Default)]
struct Successors {
    next: BTreeMap<Item, BTreeSet<Item>>,
    /// The number of workstreams of each area.
    areas: Vec<usize>,
    edges: usize,
}

impl Successors {
    fn of(project: &Project) -> Self {
        let areas = project.areas.iter().map(|area| area.workstreams.len()).collect();
        let mut successors = Self { areas, ..Self::default() };
        for dependency in &project.dependencies {
            let (from, to) = (workstream_or_self(dependency.from), workstream_or_self(dependency.to));
            let is_reached = |item| matches!(item, Item::Milestone(index) if project.milestones[index].done.is_some());
            if from != to && !is_reached(from) && !is_reached(to) && successors.next.entry(from).or_default().insert(to)
            {
                successors.edges += 1;
            }
        }
        successors.edges += project.workstreams().count();
        successors
    }

    /// Whether `stream` or its area has successors.
    fn has_any(&self, stream: Item) -> bool {
        self.next.contains_key(&stream) || area_of(stream).is_some_and(|area| self.next.contains_key(&area))
    }

    /// All direct and indirect successors of `stream`, without itself.
    fn reachable(&self, stream: Item) -> BTreeSet<Item> {
        let (mut seen, mut open) = (BTreeSet::from([stream]), vec![stream]);
        while let Some(item) = open.pop() {
            let area = area_of(item);
            let direct = self.next.get(&item).into_iter().flatten().copied();
            let with_area = area.iter().filter_map(|area| self.next.get(area)).flatten().copied();
            for next in direct.chain(with_area) {
                for next in self.parts(next) {
                    if seen.insert(next) {
                        open.push(next);
                    }
                }
            }
        }
        seen.remove(&stream);
        seen
    }

    /// The workstreams of an area, or the item itself.
    fn parts(&self, item: Item) -> Vec<Item> {
        match item {
            Item::Area(area) => (0..self.areas[area]).map(|index| Item::Workstream(area, index)).collect(),
            other => vec![other],
        }
    }
}

/// The workstream of a task, or the item itself.
fn workstream_or_self(item: Item) -> Item {
    if let Item::Task(index) = item { Item::Workstream(index.area, index.workstream) } else { item }
}

fn area_of(item: Item) -> Option<Item> {
    if let Item::Workstream(area, _) = item { Some(Item::Area(area)) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format;
    use crate::model::lower::lower;

    /// The blocked points of a plan by path.
    fn blocked(text: &str) -> Vec<(String, f64)> {
        let (project, findings) = lower(format::parse(text).0.unwrap());
        assert!(findings.is_empty(), "{findings:?}\n{text}");
        let blocked = blocked_points(&project, &Completion::of(&project));
        blocked
            .into_iter()
            .map(|((area, index), points)| (project.path(Item::Workstream(area, index)), points))
            .collect()
    }

    fn expect(text: &str, expected: &[(&str, f64)]) {
        let expected: Vec<_> = expected.iter().map(|(path, points)| ((*path).to_owned(), *points)).collect();
        assert_eq!(blocked(text), expected, "{text}");
    }

    const CHAIN: &str = "project: x
areas:
  a:
    workstreams:
      first: {points: 40}
      second: {points: 30, needs: [a/first], complete: 50%}
      third: {points: 5, needs: [a/second]}
      other: {points: 25}
";

    #[test]
    fn points_of_direct_and_indirect_successors_add_up() {
        expect(CHAIN, &[("a/first", 20.0), ("a/second", 5.0)]);
    }

    #[test]
    fn a_plan_above_the_maximum_number_of_steps_has_no_blocked_points() {
        let (project, _) = lower(format::parse(CHAIN).0.unwrap());
        let completion = Completion::of(&project);
        // Four workstreams; two dependencies, and one edge to each workstream of the area.
        let steps = 4 * (2 + 4);
        let entries = |max_steps| blocked_points_within(max_steps, &project, &completion).len();
        assert_eq!([0, steps - 1, steps, steps + 1].map(entries), [0, 0, 2, 2]);
    }

    #[test]
    fn a_finished_workstream_blocks_nothing_and_has_no_points_left() {
        expect(&CHAIN.replace("first: {points: 40}", "first: {points: 40, complete: 100%}"), &[("a/second", 5.0)]);
        expect(&CHAIN.replace("complete: 50%", "complete: 100%"), &[("a/first", 5.0)]);
        expect(
            &CHAIN.replace("first: {points: 40}", "first: {points: 40, complete: 99%}"),
            &[("a/first", 20.0), ("a/second", 5.0)],
        );
    }

    #[test]
    fn successors_are_followed_through_areas_and_open_milestones() {
        let plan = |milestone: &str| {
            format!(
                "project: x
areas:
  a: {{workstreams: {{w: {{}}, v: {{}}}}}}
  b: {{workstreams: {{one: {{points: 10, needs: [m]}}, two: {{points: 20}}}}}}
  c: {{workstreams: {{last: {{points: 7, needs: [b]}}}}}}
milestones: {{m: {{needs: [a]{milestone}}}}}
"
            )
        };
        let through = [("a/w", 17.0), ("a/v", 17.0), ("b/one", 7.0), ("b/two", 7.0)];
        expect(&plan(""), &through);
        expect(&plan(", done: 2026-01-05"), &through[2..]);
    }

    #[test]
    fn a_dependency_of_a_task_is_one_of_its_workstream() {
        expect(
            "project: x
areas:
  a:
    workstreams:
      w: {tasks: [{todo: one}, {todo: two, needs: [a/w/one]}]}
      v: {points: 3, tasks: [{todo: three, needs: [a/w/two]}]}
",
            &[("a/w", 3.0)],
        );
    }
}
