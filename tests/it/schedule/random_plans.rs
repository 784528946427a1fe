//! Random plans for the property tests: small, valid and without cycles.

use std::collections::BTreeSet;
use std::fmt::Write;

use proptest::prelude::*;
use proptest::sample::Index;

/// The workstreams are sorted by area, and need only earlier ones.
#[derive(Debug, Clone)]
pub(crate) struct RandomPlan {
    pub(crate) streams: Vec<Stream>,
    pub(crate) milestones: Vec<Milestone>,
    pub(crate) risks: Vec<Risk>,
}

#[derive(Debug, Clone)]
pub(crate) struct Stream {
    pub(crate) area: usize,
    pub(crate) estimate: Option<String>,
    pub(crate) points: Option<u8>,
    pub(crate) started: Option<String>,
    pub(crate) needs: BTreeSet<String>,
    pub(crate) tasks: Vec<Task>,
}

#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) status: &'static str,
    pub(crate) estimate: Option<String>,
    pub(crate) needs: BTreeSet<String>,
}

/// `needs` isn't empty.
#[derive(Debug, Clone)]
pub(crate) struct Milestone {
    pub(crate) due: Option<String>,
    pub(crate) needs: BTreeSet<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Risk {
    pub(crate) probability: u8,
    pub(crate) delay: String,
    pub(crate) affects: BTreeSet<String>,
}

/// The order of mappings and lists in the file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Order {
    Forward,
    Backward,
}

fn estimate() -> impl Strategy<Value = String> {
    let unit = prop_oneof![Just("d"), Just("w")];
    (0_u32..3, 0_u32..8, 0_u32..5, 0_u32..9, unit).prop_map(|(form, least, more, most, unit)| match form {
        0 => format!("{least}{unit}"),
        1 => format!("{least}-{}{unit}", least + most),
        _ => format!("{least}/{}/{}{unit}", least + more, least + more + most),
    })
}

/// Days on both sides of the status date, 27 January.
fn day() -> impl Strategy<Value = String> {
    (1_u32..=3, 1_u32..=28).prop_map(|(month, day)| format!("2026-{month:02}-{day:02}"))
}

