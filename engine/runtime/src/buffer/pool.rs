//! A core's bounded pool of blocks.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Poll, Waker};

use crossbeam_queue::SegQueue;

use super::block::{Block, Memory};
use super::unique::Buffer;
use crate::file::BLOCK_BYTES;

/// The largest block that is kept for reuse, in bytes; larger ones go back to the operating system.
const POOLED_BYTES_MAX: usize = 1024 * 1024;
/// Block sizes that are kept: 4 KiB, 8 KiB, ... 1 MiB.
const CLASSES: usize = (POOLED_BYTES_MAX / BLOCK_BYTES).ilog2() as usize + 1;

/// The pool's limit would be exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no room for {requested_bytes} bytes: {used_bytes} of {limit_bytes} are in use")]
pub struct PoolExhausted {
    /// What was asked for.
    pub requested_bytes: usize,
    /// What was in use.
    pub used_bytes: usize,
    /// The pool's limit.
    pub limit_bytes: usize,
}

/// The part of a pool that blocks return to, from any thread.
#[derive(Debug)]
pub(super) struct PoolShared {
    free: [SegQueue<Memory>; CLASSES],
    /// Bytes of blocks that are owned by somebody.
    used: AtomicUsize,
    /// Bytes of blocks in `free`.
    cached: AtomicUsize,
    limit: usize,
    /// How many tasks of the core wait for room.
    waiting: AtomicUsize,
    /// Wakes the core.
    core: Waker,
}

impl PoolShared {
    pub(super) fn give_back(&self, memory: Memory) {
        let len = memory.len();
        match class_of(len).and_then(|class| self.free.get(class)) {
            Some(free) => {
                self.cached.fetch_add(len, Ordering::SeqCst);
                free.push(memory);
            }
            None => drop(memory),
        }
        self.used.fetch_sub(len, Ordering::SeqCst);
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.core.wake_by_ref();
        }
    }
}

#[derive(Debug)]
struct Waiting {
    id: u64,
    bytes: usize,
    waker: Waker,
}

#[derive(Debug, Default)]
struct Line {
    next_id: u64,
    /// First come, first served.
    waiting: VecDeque<Waiting>,
    /// Look, when nobody is in line, whether there is room.
    watching: Vec<Waker>,
}

/// A core's buffers: bounded, recycled. Clones share it; it stays on its core, its blocks go anywhere.
#[derive(Clone, Debug)]
pub struct BufferPool {
    shared: Arc<PoolShared>,
    line: Rc<RefCell<Line>>,
}

impl BufferPool {
    /// A pool of at most `limit_bytes`, cached free blocks included. `core` wakes the core when blocks return while
    /// tasks wait: the host then calls [`BufferPool::serve_waiting`].
    #[must_use]
    pub fn new(limit_bytes: usize, core: Waker) -> BufferPool {
        let shared = PoolShared {
            free: std::array::from_fn(|_| SegQueue::new()),
            used: AtomicUsize::new(0),
            cached: AtomicUsize::new(0),
            limit: limit_bytes,
            waiting: AtomicUsize::new(0),
            core,
        };
        BufferPool { shared: Arc::new(shared), line: Rc::default() }
    }

    /// A buffer of at least `bytes` capacity, empty.
    ///
    /// # Errors
    /// [`PoolExhausted`] when that would exceed the limit, or others wait for room already.
    pub fn alloc(&self, bytes: usize) -> Result<Buffer, PoolExhausted> {
        Ok(Buffer::new(self.block(bytes)?))
    }

    /// A buffer of at least `bytes` capacity, as soon as there is room; those who wait are served in order.
    ///
    /// # Panics
    /// When `bytes` is above the pool's limit: it would wait for ever.
    pub async fn alloc_wait(&self, bytes: usize) -> Buffer {
        let size = block_bytes(bytes);
        assert!(size <= self.limit_bytes(), "a buffer of {size} bytes from a pool of {}", self.limit_bytes());
        if let Ok(buffer) = self.alloc(bytes) {
            return buffer;
        }
        let mut place = Place { pool: self, id: None };
        poll_fn(|context| place.poll(size, context.waker())).await
    }

    /// Waits until there is room for `bytes` and nobody waits in line for some. Who waits here is not in line: others
    /// get what fits meanwhile.
    pub async fn wait_for_room(&self, bytes: usize) {
        let size = block_bytes(bytes);
        let _watch = Watch::new(&self.shared);
        poll_fn(|context| {
            let mut line = self.line.borrow_mut();
            if line.waiting.is_empty() && self.used_bytes().saturating_add(size) <= self.limit_bytes() {
                return Poll::Ready(());
            }
            if !line.watching.iter().any(|watching| watching.will_wake(context.waker())) {
                line.watching.push(context.waker().clone());
            }
            Poll::Pending
        })
        .await;
    }

