//! DescribeQuorum: this broker is the whole quorum of the metadata log.

use std::rc::Rc;

use millrace_base::code::ErrorCode;
use millrace_log::Offsets;
use millrace_wire::messages::describe_quorum::{
    DescribeQuorumRequest, DescribeQuorumResponse, Listener, Node, ReplicaState, RequestPartitionData,
    ResponsePartitionData, ResponseTopicData,
};
use millrace_wire::{Array, Reader, WireError};

use super::respond;
use crate::dispatch::{self, CoreCall};
use crate::metadata_log::{METADATA_PARTITION, METADATA_TOPIC};
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::server::{LEADER_EPOCH_OF_METADATA, METADATA_CORE, Server};

/// The first version that tells where the quorum's nodes listen.
const FIRST_VERSION_WITH_NODES: i16 = 2;

pub(super) async fn handle(server: Rc<Server>, request: Request) -> Result<Outcome, WireError> {
    let version = request.api_version;
    let body = DescribeQuorumRequest::decode(&mut Reader::new(request.body()), version)?;
    if !request.authorize(Operation::Describe, Resource::Cluster) {
        let error_code = ErrorCode::ClusterAuthorizationFailed.code();
        let response = DescribeQuorumResponse { error_code, ..Default::default() };
        return respond(&request, |writer| response.encode(writer, version));
    }
    if !asks_for_the_metadata_log(&body) {
        let topics = body.topics.iter().map(|topic| ResponseTopicData {
            topic_name: topic.topic_name,
            partitions: topic.partitions.iter().map(|partition| unknown(&partition)).collect(),
        });
        let response = DescribeQuorumResponse { topics: topics.collect(), ..Default::default() };
        return respond(&request, |writer| response.encode(writer, version));
    }
    let offsets = dispatch::call(&server, METADATA_CORE, MetadataOffsets).await;
    let (node_id, now_ms) = (server.config.node_id, server.core.wall_ms());
    let itself = ReplicaState {
        replica_id: node_id,
        log_end_offset: offsets.log_end,
        last_fetch_timestamp: now_ms,
        last_caught_up_timestamp: now_ms,
        ..Default::default()
    };
    let partition = ResponsePartitionData {
        partition_index: METADATA_PARTITION.partition,
        leader_id: node_id,
        leader_epoch: LEADER_EPOCH_OF_METADATA,
        high_watermark: offsets.high_watermark,
        current_voters: vec![itself].into(),
        ..Default::default()
    };
    let topic = ResponseTopicData { topic_name: METADATA_TOPIC, partitions: vec![partition].into() };
    let local = server.endpoint(request.context.listener);
    let listener = Listener { name: &local.name, host: &local.host, port: local.port };
    let nodes = if version < FIRST_VERSION_WITH_NODES {
        Array::default()
    } else {
        vec![Node { node_id, listeners: vec![listener].into() }].into()
    };
    let response = DescribeQuorumResponse { topics: vec![topic].into(), nodes, ..Default::default() };
    respond(&request, |writer| response.encode(writer, version))
}

/// Whether a request names that log, and nothing else.
fn asks_for_the_metadata_log(body: &DescribeQuorumRequest<'_>) -> bool {
    body.topics.len() == 1
        && body.topics.iter().all(|topic| {
            topic.topic_name == METADATA_TOPIC
                && topic.partitions.len() == 1
                && topic.partitions.iter().all(|it| it.partition_index == METADATA_PARTITION.partition)
        })
}

fn unknown(asked: &RequestPartitionData) -> ResponsePartitionData<'static> {
    let error = ErrorCode::UnknownTopicOrPartition;
    ResponsePartitionData {
        partition_index: asked.partition_index,
        error_code: error.code(),
        error_message: Some(error.message()),
        ..Default::default()
    }
}

/// Says how far the metadata log is, on the core that owns it.
struct MetadataOffsets;

impl CoreCall for MetadataOffsets {
    type Reply = Offsets;
    const CANCELLABLE: bool = true;

    async fn run(self, server: Rc<Server>) -> Self::Reply {
        let Some(partition) = server.partition(METADATA_PARTITION) else { unreachable!("the broker has begun") };
        partition.offsets()
    }
}
