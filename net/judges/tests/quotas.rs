//! Client quotas hold, and throttle for as long as they do on Apache Kafka: the same bounds are asked of both brokers.

use std::time::{Duration, Instant};

use millrace_judges::broker::{Kind, Setup};
use millrace_judges::table::{Judged, batches};
use millrace_judges::wire::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Bytes a second. What a burst is measured over is ten seconds.
const RATE: f64 = 10_000.0;
/// A burst that is a tenth more than ten seconds may bring: it throttles for a second.
const BURST_BYTES: usize = 110_000;
/// What throttling a burst may take, in ms: requests have heads, and clocks tick.
const THROTTLED: std::ops::RangeInclusive<i64> = 800..=1600;
/// Connections of one address that are opened at once.
const CONNECTIONS: usize = 30;

fn start(kind: Kind, directory: &TempDir) -> Judged {
    let arguments = match kind {
        // Two cores: an entity is measured on one of them, wherever its connections are.
        Kind::Millrace => vec!["--set".to_owned(), "num.partitions=2".to_owned()],
        Kind::Reference => Vec::new(),
    };
    let mut judged = Judged::spawn(Setup { kind, cores: 2, processor: None, arguments }, directory.path());
    judged.broker.await_answer();
    judged
}

fn on_both(what: impl Fn(Kind, Judged)) {
    for kind in [Kind::Millrace, Kind::Reference] {
        let directory = tempfile::tempdir().unwrap();
        what(kind, start(kind, &directory));
    }
}

/// Sets or removes a quota and waits until it shows.
fn set(judged: &mut Judged, (entity, name): (&str, Option<&str>), key: &str, value: Option<f64>) {
    let op = json!({ "Key": key, "Value": value.unwrap_or_default(), "Remove": value.is_none() });
    let entity = json!([{ "EntityType": entity, "EntityName": name }]);
    let body = json!({ "Entries": [{ "Entity": entity, "Ops": [op] }], "ValidateOnly": false });
    let reaction = judged.tell("AlterClientQuotas", 1, &body);
    assert_eq!(reaction.answer()["Entries"][0]["ErrorCode"], 0, "{reaction:?}");
    let all = json!({ "Components": [], "Strict": false });
    judged.until("DescribeClientQuotas", 1, &all, |it| {
        it["Entries"].as_array().is_some_and(|entries| entries.is_empty() == value.is_none())
    });
}

fn create(judged: &mut Judged, name: &str) {
    let topic = json!({ "Name": name, "NumPartitions": 1, "ReplicationFactor": 1 });
    judged.tell("CreateTopics", 7, &json!({ "Topics": [topic] }));
    let latest = json!({ "ReplicaId": -1, "Topics": [{ "Name": name, "Partitions": [{ "PartitionIndex": 0,
        "Timestamp": -1 }] }] });
    judged.until("ListOffsets", 1, &latest, |it| it["Topics"][0]["Partitions"][0]["ErrorCode"] == 0);
}

/// Appends a burst; for how many ms that throttles.
fn produce(judged: &mut Judged, topic: &str) -> i64 {
    let burst = batches::of(&[(1, None, Some(&vec![7; BURST_BYTES]))]);
    let topic = json!({ "Name": topic, "PartitionData": [{ "Index": 0, "Records": burst }] });
    let reaction = judged.tell("Produce", 9, &json!({ "Acks": -1, "TimeoutMs": 10_000, "TopicData": [topic] }));
    let code = &reaction.answer()["Responses"][0]["PartitionResponses"][0]["ErrorCode"];
    assert_eq!(code, 0, "a throttled batch is appended all the same: {reaction:?}");
    throttle(reaction.answer())
}

fn fetch(judged: &mut Judged, topic: &str) -> Value {
    let partition = json!({ "Partition": 0, "FetchOffset": 0, "PartitionMaxBytes": 1_000_000 });
    let body = json!({ "ReplicaId": -1, "MaxWaitMs": 500, "MinBytes": 1, "MaxBytes": 1_000_000,
        "Topics": [{ "Topic": topic, "Partitions": [partition] }] });
    judged.tell("Fetch", 10, &body).answer().clone()
}

fn throttle(answer: &Value) -> i64 {
    answer["ThrottleTimeMs"].as_i64().expect("the answer tells for how long the client is throttled")
}

/// How long the next answer takes.
fn until_next(judged: &mut Judged) -> i64 {
    let began = Instant::now();
    judged.tell("Metadata", 12, &json!({ "Topics": [], "AllowAutoTopicCreation": false }));
    i64::try_from(began.elapsed().as_millis()).unwrap()
}

