//! The binary against its own broker: what is written is what is read, also after a restart.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test's helpers fail as tests do")]

mod harness;

use std::collections::BTreeMap;
use std::path::Path;

use harness::{Broker, run};
use serde_json::{Value, json};

const CODECS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];
const PARTITIONS: usize = 3;

/// Records of every kind, as `produce --input json` reads them: with and without key, value and headers.
fn records(codec: &str) -> Vec<Value> {
    let key = |number: u64| match number % 4 {
        0 => Value::Null,
        1 => json!({"base64": "/wA="}),
        _ => json!(format!("key-{}", number % 50)),
    };
    let value = |number: u64| match number % 5 {
        0 => Value::Null,
        1 => json!(""),
        2 => json!({"base64": "wyg="}),
        _ => json!(format!("{codec} value {number} \u{e9}\n").repeat(1 + number as usize % 20)),
    };
    let headers = |number: u64| match number % 3 {
        0 => json!([]),
        1 => json!([{"name": "one", "value": "1"}, {"name": "one", "value": null}]),
        _ => json!([{"name": "binary", "value": {"base64": "/w=="}}]),
    };
    let record = |number: u64| {
        json!({"timestamp": 1_700_000_000_000_u64 + number, "key": key(number), "value": value(number),
               "headers": headers(number), "partition": number % PARTITIONS as u64})
    };
    (0..2_000).map(record).collect()
}

fn in_lines(records: &[Value]) -> Vec<u8> {
    records.iter().flat_map(|record| format!("{record}\n").into_bytes()).collect()
}

/// What was sent, by partition in order; offsets follow from that.
fn expected(topic: &str, sent: &[Value]) -> BTreeMap<u64, Vec<Value>> {
    let mut partitions: BTreeMap<u64, Vec<Value>> = BTreeMap::new();
    for record in sent {
        let partition = partitions.entry(record["partition"].as_u64().unwrap()).or_default();
        let mut record = record.clone();
        record["topic"] = json!(topic);
        record["offset"] = json!(partition.len());
        partition.push(record);
    }
    partitions
}

fn consumed(broker: &Broker, topic: &str) -> BTreeMap<u64, Vec<Value>> {
    let mut partitions: BTreeMap<u64, Vec<Value>> = BTreeMap::new();
    for record in broker.run(["consume", topic, "--json"]).json() {
        partitions.entry(record["partition"].as_u64().unwrap()).or_default().push(record);
    }
    partitions
}

fn round_trip(cores: u32) {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let broker = Broker::start(&data, cores);

    // The records are old: on a slow machine the broker would begin to delete them.
    let kept = ["-c", "segment.bytes=1048576", "-c", "retention.ms=-1"];
    let created = ["topic", "create", "t", "-p", "3", "--json"].into_iter().chain(kept);
    let created = broker.run(created).json().remove(0);
    assert_eq!((&created["name"], &created["partitions"]), (&json!("t"), &json!(PARTITIONS)));
    let again = broker.run(["topic", "create", "t"]);
    assert_eq!(again.code, 3);
    assert!(again.stderr.contains("TOPIC_ALREADY_EXISTS"), "{}", again.stderr);
    assert_eq!(
        broker.run(["topic", "create", "t", "--if-not-exists", "--json"]).json(),
        std::slice::from_ref(&created)
    );
    assert_eq!(broker.run(["topic", "list", "--json"]).json(), [json!([created])]);

    let mut sent = Vec::new();
    for codec in CODECS {
        let records = records(codec);
        let written = broker.run_with(["produce", "t", "-i", "json", "-z", codec, "--json"], &in_lines(&records));
        assert_eq!(written.json().remove(0)["records"], json!(records.len()), "{codec}");
        sent.extend(records);
    }
    let expected = expected("t", &sent);
    assert_eq!(consumed(&broker, "t"), expected);
    describes(&broker, &expected);
    reads_from_anywhere(&broker, &expected);
    is_alone(&data, cores, &broker);

    assert_eq!(broker.stop().code(), Some(0));
    dumps(&data, &expected);
    let broker = Broker::start(&data, cores);
    assert_eq!(consumed(&broker, "t"), expected);

    assert_eq!(broker.run(["topic", "delete", "t"]).ok(), "deleted topic t\n");
    assert_eq!(broker.run(["topic", "list", "--json"]).json(), [json!([])]);
    let gone = broker.run(["consume", "t"]);
    assert_eq!(gone.code, 3);
    assert!(gone.stderr.contains("topic \"t\" does not exist"), "{}", gone.stderr);
    assert_eq!(broker.stop().code(), Some(0));
}

fn describes(broker: &Broker, expected: &BTreeMap<u64, Vec<Value>>) {
    let described = broker.run(["topic", "describe", "t", "--json"]).json().remove(0);
    for (partition, records) in expected {
        let shown = &described["partitions"][*partition as usize];
        assert_eq!(shown["partition"], json!(partition));
        assert_eq!((&shown["start_offset"], &shown["end_offset"]), (&json!(0), &json!(records.len())));
        assert_eq!((&shown["replicas"], &shown["isr"]), (&json!([shown["leader"]]), &json!([shown["leader"]])));
    }
    let settings = described["settings"].as_array().unwrap();
    let own: Vec<_> = settings.iter().filter(|setting| setting["source"] == "topic").cloned().collect();
    let given = [("retention.ms", "-1"), ("segment.bytes", "1048576")];
    assert_eq!(own, given.map(|(name, value)| json!({ "name": name, "value": value, "source": "topic" })));
}

