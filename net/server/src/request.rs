//! What a handler knows about a request besides its body: who asks, from where, and with whose permission.

use std::cell::Cell;
use std::net::SocketAddr;
use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use millrace_runtime::{Bytes, Monotonic};
use millrace_wire::header::RequestHeader;
use millrace_wire::{Reader, WireError};

/// Who is asking. Until a listener authenticates, everybody is anonymous.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Principal {
    /// `User:ANONYMOUS`
    Anonymous,
}

impl Principal {
    /// The user's name.
    pub(crate) fn name(&self) -> &str {
        match self {
            Principal::Anonymous => "ANONYMOUS",
        }
    }

    /// Whether it may do `operation` to `resource`. Everything is allowed until there are ACLs.
    pub(crate) fn authorize(&self, _operation: Operation, _resource: Resource<'_>) -> bool {
        match self {
            Principal::Anonymous => true,
        }
    }
}

/// What a request wants to do (Kafka's ACL operations, those in use).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Read,
    Write,
    Create,
    Delete,
    Alter,
    Describe,
    DescribeConfigs,
    AlterConfigs,
    IdempotentWrite,
}

/// To what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resource<'a> {
    Cluster,
    Group(&'a str),
    Topic(&'a str),
}

/// A request and its surroundings.
pub(crate) struct Request {
    /// The whole frame, without its length prefix.
    pub frame: Bytes,
    /// Where the body begins in the frame, in bytes.
    pub body_start: usize,
    pub api_key: i16,
    pub api_version: i16,
    pub correlation_id: i32,
    /// Where the client's name for itself is in the frame.
    client_id: Range<usize>,
    pub context: Rc<ConnectionContext>,
    /// What is measured of it, where its client has a quota.
    pub measured: Option<Rc<Measured>>,
}

/// What is measured of a request.
#[derive(Default)]
pub(crate) struct Measured {
    /// For how long it has kept the core of its connection busy.
    pub busy: Cell<Duration>,
    /// How much of that was counted already.
    pub counted: Cell<Duration>,
}

/// What all requests of a connection share.
pub(crate) struct ConnectionContext {
    pub principal: Principal,
    /// The listener's index in the configuration: clients are told the addresses of the listener they came by.
    pub listener: usize,
    pub peer: SocketAddr,
    /// When it may be read again, while its client is throttled.
    pub muted_until: Cell<Option<Monotonic>>,
}

impl Request {
    /// Reads the header of a frame.
    ///
    /// # Errors
    /// [`WireError`] when it is not one, or its API is unknown to Kafka 4.3.
    pub(crate) fn parse(frame: Bytes, context: Rc<ConnectionContext>) -> Result<Self, WireError> {
        let mut reader = Reader::new(&frame);
        let header = RequestHeader::decode(&mut reader)?;
        let RequestHeader { api_key, api_version, correlation_id, client_id } = header;
        let client_id = client_id.map(|text| place(&frame, text.as_bytes())).unwrap_or_default();
        let body_start = frame.len() - reader.remaining().len();
        Ok(Self { frame, body_start, api_key, api_version, correlation_id, client_id, context, measured: None })
    }

    /// The client's address, as Kafka prints it.
    pub(crate) fn client_host(&self) -> String {
        format!("/{}", self.context.peer.ip().to_canonical())
    }

    /// The client's name for itself; empty for none.
    pub(crate) fn client_id(&self) -> &str {
        let bytes = self.frame.get(self.client_id.clone()).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    /// The body's bytes.
    pub(crate) fn body(&self) -> &[u8] {
        self.frame.get(self.body_start..).unwrap_or_default()
    }

    /// As [`Principal::authorize`].
    pub(crate) fn authorize(&self, operation: Operation, resource: Resource<'_>) -> bool {
        self.context.principal.authorize(operation, resource)
    }

    /// A part of the frame as bytes of their own, sharing its memory. `part` must lie within the frame.
    pub(crate) fn share(&self, part: &[u8]) -> Bytes {
        self.frame.slice(place(&self.frame, part))
    }
}

/// Where a part of a frame lies in it.
fn place(frame: &[u8], part: &[u8]) -> Range<usize> {
    let start = (part.as_ptr() as usize).wrapping_sub(frame.as_ptr() as usize);
    assert!(start <= frame.len() && part.len() <= frame.len() - start, "a part of another frame");
    start..start + part.len()
}
