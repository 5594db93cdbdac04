//! Groups by the protocol of KIP-848. Epochs, codes and messages are those that Kafka 4.3.1 answered to the same
//! requests.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use millrace_base::code::ErrorCode;
use millrace_base::ids::TopicId;

use super::harness::*;
use crate::group::*;
use crate::metadata::{MetadataRecord, PartitionRecord, TopicRecord};

pub(super) const TOPIC: &str = "t";
pub(super) const TOPIC_ID: TopicId = TopicId([7; 16]);
const SESSION: Duration = Duration::from_secs(45);

fn partitions(count: usize) -> Vec<PartitionRecord> {
    vec![PartitionRecord { replicas: vec![1], isr: vec![1], leader: 1, leader_epoch: 0 }; count]
}

impl Bench {
    pub(super) fn with_topic(count: usize) -> Bench {
        Bench::with_rules(rules(), count)
    }

    pub(super) fn with_rules(rules: Rules, count: usize) -> Bench {
        let mut bench = Bench::new(rules);
        bench.create_topic(TOPIC, TOPIC_ID, count);
        bench
    }

    fn create_topic(&mut self, name: &str, id: TopicId, count: usize) {
        let (name, partitions) = (name.to_owned(), partitions(count));
        let topic = TopicRecord { id: id.0, name, overrides: Vec::new(), partitions };
        self.image.apply(&MetadataRecord::Topic(topic)).unwrap();
        self.coordinator.topics_changed();
    }

    fn add_partitions(&mut self, count: usize) {
        let added = MetadataRecord::PartitionsAdded { id: TOPIC_ID.0, partitions: partitions(count) };
        self.image.apply(&added).unwrap();
        self.coordinator.topics_changed();
    }

    pub(super) fn beat(&mut self, heartbeat: ConsumerHeartbeat) -> Result<ConsumerHeartbeatAnswer, Refusal> {
        let ticket = self.send(Request::ConsumerHeartbeat(heartbeat));
        match self.answer(ticket) {
            Some(Answer::ConsumerHeartbeat(result)) => result,
            other => panic!("{other:?}"),
        }
    }

    /// The member's epoch and what it is told to hold.
    fn beats(&mut self, heartbeat: ConsumerHeartbeat) -> (i32, Option<Vec<i32>>) {
        let answer = self.beat(heartbeat).unwrap();
        let partitions = answer.assignment.map(|assignment| assignment.into_values().flatten().collect());
        (answer.member_epoch, partitions)
    }

    fn refused(&mut self, heartbeat: ConsumerHeartbeat) -> (ErrorCode, String) {
        let refusal = self.beat(heartbeat).unwrap_err();
        (refusal.code, refusal.message.unwrap())
    }

