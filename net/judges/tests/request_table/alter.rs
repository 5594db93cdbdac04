//! AlterConfigs and IncrementalAlterConfigs.

use millrace_judges::table::Span::All;
use millrace_judges::table::Table;
use millrace_judges::table::batches;
use serde_json::{Value, json};

/// Kafka's resource types.
const TOPIC: i8 = 2;
const BROKER: i8 = 4;
/// Kafka's operations.
const SET: i8 = 0;
const DELETE: i8 = 1;
const APPEND: i8 = 2;
const SUBTRACT: i8 = 3;
/// Every setting of a topic, with a value that is not its default.
const SETTINGS: [(&str, &str); 33] = [
    ("cleanup.policy", "compact"),
    ("compression.gzip.level", "5"),
    ("compression.lz4.level", "5"),
    ("compression.type", "gzip"),
    ("compression.zstd.level", "5"),
    ("delete.retention.ms", "1000"),
    ("file.delete.delay.ms", "1000"),
    ("flush.messages", "5"),
    ("flush.ms", "1000"),
    ("follower.replication.throttled.replicas", "*"),
    ("index.interval.bytes", "1000"),
    ("leader.replication.throttled.replicas", "0:1"),
    ("local.retention.bytes", "1000"),
    ("local.retention.ms", "1000"),
    ("max.compaction.lag.ms", "1000"),
    ("max.message.bytes", "5000"),
    ("message.timestamp.after.max.ms", "1000"),
    ("message.timestamp.before.max.ms", "1000"),
    ("message.timestamp.type", "LogAppendTime"),
    ("min.cleanable.dirty.ratio", "0.25"),
    ("min.compaction.lag.ms", "1000"),
    ("min.insync.replicas", "2"),
    ("preallocate", "true"),
    ("remote.log.copy.disable", "true"),
    ("remote.log.delete.on.disable", "true"),
    ("remote.storage.enable", "true"),
    ("retention.bytes", "1000000"),
    ("retention.ms", "1000000"),
    ("segment.bytes", "2097152"),
    ("segment.index.bytes", "1000"),
    ("segment.jitter.ms", "1000"),
    ("segment.ms", "1000000"),
    ("unclean.leader.election.enable", "true"),
];

fn resource(resource_type: i8, name: &str, configs: &[Value]) -> Value {
    json!({ "ResourceType": resource_type, "ResourceName": name, "Configs": configs })
}

fn of(resource_type: i8, name: &str, configs: &[Value]) -> Value {
    json!({ "Resources": [resource(resource_type, name, configs)] })
}

fn edit(name: &str, operation: i8, value: Value) -> Value {
    json!({ "Name": name, "ConfigOperation": operation, "Value": value })
}

fn set(name: &str, value: &str) -> Value {
    json!({ "Name": name, "Value": value })
}

/// What is set on a topic, once a setting has the value that it should have.
fn show(table: &mut Table, row: &str, topic: &str, name: &str, value: &str) {
    let one = json!({ "Resources": [{ "ResourceType": TOPIC, "ResourceName": topic, "ConfigurationKeys": [name] }] });
    table.until("DescribeConfigs", 4, &one, |it| it["Results"][0]["Configs"][0]["Value"] == value);
    let keys = json!(["cleanup.policy", "retention.ms", "max.message.bytes", "segment.bytes"]);
    let all = json!({ "Resources": [{ "ResourceType": TOPIC, "ResourceName": topic, "ConfigurationKeys": keys }] });
    table.ask(row, "DescribeConfigs", 4, all);
}

