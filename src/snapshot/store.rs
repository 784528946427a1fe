//! The step from one snapshot to the next.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use crate::finding::{Finding, Kind, NodePath};
use crate::format;
use crate::metrics::exposition::Exposition;
use crate::metrics::file_health::FailureReason;
use crate::model::duplicates::duplicate_project;
use crate::snapshot::file_state::{FileState, LastGood, Owners};
use crate::snapshot::load::{LoadedFile, ShardOutput, ValidFile, load_files};
use crate::snapshot::publish::StoreChanges;
use crate::snapshot::{Snapshot, StoreOptions};
use crate::source::scan::Scan;
use crate::source::{ReadLimits, Stamp, read};
use crate::span::Position;

/// The result of an update.
#[derive(Debug)]
pub struct StoreUpdate {
    /// The snapshot from now on; the last one if nothing changed.
    pub snapshot: Arc<Snapshot>,
    /// The files whose content, health or presence changed.
    pub changed: Vec<PathBuf>,
}

/// The state of all files, and the snapshot of it.
#[derive(Debug)]
pub struct Store {
    options: StoreOptions,
    files: BTreeMap<PathBuf, FileState>,
    owners: Owners,
    snapshot: Arc<Snapshot>,
}

impl Store {
    /// A store without files.
    #[must_use]
    pub fn new(options: StoreOptions) -> Self {
        let max_series = options.max_series.map_or(usize::MAX, NonZero::get);
        let exposition = Exposition::empty(max_series);
        let snapshot = Snapshot { exposition, shard: options.shard, ..Snapshot::default() };
        Self { options, files: BTreeMap::new(), owners: Owners::default(), snapshot: Arc::new(snapshot) }
    }

    /// Applies `scan`: loads the files that changed since the last update, and those for which a new day
    /// has started. All others stay as they are.
    pub fn update(&mut self, scan: &Scan, now: Timestamp) -> StoreUpdate {
        let mut changes = StoreChanges::default();
        self.apply_removals(scan, &mut changes);
        let mut stale = self.stale_files(scan, now);
        // A file that is removed or names another project frees its project for others.
        loop {
            self.apply(load_files(&stale, now, self.options), now, &mut changes);
            stale = self.waiting_for_project();
            if stale.is_empty() {
                return self.publish(scan, changes);
            }
        }
    }

    /// Removes the files that no longer exist, and marks those that can't be scanned.
    fn apply_removals(&mut self, scan: &Scan, changes: &mut StoreChanges) {
        let unreadable: BTreeMap<&Path, Finding> = scan
            .missing
            .iter()
            .map(|path| (path.as_path(), self.missing_file(path)))
            .chain(scan.problems.iter().map(|(path, finding)| (path.as_path(), finding.clone())))
            .collect();
        for path in self.removed_files(scan).into_iter().filter(|path| !unreadable.contains_key(path.as_path())) {
            if scan.hides(&path) || scan.missing.iter().any(|root| path.starts_with(root)) {
                let finding = self.missing_file(&path);
                self.mark_unreadable(&path, finding, changes);
            } else {
                self.remove(&path, changes);
            }
        }
        for (path, finding) in unreadable {
            self.mark_unreadable(path, finding, changes);
        }
    }

    fn missing_file(&self, path: &Path) -> Finding {
        // If `path` was a directory, the files in it are served.
        let mut files = self.files.range(path.to_owned()..).take_while(|(file, _)| file.starts_with(path));
        let help = if files.any(|(_, file)| file.last_good.is_some()) {
            "its last good content is served until it appears again"
        } else {
            "nothing is served for this path until it exists"
        };
        Finding::new(Kind::Unreadable, NodePath::root(), "no such file or directory").help(help)
    }

    /// The files that are not in `scan`.
    fn removed_files(&self, scan: &Scan) -> Vec<PathBuf> {
        let mut found = scan.files.iter().map(|found| &found.path).peekable();
        let removed = self.files.keys().filter(|path| merge_step(&mut found, path, |found| found).is_none());
        removed.cloned().collect()
    }

    /// The last good content of the file stays.
    fn mark_unreadable(&mut self, path: &Path, finding: Finding, changes: &mut StoreChanges) {
        let file = self.files.entry(path.to_owned()).or_default();
        file.stamp = None;
        file.hash = None;
        file.named_project = None;
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
        changes.remove_project(path);
        changes.remove_health(path);
    }

    /// The files that must be loaded: new, changed, or loaded on another day.
    fn stale_files(&self, scan: &Scan, now: Timestamp) -> Vec<(PathBuf, Stamp)> {
        let mut known = self.files.iter().peekable();
        let stale = scan.files.iter().filter(|found| {
            let Some((_, file)) = merge_step(&mut known, &found.path, |(path, _)| path) else { return true };
            file.stamp != Some(found.stamp) || file.day.as_ref().is_some_and(|day| !day.contains(&now))
        });
        stale.map(|found| (found.path.clone(), found.stamp)).collect()
    }

