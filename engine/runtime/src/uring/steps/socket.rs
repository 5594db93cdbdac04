//! Steps of operations on sockets.
//!
//! Sockets are non-blocking, so that no kernel worker ever waits for a peer; the ring polls by itself, and where it
//! does not (EAGAIN) the flight polls and tries again.
#![allow(unsafe_code, reason = "addresses that the kernel filled in; descriptors that it opened")]

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use io_uring::{opcode, types};
use socket2::{Domain, Protocol, SockAddr, SockAddrStorage, SockRef, Type};

use super::super::flight::{Flight, Step};
use super::{Next, Taken, done, fd_of, fill_vectors, poll_entry, total_len};
use crate::handle::Handle;
use crate::op::{Op, Outcome};
use crate::socket::{Listener, Socket};

/// Asks the kernel to tell how a zero-copy send went in its second completion entry (IORING_SEND_ZC_REPORT_USAGE).
const REPORT_USAGE: u16 = 1 << 3;
/// What it tells when it has copied all the same (IORING_NOTIF_USAGE_ZC_COPIED).
const USAGE_COPIED: u32 = 1 << 31;

/// Whether a zero-copy send was copied all the same, by the result of its second completion entry.
pub(in super::super) fn was_copied(usage: i32) -> bool {
    usage as u32 & USAGE_COPIED != 0
}

/// Sends of at least `zero_copy_bytes` are not copied.
pub(super) fn issue(flight: &mut Flight, zero_copy_bytes: u64) -> io::Result<Next> {
    let (step, progress, copies, scratch) = (flight.step, flight.done, flight.copies, &mut flight.scratch);
    let entry = match &mut flight.op {
        Some(Op::Listen { address, backlog }) => {
            let listener = listen_now(*address, *backlog)?;
            return Ok(Next::Finish(Ok(Outcome::Listener(listener))));
        }
        Some(Op::Accept { listener }) => {
            let fd = fd_of(listener.handle())?;
            if step == Step::Poll {
                return Ok(Next::Submit(poll_entry(fd, libc::POLLIN)));
            }
            scratch.address_len = scratch.address.size_of();
            let address = (&raw mut scratch.address).cast();
            opcode::Accept::new(types::Fd(fd), address, &raw mut scratch.address_len)
                .flags(libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK)
                .build()
        }
        Some(Op::Connect { address }) => {
            let fd = match &scratch.fd {
                Some(fd) => fd.as_raw_fd(),
                None => scratch.fd.insert(new_socket(*address)?.into()).as_raw_fd(),
            };
            if step == Step::Poll {
                return Ok(Next::Submit(poll_entry(fd, libc::POLLOUT)));
            }
            let address = SockAddr::from(*address);
            scratch.address_len = address.len();
            scratch.address = address.as_storage();
            opcode::Connect::new(types::Fd(fd), (&raw const scratch.address).cast(), scratch.address_len).build()
        }
        Some(Op::Receive { socket, buffer, at_least }) => {
            let fd = fd_of(socket.handle())?;
            if step == Step::Poll {
                return Ok(Next::Submit(poll_entry(fd, libc::POLLIN)));
            }
            let room = (buffer.capacity() - buffer.len()).min(i32::MAX as usize) as u32;
            let to = buffer.address().wrapping_add(buffer.len());
            let missing = at_least.saturating_sub(progress as usize).min(i32::MAX as usize) as u32;
            // The first time whatever is there; then in one go what is still missing.
            let (len, flags) = if progress == 0 { (room, 0) } else { (missing, libc::MSG_WAITALL) };
            opcode::Recv::new(types::Fd(fd), to, len).flags(flags).build()
        }
        Some(Op::Send { socket, parts }) => {
            let fd = fd_of(socket.handle())?;
            if step == Step::Poll {
                return Ok(Next::Submit(poll_entry(fd, libc::POLLOUT)));
            }
            let left = fill_vectors(parts, progress, &mut scratch.iovecs);
            if left == 0 {
                return Ok(Next::Finish(Ok(Outcome::Done)));
            }
            scratch.message.msg_iov = scratch.iovecs.as_mut_ptr();
            scratch.message.msg_iovlen = scratch.iovecs.len();
            let flags = (libc::MSG_NOSIGNAL | libc::MSG_WAITALL) as u32;
            let (fd, message) = (types::Fd(fd), &raw const scratch.message);
            if copies || left < zero_copy_bytes {
                opcode::SendMsg::new(fd, message).flags(flags).build()
            } else {
                opcode::SendMsgZc::new(fd, message).flags(flags).ioprio(REPORT_USAGE).build()
            }
        }
        other => panic!("not an operation on a socket: {other:?}"),
    };
    Ok(Next::Submit(entry))
}

