//! A checkpoint: a partition side's state as of a commit, in a file that is replaced as a whole.
//!
//! Invariants:
//! - At its path there is the old checkpoint or the new one, whole: the new one is written and synced under another
//!   name first.
//! - Space for the next one is reserved under that other name, as far as there was space: so a disk that fills up later
//!   does not stop a checkpoint of about the same size.
//! - A damaged checkpoint is told from a missing one: it is rebuilt from segments and journal, never trusted.

use std::io;
use std::path::{Path, PathBuf};

use millrace_base::io_error::DiskFault;
use millrace_runtime::{BLOCK_BYTES, Bytes, Core, Durability, File, OpenOptions};
use rkyv::rancor::Error;
use rkyv::{Archive, Deserialize, Serialize};

use crate::archive::archive_into;
use crate::journal::Sequence;

/// "MRCP": Millrace, checkpoint.
const MAGIC: u32 = 0x4d52_4350;
/// The envelope's format.
const VERSION: u16 = 1;
/// What is written to before it takes the checkpoint's place has this added to its name.
const SPARE_SUFFIX: &str = ".next";
/// By so many bytes, and a quarter, a checkpoint may outgrow the last one on a disk that is full.
const GROWTH_BYTES: u64 = 64 * 1024;
/// The largest body that is read, in bytes.
pub const BODY_BYTES_MAX: u64 = 1 << 30;
/// Files are read in pieces of this many bytes.
const READ_BYTES: usize = 1024 * 1024;

/// A state, and which commits it includes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Every commit up to this one (inclusive) of the journal is included.
    pub covered: Sequence,
    /// Written by a clean stop: nothing happened after it, and the journal is not needed.
    pub is_clean: bool,
    /// The state. What it means is its writer's business, format version included.
    pub body: Vec<u8>,
}

/// A checkpoint could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The disk's answer.
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        /// What was attempted.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Its checksum is wrong, or it is cut short.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Written by a newer Millrace.
    #[error("{} has format version {version}; this Millrace reads up to {VERSION}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version that it says.
        version: u16,
    },
    /// No memory to read with.
    #[error("no memory to read a checkpoint: {0}")]
    Memory(#[from] millrace_runtime::PoolExhausted),
}

#[derive(Archive, Serialize, Deserialize, Clone, Copy)]
#[rkyv(attr(allow(missing_docs, unreachable_pub)))]
struct Header {
    magic: u32,
    version: u16,
    header_bytes: u16,
    is_clean: bool,
    covered: u64,
    body_bytes: u64,
    /// crc32fast of the header up to here, and the body.
    checksum: u32,
}

const HEADER_BYTES: usize = size_of::<ArchivedHeader>();
const CHECKED_BYTES: usize = HEADER_BYTES - size_of::<u32>();
const VERSION_END: usize = 6;
const _: () = assert!(HEADER_BYTES == 29 && align_of::<ArchivedHeader>() == 1);

/// Replaces the checkpoint at `path`, durably, as a whole.
///
/// # Errors
/// The disk's: `StorageFull` when there is no space, and then the old checkpoint stands.
pub async fn save(core: &Core, path: &Path, checkpoint: &Checkpoint) -> Result<(), CheckpointError> {
    let spare = spare_path(path);
    let header = header_of(checkpoint).map_err(io::Error::other).map_err(failed("encode", path))?;
    let mut bytes = Vec::with_capacity((HEADER_BYTES + checkpoint.body.len()).next_multiple_of(BLOCK_BYTES));
    bytes.extend_from_slice(&header);
    bytes.extend_from_slice(&checkpoint.body);
    // Whole blocks, and nothing behind them: power loss in an earlier attempt may have left sectors that cannot be
    // read.
    bytes.resize(bytes.len().next_multiple_of(BLOCK_BYTES), 0);
    let total_bytes = bytes.len() as u64;
    let file = core.open(&spare, OpenOptions::read_write()).await.map_err(failed("create", &spare))?;
    allocate(core, &file, &spare, total_bytes).await?;
    file.write_at(core, vec![Bytes::from(bytes)], 0, Durability::Deferred).await.map_err(failed("write", &spare))?;
    file.truncate(core, total_bytes).await.map_err(failed("truncate", &spare))?;
    file.sync(core).await.map_err(failed("sync", &spare))?;
    core.rename(&spare, path).await.map_err(failed("rename", &spare))?;
    let directory = path.parent().unwrap_or(Path::new("/"));
    core.sync_dir(directory).await.map_err(failed("sync", directory))?;
    match reserve(core, &spare, total_bytes).await {
        Err(CheckpointError::Io { source, .. }) if source.kind() == io::ErrorKind::StorageFull => {
            tracing::warn!(path = %path.display(), "no space to set aside for the next checkpoint");
            Ok(())
        }
        reserved => reserved,
    }
}

