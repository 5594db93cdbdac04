//! Pipes through which files are spliced into sockets: a bounded number per core, kept for reuse.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use nix::fcntl::{FcntlArg, OFlag, fcntl};

/// Pipes of one core at a time; more transfers wait for one.
const PIPES_MAX: usize = 32;
/// Idle pipes that are kept.
const IDLE_MAX: usize = 8;
/// How much a pipe is asked to hold, in bytes; the kernel may give less.
const PIPE_BYTES: i32 = 512 * 1024;

/// A pipe, and what it holds.
pub(super) struct Pipe {
    read: OwnedFd,
    write: OwnedFd,
    /// Its capacity in bytes.
    pub(super) capacity: u32,
    /// Bytes that are in it.
    pub(super) held: u32,
}

impl Pipe {
    fn new() -> io::Result<Pipe> {
        let (read, write) = nix::unistd::pipe2(OFlag::O_CLOEXEC)?;
        // An unprivileged process that has many pipes gets the default size: smaller steps, nothing else.
        let sized = fcntl(&write, FcntlArg::F_SETPIPE_SZ(PIPE_BYTES));
        let capacity = sized.or_else(|_refused| fcntl(&write, FcntlArg::F_GETPIPE_SZ))?;
        let capacity = u32::try_from(capacity).unwrap_or(1);
        Ok(Pipe { read, write, capacity, held: 0 })
    }

    pub(super) fn read_fd(&self) -> RawFd {
        self.read.as_raw_fd()
    }

    pub(super) fn write_fd(&self) -> RawFd {
        self.write.as_raw_fd()
    }
}

/// A core's pipes.
#[derive(Default)]
pub(super) struct Pipes {
    idle: Vec<Pipe>,
    in_use: usize,
    /// Flights that wait for a pipe, by user data.
    waiting: VecDeque<u64>,
}

impl Pipes {
    /// A pipe, or `None` when all are in use.
    pub(super) fn take(&mut self) -> io::Result<Option<Pipe>> {
        if self.in_use >= PIPES_MAX {
            return Ok(None);
        }
        let pipe = match self.idle.pop() {
            Some(pipe) => pipe,
            None => Pipe::new()?,
        };
        self.in_use += 1;
        Ok(Some(pipe))
    }

    /// Whether who waits for a peer should not keep his pipe.
    pub(super) fn are_scarce(&self) -> bool {
        self.in_use > PIPES_MAX / 2
    }

    /// Takes a pipe back; one that still holds bytes is closed.
    pub(super) fn give_back(&mut self, pipe: Pipe) {
        self.in_use -= 1;
        if pipe.held == 0 && self.idle.len() < IDLE_MAX {
            self.idle.push(pipe);
        }
    }

    pub(super) fn wait(&mut self, user_data: u64) {
        self.waiting.push_back(user_data);
    }

    /// Gives up waiting; `false` if it did not wait.
    pub(super) fn leave(&mut self, user_data: u64) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|waiting| *waiting != user_data);
        self.waiting.len() < before
    }

    /// Who gets the next free pipe, if there is one.
    pub(super) fn next_served(&mut self) -> Option<u64> {
        if self.in_use < PIPES_MAX { self.waiting.pop_front() } else { None }
    }
}
