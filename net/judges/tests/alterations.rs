//! Partitions that were added and settings that were changed are still there after the broker was killed.

use millrace_judges::broker::Setup;
use millrace_judges::table::{Judged, batches};
use serde_json::{Value, json};

fn ask(judged: &mut Judged, api: &str, version: i16, body: Value) -> Value {
    judged.tell(api, version, &body).answer().clone()
}

fn changes_survive_a_kill(cores: u32) {
    let directory = tempfile::tempdir().unwrap();
    let mut judged = Judged::spawn(Setup::of_environment(cores), directory.path());
    judged.broker.await_answer();
    let topic = json!({ "Name": "t", "NumPartitions": 2, "ReplicationFactor": 1 });
    ask(&mut judged, "CreateTopics", 7, json!({ "Topics": [topic] }));
    let more = json!({ "TimeoutMs": 10_000, "Topics": [{ "Name": "t", "Count": 5, "Assignments": null }] });
    judged.until("CreatePartitions", 3, &more, |it| it["Results"][0]["ErrorCode"] == 0);
    let small = json!({ "Name": "max.message.bytes", "ConfigOperation": 0, "Value": "100" });
    let resource = json!({ "ResourceType": 2, "ResourceName": "t", "Configs": [small] });
    let altered = ask(&mut judged, "IncrementalAlterConfigs", 1, json!({ "Resources": [resource] }));
    assert_eq!(altered["Responses"][0]["ErrorCode"], 0, "{altered}");

    judged.broker.kill();
    judged.broker.restart();
    let mut judged = judged.reconnected();

    let indices: Value = (0..5).map(|index| json!({ "PartitionIndex": index, "Timestamp": -1 })).collect();
    let latest = json!({ "ReplicaId": -1, "Topics": [{ "Name": "t", "Partitions": indices }] });
    judged.until("ListOffsets", 1, &latest, |it| {
        let partitions = it["Topics"][0]["Partitions"].as_array().unwrap();
        partitions.len() == 5 && partitions.iter().all(|partition| partition["ErrorCode"] == 0)
    });
    for partition in 0..5 {
        let mut produce = |records: usize| {
            let partitions = json!([{ "Index": partition, "Records": batches::batch(records) }]);
            let topics = json!([{ "Name": "t", "PartitionData": partitions }]);
            let answer =
                ask(&mut judged, "Produce", 9, json!({ "Acks": -1, "TimeoutMs": 10_000, "TopicData": topics }));
            answer["Responses"][0]["PartitionResponses"][0]["ErrorCode"].as_i64().unwrap()
        };
        assert_eq!(produce(1), 0, "partition {partition}");
        assert_eq!(produce(5), 10, "partition {partition} takes batches of 100 bytes at most");
    }
}

#[test]
fn changes_survive_a_kill_on_one_core() {
    changes_survive_a_kill(1);
}

#[test]
fn changes_survive_a_kill_on_two_cores() {
    changes_survive_a_kill(2);
}
