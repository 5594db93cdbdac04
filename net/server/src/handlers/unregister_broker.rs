//! UnregisterBroker: forgets a broker that is gone. The only broker there is runs, since it answers.

use millrace_base::code::ErrorCode;
use millrace_wire::messages::unregister_broker::{UnregisterBrokerRequest, UnregisterBrokerResponse};
use millrace_wire::{Reader, WireError};

use super::respond;
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::server::Server;

pub(super) fn handle(server: &Server, request: &Request) -> Result<Outcome, WireError> {
    let body = UnregisterBrokerRequest::decode(&mut Reader::new(request.body()), request.api_version)?;
    let id = body.broker_id;
    let (error, message) = if !request.authorize(Operation::Alter, Resource::Cluster) {
        let denied = ErrorCode::ClusterAuthorizationFailed;
        (denied, denied.message().to_owned())
    } else if server.image().broker(id).is_none() {
        (ErrorCode::BrokerIdNotRegistered, format!("Broker ID {id} is not currently registered"))
    } else {
        (ErrorCode::InvalidRequest, format!("Broker ID {id} is running, and is the only one: it cannot be forgotten"))
    };
    let response =
        UnregisterBrokerResponse { error_code: error.code(), error_message: Some(&message), ..Default::default() };
    respond(request, |writer| response.encode(writer, request.api_version))
}
