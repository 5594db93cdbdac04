//! SyncGroup: answered when the leader's assignment is durable.

use std::rc::Rc;

use millrace_base::code::ErrorCode;
use millrace_cluster::group::{self, Answer, Sync, SyncAnswer};
use millrace_wire::messages::sync_group::{SyncGroupRequest, SyncGroupResponse};
use millrace_wire::{Reader, WireError};
use tracing::warn;

use super::{code_of, respond};
use crate::groups;
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::server::Server;

/// A member says what it takes for the group's protocol, from this version on.
const PROTOCOL_VERSION: i16 = 5;

pub(super) async fn handle(server: Rc<Server>, request: Request) -> Result<Outcome, WireError> {
    let version = request.api_version;
    let body = SyncGroupRequest::decode(&mut Reader::new(request.body()), version)?;
    let answer = if version >= PROTOCOL_VERSION && (body.protocol_type.is_none() || body.protocol_name.is_none()) {
        SyncAnswer::refused(ErrorCode::InconsistentGroupProtocol)
    } else if !request.authorize(Operation::Read, Resource::Group(body.group_id)) {
        SyncAnswer::refused(ErrorCode::GroupAuthorizationFailed)
    } else {
        match groups::ask(&server, group::Request::Sync(sync(&body))).await {
            Answer::Sync(answer) => answer,
            other => unreachable!("SyncGroup is answered with {other:?}"),
        }
    };
    if let Some(cause) = &answer.cause {
        warn!(group = body.group_id, member = body.member_id, cause, "a member cannot be told its assignment");
    }
    let response = SyncGroupResponse {
        error_code: code_of(answer.error),
        protocol_type: answer.protocol_type.as_deref(),
        protocol_name: answer.protocol.as_deref(),
        assignment: &answer.assignment,
        ..Default::default()
    };
    respond(&request, |writer| response.encode(writer, version))
}

fn sync(body: &SyncGroupRequest<'_>) -> Sync {
    let assignments = body.assignments.iter().map(|of| (of.member_id.to_owned(), of.assignment.to_vec()));
    Sync {
        group: body.group_id.to_owned(),
        member_id: body.member_id.to_owned(),
        instance_id: body.group_instance_id.map(str::to_owned),
        generation: body.generation_id,
        protocol_type: body.protocol_type.map(str::to_owned),
        protocol: body.protocol_name.map(str::to_owned),
        assignments: assignments.collect(),
    }
}
