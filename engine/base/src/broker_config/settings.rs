//! The settings of a broker: those of Kafka 4.3.1 that Millrace acts on, and its own.
//!
//! Kafka has many more: `foreign` knows their names, so that a refusal can say so.

use crate::setting::{Importance, Kind, Setting, Support, Valid};
use crate::topic_config::support::TIERED;

use Importance::{High, Low, Medium};

const fn setting(
    name: &'static str,
    kind: Kind,
    default: Option<&'static str>,
    valid: Valid,
    importance: Importance,
    support: Support,
    documentation: &'static str,
) -> Setting {
    Setting { name, kind, default, valid, importance, support, documentation }
}

/// Every setting of a broker, in the order of their names.
#[rustfmt::skip]
pub const SETTINGS: &[Setting] = &[
    setting("advertised.listeners", Kind::List, None, Valid::Any, High, Support::Full,
        "The addresses that clients are told to connect to, as NAME://host:port; unset, those of listeners."),
    setting("auto.create.topics.enable", Kind::Boolean, Some("true"), Valid::Any, High, Support::Full,
        "Whether a topic that a client asks for is created when it does not exist."),
    setting("compression.gzip.level", Kind::Int, Some("-1"), Valid::BetweenOrDefault(1, 9), Medium, Support::Full,
        "A topic's default for compression.gzip.level."),
    setting("compression.lz4.level", Kind::Int, Some("9"), Valid::Between(1, 17), Medium, Support::Full,
        "A topic's default for compression.lz4.level."),
    setting("compression.type", Kind::String, Some("producer"),
        Valid::OneOf(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]), High, Support::Full,
        "A topic's default for compression.type."),
    setting("compression.zstd.level", Kind::Int, Some("3"), Valid::Between(-131_072, 22), Medium, Support::Full,
        "A topic's default for compression.zstd.level."),
    setting("connections.max.idle.ms", Kind::Long, Some("600000"), Valid::Any, Medium, Support::Full,
        "How long a connection may be silent before it is closed, in ms; a negative number means for ever."),
    setting("default.replication.factor", Kind::Int, Some("1"), Valid::Any, Medium, Support::Full,
        "How many replicas a new topic's partitions have, unless its creator says."),
    setting("delete.topic.enable", Kind::Boolean, Some("true"), Valid::Any, High, Support::Full,
        "Whether clients may delete topics."),
    setting("fetch.max.bytes", Kind::Int, Some("57671680"), Valid::AtLeast(1024), Medium, Support::Full,
        "The most bytes that a fetch is answered with, whatever the client asks for; a first batch that is larger is \
         still returned whole."),
    setting("group.consumer.assignment.interval.ms", Kind::Int, Some("1000"), Valid::AtLeast(0), Medium, Support::Full,
        "How long a consumer group's target assignment stands at least before another one is computed, in ms."),
    setting("group.consumer.assignors", Kind::List, Some("uniform,range"), Valid::Any, Medium, Support::Full,
        "The assignors that consumer groups may choose from, the default one first: uniform, range."),
    setting("group.consumer.heartbeat.interval.ms", Kind::Int, Some("5000"), Valid::AtLeast(1), Medium, Support::Full,
        "How often the members of a consumer group are told to send heartbeats, in ms."),
    setting("group.consumer.max.assignment.interval.ms", Kind::Int, Some("15000"),
        Valid::AtLeast(0), Medium, Support::Full,
        "The most that a group's consumer.assignment.interval.ms may be."),
    setting("group.consumer.max.heartbeat.interval.ms", Kind::Int, Some("15000"),
        Valid::AtLeast(1), Medium, Support::Full,
        "The most that a group's consumer.heartbeat.interval.ms may be."),
    setting("group.consumer.max.session.timeout.ms", Kind::Int, Some("60000"), Valid::AtLeast(1), Medium, Support::Full,
        "The most that a group's consumer.session.timeout.ms may be."),
    setting("group.consumer.max.size", Kind::Int, Some("2147483647"), Valid::AtLeast(1), Medium, Support::Full,
        "The most members that a consumer group may have."),
    setting("group.consumer.migration.policy", Kind::String, Some("bidirectional"),
        Valid::OneOfInAnyCase(&["DISABLED", "DOWNGRADE", "UPGRADE", "BIDIRECTIONAL"]), Medium, Support::Full,
        "Whether groups with members may go over from the classic protocol to the consumer protocol, and back."),
    setting("group.consumer.min.assignment.interval.ms", Kind::Int, Some("0"), Valid::AtLeast(0), Medium, Support::Full,
        "The least that a group's consumer.assignment.interval.ms may be."),
    setting("group.consumer.min.heartbeat.interval.ms", Kind::Int, Some("5000"),
        Valid::AtLeast(1), Medium, Support::Full,
        "The least that a group's consumer.heartbeat.interval.ms may be."),
    setting("group.consumer.min.session.timeout.ms", Kind::Int, Some("45000"), Valid::AtLeast(1), Medium, Support::Full,
        "The least that a group's consumer.session.timeout.ms may be."),
    setting("group.consumer.session.timeout.ms", Kind::Int, Some("45000"), Valid::AtLeast(1), Medium, Support::Full,
        "After how long without a heartbeat a member of a consumer group is taken for lost, in ms."),
    setting("group.initial.rebalance.delay.ms", Kind::Int, Some("3000"), Valid::Any, Medium, Support::Full,
        "How long the first members of a group wait for more of them, in ms; 0 means not at all."),
    setting("group.max.session.timeout.ms", Kind::Int, Some("1800000"), Valid::Any, Medium, Support::Full,
        "The longest session time-out in ms that a member of a group may ask for."),
    setting("group.max.size", Kind::Int, Some("2147483647"), Valid::AtLeast(1), Medium, Support::Full,
        "How many members a group may have."),
    setting("group.min.session.timeout.ms", Kind::Int, Some("6000"), Valid::Any, Medium, Support::Full,
        "The shortest session time-out in ms that a member of a group may ask for."),
    setting("listener.security.protocol.map", Kind::String,
        Some("SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT"), Valid::Any, Low,
        Support::Full,
        "The security protocol of each listener name, as NAME:PROTOCOL; only PLAINTEXT is available yet."),
    setting("listeners", Kind::List, Some("PLAINTEXT://:9092"), Valid::Any, High, Support::Full,
        "The addresses to listen on, as NAME://host:port; no host means every address of the machine."),
    setting("log.cleaner.backoff.ms", Kind::Long, Some("15000"), Valid::AtLeast(0), Medium, Support::Full,
        "How long the cleaner of a core sleeps when no partition needs compaction, in ms."),
    setting("log.cleaner.dedupe.buffer.size", Kind::Long, Some("134217728"), Valid::Any, Medium, Support::Full,
        "Memory in bytes for the keys of the partitions that are compacted, shared by all cores; a partition whose \
         keys do not fit takes several passes."),
    setting("log.cleaner.delete.retention.ms", Kind::Long, Some("86400000"), Valid::AtLeast(0), Medium, Support::Full,
        "A topic's default for delete.retention.ms."),
    setting("log.cleaner.enable", Kind::Boolean, Some("true"), Valid::Any, Medium, Support::Full,
        "Whether partitions of compacted topics are compacted; without it they only grow."),
    setting("log.cleaner.io.buffer.load.factor", Kind::Double, Some("0.9"), Valid::Any, Medium, Support::Full,
        "How much of log.cleaner.dedupe.buffer.size is filled at most, above 0 and below 1."),
    setting("log.cleaner.io.max.bytes.per.second", Kind::Double, Some("1.7976931348623157E308"), Valid::Any, Medium,
        Support::Full,
        "How many bytes a second the cleaners of all cores may read and write together."),
    setting("log.cleaner.max.compaction.lag.ms", Kind::Long, Some("9223372036854775807"), Valid::AtLeast(1), Medium,
        Support::Full,
        "A topic's default for max.compaction.lag.ms."),
    setting("log.cleaner.min.cleanable.ratio", Kind::Double, Some("0.5"), Valid::Fraction, Medium, Support::Full,
        "A topic's default for min.cleanable.dirty.ratio."),
    setting("log.cleaner.min.compaction.lag.ms", Kind::Long, Some("0"), Valid::AtLeast(0), Medium, Support::Full,
        "A topic's default for min.compaction.lag.ms."),
    setting("log.cleanup.policy", Kind::List, Some("delete"), Valid::ListOf(&["compact", "delete"]), Medium,
        Support::Full,
        "A topic's default for cleanup.policy."),
    setting("log.dirs", Kind::List, Some("millrace-data"), Valid::NonEmptyList, High, Support::Full,
        "The directory that holds the data; several are not available yet."),
    setting("log.flush.interval.messages", Kind::Long, Some("9223372036854775807"), Valid::AtLeast(1), High,
        Support::Full,
        "A topic's default for flush.messages."),
    setting("log.flush.interval.ms", Kind::Long, None, Valid::Any, High, Support::Full,
        "A topic's default for flush.ms; unset, log.flush.scheduler.interval.ms decides."),
    setting("log.flush.scheduler.interval.ms", Kind::Long, Some("9223372036854775807"), Valid::Any, High, Support::Full,
        "A topic's default for flush.ms, when log.flush.interval.ms is unset."),
    setting("log.index.interval.bytes", Kind::Int, Some("4096"), Valid::AtLeast(0), Medium, Support::Full,
        "A topic's default for index.interval.bytes."),
    setting("log.index.size.max.bytes", Kind::Int, Some("10485760"), Valid::AtLeast(4), Medium,
        Support::Full,
        "A topic's default for segment.index.bytes."),
    setting("log.local.retention.bytes", Kind::Long, Some("-2"), Valid::AtLeast(-2), Medium, TIERED,
        "A topic's default for local.retention.bytes."),
    setting("log.local.retention.ms", Kind::Long, Some("-2"), Valid::AtLeast(-2), Medium, TIERED,
        "A topic's default for local.retention.ms."),
    setting("log.message.timestamp.after.max.ms", Kind::Long, Some("3600000"), Valid::AtLeast(0), Medium, Support::Full,
        "A topic's default for message.timestamp.after.max.ms."),
    setting("log.message.timestamp.before.max.ms", Kind::Long, Some("9223372036854775807"), Valid::AtLeast(0),
        Medium, Support::Full,
        "A topic's default for message.timestamp.before.max.ms."),
    setting("log.message.timestamp.type", Kind::String, Some("CreateTime"), Valid::OneOf(&["CreateTime",
        "LogAppendTime"]), Medium, Support::Full,
        "A topic's default for message.timestamp.type."),
    setting("log.preallocate", Kind::Boolean, Some("false"), Valid::Any, Medium, Support::Full,
        "A topic's default for preallocate."),
    setting("log.retention.bytes", Kind::Long, Some("-1"), Valid::Any, High, Support::Full,
        "A topic's default for retention.bytes."),
    setting("log.retention.check.interval.ms", Kind::Long, Some("300000"), Valid::AtLeast(1), Medium, Support::Full,
        "How often it is looked for segments that retention.ms or retention.bytes does not keep, in ms."),
    setting("log.retention.hours", Kind::Int, Some("168"), Valid::Any, High, Support::Full,
        "A topic's default for retention.ms, in hours, when log.retention.ms and log.retention.minutes are unset; -1 \
         means for ever."),
    setting("log.retention.minutes", Kind::Int, None, Valid::Any, High, Support::Full,
        "A topic's default for retention.ms, in minutes, when log.retention.ms is unset; -1 means for ever."),
    setting("log.retention.ms", Kind::Long, None, Valid::Any, High, Support::Full,
        "A topic's default for retention.ms; -1 means for ever."),
    setting("log.roll.hours", Kind::Int, Some("168"), Valid::AtLeast(1), High, Support::Full,
        "A topic's default for segment.ms, in hours, when log.roll.ms is unset."),
    setting("log.roll.jitter.hours", Kind::Int, Some("0"), Valid::AtLeast(0), High, Support::Full,
        "A topic's default for segment.jitter.ms, in hours, when log.roll.jitter.ms is unset."),
    setting("log.roll.jitter.ms", Kind::Long, None, Valid::Any, High, Support::Full,
        "A topic's default for segment.jitter.ms."),
    setting("log.roll.ms", Kind::Long, None, Valid::Any, High, Support::Full,
        "A topic's default for segment.ms."),
    setting("log.segment.bytes", Kind::Int, Some("1073741824"), Valid::AtLeast(1_048_576), High, Support::Full,
        "A topic's default for segment.bytes."),
    setting("log.segment.delete.delay.ms", Kind::Long, Some("60000"), Valid::AtLeast(0), High,
        Support::Full,
        "A topic's default for file.delete.delay.ms."),
    setting("max.connections", Kind::Int, Some("2147483647"), Valid::AtLeast(0), Medium, Support::Full,
        "How many connections may be open at once; the next one waits until another is closed."),
    setting("max.incremental.fetch.session.cache.slots", Kind::Int, Some("1000"), Valid::AtLeast(0), Medium,
        Support::Full,
        "How many fetch sessions the broker remembers, all cores together; who gets none is answered in full each \
         time."),
    setting("message.max.bytes", Kind::Int, Some("1048588"), Valid::AtLeast(0), High, Support::Full,
        "A topic's default for max.message.bytes."),
    setting("millrace.cores", Kind::String, Some("all"), Valid::Any, High, Support::Full,
        "The processors to run on, one thread each: all, how many (4), or which (0,2,4-7)."),
    setting("millrace.durability", Kind::String, Some("sync"), Valid::OneOf(&["sync", "relaxed"]), High, Support::Full,
        "A topic's default for millrace.durability: acknowledge what is on stable storage (sync) or what is in the \
         broker's memory (relaxed)."),
    setting("millrace.host", Kind::String, Some("uring"), Valid::OneOf(&["uring", "glommio"]), Low, Support::Full,
        "Whose executor the cores' threads run in: the broker's own loop on io_uring, or glommio's, which is there to \
         be compared."),
    setting("millrace.http.listener", Kind::String, None, Valid::Any, Medium, Support::Full,
        "Where /metrics (for Prometheus), /healthz and /readyz are answered, as host:port; unset, nowhere."),
    setting("millrace.journal.file.bytes", Kind::Long, Some("67108864"), Valid::Between(4_194_304, 1_073_741_824),
        Low, Support::Full,
        "The size in bytes of each of a core's journal files but the first."),
    setting("millrace.journal.files.max", Kind::Int, Some("4"), Valid::Between(2, 64), Low, Support::Full,
        "How many files a core's journal has at most; appends wait when all are in use."),
    setting("millrace.journal.first.file.bytes", Kind::Long, Some("8388608"), Valid::Between(4_194_304, 16_777_216),
        Low, Support::Full,
        "The size in bytes of a core's first journal file, which is written before the broker answers its first \
         request."),
    setting("millrace.memory.core.bytes", Kind::Long, Some("536870912"), Valid::AtLeast(67_108_864), Medium,
        Support::Full,
        "The most bytes of buffers that a core uses, all purposes together; they are taken from the system when first \
         needed."),
    setting("millrace.memory.requests.bytes", Kind::Long, Some("134217728"), Valid::AtLeast(1_048_576), Medium,
        Support::Full,
        "The most bytes of received requests that a core holds; its connections are not read from while it is full."),
    setting("millrace.memory.tail.bytes", Kind::Long, Some("134217728"), Valid::AtLeast(4_194_304), Medium,
        Support::Full,
        "The most bytes of recent records that a core keeps in memory for its partitions."),
    setting("millrace.napi.busy.poll.us", Kind::Int, Some("0"), Valid::Between(0, 1_000_000), Low, Support::Full,
        "How many microseconds a core that waits asks the network card's queues itself before it sleeps until an \
         interrupt: lower latency for a busy processor (Linux 6.9); 0, not at all."),
    setting("millrace.native.listener", Kind::String, None, Valid::Any, Medium, Support::Full,
        "Where the native protocol is served, as host:port; the ports that follow are the cores', one each. Unset, \
         nowhere."),
    setting("millrace.send.zero.copy.bytes", Kind::Int, Some("0"), Valid::AtLeast(0), Low, Support::Full,
        "Answers of at least so many bytes leave from the broker's memory without a copy, which stays taken until the \
         client has acknowledged them (Linux 6.1; it counts against the limit of locked memory); 0, none does."),
    setting("min.insync.replicas", Kind::Int, Some("1"), Valid::AtLeast(1), High, Support::Full,
        "A topic's default for min.insync.replicas."),
    setting("node.id", Kind::Int, Some("1"), Valid::AtLeast(0), High, Support::Full,
        "The broker's number in its cluster; it belongs to the data directory and never changes."),
    setting("num.partitions", Kind::Int, Some("1"), Valid::AtLeast(1), Medium, Support::Full,
        "How many partitions a new topic has, unless its creator says."),
    setting("offset.metadata.max.bytes", Kind::Int, Some("4096"), Valid::Any, High, Support::Full,
        "The longest note that a client may commit with an offset."),
    setting("offsets.retention.check.interval.ms", Kind::Long, Some("600000"), Valid::AtLeast(1), High, Support::Full,
        "How often committed offsets that are too old are looked for, in ms."),
    setting("offsets.retention.minutes", Kind::Int, Some("10080"), Valid::AtLeast(1), High, Support::Full,
        "How long a group's committed offsets stay after its last member has left, in minutes."),
    setting("offsets.topic.num.partitions", Kind::Int, Some("50"), Valid::AtLeast(1), High, Support::Full,
        "How many partitions __consumer_offsets gets when it is created."),
    setting("offsets.topic.replication.factor", Kind::Short, Some("1"), Valid::AtLeast(1), High, Support::Full,
        "How many replicas the partitions of __consumer_offsets get when it is created."),
    setting("offsets.topic.segment.bytes", Kind::Int, Some("104857600"), Valid::AtLeast(1), High, Support::Full,
        "segment.bytes of __consumer_offsets."),
    setting("producer.id.expiration.ms", Kind::Int, Some("86400000"), Valid::AtLeast(1), Low, Support::Full,
        "How long a partition remembers an idempotent producer after its last append, in ms."),
    setting("queued.max.request.bytes", Kind::Long, Some("-1"), Valid::Any, Medium, Support::Full,
        "The most bytes of received requests that the broker holds, all cores together; -1 means that \
         millrace.memory.requests.bytes alone decides."),
    setting("quota.window.num", Kind::Int, Some("11"), Valid::AtLeast(1), Low, Support::Full,
        "Over how many windows it is measured what a client with a quota does."),
    setting("quota.window.size.seconds", Kind::Int, Some("1"), Valid::AtLeast(1), Low, Support::Full,
        "The length of each window over which it is measured what a client with a quota does, in seconds."),
    setting("socket.request.max.bytes", Kind::Int, Some("104857600"), Valid::AtLeast(1), High, Support::Full,
        "The largest request in bytes; a connection that announces a larger one is closed."),
    setting("unclean.leader.election.enable", Kind::Boolean, Some("false"), Valid::Any, High, Support::Full,
        "A topic's default for unclean.leader.election.enable."),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker_config::foreign;
    use crate::facts;

    /// Kafka has no default for `node.id`, and its `log.dirs` falls back to a directory under /tmp.
    /// A first broker is alone: three replicas could not be placed.
    const OTHER_DEFAULT: [&str; 3] = ["node.id", "log.dirs", "offsets.topic.replication.factor"];
    /// Millrace asks for a directory where Kafka would fall back to `log.dir`.
    const OTHER_VALID: [&str; 1] = ["log.dirs"];

    #[test]
    fn settings_are_those_of_kafka_and_millraces_own() {
        let kafka: Vec<_> = facts::rows(facts::BROKER_SETTINGS).collect();
        for setting in SETTINGS.iter().filter(|setting| !setting.name.starts_with("millrace.")) {
            let row = kafka.iter().find(|row| row[0] == setting.name);
            let mut row = row.unwrap_or_else(|| panic!("Kafka has no {}", setting.name)).clone();
            if OTHER_VALID.contains(&setting.name) {
                row[4] = "non-empty list";
            }
            if OTHER_DEFAULT.contains(&setting.name) {
                facts::assert_setting_is_but_for_default(setting, &row);
            } else {
                facts::assert_setting_is(setting, &row);
            }
        }
    }

    #[test]
    fn every_setting_of_kafka_is_known_as_one_of_ours_or_as_foreign() {
        for row in facts::rows(facts::BROKER_SETTINGS) {
            let ours = SETTINGS.iter().any(|setting| setting.name == row[0]);
            assert_ne!(ours, foreign::is_kafkas(row[0]), "{}", row[0]);
        }
        assert_eq!(facts::rows(facts::BROKER_SETTINGS).count(), foreign::NAMES.len() + kafkas_settings().count());
    }

    fn kafkas_settings() -> impl Iterator<Item = &'static Setting> {
        SETTINGS.iter().filter(|setting| !setting.name.starts_with("millrace."))
    }

    /// In TOML `a.b = 1` and `a.b.c = 1` contradict each other.
    #[test]
    fn no_name_is_the_beginning_of_another() {
        for setting in SETTINGS {
            let prefix = format!("{}.", setting.name);
            assert!(!SETTINGS.iter().any(|other| other.name.starts_with(&prefix)), "{}", setting.name);
        }
    }

    #[test]
    fn names_are_sorted_and_defaults_valid() {
        assert!(SETTINGS.is_sorted_by(|left, right| left.name < right.name));
        for setting in SETTINGS {
            if let Some(default) = setting.default {
                setting.parse(default).unwrap();
            }
        }
    }
}
