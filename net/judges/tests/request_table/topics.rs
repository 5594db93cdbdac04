//! CreateTopics and DeleteTopics.

use millrace_judges::table::Span::All;
use millrace_judges::table::Table;
use serde_json::{Value, json};

/// A request for one topic.
fn one(topic: Value) -> Value {
    json!({ "Topics": [topic], "timeoutMs": 10_000 })
}

fn plain(name: &str) -> Value {
    json!({ "Name": name, "NumPartitions": 1, "ReplicationFactor": 1 })
}

fn with(name: &str, changes: Value) -> Value {
    let mut topic = plain(name);
    for (member, value) in changes.as_object().unwrap() {
        topic[member] = value.clone();
    }
    topic
}

pub(crate) fn create(table: &mut Table) {
    table.ask("create a topic", "CreateTopics", All, one(plain("create-$v")));
    for version in 2..=7 {
        table.settle(&format!("create-{version}"), 1);
    }
    table.ask("create a topic that exists", "CreateTopics", All, one(plain("create-$v")));
    table.ask(
        "create topics with defaults",
        "CreateTopics",
        4..=7,
        one(with("create-default-$v", json!({ "NumPartitions": -1, "ReplicationFactor": -1 }))),
    );
    table.ask(
        "create topics with defaults, too early",
        "CreateTopics",
        2..=3,
        one(with("create-default-$v", json!({ "NumPartitions": -1, "ReplicationFactor": -1 }))),
    );
    table.ask("create no topics", "CreateTopics", All, json!({ "Topics": [] }));
    let only_checked = |topic: Value| json!({ "Topics": [topic], "validateOnly": true });
    table.ask("check a topic", "CreateTopics", All, only_checked(plain("create-checked")));
    table.ask("check a topic that exists", "CreateTopics", All, only_checked(plain("create-2")));
    let two = json!({ "Topics": [plain("create-twice"), plain("create-twice"), plain("create-once-$v")] });
    table.ask("create a topic twice in a request", "CreateTopics", All, two);
    let mixed = json!({ "Topics": [plain("create-good-$v"), plain("create bad"), plain("create-2")] });
    table.ask("create good and bad topics", "CreateTopics", All, mixed);

    for (what, name) in [
        ("empty", ""),
        ("a dot", "."),
        ("two dots", ".."),
        ("a slash", "a/b"),
        ("a space", "a b"),
        ("a letter of no ASCII", "ä"),
        ("too long", &*"x".repeat(250)),
        ("Kafka's own", "__cluster_metadata"),
    ] {
        table.ask(&format!("create a topic whose name is bad: {what}"), "CreateTopics", All, one(plain(name)));
    }
    table.ask("create a topic of the longest name", "CreateTopics", 7, one(plain(&"x".repeat(249))));
    table.ask("create a topic with a dot", "CreateTopics", 7, one(plain("create.dotted_$v")));
    table.ask("create a topic that collides", "CreateTopics", All, one(plain("create_dotted.7")));

    for (what, changes) in [
        ("no partitions", json!({ "NumPartitions": 0 })),
        ("-2 partitions", json!({ "NumPartitions": -2 })),
        ("no replicas", json!({ "ReplicationFactor": 0 })),
        ("-2 replicas", json!({ "ReplicationFactor": -2 })),
        ("more replicas than brokers", json!({ "ReplicationFactor": 2 })),
        ("too many partitions", json!({ "NumPartitions": 10_001 })),
        (
            "an assignment and partitions",
            json!({ "ReplicationFactor": -1, "Assignments": [{ "PartitionIndex": 0, "BrokerIds": [1] }] }),
        ),
        (
            "an assignment and replicas",
            json!({ "NumPartitions": -1, "Assignments": [{ "PartitionIndex": 0, "BrokerIds": [1] }] }),
        ),
    ] {
        table.ask(&format!("create a topic with {what}"), "CreateTopics", All, one(with("create-bad", changes)));
    }
    let assigned = |name: &str, assignments: Value| {
        with(name, json!({ "NumPartitions": -1, "ReplicationFactor": -1, "Assignments": assignments }))
    };
    let at = |partition: i32, brokers: &[i32]| json!({ "PartitionIndex": partition, "BrokerIds": brokers });
    table.ask(
        "create a topic with an assignment",
        "CreateTopics",
        All,
        one(assigned("create-assigned-$v", json!([at(1, &[1]), at(0, &[1])]))),
    );
    for (what, assignments) in [
        ("an unknown broker", json!([at(0, &[9])])),
        ("a broker twice", json!([at(0, &[1, 1])])),
        ("no broker", json!([at(0, &[])])),
        ("a partition twice", json!([at(0, &[1]), at(0, &[1])])),
        ("a partition left out", json!([at(0, &[1]), at(2, &[1])])),
        ("a negative partition", json!([at(-1, &[1]), at(0, &[1])])),
        ("no first partition", json!([at(1, &[1])])),
        ("other counts of replicas", json!([at(0, &[1]), at(1, &[1, 9])])),
    ] {
        table.ask(
            &format!("create a topic with an assignment of {what}"),
            "CreateTopics",
            All,
            one(assigned("create-bad", assignments)),
        );
    }

    let set = |settings: Value| with("create-bad", json!({ "Configs": settings }));
    let setting = |name: &str, value: Value| json!({ "Name": name, "Value": value });
    for (what, settings) in [
        ("of an unknown name", json!([setting("segment.byts", json!("1048576"))])),
        ("of an empty name", json!([setting("", json!("1"))])),
        ("that is null", json!([setting("segment.bytes", json!(null))])),
        ("below its range", json!([setting("segment.bytes", json!("10"))])),
        ("that is no number", json!([setting("segment.bytes", json!("ten"))])),
        ("beyond its type", json!([setting("segment.bytes", json!("2147483648"))])),
        ("that is empty", json!([setting("retention.ms", json!(""))])),
        ("that is no boolean", json!([setting("preallocate", json!("yes"))])),
        ("that is none of the choices", json!([setting("cleanup.policy", json!("keep"))])),
        (
            "one good, one bad",
            json!([setting("retention.ms", json!("1000")), setting("cleanup.policy", json!("keep"))]),
        ),
    ] {
        table.ask(&format!("create a topic with a setting {what}"), "CreateTopics", All, one(set(settings)));
    }
    let configured = json!({ "Configs": [
        setting("retention.ms", json!("3600000")), setting("segment.bytes", json!(" 2097152 ")),
        setting("message.timestamp.type", json!("LogAppendTime")), setting("max.message.bytes", json!("1000")),
    ] });
    table.ask("create a topic with settings", "CreateTopics", All, one(with("create-configured-$v", configured)));
    let twice = json!({ "Configs": [setting("retention.ms", json!("1")), setting("retention.ms", json!("2"))] });
    table.ask(
        "create a topic with a setting twice",
        "CreateTopics",
        All,
        one(with("create-configured-twice-$v", twice)),
    );
    for timeout in [0, -1] {
        let body = json!({ "Topics": [plain("create-late")], "timeoutMs": timeout });
        table.ask(&format!("create a topic within {timeout} ms"), "CreateTopics", All, body);
    }
}

