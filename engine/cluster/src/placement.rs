//! Which core owns a partition.
//!
//! A partition belongs to one of [`SHARDS`] virtual shards, and each shard to a core:
//!
//! - `shard = (FNV-1a of the topic's id + partition) mod 1024`, so that a topic's partitions lie in consecutive shards;
//! - `core = shard mod cores`, so that consecutive shards lie on different cores.
//!
//! Together a topic's partitions are spread evenly over the cores (as long as there are at most 1,024 of them, the
//! numbers differ by at most one where the count of cores is a power of two, by at most two otherwise), and different
//! topics begin at different cores.
//!
//! Always true:
//! - the shard of a partition never changes: not over restarts, not with the number of cores, not with the release;
//! - every core of up to 1,024 owns at least one shard.

use millrace_base::ids::{CoreId, TopicId, TopicPartition};

/// The number of virtual shards. It never changes.
pub const SHARDS: u16 = 1024;

/// A virtual shard, from 0 to [`SHARDS`], exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shard(pub u16);

/// The shard of a partition.
pub fn shard_of(partition: TopicPartition) -> Shard {
    // A negative index is no partition's; it has a shard nonetheless, so that whoever asks is told so by the owner.
    let index = partition.partition.rem_euclid(i32::from(SHARDS)) as u64;
    let shard = (hash(partition.topic) + index) % u64::from(SHARDS);
    Shard(shard as u16)
}

/// The core that owns a shard, when there are so many cores.
///
/// # Panics
/// When `cores` is 0.
pub fn core_of_shard(shard: Shard, cores: usize) -> CoreId {
    assert!(cores > 0, "a broker has at least one core");
    // The remainder is below 1,024, since the shard is.
    CoreId((usize::from(shard.0) % cores) as u16)
}

/// The core that owns a partition, when there are so many cores.
///
/// # Panics
/// When `cores` is 0.
pub fn core_of(partition: TopicPartition, cores: usize) -> CoreId {
    core_of_shard(shard_of(partition), cores)
}

/// FNV-1a over the 16 bytes of the id, folded to 32 bits: the low bits of FNV-1a alone depend on the low bits of each
/// byte only.
fn hash(topic: TopicId) -> u64 {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let hash = topic.0.iter().fold(BASIS, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME));
    (hash >> 32) ^ (hash & 0xffff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn partition(topic: [u8; 16], partition: i32) -> TopicPartition {
        TopicPartition { topic: TopicId(topic), partition }
    }

    /// Computed by an independent implementation of FNV-1a (Python): a change here would move every user's partitions.
    #[test]
    fn shards_never_change() {
        let counted: [u8; 16] = std::array::from_fn(|index| index as u8);
        for (topic, index, shard) in
            [([0; 16], 0, 988), ([0xff; 16], 0, 349), (counted, 0, 993), (counted, 7, 1000), (counted, 1024, 993)]
        {
            assert_eq!(shard_of(partition(topic, index)), Shard(shard));
        }
    }

    #[test]
    fn a_topics_partitions_are_spread_evenly() {
        for cores in 1..=17 {
            let mut owned = vec![0_usize; cores];
            for index in 0..1024 {
                owned[usize::from(core_of(partition([5; 16], index), cores).0)] += 1;
            }
            let (least, most) = (owned.iter().min().unwrap(), owned.iter().max().unwrap());
            assert!(most - least <= 1, "{cores} cores: {owned:?}");
        }
    }

    #[test]
    fn topics_of_one_partition_are_spread_too() {
        let mut owned = [0_usize; 8];
        for topic in 0..8000_u128 {
            let id = topic.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes();
            owned[usize::from(core_of(partition(id, 0), 8).0)] += 1;
        }
        assert!(owned.iter().all(|count| (800..1200).contains(count)), "{owned:?}");
    }

    proptest! {
        #[test]
        fn every_partition_has_a_core(topic: [u8; 16], index: i32, cores in 1_usize..2000) {
            let core = core_of(partition(topic, index), cores);
            prop_assert!(usize::from(core.0) < cores);
        }

        #[test]
        fn few_partitions_of_a_topic_differ_by_two_at_most(topic: [u8; 16], count in 1_i32..300, cores in 1_usize..33) {
            let mut owned = vec![0_usize; cores];
            for index in 0..count {
                owned[usize::from(core_of(partition(topic, index), cores).0)] += 1;
            }
            let (least, most) = (owned.iter().min().unwrap(), owned.iter().max().unwrap());
            prop_assert!(most - least <= 2, "{:?}", owned);
        }
    }
}
