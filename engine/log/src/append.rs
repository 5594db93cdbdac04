//! Appending: space, segment, offset, producer state, tail.
//!
//! Invariants:
//! - Appends to one partition take their turns in the order in which they were called.
//! - Everything that can fail comes before an offset is given; from then on the append cannot be refused, only the
//!   whole log can become unavailable.

use std::hash::BuildHasher;
use std::io;
use std::rc::Rc;

use millrace_base::broker_config::Durability;
use millrace_base::hash::FixedState;
use millrace_base::ids::{LeaderEpoch, Offset, TopicPartition};
use millrace_record::batch::{Batch, batches};
use millrace_record::header::{BatchHeader, HEADER_BYTES, TimestampType, stamp};
use millrace_record::validate::Restamp;
use millrace_runtime::sync::Permit;

use crate::commit::{Pending, PendingAppend};
use crate::error::{AppendError, LogError, Unavailable};
use crate::extend::Extent;
use crate::limits::{BATCH_BYTES_MAX, INDEX_ENTRY_BYTES, SEGMENT_BYTES_MAX, SEGMENT_OFFSETS, block_ceil};
use crate::options::PartitionConfig;
use crate::partition::{Partition, State};
use crate::producers::Admission;
use crate::segment::{IndexSlot, Segment};

/// Who appends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A client's Produce: exactly one batch, which gets the next offset; sequences are checked.
    Client,
    /// A leader, to its follower: batches keep their offsets and epochs; sequences are noted, not checked.
    Replica,
    /// A coordinator of this broker: batches get the next offsets; sequences are noted, not checked.
    Coordinator,
}

/// What is to be appended.
#[derive(Clone, Debug)]
pub struct Append<'a> {
    /// Whole batches, validated.
    pub batches: &'a [u8],
    /// Who appends.
    pub origin: Origin,
    /// The epoch of this broker's leadership; not used for [`Origin::Replica`].
    pub leader_epoch: LeaderEpoch,
    /// The timestamp that validation wants in the (only) batch's header.
    pub restamp: Option<Restamp>,
}

/// What an append got. It is acknowledged when [`Partition::wait_committed`] has returned for `next_offset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Offset of the first record.
    pub base_offset: Offset,
    /// The offset after the last record.
    pub next_offset: Offset,
    /// When the broker appended it, Unix ms, if that is the batch's timestamp; else `-1`.
    pub log_append_time_ms: i64,
    /// The log start offset.
    pub log_start: Offset,
    /// The same batch had been appended before, and this is where.
    pub is_duplicate: bool,
}

/// What has to be done before bytes can be appended.
enum Need {
    Nothing,
    Roll,
    Extent(Extent),
    /// Of what the tails may take.
    Memory,
    /// A buffer of so many bytes: the core has no room for one now.
    Buffer(usize),
}

impl Partition {
    /// Appends batches: they have their offsets when this returns, are committed when [`Self::wait_committed`] returns,
    /// and durable when [`Self::wait_durable`] does.
    ///
    /// # Errors
    /// [`AppendError`]; nothing has changed then.
    pub async fn append(self: &Rc<Self>, append: &Append<'_>) -> Result<Appended, AppendError> {
        let first = check_shape(append)?;
        let _turn = self.turn.acquire(1).await;
        if let Some(duplicate) = self.state.borrow().admit(append, &first)? {
            return Ok(duplicate);
        }
        self.make_room(&first, append.batches.len() as u64).await?;
        Ok(self.append_now(append))
    }

    /// As [`Self::append`], when nothing has to be waited for: no turn, no room. Gives nothing when something has, and
    /// nothing was appended.
    pub fn append_at_once(self: &Rc<Self>, append: &Append<'_>) -> Option<Result<Appended, AppendError>> {
        let first = match check_shape(append) {
            Ok(first) => first,
            Err(error) => return Some(Err(error)),
        };
        let _turn = self.turn.try_acquire(1)?;
        match self.state.borrow().admit(append, &first) {
            Ok(None) => {}
            Ok(Some(duplicate)) => return Some(Ok(duplicate)),
            Err(error) => return Some(Err(error)),
        }
        match self.need(&first, append.batches.len() as u64, None) {
            Ok(Need::Nothing) => Some(Ok(self.append_now(append))),
            Ok(Need::Roll | Need::Extent(_) | Need::Memory | Need::Buffer(_)) => None,
            Err(error) => Some(Err(error)),
        }
    }

