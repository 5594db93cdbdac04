//! What a journal says about its ring: which files there are, which are in use since when, and whether it was closed.
//!
//! Invariants:
//! - It lies in two slots of one block each, written in turn: a torn write leaves the other slot. The valid slot with
//!   the greater revision counts. It is written in place, so a full disk cannot stop it.
//! - A file is listed only after all of it has been written and synced.
//! - `entered` of a file is the sequence of its first record in this incarnation, set before that record is written. So
//!   the files in use, sorted by it, are the chain of records, and none can go missing unseen.

use std::path::Path;

use millrace_runtime::{BLOCK_BYTES, BufferPool, Core, Durability, File};
use rkyv::rancor::Error;
use rkyv::{Archive, Deserialize, Serialize};

use super::commit::Sequence;
use super::error::JournalError;
use super::options::RING_FILES_MAX;
use crate::archive::archive_into;

/// "MRJR": Millrace, journal, ring.
const MAGIC: u32 = 0x4d52_4a52;
/// The format of the ring file, and of the records that it leads to.
pub(super) const VERSION: u16 = 1;
const SLOTS: u64 = 2;
/// Length of a ring file in bytes.
pub(super) const RING_FILE_BYTES: usize = BLOCK_BYTES * SLOTS as usize;

/// A ring file's state.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[rkyv(attr(allow(missing_docs, unreachable_pub)))]
pub(super) struct FileState {
    /// Its length in bytes; 0: there is no such file.
    pub(super) bytes: u64,
    /// Sequence of its first record in this incarnation; 0: none.
    pub(super) entered: u64,
}

/// The last record of a journal that was closed.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[rkyv(attr(allow(missing_docs, unreachable_pub)))]
pub(super) struct Closed {
    /// Its sequence.
    pub(super) sequence: u64,
    /// Its checksum; 0 when nothing was recorded in this incarnation.
    pub(super) checksum: u32,
}

/// The superblock.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[rkyv(attr(allow(missing_docs, unreachable_pub)))]
pub(super) struct Superblock {
    /// Drawn at creation.
    pub(super) journal: u64,
    /// Counts the openings.
    pub(super) incarnation: u64,
    /// Counts the writes of the superblock.
    pub(super) revision: u64,
    /// No commit before this one (exclusive) was needed when this was written.
    pub(super) released_before: u64,
    /// Set by a clean stop, taken away by opening.
    pub(super) closed: Option<Closed>,
    /// By number.
    pub(super) files: [FileState; RING_FILES_MAX],
}

#[derive(Archive, Serialize, Deserialize)]
#[rkyv(attr(allow(missing_docs, unreachable_pub)))]
struct Slot {
    magic: u32,
    version: u16,
    slot_bytes: u16,
    body: Superblock,
    /// crc32fast of everything before it.
    checksum: u32,
}

const SLOT_BYTES: usize = size_of::<ArchivedSlot>();
const PREFIX_BYTES: usize = 8;
const CHECKED_BYTES: usize = SLOT_BYTES - size_of::<u32>();
const _: () = assert!(SLOT_BYTES <= BLOCK_BYTES && align_of::<ArchivedSlot>() == 1);

/// Sequences of incarnation `i` are `i << SEQUENCE_BITS` + 1 and on: 17 * 10^12 commits each, for a million restarts.
const SEQUENCE_BITS: u32 = 44;

impl Superblock {
    /// The number before the incarnation's first.
    pub(super) fn origin(&self) -> Sequence {
        Sequence(self.incarnation << SEQUENCE_BITS)
    }

    /// The next incarnation, with nothing recorded in it yet.
    pub(super) fn reopened(&self, path: &Path) -> Result<Superblock, JournalError> {
        let incarnation = self.incarnation + 1;
        if incarnation >> (u64::BITS - SEQUENCE_BITS) != 0 {
            return Err(JournalError::IncarnationsUsedUp { path: path.to_path_buf(), incarnation });
        }
        let mut next = Superblock { incarnation, closed: None, ..*self };
        next.released_before = next.origin().next().0;
        next.files.iter_mut().for_each(|file| file.entered = 0);
        Ok(next)
    }

    /// The numbers and states of the files that hold this incarnation's records, in the order of the records.
    pub(super) fn chain(&self) -> Vec<(usize, FileState)> {
        let mut chain: Vec<_> =
            self.files.iter().copied().enumerate().filter(|(_, file)| file.bytes > 0 && file.entered > 0).collect();
        chain.sort_by_key(|(_, file)| file.entered);
        chain
    }

    /// How many files there are; their numbers are 0 and up.
    pub(super) fn files_listed(&self) -> usize {
        self.files.iter().take_while(|file| file.bytes > 0).count()
    }

