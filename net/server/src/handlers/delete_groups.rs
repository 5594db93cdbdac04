//! DeleteGroups: groups without members, with their offsets.

use std::rc::Rc;

use futures_util::future::join_all;
use millrace_base::code::ErrorCode;
use millrace_cluster::group::{self, Answer};
use millrace_wire::messages::delete_groups::{DeletableGroupResult, DeleteGroupsRequest, DeleteGroupsResponse};
use millrace_wire::{Reader, WireError};

use super::respond;
use crate::groups;
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::server::Server;

pub(super) async fn handle(server: Rc<Server>, request: Request) -> Result<Outcome, WireError> {
    let version = request.api_version;
    let body = DeleteGroupsRequest::decode(&mut Reader::new(request.body()), version)?;
    let deleted = join_all(body.groups_names.iter().map(|id| delete(&server, &request, id))).await;
    let results = deleted.iter().map(|(group_id, error)| DeletableGroupResult { group_id, error_code: error.code() });
    let response = DeleteGroupsResponse { results: results.collect(), ..Default::default() };
    respond(&request, |writer| response.encode(writer, version))
}

async fn delete<'a>(server: &Rc<Server>, request: &Request, id: &'a str) -> (&'a str, ErrorCode) {
    if !request.authorize(Operation::Delete, Resource::Group(id)) {
        return (id, ErrorCode::GroupAuthorizationFailed);
    }
    match groups::ask(server, group::Request::Delete { group: id.to_owned() }).await {
        Answer::Delete(error) => (id, error),
        other => unreachable!("DeleteGroups is answered with {other:?}"),
    }
}