    /// Does what is needed until `bytes` more fit into the active segment, its file and its tail.
    async fn make_room(self: &Rc<Self>, first: &Batch<'_>, bytes: u64) -> Result<(), AppendError> {
        loop {
            match self.need(first, bytes, None)? {
                Need::Nothing => return Ok(()),
                Need::Roll => self.roll(bytes).await?,
                Need::Extent(_) => {
                    let _alone = self.extending.acquire(1).await;
                    // It may have been reserved meanwhile.
                    if let Need::Extent(extent) = self.need(first, bytes, None)? {
                        self.reserve(extent).await.map_err(|error| self.space_error(error))?;
                    }
                }
                Need::Memory | Need::Buffer(_) => self.reserve_memory(first, bytes).await?,
            }
            self.check()?;
        }
    }

    /// Waits in line until the tail has room for `bytes` more, or something else is needed before.
    async fn reserve_memory(&self, first: &Batch<'_>, bytes: u64) -> Result<(), AppendError> {
        let first_in_line = self.shared.line_up_for_memory().await;
        loop {
            self.check()?;
            match self.need(first, bytes, Some(&first_in_line))? {
                Need::Memory => self.shared.wait_for_memory().await?,
                Need::Buffer(bytes) => self.shared.wait_for_buffer(bytes).await?,
                Need::Nothing | Need::Roll | Need::Extent(_) => return Ok(()),
            }
        }
    }

    /// What is needed before `bytes` can be appended. Nothing: the tail has room for them from then on. Memory is given
    /// to the first in line only, where there is one.
    fn need(&self, first: &Batch<'_>, bytes: u64, first_in_line: Option<&Permit>) -> Result<Need, AppendError> {
        let mut state = self.state.borrow_mut();
        let segment_bytes = state.config.segment_bytes_max();
        if bytes > segment_bytes {
            return Err(AppendError::TooLarge { bytes, segment_bytes });
        }
        if self.is_roll_due(&mut state, first, bytes, segment_bytes) {
            return Ok(Need::Roll);
        }
        let is_preallocated = state.config.is_preallocated;
        let active = state.active();
        let needed = block_ceil(active.end + bytes);
        if needed > active.allocated {
            let needed = if is_preallocated { block_ceil(segment_bytes).max(needed) } else { needed };
            return Ok(Need::Extent(active.next_extent(needed, segment_bytes)));
        }
        if active.tail.room() as u64 >= bytes {
            return Ok(Need::Nothing);
        }
        // Giving up chunks looks at partitions, maybe this one too.
        drop(state);
        if !self.shared.may_take_memory(bytes, first_in_line) {
            return Ok(Need::Memory);
        }
        let mut state = self.state.borrow_mut();
        let active = state.active();
        let chunk_bytes_max = self.shared.chunk_bytes_max();
        let before = active.tail.memory_bytes();
        let reserved = active.tail.reserve(self.shared.core.buffers(), bytes as usize, chunk_bytes_max);
        // Also when it was not enough.
        self.shared.note_memory_taken(active.tail.memory_bytes() - before);
        match reserved {
            Ok(()) => Ok(Need::Nothing),
            Err(exhausted) => {
                tracing::debug!(partition = %self.id, %exhausted, "append waits for memory");
                Ok(Need::Buffer(exhausted.requested_bytes))
            }
        }
    }

    /// Begins a new segment at the log's end, for `bytes` at least; the caller has the turn. Its file is durably there
    /// before anything refers to it.
    pub(crate) async fn roll(self: &Rc<Self>, bytes: u64) -> Result<(), AppendError> {
        let (base_offset, bytes) = {
            let state = self.state.borrow();
            (state.log_end, state.config.first_bytes(bytes))
        };
        let created = self.shared.create_segment_file(&self.directory, base_offset, bytes).await;
        let (file, allocated) = created.map_err(|error| match error {
            LogError::Io { what, error } => self.space_error(io::Error::new(error.kind(), format!("{what}: {error}"))),
            other => self.space_error(io::Error::other(other.to_string())),
        })?;
        self.check()?;
        let mut state = self.state.borrow_mut();
        let generation = state.generation;
        state.active().is_closed = true;
        state.pending.push_back(Pending::Roll { segment: base_offset, generation });
        state.segments.push_back(Segment::create(base_offset, file, allocated));
        drop(state);
        self.shared.mark_dirty(self);
        Ok(())
    }

