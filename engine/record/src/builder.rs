//! Makes v2 record batches.

use crate::RecordError;
use crate::batch::Batch;
use crate::compression::{Codec, Compressor};
use crate::header::{
    ATTRIBUTE_CONTROL, ATTRIBUTE_LOG_APPEND_TIME, ATTRIBUTE_TRANSACTIONAL, BatchHeader, HEADER_BYTES,
    LENGTH_PREFIX_BYTES, MAGIC_V2, seal_crc, view_mut,
};
use crate::varint::{VARINT_BYTES_MAX, bytes_of_i32, bytes_of_i64, write_i32, write_i64};
use millrace_base::ids::{LeaderEpoch, Offset, ProducerEpoch, ProducerId};
use millrace_base::topic_config::CompressionType;

/// What a broker that writes a batch anew keeps of a batch's attributes.
pub(crate) const ATTRIBUTES_REBUILT: i16 = ATTRIBUTE_LOG_APPEND_TIME | ATTRIBUTE_TRANSACTIONAL | ATTRIBUTE_CONTROL;

/// A record's header: its name (UTF-8) and its value.
pub type HeaderPair<'a> = (&'a [u8], Option<&'a [u8]>);

/// Collects records and makes a batch of them. Offsets are given in the order of the calls, from the base offset on.
#[derive(Clone, Debug)]
pub struct BatchBuilder {
    codec: Codec,
    level: Option<i32>,
    header: BatchHeader,
    records: Vec<u8>,
}

impl BatchBuilder {
    /// An empty batch, as a client sends it: base offset 0, no producer, no leader epoch.
    pub fn new(codec: Codec) -> BatchBuilder {
        BatchBuilder { codec, level: None, header: BatchHeader::of_client(MAGIC_V2, codec.id()), records: Vec::new() }
    }

    /// The codec's level; see [`Compressor::compress`].
    #[must_use]
    pub fn level(mut self, level: i32) -> BatchBuilder {
        self.level = Some(level);
        self
    }

    /// The idempotent producer that sends the batch, and the sequence number of its first record.
    #[must_use]
    pub fn producer(mut self, id: ProducerId, epoch: ProducerEpoch, base_sequence: i32) -> BatchBuilder {
        self.header = self.header.of_producer(id, epoch, base_sequence);
        self
    }

    /// Makes the batch part of a transaction of its producer.
    #[must_use]
    pub fn transactional(mut self) -> BatchBuilder {
        self.header.attributes |= ATTRIBUTE_TRANSACTIONAL;
        self
    }

    /// Makes the batch a transaction marker, which only a broker writes.
    #[must_use]
    pub fn control(mut self) -> BatchBuilder {
        self.header.attributes |= ATTRIBUTE_CONTROL;
        self
    }

    /// What a leader stamps: the first record's offset and its own epoch.
    #[must_use]
    pub fn stamped(mut self, base_offset: Offset, leader_epoch: LeaderEpoch) -> BatchBuilder {
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

    /// The batch's size in bytes if it were built now without compression.
    pub fn uncompressed_bytes(&self) -> usize {
        HEADER_BYTES + self.records.len()
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
        let base_timestamp = if self.header.record_count == 0 { timestamp } else { self.header.base_timestamp };
        let timestamp_delta = timestamp.wrapping_sub(base_timestamp);
        write_record(
            &mut self.records,
            timestamp_delta,
            self.header.record_count,
            key,
            value,
            headers.iter().copied(),
        )?;
        self.header.base_timestamp = base_timestamp;
        self.header.max_timestamp = self.header.max_timestamp.max(timestamp);
        self.header.record_count += 1;
        Ok(())
    }

    /// The batch, with memory for compressing of its own. See [`Self::build_with`].
    ///
    /// # Errors
    /// As [`Self::build_with`].
    pub fn build(self) -> Result<Vec<u8>, RecordError> {
        self.build_with(&mut Compressor::default())
    }

    /// The batch: header, CRC and (compressed) records. Without records, a batch that only compaction writes: header
    /// alone.
    ///
    /// # Errors
    /// [`RecordError::Compression`]; [`RecordError::BatchTooLarge`] when compression makes it larger than the format
    /// allows.
    pub fn build_with(mut self, compressor: &mut Compressor) -> Result<Vec<u8>, RecordError> {
        let mut batch = Vec::with_capacity(self.uncompressed_bytes());
        batch.resize(HEADER_BYTES, 0);
        if self.header.record_count > 0 {
            compressor.compress(self.codec, self.level, &self.records, usize::MAX, &mut batch)?;
        }
        let bytes = batch.len();
        self.header.batch_length =
            i32::try_from(bytes - LENGTH_PREFIX_BYTES).map_err(|_too_long| RecordError::BatchTooLarge { bytes })?;
        self.header.last_offset_delta = (self.header.record_count - 1).max(0);
        if let Some(header) = batch.first_chunk_mut::<HEADER_BYTES>() {
            *header = self.header.to_bytes();
        }
        seal_crc(&mut batch)?;
        Ok(batch)
    }
}

/// How a broker compresses what it compresses anew: `compression.type` where that is not the producer's, and the level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recompression {
    /// The codec.
    pub codec: Codec,
    /// See [`Compressor::compress`].
    pub level: Option<i32>,
}

