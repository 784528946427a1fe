//! The state behind the snapshots: what each file last said, and which file speaks for a project.

use std::collections::{BTreeMap, BTreeSet};
use std::iter::Peekable;
use std::num::NonZero;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::finding::print::location::sort_by_location;
use crate::finding::{Finding, Kind, NodePath, Severity};
use crate::format;
use crate::metrics::collect;
use crate::metrics::collect::{Health, Reason};
use crate::metrics::gzip::Compressor;
use crate::metrics::page::{Change, Page};
use crate::metrics::text::Packed;
use crate::model::load::{Plan, load};
use crate::name::Id;
use crate::schedule::forecast;
use crate::schedule::forecast::{DRAWS, Forecast};
use crate::schedule::summary::Summary;
use crate::snapshot::shard::Shard;
use crate::snapshot::{FileReport, Snapshot};
use crate::source::scan::Scan;
use crate::source::{ReadLimits, Stamp, read};
use crate::span::Position;

/// What is to be served.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How much is read of one file.
    pub limits: ReadLimits,
    /// Whether there are series for single tasks.
    pub tasks: bool,
    /// How many series there may be; beyond it task series are left out first.
    pub max_series: Option<NonZero<usize>>,
    /// How many times a plan is run through for its forecast.
    pub draws: NonZero<u32>,
    /// Whose projects are served.
    pub shard: Shard,
}

impl Default for Options {
    fn default() -> Self {
        Self { limits: ReadLimits::default(), tasks: true, max_series: None, draws: DRAWS, shard: Shard::default() }
    }
}

impl Options {
    fn forecast(&self) -> forecast::Options {
        forecast::Options { draws: self.draws, ..forecast::Options::default() }
    }
}

/// What came of one step.
#[derive(Debug)]
pub struct Step {
    /// What is served from now on; the same as before where nothing changed.
    pub snapshot: Arc<Snapshot>,
    /// The files whose content, health or presence changed.
    pub changed: Vec<PathBuf>,
}

/// The files as they were last seen, and the page made of them.
#[derive(Debug)]
pub struct Store {
    options: Options,
    files: BTreeMap<PathBuf, File>,
    /// Which file speaks for a project: the one that did so first.
    owners: BTreeMap<Box<str>, PathBuf>,
    snapshot: Arc<Snapshot>,
}

/// A file as it was last seen.
#[derive(Debug, Default)]
struct File {
    stamp: Option<Stamp>,
    hash: Option<u64>,
    /// The day, where the project is, as of which it was loaded.
    day: Option<Range<Timestamp>>,
    findings: Arc<[(Finding, Option<Position>)]>,
    failed: Option<Reason>,
    /// The project that its present content names.
    named: Option<Box<str>>,
    /// The project that it names, while another file speaks for it.
    wants: Option<Box<str>>,
    reloads: u64,
    failures: [u64; Reason::ALL.len()],
    served: Option<Served>,
    report: Option<Arc<FileReport>>,
}

/// The last good content of a file.
#[derive(Debug)]
struct Served {
    id: Box<str>,
    /// Of this shard's own projects.
    summary: Option<Arc<Summary>>,
    loaded_at: Timestamp,
}

/// A file's content, just looked at.
struct Fresh {
    path: PathBuf,
    stamp: Stamp,
    /// Of the text, where it could be read.
    hash: Option<u64>,
    day: Option<Range<Timestamp>>,
    findings: Vec<(Finding, Option<Position>)>,
    /// The project that it names, even where nothing else is good.
    named: Option<Box<str>>,
    good: Option<Good>,
}

/// A project that can be served.
struct Good {
    id: Box<str>,
    /// `None` where another shard serves it.
    own: Option<Own>,
}

/// What this shard serves of it.
struct Own {
    summary: Summary,
    samples: Packed,
}

/// The page's key for the samples of the project in the file at `path`.
fn project_key(path: &Path) -> Arc<Path> {
    path.into()
}

/// The page's key for the health of the file at `path`, which changes also when its project doesn't.
fn health_key(path: &Path) -> Arc<Path> {
    let mut key = path.as_os_str().to_owned();
    key.push("\0health");
    PathBuf::from(key).into()
}

/// Changes of the page, and the files that they come from.
#[derive(Default)]
struct Changes {
    page: Vec<Change<'static>>,
    files: BTreeSet<PathBuf>,
}

