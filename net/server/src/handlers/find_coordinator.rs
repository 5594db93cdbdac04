//! FindCoordinator: the broker that coordinates a group. A cluster of one coordinates all.

use std::rc::Rc;

use millrace_base::code::ErrorCode;
use millrace_wire::messages::find_coordinator::{Coordinator, FindCoordinatorRequest, FindCoordinatorResponse};
use millrace_wire::{Reader, WireError};
use tracing::warn;

use super::respond;
use crate::internal_topics;
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::server::Server;

/// Several keys may be asked for from this version on.
const BATCH_VERSION: i16 = 4;

/// What Kafka says of no error where a key is asked for alone.
const NO_ERROR: &str = "NONE";

/// What a coordinator coordinates: Kafka's types.
mod coordinator_type {
    pub(super) const GROUP: i8 = 0;
    pub(super) const TRANSACTION: i8 = 1;
}

/// Why there is no coordinator for a key.
type Refusal = (ErrorCode, &'static str);

pub(super) async fn handle(server: Rc<Server>, request: Request) -> Result<Outcome, WireError> {
    let version = request.api_version;
    let body = FindCoordinatorRequest::decode(&mut Reader::new(request.body()), version)?;
    let keys: Vec<&str> =
        if version >= BATCH_VERSION { body.coordinator_keys.iter().collect() } else { vec![body.key] };
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        found.push(describe(&server, &request, key, find(&server, &request, body.key_type, key).await));
    }
    let response = match found.pop() {
        Some(only) if version < BATCH_VERSION => FindCoordinatorResponse {
            error_code: only.error_code,
            error_message: if only.error_code == ErrorCode::None.code() { Some(NO_ERROR) } else { only.error_message },
            node_id: only.node_id,
            host: only.host,
            port: only.port,
            ..Default::default()
        },
        last => FindCoordinatorResponse { coordinators: found.into_iter().chain(last).collect(), ..Default::default() },
    };
    respond(&request, |writer| response.encode(writer, version))
}

/// Finds the coordinator of a key; the topic that holds groups is created with the first one.
async fn find(server: &Rc<Server>, request: &Request, key_type: i8, key: &str) -> Result<(), Refusal> {
    match key_type {
        coordinator_type::GROUP => {}
        coordinator_type::TRANSACTION => {
            return Err((ErrorCode::InvalidRequest, "Transactions are not offered by this broker."));
        }
        _ => return Err((ErrorCode::InvalidRequest, "Coordinators of this type are not offered by this broker.")),
    }
    if !request.authorize(Operation::Describe, Resource::Group(key)) {
        return Err((ErrorCode::GroupAuthorizationFailed, ErrorCode::GroupAuthorizationFailed.message()));
    }
    internal_topics::ensure_consumer_offsets(server).await.map_err(|error| {
        warn!(%error, "{} cannot be created", internal_topics::CONSUMER_OFFSETS);
        (ErrorCode::CoordinatorNotAvailable, ErrorCode::CoordinatorNotAvailable.message())
    })
}

fn describe<'a>(server: &'a Server, request: &Request, key: &'a str, found: Result<(), Refusal>) -> Coordinator<'a> {
    match found {
        Ok(()) => {
            let endpoint = server.endpoint(request.context.listener);
            Coordinator {
                key,
                node_id: server.config.node_id,
                host: &endpoint.host,
                port: i32::from(endpoint.port),
                error_code: ErrorCode::None.code(),
                ..Default::default()
            }
        }
        Err((error, message)) => {
            Coordinator { key, node_id: -1, host: "", port: -1, error_code: error.code(), error_message: Some(message) }
        }
    }
}
