//! A buffer with one owner, who may write.
#![allow(unsafe_code, reason = "slices over a block")]

use std::ops::{Deref, DerefMut};
use std::slice;
use std::sync::Arc;

use super::block::Block;
use super::bytes::Bytes;

/// Unique, mutable memory from a pool: `len` bytes that count, and room for more up to its capacity.
#[derive(Debug)]
pub struct Buffer {
    block: Block,
    len: usize,
    capacity: usize,
}

impl Buffer {
    pub(super) fn new(block: Block) -> Buffer {
        let capacity = block.len();
        Buffer { block, len: 0, capacity }
    }

    /// How many bytes fit; a multiple of the block size, at least what was asked of the pool, unless
    /// [`Buffer::limit_capacity`] said less.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Lets no more than `bytes` fit from now on, so that a receive takes nothing beyond.
    ///
    /// # Panics
    /// When it holds more already.
    pub fn limit_capacity(&mut self, bytes: usize) {
        assert!(self.len <= bytes, "a limit of {bytes} on a buffer that holds {}", self.len);
        self.capacity = self.capacity.min(bytes);
    }

    /// Sets how many bytes count; those that were never written are zero or old bytes of this process.
    ///
    /// # Panics
    /// When `len` is above the capacity.
    pub fn set_len(&mut self, len: usize) {
        assert!(len <= self.capacity(), "a length of {len} in a buffer of {}", self.capacity());
        self.len = len;
    }

    /// Forgets its bytes.
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// Appends bytes.
    ///
    /// # Panics
    /// When they do not fit.
    pub fn extend_from_slice(&mut self, bytes: &[u8]) {
        let room = self.capacity() - self.len;
        assert!(bytes.len() <= room, "{} bytes into room for {room}", bytes.len());
        if let Some(spare) = self.spare_mut().get_mut(..bytes.len()) {
            spare.copy_from_slice(bytes);
        }
        self.len += bytes.len();
    }

    /// The room after its bytes. What is written there counts after [`Buffer::set_len`].
    pub fn spare_mut(&mut self) -> &mut [u8] {
        let (len, capacity) = (self.len, self.capacity());
        // SAFETY: `len <= capacity`, the block is initialised, and `&mut self` is its only owner.
        unsafe { slice::from_raw_parts_mut(self.block.start().as_ptr().add(len), capacity - len) }
    }

    /// Keeps the bytes of `from..` by moving them to the front.
    ///
    /// # Panics
    /// When `from` is above the length.
    pub fn discard_front(&mut self, from: usize) {
        let len = self.len;
        self.copy_within(from.., 0);
        self.len = len - from;
    }

    /// Makes its bytes immutable and shareable.
    #[must_use]
    pub fn freeze(self) -> Bytes {
        let len = self.len;
        Bytes::of_block(Arc::new(self.block), 0, len)
    }

    /// The address of its first byte, for a reactor.
    pub(crate) fn address(&mut self) -> *mut u8 {
        self.block.start().as_ptr()
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: `len <= capacity`, the block is initialised, and writers need `&mut self`.
        unsafe { slice::from_raw_parts(self.block.start().as_ptr(), self.len) }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: `len <= capacity`, the block is initialised, and `&mut self` is its only owner.
        unsafe { slice::from_raw_parts_mut(self.block.start().as_ptr(), self.len) }
    }
}
