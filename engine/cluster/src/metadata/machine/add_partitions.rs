//! Decides about [`Command::AddPartitions`](super::Command::AddPartitions), in the order of Kafka's controller.

use millrace_base::code::ErrorCode;
use millrace_base::ids::{BrokerId, TopicId};
use millrace_base::limits::{PARTITIONS_PER_COMMAND_MAX, PARTITIONS_PER_TOPIC_MAX};

use super::{Accepted, replicas};
use crate::metadata::command::CommandError;
use crate::metadata::image::{Image, Topic};
use crate::metadata::record::{MetadataRecord, PartitionRecord};

/// What giving the topic `count` partitions would change.
///
/// # Errors
/// Why it cannot have them, with Kafka's code.
pub(super) fn check(
    image: &Image,
    id: TopicId,
    count: i32,
    assignment: Option<&[Vec<BrokerId>]>,
) -> Result<Accepted, CommandError> {
    let topic = image.topic_by_id(id).ok_or_else(|| {
        CommandError::new(ErrorCode::UnknownTopicOrPartition, format!("There is no topic of the id {id}."))
    })?;
    let added = added(topic, count)?;
    if assignment.is_some_and(|assignment| assignment.len() != added) {
        return Err(CommandError::new(
            ErrorCode::InvalidReplicaAssignment,
            format!(
                "Attempted to add {added} additional partition(s), but {} assignment(s) were specified.",
                assignment.map_or(0, <[_]>::len)
            ),
        ));
    }
    if added > PARTITIONS_PER_COMMAND_MAX || topic.partitions.len() + added > PARTITIONS_PER_TOPIC_MAX {
        return Err(CommandError::new(
            ErrorCode::PolicyViolation,
            format!(
                "Excessively large number of partitions: at most {PARTITIONS_PER_COMMAND_MAX} are added at a time, and \
                 a topic has at most {PARTITIONS_PER_TOPIC_MAX}."
            ),
        ));
    }
    let factor = topic.partitions.first().map_or(0, |first| first.replicas.len());
    let partitions = match assignment {
        Some(assignment) => assigned(image, assignment, factor)?,
        None => {
            let all = replicas::place(image, id, topic.partitions.len() + added, factor)?;
            all.into_iter().skip(topic.partitions.len()).collect()
        }
    };
    Ok(Accepted::record(MetadataRecord::PartitionsAdded { id: id.0, partitions }))
}

/// How many partitions the topic lacks.
fn added(topic: &Topic, count: i32) -> Result<usize, CommandError> {
    let present = topic.partitions.len();
    let wanted = usize::try_from(count).unwrap_or(0);
    match wanted.checked_sub(present) {
        Some(0) => Err(CommandError::new(
            ErrorCode::InvalidPartitions,
            format!("Topic {} already has {present} partition(s).", topic.name),
        )),
        Some(added) => Ok(added),
        None => Err(CommandError::new(
            ErrorCode::InvalidPartitions,
            format!("The topic {} currently has {present} partition(s); {count} would not be an increase.", topic.name),
        )),
    }
}

fn assigned(image: &Image, assignment: &[Vec<BrokerId>], factor: usize) -> Result<Vec<PartitionRecord>, CommandError> {
    let numbered: Vec<_> = (0..).zip(assignment.iter().cloned()).collect();
    let partitions = replicas::take(image, &numbered)?;
    match partitions.iter().find(|partition| partition.replicas.len() != factor) {
        None => Ok(partitions),
        Some(other) => Err(CommandError::new(
            ErrorCode::InvalidReplicaAssignment,
            format!(
                "The manual partition assignment includes a partition with {} replica(s), but this is not consistent \
                 with previous partitions, which have {factor} replica(s).",
                other.replicas.len()
            ),
        )),
    }
}
