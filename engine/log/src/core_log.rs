//! All partitions of one core in one log directory.
//!
//! Invariants:
//! - A partition's directory and first segment are durably there before it is given to anybody.
//! - A journal file is released only after a checkpoint holds what followed from it, and after what it held of a block
//!   that is not full has been carried forward.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::rc::Rc;

use futures_util::stream::FuturesUnordered;
use futures_util::{StreamExt, TryStreamExt, stream};
use millrace_base::ids::TopicPartition;
use millrace_runtime::sync::{self, Either, Semaphore};
use millrace_runtime::{Bytes, Core, Durability, OpenOptions};

use crate::checkpoint::{self, Checkpoint};
use crate::doomed::Doomed;
use crate::epochs::LeaderEpochs;
use crate::error::{LogError, Unavailable};
use crate::index::Index;
use crate::index_file;
use crate::journal::{Entry, Journal, Operation, Options, Sequence};
use crate::layout;
use crate::limits::{BLOCK_BYTES, CHUNK_BYTES_MIN, block_floor};
use crate::options::{LogOptions, PartitionConfig};
use crate::partition::{NewState, Partition};
use crate::producers::Producers;
use crate::recovery::{RecoveredPartition, doom_partition_directory, remove_partition_directory};
use crate::scan::read_range;
use crate::segment::{IndexSlot, Segment};
use crate::shared::Shared;
use crate::snapshot::{Body, SegmentSnapshot};

/// Tasks of a core that write to segments.
const DESTAGE_TASKS: usize = 4;
/// Tasks of a core that reserve space ahead of need: fewer than the kernel's threads for it, which appends use too.
const EXTEND_TASKS: usize = 4;
/// Partitions that are written out at a time when appends are about to run out of the journal's room, or at a stop:
/// their waits overlap, and what they carry forward shares commits.
const WRITTEN_OUT_AT_ONCE: usize = 32;
/// The same while there is room: so few that commits do not wait for their writes.
const WRITTEN_OUT_CALMLY: usize = 4;

/// All partitions of one core.
pub struct CoreLog {
    pub(crate) shared: Rc<Shared>,
    start: u64,
    /// Held by who writes a checkpoint.
    checkpointing: Semaphore,
}

impl CoreLog {
    /// Opens this core's journal in a log directory that was recovered, as start number `start`.
    ///
    /// # Errors
    /// [`LogError`] when the journal cannot be opened.
    pub async fn open(core: &Core, root: &Path, options: LogOptions, start: u64) -> Result<Rc<CoreLog>, LogError> {
        let journal_options = Options {
            first_file_bytes: options.journal_first_bytes,
            file_bytes: options.journal_file_bytes,
            files_added: options.journal_files.saturating_sub(2),
            commit_bytes_max: options.journal_commit_bytes,
            ..Options::default()
        };
        let journal = Journal::open(core, root, journal_options).await;
        let journal = journal.map_err(|error| LogError::Journal(error.to_string()))?;
        let shared = Shared::new(core, root, options, journal);
        core.spawn(shared.clone().submit_dirty_forever());
        for _ in 0..DESTAGE_TASKS {
            core.spawn(shared.clone().destage_forever());
        }
        for _ in 0..EXTEND_TASKS {
            core.spawn(shared.clone().extend_forever());
        }
        core.spawn(shared.clone().remove_doomed_forever());
        let log = Rc::new(CoreLog { shared, start, checkpointing: Semaphore::new(1) });
        // From here on a missing checkpoint or journal is a loss, not a beginning.
        log.save_checkpoint(false).await?;
        core.spawn(log.clone().checkpoint_forever());
        Ok(log)
    }

    /// The partition, if this core has it.
    #[must_use]
    pub fn get(&self, partition: TopicPartition) -> Option<Rc<Partition>> {
        self.shared.partitions.borrow().get(&partition).cloned()
    }

    /// The partitions of this core.
    #[must_use]
    pub fn partitions(&self) -> Vec<TopicPartition> {
        self.shared.partitions.borrow().keys().copied().collect()
    }

