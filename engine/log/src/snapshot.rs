//! A partition's state in a checkpoint: all that recovery needs beside the segments and the journal.
//!
//! Invariants:
//! - A snapshot holds what is durable and nothing else: what was appended and is not durable may never have been.

use millrace_base::ids::{LeaderEpoch, Offset, TopicId, TopicPartition};
use rkyv::rancor::Error;
use rkyv::{Archive, Deserialize, Serialize};

use crate::epochs::LeaderEpochs;
use crate::partition::Partition;
use crate::producers::ProducerState;
use crate::snapshot_v1;

/// Version of a checkpoint's body.
const VERSION: u16 = 2;

/// A segment's durable length.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[rkyv(attr(allow(missing_docs, unreachable_pub)))]
pub(crate) struct SegmentSnapshot {
    pub(crate) base: Offset,
    /// Exclusive end in bytes.
    pub(crate) end: u64,
    /// The swap that its file came with; 0 for a file that was appended to. Compaction leaves gaps between offsets.
    pub(crate) revision: u32,
    /// Redo of older generations is of files that it has replaced.
    pub(crate) generation: u32,
}

impl SegmentSnapshot {
    /// A segment that was appended to.
    pub(crate) fn appended(base: Offset, end: u64) -> SegmentSnapshot {
        SegmentSnapshot { base, end, revision: 0, generation: 0 }
    }
}

/// A partition's durable state.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[rkyv(attr(allow(missing_docs, unreachable_pub)))]
pub(crate) struct PartitionSnapshot {
    pub(crate) topic: [u8; 16],
    pub(crate) partition: i32,
    pub(crate) generation: u32,
    pub(crate) log_start: Offset,
    /// Exclusive.
    pub(crate) durable_offset: Offset,
    /// By base offset, never none: the last one takes appends.
    pub(crate) segments: Vec<SegmentSnapshot>,
    pub(crate) epochs: Vec<(LeaderEpoch, Offset)>,
    pub(crate) producers: Vec<ProducerState>,
    /// Why it is offline for good: the journal may have held more of it.
    pub(crate) lost: Option<String>,
    /// Counts the swaps.
    pub(crate) swaps: u32,
    /// What lies below (exclusive) has been compacted.
    pub(crate) cleaned_to: Offset,
}

/// A swap in the journal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Swap {
    pub(crate) replacement: SegmentSnapshot,
    /// Base offset of the first segment that stays.
    pub(crate) until: Offset,
    pub(crate) cleaned_to: Offset,
}

/// How far a log is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reached {
    /// Base offset of the segment in which what is not known begins.
    pub(crate) segment: Offset,
    /// Where in it, in bytes.
    pub(crate) position: u64,
    /// The offset that follows.
    pub(crate) next_offset: Offset,
}

impl Reached {
    /// Of a log of which only the segments' names are known.
    pub(crate) fn nothing(snapshot: &PartitionSnapshot) -> Reached {
        let segment = snapshot.segments.first().map_or(snapshot.log_start, |first| first.base);
        Reached { segment, position: 0, next_offset: segment }
    }
}

impl PartitionSnapshot {
    pub(crate) fn id(&self) -> TopicPartition {
        TopicPartition { topic: TopicId(self.topic), partition: self.partition }
    }

    /// Whether it is one that a log can be in.
    ///
    /// # Errors
    /// What contradicts what.
    pub(crate) fn check(&self) -> Result<(), String> {
        let PartitionSnapshot { log_start, durable_offset, segments, .. } = self;
        if !(0..=*durable_offset).contains(log_start) {
            return Err(format!("{}: the log starts at {log_start} and ends at {durable_offset}", self.id()));
        }
        if !segments.is_sorted_by(|one, next| one.base < next.base) {
            return Err(format!("{}: its segments are not in order", self.id()));
        }
        match segments.last() {
            None => Err(format!("{}: it has no segment", self.id())),
            Some(last) if last.base > *durable_offset => {
                Err(format!("{}: segment {} begins behind the log's end, {durable_offset}", self.id(), last.base))
            }
            Some(_) => Ok(()),
        }
    }

    /// What is durable.
    pub(crate) fn reached(&self) -> Reached {
        let last = self.segments.iter().rfind(|segment| segment.base <= self.durable_offset);
        let nothing = Reached::nothing(self);
        last.map_or(nothing, |last| Reached {
            segment: last.base,
            position: last.end,
            next_offset: self.durable_offset,
        })
    }

    /// Whether the segment lies below the log start altogether: its file may be gone.
    pub(crate) fn is_below_log_start(&self, base: Offset) -> bool {
        base < self.first_base()
    }

    /// Whether redo for the segment is of a file that is gone: of a segment that was removed, or replaced since.
    pub(crate) fn is_left_behind(&self, base: Offset, generation: u32) -> bool {
        let holder = self.segments.iter().rfind(|segment| segment.base <= base);
        match holder {
            Some(holder) => generation < holder.generation,
            None => !self.segments.is_empty(),
        }
    }

