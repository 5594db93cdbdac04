//! Fetch: reads on the owning cores, and waits there when there is too little to say.
//!
//! Limits are Kafka's: the first batch of the first partition that has any ignores them; after it none does. What is
//! asked for, and what of the answer is left out because the client knows it, is a matter of
//! [sessions](crate::fetch_session).

use std::collections::BTreeMap;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::{join_all, select_all};
use millrace_base::code::ErrorCode;
use millrace_base::ids::{CoreId, LeaderEpoch, Offset, TopicId, TopicPartition};
use millrace_base::topic_config::RecordFormat;
use millrace_log::{Partition, ReadLimits, ReadPart};
use millrace_runtime::Monotonic;
use millrace_runtime::sync::select;
use millrace_wire::messages::fetch::{
    EpochEndOffset, FetchRequest, FetchResponse, FetchableTopicResponse, PartitionData,
};
use millrace_wire::{Array, Reader, Records, WireError};

use super::offset_for_leader_epoch::end_of_epoch;
use super::{leader_epoch_error, respond, respond_with};
use crate::dispatch::{self, CoreCall};
use crate::fetch_session::{Key, Opening, Partitions, Position, Told, TopicName, Verdict};
use crate::quotas;
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::server::Server;
use crate::transcoding;

/// Topics are named by id from this version on.
const TOPIC_ID_VERSION: i16 = 13;

/// Kafka's isolation level of those who want committed records only.
const READ_COMMITTED: i8 = 1;
/// What stands where no leader epoch is known.
const NO_EPOCH: LeaderEpoch = -1;

/// A partition that a fetch asks for.
#[derive(Clone, Copy)]
struct Wanted {
    partition: TopicPartition,
    current_leader_epoch: LeaderEpoch,
    last_fetched_epoch: LeaderEpoch,
    offset: Offset,
    bytes_max: usize,
    /// Its batches are to be told as Kafka's.
    is_columns: bool,
}

/// One partition's part of the answer.
struct Found {
    error: ErrorCode,
    high_watermark: Offset,
    last_stable_offset: Offset,
    log_start: Offset,
    /// Where the log of the one who asks and this one part: an epoch, and its end here (exclusive).
    diverging: Option<(LeaderEpoch, Offset)>,
    parts: Vec<ReadPart>,
    /// Nobody looked for the partition's log: the request named nothing that may be read.
    is_refused: bool,
}

impl Found {
    fn error(error: ErrorCode) -> Self {
        let (high_watermark, last_stable_offset, log_start) = (-1, -1, -1);
        let (diverging, parts, is_refused) = (None, Vec::new(), false);
        Self { error, high_watermark, last_stable_offset, log_start, diverging, parts, is_refused }
    }

    fn refused(error: ErrorCode) -> Self {
        Self { is_refused: true, ..Self::error(error) }
    }

    /// Whether the answer holds a list of aborted transactions: to those who want committed records only, if they get
    /// any; and with the errors that Kafka finds before it looks at that.
    fn tells_transactions(&self, is_committed: bool) -> bool {
        if self.error == ErrorCode::None { is_committed } else { self.is_refused }
    }

    fn len_bytes(&self) -> usize {
        self.parts.iter().map(ReadPart::len).sum()
    }

    fn told(&self) -> Told {
        Told {
            error: self.error,
            high_watermark: self.high_watermark,
            log_start: self.log_start,
            has_records: self.len_bytes() > 0,
        }
    }
}

pub(super) async fn handle(server: Rc<Server>, request: Request) -> Result<Outcome, WireError> {
    let body = FetchRequest::decode(&mut Reader::new(request.body()), request.api_version)?;
    let opening = opening(&body, request.api_version >= TOPIC_ID_VERSION);
    let begun = server.fetch_sessions.borrow_mut().begin(opening, server.core.now());
    let context = match begun {
        Ok(context) => context,
        Err(error) => {
            let response = FetchResponse { error_code: error.code(), ..Default::default() };
            return respond(&request, |writer| response.encode(writer, request.api_version));
        }
    };
    let asked = context.asked();
    let wanted = find(&server, &request, &asked);
    let wait = Duration::from_millis(u64::try_from(body.max_wait_ms).unwrap_or(0));
    let bytes_max = usize::try_from(body.max_bytes).unwrap_or(0).min(server.config.network.fetch_bytes_max);
    let bytes_max = bytes_max.min(quotas::fetch_bytes_max(&server, &request));
    let bytes_min = usize::try_from(body.min_bytes).unwrap_or(0).min(bytes_max);
    let found = fetch(&server, &wanted, bytes_min, bytes_max, server.core.now() + wait).await;
    let bytes = found.iter().map(Found::len_bytes).sum();
    if let Some(throttle_time_ms) = quotas::throttle_fetch(&server, &request, bytes).await {
        let Verdict { session_id, error, .. } = server.fetch_sessions.borrow().finish_empty(&context);
        let response = FetchResponse { throttle_time_ms, error_code: error.code(), session_id, ..Default::default() };
        return respond(&request, |writer| response.encode(writer, request.api_version));
    }
    let told: Vec<_> = asked.iter().zip(&found).map(|((key, _), found)| (key, found.told())).collect();
    let random = || server.core.random_u64();
    let verdict = server.fetch_sessions.borrow_mut().finish(context, &told, server.core.now(), random);
    answer(&request, &asked, found, &verdict, body.isolation_level == READ_COMMITTED)
}

