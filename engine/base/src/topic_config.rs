//! A topic's configuration: what was set on the topic, over what the broker's own settings give as defaults.
//!
//! Always true:
//! - overrides that passed [`check_overrides`] resolve without an error under the same broker configuration;
//! - a topic that sets nothing has Kafka 4.3.1's defaults under a broker that sets nothing.

use std::collections::BTreeMap;

use crate::broker_config::{BrokerConfig, Durability};
use crate::setting::{Described, Setting, SettingError, Source, Support, Synonym, Value, nearest};

mod settings;
pub(crate) mod support;

pub use settings::SETTINGS;
use settings::broker_synonyms;

/// The setting that says how records are stored.
const RECORD_FORMAT: &str = "millrace.record.format";

/// What was set on a topic: name and text of each setting.
pub type Overrides = BTreeMap<String, String>;

/// Whose clock a record's timestamp shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer's.
    CreateTime,
    /// The broker's, at the append.
    LogAppendTime,
}

/// How records lie in a topic's stored batches: `millrace.record.format`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecordFormat {
    /// As Kafka has them.
    #[default]
    Kafka,
    /// As columns: Millrace's own form.
    Columns,
}

impl RecordFormat {
    /// What is set on a topic: the broker has no say.
    pub fn of(overrides: &Overrides) -> RecordFormat {
        match overrides.get(RECORD_FORMAT).map(|text| text.trim()) {
            Some("columns") => RecordFormat::Columns,
            _ => RecordFormat::Kafka,
        }
    }

    /// The setting's text.
    pub fn name(self) -> &'static str {
        match self {
            RecordFormat::Kafka => "kafka",
            RecordFormat::Columns => "columns",
        }
    }
}

/// How the batches of a topic are compressed: `compression.type`, with its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompressionType {
    /// As their producer has compressed them.
    Producer,
    /// Not at all.
    Uncompressed,
    /// `compression.gzip.level`.
    Gzip(i32),
    /// Snappy has no levels.
    Snappy,
    /// `compression.lz4.level`.
    Lz4(i32),
    /// `compression.zstd.level`.
    Zstd(i32),
}

/// How a compacted topic is cleaned. Defaults are Kafka's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Compaction {
    /// `min.cleanable.dirty.ratio`, from 0 to 1: above this fraction (exclusive) of uncompacted bytes a partition is
    /// cleaned.
    pub dirty_ratio_min: f64,
    /// `min.compaction.lag.ms`: a segment with a younger record stays as it is.
    pub lag_ms_min: i64,
    /// `max.compaction.lag.ms`: with an older uncompacted record a partition is cleaned whatever its ratio; `i64::MAX`
    /// means no bound.
    pub lag_ms_max: i64,
    /// `delete.retention.ms`: how long a tombstone stays, from the first cleaning on that keeps it.
    pub delete_retention_ms: i64,
}

impl Default for Compaction {
    fn default() -> Compaction {
        Compaction {
            dirty_ratio_min: 0.5,
            lag_ms_min: 0,
            lag_ms_max: i64::MAX,
            delete_retention_ms: 24 * 60 * 60 * 1000,
        }
    }
}

