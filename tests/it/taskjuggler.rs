//! Dates that `TaskJuggler` computes for a network of works: an oracle that shares no code, no author
//! and no way of counting time with what it judges.
//!
//! Every work becomes a task with a `length` in working days and `depends`, nothing else: no
//! resources, so `TaskJuggler` schedules as soon as possible. A working day is one hour, 9:00 to
//! 10:00 UTC, Monday to Friday, in a project that counts in hours: whole working days are exact, and
//! whatever ends on a day ends at 10:00 of that day.
//!
//! What comes from `TaskJuggler` is the instant at which each work ends, and the one at which it may
//! start. The latter is the end of the last work that it needs, say Friday 10:00, and not the Monday
//! after it, so this file moves it on to the next working day. That is all that it computes itself.

use std::collections::{BTreeSet, HashSet};
use std::fmt::Write as _;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, process, thread};

/// A work, its duration and what it waits for.
#[derive(Debug, Clone)]
pub(crate) struct Work {
    /// What it is called in messages; `TaskJuggler` doesn't see it, so any text will do.
    pub id: String,
    /// Whole working days; 0 is a milestone.
    pub days: u32,
    /// Indices of the works that are to be finished before it starts, in any order.
    pub needs: Vec<usize>,
}

/// First and last day, as ISO dates; see [`early_dates_all`].
pub(crate) type Dates = (String, String);

/// How many works go into one run: tj3 takes about 1 ms for each, and more where there are many.
const WORKS_PER_RUN: usize = 1500;

/// The first and the last working day of each work of each network, in their order, where each starts as
/// early as it can, on or after `start`, Monday to Friday without the `holidays`. Both days are
/// worked on: a work of one day has the same twice.
///
/// A milestone is an instant between two working days, and has the working day after it and the one
/// before it, in this order: the day on which what needs it could start, and the day at whose end it
/// is reached. Thus for all works, first = the working day after the latest last of what it needs,
/// and last = first + days − 1 working days. A milestone that needs nothing is reached at the end
/// of the working day before `start`.
///
/// `TaskJuggler` takes holidays, and starts, from 1970 to 2035 only; what it computes may be later.
///
/// The networks share runs of `tj3`, on all cores.
///
/// # Panics
///
/// Where `tj3` is missing, fails (a cycle, for instance) or reports what cannot be read, with its
/// output.
#[must_use]
pub(crate) fn early_dates_all(networks: &[Vec<Work>], start: &str, holidays: &[String]) -> Vec<Vec<Dates>> {
    let mut runs: Vec<Vec<&[Work]>> = Vec::new();
    let mut works_of_last = 0;
    for network in networks {
        match runs.last_mut() {
            Some(run) if works_of_last + network.len() <= WORKS_PER_RUN => run.push(network),
            _ => {
                runs.push(vec![network]);
                works_of_last = 0;
            }
        }
        works_of_last += network.len();
    }
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(run) = runs.get(index) else { return done };
            done.push((index, schedule(run, start, holidays)));
        }
    };
    let cores = thread::available_parallelism().map_or(1, usize::from).min(runs.len());
    let mut done: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|it| it.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().flat_map(|(_, dates)| dates).collect()
}

