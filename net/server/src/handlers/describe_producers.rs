//! DescribeProducers: the producers whose sequences a partition remembers (KIP-664).

use std::rc::Rc;

use millrace_base::code::ErrorCode;
use millrace_base::ids::{PartitionIndex, TopicId, TopicPartition};
use millrace_cluster::metadata::{CommandError, check_topic_name};
use millrace_log::Producers;
use millrace_wire::messages::describe_producers::{
    DescribeProducersRequest, DescribeProducersResponse, PartitionResponse, ProducerState, TopicResponse,
};
use millrace_wire::{Reader, WireError};

use super::respond;
use crate::dispatch::CoreCall;
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::scatter::Scatter;
use crate::server::Server;

/// What stands where there is no transaction, and no coordinator.
const NONE: i32 = -1;

/// The producers of a partition.
type Found = Result<Vec<ProducerState>, CommandError>;

pub(super) async fn handle(server: Rc<Server>, request: Request) -> Result<Outcome, WireError> {
    let body = DescribeProducersRequest::decode(&mut Reader::new(request.body()), request.api_version)?;
    let mut queries = Scatter::default();
    let mut topics: Vec<(&str, Vec<(PartitionIndex, Found)>)> = Vec::with_capacity(body.topics.len());
    for (topic_at, topic) in body.topics.iter().enumerate() {
        let id = find_topic(&server, &request, topic.name);
        let mut partitions = Vec::with_capacity(topic.partition_indexes.len());
        for (partition_at, partition) in topic.partition_indexes.iter().enumerate() {
            let exists = |id| server.leader_epoch(TopicPartition { topic: id, partition }).is_some();
            let found = match id {
                Err(ref error) => Err(error.clone()),
                Ok(id) if !exists(id) => Err(CommandError::new(ErrorCode::UnknownTopicOrPartition, "")),
                Ok(topic) => {
                    let id = TopicPartition { topic, partition };
                    queries.add(server.owner(id), (topic_at, partition_at), id);
                    Ok(Vec::new())
                }
            };
            partitions.push((partition, found));
        }
        topics.push((topic.name, partitions));
    }
    for ((topic, partition), found) in queries.ask(&server, FindProducers).await {
        if let Some(slot) = topics.get_mut(topic).and_then(|(_, partitions)| partitions.get_mut(partition)) {
            slot.1 = found;
        }
    }
    let topics = topics.iter().map(|(name, partitions)| TopicResponse {
        name,
        partitions: partitions.iter().map(|(index, found)| answer(*index, found)).collect(),
    });
    let response = DescribeProducersResponse { topics: topics.collect(), ..Default::default() };
    respond(&request, |writer| response.encode(writer, request.api_version))
}

fn find_topic(server: &Server, request: &Request, name: &str) -> Result<TopicId, CommandError> {
    let refused = |error: ErrorCode| CommandError::new(error, error.message());
    if !request.authorize(Operation::Read, Resource::Topic(name)) {
        return Err(refused(ErrorCode::TopicAuthorizationFailed));
    }
    check_topic_name(name)?;
    let id = server.image().topic(name).map(|topic| topic.id);
    id.ok_or_else(|| refused(ErrorCode::UnknownTopicOrPartition))
}

fn answer(partition_index: PartitionIndex, found: &Found) -> PartitionResponse<'_> {
    match found {
        Ok(producers) => {
            let active_producers = producers.iter().cloned().collect();
            PartitionResponse { partition_index, active_producers, ..Default::default() }
        }
        Err(CommandError { code, message }) => {
            let error_message = Some(message.as_str()).filter(|message| !message.is_empty());
            PartitionResponse { partition_index, error_code: code.code(), error_message, ..Default::default() }
        }
    }
}

/// Lists producers on the core that owns their partitions.
struct FindProducers(Vec<TopicPartition>);

impl CoreCall for FindProducers {
    type Reply = Vec<Found>;
    const CANCELLABLE: bool = true;

    async fn run(self, server: Rc<Server>) -> Self::Reply {
        let of = |id| server.led(id).map(|(partition, _)| describe(&partition.producers()));
        self.0.into_iter().map(|id| of(id).map_err(|error| CommandError::new(error, ""))).collect()
    }
}

fn describe(producers: &Producers) -> Vec<ProducerState> {
    let newest = producers.entries().map(|(producer_id, epoch, batches)| (producer_id, epoch, batches.last()));
    let state = newest.map(|(producer_id, epoch, newest)| ProducerState {
        producer_id,
        producer_epoch: i32::from(epoch),
        last_sequence: newest.map_or(NONE, |batch| batch.last_sequence),
        last_timestamp: newest.map_or(i64::from(NONE), |batch| batch.timestamp_ms),
        coordinator_epoch: NONE,
        current_txn_start_offset: i64::from(NONE),
    });
    state.collect()
}
