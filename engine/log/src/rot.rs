//! Which parts of a segment were verified, and which are damaged.
//!
//! Invariants:
//! - A damaged range is never served, and is reported once.
//! - A piece is marked as verified only when every batch that begins in it was read from the file and found sound, or
//!   lies in a damaged range.

use std::collections::BTreeMap;

use millrace_base::ids::Offset;

use crate::limits::VERIFY_BYTES;

/// A range of a segment whose bytes are not sound batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RottenRange {
    /// Where it begins in the segment, in bytes (inclusive).
    pub from: u64,
    /// Where the next sound batch begins, in bytes; the segment's end if there is none.
    pub to: u64,
    /// First offset that is lost.
    pub first_offset: Offset,
    /// Offset of the next sound batch (exclusive end).
    pub next_offset: Offset,
}

/// What is known of a segment's soundness.
#[derive(Debug, Default)]
pub(crate) struct RotMap {
    verified: BTreeMap<u64, (u64, Offset)>,
    /// By position; disjoint.
    ranges: Vec<RottenRange>,
}

impl RotMap {
    /// Where the verified part of the piece ends: the beginning of a batch, in bytes, and its offset. Nothing is
    /// verified yet when there is none.
    pub(crate) fn verified(&self, piece: u64) -> Option<(u64, Offset)> {
        self.verified.get(&piece).copied()
    }

    /// Notes that every batch which begins in the piece and before `end` was verified.
    pub(crate) fn set_verified(&mut self, piece: u64, end: (u64, Offset)) {
        self.verified.insert(piece, end);
    }

    /// The piece that `position` lies in.
    pub(crate) fn piece_of(position: u64) -> u64 {
        position / VERIFY_BYTES
    }

    /// Notes damage; true when it was not known.
    pub(crate) fn note(&mut self, range: RottenRange) -> bool {
        let known = self.ranges.iter().any(|known| known.from <= range.from && range.to <= known.to);
        if !known {
            self.ranges.retain(|old| old.to <= range.from || old.from >= range.to);
            self.ranges.push(range);
            self.ranges.sort_by_key(|range| range.from);
        }
        !known
    }

    /// All damage that is known, by position.
    pub(crate) fn ranges(&self) -> &[RottenRange] {
        &self.ranges
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(from: u64, to: u64) -> RottenRange {
        RottenRange { from, to, first_offset: from as Offset, next_offset: to as Offset }
    }

    #[test]
    fn damage_is_news_once_and_what_grew_takes_the_place_of_what_it_was() {
        let mut map = RotMap::default();
        for (found, is_news) in [
            (range(100, 200), true),
            (range(100, 200), false),
            (range(120, 180), false),
            (range(200, 300), true),
            (range(50, 100), true),
            (range(400, 500), true),
        ] {
            assert_eq!(map.note(found), is_news, "{found:?}");
        }
        assert_eq!(map.ranges(), [range(50, 100), range(100, 200), range(200, 300), range(400, 500)]);
        assert!(map.note(range(150, 401)), "it is known in parts only");
        assert_eq!(map.ranges(), [range(50, 100), range(150, 401)]);
    }
}
