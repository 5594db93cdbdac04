//! What one client wrote, all others read: every byte, every null, in order, under every codec.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use millrace_judges::broker::{Broker, Kind, Setup, binary};
use millrace_judges::java::Java;
use millrace_judges::manifest::{Collector, Manifest, Record, differences};
use millrace_judges::recipe::{self, Shape};
use millrace_judges::{kcat, librdkafka};

/// How many records each client writes, over all codecs; `MILLRACE_RECORDS` overrides it.
const RECORDS: u64 = 100_000;
const CODECS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];
const PARTITIONS: i32 = 2;
/// A topic that stores records as columns.
const COLUMNS: &[(&str, &str)] = &[("millrace.record.format", "columns")];
/// Ways of the network that are off by default: every answer leaves uncopied, and cards are asked.
const SWITCHES: &[&str] = &["millrace.send.zero.copy.bytes=1", "millrace.napi.busy.poll.us=50"];
/// What `ProducerPerformance` is told to write, in bytes a record.
const PERFORMANCE_BYTES: u32 = 100;

/// What was found, and what took how long.
struct Court {
    broker: Broker,
    java: Java,
    written: Manifest,
    topics: Vec<(String, i32)>,
    /// What is set on each topic.
    settings: &'static [(&'static str, &'static str)],
    complaints: Vec<String>,
    began: Instant,
}

impl Court {
    fn open(setup: Setup, directory: &Path, settings: &'static [(&'static str, &'static str)]) -> Self {
        let broker = Broker::start(setup, directory);
        let (java, written) = (Java::start(None), Manifest::new());
        Self { broker, java, written, topics: Vec::new(), settings, complaints: Vec::new(), began: Instant::now() }
    }

    fn topic(&mut self, name: String, partitions: i32) -> String {
        librdkafka::create_topics_with(&self.broker.address(), &[(&name, partitions)], self.settings);
        self.topics.push((name.clone(), partitions));
        name
    }

    fn note<T, E: ToString>(&mut self, what: &str, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.complaints.push(format!("{what}: {}", error.to_string()))).ok()
    }

    fn wrote<E: ToString>(&mut self, what: &str, manifest: Result<Manifest, E>) {
        if let Some(manifest) = self.note(what, manifest) {
            self.written.extend(manifest);
        }
    }

    fn read(&mut self, what: &str, manifest: &Manifest) {
        let found = differences(&self.written, manifest);
        self.complaints.extend(found.into_iter().map(|difference| format!("{what} read {difference}")));
    }

    fn lap(&mut self, what: &str) {
        println!("{:>6.1} s  {what}", self.began.elapsed().as_secs_f64());
        self.began = Instant::now();
    }
}

fn records(seed: u64, count: u64, shape: Shape) -> Vec<Record> {
    (0..count).map(|index| recipe::record(seed, index, shape)).collect()
}

fn write_all(court: &mut Court, each: u64) {
    let address = court.broker.address();
    let partitions = u64::try_from(PARTITIONS).unwrap();
    for (seed, codec) in (0..).zip(CODECS) {
        let topic = court.topic(format!("kcat-{codec}"), PARTITIONS);
        for partition in 0..PARTITIONS {
            let batch = records(seed * 100 + u64::try_from(partition).unwrap(), each / partitions, Shape::Lines);
            let result = kcat::produce(&address, (&topic, partition), codec, &batch);
            court.wrote("kcat", result);
        }
    }
    court.lap("kcat wrote");
    for (seed, codec) in (1000..).zip(CODECS) {
        let topic = court.topic(format!("librdkafka-{codec}"), PARTITIONS);
        let result = librdkafka::produce(&address, (&topic, PARTITIONS), codec, &records(seed, each, Shape::Any));
        court.wrote("librdkafka", result);
    }
    court.lap("librdkafka wrote");
    for codec in CODECS {
        let topic = court.topic(format!("java-{codec}"), PARTITIONS);
        let result = court.java.produce(&address, &topic, PARTITIONS, each, codec);
        court.wrote("java", result);
    }
    court.lap("java wrote");
    for (seed, codec) in (2000..).zip(CODECS) {
        let topic = court.topic(format!("console-{codec}"), 1);
        let result = court.java.console_produce(&address, &topic, codec, &records(seed, each, Shape::Lines));
        court.wrote("console producer", result);
    }
    court.lap("console producer wrote");
    let topic = court.topic("performance".to_owned(), 1);
    let count = each * u64::try_from(CODECS.len()).unwrap();
    let (count_text, bytes) = (count.to_string(), PERFORMANCE_BYTES.to_string());
    let arguments = ["--bootstrap-server", &address, "--topic", &topic, "--num-records", &count_text];
    let arguments = [&arguments[..], &["--record-size", &bytes, "--throughput", "-1"]].concat();
    let result = court.java.tool("org.apache.kafka.tools.ProducerPerformance", None, &arguments);
    court.note("ProducerPerformance", result);
    let expected = court.java.performance_payloads(&topic, count, PERFORMANCE_BYTES);
    court.wrote("ProducerPerformance", expected);
    court.lap("ProducerPerformance wrote");
}

