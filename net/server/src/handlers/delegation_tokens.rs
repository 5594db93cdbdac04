//! Delegation tokens: nobody who is not authenticated may ask about them, and nobody is authenticated yet.

use millrace_base::code::ErrorCode;
use millrace_wire::messages::create_delegation_token::{CreateDelegationTokenRequest, CreateDelegationTokenResponse};
use millrace_wire::messages::describe_delegation_token::{
    DescribeDelegationTokenRequest, DescribeDelegationTokenResponse,
};
use millrace_wire::messages::expire_delegation_token::{ExpireDelegationTokenRequest, ExpireDelegationTokenResponse};
use millrace_wire::messages::renew_delegation_token::{RenewDelegationTokenRequest, RenewDelegationTokenResponse};
use millrace_wire::{Reader, WireError};

use super::respond;
use crate::request::{Principal, Request};
use crate::response::Outcome;

/// What all of them are told.
const REFUSED: ErrorCode = ErrorCode::DelegationTokenRequestNotAllowed;
/// What stands where there is no time.
const NO_TIMESTAMP: i64 = -1;
/// The first version of CreateDelegationToken whose answer tells who asked.
const FIRST_VERSION_WITH_REQUESTER: i16 = 3;

pub(super) fn create(request: &Request) -> Result<Outcome, WireError> {
    let body = CreateDelegationTokenRequest::decode(&mut Reader::new(request.body()), request.api_version)?;
    let (requester_type, requester_name) = match request.context.principal {
        Principal::Anonymous => ("User", "ANONYMOUS"),
    };
    // Who names no owner is the owner.
    let owner_name = body.owner_principal_name.filter(|name| !name.is_empty());
    let owner_type = owner_name.and(body.owner_principal_type).unwrap_or(requester_type);
    let has_requester = request.api_version >= FIRST_VERSION_WITH_REQUESTER;
    let response = CreateDelegationTokenResponse {
        error_code: REFUSED.code(),
        principal_type: owner_type,
        principal_name: owner_name.unwrap_or(requester_name),
        token_requester_principal_type: if has_requester { requester_type } else { "" },
        token_requester_principal_name: if has_requester { requester_name } else { "" },
        issue_timestamp_ms: NO_TIMESTAMP,
        expiry_timestamp_ms: NO_TIMESTAMP,
        max_timestamp_ms: NO_TIMESTAMP,
        ..Default::default()
    };
    respond(request, |writer| response.encode(writer, request.api_version))
}

pub(super) fn renew(request: &Request) -> Result<Outcome, WireError> {
    RenewDelegationTokenRequest::decode(&mut Reader::new(request.body()), request.api_version)?;
    let response = RenewDelegationTokenResponse {
        error_code: REFUSED.code(),
        expiry_timestamp_ms: NO_TIMESTAMP,
        ..Default::default()
    };
    respond(request, |writer| response.encode(writer, request.api_version))
}

pub(super) fn expire(request: &Request) -> Result<Outcome, WireError> {
    ExpireDelegationTokenRequest::decode(&mut Reader::new(request.body()), request.api_version)?;
    let response = ExpireDelegationTokenResponse {
        error_code: REFUSED.code(),
        expiry_timestamp_ms: NO_TIMESTAMP,
        ..Default::default()
    };
    respond(request, |writer| response.encode(writer, request.api_version))
}

pub(super) fn describe(request: &Request) -> Result<Outcome, WireError> {
    DescribeDelegationTokenRequest::decode(&mut Reader::new(request.body()), request.api_version)?;
    let response = DescribeDelegationTokenResponse { error_code: REFUSED.code(), ..Default::default() };
    respond(request, |writer| response.encode(writer, request.api_version))
}
