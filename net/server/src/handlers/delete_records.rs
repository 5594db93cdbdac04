//! DeleteRecords: everything below an offset goes, partition by partition.

use std::collections::BTreeMap;
use std::rc::Rc;

use futures_util::future::join_all;
use millrace_base::code::ErrorCode;
use millrace_base::ids::{Offset, PartitionIndex, TopicId, TopicPartition};
use millrace_wire::messages::delete_records::{
    DeleteRecordsPartitionResult, DeleteRecordsRequest, DeleteRecordsResponse, DeleteRecordsTopicResult,
};
use millrace_wire::{Reader, WireError};

use super::respond;
use crate::dispatch::CoreCall;
use crate::internal_topics;
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::scatter::Scatter;
use crate::server::Server;
use crate::topic_configs;

/// Stands for the high watermark.
const HIGH_WATERMARK: Offset = -1;
/// The low watermark in the answer to what failed.
const UNKNOWN_OFFSET: Offset = -1;

/// A partition, and the offset below which everything goes.
type Wanted = (TopicPartition, Offset);
/// The log start offset that follows.
type Deleted = Result<Offset, ErrorCode>;

pub(super) async fn handle(server: Rc<Server>, request: Request) -> Result<Outcome, WireError> {
    let version = request.api_version;
    let body = DeleteRecordsRequest::decode(&mut Reader::new(request.body()), version)?;
    // Of what is named twice the last counts, as in Kafka; a topic without partitions is not answered.
    let mut wanted: BTreeMap<&str, BTreeMap<PartitionIndex, Offset>> = BTreeMap::new();
    for topic in body.topics.iter() {
        for partition in topic.partitions.iter() {
            wanted.entry(topic.name).or_default().insert(partition.partition_index, partition.offset);
        }
    }
    let mut deletions = Scatter::default();
    let mut topics: Vec<(&str, BTreeMap<PartitionIndex, Deleted>)> = Vec::with_capacity(wanted.len());
    for (name, partitions) in wanted {
        let found = find_topic(&server, &request, name);
        let partitions = partitions.into_iter().map(|(index, before)| {
            let exists = |count: usize| usize::try_from(index).is_ok_and(|index| index < count);
            let deleted = match found {
                Err(error) => Err(error),
                Ok(found) if !exists(found.partitions) => Err(ErrorCode::UnknownTopicOrPartition),
                Ok(Found { refused: Some(error), .. }) => Err(error),
                Ok(Found { topic, .. }) => {
                    let partition = TopicPartition { topic, partition: index };
                    deletions.add(server.owner(partition), (topics.len(), index), (partition, before));
                    Ok(UNKNOWN_OFFSET)
                }
            };
            (index, deleted)
        });
        let partitions = partitions.collect();
        topics.push((name, partitions));
    }
    for ((topic, index), deleted) in deletions.ask(&server, DeleteBelow).await {
        if let Some((_, partitions)) = topics.get_mut(topic) {
            partitions.insert(index, deleted);
        }
    }
    let topics = topics.iter().map(|(name, partitions)| DeleteRecordsTopicResult {
        name,
        partitions: partitions.iter().map(|(index, deleted)| partition_answer(*index, *deleted)).collect(),
    });
    let response = DeleteRecordsResponse { topics: topics.collect(), ..Default::default() };
    respond(&request, |writer| response.encode(writer, version))
}

/// A topic of the request.
#[derive(Clone, Copy)]
struct Found {
    topic: TopicId,
    partitions: usize,
    /// Why records of it may not be deleted.
    refused: Option<ErrorCode>,
}

fn find_topic(server: &Server, request: &Request, name: &str) -> Result<Found, ErrorCode> {
    if !request.authorize(Operation::Delete, Resource::Topic(name)) {
        return Err(ErrorCode::TopicAuthorizationFailed);
    }
    let image = server.image();
    let topic = image.topic(name).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    let refused = match topic_configs::resolve(server, topic) {
        _ if internal_topics::is_internal(name) => Some(ErrorCode::InvalidTopicException),
        Ok(config) if config.compaction.is_some() && !config.is_deletable => Some(ErrorCode::PolicyViolation),
        Ok(_) => None,
        Err(_unusable) => Some(ErrorCode::InvalidConfig),
    };
    Ok(Found { topic: topic.id, partitions: topic.partitions.len(), refused })
}

fn partition_answer(partition_index: i32, deleted: Deleted) -> DeleteRecordsPartitionResult {
    DeleteRecordsPartitionResult {
        partition_index,
        low_watermark: deleted.unwrap_or(UNKNOWN_OFFSET),
        error_code: deleted.err().unwrap_or(ErrorCode::None).code(),
    }
}

/// Deletes records on the core that owns their partitions.
struct DeleteBelow(Vec<Wanted>);

impl CoreCall for DeleteBelow {
    type Reply = Vec<Deleted>;
    const CANCELLABLE: bool = false;

    async fn run(self, server: Rc<Server>) -> Self::Reply {
        let deletions = self.0.into_iter().map(|(id, before)| {
            let led = server.led(id);
            async move {
                let (partition, _) = led?;
                let before = if before == HIGH_WATERMARK { partition.offsets().high_watermark } else { before };
                partition.delete_records(before).await.map_err(|error| error.code())
            }
        });
        join_all(deletions).await
    }
}
