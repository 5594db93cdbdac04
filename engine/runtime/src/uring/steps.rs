//! What each operation asks of the kernel, step by step.
//!
//! `issue` builds the entry for where a flight stands; `advance` takes that entry's result and either ends the flight
//! or issues again. So a short write, an interruption or a cancelled wait all come down to: move on, issue again.

mod file;
mod path;
mod send_file;
mod socket;

use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use io_uring::squeue::Entry;
use io_uring::{Probe, opcode, types};

use super::flight::{Flight, Step};
use super::pipe::Pipes;
use crate::buffer::Bytes;
use crate::handle::Handle;
use crate::op::{Op, Outcome, Signal};

pub(super) use socket::was_copied;

/// Vectors in one entry (the kernel's UIO_MAXIOV).
const VECTORS_MAX: usize = 1024;

/// What steps share: descriptors and abilities of their ring.
pub(super) struct Kit {
    pub(super) pipes: Pipes,
    has_ftruncate: bool,
    /// Sends of at least so many bytes are not copied.
    zero_copy_bytes: u64,
    signals: Option<OwnedFd>,
}

impl Kit {
    /// # Errors
    /// `Unsupported` when this kernel cannot send what is asked to be sent uncopied.
    pub(super) fn new(kernel: &Probe, zero_copy_bytes: Option<u64>) -> io::Result<Kit> {
        if zero_copy_bytes.is_some() && !kernel.is_supported(opcode::SendMsgZc::CODE) {
            let error = io::Error::new(io::ErrorKind::Unsupported, "this kernel's io_uring has no zero-copy send");
            return Err(super::refused("millrace.send.zero.copy.bytes", "6.1")(error));
        }
        Ok(Kit {
            pipes: Pipes::default(),
            has_ftruncate: kernel.is_supported(opcode::Ftruncate::CODE),
            zero_copy_bytes: zero_copy_bytes.unwrap_or(u64::MAX),
            signals: None,
        })
    }
}

/// What a flight does next.
pub(super) enum Next {
    /// Its entry goes to the kernel.
    Submit(Entry),
    /// It waits for a pipe.
    AwaitPipe,
    /// It has landed.
    Finish(io::Result<Outcome>),
}

/// What an entry's result means.
enum Taken {
    /// There is more to do.
    Again,
    /// The flight has landed.
    Finish(io::Result<Outcome>),
}

/// Builds the entry for where the flight stands.
pub(super) fn issue(flight: &mut Flight, kit: &mut Kit) -> Next {
    let issued = match flight.op {
        Some(Op::Accept { .. } | Op::Connect { .. } | Op::Listen { .. } | Op::Receive { .. } | Op::Send { .. }) => {
            socket::issue(flight, kit.zero_copy_bytes)
        }
        Some(Op::SendFile { .. }) => send_file::issue(flight, kit),
        Some(Op::Termination) => issue_termination(kit),
        Some(
            Op::Open { .. }
            | Op::Rename { .. }
            | Op::RemoveFile { .. }
            | Op::RemoveDir { .. }
            | Op::CreateDir { .. }
            | Op::SyncDir { .. }
            | Op::ReadDir { .. }
            | Op::Metadata { .. },
        ) => path::issue(flight),
        Some(_) => file::issue(flight, kit.has_ftruncate),
        None => panic!("a flight without an operation"),
    };
    match issued {
        Ok(next @ (Next::Submit(_) | Next::AwaitPipe)) => next,
        Ok(Next::Finish(result)) => finish(flight, kit, result),
        Err(error) => finish(flight, kit, Err(error)),
    }
}

/// Takes the result of the entry that `issue` built.
pub(super) fn advance(flight: &mut Flight, kit: &mut Kit, result: i32) -> Next {
    let result = if result < 0 { Err(io::Error::from_raw_os_error(-result)) } else { Ok(result as u32) };
    let taken = match (flight.step, result) {
        (Step::Poll, Ok(_)) => {
            flight.step = Step::First;
            Taken::Again
        }
        (_, Err(error)) if may_retry(flight, &error) => Taken::Again,
        (_, result) => match flight.op {
            Some(Op::Accept { .. } | Op::Connect { .. } | Op::Receive { .. } | Op::Send { .. }) => {
                socket::take(flight, result)
            }
            Some(Op::SendFile { .. }) => send_file::take(flight, kit, result),
            Some(Op::Termination) => take_termination(kit, result),
            Some(
                Op::Open { .. }
                | Op::Rename { .. }
                | Op::RemoveFile { .. }
                | Op::RemoveDir { .. }
                | Op::CreateDir { .. }
                | Op::SyncDir { .. },
            ) => path::take(flight, result),
            _ => file::take(flight, result),
        },
    };
    match taken {
        Taken::Finish(result) => finish(flight, kit, result),
        Taken::Again if flight.cancelled => finish(flight, kit, Err(io::Error::from(io::ErrorKind::Interrupted))),
        Taken::Again => issue(flight, kit),
    }
}

