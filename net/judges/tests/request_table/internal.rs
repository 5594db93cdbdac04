//! The brokers' own topics, as clients see them.

use millrace_judges::table::Span::All;
use millrace_judges::table::Table;
use millrace_judges::table::batches;
use serde_json::json;

use super::produce::to;

const OFFSETS: &str = "__consumer_offsets";

pub(crate) fn topics(table: &mut Table) {
    let group = json!({ "KeyType": 0, "CoordinatorKeys": ["a-group"] });
    table.until("FindCoordinator", 4, &group, |it| it["Coordinators"][0]["ErrorCode"] == 0);
    table.settle(OFFSETS, 4);
    table.ask("internal: produce", "Produce", All, to(OFFSETS, batches::batch(1)));
    let mut unheard = to(OFFSETS, batches::batch(1));
    unheard["Acks"] = json!(0);
    table.ask("internal: produce with acks 0", "Produce", All, unheard);
    let partitions = |partition: i32| json!([{ "PartitionIndex": partition, "Offset": 0 }]);
    for partition in [0, 4] {
        let topics = json!([{ "Name": OFFSETS, "Partitions": partitions(partition) }]);
        let body = json!({ "TimeoutMs": 10_000, "Topics": topics });
        table.ask(&format!("internal: delete records of partition {partition}"), "DeleteRecords", All, body);
    }
    let one = json!({ "Name": OFFSETS, "NumPartitions": 1, "ReplicationFactor": 1 });
    table.ask("internal: create", "CreateTopics", All, json!({ "Topics": [one] }));
    let fewer = json!({ "TimeoutMs": 10_000, "Topics": [{ "Name": OFFSETS, "Count": 2, "Assignments": null }] });
    table.ask("internal: fewer partitions", "CreatePartitions", All, fewer);
    let named = json!({ "Topics": [{ "Name": OFFSETS }] });
    table.ask("internal: metadata", "Metadata", All, named.clone());
    table.ask("internal: describe", "DescribeTopicPartitions", All, named);
    let resource = json!({ "ResourceType": 2, "ResourceName": OFFSETS, "ConfigurationKeys": null });
    table.ask("internal: settings", "DescribeConfigs", All, json!({ "Resources": [resource] }));
    let partition = json!({ "Partition": 3, "FetchOffset": 0, "PartitionMaxBytes": 1_000 });
    let body = json!({ "MaxWaitMs": 0, "MinBytes": 0, "MaxBytes": 1_000,
        "Topics": [{ "Topic": OFFSETS, "TopicId": format!("${OFFSETS}"), "Partitions": [partition] }] });
    table.ask("internal: fetch", "Fetch", All, body);
    for (what, setting, value) in [
        ("a setting", "retention.ms", "1000"),
        ("a bad setting", "retention.ms", "x"),
        ("an unknown setting", "retention.mss", "1"),
    ] {
        let config = json!({ "Name": setting, "ConfigOperation": 0, "Value": value });
        let resource = json!({ "ResourceType": 2, "ResourceName": OFFSETS, "Configs": [config] });
        let body = json!({ "Resources": [resource], "ValidateOnly": true });
        table.ask(&format!("internal: check {what}"), "IncrementalAlterConfigs", All, body);
    }
}