    /// One file took the place of several.
    pub(crate) fn swap(&mut self, swap: Swap) {
        let Swap { replacement, until, cleaned_to } = swap;
        self.segments.retain(|segment| segment.base < replacement.base || segment.base >= until);
        self.segments.push(replacement);
        self.segments.sort_by_key(|segment| segment.base);
        self.swaps = replacement.revision;
        self.cleaned_to = cleaned_to;
    }

    /// Base offset of the segment with the log start.
    pub(crate) fn first_base(&self) -> Offset {
        let reached = self.segments.iter().rfind(|segment| segment.base <= self.log_start);
        reached.or(self.segments.first()).map_or(self.log_start, |first| first.base)
    }

    /// The log ends at `cut` from `generation` on.
    pub(crate) fn cut(&mut self, generation: u32, cut: Reached) {
        self.generation = generation;
        let of_cut = self.segments.iter().find(|segment| segment.base == cut.segment).copied();
        let of_cut = of_cut.unwrap_or(SegmentSnapshot::appended(cut.segment, 0));
        self.segments.retain(|segment| segment.base < cut.segment);
        self.segments.push(SegmentSnapshot { end: cut.position, ..of_cut });
        self.durable_offset = cut.next_offset;
        self.cleaned_to = self.cleaned_to.min(cut.next_offset);
        let mut epochs = LeaderEpochs::from_entries(std::mem::take(&mut self.epochs));
        epochs.end_at(cut.next_offset);
        self.epochs = epochs.entries().to_vec();
        self.producers.clear();
    }

    /// The segment at `base` reaches `end` at least.
    pub(crate) fn reach(&mut self, base: Offset, end: u64) {
        match self.segments.iter_mut().find(|segment| segment.base == base) {
            Some(segment) => segment.end = segment.end.max(end),
            None => {
                self.segments.push(SegmentSnapshot::appended(base, end));
                self.segments.sort_by_key(|segment| segment.base);
            }
        }
    }
}

/// What a checkpoint's body says.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[rkyv(attr(allow(missing_docs, unreachable_pub)))]
pub(crate) struct Body {
    version: u16,
    /// Counts the starts of the broker: checkpoints of an earlier start mean nothing any more.
    pub(crate) start: u64,
    pub(crate) partitions: Vec<PartitionSnapshot>,
}

impl Body {
    pub(crate) fn new(start: u64, partitions: Vec<PartitionSnapshot>) -> Body {
        Body { version: VERSION, start, partitions }
    }

    pub(crate) fn encode(&self) -> Result<Vec<u8>, Error> {
        rkyv::to_bytes::<Error>(self).map(|bytes| bytes.to_vec())
    }

    /// # Errors
    /// When the bytes are no body, one of a later version, or one that contradicts itself.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Body, String> {
        let body = match snapshot_v1::decode(bytes) {
            Some(older) => older,
            None => rkyv::from_bytes::<Body, Error>(bytes).map_err(|error| error.to_string())?,
        };
        if body.version != VERSION {
            return Err(format!("body version {}", body.version));
        }
        body.partitions.iter().try_for_each(PartitionSnapshot::check)?;
        Ok(body)
    }
}

