//! Members of both protocols in one group, and groups that go over from the one to the other. Codes and epochs are
//! those that Kafka 4.3.1 answered to the same requests.

use std::time::Duration;

use millrace_base::code::ErrorCode;

use super::consumer::{heartbeat, joining, owning};
use super::harness::*;
use crate::group::*;

/// What a consumer of the classic protocol reads as `t` with these partitions: version 1 of the assignment.
fn assignment(partitions: &[i32]) -> Vec<u8> {
    let mut bytes = vec![0, 1];
    bytes.extend(u32::from(!partitions.is_empty()).to_be_bytes());
    if !partitions.is_empty() {
        bytes.extend([0, 1, b't']);
        bytes.extend(u32::try_from(partitions.len()).unwrap().to_be_bytes());
        partitions.iter().for_each(|partition| bytes.extend(partition.to_be_bytes()));
    }
    bytes.extend((-1_i32).to_be_bytes());
    bytes
}

/// A SyncGroup's code and assignment.
fn synced(bench: &mut Bench, id: &str, generation: i32) -> (Option<ErrorCode>, Vec<u8>) {
    let ticket = bench.send(sync(id, generation, &[]));
    let answer = bench.synced(ticket);
    (answer.error, answer.assignment)
}

fn join_now(bench: &mut Bench, id: &str) -> JoinAnswer {
    let ticket = bench.send(Request::Join(join("k", id)));
    bench.joined(ticket)
}

fn kind(bench: &Bench) -> (GroupKind, &'static str) {
    let listed = &bench.coordinator.list()[0];
    (listed.kind, listed.state.name())
}

#[test]
fn a_classic_member_is_led_by_the_coordinator_like_the_others() {
    let mut bench = Bench::with_topic(6);
    bench.beat(joining("a")).unwrap();
    let other = bench.send(Request::Join(Join { protocol_type: "connect".to_owned(), ..join("k", "") }));
    assert_eq!(bench.joined(other).error, Some(ErrorCode::InconsistentGroupProtocol));
    let first = join_now(&mut bench, "");
    assert_eq!(first.error, Some(ErrorCode::MemberIdRequired));
    let id = first.member_id;
    let joined = join_now(&mut bench, &id);
    assert_eq!((joined.error, joined.generation, joined.leader.as_str()), (None, 3, ""));
    assert_eq!(joined.protocol.as_deref(), Some("range"));
    assert_eq!(synced(&mut bench, &id, 3), (None, assignment(&[])), "the other has not let go");
    assert_eq!(bench.heartbeat(&id, 3), ErrorCode::None);
    assert_eq!(bench.heartbeat(&id, 2), ErrorCode::IllegalGeneration);
    assert_eq!(synced(&mut bench, &id, 4).0, Some(ErrorCode::IllegalGeneration));
    assert_eq!(bench.heartbeat("a", 2), ErrorCode::UnknownMemberId, "it does not speak so");
    assert_eq!(bench.beat(owning("a", 2, &[0, 1, 2])).unwrap().member_epoch, 3);
    assert_eq!(bench.heartbeat(&id, 3), ErrorCode::RebalanceInProgress);
    assert_eq!(join_now(&mut bench, &id).generation, 3);
    assert_eq!(synced(&mut bench, &id, 3), (None, assignment(&[3, 4, 5])));
    assert_eq!(bench.heartbeat(&id, 3), ErrorCode::None);
    assert_eq!(kind(&bench), (GroupKind::Consumer, "Stable"));
}

#[test]
fn the_last_member_that_leaves_the_consumer_protocol_takes_the_group_back() {
    let mut bench = Bench::with_topic(2);
    bench.beat(joining("a")).unwrap();
    let id = join_now(&mut bench, "").member_id;
    join_now(&mut bench, &id);
    bench.beat(heartbeat("a", -1)).unwrap();
    assert_eq!(kind(&bench), (GroupKind::Classic, "PreparingRebalance"));
    assert_eq!(bench.heartbeat(&id, 3), ErrorCode::RebalanceInProgress);
    bench.restart(rules());
    assert_eq!(kind(&bench), (GroupKind::Classic, "PreparingRebalance"), "it has not been assigned to since");
    assert_eq!(bench.heartbeat(&id, 3), ErrorCode::RebalanceInProgress);
    let joined = join_now(&mut bench, &id);
    assert_eq!((joined.error, joined.leader == id), (None, true));
    assert_eq!(bench.leave(&[(&id, None)]), [ErrorCode::None]);
    assert_eq!(kind(&bench), (GroupKind::Classic, "Empty"));
}

