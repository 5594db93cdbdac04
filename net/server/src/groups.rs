//! The group coordinators of a core: one for each partition of `__consumer_offsets` that the core owns. Requests come
//! here from any core; the state machine decides, and this file carries out what it wants.
//!
//! Invariants:
//! - a coordinator answers nothing before every record of its partition has been replayed;
//! - records are appended in the order in which they were decided, and their writes end in that order;
//! - an answer that waits for a record is sent once that record is durable.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use millrace_base::broker_config::{BrokerConfig, ConsumerAssignor};
use millrace_base::code::ErrorCode;
use millrace_base::hash::Map;
use millrace_base::ids::{Offset, PartitionIndex, TopicId, TopicPartition};
use millrace_cluster::group::{
    Answer, Assignor, ConsumerRules, Coordinator, Effect, GroupRecord, GroupState, ListedGroup, Now, RecordError,
    Request, Rules, Ticket, WriteId, partition_of,
};
use millrace_cluster::metadata::Image;
use millrace_log::{Append, Origin, Partition};
use millrace_record::builder::BatchBuilder;
use millrace_record::compression::Codec;
use millrace_runtime::Monotonic;
use millrace_runtime::sync::{self, Either};
use thiserror::Error;
use tracing::{error, info, warn};

use crate::dispatch::{self, CoreCall};
use crate::internal_topics::CONSUMER_OFFSETS;
use crate::replay::{self, ReplayError};
use crate::server::{Server, all_cores};

/// The coordinators of a core.
#[derive(Default)]
pub(crate) struct Groups {
    shards: RefCell<BTreeMap<TopicPartition, Rc<Shard>>>,
}

/// The coordinator of one partition.
struct Shard {
    partition: Rc<Partition>,
    state: RefCell<State>,
    waiting: RefCell<Map<Ticket, sync::oneshot::Sender<Answer>>>,
    last_ticket: Cell<u64>,
    writes: sync::queue::Sender<Write>,
    /// Told when there is an earlier deadline than the one that is slept for.
    earlier: sync::Notify,
    sleeps_until: Cell<Option<Duration>>,
    /// Set when the partition is no longer this core's.
    closed: sync::Event,
}

enum State {
    /// Its records are being read.
    Loading,
    Active(Box<Coordinator>),
    /// Its records cannot be read.
    Failed,
}

/// Records to append.
struct Write {
    id: WriteId,
    records: Vec<GroupRecord>,
}

/// Why the records of a partition give no groups.
#[derive(Debug, Error)]
enum LoadError {
    #[error(transparent)]
    Replay(#[from] ReplayError),
    #[error("the record at offset {offset} is none of a group: {source}")]
    Record { offset: Offset, source: RecordError },
}

/// Asks the coordinator of the request's group.
pub(crate) async fn ask(server: &Rc<Server>, request: Request) -> Answer {
    let Some(partition) = coordinator_partition(server, request.group()) else {
        return request.refused(ErrorCode::NotCoordinator);
    };
    let core = server.owner(partition);
    if !matches!(request, Request::Join(_) | Request::Sync(_)) {
        return dispatch::call(server, core, Ask { partition, request }).await;
    }
    // These wait for other members: not longer than the broker lives.
    let stopped = request.refused(ErrorCode::NotCoordinator);
    let asked = Box::pin(dispatch::call(server, core, Ask { partition, request }));
    match sync::select(asked, pin!(server.stopping.wait())).await {
        Either::First(answer) => answer,
        Either::Second(()) => stopped,
    }
}

/// The partition that holds a group; None before there is any group.
fn coordinator_partition(server: &Server, group: &str) -> Option<TopicPartition> {
    let image = server.image();
    let topic = image.topic(CONSUMER_OFFSETS)?;
    let partitions = PartitionIndex::try_from(topic.partitions.len()).ok()?;
    Some(TopicPartition { topic: topic.id, partition: partition_of(group, partitions) })
}

struct Ask {
    partition: TopicPartition,
    request: Request,
}

impl CoreCall for Ask {
    type Reply = Answer;
    const CANCELLABLE: bool = true;

