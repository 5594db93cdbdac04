//! What re-implementations of Kafka get wrong, one by one. `MILLRACE_JUDGE=reference` asks a real Kafka the same.
//!
//! The request table asks more, and of both; here each trap has its name.

use std::collections::BTreeMap;
use std::path::Path;

use millrace_judges::broker::Setup;
use millrace_judges::table::batches::{self, LONG_AGO_MS};
use millrace_judges::table::{Judged, Reaction};
use serde_json::{Value, json};

/// A broker on two cores, with topics of four partitions.
fn start(directory: &Path, topics: &[(&str, &[(&str, &str)])]) -> Judged {
    start_on(2, directory, topics)
}

fn start_on(cores: u32, directory: &Path, topics: &[(&str, &[(&str, &str)])]) -> Judged {
    let mut judged = Judged::spawn(Setup::of_environment(cores), directory);
    judged.broker.await_answer();
    for (name, settings) in topics {
        let settings: Value = settings.iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect();
        let topic = json!({ "Name": name, "NumPartitions": 4, "ReplicationFactor": 1, "Configs": settings });
        let created = judged.tell("CreateTopics", 7, &json!({ "Topics": [topic] }));
        let created = &created.answer()["Topics"][0];
        assert_eq!(created["ErrorCode"], 0, "{created}");
        judged.names.insert((*name).to_owned(), created["TopicId"].as_str().unwrap().to_owned());
        let indices: Value = (0..4).map(|index| json!({ "PartitionIndex": index, "Timestamp": -1 })).collect();
        let latest = json!({ "ReplicaId": -1, "Topics": [{ "Name": name, "Partitions": indices }] });
        judged.until("ListOffsets", 1, &latest, |it| {
            let partitions = it["Topics"][0]["Partitions"].as_array().unwrap();
            partitions.iter().all(|partition| partition["ErrorCode"] == 0)
        });
    }
    judged
}

fn produce(judged: &mut Judged, version: i16, acks: i16, partition: i32, records: &str) -> Reaction {
    let partitions = json!([{ "Index": partition, "Records": records }]);
    let topic = json!({ "Name": "t", "TopicId": "$t", "PartitionData": partitions });
    judged.tell("Produce", version, &json!({ "Acks": acks, "TimeoutMs": 10_000, "TopicData": [topic] }))
}

/// Error code and base offset.
fn outcome(reaction: &Reaction) -> (i64, i64) {
    let partition = &reaction.answer()["Responses"][0]["PartitionResponses"][0];
    (partition["ErrorCode"].as_i64().unwrap(), partition["BaseOffset"].as_i64().unwrap())
}

fn fetch(judged: &mut Judged, version: i16, body: Value) -> Value {
    let mut request = json!({ "MaxWaitMs": 0, "MinBytes": 0, "MaxBytes": 10_000_000 });
    for (name, value) in body.as_object().unwrap() {
        request[name] = value.clone();
    }
    judged.tell("Fetch", version, &request).answer().clone()
}

/// Where a partition is fetched from, and how much of it.
fn at(partition: i32, offset: i64, bytes: i32) -> Value {
    json!({ "Partition": partition, "FetchOffset": offset, "PartitionMaxBytes": bytes })
}

fn of(partitions: Value) -> Value {
    json!([{ "Topic": "t", "TopicId": "$t", "Partitions": partitions }])
}

/// Bytes of records by partition.
fn bytes_found(answer: &Value) -> BTreeMap<i64, usize> {
    let partitions = answer["Responses"][0]["Partitions"].as_array().unwrap();
    let bytes = |partition: &Value| partition["Records"].as_str().unwrap_or_default().len() / 2;
    partitions.iter().map(|one| (one["PartitionIndex"].as_i64().unwrap(), bytes(one))).collect()
}

#[test]
fn trap_02_unknown_tagged_fields_are_passed_over() {
    let directory = tempfile::tempdir().unwrap();
    let mut judged = start(directory.path(), &[]);
    // Metadata 12 of no topics, then a tagged field 99 of three bytes.
    let answer = judged.tell_bytes("Metadata", 12, &[1, 0, 0, 1, 99, 3, 1, 2, 3]);
    assert!(matches!(answer, Reaction::Answer(_)), "{answer:?}");
}

