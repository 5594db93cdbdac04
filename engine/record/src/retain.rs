//! A batch without some of its records: what compaction writes.
//!
//! Invariants:
//! - Offsets, timestamps, keys, values and headers of the records that stay are as they were; so are the batch's base
//!   offset, last offset, producer, sequence and leader epoch. Length, CRC, count and the deltas of timestamps follow.
//! - A batch that loses nothing, and needs no delete horizon, is not written anew.
//!
//! The forms are those that Kafka writes: see KIP-354, KIP-534 and the protocol guide, *Record Batch*.

use crate::RecordError;
use crate::batch::Batch;
use crate::builder::write_record;
use crate::compression::{Compressor, Scratch};
use crate::header::{
    ATTRIBUTE_CODEC, ATTRIBUTE_DELETE_HORIZON, BatchHeader, HEADER_BYTES, LENGTH_PREFIX_BYTES, MAGIC_V2, NO_TIMESTAMP,
    TimestampType, seal_crc,
};
use crate::record::Record;

/// What is left of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Retained {
    /// Every record stays: the batch's own bytes.
    All,
    /// Some records stay, or a delete horizon was set: the batch, written anew.
    Some(Vec<u8>),
    /// No record stays.
    Nothing,
}

/// Asks `keep` of each record of a batch, in order. When a record without a value (a tombstone) stays, and the batch
/// has no delete horizon yet, it gets `delete_horizon_ms` (Unix ms), if there is one.
///
/// # Errors
/// [`RecordError`] when the records cannot be read, or their new form would be too large.
pub fn retain(
    batch: &Batch<'_>,
    delete_horizon_ms: Option<i64>,
    scratch: &mut Scratch,
    compressor: &mut Compressor,
    mut keep: impl FnMut(&Record<'_>) -> bool,
) -> Result<Retained, RecordError> {
    let mut kept = Vec::new();
    let mut is_whole = true;
    for record in batch.records(scratch)? {
        let record = record?;
        if keep(&record) {
            kept.push(record);
        } else {
            is_whole = false;
        }
    }
    if kept.is_empty() {
        return Ok(Retained::Nothing);
    }
    let has_tombstone = kept.iter().any(|record| record.value.is_none());
    let horizon = match batch.has_delete_horizon() {
        true => Some(batch.base_timestamp()),
        false => delete_horizon_ms.filter(|_| has_tombstone),
    };
    if is_whole && (batch.has_delete_horizon() || horizon.is_none()) {
        return Ok(Retained::All);
    }
    write(batch, &kept, horizon, compressor).map(Retained::Some)
}

/// The batch without any record: its offsets, producer and sequence stay.
#[must_use]
pub fn emptied(batch: &Batch<'_>) -> [u8; HEADER_BYTES] {
    let attributes = batch.attributes() & !(ATTRIBUTE_CODEC | ATTRIBUTE_DELETE_HORIZON);
    let header = header_of(batch, attributes, NO_TIMESTAMP, batch.max_timestamp());
    let mut bytes = header.to_bytes();
    if let Err(error) = seal_crc(&mut bytes) {
        unreachable!("a header is whole: {error}");
    }
    bytes
}

fn write(
    batch: &Batch<'_>,
    kept: &[Record<'_>],
    horizon: Option<i64>,
    compressor: &mut Compressor,
) -> Result<Vec<u8>, RecordError> {
    let codec = batch.codec()?;
    let first = kept.first().map_or(NO_TIMESTAMP, |record| record.timestamp);
    let base_timestamp = horizon.unwrap_or(first);
    let mut records = Vec::with_capacity(batch.payload().len());
    for record in kept {
        let timestamp_delta = record.timestamp.wrapping_sub(base_timestamp);
        // It came from such a delta.
        let offset_delta = record.offset.wrapping_sub(batch.base_offset()) as i32;
        write_record(&mut records, timestamp_delta, offset_delta, record.key, record.value, record.headers.clone())?;
    }
    let mut written = Vec::with_capacity(HEADER_BYTES + records.len());
    written.resize(HEADER_BYTES, 0);
    compressor.compress(codec, None, &records, usize::MAX, &mut written)?;
    let bytes = written.len();
    let max_timestamp = match batch.timestamp_type() {
        TimestampType::LogAppendTime => batch.max_timestamp(),
        TimestampType::CreateTime => kept.iter().map(|record| record.timestamp).max().unwrap_or(NO_TIMESTAMP),
    };
    // One that the batch has stays.
    let of_horizon = if horizon.is_some() { ATTRIBUTE_DELETE_HORIZON } else { 0 };
    let attributes = batch.attributes() | of_horizon;
    let mut header = header_of(batch, attributes, base_timestamp, max_timestamp);
    header.batch_length =
        i32::try_from(bytes - LENGTH_PREFIX_BYTES).map_err(|_too_long| RecordError::BatchTooLarge { bytes })?;
    // There were as many in the batch.
    header.record_count = kept.len() as i32;
    if let Some(head) = written.first_chunk_mut::<HEADER_BYTES>() {
        *head = header.to_bytes();
    }
    seal_crc(&mut written)?;
    Ok(written)
}

/// The header of a batch that follows from `batch` and has no records yet.
fn header_of(batch: &Batch<'_>, attributes: i16, base_timestamp: i64, max_timestamp: i64) -> BatchHeader {
    BatchHeader {
        base_offset: batch.base_offset(),
        batch_length: (HEADER_BYTES - LENGTH_PREFIX_BYTES) as i32,
        partition_leader_epoch: batch.leader_epoch(),
        magic: MAGIC_V2,
        crc: 0,
        attributes,
        last_offset_delta: batch.last_offset_delta(),
        base_timestamp,
        max_timestamp,
        producer_id: batch.producer_id(),
        producer_epoch: batch.producer_epoch(),
        base_sequence: batch.base_sequence(),
        record_count: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builder::BatchBuilder;
    use crate::compression::Codec;
    use crate::header::restamp;

    const HORIZON: i64 = 5_000_000;

    /// Records with the keys k0, k1, ...; every third one is a tombstone.
    fn sample(codec: Codec, records: i64) -> Vec<u8> {
        let mut builder = BatchBuilder::new(codec).producer(7, 2, 40).stamped(100, 3);
        for index in 0..records {
            let key = format!("k{index}");
            let value = (index % 3 != 2).then(|| vec![index as u8; 50]);
            let headers = [(&b"name"[..], Some(&b"value"[..])), (b"none", None)];
            builder.push(1_000 + index * 7, Some(key.as_bytes()), value.as_deref(), &headers).unwrap();
        }
        builder.build().unwrap()
    }

    fn retained(bytes: &[u8], keep: impl FnMut(&Record<'_>) -> bool) -> Retained {
        let batch = Batch::first(bytes).unwrap();
        retain(&batch, Some(HORIZON), &mut Scratch::default(), &mut Compressor::default(), keep).unwrap()
    }

    #[test]
    fn records_that_stay_are_as_they_were_in_every_codec() {
        for codec in Codec::ALL {
            let bytes = sample(codec, 10);
            let whole = Batch::first(&bytes).unwrap();
            let Retained::Some(left) = retained(&bytes, |record| record.offset % 2 == 1) else {
                panic!("a half is neither all nor nothing")
            };
            let batch = Batch::first(&left).unwrap();
            batch.check_crc().unwrap();
            let (mut before, mut after) = (Scratch::default(), Scratch::default());
            let wanted: Vec<_> = whole.records(&mut before).unwrap().map(Result::unwrap).collect();
            let wanted: Vec<_> = wanted.into_iter().filter(|record| record.offset % 2 == 1).collect();
            let found: Vec<_> = batch.records(&mut after).unwrap().map(Result::unwrap).collect();
            assert_eq!(found, wanted, "{codec:?}");
            assert_eq!((batch.base_offset(), batch.last_offset()), (100, 109));
            assert_eq!((batch.producer_id(), batch.base_sequence(), batch.last_sequence()), (7, 40, 49));
            assert_eq!((batch.leader_epoch(), batch.record_count()), (3, 5));
            assert!(batch.has_delete_horizon(), "offset 105 is a tombstone");
            assert_eq!((batch.base_timestamp(), batch.max_timestamp()), (HORIZON, 1_063));
            assert_eq!(batch.codec().unwrap(), codec);
        }
    }

    #[test]
    fn what_loses_nothing_is_not_written_anew_unless_a_horizon_is_due() {
        let with_tombstone = sample(Codec::None, 3);
        let Retained::Some(with_horizon) = retained(&with_tombstone, |_| true) else { panic!("a horizon is due") };
        let batch = Batch::first(&with_horizon).unwrap();
        assert!(batch.has_delete_horizon() && batch.base_timestamp() == HORIZON);
        assert_eq!(retained(&with_horizon, |_| true), Retained::All, "it has its horizon");
        assert_eq!(retained(&sample(Codec::None, 2), |_| true), Retained::All, "there is no tombstone");
        assert_eq!(retained(&with_tombstone, |_| false), Retained::Nothing);
    }

    #[test]
    fn what_is_written_anew_belongs_to_its_transaction_and_keeps_its_append_time() {
        let mut builder = BatchBuilder::new(Codec::Lz4).producer(7, 2, 40).transactional();
        for key in [b"a", b"b"] {
            builder.push(1_000, Some(key), Some(b"value"), &[]).unwrap();
        }
        let mut bytes = builder.build().unwrap();
        restamp(&mut bytes, TimestampType::LogAppendTime, 9_000).unwrap();
        let Retained::Some(left) = retained(&bytes, |record| record.offset == 1) else { panic!("one goes") };
        let batch = Batch::first(&left).unwrap();
        assert!(batch.is_transactional());
        assert_eq!((batch.timestamp_type(), batch.max_timestamp()), (TimestampType::LogAppendTime, 9_000));
        assert_eq!(batch.codec().unwrap(), Codec::Lz4);
    }

    #[test]
    fn a_horizon_goes_with_the_last_tombstone_of_a_new_batch_only() {
        let bytes = sample(Codec::None, 4);
        let Retained::Some(without) = retained(&bytes, |record| record.value.is_some()) else { panic!("one goes") };
        let batch = Batch::first(&without).unwrap();
        assert!(!batch.has_delete_horizon());
        assert_eq!(batch.base_timestamp(), 1_000);
    }

    #[test]
    fn an_emptied_batch_keeps_offsets_producer_and_sequences() {
        let bytes = sample(Codec::Zstd, 10);
        let empty = emptied(&Batch::first(&bytes).unwrap());
        let batch = Batch::first(&empty).unwrap();
        batch.check_crc().unwrap();
        assert_eq!((batch.base_offset(), batch.last_offset(), batch.record_count()), (100, 109, 0));
        assert_eq!((batch.producer_id(), batch.producer_epoch(), batch.last_sequence()), (7, 2, 49));
        assert_eq!((batch.base_timestamp(), batch.max_timestamp()), (NO_TIMESTAMP, 1_063));
        assert_eq!(batch.codec().unwrap(), Codec::None);
        assert_eq!(batch.records(&mut Scratch::default()).unwrap().count(), 0);
        assert_eq!(batch.batch_bytes(), HEADER_BYTES);
    }
}