fn read_all(court: &mut Court) {
    let address = court.broker.address();
    let topics = court.topics.clone();
    let names: Vec<String> = topics.iter().map(|(name, _)| name.clone()).collect();

    let result = librdkafka::consume(&address, &topics);
    if let Some(manifest) = court.note("librdkafka", result) {
        court.read("librdkafka", &manifest);
    }
    court.lap("librdkafka read");

    let mut read = Collector::default();
    for name in &names {
        let result = kcat::consume(&address, name, &mut read);
        court.note("kcat", result);
    }
    court.read("kcat", &read.finish());
    court.lap("kcat read");

    let result = court.java.consume(&address, &names);
    if let Some(manifest) = court.note("java", result) {
        court.read("java", &manifest);
    }
    let result = court.java.run(&["seek", &address, "java-none,java-zstd,librdkafka-lz4", "5"]);
    court.note("java", result);
    court.lap("java read");

    let mut read = Collector::default();
    for ((topic, partition), summary) in court.written.clone() {
        let result = court.java.console_consume(&address, (&topic, partition), summary.records, &mut read);
        court.note("console consumer", result);
    }
    court.read("console consumer", &read.finish());
    court.lap("console consumer read");
}

/// Kafka's own dump tool finds in the segments every record that was written, in valid batches.
fn dump_all(court: &mut Court) {
    let status = court.broker.stop();
    assert!(status.success() || status.code() == Some(143), "a clean stop ended with {status}");
    court.lap("stopped");
    for (topic, _) in court.topics.clone() {
        let segments: Vec<String> =
            court.broker.segments(&topic).iter().map(|path| path.to_str().unwrap().to_owned()).collect();
        let arguments = ["--deep-iteration", "--files", &segments.join(",")];
        let result = court.java.tool("org.apache.kafka.tools.DumpLogSegments", None, &arguments);
        let Some(printed) = court.note("kafka-dump-log", result) else { continue };
        let printed = String::from_utf8(printed).unwrap();
        let written: u64 =
            court.written.iter().filter(|((name, _), _)| *name == topic).map(|(_, summary)| summary.records).sum();
        let found = printed.lines().filter(|line| line.starts_with("| offset: ")).count();
        if u64::try_from(found).unwrap() != written {
            court.complaints.push(format!("kafka-dump-log found {found} records of {topic}, {written} were written"));
        }
        let batches = printed.lines().filter(|line| line.starts_with("baseOffset: "));
        let invalid = batches.filter(|line| !line.contains("isvalid: true")).count();
        let wrong = printed.lines().filter(|line| line.contains("Non-consecutive") || line.contains("invalid")).count();
        if invalid + wrong > 0 {
            court.complaints.push(format!("kafka-dump-log finds {} things wrong in {topic}", invalid + wrong));
        }
    }
    court.lap("kafka-dump-log read the segments");
}

