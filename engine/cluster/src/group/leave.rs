//! LeaveGroup, and members that are not heard of any more.

use millrace_base::code::ErrorCode;

use super::request::{Answer, LeavingMember, Ticket};
use super::state::Phase;
use super::turn::Turn;

impl Turn<'_> {
    /// Lets members go one by one; the others are asked to join anew, once.
    pub(super) fn leave(&mut self, ticket: Ticket, members: &[LeavingMember]) {
        let codes: Vec<ErrorCode> = members.iter().map(|member| self.leave_one(member)).collect();
        let has_left = codes.contains(&ErrorCode::None);
        self.answer(ticket, Answer::Leave(Ok(codes)));
        if !has_left {
            return;
        }
        match self.group.phase() {
            Phase::Empty => {}
            Phase::PreparingRebalance => self.finish_joining_if_all_came(),
            Phase::CompletingRebalance | Phase::Stable => self.rebalance(),
        }
    }

    fn leave_one(&mut self, leaving: &LeavingMember) -> ErrorCode {
        let LeavingMember { member_id, instance_id } = leaving;
        let id = match instance_id {
            // An operator names a static member without knowing its id.
            Some(instance_id) if member_id.is_empty() => self.group.static_member(instance_id).map(str::to_owned),
            _ if self.group.promised.contains(member_id) => Some(member_id.clone()),
            _ => match self.group.check_member(member_id, instance_id.as_deref()) {
                Ok(()) => Some(member_id.clone()),
                Err(error) => return error,
            },
        };
        match id {
            Some(id) => {
                self.remove_member(&id);
                ErrorCode::None
            }
            None => ErrorCode::UnknownMemberId,
        }
    }

    /// A member's time is over. One that waits for an answer is alive for all that is known, unless it has never been
    /// answered.
    pub(super) fn session_ended(&mut self, id: &str) {
        if self.group.consumers.is_some() {
            self.consumer_session_ended(id);
            return;
        }
        let is_promised = self.group.promised.contains(id);
        let waits = |member: &super::member::Member| member.joining.is_some() || member.syncing.is_some();
        let is_lost = self.group.member(id).is_some_and(|member| member.is_new || !waits(member));
        if !is_promised && !is_lost {
            return;
        }
        self.remove_member(id);
        match self.group.phase() {
            Phase::Empty => {}
            Phase::PreparingRebalance => {
                if self.group.all_joined() {
                    self.finish_joining();
                }
            }
            Phase::CompletingRebalance | Phase::Stable => {
                if !is_promised {
                    self.rebalance();
                }
            }
        }
    }
}
