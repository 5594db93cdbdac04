//! The same by librdkafka, from the same broker's Kafka port, with settings for throughput.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::error::PerfError;
use crate::measured::{Measured, Stopwatch, Tally};
use crate::tuned::PATIENCE;

/// Reads a topic of so many partitions from its start to its end.
///
/// # Errors
/// [`PerfError`].
pub fn read(kafka: &str, topic: &str, partitions: i32, check_crcs: bool) -> Result<Measured, PerfError> {
    let stopwatch = Stopwatch::start()?;
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", kafka)
        .set("group.id", "perf-consumer")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("check.crcs", check_crcs.to_string())
        // As much as its documentation suggests for throughput: large fetches, and a queue that does not run dry.
        .set("fetch.message.max.bytes", "4194304")
        .set("queued.max.messages.kbytes", "1048576")
        .set("queued.min.messages", "1000000")
        .create()?;
    let mut assigned = TopicPartitionList::new();
    let mut wanted = 0_u64;
    for partition in 0..partitions {
        let (low, high) = consumer.fetch_watermarks(topic, partition, PATIENCE)?;
        wanted += (high - low).unsigned_abs();
        assigned.add_partition_offset(topic, partition, Offset::Beginning)?;
    }
    consumer.assign(&assigned)?;
    let mut tally = Tally::default();
    let mut silent = Duration::ZERO;
    while tally.records < wanted {
        let wait = Duration::from_secs(1);
        match consumer.poll(wait) {
            Some(message) => {
                let message = message?;
                let timestamp = message.timestamp().to_millis().unwrap_or(-1);
                tally.note(message.offset(), timestamp, message.key(), message.payload());
                silent = Duration::ZERO;
            }
            None if silent < PATIENCE => silent += wait,
            None => {
                let (came, patience_s) = (tally.records, PATIENCE.as_secs());
                return Err(PerfError::Stalled { came, patience_s });
            }
        }
    }
    stopwatch.stop(tally)
}
