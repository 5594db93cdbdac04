//! A member by the consumer protocol (KIP-848): it is led to its part of the assignment by its heartbeats, lets go what
//! it must before it says so, and begins anew when it is fenced.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use millrace_base::code::ErrorCode;
use millrace_base::ids::PartitionIndex;

use crate::consumer_membership::{self, JOIN, Refused, Word};
use crate::coordinator::Committer;
use crate::group_model::{Claim, Generation, Term};
use crate::member::{Member, Next, Owner, check_committed};
use crate::model::Promise;

/// Heartbeats that a member sends at most before it lets go what it must, less one.
const HESITATION_MAX: u64 = 3;
/// One of so many heartbeats of a member that changes its mind says so.
const OTHER_MIND_ONE_IN: u64 = 16;

/// What a member is told that knows a later epoch than the coordinator.
const AHEAD: &str = "has a greater member epoch";

/// Where a member stands, from its joining on.
struct Stay {
    /// [`JOIN`] until it was answered.
    epoch: Generation,
    /// What it uses.
    owned: BTreeMap<PartitionIndex, Term>,
    /// What it is to use, as it was told last.
    told: BTreeSet<PartitionIndex>,
    /// What it has said last that it uses.
    said: Option<BTreeSet<PartitionIndex>>,
    reads_more: bool,
    /// Whether the broker may not know what it has said: it says all of it again.
    is_unsure: bool,
    /// When the first request was sent since the last answer.
    asked: Option<Duration>,
    /// When it is fenced at the earliest if it does not let go what it must, since the run began.
    lets_go_by: Option<Duration>,
    /// Heartbeats until it lets go.
    hesitates: u64,
    /// Until then it is not taken for dead, since the run began.
    until: Duration,
    /// As whom it may commit late for what it has let go.
    past: Option<Owner>,
}

impl Stay {
    fn new() -> Self {
        Self {
            epoch: JOIN,
            owned: BTreeMap::new(),
            told: BTreeSet::new(),
            said: None,
            reads_more: false,
            is_unsure: true,
            asked: None,
            lets_go_by: None,
            hesitates: 0,
            until: Duration::ZERO,
            past: None,
        }
    }

    fn uses(&self) -> BTreeSet<PartitionIndex> {
        self.owned.keys().copied().collect()
    }

    fn must_let_go(&self) -> bool {
        self.owned.keys().any(|partition| !self.told.contains(partition))
    }

    /// What to say next.
    fn word(&mut self, has_other_mind: bool) -> Word {
        self.reads_more ^= has_other_mind;
        let uses = self.uses();
        let says_owned = self.is_unsure || self.said.as_ref() != Some(&uses);
        let says_topics = self.is_unsure || has_other_mind;
        Word {
            epoch: self.epoch,
            owned: says_owned.then_some(uses),
            reads_more: says_topics.then_some(self.reads_more),
            is_whole: self.is_unsure,
        }
    }
}

impl Member {
    /// Is a member until it has to begin anew, or it is over.
    pub(crate) async fn live_as_consumer(&mut self) {
        self.lets_go();
        if self.id.is_empty() && self.plan.consumer.heartbeat > 0 {
            self.id = format!("{}-{:x}", self.client.name, self.client.random.next_u64());
        }
        let mut stay = Stay::new();
        while !self.is_over() {
            match self.client.random.below(8) {
                0 | 1 if !stay.owned.is_empty() => {
                    let owner = self.owner(&stay);
                    self.commit(&owner).await;
                }
                2 => {
                    // In its epoch a member may commit for anything, as in Kafka.
                    if let Some(past) = stay.past.take_if(|past| past.committer.generation < stay.epoch) {
                        self.commit(&past).await;
                    }
                }
                3 if stay.epoch != JOIN => {
                    check_committed(&mut self.client, &self.topic, self.plan.group).await;
                }
                _ => {}
            }
            let next = self.beat(&mut stay).await;
            let is_in_trouble = self.has_trouble();
            let owner = self.owner(&stay);
            if next == Next::Join || is_in_trouble && self.suffer(&owner).await == Next::Join {
                return;
            }
            if !self.has_news(&stay) {
                self.client.core.sleep(self.plan.consumer_session / 4).await;
            }
        }
    }

    fn owner(&self, stay: &Stay) -> Owner {
        let committer = Committer {
            group: self.plan.group_name(),
            member_id: self.id.clone(),
            instance: self.plan.instance.clone(),
            generation: stay.epoch,
            version: self.plan.consumer.commit,
        };
        Owner { committer, partitions: stay.owned.iter().map(|(partition, term)| (*partition, *term)).collect() }
    }

    /// Whether it is to say at once what it has done.
    fn has_news(&self, stay: &Stay) -> bool {
        stay.epoch != JOIN && !stay.is_unsure && !stay.must_let_go() && stay.said.as_ref() != Some(&stay.uses())
    }

