//! The exposition of all files: rendered and compressed once per change, and written as it is.
//!
//! The text format groups samples by family, so an exposition is families × files. A hash of the path
//! assigns each file to a bucket, and the samples of a family in a bucket, a *chunk*, are kept joined,
//! with a gzip member of their own. A change of a file renews the chunks of its bucket; all others are
//! shared with the last exposition. The joined text is the only copy of the samples: those of unchanged
//! files are taken from it, so a million series need little more memory than their bytes.
//!
//! Within a family, files are sorted by hash. The first bits of the hash select the bucket, so the text
//! does not depend on the number of buckets.

use std::path::Path;
use std::sync::{Arc, LazyLock, OnceLock};
use std::{panic, thread};

use crate::metrics::body::{Body, BodyBuilder, Encoding};
use crate::metrics::bucket::{Bucket, FamilyChunk, FileKey, SampleSource};
use crate::metrics::gzip::{self, Compressor};
use crate::metrics::series::FAMILIES;
use crate::metrics::text::Fragment;
use crate::metrics::{Family, Group};

/// Average number of files per bucket above which the number of buckets doubles. Below a quarter of it,
/// the number is halved.
const FILES_PER_BUCKET: usize = 64;

/// Number of buckets from which two threads share the work.
const MIN_JOBS_FOR_TWO_THREADS: usize = 8;

/// The groups to drop above the maximum number of series: the most numerous and least important first.
/// The health of the files is never dropped.
const DROP_ORDER: [Group; 6] =
    [Group::Task, Group::Workstream, Group::Risk, Group::Milestone, Group::Area, Group::Project];

/// A change of the samples of one file.
pub struct FragmentUpdate<'a> {
    file: Arc<Path>,
    render: Option<Render<'a>>,
}

type Render<'a> = Box<dyn FnOnce() -> Fragment + Send + 'a>;

impl<'a> FragmentUpdate<'a> {
    /// Replaces the samples of `file` by those that `render` returns.
    ///
    /// The samples are rendered together with their bucket, on one of two threads, so that the samples of all
    /// files are never in memory at once, in addition to the exposition.
    pub fn replace(file: Arc<Path>, render: impl FnOnce() -> Fragment + Send + 'a) -> Self {
        Self { file, render: Some(Box::new(render)) }
    }

    /// Removes the samples of `file`.
    #[must_use]
    pub fn remove(file: Arc<Path>) -> Self {
        Self { file, render: None }
    }
}

/// The samples of all files. An update makes a new exposition.
#[derive(Debug, Clone)]
pub struct Exposition {
    /// Their number is a power of two.
    buckets: Vec<Arc<Bucket>>,
    max_series: usize,
    files: usize,
    series: usize,
    dropped: usize,
    dropped_groups: &'static [Group],
    identity: OnceLock<Arc<Body>>,
    gzip: OnceLock<Arc<Body>>,
}

/// A bucket to build: its index, and the updates of its files.
struct BucketJob<'a> {
    bucket: usize,
    changes: Vec<(FileKey, Option<Render<'a>>)>,
}

/// The HELP and TYPE lines of all families.
static HEADERS: LazyLock<Vec<FamilyChunk>> = LazyLock::new(FamilyChunk::headers);

impl Default for Exposition {
    fn default() -> Self {
        Self::empty(usize::MAX)
    }
}

impl Exposition {
    /// An exposition without files, with at most `max_series` series.
    ///
    /// Above that, all series about tasks are dropped, and other groups if that is not enough. Groups
    /// are dropped as a whole, so the result is consistent and does not depend on the order of files.
    #[must_use]
    pub fn empty(max_series: usize) -> Self {
        Self::of(vec![Arc::default()], max_series)
    }

    /// The exposition after `updates`; of two updates of one file, the later one counts.
    ///
    /// This exposition does not change, and shares its memory with the new one.
    #[must_use]
    pub fn update(&self, updates: Vec<FragmentUpdate<'_>>) -> Self {
        let updates = last_by_file(updates);
        let count = bucket_count(self.buckets.len(), self.files_after(&updates));
        let mut jobs = jobs(updates, count);
        let buckets = if count == self.buckets.len() {
            jobs.retain(|job| !job.changes.is_empty());
            let mut buckets = self.buckets.clone();
            for (place, bucket) in self.run(jobs, count) {
                buckets[place] = bucket;
            }
            buckets
        } else {
            self.run(jobs, count).into_iter().map(|(_, bucket)| bucket).collect()
        };
        Self::of(buckets, self.max_series)
    }

