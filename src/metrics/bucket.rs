//! Buckets of an exposition. A bucket has the samples of about 50 files, joined by family.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use crate::hash;
use crate::metrics::body::Encoding;
use crate::metrics::gzip::Compressor;
use crate::metrics::series::{FAMILIES, FamilyId};
use crate::metrics::text::{self, Fragment, Samples};

/// The sort key of files, which also selects their bucket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FileKey {
    hash: u64,
    file: Arc<Path>,
}

impl FileKey {
    pub(super) fn new(file: Arc<Path>) -> Self {
        Self { hash: hash::mixed(file.as_os_str().as_encoded_bytes()), file }
    }

    /// The file's bucket of `count`, a power of two: the first bits of its hash.
    pub(super) fn bucket(&self, count: usize) -> usize {
        let bits = self.hash.checked_shr(u64::BITS - count.ilog2());
        bits.map_or(0, |bits| usize::try_from(bits).unwrap_or(0))
    }
}

/// The files whose hash maps to one bucket, and their samples by family.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    /// Sorted.
    pub(super) files: Vec<FileKey>,
    /// Sorted by family; families without samples have no chunk.
    pub(super) chunks: Vec<FamilyChunk>,
}

/// The samples of one family in one bucket.
#[derive(Debug)]
pub(super) struct FamilyChunk {
    pub(super) family: FamilyId,
    pub(super) series: usize,
    plain: Bytes,
    gzip: Bytes,
    /// Ranges of the text, one for each file of the bucket.
    ranges: Box<[FileRange]>,
}

/// The samples of one file: they start at the end of the range before.
#[derive(Debug, Clone, Copy)]
struct FileRange {
    end: usize,
    series: usize,
}

/// The source of the samples of a file.
#[derive(Debug, Clone, Copy)]
pub(super) enum SampleSource<'a> {
    /// The last exposition: the bucket, and the index of the file in it.
    Kept(&'a Bucket, usize),
    /// An update.
    New(&'a Fragment),
}

impl<'a> SampleSource<'a> {
    fn samples(self, family: FamilyId) -> Samples<'a> {
        match self {
            Self::Kept(bucket, place) => {
                bucket.chunk(family).map_or_else(Samples::default, |chunk| chunk.samples(place))
            }
            Self::New(fragment) => fragment.samples(family),
        }
    }
}

impl Bucket {
    /// The bucket of `files`, which are sorted. Chunks with the same text as in `before` share its bytes.
    pub(super) fn new(
        files: &[(&FileKey, SampleSource<'_>)],
        before: Option<&Self>,
        compressor: &mut Compressor,
    ) -> Self {
        let chunks = FAMILIES.iter().filter_map(|family| {
            let before = before.and_then(|bucket| bucket.chunk(family.id));
            FamilyChunk::join(family.id, files, before, compressor)
        });
        Self { chunks: chunks.collect(), files: files.iter().map(|(key, _)| (*key).clone()).collect() }
    }

    pub(super) fn chunk(&self, family: FamilyId) -> Option<&FamilyChunk> {
        let place = self.chunks.binary_search_by_key(&family, |chunk| chunk.family).ok()?;
        Some(&self.chunks[place])
    }
}

impl FamilyChunk {
    /// The HELP and TYPE lines of each family, as chunks without files.
    pub(super) fn headers() -> Vec<Self> {
        let mut compressor = Compressor::default();
        let header = |id: FamilyId| Self::new(id, text::header(id.family()).into_bytes(), Vec::new(), &mut compressor);
        FAMILIES.iter().map(|family| family.id).map(header).collect()
    }

    pub(super) fn bytes(&self, encoding: Encoding) -> &Bytes {
        match encoding {
            Encoding::Identity => &self.plain,
            Encoding::Gzip => &self.gzip,
        }
    }

    fn new(family: FamilyId, plain: Vec<u8>, ranges: Vec<FileRange>, compressor: &mut Compressor) -> Self {
        let gzip = compressor.member(&plain);
        let series = ranges.iter().map(|range| range.series).sum();
        Self { family, series, plain: plain.into(), gzip, ranges: ranges.into() }
    }

    /// The samples of `family` in all `files`; `None` if there are none.
    fn join(
        family: FamilyId,
        files: &[(&FileKey, SampleSource<'_>)],
        before: Option<&Self>,
        compressor: &mut Compressor,
    ) -> Option<Self> {
        let samples: Vec<Samples<'_>> = files.iter().map(|(_, source)| source.samples(family)).collect();
        let series = samples.iter().map(|samples| samples.series).sum();
        if series == 0 {
            return None;
        }
        // With the exact capacity, the text is not copied when it is shared.
        let mut plain = Vec::with_capacity(samples.iter().map(|samples| samples.text.len()).sum());
        let mut ranges = Vec::with_capacity(samples.len());
        for Samples { text, series } in samples {
            plain.extend_from_slice(text);
            ranges.push(FileRange { end: plain.len(), series });
        }
        Some(match before.filter(|chunk| chunk.plain == plain) {
            Some(same) => {
                Self { family, series, plain: same.plain.clone(), gzip: same.gzip.clone(), ranges: ranges.into() }
            }
            None => Self::new(family, plain, ranges, compressor),
        })
    }

    fn samples(&self, place: usize) -> Samples<'_> {
        let start = place.checked_sub(1).map_or(0, |before| self.ranges[before].end);
        Samples { text: &self.plain[start..self.ranges[place].end], series: self.ranges[place].series }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_spread_evenly_over_buckets_and_keep_their_order_when_buckets_split() {
        let keys: Vec<FileKey> =
            (0..10_000).map(|file| FileKey::new(Path::new(&format!("/plans/{file}.yaml")).into())).collect();
        let mut counts = [0; 256];
        for key in &keys {
            counts[key.bucket(256)] += 1;
            assert_eq!((key.bucket(1), key.bucket(256) / 2), (0, key.bucket(128)));
        }
        assert!(counts.iter().all(|count| (10..80).contains(count)), "{counts:?}");
    }
}