    fn encode(&self) -> Result<[u8; SLOT_BYTES], Error> {
        let mut slot = Slot { magic: MAGIC, version: VERSION, slot_bytes: SLOT_BYTES as u16, body: *self, checksum: 0 };
        let mut bytes = [0; SLOT_BYTES];
        archive_into(&slot, &mut bytes)?;
        slot.checksum = crc32fast::hash(bytes.get(..CHECKED_BYTES).unwrap_or_default());
        archive_into(&slot, &mut bytes)?;
        Ok(bytes)
    }
}

/// What a block of a ring file holds.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::large_enum_variant, reason = "one at a time, on the stack")]
enum Found {
    Valid(Superblock),
    Damaged,
    /// A later format, by its version.
    Newer(u16),
}

fn decode(block: &[u8]) -> Found {
    let Some((prefix, _)) = block.split_first_chunk::<PREFIX_BYTES>() else { return Found::Damaged };
    let [m0, m1, m2, m3, v0, v1, ..] = *prefix;
    if u32::from_be_bytes([m0, m1, m2, m3]) != MAGIC {
        return Found::Damaged;
    }
    let version = u16::from_be_bytes([v0, v1]);
    if version > VERSION {
        return Found::Newer(version);
    }
    let Some(bytes) = block.get(..SLOT_BYTES) else { return Found::Damaged };
    match rkyv::from_bytes::<Slot, Error>(bytes) {
        Ok(slot) if slot.checksum == crc32fast::hash(bytes.get(..CHECKED_BYTES).unwrap_or_default()) => {
            Found::Valid(slot.body)
        }
        _ => Found::Damaged,
    }
}

/// Reads the newest valid slot. `None`: neither slot is valid.
///
/// # Errors
/// [`JournalError::Newer`] when a slot is of a later format.
pub(super) async fn read(core: &Core, pool: &BufferPool, file: &File) -> Result<Option<Superblock>, JournalError> {
    let mut newest: Option<Superblock> = None;
    for slot in 0..SLOTS {
        let (count, buffer) = file.read_at(core, pool.alloc(BLOCK_BYTES)?, slot * BLOCK_BYTES as u64).await;
        let found = match count {
            Ok(_) => decode(&buffer),
            Err(error) => {
                // The other slot stands in for it.
                tracing::warn!(file = %file.path().display(), slot, %error, "a slot cannot be read");
                Found::Damaged
            }
        };
        match found {
            Found::Valid(superblock) if newest.is_none_or(|other| other.revision < superblock.revision) => {
                newest = Some(superblock);
            }
            Found::Newer(version) => {
                return Err(JournalError::Newer { path: file.path().to_path_buf(), version, known: VERSION });
            }
            _ => {}
        }
    }
    Ok(newest)
}

/// Writes the superblock, durably, into the slot of its revision.
pub(super) async fn write(
    core: &Core,
    pool: &BufferPool,
    file: &File,
    superblock: &Superblock,
) -> Result<(), JournalError> {
    let bytes = superblock.encode().map_err(std::io::Error::other);
    let bytes = bytes.map_err(JournalError::io("encode", file.path()))?;
    let mut block = pool.alloc(BLOCK_BYTES)?;
    block.extend_from_slice(&bytes);
    block.spare_mut().fill(0);
    block.set_len(BLOCK_BYTES);
    let offset = superblock.revision % SLOTS * BLOCK_BYTES as u64;
    file.write_at(core, vec![block.freeze()], offset, Durability::Synced)
        .await
        .map_err(JournalError::io("write", file.path()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(revision: u64) -> Superblock {
        let mut files = [FileState::default(); RING_FILES_MAX];
        files[0] = FileState { bytes: 8192, entered: 70 };
        files[1] = FileState { bytes: 4096, entered: 30 };
        files[2] = FileState { bytes: 4096, entered: 0 };
        Superblock { journal: 7, incarnation: 3, revision, released_before: 0, closed: None, files }
    }

    #[test]
    fn a_slot_reads_back_and_any_flipped_bit_is_damage() {
        let bytes = sample(5).encode().unwrap();
        assert!(matches!(decode(&bytes), Found::Valid(read) if read == sample(5)));
        for index in 0..bytes.len() {
            let mut damaged = bytes;
            damaged[index] ^= 1;
            assert!(!matches!(decode(&damaged), Found::Valid(_)), "byte {index}");
        }
    }

    #[test]
    fn a_later_format_is_told_from_damage() {
        let mut bytes = sample(5).encode().unwrap();
        bytes[5] = 2;
        assert!(matches!(decode(&bytes), Found::Newer(2)));
    }

    #[test]
    fn the_chain_is_in_the_order_of_entering() {
        assert_eq!(sample(1).chain().iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 0]);
        assert_eq!(sample(1).files_listed(), 3);
    }

    #[test]
    fn a_new_incarnation_has_larger_sequences_and_nothing_recorded() {
        let next = sample(1).reopened(Path::new("0.ring")).unwrap();
        assert!(next.origin() > sample(1).origin());
        assert!(next.chain().is_empty());
    }
}
