//! What the partitions of one core share in one log directory: the journal, the memory of their tails, and their
//! queues.
//!
//! Invariants:
//! - Partitions are told of commits in the order of their submissions.
//! - Once the directory is offline it stays so: a failed write or sync is never tried again.
//! - Memory that only a journal backs is never given up; appends wait for it instead.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::rc::{Rc, Weak};

use millrace_base::ids::{Offset, TopicPartition};
use millrace_runtime::sync::{Notify, Permit, Semaphore, select};
use millrace_runtime::{Bytes, Core, File, OpenOptions};

use crate::doomed::DoomedFiles;
use crate::error::{LogError, Unavailable};
use crate::extend::extend;
use crate::journal::{COMMITS_IN_FLIGHT, Journal, Sequence};
use crate::layout;
use crate::limits::{CHUNK_BYTES_MAX, CHUNK_BYTES_MIN, EXTENT_BYTES_MIN, STRAIGHT_BYTES_PER_CHECKPOINT, block_ceil};
use crate::options::LogOptions;
use crate::partition::Partition;
use crate::read_ahead::ReadAhead;
use crate::segment_files::SegmentFiles;

pub(crate) struct Shared {
    pub(crate) core: Core,
    pub(crate) root: PathBuf,
    pub(crate) options: LogOptions,
    pub(crate) journal: Journal,
    pub(crate) segment_files: SegmentFiles,
    pub(crate) read_ahead: ReadAhead,
    /// What stays on the disk for a while.
    pub(crate) doomed: DoomedFiles,
    pub(crate) partitions: RefCell<BTreeMap<TopicPartition, Rc<Partition>>>,
    offline: RefCell<Option<Rc<str>>>,
    /// Have something to submit.
    dirty: RefCell<VecDeque<Rc<Partition>>>,
    has_dirty: Notify,
    /// Who waits for which commit, in order.
    awaiting: RefCell<VecDeque<(Sequence, Rc<Partition>)>>,
    /// May have whole durable blocks that are not in a file, and are too few to be destaged for their own sake.
    pub(crate) undestaged: RefCell<VecDeque<Weak<Partition>>>,
    to_destage: RefCell<VecDeque<Rc<Partition>>>,
    has_to_destage: Notify,
    destaging: Cell<usize>,
    /// Runs on their way straight to segments.
    pub(crate) straights: Cell<usize>,
    pub(crate) to_extend: RefCell<VecDeque<Rc<Partition>>>,
    pub(crate) has_to_extend: Notify,
    tail_bytes: Cell<usize>,
    /// May have chunks whose bytes are in the segments' files.
    pub(crate) evictable: RefCell<VecDeque<Weak<Partition>>>,
    /// Memory may have become free, or there is nothing left to wait for.
    room: Notify,
    /// Appends that wait for memory, in order. Only the first looks, each time when there may be some: with thousands
    /// in line the core would do nothing else.
    memory_line: Semaphore,
    /// Bytes that went straight to segments since the last checkpoint.
    pub(crate) straight_bytes: Cell<u64>,
    pub(crate) wants_checkpoint: Notify,
    /// Told of each checkpoint, and when there will be no more.
    pub(crate) has_checkpoint: Notify,
    pub(crate) closing: Cell<bool>,
}

impl Shared {
    pub(crate) fn new(core: &Core, root: &Path, options: LogOptions, journal: Journal) -> Rc<Shared> {
        let segment_files = SegmentFiles::new(options.reader_descriptors);
        let shared = Rc::new(Shared {
            core: core.clone(),
            root: root.to_owned(),
            options,
            journal,
            segment_files,
            read_ahead: ReadAhead::default(),
            doomed: DoomedFiles::default(),
            partitions: RefCell::default(),
            offline: RefCell::default(),
            dirty: RefCell::default(),
            has_dirty: Notify::new(),
            awaiting: RefCell::default(),
            undestaged: RefCell::default(),
            to_destage: RefCell::default(),
            has_to_destage: Notify::new(),
            destaging: Cell::new(0),
            straights: Cell::new(0),
            to_extend: RefCell::default(),
            has_to_extend: Notify::new(),
            tail_bytes: Cell::new(0),
            evictable: RefCell::default(),
            room: Notify::new(),
            memory_line: Semaphore::new(1),
            straight_bytes: Cell::new(0),
            wants_checkpoint: Notify::new(),
            has_checkpoint: Notify::new(),
            closing: Cell::new(false),
        });
        let weak = Rc::downgrade(&shared);
        shared.journal.on_commit(Rc::new(move |done| {
            if let Some(shared) = weak.upgrade() {
                shared.committed(done.sequence);
            }
        }));
        let weak = Rc::downgrade(&shared);
        shared.journal.on_failure(Rc::new(move |failed| {
            if let Some(shared) = weak.upgrade() {
                shared.fail(&failed.to_string());
            }
        }));
        shared
    }