    /// The files whose project no other file serves any longer.
    fn waiting_for_project(&self) -> Vec<(PathBuf, Stamp)> {
        let can_serve = |file: &FileState| file.waiting_for.as_ref().is_some_and(|id| !self.owners.has(id));
        let waiting = self.files.iter().filter(|(_, file)| can_serve(file));
        waiting.filter_map(|(path, file)| Some((path.clone(), file.stamp?))).collect()
    }

    fn apply(&mut self, loaded: Vec<LoadedFile>, now: Timestamp, changes: &mut StoreChanges) {
        // All projects are released first, so that two files can swap theirs in one update.
        for file in &loaded {
            if let Some(valid) = &file.valid {
                self.release(&file.path, Some(&valid.id));
            }
        }
        for file in loaded {
            self.apply_one(file, now, changes);
        }
    }

    /// Frees the project of the file at `path`, unless its id is `kept`.
    fn release(&mut self, path: &Path, kept: Option<&str>) {
        let content = self.files.get(path).and_then(|file| file.last_good.as_ref());
        if let Some(LastGood { id, .. }) = content.filter(|content| Some(&*content.id) != kept) {
            self.owners.release(id, path);
        }
    }

    fn apply_one(&mut self, loaded: LoadedFile, now: Timestamp, changes: &mut StoreChanges) {
        let LoadedFile { path, stamp, hash, day, mut findings, named_project, valid } = loaded;
        let file = self.files.entry(path.clone()).or_default();
        let same = file.hash.is_some() && file.hash == hash && file.failure != Some(FailureReason::Unreadable);
        file.stamp = Some(stamp);
        if same && file.day == day && file.waiting_for.is_none() {
            return;
        }
        file.hash = hash;
        file.day = day;
        file.named_project = named_project;
        file.reloads += 1;
        file.waiting_for = None;
        changes.files.insert(path.clone());
        let Some(ValidFile { id, output }) = valid else {
            let reason = if hash.is_some() { FailureReason::Invalid } else { FailureReason::Unreadable };
            return file.fail(reason, findings);
        };
        let owner = self.owners.claim(&id, &path);
        if owner != path {
            findings.push(duplicate_finding(&id, &path, owner, self.options.limits));
            file.waiting_for = Some(id);
            file.fail(FailureReason::DuplicateProject, findings);
            return self.keep_last_good(&path, changes);
        }
        let summary = if let Some(ShardOutput { summary, samples }) = output {
            changes.replace_project(&path, samples);
            Some(Arc::new(summary))
        } else {
            changes.remove_project(&path);
            None
        };
        file.failure = None;
        file.findings = findings.into();
        file.last_good = Some(LastGood { id, summary, loaded_at: now });
    }

    /// A file that does not get another project continues to serve the last one, unless another file
    /// claimed that in the same update.
    fn keep_last_good(&mut self, path: &Path, changes: &mut StoreChanges) {
        let Some(file) = self.files.get_mut(path) else { return };
        let Some(content) = &file.last_good else { return };
        if self.owners.claim(&content.id, path) != path {
            file.last_good = None;
            changes.remove_project(path);
        }
    }

    fn publish(&mut self, scan: &Scan, changes: StoreChanges) -> StoreUpdate {
        let mut files = Vec::new();
        if !changes.files.is_empty() || self.snapshot.missing != scan.missing {
            let (snapshot, reported) = changes.publish(&self.snapshot, &scan.missing, &mut self.files);
            self.snapshot = Arc::new(snapshot);
            files = reported;
        }
        StoreUpdate { snapshot: Arc::clone(&self.snapshot), changed: files }
    }
}

/// The item of `items`, which are sorted by path, at `path`; those before it are skipped.
fn merge_step<'a, I: Iterator>(
    items: &mut Peekable<I>,
    path: &Path,
    path_of: impl Fn(&I::Item) -> &'a PathBuf,
) -> Option<I::Item> {
    // The two lists are usually equal, and comparing bytes is far cheaper than comparing paths.
    let is_same = |item: &I::Item| path_of(item).as_os_str() == path.as_os_str();
    if let Some(item) = items.next_if(is_same) {
        return Some(item);
    }
    while items.next_if(|item| path_of(item).as_path() < path).is_some() {}
    items.next_if(is_same)
}

fn duplicate_finding(id: &str, path: &Path, owner: &Path, limits: ReadLimits) -> (Finding, Option<Position>) {
    let help =
        format!("`{}` continues to be served: give each project its own id, or keep one of the files", owner.display());
    let mut findings = [duplicate_project(id, owner, 0).help(help)];
    // The source text is not kept in memory. Duplicates are rare, so it is cheap to read the file again. The file
    // may have been removed since.
    let source = read(path, &limits);
    let text = source.as_ref().map_or("", |source| &source.text);
    format::locate(text, &mut findings);
    let [finding] = findings;
    let at = finding.span.map(|span| Position::of(text, span.start));
    (finding, at)
}

#[cfg(test)]
mod tests;
