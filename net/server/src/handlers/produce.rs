//! Produce: batches are checked on the connection's core, appended on the owning core, and acknowledged once durable.

use std::rc::Rc;

use futures_util::future::join_all;
use millrace_base::code::ErrorCode;
use millrace_base::ids::{Offset, PartitionIndex, TopicId, TopicPartition};
use millrace_log::{Append, AppendError, Appended, Origin, Partition};
use millrace_record::builder::Recompression;
use millrace_record::validate::{Produced, Restamp, Rules, take_produced};
use millrace_runtime::Bytes;
use millrace_runtime::sync::Permit;
use millrace_wire::messages::produce::{
    BatchIndexAndErrorMessage, PartitionProduceData, PartitionProduceResponse, ProduceRequest, ProduceResponse,
    TopicProduceResponse,
};
use millrace_wire::{Array, Reader, WireError};
use tracing::warn;

use super::respond;
use crate::dispatch::CoreCall;
use crate::internal_topics;
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::scatter::Scatter;
use crate::server::Server;
use crate::topic_configs;

/// Topics are named by id from this version on.
const TOPIC_ID_VERSION: i16 = 13;

/// What has become of one partition's batch.
struct PartitionOutcome {
    index: PartitionIndex,
    result: Result<Appended, Refused>,
}

/// Why a batch was not taken.
#[derive(Clone, Debug)]
struct Refused {
    code: ErrorCode,
    message: Option<String>,
    records: Vec<(i32, String)>,
    /// The log start offset, where it is told.
    log_start: Offset,
}

/// What stands in an answer that does not tell the log start offset.
const UNTOLD: Offset = -1;

impl From<ErrorCode> for Refused {
    fn from(code: ErrorCode) -> Self {
        Self { code, message: None, records: Vec::new(), log_start: UNTOLD }
    }
}

/// A topic of the request, in its order.
struct TopicOutcome<'a> {
    name: &'a str,
    id: TopicId,
    partitions: Vec<PartitionOutcome>,
}

pub(super) async fn handle(server: Rc<Server>, request: Request) -> Result<Outcome, WireError> {
    let body = ProduceRequest::decode(&mut Reader::new(request.body()), request.api_version)?;
    let mut batches = Scatter::default();
    // Gives its permits back when the answer is ready: by then the batches are in the log.
    let mut rewritten = Vec::new();
    let mut topics = check_request(&server, &request, &body, &mut batches, &mut rewritten);
    let wait = if body.acks == 0 { Wait::Appended } else { Wait::Committed };
    for ((topic, partition), result) in batches.ask(&server, |batches| AppendBatches { batches, wait }).await {
        if let Some(outcome) = topics.get_mut(topic).and_then(|topic| topic.partitions.get_mut(partition)) {
            outcome.result = result;
        }
    }
    if body.acks == 0 {
        return Ok(without_answer(&topics));
    }
    let response = answer(&topics);
    respond(&request, |writer| response.encode(writer, request.api_version))
}

/// Checks every batch; those that are good are collected by the core that owns their partition.
fn check_request<'a>(
    server: &Server,
    request: &Request,
    body: &ProduceRequest<'a>,
    batches: &mut Scatter<(usize, usize), Work>,
    rewritten: &mut Vec<Permit>,
) -> Vec<TopicOutcome<'a>> {
    let mut topics = Vec::with_capacity(body.topic_data.len());
    for (topic_at, topic) in body.topic_data.iter().enumerate() {
        let target = find_topic(server, request, topic.name, TopicId(topic.topic_id));
        let mut partitions = Vec::with_capacity(topic.partition_data.len());
        for (partition_at, partition) in topic.partition_data.iter().enumerate() {
            let checked = check_acks(body.acks)
                .and_then(|()| target.as_ref().map_err(|code| Refused::from(*code)))
                .and_then(|target| check_batch(server, request, target, &partition, rewritten));
            let index = partition.index;
            let result = match checked {
                Ok(work) => {
                    let owner = server.owner(work.partition());
                    batches.add(owner, (topic_at, partition_at), work);
                    // Replaced by what the owning core says.
                    Err(Refused::from(ErrorCode::UnknownServerError))
                }
                Err(refused) => Err(refused),
            };
            partitions.push(PartitionOutcome { index, result });
        }
        topics.push(TopicOutcome { name: topic.name, id: TopicId(topic.topic_id), partitions });
    }
    topics
}

/// A topic to which the request may write.
struct Target {
    id: TopicId,
    partitions: usize,
    rules: Rules,
}

