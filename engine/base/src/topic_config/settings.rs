//! The settings of a topic: those of Kafka 4.3.1, and Millrace's own.

use super::support::TIERED;
use crate::setting::{Importance, Kind, Setting, Support, Valid};

const fn setting(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    valid: Valid,
    support: Support,
    documentation: &'static str,
) -> Setting {
    Setting { name, kind, default: Some(default), valid, importance: Importance::Medium, support, documentation }
}

/// Every setting of a topic, in the order of their names.
#[rustfmt::skip]
pub const SETTINGS: &[Setting] = &[
    setting("cleanup.policy", Kind::List, "delete", Valid::ListOf(&["compact", "delete"]),
        Support::Full,
        "What makes old records go: delete (their age, or the topic's size), compact (a newer record with the same \
         key), both, or, when empty, nothing."),
    setting("compression.gzip.level", Kind::Int, "-1", Valid::BetweenOrDefault(1, 9), Support::Full,
        "The level at which the broker compresses with gzip; -1 is gzip's own default."),
    setting("compression.lz4.level", Kind::Int, "9", Valid::Between(1, 17), Support::Full,
        "The level at which the broker compresses with lz4."),
    setting("compression.type", Kind::String, "producer",
        Valid::OneOf(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]), Support::Full,
        "The compression of the stored batches; producer keeps each batch as it was sent."),
    setting("compression.zstd.level", Kind::Int, "3", Valid::Between(-131_072, 22), Support::Full,
        "The level at which the broker compresses with zstd."),
    setting("delete.retention.ms", Kind::Long, "86400000", Valid::AtLeast(0), Support::Full,
        "How long a compacted topic keeps tombstones, in ms: a consumer that takes longer to read it from the start \
         may miss deletions."),
    setting("file.delete.delay.ms", Kind::Long, "60000", Valid::AtLeast(0),
        Support::Full,
        "How long the files of a deleted segment or topic stay on the disk, in ms."),
    setting("flush.messages", Kind::Long, "9223372036854775807", Valid::AtLeast(1), Support::Full,
        "After how many records data is forced to the disk; with millrace.durability=sync that is before every \
         acknowledgement, whatever this says."),
    setting("flush.ms", Kind::Long, "9223372036854775807", Valid::AtLeast(0), Support::Full,
        "After how many ms data is forced to the disk; with millrace.durability=sync that is before every \
         acknowledgement, whatever this says."),
    setting("follower.replication.throttled.replicas", Kind::List, "", Valid::ThrottledReplicas, Support::Full,
        "The replicas whose fetching as followers is throttled, as [partition]:[broker] pairs, or * for all; a \
         partition's only replica fetches from nobody."),
    setting("index.interval.bytes", Kind::Int, "4096", Valid::AtLeast(0), Support::Full,
        "How many bytes of records lie between two entries of a segment's index."),
    setting("leader.replication.throttled.replicas", Kind::List, "", Valid::ThrottledReplicas, Support::Full,
        "The replicas whose sending as leaders is throttled, as [partition]:[broker] pairs, or * for all; a \
         partition's only replica sends to none."),
    setting("local.retention.bytes", Kind::Long, "-2", Valid::AtLeast(-2), TIERED,
        "How many bytes of a tiered partition stay on the local disk; -2 means retention.bytes."),
    setting("local.retention.ms", Kind::Long, "-2", Valid::AtLeast(-2), TIERED,
        "How long the segments of a tiered partition stay on the local disk, in ms; -2 means retention.ms."),
    setting("max.compaction.lag.ms", Kind::Long, "9223372036854775807", Valid::AtLeast(1), Support::Full,
        "How long a record may stay uncompacted at most, in ms."),
    setting("max.message.bytes", Kind::Int, "1048588", Valid::AtLeast(0), Support::Full,
        "The largest record batch that the topic takes, in bytes: as compressed by the producer, and as compressed \
         anew where compression.type asks for it."),
    setting("message.timestamp.after.max.ms", Kind::Long, "3600000", Valid::AtLeast(0), Support::Full,
        "How far a record's timestamp may lie after the broker's clock, in ms, when message.timestamp.type is \
         CreateTime."),
    setting("message.timestamp.before.max.ms", Kind::Long, "9223372036854775807", Valid::AtLeast(0), Support::Full,
        "How far a record's timestamp may lie before the broker's clock, in ms, when message.timestamp.type is \
         CreateTime."),
    setting("message.timestamp.type", Kind::String, "CreateTime", Valid::OneOf(&["CreateTime", "LogAppendTime"]),
        Support::Full,
        "Whose clock a record's timestamp shows: the producer's (CreateTime) or the broker's (LogAppendTime)."),
    setting("millrace.durability", Kind::String, "sync", Valid::OneOf(&["sync", "relaxed"]), Support::Full,
        "When an append is acknowledged: once it is on stable storage (sync), or once it is in the broker's \
         memory (relaxed: a crash of the broker or a power loss may take the records of the last moment)."),
    setting("millrace.record.format", Kind::String, "kafka", Valid::OneOf(&["kafka", "columns"]), Support::Full,
        "How records lie in the stored batches: as Kafka has them (kafka), or as columns, which native consumers read \
         without parsing, and other clients as Kafka's; fixed once the topic is created."),
    setting("min.cleanable.dirty.ratio", Kind::Double, "0.5", Valid::Fraction, Support::Full,
        "From which fraction of uncompacted data on a partition is compacted."),
    setting("min.compaction.lag.ms", Kind::Long, "0", Valid::AtLeast(0), Support::Full,
        "How long a record stays uncompacted at least, in ms."),
    setting("min.insync.replicas", Kind::Int, "1", Valid::AtLeast(1), Support::Full,
        "How many in-sync replicas an append with acks=all needs; more than the topic has replicas counts as that \
         many."),
    setting("preallocate", Kind::Boolean, "false", Valid::Any, Support::Full,
        "Whether a segment gets all of its disk space when it is begun; if not, it gets it ahead of the data in \
         extents that grow with the segment."),
    setting("remote.log.copy.disable", Kind::Boolean, "false", Valid::Any, TIERED,
        "Whether a tiered topic stops copying segments to the remote storage."),
    setting("remote.log.delete.on.disable", Kind::Boolean, "false", Valid::Any, TIERED,
        "Whether the remote data of a topic goes when its tiering is switched off."),
    setting("remote.storage.enable", Kind::Boolean, "false", Valid::Any, TIERED,
        "Whether the topic's old segments move to a remote storage."),
    setting("retention.bytes", Kind::Long, "-1", Valid::Any, Support::Full,
        "How many bytes a partition keeps before its oldest segments go; -1 means no limit."),
    setting("retention.ms", Kind::Long, "604800000", Valid::AtLeast(-1), Support::Full,
        "How long a record is kept before its segment may go, in ms; -1 means for ever."),
    setting("segment.bytes", Kind::Int, "1073741824", Valid::AtLeast(1_048_576), Support::Full,
        "The size in bytes at which a segment is closed and the next one begun."),
    setting("segment.index.bytes", Kind::Int, "10485760", Valid::AtLeast(4),
        Support::Full,
        "The largest size of a segment's index, in bytes: a segment is closed before its index becomes larger."),
    setting("segment.jitter.ms", Kind::Long, "0", Valid::AtLeast(0),
        Support::Full,
        "By how many ms at most segment.ms is shortened at random, so that segments are not all rolled at once."),
    setting("segment.ms", Kind::Long, "604800000", Valid::AtLeast(1), Support::Full,
        "The age in ms at which a segment is closed and the next one begun, even when it is not full."),
    setting("unclean.leader.election.enable", Kind::Boolean, "false", Valid::Any, Support::Full,
        "Whether a replica that is not in sync may become leader when no other is left, at the price of acknowledged \
         records; a partition's only replica is always in sync."),
];

