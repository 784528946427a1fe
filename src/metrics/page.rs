//! Ready bytes: rendered and compressed once per change, written as they are.
//!
//! The text format wants all samples of a family together, so a page is families × files. Files
//! are put into buckets by a hash of their path, and each family's samples in a bucket, a *cell*,
//! are kept joined, with a gzip member of their own. A change of a file renews the cells of its
//! bucket; all others are shared with the page before. The joined text is the only copy of the
//! samples: those of unchanged files are taken from it, so a million series cost little more
//! memory than their bytes.
//!
//! Within a family, files stand in the order of their hashes. The first bits of a hash choose the
//! bucket, so the text doesn't depend on how many buckets there are.

use std::path::Path;
use std::sync::{Arc, LazyLock, OnceLock};
use std::thread;

use bytes::Bytes;

use crate::metrics::body::{Body, Encoding, Pieces};
use crate::metrics::gzip::{self, Compressor};
use crate::metrics::text::{self, Fragment, Samples};
use crate::metrics::{FAMILIES, FamilyId};

/// How many files a bucket holds on average before the number of buckets doubles. When the average
/// falls below a quarter, the number is halved; in between, both fit.
const FILES_PER_BUCKET: usize = 64;

/// From how many buckets on two threads share the work.
const WORTH_TWO_THREADS: usize = 8;

/// A file whose samples changed.
#[derive(Debug)]
pub struct Change {
    /// The file; a stable name for it is enough.
    pub file: Arc<Path>,
    /// Its samples from now on; `None` takes the file off the page.
    pub fragment: Option<Fragment>,
}

/// The samples of all files. Pages are never changed: a change makes a new one.
#[derive(Debug, Clone)]
pub struct Page {
    /// A power of two of them.
    buckets: Vec<Arc<Bucket>>,
    files: usize,
    series: usize,
    identity: OnceLock<Arc<Body>>,
    gzip: OnceLock<Arc<Body>>,
}

/// Some of the files, and their samples.
#[derive(Debug, Default)]
struct Bucket {
    /// In order.
    files: Vec<Key>,
    /// In the order of families; families without samples have none.
    cells: Vec<Cell>,
}

/// What orders files.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    hash: u64,
    file: Arc<Path>,
}

/// The samples of one family in one bucket.
#[derive(Debug)]
struct Cell {
    family: FamilyId,
    plain: Bytes,
    gzip: Bytes,
    /// One for each of the bucket's files.
    parts: Box<[Part]>,
}

/// Where one file's samples end, and how many series they are.
#[derive(Debug, Clone, Copy)]
struct Part {
    end: usize,
    series: usize,
}

/// A bucket to be made: its number, and the changes that fall into it.
#[derive(Debug)]
struct Job {
    bucket: usize,
    changes: Vec<(Key, Option<Fragment>)>,
}

