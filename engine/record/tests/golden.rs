//! A batch written by hand from Kafka's protocol guide (*Record Batch*, *Record*), byte for byte.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use millrace_record::batch::{Batch, batches};
use millrace_record::builder::BatchBuilder;
use millrace_record::compression::{Codec, Scratch};
use millrace_record::header::TimestampType;
use millrace_record::validate::{Rules, validate_produced};

/// The CRC was computed by a bitwise CRC-32C in another language.
#[rustfmt::skip]
const BATCH: &[u8] = &[
    0, 0, 0, 0, 0, 0, 0, 0,                         // base offset
    0, 0, 0, 76,                                    // batch length: 49 + 19 + 8
    0xff, 0xff, 0xff, 0xff,                         // partition leader epoch -1
    2,                                              // magic
    0xab, 0x75, 0x6e, 0x54,                         // CRC-32C
    0, 0x10,                                        // attributes: transactional
    0, 0, 0, 1,                                     // last offset delta
    0, 0, 0x01, 0x8b, 0xcf, 0xe5, 0x68, 0x00,       // base timestamp 1,700,000,000,000
    0, 0, 0x01, 0x8b, 0xcf, 0xe5, 0x69, 0x2c,       // max timestamp: 300 ms later
    0, 0, 0, 0, 0, 0, 0x10, 0x00,                   // producer id 4096
    0, 7,                                           // producer epoch
    0x7f, 0xff, 0xff, 0xff,                         // base sequence: the last before it wraps
    0, 0, 0, 2,                                     // records
    36, 0, 0, 0,                                    // length 18, attributes, timestamp delta, offset delta
    6, b'k', b'e', b'y', 6, b'v', b'a', b'l',       // key and value, each of length 3
    2, 8, b'n', b'a', b'm', b'e', 1,                // one header: a name of length 4, no value
    14, 0, 0xd8, 0x04, 2, 1, 0, 0,                  // length 7, attributes, delta 300 ms, offset delta 1, no key, ...
];

#[test]
fn a_batch_by_hand_is_read() {
    let mut run = BATCH.to_vec();
    run.extend_from_slice(&BATCH[..30]);
    let mut walk = batches(&run);
    let batch = walk.next().unwrap().unwrap();
    assert!(walk.next().unwrap().unwrap_err().is_incomplete());
    assert!(walk.next().is_none());

    assert_eq!(batch.bytes(), BATCH);
    assert!(batch.crc_is_valid());
    assert_eq!((batch.base_offset(), batch.last_offset(), batch.next_offset()), (0, 1, 2));
    assert_eq!((batch.codec(), batch.timestamp_type()), (Ok(Codec::None), TimestampType::CreateTime));
    assert!(batch.is_transactional() && !batch.is_control() && !batch.has_delete_horizon());
    assert_eq!((batch.producer_id(), batch.producer_epoch()), (4096, 7));
    assert_eq!((batch.base_sequence(), batch.last_sequence()), (i32::MAX, 0));
    assert_eq!((batch.max_timestamp(), batch.record_count(), batch.leader_epoch()), (1_700_000_000_300, 2, -1));

    let mut scratch = Scratch::default();
    let records: Vec<_> = batch.records(&mut scratch).unwrap().map(Result::unwrap).collect();
    assert_eq!((records[0].offset, records[0].timestamp), (0, 1_700_000_000_000));
    assert_eq!((records[0].key, records[0].value), (Some(&b"key"[..]), Some(&b"val"[..])));
    assert_eq!(records[0].headers.clone().collect::<Vec<_>>(), [(&b"name"[..], None)]);
    assert_eq!((records[1].offset, records[1].timestamp), (1, 1_700_000_000_300));
    assert_eq!((records[1].key, records[1].value, records[1].headers.len()), (None, Some(&[][..]), 0));
}

#[test]
fn a_batch_by_hand_is_what_the_builder_builds() {
    let mut builder = BatchBuilder::new(Codec::None).producer(4096, 7, i32::MAX).transactional();
    builder.push(1_700_000_000_000, Some(b"key"), Some(b"val"), &[(b"name", None)]).unwrap();
    builder.push(1_700_000_000_300, None, Some(b""), &[]).unwrap();
    assert_eq!(builder.uncompressed_bytes(), BATCH.len());
    assert_eq!(builder.build().unwrap(), BATCH);
}

#[test]
fn a_batch_by_hand_is_valid() {
    let rules = Rules { now_ms: 1_700_000_000_000, ..Rules::default() };
    let summary = validate_produced(BATCH, &rules, &mut Scratch::default()).unwrap();
    assert_eq!((summary.record_count, summary.restamp), (2, None));
    assert_eq!((summary.max_timestamp, summary.max_timestamp_offset_delta), (1_700_000_000_300, 1));
    assert_eq!((summary.base_sequence, summary.last_sequence), (i32::MAX, 0));
}

#[test]
fn a_control_batch_is_built_and_read() {
    // KIP-98: key = version 0, type 1 (commit); value = version 0, coordinator epoch.
    let mut builder = BatchBuilder::new(Codec::None).producer(4096, 7, -1).transactional().control().stamped(90, 3);
    builder.push(1_700_000_000_000, Some(&[0, 0, 0, 1]), Some(&[0, 0, 0, 0, 0, 5]), &[]).unwrap();
    let bytes = builder.build().unwrap();
    let batch = Batch::first(&bytes).unwrap();
    assert!(batch.is_control() && batch.is_transactional() && batch.crc_is_valid());
    assert_eq!((batch.base_offset(), batch.next_offset(), batch.leader_epoch()), (90, 91, 3));
    assert_eq!((batch.base_sequence(), batch.last_sequence()), (-1, -1));
}

#[test]
fn a_batch_emptied_by_compaction_holds_no_records() {
    let bytes = BatchBuilder::new(Codec::Gzip).producer(4096, 7, 5).build().unwrap();
    let batch = Batch::first(&bytes).unwrap();
    assert_eq!(batch.batch_bytes(), 61);
    assert!(batch.crc_is_valid());
    assert_eq!(batch.records(&mut Scratch::default()).unwrap().count(), 0);
}
