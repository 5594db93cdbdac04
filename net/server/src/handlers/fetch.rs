//! Fetch: reads on the owning cores, and waits there when there is too little to say.
//!
//! Limits are Kafka's: the first batch of the first partition that has any ignores them; after it none does.

use std::collections::BTreeMap;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::{join_all, select_all};
use millrace_base::code::ErrorCode;
use millrace_base::ids::{CoreId, LeaderEpoch, Offset, PartitionIndex, TopicId, TopicPartition};
use millrace_log::{Partition, ReadLimits, ReadPart};
use millrace_runtime::Monotonic;
use millrace_runtime::sync::select;
use millrace_wire::messages::fetch::{FetchRequest, FetchResponse, FetchableTopicResponse, PartitionData};
use millrace_wire::{Reader, Records, WireError};

use super::{leader_epoch_error, respond, respond_with};
use crate::dispatch::{self, CoreCall};
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::server::Server;

/// Topics are named by id from this version on.
const TOPIC_ID_VERSION: i16 = 13;

/// A partition that a fetch asks for.
#[derive(Clone, Copy)]
struct Wanted {
    partition: TopicPartition,
    current_leader_epoch: LeaderEpoch,
    offset: Offset,
    bytes_max: usize,
}

/// One partition's part of the answer.
struct Found {
    error: ErrorCode,
    high_watermark: Offset,
    last_stable_offset: Offset,
    log_start: Offset,
    parts: Vec<ReadPart>,
}

impl Found {
    fn error(error: ErrorCode) -> Self {
        Self { error, high_watermark: -1, last_stable_offset: -1, log_start: -1, parts: Vec::new() }
    }

    fn len_bytes(&self) -> usize {
        self.parts.iter().map(ReadPart::len).sum()
    }
}

/// A topic of the request, in its order.
struct Topic<'a> {
    name: &'a str,
    id: TopicId,
    partitions: Vec<(PartitionIndex, Result<Wanted, ErrorCode>)>,
}

pub(super) async fn handle(server: Rc<Server>, request: Request) -> Result<Outcome, WireError> {
    let body = FetchRequest::decode(&mut Reader::new(request.body()), request.api_version)?;
    if body.session_id != 0 && body.session_epoch > 0 {
        // No sessions are handed out (an answer's session id is always 0), so none can be known.
        let response = FetchResponse { error_code: ErrorCode::FetchSessionIdNotFound.code(), ..Default::default() };
        return respond(&request, |writer| response.encode(writer, request.api_version));
    }
    let topics = find_topics(&server, &request, &body);
    let wait = Duration::from_millis(u64::try_from(body.max_wait_ms).unwrap_or(0));
    let bytes_min = usize::try_from(body.min_bytes).unwrap_or(0);
    let bytes_max = usize::try_from(body.max_bytes).unwrap_or(0).min(server.config.network.fetch_bytes_max);
    let found = fetch(&server, &topics, bytes_min, bytes_max, server.core.now() + wait).await;
    answer(&request, &topics, found)
}

/// Finds each partition of the request, or says why it cannot be read.
fn find_topics<'a>(server: &Server, request: &Request, body: &FetchRequest<'a>) -> Vec<Topic<'a>> {
    let image = server.image();
    let by_id = request.api_version >= TOPIC_ID_VERSION;
    let find_topic = |name: &str, id: TopicId| {
        let topic = if by_id { image.topic_by_id(id) } else { image.topic(name) };
        let topic = topic.ok_or(if by_id { ErrorCode::UnknownTopicId } else { ErrorCode::UnknownTopicOrPartition })?;
        let allowed = request.authorize(Operation::Read, Resource::Topic(&topic.name));
        if allowed { Ok((topic.id, topic.partitions.len())) } else { Err(ErrorCode::TopicAuthorizationFailed) }
    };
    let mut topics = Vec::with_capacity(body.topics.len());
    for topic in body.topics.iter() {
        let found = find_topic(topic.topic, TopicId(topic.topic_id));
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for partition in topic.partitions.iter() {
            let wanted = found.and_then(|(id, count)| {
                let exists = usize::try_from(partition.partition).is_ok_and(|index| index < count);
                let wanted = Wanted {
                    partition: TopicPartition { topic: id, partition: partition.partition },
                    current_leader_epoch: partition.current_leader_epoch,
                    offset: partition.fetch_offset,
                    bytes_max: usize::try_from(partition.partition_max_bytes).unwrap_or(0),
                };
                exists.then_some(wanted).ok_or(ErrorCode::UnknownTopicOrPartition)
            });
            partitions.push((partition.partition, wanted));
        }
        topics.push(Topic { name: topic.topic, id: TopicId(topic.topic_id), partitions });
    }
    topics
}

