//! One partition's log, as its core sees it.
//!
//! Invariants:
//! - `log start <= durable offset <= high watermark <= log end`; none of them moves back except by
//!   [`Partition::truncate`], which is for followers. While there is a single replica the high watermark is the durable
//!   offset or, of a topic with `millrace.durability=relaxed`, the log's end.
//! - Offsets become durable in order: what is durable is always a prefix of the log.
//! - Segments are sorted by base offset and touch: one's last offset is less than the next one's base offset. Only the
//!   last one takes appends.
//! - A borrow of the state is never held across an await.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use millrace_base::ids::{LeaderEpoch, Offset, TopicPartition};
use millrace_runtime::sync::{Acquire, Notify, Semaphore};

use crate::commit::{Pending, Run};
use crate::compaction::PreparedSwap;
use crate::epochs::LeaderEpochs;
use crate::error::{LogError, Unavailable};
use crate::index_file::Of;
use crate::journal::Sequence;
use crate::limits::SEGMENT_WRITES_AT_ONCE;
use crate::options::PartitionConfig;
use crate::producers::Producers;
use crate::read::View;
use crate::rot::RottenRange;
use crate::segment::{IndexSlot, Segment};
use crate::shared::Shared;
use crate::straight::Straight;
use crate::truncate::PreparedCut;

/// Where a partition's log begins and ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offsets {
    /// The first offset that may be read (inclusive).
    pub log_start: Offset,
    /// Exclusive end of what is committed: acknowledged, and read by consumers.
    pub high_watermark: Offset,
    /// Exclusive end of what is on stable storage.
    pub durable: Offset,
    /// Exclusive end of what was appended.
    pub log_end: Offset,
}

/// A partition's log. Lives on one core.
pub struct Partition {
    pub(crate) id: TopicPartition,
    pub(crate) topic_name: String,
    pub(crate) directory: PathBuf,
    pub(crate) shared: Rc<Shared>,
    pub(crate) state: RefCell<State>,
    /// Told when one of [`Offsets`] moved, the log's end alone aside, and when the log became unavailable.
    pub(crate) moved: Notify,
    /// Held by who changes the log's end; first come, first served.
    pub(crate) turn: Semaphore,
    /// Held by who writes to the segments' files: one permit by each run on its way straight to the active segment and
    /// by who reserves space for it, all of them by everyone else ([`Partition::writes_alone`]).
    pub(crate) writing: Semaphore,
    /// Held by who reserves space in the active segment's file.
    pub(crate) extending: Semaphore,
    pub(crate) is_dirty: Cell<bool>,
    pub(crate) is_queued_to_destage: Cell<bool>,
    pub(crate) is_noted_undestaged: Cell<bool>,
    pub(crate) is_queued_to_evict: Cell<bool>,
    pub(crate) is_queued_to_extend: Cell<bool>,
}

pub(crate) struct State {
    pub(crate) config: PartitionConfig,
    /// Raised by each truncation.
    pub(crate) generation: u32,
    pub(crate) log_start: Offset,
    /// What the log start will be when that is durable.
    pub(crate) log_start_wanted: Offset,
    pub(crate) log_end: Offset,
    pub(crate) durable_offset: Offset,
    pub(crate) high_watermark: Offset,
    /// What is below (exclusive) is in the newest checkpoint.
    pub(crate) checkpointed: Offset,
    pub(crate) epochs: LeaderEpochs,
    pub(crate) producers: Producers,
    /// Never empty.
    pub(crate) segments: VecDeque<Segment>,
    /// What was appended or decided and is not submitted to the journal yet, in order.
    pub(crate) pending: VecDeque<Pending>,
    /// What was submitted and is not durable yet, in order.
    pub(crate) runs: VecDeque<Run>,
    /// The runs that are on their way straight to the segment, in order.
    pub(crate) straights: VecDeque<Straight>,
    /// A cut whose entry is not durable yet.
    pub(crate) prepared_cut: Option<PreparedCut>,
    /// A replacement of segments whose entry is not durable yet.
    pub(crate) prepared_swap: Option<PreparedSwap>,
    /// Counts the replacements of segments by compaction.
    pub(crate) swaps: u32,
    /// What lies below (exclusive) has been compacted.
    pub(crate) cleaned_to: Offset,
    /// Somebody compacts it.
    pub(crate) is_being_cleaned: bool,
    /// Why it cannot be compacted any more.
    pub(crate) uncleanable: Option<String>,
    pub(crate) unavailable: Option<Unavailable>,
    /// What recovery has not found any more of it.
    pub(crate) lost: Option<String>,
}

impl State {
    /// The segment that takes appends.
    pub(crate) fn active(&mut self) -> &mut Segment {
        let Some(active) = self.segments.back_mut() else { unreachable!("a log always has a segment") };
        active
    }

    /// The segment that begins at `base_offset`.
    pub(crate) fn segment(&mut self, base_offset: Offset) -> Option<&mut Segment> {
        let index = self.segments.binary_search_by_key(&base_offset, |segment| segment.base_offset).ok()?;
        self.segments.get_mut(index)
    }

