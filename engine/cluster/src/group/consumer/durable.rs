//! All of a group that its records hold, for tests: to be compared with what a replay gives.

use std::collections::{BTreeMap, BTreeSet};

use millrace_base::ids::{PartitionIndex, TopicId};

use super::change::{GroupEpoch, MemberState, MemberValue, Standing, TargetEpoch, TopicsOfRegex};
use super::request::Assignment;

/// A group's durable state, and what follows from it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::group) struct DurableState {
    pub(in crate::group) epoch: Option<GroupEpoch>,
    pub(in crate::group) target_epoch: Option<TargetEpoch>,
    pub(in crate::group) members: BTreeMap<String, MemberValue>,
    pub(in crate::group) standings: BTreeMap<String, Standing>,
    pub(in crate::group) targets: BTreeMap<String, Assignment>,
    pub(in crate::group) regexes: BTreeMap<String, TopicsOfRegex>,
    pub(in crate::group) instances: BTreeMap<String, String>,
    pub(in crate::group) holders: BTreeMap<(TopicId, PartitionIndex), String>,
}

impl DurableState {
    fn group_epoch(&self) -> i32 {
        self.epoch.map_or(1, |epoch| epoch.epoch)
    }

    fn assignment_epoch(&self) -> i32 {
        self.target_epoch.map_or(0, |target| target.epoch)
    }

    /// What must hold at any time.
    pub(in crate::group) fn check_alone(&self) {
        let mut holders = BTreeMap::new();
        for (id, standing) in &self.standings {
            for partition in standing.held() {
                assert_eq!(holders.insert(partition, id.clone()), None, "{partition:?} has two holders");
            }
            assert!(standing.epoch <= self.assignment_epoch(), "{id} is ahead of the target: {standing:?}");
            assert!(standing.previous_epoch <= standing.epoch || standing.epoch <= 0, "{id}: {standing:?}");
            let lets_go = standing.state == MemberState::Unrevoked;
            // One that has left for a while has let go, without a word.
            assert!(lets_go != standing.revoking.is_empty() || standing.epoch <= 0, "{id}: {standing:?}");
        }
        assert_eq!(holders, self.holders);
        let mut targets = BTreeSet::new();
        for (topic, partitions) in self.targets.values().flatten() {
            for partition in partitions {
                assert!(targets.insert((*topic, *partition)), "{topic} {partition} is to be held by two");
            }
        }
        assert!(self.assignment_epoch() <= self.group_epoch());
        assert!(self.standings.keys().chain(self.targets.keys()).all(|id| self.members.contains_key(id)));
    }

    /// What must hold of a group that was another one before.
    pub(in crate::group) fn check_after(&self, before: &DurableState) {
        if self.epoch.is_none() || before.epoch.is_none() {
            return;
        }
        let has_begun_anew = self.members.keys().all(|id| !before.members.contains_key(id));
        assert!(self.group_epoch() >= before.group_epoch() || has_begun_anew, "the epoch goes back");
        for (id, standing) in &self.standings {
            let earlier = before.standings.get(id).map_or(0, |before| before.epoch);
            assert!(standing.epoch >= earlier || standing.epoch < 0, "the epoch of {id} goes back: {standing:?}");
        }
    }
}
