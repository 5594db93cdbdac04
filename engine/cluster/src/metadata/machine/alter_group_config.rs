//! Decides about [`Command::AlterGroupConfig`](super::Command::AlterGroupConfig): what is set on a group afterwards,
//! and whether it may be.

use millrace_base::broker_config::BrokerConfig;
use millrace_base::code::ErrorCode;
use millrace_base::group_config;

use super::edit::edited;
use super::{Accepted, create_topic};
use crate::metadata::command::{CommandError, ConfigChange};
use crate::metadata::image::Image;
use crate::metadata::record::MetadataRecord;

/// What the change would change.
///
/// # Errors
/// Why it may not be, with Kafka's code.
pub(super) fn check(
    image: &Image,
    config: &BrokerConfig,
    group: &str,
    change: &ConfigChange,
) -> Result<Accepted, CommandError> {
    let known = image.group_config(group).cloned().unwrap_or_default();
    let overrides = match change {
        ConfigChange::Replace(overrides) => overrides.clone(),
        // No setting of a group is a list.
        ConfigChange::Edit(edits) => edited(&known, edits, |_| None)?,
    };
    create_topic::check_sizes(&overrides)?;
    group_config::check_overrides(&overrides, config)
        .map_err(|error| CommandError::new(ErrorCode::InvalidConfig, error.to_string()))?;
    if known == overrides {
        return Ok(Accepted::default());
    }
    let overrides = overrides.into_iter().collect();
    Ok(Accepted::record(MetadataRecord::GroupConfig { group: group.to_owned(), overrides }))
}
