//! Shared, immutable bytes.
#![allow(unsafe_code, reason = "slices over a shared block")]

use std::fmt;
use std::ops::{Bound, Deref, RangeBounds};
use std::slice;
use std::sync::Arc;

use super::block::Block;

#[derive(Clone)]
enum Owner {
    Block(#[allow(dead_code, reason = "keeps the bytes alive")] Arc<Block>),
    Heap(#[allow(dead_code, reason = "keeps the bytes alive")] Arc<Vec<u8>>),
    Static,
}

/// Shared, immutable bytes; a clone or slice costs a reference count. From a pool's block, a `Vec`, or static memory.
#[derive(Clone)]
pub struct Bytes {
    start: *const u8,
    len: usize,
    owner: Owner,
}

// SAFETY: the bytes are never written while a `Bytes` exists; their owner may be released on any thread.
unsafe impl Send for Bytes {}
// SAFETY: as above: shared access only reads.
unsafe impl Sync for Bytes {}

impl Bytes {
    /// The bytes `offset..offset + len` of a block, which nobody will write again.
    pub(super) fn of_block(block: Arc<Block>, offset: usize, len: usize) -> Bytes {
        assert!(offset <= block.len() && len <= block.len() - offset, "bytes {offset}+{len} of {}", block.len());
        // SAFETY: in bounds by the assertion above.
        let start = unsafe { block.start().as_ptr().add(offset) };
        Bytes { start, len, owner: Owner::Block(block) }
    }

    /// No bytes.
    #[must_use]
    pub const fn new() -> Bytes {
        Bytes::from_static(&[])
    }

    /// Bytes that live as long as the program.
    #[must_use]
    pub const fn from_static(bytes: &'static [u8]) -> Bytes {
        Bytes { start: bytes.as_ptr(), len: bytes.len(), owner: Owner::Static }
    }

    /// A part of these bytes, sharing their memory.
    ///
    /// # Panics
    /// When the range is not within `0..len`.
    #[must_use]
    pub fn slice(&self, range: impl RangeBounds<usize>) -> Bytes {
        let from = match range.start_bound() {
            Bound::Included(from) => *from,
            Bound::Excluded(before) => before + 1,
            Bound::Unbounded => 0,
        };
        let to = match range.end_bound() {
            Bound::Included(last) => last + 1,
            Bound::Excluded(to) => *to,
            Bound::Unbounded => self.len,
        };
        assert!(from <= to && to <= self.len, "slice {from}..{to} of {} bytes", self.len);
        // SAFETY: in bounds by the assertion above.
        let start = unsafe { self.start.add(from) };
        Bytes { start, len: to - from, owner: self.owner.clone() }
    }

    /// Keeps the first `len` bytes.
    ///
    /// # Panics
    /// When there are fewer.
    pub fn truncate(&mut self, len: usize) {
        assert!(len <= self.len, "truncate to {len} of {} bytes", self.len);
        self.len = len;
    }
}

impl Default for Bytes {
    fn default() -> Bytes {
        Bytes::new()
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: `start..start + len` lies in the owner's initialised memory, which nobody writes.
        unsafe { slice::from_raw_parts(self.start, self.len) }
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl From<Vec<u8>> for Bytes {
    /// Takes the vector's memory: outside any pool, aligned to a byte only.
    fn from(vec: Vec<u8>) -> Bytes {
        let vec = Arc::new(vec);
        Bytes { start: vec.as_ptr(), len: vec.len(), owner: Owner::Heap(vec) }
    }
}

impl PartialEq for Bytes {
    fn eq(&self, other: &Bytes) -> bool {
        **self == **other
    }
}

impl Eq for Bytes {}

impl PartialEq<[u8]> for Bytes {
    fn eq(&self, other: &[u8]) -> bool {
        **self == *other
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes({})", self.len)
    }
}
