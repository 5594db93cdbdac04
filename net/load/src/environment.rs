//! What a measurement ran with: the machine, the broker, how durable its acknowledgements are.

use std::collections::BTreeMap;
use std::fs;

use millrace_client::Cluster;
use millrace_client::configs::{Resource, settings};
use nix::sys::utsname::uname;
use serde::Serialize;

use crate::plan::Target;
use crate::process::Process;
use crate::run::Crew;

/// The settings of a topic that decide what an acknowledgement is worth.
const DURABILITY_SETTINGS: [&str; 4] = ["flush.messages", "flush.ms", "millrace.durability", "min.insync.replicas"];
/// What a broker of Millrace tells among its settings.
const VERSION_SETTING: &str = "millrace.version";
/// The feature that says which metadata a Kafka cluster writes, and with it which releases it can be.
const METADATA_FEATURE: &str = "metadata.version";
/// `flush.messages` of a Kafka that leaves flushing to the operating system.
const NEVER: &str = "9223372036854775807";

/// The machine that the load runs on.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// Name and release of the kernel.
    pub kernel: String,
    /// The processors' model, if it is known.
    pub processor: String,
    /// How many of them.
    pub processors: usize,
    /// Which of them the load is pinned to; none: any.
    pub load_processors: Vec<usize>,
    /// In how many threads it runs.
    pub load_threads: usize,
    /// The version of this program.
    pub client_version: &'static str,
}

impl Machine {
    /// This one.
    #[must_use]
    pub fn this(crew: &Crew) -> Machine {
        let text = |name: &std::ffi::OsStr| name.to_string_lossy().into_owned();
        let kernel = uname().map(|name| format!("{} {}", text(name.sysname()), text(name.release())));
        let described = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let processors = described.lines().filter(|line| line.starts_with("processor")).count();
        let model = described.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        Machine {
            kernel: kernel.unwrap_or_default(),
            processor: model.map_or_else(|| "unknown".to_owned(), |(_, name)| name.to_owned()),
            // Not those that this process may use: it may be pinned.
            processors,
            load_processors: crew.pins.clone(),
            load_threads: crew.threads,
            client_version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// The broker.
#[derive(Clone, Debug, Serialize)]
pub struct BrokerFacts {
    /// As it was called on the command line.
    pub name: String,
    /// Where it was spoken to.
    pub address: String,
    /// Whose broker it is and of which version, as far as it tells.
    pub version: String,
    /// How many brokers lead partitions of the topic.
    pub leaders: usize,
    /// What an acknowledgement is worth, in words.
    pub durability: String,
    /// The settings that say so.
    pub settings: BTreeMap<String, String>,
    /// The version of Produce that was spoken.
    pub produce_version: i16,
    /// The version of Fetch that was spoken.
    pub fetch_version: i16,
    /// Its process, if it runs on this machine.
    pub process: Option<Process>,
}

impl BrokerFacts {
    /// Asks the broker about a topic. One that does not tell has unknown durability.
    pub fn ask(
        cluster: &mut Cluster,
        name: &str,
        address: &str,
        target: &Target,
        process: Option<Process>,
    ) -> BrokerFacts {
        let found = settings(cluster, Resource::Topic(&target.topic), None);
        let told = found.as_ref().err().map(ToString::to_string);
        let relevant = found.unwrap_or_default().into_iter();
        let settings: BTreeMap<String, String> = relevant
            .filter(|setting| DURABILITY_SETTINGS.contains(&setting.name.as_str()))
            .filter_map(|setting| Some((setting.name, setting.value?)))
            .collect();
        let durability = match told {
            Some(error) => format!("unknown: {error}"),
            None => durability(&settings),
        };
        BrokerFacts {
            name: name.to_owned(),
            address: address.to_owned(),
            version: version(cluster),
            leaders: target.leaders.len(),
            durability,
            settings,
            produce_version: target.produce_version,
            fetch_version: target.fetch_version,
            process,
        }
    }
}

/// Whose broker it is and of which version, as far as it tells: Kafka's protocol has no place for that.
pub(crate) fn version(cluster: &mut Cluster) -> String {
    let first = cluster.broker_ids().first().copied();
    let told = first.map(|id| settings(cluster, Resource::Broker(id), Some(&[VERSION_SETTING])));
    let named = told.and_then(Result::ok).unwrap_or_default().into_iter().find(|it| it.name == VERSION_SETTING);
    if let Some(version) = named.and_then(|setting| setting.value) {
        return format!("Millrace {version}");
    }
    cluster.any().map_or_else(|error| format!("version unknown: {error}"), |broker| of_features(broker.features()))
}

/// A broker that tells its cluster's features, and nothing of itself.
fn of_features(features: &BTreeMap<String, i16>) -> String {
    match features.get(METADATA_FEATURE) {
        Some(level) => format!("version unknown ({METADATA_FEATURE} {level})"),
        None => "version unknown".to_owned(),
    }
}

fn durability(settings: &BTreeMap<String, String>) -> String {
    let value = |name: &str| settings.get(name).map(String::as_str);
    match (value("millrace.durability"), value("flush.messages"), value("flush.ms")) {
        (Some("sync"), _, _) => "acknowledged when on stable storage".to_owned(),
        (Some(other), _, _) => format!("acknowledged from memory (millrace.durability={other})"),
        (None, Some("1"), _) => "flushed before every acknowledgement (flush.messages=1)".to_owned(),
        (None, Some(NEVER) | None, Some(NEVER) | None) => {
            "acknowledged from memory, flushed by the operating system".to_owned()
        }
        (None, messages, ms) => format!(
            "acknowledged from memory, flushed every {} records or {} ms",
            messages.unwrap_or("?"),
            ms.unwrap_or("?")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_that_tells_no_version_is_said_to_have_told_none() {
        // What Kafka 4.3.1 answers in ApiVersions.
        let kafka = BTreeMap::from([("group.version".to_owned(), 1), ("metadata.version".to_owned(), 30)]);
        assert_eq!(of_features(&kafka), "version unknown (metadata.version 30)");
        assert_eq!(of_features(&BTreeMap::new()), "version unknown");
    }

    #[test]
    fn durability_is_told_in_words() {
        let words = |pairs: &[(&str, &str)]| {
            durability(&pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
        };
        // What Kafka 4.3.1 answers for a topic of a broker with default settings, and with
        // log.flush.interval.messages=1.
        let kafka = [("flush.messages", NEVER), ("flush.ms", NEVER), ("min.insync.replicas", "1")];
        assert!(words(&kafka).starts_with("acknowledged from memory, flushed by the operating"));
        assert!(words(&[("flush.messages", "1"), ("flush.ms", NEVER)]).starts_with("flushed before every"));
        assert!(words(&[("flush.messages", "1000"), ("flush.ms", NEVER)]).contains("every 1000 records"));
        assert!(words(&[("flush.messages", NEVER), ("millrace.durability", "sync")]).contains("stable storage"));
        assert!(words(&[("millrace.durability", "relaxed")]).contains("from memory"));
    }
}
