//! Committed offsets.

use millrace_base::code::ErrorCode;
use millrace_base::ids::TopicId;

use super::harness::*;
use crate::group::*;

fn committed(bench: &mut Bench, ticket: Ticket) -> Vec<ErrorCode> {
    match bench.answer(ticket) {
        Some(Answer::Commit(codes)) => codes,
        other => panic!("{other:?}"),
    }
}

pub(super) fn fetch(bench: &mut Bench, topics: Option<&[(&str, &[i32])]>) -> Vec<(String, i32, Option<i64>)> {
    let topics = topics.map(|topics| {
        let asked = |(topic, partitions): &(&str, &[i32])| TopicPartitions {
            topic: (*topic).to_owned(),
            partitions: partitions.to_vec(),
            ..TopicPartitions::default()
        };
        topics.iter().map(asked).collect()
    });
    let ticket = bench.send(Request::FetchOffsets(FetchOffsets {
        group: GROUP.to_owned(),
        member_id: None,
        member_epoch: -1,
        topics,
    }));
    match bench.answer(ticket) {
        Some(Answer::FetchOffsets(Ok(found))) => found
            .into_iter()
            .map(|found| (found.topic, found.partition, found.committed.map(|offset| offset.offset)))
            .collect(),
        other => panic!("{other:?}"),
    }
}

fn try_commit(bench: &mut Bench, commit: Commit) -> Vec<ErrorCode> {
    let ticket = bench.send(Request::Commit(commit));
    committed(bench, ticket)
}

#[test]
fn a_commit_is_answered_and_readable_once_it_is_durable() {
    let mut bench = Bench::new(rules());
    bench.holds_writes = true;
    let ticket = bench.send(Request::Commit(commit("", -1, &[("t", 0, 5), ("t", 1, 6)])));
    assert_eq!(bench.answers.get(&ticket), None);
    assert_eq!(fetch(&mut bench, Some(&[("t", &[0])])), [("t".to_owned(), 0, None)]);
    bench.end_writes();
    assert_eq!(committed(&mut bench, ticket), [ErrorCode::None; 2]);
    let all = [("t".to_owned(), 0, Some(5)), ("t".to_owned(), 1, Some(6))];
    assert_eq!(fetch(&mut bench, None), all);
    bench.restart(rules());
    assert_eq!(fetch(&mut bench, None), all);
    assert_eq!(fetch(&mut bench, Some(&[("u", &[3])])), [("u".to_owned(), 3, None)]);
}

#[test]
fn a_commit_that_cannot_be_written_changes_nothing() {
    let mut bench = Bench::new(rules());
    bench.holds_writes = true;
    let ticket = bench.send(Request::Commit(commit("", -1, &[("t", 0, 5)])));
    bench.fail_write(ErrorCode::KafkaStorageError);
    assert_eq!(committed(&mut bench, ticket), [ErrorCode::NotCoordinator]);
    assert_eq!(bench.describe(), Err(ErrorCode::GroupIdNotFound));
    let ticket = bench.send(Request::Commit(commit("", -1, &[("t", 0, 5)])));
    bench.end_writes();
    committed(&mut bench, ticket);
    let ticket = bench.send(Request::Commit(commit("", -1, &[("t", 0, 6)])));
    bench.fail_write(ErrorCode::NotEnoughReplicas);
    assert_eq!(committed(&mut bench, ticket), [ErrorCode::CoordinatorNotAvailable]);
    assert_eq!(fetch(&mut bench, None), [("t".to_owned(), 0, Some(5))]);
}

#[test]
fn who_is_no_member_of_this_generation_may_not_commit() {
    let mut bench = Bench::new(rules());
    assert_eq!(try_commit(&mut bench, commit("x", 1, &[("t", 0, 1)])), [ErrorCode::GroupIdNotFound]);
    let old = Commit { knows_kip_848: false, ..commit("x", 1, &[("t", 0, 1)]) };
    assert_eq!(try_commit(&mut bench, old), [ErrorCode::IllegalGeneration]);
    let ids = bench.stable(&["a"]);
    let mut outcome = |member: &str, generation| try_commit(&mut bench, commit(member, generation, &[("t", 0, 1)]));
    assert_eq!(outcome(&ids[0], 1), [ErrorCode::None]);
    assert_eq!(outcome(&ids[0], 0), [ErrorCode::IllegalGeneration]);
    assert_eq!(outcome(&ids[0], -1), [ErrorCode::IllegalGeneration]);
    assert_eq!(outcome("x", 1), [ErrorCode::UnknownMemberId]);
    assert_eq!(outcome("", -1), [ErrorCode::UnknownMemberId], "an operator's, while there are members");
    let fenced = Commit { instance_id: Some("s".to_owned()), ..commit(&ids[0], 1, &[("t", 0, 1)]) };
    assert_eq!(try_commit(&mut bench, fenced), [ErrorCode::UnknownMemberId]);
}