pub(crate) fn incremental(table: &mut Table) {
    let api = "IncrementalAlterConfigs";
    table.topics(&[("edited", 1)]);
    table.ask(
        "edit: set",
        api,
        All,
        of(TOPIC, "edited", &[edit("retention.ms", SET, json!("77000")), edit("segment.bytes", SET, json!("2000000"))]),
    );
    show(table, "edit: after set", "edited", "retention.ms", "77000");
    table.ask("edit: set the same again", api, All, of(TOPIC, "edited", &[edit("retention.ms", SET, json!("77000"))]));
    table.ask("edit: delete", api, All, of(TOPIC, "edited", &[edit("retention.ms", DELETE, json!(null))]));
    show(table, "edit: after delete", "edited", "retention.ms", "360000000000");
    table.ask(
        "edit: delete what is not set",
        api,
        All,
        of(TOPIC, "edited", &[edit("retention.ms", DELETE, json!(null))]),
    );
    table.ask(
        "edit: delete an unknown name",
        api,
        All,
        of(TOPIC, "edited", &[edit("unknown.name", DELETE, json!(null))]),
    );
    table.ask("edit: delete with a value", api, All, of(TOPIC, "edited", &[edit("segment.bytes", DELETE, json!("1"))]));
    show(table, "edit: after delete with a value", "edited", "segment.bytes", "1073741824");
    table.ask("edit: append", api, All, of(TOPIC, "edited", &[edit("cleanup.policy", APPEND, json!("compact"))]));
    show(table, "edit: after append", "edited", "cleanup.policy", "delete,compact");
    table.ask(
        "edit: append what is there",
        api,
        All,
        of(TOPIC, "edited", &[edit("cleanup.policy", APPEND, json!("compact"))]),
    );
    table.ask("edit: subtract", api, All, of(TOPIC, "edited", &[edit("cleanup.policy", SUBTRACT, json!("compact"))]));
    show(table, "edit: after subtract", "edited", "cleanup.policy", "delete");
    table.ask(
        "edit: append a bad entry",
        api,
        All,
        of(TOPIC, "edited", &[edit("cleanup.policy", APPEND, json!("keep"))]),
    );
    for operation in [APPEND, SUBTRACT] {
        table.ask(
            &format!("edit: operation {operation} on what is no list"),
            api,
            All,
            of(TOPIC, "edited", &[edit("retention.ms", operation, json!("5"))]),
        );
    }
    for operation in [4, -1] {
        table.ask(
            &format!("edit: operation {operation}, which there is not"),
            api,
            All,
            of(TOPIC, "edited", &[edit("retention.ms", operation, json!("5"))]),
        );
    }
    for operation in [SET, APPEND, SUBTRACT] {
        table.ask(
            &format!("edit: null for operation {operation}"),
            api,
            All,
            of(TOPIC, "edited", &[edit("cleanup.policy", operation, json!(null))]),
        );
    }
    for (what, name, value) in [
        ("an unknown name", "unknown.name", "1"),
        ("an empty name", "", "1"),
        ("a bad number", "retention.ms", "soon"),
        ("a number out of range", "segment.bytes", "1"),
        ("a bad choice", "message.timestamp.type", "Never"),
        ("an empty value", "retention.ms", ""),
    ] {
        table.ask(&format!("edit: set {what}"), api, All, of(TOPIC, "edited", &[edit(name, SET, json!(value))]));
    }
    let long = [edit("cleanup.policy", SET, json!("x".repeat(40_000)))];
    table.ask("edit: set a value that is too long", api, 1, of(TOPIC, "edited", &long));
    let twice = [edit("retention.ms", SET, json!("5")), edit("retention.ms", SET, json!("6"))];
    table.ask("edit: a name twice", api, All, of(TOPIC, "edited", &twice));
    let half = [edit("retention.ms", SET, json!("5")), edit("segment.bytes", SET, json!("5"))];
    table.ask("edit: one good, one bad", api, All, of(TOPIC, "edited", &half));
    show(table, "edit: after one good, one bad", "edited", "retention.ms", "360000000000");
    table.ask("edit: nothing", api, All, of(TOPIC, "edited", &[]));
    let mut checked = of(TOPIC, "edited", &[edit("retention.ms", SET, json!("5"))]);
    checked["ValidateOnly"] = json!(true);
    table.ask("edit: only checked", api, All, checked);
    unusual(table, api, &[edit("retention.ms", SET, json!("5"))]);
    for (name, value) in SETTINGS {
        let topic = format!("edited-{name}");
        table.topics(&[(&topic, 1)]);
        table.ask(&format!("edit: the setting {name}"), api, All, of(TOPIC, &topic, &[edit(name, SET, json!(value))]));
    }
}

