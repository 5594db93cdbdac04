//! ConsumerGroupHeartbeat: a member joins, says what it reads and holds, is told what to hold, and leaves.

use std::time::Duration;

use millrace_base::code::ErrorCode;

use super::assignor::Assignor;
use super::change::{Change, MemberValue, Standing};
use super::regex::Pattern;
use super::request::{Assignment, ConsumerHeartbeat, ConsumerHeartbeatAnswer, ConsumerRules, Refusal};
use super::turn::Step;

/// The epoch with which a member joins.
pub(in crate::group) const JOIN: i32 = 0;
/// The epoch with which a member leaves.
pub(in crate::group) const LEAVE: i32 = -1;
/// The epoch with which a static member leaves for a while: its place is kept.
pub(super) const LEAVE_FOR_A_WHILE: i32 = -2;
/// What a request has for a time-out that stays as it was.
const UNCHANGED: i32 = -1;

/// Checks what can be checked without the group.
///
/// # Errors
/// INVALID_REQUEST, UNSUPPORTED_ASSIGNOR.
pub(in crate::group) fn check(heartbeat: &ConsumerHeartbeat, rules: &ConsumerRules) -> Result<(), Refusal> {
    let invalid = |message: &str| Err(Refusal::new(ErrorCode::InvalidRequest, message));
    if heartbeat.member_id.is_empty() {
        return invalid("MemberId can't be empty.");
    }
    if heartbeat.group.is_empty() {
        return invalid("GroupId can't be empty.");
    }
    if heartbeat.instance_id.as_deref() == Some("") {
        return invalid("InstanceId can't be empty.");
    }
    if heartbeat.rack_id.as_deref() == Some("") {
        return invalid("RackId can't be empty.");
    }
    match heartbeat.member_epoch {
        JOIN => {
            if heartbeat.rebalance_timeout_ms == UNCHANGED {
                return invalid("RebalanceTimeoutMs must be provided in first request.");
            }
            if heartbeat.owned.as_ref().is_none_or(|owned| !owned.is_empty()) {
                return invalid("TopicPartitions must be empty when (re-)joining.");
            }
            if heartbeat.topic_names.is_none() && heartbeat.topic_regex.is_none() {
                return invalid(
                    "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.",
                );
            }
        }
        LEAVE_FOR_A_WHILE if heartbeat.instance_id.is_none() => return invalid("InstanceId can't be null."),
        ..LEAVE_FOR_A_WHILE => return invalid("MemberEpoch is invalid."),
        _ => {}
    }
    let is_supported = |name: &String| Assignor::of(name).is_some_and(|assignor| rules.assignors.contains(&assignor));
    if let Some(name) = heartbeat.assignor.as_ref().filter(|name| !is_supported(name)) {
        let names: Vec<_> = rules.assignors.iter().map(|assignor| assignor.name()).collect();
        let message = format!("ServerAssignor {name} is not supported. Supported assignors: {}.", names.join(", "));
        return Err(Refusal::new(ErrorCode::UnsupportedAssignor, message));
    }
    Ok(())
}