impl Recompression {
    /// What a topic's settings ask for; none where its batches stay as their producer has compressed them.
    pub fn of(compression: CompressionType) -> Option<Recompression> {
        let (codec, level) = match compression {
            CompressionType::Producer => return None,
            CompressionType::Uncompressed => (Codec::None, None),
            CompressionType::Gzip(level) => (Codec::Gzip, Some(level)),
            CompressionType::Snappy => (Codec::Snappy, None),
            CompressionType::Lz4(level) => (Codec::Lz4, Some(level)),
            CompressionType::Zstd(level) => (Codec::Zstd, Some(level)),
        };
        Some(Recompression { codec, level })
    }
}

/// The same batch with its records (inflated: `records`) compressed by another codec, for a topic whose
/// `compression.type` is not the producer's. Offsets, timestamps, producer and flags stay, attributes without a meaning
/// go, as in Kafka; length, codec and CRC follow.
///
/// # Errors
/// [`RecordError::Compression`], with [`CompressedTooLarge`] when the batch would take more than
/// `batch_bytes_max`, header and all; [`RecordError::BatchTooLarge`] beyond the format's 2^31-1 bytes.
///
/// [`CompressedTooLarge`]: crate::compression::CompressionError::CompressedTooLarge
pub fn recompress(
    batch: &Batch<'_>,
    records: &[u8],
    to: Recompression,
    batch_bytes_max: usize,
    compressor: &mut Compressor,
) -> Result<Vec<u8>, RecordError> {
    let mut built = Vec::new();
    built.extend_from_slice(batch.bytes().get(..HEADER_BYTES).unwrap_or_default());
    let limit_bytes = batch_bytes_max.saturating_sub(HEADER_BYTES);
    compressor.compress(to.codec, to.level, records, limit_bytes, &mut built)?;
    let bytes = built.len();
    let batch_length =
        i32::try_from(bytes - LENGTH_PREFIX_BYTES).map_err(|_too_long| RecordError::BatchTooLarge { bytes })?;
    let header = view_mut(&mut built)?;
    header.batch_length = batch_length.into();
    header.attributes = ((batch.attributes() & ATTRIBUTES_REBUILT) | to.codec.id()).into();
    seal_crc(&mut built)?;
    Ok(built)
}

/// Appends a record as it lies in a batch, to `records` that lie before it.
///
/// # Errors
/// [`RecordError::BatchTooLarge`] when the batch would pass 2^31-1 bytes; `records` is as it was.
pub(crate) fn write_record<'a>(
    records: &mut Vec<u8>,
    timestamp_delta: i64,
    offset_delta: i32,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
    headers: impl ExactSizeIterator<Item = HeaderPair<'a>> + Clone,
) -> Result<(), RecordError> {
    let body_bytes = 1
        + bytes_of_i64(timestamp_delta)
        + bytes_of_i32(offset_delta)
        + bytes_of(key)
        + bytes_of(value)
        + bytes_of_headers(headers.clone());
    // With all of it below 2^31, each length within is too.
    let total = (HEADER_BYTES + records.len()).saturating_add(body_bytes).saturating_add(VARINT_BYTES_MAX);
    if i32::try_from(total).is_err() {
        return Err(RecordError::BatchTooLarge { bytes: total });
    }
    records.reserve(body_bytes + VARINT_BYTES_MAX);
    write_i32(records, body_bytes as i32);
    records.push(0);
    write_i64(records, timestamp_delta);
    write_i32(records, offset_delta);
    write_nullable(records, key);
    write_nullable(records, value);
    write_headers(records, headers);
    Ok(())
}

/// Appends a record's headers as they lie in it: their number, then names and values.
pub(crate) fn write_headers<'a>(out: &mut Vec<u8>, headers: impl ExactSizeIterator<Item = HeaderPair<'a>>) {
    write_i32(out, header_count(headers.len()));
    for (name, value) in headers {
        write_nullable(out, Some(name));
        write_nullable(out, value);
    }
}

/// The bytes that [`write_headers`] appends.
pub(crate) fn bytes_of_headers<'a>(headers: impl ExactSizeIterator<Item = HeaderPair<'a>>) -> usize {
    bytes_of_i32(header_count(headers.len()))
        + headers.map(|(name, value)| bytes_of(Some(name)) + bytes_of(value)).sum::<usize>()
}

/// More than that do not pass the check of a batch's size.
fn header_count(count: usize) -> i32 {
    count.min(i32::MAX as usize) as i32
}

/// Bytes of a nullable byte string, its length included.
fn bytes_of(bytes: Option<&[u8]>) -> usize {
    // A length beyond 31 bits is refused before it is written.
    bytes.map_or(1, |bytes| bytes_of_i32(bytes.len().min(i32::MAX as usize) as i32) + bytes.len())
}

fn write_nullable(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        None => write_i32(out, -1),
        Some(bytes) => {
            write_i32(out, bytes.len() as i32);
            out.extend_from_slice(bytes);
        }
    }
}
