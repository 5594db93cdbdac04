//! Who gets which partition, by one of the assignors that Kafka has on its side.

use std::collections::{BTreeMap, BTreeSet};

use millrace_base::ids::{PartitionIndex, TopicId};

use super::request::Assignment;
use super::{range, uniform};

/// A way to assign partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assignor {
    /// As evenly as can be, and with as few changes.
    Uniform,
    /// Each topic in ranges of neighbouring partitions: topics with as many partitions are dealt alike.
    Range,
}

impl Assignor {
    /// Kafka's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Assignor::Uniform => "uniform",
            Assignor::Range => "range",
        }
    }

    /// The assignor of this name.
    pub fn of(name: &str) -> Option<Assignor> {
        [Assignor::Uniform, Assignor::Range].into_iter().find(|assignor| assignor.name() == name)
    }

    /// Assigns all partitions of the topics that members read.
    pub(super) fn assign(self, group: &Subscriptions) -> BTreeMap<String, Assignment> {
        match self {
            Assignor::Uniform => uniform::assign(group),
            Assignor::Range => range::assign(group),
        }
    }
}

/// A member, as an assignor sees it.
#[derive(Clone, Debug, Default)]
pub(super) struct Subscriber {
    pub(super) instance_id: Option<String>,
    /// Topics that exist.
    pub(super) topics: BTreeSet<TopicId>,
    /// The target assignment so far.
    pub(super) target: Assignment,
}

/// What an assignor goes by.
#[derive(Clone, Debug, Default)]
pub(super) struct Subscriptions {
    pub(super) members: BTreeMap<String, Subscriber>,
    /// The number of partitions of each topic that somebody reads.
    pub(super) partitions: BTreeMap<TopicId, PartitionIndex>,
}

impl Subscriptions {
    /// Whether all members read the same topics.
    pub(super) fn is_homogeneous(&self) -> bool {
        let mut topics = self.members.values().map(|member| &member.topics);
        topics.next().is_none_or(|first| topics.all(|others| others == first))
    }
}
