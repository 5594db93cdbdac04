//! Replay: what each journal of a log directory holds that is still needed, and whether it is all there.
//!
//! Invariants:
//! - Commits come in the order of their sequences, without a gap, up to the first break.
//! - A break is rot if a record, or the mark of a clean stop, says that the broken commit had been durable; else it is
//!   a tear, and nothing at or after it was acknowledged.
//! - What is released does not matter: damage there is no damage.
//! - What is read is durable: a process that was killed may have left its last commits in a cache alone, and segments
//!   are written by what they say.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};

use millrace_runtime::{BufferPool, Core};

use super::commit::{CommitHeader, Sequence};
use super::entry::Entry;
use super::error::JournalError;
use super::files::{core_of_records, core_of_ring, directory, open_if_present, records_path, ring_path};
use super::reader::{Found, Located, Reader, find};
use super::superblock::{self, Superblock};

/// What became of a journal's end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was closed, and everything is there.
    Closed,
    /// It was not closed; its last commit is whole, and there is no trace of another.
    Ended,
    /// Commit `at` was being written when the power went: neither it nor any after it was acknowledged.
    Torn {
        /// The first commit that is not whole.
        at: Sequence,
    },
    /// Commit `at` was durable, perhaps acknowledged, and cannot be read any more.
    Rot {
        /// The first commit that is lost.
        at: Sequence,
        /// How many whole commits follow it.
        valid_after: usize,
    },
    /// A file that may hold commits from `at` on is not there.
    Missing {
        /// The first commit that may be lost.
        at: Sequence,
        /// The file.
        path: PathBuf,
        /// How many whole commits there are in later files.
        valid_after: usize,
    },
    /// There are files of records, but no superblock that says what they are: nothing can be replayed.
    NoSuperblock {
        /// Where it should be.
        path: PathBuf,
    },
}

impl Verdict {
    /// Whether all that was acknowledged is there.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        matches!(self, Verdict::Closed | Verdict::Ended | Verdict::Torn { .. })
    }
}

/// A commit, read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayedCommit {
    /// Its sequence.
    pub sequence: Sequence,
    /// Its entries, in the order of submission; none in a seal.
    pub entries: Vec<Entry>,
}

/// The journals of a log directory.
pub struct Replay {
    /// One for each core that ever wrote there, in the order of cores.
    pub journals: Vec<JournalReplay>,
}

/// One journal.
pub struct JournalReplay {
    core: u16,
    pool: BufferPool,
    verdict: Verdict,
    ring: PathBuf,
    identity: (u64, u64),
    /// Commits of this incarnation were released.
    is_released: bool,
    readers: Vec<Option<Reader>>,
    /// Number of the file that the last commit came from.
    loading: usize,
    commits: VecDeque<Located>,
    beyond: VecDeque<Located>,
}

/// Examines every journal of a log directory, whichever core wrote it.
///
/// # Errors
/// The disk's (damage is not an error but a [`Verdict`]); [`JournalError::Newer`] for a later format.
pub async fn replay(core: &Core, log_directory: &Path) -> Result<Replay, JournalError> {
    let directory = directory(log_directory);
    // By core: whether it has files of records.
    let mut cores: BTreeMap<u16, bool> = BTreeMap::new();
    if core.exists(&directory).await.map_err(JournalError::io("look for", &directory))? {
        for entry in core.read_dir(&directory).await.map_err(JournalError::io("list", &directory))? {
            if let Some(of_core) = core_of_ring(&entry.name) {
                cores.entry(of_core).or_default();
            } else if let Some(of_core) = core_of_records(&entry.name) {
                cores.insert(of_core, true);
            }
        }
    }
    let mut journals = Vec::new();
    for (of_core, has_records) in cores {
        journals.extend(examine(core, &directory, of_core, has_records).await?);
    }
    Ok(Replay { journals })
}

/// `None`: a ring file without a superblock and without records is what a crash left of a journal's creation.
async fn examine(
    core: &Core,
    directory: &Path,
    of_core: u16,
    has_records: bool,
) -> Result<Option<JournalReplay>, JournalError> {
    let ring = ring_path(directory, of_core);
    let pool = core.buffers().clone();
    let superblock = match open_if_present(core, &ring).await? {
        Some(file) => {
            file.sync(core).await.map_err(JournalError::io("sync", &ring))?;
            superblock::read(core, &pool, &file).await?
        }
        None => None,
    };
    let Some(superblock) = superblock else {
        if !has_records {
            return Ok(None);
        }
        let verdict = Verdict::NoSuperblock { path: ring.clone() };
        let nothing = VecDeque::new();
        let (commits, beyond) = (nothing.clone(), nothing);
        let (identity, readers) = ((0, 0), Vec::new());
        return Ok(Some(JournalReplay {
            core: of_core,
            pool,
            verdict,
            ring,
            identity,
            is_released: true,
            readers,
            loading: 0,
            commits,
            beyond,
        }));
    };
    let mut readers = Vec::new();
    for number in 0..superblock.files_listed() {
        let path = records_path(directory, of_core, number);
        let file = open_if_present(core, &path).await?;
        if let Some(file) = &file {
            file.sync(core).await.map_err(JournalError::io("sync", &path))?;
        }
        readers.push(file.map(|file| Reader::new(core, file)));
    }
    let found = find(&superblock, &mut readers).await?;
    let is_released = needed_from(&superblock, &found) > superblock.origin().next().0;
    let missing = found.missing.map(|number| records_path(directory, of_core, number));
    let (verdict, commits, beyond) = judge(&superblock, found, missing);
    let identity = (superblock.journal, superblock.incarnation);
    Ok(Some(JournalReplay {
        core: of_core,
        pool,
        verdict,
        ring,
        identity,
        is_released,
        readers,
        loading: 0,
        commits,
        beyond,
    }))
}

