//! One connection to one core.

use std::io::{self, ErrorKind, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use millrace_wire::native::{MAGIC, NativeError, ToBroker, ToClient, VERSION, encode, read};

use super::inbox::Inbox;
use crate::error::ClientError;

/// A broker that cannot be reached within this is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A broker that does not answer a request at the beginning of a connection within this has gone.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// A connection on which nothing was said for so long says that it is still wanted: brokers close those that are
/// silent for `connections.max.idle.ms`, ten minutes by default.
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// A connection that was greeted.
pub(super) struct Link {
    stream: TcpStream,
    address: String,
    inbox: Inbox,
    /// What was said and the socket did not take yet.
    unsent: Vec<u8>,
    last_said: Instant,
}

/// A message that has arrived, and where its payload lies.
pub(super) struct Arrived {
    pub message: ToClient,
    pub payload: Range<usize>,
}

/// The broker's answer to the greeting.
pub(super) struct Welcome {
    pub core: u16,
    pub ports: Vec<u16>,
}

impl Link {
    /// Connects to `HOST:PORT` and greets.
    pub(super) fn open(address: &str, client_id: &str, buffer_bytes: usize) -> Result<(Self, Welcome), ClientError> {
        let failed = |source| ClientError::Connect { address: address.to_owned(), source };
        if !address.contains(':') {
            return Err(ClientError::Address { address: address.to_owned() });
        }
        let mut last = io::Error::new(ErrorKind::NotFound, "the host has no address");
        for candidate in address.to_socket_addrs().map_err(failed)? {
            match TcpStream::connect_timeout(&candidate, CONNECT_TIMEOUT) {
                Ok(stream) => return Self::greet(stream, address, client_id, buffer_bytes),
                Err(source) => last = source,
            }
        }
        Err(failed(last))
    }

    fn greet(
        stream: TcpStream,
        address: &str,
        client_id: &str,
        buffer_bytes: usize,
    ) -> Result<(Self, Welcome), ClientError> {
        let failed = |source| ClientError::Connect { address: address.to_owned(), source };
        stream.set_nodelay(true).map_err(failed)?;
        stream.set_nonblocking(true).map_err(failed)?;
        let mut link = Self {
            stream,
            address: address.to_owned(),
            inbox: Inbox::new(buffer_bytes),
            unsent: Vec::new(),
            last_said: Instant::now(),
        };
        link.say(&ToBroker::Hello { magic: MAGIC, version: VERSION, client_id: client_id.to_owned() }, &[])?;
        match link.answer()? {
            ToClient::Welcome { version: VERSION, core, ports, .. } => Ok((link, Welcome { core, ports })),
            ToClient::Failed { code, message, .. } => {
                Err(ClientError::refused(format!("{address} does not welcome this client"), code, Some(&message)))
            }
            other => Err(link.unexpected(&other)),
        }
    }

    /// Says something. What the socket does not take at once is sent by [`Self::flush`].
    pub(super) fn say(&mut self, message: &ToBroker, payload: &[u8]) -> Result<(), ClientError> {
        let frame = encode(message, payload.len()).map_err(|source| self.native(source))?;
        self.last_said = Instant::now();
        self.unsent.extend_from_slice(&frame);
        self.unsent.extend_from_slice(payload);
        self.flush()
    }

    /// Sends what is unsent, as far as the socket takes it.
    pub(super) fn flush(&mut self) -> Result<(), ClientError> {
        let mut sent = 0;
        let result = loop {
            let rest = self.unsent.get(sent..).unwrap_or_default();
            if rest.is_empty() {
                break Ok(());
            }
            match self.stream.write(rest) {
                Ok(0) => break Err(ErrorKind::WriteZero.into()),
                Ok(bytes) => sent += bytes,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        self.unsent.drain(..sent);
        result.map_err(|source| self.broken(source))
    }

    /// Whether something is left to be sent.
    pub(super) fn is_unsent(&self) -> bool {
        !self.unsent.is_empty()
    }

    /// Says that the connection is still wanted, if nothing was said for long.
    pub(super) fn keep_alive(&mut self) -> Result<(), ClientError> {
        if self.last_said.elapsed() < KEEP_ALIVE { Ok(()) } else { self.say(&ToBroker::KeepAlive, &[]) }
    }

    /// The next message that has arrived as a whole.
    pub(super) fn next(&mut self) -> Result<Option<Arrived>, ClientError> {
        let Some(frame) = self.inbox.next()? else { return Ok(None) };
        let end = frame.end;
        let (message, payload) = read(self.inbox.bytes(frame)).map_err(|source| self.native(source))?;
        Ok(Some(Arrived { message, payload: end - payload.len()..end }))
    }

    /// The payload of the message that came last.
    pub(super) fn payload(&self, payload: Range<usize>) -> &[u8] {
        self.inbox.bytes(payload)
    }

    /// Receives what is there; false when nothing is. Payloads that were handed out are gone.
    pub(super) fn receive(&mut self) -> Result<bool, ClientError> {
        match self.inbox.receive(&mut self.stream) {
            Ok(0) => Err(self.broken(io::Error::new(ErrorKind::UnexpectedEof, "the broker has closed it"))),
            Ok(_) => Ok(true),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(false),
            Err(error) => Err(self.broken(error)),
        }
    }

    /// Waits for the next message, on a connection that has nothing else under way.
    pub(super) fn answer(&mut self) -> Result<ToClient, ClientError> {
        let deadline = Instant::now() + ANSWER_TIMEOUT;
        loop {
            if let Some(arrived) = self.next()? {
                return Ok(arrived.message);
            }
            self.flush()?;
            if !self.receive()? {
                let patience = deadline.saturating_duration_since(Instant::now());
                if patience.is_zero() {
                    let waited = format!("nothing came for {} s", ANSWER_TIMEOUT.as_secs());
                    return Err(self.broken(io::Error::new(ErrorKind::TimedOut, waited)));
                }
                super::links::wait_for(&[&*self], patience).map_err(|source| self.broken(source))?;
            }
        }
    }

    pub(super) fn unexpected(&self, message: &ToClient) -> ClientError {
        ClientError::NotNative { address: self.address.clone(), what: format!("{message:?} came unasked") }
    }

    fn broken(&self, source: io::Error) -> ClientError {
        ClientError::Connection { address: self.address.clone(), source }
    }

    fn native(&self, source: NativeError) -> ClientError {
        ClientError::Native { address: self.address.clone(), source }
    }
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}
