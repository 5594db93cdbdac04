//! What a load is: plain data, the same for every broker.

use std::time::Duration;

use millrace_record::compression::Codec;

/// Whose acknowledgement a producer waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acks {
    /// Nobody's: a record counts as acknowledged once it was handed to the socket.
    None,
    /// The leader's.
    Leader,
    /// Every replica's that is in sync.
    All,
}

impl Acks {
    /// As Produce has it.
    #[must_use]
    pub fn code(self) -> i16 {
        match self {
            Acks::None => 0,
            Acks::Leader => 1,
            Acks::All => -1,
        }
    }
}

/// How many records are to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// As many as the broker takes: closed loop, latency counts from the sending.
    Max,
    /// So many a second, all producers together: open loop, latency counts from the intended time.
    PerSecond(u64),
}

/// Which keys records have. A key decides the partition as in Kafka's Java client; records without go round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Keys {
    /// None.
    None,
    /// So many keys, each as likely.
    Uniform(u32),
    /// So many keys, the k-th with a likelihood of `1 / k^exponent`.
    Zipf {
        /// How many.
        count: u32,
        /// Above 0.
        exponent: f64,
    },
}

/// Some of a topic's partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subset {
    /// The first of them.
    pub first: u16,
    /// How far they lie apart, at least 1.
    pub step: u16,
}

impl Subset {
    /// All partitions.
    pub const ALL: Subset = Subset { first: 0, step: 1 };

    /// Whether a partition is one of them.
    #[must_use]
    pub fn contains(self, partition: i32) -> bool {
        let beyond = partition - i32::from(self.first);
        beyond >= 0 && beyond % i32::from(self.step.max(1)) == 0
    }
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// Producers alone.
    Produce,
    /// Consumers alone: they read what is there from its beginning, again and again.
    Consume,
    /// Producers, and consumers that read what they write, or catch up with it.
    Mixed {
        /// Consumers begin at the beginning, instead of at the end.
        from_start: bool,
    },
    /// Nobody: what the broker costs at rest.
    Idle,
}

impl Workload {
    /// Whether records are written.
    #[must_use]
    pub fn has_producers(self) -> bool {
        matches!(self, Workload::Produce | Workload::Mixed { .. })
    }

    /// Whether records are read.
    #[must_use]
    pub fn has_consumers(self) -> bool {
        matches!(self, Workload::Consume | Workload::Mixed { .. })
    }
}

/// A load: what is sent and asked for, and for how long.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    /// What is measured.
    pub workload: Workload,
    /// Bytes of a record's value, at least [`STAMP_BYTES`] where it carries its time.
    pub record_bytes: usize,
    /// Which keys records have.
    pub keys: Keys,
    /// The partitions that records without keys are written to.
    pub only: Subset,
    /// How batches are compressed.
    pub codec: Codec,
    /// Bytes of records in a batch at most, before compression. A larger record has a batch of its own.
    pub batch_bytes: usize,
    /// How long a record may wait for others to share its batch.
    pub linger: Duration,
    /// Bytes of batches in a request at most. A larger batch has a request of its own.
    pub request_bytes: usize,
    /// Whose acknowledgement is waited for.
    pub acks: Acks,
    /// Whether each producer is an idempotent one.
    pub is_idempotent: bool,
    /// How many records.
    pub rate: Rate,
    /// How far the bursts of a rate lie apart.
    pub burst: Duration,
    /// Producers, each with a connection to every leader.
    pub producers: usize,
    /// Unanswered Produce requests per connection at most.
    pub in_flight: usize,
    /// Consumers that each read everything.
    pub consumers: usize,
    /// Bytes that a Fetch may give.
    pub fetch_bytes: i32,
    /// Bytes that a Fetch may give of one partition.
    pub fetch_partition_bytes: i32,
    /// Whether consumers check each batch's CRC, as Kafka's do.
    pub checks_crc: bool,
    /// For how long before what counts.
    pub warm_up: Duration,
    /// For how long what counts.
    pub length: Duration,
}

/// Bytes at the beginning of a value that hold its intended send time.
pub const STAMP_BYTES: usize = 8;

impl Load {
    /// Whether values carry the time at which they were to be sent (Unix time in nanoseconds, big-endian).
    #[must_use]
    pub fn is_stamped(&self) -> bool {
        matches!(self.workload, Workload::Mixed { .. })
    }

    /// Records that a full batch has.
    #[must_use]
    pub fn batch_records(&self) -> u32 {
        /// What a record takes beside its value.
        const OVERHEAD_BYTES: usize = 8;
        let records = self.batch_bytes / (self.record_bytes + OVERHEAD_BYTES);
        u32::try_from(records.max(1)).unwrap_or(u32::MAX)
    }

    /// Connections' owners: producers, then consumers.
    #[must_use]
    pub fn actors(&self) -> usize {
        let producers = if self.workload.has_producers() { self.producers } else { 0 };
        let consumers = if self.workload.has_consumers() { self.consumers } else { 0 };
        producers + consumers
    }
}

/// A small load, for tests.
#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    pub(crate) fn load(workload: Workload) -> Load {
        Load {
            workload,
            record_bytes: 100,
            keys: Keys::None,
            only: Subset::ALL,
            codec: Codec::None,
            batch_bytes: 16 * 1024,
            linger: Duration::ZERO,
            request_bytes: 1024 * 1024,
            acks: Acks::All,
            is_idempotent: false,
            rate: Rate::PerSecond(1_000),
            burst: Duration::from_millis(1),
            producers: 1,
            in_flight: 5,
            consumers: 1,
            fetch_bytes: 1024 * 1024,
            fetch_partition_bytes: 1024 * 1024,
            checks_crc: true,
            warm_up: Duration::ZERO,
            length: Duration::from_secs(1),
        }
    }
}
