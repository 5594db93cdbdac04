//! A segment's index in its file: a hint, checked when it is read, and built anew when it is not there, damaged, or of
//! another length or revision of the segment: a file whose removal a power loss has undone is older than its segment,
//! and one that was written while compaction replaced the segment is of the segment before.

use std::io;
use std::path::Path;

use millrace_base::ids::Offset;
use millrace_runtime::{Bytes, Core, Durability, OpenOptions};
use rkyv::rancor::Error;

use crate::index::Index;
use crate::layout;
use crate::scan::read_range;

/// "MRSI": Millrace, sparse index.
const MAGIC: u32 = 0x4d52_5349;
const VERSION: u16 = 1;
/// Magic, version, length of the segment, checksum of that and the body.
const HEADER_BYTES: usize = 18;

/// A segment, as its index knows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Of {
    pub(crate) base: Offset,
    /// Its length in bytes.
    pub(crate) end: u64,
    /// The swap that its file came with.
    pub(crate) revision: u32,
}

/// Writes the index of a segment. It is not synced: a damaged one is noticed.
///
/// # Errors
/// The disk's.
pub(crate) async fn write(core: &Core, directory: &Path, of: Of, index: &Index) -> io::Result<()> {
    let body = rkyv::to_bytes::<Error>(index).map_err(io::Error::other)?;
    let mut bytes = Vec::with_capacity(HEADER_BYTES + body.len());
    bytes.extend_from_slice(&MAGIC.to_be_bytes());
    bytes.extend_from_slice(&VERSION.to_be_bytes());
    bytes.extend_from_slice(&of.end.to_be_bytes());
    bytes.extend_from_slice(&checksum(of.end, of.revision, &body).to_be_bytes());
    bytes.extend_from_slice(&body);
    let path = layout::index_file(directory, of.base);
    let options = OpenOptions { truncate: true, ..OpenOptions::read_write() };
    let file = core.open(&path, options).await?;
    file.write_at(core, vec![Bytes::from(bytes)], 0, Durability::Deferred).await
}

/// Reads the index of a segment; nothing when it is missing, damaged, unreadable or of another length or revision.
///
/// # Errors
/// The disk's.
pub(crate) async fn read(core: &Core, directory: &Path, of: Of) -> io::Result<Option<Index>> {
    let path = layout::index_file(directory, of.base);
    let file = match core.open(&path, OpenOptions::read()).await {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let length = file.len(core).await?;
    // It was never synced, so after a power loss its sectors may be unreadable.
    let index = match read_range(core, &file, 0, length as usize).await {
        Ok(bytes) => StoredIndex::decode(&bytes, of.revision).filter(|stored| stored.segment_bytes == of.end),
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "an index cannot be read");
            None
        }
    };
    if index.is_none() {
        tracing::warn!(path = %path.display(), "an index that does not fit is built anew");
    }
    Ok(index.map(|stored| stored.index))
}

/// Reads an index and removes its file: the segment goes on growing, and the file would be stale.
///
/// # Errors
/// The disk's.
pub(crate) async fn take(core: &Core, directory: &Path, of: Of) -> io::Result<Option<Index>> {
    let index = read(core, directory, of).await?;
    match core.remove_file(&layout::index_file(directory, of.base)).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(index),
    }
}

fn checksum(end: u64, revision: u32, body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&end.to_be_bytes());
    if revision > 0 {
        hasher.update(&revision.to_be_bytes());
    }
    hasher.update(body);
    hasher.finalize()
}

/// An index as its file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredIndex {
    /// The length of the segment that it is of, in bytes.
    pub segment_bytes: u64,
    /// The index.
    pub index: Index,
}

