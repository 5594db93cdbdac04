//! One group: its members, their leader, the generation and the committed offsets; without time and answers.
//!
//! Always true:
//! - an empty group has no members, no protocol and no leader; any other has at least one member, or is about to
//!   settle;
//! - `joining_count` is the number of members whose JoinGroup waits, `supported` counts each member's protocols;
//! - `instances` names, for each static member, its present id.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use millrace_base::code::ErrorCode;
use millrace_schema::Reader;
use millrace_schema::records::ConsumerProtocolSubscription;

use super::consumer::ConsumerGroup;
use super::member::Member;
use super::offsets::Offsets;
use super::record::GroupValue;
use super::request::{JoinedMember, Protocol, Ticket};

/// The protocol type of consumers, whose subscriptions the coordinator can read.
const CONSUMER: &str = "consumer";

/// Where a group stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// It has no members, only offsets.
    Empty,
    /// Members are asked to join anew.
    PreparingRebalance,
    /// Members have joined, and wait for the leader's assignment.
    CompletingRebalance,
    /// Every member can have its assignment.
    Stable,
}

/// Where a group stands, by whichever protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroupState {
    /// By the classic protocol.
    Classic(Phase),
    /// By the protocol of KIP-848: it has no members.
    Empty,
    /// By the protocol of KIP-848: a new target assignment is due.
    Assigning,
    /// By the protocol of KIP-848: members are on their way to the target assignment.
    Reconciling,
    /// By the protocol of KIP-848: every member holds what it is to hold.
    Stable,
}

impl GroupState {
    /// The names of all of them.
    pub const NAMES: [&str; 6] =
        ["Empty", "PreparingRebalance", "CompletingRebalance", "Stable", "Assigning", "Reconciling"];

    /// Kafka's name of it.
    pub fn name(self) -> &'static str {
        match self {
            GroupState::Classic(phase) => phase.name(),
            GroupState::Empty => "Empty",
            GroupState::Assigning => "Assigning",
            GroupState::Reconciling => "Reconciling",
            GroupState::Stable => "Stable",
        }
    }
}

/// By which protocol the members of a group speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroupKind {
    /// JoinGroup and SyncGroup: a member assigns.
    Classic,
    /// ConsumerGroupHeartbeat: the coordinator assigns (KIP-848).
    Consumer,
}

impl GroupKind {
    /// Kafka's name of it.
    pub fn name(self) -> &'static str {
        match self {
            GroupKind::Classic => "classic",
            GroupKind::Consumer => "consumer",
        }
    }
}

impl Phase {
    /// All of them.
    pub const ALL: [Phase; 4] = [Phase::Empty, Phase::PreparingRebalance, Phase::CompletingRebalance, Phase::Stable];

    /// Kafka's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Empty => "Empty",
            Phase::PreparingRebalance => "PreparingRebalance",
            Phase::CompletingRebalance => "CompletingRebalance",
            Phase::Stable => "Stable",
        }
    }
}

/// How long a group's first members wait for others (KIP-134).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InitialDelay {
    /// How long this time.
    pub(super) wait: Duration,
    /// How much longer it may be extended.
    pub(super) remaining: Duration,
}

/// A group.
#[derive(Clone, Debug)]
pub(super) struct Group {
    phase: Phase,
    /// The phase before, which decides whether a rebalance is the group's first.
    pub(super) before: Phase,
    /// Since when it is in its phase, Unix ms.
    pub(super) phase_since_ms: Option<i64>,
    pub(super) protocol_type: Option<String>,
    pub(super) protocol: Option<String>,
    pub(super) generation: i32,
    pub(super) leader: Option<String>,
    members: BTreeMap<String, Member>,
    instances: BTreeMap<String, String>,
    supported: BTreeMap<String, usize>,
    joining_count: usize,
    /// Ids that were given out to members who have not joined with them yet.
    pub(super) promised: BTreeSet<String>,
    /// Members of this generation who have not asked for their assignment yet.
    pub(super) unsynced: BTreeSet<String>,
    /// The first rebalance waits for more members.
    pub(super) initial_delay: Option<InitialDelay>,
    /// A member came during that wait.
    pub(super) has_new_member: bool,
    /// The generation whose assignment is being written: there is one, whatever a leader says again.
    pub(super) assigning: Option<i32>,
    /// What its consumers subscribe to; None when that cannot be known.
    subscriptions: Option<BTreeSet<String>>,
    pub(super) offsets: Offsets,
    /// Its members, if it goes by the protocol of KIP-848: then there are none of the classic one.
    pub(super) consumers: Option<Box<ConsumerGroup>>,
}

