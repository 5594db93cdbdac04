//! How groups of the consumer protocol (KIP-848) are coordinated.

use std::time::Duration;

use super::Values;
use crate::setting::{SettingError, Value};

/// The names that an assignor may be given by: its own, and that of Kafka's class for it.
const ASSIGNORS: [(ConsumerAssignor, &str, &str); 2] = [
    (ConsumerAssignor::Uniform, "uniform", "org.apache.kafka.coordinator.group.assignor.UniformAssignor"),
    (ConsumerAssignor::Range, "range", "org.apache.kafka.coordinator.group.assignor.RangeAssignor"),
];

/// An assignor on the broker's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsumerAssignor {
    /// `uniform`.
    Uniform,
    /// `range`.
    Range,
}

/// Which groups with members may go over to the other protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MigrationPolicy {
    /// From the classic protocol to the consumer protocol.
    pub may_upgrade: bool,
    /// From the consumer protocol to the classic protocol.
    pub may_downgrade: bool,
}

/// A time that a group may set for itself, within limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limited {
    /// For groups that set none.
    pub default: Duration,
    /// Inclusive.
    pub min: Duration,
    /// Inclusive.
    pub max: Duration,
}

/// How groups of the consumer protocol are coordinated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerGroups {
    /// `group.consumer.session.timeout.ms` and its limits.
    pub session_timeout: Limited,
    /// `group.consumer.heartbeat.interval.ms` and its limits.
    pub heartbeat_interval: Limited,
    /// `group.consumer.assignment.interval.ms` and its limits.
    pub assignment_interval: Limited,
    /// `group.consumer.max.size`, inclusive.
    pub members_max: usize,
    /// `group.consumer.assignors`, the default one first: at least one.
    pub assignors: Vec<ConsumerAssignor>,
    /// `group.consumer.migration.policy`.
    pub migration: MigrationPolicy,
}

impl Values {
    pub(super) fn consumer_groups(&self) -> Result<ConsumerGroups, SettingError> {
        Ok(ConsumerGroups {
            session_timeout: self.limited("session.timeout.ms")?,
            heartbeat_interval: self.limited("heartbeat.interval.ms")?,
            assignment_interval: self.limited("assignment.interval.ms")?,
            members_max: self.number("group.consumer.max.size")?,
            assignors: self.assignors()?,
            migration: self.migration(),
        })
    }

    fn limited(&self, name: &str) -> Result<Limited, SettingError> {
        let ms = |name: &str| Ok::<_, SettingError>(Duration::from_millis(self.number(name)?));
        let own = format!("group.consumer.{name}");
        let limited = Limited {
            default: ms(&own)?,
            min: ms(&format!("group.consumer.min.{name}"))?,
            max: ms(&format!("group.consumer.max.{name}"))?,
        };
        if limited.max < limited.min {
            let reason = format!("it must not be less than group.consumer.min.{name}");
            return Err(self.invalid(&format!("group.consumer.max.{name}"), reason));
        }
        if !(limited.min..=limited.max).contains(&limited.default) {
            let reason = format!("it must lie between group.consumer.min.{name} and group.consumer.max.{name}");
            return Err(self.invalid(&own, reason));
        }
        Ok(limited)
    }

    fn assignors(&self) -> Result<Vec<ConsumerAssignor>, SettingError> {
        let name = "group.consumer.assignors";
        let find = |given: &String| {
            let known = ASSIGNORS.iter().find(|(_, short, class)| given == short || given == class);
            known.map(|(assignor, ..)| *assignor).ok_or_else(|| {
                let reason = format!("there is no assignor {given}: the assignors are uniform and range");
                self.invalid(name, reason)
            })
        };
        let assignors = self.list(name).iter().map(find).collect::<Result<Vec<_>, _>>()?;
        if assignors.is_empty() {
            return Err(self.invalid(name, "there must be an assignor"));
        }
        Ok(assignors)
    }

    fn migration(&self) -> MigrationPolicy {
        let policy = self.get("group.consumer.migration.policy").map(Value::to_string).unwrap_or_default();
        let policy = policy.to_uppercase();
        MigrationPolicy {
            may_upgrade: matches!(policy.as_str(), "UPGRADE" | "BIDIRECTIONAL"),
            may_downgrade: matches!(policy.as_str(), "DOWNGRADE" | "BIDIRECTIONAL"),
        }
    }
}