impl Step<'_> {
    /// Takes a heartbeat.
    pub(in crate::group) fn heartbeat(
        &mut self,
        heartbeat: &ConsumerHeartbeat,
    ) -> Result<ConsumerHeartbeatAnswer, Refusal> {
        match heartbeat.member_epoch {
            LEAVE | LEAVE_FOR_A_WHILE => self.leave(heartbeat),
            _ => self.beat(heartbeat),
        }
    }

    fn beat(&mut self, heartbeat: &ConsumerHeartbeat) -> Result<ConsumerHeartbeatAnswer, Refusal> {
        let id = heartbeat.member_id.as_str();
        self.check_room(id)?;
        // Before anything is changed: a refusal changes nothing.
        let pattern = self.new_pattern(heartbeat)?;
        let before = self.known_member(heartbeat)?;
        self.unwatch_return(id);
        let held_before = self.group.standing(id).assigned;
        let value = updated(before.as_ref(), heartbeat);
        let reads_others = before.as_ref().map(reads).unwrap_or_default() != reads(&value);
        let regex_before = before.as_ref().and_then(|before| before.topic_regex.clone());
        if before.as_ref() != Some(&value) {
            self.change(Change::Member(id.to_owned(), Some(value)));
        }
        if let Some((regex, pattern)) = &pattern {
            self.resolve(regex, pattern);
        }
        self.forget_regex(regex_before);
        self.refresh(reads_others);
        self.assign();
        self.reconcile(id, heartbeat.owned.as_ref())?;
        self.renew_session(id);
        let standing = self.group.standing(id);
        let must_be_told = is_full(heartbeat) || !has_same_partitions(&held_before, &standing);
        Ok(ConsumerHeartbeatAnswer {
            member_id: id.to_owned(),
            member_epoch: standing.epoch,
            heartbeat_interval: self.settings.heartbeat_interval,
            assignment: must_be_told.then(|| standing.assignment()),
        })
    }

    /// Whether the group may have this member.
    pub(super) fn check_room(&self, id: &str) -> Result<(), Refusal> {
        let (members, max) = (self.group.members(), self.settings.members_max);
        if members.len() < max || members.contains_key(id) {
            return Ok(());
        }
        let message = format!("The consumer group has reached its maximum capacity of {max} members.");
        Err(Refusal::new(ErrorCode::GroupMaxSizeReached, message))
    }

    /// The pattern by which a member subscribes from now on, if it is another one than before.
    fn new_pattern(&self, heartbeat: &ConsumerHeartbeat) -> Result<Option<(String, Pattern)>, Refusal> {
        let Some(regex) = heartbeat.topic_regex.as_ref().filter(|regex| !regex.is_empty()) else { return Ok(None) };
        let member = self.group.members().get(&heartbeat.member_id);
        if member.is_some_and(|member| member.topic_regex.as_ref() == Some(regex)) {
            return Ok(None);
        }
        Ok(Some((regex.clone(), Pattern::parse(regex)?)))
    }

    /// What the member has said before; None for a new one. A static member may have taken another's place by it.
    fn known_member(&mut self, heartbeat: &ConsumerHeartbeat) -> Result<Option<MemberValue>, Refusal> {
        let id = heartbeat.member_id.as_str();
        let joins = heartbeat.member_epoch == JOIN;
        if let Some(instance_id) = &heartbeat.instance_id {
            match self.group.static_member(instance_id).map(str::to_owned) {
                Some(present) if joins => {
                    self.check_released(id, instance_id, &present)?;
                    self.replace_static_member(&present, id);
                }
                None if joins => {}
                present => self.check_instance(id, instance_id, present.as_deref())?,
            }
        }
        let member = self.group.members().get(id).cloned();
        if member.is_none() && !joins {
            return Err(self.not_a_member(id));
        }
        if member.is_some() && !joins {
            self.check_epoch(id, heartbeat)?;
        }
        Ok(member)
    }

    pub(super) fn not_a_member(&self, id: &str) -> Refusal {
        Refusal::new(ErrorCode::UnknownMemberId, format!("Member {id} is not a member of group {}.", self.name))
    }

    /// Whether a static member's place is free.
    fn check_released(&self, id: &str, instance_id: &str, present: &str) -> Result<(), Refusal> {
        if self.group.standing(present).epoch == LEAVE_FOR_A_WHILE {
            return Ok(());
        }
        Err(Refusal::new(
            ErrorCode::UnreleasedInstanceId,
            format!(
                "Static member {id} with instance id {instance_id} cannot join the group because the instance id is \
                 owned by {present} member."
            ),
        ))
    }

    /// Whether a static member is the one that it says it is.
    pub(super) fn check_instance(&self, id: &str, instance_id: &str, present: Option<&str>) -> Result<(), Refusal> {
        match present {
            None => Err(Refusal::new(ErrorCode::UnknownMemberId, format!("Instance id {instance_id} is unknown."))),
            Some(present) if present != id => Err(Refusal::new(
                ErrorCode::FencedInstanceId,
                format!("Static member {id} with instance id {instance_id} was fenced by member {present}."),
            )),
            Some(_) => Ok(()),
        }
    }

    /// A member knows its epoch; or the one before, if it holds no more than it may: the answer with the new one may
    /// have been lost.
    fn check_epoch(&self, id: &str, heartbeat: &ConsumerHeartbeat) -> Result<(), Refusal> {
        let standing = self.group.standing(id);
        let (asked, known) = (heartbeat.member_epoch, standing.epoch);
        let has_lost_answer = asked == standing.previous_epoch && owns_at_most(heartbeat.owned.as_ref(), &standing);
        if asked == known || (asked < known && has_lost_answer) {
            return Ok(());
        }
        let size = if asked > known { "greater" } else { "smaller" };
        Err(Refusal::new(
            ErrorCode::FencedMemberEpoch,
            format!(
                "The consumer group member has a {size} member epoch ({asked}) than the one known by the group \
                 coordinator ({known}). The member must abandon all its partitions and rejoin."
            ),
        ))
    }

    /// Gives a static member's place to another id, with all that belongs to it.
    pub(super) fn replace_static_member(&mut self, old: &str, new: &str) {
        let Some(value) = self.group.members().get(old).cloned() else { return };
        let target = self.group.target(old).cloned();
        let standing = Standing { epoch: JOIN, previous_epoch: JOIN, ..self.group.standing(old) };
        self.remove(old);
        if let Some(regex) = value.topic_regex.clone() {
            // It went with the old id.
            if let Ok(pattern) = Pattern::parse(&regex) {
                self.resolve(&regex, &pattern);
            }
        }
        self.change(Change::Member(new.to_owned(), Some(value)));
        self.change(Change::Target(new.to_owned(), Some(target.unwrap_or_default())));
        self.change(Change::Standing(new.to_owned(), Some(standing)));
    }

    fn leave(&mut self, heartbeat: &ConsumerHeartbeat) -> Result<ConsumerHeartbeatAnswer, Refusal> {
        let id = heartbeat.member_id.as_str();
        match &heartbeat.instance_id {
            Some(instance_id) => {
                let present = self.group.static_member(instance_id).map(str::to_owned);
                self.check_instance(id, instance_id, present.as_deref())?;
            }
            None if !self.group.members().contains_key(id) => return Err(self.not_a_member(id)),
            None => {}
        }
        if heartbeat.member_epoch == LEAVE_FOR_A_WHILE {
            self.leave_for_a_while(id);
        } else {
            self.fence([id]);
        }
        Ok(ConsumerHeartbeatAnswer {
            member_id: id.to_owned(),
            member_epoch: heartbeat.member_epoch,
            heartbeat_interval: Duration::ZERO,
            assignment: None,
        })
    }

    /// A static member's place is kept until its session ends; what it was to let go is free.
    fn leave_for_a_while(&mut self, id: &str) {
        let mut standing = self.group.standing(id);
        standing.epoch = LEAVE_FOR_A_WHILE;
        standing.revoking.clear();
        // Whoever comes back may commit what the one before has read, whatever its epoch.
        standing.assigned.values_mut().flat_map(|partitions| partitions.values_mut()).for_each(|epoch| *epoch = JOIN);
        self.stand(id, standing);
    }
}

