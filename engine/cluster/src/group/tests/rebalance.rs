//! Generations: how they begin, settle and end.

use std::time::Duration;

use millrace_base::code::ErrorCode;

use super::harness::*;
use crate::group::*;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn trap_30_the_first_members_wait_for_others_for_three_seconds_and_again_for_each() {
    let mut bench = Bench::new(rules());
    let (_, first) = bench.begin_join("a");
    bench.pass(2 * SECOND);
    let (_, second) = bench.begin_join("b");
    bench.pass(SECOND);
    assert_eq!(bench.answers.len(), 0, "a member came: three seconds more");
    bench.pass(3 * SECOND);
    let (first, second) = (bench.joined(first), bench.joined(second));
    assert_eq!((first.generation, second.generation), (1, 1));
    assert_eq!((first.members.len(), second.members.len()), (2, 0), "the leader alone is told who is there");
    assert_eq!((&first.leader, &second.leader), (&first.member_id, &first.member_id));
    assert_eq!(first.protocol.as_deref(), Some("range"));
}

/// So it is in Kafka 4.3: a count that is missing is 0 members of 0.
#[test]
fn a_rebalance_without_members_takes_whoever_comes() {
    let mut bench = Bench::new(rules());
    let (gone, first) = bench.begin_join("a");
    assert_eq!(bench.leave(&[(&gone, None)]), [ErrorCode::None]);
    assert_eq!(bench.joined(first).error, Some(ErrorCode::UnknownMemberId));
    let (_, second) = bench.begin_join("b");
    bench.pass(6 * SECOND);
    assert_eq!(bench.joined(second).error, None);
}

#[test]
fn who_joins_a_new_group_is_no_member_of_it_after_a_restart() {
    let mut bench = Bench::new(rules());
    let mut request = join("a", "");
    request.must_know_its_id = false;
    bench.send(Request::Join(request.clone()));
    bench.end_writes();
    bench.restart(rules());
    assert_eq!(bench.phase(), Phase::Empty);
    request.new_id = "2".to_owned();
    let again = bench.send(Request::Join(request));
    bench.pass(6 * SECOND);
    assert_eq!(bench.joined(again).members.len(), 1);
}

#[test]
fn the_initial_delay_is_never_longer_than_the_rebalance_timeout() {
    let mut bench = Bench::new(rules());
    let mut request = join("a", "");
    (request.must_know_its_id, request.rebalance_timeout_ms) = (false, Some(7_000));
    let first = bench.send(Request::Join(request.clone()));
    for second in 1..=6 {
        bench.pass(SECOND);
        request.new_id = second.to_string();
        bench.send(Request::Join(Join { client_id: format!("c{second}"), ..request.clone() }));
        assert_eq!(bench.answers.get(&first), None);
    }
    bench.pass(SECOND);
    assert_eq!(bench.joined(first).members.len(), 7);
}

#[test]
fn trap_30_without_a_rebalance_timeout_the_session_timeout_counts() {
    let mut bench = Bench::new(rules());
    let ids = bench.stable(&["a", "b"]);
    // Version 0: the leader asks anew, the other never comes.
    let request = Join { rebalance_timeout_ms: None, session_timeout_ms: 20_000, ..join("a", &ids[0]) };
    let mut other = join("b", &ids[1]);
    (other.rebalance_timeout_ms, other.session_timeout_ms) = (None, 20_000);
    let (a, b) = (bench.send(Request::Join(request.clone())), bench.send(Request::Join(other)));
    assert_eq!((bench.joined(a).generation, bench.joined(b).generation), (2, 2));
    let ticket = bench.send(Request::Join(Join { session_timeout_ms: 20_000, ..request }));
    assert_eq!(bench.joined(ticket).generation, 2, "the same again, in CompletingRebalance: the same answer");
}

#[test]
fn who_does_not_come_to_a_rebalance_is_left_behind() {
    let mut bench = Bench::new(rules());
    let ids = bench.stable(&["a", "b"]);
    let (_, third) = bench.begin_join("c");
    assert_eq!(bench.heartbeat(&ids[0], 1), ErrorCode::RebalanceInProgress);
    assert_eq!(bench.heartbeat(&ids[1], 1), ErrorCode::RebalanceInProgress);
    let first = bench.send(Request::Join(join("a", &ids[0])));
    for _ in 0..11 {
        bench.pass(5 * SECOND);
        assert_eq!(bench.heartbeat(&ids[1], 1), ErrorCode::RebalanceInProgress);
    }
    bench.pass(5 * SECOND);
    assert_eq!(bench.joined(first).members.len(), 2);
    assert_eq!(bench.joined(third).generation, 2);
    assert_eq!(bench.heartbeat(&ids[1], 1), ErrorCode::UnknownMemberId);
}

#[test]
fn a_leader_that_does_not_come_is_replaced() {
    let mut bench = Bench::new(rules());
    let ids = bench.stable(&["a", "b"]);
    assert_eq!(bench.leave(&[(&ids[0], None)]), [ErrorCode::None]);
    let ticket = bench.send(Request::Join(join("b", &ids[1])));
    let answer = bench.joined(ticket);
    assert_eq!((answer.leader, answer.generation, answer.members.len()), (ids[1].clone(), 2, 1));
}

