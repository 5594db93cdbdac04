//! ConsumerGroupHeartbeat: a member of a group of the consumer protocol joins, is led to its assignment, and leaves.

use std::rc::Rc;

use millrace_base::code::ErrorCode;
use millrace_base::ids::TopicId;
use millrace_cluster::group::{self, Answer, Assignment, ConsumerHeartbeat, ConsumerHeartbeatAnswer, Refusal};
use millrace_wire::messages::consumer_group_heartbeat::{
    self as wire, ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, ResponseTopicPartitions,
};
use millrace_wire::{Reader, WireError};

use super::respond;
use crate::groups;
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::server::{Server, random_id};

/// Members name themselves from this version on (KIP-1082).
const OWN_ID_VERSION: i16 = 1;
/// The epoch with which a member joins.
const JOIN: i32 = 0;

pub(super) async fn handle(server: Rc<Server>, request: Request) -> Result<Outcome, WireError> {
    let version = request.api_version;
    let body = ConsumerGroupHeartbeatRequest::decode(&mut Reader::new(request.body()), version)?;
    let result = if !server.serves_consumer_groups() {
        Err(Refusal::from(ErrorCode::UnsupportedVersion))
    } else if !request.authorize(Operation::Read, Resource::Group(body.group_id)) {
        Err(Refusal::from(ErrorCode::GroupAuthorizationFailed))
    } else if !may_read_topics(&request, &body) {
        Err(Refusal::from(ErrorCode::TopicAuthorizationFailed))
    } else {
        let heartbeat = heartbeat(&server, &request, &body);
        match groups::ask(&server, group::Request::ConsumerHeartbeat(heartbeat)).await {
            Answer::ConsumerHeartbeat(result) => result,
            other => unreachable!("ConsumerGroupHeartbeat is answered with {other:?}"),
        }
    };
    let response = match &result {
        Ok(answer) => describe(answer),
        Err(refusal) => ConsumerGroupHeartbeatResponse {
            error_code: refusal.code.code(),
            error_message: refusal.message.as_deref(),
            ..Default::default()
        },
    };
    respond(&request, |writer| response.encode(writer, version))
}

fn may_read_topics(request: &Request, body: &ConsumerGroupHeartbeatRequest<'_>) -> bool {
    let names = body.subscribed_topic_names.iter().flat_map(|names| names.iter());
    names.into_iter().all(|name| request.authorize(Operation::Describe, Resource::Topic(name)))
}

fn heartbeat(server: &Server, request: &Request, body: &ConsumerGroupHeartbeatRequest<'_>) -> ConsumerHeartbeat {
    let names_itself = request.api_version >= OWN_ID_VERSION || !body.member_id.is_empty();
    let member_id = if !names_itself && body.member_epoch == JOIN {
        random_id(&server.core).to_string()
    } else {
        body.member_id.to_owned()
    };
    let names = body.subscribed_topic_names.as_ref();
    ConsumerHeartbeat {
        group: body.group_id.to_owned(),
        member_id,
        member_epoch: body.member_epoch,
        instance_id: body.instance_id.map(str::to_owned),
        rack_id: body.rack_id.map(str::to_owned),
        rebalance_timeout_ms: body.rebalance_timeout_ms,
        topic_names: names.map(|names| names.iter().map(str::to_owned).collect()),
        topic_regex: body.subscribed_topic_regex.map(str::to_owned),
        assignor: body.server_assignor.map(str::to_owned),
        owned: body.topic_partitions.as_ref().map(|topics| {
            let mut owned = Assignment::new();
            for topic in topics.iter() {
                let partitions = topic.partitions.iter();
                owned.entry(TopicId(topic.topic_id)).or_default().extend(partitions);
            }
            owned
        }),
        client_id: request.client_id().to_owned(),
        client_host: request.client_host(),
    }
}

fn describe(answer: &ConsumerHeartbeatAnswer) -> ConsumerGroupHeartbeatResponse<'_> {
    let assignment = answer.assignment.as_ref().map(|assignment| {
        let topics = assignment.iter().map(|(topic, partitions)| ResponseTopicPartitions {
            topic_id: topic.0,
            partitions: partitions.iter().copied().collect(),
        });
        wire::Assignment { topic_partitions: topics.collect() }
    });
    ConsumerGroupHeartbeatResponse {
        error_code: ErrorCode::None.code(),
        member_id: Some(&answer.member_id),
        member_epoch: answer.member_epoch,
        heartbeat_interval_ms: i32::try_from(answer.heartbeat_interval.as_millis()).unwrap_or(i32::MAX),
        assignment,
        ..Default::default()
    }
}
