//! Members of the classic protocol in a group of the consumer protocol: they join, ask for their assignment, say that
//! they are alive and leave by the requests that they know, and are led to the same target assignment.

use std::collections::BTreeSet;

use millrace_base::code::ErrorCode;
use millrace_schema::records::ConsumerProtocolSubscription;
use millrace_schema::records::consumer_protocol_assignment::{self, ConsumerProtocolAssignment};
use millrace_schema::{Reader, WireError, Writer};

use super::change::{Change, ClassicValue, MemberState, MemberValue};
use super::request::Assignment;
use super::turn::{Step, milliseconds};
use crate::group::record::MemberValue as ClassicMember;
use crate::group::request::{Heartbeat, Join, JoinAnswer, LeavingMember, Protocol, Sync, SyncAnswer};
use crate::metadata::Image;

/// The protocol type of consumers.
pub(super) const CONSUMER: &str = "consumer";

/// What a consumer says of itself in the classic protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::group) struct Subscription {
    pub(super) version: i16,
    pub(in crate::group) topics: BTreeSet<String>,
    rack_id: Option<String>,
    /// What it holds, as far as such topics exist.
    owned: Assignment,
    generation: i32,
    /// It says something that only an assignor of its own understands.
    pub(in crate::group) has_user_data: bool,
}

impl Subscription {
    /// Reads what a member says for its preferred protocol.
    pub(in crate::group) fn read(protocols: &[Protocol], image: &Image) -> Result<Subscription, WireError> {
        let metadata = protocols.first().map(|protocol| protocol.metadata.as_slice()).unwrap_or_default();
        let mut reader = Reader::new(metadata);
        let version = reader.int16()?.min(ConsumerProtocolSubscription::VERSIONS.max);
        let said = ConsumerProtocolSubscription::decode(&mut reader, version)?;
        let mut owned = Assignment::new();
        for topic in said.owned_partitions.iter() {
            if let Some(known) = image.topic(topic.topic) {
                owned.entry(known.id).or_default().extend(topic.partitions.iter());
            }
        }
        Ok(Subscription {
            version,
            topics: said.topics.iter().map(str::to_owned).collect(),
            rack_id: said.rack_id.filter(|rack| !rack.is_empty()).map(str::to_owned),
            owned,
            generation: said.generation_id,
            has_user_data: said.user_data.is_some_and(|data| !data.is_empty()),
        })
    }
}

/// The partitions of an assignment of the classic protocol, as far as such topics exist.
pub(in crate::group) fn read_assignment(bytes: &[u8], image: &Image) -> Result<Assignment, WireError> {
    let mut assignment = Assignment::new();
    if bytes.is_empty() {
        return Ok(assignment);
    }
    let mut reader = Reader::new(bytes);
    let version = reader.int16()?.min(ConsumerProtocolAssignment::VERSIONS.max);
    for topic in ConsumerProtocolAssignment::decode(&mut reader, version)?.assigned_partitions.iter() {
        if let Some(known) = image.topic(topic.topic) {
            assignment.entry(known.id).or_default().extend(topic.partitions.iter());
        }
    }
    Ok(assignment)
}

/// An assignment, as a consumer of the classic protocol reads it.
pub(in crate::group) fn write_assignment(
    assignment: &Assignment,
    version: i16,
    image: &Image,
) -> Result<Vec<u8>, WireError> {
    let topics = assignment.iter().filter_map(|(id, partitions)| {
        let topic = &image.topic_by_id(*id)?.name;
        Some(consumer_protocol_assignment::TopicPartition { topic, partitions: partitions.iter().copied().collect() })
    });
    let message = ConsumerProtocolAssignment { assigned_partitions: topics.collect(), user_data: None };
    let mut writer = Writer::new();
    writer.int16(version);
    message.encode(&mut writer, version)?;
    Ok(writer.into_vec())
}

impl MemberValue {
    /// A member of a classic group.
    pub(super) fn of_classic_member(
        value: ClassicMember,
        protocols: Vec<Protocol>,
        subscription: Subscription,
    ) -> MemberValue {
        MemberValue {
            instance_id: value.instance_id,
            rack_id: subscription.rack_id,
            client_id: value.client_id,
            client_host: value.client_host,
            topic_names: subscription.topics,
            topic_regex: None,
            rebalance_timeout_ms: value.rebalance_timeout_ms,
            assignor: None,
            classic: Some(ClassicValue { session_timeout_ms: value.session_timeout_ms, protocols }),
        }
    }

    /// What a member of the classic protocol has said, with what it says now.
    fn of_classic(before: Option<&MemberValue>, join: &Join, subscription: &Subscription) -> MemberValue {
        MemberValue {
            instance_id: join.instance_id.clone().or_else(|| before.and_then(|before| before.instance_id.clone())),
            rack_id: subscription.rack_id.clone(),
            client_id: join.client_id.clone(),
            client_host: join.client_host.clone(),
            topic_names: subscription.topics.clone(),
            topic_regex: None,
            rebalance_timeout_ms: join.rebalance_timeout_ms.unwrap_or(join.session_timeout_ms),
            assignor: None,
            classic: Some(ClassicValue {
                session_timeout_ms: join.session_timeout_ms,
                protocols: join.protocols.clone(),
            }),
        }
    }
}

