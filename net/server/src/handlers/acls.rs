//! DescribeAcls, CreateAcls, DeleteAcls: answered as by a Kafka that has no authorizer, until there is one.

use millrace_base::code::ErrorCode;
use millrace_wire::messages::create_acls::{AclCreationResult, CreateAclsRequest, CreateAclsResponse};
use millrace_wire::messages::delete_acls::{DeleteAclsFilterResult, DeleteAclsRequest, DeleteAclsResponse};
use millrace_wire::messages::describe_acls::{DescribeAclsRequest, DescribeAclsResponse};
use millrace_wire::{Reader, WireError};

use super::respond;
use crate::request::Request;
use crate::response::Outcome;

/// What each of them is told.
const REFUSED: ErrorCode = ErrorCode::SecurityDisabled;
const MESSAGE: &str = "No Authorizer is configured.";

pub(super) fn describe(request: &Request) -> Result<Outcome, WireError> {
    let asked = DescribeAclsRequest::decode(&mut Reader::new(request.body()), request.api_version)?;
    if !is_known(asked.resource_type_filter, asked.pattern_type_filter, asked.operation, asked.permission_type) {
        return Ok(Outcome::Close("DescribeAcls asks for a kind of ACL that there is not".to_owned()));
    }
    let response =
        DescribeAclsResponse { error_code: REFUSED.code(), error_message: Some(MESSAGE), ..Default::default() };
    respond(request, |writer| response.encode(writer, request.api_version))
}

pub(super) fn create(request: &Request) -> Result<Outcome, WireError> {
    let body = CreateAclsRequest::decode(&mut Reader::new(request.body()), request.api_version)?;
    let mut creations = body.creations.iter();
    if !creations.all(|it| is_known(it.resource_type, it.resource_pattern_type, it.operation, it.permission_type)) {
        return Ok(Outcome::Close("CreateAcls has a kind of ACL that there is not".to_owned()));
    }
    let refused = |_| AclCreationResult { error_code: REFUSED.code(), error_message: Some(MESSAGE) };
    let response = CreateAclsResponse { results: body.creations.iter().map(refused).collect(), ..Default::default() };
    respond(request, |writer| response.encode(writer, request.api_version))
}

pub(super) fn delete(request: &Request) -> Result<Outcome, WireError> {
    let body = DeleteAclsRequest::decode(&mut Reader::new(request.body()), request.api_version)?;
    let mut filters = body.filters.iter();
    if !filters.all(|it| is_known(it.resource_type_filter, it.pattern_type_filter, it.operation, it.permission_type)) {
        return Ok(Outcome::Close("DeleteAcls has a kind of ACL that there is not".to_owned()));
    }
    let refused =
        |_| DeleteAclsFilterResult { error_code: REFUSED.code(), error_message: Some(MESSAGE), ..Default::default() };
    let filter_results = body.filters.iter().map(refused).collect();
    let response = DeleteAclsResponse { filter_results, ..Default::default() };
    respond(request, |writer| response.encode(writer, request.api_version))
}

/// Whether none of these codes is 0, which stands for what is unknown.
fn is_known(resource_type: i8, pattern_type: i8, operation: i8, permission_type: i8) -> bool {
    ![resource_type, pattern_type, operation, permission_type].contains(&0)
}
