//! IncrementalAlterConfigs: single settings of a topic are set, removed, or edited as lists (KIP-339).

use std::collections::BTreeSet;
use std::rc::Rc;

use millrace_base::code::ErrorCode;
use millrace_cluster::metadata::{CommandError, ConfigChange, ConfigEdit};
use millrace_wire::messages::incremental_alter_configs::{
    AlterConfigsResource, AlterConfigsResourceResponse, AlterableConfig, IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse,
};
use millrace_wire::{Reader, WireError};

use super::config_resource::{self, Wish};
use super::respond;
use crate::request::Request;
use crate::response::Outcome;
use crate::server::Server;

/// Kafka's operations on a setting.
mod operation {
    pub(super) const SET: i8 = 0;
    pub(super) const DELETE: i8 = 1;
    pub(super) const APPEND: i8 = 2;
    pub(super) const SUBTRACT: i8 = 3;
}

pub(super) async fn handle(server: Rc<Server>, request: Request) -> Result<Outcome, WireError> {
    let body = IncrementalAlterConfigsRequest::decode(&mut Reader::new(request.body()), request.api_version)?;
    let wishes = body.resources.iter().map(|resource| Wish {
        resource_type: resource.resource_type,
        resource_name: resource.resource_name,
        change: edits(&resource),
    });
    let altered = config_resource::alter(&server, &request, wishes.collect(), body.validate_only).await;
    let responses = altered.iter().map(|altered| AlterConfigsResourceResponse {
        error_code: altered.result.as_ref().map_or_else(|error| error.code.code(), |()| ErrorCode::None.code()),
        error_message: altered.result.as_ref().err().map(|error| error.message.as_str()),
        resource_type: altered.resource_type,
        resource_name: altered.resource_name,
    });
    let response = IncrementalAlterConfigsResponse { responses: responses.collect(), ..Default::default() };
    respond(&request, |writer| response.encode(writer, request.api_version))
}

fn edits(resource: &AlterConfigsResource<'_>) -> Result<ConfigChange, CommandError> {
    let refused = |message: String| Err(CommandError::new(ErrorCode::InvalidRequest, message));
    let mut names = BTreeSet::new();
    for config in resource.configs.iter() {
        if !names.insert(config.name) {
            return refused("Error due to duplicate config keys".to_owned());
        }
    }
    for config in resource.configs.iter() {
        if config.value.is_none() && config.config_operation != operation::DELETE {
            return refused(format!("Null value not supported for : {}", config.name));
        }
    }
    let edits = resource.configs.iter().map(|config| Ok((config.name.to_owned(), edit(&config)?)));
    Ok(ConfigChange::Edit(edits.collect::<Result<_, CommandError>>()?))
}

fn edit(config: &AlterableConfig<'_>) -> Result<ConfigEdit, CommandError> {
    let value = config.value.unwrap_or_default().to_owned();
    Ok(match config.config_operation {
        operation::SET => ConfigEdit::Set(value),
        operation::DELETE => ConfigEdit::Delete,
        operation::APPEND => ConfigEdit::Append(value),
        operation::SUBTRACT => ConfigEdit::Subtract(value),
        other => {
            let message = format!("Unknown operation {other} on the setting {}.", config.name);
            return Err(CommandError::new(ErrorCode::InvalidRequest, message));
        }
    })
}