    async fn run(self, server: Rc<Server>) -> Answer {
        let not_here = self.request.refused(ErrorCode::NotCoordinator);
        let shard = server.groups.shards.borrow().get(&self.partition).cloned();
        match shard.and_then(|shard| shard.take(&server, self.request)) {
            // A coordinator that goes drops its tickets.
            Some(answer) => answer.await.unwrap_or(not_here),
            None => not_here,
        }
    }
}

/// All groups of the broker.
///
/// # Errors
/// COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE: some partitions' groups are not known (yet).
pub(crate) async fn list(server: &Rc<Server>) -> Result<Vec<ListedGroup>, ErrorCode> {
    let mut all = Vec::new();
    for core in all_cores(&server.core) {
        all.extend(dispatch::call(server, core, List).await?);
    }
    Ok(all)
}

struct List;

impl CoreCall for List {
    type Reply = Result<Vec<ListedGroup>, ErrorCode>;
    const CANCELLABLE: bool = true;

    async fn run(self, server: Rc<Server>) -> Self::Reply {
        let shards = server.groups.shards.borrow();
        let mut all = Vec::new();
        for shard in shards.values() {
            match &*shard.state.borrow() {
                State::Loading => return Err(ErrorCode::CoordinatorLoadInProgress),
                State::Failed => return Err(ErrorCode::CoordinatorNotAvailable),
                State::Active(coordinator) => all.extend(coordinator.list()),
            }
        }
        Ok(all)
    }
}

/// What this core's coordinators know in numbers: those that are loaded.
pub(crate) fn numbers(server: &Server) -> (Vec<GroupSize>, Vec<Committed>) {
    let (mut sizes, mut committed) = (Vec::new(), Vec::new());
    for shard in server.groups.shards.borrow().values() {
        let State::Active(coordinator) = &*shard.state.borrow() else { continue };
        let size_of =
            |(group, state, members): (&str, GroupState, usize)| GroupSize { group: group.to_owned(), state, members };
        sizes.extend(coordinator.sizes().map(size_of));
        committed.extend(coordinator.committed().map(|(group, topic, partition, offset)| {
            let (group, topic) = (group.to_owned(), topic.to_owned());
            Committed { group, topic, partition, offset }
        }));
    }
    (sizes, committed)
}

/// How many members a group has.
#[derive(Debug)]
pub(crate) struct GroupSize {
    pub group: String,
    pub state: GroupState,
    pub members: usize,
}

/// How far a group has read.
#[derive(Debug)]
pub(crate) struct Committed {
    pub group: String,
    pub topic: String,
    pub partition: PartitionIndex,
    pub offset: Offset,
}

/// Lets this core's groups forget the offsets of a topic that is deleted.
pub(crate) fn forget_topic(server: &Server, id: TopicId) {
    let shards: Vec<_> = server.groups.shards.borrow().values().cloned().collect();
    for shard in shards {
        shard.act(server, |coordinator, now, image| coordinator.forget_topic(now, image, id));
    }
}

/// Brings the coordinators up to date with the partitions that this core has.
pub(crate) async fn follow(server: &Rc<Server>) {
    let owned = owned_partitions(server);
    for shard in server.groups.shards.borrow().values() {
        if let State::Active(coordinator) = &mut *shard.state.borrow_mut() {
            coordinator.topics_changed();
        }
    }
    server.groups.shards.borrow_mut().retain(|partition, shard| {
        let stays = owned.iter().any(|owned| owned.id() == *partition);
        if !stays {
            shard.closed.set();
        }
        stays
    });
    for partition in owned {
        if server.groups.shards.borrow().contains_key(&partition.id()) {
            continue;
        }
        let shard = start(server, &partition);
        server.groups.shards.borrow_mut().insert(partition.id(), Rc::clone(&shard));
        let offsets = partition.offsets();
        let loading = load(Rc::clone(server), shard);
        if offsets.log_start == offsets.durable {
            loading.await;
        } else {
            server.core.spawn(loading);
        }
    }
}

/// The partitions of `__consumer_offsets` that this core has.
fn owned_partitions(server: &Server) -> Vec<Rc<Partition>> {
    let image = server.image();
    let Some(topic) = image.topic(CONSUMER_OFFSETS) else { return Vec::new() };
    let indexes = (0..topic.partitions.len()).filter_map(|index| PartitionIndex::try_from(index).ok());
    indexes.filter_map(|partition| server.partition(TopicPartition { topic: topic.id, partition })).collect()
}

/// A coordinator that is still to be loaded, and its tasks.
fn start(server: &Rc<Server>, partition: &Rc<Partition>) -> Rc<Shard> {
    // Bounded by the requests that wait, each of which has at most one write.
    let (writes, to_append) = sync::queue::unbounded();
    let (appended, to_end) = sync::queue::unbounded();
    let shard = Rc::new(Shard {
        partition: Rc::clone(partition),
        state: RefCell::new(State::Loading),
        waiting: RefCell::default(),
        last_ticket: Cell::new(0),
        writes,
        earlier: sync::Notify::new(),
        sleeps_until: Cell::new(None),
        closed: sync::Event::new(),
    });
    server.core.spawn(append_writes(Rc::clone(server), Rc::clone(&shard), to_append, appended));
    server.core.spawn(end_writes(Rc::clone(server), Rc::clone(&shard), to_end));
    shard
}

/// Replays the partition, then lets the coordinator answer and watches its deadlines.
async fn load(server: Rc<Server>, shard: Rc<Shard>) {
    let mut coordinator = Coordinator::new(rules(&server.config));
    let loaded = replay::replay(&server.core, &shard.partition, |record| {
        let offset = record.offset;
        match GroupRecord::decode(record.key, record.value) {
            Ok(Some(change)) => coordinator.replay(change),
            Ok(None) => {}
            Err(source) => return Err(LoadError::Record { offset, source }),
        }
        Ok(())
    });
    let partition = shard.partition.id().partition;
    if let Err(error) = loaded.await {
        error!(partition, %error, "the groups of this partition of {CONSUMER_OFFSETS} are not available");
        *shard.state.borrow_mut() = State::Failed;
        return;
    }
    let groups = coordinator.list().len();
    if groups > 0 {
        info!(partition, groups, "groups loaded");
    }
    *shard.state.borrow_mut() = State::Active(Box::new(coordinator));
    shard.act(&server, Coordinator::loaded);
    server.core.spawn(watch_deadlines(Rc::clone(&server), shard));
}

fn rules(config: &BrokerConfig) -> Rules {
    let groups = &config.groups;
    Rules {
        session_timeout_min: groups.session_timeout_min,
        session_timeout_max: groups.session_timeout_max,
        initial_rebalance_delay: groups.initial_rebalance_delay,
        members_max: groups.members_max,
        metadata_bytes_max: groups.offset_metadata_bytes_max,
        retention: groups.offsets_retention,
        expiry_interval: groups.offsets_retention_check_interval,
        consumer: ConsumerRules {
            session_timeout: groups.consumer.session_timeout.default,
            heartbeat_interval: groups.consumer.heartbeat_interval.default,
            assignment_interval: groups.consumer.assignment_interval.default,
            members_max: groups.consumer.members_max,
            assignors: groups.consumer.assignors.iter().map(|assignor| assignor_of(*assignor)).collect(),
            may_upgrade: groups.consumer.migration.may_upgrade,
            may_downgrade: groups.consumer.migration.may_downgrade,
        },
    }
}

fn assignor_of(setting: ConsumerAssignor) -> Assignor {
    match setting {
        ConsumerAssignor::Uniform => Assignor::Uniform,
        ConsumerAssignor::Range => Assignor::Range,
    }
}

/// Lets the coordinator do what is due, until the partition goes or the broker stops.
async fn watch_deadlines(server: Rc<Server>, shard: Rc<Shard>) {
    loop {
        let earlier = shard.earlier.notified();
        let deadline = shard.next_deadline();
        shard.sleeps_until.set(deadline);
        let due = async {
            match deadline {
                Some(at) => server.core.sleep_until(Monotonic::ZERO + at).await,
                None => std::future::pending().await,
            }
        };
        let woken = async { sync::select(pin!(due), pin!(earlier)).await };
        let ended = async { sync::select(pin!(shard.closed.wait()), pin!(server.stopping.wait())).await };
        match sync::select(pin!(woken), pin!(ended)).await {
            Either::First(_) => shard.act(&server, Coordinator::tick),
            Either::Second(_) => return,
        }
    }
}

/// Appends writes one after the other, and passes on where each one ends.
async fn append_writes(
    server: Rc<Server>,
    shard: Rc<Shard>,
    mut writes: sync::queue::Receiver<Write>,
    appended: sync::queue::Sender<(WriteId, Result<Offset, ErrorCode>)>,
) {
    while let Either::First(Some(write)) = writes.receive_or(shard.closed.wait()).await {
        let end = shard.append(&server, &write.records).await;
        if appended.send((write.id, end)).await.is_err() {
            return;
        }
    }
}

/// Waits for each write's durability, and tells the coordinator.
async fn end_writes(
    server: Rc<Server>,
    shard: Rc<Shard>,
    mut appended: sync::queue::Receiver<(WriteId, Result<Offset, ErrorCode>)>,
) {
    while let Some((write, end)) = appended.receive().await {
        let result = match end {
            Ok(next_offset) => shard.partition.wait_durable(next_offset).await.map_err(|error| error.code()),
            Err(error) => Err(error),
        };
        shard.act(&server, |coordinator, now, image| coordinator.written(now, image, write, result));
    }
    // Whoever still waits is told that this is not the coordinator any more.
    shard.waiting.borrow_mut().clear();
}

impl Shard {
    /// Takes a request; its answer comes by the receiver.
    fn take(&self, server: &Server, request: Request) -> Option<sync::oneshot::Receiver<Answer>> {
        let (sender, receiver) = sync::oneshot::channel();
        let unavailable = match &*self.state.borrow() {
            State::Active(_) => None,
            State::Loading => Some(ErrorCode::CoordinatorLoadInProgress),
            State::Failed => Some(ErrorCode::CoordinatorNotAvailable),
        };
        if let Some(error) = unavailable {
            return sender.send(request.refused(error)).is_ok().then_some(receiver);
        }
        let ticket = Ticket(self.last_ticket.get() + 1);
        self.last_ticket.set(ticket.0);
        self.waiting.borrow_mut().insert(ticket, sender);
        self.act(server, |coordinator, now, image| coordinator.handle(now, image, ticket, request));
        Some(receiver)
    }