    pub(super) fn consumers(&mut self) -> DescribedConsumerGroup {
        let ticket = self.send(Request::DescribeConsumers { group: GROUP.to_owned() });
        match self.answer(ticket) {
            Some(Answer::DescribeConsumers(result)) => result.unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// State, epoch of the group and of the target assignment.
    fn standing(&mut self) -> (&'static str, i32, i32) {
        let group = self.consumers();
        (group.state.name(), group.epoch, group.target_epoch)
    }
}

pub(super) fn heartbeat(member: &str, epoch: i32) -> ConsumerHeartbeat {
    ConsumerHeartbeat {
        group: GROUP.to_owned(),
        member_id: member.to_owned(),
        member_epoch: epoch,
        rebalance_timeout_ms: -1,
        client_id: "probe".to_owned(),
        client_host: "/127.0.0.1".to_owned(),
        ..ConsumerHeartbeat::default()
    }
}

pub(super) fn joining(member: &str) -> ConsumerHeartbeat {
    ConsumerHeartbeat {
        rebalance_timeout_ms: 30_000,
        topic_names: Some(BTreeSet::from([TOPIC.to_owned()])),
        owned: Some(BTreeMap::new()),
        ..heartbeat(member, 0)
    }
}

pub(super) fn owning(member: &str, epoch: i32, partitions: &[i32]) -> ConsumerHeartbeat {
    let owned = BTreeMap::from([(TOPIC_ID, partitions.iter().copied().collect())]);
    ConsumerHeartbeat { owned: Some(owned), ..heartbeat(member, epoch) }
}

fn fixed(instance: &str, heartbeat: ConsumerHeartbeat) -> ConsumerHeartbeat {
    ConsumerHeartbeat { instance_id: Some(instance.to_owned()), ..heartbeat }
}

fn all(count: i32) -> Option<Vec<i32>> {
    Some((0..count).collect())
}

#[test]
fn the_first_member_gets_everything_in_epoch_2() {
    let mut bench = Bench::with_topic(6);
    assert_eq!(bench.beats(joining("a")), (2, all(6)));
    assert_eq!(bench.beats(heartbeat("a", 2)), (2, None), "it knows");
    assert_eq!(bench.standing(), ("Stable", 2, 2));
    assert_eq!(bench.beats(joining("a")), (2, all(6)), "who joins again is told again");
}

#[test]
fn a_partition_is_given_on_only_after_its_holder_has_let_it_go() {
    let mut bench = Bench::with_topic(6);
    bench.beats(joining("a"));
    assert_eq!(bench.beats(joining("b")), (3, Some(vec![])));
    assert_eq!(bench.beats(heartbeat("a", 2)), (2, Some(vec![0, 1, 2])), "it is to let the others go");
    assert_eq!(bench.beats(heartbeat("b", 3)), (3, None), "which it has not said that it did");
    assert_eq!(bench.beats(owning("a", 2, &[0, 1, 2, 3])), (2, None));
    assert_eq!(bench.standing(), ("Reconciling", 3, 3));
    assert_eq!(bench.beats(owning("a", 2, &[0, 1, 2])), (3, None));
    assert_eq!(bench.beats(heartbeat("b", 3)), (3, Some(vec![3, 4, 5])));
    assert_eq!(bench.standing(), ("Stable", 3, 3));
}

#[test]
fn an_answer_that_was_lost_may_be_asked_for_again() {
    let mut bench = Bench::with_topic(6);
    bench.beats(joining("a"));
    bench.beats(joining("b"));
    bench.beats(heartbeat("a", 2));
    bench.beats(owning("a", 2, &[0, 1, 2]));
    assert_eq!(bench.beats(owning("a", 2, &[0, 1, 2])), (3, None), "epoch 2 again, with no more than it may hold");
    let message = "The consumer group member has a smaller member epoch (2) than the one known by the group \
                   coordinator (3). The member must abandon all its partitions and rejoin.";
    assert_eq!(bench.refused(heartbeat("a", 2)), (ErrorCode::FencedMemberEpoch, message.to_owned()));
    assert_eq!(bench.refused(owning("a", 2, &[0, 4])).0, ErrorCode::FencedMemberEpoch);
    assert_eq!(bench.refused(heartbeat("a", 4)).0, ErrorCode::FencedMemberEpoch);
}

#[test]
fn who_leaves_or_is_not_heard_of_loses_its_partitions() {
    let mut bench = Bench::with_topic(4);
    bench.beats(joining("a"));
    bench.beats(joining("b"));
    bench.beats(owning("a", 2, &[0, 1]));
    assert_eq!(bench.beats(heartbeat("a", -1)), (-1, None));
    assert_eq!(bench.standing(), ("Assigning", 4, 3));
    assert_eq!(bench.beats(heartbeat("b", 3)), (4, all(4)));
    bench.pass(SESSION + Duration::from_secs(1));
    assert_eq!(bench.standing(), ("Empty", 5, 4));
    assert_eq!(
        bench.refused(heartbeat("b", 4)),
        (ErrorCode::UnknownMemberId, "Member b is not a member of group g.".to_owned())
    );
}

#[test]
fn who_does_not_let_go_in_time_is_fenced() {
    let mut bench = Bench::with_topic(4);
    bench.beats(joining("a"));
    bench.beats(joining("b"));
    bench.beats(heartbeat("a", 2));
    for _ in 0..3 {
        bench.pass(Duration::from_secs(11));
        bench.beats(heartbeat("b", 3));
        if bench.consumers().members.len() == 2 {
            bench.beats(heartbeat("a", 2));
        }
    }
    assert_eq!(bench.refused(heartbeat("a", 2)).0, ErrorCode::UnknownMemberId);
    assert_eq!(bench.beats(heartbeat("b", 4)).0, 4);
    assert_eq!(bench.consumers().members[0].assigned, [(TOPIC_ID.0, TOPIC.to_owned(), vec![0, 1, 2, 3])]);
}

#[test]
fn a_static_member_keeps_its_place_while_it_is_away() {
    let mut bench = Bench::with_topic(6);
    assert_eq!(bench.beats(fixed("i", joining("s1"))), (2, all(6)));
    assert_eq!(bench.refused(fixed("i", joining("s2"))).0, ErrorCode::UnreleasedInstanceId);
    let fenced = "Static member s2 with instance id i was fenced by member s1.";
    assert_eq!(bench.refused(fixed("i", heartbeat("s2", 2))), (ErrorCode::FencedInstanceId, fenced.to_owned()));
    assert_eq!(bench.refused(fixed("j", heartbeat("s1", 2))).1, "Instance id j is unknown.");
    assert_eq!(bench.beats(fixed("i", heartbeat("s1", -2))), (-2, None));
    assert_eq!(bench.standing(), ("Reconciling", 2, 2));
    assert_eq!(bench.beats(fixed("i", joining("s2"))), (2, all(6)), "without a new epoch");
    assert_eq!(bench.refused(fixed("i", heartbeat("s1", 2))).0, ErrorCode::FencedInstanceId);
    assert_eq!(bench.beats(fixed("i", heartbeat("s2", -1))), (-1, None));
    assert_eq!(bench.standing(), ("Empty", 3, 2));
}

#[test]
fn topics_that_come_and_grow_are_assigned() {
    let mut bench = Bench::with_topic(2);
    let both = BTreeSet::from([TOPIC.to_owned(), "later".to_owned()]);
    let join = ConsumerHeartbeat { topic_names: Some(both), ..joining("a") };
    assert_eq!(bench.beats(join), (2, all(2)));
    bench.create_topic("other", TopicId([8; 16]), 1);
    assert_eq!(bench.beats(heartbeat("a", 2)), (2, None), "nobody reads it");
    bench.add_partitions(1);
    assert_eq!(bench.beats(heartbeat("a", 2)), (3, all(3)));
    bench.create_topic("later", TopicId([9; 16]), 1);
    assert_eq!(bench.beats(heartbeat("a", 3)), (4, Some(vec![0, 1, 2, 0])));
}

#[test]
fn a_pattern_stands_for_the_topics_that_match_it_as_a_whole() {
    let mut bench = Bench::with_topic(2);
    bench.create_topic("tt", TopicId([8; 16]), 1);
    let by = |regex: &str| ConsumerHeartbeat { topic_names: None, topic_regex: Some(regex.to_owned()), ..joining("a") };
    assert_eq!(bench.refused(by("(")).0, ErrorCode::InvalidRegularExpression);
    assert_eq!(bench.refused(by("(?=a)")).0, ErrorCode::InvalidRegularExpression);
    assert_eq!(bench.refused(by("a**")).0, ErrorCode::InvalidRegularExpression);
    assert_eq!(bench.beats(by("t|x")), (2, all(2)));
    bench.create_topic("x", TopicId([9; 16]), 1);
    assert_eq!(bench.beats(heartbeat("a", 2)), (3, Some(vec![0, 1, 0])));
    assert_eq!(bench.beats(heartbeat("a", -1)).0, -1);
    let regexes = bench.log.iter().filter(|record| {
        matches!(record, GroupRecord::Consumer(ConsumerRecord { change: Change::Regex(_, None), .. }))
    });
    assert_eq!(regexes.count(), 1, "a pattern that nobody uses is forgotten");
}

#[test]
fn requests_that_make_no_sense_are_refused_in_kafkas_words() {
    let mut bench = Bench::with_topic(1);
    let invalid = |message: &str| (ErrorCode::InvalidRequest, message.to_owned());
    let join = joining("a");
    let cases = [
        (ConsumerHeartbeat { group: String::new(), ..join.clone() }, "GroupId can't be empty."),
        (joining(""), "MemberId can't be empty."),
        (fixed("", join.clone()), "InstanceId can't be empty."),
        (ConsumerHeartbeat { rack_id: Some(String::new()), ..join.clone() }, "RackId can't be empty."),
        (
            ConsumerHeartbeat { rebalance_timeout_ms: -1, ..join.clone() },
            "RebalanceTimeoutMs must be provided in first request.",
        ),
        (ConsumerHeartbeat { owned: None, ..join.clone() }, "TopicPartitions must be empty when (re-)joining."),
        (
            ConsumerHeartbeat { topic_names: None, ..join.clone() },
            "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.",
        ),
        (heartbeat("a", -2), "InstanceId can't be null."),
        (heartbeat("a", -3), "MemberEpoch is invalid."),
    ];
    for (request, message) in cases {
        assert_eq!(bench.refused(request), invalid(message));
    }
    let unknown = ConsumerHeartbeat { assignor: Some("x".to_owned()), ..join };
    let message = "ServerAssignor x is not supported. Supported assignors: uniform, range.";
    assert_eq!(bench.refused(unknown), (ErrorCode::UnsupportedAssignor, message.to_owned()));
    let message = "Consumer group g not found.";
    assert_eq!(bench.refused(heartbeat("a", 3)), (ErrorCode::GroupIdNotFound, message.to_owned()));
    assert_eq!(bench.refused(heartbeat("a", -1)).1, "Group g not found.");
    assert!(bench.coordinator.list().is_empty(), "none of them creates the group");
}

#[test]
fn an_assignment_stands_for_its_interval() {
    let mut rules = rules();
    rules.consumer.assignment_interval = Duration::from_secs(1);
    rules.consumer.members_max = 2;
    let mut bench = Bench::new(rules);
    bench.create_topic(TOPIC, TOPIC_ID, 2);
    assert_eq!(bench.beats(joining("a")), (2, all(2)));
    assert_eq!(bench.beats(joining("b")), (2, Some(vec![])));
    assert_eq!(bench.standing(), ("Assigning", 3, 2));
    let message = "The consumer group has reached its maximum capacity of 2 members.";
    assert_eq!(bench.refused(joining("c")), (ErrorCode::GroupMaxSizeReached, message.to_owned()));
    bench.pass(Duration::from_secs(1));
    assert_eq!(bench.beats(heartbeat("b", 2)), (3, None));
    assert_eq!(bench.beats(heartbeat("a", 2)), (2, Some(vec![0])));
}

#[test]
fn a_commit_is_of_the_members_epoch_or_of_one_in_which_it_had_the_partition() {
    let mut bench = Bench::with_topic(2);
    bench.beats(joining("a"));
    bench.beats(joining("b"));
    bench.beats(heartbeat("a", 2));
    let send = |bench: &mut Bench, member: &str, epoch, partitions: &[i32]| {
        let offsets: Vec<_> = partitions.iter().map(|partition| (TOPIC, *partition, 5)).collect();
        let mut commit = commit(member, epoch, &offsets);
        commit.offsets.iter_mut().for_each(|offset| offset.topic_id = TOPIC_ID);
        let ticket = bench.send(Request::Commit(commit));
        match bench.answer(ticket) {
            Some(Answer::Commit(codes)) => codes,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(send(&mut bench, "a", 2, &[0, 1]), [ErrorCode::None; 2], "what it lets go, too");
    bench.beats(owning("a", 2, &[0]));
    assert_eq!(send(&mut bench, "a", 2, &[0]), [ErrorCode::None], "it has had it since epoch 2");
    assert_eq!(send(&mut bench, "a", 2, &[0, 1]), [ErrorCode::StaleMemberEpoch; 2]);
    assert_eq!(send(&mut bench, "a", 4, &[0]), [ErrorCode::StaleMemberEpoch]);
    assert_eq!(send(&mut bench, "z", 3, &[0]), [ErrorCode::UnknownMemberId]);
    assert_eq!(send(&mut bench, "", -1, &[0]), [ErrorCode::UnknownMemberId]);
}

#[test]
fn a_write_that_fails_changes_nothing() {
    let mut bench = Bench::with_topic(4);
    bench.beats(joining("a"));
    bench.holds_writes = true;
    let second = bench.send(Request::ConsumerHeartbeat(joining("b")));
    let third = bench.send(Request::ConsumerHeartbeat(joining("c")));
    assert!(bench.answers.is_empty(), "answers wait for their records");
    bench.fail_write(ErrorCode::KafkaStorageError);
    let refused = Answer::ConsumerHeartbeat(Err(ErrorCode::NotCoordinator.into()));
    assert_eq!(bench.answer(second), Some(refused));
    bench.end_writes();
    assert!(matches!(bench.answer(third), Some(Answer::ConsumerHeartbeat(Ok(_)))));
    bench.holds_writes = false;
    let ids: Vec<_> = bench.consumers().members.into_iter().map(|member| member.member_id).collect();
    assert_eq!((ids, bench.standing().1), (vec!["a".to_owned(), "c".to_owned()], 3));
}

#[test]
fn a_member_whose_end_cannot_be_written_ends_later() {
    let mut bench = Bench::with_topic(4);
    bench.beats(fixed("i", joining("a")));
    bench.holds_writes = true;
    bench.pass(SESSION + Duration::from_secs(1));
    bench.fail_write(ErrorCode::KafkaStorageError);
    bench.holds_writes = false;
    assert_eq!(bench.refused(fixed("i", joining("b"))).0, ErrorCode::UnreleasedInstanceId, "its place is taken");
    bench.pass(SESSION + Duration::from_secs(1));
    assert_eq!(bench.standing().0, "Empty");
    assert_eq!(bench.beats(fixed("i", joining("b"))).1, all(4));
}

#[test]
fn a_group_is_after_a_restart_what_it_was() {
    let mut bench = Bench::with_topic(6);
    bench.beats(joining("a"));
    bench.beats(fixed("i", joining("b")));
    bench.beats(heartbeat("a", 2));
    let before = bench.consumers();
    bench.restart(rules());
    assert_eq!(bench.consumers(), before);
    assert_eq!(bench.beats(fixed("i", heartbeat("b", 3))), (3, None), "who is to let go still has it");
    bench.pass(SESSION + Duration::from_secs(1));
    assert_eq!(bench.standing().0, "Empty", "sessions run on");
    let ticket = bench.send(Request::Delete { group: GROUP.to_owned() });
    assert_eq!(bench.answer(ticket), Some(Answer::Delete(ErrorCode::None)));
    bench.restart(rules());
    assert!(bench.coordinator.list().is_empty());
}

#[test]
fn an_empty_group_goes_over_to_the_protocol_of_its_next_member() {
    let mut bench = Bench::with_topic(2);
    bench.beats(joining("a"));
    assert_eq!(bench.describe(), Err(ErrorCode::GroupIdNotFound), "it is no classic group");
    bench.beats(heartbeat("a", -1));
    let ids = bench.stable(&["c"]);
    assert_eq!(bench.coordinator.list()[0].kind, GroupKind::Classic);
    bench.leave(&[(&ids[0], None)]);
    assert_eq!(bench.beats(joining("a")), (2, all(2)), "epochs begin anew");
    bench.restart(rules());
    assert_eq!(bench.coordinator.list()[0].kind, GroupKind::Consumer);
}

#[test]
fn a_group_is_the_same_of_its_compacted_records_in_whatever_order_they_were_left() {
    let mut bench = Bench::with_topic(4);
    bench.beats(joining("a"));
    let topics = Some(BTreeSet::from([TOPIC.to_owned(), "other".to_owned()]));
    bench.beats(ConsumerHeartbeat { topic_names: topics, ..heartbeat("a", 2) });
    let before = bench.consumers();
    // The last record of each key: the target is older than all that names the member.
    let keys: Vec<_> = bench.log.iter().map(|record| record.encode().unwrap().0).collect();
    let is_last = |(place, key): (usize, &Vec<u8>)| !keys[place + 1..].contains(key);
    let kept: Vec<bool> = keys.iter().enumerate().map(is_last).collect();
    let mut kept = kept.into_iter();
    bench.log.retain(|_| kept.next().unwrap());
    assert!(matches!(&bench.log[0], GroupRecord::Consumer(record) if matches!(record.change, Change::Target(..))));
    bench.restart(rules());
    assert_eq!(bench.consumers(), before);
}
