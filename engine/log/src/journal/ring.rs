//! Where the next record goes, and which files are free: arithmetic, no I/O.
//!
//! Invariants:
//! - Records of a file are consecutive, from its first byte on.
//! - A file is free when it was never entered in this incarnation, or all its records are released.
//! - `marks` are in the order of sequences and of bytes; the first one is at or before the oldest record that is not
//!   released.

use std::collections::VecDeque;

use super::commit::Sequence;

/// Live bytes are known to this many bytes.
const MARK_BYTES: u64 = 64 * 1024;

/// One part in so many of the ring is not for appends.
const RESERVED_PART: u64 = 4;

#[derive(Clone, Copy, Debug)]
struct RingFile {
    bytes: u64,
    /// Sequence of the first record in it, if it was entered.
    entered: Option<Sequence>,
    /// The last record in it; before `entered` when there is none yet.
    last: Sequence,
    /// End of its last record, in bytes.
    end: u64,
}

/// Where a record of some length goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Into the current file.
    Here {
        /// The file's number.
        file: usize,
        /// Where in it, in bytes.
        offset: u64,
    },
    /// To the start of this file, once it is entered.
    Enter(usize),
    /// Nowhere, until records are released or a file joins.
    Full,
}

/// The ring of files.
#[derive(Debug, Default)]
pub(super) struct Ring {
    files: Vec<RingFile>,
    current: Option<usize>,
    released_before: Sequence,
    /// Bytes recorded in this incarnation.
    written: u64,
    /// Sequences, and what `written` was before them.
    marks: VecDeque<(Sequence, u64)>,
}

impl Ring {
    /// A file joins the ring. Gives its number.
    pub(super) fn join(&mut self, bytes: u64) -> usize {
        self.files.push(RingFile { bytes, entered: None, last: Sequence(0), end: 0 });
        self.files.len() - 1
    }

    /// Where a record of `bytes` goes.
    pub(super) fn place(&self, bytes: u64) -> Place {
        let current = self.current.and_then(|number| self.files.get(number).map(|file| (number, file)));
        if let Some((number, file)) = current
            && file.end + bytes <= file.bytes
        {
            return Place::Here { file: number, offset: file.end };
        }
        let count = self.files.len();
        let after = current.map_or(0, |(number, _)| number + 1);
        let next = (after..after + count).map(|index| index % count);
        let mut free = next.filter(|number| self.files.get(*number).is_some_and(|file| self.is_free(file)));
        free.find(|number| self.files.get(*number).is_some_and(|file| bytes <= file.bytes))
            .map_or(Place::Full, Place::Enter)
    }

    /// Begins to write at the start of a free file; `first` is the next record's sequence.
    pub(super) fn enter(&mut self, number: usize, first: Sequence) {
        let released_before = self.released_before;
        let Some(file) = self.files.get_mut(number) else { return };
        assert!(file.entered.is_none() || file.last < released_before, "file {number} holds records that are needed");
        *file = RingFile { entered: Some(first), last: Sequence(first.0 - 1), end: 0, ..*file };
        self.current = Some(number);
    }

    /// A record was given the place that [`Ring::place`] named.
    pub(super) fn record(&mut self, sequence: Sequence, bytes: u64) {
        let Some(file) = self.current.and_then(|number| self.files.get_mut(number)) else { return };
        assert!(sequence == file.last.next() && file.end + bytes <= file.bytes, "record {sequence} out of place");
        file.last = sequence;
        file.end += bytes;
        if self.marks.back().is_none_or(|(_, before)| self.written - before >= MARK_BYTES) {
            self.marks.push_back((sequence, self.written));
        }
        self.written += bytes;
    }

    /// No record before `before` (exclusive) is needed any more.
    pub(super) fn release(&mut self, before: Sequence) {
        self.released_before = self.released_before.max(before);
        while self.marks.get(1).is_some_and(|(sequence, _)| *sequence <= self.released_before) {
            self.marks.pop_front();
        }
    }

