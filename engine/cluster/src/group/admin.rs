//! What operators ask: descriptions and deletions; and the expiry of old offsets, which deletes by itself.

use millrace_base::code::ErrorCode;
use millrace_base::ids::{PartitionIndex, TopicId};

use super::consumer::ConsumerRecord;
use super::member::Member;
use super::record::{CommittedOffset, GroupRecord};
use super::request::{Answer, DeleteOffsets, DescribedGroup, DescribedMember, Ticket};
use super::state::{Group, Phase};
use super::turn::{Then, Turn};

impl Group {
    /// The group as DescribeGroups shows it: what members said only while the group is stable.
    pub(super) fn describe(&self) -> DescribedGroup {
        let protocol = self.protocol.as_deref().filter(|_| self.phase() == Phase::Stable);
        let describe = |(id, member): (&String, &Member)| DescribedMember {
            member_id: id.clone(),
            instance_id: member.instance_id.clone(),
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            metadata: protocol.map(|protocol| member.metadata(protocol).to_vec()).unwrap_or_default(),
            assignment: member.assignment.clone(),
        };
        DescribedGroup {
            phase: self.phase(),
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            protocol: protocol.unwrap_or_default().to_owned(),
            members: self.members().iter().map(describe).collect(),
        }
    }

    /// Whether nothing would be lost with it.
    pub(super) fn is_void(&self) -> bool {
        self.is_empty() && self.consumers.is_none() && self.promised.is_empty() && self.offsets.is_empty()
    }

    /// Whether nothing has ever come of it.
    pub(super) fn was_never_used(&self) -> bool {
        self.is_void() && self.generation == 0 && self.protocol_type.is_none()
    }

    /// From when on an offset's retention counts, Unix ms; None: it does not expire now.
    ///
    /// A group's offsets stay while it has members, and from then on for the retention. Of a group that never had
    /// members they stay for the retention after their commit; so do those of topics that a group of consumers does not
    /// read any more.
    fn retention_begins_ms(&self, topic: &str, offset: &CommittedOffset) -> Option<i64> {
        let committed_ms = offset.commit_timestamp_ms;
        if self.consumers.is_some() {
            return (!self.is_subscribed(topic)).then_some(committed_ms);
        }
        match self.phase() {
            Phase::Empty if self.protocol_type.is_some() => Some(self.phase_since_ms.unwrap_or(committed_ms)),
            Phase::Empty => Some(committed_ms),
            Phase::Stable if self.knows_subscriptions() && !self.is_subscribed(topic) => Some(committed_ms),
            _ => None,
        }
    }
}

impl Turn<'_> {
    /// Forgets offsets, and the group with them when `with_group`.
    fn forget(
        &mut self,
        partitions: Vec<(String, PartitionIndex)>,
        with_group: bool,
        answer: Option<(Ticket, Answer)>,
    ) {
        let group = self.name.to_owned();
        let write = self.writes.next_id();
        let mut records = Vec::with_capacity(partitions.len() + 1);
        for (topic, partition) in &partitions {
            self.group.offsets.begin(write, topic, *partition, None);
            let (group, topic, partition) = (group.clone(), topic.clone(), *partition);
            records.push(GroupRecord::Offset { group, topic, partition, value: None });
        }
        if with_group {
            let consumers = self.group.consumers.as_ref();
            match consumers.map(|consumers| consumers.removal()) {
                Some(removal) => records.extend(
                    removal
                        .into_iter()
                        .map(|change| GroupRecord::Consumer(ConsumerRecord { group: group.clone(), change })),
                ),
                None => records.push(GroupRecord::Group { group: group.clone(), value: None }),
            }
            let write = self.write(records, Then::Delete { group, partitions, answer });
            if let Some(consumers) = &mut self.group.consumers {
                consumers.writing = Some(write);
            }
        } else {
            self.write(records, Then::Offsets { group, partitions, answer });
        }
    }

    fn all_partitions(&self) -> Vec<(String, PartitionIndex)> {
        self.group.offsets.partitions().map(|(topic, partition)| (topic.to_owned(), partition)).collect()
    }

    /// Deletes the group, if it has no members.
    pub(super) fn delete(&mut self, ticket: Ticket) {
        if !self.group.is_empty() {
            self.answer(ticket, Answer::Delete(ErrorCode::NonEmptyGroup));
            return;
        }
        self.forget(self.all_partitions(), true, Some((ticket, Answer::Delete(ErrorCode::None))));
    }

    /// Forgets the offsets of partitions that no member reads.
    pub(super) fn delete_offsets(&mut self, ticket: Ticket, asked: &DeleteOffsets) {
        if !self.group.is_empty() && !self.group.has_consumers() {
            self.answer(ticket, Answer::DeleteOffsets(Err(ErrorCode::NonEmptyGroup)));
            return;
        }
        let code_of = |(topic, _): &(String, PartitionIndex)| match self.group.is_subscribed(topic) {
            true if !self.group.is_empty() => ErrorCode::GroupSubscribedToTopic,
            _ => ErrorCode::None,
        };
        let codes: Vec<ErrorCode> = asked.partitions.iter().map(code_of).collect();
        let mut doomed: Vec<_> = asked
            .partitions
            .iter()
            .zip(&codes)
            .filter(|((topic, partition), code)| {
                **code == ErrorCode::None && self.group.offsets.contains(topic, *partition)
            })
            .map(|(partition, _)| partition.clone())
            .collect();
        doomed.sort();
        doomed.dedup();
        let answer = Answer::DeleteOffsets(Ok(codes));
        if doomed.is_empty() {
            self.answer(ticket, answer);
        } else {
            self.forget(doomed, false, Some((ticket, answer)));
        }
    }

    /// Forgets the offsets of a topic that is deleted: another one of its name begins anew.
    pub(super) fn forget_topic(&mut self, id: TopicId) {
        let partitions = self.group.offsets.of_topic(id);
        if !partitions.is_empty() {
            self.forget(partitions, false, None);
        }
    }

    /// Forgets what has expired; a group that has nothing any more goes with its last offset.
    pub(super) fn expire(&mut self) {
        let now_ms = self.now.unix_ms;
        let retention_ms = i64::try_from(self.rules.retention.as_millis()).unwrap_or(i64::MAX);
        let is_expired = |topic: &str, offset: &CommittedOffset| {
            let Some(begins_ms) = self.group.retention_begins_ms(topic, offset) else { return false };
            match offset.expire_timestamp_ms {
                Some(expires_ms) => now_ms >= expires_ms,
                None => now_ms.saturating_sub(begins_ms) >= retention_ms,
            }
        };
        let settled = self.group.offsets.settled();
        let expired: Vec<_> = settled
            .filter(|(topic, _, offset)| is_expired(topic, offset))
            .map(|(topic, partition, _)| (topic.to_owned(), partition))
            .collect();
        let is_last = expired.len() == self.group.offsets.partitions().count();
        let is_over = is_last && self.group.is_empty() && self.group.promised.is_empty() && !self.group.is_writing();
        if is_over || !expired.is_empty() {
            self.forget(expired, is_over, None);
        }
    }
}
