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
    let command = match resource_type {
        resource_type::TOPIC => topic_command(server, request, name, change)?,
        resource_type::BROKER => broker_command(server, request, name, change)?,
        resource_type::GROUP => group_command(request, name, change)?,
        resource_type::BROKER_LOGGER => {
            let message = "levels of loggers cannot be changed in this version of Millrace: give RUST_LOG at the start";
            return Err(CommandError::new(ErrorCode::InvalidConfig, message));
        }
        other => {
            return Err(CommandError::new(ErrorCode::InvalidRequest, format!("Unknown resource type {other}.")));
        }
    };
    if validate_only {
        metadata_log::check(server, command).await.map(drop)
    } else {
        metadata_log::propose(server, command).await.map(drop)
    }
}

fn topic_command(
    server: &Server,
    request: &Request,
    name: &str,
    change: ConfigChange,
) -> Result<Command, CommandError> {
    if name.is_empty() {
        return Err(CommandError::new(ErrorCode::InvalidRequest, "Default topic resources are not allowed."));
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
    Ok(Command::AlterConfig { id, change })
}

fn group_command(request: &Request, name: &str, change: ConfigChange) -> Result<Command, CommandError> {
    if name.is_empty() {
        return Err(CommandError::new(ErrorCode::InvalidRequest, "Default group resources are not allowed."));
    }
    if !request.authorize(Operation::AlterConfigs, Resource::Group(name)) {
        let denied = ErrorCode::GroupAuthorizationFailed;
        return Err(CommandError::new(denied, denied.message()));
    }
    Ok(Command::AlterGroupConfig { group: name.to_owned(), change })
}

/// The empty name means all brokers.
fn broker_command(
    server: &Server,
    request: &Request,
    name: &str,
    change: ConfigChange,
) -> Result<Command, CommandError> {
    if !request.authorize(Operation::AlterConfigs, Resource::Cluster) {
        let denied = ErrorCode::ClusterAuthorizationFailed;
        return Err(CommandError::new(denied, denied.message()));
    }
    let node_id = server.config.node_id;
    if !name.is_empty() && name.parse() != Ok(node_id) {
        let message = format!("Unexpected broker id, expected {node_id} or empty string, but received {name}");
        return Err(CommandError::new(ErrorCode::InvalidRequest, message));
    }
    Ok(Command::AlterBrokerConfig { broker: (!name.is_empty()).then_some(node_id), change })
}
