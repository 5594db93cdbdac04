//! The configuration as its users meet it: layers in, a configuration or named problems out.

use super::*;

fn layer(origin: Origin, settings: &[(&str, &str)]) -> Layer {
    let given = |value: &str| Given { value: value.to_owned(), origin: origin.clone() };
    settings.iter().map(|(name, value)| ((*name).to_owned(), given(value))).collect()
}

fn file(settings: &[(&str, &str)]) -> Layer {
    layer(Origin::File { path: "millrace.toml".to_owned(), line: Some(3) }, settings)
}

fn flags(settings: &[(&str, &str)]) -> Layer {
    layer(Origin::Flag("--set".to_owned()), settings)
}

fn refusal(settings: &[(&str, &str)]) -> String {
    BrokerConfig::from_layers(&[file(settings)]).unwrap_err().to_string()
}

#[test]
fn a_broker_that_is_told_nothing_has_kafkas_defaults() {
    let config = BrokerConfig::default();
    assert_eq!(config.network.listeners, [Listener { name: "PLAINTEXT".to_owned(), host: None, port: 9092 }]);
    assert_eq!(config.network.advertised, config.network.listeners);
    assert_eq!(config.network.request_bytes_max, 100 << 20);
    assert_eq!(config.network.connection_idle_max, Some(Duration::from_secs(600)));
    assert_eq!(config.network.queued_request_bytes_max, None);
    assert_eq!((config.topics.partitions, config.topics.replication_factor), (1, 1));
    assert!(config.topics.auto_create && config.topics.deletable);
    assert_eq!(config.engine.cores, Cores::All);
    assert_eq!(config.warnings, Vec::<String>::new());
}

#[test]
fn a_later_layer_wins() {
    let config = BrokerConfig::from_layers(&[
        file(&[("num.partitions", "3"), ("node.id", "7")]),
        flags(&[("num.partitions", "5")]),
    ])
    .unwrap();
    assert_eq!((config.topics.partitions, config.node_id), (5, 7));
    assert_eq!(config.origin("num.partitions").unwrap().to_string(), "option --set");
    assert_eq!(config.origin("node.id").unwrap().to_string(), "millrace.toml:3");
    assert_eq!(config.origin("listeners"), None);
}

#[test]
fn every_problem_is_named_with_its_place() {
    let problems = BrokerConfig::from_layers(&[
        file(&[("log.segement.bytes", "1"), ("num.partitions", "0")]),
        flags(&[("ssl.keystore.type", "JKS"), ("log.local.retention.ms", "5")]),
    ])
    .unwrap_err();
    let texts: Vec<_> = problems.0.iter().map(Problem::to_string).collect();
    assert_eq!(texts.len(), 4);
    assert_eq!(
        texts[0],
        "millrace.toml:3: Unknown broker config name: log.segement.bytes (did you mean log.segment.bytes?)"
    );
    assert_eq!(texts[1], "millrace.toml:3: Invalid value 0 for configuration num.partitions: Value must be at least 1");
    assert!(
        texts[2].starts_with("option --set: log.local.retention.ms=5 is not supported by this version"),
        "{}",
        texts[2]
    );
    assert_eq!(texts[3], "option --set: Kafka's setting ssl.keystore.type is not available in Millrace yet");
}

#[test]
fn a_setting_of_kafka_that_has_another_name_here_is_pointed_at() {
    assert!(refusal(&[("log.dir", "/data")]).contains("(Millrace has log.dirs)"));
}

#[test]
fn listening_everywhere_needs_an_address_to_advertise() {
    let everywhere = ("listeners", "PLAINTEXT://0.0.0.0:9092");
    let text = refusal(&[everywhere]);
    assert!(text.starts_with("millrace.toml:3: Invalid value PLAINTEXT://0.0.0.0:9092"), "{text}");
    assert!(text.contains("advertised.listeners cannot use the nonroutable meta-address 0.0.0.0"), "{text}");
    let advertised = ("advertised.listeners", "PLAINTEXT://broker.example:9092");
    let config = BrokerConfig::from_layers(&[file(&[everywhere, advertised])]).unwrap();
    let endpoint = config.network.advertised[0].endpoint("unused", 9092);
    assert_eq!((endpoint.host.as_str(), endpoint.port), ("broker.example", 9092));
}

