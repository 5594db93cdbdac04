//! DeleteRecords: everything below an offset goes, partition by partition.

use std::collections::BTreeMap;
use std::rc::Rc;

use futures_util::future::join_all;
use millrace_base::code::ErrorCode;
use millrace_base::ids::{CoreId, Offset, TopicId, TopicPartition};
use millrace_wire::messages::delete_records::{
    DeleteRecordsPartitionResult, DeleteRecordsRequest, DeleteRecordsResponse, DeleteRecordsTopicResult,
};
use millrace_wire::{Reader, WireError};

use super::respond;
use crate::dispatch::{self, CoreCall};
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::server::Server;
use crate::topic_configs;

/// Stands for the high watermark.
const HIGH_WATERMARK: Offset = -1;
/// The low watermark in the answer to what failed.
const UNKNOWN_OFFSET: Offset = -1;

/// A partition's place in the request: its topic's, and its own.
type Place = (usize, usize);
/// A partition, and the offset below which everything goes.
type Wanted = (TopicPartition, Offset);
/// The log start offset that follows.
type Deleted = Result<Offset, ErrorCode>;

pub(super) async fn handle(server: Rc<Server>, request: Request) -> Result<Outcome, WireError> {
    let version = request.api_version;
    let body = DeleteRecordsRequest::decode(&mut Reader::new(request.body()), version)?;
    let mut by_core: BTreeMap<CoreId, (Vec<Place>, Vec<Wanted>)> = BTreeMap::new();
    let mut topics = Vec::with_capacity(body.topics.len());
    for (topic_at, topic) in body.topics.iter().enumerate() {
        let found = find_topic(&server, &request, topic.name);
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for (partition_at, asked) in topic.partitions.iter().enumerate() {
            let index = asked.partition_index;
            let exists = |count: usize| usize::try_from(index).is_ok_and(|index| index < count);
            let deleted: Deleted = match found {
                Err(error) => Err(error),
                Ok((_, count)) if !exists(count) => Err(ErrorCode::UnknownTopicOrPartition),
                Ok((topic, _)) => {
                    let partition = TopicPartition { topic, partition: index };
                    let (places, wanted) = by_core.entry(server.owner(partition)).or_default();
                    places.push((topic_at, partition_at));
                    wanted.push((partition, asked.offset));
                    Ok(UNKNOWN_OFFSET)
                }
            };
            partitions.push((index, deleted));
        }
        topics.push((topic.name, partitions));
    }
    let calls = by_core.into_iter().map(|(core, (places, wanted))| {
        let server = &server;
        async move { (places, dispatch::call(server, core, DeleteBelow(wanted)).await) }
    });
    for (places, deleted) in join_all(calls).await {
        for ((topic, partition), deleted) in places.into_iter().zip(deleted) {
            if let Some(slot) = topics.get_mut(topic).and_then(|(_, partitions)| partitions.get_mut(partition)) {
                slot.1 = deleted;
            }
        }
    }
    let topics = topics.iter().map(|(name, partitions)| DeleteRecordsTopicResult {
        name,
        partitions: partitions.iter().map(|(index, deleted)| partition_answer(*index, *deleted)).collect(),
    });
    let response = DeleteRecordsResponse { topics: topics.collect(), ..Default::default() };
    respond(&request, |writer| response.encode(writer, version))
}

/// The topic's id and number of partitions, if records of it may be deleted.
fn find_topic(server: &Server, request: &Request, name: &str) -> Result<(TopicId, usize), ErrorCode> {
    if !request.authorize(Operation::Delete, Resource::Topic(name)) {
        return Err(ErrorCode::TopicAuthorizationFailed);
    }
    let image = server.image();
    let topic = image.topic(name).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    match topic_configs::resolve(server, topic) {
        Ok(config) if !config.is_deletable => Err(ErrorCode::PolicyViolation),
        Ok(_) => Ok((topic.id, topic.partitions.len())),
        Err(_unusable) => Err(ErrorCode::InvalidConfig),
    }
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
            let partition = server.partition(id);
            async move {
                let partition = partition.ok_or(ErrorCode::NotLeaderOrFollower)?;
                let before = if before == HIGH_WATERMARK { partition.offsets().high_watermark } else { before };
                partition.delete_records(before).await.map_err(|error| error.code())
            }
        });
        join_all(deletions).await
    }
}