#[test]
fn assignments_are_given_once_they_are_durable() {
    let mut bench = Bench::new(rules());
    let (a, first) = bench.begin_join("a");
    let (b, _) = bench.begin_join("b");
    bench.pass_until(first);
    assert_eq!(bench.joined(first).generation, 1);
    let waiting = bench.send(sync(&b, 1, &[]));
    bench.holds_writes = true;
    let leader = bench.send(sync(&a, 1, &[&a, &b]));
    assert_eq!((bench.answers.get(&waiting), bench.answers.get(&leader)), (None, None));
    bench.end_writes();
    assert_eq!(bench.synced(waiting).assignment, b.as_bytes());
    let answer = bench.synced(leader);
    assert_eq!((answer.error, answer.assignment.as_slice()), (None, a.as_bytes()));
    assert_eq!((answer.protocol_type.as_deref(), answer.protocol.as_deref()), (Some("consumer"), Some("range")));
}

/// A simulated leader whose connection broke before the answer came found two owners of a partition, after a restart.
#[test]
fn a_generation_has_one_assignment_though_its_leader_says_another_one_again() {
    let mut bench = Bench::new(rules());
    let (a, first) = bench.begin_join("a");
    let (b, _) = bench.begin_join("b");
    bench.pass_until(first);
    bench.joined(first);
    bench.holds_writes = true;
    let waiting = bench.send(sync(&b, 1, &[]));
    bench.send(sync(&a, 1, &[&a, &b]));
    let again = bench.send(sync(&a, 1, &[&a]));
    bench.end_writes();
    assert_eq!(bench.synced(waiting).assignment, b.as_bytes());
    assert_eq!(bench.synced(again).assignment, a.as_bytes());
    bench.restart(rules());
    let after = bench.send(sync(&b, 1, &[]));
    assert_eq!(bench.synced(after).assignment, b.as_bytes());
}

#[test]
fn an_assignment_that_cannot_be_written_is_told_to_all_and_asked_for_again() {
    let mut bench = Bench::new(rules());
    let (a, first) = bench.begin_join("a");
    let (b, _) = bench.begin_join("b");
    bench.pass_until(first);
    bench.joined(first);
    bench.holds_writes = true;
    let tickets = [bench.send(sync(&b, 1, &[])), bench.send(sync(&a, 1, &[&a, &b]))];
    bench.fail_write(ErrorCode::KafkaStorageError);
    for ticket in tickets {
        assert_eq!(bench.synced(ticket).error, Some(ErrorCode::NotCoordinator));
    }
    assert_eq!(bench.phase(), Phase::PreparingRebalance);
}

#[test]
fn a_rebalance_overtakes_an_assignment_that_is_being_written() {
    let mut bench = Bench::new(rules());
    let (a, first) = bench.begin_join("a");
    bench.pass_until(first);
    bench.joined(first);
    bench.holds_writes = true;
    let leader = bench.send(sync(&a, 1, &[&a]));
    let (_, other) = bench.begin_join("b");
    assert_eq!(bench.synced(leader).error, Some(ErrorCode::RebalanceInProgress));
    bench.end_writes();
    assert_eq!(bench.phase(), Phase::PreparingRebalance);
    let again = bench.send(Request::Join(join("a", &a)));
    assert_eq!((bench.joined(again).generation, bench.joined(other).generation), (2, 2));
}

#[test]
fn who_asks_with_another_generation_or_protocol_is_refused() {
    let mut bench = Bench::new(rules());
    let ids = bench.stable(&["a"]);
    assert_eq!(bench.heartbeat(&ids[0], 0), ErrorCode::IllegalGeneration);
    assert_eq!(bench.heartbeat(&ids[0], 2), ErrorCode::IllegalGeneration);
    assert_eq!(bench.heartbeat("x", 1), ErrorCode::UnknownMemberId);
    let mut refusal = |change: fn(&mut Sync)| {
        let Request::Sync(mut request) = sync(&ids[0], 1, &[]) else { unreachable!() };
        change(&mut request);
        let ticket = bench.send(Request::Sync(request));
        bench.synced(ticket).error
    };
    assert_eq!(refusal(|_| {}), None);
    assert_eq!(refusal(|sync| sync.generation = 2), Some(ErrorCode::IllegalGeneration));
    assert_eq!(refusal(|sync| sync.member_id = "x".to_owned()), Some(ErrorCode::UnknownMemberId));
    assert_eq!(refusal(|sync| sync.protocol = Some("sticky".to_owned())), Some(ErrorCode::InconsistentGroupProtocol));
    assert_eq!(refusal(|sync| sync.protocol = Some("range".to_owned())), None);
    assert_eq!(refusal(|sync| sync.group = "h".to_owned()), Some(ErrorCode::UnknownMemberId));
    assert_eq!(refusal(|sync| sync.group.clear()), Some(ErrorCode::InvalidGroupId));
}