    /// Position among the segments of the one that holds `offset`, or the last one before it.
    pub(crate) fn segment_index(&self, offset: Offset) -> usize {
        self.segments.partition_point(|segment| segment.base_offset <= offset).saturating_sub(1)
    }

    /// Exclusive end of the offsets of the segment at `index`.
    pub(crate) fn segment_next_offset(&self, index: usize) -> Offset {
        self.segments.get(index + 1).map_or(self.log_end, |next| next.base_offset)
    }

    /// Whether the log was cut since it was of this generation.
    pub(crate) fn check_generation(&self, generation: u32) -> Result<(), Unavailable> {
        if self.generation == generation { Ok(()) } else { Err(Unavailable::Truncated) }
    }

    /// Whether what is seen in `view` is still there.
    pub(crate) fn check_view(&self, view: &View) -> Result<(), Unavailable> {
        self.check_generation(view.generation)?;
        if self.swaps == view.swaps { Ok(()) } else { Err(Unavailable::Replaced) }
    }

    pub(crate) fn size_bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.end).sum()
    }

    pub(crate) fn check(&self) -> Result<(), Unavailable> {
        self.unavailable.clone().map_or(Ok(()), Err)
    }
}

/// What a partition begins with.
pub(crate) struct NewState {
    pub(crate) generation: u32,
    pub(crate) log_start: Offset,
    pub(crate) log_end: Offset,
    pub(crate) epochs: LeaderEpochs,
    pub(crate) producers: Producers,
    pub(crate) segments: VecDeque<Segment>,
    pub(crate) lost: Option<String>,
    pub(crate) swaps: u32,
    pub(crate) cleaned_to: Offset,
}

impl Partition {
    pub(crate) fn new(
        id: TopicPartition,
        topic_name: &str,
        directory: PathBuf,
        shared: &Rc<Shared>,
        config: PartitionConfig,
        new: NewState,
    ) -> Rc<Partition> {
        let state = State {
            config,
            generation: new.generation,
            log_start: new.log_start,
            log_start_wanted: new.log_start,
            log_end: new.log_end,
            durable_offset: new.log_end,
            high_watermark: new.log_end,
            checkpointed: new.log_end,
            epochs: new.epochs,
            producers: new.producers,
            segments: new.segments,
            pending: VecDeque::new(),
            runs: VecDeque::new(),
            straights: VecDeque::new(),
            prepared_cut: None,
            prepared_swap: None,
            swaps: new.swaps,
            cleaned_to: new.cleaned_to,
            is_being_cleaned: false,
            uncleanable: None,
            unavailable: None,
            lost: new.lost,
        };
        Rc::new(Partition {
            id,
            topic_name: topic_name.to_owned(),
            directory,
            shared: shared.clone(),
            state: RefCell::new(state),
            moved: Notify::new(),
            turn: Semaphore::new(1),
            writing: Semaphore::new(SEGMENT_WRITES_AT_ONCE),
            extending: Semaphore::new(1),
            is_dirty: Cell::new(false),
            is_queued_to_destage: Cell::new(false),
            is_noted_undestaged: Cell::new(false),
            is_queued_to_evict: Cell::new(false),
            is_queued_to_extend: Cell::new(false),
        })
    }

    /// Waits until nobody writes to the segments' files; nobody else does while the permit is held.
    pub(crate) fn writes_alone(&self) -> Acquire {
        self.writing.acquire(SEGMENT_WRITES_AT_ONCE)
    }

    /// Its id.
    pub fn id(&self) -> TopicPartition {
        self.id
    }

    /// Its topic's name.
    pub fn topic_name(&self) -> &str {
        &self.topic_name
    }

    /// Its directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where the log begins and ends now.
    pub fn offsets(&self) -> Offsets {
        let state = self.state.borrow();
        Offsets {
            log_start: state.log_start,
            high_watermark: state.high_watermark,
            durable: state.durable_offset,
            log_end: state.log_end,
        }
    }

    /// Whether the log answers.
    ///
    /// # Errors
    /// Why it does not.
    pub fn check(&self) -> Result<(), Unavailable> {
        self.state.borrow().check()
    }

    /// Told when the durable offset, the high watermark or the log start moves, and when the log becomes unavailable:
    /// take a
    /// [`Notify::notified`], look at [`Self::offsets`] and [`Self::check`], then wait for it.
    pub fn notifier(&self) -> &Notify {
        &self.moved
    }

    /// Waits until everything below `offset` (exclusive) is on stable storage.
    ///
    /// # Errors
    /// The log became unavailable first, or was cut: nothing is known about what was not durable by then.
    pub async fn wait_durable(&self, offset: Offset) -> Result<(), Unavailable> {
        self.wait_until(|state| state.durable_offset >= offset).await
    }

    /// Waits until everything below `offset` (exclusive) is committed: it may be acknowledged, and is read.
    ///
    /// # Errors
    /// As [`Self::wait_durable`].
    pub async fn wait_committed(&self, offset: Offset) -> Result<(), Unavailable> {
        self.wait_until(|state| state.high_watermark >= offset).await
    }

