//! Produce to topics whose `compression.type` is not the producer's, and what is stored.

use millrace_judges::broker::Kind;
use millrace_judges::table::Span::All;
use millrace_judges::table::Table;
use millrace_judges::table::batches::{self, LONG_AGO_MS, at};
use millrace_record::compression::Codec;
use serde_json::json;

use super::produce::to;

const TARGETS: [&str; 5] = ["uncompressed", "gzip", "snappy", "lz4", "zstd"];
/// The first version of Produce that takes zstd, and the last version.
const ZSTD_VERSIONS: std::ops::RangeInclusive<i16> = 7..=13;

pub(crate) fn produce(table: &mut Table) {
    for target in TARGETS {
        let topic = format!("codec-{target}");
        table.topic(&topic, 1, &[("compression.type", target)]);
        for source in Codec::ALL {
            let versions = if source == Codec::Zstd { ZSTD_VERSIONS } else { 3..=13 };
            let row = format!("codec {target}: produce {}", source.name());
            table.ask(&row, "Produce", versions, to(&topic, batches::compressed(source, 5)));
        }
        let nulls = [
            (LONG_AGO_MS + 7, Some(&b"key"[..]), None),
            (LONG_AGO_MS, None, Some(&b""[..])),
            (-1, Some(&b""[..]), Some(&[b'x'; 3_000][..])),
        ];
        table.ask(&format!("codec {target}: produce nulls"), "Produce", 13, to(&topic, batches::of(&nulls)));
        for sequence in [0, 3, 0] {
            let batch = batches::idempotent(5_000, 0, sequence, 3);
            let row = format!("codec {target}: an idempotent batch, and the first again");
            table.ask(&row, "Produce", 13, to(&topic, batch));
        }
        let good = batches::batch(2);
        for (what, batch) in [
            ("a count of 3 for 2 records", batches::edited(&good, at::RECORD_COUNT, &[0, 0, 0, 3])),
            ("a count of 1 for 2 records", batches::edited(&good, at::RECORD_COUNT, &[0, 0, 0, 1])),
            ("a greatest timestamp that is wrong", batches::edited(&good, at::MAX_TIMESTAMP, &[0; 8])),
            ("unused attributes", batches::edited(&good, at::ATTRIBUTES, &[0x80, 0x80])),
            ("a control batch", batches::edited(&good, at::ATTRIBUTES, &[0, 0x20])),
            ("a codec over plain records", batches::edited(&good, at::ATTRIBUTES, &[0, 1])),
        ] {
            table.ask(&format!("codec {target}: produce {what}"), "Produce", All, to(&topic, batch));
        }
        assert_same_batches(table, &topic);
    }
    zstd_for_old_consumers(table);
}

/// What both brokers have stored, with the records inflated: compressors differ, and what they compress does not.
fn assert_same_batches(table: &mut Table, topic: &str) {
    let partition = json!({ "Partition": 0, "FetchOffset": 0, "PartitionMaxBytes": 10_000_000 });
    let body = json!({ "MaxWaitMs": 0, "MinBytes": 0, "MaxBytes": 10_000_000,
        "Topics": [{ "Topic": topic, "Partitions": [partition] }] });
    let [reference, millrace] = [Kind::Reference, Kind::Millrace].map(|kind| {
        let reaction = table.tell(kind, "Fetch", 12, &body);
        let partition = &reaction.answer()["Responses"][0]["Partitions"][0];
        let records = batches::inflated(partition["Records"].as_str().unwrap_or_default());
        assert!(records.len() > 50, "{} of {topic}: {reaction:?}", kind.name());
        records
    });
    assert_eq!(reference, millrace, "{topic}");
}

/// Consumers that may not know zstd get it nevertheless, where it is the topic's.
fn zstd_for_old_consumers(table: &mut Table) {
    table.topic("codec-old", 1, &[("compression.type", "zstd")]);
    let batch = batches::compressed(Codec::Zstd, 3);
    table.ask("codec: produce zstd for old consumers", "Produce", 13, to("codec-old", batch));
    for (what, offset) in [("the start", 0), ("the end", 3), ("beyond the end", 9)] {
        let partition = json!({ "Partition": 0, "FetchOffset": offset, "PartitionMaxBytes": 1_000_000 });
        let body = json!({ "MaxWaitMs": 0, "MinBytes": 0, "MaxBytes": 1_000_000,
            "Topics": [{ "Topic": "codec-old", "TopicId": "$codec-old", "Partitions": [partition] }] });
        table.ask(&format!("codec: fetch zstd from {what}"), "Fetch", All, body);
    }
}

/// `max.message.bytes` counts before and after the records are compressed anew, `segment.bytes` after.
pub(crate) fn limits(table: &mut Table) {
    let plain = batches::batch(40);
    let bytes = plain.len() / 2;
    let packed = batches::compressed(Codec::Gzip, 40);
    let least = bytes.to_string();
    let below = (bytes - 1).to_string();
    for (name, codec, bytes_max, batch) in [
        ("codec-fits", "uncompressed", &least, &packed),
        ("codec-inflated", "uncompressed", &below, &packed),
        ("codec-deflated", "gzip", &below, &plain),
    ] {
        table.topic(name, 1, &[("compression.type", codec), ("max.message.bytes", bytes_max)]);
        table.ask(&format!("{name}: at max.message.bytes"), "Produce", All, to(name, batch.as_str()));
    }
    let one = batches::batch(1);
    let bytes = (one.len() / 2).to_string();
    table.topic("codec-grown", 1, &[("compression.type", "gzip"), ("max.message.bytes", &bytes)]);
    table.ask("codec-grown: a batch that compression makes larger", "Produce", All, to("codec-grown", one));

    let zeros = vec![0; 1_200_000];
    let large = batches::of(&[(LONG_AGO_MS, None, Some(&zeros))]);
    for (name, codec) in [("codec-segment", "producer"), ("codec-segment-gzip", "gzip")] {
        let settings = [("compression.type", codec), ("segment.bytes", "1048576"), ("max.message.bytes", "5000000")];
        table.topic(name, 1, &settings);
        table.ask(&format!("{name}: at segment.bytes"), "Produce", All, to(name, large.as_str()));
    }
    table.topic("codec-time", 1, &[("compression.type", "lz4"), ("message.timestamp.type", "LogAppendTime")]);
    for source in [Codec::None, Codec::Lz4, Codec::Gzip] {
        let row = format!("codec-time: {} to append time", source.name());
        table.ask(&row, "Produce", All, to("codec-time", batches::compressed(source, 3)));
    }
}
