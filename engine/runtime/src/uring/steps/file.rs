//! Steps of operations on open files.
#![allow(unsafe_code, reason = "system calls on open descriptors")]

use std::io;
use std::os::fd::{IntoRawFd, RawFd};

use io_uring::{opcode, types};

use super::super::flight::Flight;
use super::{Next, Taken, done, fd_of, fill_vectors, total_len};
use crate::file::{BLOCK_BYTES, Durability};
use crate::handle::Handle;
use crate::op::{Op, Outcome};

/// The most that one read or write moves, in bytes.
const TRANSFER_BYTES_MAX: usize = 1 << 30;

pub(super) fn issue(flight: &mut Flight, has_ftruncate: bool) -> io::Result<Next> {
    let (progress, scratch) = (flight.done, &mut flight.scratch);
    let entry = match &mut flight.op {
        Some(Op::Close { file }) => match file.take().and_then(|file| file.into_handle()) {
            Some(Handle::Os(fd)) => opcode::Close::new(types::Fd(fd.into_raw_fd())).build(),
            _ => return Ok(Next::Finish(Ok(Outcome::Done))),
        },
        Some(Op::ReadAt { file, buffer, offset }) => {
            let room = buffer.capacity() - progress as usize;
            let to = buffer.address().wrapping_add(progress as usize);
            let len = room.min(TRANSFER_BYTES_MAX) as u32;
            opcode::Read::new(types::Fd(fd_of(file.handle())?), to, len).offset(*offset + progress).build()
        }
        Some(Op::WriteAt { file, parts, offset, durability }) => {
            if fill_vectors(parts, progress, &mut scratch.iovecs) == 0 {
                return Ok(Next::Finish(Ok(Outcome::Done)));
            }
            let flags = if *durability == Durability::Synced { libc::RWF_DSYNC } else { 0 };
            let (vectors, count) = (scratch.iovecs.as_ptr(), scratch.iovecs.len() as u32);
            opcode::Writev::new(types::Fd(fd_of(file.handle())?), vectors, count)
                .offset(*offset + progress)
                .rw_flags(flags)
                .build()
        }
        Some(Op::Sync { file }) => {
            opcode::Fsync::new(types::Fd(fd_of(file.handle())?)).flags(types::FsyncFlags::DATASYNC).build()
        }
        Some(Op::Allocate { file, offset, len }) => opcode::Fallocate::new(types::Fd(fd_of(file.handle())?), *len)
            .offset(*offset)
            .mode(libc::FALLOC_FL_KEEP_SIZE)
            .build(),
        Some(Op::Truncate { file, len }) => {
            let fd = fd_of(file.handle())?;
            if !has_ftruncate {
                return truncate_now(fd, *len).map(|()| Next::Finish(Ok(Outcome::Done)));
            }
            opcode::Ftruncate::new(types::Fd(fd), *len).build()
        }
        Some(Op::Length { file }) => {
            let len = length_now(fd_of(file.handle())?)?;
            return Ok(Next::Finish(Ok(Outcome::Length(len))));
        }
        Some(Op::TryLock { file }) => {
            lock_now(fd_of(file.handle())?)?;
            return Ok(Next::Finish(Ok(Outcome::Done)));
        }
        other => panic!("not an operation on a file: {other:?}"),
    };
    Ok(Next::Submit(entry))
}

pub(super) fn take(flight: &mut Flight, result: io::Result<u32>) -> Taken {
    match &mut flight.op {
        // An interrupted close has closed.
        Some(Op::Close { .. }) => match result {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Taken::Finish(Ok(Outcome::Done)),
            result => done(result),
        },
        Some(Op::ReadAt { file, buffer, .. }) => {
            let count = match result {
                Ok(count) => count as usize,
                Err(error) => return Taken::Finish(Err(error)),
            };
            flight.done += count as u64;
            let read = flight.done as usize;
            let at_end = count == 0 || (file.is_direct() && !count.is_multiple_of(BLOCK_BYTES));
            if read < buffer.capacity() && !at_end {
                return Taken::Again;
            }
            buffer.set_len(read);
            Taken::Finish(Ok(Outcome::Count(read)))
        }
        Some(Op::WriteAt { file, parts, .. }) => {
            let count = match result {
                Ok(count) => count as usize,
                Err(error) => return Taken::Finish(Err(error)),
            };
            let total = total_len(parts);
            let remaining = total - flight.done;
            // A direct write goes on at a block's start.
            let torn = if file.is_direct() && (count as u64) < remaining { count % BLOCK_BYTES } else { 0 };
            if count == torn {
                return Taken::Finish(Err(io::Error::from(io::ErrorKind::WriteZero)));
            }
            flight.done += (count - torn) as u64;
            if flight.done < total { Taken::Again } else { Taken::Finish(Ok(Outcome::Done)) }
        }
        _ => done(result),
    }
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Kernels before 6.9 cannot truncate on the ring.
fn truncate_now(fd: RawFd, len: u64) -> io::Result<()> {
    let len = i64::try_from(len).map_err(|_too_long| io::Error::from(io::ErrorKind::FileTooLarge))?;
    // SAFETY: the descriptor is open: the op owns its file.
    check(unsafe { libc::ftruncate(fd, len) })
}

fn length_now(fd: RawFd) -> io::Result<u64> {
    // SAFETY: a plain struct of numbers.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: the descriptor is open (the op owns its file), and `stat` is written within its bounds.
    check(unsafe { libc::fstat(fd, &raw mut stat) })?;
    Ok(stat.st_size.unsigned_abs())
}

fn lock_now(fd: RawFd) -> io::Result<()> {
    // SAFETY: the descriptor is open: the op owns its file.
    check(unsafe { libc::flock(fd, libc::LOCK_EX | libc::LOCK_NB) })
}