impl Store {
    /// A store that has seen nothing yet.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let ceiling = options.max_series.map_or(usize::MAX, NonZero::get);
        let snapshot = Snapshot { page: Page::empty(ceiling), shard: options.shard, ..Snapshot::default() };
        Self { options, files: BTreeMap::new(), owners: BTreeMap::new(), snapshot: Arc::new(snapshot) }
    }

    /// What is served at present.
    #[must_use]
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// Takes in what `scan` found: reads what changed since the last step, and what a new day
    /// changes, and leaves everything else as it is.
    pub fn advance(&mut self, scan: &Scan, now: Timestamp) -> Step {
        let mut changes = Changes::default();
        self.forget(scan, &mut changes);
        let fresh = look(&self.due(scan, now), now, self.options);
        self.take(fresh, now, &mut changes);
        loop {
            // Also what was removed, without anything to read, may have left a project to others.
            let wanting = self.wanting();
            if wanting.is_empty() {
                return self.publish(scan, changes);
            }
            self.take(look(&wanting, now, self.options), now, &mut changes);
        }
    }

    /// Lets go of files that were removed, and notes what can't be looked at.
    fn forget(&mut self, scan: &Scan, changes: &mut Changes) {
        let troubled: BTreeMap<&Path, Finding> = scan
            .missing
            .iter()
            .map(|path| (path.as_path(), waited_for()))
            .chain(scan.problems.iter().map(|(path, finding)| (path.as_path(), finding.clone())))
            .collect();
        for path in self.gone(scan).into_iter().filter(|path| !troubled.contains_key(path.as_path())) {
            if scan.hides(&path) || scan.missing.iter().any(|root| path.starts_with(root)) {
                self.trouble(&path, waited_for(), changes);
            } else {
                self.remove(&path, changes);
            }
        }
        for (path, finding) in troubled {
            self.trouble(path, finding, changes);
        }
    }

    /// The files that `scan` doesn't have. Both are in order, so that one walk along the two tells.
    fn gone(&self, scan: &Scan) -> Vec<PathBuf> {
        let mut found = scan.files.iter().map(|found| &found.path).peekable();
        let gone = self.files.keys().filter(|path| walk_to(&mut found, path, |found| found).is_none());
        gone.cloned().collect()
    }

    /// A path that can't be looked at keeps its last good content.
    fn trouble(&mut self, path: &Path, finding: Finding, changes: &mut Changes) {
        let file = self.files.entry(path.to_owned()).or_default();
        file.stamp = None;
        file.hash = None;
        file.named = None;
        let findings = vec![(finding, None)];
        if file.failed != Some(Reason::Unreadable) || *file.findings != *findings {
            file.fail(Reason::Unreadable, findings);
            changes.files.insert(path.to_owned());
        }
    }

    fn remove(&mut self, path: &Path, changes: &mut Changes) {
        self.release(path, None);
        if self.files.remove(path).is_some_and(|file| file.report.is_some()) {
            changes.files.insert(path.to_owned());
        }
        changes.page.extend([project_key(path), health_key(path)].map(Change::remove));
    }

    /// The files that have to be read: new or changed ones, and those for which a day has turned.
    fn due(&self, scan: &Scan, now: Timestamp) -> Vec<(PathBuf, Stamp)> {
        let mut known = self.files.iter().peekable();
        let due = scan.files.iter().filter(|found| {
            let Some((_, file)) = walk_to(&mut known, &found.path, |(path, _)| path) else { return true };
            file.stamp != Some(found.stamp) || file.day.as_ref().is_some_and(|day| !day.contains(&now))
        });
        due.map(|found| (found.path.clone(), found.stamp)).collect()
    }

    /// The files whose project nobody speaks for any longer.
    fn wanting(&self) -> Vec<(PathBuf, Stamp)> {
        let wanting =
            self.files.iter().filter(|(_, file)| file.wants.as_ref().is_some_and(|id| !self.owners.contains_key(id)));
        wanting.filter_map(|(path, file)| Some((path.clone(), file.stamp?))).collect()
    }

    fn take(&mut self, fresh: Vec<Fresh>, now: Timestamp, changes: &mut Changes) {
        // First everyone lets go, so that two files can exchange their projects in one step.
        for fresh in &fresh {
            if let Some(good) = &fresh.good {
                self.release(&fresh.path, Some(&good.id));
            }
        }
        for fresh in fresh {
            self.take_one(fresh, now, changes);
        }
    }

    /// The file at `path` no longer speaks for its project, unless that is `kept`.
    fn release(&mut self, path: &Path, kept: Option<&str>) {
        let served = self.files.get(path).and_then(|file| file.served.as_ref());
        let Some(id) = served.map(|served| &served.id).filter(|id| Some(&***id) != kept) else { return };
        if self.owners.get(id).is_some_and(|owner| owner == path) {
            self.owners.remove(id);
        }
    }

    fn take_one(&mut self, fresh: Fresh, now: Timestamp, changes: &mut Changes) {
        let Fresh { path, stamp, hash, day, mut findings, named, good } = fresh;
        let file = self.files.entry(path.clone()).or_default();
        let seen = file.hash.is_some() && file.hash == hash && file.failed != Some(Reason::Unreadable);
        file.stamp = Some(stamp);
        if seen && file.day == day && file.wants.is_none() {
            return;
        }
        file.hash = hash;
        file.day = day;
        file.named = named;
        file.reloads += 1;
        changes.files.insert(path.clone());
        let Some(Good { id, own }) = good else {
            let reason = if hash.is_some() { Reason::Invalid } else { Reason::Unreadable };
            file.wants = None;
            return file.fail(reason, findings);
        };
        if let Some(owner) = self.owners.get(&id).filter(|owner| **owner != path) {
            findings.push(duplicate(&id, &path, owner, self.options.limits));
            file.wants = Some(id);
            file.fail(Reason::DuplicateProject, findings);
            return self.fall_back(&path, changes);
        }
        self.owners.insert(id.clone(), path.clone());
        let (summary, change) = match own {
            Some(Own { summary, samples }) => {
                (Some(Arc::new(summary)), Change::serve(project_key(&path), move || samples.unpack()))
            }
            None => (None, Change::remove(project_key(&path))),
        };
        changes.page.push(change);
        file.wants = None;
        file.failed = None;
        file.findings = findings.into();
        file.served = Some(Served { id, summary, loaded_at: now });
    }

    /// A file that doesn't get another project goes on speaking for the one before, from its last
    /// good content, unless that one was taken in the same step.
    fn fall_back(&mut self, path: &Path, changes: &mut Changes) {
        let Some(file) = self.files.get_mut(path) else { return };
        let Some(served) = &file.served else { return };
        if self.owners.entry(served.id.clone()).or_insert_with(|| path.to_owned()) != path {
            file.served = None;
            changes.page.push(Change::remove(project_key(path)));
        }
    }

    fn publish(&mut self, scan: &Scan, mut changes: Changes) -> Step {
        if changes.files.is_empty() && self.snapshot.missing == scan.missing {
            return Step { snapshot: Arc::clone(&self.snapshot), changed: Vec::new() };
        }
        let shard = self.options.shard;
        changes.files.retain(|path| {
            let Some(file) = self.files.get_mut(path) else { return true };
            let told = shard.has_file(path, file.named.as_deref());
            changes.page.push(if told {
                let (health, path) = (file.health(), path.clone());
                Change::serve(health_key(&path), move || collect::health(&path, &health))
            } else {
                Change::remove(health_key(path))
            });
            // People also want to know of the file that a project of this shard comes from.
            let report = (told || file.serves_own()).then(|| Arc::new(file.reported(path)));
            let before = std::mem::replace(&mut file.report, report);
            before.is_some() || file.report.is_some()
        });
        let page = self.snapshot.page.update(changes.page);
        let files = self.files.values().filter_map(|file| file.report.clone()).collect();
        self.snapshot = Arc::new(Snapshot { files, missing: scan.missing.clone(), shard, page });
        Step { snapshot: Arc::clone(&self.snapshot), changed: changes.files.into_iter().collect() }
    }
}

