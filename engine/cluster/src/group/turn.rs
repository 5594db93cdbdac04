//! One event's turn at one group: what all events share. Time and effects come in here.

use std::collections::BTreeMap;
use std::time::Duration;

use millrace_base::code::ErrorCode;

use super::consumer::Undo;
use super::record::{GroupRecord, GroupValue};
use super::request::{Answer, Effect, JoinAnswer, Now, Rules, SyncAnswer, Ticket, WriteId};
use super::state::{Group, InitialDelay, Phase};
use super::timers::Timers;
use crate::metadata::Image;

/// What has a deadline.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// Joining ends.
    Join(String),
    /// The members of this generation must have asked for their assignments.
    Sync(String, i32),
    /// The group (first) expects to hear from the member (second).
    Member(String, String),
    /// The member (second) must have let go what it does not hold any more.
    Revocation(String, String),
    /// The member (second), of the classic protocol in a group of the consumer protocol, must have come back.
    Return(String, String),
    /// Old offsets are looked for.
    Expiry,
}

/// What is to be done when a write has ended.
#[derive(Clone, Debug)]
pub(super) enum Then {
    /// Nothing.
    Nothing,
    /// Give the generation its assignment.
    Assign { group: String, generation: i32, assignments: BTreeMap<String, Vec<u8>> },
    /// Answer a static member that came back.
    WelcomeBack { group: String, member_id: String, ticket: Ticket, answer: JoinAnswer },
    /// Make offsets readable, or forget them; then answer.
    Offsets { group: String, partitions: Vec<(String, i32)>, answer: Option<(Ticket, Answer)> },
    /// The same, and the group is deleted.
    Delete { group: String, partitions: Vec<(String, i32)>, answer: Option<(Ticket, Answer)> },
    /// Answer a step of a group by the protocol of KIP-848; or take it back.
    Step {
        group: String,
        undo: Undo,
        /// The group goes over to the classic protocol.
        downgrade: Option<GroupValue>,
        answer: Option<(Ticket, Answer)>,
    },
}

/// Writes that have not ended.
#[derive(Debug, Default)]
pub(super) struct Writes {
    next: u64,
    in_flight: BTreeMap<WriteId, Then>,
}

impl Writes {
    pub(super) fn begin(&mut self, then: Then) -> WriteId {
        let write = WriteId(self.next);
        self.next += 1;
        self.in_flight.insert(write, then);
        write
    }

    pub(super) fn end(&mut self, write: WriteId) -> Option<Then> {
        self.in_flight.remove(&write)
    }

    /// The id that the next write gets.
    pub(super) fn next_id(&self) -> WriteId {
        WriteId(self.next)
    }
}

/// One event's turn at one group.
pub(super) struct Turn<'a> {
    pub(super) name: &'a str,
    pub(super) group: &'a mut Group,
    pub(super) now: Now,
    pub(super) image: &'a Image,
    pub(super) topics_version: u64,
    pub(super) rules: &'a Rules,
    pub(super) timers: &'a mut Timers<Timer>,
    pub(super) writes: &'a mut Writes,
    pub(super) effects: &'a mut Vec<Effect>,
}

