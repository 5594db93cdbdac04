//! Limits that more than one crate keeps to. Those of a single crate live in that crate.

/// Characters of a topic's name at most, inclusive (Kafka's limit: names of directories must fit a file system).
pub const TOPIC_NAME_CHARACTERS_MAX: usize = 249;

/// Partitions that one command creates at most, inclusive (Kafka's limit for a request).
pub const PARTITIONS_PER_COMMAND_MAX: usize = 10_000;

/// Partitions of one topic at most, inclusive.
pub const PARTITIONS_PER_TOPIC_MAX: usize = 100_000;

/// Settings that one topic overrides at most, inclusive; there are fewer to set.
pub const OVERRIDES_PER_TOPIC_MAX: usize = 128;

/// Bytes of a setting's text at most, inclusive.
pub const SETTING_VALUE_BYTES_MAX: usize = 32_767;

/// Listeners of one broker at most, inclusive.
pub const LISTENERS_PER_BROKER_MAX: usize = 64;

/// Bytes of a host name at most, inclusive (RFC 1035, with room for an IPv6 zone).
pub const HOST_NAME_BYTES_MAX: usize = 255;

const _: () = {
    assert!(PARTITIONS_PER_COMMAND_MAX <= PARTITIONS_PER_TOPIC_MAX);
    assert!(PARTITIONS_PER_TOPIC_MAX <= i32::MAX as usize);
};
