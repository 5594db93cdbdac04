//! What can be asked of a coordinator, and what it answers.

use std::time::Duration;

use millrace_base::code::ErrorCode;
use millrace_base::ids::{LeaderEpoch, Offset, PartitionIndex, TopicId};

use super::consumer::{ConsumerHeartbeat, ConsumerHeartbeatAnswer, ConsumerRules, DescribedConsumerGroup, Refusal};
use super::record::{CommittedOffset, GroupRecord};
use super::state::{GroupKind, GroupState, Phase};

/// The time of an event, on both clocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// A clock that never goes back, from any beginning: time-outs run on it.
    pub monotonic: Duration,
    /// Unix ms: what records say.
    pub unix_ms: i64,
}

/// Names a request until it is answered. The caller gives each request another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// Names a write until its end is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriteId(pub u64);

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Tell whoever holds the ticket.
    Answer {
        /// The request's.
        ticket: Ticket,
        /// What to tell.
        answer: Answer,
    },
    /// Append the records as one batch, after those of all earlier writes; then report the end.
    Write {
        /// For [`super::Coordinator::written`].
        write: WriteId,
        /// At least one.
        records: Vec<GroupRecord>,
    },
}

/// The settings that a coordinator goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// `group.min.session.timeout.ms`, inclusive.
    pub session_timeout_min: Duration,
    /// `group.max.session.timeout.ms`, inclusive.
    pub session_timeout_max: Duration,
    /// `group.initial.rebalance.delay.ms`.
    pub initial_rebalance_delay: Duration,
    /// `group.max.size`, inclusive.
    pub members_max: usize,
    /// `offset.metadata.max.bytes`, inclusive.
    pub metadata_bytes_max: usize,
    /// `offsets.retention.minutes`.
    pub retention: Duration,
    /// `offsets.retention.check.interval.ms`.
    pub expiry_interval: Duration,
    /// Of groups by the protocol of KIP-848.
    pub consumer: ConsumerRules,
}

/// A request to the coordinator of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// JoinGroup.
    Join(Join),
    /// SyncGroup.
    Sync(Sync),
    /// Heartbeat.
    Heartbeat(Heartbeat),
    /// LeaveGroup.
    Leave(Leave),
    /// OffsetCommit.
    Commit(Commit),
    /// One group of an OffsetFetch.
    FetchOffsets(FetchOffsets),
    /// One group of a DescribeGroups.
    Describe {
        /// The group.
        group: String,
    },
    /// One group of a DeleteGroups.
    Delete {
        /// The group.
        group: String,
    },
    /// OffsetDelete.
    DeleteOffsets(DeleteOffsets),
    /// ConsumerGroupHeartbeat.
    ConsumerHeartbeat(ConsumerHeartbeat),
    /// One group of a ConsumerGroupDescribe.
    DescribeConsumers {
        /// The group.
        group: String,
    },
}

impl Request {
    /// The group it is about.
    pub fn group(&self) -> &str {
        match self {
            Request::Join(Join { group, .. })
            | Request::Sync(Sync { group, .. })
            | Request::Heartbeat(Heartbeat { group, .. })
            | Request::Leave(Leave { group, .. })
            | Request::Commit(Commit { group, .. })
            | Request::FetchOffsets(FetchOffsets { group, .. })
            | Request::Describe { group }
            | Request::Delete { group }
            | Request::DeleteOffsets(DeleteOffsets { group, .. })
            | Request::ConsumerHeartbeat(ConsumerHeartbeat { group, .. })
            | Request::DescribeConsumers { group } => group,
        }
    }

    /// The answer that refuses it as a whole.
    pub fn refused(&self, error: ErrorCode) -> Answer {
        match self {
            Request::Join(join) => Answer::Join(JoinAnswer::refused(error, &join.member_id)),
            Request::Sync(_) => Answer::Sync(SyncAnswer::refused(error)),
            Request::Heartbeat(_) => Answer::Heartbeat(error),
            Request::Leave(_) => Answer::Leave(Err(error)),
            Request::Commit(commit) => Answer::Commit(vec![error; commit.offsets.len()]),
            Request::FetchOffsets(_) => Answer::FetchOffsets(Err(error)),
            Request::Describe { .. } => Answer::Describe(Err(error.into())),
            Request::Delete { .. } => Answer::Delete(error),
            Request::DeleteOffsets(_) => Answer::DeleteOffsets(Err(error)),
            Request::ConsumerHeartbeat(_) => Answer::ConsumerHeartbeat(Err(error.into())),
            Request::DescribeConsumers { .. } => Answer::DescribeConsumers(Err(error.into())),
        }
    }
}

