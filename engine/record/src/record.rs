//! The records within a batch, read without copying or allocating.
//!
//! Invariants:
//! - A [`Record`] was checked as a whole before it is handed out: its length is that of its parts, headers included. So
//!   iterating over its headers cannot fail.
//! - [`Records`] yields as many records as the header promises, or an error; after an error, nothing.

use std::fmt;

use crate::RecordError;
use crate::batch::Batch;
use crate::columns::Cursor;
use crate::compression::Scratch;
use crate::header::TimestampType;
use crate::varint::{VarintError, read_i32, read_i64};
use millrace_base::ids::Offset;

/// A record's bytes, and what the batch's header adds to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its offset in the partition.
    pub offset: Offset,
    /// Unix ms; `-1` for none. The batch's append time where the batch has `LogAppendTime`.
    pub timestamp: i64,
    /// The key.
    pub key: Option<&'a [u8]>,
    /// The value; none is a tombstone on a compacted topic.
    pub value: Option<&'a [u8]>,
    /// The headers, in the producer's order; names may repeat.
    pub headers: Headers<'a>,
}

/// A record's headers: an iterator of names (UTF-8 by contract, unchecked as in Kafka) and values.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers<'a> {
    rest: &'a [u8],
    count: u32,
}

impl<'a> Iterator for Headers<'a> {
    type Item = (&'a [u8], Option<&'a [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        self.count = self.count.checked_sub(1)?;
        // Cannot fail: the record's parser has walked them.
        read_header(&mut self.rest).ok()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.count as usize, Some(self.count as usize))
    }
}

impl ExactSizeIterator for Headers<'_> {}

impl fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// What can be wrong with a record's structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The bytes end within the record.
    #[error("it ends early")]
    Truncated,
    /// A variable-length integer has no end where the longest has.
    #[error("a variable-length integer is too long")]
    VarintTooLong,
    /// A length is negative where none may be, or below -1.
    #[error("a length is negative")]
    NegativeLength,
    /// The number of headers is negative, or more than the bytes can hold.
    #[error("its number of headers is not possible")]
    HeaderCount,
    /// Its parts end before its length does.
    #[error("it is longer than its parts")]
    TrailingBytes,
    /// Among columns: a part ends before it begins, or beyond the bytes.
    #[error("a part of it lies out of bounds")]
    Bounds,
    /// Among columns: a key or a value that is none has bytes.
    #[error("a null has bytes")]
    NullWithBytes,
}

impl From<VarintError> for Fault {
    fn from(error: VarintError) -> Fault {
        match error {
            VarintError::Truncated => Fault::Truncated,
            VarintError::TooLong => Fault::VarintTooLong,
        }
    }
}

/// A record as it lies in the batch: relative to the batch's base offset and base timestamp.
pub(crate) struct RawRecord<'a> {
    pub(crate) timestamp_delta: i64,
    pub(crate) offset_delta: i32,
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) value: Option<&'a [u8]>,
    pub(crate) headers: Headers<'a>,
}

/// Reads one record off the front of `bytes` and checks all of it.
#[inline]
pub(crate) fn read_record<'a>(bytes: &mut &'a [u8]) -> Result<RawRecord<'a>, Fault> {
    let length = read_i32(bytes)?;
    let mut body = take(bytes, length)?;
    // Attributes: no bit has a meaning yet, and Kafka looks at none.
    take(&mut body, 1)?;
    let timestamp_delta = read_i64(&mut body)?;
    let offset_delta = read_i32(&mut body)?;
    let key = read_nullable(&mut body)?;
    let value = read_nullable(&mut body)?;
    let headers = read_headers(body)?;
    Ok(RawRecord { timestamp_delta, offset_delta, key, value, headers })
}

/// Reads the headers that `bytes` are, all of them.
#[inline]
pub(crate) fn read_headers(mut bytes: &[u8]) -> Result<Headers<'_>, Fault> {
    let count = u32::try_from(read_i32(&mut bytes)?).map_err(|_negative| Fault::HeaderCount)?;
    if count as usize > bytes.len() {
        return Err(Fault::HeaderCount);
    }
    let headers = Headers { rest: bytes, count };
    for _ in 0..count {
        read_header(&mut bytes)?;
    }
    if bytes.is_empty() { Ok(headers) } else { Err(Fault::TrailingBytes) }
}

#[inline]
fn read_header<'a>(bytes: &mut &'a [u8]) -> Result<(&'a [u8], Option<&'a [u8]>), Fault> {
    let length = read_i32(bytes)?;
    Ok((take(bytes, length)?, read_nullable(bytes)?))
}

