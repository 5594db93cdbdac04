//! The one place that decides what an I/O error means: whether it is fatal to a log directory, passes by itself, or is
//! the other side's doing.
//!
//! Always true:
//! - an error that is not known to be harmless takes the log directory offline: a write that may have been lost is
//!   never tried again, and never acknowledged.

use std::io;

use crate::code::ErrorCode;

/// What an error of a file or directory means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DiskFault {
    /// The device or file system failed: the log directory goes offline until the broker is started again.
    Offline,
    /// No space or quota is left: appends are refused, reads go on, and it passes by itself.
    Full,
    /// No file descriptor is left: what was to be opened is not, and it passes by itself.
    DescriptorsExhausted,
    /// The kernel has no memory for it: it passes by itself.
    MemoryExhausted,
    /// The file or directory is not there. Whether that is right, the caller knows.
    Absent,
    /// This process may not do it: somebody has to change the file's rights.
    Forbidden,
    /// Nothing happened: the same call is to be made again.
    Again,
}

impl DiskFault {
    /// What an error of a read, an opening, or of another operation that changes no data means.
    pub fn of_read(error: &io::Error) -> DiskFault {
        match error.raw_os_error() {
            Some(libc::ENOSPC | libc::EDQUOT) => DiskFault::Full,
            Some(libc::EMFILE | libc::ENFILE) => DiskFault::DescriptorsExhausted,
            Some(libc::ENOMEM) => DiskFault::MemoryExhausted,
            Some(libc::ENOENT) => DiskFault::Absent,
            Some(libc::EACCES | libc::EPERM) => DiskFault::Forbidden,
            Some(libc::EINTR | libc::EAGAIN) => DiskFault::Again,
            _ => match error.kind() {
                io::ErrorKind::NotFound => DiskFault::Absent,
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => DiskFault::Full,
                io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock => DiskFault::Again,
                _ => DiskFault::Offline,
            },
        }
    }

    /// What an error of a write or a reservation of space means: either there was no room, and nothing is changed that
    /// was promised to anybody, or the directory goes offline.
    pub fn of_write(error: &io::Error) -> DiskFault {
        match DiskFault::of_read(error) {
            fault @ (DiskFault::Full | DiskFault::DescriptorsExhausted | DiskFault::Again) => fault,
            _ => DiskFault::Offline,
        }
    }

    /// What an error of fsync or fdatasync means: always the end, since the kernel may have dropped the pages that it
    /// could not write, and a second sync would then succeed without them.
    pub const fn of_sync(_error: &io::Error) -> DiskFault {
        DiskFault::Offline
    }

    /// Whether the log directory goes offline.
    pub const fn is_fatal(self) -> bool {
        matches!(self, DiskFault::Offline)
    }

    /// What a client is told.
    pub const fn code(self) -> ErrorCode {
        ErrorCode::KafkaStorageError
    }
}

/// What an error of a socket means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SocketFault {
    /// The other side is gone, or the way to it: the connection is closed, and that is no error of this process.
    PeerGone,
    /// No file descriptor is left: accepting waits, open connections are unaffected.
    DescriptorsExhausted,
    /// The kernel has no memory for it: it passes by itself.
    MemoryExhausted,
    /// The address cannot be listened on: it is in use, not of this machine, or forbidden.
    AddressUnavailable,
    /// Nothing happened: the same call is to be made again.
    Again,
    /// Anything else: the connection is closed, and the error is worth a line in the log.
    Unexpected,
}

impl SocketFault {
    /// What an error of any operation on a socket means.
    pub fn of(error: &io::Error) -> SocketFault {
        match error.raw_os_error() {
            Some(libc::EMFILE | libc::ENFILE) => SocketFault::DescriptorsExhausted,
            Some(libc::ENOMEM | libc::ENOBUFS) => SocketFault::MemoryExhausted,
            Some(libc::EADDRINUSE | libc::EADDRNOTAVAIL | libc::EACCES) => SocketFault::AddressUnavailable,
            Some(libc::EINTR | libc::EAGAIN) => SocketFault::Again,
            Some(libc::EHOSTUNREACH | libc::ENETUNREACH | libc::ENETDOWN | libc::EHOSTDOWN | libc::EPROTO) => {
                SocketFault::PeerGone
            }
            _ => match error.kind() {
                io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::ConnectionRefused
                | io::ErrorKind::NotConnected
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::TimedOut
                | io::ErrorKind::UnexpectedEof => SocketFault::PeerGone,
                io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock => SocketFault::Again,
                _ => SocketFault::Unexpected,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn os(number: i32) -> io::Error {
        io::Error::from_raw_os_error(number)
    }

    #[test]
    fn a_failed_device_is_fatal_however_it_is_met() {
        for number in [libc::EIO, libc::EROFS, libc::ENODEV, libc::ENXIO, libc::ESTALE, libc::EUCLEAN] {
            for fault in [DiskFault::of_read(&os(number)), DiskFault::of_write(&os(number))] {
                assert!(fault.is_fatal(), "{number}");
            }
        }
        assert!(DiskFault::of_read(&io::Error::other("who knows")).is_fatal());
    }

    #[test]
    fn a_full_disk_heals_but_not_under_a_sync() {
        assert_eq!(DiskFault::of_write(&os(libc::ENOSPC)), DiskFault::Full);
        assert_eq!(DiskFault::of_write(&os(libc::EDQUOT)), DiskFault::Full);
        assert_eq!(DiskFault::of_write(&io::ErrorKind::StorageFull.into()), DiskFault::Full);
        assert!(DiskFault::of_sync(&os(libc::ENOSPC)).is_fatal());
    }

    #[test]
    fn a_file_that_vanished_is_absent_to_a_reader_and_fatal_to_a_writer() {
        assert_eq!(DiskFault::of_read(&os(libc::ENOENT)), DiskFault::Absent);
        assert!(DiskFault::of_write(&os(libc::ENOENT)).is_fatal());
    }

    #[test]
    fn want_of_descriptors_passes() {
        assert_eq!(DiskFault::of_read(&os(libc::EMFILE)), DiskFault::DescriptorsExhausted);
        assert_eq!(SocketFault::of(&os(libc::EMFILE)), SocketFault::DescriptorsExhausted);
    }

    #[test]
    fn a_peer_that_left_is_no_error_of_ours() {
        for number in [libc::ECONNRESET, libc::EPIPE, libc::ETIMEDOUT, libc::EHOSTUNREACH] {
            assert_eq!(SocketFault::of(&os(number)), SocketFault::PeerGone, "{number}");
        }
        assert_eq!(SocketFault::of(&os(libc::EADDRINUSE)), SocketFault::AddressUnavailable);
        assert_eq!(SocketFault::of(&os(libc::EINVAL)), SocketFault::Unexpected);
    }
}