/// The settings of a topic that this release acts on, with their values in effect.
#[derive(Clone, Debug, PartialEq)]
pub struct TopicConfig {
    /// `segment.bytes`: a segment is rolled before an append would make it larger.
    pub segment_bytes: u64,
    /// `segment.ms`: a segment is rolled at this age.
    pub segment_ms: u64,
    /// `file.delete.delay.ms`: how long the files of what was deleted stay on the disk.
    pub file_delete_delay_ms: u64,
    /// `segment.jitter.ms`: by so much at most `segment_ms` is shortened.
    pub segment_jitter_ms: i64,
    /// `segment.index.bytes`: a segment is rolled before its index would be larger.
    pub segment_index_bytes: u64,
    /// `preallocate`: a segment gets all of its space when it is begun.
    pub is_preallocated: bool,
    /// `max.message.bytes`: the largest batch, inclusive.
    pub max_message_bytes: usize,
    /// `index.interval.bytes`.
    pub index_interval_bytes: u64,
    /// `compression.type`.
    pub compression: CompressionType,
    /// `message.timestamp.type`.
    pub timestamp_type: TimestampType,
    /// `message.timestamp.before.max.ms`, inclusive; `i64::MAX` means no bound.
    pub timestamp_before_max_ms: i64,
    /// `message.timestamp.after.max.ms`, inclusive; `i64::MAX` means no bound.
    pub timestamp_after_max_ms: i64,
    /// `min.insync.replicas`, at least 1; not yet limited to the number of replicas.
    pub min_insync_replicas: usize,
    /// `millrace.durability`.
    pub durability: Durability,
    /// `millrace.record.format`; never changes.
    pub record_format: RecordFormat,
    /// If `cleanup.policy` has `compact`: every record needs a key, and of those with the same one the last stays.
    pub compaction: Option<Compaction>,
    /// `cleanup.policy` has `delete`: records go by age and size, and may be deleted by request.
    pub is_deletable: bool,
    /// `retention.ms`; none without limit.
    pub retention_ms: Option<u64>,
    /// `retention.bytes`; none without limit.
    pub retention_bytes: Option<u64>,
}

/// The setting of a topic that has this name.
pub fn setting(name: &str) -> Option<&'static Setting> {
    SETTINGS.binary_search_by(|setting| setting.name.cmp(name)).ok().and_then(|index| SETTINGS.get(index))
}

/// Checks what somebody wants to set on a topic, before it is stored.
///
/// Returns a warning for each setting that is stored but does not act yet and differs from its default.
///
/// # Errors
/// The first setting, by name, that is unknown, invalid, or without effect in this release; or a contradiction.
pub fn check_overrides(overrides: &Overrides, broker: &BrokerConfig) -> Result<Vec<String>, SettingError> {
    let mut warnings = Vec::new();
    for (name, text) in overrides {
        let setting = setting(name).ok_or_else(|| SettingError::Unknown {
            scope: "topic",
            name: name.clone(),
            suggestion: nearest(name, SETTINGS.iter().map(|setting| setting.name)).map(str::to_owned),
        })?;
        let value = setting.accept(text)?;
        if let Support::Stored(reason) = setting.support
            && setting.default_value().as_ref() != Some(&value)
        {
            warnings.push(format!("{name}={value} is stored, but: {reason}"));
        }
    }
    let effective = Effective { overrides, broker };
    let (least, most) = (effective.integer("min.compaction.lag.ms")?, effective.integer("max.compaction.lag.ms")?);
    if least > most {
        return Err(SettingError::Conflict(format!(
            "conflict topic config setting min.compaction.lag.ms ({least}) > max.compaction.lag.ms ({most})"
        )));
    }
    if effective.text("millrace.durability")? == "relaxed" {
        for name in ["flush.messages", "flush.ms"] {
            if effective.integer(name)? != i64::MAX {
                return Err(SettingError::Conflict(format!(
                    "{name} cannot be set together with millrace.durability=relaxed in this version of Millrace: \
                     use millrace.durability=sync, which has every append on the disk before it is acknowledged"
                )));
            }
        }
    }
    check_columns(&effective)?;
    Ok(warnings)
}

/// Columns are neither compacted nor compressed.
fn check_columns(effective: &Effective<'_>) -> Result<(), SettingError> {
    if RecordFormat::of(effective.overrides) == RecordFormat::Kafka {
        return Ok(());
    }
    let conflict = |name: &str, value: &str, use_instead: &str| {
        Err(SettingError::Conflict(format!(
            "{name}={value} cannot be set together with {RECORD_FORMAT}=columns in this version of Millrace: use \
             {use_instead}, or a topic with {RECORD_FORMAT}=kafka"
        )))
    };
    let policy = effective.text("cleanup.policy")?;
    if policy.split(',').any(|policy| policy.trim() == "compact") {
        return conflict("cleanup.policy", &policy, "cleanup.policy=delete");
    }
    let compression = effective.text("compression.type")?;
    match compression.as_str() {
        "producer" | "uncompressed" => Ok(()),
        _ => conflict("compression.type", &compression, "compression.type=producer"),
    }
}

