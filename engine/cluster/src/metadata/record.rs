//! Metadata records, and their form on the disk.
//!
//! Always true:
//! - a record is decoded only after bytecheck found that its bytes are a value of its type;
//! - bytes that this version wrote are read by every later one: a changed type gets a new version byte, and keeps the
//!   reader of the old one (the tests hold bytes of version 1).
//!
//! The checksum over the bytes belongs to the batch that carries them.

use std::collections::BTreeMap;

use millrace_base::broker_config::Endpoint;
use millrace_base::ids::{BrokerId, LeaderEpoch, PartitionIndex, TopicId};
use rkyv::rancor::Error as ArchiveError;

use crate::quota::{Entity, EntityType, Limit, Name, QuotaKey};

/// The version that [`MetadataRecord::encode`] writes, in the first byte.
pub const FORMAT_VERSION: u8 = 1;

/// Bytes of the length that follows the version byte: a big-endian u32 that counts what follows it. Without it a cut
/// could go unnoticed, since an archive's root is found from its end.
const LENGTH_BYTES: usize = size_of::<u32>();

/// A change of the metadata. Each is complete by itself: no reader ever sees half of a command.
#[derive(Clone, Debug, PartialEq, rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
pub enum MetadataRecord {
    /// The cluster has a name.
    ClusterId {
        /// The cluster's id.
        id: String,
    },
    /// A broker has started. When it ran before, under another incarnation, each partition that it leads begins a new
    /// leader epoch.
    Broker(BrokerRecord),
    /// A topic exists.
    Topic(TopicRecord),
    /// A topic does not exist any more.
    TopicDeleted {
        /// Its id.
        id: [u8; 16],
    },
    /// Producer ids are given out.
    ProducerIds {
        /// The first one. In a snapshot it equals `next`.
        first: i64,
        /// The first one that is still free.
        next: i64,
    },
    /// A topic has more partitions, behind those it had.
    PartitionsAdded {
        /// The topic's id.
        id: [u8; 16],
        /// The new ones, in order.
        partitions: Vec<PartitionRecord>,
    },
    /// Something else is set on a topic.
    TopicConfig {
        /// The topic's id.
        id: [u8; 16],
        /// All that is set on it now, in the order of the names.
        overrides: Vec<(String, String)>,
    },
    /// Other quotas are set on an entity.
    ClientQuotas {
        /// The types of what it names, and the names; no name means the default.
        entity: Vec<(String, Option<String>)>,
        /// All limits that are set on it now, by their keys; none: it is forgotten.
        limits: Vec<(String, f64)>,
    },
    /// Something else is set for a broker, or for all, while they run.
    BrokerConfig {
        /// The broker; none: all of them.
        broker: Option<BrokerId>,
        /// All that is set now, in the order of the names.
        overrides: Vec<(String, String)>,
    },
    /// A feature has another level.
    FeatureLevel {
        /// The feature's name.
        name: String,
        /// The level; 0: it is off.
        level: i16,
        /// Counts changes of features.
        epoch: i64,
    },
    /// Other settings are set on a group.
    GroupConfig {
        /// The group.
        group: String,
        /// All that is set on it now, in the order of the names; nothing: it is forgotten.
        overrides: Vec<(String, String)>,
    },
}

/// A broker, as it registered.
#[derive(Clone, Debug, PartialEq, Eq, rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
pub struct BrokerRecord {
    /// The broker's number.
    pub id: BrokerId,
    /// Drawn by the broker at its start.
    pub incarnation: [u8; 16],
    /// Where it can be reached.
    pub endpoints: Vec<BrokerEndpoint>,
}

/// Where a broker can be reached.
#[derive(Clone, Debug, PartialEq, Eq, rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
pub struct BrokerEndpoint {
    /// The listener's name, in upper case.
    pub listener: String,
    /// A host name or address.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl From<Endpoint> for BrokerEndpoint {
    fn from(endpoint: Endpoint) -> Self {
        BrokerEndpoint { listener: endpoint.name, host: endpoint.host, port: endpoint.port }
    }
}

