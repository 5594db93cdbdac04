//! Where the two protocols meet in one group: requests of the one find a group of the other, and steps of the new one
//! become writes.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use millrace_base::code::ErrorCode;

use super::consumer::{
    Change, ClassicParts, ConsumerGroup, ConsumerHeartbeat, ConsumerRecord, JOIN, Refusal, Step, Undo, Work, upgrade,
};
use super::record::{GroupRecord, GroupValue};
use super::request::{Answer, FetchOffsets, FetchedOffset, Join, JoinAnswer, Request, SyncAnswer, Ticket, WriteId};
use super::state::{Group, Phase};
use super::turn::{Then, Timer, Turn};

/// When to look again at a member whose time is over while its group waits for a write.
const BUSY_DELAY: Duration = Duration::from_millis(100);

/// What has come of a step.
enum Outcome {
    /// What it changed is to be recorded; then the answer is given, if somebody waits for one.
    Done(Option<(Ticket, Answer)>),
    /// What it changed is taken back.
    Refused(Ticket, Answer),
}

impl Turn<'_> {
    /// Makes a step at a group by the protocol of KIP-848; its answer waits for the records of the step.
    fn step(&mut self, mut undo: Undo, mut records: Vec<GroupRecord>, act: impl FnOnce(&mut Step<'_>) -> Outcome) {
        let Some(consumers) = self.group.consumers.as_deref_mut() else { return };
        let conversions = records.len();
        let settings = self.rules.consumer.with(self.image.group_config(self.name));
        let mut step = Step {
            name: self.name,
            group: consumers,
            now: self.now,
            settings: &settings,
            image: self.image,
            topics_version: self.topics_version,
            timers: self.timers,
            records: &mut records,
            undo: &mut undo,
        };
        let (answer, is_refused) = match act(&mut step) {
            Outcome::Done(answer) => (answer, false),
            Outcome::Refused(ticket, answer) => (Some((ticket, answer)), true),
        };
        if is_refused || records.len() == conversions {
            self.take_back(undo);
            if let Some((ticket, answer)) = answer {
                self.answer(ticket, answer);
            }
            return;
        }
        let downgrade = self.downgrade(&undo);
        if let Some(value) = &downgrade {
            records.extend(self.removal());
            records.push(GroupRecord::Group { group: self.name.to_owned(), value: Some(value.clone()) });
        }
        let write = self.write(records, Then::Step { group: self.name.to_owned(), undo, downgrade, answer });
        if let Some(consumers) = &mut self.group.consumers {
            consumers.writing = Some(write);
        }
    }

    /// A request of either protocol.
    pub(super) fn act(&mut self, ticket: Ticket, request: Request, is_new: bool) {
        let is_mixed = self.group.consumers.is_some() && !self.group.is_empty();
        if is_mixed {
            self.act_mixed(ticket, request);
        } else {
            self.act_on_any(ticket, request, is_new);
        }
    }

    fn act_on_any(&mut self, ticket: Ticket, request: Request, is_new: bool) {
        match request {
            Request::ConsumerHeartbeat(heartbeat) => self.consumer_heartbeat(ticket, &heartbeat, is_new),
            Request::DescribeConsumers { .. } => self.describe_consumers(ticket),
            Request::Describe { .. } => self.describe_classic(ticket),
            Request::Delete { .. } => self.delete(ticket),
            Request::DeleteOffsets(asked) => self.delete_offsets(ticket, &asked),
            Request::Commit(commit) => self.commit(ticket, &commit),
            Request::FetchOffsets(fetch) => {
                let fetched = self.fetch_offsets(&fetch);
                self.answer(ticket, Answer::FetchOffsets(fetched));
            }
            Request::Join(mut join) => {
                self.drop_consumers();
                keep_first_of_each_name(&mut join);
                self.join(ticket, &join);
            }
            Request::Sync(sync) => self.sync(ticket, sync),
            Request::Heartbeat(heartbeat) => self.heartbeat(ticket, &heartbeat),
            Request::Leave(leave) => self.leave(ticket, &leave.members),
        }
    }

    /// A request to a group with members that goes by the consumer protocol.
    fn act_mixed(&mut self, ticket: Ticket, request: Request) {
        let no_records = Vec::new();
        match request {
            Request::Join(mut join) => {
                keep_first_of_each_name(&mut join);
                self.step(Undo::default(), no_records, |step| match step.join_classic(&join) {
                    Ok(answer) => Outcome::Done(Some((ticket, Answer::Join(answer)))),
                    Err((error, id)) => Outcome::Refused(ticket, Answer::Join(JoinAnswer::refused(error, &id))),
                });
            }
            Request::Sync(sync) => self.step(Undo::default(), no_records, |step| {
                Outcome::Done(Some((ticket, Answer::Sync(step.sync_classic(&sync)))))
            }),
            Request::Heartbeat(heartbeat) => self.step(Undo::default(), no_records, |step| {
                Outcome::Done(Some((ticket, Answer::Heartbeat(step.heartbeat_classic(&heartbeat)))))
            }),
            Request::Leave(leave) => self.step(Undo::default(), no_records, |step| {
                Outcome::Done(Some((ticket, Answer::Leave(Ok(step.leave_classic(&leave.members))))))
            }),
            other => self.act_on_any(ticket, other, false),
        }
    }

    fn describe_classic(&mut self, ticket: Ticket) {
        let described = if self.group.consumers.is_some() {
            let message = format!("Group {} is not a classic group.", self.name);
            Err(Refusal { code: ErrorCode::GroupIdNotFound, message: Some(message) })
        } else {
            Ok(self.group.describe())
        };
        self.answer(ticket, Answer::Describe(described));
    }

    fn fetch_offsets(&self, fetch: &FetchOffsets) -> Result<Vec<FetchedOffset>, ErrorCode> {
        if let Some(consumers) = &self.group.consumers {
            consumers.check_fetch(fetch.member_id.as_deref(), fetch.member_epoch)?;
        }
        Ok(self.group.offsets.fetch(fetch))
    }

    /// The records of a step have been written, or not; gives what has waited for that.
    pub(super) fn end_step(&mut self, undo: Undo, downgrade: Option<GroupValue>, is_written: bool) -> VecDeque<Work> {
        let Some(consumers) = &mut self.group.consumers else { return VecDeque::new() };
        consumers.writing = None;
        let waiting = std::mem::take(&mut consumers.waiting);
        if !is_written {
            self.take_back(undo);
        } else if undo.is_created {
            self.group.load(GroupValue::default());
        }
        if let Some(value) = downgrade.filter(|_| is_written) {
            self.go_over_to_classic(value);
        }
        waiting
    }

    /// The group as one of the classic protocol, if it may and can go over to it: of the generation that its members
    /// know, before the step.
    fn downgrade(&self, undo: &Undo) -> Option<GroupValue> {
        let consumers = self.group.consumers.as_ref().filter(|_| self.rules.consumer.may_downgrade)?;
        if !consumers.is_all_classic() || consumers.members().len() > self.rules.members_max {
            return None;
        }
        let before = undo.changes.iter().find_map(|change| match change {
            Change::Epoch(before) => before.map(|before| before.epoch),
            _ => None,
        });
        // Who cannot be understood stays as it is.
        let value = consumers.downgraded(self.now.unix_ms, self.image).ok()?;
        Some(GroupValue { generation: before.unwrap_or(value.generation), ..value })
    }

    fn removal(&self) -> Vec<GroupRecord> {
        let changes = self.group.consumers.iter().flat_map(|consumers| consumers.removal());
        changes.map(|change| GroupRecord::Consumer(ConsumerRecord { group: self.name.to_owned(), change })).collect()
    }

    /// Only members of the classic protocol are left: they are asked to join anew.
    fn go_over_to_classic(&mut self, value: GroupValue) {
        let Some(consumers) = self.group.consumers.take() else { return };
        for id in consumers.members().keys() {
            self.timers.cancel(&Timer::Return(self.name.to_owned(), id.clone()));
        }
        self.group.load(value);
        self.group.name_leader();
        for (id, protocols) in consumers.classic_protocols() {
            self.group.change_member(&id, |member| member.protocols = protocols);
            self.renew_session(&id);
        }
        self.prepare_rebalance();
    }

    /// A classic group's deadline while the group goes by the consumer protocol: it has no meaning, unless the group
    /// turns out not to.
    pub(super) fn waits_as_classic(&mut self, timer: Timer) -> bool {
        if self.group.is_writing() {
            self.schedule(timer, BUSY_DELAY);
        }
        self.group.consumers.is_some()
    }

    /// A member of the classic protocol has not come back in time.
    pub(super) fn return_timed_out(&mut self, id: &str) {
        if self.group.is_writing() {
            self.schedule(Timer::Return(self.name.to_owned(), id.to_owned()), BUSY_DELAY);
        } else if self.group.consumers.as_ref().is_some_and(|consumers| consumers.returning.contains(id)) {
            self.fence_consumer(id);
        }
    }

    /// After a start: sessions begin anew, and so does the time to let go.
    pub(super) fn watch_consumers(&mut self) {
        self.step(Undo::default(), Vec::new(), |step| {
            step.watch_all();
            Outcome::Done(None)
        });
    }

    /// The group is as it was before a step. Members that the step has touched have their sessions again, anew: a step
    /// that takes a member out of the group ends its session.
    pub(super) fn take_back(&mut self, undo: Undo) {
        if undo.is_created {
            self.group.consumers = None;
            return;
        }
        let Some(consumers) = &mut self.group.consumers else { return };
        let mut touched = BTreeSet::new();
        for change in undo.changes.into_iter().rev() {
            touched.extend(change.member().map(str::to_owned));
            consumers.apply(change);
        }
        if !touched.is_empty() {
            self.step(Undo::default(), Vec::new(), |step| {
                step.watch(touched.iter().map(String::as_str));
                Outcome::Done(None)
            });
        }
    }

    /// ConsumerGroupHeartbeat.
    pub(super) fn consumer_heartbeat(&mut self, ticket: Ticket, heartbeat: &ConsumerHeartbeat, is_new: bool) {
        let mut undo = Undo::default();
        let mut records = Vec::new();
        if self.group.consumers.is_none() {
            let changes = match self.check_conversion(heartbeat) {
                Ok(changes) => changes,
                Err(refusal) => {
                    self.answer(ticket, Answer::ConsumerHeartbeat(Err(refusal)));
                    return;
                }
            };
            if !is_new {
                records.push(GroupRecord::Group { group: self.name.to_owned(), value: None });
            }
            let mut consumers = ConsumerGroup::default();
            for change in changes {
                let group = self.name.to_owned();
                records.push(GroupRecord::Consumer(ConsumerRecord { group, change: change.clone() }));
                consumers.apply(change);
            }
            self.group.consumers = Some(Box::new(consumers));
            undo.is_created = true;
        }
        let is_upgrade = undo.is_created;
        self.step(undo, records, |step| match step.heartbeat(heartbeat) {
            Ok(answer) if is_upgrade => {
                step.watch_all();
                Outcome::Done(Some((ticket, Answer::ConsumerHeartbeat(Ok(answer)))))
            }
            Ok(answer) => Outcome::Done(Some((ticket, Answer::ConsumerHeartbeat(Ok(answer))))),
            Err(refusal) => Outcome::Refused(ticket, Answer::ConsumerHeartbeat(Err(refusal))),
        });
    }

    /// Whether a member of the consumer protocol may come to a classic group, and what becomes of the members there.
    fn check_conversion(&mut self, heartbeat: &ConsumerHeartbeat) -> Result<Vec<Change>, Refusal> {
        let name = self.name;
        let not_found = |message: String| Refusal { code: ErrorCode::GroupIdNotFound, message: Some(message) };
        if heartbeat.member_epoch != JOIN {
            return Err(not_found(format!("Group {name} is not a consumer group.")));
        }
        if self.group.phase() == Phase::Empty {
            return Ok(Vec::new());
        }
        let refused =
            |why: &str| Err(not_found(format!("Cannot upgrade classic group {name} to consumer group {why}")));
        if !self.rules.consumer.may_upgrade {
            return refused("because the online upgrade is disabled.");
        }
        if !self.group.has_consumers() {
            return refused("because the group does not use the consumer embedded protocol.");
        }
        if self.group.members().len() >= self.rules.consumer.members_max {
            return refused("because the group exceeds the consumer group maximum size.");
        }
        let protocol = self.group.protocol.clone().unwrap_or_default();
        let parts = self.group.members().iter().map(|(id, member)| ClassicParts {
            value: member.value(id, &protocol, member.assignment.clone()),
            protocols: member.protocols.clone(),
        });
        match upgrade(self.group.generation, parts.collect(), self.image) {
            Ok(changes) => {
                self.let_go_of_waiting();
                Ok(changes)
            }
            Err(why) => refused(why),
        }
    }

    /// Classic members that wait for each other do so no more: they come again.
    fn let_go_of_waiting(&mut self) {
        for id in self.group.members().keys().cloned().collect::<Vec<_>>() {
            if let Some(waiting) = self.group.take_joining(&id) {
                self.refuse_join(waiting, ErrorCode::RebalanceInProgress, &id);
            }
            if let Some(waiting) = self.group.member_mut(&id).and_then(|member| member.syncing.take()) {
                self.answer_sync(waiting, SyncAnswer::refused(ErrorCode::RebalanceInProgress));
            }
        }
    }

    /// ConsumerGroupDescribe.
    pub(super) fn describe_consumers(&mut self, ticket: Ticket) {
        if self.group.consumers.is_none() {
            let message = format!("Group {} is not a consumer group.", self.name);
            let refusal = Refusal { code: ErrorCode::GroupIdNotFound, message: Some(message) };
            self.answer(ticket, Answer::DescribeConsumers(Err(refusal)));
            return;
        }
        self.step(Undo::default(), Vec::new(), |step| {
            Outcome::Done(Some((ticket, Answer::DescribeConsumers(Ok(step.describe())))))
        });
    }

    /// A member of the new protocol was not heard of.
    pub(super) fn consumer_session_ended(&mut self, id: &str) {
        if self.group.is_writing() {
            self.schedule(self.member_timer(id), BUSY_DELAY);
        } else {
            self.fence_consumer(id);
        }
    }

    /// A member has not let go in time.
    pub(super) fn revocation_timed_out(&mut self, id: &str) {
        if self.group.is_writing() {
            self.schedule(Timer::Revocation(self.name.to_owned(), id.to_owned()), BUSY_DELAY);
        } else if self.group.consumers.as_ref().is_some_and(|consumers| consumers.is_revoking(id)) {
            self.fence_consumer(id);
        }
    }

    fn fence_consumer(&mut self, id: &str) {
        let is_member = self.group.consumers.as_ref().is_some_and(|consumers| consumers.members().contains_key(id));
        if is_member {
            self.step(Undo::default(), Vec::new(), |step| {
                step.fence([id]);
                Outcome::Done(None)
            });
        }
    }

    /// An empty group of the new protocol makes room for one of the classic protocol.
    pub(super) fn drop_consumers(&mut self) {
        if let Some(consumers) = self.group.consumers.take_if(|consumers| consumers.members().is_empty()) {
            let record = |change| GroupRecord::Consumer(ConsumerRecord { group: self.name.to_owned(), change });
            let records: Vec<_> = consumers.removal().into_iter().map(record).collect();
            self.write(records, Then::Nothing);
        }
    }
}

impl Group {
    /// The records of the group's deletion have been written, or not; gives what has waited for that.
    pub(super) fn end_deletion(&mut self, write: WriteId, is_written: bool) -> VecDeque<Work> {
        let Some(consumers) = self.consumers.as_mut().filter(|consumers| consumers.writing == Some(write)) else {
            return VecDeque::new();
        };
        consumers.writing = None;
        let waiting = std::mem::take(&mut consumers.waiting);
        if is_written {
            self.consumers = None;
        }
        waiting
    }
}

/// A protocol that is named twice counts once, as Kafka has it.
fn keep_first_of_each_name(join: &mut Join) {
    let mut names = BTreeSet::new();
    join.protocols.retain(|protocol| names.insert(protocol.name.clone()));
}
