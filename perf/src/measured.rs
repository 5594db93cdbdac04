//! What reading a topic took.

use std::time::{Duration, Instant};

use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike};
use serde::Serialize;

use crate::error::PerfError;

/// One pass over a topic.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Measured {
    /// Records that were read.
    pub records: u64,
    /// Bytes of their keys and values.
    pub bytes: u64,
    /// How long it took.
    pub seconds: f64,
    /// Processor time of this process meanwhile, the kernel's for it included.
    pub cpu_seconds: f64,
}

impl Measured {
    /// Records a second.
    #[must_use]
    pub fn records_per_second(&self) -> f64 {
        self.records as f64 / self.seconds
    }

    /// Records for each second of processor time: what one core could do.
    #[must_use]
    pub fn records_per_core(&self) -> f64 {
        self.records as f64 / self.cpu_seconds
    }

    /// Processor time of a record, in nanoseconds.
    #[must_use]
    pub fn ns_per_record(&self) -> f64 {
        self.cpu_seconds * 1e9 / self.records as f64
    }
}

/// What has come so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Records.
    pub records: u64,
    /// Bytes of keys and values.
    pub bytes: u64,
    /// Of each record's offset, timestamp and lengths something goes in here: so that somebody has looked at them.
    pub seen: u64,
}

impl Tally {
    /// Counts a record.
    #[inline]
    pub fn note(&mut self, offset: i64, timestamp: i64, key: Option<&[u8]>, value: Option<&[u8]>) {
        let bytes = (key.map_or(0, <[u8]>::len) + value.map_or(0, <[u8]>::len)) as u64;
        self.records += 1;
        self.bytes += bytes;
        self.seen = self.seen.wrapping_add((offset ^ timestamp).cast_unsigned()).rotate_left(1) ^ bytes;
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Tally) -> Tally {
        let (records, bytes) = (self.records + other.records, self.bytes + other.bytes);
        Tally { records, bytes, seen: self.seen ^ other.seen }
    }
}

/// Measures from now on.
pub struct Stopwatch {
    began: Instant,
    cpu: Duration,
}

impl Stopwatch {
    /// Begins.
    ///
    /// # Errors
    /// [`PerfError::Usage`].
    pub fn start() -> Result<Self, PerfError> {
        Ok(Self { cpu: cpu_time()?, began: Instant::now() })
    }

    /// What has come took so much.
    ///
    /// # Errors
    /// [`PerfError::Usage`].
    pub fn stop(&self, Tally { records, bytes, .. }: Tally) -> Result<Measured, PerfError> {
        let seconds = self.began.elapsed().as_secs_f64();
        let cpu_seconds = cpu_time()?.saturating_sub(self.cpu).as_secs_f64();
        Ok(Measured { records, bytes, seconds, cpu_seconds })
    }
}

fn cpu_time() -> Result<Duration, PerfError> {
    let usage: Usage = getrusage(UsageWho::RUSAGE_SELF).map_err(PerfError::Usage)?;
    let micros = |time: TimeVal| Duration::from_micros(time.num_microseconds().unsigned_abs());
    Ok(micros(usage.user_time()) + micros(usage.system_time()))
}
