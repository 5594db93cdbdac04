//! ConsumerGroupDescribe: epochs, members and assignments of groups of the consumer protocol.

use std::rc::Rc;

use futures_util::future::join_all;
use millrace_base::code::ErrorCode;
use millrace_base::ids::PartitionIndex;
use millrace_cluster::group::{self, Answer, DescribedConsumer, DescribedConsumerGroup, Refusal};
use millrace_wire::messages::consumer_group_describe::{
    Assignment, ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse, DescribedGroup, Member, TopicPartitions,
};
use millrace_wire::{Reader, WireError};

use super::{ALL_GROUP_OPERATIONS, respond};
use crate::groups;
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::server::Server;

/// Kafka's number for a member that speaks the classic protocol.
const CLASSIC_MEMBER: i8 = 0;
/// Kafka's number for a member that speaks the consumer protocol.
const CONSUMER_MEMBER: i8 = 1;
/// Whether a member speaks the one or the other is told from this version on.
const MEMBER_TYPE_VERSION: i16 = 1;
/// What an older answer has in its place.
const UNKNOWN_MEMBER: i8 = -1;

/// A group of the request, described or not.
struct Described<'a> {
    id: &'a str,
    result: Result<DescribedConsumerGroup, Refusal>,
}

pub(super) async fn handle(server: Rc<Server>, request: Request) -> Result<Outcome, WireError> {
    let version = request.api_version;
    let body = ConsumerGroupDescribeRequest::decode(&mut Reader::new(request.body()), version)?;
    let described = join_all(body.group_ids.iter().map(|id| ask(&server, &request, id))).await;
    let operations = if body.include_authorized_operations { ALL_GROUP_OPERATIONS } else { i32::MIN };
    let groups = described.iter().map(|Described { id, result }| match result {
        Ok(group) => DescribedGroup {
            error_code: ErrorCode::None.code(),
            error_message: None,
            group_id: id,
            group_state: group.state.name(),
            group_epoch: group.epoch,
            assignment_epoch: group.target_epoch,
            assignor_name: &group.assignor,
            members: group.members.iter().map(|member| describe_member(member, version)).collect(),
            authorized_operations: operations,
        },
        Err(refusal) => DescribedGroup {
            error_code: refusal.code.code(),
            error_message: refusal.message.as_deref(),
            group_id: id,
            ..Default::default()
        },
    });
    let response = ConsumerGroupDescribeResponse { groups: groups.collect(), ..Default::default() };
    respond(&request, |writer| response.encode(writer, version))
}

async fn ask<'a>(server: &Rc<Server>, request: &Request, id: &'a str) -> Described<'a> {
    if !server.serves_consumer_groups() {
        return Described { id, result: Err(ErrorCode::UnsupportedVersion.into()) };
    }
    if !request.authorize(Operation::Describe, Resource::Group(id)) {
        return Described { id, result: Err(ErrorCode::GroupAuthorizationFailed.into()) };
    }
    match groups::ask(server, group::Request::DescribeConsumers { group: id.to_owned() }).await {
        Answer::DescribeConsumers(result) => Described { id, result },
        other => unreachable!("ConsumerGroupDescribe is answered with {other:?}"),
    }
}

fn describe_member(member: &DescribedConsumer, version: i16) -> Member<'_> {
    let value = &member.value;
    let kind = if value.classic.is_some() { CLASSIC_MEMBER } else { CONSUMER_MEMBER };
    Member {
        member_id: &member.member_id,
        instance_id: value.instance_id.as_deref(),
        rack_id: value.rack_id.as_deref(),
        member_epoch: member.epoch,
        client_id: &value.client_id,
        client_host: &value.client_host,
        subscribed_topic_names: value.topic_names.iter().map(String::as_str).collect(),
        subscribed_topic_regex: Some(value.topic_regex.as_deref().unwrap_or_default()),
        assignment: describe_assignment(&member.assigned),
        target_assignment: describe_assignment(&member.target),
        member_type: if version >= MEMBER_TYPE_VERSION { kind } else { UNKNOWN_MEMBER },
    }
}

fn describe_assignment(assignment: &[([u8; 16], String, Vec<PartitionIndex>)]) -> Assignment<'_> {
    let topics = assignment.iter().map(|(topic_id, topic_name, partitions)| TopicPartitions {
        topic_id: *topic_id,
        topic_name,
        partitions: partitions.iter().copied().collect(),
    });
    Assignment { topic_partitions: topics.collect() }
}
