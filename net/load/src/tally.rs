//! What one thread of the load has seen so far: counts, latencies, refusals.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::{AddAssign, Range, Sub};

use hdrhistogram::Histogram;
use millrace_base::code::ErrorCode;

use crate::batch::Run;

/// Latencies are kept to three digits, from 0.1 us to an hour, in nanoseconds.
const LATENCY_DIGITS: u8 = 3;
const LATENCY_MIN_NS: u64 = 100;
const LATENCY_MAX_NS: u64 = 3_600_000_000_000;

/// A histogram of latencies in nanoseconds.
pub type Latencies = Histogram<u64>;

/// An empty one.
///
/// # Panics
/// Never: the bounds are constants that the library takes.
#[must_use]
pub fn latencies() -> Latencies {
    match Histogram::new_with_bounds(LATENCY_MIN_NS, LATENCY_MAX_NS, LATENCY_DIGITS) {
        Ok(histogram) => histogram,
        Err(error) => panic!("the bounds of latencies: {error}"),
    }
}

/// Things that were counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records that were acknowledged.
    pub produced_records: u64,
    /// Bytes of their keys and values.
    pub produced_bytes: u64,
    /// Produce requests whose answer came.
    pub produce_requests: u64,
    /// Records that were read, by all consumers together.
    pub consumed_records: u64,
    /// Bytes of batches that were read, as they are sent.
    pub consumed_bytes: u64,
    /// Fetch requests whose answer came.
    pub fetch_requests: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.produced_records += other.produced_records;
        self.produced_bytes += other.produced_bytes;
        self.produce_requests += other.produce_requests;
        self.consumed_records += other.consumed_records;
        self.consumed_bytes += other.consumed_bytes;
        self.fetch_requests += other.fetch_requests;
    }
}

impl Sub for Counts {
    type Output = Counts;

    fn sub(self, earlier: Counts) -> Counts {
        Counts {
            produced_records: self.produced_records - earlier.produced_records,
            produced_bytes: self.produced_bytes - earlier.produced_bytes,
            produce_requests: self.produce_requests - earlier.produce_requests,
            consumed_records: self.consumed_records - earlier.consumed_records,
            consumed_bytes: self.consumed_bytes - earlier.consumed_bytes,
            fetch_requests: self.fetch_requests - earlier.fetch_requests,
        }
    }
}

/// Latencies by what they are of.
#[derive(Clone, Debug)]
pub struct Measured {
    /// From the intended send time to the acknowledgement.
    pub produce: Latencies,
    /// From the intended send time to the arrival at a consumer.
    pub end_to_end: Latencies,
    /// How much later than intended records could be handed to a connection because the load itself was late.
    pub lateness: Latencies,
}

impl Default for Measured {
    fn default() -> Measured {
        Measured { produce: latencies(), end_to_end: latencies(), lateness: latencies() }
    }
}

impl Measured {
    /// Adds what another one holds.
    pub fn add(&mut self, other: &Measured) {
        for (own, other) in [
            (&mut self.produce, &other.produce),
            (&mut self.end_to_end, &other.end_to_end),
            (&mut self.lateness, &other.lateness),
        ] {
            // Bounds are the same everywhere: nothing can fall outside.
            if let Err(error) = own.add(other) {
                debug_assert!(false, "latencies of other bounds: {error}");
            }
        }
    }

    /// Forgets all of it, and keeps the memory.
    pub fn clear(&mut self) {
        self.produce.reset();
        self.end_to_end.reset();
        self.lateness.reset();
    }
}

/// Records that were refused, by error code, with the first words that came with it.
pub type Refusals = BTreeMap<i16, (u64, String)>;

/// The tally of one thread.
pub(crate) struct Tally {
    /// Intended times, in nanoseconds on the load's clock, whose latencies count.
    window: Range<u64>,
    counts: Cell<Counts>,
    /// Since the last [`Tally::take_measured`].
    measured: RefCell<Measured>,
    refusals: RefCell<Refusals>,
}

impl Tally {
    pub(crate) fn new(window: Range<u64>) -> Tally {
        Tally { window, counts: Cell::default(), measured: RefCell::default(), refusals: RefCell::default() }
    }

    /// When what counts begins and ends.
    pub(crate) fn window(&self) -> Range<u64> {
        self.window.clone()
    }

    pub(crate) fn counts(&self) -> Counts {
        self.counts.get()
    }

    pub(crate) fn count(&self, more: Counts) {
        let mut counts = self.counts.get();
        counts += more;
        self.counts.set(counts);
    }

    /// Gives the latencies since the last call.
    pub(crate) fn take_measured(&self) -> Measured {
        self.measured.take()
    }

    pub(crate) fn refusals(&self) -> Refusals {
        self.refusals.borrow().clone()
    }

    /// These records were acknowledged at `now`, or will be so later than that.
    pub(crate) fn produce_latency(&self, runs: &[Run], now: u64) {
        let mut measured = self.measured.borrow_mut();
        for run in runs.iter().filter(|run| self.window.contains(&run.intended)) {
            record(&mut measured.produce, now.saturating_sub(run.intended), u64::from(run.records));
        }
    }

    /// A record arrived at a consumer at `now`.
    pub(crate) fn end_to_end_latency(&self, intended: u64, now: u64) {
        if self.window.contains(&intended) {
            record(&mut self.measured.borrow_mut().end_to_end, now.saturating_sub(intended), 1);
        }
    }

    /// So many records due at `intended` were looked at only `now`.
    pub(crate) fn lateness(&self, intended: u64, now: u64, records: u64) {
        if self.window.contains(&intended) {
            record(&mut self.measured.borrow_mut().lateness, now.saturating_sub(intended), records);
        }
    }

    pub(crate) fn refused(&self, code: i16, records: u64, message: Option<&str>) {
        let mut refusals = self.refusals.borrow_mut();
        let words = || {
            let meaning = ErrorCode::from_code(code).map_or("an unknown error", |code| code.message());
            message.unwrap_or(meaning).to_owned()
        };
        refusals.entry(code).or_insert_with(|| (0, words())).0 += records;
    }
}

fn record(latencies: &mut Latencies, nanoseconds: u64, count: u64) {
    latencies.saturating_record_n(nanoseconds.max(1), count);
}
