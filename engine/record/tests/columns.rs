//! Columns hold what Kafka's batches hold: there and back, for any records, with an independent reader as a witness.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use bytes::Bytes;
use kafka_protocol::records::RecordBatchDecoder;
use millrace_record::RecordError;
use millrace_record::batch::{Batch, batches};
use millrace_record::builder::BatchBuilder;
use millrace_record::columns::{ColumnsBuilder, ColumnsFault, from_kafka, to_kafka};
use millrace_record::compression::{Codec, Scratch};
use millrace_record::header::{HEADER_BYTES, MAGIC_COLUMNS, TimestampType, restamp, stamp};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// A record as a user thinks of it. Names of headers may repeat.
#[derive(Clone, Debug, PartialEq)]
struct Plain {
    timestamp: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(String, Option<Vec<u8>>)>,
}

fn plain() -> impl Strategy<Value = Plain> {
    let bytes = |most| vec(any::<u8>(), 0..most);
    let timestamp = prop_oneof![Just(1_000_i64), Just(-1), 0..1_i64 << 45];
    let headers = prop_oneof![Just(Vec::new()), vec(("[a-zé]{0,8}", option::of(bytes(40))), 0..4)];
    (timestamp, option::of(bytes(80)), option::of(bytes(300)), headers)
        .prop_map(|(timestamp, key, value, headers)| Plain { timestamp, key, value, headers })
}

/// Few distinct timestamps or many, headers in no record, in some, in all.
fn records() -> impl Strategy<Value = Vec<Plain>> {
    (vec(plain(), 1..20), any::<bool>(), any::<bool>()).prop_map(|(mut records, one_timestamp, no_headers)| {
        for record in &mut records {
            if one_timestamp {
                record.timestamp = 5_000;
            }
            if no_headers {
                record.headers.clear();
            }
        }
        records
    })
}

fn codec() -> impl Strategy<Value = Codec> {
    prop::sample::select(Codec::ALL.to_vec())
}

fn pairs(record: &Plain) -> Vec<(&[u8], Option<&[u8]>)> {
    record.headers.iter().map(|(name, value)| (name.as_bytes(), value.as_deref())).collect()
}

fn columns(mut builder: ColumnsBuilder, records: &[Plain]) -> Vec<u8> {
    for record in records {
        builder.push(record.timestamp, record.key.as_deref(), record.value.as_deref(), &pairs(record)).unwrap();
    }
    assert_eq!(builder.record_count() as usize, records.len());
    let expected_bytes = builder.batch_bytes();
    let batch = builder.build().unwrap();
    assert_eq!(batch.len(), expected_bytes);
    batch
}

fn kafka(mut builder: BatchBuilder, records: &[Plain]) -> Vec<u8> {
    for record in records {
        builder.push(record.timestamp, record.key.as_deref(), record.value.as_deref(), &pairs(record)).unwrap();
    }
    builder.build().unwrap()
}

fn read(batch: &Batch<'_>) -> Vec<(i64, Plain)> {
    let mut scratch = Scratch::default();
    let records = batch.records(&mut scratch).unwrap().map(|record| {
        let record = record.unwrap();
        let header = |(name, value): (&[u8], Option<&[u8]>)| {
            (String::from_utf8(name.to_vec()).unwrap(), value.map(<[u8]>::to_vec))
        };
        let headers = record.headers.map(header).collect();
        let (key, value) = (record.key.map(<[u8]>::to_vec), record.value.map(<[u8]>::to_vec));
        (record.offset, Plain { timestamp: record.timestamp, key, value, headers })
    });
    records.collect()
}

/// What a batch says of itself, but for its form.
fn described(batch: &Batch<'_>) -> impl PartialEq + std::fmt::Debug {
    let times = (batch.timestamp_type(), batch.base_timestamp(), batch.max_timestamp());
    let producer = (batch.producer_id(), batch.producer_epoch(), batch.base_sequence(), batch.last_sequence());
    let place = (batch.base_offset(), batch.next_offset(), batch.leader_epoch(), batch.record_count());
    (times, producer, place, batch.is_transactional(), batch.is_control())
}

