//! Produce and InitProducerId.

use millrace_judges::table::Span::All;
use millrace_judges::table::batches::{self, LONG_AGO_MS, at};
use millrace_judges::table::{Reaction, Table};
use millrace_record::compression::Codec;
use serde_json::{Value, json};

/// A request to write one batch to the first partition of a topic, by name and by id.
pub(crate) fn to(topic: &str, records: impl Into<Value>) -> Value {
    to_partition(topic, 0, records)
}

fn to_partition(topic: &str, partition: i32, records: impl Into<Value>) -> Value {
    let partitions = json!([{ "Index": partition, "Records": records.into() }]);
    json!({ "Acks": -1, "TimeoutMs": 10_000,
        "TopicData": [{ "Name": topic, "TopicId": format!("${topic}"), "PartitionData": partitions }] })
}

fn with(mut request: Value, member: &str, value: impl Into<Value>) -> Value {
    request[member] = value.into();
    request
}

const UNKNOWN_ID: &str = "0123456789abcdef0123456789abcdef";

pub(crate) fn good(table: &mut Table) {
    table.topics(&[("produce", 2), ("produce-other", 1)]);
    table.ask("produce a record", "Produce", All, to("produce", batches::batch(1)));
    table.ask("produce three records", "Produce", All, to("produce", batches::batch(3)));
    table.ask("produce with acks 1", "Produce", All, with(to("produce", batches::batch(1)), "Acks", 1));
    table.ask("trap 4: produce with acks 0", "Produce", All, with(to("produce", batches::batch(1)), "Acks", 0));
    table.ask("produce without records after acks 0", "Produce", All, to("produce", batches::batch(1)));
    for (name, codec, versions) in [
        ("gzip", Codec::Gzip, 3..=13),
        ("snappy", Codec::Snappy, 3..=13),
        ("lz4", Codec::Lz4, 3..=13),
        ("zstd", Codec::Zstd, 7..=13),
        ("zstd, too early", Codec::Zstd, 3..=6),
    ] {
        table.ask(&format!("produce {name}"), "Produce", versions, to("produce", batches::compressed(codec, 5)));
    }
    let several = json!({ "Acks": -1, "TimeoutMs": 10_000, "TopicData": [
        { "Name": "produce", "TopicId": "$produce", "PartitionData": [
            { "Index": 1, "Records": batches::batch(2) }, { "Index": 0, "Records": batches::batch(1) },
            { "Index": 9, "Records": batches::batch(1) }] },
        { "Name": "produce-other", "TopicId": "$produce-other", "PartitionData": [
            { "Index": 0, "Records": batches::batch(1) }] },
    ] });
    table.ask("produce to several partitions, one unknown", "Produce", All, several);
    table.ask("produce nothing", "Produce", All, json!({ "Acks": -1, "TimeoutMs": 10_000, "TopicData": [] }));
    let null_value =
        batches::of(&[(LONG_AGO_MS, Some(b"k"), None), (LONG_AGO_MS, None, None), (LONG_AGO_MS - 5, None, Some(b""))]);
    table.ask("produce nulls", "Produce", All, to("produce", null_value));
    let timeless = batches::of(&[(-1, None, Some(b"v"))]);
    table.ask("produce without a timestamp", "Produce", All, to("produce", timeless));

    table.topic("produce-append-time", 1, &[("message.timestamp.type", "LogAppendTime")]);
    table.ask(
        "trap 16: produce to a topic with append time",
        "Produce",
        All,
        to("produce-append-time", batches::batch(2)),
    );
    table.topic("produce-gzip-append-time", 1, &[("message.timestamp.type", "LogAppendTime")]);
    table.ask(
        "produce gzip to a topic with append time",
        "Produce",
        All,
        to("produce-gzip-append-time", batches::compressed(Codec::Gzip, 2)),
    );
}

