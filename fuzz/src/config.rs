//! Settings: what a file, the environment or a topic's creator gives, under any name and with any value.

use millrace_base::broker_config::{
    BrokerConfig, Given, Layer, Origin, SETTINGS, environment_layer, environment_variable,
};
use millrace_base::topic_config;

/// Reads a setting a line, `NAME=VALUE`; a name may be the number of a broker's setting.
///
/// # Panics
/// At a finding.
pub fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let given: Vec<(String, String)> = text.lines().filter_map(|line| line.split_once('=')).map(named).collect();
    let mut layer = Layer::new();
    for (line, (name, value)) in given.iter().enumerate() {
        let origin = Origin::File { path: "broker.toml".to_owned(), line: Some(line) };
        layer.insert(name.clone(), Given { value: value.clone(), origin });
    }
    let variables = given.iter().map(|(name, value)| (environment_variable(name), value.clone()));
    let layers = match environment_layer(variables, &[]) {
        Ok(environment) => vec![layer, environment],
        Err(problems) => {
            assert!(!problems.to_string().is_empty(), "a refusal says why");
            vec![layer]
        }
    };
    match BrokerConfig::from_layers(&layers) {
        Ok(config) => check_topic(&given, &config),
        Err(problems) => {
            assert!(!problems.to_string().is_empty(), "a refusal says why");
            check_topic(&given, &BrokerConfig::default());
        }
    }
}

fn named((name, value): (&str, &str)) -> (String, String) {
    let numbered = name.parse::<usize>().ok().and_then(|number| SETTINGS.get(number));
    (numbered.map_or(name, |setting| setting.name).to_owned(), value.to_owned())
}

/// The same as a topic's settings; and what is in effect can be told.
fn check_topic(given: &[(String, String)], broker: &BrokerConfig) {
    assert!(!broker.print().is_empty() && broker.describe().len() == SETTINGS.len());
    let overrides = given.iter().cloned().collect();
    match topic_config::check_overrides(&overrides, broker) {
        Ok(_warnings) => {
            let resolved = topic_config::TopicConfig::resolve(&overrides, broker);
            assert!(resolved.is_ok(), "settings that were accepted have no effect: {:?}", resolved.err());
            assert!(topic_config::describe(&overrides, broker).is_ok());
        }
        Err(error) => assert!(!error.to_string().is_empty(), "a refusal says why"),
    }
}

/// Each setting with its default, and some that go together.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = SETTINGS
        .iter()
        .enumerate()
        .map(|(number, setting)| format!("{number}={}", setting.default.unwrap_or("1")).into_bytes())
        .collect();
    let together = "listeners=A://:1,B://[::1]:2\nadvertised.listeners=A://a:1,B://b:2\n\
                    listener.security.protocol.map=A:PLAINTEXT,B:PLAINTEXT";
    let topic = "cleanup.policy=compact,delete\nsegment.bytes=1048576\nretention.ms=-1\nmillrace.durability=relaxed";
    let cores = "millrace.cores=0,2,4-7";
    seeds.extend([together, topic, cores].map(|text| text.as_bytes().to_vec()));
    seeds
}
