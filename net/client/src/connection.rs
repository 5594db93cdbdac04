//! One connection to one broker: a request, then its answer.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use millrace_base::hash::Map;
use millrace_wire::frame::{self, LENGTH_BYTES};
use millrace_wire::header::{RequestHeader, ResponseHeader};
use millrace_wire::messages::api_versions::{ApiVersionsRequest, ApiVersionsResponse};
use millrace_wire::{Message, Reader, Request, VersionRange, Writer};

use crate::error::ClientError;

const CLIENT_ID: &str = "millrace";
/// A broker that cannot be reached within this is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A broker that does not answer within this has gone. Longer than any wait that a request asks for.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// The version of the first request: any broker since Kafka 2.4 knows it.
const HANDSHAKE_VERSION: i16 = 3;
/// Largest answer that is accepted, in bytes.
const ANSWER_BYTES_MAX: usize = 256 * 1024 * 1024;

/// A connection whose broker has said which versions it speaks.
pub struct Connection {
    stream: TcpStream,
    address: String,
    last_correlation_id: i32,
    offered: Map<i16, VersionRange>,
}

/// An answer's bytes: its body begins at `body_start`.
pub struct Answer {
    frame: Vec<u8>,
    body_start: usize,
    version: i16,
}

impl Answer {
    /// Decodes the body.
    ///
    /// # Errors
    /// [`ClientError::Answer`] when the bytes are not such a message.
    pub fn decode<'a, M: Message<'a>>(&'a self) -> Result<M, ClientError> {
        let body = self.frame.get(self.body_start..).unwrap_or_default();
        let decoded = M::decode_message(&mut Reader::new(body), self.version);
        decoded.map_err(|source| ClientError::Answer { message: M::NAME, source })
    }
}

impl Connection {
    /// Connects to `HOST:PORT` and asks for the versions that the broker offers.
    ///
    /// # Errors
    /// [`ClientError`] when nobody answers, or not as a Kafka broker does.
    pub fn open(address: &str) -> Result<Self, ClientError> {
        let not_an_address = || ClientError::Address { address: address.to_owned() };
        let failed = |source| ClientError::Connect { address: address.to_owned(), source };
        if !address.contains(':') {
            return Err(not_an_address());
        }
        let mut last = not_an_address();
        for candidate in address.to_socket_addrs().map_err(failed)? {
            match TcpStream::connect_timeout(&candidate, CONNECT_TIMEOUT) {
                Ok(stream) => return Self::handshake(stream, address),
                Err(source) => last = failed(source),
            }
        }
        Err(last)
    }

    fn handshake(stream: TcpStream, address: &str) -> Result<Self, ClientError> {
        let failed = |source| ClientError::Connect { address: address.to_owned(), source };
        stream.set_nodelay(true).map_err(failed)?;
        stream.set_read_timeout(Some(ANSWER_TIMEOUT)).map_err(failed)?;
        let offered = Map::default();
        let mut connection = Self { stream, address: address.to_owned(), last_correlation_id: 0, offered };
        let request =
            ApiVersionsRequest { client_software_name: CLIENT_ID, client_software_version: env!("CARGO_PKG_VERSION") };
        let answer = connection.call(HANDSHAKE_VERSION, &request)?;
        for api in answer.decode::<ApiVersionsResponse<'_>>()?.api_keys.iter() {
            connection.offered.insert(api.api_key, VersionRange { min: api.min_version, max: api.max_version });
        }
        Ok(connection)
    }

    /// The highest version of `Q` that both sides speak, at most `newest`.
    ///
    /// # Errors
    /// [`ClientError::NotOffered`] when there is none.
    pub fn version<'a, Q: Request<'a>>(&self, newest: i16) -> Result<i16, ClientError> {
        let ours = VersionRange { min: Q::VERSIONS.min, max: Q::VERSIONS.max.min(newest) };
        let common = self.offered.get(&Q::KEY).and_then(|offered| offered.intersect(ours));
        let not_offered = || ClientError::NotOffered { address: self.address.clone(), request: Q::NAME };
        common.map(|range| range.max).ok_or_else(not_offered)
    }

    /// Sends a request in a version of [`Connection::version`] and waits for its answer.
    ///
    /// # Errors
    /// [`ClientError`] when the connection breaks or the answer is not one.
    pub fn call<'a, Q: Request<'a>>(&mut self, version: i16, request: &Q) -> Result<Answer, ClientError> {
        let expected = self.send(version, request)?;
        let frame = self.receive()?;
        let mut reader = Reader::new(&frame);
        let header = ResponseHeader::decode(&mut reader, Q::KEY, version)
            .map_err(|source| ClientError::Answer { message: Q::NAME, source })?;
        if header.correlation_id != expected {
            return Err(ClientError::OutOfOrder { expected, found: header.correlation_id });
        }
        let body_start = frame.len() - reader.remaining().len();
        Ok(Answer { body_start, frame, version })
    }

    /// Sends a request to which there is no answer (Produce with acks=0).
    ///
    /// # Errors
    /// [`ClientError`] when the connection breaks.
    pub fn tell<'a, Q: Request<'a>>(&mut self, version: i16, request: &Q) -> Result<(), ClientError> {
        self.send(version, request).map(drop)
    }

    fn send<'a, Q: Request<'a>>(&mut self, version: i16, request: &Q) -> Result<i32, ClientError> {
        let unwritable = |source| ClientError::Answer { message: Q::NAME, source };
        self.last_correlation_id = self.last_correlation_id.wrapping_add(1);
        let correlation_id = self.last_correlation_id;
        let client_id = Some(CLIENT_ID);
        let mut writer = Writer::new();
        let start = frame::begin(&mut writer);
        RequestHeader { api_key: Q::KEY, api_version: version, correlation_id, client_id }
            .encode(&mut writer)
            .map_err(unwritable)?;
        request.encode_message(&mut writer, version).map_err(unwritable)?;
        frame::end(&mut writer, start)?;
        self.stream.write_all(writer.buffer()).map_err(|source| self.broken(source))?;
        Ok(correlation_id)
    }

    fn receive(&mut self) -> Result<Vec<u8>, ClientError> {
        let mut prefix = [0; LENGTH_BYTES];
        self.stream.read_exact(&mut prefix).map_err(|source| self.broken(source))?;
        let length = frame::length(&prefix, ANSWER_BYTES_MAX)?.unwrap_or(0);
        let mut frame = vec![0; length];
        self.stream.read_exact(&mut frame).map_err(|source| self.broken(source))?;
        Ok(frame)
    }

    fn broken(&self, source: std::io::Error) -> ClientError {
        ClientError::Connection { address: self.address.clone(), source }
    }
}
