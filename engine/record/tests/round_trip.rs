//! What this crate writes, the independent crate `kafka-protocol` reads, and the other way round; for every codec.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use bytes::{Bytes, BytesMut};
use indexmap::IndexMap;
use kafka_protocol::protocol::StrBytes;
use kafka_protocol::records::{
    Compression, NO_PARTITION_LEADER_EPOCH, Record as TheirRecord, RecordBatchDecoder, RecordBatchEncoder,
    RecordEncodeOptions, TimestampType as TheirTimestampType,
};
use millrace_record::RecordError;
use millrace_record::batch::{Batch, batches};
use millrace_record::builder::{BatchBuilder, Recompression, recompress};
use millrace_record::compression::{Codec, CompressionError, Compressor, Scratch};
use millrace_record::header::HEADER_BYTES;
use millrace_record::validate::{Rules, validate_produced};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

/// A record as a user thinks of it.
#[derive(Clone, Debug)]
struct Plain {
    timestamp: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(String, Option<Vec<u8>>)>,
}

/// Values that compress and values that do not.
fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![vec(any::<u8>(), 0..200), (any::<u8>(), 0..5000_usize).prop_map(|(byte, length)| vec![byte; length])]
}

fn plain() -> impl Strategy<Value = Plain> {
    // Their records hold headers in a map, so names do not repeat here.
    let headers = btree_map("[a-zé]{0,8}", option::of(value()), 0..4).prop_map(|map| map.into_iter().collect());
    (0..1_i64 << 45, option::of(vec(any::<u8>(), 0..80)), option::of(value()), headers)
        .prop_map(|(timestamp, key, value, headers)| Plain { timestamp, key, value, headers })
}

/// Producer id, epoch and base sequence.
fn producer() -> impl Strategy<Value = (i64, i16, i32)> {
    prop_oneof![Just((-1, -1, -1)), (0..i64::MAX, 0..i16::MAX, 0..i32::MAX - 1000)]
}

fn codec() -> impl Strategy<Value = Codec> {
    prop::sample::select(Codec::ALL.to_vec())
}

fn ours(codec: Codec, producer: (i64, i16, i32), transactional: bool, records: &[Plain]) -> Vec<u8> {
    let mut builder = BatchBuilder::new(codec).producer(producer.0, producer.1, producer.2);
    if transactional {
        builder = builder.transactional();
    }
    for record in records {
        let headers: Vec<_> = record.headers.iter().map(|(name, value)| (name.as_bytes(), value.as_deref())).collect();
        builder.push(record.timestamp, record.key.as_deref(), record.value.as_deref(), &headers).unwrap();
    }
    builder.build().unwrap()
}

fn theirs(codec: Codec, producer: (i64, i16, i32), transactional: bool, records: &[Plain]) -> Vec<u8> {
    let records: Vec<TheirRecord> = records
        .iter()
        .enumerate()
        .map(|(index, record)| TheirRecord {
            transactional,
            control: false,
            delete_horizon: false,
            partition_leader_epoch: NO_PARTITION_LEADER_EPOCH,
            producer_id: producer.0,
            producer_epoch: producer.1,
            timestamp_type: TheirTimestampType::Creation,
            offset: index as i64,
            // Theirs tells batches apart by sequence less offset.
            sequence: producer.2.wrapping_add(index as i32),
            timestamp: record.timestamp,
            key: record.key.clone().map(Bytes::from),
            value: record.value.clone().map(Bytes::from),
            headers: record
                .headers
                .iter()
                .map(|(name, value)| (StrBytes::from_string(name.clone()), value.clone().map(Bytes::from)))
                .collect::<IndexMap<_, _>>(),
        })
        .collect();
    let compression = match codec {
        Codec::None => Compression::None,
        Codec::Gzip => Compression::Gzip,
        Codec::Snappy => Compression::Snappy,
        Codec::Lz4 => Compression::Lz4,
        Codec::Zstd => Compression::Zstd,
    };
    let mut bytes = BytesMut::new();
    RecordBatchEncoder::encode(&mut bytes, &records, &RecordEncodeOptions { version: 2, compression }).unwrap();
    bytes.to_vec()
}