    /// Gives offsets and copies into the tail. Room was made, and nothing was awaited since.
    fn append_now(self: &Rc<Self>, append: &Append<'_>) -> Appended {
        let now_ms = self.shared.core.wall_ms();
        let mut restamped = Vec::new();
        let bytes = match &append.restamp {
            None => append.batches,
            Some(restamp) => {
                restamped.extend_from_slice(append.batches);
                if let Err(error) = restamp.apply(&mut restamped) {
                    unreachable!("a batch that was checked has a header: {error}");
                }
                &restamped
            }
        };
        let mut state = self.state.borrow_mut();
        let state = &mut *state;
        let mut base = None;
        for batch in batches(bytes).map_while(Result::ok) {
            let keeps_offsets = append.origin == Origin::Replica;
            let offset = if keeps_offsets { batch.base_offset() } else { state.log_end };
            let epoch = if keeps_offsets { batch.leader_epoch() } else { append.leader_epoch };
            base.get_or_insert(offset);
            if state.producers.is_news(&batch) {
                // Only then can there be more of them than before.
                state.producers.expire(now_ms, self.shared.options.producer_expiry_ms);
            }
            state.append_batch(&batch, offset, epoch, now_ms);
        }
        let base_offset = base.unwrap_or(state.log_end);
        let is_committed = state.high_watermark == state.log_end;
        let is_append_time = append.restamp.filter(|restamp| restamp.timestamp_type == TimestampType::LogAppendTime);
        let appended = Appended {
            base_offset,
            next_offset: state.log_end,
            log_append_time_ms: is_append_time.map_or(-1, |restamp| restamp.max_timestamp),
            log_start: state.log_start,
            is_duplicate: false,
        };
        if state.active().is_nearly_used() {
            self.shared.queue_extension(self);
        }
        self.shared.mark_dirty(self);
        if is_committed {
            self.moved.notify_all();
        }
        appended
    }

    /// Whether the next batch begins a new segment: by size, by time (as Kafka counts it, by the batches' own
    /// timestamps, and by the broker's clock where they have none), because its index is full, or because its offset is
    /// too far from the segment's.
    fn is_roll_due(&self, state: &mut State, first: &Batch<'_>, bytes: u64, segment_bytes: u64) -> bool {
        let (log_end, config) = (state.log_end, state.config.clone());
        let active = state.active();
        // What has no offset of its own is no segment of its own: it is empty, or all in it is damage of unknown
        // offsets.
        if active.end == 0 || log_end <= active.base_offset {
            return false;
        }
        let (first_timestamp, entries) = match &active.index {
            IndexSlot::Growing(index) => (index.first_timestamp, index.entries.len()),
            IndexSlot::Loaded(index) => (index.first_timestamp, index.entries.len()),
            IndexSlot::Stored => (None, 0),
        };
        let age_ms = match first_timestamp.filter(|timestamp| *timestamp >= 0) {
            Some(oldest) => first.max_timestamp().saturating_sub(oldest),
            None => active.first_append_ms.map_or(0, |since| self.shared.core.wall_ms().saturating_sub(since)),
        };
        let is_old = age_ms > config.segment_ms - roll_jitter_ms(self.id, active.base_offset, &config);
        let is_index_full = entries as u64 >= config.segment_index_bytes / INDEX_ENTRY_BYTES;
        let last = log_end.max(first.base_offset()) + i64::from(first.last_offset_delta());
        let is_far = last - active.base_offset >= SEGMENT_OFFSETS;
        active.end + bytes > segment_bytes || is_old || is_index_full || is_far
    }

    /// A full disk is the append's error; anything else takes the log directory offline.
    pub(crate) fn space_error(&self, error: io::Error) -> AppendError {
        if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
            return AppendError::NoSpace(error);
        }
        let reason = format!("{}: {error}", self.directory.display());
        AppendError::Unavailable(self.shared.fail(&reason))
    }
}

impl State {
    /// Whether it may be appended; what it got, if it was before.
    fn admit(&self, append: &Append<'_>, first: &Batch<'_>) -> Result<Option<Appended>, AppendError> {
        self.check()?;
        match append.origin {
            Origin::Client => {
                if let Admission::Duplicate(old) = self.producers.admit(first)? {
                    return Ok(Some(Appended {
                        base_offset: old.base_offset,
                        next_offset: old.last_offset + 1,
                        // As in Kafka the batch's own timestamp, whosever clock it shows.
                        log_append_time_ms: old.timestamp_ms,
                        log_start: self.log_start,
                        is_duplicate: true,
                    }));
                }
                check_epoch(self, append.leader_epoch)?;
            }
            Origin::Coordinator => check_epoch(self, append.leader_epoch)?,
            Origin::Replica if first.base_offset() < self.log_end => {
                return Err(AppendError::OffsetBehind { found: first.base_offset(), log_end: self.log_end });
            }
            Origin::Replica => check_epoch(self, first.leader_epoch())?,
        }
        Ok(None)
    }

