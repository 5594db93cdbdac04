//! Fetch sessions (KIP-227), as a client by hand and Java's consumer see them: the same of Millrace as of Kafka.

use std::fs;

use millrace_judges::broker::{Broker, Kind, Setup};
use millrace_judges::java::Java;
use millrace_judges::kcat;
use millrace_judges::librdkafka;
use millrace_judges::recipe::{Shape, record};
use millrace_judges::wire::Connection;

const FETCH: i16 = 1;
/// The last version by names before lengths became compact, and the first one by ids.
const BY_NAME: i16 = 11;
const BY_ID: i16 = 13;
const TOPIC: &str = "sessions";
const PARTITIONS: i32 = 3;

const NONE: i16 = 0;
const UNKNOWN_TOPIC_OR_PARTITION: i16 = 3;
const FETCH_SESSION_ID_NOT_FOUND: i16 = 70;
const INVALID_FETCH_SESSION_EPOCH: i16 = 71;
const FETCH_SESSION_TOPIC_ID_ERROR: i16 = 106;

/// What an answer says: its error, its session, and of each partition that it names the index, the error and whether
/// there are records.
type Answer = (i16, i32, Vec<(i32, i16, bool)>);

/// Asks without waiting: `wanted` are partitions with offsets, `forgotten` partitions.
fn fetch(connection: &mut Connection, session: (i32, i32), wanted: &[(i32, i64)], forgotten: &[i32]) -> Answer {
    let mut body = Vec::new();
    for number in [-1, 0, 1, 1 << 20] {
        body.extend(i32::to_be_bytes(number));
    }
    body.push(0);
    body.extend(session.0.to_be_bytes());
    body.extend(session.1.to_be_bytes());
    topics(&mut body, wanted, |body, (partition, offset)| {
        body.extend(partition.to_be_bytes());
        body.extend((-1_i32).to_be_bytes());
        body.extend(offset.to_be_bytes());
        body.extend((-1_i64).to_be_bytes());
        body.extend((1_i32 << 20).to_be_bytes());
    });
    topics(&mut body, forgotten, |body, partition| body.extend(partition.to_be_bytes()));
    body.extend([0, 0]);
    decode(&connection.ask(FETCH, BY_NAME, &body).unwrap())
}

/// The topic with these partitions, or no topic.
fn topics<P>(body: &mut Vec<u8>, partitions: &[P], write: impl Fn(&mut Vec<u8>, &P)) {
    body.extend(i32::from(!partitions.is_empty()).to_be_bytes());
    if !partitions.is_empty() {
        body.extend(i16::try_from(TOPIC.len()).unwrap().to_be_bytes());
        body.extend(TOPIC.as_bytes());
        body.extend(i32::try_from(partitions.len()).unwrap().to_be_bytes());
        partitions.iter().for_each(|partition| write(body, partition));
    }
}

struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn skip(&mut self, bytes: usize) {
        self.0 = &self.0[bytes..];
    }

    fn i16(&mut self) -> i16 {
        let value = i16::from_be_bytes(self.0[..2].try_into().unwrap());
        self.skip(2);
        value
    }

    fn i32(&mut self) -> i32 {
        let value = i32::from_be_bytes(self.0[..4].try_into().unwrap());
        self.skip(4);
        value
    }
}

fn decode(answer: &[u8]) -> Answer {
    let mut cursor = Cursor(answer);
    cursor.skip(4);
    let (error, session) = (cursor.i16(), cursor.i32());
    let mut named = Vec::new();
    for _ in 0..cursor.i32() {
        let name = cursor.i16();
        cursor.skip(usize::try_from(name).unwrap());
        for _ in 0..cursor.i32() {
            let (partition, error) = (cursor.i32(), cursor.i16());
            cursor.skip(3 * 8);
            let aborted = usize::try_from(cursor.i32()).unwrap_or(0);
            cursor.skip(aborted * 16 + 4);
            let records = usize::try_from(cursor.i32()).unwrap_or(0);
            cursor.skip(records);
            named.push((partition, error, records > 0));
        }
    }
    assert!(cursor.0.is_empty(), "{} bytes follow the answer", cursor.0.len());
    named.sort_unstable();
    (error, session, named)
}

/// A request by ids that names nothing: the answer's error and session.
fn fetch_by_id(connection: &mut Connection, session: (i32, i32)) -> (i16, i32) {
    let mut body = Vec::new();
    for number in [-1, 0, 1, 1 << 20] {
        body.extend(i32::to_be_bytes(number));
    }
    body.push(0);
    body.extend(session.0.to_be_bytes());
    body.extend(session.1.to_be_bytes());
    body.extend([1, 1, 1, 0]);
    let answer = connection.ask_flexible(FETCH, BY_ID, &body).unwrap();
    let mut cursor = Cursor(&answer[1..]);
    cursor.skip(4);
    (cursor.i16(), cursor.i32())
}

fn produce(broker: &Broker, partition: i32) {
    kcat::produce(&broker.address(), (TOPIC, partition), "none", &[record(1, 1, Shape::Lines)]).unwrap();
}

