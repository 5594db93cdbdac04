//! Consumer groups, by the classic protocol and by that of KIP-848: who is a member, who leads, which epoch it is, and
//! which offsets are committed. One [`Coordinator`] holds the groups of one partition of `__consumer_offsets`.
//!
//! A [`Request`] comes in with a [`Ticket`] and the time; [`Effect`]s come out: answers to tickets, at once or later,
//! and records to be made durable. The caller reports each write's end with [`Coordinator::written`] and the passing of
//! time with [`Coordinator::tick`]. The rules are those of Kafka 4.3.1's coordinator, its error codes included.
//!
//! Always true:
//! - every ticket is answered once, and an answer that depends on a record comes after that record's write has ended;
//! - a generation has one assignment, and who asks with another generation is refused;
//! - what a client can read of committed offsets is durable: it is there after any crash;
//! - the records, replayed in their order into a new coordinator, give the same durable state.

mod admin;
mod bridge;
mod consumer;
mod coordinator;
mod join;
mod leave;
mod member;
mod offsets;
mod partition;
mod record;
mod request;
mod state;
mod sync;
mod timers;
mod turn;

pub use consumer::{
    Assignment, Assignor, Change, ClassicValue, ConsumerHeartbeat, ConsumerHeartbeatAnswer, ConsumerRecord,
    ConsumerRules, ConsumerValue, DescribedConsumer, DescribedConsumerGroup, GroupEpoch, Held, MemberState, Refusal,
    Standing, TargetEpoch, TopicsOfRegex,
};
pub use coordinator::Coordinator;
pub use partition::partition_of;
pub use record::{CommittedOffset, GroupRecord, GroupValue, MemberValue, RecordError};
pub use request::{
    Answer, Commit, CommitOffset, DeleteOffsets, DescribedGroup, DescribedMember, Effect, FetchOffsets, FetchedOffset,
    Heartbeat, Join, JoinAnswer, JoinedMember, Leave, LeavingMember, ListedGroup, Now, Protocol, Request, Rules, Sync,
    SyncAnswer, Ticket, TopicPartitions, WriteId,
};
pub use state::{GroupKind, GroupState, Phase};

#[cfg(test)]
mod tests;