impl Group {
    pub(super) fn new(now_ms: i64) -> Group {
        Group {
            phase: Phase::Empty,
            before: Phase::Empty,
            phase_since_ms: Some(now_ms),
            protocol_type: None,
            protocol: None,
            generation: 0,
            leader: None,
            members: BTreeMap::new(),
            instances: BTreeMap::new(),
            supported: BTreeMap::new(),
            joining_count: 0,
            promised: BTreeSet::new(),
            unsynced: BTreeSet::new(),
            initial_delay: None,
            has_new_member: false,
            assigning: None,
            subscriptions: None,
            offsets: Offsets::default(),
            consumers: None,
        }
    }

    /// Takes over a recorded generation; offsets stay.
    pub(super) fn load(&mut self, value: GroupValue) {
        let (offsets, mut consumers) = (std::mem::take(&mut self.offsets), self.consumers.take());
        if !value.members.is_empty() {
            // An empty group of the consumer protocol has made room, even if that could not be recorded.
            consumers = consumers.filter(|consumers| !consumers.members().is_empty());
        }
        *self = Group { offsets, consumers, ..Group::new(0) };
        self.phase_since_ms = value.state_timestamp_ms;
        self.protocol_type = (!value.protocol_type.is_empty()).then_some(value.protocol_type);
        self.generation = value.generation;
        let protocol = value.protocol.clone().unwrap_or_default();
        for mut member in value.members {
            let id = std::mem::take(&mut member.member_id);
            self.insert(id, Member::from_value(member, &protocol));
        }
        self.protocol = value.protocol;
        self.leader = value.leader;
        self.phase = if self.members.is_empty() { Phase::Empty } else { Phase::Stable };
        self.before = self.phase;
        self.subscriptions = self.read_subscriptions();
    }

    /// What is to be recorded of this generation; each member with the assignment that `assignment_of` has for it.
    pub(super) fn value(&self, mut assignment_of: impl FnMut(&str, &Member) -> Vec<u8>) -> GroupValue {
        let protocol = self.protocol.clone().unwrap_or_default();
        let members = self.members.iter().map(|(id, member)| member.value(id, &protocol, assignment_of(id, member)));
        GroupValue {
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            generation: self.generation,
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            state_timestamp_ms: self.phase_since_ms,
            members: members.collect(),
        }
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase
    }

    /// Where it stands, by whichever protocol.
    pub(super) fn state(&self) -> GroupState {
        self.consumers.as_ref().map_or(GroupState::Classic(self.phase), |consumers| consumers.state())
    }

    /// Whether it has no members.
    pub(super) fn is_empty(&self) -> bool {
        self.consumers.as_ref().map_or(self.phase == Phase::Empty, |consumers| consumers.members().is_empty())
    }

    pub(super) fn kind(&self) -> GroupKind {
        if self.consumers.is_some() { GroupKind::Consumer } else { GroupKind::Classic }
    }

    /// Whether a record of it is on its way, whose end others wait for.
    pub(super) fn is_writing(&self) -> bool {
        self.consumers.as_ref().is_some_and(|consumers| consumers.writing.is_some())
    }

    /// How many members it has.
    pub(super) fn size(&self) -> usize {
        self.consumers.as_ref().map_or(self.members.len(), |consumers| consumers.members().len())
    }

    pub(super) fn enter(&mut self, phase: Phase, now_ms: i64) {
        self.before = self.phase;
        self.phase = phase;
        self.phase_since_ms = Some(now_ms);
    }

    pub(super) fn members(&self) -> &BTreeMap<String, Member> {
        &self.members
    }

    pub(super) fn member(&self, id: &str) -> Option<&Member> {
        self.members.get(id)
    }

