//! An entry of a commit: what happened to one partition, and the bytes to redo it with.
//!
//! Invariants:
//! - On disk an entry is its archived header, of fixed size, then `redo_bytes` bytes of redo. The next entry follows at
//!   once.
//! - Redo bytes are physical: written at `position` of the segment that the entry names, they give the segment's bytes
//!   again, as often as it is done. They are only for the generation that the entry names: replay skips them for a
//!   newer one.

use millrace_base::ids::{LeaderEpoch, Offset, TopicId, TopicPartition};
use millrace_runtime::{Buffer, Bytes};
use rkyv::rancor::{Error, ResultExt, Source};
use rkyv::{Archive, Deserialize, Serialize};

use crate::archive::archive_into;

/// A run of bytes that was written to the segment, durably, before its entry was submitted.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[rkyv(attr(allow(missing_docs, unreachable_pub)))]
pub struct External {
    /// Where the run begins in the segment file, in bytes.
    pub position: u64,
    /// Its length in bytes.
    pub bytes: u64,
    /// crc32fast of the run.
    pub checksum: u32,
}

/// What happened to a partition.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[rkyv(attr(allow(missing_docs, unreachable_pub)))]
pub enum Operation {
    /// Batches were appended: the redo bytes, or an external run, or both.
    Append {
        /// Generation of the segment.
        generation: u32,
        /// Base offset of the segment.
        segment: Offset,
        /// Where the redo bytes begin in the segment file, in bytes. They may begin with bytes that earlier entries
        /// hold too (a block that is not full yet is carried forward).
        position: u64,
        /// The run that is in the segment already.
        external: Option<External>,
        /// Offset of the first record that this entry adds.
        first_offset: Offset,
        /// The log end offset after it (exclusive).
        next_offset: Offset,
        /// Greatest timestamp that it adds, in Unix ms.
        max_timestamp: i64,
        /// Epoch of the leader that appended.
        leader_epoch: LeaderEpoch,
    },
    /// The log was cut. The redo bytes are those that stay of the block in which the cut lies.
    Truncate {
        /// The segment's generation from here on.
        generation: u32,
        /// Base offset of the segment that is the last one now.
        segment: Offset,
        /// The length it is cut to, in bytes.
        position: u64,
        /// The log end offset after the cut (exclusive).
        next_offset: Offset,
    },
    /// A new segment was begun.
    Roll {
        /// Its base offset.
        segment: Offset,
        /// Its generation.
        generation: u32,
    },
    /// The log start offset moved up: everything below `offset` is gone.
    LogStart {
        /// The first offset that is kept.
        offset: Offset,
    },
    /// The partition was deleted.
    Delete,
    /// The partition moved to another log directory.
    Move {
        /// Id of that log directory.
        directory: [u8; 16],
    },
    /// Compaction: one file took the place of the files of neighbouring segments.
    Swap {
        /// Redo of older generations for these segments is of files that are gone.
        generation: u32,
        /// Counts the partition's swaps.
        revision: u32,
        /// Base offset of the first segment that was replaced: that of its replacement.
        segment: Offset,
        /// Base offset of the first segment that stays.
        until: Offset,
        /// Length of the replacement, in bytes.
        bytes: u64,
        /// What lies below (exclusive) has been compacted.
        cleaned_to: Offset,
    },
}

/// What is submitted to the journal, and what replay gives back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// To whom it happened.
    pub partition: TopicPartition,
    /// What happened.
    pub operation: Operation,
    /// The bytes to redo it with; empty for all operations but appends and cuts.
    pub redo: Bytes,
}

#[derive(Archive, Serialize, Deserialize)]
#[rkyv(attr(allow(missing_docs, unreachable_pub)))]
struct EntryHeader {
    topic: [u8; 16],
    partition: i32,
    operation: Operation,
    redo_bytes: u32,
}

/// Bytes of an entry before its redo bytes.
pub(super) const ENTRY_HEADER_BYTES: usize = size_of::<ArchivedEntryHeader>();
const _: () = assert!(ENTRY_HEADER_BYTES == 94 && align_of::<ArchivedEntryHeader>() == 1);

impl Entry {
    /// The entry's length in a commit, in bytes.
    pub(super) fn encoded_bytes(&self) -> usize {
        ENTRY_HEADER_BYTES + self.redo.len()
    }

    /// Appends the entry to a commit.
    ///
    /// # Panics
    /// When it does not fit.
    pub(super) fn encode(&self, commit: &mut Buffer) -> Result<(), Error> {
        let header = EntryHeader {
            topic: self.partition.topic.0,
            partition: self.partition.partition,
            operation: self.operation,
            redo_bytes: u32::try_from(self.redo.len()).into_error()?,
        };
        let mut bytes = [0; ENTRY_HEADER_BYTES];
        archive_into(&header, &mut bytes)?;
        commit.extend_from_slice(&bytes);
        commit.extend_from_slice(&self.redo);
        Ok(())
    }

    /// Reads the entry at the start of `body`; gives it and the bytes after it.
    pub(super) fn decode(body: &Bytes) -> Result<(Entry, Bytes), Error> {
        let header = body.get(..ENTRY_HEADER_BYTES).ok_or_else(|| malformed("the commit ends within its header"))?;
        let header: EntryHeader = rkyv::from_bytes::<EntryHeader, Error>(header)?;
        let end = ENTRY_HEADER_BYTES + header.redo_bytes as usize;
        if end > body.len() {
            return Err(malformed("the commit ends within its redo bytes"));
        }
        let partition = TopicPartition { topic: TopicId(header.topic), partition: header.partition };
        let redo = body.slice(ENTRY_HEADER_BYTES..end);
        Ok((Entry { partition, operation: header.operation, redo }, body.slice(end..)))
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Malformed(&'static str);

fn malformed(reason: &'static str) -> Error {
    Error::new(Malformed(reason))
}
