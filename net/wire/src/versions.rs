//! The APIs of Kafka 4.3.1 and their versions: what a broker may advertise, not what this one does.

use crate::messages::table::APIS;
use millrace_schema::VersionRange;

/// An API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Api {
    /// The number that stands in request headers.
    pub key: i16,
    /// Kafka's name, without `Request`.
    pub name: &'static str,
    /// What Kafka 4.3.1 advertises. Produce starts at 0 here, while its messages have versions from 3 on (trap 3).
    pub versions: VersionRange,
    /// The first version with compact lengths and tagged fields, or [`NEVER_FLEXIBLE`](crate::NEVER_FLEXIBLE).
    pub flexible_from: i16,
}

/// The key of ApiVersions, whose response header never has tagged fields.
pub const API_VERSIONS_KEY: i16 = 18;

impl Api {
    /// The version of the header of a request in `version`: 2 has tagged fields.
    pub fn request_header_version(&self, version: i16) -> i16 {
        if version >= self.flexible_from { 2 } else { 1 }
    }

    /// The version of the header of a response in `version`: 1 has tagged fields. ApiVersions has none, so that a
    /// client can read the answer to a version that the broker does not know (trap 1).
    pub fn response_header_version(&self, version: i16) -> i16 {
        i16::from(version >= self.flexible_from && self.key != API_VERSIONS_KEY)
    }
}

/// All APIs, by key.
pub fn all() -> &'static [Api] {
    APIS
}

/// The API with a key.
pub fn api(key: i16) -> Option<&'static Api> {
    APIS.binary_search_by_key(&key, |api| api.key).ok().and_then(|index| APIS.get(index))
}

/// The versions of the API with a key, as Kafka 4.3.1 advertises them.
pub fn range(key: i16) -> Option<VersionRange> {
    api(key).map(|api| api.versions)
}

/// Kafka's name of the API with a key.
pub fn name(key: i16) -> Option<&'static str> {
    api(key).map(|api| api.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `kafka-broker-api-versions.sh` printed for a running Kafka 4.3.1.
    const ADVERTISED: &str = include_str!("../schema/apiversions-kafka-4.3.1.txt");

    #[test]
    fn the_table_is_what_kafka_advertises() {
        let mut seen = 0;
        for line in ADVERTISED.lines().filter(|line| line.contains("usable")) {
            let (name, rest) = line.trim().split_once('(').unwrap();
            let (key, rest) = rest.split_once("): ").unwrap();
            let (versions, _) = rest.split_once(" [").unwrap();
            let (min, max) = versions.split_once(" to ").unwrap_or((versions, versions));
            let api = api(key.parse().unwrap()).unwrap();
            assert_eq!(api.name, name);
            assert_eq!((api.versions.min, api.versions.max), (min.parse().unwrap(), max.parse().unwrap()), "{name}");
            seen += 1;
        }
        assert_eq!(seen, ADVERTISED.matches("usable").count());
    }

    #[test]
    fn keys_are_ascending_and_found() {
        assert!(all().is_sorted_by(|one, other| one.key < other.key));
        for known in all() {
            assert_eq!(api(known.key), Some(known));
        }
        for unknown in [-1, 4, 5, 6, 7, 93, i16::MAX, i16::MIN] {
            assert_eq!(range(unknown), None);
        }
    }

    #[test]
    fn trap_01_api_versions_is_answered_with_a_header_without_tags() {
        let api = api(API_VERSIONS_KEY).unwrap();
        assert_eq!((api.request_header_version(4), api.response_header_version(4)), (2, 0));
    }

    #[test]
    fn trap_03_produce_is_advertised_from_0() {
        assert_eq!(range(0), Some(VersionRange { min: 0, max: 13 }));
        assert_eq!(crate::messages::ProduceRequest::VERSIONS, VersionRange { min: 3, max: 13 });
    }
}