fn finish(flight: &mut Flight, kit: &mut Kit, result: io::Result<Outcome>) -> Next {
    if let Some(pipe) = flight.scratch.pipe.take() {
        kit.pipes.give_back(pipe);
    }
    Next::Finish(result)
}

/// Whether the step is to be issued again. A failed sync never is, and an interrupted close has closed.
fn may_retry(flight: &Flight, error: &io::Error) -> bool {
    match error.raw_os_error() {
        Some(libc::EINTR) => !matches!(flight.op, Some(Op::Sync { .. } | Op::SyncDir { .. } | Op::Close { .. })),
        Some(libc::EAGAIN) => matches!(flight.op, Some(Op::ReadAt { .. } | Op::WriteAt { .. })),
        _ => false,
    }
}

/// The operating system's descriptor behind a handle.
fn fd_of(handle: &Handle) -> io::Result<RawFd> {
    handle.raw_fd().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a simulated handle on a real host"))
}

/// An entry that completes when the descriptor is ready.
fn poll_entry(fd: RawFd, events: i16) -> Entry {
    opcode::PollAdd::new(types::Fd(fd), events as u32).build()
}

fn done(result: io::Result<u32>) -> Taken {
    Taken::Finish(result.map(|_| Outcome::Done))
}

/// Collects the vectors of `parts` without their first `skip` bytes, as many as one entry takes. Gives their bytes.
fn fill_vectors(parts: &[Bytes], skip: u64, vectors: &mut Vec<libc::iovec>) -> u64 {
    vectors.clear();
    let (mut skip, mut total) = (skip, 0);
    for part in parts {
        let len = part.len() as u64;
        if skip >= len {
            skip -= len;
            continue;
        }
        if vectors.len() == VECTORS_MAX {
            break;
        }
        let start = part.as_ptr().wrapping_add(skip as usize);
        vectors.push(libc::iovec { iov_base: start.cast_mut().cast(), iov_len: (len - skip) as usize });
        total += len - skip;
        skip = 0;
    }
    total
}

fn total_len(parts: &[Bytes]) -> u64 {
    parts.iter().map(|part| part.len() as u64).sum()
}

fn issue_termination(kit: &mut Kit) -> io::Result<Next> {
    use nix::sys::signal::Signal;
    use nix::sys::signalfd::{SfdFlags, SigSet, SignalFd};
    if kit.signals.is_none() {
        let mut set = SigSet::empty();
        set.add(Signal::SIGTERM);
        set.add(Signal::SIGINT);
        let signals = SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
        kit.signals = Some(signals.into());
    }
    match &kit.signals {
        Some(signals) => Ok(Next::Submit(poll_entry(signals.as_raw_fd(), libc::POLLIN))),
        None => Err(io::Error::from(io::ErrorKind::NotFound)),
    }
}

fn take_termination(kit: &Kit, result: io::Result<u32>) -> Taken {
    let Some(signals) = &kit.signals else { return Taken::Again };
    if let Err(error) = result {
        return Taken::Finish(Err(error));
    }
    let mut info = [0_u8; size_of::<libc::signalfd_siginfo>()];
    match nix::unistd::read(signals, &mut info) {
        // Another core took the signal.
        Err(nix::errno::Errno::EAGAIN | nix::errno::Errno::EINTR) => Taken::Again,
        Err(error) => Taken::Finish(Err(error.into())),
        Ok(_) => {
            // A record begins with the signal's number.
            let number = info.first_chunk().map(|bytes| i32::from_ne_bytes(*bytes));
            let signal = if number == Some(libc::SIGINT) { Signal::Interrupt } else { Signal::Terminate };
            Taken::Finish(Ok(Outcome::Signal(signal)))
        }
    }
}