/// Where the samples of a file come from.
#[derive(Debug, Clone, Copy)]
enum Source<'a> {
    /// From the page before: the bucket, and the file's place in it.
    Served(&'a Bucket, usize),
    /// From a change.
    Fresh(&'a Fragment),
}

impl Default for Page {
    fn default() -> Self {
        Self::of(vec![Arc::default()])
    }
}

impl Page {
    /// The page after `changes`; of two changes of one file, the later one counts.
    ///
    /// This page stays as it is, and shares its memory with the new one.
    #[must_use]
    pub fn update(&self, changes: Vec<Change>) -> Self {
        let changes = sorted(changes);
        let count = bucket_count(self.buckets.len(), self.files_after(&changes));
        let mut jobs = jobs(changes, count);
        if count == self.buckets.len() {
            jobs.retain(|job| !job.changes.is_empty());
            let mut buckets = self.buckets.clone();
            for (place, bucket) in self.run(jobs, count) {
                buckets[place] = bucket;
            }
            Self::of(buckets)
        } else {
            Self::of(self.run(jobs, count).into_iter().map(|(_, bucket)| bucket).collect())
        }
    }

    /// The page's bytes. They are put together when they are asked for first.
    #[must_use]
    pub fn body(&self, encoding: Encoding) -> Arc<Body> {
        let cache = match encoding {
            Encoding::Identity => &self.identity,
            Encoding::Gzip => &self.gzip,
        };
        Arc::clone(cache.get_or_init(|| Arc::new(self.assemble(encoding))))
    }

    /// How many series there are.
    #[must_use]
    pub fn series(&self) -> usize {
        self.series
    }

    /// How many files there are.
    #[must_use]
    pub fn files(&self) -> usize {
        self.files
    }

    fn of(buckets: Vec<Arc<Bucket>>) -> Self {
        let files = buckets.iter().map(|bucket| bucket.files.len()).sum();
        let series = buckets.iter().map(|bucket| bucket.series()).sum();
        Self { buckets, files, series, identity: OnceLock::new(), gzip: OnceLock::new() }
    }

    fn files_after(&self, changes: &[(Key, Option<Fragment>)]) -> usize {
        let mut files = self.files;
        for (key, fragment) in changes {
            let bucket = &self.buckets[bucket_of(key.hash, self.buckets.len())];
            match (bucket.files.binary_search(key), fragment) {
                (Err(_), Some(_)) => files += 1,
                (Ok(_), None) => files -= 1,
                _ => (),
            }
        }
        files
    }

    /// Makes the buckets of `jobs`, in their order, for a page of `count` buckets.
    fn run(&self, mut jobs: Vec<Job>, count: usize) -> Vec<(usize, Arc<Bucket>)> {
        let run = |jobs: Vec<Job>| -> Vec<_> {
            let mut compressor = Compressor::default();
            // The fragments of a job go with it, before the next one needs memory.
            jobs.into_iter().map(|job| (job.bucket, Arc::new(self.bucket(&job, count, &mut compressor)))).collect()
        };
        if jobs.len() < WORTH_TWO_THREADS {
            return run(jobs);
        }
        thread::scope(|scope| {
            let second = jobs.split_off(jobs.len() / 2);
            let second = scope.spawn(|| run(second));
            let mut buckets = run(jobs);
            buckets.extend(second.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            buckets
        })
    }

    fn bucket(&self, job: &Job, count: usize, compressor: &mut Compressor) -> Bucket {
        let changed = |key: &Key| job.changes.binary_search_by(|(other, _)| other.cmp(key)).is_ok();
        let served = self.overlapping(job.bucket, count).iter().flat_map(|bucket| {
            let files = bucket.files.iter().enumerate();
            files.map(|(place, key)| (key, Source::Served(bucket, place)))
        });
        let kept = served.filter(|(key, _)| bucket_of(key.hash, count) == job.bucket && !changed(key));
        let fresh = job.changes.iter().filter_map(|(key, fragment)| Some((key, Source::Fresh(fragment.as_ref()?))));
        let mut files: Vec<(&Key, Source<'_>)> = kept.chain(fresh).collect();
        files.sort_by_key(|(key, _)| *key);

        // Where the bucket stays, cells that come out the same keep their bytes.
        let before = (count == self.buckets.len()).then(|| &*self.buckets[job.bucket]);
        let cells = FAMILIES.iter().filter_map(|family| {
            let before = before.and_then(|bucket| bucket.cell(family.id));
            join(family.id, &files, before, compressor)
        });
        Bucket { cells: cells.collect(), files: files.iter().map(|(key, _)| (*key).clone()).collect() }
    }

    /// The buckets with files that belong into bucket `place` of `count`.
    fn overlapping(&self, place: usize, count: usize) -> &[Arc<Bucket>] {
        let own = self.buckets.len();
        let first = place * own / count;
        &self.buckets[first..first + (own / count).max(1)]
    }

    fn assemble(&self, encoding: Encoding) -> Body {
        let mut pieces = Pieces::default();
        for (family, header) in FAMILIES.iter().zip(HEADERS.iter()) {
            let mut cells = self.buckets.iter().filter_map(|bucket| bucket.cell(family.id)).peekable();
            if cells.peek().is_some() {
                pieces.push(header.bytes(encoding));
            }
            for cell in cells {
                pieces.push(cell.bytes(encoding));
            }
        }
        if self.series == 0 && encoding == Encoding::Gzip {
            // Not even an empty text is valid gzip without a member.
            pieces.push(&gzip::member(b""));
        }
        pieces.finish()
    }
}

impl Bucket {
    fn cell(&self, family: FamilyId) -> Option<&Cell> {
        let place = self.cells.binary_search_by_key(&family, |cell| cell.family).ok()?;
        Some(&self.cells[place])
    }

    fn series(&self) -> usize {
        self.cells.iter().flat_map(|cell| &cell.parts).map(|part| part.series).sum()
    }
}

impl Cell {
    fn new(family: FamilyId, plain: Vec<u8>, parts: Vec<Part>, compressor: &mut Compressor) -> Self {
        let gzip = compressor.member(&plain);
        Self { family, plain: plain.into(), gzip, parts: parts.into() }
    }

    fn bytes(&self, encoding: Encoding) -> &Bytes {
        match encoding {
            Encoding::Identity => &self.plain,
            Encoding::Gzip => &self.gzip,
        }
    }

    fn samples(&self, place: usize) -> (&[u8], usize) {
        let start = place.checked_sub(1).map_or(0, |before| self.parts[before].end);
        (&self.plain[start..self.parts[place].end], self.parts[place].series)
    }
}

impl<'a> Source<'a> {
    fn samples(self, family: FamilyId) -> (&'a [u8], usize) {
        match self {
            Self::Served(bucket, place) => bucket.cell(family).map_or((&[], 0), |cell| cell.samples(place)),
            Self::Fresh(fragment) => {
                let Samples { text, series } = fragment.samples(family);
                (text.as_bytes(), series)
            }
        }
    }
}

/// The headers of all families, as cells without files.
static HEADERS: LazyLock<Vec<Cell>> = LazyLock::new(|| {
    let mut compressor = Compressor::default();
    let headers = FAMILIES.iter().map(|family| (family.id, text::header(family).into_bytes()));
    headers.map(|(family, header)| Cell::new(family, header, Vec::new(), &mut compressor)).collect()
});

/// The cell of `family` for `files`; `None` if they have no samples of it.
fn join(
    family: FamilyId,
    files: &[(&Key, Source<'_>)],
    before: Option<&Cell>,
    compressor: &mut Compressor,
) -> Option<Cell> {
    let samples: Vec<_> = files.iter().map(|(_, source)| source.samples(family)).collect();
    if samples.iter().all(|(text, _)| text.is_empty()) {
        return None;
    }
    // The exact capacity keeps the text from being copied when it becomes shared.
    let mut plain = Vec::with_capacity(samples.iter().map(|(text, _)| text.len()).sum());
    let mut parts = Vec::with_capacity(samples.len());
    for (text, series) in samples {
        plain.extend_from_slice(text);
        parts.push(Part { end: plain.len(), series });
    }
    Some(match before.filter(|cell| cell.plain == plain) {
        Some(same) => Cell { family, plain: same.plain.clone(), gzip: same.gzip.clone(), parts: parts.into() },
        None => Cell::new(family, plain, parts, compressor),
    })
}

/// By key, and only the last change of each file.
fn sorted(changes: Vec<Change>) -> Vec<(Key, Option<Fragment>)> {
    let keyed = changes.into_iter().map(|change| {
        let hash = hash(&change.file);
        (Key { hash, file: change.file }, change.fragment)
    });
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

/// One job for each of `count` buckets; `changes` are sorted, and so are the buckets.
fn jobs(changes: Vec<(Key, Option<Fragment>)>, count: usize) -> Vec<Job> {
    let mut jobs: Vec<Job> = (0..count).map(|bucket| Job { bucket, changes: Vec::new() }).collect();
    for change in changes {
        jobs[bucket_of(change.0.hash, count)].changes.push(change);
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

/// The bucket of a hash among `count` of them, a power of two: the hash's first bits.
fn bucket_of(hash: u64, count: usize) -> usize {
    hash.checked_shr(u64::BITS - count.ilog2()).map_or(0, |bits| usize::try_from(bits).unwrap_or(0))
}

/// FNV-1a, and `MurmurHash3`'s finalizer, since only the first bits choose a bucket. The same for ever.
fn hash(file: &Path) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in file.as_os_str().as_encoded_bytes() {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    for factor in [0xff51_afd7_ed55_8ccd_u64, 0xc4ce_b9fe_1a85_ec53] {
        hash = (hash ^ (hash >> 33)).wrapping_mul(factor);
    }
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Read as _;

    use flate2::read::MultiGzDecoder;
    use proptest::prelude::*;

    use crate::metrics::text::FragmentBuilder;

    use super::*;

    /// The title changes with the version, and the number of tasks; the rest stays.
    fn fragment(file: u16, version: u8) -> Fragment {
        let (mut builder, project, title) = (FragmentBuilder::default(), format!("p{file}"), format!("v{version}"));
        builder.sample(FamilyId::ProjectInfo, &[&project, &title, ""], 1.0);
        for task in 0..version % 4 {
            builder.sample(FamilyId::TaskCompletion, &[&project, "a", "w", &format!("t{task}")], 0.5);
        }
        builder.sample(FamilyId::ProjectCompletion, &[&project, "earned"], 0.25);
        builder.finish()
    }

    fn change((file, version): (u16, Option<u8>)) -> Change {
        let path = format!("/plans/{file}.yaml");
        Change { file: Path::new(&path).into(), fragment: version.map(|version| fragment(file, version)) }
    }

    fn page(files: impl Iterator<Item = u16>) -> Page {
        Page::default().update(files.map(|file| change((file, Some(3)))).collect())
    }

    fn bytes(page: &Page, encoding: Encoding) -> Vec<u8> {
        let body = page.body(encoding);
        let bytes = body.chunks.concat();
        assert_eq!(bytes.len(), body.length);
        bytes
    }

    /// The page's text, after looking whether it is what the gzip form says.
    fn text(page: &Page) -> String {
        let (plain, mut inflated) = (bytes(page, Encoding::Identity), Vec::new());
        MultiGzDecoder::new(&bytes(page, Encoding::Gzip)[..]).read_to_end(&mut inflated).unwrap();
        assert!(plain == inflated, "gzip says otherwise");
        String::from_utf8(plain).unwrap()
    }

    /// The addresses of all cells that are shared between two pages, and how many there are.
    fn shared(one: &Page, other: &Page) -> (usize, usize) {
        let address = |cell: &Cell| (cell.family, cell.plain.as_ptr(), cell.gzip.as_ptr());
        let cells = |page: &Page| -> Vec<_> {
            page.buckets.iter().flat_map(|bucket| bucket.cells.iter().map(address)).collect()
        };
        let (one, other) = (cells(one), cells(other));
        (other.iter().filter(|cell| one.contains(cell)).count(), other.len())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn a_page_after_updates_is_the_page_made_at_once(
            batches in prop::collection::vec(prop::collection::vec((0..400_u16, prop::option::of(0..9_u8)), 0..300), 1..8)
        ) {
            let (mut page, mut files) = (Page::default(), BTreeMap::new());
            for batch in batches {
                let before = (page.clone(), text(&page));
                page = page.update(batch.iter().copied().map(change).collect());
                prop_assert!(text(&before.0) == before.1, "the page before has changed");
                files.extend(batch);
                let fresh = Page::default().update(files.iter().map(|(file, version)| change((*file, *version))).collect());
                prop_assert!(text(&page) == text(&fresh));
                prop_assert_eq!((page.files(), page.series()), (fresh.files(), fresh.series()));
                prop_assert_eq!(page.files(), files.values().flatten().count());
            }
        }
    }

    #[test]
    fn one_file_alone_is_its_exposition_in_one_chunk() {
        let page = page(7..8);
        assert_eq!(text(&page), fragment(7, 3).exposition());
        assert_eq!((page.body(Encoding::Identity).chunks.len(), page.body(Encoding::Gzip).chunks.len()), (1, 1));
        let empty = page.update(vec![change((7, None))]);
        assert_eq!((text(&empty).as_str(), empty.files(), empty.series()), ("", 0, 0));
    }

    #[test]
    fn a_change_shares_everything_else_with_the_page_before() {
        let page = page(0..500);
        let next = page.update(vec![change((9, Some(7)))]);
        assert!(text(&next).contains(r#"title="v7""#));
        // Version 7 has the tasks of version 3: of its bucket, only the cell of titles is new.
        let (kept, all) = shared(&page, &next);
        assert_eq!((kept, all), (8 * 3 - 1, 8 * 3));
    }

    #[test]
    fn buckets_grow_late_and_shrink_later() {
        assert_eq!([1, 64, 65, 128, 129, 10_000].map(|files| bucket_count(1, files)), [1, 1, 2, 2, 4, 256]);
        assert_eq!([10_000, 4096, 4095, 2000, 0].map(|files| bucket_count(256, files)), [256, 256, 128, 64, 1]);
    }
}
