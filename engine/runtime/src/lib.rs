//! One thread per core: executor, I/O operations, buffers, timers, mailboxes. Hosts: uring, glommio and sim.
//!
//! Everything that leaves a core is an [`op::Op`]; a [`reactor::Reactor`] performs it. Code above is written once, over
//! [`core::Core`], and never knows which reactor runs it.
#![allow(clippy::disallowed_methods, reason = "clocks and threads are this crate's business")]

pub mod buffer;
pub mod clock;
pub mod core;
pub mod executor;
pub mod file;
mod glommio;
pub mod handle;
pub mod mailbox;
pub mod op;
pub mod probe;
pub mod reactor;
pub mod recorder;
pub mod sim;
pub mod socket;
pub mod sync;
mod timer;
pub mod uring;

pub use crate::buffer::{AppendBuffer, Buffer, BufferPool, Bytes, PoolExhausted};
pub use crate::clock::Monotonic;
pub use crate::core::{Core, Elapsed};
pub use crate::executor::JoinHandle;
pub use crate::file::{BLOCK_BYTES, DirEntry, Durability, File, Metadata, OpenOptions};
pub use crate::mailbox::{Mailbox, Mesh};
pub use crate::op::Signal;
pub use crate::socket::{DetachedSocket, Listener, ReadHalf, Socket, WriteHalf};
