//! Whether a batch that a client produced may be appended: the checks of Kafka 4.3, in Kafka's order.
//!
//! The order decides which error a batch with two faults gets. It is that of `ProduceRequest.validateRecords`, then
//! `UnifiedLog.analyzeAndValidateRecords`, then `LogValidator`, then the segment's size. What concerns the producer's
//! history (epochs, sequences) is the log's to check. `tests/kafka.rs` compares the verdicts with a broker's.
//!
//! Stricter than Kafka, and never laxer, in what no client of good faith sends:
//! - bytes after the batch that are no whole batch (Kafka cuts them off), or after the compressed stream (Kafka does
//!   not look);
//! - offset deltas other than 0, 1, 2, ...: Kafka stores them as they are, or writes the batch anew when it is
//!   compressed;
//! - a producer id with the epoch -1; lengths below -1, which Kafka takes for null;
//! - records that inflate to more than the [`Scratch`]'s limit.
//!
//! A batch of columns, from who may send it, is held to the same rules.

mod invalid;

use crate::RecordError;
use crate::batch::{Batch, framed_bytes, kafka_framed_bytes};
use crate::builder::{Recompression, recompress};
use crate::columns::{self, Cursor, STORED_BYTES_MAX};
use crate::compression::{Codec, CompressionError, Compressor};
use crate::header::{ATTRIBUTE_CODEC, NO_TIMESTAMP, restamp};
use crate::record::RecordSource;
use millrace_base::ids::{ProducerEpoch, ProducerId};

use invalid::RefusalKind;
pub use invalid::{Invalid, RECORD_ERRORS_MAX, RefusedRecords};

pub use crate::compression::Scratch;
pub use crate::header::TimestampType;
pub use millrace_base::topic_config::RecordFormat;

/// The first version of Produce whose clients may send zstd (KIP-110).
const ZSTD_API_VERSION: i16 = 7;

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
    /// `compression.type`, unless it is the producer's: a batch of another codec is compressed anew. Columns never are.
    pub recompression: Option<Recompression>,
    /// `millrace.record.format`: what a batch of Kafka's becomes.
    pub format: RecordFormat,
    /// Whether who sent the batch may send columns. To clients of Kafka's they are a format that never was.
    pub accepts_columns: bool,
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
            recompression: None,
            format: RecordFormat::Kafka,
            accepts_columns: false,
        }
    }
}

/// What a good batch says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Number of records: at least 1. The last offset's delta is one less.
    pub record_count: u32,
    /// How its records were compressed by who sent them.
    pub codec: Codec,
    /// The greatest timestamp of its records (Unix ms), or `-1`; of a topic with `LogAppendTime`, the time of the
    /// append.
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

/// A change of the header's timestamp fields: to `LogAppendTime`, or to what the records say when the header says
/// otherwise.
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

/// A good batch, and its bytes where they are not those that were sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Produced {
    /// What it says.
    pub summary: Summary,
    /// The batch as the topic's `compression.type` and `millrace.record.format` want it; `None` when the batch that was
    /// sent is so.
    pub rewritten: Option<Vec<u8>>,
}