    fn append_batch(&mut self, batch: &Batch<'_>, offset: Offset, epoch: LeaderEpoch, now_ms: i64) {
        let next_offset = offset + i64::from(batch.last_offset_delta()) + 1;
        let interval = self.config.index_interval_bytes;
        let segment = self.active();
        assert!(offset >= segment.base_offset && next_offset > offset, "offset {offset} to {next_offset}");
        let position = segment.end;
        segment.first_append_ms.get_or_insert(now_ms);
        let (head, rest) = batch.bytes().split_at(HEADER_BYTES);
        let mut header = [0; HEADER_BYTES];
        header.copy_from_slice(head);
        if let Err(error) = stamp(&mut header, offset, epoch) {
            unreachable!("a header is {} bytes: {error}", size_of::<BatchHeader>());
        }
        segment.tail.append(&header);
        segment.tail.append(rest);
        segment.end += batch.batch_bytes() as u64;
        let pending = PendingAppend {
            segment: segment.base_offset,
            first_offset: offset,
            next_offset,
            end: segment.end,
            max_timestamp: batch.max_timestamp(),
            leader_epoch: epoch,
        };
        if let IndexSlot::Growing(index) = &mut segment.index {
            let relative = (offset - segment.base_offset) as u32;
            index.note(interval, relative, position, batch.batch_bytes() as u64, batch.max_timestamp());
        }
        self.pending.push_back(Pending::Append(pending));
        self.epochs.assign(epoch, offset);
        self.producers.note(batch, offset, now_ms);
        self.log_end = next_offset;
        if self.config.durability == Durability::Relaxed {
            self.high_watermark = next_offset;
            let segment = self.active();
            segment.visible = segment.end;
        }
    }
}

/// What of `segment.ms` a segment is to let go of: `segment.jitter.ms` at most. Drawn from the segment's name, so that
/// it stays the same for as long as the segment takes appends, and differs from partition to partition.
pub(crate) fn roll_jitter_ms(partition: TopicPartition, base_offset: Offset, config: &PartitionConfig) -> i64 {
    let most = config.segment_jitter_ms.min(config.segment_ms);
    if most <= 0 {
        return 0;
    }
    let drawn = FixedState::default().hash_one((partition, base_offset));
    (drawn % most.unsigned_abs()).cast_signed()
}

fn check_epoch(state: &State, found: LeaderEpoch) -> Result<(), AppendError> {
    match state.epochs.latest() {
        Some(current) if found < current && found >= 0 => Err(AppendError::StaleLeaderEpoch { found, current }),
        _ => Ok(()),
    }
}

/// Whole batches, one of them where a client appends; gives the first.
fn check_shape<'a>(append: &Append<'a>) -> Result<Batch<'a>, AppendError> {
    let bytes = append.batches.len() as u64;
    if bytes > BATCH_BYTES_MAX {
        return Err(AppendError::TooLarge { bytes, segment_bytes: SEGMENT_BYTES_MAX });
    }
    let mut first = None;
    let mut count = 0;
    let mut next_offset = Offset::MIN;
    for batch in batches(append.batches) {
        let batch = batch?;
        count += 1;
        if append.origin == Origin::Replica && batch.base_offset() < next_offset {
            return Err(AppendError::OffsetBehind { found: batch.base_offset(), log_end: next_offset });
        }
        next_offset = batch.next_offset();
        if batch.last_offset_delta() < 0 || batch.base_offset() < 0 {
            return Err(AppendError::Record(millrace_record::RecordError::RecordCount(batch.last_offset_delta())));
        }
        first.get_or_insert(batch);
    }
    match first {
        Some(first) if count == 1 || (append.origin != Origin::Client && append.restamp.is_none()) => Ok(first),
        _ => Err(AppendError::BatchCount(count)),
    }
}

impl From<LogError> for Unavailable {
    fn from(error: LogError) -> Unavailable {
        match error {
            LogError::Unavailable(unavailable) => unavailable,
            other => Unavailable::DirectoryOffline(other.to_string().into()),
        }
    }
}
