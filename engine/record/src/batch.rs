//! One record batch within a run of bytes, and the run taken batch by batch.
//!
//! Invariants:
//! - A [`Batch`] borrows exactly its own bytes: its length field was checked against them, and its magic is that of a
//!   format that the broker stores. Its CRC was *not* checked: [`Batch::check_crc`] does that.
//! - Walking a run ends at the first batch that is not whole or not sound; what follows cannot be found.

use crate::RecordError;
use crate::compression::Codec;
use crate::crc::crc32c;
use crate::header::{
    ATTRIBUTE_CODEC, ATTRIBUTE_CONTROL, ATTRIBUTE_DELETE_HORIZON, ATTRIBUTE_LOG_APPEND_TIME, ATTRIBUTE_TRANSACTIONAL,
    ArchivedBatchHeader, BATCH_LENGTH_MIN, CRC_COVERS_FROM, HEADER_BYTES, LENGTH_PREFIX_BYTES, MAGIC_COLUMNS,
    MAGIC_PREFIX_BYTES, MAGIC_V2, NO_SEQUENCE, TimestampType, view,
};
use millrace_base::ids::{LeaderEpoch, Offset, ProducerEpoch, ProducerId};

/// The least length field of a batch of magic 0: what Kafka asks of any batch before it looks at the magic byte.
const BATCH_LENGTH_MIN_V0: i32 = 14;

/// A whole record batch, borrowed: Kafka's v2, or one of columns.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    bytes: &'a [u8],
    header: &'a ArchivedBatchHeader,
}

/// Takes `bytes` batch by batch. Ends after the first error. A run that ends in a part of a batch, as the answer to a
/// Fetch may, ends with [`RecordError::Incomplete`]; every other error is damage.
pub fn batches(bytes: &[u8]) -> Batches<'_> {
    Batches { rest: bytes }
}

/// The iterator that [`batches`] returns.
#[derive(Clone, Debug)]
pub struct Batches<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Batches<'a> {
    type Item = Result<Batch<'a>, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let batch = Batch::first(self.rest);
        self.rest = match &batch {
            Ok(batch) => self.rest.get(batch.batch_bytes()..).unwrap_or_default(),
            Err(_) => &[],
        };
        Some(batch)
    }
}

impl std::iter::FusedIterator for Batches<'_> {}

/// The size in bytes of the batch that `bytes` begin with, header and all, by its length field. The batch need not be
/// there as a whole. Also knows the older formats' frames, because their length and magic lie at the same place.
///
/// # Errors
/// [`RecordError::Incomplete`] below 17 bytes, [`RecordError::BatchLength`], [`RecordError::Magic`] for a magic that
/// neither a Kafka nor a Millrace ever wrote. In this order of checks: length below the oldest format's, magic, length
/// below this format's.
pub fn framed_bytes(bytes: &[u8]) -> Result<usize, RecordError> {
    framed_bytes_of(bytes, |magic| (0..=MAGIC_V2).contains(&magic) || magic == MAGIC_COLUMNS)
}

/// [`framed_bytes`] of what a client of Kafka's sent: to it columns are a format like any other that never was.
pub(crate) fn kafka_framed_bytes(bytes: &[u8]) -> Result<usize, RecordError> {
    framed_bytes_of(bytes, |magic| (0..=MAGIC_V2).contains(&magic))
}

#[inline]
fn framed_bytes_of(bytes: &[u8], is_known: impl Fn(i8) -> bool) -> Result<usize, RecordError> {
    let incomplete = RecordError::Incomplete { needed_bytes: MAGIC_PREFIX_BYTES, available_bytes: bytes.len() };
    let Some(prefix) = bytes.first_chunk::<LENGTH_PREFIX_BYTES>() else { return Err(incomplete) };
    let [_, _, _, _, _, _, _, _, length @ ..] = *prefix;
    let batch_length = i32::from_be_bytes(length);
    if batch_length < BATCH_LENGTH_MIN_V0 {
        return Err(RecordError::BatchLength { batch_length, minimum: BATCH_LENGTH_MIN_V0 });
    }
    let Some(magic) = bytes.get(MAGIC_PREFIX_BYTES - 1) else { return Err(incomplete) };
    let magic = magic.cast_signed();
    if !is_known(magic) {
        return Err(RecordError::Magic(magic));
    }
    // Columns have the same header.
    if magic >= MAGIC_V2 && batch_length < BATCH_LENGTH_MIN {
        return Err(RecordError::BatchLength { batch_length, minimum: BATCH_LENGTH_MIN });
    }
    // A positive i32 and 12 more fit a usize of 64 bits.
    Ok(batch_length as usize + LENGTH_PREFIX_BYTES)
}