/// One run of tj3.
fn schedule(networks: &[&[Work]], start: &str, holidays: &[String]) -> Vec<Vec<Dates>> {
    let calendar = Calendar::new(start, holidays);
    if networks.iter().all(|it| it.is_empty()) {
        return vec![Vec::new(); networks.len()]; // tj3 refuses a project without tasks
    }
    let directory = Scratch::new();
    run_tj3(&directory, &project(networks, start, &calendar));
    let path = directory.0.join("dates.csv");
    let report = fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("tj3 ended well, but left no report {}: {error}", path.display()));

    let mut dates: Vec<Vec<Option<Dates>>> = networks.iter().map(|it| vec![None; it.len()]).collect();
    for line in report.lines().skip(1) {
        let read = || {
            let mut cells = line.split(';').map(|cell| cell.trim_matches('"'));
            let (id, start, end) = (cells.next()?, cells.next()?, cells.next()?);
            let (network, work) = id.strip_prefix('n')?.split_once('w')?;
            let (network, work) = (network.parse::<usize>().ok()?, work.parse::<usize>().ok()?);
            let days = networks.get(network)?.get(work)?.days;
            Some((network, work, calendar.dates(days, Instant::parse(start)?, Instant::parse(end)?)))
        };
        let (network, work, found) = read().unwrap_or_else(|| panic!("a line of tj3's report makes no sense: {line}"));
        dates[network][work] = Some(found);
    }
    let all = dates.into_iter().zip(networks).map(|(dates, works)| {
        let dates = dates.into_iter().zip(*works);
        dates.map(|(it, work)| it.unwrap_or_else(|| panic!("tj3's report lacks {:?}", work.id))).collect()
    });
    all.collect()
}

/// The project file.
fn project(networks: &[&[Work]], start: &str, calendar: &Calendar) -> String {
    let orders: Vec<_> = networks.iter().map(|it| in_order(it)).collect();
    // Long enough, and no longer, since tj3 keeps a table of all hours. Were it too short, tj3 would fail.
    let longest = orders.iter().map(|(_, days)| *days).max().unwrap_or(0);
    let years = (longest + calendar.holidays.len() as u64) / 250 + 2;
    let mut text = format!(
        "project p \"p\" {start} +{years}y {{\n  timezone \"UTC\"\n  timingresolution 60 min\n  \
         dailyworkinghours 1\n  workinghours mon - fri 9:00 - 10:00\n  workinghours sat, sun off\n}}\n"
    );
    for &day in &calendar.holidays {
        line(&mut text, format_args!("leaves holiday \"h\" {}", iso(day)));
    }
    // No container tasks: tj3 looks at all tasks of a container each time that one of them moves.
    for (network, works) in networks.iter().enumerate() {
        for &index in &orders[network].0 {
            let work = &works[index];
            let kind = if work.days == 0 { "milestone".to_owned() } else { format!("length {}d", work.days) };
            let mut seen = HashSet::new();
            let needs: Vec<_> = work.needs.iter().filter(|it| seen.insert(**it)).collect();
            let needs: Vec<_> = needs.iter().map(|it| format!("n{network}w{it}")).collect();
            let depends = if needs.is_empty() { String::new() } else { format!(" depends {}", needs.join(", ")) };
            line(&mut text, format_args!("task n{network}w{index} \"w\" {{ {kind}{depends} }}"));
        }
    }
    line(
        &mut text,
        format_args!(
            "taskreport dates \"dates\" {{\n  formats csv\n  columns id, start, end\n  \
             timeformat \"%Y-%m-%d %H:%M\"\n  hideresource 1\n}}"
        ),
    );
    text
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").unwrap_or_else(|error| panic!("writing to a string failed: {error}"));
}

/// An order in which tj3 finds the next work at once, and the days of the longest chain. Works in a
/// cycle come last, for tj3 to complain of.
fn in_order(works: &[Work]) -> (Vec<usize>, u64) {
    let mut waits: Vec<usize> = works.iter().map(|it| it.needs.len()).collect();
    let mut needed_by = vec![Vec::new(); works.len()];
    for (index, work) in works.iter().enumerate() {
        for &need in &work.needs {
            assert!(need < works.len(), "{:?} needs work {need} of {}", work.id, works.len());
            needed_by[need].push(index);
        }
    }
    let mut order: Vec<usize> = (0..works.len()).filter(|it| waits[*it] == 0).collect();
    let mut ends = vec![0; works.len()];
    let mut next = 0;
    while let Some(&index) = order.get(next) {
        next += 1;
        ends[index] += u64::from(works[index].days);
        for &other in &needed_by[index] {
            ends[other] = ends[index].max(ends[other]);
            waits[other] -= 1;
            if waits[other] == 0 {
                order.push(other);
            }
        }
    }
    order.extend((0..works.len()).filter(|it| waits[*it] > 0));
    (order, ends.into_iter().max().unwrap_or(0))
}

