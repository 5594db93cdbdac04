//! Operations on files, as a simulated host performs them.

use std::io;
use std::path::Path;

use super::disk::Interrupted;
use super::state::{Event, InFlight, Object, State};
use crate::file::{BLOCK_BYTES, Durability, File, OpenOptions};
use crate::op::{Op, Outcome, Token};

fn node_of(state: &State, file: &File) -> io::Result<(u64, u64)> {
    let id = file.handle().sim_id();
    match id.and_then(|id| state.objects.get(&id).map(|object| (id, *object))) {
        Some((id, Object::File { node, .. })) => Ok((id, node)),
        _ => Err(io::Error::from_raw_os_error(libc::EBADF)),
    }
}

/// What Linux demands of direct I/O, of a device with blocks of 4 KiB.
fn check_alignment(
    file: &File,
    offset: u64,
    addresses_and_lengths: impl Iterator<Item = (usize, usize)>,
) -> io::Result<()> {
    let block = BLOCK_BYTES as u64;
    let aligned =
        |(address, length): (usize, usize)| address.is_multiple_of(BLOCK_BYTES) && length.is_multiple_of(BLOCK_BYTES);
    if !file.is_direct() || (offset.is_multiple_of(block) && addresses_and_lengths.into_iter().all(aligned)) {
        return Ok(());
    }
    Err(io::Error::from_raw_os_error(libc::EINVAL))
}

impl State {
    /// A file op's time has come: it takes effect and ends, or waits for a stall to end.
    pub(crate) fn perform_on_disk(&mut self, core: usize, token: Token) {
        let host = self.core(core).host;
        if self.host(host).disk.is_stalled() {
            self.host_mut(host).stalled.push((core, token));
            self.stalled_ops += 1;
            return;
        }
        let Some(mut in_flight) = self.in_flight.remove(&(core, token)) else { return };
        let result = self.disk_outcome(host, &mut in_flight);
        self.disk_ops_done += 1;
        self.in_flight.insert((core, token), in_flight);
        self.complete(core, token, result);
    }

    /// Lets ops go on whose disk has ended its stall.
    pub(crate) fn resume_stalled(&mut self) {
        for host in 0..self.hosts.len() {
            let state = self.host_mut(host);
            if state.stalled.is_empty() || state.disk.is_stalled() {
                continue;
            }
            let resumed = std::mem::take(&mut state.stalled);
            self.stalled_ops -= resumed.len();
            for (core, token) in resumed {
                let delay = self.options.disk_write.draw(&mut self.random);
                self.after(delay, Event::Perform(core, token));
            }
        }
    }

    fn disk_outcome(&mut self, host: usize, in_flight: &mut InFlight) -> io::Result<Outcome> {
        let disk = self.host(host).disk.clone();
        let point = in_flight.point;
        match &mut in_flight.op {
            Op::Open { path, options } => return self.open_file(host, path, options),
            Op::Close { file } => drop(file.take()),
            Op::ReadAt { file, buffer, offset } => {
                let (_, node) = node_of(self, file)?;
                let capacity = buffer.capacity();
                buffer.set_len(capacity);
                check_alignment(file, *offset, std::iter::once((buffer.as_ptr().addr(), capacity)))?;
                let result = disk.state().read(node, *offset, buffer);
                buffer.set_len(*result.as_ref().unwrap_or(&0));
                return result.map(Outcome::Count);
            }
            Op::WriteAt { file, parts, offset, durability } => {
                let (_, node) = node_of(self, file)?;
                check_alignment(file, *offset, parts.iter().map(|part| (part.as_ptr().addr(), part.len())))?;
                let slices = parts.iter().map(|part| &part[..]);
                disk.state().write(node, *offset, slices, *durability == Durability::Synced)?;
            }
            Op::Sync { file } => {
                let (_, node) = node_of(self, file)?;
                disk.state().sync(node, point)?;
            }
            Op::Allocate { file, offset, len } => {
                let (_, node) = node_of(self, file)?;
                disk.state().files.allocate(node, *offset, *len)?;
            }
            Op::Truncate { file, len } => {
                let (_, node) = node_of(self, file)?;
                disk.state().files.truncate(node, *len)?;
            }
            Op::Length { file } => {
                let (_, node) = node_of(self, file)?;
                let len = disk.state().files.file(node)?.content.size();
                return Ok(Outcome::Length(len));
            }
            Op::TryLock { file } => {
                let (id, node) = node_of(self, file)?;
                disk.state().files.lock(node, id)?;
            }
            Op::Rename { from, to } => disk.state().rename(from, to)?,
            Op::RemoveFile { path } => disk.state().files.remove_file(path)?,
            Op::RemoveDir { path } => disk.state().files.remove_dir(path)?,
            Op::CreateDir { path } => disk.state().files.create_dir(path)?,
            Op::SyncDir { path } => disk.state().sync_dir(path, point)?,
            Op::ReadDir { path } => return disk.state().files.list(path).map(Outcome::Entries),
            Op::Metadata { path } => return disk.state().files.metadata(path).map(Outcome::Metadata),
            other => unreachable!("{other:?} is not an operation on files"),
        }
        Ok(Outcome::Done)
    }

    fn open_file(&mut self, host: usize, path: &Path, options: &OpenOptions) -> io::Result<Outcome> {
        self.may_open(host)?;
        let node = self.host(host).disk.state().files.open(path, options)?;
        let (_, handle) = self.open_object(host, Object::File { host, node });
        Ok(Outcome::File(File::new(handle, path.to_owned(), options, options.direct)))
    }

    /// Tells the disk of an op that was under way when its host stopped.
    pub(crate) fn interrupt_on_disk(&self, host: usize, op: &Op) {
        let interrupted = match op {
            Op::WriteAt { file, parts, offset, .. } => node_of(self, file).ok().map(|(_, node)| Interrupted::Write {
                node,
                offset: *offset,
                bytes: parts.iter().flat_map(|part| part.iter().copied()).collect(),
            }),
            Op::Truncate { file, len } => {
                node_of(self, file).ok().map(|(_, node)| Interrupted::Truncate { node, len: *len })
            }
            Op::Open { path, options } if options.create || options.create_new => {
                Some(Interrupted::Create { path: path.clone() })
            }
            Op::CreateDir { path } => Some(Interrupted::CreateDir { path: path.clone() }),
            Op::RemoveFile { path } => Some(Interrupted::RemoveFile { path: path.clone() }),
            Op::RemoveDir { path } => Some(Interrupted::RemoveDir { path: path.clone() }),
            Op::Rename { from, to } => Some(Interrupted::Rename { from: from.clone(), to: to.clone() }),
            _ => None,
        };
        if let Some(interrupted) = interrupted {
            self.host(host).disk.interrupt(interrupted);
        }
    }
}
