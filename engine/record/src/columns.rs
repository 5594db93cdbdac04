//! Batches whose records lie as columns: Millrace's own form, of topics with `millrace.record.format=columns`.
//!
//! Invariants:
//! - Before the columns lies the header of a v2 batch, field by field with the same meaning, but for the magic
//!   ([`MAGIC_COLUMNS`]): the log, its index and its recovery need not know what follows. The CRC covers the same
//!   bytes.
//! - The columns are one rkyv archive (big-endian, unaligned, 32-bit relative pointers), [`Columns`], that fills the
//!   rest of the batch: column behind column in the order of the fields, no byte between them, the archive's root last.
//! - There is no column of offsets. Offsets are the base offset and the record's place: what lies as columns is dense,
//!   because a broker takes nothing else from producers, and because topics of columns are not compacted.
//! - Nothing is compressed: the attributes' codec is 0.
//! - Whatever the bytes are, reading them gives records or a [`RecordError`], and allocates nothing.

use rkyv::primitive::{ArchivedI64, ArchivedU32};
use rkyv::rancor::Failure;
use rkyv::{Archive, Serialize};

use crate::RecordError;
use crate::batch::Batch;
use crate::header::{ATTRIBUTE_CODEC, HEADER_BYTES};
use crate::record::{Fault, Headers, RawRecord, read_headers};

mod builder;
mod transcode;

pub use crate::header::MAGIC_COLUMNS;
pub use builder::ColumnsBuilder;
pub(crate) use transcode::from_records;
pub use transcode::{from_kafka, to_kafka};

/// What a batch of a client of Kafka's may take as columns, in bytes, unless its topic's `max.message.bytes` allows
/// more: sixteen times what that allows by default.
pub const STORED_BYTES_MAX: usize = 16 << 20;

/// The bit of a key's or value's end that says: none. The part is then empty.
const NULL: u32 = 1 << 31;

/// A batch's records. A part's end is the position in `bytes` behind its last byte; it begins where the part before it
/// ends.
#[derive(Archive, Serialize, Clone, Debug, Default, PartialEq, Eq)]
#[rkyv(derive(Debug))]
struct Columns {
    /// Each record's timestamp less the header's base timestamp (ms); empty when all are 0.
    timestamps: Vec<i64>,
    /// Each record's key's end, with [`NULL`].
    key_ends: Vec<u32>,
    /// Each record's value's end, with [`NULL`].
    value_ends: Vec<u32>,
    /// Each record's headers' end; empty when no record has headers.
    header_ends: Vec<u32>,
    /// Record by record its key, its value, and its headers: no bytes for none, else as in a record of Kafka's (their
    /// number, then names and values, each behind its length).
    bytes: Vec<u8>,
}

/// Bytes of the archive's root: a relative pointer and a length for each column.
const ROOT_BYTES: usize = 5 * 8;

/// Bytes of a batch of columns without records.
const BATCH_BYTES_MIN: usize = HEADER_BYTES + ROOT_BYTES;
/// Bytes that a record takes in all columns but the last.
const RECORD_BYTES_MAX: usize = size_of::<i64>() + 3 * size_of::<u32>();

const _: () = assert!(size_of::<ArchivedColumns>() == ROOT_BYTES && align_of::<ArchivedColumns>() == 1);

/// What can be wrong with a batch's columns as such.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ColumnsFault {
    /// The attributes name a codec.
    #[error("columns are not compressed, and the attributes name codec {0}")]
    Codec(i16),
    /// A pointer or a length leads out of the archive, or there is no archive.
    #[error("the columns are no sound archive")]
    Archive,
    /// The columns overlap, are out of order, or have bytes between them.
    #[error("the columns do not lie one behind the other")]
    Layout,
    /// A column's length is not the number of records.
    #[error("the columns' lengths do not fit the header's number of records")]
    Lengths,
    /// A record, or the header's last one, has an offset delta that is not its place.
    #[error("the offset delta {0} leaves a gap, and columns hold records without gaps")]
    Sparse(i32),
}

/// The records that are left to read.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    timestamps: &'a [ArchivedI64],
    key_ends: &'a [ArchivedU32],
    value_ends: &'a [ArchivedU32],
    header_ends: &'a [ArchivedU32],
    bytes: &'a [u8],
    /// The next record's place.
    index: usize,
    /// Where in the bytes the next record begins.
    at: usize,
}

