//! The clocks of a simulated host: both follow the world's virtual time, each with its own offset.

use super::random::Random;
use crate::clock::Monotonic;

/// The wall clock at the beginning of every world, in Unix milliseconds: 2026-01-01T00:00:00Z.
pub const WALL_START_MS: i64 = 1_767_225_600_000;

const NANOSECONDS_PER_MS: u64 = 1_000_000;
/// How far a host's monotonic clock may be when the world begins: an hour, in nanoseconds.
const UPTIME_MAX: u64 = 3_600_000_000_000;

/// One host's clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HostClock {
    /// Monotonic time minus virtual time, in nanoseconds; wraps.
    monotonic_offset: u64,
    wall_offset_ms: i64,
}

impl HostClock {
    /// The clocks of a host that was started some time before `now` (virtual, nanoseconds).
    pub(crate) fn new(now: u64, random: &mut Random) -> HostClock {
        let mut clock = HostClock { monotonic_offset: 0, wall_offset_ms: 0 };
        clock.reboot(now, random);
        clock
    }

    /// The machine starts again: its monotonic clock begins anew.
    pub(crate) fn reboot(&mut self, now: u64, random: &mut Random) {
        self.monotonic_offset = random.below(UPTIME_MAX).wrapping_sub(now);
    }

    /// Moves the wall clock.
    pub(crate) fn jump_wall(&mut self, ms: i64) {
        self.wall_offset_ms = self.wall_offset_ms.saturating_add(ms);
    }

    pub(crate) fn monotonic(&self, now: u64) -> Monotonic {
        Monotonic(now.wrapping_add(self.monotonic_offset))
    }

    /// The virtual time of a point on this host's monotonic clock.
    pub(crate) fn virtual_time(&self, at: Monotonic) -> u64 {
        let beginning = self.monotonic_offset;
        if at == Monotonic::MAX { u64::MAX } else { at.0.wrapping_sub(beginning) }
    }

    pub(crate) fn wall_ms(&self, now: u64) -> i64 {
        let elapsed = i64::try_from(now / NANOSECONDS_PER_MS).unwrap_or(i64::MAX);
        WALL_START_MS.saturating_add(elapsed).saturating_add(self.wall_offset_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn monotonic_time_and_virtual_time_convert_into_each_other() {
        let mut clock = HostClock::new(5_000, &mut Random::new(1));
        let at = clock.monotonic(7_000);
        assert_eq!(clock.virtual_time(at), 7_000);
        assert!(clock.monotonic(7_001) > at);
        clock.reboot(1 << 50, &mut Random::new(2));
        assert_eq!(clock.virtual_time(clock.monotonic((1 << 50) + 9)), (1 << 50) + 9);
        assert_eq!(clock.virtual_time(Monotonic::MAX), u64::MAX);
    }

    #[test]
    fn only_the_wall_clock_jumps() {
        let mut clock = HostClock::new(0, &mut Random::new(1));
        let before = clock.monotonic(0);
        clock.jump_wall(-3_600_000);
        assert_eq!(clock.wall_ms(2_000_000), WALL_START_MS - 3_600_000 + 2);
        assert_eq!(clock.monotonic(0), before);
    }
}
