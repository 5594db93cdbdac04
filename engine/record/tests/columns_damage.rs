//! Damaged and hostile columns: nothing panics, and no damage that a checksum covers gets past validation.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use millrace_base::code::ErrorCode;
use millrace_record::RecordError;
use millrace_record::batch::{Batch, batches};
use millrace_record::builder::{BatchBuilder, Recompression};
use millrace_record::columns::{ColumnsBuilder, ColumnsFault, STORED_BYTES_MAX, from_kafka, to_kafka};
use millrace_record::compression::{Codec, Compressor, Scratch};
use millrace_record::header::{CRC_COVERS_FROM, HEADER_BYTES, seal_crc};
use millrace_record::record::Fault;
use millrace_record::validate::{
    Invalid, Produced, RecordFormat, Rules, TimestampType, take_produced, validate_produced,
};
use proptest::prelude::*;

const NOW_MS: i64 = 2_000;

/// Six records, the odd ones with headers.
fn batch() -> Vec<u8> {
    let mut builder = ColumnsBuilder::new().producer(9, 1, 40);
    for index in 0..6_i64 {
        let value = vec![b'a' + index as u8; 50];
        let headers: [(&[u8], Option<&[u8]>); 2] = [(b"name", Some(b"content")), (b"null", None)];
        let headers = if index % 2 == 1 { &headers[..] } else { &[] };
        builder.push(1_000 + index, Some(b"key"), (index != 4).then_some(&value), headers).unwrap();
    }
    builder.build().unwrap()
}

/// What the native port asks of a batch for a topic of columns.
fn rules() -> Rules {
    Rules { now_ms: NOW_MS, format: RecordFormat::Columns, accepts_columns: true, ..Rules::default() }
}

fn validated(bytes: &[u8], rules: &Rules) -> Result<Produced, Invalid> {
    take_produced(bytes, rules, &mut Scratch::new(1 << 20), &mut Compressor::default())
}

/// Reads all there is to read, both ways; gives the number of whole records.
fn read_everything(bytes: &[u8]) -> usize {
    let mut scratch = Scratch::new(1 << 20);
    let mut whole = 0;
    for batch in batches(bytes).flatten() {
        let Ok(records) = batch.records(&mut scratch) else { continue };
        let records: Vec<_> = records.collect();
        let is_sound = records.iter().all(Result::is_ok);
        whole += records.iter().flatten().inspect(|r| assert_eq!(r.headers.clone().count(), r.headers.len())).count();
        let mut transcoded = Vec::new();
        let is_transcoded = batch.is_columns() && to_kafka(&batch, &mut transcoded).is_ok();
        assert_eq!(is_transcoded, batch.is_columns() && is_sound, "what can be read can be transcoded");
        if is_transcoded && batch.attributes() & !0x38 == 0 {
            let again = from_kafka(&Batch::first(&transcoded).unwrap(), &mut Scratch::default()).unwrap();
            let mut kafka = Vec::new();
            to_kafka(&Batch::first(&again).unwrap(), &mut kafka).unwrap();
            assert_eq!(kafka, transcoded, "the same records, however they lay");
        }
    }
    whole
}

#[test]
fn a_good_batch_is_taken_as_it_is() {
    let Produced { summary, rewritten } = validated(&batch(), &rules()).unwrap();
    assert_eq!(rewritten, None);
    assert_eq!((summary.record_count, summary.max_timestamp, summary.max_timestamp_offset_delta), (6, 1_005, 5));
    assert_eq!((summary.producer_id, summary.producer_epoch), (9, 1));
    assert_eq!((summary.base_sequence, summary.last_sequence), (40, 45));
    assert_eq!((summary.codec, summary.restamp), (Codec::None, None));
    // `compression.type=uncompressed`: columns are that.
    let recompression = Some(Recompression { codec: Codec::None, level: None });
    assert_eq!(validated(&batch(), &Rules { recompression, ..rules() }).unwrap().rewritten, None);
    assert_eq!(read_everything(&batch()), 6);
}

#[test]
fn no_changed_byte_under_the_crc_gets_past_validation() {
    let good = batch();
    for at in 0..good.len() {
        for flip in [1, 0x80, 0xff] {
            let mut bad = good.clone();
            bad[at] ^= flip;
            let verdict = validated(&bad, &rules());
            match at {
                12..16 => assert!(verdict.is_ok(), "the leader's epoch is the broker's to stamp"),
                CRC_COVERS_FROM.. => {
                    assert!(matches!(verdict, Err(Invalid::Damaged(RecordError::Crc { .. }))), "{at}: {verdict:?}");
                }
                _ => assert!(verdict.is_err(), "{at}"),
            }
        }
    }
}

