//! A member of a consumer group (consumer protocol, KIP-848) that reads one topic: the broker assigns partitions, and
//! leads the member to its own by the answers to its heartbeats.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use millrace_base::code::ErrorCode;
use millrace_wire::messages::consumer_group_heartbeat::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, RequestTopicPartitions,
};

use crate::cluster::Cluster;
use crate::error::ClientError;
use crate::groups::{self, GroupOffsets, at_coordinator};
use crate::member::GroupMember;

/// The last version in which the broker names members.
const VERSION_MAX: i16 = 0;
/// The epoch with which a member joins.
const JOIN: i32 = 0;
/// The epoch with which it leaves.
const LEAVE: i32 = -1;
/// A member has so long to let go what it must.
const REBALANCE_TIMEOUT_MS: i32 = 60_000;
/// Until the broker has said how often it wants to hear of the member.
const FIRST_INTERVAL: Duration = Duration::from_secs(3);

/// A member of a group.
pub struct ConsumerMember {
    cluster: Cluster,
    group: String,
    topic: String,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    session: Mutex<Session>,
    ended: Condvar,
}

/// Where the member stands.
struct Session {
    /// For heartbeats alone.
    cluster: Cluster,
    group: String,
    topic: String,
    topic_id: [u8; 16],
    /// Empty until it is told.
    id: String,
    epoch: i32,
    /// What it reads.
    owned: BTreeSet<i32>,
    /// What it is to read.
    told: BTreeSet<i32>,
    /// The group does not know it any more.
    is_lost: bool,
    interval: Duration,
    is_over: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ConsumerMember {
    /// A member to be of `group`, which reads `topic`. `cluster` is its own, for coordination alone.
    ///
    /// # Errors
    /// [`ClientError`] when there is no such topic, or the broker does not answer.
    pub fn new(mut cluster: Cluster, group: &str, topic: &str) -> Result<Self, ClientError> {
        let topic_id = cluster.await_topic(topic)?.id.0;
        let session = Session {
            cluster: cluster.another()?,
            group: group.to_owned(),
            topic: topic.to_owned(),
            topic_id,
            id: String::new(),
            epoch: JOIN,
            owned: BTreeSet::new(),
            told: BTreeSet::new(),
            is_lost: false,
            interval: FIRST_INTERVAL,
            is_over: false,
        };
        let shared = Arc::new(Shared { session: Mutex::new(session), ended: Condvar::new() });
        let of_thread = Arc::clone(&shared);
        let thread = Some(thread::spawn(move || beat(&of_thread)));
        Ok(Self { cluster, group: group.to_owned(), topic: topic.to_owned(), shared, thread })
    }
}

impl GroupMember for ConsumerMember {
    fn join(&mut self) -> Result<Vec<i32>, ClientError> {
        let mut session = self.shared.lock();
        loop {
            session.let_go();
            session.heartbeat()?;
            if !session.is_lost && session.owned == session.told {
                return Ok(session.owned.iter().copied().collect());
            }
            if !session.is_lost && session.owned.is_subset(&session.told) {
                session.owned = session.told.clone();
            }
        }
    }

    fn generation(&self) -> i32 {
        self.shared.lock().epoch
    }

    fn must_join(&self) -> bool {
        let session = self.shared.lock();
        session.is_lost || session.owned != session.told
    }

    fn committed(&mut self) -> Result<BTreeMap<i32, i64>, ClientError> {
        groups::committed_for(&mut self.cluster, &self.group, &self.topic)
    }

    fn commit(&mut self, positions: &BTreeMap<i32, i64>) -> Result<bool, ClientError> {
        if positions.is_empty() {
            return Ok(true);
        }
        let offsets: GroupOffsets =
            positions.iter().map(|(partition, offset)| ((self.topic.clone(), *partition), *offset)).collect();
        // Its epoch stays as it is until this is answered.
        let session = self.shared.lock();
        match groups::commit_as(&mut self.cluster, &self.group, &session.id, session.epoch, &offsets) {
            Err(error) if error.code().is_some_and(is_fencing) => Ok(false),
            result => result.map(|()| true),
        }
    }

