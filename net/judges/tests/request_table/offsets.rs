//! ListOffsets and OffsetForLeaderEpoch.

use millrace_judges::broker::Kind;
use millrace_judges::table::Span::All;
use millrace_judges::table::Table;
use millrace_judges::table::batches::{self, LONG_AGO_MS};
use serde_json::{Value, json};

fn at(topic: &str, timestamp: i64) -> Value {
    of(topic, json!({ "PartitionIndex": 0, "Timestamp": timestamp }))
}

fn of(topic: &str, partition: Value) -> Value {
    json!({ "ReplicaId": -1, "Topics": [{ "Name": topic, "Partitions": [partition] }] })
}

pub(crate) fn list_offsets(table: &mut Table) {
    table.topics(&[("offsets", 2), ("offsets-empty", 1), ("offsets-timeless", 1)]);
    let later = batches::of(&[
        (LONG_AGO_MS + 9_000, None, Some(b"a")),
        (LONG_AGO_MS + 60_000, None, Some(b"b")),
        (LONG_AGO_MS + 20_000, None, Some(b"c")),
    ]);
    let timeless = batches::of(&[(-1, None, Some(b"v"))]);
    for (topic, records) in [
        ("offsets", batches::batch(3)),
        ("offsets", later),
        ("offsets", batches::batch(2)),
        ("offsets-timeless", timeless),
    ] {
        let body = json!({ "Acks": -1, "TimeoutMs": 10_000,
            "TopicData": [{ "Name": topic, "PartitionData": [{ "Index": 0, "Records": records }] }] });
        for kind in [Kind::Reference, Kind::Millrace] {
            table.tell(kind, "Produce", 9, &body);
        }
    }
    for (timestamp, what) in [(-1, "latest"), (-2, "earliest")] {
        for topic in ["offsets", "offsets-empty", "offsets-timeless"] {
            table.ask(&format!("trap 22: the {what} offset of {topic}"), "ListOffsets", All, at(topic, timestamp));
        }
    }
    for (timestamp, what, since) in [
        (-3, "of the greatest timestamp", 7),
        (-4, "earliest local", 8),
        (-5, "latest tiered", 9),
        (-6, "earliest pending upload", 11),
    ] {
        for topic in ["offsets", "offsets-empty", "offsets-timeless"] {
            table.ask(
                &format!("trap 22: the offset {what} of {topic}"),
                "ListOffsets",
                since..=11,
                at(topic, timestamp),
            );
        }
        table.ask(&format!("the offset {what}, too early"), "ListOffsets", 1..=since - 1, at("offsets", timestamp));
    }
    for timestamp in [-7, -100, i64::MIN] {
        table.ask(&format!("the offset at timestamp {timestamp}"), "ListOffsets", All, at("offsets", timestamp));
    }
    for after in [-1_000_000, 0, 500, 1_000, 5_000, 9_000, 9_001, 60_000, 60_001] {
        table.ask(
            &format!("the offset at a time {after} ms after the first"),
            "ListOffsets",
            All,
            at("offsets", LONG_AGO_MS + after),
        );
    }
    table.ask("the offset at time 0", "ListOffsets", All, at("offsets", 0));
    table.ask("the offset at time 0 of nothing", "ListOffsets", All, at("offsets-empty", 0));
    table.ask("the offset at time 0 without timestamps", "ListOffsets", All, at("offsets-timeless", 0));
    table.ask("offsets of an unknown topic", "ListOffsets", All, at("offsets-unknown", -1));
    for partition in [2, -1] {
        let body = of("offsets", json!({ "PartitionIndex": partition, "Timestamp": -1 }));
        table.ask(&format!("offsets of partition {partition}, which is not there"), "ListOffsets", All, body);
    }
    table.ask("offsets of no topics", "ListOffsets", All, json!({ "ReplicaId": -1 }));
    let asked = |index: i32, timestamp: i64| json!({ "PartitionIndex": index, "Timestamp": timestamp });
    let partitions = json!([asked(0, -1), asked(0, -2), asked(1, -1)]);
    let twice = json!({ "ReplicaId": -1, "Topics": [{ "Name": "offsets", "Partitions": partitions }] });
    table.ask("offsets of a partition twice", "ListOffsets", All, twice);
    for epoch in [0, 7, -1, -2] {
        let body = of("offsets", json!({ "PartitionIndex": 0, "Timestamp": -1, "CurrentLeaderEpoch": epoch }));
        table.ask(&format!("offsets with the leader epoch {epoch}"), "ListOffsets", 4..=11, body);
    }
    for isolation in [0, 1] {
        let mut body = at("offsets", -1);
        body["IsolationLevel"] = json!(isolation);
        table.ask(&format!("trap 17: the latest offset at isolation level {isolation}"), "ListOffsets", 2..=11, body);
    }
    for replica in [-2, 1, 5] {
        let mut body = at("offsets", -1);
        body["ReplicaId"] = json!(replica);
        table.ask(&format!("the latest offset for replica {replica}"), "ListOffsets", All, body);
    }
}

pub(crate) fn leader_epochs(table: &mut Table) {
    let api = "OffsetForLeaderEpoch";
    table.topics(&[("epochs", 1), ("epochs-empty", 1)]);
    let body = json!({ "Acks": -1, "TimeoutMs": 10_000,
        "TopicData": [{ "Name": "epochs", "PartitionData": [{ "Index": 0, "Records": batches::batch(3) }] }] });
    for kind in [Kind::Reference, Kind::Millrace] {
        table.tell(kind, "Produce", 9, &body);
    }
    let asked = |partition: i32, current: i32, epoch: i32| {
        let (current, epoch) = (json!(current), json!(epoch));
        json!({ "Partition": partition, "CurrentLeaderEpoch": current, "LeaderEpoch": epoch })
    };
    let of = |topic: &str, partitions: Value| {
        let topic = json!({ "Topic": topic, "Partitions": partitions });
        json!({ "ReplicaId": -1, "Topics": [topic] })
    };
    for epoch in [0, 1, 5, -1, -2] {
        table.ask(&format!("trap 27: the end of epoch {epoch}"), api, All, of("epochs", json!([asked(0, -1, epoch)])));
        table.ask(
            &format!("trap 27: the end of epoch {epoch} of nothing"),
            api,
            All,
            of("epochs-empty", json!([asked(0, -1, epoch)])),
        );
        table.ask(
            &format!("the end of an epoch, in epoch {epoch}"),
            api,
            All,
            of("epochs", json!([asked(0, epoch, 0)])),
        );
    }
    table.ask("the end of an epoch of an unknown topic", api, All, of("epochs-unknown", json!([asked(0, -1, 0)])));
    for partition in [1, -1] {
        table.ask(
            &format!("the end of an epoch of partition {partition}"),
            api,
            All,
            of("epochs", json!([asked(partition, -1, 0)])),
        );
    }
    table.ask("the end of an epoch twice", api, All, of("epochs", json!([asked(0, -1, 0), asked(0, -1, 1)])));
    table.ask("the end of no epochs", api, All, json!({ "ReplicaId": -1 }));
    for replica in [-2, 1, 9] {
        let mut body = of("epochs", json!([asked(0, -1, 0)]));
        body["ReplicaId"] = json!(replica);
        table.ask(&format!("the end of an epoch for replica {replica}"), api, 3..=4, body);
    }
}
