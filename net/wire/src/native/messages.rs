//! What the two sides say. The archived form (rkyv: big-endian, unaligned, 32-bit offsets) is what lies on the wire.

use rkyv::{Archive, Deserialize, Serialize};

/// What a connection begins with, so that whoever speaks something else is told so: "MLRC".
pub const MAGIC: u32 = 0x4d4c_5243;
/// The one version there is. Another one has other messages.
pub const VERSION: u16 = 1;

/// A partition, by its topic's id.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[rkyv(derive(Debug))]
pub struct PartitionId {
    /// The topic's id.
    pub topic: [u8; 16],
    /// Which of its partitions.
    pub index: i32,
}

/// What a client says. `request` and `stream` are numbers of its own choice, by which the answers are known.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[rkyv(derive(Debug))]
pub enum ToBroker {
    /// The first message, and only that. Answer: [`ToClient::Welcome`].
    Hello {
        /// [`MAGIC`].
        magic: u32,
        /// The version that the client speaks.
        version: u16,
        /// The client's name for itself, as in Kafka's requests: quotas go by it.
        client_id: String,
    },
    /// Where a topic's partitions are. Answer: [`ToClient::Located`].
    Locate {
        /// The request's number.
        request: u32,
        /// The topic's name.
        topic: String,
    },
    /// The first offset whose record has at least a time; also for Kafka's special times (-1: the end, -2: the
    /// start). Answer: [`ToClient::Offset`].
    FindOffset {
        /// The request's number.
        request: u32,
        /// Of which partition.
        partition: PartitionId,
        /// Unix ms, or a special one.
        timestamp: i64,
    },
    /// An id for an idempotent producer. Answer: [`ToClient::Producer`].
    InitProducer {
        /// The request's number.
        request: u32,
    },
    /// One record batch to append; it follows as the frame's payload. Answer, once it is committed:
    /// [`ToClient::Produced`].
    Produce {
        /// The request's number.
        request: u32,
        /// To which partition.
        partition: PartitionId,
    },
    /// Send what is there from an offset on, and what comes, as far as the credit goes. Answers:
    /// [`ToClient::Records`], again and again, and [`ToClient::Ended`] if it cannot go on.
    Subscribe {
        /// The stream's number.
        stream: u32,
        /// Of which partition.
        partition: PartitionId,
        /// Where to begin.
        offset: i64,
        /// The bytes of records that may be sent before there is more credit. The last run may go beyond it by less
        /// than one batch: a batch larger than what is left is sent whole.
        credit_bytes: u32,
    },
    /// More bytes may be sent.
    Credit {
        /// To which stream.
        stream: u32,
        /// How many more.
        bytes: u32,
    },
    /// Send no more. What is under way still comes; there is no answer.
    Unsubscribe {
        /// Which stream.
        stream: u32,
    },
    /// Nothing: the connection is still wanted.
    KeepAlive,
}

/// What a broker says.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[rkyv(derive(Debug))]
pub enum ToClient {
    /// The answer to [`ToBroker::Hello`].
    Welcome {
        /// The version that the broker speaks.
        version: u16,
        /// The cluster's id.
        cluster_id: String,
        /// The broker's id.
        node_id: i32,
        /// The core that serves this connection.
        core: u16,
        /// The port of each core, in their order, on the host that this connection was made to.
        ports: Vec<u16>,
    },
    /// A topic, and the core that owns each of its partitions, in their order.
    Located {
        /// The request's number.
        request: u32,
        /// The topic's id.
        topic_id: [u8; 16],
        /// Whether its records lie in columns.
        is_columns: bool,
        /// By partition, its core.
        cores: Vec<u16>,
    },
    /// An offset, or -1 when no record is that young.
    Offset {
        /// The request's number.
        request: u32,
        /// The offset.
        offset: i64,
    },
    /// A new producer's id; its epoch is 0.
    Producer {
        /// The request's number.
        request: u32,
        /// The id.
        producer_id: i64,
    },
    /// A batch is committed.
    Produced {
        /// The request's number.
        request: u32,
        /// The first record's offset.
        base_offset: i64,
    },
    /// A request could not be granted.
    Failed {
        /// The request's number.
        request: u32,
        /// Kafka's error code.
        code: i16,
        /// What was wrong.
        message: String,
    },
    /// Whole record batches; they follow as the frame's payload.
    Records {
        /// Of which stream.
        stream: u32,
        /// The offset that follows them.
        next_offset: i64,
        /// Where what may be read ended when they were read (exclusive).
        high_watermark: i64,
    },
    /// A stream is over.
    Ended {
        /// Which.
        stream: u32,
        /// Kafka's error code.
        code: i16,
        /// Why.
        message: String,
    },
}
