//! Ready bytes: rendered and compressed once per change, written as they are.
//!
//! The text format wants all samples of a family together, so a exposition is families × files. Files
//! are put into buckets by a hash of their path, and each family's samples in a bucket, a *chunk*,
//! are kept joined, with a gzip member of their own. A change of a file renews the chunks of its
//! bucket; all others are shared with the exposition before. The joined text is the only copy of the
//! samples: those of unchanged files are taken from it, so a million series cost little more
//! memory than their bytes.
//!
//! Within a family, files stand in the order of their hashes. The first bits of a hash choose the
//! bucket, so the text doesn't depend on how many buckets there are.

use std::path::Path;
use std::sync::{Arc, LazyLock, OnceLock};
use std::{panic, thread};

use crate::metrics::body::{Body, Encoding, Pieces};
use crate::metrics::bucket::{Bucket, FamilyChunk, FileKey, SampleSource};
use crate::metrics::gzip::{self, Compressor};
use crate::metrics::series::FAMILIES;
use crate::metrics::text::Fragment;
use crate::metrics::{Family, Group};

/// How many files a bucket holds on average before the number of buckets doubles. When the average
/// falls below a quarter, the number is halved; in between, both fit.
const FILES_PER_BUCKET: usize = 64;

/// From how many buckets on two threads share the work.
const WORTH_TWO_THREADS: usize = 8;

/// What is left out above the ceiling, the most series and the least telling ones first. The health
/// of the files is never left out.
const DROP_ORDER: [Group; 6] =
    [Group::Task, Group::Workstream, Group::Risk, Group::Milestone, Group::Area, Group::Project];

/// A file whose samples changed.
pub struct FragmentUpdate<'a> {
    file: Arc<Path>,
    render: Option<Render<'a>>,
}

type Render<'a> = Box<dyn FnOnce() -> Fragment + Send + 'a>;

impl<'a> FragmentUpdate<'a> {
    /// From now on `file` has the samples that `render` returns.
    ///
    /// They are rendered when their bucket is made, with few others and by one of two threads, so
    /// that the samples of many files needn't be in memory all at once, and twice.
    pub fn replace(file: Arc<Path>, render: impl FnOnce() -> Fragment + Send + 'a) -> Self {
        Self { file, render: Some(Box::new(render)) }
    }

    /// From now on `file` has the samples of `fragment`; without one it is taken off the exposition.
    #[must_use]
    pub fn of(file: Arc<Path>, fragment: Option<Fragment>) -> Self {
        match fragment {
            Some(fragment) => Self::replace(file, move || fragment),
            None => Self::remove(file),
        }
    }

    /// `file` is taken off the exposition.
    #[must_use]
    pub fn remove(file: Arc<Path>) -> Self {
        Self { file, render: None }
    }
}

/// The samples of all files. Expositions are never changed: a change makes a new one.
#[derive(Debug, Clone)]
pub struct Exposition {
    /// A power of two of them.
    buckets: Vec<Arc<Bucket>>,
    ceiling: usize,
    files: usize,
    series: usize,
    dropped: usize,
    dropped_groups: &'static [Group],
    identity: OnceLock<Arc<Body>>,
    gzip: OnceLock<Arc<Body>>,
}

/// A bucket to be made: its number, and the changes that fall into it.
struct BucketJob<'a> {
    bucket: usize,
    changes: Vec<(FileKey, Option<Render<'a>>)>,
}

/// The headers of all families.
static HEADERS: LazyLock<Vec<FamilyChunk>> = LazyLock::new(FamilyChunk::headers);

impl Default for Exposition {
    fn default() -> Self {
        Self::empty(usize::MAX)
    }
}

impl Exposition {
    /// A exposition without files, which leaves out series as soon as there are more than `ceiling`.
    ///
    /// Then tasks' series are left out, all of them, so that what is served stays whole and doesn't
    /// depend on the order of files; and other groups too if that isn't enough.
    #[must_use]
    pub fn empty(ceiling: usize) -> Self {
        Self::of(vec![Arc::default()], ceiling)
    }

    /// The exposition after `changes`; of two changes of one file, the later one counts.
    ///
    /// This exposition stays as it is, and shares its memory with the new one.
    #[must_use]
    pub fn update(&self, changes: Vec<FragmentUpdate<'_>>) -> Self {
        let changes = sorted(changes);
        let count = bucket_count(self.buckets.len(), self.files_after(&changes));
        let mut jobs = jobs(changes, count);
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
        Self::of(buckets, self.ceiling)
    }

    /// The exposition's bytes. They are put together when they are asked for first.
    #[must_use]
    pub fn body(&self, encoding: Encoding) -> Arc<Body> {
        let cache = match encoding {
            Encoding::Identity => &self.identity,
            Encoding::Gzip => &self.gzip,
        };
        Arc::clone(cache.get_or_init(|| Arc::new(self.assemble(encoding))))
    }

    /// How many series are served.
    #[must_use]
    pub fn series(&self) -> usize {
        self.series
    }