/// Reads the checkpoint at `path`. `None`: there is none.
///
/// # Errors
/// [`CheckpointError::Damaged`] and [`CheckpointError::Newer`], beside the disk's.
pub async fn load(core: &Core, path: &Path) -> Result<Option<Checkpoint>, CheckpointError> {
    let options = OpenOptions { write: false, ..OpenOptions::read() };
    let file = match core.open(path, options).await {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("open", path)(error)),
    };
    let damaged = |reason| CheckpointError::Damaged { path: path.to_path_buf(), reason };
    let mut bytes = read_all(core, path, &file).await?;
    let version = match bytes.get(..VERSION_END) {
        Some(&[m0, m1, m2, m3, v0, v1]) if u32::from_be_bytes([m0, m1, m2, m3]) == MAGIC => {
            u16::from_be_bytes([v0, v1])
        }
        _ => return Err(damaged("it does not begin as a checkpoint does")),
    };
    if version > VERSION {
        return Err(CheckpointError::Newer { path: path.to_path_buf(), version });
    }
    let (header_bytes, rest) =
        bytes.split_at_checked(HEADER_BYTES).ok_or_else(|| damaged("its header is cut short"))?;
    let header = rkyv::from_bytes::<Header, Error>(header_bytes);
    let header = header.map_err(|error| {
        tracing::warn!(path = %path.display(), %error, "a checkpoint's header is malformed");
        damaged("its header is malformed")
    })?;
    let body = usize::try_from(header.body_bytes).ok().and_then(|body_bytes| rest.get(..body_bytes));
    let body = body.ok_or_else(|| damaged("its body is cut short"))?;
    if checksum(header_bytes, body) != header.checksum {
        return Err(damaged("its checksum is wrong"));
    }
    let body_bytes = body.len();
    bytes.truncate(HEADER_BYTES + body_bytes);
    bytes.drain(..HEADER_BYTES);
    Ok(Some(Checkpoint { covered: Sequence(header.covered), is_clean: header.is_clean, body: bytes }))
}

/// Gives a file the space of a checkpoint; and more, if there is some: the next one may be larger, and the disk full.
async fn allocate(core: &Core, file: &File, path: &Path, bytes: u64) -> Result<(), CheckpointError> {
    let allocated = match file.allocate(core, 0, bytes + bytes / 4 + GROWTH_BYTES).await {
        Err(error) if error.kind() == io::ErrorKind::StorageFull => file.allocate(core, 0, bytes).await,
        allocated => allocated,
    };
    allocated.map_err(failed("allocate", path))
}

/// Sets space aside for the next checkpoint.
async fn reserve(core: &Core, spare: &Path, bytes: u64) -> Result<(), CheckpointError> {
    let file = core.open(spare, OpenOptions::read_write()).await.map_err(failed("create", spare))?;
    allocate(core, &file, spare, bytes).await
}