pub(crate) fn bad(table: &mut Table) {
    table.topics(&[("bad", 1)]);
    for version in 0..=2 {
        // Acks, timeout, no topics: the form of the time.
        table.ask_bytes(
            "trap 3: a version of Produce that is advertised only",
            "Produce",
            version,
            &[255, 255, 0, 0, 3, 232, 0, 0, 0, 0],
        );
    }
    table.ask_bytes("a version of Produce that there is not", "Produce", 14, &[0; 16]);
    let good = batches::batch(2);
    let unknown = json!({ "Acks": -1, "TimeoutMs": 1_000, "TopicData": [{ "Name": "bad-unknown", "TopicId": UNKNOWN_ID,
        "PartitionData": [{ "Index": 0, "Records": good }] }] });
    table.ask("trap 34: produce to an unknown topic", "Produce", All, unknown);
    let zero = json!({ "Acks": -1, "TimeoutMs": 1_000,
        "TopicData": [{ "TopicId": "0".repeat(32), "PartitionData": [{ "Index": 0, "Records": good }] }] });
    table.ask("produce to the id zero", "Produce", 13, zero);
    table.ask("produce to a negative partition", "Produce", All, to_partition("bad", -1, good.clone()));
    table.ask("produce to a partition that is not there", "Produce", All, to_partition("bad", 1, good.clone()));
    for acks in [2, -2, 100] {
        table.ask(&format!("produce with acks {acks}"), "Produce", All, with(to("bad", good.clone()), "Acks", acks));
    }
    table.ask(
        "produce with acks 0 to an unknown partition",
        "Produce",
        All,
        with(to_partition("bad", 1, good.clone()), "Acks", 0),
    );

    let two = batches::batch(1).repeat(2);
    for (what, records) in [
        ("records of no bytes", json!("")),
        ("ten bytes of records", json!("00".repeat(10))),
        ("a batch cut in its header", json!(good[..80])),
        ("a batch cut in its records", json!(good[..good.len() - 4])),
        ("trap 3: two batches", json!(two)),
        ("a damaged checksum", json!(batches::damaged(&good, at::CRC, &[1, 2, 3, 4]))),
        ("a damaged record", json!(batches::damaged(&good, at::RECORDS + 8, b"X"))),
        ("format 1", json!(batches::damaged(&good, at::MAGIC, &[1]))),
        ("format 0", json!(batches::damaged(&good, at::MAGIC, &[0]))),
        ("format 3", json!(batches::damaged(&good, at::MAGIC, &[3]))),
        ("format 77", json!(batches::columns(2))),
        ("format -1", json!(batches::damaged(&good, at::MAGIC, &[255]))),
        ("a base offset of 5", json!(batches::damaged(&good, at::BASE_OFFSET + 7, &[5]))),
        ("a leader epoch", json!(batches::damaged(&good, at::LEADER_EPOCH, &[0, 0, 0, 9]))),
        ("a length of 0", json!(batches::damaged(&good, at::LENGTH, &[0, 0, 0, 0]))),
        ("a negative length", json!(batches::damaged(&good, at::LENGTH, &[255, 0, 0, 0]))),
        ("a count of 3 for 2 records", json!(batches::edited(&good, at::RECORD_COUNT, &[0, 0, 0, 3]))),
        ("a count of 1 for 2 records", json!(batches::edited(&good, at::RECORD_COUNT, &[0, 0, 0, 1]))),
        ("a count of 0", json!(batches::edited(&good, at::RECORD_COUNT, &[0, 0, 0, 0]))),
        ("a negative count", json!(batches::edited(&good, at::RECORD_COUNT, &[255, 255, 255, 255]))),
        ("a last offset delta of 5", json!(batches::edited(&good, at::LAST_OFFSET_DELTA, &[0, 0, 0, 5]))),
        ("a negative last offset delta", json!(batches::edited(&good, at::LAST_OFFSET_DELTA, &[255, 255, 255, 255]))),
        ("an unknown codec", json!(batches::edited(&good, at::ATTRIBUTES, &[0, 5]))),
        ("a control batch", json!(batches::edited(&good, at::ATTRIBUTES, &[0, 0x20]))),
        ("a batch that claims append time", json!(batches::edited(&good, at::ATTRIBUTES, &[0, 8]))),
        ("a greatest timestamp that is wrong", json!(batches::edited(&good, at::MAX_TIMESTAMP, &[0; 8]))),
        ("a codec over plain records", json!(batches::edited(&good, at::ATTRIBUTES, &[0, 1]))),
        ("unused attributes", json!(batches::edited(&good, at::ATTRIBUTES, &[0x80, 0x80]))),
    ] {
        table.ask(&format!("produce {what}"), "Produce", All, to("bad", records));
    }
    table.topics(&[("bad-tail", 1)]);
    table.ask("produce a batch and a byte", "Produce", All, to("bad-tail", format!("{good}00")));
    table.ask("produce null for records", "Produce", 9, to("bad", json!(null)));
    table.topic("bad-small", 1, &[("max.message.bytes", "100")]);
    table.ask("produce a batch that is too large", "Produce", All, to("bad-small", batches::batch(5)));
    table.topic(
        "bad-times",
        1,
        &[("message.timestamp.before.max.ms", "1000"), ("message.timestamp.after.max.ms", "1000")],
    );
    table.ask("produce records that are too old", "Produce", All, to("bad-times", batches::batch(3)));
    let future = batches::of(&[(4_000_000_000_000, None, Some(b"v"))]);
    table.ask("produce records of the future", "Produce", All, to("bad-times", future.clone()));
    table.ask("produce a record of a far future", "Produce", All, to("bad", future));
}

