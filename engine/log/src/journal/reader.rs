//! Finds the records of a ring: walks the chain, and looks behind every break for what follows it.
//!
//! Invariants:
//! - Found records are in the order of their sequences; two neighbours that are not consecutive have a break between them.
//! - A block that cannot be read counts as damaged, as if it held zeros: the blocks around it are still looked at.

use millrace_runtime::{BLOCK_BYTES, Bytes, Core, File};

use super::commit::{CommitHeader, Link, Sequence};
use super::error::JournalError;
use super::superblock::{FileState, Superblock};

/// Files are read in pieces of this many bytes.
const READ_BYTES: usize = 1024 * 1024;

/// A file of records, read through a window.
pub(super) struct Reader {
    core: Core,
    file: File,
    window: Bytes,
    /// Where the window begins in the file, in bytes.
    start: u64,
}

impl Reader {
    pub(super) fn new(core: &Core, file: File) -> Reader {
        Reader { core: core.clone(), file, window: Bytes::new(), start: 0 }
    }

    /// `bytes` bytes at `offset`, which is at a block; fewer only at the file's end.
    pub(super) async fn read(&mut self, offset: u64, bytes: usize) -> Result<Bytes, JournalError> {
        let is_inside = offset >= self.start && offset + bytes as u64 <= self.start + self.window.len() as u64;
        if !is_inside {
            self.window = Bytes::new();
            self.window = self.fill(offset, bytes.max(READ_BYTES).next_multiple_of(BLOCK_BYTES)).await?;
            self.start = offset;
        }
        let from = (offset - self.start) as usize;
        Ok(self.window.slice(from..self.window.len().min(from + bytes)))
    }

    async fn fill(&self, offset: u64, bytes: usize) -> Result<Bytes, JournalError> {
        let pool = self.core.buffers();
        let (count, mut buffer) = self.file.read_at(&self.core, pool.alloc(bytes)?, offset).await;
        if count.is_ok() {
            return Ok(buffer.freeze());
        }
        buffer.clear();
        let end = self.file.len(&self.core).await.map_err(JournalError::io("measure", self.file.path()))?;
        while buffer.len() < bytes && offset + (buffer.len() as u64) < end {
            let at = offset + buffer.len() as u64;
            let (count, block) = self.file.read_at(&self.core, pool.alloc(BLOCK_BYTES)?, at).await;
            match count {
                Ok(_) => buffer.extend_from_slice(&block),
                Err(error) => {
                    tracing::warn!(file = %self.file.path().display(), offset = at, %error, "a block cannot be read");
                    buffer.extend_from_slice(&[0; BLOCK_BYTES]);
                }
            }
        }
        Ok(buffer.freeze())
    }
}

/// A whole record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Located {
    /// Number of its file.
    pub(super) file: usize,
    /// Where it begins, in bytes.
    pub(super) offset: u64,
    pub(super) header: CommitHeader,
}

impl Located {
    pub(super) fn sequence(&self) -> Sequence {
        Sequence(self.header.sequence)
    }
}

/// What the ring holds.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) records: Vec<Located>,
    /// Number of the first file that is in use but not there.
    pub(super) missing: Option<usize>,
    /// There is part of the record that would have followed the last one.
    pub(super) is_torn: bool,
}

/// A walk along the chain.
struct Walk {
    link: Link,
    found: Found,
}

/// Walks the chain from the oldest file that may be needed. `readers` are by file number; `None`: there is no such file.
pub(super) async fn find(superblock: &Superblock, readers: &mut [Option<Reader>]) -> Result<Found, JournalError> {
    let mut chain = superblock.chain();
    // A file is not needed if the next one begins with what is needed first, or before it.
    let needed = chain.iter().rposition(|(_, file)| file.entered <= superblock.released_before).unwrap_or(0);
    chain.drain(..needed);
    let mut walk = Walk {
        link: Link {
            journal: superblock.journal,
            incarnation: superblock.incarnation,
            sequence: Sequence(chain.first().map_or(superblock.origin().next().0, |(_, file)| file.entered)),
            predecessor: None,
        },
        found: Found::default(),
    };
    let ends = chain.iter().skip(1).map(|(_, file)| Sequence(file.entered)).chain([Sequence(u64::MAX)]);
    for ((number, file), end) in chain.iter().zip(ends) {
        match readers.get_mut(*number) {
            Some(Some(reader)) => walk.file(reader, *number, *file, end).await?,
            _ => {
                walk.found.missing.get_or_insert(*number);
            }
        }
    }
    Ok(walk.found)
}

impl Walk {
    /// Finds the records of one file; their sequences are below `end`.
    async fn file(
        &mut self,
        reader: &mut Reader,
        number: usize,
        file: FileState,
        end: Sequence,
    ) -> Result<(), JournalError> {
        let mut offset = 0;
        while offset + BLOCK_BYTES as u64 <= file.bytes && self.link.sequence < end {
            let block = reader.read(offset, BLOCK_BYTES).await?;
            let header = CommitHeader::read(&block, self.link.journal, self.link.incarnation);
            let candidate = header.filter(|header| header.sequence >= self.link.sequence.0 && header.sequence < end.0);
            let step = match candidate {
                Some(header) => self.candidate(reader, Located { file: number, offset, header }).await?,
                None => BLOCK_BYTES,
            };
            offset += step as u64;
        }
        Ok(())
    }

    /// Looks whether this is a record; gives by how many bytes to go on.
    async fn candidate(&mut self, reader: &mut Reader, located: Located) -> Result<usize, JournalError> {
        let header = located.header;
        let record = reader.read(located.offset, header.record_bytes()).await?;
        let resumes = header.sequence > self.link.sequence.0;
        if !header.is_whole(&record) || !(resumes || header.follows(&self.link)) {
            self.found.is_torn |= header.sequence == self.link.sequence.0;
            return Ok(BLOCK_BYTES);
        }
        self.found.is_torn = false;
        self.found.records.push(located);
        self.link.sequence = located.sequence().next();
        self.link.predecessor = Some(header.checksum);
        Ok(header.record_bytes())
    }
}
