//! Decides about commands: the rules by which the metadata may change, and what is said when it may not.
//!
//! The rules and the order of the checks are those of Kafka 4.3.1's controller, so that a client gets the same code.
//!
//! Always true:
//! - the machine's image is that of the log's end, including records that are not durable yet: two commands that come
//!   one after the other never both get the same name or producer id;
//! - the same image, configuration and command give the same answer.

use millrace_base::broker_config::BrokerConfig;
use millrace_base::code::ErrorCode;
use millrace_base::ids::{BrokerId, TopicId};
use millrace_base::limits::{HOST_NAME_BYTES_MAX, LISTENERS_PER_BROKER_MAX};
use millrace_base::setting::SettingError;

use super::command::{Command, CommandError};
use super::image::{Image, ImageError};
use super::record::{BrokerEndpoint, BrokerRecord, MetadataRecord};
use crate::quota::{self, Alteration};

mod add_partitions;
mod alter_broker;
mod alter_config;
mod alter_group_config;
mod create_topic;
mod edit;
mod name;
mod replicas;
mod update_features;

pub use name::check_topic_name;

/// A command that may be carried out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Accepted {
    /// What changes, in order; nothing when all is already as the command wants it.
    pub records: Vec<MetadataRecord>,
    /// What whoever asked should know: settings that are stored, but do not act yet.
    pub warnings: Vec<String>,
}

impl Accepted {
    fn record(record: MetadataRecord) -> Accepted {
        Accepted { records: vec![record], warnings: Vec::new() }
    }
}

/// Checks commands one after the other.
#[derive(Clone, Debug)]
pub struct Machine {
    image: Image,
    /// What this broker was started with.
    started: BrokerConfig,
    /// The same with what is set while it runs.
    config: BrokerConfig,
}

impl Machine {
    /// A machine at the end of a log that gave this image.
    pub fn new(image: Image, config: BrokerConfig) -> Machine {
        // What an older release has stored and this one cannot use does not count.
        let current = image.resolve(&config).unwrap_or_else(|_unusable| config.clone());
        Machine { image, started: config, config: current }
    }

    /// The metadata at the log's end, with what was proposed and may not be durable yet.
    pub fn image(&self) -> &Image {
        &self.image
    }

    /// Takes a command: its records are from now on taken for granted, and belong to the log, in this order. If they
    /// cannot be made durable, the machine has to be built anew from the log.
    ///
    /// # Errors
    /// [`CommandError`] as [`Machine::check`]; nothing has changed then.
    pub fn propose(&mut self, command: &Command) -> Result<Accepted, CommandError> {
        let accepted = self.check(command)?;
        for record in &accepted.records {
            self.image.apply(record).map_err(broken_rule)?;
            if matches!(record, MetadataRecord::BrokerConfig { .. }) {
                self.config = self.image.resolve(&self.started).map_err(unusable)?;
            }
        }
        Ok(accepted)
    }

    /// Says what [`Machine::propose`] would answer, without changing anything (Kafka's `validate_only`).
    ///
    /// # Errors
    /// Why the command is refused, with Kafka's code for it.
    pub fn check(&self, command: &Command) -> Result<Accepted, CommandError> {
        match command {
            Command::SetClusterId { id } => self.set_cluster_id(id),
            Command::RegisterBroker { id, incarnation, endpoints } => self.register(*id, *incarnation, endpoints),
            Command::CreateTopic(topic) => create_topic::check(&self.image, &self.config, topic),
            Command::DeleteTopic { id } => self.delete_topic(*id),
            Command::AddPartitions { id, count, assignment } => {
                add_partitions::check(&self.image, *id, *count, assignment.as_deref())
            }
            Command::AlterConfig { id, change } => alter_config::check(&self.image, &self.config, *id, change),
            Command::AlterBrokerConfig { broker, change } => {
                alter_broker::check(&self.image, &self.started, *broker, change)
            }
            Command::UpdateFeatures { updates } => update_features::check(&self.image, self.started.node_id, updates),
            Command::AlterGroupConfig { group, change } => {
                alter_group_config::check(&self.image, &self.config, group, change)
            }
            Command::AlterClientQuotas(alteration) => self.alter_client_quotas(alteration),
            Command::AllocateProducerIds { broker, count } => self.allocate_producer_ids(*broker, *count),
        }
    }