    fn leave(self: Box<Self>) -> Result<(), ClientError> {
        let mut session = self.shared.lock();
        if session.epoch == JOIN || session.is_lost {
            return Ok(());
        }
        session.epoch = LEAVE;
        session.heartbeat()
    }
}

impl Drop for ConsumerMember {
    fn drop(&mut self) {
        self.shared.lock().is_over = true;
        self.shared.ended.notify_all();
        if let Some(thread) = self.thread.take() {
            // It has nothing to tell: a panic has been printed.
            drop(thread.join());
        }
    }
}

/// Whether a code says that the member is not, or no longer, what it takes itself for.
fn is_fencing(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::UnknownMemberId | ErrorCode::FencedMemberEpoch | ErrorCode::StaleMemberEpoch)
}

/// Says that the member is there, until it is over.
fn beat(shared: &Shared) {
    let mut session = shared.lock();
    while !session.is_over {
        let interval = session.interval;
        session = shared.ended.wait_timeout(session, interval).unwrap_or_else(PoisonError::into_inner).0;
        if !session.is_over && session.epoch != JOIN && !session.is_lost {
            // Without an answer there is nothing to do but to ask again: whoever commits will be told why.
            drop(session.heartbeat());
        }
    }
}

impl Session {
    /// Gives up what it is to read no more; everything, if the group does not know it.
    fn let_go(&mut self) {
        if std::mem::take(&mut self.is_lost) {
            self.epoch = JOIN;
            self.told.clear();
        }
        let told = &self.told;
        self.owned.retain(|partition| told.contains(partition));
    }

    /// Says all that there is to say, and hears what the member is to read.
    fn heartbeat(&mut self) -> Result<(), ClientError> {
        let partitions =
            RequestTopicPartitions { topic_id: self.topic_id, partitions: self.owned.iter().copied().collect() };
        let owned = if self.owned.is_empty() { Vec::new() } else { vec![partitions] };
        let request = ConsumerGroupHeartbeatRequest {
            group_id: &self.group,
            member_id: &self.id,
            member_epoch: self.epoch,
            rebalance_timeout_ms: REBALANCE_TIMEOUT_MS,
            subscribed_topic_names: Some(vec![self.topic.as_str()].into()),
            topic_partitions: Some(owned.into()),
            ..Default::default()
        };
        let group = &self.group;
        let answer = at_coordinator(&mut self.cluster, group, |coordinator| {
            let version = coordinator.version::<ConsumerGroupHeartbeatRequest<'_>>(VERSION_MAX)?;
            let answer = coordinator.call(version, &request)?;
            let response = answer.decode::<ConsumerGroupHeartbeatResponse<'_>>()?;
            let code = response.error_code;
            match ErrorCode::from_code(code) {
                Some(ErrorCode::None) => Ok(answer),
                Some(known) if is_fencing(known) => Ok(answer),
                _ => Err(ClientError::refused(format!("group {group:?} is not joined"), code, response.error_message)),
            }
        })?;
        let response = answer.decode::<ConsumerGroupHeartbeatResponse<'_>>()?;
        if response.error_code != ErrorCode::None.code() {
            self.is_lost = true;
            return Ok(());
        }
        response.member_id.unwrap_or_default().clone_into(&mut self.id);
        self.epoch = response.member_epoch;
        if let Ok(interval_ms @ 1..) = u64::try_from(response.heartbeat_interval_ms) {
            self.interval = Duration::from_millis(interval_ms);
        }
        if let Some(assignment) = response.assignment {
            let topics = assignment.topic_partitions.iter().filter(|topic| topic.topic_id == self.topic_id);
            self.told = topics.flat_map(|topic| topic.partitions.iter().collect::<Vec<_>>()).collect();
        }
        Ok(())
    }
}