/// As [`dump_all`], of what no tool of Kafka's reads; then clients read it from the disk.
fn verify_and_read_again(court: &mut Court, directory: &Path) {
    let status = court.broker.stop();
    assert!(status.success() || status.code() == Some(143), "a clean stop ended with {status}");
    let dump = Command::new(binary()).args(["dump", "--verify"]).arg(directory).output().unwrap();
    if !dump.status.success() {
        court.complaints.push(format!("millrace dump --verify: {}", String::from_utf8_lossy(&dump.stdout)));
    }
    court.lap("millrace dump verified the segments");
    court.broker.restart();
    let (address, topics) = (court.broker.address(), court.topics.clone());
    let result = librdkafka::consume(&address, &topics);
    if let Some(manifest) = court.note("librdkafka", result) {
        court.read("librdkafka, after a restart,", &manifest);
    }
    let names: Vec<String> = topics.into_iter().map(|(name, _)| name).collect();
    let result = court.java.consume(&address, &names);
    if let Some(manifest) = court.note("java", result) {
        court.read("java, after a restart,", &manifest);
    }
    court.lap("librdkafka and java read after a restart");
}

fn round_trips(setup: Setup, records: u64, settings: &'static [(&'static str, &'static str)]) {
    let directory = tempfile::tempdir().unwrap();
    let mut court = Court::open(setup, directory.path(), settings);
    let each = std::env::var("MILLRACE_RECORDS").map_or(records, |records| records.parse().unwrap());
    court.lap("started");
    write_all(&mut court, each / u64::try_from(CODECS.len()).unwrap());
    read_all(&mut court);
    if settings == COLUMNS {
        verify_and_read_again(&mut court, &directory.path().join("data"));
    } else {
        dump_all(&mut court);
    }
    assert!(court.complaints.is_empty(), "{} complaints:\n{}", court.complaints.len(), court.complaints.join("\n"));
}

#[test]
fn all_clients_read_what_each_wrote_on_one_core() {
    round_trips(Setup::of_environment(1), RECORDS, &[]);
}

#[test]
fn all_clients_read_what_each_wrote_on_two_cores() {
    round_trips(Setup::of_environment(2), RECORDS, &[]);
}

#[test]
fn all_clients_read_what_each_wrote_though_it_is_stored_as_columns() {
    if Kind::from_environment() == Kind::Millrace {
        round_trips(Setup::of_environment(2), RECORDS, COLUMNS);
    }
}

#[test]
fn all_clients_read_what_each_wrote_by_the_ways_of_the_network_that_are_off_by_default() {
    let mut setup = Setup::of_environment(1);
    if setup.kind == Kind::Millrace {
        for switch in SWITCHES {
            setup.arguments.extend(["--set".to_owned(), (*switch).to_owned()]);
        }
        round_trips(setup, RECORDS / 5, &[]);
    }
}

#[test]
fn consumers_at_their_defaults_read_through_a_group() {
    let directory = tempfile::tempdir().unwrap();
    let mut court = Court::open(Setup::of_environment(1), directory.path(), &[]);
    let (address, topic) = (court.broker.address(), court.topic("performance".to_owned(), PARTITIONS));
    let records = RECORDS.to_string();
    let base = ["--bootstrap-server", &address, "--topic", &topic];
    let written = [&base[..], &["--num-records", &records, "--record-size", "100", "--throughput", "-1"]].concat();
    court.java.tool("org.apache.kafka.tools.ProducerPerformance", None, &written).unwrap();

    let read = [&base[..], &["--num-records", &records, "--hide-header"]].concat();
    let printed = court.java.tool("org.apache.kafka.tools.ConsumerPerformance", None, &read).unwrap();
    let printed = String::from_utf8(printed).unwrap();
    assert_eq!(printed.lines().last().unwrap().split(", ").nth(4), Some(records.as_str()), "{printed}");

    let read = [&base[..], &["--from-beginning", "--max-messages", &records]].concat();
    let printed = court.java.tool("org.apache.kafka.tools.consumer.ConsoleConsumer", None, &read).unwrap();
    assert_eq!(printed.iter().filter(|byte| **byte == b'\n').count().to_string(), records);
}
