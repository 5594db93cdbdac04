//! Batches that clients send: checked on the core where they arrive, against what their topic asks of them.

use millrace_base::code::ErrorCode;
use millrace_base::ids::{PartitionIndex, TopicId, TopicPartition};
use millrace_cluster::metadata::Topic;
use millrace_record::builder::Recompression;
use millrace_record::validate::{Produced, Rules, take_produced};
use millrace_runtime::Bytes;
use millrace_runtime::sync::Permit;
use millrace_wire::messages::produce::ProduceRequest;
use tracing::warn;

use crate::appending::{Batch, Refused, Work};
use crate::internal_topics;
use crate::request::{Operation, Principal, Resource};
use crate::server::Server;
use crate::topic_configs;

/// The protocol by which a batch comes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Kafka { api_version: i16 },
    Native,
}

impl By {
    /// The version of Produce whose rules hold.
    fn api_version(self) -> i16 {
        match self {
            By::Kafka { api_version } => api_version,
            By::Native => ProduceRequest::VERSIONS.max,
        }
    }
}

/// A topic that may be written, and what it asks of a batch.
pub(crate) struct Target {
    id: TopicId,
    partitions: usize,
    rules: Rules,
}

impl Target {
    /// A topic for a client that wants to write to it.
    pub(crate) fn find(
        server: &Server,
        principal: &Principal,
        client_id: &str,
        topic: &Topic,
        by: By,
    ) -> Result<Self, ErrorCode> {
        if !principal.authorize(Operation::Write, Resource::Topic(&topic.name)) {
            return Err(ErrorCode::TopicAuthorizationFailed);
        }
        if internal_topics::is_internal(&topic.name) && client_id != internal_topics::ADMIN_CLIENT {
            return Err(ErrorCode::InvalidTopicException);
        }
        let config = topic_configs::resolve(server, topic).map_err(|error| {
            warn!(topic = topic.name, %error, "the topic's settings cannot be used");
            ErrorCode::InvalidConfig
        })?;
        let rules = Rules {
            api_version: by.api_version(),
            batch_bytes_max: config.max_message_bytes,
            segment_bytes_max: config.segment_bytes,
            timestamp_type: config.timestamp_type,
            timestamp_before_max_ms: config.timestamp_before_max_ms,
            timestamp_after_max_ms: config.timestamp_after_max_ms,
            now_ms: server.core.wall_ms(),
            key_required: config.compaction.is_some(),
            recompression: Recompression::of(config.compression),
            format: config.record_format,
            accepts_columns: by == By::Native,
        };
        Ok(Self { id: topic.id, partitions: topic.partitions.len(), rules })
    }

    /// Checks what came for one of its partitions. `share`: the frame's memory of a part of it. `rewritten` takes
    /// the permits of what was written anew, to be given back once it is in the log.
    pub(crate) fn take(
        &self,
        server: &Server,
        index: PartitionIndex,
        records: &[u8],
        share: impl FnOnce(&[u8]) -> Bytes,
        rewritten: &mut Vec<Permit>,
    ) -> Result<Work, Refused> {
        if !usize::try_from(index).is_ok_and(|index| index < self.partitions) {
            return Err(ErrorCode::UnknownTopicOrPartition.into());
        }
        let partition = TopicPartition { topic: self.id, partition: index };
        let (mut scratch, mut compressor) = (server.scratch.borrow_mut(), server.compressor.borrow_mut());
        let taken = take_produced(records, &self.rules, &mut scratch, &mut compressor);
        let Produced { summary, rewritten: anew } = match taken {
            Ok(produced) => produced,
            Err(invalid) => {
                let told = invalid.record_errors().to_vec();
                let refused = Refused { records: told, ..Refused::because(invalid.code(), &invalid) };
                let is_looked_into = invalid.tells_log_start();
                return if is_looked_into { Ok(Work::Refuse(partition, refused)) } else { Err(refused) };
            }
        };
        if summary.is_transactional {
            return Err(Refused::because(ErrorCode::InvalidTxnState, &"transactions are not offered by this broker"));
        }
        let bytes = match anew {
            None => share(records),
            Some(anew) => {
                rewritten.push(permit_for(server, anew.len())?);
                Bytes::from(anew)
            }
        };
        Ok(Work::Append(Batch { partition, bytes, restamp: summary.restamp }))
    }
}

/// Batches that were written anew count as received: a request of many small ones may become large. There is no
/// waiting for room here, since a later request must not come between; the client tries again.
fn permit_for(server: &Server, bytes: usize) -> Result<Permit, Refused> {
    server.receive_budget.try_acquire(bytes).ok_or_else(|| {
        let why = "no memory for the batch as the topic wants it (millrace.memory.requests.bytes)";
        Refused::because(ErrorCode::RequestTimedOut, &why)
    })
}
