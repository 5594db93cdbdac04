//! Requests that lie, and ten thousand that never end: the broker lives, stays small and serves others.

use std::time::{Duration, Instant};

use millrace_judges::broker::{Broker, Kind, Setup};
use millrace_judges::hostile::{Reaction, beginning, cases, send};
use millrace_judges::librdkafka;
use millrace_judges::manifest::{Collector, Record};
use millrace_judges::process::resident_bytes;
use millrace_judges::recipe::{Shape, record};
use millrace_judges::wire::{Connection, frame, header};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Half-open connections.
const HALF_OPEN: usize = 10_000;
/// What the broker may hold for each of them, in bytes.
const HALF_OPEN_BYTES_MAX: u64 = 16 << 10;
/// What it may need besides, for those that it serves meanwhile.
const SERVING_BYTES_MAX: u64 = 64 << 20;
/// The reference keeps a whole Java heap.
const REFERENCE_BYTES_MAX: u64 = 2 << 30;
/// Rounds of records, each of which is asked for while the broker's memory holds it; together they are more than that.
const SILENT_ROUNDS: i64 = 20;
/// Records of a round, and their size in bytes.
const SILENT_RECORDS: i64 = 40;
const SILENT_RECORD_BYTES: usize = 100_000;
/// Consumers of each round that ask and do not read; all in all more than a core has pipes to send files with.
const SILENT_EACH_ROUND: usize = 4;
/// What a core may take.
const SILENT_SETTINGS: [&str; 4] = [
    "millrace.memory.core.bytes=67108864",
    "millrace.memory.tail.bytes=8388608",
    "millrace.memory.requests.bytes=8388608",
    "socket.request.max.bytes=8388608",
];
/// How long the others may have to wait for a thousand records to go and come back.
const OTHERS_WITHIN: Duration = Duration::from_secs(20);

fn others_are_served(broker: &mut Broker, topic: &str) {
    let began = Instant::now();
    broker.assert_alive();
    let address = broker.address();
    librdkafka::create_topics(&address, &[(topic, 2)]);
    let records: Vec<_> = (0..1000).map(|index| record(7, index, Shape::Any)).collect();
    let written = librdkafka::produce(&address, (topic, 2), "lz4", &records).unwrap();
    let read = librdkafka::consume(&address, &[(topic.to_owned(), 2)]).unwrap();
    assert_eq!(read, written);
    assert!(began.elapsed() < OTHERS_WITHIN, "others waited {:?}", began.elapsed());
}

fn lies_are_answered_or_hung_up_on(cores: u32) {
    let directory = tempfile::tempdir().unwrap();
    let mut broker = Broker::start(Setup::of_environment(cores), directory.path());
    // One that behaves, open from before to after.
    let mut witness = Connection::open(&broker.address()).unwrap();
    others_are_served(&mut broker, "before");
    let before = resident_bytes(broker.pid());
    for case in cases() {
        let reaction = send(&broker.address(), &case).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        broker.assert_alive();
        assert!(!case.is_whole || reaction != Reaction::Silent, "{}: neither an answer nor an end", case.name);
        witness
            .metadata()
            .unwrap_or_else(|error| panic!("after {}, another connection is not served: {error}", case.name));
    }
    let grown = resident_bytes(broker.pid()).saturating_sub(before);
    assert!(grown < SERVING_BYTES_MAX || broker.setup().kind == Kind::Reference, "grew by {grown} bytes");
    others_are_served(&mut broker, "after");
}

#[test]
fn lies_are_answered_or_hung_up_on_one_core() {
    lies_are_answered_or_hung_up_on(1);
}

#[test]
fn lies_are_answered_or_hung_up_on_two_cores() {
    lies_are_answered_or_hung_up_on(2);
}

/// Trap 1: a client of the future learns from the answer in version 0 what the broker speaks.
#[test]
fn trap_01_unsupported_api_versions_is_answered_in_version_0() {
    const UNSUPPORTED_VERSION: i16 = 35;
    const CORRELATION: i32 = 4711;
    let directory = tempfile::tempdir().unwrap();
    let broker = Broker::start(Setup::of_environment(1), directory.path());
    let mut connection = Connection::open(&broker.address()).unwrap();
    let request = millrace_judges::wire::flexible_header(18, 999, CORRELATION);
    connection.send(&millrace_judges::wire::frame(&request)).unwrap();
    let answer = connection.receive().unwrap();
    assert_eq!(answer[..4], CORRELATION.to_be_bytes());
    assert_eq!(answer[4..6], UNSUPPORTED_VERSION.to_be_bytes());
    let keys = i32::from_be_bytes(answer[6..10].try_into().unwrap());
    assert!(keys >= 1, "the table of keys is empty");
    // Version 0 has six bytes a key and no tagged fields.
    assert_eq!(answer.len(), 10 + usize::try_from(keys).unwrap() * 6);
    assert!(answer[10..].chunks_exact(6).any(|key| key[..2] == [0, 18]), "ApiVersions is not in its own table");
}