/// Reads until there is enough, an error to tell, or no time left. What is found is in the order of the request.
async fn fetch(
    server: &Rc<Server>,
    topics: &[Topic<'_>],
    bytes_min: usize,
    bytes_max: usize,
    deadline: Monotonic,
) -> Vec<Found> {
    let wanted: Vec<_> = topics.iter().flat_map(|topic| &topic.partitions).map(|(_, wanted)| *wanted).collect();
    loop {
        let found = read_all(server, &wanted, bytes_max).await;
        let bytes: usize = found.iter().map(Found::len_bytes).sum();
        let has_error = found.iter().any(|found| found.error != ErrorCode::None);
        if bytes >= bytes_min || has_error || wanted.is_empty() || server.core.now() >= deadline {
            return found;
        }
        drop_parts_and_wait(server, &wanted, found, deadline).await;
    }
}

/// Waits until one of the partitions has more than was found, the deadline passes, or the broker stops.
async fn drop_parts_and_wait(
    server: &Rc<Server>,
    wanted: &[Result<Wanted, ErrorCode>],
    found: Vec<Found>,
    deadline: Monotonic,
) {
    let mut by_core: BTreeMap<CoreId, Vec<(TopicPartition, Offset)>> = BTreeMap::new();
    for (wanted, found) in wanted.iter().zip(found) {
        if let Ok(wanted) = wanted {
            by_core.entry(server.owner(wanted.partition)).or_default().push((wanted.partition, found.high_watermark));
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
        wanted.iter().map(|wanted| Found::error(wanted.err().unwrap_or(ErrorCode::UnknownServerError))).collect();
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
    let Some(partition) = server.partition(wanted.partition) else {
        return Found::error(ErrorCode::NotLeaderOrFollower);
    };
    if let Some(error) = leader_epoch_error(&partition, wanted.current_leader_epoch) {
        return Found::error(error);
    }
    match partition.read(wanted.offset, limits).await {
        Ok(read) => found(&partition, read.parts),
        Err(error) => Found::error(error.code()),
    }
}

fn found(partition: &Partition, parts: Vec<ReadPart>) -> Found {
    let offsets = partition.offsets();
    Found {
        error: ErrorCode::None,
        high_watermark: offsets.high_watermark,
        last_stable_offset: offsets.high_watermark,
        log_start: offsets.log_start,
        parts,
    }
}

/// Ends when one of the partitions of a core has a higher high watermark than is known, or can no longer be read.
struct AwaitMore {
    known: Vec<(TopicPartition, Offset)>,
}

impl CoreCall for AwaitMore {
    type Reply = ();
    const CANCELLABLE: bool = true;

    async fn run(self, server: Rc<Server>) {
        let mut waits = Vec::with_capacity(self.known.len());
        for (partition, high_watermark) in self.known {
            let Some(partition) = server.partition(partition) else { return };
            waits.push(Box::pin(async move { partition.wait_beyond(high_watermark).await }));
        }
        select_all(waits).await;
    }
}

fn answer(request: &Request, topics: &[Topic<'_>], found: Vec<Found>) -> Result<Outcome, WireError> {
    let mut found = found.into_iter();
    let mut records = Vec::new();
    let mut responses = Vec::with_capacity(topics.len());
    for topic in topics {
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for ((index, _), found) in topic.partitions.iter().zip(&mut found) {
            partitions.push(PartitionData {
                partition_index: *index,
                error_code: found.error.code(),
                high_watermark: found.high_watermark,
                last_stable_offset: found.last_stable_offset,
                log_start_offset: found.log_start,
                preferred_read_replica: -1,
                records: Some(Records::Spliced(found.len_bytes())),
                ..Default::default()
            });
            records.push(found.parts);
        }
        let (topic, topic_id) = (topic.name, topic.id.0);
        responses.push(FetchableTopicResponse { topic, topic_id, partitions: partitions.into() });
    }
    let response = FetchResponse { responses: responses.into(), ..Default::default() };
    respond_with(request, records, |writer| response.encode(writer, request.api_version))
}
