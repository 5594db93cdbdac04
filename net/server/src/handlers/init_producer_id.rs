//! InitProducerId: an id for an idempotent producer.

use std::rc::Rc;

use millrace_base::code::ErrorCode;
use millrace_wire::messages::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};
use millrace_wire::{Reader, WireError};
use tracing::warn;

use super::respond;
use crate::producer_ids;
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::server::Server;

/// What a request says that names no producer: neither its id nor its epoch.
const NO_PRODUCER_ID: i64 = -1;
const NO_PRODUCER_EPOCH: i16 = -1;

pub(super) async fn handle(server: Rc<Server>, request: Request) -> Result<Outcome, WireError> {
    let body = InitProducerIdRequest::decode(&mut Reader::new(request.body()), request.api_version)?;
    let allocated = if !request.authorize(Operation::IdempotentWrite, Resource::Cluster) {
        Err(ErrorCode::ClusterAuthorizationFailed)
    } else if (body.producer_id == NO_PRODUCER_ID) != (body.producer_epoch == NO_PRODUCER_EPOCH) {
        Err(ErrorCode::InvalidRequest)
    } else if body.transactional_id.is_some() {
        // There is no transaction coordinator, and FindCoordinator says so: no client gets here by the rules.
        Err(ErrorCode::InvalidRequest)
    } else {
        producer_ids::allocate(&server).await.map_err(|error| {
            warn!(%error, "no producer id could be allocated");
            error.code
        })
    };
    let response = match allocated {
        Ok(producer_id) => InitProducerIdResponse { producer_id, producer_epoch: 0, ..Default::default() },
        Err(error) => InitProducerIdResponse {
            error_code: error.code(),
            producer_id: -1,
            producer_epoch: -1,
            ..Default::default()
        },
    };
    respond(&request, |writer| response.encode(writer, request.api_version))
}
