//! What a client does when a broker refuses, hangs up, or has taken what it never acknowledged.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test's helpers fail as tests do")]
#![allow(clippy::disallowed_methods, reason = "tests run outside the runtime")]

mod scripted;

use millrace_base::code::ErrorCode;
use millrace_client::consumer::{Consumer, Start};
use millrace_client::producer::{BATCH_BYTES, NewRecord, Producer};
use millrace_client::{ClientError, Cluster};
use millrace_record::compression::Codec;
use scripted::{Broker, Reaction, TOPIC};

fn push(producer: &mut Producer<'_>, value: &[u8]) -> Result<(), ClientError> {
    producer.push(&NewRecord { timestamp_ms: 1, key: None, value: Some(value), headers: &[], partition: Some(0) })
}

/// Writes `batches` batches of one record each, and gives what the broker's log then holds.
fn write(reactions: &[Reaction], acks: i16, batches: u8) -> Result<Vec<u8>, ClientError> {
    let broker = Broker::start(reactions);
    let mut cluster = Cluster::connect(broker.address()).unwrap();
    let mut producer = Producer::new(&mut cluster, TOPIC, Codec::None, acks).unwrap();
    for number in 0..batches {
        push(&mut producer, &[number])?;
        producer.send()?;
    }
    producer.flush()?;
    assert_eq!(producer.written().next().unwrap().1.records, u64::from(batches));
    Ok(broker.values().into_iter().map(|value| value[0]).collect())
}

#[test]
fn what_may_pass_is_sent_again_in_order() {
    for code in [ErrorCode::NotLeaderOrFollower, ErrorCode::LeaderNotAvailable, ErrorCode::UnknownTopicOrPartition] {
        let reactions = [Reaction::Take, Reaction::Refuse(code), Reaction::Refuse(code), Reaction::Take];
        for acks in [1, -1] {
            assert_eq!(write(&reactions, acks, 4).unwrap(), [0, 1, 2, 3], "{code}");
        }
    }
}

#[test]
fn a_broker_that_hangs_up_is_asked_again() {
    assert_eq!(write(&[Reaction::Take, Reaction::HangUp], -1, 3).unwrap(), [0, 1, 2]);
}

#[test]
fn what_was_taken_and_not_acknowledged_is_not_written_twice() {
    assert_eq!(write(&[Reaction::Take, Reaction::TakeAndHangUp, Reaction::Take], -1, 4).unwrap(), [0, 1, 2, 3]);
}

#[test]
fn what_will_not_pass_is_told_at_once() {
    let error = write(&[Reaction::Take, Reaction::Refuse(ErrorCode::TopicAuthorizationFailed)], -1, 3).unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::TopicAuthorizationFailed));
}

#[test]
fn a_batch_that_is_too_large_is_halved() {
    let broker = Broker::start(&[Reaction::Refuse(ErrorCode::MessageTooLarge)]);
    let mut cluster = Cluster::connect(broker.address()).unwrap();
    let mut producer = Producer::new(&mut cluster, TOPIC, Codec::Lz4, -1).unwrap();
    for number in 0..5 {
        push(&mut producer, &[number]).unwrap();
    }
    producer.flush().unwrap();
    assert_eq!(broker.values(), (0..5).map(|number| vec![number]).collect::<Vec<_>>());
    assert_eq!(broker.batches(), [2, 3]);
}

#[test]
fn a_batch_is_sent_before_it_passes_its_size() {
    let broker = Broker::start(&[]);
    let mut cluster = Cluster::connect(broker.address()).unwrap();
    let mut producer = Producer::new(&mut cluster, TOPIC, Codec::None, -1).unwrap();
    for bytes in [BATCH_BYTES / 2, BATCH_BYTES / 2, 10, 2 * BATCH_BYTES, 10] {
        push(&mut producer, &vec![0; bytes]).unwrap();
    }
    producer.flush().unwrap();
    assert_eq!(broker.batches(), [1, 2, 1, 1]);
}

#[test]
fn reading_goes_on_after_what_may_pass() {
    let broker = Broker::start(&[]);
    let mut cluster = Cluster::connect(broker.address()).unwrap();
    let mut producer = Producer::new(&mut cluster, TOPIC, Codec::Zstd, -1).unwrap();
    for number in 0..3 {
        push(&mut producer, &[number]).unwrap();
        producer.send().unwrap();
    }
    producer.flush().unwrap();
    broker.react(&[
        Reaction::Refuse(ErrorCode::NotLeaderOrFollower),
        Reaction::HangUp,
        // The second batch is cut here, and whole in the answer after that.
        Reaction::Take,
        Reaction::Take,
        Reaction::Refuse(ErrorCode::OffsetOutOfRange),
    ]);
    let mut consumer = Consumer::new(&mut cluster, TOPIC, &[], Start::Offset(1)).unwrap();
    let mut read = Vec::new();
    while consumer.positions()[&0] < 3 {
        let each = |_, record: &millrace_record::record::Record<'_>| {
            read.push((record.offset, record.value.unwrap().to_vec()));
            Ok::<_, ClientError>(true)
        };
        consumer.poll(each).unwrap();
    }
    assert_eq!(read, [(1, vec![1]), (2, vec![2])]);
    let error = consumer.poll(|_, _| Ok::<_, ClientError>(true)).unwrap_err();
    assert!(matches!(error, ClientError::OutOfRange { offset: 3, start: 0, end: 3, .. }), "{error}");
}