impl Partition {
    /// What is durable of it now.
    pub(crate) fn snapshot(&self) -> PartitionSnapshot {
        let state = self.state.borrow();
        let durable_offset = state.durable_offset;
        // A segment that was begun behind batches which are not durable may never have been.
        let reached = state.segments.iter().filter(|segment| segment.base_offset <= durable_offset);
        let segments = reached.map(|segment| SegmentSnapshot {
            base: segment.base_offset,
            end: segment.durable,
            revision: segment.revision,
            generation: segment.generation,
        });
        PartitionSnapshot {
            topic: self.id.topic.0,
            partition: self.id.partition,
            generation: state.generation,
            log_start: state.log_start,
            durable_offset,
            segments: segments.collect(),
            epochs: state.epochs.entries().iter().copied().filter(|(_, start)| *start < durable_offset).collect(),
            producers: state.producers.durable_states().cloned().collect(),
            lost: state.lost.clone(),
            swaps: state.swaps,
            cleaned_to: state.cleaned_to,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Segments at 10, 20 and 30 that are 100, 200 and 300 bytes long; the one at 20 came with swap 3.
    fn snapshot() -> PartitionSnapshot {
        let replaced = SegmentSnapshot { revision: 3, generation: 2, ..SegmentSnapshot::appended(20, 200) };
        PartitionSnapshot {
            topic: [7; 16],
            partition: 4,
            generation: 1,
            log_start: 15,
            durable_offset: 35,
            segments: vec![SegmentSnapshot::appended(10, 100), replaced, SegmentSnapshot::appended(30, 300)],
            epochs: vec![(1, 10), (2, 20), (3, 33)],
            producers: Vec::new(),
            lost: None,
            swaps: 3,
            cleaned_to: 30,
        }
    }

    fn bases(snapshot: &PartitionSnapshot) -> Vec<Offset> {
        snapshot.segments.iter().map(|segment| segment.base).collect()
    }

    #[test]
    fn a_state_that_no_log_can_be_in_is_told() {
        assert_eq!(snapshot().id(), TopicPartition { topic: TopicId([7; 16]), partition: 4 });
        snapshot().check().unwrap();
        for (log_start, durable_offset) in [(35, 35), (0, 30)] {
            PartitionSnapshot { log_start, durable_offset, ..snapshot() }.check().unwrap();
        }
        for (log_start, durable_offset) in [(-1, 35), (36, 35), (15, 29)] {
            let wrong = PartitionSnapshot { log_start, durable_offset, ..snapshot() };
            assert!(wrong.check().is_err(), "{log_start} to {durable_offset}");
        }
        for order in [[1, 0, 2], [0, 0, 1]] {
            let segments = order.map(|at| snapshot().segments[at]).to_vec();
            assert!(PartitionSnapshot { segments, ..snapshot() }.check().is_err(), "{order:?}");
        }
        assert!(PartitionSnapshot { segments: Vec::new(), ..snapshot() }.check().is_err(), "none takes appends");
    }

    #[test]
    fn what_is_durable_ends_in_the_last_segment_that_was_begun() {
        assert_eq!(snapshot().reached(), Reached { segment: 30, position: 300, next_offset: 35 });
        let to_begin = PartitionSnapshot { durable_offset: 30, ..snapshot() };
        assert_eq!(to_begin.reached(), Reached { segment: 30, position: 300, next_offset: 30 });
        let none = PartitionSnapshot { segments: Vec::new(), ..snapshot() };
        assert_eq!(none.reached(), Reached { segment: 15, position: 0, next_offset: 15 });
    }

    #[test]
    fn segments_before_the_one_with_the_log_start_are_below_it() {
        let of = |log_start| {
            let snapshot = PartitionSnapshot { log_start, ..snapshot() };
            (snapshot.first_base(), [0, 10, 20, 30].map(|base| snapshot.is_below_log_start(base)))
        };
        assert_eq!(of(15), (10, [true, false, false, false]));
        assert_eq!(of(20), (20, [true, true, false, false]));
        assert_eq!(of(34), (30, [true, true, true, false]));
        assert_eq!(of(5), (10, [true, false, false, false]), "the first one there is");
    }

    #[test]
    fn redo_of_a_file_that_was_removed_or_replaced_is_left_behind() {
        let snapshot = snapshot();
        for (base, generation, is_left_behind) in [
            (5, 9, true),
            (10, 0, false),
            (20, 1, true),
            (20, 2, false),
            (25, 1, true),
            (25, 2, false),
            (30, 0, false),
            (40, 0, false),
        ] {
            assert_eq!(snapshot.is_left_behind(base, generation), is_left_behind, "{base}, generation {generation}");
        }
        let none = PartitionSnapshot { segments: Vec::new(), ..snapshot };
        assert!(!none.is_left_behind(5, 0), "nothing was removed yet");
    }

    #[test]
    fn a_replacement_takes_the_place_of_the_segments_it_was_made_of() {
        let mut swapped = snapshot();
        let replacement = SegmentSnapshot { base: 10, end: 150, revision: 4, generation: 3 };
        swapped.swap(Swap { replacement, until: 30, cleaned_to: 28 });
        assert_eq!((bases(&swapped), swapped.swaps, swapped.cleaned_to), (vec![10, 30], 4, 28));
        assert_eq!(swapped.segments[0], replacement);
        let mut of_second = snapshot();
        of_second.swap(Swap { replacement: SegmentSnapshot { base: 20, ..replacement }, until: 30, cleaned_to: 28 });
        assert_eq!(bases(&of_second), [10, 20, 30]);
        assert_eq!(of_second.segments[1].end, 150);
    }

    #[test]
    fn a_cut_leaves_the_segment_it_lies_in_and_those_before() {
        let mut cut = snapshot();
        cut.cut(2, Reached { segment: 20, position: 120, next_offset: 25 });
        assert_eq!((cut.generation, cut.durable_offset, cut.cleaned_to), (2, 25, 25));
        let shortened = SegmentSnapshot { end: 120, ..snapshot().segments[1] };
        assert_eq!(cut.segments, [SegmentSnapshot::appended(10, 100), shortened]);
        assert_eq!(cut.epochs, [(1, 10), (2, 20)]);
        let mut behind = snapshot();
        behind.cut(2, Reached { segment: 32, position: 7, next_offset: 34 });
        assert_eq!((behind.segments[3], behind.cleaned_to), (SegmentSnapshot::appended(32, 7), 30));
    }

    #[test]
    fn a_segment_only_grows_and_an_unknown_one_is_begun() {
        let mut grown = snapshot();
        grown.reach(30, 250);
        assert_eq!(grown.segments[2].end, 300);
        grown.reach(30, 350);
        grown.reach(25, 10);
        assert_eq!(bases(&grown), [10, 20, 25, 30]);
        assert_eq!((grown.segments[2].end, grown.segments[3].end), (10, 350));
    }
}