    /// The first sequence that is needed, or one before it.
    pub(super) fn released_before(&self) -> Sequence {
        self.released_before
    }

    /// Bytes recorded in this incarnation.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// When more than half of the ring is live, or less than half of it is free, or `blocked`: the sequence before
    /// which all should be released, so that all files but the current one become free. Early enough that appends go
    /// on meanwhile: room comes back file by file.
    pub(super) fn pressure(&self, blocked: bool) -> Option<Sequence> {
        let capacity = self.capacity();
        let is_half_live = self.live_bytes() * 2 > capacity;
        if !blocked && !is_half_live && self.free_bytes() >= self.bytes_kept_free() && self.has_room(0) {
            return None;
        }
        let used = self.files.iter().enumerate().filter(|(_, file)| !self.is_free(file) && file.end > 0);
        // The current one last: it is named only when it is the only one.
        let newest = used.max_by_key(|(number, file)| (Some(*number) != self.current, file.entered));
        newest.map(|(_, file)| file.last.next())
    }

    /// Whether records of `waiting` bytes fit without touching the part of the ring that is set aside: room for the
    /// entries that destaging needs in order to release others.
    pub(super) fn has_room(&self, waiting: u64) -> bool {
        self.free_bytes() >= waiting + self.capacity() / RESERVED_PART
    }

    /// Whether half of what is free for appends when pressure begins still is.
    pub(super) fn has_ample_room(&self, waiting: u64) -> bool {
        let reserved = self.capacity() / RESERVED_PART;
        self.free_bytes() >= waiting + reserved + reserved / 2
    }