#[test]
fn settings_that_do_not_fit_together_are_refused() {
    for settings in [
        &[("listeners", "INTERNAL://:1")][..],
        &[("listeners", "SSL://:1")],
        &[("listeners", "")],
        &[("advertised.listeners", "OTHER://host:1")],
        &[("advertised.listeners", "")],
        &[("log.dirs", "a,b")],
        &[("log.dirs", "")],
        &[("default.replication.factor", "0")],
        &[("default.replication.factor", "40000")],
        &[("queued.max.request.bytes", "-2")],
        &[("group.min.session.timeout.ms", "-1")],
        &[("group.min.session.timeout.ms", "60000"), ("group.max.session.timeout.ms", "59999")],
        &[("offsets.topic.replication.factor", "40000")],
        &[("millrace.memory.requests.bytes", "1048576")],
        &[("millrace.memory.core.bytes", "134217728")],
        &[("millrace.durability", "relaxed"), ("log.flush.interval.messages", "1")],
        &[("log.retention.ms", "0")],
        &[("log.retention.hours", "-2")],
        &[("log.roll.ms", "0")],
        &[("millrace.cores", "none")],
        &[("millrace.host", "glommio"), ("millrace.napi.busy.poll.us", "50")],
        &[("millrace.napi.busy.poll.us", "1000001")],
        &[("millrace.send.zero.copy.bytes", "-1")],
    ] {
        assert!(BrokerConfig::from_layers(&[file(settings)]).is_err(), "{settings:?}");
    }
}

#[test]
fn named_listeners_get_their_protocol_from_the_map() {
    let config = BrokerConfig::from_layers(&[file(&[
        ("listeners", "INTERNAL://127.0.0.1:1,EXTERNAL://[::]:2"),
        ("advertised.listeners", "EXTERNAL://broker.example:2"),
        ("listener.security.protocol.map", "INTERNAL:PLAINTEXT,EXTERNAL:PLAINTEXT"),
    ])])
    .unwrap();
    assert_eq!(config.network.listeners.len(), 2);
    assert_eq!(config.network.advertised.len(), 1);
}

#[test]
fn ways_of_the_network_are_off_unless_asked_for() {
    assert_eq!(BrokerConfig::default().engine.network, NetworkSwitches::default());
    let asked = [("millrace.napi.busy.poll.us", "50"), ("millrace.send.zero.copy.bytes", "65536")];
    let asked = BrokerConfig::from_layers(&[file(&asked)]).unwrap().engine.network;
    let expected = NetworkSwitches { zero_copy_bytes: Some(65_536), napi_busy_poll: Some(Duration::from_micros(50)) };
    assert_eq!(asked, expected);
}

#[test]
fn the_cleaners_settings_are_checked() {
    let cleaning = BrokerConfig::default().cleaning;
    assert!(cleaning.is_enabled && cleaning.bytes_per_second == f64::MAX);
    assert_eq!((cleaning.backoff.as_secs(), cleaning.keys_bytes, cleaning.load_factor), (15, 128 << 20, 0.9));
    for (name, value) in [
        ("log.cleaner.dedupe.buffer.size", "1048575"),
        ("log.cleaner.io.buffer.load.factor", "1"),
        ("log.cleaner.io.max.bytes.per.second", "0"),
    ] {
        let problems = BrokerConfig::from_layers(&[file(&[(name, value)])]).unwrap_err();
        assert!(problems.to_string().contains(name), "{problems}");
    }
}

#[test]
fn described_settings_name_their_source() {
    let config = BrokerConfig::from_layers(&[file(&[("num.partitions", "3")])]).unwrap();
    let described = config.describe();
    assert_eq!(described.len(), SETTINGS.len());
    let partitions = described.iter().find(|setting| setting.name == "num.partitions").unwrap();
    assert_eq!((partitions.value.as_deref(), partitions.source), (Some("3"), Source::StaticBrokerConfig));
    let sources: Vec<_> = partitions.synonyms.iter().map(|synonym| (synonym.value.as_str(), synonym.source)).collect();
    assert_eq!(sources, [("3", Source::StaticBrokerConfig), ("1", Source::DefaultConfig)]);
    let advertised = described.iter().find(|setting| setting.name == "advertised.listeners").unwrap();
    assert_eq!((advertised.value.as_deref(), advertised.source), (None, Source::DefaultConfig));
}

#[test]
fn what_is_printed_gives_the_same_configuration() {
    let config = BrokerConfig::from_layers(&[file(&[("num.partitions", "3"), ("log.dirs", "/a \"b\"")])]).unwrap();
    let printed = config.print();
    assert!(printed.contains("num.partitions = 3  # millrace.toml:3\n"), "{printed}");
    assert!(printed.contains("node.id = 1  # default\n"), "{printed}");
    assert!(printed.contains("# log.roll.ms is not set\n"), "{printed}");
    assert!(printed.contains("log.dirs = \"/a \\\"b\\\"\"  # millrace.toml:3\n"), "{printed}");
    assert_eq!(printed.lines().count(), SETTINGS.len());
}
