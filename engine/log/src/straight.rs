//! Runs that are written straight to their segment: the journal has only where they lie, and their last, partial block.
//!
//! Invariants:
//! - Runs on their way are of one segment, and each begins at the block at which the one before it ends: no two of them
//!   write the same block.
//! - Each is submitted when its own write and all those before it have ended well. Blocks that were written and are in
//!   no commit are of no importance: what comes next in the segment is written over them.
//! - Each holds one of the partition's permits to write until then, so that who needs the files for himself waits for
//!   all of them, and none begins while he waits.

use std::rc::Rc;

use millrace_runtime::sync::Permit;
use millrace_runtime::{Bytes, Durability, File};

use crate::commit::{Gathered, Step, Submission};
use crate::journal::External;
use crate::limits::{BLOCK_BYTES, REDO_BYTES_MAX, RUN_BYTES_MAX, block_floor};
use crate::options::WritePath;
use crate::partition::{Partition, State};

/// A run on its way straight to its segment, or there and waiting for those before it.
pub(crate) struct Straight {
    pub(crate) run: Gathered,
    generation: u32,
    from: u64,
    /// Exclusive end of its whole blocks in the segment.
    to: u64,
    /// Of the bytes `from..to`, when they are there.
    checksum: Option<u32>,
    _permit: Permit,
}

/// What is written of such a run.
pub(crate) struct Write {
    parts: Vec<Bytes>,
    position: u64,
    file: File,
}

impl Partition {
    /// What becomes of the batches that are pending at the front: an entry with their bytes, or, when they are many, a
    /// write to their segment.
    pub(crate) fn append_step(&self, state: &mut State) -> Step {
        let Some(large) = state.gather(RUN_BYTES_MAX) else { return Step::Nothing };
        let threshold = match self.shared.options.write_path {
            WritePath::Journal => self.shared.options.large_run_bytes.max(BLOCK_BYTES),
            WritePath::Straight => BLOCK_BYTES,
        };
        let last = state.straights.back().map(|last| (last.to, last.run.end));
        let Some(segment) = state.segment(large.segment) else { return Step::Nothing };
        let (from, taken) = last.unwrap_or((segment.destaged, segment.submitted));
        let to = block_floor(large.end);
        if large.end - taken < threshold || to < block_floor(from) + BLOCK_BYTES {
            if last.is_some() {
                // Those on their way are submitted first; this goes on when one has been.
                return Step::Nothing;
            }
            let small = state.gather(REDO_BYTES_MAX).unwrap_or(large);
            return self.redo(state, &small).map_or(Step::Nothing, Step::Submit);
        }
        if segment.is_unprotected() {
            // The block that a clean stop left goes into the journal first; the run follows when that is durable.
            if segment.redo.is_empty() {
                let loaded = segment.protect_until;
                return self.carry(state, large.segment, loaded).map_or(Step::Nothing, Step::Submit);
            }
            return Step::Nothing;
        }
        let Some(permit) = self.writing.try_acquire(1) else {
            // Whoever writes now submits again when it has ended.
            return Step::Nothing;
        };
        let (Some(parts), Some(file)) = (segment.tail.view(from, to), segment.file.clone()) else {
            unreachable!("what is not destaged is in the tail, and its file is open")
        };
        let generation = state.generation;
        state.pending.drain(..large.batches);
        state.straights.push_back(Straight { run: large, generation, from, to, checksum: None, _permit: permit });
        Step::Write(Write { parts, position: from, file })
    }

    pub(crate) async fn write_straight(self: Rc<Self>, write: Write) {
        let Write { parts, position, file } = write;
        let mut hasher = crc32fast::Hasher::new();
        parts.iter().for_each(|part| hasher.update(part));
        let checksum = hasher.finalize();
        let written = file.write_at(&self.shared.core, parts, position, Durability::Synced).await;
        self.shared.straights.set(self.shared.straights.get() - 1);
        if let Err(error) = written {
            self.state.borrow_mut().straights.clear();
            self.shared.fail(&format!("write to {}: {error}", file.path().display()));
            return;
        }
        if let Some(own) = self.state.borrow_mut().straights.iter_mut().find(|straight| straight.from == position) {
            own.checksum = Some(checksum);
        }
        while let Some(submission) = self.take_written() {
            self.submit(submission);
        }
        self.shared.note_evictable(&self);
        self.shared.mark_dirty(&self);
    }

    /// The entry of the first run on its way, if all of that is in the segment.
    fn take_written(&self) -> Option<Submission> {
        let mut state = self.state.borrow_mut();
        let checksum = state.straights.front()?.checksum?;
        let Straight { run, generation, from, to, .. } = state.straights.pop_front()?;
        let segment = state.segment(run.segment)?;
        segment.advance_destaged(to);
        segment.submitted = run.end;
        let redo = self.shared.join(segment.tail.view(to, run.end));
        let external = External { position: from, bytes: to - from, checksum };
        self.shared.note_straight(external.bytes);
        Some(Submission { operation: run.operation(generation, to, Some(external)), redo, reaches: run.reaches() })
    }
}