/// The first commit that is not released.
fn needed_from(superblock: &Superblock, found: &Found) -> u64 {
    let released = found.records.iter().map(|record| record.header.released_before).max().unwrap_or(0);
    released.max(superblock.released_before).max(superblock.origin().next().0)
}

/// Decides where the chain ends and why. Gives the commits that are needed before that point, and those after it if it
/// is not a tear.
fn judge(
    superblock: &Superblock,
    found: Found,
    missing: Option<PathBuf>,
) -> (Verdict, VecDeque<Located>, VecDeque<Located>) {
    let needed_from = needed_from(superblock, &found);
    let mut next = needed_from;
    let mut records: VecDeque<_> =
        found.records.into_iter().filter(|record| record.header.sequence >= needed_from).collect();
    let before: VecDeque<_> = std::iter::from_fn(|| {
        let record = records.pop_front_if(|record| record.header.sequence == next)?;
        next += 1;
        Some(record)
    })
    .collect();
    let at = Sequence(next);
    let claimed = records.iter().map(|record| record.header.acked_through).max().unwrap_or(0);
    let closed = superblock.closed.map_or(0, |closed| closed.sequence);
    let valid_after = records.len();
    let verdict = if claimed.max(closed) >= next {
        match missing {
            Some(path) => Verdict::Missing { at, path, valid_after },
            None => Verdict::Rot { at, valid_after },
        }
    } else if superblock.closed.is_some() {
        Verdict::Closed
    } else if let Some(path) = missing {
        Verdict::Missing { at, path, valid_after }
    } else if valid_after > 0 || found.is_torn {
        Verdict::Torn { at }
    } else {
        Verdict::Ended
    };
    if verdict.is_complete() {
        records.clear();
    }
    (verdict, before, records)
}

impl JournalReplay {
    /// The core that wrote it.
    #[must_use]
    pub fn core(&self) -> u16 {
        self.core
    }

    /// Whether something was released since it was opened: then a checkpoint says what that came to.
    #[must_use]
    pub fn needs_checkpoint(&self) -> bool {
        self.is_released
    }

    /// Whether it is all there.
    #[must_use]
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// The next commit that is needed, up to the first break.
    ///
    /// # Errors
    /// The disk's; [`JournalError::MalformedEntry`] for a whole commit that this program cannot read.
    pub async fn next(&mut self) -> Result<Option<ReplayedCommit>, JournalError> {
        match self.commits.pop_front() {
            Some(located) => self.load(located).await.map(Some),
            None => Ok(None),
        }
    }

    /// The next commit after a break that is rot or a missing file: for finding out which partitions the lost commits
    /// touched. Nothing connects it to what [`JournalReplay::next`] gave.
    ///
    /// # Errors
    /// As for [`JournalReplay::next`].
    pub async fn next_beyond_break(&mut self) -> Result<Option<ReplayedCommit>, JournalError> {
        match self.beyond.pop_front() {
            Some(located) => self.load(located).await.map(Some),
            None => Ok(None),
        }
    }

    async fn load(&mut self, located: Located) -> Result<ReplayedCommit, JournalError> {
        if self.loading != located.file {
            self.readers.iter_mut().flatten().for_each(Reader::rest);
            self.loading = located.file;
        }
        let changed = || std::io::Error::new(std::io::ErrorKind::InvalidData, "a record changed while it was read");
        let Some(Some(reader)) = self.readers.get_mut(located.file) else {
            return Err(JournalError::io("read", &self.ring)(changed()));
        };
        let record = reader.read(located.offset, located.header.record_bytes()).await?;
        let (journal, incarnation) = self.identity;
        let header = unchanged_header(&record, journal, incarnation, &located);
        let header = header.ok_or_else(changed).map_err(JournalError::io("read", &self.ring))?;
        // A copy: who keeps an entry keeps its commit, not all that was read with it.
        let mut own = self.pool.alloc(record.len())?;
        own.extend_from_slice(&record);
        let record = own.freeze();
        let sequence = located.sequence();
        let entries = header.entries(&record).map_err(|(index, reason)| JournalError::MalformedEntry {
            path: self.ring.clone(),
            sequence: sequence.0,
            index,
            reason: reason.to_string(),
        })?;
        Ok(ReplayedCommit { sequence, entries })
    }
}

/// The header of a record that was found before, if it is still the same, whole one.
fn unchanged_header(record: &[u8], journal: u64, incarnation: u64, located: &Located) -> Option<CommitHeader> {
    let header = CommitHeader::read(record, journal, incarnation)?;
    (header == located.header && header.is_whole(record)).then_some(header)
}
