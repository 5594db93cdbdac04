//! A topic's configuration under a broker's, with the values that a real Kafka 4.3.1 would have in effect.

use super::*;
use crate::broker_config::{Given, Layer, Origin};

fn broker(settings: &[(&str, &str)]) -> BrokerConfig {
    let origin = Origin::Flag("--set".to_owned());
    let given = |value: &str| Given { value: value.to_owned(), origin: origin.clone() };
    let layer: Layer = settings.iter().map(|(name, value)| ((*name).to_owned(), given(value))).collect();
    BrokerConfig::from_layers(&[layer]).unwrap()
}

fn overrides(settings: &[(&str, &str)]) -> Overrides {
    settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn described(
    topic: &[(&str, &str)],
    of_broker: &[(&str, &str)],
    name: &str,
) -> (String, Source, Vec<(String, String)>) {
    let all = describe(&overrides(topic), &broker(of_broker)).unwrap();
    let one = all.into_iter().find(|setting| setting.name == name).unwrap();
    let synonyms = one.synonyms.into_iter().map(|synonym| (synonym.name.to_owned(), synonym.value)).collect();
    (one.value.unwrap(), one.source, synonyms)
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn a_topic_that_sets_nothing_has_kafkas_defaults() {
    let config = TopicConfig::resolve(&Overrides::new(), &BrokerConfig::default()).unwrap();
    let kafkas = TopicConfig {
        segment_bytes: 1 << 30,
        segment_ms: 7 * 24 * 3_600_000,
        file_delete_delay_ms: 60_000,
        segment_jitter_ms: 0,
        segment_index_bytes: 10 << 20,
        is_preallocated: false,
        max_message_bytes: 1_048_588,
        index_interval_bytes: 4096,
        compression: CompressionType::Producer,
        timestamp_type: TimestampType::CreateTime,
        timestamp_before_max_ms: i64::MAX,
        timestamp_after_max_ms: 3_600_000,
        min_insync_replicas: 1,
        durability: Durability::Sync,
        record_format: RecordFormat::Kafka,
        compaction: None,
        is_deletable: true,
        retention_ms: Some(604_800_000),
        retention_bytes: None,
    };
    assert_eq!(config, kafkas);
}

#[test]
fn a_topics_own_setting_wins_over_the_brokers() {
    let broker =
        broker(&[("log.segment.bytes", "2097152"), ("log.roll.hours", "2"), ("millrace.durability", "relaxed")]);
    let config = TopicConfig::resolve(&overrides(&[("segment.bytes", "1048576")]), &broker).unwrap();
    assert_eq!((config.segment_bytes, config.segment_ms), (1_048_576, 7_200_000));
    assert_eq!(config.durability, Durability::Relaxed);
}

#[test]
fn the_finer_unit_of_the_broker_decides() {
    // Kafka 4.3.1 names `log.retention.ms` alone, which is not set.
    let of_broker = [("log.retention.hours", "1"), ("log.retention.minutes", "5")];
    let (value, source, synonyms) = described(&[], &of_broker, "retention.ms");
    assert_eq!((value.as_str(), source, synonyms), ("300000", Source::StaticBrokerConfig, pairs(&[])));
    let (value, ..) = described(&[], &[("log.retention.minutes", "-1")], "retention.ms");
    assert_eq!(value, "-1");
}

#[test]
fn sources_and_synonyms_are_those_of_kafka() {
    let (value, source, synonyms) = described(&[], &[], "retention.ms");
    assert_eq!((value.as_str(), source), ("604800000", Source::DefaultConfig));
    assert_eq!(synonyms, pairs(&[]));

    let (value, source, synonyms) =
        described(&[("max.message.bytes", "9")], &[("message.max.bytes", "8")], "max.message.bytes");
    assert_eq!((value.as_str(), source), ("9", Source::DynamicTopicConfig));
    assert_eq!(
        synonyms,
        pairs(&[("max.message.bytes", "9"), ("message.max.bytes", "8"), ("message.max.bytes", "1048588")])
    );

    let (value, source, synonyms) = described(&[], &[], "remote.storage.enable");
    assert_eq!((value.as_str(), source, synonyms), ("false", Source::DefaultConfig, pairs(&[])));
}

#[test]
fn every_setting_is_described_in_order() {
    let all = describe(&Overrides::new(), &BrokerConfig::default()).unwrap();
    let names: Vec<_> = all.iter().map(|setting| setting.name).collect();
    assert!(names.is_sorted());
    for (described, setting) in all.iter().zip(SETTINGS) {
        assert_eq!(described.value.as_deref(), setting.default, "{}", setting.name);
    }
}

#[test]
fn what_is_unknown_invalid_or_without_effect_is_refused() {
    let refusal = |name: &str, value: &str| {
        check_overrides(&overrides(&[(name, value)]), &BrokerConfig::default()).unwrap_err().to_string()
    };
    assert_eq!(refusal("segment.byte", "1"), "Unknown topic config name: segment.byte (did you mean segment.bytes?)");
    assert_eq!(
        refusal("segment.bytes", "1"),
        "Invalid value 1 for configuration segment.bytes: Value must be at least 1048576"
    );
    assert_eq!(
        refusal("cleanup.policy", "keep"),
        "Invalid value keep for configuration cleanup.policy: String must be one of: compact, delete"
    );
    let refused = refusal("remote.storage.enable", "true");
    assert!(refused.contains("is not supported by this version of Millrace: tiered storage"), "{refused}");
}

#[test]
fn a_codec_comes_with_its_own_level() {
    let of_broker = broker(&[("compression.type", "gzip"), ("compression.gzip.level", "2")]);
    let compression = |topic: &[(&str, &str)]| TopicConfig::resolve(&overrides(topic), &of_broker).unwrap().compression;
    assert_eq!(compression(&[]), CompressionType::Gzip(2));
    assert_eq!(compression(&[("compression.type", "producer")]), CompressionType::Producer);
    assert_eq!(compression(&[("compression.type", "uncompressed")]), CompressionType::Uncompressed);
    assert_eq!(compression(&[("compression.type", "snappy")]), CompressionType::Snappy);
    assert_eq!(compression(&[("compression.type", "lz4")]), CompressionType::Lz4(9));
    let zstd = [("compression.type", "zstd"), ("compression.zstd.level", "-7"), ("compression.gzip.level", "9")];
    assert_eq!(compression(&zstd), CompressionType::Zstd(-7));
}

#[test]
fn a_compacted_topic_has_kafkas_settings_for_it() {
    let compacted = |policy: &str| {
        let given = overrides(&[("cleanup.policy", policy), ("min.cleanable.dirty.ratio", "0.1")]);
        assert_eq!(check_overrides(&given, &BrokerConfig::default()), Ok(Vec::new()));
        TopicConfig::resolve(&given, &broker(&[("log.cleaner.delete.retention.ms", "5")])).unwrap()
    };
    let settings = Compaction { dirty_ratio_min: 0.1, lag_ms_min: 0, lag_ms_max: i64::MAX, delete_retention_ms: 5 };
    assert_eq!((compacted("compact").compaction, compacted("compact").is_deletable), (Some(settings), false));
    assert_eq!(
        (compacted("compact,delete").compaction, compacted("delete, compact").is_deletable),
        (Some(settings), true)
    );
    assert_eq!(compacted("delete").compaction, None);
    let contradiction = overrides(&[("min.compaction.lag.ms", "6"), ("max.compaction.lag.ms", "5")]);
    assert!(matches!(check_overrides(&contradiction, &BrokerConfig::default()), Err(SettingError::Conflict(_))));
}

#[test]
fn defaults_that_are_spelled_out_are_accepted() {
    let given: Overrides =
        SETTINGS.iter().map(|setting| (setting.name.to_owned(), setting.default.unwrap().to_owned())).collect();
    assert_eq!(check_overrides(&given, &BrokerConfig::default()), Ok(Vec::new()));
    assert_eq!(
        TopicConfig::resolve(&given, &BrokerConfig::default()),
        TopicConfig::resolve(&Overrides::new(), &BrokerConfig::default())
    );
}

#[test]
fn flushing_is_the_brokers_business_when_durable_and_refused_when_relaxed() {
    let broker = BrokerConfig::default();
    assert!(check_overrides(&overrides(&[("flush.messages", "1")]), &broker).is_ok());
    let relaxed = overrides(&[("flush.messages", "1"), ("millrace.durability", "relaxed")]);
    assert!(matches!(check_overrides(&relaxed, &broker), Err(SettingError::Conflict(_))));
}

#[test]
fn columns_are_neither_compacted_nor_compressed() {
    let broker = BrokerConfig::default();
    let columns = ("millrace.record.format", "columns");
    let refusal = |given: &[(&str, &str)]| check_overrides(&overrides(given), &broker).unwrap_err().to_string();
    assert_eq!(check_overrides(&overrides(&[columns]), &broker), Ok(Vec::new()));
    assert_eq!(check_overrides(&overrides(&[columns, ("compression.type", "uncompressed")]), &broker), Ok(Vec::new()));
    for policy in ["compact", "delete, compact"] {
        let refusal = refusal(&[columns, ("cleanup.policy", policy)]);
        assert!(refusal.contains("use cleanup.policy=delete"), "{refusal}");
    }
    for codec in ["gzip", "snappy", "lz4", "zstd"] {
        let refusal = refusal(&[columns, ("compression.type", codec)]);
        assert!(refusal.contains("use compression.type=producer"), "{refusal}");
    }
    let compacting = self::broker(&[("log.cleanup.policy", "compact")]);
    assert!(check_overrides(&overrides(&[columns]), &compacting).is_err(), "the broker's default counts");
    assert!(refusal(&[("millrace.record.format", "rows")]).contains("kafka, columns"));
}

#[test]
fn a_topics_record_format_stays() {
    let broker = BrokerConfig::default();
    let (none, kafka) = (overrides(&[]), overrides(&[("millrace.record.format", "kafka")]));
    let columns = overrides(&[("millrace.record.format", "columns"), ("retention.ms", "5")]);
    let format = |overrides: &Overrides| TopicConfig::resolve(overrides, &broker).unwrap().record_format;
    assert_eq!(
        [&none, &kafka, &columns].map(format),
        [RecordFormat::Kafka, RecordFormat::Kafka, RecordFormat::Columns]
    );
    assert_eq!(check_fixed(&none, &kafka), Ok(()), "it says what held");
    assert_eq!(check_fixed(&columns, &columns), Ok(()));
    for (before, after) in [(&none, &columns), (&kafka, &columns), (&columns, &none), (&columns, &kafka)] {
        let refusal = check_fixed(before, after).unwrap_err().to_string();
        assert!(refusal.contains("fixed when a topic is created"), "{refusal}");
    }
}
