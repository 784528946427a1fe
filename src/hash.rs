//! Hashes that are the same on every machine and in every version. They determine random numbers,
//! buckets of files and shards.

/// FNV-1a with 64 bits. The high bits of similar texts are similar; [`mixed`] avoids that.
#[must_use]
pub(crate) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// FNV-1a followed by the finalizer of `MurmurHash3`, so that every bit depends on all of `bytes`.
#[must_use]
pub(crate) fn mixed(bytes: &[u8]) -> u64 {
    let mut hash = fnv1a(bytes);
    for factor in [0xff51_afd7_ed55_8ccd_u64, 0xc4ce_b9fe_1a85_ec53] {
        hash = (hash ^ (hash >> 33)).wrapping_mul(factor);
    }
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fnv1a_matches_published_values() {
        assert_eq!((fnv1a(b""), fnv1a(b"a")), (0xcbf2_9ce4_8422_2325, 0xaf63_dc4c_8601_ec8c));
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn every_bit_of_a_mixed_hash_depends_on_every_byte() {
        for bit in 0..u64::BITS {
            let ones = (0..1_000_u32).filter(|number| mixed(&number.to_le_bytes()) >> bit & 1 == 1).count();
            assert!((400..600).contains(&ones), "bit {bit}: {ones} of 1000");
        }
    }
}
