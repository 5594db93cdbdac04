//! The log's beginning: records that are deleted, or have outlived their time, and the segments that held them.
//!
//! Invariants:
//! - The log start moves up only, and is durable before the file of any segment below it is removed.
//! - Whole segments go, when they are sealed and the segment behind them is durably begun; the last one never goes.
//! - A checkpoint has what the batches of a segment say of producers before the segment goes.
//! - A reader that has a segment's descriptor keeps what it points to: files may go under an answer on its way.

use std::path::Path;
use std::rc::Rc;

use millrace_base::ids::Offset;
use millrace_base::io_error::DiskFault;

use crate::commit::Pending;
use crate::error::{AppendError, ReadError, Unavailable};
use crate::layout;
use crate::limits::BLOCK_BYTES;
use crate::partition::{Offsets, Partition, State};
use crate::segment::Segment;

impl Partition {
    /// Deletes everything below `before`, as far as whole segments; the rest of the first segment is there, and not
    /// served. Gives the log start, which is durable.
    ///
    /// # Errors
    /// `OutOfRange` when `before` is negative or above the high watermark; the log is, or becomes, unavailable.
    pub async fn delete_records(self: &Rc<Self>, before: Offset) -> Result<Offset, ReadError> {
        self.check()?;
        let Offsets { log_start, high_watermark, .. } = self.offsets();
        if !(0..=high_watermark).contains(&before) {
            return Err(ReadError::OutOfRange { offset: before, start: log_start, end: high_watermark });
        }
        self.wait_durable(before).await?;
        self.move_log_start(before).await?;
        self.drop_segments().await?;
        Ok(self.offsets().log_start)
    }

    /// Deletes the segments that the topic's retention does not keep, by time (`now_ms`, Unix ms) and by size.
    ///
    /// # Errors
    /// The log is, or becomes, unavailable, or a segment's index cannot be read.
    pub async fn enforce_retention(self: &Rc<Self>, now_ms: i64) -> Result<(), ReadError> {
        self.check()?;
        let expired = self.unless_replaced(async || self.expired_until(now_ms).await).await?;
        let kept = self.oversized_until().max(expired);
        self.move_log_start(kept).await?;
        Ok(self.drop_segments().await?)
    }

    /// The log start that `retention.ms` asks for. As in Kafka a segment goes when its newest record is too old; when
    /// that is so of all, the last one is closed first.
    async fn expired_until(self: &Rc<Self>, now_ms: i64) -> Result<Offset, ReadError> {
        let Some(retention_ms) = self.config().retention_ms else { return Ok(0) };
        let mut until = 0;
        for base in self.segment_bases() {
            let index = self.full_index(base).await?;
            let is_expired = index.max_timestamp >= 0 && now_ms.saturating_sub(index.max_timestamp) > retention_ms;
            if !is_expired {
                break;
            }
            if self.is_active(base) {
                self.roll_unless_appended(base, index.max_timestamp).await?;
            }
            until = self.durable_end_of(base).unwrap_or(until);
        }
        Ok(until)
    }

    /// The log start that `retention.bytes` asks for: the oldest segments go as long as the rest is large enough.
    fn oversized_until(&self) -> Offset {
        let state = self.state.borrow();
        let Some(retention_bytes) = state.config.retention_bytes else { return 0 };
        let mut excess = state.size_bytes().saturating_sub(retention_bytes);
        let mut until = 0;
        for (segment, next) in state.segments.iter().zip(state.segments.iter().skip(1)) {
            if segment.end > excess || next.base_offset > state.durable_offset {
                break;
            }
            excess -= segment.end;
            until = next.base_offset;
        }
        until
    }

    fn is_active(&self, base: Offset) -> bool {
        self.state.borrow().segments.back().is_some_and(|last| last.base_offset == base)
    }

    /// Where the segment ends, if another one follows and all of it is durable.
    fn durable_end_of(&self, base: Offset) -> Option<Offset> {
        let state = self.state.borrow();
        let next = state.segments.get(state.segment_index(base) + 1)?.base_offset;
        (next <= state.durable_offset).then_some(next)
    }

    /// Begins a new segment, unless something newer than `max_timestamp` was appended to the active one meanwhile.
    async fn roll_unless_appended(self: &Rc<Self>, base: Offset, max_timestamp: i64) -> Result<(), ReadError> {
        let _turn = self.turn.acquire(1).await;
        self.check()?;
        let is_same = self.full_index(base).await?.max_timestamp == max_timestamp;
        if !is_same || !self.is_active(base) {
            return Ok(());
        }
        match self.roll(BLOCK_BYTES).await {
            Ok(()) => Ok(()),
            Err(AppendError::Unavailable(unavailable)) => Err(unavailable.into()),
            Err(error) => {
                tracing::warn!(partition = %self.id, %error, "expired records stay: no new segment can be begun");
                Ok(())
            }
        }
    }

