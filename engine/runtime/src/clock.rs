//! Points in time on a clock that never goes back.

use std::ops::{Add, Sub};
use std::time::Duration;

/// Nanoseconds on the host's monotonic clock. Comparable only between cores of one host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Monotonic(pub u64);

impl Monotonic {
    /// The clock's beginning.
    pub const ZERO: Monotonic = Monotonic(0);
    /// Later than any point a clock reaches.
    pub const MAX: Monotonic = Monotonic(u64::MAX);

    /// Nanoseconds since the clock's beginning.
    #[must_use]
    pub const fn nanoseconds(self) -> u64 {
        self.0
    }

    /// The time from `earlier` to `self`; zero when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Monotonic) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Monotonic {
    type Output = Monotonic;

    /// Saturates at [`Monotonic::MAX`].
    fn add(self, duration: Duration) -> Monotonic {
        Monotonic(self.0.saturating_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl Sub for Monotonic {
    type Output = Duration;

    /// Zero when `earlier` is later.
    fn sub(self, earlier: Monotonic) -> Duration {
        self.since(earlier)
    }
}
