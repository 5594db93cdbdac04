//! A segment's sparse index: offsets and timestamps to positions.
//!
//! Invariants:
//! - A batch has an entry if and only if its bytes cover a multiple of the interval. So an index is a function of the
//!   segment's bytes and the interval, wherever one begins to build it; it is a hint, and can always be built anew.
//! - Every entry's position is the beginning of a batch. Offsets and positions rise from entry to entry, and
//!   `max_timestamp_before` never falls.

use millrace_base::ids::Offset;
use rkyv::{Archive, Deserialize, Serialize};

/// The timestamp of no batch at all.
pub(crate) const NO_TIMESTAMP: i64 = -1;

/// One entry.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexEntry {
    /// Base offset of the batch, less the segment's.
    pub relative_offset: u32,
    /// Where in the segment the batch begins, in bytes.
    pub position: u32,
    /// The greatest timestamp (Unix ms) of all batches of the segment before this one; `-1` for none.
    pub max_timestamp_before: i64,
}

/// A segment's index, and what a scan of the segment gives besides.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// Sorted by position.
    pub entries: Vec<IndexEntry>,
    /// The greatest timestamp (Unix ms) of the segment; `-1` for none.
    pub max_timestamp: i64,
    /// Base offset, less the segment's, of the first batch with that timestamp.
    pub max_timestamp_relative: u32,
    /// The first batch's greatest timestamp (Unix ms); nothing while the segment is empty.
    pub first_timestamp: Option<i64>,
    /// The entries are complete from this position on. 0 unless a restart left the rest to be built when it is needed.
    pub complete_from: u32,
}

impl Index {
    /// The index of an empty segment.
    pub(crate) fn empty() -> Index {
        Index {
            entries: Vec::new(),
            max_timestamp: NO_TIMESTAMP,
            max_timestamp_relative: 0,
            first_timestamp: None,
            complete_from: 0,
        }
    }

    /// Notes the next batch: `position` and `bytes` in the segment, its base offset relative to the segment's.
    pub(crate) fn note(&mut self, interval: u64, relative: u32, position: u64, bytes: u64, max_timestamp: i64) {
        let interval = interval.max(1);
        let next_multiple = position.div_ceil(interval) * interval;
        if next_multiple < position + bytes {
            let entry = IndexEntry {
                relative_offset: relative,
                position: position as u32,
                max_timestamp_before: self.max_timestamp,
            };
            debug_assert!(self.entries.last().is_none_or(|last| last.position < entry.position));
            self.entries.push(entry);
        }
        if max_timestamp > self.max_timestamp {
            self.max_timestamp = max_timestamp;
            self.max_timestamp_relative = relative;
        }
        if self.first_timestamp.is_none() {
            self.first_timestamp = Some(max_timestamp);
        }
    }

    /// Where to begin a walk to the batch that holds the offset: at or before that batch. Nothing when the index does
    /// not reach back to it.
    pub(crate) fn position_of(&self, relative: u32) -> Option<u64> {
        let above = self.entries.partition_point(|entry| entry.relative_offset <= relative);
        self.floor(above)
    }

    /// Where to begin a walk to the first batch with a timestamp of at least `timestamp`.
    pub(crate) fn position_of_timestamp(&self, timestamp: i64) -> Option<u64> {
        let above = self.entries.partition_point(|entry| entry.max_timestamp_before < timestamp);
        self.floor(above)
    }

    fn floor(&self, above: usize) -> Option<u64> {
        let floor = above.checked_sub(1).and_then(|floor| self.entries.get(floor));
        match floor {
            Some(entry) => Some(u64::from(entry.position)),
            None => (self.complete_from == 0).then_some(0),
        }
    }

    /// Position and offset of the last batch at or before `position` that has an entry; the segment's first if none
    /// has.
    pub(crate) fn batch_before(&self, position: u64, base: Offset) -> (u64, Offset) {
        let above = self.entries.partition_point(|entry| u64::from(entry.position) <= position);
        let floor = above.checked_sub(1).and_then(|floor| self.entries.get(floor));
        floor.map_or((0, base), |entry| (u64::from(entry.position), base + Offset::from(entry.relative_offset)))
    }

    /// Puts the entries of a scan of `0..complete_from` before those that are there.
    pub(crate) fn complete_with(&mut self, before: Index) {
        let from = self.complete_from;
        let mut entries: Vec<IndexEntry> = before.entries;
        entries.retain(|entry| entry.position < from);
        for entry in &mut self.entries {
            entry.max_timestamp_before = entry.max_timestamp_before.max(before.max_timestamp);
        }
        entries.append(&mut self.entries);
        self.entries = entries;
        self.complete_from = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: u64 = 100;

    /// Ten batches of 70 bytes and 3 offsets; timestamps 1000, 990, 1020, 1010, ...
    fn index_from(first: u64) -> Index {
        let mut index = Index::empty();
        for batch in first..10 {
            let timestamp = 1000 + 10 * batch as i64 - 20 * (batch as i64 % 2);
            index.note(INTERVAL, batch as u32 * 3, batch * 70, 70, timestamp);
        }
        index
    }

    #[test]
    fn entries_follow_the_bytes_alone() {
        let index = index_from(0);
        let positions: Vec<u32> = index.entries.iter().map(|entry| entry.position).collect();
        // The batches that hold the bytes 0, 100, 200, ... 600.
        assert_eq!(positions, [0, 70, 140, 280, 350, 490, 560]);
        let mut late = index_from(4);
        late.complete_from = 280;
        assert_eq!(late.position_of(2), None);
        late.complete_with(index.clone());
        assert_eq!(late.entries.iter().map(|entry| entry.position).collect::<Vec<_>>(), positions);
    }

    #[test]
    fn the_first_batch_with_the_greatest_timestamp_is_noted() {
        let mut index = Index::empty();
        for (batch, timestamp) in [(0, 5), (1, 9), (2, 9), (3, 8)] {
            index.note(INTERVAL, batch, u64::from(batch) * 70, 70, timestamp);
        }
        assert_eq!((index.max_timestamp, index.max_timestamp_relative, index.first_timestamp), (9, 1, Some(5)));
    }

    #[test]
    fn a_walk_begins_at_or_before_what_is_looked_for() {
        let index = index_from(0);
        assert_eq!(index.position_of(0), Some(0));
        assert_eq!(index.position_of(11), Some(140));
        assert_eq!(index.position_of(12), Some(280));
        assert_eq!(index.position_of(1000), Some(560));
        assert_eq!(index.position_of_timestamp(0), Some(0));
        assert_eq!(index.position_of_timestamp(1000), Some(0));
        assert_eq!(index.position_of_timestamp(1001), Some(140));
        assert_eq!(index.max_timestamp, 1080);
        assert_eq!(index.batch_before(279, 100), (140, 106));
    }
}