#[test]
fn a_member_that_never_asks_for_its_assignment_is_left_behind() {
    let mut bench = Bench::new(rules());
    let (a, first) = bench.begin_join("a");
    let (b, _) = bench.begin_join("b");
    bench.pass_until(first);
    bench.joined(first);
    let leader = bench.send(sync(&a, 1, &[&a, &b]));
    assert_eq!(bench.synced(leader).error, None);
    for _ in 0..12 {
        assert_ne!(bench.heartbeat(&b, 1), ErrorCode::UnknownMemberId);
        bench.heartbeat(&a, 1);
        bench.pass(5 * SECOND);
    }
    assert_eq!(bench.heartbeat(&b, 1), ErrorCode::UnknownMemberId);
    assert_eq!(bench.heartbeat(&a, 1), ErrorCode::RebalanceInProgress);
}

#[test]
fn a_silent_member_is_left_behind_after_its_session() {
    let mut bench = Bench::new(rules());
    let ids = bench.stable(&["a", "b"]);
    bench.pass(9 * SECOND);
    assert_eq!(bench.heartbeat(&ids[0], 1), ErrorCode::None);
    bench.pass(SECOND);
    assert_eq!(bench.heartbeat(&ids[1], 1), ErrorCode::UnknownMemberId);
    assert_eq!(bench.heartbeat(&ids[0], 1), ErrorCode::RebalanceInProgress);
    bench.pass(300 * SECOND);
    assert_eq!(bench.phase(), Phase::Empty);
    let Some(GroupRecord::Group { value: Some(value), .. }) = bench.log.last() else {
        panic!("{:?}", bench.log.last())
    };
    assert!(value.members.is_empty() && value.generation > 1 && value.leader.is_none(), "{value:?}");
    assert_eq!(value.protocol_type, "consumer");
}

#[test]
fn a_static_leader_that_is_away_keeps_the_group_waiting_for_its_session() {
    let mut bench = Bench::new(rules());
    bench.send(Request::Join(Join { session_timeout_ms: 120_000, ..static_join("s", "", "1") }));
    bench.pass(3 * SECOND);
    bench.send(sync("s-1", 1, &["s-1"]));
    let (_, other) = bench.begin_join("b");
    bench.pass(60 * SECOND);
    let answer = bench.joined(other);
    assert_eq!((answer.generation, answer.members.len()), (2, 2), "it leads, and the static one keeps its place");
}

#[test]
fn a_request_that_a_member_sends_again_answers_the_earlier_one() {
    let mut bench = Bench::new(rules());
    let (a, first) = bench.begin_join("a");
    let again = bench.send(Request::Join(join("a", &a)));
    assert_eq!(bench.joined(first).error, Some(ErrorCode::RebalanceInProgress));
    bench.pass_until(again);
    assert_eq!(bench.joined(again).generation, 1);
}

#[test]
fn a_new_member_that_waits_is_forgotten_after_five_minutes() {
    let mut bench = Bench::new(rules());
    let (_, first) = bench.begin_join("a");
    bench.pass(3 * SECOND);
    let ids = [bench.joined(first).member_id];
    let ticket = bench.send(sync(&ids[0], 1, &[&ids[0]]));
    bench.synced(ticket);
    let slow = Join { rebalance_timeout_ms: Some(1_000_000), ..join("a", &ids[0]) };
    let (_, waiting) = bench.begin_join("b");
    let ticket = bench.send(Request::Join(slow));
    assert_eq!(bench.joined(ticket).generation, 2);
    let id = bench.joined(waiting).member_id;
    let tickets = [bench.send(sync(&ids[0], 2, &[&ids[0], &id])), bench.send(sync(&id, 2, &[]))];
    assert!(tickets.map(|ticket| bench.synced(ticket)).iter().all(|answer| answer.error.is_none()));
    let (_, third) = bench.begin_join("c");
    for _ in 0..59 {
        bench.pass(5 * SECOND);
        assert_eq!(bench.heartbeat(&ids[0], 2), ErrorCode::RebalanceInProgress);
        assert_eq!(bench.heartbeat(&id, 2), ErrorCode::RebalanceInProgress);
    }
    assert_eq!(bench.answers.get(&third), None);
    bench.pass(5 * SECOND);
    assert_eq!(bench.joined(third).error, Some(ErrorCode::UnknownMemberId));
}

#[test]
fn a_restarted_coordinator_knows_the_generation_and_its_assignments() {
    let mut bench = Bench::new(rules());
    let ids = bench.stable(&["a", "b"]);
    bench.restart(rules());
    assert_eq!(bench.phase(), Phase::Stable);
    assert_eq!(bench.heartbeat(&ids[0], 1), ErrorCode::None);
    let ticket = bench.send(sync(&ids[1], 1, &[]));
    assert_eq!(bench.synced(ticket).assignment, ids[1].as_bytes());
    bench.restart(Rules { members_max: 1, ..rules() });
    assert_eq!(bench.phase(), Phase::PreparingRebalance, "the group is too large by now");
}
