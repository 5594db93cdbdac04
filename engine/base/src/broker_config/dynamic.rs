//! Settings that are changed while the broker runs (KIP-226): for all brokers, and for one.
//!
//! Always true:
//! - a change that was accepted acts at once, on every core;
//! - what is set for one broker counts before what is set for all, and that before what the broker was started with.

use std::collections::BTreeMap;

use super::{BrokerConfig, Values, known, setting};
use crate::setting::{Described, SettingError, Source, Synonym, Value};
use crate::topic_config::Overrides;

/// The settings that can be changed: what topics inherit, and what is looked up each time it is needed. In the order of
/// their names.
#[rustfmt::skip]
const DYNAMIC: &[&str] = &[
    "compression.gzip.level", "compression.lz4.level", "compression.type", "compression.zstd.level",
    "log.cleaner.backoff.ms", "log.cleaner.dedupe.buffer.size", "log.cleaner.delete.retention.ms",
    "log.cleaner.io.buffer.load.factor", "log.cleaner.io.max.bytes.per.second", "log.cleaner.max.compaction.lag.ms",
    "log.cleaner.min.cleanable.ratio", "log.cleaner.min.compaction.lag.ms", "log.cleanup.policy",
    "log.flush.interval.messages", "log.flush.interval.ms", "log.index.interval.bytes", "log.index.size.max.bytes",
    "log.local.retention.bytes", "log.local.retention.ms", "log.message.timestamp.after.max.ms",
    "log.message.timestamp.before.max.ms", "log.message.timestamp.type", "log.preallocate", "log.retention.bytes",
    "log.retention.ms", "log.roll.jitter.ms", "log.roll.ms", "log.segment.bytes", "log.segment.delete.delay.ms",
    "max.connections", "message.max.bytes", "min.insync.replicas", "unclean.leader.election.enable",
];

/// Whether a setting can be changed while the broker runs.
pub fn is_dynamic(name: &str) -> bool {
    DYNAMIC.binary_search(&name).is_ok()
}

/// What is set while the broker runs, by setting.
#[derive(Clone, Debug, Default)]
pub(super) struct Dynamic {
    of_broker: BTreeMap<&'static str, Value>,
    of_all: BTreeMap<&'static str, Value>,
}

impl Dynamic {
    /// The value that counts, if one is set.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.of_broker.get(name).or_else(|| self.of_all.get(name))
    }

    /// What is set under these names, in the order in which it counts.
    pub(super) fn synonyms<'a>(
        &'a self,
        names: impl Iterator<Item = &'a str> + Clone + 'a,
    ) -> impl Iterator<Item = Synonym> + 'a {
        let layers = [(&self.of_broker, Source::DynamicBrokerConfig), (&self.of_all, Source::DynamicDefaultConfig)];
        layers.into_iter().flat_map(move |(layer, source)| {
            names.clone().filter_map(setting).filter_map(move |setting| {
                let value = layer.get(setting.name)?.to_string();
                Some(Synonym { name: setting.name, value, source })
            })
        })
    }
}

impl BrokerConfig {
    /// The configuration with what is set for all brokers and for this one over what it was started with.
    ///
    /// # Errors
    /// The first setting that is unknown, invalid or cannot be changed while the broker runs; or a contradiction.
    pub fn with_dynamic(&self, of_all: &Overrides, of_broker: &Overrides) -> Result<BrokerConfig, SettingError> {
        let dynamic = Dynamic { of_broker: accepted(of_broker)?, of_all: accepted(of_all)? };
        Values { dynamic, ..self.values.clone() }.config()
    }

    /// What is set for all brokers while they run, as it is described.
    pub fn describe_of_all(&self) -> Vec<Described> {
        let described = |(name, value): (&&'static str, &Value)| {
            let setting = setting(name)?;
            let source = Source::DynamicDefaultConfig;
            Some(Described {
                name: setting.name,
                value: Some(value.to_string()),
                source,
                kind: setting.kind,
                is_read_only: false,
                synonyms: vec![Synonym { name: setting.name, value: value.to_string(), source }],
                documentation: setting.documentation,
            })
        };
        self.values.dynamic.of_all.iter().filter_map(described).collect()
    }
}

/// Reads what is to be set.
fn accepted(overrides: &Overrides) -> Result<BTreeMap<&'static str, Value>, SettingError> {
    let accept = |(name, text): (&String, &String)| {
        let setting = known(name)?;
        if !is_dynamic(setting.name) {
            return Err(SettingError::Conflict(format!("Cannot update these configs dynamically: [{name}]")));
        }
        Ok((setting.name, setting.accept(text)?))
    };
    overrides.iter().map(accept).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts;

    fn overrides(settings: &[(&str, &str)]) -> Overrides {
        settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_is_set_for_one_broker_counts_before_what_is_set_for_all() {
        let started = BrokerConfig::default();
        let of_all = overrides(&[("message.max.bytes", "2000"), ("log.retention.ms", "5000")]);
        let config = started.with_dynamic(&of_all, &overrides(&[("message.max.bytes", "3000")])).unwrap();
        assert_eq!(config.value("message.max.bytes"), Some(&Value::Integer(3000)));
        assert_eq!(config.value("log.retention.ms"), Some(&Value::Integer(5000)));
        let told: Vec<_> = config
            .synonyms(std::iter::once("message.max.bytes"))
            .into_iter()
            .map(|one| (one.value, one.source))
            .collect();
        let expected = [
            ("3000", Source::DynamicBrokerConfig),
            ("2000", Source::DynamicDefaultConfig),
            ("1048588", Source::DefaultConfig),
        ];
        assert_eq!(told, expected.map(|(value, source)| (value.to_owned(), source)));
        let again = config.with_dynamic(&Overrides::new(), &Overrides::new()).unwrap();
        assert_eq!(again.value("message.max.bytes"), started.value("message.max.bytes"));
    }

    /// A running Kafka 4.3.1 said the same of each.
    #[test]
    fn what_cannot_be_changed_is_refused() {
        for (name, value, said) in [
            ("num.partitions", "5", "Cannot update these configs dynamically: [num.partitions]"),
            ("log.retention.hours", "5", "Cannot update these configs dynamically: [log.retention.hours]"),
            (
                "log.preallocate",
                "1",
                "Invalid value 1 for configuration log.preallocate: Expected value to be either true or false",
            ),
            (
                "log.segment.bytes",
                "1",
                "Invalid value 1 for configuration log.segment.bytes: Value must be at least 1048576",
            ),
        ] {
            let refused = BrokerConfig::default().with_dynamic(&overrides(&[(name, value)]), &Overrides::new());
            assert_eq!(refused.unwrap_err().to_string(), said);
        }
    }

    #[test]
    fn only_kafkas_settings_are_dynamic_and_all_are_known() {
        assert!(DYNAMIC.is_sorted());
        for name in DYNAMIC {
            assert!(setting(name).is_some(), "{name}");
            assert!(facts::rows(facts::BROKER_SETTINGS).any(|row| row[0] == *name), "{name}");
        }
    }
}
