//! What can go wrong with a partition's log, and what a client is told about it.

use std::io;
use std::rc::Rc;

use millrace_base::code::ErrorCode;
use millrace_base::ids::{LeaderEpoch, Offset, ProducerEpoch, ProducerId};
use millrace_record::RecordError;

/// Why the log directory, or one of its partitions, does not answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Unavailable {
    /// A write or sync failed: nothing is known about what is on the disk, and nothing is tried again.
    #[error("log directory offline: {0}")]
    DirectoryOffline(Rc<str>),
    /// What recovery needed for this partition was missing or damaged.
    #[error("partition offline: {0}")]
    PartitionOffline(Rc<str>),
    /// The partition was deleted.
    #[error("partition deleted")]
    Deleted,
    /// The log was cut while somebody waited for what lay behind the cut, perhaps.
    #[error("log truncated")]
    Truncated,
    /// Compaction has replaced segments while they were read: what was read may be of neither.
    #[error("segments were replaced meanwhile")]
    Replaced,
    /// The core is closing its logs.
    #[error("log closed")]
    Closed,
}

impl Unavailable {
    /// What a client is told.
    pub fn code(&self) -> ErrorCode {
        match self {
            Unavailable::DirectoryOffline(_) | Unavailable::PartitionOffline(_) => ErrorCode::KafkaStorageError,
            Unavailable::Deleted => ErrorCode::UnknownTopicOrPartition,
            Unavailable::Closed | Unavailable::Truncated | Unavailable::Replaced => ErrorCode::NotLeaderOrFollower,
        }
    }
}

/// Why an idempotent producer's batch was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SequenceError {
    /// The batch neither follows the producer's last one nor repeats one of the last five.
    #[error("producer {producer_id}: sequence {found} after {last}")]
    OutOfOrder {
        /// The producer.
        producer_id: ProducerId,
        /// Base sequence of the batch.
        found: i32,
        /// The last sequence that was appended; `-1` for none in this epoch.
        last: i32,
    },
    /// The batch is of an older session of the producer.
    #[error("producer {producer_id}: epoch {found} is older than {current}")]
    StaleEpoch {
        /// The producer.
        producer_id: ProducerId,
        /// The batch's epoch.
        found: ProducerEpoch,
        /// The producer's current epoch.
        current: ProducerEpoch,
    },
}

/// Why an append was refused. Nothing was assigned, and nothing changed.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The log does not take anything.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// There is no space for the bytes. Appends succeed again when there is.
    #[error("no space on the log directory's disk: {0}")]
    NoSpace(io::Error),
    /// The producer's sequence does not allow it.
    #[error(transparent)]
    Sequence(#[from] SequenceError),
    /// The bytes are not whole, sound batches.
    #[error("not a record batch: {0}")]
    Record(#[from] RecordError),
    /// There is nothing to append, or a client sent more than one batch.
    #[error("{0} batches where one was expected")]
    BatchCount(usize),
    /// The batch is larger than a segment may be.
    #[error("{bytes} bytes do not fit in a segment of at most {segment_bytes}")]
    TooLarge {
        /// Size of what was to be appended.
        bytes: u64,
        /// The segment's limit.
        segment_bytes: u64,
    },
    /// A replica's batch begins before the log's end.
    #[error("batch at offset {found} before the log end {log_end}")]
    OffsetBehind {
        /// Base offset of the batch.
        found: Offset,
        /// Log end offset (exclusive).
        log_end: Offset,
    },
    /// The leader epoch is older than that of the log's last batch.
    #[error("leader epoch {found} is older than {current}")]
    StaleLeaderEpoch {
        /// The epoch that the append came with.
        found: LeaderEpoch,
        /// The epoch of the log's last batch.
        current: LeaderEpoch,
    },
}

impl AppendError {
    /// What a client is told.
    pub fn code(&self) -> ErrorCode {
        match self {
            AppendError::Unavailable(error) => error.code(),
            AppendError::NoSpace(_) => ErrorCode::KafkaStorageError,
            AppendError::Sequence(SequenceError::OutOfOrder { .. }) => ErrorCode::OutOfOrderSequenceNumber,
            AppendError::Sequence(SequenceError::StaleEpoch { .. }) => ErrorCode::InvalidProducerEpoch,
            AppendError::Record(_) => ErrorCode::CorruptMessage,
            AppendError::BatchCount(_) => ErrorCode::InvalidRecord,
            AppendError::TooLarge { .. } => ErrorCode::RecordListTooLarge,
            AppendError::OffsetBehind { .. } => ErrorCode::OffsetOutOfRange,
            AppendError::StaleLeaderEpoch { .. } => ErrorCode::FencedLeaderEpoch,
        }
    }
}

/// Why a read gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The log does not answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The offset lies before the log's start or behind its end.
    #[error("offset {offset} is not within {start}..={end}")]
    OutOfRange {
        /// What was asked for.
        offset: Offset,
        /// Log start offset (inclusive).
        start: Offset,
        /// The offset after the last one that may be read.
        end: Offset,
    },
    /// The bytes of this range are damaged. They are kept, and not served; ranges before and after are.
    #[error("offsets {first} to {next} (exclusive) are damaged in {segment}")]
    Rot {
        /// First damaged offset.
        first: Offset,
        /// The first offset after the damage.
        next: Offset,
        /// The segment's file.
        segment: String,
    },
    /// The segment could not be read.
    #[error("read of {segment} failed: {error}")]
    Io {
        /// The segment's file.
        segment: String,
        /// The host's error.
        error: io::Error,
    },
}

