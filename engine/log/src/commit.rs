//! From the tail to stable storage: what was appended is formed into runs, and each run becomes one journal entry.
//!
//! Invariants:
//! - Runs of a partition are submitted in the order of their offsets, so what the journal holds of a partition is
//!   always a prefix of what was appended.
//! - A run that goes straight to its segment is submitted only after that write has ended well ([`crate::straight`]);
//!   until then nothing behind it is.
//! - A block that holds bytes which are in no journal (a clean stop left them) is not written before a commit holds
//!   them.

use std::rc::Rc;

use millrace_base::ids::{LeaderEpoch, Offset};
use millrace_runtime::Bytes;

use crate::journal::{Entry, External, Operation, Sequence};
use crate::layout;
use crate::partition::{Partition, State};
use crate::straight::Write;

/// What waits to be submitted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pending {
    Append(PendingAppend),
    Roll { segment: Offset, generation: u32 },
    LogStart { offset: Offset },
}

/// A batch in the tail.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PendingAppend {
    /// Base offset of its segment.
    pub(crate) segment: Offset,
    pub(crate) first_offset: Offset,
    pub(crate) next_offset: Offset,
    /// Where it ends in the segment.
    pub(crate) end: u64,
    pub(crate) max_timestamp: i64,
    pub(crate) leader_epoch: LeaderEpoch,
}

/// What goes to the journal in one entry.
#[derive(Debug)]
pub(crate) struct Submission {
    pub(crate) operation: Operation,
    pub(crate) redo: Bytes,
    pub(crate) reaches: Reaches,
}

/// What was submitted: durable when its commit is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) sequence: Sequence,
    pub(crate) reaches: Reaches,
}

/// What is durable with a run.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reaches {
    /// Nothing new: the bytes were durable before.
    Nothing,
    /// A segment's bytes up to `end`, and the log up to `next_offset` (both exclusive).
    End { segment: Offset, end: u64, next_offset: Offset },
    /// That a segment was begun.
    Roll { segment: Offset },
    /// That nothing below `offset` is there any more.
    LogStart { offset: Offset },
    /// That the log was cut, as [`State::prepared_cut`] says.
    Cut,
    /// That segments were replaced, as [`State::prepared_swap`] says.
    Swap,
}

/// Batches that go together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gathered {
    pub(crate) segment: Offset,
    pub(crate) batches: usize,
    pub(crate) first_offset: Offset,
    pub(crate) next_offset: Offset,
    pub(crate) end: u64,
    pub(crate) max_timestamp: i64,
    pub(crate) leader_epoch: LeaderEpoch,
}

pub(crate) enum Step {
    Nothing,
    Submit(Submission),
    Write(Write),
}

impl Partition {
    /// Submits what is pending, as far as order allows.
    pub(crate) fn submit_pending(self: &Rc<Self>) {
        loop {
            if self.shared.journal.failure().is_some() {
                return;
            }
            match self.next_step() {
                Step::Nothing => return,
                Step::Submit(submission) => {
                    self.submit(submission);
                }
                Step::Write(write) => {
                    self.shared.straights.set(self.shared.straights.get() + 1);
                    let partition = self.clone();
                    self.shared.core.spawn(async move { partition.write_straight(write).await });
                }
            }
        }
    }

    /// Submits an entry. Gives its sequence.
    pub(crate) fn submit(self: &Rc<Self>, submission: Submission) -> Sequence {
        let Submission { operation, redo, reaches } = submission;
        let redo_end = match operation {
            Operation::Append { segment, position, .. } => Some((segment, position + redo.len() as u64)),
            _ => None,
        };
        let sequence = self.shared.journal.submit(Entry { partition: self.id, operation, redo });
        let mut state = self.state.borrow_mut();
        if let Some((segment, end)) = redo_end
            && let Some(segment) = state.segment(segment)
        {
            segment.note_redo(sequence, end);
        }
        state.runs.push_back(Run { sequence, reaches });
        drop(state);
        self.shared.await_commit(sequence, self);
        sequence
    }