    /// Lets the coordinator act, and carries out what follows.
    fn act(&self, server: &Server, act: impl FnOnce(&mut Coordinator, Now, &Image) -> Vec<Effect>) {
        let now =
            Now { monotonic: Duration::from_nanos(server.core.now().nanoseconds()), unix_ms: server.core.wall_ms() };
        let effects = match &mut *self.state.borrow_mut() {
            State::Active(coordinator) => act(coordinator, now, &server.image()),
            State::Loading | State::Failed => return,
        };
        for effect in effects {
            match effect {
                Effect::Answer { ticket, answer } => {
                    let waiting = self.waiting.borrow_mut().remove(&ticket);
                    if let Some(waiting) = waiting {
                        // Its client may have gone.
                        drop(waiting.send(answer));
                    }
                }
                Effect::Write { write: id, records } => {
                    if self.writes.try_send(Write { id, records }).is_err() {
                        warn!(partition = %self.partition.id(), "a group's record comes after its partition has gone");
                    }
                }
            }
        }
        let next = self.next_deadline();
        if next.is_some_and(|next| self.sleeps_until.get().is_none_or(|until| next < until)) {
            self.earlier.notify_all();
        }
    }

    fn next_deadline(&self) -> Option<Duration> {
        match &*self.state.borrow() {
            State::Active(coordinator) => coordinator.next_deadline(),
            State::Loading | State::Failed => None,
        }
    }

