//! The native protocol beside Kafka's: what either wrote both read, also after kill -9; credit is kept to; and whoever
//! lies on its ports costs nobody else anything.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use millrace_client::native::{Consumer, ConsumerOptions, Producer, ProducerOptions, Reset, Start};
use millrace_client::producer::NewRecord;
use millrace_judges::broker::{Broker, Kind, Setup, binary, free_ports};
use millrace_judges::librdkafka;
use millrace_judges::manifest::{Collector, Manifest, Record, differences};
use millrace_judges::process::resident_bytes;
use millrace_judges::recipe::{Random, Shape, record};
use millrace_judges::table::Judged;
use millrace_perf::{Tuning, fill, rival, tuned};
use millrace_record::builder::BatchBuilder;
use millrace_record::compression::{Codec, Scratch};
use millrace_wire::native::{MAGIC, PartitionId, ToBroker, ToClient, VERSION, encode, read};
use serde_json::json;

const PARTITIONS: i32 = 3;
const RECORDS: u64 = 20_000;
/// Longer than anything here may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A broker and its common native port.
struct Court {
    broker: Broker,
    native: String,
}

fn open(cores: u32, directory: &Path) -> Court {
    let first = free_ports(u16::try_from(cores).unwrap() + 1);
    let native = format!("127.0.0.1:{first}");
    let arguments = vec!["--native".to_owned(), native.clone()];
    let setup = Setup { kind: Kind::Millrace, cores, processor: None, arguments };
    Court { broker: Broker::start(setup, directory), native }
}

fn create(court: &Court, topic: &str, format: &str) {
    let (address, partitions) = (court.broker.address(), PARTITIONS.to_string());
    let config = format!("millrace.record.format={format}");
    let arguments = ["topic", "create", topic, "--server", &address, "-p", &partitions, "-c", &config];
    let status = Command::new(binary()).args(arguments).status().unwrap();
    assert!(status.success(), "{topic}");
}

fn consumer(native: &str, topic: &str) -> Consumer {
    // A small window, so that credit has to be given many times.
    let options = ConsumerOptions { window_bytes: 100_000, ..ConsumerOptions::new(native, topic) };
    Consumer::open(options).unwrap()
}

/// All that a topic holds.
fn consume(court: &Court, topic: &str) -> Manifest {
    let mut consumer = consumer(&court.native, topic);
    let (mut collector, mut scratch) = (Collector::default(), Scratch::default());
    let mut ended: BTreeMap<i32, bool> = (0..PARTITIONS).map(|partition| (partition, false)).collect();
    while ended.values().any(|is_over| !is_over) {
        let delivery = consumer.poll(PATIENCE).unwrap().expect("there is more to come");
        let partition = delivery.partition;
        delivery
            .for_each(&mut scratch, |record| {
                let next = collector.next_offset(topic, partition);
                assert_eq!(record.offset, i64::try_from(next).unwrap(), "{topic}-{partition}");
                let text = |name: &[u8]| String::from_utf8(name.to_vec()).unwrap();
                let headers = record.headers.clone();
                let record = Record {
                    timestamp_ms: Some(record.timestamp),
                    key: record.key.map(<[u8]>::to_vec),
                    value: record.value.map(<[u8]>::to_vec),
                    headers: headers.map(|(name, value)| (text(name), value.map(<[u8]>::to_vec))).collect(),
                };
                collector.add(topic, partition, &record);
            })
            .unwrap();
        ended.insert(partition, delivery.next_offset >= delivery.high_watermark);
    }
    collector.finish()
}

