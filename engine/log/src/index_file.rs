//! A segment's index in its file: a hint, checked when it is read, and built anew when it is not there, damaged, or
//! of another length of the segment: a file whose removal a power loss has undone is older than its segment.

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

/// Writes the index of a segment of `end` bytes. It is not synced: a damaged one is noticed.
///
/// # Errors
/// The disk's.
pub(crate) async fn write(core: &Core, directory: &Path, base: Offset, end: u64, index: &Index) -> io::Result<()> {
    let body = rkyv::to_bytes::<Error>(index).map_err(io::Error::other)?;
    let mut bytes = Vec::with_capacity(HEADER_BYTES + body.len());
    bytes.extend_from_slice(&MAGIC.to_be_bytes());
    bytes.extend_from_slice(&VERSION.to_be_bytes());
    bytes.extend_from_slice(&end.to_be_bytes());
    bytes.extend_from_slice(&checksum(end, &body).to_be_bytes());
    bytes.extend_from_slice(&body);
    let path = layout::index_file(directory, base);
    let options = OpenOptions { truncate: true, ..OpenOptions::read_write() };
    let file = core.open(&path, options).await?;
    file.write_at(core, vec![Bytes::from(bytes)], 0, Durability::Deferred).await
}

/// Reads the index of a segment of `end` bytes; nothing when it is missing, damaged, unreadable or of another length.
///
/// # Errors
/// The disk's.
pub(crate) async fn read(core: &Core, directory: &Path, base: Offset, end: u64) -> io::Result<Option<Index>> {
    let path = layout::index_file(directory, base);
    let file = match core.open(&path, OpenOptions::read()).await {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let length = file.len(core).await?;
    // It was never synced, so after a power loss its sectors may be unreadable.
    let index = match read_range(core, &file, 0, length as usize).await {
        Ok(bytes) => decode(&bytes, end),
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "an index cannot be read");
            None
        }
    };
    if index.is_none() {
        tracing::warn!(path = %path.display(), "an index that does not fit is built anew");
    }
    Ok(index)
}

/// Reads an index and removes its file: the segment goes on growing, and the file would be stale.
///
/// # Errors
/// The disk's.
pub(crate) async fn take(core: &Core, directory: &Path, base: Offset, end: u64) -> io::Result<Option<Index>> {
    let index = read(core, directory, base, end).await?;
    match core.remove_file(&layout::index_file(directory, base)).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(index),
    }
}

fn checksum(end: u64, body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&end.to_be_bytes());
    hasher.update(body);
    hasher.finalize()
}

fn decode(bytes: &[u8], end: u64) -> Option<Index> {
    let (header, body) = bytes.split_at_checked(HEADER_BYTES)?;
    let (magic, rest) = header.split_first_chunk::<4>()?;
    let (version, rest) = rest.split_first_chunk::<2>()?;
    let (of_end, of_both) = rest.split_first_chunk::<8>()?;
    let is_ours = u32::from_be_bytes(*magic) == MAGIC && u16::from_be_bytes(*version) == VERSION;
    let is_sound = u64::from_be_bytes(*of_end) == end && checksum(end, body).to_be_bytes() == of_both;
    if !(is_ours && is_sound) {
        return None;
    }
    rkyv::from_bytes::<Index, Error>(body).ok()
}
