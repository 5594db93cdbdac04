//! The same batches, sent to a Kafka 4.3.1 broker: it and we give the same verdict, and store the same bytes.
//!
//! `kafka/produced.tsv` was written by `kafka/Produce.java` against that broker.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use millrace_record::batch::Batch;
use millrace_record::header::{TimestampType, stamp};
use millrace_record::validate::{Rules, Scratch, validate_produced};

const PRODUCED: &str = include_str!("kafka/produced.tsv");

/// Where we refuse what Kafka stores or answers with an accident; each is named at `validate`.
const STRICTER: &[(&str, &str)] = &[
    // Kafka cuts off a part of a batch that follows the batch.
    ("followed-by-3-bytes", "INVALID_RECORD"),
    ("followed-by-part", "INVALID_RECORD"),
    // Kafka ignores bytes after the compressed stream.
    ("gzip-followed-by-byte", "UNKNOWN_SERVER_ERROR"),
    ("lz4-followed-by-byte", "UNKNOWN_SERVER_ERROR"),
    // Kafka takes every negative length for null.
    ("record-key-length--2", "INVALID_RECORD"),
    ("gzip-record-key-length--2", "INVALID_RECORD"),
    ("record-value-length--2", "INVALID_RECORD"),
    ("gzip-record-value-length--2", "INVALID_RECORD"),
    ("record-header-value-length--2", "INVALID_RECORD"),
    ("gzip-record-header-value-length--2", "INVALID_RECORD"),
    // Kafka stores offset deltas as they come, or fails to write a compressed batch anew.
    ("record-offset-delta-1", "INVALID_RECORD"),
    ("record-offset-delta--1", "INVALID_RECORD"),
    ("gzip-record-offset-delta-1", "INVALID_RECORD"),
    ("gzip-record-offset-delta--1", "INVALID_RECORD"),
    ("offset-deltas-0-2-4", "INVALID_RECORD"),
    // Kafka lets an exception through that it foresees at a record's other numbers.
    ("record-length-without-end", "INVALID_RECORD"),
    // Kafka takes the epoch of no producer for a producer's first.
    ("epoch--1", "INVALID_PRODUCER_EPOCH"),
    // Kafka refuses it before it looks at the batch: the client named no transactional id.
    ("control-of-producer", "INVALID_RECORD"),
];

struct Case<'a> {
    name: &'a str,
    rules: Rules,
    sent: Vec<u8>,
    error: &'a str,
    record_errors: &'a str,
    stored: Option<Vec<u8>>,
}

fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn cases() -> Vec<Case<'static>> {
    PRODUCED
        .lines()
        .map(|line| {
            let columns: Vec<&str> = line.split('\t').collect();
            let [name, topic, version, now_ms, sent, error, record_errors, stored] = columns[..] else {
                panic!("{line}")
            };
            let stored = (stored != "-").then(|| unhex(stored));
            let mut rules =
                Rules { api_version: version.parse().unwrap(), now_ms: now_ms.parse().unwrap(), ..Rules::default() };
            match topic {
                "plain" => {}
                "compacted" => rules.key_required = true,
                "past-1000" => rules.timestamp_before_max_ms = 1000,
                "small-200" => rules.batch_bytes_max = 200,
                "append-time" => {
                    rules.timestamp_type = TimestampType::LogAppendTime;
                    // The broker's clock at the append is what it stored.
                    if let Some(stored) = &stored {
                        rules.now_ms = Batch::first(stored).unwrap().max_timestamp();
                    }
                }
                topic => panic!("{topic}"),
            }
            Case { name, rules, sent: unhex(sent), error, record_errors, stored }
        })
        .collect()
}

#[test]
fn verdicts_are_kafkas() {
    let mut scratch = Scratch::default();
    let mut stricter: Vec<&str> = Vec::new();
    for case in cases() {
        let verdict = validate_produced(&case.sent, &case.rules, &mut scratch);
        let code = verdict.as_ref().err().map_or("NONE", |invalid| invalid.code().name());
        if let Some((name, wanted)) = STRICTER.iter().find(|(name, _)| *name == case.name) {
            assert_eq!(code, *wanted, "{name}: {verdict:?}");
            assert_ne!(code, case.error, "{name} is not stricter any more");
            stricter.push(name);
            continue;
        }
        assert_eq!(code, case.error, "{}: {verdict:?}", case.name);
        let indices = verdict.as_ref().err().map_or(&[][..], |invalid| invalid.record_errors());
        let indices: Vec<String> = indices.iter().map(|(index, _)| index.to_string()).collect();
        assert_eq!(indices.join(","), case.record_errors, "{}", case.name);
    }
    assert_eq!(stricter.len(), STRICTER.len(), "every exception is still met");
}

#[test]
fn stored_bytes_are_kafkas() {
    let mut scratch = Scratch::default();
    let mut compared = 0;
    for case in cases() {
        let (Some(stored), Ok(summary)) = (case.stored, validate_produced(&case.sent, &case.rules, &mut scratch))
        else {
            continue;
        };
        let kafkas = Batch::first(&stored).unwrap();
        let mut ours = case.sent.clone();
        if let Some(restamp) = summary.restamp {
            restamp.apply(&mut ours).unwrap();
        }
        stamp(&mut ours, kafkas.base_offset(), kafkas.leader_epoch()).unwrap();
        assert!(ours == stored, "{}", case.name);
        assert!(kafkas.crc_is_valid());
        assert_eq!(kafkas.record_count(), summary.record_count as i32);
        assert_eq!(kafkas.max_timestamp(), summary.max_timestamp);
        assert_eq!(kafkas.last_sequence(), summary.last_sequence);
        compared += 1;
    }
    assert!(compared > 50, "{compared} batches compared");
}

#[test]
fn records_that_kafka_wrote_are_read() {
    let mut scratch = Scratch::default();
    for case in cases().into_iter().filter(|case| ["gzip", "snappy", "lz4", "zstd"].contains(&case.name)) {
        let stored = case.stored.unwrap();
        let batch = Batch::first(&stored).unwrap();
        assert_eq!(batch.codec().unwrap().name(), case.name);
        let base = batch.base_offset();
        let records: Vec<_> = batch.records(&mut scratch).unwrap().map(|record| record.unwrap()).collect();
        let [first, second, third] = &records[..] else { panic!("{records:?}") };
        assert_eq!((first.offset, second.offset, third.offset), (base, base + 1, base + 2));
        assert_eq!((first.timestamp, second.timestamp), (1_700_000_000_000, 1_700_000_000_007));
        assert_eq!(third.timestamp, 1_699_999_999_997);
        assert_eq!((first.key, first.value), (Some(&b"key"[..]), Some(&b"value"[..])));
        let headers: Vec<_> = first.headers.clone().collect();
        assert_eq!(headers, [(&b"name"[..], Some(&b"content"[..])), (&b"null"[..], None)]);
        assert_eq!((second.key, second.value), (None, Some(&[b'x'; 300][..])));
        assert_eq!((third.key, third.value, third.headers.len()), (Some(&b"tombstone"[..]), None, 0));
    }
}