impl File {
    fn fail(&mut self, reason: Reason, findings: Vec<(Finding, Option<Position>)>) {
        self.failed = Some(reason);
        self.findings = findings.into();
        if let Some(count) = Reason::ALL.iter().position(|it| *it == reason) {
            self.failures[count] += 1;
        }
    }

    /// Whether a project of this shard is served from it.
    fn serves_own(&self) -> bool {
        self.served.as_ref().is_some_and(|served| served.summary.is_some())
    }

    fn reported(&self, path: &Path) -> FileReport {
        FileReport {
            path: path.to_owned(),
            up: self.failed.is_none(),
            findings: Arc::clone(&self.findings),
            project: self.served.as_ref().and_then(|served| served.summary.clone()),
            loaded_at: self.served.as_ref().map(|served| served.loaded_at),
        }
    }

    fn health(&self) -> Health {
        let with = |severity| self.findings.iter().filter(|(finding, _)| finding.severity() == severity).count();
        Health {
            project: self.served.as_ref().map(|served| served.id.clone()),
            up: self.failed.is_none(),
            loaded_at: self.served.as_ref().map(|served| served.loaded_at),
            errors: with(Severity::Error),
            warnings: with(Severity::Warning),
            reloads: self.reloads,
            failures: self.failures,
        }
    }
}

/// The next of `items`, which are in the order of their paths, if it is the one at `path`; those
/// before it are passed over.
fn walk_to<'a, I: Iterator>(
    items: &mut Peekable<I>,
    path: &Path,
    path_of: impl Fn(&I::Item) -> &'a PathBuf,
) -> Option<I::Item> {
    // Most often the two lists are the same; comparing bytes is far cheaper than comparing paths.
    let is_same = |item: &I::Item| path_of(item).as_os_str() == path.as_os_str();
    if let Some(item) = items.next_if(is_same) {
        return Some(item);
    }
    while items.next_if(|item| path_of(item).as_path() < path).is_some() {}
    items.next_if(is_same)
}

