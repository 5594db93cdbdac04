//! Buffers: memory that operations own while they run.
//!
//! Invariants:
//! - Every byte of a block is initialised from its birth: blocks begin zeroed, and recycled ones hold old bytes.
//! - A block has one writer ([`Buffer`], or [`AppendBuffer`] past its length) or none; readers see only bytes that no
//!   writer will change.
//! - Blocks begin at a multiple of [`BLOCK_BYTES`](crate::file::BLOCK_BYTES), and so do capacities.
//! - A block returns to its pool when its last owner goes, on whatever thread that happens.

mod append;
mod block;
mod bytes;
mod pool;
mod unique;

pub use append::AppendBuffer;
pub use bytes::Bytes;
pub use pool::{BufferPool, PoolExhausted};
pub use unique::Buffer;

#[cfg(test)]
mod test;
