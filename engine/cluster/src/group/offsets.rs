//! A group's committed offsets: those that are durable, and changes that are on their way.
//!
//! Always true:
//! - what is read is durable;
//! - changes take effect in the order of their writes, each when its own write has ended well.

use std::collections::BTreeMap;

use millrace_base::code::ErrorCode;
use millrace_base::ids::{PartitionIndex, TopicId};

use super::record::{CommittedOffset, GroupRecord};
use super::request::{Answer, Commit, CommitOffset, FetchOffsets, FetchedOffset, Ticket, WriteId};
use super::state::Phase;
use super::turn::{Then, Turn};

/// A partition's offset.
#[derive(Clone, Debug, Default)]
struct Entry {
    durable: Option<CommittedOffset>,
    /// In the order of their writes; None: it is to be forgotten.
    pending: Vec<(WriteId, Option<CommittedOffset>)>,
}

/// The offsets of a group, by topic and partition.
#[derive(Clone, Debug, Default)]
pub(super) struct Offsets(BTreeMap<String, BTreeMap<PartitionIndex, Entry>>);

impl Offsets {
    /// Whether nothing is committed, nor about to be.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn durable(&self, topic: &str, partition: PartitionIndex) -> Option<&CommittedOffset> {
        self.0.get(topic)?.get(&partition)?.durable.as_ref()
    }

    /// Whether there is an offset, or is about to be one.
    pub(super) fn contains(&self, topic: &str, partition: PartitionIndex) -> bool {
        self.0.get(topic).is_some_and(|partitions| partitions.contains_key(&partition))
    }

    /// Every partition that has an offset, or is about to have one.
    pub(super) fn partitions(&self) -> impl Iterator<Item = (&str, PartitionIndex)> {
        self.0.iter().flat_map(|(topic, partitions)| partitions.keys().map(move |index| (topic.as_str(), *index)))
    }

    /// Every partition with an offset that no write is about to change.
    pub(super) fn settled(&self) -> impl Iterator<Item = (&str, PartitionIndex, &CommittedOffset)> {
        let settled = |entry: &'_ Entry| entry.pending.is_empty();
        self.0.iter().flat_map(move |(topic, partitions)| {
            let of_topic = partitions.iter().filter(move |(_, entry)| settled(entry));
            of_topic.filter_map(move |(index, entry)| Some((topic.as_str(), *index, entry.durable.as_ref()?)))
        })
    }

    /// Every partition of a topic that has an offset, or is about to have one.
    pub(super) fn of_topic(&self, id: TopicId) -> Vec<(String, PartitionIndex)> {
        let is_of = |value: &CommittedOffset| value.topic_id == id;
        let has_one = |entry: &Entry| {
            let pending = entry.pending.iter().filter_map(|(_, value)| value.as_ref());
            entry.durable.iter().chain(pending).any(is_of)
        };
        let of = |(topic, partitions): (&String, &BTreeMap<PartitionIndex, Entry>)| {
            let found = partitions.iter().filter(|(_, entry)| has_one(entry));
            found.map(|(index, _)| (topic.clone(), *index)).collect::<Vec<_>>()
        };
        self.0.iter().flat_map(of).collect()
    }

    /// Notes a change that this write makes durable.
    pub(super) fn begin(
        &mut self,
        write: WriteId,
        topic: &str,
        partition: PartitionIndex,
        value: Option<CommittedOffset>,
    ) {
        let entry = self.0.entry(topic.to_owned()).or_default().entry(partition).or_default();
        entry.pending.push((write, value));
    }

    /// The write has ended: its change takes effect, or never was.
    pub(super) fn end(&mut self, write: WriteId, topic: &str, partition: PartitionIndex, is_written: bool) {
        let Some(entry) = self.0.get_mut(topic).and_then(|partitions| partitions.get_mut(&partition)) else { return };
        if let Some(at) = entry.pending.iter().position(|(pending, _)| *pending == write) {
            let (_, value) = entry.pending.remove(at);
            if is_written {
                entry.durable = value;
            }
        }
        self.forget_if_void(topic, partition);
    }

    /// Takes over a record that was read back.
    pub(super) fn load(&mut self, topic: &str, partition: PartitionIndex, value: Option<CommittedOffset>) {
        self.0.entry(topic.to_owned()).or_default().entry(partition).or_default().durable = value;
        self.forget_if_void(topic, partition);
    }

    fn forget_if_void(&mut self, topic: &str, partition: PartitionIndex) {
        let Some(partitions) = self.0.get_mut(topic) else { return };
        if partitions.get(&partition).is_some_and(|entry| entry.durable.is_none() && entry.pending.is_empty()) {
            partitions.remove(&partition);
        }
        if partitions.is_empty() {
            self.0.remove(topic);
        }
    }

    /// What OffsetFetch answers.
    pub(super) fn fetch(&self, asked: &FetchOffsets) -> Vec<FetchedOffset> {
        let found = |topic: &str, id: TopicId, partition| FetchedOffset {
            topic: topic.to_owned(),
            partition,
            committed: self.durable(topic, partition).filter(|committed| committed.is_of(id)).cloned(),
        };
        match &asked.topics {
            Some(topics) => {
                let of_topic = |topics: &super::request::TopicPartitions| -> Vec<FetchedOffset> {
                    topics
                        .partitions
                        .iter()
                        .map(|partition| found(&topics.topic, topics.topic_id, *partition))
                        .collect()
                };
                topics.iter().flat_map(of_topic).collect()
            }
            None => {
                let all = self.partitions().map(|(topic, partition)| found(topic, TopicId::ZERO, partition));
                all.filter(|fetched| fetched.committed.is_some()).collect()
            }
        }
    }
}

