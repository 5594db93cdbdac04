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
