//! Descriptions, deletions and expiry.

use std::time::Duration;

use millrace_base::code::ErrorCode;
use millrace_base::ids::TopicId;

use super::harness::*;
use super::offsets::fetch;
use crate::group::*;

const DAY: Duration = Duration::from_secs(24 * 3600);

fn delete_offsets(bench: &mut Bench, partitions: &[(&str, i32)]) -> Result<Vec<ErrorCode>, ErrorCode> {
    let partitions = partitions.iter().map(|(topic, partition)| ((*topic).to_owned(), *partition)).collect();
    let ticket = bench.send(Request::DeleteOffsets(DeleteOffsets { group: GROUP.to_owned(), partitions }));
    match bench.answer(ticket) {
        Some(Answer::DeleteOffsets(result)) => result,
        other => panic!("{other:?}"),
    }
}

fn delete(bench: &mut Bench) -> ErrorCode {
    let ticket = bench.send(Request::Delete { group: GROUP.to_owned() });
    match bench.answer(ticket) {
        Some(Answer::Delete(code)) => code,
        other => panic!("{other:?}"),
    }
}

fn commit_as_operator(bench: &mut Bench, topic: &str, offset: i64) {
    let ticket = bench.send(Request::Commit(commit("", -1, &[(topic, 0, offset)])));
    assert_eq!(bench.answer(ticket), Some(Answer::Commit(vec![ErrorCode::None])));
}

#[test]
fn members_are_described_with_what_they_said_while_the_group_is_stable() {
    let mut bench = Bench::new(rules());
    let ids = bench.stable(&["a", "b"]);
    let described = bench.describe().unwrap();
    assert_eq!(
        (described.phase, described.protocol_type.as_str(), described.protocol.as_str()),
        (Phase::Stable, "consumer", "range")
    );
    assert_eq!(described.members.len(), 2);
    assert_eq!(described.members[0].metadata, subscription(&["t"]));
    assert_eq!(described.members[0].assignment, ids[0].as_bytes());
    assert_eq!(
        (described.members[0].client_id.as_str(), described.members[0].client_host.as_str()),
        ("a", "/127.0.0.1")
    );
    bench.begin_join("c");
    let described = bench.describe().unwrap();
    assert_eq!((described.phase, described.protocol.as_str()), (Phase::PreparingRebalance, ""));
    assert!(described.members.iter().all(|member| member.metadata.is_empty()));
    let listed = ListedGroup {
        group: GROUP.to_owned(),
        protocol_type: "consumer".to_owned(),
        state: GroupState::Classic(Phase::PreparingRebalance),
        kind: GroupKind::Classic,
    };
    assert_eq!(bench.coordinator.list(), [listed]);
}

#[test]
fn trap_32_a_deleted_group_leaves_tombstones() {
    let mut bench = Bench::new(rules());
    assert_eq!(delete(&mut bench), ErrorCode::GroupIdNotFound);
    let ids = bench.stable(&["a"]);
    let ticket = bench.send(Request::Commit(commit(&ids[0], 1, &[("t", 0, 1)])));
    bench.answer(ticket).unwrap();
    assert_eq!(delete(&mut bench), ErrorCode::NonEmptyGroup);
    bench.leave(&[(&ids[0], None)]);
    assert_eq!(delete(&mut bench), ErrorCode::None);
    assert_eq!(bench.describe(), Err(ErrorCode::GroupIdNotFound));
    assert!(matches!(
        &bench.log[bench.log.len() - 2..],
        [GroupRecord::Offset { value: None, .. }, GroupRecord::Group { value: None, .. }]
    ));
    bench.restart(rules());
    assert_eq!((bench.describe(), fetch(&mut bench, None)), (Err(ErrorCode::GroupIdNotFound), vec![]));
}

