//! What the tasks of one journal share: the commits that wait, are being written, or are durable.
//!
//! Invariants:
//! - Commit `next` is the first of `waiting`, `next + 1` the second, and so on: an entry's sequence is known when it is
//!   submitted.
//! - `durable < next <= durable + COMMITS_IN_FLIGHT + 1`; `ended` holds only commits after `durable` and before `next`.
//! - Once `failed` is set, nothing is begun and `durable` stands still.

use std::cell::{Ref, RefCell, RefMut};
use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::rc::Rc;
use std::task::Waker;

use millrace_base::metrics::Durations;
use millrace_runtime::sync::{Notify, Semaphore};
use millrace_runtime::{BufferPool, Core, File};

use super::commit::{COMMIT_HEADER_BYTES, Sequence};
use super::entry::Entry;
use super::error::{JournalError, JournalFailed};
use super::handle::CommitDone;
use super::options::{COMMITS_IN_FLIGHT, Options};
use super::ring::Ring;
use super::superblock::{self, Superblock};

/// Entries that go into one commit.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) entries: Vec<Entry>,
    /// Bytes of the entries.
    pub(super) body_bytes: usize,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) ring: Ring,
    /// Open files, by number.
    pub(super) files: Vec<File>,
    /// As it is on disk.
    pub(super) superblock: Superblock,
    pub(super) waiting: VecDeque<Batch>,
    /// Bytes of the entries in `waiting`.
    pub(super) waiting_bytes: usize,
    pub(super) next: Sequence,
    /// Checksum of the commit before `next`; `None` when there is none in this incarnation.
    pub(super) predecessor: u32,
    pub(super) durable: Sequence,
    /// Commits whose write has ended before that of an earlier one.
    pub(super) ended: VecDeque<Sequence>,
    /// What each commit in flight says in its `acked_through`.
    pub(super) attesting: BTreeMap<Sequence, Sequence>,
    /// Every commit up to it (inclusive) is attested by a durable one.
    pub(super) attested: Sequence,
    /// The last commit with entries.
    pub(super) filled: Sequence,
    pub(super) seal_is_due: bool,
    pub(super) seal_is_armed: bool,
    /// The next commit finds no room in the ring.
    pub(super) blocked: bool,
    /// Another file is being made.
    pub(super) is_growing: bool,
    pub(super) stopping: bool,
    pub(super) failed: Option<JournalFailed>,
    /// Who waits for which commit.
    pub(super) waiters: Vec<(Sequence, Waker)>,
    /// How long the writes of commits took.
    pub(super) commits: Durations,
}

/// A function that is told of each durable commit.
pub(super) type CommitObserver = Rc<dyn Fn(CommitDone)>;
/// A function that is told of the failure.
pub(super) type FailureObserver = Rc<dyn Fn(&JournalFailed)>;

pub(super) struct Shared {
    pub(super) core: Core,
    /// Where the files are.
    pub(super) directory: PathBuf,
    pub(super) options: Options,
    /// For commits and superblocks only, so that no one else's use of memory can stop a commit.
    pub(super) pool: BufferPool,
    pub(super) ring_file: File,
    state: RefCell<State>,
    /// Held while a commit is put together: its sequence, its predecessor and its place go together.
    pub(super) pen: Semaphore,
    /// Held while the superblock is written.
    superblock_pen: Semaphore,
    /// Something may let the next commit begin.
    pub(super) work: Notify,
    /// Room, pressure, durability or failure may have changed.
    pub(super) changed: Notify,
    pub(super) commit_observers: RefCell<Vec<CommitObserver>>,
    pub(super) failure_observers: RefCell<Vec<FailureObserver>>,
}

impl Shared {
    pub(super) fn new(
        core: Core,
        directory: PathBuf,
        options: Options,
        pool: BufferPool,
        ring_file: File,
        state: State,
    ) -> Rc<Shared> {
        Rc::new(Shared {
            core,
            directory,
            options,
            pool,
            ring_file,
            state: RefCell::new(state),
            pen: Semaphore::new(1),
            superblock_pen: Semaphore::new(1),
            work: Notify::new(),
            changed: Notify::new(),
            commit_observers: RefCell::default(),
            failure_observers: RefCell::default(),
        })
    }

