//! Which partition a record goes to: Kafka's default, so that a key lands where the Java client puts it.

/// The partition of a keyed record: murmur2 of the key, made positive, modulo the number of partitions.
#[must_use]
pub fn partition_of_key(key: &[u8], partitions: i32) -> i32 {
    let hash = i32::from_ne_bytes(murmur2(key).to_ne_bytes()) & i32::MAX;
    hash.checked_rem(partitions).unwrap_or(0)
}

/// MurmurHash2, 32 bits, with Kafka's seed.
fn murmur2(data: &[u8]) -> u32 {
    const SEED: u32 = 0x9747_b28c;
    const MULTIPLIER: u32 = 0x5bd1_e995;
    const ROTATION: u32 = 24;
    let mut hash = SEED ^ u32::try_from(data.len()).unwrap_or(u32::MAX);
    let (words, rest) = data.as_chunks::<4>();
    for word in words {
        let mut mixed = u32::from_le_bytes(*word).wrapping_mul(MULTIPLIER);
        mixed ^= mixed >> ROTATION;
        hash = hash.wrapping_mul(MULTIPLIER) ^ mixed.wrapping_mul(MULTIPLIER);
    }
    if !rest.is_empty() {
        let tail = rest.iter().rev().fold(0_u32, |tail, byte| (tail << 8) | u32::from(*byte));
        hash = (hash ^ tail).wrapping_mul(MULTIPLIER);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(MULTIPLIER);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values that Kafka's own test of `Utils.murmur2` expects.
    #[test]
    fn murmur2_agrees_with_kafka() {
        let expected = [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
        ];
        for (text, hash) in expected {
            assert_eq!(i32::from_ne_bytes(murmur2(text.as_bytes()).to_ne_bytes()), hash, "{text}");
        }
    }
}
