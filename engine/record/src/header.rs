//! The 61 bytes that begin a v2 record batch, read in place.
//!
//! Invariants:
//! - [`ArchivedBatchHeader`] *is* the wire format: rkyv archives it big-endian, unaligned, in the order of the fields,
//!   so a reference to it is a reference to the batch's first bytes. Any 61 bytes are a valid value; meaning is checked
//!   elsewhere.
//! - The CRC covers everything from `attributes` to the end of the batch. `base_offset` and `partition_leader_epoch`
//!   lie before it, so that a broker may stamp them without touching the CRC.

use rkyv::rancor::Failure;
use rkyv::seal::Seal;
use rkyv::traits::NoUndef;
use rkyv::{Archive, Serialize};

use crate::RecordError;
use crate::crc::crc32c;
use millrace_base::ids::{LeaderEpoch, Offset, ProducerEpoch, ProducerId};

pub use millrace_base::topic_config::TimestampType;

/// Bytes of the header, before the records.
pub const HEADER_BYTES: usize = 61;
/// Bytes that `batch_length` does not count: the base offset and the length itself.
pub const LENGTH_PREFIX_BYTES: usize = 12;
/// Bytes up to and including the magic byte: what must be there before the format is known.
pub const MAGIC_PREFIX_BYTES: usize = 17;
/// Where the bytes begin that the CRC covers.
pub const CRC_COVERS_FROM: usize = 21;
/// The least `batch_length` of a v2 batch: a header and no records.
pub const BATCH_LENGTH_MIN: i32 = (HEADER_BYTES - LENGTH_PREFIX_BYTES) as i32;
/// Kafka's one format that is in use.
pub const MAGIC_V2: i8 = 2;
/// Millrace's own format: the records lie as [`columns`](crate::columns). No client of Kafka's sends it, or gets it.
pub const MAGIC_COLUMNS: i8 = 0x4d;

/// The formats of the batches that a log holds.
pub const MAGICS_STORED: [i8; 2] = [MAGIC_V2, MAGIC_COLUMNS];

/// Attribute bits 0 to 2: the codec.
pub const ATTRIBUTE_CODEC: i16 = 0x07;
/// Attribute bit 3: timestamps are the broker's (`LogAppendTime`).
pub const ATTRIBUTE_LOG_APPEND_TIME: i16 = 0x08;
/// Attribute bit 4: the batch belongs to a transaction.
pub const ATTRIBUTE_TRANSACTIONAL: i16 = 0x10;
/// Attribute bit 5: the batch holds a control record (a transaction marker).
pub const ATTRIBUTE_CONTROL: i16 = 0x20;
/// Attribute bit 6: `base_timestamp` is the time until which tombstones are kept (set by compaction, KIP-534).
pub const ATTRIBUTE_DELETE_HORIZON: i16 = 0x40;

/// What [`restamp`] leaves as it is: every attribute with a meaning but the one it writes.
const ATTRIBUTES_KEPT: i16 = ATTRIBUTE_CODEC | ATTRIBUTE_TRANSACTIONAL | ATTRIBUTE_CONTROL | ATTRIBUTE_DELETE_HORIZON;

/// A record without a timestamp.
pub const NO_TIMESTAMP: i64 = -1;
/// A batch without an idempotent producer.
pub const NO_PRODUCER_ID: i64 = -1;
/// The epoch of no producer.
pub const NO_PRODUCER_EPOCH: i16 = -1;
/// A batch without sequence numbers.
pub const NO_SEQUENCE: i32 = -1;
/// The leader epoch of a batch that no leader has stamped.
pub const NO_LEADER_EPOCH: i32 = -1;

/// The header of a record batch. Its archived form is Kafka's layout; see the protocol guide, *Record Batch*.
#[derive(Archive, Serialize, Clone, Copy, Debug, PartialEq, Eq)]
#[rkyv(derive(Debug))]
pub struct BatchHeader {
    /// Offset of the first record. A client sends 0; the broker stamps it.
    pub base_offset: i64,
    /// Bytes after this field.
    pub batch_length: i32,
    /// Epoch of the leader that appended the batch; `-1` from a client.
    pub partition_leader_epoch: i32,
    /// The format: [`MAGIC_V2`] or [`MAGIC_COLUMNS`].
    pub magic: i8,
    /// CRC-32C of everything after this field.
    pub crc: u32,
    /// Codec and flags: the `ATTRIBUTE_*` bits.
    pub attributes: i16,
    /// Offset of the last record less `base_offset`. Survives compaction.
    pub last_offset_delta: i32,
    /// Timestamp that the records' deltas are relative to (or the delete horizon).
    pub base_timestamp: i64,
    /// The greatest timestamp in the batch, or the append time.
    pub max_timestamp: i64,
    /// The idempotent producer's id, or `-1`.
    pub producer_id: i64,
    /// The producer's epoch, or `-1`.
    pub producer_epoch: i16,
    /// Sequence number of the first record, or `-1`.
    pub base_sequence: i32,
    /// Number of records. Less than `last_offset_delta + 1` after compaction.
    pub record_count: i32,
}

