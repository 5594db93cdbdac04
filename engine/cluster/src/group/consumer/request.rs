//! What can be asked of a group by the protocol of KIP-848, and what it answers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use millrace_base::code::ErrorCode;
use millrace_base::group_config;
use millrace_base::ids::{PartitionIndex, TopicId};
use millrace_base::topic_config::Overrides;

use super::assignor::Assignor;

/// Partitions by topic; no topic without partitions.
pub type Assignment = BTreeMap<TopicId, BTreeSet<PartitionIndex>>;

/// The settings that groups of this protocol go by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerRules {
    /// `group.consumer.session.timeout.ms`.
    pub session_timeout: Duration,
    /// `group.consumer.heartbeat.interval.ms`.
    pub heartbeat_interval: Duration,
    /// `group.consumer.assignment.interval.ms`: an assignment stands at least so long.
    pub assignment_interval: Duration,
    /// `group.consumer.max.size`, inclusive.
    pub members_max: usize,
    /// `group.consumer.assignors`, the default one first; at least one.
    pub assignors: Vec<Assignor>,
    /// `group.consumer.migration.policy`: a group with members may go over from the classic protocol.
    pub may_upgrade: bool,
    /// `group.consumer.migration.policy`: and back to it.
    pub may_downgrade: bool,
}

impl ConsumerRules {
    /// The settings of a group that has set these for itself.
    pub(in crate::group) fn with(&self, overrides: Option<&Overrides>) -> ConsumerRules {
        let own = |name: &str, default: Duration| {
            overrides.and_then(|overrides| group_config::duration(overrides, name)).unwrap_or(default)
        };
        ConsumerRules {
            session_timeout: own("consumer.session.timeout.ms", self.session_timeout),
            heartbeat_interval: own("consumer.heartbeat.interval.ms", self.heartbeat_interval),
            assignment_interval: own("consumer.assignment.interval.ms", self.assignment_interval),
            ..self.clone()
        }
    }
}

/// ConsumerGroupHeartbeat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsumerHeartbeat {
    /// The group.
    pub group: String,
    /// The member, which has named itself; or whom the broker has named, for version 0.
    pub member_id: String,
    /// The epoch that the member knows of; 0 to join, -1 to leave, -2 to leave for a while as a static member.
    pub member_epoch: i32,
    /// A static member's name.
    pub instance_id: Option<String>,
    /// Where the member runs; None: as it was.
    pub rack_id: Option<String>,
    /// How long the member may take to let partitions go, in ms; -1: as it was.
    pub rebalance_timeout_ms: i32,
    /// What it subscribes to; None: as it was.
    pub topic_names: Option<BTreeSet<String>>,
    /// What it subscribes to by a pattern; None: as it was; empty: by none.
    pub topic_regex: Option<String>,
    /// The assignor that it prefers; None: as it was.
    pub assignor: Option<String>,
    /// What it holds; None: as it was.
    pub owned: Option<Assignment>,
    /// From the request's header.
    pub client_id: String,
    /// The client's address, as Kafka prints it.
    pub client_host: String,
}

/// What ConsumerGroupHeartbeat answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsumerHeartbeatAnswer {
    /// The member.
    pub member_id: String,
    /// The epoch by which it is to go.
    pub member_epoch: i32,
    /// When the next heartbeat is due; zero for who has left.
    pub heartbeat_interval: Duration,
    /// What it is to hold; None: as it knows.
    pub assignment: Option<Assignment>,
}

/// Why a request is refused, in words that Kafka would use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The code.
    pub code: ErrorCode,
    /// The same for people.
    pub message: Option<String>,
}

impl Refusal {
    pub(super) fn new(code: ErrorCode, message: impl Into<String>) -> Refusal {
        Refusal { code, message: Some(message.into()) }
    }
}

impl From<ErrorCode> for Refusal {
    fn from(code: ErrorCode) -> Refusal {
        Refusal { code, message: None }
    }
}
