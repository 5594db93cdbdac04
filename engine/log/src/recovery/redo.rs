//! What a partition's journal entries come to: its state after them, and the bytes to write into its segments.
//!
//! Invariants:
//! - Entries are taken in the order of their submission; those that the checkpoint has left behind (an older
//!   generation, a segment below the log start or replaced by compaction) are passed over.

use std::collections::BTreeMap;

use millrace_base::ids::Offset;

use crate::journal::{Entry, External, Operation};
use crate::limits::block_floor;
use crate::overlay::Overlay;
use crate::snapshot::{PartitionSnapshot, Reached, SegmentSnapshot, Swap};

/// What entries add to a snapshot.
#[derive(Default)]
pub(super) struct Redo {
    /// By segment: bytes to write.
    pub(super) overlays: BTreeMap<Offset, Overlay>,
    /// By segment: runs that were written before their entries.
    pub(super) externals: Vec<(Offset, External)>,
    /// The log was cut: what the checkpoint knew of producers may be of batches that are gone.
    pub(super) is_cut: bool,
}

impl Redo {
    /// Brings `snapshot` to what is durable after `entries`.
    pub(super) fn fold(entries: &[Entry], snapshot: &mut PartitionSnapshot) -> Redo {
        let mut redo = Redo::default();
        for entry in entries {
            redo.take(entry, snapshot);
        }
        redo
    }

    fn cut(&mut self, cut: Reached) {
        self.is_cut = true;
        self.overlays.retain(|base, _| *base <= cut.segment);
        if let Some(overlay) = self.overlays.get_mut(&cut.segment) {
            overlay.cut(cut.position);
        }
        let is_before = |base: Offset, run: External| {
            base < cut.segment || (base == cut.segment && run.position + run.bytes <= cut.position)
        };
        self.externals.retain(|(base, run)| is_before(*base, *run));
    }

