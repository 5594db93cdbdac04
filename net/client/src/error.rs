//! What can go wrong between a client and its brokers.

use std::io;

use millrace_base::code::ErrorCode;
use millrace_record::RecordError;
use millrace_wire::WireError;
use millrace_wire::frame::FrameError;
use millrace_wire::native::NativeError;
use thiserror::Error;

/// Why a client call failed.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The address is not one.
    #[error("{address:?} is not an address: expected HOST:PORT, for example localhost:9092")]
    Address {
        /// What was given.
        address: String,
    },
    /// Nobody answers at the address.
    #[error("cannot connect to {address}: {source}; is a broker listening there?")]
    Connect {
        /// Where.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// Nobody answers at the address that a broker tells its clients.
    #[error("cannot connect to broker {id} at {address}, the address that it advertises: {source}")]
    Unreachable {
        /// The broker's id.
        id: i32,
        /// Where.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// The connection broke.
    #[error("the connection to {address} failed: {source}")]
    Connection {
        /// To whom.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// Somebody answers, though not as a Kafka broker does.
    #[error("{address} does not answer as a Kafka broker does without encryption: {source}")]
    NotKafka {
        /// Where.
        address: String,
        /// What came instead.
        source: Box<ClientError>,
    },
    /// A message of the native protocol that cannot be put into bytes, or read.
    #[error("the native protocol's connection to {address} cannot go on: {source}")]
    Native {
        /// To whom.
        address: String,
        /// Why.
        source: NativeError,
    },
    /// Somebody says what does not belong there.
    #[error("{address} does not speak Millrace's native protocol as it should: {what}; is it a native port?")]
    NotNative {
        /// Where.
        address: String,
        /// What came.
        what: String,
    },
    /// A request that cannot be put into bytes.
    #[error("{message} cannot be sent: {source}")]
    Unwritable {
        /// The message's name.
        message: &'static str,
        /// Why.
        source: WireError,
    },
    /// The broker does not offer what is needed.
    #[error("the broker at {address} does not offer {request} in any version known here")]
    NotOffered {
        /// Which broker.
        address: String,
        /// The request's name.
        request: &'static str,
    },
    /// An answer that cannot be read.
    #[error("unreadable {message}: {source}")]
    Answer {
        /// The message's name.
        message: &'static str,
        /// Why.
        source: WireError,
    },
    /// An answer of impossible length.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// An answer to another question.
    #[error("the broker answered request {expected} with the answer to {found}")]
    OutOfOrder {
        /// Correlation id of the request.
        expected: i32,
        /// Correlation id of the answer.
        found: i32,
    },
    /// The broker says no.
    #[error("{what}: {} ({})", .message.as_deref().unwrap_or(.code.message()), .code.name())]
    Refused {
        /// What was asked.
        what: String,
        /// Kafka's error code.
        code: ErrorCode,
        /// The broker's own words, if it has any.
        message: Option<String>,
    },
    /// There is no such topic.
    #[error("topic {0:?} does not exist; `millrace topic create {0}` creates it")]
    UnknownTopic(String),
    /// There is no such broker.
    #[error("there is no broker {id}: the cluster has {known:?}")]
    UnknownBroker {
        /// What was asked for.
        id: i32,
        /// Those that there are.
        known: Vec<i32>,
    },
    /// There is no such partition.
    #[error("topic {topic:?} has no partition {partition}: it has {count}")]
    UnknownPartition {
        /// The topic.
        topic: String,
        /// What was asked for.
        partition: i32,
        /// How many there are.
        count: usize,
    },
    /// The offset lies outside of what the partition holds.
    #[error(
        "{topic}-{partition} has no offset {offset}: it begins at {start} and ends before {end}; \
         try `--from earliest`, or another `--partition`"
    )]
    OutOfRange {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// What was asked for.
        offset: i64,
        /// The first offset, inclusive.
        start: i64,
        /// The end, exclusive.
        end: i64,
    },
    /// Nobody leads the partition.
    #[error("partition {partition} of topic {topic:?} has no leader at the moment")]
    NoLeader {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
    },
    /// Records that make no batch.
    #[error("records that cannot be sent: {0}")]
    Batch(#[from] RecordError),
    /// Damaged records.
    #[error("damaged records in {topic}-{partition} at offset {offset}: {source}")]
    Records {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// Where the fetch began.
        offset: i64,
        /// What is wrong.
        source: RecordError,
    },
}

impl ClientError {
    /// A broker's refusal.
    #[must_use]
    pub fn refused(what: impl Into<String>, code: i16, message: Option<&str>) -> Self {
        let code = ErrorCode::from_code(code).unwrap_or(ErrorCode::UnknownServerError);
        Self::Refused { what: what.into(), code, message: message.map(str::to_owned) }
    }

    /// Whether the same call may work in a moment, perhaps at another broker.
    #[must_use]
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::Refused { code, .. } => code.is_retriable(),
            Self::Connect { .. } | Self::Unreachable { .. } | Self::Connection { .. } | Self::NoLeader { .. } => true,
            _ => false,
        }
    }

    /// The broker's error code, if a broker has refused.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            _ => None,
        }
    }
}
