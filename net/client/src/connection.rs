//! One connection to one broker: requests, and their answers in the same order.
//!
//! Always true: after a failure that leaves the stream in the midst of something the connection is broken, and every
//! later use of it fails.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicU64, Ordering};
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

/// Numbers the connections of this process, so that a request is never looked for on another one.
static NEXT_SERIAL: AtomicU64 = AtomicU64::new(0);

/// A connection whose broker has said which versions it speaks.
pub struct Connection {
    stream: TcpStream,
    address: String,
    serial: u64,
    last_correlation_id: i32,
    is_broken: bool,
    offered: Map<i16, VersionRange>,
    features: BTreeMap<String, i16>,
}

/// A request whose answer was not received yet. It may be dropped: the answer is then passed over.
#[derive(Debug)]
pub struct Pending {
    serial: u64,
    correlation_id: i32,
    key: i16,
    name: &'static str,
    version: i16,
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
        stream.set_write_timeout(Some(ANSWER_TIMEOUT)).map_err(failed)?;
        let mut connection = Self {
            stream,
            address: address.to_owned(),
            serial: NEXT_SERIAL.fetch_add(1, Ordering::Relaxed),
            last_correlation_id: 0,
            is_broken: false,
            offered: Map::default(),
            features: BTreeMap::new(),
        };
        let request =
            ApiVersionsRequest { client_software_name: CLIENT_ID, client_software_version: env!("CARGO_PKG_VERSION") };
        let answer = match connection.call(HANDSHAKE_VERSION, &request) {
            Err(source @ (ClientError::Connection { .. } | ClientError::Frame(_) | ClientError::Answer { .. })) => {
                return Err(ClientError::NotKafka { address: address.to_owned(), source: Box::new(source) });
            }
            answer => answer?,
        };
        let versions = answer.decode::<ApiVersionsResponse<'_>>()?;
        if versions.error_code != 0 {
            let what = format!("the broker at {address} does not say what it offers");
            return Err(ClientError::refused(what, versions.error_code, None));
        }
        for api in versions.api_keys.iter() {
            connection.offered.insert(api.api_key, VersionRange { min: api.min_version, max: api.max_version });
        }
        let levels = versions.finalized_features.iter();
        connection.features = levels.map(|feature| (feature.name.to_owned(), feature.max_version_level)).collect();
        Ok(connection)
    }

    /// The features that the cluster has settled on, and their levels (KIP-584).
    #[must_use]
    pub fn features(&self) -> &BTreeMap<String, i16> {
        &self.features
    }

    /// Whether the connection can no longer be used.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.is_broken
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
        let pending = self.submit(version, request)?;
        self.finish(pending)
    }

    /// Sends a request in a version of [`Connection::version`]. [`Connection::finish`] waits for its answer; or nobody
    /// does, when there will be none (Produce with acks=0).
    ///
    /// # Errors
    /// [`ClientError`] when the request cannot be written or the connection breaks.
    pub fn submit<'a, Q: Request<'a>>(&mut self, version: i16, request: &Q) -> Result<Pending, ClientError> {
        if self.is_broken {
            return Err(self.lost());
        }
        let unwritable = |source| ClientError::Unwritable { message: Q::NAME, source };
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
        let written = self.stream.write_all(writer.buffer());
        written.map_err(|source| self.broken(source))?;
        Ok(Pending { serial: self.serial, correlation_id, key: Q::KEY, name: Q::NAME, version })
    }

    /// Waits for a request's answer. Requests are finished in the order of their submission; those that are passed over
    /// cannot be finished any more.
    ///
    /// # Errors
    /// [`ClientError`] when the connection breaks, is another one than the request was sent on, or the answer is not
    /// one.
    pub fn finish(&mut self, pending: Pending) -> Result<Answer, ClientError> {
        if self.is_broken || pending.serial != self.serial {
            return Err(self.lost());
        }
        loop {
            let frame = self.receive()?;
            let mut reader = Reader::new(&frame);
            let header = ResponseHeader::decode(&mut reader, pending.key, pending.version)
                .map_err(|source| ClientError::Answer { message: pending.name, source })?;
            let ahead = pending.correlation_id.wrapping_sub(header.correlation_id);
            if ahead < 0 {
                self.is_broken = true;
                return Err(ClientError::OutOfOrder { expected: pending.correlation_id, found: header.correlation_id });
            }
            if ahead == 0 {
                let body_start = frame.len() - reader.remaining().len();
                return Ok(Answer { body_start, frame, version: pending.version });
            }
        }
    }

    fn receive(&mut self) -> Result<Vec<u8>, ClientError> {
        let mut prefix = [0; LENGTH_BYTES];
        let read = self.stream.read_exact(&mut prefix);
        read.map_err(|source| self.broken(source))?;
        let length = frame::length(&prefix, ANSWER_BYTES_MAX).inspect_err(|_| self.is_broken = true)?;
        let mut frame = vec![0; length.unwrap_or(0)];
        let read = self.stream.read_exact(&mut frame);
        read.map_err(|source| self.broken(source))?;
        Ok(frame)
    }

    fn broken(&mut self, source: io::Error) -> ClientError {
        self.is_broken = true;
        let source = match source.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                io::Error::new(ErrorKind::TimedOut, format!("nothing happened for {} s", ANSWER_TIMEOUT.as_secs()))
            }
            ErrorKind::UnexpectedEof => io::Error::new(ErrorKind::UnexpectedEof, "the broker has closed it"),
            _ => source,
        };
        ClientError::Connection { address: self.address.clone(), source }
    }

    fn lost(&self) -> ClientError {
        let source = io::Error::new(ErrorKind::NotConnected, "it broke before the answer came");
        ClientError::Connection { address: self.address.clone(), source }
    }
}