#[test]
fn offsets_of_topics_that_are_read_cannot_be_deleted() {
    let mut bench = Bench::new(rules());
    assert_eq!(delete_offsets(&mut bench, &[("t", 0)]), Err(ErrorCode::GroupIdNotFound));
    commit_as_operator(&mut bench, "u", 1);
    bench.stable(&["a"]);
    let codes = delete_offsets(&mut bench, &[("t", 0), ("u", 0), ("u", 1), ("u", 0)]).unwrap();
    assert_eq!(codes, [ErrorCode::GroupSubscribedToTopic, ErrorCode::None, ErrorCode::None, ErrorCode::None]);
    assert_eq!(fetch(&mut bench, None), []);

    let mut connect = Bench::new(rules());
    let request = Join { protocol_type: "connect".to_owned(), must_know_its_id: false, ..join("w", "") };
    connect.send(Request::Join(request));
    connect.pass(Duration::from_secs(3));
    assert_eq!(delete_offsets(&mut connect, &[("t", 0)]), Err(ErrorCode::NonEmptyGroup));
}

#[test]
fn trap_32_offsets_stay_for_seven_days_after_the_group_emptied() {
    let mut bench = Bench::new(rules());
    let ids = bench.stable(&["a"]);
    let ticket = bench.send(Request::Commit(commit(&ids[0], 1, &[("t", 0, 1)])));
    bench.answer(ticket).unwrap();
    for _ in 0..8 * 24 * 3600 / 9 {
        bench.pass(Duration::from_secs(9));
        assert_eq!(bench.heartbeat(&ids[0], 1), ErrorCode::None);
    }
    assert_eq!(fetch(&mut bench, None).len(), 1, "it has a member");
    bench.leave(&[(&ids[0], None)]);
    bench.pass(7 * DAY - Duration::from_secs(1));
    assert_eq!(fetch(&mut bench, None).len(), 1);
    bench.pass(Duration::from_secs(601));
    assert_eq!((fetch(&mut bench, None), bench.describe()), (vec![], Err(ErrorCode::GroupIdNotFound)));
}

#[test]
fn trap_32_offsets_of_a_group_without_members_stay_for_seven_days_after_their_commit() {
    let mut bench = Bench::new(rules());
    commit_as_operator(&mut bench, "t", 1);
    bench.pass(4 * DAY);
    commit_as_operator(&mut bench, "u", 2);
    bench.pass(4 * DAY);
    assert_eq!(fetch(&mut bench, None), [("u".to_owned(), 0, Some(2))]);
    bench.pass(4 * DAY);
    assert_eq!(bench.describe(), Err(ErrorCode::GroupIdNotFound));
}

#[test]
fn an_old_client_may_ask_for_another_retention() {
    let mut bench = Bench::new(rules());
    let request = Commit { retention_ms: Some(3_600_000), ..commit("", -1, &[("t", 0, 1)]) };
    bench.send(Request::Commit(request));
    bench.restart(rules());
    bench.pass(Duration::from_secs(3000));
    assert_eq!(fetch(&mut bench, None).len(), 1);
    bench.pass(Duration::from_secs(1200));
    assert_eq!(fetch(&mut bench, None), []);
}

#[test]
fn the_offsets_of_a_deleted_topic_are_forgotten() {
    let mut bench = Bench::new(rules());
    let of = |id: u8, topic: &str| {
        let mut request = commit("", -1, &[(topic, 0, 1), (topic, 1, 2)]);
        request.offsets.iter_mut().for_each(|offset| offset.topic_id = TopicId([id; 16]));
        Request::Commit(request)
    };
    bench.send(of(1, "t"));
    bench.send(of(2, "u"));
    bench.holds_writes = true;
    // A commit that is on its way is forgotten with the others.
    bench.send(of(1, "t"));
    bench.forget_topic(TopicId([1; 16]));
    bench.end_writes();
    let left = [("u".to_owned(), 0, Some(1)), ("u".to_owned(), 1, Some(2))];
    assert_eq!(fetch(&mut bench, None), left);
    bench.restart(rules());
    assert_eq!(fetch(&mut bench, None), left);
}