/// Checks what a client sent for one partition: exactly one batch that keeps the rules. A compressed batch is inflated
/// into `scratch`; one that the topic wants compressed otherwise, or as columns, is written anew.
///
/// # Errors
/// The first fault in Kafka's order.
pub fn take_produced(
    bytes: &[u8],
    rules: &Rules,
    scratch: &mut Scratch,
    compressor: &mut Compressor,
) -> Result<Produced, Invalid> {
    let batch = only_batch(bytes, rules)?;
    check_header(&batch, rules)?;
    let Checked { codec, newest, rewritten } = match batch.is_columns() {
        true => check_columns(&batch, rules)?,
        false => check_kafka(&batch, rules, scratch, compressor)?,
    };
    let batch_bytes = rewritten.as_ref().map_or(batch.batch_bytes(), Vec::len);
    if batch_bytes as u64 > rules.segment_bytes_max {
        return Err(Invalid::SegmentTooSmall { bytes: batch_bytes, bytes_max: rules.segment_bytes_max });
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
    let summary = Summary {
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
    };
    Ok(Produced { summary, rewritten })
}

/// [`take_produced`] for who writes nothing anew: `rules.recompression` is not looked at, and a batch of Kafka's stays
/// one.
///
/// # Errors
/// As [`take_produced`].
pub fn validate_produced(bytes: &[u8], rules: &Rules, scratch: &mut Scratch) -> Result<Summary, Invalid> {
    let format = if rules.accepts_columns { rules.format } else { RecordFormat::Kafka };
    let rules = Rules { recompression: None, format, ..rules.clone() };
    take_produced(bytes, &rules, scratch, &mut Compressor::default()).map(|produced| produced.summary)
}

/// What the records of a batch are found to be.
struct Checked {
    codec: Codec,
    newest: Newest,
    rewritten: Option<Vec<u8>>,
}

fn check_kafka(
    batch: &Batch<'_>,
    rules: &Rules,
    scratch: &mut Scratch,
    compressor: &mut Compressor,
) -> Result<Checked, Invalid> {
    let codec = batch.codec().map_err(|_unknown| Invalid::UnknownCodec(batch.attributes() & ATTRIBUTE_CODEC))?;
    let payload = scratch.decompress(codec, batch.payload()).map_err(Invalid::Compression)?;
    let newest = check_records(batch, RecordSource::Kafka(payload), rules)?;
    let rewritten = match (rules.format, rules.recompression.filter(|to| to.codec != codec)) {
        (RecordFormat::Columns, _) => Some(as_columns(batch, payload, rules)?),
        (RecordFormat::Kafka, Some(to)) => Some(recompress_within(batch, payload, to, rules, compressor)?),
        (RecordFormat::Kafka, None) => None,
    };
    Ok(Checked { codec, newest, rewritten })
}

fn check_columns(batch: &Batch<'_>, rules: &Rules) -> Result<Checked, Invalid> {
    let cursor = Cursor::new(batch).map_err(Invalid::Records)?;
    let newest = check_records(batch, RecordSource::Columns(cursor), rules)?;
    Ok(Checked { codec: Codec::None, newest, rewritten: None })
}

/// `max.message.bytes` is about what was sent. As columns it is inflated, and wider by some bytes a record: a client of
/// Kafka's cannot know by how much, so there it may be larger, within what a core can bear for one batch.
fn as_columns(batch: &Batch<'_>, records: &[u8], rules: &Rules) -> Result<Vec<u8>, Invalid> {
    let bytes_max = rules.batch_bytes_max.max(STORED_BYTES_MAX);
    columns::from_records(batch, records, bytes_max).map_err(|error| match error {
        RecordError::BatchTooLarge { .. } => Invalid::ColumnsTooLarge { bytes_max },
        error => Invalid::Records(error),
    })
}

/// Kafka compresses first and then looks whether the result is larger than `max.message.bytes`: here nothing larger is
/// made.
fn recompress_within(
    batch: &Batch<'_>,
    records: &[u8],
    to: Recompression,
    rules: &Rules,
    compressor: &mut Compressor,
) -> Result<Vec<u8>, Invalid> {
    recompress(batch, records, to, rules.batch_bytes_max, compressor).map_err(|error| match error {
        RecordError::Compression(CompressionError::CompressedTooLarge { .. }) => {
            Invalid::RecompressedTooLarge { codec: to.codec, bytes_max: rules.batch_bytes_max }
        }
        RecordError::Compression(error) => Invalid::Compression(error),
        error => Invalid::Records(error),
    })
}

/// `ProduceRequest.validateRecords`.
fn only_batch<'a>(bytes: &'a [u8], rules: &Rules) -> Result<Batch<'a>, Invalid> {
    let framed_bytes = if rules.accepts_columns { framed_bytes } else { kafka_framed_bytes };
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
    if batch.is_columns() && rules.format != RecordFormat::Columns {
        return Err(Invalid::UnwantedColumns);
    }
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
fn check_records(batch: &Batch<'_>, mut source: RecordSource<'_>, rules: &Rules) -> Result<Newest, Invalid> {
    let count = batch.record_count().unsigned_abs();
    let base_timestamp = batch.base_timestamp();
    let append_time = (batch.timestamp_type() == TimestampType::LogAppendTime).then(|| batch.max_timestamp());
    let mut newest = Newest { timestamp: NO_TIMESTAMP, offset_delta: 0 };
    let mut refused = RefusedRecords::default();
    for index in 0..count {
        let record = source.read().map_err(|fault| Invalid::Records(RecordError::Record { index, fault }))?;
        if i64::from(record.offset_delta) != i64::from(index) {
            return Err(Invalid::OffsetDelta { index, offset_delta: record.offset_delta });
        }
        // Wraps, as Java's numbers do.
        let timestamp = append_time.unwrap_or_else(|| base_timestamp.wrapping_add(record.timestamp_delta));
        if rules.key_required && record.key.is_none() {
            let message = || "Compacted topic cannot accept message without key".to_owned();
            refused.add(index, RefusalKind::Key, message);
        } else if let Some(fault) = rules.timestamp_fault(timestamp, append_time.is_some()) {
            refused.add(index, RefusalKind::Timestamp, || rules.describe(fault, timestamp, index));
        }
        if timestamp > newest.timestamp {
            newest = Newest { timestamp, offset_delta: index };
        }
    }
    if source.rest_bytes() > 0 {
        return Err(Invalid::Records(RecordError::RecordsRemain { count, bytes: source.rest_bytes() }));
    }
    if refused.is_empty() { Ok(newest) } else { Err(Invalid::Refused(refused)) }
}

/// What is wrong with a record's timestamp.
#[derive(Clone, Copy)]
enum TimestampFault {
    OutOfRange,
    SetsAppendTime,
}

impl Rules {
    /// `LogValidator.validateTimestamp`: a topic with `CreateTime` looks at the time and not at the batch's flag, if
    /// there is a time.
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

    /// In Kafka's words: people search for them.
    fn describe(&self, fault: TimestampFault, timestamp: i64, offset: u32) -> String {
        match fault {
            TimestampFault::OutOfRange => format!(
                "Timestamp {timestamp} of message with offset {offset} is out of range. The timestamp should be within \
                 [{}, {}]",
                self.now_ms.saturating_sub(self.timestamp_before_max_ms),
                self.now_ms.saturating_add(self.timestamp_after_max_ms)
            ),
            TimestampFault::SetsAppendTime => {
                "Invalid timestamp type. Producer should not set timestamp type to LogAppendTime.".to_owned()
            }
        }
    }
}