#[test]
fn damage_with_a_right_crc_never_panics() {
    let good = batch();
    for at in 0..good.len() {
        for flip in [0x01, 0x02, 0x04, 0x08, 0x40, 0x80, 0xff] {
            let mut bad = good.clone();
            bad[at] ^= flip;
            seal_crc(&mut bad).unwrap();
            let read = read_everything(&bad);
            if let Ok(Produced { summary, .. }) = validated(&bad, &rules()) {
                assert_eq!(summary.record_count as usize, read, "{at}");
            }
        }
    }
}

#[test]
fn each_lie_of_the_columns_has_its_error() {
    let good = batch();
    let timestamps = HEADER_BYTES;
    let key_ends = timestamps + 6 * 8;
    let root = good.len() - 40;
    let fault_of = |at: usize, bytes: &[u8]| {
        let mut bad = good.clone();
        bad[at..at + bytes.len()].copy_from_slice(bytes);
        seal_crc(&mut bad).unwrap();
        let mut scratch = Scratch::default();
        let batch = Batch::first(&bad).unwrap();
        let records = batch.records(&mut scratch).map(|records| records.collect::<Result<Vec<_>, _>>());
        records.and_then(|records| records).unwrap_err()
    };
    let columns = RecordError::Columns;
    assert_eq!(fault_of(22, &[3]), columns(ColumnsFault::Codec(3)));
    assert_eq!(fault_of(23, &[0, 0, 0, 6]), columns(ColumnsFault::Sparse(6)));
    assert_eq!(fault_of(57, &[0xff]), RecordError::RecordCount(0xff00_0006_u32 as i32));
    // A length beyond the archive; a pointer in front of it; one into the column before; a column that is passed over.
    assert_eq!(fault_of(root + 4, &[0x7f]), columns(ColumnsFault::Archive));
    assert_eq!(fault_of(root, &i32::MIN.to_be_bytes()), columns(ColumnsFault::Archive));
    let before = i32::from_be_bytes(good[root + 8..root + 12].try_into().unwrap()) - 1;
    assert_eq!(fault_of(root + 8, &before.to_be_bytes()), columns(ColumnsFault::Archive));
    assert_eq!(fault_of(root + 4, &[0; 4]), columns(ColumnsFault::Layout));
    // Count and last offset delta of five.
    let mut five = good.clone();
    five[23..27].copy_from_slice(&[0, 0, 0, 4]);
    five[57..61].copy_from_slice(&[0, 0, 0, 5]);
    let records = Batch::first(&five).unwrap().records(&mut Scratch::default()).map(|_| ());
    assert_eq!(records, Err(columns(ColumnsFault::Lengths)));
    // Record 1's key ends before it begins, then beyond the bytes; it is null and has bytes.
    let record = |fault| RecordError::Record { index: 1, fault };
    assert_eq!(fault_of(key_ends + 4, &[0, 0, 0, 1]), record(Fault::Bounds));
    assert_eq!(fault_of(key_ends + 4, &[0x7f, 0, 0, 0]), record(Fault::Bounds));
    let of_second = u32::from_be_bytes(good[key_ends + 4..key_ends + 8].try_into().unwrap());
    assert_eq!(fault_of(key_ends + 4, &(of_second | 1 << 31).to_be_bytes()), record(Fault::NullWithBytes));
}

/// What is wrong with a batch, told alike by a reader and by who makes a batch of Kafka's of it.
fn wrong_with(mut batch: Vec<u8>) -> RecordError {
    seal_crc(&mut batch).unwrap();
    let batch = Batch::first(&batch).unwrap();
    let mut scratch = Scratch::default();
    let records = batch.records(&mut scratch).map(|records| records.collect::<Result<Vec<_>, _>>());
    let wrong = records.and_then(|records| records).unwrap_err();
    assert_eq!(to_kafka(&batch, &mut Vec::new()).unwrap_err(), wrong);
    wrong
}

/// Six records of four bytes without timestamps and headers; and where the ends of the values and the root lie.
fn narrow() -> (Vec<u8>, usize, usize) {
    let mut builder = ColumnsBuilder::new();
    (0..6).for_each(|_| builder.push(0, Some(b"ke"), Some(b"va"), &[]).unwrap());
    let bytes = builder.build().unwrap();
    let root = bytes.len() - 40;
    (bytes, HEADER_BYTES + 6 * 4, root)
}

#[test]
fn one_column_that_is_too_short_is_enough_to_refuse_a_batch() {
    let (mut batch, _, root) = narrow();
    // The values' ends are five, and what was the sixth belongs to the bytes.
    batch[root + 20..root + 24].copy_from_slice(&5_u32.to_be_bytes());
    for pointer in [root + 24, root + 32] {
        let relative = i32::from_be_bytes(batch[pointer..pointer + 4].try_into().unwrap());
        batch[pointer..pointer + 4].copy_from_slice(&(relative - 4).to_be_bytes());
    }
    batch[root + 36..root + 40].copy_from_slice(&28_u32.to_be_bytes());
    assert_eq!(wrong_with(batch), RecordError::Columns(ColumnsFault::Lengths));
}

