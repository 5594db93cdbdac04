//! Fetch.

use millrace_judges::broker::Kind;
use millrace_judges::table::Span::All;
use millrace_judges::table::Table;
use millrace_judges::table::batches;
use millrace_record::compression::Codec;
use serde_json::{Value, json};

/// A request for a partition from an offset on.
fn from(topic: &str, offset: i64) -> Value {
    of(topic, json!({ "Partition": 0, "FetchOffset": offset, "PartitionMaxBytes": 1_000_000 }))
}

fn of(topic: &str, partition: Value) -> Value {
    json!({ "MaxWaitMs": 0, "MinBytes": 0, "MaxBytes": 10_000_000,
        "Topics": [{ "Topic": topic, "TopicId": format!("${topic}"), "Partitions": [partition] }] })
}

fn produce(table: &mut Table, topic: &str, partition: i32, records: &str) {
    let body = json!({ "Acks": -1, "TimeoutMs": 10_000,
        "TopicData": [{ "Name": topic, "PartitionData": [{ "Index": partition, "Records": records }] }] });
    for kind in [Kind::Reference, Kind::Millrace] {
        let reaction = table.tell(kind, "Produce", 9, &body);
        assert_eq!(reaction.answer()["Responses"][0]["PartitionResponses"][0]["ErrorCode"], 0, "{reaction:?}");
    }
}

