//! DescribeConfigs: the settings of topics and of this broker, with where each value comes from.

use millrace_base::code::ErrorCode;
use millrace_base::setting::Described;
use millrace_base::topic_config;
use millrace_wire::messages::describe_configs::{
    DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResourceResult, DescribeConfigsResponse,
    DescribeConfigsResult, DescribeConfigsSynonym,
};
use millrace_wire::{Array, Reader, WireError};

use super::respond;
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::server::Server;

/// Kafka's resource types, those that have settings here.
mod resource_type {
    pub(super) const TOPIC: i8 = 2;
    pub(super) const BROKER: i8 = 4;
}

/// A resource's settings, or why they are not shown.
struct Shown<'a> {
    resource_type: i8,
    resource_name: &'a str,
    result: Result<Vec<Described>, (ErrorCode, String)>,
}

pub(super) fn handle(server: &Server, request: &Request) -> Result<Outcome, WireError> {
    let body = DescribeConfigsRequest::decode(&mut Reader::new(request.body()), request.api_version)?;
    let shown: Vec<Shown<'_>> = body
        .resources
        .iter()
        .map(|resource| Shown {
            resource_type: resource.resource_type,
            resource_name: resource.resource_name,
            result: describe(server, request, &resource).map(|mut settings| {
                if let Some(keys) = &resource.configuration_keys {
                    settings.retain(|setting| keys.iter().any(|key| key == setting.name));
                }
                settings
            }),
        })
        .collect();
    let (synonyms, documentation) = (body.include_synonyms, body.include_documentation);
    let results = shown.iter().map(|shown| resource_answer(shown, synonyms, documentation)).collect();
    let response = DescribeConfigsResponse { results, ..Default::default() };
    respond(request, |writer| response.encode(writer, request.api_version))
}

fn describe(
    server: &Server,
    request: &Request,
    resource: &DescribeConfigsResource<'_>,
) -> Result<Vec<Described>, (ErrorCode, String)> {
    let name = resource.resource_name;
    let denied = |code: ErrorCode| Err((code, code.message().to_owned()));
    match resource.resource_type {
        resource_type::TOPIC => {
            if !request.authorize(Operation::DescribeConfigs, Resource::Topic(name)) {
                return denied(ErrorCode::TopicAuthorizationFailed);
            }
            let image = server.image();
            let Some(topic) = image.topic(name) else { return denied(ErrorCode::UnknownTopicOrPartition) };
            topic_config::describe(&topic.overrides, &server.config)
                .map_err(|error| (ErrorCode::UnknownServerError, error.to_string()))
        }
        resource_type::BROKER => {
            if !request.authorize(Operation::DescribeConfigs, Resource::Cluster) {
                return denied(ErrorCode::ClusterAuthorizationFailed);
            }
            let node_id = server.config.node_id;
            // The empty name means the defaults of all brokers: nothing is set there.
            if name.is_empty() {
                return Ok(Vec::new());
            }
            if name.parse() == Ok(node_id) {
                return Ok(server.config.describe());
            }
            Err((ErrorCode::InvalidRequest, format!("Unexpected broker id, expected {node_id}, but received {name}")))
        }
        other => Err((ErrorCode::InvalidRequest, format!("Unsupported resource type: {other}"))),
    }
}

fn resource_answer<'a>(shown: &'a Shown<'a>, synonyms: bool, documentation: bool) -> DescribeConfigsResult<'a> {
    let Shown { resource_type, resource_name, .. } = *shown;
    match &shown.result {
        Ok(settings) => DescribeConfigsResult {
            resource_type,
            resource_name,
            configs: settings.iter().map(|setting| setting_answer(setting, synonyms, documentation)).collect(),
            ..Default::default()
        },
        Err((error, message)) => DescribeConfigsResult {
            error_code: error.code(),
            error_message: Some(message),
            resource_type,
            resource_name,
            ..Default::default()
        },
    }
}

fn setting_answer(setting: &Described, synonyms: bool, documentation: bool) -> DescribeConfigsResourceResult<'_> {
    let all_synonyms: Array<'_, DescribeConfigsSynonym<'_>> = setting
        .synonyms
        .iter()
        .filter(|_| synonyms)
        .map(|synonym| DescribeConfigsSynonym {
            name: synonym.name,
            value: Some(&synonym.value),
            source: synonym.source.code(),
        })
        .collect();
    DescribeConfigsResourceResult {
        name: setting.name,
        value: setting.value.as_deref(),
        read_only: setting.is_read_only,
        config_source: setting.source.code(),
        is_sensitive: false,
        synonyms: all_synonyms,
        config_type: setting.kind.code(),
        documentation: documentation.then_some(setting.documentation),
    }
}
