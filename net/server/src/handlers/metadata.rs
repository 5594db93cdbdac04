//! Metadata: brokers, topics, partitions and their leaders; creates topics that are asked for, where that is enabled.

use std::rc::Rc;

use millrace_base::code::ErrorCode;
use millrace_base::ids::TopicId;
use millrace_cluster::metadata::{Command, Image, Topic, check_topic_name};
use millrace_wire::messages::metadata::{
    MetadataRequest, MetadataResponse, MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use millrace_wire::{Reader, WireError};
use tracing::{info, warn};

use super::{ALL_CLUSTER_OPERATIONS, ALL_TOPIC_OPERATIONS, respond};
use crate::internal_topics;
use crate::limits::TOPICS_AUTO_CREATED_MAX;
use crate::metadata_log;
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::server::Server;

/// The first version in which a topic may be named by its id alone.
const ID_WITHOUT_NAME_VERSION: i16 = 12;

/// What a request asks of one topic, and what is said of it.
struct Asked<'a> {
    name: Option<&'a str>,
    id: TopicId,
    error: ErrorCode,
}

pub(super) async fn handle(server: Rc<Server>, request: Request) -> Result<Outcome, WireError> {
    let version = request.api_version;
    let body = MetadataRequest::decode(&mut Reader::new(request.body()), version)?;
    // Version 0 has no null: there an empty list means all topics.
    let all = body.topics.as_ref().is_none_or(|topics| version == 0 && topics.is_empty());
    if version < ID_WITHOUT_NAME_VERSION && names_ids(&body) {
        return respond(&request, |writer| ids_too_early(&body).encode(writer, version));
    }
    let mut asked: Vec<Asked<'_>> = Vec::new();
    if !all {
        // As in Kafka a topic is told of once, and one id makes it a request by ids alone.
        let by_id = names_ids(&body);
        for topic in body.topics.iter().flat_map(|topics| topics.iter()) {
            let (name, id) = if by_id { (None, TopicId(topic.topic_id)) } else { (topic.name, TopicId::ZERO) };
            let is_told = asked.iter().any(|asked| asked.name == name && (!by_id || asked.id == id));
            if !is_told && (!by_id || id != TopicId::ZERO) {
                asked.push(find(&server, &request, name, id));
            }
        }
        if server.config.topics.auto_create && (version < 4 || body.allow_auto_topic_creation) {
            create_missing(&server, &request, &mut asked).await;
        } else {
            name_the_bad(&mut asked);
        }
    }
    let image = server.image();
    let topic_operations = body.include_topic_authorized_operations;
    let topics: Vec<MetadataResponseTopic<'_>> = if all {
        image.topics().map(|topic| describe(topic, topic_operations)).collect()
    } else {
        asked.iter().map(|asked| answer(&image, asked, topic_operations)).collect()
    };
    let local = server.endpoint(request.context.listener);
    let node_id = server.config.node_id;
    let broker = MetadataResponseBroker { node_id, host: &local.host, port: i32::from(local.port), rack: None };
    let cluster_operations = if body.include_cluster_authorized_operations { ALL_CLUSTER_OPERATIONS } else { i32::MIN };
    let response = MetadataResponse {
        brokers: vec![broker].into(),
        cluster_id: image.cluster_id(),
        controller_id: node_id,
        topics: topics.into(),
        cluster_authorized_operations: cluster_operations,
        ..Default::default()
    };
    respond(&request, |writer| response.encode(writer, version))
}

/// Whether a request names topics by their ids.
fn names_ids(body: &MetadataRequest<'_>) -> bool {
    body.topics.iter().flat_map(|topics| topics.iter()).any(|topic| TopicId(topic.topic_id) != TopicId::ZERO)
}

/// What Kafka answers to ids in a version that has the field but not the meaning.
fn ids_too_early<'a>(body: &MetadataRequest<'a>) -> MetadataResponse<'a> {
    let refuse = |topic: millrace_wire::messages::metadata::MetadataRequestTopic<'a>| MetadataResponseTopic {
        error_code: ErrorCode::InvalidRequest.code(),
        name: Some(topic.name.unwrap_or_default()),
        topic_id: topic.topic_id,
        ..Default::default()
    };
    let topics = body.topics.iter().flat_map(|topics| topics.iter()).map(refuse).collect();
    MetadataResponse { topics, ..Default::default() }
}