    /// Never held across an await, nor while an observer runs.
    pub(super) fn state(&self) -> Ref<'_, State> {
        self.state.borrow()
    }

    pub(super) fn state_mut(&self) -> RefMut<'_, State> {
        self.state.borrow_mut()
    }

    /// Changes the superblock, durably. Changes are made one after the other.
    pub(super) async fn change_superblock(&self, change: impl FnOnce(&mut Superblock)) -> Result<(), JournalError> {
        let _pen = self.superblock_pen.acquire(1).await;
        let superblock = {
            let state = self.state();
            let mut superblock = state.superblock;
            change(&mut superblock);
            superblock.revision += 1;
            superblock.released_before = state.ring.released_before().0;
            superblock
        };
        superblock::write(&self.core, &self.pool, &self.ring_file, &superblock).await?;
        self.state_mut().superblock = superblock;
        Ok(())
    }

    /// The write of a commit has ended well. Whatever became durable by it is acknowledged, in order.
    pub(super) fn end_commit(&self, sequence: Sequence) {
        let first = {
            let mut state = self.state_mut();
            state.ended.push_back(sequence);
            state.durable.next()
        };
        let mut done = first;
        while self.state_mut().acknowledge(done) {
            let observers = self.commit_observers.borrow().clone();
            observers.iter().for_each(|observer| observer(CommitDone { sequence: done }));
            done = done.next();
        }
        self.work.notify_all();
        self.changed.notify_all();
    }

    /// The journal has failed: the first cause stays.
    pub(super) fn fail(&self, error: JournalError) {
        if self.state().failed.is_some() {
            return;
        }
        let failed = JournalFailed::from(error);
        tracing::error!(directory = %self.directory.display(), error = %failed, "the journal failed");
        let waiters = {
            let mut state = self.state_mut();
            state.failed = Some(failed.clone());
            state.waiting.clear();
            state.waiting_bytes = 0;
            std::mem::take(&mut state.waiters)
        };
        waiters.into_iter().for_each(|(_, waker)| waker.wake());
        let observers = self.failure_observers.borrow().clone();
        observers.iter().for_each(|observer| observer(&failed));
        self.work.notify_all();
        self.changed.notify_all();
    }
}

impl State {
    /// Puts an entry into the last commit that waits, or into a new one. Gives the commit's sequence.
    pub(super) fn enqueue(&mut self, entry: Entry, commit_bytes_max: usize) -> Sequence {
        let bytes = entry.encoded_bytes();
        let fits = |batch: &&mut Batch| COMMIT_HEADER_BYTES + batch.body_bytes + bytes <= commit_bytes_max;
        self.waiting_bytes += bytes;
        match self.waiting.back_mut().filter(fits) {
            Some(batch) => {
                batch.entries.push(entry);
                batch.body_bytes += bytes;
            }
            None => self.waiting.push_back(Batch { entries: vec![entry], body_bytes: bytes }),
        }
        self.submitted()
    }

    /// Sequence of the last commit that was written, is being written or waits.
    pub(super) fn submitted(&self) -> Sequence {
        Sequence(self.next.0 + self.waiting.len() as u64 - 1)
    }

    /// Whether commit `next` is within the window of commits in flight.
    pub(super) fn is_in_window(&self) -> bool {
        self.next.0 <= self.durable.0 + COMMITS_IN_FLIGHT
    }

    /// Whether appends may submit more.
    pub(super) fn has_room(&self, waiting_bytes_max: usize) -> bool {
        self.waiting_bytes < waiting_bytes_max && self.ring.has_room(self.waiting_bytes as u64)
    }

    /// Whether appends will have room for a while.
    pub(super) fn has_ample_room(&self) -> bool {
        self.ring.has_ample_room(self.waiting_bytes as u64)
    }

    /// Nothing waits and nothing is being written.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.durable == self.submitted()
    }

    /// If `sequence` is the next to be acknowledged and its write has ended: it is durable. Wakes those who wait for
    /// it.
    fn acknowledge(&mut self, sequence: Sequence) -> bool {
        let Some(place) = self.ended.iter().position(|ended| *ended == sequence) else { return false };
        if self.failed.is_some() {
            return false;
        }
        assert!(sequence == self.durable.next(), "commit {sequence} acknowledged after {}", self.durable);
        self.ended.remove(place);
        self.durable = sequence;
        if let Some(attested) = self.attesting.remove(&sequence) {
            self.attested = self.attested.max(attested);
        }
        self.waiters.retain(|(awaited, waker)| {
            let waits = *awaited > sequence;
            if !waits {
                waker.wake_by_ref();
            }
            waits
        });
        true
    }
}
