//! Every message and version, against both witnesses.

use crate::sample::{Random, sample, schemas, versions};
use crate::value::Value;
use crate::{again, other};

/// Random messages per message and version, unless `MILLRACE_SEEDS` says otherwise.
const SAMPLES: u64 = 12;

fn samples() -> u64 {
    std::env::var("MILLRACE_SEEDS").map_or(SAMPLES, |seeds| seeds.parse().unwrap())
}

#[test]
fn what_the_schemas_say_is_decoded_and_encoded() {
    for (name, schema) in schemas() {
        for version in versions(&schema) {
            for seed in 0..samples() {
                let sample = sample(&schema, version, &mut Random::new(seed));
                let place = format!("{name} version {version} seed {seed}");
                let ours = again(&name, &sample.bytes, version).unwrap_or_else(|error| panic!("{place}: {error}"));
                Value::read(&ours.printed).matches(&sample.value).unwrap_or_else(|error| panic!("{place}: {error}"));
                assert_eq!(ours.encoded, sample.bytes, "{place}");
            }
        }
    }
}

/// The messages that `kafka-protocol` 0.18 does not know in this version. Internal records apart, it knows all others.
const UNKNOWN_TO_WITNESS: [&str; 13] = [
    "AddRaftVoter 1",
    "BrokerHeartbeat 2",
    "DescribeLogDirs 5",
    "DescribeShareGroupOffsets 1",
    "ListOffsets 11",
    "ReadShareGroupStateSummary 1",
    "ShareAcknowledge 2",
    "ShareFetch 2",
    "StreamsGroupDescribe 0",
    "StreamsGroupHeartbeat 0",
    "WriteShareGroupState 1",
    "WriteTxnMarkers 2",
    "InitProducerId 6",
];
/// It says that it knows these, and refuses them.
const REFUSED_BY_WITNESS: [&str; 5] = [
    "OffsetCommitRequest 10",
    "OffsetFetchRequest 10",
    "LeaderChangeMessage 0",
    "LeaderChangeMessage 1",
    "VotersRecord 0",
];

fn is_known_to_witness(name: &str, version: i16) -> bool {
    let api = name.trim_end_matches("Request").trim_end_matches("Response");
    !UNKNOWN_TO_WITNESS.contains(&format!("{api} {version}").as_str())
        && !REFUSED_BY_WITNESS.contains(&format!("{name} {version}").as_str())
}

#[test]
fn kafka_protocol_reads_what_we_write_and_writes_what_we_read() {
    for (name, schema) in schemas() {
        let kind = schema["type"].as_str().unwrap();
        if kind.starts_with("coordinator") || name == "ControlRecordTypeSchema" {
            continue;
        }
        for version in versions(&schema).filter(|version| is_known_to_witness(&name, *version)) {
            for seed in 0..samples() {
                let place = format!("{name} version {version} seed {seed}");
                let sample = sample(&schema, version, &mut Random::new(seed));
                let ours = again(&name, &sample.bytes, version).unwrap();
                let theirs = other::again(&name, &schema, &ours.encoded, version);
                let (printed, encoded) = theirs.unwrap_or_else(|error| panic!("{place}: {error}"));
                let printed = printed.replace("enable_2_pc", "enable2_pc");
                Value::read(&printed).matches(&sample.value).unwrap_or_else(|error| panic!("{place}: {error}"));
                assert_eq!(encoded, ours.encoded, "{place}");
                let back = again(&name, &encoded, version).unwrap();
                Value::read(&back.printed).matches(&sample.value).unwrap_or_else(|error| panic!("{place}: {error}"));
            }
        }
    }
}
