//! A buffer that only grows, whose written part is shared while it grows.
#![allow(unsafe_code, reason = "one writer past the length, readers before it")]

use std::ops::{Deref, Range};
use std::slice;
use std::sync::Arc;

use super::block::Block;
use super::bytes::Bytes;
use super::pool::{BufferPool, PoolExhausted};

/// Append-only memory from a pool. What was appended never changes, so views of it stay valid while more is appended.
#[derive(Debug)]
pub struct AppendBuffer {
    block: Arc<Block>,
    /// The block's, here as well: who asks for it does not touch the block, which others may have touched last.
    capacity: usize,
    len: usize,
}

impl AppendBuffer {
    /// Room for at least `capacity` bytes.
    ///
    /// # Errors
    /// [`PoolExhausted`] when the pool has no room.
    pub fn with_capacity(pool: &BufferPool, capacity: usize) -> Result<AppendBuffer, PoolExhausted> {
        let block = Arc::new(pool.block(capacity)?);
        Ok(AppendBuffer { capacity: block.len(), block, len: 0 })
    }

    /// How many bytes fit in all.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// How many more bytes fit.
    #[must_use]
    pub fn room(&self) -> usize {
        self.capacity() - self.len
    }

    /// Appends bytes; gives where they are.
    ///
    /// # Panics
    /// When they do not fit.
    pub fn append(&mut self, bytes: &[u8]) -> Range<usize> {
        self.append_with(bytes.len(), |room| room.copy_from_slice(bytes))
    }

    /// Appends `len` bytes that `write` fills in; they begin as zero or old bytes. Gives where they are.
    ///
    /// # Panics
    /// When they do not fit.
    pub fn append_with(&mut self, len: usize, write: impl FnOnce(&mut [u8])) -> Range<usize> {
        assert!(len <= self.room(), "{len} bytes into room for {}", self.room());
        // SAFETY: within the block; views end at or before `self.len`, and `&mut self` is the only writer.
        write(unsafe { slice::from_raw_parts_mut(self.block.start().as_ptr().add(self.len), len) });
        let start = self.len;
        self.len += len;
        start..self.len
    }

    /// A part of what was appended. Keeps the whole block alive.
    ///
    /// # Panics
    /// When the range ends past the length.
    #[must_use]
    pub fn view(&self, range: Range<usize>) -> Bytes {
        assert!(range.start <= range.end && range.end <= self.len, "view {range:?} of {} bytes", self.len);
        Bytes::of_block(self.block.clone(), range.start, range.end - range.start)
    }
}

impl Deref for AppendBuffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: initialised, and below `len` nobody writes.
        unsafe { slice::from_raw_parts(self.block.start().as_ptr(), self.len) }
    }
}
