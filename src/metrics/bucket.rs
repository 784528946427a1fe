//! Some of the files of a exposition, with their samples joined by family.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use crate::hash;
use crate::metrics::body::Encoding;
use crate::metrics::gzip::Compressor;
use crate::metrics::series::{FAMILIES, FamilyId};
use crate::metrics::text::{self, Fragment, Samples};

/// What orders files, and chooses their bucket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FileKey {
    hash: u64,
    file: Arc<Path>,
}

impl FileKey {
    pub(super) fn new(file: Arc<Path>) -> Self {
        Self { hash: hash::mixed(file.as_os_str().as_encoded_bytes()), file }
    }

    /// The file's bucket among `count` of them, a power of two: the first bits of its hash.
    pub(super) fn bucket(&self, count: usize) -> usize {
        let bits = self.hash.checked_shr(u64::BITS - count.ilog2());
        bits.map_or(0, |bits| usize::try_from(bits).unwrap_or(0))
    }
}

/// Some of the files, and their samples.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    /// In order.
    pub(super) files: Vec<FileKey>,
    /// In the order of families; families without samples have none.
    pub(super) chunks: Vec<FamilyChunk>,
}

/// The samples of one family in one bucket.
#[derive(Debug)]
pub(super) struct FamilyChunk {
    pub(super) family: FamilyId,
    pub(super) series: usize,
    plain: Bytes,
    gzip: Bytes,
    /// One for each of the bucket's files.
    parts: Box<[FileRange]>,
}

/// Where one file's samples end, and how many series they are.
#[derive(Debug, Clone, Copy)]
struct FileRange {
    end: usize,
    series: usize,
}

/// Where the samples of a file come from.
#[derive(Debug, Clone, Copy)]
pub(super) enum SampleSource<'a> {
    /// From a exposition before: the bucket, and the file's place in it.
    Kept(&'a Bucket, usize),
    /// From a change.
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
    /// The bucket of `files`, which are in order. Cells that are as in `before` share its bytes.
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
    /// The headers of all families, as chunks without files.
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

    fn new(family: FamilyId, plain: Vec<u8>, parts: Vec<FileRange>, compressor: &mut Compressor) -> Self {
        let gzip = compressor.member(&plain);
        let series = parts.iter().map(|part| part.series).sum();
        Self { family, series, plain: plain.into(), gzip, parts: parts.into() }
    }

    /// The samples of `family` of all `files`; `None` if they have none.
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
        // The exact capacity keeps the text from being copied when it becomes shared.
        let mut plain = Vec::with_capacity(samples.iter().map(|samples| samples.text.len()).sum());
        let mut parts = Vec::with_capacity(samples.len());
        for Samples { text, series } in samples {
            plain.extend_from_slice(text);
            parts.push(FileRange { end: plain.len(), series });
        }
        Some(match before.filter(|chunk| chunk.plain == plain) {
            Some(same) => {
                Self { family, series, plain: same.plain.clone(), gzip: same.gzip.clone(), parts: parts.into() }
            }
            None => Self::new(family, plain, parts, compressor),
        })
    }

    fn samples(&self, place: usize) -> Samples<'_> {
        let start = place.checked_sub(1).map_or(0, |before| self.parts[before].end);
        Samples { text: &self.plain[start..self.parts[place].end], series: self.parts[place].series }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_spread_evenly_over_buckets_and_splitting_one_keeps_the_order() {
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
