//! Produce: batches are checked on the connection's core, appended on the owning core, and acknowledged once durable.

use std::rc::Rc;

use millrace_base::code::ErrorCode;
use millrace_base::ids::{PartitionIndex, TopicId};
use millrace_log::Appended;
use millrace_runtime::sync::Permit;
use millrace_wire::messages::produce::{
    BatchIndexAndErrorMessage, PartitionProduceResponse, ProduceRequest, ProduceResponse, TopicProduceResponse,
};
use millrace_wire::{Array, Reader, WireError};

use super::respond;
use crate::appending::{AppendBatches, Refused, Wait, Work};
use crate::incoming::{By, Target};
use crate::request::Request;
use crate::response::Outcome;
use crate::scatter::Scatter;
use crate::server::Server;

/// Topics are named by id from this version on.
const TOPIC_ID_VERSION: i16 = 13;

/// What has become of one partition's batch.
struct PartitionOutcome {
    index: PartitionIndex,
    result: Result<Appended, Refused>,
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
                .and_then(|target| {
                    let records = partition.records.and_then(|records| records.as_slice()).unwrap_or_default();
                    target.take(server, partition.index, records, |records| request.share(records), rewritten)
                });
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

/// The topic that a request means, if it may be written.
fn find_topic(server: &Server, request: &Request, name: &str, id: TopicId) -> Result<Target, ErrorCode> {
    let image = server.image();
    let by_id = request.api_version >= TOPIC_ID_VERSION;
    let topic = if by_id { image.topic_by_id(id) } else { image.topic(name) };
    let missing = if by_id { ErrorCode::UnknownTopicId } else { ErrorCode::UnknownTopicOrPartition };
    let topic = topic.ok_or(missing)?;
    Target::find(
        server,
        &request.context.principal,
        request.client_id(),
        topic,
        By::Kafka { api_version: request.api_version },
    )
}

fn check_acks(acks: i16) -> Result<(), Refused> {
    match acks {
        -1..=1 => Ok(()),
        _ => Err(ErrorCode::InvalidRequiredAcks.into()),
    }
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
