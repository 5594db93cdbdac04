//! CreateTopics: each topic by itself; one that fails does not hinder the others.

use std::rc::Rc;

use millrace_base::code::ErrorCode;
use millrace_base::hash::Map;
use millrace_base::ids::TopicId;
use millrace_base::setting::Described;
use millrace_base::topic_config;
use millrace_cluster::metadata::{Command, CommandError, CreateTopic, MetadataRecord};
use millrace_wire::messages::create_topics::{
    CreatableTopic, CreatableTopicConfigs, CreatableTopicResult, CreateTopicsRequest, CreateTopicsResponse,
};
use millrace_wire::{Array, Reader, WireError};

use super::respond;
use crate::internal_topics;
use crate::metadata_log;
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::server::{Server, random_id};

/// What was made of one topic.
struct Created<'a> {
    name: &'a str,
    result: Result<Description, CommandError>,
}

/// A new topic, as the answer describes it.
struct Description {
    id: TopicId,
    partitions: i32,
    replication_factor: i16,
    configs: Vec<Described>,
}

pub(super) async fn handle(server: Rc<Server>, request: Request) -> Result<Outcome, WireError> {
    let body = CreateTopicsRequest::decode(&mut Reader::new(request.body()), request.api_version)?;
    let is_late = body.timeout_ms <= 0;
    let mut times_named: Map<&str, usize> = Map::default();
    for topic in body.topics.iter() {
        *times_named.entry(topic.name).or_default() += 1;
    }
    let mut created = Vec::with_capacity(body.topics.len());
    for topic in body.topics.iter() {
        let name = topic.name;
        let repeated = times_named.get(name).is_some_and(|times| *times > 1);
        if repeated && created.iter().any(|created: &Created<'_>| created.name == name) {
            continue;
        }
        let result = if is_late {
            Err(CommandError::new(ErrorCode::RequestTimedOut, ""))
        } else if repeated {
            Err(CommandError::new(ErrorCode::InvalidRequest, "Duplicate topic name."))
        } else if !request.authorize(Operation::Create, Resource::Topic(name)) {
            Err(CommandError::new(ErrorCode::TopicAuthorizationFailed, "Authorization failed."))
        } else {
            create(&server, &topic, body.validate_only).await
        };
        created.push(Created { name, result });
    }
    let topics: Array<'_, CreatableTopicResult<'_>> = created.iter().map(describe).collect();
    let response = CreateTopicsResponse { topics, ..Default::default() };
    respond(&request, |writer| response.encode(writer, request.api_version))
}

async fn create(
    server: &Rc<Server>,
    topic: &CreatableTopic<'_>,
    validate_only: bool,
) -> Result<Description, CommandError> {
    let assignment = topic.assignments.iter().map(|of| (of.partition_index, of.broker_ids.iter().collect()));
    let overrides = topic.configs.iter().map(|config| (config.name.to_owned(), config.value.map(str::to_owned)));
    let overrides: Vec<_> = overrides.collect();
    internal_topics::check_settings(topic.name, &overrides)?;
    let command = Command::CreateTopic(CreateTopic {
        name: topic.name.to_owned(),
        id: random_id(&server.core),
        partitions: topic.num_partitions,
        replication_factor: topic.replication_factor,
        assignment: assignment.collect(),
        overrides,
    });
    let records = if validate_only {
        metadata_log::check(server, command).await?
    } else {
        metadata_log::propose(server, command).await?
    };
    let created = records.iter().find_map(|record| match record {
        MetadataRecord::Topic(topic) => Some(topic),
        _ => None,
    });
    let Some(created) = created else { unreachable!("a created topic is a record") };
    let mut overrides = created.overrides();
    let mut configs = topic_config::describe(&overrides, &server.settings())
        .map_err(|error| CommandError::new(ErrorCode::InvalidConfig, error.to_string()))?;
    // Kafka repeats what it was given, blanks and all.
    for config in &mut configs {
        if let Some(given) = overrides.remove(config.name) {
            config.value = Some(given);
        }
    }
    Ok(Description {
        id: created.topic_id(),
        partitions: created.partition_count(),
        replication_factor: created.replication_factor(),
        configs,
    })
}

fn describe<'a>(created: &'a Created<'a>) -> CreatableTopicResult<'a> {
    match &created.result {
        Ok(topic) => CreatableTopicResult {
            name: created.name,
            topic_id: topic.id.0,
            num_partitions: topic.partitions,
            replication_factor: topic.replication_factor,
            error_message: None,
            configs: Some(topic.configs.iter().map(describe_config).collect()),
            ..Default::default()
        },
        Err(error) => CreatableTopicResult {
            name: created.name,
            error_code: error.code.code(),
            error_message: Some(error.message.as_str()).filter(|message| !message.is_empty()),
            configs: Some(Array::default()),
            ..Default::default()
        },
    }
}

fn describe_config(config: &Described) -> CreatableTopicConfigs<'_> {
    CreatableTopicConfigs {
        name: config.name,
        value: config.value.as_deref(),
        read_only: config.is_read_only,
        config_source: config.source.code(),
        is_sensitive: false,
    }
}
