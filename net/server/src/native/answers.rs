//! What a native request is answered with.

use std::rc::Rc;

use millrace_base::code::ErrorCode;
use millrace_base::ids::{PartitionIndex, TopicPartition};
use millrace_base::topic_config::RecordFormat;
use millrace_cluster::quota::QuotaKey;
use millrace_runtime::Bytes;
use millrace_wire::native::ToClient;
use tracing::warn;

use super::session::Session;
use crate::appending::{AppendBatches, Refused, Wait};
use crate::dispatch;
use crate::handlers::list_offsets;
use crate::incoming::{By, Target};
use crate::producer_ids;
use crate::quotas;
use crate::request::{Operation, Resource};
use crate::topic_configs;

/// Where a topic's partitions are.
pub(super) fn locate(session: &Session, request: u32, name: &str) -> Result<ToClient, Refused> {
    let server = &session.server;
    let image = server.image();
    let unknown = || Refused::because(ErrorCode::UnknownTopicOrPartition, &format!("there is no topic {name}"));
    let topic = image.topic(name).ok_or_else(unknown)?;
    if !session.client.principal.authorize(Operation::Describe, Resource::Topic(name)) {
        return Err(ErrorCode::TopicAuthorizationFailed.into());
    }
    let config = topic_configs::resolve(server, topic);
    let config = config.map_err(|error| Refused::because(ErrorCode::InvalidConfig, &error))?;
    let core_of = |index| server.owner(TopicPartition { topic: topic.id, partition: index }).0;
    let cores = (0..).take(topic.partitions.len()).map(|index: PartitionIndex| core_of(index)).collect();
    let is_columns = config.record_format == RecordFormat::Columns;
    Ok(ToClient::Located { request, topic_id: topic.id.0, is_columns, cores })
}

/// The offset that a timestamp stands for.
pub(super) async fn find_offset(
    session: &Session,
    request: u32,
    partition: TopicPartition,
    timestamp: i64,
) -> Result<ToClient, Refused> {
    let server = &session.server;
    {
        let image = server.image();
        let topic = image.topic_by_id(partition.topic).ok_or(ErrorCode::UnknownTopicId)?;
        if !session.client.principal.authorize(Operation::Describe, Resource::Topic(&topic.name)) {
            return Err(ErrorCode::TopicAuthorizationFailed.into());
        }
    }
    let offset = list_offsets::find_offset(server, partition, timestamp).await?;
    Ok(ToClient::Offset { request, offset })
}

/// An id for an idempotent producer.
pub(super) async fn init_producer(session: &Session, request: u32) -> Result<ToClient, Refused> {
    if !session.client.principal.authorize(Operation::IdempotentWrite, Resource::Cluster) {
        return Err(ErrorCode::ClusterAuthorizationFailed.into());
    }
    let allocated = producer_ids::allocate(&session.server).await;
    let producer_id = allocated.map_err(|error| {
        warn!(%error, "no producer id could be allocated");
        Refused::because(error.code, &error)
    })?;
    Ok(ToClient::Producer { request, producer_id })
}

/// Appends a batch; the answer comes when it is committed.
pub(super) async fn produce(
    session: &Rc<Session>,
    request: u32,
    partition: TopicPartition,
    batch: Bytes,
) -> Result<ToClient, Refused> {
    let server = &session.server;
    let bytes = batch.len();
    // Give their permits back when the batch is in the log.
    let mut rewritten = Vec::new();
    let work = {
        let image = server.image();
        let topic = image.topic_by_id(partition.topic).ok_or(ErrorCode::UnknownTopicId)?;
        let target = Target::find(server, &session.client.principal, &session.client.id, topic, By::Native)?;
        target.take(server, partition.partition, &batch, |_| batch.clone(), &mut rewritten)?
    };
    let append = AppendBatches { batches: vec![work], wait: Wait::Committed };
    let appended = dispatch::call(server, server.owner(partition), append).await.pop();
    let appended = appended.unwrap_or_else(|| Err(ErrorCode::UnknownServerError.into()))?;
    server.metrics.note_native_produced(bytes);
    let throttle = quotas::record_bytes(server, &session.client, QuotaKey::ProducerByteRate, bytes).await;
    if !throttle.is_zero() {
        // The answer is late, and so are those behind it: as many requests as may be under way wait for it.
        server.core.sleep(throttle).await;
    }
    Ok(ToClient::Produced { request, base_offset: appended.base_offset })
}