/// Kafka 4.3.1 advertises Produce from version 0 on, so that librdkafka compresses, and closes the connection when
/// one of the versions 0 to 2 comes; a request of version 3 or later has one batch for each partition.
#[test]
fn trap_03_produce_is_advertised_from_version_0_and_takes_one_batch() {
    let directory = tempfile::tempdir().unwrap();
    let mut judged = start(directory.path(), &[("t", &[])]);
    let offered = judged.tell("ApiVersions", 0, &json!({}));
    let keys = offered.answer()["ApiKeys"].as_array().unwrap();
    assert!(keys.contains(&json!({ "ApiKey": 0, "MinVersion": 0, "MaxVersion": 13 })), "{keys:?}");
    for version in 0..=2 {
        let reaction = judged.tell_bytes("Produce", version, &[255, 255, 0, 0, 3, 232, 0, 0, 0, 0]);
        assert_eq!(reaction, Reaction::Closed, "version {version}");
    }
    let two = batches::batch(1).repeat(2);
    for version in 3..=13 {
        assert_eq!(outcome(&produce(&mut judged, version, -1, 0, &two)), (87, -1), "version {version}");
    }
}

#[test]
fn trap_04_acks_0_is_not_answered_and_an_error_closes_the_connection() {
    let directory = tempfile::tempdir().unwrap();
    let mut judged = start(directory.path(), &[("t", &[])]);
    assert_eq!(produce(&mut judged, 9, 0, 1, &batches::batch(2)), Reaction::Silent);
    assert_eq!(outcome(&produce(&mut judged, 9, -1, 1, &batches::batch(1))), (0, 2));
    assert_eq!(produce(&mut judged, 9, 0, 9, &batches::batch(1)), Reaction::Closed);
}

#[test]
fn trap_05_five_batches_are_remembered_with_their_offsets() {
    let directory = tempfile::tempdir().unwrap();
    let mut judged = start(directory.path(), &[("t", &[])]);
    let mut send = |sequence| outcome(&produce(&mut judged, 9, -1, 0, &batches::idempotent(7, 0, sequence, 2)));
    for batch in 0..6 {
        assert_eq!(send(2 * batch), (0, i64::from(2 * batch)));
    }
    for batch in [5, 1, 3] {
        assert_eq!(send(2 * batch), (0, i64::from(2 * batch)), "a duplicate has its offset");
    }
    assert_eq!(send(0), (45, -1), "the sixth to last is forgotten");
}

#[test]
fn trap_06_sequences_wrap_and_new_epochs_start_at_0() {
    let directory = tempfile::tempdir().unwrap();
    let mut judged = start(directory.path(), &[("t", &[])]);
    let mut send =
        |epoch, sequence| outcome(&produce(&mut judged, 9, -1, 0, &batches::idempotent(7, epoch, sequence, 2)));
    assert_eq!(send(0, i32::MAX - 1), (0, 0), "an unknown producer starts anywhere");
    assert_eq!(send(0, 0), (0, 2));
    assert_eq!(send(1, 2), (45, -1));
    assert_eq!(send(1, 0), (0, 4));
}

#[test]
fn trap_07_a_stale_epoch_is_an_invalid_producer_epoch() {
    let directory = tempfile::tempdir().unwrap();
    let mut judged = start(directory.path(), &[("t", &[])]);
    let mut send = |epoch| outcome(&produce(&mut judged, 9, -1, 0, &batches::idempotent(7, epoch, 0, 1)));
    assert_eq!(send(5), (0, 0));
    assert_eq!(send(4), (47, -1));
}

#[test]
fn trap_16_append_time_is_in_the_answer_and_under_the_checksum() {
    let directory = tempfile::tempdir().unwrap();
    let mut judged = start(directory.path(), &[("t", &[("message.timestamp.type", "LogAppendTime")])]);
    let sent = batches::batch(1);
    let reaction = produce(&mut judged, 9, -1, 0, &sent);
    let time = reaction.answer()["Responses"][0]["PartitionResponses"][0]["LogAppendTimeMs"].as_i64().unwrap();
    assert!(time > LONG_AGO_MS);
    let answer = fetch(&mut judged, 12, json!({ "Topics": of(json!([at(0, 0, 1000)])) }));
    let stored = answer["Responses"][0]["Partitions"][0]["Records"].as_str().unwrap().to_owned();
    let stored = batches::Stored::read(&stored);
    assert!(stored.crc_is_valid && stored.has_append_time);
    assert_eq!(stored.max_timestamp, time);
}