    /// Creates an empty partition.
    ///
    /// # Errors
    /// [`LogError::Exists`], or the disk's.
    pub async fn create_partition(
        &self,
        id: TopicPartition,
        topic_name: &str,
        config: PartitionConfig,
    ) -> Result<Rc<Partition>, LogError> {
        self.shared.check()?;
        if self.get(id).is_some() {
            return Err(LogError::Exists(format!("{topic_name}-{}", id.partition)));
        }
        let core = &self.shared.core;
        let directory = layout::partition_directory(&self.shared.root, topic_name, id.partition);
        let what = || format!("create {}", directory.display());
        core.create_dir_all(&directory).await.map_err(LogError::io(what()))?;
        let metadata = Bytes::from(layout::metadata_text(id.topic).into_bytes());
        let path = directory.join(layout::METADATA_FILE);
        let file = core.open(&path, OpenOptions { truncate: true, ..OpenOptions::read_write() }).await;
        let file = file.map_err(LogError::io(what()))?;
        file.write_at(core, vec![metadata], 0, Durability::Synced).await.map_err(LogError::io(what()))?;
        let bytes = config.first_bytes(BLOCK_BYTES);
        let (file, allocated) = self.shared.create_segment_file(&directory, 0, bytes).await?;
        let mut first = Segment::create(0, file, allocated);
        first.is_begun = true;
        core.sync_dir(&self.shared.root).await.map_err(LogError::io(what()))?;
        let new = NewState {
            generation: 0,
            log_start: 0,
            log_end: 0,
            epochs: LeaderEpochs::default(),
            producers: Producers::default(),
            segments: [first].into(),
            lost: None,
            swaps: 0,
            cleaned_to: 0,
        };
        Ok(self.insert(Partition::new(id, topic_name, directory, &self.shared, config, new)))
    }

    /// Takes in a partition that recovery has found.
    ///
    /// # Errors
    /// The disk's.
    pub async fn adopt(
        &self,
        recovered: RecoveredPartition,
        config: PartitionConfig,
    ) -> Result<Rc<Partition>, LogError> {
        let RecoveredPartition { topic_name, directory, snapshot, offline, is_clean } = recovered;
        let id = snapshot.id();
        let mut segments = std::collections::VecDeque::new();
        let last = snapshot.segments.len().saturating_sub(1);
        for (index, segment) in snapshot.segments.iter().enumerate() {
            segments.push_back(if index == last && offline.is_none() {
                self.open_active(&directory, *segment, is_clean).await?
            } else {
                let SegmentSnapshot { base, end, revision, generation } = *segment;
                Segment { revision, generation, ..Segment::stored(base, end) }
            });
        }
        let new = NewState {
            generation: snapshot.generation,
            log_start: snapshot.log_start,
            log_end: snapshot.durable_offset,
            epochs: LeaderEpochs::from_entries(snapshot.epochs),
            producers: Producers::from_states(snapshot.producers),
            segments,
            lost: snapshot.lost,
            swaps: snapshot.swaps,
            cleaned_to: snapshot.cleaned_to,
        };
        let partition = Partition::new(id, &topic_name, directory, &self.shared, config, new);
        if let Some(reason) = offline {
            partition.make_unavailable(Unavailable::PartitionOffline(reason.as_str().into()));
        }
        self.shared.note_memory_taken(partition.tail_memory_bytes());
        Ok(self.insert(partition))
    }

    /// The segment that takes appends: its partial block is brought back into the tail.
    async fn open_active(
        &self,
        directory: &Path,
        snapshot: SegmentSnapshot,
        is_clean: bool,
    ) -> Result<Segment, LogError> {
        let SegmentSnapshot { base, end, revision, generation } = snapshot;
        let core = &self.shared.core;
        let path = layout::segment_file(directory, base);
        let what = || format!("open {}", path.display());
        let options = OpenOptions { create: false, ..OpenOptions::read_write().direct() };
        let file = core.open(&path, options).await.map_err(LogError::io(what()))?;
        let whole = block_floor(end);
        let mut segment = Segment::create(base, file.clone(), whole);
        segment.is_begun = true;
        segment.loaded = end;
        (segment.revision, segment.generation) = (revision, generation);
        segment.tail = crate::tail::Tail::new(whole);
        if whole < end {
            let bytes = read_range(core, &file, whole, (end - whole) as usize).await.map_err(LogError::io(what()))?;
            let reserved = segment.tail.reserve(core.buffers(), bytes.len(), CHUNK_BYTES_MIN);
            reserved.map_err(|error| LogError::io(what())(std::io::Error::other(error)))?;
            segment.tail.append(&bytes);
            segment.protect_until = end;
        }
        (segment.end, segment.submitted, segment.durable, segment.visible) = (end, end, end, end);
        segment.destaged = whole;
        let mut index = Index::empty();
        index.complete_from = end as u32;
        let of = index_file::Of { base, end, revision };
        let stored = index_file::take(core, directory, of).await.map_err(LogError::io(what()))?;
        if let Some(stored) = stored.filter(|_| is_clean) {
            index = stored;
        }
        segment.index = IndexSlot::Growing(index);
        Ok(segment)
    }

