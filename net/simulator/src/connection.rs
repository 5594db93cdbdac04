//! A client's connection: requests, and their answers in the same order.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use millrace_runtime::{Bytes, Core, ReadHalf, WriteHalf};
use millrace_wire::frame::{self, LENGTH_BYTES};
use millrace_wire::header::{RequestHeader, ResponseHeader};
use millrace_wire::{Message, Reader, Request, Writer};

/// Bytes that are received at a time.
const RECEIVE_BYTES: usize = 64 << 10;
/// No answer is larger, in bytes.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Why no answer comes: whether the request counts is not known.
#[derive(Debug)]
pub(crate) enum Lost {
    /// The connection broke.
    Broken(#[allow(dead_code, reason = "told in the history")] io::Error),
    /// The broker closed it.
    Closed,
    /// The client would not wait longer.
    TimedOut,
}

/// A request whose answer has not come yet.
pub(crate) struct Sent {
    correlation_id: i32,
    key: i16,
    version: i16,
    name: &'static str,
}

/// An answer's bytes.
pub(crate) struct Answer {
    frame: Vec<u8>,
    body_start: usize,
    version: i16,
}

impl Answer {
    /// Decodes the body, which must be a whole message and nothing more.
    pub(crate) fn decode<'a, M: Message<'a>>(&'a self) -> M {
        let mut reader = Reader::new(&self.frame[self.body_start..]);
        let message = M::decode_message(&mut reader, self.version);
        let message = message.unwrap_or_else(|error| panic!("an answer is no {}: {error}", M::NAME));
        assert!(reader.remaining().is_empty(), "bytes after a {}", M::NAME);
        message
    }
}

/// A request's frame.
pub(crate) fn encode<'a, Q: Request<'a>>(version: i16, correlation_id: i32, request: &Q) -> Vec<u8> {
    let mut writer = Writer::new();
    let start = frame::begin(&mut writer);
    let header = RequestHeader { api_key: Q::KEY, api_version: version, correlation_id, client_id: Some("sim") };
    header.encode(&mut writer).unwrap();
    request.encode_message(&mut writer, version).unwrap();
    frame::end(&mut writer, start).unwrap();
    writer.into_vec()
}

/// A connection to the broker. Of no use after a [`Lost`].
pub(crate) struct Connection {
    core: Core,
    reader: ReadHalf,
    writer: WriteHalf,
    received: Vec<u8>,
    last_correlation_id: i32,
}

impl Connection {
    pub(crate) async fn open(core: &Core, address: SocketAddr, patience: Duration) -> Result<Self, Lost> {
        let connected = core.timeout(patience, core.connect(address)).await.map_err(|_elapsed| Lost::TimedOut)?;
        let (reader, writer) = connected.map_err(Lost::Broken)?.split();
        Ok(Self { core: core.clone(), reader, writer, received: Vec::new(), last_correlation_id: 0 })
    }

    /// Sends a request.
    pub(crate) async fn submit<'a, Q: Request<'a>>(
        &mut self,
        version: i16,
        request: &Q,
        patience: Duration,
    ) -> Result<Sent, Lost> {
        self.last_correlation_id += 1;
        let correlation_id = self.last_correlation_id;
        let frame = encode(version, correlation_id, request);
        let sending = self.writer.send(&self.core, vec![Bytes::from(frame)]);
        let sent = self.core.timeout(patience, sending).await.map_err(|_elapsed| Lost::TimedOut)?;
        sent.map_err(Lost::Broken)?;
        Ok(Sent { correlation_id, key: Q::KEY, version, name: Q::NAME })
    }

    /// Waits for the answer to the oldest request that has none yet: `sent`.
    pub(crate) async fn answer(&mut self, sent: &Sent, patience: Duration) -> Result<Answer, Lost> {
        let core = self.core.clone();
        let frame = core.timeout(patience, self.receive()).await.map_err(|_elapsed| Lost::TimedOut)??;
        let mut reader = Reader::new(&frame);
        let header = ResponseHeader::decode(&mut reader, sent.key, sent.version);
        let header = header.unwrap_or_else(|error| panic!("the answer to {} has no header: {error}", sent.name));
        assert_eq!(header.correlation_id, sent.correlation_id, "answers come in the order of their requests");
        let body_start = frame.len() - reader.remaining().len();
        Ok(Answer { frame, body_start, version: sent.version })
    }

    async fn receive(&mut self) -> Result<Vec<u8>, Lost> {
        loop {
            let length = frame::length(&self.received, ANSWER_BYTES_MAX);
            let length = length.unwrap_or_else(|error| panic!("the broker sends {error}"));
            if let Some(end) = length.map(|length| LENGTH_BYTES + length).filter(|end| *end <= self.received.len()) {
                let rest = self.received.split_off(end);
                let mut frame = std::mem::replace(&mut self.received, rest);
                frame.drain(..LENGTH_BYTES);
                return Ok(frame);
            }
            let buffer = self.core.buffers().alloc(RECEIVE_BYTES).unwrap();
            let (result, buffer) = self.reader.receive(&self.core, buffer, 1).await;
            if result.map_err(Lost::Broken)? == 0 {
                return Err(Lost::Closed);
            }
            self.received.extend_from_slice(&buffer);
        }
    }
}