#[test]
fn trap_17_consumers_read_up_to_the_high_watermark() {
    let directory = tempfile::tempdir().unwrap();
    let mut judged = start(directory.path(), &[("t", &[])]);
    produce(&mut judged, 9, -1, 0, &batches::batch(3));
    for isolation in [0, 1] {
        let asked = json!({ "IsolationLevel": isolation, "Topics": of(json!([at(0, 0, 1000)])) });
        let partition = fetch(&mut judged, 12, asked)["Responses"][0]["Partitions"][0].clone();
        assert_eq!((&partition["HighWatermark"], &partition["LastStableOffset"]), (&json!(3), &json!(3)));
        let aborted = if isolation == 1 { json!([]) } else { json!(null) };
        assert_eq!(partition["AbortedTransactions"], aborted);
    }
}

#[test]
fn trap_18_only_the_first_batch_ignores_the_limits() {
    let directory = tempfile::tempdir().unwrap();
    let mut judged = start(directory.path(), &[("t", &[])]);
    let batch = batches::batch(3);
    for partition in [1, 2, 2, 3] {
        assert_eq!(outcome(&produce(&mut judged, 9, -1, partition, &batch)).0, 0);
    }
    let bytes = batch.len() / 2;
    let asked = json!({ "MaxBytes": 1, "Topics": of(json!([at(0, 0, 1), at(1, 0, 1), at(2, 0, 1), at(3, 0, 1)])) });
    let found = bytes_found(&fetch(&mut judged, 11, asked));
    assert_eq!(found, [(0, 0), (1, bytes), (2, 0), (3, 0)].into(), "the first that has any, whole");
}

#[test]
fn trap_18_who_comes_later_gets_what_the_limit_leaves() {
    let directory = tempfile::tempdir().unwrap();
    let mut judged = start_on(1, directory.path(), &[("t", &[])]);
    let batch = batches::batch(3);
    for partition in [0, 0, 1, 1] {
        assert_eq!(outcome(&produce(&mut judged, 9, -1, partition, &batch)).0, 0);
    }
    let bytes = batch.len() / 2;
    let asked = json!({ "MaxBytes": 3 * bytes, "Topics": of(json!([at(0, 0, 10_000), at(1, 0, 10_000)])) });
    let found = bytes_found(&fetch(&mut judged, 11, asked));
    assert_eq!(found, [(0, 2 * bytes), (1, bytes)].into());
}

#[test]
fn trap_22_special_timestamps_have_their_meaning_and_their_versions() {
    let directory = tempfile::tempdir().unwrap();
    let mut judged = start(directory.path(), &[("t", &[])]);
    let records = [(LONG_AGO_MS, None, None), (LONG_AGO_MS + 9, None, None), (LONG_AGO_MS + 5, None, None)];
    produce(&mut judged, 9, -1, 0, &batches::of(&records));
    let mut list = |version: i16, timestamp: i64| {
        let partition = json!({ "PartitionIndex": 0, "Timestamp": timestamp });
        let body = json!({ "ReplicaId": -1, "Topics": [{ "Name": "t", "Partitions": [partition] }] });
        let answer = judged.tell("ListOffsets", version, &body).answer()["Topics"][0]["Partitions"][0].clone();
        (answer["ErrorCode"].as_i64().unwrap(), answer["Offset"].as_i64().unwrap())
    };
    for (timestamp, first_version, offset) in
        [(-1, 1, 3), (-2, 1, 0), (-3, 7, 1), (-4, 8, 0), (-5, 9, -1), (-6, 11, -1)]
    {
        assert_eq!(list(first_version, timestamp), (0, offset), "{timestamp}");
        assert_eq!(list(11, timestamp), (0, offset), "{timestamp}");
        if first_version > 1 {
            assert_eq!(list(first_version - 1, timestamp), (35, -1), "{timestamp}, too early");
        }
    }
    assert_eq!(list(11, -7), (35, -1));
}

