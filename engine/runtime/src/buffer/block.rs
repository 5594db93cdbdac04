//! A block of memory that belongs to a pool.
#![allow(unsafe_code, reason = "aligned memory with one writer and many readers")]

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ptr::NonNull;
use std::sync::Arc;

use super::pool::PoolShared;
use crate::file::BLOCK_BYTES;

/// From this size on memory is mapped, not allocated: untouched pages cost nothing, and dropping gives them back. Most
/// partitions of a core take their next chunk at about the same time where records are spread evenly; zeroing them all
/// then would stop it for as long as that takes.
const MAPPED_BYTES_MIN: usize = 16 * 1024;

/// Zeroed memory without an owner's accounting.
#[derive(Debug)]
pub(super) struct Memory {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: `Memory` owns its bytes; nothing about them is bound to a thread.
unsafe impl Send for Memory {}
// SAFETY: a shared `Memory` gives out only its address and length.
unsafe impl Sync for Memory {}

impl Memory {
    /// `len` zeroed bytes; a multiple of [`BLOCK_BYTES`], not zero.
    pub(super) fn new(len: usize) -> Memory {
        assert!(len > 0 && len.is_multiple_of(BLOCK_BYTES), "a block of {len} bytes");
        let start = if len >= MAPPED_BYTES_MIN { map(len) } else { allocate(len) };
        Memory { start, len }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn start(&self) -> NonNull<u8> {
        self.start
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if self.len >= MAPPED_BYTES_MIN {
            // SAFETY: mapped by `map` with this length; the owner is gone, so nothing refers to it.
            let result = unsafe { libc::munmap(self.start.as_ptr().cast(), self.len) };
            if result != 0 {
                // A process may have so many mappings (`vm.max_map_count`), and this would have cut one in two.
                let error = std::io::Error::last_os_error();
                tracing::warn!(bytes = self.len, %error, "memory is not given back to the system");
            }
        } else {
            // SAFETY: allocated by `allocate` with this layout.
            unsafe { dealloc(self.start.as_ptr(), layout(self.len)) }
        }
    }
}

fn layout(len: usize) -> Layout {
    match Layout::from_size_align(len, BLOCK_BYTES) {
        Ok(layout) => layout,
        Err(error) => panic!("a block of {len} bytes: {error}"),
    }
}

fn allocate(len: usize) -> NonNull<u8> {
    let layout = layout(len);
    // SAFETY: the layout's size is not zero (`Memory::new`).
    let start = unsafe { alloc_zeroed(layout) };
    NonNull::new(start).unwrap_or_else(|| handle_alloc_error(layout))
}

fn map(len: usize) -> NonNull<u8> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    // SAFETY: a new anonymous mapping at an address that the kernel chooses.
    let start = unsafe { libc::mmap(std::ptr::null_mut(), len, protection, flags, -1, 0) };
    if start == libc::MAP_FAILED {
        handle_alloc_error(layout(len));
    }
    NonNull::new(start.cast()).unwrap_or_else(|| handle_alloc_error(layout(len)))
}

/// Memory that is counted against a pool and returns to it.
#[derive(Debug)]
pub(super) struct Block {
    memory: Option<Memory>,
    pool: Arc<PoolShared>,
}

impl Block {
    pub(super) fn new(memory: Memory, pool: Arc<PoolShared>) -> Block {
        Block { memory: Some(memory), pool }
    }

    /// Its first byte.
    pub(super) fn start(&self) -> NonNull<u8> {
        self.memory().start()
    }

    /// Its length in bytes.
    pub(super) fn len(&self) -> usize {
        self.memory().len()
    }

    fn memory(&self) -> &Memory {
        match &self.memory {
            Some(memory) => memory,
            None => unreachable!("a block loses its memory only in drop"),
        }
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        if let Some(memory) = self.memory.take() {
            self.pool.give_back(memory);
        }
    }
}