    fn next_step(&self) -> Step {
        let mut state = self.state.borrow_mut();
        if state.unavailable.is_some() {
            return Step::Nothing;
        }
        let Some(first) = state.pending.front().copied() else { return Step::Nothing };
        match first {
            Pending::Append(_) => self.append_step(&mut state),
            // Their entries come first.
            _ if !state.straights.is_empty() => Step::Nothing,
            Pending::Roll { segment, generation } => {
                state.pending.pop_front();
                let operation = Operation::Roll { segment, generation };
                Step::Submit(Submission { operation, redo: Bytes::new(), reaches: Reaches::Roll { segment } })
            }
            Pending::LogStart { offset } => {
                state.pending.pop_front();
                let operation = Operation::LogStart { offset };
                Step::Submit(Submission { operation, redo: Bytes::new(), reaches: Reaches::LogStart { offset } })
            }
        }
    }

    /// An entry with all bytes of the run; the first after a clean start begins at the block's beginning.
    pub(crate) fn redo(&self, state: &mut State, run: &Gathered) -> Option<Submission> {
        let generation = state.generation;
        let segment = state.segment(run.segment)?;
        let is_first = segment.is_unprotected() && segment.redo.is_empty();
        let from = if is_first { segment.destaged } else { segment.submitted };
        let redo = self.shared.join(segment.tail.view(from, run.end));
        segment.submitted = run.end;
        state.pending.drain(..run.batches);
        Some(Submission { operation: run.operation(generation, from, None), redo, reaches: run.reaches() })
    }

    /// An entry that adds nothing: it holds the partial block at `destaged` anew, as far as commits before `before`
    /// hold it.
    pub(crate) fn carry_before(&self, base: Offset, before: Sequence) -> Option<Submission> {
        let mut state = self.state.borrow_mut();
        let segment = state.segment(base)?;
        let old = segment.redo.iter().filter(|redo| redo.sequence < before);
        let to = old.map(|redo| redo.end).max()?;
        self.carry(&mut state, base, to)
    }

    /// An entry that adds nothing: it holds the bytes from `destaged` to `to` anew.
    pub(crate) fn carry(&self, state: &mut State, base: Offset, to: u64) -> Option<Submission> {
        let generation = state.generation;
        let durable_offset = state.durable_offset;
        let segment = state.segment(base)?;
        let from = segment.destaged;
        if from >= to {
            return None;
        }
        let redo = self.shared.join(segment.tail.view(from, to));
        let operation = Operation::Append {
            generation,
            segment: base,
            position: from,
            external: None,
            first_offset: durable_offset,
            next_offset: durable_offset,
            max_timestamp: crate::index::NO_TIMESTAMP,
            leader_epoch: millrace_record::header::NO_LEADER_EPOCH,
        };
        Some(Submission { operation, redo, reaches: Reaches::Nothing })
    }

