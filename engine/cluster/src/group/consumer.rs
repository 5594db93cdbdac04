//! Groups by the protocol of KIP-848: the coordinator itself assigns partitions, and each member is led to its part of
//! the assignment step by step, by its own heartbeats.
//!
//! Always true:
//! - a partition has at most one holder: it is given to a member only after the one before has said that it let it go,
//!   or has been fenced;
//! - epochs of the group, of its target assignment and of its members only grow, but for a member that has left;
//! - the state changes by [`Change`]s alone, each of which is a record; a write that fails takes its changes back;
//! - a group has one write on its way at most: whoever asks meanwhile waits.

mod assignor;
mod change;
mod classic;
mod describe;
#[cfg(test)]
mod durable;
mod heartbeat;
mod migrate;
mod offsets;
mod range;
mod reconcile;
mod record;
mod refresh;
mod regex;
mod request;
mod state;
mod turn;
mod uniform;
#[cfg(test)]
mod witness;

pub use assignor::Assignor;
pub use change::{
    Change, ClassicValue, GroupEpoch, Held, MemberState, MemberValue as ConsumerValue, Standing, TargetEpoch,
    TopicsOfRegex,
};
pub use describe::{DescribedConsumer, DescribedConsumerGroup};
#[cfg(test)]
pub(super) use durable::DurableState;
pub(super) use heartbeat::{JOIN, LEAVE, check as check_heartbeat};
pub(super) use migrate::{ClassicParts, upgrade};
pub use record::ConsumerRecord;
pub use request::{Assignment, ConsumerHeartbeat, ConsumerHeartbeatAnswer, ConsumerRules, Refusal};
pub(super) use state::ConsumerGroup;
pub(super) use turn::{Step, Undo, Work};
