//! Whether a batch that a client produced may be appended: the checks of Kafka 4.3, in Kafka's order.
//!
//! The order decides which error a batch with two faults gets. It is that of `ProduceRequest.validateRecords`, then
//! `UnifiedLog.analyzeAndValidateRecords`, then `LogValidator`, then the segment's size. What concerns the producer's history (epochs, sequences) is the
//! log's to check.
//!
//! Stricter than Kafka, and never laxer, in what no client of good faith sends:
//! - bytes after the batch that are no whole batch: Kafka cuts them off;
//! - offset deltas other than 0, 1, 2, ...: Kafka stores them as they are, or writes the batch anew when it is compressed;
//! - a producer id with the epoch -1; lengths below -1 (Kafka takes them for null); records of compressed batches whose length
//!   is not that of their parts;
//! - records that inflate to more than the [`Scratch`]'s limit.

use std::fmt;

use crate::RecordError;
use crate::batch::{Batch, framed_bytes};
use crate::compression::{Codec, CompressionError};
use crate::header::{NO_TIMESTAMP, restamp};
use crate::record::read_record;
use millrace_base::code::ErrorCode;
use millrace_base::ids::{ProducerEpoch, ProducerId};

pub use crate::compression::Scratch;
pub use crate::header::TimestampType;

/// The first version of Produce whose clients may send zstd (KIP-110).
const ZSTD_API_VERSION: i16 = 7;
/// How many records an answer names one by one; the others of a refused batch are only counted.
pub const RECORD_ERRORS_MAX: usize = 1_000;

/// What the topic, and the request, ask of a batch.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The version of the Produce request.
    pub api_version: i16,
    /// `max.message.bytes`: the most bytes of a batch, header and all, compressed (inclusive).
    pub batch_bytes_max: usize,
    /// `segment.bytes`: a batch must fit into a segment of its own (inclusive).
    pub segment_bytes_max: u64,
    /// `message.timestamp.type`.
    pub timestamp_type: TimestampType,
    /// `message.timestamp.before.max.ms`: how far a record's timestamp may lie in the past (inclusive).
    pub timestamp_before_max_ms: i64,
    /// `message.timestamp.after.max.ms`: how far a record's timestamp may lie in the future (inclusive).
    pub timestamp_after_max_ms: i64,
    /// The time of the append, Unix ms.
    pub now_ms: i64,
    /// Whether the topic is compacted, so that each record needs a key.
    pub key_required: bool,
}

impl Default for Rules {
    /// Kafka's defaults for a topic, the newest Produce, and the time 0.
    fn default() -> Rules {
        Rules {
            api_version: 13,
            batch_bytes_max: 1_048_588,
            segment_bytes_max: 1 << 30,
            timestamp_type: TimestampType::CreateTime,
            timestamp_before_max_ms: i64::MAX,
            timestamp_after_max_ms: 3_600_000,
            now_ms: 0,
            key_required: false,
        }
    }
}

/// What a good batch says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Number of records: at least 1. The last offset's delta is one less.
    pub record_count: u32,
    /// How its records are compressed. Where the topic's `compression.type` names another codec, see
    /// [`crate::builder::recompress`].
    pub codec: Codec,
    /// The greatest timestamp of its records (Unix ms), or `-1`; of a topic with `LogAppendTime`, the time of the append.
    pub max_timestamp: i64,
    /// Offset, from the batch's base offset, of the first record that has `max_timestamp`; 0 if none has one.
    pub max_timestamp_offset_delta: u32,
    /// What must be written into the header before the batch is stored; `None` when its bytes may stay as they are.
    pub restamp: Option<Restamp>,
    /// The idempotent producer, or `-1`.
    pub producer_id: ProducerId,
    /// The producer's epoch, or `-1`.
    pub producer_epoch: ProducerEpoch,
    /// Sequence number of the first record, or `-1`.
    pub base_sequence: i32,
    /// Sequence number of the last record, or `-1`.
    pub last_sequence: i32,
    /// Whether the batch belongs to a transaction.
    pub is_transactional: bool,
}

/// A change of the header's timestamp fields: to `LogAppendTime`, or to what the records say when the header says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restamp {
    /// The header's new timestamp type.
    pub timestamp_type: TimestampType,
    /// The header's new greatest timestamp, Unix ms.
    pub max_timestamp: i64,
}

impl Restamp {
    /// Writes the change into the batch, and the CRC that follows from it.
    ///
    /// # Errors
    /// [`RecordError::Incomplete`] below 61 bytes.
    pub fn apply(&self, batch: &mut [u8]) -> Result<(), RecordError> {
        restamp(batch, self.timestamp_type, self.max_timestamp)
    }
}

