//! What a client of one language wrote, those of all others read: every byte, every null, in order, under every codec.

use millrace_judges::broker::{Broker, Setup};
use millrace_judges::java::Java;
use millrace_judges::languages::Client;
use millrace_judges::librdkafka;
use millrace_judges::manifest::{Manifest, Record, differences};
use millrace_judges::recipe::{self, Shape};

/// How many records each client writes under each codec: few, since one of the codecs is written in JavaScript.
const RECORDS: u64 = 2_000;
const CODECS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];
const PARTITIONS: i32 = 2;

/// Who writes and reads.
enum Party {
    Librdkafka,
    Java(Box<Java>),
    Other(Client),
}

impl Party {
    fn all() -> Vec<Self> {
        let mut parties = vec![Self::Librdkafka, Self::Java(Box::new(Java::start(None)))];
        parties.extend(Client::ALL.map(Self::Other));
        parties
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Librdkafka => "librdkafka",
            Self::Java(_) => "java",
            Self::Other(client) => client.name(),
        }
    }

    fn write(&mut self, address: &str, topic: &str, codec: &str, seed: u64) -> Result<Manifest, String> {
        let records: Vec<Record> = (0..RECORDS).map(|index| recipe::record(seed, index, Shape::Any)).collect();
        let to = (topic, PARTITIONS);
        match self {
            Self::Librdkafka => librdkafka::produce(address, to, codec, &records).map_err(|error| error.to_string()),
            Self::Java(java) => java.produce(address, topic, PARTITIONS, RECORDS, codec),
            Self::Other(client) => client.produce(address, to, codec, &records),
        }
    }

    fn read(&mut self, address: &str, topics: &[String]) -> Result<Manifest, String> {
        match self {
            Self::Librdkafka => {
                let topics: Vec<(String, i32)> = topics.iter().map(|topic| (topic.clone(), PARTITIONS)).collect();
                librdkafka::consume(address, &topics)
            }
            Self::Java(java) => java.consume(address, topics),
            Self::Other(client) => client.consume(address, topics),
        }
    }
}

fn round_trips(cores: u32) {
    let directory = tempfile::tempdir().unwrap();
    let broker = Broker::start(Setup::of_environment(cores), directory.path());
    let address = broker.address();
    let mut parties = Party::all();
    let (mut written, mut topics, mut complaints) = (Manifest::new(), Vec::new(), Vec::new());
    for (party, hundreds) in parties.iter_mut().zip(0_u64..) {
        for (codec, units) in CODECS.into_iter().zip(0..) {
            let topic = format!("{}-{codec}", party.name());
            librdkafka::create_topics(&address, &[(&topic, PARTITIONS)]);
            match party.write(&address, &topic, codec, hundreds * 100 + units) {
                Ok(manifest) => written.extend(manifest),
                Err(error) => complaints.push(format!("{topic} was not written: {error}")),
            }
            topics.push(topic);
        }
    }
    for party in &mut parties {
        let name = party.name();
        match party.read(&address, &topics) {
            Ok(read) => {
                complaints.extend(differences(&written, &read).iter().map(|found| format!("{name} read {found}")))
            }
            Err(error) => complaints.push(format!("{name} did not read: {error}")),
        }
    }
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

#[test]
fn each_language_reads_what_each_wrote_on_one_core() {
    round_trips(1);
}

#[test]
fn each_language_reads_what_each_wrote_on_two_cores() {
    round_trips(2);
}
