//! Against whom a load runs: what was found out before it begins, as plain data.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use millrace_client::producer::Identity;

use crate::spec::Load;

/// A broker, and what it leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leader {
    /// Where it listens.
    pub address: SocketAddr,
    /// Indices of partitions, ascending.
    pub partitions: Vec<i32>,
}

/// The topic, its leaders, and the versions that both sides speak.
#[derive(Clone, Debug)]
pub struct Target {
    /// The topic's name.
    pub topic: String,
    /// Every partition has one.
    pub leaders: Vec<Leader>,
    /// Where consumers begin, by partition.
    pub starts: Vec<i64>,
    /// Where the partitions ended when it began, by partition.
    pub ends: Vec<i64>,
    /// The version of Produce.
    pub produce_version: i16,
    /// The version of Fetch.
    pub fetch_version: i16,
    /// By producer, where they are idempotent.
    pub identities: Vec<Identity>,
}

/// A load and its target.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What is done.
    pub load: Load,
    /// With whom.
    pub target: Target,
    /// Unix time in nanoseconds at the beginning of the load's clock.
    pub epoch_ns: u64,
}

impl Plan {
    /// Records that are there before it begins, as far as consumers read them.
    #[must_use]
    pub fn records_before(&self) -> u64 {
        let ends = self.target.ends.iter().zip(&self.target.starts);
        ends.map(|(end, start)| u64::try_from(end - start).unwrap_or_default()).sum()
    }
}

/// What the threads of a load know of each other.
#[derive(Debug)]
pub struct Shared {
    threads: usize,
    connected: AtomicUsize,
    /// When the warm-up begins, in nanoseconds on the load's clock; 0 until it is known.
    begin_ns: AtomicU64,
    stopped: AtomicBool,
    /// Producers that may still send.
    producing: AtomicUsize,
    /// Records that were acknowledged in all.
    acknowledged: AtomicU64,
    /// After so many it ends by itself.
    limit: AtomicU64,
}

impl Shared {
    /// For a load in so many threads.
    #[must_use]
    pub fn new(threads: usize, load: &Load) -> Shared {
        let producers = if load.workload.has_producers() { load.producers } else { 0 };
        Shared {
            threads,
            connected: AtomicUsize::new(0),
            begin_ns: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
            producing: AtomicUsize::new(producers),
            acknowledged: AtomicU64::new(0),
            limit: AtomicU64::new(u64::MAX),
        }
    }

    /// Asks for the end: what was measured until then is reported.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
    }

    /// Whether the end was asked for.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// Ends it once so many records were acknowledged.
    pub(crate) fn limit(&self, records: u64) {
        self.limit.store(records, Ordering::SeqCst);
    }

    /// A thread has its connections; the last one says when it begins.
    pub(crate) fn connected(&self, begin_ns: u64) {
        if self.connected.fetch_add(1, Ordering::SeqCst) + 1 == self.threads {
            self.begin_ns.store(begin_ns, Ordering::SeqCst);
        }
    }

    /// When it begins, once that is known.
    pub(crate) fn begin_ns(&self) -> Option<u64> {
        Some(self.begin_ns.load(Ordering::SeqCst)).filter(|begin| *begin > 0)
    }

    pub(crate) fn producer_ended(&self) {
        self.producing.fetch_sub(1, Ordering::SeqCst);
    }

    pub(crate) fn is_producing(&self) -> bool {
        self.producing.load(Ordering::SeqCst) > 0
    }

    pub(crate) fn acknowledge(&self, records: u64) {
        let before = self.acknowledged.fetch_add(records, Ordering::SeqCst);
        if before + records >= self.limit.load(Ordering::SeqCst) {
            self.stop();
        }
    }

    pub(crate) fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::SeqCst)
    }
}