fn trap_21_sessions_by_hand(cores: u32) {
    let directory = tempfile::tempdir().unwrap();
    let broker = Broker::start(Setup::of_environment(cores), directory.path());
    librdkafka::create_topics(&broker.address(), &[(TOPIC, PARTITIONS)]);
    (0..PARTITIONS).for_each(|partition| produce(&broker, partition));
    let mut connection = Connection::open(&broker.address()).unwrap();
    let mut ask = |session, wanted: &[_], forgotten: &[_]| fetch(&mut connection, session, wanted, forgotten);

    let idle = |partition| (partition, NONE, false);
    let (error, session, named) = ask((0, 0), &[(0, 1), (1, 1), (2, 1)], &[]);
    assert_eq!((error, named), (NONE, vec![idle(0), idle(1), idle(2)]), "a full answer names all");
    assert!(session > 0);
    assert_eq!(ask((session, 1), &[], &[]), (NONE, session, vec![]), "nothing has changed");
    produce(&broker, 1);
    assert_eq!(ask((session, 2), &[], &[]), (NONE, session, vec![(1, NONE, true)]));
    assert_eq!(ask((session, 3), &[(1, 2)], &[]), (NONE, session, vec![]), "its high watermark is known");

    assert_eq!(ask((session, 3), &[], &[]), (INVALID_FETCH_SESSION_EPOCH, 0, vec![]));
    assert_eq!(ask((session, 5), &[], &[]), (INVALID_FETCH_SESSION_EPOCH, 0, vec![]));
    assert_eq!(ask((session ^ 1, 4), &[], &[]), (FETCH_SESSION_ID_NOT_FOUND, 0, vec![]));
    assert_eq!(ask((0, 1), &[], &[]), (FETCH_SESSION_ID_NOT_FOUND, 0, vec![]));

    produce(&broker, 0);
    assert_eq!(ask((session, 4), &[], &[0]), (NONE, session, vec![]), "what is forgotten is not read");
    let unknown = (9, UNKNOWN_TOPIC_OR_PARTITION, false);
    assert_eq!(ask((session, 5), &[(9, 0)], &[]), (NONE, session, vec![unknown]));
    assert_eq!(ask((session, 6), &[], &[]), (NONE, session, vec![unknown]), "an error is told each time");

    let (mut other, other_kind) = (Connection::open(&broker.address()).unwrap(), (session, 7));
    let refused = fetch_by_id(&mut connection, other_kind);
    assert_eq!(refused, (FETCH_SESSION_TOPIC_ID_ERROR, 0));
    let mut ask = |session, wanted: &[_], forgotten: &[_]| fetch(&mut connection, session, wanted, forgotten);
    assert_eq!(ask((session, 7), &[], &[9]), (NONE, session, vec![]), "refused requests do not count");

    assert_eq!(ask((session, -1), &[(1, 2)], &[]), (NONE, 0, vec![idle(1)]), "the last answer is full");
    assert_eq!(ask((session, 8), &[], &[]), (FETCH_SESSION_ID_NOT_FOUND, 0, vec![]));

    let (_, first, _) = ask((0, 0), &[(1, 2)], &[]);
    let (_, second, named) = fetch(&mut other, (0, 0), &[(1, 2)], &[]);
    assert!(first > 0 && second > 0 && first != second, "{first} {second}");
    assert_eq!(named, [idle(1)]);
    assert_eq!(ask((first, 1), &[], &[1]), (NONE, 0, vec![]), "a session without partitions ends");
    assert_eq!(fetch(&mut other, (second, 1), &[], &[]), (NONE, second, vec![]));
}

#[test]
fn trap_21_sessions_by_hand_one_core() {
    trap_21_sessions_by_hand(1);
}

#[test]
fn trap_21_sessions_by_hand_two_cores() {
    trap_21_sessions_by_hand(2);
}

/// Partitions that Java's consumer reads, of which one has news.
const MANY: i32 = 200;
const ROUNDS: i64 = 50;
/// What a fetch of one record may take in each direction, in bytes, requests and answers' headers included. Naming each
/// of the 200 partitions takes more than 4,000.
const BYTES_PER_REQUEST_MAX: i64 = 500;

/// Requests, bytes sent and bytes received by Java's consumer in [`ROUNDS`] rounds.
fn traffic(slots: &str) -> [i64; 3] {
    let directory = tempfile::tempdir().unwrap();
    let mut setup = Setup::of_environment(2);
    setup.arguments = match setup.kind {
        Kind::Millrace => {
            let file = directory.path().join("broker.toml");
            fs::write(&file, format!("max.incremental.fetch.session.cache.slots = {slots}\n")).unwrap();
            vec!["--config".to_owned(), file.to_str().unwrap().to_owned()]
        }
        Kind::Reference => vec![format!("max.incremental.fetch.session.cache.slots={slots}")],
    };
    let broker = Broker::start(setup, directory.path());
    librdkafka::create_topics(&broker.address(), &[("many", MANY)]);
    let lines = Java::start(None).run(&["one-of-many", &broker.address(), "many", &ROUNDS.to_string()]).unwrap();
    let numbers: Vec<i64> = lines.iter().map(|line| line.parse().unwrap()).collect();
    println!("{slots} slots: {numbers:?} requests, bytes sent, bytes received in {ROUNDS} rounds");
    numbers.try_into().unwrap()
}

#[test]
fn one_of_many_partitions_costs_java_as_much_as_one() {
    let [requests, sent, received] = traffic("1000");
    assert!(requests >= ROUNDS / 2, "{requests} requests");
    assert!(sent / requests < BYTES_PER_REQUEST_MAX, "{sent} bytes sent in {requests} requests");
    assert!(received / requests < BYTES_PER_REQUEST_MAX, "{received} bytes received in {requests} answers");
}

#[test]
fn without_a_session_java_is_told_everything() {
    let [requests, sent, received] = traffic("0");
    assert!(sent / requests > 4_000 && received / requests > 4_000, "{requests}: {sent} sent, {received} received");
}
