//! Finds the records of a ring: walks the chain, and looks behind every break for what follows it.
//!
//! Invariants:
//! - Found records are in the order of their sequences; two neighbours that are not consecutive have a break between
//!   them.
//! - A block that cannot be read counts as damaged, as if it held zeros: the blocks around it are still looked at.

use millrace_runtime::{BLOCK_BYTES, Bytes, Core, File, JoinHandle};

use super::commit::{CommitHeader, Link, Sequence};
use super::error::JournalError;
use super::superblock::{FileState, Superblock};

/// Files are read in pieces of this many bytes.
const READ_BYTES: usize = 1024 * 1024;

/// A file of records, read in chunks: while one is looked at, the next one is on its way.
pub(super) struct Reader {
    core: Core,
    file: File,
    chunk: Bytes,
    /// Where the chunk begins in the file, in bytes.
    start: u64,
    /// The chunk that begins there, being read.
    ahead: Option<(u64, JoinHandle<Result<Bytes, JournalError>>)>,
}

impl Reader {
    pub(super) fn new(core: &Core, file: File) -> Reader {
        Reader { core: core.clone(), file, chunk: Bytes::new(), start: 0, ahead: None }
    }

    /// `bytes` bytes at `offset`; fewer only at the file's end. The bytes may keep a chunk in memory.
    pub(super) async fn read(&mut self, offset: u64, bytes: usize) -> Result<Bytes, JournalError> {
        let first = self.piece(offset, bytes).await?;
        if first.len() == bytes {
            return Ok(first);
        }
        let mut whole = self.core.buffers().alloc(bytes)?;
        whole.extend_from_slice(&first);
        while whole.len() < bytes {
            let piece = self.piece(offset + whole.len() as u64, bytes - whole.len()).await?;
            if piece.is_empty() {
                break;
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }

    /// Gives back the memory of what was read.
    pub(super) fn rest(&mut self) {
        self.chunk = Bytes::new();
        self.ahead = None;
    }

    /// At most `bytes` bytes at `offset`, all in one chunk; none only at the file's end.
    async fn piece(&mut self, offset: u64, bytes: usize) -> Result<Bytes, JournalError> {
        let start = offset - offset % READ_BYTES as u64;
        if self.start != start || self.chunk.is_empty() {
            self.chunk = Bytes::new();
            self.chunk = match self.ahead.take() {
                Some((ahead, chunk)) if ahead == start => chunk.await?,
                _ => fill(&self.core, &self.file, start).await?,
            };
            self.start = start;
            if self.chunk.len() == READ_BYTES {
                let (core, file, next) = (self.core.clone(), self.file.clone(), start + READ_BYTES as u64);
                self.ahead = Some((next, self.core.spawn_join(async move { fill(&core, &file, next).await })));
            }
        }
        let from = self.chunk.len().min((offset - start) as usize);
        Ok(self.chunk.slice(from..self.chunk.len().min(from + bytes)))
    }
}

/// The chunk at `offset`; shorter only at the file's end.
async fn fill(core: &Core, file: &File, offset: u64) -> Result<Bytes, JournalError> {
    let pool = core.buffers();
    let (count, mut buffer) = file.read_at(core, pool.alloc(READ_BYTES)?, offset).await;
    if count.is_ok() {
        return Ok(buffer.freeze());
    }
    buffer.clear();
    let end = file.len(core).await.map_err(JournalError::io("measure", file.path()))?;
    while buffer.len() < READ_BYTES && offset + (buffer.len() as u64) < end {
        let at = offset + buffer.len() as u64;
        let (count, block) = file.read_at(core, pool.alloc(BLOCK_BYTES)?, at).await;
        match count {
            Ok(_) => buffer.extend_from_slice(&block),
            Err(error) => {
                tracing::warn!(file = %file.path().display(), offset = at, %error, "a block cannot be read");
                buffer.extend_from_slice(&[0; BLOCK_BYTES]);
            }
        }
    }
    Ok(buffer.freeze())
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

/// Walks the chain from the oldest file that may be needed. `readers` are by file number; `None`: there is no such
/// file.
pub(super) async fn find(superblock: &Superblock, readers: &mut [Option<Reader>]) -> Result<Found, JournalError> {
    if superblock.closed.is_some_and(|closed| closed.sequence < superblock.released_before) {
        return Ok(Found::default());
    }
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
            Some(Some(reader)) => {
                walk.file(reader, *number, *file, end).await?;
                reader.rest();
            }
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use millrace_runtime::OpenOptions;
    use millrace_runtime::sim::{Disk, Stop, run};

    use super::*;

    const PATH: &str = "/records";
    const FILE_BYTES: usize = 2 * READ_BYTES + 5 * BLOCK_BYTES;

    /// A disk with a file in which each place holds other bytes, and these.
    fn written() -> (Disk, Vec<u8>) {
        let bytes: Vec<u8> = (0..FILE_BYTES as u32 / 4).flat_map(u32::to_be_bytes).collect();
        let disk = Disk::new(1);
        disk.write_file(Path::new(PATH), &bytes).unwrap();
        (disk, bytes)
    }

    /// What one reader gives of each of these ranges (where, how many bytes), in turn.
    fn read(disk: &Disk, ranges: Vec<(usize, usize)>) -> Vec<Bytes> {
        let main = async move |core: Core| {
            let mut reader = Reader::new(&core, core.open(Path::new(PATH), OpenOptions::read()).await.unwrap());
            let mut found = Vec::new();
            for (at, bytes) in ranges {
                found.push(reader.read(at as u64, bytes).await.unwrap());
            }
            found
        };
        run(1, disk, Stop::Never, main).output.unwrap()
    }

    #[test]
    fn a_record_is_read_wherever_the_chunks_end_in_it() {
        let (disk, bytes) = written();
        let ranges = vec![
            (0, BLOCK_BYTES),
            (READ_BYTES - BLOCK_BYTES, BLOCK_BYTES),
            (READ_BYTES - BLOCK_BYTES, 3 * BLOCK_BYTES),
            (BLOCK_BYTES, 2 * READ_BYTES),
            (2 * READ_BYTES - 1, 2),
            (READ_BYTES, READ_BYTES),
            (2 * READ_BYTES + BLOCK_BYTES, BLOCK_BYTES),
            (0, BLOCK_BYTES),
        ];
        for (found, (at, wanted)) in read(&disk, ranges.clone()).iter().zip(ranges) {
            assert!(found == &bytes[at..at + wanted], "{wanted} bytes at {at}");
        }
    }

    #[test]
    fn at_the_files_end_there_are_fewer_bytes_and_behind_it_none() {
        let (disk, bytes) = written();
        let last = FILE_BYTES - BLOCK_BYTES;
        let ranges = vec![(last, 2 * BLOCK_BYTES), (READ_BYTES, 2 * READ_BYTES), (FILE_BYTES, 1), (4 * READ_BYTES, 1)];
        let found = read(&disk, ranges);
        assert!(found[0] == bytes[last..] && found[1] == bytes[READ_BYTES..]);
        assert!(found[2].is_empty() && found[3].is_empty());
    }

    #[test]
    fn a_block_that_cannot_be_read_is_zeros_and_those_around_it_are_given() {
        let (disk, mut bytes) = written();
        let hit = READ_BYTES + 3 * BLOCK_BYTES;
        disk.spoil(Path::new(PATH), hit as u64 + 100).unwrap();
        bytes[hit..hit + BLOCK_BYTES].fill(0);
        assert!(read(&disk, vec![(0, FILE_BYTES)]) == [Bytes::from(bytes)]);
    }
}
