//! Steps of operations on paths.
#![allow(unsafe_code, reason = "takes ownership of descriptors that the kernel opened")]

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use io_uring::{opcode, types};

use super::super::flight::{Flight, Step};
use super::{Next, Taken, done};
use crate::file::{DirEntry, File, Metadata, OpenOptions};
use crate::handle::Handle;
use crate::op::{Op, Outcome};

/// Relative paths begin at the working directory.
const AT_CWD: types::Fd = types::Fd(libc::AT_FDCWD);
const FILE_MODE: libc::mode_t = 0o644;
const DIRECTORY_MODE: libc::mode_t = 0o755;

pub(super) fn issue(flight: &mut Flight) -> io::Result<Next> {
    let (step, scratch) = (flight.step, &mut flight.scratch);
    let entry = match &flight.op {
        Some(Op::Open { path, options }) => {
            let flags = open_flags(options, step == Step::First);
            let path = keep_path(&mut scratch.paths[0], path)?;
            opcode::OpenAt::new(AT_CWD, path).flags(flags).mode(FILE_MODE).build()
        }
        Some(Op::Rename { from, to }) => {
            let [from_kept, to_kept] = &mut scratch.paths;
            opcode::RenameAt::new(AT_CWD, keep_path(from_kept, from)?, AT_CWD, keep_path(to_kept, to)?).build()
        }
        Some(Op::RemoveFile { path }) => opcode::UnlinkAt::new(AT_CWD, keep_path(&mut scratch.paths[0], path)?).build(),
        Some(Op::RemoveDir { path }) => {
            let path = keep_path(&mut scratch.paths[0], path)?;
            opcode::UnlinkAt::new(AT_CWD, path).flags(libc::AT_REMOVEDIR).build()
        }
        Some(Op::CreateDir { path }) => {
            let path = keep_path(&mut scratch.paths[0], path)?;
            opcode::MkDirAt::new(AT_CWD, path).mode(DIRECTORY_MODE).build()
        }
        Some(Op::SyncDir { path }) => match &scratch.fd {
            Some(directory) => opcode::Fsync::new(types::Fd(directory.as_raw_fd())).build(),
            None => {
                let path = keep_path(&mut scratch.paths[0], path)?;
                let flags = libc::O_RDONLY | libc::O_DIRECTORY | libc::O_CLOEXEC;
                opcode::OpenAt::new(AT_CWD, path).flags(flags).build()
            }
        },
        Some(Op::ReadDir { path }) => return Ok(Next::Finish(read_dir(path).map(Outcome::Entries))),
        Some(Op::Metadata { path }) => {
            return Ok(Next::Finish(fs::metadata(path).map(|found| Outcome::Metadata(metadata(&found)))));
        }
        other => panic!("not an operation on a path: {other:?}"),
    };
    Ok(Next::Submit(entry))
}

pub(super) fn take(flight: &mut Flight, result: io::Result<u32>) -> Taken {
    match &flight.op {
        Some(Op::Open { path, options }) => match result {
            Ok(fd) => {
                let direct = options.direct && flight.step == Step::First;
                let file = File::new(Handle::Os(owned(fd)), path.clone(), options, direct);
                Taken::Finish(Ok(Outcome::File(file)))
            }
            // A file system without O_DIRECT.
            Err(error)
                if error.raw_os_error() == Some(libc::EINVAL) && options.direct && flight.step == Step::First =>
            {
                flight.step = Step::Second;
                Taken::Again
            }
            Err(error) => Taken::Finish(Err(error)),
        },
        Some(Op::SyncDir { .. }) if flight.scratch.fd.is_none() => match result {
            Ok(fd) => {
                flight.scratch.fd = Some(owned(fd));
                Taken::Again
            }
            Err(error) => Taken::Finish(Err(error)),
        },
        _ => done(result),
    }
}

/// `first`: whether this is the first try; the second one goes without O_DIRECT, and finds the file that the first
/// created.
fn open_flags(options: &OpenOptions, first: bool) -> i32 {
    let mut flags = libc::O_CLOEXEC;
    flags |= match (options.read, options.write) {
        (true, true) => libc::O_RDWR,
        (false, true) => libc::O_WRONLY,
        _ => libc::O_RDONLY,
    };
    if options.create || options.create_new {
        flags |= libc::O_CREAT;
    }
    if options.create_new && first {
        flags |= libc::O_EXCL;
    }
    if options.truncate {
        flags |= libc::O_TRUNC;
    }
    if options.direct && first {
        flags |= libc::O_DIRECT;
    }
    flags
}

fn keep_path(kept: &mut CString, path: &Path) -> io::Result<*const libc::c_char> {
    *kept = CString::new(path.as_os_str().as_bytes())?;
    Ok(kept.as_ptr())
}

fn owned(fd: u32) -> OwnedFd {
    // SAFETY: the kernel has just opened it for this entry; nobody else knows it.
    unsafe { OwnedFd::from_raw_fd(fd as i32) }
}

fn metadata(found: &fs::Metadata) -> Metadata {
    Metadata { len: found.len(), is_dir: found.is_dir() }
}

fn read_dir(path: &Path) -> io::Result<Vec<DirEntry>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if let Ok(name) = entry.file_name().into_string() {
            entries.push(DirEntry { name, metadata: metadata(&entry.metadata()?) });
        }
    }
    entries.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(entries)
}
