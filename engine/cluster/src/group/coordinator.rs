//! The groups of one partition of `__consumer_offsets`: finds the group that a request, a deadline or a write is about.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use millrace_base::code::ErrorCode;
use millrace_base::ids::{Offset, PartitionIndex, TopicId};

use super::consumer::{Change, ConsumerRecord, JOIN, LEAVE, Refusal, Work, check_heartbeat};
use super::offsets::is_acceptable;
use super::record::GroupRecord;
use super::request::{
    Answer, Commit, Effect, Join, JoinAnswer, ListedGroup, Now, Request, Rules, SyncAnswer, Ticket, WriteId,
};
use super::state::{Group, GroupState};
use super::timers::Timers;
use super::turn::{Then, Timer, Turn, Writes};
use crate::metadata::Image;

/// The groups of one partition. See the module's invariants.
#[derive(Debug)]
pub struct Coordinator {
    rules: Rules,
    groups: BTreeMap<String, Group>,
    timers: Timers<Timer>,
    writes: Writes,
    /// Counts the changes of topics that groups are to look at.
    topics_version: u64,
}

impl Coordinator {
    /// A coordinator without groups. Records that the partition holds are to be replayed before anything is asked.
    pub fn new(rules: Rules) -> Coordinator {
        Coordinator {
            rules,
            groups: BTreeMap::new(),
            timers: Timers::default(),
            writes: Writes::default(),
            topics_version: 0,
        }
    }

    /// Takes over a record that was read back.
    pub fn replay(&mut self, record: GroupRecord) {
        match record {
            GroupRecord::Offset { group, topic, partition, value } => {
                let group = match (self.groups.get_mut(&group), &value) {
                    (None, None) => return,
                    (Some(group), _) => group,
                    (None, Some(_)) => self.groups.entry(group).or_insert_with(|| Group::new(0)),
                };
                group.offsets.load(&topic, partition, value);
            }
            GroupRecord::Group { group, value: Some(value) } => {
                self.groups.entry(group).or_insert_with(|| Group::new(0)).load(value);
            }
            GroupRecord::Consumer(ConsumerRecord { group, change }) => self.replay_consumer(group, change),
            GroupRecord::Group { group, value: None } => {
                if let Some(state) = self.groups.get_mut(&group) {
                    state.load(super::record::GroupValue::default());
                    if state.is_void() {
                        self.groups.remove(&group);
                    }
                }
            }
        }
    }

    fn replay_consumer(&mut self, name: String, change: Change) {
        let group = self.groups.entry(name.clone()).or_insert_with(|| Group::new(0));
        let consumers = group.consumers.get_or_insert_default();
        consumers.apply(change);
        if consumers.is_void() {
            group.consumers = None;
        }
        if group.is_void() {
            self.groups.remove(&name);
        }
    }

    /// Topics have come, gone or grown: groups look at them at their members' next heartbeats.
    pub fn topics_changed(&mut self) {
        self.topics_version += 1;
    }