type RawTask = (&'static str, Option<String>, Vec<Index>);
type RawStream = (bool, Option<String>, Option<u8>, Option<String>, Vec<Index>, Vec<RawTask>);

fn raw_stream() -> impl Strategy<Value = RawStream> {
    let status = prop_oneof![3 => Just("todo"), 1 => Just("partial"), 1 => Just("done")];
    let task = (status, prop::option::of(estimate()), prop::collection::vec(any::<Index>(), 0..2));
    (
        any::<bool>(),
        prop::option::weighted(0.8, estimate()),
        prop::option::of(1_u8..10),
        prop::option::weighted(0.2, day()),
        prop::collection::vec(any::<Index>(), 0..3),
        prop::collection::vec(task, 0..4),
    )
}

/// Two to eight workstreams in one or two areas, a few milestones, and a few risks.
pub(crate) fn random_plan() -> impl Strategy<Value = RandomPlan> {
    let milestone = (prop::option::of(day()), prop::collection::vec(any::<Index>(), 1..4));
    let risk = (0_u8..=100, estimate(), prop::collection::vec(any::<Index>(), 1..3));
    (
        prop::collection::vec(raw_stream(), 2..8),
        prop::collection::vec(milestone, 1..4),
        prop::collection::vec(risk, 0..3),
    )
        .prop_map(|(mut streams, milestones, risks)| {
            // Area 1 may need area 0, but not vice versa.
            streams.sort_by_key(|stream| stream.0);
            let mut plan = RandomPlan { streams: Vec::new(), milestones: Vec::new(), risks: Vec::new() };
            for stream in streams {
                plan.add(stream);
            }
            for (due, needs) in milestones {
                let needs = pick(&needs, &plan.paths());
                plan.milestones.push(Milestone { due, needs });
            }
            for (probability, delay, affects) in risks {
                let affects = pick(&affects, &plan.paths());
                plan.risks.push(Risk { probability, delay, affects });
            }
            plan
        })
}

fn pick(indices: &[Index], from: &[String]) -> BTreeSet<String> {
    if from.is_empty() { BTreeSet::new() } else { indices.iter().map(|index| index.get(from).clone()).collect() }
}

impl RandomPlan {
    fn add(&mut self, (area, estimate, points, started, needs, tasks): RawStream) {
        let area = usize::from(area);
        let mut before = self.paths();
        before.retain(|path| area == 1 || path != "a0" && path != "a1");
        before.retain(|path| path != "a1" && !path.starts_with('m'));
        let mut stream = Stream { area, estimate, points, started, needs: pick(&needs, &before), tasks: Vec::new() };
        let index = self.streams.len();
        for (status, estimate, needs) in tasks {
            let needs = pick(&needs, &before);
            before.push(format!("a{area}/w{index}/t{}", stream.tasks.len()));
            stream.tasks.push(Task { status, estimate, needs });
        }
        self.streams.push(stream);
    }

    pub(crate) fn paths(&self) -> Vec<String> {
        let mut paths: BTreeSet<String> = BTreeSet::new();
        for (index, stream) in self.streams.iter().enumerate() {
            let own = self.path(index);
            paths.extend((0..stream.tasks.len()).map(|task| format!("{own}/t{task}")));
            paths.extend([own, format!("a{}", stream.area)]);
        }
        paths.extend((0..self.milestones.len()).map(|index| format!("m{index}")));
        paths.into_iter().collect()
    }

    pub(crate) fn path(&self, stream: usize) -> String {
        format!("a{}/w{stream}", self.streams[stream].area)
    }

    /// The paths of all items whose forecast depends on this workstream or a task in it.
    pub(crate) fn dependents(&self, stream: usize) -> BTreeSet<String> {
        let mut affected = vec![false; self.streams.len()];
        affected[stream] = true;
        // Workstreams need only earlier ones.
        for index in stream + 1..self.streams.len() {
            let it = &self.streams[index];
            let mut needs = it.needs.iter().chain(it.tasks.iter().flat_map(|task| &task.needs));
            affected[index] = needs.any(|need| self.is_affected(need, &affected));
        }
        let mut paths: BTreeSet<String> =
            self.paths().into_iter().filter(|path| self.is_affected(path, &affected)).collect();
        for (index, milestone) in self.milestones.iter().enumerate() {
            if milestone.needs.iter().any(|need| paths.contains(need)) {
                paths.insert(format!("m{index}"));
            }
        }
        paths
    }

    /// Whether `path` is an affected workstream, a task in one, or an area that contains one.
    fn is_affected(&self, path: &str, affected: &[bool]) -> bool {
        let mut streams = (0..self.streams.len()).filter(|&index| affected[index]).map(|index| self.path(index));
        streams.any(|stream| {
            stream == path || stream.starts_with(&format!("{path}/")) || path.starts_with(&format!("{stream}/"))
        })
    }

    pub(crate) fn to_yaml(&self, order: Order) -> String {
        let mut text = String::from("project: x\nas_of: 2026-01-27\ntarget: 2026-04-30\n");
        let mut section = |name: &str, mut lines: Vec<String>| {
            if order == Order::Backward {
                lines.reverse();
            }
            if !lines.is_empty() {
                writeln!(text, "{name}:\n{}", lines.join("\n")).unwrap();
            }
        };
        let areas = (0..2).filter_map(|area| self.area(area, order)).collect();
        section("areas", areas);
        let milestones = self.milestones.iter().enumerate().map(|(index, it)| {
            let due = it.due.as_ref().map_or(String::new(), |due| format!("due: {due}, "));
            format!("  m{index}: {{{due}needs: {}}}", list(&it.needs, order))
        });
        section("milestones", milestones.collect());
        let risks = self.risks.iter().enumerate().map(|(index, it)| {
            let affects = list(&it.affects, order);
            format!("  r{index}: {{probability: {}%, delay: {}, affects: {affects}}}", it.probability, it.delay)
        });
        section("risks", risks.collect());
        text
    }

    fn area(&self, area: usize, order: Order) -> Option<String> {
        let own = self.streams.iter().enumerate().filter(|(_, stream)| stream.area == area);
        let mut streams: Vec<String> = own.map(|(index, stream)| stream.to_yaml(index, order)).collect();
        if order == Order::Backward {
            streams.reverse();
        }
        (!streams.is_empty()).then(|| format!("  a{area}:\n    workstreams:\n{}", streams.join("\n")))
    }
}

impl Stream {
    fn to_yaml(&self, index: usize, order: Order) -> String {
        let mut text = format!("      w{index}:\n        needs: {}", list(&self.needs, order));
        let points = self.points.map(|points| points.to_string());
        for (key, value) in [("estimate", &self.estimate), ("points", &points), ("started", &self.started)] {
            if let Some(value) = value {
                write!(text, "\n        {key}: {value}").unwrap();
            }
        }
        let mut tasks: Vec<String> =
            self.tasks.iter().enumerate().map(|(index, it)| it.to_yaml(index, order)).collect();
        if order == Order::Backward {
            tasks.reverse();
        }
        if !tasks.is_empty() {
            write!(text, "\n        tasks:\n{}", tasks.join("\n")).unwrap();
        }
        text
    }
}

impl Task {
    fn to_yaml(&self, index: usize, order: Order) -> String {
        let estimate = self.estimate.as_ref().map_or(String::new(), |estimate| format!("estimate: {estimate}, "));
        format!("          - {{{}: t{index}, {estimate}needs: {}}}", self.status, list(&self.needs, order))
    }
}

fn list(paths: &BTreeSet<String>, order: Order) -> String {
    let mut paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    if order == Order::Backward {
        paths.reverse();
    }
    format!("[{}]", paths.join(", "))
}
