//! A rate over the last windows, as Kafka measures it: `num` windows of a fixed length, the newest one not full yet.

use std::collections::VecDeque;

/// Milliseconds in a second.
const SECOND_MS: f64 = 1000.0;

/// How a rate is measured: `quota.window.num` and `quota.window.size.seconds`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// How many, at least 1.
    pub count: u32,
    /// The length of each, in ms, at least 1.
    pub length_ms: u64,
}

impl Windows {
    /// How long a limit is measured over at most, the window that is not full yet left out, in seconds.
    pub fn span_seconds(self) -> f64 {
        f64::from(self.count.saturating_sub(1)) * self.length_ms as f64 / SECOND_MS
    }

    fn all_ms(self) -> u64 {
        u64::from(self.count).saturating_mul(self.length_ms)
    }
}

/// What came in one window.
#[derive(Clone, Copy, Debug)]
struct Sample {
    begin_ms: u64,
    last_ms: u64,
    sum: f64,
}

/// A rate a second.
#[derive(Clone, Debug, Default)]
pub struct Rate {
    /// The oldest first.
    samples: VecDeque<Sample>,
}

impl Rate {
    /// Notes that `amount` came (or, if negative, did not come after all).
    pub fn record(&mut self, windows: Windows, now_ms: u64, amount: f64) {
        self.forget(windows, now_ms);
        match self.samples.back_mut() {
            Some(newest) if now_ms.saturating_sub(newest.begin_ms) < windows.length_ms => {
                newest.sum += amount;
                newest.last_ms = now_ms;
            }
            _ => self.samples.push_back(Sample { begin_ms: now_ms, last_ms: now_ms, sum: amount }),
        }
    }

    /// How long to wait so that the rate falls to `limit`, in ms; 0 when it is not above.
    pub fn throttle_ms(&mut self, windows: Windows, now_ms: u64, limit: f64) -> u64 {
        self.forget(windows, now_ms);
        let measured_ms = self.measured_ms(windows, now_ms) as f64;
        let sum: f64 = self.samples.iter().map(|sample| sample.sum).sum();
        let rate = sum / (measured_ms / SECOND_MS);
        // A float becomes the nearest number that an u64 can hold.
        if rate > limit { ((rate - limit) / limit * measured_ms).round() as u64 } else { 0 }
    }

    /// Over how long the rate is measured: what has passed since the oldest sample, but never less than all windows
    /// but one, so that a first burst counts as if it had come over all of them.
    fn measured_ms(&self, windows: Windows, now_ms: u64) -> u64 {
        let oldest = self.samples.front().map_or(now_ms, |sample| sample.begin_ms);
        let passed_ms = now_ms.saturating_sub(oldest);
        let full = passed_ms / windows.length_ms;
        let wanted = u64::from(windows.count.saturating_sub(1));
        (passed_ms + wanted.saturating_sub(full) * windows.length_ms).max(windows.length_ms)
    }

    fn forget(&mut self, windows: Windows, now_ms: u64) {
        while let Some(oldest) = self.samples.front()
            && now_ms.saturating_sub(oldest.last_ms) >= windows.all_ms()
        {
            self.samples.pop_front();
        }
    }
}
