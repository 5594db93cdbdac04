//! Creating and deleting topics.

use millrace_wire::messages::create_topics::{
    CreatableTopic, CreatableTopicConfig, CreateTopicsRequest, CreateTopicsResponse,
};
use millrace_wire::messages::delete_topics::{DeleteTopicState, DeleteTopicsRequest, DeleteTopicsResponse};
use millrace_wire::messages::describe_configs::{
    DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResponse,
};

use crate::cluster::Cluster;
use crate::error::ClientError;

const TIMEOUT_MS: i32 = 30_000;
/// Kafka's resource type of topics.
const TOPIC_RESOURCE: i8 = 2;

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

/// A setting of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSetting {
    /// Its name.
    pub name: String,
    /// Its value, unless it has none or it is secret.
    pub value: Option<String>,
    /// Whether it was set on this topic itself.
    pub is_set_here: bool,
}

/// Creates a topic.
///
/// # Errors
/// [`ClientError::Refused`] with the broker's reason.
pub fn create_topic(cluster: &mut Cluster, topic: &NewTopic<'_>) -> Result<(), ClientError> {
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
/// [`ClientError::Refused`] with the broker's reason.
pub fn delete_topic(cluster: &mut Cluster, name: &str) -> Result<(), ClientError> {
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
        if result.error_code != 0 {
            let what = format!("topic {name:?} was not deleted");
            return Err(ClientError::refused(what, result.error_code, result.error_message));
        }
    }
    Ok(())
}

/// All settings of a topic.
///
/// # Errors
/// [`ClientError::Refused`] with the broker's reason.
pub fn topic_settings(cluster: &mut Cluster, name: &str) -> Result<Vec<TopicSetting>, ClientError> {
    /// `DYNAMIC_TOPIC_CONFIG`
    const SOURCE_TOPIC: i8 = 1;
    let controller = cluster.controller()?;
    let version = controller.version::<DescribeConfigsRequest<'_>>(4)?;
    let resource =
        DescribeConfigsResource { resource_type: TOPIC_RESOURCE, resource_name: name, configuration_keys: None };
    let request = DescribeConfigsRequest { resources: vec![resource].into(), ..Default::default() };
    let answer = controller.call(version, &request)?;
    let mut settings = Vec::new();
    for result in answer.decode::<DescribeConfigsResponse<'_>>()?.results.iter() {
        if result.error_code != 0 {
            let what = format!("the settings of topic {name:?} cannot be shown");
            return Err(ClientError::refused(what, result.error_code, result.error_message));
        }
        settings.extend(result.configs.iter().map(|config| TopicSetting {
            name: config.name.to_owned(),
            value: config.value.map(str::to_owned),
            is_set_here: config.config_source == SOURCE_TOPIC,
        }));
    }
    Ok(settings)
}
