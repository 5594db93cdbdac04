//! DescribeUserScramCredentials: nobody has any, since nobody authenticates.

use std::collections::BTreeMap;

use millrace_base::code::ErrorCode;
use millrace_wire::messages::describe_user_scram_credentials::{
    DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse, DescribeUserScramCredentialsResult,
};
use millrace_wire::{Reader, WireError};

use super::respond;
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;

pub(super) fn handle(request: &Request) -> Result<Outcome, WireError> {
    let body = DescribeUserScramCredentialsRequest::decode(&mut Reader::new(request.body()), request.api_version)?;
    if !request.authorize(Operation::Describe, Resource::Cluster) {
        let denied = ErrorCode::ClusterAuthorizationFailed;
        let response = DescribeUserScramCredentialsResponse {
            error_code: denied.code(),
            error_message: Some(denied.message()),
            ..Default::default()
        };
        return respond(request, |writer| response.encode(writer, request.api_version));
    }
    let mut times_named: BTreeMap<&str, usize> = BTreeMap::new();
    for user in body.users.iter().flat_map(|users| users.iter()) {
        *times_named.entry(user.name).or_default() += 1;
    }
    let told: Vec<(&str, ErrorCode, String)> = times_named
        .into_iter()
        .map(|(name, times)| {
            if times > 1 {
                let why =
                    format!("Cannot describe SCRAM credentials for the same user twice in a single request: {name}");
                (name, ErrorCode::DuplicateResource, why)
            } else {
                let why = format!("Attempt to describe a user credential that does not exist: {name}");
                (name, ErrorCode::ResourceNotFound, why)
            }
        })
        .collect();
    let results = told.iter().map(|(user, code, why)| DescribeUserScramCredentialsResult {
        user,
        error_code: code.code(),
        error_message: Some(why),
        ..Default::default()
    });
    let response = DescribeUserScramCredentialsResponse { results: results.collect(), ..Default::default() };
    respond(request, |writer| response.encode(writer, request.api_version))
}
