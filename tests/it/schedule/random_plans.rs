//! Random plans for the property tests: small, valid and without cycles.

use std::collections::BTreeSet;
use std::fmt::Write;

use proptest::prelude::*;
use proptest::sample::Index;

/// The workstreams are sorted by area, and need only earlier ones and gates.
#[derive(Debug, Clone)]
pub(crate) struct RandomPlan {
    pub(crate) header: Header,
    /// The due dates of milestones that need nothing: `g0`, `g1`, ….
    pub(crate) gates: Vec<String>,
    pub(crate) streams: Vec<Stream>,
    pub(crate) milestones: Vec<Milestone>,
    pub(crate) risks: Vec<Risk>,
}

/// The keys of the project that change what time means.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    pub(crate) zone: &'static str,
    pub(crate) calendar: &'static str,
    /// In percent.
    pub(crate) estimate_error: u8,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Stream {
    pub(crate) area: usize,
    /// In percent; only without tasks.
    pub(crate) complete: Option<u8>,
    pub(crate) due: Option<String>,
    /// Tasks of earlier workstreams.
    pub(crate) shared: BTreeSet<String>,
    pub(crate) estimate: Option<String>,
    pub(crate) points: Option<u8>,
    pub(crate) started: Option<String>,
    pub(crate) needs: BTreeSet<String>,
    pub(crate) tasks: Vec<Task>,
}

#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) status: &'static str,
    /// In percent; only of partial tasks.
    pub(crate) complete: Option<u8>,
    pub(crate) weight: u8,
    pub(crate) started: Option<String>,
    /// Only of waived tasks.
    pub(crate) in_estimate: bool,
    pub(crate) estimate: Option<String>,
    pub(crate) needs: BTreeSet<String>,
}