    /// Bytes in use, rounded up to block sizes.
    #[must_use]
    pub fn used_bytes(&self) -> usize {
        self.shared.used.load(Ordering::SeqCst)
    }

    /// The pool's limit in bytes.
    #[must_use]
    pub fn limit_bytes(&self) -> usize {
        self.shared.limit
    }

    /// Wakes the first task that waits for room, if there is room for it; if there is none, those that watch. For
    /// hosts, on `Events::woken`.
    pub fn serve_waiting(&self) {
        let mut line = self.line.borrow_mut();
        match line.waiting.front() {
            Some(first) if self.used_bytes() + first.bytes <= self.limit_bytes() => first.waker.wake_by_ref(),
            Some(_) => {}
            None => line.watching.drain(..).for_each(Waker::wake),
        }
    }

    pub(super) fn block(&self, bytes: usize) -> Result<Block, PoolExhausted> {
        let size = block_bytes(bytes);
        if self.line.borrow().waiting.is_empty()
            && let Some(block) = self.take(size)
        {
            return Ok(block);
        }
        let (used_bytes, limit_bytes) = (self.used_bytes(), self.limit_bytes());
        Err(PoolExhausted { requested_bytes: bytes, used_bytes, limit_bytes })
    }

    /// A block of exactly `size` bytes, if there is room. Only this core takes, so `used` can only sink meanwhile.
    fn take(&self, size: usize) -> Option<Block> {
        let shared = &self.shared;
        if self.used_bytes().checked_add(size)? > shared.limit {
            return None;
        }
        shared.used.fetch_add(size, Ordering::SeqCst);
        let recycled = class_of(size).and_then(|class| shared.free.get(class)).and_then(SegQueue::pop);
        let memory = match recycled {
            Some(memory) => {
                shared.cached.fetch_sub(size, Ordering::SeqCst);
                memory
            }
            None => {
                self.shrink_cache();
                Memory::new(size)
            }
        };
        Some(Block::new(memory, shared.clone()))
    }

    /// Frees cached blocks until they and those in use are within the limit; the largest first.
    fn shrink_cache(&self) {
        let shared = &self.shared;
        for free in shared.free.iter().rev() {
            while shared.cached.load(Ordering::SeqCst) + self.used_bytes() > shared.limit {
                let Some(memory) = free.pop() else { break };
                shared.cached.fetch_sub(memory.len(), Ordering::SeqCst);
            }
        }
    }
}

/// A task's place among those that wait; leaving it (done or dropped) lets the next one look.
struct Place<'a> {
    pool: &'a BufferPool,
    id: Option<u64>,
}

impl Place<'_> {
    fn poll(&mut self, size: usize, waker: &Waker) -> Poll<Buffer> {
        let mut line = self.pool.line.borrow_mut();
        let id = match self.id {
            Some(id) => id,
            None => {
                let id = line.next_id;
                line.next_id += 1;
                line.waiting.push_back(Waiting { id, bytes: size, waker: waker.clone() });
                // Before the look at `used` in `take`: a block that returns after it sees this count, and wakes.
                self.pool.shared.waiting.fetch_add(1, Ordering::SeqCst);
                self.id = Some(id);
                id
            }
        };
        if line.waiting.front().is_some_and(|first| first.id == id)
            && let Some(block) = self.pool.take(size)
        {
            return Poll::Ready(Buffer::new(block));
        }
        if let Some(own) = line.waiting.iter_mut().find(|waiting| waiting.id == id) {
            own.waker.clone_from(waker);
        }
        Poll::Pending
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let Some(id) = self.id else { return };
        self.pool.line.borrow_mut().waiting.retain(|waiting| waiting.id != id);
        self.pool.shared.waiting.fetch_sub(1, Ordering::SeqCst);
        self.pool.serve_waiting();
    }
}

/// Counts a task that watches among those for which the core is woken.
struct Watch<'a> {
    shared: &'a PoolShared,
}

impl<'a> Watch<'a> {
    fn new(shared: &'a PoolShared) -> Watch<'a> {
        // Before the look at `used`, as in `Place::poll`.
        shared.waiting.fetch_add(1, Ordering::SeqCst);
        Watch { shared }
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        self.shared.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The size of the block for a request: a power of two up to [`POOLED_BYTES_MAX`], then a multiple of the block size.
fn block_bytes(bytes: usize) -> usize {
    let bytes = bytes.max(1);
    if bytes <= POOLED_BYTES_MAX {
        bytes.next_power_of_two().max(BLOCK_BYTES)
    } else {
        bytes.checked_next_multiple_of(BLOCK_BYTES).unwrap_or(bytes)
    }
}

fn class_of(size: usize) -> Option<usize> {
    (size <= POOLED_BYTES_MAX).then(|| (size / BLOCK_BYTES).ilog2() as usize)
}
