//! Topics with a `compression.type` of their own: every client's batches are stored in the topic's codec, as Kafka's
//! own dump tool sees it, and every client reads every byte.

use futures_executor::block_on;
use millrace_judges::broker::{Broker, Setup};
use millrace_judges::java::Java;
use millrace_judges::kcat;
use millrace_judges::librdkafka::{self, client};
use millrace_judges::manifest::{Collector, Manifest, Record, differences};
use millrace_judges::recipe::{self, Shape};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;

const CODECS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];
/// Settings of the topics, and what Kafka's dump tool calls their codec.
const TARGETS: [(&[(&str, &str)], &str); 8] = [
    (&[("compression.type", "uncompressed")], "none"),
    (&[("compression.type", "gzip")], "gzip"),
    (&[("compression.type", "gzip"), ("compression.gzip.level", "1")], "gzip"),
    (&[("compression.type", "snappy")], "snappy"),
    (&[("compression.type", "lz4")], "lz4"),
    (&[("compression.type", "lz4"), ("compression.lz4.level", "17")], "lz4"),
    (&[("compression.type", "zstd")], "zstd"),
    (&[("compression.type", "zstd"), ("compression.zstd.level", "-5")], "zstd"),
];
const RECORDS_EACH: u64 = 500;
const PARTITIONS: i32 = 2;

/// Creates a topic for each target; their names.
fn create_topics(address: &str) -> Vec<String> {
    let admin: AdminClient<DefaultClientContext> = client(address).create().expect("a client can be made");
    let names: Vec<String> = (0..TARGETS.len()).map(|at| format!("topic-{at}")).collect();
    for (name, (settings, _)) in names.iter().zip(TARGETS) {
        let topic = NewTopic::new(name, PARTITIONS, TopicReplication::Fixed(1));
        let topic = settings.iter().fold(topic, |topic, (name, value)| topic.set(name, value));
        let created = block_on(admin.create_topics([&topic], &AdminOptions::new())).expect("an answer comes");
        assert!(created.iter().all(Result::is_ok), "{created:?}");
    }
    names
}

/// Every codec by librdkafka, one after the other into the same partitions.
fn write(address: &str, topic: &str) -> Manifest {
    let mut records: Vec<Record> = Vec::new();
    for (seed, codec) in (0..).zip(CODECS) {
        let some: Vec<Record> = (0..RECORDS_EACH).map(|index| recipe::record(seed, index, Shape::Any)).collect();
        librdkafka::produce(address, (topic, PARTITIONS), codec, &some).expect("every codec is taken");
        records.extend(some);
    }
    let mut sent = Collector::default();
    for (partition, record) in (0..PARTITIONS).cycle().zip(&records) {
        sent.add(topic, partition, record);
    }
    sent.finish()
}

fn recompression(cores: u32) {
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let mut broker = Broker::start(Setup::of_environment(cores), directory.path());
    let (address, mut java) = (broker.address(), Java::start(None));
    let topics = create_topics(&address);
    let mut written = Manifest::new();
    for topic in &topics {
        written.extend(write(&address, topic));
    }

    let with_partitions: Vec<(String, i32)> = topics.iter().map(|topic| (topic.clone(), PARTITIONS)).collect();
    let read = librdkafka::consume(&address, &with_partitions).expect("librdkafka reads");
    assert_eq!(differences(&written, &read), Vec::<String>::new(), "librdkafka");
    let mut read = Collector::default();
    for topic in &topics {
        kcat::consume(&address, topic, &mut read).expect("kcat reads");
    }
    assert_eq!(differences(&written, &read.finish()), Vec::<String>::new(), "kcat");
    let read = java.consume(&address, &topics).expect("Java reads");
    assert_eq!(differences(&written, &read), Vec::<String>::new(), "Java");

    let status = broker.stop();
    assert!(status.success() || status.code() == Some(143), "a clean stop ended with {status}");
    for (topic, (_, codec)) in topics.iter().zip(TARGETS) {
        let segments = broker.segments(topic);
        let segments: Vec<&str> = segments.iter().filter_map(|path| path.to_str()).collect();
        let arguments = ["--deep-iteration", "--files", &segments.join(",")];
        let printed = java.tool("org.apache.kafka.tools.DumpLogSegments", None, &arguments).expect("it reads them");
        let printed = String::from_utf8(printed).expect("it prints text");
        let mut batches = 0;
        for line in printed.lines().filter(|line| line.starts_with("baseOffset: ")) {
            batches += 1;
            assert!(line.contains(&format!("compresscodec: {codec} ")), "{topic}: {line}");
            assert!(line.contains("isvalid: true"), "{topic}: {line}");
        }
        let records = printed.lines().filter(|line| line.starts_with("| offset: ")).count() as u64;
        assert!(batches >= CODECS.len() * PARTITIONS as usize, "{topic}: {batches} batches");
        assert_eq!(records, RECORDS_EACH * CODECS.len() as u64, "{topic}");
    }
}

#[test]
fn a_topics_codec_is_what_is_stored_and_every_client_reads_it_on_one_core() {
    recompression(1);
}

#[test]
fn a_topics_codec_is_what_is_stored_and_every_client_reads_it_on_two_cores() {
    recompression(2);
}
