//! Makes batches of columns.

use rkyv::api::low::to_bytes_in_with_alloc;
use rkyv::rancor::Failure;
use rkyv::ser::allocator::SubAllocator;

use super::{BATCH_BYTES_MIN, Columns, NULL, RECORD_BYTES_MAX};
use crate::RecordError;
use crate::builder::{HeaderPair, bytes_of_headers, write_headers};
use crate::header::{BatchHeader, LENGTH_PREFIX_BYTES, MAGIC_COLUMNS, NO_SEQUENCE, NO_TIMESTAMP, seal_crc};
use millrace_base::ids::{LeaderEpoch, Offset, ProducerEpoch, ProducerId};

/// Collects records and makes a batch of columns of them, then the next one in the same memory. Offsets are given in
/// the order of the calls, from the base offset on.
#[derive(Clone, Debug)]
pub struct ColumnsBuilder {
    header: BatchHeader,
    columns: Columns,
}

impl Default for ColumnsBuilder {
    fn default() -> ColumnsBuilder {
        ColumnsBuilder::new()
    }
}

impl ColumnsBuilder {
    /// An empty batch, as a client sends it: base offset 0, no producer, no leader epoch.
    pub fn new() -> ColumnsBuilder {
        ColumnsBuilder { header: BatchHeader::of_client(MAGIC_COLUMNS, 0), columns: Columns::default() }
    }

    /// A batch with the fields of another one's header and room for its records: `count`, with `bytes` of keys, values
    /// and headers.
    pub(super) fn with_header(header: BatchHeader, count: usize, bytes: usize) -> ColumnsBuilder {
        let columns = Columns {
            timestamps: Vec::new(),
            key_ends: Vec::with_capacity(count),
            value_ends: Vec::with_capacity(count),
            header_ends: Vec::new(),
            bytes: Vec::with_capacity(bytes),
        };
        ColumnsBuilder { header: BatchHeader { record_count: 0, ..header }, columns }
    }

    /// The idempotent producer that sends the batch, and the sequence number of its first record.
    #[must_use]
    pub fn producer(mut self, id: ProducerId, epoch: ProducerEpoch, base_sequence: i32) -> ColumnsBuilder {
        self.header = self.header.of_producer(id, epoch, base_sequence);
        self
    }

    /// What a leader stamps: the first record's offset and its own epoch.
    #[must_use]
    pub fn stamped(mut self, base_offset: Offset, leader_epoch: LeaderEpoch) -> ColumnsBuilder {
        self.header = self.header.stamped(base_offset, leader_epoch);
        self
    }

    /// Number of records so far.
    pub fn record_count(&self) -> i32 {
        self.header.record_count
    }

    /// Whether there is no record yet.
    pub fn is_empty(&self) -> bool {
        self.header.record_count == 0
    }

    /// The batch's size in bytes if it were built now.
    pub fn batch_bytes(&self) -> usize {
        let Columns { timestamps, key_ends, value_ends, header_ends, bytes } = &self.columns;
        let ends = key_ends.len() + value_ends.len() + header_ends.len();
        BATCH_BYTES_MIN + size_of_val(timestamps.as_slice()) + ends * size_of::<u32>() + bytes.len()
    }

    /// Appends a record. `timestamp` is Unix ms, or `-1` for none.
    ///
    /// # Errors
    /// [`RecordError::BatchTooLarge`] when it does not fit any more; the batch is as it was.
    pub fn push(
        &mut self,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[HeaderPair<'_>],
    ) -> Result<(), RecordError> {
        let base_timestamp = if self.is_empty() { timestamp } else { self.header.base_timestamp };
        self.push_delta(timestamp.wrapping_sub(base_timestamp), key, value, headers.iter().copied())?;
        self.header.base_timestamp = base_timestamp;
        self.header.max_timestamp = self.header.max_timestamp.max(timestamp);
        Ok(())
    }

    /// [`Self::push`] with a timestamp that is relative to the header's base timestamp. Those of the header stay as
    /// they are.
    pub(super) fn push_delta<'a>(
        &mut self,
        timestamp_delta: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: impl ExactSizeIterator<Item = HeaderPair<'a>> + Clone,
    ) -> Result<(), RecordError> {
        let columns = &mut self.columns;
        let count = columns.key_ends.len();
        let has_headers = headers.len() > 0;
        let parts_bytes = key.map_or(0, <[u8]>::len)
            + value.map_or(0, <[u8]>::len)
            + if has_headers { bytes_of_headers(headers.clone()) } else { 0 };
        let total = BATCH_BYTES_MIN + (count + 1) * RECORD_BYTES_MAX + columns.bytes.len().saturating_add(parts_bytes);
        // So no position reaches the bit that says null.
        if i32::try_from(total).is_err() {
            return Err(RecordError::BatchTooLarge { bytes: total });
        }
        if timestamp_delta != 0 || !columns.timestamps.is_empty() {
            columns.timestamps.resize(count, 0);
            columns.timestamps.push(timestamp_delta);
        }
        columns.key_ends.push(append(&mut columns.bytes, key));
        columns.value_ends.push(append(&mut columns.bytes, value));
        if has_headers || !columns.header_ends.is_empty() {
            let without = columns.value_ends.iter().take(count).skip(columns.header_ends.len());
            columns.header_ends.extend(without.map(|end| end & !NULL));
            if has_headers {
                write_headers(&mut columns.bytes, headers);
            }
            columns.header_ends.push(columns.bytes.len() as u32);
        }
        self.header.record_count += 1;
        Ok(())
    }

    /// The batch: header, CRC and columns. The builder is then empty and keeps its memory. Its producer's next sequence
    /// number follows on the batch's; what a leader stamps stays.
    ///
    /// # Errors
    /// [`RecordError::BatchTooLarge`]: none that [`Self::push`] lets happen.
    pub fn build(&mut self) -> Result<Vec<u8>, RecordError> {
        let bytes = self.batch_bytes();
        let too_large = RecordError::BatchTooLarge { bytes };
        self.header.batch_length = i32::try_from(bytes - LENGTH_PREFIX_BYTES).map_err(|_too_long| too_large.clone())?;
        self.header.last_offset_delta = (self.header.record_count - 1).max(0);
        let mut batch = Vec::with_capacity(bytes);
        batch.extend_from_slice(&self.header.to_bytes());
        // Fixed-size elements need no memory to be archived.
        let mut batch = to_bytes_in_with_alloc::<_, _, Failure>(&self.columns, batch, SubAllocator::empty())
            .map_err(|Failure| too_large)?;
        seal_crc(&mut batch)?;
        self.begin_next();
        Ok(batch)
    }

    fn begin_next(&mut self) {
        if self.header.base_sequence != NO_SEQUENCE {
            let next = self.header.base_sequence.wrapping_add(self.header.record_count);
            self.header.base_sequence = next & i32::MAX;
        }
        self.header.record_count = 0;
        self.header.base_timestamp = NO_TIMESTAMP;
        self.header.max_timestamp = NO_TIMESTAMP;
        let Columns { timestamps, key_ends, value_ends, header_ends, bytes } = &mut self.columns;
        timestamps.clear();
        key_ends.clear();
        value_ends.clear();
        header_ends.clear();
        bytes.clear();
    }
}

/// Appends a key or a value; gives its end. Positions were checked to fit 31 bits.
fn append(bytes: &mut Vec<u8>, part: Option<&[u8]>) -> u32 {
    let null = match part {
        Some(part) => {
            bytes.extend_from_slice(part);
            0
        }
        None => NULL,
    };
    bytes.len() as u32 | null
}