impl StoredIndex {
    /// The index in a file's bytes; nothing when they are damaged, or of another revision of the segment: of how many
    /// times compaction has replaced it.
    #[must_use]
    pub fn decode(bytes: &[u8], revision: u32) -> Option<StoredIndex> {
        let (header, body) = bytes.split_at_checked(HEADER_BYTES)?;
        let (magic, rest) = header.split_first_chunk::<4>()?;
        let (version, rest) = rest.split_first_chunk::<2>()?;
        let (of_end, of_both) = rest.split_first_chunk::<8>()?;
        let is_ours = u32::from_be_bytes(*magic) == MAGIC && u16::from_be_bytes(*version) == VERSION;
        let segment_bytes = u64::from_be_bytes(*of_end);
        if !is_ours || checksum(segment_bytes, revision, body).to_be_bytes() != of_both {
            return None;
        }
        let index = rkyv::from_bytes::<Index, Error>(body).ok()?;
        Some(StoredIndex { segment_bytes, index })
    }
}

#[cfg(test)]
mod tests {
    use millrace_runtime::sim::{Disk, Stop, run};

    use super::*;
    use crate::testing::on_sim;

    const DIRECTORY: &str = "/log";
    const OF: Of = Of { base: 40, end: 9_000, revision: 0 };

    fn index() -> Index {
        let mut index = Index::empty();
        for batch in 0..10 {
            index.note(100, batch * 3, u64::from(batch) * 900, 900, 1_000 + i64::from(batch));
        }
        index
    }

    async fn read_as(core: &Core, of: Of) -> Option<Index> {
        read(core, Path::new(DIRECTORY), of).await.unwrap()
    }

    #[test]
    fn an_index_is_read_for_the_segment_that_it_was_written_for_and_no_other() {
        for revision in [0, 3] {
            on_sim(1, async move |core: Core| {
                let of = Of { revision, ..OF };
                core.create_dir_all(Path::new(DIRECTORY)).await.unwrap();
                assert_eq!(read_as(&core, of).await, None, "there is none");
                write(&core, Path::new(DIRECTORY), of, &index()).await.unwrap();
                assert_eq!(read_as(&core, of).await, Some(index()));
                assert_eq!(read_as(&core, Of { end: of.end + 1, ..of }).await, None, "it has grown");
                assert_eq!(read_as(&core, Of { revision: revision + 1, ..of }).await, None, "it was replaced");
                assert_eq!(read_as(&core, Of { base: 41, ..of }).await, None);
            });
        }
    }

    #[test]
    fn an_index_that_is_taken_is_gone() {
        on_sim(1, async |core: Core| {
            core.create_dir_all(Path::new(DIRECTORY)).await.unwrap();
            write(&core, Path::new(DIRECTORY), OF, &index()).await.unwrap();
            assert_eq!(take(&core, Path::new(DIRECTORY), OF).await.unwrap(), Some(index()));
            assert_eq!(take(&core, Path::new(DIRECTORY), OF).await.unwrap(), None);
            assert!(!core.exists(&layout::index_file(Path::new(DIRECTORY), OF.base)).await.unwrap());
        });
    }

    #[test]
    fn any_changed_or_missing_byte_is_noticed() {
        let disk = Disk::new(1);
        let ran = run(1, &disk, Stop::Never, async move |core: Core| {
            core.create_dir_all(Path::new(DIRECTORY)).await.unwrap();
            write(&core, Path::new(DIRECTORY), OF, &index()).await.unwrap();
        });
        ran.output.unwrap();
        let bytes = disk.read_file(&layout::index_file(Path::new(DIRECTORY), OF.base)).unwrap();
        assert_eq!(StoredIndex::decode(&bytes, 0), Some(StoredIndex { segment_bytes: OF.end, index: index() }));
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert_eq!(StoredIndex::decode(&damaged, 0), None, "byte {at}");
            assert_eq!(StoredIndex::decode(&bytes[..at], 0), None, "{at} bytes");
        }
    }

    #[test]
    fn a_shorter_index_takes_the_place_of_a_longer_one() {
        on_sim(1, async |core: Core| {
            core.create_dir_all(Path::new(DIRECTORY)).await.unwrap();
            write(&core, Path::new(DIRECTORY), OF, &index()).await.unwrap();
            write(&core, Path::new(DIRECTORY), OF, &Index::empty()).await.unwrap();
            assert_eq!(read_as(&core, OF).await, Some(Index::empty()));
        });
    }
}
