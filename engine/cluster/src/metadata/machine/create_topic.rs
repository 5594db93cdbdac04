//! Decides about [`CreateTopic`], check by check, in the order of Kafka's controller: the name, its uniqueness, the
//! settings, then partitions and replicas.

use std::collections::BTreeMap;

use millrace_base::broker_config::BrokerConfig;
use millrace_base::code::ErrorCode;
use millrace_base::limits::{OVERRIDES_PER_TOPIC_MAX, PARTITIONS_PER_COMMAND_MAX, SETTING_VALUE_BYTES_MAX};
use millrace_base::topic_config::{self, Overrides};

use super::name::check_topic_name;
use super::{Accepted, replicas};
use crate::metadata::command::{CommandError, CreateTopic};
use crate::metadata::image::Image;
use crate::metadata::record::{MetadataRecord, PartitionRecord, TopicRecord};

/// What creating the topic would change.
///
/// # Errors
/// Why it cannot be created, with Kafka's code.
pub(super) fn check(image: &Image, config: &BrokerConfig, topic: &CreateTopic) -> Result<Accepted, CommandError> {
    check_topic_name(&topic.name)?;
    check_unique(image, topic)?;
    let overrides = overrides(topic)?;
    let warnings = topic_config::check_overrides(&overrides, config)
        .map_err(|error| CommandError::new(ErrorCode::InvalidConfig, error.to_string()))?;
    let record = TopicRecord {
        id: topic.id.0,
        name: topic.name.clone(),
        overrides: overrides.into_iter().collect(),
        partitions: partitions(image, config, topic)?,
    };
    Ok(Accepted { records: vec![MetadataRecord::Topic(record)], warnings })
}

fn check_unique(image: &Image, topic: &CreateTopic) -> Result<(), CommandError> {
    let name = &topic.name;
    if image.topic(name).is_some() {
        return Err(CommandError::new(ErrorCode::TopicAlreadyExists, format!("Topic '{name}' already exists.")));
    }
    if let Some(other) = image.colliding_topic(name) {
        return Err(CommandError::new(
            ErrorCode::InvalidTopicException,
            format!("Topic '{name}' collides with existing topic: {other}"),
        ));
    }
    if !topic.id.is_assignable() || image.topic_by_id(topic.id).is_some() {
        return Err(CommandError::new(
            ErrorCode::InvalidRequest,
            format!("the id {} cannot be given to a topic: it is reserved, or another one has it", topic.id),
        ));
    }
    Ok(())
}

fn overrides(topic: &CreateTopic) -> Result<Overrides, CommandError> {
    let invalid = |message: String| Err(CommandError::new(ErrorCode::InvalidConfig, message));
    let given: BTreeMap<&String, &Option<String>> = topic.overrides.iter().map(|(name, text)| (name, text)).collect();
    let nulls: Vec<&str> = given.iter().filter(|(_, text)| text.is_none()).map(|(name, _)| name.as_str()).collect();
    if !nulls.is_empty() {
        return invalid(format!("Null value not supported for topic configs: {}", nulls.join(",")));
    }
    let overrides: Overrides =
        given.into_iter().filter_map(|(name, text)| Some((name.clone(), text.clone()?))).collect();
    check_sizes(&overrides)?;
    Ok(overrides)
}

/// Refuses texts that are too long for any setting, and too many of them.
///
/// # Errors
/// [`ErrorCode::InvalidConfig`].
pub(super) fn check_sizes(overrides: &Overrides) -> Result<(), CommandError> {
    let invalid = |message: String| Err(CommandError::new(ErrorCode::InvalidConfig, message));
    if overrides.len() > OVERRIDES_PER_TOPIC_MAX {
        return invalid(format!("a topic has at most {OVERRIDES_PER_TOPIC_MAX} settings, not {}", overrides.len()));
    }
    match overrides.iter().find(|(_, text)| text.len() > SETTING_VALUE_BYTES_MAX) {
        Some((name, _)) => invalid(format!(
            "The configuration value of {name} cannot be added because it exceeds the maximum value size of \
             {SETTING_VALUE_BYTES_MAX} bytes."
        )),
        None => Ok(()),
    }
}

fn partitions(image: &Image, config: &BrokerConfig, topic: &CreateTopic) -> Result<Vec<PartitionRecord>, CommandError> {
    if !topic.assignment.is_empty() {
        let invalid = |what: &str| {
            let message = format!("A manual partition assignment was specified, but {what} was not set to -1.");
            Err(CommandError::new(ErrorCode::InvalidRequest, message))
        };
        if topic.replication_factor != -1 {
            return invalid("replication factor");
        }
        if topic.partitions != -1 {
            return invalid("numPartitions");
        }
        check_count(topic.assignment.len())?;
        return replicas::take(image, &topic.assignment);
    }
    let factor = match topic.replication_factor {
        -1 => config.topics.replication_factor,
        given => given,
    };
    let factor = usize::try_from(factor).ok().filter(|factor| *factor > 0).ok_or_else(|| {
        CommandError::new(
            ErrorCode::InvalidReplicationFactor,
            "Replication factor must be larger than 0, or -1 to use the default value.",
        )
    })?;
    let count = match topic.partitions {
        -1 => config.topics.partitions,
        given => given,
    };
    let count = usize::try_from(count).ok().filter(|count| *count > 0).ok_or_else(|| {
        CommandError::new(
            ErrorCode::InvalidPartitions,
            "Number of partitions was set to an invalid non-positive value.",
        )
    })?;
    check_count(count)?;
    replicas::place(image, topic.id, count, factor)
}

fn check_count(partitions: usize) -> Result<(), CommandError> {
    if partitions > PARTITIONS_PER_COMMAND_MAX {
        return Err(CommandError::new(
            ErrorCode::PolicyViolation,
            format!(
                "Excessively large number of partitions per request: at most {PARTITIONS_PER_COMMAND_MAX} are created."
            ),
        ));
    }
    Ok(())
}