impl ReadError {
    /// What a client is told.
    pub fn code(&self) -> ErrorCode {
        match self {
            ReadError::Unavailable(error) => error.code(),
            ReadError::OutOfRange { .. } => ErrorCode::OffsetOutOfRange,
            ReadError::Rot { .. } => ErrorCode::CorruptMessage,
            ReadError::Io { .. } => ErrorCode::KafkaStorageError,
        }
    }
}

/// Why an operation on a log directory or on a partition's files failed.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The log does not take anything.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// A file operation failed.
    #[error("{what}: {error}")]
    Io {
        /// What was done, and to which path.
        what: String,
        /// The host's error.
        error: io::Error,
    },
    /// A file's contents are not what they should be.
    #[error("{path}: {reason}")]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A read on the way failed.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The journal or a checkpoint failed.
    #[error("{0}")]
    Journal(String),
    /// The partition exists already.
    #[error("partition {0} exists already")]
    Exists(String),
}

impl LogError {
    /// An I/O error, with what was being done.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> LogError {
        let what = what.into();
        move |error| LogError::Io { what, error }
    }

    /// What a client is told.
    pub fn code(&self) -> ErrorCode {
        match self {
            LogError::Unavailable(error) => error.code(),
            LogError::Read(error) => error.code(),
            LogError::Exists(_) => ErrorCode::TopicAlreadyExists,
            LogError::Io { .. } | LogError::Damaged { .. } | LogError::Journal(_) => ErrorCode::KafkaStorageError,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_told_what_kafka_tells_it() {
        let offline = || Unavailable::DirectoryOffline("sync failed".into());
        for (error, code) in [
            (offline(), ErrorCode::KafkaStorageError),
            (Unavailable::PartitionOffline("lost".into()), ErrorCode::KafkaStorageError),
            (Unavailable::Deleted, ErrorCode::UnknownTopicOrPartition),
            (Unavailable::Closed, ErrorCode::NotLeaderOrFollower),
        ] {
            assert_eq!(error.code(), code, "{error}");
            assert_eq!(AppendError::Unavailable(error.clone()).code(), code);
            assert_eq!(ReadError::Unavailable(error.clone()).code(), code);
            assert_eq!(LogError::Unavailable(error).code(), code);
        }
        let out_of_range = || ReadError::OutOfRange { offset: 5, start: 0, end: 3 };
        let stale = SequenceError::StaleEpoch { producer_id: 7, found: 1, current: 2 };
        let gap = SequenceError::OutOfOrder { producer_id: 7, found: 5, last: 1 };
        assert_eq!(AppendError::Sequence(stale).code(), ErrorCode::InvalidProducerEpoch);
        assert_eq!(AppendError::Sequence(gap).code(), ErrorCode::OutOfOrderSequenceNumber);
        assert_eq!(AppendError::TooLarge { bytes: 2, segment_bytes: 1 }.code(), ErrorCode::RecordListTooLarge);
        assert_eq!(AppendError::StaleLeaderEpoch { found: 1, current: 2 }.code(), ErrorCode::FencedLeaderEpoch);
        assert_eq!(out_of_range().code(), ErrorCode::OffsetOutOfRange);
        assert_eq!(LogError::Read(out_of_range()).code(), ErrorCode::OffsetOutOfRange);
        assert_eq!(LogError::Exists("topic-0".to_owned()).code(), ErrorCode::TopicAlreadyExists);
        assert_eq!(LogError::Journal("full".to_owned()).code(), ErrorCode::KafkaStorageError);
    }
}
