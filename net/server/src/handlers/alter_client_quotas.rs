//! AlterClientQuotas: changes what is set on each entity, or says why not.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use millrace_base::code::ErrorCode;
use millrace_cluster::metadata::{Command, CommandError};
use millrace_cluster::quota::{Alteration, Change, Entity, Limit};
use millrace_wire::messages::alter_client_quotas::{
    AlterClientQuotasRequest, AlterClientQuotasResponse, RequestEntryData, ResponseEntityData, ResponseEntryData,
};
use millrace_wire::{Reader, WireError};

use super::respond;
use crate::metadata_log;
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::server::Server;

/// What an entity is named by in a request: of two parts of a type the last counts.
type Parts<'a> = BTreeMap<&'a str, Option<&'a str>>;

pub(super) async fn handle(server: Rc<Server>, request: Request) -> Result<Outcome, WireError> {
    let body = AlterClientQuotasRequest::decode(&mut Reader::new(request.body()), request.api_version)?;
    let entries: Vec<(Parts<'_>, RequestEntryData<'_>)> =
        body.entries.iter().map(|entry| (parts(&entry), entry)).collect();
    let mut results: Vec<(&Parts<'_>, Result<(), CommandError>)> = Vec::with_capacity(entries.len());
    let mut named = BTreeSet::new();
    for (parts, entry) in &entries {
        let result = if named.insert(parts) {
            alter(&server, &request, parts, entry, body.validate_only).await
        } else {
            Err(CommandError::new(ErrorCode::InvalidRequest, "Ignoring duplicate entity"))
        };
        results.push((parts, result));
    }
    let entries = results.iter().map(|(parts, result)| ResponseEntryData {
        error_code: result.as_ref().map_or_else(|error| error.code.code(), |()| ErrorCode::None.code()),
        error_message: result.as_ref().err().map(|error| error.message.as_str()),
        entity: parts
            .iter()
            .map(|(entity_type, entity_name)| ResponseEntityData { entity_type, entity_name: *entity_name })
            .collect(),
    });
    let response = AlterClientQuotasResponse { entries: entries.collect(), ..Default::default() };
    respond(&request, |writer| response.encode(writer, request.api_version))
}

fn parts<'a>(entry: &RequestEntryData<'a>) -> Parts<'a> {
    entry.entity.iter().map(|part| (part.entity_type, part.entity_name)).collect()
}

async fn alter(
    server: &Rc<Server>,
    request: &Request,
    parts: &Parts<'_>,
    entry: &RequestEntryData<'_>,
    validate_only: bool,
) -> Result<(), CommandError> {
    if !request.authorize(Operation::AlterConfigs, Resource::Cluster) {
        let denied = ErrorCode::ClusterAuthorizationFailed;
        return Err(CommandError::new(denied, denied.message()));
    }
    let entity = Entity::from_parts(parts.iter().map(|(kind, name)| (*kind, *name)))
        .map_err(|error| CommandError::new(ErrorCode::InvalidRequest, error.to_string()))?;
    let changes = entry.ops.iter().map(|op| {
        let change = if op.remove { Change::Remove } else { Change::Set(Limit::of(op.value)) };
        (op.key.to_owned(), change)
    });
    let command = Command::AlterClientQuotas(Alteration { entity, changes: changes.collect() });
    if validate_only {
        metadata_log::check(server, command).await.map(drop)
    } else {
        metadata_log::propose(server, command).await.map(drop)
    }
}
