//! Where the two protocols meet in one group: requests of the one find a group of the other, and steps of the new one
//! become writes.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use millrace_base::code::ErrorCode;

use super::consumer::{ConsumerHeartbeat, ConsumerRecord, JOIN, Refusal, Step, Undo, Work};
use super::record::{GroupRecord, GroupValue};
use super::request::{Answer, FetchOffsets, FetchedOffset, Join, Request, Ticket, WriteId};
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
        let mut step = Step {
            name: self.name,
            group: consumers,
            now: self.now,
            settings: &self.rules.consumer,
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
        let write = self.write(records, Then::Step { group: self.name.to_owned(), undo, answer });
        if let Some(consumers) = &mut self.group.consumers {
            consumers.writing = Some(write);
        }
    }

    /// A request of either protocol.
    pub(super) fn act(&mut self, ticket: Ticket, request: Request, is_new: bool) {
        if let Some(answer) = self.refuse_classic(&request) {
            self.answer(ticket, answer);
            return;
        }
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

    /// A group with members of the consumer protocol has none of the classic one.
    fn refuse_classic(&self, request: &Request) -> Option<Answer> {
        if self.group.consumers.is_none() || self.group.is_empty() {
            return None;
        }
        match request {
            Request::Join(_) => Some(request.refused(ErrorCode::InconsistentGroupProtocol)),
            Request::Sync(_) | Request::Heartbeat(_) => Some(request.refused(ErrorCode::UnknownMemberId)),
            Request::Leave(leave) => Some(Answer::Leave(Ok(vec![ErrorCode::UnknownMemberId; leave.members.len()]))),
            _ => None,
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
    pub(super) fn end_step(&mut self, undo: Undo, is_written: bool) -> VecDeque<Work> {
        let Some(consumers) = &mut self.group.consumers else { return VecDeque::new() };
        consumers.writing = None;
        let waiting = std::mem::take(&mut consumers.waiting);
        if !is_written {
            self.take_back(undo);
        } else if undo.is_created {
            self.group.load(GroupValue::default());
        }
        waiting
    }

    /// After a start: sessions begin anew, and so does the time to let go.
    pub(super) fn watch_consumers(&mut self) {
        self.step(Undo::default(), Vec::new(), |step| {
            step.watch_all();
            Outcome::Done(None)
        });
    }

    /// The group is as it was before a step.
    pub(super) fn take_back(&mut self, undo: Undo) {
        if undo.is_created {
            self.group.consumers = None;
        } else if let Some(consumers) = &mut self.group.consumers {
            for change in undo.changes.into_iter().rev() {
                consumers.apply(change);
            }
        }
    }

    /// ConsumerGroupHeartbeat.
    pub(super) fn consumer_heartbeat(&mut self, ticket: Ticket, heartbeat: &ConsumerHeartbeat, is_new: bool) {
        let mut undo = Undo::default();
        let mut records = Vec::new();
        if self.group.consumers.is_none() {
            if let Err(refusal) = self.check_conversion(heartbeat) {
                self.answer(ticket, Answer::ConsumerHeartbeat(Err(refusal)));
                return;
            }
            if !is_new {
                records.push(GroupRecord::Group { group: self.name.to_owned(), value: None });
            }
            self.group.consumers = Some(Box::default());
            undo.is_created = true;
        }
        self.step(undo, records, |step| match step.heartbeat(heartbeat) {
            Ok(answer) => Outcome::Done(Some((ticket, Answer::ConsumerHeartbeat(Ok(answer))))),
            Err(refusal) => Outcome::Refused(ticket, Answer::ConsumerHeartbeat(Err(refusal))),
        });
    }

    /// Whether a member of the new protocol may come to a group of the classic one.
    fn check_conversion(&self, heartbeat: &ConsumerHeartbeat) -> Result<(), Refusal> {
        let name = self.name;
        let refused = |message: String| Err(Refusal { code: ErrorCode::GroupIdNotFound, message: Some(message) });
        if heartbeat.member_epoch != JOIN {
            return refused(format!("Group {name} is not a consumer group."));
        }
        match self.group.phase() {
            Phase::Empty => Ok(()),
            _ if !self.group.has_consumers() => refused(format!(
                "Cannot upgrade classic group {name} to consumer group because the group does not use the consumer \
                 embedded protocol."
            )),
            _ => refused(format!("Cannot upgrade classic group {name} to consumer group because it has members.")),
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
            let group = self.name.to_owned();
            let record = |change| GroupRecord::Consumer(ConsumerRecord { group: group.clone(), change });
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
