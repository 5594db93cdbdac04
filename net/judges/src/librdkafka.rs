//! librdkafka, by the crate `rdkafka`.

use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};

use crate::manifest::{Collector, Manifest, Record};

/// How long anything may take here.
const PATIENCE: Duration = Duration::from_secs(60);

/// Settings of every client: one broker.
#[must_use]
pub fn client(address: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", address).set("broker.address.family", "v4");
    config
}

/// Creates topics of so many partitions.
///
/// # Panics
/// When the broker refuses.
pub fn create_topics(address: &str, topics: &[(&str, i32)]) {
    create_topics_with(address, topics, &[]);
}

/// [`create_topics`] with settings of their own: names and values.
///
/// # Panics
/// When the broker refuses.
pub fn create_topics_with(address: &str, topics: &[(&str, i32)], settings: &[(&str, &str)]) {
    let admin: AdminClient<DefaultClientContext> = client(address).create().expect("the settings are right");
    let new = |name, partitions| {
        let topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
        settings.iter().fold(topic, |topic, (name, value)| topic.set(name, value))
    };
    let topics: Vec<NewTopic<'_>> = topics.iter().map(|(name, partitions)| new(name, *partitions)).collect();
    let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
    let results = futures_executor::block_on(admin.create_topics(&topics, &options)).expect("CreateTopics is answered");
    for result in results {
        result.unwrap_or_else(|(topic, error)| panic!("{topic} was not created: {error}"));
    }
}

/// Waits until the broker answers for every partition: Kafka answers CreateTopics earlier, and an idempotent producer
/// whose first batch it refuses meanwhile, while it takes the second, never gets anywhere.
///
/// # Panics
/// When it takes longer than [`PATIENCE`].
pub fn wait_for_partitions(address: &str, topics: &[(&str, i32)]) {
    let reader: BaseConsumer = client(address).set("group.id", "unused").create().expect("the settings are right");
    let deadline = Instant::now() + PATIENCE;
    for (topic, partition) in topics.iter().flat_map(|(topic, count)| (0..*count).map(move |index| (topic, index))) {
        while let Err(error) = reader.fetch_watermarks(topic, partition, PATIENCE) {
            assert!(Instant::now() < deadline, "partition {partition} of {topic} is not there: {error}");
        }
    }
}

/// Writes records to the partitions in turn, with the client's defaults.
///
/// # Errors
/// As librdkafka reports it.
pub fn produce(
    address: &str,
    (topic, partitions): (&str, i32),
    codec: &str,
    records: &[Record],
) -> Result<Manifest, KafkaError> {
    let producer: BaseProducer = client(address).set("compression.codec", codec).create()?;
    let mut sent = Collector::default();
    for (partition, record) in (0..partitions).cycle().zip(records) {
        sent.add(topic, partition, record);
        let mut headers = OwnedHeaders::new();
        for (key, value) in &record.headers {
            headers = headers.insert(Header { key, value: value.as_deref() });
        }
        let mut message = BaseRecord::<[u8], [u8]>::to(topic).partition(partition).headers(headers);
        message.timestamp = record.timestamp_ms;
        message.key = record.key.as_deref();
        message.payload = record.value.as_deref();
        while let Err((error, back)) = producer.send(message) {
            if error.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) {
                return Err(error);
            }
            producer.poll(Duration::from_millis(10));
            message = back;
        }
    }
    producer.flush(PATIENCE)?;
    Ok(sent.finish())
}

/// Reads everything in these topics, all partitions at once.
///
/// # Errors
/// What went wrong, an offset that is not the next one included.
pub fn consume(address: &str, topics: &[(String, i32)]) -> Result<Manifest, String> {
    let consumer: BaseConsumer = client(address)
        .set("group.id", "judge")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("auto.offset.reset", "error")
        .create()
        .map_err(|error| error.to_string())?;
    let mut assignment = TopicPartitionList::new();
    for (topic, partitions) in topics {
        for partition in 0..*partitions {
            assignment.add_partition_offset(topic, partition, Offset::Beginning).map_err(|error| error.to_string())?;
        }
    }
    consumer.assign(&assignment).map_err(|error| error.to_string())?;
    let mut open = assignment.count();
    let mut read = Collector::default();
    let deadline = Instant::now() + PATIENCE;
    while open > 0 {
        match consumer.poll(Duration::from_secs(1)) {
            None if Instant::now() > deadline => return Err(format!("{open} partitions do not end")),
            None => {}
            Some(Err(KafkaError::PartitionEOF(_))) => open -= 1,
            Some(Err(error)) => return Err(error.to_string()),
            Some(Ok(message)) => {
                let (topic, partition) = (message.topic(), message.partition());
                let next = read.next_offset(topic, partition);
                if u64::try_from(message.offset()) != Ok(next) {
                    return Err(format!("{topic}-{partition}: offset {} where {next} was next", message.offset()));
                }
                read.add(topic, partition, &record_of(&message));
            }
        }
    }
    Ok(read.finish())
}

fn record_of<M: Message<Headers = rdkafka::message::BorrowedHeaders>>(message: &M) -> Record {
    let headers = message.headers().map(|headers| {
        headers.iter().map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec))).collect()
    });
    Record {
        timestamp_ms: message.timestamp().to_millis(),
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        headers: headers.unwrap_or_default(),
    }
}
