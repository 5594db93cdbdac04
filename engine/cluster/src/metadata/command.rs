//! What can be asked of the metadata, and how it is refused.

use millrace_base::code::ErrorCode;
use millrace_base::ids::{BrokerId, PartitionIndex, TopicId};
use millrace_base::topic_config::Overrides;

use super::record::BrokerEndpoint;
use crate::quota::Alteration;

/// A wish for a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Names the cluster, once for all.
    SetClusterId {
        /// The cluster's id, as clients see it.
        id: String,
    },
    /// Makes a broker known, or tells its new endpoints.
    RegisterBroker {
        /// The broker's number.
        id: BrokerId,
        /// Drawn by the broker at each start.
        incarnation: [u8; 16],
        /// Where it can be reached.
        endpoints: Vec<BrokerEndpoint>,
    },
    /// Creates a topic.
    CreateTopic(CreateTopic),
    /// Deletes a topic.
    DeleteTopic {
        /// The topic's id: a name could mean another topic by now.
        id: TopicId,
    },
    /// Gives a topic more partitions.
    AddPartitions {
        /// The topic's id.
        id: TopicId,
        /// How many it has afterwards.
        count: i32,
        /// The replicas of each new partition, the preferred leader first. None: they are placed.
        assignment: Option<Vec<Vec<BrokerId>>>,
    },
    /// Changes what is set on a topic.
    AlterConfig {
        /// The topic's id.
        id: TopicId,
        /// How.
        change: ConfigChange,
    },
    /// Changes what is set for a broker while it runs.
    AlterBrokerConfig {
        /// The broker; none: all of them.
        broker: Option<BrokerId>,
        /// How.
        change: ConfigChange,
    },
    /// Changes finalised levels of features, all or none of them.
    UpdateFeatures {
        /// No two of the same feature.
        updates: Vec<FeatureUpdate>,
    },
    /// Changes what is set on a group; it need not exist.
    AlterGroupConfig {
        /// The group.
        group: String,
        /// How.
        change: ConfigChange,
    },
    /// Changes the quotas of an entity.
    AlterClientQuotas(Alteration),
    /// Gives out producer ids that were never given out before.
    AllocateProducerIds {
        /// The broker that asks; it must be registered.
        broker: BrokerId,
        /// How many, at least 1.
        count: i32,
    },
}

/// A change of a feature's level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureUpdate {
    /// The feature's name.
    pub name: String,
    /// The level; 0 turns it off.
    pub level: i16,
    /// Which way it may go.
    pub upgrade_type: UpgradeType,
}

/// Which way a feature's level may go (KIP-584).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpgradeType {
    /// Up.
    Upgrade,
    /// Down, where nothing is lost by it.
    SafeDowngrade,
    /// Down, whatever is lost.
    UnsafeDowngrade,
    /// A way that there is not.
    Unknown,
}

/// A change of what is set on a topic or a group, or for brokers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigChange {
    /// This and nothing else is set afterwards.
    Replace(Overrides),
    /// One setting after the other is changed, all or none of them.
    Edit(Vec<(String, ConfigEdit)>),
}

/// A change of one setting (KIP-339).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigEdit {
    /// It has this value.
    Set(String),
    /// It is not set any more.
    Delete,
    /// These entries are added to its list, those that are not there yet.
    Append(String),
    /// These entries are taken from its list.
    Subtract(String),
}

/// What [`Command::CreateTopic`] creates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CreateTopic {
    /// The topic's name.
    pub name: String,
    /// The topic's id, drawn at random by whoever asks.
    pub id: TopicId,
    /// The number of partitions; -1: the broker's default, or as `assignment` says.
    pub partitions: i32,
    /// The number of replicas; -1: the broker's default, or as `assignment` says.
    pub replication_factor: i16,
    /// The replicas of each partition, the preferred leader first. Empty: they are placed.
    pub assignment: Vec<(PartitionIndex, Vec<BrokerId>)>,
    /// What is set on the topic: name and text of each setting. Of two of a name the last counts; a null is refused.
    pub overrides: Vec<(String, Option<String>)>,
}

/// Why a command is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct CommandError {
    /// What a client's answer carries.
    pub code: ErrorCode,
    /// The same for people.
    pub message: String,
}

impl CommandError {
    /// A refusal.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> CommandError {
        CommandError { code, message: message.into() }
    }
}
