//! Who is a member: ids, static members, limits, fencing.

use std::time::Duration;

use millrace_base::code::ErrorCode;

use super::harness::*;
use crate::group::*;

#[test]
fn trap_29_a_new_dynamic_member_of_version_4_must_know_its_id() {
    let mut bench = Bench::new(rules());
    let ticket = bench.send(Request::Join(join("c", "")));
    let answer = bench.joined(ticket);
    assert_eq!((answer.error, answer.member_id.as_str()), (Some(ErrorCode::MemberIdRequired), "c-1"));
    assert_eq!(answer.generation, -1);

    let mut old = Bench::new(rules());
    let ticket = old.send(Request::Join(Join { must_know_its_id: false, ..join("c", "") }));
    old.pass_until(ticket);
    let answer = old.joined(ticket);
    assert_eq!((answer.error, answer.member_id.as_str(), answer.generation), (None, "c-1", 1));

    let mut fixed = Bench::new(rules());
    let ticket = fixed.send(Request::Join(static_join("s", "", "7")));
    fixed.pass_until(ticket);
    assert_eq!(fixed.joined(ticket).member_id, "s-7");
}

#[test]
fn a_promised_id_is_forgotten_after_a_session() {
    let mut bench = Bench::new(rules());
    let ticket = bench.send(Request::Join(join("c", "")));
    let id = bench.joined(ticket).member_id;
    assert_eq!(bench.heartbeat(&id, -1), ErrorCode::UnknownMemberId);
    bench.pass(Duration::from_secs(10));
    let ticket = bench.send(Request::Join(join("c", &id)));
    assert_eq!(bench.joined(ticket).error, Some(ErrorCode::UnknownMemberId));
}

#[test]
fn nobody_gets_in_with_an_id_that_was_not_given_out() {
    let mut bench = Bench::new(rules());
    let ticket = bench.send(Request::Join(join("c", "c-9")));
    assert_eq!(bench.joined(ticket).error, Some(ErrorCode::UnknownMemberId));
    assert_eq!(bench.describe(), Err(ErrorCode::GroupIdNotFound), "nor does it create the group");
    bench.stable(&["a"]);
    let ticket = bench.send(Request::Join(join("c", "c-9")));
    assert_eq!(bench.joined(ticket).error, Some(ErrorCode::UnknownMemberId));
}

#[test]
fn what_is_no_join_is_refused() {
    let mut bench = Bench::new(rules());
    let mut refusal = |change: fn(&mut Join)| {
        let mut request = join("c", "");
        change(&mut request);
        let ticket = bench.send(Request::Join(request));
        bench.joined(ticket).error.unwrap()
    };
    assert_eq!(refusal(|join| join.group.clear()), ErrorCode::InvalidGroupId);
    assert_eq!(refusal(|join| join.session_timeout_ms = 5_999), ErrorCode::InvalidSessionTimeout);
    assert_eq!(refusal(|join| join.session_timeout_ms = 1_800_001), ErrorCode::InvalidSessionTimeout);
    assert_eq!(refusal(|join| join.session_timeout_ms = -1), ErrorCode::InvalidSessionTimeout);
    assert_eq!(refusal(|join| join.protocol_type.clear()), ErrorCode::InconsistentGroupProtocol);
    assert_eq!(refusal(|join| join.protocols.clear()), ErrorCode::InconsistentGroupProtocol);
}

#[test]
fn a_member_must_share_a_protocol_with_all_others() {
    let mut bench = Bench::new(rules());
    bench.stable(&["a"]);
    let other = Protocol { name: "roundrobin".to_owned(), metadata: Vec::new() };
    let ticket = bench.send(Request::Join(Join { protocols: vec![other], ..join("c", "") }));
    assert_eq!(bench.joined(ticket).error, Some(ErrorCode::InconsistentGroupProtocol));
    let ticket = bench.send(Request::Join(Join { protocol_type: "connect".to_owned(), ..join("c", "") }));
    assert_eq!(bench.joined(ticket).error, Some(ErrorCode::InconsistentGroupProtocol));
}

#[test]
fn the_protocol_that_most_prefer_among_those_all_support_is_chosen() {
    let mut bench = Bench::new(rules());
    let with = |name: &str, protocols: &[&str]| {
        let protocol = |name: &&str| Protocol { name: (*name).to_owned(), metadata: name.as_bytes().to_vec() };
        Join {
            must_know_its_id: false,
            new_id: name.to_owned(),
            protocols: protocols.iter().map(protocol).collect(),
            ..join("c", "")
        }
    };
    let tickets = [
        bench.send(Request::Join(with("1", &["only-one", "range", "sticky"]))),
        bench.send(Request::Join(with("2", &["sticky", "range"]))),
        bench.send(Request::Join(with("3", &["sticky", "range"]))),
    ];
    bench.pass_until(tickets[0]);
    let answers = tickets.map(|ticket| bench.joined(ticket));
    assert!(answers.iter().all(|answer| answer.protocol.as_deref() == Some("sticky")), "{answers:?}");
    assert!(answers[0].members.iter().all(|member| member.metadata == b"sticky"));
}