/// What a request says of sessions.
fn opening(body: &FetchRequest<'_>, by_id: bool) -> Opening {
    let name = |name: &str, id: [u8; 16]| if by_id { TopicName::Id(TopicId(id)) } else { TopicName::Name(name.into()) };
    let mut partitions = Partitions::default();
    for topic in body.topics.iter() {
        let name = name(topic.topic, topic.topic_id);
        for partition in topic.partitions.iter() {
            let position = Position {
                current_leader_epoch: partition.current_leader_epoch,
                last_fetched_epoch: partition.last_fetched_epoch,
                fetch_offset: partition.fetch_offset,
                bytes_max: partition.partition_max_bytes,
            };
            partitions.ask(Key { topic: name.clone(), partition: partition.partition }, position);
        }
    }
    let mut forgotten = Vec::new();
    for topic in body.forgotten_topics_data.iter() {
        let name = name(topic.topic, topic.topic_id);
        forgotten.extend(topic.partitions.iter().map(|partition| Key { topic: name.clone(), partition }));
    }
    Opening {
        session_id: body.session_id,
        epoch: body.session_epoch,
        by_id,
        is_privileged: body.replica_id >= 0 || body.replica_state.replica_id >= 0,
        partitions,
        forgotten,
    }
}

/// Finds each partition that is asked for, or says why it cannot be read.
fn find(server: &Server, request: &Request, asked: &[(Key, Position)]) -> Vec<Result<Wanted, ErrorCode>> {
    let image = server.image();
    let find_topic = |name: &TopicName| {
        let (topic, unknown) = match name {
            TopicName::Id(id) => (image.topic_by_id(*id), ErrorCode::UnknownTopicId),
            TopicName::Name(name) => (image.topic(name), ErrorCode::UnknownTopicOrPartition),
        };
        let topic = topic.ok_or(unknown)?;
        let allowed = request.authorize(Operation::Read, Resource::Topic(&topic.name));
        let is_columns = topic.record_format == RecordFormat::Columns;
        let found = (topic.id, topic.partitions.len(), is_columns);
        if allowed { Ok(found) } else { Err(ErrorCode::TopicAuthorizationFailed) }
    };
    let mut wanted = Vec::with_capacity(asked.len());
    for of_topic in asked.chunk_by(|(one, _), (other, _)| one.topic == other.topic) {
        let found = of_topic.first().map_or(Err(ErrorCode::UnknownTopicId), |(key, _)| find_topic(&key.topic));
        wanted.extend(of_topic.iter().map(|(key, position)| {
            let (topic, count, is_columns) = found?;
            let exists = usize::try_from(key.partition).is_ok_and(|index| index < count);
            let wanted = Wanted {
                partition: TopicPartition { topic, partition: key.partition },
                current_leader_epoch: position.current_leader_epoch,
                last_fetched_epoch: position.last_fetched_epoch,
                offset: position.fetch_offset,
                bytes_max: usize::try_from(position.bytes_max).unwrap_or(0),
                is_columns,
            };
            exists.then_some(wanted).ok_or(ErrorCode::UnknownTopicOrPartition)
        }));
    }
    wanted
}

/// Reads until there is enough, an error to tell, no time left, or the broker stops. What is found is in the order of
/// the request.
async fn fetch(
    server: &Rc<Server>,
    wanted: &[Result<Wanted, ErrorCode>],
    bytes_min: usize,
    bytes_max: usize,
    deadline: Monotonic,
) -> Vec<Found> {
    loop {
        let found = read_all(server, wanted, bytes_max).await;
        let bytes: usize = found.iter().map(Found::len_bytes).sum();
        // What cannot be read at all hurries nobody, unless there is nothing else.
        let mut readable = wanted.iter().zip(&found).filter(|(wanted, _)| wanted.is_ok()).peekable();
        let nothing_to_wait_for =
            readable.peek().is_none() || readable.any(|(_, found)| found.error != ErrorCode::None);
        let may_wait = server.core.now() < deadline && !server.stopping.is_set();
        if bytes >= bytes_min || nothing_to_wait_for || !may_wait {
            return found;
        }
        drop_parts_and_wait(server, wanted, found, deadline).await;
    }
}