#[inline]
fn read_nullable<'a>(bytes: &mut &'a [u8]) -> Result<Option<&'a [u8]>, Fault> {
    match read_i32(bytes)? {
        -1 => Ok(None),
        length => take(bytes, length).map(Some),
    }
}

#[inline]
fn take<'a>(bytes: &mut &'a [u8], length: i32) -> Result<&'a [u8], Fault> {
    let length = usize::try_from(length).map_err(|_negative| Fault::NegativeLength)?;
    let (taken, rest) = bytes.split_at_checked(length).ok_or(Fault::Truncated)?;
    *bytes = rest;
    Ok(taken)
}

/// What records are read from, one after the other.
#[derive(Clone, Debug)]
pub(crate) enum RecordSource<'a> {
    /// Records of variable length, as Kafka has them: those that are left.
    Kafka(&'a [u8]),
    /// [`columns`](crate::columns).
    Columns(Cursor<'a>),
}

impl<'a> RecordSource<'a> {
    /// Reads the next record and checks all of it.
    #[inline]
    pub(crate) fn read(&mut self) -> Result<RawRecord<'a>, Fault> {
        match self {
            RecordSource::Kafka(rest) => read_record(rest),
            RecordSource::Columns(cursor) => cursor.read(),
        }
    }

    /// Bytes that belong to no record read so far.
    pub(crate) fn rest_bytes(&self) -> usize {
        match self {
            RecordSource::Kafka(rest) => rest.len(),
            RecordSource::Columns(cursor) => cursor.rest_bytes(),
        }
    }
}

/// The records of a batch, in order of their offsets. See [`Batch::records`].
#[derive(Clone, Debug)]
pub struct Records<'a> {
    source: RecordSource<'a>,
    index: u32,
    count: u32,
    base_offset: Offset,
    base_timestamp: i64,
    append_time: Option<i64>,
}

impl<'a> Records<'a> {
    /// The records of `batch`, which are those that `source` gives.
    ///
    /// # Errors
    /// [`RecordError::RecordCount`] when the header's count is negative.
    fn new(batch: &Batch<'_>, source: RecordSource<'a>) -> Result<Records<'a>, RecordError> {
        let count = batch.record_count();
        Ok(Records {
            source,
            index: 0,
            count: u32::try_from(count).map_err(|_negative| RecordError::RecordCount(count))?,
            base_offset: batch.base_offset(),
            base_timestamp: batch.base_timestamp(),
            append_time: (batch.timestamp_type() == TimestampType::LogAppendTime).then(|| batch.max_timestamp()),
        })
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, RecordError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.index == self.count {
            return None;
        }
        match self.source.read() {
            Ok(record) if self.index + 1 < self.count || self.source.rest_bytes() == 0 => {
                self.index += 1;
                Some(Ok(Record {
                    offset: self.base_offset.wrapping_add(i64::from(record.offset_delta)),
                    timestamp: self
                        .append_time
                        .unwrap_or_else(|| self.base_timestamp.wrapping_add(record.timestamp_delta)),
                    key: record.key,
                    value: record.value,
                    headers: record.headers,
                }))
            }
            read => Some(Err(self.end_early(read.err()))),
        }
    }
}

impl Records<'_> {
    /// Ends the iteration, and says why: for the next record's fault, or because bytes follow the last one.
    #[cold]
    fn end_early(&mut self, fault: Option<Fault>) -> RecordError {
        let (index, count) = (self.index, self.count);
        self.index = count;
        match fault {
            Some(fault) => RecordError::Record { index, fault },
            None => RecordError::RecordsRemain { count, bytes: self.source.rest_bytes() },
        }
    }
}

impl std::iter::FusedIterator for Records<'_> {}

impl Batch<'_> {
    /// The records, in order. A compressed batch is inflated into `scratch`; of any other, and of columns, the records
    /// are read where they lie. Does not check the CRC.
    ///
    /// # Errors
    /// [`RecordError::UnknownCodec`], [`RecordError::Compression`], [`RecordError::Columns`],
    /// [`RecordError::RecordCount`] for a negative count.
    pub fn records<'s>(&'s self, scratch: &'s mut Scratch) -> Result<Records<'s>, RecordError> {
        let source = if self.is_columns() {
            RecordSource::Columns(Cursor::new(self)?)
        } else if self.record_count() == 0 {
            // What compaction has emptied holds no compressed stream.
            RecordSource::Kafka(&[])
        } else {
            RecordSource::Kafka(scratch.decompress(self.codec()?, self.payload())?)
        };
        Records::new(self, source)
    }
}