/// Why a batch is refused. [`Invalid::code`] is what the client is told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// There is no whole batch.
    #[error("a Produce request must have a record batch for each of its partitions")]
    NoBatch,
    /// Something follows the batch.
    #[error("a Produce request may have only one record batch for each of its partitions")]
    NotOneBatch,
    /// An older record format.
    #[error("record format {0} is not accepted: only 2 is")]
    Format(i8),
    /// The frame or the checksum is damaged.
    #[error("the record batch is damaged: {0}")]
    Damaged(RecordError),
    /// Zstd in a version of Produce whose clients cannot know it.
    #[error("zstd is accepted from version {ZSTD_API_VERSION} of Produce on")]
    ZstdTooEarly,
    /// A client's batch begins at offset 0.
    #[error("the base offset of a produced batch must be 0, and is {0}")]
    BaseOffset(i64),
    /// The batch is larger than the topic takes.
    #[error("the batch has {bytes} bytes, and the topic takes {bytes_max} (max.message.bytes)")]
    BatchTooLarge {
        /// Its size, header and all.
        bytes: usize,
        /// The most (inclusive).
        bytes_max: usize,
    },
    /// The batch does not fit into a segment.
    #[error("the batch has {bytes} bytes, and a segment of the topic {bytes_max} (segment.bytes)")]
    SegmentTooSmall {
        /// Its size, header and all.
        bytes: usize,
        /// The most (inclusive).
        bytes_max: u64,
    },
    /// A header's count and last offset delta do not agree, or are below 1 and 0.
    #[error("the batch claims {record_count} records and the last offset delta {last_offset_delta}")]
    Count {
        /// The header's number of records.
        record_count: i32,
        /// The header's last offset delta.
        last_offset_delta: i32,
    },
    /// Transaction markers are written by brokers.
    #[error("a client may not write control records")]
    Control,
    /// An idempotent producer's batch without sequence numbers.
    #[error("a batch of producer {producer_id} has the base sequence {base_sequence}")]
    Sequence {
        /// The producer.
        producer_id: ProducerId,
        /// The header's base sequence.
        base_sequence: i32,
    },
    /// A producer id without an epoch.
    #[error("a batch of producer {producer_id} has the epoch {producer_epoch}")]
    ProducerEpoch {
        /// The producer.
        producer_id: ProducerId,
        /// The header's epoch.
        producer_epoch: ProducerEpoch,
    },
    /// The attributes name no codec that there is.
    #[error("compression codec {0} is not known")]
    UnknownCodec(i16),
    /// The records cannot be inflated.
    #[error(transparent)]
    Compression(CompressionError),
    /// A record's structure is broken, or there are too few or too many.
    #[error(transparent)]
    Records(RecordError),
    /// Offset deltas do not count 0, 1, 2, ...
    #[error("record {index} of the batch has the offset delta {offset_delta}")]
    OffsetDelta {
        /// The record's place in the batch, from 0.
        index: u32,
        /// Its delta.
        offset_delta: i32,
    },
    /// Records break a rule of the topic; the answer names them.
    #[error(transparent)]
    Refused(RefusedRecords),
}

/// The records of a batch that break a rule of the topic.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{total} records were refused: {kind}")]
pub struct RefusedRecords {
    kind: RefusalKind,
    total: u32,
    errors: Vec<(i32, String)>,
}

/// The worst that was found: an invalid timestamp decides the code, whatever else there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RefusalKind {
    Key,
    Timestamp,
}

impl fmt::Display for RefusalKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RefusalKind::Key => "a compacted topic takes no record without a key",
            RefusalKind::Timestamp => "invalid timestamp",
        })
    }
}

impl Invalid {
    /// The error code that Kafka answers.
    pub fn code(&self) -> ErrorCode {
        match self {
            Invalid::NoBatch
            | Invalid::NotOneBatch
            | Invalid::Format(_)
            | Invalid::BaseOffset(_)
            | Invalid::Count { .. }
            | Invalid::Control
            | Invalid::Sequence { .. }
            | Invalid::Records(_)
            | Invalid::OffsetDelta { .. } => ErrorCode::InvalidRecord,
            Invalid::Damaged(_) => ErrorCode::CorruptMessage,
            Invalid::ZstdTooEarly => ErrorCode::UnsupportedCompressionType,
            Invalid::BatchTooLarge { .. } | Invalid::Compression(CompressionError::TooLarge { .. }) => {
                ErrorCode::MessageTooLarge
            }
            Invalid::SegmentTooSmall { .. } => ErrorCode::RecordListTooLarge,
            Invalid::ProducerEpoch { .. } => ErrorCode::InvalidProducerEpoch,
            // In Kafka an exception that nothing foresees.
            Invalid::UnknownCodec(_) | Invalid::Compression(_) => ErrorCode::UnknownServerError,
            Invalid::Refused(refused) => match refused.kind {
                RefusalKind::Key => ErrorCode::InvalidRecord,
                RefusalKind::Timestamp => ErrorCode::InvalidTimestamp,
            },
        }
    }

