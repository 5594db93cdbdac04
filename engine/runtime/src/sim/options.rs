//! What can be chosen about a simulated world.

use std::time::Duration;

use super::random::Random;

/// How long something takes: any time between two bounds, now and then much longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    /// The shortest.
    pub least: Duration,
    /// The longest in the usual case.
    pub most: Duration,
    /// So many times in a thousand it takes [`Latency::SLOW_FACTOR`] times as long.
    pub slow_per_mille: u32,
}

impl Latency {
    /// How much longer a slow case takes.
    pub const SLOW_FACTOR: u64 = 50;

    /// Between `least` and `most` microseconds, and now and then slow.
    #[must_use]
    pub const fn micros(least: u64, most: u64) -> Latency {
        Latency { least: Duration::from_micros(least), most: Duration::from_micros(most), slow_per_mille: 2 }
    }

    /// Draws one, in nanoseconds.
    pub(crate) fn draw(&self, random: &mut Random) -> u64 {
        let drawn = random.between(nanoseconds(self.least), nanoseconds(self.most));
        if random.chance(self.slow_per_mille) { drawn.saturating_mul(Latency::SLOW_FACTOR) } else { drawn }
    }
}

pub(crate) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The properties of a simulated world.
#[derive(Clone, Debug)]
pub struct SimOptions {
    /// The limit of each core's buffer pool, in bytes.
    pub buffers_bytes_per_core: usize,
    /// A read from a disk, transfer aside.
    pub disk_read: Latency,
    /// A write that need not be durable, transfer aside.
    pub disk_write: Latency,
    /// A synced write, a sync of a file or directory, transfer aside.
    pub disk_sync: Latency,
    /// What a disk transfers, in bytes per microsecond.
    pub disk_bytes_per_microsecond: u64,
    /// One way between two hosts, until [`super::World::set_delay`] says otherwise.
    pub link_delay: Latency,
    /// One way within a host.
    pub loopback_delay: Latency,
    /// How many bytes one direction of a connection takes before the sender waits for the receiver.
    pub socket_buffer_bytes: usize,
    /// What one turn of a core takes, so that a core that never rests does not stop time.
    pub turn: Latency,
    /// How many files, sockets and listeners a host may have open: EMFILE above it.
    pub open_files_per_host: usize,
}

impl Default for SimOptions {
    fn default() -> SimOptions {
        SimOptions {
            buffers_bytes_per_core: 256 << 20,
            disk_read: Latency::micros(20, 120),
            disk_write: Latency::micros(2, 30),
            disk_sync: Latency::micros(60, 600),
            disk_bytes_per_microsecond: 1000,
            link_delay: Latency::micros(30, 300),
            loopback_delay: Latency::micros(1, 20),
            socket_buffer_bytes: 256 << 10,
            turn: Latency { least: Duration::from_nanos(50), most: Duration::from_nanos(500), slow_per_mille: 0 },
            open_files_per_host: 65_536,
        }
    }
}
