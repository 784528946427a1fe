//! Loading files: read, checked, forecast and rendered, on several threads.

use std::num::NonZero;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::{panic, thread};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::finding::print::location::sort_by_location;
use crate::finding::{Finding, Kind, Severity};
use crate::format;
use crate::metrics::collect;
use crate::metrics::gzip::Compressor;
use crate::metrics::text::PackedFragment;
use crate::model::load::{Plan, load};
use crate::name::Id;
use crate::schedule::forecast::{Forecast, ForecastOptions};
use crate::schedule::summary::Summary;
use crate::snapshot::StoreOptions;
use crate::source::{Stamp, read};
use crate::span::Position;

/// The content of a file, just loaded.
pub(super) struct LoadedFile {
    pub(super) path: PathBuf,
    pub(super) stamp: Stamp,
    /// The hash of the text; `None` if it can't be read.
    pub(super) hash: Option<u64>,
    /// The day in the project's time zone for which it was loaded.
    pub(super) day: Option<Range<Timestamp>>,
    pub(super) findings: Vec<(Finding, Option<Position>)>,
    /// The project that it names, even if the rest is invalid.
    pub(super) named_project: Option<Box<str>>,
    /// `None` if the content has errors.
    pub(super) valid: Option<ValidFile>,
}

/// A project that can be served.
pub(super) struct ValidFile {
    pub(super) id: Box<str>,
    /// `None` if another shard serves it.
    pub(super) output: Option<ShardOutput>,
}

/// The summary and samples of a project of this shard.
pub(super) struct ShardOutput {
    pub(super) summary: Summary,
    pub(super) samples: PackedFragment,
}

pub(super) fn load_files(files: &[(PathBuf, Stamp)], now: Timestamp, options: StoreOptions) -> Vec<LoadedFile> {
    /// Fewer files are loaded sooner than a thread starts.
    const FILES_PER_THREAD: usize = 8;
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = processors.min(files.len().div_ceil(FILES_PER_THREAD)).max(1);
    let share = files.len().div_ceil(threads).max(1);
    let load_share = |share: &[(PathBuf, Stamp)]| -> Vec<LoadedFile> {
        let mut compressor = Compressor::default();
        share.iter().map(|(path, stamp)| load_file(path, *stamp, now, options, &mut compressor)).collect()
    };
    let (first, rest) = files.split_at(share.min(files.len()));
    thread::scope(|scope| {
        let others: Vec<_> = rest.chunks(share).map(|share| scope.spawn(move || load_share(share))).collect();
        let mut loaded = load_share(first);
        for other in others {
            loaded.extend(other.join().unwrap_or_else(|cause| panic::resume_unwind(cause)));
        }
        loaded
    })
}

/// The samples are packed at once: those of all files together would take much memory.
fn load_file(
    path: &Path,
    stamp: Stamp,
    now: Timestamp,
    options: StoreOptions,
    compressor: &mut Compressor,
) -> LoadedFile {
    let file = LoadedFile {
        path: path.to_owned(),
        stamp,
        hash: None,
        day: None,
        findings: Vec::new(),
        named_project: None,
        valid: None,
    };
    let source = match read(path, &options.limits) {
        Ok(source) => source,
        Err(finding) => return LoadedFile { findings: vec![(*finding, None)], ..file },
    };
    let loaded = load(&source.text, now);
    let is_good = loaded.is_good();
    let findings = with_positions(&source.text, &loaded.findings);
    let hash = Some(source.hash);
    let Some(Plan { project, completion }) = loaded.plan else {
        // Text that isn't valid YAML usually names its project nevertheless.
        let named_project = format::project_line(&source.text).map(Into::into);
        return LoadedFile { hash, findings, named_project, ..file };
    };
    let id: Box<str> = project.id.as_str().into();
    let named_project = (&*id != Id::UNNAMED).then(|| id.clone());
    let day = Some(day_at(now, &project.zone));
    let valid = is_good.then(|| {
        // Most of the work is for the shard that serves the project.
        let output = options.shard.has_project(&id).then(|| {
            let forecast_options = ForecastOptions { draws: options.draws, ..ForecastOptions::default() };
            let forecast = Forecast::of(&project, &completion, now, &forecast_options);
            let warnings = count_warnings(&loaded.findings);
            let samples = collect::project(&project, &completion, &forecast, &warnings, options.tasks);
            ShardOutput { summary: Summary::of(&project, &completion, &forecast), samples: samples.pack(compressor) }
        });
        ValidFile { id, output }
    });
    LoadedFile { hash, day, findings, named_project, valid, ..file }
}

/// The day in `zone` that contains `now`; empty at the ends of time.
fn day_at(now: Timestamp, zone: &TimeZone) -> Range<Timestamp> {
    let now = now.to_zoned_datetime(zone.clone());
    let ends =
        now.start_of_day().and_then(|start| Ok((start.timestamp(), now.tomorrow()?.start_of_day()?.timestamp())));
    ends.map_or(now.timestamp()..now.timestamp(), |(start, end)| start..end)
}

