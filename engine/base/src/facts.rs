//! What a real Kafka 4.3.1 says of itself: tables that the tests of this crate compare its data against.

use crate::setting::Setting;

/// `code`, `name`, `retriable` of every error code.
pub(crate) const ERRORS: &str = include_str!("../facts/errors-kafka-4.3.1.tsv");
/// `name`, `type`, `default`, `importance`, `valid` of every setting of a topic.
pub(crate) const TOPIC_SETTINGS: &str = include_str!("../facts/topic-configs-kafka-4.3.1.tsv");
/// `name`, `type`, `default`, `importance`, `valid` of every setting of a broker.
pub(crate) const BROKER_SETTINGS: &str = include_str!("../facts/broker-configs-kafka-4.3.1.tsv");

/// `name`, `type`, `default`, `importance`, `valid` of every setting of a group.
pub(crate) const GROUP_SETTINGS: &str = include_str!("../facts/group-configs-kafka-4.3.1.tsv");

/// The rows of a table without its heading, each split into its columns.
pub(crate) fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table.lines().skip(1).map(|line| line.split('\t').collect())
}

/// Compares a setting with its row, default included.
pub(crate) fn assert_setting_is(setting: &Setting, row: &[&str]) {
    assert_setting_is_but_for_default(setting, row);
    assert_eq!(setting.default.unwrap_or("null"), row[2], "{}", setting.name);
}

/// Compares a setting with its row, but for the default.
pub(crate) fn assert_setting_is_but_for_default(setting: &Setting, row: &[&str]) {
    assert_eq!(setting.name, row[0]);
    assert_eq!(setting.kind.name(), row[1], "{}", setting.name);
    assert_eq!(setting.importance.name(), row[3], "{}", setting.name);
    assert_eq!(setting.valid.to_string(), row[4], "{}", setting.name);
}
