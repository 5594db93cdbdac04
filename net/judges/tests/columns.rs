//! A topic whose records are stored as columns answers clients of Kafka's as one whose records are Kafka's: each
//! question is asked of both, and the answers are compared.

use std::path::Path;

use millrace_judges::broker::{Kind, Setup};
use millrace_judges::table::batches::{self, LONG_AGO_MS};
use millrace_judges::table::{Judged, Reaction};
use millrace_record::compression::Codec;
use serde_json::{Value, json};

const KAFKA: &str = "k";
const COLUMNS: &str = "c";
const COLUMNS_SETTING: (&str, &str) = ("millrace.record.format", "columns");
const FETCH_BYTES: i32 = 10_000_000;
/// How many records the batches have that [`produce_all`] sends, uncompressed.
const RECORDS: [usize; 4] = [3, 1, 40, 200];

/// A broker on two cores with both topics, of two partitions each.
fn start(directory: &Path, settings: &[(&str, &str)]) -> Judged {
    let mut judged = Judged::spawn(Setup::of_environment(2), directory);
    judged.broker.await_answer();
    for name in [KAFKA, COLUMNS] {
        let format = Some(COLUMNS_SETTING).filter(|_| name == COLUMNS);
        let settings: Vec<_> = settings.iter().copied().chain(format).collect();
        assert_eq!(create(&mut judged, name, &settings)["ErrorCode"], 0);
        let indices: Value = (0..2).map(|index| json!({ "PartitionIndex": index, "Timestamp": -1 })).collect();
        let latest = json!({ "ReplicaId": -1, "Topics": [{ "Name": name, "Partitions": indices }] });
        judged.until("ListOffsets", 1, &latest, |it| {
            let partitions = it["Topics"][0]["Partitions"].as_array().unwrap();
            partitions.iter().all(|partition| partition["ErrorCode"] == 0)
        });
    }
    judged
}

fn create(judged: &mut Judged, name: &str, settings: &[(&str, &str)]) -> Value {
    let settings: Value = settings.iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect();
    let topic = json!({ "Name": name, "NumPartitions": 2, "ReplicationFactor": 1, "Configs": settings });
    let created = judged.tell("CreateTopics", 7, &json!({ "Topics": [topic] })).answer()["Topics"][0].clone();
    judged.names.insert(name.to_owned(), created["TopicId"].as_str().unwrap().to_owned());
    created
}

/// Asks the same of both topics; the answers, of the topic of columns the second, each under the same name.
fn ask(judged: &mut Judged, api: &str, version: i16, body: impl Fn(&str) -> Value) -> [Value; 2] {
    [KAFKA, COLUMNS].map(|name| match judged.tell(api, version, &body(name)) {
        Reaction::Answer(answer) => {
            let text = answer.to_string();
            let id = judged.names.get(name).unwrap();
            serde_json::from_str(&text.replace(&format!("\"{name}\""), "\"topic\"").replace(id, "id")).unwrap()
        }
        other => panic!("{api} is not answered: {other:?}"),
    })
}

fn same(judged: &mut Judged, api: &str, version: i16, body: impl Fn(&str) -> Value) -> Value {
    let [kafka, columns] = ask(judged, api, version, &body);
    assert_eq!(columns, kafka, "{api}: {}", body("topic"));
    columns
}

fn produce(judged: &mut Judged, records: &str) -> Value {
    let request = |name: &str| {
        let partitions = json!([{ "Index": 0, "Records": records }]);
        let topic = json!({ "Name": name, "TopicId": format!("${name}"), "PartitionData": partitions });
        json!({ "Acks": -1, "TimeoutMs": 10_000, "TopicData": [topic] })
    };
    same(judged, "Produce", 9, request)["Responses"][0]["PartitionResponses"][0].clone()
}