    fn all(&self) -> Vec<Rc<Partition>> {
        self.shared.partitions.borrow().values().cloned().collect()
    }

    fn insert(&self, partition: Rc<Partition>) -> Rc<Partition> {
        self.shared.partitions.borrow_mut().insert(partition.id(), partition.clone());
        partition
    }

    /// Deletes a partition with its files.
    ///
    /// # Errors
    /// The disk's, or the journal's.
    pub async fn delete_partition(&self, id: TopicPartition) -> Result<(), LogError> {
        let Some(partition) = self.shared.partitions.borrow_mut().remove(&id) else { return Ok(()) };
        partition.make_unavailable(Unavailable::Deleted);
        let room = self.shared.journal.room().await;
        room.map_err(|error| LogError::Journal(error.to_string()))?;
        let sequence =
            self.shared.journal.submit(Entry { partition: id, operation: Operation::Delete, redo: Bytes::new() });
        let durable = self.shared.journal.wait_durable(sequence).await;
        durable.map_err(|error| LogError::Journal(error.to_string()))?;
        let writing = partition.writes_alone().await;
        self.shared.note_memory_freed(partition.tail_memory_bytes());
        self.shared.forget(&partition);
        self.shared.segment_files.forget(partition.directory());
        let shared = &self.shared;
        let delay = partition.config().file_delete_delay;
        if delay.is_zero() {
            remove_partition_directory(&shared.core, &shared.root, partition.directory(), id).await?;
        } else {
            let doomed = doom_partition_directory(&shared.core, &shared.root, partition.directory(), id).await?;
            shared.doomed.add(&shared.core, Doomed::Directory(doomed), delay);
        }
        drop(writing);
        Ok(())
    }

    /// Removes what recovery has found of a partition that is not to be.
    ///
    /// # Errors
    /// The disk's.
    pub async fn discard(&self, recovered: RecoveredPartition) -> Result<(), LogError> {
        remove_partition_directory(&self.shared.core, &self.shared.root, &recovered.directory, recovered.snapshot.id())
            .await
    }

    /// Writes everything to the segments, and marks the stop as clean. Nothing can be appended afterwards.
    ///
    /// # Errors
    /// The log directory is, or goes, offline.
    pub async fn close(&self) -> Result<(), LogError> {
        self.shared.check()?;
        let settled = stream::iter(self.all()).map(|partition| async move { self.settle(&partition).await });
        settled.buffer_unordered(WRITTEN_OUT_AT_ONCE).try_collect::<()>().await?;
        self.shared.closing.set(true);
        self.shared.wake_all();
        let _checkpointing = self.checkpointing.acquire(1).await;
        self.save_checkpoint(true).await?;
        let closed = self.shared.journal.close().await;
        closed.map_err(|error| LogError::Journal(error.to_string()))
    }

    /// Writes all of a partition to its segments.
    async fn settle(&self, partition: &Rc<Partition>) -> Result<(), LogError> {
        let _turn = partition.turn.acquire(1).await;
        if let Err(Unavailable::PartitionOffline(_) | Unavailable::Deleted) = partition.check() {
            return Ok(());
        }
        partition.wait_durable(partition.offsets().log_end).await?;
        partition.destage().await?;
        let base = partition.segment_bases().last().copied();
        if let Some(base) = base {
            let _writing = partition.writes_alone().await;
            partition.write_partial_block(base).await?;
        }
        partition.store_growing_index().await;
        self.store_epochs(partition).await;
        partition.make_unavailable(Unavailable::Closed);
        Ok(())
    }

    /// Writes Kafka's `leader-epoch-checkpoint` for Kafka's tools: Millrace itself reads its checkpoint.
    async fn store_epochs(&self, partition: &Partition) {
        let core = &self.shared.core;
        let path = partition.directory().join(layout::EPOCHS_FILE);
        let text = Bytes::from(partition.leader_epochs().to_text().into_bytes());
        let stored = async {
            let file = core.open(&path, OpenOptions { truncate: true, ..OpenOptions::read_write() }).await?;
            file.write_at(core, vec![text], 0, Durability::Deferred).await
        };
        if let Err(error) = stored.await {
            tracing::warn!(path = %path.display(), %error, "not stored");
        }
    }