/// The answer to a [`Request`] of the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To [`Request::Join`].
    Join(JoinAnswer),
    /// To [`Request::Sync`].
    Sync(SyncAnswer),
    /// To [`Request::Heartbeat`].
    Heartbeat(ErrorCode),
    /// To [`Request::Leave`]: a code for each member of the request, in its order.
    Leave(Result<Vec<ErrorCode>, ErrorCode>),
    /// To [`Request::Commit`]: a code for each offset of the request, in its order.
    Commit(Vec<ErrorCode>),
    /// To [`Request::FetchOffsets`].
    FetchOffsets(Result<Vec<FetchedOffset>, ErrorCode>),
    /// To [`Request::Describe`].
    Describe(Result<DescribedGroup, Refusal>),
    /// To [`Request::Delete`].
    Delete(ErrorCode),
    /// To [`Request::DeleteOffsets`]: a code for each partition of the request, in its order.
    DeleteOffsets(Result<Vec<ErrorCode>, ErrorCode>),
    /// To [`Request::ConsumerHeartbeat`].
    ConsumerHeartbeat(Result<ConsumerHeartbeatAnswer, Refusal>),
    /// To [`Request::DescribeConsumers`].
    DescribeConsumers(Result<DescribedConsumerGroup, Refusal>),
}

/// A way to assign partitions, by name, and what the member has to say for it. Opaque to the coordinator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Protocol {
    /// For example `range`.
    pub name: String,
    /// Opaque; for consumers, their subscription.
    pub metadata: Vec<u8>,
}

/// JoinGroup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Join {
    /// The group.
    pub group: String,
    /// Empty for who has none yet.
    pub member_id: String,
    /// A static member's name (KIP-345).
    pub instance_id: Option<String>,
    /// From the request's header.
    pub client_id: String,
    /// The client's address, as Kafka prints it.
    pub client_host: String,
    /// In ms.
    pub session_timeout_ms: i32,
    /// In ms; None: the session's (version 0).
    pub rebalance_timeout_ms: Option<i32>,
    /// For example `consumer`.
    pub protocol_type: String,
    /// The member's preferred one first.
    pub protocols: Vec<Protocol>,
    /// What distinguishes the id of a new member from all others: a random UUID.
    pub new_id: String,
    /// A new dynamic member is told its id before it may join (version 4 and later, KIP-394).
    pub must_know_its_id: bool,
    /// The client understands that it need not assign (version 9 and later, KIP-814).
    pub may_skip_assignment: bool,
}

/// What JoinGroup answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JoinAnswer {
    /// The code; all but `member_id` is empty unless it is 0.
    pub error: Option<ErrorCode>,
    /// The member's id.
    pub member_id: String,
    /// The generation; -1 for none.
    pub generation: i32,
    /// The group's protocol type.
    pub protocol_type: Option<String>,
    /// The protocol that the group has chosen.
    pub protocol: Option<String>,
    /// The leader's id.
    pub leader: String,
    /// The leader need not assign: the assignment stands.
    pub skip_assignment: bool,
    /// For the leader: who is to get an assignment.
    pub members: Vec<JoinedMember>,
}

impl JoinAnswer {
    /// A refusal.
    pub fn refused(error: ErrorCode, member_id: &str) -> JoinAnswer {
        JoinAnswer { error: Some(error), member_id: member_id.to_owned(), generation: -1, ..JoinAnswer::default() }
    }
}

/// A member, as the leader is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JoinedMember {
    /// Its id.
    pub member_id: String,
    /// Its static name.
    pub instance_id: Option<String>,
    /// What it said for the chosen protocol.
    pub metadata: Vec<u8>,
}

/// SyncGroup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sync {
    /// The group.
    pub group: String,
    /// The member.
    pub member_id: String,
    /// Its static name.
    pub instance_id: Option<String>,
    /// The generation that the member knows of.
    pub generation: i32,
    /// What the member takes for the group's, from version 5 on.
    pub protocol_type: Option<String>,
    /// What the member takes for the group's, from version 5 on.
    pub protocol: Option<String>,
    /// From the leader: each member's assignment, opaque.
    pub assignments: Vec<(String, Vec<u8>)>,
}

