//! Cutting a log's end off: what a follower does when its leader's log went another way.
//!
//! Invariants:
//! - The cut lies between two batches. It is one entry of the journal, with a generation of its own, so that redo from
//!   before it is never laid over what comes after it, and with what stays of the block in which it lies.
//! - The log in memory is cut in the moment in which the entry is durable: no checkpoint sees one without the other.
//! - Files of segments behind the cut are removed only then.

use std::rc::Rc;

use millrace_base::ids::Offset;
use millrace_record::batch::Batch;
use millrace_runtime::{Bytes, File, OpenOptions};

use crate::commit::{Reaches, Submission};
use crate::error::{ReadError, Unavailable};
use crate::index::Index;
use crate::journal::{Operation, Sequence};
use crate::layout;
use crate::limits::{CHUNK_BYTES_MIN, block_floor};
use crate::partition::{Partition, State};
use crate::producers::Producers;
use crate::segment::{IndexSlot, Redo, Segment};
use crate::snapshot::Reached;
use crate::tail::Tail;

/// A cut that is on its way to the journal, with what the log goes on with when it is durable.
pub(crate) struct PreparedCut {
    at: Reached,
    generation: u32,
    /// The last segment's file, for direct writes.
    file: File,
    /// What stays of the block in which the cut lies.
    tail: Tail,
    /// What the batches that stay say of producers.
    producers: Producers,
}

impl Partition {
    /// Cuts off every batch that holds an offset of at least `to`. Gives the log end offset that follows, which is
    /// durable.
    ///
    /// # Errors
    /// `OutOfRange` when `to`, or the beginning of its batch, lies below the log start; the log is, or becomes,
    /// unavailable, or cannot be read.
    pub async fn truncate(self: &Rc<Self>, to: Offset) -> Result<Offset, ReadError> {
        let _turn = self.turn.acquire(1).await;
        // Nothing is replaced while this has the turn.
        self.wait_until_named().await?;
        let offsets = self.offsets();
        let log_start = self.state.borrow().log_start_wanted;
        if to < log_start {
            return Err(ReadError::OutOfRange { offset: to, start: log_start, end: offsets.log_end });
        }
        // Whole blocks are in the segments then; and as long as this has the turn nothing new comes.
        self.wait_durable(offsets.log_end).await?;
        self.destage().await?;
        if to >= offsets.log_end {
            return Ok(offsets.log_end);
        }
        let at = self.find_cut(to).await?;
        if at.next_offset < log_start {
            // The log start lies within the batch that would go.
            return Err(ReadError::OutOfRange { offset: to, start: log_start, end: offsets.log_end });
        }
        let gone: Vec<Offset> = self.segment_bases().into_iter().filter(|base| *base > at.segment).collect();
        let kept = self.kept_of_block(at).await?;
        let producers = self.producers_below(at.next_offset).await?;
        let prepared = self.prepare_cut(at, &kept, producers).await?;
        let file = prepared.file.clone();
        self.journal_cut(prepared, kept).await?;
        let writing = self.writes_alone().await;
        for base in gone {
            self.remove_segment_files(base).await?;
        }
        self.remove(&layout::index_file(&self.directory, at.segment)).await?;
        // What lies behind the cut is not to be found by anybody.
        let cut = file.truncate(&self.shared.core, at.position).await;
        cut.map_err(|error| self.shared.fail(&format!("truncate {}: {error}", file.path().display())))?;
        drop(writing);
        self.shared.mark_dirty(self);
        Ok(at.next_offset)
    }