/// The topic that a request means, if it may be written.
fn find_topic(server: &Server, request: &Request, name: &str, id: TopicId) -> Result<Target, ErrorCode> {
    let image = server.image();
    let by_id = request.api_version >= TOPIC_ID_VERSION;
    let topic = if by_id { image.topic_by_id(id) } else { image.topic(name) };
    let missing = if by_id { ErrorCode::UnknownTopicId } else { ErrorCode::UnknownTopicOrPartition };
    let topic = topic.ok_or(missing)?;
    if !request.authorize(Operation::Write, Resource::Topic(&topic.name)) {
        return Err(ErrorCode::TopicAuthorizationFailed);
    }
    if internal_topics::is_internal(&topic.name) && request.client_id() != internal_topics::ADMIN_CLIENT {
        return Err(ErrorCode::InvalidTopicException);
    }
    let config = topic_configs::resolve(server, topic).map_err(|error| {
        warn!(topic = topic.name, %error, "the topic's settings cannot be used");
        ErrorCode::InvalidConfig
    })?;
    let rules = Rules {
        api_version: request.api_version,
        batch_bytes_max: config.max_message_bytes,
        segment_bytes_max: config.segment_bytes,
        timestamp_type: config.timestamp_type,
        timestamp_before_max_ms: config.timestamp_before_max_ms,
        timestamp_after_max_ms: config.timestamp_after_max_ms,
        now_ms: server.core.wall_ms(),
        key_required: config.compaction.is_some(),
        recompression: Recompression::of(config.compression),
        format: config.record_format,
        accepts_columns: false,
    };
    Ok(Target { id: topic.id, partitions: topic.partitions.len(), rules })
}

fn check_acks(acks: i16) -> Result<(), Refused> {
    match acks {
        -1..=1 => Ok(()),
        _ => Err(ErrorCode::InvalidRequiredAcks.into()),
    }
}

/// What the owning core is to do with what came for a partition.
enum Work {
    Append(Batch),
    /// Only say where the log begins: an answer to a batch that was looked into tells it.
    Refuse(TopicPartition, Refused),
}

impl Work {
    fn partition(&self) -> TopicPartition {
        match self {
            Work::Append(batch) => batch.partition,
            Work::Refuse(partition, _) => *partition,
        }
    }
}

/// A batch that is good, on its way to its partition.
struct Batch {
    partition: TopicPartition,
    bytes: Bytes,
    /// What the header must say of time before the batch is stored.
    restamp: Option<Restamp>,
}

fn check_batch(
    server: &Server,
    request: &Request,
    target: &Target,
    partition: &PartitionProduceData<'_>,
    rewritten: &mut Vec<Permit>,
) -> Result<Work, Refused> {
    let index = usize::try_from(partition.index).map_err(|_negative| ErrorCode::UnknownTopicOrPartition)?;
    if index >= target.partitions {
        return Err(ErrorCode::UnknownTopicOrPartition.into());
    }
    let records = partition.records.and_then(|records| records.as_slice()).unwrap_or_default();
    let partition = TopicPartition { topic: target.id, partition: partition.index };
    let (mut scratch, mut compressor) = (server.scratch.borrow_mut(), server.compressor.borrow_mut());
    let taken = take_produced(records, &target.rules, &mut scratch, &mut compressor);
    let Produced { summary, rewritten: anew } = match taken {
        Ok(produced) => produced,
        Err(invalid) => {
            let (code, message) = (invalid.code(), Some(invalid.to_string()));
            let refused = Refused { code, message, records: invalid.record_errors().to_vec(), log_start: UNTOLD };
            let is_looked_into = invalid.tells_log_start();
            return if is_looked_into { Ok(Work::Refuse(partition, refused)) } else { Err(refused) };
        }
    };
    if summary.is_transactional {
        return Err(refused(ErrorCode::InvalidTxnState, &"transactions are not offered by this broker"));
    }
    let bytes = match anew {
        None => request.share(records),
        Some(anew) => {
            rewritten.push(permit_for(server, anew.len())?);
            Bytes::from(anew)
        }
    };
    Ok(Work::Append(Batch { partition, bytes, restamp: summary.restamp }))
}

/// Batches that were written anew count as received: a request of many small ones may become large. There is no
/// waiting for room here, since a later request must not come between; the client tries again.
fn permit_for(server: &Server, bytes: usize) -> Result<Permit, Refused> {
    server.receive_budget.try_acquire(bytes).ok_or_else(|| {
        let why = "no memory for the batch as the topic wants it (millrace.memory.requests.bytes)";
        refused(ErrorCode::RequestTimedOut, &why)
    })
}

/// When an append counts as done.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wait {
    /// It has its offset.
    Appended,
    /// It is committed: durable on every replica there is, unless the topic's `millrace.durability` is `relaxed`.
    Committed,
}

/// Appends batches to partitions of one core, in order.
struct AppendBatches {
    batches: Vec<Work>,
    wait: Wait,
}

impl CoreCall for AppendBatches {
    type Reply = Vec<Result<Appended, Refused>>;
    const CANCELLABLE: bool = false;

