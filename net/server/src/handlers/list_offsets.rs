//! ListOffsets: a partition's start, end, or the first record at or after a time.

use std::collections::BTreeMap;
use std::rc::Rc;

use futures_util::future::join_all;
use millrace_base::code::ErrorCode;
use millrace_base::hash::Map;
use millrace_base::ids::{CoreId, LeaderEpoch, Offset, TopicPartition};
use millrace_wire::messages::list_offsets::{
    ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse, ListOffsetsTopicResponse,
};
use millrace_wire::{Reader, WireError};

use super::{leader_epoch_error, respond};
use crate::dispatch::{self, CoreCall};
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::server::Server;

/// Answers carry a leader epoch from this version on.
const LEADER_EPOCH_VERSION: i16 = 4;
/// What stands where no leader epoch is known.
const NO_EPOCH: LeaderEpoch = -1;

/// Kafka's special timestamps.
mod special {
    /// The high watermark (or last stable offset).
    pub(super) const LATEST: i64 = -1;
    /// The log start offset.
    pub(super) const EARLIEST: i64 = -2;
    /// The record with the largest timestamp (KIP-734).
    pub(super) const MAX_TIMESTAMP: i64 = -3;
    /// The start of what is on local disks; without tiered storage the log start offset.
    pub(super) const EARLIEST_LOCAL: i64 = -4;
    /// The end of what is in tiered storage: there is none.
    pub(super) const LATEST_TIERED: i64 = -5;
    /// The start of what is not yet in tiered storage: there is none (KIP-1023).
    pub(super) const EARLIEST_PENDING_UPLOAD: i64 = -6;

    /// The first version that knows a special timestamp; `None` for one that no version knows.
    pub(super) fn first_version(timestamp: i64) -> Option<i16> {
        match timestamp {
            MAX_TIMESTAMP => Some(7),
            EARLIEST_LOCAL => Some(8),
            LATEST_TIERED => Some(9),
            EARLIEST_PENDING_UPLOAD => Some(11),
            LATEST | EARLIEST | 0.. => Some(1),
            _ => None,
        }
    }
}

/// A partition's place in the request: its topic's, and its own.
type Place = (usize, usize);

/// One partition's question.
#[derive(Clone, Copy)]
struct Query {
    partition: TopicPartition,
    current_leader_epoch: LeaderEpoch,
    timestamp: i64,
}

/// Its answer; `-1` where there is nothing to say.
#[derive(Clone, Copy)]
struct Position {
    error: ErrorCode,
    timestamp: i64,
    offset: Offset,
    leader_epoch: LeaderEpoch,
}

impl Position {
    const NONE: Position = Position { error: ErrorCode::None, timestamp: -1, offset: -1, leader_epoch: -1 };

    fn error(error: ErrorCode) -> Self {
        Self { error, ..Self::NONE }
    }
}

pub(super) async fn handle(server: Rc<Server>, request: Request) -> Result<Outcome, WireError> {
    let body = ListOffsetsRequest::decode(&mut Reader::new(request.body()), request.api_version)?;
    let mut by_core: BTreeMap<CoreId, (Vec<Place>, Vec<Query>)> = BTreeMap::new();
    let version = request.api_version;
    let is_known = |timestamp| special::first_version(timestamp).is_some_and(|first| version >= first);
    let mut topics = Vec::with_capacity(body.topics.len());
    for (topic_at, topic) in body.topics.iter().enumerate() {
        let found = find_topic(&server, &request, topic.name);
        let mut positions: Vec<(i32, Position)> = Vec::with_capacity(topic.partitions.len());
        let mut times_asked: Map<i32, usize> = Map::default();
        for asked in topic.partitions.iter() {
            *times_asked.entry(asked.partition_index).or_default() += 1;
        }
        for asked in topic.partitions.iter() {
            let is_repeated = times_asked.get(&asked.partition_index).is_some_and(|times| *times > 1);
            if is_repeated && positions.iter().any(|(index, _)| *index == asked.partition_index) {
                continue;
            }
            let partition_at = positions.len();
            let index = asked.partition_index;
            let exists = |(_, count): (_, usize)| usize::try_from(index).is_ok_and(|index| index < count);
            let position = match found {
                _ if is_repeated => Position::error(ErrorCode::InvalidRequest),
                Err(error) => Position::error(error),
                Ok(topic) if !exists(topic) => Position::error(ErrorCode::UnknownTopicOrPartition),
                Ok(_) if !is_known(asked.timestamp) => Position::error(ErrorCode::UnsupportedVersion),
                Ok((topic, _)) => {
                    let partition = TopicPartition { topic, partition: index };
                    let query = Query {
                        partition,
                        current_leader_epoch: asked.current_leader_epoch,
                        timestamp: asked.timestamp,
                    };
                    let (places, queries) = by_core.entry(server.owner(partition)).or_default();
                    places.push((topic_at, partition_at));
                    queries.push(query);
                    Position::NONE
                }
            };
            positions.push((index, position));
        }
        topics.push((topic.name, positions));
    }
    let calls = by_core.into_iter().map(|(core, (places, queries))| {
        let server = &server;
        async move { (places, dispatch::call(server, core, FindOffsets(queries)).await) }
    });
    for (places, positions) in join_all(calls).await {
        for ((topic, partition), position) in places.into_iter().zip(positions) {
            if let Some(slot) = topics.get_mut(topic).and_then(|(_, positions)| positions.get_mut(partition)) {
                slot.1 = position;
            }
        }
    }
    let topics = topics.iter().map(|(name, positions)| ListOffsetsTopicResponse {
        name,
        partitions: positions.iter().map(|(index, position)| partition_answer(version, *index, *position)).collect(),
    });
    let response = ListOffsetsResponse { topics: topics.collect(), ..Default::default() };
    respond(&request, |writer| response.encode(writer, request.api_version))
}

