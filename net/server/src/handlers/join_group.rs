//! JoinGroup: answered when the group's members are known, which may take as long as the slowest of them.

use std::rc::Rc;

use millrace_base::code::ErrorCode;
use millrace_cluster::group::{self, Answer, Join, JoinAnswer, Protocol};
use millrace_wire::messages::join_group::{JoinGroupRequest, JoinGroupResponse, JoinGroupResponseMember};
use millrace_wire::{Reader, WireError};

use super::{code_of, respond};
use crate::groups;
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::server::{Server, random_id};

/// A new member is told its id before it may join, from this version on (KIP-394).
const KNOWN_ID_VERSION: i16 = 4;
/// An answer may name no protocol, from this version on.
const NULLABLE_PROTOCOL_VERSION: i16 = 7;
/// A leader may be told to keep the assignment, from this version on (KIP-814).
const SKIP_ASSIGNMENT_VERSION: i16 = 9;

pub(super) async fn handle(server: Rc<Server>, request: Request) -> Result<Outcome, WireError> {
    let version = request.api_version;
    let body = JoinGroupRequest::decode(&mut Reader::new(request.body()), version)?;
    let answer = if request.authorize(Operation::Read, Resource::Group(body.group_id)) {
        match groups::ask(&server, group::Request::Join(join(&server, &request, &body))).await {
            Answer::Join(answer) => answer,
            other => unreachable!("JoinGroup is answered with {other:?}"),
        }
    } else {
        JoinAnswer::refused(ErrorCode::GroupAuthorizationFailed, body.member_id)
    };
    let members = answer.members.iter().map(|member| JoinGroupResponseMember {
        member_id: &member.member_id,
        group_instance_id: member.instance_id.as_deref(),
        metadata: &member.metadata,
    });
    let may_be_null = version >= NULLABLE_PROTOCOL_VERSION;
    let response = JoinGroupResponse {
        error_code: code_of(answer.error),
        generation_id: answer.generation,
        protocol_type: answer.protocol_type.as_deref(),
        protocol_name: answer.protocol.as_deref().or(if may_be_null { None } else { Some("") }),
        leader: &answer.leader,
        skip_assignment: answer.skip_assignment,
        member_id: &answer.member_id,
        members: members.collect(),
        ..Default::default()
    };
    respond(&request, |writer| response.encode(writer, version))
}

fn join(server: &Server, request: &Request, body: &JoinGroupRequest<'_>) -> Join {
    let protocols = body
        .protocols
        .iter()
        .map(|protocol| Protocol { name: protocol.name.to_owned(), metadata: protocol.metadata.to_vec() });
    Join {
        group: body.group_id.to_owned(),
        member_id: body.member_id.to_owned(),
        instance_id: body.group_instance_id.map(str::to_owned),
        client_id: request.client_id().to_owned(),
        client_host: request.client_host(),
        session_timeout_ms: body.session_timeout_ms,
        rebalance_timeout_ms: (body.rebalance_timeout_ms != -1).then_some(body.rebalance_timeout_ms),
        protocol_type: body.protocol_type.to_owned(),
        protocols: protocols.collect(),
        new_id: uuid(random_id(&server.core).0),
        must_know_its_id: request.api_version >= KNOWN_ID_VERSION,
        may_skip_assignment: request.api_version >= SKIP_ASSIGNMENT_VERSION,
    }
}

/// A UUID as Java prints it, which is how members' ids end.
fn uuid(bytes: [u8; 16]) -> String {
    let digits = format!("{:032x}", u128::from_be_bytes(bytes));
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32];
    parts.map(|part| digits.get(part).unwrap_or_default().to_owned()).join("-")
}

#[cfg(test)]
mod tests {
    use super::uuid;

    #[test]
    fn a_uuid_is_printed_as_rfc_9562_prints_it() {
        let bytes = 0xf81d_4fae_7dec_11d0_a765_00a0_c91e_6bf6_u128.to_be_bytes();
        assert_eq!(uuid(bytes), "f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
    }
}