pub(crate) fn idempotence(table: &mut Table) {
    table.topics(&[("idempotent", 1)]);
    let of = |epoch: i16, sequence: i32, records: usize| {
        to("idempotent", batches::idempotent(4_000, epoch, sequence, records))
    };
    table.ask("an idempotent batch", "Produce", 7, of(0, 0, 2));
    for sequence in [2, 4, 6, 8, 10] {
        table.ask("the next idempotent batch", "Produce", 9, of(0, sequence, 2));
    }
    for sequence in [10, 8, 2] {
        table.ask("trap 5: a duplicate has its offset", "Produce", All, of(0, sequence, 2));
    }
    table.ask("trap 5: a duplicate of the sixth to last batch", "Produce", All, of(0, 0, 2));
    table.ask("a gap in the sequence", "Produce", All, of(0, 20, 1));
    table.ask("a part of a batch again", "Produce", All, of(0, 10, 1));
    table.ask("trap 6: a new epoch that does not start at 0", "Produce", All, of(1, 5, 1));
    table.ask("trap 6: a new epoch", "Produce", 13, of(1, 0, 1));
    table.ask("trap 7: a stale epoch", "Produce", All, of(0, 12, 1));
    let other = |producer: i64, sequence: i32| to("idempotent", batches::idempotent(producer, 0, sequence, 2));
    table.ask("trap 6: an unknown producer starts anywhere", "Produce", 13, other(4_001, 77));
    table.ask("trap 6: a sequence up to its end", "Produce", 13, other(4_002, i32::MAX - 1));
    table.ask("trap 6: a sequence from 0 on again", "Produce", 13, other(4_002, 0));
    table.ask("a sequence over its end", "Produce", 13, other(4_003, i32::MAX));
    table.ask("the sequence after its end", "Produce", 13, other(4_003, 1));
    table.ask("a negative sequence", "Produce", All, other(4_004, -1));
    table.ask("a negative epoch", "Produce", All, to("idempotent", batches::idempotent(4_005, -1, 0, 1)));
}

pub(crate) fn init_producer_id(table: &mut Table) {
    let ask = |transactional_id: Value| json!({ "TransactionalId": transactional_id, "TransactionTimeoutMs": 60_000 });
    // The reference asks its controller for a block of them at the first request, and lets that one try again.
    table.until("InitProducerId", 5, &ask(json!(null)), |it| it["ErrorCode"] == 0);
    table.ask("a producer id", "InitProducerId", All, ask(json!(null)));
    let [first, second] = [(); 2].map(|()| table.ask("a producer id again", "InitProducerId", 5, ask(json!(null))));
    for (first, second) in first.iter().zip(&second) {
        let id = |reaction: &Reaction| reaction.answer()["ProducerId"].as_i64().unwrap();
        assert!(id(first) < id(second), "a producer id is given out once");
    }
    table.ask(
        "a producer id with a timeout of 0",
        "InitProducerId",
        All,
        json!({ "TransactionalId": null, "TransactionTimeoutMs": 0 }),
    );
    table.ask("a producer id for an empty transactional id", "InitProducerId", All, ask(json!("")));
    for (what, id, epoch) in [("an id without an epoch", 5, -1), ("an epoch without an id", -1, 5), ("both", 5, 5)] {
        let body = json!({ "TransactionalId": null, "TransactionTimeoutMs": 60_000,
            "ProducerId": id, "ProducerEpoch": epoch });
        table.ask(&format!("a producer id again, giving {what}"), "InitProducerId", 3..=5, body);
    }
}
