//! ListPartitionReassignments: a cluster of one broker has no other to move a replica to, so none is being moved.

use millrace_base::code::ErrorCode;
use millrace_wire::messages::list_partition_reassignments::{
    ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse,
};
use millrace_wire::{Reader, WireError};

use super::respond;
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;

pub(super) fn handle(request: &Request) -> Result<Outcome, WireError> {
    ListPartitionReassignmentsRequest::decode(&mut Reader::new(request.body()), request.api_version)?;
    let denied = !request.authorize(Operation::Describe, Resource::Cluster);
    let error = if denied { ErrorCode::ClusterAuthorizationFailed } else { ErrorCode::None };
    let response =
        ListPartitionReassignmentsResponse { error_code: error.code(), error_message: None, ..Default::default() };
    respond(request, |writer| response.encode(writer, request.api_version))
}
