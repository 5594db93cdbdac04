//! A commit record: a header, entries, zeros up to the next block.
//!
//! Invariants:
//! - A record begins at a block, and its length is a multiple of the block size.
//! - The checksum covers the header (itself excepted) and all entries; the zeros after them mean nothing.
//! - A record is valid only in a chain: see [`Link`].

use std::fmt;

use millrace_runtime::{BLOCK_BYTES, Buffer, Bytes};
use rkyv::rancor::Error;
use rkyv::{Archive, Deserialize, Serialize};

use super::entry::Entry;
use super::options::RECORD_BYTES_LIMIT;
use crate::archive::archive_into;

/// Numbers the commits of a journal, without gaps within an incarnation, and grows from one incarnation to the next.
/// Zero stands before all commits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sequence(pub u64);

impl Sequence {
    /// The one after it.
    #[must_use]
    pub fn next(self) -> Sequence {
        Sequence(self.0 + 1)
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// "MRJC": Millrace, journal, commit.
const MAGIC: u32 = 0x4d52_4a43;
/// The format of commits and entries.
const VERSION: u16 = 1;
/// Bytes before a record's entries.
pub(super) const COMMIT_HEADER_BYTES: usize = size_of::<ArchivedCommitHeader>();
const _: () = assert!(COMMIT_HEADER_BYTES == 64 && align_of::<ArchivedCommitHeader>() == 1);

/// The bytes that begin a record.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[rkyv(attr(allow(missing_docs, unreachable_pub)))]
pub(super) struct CommitHeader {
    magic: u32,
    version: u16,
    header_bytes: u16,
    /// The journal's id.
    pub(super) journal: u64,
    /// Which run of it.
    pub(super) incarnation: u64,
    pub(super) sequence: u64,
    /// Every commit up to this one (inclusive) had been made durable when this one was begun.
    pub(super) acked_through: u64,
    /// No commit before this one (exclusive) is needed any more.
    pub(super) released_before: u64,
    /// Checksum of the record before; 0 in an incarnation's first.
    pub(super) predecessor: u32,
    /// Number of entries.
    pub(super) entries: u32,
    /// Bytes of entries.
    pub(super) body_bytes: u32,
    /// crc32fast of the header up to here, and the entries.
    pub(super) checksum: u32,
}

/// What a record must have to be the next one of its chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) journal: u64,
    pub(super) incarnation: u64,
    pub(super) sequence: Sequence,
    /// `None`: not known, because the record before is not there.
    pub(super) predecessor: Option<u32>,
}

/// What a commit says about the journal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claims {
    pub(super) acked_through: Sequence,
    pub(super) released_before: Sequence,
}

/// The length of a record on disk, in bytes, for this many bytes of entries.
pub(super) fn record_bytes(body_bytes: usize) -> usize {
    (COMMIT_HEADER_BYTES + body_bytes).next_multiple_of(BLOCK_BYTES)
}

/// Writes a record into an empty buffer; gives its checksum.
///
/// # Panics
/// When it does not fit.
pub(super) fn encode(link: &Link, claims: &Claims, entries: &[Entry], record: &mut Buffer) -> Result<u32, Error> {
    let body_bytes: usize = entries.iter().map(Entry::encoded_bytes).sum();
    let mut header = CommitHeader {
        magic: MAGIC,
        version: VERSION,
        header_bytes: COMMIT_HEADER_BYTES as u16,
        journal: link.journal,
        incarnation: link.incarnation,
        sequence: link.sequence.0,
        acked_through: claims.acked_through.0,
        released_before: claims.released_before.0,
        predecessor: link.predecessor.unwrap_or(0),
        entries: entries.len() as u32,
        body_bytes: body_bytes as u32,
        checksum: 0,
    };
    record.extend_from_slice(&[0; COMMIT_HEADER_BYTES]);
    for entry in entries {
        entry.encode(record)?;
    }
    let mut bytes = [0; COMMIT_HEADER_BYTES];
    archive_into(&header, &mut bytes)?;
    header.checksum = checksum(&bytes, record.get(COMMIT_HEADER_BYTES..).unwrap_or_default());
    archive_into(&header, &mut bytes)?;
    if let Some(room) = record.get_mut(..COMMIT_HEADER_BYTES) {
        room.copy_from_slice(&bytes);
    }
    let len = record.len();
    let whole = record_bytes(body_bytes);
    if let Some(padding) = record.spare_mut().get_mut(..whole - len) {
        padding.fill(0);
    }
    record.set_len(whole);
    Ok(header.checksum)
}

impl CommitHeader {
    /// The header at the start of a block, if it is one of this journal's incarnation in a format that is known. Says
    /// nothing about the checksum.
    pub(super) fn read(block: &[u8], journal: u64, incarnation: u64) -> Option<CommitHeader> {
        let bytes = block.get(..COMMIT_HEADER_BYTES)?;
        let header = rkyv::access::<ArchivedCommitHeader, Error>(bytes).ok()?;
        let known = header.magic == MAGIC
            && header.version == VERSION
            && usize::from(header.header_bytes.to_native()) == COMMIT_HEADER_BYTES
            && header.journal == journal
            && header.incarnation == incarnation
            && record_bytes(header.body_bytes.to_native() as usize) <= RECORD_BYTES_LIMIT;
        known.then(|| rkyv::from_bytes::<CommitHeader, Error>(bytes).ok()).flatten()
    }

    /// The record's length on disk in bytes.
    pub(super) fn record_bytes(&self) -> usize {
        record_bytes(self.body_bytes as usize)
    }