    /// The bytes. They are put together at the first request.
    #[must_use]
    pub fn body(&self, encoding: Encoding) -> Arc<Body> {
        let cache = match encoding {
            Encoding::Identity => &self.identity,
            Encoding::Gzip => &self.gzip,
        };
        Arc::clone(cache.get_or_init(|| Arc::new(self.assemble(encoding))))
    }

    /// Number of series served.
    #[must_use]
    pub fn series(&self) -> usize {
        self.series
    }

    /// Number of series dropped to stay within the maximum.
    #[must_use]
    pub fn dropped(&self) -> usize {
        self.dropped
    }

    /// Number of files with samples.
    #[must_use]
    pub fn files(&self) -> usize {
        self.files
    }

    fn of(buckets: Vec<Arc<Bucket>>, max_series: usize) -> Self {
        let chunks = || buckets.iter().flat_map(|bucket| &bucket.chunks);
        let files = buckets.iter().map(|bucket| bucket.files.len()).sum();
        let (mut series, mut dropped, mut groups) = (chunks().map(|chunk| chunk.series).sum::<usize>(), 0, 0);
        while series > max_series && groups < DROP_ORDER.len() {
            let group = chunks().filter(|chunk| chunk.family.family().group() == DROP_ORDER[groups]);
            let count: usize = group.map(|chunk| chunk.series).sum();
            (series, dropped, groups) = (series - count, dropped + count, groups + 1);
        }
        let dropped_groups = &DROP_ORDER[..groups];
        Self {
            buckets,
            max_series,
            files,
            series,
            dropped,
            dropped_groups,
            identity: OnceLock::new(),
            gzip: OnceLock::new(),
        }
    }

