//! An answer on its way out: memory and file ranges in the order in which they go to the socket.

use millrace_log::ReadPart;
use millrace_runtime::Bytes;
use millrace_wire::frame::{self, FrameError};
use millrace_wire::header::ResponseHeader;
use millrace_wire::{WireError, Writer};
use thiserror::Error;

use crate::request::Request;

/// What becomes of a request.
pub(crate) enum Outcome {
    /// An answer to send.
    Respond(Response),
    /// Nothing is sent (Produce with acks=0).
    Silent,
    /// The connection cannot go on; why.
    Close(String),
}

/// An answer: its parts, in order.
pub(crate) struct Response {
    pub parts: Vec<ReadPart>,
    /// Where the first part tells for how long the client is throttled, if it does.
    throttle_time_at: Option<usize>,
}

impl Response {
    /// Encodes header and body with their length prefix. `records` are the parts that the body's spliced record fields
    /// stand for, in the order in which `body` writes them; `version` is the one that the answer is written in.
    ///
    /// # Errors
    /// [`AnswerError`] when the message cannot be written in its version, or is too long for a frame.
    pub(crate) fn encode(
        request: &Request,
        version: i16,
        records: Vec<Vec<ReadPart>>,
        body: impl FnOnce(&mut Writer) -> Result<(), WireError>,
    ) -> Result<Self, AnswerError> {
        let mut writer = Writer::new();
        let start = frame::begin(&mut writer);
        let header = ResponseHeader { correlation_id: request.correlation_id };
        header.encode(&mut writer, request.api_key, version)?;
        body(&mut writer)?;
        frame::end(&mut writer, start)?;
        let first_splice = writer.splices().first().map_or(usize::MAX, |splice| splice.position);
        let throttle_time_at = writer.throttle_time_at().filter(|at| *at < first_splice);
        Ok(Self { parts: interleave(writer, records), throttle_time_at })
    }

    /// Tells the client that it is throttled for at least so long.
    pub(crate) fn tell_throttle(&mut self, throttle_time_ms: i32) {
        let Some(at) = self.throttle_time_at else { return };
        let Some(ReadPart::Memory(first)) = self.parts.first_mut() else { return };
        let mut head = first.to_vec();
        if let Some(field) = head.get_mut(at..).and_then(<[u8]>::first_chunk_mut::<{ size_of::<i32>() }>) {
            *field = i32::from_be_bytes(*field).max(throttle_time_ms).to_be_bytes();
        }
        *first = Bytes::from(head);
    }
}

/// What keeps an answer from being written.
#[derive(Debug, Error)]
pub(crate) enum AnswerError {
    /// The message cannot be written in its version.
    #[error("the answer cannot be written: {0}")]
    Message(#[from] WireError),
    /// It is longer than a frame can be.
    #[error("the answer cannot be sent: {0}")]
    Frame(#[from] FrameError),
}

/// Puts the spliced parts where the writer left room for them.
fn interleave(writer: Writer, records: Vec<Vec<ReadPart>>) -> Vec<ReadPart> {
    let (head, splices) = writer.into_parts();
    let head = Bytes::from(head);
    let mut parts = Vec::with_capacity(2 * splices.len() + 1);
    let mut written = 0;
    // Nothing is spliced for a record field that holds nothing.
    let mut records = records.into_iter().filter(|parts| !parts.is_empty());
    for splice in splices.into_iter().filter(|splice| splice.bytes > 0) {
        let spliced = records.next().unwrap_or_default();
        assert_eq!(spliced.iter().map(ReadPart::len).sum::<usize>(), splice.bytes, "records as announced");
        parts.push(ReadPart::Memory(head.slice(written..splice.position)));
        written = splice.position;
        parts.extend(spliced);
    }
    assert!(records.next().is_none(), "every run of records has its place in the answer");
    parts.push(ReadPart::Memory(head.slice(written..)));
    parts
}
