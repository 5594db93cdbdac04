//! Compacted topics: what is left is what a real Kafka leaves of the same records, and groups live on it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use futures_executor::block_on;
use millrace_judges::broker::{Broker, Kind, Setup};
use millrace_judges::java::Java;
use millrace_judges::librdkafka::{client, create_topics, produce, wait_for_partitions};
use millrace_judges::manifest::Record;
use millrace_judges::recipe::{self, Random, Shape};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{Headers, Message};
use rdkafka::{Offset, TopicPartitionList};

const PATIENCE: Duration = Duration::from_secs(60);
const ASK_AGAIN: Duration = Duration::from_millis(200);
const DUMP: &str = "org.apache.kafka.tools.DumpLogSegments";
const RECORDS: u64 = 12_000;
const KEYS: u64 = 300;
/// A segment is as old as its first record says: one so much later begins the next.
const SEGMENT_MS: i64 = 60_000;
const OFFSETS: &str = "__consumer_offsets";
const CODECS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];

/// A record as a consumer sees it.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    offset: i64,
    record: Record,
}

fn start(kind: Kind, directory: &Path, settings: &[&str]) -> Broker {
    let mut setup = Setup { kind, ..Setup::of_environment(2) };
    for setting in settings {
        if kind == Kind::Millrace {
            setup.arguments.push("--set".to_owned());
        }
        setup.arguments.push((*setting).to_owned());
    }
    Broker::start(setup, directory)
}

fn create(address: &str, topic: &str, settings: &[(&str, &str)]) {
    let admin: AdminClient<DefaultClientContext> = client(address).create().expect("a client can be made");
    let mut wanted = NewTopic::new(topic, 1, TopicReplication::Fixed(1));
    for (name, value) in settings {
        wanted = wanted.set(name, value);
    }
    let created = block_on(admin.create_topics([&wanted], &AdminOptions::new())).expect("an answer comes");
    assert!(created.iter().all(Result::is_ok), "{created:?}");
    wait_for_partitions(address, &[(topic, 1)]);
}

/// Records with few keys, a tombstone now and then; every one with a timestamp within [`SEGMENT_MS`] of the first.
fn records(seed: u64, count: u64) -> Vec<Record> {
    let mut random = Random(seed);
    let keyed = |index| {
        let key = Some(format!("key {}", random.next() % KEYS).into_bytes());
        Record { key, ..recipe::record(seed, index, Shape::Any) }
    };
    (0..count).map(keyed).collect()
}

/// A record that is so much later that it begins a segment.
fn next_segment(round: i64) -> Record {
    let first = recipe::record(1, 0, Shape::Any);
    let timestamp_ms = first.timestamp_ms.map(|first| first + round * 10 * SEGMENT_MS);
    Record {
        timestamp_ms,
        key: Some(format!("end {round}").into_bytes()),
        value: Some(b"end".to_vec()),
        headers: vec![],
    }
}

/// Writes records, the last one in a batch, and so in a segment, of its own.
fn write(address: &str, topic: &str, codec: &str, records: &[Record]) {
    let (last, first) = records.split_last().expect("there are some");
    for records in [first, std::slice::from_ref(last)] {
        produce(address, (topic, 1), codec, records).expect("all records are acknowledged");
    }
}

/// Everything in partition 0.
fn read(address: &str, topic: &str) -> Vec<Seen> {
    let mut config = client(address);
    config.set("group.id", "reader").set("enable.auto.commit", "false").set("enable.partition.eof", "true");
    let consumer: BaseConsumer = config.set("auto.offset.reset", "error").create().expect("a consumer can be made");
    let mut assignment = TopicPartitionList::new();
    assignment.add_partition_offset(topic, 0, Offset::Beginning).expect("an offset");
    consumer.assign(&assignment).expect("the assignment is right");
    let mut seen = Vec::new();
    let deadline = Instant::now() + PATIENCE;
    loop {
        match consumer.poll(ASK_AGAIN) {
            None => assert!(Instant::now() < deadline, "{topic} does not end"),
            Some(Err(KafkaError::PartitionEOF(_))) => return seen,
            Some(Err(error)) => panic!("{topic}: {error}"),
            Some(Ok(message)) => {
                let headers = message.headers().map(|headers| {
                    headers.iter().map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec))).collect()
                });
                let record = Record {
                    timestamp_ms: message.timestamp().to_millis(),
                    key: message.key().map(<[u8]>::to_vec),
                    value: message.payload().map(<[u8]>::to_vec),
                    headers: headers.unwrap_or_default(),
                };
                seen.push(Seen { offset: message.offset(), record });
            }
        }
    }
}

/// Reads until there are so many records.
fn await_left(address: &str, topic: &str, count: usize) -> Vec<Seen> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let seen = read(address, topic);
        if seen.len() == count {
            return seen;
        }
        assert!(Instant::now() < deadline, "{topic}: {} records instead of {count}", seen.len());
        thread::sleep(ASK_AGAIN);
    }
}

/// The last record of each key, by offset.
fn last_of_each_key(records: &[Record]) -> Vec<Seen> {
    let mut last = BTreeMap::new();
    for (offset, record) in (0..).zip(records) {
        last.insert(record.key.clone(), Seen { offset, record: record.clone() });
    }
    let mut last: Vec<Seen> = last.into_values().collect();
    last.sort_by_key(|seen| seen.offset);
    last
}

fn segments(directory: &Path, partition: &str) -> Vec<PathBuf> {
    let directory = directory.join("data").join(partition);
    let entries = fs::read_dir(&directory).expect("the partition has a directory");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut segments: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|it| it == "log")).collect();
    segments.sort();
    segments
}