    async fn run(self, server: Rc<Server>) -> Self::Reply {
        let started = append_all(&server, self.batches).await;
        let mut results = Vec::with_capacity(started.len());
        for appended in started {
            results.push(match appended {
                Ok((partition, appended)) if self.wait == Wait::Committed => {
                    let committed = partition.wait_committed(appended.next_offset).await;
                    committed.map(|()| appended).map_err(|error| refused(error.code(), &error))
                }
                Ok((_, appended)) => Ok(appended),
                Err(refused) => Err(refused),
            });
        }
        results
    }
}

/// What a batch got, and from which partition.
type Started = Result<(Rc<Partition>, Appended), Refused>;

/// Appends in order. All take their turns before any of them waits: no later request may come between. Where nobody has
/// to wait, nothing is set up for it.
async fn append_all(server: &Server, batches: Vec<Work>) -> Vec<Started> {
    let mut started = Vec::with_capacity(batches.len());
    let mut batches = batches.into_iter();
    let mut waits = None;
    for work in batches.by_ref() {
        match Ready::find(server, &work) {
            Err(refused) => started.push(Err(refused)),
            Ok(ready) => match ready.partition.append_at_once(&ready.append) {
                Some(appended) => started.push(ready.started(appended)),
                None => {
                    waits = Some(work);
                    break;
                }
            },
        }
    }
    if waits.is_some() {
        started.extend(join_all(waits.into_iter().chain(batches).map(|work| append(server, work))).await);
    }
    started
}

async fn append(server: &Server, work: Work) -> Started {
    let ready = Ready::find(server, &work)?;
    let appended = ready.partition.append(&ready.append).await;
    ready.started(appended)
}

/// A batch beside its partition.
struct Ready<'a> {
    partition: Rc<Partition>,
    log_start: Offset,
    append: Append<'a>,
}

impl<'a> Ready<'a> {
    fn find(server: &Server, work: &'a Work) -> Result<Self, Refused> {
        let (partition, leader_epoch) = server.led(work.partition())?;
        let log_start = partition.offsets().log_start;
        let batch = match work {
            Work::Append(batch) => batch,
            Work::Refuse(_, refused) => return Err(Refused { log_start, ..refused.clone() }),
        };
        let append = Append { batches: &batch.bytes, origin: Origin::Client, leader_epoch, restamp: batch.restamp };
        Ok(Self { partition, log_start, append })
    }

    fn started(self, appended: Result<Appended, AppendError>) -> Started {
        match appended {
            Ok(appended) => Ok((self.partition, appended)),
            Err(error) => {
                let log_start = if matches!(error, AppendError::Sequence(_)) { self.log_start } else { UNTOLD };
                Err(Refused { log_start, ..refused(error.code(), &error) })
            }
        }
    }
}

fn refused(code: ErrorCode, why: &dyn std::fmt::Display) -> Refused {
    Refused { message: Some(why.to_string()), ..Refused::from(code) }
}

/// acks=0: nobody is told; an error closes the connection, so that the client refreshes its metadata.
fn without_answer(topics: &[TopicOutcome<'_>]) -> Outcome {
    let mut results = topics.iter().flat_map(|topic| topic.partitions.iter().map(move |outcome| (topic.name, outcome)));
    let failed =
        results.find_map(|(name, outcome)| outcome.result.as_ref().err().map(|error| (name, outcome.index, error)));
    match failed {
        None => Outcome::Silent,
        Some((name, index, error)) => {
            Outcome::Close(format!("Produce with acks=0 to {name}-{index} failed: {}", error.code.name()))
        }
    }
}

fn answer<'a>(topics: &'a [TopicOutcome<'a>]) -> ProduceResponse<'a> {
    let responses = topics
        .iter()
        .map(|topic| TopicProduceResponse {
            name: topic.name,
            topic_id: topic.id.0,
            partition_responses: topic.partitions.iter().map(partition_answer).collect(),
        })
        .collect();
    ProduceResponse { responses, ..Default::default() }
}

fn partition_answer(outcome: &PartitionOutcome) -> PartitionProduceResponse<'_> {
    let index = outcome.index;
    match &outcome.result {
        Ok(appended) => PartitionProduceResponse {
            index,
            base_offset: appended.base_offset,
            log_append_time_ms: appended.log_append_time_ms,
            log_start_offset: appended.log_start,
            ..Default::default()
        },
        Err(refused) => PartitionProduceResponse {
            index,
            error_code: refused.code.code(),
            base_offset: -1,
            log_start_offset: refused.log_start,
            record_errors: record_errors(refused),
            error_message: refused.message.as_deref(),
            ..Default::default()
        },
    }
}

fn record_errors(refused: &Refused) -> Array<'_, BatchIndexAndErrorMessage<'_>> {
    refused
        .records
        .iter()
        .map(|(index, message)| BatchIndexAndErrorMessage {
            batch_index: *index,
            batch_index_error_message: Some(message),
        })
        .collect()
}