fn as_kafka(batch: &[u8]) -> Vec<u8> {
    let mut out = b"before".to_vec();
    to_kafka(&Batch::first(batch).unwrap(), &mut out).unwrap();
    assert_eq!(&out[..6], b"before");
    out.split_off(6)
}

/// Offsets and records as an independent decoder reads them; without headers, since theirs lie in a map.
fn witnessed(batch: &[u8]) -> Vec<(i64, Plain)> {
    let decoded = RecordBatchDecoder::decode(&mut Bytes::copy_from_slice(batch)).unwrap().records;
    let bytes = |bytes: Option<Bytes>| bytes.map(|bytes| bytes.to_vec());
    let plain = decoded.into_iter().map(|record| {
        let (key, value) = (bytes(record.key), bytes(record.value));
        (record.offset, Plain { timestamp: record.timestamp, key, value, headers: Vec::new() })
    });
    plain.collect()
}

#[test]
fn the_layout_is_the_documented_one() {
    let mut builder = ColumnsBuilder::new().producer(7, 1, 40).stamped(9, 3);
    builder.push(1_000, Some(b"k"), Some(b"value"), &[]).unwrap();
    builder.push(1_002, None, Some(b""), &[(b"n", None)]).unwrap();
    let batch = builder.build().unwrap();
    let big_endian = |numbers: &[u32]| numbers.iter().flat_map(|number| number.to_be_bytes()).collect::<Vec<u8>>();
    let columns = [
        [0_i64.to_be_bytes(), 2_i64.to_be_bytes()].concat(),
        big_endian(&[1, 6 | 1 << 31]),
        big_endian(&[6, 6]),
        big_endian(&[6, 10]),
        // One header: a name of one byte, no value.
        b"kvalue\x02\x02n\x01".to_vec(),
    ];
    let lengths = [2, 2, 2, 2, 10];
    let mut wanted = columns.concat();
    let root = wanted.len() as i32;
    let mut begins = 0;
    for (place, (column, length)) in columns.iter().zip(lengths).enumerate() {
        let at = root + 8 * place as i32;
        wanted.extend_from_slice(&(begins - at).to_be_bytes());
        wanted.extend_from_slice(&u32::to_be_bytes(length));
        begins += column.len() as i32;
    }
    assert_eq!(batch[HEADER_BYTES..], wanted);
    // A plain batch of two records that differ in nothing else has the same header, but for length, magic and CRC.
    let mut plain = BatchBuilder::new(Codec::None).producer(7, 1, 40).stamped(9, 3);
    plain.push(1_000, None, None, &[]).unwrap();
    plain.push(1_002, None, None, &[]).unwrap();
    let plain = plain.build().unwrap();
    assert_eq!(batch[..8], plain[..8]);
    assert_eq!(batch[8..12], (batch.len() as i32 - 12).to_be_bytes());
    assert_eq!(batch[12..16], plain[12..16]);
    assert_eq!(batch[16], 0x4d);
    assert_eq!(batch[21..HEADER_BYTES], plain[21..HEADER_BYTES]);
}

#[test]
fn a_builder_goes_on_with_the_producers_next_sequence() {
    let record = Plain { timestamp: 5, key: None, value: Some(vec![1]), headers: vec![] };
    let mut builder = ColumnsBuilder::new().producer(7, 1, i32::MAX - 1);
    for wanted in [i32::MAX - 1, 1, 4] {
        assert!(builder.is_empty());
        for _ in 0..3 {
            builder.push(record.timestamp, None, record.value.as_deref(), &[]).unwrap();
        }
        let bytes = builder.build().unwrap();
        let batch = Batch::first(&bytes).unwrap();
        assert_eq!((batch.base_sequence(), batch.base_offset(), batch.record_count()), (wanted, 0, 3));
        assert!(read(&batch).into_iter().all(|(_, read)| read == record));
    }
}

