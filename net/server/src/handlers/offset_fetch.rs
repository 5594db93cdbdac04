//! OffsetFetch: of one group, or from version 8 on of several.

use std::rc::Rc;

use futures_util::future::join_all;
use millrace_base::code::ErrorCode;
use millrace_base::ids::{PartitionIndex, TopicId};
use millrace_cluster::group::{self, Answer, CommittedOffset, FetchOffsets, FetchedOffset, TopicPartitions};
use millrace_wire::messages::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopics, OffsetFetchResponse,
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions, OffsetFetchResponseTopic,
    OffsetFetchResponseTopics,
};
use millrace_wire::{Array, Reader, WireError};

use super::respond;
use crate::groups;
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::server::Server;

/// An answer has a code for the whole of it from this version on.
const ERROR_VERSION: i16 = 2;
/// Several groups may be asked for from this version on.
const BATCH_VERSION: i16 = 8;
/// Topics are named by id from this version on.
const TOPIC_ID_VERSION: i16 = 10;
/// Of a partition without a committed offset, and of an unknown epoch.
const NONE: i32 = -1;

/// A group's topics, in the order of the request.
struct Group<'a> {
    id: &'a str,
    result: Result<Vec<Topic>, ErrorCode>,
}

struct Topic {
    name: String,
    id: TopicId,
    partitions: Vec<Partition>,
}

struct Partition {
    index: PartitionIndex,
    result: Result<Option<CommittedOffset>, ErrorCode>,
}

/// Partitions to ask for, or those of a topic that cannot be asked for.
type Wanted = Result<TopicPartitions, (String, Vec<PartitionIndex>, ErrorCode)>;

pub(super) async fn handle(server: Rc<Server>, request: Request) -> Result<Outcome, WireError> {
    let version = request.api_version;
    let body = OffsetFetchRequest::decode(&mut Reader::new(request.body()), version)?;
    if version >= BATCH_VERSION {
        let groups = join_all(body.groups.iter().map(|group| fetch(&server, &request, group))).await;
        let groups = groups.iter().map(describe_group).collect();
        let response = OffsetFetchResponse { groups, ..Default::default() };
        return respond(&request, |writer| response.encode(writer, version));
    }
    let only = fetch(&server, &request, as_group(&body)).await;
    let error = only.result.as_ref().err().copied().unwrap_or(ErrorCode::None);
    let topics = match &only.result {
        Ok(topics) => topics.iter().map(describe_topic).collect(),
        Err(error) if version < ERROR_VERSION => refuse_each(&body, *error),
        Err(_) => Array::default(),
    };
    let response = OffsetFetchResponse { topics, error_code: error.code(), ..Default::default() };
    respond(&request, |writer| response.encode(writer, version))
}

/// The one group of an older version.
fn as_group<'a>(body: &OffsetFetchRequest<'a>) -> OffsetFetchRequestGroup<'a> {
    let topics = body.topics.as_ref().map(|topics| {
        let topics = topics.iter().map(|topic| OffsetFetchRequestTopics {
            name: topic.name,
            topic_id: [0; 16],
            partition_indexes: topic.partition_indexes,
        });
        topics.collect()
    });
    OffsetFetchRequestGroup { group_id: body.group_id, topics, ..Default::default() }
}

async fn fetch<'a>(server: &Rc<Server>, request: &Request, asked: OffsetFetchRequestGroup<'a>) -> Group<'a> {
    let id = asked.group_id;
    if !request.authorize(Operation::Describe, Resource::Group(id)) {
        return Group { id, result: Err(ErrorCode::GroupAuthorizationFailed) };
    }
    let wanted: Option<Vec<(TopicId, Wanted)>> =
        asked.topics.as_ref().map(|topics| topics.iter().map(|topic| find(server, request, &topic)).collect());
    let topics = wanted.as_ref().map(|wanted| wanted.iter().filter_map(|(_, found)| found.as_ref().ok().cloned()));
    let question = FetchOffsets {
        group: id.to_owned(),
        member_id: asked.member_id.map(str::to_owned),
        member_epoch: asked.member_epoch,
        topics: topics.map(Iterator::collect),
    };
    let fetched = match groups::ask(server, group::Request::FetchOffsets(question)).await {
        Answer::FetchOffsets(Ok(fetched)) => fetched,
        Answer::FetchOffsets(Err(error)) => return Group { id, result: Err(error) },
        other => unreachable!("OffsetFetch is answered with {other:?}"),
    };
    let topics = match wanted {
        Some(wanted) => in_order_of_request(wanted, fetched),
        None => all_topics(server, request, fetched),
    };
    Group { id, result: Ok(topics) }
}

/// A topic that is asked for, by its name.
fn find(server: &Server, request: &Request, asked: &OffsetFetchRequestTopics<'_>) -> (TopicId, Wanted) {
    let id = TopicId(asked.topic_id);
    let partitions: Vec<PartitionIndex> = asked.partition_indexes.iter().collect();
    let name = if request.api_version >= TOPIC_ID_VERSION {
        server.image().topic_by_id(id).map(|topic| topic.name.clone())
    } else {
        Some(asked.name.to_owned())
    };
    let Some(topic) = name else { return (id, Err((String::new(), partitions, ErrorCode::UnknownTopicId))) };
    if !request.authorize(Operation::Describe, Resource::Topic(&topic)) {
        return (id, Err((topic, partitions, ErrorCode::TopicAuthorizationFailed)));
    }
    (id, Ok(TopicPartitions { topic, topic_id: id, partitions }))
}