#[test]
fn trap_27_an_epoch_ends_where_the_next_begins() {
    let directory = tempfile::tempdir().unwrap();
    let mut judged = start(directory.path(), &[("t", &[])]);
    produce(&mut judged, 9, -1, 0, &batches::batch(3));
    let mut end = |epoch: i32| {
        let partition = json!({ "Partition": 0, "LeaderEpoch": epoch });
        let body = json!({ "ReplicaId": -1, "Topics": [{ "Topic": "t", "Partitions": [partition] }] });
        let answer = judged.tell("OffsetForLeaderEpoch", 4, &body).answer()["Topics"][0]["Partitions"][0].clone();
        (answer["LeaderEpoch"].as_i64().unwrap(), answer["EndOffset"].as_i64().unwrap())
    };
    assert_eq!(end(0), (0, 3));
    assert_eq!(end(7), (-1, -1));
}

#[test]
fn trap_27_an_epoch_without_records_ends_where_the_one_before_it_does() {
    let directory = tempfile::tempdir().unwrap();
    let mut judged = start(directory.path(), &[("t", &[])]);
    produce(&mut judged, 9, -1, 0, &batches::batch(3));
    let ask = |judged: &mut Judged, api: &str, version: i16, partition: Value| {
        let name = if api == "ListOffsets" { "Name" } else { "Topic" };
        let body = json!({ "ReplicaId": -1, "Topics": [{ name: "t", "Partitions": [partition] }] });
        judged.tell(api, version, &body).answer()["Topics"][0]["Partitions"][0].clone()
    };
    let latest = json!({ "PartitionIndex": 0, "Timestamp": -1 });
    let first = ask(&mut judged, "ListOffsets", 4, latest.clone())["LeaderEpoch"].as_i64().unwrap();
    // Each start begins an epoch.
    let mut current = first;
    while current < first + 2 {
        judged.broker.stop();
        judged.broker.restart();
        judged = judged.reconnected();
        let is_led = |it: &Value| it["Topics"][0]["Partitions"][0]["ErrorCode"] == 0;
        let body = json!({ "ReplicaId": -1, "Topics": [{ "Name": "t", "Partitions": [latest] }] });
        judged.until("ListOffsets", 4, &body, is_led);
        let newest = ask(&mut judged, "ListOffsets", 4, latest.clone())["LeaderEpoch"].as_i64().unwrap();
        assert!(newest > current, "{newest} follows {current}");
        current = newest;
    }
    let end = |judged: &mut Judged, epoch: i64| {
        let found = ask(judged, "OffsetForLeaderEpoch", 4, json!({ "Partition": 0, "LeaderEpoch": epoch }));
        (found["LeaderEpoch"].as_i64().unwrap(), found["EndOffset"].as_i64().unwrap())
    };
    for epoch in first..current {
        assert_eq!(end(&mut judged, epoch), (first, 3), "{epoch} of {first}..={current}");
    }
    assert_eq!(end(&mut judged, current), (current, 3));
    let earliest = json!({ "PartitionIndex": 0, "Timestamp": -2 });
    assert_eq!(ask(&mut judged, "ListOffsets", 4, earliest)["LeaderEpoch"], first, "who wrote the first record");
    let mut asked = at(0, 3, 1000);
    asked["LastFetchedEpoch"] = json!(current - 1);
    let found = fetch(&mut judged, 12, json!({ "Topics": of(json!([asked])) }));
    let diverging = &found["Responses"][0]["Partitions"][0]["DivergingEpoch"];
    assert_eq!((&diverging["Epoch"], &diverging["EndOffset"]), (&json!(first), &json!(3)), "{found}");
}

#[test]
fn a_coordinator_is_where_it_was_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let mut judged = start(directory.path(), &[]);
    let port = |judged: &Judged| judged.broker.address().rsplit(':').next().unwrap().parse::<u16>().unwrap();
    let group = json!({ "Key": "g", "KeyType": 0, "CoordinatorKeys": ["g"] });
    judged.until("FindCoordinator", 4, &group, |it| it["Coordinators"][0]["ErrorCode"] == 0);
    for version in [3, 4] {
        for (kind, wanted) in [(0, i32::from(port(&judged))), (5, -1)] {
            let body = json!({ "Key": "g", "KeyType": kind, "CoordinatorKeys": ["g"] });
            let answer = judged.tell("FindCoordinator", version, &body).answer().clone();
            let found = if version < 4 { &answer } else { &answer["Coordinators"][0] };
            assert_eq!(found["Port"], wanted, "{answer}");
        }
    }
}