    fn take(&mut self, entry: &Entry, snapshot: &mut PartitionSnapshot) {
        match entry.operation {
            Operation::Append { generation, segment, position, external, next_offset, .. } => {
                if generation < snapshot.generation || snapshot.is_left_behind(segment, generation) {
                    return;
                }
                let redo_end = position + entry.redo.len() as u64;
                self.overlays.entry(segment).or_default().lay(position, &entry.redo);
                self.externals.extend(external.map(|external| (segment, external)));
                snapshot.reach(segment, redo_end.max(external.map_or(0, |run| run.position + run.bytes)));
                snapshot.durable_offset = snapshot.durable_offset.max(next_offset);
            }
            Operation::Roll { segment, generation } => {
                if generation >= snapshot.generation && !snapshot.is_left_behind(segment, generation) {
                    snapshot.generation = generation;
                    snapshot.reach(segment, 0);
                }
            }
            Operation::LogStart { offset } => snapshot.log_start = snapshot.log_start.max(offset),
            Operation::Truncate { generation, segment, position, next_offset } => {
                if generation > snapshot.generation {
                    let cut = Reached { segment, position, next_offset };
                    snapshot.cut(generation, cut);
                    self.cut(cut);
                }
                if generation == snapshot.generation {
                    self.overlays.entry(segment).or_default().lay(block_floor(position), &entry.redo);
                }
            }
            Operation::Swap { generation, revision, segment, until, bytes, cleaned_to } => {
                if revision > snapshot.swaps {
                    let replacement = SegmentSnapshot { base: segment, end: bytes, revision, generation };
                    snapshot.swap(Swap { replacement, until, cleaned_to });
                    self.overlays.retain(|base, _| !(segment..until).contains(base));
                    self.externals.retain(|(base, _)| !(segment..until).contains(base));
                }
            }
            Operation::Move { .. } => {
                snapshot.lost = Some("the journal holds an operation that this version does not know".to_owned());
            }
            Operation::Delete => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use millrace_base::ids::{TopicId, TopicPartition};
    use millrace_runtime::Bytes;

    use super::*;
    use crate::limits::BLOCK_BYTES;

    const ID: TopicPartition = TopicPartition { topic: TopicId([7; 16]), partition: 4 };

    /// A log of the generation 1 that ends with offset 30, at byte 300 of its segment 20; swap 2 made the segment at 0.
    fn snapshot() -> PartitionSnapshot {
        let replaced = SegmentSnapshot { revision: 2, generation: 1, ..SegmentSnapshot::appended(0, 100) };
        PartitionSnapshot {
            topic: ID.topic.0,
            partition: ID.partition,
            generation: 1,
            log_start: 0,
            durable_offset: 30,
            segments: vec![replaced, SegmentSnapshot::appended(20, 300)],
            epochs: Vec::new(),
            producers: Vec::new(),
            lost: None,
            swaps: 2,
            cleaned_to: 20,
        }
    }

    fn entry(operation: Operation, redo: &'static [u8]) -> Entry {
        Entry { partition: ID, operation, redo: Bytes::from_static(redo) }
    }

    fn append(generation: u32, segment: Offset, position: u64, next_offset: Offset, redo: &'static [u8]) -> Entry {
        appended(generation, segment, position, None, next_offset, redo)
    }

    fn appended(
        generation: u32,
        segment: Offset,
        position: u64,
        external: Option<External>,
        next_offset: Offset,
        redo: &'static [u8],
    ) -> Entry {
        let (first_offset, max_timestamp, leader_epoch) = (next_offset - 1, 0, 0);
        let operation = Operation::Append {
            generation,
            segment,
            position,
            external,
            first_offset,
            next_offset,
            max_timestamp,
            leader_epoch,
        };
        entry(operation, redo)
    }

    fn external(position: u64, bytes: u64) -> External {
        External { position, bytes, checksum: 0 }
    }

    fn truncate(generation: u32, segment: Offset, position: u64, redo: &'static [u8]) -> Entry {
        entry(Operation::Truncate { generation, segment, position, next_offset: 25 }, redo)
    }

    /// Bytes to write: the segment, where in it, and which.
    type Run = (Offset, u64, Vec<u8>);

    /// What the entries come to: the state, and the runs to write by segment and position.
    fn folded(entries: &[Entry]) -> (PartitionSnapshot, Redo, Vec<Run>) {
        let mut snapshot = snapshot();
        let redo = Redo::fold(entries, &mut snapshot);
        let of = |(base, overlay): (&Offset, &Overlay)| {
            overlay.runs.iter().map(|(position, run)| (*base, *position, run.clone())).collect::<Vec<_>>()
        };
        let runs = redo.overlays.iter().flat_map(of).collect();
        (snapshot, redo, runs)
    }

    fn ends(snapshot: &PartitionSnapshot) -> Vec<(Offset, u64)> {
        snapshot.segments.iter().map(|segment| (segment.base, segment.end)).collect()
    }

    #[test]
    fn appends_go_on_from_what_the_checkpoint_has() {
        let roll = entry(Operation::Roll { segment: 32, generation: 1 }, b"");
        let entries =
            [append(1, 20, 298, 32, b"abcde"), roll, append(1, 32, 0, 33, b"fg"), append(1, 20, 290, 31, b"h")];
        let (snapshot, redo, runs) = folded(&entries);
        assert_eq!(ends(&snapshot), [(0, 100), (20, 303), (32, 2)]);
        assert_eq!((snapshot.durable_offset, redo.is_cut), (33, false));
        assert_eq!(runs, [(20, 290, b"h".to_vec()), (20, 298, b"abcde".to_vec()), (32, 0, b"fg".to_vec())]);
    }

    #[test]
    fn a_run_that_is_in_its_segment_already_counts_as_far_as_it_reaches() {
        let entries = [appended(1, 20, 300, Some(external(300, 50)), 40, b"ab")];
        let (snapshot, redo, _) = folded(&entries);
        assert_eq!(ends(&snapshot), [(0, 100), (20, 350)]);
        assert_eq!(redo.externals, [(20, external(300, 50))]);
    }

    #[test]
    fn what_is_of_an_older_generation_or_of_a_file_that_is_gone_is_passed_over() {
        let older = [append(0, 20, 300, 40, b"old"), entry(Operation::Roll { segment: 40, generation: 0 }, b"")];
        let (state, _, runs) = folded(&older);
        assert_eq!((state, runs), (snapshot(), vec![]));
        let mut later = snapshot();
        later.segments[0].generation = 5;
        let of_replaced = [append(4, 0, 0, 40, b"old"), entry(Operation::Roll { segment: 0, generation: 4 }, b"")];
        let before = later.clone();
        assert!(Redo::fold(&of_replaced, &mut later).overlays.is_empty());
        assert_eq!(later, before);
        let newer = [entry(Operation::Roll { segment: 40, generation: 3 }, b"")];
        assert_eq!(folded(&newer).0.generation, 3);
    }

    #[test]
    fn a_cut_takes_what_lies_behind_it_and_leaves_its_block() {
        let entries = [
            append(1, 20, 296, 35, b"abcdefgh"),
            appended(1, 20, 304, Some(external(304, 10)), 36, b""),
            appended(1, 20, 290, Some(external(280, 20)), 36, b""),
            append(1, 36, 0, 37, b"gone"),
            appended(1, 36, 4, Some(external(4, 10)), 38, b""),
            appended(1, 0, 90, Some(external(90, 10)), 38, b""),
            truncate(2, 20, 300, b""),
        ];
        let (snapshot, redo, runs) = folded(&entries);
        assert!(redo.is_cut);
        assert_eq!((ends(&snapshot), snapshot.durable_offset, snapshot.generation), (vec![(0, 100), (20, 300)], 25, 2));
        assert_eq!(runs, [(20, 296, b"abcd".to_vec())]);
        assert_eq!(redo.externals, [(20, external(280, 20)), (0, external(90, 10))]);
    }

    #[test]
    fn the_block_of_a_cut_is_written_from_its_beginning_and_an_older_cut_is_none() {
        let position = BLOCK_BYTES + 3;
        let (state, redo, runs) = folded(&[truncate(1, 20, position, b"abc")]);
        assert!(!redo.is_cut && state == snapshot(), "the checkpoint has it");
        assert_eq!(runs, [(20, BLOCK_BYTES, b"abc".to_vec())]);
        let (state, redo, runs) = folded(&[truncate(0, 20, position, b"abc")]);
        assert!(!redo.is_cut && state == snapshot() && runs.is_empty());
        let (_, redo, runs) = folded(&[truncate(2, 20, position, b"abc")]);
        assert!(redo.is_cut);
        assert_eq!(runs, [(20, BLOCK_BYTES, b"abc".to_vec())]);
    }

    #[test]
    fn a_replacement_takes_the_redo_of_what_it_replaced_and_is_taken_once() {
        let swap = |revision| {
            let operation =
                Operation::Swap { generation: 1, revision, segment: 0, until: 20, bytes: 77, cleaned_to: 20 };
            entry(operation, b"")
        };
        let before = || {
            [append(1, 0, 90, 20, b"a"), append(1, 20, 300, 31, b"b"), appended(1, 0, 9, Some(external(9, 2)), 20, b"")]
        };
        let (snapshot, redo, runs) = folded(&[&before()[..], &[swap(3)]].concat());
        assert_eq!((ends(&snapshot), snapshot.swaps), (vec![(0, 77), (20, 301)], 3));
        assert_eq!((runs, redo.externals.len()), (vec![(20, 300, b"b".to_vec())], 0));
        let (snapshot, redo, _) = folded(&[&before()[..], &[swap(2)]].concat());
        assert_eq!((ends(&snapshot), snapshot.swaps, redo.externals.len()), (vec![(0, 100), (20, 301)], 2, 1));
    }

    #[test]
    fn the_log_start_only_moves_up() {
        let to = |offset| entry(Operation::LogStart { offset }, b"");
        assert_eq!(folded(&[to(12), to(9)]).0.log_start, 12);
    }
}
