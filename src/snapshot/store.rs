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
use crate::metrics::exposition::{Exposition, FragmentUpdate};
use crate::metrics::file_health::{FailureReason, FileHealth};
use crate::metrics::gzip::Compressor;
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
pub struct StoreOptions {
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

impl Default for StoreOptions {
    fn default() -> Self {
        Self { limits: ReadLimits::default(), tasks: true, max_series: None, draws: DRAWS, shard: Shard::default() }
    }
}

impl StoreOptions {
    fn forecast(&self) -> forecast::ForecastOptions {
        forecast::ForecastOptions { draws: self.draws, ..forecast::ForecastOptions::default() }
    }
}

/// What came of one step.
#[derive(Debug)]
pub struct StoreUpdate {
    /// What is served from now on; the same as before where nothing changed.
    pub snapshot: Arc<Snapshot>,
    /// The files whose content, health or presence changed.
    pub changed: Vec<PathBuf>,
}

/// The files as they were last seen, and the page made of them.
#[derive(Debug)]
pub struct Store {
    options: StoreOptions,
    files: BTreeMap<PathBuf, FileState>,
    /// Which file speaks for a project: the one that did so first.
    owners: BTreeMap<Box<str>, PathBuf>,
    snapshot: Arc<Snapshot>,
}

/// A file as it was last seen.
#[derive(Debug, Default)]
struct FileState {
    stamp: Option<Stamp>,
    hash: Option<u64>,
    /// The day, where the project is, as of which it was loaded.
    day: Option<Range<Timestamp>>,
    findings: Arc<[(Finding, Option<Position>)]>,
    failure: Option<FailureReason>,
    /// The project that its present content names.
    named: Option<Box<str>>,
    /// The project that it names, while another file speaks for it.
    waiting_for: Option<Box<str>>,
    reloads: u64,
    failures: [u64; FailureReason::ALL.len()],
    last_good: Option<LastGood>,
    report: Option<Arc<FileReport>>,
}

/// The last good content of a file.
#[derive(Debug)]
struct LastGood {
    id: Box<str>,
    /// Of this shard's own projects.
    summary: Option<Arc<Summary>>,
    loaded_at: Timestamp,
}

/// A file's content, just looked at.
struct LoadedFile {
    path: PathBuf,
    stamp: Stamp,
    /// Of the text, where it could be read.
    hash: Option<u64>,
    day: Option<Range<Timestamp>>,
    findings: Vec<(Finding, Option<Position>)>,
    /// The project that it names, even where nothing else is good.
    named: Option<Box<str>>,
    good: Option<ValidFile>,
}

/// A project that can be served.
struct ValidFile {
    id: Box<str>,
    /// `None` where another shard serves it.
    own: Option<ShardOutput>,
}

/// What this shard serves of it.
struct ShardOutput {
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

/// Changes of the exposition, and the files that they come from.
#[derive(Default)]
struct StoreChanges {
    exposition: Vec<FragmentUpdate<'static>>,
    files: BTreeSet<PathBuf>,
}

impl Store {
    /// A store that has seen nothing yet.
    #[must_use]
    pub fn new(options: StoreOptions) -> Self {
        let ceiling = options.max_series.map_or(usize::MAX, NonZero::get);
        let snapshot = Snapshot { exposition: Exposition::empty(ceiling), shard: options.shard, ..Snapshot::default() };
        Self { options, files: BTreeMap::new(), owners: BTreeMap::new(), snapshot: Arc::new(snapshot) }
    }

    /// What is served at present.
    #[must_use]
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// Takes in what `scan` found: reads what changed since the last step, and what a new day
    /// changes, and leaves everything else as it is.
    pub fn update(&mut self, scan: &Scan, now: Timestamp) -> StoreUpdate {
        let mut changes = StoreChanges::default();
        self.apply_removals(scan, &mut changes);
        let fresh = load_files(&self.stale_files(scan, now), now, self.options);
        self.apply(fresh, now, &mut changes);
        loop {
            // Also what was removed, without anything to read, may have left a project to others.
            let waiting_for_project = self.waiting_for_project();
            if waiting_for_project.is_empty() {
                return self.publish(scan, changes);
            }
            self.apply(load_files(&waiting_for_project, now, self.options), now, &mut changes);
        }
    }