fn assert_same_records(batch: &Batch<'_>, wanted: &[Plain], scratch: &mut Scratch) {
    let found: Vec<_> = batch.records(scratch).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(found.len(), wanted.len());
    for (index, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        assert_eq!(found.offset, batch.base_offset() + index as i64);
        assert_eq!(found.timestamp, wanted.timestamp);
        assert_eq!(found.key, wanted.key.as_deref());
        assert_eq!(found.value, wanted.value.as_deref());
        let headers: Vec<_> = found.headers.clone().collect();
        let wanted: Vec<_> = wanted.headers.iter().map(|(name, value)| (name.as_bytes(), value.as_deref())).collect();
        assert_eq!(headers, wanted);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_we_build_the_witness_decodes(
        codec in codec(), producer in producer(), transactional: bool, records in vec(plain(), 1..20),
    ) {
        let bytes = ours(codec, producer, transactional, &records);
        let decoded = RecordBatchDecoder::decode(&mut Bytes::from(bytes)).unwrap().records;
        prop_assert_eq!(decoded.len(), records.len());
        for (index, (decoded, wanted)) in decoded.iter().zip(&records).enumerate() {
            prop_assert_eq!(decoded.offset, index as i64);
            prop_assert_eq!(decoded.timestamp, wanted.timestamp);
            prop_assert_eq!(decoded.transactional, transactional);
            prop_assert_eq!((decoded.producer_id, decoded.producer_epoch), (producer.0, producer.1));
            if producer.0 >= 0 {
                prop_assert_eq!(decoded.sequence, producer.2 + index as i32);
            }
            prop_assert_eq!(decoded.key.as_deref(), wanted.key.as_deref());
            prop_assert_eq!(decoded.value.as_deref(), wanted.value.as_deref());
            let headers = decoded.headers.iter();
            let headers: Vec<_> = headers.map(|(n, v)| (n.to_string(), v.as_ref().map(|v| v.to_vec()))).collect();
            prop_assert_eq!(&headers, &wanted.headers);
        }
    }

    #[test]
    fn what_the_witness_encodes_we_validate_and_read(
        codec in codec(), producer in producer(), transactional: bool, records in vec(plain(), 1..20),
    ) {
        let bytes = theirs(codec, producer, transactional, &records);
        let mut scratch = Scratch::default();
        let rules = Rules { now_ms: 1 << 45, ..Rules::default() };
        let summary = validate_produced(&bytes, &rules, &mut scratch).unwrap();
        let newest = records.iter().map(|record| record.timestamp).max().unwrap();
        let position = records.iter().position(|record| record.timestamp == newest).unwrap();
        prop_assert_eq!(summary.record_count as usize, records.len());
        prop_assert_eq!(summary.codec, codec);
        prop_assert_eq!((summary.max_timestamp, summary.max_timestamp_offset_delta as usize), (newest, position));
        prop_assert_eq!(summary.restamp, None);
        prop_assert_eq!(summary.is_transactional, transactional);
        prop_assert_eq!((summary.producer_id, summary.producer_epoch), (producer.0, producer.1));
        if producer.0 >= 0 {
            prop_assert_eq!(summary.base_sequence, producer.2);
            prop_assert_eq!(summary.last_sequence, producer.2 + records.len() as i32 - 1);
        }
        let batch = Batch::first(&bytes).unwrap();
        prop_assert_eq!((batch.base_offset(), batch.next_offset()), (0, records.len() as i64));
        assert_same_records(&batch, &records, &mut scratch);
    }

    #[test]
    fn both_write_the_same_header(producer in producer(), transactional: bool, records in vec(plain(), 1..20)) {
        // Uncompressed, because compressors may differ; the base timestamp is a writer's choice, and theirs is the
        // least.
        let mut records = records;
        records.sort_by_key(|record| record.timestamp);
        let ours = ours(Codec::None, producer, transactional, &records);
        prop_assert_eq!(ours, theirs(Codec::None, producer, transactional, &records));
    }

    #[test]
    fn recompressed_batches_hold_the_same_records(from in codec(), to in codec(), records in vec(plain(), 1..20)) {
        let bytes = ours(from, (7, 1, 100), true, &records);
        let (mut scratch, mut compressor) = (Scratch::default(), Compressor::default());
        let sent = Batch::first(&bytes).unwrap();
        let payload = scratch.decompress(from, sent.payload()).unwrap();
        let to = Recompression { codec: to, level: None };
        let rebuilt = recompress(&sent, payload, to, usize::MAX, &mut compressor).unwrap();
        let least = recompress(&sent, payload, to, rebuilt.len() - 1, &mut compressor);
        let limit_bytes = rebuilt.len() - 1 - HEADER_BYTES;
        let too_large = RecordError::Compression(CompressionError::CompressedTooLarge { limit_bytes });
        prop_assert_eq!(least, Err(too_large), "a limit that is a byte too low is seen");
        let most = recompress(&sent, payload, to, rebuilt.len(), &mut compressor);
        prop_assert_eq!(most.as_ref(), Ok(&rebuilt));
        let batch = Batch::first(&rebuilt).unwrap();
        prop_assert!(batch.crc_is_valid() && batch.is_transactional());
        prop_assert_eq!(batch.codec(), Ok(to.codec));
        prop_assert_eq!((batch.base_sequence(), batch.last_sequence()), (100, 99 + records.len() as i32));
        assert_same_records(&batch, &records, &mut scratch);
    }

    #[test]
    fn a_run_is_walked_to_its_truncated_tail(counts in vec(1..5_usize, 1..6), cut in 0.0..1.0_f64) {
        let record = Plain { timestamp: 5, key: None, value: Some(vec![1; 40]), headers: vec![] };
        let mut run = Vec::new();
        let mut ends = vec![0];
        for count in &counts {
            run.extend_from_slice(&ours(Codec::None, (-1, -1, -1), false, &vec![record.clone(); *count]));
            ends.push(run.len());
        }
        let cut = (run.len() as f64 * cut) as usize;
        let found: Vec<_> = batches(&run[..cut]).collect();
        let whole = ends.iter().filter(|end| **end <= cut).count() - 1;
        prop_assert_eq!(found.iter().filter(|batch| batch.is_ok()).count(), whole);
        if ends.contains(&cut) {
            prop_assert_eq!(found.len(), whole);
        } else {
            prop_assert_eq!(found.len(), whole + 1);
            prop_assert!(found[whole].as_ref().unwrap_err().is_incomplete());
        }
    }
}
