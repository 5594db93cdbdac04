//! DeleteRecords, and what is seen of it.

use millrace_judges::table::Span::All;
use millrace_judges::table::Table;
use millrace_judges::table::batches;
use serde_json::{Value, json};

use super::produce::to;

const API: &str = "DeleteRecords";

fn before(topic: &str, offset: i64) -> Value {
    of(topic, json!([{ "PartitionIndex": 0, "Offset": offset }]))
}

fn of(topic: &str, partitions: Value) -> Value {
    json!({ "TimeoutMs": 10_000, "Topics": [{ "Name": topic, "Partitions": partitions }] })
}

fn fetch(topic: &str, offset: i64) -> Value {
    let partition = json!({ "Partition": 0, "FetchOffset": offset, "PartitionMaxBytes": 1_000_000 });
    json!({ "MaxWaitMs": 0, "MinBytes": 0, "MaxBytes": 10_000_000,
        "Topics": [{ "Topic": topic, "TopicId": format!("${topic}"), "Partitions": [partition] }] })
}

/// A fetch that waits for more than there will be.
fn waiting_fetch(topic: &str, offset: i64) -> Value {
    let mut fetch = fetch(topic, offset);
    fetch["MaxWaitMs"] = json!(600);
    fetch["MinBytes"] = json!(1_000_000);
    fetch
}

/// What a fetch that waits is answered when what it is to read goes.
pub(crate) fn under_a_fetch(table: &mut Table) {
    for version in [4, 12, 13, 17] {
        let name = &format!("under-fetch-{version}");
        table.topics(&[(name, 1)]);
        for _ in 0..4 {
            table.ask("records under a fetch", "Produce", 9, to(name, batches::batch(3)));
        }
        table.ask_and(
            "trap 36: a fetch whose records are deleted",
            "Fetch",
            version,
            &waiting_fetch(name, 1),
            |broker| {
                broker.tell(API, 2, &before(name, 6));
            },
        );
        table.ask_and("a fetch whose batch is deleted in part", "Fetch", version, &waiting_fetch(name, 7), |broker| {
            broker.tell(API, 2, &before(name, 7));
        });
        table.ask_and("a fetch at the end of what is deleted", "Fetch", version, &waiting_fetch(name, 12), |broker| {
            broker.tell(API, 2, &before(name, -1));
        });
        table.ask_and("a fetch that gets a few records", "Fetch", version, &waiting_fetch(name, 12), |broker| {
            broker.tell("Produce", 9, &to(name, batches::batch(1)));
        });
        table.ask_and("a fetch whose topic is deleted", "Fetch", version, &waiting_fetch(name, 12), |broker| {
            broker.tell("DeleteTopics", 5, &json!({ "TopicNames": [name], "TimeoutMs": 10_000 }));
        });
    }
}

pub(crate) fn delete(table: &mut Table) {
    table.topics(&[("cut", 2), ("cut-empty", 1)]);
    for _ in 0..4 {
        table.ask("records to delete", "Produce", 9, to("cut", batches::batch(3)));
    }
    for (what, offset) in [
        ("before the first", 0),
        ("less than the high watermark", -2),
        ("of the least number", i64::MIN),
        ("beyond the end", 13),
        ("of the greatest number", i64::MAX),
        ("within a batch", 4),
        ("again", 4),
        ("less than there is", 2),
    ] {
        table.ask(&format!("delete records {what}"), API, All, before("cut", offset));
    }
    let starts = |timestamp: i64| {
        json!({ "ReplicaId": -1, "Topics": [{ "Name": "cut",
            "Partitions": [{ "PartitionIndex": 0, "Timestamp": timestamp }] }] })
    };
    for timestamp in [-2, -1, 0, -3] {
        table.ask(&format!("cut: the offset for the time {timestamp}"), "ListOffsets", 1..=10, starts(timestamp));
    }
    for offset in [0, 3, 4, 5, 12] {
        table.ask(&format!("trap 36: fetch from {offset} after a cut"), "Fetch", All, fetch("cut", offset));
    }
    table.ask("produce after a cut", "Produce", All, to("cut", batches::batch(1)));
    table.ask("delete records up to the high watermark", API, All, before("cut", -1));
    table.ask("fetch from the end after a cut", "Fetch", All, fetch("cut", 23));
    table.ask("delete records of an empty partition", API, All, before("cut-empty", -1));
    table.ask("delete records beyond an empty partition", API, All, before("cut-empty", 1));

    table.ask("delete records of an unknown topic", API, All, before("cut-unknown", 0));
    table.ask("delete records of a bad topic", API, All, before("a/b", 0));
    table.ask("delete records of an empty name", API, All, before("", 0));
    for partition in [2, -1] {
        let partitions = json!([{ "PartitionIndex": partition, "Offset": 0 }, { "PartitionIndex": 1, "Offset": 0 }]);
        table.ask(&format!("delete records of partition {partition}"), API, All, of("cut", partitions));
    }
    table.ask("delete records of no partition", API, All, of("cut", json!([])));
    table.ask("delete records of no topic", API, All, json!({ "TimeoutMs": 10_000, "Topics": [] }));
    let twice = json!([{ "PartitionIndex": 1, "Offset": 0 }, { "PartitionIndex": 1, "Offset": 9 }]);
    table.ask("delete records of a partition twice", API, All, of("cut", twice));
    let topic = of("cut", json!([{ "PartitionIndex": 1, "Offset": 0 }]))["Topics"][0].clone();
    let twice = json!({ "TimeoutMs": 10_000, "Topics": [topic, topic] });
    table.ask("delete records of a topic twice", API, All, twice);
    for (policy, topic) in [("compact", "cut-compact"), ("compact,delete", "cut-both"), ("", "cut-never")] {
        table.topic(topic, 1, &[("cleanup.policy", policy)]);
        table.ask("a record to delete", "Produce", 9, to(topic, batches::batch(2)));
        table.ask(&format!("delete records where the policy is {policy}"), API, All, before(topic, 1));
        let missing = of(topic, json!([{ "PartitionIndex": 1, "Offset": 0 }]));
        table.ask(&format!("delete records of no partition where the policy is {policy}"), API, All, missing);
    }
    let mixed = json!({ "TimeoutMs": 10_000, "Topics": [
        { "Name": "cut", "Partitions": [{ "PartitionIndex": 1, "Offset": 0 }] },
        { "Name": "cut-unknown", "Partitions": [{ "PartitionIndex": 0, "Offset": 0 }] },
    ] });
    table.ask("delete records of two topics, one unknown", API, All, mixed);
    for timeout in [0, -1] {
        let mut late = before("cut", 0);
        late["TimeoutMs"] = json!(timeout);
        table.ask(&format!("delete records within {timeout} ms"), API, All, late);
    }
}
