//! Something to be read.

use std::time::{SystemTime, UNIX_EPOCH};

use millrace_client::native::{Producer, ProducerOptions};
use millrace_client::producer::NewRecord;

use crate::error::PerfError;

/// Writes so many records of a size to a topic, in batches of a size; gives the number of its partitions.
///
/// # Errors
/// [`PerfError`].
pub fn fill(native: &str, topic: &str, records: u64, value_bytes: usize, batch_bytes: usize) -> Result<i32, PerfError> {
    let mut producer = Producer::open(ProducerOptions { batch_bytes, ..ProducerOptions::new(native, topic) })?;
    // Bytes that differ: nothing on the way is to find them easier than others'.
    let value: Vec<u8> = (0..value_bytes).map(|at| (at.wrapping_mul(167) >> 3) as u8).collect();
    // Of now: what is older than the topic's retention.ms goes while it is read.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now_ms = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
    for number in 0..records {
        let timestamp_ms = now_ms.saturating_add_unsigned(number / 1_000);
        let (key, headers, partition) = (None, &[][..], None);
        producer.push(&NewRecord { timestamp_ms, key, value: Some(&value), headers, partition })?;
    }
    producer.flush()?;
    Ok(i32::try_from(producer.partitions()).unwrap_or(i32::MAX))
}