    async fn move_log_start(self: &Rc<Self>, to: Offset) -> Result<(), Unavailable> {
        if to <= self.offsets().log_start {
            return Ok(());
        }
        let to = {
            let _turn = self.turn.acquire(1).await;
            self.check()?;
            let mut state = self.state.borrow_mut();
            // The log may have been cut meanwhile.
            let to = to.min(state.durable_offset);
            state.log_start_wanted = state.log_start_wanted.max(to);
            state.pending.push_back(Pending::LogStart { offset: to });
            to
        };
        self.shared.mark_dirty(self);
        loop {
            let moved = self.moved.notified();
            if self.offsets().log_start >= to {
                return Ok(());
            }
            self.check()?;
            moved.await;
        }
    }

    /// Removes the segments below the log start that are ready for it; asks for a checkpoint where one is missing.
    pub(crate) async fn drop_segments(self: &Rc<Self>) -> Result<(), Unavailable> {
        let writing = self.writes_alone().await;
        self.check()?;
        loop {
            let gone = self.state.borrow_mut().pop_below_log_start();
            let Some(gone) = gone else { break };
            self.shared.note_memory_freed(gone.tail.memory_bytes());
            self.doom_segment_files(gone.base_offset).await?;
        }
        drop(writing);
        // A run may have found the files in use.
        self.shared.mark_dirty(self);
        if self.state.borrow().lacks_checkpoint() {
            self.shared.wants_checkpoint.notify_all();
        }
        Ok(())
    }

    /// Takes a segment that retention does not keep out of the log; its file goes after `file.delete.delay.ms`.
    async fn doom_segment_files(&self, base: Offset) -> Result<(), Unavailable> {
        let path = layout::segment_file(&self.directory, base);
        self.shared.segment_files.forget(&path);
        self.remove(&layout::index_file(&self.directory, base)).await?;
        let doomed = layout::deleted_segment_file(&self.directory, base);
        match self.shared.doom_file(&path, doomed, self.config().file_delete_delay).await {
            Err(error) if DiskFault::of_read(&error) != DiskFault::Absent => {
                Err(self.shared.fail(&format!("remove {}: {error}", path.display())))
            }
            _ => Ok(()),
        }
    }

    /// Removes a segment that is no part of the log any more.
    pub(crate) async fn remove_segment_files(&self, base: Offset) -> Result<(), Unavailable> {
        let path = layout::segment_file(&self.directory, base);
        self.shared.segment_files.forget(&path);
        self.remove(&layout::index_file(&self.directory, base)).await?;
        self.remove(&path).await
    }

    pub(crate) async fn remove(&self, path: &Path) -> Result<(), Unavailable> {
        match self.shared.core.remove_file(path).await {
            Err(error) if DiskFault::of_read(&error) != DiskFault::Absent => {
                Err(self.shared.fail(&format!("remove {}: {error}", path.display())))
            }
            _ => Ok(()),
        }
    }
}

impl State {
    fn pop_below_log_start(&mut self) -> Option<Segment> {
        let may_go = self.next_start_below().is_some_and(|next_start| next_start <= self.checkpointed);
        if may_go { self.segments.pop_front() } else { None }
    }

    /// Whether a segment below the log start may go.
    pub(crate) fn has_droppable(&self) -> bool {
        self.next_start_below().is_some()
    }

    fn lacks_checkpoint(&self) -> bool {
        self.next_start_below().is_some_and(|next_start| next_start > self.checkpointed)
    }

