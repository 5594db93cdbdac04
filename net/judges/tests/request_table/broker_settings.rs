//! Settings of brokers: what is shown of them, which can be changed while a broker runs, and what is refused.

use millrace_base::broker_config::SETTINGS;
use millrace_base::topic_config;
use millrace_judges::table::Span::All;
use millrace_judges::table::{Table, batches};
use serde_json::{Value, json};

/// Kafka's resource types.
const TOPIC: i8 = 2;
const BROKER: i8 = 4;
const LOGGER: i8 = 8;
/// Kafka's operations.
const SET: i8 = 0;
const DELETE: i8 = 1;
const APPEND: i8 = 2;
const SUBTRACT: i8 = 3;
const EDIT: &str = "IncrementalAlterConfigs";
/// What each broker of the table is started with differently, or has of its own.
const OWN: [&str; 7] = [
    "advertised.listeners",
    "group.initial.rebalance.delay.ms",
    "listeners",
    "log.dirs",
    "node.id",
    "offsets.topic.num.partitions",
    "offsets.topic.replication.factor",
];

/// The settings of Kafka's that Millrace has.
fn known() -> impl Iterator<Item = &'static str> {
    SETTINGS.iter().map(|setting| setting.name).filter(|name| !name.starts_with("millrace."))
}

fn edit(name: &str, operation: i8, value: Value) -> Value {
    json!({ "Name": name, "ConfigOperation": operation, "Value": value })
}

fn of(kind: i8, resource: &str, configs: &[Value]) -> Value {
    json!({ "Resources": [{ "ResourceType": kind, "ResourceName": resource, "Configs": configs }] })
}

fn checked(kind: i8, resource: &str, configs: &[Value]) -> Value {
    let mut body = of(kind, resource, configs);
    body["ValidateOnly"] = json!(true);
    body
}

fn described(kind: i8, resource: &str, keys: &[&str]) -> Value {
    let asked = json!({ "ResourceType": kind, "ResourceName": resource, "ConfigurationKeys": keys });
    json!({ "Resources": [asked], "IncludeSynonyms": true, "IncludeDocumentation": true })
}

/// Each setting that both know: value, source, synonyms, kind, and whether it can be changed.
pub(crate) fn show(table: &mut Table) {
    for name in known().filter(|name| !OWN.contains(name)) {
        table.ask(&format!("shown: {name}"), "DescribeConfigs", 4, described(BROKER, "1", &[name]));
    }
    table.ask("shown: of all brokers", "DescribeConfigs", All, described(BROKER, "", &["num.partitions"]));
}

/// What may be set for a broker and for all of them, and what bad values are told.
pub(crate) fn refusals(table: &mut Table) {
    table.topics(&[("bad-values", 1)]);
    for (broker, whose) in [("1", "a broker"), ("", "all brokers")] {
        for name in known() {
            let row = format!("checked: {name}='1' for {whose}");
            table.ask(&row, EDIT, 1, checked(BROKER, broker, &[edit(name, SET, json!("1"))]));
        }
    }
    for name in ["num.partitions", "message.max.bytes", "node.id"] {
        table.ask(
            &format!("checked: delete {name}"),
            EDIT,
            1,
            checked(BROKER, "1", &[edit(name, DELETE, json!(null))]),
        );
    }
    for name in known().filter(|name| is_dynamic(name)) {
        for value in ["soon", "-5", "", "1.5"] {
            let row = format!("checked: {name}='{value}'");
            table.ask(&row, EDIT, 1, checked(BROKER, "", &[edit(name, SET, json!(value))]));
        }
    }
    for setting in topic_config::SETTINGS.iter().filter(|setting| !setting.name.starts_with("millrace.")) {
        for value in ["soon", "-5", ""] {
            let row = format!("checked: {}='{value}' of a topic", setting.name);
            table.ask(&row, EDIT, 1, checked(TOPIC, "bad-values", &[edit(setting.name, SET, json!(value))]));
        }
    }
    for operation in [APPEND, SUBTRACT] {
        for name in ["log.cleanup.policy", "message.max.bytes"] {
            let row = format!("checked: operation {operation} on {name}");
            table.ask(&row, EDIT, 1, checked(BROKER, "1", &[edit(name, operation, json!("compact"))]));
        }
    }
    let twice = [edit("message.max.bytes", SET, json!("5000")), edit("message.max.bytes", SET, json!("6000"))];
    table.ask("checked: a name twice", EDIT, 1, checked(BROKER, "1", &twice));
    let half = [edit("message.max.bytes", SET, json!("5000")), edit("num.partitions", SET, json!("6"))];
    table.ask("checked: one good, one bad", EDIT, 1, checked(BROKER, "1", &half));
    table.ask("checked: nothing", EDIT, All, checked(BROKER, "1", &[]));
    table.ask("checked: a null", EDIT, 1, checked(BROKER, "1", &[edit("message.max.bytes", SET, json!(null))]));
    table.ask("checked: a logger", EDIT, 1, checked(LOGGER, "1", &[edit("kafka", SET, json!("DEBUG"))]));
}