const _: () = assert!(size_of::<ArchivedBatchHeader>() == HEADER_BYTES && align_of::<ArchivedBatchHeader>() == 1);
const _: () = assert!(std::mem::offset_of!(ArchivedBatchHeader, attributes) == CRC_COVERS_FROM);
const _: () = assert!(std::mem::offset_of!(ArchivedBatchHeader, magic) + 1 == MAGIC_PREFIX_BYTES);

// SAFETY: every field is an integer, or an array of bytes that stands for one, and the fields fill all 61 bytes
// (asserted above): there is no padding that a write through a plain reference could leave undefined.
#[allow(unsafe_code, reason = "lets the header be written in place through a plain reference")]
unsafe impl NoUndef for ArchivedBatchHeader {}

impl BatchHeader {
    /// The header of a batch without records, as a client sends it: base offset 0, no producer, no leader epoch.
    pub(crate) fn of_client(magic: i8, attributes: i16) -> BatchHeader {
        BatchHeader {
            base_offset: 0,
            batch_length: 0,
            partition_leader_epoch: NO_LEADER_EPOCH,
            magic,
            crc: 0,
            attributes,
            last_offset_delta: 0,
            base_timestamp: NO_TIMESTAMP,
            max_timestamp: NO_TIMESTAMP,
            producer_id: NO_PRODUCER_ID,
            producer_epoch: NO_PRODUCER_EPOCH,
            base_sequence: NO_SEQUENCE,
            record_count: 0,
        }
    }

    /// The same of an idempotent producer, with the sequence number of the first record.
    pub(crate) fn of_producer(self, id: ProducerId, epoch: ProducerEpoch, base_sequence: i32) -> BatchHeader {
        BatchHeader { producer_id: id, producer_epoch: epoch, base_sequence, ..self }
    }

    /// The same as a leader stamps it: with the first record's offset and its own epoch.
    pub(crate) fn stamped(self, base_offset: Offset, leader_epoch: LeaderEpoch) -> BatchHeader {
        BatchHeader { base_offset, partition_leader_epoch: leader_epoch, ..self }
    }

    /// The header as the 61 bytes of the wire.
    pub fn to_bytes(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        if let Ok(header) = view_mut(&mut bytes) {
            *header = self.archived();
        }
        bytes
    }

    fn archived(&self) -> ArchivedBatchHeader {
        ArchivedBatchHeader {
            base_offset: self.base_offset.into(),
            batch_length: self.batch_length.into(),
            partition_leader_epoch: self.partition_leader_epoch.into(),
            magic: self.magic,
            crc: self.crc.into(),
            attributes: self.attributes.into(),
            last_offset_delta: self.last_offset_delta.into(),
            base_timestamp: self.base_timestamp.into(),
            max_timestamp: self.max_timestamp.into(),
            producer_id: self.producer_id.into(),
            producer_epoch: self.producer_epoch.into(),
            base_sequence: self.base_sequence.into(),
            record_count: self.record_count.into(),
        }
    }
}

impl ArchivedBatchHeader {
    /// The header's fields as the machine's own numbers.
    pub fn to_native(&self) -> BatchHeader {
        BatchHeader {
            base_offset: self.base_offset.into(),
            batch_length: self.batch_length.into(),
            partition_leader_epoch: self.partition_leader_epoch.into(),
            magic: self.magic,
            crc: self.crc.into(),
            attributes: self.attributes.into(),
            last_offset_delta: self.last_offset_delta.into(),
            base_timestamp: self.base_timestamp.into(),
            max_timestamp: self.max_timestamp.into(),
            producer_id: self.producer_id.into(),
            producer_epoch: self.producer_epoch.into(),
            base_sequence: self.base_sequence.into(),
            record_count: self.record_count.into(),
        }
    }
}

/// The header that `bytes` begin with, in place. Says nothing about its meaning: not even the magic byte is looked at.
///
/// # Errors
/// [`RecordError::Incomplete`] below 61 bytes.
#[inline]
pub fn view(bytes: &[u8]) -> Result<&ArchivedBatchHeader, RecordError> {
    let incomplete = RecordError::Incomplete { needed_bytes: HEADER_BYTES, available_bytes: bytes.len() };
    let Some(header) = bytes.get(..HEADER_BYTES) else { return Err(incomplete) };
    rkyv::access::<ArchivedBatchHeader, Failure>(header).map_err(|Failure| incomplete)
}