/// Waits until one of the partitions has more than was found, the deadline passes, or the broker stops.
async fn drop_parts_and_wait(
    server: &Rc<Server>,
    wanted: &[Result<Wanted, ErrorCode>],
    found: Vec<Found>,
    deadline: Monotonic,
) {
    let mut by_core: BTreeMap<CoreId, Vec<(TopicPartition, Known)>> = BTreeMap::new();
    for (wanted, found) in wanted.iter().zip(found) {
        if let Ok(wanted) = wanted {
            let known = Known { offset: wanted.offset, high_watermark: found.high_watermark };
            by_core.entry(server.owner(wanted.partition)).or_default().push((wanted.partition, known));
        }
    }
    let waits = by_core.into_iter().map(|(core, known)| Box::pin(dispatch::call(server, core, AwaitMore { known })));
    let waits: Vec<_> = waits.collect();
    let news = async {
        if waits.is_empty() {
            std::future::pending::<()>().await;
        } else {
            select_all(waits).await;
        }
    };
    let news = async { select(pin!(news), pin!(server.stopping.wait())).await };
    let patience = deadline - server.core.now();
    if server.core.timeout(patience, news).await.is_err() {
        tracing::trace!("a fetch found nothing new in its time");
    }
}

/// Reads every wanted partition on its core, then applies the limit over all of them in the request's order.
async fn read_all(server: &Rc<Server>, wanted: &[Result<Wanted, ErrorCode>], bytes_max: usize) -> Vec<Found> {
    let mut found: Vec<Found> =
        wanted.iter().map(|wanted| Found::refused(wanted.err().unwrap_or(ErrorCode::UnknownServerError))).collect();
    let mut by_core: BTreeMap<CoreId, (Vec<usize>, Vec<Wanted>)> = BTreeMap::new();
    for (place, wanted) in wanted.iter().enumerate() {
        if let Ok(wanted) = wanted {
            let (places, reads) = by_core.entry(server.owner(wanted.partition)).or_default();
            places.push(place);
            reads.push(*wanted);
        }
    }
    let calls = by_core.into_iter().map(|(core, (places, wanted))| async move {
        (places, dispatch::call(server, core, ReadPartitions { wanted, bytes_max }).await)
    });
    for (places, reads) in join_all(calls).await {
        for (place, read) in places.into_iter().zip(reads) {
            if let Some(slot) = found.get_mut(place) {
                *slot = read;
            }
        }
    }
    let mut total_bytes = 0;
    for found in &mut found {
        let bytes = found.len_bytes();
        if total_bytes > 0 && total_bytes + bytes > bytes_max {
            found.parts.clear();
        } else {
            total_bytes += bytes;
        }
    }
    found
}

/// Reads partitions of one core, up to `bytes_max` in all.
struct ReadPartitions {
    wanted: Vec<Wanted>,
    bytes_max: usize,
}

impl CoreCall for ReadPartitions {
    type Reply = Vec<Found>;
    const CANCELLABLE: bool = true;

    async fn run(self, server: Rc<Server>) -> Self::Reply {
        let mut total_bytes = 0;
        let mut all = Vec::with_capacity(self.wanted.len());
        for wanted in self.wanted {
            let left = self.bytes_max.saturating_sub(total_bytes);
            let limits = ReadLimits { bytes_max: wanted.bytes_max.min(left), at_least_one_batch: total_bytes == 0 };
            let found = read(&server, &wanted, limits).await;
            total_bytes += found.len_bytes();
            all.push(found);
        }
        all
    }
}

async fn read(server: &Server, wanted: &Wanted, limits: ReadLimits) -> Found {
    let (partition, current_epoch) = match server.led(wanted.partition) {
        Ok(led) => led,
        Err(error) => return Found::error(error),
    };
    // Kafka takes any negative epoch of a fetch for none.
    if let Some(error) = leader_epoch_error(current_epoch, wanted.current_leader_epoch.max(NO_EPOCH)) {
        return Found::error(error);
    }
    match divergence(&partition, current_epoch, wanted) {
        Ok(None) => {}
        Ok(diverging) => return Found { diverging, ..found(&partition, Vec::new()) },
        Err(error) => return Found::error(error),
    }
    let read = match wanted.is_columns {
        false => partition.read(wanted.offset, limits).await.map(|read| read.parts).map_err(|error| error.code()),
        true => transcoding::read(server, &partition, wanted.offset, limits).await,
    };
    match read {
        Ok(parts) => found(&partition, parts),
        Err(error) => Found::error(error),
    }
}