#[test]
fn trap_34_a_recreated_topic_has_another_id() {
    const UNKNOWN_TOPIC_ID: i64 = 100;
    let directory = tempfile::tempdir().unwrap();
    let mut judged = start(directory.path(), &[("t", &[])]);
    judged.tell("DeleteTopics", 6, &json!({ "TimeoutMs": 10_000, "Topics": [{ "Name": "t" }] }));
    let named = json!({ "Topics": [{ "Name": "t" }], "AllowAutoTopicCreation": false });
    judged.until("Metadata", 12, &named, |it| it["Topics"][0]["ErrorCode"] == 3);
    let topic = json!({ "Name": "t", "NumPartitions": 4, "ReplicationFactor": 1 });
    judged.tell("CreateTopics", 7, &json!({ "Topics": [topic] }));
    judged.until("Metadata", 12, &named, |it| it["Topics"][0]["ErrorCode"] == 0);
    assert_eq!(outcome(&produce(&mut judged, 13, -1, 0, &batches::batch(1))).0, UNKNOWN_TOPIC_ID);
    let found = fetch(&mut judged, 13, json!({ "Topics": of(json!([at(0, 0, 1000)])) }));
    assert_eq!(found["Responses"][0]["Partitions"][0]["ErrorCode"], UNKNOWN_TOPIC_ID);
    let by_id = json!({ "Topics": [{ "TopicId": "$t", "Name": null }], "AllowAutoTopicCreation": false });
    assert_eq!(judged.tell("Metadata", 12, &by_id).answer()["Topics"][0]["ErrorCode"], UNKNOWN_TOPIC_ID);
}

#[test]
fn trap_36_a_fetch_from_within_a_batch_gets_it_whole() {
    let directory = tempfile::tempdir().unwrap();
    let mut judged = start(directory.path(), &[("t", &[])]);
    for records in [3, 4] {
        produce(&mut judged, 9, -1, 0, &batches::batch(records));
    }
    let answer = fetch(&mut judged, 12, json!({ "Topics": of(json!([at(0, 5, 10_000)])) }));
    let records = answer["Responses"][0]["Partitions"][0]["Records"].as_str().unwrap().to_owned();
    assert_eq!(i64::from_str_radix(&records[..16], 16), Ok(3));
    assert_eq!(records.len(), batches::batch(4).len());
}

#[test]
fn trap_37_each_key_is_offered_in_one_real_releases_versions() {
    let facts = include_str!("../../wire/schema/schemas-kafka-4.3.1.json");
    let schemas: BTreeMap<String, Value> = serde_json::from_str(facts).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let mut judged = start(directory.path(), &[]);
    let offered = judged.tell("ApiVersions", 0, &json!({}));
    for key in offered.answer()["ApiKeys"].as_array().unwrap() {
        let of_key = |schema: &&Value| schema["apiKey"] == key["ApiKey"] && schema["type"] == "request";
        let schema = schemas.values().find(of_key).unwrap();
        let versions = schema["validVersions"].as_str().unwrap();
        let last: i64 = versions.rsplit('-').next().unwrap().parse().unwrap();
        let is_unstable = schema["latestVersionUnstable"] == true;
        assert_eq!(key["MaxVersion"], last - i64::from(is_unstable), "{}", schema["name"]);
    }
}

#[test]
fn trap_38_an_unknown_topic_is_an_error_until_its_partitions_are_there() {
    let directory = tempfile::tempdir().unwrap();
    let mut judged = start(directory.path(), &[]);
    for version in 0..=13 {
        let asked = json!({ "Topics": [{ "Name": "auto-$v" }], "AllowAutoTopicCreation": true });
        let topic = judged.tell("Metadata", version, &asked).answer()["Topics"][0].clone();
        let is_ready = topic["ErrorCode"] == 0 && !topic["Partitions"].as_array().unwrap().is_empty();
        assert!(is_ready || topic["ErrorCode"] == 3 || topic["ErrorCode"] == 5, "version {version}: {topic}");
    }
}
