//! DescribeGroups: state, members and assignments of groups.

use std::rc::Rc;

use futures_util::future::join_all;
use millrace_base::code::ErrorCode;
use millrace_cluster::group::{self, Answer, DescribedMember, Refusal};
use millrace_wire::messages::describe_groups::{
    DescribeGroupsRequest, DescribeGroupsResponse, DescribedGroup, DescribedGroupMember,
};
use millrace_wire::{Reader, WireError};

use super::{ALL_GROUP_OPERATIONS, respond};
use crate::groups;
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::server::Server;

/// A group that does not exist is an error from this version on; before, it is a dead one.
const NOT_FOUND_VERSION: i16 = 6;
/// The state of a group that does not exist.
const DEAD: &str = "Dead";

/// A group of the request, described or not.
struct Described<'a> {
    id: &'a str,
    result: Result<group::DescribedGroup, Refusal>,
}

pub(super) async fn handle(server: Rc<Server>, request: Request) -> Result<Outcome, WireError> {
    let version = request.api_version;
    let body = DescribeGroupsRequest::decode(&mut Reader::new(request.body()), version)?;
    let described = join_all(body.groups.iter().map(|id| ask(&server, &request, id))).await;
    let operations = if body.include_authorized_operations { ALL_GROUP_OPERATIONS } else { i32::MIN };
    let groups = described.iter().map(|described| match &described.result {
        Ok(group) => DescribedGroup {
            error_code: ErrorCode::None.code(),
            error_message: None,
            group_id: described.id,
            group_state: group.phase.name(),
            protocol_type: &group.protocol_type,
            protocol_data: &group.protocol,
            members: group.members.iter().map(describe_member).collect(),
            authorized_operations: operations,
        },
        Err(Refusal { code: ErrorCode::GroupIdNotFound, message }) => {
            let is_error = version >= NOT_FOUND_VERSION;
            DescribedGroup {
                error_code: if is_error { ErrorCode::GroupIdNotFound } else { ErrorCode::None }.code(),
                error_message: message.as_deref().filter(|_| is_error),
                group_id: described.id,
                group_state: DEAD,
                authorized_operations: if is_error { i32::MIN } else { operations },
                ..Default::default()
            }
        }
        Err(refusal) => {
            DescribedGroup { error_code: refusal.code.code(), group_id: described.id, ..Default::default() }
        }
    });
    let response = DescribeGroupsResponse { groups: groups.collect(), ..Default::default() };
    respond(&request, |writer| response.encode(writer, version))
}

async fn ask<'a>(server: &Rc<Server>, request: &Request, id: &'a str) -> Described<'a> {
    if !request.authorize(Operation::Describe, Resource::Group(id)) {
        return Described { id, result: Err(ErrorCode::GroupAuthorizationFailed.into()) };
    }
    match groups::ask(server, group::Request::Describe { group: id.to_owned() }).await {
        Answer::Describe(result) => Described { id, result },
        other => unreachable!("DescribeGroups is answered with {other:?}"),
    }
}

fn describe_member(member: &DescribedMember) -> DescribedGroupMember<'_> {
    DescribedGroupMember {
        member_id: &member.member_id,
        group_instance_id: member.instance_id.as_deref(),
        client_id: &member.client_id,
        client_host: &member.client_host,
        member_metadata: &member.metadata,
        member_assignment: &member.assignment,
    }
}
