//! Decides about [`Command::AlterConfig`](super::Command::AlterConfig): what is set on a topic afterwards, and whether
//! it may be.

use millrace_base::broker_config::BrokerConfig;
use millrace_base::code::ErrorCode;
use millrace_base::ids::TopicId;
use millrace_base::setting::{Kind, SettingError};
use millrace_base::topic_config;

use super::{Accepted, create_topic, edit};
use crate::metadata::command::{CommandError, ConfigChange};
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
        ConfigChange::Edit(edits) => edit::edited(&topic.overrides, edits, |name| list(name, topic, config))?,
    };
    create_topic::check_sizes(&overrides)?;
    let invalid = |error: SettingError| CommandError::new(ErrorCode::InvalidConfig, error.to_string());
    let warnings = topic_config::check_overrides(&overrides, config).map_err(invalid)?;
    topic_config::check_fixed(&topic.overrides, &overrides).map_err(invalid)?;
    let is_news = topic.overrides != overrides;
    let record = || MetadataRecord::TopicConfig { id: id.0, overrides: overrides.into_iter().collect() };
    Ok(Accepted { records: is_news.then(record).into_iter().collect(), warnings })
}

/// The value in effect of a setting that is a list.
fn list(name: &str, topic: &Topic, config: &BrokerConfig) -> Option<String> {
    topic_config::setting(name).filter(|setting| setting.kind == Kind::List)?;
    // What is stored and cannot be described is empty to whoever edits it.
    let described = topic_config::describe(&topic.overrides, config).unwrap_or_default();
    Some(
        described
            .into_iter()
            .find(|setting| setting.name == name)
            .and_then(|setting| setting.value)
            .unwrap_or_default(),
    )
}
