//! Files: opened by [`Core::open`], positional reads and writes, whole or an error.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::buffer::{Buffer, Bytes};
use crate::core::Core;
use crate::handle::Handle;
use crate::op::{Op, Outcome};

/// Alignment of offsets, lengths and memory for direct files, in bytes.
pub const BLOCK_BYTES: usize = 4096;

static NEXT_FILE_ID: AtomicU64 = AtomicU64::new(1);

/// How to open a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenOptions {
    /// For reading.
    pub read: bool,
    /// For writing.
    pub write: bool,
    /// Create it if it is missing.
    pub create: bool,
    /// Create it; `AlreadyExists` if it is there.
    pub create_new: bool,
    /// Cut it to length 0.
    pub truncate: bool,
    /// Past the page cache (O_DIRECT): offsets, lengths and memory aligned to [`BLOCK_BYTES`]. On a file system without
    /// it the file is buffered ([`File::is_direct`] tells), and the alignment is still demanded.
    pub direct: bool,
}

impl OpenOptions {
    /// For reading an existing file through the page cache.
    #[must_use]
    pub const fn read() -> OpenOptions {
        OpenOptions { read: true, write: false, create: false, create_new: false, truncate: false, direct: false }
    }

    /// For reading and writing, creating the file if it is missing.
    #[must_use]
    pub const fn read_write() -> OpenOptions {
        OpenOptions { read: true, write: true, create: true, create_new: false, truncate: false, direct: false }
    }

    /// The same, past the page cache.
    #[must_use]
    pub const fn direct(mut self) -> OpenOptions {
        self.direct = true;
        self
    }
}

/// When a write's completion is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// As soon as the operating system has the bytes.
    Deferred,
    /// When the bytes, and what is needed to read them back, are on stable storage (RWF_DSYNC).
    Synced,
}

/// What a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Length in bytes.
    pub len: u64,
    /// A directory, not a file.
    pub is_dir: bool,
}

/// One name in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirEntry {
    /// The last component of its path.
    pub name: String,
    /// What it is.
    pub metadata: Metadata,
}

#[derive(Debug)]
struct FileInner {
    handle: Handle,
    id: u64,
    path: PathBuf,
    direct: bool,
    aligned: bool,
}

/// An open file. Clones share it; the last one to go closes it. Any core may use it.
#[derive(Clone, Debug)]
pub struct File {
    inner: Arc<FileInner>,
}

impl File {
    /// A file opened by a reactor. `direct`: whether the host gave O_DIRECT.
    #[must_use]
    pub fn new(handle: Handle, path: PathBuf, options: &OpenOptions, direct: bool) -> File {
        let id = NEXT_FILE_ID.fetch_add(1, Ordering::Relaxed);
        File { inner: Arc::new(FileInner { handle, id, path, direct, aligned: options.direct }) }
    }