    /// Where the second segment begins, if the first one may go.
    fn next_start_below(&self) -> Option<Offset> {
        if self.prepared_swap.is_some() {
            // The journal is about to say that a file took its place.
            return None;
        }
        let (first, next) = (self.segments.front()?, self.segments.get(1)?);
        let may_go = first.is_sealed && next.is_begun && next.base_offset <= self.log_start;
        may_go.then_some(next.base_offset)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use millrace_base::ids::{TopicId, TopicPartition};
    use millrace_runtime::Core;

    use super::*;
    use crate::testing::{batch_bytes, on_sim};
    use crate::{Append, CoreLog, LogDirectory, LogOptions, Origin, PartitionConfig};

    const BATCHES: Offset = 40;
    const VALUE_BYTES: u64 = 3_000;
    const SEGMENT_BYTES: u64 = 16 * 1024;

    /// What is left of a log of [`BATCHES`] batches with the timestamps 0, 1, 2, ... ms after a look at `now_ms`: its
    /// start and end.
    fn left(config: PartitionConfig, now_ms: i64) -> (Offset, Offset) {
        on_sim(1, async move |core: Core| {
            let directory = LogDirectory::open(&core, Path::new("/log"), 1).await.unwrap();
            let log = CoreLog::open(&core, Path::new("/log"), LogOptions::default(), directory.start).await.unwrap();
            let id = TopicPartition { topic: TopicId([1; 16]), partition: 0 };
            let config = PartitionConfig { segment_bytes: SEGMENT_BYTES, ..config };
            let partition = log.create_partition(id, "topic", config).await.unwrap();
            for timestamp in 0..BATCHES {
                let batches = &batch_bytes(None, 1, timestamp, &vec![0; VALUE_BYTES as usize]);
                let append = Append { batches, origin: Origin::Client, leader_epoch: 0, restamp: None };
                let appended = partition.append(&append).await.unwrap();
                partition.wait_durable(appended.next_offset).await.unwrap();
            }
            partition.enforce_retention(now_ms).await.unwrap();
            let offsets = partition.offsets();
            (offsets.log_start, offsets.log_end)
        })
    }

    #[test]
    fn a_log_without_limits_keeps_everything_for_ever() {
        let (start, end) = left(PartitionConfig::default(), i64::MAX);
        assert_eq!((start, end), (0, BATCHES));
    }

    #[test]
    fn a_segment_goes_when_its_newest_record_is_too_old() {
        let config = PartitionConfig { retention_ms: Some(10), ..PartitionConfig::default() };
        let (start, end) = left(config.clone(), 30);
        // Five batches a segment: the last too old is 19, the newest of the fourth one.
        assert_eq!((start, end), (20, BATCHES));
        assert_eq!(left(config, 1_000).0, BATCHES, "the last segment goes as well when all of it is too old");
    }

    #[test]
    fn the_oldest_segments_go_while_the_rest_is_large_enough() {
        let limit = 40_000;
        let config = PartitionConfig { retention_bytes: Some(limit), ..PartitionConfig::default() };
        let (start, end) = left(config, 0);
        let kept = (end - start) as u64 * VALUE_BYTES;
        assert!(end == BATCHES && start % 5 == 0, "{start}..{end}");
        assert!((limit..limit + SEGMENT_BYTES).contains(&(kept + kept / 20)), "{kept} bytes");
    }

    #[test]
    fn a_segment_stays_until_it_is_older_than_it_may_be_and_as_long_as_the_rest_is_too_small() {
        let of_time = |now_ms| {
            let config = PartitionConfig { retention_ms: Some(10), ..PartitionConfig::default() };
            left(config, now_ms).0
        };
        // The newest record of the first segment is that of 4 ms.
        assert_eq!((of_time(14), of_time(15)), (0, 5));
        let batch_bytes = batch_bytes(None, 1, 0, &vec![0; VALUE_BYTES as usize]).len() as u64;
        let of_size = |bytes| {
            let config = PartitionConfig { retention_bytes: Some(bytes), ..PartitionConfig::default() };
            left(config, 0).0
        };
        let without_first = (BATCHES as u64 - 5) * batch_bytes;
        assert_eq!((of_size(without_first + 1), of_size(without_first)), (0, 5));
    }

    /// How many files of deleted segments there are, and how many of segments.
    async fn files(core: &Core) -> (usize, usize) {
        let names = core.read_dir(Path::new("/log/topic-0")).await.unwrap();
        let count = |suffix: &str| names.iter().filter(|file| file.name.ends_with(suffix)).count();
        (count(".log.deleted"), count(".log"))
    }

    #[test]
    fn what_is_deleted_stays_on_the_disk_for_its_delay() {
        on_sim(1, async move |core: Core| {
            let directory = LogDirectory::open(&core, Path::new("/log"), 1).await.unwrap();
            let log = CoreLog::open(&core, Path::new("/log"), LogOptions::default(), directory.start).await.unwrap();
            let id = TopicPartition { topic: TopicId([1; 16]), partition: 0 };
            let config = PartitionConfig { segment_bytes: SEGMENT_BYTES, ..PartitionConfig::default() };
            let partition = log.create_partition(id, "topic", config).await.unwrap();
            for _ in 0..BATCHES {
                let batches = &batch_bytes(None, 1, 0, &vec![0; VALUE_BYTES as usize]);
                let append = Append { batches, origin: Origin::Client, leader_epoch: 0, restamp: None };
                let appended = partition.append(&append).await.unwrap();
                partition.wait_durable(appended.next_offset).await.unwrap();
            }
            partition.delete_records(20).await.unwrap();
            // Those that waited for a checkpoint go when it is there.
            while files(&core).await.0 < 4 {
                core.sleep(Duration::from_millis(1)).await;
            }
            assert_eq!(files(&core).await, (4, 4));
            core.sleep(Duration::from_secs(59)).await;
            assert_eq!(files(&core).await, (4, 4));
            core.sleep(Duration::from_secs(2)).await;
            assert_eq!(files(&core).await, (0, 4));
            log.delete_partition(id).await.unwrap();
            let deleted = layout::deleted_directory(Path::new("/log"), id);
            assert!(core.exists(&deleted).await.unwrap());
            core.sleep(Duration::from_secs(61)).await;
            assert!(!core.exists(&deleted).await.unwrap());
        });
    }
}
