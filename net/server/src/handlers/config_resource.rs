//! What settings belong to (Kafka's config resources), and how AlterConfigs and IncrementalAlterConfigs change them.

use std::rc::Rc;

use millrace_base::code::ErrorCode;
use millrace_base::hash::Map;
use millrace_cluster::metadata::{Command, CommandError, ConfigChange, check_topic_name};

use crate::metadata_log;
use crate::request::{Operation, Request, Resource};
use crate::server::Server;

/// Kafka's resource types, those that have settings here.
pub(super) mod resource_type {
    pub(in crate::handlers) const TOPIC: i8 = 2;
    pub(in crate::handlers) const BROKER: i8 = 4;
    pub(in crate::handlers) const BROKER_LOGGER: i8 = 8;
    pub(in crate::handlers) const CLIENT_METRICS: i8 = 16;
    pub(in crate::handlers) const GROUP: i8 = 32;
}

/// A resource whose settings are to change.
pub(super) struct Wish<'a> {
    pub(super) resource_type: i8,
    pub(super) resource_name: &'a str,
    /// How; or what is wrong with the request.
    pub(super) change: Result<ConfigChange, CommandError>,
}

/// What became of it.
pub(super) struct Altered<'a> {
    pub(super) resource_type: i8,
    pub(super) resource_name: &'a str,
    pub(super) result: Result<(), CommandError>,
}

/// Changes one resource after the other; those that are named twice are refused.
pub(super) async fn alter<'a>(
    server: &Rc<Server>,
    request: &Request,
    wishes: Vec<Wish<'a>>,
    validate_only: bool,
) -> Vec<Altered<'a>> {
    let mut times_named: Map<(i8, &str), usize> = Map::default();
    for wish in &wishes {
        *times_named.entry((wish.resource_type, wish.resource_name)).or_default() += 1;
    }
    let mut altered: Vec<Altered<'a>> = Vec::with_capacity(wishes.len());
    for Wish { resource_type, resource_name, change } in wishes {
        let is_repeated = times_named.get(&(resource_type, resource_name)).is_some_and(|times| *times > 1);
        let result = match change {
            _ if is_repeated => {
                Err(CommandError::new(ErrorCode::InvalidRequest, "Each resource must appear at most once."))
            }
            Err(error) => Err(error),
            Ok(change) => alter_one(server, request, resource_type, resource_name, change, validate_only).await,
        };
        altered.push(Altered { resource_type, resource_name, result });
    }
    altered
}

async fn alter_one(
    server: &Rc<Server>,
    request: &Request,
    resource_type: i8,
    name: &str,
    change: ConfigChange,
    validate_only: bool,
) -> Result<(), CommandError> {
    match resource_type {
        resource_type::TOPIC if name.is_empty() => {
            return Err(CommandError::new(ErrorCode::InvalidRequest, "Default topic resources are not allowed."));
        }
        resource_type::TOPIC => {}
        resource_type::BROKER => return Err(broker_refused(server, name)),
        other => {
            return Err(CommandError::new(ErrorCode::InvalidRequest, format!("Unknown resource type {other}.")));
        }
    }
    if !request.authorize(Operation::AlterConfigs, Resource::Topic(name)) {
        let denied = ErrorCode::TopicAuthorizationFailed;
        return Err(CommandError::new(denied, denied.message()));
    }
    check_topic_name(name)?;
    let id = server.image().topic(name).map(|topic| topic.id);
    let Some(id) = id else {
        let message = format!("The topic '{name}' does not exist.");
        return Err(CommandError::new(ErrorCode::UnknownTopicOrPartition, message));
    };
    let command = Command::AlterConfig { id, change };
    if validate_only {
        metadata_log::check(server, command).await.map(drop)
    } else {
        metadata_log::propose(server, command).await.map(drop)
    }
}

/// A broker has the settings that it was started with.
fn broker_refused(server: &Server, name: &str) -> CommandError {
    let node_id = server.config.node_id;
    if !name.is_empty() && name.parse() != Ok(node_id) {
        let message = format!("Unexpected broker id, expected {node_id} or empty string, but received {name}");
        return CommandError::new(ErrorCode::InvalidRequest, message);
    }
    CommandError::new(
        ErrorCode::InvalidConfig,
        "a broker's settings cannot be changed while it runs in this version of Millrace: give them at its start",
    )
}
