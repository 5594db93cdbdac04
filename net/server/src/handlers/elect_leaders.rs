//! ElectLeaders: with one replica each, the preferred leader leads already.

use millrace_base::code::ErrorCode;
use millrace_base::ids::PartitionIndex;
use millrace_cluster::metadata::Image;
use millrace_wire::messages::elect_leaders::{
    ElectLeadersRequest, ElectLeadersResponse, PartitionResult, ReplicaElectionResult,
};
use millrace_wire::{Array, Reader, WireError};

use super::respond;
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::server::Server;

/// `ElectionType`: the first of the replicas leads.
const PREFERRED: i8 = 0;
/// `ElectionType`: any replica leads, where there is no leader.
const UNCLEAN: i8 = 1;

pub(super) fn handle(server: &Server, request: &Request) -> Result<Outcome, WireError> {
    let body = ElectLeadersRequest::decode(&mut Reader::new(request.body()), request.api_version)?;
    let refused = if !request.authorize(Operation::Alter, Resource::Cluster) {
        Some((ErrorCode::ClusterAuthorizationFailed, None))
    } else if body.timeout_ms <= 0 {
        Some((ErrorCode::RequestTimedOut, None))
    } else if ![PREFERRED, UNCLEAN].contains(&body.election_type) {
        Some((ErrorCode::InvalidRequest, Some(format!("Unknown election type {}", body.election_type))))
    } else {
        None
    };
    let image = server.image();
    let results: Array<'_, ReplicaElectionResult<'_>> = match &body.topic_partitions {
        Some(topics) => {
            let result = |topic: &str, partition_id: PartitionIndex| match &refused {
                Some((error, message)) => result(partition_id, *error, message.as_deref()),
                None => elect(&image, topic, partition_id),
            };
            let topics = topics.iter().map(|asked| ReplicaElectionResult {
                topic: asked.topic,
                partition_result: asked.partitions.iter().map(|index| result(asked.topic, index)).collect(),
            });
            topics.collect()
        }
        // Of all partitions, those that are led as they should be are left out.
        None if refused.is_none() => image
            .topics()
            .map(|topic| ReplicaElectionResult { topic: &topic.name, partition_result: Array::default() })
            .collect(),
        None => Array::default(),
    };
    // Version 0 has no error for the whole request: each partition has it.
    let error = refused.as_ref().map_or(ErrorCode::None, |(error, _)| *error);
    let error_code = if request.api_version == 0 { ErrorCode::None } else { error }.code();
    let response = ElectLeadersResponse { error_code, replica_election_results: results, ..Default::default() };
    respond(request, |writer| response.encode(writer, request.api_version))
}

fn elect(image: &Image, topic: &str, partition_id: PartitionIndex) -> PartitionResult<'static> {
    match image.topic(topic).and_then(|topic| topic.partition(partition_id)) {
        Some(_led) => result(partition_id, ErrorCode::ElectionNotNeeded, Some(ErrorCode::ElectionNotNeeded.message())),
        None => {
            let unknown = ErrorCode::UnknownTopicOrPartition;
            result(partition_id, unknown, Some(unknown.message()))
        }
    }
}

fn result(partition_id: PartitionIndex, error: ErrorCode, error_message: Option<&str>) -> PartitionResult<'_> {
    PartitionResult { partition_id, error_code: error.code(), error_message }
}
