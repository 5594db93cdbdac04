//! DescribeLogDirs: how much each partition takes of the log directory, and how much room that has.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use futures_util::future::join_all;
use millrace_base::code::ErrorCode;
use millrace_base::ids::{PartitionIndex, TopicId, TopicPartition};
use millrace_wire::messages::describe_log_dirs::{
    DescribeLogDirsPartition, DescribeLogDirsRequest, DescribeLogDirsResponse, DescribeLogDirsResult,
    DescribeLogDirsTopic,
};
use millrace_wire::{Reader, WireError};
use tracing::warn;

use super::respond;
use crate::dispatch::{self, CoreCall};
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::server::{Server, all_cores};

/// What stands where a size is not known.
const UNKNOWN: i64 = -1;

pub(super) async fn handle(server: Rc<Server>, request: Request) -> Result<Outcome, WireError> {
    let body = DescribeLogDirsRequest::decode(&mut Reader::new(request.body()), request.api_version)?;
    if !request.authorize(Operation::Describe, Resource::Cluster) {
        let error_code = ErrorCode::ClusterAuthorizationFailed.code();
        let response = DescribeLogDirsResponse { error_code, ..Default::default() };
        return respond(&request, |writer| response.encode(writer, request.api_version));
    }
    let asked = body.topics.as_ref().map(|topics| {
        let partitions = topics.iter().flat_map(|topic| {
            let id = server.image().topic(topic.topic).map(|topic| topic.id);
            id.into_iter().flat_map(move |id| topic.partitions.iter().map(move |index| (id, index)).collect::<Vec<_>>())
        });
        partitions.map(|(topic, partition)| TopicPartition { topic, partition }).collect::<Vec<_>>()
    });
    let calls = all_cores(&server.core).map(|core| dispatch::call(&server, core, MeasurePartitions(asked.clone())));
    let mut by_topic: BTreeMap<TopicId, BTreeMap<PartitionIndex, u64>> = BTreeMap::new();
    for (partition, bytes) in join_all(calls).await.into_iter().flatten() {
        by_topic.entry(partition.topic).or_default().insert(partition.partition, bytes);
    }
    let image = server.image();
    let topics = by_topic.iter().filter_map(|(id, partitions)| {
        let name = &image.topic_by_id(*id)?.name;
        Some(DescribeLogDirsTopic { name, partitions: partitions.iter().map(describe_partition).collect() })
    });
    let directory = &server.config.log_dir;
    let (total_bytes, usable_bytes) = room(&server, directory);
    let directory = directory.to_string_lossy();
    let result = DescribeLogDirsResult {
        log_dir: &directory,
        topics: topics.collect(),
        total_bytes,
        usable_bytes,
        ..Default::default()
    };
    let response = DescribeLogDirsResponse { results: vec![result].into(), ..Default::default() };
    respond(&request, |writer| response.encode(writer, request.api_version))
}

fn describe_partition((partition_index, bytes): (&PartitionIndex, &u64)) -> DescribeLogDirsPartition {
    DescribeLogDirsPartition {
        partition_index: *partition_index,
        partition_size: i64::try_from(*bytes).unwrap_or(i64::MAX),
        ..Default::default()
    }
}

/// Bytes of the directory's file system, and those of them that are free.
fn room(server: &Server, directory: &Path) -> (i64, i64) {
    match server.host.room(directory) {
        Ok(room) => {
            let signed = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
            (signed(room.total_bytes), signed(room.usable_bytes))
        }
        Err(error) => {
            warn!(directory = %directory.display(), %error, "its file system does not say how large it is");
            (UNKNOWN, UNKNOWN)
        }
    }
}

/// Says how large those of these partitions are that a core has; without a list, all of its partitions.
struct MeasurePartitions(Option<Vec<TopicPartition>>);

impl CoreCall for MeasurePartitions {
    type Reply = Vec<(TopicPartition, u64)>;
    const CANCELLABLE: bool = true;

    async fn run(self, server: Rc<Server>) -> Self::Reply {
        let partitions = self.0.unwrap_or_else(|| server.log.partitions());
        let measured = partitions.into_iter().filter(|partition| partition.topic != TopicId::METADATA);
        measured.filter_map(|id| Some((id, server.partition(id)?.size_bytes()))).collect()
    }
}
