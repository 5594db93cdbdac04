//! What a topic asks of a produced batch: each limit to the byte and the millisecond, and what a refusal says.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use millrace_record::RecordError;
use millrace_record::batch::Batch;
use millrace_record::builder::{BatchBuilder, Recompression};
use millrace_record::compression::{Codec, CompressionError, Compressor};
use millrace_record::header::{ArchivedBatchHeader, TimestampType, seal_crc, view_mut};
use millrace_record::record::Fault;
use millrace_record::validate::{Invalid, Produced, Rules, Scratch, Summary, take_produced, validate_produced};

const NOW_MS: i64 = 1_700_000_000_000;

/// A batch with a record for each timestamp, all with a key.
fn batch(timestamps: &[i64]) -> Vec<u8> {
    let mut builder = BatchBuilder::new(Codec::None);
    for timestamp in timestamps {
        builder.push(*timestamp, Some(b"key"), Some(b"value"), &[]).unwrap();
    }
    builder.build().unwrap()
}

/// The batch with a header that says something else, under a right checksum.
fn altered(bytes: &[u8], alter: impl FnOnce(&mut ArchivedBatchHeader)) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    alter(view_mut(&mut bytes).unwrap());
    seal_crc(&mut bytes).unwrap();
    bytes
}

fn rules() -> Rules {
    Rules { now_ms: NOW_MS, ..Rules::default() }
}

fn validated(bytes: &[u8], rules: &Rules) -> Result<Summary, Invalid> {
    validate_produced(bytes, rules, &mut Scratch::default())
}

fn taken(bytes: &[u8], rules: &Rules) -> Result<Produced, Invalid> {
    take_produced(bytes, rules, &mut Scratch::default(), &mut Compressor::default())
}

#[test]
fn a_batch_may_be_as_large_as_the_limits_of_its_topic_and_not_a_byte_larger() {
    let bytes = batch(&[NOW_MS]);
    let exactly = bytes.len();
    let of_batch = |batch_bytes_max| validated(&bytes, &Rules { batch_bytes_max, ..rules() });
    of_batch(exactly).unwrap();
    assert_eq!(of_batch(exactly - 1), Err(Invalid::BatchTooLarge { bytes: exactly, bytes_max: exactly - 1 }));
    let of_segment = |bytes_max: usize| validated(&bytes, &Rules { segment_bytes_max: bytes_max as u64, ..rules() });
    of_segment(exactly).unwrap();
    of_segment(exactly + 1).unwrap();
    let too_small = Invalid::SegmentTooSmall { bytes: exactly, bytes_max: exactly as u64 - 1 };
    assert_eq!(of_segment(exactly - 1), Err(too_small));
}

#[test]
fn a_timestamp_may_be_as_old_and_as_new_as_the_topic_says_and_not_a_millisecond_more() {
    let rules = Rules { timestamp_before_max_ms: 1_000, timestamp_after_max_ms: 50, ..rules() };
    for timestamp in [NOW_MS - 1_000, NOW_MS, NOW_MS + 50] {
        validated(&batch(&[timestamp]), &rules).unwrap();
    }
    for timestamp in [NOW_MS - 1_001, NOW_MS + 51] {
        let invalid = validated(&batch(&[NOW_MS, timestamp]), &rules).unwrap_err();
        let message = format!(
            "Timestamp {timestamp} of message with offset 1 is out of range. The timestamp should be within \
             [1699999999000, 1700000000050]"
        );
        assert_eq!(invalid.record_errors(), [(1, message)]);
        assert_eq!(invalid.to_string(), "One or more records have been rejected due to invalid timestamp");
    }
}

#[test]
fn a_producer_may_not_set_the_append_time() {
    let sent = altered(&batch(&[-1]), |header| header.attributes = 0b1000.into());
    let rules = Rules { timestamp_type: TimestampType::LogAppendTime, ..rules() };
    let message = "Invalid timestamp type. Producer should not set timestamp type to LogAppendTime.";
    assert_eq!(validated(&sent, &rules).unwrap_err().record_errors(), [(0, message.to_owned())]);
}

#[test]
fn the_first_of_equal_timestamps_is_the_newest() {
    let summary = validated(&batch(&[NOW_MS - 1, NOW_MS, NOW_MS, NOW_MS - 2]), &rules()).unwrap();
    assert_eq!((summary.max_timestamp, summary.max_timestamp_offset_delta), (NOW_MS, 1));
}

#[test]
fn a_refusal_names_the_first_records_without_a_key() {
    let mut builder = BatchBuilder::new(Codec::None);
    for key in [Some(&b"key"[..]), None, None, None, None] {
        builder.push(NOW_MS, key, Some(b"value"), &[]).unwrap();
    }
    let invalid = validated(&builder.build().unwrap(), &Rules { key_required: true, ..rules() }).unwrap_err();
    let records: Vec<i32> = invalid.record_errors().iter().map(|(record, _)| *record).collect();
    assert_eq!(records, [1, 2, 3, 4]);
    let told = invalid.to_string();
    let cause = "Compacted topic cannot accept message without key";
    assert!(told.starts_with("One or more records have been rejected due to 4 record errors in total"), "{told}");
    assert!(told.ends_with(&format!(": record 1: {cause}; record 2: {cause}; record 3: {cause}")), "{told}");
}

