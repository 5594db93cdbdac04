//! Direct reads and writes of a file whose blocks have all been written, as a journal's have.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::task::Waker;
use std::thread;

use millrace_runtime::{BLOCK_BYTES, Buffer, BufferPool};
use nix::fcntl::{FallocateFlags, fallocate};

use super::{Lane, Probed, Span};
use crate::error::LoadError;
use crate::stop::Stopper;

/// A length for the file, in bytes: more than a disk's own fast memory takes in a row of small writes.
pub const FILE_BYTES: u64 = 256 << 20;
/// Bytes of a write that makes the file what it is.
const ZEROS_BYTES: usize = 1 << 20;

/// What is done with each piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It is read.
    Read,
    /// It is written, and durable when that ends.
    SyncedWrite,
}

/// A bare loop over the file.
#[derive(Clone, Copy, Debug)]
pub struct DiskLoop {
    /// What is done.
    pub access: Access,
    /// Bytes of a piece: whole blocks.
    pub piece_bytes: usize,
    /// Pieces under way at the same time, in a thread each.
    pub in_flight: u64,
    /// When.
    pub span: Span,
    /// The processor that its threads are pinned to.
    pub processor: Option<usize>,
}

/// The file, which is removed with this.
pub struct DiskFile {
    file: File,
    path: PathBuf,
    bytes: u64,
}

impl DiskFile {
    /// Makes it: its space is reserved, and then all of it written and synced, past the page cache where the file
    /// system can do that (elsewhere the broker goes through the page cache as well).
    ///
    /// # Errors
    /// [`LoadError::File`]; what was written is removed.
    pub fn create(path: &Path, bytes: u64) -> Result<DiskFile, LoadError> {
        let failed = || LoadError::file(path.display().to_string());
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true);
        let file = match options.clone().custom_flags(nix::libc::O_DIRECT | nix::libc::O_DSYNC).open(path) {
            Err(error) if error.raw_os_error() == Some(nix::libc::EINVAL) => {
                options.custom_flags(nix::libc::O_DSYNC).open(path)
            }
            opened => opened,
        };
        let created = DiskFile { file: file.map_err(failed())?, path: path.to_owned(), bytes };
        created.write_all().map_err(failed())?;
        Ok(created)
    }

    fn write_all(&self) -> io::Result<()> {
        let bytes = i64::try_from(self.bytes).map_err(io::Error::other)?;
        match fallocate(&self.file, FallocateFlags::empty(), 0, bytes) {
            // It gets its space with the writes.
            Ok(()) | Err(nix::Error::EOPNOTSUPP) => {}
            Err(error) => return Err(error.into()),
        }
        let zeros = zeros(ZEROS_BYTES)?;
        for at in (0..self.bytes).step_by(ZEROS_BYTES) {
            let piece = ZEROS_BYTES.min((self.bytes - at) as usize);
            self.file.write_all_at(zeros.get(..piece).unwrap_or_default(), at)?;
        }
        self.file.sync_all()
    }

    /// Its length in bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Writes a piece of whole blocks, which is durable then.
    pub(super) fn write_at(&self, piece: &Buffer, at: u64) -> Result<(), LoadError> {
        self.file.write_all_at(piece, at).map_err(LoadError::file(self.path.display().to_string()))
    }

    /// Reads or writes pieces one after the other, from the beginning again after the end.
    ///
    /// # Errors
    /// [`LoadError::File`] for the disk's, [`LoadError::Spec`] for sizes that cannot be and a processor that may not be
    /// used, [`LoadError::Interrupted`].
    pub fn run(&self, task: &DiskLoop, stopper: &Stopper) -> Result<Probed, LoadError> {
        let (bytes, pieces) = (task.piece_bytes as u64, self.bytes / (task.piece_bytes as u64).max(1));
        let is_whole = bytes > 0 && task.piece_bytes.is_multiple_of(BLOCK_BYTES);
        if !is_whole || pieces < task.in_flight || task.in_flight == 0 {
            return Err(LoadError::Spec(format!(
                "pieces of {bytes} bytes, {} at a time: they must be a multiple of {BLOCK_BYTES}, and find room in {} \
                 bytes",
                task.in_flight, self.bytes
            )));
        }
        let lane = |first: u64| {
            let mut lane = Lane::begin(task.span, task.processor)?;
            let failed = || LoadError::file(self.path.display().to_string());
            let mut buffer = zeros(task.piece_bytes).map_err(failed())?;
            for piece in (first..).step_by(task.in_flight as usize) {
                let at = piece % pieces * bytes;
                let goes_on = lane.step(|| {
                    let done = match task.access {
                        Access::SyncedWrite => self.file.write_all_at(&buffer, at),
                        Access::Read => self.file.read_exact_at(&mut buffer, at),
                    };
                    done.map_err(failed())
                })?;
                if stopper.is_stopped() {
                    return Err(LoadError::Interrupted);
                }
                if !goes_on {
                    break;
                }
            }
            lane.end()
        };
        let died = || LoadError::Spec("a thread that reads or writes has panicked".to_owned());
        let lanes: Vec<Result<Lane, LoadError>> = thread::scope(|scope| {
            let running: Vec<_> = (0..task.in_flight).map(|first| scope.spawn(move || lane(first))).collect();
            running.into_iter().map(|lane| lane.join().map_err(|_panic| died()).flatten()).collect()
        });
        let mut probed = Probed::new(task.piece_bytes, task.span.length);
        lanes.into_iter().try_for_each(|lane| probed.add(&lane?))?;
        Ok(probed)
    }
}

