//! AlterReplicaLogDirs: there is one log directory, and everything is in it already.

use std::path::Path;

use millrace_base::code::ErrorCode;
use millrace_wire::messages::alter_replica_log_dirs::{
    AlterReplicaLogDirPartitionResult, AlterReplicaLogDirTopicResult, AlterReplicaLogDirsRequest,
    AlterReplicaLogDirsResponse,
};
use millrace_wire::{Reader, WireError};

use super::respond;
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::server::Server;

pub(super) fn handle(server: &Server, request: &Request) -> Result<Outcome, WireError> {
    let body = AlterReplicaLogDirsRequest::decode(&mut Reader::new(request.body()), request.api_version)?;
    let may_alter = request.authorize(Operation::Alter, Resource::Cluster);
    let image = server.image();
    let result = |directory: &str, topic: &str, partition: i32| {
        if !may_alter {
            ErrorCode::ClusterAuthorizationFailed
        } else if Path::new(directory) != server.config.log_dir {
            ErrorCode::LogDirNotFound
        } else if image.topic(topic).and_then(|topic| topic.partition(partition)).is_none() {
            ErrorCode::UnknownTopicOrPartition
        } else {
            ErrorCode::None
        }
    };
    let mut results = Vec::new();
    for directory in body.dirs.iter() {
        for topic in directory.topics.iter().filter(|topic| !topic.partitions.is_empty()) {
            let partitions = topic.partitions.iter().map(|partition_index| AlterReplicaLogDirPartitionResult {
                partition_index,
                error_code: result(directory.path, topic.name, partition_index).code(),
            });
            results.push(AlterReplicaLogDirTopicResult { topic_name: topic.name, partitions: partitions.collect() });
        }
    }
    let response = AlterReplicaLogDirsResponse { results: results.into(), ..Default::default() };
    respond(request, |writer| response.encode(writer, request.api_version))
}
