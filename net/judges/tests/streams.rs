//! Kafka Streams, unmodified: an application without state, from a topic to two others, at least once.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use millrace_judges::broker::{Broker, Kind, Setup};
use millrace_judges::java::Java;
use millrace_judges::librdkafka;
use millrace_judges::manifest::Record;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

const NUMBERS: &str = "numbers";
const RESULTS: [&str; 2] = ["even", "odd"];
const PARTITIONS: i32 = 4;
/// Numbers that are written at a time.
const STEP: u64 = 2_000;
/// How long the application may take for what it was given.
const PATIENCE: Duration = Duration::from_secs(90);

/// A topic of numbers, and what comes of it.
struct Flow {
    address: String,
    written: u64,
    reader: BaseConsumer,
    found: BTreeSet<String>,
}

impl Flow {
    fn new(address: String) -> Self {
        let topics = [NUMBERS, RESULTS[0], RESULTS[1]].map(|topic| (topic, PARTITIONS));
        librdkafka::create_topics(&address, &topics);
        let reader: BaseConsumer = librdkafka::client(&address).set("group.id", "unused").create().unwrap();
        let mut all = TopicPartitionList::new();
        for topic in RESULTS {
            for partition in 0..PARTITIONS {
                all.add_partition_offset(topic, partition, Offset::Beginning).unwrap();
            }
        }
        reader.assign(&all).unwrap();
        Self { address, written: 0, reader, found: BTreeSet::new() }
    }

    fn write(&mut self) {
        let numbers = self.written..self.written + STEP;
        self.written = numbers.end;
        let record = |number: u64| Record {
            timestamp_ms: Some(1_700_000_000_000 + number as i64),
            key: Some(format!("key {number}").into_bytes()),
            value: Some(number.to_string().into_bytes()),
            headers: Vec::new(),
        };
        let records: Vec<Record> = numbers.map(record).collect();
        librdkafka::produce(&self.address, (NUMBERS, PARTITIONS), "lz4", &records).unwrap();
    }

    /// Reads until every result is there; some may be there twice, none that should not.
    fn settle(&mut self) {
        let kept = (0..self.written).filter(|number| !number.is_multiple_of(3));
        let result = |number: u64| format!("{} {number}", RESULTS[(number % 2) as usize]);
        let expected: BTreeSet<String> = kept.map(result).collect();
        let deadline = Instant::now() + PATIENCE;
        while self.found.len() < expected.len() {
            assert!(Instant::now() < deadline, "{} of {} results", self.found.len(), expected.len());
            // While the broker is away librdkafka tells of it here.
            let Some(Ok(message)) = self.reader.poll(Duration::from_millis(100)) else { continue };
            let value = String::from_utf8(message.payload().unwrap().to_vec()).unwrap();
            assert!(value.starts_with(&format!("{} ", message.topic())), "{value} in {}", message.topic());
            self.found.insert(value);
        }
        assert!(self.found == expected);
    }
}

#[test]
fn an_application_of_kafka_streams_gives_every_result_through_restarts_of_its_own_and_of_the_broker() {
    let directory = tempfile::tempdir().unwrap();
    let mut setup = Setup::of_environment(2);
    if setup.kind == Kind::Millrace {
        setup.arguments = vec!["--set".to_owned(), "group.initial.rebalance.delay.ms=0".to_owned()];
    }
    let mut broker = Broker::start(setup, &directory.path().join("data"));
    let mut flow = Flow::new(broker.address());
    let mut java = Java::start(None);
    let states = directory.path().join("states");
    let states = states.to_str().unwrap();
    let address = broker.address();
    let start = |java: &mut Java, name: &str| {
        java.run(&["streams", &address, name, states, NUMBERS, RESULTS[0], RESULTS[1]]).unwrap();
    };

    start(&mut java, "first");
    flow.write();
    flow.settle();
    start(&mut java, "second");
    flow.write();
    java.run(&["streams", "stop", "first"]).unwrap();
    flow.write();
    flow.settle();
    start(&mut java, "first");
    flow.write();
    broker.kill();
    broker.restart();
    flow.write();
    flow.settle();
    java.run(&["streams", "stop", "first"]).unwrap();
    java.run(&["streams", "stop", "second"]).unwrap();
    broker.stop();
}