    fn set_cluster_id(&self, id: &str) -> Result<Accepted, CommandError> {
        match self.image.cluster_id() {
            Some(known) if known == id => Ok(Accepted::default()),
            Some(known) => Err(CommandError::new(
                ErrorCode::InconsistentClusterId,
                format!("the cluster is {known}, and cannot become {id}"),
            )),
            None if id.is_empty() => Err(CommandError::new(ErrorCode::InvalidRequest, "a cluster id is not empty")),
            None => Ok(Accepted::record(MetadataRecord::ClusterId { id: id.to_owned() })),
        }
    }

    fn register(
        &self,
        id: BrokerId,
        incarnation: [u8; 16],
        endpoints: &[BrokerEndpoint],
    ) -> Result<Accepted, CommandError> {
        let refused = |message: String| Err(CommandError::new(ErrorCode::InvalidRegistration, message));
        if id < 0 {
            return refused(format!("a broker's number is not negative, and {id} is"));
        }
        if endpoints.is_empty() || endpoints.len() > LISTENERS_PER_BROKER_MAX {
            return refused(format!(
                "a broker has from 1 to {LISTENERS_PER_BROKER_MAX} endpoints, not {}",
                endpoints.len()
            ));
        }
        for (index, endpoint) in endpoints.iter().enumerate() {
            if endpoint.host.is_empty() || endpoint.host.len() > HOST_NAME_BYTES_MAX || endpoint.port == 0 {
                return refused(format!("nobody can connect to {}:{}", endpoint.host, endpoint.port));
            }
            if endpoints.iter().take(index).any(|earlier| earlier.listener == endpoint.listener) {
                return refused(format!("listener {} is there twice", endpoint.listener));
            }
        }
        let is_known =
            self.image.broker(id).is_some_and(|known| known.incarnation == incarnation && known.endpoints == endpoints);
        if is_known {
            return Ok(Accepted::default());
        }
        let endpoints = endpoints.to_vec();
        Ok(Accepted::record(MetadataRecord::Broker(BrokerRecord { id, incarnation, endpoints })))
    }

    fn delete_topic(&self, id: TopicId) -> Result<Accepted, CommandError> {
        if !self.config.topics.deletable {
            return Err(CommandError::new(ErrorCode::TopicDeletionDisabled, "Topic deletion is disabled."));
        }
        if self.image.topic_by_id(id).is_none() {
            return Err(CommandError::new(ErrorCode::UnknownTopicId, format!("There is no topic of the id {id}.")));
        }
        Ok(Accepted::record(MetadataRecord::TopicDeleted { id: id.0 }))
    }

    fn alter_client_quotas(&self, alteration: &Alteration) -> Result<Accepted, CommandError> {
        let limits = quota::check(self.image.quotas(), alteration)?;
        let known = self.image.quotas().of(&alteration.entity);
        if known == Some(&limits) || (known.is_none() && limits.is_empty()) {
            return Ok(Accepted::default());
        }
        Ok(Accepted::record(MetadataRecord::client_quotas(&alteration.entity, &limits)))
    }

    fn allocate_producer_ids(&self, broker: BrokerId, count: i32) -> Result<Accepted, CommandError> {
        if self.image.broker(broker).is_none() {
            return Err(CommandError::new(
                ErrorCode::BrokerIdNotRegistered,
                format!("No broker of the id {broker} is registered."),
            ));
        }
        if count < 1 {
            return Err(CommandError::new(
                ErrorCode::InvalidRequest,
                format!("{count} producer ids cannot be given out"),
            ));
        }
        let first = self.image.producer_id_next();
        let next = first.checked_add(i64::from(count)).ok_or_else(|| {
            CommandError::new(ErrorCode::UnknownServerError, "Exhausted all producerIds: every one has been given out.")
        })?;
        Ok(Accepted::record(MetadataRecord::ProducerIds { first, next }))
    }
}

/// The machine let a setting through that cannot be used: a mistake in this crate, told as such.
fn unusable(error: SettingError) -> CommandError {
    CommandError::new(ErrorCode::UnknownServerError, format!("the metadata machine contradicts itself: {error}"))
}

/// The machine let something through that its own image refuses: a mistake in this crate, told as such.
fn broken_rule(error: ImageError) -> CommandError {
    CommandError::new(ErrorCode::UnknownServerError, format!("the metadata machine contradicts itself: {error}"))
}
