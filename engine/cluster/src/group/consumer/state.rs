//! One group's durable state, and what follows from it.
//!
//! Always true:
//! - it changes by [`ConsumerGroup::apply`] alone;
//! - `instances` names, for each static member, its present id; `holders` names who holds a partition.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use millrace_base::ids::{PartitionIndex, TopicId};

use super::change::{Change, GroupEpoch, MemberState, MemberValue, Standing, TargetEpoch, TopicsOfRegex};
use super::request::Assignment;
use super::turn::Work;
use crate::group::request::WriteId;
use crate::group::state::GroupState;

/// The epoch of a group before its first change, as Kafka counts.
const EPOCH_FIRST: i32 = 1;

/// A group by the protocol of KIP-848.
#[derive(Clone, Debug, Default)]
pub(in crate::group) struct ConsumerGroup {
    epoch: Option<GroupEpoch>,
    target_epoch: Option<TargetEpoch>,
    members: BTreeMap<String, MemberValue>,
    standings: BTreeMap<String, Standing>,
    targets: BTreeMap<String, Assignment>,
    regexes: BTreeMap<String, TopicsOfRegex>,
    instances: BTreeMap<String, String>,
    holders: BTreeMap<(TopicId, PartitionIndex), String>,
    /// Which state of the topics the hash is of, by the coordinator's count.
    pub(super) topics_seen: Option<u64>,
    /// The write that is on its way.
    pub(in crate::group) writing: Option<WriteId>,
    /// What waits for that write's end.
    pub(in crate::group) waiting: VecDeque<Work>,
    /// Members of the classic protocol that are to come back: to join anew, or for their assignment.
    pub(in crate::group) returning: BTreeSet<String>,
}

/// Puts a value, or takes it out; gives what was there.
fn set<V>(map: &mut BTreeMap<String, V>, key: &str, value: Option<V>) -> Option<V> {
    match value {
        Some(value) => map.insert(key.to_owned(), value),
        None => map.remove(key),
    }
}

impl ConsumerGroup {
    /// Changes the group; gives the change that takes this one back.
    pub(in crate::group) fn apply(&mut self, change: Change) -> Change {
        match change {
            Change::Epoch(value) => Change::Epoch(std::mem::replace(&mut self.epoch, value)),
            Change::TargetEpoch(value) => Change::TargetEpoch(std::mem::replace(&mut self.target_epoch, value)),
            Change::Target(id, value) => {
                let before = set(&mut self.targets, &id, value);
                Change::Target(id, before)
            }
            Change::Regex(regex, value) => {
                let before = set(&mut self.regexes, &regex, value);
                Change::Regex(regex, before)
            }
            Change::Member(id, value) => {
                let instance = value.as_ref().and_then(|value| value.instance_id.clone());
                let before = set(&mut self.members, &id, value);
                let old = before.as_ref().and_then(|before| before.instance_id.as_ref());
                if let Some(old) = old.filter(|old| self.instances.get(*old) == Some(&id)) {
                    self.instances.remove(old);
                }
                if let Some(instance) = instance {
                    self.instances.insert(instance, id.clone());
                }
                Change::Member(id, before)
            }
            Change::Standing(id, value) => {
                let held: Vec<_> = value.iter().flat_map(Standing::held).collect();
                let before = set(&mut self.standings, &id, value);
                for partition in before.iter().flat_map(Standing::held) {
                    if self.holders.get(&partition) == Some(&id) {
                        self.holders.remove(&partition);
                    }
                }
                self.holders.extend(held.into_iter().map(|partition| (partition, id.clone())));
                Change::Standing(id, before)
            }
        }
    }

    /// All that its records hold.
    #[cfg(test)]
    pub(in crate::group) fn durable(&self) -> super::durable::DurableState {
        super::durable::DurableState {
            epoch: self.epoch,
            target_epoch: self.target_epoch,
            members: self.members.clone(),
            standings: self.standings.clone(),
            targets: self.targets.clone(),
            regexes: self.regexes.clone(),
            instances: self.instances.clone(),
            holders: self.holders.clone(),
        }
    }

    /// The group's epoch.
    pub(super) fn epoch(&self) -> i32 {
        self.epoch.map_or(EPOCH_FIRST, |epoch| epoch.epoch)
    }

    pub(super) fn metadata_hash(&self) -> i64 {
        self.epoch.map_or(0, |epoch| epoch.metadata_hash)
    }

