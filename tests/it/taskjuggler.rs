//! Dates of a network of activities, computed by `TaskJuggler`. It is an independent test oracle: it
//! shares no code, no author and no representation of time with this crate.
//!
//! Each activity becomes a task with a `length` in working days and `depends`. There are no resources,
//! so `TaskJuggler` schedules as soon as possible. A working day is one hour, 9:00 to 10:00 UTC, Monday
//! to Friday, and the project's time resolution is one hour. Whole working days are therefore exact,
//! and a task that ends on a day ends at 10:00.
//!
//! `TaskJuggler` reports the end of each activity and its earliest start. The earliest start is the end
//! of the last predecessor, for example Friday 10:00 instead of Monday. This module therefore moves the
//! start to the next working day, and computes nothing else.

use std::collections::{BTreeSet, HashSet};
use std::fmt::Write as _;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, process, thread};

#[derive(Debug, Clone)]
pub(crate) struct Activity {
    /// Id of the activity, for messages only; `TaskJuggler` doesn't read it.
    pub id: String,
    /// Duration in whole working days; 0 is a milestone.
    pub days: u32,
    /// The predecessors, in any order.
    pub needs: Vec<ActivityNeed>,
    /// The first day on which it may start, as an ISO date.
    pub not_before: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ActivityNeed {
    /// The index of the predecessor.
    pub activity: usize,
    /// Working days between its end and the start.
    pub lag: u32,
}

/// First and last day, as ISO dates; see [`early_dates_all`].
pub(crate) type Dates = (String, String);

/// Maximum number of activities in one run. tj3 takes about 1 ms for each, and longer in large projects.
const ACTIVITIES_PER_RUN: usize = 1500;

/// The first and the last working day of each activity of each network, in the same order.
///
/// Each activity starts as early as possible, on or after `start`, Monday to Friday except `holidays`.
/// Both days are inclusive: an activity of one day has the same day twice.
///
/// A milestone is an instant between two working days. Its first day is the working day after the
/// instant, on which its successors can start. Its last day is the working day before the instant, at
/// whose end it is reached. For all activities, first = the working day after the latest last day of
/// the predecessors, and last = first + days − 1 working days. A milestone without predecessors is
/// reached at the end of the working day before `start`. A lag adds working days after the last day of
/// the predecessor. With `not_before`, first is that day or later.
///
/// `TaskJuggler` accepts holidays and starts only from 1970 to 2035. Computed dates may be later.
///
/// Several networks share one run of `tj3`. The runs use all cores.
///
/// # Panics
///
/// If `tj3` is missing, fails (on a cycle, for example) or writes an invalid report. The message has
/// its output.
#[must_use]
pub(crate) fn early_dates_all(networks: &[Vec<Activity>], start: &str, holidays: &[String]) -> Vec<Vec<Dates>> {
    let mut runs: Vec<Vec<&[Activity]>> = Vec::new();
    let mut activities_in_last = 0;
    for network in networks {
        match runs.last_mut() {
            Some(run) if activities_in_last + network.len() <= ACTIVITIES_PER_RUN => run.push(network),
            _ => {
                runs.push(vec![network]);
                activities_in_last = 0;
            }
        }
        activities_in_last += network.len();
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

fn schedule(networks: &[&[Activity]], start: &str, holidays: &[String]) -> Vec<Vec<Dates>> {
    let calendar = Calendar::new(start, holidays);
    if networks.iter().all(|it| it.is_empty()) {
        return vec![Vec::new(); networks.len()]; // tj3 rejects a project without tasks
    }
    let directory = Scratch::new();
    run_tj3(&directory, &project_text(networks, start, &calendar));
    let path = directory.0.join("dates.csv");
    let report = fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("tj3 succeeded, but cannot read its report {}: {error}", path.display()));

    let mut dates: Vec<Vec<Option<Dates>>> = networks.iter().map(|it| vec![None; it.len()]).collect();
    for line in report.lines().skip(1).filter(|line| line.starts_with("\"n")) {
        let parse_line = || {
            let mut cells = line.split(';').map(|cell| cell.trim_matches('"'));
            let (id, start, end) = (cells.next()?, cells.next()?, cells.next()?);
            let (network, activity) = id.strip_prefix('n')?.split_once('w')?;
            let (network, activity) = (network.parse::<usize>().ok()?, activity.parse::<usize>().ok()?);
            let days = networks.get(network)?.get(activity)?.days;
            Some((network, activity, calendar.dates(days, Instant::parse(start)?, Instant::parse(end)?)))
        };
        let (network, activity, found) = parse_line().unwrap_or_else(|| panic!("invalid line in tj3's report: {line}"));
        dates[network][activity] = Some(found);
    }
    let all = dates.into_iter().zip(networks).map(|(dates, activities)| {
        let dates = dates.into_iter().zip(*activities);
        dates
            .map(|(it, activity)| it.unwrap_or_else(|| panic!("{:?} is missing in tj3's report", activity.id)))
            .collect()
    });
    all.collect()
}

/// The text of the project file.
fn project_text(networks: &[&[Activity]], start: &str, calendar: &Calendar) -> String {
    let orders: Vec<_> = networks.iter().map(|it| sort(it)).collect();
    // tj3 keeps a table of all hours, so the project is no longer than required. If it is too short, tj3
    // fails.
    let longest = orders.iter().map(|(_, days)| *days).max().unwrap_or(0);
    let years = (longest + calendar.holidays.len() as u64) / 250 + 2;
    let mut text = format!(
        "project p \"p\" {start} +{years}y {{\n  timezone \"UTC\"\n  timingresolution 60 min\n  \
         dailyworkinghours 1\n  workinghours mon - fri 9:00 - 10:00\n  workinghours sat, sun off\n}}\n"
    );
    for &day in &calendar.holidays {
        line(&mut text, format_args!("leaves holiday \"h\" {}", iso(day)));
    }
    // No container tasks: tj3 checks all tasks of a container each time that one of them changes.
    for (network, activities) in networks.iter().enumerate() {
        for &index in &orders[network].0 {
            let activity = &activities[index];
            let kind = if activity.days == 0 { "milestone".to_owned() } else { format!("length {}d", activity.days) };
            let mut seen = HashSet::new();
            let needs = activity.needs.iter().filter(|it| seen.insert(it.activity));
            let gap = |lag| if lag == 0 { String::new() } else { format!(" {{ gaplength {lag}d }}") };
            let mut needs: Vec<_> = needs.map(|it| format!("n{network}w{}{}", it.activity, gap(it.lag))).collect();
            // For tj3, the start of a task is fixed. A milestone on that day is an earliest start.
            if let Some(day) = &activity.not_before {
                line(&mut text, format_args!("task d{network}w{index} \"d\" {{ milestone start {day} }}"));
                needs.push(format!("d{network}w{index}"));
            }
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

/// A topological order, in which tj3 is fastest, and the days of the longest path. Activities in a
/// cycle are last, so that tj3 reports the cycle.
fn sort(activities: &[Activity]) -> (Vec<usize>, u64) {
    let mut open_needs: Vec<usize> = activities.iter().map(|it| it.needs.len()).collect();
    let mut needed_by = vec![Vec::new(); activities.len()];
    for (index, activity) in activities.iter().enumerate() {
        for need in activity.needs.iter().map(|need| need.activity) {
            assert!(need < activities.len(), "{:?} needs activity {need} of {}", activity.id, activities.len());
            needed_by[need].push(index);
        }
    }
    let mut order: Vec<usize> = (0..activities.len()).filter(|it| open_needs[*it] == 0).collect();
    let mut ends = vec![0; activities.len()];
    let mut next = 0;
    while let Some(&index) = order.get(next) {
        next += 1;
        let lag = activities[index].needs.iter().map(|need| need.lag).max().unwrap_or(0);
        // A year is enough for the days before the first start.
        let wait = activities[index].not_before.as_ref().map_or(0, |_| 250);
        ends[index] = (ends[index] + u64::from(lag)).max(wait) + u64::from(activities[index].days);
        for &other in &needed_by[index] {
            ends[other] = ends[index].max(ends[other]);
            open_needs[other] -= 1;
            if open_needs[other] == 0 {
                order.push(other);
            }
        }
    }
    order.extend((0..activities.len()).filter(|it| open_needs[*it] > 0));
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
                panic!("tj3 is not installed: install TaskJuggler (apt-get install tj3, or gem install taskjuggler)")
            }
            _ => panic!("cannot run tj3: {error}"),
        });
    assert!(
        output.status.success(),
        "tj3 failed ({}) on a project that starts with\n{}\nwith output\n{}{}",
        output.status,
        project.lines().take(40).collect::<Vec<_>>().join("\n"),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}

/// A temporary directory that is deleted on drop.
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
        // A leftover in the system's temporary directory is harmless.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A time in tj3's report: a day, and whether its working hour has passed.
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
                "00:00" => false, // start of the project
                "10:00" => true,  // end of an activity
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
        let day = |text: &str| {
            parse(text).unwrap_or_else(|| panic!("invalid date {text:?}: expected a date such as 2026-02-02"))
        };
        day(start);
        Self { holidays: holidays.iter().map(|it| day(it)).collect() }
    }

    fn is_working_day(&self, day: i64) -> bool {
        (day + 3).rem_euclid(7) < 5 && !self.holidays.contains(&day)
    }

    fn dates(&self, days: u32, start: Instant, end: Instant) -> Dates {
        let mut first = start.day + i64::from(start.worked);
        while !self.is_working_day(first) {
            first += 1;
        }
        let mut last = end.day - i64::from(!end.worked);
        // Only a milestone can end at the start of the project.
        while days == 0 && !self.is_working_day(last) {
            last -= 1;
        }
        (iso(first), iso(last))
    }
}

/// The days from 1970-01-01, a Thursday, to an ISO date.
fn parse(date: &str) -> Option<i64> {
    let mut parts = date.split('-').map(|it| it.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let days = first_of(year, month) + day - 1;
    (iso(days) == date).then_some(days)
}

fn iso(day: i64) -> String {
    let mut year = 1970 + day.div_euclid(366);
    while first_of(year + 1, 1) <= day {
        year += 1;
    }
    let month = (1..=12).rev().find(|it| first_of(year, *it) <= day).unwrap_or(1);
    format!("{year:04}-{month:02}-{:02}", day - first_of(year, month) + 1)
}

/// The days from 1970-01-01 to the first day of a month.
fn first_of(year: i64, month: i64) -> i64 {
    let leap_years_before =
        |year: i64| (year - 1).div_euclid(4) - (year - 1).div_euclid(100) + (year - 1).div_euclid(400);
    let leap = leap_years_before(year + 1) > leap_years_before(year);
    let lengths = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let months: i64 = lengths.iter().zip(1..month).map(|(length, _)| length).sum();
    (year - 1970) * 365 + leap_years_before(year) - leap_years_before(1970) + months
}
