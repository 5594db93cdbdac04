//! The names of things: topics, partitions, brokers, producers, cores. Plain values, `Copy` where they can be.

use std::fmt;

/// A position in a partition's log. Signed, as on the wire; valid offsets are never negative.
pub type Offset = i64;
/// Counts the leaders of a partition (KIP-101). `-1` means unknown.
pub type LeaderEpoch = i32;
/// An idempotent or transactional producer. `-1` means none.
pub type ProducerId = i64;
/// Counts the sessions of a producer id. `-1` means none.
pub type ProducerEpoch = i16;
/// Kafka's `node.id`.
pub type BrokerId = i32;
/// The index of a partition within its topic.
pub type PartitionIndex = i32;

/// A core of this process, counted from 0 in the order of `--cores`; not the operating system's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CoreId(pub u16);

/// A topic's id (KIP-516): 16 bytes, as on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicId(pub [u8; 16]);

impl TopicId {
    /// The id that means "no id".
    pub const ZERO: TopicId = TopicId([0; 16]);
    /// The id that Kafka reserves for `__cluster_metadata`.
    pub const METADATA: TopicId = TopicId([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
}

impl fmt::Display for TopicId {
    /// URL-safe base64 without padding (22 characters), as Kafka prints its `Uuid`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        for group in self.0.chunks(3) {
            let word = group.iter().fold(0_u32, |word, byte| (word << 8) | u32::from(*byte)) << (8 * (3 - group.len()));
            for index in 0..=group.len() {
                let digit = (word >> (18 - 6 * index)) & 63;
                let character = ALPHABET.get(digit as usize).copied().unwrap_or(b'?');
                write!(f, "{}", char::from(character))?;
            }
        }
        Ok(())
    }
}

/// A partition of a topic, by the topic's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// The topic's id.
    pub topic: TopicId,
    /// The partition's index within the topic.
    pub partition: PartitionIndex,
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topic_id_prints_as_kafka_prints_it() {
        assert_eq!(TopicId::METADATA.to_string(), "AAAAAAAAAAAAAAAAAAAAAQ");
        assert_eq!(TopicId::ZERO.to_string(), "AAAAAAAAAAAAAAAAAAAAAA");
    }
}