#[test]
fn a_full_group_takes_nobody_else() {
    let mut bench = Bench::new(Rules { members_max: 2, ..rules() });
    let ids = bench.stable(&["a", "b"]);
    let ticket = bench.send(Request::Join(join("c", "")));
    let answer = bench.joined(ticket);
    assert_eq!((answer.error, answer.member_id.as_str()), (Some(ErrorCode::GroupMaxSizeReached), ""));
    assert_eq!(bench.heartbeat(&ids[0], 1), ErrorCode::None, "the members stay");
}

#[test]
fn trap_31_a_static_member_that_comes_back_gets_a_new_id_without_a_rebalance() {
    let mut bench = Bench::new(rules());
    let first = bench.send(Request::Join(static_join("s", "", "1")));
    bench.pass_until(first);
    assert_eq!(bench.joined(first).leader, "s-1");
    let ticket = bench.send(sync("s-1", 1, &["s-1"]));
    assert_eq!(bench.synced(ticket).assignment, b"s-1");

    let again = bench.send(Request::Join(static_join("s", "", "2")));
    let answer = bench.joined(again);
    assert_eq!((answer.error, answer.generation, answer.member_id.as_str()), (None, 1, "s-2"));
    assert!(answer.skip_assignment && answer.leader == "s-2" && answer.members.len() == 1, "{answer:?}");
    assert_eq!(bench.phase(), Phase::Stable);
    let ticket = bench.send(sync("s-2", 1, &[]));
    assert_eq!(bench.synced(ticket).assignment, b"s-1", "the assignment stands");

    let old = Heartbeat {
        group: GROUP.to_owned(),
        member_id: "s-1".to_owned(),
        instance_id: Some("s".to_owned()),
        generation: 1,
    };
    let ticket = bench.send(Request::Heartbeat(old));
    assert_eq!(bench.answer(ticket), Some(Answer::Heartbeat(ErrorCode::FencedInstanceId)));
    let ticket = bench.send(Request::Join(static_join("s", "s-1", "3")));
    assert_eq!(bench.joined(ticket).error, Some(ErrorCode::FencedInstanceId));

    let older = Join { may_skip_assignment: false, ..static_join("s", "", "4") };
    let ticket = bench.send(Request::Join(older));
    let answer = bench.joined(ticket);
    assert_eq!((answer.leader.as_str(), answer.member_id.as_str()), ("s-2", "s-4"), "it must not assign anew");
    assert!(answer.members.is_empty() && !answer.skip_assignment);
}

#[test]
fn a_static_members_waiting_requests_are_fenced_when_it_comes_back() {
    let mut bench = Bench::new(rules());
    let (_, dynamic) = bench.begin_join("d");
    let waiting = bench.send(Request::Join(static_join("s", "", "1")));
    let again = bench.send(Request::Join(static_join("s", "", "2")));
    assert_eq!(bench.joined(waiting).error, Some(ErrorCode::FencedInstanceId));
    bench.pass_until(again);
    assert_eq!(bench.joined(again).member_id, "s-2");
    let leader = bench.joined(dynamic);
    assert_eq!(leader.members.len(), 2);

    let syncing = Sync {
        instance_id: Some("s".to_owned()),
        ..match sync("s-2", 1, &[]) {
            Request::Sync(sync) => sync,
            _ => unreachable!(),
        }
    };
    let syncing = bench.send(Request::Sync(syncing));
    let third = bench.send(Request::Join(static_join("s", "", "3")));
    assert_eq!(bench.synced(syncing).error, Some(ErrorCode::FencedInstanceId));
    assert_eq!(bench.answer(third), None, "the leader may have assigned to the old id: all join anew");
    assert_eq!(bench.phase(), Phase::PreparingRebalance);
}

#[test]
fn a_returned_static_member_is_welcomed_only_once_that_is_durable() {
    let mut bench = Bench::new(rules());
    let first = bench.send(Request::Join(static_join("s", "", "1")));
    bench.pass_until(first);
    bench.send(sync("s-1", 1, &["s-1"]));
    bench.holds_writes = true;
    let again = bench.send(Request::Join(static_join("s", "", "2")));
    assert_eq!(bench.answers.get(&again), None);
    bench.end_writes();
    assert_eq!(bench.joined(again).error, None);
    let third = bench.send(Request::Join(static_join("s", "", "3")));
    bench.fail_write(ErrorCode::KafkaStorageError);
    assert_eq!(bench.joined(third).error, Some(ErrorCode::NotCoordinator));
}

#[test]
fn an_operator_removes_a_static_member_by_its_name() {
    let mut bench = Bench::new(rules());
    let first = bench.send(Request::Join(static_join("s", "", "1")));
    bench.pass_until(first);
    let codes = bench.leave(&[("", Some("nobody")), ("", Some("s")), ("", None), ("x", None), ("s-1", Some("s"))]);
    let unknown = ErrorCode::UnknownMemberId;
    assert_eq!(codes, [unknown, ErrorCode::None, unknown, unknown, unknown]);
    bench.pass(Duration::from_secs(60));
    assert_eq!(bench.phase(), Phase::Empty);
}