async fn read_all(core: &Core, path: &Path, file: &File) -> Result<Vec<u8>, CheckpointError> {
    let len = file.len(core).await.map_err(failed("measure", path))?;
    if len > BODY_BYTES_MAX + HEADER_BYTES as u64 {
        return Err(CheckpointError::Damaged { path: path.to_path_buf(), reason: "it is larger than any checkpoint" });
    }
    let mut bytes = Vec::with_capacity(len as usize);
    while (bytes.len() as u64) < len {
        let (count, piece) = file.read_at(core, core.buffers().alloc(READ_BYTES)?, bytes.len() as u64).await;
        match count {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) if DiskFault::of_read(&error).is_fatal() => {
                tracing::error!(path = %path.display(), %error, "a checkpoint cannot be read");
                return Err(CheckpointError::Damaged {
                    path: path.to_path_buf(),
                    reason: "a part of it cannot be read",
                });
            }
            Err(error) => return Err(failed("read", path)(error)),
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

fn header_of(checkpoint: &Checkpoint) -> Result<[u8; HEADER_BYTES], Error> {
    let mut header = Header {
        magic: MAGIC,
        version: VERSION,
        header_bytes: HEADER_BYTES as u16,
        is_clean: checkpoint.is_clean,
        covered: checkpoint.covered.0,
        body_bytes: checkpoint.body.len() as u64,
        checksum: 0,
    };
    let mut bytes = [0; HEADER_BYTES];
    archive_into(&header, &mut bytes)?;
    header.checksum = checksum(&bytes, &checkpoint.body);
    archive_into(&header, &mut bytes)?;
    Ok(bytes)
}

fn checksum(header: &[u8], body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(header.get(..CHECKED_BYTES).unwrap_or_default());
    hasher.update(body);
    hasher.finalize()
}

fn spare_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(SPARE_SUFFIX);
    PathBuf::from(name)
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> CheckpointError {
    let path = path.to_path_buf();
    move |source| CheckpointError::Io { what, path, source }
}

#[cfg(test)]
mod tests {
    use millrace_runtime::sim::{Disk, Stop, run};

    use super::*;

    fn path() -> &'static Path {
        Path::new("/0.checkpoint")
    }

    fn sample(number: u8, bytes: usize) -> Checkpoint {
        Checkpoint {
            covered: Sequence(u64::from(number)),
            is_clean: number.is_multiple_of(2),
            body: vec![number; bytes],
        }
    }

    fn saved(disk: &Disk, checkpoint: Checkpoint, stop: Stop) -> Option<Result<(), CheckpointError>> {
        run(1, disk, stop, async move |core: Core| save(&core, path(), &checkpoint).await).output
    }

    fn loaded(disk: &Disk) -> Result<Option<Checkpoint>, CheckpointError> {
        run(2, disk, Stop::Never, async |core: Core| load(&core, path()).await).output.unwrap()
    }

    #[test]
    fn what_is_saved_is_loaded_whatever_its_size() {
        let disk = Disk::new(1);
        assert_eq!(loaded(&disk).unwrap(), None);
        for bytes in [0, 1, 5_000, 2_500_000, 10] {
            saved(&disk, sample(3, bytes), Stop::Never).unwrap().unwrap();
            disk.power_loss_keeping_only_durable();
            assert_eq!(loaded(&disk).unwrap(), Some(sample(3, bytes)));
        }
    }

    #[test]
    fn power_loss_leaves_the_old_or_the_new_one_whole() {
        for ops in 1..20 {
            for seed in 0..10 {
                let disk = Disk::new(seed);
                saved(&disk, sample(1, 9_000), Stop::Never).unwrap().unwrap();
                let done = saved(&disk, sample(2, 12_000), Stop::AfterDiskOps(ops)).is_some();
                disk.power_loss();
                let left = loaded(&disk).unwrap().unwrap();
                assert!(left == sample(2, 12_000) || (!done && left == sample(1, 9_000)), "ops {ops} seed {seed}");
            }
        }
    }

    #[test]
    fn a_full_disk_does_not_stop_the_next_checkpoint() {
        let disk = Disk::new(1);
        saved(&disk, sample(1, 9_000), Stop::Never).unwrap().unwrap();
        disk.fill();
        saved(&disk, sample(2, 9_000), Stop::Never).unwrap().unwrap();
        saved(&disk, sample(3, 60_000), Stop::Never).unwrap().unwrap();
        let error = saved(&disk, sample(4, 900_000), Stop::Never).unwrap().unwrap_err();
        assert!(matches!(error, CheckpointError::Io { what: "allocate", .. }), "{error}");
        assert_eq!(loaded(&disk).unwrap(), Some(sample(3, 60_000)), "the old one stands");
    }

    #[test]
    fn space_is_set_aside_for_a_larger_one_when_there_is_some_and_for_this_one_when_not() {
        let disk = Disk::new(1);
        let file_bytes = 2 * BLOCK_BYTES as u64;
        saved(&disk, sample(1, 5_000), Stop::Never).unwrap().unwrap();
        let block = BLOCK_BYTES as u64;
        let each = (file_bytes + file_bytes / 4 + GROWTH_BYTES).next_multiple_of(block);
        assert_eq!(disk.used_bytes(), 2 * each, "for it and for the next one");
        let full = Disk::new(1);
        full.set_capacity_bytes(Some(file_bytes + block));
        saved(&full, sample(1, 5_000), Stop::Never).unwrap().unwrap();
        assert_eq!(loaded(&full).unwrap(), Some(sample(1, 5_000)), "without space for the next one");
        let error = saved(&full, sample(2, 5_000), Stop::Never).unwrap().unwrap_err();
        assert!(matches!(error, CheckpointError::Io { what: "allocate", .. }), "{error}");
    }

    #[test]
    fn what_cannot_be_read_or_is_none_is_told_apart() {
        let disk = Disk::new(1);
        run(1, &disk, Stop::Never, async |core: Core| core.create_dir_all(path()).await.unwrap()).output.unwrap();
        assert!(matches!(loaded(&disk), Err(CheckpointError::Io { what: "open", .. })), "a directory");
        let disk = Disk::new(1);
        saved(&disk, sample(1, 100), Stop::Never).unwrap().unwrap();
        disk.spoil(path(), 0).unwrap();
        let unreadable = loaded(&disk);
        assert!(matches!(unreadable, Err(CheckpointError::Damaged { reason: "a part of it cannot be read", .. })));
        disk.write_file(path(), &[0; 40]).unwrap();
        let blank = loaded(&disk);
        assert!(
            matches!(blank, Err(CheckpointError::Damaged { reason, .. }) if reason.starts_with("it does not begin"))
        );
        disk.write_file(path(), b"").unwrap();
        assert!(matches!(loaded(&disk), Err(CheckpointError::Damaged { .. })), "empty");
    }

    #[test]
    fn what_is_larger_than_any_checkpoint_is_not_read() {
        let disk = Disk::new(1);
        let grown = run(1, &disk, Stop::Never, async |core: Core| {
            let file = core.open(path(), OpenOptions::read_write()).await.unwrap();
            file.truncate(&core, BODY_BYTES_MAX + HEADER_BYTES as u64 + 1).await.unwrap();
        });
        grown.output.unwrap();
        let refused = loaded(&disk).unwrap_err();
        let is_told = matches!(refused, CheckpointError::Damaged { reason: "it is larger than any checkpoint", .. });
        assert!(is_told, "{refused}");
    }

    #[test]
    fn damage_is_found_and_a_later_format_is_named() {
        let disk = Disk::new(1);
        saved(&disk, sample(1, 100), Stop::Never).unwrap().unwrap();
        let whole = disk.read_file(path()).unwrap();
        for index in 0..HEADER_BYTES + 100 {
            let mut bytes = whole.clone();
            bytes[index] ^= 1;
            disk.write_file(path(), &bytes).unwrap();
            assert!(loaded(&disk).is_err(), "byte {index}");
        }
        disk.write_file(path(), &whole[..HEADER_BYTES + 99]).unwrap();
        assert!(matches!(loaded(&disk), Err(CheckpointError::Damaged { .. })));
        let mut later = whole;
        later[5] = 2;
        disk.write_file(path(), &later).unwrap();
        assert!(matches!(loaded(&disk), Err(CheckpointError::Newer { version: 2, .. })));
    }
}
