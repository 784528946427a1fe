//! Which of several exporters serves a project: each the ones whose hash falls to it.
//!
//! Every shard watches and reads every file, so that all of them know which file speaks for which
//! project; forecast and served are a shard's own projects alone.

use std::fmt;
use std::num::NonZero;
use std::path::Path;
use std::str::FromStr;

use crate::hash;

/// One of several exporters that share the projects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Which one, from 0.
    index: u32,
    /// How many there are.
    count: NonZero<u32>,
}

impl Default for Shard {
    /// The only one.
    fn default() -> Self {
        Self { index: 0, count: NonZero::<u32>::MIN }
    }
}

impl Shard {
    /// Which one it is, from 0.
    #[must_use]
    pub fn index(self) -> u32 {
        self.index
    }

    /// How many there are.
    #[must_use]
    pub fn count(self) -> NonZero<u32> {
        self.count
    }

    /// Whether it is this one that serves the project with this id.
    #[must_use]
    pub fn has_project(self, id: &str) -> bool {
        self.has(id.as_bytes())
    }

    /// Whether it is this one that tells of the file at `path`: by the project that its present
    /// content names, and by the path where it names none.
    ///
    /// What is read now decides alone, not what was read before: all shards come to the same, also
    /// one that has just been started, so that each file is told of once.
    #[must_use]
    pub fn has_file(self, path: &Path, project: Option<&str>) -> bool {
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
        // (bucket + 1) · 2³¹ / (key's upper 31 bits + 1), in integers: no rounding differs by machine.
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
        let wrong = || "write which shard of how many, such as `0/3`, `1/3` and `2/3` for three".to_owned();
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
                "there is no shard {index} of {count}: they are counted from 0, the last is `{last}/{count}`"
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
    fn a_shard_is_read_as_it_is_written() {
        for text in ["0/1", "0/3", "2/3", "4294967294/4294967295"] {
            assert_eq!(text.parse::<Shard>().map(|shard| shard.to_string()), Ok(text.to_owned()));
        }
        assert_eq!("0/1".parse(), Ok(Shard::default()));
        for text in ["", "/", "1", "0/0", "-1/3", "+1/3", "1/x", "1/2/3", " 0/1", "0/4294967296"] {
            assert!(text.parse::<Shard>().is_err_and(|words| words.contains("`0/3`")), "{text}");
        }
        insta::assert_snapshot!("3/3".parse::<Shard>().unwrap_err(), @"there is no shard 3 of 3: they are counted from 0, the last is `2/3`");
    }

    /// Pods of two versions share the projects while one replaces the other: these never change.
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
                let (now, then) = (shard_of(id, count), shard_of(id, count + 1));
                assert!(then == now || then == count, "{id} moves from {now} to {then}");
                sizes[now as usize] += 1;
            }
            let even = 10_000 / count;
            assert!(sizes.iter().all(|size| size.abs_diff(even) < even / 10), "{sizes:?}");
        }
    }
}
