//! A journal's files: their names, and how they come and go.

use std::path::{Path, PathBuf};

use millrace_runtime::{BufferPool, Core, Durability, File, OpenOptions};

use super::error::JournalError;
use super::superblock::{self, FileState, Superblock};

/// The directory, within a log directory, that holds its journals.
const DIRECTORY: &str = "journal";
/// A journal's superblock is in `<core>.ring`.
const RING_EXTENSION: &str = "ring";
/// Its records are in `<core>-<number>.journal`.
const RECORDS_EXTENSION: &str = "journal";
/// Zeros are written in pieces of this many bytes.
pub(super) const ZEROS_BYTES: usize = 256 * 1024;

/// The directory of the journals of a log directory.
pub(super) fn directory(log_directory: &Path) -> PathBuf {
    log_directory.join(DIRECTORY)
}

/// The ring file of a core's journal.
pub(super) fn ring_path(directory: &Path, core: u16) -> PathBuf {
    directory.join(format!("{core}.{RING_EXTENSION}"))
}

/// One of its files of records.
pub(super) fn records_path(directory: &Path, core: u16, number: usize) -> PathBuf {
    directory.join(format!("{core}-{number}.{RECORDS_EXTENSION}"))
}

/// The core whose ring file has this name.
pub(super) fn core_of_ring(name: &str) -> Option<u16> {
    name.strip_suffix(RING_EXTENSION)?.strip_suffix('.')?.parse().ok()
}

/// The core whose records are in a file of this name.
pub(super) fn core_of_records(name: &str) -> Option<u16> {
    let (core, number) = name.strip_suffix(RECORDS_EXTENSION)?.strip_suffix('.')?.split_once('-')?;
    number.parse::<u32>().ok()?;
    core.parse().ok()
}

/// Creates a file of `bytes` zeros, or overwrites what a crash left of one: written through, so that commits never meet
/// blocks that are merely preallocated. Its name is durable only after the caller has synced the directory. `None`:
/// `is_wanted` became false meanwhile.
pub(super) async fn create_zeroed(
    core: &Core,
    pool: &BufferPool,
    path: &Path,
    bytes: usize,
    is_wanted: impl Fn() -> bool,
) -> Result<Option<File>, JournalError> {
    let options = OpenOptions { truncate: true, ..OpenOptions::read_write().direct() };
    let file = core.open(path, options).await.map_err(JournalError::io("create", path))?;
    file.allocate(core, 0, bytes as u64).await.map_err(JournalError::io("allocate", path))?;
    let mut zeros = pool.alloc(ZEROS_BYTES.min(bytes))?;
    zeros.clear();
    zeros.spare_mut().fill(0);
    zeros.set_len(ZEROS_BYTES.min(bytes));
    let zeros = zeros.freeze();
    for offset in (0..bytes).step_by(ZEROS_BYTES) {
        if !is_wanted() {
            return Ok(None);
        }
        let piece = zeros.slice(..ZEROS_BYTES.min(bytes - offset));
        let written = file.write_at(core, vec![piece], offset as u64, Durability::Deferred).await;
        written.map_err(JournalError::io("write", path))?;
    }
    file.sync(core).await.map_err(JournalError::io("sync", path))?;
    Ok(Some(file))
}

/// The same, wanted in any case.
pub(super) async fn create(core: &Core, pool: &BufferPool, path: &Path, bytes: usize) -> Result<File, JournalError> {
    let created = create_zeroed(core, pool, path, bytes, || true).await?;
    let gone = || std::io::Error::from(std::io::ErrorKind::Interrupted);
    created.ok_or_else(gone).map_err(JournalError::io("create", path))
}

/// Makes created and removed names durable.
pub(super) async fn sync_directory(core: &Core, directory: &Path) -> Result<(), JournalError> {
    core.sync_dir(directory).await.map_err(JournalError::io("sync", directory))
}

/// Opens one of a journal's files for reading and writing past the page cache.
pub(super) async fn open_direct(core: &Core, path: &Path) -> Result<File, JournalError> {
    let options = OpenOptions { create: false, ..OpenOptions::read_write().direct() };
    core.open(path, options).await.map_err(JournalError::io("open", path))
}

/// Opens a file if it is there.
pub(super) async fn open_if_present(core: &Core, path: &Path) -> Result<Option<File>, JournalError> {
    match open_direct(core, path).await {
        Ok(file) => Ok(Some(file)),
        Err(JournalError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Removes the journal of a core that there is no more. Everything in it must be released: durable elsewhere.
///
/// # Errors
/// The disk's. A removal that was cut short is finished by calling it again.
pub async fn retire(core: &Core, log_directory: &Path, of_core: u16) -> Result<(), JournalError> {
    let directory = directory(log_directory);
    let ring = ring_path(&directory, of_core);
    let pool = core.buffers();
    let mut leftovers = Vec::new();
    for entry in core.read_dir(&directory).await.map_err(JournalError::io("list", &directory))? {
        if core_of_records(&entry.name) == Some(of_core) {
            leftovers.push(directory.join(entry.name));
        }
    }
    if let Some(file) = open_if_present(core, &ring).await?
        && let Some(superblock) = superblock::read(core, pool, &file).await?
    {
        // From here on it lists no file and holds no record, whatever is removed first.
        let mut empty = Superblock { revision: superblock.revision + 1, ..superblock.reopened(&ring)? };
        empty.files.fill(FileState::default());
        superblock::write(core, pool, &file, &empty).await?;
    }
    for path in leftovers {
        core.remove_file(&path).await.map_err(JournalError::io("remove", &path))?;
    }
    sync_directory(core, &directory).await?;
    if core.exists(&ring).await.map_err(JournalError::io("look for", &ring))? {
        core.remove_file(&ring).await.map_err(JournalError::io("remove", &ring))?;
        sync_directory(core, &directory).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_core() {
        let directory = Path::new("/data/journal");
        assert_eq!(ring_path(directory, 3), Path::new("/data/journal/3.ring"));
        assert_eq!(records_path(directory, 3, 12), Path::new("/data/journal/3-12.journal"));
        assert_eq!(core_of_ring("3.ring"), Some(3));
        assert_eq!(core_of_records("3-12.journal"), Some(3));
        assert_eq!(core_of_ring("3-12.journal"), None);
        assert_eq!(core_of_records("3.ring"), None);
        assert_eq!(core_of_records("x-1.journal"), None);
    }
}