#[test]
fn a_refusal_tells_of_a_thousand_records_and_counts_all() {
    let mut builder = BatchBuilder::new(Codec::None);
    for _ in 0..1_001 {
        builder.push(NOW_MS, None, Some(b"value"), &[]).unwrap();
    }
    let invalid = validated(&builder.build().unwrap(), &Rules { key_required: true, ..rules() }).unwrap_err();
    assert_eq!(invalid.record_errors().len(), 1_000);
    assert!(invalid.to_string().contains("due to 1001 record errors"), "{invalid}");
}

#[test]
fn a_batch_of_another_codec_than_the_topics_is_compressed_anew() {
    let value = [b'x'; 2_000];
    let mut builder = BatchBuilder::new(Codec::None);
    builder.push(NOW_MS, None, Some(&value), &[]).unwrap();
    let sent = builder.build().unwrap();
    let wants = |codec| Rules { recompression: Some(Recompression { codec, level: None }), ..rules() };
    assert_eq!(taken(&sent, &wants(Codec::None)).unwrap().rewritten, None, "it is of that codec");
    let stored = taken(&sent, &wants(Codec::Gzip)).unwrap().rewritten.unwrap();
    let stored = Batch::first(&stored).unwrap();
    stored.check_crc().unwrap();
    assert_eq!(stored.codec().unwrap(), Codec::Gzip);
    let mut scratch = Scratch::default();
    let values: Vec<_> = stored.records(&mut scratch).unwrap().map(|record| record.unwrap().value).collect();
    assert_eq!(values, [Some(&value[..])]);
}

#[test]
fn what_is_compressed_anew_keeps_to_the_topics_limits_as_well() {
    let compressed = {
        let mut builder = BatchBuilder::new(Codec::Gzip);
        builder.push(NOW_MS, None, Some(&[b'x'; 2_000]), &[]).unwrap();
        builder.build().unwrap()
    };
    let uncompressed = Some(Recompression { codec: Codec::None, level: None });
    let rules = Rules { batch_bytes_max: 1_000, recompression: uncompressed, ..rules() };
    let too_large = Invalid::RecompressedTooLarge { codec: Codec::None, bytes_max: 1_000 };
    assert_eq!(taken(&compressed, &rules), Err(too_large));
    validated(&compressed, &rules).unwrap();
    let segment = Rules { segment_bytes_max: 1_000, batch_bytes_max: 10_000, ..rules };
    let refused = taken(&compressed, &segment).unwrap_err();
    assert!(matches!(refused, Invalid::SegmentTooSmall { bytes: 2_000.., bytes_max: 1_000 }), "{refused:?}");
}

#[test]
fn a_level_that_the_codec_does_not_know_is_told() {
    let gzip = Some(Recompression { codec: Codec::Gzip, level: Some(77) });
    let refused = taken(&batch(&[NOW_MS]), &Rules { recompression: gzip, ..rules() }).unwrap_err();
    let is_told = matches!(refused, Invalid::Compression(CompressionError::Compress { codec: Codec::Gzip, .. }));
    assert!(is_told, "{refused:?}");
}

#[test]
fn a_codec_that_nobody_knows_is_named_by_its_number() {
    // Attribute bit 4: transactional.
    let sent = altered(&batch(&[NOW_MS]), |header| header.attributes = (0b1_0000 | 6).into());
    assert_eq!(validated(&sent, &rules()), Err(Invalid::UnknownCodec(6)));
}

/// As `PartitionResponse.log_start_offset` of a real Kafka shows: set once the batch itself was looked into.
#[test]
fn only_a_batch_that_was_looked_into_tells_the_log_start_offset() {
    let untold = [
        Invalid::NoBatch,
        Invalid::NotOneBatch,
        Invalid::Format(1),
        Invalid::Damaged(RecordError::Magic(9)),
        Invalid::ZstdTooEarly,
        Invalid::BatchTooLarge { bytes: 2, bytes_max: 1 },
        Invalid::RecompressedTooLarge { codec: Codec::Gzip, bytes_max: 1 },
        Invalid::SegmentTooSmall { bytes: 2, bytes_max: 1 },
    ];
    for invalid in untold {
        assert!(!invalid.tells_log_start(), "{invalid:?}");
    }
    let told = [
        Invalid::BaseOffset(1),
        Invalid::Count { record_count: 0, last_offset_delta: 0 },
        Invalid::Control,
        Invalid::Sequence { producer_id: 1, base_sequence: -1 },
        Invalid::ProducerEpoch { producer_id: 1, producer_epoch: -1 },
        Invalid::UnknownCodec(6),
        Invalid::Records(RecordError::Record { index: 0, fault: Fault::Truncated }),
        Invalid::OffsetDelta { index: 0, offset_delta: 1 },
    ];
    for invalid in told {
        assert!(invalid.tells_log_start(), "{invalid:?}");
    }
}
