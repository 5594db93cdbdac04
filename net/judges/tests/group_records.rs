//! What a group of the consumer protocol leaves in `__consumer_offsets`: Kafka reads it, and writes the same for the
//! same requests, and its formatters print the same of it.

use std::path::Path;

use millrace_judges::broker::{Broker, Kind, Setup};
use millrace_judges::java::Java;
use millrace_judges::librdkafka;
use millrace_judges::wire::Connection;
use serde_json::Value;

const TOPIC: &str = "t";
const GROUP: &str = "g";
const CONSOLE: &str = "org.apache.kafka.tools.consumer.ConsoleConsumer";
const FORMATTERS: [&str; 2] = ["OffsetsMessageFormatter", "GroupMetadataMessageFormatter"];
const FIND_COORDINATOR: i16 = 10;
const OFFSET_COMMIT: i16 = 8;
const HEARTBEAT: i16 = 68;
const COORDINATOR_LOAD_IN_PROGRESS: i16 = 14;
const NOT_COORDINATOR: i16 = 16;
const SETTINGS: [&str; 3] =
    ["group.consumer.assignment.interval.ms=0", "group.initial.rebalance.delay.ms=0", "offsets.topic.num.partitions=1"];
/// What differs from run to run.
const OF_THE_RUN: [&str; 6] =
    ["metadataHash", "assignmentTimestamp", "topicId", "commitTimestamp", "currentStateTimestamp", "timestamp"];

/// What a member says.
struct Word<'a> {
    member: &'a str,
    epoch: i32,
    instance: Option<&'a str>,
    /// Partitions of the topic with this id.
    owned: Option<(&'a [u8], &'a [i32])>,
}

fn compact(text: &str) -> Vec<u8> {
    [&[u8::try_from(text.len() + 1).unwrap()], text.as_bytes()].concat()
}

/// ConsumerGroupHeartbeat version 1: epoch and, if it is told, the id of the topic.
fn beat(connection: &mut Connection, word: &Word<'_>) -> (i32, Option<Vec<u8>>) {
    let joins = word.epoch == 0;
    let mut body = [compact(GROUP), compact(word.member), word.epoch.to_be_bytes().to_vec()].concat();
    body.extend(word.instance.map_or(vec![0], compact));
    body.push(0);
    body.extend(if joins { 30_000_i32 } else { -1 }.to_be_bytes());
    body.extend(if joins { [vec![2], compact(TOPIC)].concat() } else { vec![0] });
    // No pattern, no assignor.
    body.extend([0, 0]);
    match word.owned {
        Some((id, partitions)) => {
            body.push(2);
            body.extend(id);
            body.push(u8::try_from(partitions.len() + 1).unwrap());
            partitions.iter().for_each(|partition| body.extend(partition.to_be_bytes()));
            body.push(0);
        }
        None => body.push(u8::from(joins)),
    }
    body.push(0);
    let answer = loop {
        let answer = connection.ask_flexible(HEARTBEAT, 1, &body).unwrap();
        match i16::from_be_bytes([answer[5], answer[6]]) {
            0 => break answer,
            COORDINATOR_LOAD_IN_PROGRESS..=NOT_COORDINATOR => {}
            error => panic!("{}: {error}", word.member),
        }
    };
    let rest = &answer[7..];
    // No message; then the member's id.
    let rest = &rest[1 + usize::from(rest[1])..];
    let epoch = i32::from_be_bytes(rest[..4].try_into().unwrap());
    let is_told = rest[8] == 1 && rest[9] > 1;
    (epoch, is_told.then(|| rest[10..26].to_vec()))
}

/// OffsetCommit version 9, of one partition.
fn commit(connection: &mut Connection, member: &str, epoch: i32, partition: i32, offset: i64) {
    let mut body = [compact(GROUP), epoch.to_be_bytes().to_vec(), compact(member), vec![0, 2], compact(TOPIC)].concat();
    body.push(2);
    body.extend(partition.to_be_bytes());
    body.extend(offset.to_be_bytes());
    body.extend((-1_i32).to_be_bytes());
    body.extend(compact("so far"));
    body.extend([0, 0, 0]);
    let answer = connection.ask_flexible(OFFSET_COMMIT, 9, &body).unwrap();
    assert_eq!(answer[answer.len() - 5..], [0, 0, 0, 0, 0], "{answer:?}");
}

