//! AlterPartitionReassignments: a cluster of one broker can be asked only for what it has already.

use millrace_base::code::ErrorCode;
use millrace_base::ids::{BrokerId, PartitionIndex};
use millrace_cluster::metadata::{CommandError, Image};
use millrace_wire::messages::alter_partition_reassignments::{
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse, ReassignablePartition,
    ReassignablePartitionResponse, ReassignableTopicResponse,
};
use millrace_wire::{Reader, WireError};

use super::{code_of, respond};
use crate::request::{Operation, Request, Resource};
use crate::response::Outcome;
use crate::server::Server;

/// What becomes of a partition.
type Answer = (PartitionIndex, Result<(), CommandError>);

pub(super) fn handle(server: &Server, request: &Request) -> Result<Outcome, WireError> {
    let version = request.api_version;
    let body = AlterPartitionReassignmentsRequest::decode(&mut Reader::new(request.body()), version)?;
    let allow_replication_factor_change = body.allow_replication_factor_change;
    let refused = if !request.authorize(Operation::Alter, Resource::Cluster) {
        Some(ErrorCode::ClusterAuthorizationFailed)
    } else if body.timeout_ms <= 0 {
        Some(ErrorCode::RequestTimedOut)
    } else {
        None
    };
    let image = server.image();
    let answers: Vec<(&str, Vec<Answer>)> = body
        .topics
        .iter()
        .map(|topic| {
            let check = |asked: ReassignablePartition<'_>| {
                let result = match refused {
                    Some(error) => Err(CommandError::new(error, "")),
                    None => check(&image, topic.name, &asked, allow_replication_factor_change),
                };
                (asked.partition_index, result)
            };
            (topic.name, topic.partitions.iter().map(check).collect())
        })
        .collect();
    let responses = answers.iter().map(|(name, partitions)| ReassignableTopicResponse {
        name,
        partitions: partitions.iter().map(|(index, result)| answer(*index, result)).collect(),
    });
    let response = AlterPartitionReassignmentsResponse {
        allow_replication_factor_change,
        error_code: code_of(refused),
        // As Kafka has it: empty when nothing was asked, and else null.
        error_message: Some("").filter(|_| body.topics.is_empty()),
        responses: responses.collect(),
        ..Default::default()
    };
    respond(request, |writer| response.encode(writer, version))
}

/// Whether a partition's replicas may become those that are asked for, which are then those that it has.
fn check(
    image: &Image,
    topic: &str,
    asked: &ReassignablePartition<'_>,
    may_change_their_number: bool,
) -> Result<(), CommandError> {
    let unknown = |what: String| CommandError::new(ErrorCode::UnknownTopicOrPartition, what);
    let found = image.topic(topic).ok_or_else(|| unknown(format!("Unable to find a topic named {topic}.")))?;
    let index = asked.partition_index;
    let partition =
        found.partition(index).ok_or_else(|| unknown(format!("Unable to find partition {topic}:{index}.")))?;
    let Some(replicas) = &asked.replicas else {
        return Err(CommandError::new(ErrorCode::NoReassignmentInProgress, ""));
    };
    let replicas: Vec<BrokerId> = replicas.iter().collect();
    let invalid = |why: String| Err(CommandError::new(ErrorCode::InvalidReplicaAssignment, why));
    if replicas.is_empty() {
        return invalid("The manual partition assignment includes an empty replica list.".to_owned());
    }
    if let Some(stranger) = replicas.iter().find(|id| image.broker(**id).is_none()) {
        return invalid(format!(
            "The manual partition assignment includes broker {stranger}, but no such broker exists."
        ));
    }
    if replicas.iter().enumerate().any(|(at, id)| replicas.iter().take(at).any(|other| other == id)) {
        return invalid("The manual partition assignment includes a broker more than once.".to_owned());
    }
    if !may_change_their_number && replicas.len() != partition.replicas.len() {
        let error = ErrorCode::InvalidReplicationFactor;
        return Err(CommandError::new(error, "The number of replicas may not change."));
    }
    Ok(())
}

fn answer(partition_index: PartitionIndex, result: &Result<(), CommandError>) -> ReassignablePartitionResponse<'_> {
    let error = result.as_ref().err();
    ReassignablePartitionResponse {
        partition_index,
        error_code: error.map_or(ErrorCode::None, |error| error.code).code(),
        error_message: error.map(|error| error.message.as_str()).filter(|message| !message.is_empty()),
    }
}