/// `needs` isn't empty; it may have earlier milestones and gates.
#[derive(Debug, Clone)]
pub(crate) struct Milestone {
    pub(crate) due: Option<String>,
    pub(crate) early: bool,
    pub(crate) done: bool,
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

type RawTask = (&'static str, Option<String>, Option<u8>, u8, Option<String>, bool, Vec<Index>);
type RawStream = (
    (bool, Option<String>, Option<u8>, Option<String>, Option<u8>, Option<String>),
    (Vec<Index>, Vec<RawTask>, Vec<Index>),
);

fn raw_task() -> impl Strategy<Value = RawTask> {
    let status = prop_oneof![4 => Just("todo"), 2 => Just("partial"), 1 => Just("done"), 1 => Just("waived")];
    (
        status,
        prop::option::weighted(0.4, estimate()),
        prop::option::of(0_u8..=100),
        1_u8..4,
        prop::option::weighted(0.2, day()),
        any::<bool>(),
        prop::collection::vec(any::<Index>(), 0..2),
    )
}

fn raw_stream() -> impl Strategy<Value = RawStream> {
    (
        (
            any::<bool>(),
            prop::option::weighted(0.7, estimate()),
            prop::option::of(1_u8..10),
            prop::option::weighted(0.3, day()),
            prop::option::of(0_u8..100),
            prop::option::weighted(0.2, day()),
        ),
        (
            prop::collection::vec(any::<Index>(), 0..3),
            prop::collection::vec(raw_task(), 0..5),
            prop::collection::vec(any::<Index>(), 0..2),
        ),
    )
}

fn header() -> impl Strategy<Value = Header> {
    let zone = prop_oneof![Just("UTC"), Just("Pacific/Auckland"), Just("America/Los_Angeles")];
    let calendar = prop_oneof![
        Just(""),
        Just("calendar: {workdays: [mon, tue, wed, thu]}\n"),
        Just("calendar: {workdays: [mon, tue, wed, thu, fri, sat, sun]}\n"),
        Just("calendar: {holidays: [2026-01-28, 2026-02-02, 2026-02-03]}\n"),
    ];
    let error = prop_oneof![Just(0_u8), Just(20), Just(40)];
    (zone, calendar, error).prop_map(|(zone, calendar, estimate_error)| Header { zone, calendar, estimate_error })
}

/// Up to seven workstreams in one or two areas, a few gates and milestones, and a few risks.
pub(crate) fn random_plan() -> impl Strategy<Value = RandomPlan> {
    let milestone = (prop::option::of(day()), any::<bool>(), prop::collection::vec(any::<Index>(), 1..4));
    let risk = (0_u8..=100, estimate(), prop::collection::vec(any::<Index>(), 1..3));
    (
        header(),
        prop::collection::vec(day(), 0..3),
        prop::collection::vec(raw_stream(), 2..8),
        prop::collection::vec(milestone, 1..5),
        prop::collection::vec(risk, 0..3),
    )
        .prop_map(|(header, gates, mut streams, milestones, risks)| {
            // Area 1 may need area 0, but not vice versa.
            streams.sort_by_key(|stream| stream.0.0);
            let mut plan = RandomPlan { header, gates, streams: Vec::new(), milestones: Vec::new(), risks: Vec::new() };
            for stream in streams {
                plan.add(stream);
            }
            for (due, early, needs) in milestones {
                let needs = pick(&needs, &plan.paths());
                plan.milestones.push(Milestone { due, early, done: false, needs });
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
    fn add(&mut self, ((area, estimate, points, started, complete, due), (needs, tasks, shared)): RawStream) {
        let area = usize::from(area);
        let mut before = self.paths();
        before.retain(|path| area == 1 || path != "a0" && path != "a1");
        before.retain(|path| path != "a1");
        let earlier: Vec<String> = before.iter().filter(|path| path.matches('/').count() == 2).cloned().collect();
        let index = self.streams.len();
        let mut stream = Stream {
            area,
            complete: complete.filter(|_| tasks.is_empty()),
            due,
            shared: if tasks.is_empty() { BTreeSet::new() } else { pick(&shared, &earlier) },
            estimate,
            points,
            started,
            needs: pick(&needs, &before),
            tasks: Vec::new(),
        };
        for (status, estimate, complete, weight, started, in_estimate, needs) in tasks {
            let needs = pick(&needs, &before);
            before.push(format!("a{area}/w{index}/t{}", stream.tasks.len()));
            let complete = complete.filter(|_| status == "partial");
            stream.tasks.push(Task { status, complete, weight, started, in_estimate, estimate, needs });
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
        paths.extend((0..self.gates.len()).map(|index| format!("g{index}")));
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
            let own = it.needs.iter().chain(&it.shared);
            let mut needs = own.chain(it.tasks.iter().flat_map(|task| &task.needs));
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
        let Header { zone, calendar, estimate_error } = self.header;
        let policy = format!("policy: {{estimate_error: {estimate_error}%}}");
        let mut text =
            format!("project: x\nas_of: 2026-01-27\ntarget: 2026-04-30\ntimezone: {zone}\n{policy}\n{calendar}");
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
            let early = if it.early { "early: true, " } else { "" };
            let done = if it.done { "done: 2026-01-28, " } else { "" };
            format!("  m{index}: {{{due}{early}{done}needs: {}}}", list(&it.needs, order))
        });
        let gates = self.gates.iter().enumerate().map(|(index, due)| format!("  g{index}: {{due: {due}}}"));
        section("milestones", gates.chain(milestones).collect());
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
        let complete = self.complete.map(|complete| format!("{complete}%"));
        for (key, value) in [
            ("estimate", &self.estimate),
            ("points", &points),
            ("started", &self.started),
            ("complete", &complete),
            ("due", &self.due),
        ] {
            if let Some(value) = value {
                write!(text, "\n        {key}: {value}").unwrap();
            }
        }
        let mut tasks: Vec<String> =
            self.tasks.iter().enumerate().map(|(index, it)| it.to_yaml(index, order)).collect();
        tasks.extend(self.shared.iter().map(|task| format!("          - {{ref: {task}}}")));
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
        let mut text = format!("          - {{{}: t{index}, weight: {}", self.status, self.weight);
        let complete = self.complete.map(|complete| format!("{complete}%"));
        for (key, value) in [("estimate", &self.estimate), ("complete", &complete), ("started", &self.started)] {
            if let Some(value) = value {
                write!(text, ", {key}: {value}").unwrap();
            }
        }
        if self.status == "waived" {
            write!(text, ", reason: cut, in_estimate: {}", self.in_estimate).unwrap();
        }
        format!("{text}, needs: {}}}", list(&self.needs, order))
    }
}

fn list(paths: &BTreeSet<String>, order: Order) -> String {
    let mut paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    if order == Order::Backward {
        paths.reverse();
    }
    format!("[{}]", paths.join(", "))
}