    fn capacity(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Bytes of the free files, and of what is left of the current one.
    fn free_bytes(&self) -> u64 {
        let free = self.files.iter().enumerate().map(|(number, file)| match file {
            file if self.is_free(file) => file.bytes,
            file if Some(number) == self.current => file.bytes - file.end,
            _ => 0,
        });
        free.sum()
    }

    /// With fewer bytes free than these some should be released: half of the ring, unless one file is more than that,
    /// which is not free while it is written.
    fn bytes_kept_free(&self) -> u64 {
        let largest = self.files.iter().map(|file| file.bytes).max().unwrap_or_default();
        let capacity = self.capacity();
        (capacity / 2).min(capacity - largest)
    }

    /// Bytes of records that are not released, rounded up by at most [`MARK_BYTES`] and a record.
    fn live_bytes(&self) -> u64 {
        let newest = self.files.iter().map(|file| file.last).max().unwrap_or_default();
        if newest < self.released_before {
            return 0;
        }
        self.marks.front().map_or(0, |(_, before)| self.written - before)
    }

    fn is_free(&self, file: &RingFile) -> bool {
        file.entered.is_none() || file.last < self.released_before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(sizes: &[u64]) -> Ring {
        let mut ring = Ring::default();
        for bytes in sizes {
            ring.join(*bytes);
        }
        ring.enter(0, Sequence(1));
        ring
    }

    #[test]
    fn files_are_entered_in_turn_and_only_when_released() {
        let mut ring = ring(&[8, 16]);
        for sequence in 1..=2 {
            assert_eq!(ring.place(4), Place::Here { file: 0, offset: (sequence - 1) * 4 });
            ring.record(Sequence(sequence), 4);
        }
        assert_eq!(ring.place(4), Place::Enter(1));
        ring.enter(1, Sequence(3));
        ring.record(Sequence(3), 16);
        assert_eq!(ring.place(4), Place::Full);
        ring.release(Sequence(2));
        assert_eq!(ring.place(4), Place::Full, "record 2 is still needed");
        ring.release(Sequence(3));
        assert_eq!(ring.place(4), Place::Enter(0));
        ring.enter(0, Sequence(4));
        assert_eq!(ring.place(4), Place::Here { file: 0, offset: 0 });
    }

    #[test]
    fn a_ring_of_one_file_starts_over_when_all_is_released() {
        let mut ring = ring(&[8]);
        ring.record(Sequence(1), 8);
        assert_eq!(ring.place(4), Place::Full);
        ring.release(Sequence(2));
        assert_eq!(ring.place(4), Place::Enter(0));
    }

    #[test]
    fn a_file_that_joins_gives_room() {
        let mut ring = ring(&[8]);
        ring.record(Sequence(1), 8);
        assert_eq!(ring.join(8), 1);
        assert_eq!(ring.place(8), Place::Enter(1));
    }

    #[test]
    fn a_quarter_of_the_ring_is_not_for_appends() {
        let mut ring = ring(&[8, 8]);
        assert!(ring.has_room(12) && !ring.has_room(13));
        assert!(ring.has_ample_room(10) && !ring.has_ample_room(11));
        ring.record(Sequence(1), 8);
        assert!(ring.has_room(4) && !ring.has_room(5));
        assert!(ring.has_ample_room(2) && !ring.has_ample_room(3));
        ring.enter(1, Sequence(2));
        ring.record(Sequence(2), 8);
        assert!(!ring.has_room(0));
        ring.release(Sequence(2));
        assert!(ring.has_room(4));
    }

    #[test]
    fn pressure_names_all_files_but_the_current_one_once_half_is_live() {
        let unit = MARK_BYTES;
        let mut ring = ring(&[2 * unit, 2 * unit]);
        ring.record(Sequence(1), unit);
        ring.record(Sequence(2), unit);
        assert_eq!(ring.pressure(false), None);
        assert_eq!(ring.pressure(true), Some(Sequence(3)), "a ring that blocks asks at once");
        ring.enter(1, Sequence(3));
        ring.record(Sequence(3), unit);
        assert_eq!(ring.pressure(false), Some(Sequence(3)));
        ring.release(Sequence(3));
        assert_eq!(ring.pressure(false), None);
        assert_eq!(ring.pressure(true), Some(Sequence(4)));
        ring.release(Sequence(4));
        assert_eq!(ring.pressure(true), None);
    }

    /// Writes ten rings full of records, and releases what pressure names when a twelfth of the ring was written since:
    /// that, or what is older than another twelfth (the last blocks, which are not full). Gives how often that was.
    fn releases_of_a_steady_load(sizes: &[u64]) -> usize {
        let mut ring = ring(&sizes.iter().map(|size| size * MARK_BYTES).collect::<Vec<_>>());
        let capacity = ring.capacity();
        let (mut releasing, mut releases) = (None, 0);
        for sequence in (1..=10 * capacity / MARK_BYTES).map(Sequence) {
            if let Place::Enter(number) = ring.place(MARK_BYTES) {
                ring.enter(number, sequence);
            }
            ring.record(sequence, MARK_BYTES);
            assert!(ring.has_room(0), "{sizes:?}: no room after {sequence}, {} bytes free", ring.free_bytes());
            if let (None, Some(before)) = (releasing, ring.pressure(false)) {
                let older = Sequence(sequence.0.saturating_sub(capacity / 12 / MARK_BYTES));
                releasing = Some((before.max(older), ring.written()));
            }
            if let Some((before, began)) = releasing
                && ring.written() - began >= capacity / 12
            {
                ring.release(before);
                (releasing, releases) = (None, releases + 1);
            }
        }
        releases
    }

    #[test]
    fn appends_find_room_while_some_is_made() {
        // The broker's default, its smallest, rings of equal files, and one that has not all of its files yet.
        for sizes in [&[8, 8, 64, 64][..], &[8, 8, 8, 8], &[16; 9], &[64; 4], &[8, 8, 64, 64, 64]] {
            let releases = releases_of_a_steady_load(sizes);
            assert!((15..=30).contains(&releases), "{sizes:?}: {releases} releases for ten rings full");
        }
    }
}