fn fetch_request(name: &str, offset: i64, partition_bytes: i32, bytes: i32) -> Value {
    let at = |partition| json!({ "Partition": partition, "FetchOffset": offset, "PartitionMaxBytes": partition_bytes });
    let topic = json!({ "Topic": name, "TopicId": format!("${name}"), "Partitions": [at(0), at(1)] });
    json!({ "MaxWaitMs": 0, "MinBytes": 0, "MaxBytes": bytes, "Topics": [topic] })
}

fn records_of(answer: &Value) -> String {
    answer["Responses"][0]["Partitions"][0]["Records"].as_str().unwrap_or_default().to_owned()
}

/// Batches without compression, of no producer and of an idempotent one; some of them are refused.
fn produce_all(judged: &mut Judged) {
    for records in RECORDS {
        assert_eq!(produce(judged, &batches::batch(records))["ErrorCode"], 0);
    }
    let nulls = [(LONG_AGO_MS, None, None), (LONG_AGO_MS + 9, Some(&b""[..]), None), (-1, None, Some(&b""[..]))];
    assert_eq!(produce(judged, &batches::of(&nulls))["ErrorCode"], 0);
    let (duplicate, out_of_order) = (0, 45);
    for (sequence, error) in [(0, 0), (4, 0), (0, duplicate), (9, out_of_order), (8, 0)] {
        assert_eq!(produce(judged, &batches::idempotent(7, 0, sequence, 4))["ErrorCode"], error, "{sequence}");
    }
    let damaged = batches::damaged(&batches::batch(3), batches::at::RECORDS + 1, &[0xff]);
    assert_eq!(produce(judged, &damaged)["ErrorCode"], 2);
}

/// Fetches from every offset, and with limits around every batch's end.
fn fetch_all(judged: &mut Judged, first: i64, end: i64) {
    for offset in first..=end {
        same(judged, "Fetch", 12, |name| fetch_request(name, offset, FETCH_BYTES, FETCH_BYTES));
    }
    let whole = judged.tell("Fetch", 12, &fetch_request(KAFKA, first, FETCH_BYTES, FETCH_BYTES)).answer().clone();
    let sizes = batches::sizes(&records_of(&whole));
    assert!(sizes.len() > 5, "{sizes:?}");
    let ends = sizes.iter().scan(0, |end, bytes| {
        *end += bytes;
        Some(i32::try_from(*end).unwrap())
    });
    for bytes in ends.flat_map(|end| [end - 1, end, end + 1]) {
        // A topic of Kafka's may cut its last batch, one of columns never does.
        for (partition_bytes, all_bytes) in [(bytes, FETCH_BYTES), (FETCH_BYTES, bytes), (bytes, 1)] {
            let [kafka, columns] =
                ask(judged, "Fetch", 12, |name| fetch_request(name, first, partition_bytes, all_bytes));
            assert_eq!(batches::whole(&records_of(&columns)), records_of(&columns), "whole batches only");
            assert_eq!(records_of(&columns), batches::whole(&records_of(&kafka)), "at most {bytes} bytes");
        }
    }
}

/// Offsets of timestamps, and of leader epochs.
fn look_up_all(judged: &mut Judged) {
    for timestamp in [-1, -2, -3, -4, 0, LONG_AGO_MS - 1, LONG_AGO_MS, LONG_AGO_MS + 1, LONG_AGO_MS + 39_000, 1 << 50] {
        same(judged, "ListOffsets", 8, |name| {
            let partition = json!({ "PartitionIndex": 0, "Timestamp": timestamp });
            json!({ "ReplicaId": -1, "Topics": [{ "Name": name, "Partitions": [partition] }] })
        });
    }
    for epoch in [0, 7] {
        same(judged, "OffsetForLeaderEpoch", 4, |name| {
            let partition = json!({ "Partition": 0, "LeaderEpoch": epoch });
            json!({ "ReplicaId": -1, "Topics": [{ "Topic": name, "Partitions": [partition] }] })
        });
    }
    same(judged, "DescribeProducers", 0, |name| json!({ "Topics": [{ "Name": name, "PartitionIndexes": [0] }] }));
}