    /// Lets go of files that were removed, and notes what can't be looked at.
    fn apply_removals(&mut self, scan: &Scan, changes: &mut StoreChanges) {
        let troubled: BTreeMap<&Path, Finding> = scan
            .missing
            .iter()
            .map(|path| (path.as_path(), missing_finding()))
            .chain(scan.problems.iter().map(|(path, finding)| (path.as_path(), finding.clone())))
            .collect();
        for path in self.removed_files(scan).into_iter().filter(|path| !troubled.contains_key(path.as_path())) {
            if scan.hides(&path) || scan.missing.iter().any(|root| path.starts_with(root)) {
                self.mark_unreadable(&path, missing_finding(), changes);
            } else {
                self.remove(&path, changes);
            }
        }
        for (path, finding) in troubled {
            self.mark_unreadable(path, finding, changes);
        }
    }

    /// The files that `scan` doesn't have. Both are in order, so that one walk along the two tells.
    fn removed_files(&self, scan: &Scan) -> Vec<PathBuf> {
        let mut found = scan.files.iter().map(|found| &found.path).peekable();
        let gone = self.files.keys().filter(|path| merge_step(&mut found, path, |found| found).is_none());
        gone.cloned().collect()
    }

    /// A path that can't be looked at keeps its last good content.
    fn mark_unreadable(&mut self, path: &Path, finding: Finding, changes: &mut StoreChanges) {
        let file = self.files.entry(path.to_owned()).or_default();
        file.stamp = None;
        file.hash = None;
        file.named = None;
        let findings = vec![(finding, None)];
        if file.failure != Some(FailureReason::Unreadable) || *file.findings != *findings {
            file.fail(FailureReason::Unreadable, findings);
            changes.files.insert(path.to_owned());
        }
    }

    fn remove(&mut self, path: &Path, changes: &mut StoreChanges) {
        self.release(path, None);
        if self.files.remove(path).is_some_and(|file| file.report.is_some()) {
            changes.files.insert(path.to_owned());
        }
        changes.exposition.extend([project_key(path), health_key(path)].map(FragmentUpdate::remove));
    }

    /// The files that have to be read: new or changed ones, and those for which a day has turned.
    fn stale_files(&self, scan: &Scan, now: Timestamp) -> Vec<(PathBuf, Stamp)> {
        let mut known = self.files.iter().peekable();
        let due = scan.files.iter().filter(|found| {
            let Some((_, file)) = merge_step(&mut known, &found.path, |(path, _)| path) else { return true };
            file.stamp != Some(found.stamp) || file.day.as_ref().is_some_and(|day| !day.contains(&now))
        });
        due.map(|found| (found.path.clone(), found.stamp)).collect()
    }

    /// The files whose project nobody speaks for any longer.
    fn waiting_for_project(&self) -> Vec<(PathBuf, Stamp)> {
        let waiting_for_project = self
            .files
            .iter()
            .filter(|(_, file)| file.waiting_for.as_ref().is_some_and(|id| !self.owners.contains_key(id)));
        waiting_for_project.filter_map(|(path, file)| Some((path.clone(), file.stamp?))).collect()
    }

    fn apply(&mut self, fresh: Vec<LoadedFile>, now: Timestamp, changes: &mut StoreChanges) {
        // First everyone lets go, so that two files can exchange their projects in one step.
        for fresh in &fresh {
            if let Some(good) = &fresh.good {
                self.release(&fresh.path, Some(&good.id));
            }
        }
        for fresh in fresh {
            self.apply_one(fresh, now, changes);
        }
    }

    /// The file at `path` no longer speaks for its project, unless that is `kept`.
    fn release(&mut self, path: &Path, kept: Option<&str>) {
        let served = self.files.get(path).and_then(|file| file.last_good.as_ref());
        let Some(id) = served.map(|served| &served.id).filter(|id| Some(&***id) != kept) else { return };
        if self.owners.get(id).is_some_and(|owner| owner == path) {
            self.owners.remove(id);
        }
    }

