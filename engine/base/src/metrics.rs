//! Numbers that one thread counts by itself: somebody else adds them up when asked for.

use std::time::Duration;

/// Exclusive upper bounds of a histogram's buckets in microseconds, but for the last, which has none.
const BOUNDS_US: [u64; 18] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    5_000_000, 10_000_000, 30_000_000, 60_000_000,
];

/// How long things took: how many of them in each of a few buckets, and all of them together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Durations {
    buckets: [u64; BOUNDS_US.len() + 1],
    sum_us: u64,
}

impl Durations {
    /// Counts one.
    pub fn note(&mut self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS_US.partition_point(|bound| *bound <= us);
        if let Some(count) = self.buckets.get_mut(bucket) {
            *count += 1;
        }
        self.sum_us = self.sum_us.saturating_add(us);
    }

    /// Adds what another counted.
    pub fn add(&mut self, other: &Durations) {
        for (count, more) in self.buckets.iter_mut().zip(other.buckets) {
            *count += more;
        }
        self.sum_us = self.sum_us.saturating_add(other.sum_us);
    }

    /// How many were counted.
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// All of them together.
    pub fn sum(&self) -> Duration {
        Duration::from_micros(self.sum_us)
    }

    /// Each bucket's upper bound and how many fell into it alone; the last has no bound.
    pub fn buckets(&self) -> impl Iterator<Item = (Option<Duration>, u64)> {
        let bounds = BOUNDS_US.iter().map(|bound| Some(Duration::from_micros(*bound))).chain([None]);
        bounds.zip(self.buckets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_duration_falls_into_the_first_bucket_above_it() {
        let mut durations = Durations::default();
        for us in [0, 99, 100, 59_999_999, 60_000_000, u64::MAX / 4] {
            durations.note(Duration::from_micros(us));
        }
        let filled: Vec<_> = durations.buckets().filter(|(_, count)| *count > 0).collect();
        let below = |us| Some(Duration::from_micros(us));
        assert_eq!(filled, [(below(100), 2), (below(250), 1), (below(60_000_000), 1), (None, 2)]);
        assert_eq!(durations.count(), 6);
    }

    #[test]
    fn what_two_have_counted_adds_up() {
        let (mut left, mut right) = (Durations::default(), Durations::default());
        left.note(Duration::from_millis(1));
        right.note(Duration::from_millis(1));
        right.note(Duration::from_secs(2));
        left.add(&right);
        assert_eq!((left.count(), left.sum()), (3, Duration::from_millis(2002)));
        assert_eq!(left.buckets().map(|(_, count)| count).max(), Some(2));
    }
}