/// Checks that what may only be set when a topic is created stays as it is.
///
/// # Errors
/// [`SettingError::Conflict`] when `millrace.record.format` would change.
pub fn check_fixed(before: &Overrides, after: &Overrides) -> Result<(), SettingError> {
    let (before, after) = (RecordFormat::of(before), RecordFormat::of(after));
    if before == after {
        return Ok(());
    }
    let (before, after) = (before.name(), after.name());
    Err(SettingError::Conflict(format!(
        "{RECORD_FORMAT} is fixed when a topic is created, and cannot become {after}: this topic's records are stored \
         as {before}. Keep {RECORD_FORMAT}={before}, or create another topic and copy the records"
    )))
}

impl TopicConfig {
    /// The configuration of a topic with these overrides under this broker's configuration.
    ///
    /// # Errors
    /// [`SettingError`] when an override is unknown or invalid: it was stored by another version of Millrace.
    pub fn resolve(overrides: &Overrides, broker: &BrokerConfig) -> Result<TopicConfig, SettingError> {
        let effective = Effective { overrides, broker };
        let policy = effective.text("cleanup.policy")?;
        let has_policy = |wanted: &str| policy.split(',').any(|policy| policy.trim() == wanted);
        Ok(TopicConfig {
            segment_bytes: effective.unsigned("segment.bytes")?,
            segment_ms: effective.unsigned("segment.ms")?,
            file_delete_delay_ms: effective.unsigned("file.delete.delay.ms")?,
            segment_jitter_ms: effective.integer("segment.jitter.ms")?,
            segment_index_bytes: effective.unsigned("segment.index.bytes")?,
            is_preallocated: effective.text("preallocate")? == "true",
            max_message_bytes: effective.size("max.message.bytes")?,
            index_interval_bytes: effective.unsigned("index.interval.bytes")?,
            compression: effective.compression()?,
            timestamp_type: match effective.text("message.timestamp.type")?.as_str() {
                "LogAppendTime" => TimestampType::LogAppendTime,
                _ => TimestampType::CreateTime,
            },
            timestamp_before_max_ms: effective.integer("message.timestamp.before.max.ms")?,
            timestamp_after_max_ms: effective.integer("message.timestamp.after.max.ms")?,
            min_insync_replicas: effective.size("min.insync.replicas")?,
            durability: Durability::of(&effective.text("millrace.durability")?),
            record_format: RecordFormat::of(overrides),
            compaction: if has_policy("compact") { Some(effective.compaction()?) } else { None },
            is_deletable: has_policy("delete"),
            // Less than nothing is without limit.
            retention_ms: u64::try_from(effective.integer("retention.ms")?).ok(),
            retention_bytes: u64::try_from(effective.integer("retention.bytes")?).ok(),
        })
    }
}

/// Every setting of a topic with its value in effect, in the order of their names.
///
/// # Errors
/// As [`TopicConfig::resolve`].
pub fn describe(overrides: &Overrides, broker: &BrokerConfig) -> Result<Vec<Described>, SettingError> {
    let effective = Effective { overrides, broker };
    SETTINGS
        .iter()
        .map(|setting| {
            let value = effective.value(setting)?.to_string();
            let mut synonyms = Vec::new();
            if overrides.contains_key(setting.name) {
                let source = Source::DynamicTopicConfig;
                synonyms.push(Synonym { name: setting.name, value: value.clone(), source });
            }
            // The broker's settings all count for the source; told is, as in Kafka, the first of them alone.
            let names = broker_synonyms(setting.name).iter().map(|(name, _)| *name);
            let of_broker = broker.synonyms(names.clone());
            let source = synonyms.first().or(of_broker.first()).map_or(Source::DefaultConfig, |first| first.source);
            synonyms.extend(broker.synonyms(names.take(1)));
            Ok(Described {
                name: setting.name,
                value: Some(value),
                source,
                kind: setting.kind,
                is_read_only: false,
                synonyms,
                documentation: setting.documentation,
            })
        })
        .collect()
}

