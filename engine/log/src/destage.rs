//! Writing what only the journal holds to the segments, and sealing segments.
//!
//! Invariants:
//! - Destaging writes whole blocks of durable bytes, each block once. The partial block at the end is written only when
//!   its segment is closed or the log stops, and everything in it is in the journal then.
//! - A segment's file is cut to its valid length, durably, before it counts as sealed.

use std::rc::Rc;

use millrace_base::ids::Offset;
use millrace_runtime::{Bytes, Durability, File};

use crate::error::Unavailable;
use crate::index::Index;
use crate::index_file;
use crate::limits::{BLOCK_BYTES, RUN_BYTES_MAX, block_floor};
use crate::partition::{Partition, State};
use crate::segment::{IndexSlot, Segment};

enum Work {
    Blocks { base: Offset, from: u64, to: u64, parts: Vec<Bytes>, file: File },
    Seal { base: Offset },
    Nothing,
}

impl Partition {
    /// Writes all durable whole blocks to the segments, and seals what is closed.
    ///
    /// # Errors
    /// The log is, or becomes, unavailable.
    pub(crate) async fn destage(self: &Rc<Self>) -> Result<(), Unavailable> {
        let permit = self.writes_alone().await;
        loop {
            self.check()?;
            let work = self.state.borrow_mut().next_work();
            match work {
                Work::Nothing => break,
                Work::Blocks { base, from, to, parts, file } => {
                    let written = file.write_at(&self.shared.core, parts, from, Durability::Synced).await;
                    written
                        .map_err(|error| self.shared.fail(&format!("write to {}: {error}", file.path().display())))?;
                    if let Some(segment) = self.state.borrow_mut().segment(base) {
                        segment.advance_destaged(to);
                    }
                }
                Work::Seal { base } => self.seal(base).await?,
            }
            self.shared.note_evictable(self);
        }
        drop(permit);
        self.shared.mark_dirty(self);
        Ok(())
    }

    /// Writes the rest of a closed segment, cuts its file to its valid length, and stores its index.
    async fn seal(&self, base: Offset) -> Result<(), Unavailable> {
        self.write_partial_block(base).await?;
        if let Some((of, index)) = self.mark_sealed(base) {
            self.store_index(of, &index).await;
        }
        Ok(())
    }

    /// Gives the segment and its index, if all of that is known.
    fn mark_sealed(&self, base: Offset) -> Option<(index_file::Of, Rc<Index>)> {
        let mut state = self.state.borrow_mut();
        let segment = state.segment(base)?;
        segment.redo.clear();
        segment.protect_until = 0;
        segment.is_sealed = true;
        segment.file = None;
        match std::mem::replace(&mut segment.index, IndexSlot::Stored) {
            IndexSlot::Growing(index) if index.complete_from == 0 => {
                let index = Rc::new(index);
                segment.index = IndexSlot::Loaded(index.clone());
                Some((index_file::Of { base, end: segment.end, revision: segment.revision }, index))
            }
            _ => None,
        }
    }

    /// Stores the index of a segment. It is a hint: that it could not be stored is logged and costs a scan later.
    pub(crate) async fn store_index(&self, of: index_file::Of, index: &Index) {
        if let Err(error) = index_file::write(&self.shared.core, &self.directory, of, index).await {
            tracing::warn!(partition = %self.id, segment = of.base, %error, "index not stored");
        }
    }

    /// Writes the partial block at a segment's end, if there is one that the file does not have, and cuts the file to
    /// the segment's valid length.
    pub(crate) async fn write_partial_block(&self, base: Offset) -> Result<(), Unavailable> {
        let (file, partial, from, end) = {
            let mut state = self.state.borrow_mut();
            let Some(segment) = state.segment(base) else { return Ok(()) };
            let Some(file) = segment.file.clone() else { return Ok(()) };
            if segment.protect_until == segment.end && segment.end > 0 {
                // The file has been this since a clean stop.
                segment.destaged = segment.end;
                return Ok(());
            }
            assert!(segment.durable == segment.end, "a segment is stored whole when all of it is durable");
            assert!(segment.end - segment.destaged < BLOCK_BYTES, "whole blocks come first");
            (file, segment.tail.view(segment.destaged, segment.end), segment.destaged, segment.end)
        };
        let core = &self.shared.core;
        let path = file.path().display();
        let partial = self.shared.join(partial);
        if !partial.is_empty() {
            let mut block = core.buffers().alloc_wait(BLOCK_BYTES as usize).await;
            block.extend_from_slice(&partial);
            block.spare_mut().fill(0);
            block.set_len(BLOCK_BYTES as usize);
            let block = block.freeze().slice(..BLOCK_BYTES as usize);
            let written = file.write_at(core, vec![block], from, Durability::Synced).await;
            written.map_err(|error| self.shared.fail(&format!("write to {path}: {error}")))?;
        }
        let cut = async {
            file.truncate(core, end).await?;
            file.sync(core).await
        };
        cut.await.map_err(|error| self.shared.fail(&format!("truncate {path}: {error}")))?;
        if let Some(segment) = self.state.borrow_mut().segment(base) {
            segment.advance_destaged(end);
        }
        Ok(())
    }

    /// Whether there are whole durable blocks that are not in the files.
    pub(crate) fn has_blocks_to_destage(&self) -> bool {
        let state = self.state.borrow();
        state.unavailable.is_none()
            && state.segments.iter().any(|segment| {
                let (from, to) = segment.undestaged_blocks();
                from < to && !segment.is_sealed
            })
    }

    /// Whether there is a chunk of memory whose bytes are all in a file. What was deleted has none: its memory is not
    /// counted any more.
    pub(crate) fn has_evictable(&self) -> bool {
        let state = self.state.borrow();
        state.unavailable.is_none() && state.segments.iter().any(Segment::has_evictable)
    }

    /// Gives up the oldest such chunk; returns its size in bytes.
    pub(crate) fn evict_oldest(&self) -> usize {
        let mut state = self.state.borrow_mut();
        if state.unavailable.is_some() {
            return 0;
        }
        let first = state.segments.iter_mut().find(|segment| segment.has_evictable());
        first.map_or(0, |segment| segment.tail.evict_oldest())
    }
}

impl Segment {
    fn has_evictable(&self) -> bool {
        if self.is_sealed {
            return self.tail.memory_bytes() > 0;
        }
        self.tail.oldest_full_chunk_end().is_some_and(|end| end <= self.destaged)
    }
}

impl State {
    fn next_work(&self) -> Work {
        let Some(segment) = self.segments.iter().find(|segment| {
            let (from, to) = segment.undestaged_blocks();
            !segment.is_sealed && (from < to || (segment.is_closed && segment.durable == segment.end))
        }) else {
            return Work::Nothing;
        };
        let (from, to) = segment.undestaged_blocks();
        let to = to.min(from + block_floor(RUN_BYTES_MAX));
        if from == to {
            return Work::Seal { base: segment.base_offset };
        }
        match (segment.tail.view(from, to), segment.file.clone()) {
            (Some(parts), Some(file)) => Work::Blocks { base: segment.base_offset, from, to, parts, file },
            _ => unreachable!("what is not destaged is in the tail, and its file is open"),
        }
    }
}