    /// The host's handle.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.inner.handle
    }

    /// Gives the handle if this is the last clone; drops this clone otherwise.
    #[must_use]
    pub fn into_handle(self) -> Option<Handle> {
        Arc::into_inner(self.inner).map(|inner| inner.handle)
    }

    /// A number that no other open of a file in this process has. Not the same in two runs of one seed.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.inner.id
    }

    /// The path it was opened by.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Whether reads and writes go past the page cache.
    #[must_use]
    pub fn is_direct(&self) -> bool {
        self.inner.direct
    }

    /// Fills `buffer[..capacity]` from `offset` (bytes) and sets its length to what was read: less than its capacity
    /// only at end of file.
    ///
    /// # Errors
    /// The host's; `InvalidInput` for an unaligned offset or capacity on a direct file. The buffer comes back in any
    /// case.
    pub async fn read_at(&self, core: &Core, buffer: Buffer, offset: u64) -> (io::Result<usize>, Buffer) {
        if self.inner.aligned && !(is_aligned(offset) && is_aligned(buffer.capacity() as u64)) {
            return (Err(unaligned(self.path(), "read")), buffer);
        }
        let completion = core.perform(Op::ReadAt { file: self.clone(), buffer, offset }).await;
        let Op::ReadAt { buffer, .. } = completion.op else { wrong_op() };
        let result = completion.result.map(|outcome| match outcome {
            Outcome::Count(count) => count,
            _ => wrong_outcome(),
        });
        (result, buffer)
    }

    /// Writes all parts one after the other at `offset` (bytes), whole or an error; after an error the range may hold
    /// old bytes, new bytes or a mixture. Cannot be cancelled: it ends even if this future is dropped.
    ///
    /// # Errors
    /// The host's; `InvalidInput` when a direct file gets an unaligned offset, part length or part address.
    pub async fn write_at(
        &self,
        core: &Core,
        parts: Vec<Bytes>,
        offset: u64,
        durability: Durability,
    ) -> io::Result<()> {
        let part_is_aligned = |part: &Bytes| is_aligned(part.len() as u64) && is_aligned(part.as_ptr().addr() as u64);
        if self.inner.aligned && !(is_aligned(offset) && parts.iter().all(part_is_aligned)) {
            return Err(unaligned(self.path(), "write"));
        }
        core.perform(Op::WriteAt { file: self.clone(), parts, offset, durability }).await.result.map(drop)
    }

    /// Makes what was written durable (fdatasync). After a failure nothing is known about earlier writes: never retry.
    ///
    /// # Errors
    /// The host's.
    pub async fn sync(&self, core: &Core) -> io::Result<()> {
        core.perform(Op::Sync { file: self.clone() }).await.result.map(drop)
    }

    /// Reserves space for `len` bytes at `offset` without changing the file's length.
    ///
    /// # Errors
    /// The host's: `StorageFull` when there is no space.
    pub async fn allocate(&self, core: &Core, offset: u64, len: u64) -> io::Result<()> {
        core.perform(Op::Allocate { file: self.clone(), offset, len }).await.result.map(drop)
    }

    /// Sets the file's length to `len` bytes.
    ///
    /// # Errors
    /// The host's.
    pub async fn truncate(&self, core: &Core, len: u64) -> io::Result<()> {
        core.perform(Op::Truncate { file: self.clone(), len }).await.result.map(drop)
    }

    /// The file's length in bytes.
    ///
    /// # Errors
    /// The host's.
    pub async fn len(&self, core: &Core) -> io::Result<u64> {
        match core.perform(Op::Length { file: self.clone() }).await.result? {
            Outcome::Length(len) => Ok(len),
            _ => wrong_outcome(),
        }
    }

    /// Takes the file's exclusive advisory lock, held until the last clone is gone. `false`: another open of it has it.
    ///
    /// # Errors
    /// The host's.
    pub async fn try_lock(&self, core: &Core) -> io::Result<bool> {
        match core.perform(Op::TryLock { file: self.clone() }).await.result {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Closes the file off the core if this is its last clone. Merely dropping it closes it on the core: the same, but
    /// freeing a large removed file then takes the core's time.
    ///
    /// # Errors
    /// The host's.
    pub async fn close(self, core: &Core) -> io::Result<()> {
        core.perform(Op::Close { file: Some(self) }).await.result.map(drop)
    }
}

pub(crate) fn wrong_outcome() -> ! {
    panic!("a reactor completed an operation with another operation's outcome")
}

pub(crate) fn wrong_op() -> ! {
    panic!("a reactor gave back another operation than it was given")
}

fn is_aligned(value: u64) -> bool {
    value.is_multiple_of(BLOCK_BYTES as u64)
}

fn unaligned(path: &Path, what: &str) -> io::Error {
    let message = format!("{what} of direct file {} is not aligned to {BLOCK_BYTES} bytes", path.display());
    io::Error::new(io::ErrorKind::InvalidInput, message)
}