pub(crate) fn fetch(table: &mut Table) {
    table.topics(&[("fetch", 2), ("fetch-empty", 1), ("fetch-gone", 1)]);
    for records in [3, 1, 4] {
        produce(table, "fetch", 0, &batches::batch(records));
    }
    produce(table, "fetch", 0, &batches::compressed(Codec::Zstd, 5));
    produce(table, "fetch", 1, &batches::compressed(Codec::Gzip, 2));
    table.ask("fetch from the start", "Fetch", All, from("fetch", 0));
    table.ask("trap 36: fetch from within a batch", "Fetch", All, from("fetch", 6));
    table.ask("fetch from the end", "Fetch", All, from("fetch", 13));
    table.ask("fetch beyond the end", "Fetch", All, from("fetch", 14));
    table.ask("fetch before the start", "Fetch", All, from("fetch", -1));
    table.ask("fetch from nothing", "Fetch", All, from("fetch-empty", 0));
    table.ask("fetch beyond nothing", "Fetch", All, from("fetch-empty", 1));
    table.ask("fetch no topics", "Fetch", All, json!({ "MaxWaitMs": 0, "MinBytes": 0 }));
    table.ask(
        "fetch a partition that is not there",
        "Fetch",
        All,
        of("fetch", json!({ "Partition": 2, "PartitionMaxBytes": 1000 })),
    );
    table.ask(
        "fetch a negative partition",
        "Fetch",
        All,
        of("fetch", json!({ "Partition": -1, "PartitionMaxBytes": 1000 })),
    );
    let unknown = json!({ "MaxWaitMs": 0, "MinBytes": 0, "Topics": [{ "Topic": "fetch-unknown",
        "TopicId": "0123456789abcdef0123456789abcdef",
        "Partitions": [{ "Partition": 0, "PartitionMaxBytes": 1000 }] }] });
    table.ask("trap 34: fetch an unknown topic", "Fetch", All, unknown);
    let zero = json!({ "MaxWaitMs": 0, "MinBytes": 0,
        "Topics": [{ "Partitions": [{ "Partition": 0, "PartitionMaxBytes": 1000 }] }] });
    table.ask("fetch the id zero", "Fetch", 13..=18, zero);

    for bytes in [0, 1, 100, 200, 300, 1000] {
        let limited = json!({ "Partition": 0, "FetchOffset": 0, "PartitionMaxBytes": bytes });
        table.ask(&format!("trap 18: fetch {bytes} bytes of a partition"), "Fetch", All, of("fetch", limited));
    }
    for bytes in [0, 1, 150, 400, 600] {
        let all = json!({ "Partition": 0, "FetchOffset": 0, "PartitionMaxBytes": 10_000 });
        let second = json!({ "Partition": 1, "FetchOffset": 0, "PartitionMaxBytes": 10_000 });
        let body = json!({ "MaxWaitMs": 0, "MinBytes": 0, "MaxBytes": bytes,
            "Topics": [{ "Topic": "fetch", "TopicId": "$fetch", "Partitions": [all, second] }] });
        table.ask(&format!("trap 18: fetch {bytes} bytes of two partitions"), "Fetch", All, body);
    }
    // More partitions than Millrace has cores here.
    table.topics(&[("fetch-many", 6)]);
    for partition in 0..6 {
        produce(table, "fetch-many", partition, &batches::batch(3));
    }
    for bytes in [0, 1, 150, 400, 10_000] {
        let every = (0..6).map(|index| json!({ "Partition": index, "FetchOffset": 0, "PartitionMaxBytes": 10_000 }));
        let body = json!({ "MaxWaitMs": 0, "MinBytes": 0, "MaxBytes": bytes,
            "Topics": [{ "Topic": "fetch-many", "TopicId": "$fetch-many", "Partitions": every.collect::<Vec<_>>() }] });
        table.ask(&format!("trap 18: fetch {bytes} bytes of six partitions"), "Fetch", All, body);
    }
    let topics = ["fetch-many", "fetch"].map(|topic| {
        let partitions =
            [0, 1].map(|index| json!({ "Partition": index, "FetchOffset": 0, "PartitionMaxBytes": 10_000 }));
        json!({ "Topic": topic, "TopicId": format!("${topic}"), "Partitions": partitions })
    });
    let body = json!({ "MaxWaitMs": 0, "MinBytes": 0, "MaxBytes": 10_000_000, "Topics": topics });
    table.ask("fetch two topics", "Fetch", All, body);
    // Who would wait is not answered in the time that an answer may take.
    for (what, offset) in [("what is there", 0), ("what is beyond the end", 14)] {
        let mut patient = from("fetch", offset);
        (patient["MaxWaitMs"], patient["MinBytes"]) = (json!(60_000), json!(1));
        table.ask(&format!("fetch {what}, with much time"), "Fetch", All, patient);
    }
    for isolation in [0, 1] {
        let mut body = from("fetch", 3);
        body["IsolationLevel"] = json!(isolation);
        table.ask(&format!("trap 17: fetch at isolation level {isolation}"), "Fetch", All, body);
    }
    for epoch in [0, 5, -1, -5] {
        let partition =
            json!({ "Partition": 0, "FetchOffset": 3, "PartitionMaxBytes": 1000, "CurrentLeaderEpoch": epoch });
        table.ask(&format!("fetch with the leader epoch {epoch}"), "Fetch", 9..=18, of("fetch", partition));
        let partition =
            json!({ "Partition": 0, "FetchOffset": 3, "PartitionMaxBytes": 1000, "LastFetchedEpoch": epoch });
        table.ask(&format!("fetch with the last fetched epoch {epoch}"), "Fetch", 12..=18, of("fetch", partition));
    }
    let nothing = json!({ "Partition": 0, "FetchOffset": 0, "PartitionMaxBytes": 1000, "LastFetchedEpoch": 0 });
    let end = json!({ "Partition": 0, "FetchOffset": 13, "PartitionMaxBytes": 1000, "LastFetchedEpoch": 0 });
    table.ask("fetch from the end of the epoch last fetched", "Fetch", 12..=18, of("fetch", end));
    table.ask("fetch from nothing with the last fetched epoch 0", "Fetch", 12..=18, of("fetch-empty", nothing));
    let partition = json!({ "Partition": 0, "FetchOffset": 14, "PartitionMaxBytes": 1000, "LastFetchedEpoch": 0 });
    table.ask("trap 27: fetch beyond the end of the epoch last fetched", "Fetch", 12..=18, of("fetch", partition));
    for (id, epoch) in [(0, 5), (77, 5), (77, -1), (77, 0)] {
        let mut body = from("fetch", 0);
        body["SessionId"] = json!(id);
        body["SessionEpoch"] = json!(epoch);
        table.ask(&format!("trap 21: fetch in the session {id} at {epoch}, which there is not"), "Fetch", 7..=18, body);
    }
    let mut waiting = from("fetch", 13);
    waiting["MaxWaitMs"] = json!(30);
    waiting["MinBytes"] = json!(1);
    table.ask("fetch and wait for what does not come", "Fetch", All, waiting);
}
