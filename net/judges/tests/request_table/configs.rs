//! DescribeConfigs.

use millrace_judges::table::Span::All;
use millrace_judges::table::Table;
use serde_json::{Value, json};

/// Kafka's resource types.
const TOPIC: i8 = 2;
const BROKER: i8 = 4;
const GROUP: i8 = 32;

fn of(resource_type: i8, name: &str, keys: Value) -> Value {
    json!({ "Resources": [{ "ResourceType": resource_type, "ResourceName": name, "ConfigurationKeys": keys }] })
}

pub(crate) fn describe(table: &mut Table) {
    let settings = [("retention.ms", "5000"), ("segment.bytes", "2097152"), ("max.message.bytes", "1000")];
    table.topic("described", 1, &settings);
    table.ask(
        "settings of a topic, one by one",
        "DescribeConfigs",
        All,
        of(
            TOPIC,
            "described",
            json!(["retention.ms", "segment.ms", "max.message.bytes", "cleanup.policy", "unknown.setting"]),
        ),
    );
    table.ask("all settings of a topic", "DescribeConfigs", All, of(TOPIC, "described", json!(null)));
    table.ask("no settings of a topic", "DescribeConfigs", All, of(TOPIC, "described", json!([])));
    let mut body = of(TOPIC, "described", json!(null));
    body["IncludeSynonyms"] = json!(true);
    table.ask("all settings of a topic, with synonyms", "DescribeConfigs", All, body.clone());
    body["IncludeDocumentation"] = json!(true);
    table.ask("all settings of a topic, with documentation", "DescribeConfigs", 3..=4, body);
    table.ask("settings of an unknown topic", "DescribeConfigs", All, of(TOPIC, "undescribed", json!(null)));
    table.ask("settings of a bad topic", "DescribeConfigs", All, of(TOPIC, "a/b", json!(null)));
    table.ask("settings of an empty topic", "DescribeConfigs", All, of(TOPIC, "", json!(null)));
    let some = json!(["num.partitions", "log.retention.hours", "message.max.bytes"]);
    table.ask("settings of the broker", "DescribeConfigs", All, of(BROKER, "1", some.clone()));
    table.ask("settings of all brokers", "DescribeConfigs", All, of(BROKER, "", some.clone()));
    table.ask("settings of another broker", "DescribeConfigs", All, of(BROKER, "2", some.clone()));
    table.ask("settings of a broker that is no number", "DescribeConfigs", All, of(BROKER, "one", some));
    table.ask("settings of nothing", "DescribeConfigs", All, json!({ "Resources": [] }));
    for resource_type in [0, 1, 3, 5, 99, -1] {
        table.ask(
            &format!("settings of a resource of type {resource_type}"),
            "DescribeConfigs",
            All,
            of(resource_type, "x", json!(null)),
        );
    }
    let two = json!({ "Resources": [
        { "ResourceType": TOPIC, "ResourceName": "described", "ConfigurationKeys": ["retention.ms"] },
        { "ResourceType": TOPIC, "ResourceName": "undescribed", "ConfigurationKeys": ["retention.ms"] },
    ] });
    table.ask("settings of two topics, one unknown", "DescribeConfigs", All, two);
}

/// What groups of the consumer protocol are told to do: set for one of them, or a default.
pub(crate) fn of_groups(table: &mut Table) {
    let keys = json!(["consumer.session.timeout.ms", "consumer.heartbeat.interval.ms"]);
    let shown = |name: &str| {
        let mut body = of(GROUP, name, keys.clone());
        body["IncludeSynonyms"] = json!(true);
        body
    };
    let edit = |name: &str, setting: &str, operation: i8, value: Value| {
        let config = json!({ "Name": setting, "ConfigOperation": operation, "Value": value });
        json!({ "Resources": [{ "ResourceType": GROUP, "ResourceName": name, "Configs": [config] }] })
    };
    const SESSION: &str = "consumer.session.timeout.ms";
    table.ask("settings of a group without any", "DescribeConfigs", All, shown("set"));
    table.ask("settings of a group without a name", "DescribeConfigs", All, shown(""));
    for (what, name, setting, operation, value) in [
        ("of a group without a name", "", SESSION, 0, json!("50000")),
        ("of an unknown name", "set", "consumer.session.timeout", 0, json!("50000")),
        ("that is no number", "set", SESSION, 0, json!("soon")),
        ("below what is allowed", "set", SESSION, 0, json!("1")),
        ("that is right", "set", SESSION, 0, json!("50000")),
    ] {
        let body = edit(name, setting, operation, value);
        table.ask(&format!("a group's setting {what}"), "IncrementalAlterConfigs", All, body);
    }
    table.until("DescribeConfigs", 4, &shown("set"), |it| it.to_string().contains("50000"));
    table.ask("settings of a group", "DescribeConfigs", All, shown("set"));
    table.ask("groups with settings", "ListConfigResources", 1, json!({ "ResourceTypes": [GROUP] }));
    let removed = edit("set", SESSION, 1, json!(null));
    table.ask("a group's setting is removed", "IncrementalAlterConfigs", All, removed);
    let config = json!({ "Name": SESSION, "Value": "51000" });
    let replaced = json!({ "Resources": [{ "ResourceType": GROUP, "ResourceName": "replaced", "Configs": [config] }] });
    table.ask("a group's settings are replaced", "AlterConfigs", All, replaced);
}