/// Puts what was fetched where it was asked for.
fn in_order_of_request(wanted: Vec<(TopicId, Wanted)>, fetched: Vec<FetchedOffset>) -> Vec<Topic> {
    let mut fetched = fetched.into_iter();
    let topic = |(id, wanted): (TopicId, Wanted)| match wanted {
        Ok(TopicPartitions { topic: name, partitions, .. }) => {
            let found = fetched.by_ref().take(partitions.len());
            let partitions = found.map(|found| Partition { index: found.partition, result: Ok(found.committed) });
            Topic { name, id, partitions: partitions.collect() }
        }
        Err((name, partitions, error)) => {
            let partitions = partitions.into_iter().map(|index| Partition { index, result: Err(error) });
            Topic { name, id, partitions: partitions.collect() }
        }
    };
    wanted.into_iter().map(topic).collect()
}

/// All that a group has committed: what lies in the same topic is together. A topic that is gone has no id to be named
/// by.
fn all_topics(server: &Server, request: &Request, fetched: Vec<FetchedOffset>) -> Vec<Topic> {
    let mut topics: Vec<Topic> = Vec::new();
    let image = server.image();
    for FetchedOffset { topic: name, partition, committed } in fetched {
        let id = image.topic(&name).map_or(TopicId::ZERO, |topic| topic.id);
        if !committed.as_ref().is_some_and(|committed| committed.is_of(id)) {
            // It is about to be forgotten: the topic was deleted, and there is another of its name.
            continue;
        }
        let found = Partition { index: partition, result: Ok(committed) };
        match topics.last_mut() {
            Some(last) if last.name == name => last.partitions.push(found),
            _ => topics.push(Topic { name, id, partitions: vec![found] }),
        }
    }
    topics.retain(|topic| request.authorize(Operation::Describe, Resource::Topic(&topic.name)));
    if request.api_version >= TOPIC_ID_VERSION {
        topics.retain(|topic| topic.id != TopicId::ZERO);
    }
    topics
}

fn describe_group<'a>(group: &'a Group<'a>) -> OffsetFetchResponseGroup<'a> {
    let describe = |topic: &'a Topic| {
        let partitions = topic.partitions.iter().map(|partition| {
            let (offset, leader_epoch, metadata, error) = partition.describe();
            OffsetFetchResponsePartitions {
                partition_index: partition.index,
                committed_offset: offset,
                committed_leader_epoch: leader_epoch,
                metadata: Some(metadata),
                error_code: error.code(),
            }
        });
        OffsetFetchResponseTopics { name: &topic.name, topic_id: topic.id.0, partitions: partitions.collect() }
    };
    match &group.result {
        Ok(topics) => OffsetFetchResponseGroup {
            group_id: group.id,
            topics: topics.iter().map(describe).collect(),
            error_code: ErrorCode::None.code(),
        },
        Err(error) => OffsetFetchResponseGroup { group_id: group.id, error_code: error.code(), ..Default::default() },
    }
}

fn describe_topic(topic: &Topic) -> OffsetFetchResponseTopic<'_> {
    let partitions = topic.partitions.iter().map(|partition| {
        let (offset, leader_epoch, metadata, error) = partition.describe();
        OffsetFetchResponsePartition {
            partition_index: partition.index,
            committed_offset: offset,
            committed_leader_epoch: leader_epoch,
            metadata: Some(metadata),
            error_code: error.code(),
        }
    });
    OffsetFetchResponseTopic { name: &topic.name, partitions: partitions.collect() }
}

/// Version 1 has no code for the whole answer: each partition carries it.
fn refuse_each<'a>(body: &OffsetFetchRequest<'a>, error: ErrorCode) -> Array<'a, OffsetFetchResponseTopic<'a>> {
    let partition = |partition_index| OffsetFetchResponsePartition {
        partition_index,
        committed_offset: i64::from(NONE),
        metadata: Some(""),
        error_code: error.code(),
        ..Default::default()
    };
    let topics = body.topics.iter().flat_map(|topics| topics.iter());
    topics
        .map(|topic| OffsetFetchResponseTopic {
            name: topic.name,
            partitions: topic.partition_indexes.iter().map(partition).collect(),
        })
        .collect()
}

impl Partition {
    /// Offset, leader epoch, note and code, as both forms of the answer have them.
    fn describe(&self) -> (i64, i32, &str, ErrorCode) {
        match &self.result {
            Ok(Some(committed)) => (committed.offset, committed.leader_epoch, &committed.metadata, ErrorCode::None),
            Ok(None) => (i64::from(NONE), NONE, "", ErrorCode::None),
            Err(error) => (i64::from(NONE), NONE, "", *error),
        }
    }
}