    /// How many series are left out, to stay below the ceiling.
    #[must_use]
    pub fn dropped(&self) -> usize {
        self.dropped
    }

    /// How many files there are.
    #[must_use]
    pub fn files(&self) -> usize {
        self.files
    }

    fn of(buckets: Vec<Arc<Bucket>>, ceiling: usize) -> Self {
        let chunks = || buckets.iter().flat_map(|bucket| &bucket.chunks);
        let files = buckets.iter().map(|bucket| bucket.files.len()).sum();
        let (mut series, mut dropped, mut groups) = (chunks().map(|chunk| chunk.series).sum::<usize>(), 0, 0);
        while series > ceiling && groups < DROP_ORDER.len() {
            let group = chunks().filter(|chunk| chunk.family.family().group() == DROP_ORDER[groups]);
            let count: usize = group.map(|chunk| chunk.series).sum();
            (series, dropped, groups) = (series - count, dropped + count, groups + 1);
        }
        let dropped_groups = &DROP_ORDER[..groups];
        Self {
            buckets,
            ceiling,
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

    /// Makes the buckets of `jobs`, in their order, for a exposition of `count` buckets.
    fn run(&self, mut jobs: Vec<BucketJob<'_>>, count: usize) -> Vec<(usize, Arc<Bucket>)> {
        let run = |jobs: Vec<BucketJob<'_>>| -> Vec<_> {
            let mut compressor = Compressor::default();
            jobs.into_iter().map(|job| (job.bucket, Arc::new(self.bucket(job, count, &mut compressor)))).collect()
        };
        if jobs.len() < WORTH_TWO_THREADS {
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
        let fresh = rendered.iter().filter_map(|(key, fragment)| Some((key, SampleSource::New(fragment.as_ref()?))));
        let mut files: Vec<(&FileKey, SampleSource<'_>)> = kept.chain(fresh).collect();
        files.sort_by_key(|(key, _)| *key);

        let before = (count == self.buckets.len()).then(|| &*self.buckets[job.bucket]);
        Bucket::new(&files, before, compressor)
    }

    /// The buckets with files that belong into bucket `place` of `count`.
    fn overlapping(&self, place: usize, count: usize) -> &[Arc<Bucket>] {
        let own = self.buckets.len();
        let first = place * own / count;
        &self.buckets[first..first + (own / count).max(1)]
    }

    fn assemble(&self, encoding: Encoding) -> Body {
        let mut pieces = Pieces::default();
        let served = |family: &Family| !self.dropped_groups.contains(&family.group());
        for (family, header) in FAMILIES.iter().zip(HEADERS.iter()).filter(|(family, _)| served(family)) {
            let mut chunks = self.buckets.iter().filter_map(|bucket| bucket.chunk(family.id)).peekable();
            if chunks.peek().is_some() {
                pieces.push(header.bytes(encoding));
            }
            for chunk in chunks {
                pieces.push(chunk.bytes(encoding));
            }
        }
        if self.series == 0 && encoding == Encoding::Gzip {
            // Not even an empty text is valid gzip without a member.
            pieces.push(&gzip::member(b""));
        }
        pieces.finish()
    }
}

/// By key, and only the last change of each file.
fn sorted(changes: Vec<FragmentUpdate<'_>>) -> Vec<(FileKey, Option<Render<'_>>)> {
    let keyed = changes.into_iter().map(|change| (FileKey::new(change.file), change.render));
    let mut changes: Vec<_> = keyed.collect();
    changes.sort_by(|(one, _), (other, _)| one.cmp(other));
    // Of two equal neighbours `dedup_by` drops the later one, so the later change moves forward.
    changes.dedup_by(|later, earlier| {
        let same = later.0 == earlier.0;
        if same {
            std::mem::swap(later, earlier);
        }
        same
    });
    changes
}

/// One job for each of `count` buckets; within a job, the changes stay sorted.
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

    /// The exposition's text, after looking whether it is what the gzip form says.
    fn text(exposition: &Exposition) -> String {
        let (plain, mut inflated) = (bytes(exposition, Encoding::Identity), Vec::new());
        MultiGzDecoder::new(&bytes(exposition, Encoding::Gzip)[..]).read_to_end(&mut inflated).unwrap();
        assert!(plain == inflated, "gzip says otherwise");
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
        fn a_page_after_updates_is_the_page_made_at_once(
            batches in prop::collection::vec(prop::collection::vec((0..400_u16, prop::option::of(0..9_u8)), 0..300), 1..8)
        ) {
            let (mut exposition, mut files) = (Exposition::default(), BTreeMap::new());
            for batch in batches {
                let before = (exposition.clone(), text(&exposition));
                exposition = exposition.update(batch.iter().copied().map(change).collect());
                prop_assert!(text(&before.0) == before.1, "the exposition before has changed");
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
    fn a_change_shares_everything_else_with_the_page_before() {
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
    fn above_the_ceiling_tasks_are_left_out_first_and_come_back() {
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
