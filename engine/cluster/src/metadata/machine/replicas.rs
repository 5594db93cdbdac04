//! Which brokers hold a new topic's partitions.

use std::collections::BTreeMap;

use millrace_base::code::ErrorCode;
use millrace_base::ids::{BrokerId, PartitionIndex, TopicId};

use crate::metadata::command::CommandError;
use crate::metadata::image::Image;
use crate::metadata::record::PartitionRecord;

/// Places `partitions` partitions with `factor` replicas each: round the brokers, from one that the topic's id chooses.
///
/// # Errors
/// [`ErrorCode::InvalidReplicationFactor`] when there are fewer brokers than replicas.
pub(super) fn place(
    image: &Image,
    topic: TopicId,
    partitions: usize,
    factor: usize,
) -> Result<Vec<PartitionRecord>, CommandError> {
    let brokers: Vec<BrokerId> = image.brokers().map(|(id, _)| id).collect();
    if factor > brokers.len() || brokers.is_empty() {
        return Err(CommandError::new(
            ErrorCode::InvalidReplicationFactor,
            format!(
                "Unable to replicate the partition {factor} time(s): The target replication factor of {factor} \
                 cannot be reached because only {} broker(s) are registered or some brokers have all their log \
                 directories cordoned.",
                brokers.len()
            ),
        ));
    }
    let start = topic.0.iter().fold(0_usize, |sum, byte| sum + usize::from(*byte));
    let partition = |index: usize| partition(brokers.iter().cycle().skip((start + index) % brokers.len()).take(factor));
    Ok((0..partitions).map(partition).collect())
}

/// Takes replicas as somebody has assigned them.
///
/// # Errors
/// [`ErrorCode::InvalidReplicaAssignment`] says what is wrong with them.
pub(super) fn take(
    image: &Image,
    assignment: &[(PartitionIndex, Vec<BrokerId>)],
) -> Result<Vec<PartitionRecord>, CommandError> {
    let invalid = |message: String| Err(CommandError::new(ErrorCode::InvalidReplicaAssignment, message));
    let mut partitions: BTreeMap<PartitionIndex, PartitionRecord> = BTreeMap::new();
    let mut factor = None;
    for (index, replicas) in assignment {
        if partitions.contains_key(index) {
            return invalid(format!("Found multiple manual partition assignments for partition {index}"));
        }
        if replicas.is_empty() {
            return invalid("The manual partition assignment includes an empty replica list.".to_owned());
        }
        for (position, broker) in replicas.iter().enumerate() {
            if replicas.iter().take(position).any(|earlier| earlier == broker) {
                return invalid(format!(
                    "The manual partition assignment includes the broker {broker} more than once."
                ));
            }
            if image.broker(*broker).is_none() {
                return invalid(format!(
                    "The manual partition assignment includes broker {broker}, but no such broker is registered."
                ));
            }
        }
        if *factor.get_or_insert(replicas.len()) != replicas.len() {
            return invalid(format!(
                "The manual partition assignment includes a partition with {} replica(s), but this is not \
                 consistent with previous partitions, which have {} replica(s).",
                replicas.len(),
                factor.unwrap_or_default()
            ));
        }
        partitions.insert(*index, partition(replicas.iter()));
    }
    if !partitions.keys().zip(0..).all(|(index, expected)| *index == expected) {
        return invalid("partitions should be a consecutive 0-based integer sequence".to_owned());
    }
    Ok(partitions.into_values().collect())
}

/// A new partition: the first replica leads, all are in sync, and the first leader epoch begins.
fn partition<'a>(replicas: impl Iterator<Item = &'a BrokerId>) -> PartitionRecord {
    let replicas: Vec<BrokerId> = replicas.copied().collect();
    // Both callers give at least one replica; -1 is Kafka's "no leader".
    let leader = replicas.first().copied().unwrap_or(-1);
    PartitionRecord { isr: replicas.clone(), replicas, leader, leader_epoch: 0 }
}
