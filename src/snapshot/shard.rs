//! Sharding: each of several exporters serves the projects whose hash selects it.
//!
//! Every shard watches and reads every file, so that all agree on which file serves a project. A shard
//! forecasts and serves only its own projects.

use std::fmt;
use std::num::NonZero;
use std::path::Path;
use std::str::FromStr;

use crate::hash;

/// One of several exporters that share the projects, such as `0/3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: u32,
    count: NonZero<u32>,
}

impl Default for Shard {
    fn default() -> Self {
        Self { index: 0, count: NonZero::<u32>::MIN }
    }
}

impl Shard {
    /// Index of the shard, from 0.
    #[must_use]
    pub(crate) fn index(self) -> u32 {
        self.index
    }

    #[must_use]
    pub(crate) fn count(self) -> NonZero<u32> {
        self.count
    }

    /// Whether this shard serves the project.
    #[must_use]
    pub(crate) fn has_project(self, id: &str) -> bool {
        self.has(id.as_bytes())
    }

    /// Whether this shard reports the health of the file at `path`: the hash is that of the project that
    /// the current content names, otherwise that of the path.
    ///
    /// Only the current content decides, so that all shards agree, including one that has just started,
    /// and each file is reported once.
    #[must_use]
    pub(crate) fn has_file(self, path: &Path, project: Option<&str>) -> bool {
        self.has(project.map_or(path.as_os_str().as_encoded_bytes(), str::as_bytes))
    }

    fn has(self, key: &[u8]) -> bool {
        bucket(hash::mixed(key), self.count) == self.index
    }
}

/// Jump consistent hashing (Lamping and Veach, 2014): from `count` to `count + 1` buckets, only one
/// key in `count + 1` moves, and always to the new one.
fn bucket(mut key: u64, count: NonZero<u32>) -> u32 {
    let (mut bucket, mut next) = (0, 0_u64);
    while next < u64::from(count.get()) {
        bucket = next;
        key = key.wrapping_mul(2_862_933_555_777_941_757).wrapping_add(1);
        // (bucket + 1) · 2³¹ / (upper 31 bits of the key + 1), in integers: the same on every machine.
        next = ((bucket + 1) << 31) / ((key >> 33) + 1);
    }
    u32::try_from(bucket).unwrap_or_default()
}

impl fmt::Display for Shard {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            "expected the ordinal of the shard and the number of shards: `0/3`, `1/3` or `2/3` for three shards"
                .to_owned()
        };
        let (index, count) = text.split_once('/').ok_or_else(wrong)?;
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(index) || !digits(count) {
            return Err(wrong());
        }
        let (index, count): (u32, NonZero<u32>) =
            (index.parse().map_err(|_| wrong())?, count.parse().map_err(|_| wrong())?);
        if index >= count.get() {
            let last = count.get() - 1;
            return Err(format!(
                "shard {index} of {count} does not exist: the first is `0/{count}`, the last `{last}/{count}`"
            ));
        }
        Ok(Self { index, count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard_of(key: &str, count: u32) -> u32 {
        let count = NonZero::new(count).unwrap();
        let having: Vec<u32> =
            (0..count.get()).filter(|index| Shard { index: *index, count }.has_project(key)).collect();
        assert_eq!(having.len(), 1, "{key}: {having:?}");
        having[0]
    }

    #[test]
    fn a_shard_is_parsed_as_it_is_displayed() {
        for text in ["0/1", "0/3", "2/3", "4294967294/4294967295"] {
            assert_eq!(text.parse::<Shard>().map(|shard| shard.to_string()), Ok(text.to_owned()));
        }
        assert_eq!("0/1".parse(), Ok(Shard::default()));
        for text in ["", "/", "1", "0/0", "-1/3", "+1/3", "1/x", "1/2/3", " 0/1", "0/4294967296"] {
            assert!(text.parse::<Shard>().is_err_and(|words| words.contains("`0/3`")), "{text}");
        }
        insta::assert_snapshot!("3/3".parse::<Shard>().unwrap_err(), @"shard 3 of 3 does not exist: the first is `0/3`, the last `2/3`");
    }

    /// During a rollout, pods of two versions share the projects: the shard of a project must not change.
    #[test]
    fn the_shard_of_a_project_stays_the_same() {
        assert_eq!(["castiel", "payments", "webshop", "a", ""].map(|id| shard_of(id, 3)), [1, 2, 0, 1, 1]);
        assert_eq!(["castiel", "payments", "webshop", "a", ""].map(|id| shard_of(id, 16)), [8, 7, 14, 5, 1]);
    }

    #[test]
    fn projects_spread_evenly_and_few_move_to_a_further_shard() {
        let ids: Vec<String> = (0..10_000).map(|number| format!("project-{number}")).collect();
        for count in [2_u32, 3, 7] {
            let mut sizes = vec![0_u32; count as usize];
            for id in &ids {
                let (before, after) = (shard_of(id, count), shard_of(id, count + 1));
                assert!(after == before || after == count, "{id} moves from {before} to {after}");
                sizes[before as usize] += 1;
            }
            let even = 10_000 / count;
            assert!(sizes.iter().all(|size| size.abs_diff(even) < even / 10), "{sizes:?}");
        }
    }
}