impl Turn<'_> {
    pub(super) fn answer(&mut self, ticket: Ticket, answer: Answer) {
        self.effects.push(Effect::Answer { ticket, answer });
    }

    pub(super) fn answer_join(&mut self, ticket: Ticket, answer: JoinAnswer) {
        self.answer(ticket, Answer::Join(answer));
    }

    pub(super) fn refuse_join(&mut self, ticket: Ticket, error: ErrorCode, member_id: &str) {
        self.answer_join(ticket, JoinAnswer::refused(error, member_id));
    }

    pub(super) fn answer_sync(&mut self, ticket: Ticket, answer: SyncAnswer) {
        self.answer(ticket, Answer::Sync(answer));
    }

    /// Writes records as one batch; gives the write's id.
    pub(super) fn write(&mut self, records: Vec<GroupRecord>, then: Then) -> WriteId {
        let write = self.writes.begin(then);
        self.effects.push(Effect::Write { write, records });
        write
    }

    /// Writes the group's generation.
    pub(super) fn write_group(&mut self, value: GroupValue, then: Then) {
        self.write(vec![GroupRecord::Group { group: self.name.to_owned(), value: Some(value) }], then);
    }

    pub(super) fn schedule(&mut self, timer: Timer, after: Duration) {
        self.timers.schedule(timer, self.now.monotonic + after);
    }

    pub(super) fn join_timer(&self) -> Timer {
        Timer::Join(self.name.to_owned())
    }

    pub(super) fn member_timer(&self, id: &str) -> Timer {
        Timer::Member(self.name.to_owned(), id.to_owned())
    }

    fn sync_timer(&self) -> Timer {
        Timer::Sync(self.name.to_owned(), self.group.generation)
    }

    /// The member was heard of: its session begins anew.
    pub(super) fn renew_session(&mut self, id: &str) {
        if let Some(member) = self.group.member(id) {
            let session = member.session_timeout;
            self.schedule(self.member_timer(id), session);
        }
    }

    pub(super) fn enter(&mut self, phase: Phase) {
        self.group.enter(phase, self.now.unix_ms);
    }

    /// Takes a member out; its requests that wait are told that it is not known any more.
    pub(super) fn remove_member(&mut self, id: &str) {
        self.timers.cancel(&self.member_timer(id));
        if let Some(member) = self.group.remove(id) {
            if let Some(ticket) = member.joining {
                self.refuse_join(ticket, ErrorCode::UnknownMemberId, "");
            }
            if let Some(ticket) = member.syncing {
                self.answer_sync(ticket, SyncAnswer::refused(ErrorCode::UnknownMemberId));
            }
        }
    }

    /// Asks all members to join anew if that can be asked now; if they are being asked, looks whether all have come.
    pub(super) fn rebalance(&mut self) {
        match self.group.phase() {
            Phase::PreparingRebalance => self.finish_joining_if_all_came(),
            Phase::Empty | Phase::CompletingRebalance | Phase::Stable => self.prepare_rebalance(),
        }
    }

    /// Asks all members to join anew.
    pub(super) fn prepare_rebalance(&mut self) {
        if self.group.phase() == Phase::CompletingRebalance {
            self.give_assignments(Err(ErrorCode::RebalanceInProgress));
        }
        self.timers.cancel(&self.sync_timer());
        let is_first = self.group.phase() == Phase::Empty;
        self.enter(Phase::PreparingRebalance);
        if is_first {
            let wait = self.rules.initial_rebalance_delay;
            let remaining = self.group.rebalance_timeout().saturating_sub(wait);
            self.group.initial_delay = Some(InitialDelay { wait, remaining });
            self.schedule(self.join_timer(), wait);
        } else if self.group.all_joined() {
            self.finish_joining();
        } else {
            let timeout = self.group.rebalance_timeout();
            self.schedule(self.join_timer(), timeout);
        }
    }

    /// The time for joining is over, or a step of the first rebalance's is.
    pub(super) fn joining_timed_out(&mut self) {
        if self.group.phase() != Phase::PreparingRebalance {
            return;
        }
        match self.group.initial_delay {
            Some(InitialDelay { wait, remaining }) if self.group.has_new_member && !remaining.is_zero() => {
                self.group.has_new_member = false;
                let next = self.rules.initial_rebalance_delay.min(remaining);
                self.group.initial_delay = Some(InitialDelay { wait: next, remaining: remaining.saturating_sub(wait) });
                self.schedule(self.join_timer(), next);
            }
            _ => self.finish_joining(),
        }
    }

    /// Ends joining when every member has come; the first rebalance of a group waits for its time nevertheless.
    pub(super) fn finish_joining_if_all_came(&mut self) {
        let is_joining = self.group.phase() == Phase::PreparingRebalance;
        if is_joining && self.group.before != Phase::Empty && self.group.all_joined() {
            self.finish_joining();
        }
    }

    /// Ends joining: who has not come is no member any more, unless it is static; the others form a generation.
    pub(super) fn finish_joining(&mut self) {
        self.timers.cancel(&self.join_timer());
        let missing = self.group.members().iter().filter(|(_, member)| member.joining.is_none());
        let missing: Vec<String> =
            missing.filter(|(_, member)| member.instance_id.is_none()).map(|(id, _)| id.clone()).collect();
        for id in missing {
            self.remove_member(&id);
        }
        if !self.group.members().is_empty() && !self.elect_leader() {
            // Only static members are left, and none of them has come: their sessions decide.
            let timeout = self.group.rebalance_timeout();
            self.schedule(self.join_timer(), timeout);
            return;
        }
        self.group.has_new_member = false;
        self.group.begin_generation(self.now.unix_ms);
        if self.group.phase() == Phase::Empty {
            self.write_group(self.group.value(|_, _| Vec::new()), Then::Nothing);
        } else {
            self.answer_joined();
        }
    }

    /// Keeps the leader if it has come, or takes another member that has.
    fn elect_leader(&mut self) -> bool {
        let has_come = |id: &String| self.group.member(id).is_some_and(|member| member.joining.is_some());
        if self.group.leader.as_ref().is_some_and(has_come) {
            return true;
        }
        let other = self.group.members().iter().find(|(_, member)| member.joining.is_some());
        let other = other.map(|(id, _)| id.clone());
        match other {
            Some(id) => {
                self.group.leader = Some(id);
                true
            }
            None => false,
        }
    }

    /// Tells all who have come of the new generation.
    fn answer_joined(&mut self) {
        let ids: Vec<String> = self.group.members().keys().cloned().collect();
        for id in ids {
            let answer = self.joined(&id);
            self.renew_session(&id);
            if let Some(ticket) = self.group.take_joining(&id) {
                self.answer_join(ticket, answer);
            }
            if let Some(member) = self.group.member_mut(&id) {
                member.is_new = false;
            }
            self.group.unsynced.insert(id);
        }
        let timeout = self.group.rebalance_timeout();
        self.schedule(self.sync_timer(), timeout);
    }

    /// The present generation, as a member is told.
    pub(super) fn joined(&self, id: &str) -> JoinAnswer {
        let members = if self.group.is_leader(id) { self.group.joined_members() } else { Vec::new() };
        JoinAnswer {
            error: None,
            member_id: id.to_owned(),
            generation: self.group.generation,
            protocol_type: self.group.protocol_type.clone(),
            protocol: self.group.protocol.clone(),
            leader: self.group.leader.clone().unwrap_or_default(),
            skip_assignment: false,
            members,
        }
    }

    /// Members that never asked for their assignment are none any more.
    pub(super) fn syncing_timed_out(&mut self, generation: i32) {
        let is_generation = generation == self.group.generation;
        let is_after_joining = matches!(self.group.phase(), Phase::CompletingRebalance | Phase::Stable);
        if is_generation && is_after_joining && !self.group.unsynced.is_empty() {
            for id in std::mem::take(&mut self.group.unsynced) {
                self.remove_member(&id);
            }
            self.prepare_rebalance();
        }
    }

    /// A member asked for its assignment.
    pub(super) fn note_synced(&mut self, id: &str) {
        self.group.unsynced.remove(id);
        if self.group.unsynced.is_empty() {
            self.timers.cancel(&self.sync_timer());
        }
    }

    /// Gives each member its assignment, or none; and tells those who wait for it.
    pub(super) fn give_assignments(&mut self, mut assignments: Result<BTreeMap<String, Vec<u8>>, ErrorCode>) {
        let ids: Vec<String> = self.group.members().keys().cloned().collect();
        for id in ids {
            let assignment = assignments.as_mut().ok().and_then(|all| all.remove(&id)).unwrap_or_default();
            let Some(member) = self.group.member_mut(&id) else { continue };
            member.assignment = assignment;
            if let Some(ticket) = member.syncing.take() {
                let answer = match &assignments {
                    Ok(_) => self.synced(&id),
                    Err(error) => SyncAnswer::refused(*error),
                };
                self.answer_sync(ticket, answer);
                self.renew_session(&id);
            }
        }
    }

    /// A member's assignment, as it is told.
    pub(super) fn synced(&self, id: &str) -> SyncAnswer {
        SyncAnswer {
            error: None,
            protocol_type: self.group.protocol_type.clone(),
            protocol: self.group.protocol.clone(),
            assignment: self.group.member(id).map(|member| member.assignment.clone()).unwrap_or_default(),
            cause: None,
        }
    }
}
