//! The machine that a broker runs on, as far as its cores' operations do not stand for it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

/// What a broker asks of its machine beside files, sockets and clocks. Answers may block: none of it is asked on the
/// way of a record.
pub trait Host: Send + Sync {
    /// The machine's name: what clients of a listener are told that names no host.
    fn name(&self) -> &str;

    /// The addresses that a name or an address stands for.
    ///
    /// # Errors
    /// The machine's, when the name cannot be looked up.
    fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>>;

    /// How large the file system of a directory is.
    ///
    /// # Errors
    /// The file system's.
    fn room(&self, directory: &Path) -> io::Result<Room>;

    /// Tells people and scripts that clients of a listener may come to an address.
    fn announce(&self, listener: &str, address: SocketAddr);
}

/// The room of a file system, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// All of it.
    pub total_bytes: u64,
    /// What is free for the broker.
    pub usable_bytes: u64,
}