/// What SyncGroup answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncAnswer {
    /// None: success.
    pub error: Option<ErrorCode>,
    /// The group's protocol type.
    pub protocol_type: Option<String>,
    /// The protocol that the group has chosen.
    pub protocol: Option<String>,
    /// The member's assignment, opaque.
    pub assignment: Vec<u8>,
    /// What the error does not say and the member is not told: for the broker's log.
    pub cause: Option<String>,
}

impl SyncAnswer {
    /// A refusal.
    pub fn refused(error: ErrorCode) -> SyncAnswer {
        SyncAnswer { error: Some(error), ..SyncAnswer::default() }
    }

    /// A refusal for a reason that no other error stands for.
    pub fn failed(cause: impl ToString) -> SyncAnswer {
        SyncAnswer { cause: Some(cause.to_string()), ..SyncAnswer::refused(ErrorCode::UnknownServerError) }
    }
}

impl From<ErrorCode> for SyncAnswer {
    fn from(error: ErrorCode) -> SyncAnswer {
        SyncAnswer::refused(error)
    }
}

/// Heartbeat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heartbeat {
    /// The group.
    pub group: String,
    /// The member.
    pub member_id: String,
    /// Its static name.
    pub instance_id: Option<String>,
    /// The generation that the member knows of.
    pub generation: i32,
}

/// LeaveGroup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leave {
    /// The group.
    pub group: String,
    /// Who leaves.
    pub members: Vec<LeavingMember>,
}

/// Who leaves: by its id, by its static name (an operator's doing), or by both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeavingMember {
    /// Empty when the static name is enough.
    pub member_id: String,
    /// The static name.
    pub instance_id: Option<String>,
}

/// OffsetCommit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commit {
    /// The group.
    pub group: String,
    /// Empty for who is no member.
    pub member_id: String,
    /// Its static name.
    pub instance_id: Option<String>,
    /// Negative for who is no member.
    pub generation: i32,
    /// The client knows KIP-848 (from version 9 on): epochs of members, and an error for a group that does not exist.
    pub knows_kip_848: bool,
    /// In ms, from versions up to 4.
    pub retention_ms: Option<i64>,
    /// What to commit.
    pub offsets: Vec<CommitOffset>,
}

/// An offset to commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommitOffset {
    /// The topic.
    pub topic: String,
    /// Its id; zero when the client did not name it.
    pub topic_id: TopicId,
    /// The partition.
    pub partition: PartitionIndex,
    /// The next offset to read.
    pub offset: Offset,
    /// The epoch of the last record that was read; -1 for unknown.
    pub leader_epoch: LeaderEpoch,
    /// The client's own note.
    pub metadata: String,
}

/// One group of an OffsetFetch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FetchOffsets {
    /// The group.
    pub group: String,
    /// The member that asks, from version 9 on; None for who is none.
    pub member_id: Option<String>,
    /// Its epoch; negative for who is none.
    pub member_epoch: i32,
    /// Which partitions; None: all that have a committed offset.
    pub topics: Option<Vec<TopicPartitions>>,
}

/// Partitions of a topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicPartitions {
    /// The topic.
    pub topic: String,
    /// Its id; zero when the client did not name it. What was committed for another topic of the name does not count.
    pub topic_id: TopicId,
    /// Its partitions.
    pub partitions: Vec<PartitionIndex>,
}

/// A partition and its committed offset, if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedOffset {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: PartitionIndex,
    /// What is durably committed.
    pub committed: Option<CommittedOffset>,
}

/// OffsetDelete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeleteOffsets {
    /// The group.
    pub group: String,
    /// Whose offsets to forget, one by one.
    pub partitions: Vec<(String, PartitionIndex)>,
}

/// A group, in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedGroup {
    /// The group.
    pub group: String,
    /// Empty for a group that never had a member.
    pub protocol_type: String,
    /// Where it stands.
    pub state: GroupState,
    /// By which protocol.
    pub kind: GroupKind,
}

/// A group, described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedGroup {
    /// Where it stands.
    pub phase: Phase,
    /// Empty for a group that never had a member.
    pub protocol_type: String,
    /// The chosen protocol, in a stable group.
    pub protocol: String,
    /// In the order of their ids.
    pub members: Vec<DescribedMember>,
}

/// A member, described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedMember {
    /// Its id.
    pub member_id: String,
    /// Its static name.
    pub instance_id: Option<String>,
    /// As it named itself.
    pub client_id: String,
    /// Its address.
    pub client_host: String,
    /// What it said for the chosen protocol, in a stable group.
    pub metadata: Vec<u8>,
    /// Its assignment.
    pub assignment: Vec<u8>,
}
