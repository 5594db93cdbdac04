//! JoinGroup.

use std::time::Duration;

use millrace_base::code::ErrorCode;

use super::member::Member;
use super::request::{Join, JoinAnswer, Ticket};
use super::state::Phase;
use super::turn::{Then, Turn};

/// A new member's JoinGroup waits at most so long: its client may have gone, which a broker cannot see while it waits,
/// and come again as yet another member.
const NEW_MEMBER_TIMEOUT: Duration = Duration::from_secs(300);

impl Turn<'_> {
    pub(super) fn join(&mut self, ticket: Ticket, join: &Join) {
        if !self.has_room(&join.member_id) {
            self.remove_member(&join.member_id);
            self.refuse_join(ticket, ErrorCode::GroupMaxSizeReached, "");
        } else if !self.group.supports(&join.protocol_type, &join.protocols) {
            self.refuse_join(ticket, ErrorCode::InconsistentGroupProtocol, &join.member_id);
        } else if !join.member_id.is_empty() {
            self.join_again(ticket, join);
        } else if let Some(instance_id) = &join.instance_id {
            let id = format!("{instance_id}-{}", join.new_id);
            match self.group.static_member(instance_id).map(str::to_owned) {
                None => self.add_member(ticket, join, id),
                Some(old) => self.replace_static_member(ticket, join, &old, &id),
            }
        } else {
            let id = format!("{}-{}", join.client_id, join.new_id);
            if join.must_know_its_id {
                self.promise_id(ticket, join, &id);
            } else {
                self.add_member(ticket, join, id);
            }
        }
    }

    /// Whether the group may have this member: `group.max.size` counts who has come, in a rebalance.
    fn has_room(&self, id: &str) -> bool {
        let member = self.group.member(id);
        match self.group.phase() {
            Phase::Empty => true,
            Phase::PreparingRebalance => {
                member.is_some_and(|member| member.joining.is_some())
                    || self.group.joining_count() < self.rules.members_max
            }
            Phase::CompletingRebalance | Phase::Stable => {
                member.is_some() || self.group.members().len() < self.rules.members_max
            }
        }
    }

    /// Tells a dynamic member the id by which it is to join; it has one session's time for it.
    fn promise_id(&mut self, ticket: Ticket, join: &Join, id: &str) {
        self.group.promised.insert(id.to_owned());
        let session = Duration::from_millis(u64::try_from(join.session_timeout_ms).unwrap_or(0));
        self.schedule(self.member_timer(id), session);
        self.refuse_join(ticket, ErrorCode::MemberIdRequired, id);
    }

    fn add_member(&mut self, ticket: Ticket, join: &Join, id: String) {
        if self.group.phase() == Phase::PreparingRebalance && self.group.before == Phase::Empty {
            self.group.has_new_member = true;
        }
        let mut member = Member::new(join);
        member.joining = Some(ticket);
        self.group.add(id.clone(), member, &join.protocol_type);
        self.schedule(self.member_timer(&id), NEW_MEMBER_TIMEOUT);
        self.rebalance();
    }

    /// Takes over what a member says anew, with the request that waits. An earlier one of the same member will never be
    /// read by its client, which sent this one since.
    fn update_member(&mut self, ticket: Ticket, join: &Join, id: &str) {
        if let Some(earlier) = self.group.take_joining(id) {
            self.refuse_join(earlier, ErrorCode::RebalanceInProgress, id);
        }
        self.group.change_member(id, |member| {
            member.update(join);
            member.joining = Some(ticket);
        });
    }

    /// A member that knows its id.
    fn join_again(&mut self, ticket: Ticket, join: &Join) {
        let id = &join.member_id;
        if self.group.promised.contains(id) {
            if join.instance_id.is_some() {
                // Ids are promised to dynamic members only.
                self.refuse_join(ticket, ErrorCode::UnknownMemberId, id);
            } else {
                self.add_member(ticket, join, id.clone());
            }
            return;
        }
        if let Err(error) = self.group.check_member(id, join.instance_id.as_deref()) {
            self.refuse_join(ticket, error, id);
            return;
        }
        let is_same = self.group.member(id).is_some_and(|member| member.protocols == join.protocols);
        let answers_at_once = match self.group.phase() {
            // A member that has the same to say has not got the answer.
            Phase::CompletingRebalance => is_same,
            // The leader alone may ask for a rebalance without saying why.
            Phase::Stable => is_same && !self.group.is_leader(id),
            Phase::PreparingRebalance | Phase::Empty => false,
        };
        if answers_at_once {
            let answer = self.joined(id);
            self.answer_join(ticket, answer);
        } else {
            self.update_member(ticket, join, id);
            self.rebalance();
        }
    }

    /// A static member comes back without its id: it gets another one, and whoever uses the old one is fenced. Where
    /// nothing else changes, the assignment stands (KIP-345).
    fn replace_static_member(&mut self, ticket: Ticket, join: &Join, old: &str, new: &str) {
        let leader_before = self.group.leader.clone().unwrap_or_default();
        self.fence(old);
        self.group.rename(old, new);
        self.group.change_member(new, |member| {
            member.update(join);
            member.joining = Some(ticket);
        });
        self.renew_session(new);
        match self.group.phase() {
            Phase::Stable if self.group.select_protocol() == self.group.protocol => {
                let is_leader = self.group.is_leader(new);
                let answer = if join.may_skip_assignment {
                    JoinAnswer { skip_assignment: is_leader, ..self.joined(new) }
                } else {
                    // An older client that takes itself for the leader would assign anew, and nobody would ask.
                    JoinAnswer { leader: leader_before, members: Vec::new(), ..self.joined(new) }
                };
                let value = self.group.value(|_, member| member.assignment.clone());
                let (group, member_id) = (self.name.to_owned(), new.to_owned());
                self.write_group(value, Then::WelcomeBack { group, member_id, ticket, answer });
            }
            Phase::Stable => self.rebalance(),
            // The leader may have assigned to the old id by now.
            Phase::CompletingRebalance => self.prepare_rebalance(),
            Phase::PreparingRebalance | Phase::Empty => self.finish_joining_if_all_came(),
        }
    }

    /// Tells the requests of a member that another has taken its place.
    fn fence(&mut self, id: &str) {
        self.timers.cancel(&self.member_timer(id));
        if let Some(ticket) = self.group.take_joining(id) {
            self.refuse_join(ticket, ErrorCode::FencedInstanceId, id);
        }
        if let Some(ticket) = self.group.member_mut(id).and_then(|member| member.syncing.take()) {
            self.answer_sync(ticket, super::request::SyncAnswer::refused(ErrorCode::FencedInstanceId));
        }
    }

    /// The record of a static member's new id has been written, or not.
    pub(super) fn welcome_back(
        &mut self,
        id: &str,
        ticket: Ticket,
        answer: JoinAnswer,
        written: Result<(), ErrorCode>,
    ) {
        let still_waits = self.group.member(id).is_some_and(|member| member.joining == Some(ticket));
        if !still_waits {
            // Somebody took its place meanwhile, and it was told.
            return;
        }
        self.group.take_joining(id);
        match written {
            Ok(()) => {
                self.renew_session(id);
                self.answer_join(ticket, answer);
            }
            // The id is not durable, and was not told: the member asks again.
            Err(error) => self.refuse_join(ticket, error, ""),
        }
    }
}
