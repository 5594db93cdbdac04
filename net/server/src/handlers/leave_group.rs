//! LeaveGroup: one member, or from version 3 on several.

use std::rc::Rc;

use millrace_base::code::ErrorCode;
use millrace_cluster::group::{self, Answer, Leave, LeavingMember};
use millrace_wire::messages::leave_group::{LeaveGroupRequest, LeaveGroupResponse, MemberResponse};
use millrace_wire::{Reader, WireError};

use super::respond;
use crate::groups;
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::server::Server;

/// Several members may leave at once from this version on.
const BATCH_VERSION: i16 = 3;

pub(super) async fn handle(server: Rc<Server>, request: Request) -> Result<Outcome, WireError> {
    let version = request.api_version;
    let body = LeaveGroupRequest::decode(&mut Reader::new(request.body()), version)?;
    let members: Vec<LeavingMember> = if version >= BATCH_VERSION {
        let leaving = body.members.iter().map(|member| LeavingMember {
            member_id: member.member_id.to_owned(),
            instance_id: member.group_instance_id.map(str::to_owned),
        });
        leaving.collect()
    } else {
        vec![LeavingMember { member_id: body.member_id.to_owned(), instance_id: None }]
    };
    let result = if request.authorize(Operation::Read, Resource::Group(body.group_id)) {
        let leave = Leave { group: body.group_id.to_owned(), members: members.clone() };
        match groups::ask(&server, group::Request::Leave(leave)).await {
            Answer::Leave(result) => result,
            other => unreachable!("LeaveGroup is answered with {other:?}"),
        }
    } else {
        Err(ErrorCode::GroupAuthorizationFailed)
    };
    let response = match &result {
        Err(error) => LeaveGroupResponse { error_code: error.code(), ..Default::default() },
        Ok(codes) if version >= BATCH_VERSION => LeaveGroupResponse {
            members: members.iter().zip(codes).map(|(member, code)| describe(member, *code)).collect(),
            ..Default::default()
        },
        Ok(codes) => {
            let only = codes.first().copied().unwrap_or(ErrorCode::None);
            LeaveGroupResponse { error_code: only.code(), ..Default::default() }
        }
    };
    respond(&request, |writer| response.encode(writer, version))
}

fn describe(member: &LeavingMember, code: ErrorCode) -> MemberResponse<'_> {
    MemberResponse {
        member_id: &member.member_id,
        group_instance_id: member.instance_id.as_deref(),
        error_code: code.code(),
    }
}