#[test]
fn members_may_commit_while_they_are_asked_to_join_anew_but_not_while_they_wait_for_their_assignment() {
    let mut bench = Bench::new(rules());
    let ids = bench.stable(&["a"]);
    let (b, joining) = bench.begin_join("b");
    assert_eq!(try_commit(&mut bench, commit(&ids[0], 1, &[("t", 0, 1)])), [ErrorCode::None]);
    let again = bench.send(Request::Join(join("a", &ids[0])));
    assert_eq!((bench.joined(again).generation, bench.joined(joining).generation), (2, 2));
    assert_eq!(try_commit(&mut bench, commit(&ids[0], 2, &[("t", 0, 2)])), [ErrorCode::RebalanceInProgress]);
    assert_eq!(try_commit(&mut bench, commit(&ids[0], 1, &[("t", 0, 2)])), [ErrorCode::IllegalGeneration]);
    let tickets = [bench.send(sync(&ids[0], 2, &[&ids[0], &b])), bench.send(sync(&b, 2, &[]))];
    assert!(tickets.map(|ticket| bench.synced(ticket)).iter().all(|answer| answer.error.is_none()));
    assert_eq!(try_commit(&mut bench, commit(&b, 2, &[("t", 0, 3)])), [ErrorCode::None]);
}

#[test]
fn a_note_that_is_too_long_fails_by_itself() {
    let mut bench = Bench::new(rules());
    let mut request = commit("", -1, &[("t", 0, 1), ("t", 1, 1)]);
    request.offsets[0].metadata = "x".repeat(4097);
    request.offsets[1].metadata = "ü".repeat(4096);
    assert_eq!(try_commit(&mut bench, request.clone()), [ErrorCode::OffsetMetadataTooLarge, ErrorCode::None]);
    assert_eq!(fetch(&mut bench, None), [("t".to_owned(), 1, Some(1))]);
}

#[test]
fn commits_take_effect_in_their_order_and_deletions_among_them() {
    let mut bench = Bench::new(rules());
    bench.holds_writes = true;
    let first = bench.send(Request::Commit(commit("", -1, &[("t", 0, 1)])));
    let second = bench.send(Request::Commit(commit("", -1, &[("t", 0, 2)])));
    let deletion = bench.send(Request::Delete { group: GROUP.to_owned() });
    let third = bench.send(Request::Commit(commit("", -1, &[("t", 1, 3)])));
    bench.end_writes();
    for ticket in [first, second, third] {
        assert_eq!(committed(&mut bench, ticket), [ErrorCode::None]);
    }
    assert_eq!(bench.answer(deletion), Some(Answer::Delete(ErrorCode::None)));
    assert_eq!(fetch(&mut bench, None), [("t".to_owned(), 1, Some(3))]);
    bench.restart(rules());
    assert_eq!(fetch(&mut bench, None), [("t".to_owned(), 1, Some(3))]);
}

/// Key type 1, value version 4, the topic's id in tag 0: what Kafka 4.3.1 writes.
#[test]
fn an_offset_is_recorded_as_kafka_records_it() {
    let record = GroupRecord::Offset {
        group: "g".to_owned(),
        topic: "t".to_owned(),
        partition: 2,
        value: Some(CommittedOffset {
            offset: 7,
            leader_epoch: 3,
            metadata: "m".to_owned(),
            commit_timestamp_ms: 9,
            expire_timestamp_ms: None,
            topic_id: TopicId([1; 16]),
        }),
    };
    let (key, value) = record.encode().unwrap();
    assert_eq!(key, [0, 1, 0, 1, b'g', 0, 1, b't', 0, 0, 0, 2]);
    let mut expected = vec![0, 4];
    expected.extend(7_i64.to_be_bytes());
    expected.extend(3_i32.to_be_bytes());
    expected.extend([2, b'm']);
    expected.extend(9_i64.to_be_bytes());
    expected.extend([1, 0, 16]);
    expected.extend([1; 16]);
    assert_eq!(value.unwrap(), expected);
}

#[test]
fn what_was_committed_for_another_topic_of_the_name_does_not_count() {
    let mut bench = Bench::new(rules());
    let mut request = commit("", -1, &[("t", 0, 5)]);
    request.offsets[0].topic_id = TopicId([1; 16]);
    try_commit(&mut bench, request);
    for (id, expected) in [(TopicId([1; 16]), Some(5)), (TopicId::ZERO, Some(5)), (TopicId([2; 16]), None)] {
        let topics = vec![TopicPartitions { topic: "t".to_owned(), topic_id: id, partitions: vec![0] }];
        let ticket = bench.send(Request::FetchOffsets(FetchOffsets {
            group: GROUP.to_owned(),
            member_id: None,
            member_epoch: -1,
            topics: Some(topics),
        }));
        let Some(Answer::FetchOffsets(Ok(found))) = bench.answer(ticket) else { panic!("no offsets") };
        assert_eq!(found[0].committed.as_ref().map(|committed| committed.offset), expected);
    }
}