/// Whether Kafka and Millrace both let a setting be changed while a broker runs.
fn is_dynamic(name: &str) -> bool {
    millrace_base::broker_config::is_dynamic(name)
}

/// What is changed is shown with its source, is what topics inherit, and holds at once.
pub(crate) fn changes(table: &mut Table) {
    table.topics(&[("inheriting", 1)]);
    let name = "message.max.bytes";
    let shows = |table: &mut Table, row: &str, value: &str| {
        table.until("DescribeConfigs", 4, &described(BROKER, "1", &[name]), |it| {
            it["Results"][0]["Configs"][0]["Value"] == value
        });
        table.ask(&format!("{row}: the broker"), "DescribeConfigs", All, described(BROKER, "1", &[name]));
        table.ask(&format!("{row}: all brokers"), "DescribeConfigs", All, described(BROKER, "", &[name]));
        let of_topic = described(TOPIC, "inheriting", &["max.message.bytes"]);
        table.ask(&format!("{row}: a topic"), "DescribeConfigs", All, of_topic);
    };
    let topic = json!({ "Name": "inheriting", "PartitionData": [{ "Index": 0, "Records": batches::batch(5) }] });
    let produce = json!({ "Acks": -1, "TimeoutMs": 10_000, "TopicData": [topic] });
    table.ask("changed: set for all", EDIT, All, of(BROKER, "", &[edit(name, SET, json!("2000000"))]));
    shows(table, "changed: set for all", "2000000");
    table.ask("changed: set for one", EDIT, All, of(BROKER, "1", &[edit(name, SET, json!("100"))]));
    shows(table, "changed: set for one", "100");
    table.until("Produce", 9, &produce, |it| it["Responses"][0]["PartitionResponses"][0]["ErrorCode"] == 10);
    table.ask("changed: a batch is too large now", "Produce", 9, produce.clone());
    table.ask("changed: delete for one", EDIT, All, of(BROKER, "1", &[edit(name, DELETE, json!(null))]));
    shows(table, "changed: deleted for one", "2000000");
    let value = json!([{ "Name": name, "Value": "3000000" }]);
    table.ask(
        "changed: replace for all",
        "AlterConfigs",
        All,
        json!({ "Resources": [{ "ResourceType": BROKER,
        "ResourceName": "1", "Configs": value }] }),
    );
    shows(table, "changed: replaced for one", "3000000");
    table.ask("changed: replace by nothing", "AlterConfigs", All, of(BROKER, "1", &[]));
    table.ask("changed: delete for all", EDIT, All, of(BROKER, "", &[edit(name, DELETE, json!(null))]));
    shows(table, "changed: as it was", "1048588");
    table.until("Produce", 9, &produce, |it| it["Responses"][0]["PartitionResponses"][0]["ErrorCode"] == 0);
}

pub(crate) fn scram(table: &mut Table) {
    let api = "DescribeUserScramCredentials";
    for (what, users) in [
        ("everybody", json!(null)),
        ("nobody", json!([])),
        ("somebody", json!([{ "Name": "a" }])),
        ("somebody twice", json!([{ "Name": "a" }, { "Name": "a" }, { "Name": "b" }])),
        ("an empty name", json!([{ "Name": "" }])),
    ] {
        table.ask(&format!("SCRAM credentials of {what}"), api, All, json!({ "Users": users }));
    }
}