    pub(super) fn member_mut(&mut self, id: &str) -> Option<&mut Member> {
        self.members.get_mut(id)
    }

    pub(super) fn is_leader(&self, id: &str) -> bool {
        self.leader.as_deref() == Some(id)
    }

    /// The present id of a static member.
    pub(super) fn static_member(&self, instance_id: &str) -> Option<&str> {
        self.instances.get(instance_id).map(String::as_str)
    }

    /// Makes a member the leader if none is; whether that was so.
    pub(super) fn name_leader(&mut self) -> bool {
        let has_leader = self.leader.is_some();
        self.leader = self.leader.take().or_else(|| self.members.keys().next().cloned());
        !has_leader && self.leader.is_some()
    }

    /// Who the leader is told of.
    pub(super) fn joined_members(&self) -> Vec<JoinedMember> {
        let protocol = self.protocol.as_deref().unwrap_or_default();
        self.members.iter().map(|(id, member)| member.joined(id, protocol)).collect()
    }

    /// Adds a member. The first one decides about the protocol type, and leads.
    pub(super) fn add(&mut self, id: String, member: Member, protocol_type: &str) {
        if self.members.is_empty() {
            self.protocol_type = Some(protocol_type.to_owned());
        }
        self.leader.get_or_insert_with(|| id.clone());
        self.promised.remove(&id);
        self.insert(id, member);
    }

    fn insert(&mut self, id: String, member: Member) {
        self.count_protocols(&member.protocols, true);
        self.joining_count += usize::from(member.joining.is_some());
        if let Some(instance) = &member.instance_id {
            self.instances.insert(instance.clone(), id.clone());
        }
        self.members.insert(id, member);
    }

    /// Takes a member out, or forgets an id that was promised. Another member leads if this one did.
    pub(super) fn remove(&mut self, id: &str) -> Option<Member> {
        let removed = self.members.remove(id);
        if let Some(member) = &removed {
            self.count_protocols(&member.protocols, false);
            self.joining_count -= usize::from(member.joining.is_some());
            if let Some(instance) = &member.instance_id {
                self.instances.remove(instance);
            }
        }
        if self.is_leader(id) {
            self.leader = self.members.keys().next().cloned();
        }
        self.promised.remove(id);
        self.unsynced.remove(id);
        removed
    }

    /// Gives a static member another id. Whoever waited under the old one is the caller's to tell.
    pub(super) fn rename(&mut self, old: &str, new: &str) {
        let led = self.is_leader(old);
        if let Some(mut member) = self.remove(old) {
            member.joining = None;
            member.syncing = None;
            self.insert(new.to_owned(), member);
            if led {
                self.leader = Some(new.to_owned());
            }
        }
    }

    /// Changes what a member supports.
    pub(super) fn change_member(&mut self, id: &str, change: impl FnOnce(&mut Member)) {
        let Some(mut member) = self.members.remove(id) else { return };
        self.count_protocols(&member.protocols, false);
        self.joining_count -= usize::from(member.joining.is_some());
        change(&mut member);
        self.insert(id.to_owned(), member);
    }

    /// Takes the JoinGroup of a member that waits for an answer.
    pub(super) fn take_joining(&mut self, id: &str) -> Option<Ticket> {
        let ticket = self.members.get_mut(id)?.joining.take()?;
        self.joining_count -= 1;
        Some(ticket)
    }

    pub(super) fn joining_count(&self) -> usize {
        self.joining_count
    }

    pub(super) fn all_joined(&self) -> bool {
        self.joining_count == self.members.len() && self.promised.is_empty()
    }

    fn count_protocols(&mut self, protocols: &[Protocol], added: bool) {
        for protocol in protocols {
            let count = self.supported.entry(protocol.name.clone()).or_default();
            *count = if added { *count + 1 } else { *count - 1 };
            if *count == 0 {
                self.supported.remove(&protocol.name);
            }
        }
    }

    fn is_supported_by_all(&self, protocol: &str) -> bool {
        // While a rebalance has no members left, any protocol is: that of whoever comes next.
        self.supported.get(protocol).copied().unwrap_or(0) == self.members.len()
    }

