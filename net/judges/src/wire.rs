//! The little of Kafka's protocol that the judges speak themselves, written by hand so that no code of the broker is in
//! it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

/// How long an answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// The largest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 64 << 20;
/// What a request is known by: there is one at a time.
const CORRELATION: i32 = 7;

/// A plain connection, one request at a time.
pub struct Connection {
    stream: TcpStream,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// As the system reports it.
    pub fn open(address: &str) -> io::Result<Self> {
        let address = address.to_socket_addrs()?.next().ok_or(ErrorKind::AddrNotAvailable)?;
        let stream = TcpStream::connect_timeout(&address, ANSWER_WITHIN)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_WITHIN))?;
        stream.set_write_timeout(Some(ANSWER_WITHIN))?;
        Ok(Self { stream })
    }

    /// Changes how long an answer may take.
    ///
    /// # Errors
    /// As the system reports it.
    pub fn answer_within(&mut self, patience: Duration) -> io::Result<()> {
        self.stream.set_read_timeout(Some(patience))
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// As the system reports it.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Reads one answer: what follows its length.
    ///
    /// # Errors
    /// `UnexpectedEof` when the connection was closed, `WouldBlock` when nothing came in time.
    pub fn receive(&mut self) -> io::Result<Vec<u8>> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length)?;
        let length = usize::try_from(i32::from_be_bytes(length)).ok().filter(|bytes| *bytes <= ANSWER_BYTES_MAX);
        let mut answer = vec![0; length.ok_or(ErrorKind::InvalidData)?];
        self.stream.read_exact(&mut answer)?;
        Ok(answer)
    }

    /// ApiVersions v0: the answer after its correlation id.
    ///
    /// # Errors
    /// As [`Connection::receive`].
    pub fn api_versions(&mut self) -> io::Result<Vec<u8>> {
        self.ask(18, 0, &[])
    }

    /// Metadata v1 of all topics: the answer after its correlation id.
    ///
    /// # Errors
    /// As [`Connection::receive`].
    pub fn metadata(&mut self) -> io::Result<Vec<u8>> {
        self.ask(3, 1, &(-1_i32).to_be_bytes())
    }

    /// Any request of a version before its API's first flexible one: the answer after its correlation id.
    ///
    /// # Errors
    /// As [`Connection::receive`].
    pub fn ask(&mut self, key: i16, version: i16, body: &[u8]) -> io::Result<Vec<u8>> {
        self.exchange(&[&header(key, version, CORRELATION), body].concat())
    }

    /// Any request of a flexible version: the answer after its correlation id, beginning with its header's tags.
    ///
    /// # Errors
    /// As [`Connection::receive`].
    pub fn ask_flexible(&mut self, key: i16, version: i16, body: &[u8]) -> io::Result<Vec<u8>> {
        self.exchange(&[&flexible_header(key, version, CORRELATION), body].concat())
    }

    fn exchange(&mut self, request: &[u8]) -> io::Result<Vec<u8>> {
        self.send(&frame(request))?;
        let answer = self.receive()?;
        match answer.split_at_checked(4) {
            Some((id, body)) if id == CORRELATION.to_be_bytes() => Ok(body.to_vec()),
            _ => Err(ErrorKind::InvalidData.into()),
        }
    }
}

/// A request header, version 1, of a client named `judge`.
#[must_use]
pub fn header(key: i16, version: i16, correlation: i32) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(key.to_be_bytes());
    bytes.extend(version.to_be_bytes());
    bytes.extend(correlation.to_be_bytes());
    bytes.extend(5_i16.to_be_bytes());
    bytes.extend(b"judge");
    bytes
}

/// A request header, version 2: as version 1, then no tagged fields.
#[must_use]
pub fn flexible_header(key: i16, version: i16, correlation: i32) -> Vec<u8> {
    [header(key, version, correlation), vec![0]].concat()
}

/// The body behind its length.
#[must_use]
pub fn frame(body: &[u8]) -> Vec<u8> {
    let length = i32::try_from(body.len()).expect("a judge's request is small");
    [&length.to_be_bytes(), body].concat()
}