/// Whether a client's note is short enough.
pub(super) fn is_acceptable(offset: &CommitOffset, metadata_bytes_max: usize) -> bool {
    // Kafka counts Java's characters.
    offset.metadata.len() <= metadata_bytes_max || offset.metadata.encode_utf16().count() <= metadata_bytes_max
}

impl Turn<'_> {
    pub(super) fn commit(&mut self, ticket: Ticket, commit: &Commit) {
        if let Err(error) = self.check_commit(commit) {
            self.answer(ticket, Answer::Commit(vec![error; commit.offsets.len()]));
            return;
        }
        if self.group.consumers.is_none() && matches!(self.group.phase(), Phase::PreparingRebalance | Phase::Stable) {
            self.renew_session(&commit.member_id);
        }
        let mut codes = Vec::with_capacity(commit.offsets.len());
        let mut records = Vec::with_capacity(commit.offsets.len());
        let mut partitions = Vec::with_capacity(commit.offsets.len());
        let write = self.writes.next_id();
        for offset in &commit.offsets {
            if !is_acceptable(offset, self.rules.metadata_bytes_max) {
                codes.push(ErrorCode::OffsetMetadataTooLarge);
                continue;
            }
            codes.push(ErrorCode::None);
            let (topic, partition) = (offset.topic.clone(), offset.partition);
            let value = Some(self.committed(commit, offset));
            self.group.offsets.begin(write, &topic, partition, value.clone());
            partitions.push((topic.clone(), partition));
            records.push(GroupRecord::Offset { group: self.name.to_owned(), topic, partition, value });
        }
        if records.is_empty() {
            self.answer(ticket, Answer::Commit(codes));
        } else {
            let group = self.name.to_owned();
            self.write(records, Then::Offsets { group, partitions, answer: Some((ticket, Answer::Commit(codes))) });
        }
    }

    fn committed(&self, commit: &Commit, offset: &CommitOffset) -> CommittedOffset {
        CommittedOffset {
            offset: offset.offset,
            leader_epoch: offset.leader_epoch,
            metadata: offset.metadata.clone(),
            commit_timestamp_ms: self.now.unix_ms,
            expire_timestamp_ms: commit.retention_ms.map(|retention| self.now.unix_ms.saturating_add(retention)),
            topic_id: offset.topic_id,
        }
    }

    fn check_commit(&self, commit: &Commit) -> Result<(), ErrorCode> {
        if let Some(consumers) = &self.group.consumers {
            return consumers.check_commit(commit);
        }
        let Commit { member_id, instance_id, generation, .. } = commit;
        let phase = self.group.phase();
        if *generation < 0 && phase == Phase::Empty {
            // An operator, or a consumer that assigns its partitions itself.
            return Ok(());
        }
        if *generation < 0 && member_id.is_empty() && instance_id.is_none() {
            return Err(ErrorCode::UnknownMemberId);
        }
        self.group.check_member(member_id, instance_id.as_deref())?;
        if *generation != self.group.generation {
            Err(ErrorCode::IllegalGeneration)
        } else if phase == Phase::CompletingRebalance {
            // The member knows the generation, so it has joined; its assignment may be another by now.
            Err(ErrorCode::RebalanceInProgress)
        } else {
            Ok(())
        }
    }
}