    /// Every record has been replayed: the sessions of the members begin.
    pub fn loaded(&mut self, now: Now, image: &Image) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.timers.schedule(Timer::Expiry, now.monotonic + self.rules.expiry_interval);
        for name in self.groups.keys().cloned().collect::<Vec<_>>() {
            if let Some(mut turn) = self.turn(&name, now, image, &mut effects) {
                if turn.group.consumers.is_some() {
                    turn.watch_consumers();
                    continue;
                }
                let members: Vec<String> = turn.group.members().keys().cloned().collect();
                members.iter().for_each(|id| turn.renew_session(id));
                // A group that came over from the consumer protocol has not been led to an assignment of its own.
                let is_led = !turn.group.name_leader();
                if members.len() > turn.rules.members_max || !is_led {
                    turn.rebalance();
                }
            }
        }
        effects
    }

    /// Takes a request. Its answer is among the effects, or will be among later ones.
    pub fn handle(&mut self, now: Now, image: &Image, ticket: Ticket, request: Request) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.take(now, image, ticket, request, &mut effects);
        effects
    }

    fn take(&mut self, now: Now, image: &Image, ticket: Ticket, request: Request, effects: &mut Vec<Effect>) {
        let early = match &request {
            Request::Join(join) => self.check_join(join),
            Request::Commit(commit) => self.check_commit_to_unknown(commit),
            Request::ConsumerHeartbeat(heartbeat) => check_heartbeat(heartbeat, &self.rules.consumer)
                .err()
                .map(|refusal| Answer::ConsumerHeartbeat(Err(refusal))),
            _ => None,
        };
        if let Some(answer) = early.or_else(|| self.answer_without_group(&request)) {
            effects.push(Effect::Answer { ticket, answer });
            return;
        }
        let name = request.group().to_owned();
        let is_new = !self.groups.contains_key(&name);
        if is_new {
            self.groups.insert(name.clone(), Group::new(now.unix_ms));
        }
        let before = effects.len();
        let Some(mut turn) = self.turn(&name, now, image, effects) else { return };
        // Offsets have their own order; all else of a group that waits for its record waits with it.
        if turn.group.is_writing() && !matches!(request, Request::Commit(_) | Request::FetchOffsets(_)) {
            if let Some(consumers) = &mut turn.group.consumers {
                consumers.waiting.push_back((ticket, request));
            }
            return;
        }
        let is_of_consumers = matches!(request, Request::ConsumerHeartbeat(_));
        turn.act(ticket, request, is_new);
        let has_written = effects.iter().skip(before).any(|effect| matches!(effect, Effect::Write { .. }));
        if is_new && !has_written && is_of_consumers {
            // It was refused.
            self.groups.remove(&name);
        } else if is_new && !has_written {
            // A group exists from its first member on, also after a restart; who joins is not a member yet.
            if let Some(mut turn) = self.turn(&name, now, image, effects) {
                let value = Group::new(now.unix_ms).value(|_, _| Vec::new());
                turn.write_group(value, Then::Nothing);
            }
        }
    }

    /// A write has ended: its records are durable, or will never be.
    pub fn written(&mut self, now: Now, image: &Image, write: WriteId, result: Result<(), ErrorCode>) -> Vec<Effect> {
        let mut effects = Vec::new();
        let result = result.map_err(to_clients);
        match self.writes.end(write) {
            None | Some(Then::Nothing) => {}
            Some(Then::Assign { group, generation, assignments }) => {
                if let Some(mut turn) = self.turn(&group, now, image, &mut effects) {
                    turn.assign(generation, assignments, result);
                }
            }
            Some(Then::WelcomeBack { group, member_id, ticket, answer }) => {
                if let Some(mut turn) = self.turn(&group, now, image, &mut effects) {
                    turn.welcome_back(&member_id, ticket, answer, result);
                }
            }
            Some(Then::Offsets { group, partitions, answer }) => {
                self.end_offsets(write, &group, &partitions, result.is_ok());
                // A commit that failed may have been all there was of its group.
                if result.is_err() && self.groups.get(&group).is_some_and(Group::was_never_used) {
                    self.groups.remove(&group);
                }
                effects.extend(answer.map(|(ticket, answer)| end(ticket, answer, result)));
            }
            Some(Then::Delete { group, partitions, answer }) => {
                self.end_offsets(write, &group, &partitions, result.is_ok());
                let waiting = self.groups.get_mut(&group).map(|state| state.end_deletion(write, result.is_ok()));
                // It stays if somebody has used it since.
                if result.is_ok() && self.groups.get(&group).is_some_and(Group::is_void) {
                    self.groups.remove(&group);
                }
                effects.extend(answer.map(|(ticket, answer)| end(ticket, answer, result)));
                self.resume(now, image, waiting.unwrap_or_default(), &mut effects);
            }
            Some(Then::Step { group, undo, downgrade, answer }) => {
                let waiting = match self.turn(&group, now, image, &mut effects) {
                    Some(mut turn) => turn.end_step(undo, downgrade, result.is_ok()),
                    None => VecDeque::new(),
                };
                if result.is_err() && self.groups.get(&group).is_some_and(Group::was_never_used) {
                    self.groups.remove(&group);
                }
                effects.extend(answer.map(|(ticket, answer)| end(ticket, answer, result)));
                self.resume(now, image, waiting, &mut effects);
            }
        }
        effects
    }

    /// Takes what has waited for a group's write.
    fn resume(&mut self, now: Now, image: &Image, waiting: VecDeque<Work>, effects: &mut Vec<Effect>) {
        for (ticket, request) in waiting {
            self.take(now, image, ticket, request, effects);
        }
    }

    fn end_offsets(&mut self, write: WriteId, group: &str, partitions: &[(String, i32)], is_written: bool) {
        if let Some(state) = self.groups.get_mut(group) {
            for (topic, partition) in partitions {
                state.offsets.end(write, topic, *partition, is_written);
            }
        }
    }

    /// When [`Coordinator::tick`] has something to do next, on the monotonic clock.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.timers.next()
    }

    /// Does what is due.
    pub fn tick(&mut self, now: Now, image: &Image) -> Vec<Effect> {
        let mut effects = Vec::new();
        while let Some(timer) = self.timers.pop(now.monotonic) {
            match timer {
                Timer::Join(group) => self.with(&group, now, image, &mut effects, |turn| {
                    if !turn.waits_as_classic(Timer::Join(turn.name.to_owned())) {
                        turn.joining_timed_out();
                    }
                }),
                Timer::Sync(group, generation) => {
                    self.with(&group, now, image, &mut effects, |turn| {
                        if !turn.waits_as_classic(Timer::Sync(turn.name.to_owned(), generation)) {
                            turn.syncing_timed_out(generation);
                        }
                    });
                }
                Timer::Member(group, id) => {
                    self.with(&group, now, image, &mut effects, |turn| turn.session_ended(&id));
                }
                Timer::Return(group, id) => {
                    self.with(&group, now, image, &mut effects, |turn| turn.return_timed_out(&id));
                }
                Timer::Revocation(group, id) => {
                    self.with(&group, now, image, &mut effects, |turn| turn.revocation_timed_out(&id));
                }
                Timer::Expiry => {
                    self.timers.schedule(Timer::Expiry, now.monotonic + self.rules.expiry_interval);
                    for name in self.groups.keys().cloned().collect::<Vec<_>>() {
                        self.with(&name, now, image, &mut effects, |turn| turn.expire());
                    }
                }
            }
        }
        effects
    }

    /// Forgets what groups have committed for a topic that is deleted.
    pub fn forget_topic(&mut self, now: Now, image: &Image, id: TopicId) -> Vec<Effect> {
        let mut effects = Vec::new();
        for name in self.groups.keys().cloned().collect::<Vec<_>>() {
            self.with(&name, now, image, &mut effects, |turn| turn.forget_topic(id));
        }
        effects
    }

    /// All that the records of a group of the consumer protocol hold.
    #[cfg(test)]
    pub(super) fn durable_state(&self, group: &str) -> super::consumer::DurableState {
        let consumers = self.groups.get(group).and_then(|group| group.consumers.as_ref());
        consumers.map(|consumers| consumers.durable()).unwrap_or_default()
    }

    /// All groups, in the order of their names.
    pub fn list(&self) -> Vec<ListedGroup> {
        let list = |(group, state): (&String, &Group)| ListedGroup {
            group: group.clone(),
            protocol_type: state.listed_protocol_type(),
            state: state.state(),
            kind: state.kind(),
        };
        self.groups.iter().map(list).collect()
    }

    /// Every group, where it stands, and how many members it has.
    pub fn sizes(&self) -> impl Iterator<Item = (&str, GroupState, usize)> {
        self.groups.iter().map(|(group, state)| (group.as_str(), state.state(), state.size()))
    }

    /// Every committed offset: group, topic, partition, offset.
    pub fn committed(&self) -> impl Iterator<Item = (&str, &str, PartitionIndex, Offset)> {
        self.groups.iter().flat_map(|(group, state)| {
            let settled = state.offsets.settled();
            settled.map(move |(topic, partition, committed)| (group.as_str(), topic, partition, committed.offset))
        })
    }

    fn turn<'a>(
        &'a mut self,
        name: &'a str,
        now: Now,
        image: &'a Image,
        effects: &'a mut Vec<Effect>,
    ) -> Option<Turn<'a>> {
        let group = self.groups.get_mut(name)?;
        let Coordinator { rules, timers, writes, topics_version, .. } = self;
        Some(Turn { name, group, now, image, topics_version: *topics_version, rules, timers, writes, effects })
    }

    fn with(
        &mut self,
        name: &str,
        now: Now,
        image: &Image,
        effects: &mut Vec<Effect>,
        act: impl FnOnce(&mut Turn<'_>),
    ) {
        if let Some(mut turn) = self.turn(name, now, image, effects) {
            act(&mut turn);
        }
    }

    /// The answer to a JoinGroup that no group takes, whichever it is.
    fn check_join(&self, join: &Join) -> Option<Answer> {
        let refused = |error| Some(Answer::Join(JoinAnswer::refused(error, &join.member_id)));
        let session = u64::try_from(join.session_timeout_ms).map(Duration::from_millis);
        let allowed = self.rules.session_timeout_min..=self.rules.session_timeout_max;
        if join.group.is_empty() {
            refused(ErrorCode::InvalidGroupId)
        } else if !session.is_ok_and(|session| allowed.contains(&session)) {
            refused(ErrorCode::InvalidSessionTimeout)
        } else if !join.member_id.is_empty() && !self.groups.contains_key(&join.group) {
            // Nobody was ever given that id.
            refused(ErrorCode::UnknownMemberId)
        } else {
            None
        }
    }

    /// A commit to a group that does not exist: who does not claim to be a member may create it so.
    fn check_commit_to_unknown(&self, commit: &Commit) -> Option<Answer> {
        if self.groups.contains_key(&commit.group) {
            return None;
        }
        let refused = |error| Some(Answer::Commit(vec![error; commit.offsets.len()]));
        if commit.generation >= 0 {
            let knows = commit.knows_kip_848;
            return refused(if knows { ErrorCode::GroupIdNotFound } else { ErrorCode::IllegalGeneration });
        }
        let bytes_max = self.rules.metadata_bytes_max;
        let is_void = !commit.offsets.iter().any(|offset| is_acceptable(offset, bytes_max));
        if is_void { refused(ErrorCode::OffsetMetadataTooLarge) } else { None }
    }

    /// The answer to a request about a group that does not exist, unless the request creates it; or of a name that no
    /// group with members can have.
    fn answer_without_group(&self, request: &Request) -> Option<Answer> {
        let is_unnamed = request.group().is_empty();
        match request {
            Request::Sync(_) | Request::Heartbeat(_) | Request::Leave(_) if is_unnamed => {
                return Some(request.refused(ErrorCode::InvalidGroupId));
            }
            _ if self.groups.contains_key(request.group()) => return None,
            _ => {}
        }
        match request {
            Request::Join(_) | Request::Commit(_) => None,
            Request::ConsumerHeartbeat(heartbeat) => match heartbeat.member_epoch {
                JOIN => None,
                ..=LEAVE => Some(not_found(request, format!("Group {} not found.", heartbeat.group))),
                _ => Some(not_found(request, format!("Consumer group {} not found.", heartbeat.group))),
            },
            Request::Describe { group } | Request::DescribeConsumers { group } => {
                Some(not_found(request, format!("Group {group} not found.")))
            }
            Request::Sync(_) => Some(Answer::Sync(SyncAnswer::refused(ErrorCode::UnknownMemberId))),
            Request::Heartbeat(_) => Some(Answer::Heartbeat(ErrorCode::UnknownMemberId)),
            Request::Leave(leave) => Some(Answer::Leave(Ok(vec![ErrorCode::UnknownMemberId; leave.members.len()]))),
            Request::FetchOffsets(fetch) => {
                Some(Answer::FetchOffsets(Ok(super::offsets::Offsets::default().fetch(fetch))))
            }
            Request::Delete { .. } | Request::DeleteOffsets(_) => Some(request.refused(ErrorCode::GroupIdNotFound)),
        }
    }
}