/// The header that `bytes` begin with, to be written in place. Changing what lies behind the CRC field is for those who
/// compute the CRC anew: see [`restamp`].
///
/// # Errors
/// [`RecordError::Incomplete`] below 61 bytes.
#[inline]
pub fn view_mut(bytes: &mut [u8]) -> Result<&mut ArchivedBatchHeader, RecordError> {
    let incomplete = RecordError::Incomplete { needed_bytes: HEADER_BYTES, available_bytes: bytes.len() };
    let Some(header) = bytes.get_mut(..HEADER_BYTES) else { return Err(incomplete) };
    rkyv::access_mut::<ArchivedBatchHeader, Failure>(header).map(Seal::unseal).map_err(|Failure| incomplete)
}

/// Writes what a leader adds to a batch: its base offset and the leader's epoch. Both lie outside the CRC.
///
/// # Errors
/// [`RecordError::Incomplete`] below 61 bytes.
#[inline]
pub fn stamp(batch: &mut [u8], base_offset: Offset, leader_epoch: LeaderEpoch) -> Result<(), RecordError> {
    let header = view_mut(batch)?;
    header.base_offset = base_offset.into();
    header.partition_leader_epoch = leader_epoch.into();
    Ok(())
}

/// Writes the batch's greatest timestamp (Unix ms) and whose clock it is, and the CRC that follows from it: what Kafka
/// does to a batch for `LogAppendTime`, and for `CreateTime` when a producer's header does not say what its records
/// say. As Kafka does, clears every attribute bit that has no meaning (7 and above).
///
/// `batch` is exactly one whole batch.
///
/// # Errors
/// [`RecordError::Incomplete`] below 61 bytes.
pub fn restamp(batch: &mut [u8], timestamp_type: TimestampType, max_timestamp: i64) -> Result<(), RecordError> {
    let header = view_mut(batch)?;
    let kept = header.attributes.to_native() & ATTRIBUTES_KEPT;
    let time = match timestamp_type {
        TimestampType::CreateTime => 0,
        TimestampType::LogAppendTime => ATTRIBUTE_LOG_APPEND_TIME,
    };
    header.attributes = (kept | time).into();
    header.max_timestamp = max_timestamp.into();
    seal_crc(batch)
}

/// Computes the CRC of a whole batch and writes it into the header.
///
/// # Errors
/// [`RecordError::Incomplete`] below 61 bytes.
pub fn seal_crc(batch: &mut [u8]) -> Result<(), RecordError> {
    let crc = crc32c(batch.get(CRC_COVERS_FROM..).unwrap_or_default());
    view_mut(batch)?.crc = crc.into();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each field holds its own position's bytes: 0x00, 0x01, ... 0x3c.
    fn counting() -> [u8; HEADER_BYTES] {
        std::array::from_fn(|index| index as u8)
    }

    #[test]
    fn fields_lie_where_the_protocol_guide_says() {
        let bytes = counting();
        let header = view(&bytes).unwrap();
        assert_eq!(header.base_offset, 0x0001_0203_0405_0607);
        assert_eq!(header.batch_length, 0x0809_0a0b);
        assert_eq!(header.partition_leader_epoch, 0x0c0d_0e0f);
        assert_eq!(header.magic, 0x10);
        assert_eq!(header.crc, 0x1112_1314);
        assert_eq!(header.attributes, 0x1516);
        assert_eq!(header.last_offset_delta, 0x1718_191a);
        assert_eq!(header.base_timestamp, 0x1b1c_1d1e_1f20_2122);
        assert_eq!(header.max_timestamp, 0x2324_2526_2728_292a);
        assert_eq!(header.producer_id, 0x2b2c_2d2e_2f30_3132);
        assert_eq!(header.producer_epoch, 0x3334);
        assert_eq!(header.base_sequence, 0x3536_3738);
        assert_eq!(header.record_count, 0x393a_3b3c);
    }

    #[test]
    fn a_view_needs_61_bytes_at_any_address() {
        let bytes = counting();
        for length in 0..HEADER_BYTES {
            let wanted = RecordError::Incomplete { needed_bytes: HEADER_BYTES, available_bytes: length };
            assert_eq!(view(&bytes[..length]).err(), Some(wanted));
        }
        let mut shifted = vec![0; 9];
        shifted.extend_from_slice(&bytes);
        for start in 0..9 {
            assert_eq!(view(&shifted[start..]).unwrap().record_count.to_native() as u8, bytes[51 + start]);
        }
    }

    #[test]
    fn a_header_written_is_the_header_read() {
        let bytes = counting();
        let native = view(&bytes).unwrap().to_native();
        assert_eq!(native.to_bytes(), bytes);
        assert_eq!(rkyv::to_bytes::<Failure>(&native).unwrap().as_slice(), bytes);
    }

    #[test]
    fn stamping_touches_sixteen_bytes_that_the_crc_does_not_cover() {
        let mut bytes = counting();
        stamp(&mut bytes, 5, 7).unwrap();
        assert_eq!(bytes[..8], 5_i64.to_be_bytes());
        assert_eq!(bytes[8..12], counting()[8..12]);
        assert_eq!(bytes[12..16], 7_i32.to_be_bytes());
        assert_eq!(bytes[16..], counting()[16..]);
    }
}