/// A topic with all its partitions.
#[derive(Clone, Debug, PartialEq, Eq, rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
pub struct TopicRecord {
    /// The topic's id.
    pub id: [u8; 16],
    /// The topic's name.
    pub name: String,
    /// What is set on it, in the order of the names.
    pub overrides: Vec<(String, String)>,
    /// Its partitions, by index.
    pub partitions: Vec<PartitionRecord>,
}

impl TopicRecord {
    /// The topic's id.
    pub fn topic_id(&self) -> TopicId {
        TopicId(self.id)
    }

    /// How many partitions the topic has.
    pub fn partition_count(&self) -> PartitionIndex {
        // The machine creates far fewer than would not fit.
        PartitionIndex::try_from(self.partitions.len()).unwrap_or(PartitionIndex::MAX)
    }

    /// How many replicas its first partition has (all have the same number, but for a reassignment under way).
    pub fn replication_factor(&self) -> i16 {
        let first = self.partitions.first().map_or(0, |partition| partition.replicas.len());
        i16::try_from(first).unwrap_or(i16::MAX)
    }

    /// What is set on the topic.
    pub fn overrides(&self) -> BTreeMap<String, String> {
        self.overrides.iter().cloned().collect()
    }
}

/// A partition's replicas and its leader.
#[derive(Clone, Debug, PartialEq, Eq, rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
pub struct PartitionRecord {
    /// The brokers that hold it, the preferred leader first.
    pub replicas: Vec<BrokerId>,
    /// Those of the replicas that are in sync.
    pub isr: Vec<BrokerId>,
    /// The broker that leads it.
    pub leader: BrokerId,
    /// Counts its leaders.
    pub leader_epoch: LeaderEpoch,
}

/// Why bytes are not a metadata record.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// There is not even a version and a length.
    #[error("the metadata record has {0} bytes, which is too few for any")]
    TooShort(usize),
    /// A newer release wrote it.
    #[error("the metadata record has version {0}, and this release reads up to {FORMAT_VERSION}")]
    Version(u8),
    /// Bytes are missing at the end, or too many.
    #[error("the metadata record has {actual} bytes after its length, which says {stated}")]
    Length {
        /// What the length says.
        stated: usize,
        /// What is there.
        actual: usize,
    },
    /// The bytes are not a value of the type.
    #[error("the metadata record is damaged: {0}")]
    Damaged(#[source] ArchiveError),
}

impl MetadataRecord {
    /// What is set on an entity from now on.
    pub(crate) fn client_quotas(entity: &Entity, limits: &BTreeMap<QuotaKey, Limit>) -> MetadataRecord {
        let part = |(kind, name): (EntityType, &Name)| (kind.name().to_owned(), name.as_option().map(str::to_owned));
        MetadataRecord::ClientQuotas {
            entity: entity.parts().map(part).collect(),
            limits: limits.iter().map(|(key, limit)| (key.name().to_owned(), limit.value())).collect(),
        }
    }

