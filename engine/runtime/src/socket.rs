//! TCP sockets: listeners, connections, and their halves.

use std::io;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use crate::buffer::{Buffer, Bytes};
use crate::core::Core;
use crate::file::{File, wrong_op, wrong_outcome};
use crate::handle::Handle;
use crate::op::{Op, Outcome};

#[derive(Debug)]
struct SocketInner {
    handle: Handle,
    local: SocketAddr,
    peer: SocketAddr,
}

/// A share in a connection, as operations hold it.
#[derive(Clone, Debug)]
pub struct SocketRef {
    inner: Arc<SocketInner>,
}

impl SocketRef {
    /// The host's handle.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.inner.handle
    }

    fn shutdown(&self) {
        match &self.inner.handle {
            Handle::Os(fd) => {
                use std::os::fd::AsRawFd;
                // A peer that is gone already is as shut down as can be.
                if let Err(error) = nix::sys::socket::shutdown(fd.as_raw_fd(), nix::sys::socket::Shutdown::Both) {
                    tracing::trace!(%error, peer = %self.inner.peer, "shutdown of a connection that has ended");
                }
            }
            Handle::Sim(handle) => handle.shutdown(),
        }
    }

    async fn receive(&self, core: &Core, buffer: Buffer, at_least: usize) -> (io::Result<usize>, Buffer) {
        let at_least = at_least.max(1);
        if buffer.capacity() - buffer.len() < at_least {
            let message = "receive: the buffer has less room than the bytes demanded";
            return (Err(io::Error::new(io::ErrorKind::InvalidInput, message)), buffer);
        }
        let completion = core.perform(Op::Receive { socket: self.clone(), buffer, at_least }).await;
        let Op::Receive { buffer, .. } = completion.op else { wrong_op() };
        let result = completion.result.map(|outcome| match outcome {
            Outcome::Count(count) => count,
            _ => wrong_outcome(),
        });
        (result, buffer)
    }

    async fn send(&self, core: &Core, parts: Vec<Bytes>) -> io::Result<()> {
        core.perform(Op::Send { socket: self.clone(), parts }).await.result.map(drop)
    }

    async fn send_file(&self, core: &Core, file: &File, offset: u64, len: u64) -> io::Result<()> {
        core.perform(Op::SendFile { socket: self.clone(), file: file.clone(), offset, len }).await.result.map(drop)
    }
}

/// A connection that belongs to a core. Closed when it, its halves and its operations are gone.
#[derive(Debug)]
pub struct Socket {
    shared: SocketRef,
    on_core: PhantomData<Rc<()>>,
}

impl Socket {
    /// A connection made by a reactor.
    #[must_use]
    pub fn new(handle: Handle, local: SocketAddr, peer: SocketAddr) -> Socket {
        Socket::of(SocketRef { inner: Arc::new(SocketInner { handle, local, peer }) })
    }

    fn of(shared: SocketRef) -> Socket {
        Socket { shared, on_core: PhantomData }
    }

    /// This end's address.
    #[must_use]
    pub fn local(&self) -> SocketAddr {
        self.shared.inner.local
    }