#[test]
fn a_classic_group_goes_over_when_the_first_member_of_the_consumer_protocol_comes() {
    let mut bench = Bench::with_topic(6);
    let ids = bench.stable(&["k"]);
    assert_eq!(
        bench.beat(joining("d")).unwrap_err().code,
        ErrorCode::GroupIdNotFound,
        "what it assigned is no assignment"
    );
    bench.leave(&[(&ids[0], None)]);
    let (id, ticket) = bench.begin_join("k");
    bench.pass_until(ticket);
    let generation = bench.joined(ticket).generation;
    let waits = bench.send(sync(&id, generation, &[]));
    drop(bench.answer(waits));
    let answer = bench.beat(joining("d")).unwrap();
    assert_eq!((answer.member_epoch, kind(&bench).0), (generation + 1, GroupKind::Consumer));
    let mine: usize = answer.assignment.unwrap().values().map(|partitions| partitions.len()).sum();
    assert_eq!(mine, 3);
    assert_eq!(bench.heartbeat(&id, generation), ErrorCode::RebalanceInProgress);
    assert_eq!(join_now(&mut bench, &id).generation, generation + 1);
    assert_eq!(synced(&mut bench, &id, generation + 1), (None, assignment(&[3, 4, 5])));
    bench.restart(rules());
    assert_eq!(kind(&bench), (GroupKind::Consumer, "Stable"));
}

#[test]
fn the_policy_decides_who_may_go_over() {
    let mut rules = rules();
    rules.consumer.may_upgrade = false;
    rules.consumer.may_downgrade = false;
    let mut bench = Bench::with_rules(rules, 2);
    let ids = bench.stable(&["k"]);
    let refusal = bench.beat(joining("d")).unwrap_err();
    let message = "Cannot upgrade classic group g to consumer group because the online upgrade is disabled.";
    assert_eq!((refusal.code, refusal.message.as_deref()), (ErrorCode::GroupIdNotFound, Some(message)));
    bench.leave(&[(&ids[0], None)]);
    bench.beat(joining("d")).unwrap();
    let id = join_now(&mut bench, "").member_id;
    join_now(&mut bench, &id);
    bench.beat(heartbeat("d", -1)).unwrap();
    assert_eq!(kind(&bench).0, GroupKind::Consumer, "its classic member stays where it is");
}

#[test]
fn a_classic_member_that_does_not_come_back_is_fenced() {
    let mut bench = Bench::with_topic(2);
    bench.beat(joining("a")).unwrap();
    let id = join_now(&mut bench, "").member_id;
    let joined = join_now(&mut bench, &id);
    for _ in 0..14 {
        bench.pass(Duration::from_secs(5));
        bench.heartbeat(&id, joined.generation);
        let epoch = bench.consumers().members.iter().find(|member| member.member_id == "a").unwrap().epoch;
        bench.beat(owning("a", epoch, &[0])).unwrap();
    }
    assert_eq!(
        bench.heartbeat(&id, joined.generation),
        ErrorCode::UnknownMemberId,
        "it never asked for its assignment"
    );
}

#[test]
fn a_classic_member_that_asks_for_its_assignment_is_alive_and_must_not_have_been_overtaken() {
    let mut bench = Bench::with_topic(6);
    bench.beat(joining("a")).unwrap();
    let id = join_now(&mut bench, "").member_id;
    let generation = join_now(&mut bench, &id).generation;
    bench.pass(Duration::from_secs(8));
    assert_eq!(synced(&mut bench, &id, generation).0, None);
    bench.pass(Duration::from_secs(8));
    assert_eq!(bench.heartbeat(&id, generation), ErrorCode::None, "its session of 10 s began anew");
    bench.beat(joining("b")).unwrap();
    assert_eq!(synced(&mut bench, &id, generation), (Some(ErrorCode::RebalanceInProgress), Vec::new()));
}

#[test]
fn a_classic_group_stays_one_though_the_end_of_the_group_before_could_not_be_written() {
    let mut bench = Bench::with_topic(2);
    bench.beat(joining("a")).unwrap();
    bench.beat(heartbeat("a", -1)).unwrap();
    bench.holds_writes = true;
    let (_, ticket) = bench.begin_join("k");
    bench.fail_write(ErrorCode::KafkaStorageError);
    bench.holds_writes = false;
    bench.pass_until(ticket);
    let joined = bench.joined(ticket);
    let waits = bench.send(sync(&joined.member_id, joined.generation, &[&joined.member_id]));
    assert_eq!(bench.synced(waits).error, None);
    bench.restart(rules());
    assert_eq!(kind(&bench), (GroupKind::Classic, "Stable"));
    assert_eq!(bench.heartbeat(&joined.member_id, joined.generation), ErrorCode::None);
}
