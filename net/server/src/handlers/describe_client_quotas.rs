//! DescribeClientQuotas: what is set on the entities that a filter means.

use std::collections::BTreeMap;

use millrace_base::code::ErrorCode;
use millrace_cluster::quota::{Component, Entity, EntityType, Filter, Limit, Name, QuotaKey};
use millrace_wire::messages::describe_client_quotas::{
    ComponentData, DescribeClientQuotasRequest, DescribeClientQuotasResponse, EntityData, EntryData, ValueData,
};
use millrace_wire::{Reader, WireError};

use super::respond;
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::server::Server;

pub(super) fn handle(server: &Server, request: &Request) -> Result<Outcome, WireError> {
    let body = DescribeClientQuotasRequest::decode(&mut Reader::new(request.body()), request.api_version)?;
    let filter = if request.authorize(Operation::DescribeConfigs, Resource::Cluster) {
        Filter::new(body.components.iter().map(component), body.strict)
            .map_err(|error| (error.code(), error.to_string()))
    } else {
        let denied = ErrorCode::ClusterAuthorizationFailed;
        Err((denied, denied.message().to_owned()))
    };
    let image = server.image();
    let response = match &filter {
        Ok(filter) => {
            let entries = image.quotas().describe(filter).map(entry);
            DescribeClientQuotasResponse { entries: Some(entries.collect()), ..Default::default() }
        }
        Err((error, message)) => DescribeClientQuotasResponse {
            error_code: error.code(),
            error_message: Some(message),
            entries: None,
            ..Default::default()
        },
    };
    respond(request, |writer| response.encode(writer, request.api_version))
}

fn component<'a>(component: ComponentData<'a>) -> Component<'a> {
    Component { entity_type: component.entity_type, match_type: component.match_type, name: component.r#match }
}

fn entry<'a>((entity, limits): (&'a Entity, &'a BTreeMap<QuotaKey, Limit>)) -> EntryData<'a> {
    let part =
        |(kind, name): (EntityType, &'a Name)| EntityData { entity_type: kind.name(), entity_name: name.as_option() };
    let value = |(key, limit): (&QuotaKey, &Limit)| ValueData { key: key.name(), value: limit.value() };
    EntryData { entity: entity.parts().map(part).collect(), values: limits.iter().map(value).collect() }
}