    /// The other end's address.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        self.shared.inner.peer
    }

    /// Appends received bytes to `buffer`, up to its capacity, until at least `at_least` (at least 1) came. Gives how
    /// many came: fewer than `at_least` means that the peer has closed its side. Dropping the future may lose bytes
    /// that have arrived: close the socket then.
    ///
    /// # Errors
    /// The host's; `InvalidInput` when the buffer has less room than `at_least`. The buffer comes back in any case.
    pub async fn receive(&self, core: &Core, buffer: Buffer, at_least: usize) -> (io::Result<usize>, Buffer) {
        self.shared.receive(core, buffer, at_least).await
    }

    /// Sends all of it, in order. Dropping the future leaves the stream cut at an unknown byte: close the socket then.
    ///
    /// # Errors
    /// The host's; some bytes may have been sent.
    pub async fn send(&self, core: &Core, parts: Vec<Bytes>) -> io::Result<()> {
        self.shared.send(core, parts).await
    }

    /// Sends `len` bytes of `file` (not direct) from `offset`, off the core.
    ///
    /// # Errors
    /// The host's; `UnexpectedEof` when the file is shorter. Some bytes may have been sent.
    pub async fn send_file(&self, core: &Core, file: &File, offset: u64, len: u64) -> io::Result<()> {
        self.shared.send_file(core, file, offset, len).await
    }

    /// Ends both directions: operations under way end soon, the peer sees the end of the stream.
    pub fn shutdown(&self) {
        self.shared.shutdown();
    }

    /// Two halves, so that one task reads while another writes.
    #[must_use]
    pub fn split(self) -> (ReadHalf, WriteHalf) {
        let write = Socket::of(self.shared.clone());
        (ReadHalf { socket: self }, WriteHalf { socket: write })
    }

    /// Prepares the connection for another core.
    #[must_use]
    pub fn into_detached(self) -> DetachedSocket {
        DetachedSocket { shared: self.shared }
    }

    /// Takes a connection over from another core.
    #[must_use]
    pub fn attach(_core: &Core, detached: DetachedSocket) -> Socket {
        Socket::of(detached.shared)
    }
}

/// A connection on its way to another core.
#[derive(Debug)]
pub struct DetachedSocket {
    shared: SocketRef,
}

impl DetachedSocket {
    /// The other end's address.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        self.shared.inner.peer
    }
}

/// The receiving half of a connection.
#[derive(Debug)]
pub struct ReadHalf {
    socket: Socket,
}

impl ReadHalf {
    /// As [`Socket::receive`].
    ///
    /// # Errors
    /// As [`Socket::receive`].
    pub async fn receive(&self, core: &Core, buffer: Buffer, at_least: usize) -> (io::Result<usize>, Buffer) {
        self.socket.receive(core, buffer, at_least).await
    }

    /// As [`Socket::shutdown`]: both directions.
    pub fn shutdown(&self) {
        self.socket.shutdown();
    }

    /// The other end's address.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        self.socket.peer()
    }
}

/// The sending half of a connection.
#[derive(Debug)]
pub struct WriteHalf {
    socket: Socket,
}

impl WriteHalf {
    /// As [`Socket::send`].
    ///
    /// # Errors
    /// As [`Socket::send`].
    pub async fn send(&self, core: &Core, parts: Vec<Bytes>) -> io::Result<()> {
        self.socket.send(core, parts).await
    }

    /// As [`Socket::send_file`].
    ///
    /// # Errors
    /// As [`Socket::send_file`].
    pub async fn send_file(&self, core: &Core, file: &File, offset: u64, len: u64) -> io::Result<()> {
        self.socket.send_file(core, file, offset, len).await
    }

    /// As [`Socket::shutdown`]: both directions.
    pub fn shutdown(&self) {
        self.socket.shutdown();
    }

    /// The other end's address.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        self.socket.peer()
    }
}

#[derive(Debug)]
struct ListenerInner {
    handle: Handle,
    local: SocketAddr,
}

/// A listening socket. Clones share it; any core may accept.
#[derive(Clone, Debug)]
pub struct Listener {
    inner: Arc<ListenerInner>,
}

impl Listener {
    /// A listening socket made by a reactor.
    #[must_use]
    pub fn new(handle: Handle, local: SocketAddr) -> Listener {
        Listener { inner: Arc::new(ListenerInner { handle, local }) }
    }

    /// The host's handle.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.inner.handle
    }

    /// The address it listens on, with the port the host chose.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.inner.local
    }

    /// Takes the next connection.
    ///
    /// # Errors
    /// The host's: EMFILE when there is no descriptor left (accept again when one is free).
    pub async fn accept(&self, core: &Core) -> io::Result<(Socket, SocketAddr)> {
        match core.perform(Op::Accept { listener: self.clone() }).await.result? {
            Outcome::Socket(socket) => {
                let peer = socket.peer();
                Ok((socket, peer))
            }
            _ => wrong_outcome(),
        }
    }
}
