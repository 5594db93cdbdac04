//! The journal as the partitions of its core see it.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::path::Path;
use std::rc::Rc;
use std::task::{Poll, Waker};

use millrace_base::metrics::Durations;
use millrace_runtime::{BLOCK_BYTES, BufferPool, Core, File};

use super::commit::Sequence;
use super::entry::Entry;
use super::error::{JournalError, JournalFailed};
use super::files::{ZEROS_BYTES, create, open_if_present, records_path, ring_path, sync_directory};
use super::options::{COMMITS_IN_FLIGHT, FIRST_FILES, Options, RING_FILES_MAX};
use super::ring::Ring;
use super::shared::{CommitObserver, FailureObserver, Shared, State};
use super::superblock::{self, Closed, FileState, RING_FILE_BYTES, Superblock};
use super::{files, grow, writer};

/// A commit became durable, and so did all before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitDone {
    /// The commit's sequence: that of each entry in it.
    pub sequence: Sequence,
}

/// A core's journal in one log directory. Clones are the same journal.
#[derive(Clone)]
pub struct Journal {
    shared: Rc<Shared>,
}

impl Journal {
    /// Opens this core's journal in a log directory, or creates it: its first files are written before this returns,
    /// the others in the background.
    ///
    /// Everything recorded before is void from here on. Recovery ([`super::replay`]) has made it durable elsewhere by
    /// now.
    ///
    /// # Errors
    /// The disk's; [`JournalError::Newer`] for a later format.
    pub async fn open(core: &Core, log_directory: &Path, options: Options) -> Result<Journal, JournalError> {
        options.check();
        let directory = files::directory(log_directory);
        core.create_dir_all(&directory).await.map_err(JournalError::io("create", &directory))?;
        sync_directory(core, log_directory).await?;
        let pool = BufferPool::new(pool_bytes(&options), Waker::noop().clone());
        let path = ring_path(&directory, core.id().0);
        let (ring_file, superblock) = open_ring(core, &pool, &directory, &path).await?;
        let mut superblock = superblock.reopened(&path)?;
        let mut files = open_files(core, &directory, &options, &superblock).await?;
        superblock.files.iter_mut().skip(files.len()).for_each(|file| *file = FileState::default());
        // Earlier incarnations are void before anything of them is overwritten.
        superblock.revision += 1;
        superblock::write(core, &pool, &ring_file, &superblock).await?;
        for (number, state) in superblock.files.iter_mut().enumerate().take(FIRST_FILES).skip(files.len()) {
            let path = records_path(&directory, core.id().0, number);
            files.push(create(core, &pool, &path, options.first_file_bytes as usize).await?);
            state.bytes = options.first_file_bytes;
        }
        sync_directory(core, &directory).await?;

        let mut ring = Ring::default();
        superblock.files.iter().take(files.len()).for_each(|file| {
            ring.join(file.bytes);
        });
        let origin = superblock.origin();
        ring.release(origin.next());
        ring.enter(0, origin.next());
        superblock.files.iter_mut().take(1).for_each(|file| file.entered = origin.next().0);
        let state = State {
            ring,
            files,
            superblock,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            next: origin.next(),
            predecessor: 0,
            durable: origin,
            ended: VecDeque::new(),
            attesting: BTreeMap::new(),
            attested: origin,
            filled: origin,
            seal_is_due: false,
            seal_is_armed: false,
            blocked: false,
            is_growing: false,
            stopping: false,
            failed: None,
            waiters: Vec::new(),
            commits: Durations::default(),
        };
        let shared = Shared::new(core.clone(), directory, options, pool, ring_file, state);
        shared.change_superblock(|_| {}).await?;
        for _ in 0..COMMITS_IN_FLIGHT {
            core.spawn(writer::lane(shared.clone()));
        }
        core.spawn(grow::grow(shared.clone()));
        Ok(Journal { shared })
    }