impl Step<'_> {
    /// JoinGroup: answered at once, with the step that the member can make.
    ///
    /// # Errors
    /// The code, and the id that the answer names.
    pub(in crate::group) fn join_classic(&mut self, join: &Join) -> Result<JoinAnswer, (ErrorCode, String)> {
        let refused = |error| (error, join.member_id.clone());
        if !self.supports(join) {
            return Err(refused(ErrorCode::InconsistentGroupProtocol));
        }
        let is_static = join.instance_id.is_some();
        if join.member_id.is_empty() && !is_static && join.must_know_its_id {
            return Err((ErrorCode::MemberIdRequired, join.new_id.clone()));
        }
        let id = if join.member_id.is_empty() { join.new_id.clone() } else { join.member_id.clone() };
        let subscription = Subscription::read(&join.protocols, self.image)
            .map_err(|_| refused(ErrorCode::InconsistentGroupProtocol))?;
        self.take_static_place(join, &id).map_err(refused)?;
        self.check_room(&id).map_err(|refusal| refused(refusal.code))?;
        let before = self.group.members().get(&id).cloned();
        let regex = before.as_ref().and_then(|before| before.topic_regex.clone());
        let value = MemberValue::of_classic(before.as_ref(), join, &subscription);
        let has_changed = before.as_ref().is_none_or(|before| before.topic_names != value.topic_names);
        if before.as_ref() != Some(&value) {
            self.change(Change::Member(id.clone(), Some(value)));
        }
        self.forget_regex(regex);
        self.refresh(has_changed);
        self.assign();
        // What it held in another generation it does not hold any more.
        let is_present = subscription.generation == self.group.standing(&id).epoch;
        let owned = if is_present { subscription.owned } else { Assignment::new() };
        self.reconcile(&id, Some(&owned)).map_err(|refusal| refused(refusal.code))?;
        self.renew_session(&id);
        self.watch_return(&id);
        let protocol = join.protocols.first().map(|protocol| protocol.name.clone());
        Ok(JoinAnswer {
            error: None,
            generation: self.group.standing(&id).epoch,
            member_id: id,
            protocol_type: Some(CONSUMER.to_owned()),
            protocol,
            leader: String::new(),
            skip_assignment: false,
            members: Vec::new(),
        })
    }

    /// Whether a member with these protocols can be one: there must be one that all members of the classic protocol
    /// know.
    fn supports(&self, join: &Join) -> bool {
        let others = self.group.members().iter().filter(|(id, _)| **id != join.member_id);
        let classics: Vec<&ClassicValue> = others.filter_map(|(_, member)| member.classic.as_ref()).collect();
        let knows = |classic: &&ClassicValue, name: &str| classic.protocols.iter().any(|known| known.name == name);
        join.protocol_type == CONSUMER
            && join.protocols.iter().any(|protocol| classics.iter().all(|classic| knows(classic, &protocol.name)))
    }

    /// A static member comes back, under another id or with the one that it has.
    fn take_static_place(&mut self, join: &Join, id: &str) -> Result<(), ErrorCode> {
        let Some(instance_id) = &join.instance_id else { return Ok(()) };
        let Some(present) = self.group.static_member(instance_id).map(str::to_owned) else { return Ok(()) };
        if !join.member_id.is_empty() {
            return self.check_instance(id, instance_id, Some(&present)).map_err(|refusal| refusal.code);
        }
        self.replace_static_member(&present, id);
        Ok(())
    }

    /// SyncGroup: the member's part of the assignment, as the coordinator has it.
    pub(in crate::group) fn sync_classic(&mut self, sync: &Sync) -> SyncAnswer {
        match self.check_sync(sync) {
            Ok(assignment) => {
                self.unwatch_return(&sync.member_id);
                self.renew_session(&sync.member_id);
                let protocol = self.classic_protocol(&sync.member_id);
                SyncAnswer { protocol_type: Some(CONSUMER.to_owned()), protocol, assignment, ..SyncAnswer::default() }
            }
            Err(refused) => refused,
        }
    }

    fn check_sync(&mut self, sync: &Sync) -> Result<Vec<u8>, SyncAnswer> {
        self.check_classic(&sync.member_id, sync.instance_id.as_deref(), sync.generation)?;
        let protocol = self.classic_protocol(&sync.member_id);
        let is_other_type = sync.protocol_type.as_deref().is_some_and(|kind| kind != CONSUMER);
        if is_other_type || (sync.protocol.is_some() && sync.protocol != protocol) {
            return Err(ErrorCode::InconsistentGroupProtocol.into());
        }
        let standing = self.group.standing(&sync.member_id);
        if standing.epoch < self.group.target_epoch() && standing.state != MemberState::Unrevoked {
            // It has not joined since: what it is given now would not be what it is to have.
            self.watch_return_once(&sync.member_id);
            return Err(ErrorCode::RebalanceInProgress.into());
        }
        let classic = self.group.members().get(&sync.member_id).and_then(|member| member.classic.as_ref());
        let protocols = classic.map(|classic| classic.protocols.as_slice()).unwrap_or_default();
        let version = Subscription::read(protocols, self.image).map(|subscription| subscription.version);
        let assignment = self.group.standing(&sync.member_id).assignment();
        let written = version.and_then(|version| write_assignment(&assignment, version, self.image));
        written.map_err(SyncAnswer::failed)
    }

    /// Heartbeat: the member is to join anew when there is something to let go, or something to get.
    pub(in crate::group) fn heartbeat_classic(&mut self, heartbeat: &Heartbeat) -> ErrorCode {
        let id = heartbeat.member_id.as_str();
        if let Err(error) = self.check_classic(id, heartbeat.instance_id.as_deref(), heartbeat.generation) {
            return error;
        }
        self.renew_session(id);
        let standing = self.group.standing(id);
        let can_get_more = standing.state == MemberState::Unreleased && !self.waits_for_others(id);
        let is_behind = standing.epoch < self.group.target_epoch();
        if is_behind || standing.state == MemberState::Unrevoked || can_get_more {
            self.watch_return_once(id);
            return ErrorCode::RebalanceInProgress;
        }
        ErrorCode::None
    }

    fn waits_for_others(&self, id: &str) -> bool {
        let held = self.group.standing(id).assigned;
        let target = self.group.target(id).cloned().unwrap_or_default();
        let mut missing = target.iter().flat_map(|(topic, partitions)| {
            let held = held.get(topic);
            let has = move |partition: &&i32| !held.is_some_and(|held| held.contains_key(*partition));
            partitions.iter().filter(has).map(|partition| (*topic, *partition))
        });
        missing.all(|(topic, partition)| self.group.is_held(topic, partition))
    }

    /// The requests of a member of the classic protocol: who it is, and of which generation.
    fn check_classic(&self, id: &str, instance_id: Option<&str>, generation: i32) -> Result<(), ErrorCode> {
        if let Some(instance_id) = instance_id {
            let present = self.group.static_member(instance_id);
            self.check_instance(id, instance_id, present).map_err(|refusal| refusal.code)?;
        }
        let is_classic = self.group.members().get(id).is_some_and(|member| member.classic.is_some());
        if !is_classic {
            Err(ErrorCode::UnknownMemberId)
        } else if self.group.standing(id).epoch != generation {
            Err(ErrorCode::IllegalGeneration)
        } else {
            Ok(())
        }
    }

    fn classic_protocol(&self, id: &str) -> Option<String> {
        let classic = self.group.members().get(id)?.classic.as_ref()?;
        classic.protocols.first().map(|protocol| protocol.name.clone())
    }

    /// LeaveGroup: members of either protocol, by their ids or their static names.
    pub(in crate::group) fn leave_classic(&mut self, members: &[LeavingMember]) -> Vec<ErrorCode> {
        let mut leaving = BTreeSet::new();
        let codes = members.iter().map(|member| match self.find_leaving(member) {
            Ok(id) => {
                leaving.insert(id);
                ErrorCode::None
            }
            Err(error) => error,
        });
        let codes = codes.collect();
        if !leaving.is_empty() {
            self.fence(leaving.iter().map(String::as_str));
        }
        codes
    }

    fn find_leaving(&self, member: &LeavingMember) -> Result<String, ErrorCode> {
        let LeavingMember { member_id, instance_id } = member;
        let Some(instance_id) = instance_id else {
            let is_known = self.group.members().contains_key(member_id);
            return is_known.then(|| member_id.clone()).ok_or(ErrorCode::UnknownMemberId);
        };
        let present = self.group.static_member(instance_id).ok_or(ErrorCode::UnknownMemberId)?;
        // An operator names a static member without knowing its id.
        if !member_id.is_empty() && member_id != present {
            return Err(ErrorCode::FencedInstanceId);
        }
        Ok(present.to_owned())
    }

    /// A member of the classic protocol must come back within its rebalance time-out: to ask for its assignment, or to
    /// join anew.
    fn watch_return(&mut self, id: &str) {
        let timeout = self.group.members().get(id).map(|member| milliseconds(member.rebalance_timeout_ms));
        if let Some(timeout) = timeout {
            self.schedule(self.return_timer(id), timeout);
            self.group.returning.insert(id.to_owned());
        }
    }

    fn watch_return_once(&mut self, id: &str) {
        if !self.group.returning.contains(id) {
            self.watch_return(id);
        }
    }

    pub(super) fn unwatch_return(&mut self, id: &str) {
        self.group.returning.remove(id);
        let timer = self.return_timer(id);
        self.timers.cancel(&timer);
    }
}
