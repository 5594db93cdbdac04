//! Columns out of Kafka's records, and Kafka's records out of columns.
//!
//! Invariant: whatever a consumer sees of a record (offset, timestamp, key, value, headers) and a broker of a batch
//! (producer, sequence numbers, leader epoch, timestamp type, flags) is the same in both forms. Magic, length, CRC, and
//! the codec differ.

use super::{ColumnsBuilder, ColumnsFault, Cursor};
use crate::RecordError;
use crate::batch::Batch;
use crate::builder::{ATTRIBUTES_REBUILT, write_record};
use crate::compression::Scratch;
use crate::header::{
    ATTRIBUTE_CODEC, BatchHeader, HEADER_BYTES, LENGTH_PREFIX_BYTES, MAGIC_COLUMNS, MAGIC_V2, seal_crc,
};
use crate::record::read_record;

/// Bytes of the smallest record of Kafka's: its length, attributes, two deltas, two nulls, and no headers.
const KAFKA_RECORD_BYTES_MIN: usize = 7;

/// Appends a batch of columns to `out` as a v2 batch, not compressed, which is what a plain client reads.
///
/// # Errors
/// [`RecordError`] when the columns cannot be read; [`RecordError::BatchTooLarge`] when `out` would pass 2^31-1 bytes.
/// `out` is then as it was.
pub fn to_kafka(batch: &Batch<'_>, out: &mut Vec<u8>) -> Result<(), RecordError> {
    let start = out.len();
    let written = write_kafka(batch, out);
    if written.is_err() {
        out.truncate(start);
    }
    written
}

fn write_kafka(batch: &Batch<'_>, out: &mut Vec<u8>) -> Result<(), RecordError> {
    let mut cursor = Cursor::new(batch)?;
    let count = batch.record_count().unsigned_abs();
    let start = out.len();
    // Kafka's lengths and deltas take about as much as the columns of ends.
    out.reserve(batch.batch_bytes());
    out.resize(start + HEADER_BYTES, 0);
    for index in 0..count {
        let record = cursor.read().map_err(|fault| RecordError::Record { index, fault })?;
        write_record(out, record.timestamp_delta, record.offset_delta, record.key, record.value, record.headers)?;
    }
    if cursor.rest_bytes() > 0 {
        return Err(RecordError::RecordsRemain { count, bytes: cursor.rest_bytes() });
    }
    let written = out.get_mut(start..).unwrap_or_default();
    // Less than 2^31 bytes, as each record was checked to fit.
    let batch_length = (written.len() - LENGTH_PREFIX_BYTES) as i32;
    if let Some(header) = written.first_chunk_mut::<HEADER_BYTES>() {
        *header = BatchHeader { magic: MAGIC_V2, batch_length, ..batch.header().to_native() }.to_bytes();
    }
    seal_crc(written)
}

/// A v2 batch, of any codec, as a batch of columns. A compressed one is inflated into `scratch`.
///
/// # Errors
/// [`RecordError`] when the records cannot be read; [`ColumnsFault::Sparse`] when compaction has made gaps between
/// them; [`RecordError::BatchTooLarge`].
pub fn from_kafka(batch: &Batch<'_>, scratch: &mut Scratch) -> Result<Vec<u8>, RecordError> {
    let records = scratch.decompress(batch.codec()?, batch.payload())?;
    from_records(batch, records, i32::MAX as usize)
}

/// [`from_kafka`] of records that are inflated. At most `batch_bytes_max`, header and all.
pub(crate) fn from_records(
    batch: &Batch<'_>,
    mut records: &[u8],
    batch_bytes_max: usize,
) -> Result<Vec<u8>, RecordError> {
    let stated = batch.record_count();
    let count = u32::try_from(stated).map_err(|_negative| RecordError::RecordCount(stated))?;
    if i64::from(batch.last_offset_delta()) != (i64::from(count) - 1).max(0) {
        return Err(ColumnsFault::Sparse(batch.last_offset_delta()).into());
    }
    let attributes = batch.attributes() & ATTRIBUTES_REBUILT & !ATTRIBUTE_CODEC;
    let header = BatchHeader { magic: MAGIC_COLUMNS, attributes, ..batch.header().to_native() };
    let room_for = (count as usize).min(records.len() / KAFKA_RECORD_BYTES_MIN);
    let mut builder = ColumnsBuilder::with_header(header, room_for, records.len());
    for index in 0..count {
        let record = read_record(&mut records).map_err(|fault| RecordError::Record { index, fault })?;
        if i64::from(record.offset_delta) != i64::from(index) {
            return Err(ColumnsFault::Sparse(record.offset_delta).into());
        }
        builder.push_delta(record.timestamp_delta, record.key, record.value, record.headers)?;
        if builder.batch_bytes() > batch_bytes_max {
            return Err(RecordError::BatchTooLarge { bytes: builder.batch_bytes() });
        }
    }
    if !records.is_empty() {
        return Err(RecordError::RecordsRemain { count, bytes: records.len() });
    }
    builder.build()
}
