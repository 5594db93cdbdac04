//! What a group knows of topics, and what follows from a change: patterns are looked up anew, the epoch grows, and a
//! new target assignment is computed.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

use millrace_base::ids::PartitionIndex;

use super::assignor::{Assignor, Subscriber, Subscriptions};
use super::change::{Change, GroupEpoch, TargetEpoch, TopicsOfRegex};
use super::regex::Pattern;
use super::turn::Step;

/// The hash of no topics, which Kafka's records leave out.
const NO_TOPICS: i64 = 0;

impl Step<'_> {
    /// Looks up what a pattern stands for. One that is looked up already stays as it is until topics change.
    pub(super) fn resolve(&mut self, regex: &str, pattern: &Pattern) {
        if !self.group.regexes().contains_key(regex) {
            let found = self.found(pattern);
            self.change(Change::Regex(regex.to_owned(), Some(found)));
        }
    }

    fn found(&self, pattern: &Pattern) -> TopicsOfRegex {
        TopicsOfRegex {
            topics: pattern.topics(self.image),
            version: i64::try_from(self.topics_version).unwrap_or(i64::MAX),
            timestamp_ms: self.now.unix_ms,
        }
    }

    /// Looks patterns up anew where topics have changed.
    fn refresh_regexes(&mut self) {
        for regex in self.group.regexes().keys().cloned().collect::<Vec<_>>() {
            // It was valid when it was subscribed to.
            let Ok(pattern) = Pattern::parse(&regex) else { continue };
            let found = self.found(&pattern);
            if self.group.regexes().get(&regex).is_none_or(|known| known.topics != found.topics) {
                self.change(Change::Regex(regex, Some(found)));
            }
        }
    }

    /// Begins a new epoch if members have changed what they read, or if the topics that they read have changed.
    pub(super) fn refresh(&mut self, has_changed: bool) {
        let has_new_topics = self.group.topics_seen != Some(self.topics_version);
        if !has_changed && !has_new_topics {
            return;
        }
        if has_new_topics {
            self.refresh_regexes();
        }
        self.group.topics_seen = Some(self.topics_version);
        let hash = self.metadata_hash();
        if has_changed || hash != self.group.metadata_hash() {
            self.bump(hash);
        }
    }

    /// Begins a new epoch.
    pub(super) fn bump(&mut self, metadata_hash: i64) {
        let epoch = self.group.epoch().saturating_add(1);
        self.change(Change::Epoch(Some(GroupEpoch { epoch, metadata_hash })));
    }

    /// A number that changes when subscribed topics come, go or grow.
    pub(super) fn metadata_hash(&self) -> i64 {
        let mut hasher = std::hash::DefaultHasher::new();
        let mut has_any = false;
        for name in self.group.subscribed() {
            if let Some(topic) = self.image.topic(name) {
                has_any = true;
                (name, topic.id.0, topic.partitions.len()).hash(&mut hasher);
            }
        }
        if has_any { i64::from_ne_bytes(hasher.finish().to_ne_bytes()) } else { NO_TOPICS }
    }

    /// Computes the target assignment of the present epoch, unless the last one has not stood long enough: members that
    /// come one after the other are assigned to together.
    pub(super) fn assign(&mut self) {
        if self.group.epoch() <= self.group.target_epoch() || self.must_wait() {
            return;
        }
        let assignor = self.preferred_assignor();
        for (id, target) in assignor.assign(&self.subscriptions()) {
            if self.group.target(&id) != Some(&target) {
                self.change(Change::Target(id, Some(target)));
            }
        }
        let target = TargetEpoch { epoch: self.group.epoch(), timestamp_ms: self.now.unix_ms };
        self.change(Change::TargetEpoch(Some(target)));
    }

    fn must_wait(&self) -> bool {
        let interval_ms = i64::try_from(self.settings.assignment_interval.as_millis()).unwrap_or(i64::MAX);
        let passed_ms = self.group.target_timestamp_ms().map(|then| self.now.unix_ms.saturating_sub(then));
        // A clock that went back does not count.
        passed_ms.is_some_and(|passed_ms| (0..interval_ms).contains(&passed_ms))
    }

    /// The assignor that most members prefer; the broker's first one if none prefers any.
    pub(super) fn preferred_assignor(&self) -> Assignor {
        let mut votes: BTreeMap<Assignor, usize> = BTreeMap::new();
        let named = self.group.members().values().filter_map(|member| member.assignor.as_deref());
        for assignor in named.filter_map(Assignor::of).filter(|assignor| self.settings.assignors.contains(assignor)) {
            *votes.entry(assignor).or_default() += 1;
        }
        let most = votes.into_iter().rev().max_by_key(|(_, count)| *count);
        let default = || self.settings.assignors.first().copied().unwrap_or(Assignor::Uniform);
        most.map_or_else(default, |(assignor, _)| assignor)
    }

    fn subscriptions(&self) -> Subscriptions {
        let mut subscriptions = Subscriptions::default();
        for (id, member) in self.group.members() {
            let mut subscriber = Subscriber {
                instance_id: member.instance_id.clone(),
                target: self.group.target(id).cloned().unwrap_or_default(),
                ..Subscriber::default()
            };
            for topic in self.group.topics_of(member).filter_map(|name| self.image.topic(name)) {
                let count = PartitionIndex::try_from(topic.partitions.len()).unwrap_or(PartitionIndex::MAX);
                subscriber.topics.insert(topic.id);
                subscriptions.partitions.insert(topic.id, count);
            }
            subscriptions.members.insert(id.clone(), subscriber);
        }
        subscriptions
    }
}
