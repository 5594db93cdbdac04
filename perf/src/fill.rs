//! Something to be read.

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
    for number in 0..records {
        let timestamp_ms = 1_700_000_000_000 + i64::try_from(number / 1_000).unwrap_or(0);
        let (key, headers, partition) = (None, &[][..], None);
        producer.push(&NewRecord { timestamp_ms, key, value: Some(&value), headers, partition })?;
    }
    producer.flush()?;
    Ok(i32::try_from(producer.partitions()).unwrap_or(i32::MAX))
}