fn produce(court: &Court, topic: &str, codec: Codec, records: &[Record]) -> Manifest {
    let options = ProducerOptions { codec, batch_bytes: 20_000, ..ProducerOptions::new(&court.native, topic) };
    let mut producer = Producer::open(options).unwrap();
    let mut collector = Collector::default();
    for (index, record) in (0_i32..).zip(records) {
        let headers: Vec<_> = record.headers.iter().map(|(name, value)| (name.as_bytes(), value.as_deref())).collect();
        let (partition, timestamp_ms) = (index % PARTITIONS, record.timestamp_ms.unwrap_or(-1));
        collector.add(topic, partition, &Record { timestamp_ms: Some(timestamp_ms), ..record.clone() });
        let (key, value) = (record.key.as_deref(), record.value.as_deref());
        let new = NewRecord { timestamp_ms, key, value, headers: &headers, partition: Some(partition) };
        producer.push(&new).unwrap();
    }
    producer.flush().unwrap();
    let written: u64 = producer.written().map(|(_, written)| written.records).sum();
    assert_eq!(written, records.len() as u64);
    collector.finish()
}

fn what_either_protocol_wrote_both_read(cores: u32) {
    let directory = tempfile::tempdir().unwrap();
    let mut court = open(cores, directory.path());
    let records: Vec<Record> = (0..RECORDS).map(|index| record(11, index, Shape::Any)).collect();
    let mut written = Manifest::new();
    let mut topics = Vec::new();
    for format in ["kafka", "columns"] {
        for (name, codec) in [("none", Codec::None), ("lz4", Codec::Lz4), ("zstd", Codec::Zstd)] {
            let by_kafka = format!("{format}-{name}-kafka");
            create(&court, &by_kafka, format);
            let address = court.broker.address();
            written.extend(librdkafka::produce(&address, (&by_kafka, PARTITIONS), name, &records).unwrap());
            let by_native = format!("{format}-{name}-native");
            create(&court, &by_native, format);
            written.extend(produce(&court, &by_native, codec, &records));
            topics.extend([(by_kafka, PARTITIONS), (by_native, PARTITIONS)]);
        }
    }
    for life in ["first", "second"] {
        let by_kafka = librdkafka::consume(&court.broker.address(), &topics).unwrap();
        assert_eq!(differences(&written, &by_kafka), Vec::<String>::new(), "librdkafka, in the {life} life");
        for _ in 0..2 {
            let mut by_native = Manifest::new();
            for (topic, _) in &topics {
                by_native.extend(consume(&court, topic));
            }
            assert_eq!(differences(&written, &by_native), Vec::<String>::new(), "native, in the {life} life");
        }
        court.broker.stop();
        court.broker.restart();
    }
}

#[test]
fn what_either_protocol_wrote_both_read_one_core() {
    what_either_protocol_wrote_both_read(1);
}

#[test]
fn what_either_protocol_wrote_both_read_two_cores() {
    what_either_protocol_wrote_both_read(2);
}

/// Writes numbers to each partition until it is told to stop; how many.
fn number_records(native: &str, topic: &str, done: &AtomicBool) -> Vec<u64> {
    let options = ProducerOptions { batch_bytes: 5_000, ..ProducerOptions::new(native, topic) };
    let mut producer = Producer::open(options).unwrap();
    let mut next = vec![0_u64; producer.partitions()];
    while !done.load(Ordering::Relaxed) {
        for (index, number) in (0..).zip(&mut next) {
            let value = number.to_be_bytes();
            let (key, headers, timestamp_ms) = (None, &[][..], 1_700_000_000_000);
            let record = NewRecord { timestamp_ms, key, value: Some(&value), headers, partition: Some(index) };
            producer.push(&record).unwrap();
            *number += 1;
        }
    }
    producer.flush().unwrap();
    let written: Vec<u64> = producer.written().map(|(_, written)| written.records).collect();
    assert_eq!(written, next);
    next
}

/// Reads until it is told to stop and nothing more comes: each record's number is its offset. How many.
fn count_records(native: &str, topic: &str, done: &AtomicBool) -> Vec<u64> {
    let mut consumer = consumer(native, topic);
    let mut scratch = Scratch::default();
    let mut next = vec![0_u64; consumer.partitions()];
    loop {
        let was_done = done.load(Ordering::Relaxed);
        match consumer.poll(Duration::from_secs(3)).unwrap() {
            None if was_done => return next,
            None => {}
            Some(delivery) => {
                let number = &mut next[usize::try_from(delivery.partition).unwrap()];
                let seen = delivery.for_each(&mut scratch, |record| {
                    assert_eq!(record.offset, i64::try_from(*number).unwrap());
                    assert_eq!(record.value, Some(&number.to_be_bytes()[..]));
                    *number += 1;
                });
                seen.unwrap();
            }
        }
    }
}