    /// Adds an entry to the next commit, and gives that commit's sequence. Entries become durable in the order of
    /// submission.
    ///
    /// Never blocks and never fails: whoever appends asks [`Journal::has_room`] first, and learns of a failure when
    /// waiting.
    ///
    /// # Panics
    /// When the redo bytes exceed [`Options::redo_bytes_max`], or after [`Journal::close`].
    pub fn submit(&self, entry: Entry) -> Sequence {
        assert!(entry.redo.len() <= self.shared.options.redo_bytes_max(), "{} bytes of redo", entry.redo.len());
        let mut state = self.shared.state_mut();
        assert!(!state.stopping, "an entry for a journal that was closed");
        if state.failed.is_some() {
            return state.submitted().next();
        }
        let sequence = state.enqueue(entry, self.shared.options.commit_bytes_max);
        drop(state);
        self.shared.work.notify_all();
        sequence
    }

    /// The last commit that has an entry submitted so far, durable or not.
    #[must_use]
    pub fn submitted(&self) -> Sequence {
        self.shared.state().submitted()
    }

    /// Every commit up to this one (inclusive) is on stable storage.
    #[must_use]
    pub fn durable(&self) -> Sequence {
        self.shared.state().durable
    }

    /// Waits until a commit, and all before it, are on stable storage.
    ///
    /// # Errors
    /// The journal has failed before that.
    pub async fn wait_durable(&self, sequence: Sequence) -> Result<(), JournalFailed> {
        poll_fn(|context| {
            let mut state = self.shared.state_mut();
            if state.durable >= sequence {
                return Poll::Ready(Ok(()));
            }
            if let Some(failed) = &state.failed {
                return Poll::Ready(Err(failed.clone()));
            }
            state.waiters.push((sequence, context.waker().clone()));
            Poll::Pending
        })
        .await
    }

    /// Calls `observer` for each durable commit, in order, on this core. It must not block; it may submit and release.
    pub fn on_commit(&self, observer: CommitObserver) {
        self.shared.commit_observers.borrow_mut().push(observer);
    }

    /// Calls `observer` once if the journal fails: at once if it has.
    pub fn on_failure(&self, observer: FailureObserver) {
        match self.failure() {
            Some(failed) => observer(&failed),
            None => self.shared.failure_observers.borrow_mut().push(observer),
        }
    }

    /// Why the journal has failed, if it has.
    #[must_use]
    pub fn failure(&self) -> Option<JournalFailed> {
        self.shared.state().failed.clone()
    }

    /// No commit before `before` (exclusive) is needed any more: what it holds is durable elsewhere, and no block that
    /// it covers will be rewritten. Files follow when all of their commits are released.
    ///
    /// # Panics
    /// When a commit is released that is not durable.
    pub fn release(&self, before: Sequence) {
        let mut state = self.shared.state_mut();
        assert!(before <= state.durable.next(), "released before {before}, durable up to {}", state.durable);
        state.ring.release(before);
        drop(state);
        self.shared.work.notify_all();
        self.shared.changed.notify_all();
    }

    /// When more than half of the ring is in use, or commits wait for room in it: the sequence before which all should
    /// be destaged and released. It may name commits that are not durable yet. Entries of which a part
    /// cannot be destaged yet (a block that is not full) are submitted anew, and released then: there must be room in
    /// the ring for that, which [`Journal::has_room`] keeps appends from using up.
    #[must_use]
    pub fn pressure(&self) -> Option<Sequence> {
        let state = self.shared.state();
        state.ring.pressure(state.blocked)
    }

    /// Waits for [`Journal::pressure`].
    ///
    /// # Errors
    /// The journal has failed.
    pub async fn pressed(&self) -> Result<Sequence, JournalFailed> {
        self.wait_for(|state| state.ring.pressure(state.blocked)).await
    }

