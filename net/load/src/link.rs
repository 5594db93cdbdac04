//! A connection of the load: frames out, frames in, on one core.

use std::io;
use std::net::SocketAddr;
use std::ops::Range;

use millrace_runtime::{Buffer, Bytes, Core, ReadHalf, WriteHalf};
use millrace_wire::frame::{self, LENGTH_BYTES};
use millrace_wire::header::{RequestHeader, ResponseHeader};
use millrace_wire::{Reader, Request, Splice, Writer};

use crate::error::LoadError;

const CLIENT_ID: &str = "millrace-bench";
/// A connection's receive buffer at first, in bytes; it grows to the largest answer.
const BUFFER_BYTES: usize = 64 * 1024;
/// Largest answer that is accepted, in bytes.
const ANSWER_BYTES_MAX: usize = 128 * 1024 * 1024;

/// The sending half.
pub(crate) struct Requests {
    core: Core,
    half: WriteHalf,
    correlation_id: i32,
}

/// The receiving half.
pub(crate) struct Answers {
    core: Core,
    half: ReadHalf,
    buffer: Option<Buffer>,
    /// Where the bytes begin that were not given yet.
    start: usize,
}

/// A request's bytes, in the parts in which they are sent.
pub(crate) struct Frame {
    pub(crate) correlation_id: i32,
    parts: Vec<Bytes>,
}

/// Connects.
pub(crate) async fn open(core: &Core, address: SocketAddr) -> Result<(Requests, Answers), LoadError> {
    let socket = core.connect(address).await.map_err(|source| LoadError::Connection { peer: address, source })?;
    let (read, write) = socket.split();
    let answers = Answers { core: core.clone(), half: read, buffer: None, start: 0 };
    Ok((Requests { core: core.clone(), half: write, correlation_id: 0 }, answers))
}

impl Requests {
    /// Puts a request into bytes; `spliced` are those that it leaves out, in their order.
    pub(crate) fn frame<'a, Q: Request<'a>>(
        &mut self,
        version: i16,
        request: &Q,
        spliced: impl IntoIterator<Item = Bytes>,
    ) -> Result<Frame, LoadError> {
        self.correlation_id = self.correlation_id.wrapping_add(1);
        let correlation_id = self.correlation_id;
        let unwritable = |source| LoadError::Answer { message: Q::NAME, source };
        let mut writer = Writer::new();
        let start = frame::begin(&mut writer);
        RequestHeader { api_key: Q::KEY, api_version: version, correlation_id, client_id: Some(CLIENT_ID) }
            .encode(&mut writer)
            .map_err(unwritable)?;
        request.encode_message(&mut writer, version).map_err(unwritable)?;
        frame::end(&mut writer, start)?;
        let (buffer, splices) = writer.into_parts();
        Ok(Frame { correlation_id, parts: interleave(Bytes::from(buffer), &splices, spliced) })
    }

    /// Sends it.
    pub(crate) async fn send(&self, frame: Frame) -> Result<(), LoadError> {
        let peer = self.half.peer();
        self.half.send(&self.core, frame.parts).await.map_err(|source| LoadError::Connection { peer, source })
    }
}

fn interleave(written: Bytes, splices: &[Splice], spliced: impl IntoIterator<Item = Bytes>) -> Vec<Bytes> {
    let mut parts = Vec::with_capacity(2 * splices.len() + 1);
    let mut from = 0;
    for (splice, bytes) in splices.iter().zip(spliced) {
        debug_assert_eq!(splice.bytes, bytes.len(), "the splice announced other bytes");
        parts.push(written.slice(from..splice.position));
        parts.push(bytes);
        from = splice.position;
    }
    if from < written.len() {
        parts.push(written.slice(from..));
    }
    parts
}

impl Answers {
    /// Who sends them.
    pub(crate) fn peer(&self) -> SocketAddr {
        self.half.peer()
    }

    /// Waits for the next answer. Its bytes are [`Answers::bytes`] of what is given, until the next call.
    pub(crate) async fn next(&mut self) -> Result<Range<usize>, LoadError> {
        loop {
            let held = self.buffer.as_deref().and_then(|held| held.get(self.start..)).unwrap_or_default();
            let wanted = match frame::length(held, ANSWER_BYTES_MAX)? {
                Some(length) if held.len() >= LENGTH_BYTES + length => {
                    let start = self.start + LENGTH_BYTES;
                    self.start = start + length;
                    return Ok(start..start + length);
                }
                Some(length) => LENGTH_BYTES + length,
                None => LENGTH_BYTES,
            };
            self.receive(wanted).await?;
        }
    }

    /// Receives until at least `wanted` bytes from `start` on are there.
    async fn receive(&mut self, wanted: usize) -> Result<(), LoadError> {
        let mut buffer = match self.buffer.take() {
            Some(buffer) if self.start == 0 && buffer.capacity() >= wanted => buffer,
            Some(mut buffer) if buffer.capacity() >= wanted => {
                buffer.discard_front(self.start);
                buffer
            }
            held => {
                let mut grown = self.core.buffers().alloc_wait(wanted.max(BUFFER_BYTES)).await;
                let held = held.as_deref().and_then(|held| held.get(self.start..));
                grown.extend_from_slice(held.unwrap_or_default());
                grown
            }
        };
        self.start = 0;
        let missing = wanted.saturating_sub(buffer.len());
        let failed = |source| LoadError::Connection { peer: self.half.peer(), source };
        let (received, filled) = self.half.receive(&self.core, buffer, missing).await;
        let came = received.map_err(failed)?;
        buffer = filled;
        if came < missing {
            let closed = io::Error::new(io::ErrorKind::UnexpectedEof, "the broker has closed it");
            return Err(failed(closed));
        }
        self.buffer = Some(buffer);
        Ok(())
    }

    /// The bytes of an answer.
    pub(crate) fn bytes(&self, range: Range<usize>) -> &[u8] {
        self.buffer.as_deref().and_then(|held| held.get(range)).unwrap_or_default()
    }
}

/// Reads an answer's header; the reader then stands at its body.
pub(crate) fn header<'a, Q: Request<'a>>(reader: &mut Reader<'_>, version: i16) -> Result<i32, LoadError> {
    let header = ResponseHeader::decode(reader, Q::KEY, version);
    Ok(header.map_err(|source| LoadError::Answer { message: Q::NAME, source })?.correlation_id)
}
