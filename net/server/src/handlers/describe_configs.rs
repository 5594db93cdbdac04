//! DescribeConfigs: the settings of topics, of groups and of this broker, with where each value comes from.

use millrace_base::code::ErrorCode;
use millrace_base::group_config;
use millrace_base::setting::{Described, Kind, Source};
use millrace_base::topic_config;
use millrace_cluster::metadata::check_topic_name;
use millrace_wire::messages::describe_configs::{
    DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResourceResult, DescribeConfigsResponse,
    DescribeConfigsResult, DescribeConfigsSynonym,
};
use millrace_wire::{Array, Reader, WireError};

use super::config_resource::resource_type;
use super::respond;
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::server::Server;

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
                // No keys, as no list, means all of them.
                if let Some(keys) = resource.configuration_keys.as_ref().filter(|keys| !keys.is_empty()) {
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
            check_topic_name(name).map_err(|refused| (refused.code, refused.message))?;
            let image = server.image();
            // Kafka's message for it is empty.
            let unknown = || (ErrorCode::UnknownTopicOrPartition, String::new());
            let topic = image.topic(name).ok_or_else(unknown)?;
            topic_config::describe(&topic.overrides, &server.settings())
                .map_err(|error| (ErrorCode::UnknownServerError, error.to_string()))
        }
        resource_type::BROKER => {
            if !request.authorize(Operation::DescribeConfigs, Resource::Cluster) {
                return denied(ErrorCode::ClusterAuthorizationFailed);
            }
            let node_id = server.config.node_id;
            // The empty name means what is set for all brokers.
            if name.is_empty() {
                return Ok(server.settings().describe_of_all());
            }
            if name.parse() == Ok(node_id) {
                let mut settings = server.settings().describe();
                settings.push(version());
                return Ok(settings);
            }
            Err((ErrorCode::InvalidRequest, format!("Unexpected broker id, expected {node_id}, but received {name}")))
        }
        resource_type::GROUP => {
            if !request.authorize(Operation::DescribeConfigs, Resource::Group(name)) {
                return denied(ErrorCode::GroupAuthorizationFailed);
            }
            if name.is_empty() {
                return Err((ErrorCode::InvalidRequest, "Group name must not be empty".to_owned()));
            }
            let overrides = server.image().group_config(name).cloned().unwrap_or_default();
            Ok(group_config::describe(&overrides, &server.config))
        }
        other => Err((ErrorCode::InvalidRequest, format!("Unsupported resource type: {other}"))),
    }
}

/// What Kafka's protocol has no place for: the broker's own version. No setting, but it reads as one that cannot be
/// changed.
fn version() -> Described {
    let build = if cfg!(debug_assertions) { "+debug" } else { "" };
    Described {
        name: "millrace.version",
        value: Some(format!("{}{build}", env!("CARGO_PKG_VERSION"))),
        source: Source::DefaultConfig,
        kind: Kind::String,
        is_read_only: true,
        synonyms: Vec::new(),
        documentation: "The version of Millrace that this broker runs.",
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
        // Kafka's answer knows the settings that it names, and no others.
        config_source: setting.synonyms.first().map_or(Source::DefaultConfig, |first| first.source).code(),
        is_sensitive: false,
        synonyms: all_synonyms,
        config_type: setting.kind.code(),
        documentation: documentation.then_some(setting.documentation),
    }
}
