//! DescribeTopicPartitions: topics with their partitions, a page at a time (KIP-966).

use std::collections::BTreeSet;

use millrace_base::code::ErrorCode;
use millrace_base::ids::PartitionIndex;
use millrace_cluster::metadata::{Image, Topic, check_topic_name};
use millrace_wire::messages::describe_topic_partitions::{
    DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse, DescribeTopicPartitionsResponsePartition,
    DescribeTopicPartitionsResponseTopic, ResponseCursor,
};
use millrace_wire::{Array, Reader, WireError};

use super::{ALL_TOPIC_OPERATIONS, respond};
use crate::internal_topics;
use crate::limits::PARTITIONS_DESCRIBED_MAX;
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::server::Server;

pub(super) fn handle(server: &Server, request: &Request) -> Result<Outcome, WireError> {
    let body = DescribeTopicPartitionsRequest::decode(&mut Reader::new(request.body()), request.api_version)?;
    let is_asked = |name: &str| body.topics.is_empty() || body.topics.iter().any(|topic| topic.name == name);
    let is_nowhere = body.cursor.as_ref().is_some_and(|it| it.partition_index < 0 || !is_asked(it.topic_name));
    if is_nowhere {
        let topics = body.topics.iter().map(|topic| refused(topic.name, ErrorCode::InvalidRequest)).collect();
        let response = DescribeTopicPartitionsResponse { topics, ..Default::default() };
        return respond(request, |writer| response.encode(writer, request.api_version));
    }
    let image = server.image();
    let response = describe(&image, request, &body);
    respond(request, |writer| response.encode(writer, request.api_version))
}

/// The page that begins at the cursor. Topics are in the order of their names.
fn describe<'a>(
    image: &'a Image,
    request: &Request,
    body: &DescribeTopicPartitionsRequest<'a>,
) -> DescribeTopicPartitionsResponse<'a> {
    let is_all = body.topics.is_empty();
    let names: BTreeSet<&'a str> = if is_all {
        image.topics().map(|topic| topic.name.as_str()).collect()
    } else {
        body.topics.iter().map(|topic| topic.name).collect()
    };
    let first = body.cursor.as_ref().map_or("", |cursor| cursor.topic_name);
    let limit = usize::try_from(body.response_partition_limit).unwrap_or(0);
    let mut left = limit.clamp(1, PARTITIONS_DESCRIBED_MAX);
    let mut topics = Vec::new();
    let mut next_cursor = None;
    for name in names.range(first..) {
        if left == 0 {
            next_cursor = Some(ResponseCursor { topic_name: name, partition_index: 0 });
            break;
        }
        let begin = body.cursor.as_ref().filter(|cursor| cursor.topic_name == *name);
        let begin = begin.map_or(0, |cursor| cursor.partition_index);
        match image.topic(name) {
            Some(topic) if request.authorize(Operation::Describe, Resource::Topic(name)) => {
                let page: Vec<_> = (begin..).zip(from(topic, begin)).take(left).map(describe_partition).collect();
                left -= page.len();
                let next = begin.saturating_add(PartitionIndex::try_from(page.len()).unwrap_or(PartitionIndex::MAX));
                topics.push(describe_topic(topic, page.into()));
                if topic.partition(next).is_some() {
                    next_cursor = Some(ResponseCursor { topic_name: name, partition_index: next });
                    break;
                }
            }
            Some(_) => topics.push(refused(name, ErrorCode::TopicAuthorizationFailed)),
            None if check_topic_name(name).is_err() => topics.push(missing(name, ErrorCode::InvalidTopicException)),
            None => topics.push(missing(name, ErrorCode::UnknownTopicOrPartition)),
        }
    }
    DescribeTopicPartitionsResponse { topics: topics.into(), next_cursor, ..Default::default() }
}

/// The partitions of a topic from an index on.
fn from(topic: &Topic, begin: PartitionIndex) -> impl Iterator<Item = &millrace_cluster::metadata::Partition> {
    topic.partitions.iter().skip(usize::try_from(begin).unwrap_or(usize::MAX))
}

fn describe_topic<'a>(
    topic: &'a Topic,
    partitions: Array<'a, DescribeTopicPartitionsResponsePartition<'a>>,
) -> DescribeTopicPartitionsResponseTopic<'a> {
    DescribeTopicPartitionsResponseTopic {
        error_code: ErrorCode::None.code(),
        name: Some(&topic.name),
        topic_id: topic.id.0,
        is_internal: internal_topics::is_internal(&topic.name),
        partitions,
        topic_authorized_operations: ALL_TOPIC_OPERATIONS,
    }
}

fn describe_partition<'a>(
    (partition_index, partition): (PartitionIndex, &'a millrace_cluster::metadata::Partition),
) -> DescribeTopicPartitionsResponsePartition<'a> {
    DescribeTopicPartitionsResponsePartition {
        partition_index,
        leader_id: partition.leader,
        leader_epoch: partition.leader_epoch,
        replica_nodes: partition.replicas.iter().copied().collect(),
        isr_nodes: partition.isr.iter().copied().collect(),
        eligible_leader_replicas: Some(Array::default()),
        last_known_elr: Some(Array::default()),
        ..Default::default()
    }
}

fn refused(name: &str, error: ErrorCode) -> DescribeTopicPartitionsResponseTopic<'_> {
    DescribeTopicPartitionsResponseTopic { error_code: error.code(), name: Some(name), ..Default::default() }
}

/// A topic that there is not: the operations are told as if there were one.
fn missing(name: &str, error: ErrorCode) -> DescribeTopicPartitionsResponseTopic<'_> {
    DescribeTopicPartitionsResponseTopic { topic_authorized_operations: ALL_TOPIC_OPERATIONS, ..refused(name, error) }
}
