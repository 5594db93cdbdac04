//! A simulated disk: an in-memory file system that loses, keeps, reorders and tears what was not made durable.
//!
//! Invariants:
//! - What a completed synced write or sync covered reads the same after any power loss; so do names after a sync of
//!   their directory.
//! - A file's size changes are durable after a sync of it, or a synced write to it.
//! - Everything else may be, sector by sector (512 bytes), as it was at any moment since it was last durable, or
//!   unreadable.
//! - An operation under way when the power goes counts as performed, not durable.

pub(crate) mod content;
mod extents;
pub(crate) mod file_system;
mod names;
#[cfg(test)]
mod tests;

use std::cell::{RefCell, RefMut};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use self::content::{Fate, PAGE_BYTES, SECTOR_BYTES};
use self::file_system::{FileSystem, errno};
use super::random::Random;
use crate::file::{DirEntry, OpenOptions};

/// A kind of access that can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reads of files.
    Read,
    /// Writes to files.
    Write,
    /// Syncs of files and directories, and the synced part of synced writes.
    Sync,
    /// Renames.
    Rename,
}

/// How often an access fails, with EIO.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Failure {
    /// It works.
    #[default]
    Never,
    /// The next so many fail, then it works.
    Next(u32),
    /// So many in a thousand fail.
    PerMille(u32),
    /// All fail.
    Always,
}

impl Failure {
    fn strikes(&mut self, random: &mut Random) -> bool {
        match self {
            Failure::Never | Failure::Next(0) => false,
            Failure::Next(left) => {
                *left -= 1;
                true
            }
            Failure::PerMille(per_mille) => random.chance(*per_mille),
            Failure::Always => true,
        }
    }
}

/// An operation that was under way when its host stopped.
#[derive(Clone, Debug)]
pub(crate) enum Interrupted {
    Write { node: u64, offset: u64, bytes: Vec<u8> },
    Truncate { node: u64, len: u64 },
    Create { path: PathBuf },
    CreateDir { path: PathBuf },
    RemoveFile { path: PathBuf },
    RemoveDir { path: PathBuf },
    Rename { from: PathBuf, to: PathBuf },
}

#[derive(Clone)]
pub(crate) struct State {
    pub(crate) files: FileSystem,
    random: Random,
    reads: Failure,
    writes: Failure,
    syncs: Failure,
    renames: Failure,
    stalled: bool,
    interrupted: Vec<Interrupted>,
}

/// A disk. Clones are the same disk; it outlives the worlds that use it. Not for two hosts at a time.
#[derive(Clone)]
pub struct Disk {
    state: Rc<RefCell<State>>,
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disk").field("used_bytes", &self.used_bytes()).finish_non_exhaustive()
    }
}