/// The answer about a group that does not exist, in words.
fn not_found(request: &Request, message: String) -> Answer {
    let refusal = Refusal { code: ErrorCode::GroupIdNotFound, message: Some(message) };
    match request {
        Request::ConsumerHeartbeat(_) => Answer::ConsumerHeartbeat(Err(refusal)),
        Request::DescribeConsumers { .. } => Answer::DescribeConsumers(Err(refusal)),
        Request::Describe { .. } => Answer::Describe(Err(refusal)),
        other => other.refused(refusal.code),
    }
}

/// The answer once its write has ended.
fn end(ticket: Ticket, answer: Answer, result: Result<(), ErrorCode>) -> Effect {
    let answer = match (result, answer) {
        (Ok(()), answer) => answer,
        (Err(error), Answer::Commit(codes)) => Answer::Commit(vec![error; codes.len()]),
        (Err(error), Answer::Delete(_)) => Answer::Delete(error),
        (Err(error), Answer::DeleteOffsets(_)) => Answer::DeleteOffsets(Err(error)),
        (Err(error), Answer::ConsumerHeartbeat(_)) => Answer::ConsumerHeartbeat(Err(error.into())),
        (Err(error), Answer::Leave(_)) => Answer::Leave(Err(error)),
        (Err(error), Answer::Join(answer)) => Answer::Join(JoinAnswer::refused(error, &answer.member_id)),
        (Err(_), other) => unreachable!("{other:?} does not wait for a write of offsets"),
    };
    Effect::Answer { ticket, answer }
}

/// What a client is told when a record could not be written: where it may try again, it is told so.
fn to_clients(error: ErrorCode) -> ErrorCode {
    match error {
        ErrorCode::UnknownTopicOrPartition
        | ErrorCode::NotEnoughReplicas
        | ErrorCode::NotEnoughReplicasAfterAppend
        | ErrorCode::RequestTimedOut => ErrorCode::CoordinatorNotAvailable,
        ErrorCode::NotLeaderOrFollower | ErrorCode::KafkaStorageError => ErrorCode::NotCoordinator,
        ErrorCode::MessageTooLarge | ErrorCode::RecordListTooLarge | ErrorCode::InvalidFetchSize => {
            ErrorCode::UnknownServerError
        }
        other => other,
    }
}
