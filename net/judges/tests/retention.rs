//! What is deleted, by request or by a topic's retention, stays deleted: seen by Kafka's tools and librdkafka.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use futures_executor::block_on;
use millrace_judges::broker::{Broker, Kind, Setup};
use millrace_judges::librdkafka::{client, create_topics};
use millrace_judges::process::kafka_jars;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

const TOPIC: &str = "retention";
const PATIENCE: Duration = Duration::from_secs(30);
const VALUE_BYTES: usize = 64 * 1024;

/// Sends records of [`VALUE_BYTES`], each in a batch of its own.
fn produce(broker: &Broker, records: usize) {
    let producer: BaseProducer =
        client(&broker.address()).set("batch.num.messages", "1").create().expect("a producer can be made");
    for number in 0..records {
        let value = vec![number as u8; VALUE_BYTES];
        let mut record: BaseRecord<'_, (), _> = BaseRecord::to(TOPIC).partition(0).payload(&value);
        while let Err((KafkaError::MessageProduction(_), refused)) = producer.send(record) {
            record = refused;
            producer.poll(Duration::from_millis(10));
        }
    }
    producer.flush(PATIENCE).expect("all records are acknowledged");
}

/// Log start offset and high watermark.
fn offsets(broker: &Broker) -> (i64, i64) {
    let consumer: BaseConsumer = client(&broker.address()).create().expect("a consumer can be made");
    consumer.fetch_watermarks(TOPIC, 0, PATIENCE).expect("the offsets are answered")
}

/// What `kafka-delete-records` prints.
fn delete_records(broker: &Broker, directory: &Path, offset: i64) -> String {
    let wanted = directory.join("offsets.json");
    let json = format!(r#"{{"partitions":[{{"topic":"{TOPIC}","partition":0,"offset":{offset}}}],"version":1}}"#);
    fs::write(&wanted, json).expect("the request can be written");
    let mut command = Command::new("java");
    command.arg("-cp").arg(kafka_jars().join("*")).arg("org.apache.kafka.tools.DeleteRecordsCommand");
    command.args(["--bootstrap-server", &broker.address(), "--offset-json-file"]).arg(&wanted);
    let output = command.output().expect("java is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn await_log_start(broker: &Broker, what: &str, is_right: impl Fn(i64, i64) -> bool) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (start, end) = offsets(broker);
        if is_right(start, end) {
            return;
        }
        assert!(Instant::now() < deadline, "{what}: the log is still {start}..{end}");
    }
}

#[test]
fn deleted_records_stay_deleted() {
    for cores in [1, 2] {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let mut broker = Broker::start(Setup::of_environment(cores), directory.path());
        create_topics(&broker.address(), &[(TOPIC, 1)]);
        produce(&broker, 40);
        assert_eq!(offsets(&broker), (0, 40));
        let printed = delete_records(&broker, directory.path(), 25);
        assert!(printed.contains("low_watermark: 25"), "{printed}");
        assert_eq!(offsets(&broker), (25, 40));
        let printed = delete_records(&broker, directory.path(), 41);
        assert!(printed.contains("OffsetOutOfRange"), "{printed}");
        broker.kill();
        broker.restart();
        assert_eq!(offsets(&broker), (25, 40));
        let printed = delete_records(&broker, directory.path(), -1);
        assert!(printed.contains("low_watermark: 40"), "{printed}");
        broker.stop();
        broker.restart();
        assert_eq!(offsets(&broker), (40, 40));
        produce(&broker, 1);
        assert_eq!(offsets(&broker), (40, 41));
    }
}

#[test]
fn segments_go_by_size_and_by_age() {
    if Kind::from_environment() == Kind::Reference {
        return;
    }
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let config = directory.path().join("millrace.toml");
    fs::write(&config, "\"log.retention.check.interval.ms\" = 100\n").expect("the configuration can be written");
    let mut setup = Setup::of_environment(2);
    setup.arguments = vec!["--config".to_owned(), config.display().to_string()];
    for (name, value) in [("retention.bytes", "3000000"), ("retention.ms", "1500")] {
        let mut broker = Broker::start(setup.clone(), &directory.path().join(name));
        let admin: AdminClient<DefaultClientContext> =
            client(&broker.address()).create().expect("a client can be made");
        let topic = NewTopic::new(TOPIC, 1, TopicReplication::Fixed(1)).set(name, value);
        let topic = topic.set("segment.bytes", "1048576");
        let created = block_on(admin.create_topics([&topic], &AdminOptions::new())).expect("an answer comes");
        assert!(created.iter().all(Result::is_ok), "{created:?}");
        produce(&broker, 100);
        match name {
            // At least what is to be kept, and less than a segment more than that.
            "retention.bytes" => await_log_start(&broker, name, |start, end| {
                let kept = (end - start) * VALUE_BYTES as i64;
                end == 100 && (3_000_000..3_000_000 + 2 * 1_048_576).contains(&kept)
            }),
            _ => await_log_start(&broker, name, |start, end| (start, end) == (100, 100)),
        }
        let (start, end) = offsets(&broker);
        broker.kill();
        broker.restart();
        await_log_start(&broker, name, |after, after_end| after >= start && after_end == end);
        produce(&broker, 1);
        assert_eq!(offsets(&broker).1, 101);
    }
}
