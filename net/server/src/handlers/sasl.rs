//! SaslHandshake and SaslAuthenticate: a listener without SASL has nobody authenticate.

use millrace_base::code::ErrorCode;
use millrace_wire::messages::sasl_authenticate::{SaslAuthenticateRequest, SaslAuthenticateResponse};
use millrace_wire::messages::sasl_handshake::{SaslHandshakeRequest, SaslHandshakeResponse};
use millrace_wire::{Reader, WireError};

use super::respond;
use crate::request::Request;
use crate::response::Outcome;

pub(super) fn handshake(request: &Request) -> Result<Outcome, WireError> {
    SaslHandshakeRequest::decode(&mut Reader::new(request.body()), request.api_version)?;
    let error_code = ErrorCode::IllegalSaslState.code();
    let response = SaslHandshakeResponse { error_code, ..Default::default() };
    respond(request, |writer| response.encode(writer, request.api_version))
}

pub(super) fn authenticate(request: &Request) -> Result<Outcome, WireError> {
    SaslAuthenticateRequest::decode(&mut Reader::new(request.body()), request.api_version)?;
    let response = SaslAuthenticateResponse {
        error_code: ErrorCode::IllegalSaslState.code(),
        error_message: Some("This listener does not authenticate."),
        ..Default::default()
    };
    respond(request, |writer| response.encode(writer, request.api_version))
}
