//! What must hold of a batch, of the records in it, and of batches that follow each other.

use std::path::Path;

use millrace_record::RecordError;
use millrace_record::batch::Batch;
use millrace_record::compression::Scratch;
use millrace_record::header::{NO_TIMESTAMP, TimestampType};

/// Checks the batches of one file, in their order.
pub(super) struct Checker {
    /// The next batch begins here or later; none for a file whose name is no offset.
    offset_min: Option<i64>,
    epoch_min: i32,
}

impl Checker {
    /// For a file that is named by its first offset, as Kafka names segments.
    pub(super) fn of(path: &Path) -> Self {
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        Self { offset_min: stem.and_then(|stem| stem.parse().ok()), epoch_min: -1 }
    }

    /// Goes on with the file that follows in the same partition; what is wrong with its name.
    pub(super) fn go_on_with(&mut self, path: &Path) -> Option<String> {
        let begins = Self::of(path).offset_min;
        let overlaps = self.offset_min.zip(begins).filter(|(ends, begins)| begins < ends);
        self.offset_min = self.offset_min.max(begins);
        overlaps.map(|(ends, begins)| format!("it begins at offset {begins}, and the one before it ends at {ends}"))
    }

    /// Everything that is wrong with a batch, in words.
    pub(super) fn check(&mut self, batch: &Batch<'_>, scratch: &mut Scratch) -> Vec<String> {
        let mut problems = Vec::new();
        let base = batch.base_offset();
        if let Some(minimum) = self.offset_min.filter(|minimum| base < *minimum) {
            problems.push(format!("offset {base} comes after offset {}", minimum.saturating_sub(1)));
        }
        if batch.last_offset_delta() < 0 {
            problems.push(format!("its last offset {} is before its first", batch.last_offset()));
        }
        if batch.leader_epoch() < self.epoch_min {
            problems.push(format!("leader epoch {} comes after epoch {}", batch.leader_epoch(), self.epoch_min));
        }
        self.offset_min = self.offset_min.max(Some(batch.next_offset()));
        self.epoch_min = self.epoch_min.max(batch.leader_epoch());
        // What the records of a batch with a wrong checksum say means nothing.
        if let Err(error) = batch.check_crc() {
            problems.push(error.to_string());
        } else if let Err(error) = check_records(batch, scratch, &mut problems) {
            problems.push(error.to_string());
        }
        problems
    }
}

fn check_records(batch: &Batch<'_>, scratch: &mut Scratch, problems: &mut Vec<String>) -> Result<(), RecordError> {
    let mut offset_min = batch.base_offset();
    let mut timestamp_max = NO_TIMESTAMP;
    for record in batch.records(scratch)? {
        let record = record?;
        if record.offset < offset_min || record.offset > batch.last_offset() {
            problems.push(format!(
                "record offset {} is out of place: expected {offset_min} to {}",
                record.offset,
                batch.last_offset()
            ));
        }
        offset_min = offset_min.max(record.offset.saturating_add(1));
        timestamp_max = timestamp_max.max(record.timestamp);
    }
    // Compaction removes records and keeps the header's timestamp.
    let is_compacted = i64::from(batch.record_count()) <= i64::from(batch.last_offset_delta());
    if batch.timestamp_type() == TimestampType::CreateTime && !is_compacted && timestamp_max != batch.max_timestamp() {
        let said = batch.max_timestamp();
        problems.push(format!("its greatest timestamp is {timestamp_max}, and its header says {said}"));
    }
    Ok(())
}