/// Reads and loads files, on as many threads as there are processors.
fn look(due: &[(PathBuf, Stamp)], now: Timestamp, options: Options) -> Vec<Fresh> {
    const WORTH_A_THREAD: usize = 8;
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(due.len().div_ceil(WORTH_A_THREAD));
    let share = due.len().div_ceil(threads.max(1)).max(1);
    let look_at = |part: &[(PathBuf, Stamp)]| -> Vec<Fresh> {
        let mut compressor = Compressor::default();
        part.iter().map(|(path, stamp)| look_at(path, *stamp, now, options, &mut compressor)).collect()
    };
    let (first, rest) = due.split_at(share.min(due.len()));
    thread::scope(|scope| {
        let others: Vec<_> = rest.chunks(share).map(|part| scope.spawn(move || look_at(part))).collect();
        let mut fresh = look_at(first);
        for other in others {
            // A panic there is a defect, which is to be seen as if it had happened here.
            fresh.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        fresh
    })
}

/// One file. What becomes of it is packed at once: of all files together it would be much.
fn look_at(path: &Path, stamp: Stamp, now: Timestamp, options: Options, compressor: &mut Compressor) -> Fresh {
    let fresh =
        Fresh { path: path.to_owned(), stamp, hash: None, day: None, findings: Vec::new(), named: None, good: None };
    let source = match read(path, &options.limits) {
        Ok(source) => source,
        Err(finding) => return Fresh { findings: vec![(*finding, None)], ..fresh },
    };
    let loaded = load(&source.text, now);
    let is_good = loaded.is_good();
    let findings = with_positions(&source.text, &loaded.findings);
    let hash = Some(source.hash);
    let Some(Plan { project, completion }) = loaded.plan else {
        // A text that isn't YAML still names its project, most often.
        let named = format::project_line(&source.text).map(Into::into);
        return Fresh { hash, findings, named, ..fresh };
    };
    let id: Box<str> = project.id.as_str().into();
    let named = (&*id != Id::UNNAMED).then(|| id.clone());
    let day = Some(day_at(now, &project.zone));
    let own = || {
        let forecast = Forecast::of(&project, &completion, now, &options.forecast());
        let samples = collect::project(&project, &completion, &forecast, &warnings(&loaded.findings), options.tasks);
        Own { summary: Summary::of(&project, &completion, &forecast), samples: samples.pack(compressor) }
    };
    let good = is_good.then(|| {
        // Most of the work is left to the shard that serves it.
        let own = options.shard.has_project(&id).then(own);
        Good { id, own }
    });
    Fresh { hash, day, findings, named, good, ..fresh }
}

/// The day in `zone` that has `now`; at the ends of time, an empty one.
fn day_at(now: Timestamp, zone: &TimeZone) -> Range<Timestamp> {
    let now = now.to_zoned_datetime(zone.clone());
    let ends =
        now.start_of_day().and_then(|start| Ok((start.timestamp(), now.tomorrow()?.start_of_day()?.timestamp())));
    ends.map_or(now.timestamp()..now.timestamp(), |(start, end)| start..end)
}

fn warnings(findings: &[Finding]) -> Vec<(Kind, usize)> {
    let kinds = Kind::ALL.into_iter().filter(|kind| kind.severity() == Severity::Warning);
    kinds.map(|kind| (kind, findings.iter().filter(|finding| finding.kind == kind).count())).collect()
}

fn with_positions(text: &str, findings: &[Finding]) -> Vec<(Finding, Option<Position>)> {
    let placed = sort_by_location(Some(text), findings).into_iter();
    placed.map(|placed| (placed.finding.clone(), placed.location.map(|location| location.start))).collect()
}

/// A project that two files name is served from the one that named it first.
fn duplicate(id: &str, path: &Path, owner: &Path, limits: ReadLimits) -> (Finding, Option<Position>) {
    let message = format!("`{}` and `{}` both describe the project `{id}`", owner.display(), path.display());
    let help =
        format!("the first goes on being served: give one of them another `project`, or remove `{}`", path.display());
    let mut findings = [Finding::new(Kind::DuplicateProject, NodePath::root().key("project"), message).help(help)];
    // Texts aren't kept; this one is read again, since it is rarely wanted. It may have gone since.
    let source = read(path, &limits);
    let text = source.as_ref().map_or("", |source| &source.text);
    format::locate(text, &mut findings);
    let [finding] = findings;
    let at = finding.span.map(|span| Position::of(text, span.start));
    (finding, at)
}

fn waited_for() -> Finding {
    Finding::new(Kind::Unreadable, NodePath::root(), "there is no such file or directory")
        .help("it is waited for; what was served from it before goes on being served")
}