    /// Whether the log directory answers.
    pub(crate) fn check(&self) -> Result<(), Unavailable> {
        match &*self.offline.borrow() {
            Some(reason) => Err(Unavailable::DirectoryOffline(reason.clone())),
            None if self.closing.get() => Err(Unavailable::Closed),
            None => Ok(()),
        }
    }

    /// Takes the log directory offline on this core, for good.
    pub(crate) fn fail(&self, reason: &str) -> Unavailable {
        let first = self.offline.borrow().is_none();
        if first {
            tracing::error!(directory = %self.root.display(), reason, "log directory offline");
            *self.offline.borrow_mut() = Some(reason.into());
            let partitions: Vec<_> = self.partitions.borrow().values().cloned().collect();
            for partition in partitions {
                partition.make_unavailable(Unavailable::DirectoryOffline(reason.into()));
            }
            self.room.notify_all();
            self.has_to_destage.notify_all();
            self.has_to_extend.notify_all();
            self.has_dirty.notify_all();
            self.wants_checkpoint.notify_all();
            self.has_checkpoint.notify_all();
        }
        let reason = self.offline.borrow().clone().unwrap_or_else(|| reason.into());
        Unavailable::DirectoryOffline(reason)
    }

    /// Creates a segment's file, with space for `bytes` at least; durable when this returns.
    pub(crate) async fn create_segment_file(
        &self,
        directory: &Path,
        base_offset: Offset,
        bytes: u64,
    ) -> Result<(File, u64), LogError> {
        let path = layout::segment_file(directory, base_offset);
        let core = &self.core;
        // A file of this name without a Roll in the journal is what a failed attempt has left.
        let options = OpenOptions { truncate: true, ..OpenOptions::read_write().direct() };
        let file = core.open(&path, options).await.map_err(LogError::io(format!("create {}", path.display())))?;
        let allocated = EXTENT_BYTES_MIN.max(block_ceil(bytes));
        let what = || format!("allocate {}", path.display());
        extend(core, &file, 0, allocated).await.map_err(LogError::io(what()))?;
        core.sync_dir(directory).await.map_err(LogError::io(format!("sync {}", directory.display())))?;
        Ok((file, allocated))
    }

    /// One run of bytes from parts; copies unless there is only one.
    pub(crate) fn join(&self, parts: Option<Vec<Bytes>>) -> Bytes {
        let Some(mut parts) = parts else { unreachable!("what is not durable in a segment is in the tail") };
        match parts.len() {
            0 => Bytes::new(),
            1 => parts.swap_remove(0),
            _ => {
                let mut joined = Vec::with_capacity(parts.iter().map(|part| part.len()).sum());
                parts.iter().for_each(|part| joined.extend_from_slice(part));
                Bytes::from(joined)
            }
        }
    }

    /// The partition has something pending.
    pub(crate) fn mark_dirty(&self, partition: &Rc<Partition>) {
        if !partition.is_dirty.replace(true) {
            self.dirty.borrow_mut().push_back(partition.clone());
            self.has_dirty.notify_all();
        }
    }

    /// Submits what dirty partitions have, whenever the journal has less than a full window of commits before it: what
    /// is appended meanwhile goes together.
    pub(crate) async fn submit_dirty_forever(self: Rc<Self>) {
        loop {
            let notified = self.has_dirty.notified();
            self.submit_dirty();
            if self.is_stopped() {
                return;
            }
            notified.await;
        }
    }

    pub(crate) fn submit_dirty(&self) {
        while self.journal.has_room() && self.journal.submitted().0 <= self.journal.durable().0 + COMMITS_IN_FLIGHT {
            let first = self.dirty.borrow_mut().pop_front();
            let Some(partition) = first else { break };
            partition.is_dirty.set(false);
            partition.submit_pending();
        }
        if self.dirty.borrow().is_empty() {
            self.room.notify_all();
        }
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.offline.borrow().is_some() || self.closing.get()
    }