impl<'a> Batch<'a> {
    /// The batch that `bytes` begin with; what follows it is left alone.
    ///
    /// # Errors
    /// [`RecordError::Incomplete`] when it is not there as a whole; [`RecordError::BatchLength`] and
    /// [`RecordError::Magic`] (also for the formats 0 and 1) when its frame is not that of a stored batch.
    #[inline]
    pub fn first(bytes: &'a [u8]) -> Result<Batch<'a>, RecordError> {
        let needed_bytes = framed_bytes(bytes)?;
        let Some(bytes) = bytes.get(..needed_bytes) else {
            return Err(RecordError::Incomplete { needed_bytes, available_bytes: bytes.len() });
        };
        match bytes.get(MAGIC_PREFIX_BYTES - 1).map(|magic| magic.cast_signed()) {
            Some(MAGIC_V2 | MAGIC_COLUMNS) => Ok(Batch { header: view(bytes)?, bytes }),
            magic => Err(RecordError::Magic(magic.unwrap_or_default())),
        }
    }

    /// All bytes of the batch: header and records.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The size of [`Self::bytes`].
    pub fn batch_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Whether the records lie as [`columns`](crate::columns).
    pub fn is_columns(&self) -> bool {
        self.header.magic == MAGIC_COLUMNS
    }

    /// The records' bytes, as they lie there: compressed when the batch is.
    pub fn payload(&self) -> &'a [u8] {
        self.bytes.get(HEADER_BYTES..).unwrap_or_default()
    }

    /// The header, in place.
    pub fn header(&self) -> &'a ArchivedBatchHeader {
        self.header
    }

    /// Offset of the first record (of those that the producer sent: compaction keeps it).
    pub fn base_offset(&self) -> Offset {
        self.header.base_offset.to_native()
    }

    /// Offset of the last record, inclusive.
    pub fn last_offset(&self) -> Offset {
        self.base_offset().wrapping_add(i64::from(self.last_offset_delta()))
    }

    /// The offset that follows the last record.
    pub fn next_offset(&self) -> Offset {
        self.last_offset().wrapping_add(1)
    }

    /// Last offset less base offset.
    pub fn last_offset_delta(&self) -> i32 {
        self.header.last_offset_delta.to_native()
    }

    /// Epoch of the leader that appended the batch, or `-1`.
    pub fn leader_epoch(&self) -> LeaderEpoch {
        self.header.partition_leader_epoch.to_native()
    }

    /// The attributes' bits.
    pub fn attributes(&self) -> i16 {
        self.header.attributes.to_native()
    }

    /// How the records are compressed.
    ///
    /// # Errors
    /// [`RecordError::UnknownCodec`] for the numbers 5 to 7.
    pub fn codec(&self) -> Result<Codec, RecordError> {
        let id = self.attributes() & ATTRIBUTE_CODEC;
        Codec::from_id(id).ok_or(RecordError::UnknownCodec(id))
    }

    /// Whose clock the timestamps are of.
    pub fn timestamp_type(&self) -> TimestampType {
        if self.has(ATTRIBUTE_LOG_APPEND_TIME) { TimestampType::LogAppendTime } else { TimestampType::CreateTime }
    }

    /// Whether the batch belongs to a transaction.
    pub fn is_transactional(&self) -> bool {
        self.has(ATTRIBUTE_TRANSACTIONAL)
    }

    /// Whether the batch is a transaction marker.
    pub fn is_control(&self) -> bool {
        self.has(ATTRIBUTE_CONTROL)
    }

    /// Whether compaction has set a delete horizon (KIP-534).
    pub fn has_delete_horizon(&self) -> bool {
        self.has(ATTRIBUTE_DELETE_HORIZON)
    }

    fn has(&self, attribute: i16) -> bool {
        self.attributes() & attribute != 0
    }

    /// The timestamp (Unix ms) that the records' deltas are relative to.
    pub fn base_timestamp(&self) -> i64 {
        self.header.base_timestamp.to_native()
    }

    /// The greatest timestamp (Unix ms) of the batch, or when it was appended; `-1` for none.
    pub fn max_timestamp(&self) -> i64 {
        self.header.max_timestamp.to_native()
    }

    /// Whether an idempotent producer sent the batch.
    pub fn has_producer_id(&self) -> bool {
        self.producer_id() >= 0
    }

    /// The idempotent producer, or `-1`.
    pub fn producer_id(&self) -> ProducerId {
        self.header.producer_id.to_native()
    }

    /// The producer's epoch, or `-1`.
    pub fn producer_epoch(&self) -> ProducerEpoch {
        self.header.producer_epoch.to_native()
    }

    /// Sequence number of the first record, or `-1`.
    pub fn base_sequence(&self) -> i32 {
        self.header.base_sequence.to_native()
    }

    /// Sequence number of the last record, or `-1`. Sequence numbers wrap from 2^31-1 to 0.
    pub fn last_sequence(&self) -> i32 {
        match self.base_sequence() {
            NO_SEQUENCE => NO_SEQUENCE,
            base => base.wrapping_add(self.last_offset_delta()) & i32::MAX,
        }
    }

    /// Number of records, as the header says. Negative only in a batch that was never validated.
    pub fn record_count(&self) -> i32 {
        self.header.record_count.to_native()
    }

    /// Whether the CRC in the header is that of the bytes.
    pub fn crc_is_valid(&self) -> bool {
        self.check_crc().is_ok()
    }

    /// Compares the CRC in the header with that of the bytes.
    ///
    /// # Errors
    /// [`RecordError::Crc`] with both.
    pub fn check_crc(&self) -> Result<(), RecordError> {
        let stored = self.header.crc.to_native();
        let computed = crc32c(self.bytes.get(CRC_COVERS_FROM..).unwrap_or_default());
        if stored == computed { Ok(()) } else { Err(RecordError::Crc { stored, computed }) }
    }
}