    /// The end of the last batch that lies below `to` altogether.
    async fn find_cut(self: &Rc<Self>, to: Offset) -> Result<Reached, ReadError> {
        let segment = {
            let state = self.state.borrow();
            let found = state.segments.get(state.segment_index(to));
            found.map_or(state.log_start, |segment| segment.base_offset)
        };
        let mut cut = Reached { segment, position: 0, next_offset: segment };
        let mut note = |position: u64, batch: &Batch<'_>| {
            if batch.next_offset() <= to {
                cut.position = position + batch.batch_bytes() as u64;
                cut.next_offset = batch.next_offset();
            }
        };
        self.walk_segment(segment, &mut note).await?;
        Ok(cut)
    }

    async fn kept_of_block(self: &Rc<Self>, cut: Reached) -> Result<Bytes, ReadError> {
        let from = block_floor(cut.position);
        self.segment_bytes(cut.segment, from, (cut.position - from) as usize).await
    }

    async fn prepare_cut(&self, at: Reached, kept: &[u8], producers: Producers) -> Result<PreparedCut, Unavailable> {
        let path = layout::segment_file(&self.directory, at.segment);
        let failed = |error: &dyn std::fmt::Display| self.shared.fail(&format!("truncate {}: {error}", path.display()));
        let options = OpenOptions { create: false, ..OpenOptions::read_write().direct() };
        let file = self.shared.core.open(&path, options).await.map_err(|error| failed(&error))?;
        let mut tail = Tail::new(block_floor(at.position));
        let reserved = tail.reserve(self.shared.core.buffers(), kept.len(), CHUNK_BYTES_MIN);
        reserved.map_err(|error| failed(&error))?;
        self.shared.note_memory_taken(tail.memory_bytes());
        tail.append(kept);
        let generation = self.state.borrow().generation + 1;
        Ok(PreparedCut { at, generation, file, tail, producers })
    }

    async fn journal_cut(self: &Rc<Self>, prepared: PreparedCut, kept: Bytes) -> Result<(), Unavailable> {
        let room = self.shared.journal.room().await;
        room.map_err(|error| self.shared.fail(&error.to_string()))?;
        let PreparedCut { at: Reached { segment, position, next_offset }, generation, .. } = prepared;
        self.state.borrow_mut().prepared_cut = Some(prepared);
        let operation = Operation::Truncate { generation, segment, position, next_offset };
        self.submit(Submission { operation, redo: kept, reaches: Reaches::Cut });
        loop {
            let moved = self.moved.notified();
            if self.state.borrow().prepared_cut.is_none() {
                return Ok(());
            }
            self.check()?;
            moved.await;
        }
    }

    /// What the batches below `end` say of producers.
    async fn producers_below(self: &Rc<Self>, end: Offset) -> Result<Producers, ReadError> {
        let mut producers = Producers::default();
        for base in self.segment_bases() {
            let mut note = |_: u64, batch: &Batch<'_>| {
                if batch.next_offset() <= end {
                    producers.note(batch, batch.base_offset(), 0);
                }
            };
            let walked = self.walk_segment(base, &mut note).await;
            // One below the log start may be removed meanwhile.
            if self.state.borrow_mut().segment(base).is_some() {
                walked?;
            }
        }
        producers.note_durable(end);
        Ok(producers)
    }
}

impl State {
    /// Makes the log in memory what it is on the disk since commit `sequence`. Gives the bytes of memory that became
    /// free, and the segment whose descriptors for readers are of no use any more.
    pub(crate) fn cut(&mut self, sequence: Sequence) -> Option<(usize, Offset)> {
        let PreparedCut { at, generation, file, tail, producers } = self.prepared_cut.take()?;
        let gone = self.segments.iter().filter(|segment| segment.base_offset >= at.segment);
        let freed = gone.map(|segment| segment.tail.memory_bytes()).sum();
        let (revision, replaced) = self.segment(at.segment).map_or((0, 0), |cut| (cut.revision, cut.generation));
        self.segments.retain(|segment| segment.base_offset < at.segment);
        let whole = block_floor(at.position);
        let mut last = Segment::create(at.segment, file, whole);
        (last.revision, last.generation) = (revision, replaced);
        last.is_begun = true;
        last.tail = tail;
        (last.end, last.submitted, last.durable, last.visible) = (at.position, at.position, at.position, at.position);
        last.loaded = at.position;
        last.destaged = whole;
        if whole < at.position {
            last.redo.push_back(Redo { sequence, end: at.position });
        }
        let mut index = Index::empty();
        index.complete_from = at.position as u32;
        last.index = IndexSlot::Growing(index);
        self.segments.push_back(last);
        self.generation = generation;
        self.log_end = at.next_offset;
        self.durable_offset = at.next_offset;
        self.high_watermark = at.next_offset;
        self.checkpointed = self.checkpointed.min(at.next_offset);
        self.cleaned_to = self.cleaned_to.min(at.next_offset);
        self.epochs.end_at(at.next_offset);
        self.producers = producers;
        Some((freed, at.segment))
    }
}