impl Disk {
    /// An empty disk without a limit. What its faults choose follows from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Disk {
        let state = State {
            files: FileSystem::new(),
            random: Random::new(seed),
            reads: Failure::Never,
            writes: Failure::Never,
            syncs: Failure::Never,
            renames: Failure::Never,
            stalled: false,
            interrupted: Vec::new(),
        };
        Disk { state: Rc::new(RefCell::new(state)) }
    }

    /// Another disk with the same contents, durable and not; its faults follow from `seed`. Cheap: pages are shared
    /// until they are written.
    #[must_use]
    pub fn fork(&self, seed: u64) -> Disk {
        let mut state = self.state().clone();
        state.random = Random::new(seed);
        Disk { state: Rc::new(RefCell::new(state)) }
    }

    pub(crate) fn state(&self) -> RefMut<'_, State> {
        self.state.borrow_mut()
    }

    /// Power loss: what was not durable is lost, kept, reordered or torn, as the seed has it; at times all of it is
    /// lost, at times none. The host that used the disk must have been stopped ([`super::World::power_loss`] does
    /// both).
    pub fn power_loss(&self) {
        let mut state = self.state();
        let fate = match state.random.below(8) {
            0 => Fate::Lose,
            1 => Fate::Keep,
            2..=4 => Fate::Mix { unreadable_per_mille: 0 },
            5 | 6 => Fate::Mix { unreadable_per_mille: 30 },
            _ => Fate::Mix { unreadable_per_mille: 300 },
        };
        state.lose_power(fate);
    }

    /// Power loss, in which everything that was not durable is lost.
    pub fn power_loss_keeping_only_durable(&self) {
        self.state().lose_power(Fate::Lose);
    }

    /// The process that used the disk died: what it wrote is there, durable or not; of the operations under way some
    /// happened. The host must have been stopped ([`super::World::kill`] does both).
    pub fn kill(&self) {
        let mut state = self.state();
        let state = &mut *state;
        for interrupted in std::mem::take(&mut state.interrupted) {
            match interrupted {
                Interrupted::Write { node, offset, mut bytes } => {
                    let pages = state.random.index(bytes.len().div_ceil(PAGE_BYTES) + 1);
                    bytes.truncate(pages * PAGE_BYTES);
                    state.perform_interrupted(Interrupted::Write { node, offset, bytes });
                }
                other if state.random.coin() => state.perform_interrupted(other),
                _ => {}
            }
        }
        state.files.close_all();
    }

    /// Makes an access fail, from now on.
    pub fn fail(&self, access: Access, failure: Failure) {
        let mut state = self.state();
        match access {
            Access::Read => state.reads = failure,
            Access::Write => state.writes = failure,
            Access::Sync => state.syncs = failure,
            Access::Rename => state.renames = failure,
        }
    }

    /// Takes away all free space: whatever needs more gets ENOSPC. [`Disk::set_capacity_bytes`] heals.
    pub fn fill(&self) {
        let mut state = self.state();
        let used = state.files.used_bytes();
        state.files.set_capacity(Some(used));
    }

    /// Sets how many bytes fit in all (rounded down to 4 KiB); `None`: no limit.
    pub fn set_capacity_bytes(&self, bytes: Option<u64>) {
        self.state().files.set_capacity(bytes);
    }

    /// Space in use, in bytes, in whole 4 KiB blocks, reserved space included.
    #[must_use]
    pub fn used_bytes(&self) -> u64 {
        self.state().files.used_bytes()
    }

    /// From now on no operation ends, until [`Disk::resume`].
    pub fn stall(&self) {
        self.state().stalled = true;
    }

    /// Ends a stall. The world notices at its next step.
    pub fn resume(&self) {
        self.state().stalled = false;
    }

    pub(crate) fn is_stalled(&self) -> bool {
        self.state.borrow().stalled
    }

    /// Bit rot: flips a bit of the byte at `offset` of a file.
    ///
    /// # Errors
    /// ENOENT; EINVAL when the file is shorter.
    pub fn corrupt(&self, path: &Path, offset: u64) -> io::Result<()> {
        let mut state = self.state();
        let state = &mut *state;
        let node = state.files.find(path)?;
        let hit = state.files.file_mut(node)?.content.rot(offset, &mut state.random);
        if hit { Ok(()) } else { Err(errno(libc::EINVAL)) }
    }

    /// Makes the sector with the byte at `offset` of a file give EIO until it is rewritten.
    ///
    /// # Errors
    /// ENOENT; EINVAL when the file is shorter.
    pub fn spoil(&self, path: &Path, offset: u64) -> io::Result<()> {
        let mut state = self.state();
        let node = state.files.find(path)?;
        let hit = state.files.file_mut(node)?.content.spoil(offset);
        if hit { Ok(()) } else { Err(errno(libc::EINVAL)) }
    }

    /// A file's bytes as a process would read them now, past any injected failure.
    ///
    /// # Errors
    /// ENOENT, EISDIR; EIO for a sector that a tear or [`Disk::spoil`] made unreadable.
    pub fn read_file(&self, path: &Path) -> io::Result<Vec<u8>> {
        let state = self.state();
        let node = state.files.find(path)?;
        let mut bytes = vec![0; state.files.file(node)?.content.size() as usize];
        state.files.read(node, 0, &mut bytes)?;
        Ok(bytes)
    }

    /// Replaces a file's bytes, durably, creating it and the directories above it (durably too): to prepare or to
    /// damage.
    ///
    /// # Errors
    /// ENOSPC, EISDIR, ENOTDIR.
    pub fn write_file(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        let files = &mut state.files;
        let mut above: Vec<&Path> = path.ancestors().skip(1).filter(|path| !path.as_os_str().is_empty()).collect();
        above.reverse();
        for directory in above {
            match files.create_dir(directory) {
                Ok(()) => {
                    let point = files.sequence();
                    files.sync_dir(directory.parent().unwrap_or(directory), point)?;
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        let options = OpenOptions { truncate: true, ..OpenOptions::read_write() };
        let node = files.open(path, &options)?;
        let written = files.write(node, 0, std::iter::once(bytes), true);
        let point = files.sequence();
        files.sync(node, point)?;
        // Number 0 is no open of a process: it holds no lock.
        files.close(node, 0);
        files.sync_dir(path.parent().unwrap_or(Path::new("/")), point)?;
        written
    }

    /// A directory's entries, by name.
    ///
    /// # Errors
    /// ENOENT, ENOTDIR.
    pub fn list(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        self.state().files.list(path)
    }

    /// Notes an operation that was under way when the disk's host stopped.
    pub(crate) fn interrupt(&self, operation: Interrupted) {
        self.state().interrupted.push(operation);
    }
}

impl State {
    fn lose_power(&mut self, fate: Fate) {
        let mut interrupted = std::mem::take(&mut self.interrupted);
        while !interrupted.is_empty() {
            let next = self.random.index(interrupted.len());
            let operation = interrupted.swap_remove(next);
            self.perform_interrupted(operation);
        }
        self.files.lose_power(fate, &mut self.random);
    }

    fn perform_interrupted(&mut self, operation: Interrupted) {
        let files = &mut self.files;
        let name = format!("{operation:?}");
        let result = match operation {
            Interrupted::Write { node, offset, bytes } => {
                files.write(node, offset, std::iter::once(bytes.as_slice()), false)
            }
            Interrupted::Truncate { node, len } => files.truncate(node, len),
            Interrupted::Create { path } => {
                let options = OpenOptions { create: true, ..OpenOptions::default() };
                files.open(&path, &options).map(|node| files.close(node, 0))
            }
            Interrupted::CreateDir { path } => files.create_dir(&path),
            Interrupted::RemoveFile { path } => files.remove_file(&path),
            Interrupted::RemoveDir { path } => files.remove_dir(&path),
            Interrupted::Rename { from, to } => files.rename(&from, &to),
        };
        if let Err(error) = result {
            tracing::trace!(%error, name, "an interrupted operation would have failed");
        }
    }

    pub(crate) fn read(&mut self, node: u64, offset: u64, target: &mut [u8]) -> io::Result<usize> {
        if self.reads.strikes(&mut self.random) {
            return Err(errno(libc::EIO));
        }
        self.files.read(node, offset, target)
    }

    /// Writes whole, or fails: then nothing, or some leading sectors, were written, and are not durable.
    pub(crate) fn write<'a>(
        &mut self,
        node: u64,
        offset: u64,
        parts: impl Iterator<Item = &'a [u8]> + Clone,
        durable: bool,
    ) -> io::Result<()> {
        let fails = self.writes.strikes(&mut self.random) || (durable && self.syncs.strikes(&mut self.random));
        if !fails {
            return self.files.write(node, offset, parts, durable);
        }
        let mut position = offset;
        for part in parts {
            let sectors = self.random.index(part.len() / SECTOR_BYTES + 1);
            let written = part.get(..sectors * SECTOR_BYTES).unwrap_or_default();
            self.files.write(node, position, std::iter::once(written), false)?;
            position += part.len() as u64;
        }
        Err(errno(libc::EIO))
    }

    pub(crate) fn sync(&mut self, node: u64, point: u64) -> io::Result<()> {
        if self.syncs.strikes(&mut self.random) {
            self.files.file_mut(node)?.content.fail_sync(&mut self.random);
            return Err(errno(libc::EIO));
        }
        self.files.sync(node, point)
    }

    pub(crate) fn sync_dir(&mut self, path: &Path, point: u64) -> io::Result<()> {
        if self.syncs.strikes(&mut self.random) {
            return Err(errno(libc::EIO));
        }
        self.files.sync_dir(path, point)
    }

    /// Renames, or fails and changes nothing.
    pub(crate) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        if self.renames.strikes(&mut self.random) {
            return Err(errno(libc::EIO));
        }
        self.files.rename(from, to)
    }
}