/// One producer and one consumer live through kills. A record's number is its offset, whatever happened.
fn nothing_acknowledged_is_lost(format: &str) {
    const KILLS: u32 = 15;
    let directory = tempfile::tempdir().unwrap();
    let mut court = open(2, directory.path());
    create(&court, "numbers", format);
    let Court { broker, native } = &mut court;
    let (done, written) = (AtomicBool::new(false), AtomicBool::new(false));
    let (produced, consumed) = std::thread::scope(|scope| {
        let producing = scope.spawn(|| number_records(native, "numbers", &done));
        let consuming = scope.spawn(|| count_records(native, "numbers", &written));
        let mut random = Random(5);
        for _ in 0..KILLS {
            std::thread::sleep(Duration::from_millis(200 + random.next() % 600));
            broker.kill();
            broker.restart();
        }
        done.store(true, Ordering::Relaxed);
        let produced = producing.join().unwrap();
        written.store(true, Ordering::Relaxed);
        (produced, consuming.join().unwrap())
    });
    assert_eq!(consumed, produced);
    assert!(produced.iter().all(|count| *count > 1_000), "hardly anything was written: {produced:?}");
}

#[test]
fn nothing_acknowledged_is_lost_of_kafkas_format() {
    nothing_acknowledged_is_lost("kafka");
}

#[test]
fn nothing_acknowledged_is_lost_of_columns() {
    nothing_acknowledged_is_lost("columns");
}

/// A connection by hand.
struct Raw(TcpStream);

impl Raw {
    fn open(native: &str) -> Self {
        let stream = TcpStream::connect(native).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(stream)
    }

    fn greeted(native: &str) -> Self {
        Self::greeted_as(native, "by-hand")
    }

    fn greeted_as(native: &str, client_id: &str) -> Self {
        let mut raw = Self::open(native);
        raw.say(&ToBroker::Hello { magic: MAGIC, version: VERSION, client_id: client_id.to_owned() }, &[]);
        assert!(matches!(raw.hear(), Some((ToClient::Welcome { version: VERSION, .. }, _))));
        raw
    }

    fn say(&mut self, message: &ToBroker, payload: &[u8]) {
        let frame = encode(message, payload.len()).unwrap();
        self.send(&[&frame, payload].concat());
    }

    /// The broker may hang up in the midst of it.
    fn send(&mut self, bytes: &[u8]) {
        if let Err(error) = self.0.write_all(bytes) {
            println!("the broker has hung up: {error}");
        }
    }

    /// The next message and the length of its payload; nothing when the broker has hung up.
    fn hear(&mut self) -> Option<(ToClient, usize)> {
        let mut length = [0; 4];
        self.0.read_exact(&mut length).ok()?;
        let mut frame = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
        self.0.read_exact(&mut frame).ok()?;
        let (message, payload) = read(&frame).unwrap();
        Some((message, payload.len()))
    }