/// Looks values up: the topic's own first, then the broker's defaults, then Kafka's.
struct Effective<'a> {
    overrides: &'a Overrides,
    broker: &'a BrokerConfig,
}

impl Effective<'_> {
    fn value(&self, setting: &'static Setting) -> Result<Value, SettingError> {
        if let Some(text) = self.overrides.get(setting.name) {
            return setting.parse(text);
        }
        let from_broker = broker_synonyms(setting.name).iter().find_map(|(name, unit)| {
            let value = self.broker.value(name)?;
            Some(match value {
                // Retention of less than nothing is without limit, in whatever unit it was given.
                Value::Integer(number) if unit.factor() != 1 && *number < 0 => Value::Integer(-1),
                Value::Integer(number) => Value::Integer(number.saturating_mul(unit.factor())),
                other => other.clone(),
            })
        });
        from_broker.or_else(|| setting.default_value()).ok_or_else(|| setting.invalid("null", "Value must be non-null"))
    }

    fn of(&self, name: &str) -> Result<(&'static Setting, Value), SettingError> {
        let setting = setting(name).ok_or_else(|| SettingError::Unknown {
            scope: "topic",
            name: name.to_owned(),
            suggestion: None,
        })?;
        Ok((setting, self.value(setting)?))
    }

    fn compaction(&self) -> Result<Compaction, SettingError> {
        Ok(Compaction {
            dirty_ratio_min: match self.of("min.cleanable.dirty.ratio")? {
                (_, Value::Double(ratio)) => ratio,
                (setting, other) => return Err(setting.invalid(&other.to_string(), "Value must be a number")),
            },
            lag_ms_min: self.integer("min.compaction.lag.ms")?,
            lag_ms_max: self.integer("max.compaction.lag.ms")?,
            delete_retention_ms: self.integer("delete.retention.ms")?,
        })
    }

    fn integer(&self, name: &str) -> Result<i64, SettingError> {
        match self.of(name)? {
            (_, Value::Integer(number)) => Ok(number),
            (setting, other) => Err(setting.invalid(&other.to_string(), "Value must be a number")),
        }
    }

    fn unsigned(&self, name: &str) -> Result<u64, SettingError> {
        let number = self.integer(name)?;
        u64::try_from(number).map_err(|error| negative(name, number, &error))
    }

    fn size(&self, name: &str) -> Result<usize, SettingError> {
        let number = self.integer(name)?;
        usize::try_from(number).map_err(|error| negative(name, number, &error))
    }

    fn compression(&self) -> Result<CompressionType, SettingError> {
        // A level is an Int, and valid.
        let level = |name: &str| self.integer(name).map(|level| level as i32);
        Ok(match self.text("compression.type")?.as_str() {
            "uncompressed" => CompressionType::Uncompressed,
            "gzip" => CompressionType::Gzip(level("compression.gzip.level")?),
            "snappy" => CompressionType::Snappy,
            "lz4" => CompressionType::Lz4(level("compression.lz4.level")?),
            "zstd" => CompressionType::Zstd(level("compression.zstd.level")?),
            _ => CompressionType::Producer,
        })
    }

    fn text(&self, name: &str) -> Result<String, SettingError> {
        Ok(self.of(name)?.1.to_string())
    }
}

fn negative(name: &str, number: i64, error: &std::num::TryFromIntError) -> SettingError {
    SettingError::Invalid { name: name.to_owned(), value: number.to_string(), reason: error.to_string() }
}

#[cfg(test)]
mod tests;
