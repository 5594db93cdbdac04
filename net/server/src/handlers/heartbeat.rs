//! Heartbeat: a member is alive, and learns whether it must join anew.

use std::rc::Rc;

use millrace_base::code::ErrorCode;
use millrace_cluster::group::{self, Answer, Heartbeat};
use millrace_wire::messages::heartbeat::{HeartbeatRequest, HeartbeatResponse};
use millrace_wire::{Reader, WireError};

use super::respond;
use crate::groups;
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::server::Server;

pub(super) async fn handle(server: Rc<Server>, request: Request) -> Result<Outcome, WireError> {
    let version = request.api_version;
    let body = HeartbeatRequest::decode(&mut Reader::new(request.body()), version)?;
    let error = if request.authorize(Operation::Read, Resource::Group(body.group_id)) {
        let heartbeat = Heartbeat {
            group: body.group_id.to_owned(),
            member_id: body.member_id.to_owned(),
            instance_id: body.group_instance_id.map(str::to_owned),
            generation: body.generation_id,
        };
        match groups::ask(&server, group::Request::Heartbeat(heartbeat)).await {
            Answer::Heartbeat(error) => error,
            other => unreachable!("Heartbeat is answered with {other:?}"),
        }
    } else {
        ErrorCode::GroupAuthorizationFailed
    };
    let response = HeartbeatResponse { error_code: error.code(), ..Default::default() };
    respond(&request, |writer| response.encode(writer, version))
}