    fn locate(&mut self, topic: &str) -> [u8; 16] {
        self.say(&ToBroker::Locate { request: 7, topic: topic.to_owned() }, &[]);
        match self.hear() {
            Some((ToClient::Located { request: 7, topic_id, .. }, 0)) => topic_id,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn no_more_is_sent_than_there_is_credit_for() {
    const BATCH_BYTES_MAX: usize = 25_000;
    let directory = tempfile::tempdir().unwrap();
    let court = open(1, directory.path());
    create(&court, "t", "kafka");
    let records: Vec<Record> = (0..RECORDS).map(|index| record(12, index, Shape::Any)).collect();
    produce(&court, "t", Codec::None, &records);
    let mut raw = Raw::greeted(&court.native);
    let partition = PartitionId { topic: raw.locate("t"), index: 1 };
    let (mut came, mut credit) = (0, 0);
    raw.say(&ToBroker::Subscribe { stream: 3, partition, offset: 0, credit_bytes: 0 }, &[]);
    for more in [1_u32, 30_000, 100, 200_000] {
        raw.say(&ToBroker::Credit { stream: 3, bytes: more }, &[]);
        credit += more as usize;
        while came < credit {
            let (message, bytes) = raw.hear().unwrap();
            assert!(matches!(message, ToClient::Records { stream: 3, .. }), "{message:?}");
            came += bytes;
        }
        // What was asked for later is answered first: nothing more is on its way.
        raw.locate("t");
        assert!(came < credit + BATCH_BYTES_MAX, "{came} bytes for {credit}");
    }
    raw.say(&ToBroker::Unsubscribe { stream: 3 }, &[]);
    raw.say(&ToBroker::Credit { stream: 3, bytes: 1_000_000 }, &[]);
    raw.locate("t");
    raw.say(&ToBroker::Subscribe { stream: 3, partition, offset: 1 << 40, credit_bytes: 1 }, &[]);
    match raw.hear() {
        Some((ToClient::Ended { stream: 3, code: 1, message }, 0)) => assert!(message.contains("1099511627776")),
        other => panic!("an offset that is not there: {other:?}"),
    }
}

/// Bytes a second that a client is given; what a burst is measured over is ten seconds.
const QUOTA_RATE: f64 = 10_000.0;
/// A burst that is a tenth more than ten seconds may bring: it throttles for a second.
const BURST_BYTES: usize = 110_000;
/// What throttling a burst takes, and what is taken without.
const THROTTLED: std::ops::Range<Duration> = Duration::from_millis(800)..Duration::from_secs(5);
const AT_ONCE: Duration = Duration::from_millis(700);

/// A broker whose clients that call themselves "by-hand" have a quota; its native port.
fn open_with_quota(directory: &Path, key: &str) -> (Judged, String) {
    let native = format!("127.0.0.1:{}", free_ports(3));
    let arguments = vec!["--native".to_owned(), native.clone()];
    let mut judged = Judged::spawn(Setup { kind: Kind::Millrace, cores: 2, processor: None, arguments }, directory);
    judged.broker.await_answer();
    let entity = json!([{ "EntityType": "client-id", "EntityName": "by-hand" }]);
    let ops = json!([{ "Key": key, "Value": QUOTA_RATE, "Remove": false }]);
    let body = json!({ "Entries": [{ "Entity": entity, "Ops": ops }], "ValidateOnly": false });
    judged.tell("AlterClientQuotas", 1, &body);
    let all = json!({ "Components": [], "Strict": false });
    judged.until("DescribeClientQuotas", 1, &all, |it| it["Entries"].as_array().is_some_and(|all| !all.is_empty()));
    let topic = json!({ "Name": "t", "NumPartitions": 1, "ReplicationFactor": 1 });
    judged.tell("CreateTopics", 7, &json!({ "Topics": [topic] }));
    let latest = json!({ "ReplicaId": -1, "Topics": [{ "Name": "t", "Partitions": [{ "PartitionIndex": 0,
        "Timestamp": -1 }] }] });
    judged.until("ListOffsets", 1, &latest, |it| it["Topics"][0]["Partitions"][0]["ErrorCode"] == 0);
    (judged, native)
}

/// A batch of one record.
fn batch(value_bytes: usize) -> Vec<u8> {
    let mut batch = BatchBuilder::new(Codec::None);
    batch.push(1_700_000_000_000, None, Some(&vec![7; value_bytes]), &[]).unwrap();
    batch.build().unwrap()
}

/// Appends a burst; how long the answer took.
fn produce_burst(raw: &mut Raw, partition: PartitionId) -> Duration {
    let began = Instant::now();
    raw.say(&ToBroker::Produce { request: 9, partition }, &batch(BURST_BYTES));
    match raw.hear() {
        Some((ToClient::Produced { request: 9, .. }, 0)) => began.elapsed(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_native_producer_that_writes_too_much_is_answered_late() {
    let directory = tempfile::tempdir().unwrap();
    let (_judged, native) = open_with_quota(directory.path(), "producer_byte_rate");
    let mut raw = Raw::greeted(&native);
    let partition = PartitionId { topic: raw.locate("t"), index: 0 };
    let took = produce_burst(&mut raw, partition);
    assert!(THROTTLED.contains(&took), "{took:?}");
    let took = produce_burst(&mut Raw::greeted_as(&native, "another"), partition);
    assert!(took < AT_ONCE, "a client without a quota waited for {took:?}");
}

#[test]
fn a_native_consumer_that_reads_too_much_is_sent_the_rest_late() {
    let directory = tempfile::tempdir().unwrap();
    let (_judged, native) = open_with_quota(directory.path(), "consumer_byte_rate");
    for (client, is_throttled) in [("by-hand", true), ("another", false)] {
        let mut raw = Raw::greeted_as(&native, client);
        let partition = PartitionId { topic: raw.locate("t"), index: 0 };
        produce_burst(&mut raw, partition);
        produce_burst(&mut raw, partition);
        // Credit for one batch: the other one is a run of its own.
        raw.say(&ToBroker::Subscribe { stream: 1, partition, offset: 0, credit_bytes: 1 }, &[]);
        assert!(matches!(raw.hear(), Some((ToClient::Records { next_offset: 1, .. }, BURST_BYTES..))));
        let began = Instant::now();
        raw.say(&ToBroker::Credit { stream: 1, bytes: 150_000 }, &[]);
        assert!(matches!(raw.hear(), Some((ToClient::Records { next_offset: 2, .. }, BURST_BYTES..))));
        let took = began.elapsed();
        let wanted = if is_throttled { THROTTLED } else { Duration::ZERO..AT_ONCE };
        assert!(wanted.contains(&took), "{client}: {took:?}");
    }
}

/// The answers wait behind records that the client does not read, while the broker is told to stop.
#[test]
fn what_is_under_way_is_answered_before_the_broker_stops() {
    const REQUESTS: u32 = 50;
    /// More than sockets and the queue of a connection hold.
    const LARGE: u32 = 100;
    let directory = tempfile::tempdir().unwrap();
    let (mut judged, native) = open_with_quota(directory.path(), "producer_byte_rate");
    let mut unlimited = Raw::greeted_as(&native, "another");
    let partition = PartitionId { topic: unlimited.locate("t"), index: 0 };
    let (large, small) = (batch(1_000_000), batch(1));
    for request in 0..LARGE {
        unlimited.say(&ToBroker::Produce { request, partition }, &large);
        assert!(matches!(unlimited.hear(), Some((ToClient::Produced { .. }, 0))));
    }
    let mut raw = Raw::greeted_as(&native, "another");
    raw.say(&ToBroker::Subscribe { stream: 1, partition, offset: 0, credit_bytes: 1 << 30 }, &[]);
    // The stream flows.
    assert!(raw.0.peek(&mut [0]).is_ok_and(|bytes| bytes == 1));
    (0..REQUESTS).for_each(|request| raw.say(&ToBroker::Produce { request, partition }, &small));
    let latest = json!({ "ReplicaId": -1, "Topics": [{ "Name": "t", "Partitions": [{ "PartitionIndex": 0,
        "Timestamp": -1 }] }] });
    let all = LARGE + REQUESTS;
    judged.until("ListOffsets", 1, &latest, |it| it["Topics"][0]["Partitions"][0]["Offset"] == all);
    let address = judged.broker.address();
    let status = std::thread::scope(|scope| {
        let stopping = scope.spawn(|| judged.broker.stop());
        // It takes no connections any more: it is stopping.
        while TcpStream::connect(&address).is_ok() {}
        let mut answered = Vec::new();
        while let Some((message, _)) = raw.hear() {
            match message {
                ToClient::Produced { request, .. } => answered.push(request),
                ToClient::Records { .. } => {}
                other => panic!("{other:?}"),
            }
        }
        answered.sort_unstable();
        assert_eq!(answered, (0..REQUESTS).collect::<Vec<_>>());
        stopping.join().unwrap()
    });
    assert!(status.success(), "{status}");
}

#[test]
fn whoever_lies_is_hung_up_on_and_costs_nobody_else_anything() {
    const GROWTH_BYTES_MAX: u64 = 64 << 20;
    let directory = tempfile::tempdir().unwrap();
    let mut court = open(2, directory.path());
    create(&court, "t", "columns");
    let mut witness = Raw::greeted(&court.native);
    let topic = witness.locate("t");
    let before = resident_bytes(court.broker.pid());
    let hello = || encode(&ToBroker::Hello { magic: MAGIC, version: VERSION, client_id: String::new() }, 0).unwrap();
    let said = |message: ToBroker, payload: &[u8]| {
        let frame = encode(&message, payload.len()).unwrap();
        [&hello(), &frame[..], payload].concat()
    };
    let partition = PartitionId { topic, index: 0 };
    let subscribe = ToBroker::Subscribe { stream: 1, partition, offset: 0, credit_bytes: 1 };
    let mut random = Random(77);
    let mut lies: Vec<Vec<u8>> = vec![
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        vec![0xff; 64],
        vec![0; 64],
        [&[0x7f, 0xff, 0xff, 0xff][..], &[0; 64]].concat(),
        encode(&ToBroker::Hello { magic: 1, version: VERSION, client_id: String::new() }, 0).unwrap(),
        encode(&ToBroker::KeepAlive, 0).unwrap(),
        said(ToBroker::Hello { magic: MAGIC, version: VERSION, client_id: String::new() }, &[]),
        said(ToBroker::KeepAlive, &[1]),
        [said(subscribe.clone(), &[]), encode(&subscribe, 0).unwrap()].concat(),
    ];
    for _ in 0..200 {
        let mut frame = said(subscribe.clone(), &[]);
        let at = hello().len() + random.next() as usize % (frame.len() - hello().len());
        frame[at] = random.next() as u8;
        lies.push(frame);
    }
    for lie in &lies {
        let mut raw = Raw::open(&court.native);
        raw.send(lie);
        raw.0.shutdown(std::net::Shutdown::Write).unwrap();
        while raw.hear().is_some() {}
        court.broker.assert_alive();
    }
    // Those that are no lies, only wrong, are told so; the connection goes on.
    let unknown = PartitionId { topic: [9; 16], index: 0 };
    let batch = [7; 100];
    for (message, payload, code) in [
        (ToBroker::Locate { request: 1, topic: "none".to_owned() }, &[][..], 3),
        (ToBroker::FindOffset { request: 1, partition: unknown, timestamp: -1 }, &[], 100),
        (ToBroker::FindOffset { request: 1, partition, timestamp: -77 }, &[], 42),
        (ToBroker::Produce { request: 1, partition: unknown }, &batch, 100),
        (ToBroker::Produce { request: 1, partition: PartitionId { topic, index: 99 } }, &batch, 3),
    ] {
        witness.say(&message, payload);
        match witness.hear() {
            Some((ToClient::Failed { request: 1, code: found, .. }, 0)) => assert_eq!(found, code, "{message:?}"),
            other => panic!("{message:?}: {other:?}"),
        }
    }
    witness.say(&ToBroker::Produce { request: 5, partition }, &batch);
    assert!(matches!(witness.hear(), Some((ToClient::Failed { request: 5, .. }, 0))), "what is no batch");
    witness.say(&ToBroker::Hello { magic: MAGIC, version: 99, client_id: String::new() }, &[]);
    assert!(witness.hear().is_none(), "it greets twice");
    let mut early = Raw::open(&court.native);
    early.say(&ToBroker::Hello { magic: MAGIC, version: 99, client_id: String::new() }, &[]);
    match early.hear() {
        Some((ToClient::Failed { code: 35, message, .. }, 0)) => assert!(message.contains("version 1"), "{message}"),
        other => panic!("another version: {other:?}"),
    }
    let records: Vec<Record> = (0..300).map(|index| record(13, index, Shape::Any)).collect();
    let written = produce(&court, "t", Codec::None, &records);
    assert_eq!(differences(&written, &consume(&court, "t")), Vec::<String>::new());
    let grown = resident_bytes(court.broker.pid()).saturating_sub(before);
    assert!(grown < GROWTH_BYTES_MAX, "grew by {grown} bytes");
}

#[test]
fn a_consumer_begins_where_it_is_told_and_goes_on_where_it_may() {
    let directory = tempfile::tempdir().unwrap();
    let court = open(2, directory.path());
    create(&court, "t", "columns");
    let records: Vec<Record> = (0..3_000_u32)
        .map(|index| Record { timestamp_ms: Some(1_700_000_000_000 + i64::from(index)), ..Record::default() })
        .collect();
    produce(&court, "t", Codec::None, &records);
    let first = |start: Start, reset: Reset, patience: Duration| {
        let partitions = vec![2];
        let options = ConsumerOptions { start, reset, partitions, ..ConsumerOptions::new(&court.native, "t") };
        let mut consumer = Consumer::open(options).unwrap();
        let mut offset = None;
        let polled = consumer.poll(patience);
        if let Some(delivery) = polled? {
            delivery
                .for_each(&mut Scratch::default(), |record| {
                    offset.get_or_insert(record.offset);
                })
                .unwrap();
        }
        Ok::<_, millrace_client::ClientError>(offset)
    };
    for (start, offset) in [(Start::Earliest, 0), (Start::Offset(777), 777), (Start::Timestamp(1_700_000_001_500), 500)]
    {
        assert_eq!(first(start, Reset::Fail, PATIENCE).unwrap(), Some(offset), "{start:?}");
    }
    let soon = Duration::from_millis(200);
    for start in [Start::Latest, Start::Offset(1_000), Start::Timestamp(1_800_000_000_000)] {
        assert_eq!(first(start, Reset::Fail, soon).unwrap(), None, "{start:?}");
    }
    assert_eq!(first(Start::Offset(5_000), Reset::Earliest, PATIENCE).unwrap(), Some(0));
    let refused = first(Start::Offset(5_000), Reset::Fail, PATIENCE).unwrap_err();
    assert!(refused.to_string().contains("OFFSET_OUT_OF_RANGE"), "{refused}");
    let began = Instant::now();
    let unknown = Consumer::open(ConsumerOptions::new(&court.native, "nowhere")).err().unwrap();
    assert!(unknown.to_string().contains("nowhere") && began.elapsed() < PATIENCE, "{unknown}");
}

/// What is measured with them is what is there.
#[test]
fn the_tuned_consumer_and_librdkafka_read_all_that_was_filled_in() {
    const FILLED: u64 = 30_000;
    const VALUE_BYTES: usize = 100;
    let directory = tempfile::tempdir().unwrap();
    let court = open(2, directory.path());
    for format in ["kafka", "columns"] {
        create(&court, format, format);
        let partitions = fill::fill(&court.native, format, FILLED, VALUE_BYTES, 10_000).unwrap();
        assert_eq!(partitions, PARTITIONS);
        let rival = rival::read(&court.broker.address(), format, partitions, true).unwrap();
        let mut ways = vec![("librdkafka".to_owned(), rival)];
        let base = Tuning { window_bytes: 50_000, ..Tuning::default() };
        for (name, tuning) in base.variants() {
            ways.push((name, tuned::read(&court.native, format, partitions, &tuning).unwrap()));
        }
        for (name, measured) in ways {
            let found = (measured.records, measured.bytes);
            assert_eq!(found, (FILLED, FILLED * VALUE_BYTES as u64), "{name}, {format}");
        }
    }
}