    /// The records that are at fault, by their place in the batch, and why: the answer's `record_errors`
    /// ([`RECORD_ERRORS_MAX`] at most). Empty where the batch as a whole is at fault.
    pub fn record_errors(&self) -> &[(i32, String)] {
        match self {
            Invalid::Refused(refused) => &refused.errors,
            _ => &[],
        }
    }
}

/// Checks what a client sent for one partition: exactly one v2 batch that keeps the rules. A compressed batch is inflated into
/// `scratch`.
///
/// # Errors
/// The first fault in Kafka's order.
pub fn validate_produced(bytes: &[u8], rules: &Rules, scratch: &mut Scratch) -> Result<Summary, Invalid> {
    let batch = only_batch(bytes, rules)?;
    check_header(&batch, rules)?;
    let codec = batch.codec().map_err(|_unknown| Invalid::UnknownCodec(batch.attributes() & 7))?;
    let payload = scratch.decompress(codec, batch.payload()).map_err(Invalid::Compression)?;
    let newest = check_records(&batch, payload, rules)?;
    if batch.batch_bytes() as u64 > rules.segment_bytes_max {
        let (bytes, bytes_max) = (batch.batch_bytes(), rules.segment_bytes_max);
        return Err(Invalid::SegmentTooSmall { bytes, bytes_max });
    }
    // Last, because it is where Kafka would cut off a part of a batch: other faults are told first.
    if batch.batch_bytes() < bytes.len() {
        return Err(Invalid::NotOneBatch);
    }
    let newest = match rules.timestamp_type {
        TimestampType::CreateTime => newest,
        TimestampType::LogAppendTime => Newest { timestamp: rules.now_ms, offset_delta: 0 },
    };
    let restamp = Restamp { timestamp_type: rules.timestamp_type, max_timestamp: newest.timestamp };
    let is_stamped = (batch.timestamp_type(), batch.max_timestamp()) == (restamp.timestamp_type, restamp.max_timestamp);
    Ok(Summary {
        // Checked to be positive.
        record_count: batch.record_count().unsigned_abs(),
        codec,
        max_timestamp: newest.timestamp,
        max_timestamp_offset_delta: newest.offset_delta,
        restamp: (!is_stamped).then_some(restamp),
        producer_id: batch.producer_id(),
        producer_epoch: batch.producer_epoch(),
        base_sequence: batch.base_sequence(),
        last_sequence: batch.last_sequence(),
        is_transactional: batch.is_transactional(),
    })
}

/// `ProduceRequest.validateRecords`.
fn only_batch<'a>(bytes: &'a [u8], rules: &Rules) -> Result<Batch<'a>, Invalid> {
    let framed = |bytes: &[u8]| match framed_bytes(bytes) {
        Ok(framed) if framed <= bytes.len() => Ok(true),
        Ok(_) | Err(RecordError::Incomplete { .. }) => Ok(false),
        Err(error) => Err(Invalid::Damaged(error)),
    };
    if !framed(bytes)? {
        return Err(Invalid::NoBatch);
    }
    let batch = Batch::first(bytes).map_err(|error| match error {
        RecordError::Magic(magic) => Invalid::Format(magic),
        error => Invalid::Damaged(error),
    })?;
    if rules.api_version < ZSTD_API_VERSION && batch.codec() == Ok(Codec::Zstd) {
        return Err(Invalid::ZstdTooEarly);
    }
    let rest = bytes.get(batch.batch_bytes()..).unwrap_or_default();
    if framed(rest)? { Err(Invalid::NotOneBatch) } else { Ok(batch) }
}