    fn files_after(&self, changes: &[(FileKey, Option<Render<'_>>)]) -> usize {
        let mut files = self.files;
        for (key, render) in changes {
            let bucket = &self.buckets[key.bucket(self.buckets.len())];
            match (bucket.files.binary_search(key), render) {
                (Err(_), Some(_)) => files += 1,
                (Ok(_), None) => files -= 1,
                _ => (),
            }
        }
        files
    }

    /// Builds the buckets of `jobs`, in their order, for an exposition of `count` buckets.
    fn run(&self, mut jobs: Vec<BucketJob<'_>>, count: usize) -> Vec<(usize, Arc<Bucket>)> {
        let run = |jobs: Vec<BucketJob<'_>>| -> Vec<_> {
            let mut compressor = Compressor::default();
            jobs.into_iter().map(|job| (job.bucket, Arc::new(self.bucket(job, count, &mut compressor)))).collect()
        };
        if jobs.len() < MIN_JOBS_FOR_TWO_THREADS {
            return run(jobs);
        }
        thread::scope(|scope| {
            let second = jobs.split_off(jobs.len() / 2);
            let second = scope.spawn(|| run(second));
            let mut buckets = run(jobs);
            buckets.extend(second.join().unwrap_or_else(|cause| panic::resume_unwind(cause)));
            buckets
        })
    }

    fn bucket(&self, job: BucketJob<'_>, count: usize, compressor: &mut Compressor) -> Bucket {
        let rendered = job.changes.into_iter().map(|(key, render)| (key, render.map(|render| render())));
        let rendered: Vec<(FileKey, Option<Fragment>)> = rendered.collect();
        let changed = |key: &FileKey| rendered.binary_search_by(|(other, _)| other.cmp(key)).is_ok();
        let served = self.overlapping(job.bucket, count).iter().flat_map(|bucket| {
            let files = bucket.files.iter().enumerate();
            files.map(|(place, key)| (key, SampleSource::Kept(bucket, place)))
        });
        let kept = served.filter(|(key, _)| key.bucket(count) == job.bucket && !changed(key));
        let new = rendered.iter().filter_map(|(key, fragment)| Some((key, SampleSource::New(fragment.as_ref()?))));
        let mut files: Vec<(&FileKey, SampleSource<'_>)> = kept.chain(new).collect();
        files.sort_by_key(|(key, _)| *key);

        let before = (count == self.buckets.len()).then(|| &*self.buckets[job.bucket]);
        Bucket::new(&files, before, compressor)
    }

    /// The buckets of this exposition with files of bucket `index` of `count`.
    fn overlapping(&self, index: usize, count: usize) -> &[Arc<Bucket>] {
        let own = self.buckets.len();
        let first = index * own / count;
        &self.buckets[first..first + (own / count).max(1)]
    }

    fn assemble(&self, encoding: Encoding) -> Body {
        let mut body = BodyBuilder::default();
        let served = |family: &Family| !self.dropped_groups.contains(&family.group());
        for (family, header) in FAMILIES.iter().zip(HEADERS.iter()).filter(|(family, _)| served(family)) {
            let mut chunks = self.buckets.iter().filter_map(|bucket| bucket.chunk(family.id)).peekable();
            if chunks.peek().is_some() {
                body.push(header.bytes(encoding));
            }
            for chunk in chunks {
                body.push(chunk.bytes(encoding));
            }
        }
        if self.series == 0 && encoding == Encoding::Gzip {
            // Valid gzip has at least one member, even for an empty text.
            body.push(&gzip::member(b""));
        }
        body.finish()
    }
}

/// The last update of each file, sorted by key.
fn last_by_file(updates: Vec<FragmentUpdate<'_>>) -> Vec<(FileKey, Option<Render<'_>>)> {
    let keyed = updates.into_iter().map(|update| (FileKey::new(update.file), update.render));
    let mut updates: Vec<_> = keyed.collect();
    updates.sort_by(|(one, _), (other, _)| one.cmp(other));
    // `dedup_by` drops the later of two equal neighbours, so the later update is moved forward.
    updates.dedup_by(|later, earlier| {
        let same = later.0 == earlier.0;
        if same {
            std::mem::swap(later, earlier);
        }
        same
    });
    updates
}

/// Groups the changes by bucket of files, into one job for each of `count` buckets. The updates of a job stay sorted.
fn jobs(changes: Vec<(FileKey, Option<Render<'_>>)>, count: usize) -> Vec<BucketJob<'_>> {
    let mut jobs: Vec<BucketJob<'_>> = (0..count).map(|bucket| BucketJob { bucket, changes: Vec::new() }).collect();
    for change in changes {
        jobs[change.0.bucket(count)].changes.push(change);
    }
    jobs
}

fn bucket_count(before: usize, files: usize) -> usize {
    let mut count = before;
    while files > count * FILES_PER_BUCKET {
        count *= 2;
    }
    while count > 1 && files * 4 < count * FILES_PER_BUCKET {
        count /= 2;
    }
    count
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Read as _;

    use flate2::read::MultiGzDecoder;
    use proptest::prelude::*;

    use crate::metrics::text::FragmentBuilder;
    use crate::metrics::{label, series};

    use super::*;

    /// The title changes with the version, and the number of tasks; the rest stays.
    fn fragment(file: u16, version: u8) -> Fragment {
        let (mut builder, project, title) = (FragmentBuilder::default(), format!("p{file}"), format!("v{version}"));
        let project = label::Project(&project);
        builder.sample(series::ProjectInfo(project, label::Title(&title), label::Status("")), 1.0);
        for task in 0..version % 4 {
            let (area, workstream, task) = (label::Area("a"), label::Workstream("w"), format!("t{task}"));
            builder.sample(series::TaskCompletion(project, area, workstream, label::Task(&task)), 0.5);
        }
        builder.sample(series::ProjectCompletion(project, label::Method("earned")), 0.25);
        builder.finish()
    }

    fn change((file, version): (u16, Option<u8>)) -> FragmentUpdate<'static> {
        let path: Arc<Path> = Path::new(&format!("/plans/{file}.yaml")).into();
        match version {
            Some(version) => FragmentUpdate::replace(path, move || fragment(file, version)),
            None => FragmentUpdate::remove(path),
        }
    }

    fn exposition(files: impl Iterator<Item = u16>) -> Exposition {
        Exposition::default().update(files.map(|file| change((file, Some(3)))).collect())
    }

    fn bytes(exposition: &Exposition, encoding: Encoding) -> Vec<u8> {
        let body = exposition.body(encoding);
        let bytes = body.chunks.concat();
        assert_eq!(bytes.len(), body.length);
        bytes
    }

    /// The text, after a check that the gzip encoding has the same.
    fn text(exposition: &Exposition) -> String {
        let (plain, mut inflated) = (bytes(exposition, Encoding::Identity), Vec::new());
        MultiGzDecoder::new(&bytes(exposition, Encoding::Gzip)[..]).read_to_end(&mut inflated).unwrap();
        assert!(plain == inflated, "gzip differs");
        String::from_utf8(plain).unwrap()
    }

    /// The addresses of all chunks that are shared between two expositions, and how many there are.
    fn shared(one: &Exposition, other: &Exposition) -> (usize, usize) {
        let address = |chunk: &FamilyChunk| [Encoding::Identity, Encoding::Gzip].map(|form| chunk.bytes(form).as_ptr());
        let chunks = |exposition: &Exposition| -> Vec<_> {
            exposition.buckets.iter().flat_map(|bucket| bucket.chunks.iter().map(address)).collect()
        };
        let (one, other) = (chunks(one), chunks(other));
        (other.iter().filter(|chunk| one.contains(chunk)).count(), other.len())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn an_exposition_after_updates_is_the_one_built_at_once(
            batches in prop::collection::vec(prop::collection::vec((0..400_u16, prop::option::of(0..9_u8)), 0..300), 1..8)
        ) {
            let (mut exposition, mut files) = (Exposition::default(), BTreeMap::new());
            for batch in batches {
                let before = (exposition.clone(), text(&exposition));
                exposition = exposition.update(batch.iter().copied().map(change).collect());
                prop_assert!(text(&before.0) == before.1, "the last exposition has changed");
                files.extend(batch);
                let fresh = Exposition::default().update(files.iter().map(|(file, version)| change((*file, *version))).collect());
                prop_assert!(text(&exposition) == text(&fresh));
                prop_assert_eq!((exposition.files(), exposition.series()), (fresh.files(), fresh.series()));
                prop_assert_eq!(exposition.files(), files.values().flatten().count());
            }
        }
    }

    #[test]
    fn one_file_alone_is_its_exposition_in_one_chunk() {
        let exposition = exposition(7..8);
        assert_eq!(text(&exposition), fragment(7, 3).exposition());
        assert_eq!(
            (exposition.body(Encoding::Identity).chunks.len(), exposition.body(Encoding::Gzip).chunks.len()),
            (1, 1)
        );
        let empty = exposition.update(vec![change((7, None))]);
        assert_eq!((text(&empty).as_str(), empty.files(), empty.series()), ("", 0, 0));
    }

    #[test]
    fn an_update_shares_all_other_chunks_with_the_last_exposition() {
        let exposition = exposition(0..500);
        let next = exposition.update(vec![change((9, Some(7)))]);
        assert!(text(&next).contains(r#"title="v7""#));
        // Version 7 has the tasks of version 3: of its bucket, only the chunk of titles is new.
        let (kept, all) = shared(&exposition, &next);
        assert_eq!((kept, all), (8 * 3 - 1, 8 * 3));
    }

    #[test]
    fn buckets_grow_late_and_shrink_later() {
        assert_eq!([1, 64, 65, 128, 129, 10_000].map(|files| bucket_count(1, files)), [1, 1, 2, 2, 4, 256]);
        assert_eq!([10_000, 4096, 4095, 2000, 0].map(|files| bucket_count(256, files)), [256, 256, 128, 64, 1]);
    }

    #[test]
    fn the_number_of_buckets_follows_the_number_of_files() {
        let large = exposition(0..500);
        assert_eq!(large.buckets.len(), 8);
        let small = large.update((1..500).map(|file| change((file, None))).collect());
        assert_eq!((small.buckets.len(), small.files()), (1, 1));
    }

    #[test]
    fn above_the_maximum_tasks_are_dropped_first_and_come_back() {
        let files = |files: u16| (0..files).map(|file| change((file, Some(3)))).collect();
        let two = Exposition::empty(10).update(files(2));
        assert_eq!((two.series(), two.dropped()), (10, 0));
        let three = two.update(files(3));
        assert_eq!((three.series(), three.dropped()), (6, 9));
        assert!(!text(&three).contains("task") && text(&three).contains("readiness_project_info{"));
        let six = three.update(files(6));
        assert_eq!((six.series(), six.dropped(), text(&six).len()), (0, 30, 0));
        let two = six.update((2..6).map(|file| change((file, None))).collect());
        assert_eq!((two.series(), two.dropped()), (10, 0));
    }
}
