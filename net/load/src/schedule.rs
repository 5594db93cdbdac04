//! When records are to be sent: a burst of them at each multiple of an interval.
//!
//! Always true: over all shares of a rate, after `t` the number of records is `rate * t`, rounded down, and no burst's
//! time depends on when anything was really sent.

use std::time::Duration;

const NANOSECONDS_PER_SECOND: u128 = 1_000_000_000;

/// Records that are due at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Burst {
    /// Nanoseconds after the beginning.
    pub(crate) at: u64,
    pub(crate) records: u64,
}

/// One producer's share of a rate: an endless sequence of bursts.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    per_second: u64,
    interval: u64,
    share: u64,
    shares: u64,
    tick: u64,
}

impl Schedule {
    /// Share number `share` of `shares` of `per_second` records, with bursts `interval` apart.
    pub(crate) fn new(per_second: u64, interval: Duration, share: usize, shares: usize) -> Schedule {
        let interval = u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX).max(1);
        Schedule { per_second, interval, share: share as u64, shares: shares.max(1) as u64, tick: 0 }
    }

    /// Records of all shares that were due before tick number `tick`.
    fn due_before(&self, tick: u64) -> u64 {
        let due = u128::from(self.per_second) * u128::from(self.interval) * u128::from(tick) / NANOSECONDS_PER_SECOND;
        u64::try_from(due).unwrap_or(u64::MAX)
    }

    /// How many of the first `count` records are this share's: every `shares`-th.
    fn own(&self, count: u64) -> u64 {
        (count + self.shares - 1 - self.share) / self.shares
    }
}

impl Iterator for Schedule {
    type Item = Burst;

    fn next(&mut self) -> Option<Burst> {
        loop {
            let (from, to) = (self.due_before(self.tick), self.due_before(self.tick + 1));
            let at = self.interval.checked_mul(self.tick)?;
            self.tick += 1;
            let records = self.own(to) - self.own(from);
            if records > 0 {
                return Some(Burst { at, records });
            }
            if self.per_second == 0 {
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_second(per_second: u64, interval: Duration, share: usize, shares: usize) -> Vec<Burst> {
        Schedule::new(per_second, interval, share, shares).take_while(|burst| burst.at < 1_000_000_000).collect()
    }

    #[test]
    fn a_burst_each_millisecond() {
        let bursts = first_second(20_000, Duration::from_millis(1), 0, 1);
        assert_eq!(bursts.len(), 1_000);
        assert!(bursts.iter().enumerate().all(|(ms, burst)| burst.at == ms as u64 * 1_000_000 && burst.records == 20));
    }

    #[test]
    fn rates_below_the_bursts_and_odd_ones_come_out_exactly() {
        for (per_second, interval) in [(3, 1), (999, 1), (1_001, 1), (12_345, 7), (1, 1), (70, 13)] {
            let bursts = first_second(per_second, Duration::from_millis(interval), 0, 1);
            let ticks = 1_000_u64.div_ceil(interval);
            let sent: u64 = bursts.iter().map(|burst| burst.records).sum();
            assert_eq!(sent, per_second * ticks * interval / 1_000, "{per_second}/s in bursts {interval} ms apart");
        }
    }

    #[test]
    fn shares_add_up_to_the_rate_and_are_even() {
        let interval = Duration::from_millis(1);
        let of = |share| first_second(10_007, interval, share, 4).iter().map(|burst| burst.records).sum::<u64>();
        let shares = [of(0), of(1), of(2), of(3)];
        assert_eq!(shares.iter().sum::<u64>(), 10_007);
        assert!(shares.iter().all(|share| (2_501..=2_502).contains(share)), "{shares:?}");
    }
}
