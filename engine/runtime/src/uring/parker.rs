//! Waking a core that is parked in the kernel, or about to park.
//!
//! Why no wake is lost: who wakes first makes his message visible, then swaps the state to `NOTIFIED`. If that finds
//! `PARKED`, he sends a completion to the core's ring, or writes its eventfd. If it finds `RUNNING`, the core looks at
//! the state before it parks (`begin_park` fails) and once per turn (`take_notified`). All accesses are
//! read-modify-write or sequentially consistent, so one of the two sees the other.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Wake;

use io_uring::squeue::Entry;
use io_uring::{opcode, types};
use millrace_base::ids::CoreId;
use nix::sys::eventfd::{EfdFlags, EventFd};

const RUNNING: u8 = 0;
const PARKED: u8 = 1;
const NOTIFIED: u8 = 2;

/// How a core is reached from outside its thread.
pub(super) struct Parker {
    state: AtomicU8,
    eventfd: EventFd,
    /// Where the kernel puts the eventfd's count; nobody looks at it.
    count: AtomicU64,
    /// Keeps the ring's descriptor from being reused while somebody may still send to it.
    ring: OnceLock<OwnedFd>,
}

impl Parker {
    fn new() -> io::Result<Parker> {
        // Not EFD_NONBLOCK: the ring would then complete a read at once instead of when there is something.
        let eventfd = EventFd::from_flags(EfdFlags::EFD_CLOEXEC)?;
        Ok(Parker { state: AtomicU8::new(RUNNING), eventfd, count: AtomicU64::new(0), ring: OnceLock::new() })
    }

    pub(super) fn set_ring(&self, fd: OwnedFd) {
        assert!(self.ring.set(fd).is_ok(), "a core has one ring");
    }

    pub(super) fn ring_fd(&self) -> Option<RawFd> {
        self.ring.get().map(AsRawFd::as_raw_fd)
    }

    /// Notes a wake. Gives whether the core is parked, so that it must be reached through the kernel.
    pub(super) fn notify(&self) -> bool {
        self.state.swap(NOTIFIED, Ordering::SeqCst) == PARKED
    }

    /// Whether the core may park: nobody has woken it since it last looked.
    pub(super) fn begin_park(&self) -> bool {
        self.state.compare_exchange(RUNNING, PARKED, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    /// The core runs again; a wake that came meanwhile stays noted.
    pub(super) fn end_park(&self) {
        let exchanged = self.state.compare_exchange(PARKED, RUNNING, Ordering::SeqCst, Ordering::SeqCst);
        debug_assert!(exchanged.is_ok() || exchanged == Err(NOTIFIED));
    }

    /// Whether somebody has woken the core since the last call.
    pub(super) fn take_notified(&self) -> bool {
        self.state.load(Ordering::SeqCst) == NOTIFIED && self.state.swap(RUNNING, Ordering::SeqCst) == NOTIFIED
    }

    /// Reaches the core by its eventfd: works from any thread, and always.
    pub(super) fn write_eventfd(&self) {
        if let Err(error) = self.eventfd.write(1) {
            panic!("a core could not be woken: {error}");
        }
    }

    pub(super) fn eventfd(&self) -> BorrowedFd<'_> {
        self.eventfd.as_fd()
    }

    pub(super) fn duplicate_eventfd(&self) -> io::Result<OwnedFd> {
        self.eventfd.as_fd().try_clone_to_owned()
    }

    /// The entry that completes when the eventfd is written.
    pub(super) fn read_eventfd(&self) -> Entry {
        let to = self.count.as_ptr().cast::<u8>();
        opcode::Read::new(types::Fd(self.eventfd.as_raw_fd()), to, size_of::<u64>() as u32).build()
    }
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.notify() {
            self.write_eventfd();
        }
    }
}

/// The cores of one host.
#[derive(Clone)]
pub(super) struct Parkers {
    all: Arc<[Arc<Parker>]>,
}

impl Parkers {
    pub(super) fn new(cores: usize) -> io::Result<Parkers> {
        let all: io::Result<Vec<_>> = (0..cores).map(|_| Parker::new().map(Arc::new)).collect();
        Ok(Parkers { all: all?.into() })
    }

    pub(super) fn of(&self, core: CoreId) -> &Arc<Parker> {
        match self.all.get(usize::from(core.0)) {
            Some(parker) => parker,
            None => panic!("core {} of a host with {}", core.0, self.all.len()),
        }
    }

    /// Wakes every core.
    pub(super) fn wake_all(&self) {
        for parker in self.all.iter() {
            parker.wake_by_ref();
        }
    }
}
