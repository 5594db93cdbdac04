//! Decides about [`Command::AlterBrokerConfig`](crate::metadata::Command::AlterBrokerConfig): what is set for a broker,
//! or for all of them, afterwards.

use millrace_base::broker_config::{self, BrokerConfig};
use millrace_base::code::ErrorCode;
use millrace_base::ids::BrokerId;
use millrace_base::setting::{Kind, Value};

use super::{Accepted, edit};
use crate::metadata::command::{CommandError, ConfigChange};
use crate::metadata::image::Image;
use crate::metadata::record::MetadataRecord;

/// What the change would change. `started` is what this broker was started with.
///
/// # Errors
/// Why it may not be, with Kafka's code.
pub(super) fn check(
    image: &Image,
    started: &BrokerConfig,
    broker: Option<BrokerId>,
    change: &ConfigChange,
) -> Result<Accepted, CommandError> {
    let refused = |message: String| CommandError::new(ErrorCode::InvalidRequest, message);
    if let Some(broker) = broker
        && broker != started.node_id
    {
        return Err(refused(format!("Broker {broker} is not this one, which is the only one there is.")));
    }
    let current = image.broker_config(broker);
    let config = image.resolve(started).map_err(|error| refused(error.to_string()))?;
    let overrides = match change {
        ConfigChange::Replace(overrides) => overrides.clone(),
        ConfigChange::Edit(edits) => edit::edited(current, edits, |name| {
            let is_list = broker_config::setting(name).is_some_and(|setting| setting.kind == Kind::List);
            is_list.then(|| config.value(name).map(Value::to_string).unwrap_or_default())
        })?,
    };
    let resolved = match broker {
        None => started.with_dynamic(&overrides, image.broker_config(Some(started.node_id))),
        Some(_) => started.with_dynamic(image.broker_config(None), &overrides),
    };
    resolved.map_err(|error| refused(error.to_string()))?;
    if *current == overrides {
        return Ok(Accepted::default());
    }
    Ok(Accepted::record(MetadataRecord::BrokerConfig { broker, overrides: overrides.into_iter().collect() }))
}