#[test]
fn bytes_that_no_record_has_are_refused() {
    let (mut batch, value_ends, _) = narrow();
    batch[value_ends + 20..value_ends + 24].copy_from_slice(&23_u32.to_be_bytes());
    assert_eq!(wrong_with(batch), RecordError::RecordsRemain { count: 6, bytes: 1 });
}

#[test]
fn bytes_before_the_columns_are_refused_also_where_there_are_no_records() {
    let empty = ColumnsBuilder::new().build().unwrap();
    let (header, payload) = empty.split_at(HEADER_BYTES);
    let mut batch = [header, &[0; 4], payload].concat();
    let batch_length = batch.len() as i32 - 12;
    batch[8..12].copy_from_slice(&batch_length.to_be_bytes());
    assert_eq!(wrong_with(batch), RecordError::Columns(ColumnsFault::Layout));
}

#[test]
fn columns_keep_the_topics_rules() {
    let bytes = batch();
    let invalid = |rules: Rules| validated(&bytes, &rules).unwrap_err();
    let too_old = invalid(Rules { timestamp_before_max_ms: 996, ..rules() });
    assert_eq!(too_old.code(), ErrorCode::InvalidTimestamp);
    assert_eq!(too_old.record_errors().iter().map(|(index, _)| *index).collect::<Vec<_>>(), [0, 1, 2, 3]);
    let one_less = invalid(Rules { batch_bytes_max: bytes.len() - 1, ..rules() });
    assert_eq!(one_less.code(), ErrorCode::MessageTooLarge);
    let segment = invalid(Rules { segment_bytes_max: bytes.len() as u64 - 1, ..rules() });
    assert_eq!(segment.code(), ErrorCode::RecordListTooLarge);
    let mut keyless = ColumnsBuilder::new();
    keyless.push(1_000, None, Some(b"value"), &[]).unwrap();
    let keyless = keyless.build().unwrap();
    let refused = validated(&keyless, &Rules { key_required: true, ..rules() }).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::InvalidRecord);
    let twice = [bytes.clone(), bytes.clone()].concat();
    assert_eq!(validated(&twice, &rules()), Err(Invalid::NotOneBatch));
    let appended = validated(&bytes, &Rules { timestamp_type: TimestampType::LogAppendTime, ..rules() }).unwrap();
    let mut stamped = bytes.clone();
    appended.summary.restamp.unwrap().apply(&mut stamped).unwrap();
    let stamped = Batch::first(&stamped).unwrap();
    assert!(stamped.crc_is_valid());
    let mut scratch = Scratch::default();
    assert!(stamped.records(&mut scratch).unwrap().all(|record| record.unwrap().timestamp == NOW_MS));
    assert_eq!(
        validated(&ColumnsBuilder::new().build().unwrap(), &rules()).unwrap_err().code(),
        ErrorCode::InvalidRecord
    );
}

#[test]
fn columns_are_refused_by_topics_of_kafkas_format() {
    let refused = validated(&batch(), &Rules { format: RecordFormat::Kafka, ..rules() }).unwrap_err();
    assert_eq!(refused, Invalid::UnwantedColumns);
    assert_eq!(refused.code(), ErrorCode::UnsupportedForMessageFormat);
    assert!(refused.to_string().contains("millrace.record.format=columns"));
}

/// No byte that a client of Kafka's sets means columns: theirs is a magic like any other that never was.
#[test]
fn columns_of_a_client_of_kafkas_are_an_unknown_magic() {
    for format in [RecordFormat::Kafka, RecordFormat::Columns] {
        let rules = Rules { accepts_columns: false, format, ..rules() };
        let good = batch();
        let kafkas = {
            let mut builder = BatchBuilder::new(Codec::None);
            builder.push(1_000, Some(b"key"), Some(b"value"), &[]).unwrap();
            builder.build().unwrap()
        };
        // Alone, cut, behind a batch of Kafka's, with lengths of all kinds.
        let cut = good[..40].to_vec();
        let behind = [kafkas.as_slice(), &good].concat();
        let mut short = good.clone();
        short[8..12].copy_from_slice(&20_i32.to_be_bytes());
        let mut none = good.clone();
        none[8..12].copy_from_slice(&13_i32.to_be_bytes());
        for sent in [good, cut, behind, short, none] {
            let start = if sent[16] == 2 { kafkas.len() } else { 0 };
            let mut unknown = sent.clone();
            unknown[start + 16] = 0x4e;
            let (columns, unknown) = (validated(&sent, &rules), validated(&unknown, &rules));
            match (columns, unknown) {
                (Err(Invalid::Damaged(RecordError::Magic(0x4d))), Err(Invalid::Damaged(RecordError::Magic(0x4e)))) => {}
                (columns, unknown) => assert_eq!(columns, unknown),
            }
        }
    }
}

