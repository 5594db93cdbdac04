//! A ring as a core has one, and memory for it, without the runtime around it.
#![allow(unsafe_code, reason = "entries carry addresses of memory that the caller keeps until they have completed")]

use std::io;
use std::os::fd::RawFd;

use io_uring::squeue::Entry;
use io_uring::types::BufRingEntry;
use io_uring::{IoUring, cqueue, opcode, types};

/// Blocks and pages, in bytes.
const PAGE_BYTES: usize = 4096;
const ENTRIES: u32 = 64;
/// Group of the buffers that the kernel chooses from.
const GROUP: u16 = 1;

#[repr(align(4096))]
#[derive(Clone)]
struct Page([u8; PAGE_BYTES]);

/// Memory that begins at a page, touched.
pub(crate) struct Pages(Vec<Page>);

impl Pages {
    pub(crate) fn new(bytes: usize) -> Pages {
        Pages(vec![Page([7; PAGE_BYTES]); bytes.div_ceil(PAGE_BYTES).max(1)])
    }

    pub(crate) fn address(&mut self) -> *mut u8 {
        self.0.as_mut_ptr().cast()
    }

    fn bytes(&self) -> usize {
        self.0.iter().map(|page| page.0.len()).sum()
    }
}

/// Two vectors to send: a small one, and `bytes` of a large one.
pub(crate) struct Message {
    vectors: [libc::iovec; 2],
    header: libc::msghdr,
}

impl Message {
    pub(crate) fn new(head: &mut Pages, head_bytes: usize, body: &mut Pages, body_bytes: usize) -> Box<Message> {
        let vector = |pages: &mut Pages, len| libc::iovec { iov_base: pages.address().cast(), iov_len: len };
        // SAFETY: a message header without name, vectors or control data.
        let header = unsafe { std::mem::zeroed() };
        let vectors = [vector(head, head_bytes), vector(body, body_bytes)];
        let mut message = Box::new(Message { vectors, header });
        message.header.msg_iov = message.vectors.as_mut_ptr();
        message.header.msg_iovlen = message.vectors.len();
        message
    }

    pub(crate) fn header(&self) -> *const libc::msghdr {
        &raw const self.header
    }
}

pub(crate) struct Ring {
    ring: IoUring,
    /// Buffers that the kernel chooses from: the entries, then their memory.
    provided: Option<(Pages, Pages, u32)>,
}

impl Ring {
    /// With the flags of the broker's rings.
    pub(crate) fn new() -> io::Result<Ring> {
        let ring = IoUring::builder()
            .setup_single_issuer()
            .setup_defer_taskrun()
            .setup_coop_taskrun()
            .setup_taskrun_flag()
            .setup_submit_all()
            .build(ENTRIES)?;
        Ok(Ring { ring, provided: None })
    }

    /// Makes `pages` buffer 0.
    pub(crate) fn register_buffer(&mut self, pages: &mut Pages) -> io::Result<()> {
        let vector = libc::iovec { iov_base: pages.address().cast(), iov_len: pages.bytes() };
        // SAFETY: whoever registers keeps the pages for as long as the ring.
        unsafe { self.ring.submitter().register_buffers(&[vector]) }
    }

    /// Makes `fd` file 0.
    pub(crate) fn register_file(&mut self, fd: RawFd) -> io::Result<()> {
        self.ring.submitter().register_files(&[fd])
    }

    /// Gives the kernel `count` (a power of two) buffers of `bytes` to receive into.
    pub(crate) fn provide(&mut self, count: u16, bytes: u32) -> io::Result<()> {
        let mut entries = Pages::new(usize::from(count) * size_of::<BufRingEntry>());
        let memory = Pages::new(usize::from(count) * bytes as usize);
        // SAFETY: the entries lie at a page, and stay for as long as the ring.
        unsafe {
            self.ring.submitter().register_buf_ring_with_flags(entries.address() as u64, count, GROUP, 0)?;
        }
        self.provided = Some((entries, memory, bytes));
        for id in 0..count {
            self.give_back(id, id, count);
        }
        Ok(())
    }

    /// Gives buffer `id` back as the entry at `tail`, of `count`.
    pub(crate) fn give_back(&mut self, id: u16, tail: u16, count: u16) {
        let Some((entries, memory, bytes)) = &mut self.provided else { return };
        let base: *mut BufRingEntry = entries.address().cast();
        let address = memory.address().wrapping_add(usize::from(id) * *bytes as usize);
        // SAFETY: the entry lies within the pages, and the kernel does not look at it before the tail moves.
        unsafe {
            let entry = &mut *base.add(usize::from(tail % count));
            entry.set_addr(address as u64);
            entry.set_len(*bytes);
            entry.set_bid(id);
            let end = BufRingEntry::tail(base).cast_mut().cast::<std::sync::atomic::AtomicU16>();
            (*end).store(tail.wrapping_add(1), std::sync::atomic::Ordering::Release);
        }
    }

    /// Copies what was received into buffer `id` to `to`.
    pub(crate) fn copy_provided(&mut self, id: u16, count: usize, to: *mut u8) {
        let Some((_, memory, bytes)) = &mut self.provided else { return };
        let from = memory.address().wrapping_add(usize::from(id) * *bytes as usize);
        // SAFETY: the kernel has filled that many bytes of it; the caller has room for a whole buffer.
        unsafe { std::ptr::copy_nonoverlapping(from, to, count) };
    }

    /// The entry that receives again and again into provided buffers.
    pub(crate) fn receive_many(fd: RawFd) -> Entry {
        opcode::RecvMulti::new(types::Fd(fd), GROUP).build()
    }

    pub(crate) fn push(&mut self, entry: &Entry) -> io::Result<()> {
        // SAFETY: callers keep what the entry points to until it has completed.
        unsafe { self.ring.submission().push(entry) }.map_err(io::Error::other)
    }

    /// The next completion: result and flags.
    pub(crate) fn next(&mut self) -> io::Result<(u32, u32)> {
        loop {
            if let Some(entry) = self.ring.completion().next() {
                let result = entry.result();
                let count = u32::try_from(result).map_err(|_negative| io::Error::from_raw_os_error(-result))?;
                return Ok((count, entry.flags()));
            }
            self.ring.submit_and_wait(1)?;
        }
    }

    /// Has an entry carried out; gives its result.
    pub(crate) fn run(&mut self, entry: &Entry) -> io::Result<u32> {
        self.push(entry)?;
        let (result, flags) = self.next()?;
        // A zero-copy send completes a second time, when its memory is free again.
        if cqueue::more(flags) {
            self.next()?;
        }
        Ok(result)
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // A receive that was asked for without end may outlive the ring by a moment: its memory is left to the kernel.
        std::mem::forget(self.provided.take());
    }
}