fn run_tj3(directory: &Scratch, project: &str) {
    let file = directory.0.join("project.tjp");
    fs::write(&file, project).unwrap_or_else(|error| panic!("cannot write {}: {error}", file.display()));
    let output = Command::new("tj3")
        .args(["--silent", "--no-color", "project.tjp"])
        .current_dir(&directory.0)
        .output()
        .unwrap_or_else(|error| match error.kind() {
            ErrorKind::NotFound => {
                panic!("tj3 isn't there: install TaskJuggler (apt-get install tj3, or gem install taskjuggler)")
            }
            _ => panic!("cannot run tj3: {error}"),
        });
    assert!(
        output.status.success(),
        "tj3 failed ({}) on a project that starts with\n{}\nand said\n{}{}",
        output.status,
        project.lines().take(40).collect::<Vec<_>>().join("\n"),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}

/// A directory that goes with the value.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("taskjuggler-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = env::temp_dir().join(name);
        create(&path);
        Self(path)
    }
}

fn create(path: &Path) {
    fs::create_dir_all(path).unwrap_or_else(|error| panic!("cannot create {}: {error}", path.display()));
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays in a temporary directory hurts nobody.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What tj3 reports: a day, and whether its hour of work is over.
#[derive(Clone, Copy)]
struct Instant {
    day: i64,
    worked: bool,
}

impl Instant {
    fn parse(text: &str) -> Option<Self> {
        let (date, time) = text.split_once(' ')?;
        Some(Self {
            day: parse(date)?,
            worked: match time {
                "00:00" => false, // the start of the project
                "10:00" => true,  // the end of a work
                _ => return None,
            },
        })
    }
}

struct Calendar {
    holidays: BTreeSet<i64>,
}

impl Calendar {
    fn new(start: &str, holidays: &[String]) -> Self {
        let day = |text: &str| parse(text).unwrap_or_else(|| panic!("{text:?} is no date such as 2026-02-02"));
        day(start);
        Self { holidays: holidays.iter().map(|it| day(it)).collect() }
    }

    fn works(&self, day: i64) -> bool {
        (day + 3).rem_euclid(7) < 5 && !self.holidays.contains(&day)
    }

    fn dates(&self, days: u32, start: Instant, end: Instant) -> Dates {
        let mut first = start.day + i64::from(start.worked);
        while !self.works(first) {
            first += 1;
        }
        let mut last = end.day - i64::from(!end.worked);
        // Only a milestone can end at the start of the project.
        while days == 0 && !self.works(last) {
            last -= 1;
        }
        (iso(first), iso(last))
    }
}

/// Days since 1970-01-01, a Thursday, of an ISO date.
fn parse(date: &str) -> Option<i64> {
    let mut parts = date.split('-').map(|it| it.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let found = first_of(year, month) + day - 1;
    (iso(found) == date).then_some(found)
}

fn iso(day: i64) -> String {
    let mut year = 1970 + day.div_euclid(366);
    while first_of(year + 1, 1) <= day {
        year += 1;
    }
    let month = (1..=12).rev().find(|it| first_of(year, *it) <= day).unwrap_or(1);
    format!("{year:04}-{month:02}-{:02}", day - first_of(year, month) + 1)
}

/// Days since 1970-01-01 of the first of a month.
fn first_of(year: i64, month: i64) -> i64 {
    let leap_years_before =
        |year: i64| (year - 1).div_euclid(4) - (year - 1).div_euclid(100) + (year - 1).div_euclid(400);
    let leap = leap_years_before(year + 1) > leap_years_before(year);
    let lengths = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let months: i64 = lengths.iter().zip(1..month).map(|(length, _)| length).sum();
    (year - 1970) * 365 + leap_years_before(year) - leap_years_before(1970) + months
}