    /// Appends records as one batch; gives where it ends.
    async fn append(&self, server: &Server, records: &[GroupRecord]) -> Result<Offset, ErrorCode> {
        let id = self.partition.id();
        let batch = batch_of(records, server.core.wall_ms()).map_err(|error| {
            warn!(partition = %id, error, "a group's record cannot be written");
            ErrorCode::UnknownServerError
        })?;
        let leader_epoch = server.leader_epoch(id).ok_or(ErrorCode::NotLeaderOrFollower)?;
        let append = Append { batches: &batch, origin: Origin::Coordinator, leader_epoch, restamp: None };
        let appended = self.partition.append(&append).await.map_err(|error| {
            warn!(partition = %id, %error, "a group's record is not written");
            error.code()
        })?;
        Ok(appended.next_offset)
    }
}

/// A batch of these records.
///
/// # Errors
/// What is too long, in words.
fn batch_of(records: &[GroupRecord], now_ms: i64) -> Result<Vec<u8>, String> {
    let mut batch = BatchBuilder::new(Codec::None);
    for record in records {
        let (key, value) = record.encode().map_err(|error| error.to_string())?;
        batch.push(now_ms, Some(&key), value.as_deref(), &[]).map_err(|error| error.to_string())?;
    }
    batch.build().map_err(|error| error.to_string())
}
