//! What can be wrong with record batches.

use crate::columns::ColumnsFault;
use crate::compression::CompressionError;
use crate::record::Fault;

/// Why bytes are not the record batch, or the records, that they should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The bytes end before the batch does. Not damage by itself: the answer to a Fetch may end in a part of a batch.
    #[error("the batch needs {needed_bytes} bytes and {available_bytes} are there")]
    Incomplete {
        /// Bytes of the whole batch, or of what must be there before its length can be known.
        needed_bytes: usize,
        /// Bytes that are there.
        available_bytes: usize,
    },
    /// The batch's length field is below what its header takes (or negative).
    #[error("batch length {batch_length} is below the {minimum} that a batch of its format has")]
    BatchLength {
        /// The field's value: bytes after the field.
        batch_length: i32,
        /// The least value of this format.
        minimum: i32,
    },
    /// The magic byte is neither Kafka's 2 nor that of columns. Kafka 4 reads no older format from clients; other
    /// values were never defined.
    #[error("record format {0} is not supported: only 2 is")]
    Magic(i8),
    /// The CRC-32C in the header is not that of the bytes.
    #[error("stored CRC {stored:#010x} differs from the computed {computed:#010x}")]
    Crc {
        /// As the header has it.
        stored: u32,
        /// Over the bytes from the attributes to the end of the batch.
        computed: u32,
    },
    /// The attributes name a codec that Kafka does not have.
    #[error("compression codec {0} is not known")]
    UnknownCodec(i16),
    /// The records could not be inflated.
    #[error(transparent)]
    Compression(#[from] CompressionError),
    /// A batch that is being made would pass the format's 32-bit lengths.
    #[error("a batch of {bytes} bytes is larger than the format allows")]
    BatchTooLarge {
        /// What it would take.
        bytes: usize,
    },
    /// The batch holds columns, and they cannot be read.
    #[error(transparent)]
    Columns(#[from] ColumnsFault),
    /// The header's number of records is negative.
    #[error("the header promises {0} records")]
    RecordCount(i32),
    /// A record's structure is broken.
    #[error("record {index} of the batch is malformed: {fault}")]
    Record {
        /// The record's place in the batch, from 0.
        index: u32,
        /// What is wrong with it.
        fault: Fault,
    },
    /// Bytes follow the last record that the header promises.
    #[error("{bytes} bytes follow the {count} records that the header promises")]
    RecordsRemain {
        /// The header's number of records.
        count: u32,
        /// How many bytes are left.
        bytes: usize,
    },
}

impl RecordError {
    /// Whether more bytes could make the input good: it ends within a batch.
    pub fn is_incomplete(&self) -> bool {
        matches!(self, RecordError::Incomplete { .. })
    }
}