    async fn checkpoint_forever(self: Rc<Self>) {
        loop {
            let wanted = self.shared.wants_checkpoint.notified();
            if self.shared.is_stopped() {
                return;
            }
            let pressed = match sync::select(pin!(self.shared.journal.pressed()), wanted).await {
                Either::First(Ok(sequence)) => Some(sequence),
                Either::First(Err(_failed)) => return,
                Either::Second(()) => None,
            };
            let checkpointing = self.checkpointing.acquire(1).await;
            if self.shared.is_stopped() {
                return;
            }
            let freed = self.free_journal(pressed).await;
            drop(checkpointing);
            if let Err(error) = freed {
                self.shared.fail(&format!("checkpoint: {error}"));
                return;
            }
        }
    }

    /// Makes everything before `pressed` unnecessary, checkpoints, and releases what nobody needs.
    async fn free_journal(&self, pressed: Option<Sequence>) -> Result<(), LogError> {
        if let Some(before) = pressed {
            self.write_out(before).await?;
        }
        self.shared.straight_bytes.set(0);
        let covered = self.save_checkpoint(false).await?;
        self.drop_segments().await?;
        let oldest = self.shared.partitions.borrow().values().filter_map(|partition| partition.oldest_redo()).min();
        let release = oldest.map_or(covered.next(), |oldest| oldest.min(covered.next()));
        self.shared.journal.release(release);
        self.shared.submit_dirty();
        Ok(())
    }

    /// Writes out every partition of which the journal holds something before `before`.
    async fn write_out(&self, before: Sequence) -> Result<(), LogError> {
        let holds = |partition: &Rc<Partition>| partition.oldest_redo().is_some_and(|oldest| oldest < before);
        let holding: Vec<_> = self.all().into_iter().filter(holds).collect();
        let mut writing = FuturesUnordered::new();
        for partition in holding {
            while writing.len() >= self.written_out_at_once() {
                writing.try_next().await?;
            }
            writing.push(async move { partition.destage_or_carry(before).await });
        }
        writing.try_collect::<()>().await
    }

    fn written_out_at_once(&self) -> usize {
        if self.shared.journal.has_ample_room() { WRITTEN_OUT_CALMLY } else { WRITTEN_OUT_AT_ONCE }
    }

    async fn save_checkpoint(&self, is_clean: bool) -> Result<Sequence, LogError> {
        let covered = self.shared.journal.durable();
        let snapshots: Vec<_> =
            self.shared.partitions.borrow().values().map(|partition| partition.snapshot()).collect();
        let reached: Vec<_> = snapshots.iter().map(|snapshot| (snapshot.id(), snapshot.durable_offset)).collect();
        let body = Body::new(self.start, snapshots).encode();
        let body = body.map_err(|error| LogError::Journal(format!("the checkpoint cannot be encoded: {error}")))?;
        let path = checkpoint_path(&self.shared.root, Some(self.shared.core.id().0));
        let saved = checkpoint::save(&self.shared.core, &path, &Checkpoint { covered, is_clean, body }).await;
        saved.map_err(|error| LogError::Journal(error.to_string()))?;
        for (id, durable_offset) in reached {
            if let Some(partition) = self.get(id) {
                partition.state.borrow_mut().checkpointed = durable_offset;
            }
        }
        self.shared.has_checkpoint.notify_all();
        Ok(covered)
    }

    /// Removes segments that waited for a checkpoint.
    async fn drop_segments(&self) -> Result<(), LogError> {
        for partition in self.all() {
            if partition.check().is_ok() && partition.state.borrow().has_droppable() {
                partition.drop_segments().await?;
            }
        }
        Ok(())
    }
}

impl Drop for CoreLog {
    fn drop(&mut self) {
        self.shared.let_go();
    }
}

/// The checkpoint of a core; without one, the checkpoint that recovery writes for all.
pub(crate) fn checkpoint_path(root: &Path, core: Option<u16>) -> PathBuf {
    let directory = root.join("journal");
    match core {
        Some(core) => directory.join(format!("{core}.checkpoint")),
        None => directory.join("recovered.checkpoint"),
    }
}