/// The number of warnings of each kind, 0 included.
fn count_warnings(findings: &[Finding]) -> Vec<(Kind, usize)> {
    let kinds = Kind::ALL.into_iter().filter(|kind| kind.severity() == Severity::Warning);
    kinds.map(|kind| (kind, findings.iter().filter(|finding| finding.kind == kind).count())).collect()
}

fn with_positions(text: &str, findings: &[Finding]) -> Vec<(Finding, Option<Position>)> {
    let sorted = sort_by_location(Some(text), findings).into_iter();
    sorted.map(|it| (it.finding.clone(), it.location.map(|location| location.start))).collect()
}

#[cfg(test)]
mod tests {
    use crate::finding::NodePath;

    use super::*;

    #[test]
    fn a_day_runs_from_midnight_to_midnight_in_the_zone() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let day = day_at("2026-10-25T12:00:00Z".parse().unwrap(), &zone);
        // The clocks go back on this day, so it has 25 hours.
        assert_eq!([day.start, day.end].map(|end| end.to_string()), ["2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"]);
        assert_eq!(day_at(Timestamp::MAX, &TimeZone::UTC), Timestamp::MAX..Timestamp::MAX);
    }

    /// Loads a file with this text; without a text, the file does not exist.
    fn load_text(text: Option<&str>, options: StoreOptions) -> LoadedFile {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("plan.yaml");
        if let Some(text) = text {
            std::fs::write(&path, text).unwrap();
        }
        let stamp = Stamp { dev: 0, ino: 0, size: 0, mtime_ns: 0, ctime_ns: 0 };
        let now = "2027-03-01T12:00:00Z".parse().unwrap();
        load_file(&path, stamp, now, options, &mut Compressor::default())
    }

    #[test]
    fn an_unreadable_file_has_a_finding_and_no_hash() {
        let loaded = load_text(None, StoreOptions::default());
        assert_eq!(loaded.hash, None);
        let kinds: Vec<_> = loaded.findings.iter().map(|(finding, _)| finding.kind).collect();
        assert_eq!(kinds, [Kind::Unreadable]);
        assert!(loaded.valid.is_none() && loaded.named_project.is_none() && loaded.day.is_none());
    }

    #[test]
    fn text_that_is_not_yaml_has_a_hash_findings_and_the_project_that_it_names() {
        let loaded = load_text(Some("project: shop\nareas: [\n"), StoreOptions::default());
        assert!(loaded.hash.is_some());
        let kinds: Vec<_> = loaded.findings.iter().map(|(finding, _)| finding.kind).collect();
        assert_eq!(kinds, [Kind::Syntax]);
        assert_eq!(loaded.named_project.as_deref(), Some("shop"));
        assert!(loaded.valid.is_none());
    }

    #[test]
    fn the_forecast_has_the_number_of_runs_of_the_options() {
        let text = "project: shop\nareas:\n  web:\n    workstreams:\n      ui: {estimate: 2-9w, tasks: [todo: Form]}\n";
        let samples = |draws| {
            let options = StoreOptions { draws: NonZero::new(draws).unwrap(), ..StoreOptions::default() };
            let output = load_text(Some(text), options).valid.unwrap().output.unwrap();
            output.samples.unpack()
        };
        let p50_and_p95 = |draws| {
            let exposition = samples(draws).exposition();
            let dates = exposition.lines().filter(|line| {
                line.starts_with("readiness_project_forecast_timestamp_seconds") && line.contains(r#"model="plan""#)
            });
            let dates: Vec<String> = dates.filter_map(|line| Some(line.rsplit_once(' ')?.1.to_owned())).collect();
            assert_eq!(dates.len(), 3, "{dates:?}");
            [dates[0].clone(), dates[2].clone()]
        };
        // All percentiles of a single run are its only finish.
        let [p50, p95] = p50_and_p95(1);
        assert_eq!(p50, p95);
        let [p50, p95] = p50_and_p95(100);
        assert_ne!(p50, p95);
    }

    #[test]
    fn every_kind_of_warning_is_counted() {
        let finding = |kind| Finding::new(kind, NodePath::root(), "");
        let findings = [Kind::ReviewOverdue, Kind::BadValue, Kind::ReviewOverdue].map(finding);
        let counts = count_warnings(&findings);
        assert!(counts.iter().all(|(kind, _)| kind.severity() == Severity::Warning));
        let warned: Vec<_> = counts.iter().filter(|(_, count)| *count > 0).collect();
        assert_eq!(warned, [&(Kind::ReviewOverdue, 2)]);
        assert_eq!(counts.len(), 25);
    }
}
