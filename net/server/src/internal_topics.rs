//! The topics that belong to the broker: created when they are first needed, with settings of their own.

use std::rc::Rc;

use millrace_base::broker_config::BrokerConfig;
use millrace_base::code::ErrorCode;
use millrace_base::topic_config::RecordFormat;
use millrace_cluster::metadata::{Command, CommandError, CreateTopic};
use tracing::info;

use crate::metadata_log;
use crate::server::{Server, random_id};

/// The topic that holds groups and their committed offsets.
pub(crate) const CONSUMER_OFFSETS: &str = "__consumer_offsets";

/// The client id by which Kafka knows that an administrator writes into an internal topic, and means it.
pub(crate) const ADMIN_CLIENT: &str = "__admin_client";

/// Whether a topic belongs to the broker: clients are told so.
pub(crate) fn is_internal(name: &str) -> bool {
    matches!(name, CONSUMER_OFFSETS | "__transaction_state" | "__share_group_state")
}

/// Refuses settings that an internal topic cannot have, whoever creates it: coordinators write Kafka's records.
///
/// # Errors
/// [`ErrorCode::InvalidConfig`].
pub(crate) fn check_settings(name: &str, settings: &[(String, Option<String>)]) -> Result<(), CommandError> {
    let set = settings.iter().filter_map(|(name, text)| Some((name.clone(), text.clone()?))).collect();
    if is_internal(name) && RecordFormat::of(&set) == RecordFormat::Columns {
        let message = format!(
            "{name} belongs to the broker, and its records are stored as Kafka's: leave \
                               millrace.record.format away"
        );
        return Err(CommandError::new(ErrorCode::InvalidConfig, message));
    }
    Ok(())
}

/// A topic as it is created when somebody asks for it: with the broker's defaults, or as an internal one must be.
pub(crate) fn auto_created(server: &Server, name: &str) -> CreateTopic {
    // -1: as the broker's settings say.
    let topic = CreateTopic {
        name: name.to_owned(),
        id: random_id(&server.core),
        partitions: -1,
        replication_factor: -1,
        ..CreateTopic::default()
    };
    if name == CONSUMER_OFFSETS { consumer_offsets(&server.config, topic) } else { topic }
}

fn consumer_offsets(config: &BrokerConfig, topic: CreateTopic) -> CreateTopic {
    let groups = &config.groups;
    let set = |name: &str, value: String| (name.to_owned(), Some(value));
    CreateTopic {
        partitions: groups.offsets_topic_partitions,
        replication_factor: groups.offsets_topic_replication_factor,
        overrides: vec![
            set("cleanup.policy", "compact".to_owned()),
            set("compression.type", "producer".to_owned()),
            set("segment.bytes", groups.offsets_topic_segment_bytes.to_string()),
        ],
        ..topic
    }
}

/// Creates the topic that holds groups, unless it is there.
///
/// # Errors
/// Why it cannot be created.
pub(crate) async fn ensure_consumer_offsets(server: &Rc<Server>) -> Result<(), CommandError> {
    if server.image().topic(CONSUMER_OFFSETS).is_some() {
        return Ok(());
    }
    let topic = auto_created(server, CONSUMER_OFFSETS);
    match metadata_log::propose(server, Command::CreateTopic(topic)).await {
        Ok(_) => {
            info!(topic = CONSUMER_OFFSETS, "topic created for the first group");
            Ok(())
        }
        Err(error) if error.code == ErrorCode::TopicAlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}
