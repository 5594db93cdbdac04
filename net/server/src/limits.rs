//! The server's limits, and what happens when each is reached.

use std::time::Duration;

/// Bytes that a connection reads before it knows the length of a request; a smaller request needs no other buffer.
pub(crate) const HEAD_BYTES: usize = 4096;

/// Requests of one connection that are under way at once; the next one stays unread in the socket.
pub(crate) const REQUESTS_IN_FLIGHT_MAX: usize = 64;

/// A request that has begun to arrive and of which nothing comes for so long closes its connection.
pub(crate) const REQUEST_STALL: Duration = Duration::from_secs(30);

/// HTTP connections at once; more are closed.
pub(crate) const HTTP_CONNECTIONS_MAX: usize = 64;

/// Bytes of an HTTP request's head; a longer one is refused.
pub(crate) const HTTP_HEAD_BYTES_MAX: usize = 8192;

/// Headers of an HTTP request; more are refused.
pub(crate) const HTTP_HEADERS_MAX: usize = 64;

/// An HTTP connection that is not over by then is closed.
pub(crate) const HTTP_PATIENCE: Duration = Duration::from_secs(30);

/// Connections that wait in the kernel to be accepted.
pub(crate) const ACCEPT_BACKLOG: u32 = 1024;

/// When accepting fails for want of descriptors, the next try comes after this.
pub(crate) const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// A stopping broker waits so long for the answers that are under way.
pub(crate) const STOP_DEADLINE: Duration = Duration::from_secs(20);

/// Partitions that one DescribeTopicPartitions answer describes (Kafka's `max.request.partition.size.limit`); the rest
/// is left to the next.
pub(crate) const PARTITIONS_DESCRIBED_MAX: usize = 2_000;

/// Topics that one Metadata request may create.
pub(crate) const TOPICS_AUTO_CREATED_MAX: usize = 1_000;

/// Producer ids that a core takes from the metadata log at a time (Kafka's block size).
pub(crate) const PRODUCER_ID_BLOCK: i32 = 1_000;

/// Bytes that a fetch gets at most from one partition of a topic of columns, if they are more than a batch: a core
/// transcodes for one fetch at a time. The client fetches what follows with its next request.
pub(crate) const TRANSCODED_BYTES_MAX: usize = 4 << 20;

/// Bytes of what was transcoded, or is to be, that are moved at a time between the pool's buffers and other memory.
pub(crate) const TRANSCODED_PIECE_BYTES: usize = 1 << 20;

/// Memory of a core's fetch sessions, in bytes; who comes when it is used up is answered without a session.
pub(crate) const FETCH_SESSION_BYTES_MAX: usize = 64 << 20;

/// Connections of addresses beyond their `connection_creation_rate` that a core keeps for a while before it closes
/// them; more are closed at once.
pub(crate) const CONNECTIONS_HELD_MAX: usize = 1024;

/// Streams of one native connection; one more ends at once.
pub(crate) const STREAMS_MAX: usize = 16_384;

/// Bytes of records that a stream is sent at a time (inclusive, but for a batch that is larger).
pub(crate) const RUN_BYTES_MAX: usize = 1 << 20;

/// Messages of one native connection that wait to be sent; then its streams are not read on.
pub(crate) const MESSAGES_QUEUED_MAX: usize = 16;

/// The greatest credit of a stream, in bytes; what goes beyond it is not counted.
pub(crate) const CREDIT_BYTES_MAX: i64 = 1 << 30;
