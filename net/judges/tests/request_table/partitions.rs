//! CreatePartitions, DescribeTopicPartitions, DescribeLogDirs.

use millrace_judges::broker::Kind;
use millrace_judges::table::Span::All;
use millrace_judges::table::Table;
use millrace_judges::table::batches;
use serde_json::{Value, json};

fn to(name: &str, count: i32) -> Value {
    to_with(name, count, json!(null))
}

fn to_with(name: &str, count: i32, assignments: Value) -> Value {
    json!({ "TimeoutMs": 10_000, "Topics": [{ "Name": name, "Count": count, "Assignments": assignments }] })
}

pub(crate) fn create(table: &mut Table) {
    for version in 0..=3 {
        table.topics(&[(&format!("grow-{version}"), 2)]);
    }
    for (what, count) in [("as many", 2), ("fewer", 1), ("none", 0), ("less than none", -1)] {
        table.ask(&format!("partitions: {what}"), "CreatePartitions", All, to("grow-$v", count));
    }
    let mut checked = to("grow-$v", 5);
    checked["ValidateOnly"] = json!(true);
    table.ask("partitions, only checked", "CreatePartitions", All, checked);
    table.ask("partitions: more", "CreatePartitions", All, to("grow-$v", 3));
    for version in 0..=3 {
        table.settle(&format!("grow-{version}"), 3);
    }
    let on = |brokers: &[i32]| json!({ "BrokerIds": brokers });
    for (what, assignments) in [
        ("too few", json!([on(&[1])])),
        ("none", json!([])),
        ("an unknown broker", json!([on(&[1]), on(&[9])])),
        ("a broker twice", json!([on(&[1]), on(&[1, 1])])),
        ("no broker", json!([on(&[1]), on(&[])])),
        ("more replicas", json!([on(&[1, 9]), on(&[1])])),
    ] {
        table.ask(
            &format!("partitions with assignments: {what}"),
            "CreatePartitions",
            All,
            to_with("grow-$v", 5, assignments),
        );
    }
    table.ask(
        "partitions with assignments",
        "CreatePartitions",
        All,
        to_with("grow-$v", 5, json!([on(&[1]), on(&[1])])),
    );
    table.ask("partitions of an unknown topic", "CreatePartitions", All, to("grow-unknown", 5));
    table.ask("partitions of a bad topic", "CreatePartitions", All, to("a/b", 5));
    table.ask("partitions of no topic", "CreatePartitions", All, json!({ "TimeoutMs": 10_000 }));
    let one = json!({ "Name": "grow-0", "Count": 9, "Assignments": null });
    let twice = json!({ "TimeoutMs": 10_000, "Topics": [one, one] });
    table.ask("partitions of a topic twice", "CreatePartitions", All, twice);
    for timeout in [0, -1] {
        let mut late = to("grow-0", 9);
        late["TimeoutMs"] = json!(timeout);
        table.ask(&format!("partitions within {timeout} ms"), "CreatePartitions", All, late);
    }
}

pub(crate) fn describe(table: &mut Table) {
    table.topics(&[("page-a", 3), ("page-b", 4), ("page-c", 1)]);
    let api = "DescribeTopicPartitions";
    let named = |names: &[&str]| names.iter().map(|name| json!({ "Name": name })).collect::<Value>();
    let all = ["page-c", "page-a", "page-b"];
    table.ask("describe topics", api, All, json!({ "Topics": named(&all) }));
    table.ask("describe a topic twice", api, All, json!({ "Topics": named(&["page-a", "page-a"]) }));
    table.ask("describe unknown and bad topics", api, All, json!({ "Topics": named(&["page-x", "a/b", "page-a"]) }));
    table.ask("describe a topic with an empty name", api, All, json!({ "Topics": named(&["page-a", ""]) }));
    for limit in [1, 2, 3, 4, 5, 7, 8, 0, -1] {
        let body = json!({ "Topics": named(&all), "ResponsePartitionLimit": limit });
        table.ask(&format!("describe topics, {limit} partitions at most"), api, All, body);
    }
    for (topic, partition) in [
        ("page-a", 0),
        ("page-a", 2),
        ("page-a", 3),
        ("page-b", 1),
        ("page-aa", 0),
        ("page-c", 1),
        ("page-z", 0),
        ("page-a", 9),
    ] {
        let cursor = json!({ "TopicName": topic, "PartitionIndex": partition });
        let body = json!({ "Topics": named(&all), "ResponsePartitionLimit": 3, "Cursor": cursor });
        table.ask(&format!("describe topics from {topic}-{partition} on"), api, All, body);
        let body = json!({ "Topics": [], "ResponsePartitionLimit": 2, "Cursor": cursor });
        table.ask(&format!("describe all topics from {topic}-{partition} on"), api, All, body);
    }
    let body = json!({ "Topics": named(&all), "Cursor": { "TopicName": "page-a", "PartitionIndex": -1 } });
    table.ask("describe topics from a negative partition on", api, All, body);
}

pub(crate) fn log_dirs(table: &mut Table) {
    table.topics(&[("sized", 2), ("sized-empty", 1)]);
    let body = json!({ "Acks": -1, "TimeoutMs": 10_000, "TopicData": [{ "Name": "sized", "PartitionData": [
        { "Index": 0, "Records": batches::batch(3) }, { "Index": 1, "Records": batches::batch(1) }] }] });
    for kind in [Kind::Reference, Kind::Millrace] {
        table.tell(kind, "Produce", 9, &body);
    }
    let of = |topic: &str, partitions: &[i32]| json!({ "Topics": [{ "Topic": topic, "Partitions": partitions }] });
    table.ask("log directories of partitions", "DescribeLogDirs", All, of("sized", &[0, 1]));
    table.ask("log directories of a partition", "DescribeLogDirs", All, of("sized", &[1]));
    table.ask("log directories of an empty partition", "DescribeLogDirs", All, of("sized-empty", &[0]));
    table.ask("log directories of a partition that is not there", "DescribeLogDirs", All, of("sized", &[7]));
    table.ask("log directories of an unknown topic", "DescribeLogDirs", All, of("unsized", &[0]));
    table.ask("log directories of no partitions", "DescribeLogDirs", All, of("sized", &[]));
    // What differs between disks is told as it is.
    for kind in [Kind::Reference, Kind::Millrace] {
        let told = table.tell(kind, "DescribeLogDirs", 4, &json!({ "Topics": [] })).answer()["Results"][0].clone();
        let [total, usable] = ["TotalBytes", "UsableBytes"].map(|field| told[field].as_i64().unwrap_or(-1));
        assert!(1 << 20 < usable && usable <= total, "{}: {told}", kind.name());
    }
    table.ask("log directories of no topics", "DescribeLogDirs", All, json!({ "Topics": [] }));
}
