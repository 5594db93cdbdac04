//! The settings of a group: those of Kafka 4.3.1 for groups of the consumer protocol (KIP-848).
//!
//! Each has a setting of the broker for groups that do not set it, and two that limit it.

use std::time::Duration;

use crate::broker_config::{BrokerConfig, ConsumerGroups, Limited};
use crate::setting::{
    Described, Importance, Kind, Setting, SettingError, Source, Support, Synonym, Valid, Value, nearest,
};
use crate::topic_config::Overrides;

/// The kinds of groups whose settings Kafka has, and Millrace has not.
const FOREIGN: [&str; 2] = ["share.", "streams."];

const fn setting(name: &'static str, default: &'static str, least: i64, documentation: &'static str) -> Setting {
    Setting {
        name,
        kind: Kind::Int,
        default: Some(default),
        valid: Valid::AtLeast(least),
        importance: Importance::Medium,
        support: Support::Full,
        documentation,
    }
}

/// Every setting of a group, in the order of their names.
pub const SETTINGS: &[Setting] = &[
    setting(
        "consumer.assignment.interval.ms",
        "1000",
        0,
        "How long the group's target assignment stands at least before another one is computed, in ms.",
    ),
    setting(
        "consumer.heartbeat.interval.ms",
        "5000",
        1,
        "How often the group's members are told to send heartbeats, in ms.",
    ),
    setting(
        "consumer.session.timeout.ms",
        "45000",
        1,
        "After how long without a heartbeat a member of the group is taken for lost, in ms.",
    ),
];

/// The setting of a group that has this name.
pub fn setting_of(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

/// The broker's limits of a setting.
fn limits(name: &str, broker: &ConsumerGroups) -> Limited {
    match name {
        "consumer.assignment.interval.ms" => broker.assignment_interval,
        "consumer.heartbeat.interval.ms" => broker.heartbeat_interval,
        _ => broker.session_timeout,
    }
}

/// Checks what somebody wants to set on a group, before it is stored.
///
/// # Errors
/// The first setting, by name, that is unknown, invalid, or beyond the broker's limits.
pub fn check_overrides(overrides: &Overrides, broker: &BrokerConfig) -> Result<(), SettingError> {
    for (name, text) in overrides {
        let setting = setting_of(name).ok_or_else(|| unknown(name))?;
        let limits = limits(name, &broker.groups.consumer);
        let Value::Integer(number) = setting.accept(text)? else { continue };
        let given = Duration::from_millis(u64::try_from(number).unwrap_or(0));
        let (kind, rest) = name.split_once('.').unwrap_or_default();
        if given < limits.min {
            let message = format!("{name} must be greater than or equal to group.{kind}.min.{rest}");
            return Err(SettingError::Conflict(message));
        }
        if given > limits.max {
            let message = format!("{name} must be less than or equal to group.{kind}.max.{rest}");
            return Err(SettingError::Conflict(message));
        }
    }
    Ok(())
}

fn unknown(name: &str) -> SettingError {
    if FOREIGN.iter().any(|kind| name.starts_with(kind)) {
        return SettingError::Conflict(format!("Kafka's setting {name} of groups is not available in Millrace yet"));
    }
    let suggestion = nearest(name, SETTINGS.iter().map(|setting| setting.name)).map(str::to_owned);
    SettingError::Unknown { scope: "group", name: name.to_owned(), suggestion }
}

/// Every setting of a group with its value in effect, in the order of their names.
pub fn describe(overrides: &Overrides, broker: &BrokerConfig) -> Vec<Described> {
    let describe = |setting: &'static Setting| {
        let own = overrides.get(setting.name).map(|value| Synonym {
            name: setting.name,
            value: value.clone(),
            source: Source::DynamicGroupConfig,
        });
        let of_broker = broker.synonyms(std::iter::once(of_broker(setting.name)));
        let synonyms: Vec<Synonym> = own.into_iter().chain(of_broker).collect();
        Described {
            name: setting.name,
            value: synonyms.first().map(|first| first.value.clone()),
            source: synonyms.first().map_or(Source::DefaultConfig, |first| first.source),
            kind: setting.kind,
            is_read_only: false,
            synonyms,
            documentation: setting.documentation,
        }
    };
    SETTINGS.iter().map(describe).collect()
}

/// The broker's setting for groups that set nothing.
fn of_broker(name: &str) -> &'static str {
    match name {
        "consumer.assignment.interval.ms" => "group.consumer.assignment.interval.ms",
        "consumer.heartbeat.interval.ms" => "group.consumer.heartbeat.interval.ms",
        _ => "group.consumer.session.timeout.ms",
    }
}

/// What a group has set for itself; None: the broker's setting decides.
pub fn duration(overrides: &Overrides, name: &str) -> Option<Duration> {
    overrides.get(name)?.trim().parse().ok().map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts;

    fn checked(name: &str, value: &str) -> Result<(), String> {
        let overrides = Overrides::from([(name.to_owned(), value.to_owned())]);
        check_overrides(&overrides, &BrokerConfig::default()).map_err(|error| error.to_string())
    }

    #[test]
    fn settings_are_those_of_kafka_for_groups_of_consumers() {
        let rows = facts::rows(facts::GROUP_SETTINGS).filter(|row| row[0].starts_with("consumer."));
        let rows: Vec<_> = rows.collect();
        assert_eq!(rows.len(), SETTINGS.len());
        for (setting, row) in SETTINGS.iter().zip(rows) {
            facts::assert_setting_is(setting, &row);
        }
    }

    /// The messages are Kafka's.
    #[test]
    fn values_stay_within_the_brokers_limits() {
        assert_eq!(checked("consumer.session.timeout.ms", "50000"), Ok(()));
        let too_little =
            "consumer.session.timeout.ms must be greater than or equal to group.consumer.min.session.timeout.ms";
        assert_eq!(checked("consumer.session.timeout.ms", "1000"), Err(too_little.to_owned()));
        let too_much =
            "consumer.heartbeat.interval.ms must be less than or equal to group.consumer.max.heartbeat.interval.ms";
        assert_eq!(checked("consumer.heartbeat.interval.ms", "15001"), Err(too_much.to_owned()));
        let invalid = "Invalid value -1 for configuration consumer.assignment.interval.ms: Value must be at least 0";
        assert_eq!(checked("consumer.assignment.interval.ms", "-1"), Err(invalid.to_owned()));
        assert_eq!(checked("nope", "1"), Err("Unknown group config name: nope".to_owned()));
        assert!(checked("share.session.timeout.ms", "45000").unwrap_err().contains("not available"));
    }

    #[test]
    fn a_value_of_the_groups_own_comes_first() {
        let name = "consumer.session.timeout.ms";
        let overrides = Overrides::from([(name.to_owned(), "50000".to_owned())]);
        let described = describe(&overrides, &BrokerConfig::default());
        let found = described.iter().find(|setting| setting.name == name).unwrap();
        assert_eq!((found.value.as_deref(), found.source), (Some("50000"), Source::DynamicGroupConfig));
        assert_eq!(found.synonyms[1].name, "group.consumer.session.timeout.ms");
    }
}
