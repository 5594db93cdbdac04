//! Where each leader's epoch begins in a partition's log (KIP-101).
//!
//! Invariants:
//! - Epochs and start offsets both rise from entry to entry.
//! - No entry starts at or after the log's end, except one that was assigned at the end and has no batch yet.

use millrace_base::ids::{LeaderEpoch, Offset};
use millrace_record::header::NO_LEADER_EPOCH;

/// The offset that stands for "not known" in answers about epochs.
const UNDEFINED_OFFSET: Offset = -1;
/// The format version of Kafka's `leader-epoch-checkpoint`.
const TEXT_VERSION: &str = "0";

/// A partition's leader epochs, oldest first, each with the offset of its first batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeaderEpochs {
    entries: Vec<(LeaderEpoch, Offset)>,
}

impl LeaderEpochs {
    /// Epochs as they were stored.
    pub(crate) fn from_entries(entries: Vec<(LeaderEpoch, Offset)>) -> LeaderEpochs {
        let mut epochs = LeaderEpochs::default();
        for (epoch, start) in entries {
            epochs.assign(epoch, start);
        }
        epochs
    }

    /// Epoch and start offset of each.
    pub fn entries(&self) -> &[(LeaderEpoch, Offset)] {
        &self.entries
    }

    /// The newest epoch, if there is one.
    pub fn latest(&self) -> Option<LeaderEpoch> {
        self.entries.last().map(|entry| entry.0)
    }

    /// Notes a batch of `epoch` at `start`. Older epochs than the newest, and none, change nothing.
    pub(crate) fn assign(&mut self, epoch: LeaderEpoch, start: Offset) {
        if epoch > NO_LEADER_EPOCH && self.latest().is_none_or(|latest| epoch > latest) {
            self.entries.retain(|entry| entry.1 < start);
            self.entries.push((epoch, start));
        }
    }

    /// The log begins at `log_start` now: epochs that ended before are gone.
    pub(crate) fn start_at(&mut self, log_start: Offset) {
        let above = self.entries.partition_point(|entry| entry.1 <= log_start);
        self.entries.drain(..above.saturating_sub(1));
        if let Some(first) = self.entries.first_mut() {
            first.1 = first.1.max(log_start);
        }
    }

    /// The log ends at `log_end` now: epochs that began there or behind are gone.
    pub(crate) fn end_at(&mut self, log_end: Offset) {
        self.entries.retain(|entry| entry.1 < log_end);
    }

    /// The answer to OffsetForLeaderEpoch: the greatest epoch that is not above `requested`, and the offset where it
    /// ends (exclusive). `(-1, -1)` when nothing is known about it.
    pub fn end_offset(&self, requested: LeaderEpoch, log_end: Offset) -> (LeaderEpoch, Offset) {
        let undefined = (NO_LEADER_EPOCH, UNDEFINED_OFFSET);
        let Some(latest) = self.latest() else { return undefined };
        if requested == NO_LEADER_EPOCH || requested > latest {
            return undefined;
        }
        if requested == latest {
            return (latest, log_end);
        }
        let above = self.entries.partition_point(|entry| entry.0 <= requested);
        let end = self.entries.get(above).map_or(log_end, |entry| entry.1);
        match above.checked_sub(1).and_then(|floor| self.entries.get(floor)) {
            Some(floor) => (floor.0, end),
            None => (requested, end),
        }
    }

    /// The epoch of the batch at `offset`, if one is known.
    pub fn epoch_of(&self, offset: Offset) -> Option<LeaderEpoch> {
        let above = self.entries.partition_point(|entry| entry.1 <= offset);
        above.checked_sub(1).and_then(|floor| self.entries.get(floor)).map(|entry| entry.0)
    }

    /// The text of Kafka's `leader-epoch-checkpoint`.
    pub(crate) fn to_text(&self) -> String {
        let mut text = format!("{TEXT_VERSION}\n{}\n", self.entries.len());
        for (epoch, start) in &self.entries {
            text.push_str(&format!("{epoch} {start}\n"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epochs() -> LeaderEpochs {
        LeaderEpochs::from_entries(vec![(2, 10), (3, 20), (5, 40)])
    }

    #[test]
    fn trap_27_answers_with_the_floor_epoch_and_the_next_ones_start() {
        let epochs = epochs();
        assert_eq!(epochs.end_offset(5, 50), (5, 50));
        assert_eq!(epochs.end_offset(4, 50), (3, 40));
        assert_eq!(epochs.end_offset(2, 50), (2, 20));
        assert_eq!(epochs.end_offset(1, 50), (1, 10));
        assert_eq!(epochs.end_offset(6, 50), (-1, -1));
        assert_eq!(epochs.end_offset(-1, 50), (-1, -1));
    }

    #[test]
    fn only_a_newer_epoch_begins_and_takes_the_place_of_what_begins_behind_it() {
        let mut epochs = epochs();
        for (epoch, start) in [(-1, 50), (4, 50), (5, 50)] {
            epochs.assign(epoch, start);
            assert_eq!(epochs.entries(), [(2, 10), (3, 20), (5, 40)], "{epoch} at {start}");
        }
        epochs.assign(7, 40);
        assert_eq!(epochs.entries(), [(2, 10), (3, 20), (7, 40)], "no batch is of epoch 5");
        epochs.assign(8, 15);
        assert_eq!(epochs.entries(), [(2, 10), (8, 15)]);
        let mut none = LeaderEpochs::default();
        none.assign(-1, 0);
        assert_eq!(none.latest(), None);
        none.assign(0, 0);
        assert_eq!(none.latest(), Some(0));
    }

    #[test]
    fn a_batch_is_of_the_last_epoch_that_began_before_it() {
        let epochs = epochs();
        let expected = [(9, None), (10, Some(2)), (19, Some(2)), (20, Some(3)), (39, Some(3)), (40, Some(5))];
        for (offset, epoch) in expected {
            assert_eq!(epochs.epoch_of(offset), epoch, "{offset}");
        }
    }

    #[test]
    fn epochs_that_began_at_the_logs_end_are_gone_with_what_was_cut() {
        let mut epochs = epochs();
        epochs.end_at(41);
        assert_eq!(epochs.latest(), Some(5));
        epochs.end_at(40);
        assert_eq!(epochs.entries(), [(2, 10), (3, 20)]);
    }

    #[test]
    fn the_first_epoch_begins_where_the_log_does() {
        let mut epochs = epochs();
        epochs.start_at(5);
        assert_eq!(epochs.entries(), [(2, 10), (3, 20), (5, 40)]);
        epochs.start_at(25);
        assert_eq!(epochs.entries(), [(3, 25), (5, 40)]);
        epochs.start_at(40);
        assert_eq!(epochs.entries(), [(5, 40)]);
    }

    #[test]
    fn the_text_is_kafkas() {
        assert_eq!(epochs().to_text(), "0\n3\n2 10\n3 20\n5 40\n");
    }
}