pub(crate) fn delete(table: &mut Table) {
    for version in 1..=6 {
        table.topics(&[(&format!("delete-{version}"), 2)]);
    }
    table.ask(
        "delete a topic by name",
        "DeleteTopics",
        1..=5,
        json!({ "TimeoutMs": 10_000, "TopicNames": ["delete-$v"] }),
    );
    table.ask(
        "delete a topic by name",
        "DeleteTopics",
        6,
        json!({ "TimeoutMs": 10_000, "Topics": [{ "Name": "delete-$v" }] }),
    );
    for version in 1..=6 {
        table.settle_deleted(&format!("delete-{version}"));
    }
    table.ask(
        "delete an unknown topic",
        "DeleteTopics",
        1..=5,
        json!({ "TimeoutMs": 10_000, "TopicNames": ["delete-$v"] }),
    );
    table.ask(
        "delete an unknown topic",
        "DeleteTopics",
        6,
        json!({ "TimeoutMs": 10_000, "Topics": [{ "Name": "delete-$v" }] }),
    );
    table.ask(
        "delete a topic whose name is bad",
        "DeleteTopics",
        1..=5,
        json!({ "TimeoutMs": 10_000, "TopicNames": ["a/b", ""] }),
    );
    table.ask(
        "delete a topic whose name is bad",
        "DeleteTopics",
        6,
        json!({ "TimeoutMs": 10_000, "Topics": [{ "Name": "a/b" }] }),
    );
    table.ask("delete no topics", "DeleteTopics", All, json!({ "TimeoutMs": 10_000 }));
    table.topics(&[("delete-id", 1), ("delete-twice", 1), ("delete-both", 1)]);
    table.ask(
        "delete a topic by id",
        "DeleteTopics",
        6,
        json!({ "TimeoutMs": 10_000, "Topics": [{ "TopicId": "$delete-id" }] }),
    );
    table.settle_deleted("delete-id");
    table.ask(
        "delete an id that is gone",
        "DeleteTopics",
        6,
        json!({ "TimeoutMs": 10_000, "Topics": [{ "TopicId": "$delete-id" }] }),
    );
    table.ask(
        "delete an id that never was",
        "DeleteTopics",
        6,
        json!({ "TimeoutMs": 10_000, "Topics": [{ "TopicId": "0123456789abcdef0123456789abcdef" }] }),
    );
    table.ask("delete neither name nor id", "DeleteTopics", 6, json!({ "TimeoutMs": 10_000, "Topics": [{}] }));
    table.ask(
        "delete both name and id",
        "DeleteTopics",
        6,
        json!({ "TimeoutMs": 10_000, "Topics": [{ "Name": "delete-both", "TopicId": "$delete-both" }] }),
    );
    table.ask("delete an empty name", "DeleteTopics", 6, json!({ "TimeoutMs": 10_000, "Topics": [{ "Name": "" }] }));
    table.ask(
        "delete a topic twice by name",
        "DeleteTopics",
        6,
        json!({ "TimeoutMs": 10_000, "Topics": [{ "Name": "delete-twice" }, { "Name": "delete-twice" }] }),
    );
    table.ask(
        "delete a topic by name and by id",
        "DeleteTopics",
        6,
        json!({ "TimeoutMs": 10_000, "Topics": [{ "Name": "delete-both" }, { "TopicId": "$delete-both" }] }),
    );
    table.ask(
        "delete an id twice",
        "DeleteTopics",
        6,
        json!({ "TimeoutMs": 10_000, "Topics": [{ "TopicId": "$delete-both" }, { "TopicId": "$delete-both" }] }),
    );
    let twice_each = ["delete-both", "delete-late", "delete-both", "delete-late"].map(|name| json!({ "Name": name }));
    table.ask("delete two topics twice each", "DeleteTopics", 6, json!({ "TimeoutMs": 10_000, "Topics": twice_each }));
    table.topics(&[("delete-named", 1), ("delete-numbered", 1)]);
    let one_each = json!([{ "Name": "delete-named" }, { "TopicId": "$delete-numbered" }]);
    table.ask(
        "delete a topic by name and another by id",
        "DeleteTopics",
        6,
        json!({ "TimeoutMs": 10_000, "Topics": one_each }),
    );
    table.ask(
        "delete two names, one unknown",
        "DeleteTopics",
        1..=5,
        json!({ "TimeoutMs": 10_000, "TopicNames": ["delete-unknown", "delete-unknown-too"] }),
    );
    table.topics(&[("delete-late", 1)]);
    for timeout in [0, -1] {
        let named = json!({ "TimeoutMs": timeout, "TopicNames": ["delete-late"] });
        table.ask(&format!("delete a topic within {timeout} ms"), "DeleteTopics", 1..=5, named);
        let named = json!({ "TimeoutMs": timeout, "Topics": [{ "Name": "delete-late" }] });
        table.ask(&format!("delete a topic within {timeout} ms"), "DeleteTopics", 6, named);
    }
}

