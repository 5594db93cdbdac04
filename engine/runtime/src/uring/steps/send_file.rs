//! Steps of sending a file: file to pipe, pipe to socket, until all is sent.
//!
//! Both splices run on the kernel's workers. The first may wait for the disk; the second never waits for the peer,
//! since the socket is non-blocking: it fails with EAGAIN, the flight polls, and splices again. While it polls it keeps
//! its pipe only where there are enough of them: what the pipe holds is spliced from the file once more.

use std::io;

use io_uring::{opcode, types};

use super::super::flight::{Flight, Step};
use super::{Kit, Next, Taken, fd_of, poll_entry};
use crate::op::{Op, Outcome};

/// A splice's offset that means: where the descriptor stands (a pipe or a socket).
const NO_OFFSET: i64 = -1;

pub(super) fn issue(flight: &mut Flight, kit: &mut Kit) -> io::Result<Next> {
    let Some(Op::SendFile { socket, file, offset, len }) = &flight.op else { panic!("not a send of a file") };
    let socket = fd_of(socket.handle())?;
    if flight.step == Step::Poll {
        return Ok(Next::Submit(poll_entry(socket, libc::POLLOUT)));
    }
    if flight.done == *len {
        return Ok(Next::Finish(Ok(Outcome::Done)));
    }
    let pipe = match &mut flight.scratch.pipe {
        Some(pipe) => pipe,
        empty @ None => match kit.pipes.take()? {
            Some(pipe) => empty.insert(pipe),
            None => return Ok(Next::AwaitPipe),
        },
    };
    let (read, write) = (types::Fd(pipe.read_fd()), types::Fd(pipe.write_fd()));
    let entry = if pipe.held == 0 {
        flight.step = Step::First;
        let count = (*len - flight.done).min(u64::from(pipe.capacity)) as u32;
        let from = i64::try_from(*offset + flight.done).map_err(io::Error::other)?;
        opcode::Splice::new(types::Fd(fd_of(file.handle())?), from, write, NO_OFFSET, count)
    } else {
        flight.step = Step::Second;
        opcode::Splice::new(read, NO_OFFSET, types::Fd(socket), NO_OFFSET, pipe.held)
    };
    Ok(Next::Submit(entry.flags(libc::SPLICE_F_MOVE | libc::SPLICE_F_NONBLOCK).build()))
}

pub(super) fn take(flight: &mut Flight, kit: &mut Kit, result: io::Result<u32>) -> Taken {
    let Some(pipe) = &mut flight.scratch.pipe else { panic!("a splice without a pipe") };
    match (flight.step, result) {
        (Step::First, Ok(0)) => Taken::Finish(Err(io::Error::from(io::ErrorKind::UnexpectedEof))),
        (Step::First, Ok(count)) => {
            pipe.held = count;
            Taken::Again
        }
        (Step::Second, Ok(0)) => Taken::Finish(Err(io::Error::from(io::ErrorKind::WriteZero))),
        (_, Ok(count)) => {
            pipe.held -= count;
            flight.done += u64::from(count);
            Taken::Again
        }
        (Step::Second, Err(error)) if error.raw_os_error() == Some(libc::EAGAIN) => {
            flight.step = Step::Poll;
            if kit.pipes.are_scarce()
                && let Some(pipe) = flight.scratch.pipe.take()
            {
                kit.pipes.give_back(pipe);
            }
            Taken::Again
        }
        (_, Err(error)) => Taken::Finish(Err(error)),
    }
}
