//! What can go wrong.

use millrace_client::ClientError;
use millrace_record::RecordError;
use nix::errno::Errno;
use rdkafka::error::KafkaError;
use thiserror::Error;

/// Why a measurement has no result.
#[derive(Debug, Error)]
pub enum PerfError {
    /// The native client's error.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// What came cannot be read.
    #[error("what came cannot be read: {0}")]
    Records(#[from] RecordError),
    /// librdkafka's error.
    #[error("librdkafka: {0}")]
    Rival(#[from] KafkaError),
    /// Nothing comes any more, though more is there.
    #[error("after {came} records none came for {patience_s} s, and not every partition had ended; is one empty?")]
    Stalled {
        /// How many came.
        came: u64,
        /// How long nothing came.
        patience_s: u64,
    },
    /// The thread cannot be bound to its processor.
    #[error("processor {processor} cannot be used: {source}; see --processors")]
    Processor {
        /// Which.
        processor: usize,
        /// Why.
        source: Errno,
    },
    /// The kernel does not say what was used.
    #[error("the processor time cannot be read: {0}")]
    Usage(Errno),
    /// A thread panicked.
    #[error("a consumer thread ended without a result")]
    Thread,
}
