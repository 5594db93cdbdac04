//! OffsetForLeaderEpoch: where an epoch ends in a partition's log, so that a client finds out where its view and the
//! leader's part (KIP-101, KIP-320).

use std::rc::Rc;

use millrace_base::code::ErrorCode;
use millrace_base::ids::{LeaderEpoch, Offset, PartitionIndex, TopicId, TopicPartition};
use millrace_log::Partition;
use millrace_wire::messages::offset_for_leader_epoch::{
    EpochEndOffset, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, OffsetForLeaderTopicResult,
};
use millrace_wire::{Reader, WireError};

use super::leader_epoch_error;
use super::respond;
use crate::dispatch::CoreCall;
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::scatter::Scatter;
use crate::server::Server;

/// What stands where no epoch, and no offset, is known.
const UNKNOWN: (LeaderEpoch, Offset) = (-1, -1);

/// One partition's question.
#[derive(Clone, Copy)]
struct Query {
    partition: TopicPartition,
    current_leader_epoch: LeaderEpoch,
    leader_epoch: LeaderEpoch,
}

/// The greatest epoch that is not above `requested`, and its end (exclusive).
type End = Result<(LeaderEpoch, Offset), ErrorCode>;

pub(super) async fn handle(server: Rc<Server>, request: Request) -> Result<Outcome, WireError> {
    let body = OffsetForLeaderEpochRequest::decode(&mut Reader::new(request.body()), request.api_version)?;
    let mut queries = Scatter::default();
    let mut topics: Vec<(&str, Vec<(PartitionIndex, End)>)> = Vec::with_capacity(body.topics.len());
    for (topic_at, topic) in body.topics.iter().enumerate() {
        let found = find_topic(&server, &request, topic.topic);
        let mut ends = Vec::with_capacity(topic.partitions.len());
        for (partition_at, asked) in topic.partitions.iter().enumerate() {
            let exists = |count| usize::try_from(asked.partition).is_ok_and(|index| index < count);
            let end = match found {
                Err(error) => Err(error),
                Ok((_, count)) if !exists(count) => Err(ErrorCode::UnknownTopicOrPartition),
                Ok((topic, _)) => {
                    let partition = TopicPartition { topic, partition: asked.partition };
                    let (current_leader_epoch, leader_epoch) = (asked.current_leader_epoch, asked.leader_epoch);
                    let query = Query { partition, current_leader_epoch, leader_epoch };
                    queries.add(server.owner(partition), (topic_at, partition_at), query);
                    Ok(UNKNOWN)
                }
            };
            ends.push((asked.partition, end));
        }
        topics.push((topic.topic, ends));
    }
    for ((topic, partition), end) in queries.ask(&server, FindEnds).await {
        if let Some(slot) = topics.get_mut(topic).and_then(|(_, ends)| ends.get_mut(partition)) {
            slot.1 = end;
        }
    }
    let topics = topics.iter().map(|(topic, ends)| OffsetForLeaderTopicResult {
        topic,
        partitions: ends.iter().map(|(partition, end)| answer(*partition, *end)).collect(),
    });
    let response = OffsetForLeaderEpochResponse { topics: topics.collect(), ..Default::default() };
    respond(&request, |writer| response.encode(writer, request.api_version))
}

fn find_topic(server: &Server, request: &Request, name: &str) -> Result<(TopicId, usize), ErrorCode> {
    let image = server.image();
    let topic = image.topic(name).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    if !request.authorize(Operation::Describe, Resource::Topic(name)) {
        return Err(ErrorCode::TopicAuthorizationFailed);
    }
    Ok((topic.id, topic.partitions.len()))
}

fn answer(partition: PartitionIndex, end: End) -> EpochEndOffset {
    let (leader_epoch, end_offset) = end.unwrap_or(UNKNOWN);
    let error_code = end.err().unwrap_or_default().code();
    EpochEndOffset { error_code, partition, leader_epoch, end_offset }
}

/// Answers queries on the core that owns their partitions.
struct FindEnds(Vec<Query>);

impl CoreCall for FindEnds {
    type Reply = Vec<End>;
    const CANCELLABLE: bool = true;

    async fn run(self, server: Rc<Server>) -> Self::Reply {
        self.0.into_iter().map(|query| find(&server, query)).collect()
    }
}

fn find(server: &Server, query: Query) -> End {
    let (partition, current) = server.led(query.partition)?;
    match leader_epoch_error(current, query.current_leader_epoch) {
        Some(error) => Err(error),
        None => Ok(end_of_epoch(&partition, current, query.leader_epoch)),
    }
}

/// The greatest epoch that is not above `requested`, and its end (exclusive); `current` is the one in which this broker
/// leads, which may have no records yet. `(-1, -1)` when nothing is known.
pub(super) fn end_of_epoch(
    partition: &Partition,
    current: LeaderEpoch,
    requested: LeaderEpoch,
) -> (LeaderEpoch, Offset) {
    let log_end = partition.offsets().log_end;
    if requested == current {
        return (current, log_end);
    }
    let latest = partition.leader_epoch();
    if requested < current && requested != UNKNOWN.0 {
        if latest < 0 {
            // The current epoch is the first, and begins where the log ends.
            return (requested, log_end);
        }
        if latest < requested {
            return (latest, log_end);
        }
    }
    partition.offset_for_leader_epoch(requested)
}