pub(crate) fn replacing(table: &mut Table) {
    let api = "AlterConfigs";
    table.topics(&[("replaced", 1)]);
    table.ask(
        "replace: two settings",
        api,
        All,
        of(TOPIC, "replaced", &[set("retention.ms", "77000"), set("max.message.bytes", "3000")]),
    );
    show(table, "replace: after two settings", "replaced", "retention.ms", "77000");
    table.ask("replace: another setting", api, All, of(TOPIC, "replaced", &[set("segment.bytes", "2000000")]));
    show(table, "replace: after another setting", "replaced", "segment.bytes", "2000000");
    table.ask("replace: a null", api, All, of(TOPIC, "replaced", &[json!({ "Name": "retention.ms", "Value": null })]));
    table.ask("replace: an unknown name", api, All, of(TOPIC, "replaced", &[set("unknown.name", "1")]));
    table.ask("replace: a bad value", api, All, of(TOPIC, "replaced", &[set("retention.ms", "soon")]));
    table.ask(
        "replace: a name twice",
        api,
        All,
        of(TOPIC, "replaced", &[set("retention.ms", "5"), set("retention.ms", "6")]),
    );
    table.ask("replace: nothing", api, All, of(TOPIC, "replaced", &[]));
    show(table, "replace: after nothing", "replaced", "segment.bytes", "1073741824");
    unusual(table, api, &[set("retention.ms", "5")]);
}

/// Resources that are none, or no topics.
fn unusual(table: &mut Table, api: &str, configs: &[Value]) {
    let ask = |table: &mut Table, row: &str, body: Value| drop(table.ask(&format!("{api}: {row}"), api, All, body));
    ask(table, "an unknown topic", of(TOPIC, "unedited", configs));
    ask(table, "a bad topic", of(TOPIC, "a/b", configs));
    ask(table, "an empty topic", of(TOPIC, "", configs));
    ask(table, "no resources", json!({ "Resources": [] }));
    for resource_type in [0, 1, 3, 99, -1] {
        ask(table, &format!("a resource of type {resource_type}"), of(resource_type, "1", configs));
    }
    ask(table, "another broker", of(BROKER, "7", configs));
    ask(table, "a broker that is no number", of(BROKER, "one", configs));
    let one = resource(TOPIC, "unedited", configs);
    table.ask(&format!("{api}: a topic twice"), api, 1, json!({ "Resources": [one, one] }));
    ask(table, "two topics", json!({ "Resources": [one, resource(TOPIC, "a/b", configs)] }));
}

/// What is changed holds for what is produced from then on, on whatever core the partition lives.
pub(crate) fn effect(table: &mut Table) {
    table.topics(&[("effective", 4)]);
    let produce = |partition: i32| {
        let partitions = json!([{ "Index": partition, "Records": batches::batch(5) }]);
        json!({ "Acks": -1, "TimeoutMs": 10_000, "TopicData": [{ "Name": "effective", "PartitionData": partitions }] })
    };
    for partition in 0..4 {
        table.ask("effect: before", "Produce", 9, produce(partition));
    }
    let small = of(
        TOPIC,
        "effective",
        &[edit("max.message.bytes", SET, json!("100")), edit("message.timestamp.type", SET, json!("LogAppendTime"))],
    );
    table.ask("effect: change", "IncrementalAlterConfigs", 1, small);
    for partition in 0..4 {
        table.until("Produce", 9, &produce(partition), |it| {
            it["Responses"][0]["PartitionResponses"][0]["ErrorCode"] == 10
        });
        table.ask("effect: too large now", "Produce", 9, produce(partition));
    }
    let large = of(TOPIC, "effective", &[edit("max.message.bytes", DELETE, json!(null))]);
    table.ask("effect: change back", "IncrementalAlterConfigs", 1, large);
    for partition in 0..4 {
        table.until("Produce", 9, &produce(partition), |it| {
            it["Responses"][0]["PartitionResponses"][0]["ErrorCode"] == 0
        });
    }
}