pub(super) fn take(flight: &mut Flight, result: io::Result<u32>) -> Taken {
    let result = match result {
        Err(error) if matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::EINPROGRESS | libc::EALREADY)) => {
            flight.step = Step::Poll;
            return Taken::Again;
        }
        result => result,
    };
    let scratch = &mut flight.scratch;
    match &mut flight.op {
        Some(Op::Accept { .. }) => Taken::Finish(result.and_then(|fd| {
            // SAFETY: the kernel has just opened it for this entry; nobody else knows it.
            let fd = unsafe { OwnedFd::from_raw_fd(fd as RawFd) };
            // SAFETY: the kernel has filled in that many bytes of an address.
            let peer = unsafe {
                SockAddr::new(std::mem::replace(&mut scratch.address, SockAddrStorage::zeroed()), scratch.address_len)
            };
            connected(fd, &peer)
        })),
        Some(Op::Connect { address }) => Taken::Finish(match (result, scratch.fd.take()) {
            (Ok(_), Some(fd)) => connected(fd, &SockAddr::from(*address)),
            // It was connected by the time it was asked again.
            (Err(error), Some(fd)) if error.raw_os_error() == Some(libc::EISCONN) => {
                connected(fd, &SockAddr::from(*address))
            }
            (Err(error), _) => Err(error),
            (Ok(_), None) => panic!("connected without a socket"),
        }),
        Some(Op::Receive { buffer, at_least, .. }) => {
            let count = match result {
                Ok(count) => count as usize,
                Err(error) => return Taken::Finish(Err(error)),
            };
            buffer.set_len(buffer.len() + count);
            flight.done += count as u64;
            let received = flight.done as usize;
            if count > 0 && received < *at_least {
                return Taken::Again;
            }
            Taken::Finish(Ok(Outcome::Count(received)))
        }
        Some(Op::Send { parts, .. }) => match result {
            Ok(0) => Taken::Finish(Err(io::Error::from(io::ErrorKind::WriteZero))),
            Ok(count) => {
                flight.done += u64::from(count);
                if flight.done < total_len(parts) { Taken::Again } else { Taken::Finish(Ok(Outcome::Done)) }
            }
            Err(error) if !flight.copies && is_about_memory(&error) => {
                flight.copies = true;
                Taken::Again
            }
            Err(error) => Taken::Finish(Err(error)),
        },
        _ => done(result),
    }
}

/// Whether a send that holds its memory may be refused with it where one that copies is not: too much memory is
/// locked (ENOMEM) or too much told about (ENOBUFS), or the socket has no such send.
fn is_about_memory(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOMEM | libc::ENOBUFS | libc::EOPNOTSUPP))
}

fn new_socket(address: SocketAddr) -> io::Result<socket2::Socket> {
    let socket = socket2::Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn listen_now(address: SocketAddr, backlog: u32) -> io::Result<Listener> {
    let socket = new_socket(address)?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    socket.bind(&SockAddr::from(address))?;
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
    let local = internet(&socket.local_addr()?)?;
    Ok(Listener::new(Handle::Os(socket.into()), local))
}

fn connected(fd: OwnedFd, peer: &SockAddr) -> io::Result<Outcome> {
    let socket = SockRef::from(&fd);
    socket.set_tcp_nodelay(true)?;
    socket.set_keepalive(true)?;
    let local = internet(&socket.local_addr()?)?;
    Ok(Outcome::Socket(Socket::new(Handle::Os(fd), local, internet(peer)?)))
}

/// The address of an IPv4 or IPv6 socket; an IPv4 peer of a socket for both is shown as IPv4.
fn internet(address: &SockAddr) -> io::Result<SocketAddr> {
    let address = address
        .as_socket()
        .ok_or_else(|| io::Error::new(io::ErrorKind::AddrNotAvailable, "not an internet address"))?;
    Ok(SocketAddr::new(address.ip().to_canonical(), address.port()))
}
