//! The native protocol: what a client that knows the broker's cores says to it.
//!
//! It stands beside Kafka's protocol, on ports of its own: a common one, and one for each core, where everything that
//! is asked of that core's partitions is answered without a word to another core. The records are the log's bytes, as
//! in Kafka's protocol. What differs is who drives: a consumer subscribes once, and the broker sends what comes for as
//! long as the consumer has given it credit.
//!
//! A connection begins with [`ToBroker::Hello`], to which the broker answers [`ToClient::Welcome`]; from then on both
//! sides speak when they like. An answer names its request, a run of records its stream; they come in any order, but
//! the runs of one stream in that of their offsets.
//!
//! [`frame`] says how a message lies on the wire.

mod frame;
mod messages;

pub use frame::{MESSAGE_BYTES_MAX, NativeError, NativeMessage, encode, read};
pub use messages::{MAGIC, PartitionId, ToBroker, ToClient, VERSION};