    /// Every commit up to `sequence` (inclusive) is durable.
    pub(crate) fn committed(self: &Rc<Self>, sequence: Sequence) {
        let mut state = self.state.borrow_mut();
        if state.unavailable.is_some() {
            return;
        }
        let before = (state.durable_offset, state.log_start);
        let (mut wants_destage, mut has_undestaged) = (false, false);
        let (mut was_cut, mut was_swapped) = (false, false);
        while let Some(run) = state.runs.pop_front_if(|run| run.sequence <= sequence) {
            match run.reaches {
                Reaches::Cut => {
                    if let Some((freed, segment)) = state.cut(run.sequence) {
                        self.shared.note_memory_freed(freed);
                        self.shared.segment_files.forget(&layout::segment_file(&self.directory, segment));
                        self.shared.read_ahead.forget(self.id);
                        was_cut = true;
                    }
                }
                Reaches::Swap => {
                    if let Some((freed, gone)) = state.swap() {
                        self.shared.note_memory_freed(freed);
                        for segment in gone {
                            self.shared.segment_files.forget(&layout::segment_file(&self.directory, segment));
                        }
                        self.shared.read_ahead.forget(self.id);
                        was_swapped = true;
                    }
                }
                reaches => state.reach(reaches),
            }
        }
        for segment in state.segments.iter_mut().rev().take_while(|segment| !segment.is_sealed) {
            let oldest = segment.redo.front().map(|redo| redo.sequence);
            if segment.is_unprotected() && oldest.is_some_and(|oldest| oldest <= sequence) {
                segment.protect_until = 0;
            }
            let (from, to) = segment.undestaged_blocks();
            let is_done = segment.is_closed && segment.durable == segment.end;
            wants_destage |= to - from >= self.shared.options.destage_bytes || is_done;
            has_undestaged |= from < to;
        }
        let moved = was_cut || was_swapped || (state.durable_offset, state.log_start) != before;
        let more = !state.pending.is_empty();
        drop(state);
        if moved {
            self.moved.notify_all();
        }
        if wants_destage {
            self.shared.queue_destage(self);
        } else if has_undestaged {
            self.shared.note_undestaged(self);
        }
        if more {
            self.shared.mark_dirty(self);
        }
    }
}

impl State {
    /// Takes in what has become durable.
    fn reach(&mut self, reaches: Reaches) {
        match reaches {
            Reaches::Nothing | Reaches::Cut | Reaches::Swap => {}
            Reaches::End { segment, end, next_offset } => {
                assert!(next_offset >= self.durable_offset, "durable {} to {next_offset}", self.durable_offset);
                self.durable_offset = next_offset;
                self.high_watermark = self.high_watermark.max(next_offset);
                self.producers.note_durable(next_offset);
                if let Some(segment) = self.segment(segment) {
                    segment.durable = end;
                    segment.visible = segment.visible.max(end);
                }
            }
            Reaches::Roll { segment } => {
                if let Some(segment) = self.segment(segment) {
                    segment.is_begun = true;
                }
            }
            Reaches::LogStart { offset } => {
                self.log_start = self.log_start.max(offset);
                self.epochs.start_at(self.log_start);
            }
        }
    }

    /// The pending batches of the first segment that has some: as many as fit into `bytes_max`, and at least one.
    pub(crate) fn gather(&mut self, bytes_max: u64) -> Option<Gathered> {
        let mut gathered: Option<Gathered> = None;
        let mut submitted = 0;
        for pending in &self.pending {
            let Pending::Append(batch) = pending else { break };
            match &mut gathered {
                None => {
                    let found = self.segments.iter().find(|segment| segment.base_offset == batch.segment)?;
                    submitted = self.straights.back().map_or(found.submitted, |last| last.run.end);
                    gathered = Some(Gathered {
                        segment: batch.segment,
                        batches: 1,
                        first_offset: batch.first_offset,
                        next_offset: batch.next_offset,
                        end: batch.end,
                        max_timestamp: batch.max_timestamp,
                        leader_epoch: batch.leader_epoch,
                    });
                }
                Some(run) if run.segment == batch.segment && batch.end - submitted <= bytes_max => {
                    run.batches += 1;
                    run.next_offset = batch.next_offset;
                    run.end = batch.end;
                    run.max_timestamp = run.max_timestamp.max(batch.max_timestamp);
                    run.leader_epoch = batch.leader_epoch;
                }
                Some(_) => break,
            }
        }
        gathered
    }
}

impl Gathered {
    pub(crate) fn reaches(&self) -> Reaches {
        Reaches::End { segment: self.segment, end: self.end, next_offset: self.next_offset }
    }

    pub(crate) fn operation(&self, generation: u32, position: u64, external: Option<External>) -> Operation {
        Operation::Append {
            generation,
            segment: self.segment,
            position,
            external,
            first_offset: self.first_offset,
            next_offset: self.next_offset,
            max_timestamp: self.max_timestamp,
            leader_epoch: self.leader_epoch,
        }
    }
}
