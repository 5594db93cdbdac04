//! What can change in a group: the smallest steps, each of which is one record, or its deletion.

use std::collections::{BTreeMap, BTreeSet};

use millrace_base::ids::{PartitionIndex, TopicId};

use super::request::Assignment;
use crate::group::request::Protocol;

/// A step. None: what there was is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The group itself.
    Epoch(Option<GroupEpoch>),
    /// A member, and what it wants.
    Member(String, Option<MemberValue>),
    /// Of which group epoch the target assignment is.
    TargetEpoch(Option<TargetEpoch>),
    /// What a member is to hold in the end.
    Target(String, Option<Assignment>),
    /// What a member holds, and where it stands on its way.
    Standing(String, Option<Standing>),
    /// The topics that a pattern stands for.
    Regex(String, Option<TopicsOfRegex>),
}

impl Change {
    /// The member that changes.
    pub(in crate::group) fn member(&self) -> Option<&str> {
        match self {
            Change::Member(id, _) | Change::Target(id, _) | Change::Standing(id, _) => Some(id),
            Change::Epoch(_) | Change::TargetEpoch(_) | Change::Regex(..) => None,
        }
    }
}

/// A group's epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupEpoch {
    /// Grows with each change of members, subscriptions or topics.
    pub epoch: i32,
    /// A hash of the subscribed topics and their partitions; 0 for none.
    pub metadata_hash: i64,
}

/// The target assignment's epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TargetEpoch {
    /// The group epoch of which the assignment is.
    pub epoch: i32,
    /// When it was computed, Unix ms.
    pub timestamp_ms: i64,
}

/// What a member has said of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberValue {
    /// Its static name.
    pub instance_id: Option<String>,
    /// Where it runs.
    pub rack_id: Option<String>,
    /// As it named itself.
    pub client_id: String,
    /// Its address.
    pub client_host: String,
    /// What it subscribes to by name.
    pub topic_names: BTreeSet<String>,
    /// What it subscribes to by a pattern, which is not empty.
    pub topic_regex: Option<String>,
    /// In ms; -1: unknown.
    pub rebalance_timeout_ms: i32,
    /// The assignor that it prefers.
    pub assignor: Option<String>,
    /// Of a member that speaks the classic protocol.
    pub classic: Option<ClassicValue>,
}

/// What a member of the classic protocol has said beside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClassicValue {
    /// In ms.
    pub session_timeout_ms: i32,
    /// The preferred one first; at least one.
    pub protocols: Vec<Protocol>,
}

/// Where a member stands between what it holds and what it is to hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MemberState {
    /// It holds what it is to hold at its epoch.
    #[default]
    Stable,
    /// It is to let partitions go, and has not said that it did.
    Unrevoked,
    /// Others have not let go what it is to get.
    Unreleased,
    /// Written by a later version of Kafka: the member has to begin anew.
    Unknown,
}

impl MemberState {
    /// Kafka's number of it.
    pub(super) fn code(self) -> i8 {
        match self {
            MemberState::Stable => 0,
            MemberState::Unrevoked => 1,
            MemberState::Unreleased => 2,
            MemberState::Unknown => 127,
        }
    }

    pub(super) fn of(code: i8) -> MemberState {
        match code {
            0 => MemberState::Stable,
            1 => MemberState::Unrevoked,
            2 => MemberState::Unreleased,
            _ => MemberState::Unknown,
        }
    }
}

/// Partitions by topic, each with the epoch in which the member got it.
pub type Held = BTreeMap<TopicId, BTreeMap<PartitionIndex, i32>>;

/// What a member holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The member's epoch; 0 for one that has just joined, -2 for a static one that has left for a while.
    pub epoch: i32,
    /// The epoch before: an answer may have been lost.
    pub previous_epoch: i32,
    /// Where it stands.
    pub state: MemberState,
    /// What it may use.
    pub assigned: Held,
    /// What it is to let go.
    pub revoking: Held,
}

impl Standing {
    /// What it may use, without the epochs.
    pub(super) fn assignment(&self) -> Assignment {
        self.assigned.iter().map(|(topic, partitions)| (*topic, partitions.keys().copied().collect())).collect()
    }

    /// Everything that nobody else may have.
    pub(super) fn held(&self) -> impl Iterator<Item = (TopicId, PartitionIndex)> {
        let both = self.assigned.iter().chain(&self.revoking);
        both.flat_map(|(topic, partitions)| partitions.keys().map(|partition| (*topic, *partition)))
    }

    /// Whether it is where the target assignment of this epoch leads it.
    pub(super) fn is_reconciled(&self, target_epoch: i32) -> bool {
        self.state == MemberState::Stable && self.epoch == target_epoch
    }
}

/// What a pattern stood for when it was looked up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicsOfRegex {
    /// The topics.
    pub topics: BTreeSet<String>,
    /// Of the metadata in which they were looked up.
    pub version: i64,
    /// Unix ms.
    pub timestamp_ms: i64,
}
