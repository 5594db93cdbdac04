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

    /// Notes that the batches from `from` on were verified, one after the other: `ends` has each piece in which one of
    /// them begins, with where the next one follows. The first piece counts only when nothing in it was left out:
    /// whether that is so, and they follow what was verified before.
    pub(crate) fn extend(&mut self, from: u64, ends: &[(u64, (u64, Offset))]) -> bool {
        let Some(((first, end), others)) = ends.split_first() else { return false };
        let continues = match self.verified(*first) {
            Some((verified, _)) => verified == from,
            None => {
                let before = first.checked_sub(1).and_then(|before| self.verified(before));
                from.is_multiple_of(VERIFY_BYTES) || before.is_some_and(|(verified, _)| verified == from)
            }
        };
        if continues {
            self.set_verified(*first, *end);
        }
        for (piece, end) in others {
            self.set_verified(*piece, *end);
        }
        continues
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

    const PIECE: u64 = VERIFY_BYTES;

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

    #[test]
    fn pieces_count_as_verified_from_their_first_batch_on() {
        let mut rot = RotMap::default();
        assert!(!rot.extend(100, &[(0, (300, 3))]));
        assert_eq!(rot.verified(0), None, "what lies before 100 was not seen");
        assert!(rot.extend(0, &[(0, (100, 1))]));
        assert_eq!(rot.verified(0), Some((100, 1)));
        rot.extend(200, &[(0, (300, 3))]);
        assert_eq!(rot.verified(0), Some((100, 1)), "from 100 to 200 nothing was seen");
        assert!(rot.extend(100, &[(0, (PIECE + 50, 7)), (1, (PIECE + 70, 8))]));
        assert_eq!((rot.verified(0), rot.verified(1)), (Some((PIECE + 50, 7)), Some((PIECE + 70, 8))));
        rot.extend(2 * PIECE + 10, &[(2, (2 * PIECE + 90, 20))]);
        assert_eq!(rot.verified(2), None, "a batch may begin before it in the piece");
        rot.extend(PIECE + 70, &[(1, (2 * PIECE + 10, 12))]);
        rot.extend(2 * PIECE + 10, &[(2, (2 * PIECE + 90, 20))]);
        assert_eq!(rot.verified(2), Some((2 * PIECE + 90, 20)), "the piece before it ended there");
        rot.extend(7 * PIECE, &[(7, (7 * PIECE + 5, 70))]);
        assert_eq!(rot.verified(7), Some((7 * PIECE + 5, 70)), "it begins with a batch");
    }
}
