//! Decides about [`Command::AlterConfig`](super::Command::AlterConfig): what is set on a topic afterwards, and whether
//! it may be.

use millrace_base::broker_config::BrokerConfig;
use millrace_base::code::ErrorCode;
use millrace_base::ids::TopicId;
use millrace_base::setting::Kind;
use millrace_base::topic_config::{self, Overrides};

use super::{Accepted, create_topic};
use crate::metadata::command::{CommandError, ConfigChange, ConfigEdit};
use crate::metadata::image::{Image, Topic};
use crate::metadata::record::MetadataRecord;

/// What the change would change.
///
/// # Errors
/// Why it may not be, with Kafka's code.
pub(super) fn check(
    image: &Image,
    config: &BrokerConfig,
    id: TopicId,
    change: &ConfigChange,
) -> Result<Accepted, CommandError> {
    let topic = image.topic_by_id(id).ok_or_else(|| {
        CommandError::new(ErrorCode::UnknownTopicOrPartition, format!("There is no topic of the id {id}."))
    })?;
    let overrides = match change {
        ConfigChange::Replace(overrides) => overrides.clone(),
        ConfigChange::Edit(edits) => edited(topic, config, edits)?,
    };
    create_topic::check_sizes(&overrides)?;
    let warnings = topic_config::check_overrides(&overrides, config)
        .map_err(|error| CommandError::new(ErrorCode::InvalidConfig, error.to_string()))?;
    let is_news = topic.overrides != overrides;
    let record = || MetadataRecord::TopicConfig { id: id.0, overrides: overrides.into_iter().collect() };
    Ok(Accepted { records: is_news.then(record).into_iter().collect(), warnings })
}

/// The overrides with each edit done.
fn edited(topic: &Topic, config: &BrokerConfig, edits: &[(String, ConfigEdit)]) -> Result<Overrides, CommandError> {
    let mut overrides = topic.overrides.clone();
    for (name, edit) in edits {
        match edit {
            ConfigEdit::Set(value) => drop(overrides.insert(name.clone(), value.clone())),
            ConfigEdit::Delete => drop(overrides.remove(name)),
            ConfigEdit::Append(value) => {
                let mut entries = entries(name, "append", topic, config)?;
                for entry in split(value) {
                    if !entries.contains(&entry) {
                        entries.push(entry);
                    }
                }
                overrides.insert(name.clone(), entries.join(","));
            }
            ConfigEdit::Subtract(value) => {
                let mut entries = entries(name, "subtract", topic, config)?;
                let removed = split(value);
                entries.retain(|entry| !removed.contains(entry));
                overrides.insert(name.clone(), entries.join(","));
            }
        }
    }
    Ok(overrides)
}

/// The entries of a list as it is in effect.
fn entries(name: &str, verb: &str, topic: &Topic, config: &BrokerConfig) -> Result<Vec<String>, CommandError> {
    let invalid = |message: String| CommandError::new(ErrorCode::InvalidConfig, message);
    if topic_config::setting(name).is_none_or(|setting| setting.kind != Kind::List) {
        return Err(invalid(format!("Can't {verb} to key {name} because its type is not LIST.")));
    }
    let described = topic_config::describe(&topic.overrides, config).map_err(|error| invalid(error.to_string()))?;
    let value = described.into_iter().find(|setting| setting.name == name).and_then(|setting| setting.value);
    Ok(split(&value.unwrap_or_default()))
}

fn split(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(str::to_owned).collect()
}