    /// Of which group epoch the target assignment is; 0 before there is one.
    pub(super) fn target_epoch(&self) -> i32 {
        self.target_epoch.map_or(0, |target| target.epoch)
    }

    /// When the target assignment was computed, Unix ms.
    pub(super) fn target_timestamp_ms(&self) -> Option<i64> {
        self.target_epoch.map(|target| target.timestamp_ms).filter(|timestamp| *timestamp > 0)
    }

    pub(in crate::group) fn members(&self) -> &BTreeMap<String, MemberValue> {
        &self.members
    }

    /// Whether nothing is known of it. Compaction may have left what members are to hold before the members themselves.
    pub(in crate::group) fn is_void(&self) -> bool {
        let has_members = !(self.members.is_empty() && self.standings.is_empty() && self.targets.is_empty());
        !has_members && self.regexes.is_empty() && self.epoch.is_none() && self.target_epoch.is_none()
    }

    /// What a member holds; nothing, for one that has just joined.
    pub(super) fn standing(&self, id: &str) -> Standing {
        self.standings.get(id).cloned().unwrap_or_default()
    }

    pub(super) fn has_standing(&self, id: &str) -> bool {
        self.standings.contains_key(id)
    }

    pub(super) fn target(&self, id: &str) -> Option<&Assignment> {
        self.targets.get(id)
    }

    pub(super) fn regexes(&self) -> &BTreeMap<String, TopicsOfRegex> {
        &self.regexes
    }

    /// The present id of a static member.
    pub(super) fn static_member(&self, instance_id: &str) -> Option<&str> {
        self.instances.get(instance_id).map(String::as_str)
    }

    /// Whether anybody holds a partition, or has not said yet that it let it go.
    pub(super) fn is_held(&self, topic: TopicId, partition: PartitionIndex) -> bool {
        self.holders.contains_key(&(topic, partition))
    }

    /// Where the group stands.
    pub(in crate::group) fn state(&self) -> GroupState {
        let target_epoch = self.target_epoch();
        if self.members.is_empty() {
            GroupState::Empty
        } else if self.epoch() > target_epoch {
            GroupState::Assigning
        } else if self.members.keys().all(|id| self.standing(id).is_reconciled(target_epoch)) {
            GroupState::Stable
        } else {
            GroupState::Reconciling
        }
    }

    /// The topics that a member reads, by name, whether they exist or not.
    pub(super) fn topics_of<'a>(&'a self, member: &'a MemberValue) -> impl Iterator<Item = &'a str> {
        let regex = member.topic_regex.as_ref().and_then(|regex| self.regexes.get(regex));
        member.topic_names.iter().chain(regex.into_iter().flat_map(|found| &found.topics)).map(String::as_str)
    }

    /// The topics that any member reads, by name.
    pub(super) fn subscribed(&self) -> BTreeSet<&str> {
        self.members.values().flat_map(|member| self.topics_of(member)).collect()
    }

    /// Whether a member reads a topic.
    pub(in crate::group) fn is_subscribed(&self, topic: &str) -> bool {
        let reads = |member: &MemberValue| self.topics_of(member).any(|name| name == topic);
        self.members.values().any(reads)
    }

    /// Whether a member has not said yet that it let go what it must.
    pub(in crate::group) fn is_revoking(&self, id: &str) -> bool {
        self.standings.get(id).is_some_and(|standing| standing.state == MemberState::Unrevoked)
    }

    /// Whether any member subscribes by this pattern.
    pub(super) fn uses_regex(&self, regex: &str) -> bool {
        self.members.values().any(|member| member.topic_regex.as_deref() == Some(regex))
    }

    /// The changes after which nothing is left of the group: what is to be recorded when it goes.
    pub(in crate::group) fn removal(&self) -> Vec<Change> {
        let of_members = self.members.keys().flat_map(|id| member_removal(id));
        let regexes = self.regexes.keys().map(|regex| Change::Regex(regex.clone(), None));
        let group = [Change::TargetEpoch(None), Change::Epoch(None)];
        of_members.chain(regexes).chain(group).collect()
    }
}

/// The changes after which nothing is left of a member.
pub(super) fn member_removal(id: &str) -> [Change; 3] {
    [Change::Standing(id.to_owned(), None), Change::Target(id.to_owned(), None), Change::Member(id.to_owned(), None)]
}
