//! AlterConfigs: what a request says is all that is set on a topic afterwards.

use std::rc::Rc;

use millrace_base::code::ErrorCode;
use millrace_base::topic_config::Overrides;
use millrace_cluster::metadata::{CommandError, ConfigChange};
use millrace_wire::messages::alter_configs::{
    AlterConfigsRequest, AlterConfigsResource, AlterConfigsResourceResponse, AlterConfigsResponse,
};
use millrace_wire::{Reader, WireError};

use super::config_resource::{self, Wish};
use super::respond;
use crate::request::Request;
use crate::response::Outcome;
use crate::server::Server;

pub(super) async fn handle(server: Rc<Server>, request: Request) -> Result<Outcome, WireError> {
    let body = AlterConfigsRequest::decode(&mut Reader::new(request.body()), request.api_version)?;
    let wishes = body.resources.iter().map(|resource| Wish {
        resource_type: resource.resource_type,
        resource_name: resource.resource_name,
        change: replacement(&resource),
    });
    let altered = config_resource::alter(&server, &request, wishes.collect(), body.validate_only).await;
    let responses = altered.iter().map(|altered| AlterConfigsResourceResponse {
        error_code: altered.result.as_ref().map_or_else(|error| error.code.code(), |()| ErrorCode::None.code()),
        error_message: altered.result.as_ref().err().map(|error| error.message.as_str()),
        resource_type: altered.resource_type,
        resource_name: altered.resource_name,
    });
    let response = AlterConfigsResponse { responses: responses.collect(), ..Default::default() };
    respond(&request, |writer| response.encode(writer, request.api_version))
}

fn replacement(resource: &AlterConfigsResource<'_>) -> Result<ConfigChange, CommandError> {
    let mut overrides = Overrides::new();
    for config in resource.configs.iter() {
        let value = config.value.ok_or_else(|| {
            let message = format!("Null value not supported for topic configs: {}", config.name);
            CommandError::new(ErrorCode::InvalidRequest, message)
        })?;
        if overrides.insert(config.name.to_owned(), value.to_owned()).is_some() {
            return Err(CommandError::new(ErrorCode::InvalidRequest, "Error due to duplicate config keys"));
        }
    }
    Ok(ConfigChange::Replace(overrides))
}