/// The same doings: what the topic then holds, as the coordinator reads it, and as each formatter prints it.
fn doings(kind: Kind, directory: &Path, java: &mut Java) -> Vec<Vec<String>> {
    let mut setup = Setup { kind, ..Setup::of_environment(1) };
    let settings = SETTINGS.iter().map(|setting| (*setting).to_owned());
    setup.arguments = match kind {
        Kind::Millrace => settings.flat_map(|setting| ["--set".to_owned(), setting]).collect(),
        Kind::Reference => settings.collect(),
    };
    let broker = Broker::start(setup, directory);
    let address = broker.address();
    librdkafka::create_topics(&address, &[(TOPIC, 2)]);
    let mut connection = Connection::open(&address).unwrap();
    // Until there is a coordinator.
    let key = [&1_i16.to_be_bytes()[..], GROUP.as_bytes()].concat();
    while connection.ask(FIND_COORDINATOR, 0, &key).unwrap()[..2] != [0, 0] {}
    let connection = &mut connection;
    let (epoch, id) = loop {
        let join = Word { member: "a", epoch: 0, instance: None, owned: None };
        if let (epoch, Some(id)) = beat(connection, &join) {
            break (epoch, id);
        }
    };
    commit(connection, "a", epoch, 0, 5);
    let (second, _) = beat(connection, &Word { member: "b", epoch: 0, instance: Some("i"), owned: None });
    beat(connection, &Word { member: "a", epoch, instance: None, owned: None });
    let (epoch, _) = beat(connection, &Word { member: "a", epoch, instance: None, owned: Some((&id, &[0])) });
    beat(connection, &Word { member: "b", epoch: second, instance: Some("i"), owned: None });
    beat(connection, &Word { member: "b", epoch: second, instance: Some("i"), owned: Some((&id, &[1])) });
    commit(connection, "b", second, 1, 7);
    beat(connection, &Word { member: "b", epoch: -2, instance: Some("i"), owned: None });
    let (third, _) = beat(connection, &Word { member: "c", epoch: 0, instance: Some("i"), owned: None });
    beat(connection, &Word { member: "c", epoch: -1, instance: Some("i"), owned: None });
    let (epoch, _) = beat(connection, &Word { member: "a", epoch, instance: None, owned: None });
    assert!(epoch > third);
    commit(connection, "a", epoch, 0, 6);
    beat(connection, &Word { member: "a", epoch: -1, instance: None, owned: None });
    let records = java.run(&["records-of-groups", &address]).unwrap();
    let mut printed = vec![records.iter().map(|line| without_the_run(line)).collect()];
    for formatter in FORMATTERS {
        let formatter = format!("org.apache.kafka.tools.consumer.{formatter}");
        let arguments = ["--bootstrap-server", &address, "--topic", "__consumer_offsets", "--from-beginning"];
        let read = [&arguments[..], &["--timeout-ms", "5000", "--formatter", &formatter]].concat();
        let text = String::from_utf8(java.tool(CONSOLE, None, &read).unwrap()).unwrap();
        printed.push(text.lines().map(without_the_run).collect());
    }
    printed
}

/// A line of JSON values, without what is another's in every run.
fn without_the_run(line: &str) -> String {
    let (name, values) = if line.starts_with('{') { ("", line) } else { line.split_once(' ').unwrap() };
    let values = serde_json::Deserializer::from_str(values).into_iter::<Value>();
    let values = values.map(|value| {
        let mut value = value.unwrap_or_else(|error| panic!("{line}: {error}"));
        forget(&mut value);
        value.to_string()
    });
    format!("{name} {}", values.collect::<Vec<_>>().join(" "))
}

fn forget(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                if OF_THE_RUN.contains(&name.as_str()) {
                    *value = Value::Bool(value.as_i64() != Some(0));
                }
                forget(value);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(forget),
        // The one who reads is in a group, too.
        Value::String(text) if text.starts_with("console-consumer-") => "the reader".clone_into(text),
        _ => {}
    }
}

#[test]
fn a_group_of_the_consumer_protocol_leaves_the_records_that_it_leaves_in_kafka() {
    let mut java = Java::start(None);
    let [ours, kafkas] = [Kind::Millrace, Kind::Reference].map(|kind| {
        let directory = tempfile::tempdir().unwrap();
        doings(kind, directory.path(), &mut java)
    });
    for (ours, kafkas) in ours.iter().zip(&kafkas) {
        assert_eq!(ours, kafkas, "\n{}\nKafka:\n{}", ours.join("\n"), kafkas.join("\n"));
    }
    assert!(ours.iter().all(|printed| !printed.is_empty()), "{ours:?}");
}
