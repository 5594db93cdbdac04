//! A file takes the place of segments.
//!
//! Invariants:
//! - The log in memory changes in the moment in which the journal's entry is durable: no checkpoint sees one without
//!   the other.
//! - Until the file has the segment's name, readers use a descriptor that was opened before. The files that it replaces
//!   go only after that name is durable. Whatever is cut short before, recovery finishes.

use std::rc::Rc;
use std::time::Duration;

use millrace_base::ids::Offset;
use millrace_runtime::{Bytes, File, OpenOptions};

use super::clean::CleanError;
use super::select::Part;
use crate::commit::{Reaches, Submission};
use crate::error::Unavailable;
use crate::index::Index;
use crate::index_file;
use crate::journal::Operation;
use crate::layout;
use crate::partition::{Partition, State};
use crate::segment::{IndexSlot, Segment};

/// After this long a checkpoint is asked for again.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// A replacement on its way to the journal.
pub(crate) struct PreparedSwap {
    /// Base offset of the first segment that is replaced.
    base: Offset,
    /// Base offset of the first one that stays.
    until: Offset,
    /// The new length, in bytes.
    end: u64,
    revision: u32,
    generation: u32,
    cleaned_to: Offset,
    index: Rc<Index>,
    /// For readers: not direct.
    file: File,
}

/// What is to replace a group of neighbours.
pub(super) struct Replacement<'a> {
    pub(super) group: &'a [Part],
    pub(super) revision: u32,
    /// In bytes.
    pub(super) end: u64,
    pub(super) index: Index,
    /// What lies below (exclusive) is compacted then.
    pub(super) cleaned_to: Offset,
}

impl Partition {
    /// Replaces a group of segments by the file that was written for it.
    pub(super) async fn replace(self: &Rc<Self>, replacement: Replacement<'_>) -> Result<(), CleanError> {
        let Replacement { group, revision, end, index, cleaned_to } = replacement;
        let (Some(first), Some(last)) = (group.first(), group.last()) else { return Ok(()) };
        let (base, until) = (first.base, last.next);
        self.wait_checkpointed(until).await?;
        let path = layout::swap_file(&self.directory, base, revision);
        let opened = self.shared.core.open(&path, OpenOptions::read()).await;
        let file = opened.map_err(|error| self.io_error(base, error))?;
        let index = Rc::new(index);
        {
            // While this has the turn, the log is not cut.
            let _turn = self.turn.acquire(1).await;
            while !self.shared.journal.has_room() {
                let room = self.shared.journal.room().await;
                room.map_err(|error| self.shared.fail(&error.to_string()))?;
            }
            self.check()?;
            let generation = {
                let mut state = self.state.borrow_mut();
                if !state.has_parts(group) {
                    return Err(CleanError::Interrupted);
                }
                let generation = state.generation + 1;
                let index = index.clone();
                let prepared = PreparedSwap { base, until, end, revision, generation, cleaned_to, index, file };
                state.prepared_swap = Some(prepared);
                generation
            };
            let operation = Operation::Swap { generation, revision, segment: base, until, bytes: end, cleaned_to };
            self.submit(Submission { operation, redo: Bytes::new(), reaches: Reaches::Swap });
            loop {
                let moved = self.moved.notified();
                if self.state.borrow().prepared_swap.is_none() {
                    break;
                }
                self.check()?;
                moved.await;
            }
        }
        self.name_replacement(group, revision).await?;
        self.store_index(index_file::Of { base, end, revision }, &index).await;
        Ok(())
    }

    /// Waits until a checkpoint has what lies below `until` (exclusive).
    async fn wait_checkpointed(&self, until: Offset) -> Result<(), Unavailable> {
        loop {
            let has_checkpoint = self.shared.has_checkpoint.notified();
            self.shared.check()?;
            self.check()?;
            if self.state.borrow().checkpointed >= until {
                return Ok(());
            }
            self.shared.wants_checkpoint.notify_all();
            // Who writes checkpoints may be busy, and not hear it.
            if self.shared.core.timeout(ASK_AGAIN, has_checkpoint).await.is_err() {
                tracing::debug!(partition = %self.id, "a checkpoint is asked for again");
            }
        }
    }

    /// Gives the replacement the name of the group's first segment, and removes the files that it replaces.
    async fn name_replacement(self: &Rc<Self>, group: &[Part], revision: u32) -> Result<(), Unavailable> {
        let Some(base) = group.first().map(|first| first.base) else { return Ok(()) };
        let path = layout::swap_file(&self.directory, base, revision);
        let writing = self.writes_alone().await;
        self.check()?;
        let is_there = self.state.borrow_mut().segment(base).is_some_and(|segment| segment.revision == revision);
        if is_there {
            let core = &self.shared.core;
            let named = async {
                core.rename(&path, &layout::segment_file(&self.directory, base)).await?;
                core.sync_dir(&self.directory).await
            };
            named.await.map_err(|error| self.shared.fail(&format!("rename {}: {error}", path.display())))?;
            if let Some(segment) = self.state.borrow_mut().segment(base) {
                segment.unnamed = None;
            }
        } else {
            // Retention was faster.
            self.remove(&path).await?;
        }
        for gone in group.iter().skip(1) {
            self.remove_segment_files(gone.base).await?;
        }
        drop(writing);
        self.moved.notify_all();
        // A run may have found the files in use.
        self.shared.mark_dirty(self);
        Ok(())
    }

    /// Waits until no segment's file is on its way to its name.
    ///
    /// # Errors
    /// The log is, or becomes, unavailable.
    pub(crate) async fn wait_until_named(&self) -> Result<(), Unavailable> {
        loop {
            let moved = self.moved.notified();
            self.check()?;
            if self.state.borrow().segments.iter().all(|segment| segment.unnamed.is_none()) {
                return Ok(());
            }
            moved.await;
        }
    }
}

impl State {
    /// Whether these are neighbours among its segments, as they were.
    fn has_parts(&self, parts: &[Part]) -> bool {
        let all = self.sealed_parts();
        let from = parts.first().map_or(0, |first| all.partition_point(|part| part.base < first.base));
        all.get(from..from + parts.len()).is_some_and(|found| found == parts)
    }

    /// Makes the log in memory what it is on the disk since the entry is durable. Gives the bytes of memory that became
    /// free, and the segments whose descriptors for readers are of no use any more.
    pub(crate) fn swap(&mut self) -> Option<(usize, Vec<Offset>)> {
        let PreparedSwap { base, until, end, revision, generation, cleaned_to, index, file } =
            self.prepared_swap.take()?;
        let from = self.segments.partition_point(|segment| segment.base_offset < base);
        let to = self.segments.partition_point(|segment| segment.base_offset < until);
        let gone: Vec<Segment> = self.segments.drain(from..to).collect();
        assert!(gone.iter().all(|segment| segment.is_sealed) && !gone.is_empty(), "only sealed segments are replaced");
        let replacement = Segment {
            revision,
            generation,
            unnamed: Some(file),
            index: IndexSlot::Loaded(index),
            ..Segment::stored(base, end)
        };
        self.segments.insert(from, replacement);
        self.swaps = revision;
        self.cleaned_to = cleaned_to;
        let freed = gone.iter().map(|segment| segment.tail.memory_bytes()).sum();
        Some((freed, gone.into_iter().map(|segment| segment.base_offset).collect()))
    }
}