    /// Whether the record that begins with this header is whole.
    pub(super) fn is_whole(&self, record: &[u8]) -> bool {
        let header = record.get(..COMMIT_HEADER_BYTES);
        let body = record.get(COMMIT_HEADER_BYTES..COMMIT_HEADER_BYTES + self.body_bytes as usize);
        header.zip(body).is_some_and(|(header, body)| checksum(header, body) == self.checksum)
    }

    /// Whether it is the record that `link` asks for.
    pub(super) fn follows(&self, link: &Link) -> bool {
        self.sequence == link.sequence.0 && link.predecessor.is_none_or(|predecessor| self.predecessor == predecessor)
    }

    /// The entries of a whole record.
    ///
    /// # Errors
    /// The index of the first malformed entry, and what is wrong with it.
    pub(super) fn entries(&self, record: &Bytes) -> Result<Vec<Entry>, (u32, Error)> {
        let mut rest = record.slice(COMMIT_HEADER_BYTES..COMMIT_HEADER_BYTES + self.body_bytes as usize);
        let mut entries = Vec::new();
        for index in 0..self.entries {
            let (entry, after) = Entry::decode(&rest).map_err(|error| (index, error))?;
            entries.push(entry);
            rest = after;
        }
        Ok(entries)
    }
}

/// crc32fast of a header (its last field, the checksum, excepted) and the entries after it.
fn checksum(header: &[u8], body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(header.get(..COMMIT_HEADER_BYTES - size_of::<u32>()).unwrap_or_default());
    hasher.update(body);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use millrace_base::ids::{TopicId, TopicPartition};
    use millrace_runtime::BufferPool;

    use super::super::entry::Operation;
    use super::*;

    fn link() -> Link {
        Link { journal: 7, incarnation: 3, sequence: Sequence(90), predecessor: Some(0x1234) }
    }

    fn record(entries: &[Entry]) -> (CommitHeader, Bytes) {
        let pool = BufferPool::new(1 << 20, Waker::noop().clone());
        let mut buffer = pool.alloc(64 * 1024).unwrap();
        let claims = Claims { acked_through: Sequence(88), released_before: Sequence(40) };
        let checksum = encode(&link(), &claims, entries, &mut buffer).unwrap();
        let header = CommitHeader::read(&buffer, 7, 3).unwrap();
        assert_eq!(header.checksum, checksum);
        (header, buffer.freeze())
    }

    fn entry(redo: &'static [u8]) -> Entry {
        let partition = TopicPartition { topic: TopicId([9; 16]), partition: 4 };
        let operation = Operation::Roll { segment: 77, generation: 5 };
        Entry { partition, operation, redo: Bytes::from_static(redo) }
    }

    #[test]
    fn a_record_fills_whole_blocks_and_reads_back() {
        let entries = vec![entry(&[1; 5_000]), entry(&[]), entry(b"abc")];
        let (header, record) = record(&entries);
        assert_eq!((record.len(), header.record_bytes()), (2 * BLOCK_BYTES, 2 * BLOCK_BYTES));
        assert!(header.is_whole(&record) && header.follows(&link()));
        assert_eq!(header.entries(&record).unwrap(), entries);
        assert_eq!((header.acked_through, header.released_before), (88, 40));
    }

    #[test]
    fn a_flipped_bit_anywhere_before_the_padding_is_found() {
        let (header, record) = record(&[entry(b"abc")]);
        for index in 0..COMMIT_HEADER_BYTES + header.body_bytes as usize {
            let mut damaged = record.to_vec();
            damaged[index] ^= 0x10;
            let whole = CommitHeader::read(&damaged, 7, 3).is_some_and(|header| header.is_whole(&damaged));
            assert!(!whole, "byte {index}");
        }
    }

    #[test]
    fn records_of_another_journal_run_or_chain_do_not_pass() {
        let (header, record) = record(&[]);
        assert!(CommitHeader::read(&record, 8, 3).is_none(), "another journal");
        assert!(CommitHeader::read(&record, 7, 4).is_none(), "another incarnation");
        assert!(!header.follows(&Link { predecessor: Some(0x1235), ..link() }), "another predecessor");
        assert!(!header.follows(&Link { sequence: Sequence(91), ..link() }), "an earlier lap");
    }

    #[test]
    fn a_header_of_another_format_is_none() {
        let (_, record) = record(&[]);
        for (field, at) in [
            ("magic", std::mem::offset_of!(ArchivedCommitHeader, magic)),
            ("version", std::mem::offset_of!(ArchivedCommitHeader, version)),
            ("header_bytes", std::mem::offset_of!(ArchivedCommitHeader, header_bytes)),
        ] {
            let mut other = record.to_vec();
            other[at] ^= 1;
            assert!(CommitHeader::read(&other, 7, 3).is_none(), "{field}");
        }
    }

    #[test]
    fn zeros_follow_the_entries_up_to_the_next_block() {
        let pool = BufferPool::new(1 << 20, Waker::noop().clone());
        let mut buffer = pool.alloc(64 * 1024).unwrap();
        buffer.spare_mut().fill(0xee);
        let claims = Claims { acked_through: Sequence(88), released_before: Sequence(40) };
        let entries = [entry(b"abc")];
        encode(&link(), &claims, &entries, &mut buffer).unwrap();
        let body_bytes: usize = entries.iter().map(Entry::encoded_bytes).sum();
        assert_eq!(buffer.len(), BLOCK_BYTES);
        assert!(buffer[COMMIT_HEADER_BYTES + body_bytes..].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn a_header_that_lies_about_its_length_is_no_header() {
        let (_, record) = record(&[]);
        let at = std::mem::offset_of!(ArchivedCommitHeader, body_bytes);
        let mut lying = record.to_vec();
        lying[at..at + 4].fill(0xff);
        assert!(CommitHeader::read(&lying, 7, 3).is_none());
    }
}
