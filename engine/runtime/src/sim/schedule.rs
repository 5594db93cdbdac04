//! What happens next: events by virtual time, in seeded order among those of the same instant.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A queue of events by time (nanoseconds of virtual time). Events of one instant leave in the order of their `tie`,
/// which the caller draws from the seed; equal ties leave in the order they came.
pub(crate) struct Schedule<E> {
    heap: BinaryHeap<Entry<E>>,
    pushed: u64,
}

struct Entry<E> {
    at: u64,
    tie: u64,
    sequence: u64,
    event: E,
}

impl<E> Entry<E> {
    fn key(&self) -> (u64, u64, u64) {
        (self.at, self.tie, self.sequence)
    }
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<E> Eq for Entry<E> {}

impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Entry<E> {
    /// Reversed: the heap's greatest is the earliest.
    fn cmp(&self, other: &Self) -> Ordering {
        other.key().cmp(&self.key())
    }
}

impl<E> Schedule<E> {
    pub(crate) fn new() -> Schedule<E> {
        Schedule { heap: BinaryHeap::new(), pushed: 0 }
    }

    pub(crate) fn push(&mut self, at: u64, tie: u64, event: E) {
        self.pushed += 1;
        self.heap.push(Entry { at, tie, sequence: self.pushed, event });
    }

    /// The time of the earliest event.
    pub(crate) fn next_at(&self) -> Option<u64> {
        self.heap.peek().map(|entry| entry.at)
    }

    /// Takes the earliest event if it is due at `now` or earlier.
    pub(crate) fn pop_due(&mut self, now: u64) -> Option<E> {
        if self.next_at()? > now {
            return None;
        }
        self.heap.pop().map(|entry| entry.event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_by_time_then_tie_then_arrival() {
        let mut schedule = Schedule::new();
        schedule.push(20, 0, "late");
        schedule.push(10, 5, "second");
        schedule.push(10, 1, "first");
        schedule.push(10, 5, "third");
        assert_eq!(schedule.next_at(), Some(10));
        assert_eq!(schedule.pop_due(9), None);
        let order: Vec<_> = std::iter::from_fn(|| schedule.pop_due(10)).collect();
        assert_eq!(order, ["first", "second", "third"]);
        assert_eq!(schedule.pop_due(u64::MAX), Some("late"));
        assert_eq!(schedule.next_at(), None);
    }
}