    /// Whether somebody with these protocols can be a member.
    pub(super) fn supports(&self, protocol_type: &str, protocols: &[Protocol]) -> bool {
        if self.phase == Phase::Empty {
            return !protocol_type.is_empty() && !protocols.is_empty();
        }
        self.protocol_type.as_deref() == Some(protocol_type)
            && protocols.iter().any(|protocol| self.is_supported_by_all(&protocol.name))
    }

    /// The protocol type, as it is listed; empty for a group that never had a member.
    pub(super) fn listed_protocol_type(&self) -> String {
        match &self.consumers {
            Some(_) => CONSUMER.to_owned(),
            None => self.protocol_type.clone().unwrap_or_default(),
        }
    }

    /// The protocol that most members prefer among those that all support; of several the first by name.
    pub(super) fn select_protocol(&self) -> Option<String> {
        let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
        for member in self.members.values() {
            if let Some(vote) = member.protocols.iter().find(|protocol| self.is_supported_by_all(&protocol.name)) {
                *votes.entry(&vote.name).or_default() += 1;
            }
        }
        votes.into_iter().rev().max_by_key(|(_, count)| *count).map(|(name, _)| name.to_owned())
    }

    /// Begins the next generation with the members there are.
    pub(super) fn begin_generation(&mut self, now_ms: i64) {
        self.generation = self.generation.checked_add(1).unwrap_or(0);
        self.initial_delay = None;
        self.unsynced.clear();
        if self.members.is_empty() {
            self.protocol = None;
            self.leader = None;
            self.enter(Phase::Empty, now_ms);
        } else {
            self.protocol = self.select_protocol();
            self.enter(Phase::CompletingRebalance, now_ms);
        }
        self.subscriptions = self.read_subscriptions();
    }

    /// The longest time that a member may take to join anew.
    pub(super) fn rebalance_timeout(&self) -> Duration {
        self.members.values().map(|member| member.rebalance_timeout).max().unwrap_or_default()
    }

    /// Checks who speaks for a member.
    ///
    /// # Errors
    /// FENCED_INSTANCE_ID when another one has taken the static member's place; UNKNOWN_MEMBER_ID.
    pub(super) fn check_member(&self, id: &str, instance_id: Option<&str>) -> Result<(), ErrorCode> {
        if let Some(instance_id) = instance_id {
            match self.static_member(instance_id) {
                None => return Err(ErrorCode::UnknownMemberId),
                Some(present) if present != id => return Err(ErrorCode::FencedInstanceId),
                Some(_) => {}
            }
        }
        if self.members.contains_key(id) { Ok(()) } else { Err(ErrorCode::UnknownMemberId) }
    }

    /// Whether the group's members are consumers.
    pub(super) fn has_consumers(&self) -> bool {
        self.consumers.is_some() || self.protocol_type.as_deref() == Some(CONSUMER)
    }

    /// Whether a member reads a topic, or may do so for all that is known.
    pub(super) fn is_subscribed(&self, topic: &str) -> bool {
        match &self.consumers {
            Some(consumers) => consumers.is_subscribed(topic),
            None => self.subscriptions.as_ref().map_or(self.has_consumers(), |topics| topics.contains(topic)),
        }
    }

    /// Whether it is known what the members subscribe to.
    pub(super) fn knows_subscriptions(&self) -> bool {
        self.consumers.is_some() || self.subscriptions.is_some()
    }

    fn read_subscriptions(&self) -> Option<BTreeSet<String>> {
        if !self.has_consumers() {
            return None;
        }
        let protocol = match &self.protocol {
            Some(protocol) if !self.members.is_empty() => protocol,
            _ => return Some(BTreeSet::new()),
        };
        let mut topics = BTreeSet::new();
        for member in self.members.values() {
            let mut reader = Reader::new(member.metadata(protocol));
            let version = reader.int16().ok()?.min(ConsumerProtocolSubscription::VERSIONS.max);
            let subscription = ConsumerProtocolSubscription::decode(&mut reader, version).ok()?;
            topics.extend(subscription.topics.iter().map(str::to_owned));
        }
        Some(topics)
    }
}