fn reads_from_anywhere(broker: &Broker, expected: &BTreeMap<u64, Vec<Value>>) {
    let records = &expected[&1];
    let read = |arguments: &[&str]| {
        let all = ["consume", "t", "-p", "1", "--json"].into_iter().chain(arguments.iter().copied());
        broker.run(all).json()
    };
    assert_eq!(read(&["--from", "100", "-n", "7"]), records[100..107]);
    assert_eq!(read(&["--from", "-3"]), records[records.len() - 3..]);
    assert_eq!(read(&["--from", "latest"]), Vec::<Value>::new());
    // Every codec's records have the same times: the first of all with such a time is one of the first codec's.
    let first = records.iter().position(|record| record["timestamp"].as_u64() >= Some(1_700_000_000_500)).unwrap();
    assert_eq!(read(&["--from", "2023-11-14T22:13:20.500Z", "-n", "1"]), records[first..=first]);
    assert_eq!(read(&["--from", "2100-01-01T00:00:00Z"]), Vec::<Value>::new());
    let beyond = broker.run(["consume", "t", "-p", "1", "--from", "1000000"]);
    assert_eq!(beyond.code, 3);
    let told = format!("t-1 has no offset 1000000: it begins at 0 and ends before {}", records.len());
    assert!(beyond.stderr.contains(&told), "{}", beyond.stderr);
}

/// After a clean stop every record is in a sound segment.
fn dumps(data: &Path, expected: &BTreeMap<u64, Vec<Value>>) {
    for (partition, records) in expected {
        let directory = data.join(format!("t-{partition}"));
        let lines = run(["dump".as_ref(), "--json".as_ref(), directory.as_os_str()]).json();
        let segments = lines.iter().filter(|line| line["type"] == "segment");
        let dumped: u64 = segments.map(|segment| segment["records"].as_u64().unwrap()).sum();
        assert_eq!(dumped, records.len() as u64);
    }
}

/// A second broker on the same data directory says so and ends, and the first one does not mind.
fn is_alone(data: &Path, cores: u32, broker: &Broker) {
    let (code, log) = Broker::fail_to_start(data, cores);
    assert!(code >= 10, "{code}: {log}");
    assert!(log.contains(data.to_str().unwrap()), "{log}");
    assert_eq!(broker.run(["consume", "t", "-p", "0", "-n", "1"]).code, 0);
}

#[test]
fn what_is_written_is_what_is_read_on_one_core() {
    round_trip(1);
}

#[test]
fn what_is_written_is_what_is_read_on_two_cores() {
    round_trip(2);
}

#[test]
fn what_is_acknowledged_before_it_is_durable_is_read_and_survives_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let broker = Broker::start(&data, 2);
    broker.run(["topic", "create", "t", "-p", "3", "-c", "millrace.durability=relaxed"]).ok();
    let records = records("none");
    let expected = expected("t", &records);
    broker.run_with(["produce", "t", "-i", "json"], &in_lines(&records)).ok();
    assert_eq!(consumed(&broker, "t"), expected);
    assert_eq!(broker.stop().code(), Some(0));
    let broker = Broker::start(&data, 1);
    assert_eq!(consumed(&broker, "t"), expected);
}

#[test]
fn lines_keys_headers_and_nulls_are_what_was_typed() {
    let directory = tempfile::tempdir().unwrap();
    let broker = Broker::start(&directory.path().join("data"), 1);
    broker.run(["topic", "create", "lines", "-p", "1"]).ok();
    let produce = ["produce", "lines", "-k", r"\t", "--null", "NULL", "-H", "h=1", "-H", "h=2"];
    assert_eq!(
        broker.run_with(produce, b"k\tv\nno key\n\tempty key\nk\tNULL\nk\t\nlast").ok(),
        "6 records written to lines\n"
    );
    let consume = ["consume", "lines", "--null", "-", "--format", r"%o|%k|%v|%h|%V\n"];
    let read = broker.run(consume).ok();
    let expected = "0|k|v|h=1,h=2|1\n1|-|no key|h=1,h=2|6\n2||empty key|h=1,h=2|9\n3|k|-|h=1,h=2|-1\n4|k||h=1,h=2|0\n\
                    5|-|last|h=1,h=2|4\n";
    assert_eq!(read, expected);
    for (acks, told) in [("0", "1 record sent to lines\n"), ("1", "1 record written to lines\n")] {
        assert_eq!(broker.run_with(["produce", "lines", "--acks", acks], b"more").ok(), told);
    }
    // The one that asked for no acknowledgement may come later.
    assert_eq!(broker.run(["consume", "lines", "--from", "6", "--follow", "-n", "2"]).ok(), "more\nmore\n");
}

#[test]
fn what_stands_before_a_wrong_line_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let broker = Broker::start(&directory.path().join("data"), 1);
    broker.run(["topic", "create", "t", "-p", "1"]).ok();
    let done = broker.run_with(["produce", "t", "-i", "json"], b"{\"value\":\"good\"}\n{\"valu\":\"bad\"}\n");
    assert_eq!(done.code, 2);
    assert!(done.stderr.contains("standard input:2: unknown field `valu`"), "{}", done.stderr);
    assert!(done.stderr.contains("records written before it: 1"), "{}", done.stderr);
    assert_eq!(broker.run(["consume", "t"]).ok(), "good\n");
}