    async fn beat(&mut self, stay: &mut Stay) -> Next {
        let may_change = self.plan.changes_its_mind && !self.client.model().is_calm;
        let word = stay.word(may_change && self.client.random.below(OTHER_MIND_ONE_IN) == 0);
        let sent = self.client.time();
        let asked = *stay.asked.get_or_insert(sent);
        let floor = (word.epoch == JOIN).then(|| self.with_group(|group| group.epoch()));
        let has_let_go = !stay.must_let_go();
        let answer = consumer_membership::heartbeat(&mut self.client, &self.plan, &self.topic, &self.id, &word).await;
        let told = match answer {
            Some(Ok(told)) => told,
            Some(Err(refusal)) => return self.is_refused(stay, &refusal).await,
            None => {
                stay.is_unsure = true;
                return Next::Stay;
            }
        };
        self.client.note(format_args!("{word:?}: {told:?}"));
        if has_let_go {
            stay.lets_go_by = None;
        }
        if self.until(stay, sent) <= self.client.time() {
            // What it is told may be another's by now: it asks again.
            stay.is_unsure = true;
            return Next::Stay;
        }
        stay.asked = None;
        stay.is_unsure = false;
        stay.said = word.owned.or(stay.said.take());
        self.id.clone_from(&told.id);
        self.with_group(|group| group.is_told_epoch(&told.id, told.epoch, floor));
        assert!(floor.is_none() || told.assignment.is_some(), "{} joins, and is not told what it is to use", self.id);
        let is_at_rest = stay.epoch == told.epoch;
        stay.epoch = told.epoch;
        stay.told = told.assignment.unwrap_or_else(|| std::mem::take(&mut stay.told));
        if stay.must_let_go() && stay.lets_go_by.is_none() {
            stay.lets_go_by = Some(asked + self.plan.rebalance);
            stay.hesitates = self.client.random.below(HESITATION_MAX);
        }
        let until = self.until(stay, sent);
        stay.until = until;
        if is_at_rest && stay.told == stay.uses() {
            let name = self.client.name.clone();
            self.with_group(|group| group.is_well(&name, stay.epoch, until));
        } else {
            self.go_on(stay, until).await;
        }
        Next::Stay
    }

    /// When it is taken for dead at the earliest, if it hears no more than the answer to what it sent at `sent`.
    fn until(&self, stay: &Stay, sent: Duration) -> Duration {
        let session = sent + self.plan.consumer_session;
        stay.lets_go_by.map_or(session, |by| session.min(by))
    }

    /// Uses what it is told to; what it is to use no more it lets go first.
    async fn go_on(&mut self, stay: &mut Stay, until: Duration) {
        let mut using = stay.uses();
        if !stay.must_let_go() {
            using.clone_from(&stay.told);
        } else if stay.hesitates == 0 {
            if self.client.random.coin() {
                let owner = self.owner(stay);
                self.commit(&owner).await;
            }
            if until <= self.client.time() {
                stay.is_unsure = true;
                return;
            }
            stay.past = Some(self.owner(stay));
            using.retain(|partition| stay.told.contains(partition));
        } else {
            stay.hesitates -= 1;
        }
        let using: Vec<PartitionIndex> = using.into_iter().collect();
        let claim = Claim {
            name: &self.client.name,
            id: &self.id,
            generation: stay.epoch,
            is_classic: false,
            until,
            now: self.client.time(),
        };
        stay.owned = self.with_group(|group| group.owns(&claim, &using)).into_iter().collect();
        self.client.note(format_args!("{}: owns {using:?} in epoch {}", self.id, stay.epoch));
        self.client.model().promised(Promise::Assignment);
        let owner = self.owner(stay);
        self.becomes(&owner).await;
    }

    async fn is_refused(&mut self, stay: &mut Stay, refusal: &Refused) -> Next {
        let Refused { code, message } = refusal;
        let is_forgotten = *code == ErrorCode::UnknownMemberId && self.client.time() < stay.until;
        assert!(!is_forgotten, "{} is a member until {:?}, and is unknown", self.id, stay.until);
        assert!(!message.contains(AHEAD), "{} was told its epoch, which is forgotten: {message}", self.id);
        stay.is_unsure = true;
        let next = match *code {
            ErrorCode::FencedInstanceId => {
                self.id.clear();
                Next::Join
            }
            ErrorCode::FencedMemberEpoch | ErrorCode::UnknownMemberId | ErrorCode::GroupIdNotFound => Next::Join,
            // The one before has not been gone for long enough.
            ErrorCode::UnreleasedInstanceId => Next::Stay,
            code => {
                self.client.passes("heartbeat", code.code());
                Next::Stay
            }
        };
        if next == Next::Join {
            self.lets_go();
        }
        self.client.pause().await;
        next
    }
}