    /// The record's form on the disk: the version byte, the length, then the archived value.
    pub fn encode(&self) -> Vec<u8> {
        #[expect(clippy::expect_used, reason = "an owned value without shared pointers, written to memory")]
        let archived = rkyv::to_bytes::<ArchiveError>(self).expect("a metadata record can be archived");
        #[expect(clippy::expect_used, reason = "commands are bounded far below 4 GiB")]
        let length = u32::try_from(archived.len()).expect("a metadata record is smaller than 4 GiB");
        let mut bytes = Vec::with_capacity(1 + LENGTH_BYTES + archived.len());
        bytes.push(FORMAT_VERSION);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&archived);
        bytes
    }

    /// Reads what [`MetadataRecord::encode`] wrote.
    ///
    /// # Errors
    /// [`RecordError`] when the bytes are of a newer release or damaged; never a panic, whatever the bytes.
    pub fn decode(bytes: &[u8]) -> Result<MetadataRecord, RecordError> {
        let (version, rest) = bytes.split_first().ok_or(RecordError::TooShort(0))?;
        if *version != FORMAT_VERSION {
            return Err(RecordError::Version(*version));
        }
        let (length, archived) = rest.split_first_chunk::<LENGTH_BYTES>().ok_or(RecordError::TooShort(bytes.len()))?;
        let stated = u32::from_be_bytes(*length) as usize;
        if stated != archived.len() {
            return Err(RecordError::Length { stated, actual: archived.len() });
        }
        rkyv::from_bytes::<MetadataRecord, ArchiveError>(archived).map_err(RecordError::Damaged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// One record of each kind.
    fn examples() -> Vec<MetadataRecord> {
        let endpoint = BrokerEndpoint { listener: "PLAINTEXT".to_owned(), host: "::1".to_owned(), port: 9092 };
        let partition = PartitionRecord { replicas: vec![1, 2], isr: vec![2], leader: 2, leader_epoch: 5 };
        vec![
            MetadataRecord::ClusterId { id: "4L6g3nShT-eMCtK--X86sw".to_owned() },
            MetadataRecord::Broker(BrokerRecord { id: 1, incarnation: [9; 16], endpoints: vec![endpoint] }),
            MetadataRecord::Topic(TopicRecord {
                id: [7; 16],
                name: "orders".to_owned(),
                overrides: vec![("segment.ms".to_owned(), "60000".to_owned())],
                partitions: vec![partition.clone()],
            }),
            MetadataRecord::TopicDeleted { id: [7; 16] },
            MetadataRecord::ProducerIds { first: 1000, next: 2000 },
            MetadataRecord::PartitionsAdded { id: [7; 16], partitions: vec![partition] },
            MetadataRecord::TopicConfig {
                id: [7; 16],
                overrides: vec![("retention.ms".to_owned(), "1000".to_owned())],
            },
            MetadataRecord::ClientQuotas {
                entity: vec![("user".to_owned(), Some("alice".to_owned())), ("client-id".to_owned(), None)],
                limits: vec![("producer_byte_rate".to_owned(), 1024.0)],
            },
            MetadataRecord::BrokerConfig {
                broker: Some(1),
                overrides: vec![("message.max.bytes".to_owned(), "2048".to_owned())],
            },
            MetadataRecord::FeatureLevel { name: "metadata.version".to_owned(), level: 30, epoch: 1 },
            MetadataRecord::GroupConfig {
                group: "billing".to_owned(),
                overrides: vec![("consumer.session.timeout.ms".to_owned(), "50000".to_owned())],
            },
        ]
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn records_read_back_as_they_were_written() {
        for record in examples() {
            assert_eq!(MetadataRecord::decode(&record.encode()).unwrap(), record);
        }
    }

    /// Bytes of version 1: when this fails, the form on the disk has changed, and version 1 needs a reader of its own.
    #[test]
    fn the_form_on_the_disk_is_that_of_version_1() {
        let golden: Vec<_> = include_str!("../../golden/metadata-records-1.txt").lines().collect();
        let written: Vec<_> = examples().iter().map(|record| hex(&record.encode())).collect();
        assert_eq!(written, golden);
    }

    #[test]
    fn a_newer_version_is_refused_by_name() {
        let mut bytes = examples()[0].encode();
        bytes[0] = 2;
        assert!(matches!(MetadataRecord::decode(&bytes), Err(RecordError::Version(2))));
        assert!(matches!(MetadataRecord::decode(&[]), Err(RecordError::TooShort(0))));
    }

    #[test]
    fn a_record_that_was_cut_or_grew_is_refused() {
        for record in examples() {
            let mut bytes = record.encode();
            for length in 0..bytes.len() {
                assert!(MetadataRecord::decode(&bytes[..length]).is_err(), "{record:?} cut to {length} bytes");
            }
            bytes.push(0);
            assert!(matches!(MetadataRecord::decode(&bytes), Err(RecordError::Length { .. })), "{record:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(example in 0_usize..11, changes: Vec<(prop::sample::Index, u8)>) {
            let mut bytes = examples()[example].encode();
            for (position, byte) in changes {
                let position = position.index(bytes.len());
                bytes[position] = byte;
            }
            if let Ok(record) = MetadataRecord::decode(&bytes) {
                prop_assert_eq!(MetadataRecord::decode(&record.encode()).unwrap(), record);
            }
        }
    }
}
