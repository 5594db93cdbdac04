//! OffsetCommit: answered once the offsets are durable.

use std::rc::Rc;

use millrace_base::code::ErrorCode;
use millrace_base::ids::{PartitionIndex, TopicId};
use millrace_cluster::group::{self, Answer, Commit, CommitOffset};
use millrace_wire::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestTopic, OffsetCommitResponse, OffsetCommitResponsePartition,
    OffsetCommitResponseTopic,
};
use millrace_wire::{Reader, WireError};

use super::respond;
use crate::groups;
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::server::Server;

/// Topics are named by id from this version on.
const TOPIC_ID_VERSION: i16 = 10;
/// Clients know KIP-848 from this version on.
const KIP_848_VERSION: i16 = 9;

/// A topic of the request, in its order, with what became of each partition.
struct Topic<'a> {
    name: &'a str,
    id: TopicId,
    partitions: Vec<(PartitionIndex, ErrorCode)>,
}

pub(super) async fn handle(server: Rc<Server>, request: Request) -> Result<Outcome, WireError> {
    let version = request.api_version;
    let body = OffsetCommitRequest::decode(&mut Reader::new(request.body()), version)?;
    let may_commit = request.authorize(Operation::Read, Resource::Group(body.group_id));
    let mut offsets = Vec::new();
    let mut places = Vec::new();
    let mut topics = Vec::with_capacity(body.topics.len());
    for topic in body.topics.iter() {
        let target =
            if may_commit { find(&server, &request, &topic) } else { Err(ErrorCode::GroupAuthorizationFailed) };
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for partition in topic.partitions.iter() {
            let index = partition.partition_index;
            let code = match &target {
                Err(error) => *error,
                Ok(Target { partitions: count, .. }) if !usize::try_from(index).is_ok_and(|index| index < *count) => {
                    ErrorCode::UnknownTopicOrPartition
                }
                Ok(Target { name, id, .. }) => {
                    places.push((topics.len(), partitions.len()));
                    offsets.push(CommitOffset {
                        topic: name.clone(),
                        topic_id: *id,
                        partition: index,
                        offset: partition.committed_offset,
                        leader_epoch: partition.committed_leader_epoch,
                        metadata: partition.committed_metadata.unwrap_or_default().to_owned(),
                    });
                    ErrorCode::None
                }
            };
            partitions.push((index, code));
        }
        topics.push(Topic { name: topic.name, id: TopicId(topic.topic_id), partitions });
    }
    if !offsets.is_empty() {
        let codes = commit(&server, &body, version, offsets).await;
        for ((topic, partition), code) in places.into_iter().zip(codes) {
            if let Some(place) = topics.get_mut(topic).and_then(|topic| topic.partitions.get_mut(partition)) {
                place.1 = code;
            }
        }
    }
    let response = OffsetCommitResponse { topics: topics.iter().map(describe).collect(), ..Default::default() };
    respond(&request, |writer| response.encode(writer, version))
}

/// A topic whose offsets may be committed, whichever way it was named.
struct Target {
    name: String,
    id: TopicId,
    partitions: usize,
}

/// Finds a topic of the request.
fn find(server: &Server, request: &Request, asked: &OffsetCommitRequestTopic<'_>) -> Result<Target, ErrorCode> {
    let image = server.image();
    let (topic, missing) = if request.api_version >= TOPIC_ID_VERSION {
        (image.topic_by_id(TopicId(asked.topic_id)), ErrorCode::UnknownTopicId)
    } else {
        (image.topic(asked.name), ErrorCode::UnknownTopicOrPartition)
    };
    let topic = topic.ok_or(missing)?;
    if !request.authorize(Operation::Read, Resource::Topic(&topic.name)) {
        return Err(ErrorCode::TopicAuthorizationFailed);
    }
    Ok(Target { name: topic.name.clone(), id: topic.id, partitions: topic.partitions.len() })
}

async fn commit(
    server: &Rc<Server>,
    body: &OffsetCommitRequest<'_>,
    version: i16,
    offsets: Vec<CommitOffset>,
) -> Vec<ErrorCode> {
    let commit = Commit {
        group: body.group_id.to_owned(),
        member_id: body.member_id.to_owned(),
        instance_id: body.group_instance_id.map(str::to_owned),
        generation: body.generation_id_or_member_epoch,
        knows_kip_848: version >= KIP_848_VERSION,
        retention_ms: (body.retention_time_ms != -1).then_some(body.retention_time_ms),
        offsets,
    };
    match groups::ask(server, group::Request::Commit(commit)).await {
        Answer::Commit(codes) => codes,
        other => unreachable!("OffsetCommit is answered with {other:?}"),
    }
}

fn describe<'a>(topic: &Topic<'a>) -> OffsetCommitResponseTopic<'a> {
    let partitions = topic.partitions.iter().map(|(partition_index, code)| OffsetCommitResponsePartition {
        partition_index: *partition_index,
        error_code: code.code(),
    });
    OffsetCommitResponseTopic { name: topic.name, topic_id: topic.id.0, partitions: partitions.collect() }
}