    /// Forgets all partitions: each holds what they share.
    pub(crate) fn let_go(&self) {
        let partitions = std::mem::take(&mut *self.partitions.borrow_mut());
        let dirty = std::mem::take(&mut *self.dirty.borrow_mut());
        let awaiting = std::mem::take(&mut *self.awaiting.borrow_mut());
        let to_destage = std::mem::take(&mut *self.to_destage.borrow_mut());
        let to_extend = std::mem::take(&mut *self.to_extend.borrow_mut());
        drop((partitions, dirty, awaiting, to_destage, to_extend));
    }

    /// Wakes every task of the directory, so that it sees that it is to end.
    pub(crate) fn wake_all(&self) {
        self.has_dirty.notify_all();
        self.has_to_destage.notify_all();
        self.has_to_extend.notify_all();
        self.wants_checkpoint.notify_all();
        self.has_checkpoint.notify_all();
        self.room.notify_all();
        self.doomed.wake();
    }

    /// Tells `partition` when the commit is durable.
    pub(crate) fn await_commit(&self, sequence: Sequence, partition: &Rc<Partition>) {
        self.awaiting.borrow_mut().push_back((sequence, partition.clone()));
    }

    fn committed(&self, sequence: Sequence) {
        loop {
            let mut awaiting = self.awaiting.borrow_mut();
            if awaiting.front().is_none_or(|first| first.0 > sequence) {
                break;
            }
            let first = awaiting.pop_front();
            drop(awaiting);
            if let Some((_, partition)) = first {
                partition.committed(sequence);
            }
        }
        self.room.notify_all();
        self.submit_dirty();
    }

    /// Has the partition's durable blocks written to its segments, and what can be sealed sealed.
    pub(crate) fn queue_destage(&self, partition: &Rc<Partition>) {
        if !partition.is_queued_to_destage.replace(true) {
            self.to_destage.borrow_mut().push_back(partition.clone());
            self.has_to_destage.notify_all();
        }
    }

    /// The partition may have whole durable blocks that are not in a file: they are written when memory is short.
    pub(crate) fn note_undestaged(&self, partition: &Rc<Partition>) {
        if !partition.is_noted_undestaged.replace(true) {
            self.undestaged.borrow_mut().push_back(Rc::downgrade(partition));
        }
    }

    /// Keeps nothing of a partition that is gone for when memory is short.
    pub(crate) fn forget(&self, partition: &Rc<Partition>) {
        let is_other = |weak: &Weak<Partition>| weak.as_ptr() != Rc::as_ptr(partition);
        if partition.is_noted_undestaged.replace(false) {
            self.undestaged.borrow_mut().retain(is_other);
        }
        if partition.is_queued_to_evict.replace(false) {
            self.evictable.borrow_mut().retain(is_other);
        }
    }

    /// One of the tasks that destage.
    pub(crate) async fn destage_forever(self: Rc<Self>) {
        loop {
            let notified = self.has_to_destage.notified();
            if self.is_stopped() {
                return;
            }
            let first = self.to_destage.borrow_mut().pop_front();
            let Some(partition) = first else {
                notified.await;
                continue;
            };
            partition.is_queued_to_destage.set(false);
            self.destaging.set(self.destaging.get() + 1);
            if let Err(error) = partition.destage().await {
                tracing::debug!(partition = %partition.id, %error, "not destaged");
            }
            self.destaging.set(self.destaging.get() - 1);
            self.room.notify_all();
        }
    }

    /// The largest chunk of a tail: with many partitions smaller ones, so that chunks which are not full yet, and
    /// cannot be given up, take no more than half of the memory.
    pub(crate) fn chunk_bytes_max(&self) -> usize {
        let share = self.options.tail_bytes / 2 / self.partitions.borrow().len().max(1);
        let power = if share.is_power_of_two() { share } else { share.next_power_of_two() / 2 };
        power.clamp(CHUNK_BYTES_MIN, CHUNK_BYTES_MAX)
    }

    /// Bytes of memory that the tails take.
    pub(crate) fn tail_bytes(&self) -> usize {
        self.tail_bytes.get()
    }