#[test]
fn ten_thousand_half_open_connections_cost_little_and_stop_nobody() {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    assert!(hard > HALF_OPEN as u64 + 100, "this test needs {HALF_OPEN} descriptors, {hard} are allowed");
    setrlimit(Resource::RLIMIT_NOFILE, soft.max(hard), hard).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let mut broker = Broker::start(Setup::of_environment(2), directory.path());
    others_are_served(&mut broker, "before");
    let before = resident_bytes(broker.pid());
    // Kafka allocates what is announced, and would run out of memory.
    let announced = if broker.setup().kind == Kind::Reference { 64 << 10 } else { 1 << 20 };
    let began = Instant::now();
    let mut open = Vec::new();
    for index in 0..HALF_OPEN {
        let mut connection =
            Connection::open(&broker.address()).unwrap_or_else(|error| panic!("connection {index} of many: {error}"));
        connection
            .send(&beginning(index, announced))
            .unwrap_or_else(|error| panic!("connection {index} of many: {error}"));
        open.push(connection);
    }
    println!("opened {HALF_OPEN} connections in {:?}", began.elapsed());
    others_are_served(&mut broker, "meanwhile");
    let grown = resident_bytes(broker.pid()).saturating_sub(before);
    println!("resident memory grew from {before} by {grown} bytes, {} a connection", grown / HALF_OPEN as u64);
    let bound = match broker.setup().kind {
        Kind::Millrace => HALF_OPEN as u64 * HALF_OPEN_BYTES_MAX + SERVING_BYTES_MAX,
        Kind::Reference => REFERENCE_BYTES_MAX,
    };
    assert!(grown < bound, "grew by {grown} bytes, {bound} are allowed");
    drop(open);
    others_are_served(&mut broker, "after");
}

/// Fetch v4 of all that the topic's first partition has from an offset on.
fn fetch_from(topic: &str, offset: i64) -> Vec<u8> {
    const ALL: i32 = 50 << 20;
    let mut request = header(1, 4, 1);
    // A client's; waits for up to 500 ms, for a byte; takes so many bytes, whether committed or not.
    request.extend([-1_i32, 500, 1, ALL].iter().flat_map(|number| number.to_be_bytes()).chain([0]));
    request.extend([1_i32.to_be_bytes().as_slice(), &(topic.len() as i16).to_be_bytes(), topic.as_bytes()].concat());
    request.extend([1_i32, 0].iter().flat_map(|number| number.to_be_bytes()));
    request.extend(offset.to_be_bytes().into_iter().chain(ALL.to_be_bytes()));
    frame(&request)
}

#[test]
fn consumers_that_ask_and_do_not_read_hold_up_nobody() {
    const TOPIC: &str = "silent";
    let directory = tempfile::tempdir().unwrap();
    let mut setup = Setup::of_environment(1);
    if setup.kind == Kind::Millrace {
        setup.arguments.extend(SILENT_SETTINGS.iter().flat_map(|setting| ["--set".to_owned(), (*setting).to_owned()]));
    }
    let mut broker = Broker::start(setup, directory.path());
    let address = broker.address();
    librdkafka::create_topics(&address, &[(TOPIC, 1)]);
    let (mut written, mut silent) = (Collector::default(), Vec::new());
    for round in 0..SILENT_ROUNDS {
        let first = round * SILENT_RECORDS;
        let records: Vec<Record> = (first..first + SILENT_RECORDS).map(silent_record).collect();
        librdkafka::produce(&address, (TOPIC, 1), "none", &records).unwrap();
        records.iter().for_each(|record| written.add(TOPIC, 0, record));
        for _ in 0..SILENT_EACH_ROUND {
            let mut connection = Connection::open(&address).unwrap();
            // Sockets may hold an answer; the next one stays with the broker.
            connection.send(&fetch_from(TOPIC, first).repeat(2)).unwrap();
            silent.push(connection);
        }
    }
    others_are_served(&mut broker, "meanwhile");
    assert_eq!(librdkafka::consume(&address, &[(TOPIC.to_owned(), 1)]).unwrap(), written.finish(), "what others read");
    // They are not hung up on: who begins to read gets answers that are whole.
    for connection in &mut silent {
        for _ in 0..2 {
            let answer = connection.receive().unwrap();
            assert!(answer.len() > SILENT_RECORD_BYTES, "{} bytes", answer.len());
        }
    }
    others_are_served(&mut broker, "after");
}

fn silent_record(number: i64) -> Record {
    Record {
        timestamp_ms: Some(1_700_000_000_000 + number),
        key: None,
        value: Some(vec![number as u8; SILENT_RECORD_BYTES]),
        headers: Vec::new(),
    }
}