#[test]
fn records_without_gaps_alone_lie_as_columns() {
    let record = Plain { timestamp: 5, key: None, value: Some(vec![1]), headers: vec![] };
    let whole = kafka(BatchBuilder::new(Codec::None), &vec![record; 3]);
    let batch = Batch::first(&whole).unwrap();
    let (mut scratch, mut compressor) = (Scratch::default(), Default::default());
    for missing in 0..3 {
        let kept = millrace_record::retain::retain(&batch, None, &mut scratch, &mut compressor, |record| {
            record.offset != missing
        });
        let millrace_record::retain::Retained::Some(kept) = kept.unwrap() else { panic!("one of three is gone") };
        let refused = from_kafka(&Batch::first(&kept).unwrap(), &mut scratch);
        assert!(matches!(refused, Err(RecordError::Columns(ColumnsFault::Sparse(_)))), "{refused:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_built_is_read(records in records(), base_offset in 0..1_i64 << 40) {
        let bytes = columns(ColumnsBuilder::new().stamped(base_offset, 4), &records);
        let batch = Batch::first(&bytes).unwrap();
        prop_assert!(batch.is_columns() && batch.crc_is_valid());
        prop_assert_eq!(batch.header().magic, MAGIC_COLUMNS);
        let wanted: Vec<_> = (base_offset..).zip(records).collect();
        prop_assert_eq!(read(&batch), wanted);
    }

    #[test]
    fn a_batch_of_columns_becomes_the_batch_that_kafka_would_have(
        records in records(), producer in (0..1_i64 << 40, 0..i16::MAX, 0..i32::MAX),
    ) {
        let (id, epoch, sequence) = producer;
        let builder = ColumnsBuilder::new().producer(id, epoch, sequence).stamped(77, 5);
        let transcoded = as_kafka(&columns(builder, &records));
        let direct = BatchBuilder::new(Codec::None).producer(id, epoch, sequence).stamped(77, 5);
        prop_assert_eq!(&transcoded, &kafka(direct, &records));
        let without_headers = records.into_iter().map(|record| Plain { headers: Vec::new(), ..record });
        let wanted: Vec<_> = (77..).zip(without_headers).collect();
        prop_assert_eq!(witnessed(&transcoded), wanted);
    }

    #[test]
    fn kafkas_batches_survive_the_way_there_and_back(
        codec in codec(), records in records(), transactional: bool, append_time in option::of(0..1_i64 << 45),
    ) {
        let mut builder = BatchBuilder::new(codec).producer(9, 2, 30);
        if transactional {
            builder = builder.transactional();
        }
        let mut sent = kafka(builder, &records);
        if let Some(append_time) = append_time {
            restamp(&mut sent, TimestampType::LogAppendTime, append_time).unwrap();
        }
        stamp(&mut sent, 1_000, 6).unwrap();
        let sent = Batch::first(&sent).unwrap();
        let stored = from_kafka(&sent, &mut Scratch::default()).unwrap();
        let stored_batch = Batch::first(&stored).unwrap();
        prop_assert!(stored_batch.is_columns() && stored_batch.crc_is_valid());
        prop_assert_eq!(described(&stored_batch), described(&sent));
        prop_assert_eq!(read(&stored_batch), read(&sent));
        let back = as_kafka(&stored);
        let back_batch = Batch::first(&back).unwrap();
        prop_assert!(!back_batch.is_columns() && back_batch.crc_is_valid());
        prop_assert_eq!(back_batch.codec(), Ok(Codec::None));
        prop_assert_eq!(described(&back_batch), described(&sent));
        prop_assert_eq!(read(&back_batch), read(&sent));
        prop_assert_eq!(from_kafka(&back_batch, &mut Scratch::default()).unwrap(), stored, "one form for the same");
    }

    #[test]
    fn both_forms_lie_one_behind_the_other(forms in vec(any::<bool>(), 1..6), records in records()) {
        let mut run = Vec::new();
        for is_columns in &forms {
            match is_columns {
                true => run.extend(columns(ColumnsBuilder::new(), &records)),
                false => run.extend(kafka(BatchBuilder::new(Codec::Lz4), &records)),
            }
        }
        let found: Vec<_> = batches(&run).map(Result::unwrap).collect();
        prop_assert_eq!(found.iter().map(Batch::is_columns).collect::<Vec<_>>(), forms);
        prop_assert!(found.iter().all(|batch| read(batch).len() == records.len()));
    }
}