fn find_topic(
    server: &Server,
    request: &Request,
    name: &str,
) -> Result<(millrace_base::ids::TopicId, usize), ErrorCode> {
    let image = server.image();
    let topic = image.topic(name).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    if !request.authorize(Operation::Describe, Resource::Topic(name)) {
        return Err(ErrorCode::TopicAuthorizationFailed);
    }
    Ok((topic.id, topic.partitions.len()))
}

fn partition_answer(version: i16, partition_index: i32, position: Position) -> ListOffsetsPartitionResponse {
    let leader_epoch = if version >= LEADER_EPOCH_VERSION { position.leader_epoch } else { -1 };
    ListOffsetsPartitionResponse {
        partition_index,
        error_code: position.error.code(),
        timestamp: position.timestamp,
        offset: position.offset,
        leader_epoch,
    }
}

/// Answers queries on the core that owns their partitions.
struct FindOffsets(Vec<Query>);

impl CoreCall for FindOffsets {
    type Reply = Vec<Position>;
    const CANCELLABLE: bool = true;

    async fn run(self, server: Rc<Server>) -> Self::Reply {
        let mut positions = Vec::with_capacity(self.0.len());
        for query in self.0 {
            positions.push(find(&server, query).await);
        }
        positions
    }
}

/// The first offset of a partition whose record has at least a time, or what a special timestamp stands for; -1 when
/// there is none.
pub(crate) async fn find_offset(
    server: &Rc<Server>,
    partition: TopicPartition,
    timestamp: i64,
) -> Result<Offset, ErrorCode> {
    if special::first_version(timestamp).is_none() {
        return Err(ErrorCode::InvalidRequest);
    }
    let query = Query { partition, current_leader_epoch: NO_EPOCH, timestamp };
    let found = dispatch::call(server, server.owner(partition), FindOffsets(vec![query])).await;
    let position = found.first().copied().unwrap_or(Position::NONE);
    if position.error == ErrorCode::None { Ok(position.offset) } else { Err(position.error) }
}

async fn find(server: &Server, query: Query) -> Position {
    let (partition, current_epoch) = match server.led(query.partition) {
        Ok(led) => led,
        Err(error) => return Position::error(error),
    };
    if let Some(error) = leader_epoch_error(current_epoch, query.current_leader_epoch) {
        return Position::error(error);
    }
    let offsets = partition.offsets();
    let at = |offset: Offset| {
        // What is not there yet will be written in the current epoch.
        let is_written = offset < offsets.log_end;
        let leader_epoch = if is_written { partition.leader_epoch_at(offset) } else { current_epoch };
        Position { error: ErrorCode::None, timestamp: -1, offset, leader_epoch }
    };
    let found = match query.timestamp {
        special::LATEST => return at(offsets.high_watermark),
        special::EARLIEST | special::EARLIEST_LOCAL => return at(offsets.log_start),
        special::LATEST_TIERED | special::EARLIEST_PENDING_UPLOAD => return Position::NONE,
        special::MAX_TIMESTAMP => match partition.offset_of_max_timestamp().await {
            // Records without timestamps: the first of them is as good as any.
            Ok(None) if offsets.log_start < offsets.high_watermark => return at(offsets.log_start),
            found => found,
        },
        timestamp => partition.offset_for_timestamp(timestamp).await,
    };
    match found {
        Ok(Some((offset, timestamp))) => Position { timestamp, ..at(offset) },
        Ok(None) => Position::NONE,
        Err(error) => Position::error(error.code()),
    }
}