    fn apply_one(&mut self, fresh: LoadedFile, now: Timestamp, changes: &mut StoreChanges) {
        let LoadedFile { path, stamp, hash, day, mut findings, named, good } = fresh;
        let file = self.files.entry(path.clone()).or_default();
        let seen = file.hash.is_some() && file.hash == hash && file.failure != Some(FailureReason::Unreadable);
        file.stamp = Some(stamp);
        if seen && file.day == day && file.waiting_for.is_none() {
            return;
        }
        file.hash = hash;
        file.day = day;
        file.named = named;
        file.reloads += 1;
        changes.files.insert(path.clone());
        let Some(ValidFile { id, own }) = good else {
            let reason = if hash.is_some() { FailureReason::Invalid } else { FailureReason::Unreadable };
            file.waiting_for = None;
            return file.fail(reason, findings);
        };
        if let Some(owner) = self.owners.get(&id).filter(|owner| **owner != path) {
            findings.push(duplicate(&id, &path, owner, self.options.limits));
            file.waiting_for = Some(id);
            file.fail(FailureReason::DuplicateProject, findings);
            return self.keep_last_good(&path, changes);
        }
        self.owners.insert(id.clone(), path.clone());
        let (summary, change) = match own {
            Some(ShardOutput { summary, samples }) => {
                (Some(Arc::new(summary)), FragmentUpdate::replace(project_key(&path), move || samples.unpack()))
            }
            None => (None, FragmentUpdate::remove(project_key(&path))),
        };
        changes.exposition.push(change);
        file.waiting_for = None;
        file.failure = None;
        file.findings = findings.into();
        file.last_good = Some(LastGood { id, summary, loaded_at: now });
    }

    /// A file that doesn't get another project goes on speaking for the one before, from its last
    /// good content, unless that one was taken in the same step.
    fn keep_last_good(&mut self, path: &Path, changes: &mut StoreChanges) {
        let Some(file) = self.files.get_mut(path) else { return };
        let Some(served) = &file.last_good else { return };
        if self.owners.entry(served.id.clone()).or_insert_with(|| path.to_owned()) != path {
            file.last_good = None;
            changes.exposition.push(FragmentUpdate::remove(project_key(path)));
        }
    }

    fn publish(&mut self, scan: &Scan, mut changes: StoreChanges) -> StoreUpdate {
        if changes.files.is_empty() && self.snapshot.missing == scan.missing {
            return StoreUpdate { snapshot: Arc::clone(&self.snapshot), changed: Vec::new() };
        }
        let shard = self.options.shard;
        changes.files.retain(|path| {
            let Some(file) = self.files.get_mut(path) else { return true };
            let is_reported = shard.has_file(path, file.named.as_deref());
            changes.exposition.push(if is_reported {
                let (health, path) = (file.health(), path.clone());
                FragmentUpdate::replace(health_key(&path), move || health.samples(&path))
            } else {
                FragmentUpdate::remove(health_key(path))
            });
            // People also want to know of the file that a project of this shard comes from.
            let report = (is_reported || file.serves_own()).then(|| Arc::new(file.reported(path)));
            let before = std::mem::replace(&mut file.report, report);
            before.is_some() || file.report.is_some()
        });
        let exposition = self.snapshot.exposition.update(changes.exposition);
        let files = self.files.values().filter_map(|file| file.report.clone()).collect();
        self.snapshot = Arc::new(Snapshot { files, missing: scan.missing.clone(), shard, exposition });
        StoreUpdate { snapshot: Arc::clone(&self.snapshot), changed: changes.files.into_iter().collect() }
    }
}

impl FileState {
    fn fail(&mut self, reason: FailureReason, findings: Vec<(Finding, Option<Position>)>) {
        self.failure = Some(reason);
        self.findings = findings.into();
        if let Some(count) = FailureReason::ALL.iter().position(|it| *it == reason) {
            self.failures[count] += 1;
        }
    }

