//! Why a batch is refused, and what the client is told.

use std::fmt;

use super::ZSTD_API_VERSION;
use crate::RecordError;
use crate::compression::{Codec, CompressionError};
use millrace_base::code::ErrorCode;
use millrace_base::ids::{ProducerEpoch, ProducerId};

/// How many records an answer names one by one; the others of a refused batch are only counted.
pub const RECORD_ERRORS_MAX: usize = 1_000;

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
    /// The batch is larger than the topic takes once it is compressed as the topic wants it.
    #[error("compressed with {} (compression.type) the batch has more than the {bytes_max} bytes that the topic takes \
             (max.message.bytes)", codec.name())]
    RecompressedTooLarge {
        /// The topic's codec.
        codec: Codec,
        /// The most bytes of a batch, header and all (inclusive).
        bytes_max: usize,
    },
    /// The batch is larger than the topic takes once it is columns.
    #[error(
        "as columns (millrace.record.format) the batch has more than {bytes_max} bytes: send smaller batches, or \
             raise max.message.bytes"
    )]
    ColumnsTooLarge {
        /// The most bytes of a batch, header and all (inclusive).
        bytes_max: usize,
    },
    /// Columns for a topic of Kafka's format.
    #[error(
        "a batch of columns cannot be appended to a topic whose records are Kafka's: send it Kafka's batches, or \
             create a topic with millrace.record.format=columns"
    )]
    UnwantedColumns,
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefusedRecords {
    kind: RefusalKind,
    total: u32,
    errors: Vec<(i32, String)>,
}

/// The worst that was found: an invalid timestamp decides the code, whatever else there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum RefusalKind {
    #[default]
    Key,
    Timestamp,
}

/// How many of them the answer's own message tells.
const TOLD_MAX: usize = 3;

impl std::error::Error for RefusedRecords {}

impl fmt::Display for RefusedRecords {
    /// What Kafka says, since people search for it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind == RefusalKind::Timestamp {
            return f.write_str("One or more records have been rejected due to invalid timestamp");
        }
        let total = self.total;
        write!(f, "One or more records have been rejected due to {total} record errors in total, the first of them: ")?;
        for (place, (index, message)) in self.errors.iter().take(TOLD_MAX).enumerate() {
            let separator = if place == 0 { "" } else { "; " };
            write!(f, "{separator}record {index}: {message}")?;
        }
        Ok(())
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
            Invalid::BatchTooLarge { .. }
            | Invalid::RecompressedTooLarge { .. }
            | Invalid::ColumnsTooLarge { .. }
            | Invalid::Compression(CompressionError::TooLarge { .. }) => ErrorCode::MessageTooLarge,
            Invalid::UnwantedColumns => ErrorCode::UnsupportedForMessageFormat,
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

    /// Whether Kafka tells the partition's log start offset with this error: it does so once it has looked into a batch
    /// that arrived whole and of a size it takes.
    pub fn tells_log_start(&self) -> bool {
        match self {
            Invalid::NoBatch
            | Invalid::NotOneBatch
            | Invalid::Format(_)
            | Invalid::Damaged(_)
            | Invalid::ZstdTooEarly
            | Invalid::BatchTooLarge { .. }
            | Invalid::RecompressedTooLarge { .. }
            | Invalid::ColumnsTooLarge { .. }
            | Invalid::UnwantedColumns
            | Invalid::SegmentTooSmall { .. } => false,
            Invalid::BaseOffset(_)
            | Invalid::Count { .. }
            | Invalid::Control
            | Invalid::Sequence { .. }
            | Invalid::ProducerEpoch { .. }
            | Invalid::UnknownCodec(_)
            | Invalid::Compression(_)
            | Invalid::Records(_)
            | Invalid::OffsetDelta { .. }
            | Invalid::Refused(_) => true,
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

impl RefusedRecords {
    pub(super) fn is_empty(&self) -> bool {
        self.total == 0
    }

    pub(super) fn add(&mut self, index: u32, kind: RefusalKind, message: impl FnOnce() -> String) {
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
