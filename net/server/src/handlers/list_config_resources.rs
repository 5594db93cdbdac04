//! ListConfigResources: what has settings, by name.

use millrace_base::code::ErrorCode;
use millrace_wire::messages::list_config_resources::{
    ConfigResource, ListConfigResourcesRequest, ListConfigResourcesResponse,
};
use millrace_wire::{Reader, WireError};

use super::config_resource::resource_type;
use super::respond;
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::server::Server;

/// The types that may be asked for. Of client metrics none has settings here.
const TYPES: [i8; 5] = [
    resource_type::TOPIC,
    resource_type::BROKER,
    resource_type::BROKER_LOGGER,
    resource_type::CLIENT_METRICS,
    resource_type::GROUP,
];
/// Those of version 0, which does not say what it asks for.
const TYPES_OF_VERSION_0: [i8; 1] = [resource_type::CLIENT_METRICS];

pub(super) fn handle(server: &Server, request: &Request) -> Result<Outcome, WireError> {
    let version = request.api_version;
    let body = ListConfigResourcesRequest::decode(&mut Reader::new(request.body()), version)?;
    let known: &[i8] = if version == 0 { &TYPES_OF_VERSION_0 } else { &TYPES };
    let error = if !request.authorize(Operation::DescribeConfigs, Resource::Cluster) {
        ErrorCode::ClusterAuthorizationFailed
    } else if body.resource_types.iter().any(|asked| !known.contains(&asked)) {
        ErrorCode::UnsupportedVersion
    } else {
        ErrorCode::None
    };
    let is_asked = |kind: i8| {
        let is_named = body.resource_types.iter().any(|asked| asked == kind);
        error == ErrorCode::None && known.contains(&kind) && (body.resource_types.is_empty() || is_named)
    };
    let image = server.image();
    let node_id = server.config.node_id.to_string();
    let mut config_resources = Vec::new();
    for resource_type in [resource_type::BROKER_LOGGER, resource_type::BROKER] {
        if is_asked(resource_type) {
            config_resources.push(ConfigResource { resource_name: &node_id, resource_type });
        }
    }
    if is_asked(resource_type::TOPIC) {
        let resource_type = resource_type::TOPIC;
        config_resources
            .extend(image.topics().map(|topic| ConfigResource { resource_name: &topic.name, resource_type }));
    }
    if is_asked(resource_type::GROUP) {
        let resource_type = resource_type::GROUP;
        config_resources
            .extend(image.group_configs().map(|resource_name| ConfigResource { resource_name, resource_type }));
    }
    let config_resources = config_resources.into();
    let response = ListConfigResourcesResponse { error_code: error.code(), config_resources, ..Default::default() };
    respond(request, |writer| response.encode(writer, version))
}