/// Where the log of the one who asks and this one part, if it says in which epoch it has last read (KIP-595).
fn divergence(
    partition: &Partition,
    current_epoch: LeaderEpoch,
    wanted: &Wanted,
) -> Result<Option<(LeaderEpoch, Offset)>, ErrorCode> {
    if wanted.last_fetched_epoch <= NO_EPOCH {
        return Ok(None);
    }
    let (epoch, end) = end_of_epoch(partition, current_epoch, wanted.last_fetched_epoch);
    if epoch <= NO_EPOCH || end < 0 {
        return Err(ErrorCode::OffsetOutOfRange);
    }
    let parts = epoch < wanted.last_fetched_epoch || end < wanted.offset;
    Ok(parts.then_some((epoch, end)))
}

fn found(partition: &Partition, parts: Vec<ReadPart>) -> Found {
    let offsets = partition.offsets();
    Found {
        error: ErrorCode::None,
        high_watermark: offsets.high_watermark,
        last_stable_offset: offsets.high_watermark,
        log_start: offsets.log_start,
        diverging: None,
        parts,
        is_refused: false,
    }
}

/// Of a partition: from where it is read, and what was there.
struct Known {
    offset: Offset,
    high_watermark: Offset,
}

/// Ends when one of the partitions of a core has a higher high watermark than is known, or can no longer be read from
/// where it is to be.
struct AwaitMore {
    known: Vec<(TopicPartition, Known)>,
}

impl CoreCall for AwaitMore {
    type Reply = ();
    const CANCELLABLE: bool = true;

    async fn run(self, server: Rc<Server>) {
        let mut waits = Vec::with_capacity(self.known.len());
        for (partition, Known { offset, high_watermark }) in self.known {
            let Some(partition) = server.partition(partition) else { return };
            waits.push(Box::pin(async move { partition.wait_beyond(high_watermark, offset).await }));
        }
        select_all(waits).await;
    }
}

fn answer(
    request: &Request,
    asked: &[(Key, Position)],
    found: Vec<Found>,
    verdict: &Verdict,
    is_committed: bool,
) -> Result<Outcome, WireError> {
    let named = asked.iter().zip(found).zip(&verdict.named);
    let named: Vec<_> = named.filter_map(|(answered, named)| named.then_some(answered)).collect();
    let mut records = Vec::with_capacity(named.len());
    let mut responses = Vec::new();
    for of_topic in named.chunk_by(|((one, _), _), ((other, _), _)| one.topic == other.topic) {
        let partitions = of_topic.iter().map(|((key, _), found)| PartitionData {
            partition_index: key.partition,
            error_code: found.error.code(),
            high_watermark: found.high_watermark,
            last_stable_offset: found.last_stable_offset,
            log_start_offset: found.log_start,
            diverging_epoch: found
                .diverging
                .map_or_else(Default::default, |(epoch, end_offset)| EpochEndOffset { epoch, end_offset }),
            aborted_transactions: found.tells_transactions(is_committed).then(Array::default),
            preferred_read_replica: -1,
            records: Some(Records::Spliced(found.len_bytes())),
            ..Default::default()
        });
        let Some(((Key { topic, .. }, _), _)) = of_topic.first() else { continue };
        let (topic, topic_id) = (topic.name(), topic.id().0);
        responses.push(FetchableTopicResponse { topic, topic_id, partitions: partitions.collect() });
    }
    let response = FetchResponse {
        error_code: verdict.error.code(),
        session_id: verdict.session_id,
        responses: responses.into(),
        ..Default::default()
    };
    records.extend(named.into_iter().map(|(_, found)| found.parts));
    respond_with(request, records, |writer| response.encode(writer, request.api_version))
}

#[cfg(test)]
mod tests {
    use millrace_wire::messages::fetch::{FetchRequest, ReplicaState};

    use super::opening;

    #[test]
    fn who_names_itself_a_replica_in_either_way_is_privileged() {
        let consumer = FetchRequest { replica_id: -1, ..Default::default() };
        let of_old = FetchRequest { replica_id: 0, ..Default::default() };
        let replica_state = ReplicaState { replica_id: 0, ..Default::default() };
        let replica = FetchRequest { replica_id: -1, replica_state, ..Default::default() };
        for (body, is_privileged) in [(consumer, false), (of_old, true), (replica, true)] {
            assert_eq!(opening(&body, true).is_privileged, is_privileged, "{body:?}");
        }
    }
}