/// Looks a topic up by its name, or by its id where there is no name.
fn find<'a>(server: &Server, request: &Request, name: Option<&'a str>, id: TopicId) -> Asked<'a> {
    let image = server.image();
    let (topic, missing) = match name {
        Some(name) => (image.topic(name), ErrorCode::UnknownTopicOrPartition),
        None => (image.topic_by_id(id), ErrorCode::UnknownTopicId),
    };
    let error = match topic {
        None => missing,
        Some(topic) if request.authorize(Operation::Describe, Resource::Topic(&topic.name)) => ErrorCode::None,
        Some(_) => ErrorCode::TopicAuthorizationFailed,
    };
    Asked { name, id: topic.map_or(id, |topic| topic.id), error }
}

/// Creates the topics that are asked for by name and missing, with the broker's defaults.
async fn create_missing(server: &Rc<Server>, request: &Request, asked: &mut [Asked<'_>]) {
    let missing = asked.iter_mut().filter(|asked| asked.error == ErrorCode::UnknownTopicOrPartition);
    for asked in missing.take(TOPICS_AUTO_CREATED_MAX) {
        let Some(name) = asked.name else { continue };
        if !request.authorize(Operation::Create, Resource::Topic(name)) {
            asked.error = ErrorCode::TopicAuthorizationFailed;
            continue;
        }
        let topic = internal_topics::auto_created(server, name);
        match metadata_log::propose(server, Command::CreateTopic(topic)).await {
            Ok(_) => {
                info!(topic = name, "topic created because it was asked for");
                asked.error = ErrorCode::None;
            }
            Err(error) if error.code == ErrorCode::TopicAlreadyExists => asked.error = ErrorCode::None,
            Err(error) => {
                warn!(topic = name, %error, "topic not created");
                asked.error = error.code;
            }
        }
    }
}

/// A name that no topic can have gets another error than one that no topic has.
fn name_the_bad(asked: &mut [Asked<'_>]) {
    for asked in asked.iter_mut().filter(|asked| asked.error == ErrorCode::UnknownTopicOrPartition) {
        if asked.name.is_some_and(|name| check_topic_name(name).is_err()) {
            asked.error = ErrorCode::InvalidTopicException;
        }
    }
}

fn answer<'a>(image: &'a Image, asked: &Asked<'a>, operations: bool) -> MetadataResponseTopic<'a> {
    let topic = match asked.name {
        Some(name) => image.topic(name),
        None => image.topic_by_id(asked.id),
    };
    match topic {
        Some(topic) if asked.error == ErrorCode::None => describe(topic, operations),
        _ => {
            let gone = if asked.error == ErrorCode::None { ErrorCode::UnknownTopicOrPartition } else { asked.error };
            MetadataResponseTopic {
                error_code: gone.code(),
                name: asked.name,
                topic_id: asked.id.0,
                ..Default::default()
            }
        }
    }
}

fn describe(topic: &Topic, operations: bool) -> MetadataResponseTopic<'_> {
    let partitions = topic.partitions.iter().zip(0..).map(|(partition, partition_index)| MetadataResponsePartition {
        partition_index,
        leader_id: partition.leader,
        leader_epoch: partition.leader_epoch,
        replica_nodes: partition.replicas.iter().copied().collect(),
        isr_nodes: partition.isr.iter().copied().collect(),
        ..Default::default()
    });
    MetadataResponseTopic {
        error_code: ErrorCode::None.code(),
        name: Some(&topic.name),
        topic_id: topic.id.0,
        is_internal: internal_topics::is_internal(&topic.name),
        partitions: partitions.collect(),
        topic_authorized_operations: if operations { ALL_TOPIC_OPERATIONS } else { i32::MIN },
    }
}