/// What `UnifiedLog.analyzeAndValidateRecords` and `LogValidator.validateBatch` ask of a header.
fn check_header(batch: &Batch<'_>, rules: &Rules) -> Result<(), Invalid> {
    if batch.base_offset() != 0 {
        return Err(Invalid::BaseOffset(batch.base_offset()));
    }
    if batch.batch_bytes() > rules.batch_bytes_max {
        return Err(Invalid::BatchTooLarge { bytes: batch.batch_bytes(), bytes_max: rules.batch_bytes_max });
    }
    batch.check_crc().map_err(Invalid::Damaged)?;
    let (record_count, last_offset_delta) = (batch.record_count(), batch.last_offset_delta());
    if record_count < 1 || last_offset_delta != record_count - 1 {
        return Err(Invalid::Count { record_count, last_offset_delta });
    }
    if batch.is_control() {
        return Err(Invalid::Control);
    }
    let producer_id = batch.producer_id();
    if batch.has_producer_id() && batch.base_sequence() < 0 {
        return Err(Invalid::Sequence { producer_id, base_sequence: batch.base_sequence() });
    }
    if batch.has_producer_id() && batch.producer_epoch() < 0 {
        return Err(Invalid::ProducerEpoch { producer_id, producer_epoch: batch.producer_epoch() });
    }
    Ok(())
}

/// The first record that has the greatest timestamp.
struct Newest {
    timestamp: i64,
    offset_delta: u32,
}

/// `LogValidator.validateRecord` for each record, in one walk.
fn check_records(batch: &Batch<'_>, mut payload: &[u8], rules: &Rules) -> Result<Newest, Invalid> {
    let count = batch.record_count().unsigned_abs();
    let base_timestamp = batch.base_timestamp();
    let append_time = (batch.timestamp_type() == TimestampType::LogAppendTime).then(|| batch.max_timestamp());
    let mut newest = Newest { timestamp: NO_TIMESTAMP, offset_delta: 0 };
    let mut refused = RefusedRecords { kind: RefusalKind::Key, total: 0, errors: Vec::new() };
    for index in 0..count {
        let record =
            read_record(&mut payload).map_err(|fault| Invalid::Records(RecordError::Record { index, fault }))?;
        if i64::from(record.offset_delta) != i64::from(index) {
            return Err(Invalid::OffsetDelta { index, offset_delta: record.offset_delta });
        }
        // Wraps, as Java's numbers do.
        let timestamp = append_time.unwrap_or_else(|| base_timestamp.wrapping_add(record.timestamp_delta));
        if rules.key_required && record.key.is_none() {
            refused.add(index, RefusalKind::Key, || "a compacted topic takes no record without a key".to_owned());
        } else if let Some(fault) = rules.timestamp_fault(timestamp, append_time.is_some()) {
            refused.add(index, RefusalKind::Timestamp, || rules.describe(fault, timestamp));
        }
        if timestamp > newest.timestamp {
            newest = Newest { timestamp, offset_delta: index };
        }
    }
    if !payload.is_empty() {
        return Err(Invalid::Records(RecordError::RecordsRemain { count, bytes: payload.len() }));
    }
    if refused.total > 0 { Err(Invalid::Refused(refused)) } else { Ok(newest) }
}

/// What is wrong with a record's timestamp.
#[derive(Clone, Copy)]
enum TimestampFault {
    OutOfRange,
    SetsAppendTime,
}

impl Rules {
    /// `LogValidator.validateTimestamp`: a topic with `CreateTime` looks at the time and not at the batch's flag, if there is a time.
    #[inline]
    fn timestamp_fault(&self, timestamp: i64, batch_sets_append_time: bool) -> Option<TimestampFault> {
        if self.timestamp_type == TimestampType::CreateTime && timestamp != NO_TIMESTAMP {
            let age_ms = self.now_ms.wrapping_sub(timestamp);
            let out_of_range =
                age_ms > self.timestamp_before_max_ms || age_ms.wrapping_neg() > self.timestamp_after_max_ms;
            out_of_range.then_some(TimestampFault::OutOfRange)
        } else {
            batch_sets_append_time.then_some(TimestampFault::SetsAppendTime)
        }
    }

    fn describe(&self, fault: TimestampFault, timestamp: i64) -> String {
        match fault {
            TimestampFault::OutOfRange => format!(
                "timestamp {timestamp} is not within {} and {}",
                self.now_ms.saturating_sub(self.timestamp_before_max_ms),
                self.now_ms.saturating_add(self.timestamp_after_max_ms)
            ),
            TimestampFault::SetsAppendTime => "a producer may not set the timestamp type LogAppendTime".to_owned(),
        }
    }
}

impl RefusedRecords {
    fn add(&mut self, index: u32, kind: RefusalKind, message: impl FnOnce() -> String) {
        self.total += 1;
        if kind == RefusalKind::Timestamp {
            self.kind = kind;
        }
        if self.errors.len() < RECORD_ERRORS_MAX {
            // The number of records is a positive i32.
            self.errors.push((index.cast_signed(), message()));
        }
    }
}