/// How a broker's setting becomes a topic's default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// As it is.
    Same,
    /// Minutes become ms.
    Minutes,
    /// Hours become ms.
    Hours,
}

impl Unit {
    /// How many of the topic's units one of the broker's is.
    pub(crate) const fn factor(self) -> i64 {
        match self {
            Unit::Same => 1,
            Unit::Minutes => 60_000,
            Unit::Hours => 3_600_000,
        }
    }
}

/// The broker's settings that give a topic's setting its default, the first that is not null counting. Empty when the
/// broker has no say.
pub(crate) fn broker_synonyms(name: &str) -> &'static [(&'static str, Unit)] {
    match name {
        "cleanup.policy" => &[("log.cleanup.policy", Unit::Same)],
        "compression.gzip.level" => &[("compression.gzip.level", Unit::Same)],
        "compression.lz4.level" => &[("compression.lz4.level", Unit::Same)],
        "compression.type" => &[("compression.type", Unit::Same)],
        "compression.zstd.level" => &[("compression.zstd.level", Unit::Same)],
        "delete.retention.ms" => &[("log.cleaner.delete.retention.ms", Unit::Same)],
        "file.delete.delay.ms" => &[("log.segment.delete.delay.ms", Unit::Same)],
        "flush.messages" => &[("log.flush.interval.messages", Unit::Same)],
        "flush.ms" => &[("log.flush.interval.ms", Unit::Same), ("log.flush.scheduler.interval.ms", Unit::Same)],
        "index.interval.bytes" => &[("log.index.interval.bytes", Unit::Same)],
        "local.retention.bytes" => &[("log.local.retention.bytes", Unit::Same)],
        "local.retention.ms" => &[("log.local.retention.ms", Unit::Same)],
        "max.compaction.lag.ms" => &[("log.cleaner.max.compaction.lag.ms", Unit::Same)],
        "max.message.bytes" => &[("message.max.bytes", Unit::Same)],
        "message.timestamp.after.max.ms" => &[("log.message.timestamp.after.max.ms", Unit::Same)],
        "message.timestamp.before.max.ms" => &[("log.message.timestamp.before.max.ms", Unit::Same)],
        "message.timestamp.type" => &[("log.message.timestamp.type", Unit::Same)],
        "millrace.durability" => &[("millrace.durability", Unit::Same)],
        "min.cleanable.dirty.ratio" => &[("log.cleaner.min.cleanable.ratio", Unit::Same)],
        "min.compaction.lag.ms" => &[("log.cleaner.min.compaction.lag.ms", Unit::Same)],
        "min.insync.replicas" => &[("min.insync.replicas", Unit::Same)],
        "preallocate" => &[("log.preallocate", Unit::Same)],
        "retention.bytes" => &[("log.retention.bytes", Unit::Same)],
        "retention.ms" => &[
            ("log.retention.ms", Unit::Same),
            ("log.retention.minutes", Unit::Minutes),
            ("log.retention.hours", Unit::Hours),
        ],
        "segment.bytes" => &[("log.segment.bytes", Unit::Same)],
        "segment.index.bytes" => &[("log.index.size.max.bytes", Unit::Same)],
        "segment.jitter.ms" => &[("log.roll.jitter.ms", Unit::Same), ("log.roll.jitter.hours", Unit::Hours)],
        "segment.ms" => &[("log.roll.ms", Unit::Same), ("log.roll.hours", Unit::Hours)],
        "unclean.leader.election.enable" => &[("unclean.leader.election.enable", Unit::Same)],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{broker_config, facts};

    #[test]
    fn settings_are_those_of_kafka_and_millraces_own() {
        let kafka: Vec<_> = facts::rows(facts::TOPIC_SETTINGS).collect();
        let ours: Vec<_> = SETTINGS.iter().filter(|setting| !setting.name.starts_with("millrace.")).collect();
        assert_eq!(ours.len(), kafka.len());
        for (setting, fact) in ours.iter().zip(kafka) {
            facts::assert_setting_is(setting, &fact);
        }
    }

    #[test]
    fn every_default_is_valid() {
        for setting in SETTINGS {
            setting.parse(setting.default.unwrap()).unwrap();
            assert!(!setting.documentation.is_empty(), "{}", setting.name);
        }
    }

    #[test]
    fn every_broker_default_agrees_with_the_topics() {
        for setting in SETTINGS {
            let synonyms = broker_synonyms(setting.name);
            for (name, _) in synonyms {
                let of_broker = broker_config::setting(name).unwrap_or_else(|| panic!("{name} is a broker's setting"));
                assert_eq!(of_broker.support, setting.support, "{name}");
            }
            let first = synonyms.iter().find_map(|(name, unit)| {
                let default = broker_config::setting(name)?.default?;
                Some((default, *unit))
            });
            match first {
                Some((default, Unit::Same)) => assert_eq!(Some(default), setting.default, "{}", setting.name),
                Some((default, unit)) => {
                    let default = default.parse::<i64>().unwrap() * unit.factor();
                    assert_eq!(Some(default.to_string().as_str()), setting.default, "{}", setting.name);
                }
                None => assert!(synonyms.is_empty()),
            }
        }
    }
}