/// All but the segment that takes appends, which is longer than what is in it.
fn sealed(directory: &Path, partition: &str) -> Vec<PathBuf> {
    let mut segments = segments(directory, partition);
    segments.pop();
    segments
}

fn bytes(segments: &[PathBuf]) -> u64 {
    segments.iter().filter_map(|path| fs::metadata(path).ok()).map(|metadata| metadata.len()).sum()
}

/// What Kafka's dump tool says of a segment's batches and records.
fn dump(java: &mut Java, segment: &Path, more: &[&str]) -> String {
    let mut arguments = vec!["--deep-iteration", "--files", segment.to_str().expect("a name in UTF-8")];
    arguments.extend(more);
    let printed = java.tool(DUMP, None, &arguments).expect("the segment is read");
    String::from_utf8(printed).expect("text")
}

/// What is left of the same input in each codec, whoever cleans.
fn left_by(kind: Kind) -> Vec<Vec<Seen>> {
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let broker = start(kind, directory.path(), &["log.cleaner.backoff.ms=100"]);
    let left = CODECS.iter().flat_map(|codec| left_in(&broker, codec)).collect();
    if kind == Kind::Millrace {
        let mut java = Java::start(None);
        for segment in CODECS.iter().flat_map(|codec| sealed(directory.path(), &format!("keeps-{codec}-0"))) {
            let printed = dump(&mut java, &segment, &[]);
            assert!(printed.contains("isvalid: true") && !printed.contains("isvalid: false"), "{printed}");
        }
    }
    left
}

/// What is left in a topic that keeps tombstones, and in one that does not, after the first cleaning and the second.
fn left_in(broker: &Broker, codec: &str) -> [Vec<Seen>; 3] {
    let address = broker.address();
    let (keeps, forgets) = (format!("keeps-{codec}"), format!("forgets-{codec}"));
    let segment_ms = SEGMENT_MS.to_string();
    for (topic, delete_retention_ms) in [(&keeps, "86400000"), (&forgets, "0")] {
        let settings = [
            ("cleanup.policy", "compact"),
            ("min.cleanable.dirty.ratio", "0.01"),
            ("segment.ms", segment_ms.as_str()),
            ("segment.bytes", "1048576"),
            ("delete.retention.ms", delete_retention_ms),
        ];
        create(&address, topic, &settings);
    }
    let mut input = records(1, RECORDS);
    input.push(next_segment(1));
    let last = last_of_each_key(&input);
    let first = [&keeps, &forgets].map(|topic| {
        write(&address, topic, codec, &input);
        await_left(&address, topic, last.len())
    });
    assert!(first.iter().all(|left| *left == last), "{codec}");
    // The first tombstones' horizon is set, and over: the next cleaning drops them. Others have just got theirs.
    let more = [records(2, 200), vec![next_segment(2)]].concat();
    write(&address, &forgets, codec, &more);
    let first_end = input.len() as i64;
    let mut last = last_of_each_key(&[input, more].concat());
    last.retain(|seen| seen.record.value.is_some() || seen.offset >= first_end);
    let second = await_left(&address, &forgets, last.len());
    assert_eq!(second, last, "{codec}");
    let [kept, forgotten] = first;
    [kept, forgotten, second]
}

#[test]
fn what_is_left_is_what_kafka_leaves() {
    if Kind::from_environment() == Kind::Reference {
        return;
    }
    let (ours, kafkas) = (left_by(Kind::Millrace), left_by(Kind::Reference));
    assert!(ours == kafkas, "both are as the model, and yet they differ");
}

#[test]
fn groups_live_on_a_compacted_topic() {
    if Kind::from_environment() == Kind::Reference {
        return;
    }
    const PARTITIONS: i32 = 100;
    const COMMITS: i64 = 400;
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let settings =
        ["log.cleaner.backoff.ms=100", "offsets.topic.num.partitions=1", "offsets.topic.segment.bytes=1048576"];
    let mut broker = start(Kind::Millrace, directory.path(), &settings);
    create_topics(&broker.address(), &[("orders", PARTITIONS)]);
    let committer = |address: &str| -> BaseConsumer {
        client(address).set("group.id", "shop").create().expect("a consumer can be made")
    };
    let offsets = |commit: i64| {
        let mut list = TopicPartitionList::new();
        for partition in 0..PARTITIONS {
            let offset = Offset::Offset(commit * 1_000 + i64::from(partition));
            list.add_partition_offset("orders", partition, offset).expect("an offset");
        }
        list
    };
    let consumer = committer(&broker.address());
    for commit in 1..=COMMITS {
        consumer.commit(&offsets(commit), CommitMode::Sync).expect("the commit is answered");
    }
    let partition = format!("{OFFSETS}-0");
    let least = u64::try_from(COMMITS * i64::from(PARTITIONS)).expect("small") * 40;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let left = segments(directory.path(), &partition);
        // What was written is more than that, and the active segment stays as it is.
        if bytes(&left) < 1_300_000 {
            break;
        }
        assert!(Instant::now() < deadline, "{} bytes are left of more than {least}", bytes(&left));
        thread::sleep(ASK_AGAIN);
    }
    let mut java = Java::start(None);
    let all = sealed(directory.path(), &partition);
    let printed: String = all.iter().map(|segment| dump(&mut java, segment, &["--offsets-decoder"])).collect();
    assert!(printed.contains("isvalid: true") && !printed.contains("isvalid: false"), "{printed}");
    for is_killed in [true, false] {
        if is_killed {
            broker.kill();
        } else {
            broker.stop();
        }
        broker.restart();
        let mut asked = TopicPartitionList::new();
        asked.add_partition_range("orders", 0, PARTITIONS - 1);
        let found = committer(&broker.address()).committed_offsets(asked, PATIENCE).expect("offsets are answered");
        assert_eq!(found, offsets(COMMITS));
    }
}