impl Drop for DiskFile {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "the file of a measurement could not be removed");
        }
    }
}

/// Zeros where direct writes can take them from.
pub(super) fn zeros(bytes: usize) -> io::Result<Buffer> {
    // A buffer's room is a power of two.
    let pool = BufferPool::new(bytes.next_power_of_two(), Waker::noop().clone());
    let mut buffer = pool.alloc(bytes).map_err(io::Error::other)?;
    buffer.spare_mut().fill(0);
    buffer.set_len(bytes);
    Ok(buffer)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SPAN: Span = Span { warm_up: Duration::ZERO, length: Duration::from_millis(50) };

    fn task(access: Access, piece_bytes: usize) -> DiskLoop {
        DiskLoop { access, piece_bytes, in_flight: 2, span: SPAN, processor: None }
    }

    #[test]
    fn pieces_are_written_and_read_in_a_file_that_is_there_whole_and_goes() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("probe");
        let bytes = (ZEROS_BYTES + BLOCK_BYTES) as u64;
        let file = DiskFile::create(&path, bytes).unwrap();
        assert_eq!(fs::read(&path).unwrap(), vec![0; bytes as usize]);
        let blocks = std::os::unix::fs::MetadataExt::blocks(&fs::metadata(&path).unwrap());
        assert!(blocks * 512 >= bytes, "all of it has its place");
        for access in [Access::SyncedWrite, Access::Read] {
            let probed = file.run(&task(access, BLOCK_BYTES), &Stopper::default()).unwrap();
            assert!(!probed.steps.is_empty() && probed.bytes() == probed.steps.len() * BLOCK_BYTES as u64);
        }
        drop(file);
        assert!(!path.exists());
    }

    #[test]
    fn impossible_pieces_and_a_full_stop_are_told() {
        let directory = tempfile::tempdir().unwrap();
        let file = DiskFile::create(&directory.path().join("probe"), 16 * BLOCK_BYTES as u64).unwrap();
        for piece_bytes in [0, 1, BLOCK_BYTES + 1, 16 * BLOCK_BYTES] {
            let refused = file.run(&task(Access::SyncedWrite, piece_bytes), &Stopper::default()).unwrap_err();
            assert!(refused.to_string().contains("multiple of 4096"), "{refused}");
        }
        let stopper = Stopper::default();
        stopper.stop();
        let ended = file.run(&task(Access::Read, BLOCK_BYTES), &stopper);
        assert!(matches!(ended, Err(LoadError::Interrupted)));
    }
}
