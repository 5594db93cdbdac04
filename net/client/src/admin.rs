//! Creating, growing and deleting topics.

use millrace_base::code::ErrorCode;
use millrace_wire::messages::create_partitions::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreatePartitionsTopic,
};
use millrace_wire::messages::create_topics::{
    CreatableTopic, CreatableTopicConfig, CreateTopicsRequest, CreateTopicsResponse,
};
use millrace_wire::messages::delete_topics::{DeleteTopicState, DeleteTopicsRequest, DeleteTopicsResponse};

use crate::cluster::{Cluster, TopicMetadata};
use crate::error::ClientError;
use crate::retry::Patience;

const TIMEOUT_MS: i32 = 30_000;

/// A topic to create. `-1` means the broker's default.
#[derive(Clone, Debug)]
pub struct NewTopic<'a> {
    /// Its name.
    pub name: &'a str,
    /// How many partitions.
    pub partitions: i32,
    /// How many replicas of each.
    pub replication_factor: i16,
    /// Settings that differ from the broker's.
    pub configs: &'a [(String, String)],
}

/// Creates a topic, and waits until its partitions have leaders.
///
/// # Errors
/// [`ClientError::Refused`] with the broker's reason.
pub fn create_topic(cluster: &mut Cluster, topic: &NewTopic<'_>) -> Result<TopicMetadata, ClientError> {
    let mut attempts = 0;
    cluster.retrying(|cluster| {
        attempts += 1;
        match create_once(cluster, topic) {
            // An earlier attempt did it, though its answer did not say so.
            Err(error) if attempts > 1 && error.code() == Some(ErrorCode::TopicAlreadyExists) => Ok(()),
            done => done,
        }
    })?;
    let mut described = cluster.await_topic(topic.name)?;
    let mut patience = Patience::default();
    while let Some(partition) = first_without_leader(&described) {
        let error = ClientError::NoLeader { topic: topic.name.to_owned(), partition };
        cluster.recover(&mut described, error, &mut patience)?;
    }
    Ok(described)
}

fn first_without_leader(topic: &TopicMetadata) -> Option<i32> {
    topic.partitions.iter().find_map(|(index, partition)| (partition.leader < 0).then_some(*index))
}

fn create_once(cluster: &mut Cluster, topic: &NewTopic<'_>) -> Result<(), ClientError> {
    let controller = cluster.controller()?;
    let version = controller.version::<CreateTopicsRequest<'_>>(7)?;
    let configs = topic.configs.iter().map(|(name, value)| CreatableTopicConfig { name, value: Some(value) }).collect();
    let creatable = CreatableTopic {
        name: topic.name,
        num_partitions: topic.partitions,
        replication_factor: topic.replication_factor,
        configs,
        ..Default::default()
    };
    let request = CreateTopicsRequest { topics: vec![creatable].into(), timeout_ms: TIMEOUT_MS, ..Default::default() };
    let answer = controller.call(version, &request)?;
    for result in answer.decode::<CreateTopicsResponse<'_>>()?.topics.iter() {
        if result.error_code != 0 {
            let what = format!("topic {:?} was not created", result.name);
            return Err(ClientError::refused(what, result.error_code, result.error_message));
        }
    }
    Ok(())
}

/// Deletes a topic.
///
/// # Errors
/// [`ClientError::UnknownTopic`], or [`ClientError::Refused`] with the broker's reason.
pub fn delete_topic(cluster: &mut Cluster, name: &str) -> Result<(), ClientError> {
    let mut attempts = 0;
    cluster.retrying(|cluster| {
        attempts += 1;
        match delete_once(cluster, name) {
            // An earlier attempt did it, though its answer did not say so.
            Err(ClientError::UnknownTopic(_)) if attempts > 1 => Ok(()),
            done => done,
        }
    })
}

fn delete_once(cluster: &mut Cluster, name: &str) -> Result<(), ClientError> {
    let controller = cluster.controller()?;
    let version = controller.version::<DeleteTopicsRequest<'_>>(6)?;
    let by_state = version >= 6;
    let state = DeleteTopicState { name: Some(name), ..Default::default() };
    let request = DeleteTopicsRequest {
        topics: if by_state { vec![state].into() } else { Vec::new().into() },
        topic_names: if by_state { Vec::new().into() } else { vec![name].into() },
        timeout_ms: TIMEOUT_MS,
    };
    let answer = controller.call(version, &request)?;
    for result in answer.decode::<DeleteTopicsResponse<'_>>()?.responses.iter() {
        refuse(result.error_code, result.error_message, name, "was not deleted")?;
    }
    Ok(())
}

/// Gives a topic more partitions, `count` in all, and waits until all have leaders; `validate_only` asks whether that
/// could be done.
///
/// # Errors
/// [`ClientError::UnknownTopic`], or [`ClientError::Refused`] with the broker's reason.
pub fn add_partitions(cluster: &mut Cluster, name: &str, count: i32, validate_only: bool) -> Result<(), ClientError> {
    let mut attempts = 0;
    cluster.retrying(|cluster| {
        attempts += 1;
        match add_partitions_once(cluster, name, count, validate_only) {
            // An earlier attempt did it, though its answer did not say so.
            Err(error) if attempts > 1 && error.code() == Some(ErrorCode::InvalidPartitions) => Ok(()),
            done => done,
        }
    })?;
    let mut described = cluster.await_topic(name)?;
    let mut patience = Patience::default();
    while !validate_only && (has_fewer(&described, count) || first_without_leader(&described).is_some()) {
        let partition = first_without_leader(&described).unwrap_or(count - 1);
        let error = ClientError::NoLeader { topic: name.to_owned(), partition };
        cluster.recover(&mut described, error, &mut patience)?;
    }
    Ok(())
}

fn has_fewer(topic: &TopicMetadata, count: i32) -> bool {
    i32::try_from(topic.partitions.len()).is_ok_and(|partitions| partitions < count)
}

fn add_partitions_once(cluster: &mut Cluster, name: &str, count: i32, validate_only: bool) -> Result<(), ClientError> {
    let controller = cluster.controller()?;
    let version = controller.version::<CreatePartitionsRequest<'_>>(3)?;
    let topic = CreatePartitionsTopic { name, count, assignments: None };
    let request = CreatePartitionsRequest { topics: vec![topic].into(), timeout_ms: TIMEOUT_MS, validate_only };
    let answer = controller.call(version, &request)?;
    for result in answer.decode::<CreatePartitionsResponse<'_>>()?.results.iter() {
        refuse(result.error_code, result.error_message, name, "did not get more partitions")?;
    }
    Ok(())
}

fn refuse(code: i16, message: Option<&str>, topic: &str, what: &str) -> Result<(), ClientError> {
    match ErrorCode::from_code(code) {
        Some(ErrorCode::None) => Ok(()),
        Some(ErrorCode::UnknownTopicOrPartition) => Err(ClientError::UnknownTopic(topic.to_owned())),
        _ => Err(ClientError::refused(format!("topic {topic:?} {what}"), code, message)),
    }
}