    /// Whether a project of this shard is served from it.
    fn serves_own(&self) -> bool {
        self.last_good.as_ref().is_some_and(|served| served.summary.is_some())
    }

    fn reported(&self, path: &Path) -> FileReport {
        FileReport {
            path: path.to_owned(),
            up: self.failure.is_none(),
            findings: Arc::clone(&self.findings),
            project: self.last_good.as_ref().and_then(|served| served.summary.clone()),
            loaded_at: self.last_good.as_ref().map(|served| served.loaded_at),
        }
    }

    fn health(&self) -> FileHealth {
        let with = |severity| self.findings.iter().filter(|(finding, _)| finding.severity() == severity).count();
        FileHealth {
            project: self.last_good.as_ref().map(|served| served.id.clone()),
            up: self.failure.is_none(),
            loaded_at: self.last_good.as_ref().map(|served| served.loaded_at),
            errors: with(Severity::Error),
            warnings: with(Severity::Warning),
            reloads: self.reloads,
            failures: self.failures,
        }
    }
}

/// The next of `items`, which are in the order of their paths, if it is the one at `path`; those
/// before it are passed over.
fn merge_step<'a, I: Iterator>(
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
fn load_files(due: &[(PathBuf, Stamp)], now: Timestamp, options: StoreOptions) -> Vec<LoadedFile> {
    const WORTH_A_THREAD: usize = 8;
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(due.len().div_ceil(WORTH_A_THREAD));
    let share = due.len().div_ceil(threads.max(1)).max(1);
    let load_file = |part: &[(PathBuf, Stamp)]| -> Vec<LoadedFile> {
        let mut compressor = Compressor::default();
        part.iter().map(|(path, stamp)| load_file(path, *stamp, now, options, &mut compressor)).collect()
    };
    let (first, rest) = due.split_at(share.min(due.len()));
    thread::scope(|scope| {
        let others: Vec<_> = rest.chunks(share).map(|part| scope.spawn(move || load_file(part))).collect();
        let mut fresh = load_file(first);
        for other in others {
            // A panic there is a defect, which is to be seen as if it had happened here.
            fresh.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        fresh
    })
}

/// One file. What becomes of it is packed at once: of all files together it would be much.
fn load_file(
    path: &Path,
    stamp: Stamp,
    now: Timestamp,
    options: StoreOptions,
    compressor: &mut Compressor,
) -> LoadedFile {
    let fresh = LoadedFile {
        path: path.to_owned(),
        stamp,
        hash: None,
        day: None,
        findings: Vec::new(),
        named: None,
        good: None,
    };
    let source = match read(path, &options.limits) {
        Ok(source) => source,
        Err(finding) => return LoadedFile { findings: vec![(*finding, None)], ..fresh },
    };
    let loaded = load(&source.text, now);
    let is_good = loaded.is_good();
    let findings = with_positions(&source.text, &loaded.findings);
    let hash = Some(source.hash);
    let Some(Plan { project, completion }) = loaded.plan else {
        // A text that isn't YAML still names its project, most often.
        let named = format::project_line(&source.text).map(Into::into);
        return LoadedFile { hash, findings, named, ..fresh };
    };
    let id: Box<str> = project.id.as_str().into();
    let named = (&*id != Id::UNNAMED).then(|| id.clone());
    let day = Some(day_at(now, &project.zone));
    let own = || {
        let forecast = Forecast::of(&project, &completion, now, &options.forecast());
        let samples = collect::project(&project, &completion, &forecast, &warnings(&loaded.findings), options.tasks);
        ShardOutput { summary: Summary::of(&project, &completion, &forecast), samples: samples.pack(compressor) }
    };
    let good = is_good.then(|| {
        // Most of the work is left to the shard that serves it.
        let own = options.shard.has_project(&id).then(own);
        ValidFile { id, own }
    });
    LoadedFile { hash, day, findings, named, good, ..fresh }
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

fn missing_finding() -> Finding {
    Finding::new(Kind::Unreadable, NodePath::root(), "there is no such file or directory")
        .help("it is waited for; what was served from it before goes on being served")
}