#[test]
fn a_topic_of_columns_answers_as_any_other() {
    if Kind::from_environment() == Kind::Reference {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let mut judged = start(directory.path(), &[]);
    produce_all(&mut judged);
    let end = RECORDS.iter().sum::<usize>() as i64 + 3 + 12;
    fetch_all(&mut judged, 0, end);
    look_up_all(&mut judged);
    let deleted = same(&mut judged, "DeleteRecords", 2, |name| {
        let partition = json!({ "PartitionIndex": 0, "Offset": 20 });
        json!({ "TimeoutMs": 10_000, "Topics": [{ "Name": name, "Partitions": [partition] }] })
    });
    assert_eq!(deleted["Topics"][0]["Partitions"][0]["LowWatermark"], 20);
    same(&mut judged, "Fetch", 12, |name| fetch_request(name, 19, FETCH_BYTES, FETCH_BYTES));
    for has_crashed in [true, false] {
        if has_crashed {
            judged.broker.kill();
        } else {
            judged.broker.stop();
        }
        judged.broker.restart();
        judged = judged.reconnected();
        fetch_all(&mut judged, 20, end);
        look_up_all(&mut judged);
        // Who had sent what is not forgotten.
        let again = produce(&mut judged, &batches::idempotent(7, 0, 8, 4));
        assert_eq!((&again["ErrorCode"], &again["BaseOffset"]), (&json!(0), &json!(end - 4)));
    }
}

#[test]
fn compressed_batches_are_stored_as_columns_and_hold_the_same() {
    if Kind::from_environment() == Kind::Reference {
        return;
    }
    for settings in [&[][..], &[("message.timestamp.type", "LogAppendTime")]] {
        let directory = tempfile::tempdir().unwrap();
        let mut judged = start(directory.path(), settings);
        for codec in Codec::ALL {
            let request = |name: &str| {
                let records = batches::compressed(codec, 50);
                let topic = json!({ "Name": name, "PartitionData": [{ "Index": 0, "Records": records }] });
                json!({ "Acks": -1, "TimeoutMs": 10_000, "TopicData": [topic] })
            };
            for answer in ask(&mut judged, "Produce", 9, request) {
                assert_eq!(answer["Responses"][0]["PartitionResponses"][0]["ErrorCode"], 0);
            }
        }
        let fetched = ask(&mut judged, "Fetch", 12, |name| fetch_request(name, 0, FETCH_BYTES, FETCH_BYTES));
        let [kafka, columns] = fetched.map(|answer| batches::inflated(&records_of(&answer)));
        assert_eq!(kafka.len(), Codec::ALL.len());
        for (kafka, columns) in kafka.iter().zip(&columns) {
            // The attributes tell the codec; the time of an append is its own.
            let records = |batch: &str| batch.rsplit(": ").next().map(str::to_owned);
            assert_eq!(records(columns), records(kafka));
            let flags = if settings.is_empty() { "attributes 0x0," } else { "attributes 0x8," };
            assert!(columns.contains(flags), "{columns}");
        }
    }
}

/// From memory, and from files; the next fetch goes on where one ended.
#[test]
fn a_fetch_is_given_so_much_at_a_time() {
    const TRANSCODED_BYTES_MAX: usize = 4 << 20;
    const BATCHES: i64 = 8;
    if Kind::from_environment() == Kind::Reference {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    // Segments that hold a batch each.
    let mut judged = start(directory.path(), &[("segment.bytes", "1048576")]);
    let sent: Vec<String> = (0..BATCHES as u8)
        .map(|number| batches::of(&[(LONG_AGO_MS, Some(&[number]), Some(&vec![number; 700_000]))]))
        .collect();
    for batch in &sent {
        assert_eq!(produce(&mut judged, batch)["ErrorCode"], 0);
    }
    let all: i32 = 100 << 20;
    for has_restarted in [false, true] {
        if has_restarted {
            judged.broker.stop();
            judged.broker.restart();
            judged = judged.reconnected();
        }
        let (mut offset, mut read) = (0, String::new());
        while offset < BATCHES {
            let answer = judged.tell("Fetch", 12, &fetch_request(COLUMNS, offset, all, all)).answer().clone();
            let records = records_of(&answer);
            let sizes = batches::sizes(&records);
            let left: usize = sent.iter().skip(offset as usize).map(|batch| batch.len() / 2).sum();
            let bytes: usize = sizes.iter().sum();
            assert!(bytes <= TRANSCODED_BYTES_MAX && (bytes == left || bytes > TRANSCODED_BYTES_MAX - 1_000_000));
            offset += sizes.len() as i64;
            read += &records;
        }
        let values =
            |run: &str| batches::inflated(run).iter().map(|batch| batch[batch.len() - 100..].to_owned()).collect();
        let (read, sent): (Vec<_>, Vec<String>) =
            (values(&read), sent.iter().flat_map(|batch| values(batch)).collect());
        assert_eq!(read, sent);
    }
}

/// To a client of Kafka's the magic of columns is one like any other that never was.
#[test]
fn columns_sent_by_a_client_of_kafkas_are_an_unknown_format() {
    if Kind::from_environment() == Kind::Reference {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let mut judged = start(directory.path(), &[]);
    let with_magic = |magic: u8| batches::damaged(&batches::batch(3), batches::at::MAGIC, &[magic]);
    let mut refused = |records: String| {
        let refused = produce(&mut judged, &records);
        (refused["ErrorCode"].clone(), refused["ErrorMessage"].as_str().unwrap().replace("77", "78"))
    };
    let unknown = refused(with_magic(0x4e));
    assert_eq!(unknown.0, 2, "CORRUPT_MESSAGE, as Kafka says");
    assert_eq!(refused(with_magic(0x4d)), unknown);
    assert_eq!(refused(batches::columns(3)), unknown, "right in all else");
}

#[test]
fn the_format_is_a_matter_of_creation() {
    const INVALID_CONFIG: i64 = 40;
    if Kind::from_environment() == Kind::Reference {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let mut judged = start(directory.path(), &[]);
    for other in [("cleanup.policy", "compact"), ("compression.type", "zstd"), (COLUMNS_SETTING.0, "rows")] {
        let created = create(&mut judged, "refused", &[COLUMNS_SETTING, other]);
        // The last of two texts of one setting counts.
        assert_eq!(created["ErrorCode"], INVALID_CONFIG, "{other:?}: {created}");
    }
    let created = create(&mut judged, "__transaction_state", &[COLUMNS_SETTING]);
    assert_eq!(created["ErrorCode"], INVALID_CONFIG, "{created}");
    let mut alter = |topic: &str, name: &str, operation: i8, value: Option<&str>| {
        let config = json!({ "Name": name, "ConfigOperation": operation, "Value": value });
        let resource = json!({ "ResourceType": 2, "ResourceName": topic, "Configs": [config] });
        let answer = judged.tell("IncrementalAlterConfigs", 1, &json!({ "Resources": [resource] })).answer().clone();
        answer["Responses"][0]["ErrorCode"].as_i64().unwrap()
    };
    let (set, delete) = (0, 1);
    assert_eq!(alter(COLUMNS, COLUMNS_SETTING.0, delete, None), INVALID_CONFIG);
    assert_eq!(alter(COLUMNS, COLUMNS_SETTING.0, set, Some("kafka")), INVALID_CONFIG);
    assert_eq!(alter(COLUMNS, "cleanup.policy", set, Some("compact")), INVALID_CONFIG);
    assert_eq!(alter(COLUMNS, "compression.type", set, Some("lz4")), INVALID_CONFIG);
    assert_eq!(alter(COLUMNS, "retention.ms", set, Some("100000000")), 0);
    assert_eq!(alter(KAFKA, COLUMNS_SETTING.0, set, Some("columns")), INVALID_CONFIG);
    assert_eq!(alter(KAFKA, COLUMNS_SETTING.0, set, Some("kafka")), 0, "it says what holds");
}
