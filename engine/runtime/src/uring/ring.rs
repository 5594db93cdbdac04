//! The two queues shared with the kernel.
#![allow(unsafe_code, reason = "entries carry addresses; their validity is the flights' invariant")]

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use io_uring::squeue::Entry;
use io_uring::{IoUring, Probe, cqueue, types};

/// Entries that wait to be submitted in one go.
const SUBMISSION_ENTRIES: u32 = 512;
/// Completions that the kernel can hold for us before it has to allocate.
const COMPLETION_ENTRIES: u32 = 4096;
/// Random words fetched at a time.
const RANDOM_WORDS: usize = 32;

pub(super) struct Ring {
    ring: IoUring,
    /// Entries that did not fit into the submission queue, in order.
    backlog: VecDeque<Entry>,
}

impl Ring {
    pub(super) fn new(workers_max: u32, cpus: &[usize]) -> io::Result<Ring> {
        let ring = IoUring::builder()
            .setup_single_issuer()
            .setup_defer_taskrun()
            .setup_coop_taskrun()
            .setup_taskrun_flag()
            .setup_submit_all()
            .setup_cqsize(COMPLETION_ENTRIES)
            .dontfork()
            .build(SUBMISSION_ENTRIES)?;
        if !(ring.params().is_feature_nodrop() && ring.params().is_feature_ext_arg()) {
            let message = "this kernel's io_uring loses completions or has no timed wait";
            return Err(io::Error::new(io::ErrorKind::Unsupported, message));
        }
        ring.submitter().register_iowq_max_workers(&mut [workers_max, workers_max])?;
        if !cpus.is_empty() {
            ring.submitter().register_iowq_aff(&cpu_set(cpus))?;
        }
        Ok(Ring { ring, backlog: VecDeque::new() })
    }

    /// What the kernel can do on the ring.
    pub(super) fn probe(&self) -> io::Result<Probe> {
        let mut probe = Probe::new();
        self.ring.submitter().register_probe(&mut probe)?;
        Ok(probe)
    }

    /// Lets whoever waits in the ring ask the queues of its sockets' network cards for so long before it sleeps.
    pub(super) fn poll_cards(&self, at_most: Duration) -> io::Result<()> {
        let us = u32::try_from(at_most.as_micros()).unwrap_or(u32::MAX);
        self.ring.submitter().register_napi(&mut types::Napi::new().set_busy_poll_timeout(us))
    }

    /// Another descriptor of the ring, for those who send messages to it.
    pub(super) fn duplicate_fd(&self) -> io::Result<OwnedFd> {
        // SAFETY: the descriptor is open as long as the ring, which outlives this borrow.
        unsafe { BorrowedFd::borrow_raw(self.ring.as_raw_fd()) }.as_fd().try_clone_to_owned()
    }

    /// Lets the kernel add to an eventfd's count whenever there is something to complete.
    pub(super) fn tell(&self, eventfd: BorrowedFd<'_>) -> io::Result<()> {
        self.ring.submitter().register_eventfd(eventfd.as_raw_fd())
    }

    /// Whether there are completions to take.
    pub(super) fn has_completions(&mut self) -> bool {
        !self.ring.completion().is_empty()
    }

    /// Queues an entry, after all that were queued before it.
    pub(super) fn push(&mut self, entry: Entry) {
        self.backlog.push_back(entry);
        self.fill();
        if !self.backlog.is_empty() {
            self.enter(0, Some(Duration::ZERO));
            self.fill();
        }
    }

    /// Submits what is queued, and lets the kernel finish what it has deferred; does not wait.
    pub(super) fn flush(&mut self) {
        loop {
            self.fill();
            let queue = self.ring.submission();
            let idle = queue.is_empty() && !queue.taskrun() && !queue.cq_overflow();
            drop(queue);
            if idle {
                return;
            }
            self.enter(0, Some(Duration::ZERO));
            if self.backlog.is_empty() || !self.ring.completion().is_empty() {
                return;
            }
        }
    }

    /// Submits what is queued and waits for a completion, or for `timeout` (`None`: without end).
    pub(super) fn wait(&mut self, timeout: Option<Duration>) {
        self.fill();
        if self.backlog.is_empty() && self.ring.completion().is_empty() {
            self.enter(1, timeout);
        } else {
            self.flush();
        }
    }

    /// The next completion.
    pub(super) fn next_completion(&mut self) -> Option<cqueue::Entry> {
        self.ring.completion().next()
    }

    fn fill(&mut self) {
        if self.backlog.is_empty() {
            return;
        }
        let mut queue = self.ring.submission();
        while let Some(entry) = self.backlog.front() {
            // SAFETY: what an entry points to lives in its flight until the flight's completion (see `super`).
            if unsafe { queue.push(entry) }.is_err() {
                return;
            }
            self.backlog.pop_front();
        }
    }

    /// Enters the kernel once. Interruptions and a full completion queue end it early: the caller reaps and comes back.
    fn enter(&mut self, want: usize, timeout: Option<Duration>) {
        let result = match timeout {
            Some(timeout) if want > 0 => {
                let timespec = types::Timespec::from(timeout);
                self.ring.submitter().submit_with_args(want, &types::SubmitArgs::new().timespec(&timespec))
            }
            _ => self.ring.submitter().submit_and_wait(want),
        };
        if let Err(error) = result {
            match error.raw_os_error() {
                Some(libc::EINTR | libc::ETIME | libc::EBUSY | libc::EAGAIN) => {}
                // The ring itself is broken: nothing that was promised to callers can be kept.
                _ => panic!("io_uring_enter failed: {error}"),
            }
        }
    }
}

fn cpu_set(cpus: &[usize]) -> libc::cpu_set_t {
    // SAFETY: all zeroes is the empty set.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    for cpu in cpus.iter().filter(|cpu| **cpu < libc::CPU_SETSIZE as usize) {
        // SAFETY: in the set's bounds.
        unsafe { libc::CPU_SET(*cpu, &mut set) };
    }
    set
}

/// Binds the calling thread to one processor.
pub(super) fn pin(cpu: usize) -> io::Result<()> {
    let set = cpu_set(&[cpu]);
    // SAFETY: a valid set of its own size; 0 is the calling thread.
    let result = unsafe { libc::sched_setaffinity(0, size_of_val(&set), &raw const set) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Adds words from the operating system's random number generator.
pub(super) fn fill_random(words: &mut Vec<u64>) {
    let mut bytes = [0_u8; RANDOM_WORDS * size_of::<u64>()];
    // SAFETY: writes at most `bytes.len()` bytes into `bytes`.
    let filled = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) };
    let Ok(filled) = usize::try_from(filled) else {
        let error = io::Error::last_os_error();
        assert!(error.kind() == io::ErrorKind::Interrupted, "no random numbers: {error}");
        return;
    };
    let whole = bytes.get(..filled).unwrap_or_default().as_chunks().0;
    words.extend(whole.iter().map(|word| u64::from_ne_bytes(*word)));
}