#[test]
fn kafkas_batches_become_columns_on_a_topic_of_columns() {
    for codec in Codec::ALL {
        for accepts_columns in [false, true] {
            let mut builder = BatchBuilder::new(codec).producer(9, 1, 40);
            for index in 0..20 {
                builder.push(1_000 + index, Some(b"key"), Some(&[7; 100]), &[(b"name", Some(b"content"))]).unwrap();
            }
            let sent = builder.build().unwrap();
            let rules = Rules { accepts_columns, ..rules() };
            let Produced { summary, rewritten } = validated(&sent, &rules).unwrap();
            assert_eq!(summary, validate_produced(&sent, &Rules::default(), &mut Scratch::default()).unwrap());
            let stored = rewritten.unwrap();
            let direct = from_kafka(&Batch::first(&sent).unwrap(), &mut Scratch::default()).unwrap();
            assert_eq!(stored, direct, "{codec:?}");
            assert!(validated(&stored, &Rules { accepts_columns: true, ..rules.clone() }).is_ok());
            let limit = |batch_bytes_max| validated(&sent, &Rules { batch_bytes_max, ..rules.clone() });
            assert!(limit(sent.len()).is_ok(), "the limit is about what was sent");
            assert_eq!(limit(sent.len() - 1).unwrap_err().code(), ErrorCode::MessageTooLarge);
        }
    }
}

/// A client of Kafka's cannot know what its batch takes as columns: more than it has sent is taken, but not anything.
#[test]
fn what_is_sent_may_become_larger_up_to_a_limit() {
    let small = {
        let mut builder = BatchBuilder::new(Codec::None);
        (0..10_000).for_each(|timestamp| builder.push(timestamp, None, Some(b"short"), &[]).unwrap());
        builder.build().unwrap()
    };
    let packed = |value_bytes: usize| {
        let mut builder = BatchBuilder::new(Codec::Zstd);
        builder.push(NOW_MS, None, Some(&vec![7; value_bytes]), &[]).unwrap();
        builder.build().unwrap()
    };
    let stored_bytes = |sent: &[u8], batch_bytes_max| {
        let rules = Rules { now_ms: 9_999, batch_bytes_max, accepts_columns: false, ..rules() };
        let produced = take_produced(sent, &rules, &mut Scratch::default(), &mut Compressor::default());
        produced.map(|produced| produced.rewritten.unwrap().len())
    };
    let wider = stored_bytes(&small, small.len()).unwrap();
    assert!(wider > small.len());
    let value_bytes = STORED_BYTES_MAX - (ColumnsBuilder::new().batch_bytes() + 8);
    assert_eq!(stored_bytes(&packed(value_bytes), 1 << 20), Ok(STORED_BYTES_MAX));
    let refused = stored_bytes(&packed(value_bytes + 1), 1 << 20).unwrap_err();
    assert_eq!(refused, Invalid::ColumnsTooLarge { bytes_max: STORED_BYTES_MAX });
    assert_eq!(refused.code(), ErrorCode::MessageTooLarge);
    assert!(stored_bytes(&packed(value_bytes + 1), STORED_BYTES_MAX + 1).is_ok(), "a topic may allow more");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_payload_under_a_good_header_is_read_without_panic(
        payload in prop::collection::vec(any::<u8>(), 0..200), codec in 0..2_u8, count in 0..4_u8,
    ) {
        let mut bytes = batch()[..HEADER_BYTES].to_vec();
        bytes.extend_from_slice(&payload);
        let length = (bytes.len() - 12) as i32;
        bytes[8..12].copy_from_slice(&length.to_be_bytes());
        bytes[22] = codec;
        bytes[57..61].copy_from_slice(&[0, 0, 0, count]);
        bytes[23..27].copy_from_slice(&[0, 0, 0, count.saturating_sub(1)]);
        seal_crc(&mut bytes).unwrap();
        read_everything(&bytes);
        prop_assert!(validated(&bytes, &rules()).is_err());
    }

    #[test]
    fn several_changed_bytes_with_a_right_crc_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = batch();
        for (at, byte) in changes {
            let payload = HEADER_BYTES + at.index(bytes.len() - HEADER_BYTES);
            bytes[payload] = byte;
        }
        seal_crc(&mut bytes).unwrap();
        let read = read_everything(&bytes);
        if let Ok(Produced { summary, .. }) = validated(&bytes, &rules()) {
            prop_assert_eq!(summary.record_count as usize, read);
        }
    }
}