    async fn wait_until(&self, is_reached: impl Fn(&State) -> bool) -> Result<(), Unavailable> {
        let generation = self.state.borrow().generation;
        loop {
            let moved = self.moved.notified();
            {
                let state = self.state.borrow();
                state.check_generation(generation)?;
                if is_reached(&state) {
                    return Ok(());
                }
                state.check()?;
            }
            moved.await;
        }
    }

    /// Takes on new settings; they hold for what is appended from now on.
    pub fn configure(&self, config: PartitionConfig) {
        self.state.borrow_mut().config = config;
    }

    /// Its settings.
    pub fn config(&self) -> PartitionConfig {
        self.state.borrow().config.clone()
    }

    /// The leader epochs of its batches.
    pub fn leader_epochs(&self) -> LeaderEpochs {
        self.state.borrow().epochs.clone()
    }

    /// The greatest known epoch that is not above `epoch`, and where it ends (exclusive); `(-1, -1)` for unknown ones.
    pub fn offset_for_leader_epoch(&self, epoch: LeaderEpoch) -> (LeaderEpoch, Offset) {
        let state = self.state.borrow();
        state.epochs.end_offset(epoch, state.log_end)
    }

    /// What it knows about idempotent producers.
    pub fn producers(&self) -> Producers {
        self.state.borrow().producers.clone()
    }

    /// Damage that was found, by segment (base offset).
    pub fn rot(&self) -> Vec<(Offset, RottenRange)> {
        let state = self.state.borrow();
        let of = |segment: &Segment| -> Vec<_> {
            segment.rot.ranges().iter().map(|range| (segment.base_offset, *range)).collect()
        };
        state.segments.iter().flat_map(of).collect()
    }

    /// Bytes of all its segments, by valid length.
    pub fn size_bytes(&self) -> u64 {
        self.state.borrow().size_bytes()
    }

    /// The base offsets of its segments.
    pub fn segment_bases(&self) -> Vec<Offset> {
        self.state.borrow().segments.iter().map(|segment| segment.base_offset).collect()
    }

    /// Answers nothing any more, for the reason given; the first reason stays. Who waits is told.
    pub(crate) fn make_unavailable(&self, reason: Unavailable) {
        let mut state = self.state.borrow_mut();
        if state.unavailable.is_none() {
            state.unavailable = Some(reason);
        }
        drop(state);
        self.shared.read_ahead.forget(self.id);
        self.moved.notify_all();
    }

    /// Bytes of memory that its tails take.
    pub(crate) fn tail_memory_bytes(&self) -> usize {
        self.state.borrow().segments.iter().map(|segment| segment.tail.memory_bytes()).sum()
    }

    /// The epoch of its last batch, or `-1`.
    pub fn leader_epoch(&self) -> LeaderEpoch {
        self.state.borrow().epochs.latest().unwrap_or(millrace_record::header::NO_LEADER_EPOCH)
    }

    /// The epoch of the batch at `offset`, or that of the last one before it; `-1` when none is known.
    pub fn leader_epoch_at(&self, offset: Offset) -> LeaderEpoch {
        self.state.borrow().epochs.epoch_of(offset).unwrap_or(millrace_record::header::NO_LEADER_EPOCH)
    }

    /// The oldest commit that holds bytes which are in no segment.
    pub(crate) fn oldest_redo(&self) -> Option<Sequence> {
        let state = self.state.borrow();
        state.segments.iter().flat_map(|segment| segment.redo.iter().map(|redo| redo.sequence)).min()
    }

    /// Makes everything before `before` in the journal unnecessary for this partition: whole blocks go to their
    /// segments, the partial one goes into the journal anew.
    ///
    /// # Errors
    /// The log is, or becomes, unavailable.
    pub(crate) async fn destage_or_carry(self: &Rc<Self>, before: Sequence) -> Result<(), LogError> {
        if self.check().is_err() {
            return Ok(());
        }
        // What is not durable yet could neither be destaged nor carried in one entry.
        let durable = self.shared.journal.wait_durable(Sequence(before.0.saturating_sub(1))).await;
        durable.map_err(|error| LogError::Journal(error.to_string()))?;
        self.destage().await?;
        let mut carried = Vec::new();
        for base in self.segment_bases() {
            if let Some(submission) = self.carry_before(base, before) {
                carried.push((base, self.submit(submission)));
            }
        }
        for (base, sequence) in carried {
            let durable = self.shared.journal.wait_durable(sequence).await;
            durable.map_err(|error| LogError::Journal(error.to_string()))?;
            if let Some(segment) = self.state.borrow_mut().segment(base) {
                segment.redo.retain(|redo| redo.sequence >= before);
            }
        }
        Ok(())
    }

    /// Stores the index of the segment that takes appends.
    pub(crate) async fn store_growing_index(&self) {
        let growing = {
            let state = self.state.borrow();
            state.segments.back().and_then(|segment| match &segment.index {
                IndexSlot::Growing(index) if index.complete_from == 0 => {
                    let Segment { base_offset, end, revision, .. } = *segment;
                    Some((Of { base: base_offset, end, revision }, index.clone()))
                }
                _ => None,
            })
        };
        if let Some((of, index)) = growing {
            self.store_index(of, &index).await;
        }
    }
}