    /// Whether an append may submit now: not too much waits for a commit, and the part of the ring that is kept for
    /// destaging is not touched. What destaging submits, in order to release older commits, does not ask.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.shared.state().has_room(self.shared.options.waiting_bytes_max)
    }

    /// Whether releasing what [`Journal::pressure`] names may take its time: appends will have room for a while.
    #[must_use]
    pub fn has_ample_room(&self) -> bool {
        self.shared.state().has_ample_room()
    }

    /// Waits for [`Journal::has_room`].
    ///
    /// # Errors
    /// The journal has failed.
    pub async fn room(&self) -> Result<(), JournalFailed> {
        let limit = self.shared.options.waiting_bytes_max;
        self.wait_for(|state| state.has_room(limit).then_some(())).await
    }

    /// How long the writes of commits took since it was opened, and how many bytes they were.
    #[must_use]
    pub fn written(&self) -> (Durations, u64) {
        let state = self.shared.state();
        (state.commits.clone(), state.ring.written())
    }

    /// Writes what waits, and notes that the journal was closed: a later replay then knows that nothing is missing at
    /// its end. To be called once, when everything was submitted, and before the journal is opened again; what is not
    /// released by then is replayed at the next start.
    ///
    /// # Errors
    /// The journal has failed, now or before.
    pub async fn close(&self) -> Result<(), JournalFailed> {
        self.shared.state_mut().stopping = true;
        self.shared.work.notify_all();
        self.wait_for(|state| (state.is_idle() && !state.is_growing).then_some(())).await?;
        let last = {
            let mut state = self.shared.state_mut();
            if state.filled < state.ring.released_before() {
                // A seal may follow what was released: it need not be read again.
                let end = state.next;
                state.ring.release(end);
            }
            Closed { sequence: state.durable.0, checksum: state.predecessor }
        };
        let closed = self.shared.change_superblock(|superblock| superblock.closed = Some(last)).await;
        if let Err(error) = closed {
            self.shared.fail(error);
        }
        self.failure().map_or(Ok(()), Err)
    }

    async fn wait_for<T>(&self, mut condition: impl FnMut(&State) -> Option<T>) -> Result<T, JournalFailed> {
        loop {
            if let Some(failed) = self.failure() {
                return Err(failed);
            }
            if let Some(value) = condition(&self.shared.state()) {
                return Ok(value);
            }
            self.shared.changed.notified().await;
        }
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.shared.state();
        write!(f, "Journal({}, durable {}, next {})", self.shared.directory.display(), state.durable, state.next)
    }
}

/// Opens the ring file and reads its superblock; creates both where there is none. No file of records is created before
/// the superblock is durable, so that records without a superblock always mean damage.
async fn open_ring(
    core: &Core,
    pool: &BufferPool,
    directory: &Path,
    path: &Path,
) -> Result<(File, Superblock), JournalError> {
    if let Some(file) = open_if_present(core, path).await?
        && let Some(superblock) = superblock::read(core, pool, &file).await?
    {
        return Ok((file, superblock));
    }
    let superblock = Superblock {
        journal: core.random_u64(),
        incarnation: 0,
        revision: 0,
        released_before: 0,
        closed: None,
        files: [FileState::default(); RING_FILES_MAX],
    };
    let file = create(core, pool, path, RING_FILE_BYTES).await?;
    superblock::write(core, pool, &file, &superblock).await?;
    sync_directory(core, directory).await?;
    Ok((file, superblock))
}

/// Opens the files that the superblock lists, up to the first one that is missing, too short for the superblock, or too
/// short for the largest commit.
async fn open_files(
    core: &Core,
    directory: &Path,
    options: &Options,
    superblock: &Superblock,
) -> Result<Vec<File>, JournalError> {
    let mut open = Vec::new();
    for (number, state) in superblock.files.iter().enumerate().take(superblock.files_listed()) {
        let path = records_path(directory, core.id().0, number);
        let Some(file) = open_if_present(core, &path).await? else { break };
        let len = file.len(core).await.map_err(JournalError::io("measure", &path))?;
        if len < state.bytes || state.bytes < options.commit_bytes_max as u64 {
            break;
        }
        open.push(file);
    }
    Ok(open)
}

/// What the journal may allocate: its commits in flight, a superblock in the process of being written, and zeros for a
/// new file.
fn pool_bytes(options: &Options) -> usize {
    let commit_bytes = options.commit_bytes_max.next_power_of_two();
    commit_bytes * COMMITS_IN_FLIGHT as usize + ZEROS_BYTES + 2 * BLOCK_BYTES
}