/// What a member reads.
fn reads(member: &MemberValue) -> (std::collections::BTreeSet<String>, String) {
    (member.topic_names.clone(), member.topic_regex.clone().unwrap_or_default())
}

/// What a member has said, with what it says now.
fn updated(before: Option<&MemberValue>, heartbeat: &ConsumerHeartbeat) -> MemberValue {
    let mut value = before.cloned().unwrap_or_default();
    let given = |new: &Option<String>, old: &mut Option<String>| {
        if new.is_some() {
            old.clone_from(new);
        }
    };
    given(&heartbeat.instance_id, &mut value.instance_id);
    given(&heartbeat.rack_id, &mut value.rack_id);
    given(&heartbeat.topic_regex, &mut value.topic_regex);
    given(&heartbeat.assignor, &mut value.assignor);
    value.topic_regex = value.topic_regex.filter(|regex| !regex.is_empty());
    if heartbeat.rebalance_timeout_ms != UNCHANGED || before.is_none() {
        value.rebalance_timeout_ms = heartbeat.rebalance_timeout_ms;
    }
    if let Some(names) = &heartbeat.topic_names {
        value.topic_names.clone_from(names);
    }
    value.client_id.clone_from(&heartbeat.client_id);
    value.client_host.clone_from(&heartbeat.client_host);
    value.classic = None;
    value
}

/// Whether the member has said all there is to say: it may not know its assignment.
fn is_full(heartbeat: &ConsumerHeartbeat) -> bool {
    let says_all = heartbeat.rebalance_timeout_ms != UNCHANGED
        && (heartbeat.topic_names.is_some() || heartbeat.topic_regex.is_some())
        && heartbeat.owned.is_some();
    heartbeat.member_epoch == JOIN || says_all
}

/// Whether all that a member says it holds is assigned to it.
fn owns_at_most(owned: Option<&Assignment>, standing: &Standing) -> bool {
    let Some(owned) = owned else { return false };
    owned.iter().all(|(topic, partitions)| {
        let assigned = standing.assigned.get(topic);
        partitions.iter().all(|partition| assigned.is_some_and(|assigned| assigned.contains_key(partition)))
    })
}

/// Whether a member is to use what it used before.
fn has_same_partitions(before: &super::change::Held, standing: &Standing) -> bool {
    let keys = |held: &super::change::Held| {
        held.iter()
            .map(|(topic, partitions)| (*topic, partitions.keys().copied().collect::<Vec<_>>()))
            .collect::<Vec<_>>()
    };
    keys(before) == keys(&standing.assigned)
}