/// trap 35: the answer comes at once, and the connection is read again when the time is over.
#[test]
fn trap_35_a_producer_is_answered_then_muted() {
    on_both(|kind, mut judged| {
        create(&mut judged, "produced");
        set(&mut judged, ("client-id", None), "producer_byte_rate", Some(RATE));
        let began = Instant::now();
        let throttled = produce(&mut judged, "produced");
        assert!(THROTTLED.contains(&throttled), "{}: {throttled} ms", kind.name());
        assert!(began.elapsed() < Duration::from_millis(700), "{}: the answer was held back", kind.name());
        let waited = until_next(&mut judged);
        assert!(waited > throttled - 200, "{}: read again after {waited} of {throttled} ms", kind.name());
        set(&mut judged, ("client-id", None), "producer_byte_rate", None);
        assert_eq!(produce(&mut judged, "produced"), 0, "{}", kind.name());
    });
}

#[test]
fn a_throttled_fetch_is_empty_and_comes_again() {
    on_both(|kind, mut judged| {
        create(&mut judged, "fetched");
        produce(&mut judged, "fetched");
        set(&mut judged, ("client-id", None), "consumer_byte_rate", Some(RATE));
        let answer = fetch(&mut judged, "fetched");
        assert!(THROTTLED.contains(&throttle(&answer)), "{}: {answer}", kind.name());
        assert_eq!(answer["Responses"], json!([]), "{}", kind.name());
        let waited = until_next(&mut judged);
        assert!(waited > throttle(&answer) - 200, "{}: {waited} ms", kind.name());
        set(&mut judged, ("client-id", None), "consumer_byte_rate", None);
        let answer = fetch(&mut judged, "fetched");
        assert_eq!((throttle(&answer), answer["Responses"].as_array().map(Vec::len)), (0, Some(1)), "{}", kind.name());
    });
}

#[test]
fn who_does_not_say_who_he_is_has_the_quota_of_anonymous() {
    on_both(|kind, mut judged| {
        create(&mut judged, "unsigned");
        set(&mut judged, ("user", Some("ANONYMOUS")), "producer_byte_rate", Some(RATE));
        let throttled = produce(&mut judged, "unsigned");
        assert!(THROTTLED.contains(&throttled), "{}: {throttled} ms", kind.name());
    });
}

#[test]
fn whoever_takes_too_much_time_is_throttled_by_any_request() {
    on_both(|kind, mut judged| {
        set(&mut judged, ("user", None), "request_percentage", Some(0.000_1));
        let mut throttled = Vec::new();
        for (api, version, body) in [
            ("Metadata", 12, json!({ "Topics": null, "AllowAutoTopicCreation": false })),
            ("ApiVersions", 3, json!({ "ClientSoftwareName": "judge", "ClientSoftwareVersion": "1" })),
            ("FindCoordinator", 4, json!({ "KeyType": 0, "CoordinatorKeys": ["some"] })),
        ] {
            throttled.push(throttle(judged.tell(api, version, &body).answer()));
        }
        // Nobody is throttled for longer than a window.
        assert!(throttled.iter().all(|ms| (1..=1000).contains(ms)), "{}: {throttled:?}", kind.name());
    });
}

#[test]
fn an_address_that_connects_too_often_is_held_and_closed() {
    on_both(|kind, mut judged| {
        set(&mut judged, ("ip", None), "connection_creation_rate", Some(1.0));
        let address = judged.broker.address();
        let answered = || {
            let mut connection = Connection::open(&address).ok()?;
            connection.answer_within(Duration::from_millis(300)).ok()?;
            connection.api_versions().ok()
        };
        let served = (0..CONNECTIONS).filter(|_| answered().is_some()).count();
        // One a second over ten seconds may come at once, and one each second after that.
        assert!((5..=20).contains(&served), "{}: {served} of {CONNECTIONS} were served", kind.name());
        set(&mut judged, ("ip", None), "connection_creation_rate", None);
        assert!(answered().is_some(), "{}", kind.name());
    });
}

#[test]
fn quotas_outlive_a_restart() {
    on_both(|kind, mut judged| {
        set(&mut judged, ("user", Some("somebody")), "producer_byte_rate", Some(RATE));
        judged.broker.kill();
        judged.broker.restart();
        let mut judged = judged.reconnected();
        let all = json!({ "Components": [], "Strict": false });
        judged.until("DescribeClientQuotas", 1, &all, |it| it["Entries"].as_array().is_some_and(|all| all.len() == 1));
        let described = judged.tell("DescribeClientQuotas", 1, &all);
        let wanted = json!([{ "Entity": [{ "EntityType": "user", "EntityName": "somebody" }],
            "Values": [{ "Key": "producer_byte_rate", "Value": RATE }] }]);
        assert_eq!(described.answer()["Entries"], wanted, "{}", kind.name());
    });
}
