//! SyncGroup and Heartbeat.

use std::collections::BTreeMap;

use millrace_base::code::ErrorCode;

use super::request::{Answer, Heartbeat, Sync, SyncAnswer, Ticket};
use super::state::Phase;
use super::turn::{Then, Turn};

impl Turn<'_> {
    pub(super) fn sync(&mut self, ticket: Ticket, sync: Sync) {
        if let Err(error) = self.check_sync(&sync) {
            self.answer_sync(ticket, SyncAnswer::refused(error));
            return;
        }
        let id = sync.member_id.clone();
        match self.group.phase() {
            Phase::Empty => self.answer_sync(ticket, SyncAnswer::refused(ErrorCode::UnknownMemberId)),
            Phase::PreparingRebalance => {
                self.answer_sync(ticket, SyncAnswer::refused(ErrorCode::RebalanceInProgress));
            }
            Phase::CompletingRebalance => {
                self.note_synced(&id);
                let earlier = self.group.member_mut(&id).and_then(|member| member.syncing.replace(ticket));
                if let Some(earlier) = earlier {
                    // Its client has sent this request since, and reads no earlier answer.
                    self.answer_sync(earlier, SyncAnswer::refused(ErrorCode::RebalanceInProgress));
                }
                if self.group.is_leader(&id) && self.group.assigning != Some(self.group.generation) {
                    self.take_assignment(sync.assignments);
                }
            }
            Phase::Stable => {
                self.note_synced(&id);
                let answer = self.synced(&id);
                self.answer_sync(ticket, answer);
            }
        }
    }

    fn check_sync(&self, sync: &Sync) -> Result<(), ErrorCode> {
        self.group.check_member(&sync.member_id, sync.instance_id.as_deref())?;
        let differs =
            |asked: &Option<String>, known: &Option<String>| asked.is_some() && known.is_some() && asked != known;
        if sync.generation != self.group.generation {
            Err(ErrorCode::IllegalGeneration)
        } else if differs(&sync.protocol_type, &self.group.protocol_type)
            || differs(&sync.protocol, &self.group.protocol)
        {
            Err(ErrorCode::InconsistentGroupProtocol)
        } else {
            Ok(())
        }
    }

    /// Records what the leader has assigned; a member that it left out gets nothing.
    fn take_assignment(&mut self, assignments: Vec<(String, Vec<u8>)>) {
        let assignments: BTreeMap<String, Vec<u8>> = assignments.into_iter().collect();
        let value = self.group.value(|id, _| assignments.get(id).cloned().unwrap_or_default());
        let (group, generation) = (self.name.to_owned(), self.group.generation);
        self.group.assigning = Some(generation);
        self.write_group(value, Then::Assign { group, generation, assignments });
    }

    /// The record of an assignment has been written, or not.
    pub(super) fn assign(
        &mut self,
        generation: i32,
        assignments: BTreeMap<String, Vec<u8>>,
        written: Result<(), ErrorCode>,
    ) {
        if self.group.phase() != Phase::CompletingRebalance || self.group.generation != generation {
            // A rebalance has begun since.
            return;
        }
        match written {
            Ok(()) => {
                self.give_assignments(Ok(assignments));
                self.enter(Phase::Stable);
            }
            Err(error) => {
                self.give_assignments(Err(error));
                self.rebalance();
            }
        }
    }

    pub(super) fn heartbeat(&mut self, ticket: Ticket, heartbeat: &Heartbeat) {
        let error = match self.check_heartbeat(heartbeat) {
            Err(error) => error,
            Ok(()) => {
                self.renew_session(&heartbeat.member_id);
                match self.group.phase() {
                    Phase::PreparingRebalance => ErrorCode::RebalanceInProgress,
                    // Consumers send heartbeats as soon as they have joined.
                    Phase::CompletingRebalance | Phase::Stable | Phase::Empty => ErrorCode::None,
                }
            }
        };
        self.answer(ticket, Answer::Heartbeat(error));
    }

    fn check_heartbeat(&self, heartbeat: &Heartbeat) -> Result<(), ErrorCode> {
        self.group.check_member(&heartbeat.member_id, heartbeat.instance_id.as_deref())?;
        if heartbeat.generation == self.group.generation { Ok(()) } else { Err(ErrorCode::IllegalGeneration) }
    }
}
