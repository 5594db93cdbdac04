//! Operations: everything that leaves a core.
//!
//! Invariants:
//! - An [`Op`] owns all that it touches (buffers, paths, files, sockets) until its one [`Completion`] gives it back.
//! - An `Op` is whole: a reactor continues short reads, writes and sends itself, and completes an op exactly once.
//! - A write is never cancelled; [`Op::is_cancellable`] names those that may be.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::buffer::{Buffer, Bytes};
use crate::file::{DirEntry, Durability, File, Metadata, OpenOptions};
use crate::socket::{Listener, Socket, SocketRef};

/// Names an op between its submission and its completion. Chosen by the core; its low 32 bits are a small index that no
/// other op under way has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub u64);

/// A termination request to the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM.
    Terminate,
    /// SIGINT.
    Interrupt,
}

/// One operation, with everything it needs.
#[derive(Debug)]
pub enum Op {
    /// Opens a file. Gives [`Outcome::File`].
    Open {
        /// The file's path.
        path: PathBuf,
        /// How to open it.
        options: OpenOptions,
    },
    /// Closes a file if this is its last handle; else only drops this one. Gives [`Outcome::Done`].
    Close {
        /// The file. `None` once the reactor has taken it.
        file: Option<File>,
    },
    /// Reads `buffer.capacity()` bytes at `offset` into `buffer[0..]` and sets its length; fewer only at end of file.
    /// Gives [`Outcome::Count`].
    ReadAt {
        /// The file.
        file: File,
        /// Where the bytes go.
        buffer: Buffer,
        /// Position in the file, in bytes.
        offset: u64,
    },
    /// Writes all parts, one after the other, at `offset`. Gives [`Outcome::Done`].
    WriteAt {
        /// The file.
        file: File,
        /// What to write; unchanged until the completion.
        parts: Vec<Bytes>,
        /// Position in the file, in bytes.
        offset: u64,
        /// Whether completion means *on stable storage*.
        durability: Durability,
    },
    /// fdatasync: the file's bytes and what is needed to read them back. Gives [`Outcome::Done`].
    Sync {
        /// The file.
        file: File,
    },
    /// Reserves space for `len` bytes at `offset`, keeping the file's length. Gives [`Outcome::Done`].
    Allocate {
        /// The file.
        file: File,
        /// Start of the range, in bytes.
        offset: u64,
        /// Length of the range, in bytes; not zero.
        len: u64,
    },
    /// Sets the file's length. Gives [`Outcome::Done`].
    Truncate {
        /// The file.
        file: File,
        /// The new length, in bytes.
        len: u64,
    },
    /// Asks for the file's length. Gives [`Outcome::Length`].
    Length {
        /// The file.
        file: File,
    },
    /// Takes the exclusive advisory lock of a file (flock), held until its last handle is closed. Gives
    /// [`Outcome::Done`], or `WouldBlock` when another process (or another open of it) has the lock.
    TryLock {
        /// The file.
        file: File,
    },
    /// Renames a file or directory, replacing a file at `to`. Gives [`Outcome::Done`].
    Rename {
        /// The old path.
        from: PathBuf,
        /// The new path.
        to: PathBuf,
    },
    /// Removes a file's name. Gives [`Outcome::Done`].
    RemoveFile {
        /// The file's path.
        path: PathBuf,
    },
    /// Removes an empty directory. Gives [`Outcome::Done`].
    RemoveDir {
        /// The directory's path.
        path: PathBuf,
    },
    /// Creates one directory. Gives [`Outcome::Done`], or `AlreadyExists`.
    CreateDir {
        /// The directory's path; its parent exists.
        path: PathBuf,
    },
    /// Makes the names in a directory durable: creations, renames, removals. Gives [`Outcome::Done`].
    SyncDir {
        /// The directory's path.
        path: PathBuf,
    },
    /// Lists a directory, sorted by name. May block: for start and recovery only. Gives [`Outcome::Entries`].
    ReadDir {
        /// The directory's path.
        path: PathBuf,
    },
    /// Describes what is at a path, following links. May block. Gives [`Outcome::Metadata`], or `NotFound`.
    Metadata {
        /// The path.
        path: PathBuf,
    },
    /// Opens a listening TCP socket. Gives [`Outcome::Listener`].
    Listen {
        /// The address to bind; port 0 lets the host choose.
        address: SocketAddr,
        /// How many connections may wait to be accepted.
        backlog: u32,
    },
    /// Takes the next connection. Gives [`Outcome::Socket`].
    Accept {
        /// The listener.
        listener: Listener,
    },
    /// Opens a TCP connection. Gives [`Outcome::Socket`].
    Connect {
        /// The peer.
        address: SocketAddr,
    },
    /// Appends received bytes after `buffer.len()`, up to its capacity, until at least `at_least` bytes came or the
    /// peer closed. Gives [`Outcome::Count`]: bytes received by this op.
    Receive {
        /// The socket.
        socket: SocketRef,
        /// Where the bytes go; its spare capacity is at least `at_least`, which is at least 1.
        buffer: Buffer,
        /// How many bytes to wait for.
        at_least: usize,
    },
    /// Sends all parts in order. Gives [`Outcome::Done`].
    Send {
        /// The socket.
        socket: SocketRef,
        /// What to send; unchanged until the completion.
        parts: Vec<Bytes>,
    },
    /// Sends `len` bytes of a buffered file from `offset`. Gives [`Outcome::Done`], or `UnexpectedEof` when the file is
    /// shorter.
    SendFile {
        /// The socket.
        socket: SocketRef,
        /// The file, not opened `direct`.
        file: File,
        /// Position in the file, in bytes.
        offset: u64,
        /// How many bytes to send.
        len: u64,
    },
    /// Waits until the process is asked to end. Gives [`Outcome::Signal`].
    Termination,
}

impl Op {
    /// Whether dropping its future asks the reactor to end it early: those that may wait for a peer for ever.
    ///
    /// A cancelled send leaves the stream cut at an unknown byte: whoever drops one must close the socket.
    #[must_use]
    pub fn is_cancellable(&self) -> bool {
        matches!(
            self,
            Op::Accept { .. }
                | Op::Connect { .. }
                | Op::Receive { .. }
                | Op::Send { .. }
                | Op::SendFile { .. }
                | Op::Termination
        )
    }
}

/// What a successful op gives.
#[derive(Debug)]
pub enum Outcome {
    /// Nothing but that it is done.
    Done,
    /// A number of bytes.
    Count(usize),
    /// An opened file.
    File(File),
    /// A file's length in bytes.
    Length(u64),
    /// What a path names.
    Metadata(Metadata),
    /// A directory's entries, sorted by name.
    Entries(Vec<DirEntry>),
    /// A listening socket.
    Listener(Listener),
    /// A connected socket; its peer is [`Socket::peer`].
    Socket(Socket),
    /// A termination request.
    Signal(Signal),
}

/// The end of an op: its result, and the op itself given back with all that it owned.
#[derive(Debug)]
pub struct Completion {
    /// The token it was submitted with.
    pub token: Token,
    /// What it gave.
    pub result: io::Result<Outcome>,
    /// The op: for `ReadAt` and `Receive` with the buffer's length set to include what arrived.
    pub op: Op,
}