impl<'a> Cursor<'a> {
    /// The records of a batch of columns, from the first on.
    ///
    /// # Errors
    /// [`RecordError::RecordCount`], [`RecordError::Columns`].
    pub(crate) fn new(batch: &Batch<'a>) -> Result<Cursor<'a>, RecordError> {
        let count = batch.record_count();
        let count = usize::try_from(count).map_err(|_negative| RecordError::RecordCount(count))?;
        let codec = batch.attributes() & ATTRIBUTE_CODEC;
        if codec != 0 {
            return Err(ColumnsFault::Codec(codec).into());
        }
        if i64::from(batch.last_offset_delta()) != (count as i64 - 1).max(0) {
            return Err(ColumnsFault::Sparse(batch.last_offset_delta()).into());
        }
        let columns = rkyv::access::<ArchivedColumns, Failure>(batch.payload())
            .map_err(|Failure| RecordError::Columns(ColumnsFault::Archive))?;
        columns.check_layout(batch.payload())?;
        columns.check_lengths(count)?;
        Ok(Cursor {
            timestamps: &columns.timestamps,
            key_ends: &columns.key_ends,
            value_ends: &columns.value_ends,
            header_ends: &columns.header_ends,
            bytes: &columns.bytes,
            index: 0,
            at: 0,
        })
    }

    /// The next record, checked as a whole.
    #[inline]
    pub(crate) fn read(&mut self) -> Result<RawRecord<'a>, Fault> {
        let index = self.index;
        let (Some(key_end), Some(value_end)) = (self.key_ends.get(index), self.value_ends.get(index)) else {
            return Err(Fault::Truncated);
        };
        let (key_end, value_end) = (key_end.to_native(), value_end.to_native());
        let key = self.take(key_end & !NULL)?;
        let value = self.take(value_end & !NULL)?;
        let headers = match self.header_ends.get(index) {
            Some(end) => parse_headers(self.take(end.to_native())?)?,
            None => Headers::default(),
        };
        let timestamp_delta = self.timestamps.get(index).map_or(0, |delta| delta.to_native());
        self.index += 1;
        Ok(RawRecord {
            timestamp_delta,
            // No more of them than the header's count, which is an i32.
            offset_delta: index as i32,
            key: nullable(key, key_end)?,
            value: nullable(value, value_end)?,
            headers,
        })
    }

    /// Bytes that belong to no record read so far.
    pub(crate) fn rest_bytes(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// The bytes from the last part's end to this one's.
    #[inline]
    fn take(&mut self, end: u32) -> Result<&'a [u8], Fault> {
        let part = self.bytes.get(self.at..end as usize).ok_or(Fault::Bounds)?;
        self.at = end as usize;
        Ok(part)
    }
}

#[inline]
fn nullable(part: &[u8], end: u32) -> Result<Option<&[u8]>, Fault> {
    if end & NULL == 0 {
        Ok(Some(part))
    } else if part.is_empty() {
        Ok(None)
    } else {
        Err(Fault::NullWithBytes)
    }
}

#[inline]
fn parse_headers(part: &[u8]) -> Result<Headers<'_>, Fault> {
    if part.is_empty() {
        return Ok(Headers::default());
    }
    let headers = read_headers(part)?;
    // None have no bytes: one form for the same records.
    if headers.len() == 0 { Err(Fault::HeaderCount) } else { Ok(headers) }
}

impl ArchivedColumns {
    /// rkyv has checked that each column lies within the payload: here, where.
    fn check_layout(&self, payload: &[u8]) -> Result<(), ColumnsFault> {
        let mut end = payload.as_ptr();
        let mut follows = |column: std::ops::Range<*const u8>| {
            let is_next = column.start == end;
            end = column.end;
            is_next
        };
        let is_gapless = follows(bytes_of(&self.timestamps))
            && follows(bytes_of(&self.key_ends))
            && follows(bytes_of(&self.value_ends))
            && follows(bytes_of(&self.header_ends))
            && follows(bytes_of(&self.bytes))
            && end == std::ptr::from_ref(self).cast();
        if is_gapless { Ok(()) } else { Err(ColumnsFault::Layout) }
    }

    fn check_lengths(&self, count: usize) -> Result<(), ColumnsFault> {
        let is_optional = |length: usize| length == count || length == 0;
        let fits = self.key_ends.len() == count
            && self.value_ends.len() == count
            && is_optional(self.timestamps.len())
            && is_optional(self.header_ends.len());
        if fits { Ok(()) } else { Err(ColumnsFault::Lengths) }
    }
}

/// Where a column lies.
fn bytes_of<T>(column: &[T]) -> std::ops::Range<*const u8> {
    let range = column.as_ptr_range();
    range.start.cast()..range.end.cast()
}
