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
    /// By base offset; the last one takes appends.
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
            Some(last) if last.base > *durable_offset => {
                Err(format!("{}: segment {} begins behind the log's end, {durable_offset}", self.id(), last.base))
            }
            _ => Ok(()),
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