/// Where `delete.topic.enable` is false.
pub(crate) fn not_deleted(table: &mut Table) {
    table.topics(&[("kept", 1)]);
    for name in ["kept", "kept-unknown"] {
        let named = json!({ "TimeoutMs": 10_000, "TopicNames": [name] });
        table.ask(&format!("disabled: delete {name}"), "DeleteTopics", 1..=5, named);
        let named = json!({ "TimeoutMs": 10_000, "Topics": [{ "Name": name }] });
        table.ask(&format!("disabled: delete {name}"), "DeleteTopics", 6, named);
    }
    let by_id = json!({ "TimeoutMs": 10_000, "Topics": [{ "TopicId": "$kept" }] });
    table.ask("disabled: delete by id", "DeleteTopics", 6, by_id);
    table.ask("disabled: delete no topics", "DeleteTopics", All, json!({ "TimeoutMs": 10_000 }));
    let partition = json!({ "PartitionIndex": 0, "Offset": 0 });
    let records = json!({ "TimeoutMs": 10_000, "Topics": [{ "Name": "kept", "Partitions": [partition] }] });
    table.ask("disabled: delete records", "DeleteRecords", All, records);
}

/// Where `auto.create.topics.enable` is false, and the brokers' `compression.type` is gzip.
pub(crate) fn not_created(table: &mut Table) {
    let body = json!({ "Topics": [{ "Name": "made-by-asking" }], "AllowAutoTopicCreation": true });
    table.ask("disabled: metadata creates no topic", "Metadata", 4..=13, body);
    table.ask(
        "disabled: metadata creates no topic",
        "Metadata",
        0..=3,
        json!({ "Topics": [{ "Name": "made-by-asking" }] }),
    );
    table.topics(&[("of-the-broker", 1)]);
    let keys = json!(["compression.type", "compression.gzip.level"]);
    let resource = json!({ "ResourceType": 2, "ResourceName": "of-the-broker", "ConfigurationKeys": keys });
    let body = json!({ "Resources": [resource], "IncludeSynonyms": true });
    table.ask("the broker's codec is the topic's", "DescribeConfigs", All, body);
}