    pub(crate) fn note_memory_taken(&self, bytes: usize) {
        self.tail_bytes.set(self.tail_bytes.get() + bytes);
    }

    pub(crate) fn note_memory_freed(&self, bytes: usize) {
        self.tail_bytes.set(self.tail_bytes.get().saturating_sub(bytes));
        if bytes > 0 {
            self.room.notify_all();
        }
    }

    /// The partition may have chunks that can be given up.
    pub(crate) fn note_evictable(&self, partition: &Rc<Partition>) {
        if partition.has_evictable() {
            self.queue_evictable(partition);
            self.room.notify_all();
        }
    }

    fn queue_evictable(&self, partition: &Rc<Partition>) {
        if !partition.is_queued_to_evict.replace(true) {
            self.evictable.borrow_mut().push_back(Rc::downgrade(partition));
        }
    }

    /// Waits until all appends that came before have the memory they need. Whoever has this is the first in line.
    pub(crate) async fn line_up_for_memory(&self) -> Permit {
        self.memory_line.acquire(1).await
    }

    /// Whether a tail may grow by `bytes`: gives up old chunks first. Yes also when nothing could be freed by waiting.
    /// No when others wait for memory, unless this is the `first` of them.
    pub(crate) fn may_take_memory(&self, bytes: u64, first: Option<&Permit>) -> bool {
        if first.is_none() && self.memory_line.try_acquire(1).is_none() {
            return false;
        }
        let fits = || self.tail_bytes.get() as u64 + bytes <= self.options.tail_bytes as u64;
        while !fits() {
            if !self.evict_one() {
                self.queue_undestaged();
                return self.is_idle();
            }
        }
        true
    }

    /// Whether nothing is under way after which memory may be free.
    fn is_idle(&self) -> bool {
        let nothing_to_destage = self.to_destage.borrow().is_empty() && self.destaging.get() == 0;
        let nothing_to_commit = self.dirty.borrow().is_empty() && self.awaiting.borrow().is_empty();
        nothing_to_destage && nothing_to_commit && self.straights.get() == 0
    }

    fn evict_one(&self) -> bool {
        loop {
            let first = self.evictable.borrow_mut().pop_front();
            let Some(weak) = first else { return false };
            let Some(partition) = weak.upgrade() else { continue };
            partition.is_queued_to_evict.set(false);
            let freed = partition.evict_oldest();
            self.tail_bytes.set(self.tail_bytes.get().saturating_sub(freed));
            if partition.has_evictable() {
                self.queue_evictable(&partition);
            }
            if freed > 0 {
                return true;
            }
        }
    }

    /// Queues whoever has whole blocks to destage.
    fn queue_undestaged(&self) {
        for weak in self.undestaged.borrow_mut().drain(..) {
            let Some(partition) = weak.upgrade() else { continue };
            partition.is_noted_undestaged.set(false);
            if partition.has_blocks_to_destage() {
                self.queue_destage(&partition);
            }
        }
    }

    /// Waits until the tails may have given memory up.
    pub(crate) async fn wait_for_memory(&self) -> Result<(), Unavailable> {
        let notified = self.room.notified();
        self.check()?;
        self.queue_undestaged();
        notified.await;
        self.check()
    }

    /// Waits until the core's buffers have room for `bytes`, or the tails may have given memory up: gives up old chunks
    /// first. What the tails do not have, answers that are being sent have.
    pub(crate) async fn wait_for_buffer(&self, bytes: usize) -> Result<(), Unavailable> {
        let notified = self.room.notified();
        self.check()?;
        let buffers = self.core.buffers();
        // What an answer holds is not free when it is given up; the next chunk may be.
        while buffers.used_bytes() + bytes > buffers.limit_bytes() && self.evict_one() {}
        self.queue_undestaged();
        select(notified, pin!(buffers.wait_for_room(bytes))).await;
        self.check()
    }

    /// Counts bytes that went straight to a segment; recovery reads them again unless a checkpoint covers them.
    pub(crate) fn note_straight(&self, bytes: u64) {
        self.straight_bytes.set(self.straight_bytes.get() + bytes);
        if self.straight_bytes.get() >= STRAIGHT_BYTES_PER_CHECKPOINT {
            self.wants_checkpoint.notify_all();
        }
    }
}
