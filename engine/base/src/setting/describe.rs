//! Settings as DescribeConfigs shows them: the value in effect, where it came from, and what it would be otherwise.

use super::Kind;

/// Where the value in effect was set. The numbers are those of a DescribeConfigs answer (KIP-226).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// Set on the topic.
    DynamicTopicConfig,
    /// Set for the broker while it runs.
    DynamicBrokerConfig,
    /// Set for all brokers while they run.
    DynamicDefaultConfig,
    /// Set on the group.
    DynamicGroupConfig,
    /// Set for the broker at its start: by file, environment or command line.
    StaticBrokerConfig,
    /// Set by nobody.
    DefaultConfig,
}

impl Source {
    /// The number that a DescribeConfigs answer carries.
    pub const fn code(self) -> i8 {
        match self {
            Source::DynamicTopicConfig => 1,
            Source::DynamicBrokerConfig => 2,
            Source::DynamicDefaultConfig => 3,
            Source::StaticBrokerConfig => 4,
            Source::DefaultConfig => 5,
            Source::DynamicGroupConfig => 8,
        }
    }

    /// Kafka's name: `DYNAMIC_TOPIC_CONFIG`.
    pub const fn name(self) -> &'static str {
        match self {
            Source::DynamicTopicConfig => "DYNAMIC_TOPIC_CONFIG",
            Source::DynamicBrokerConfig => "DYNAMIC_BROKER_CONFIG",
            Source::DynamicDefaultConfig => "DYNAMIC_DEFAULT_BROKER_CONFIG",
            Source::DynamicGroupConfig => "DYNAMIC_GROUP_CONFIG",
            Source::StaticBrokerConfig => "STATIC_BROKER_CONFIG",
            Source::DefaultConfig => "DEFAULT_CONFIG",
        }
    }
}

/// One of the places that decide about a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Synonym {
    /// The name by which it is set there.
    pub name: &'static str,
    /// The value there, in the unit of that name (`log.retention.hours` is in hours).
    pub value: String,
    /// The place.
    pub source: Source,
}

/// A setting with its value in effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// The setting's name.
    pub name: &'static str,
    /// The value in effect. None: Kafka's `null`.
    pub value: Option<String>,
    /// Where that value was set: the source of the first synonym, or the default.
    pub source: Source,
    /// The kind of the value.
    pub kind: Kind,
    /// Whether it can only be changed by a restart.
    pub is_read_only: bool,
    /// Everything that decides about it; the first is in effect.
    pub synonyms: Vec<Synonym>,
    /// What it decides, in one sentence.
    pub documentation: &'static str,
}
