//! The metadata as it is after some number of records: what every core reads.
//!
//! Always true:
//! - it changes by [`Image::apply`] only;
//! - a record that is refused changes nothing;
//! - `by_name` and `by_id` hold the same topics.

use std::collections::BTreeMap;
use std::sync::Arc;

use millrace_base::broker_config::BrokerConfig;
use millrace_base::hash::Map;
use millrace_base::ids::{BrokerId, LeaderEpoch, PartitionIndex, TopicId};
use millrace_base::setting::SettingError;
use millrace_base::topic_config::{Overrides, RecordFormat};

use super::feature;
use super::record::{BrokerEndpoint, BrokerRecord, MetadataRecord, PartitionRecord, TopicRecord};
use crate::quota::{Entity, EntityError, Limit, QuotaKey, Quotas};

/// The metadata at one point of its log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    cluster_id: Option<String>,
    brokers: BTreeMap<BrokerId, Broker>,
    by_name: BTreeMap<String, Arc<Topic>>,
    by_id: Map<TopicId, Arc<Topic>>,
    /// The names that hold a `.` or a `_`, by what they are with each `.` taken for a `_`.
    colliding: BTreeMap<String, String>,
    producer_id_next: i64,
    quotas: Quotas,
    /// What is set while brokers run: for all of them, and for each.
    broker_configs: BTreeMap<Option<BrokerId>, Overrides>,
    /// The levels that were changed, and how often any was.
    feature_levels: BTreeMap<String, i16>,
    features_epoch: i64,
    /// What is set on groups; no group without a setting.
    group_configs: BTreeMap<String, Overrides>,
}

/// Nothing is set.
static NOTHING_SET: Overrides = Overrides::new();

/// A registered broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broker {
    /// Drawn by the broker at its start.
    pub incarnation: [u8; 16],
    /// Where it can be reached.
    pub endpoints: Vec<BrokerEndpoint>,
}

impl Broker {
    /// Where clients of the listener of this name reach the broker.
    pub fn endpoint(&self, listener: &str) -> Option<&BrokerEndpoint> {
        self.endpoints.iter().find(|endpoint| endpoint.listener == listener)
    }
}

/// A topic. Cheap to keep: whoever holds it sees it as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// The topic's id.
    pub id: TopicId,
    /// The topic's name.
    pub name: String,
    /// What is set on it; `TopicConfig::resolve` gives the values in effect.
    pub overrides: Overrides,
    /// How its records are stored, which is among `overrides`, and never changes.
    pub record_format: RecordFormat,
    /// Its partitions, by index.
    pub partitions: Vec<Partition>,
}

impl Topic {
    /// The partition of this index.
    pub fn partition(&self, index: PartitionIndex) -> Option<&Partition> {
        usize::try_from(index).ok().and_then(|index| self.partitions.get(index))
    }

    fn record(&self) -> TopicRecord {
        TopicRecord {
            id: self.id.0,
            name: self.name.clone(),
            overrides: self.overrides.clone().into_iter().collect(),
            partitions: self.partitions.iter().map(Partition::record).collect(),
        }
    }
}

/// A partition's replicas and its leader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// The brokers that hold it, the preferred leader first.
    pub replicas: Vec<BrokerId>,
    /// Those of the replicas that are in sync.
    pub isr: Vec<BrokerId>,
    /// The broker that leads it.
    pub leader: BrokerId,
    /// Counts its leaders; it never falls.
    pub leader_epoch: LeaderEpoch,
}

impl Partition {
    fn of(record: &PartitionRecord) -> Partition {
        Partition {
            replicas: record.replicas.clone(),
            isr: record.isr.clone(),
            leader: record.leader,
            leader_epoch: record.leader_epoch,
        }
    }

    fn record(&self) -> PartitionRecord {
        PartitionRecord {
            replicas: self.replicas.clone(),
            isr: self.isr.clone(),
            leader: self.leader,
            leader_epoch: self.leader_epoch,
        }
    }
}

/// Why a record does not follow what the image holds: the log is damaged, or the machine is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// The topic's name or id is taken.
    #[error("topic {name} ({id}) exists already, by its name or by its id")]
    TopicExists {
        /// The topic's name.
        name: String,
        /// The topic's id.
        id: TopicId,
    },
    /// There is no such topic.
    #[error("there is no topic {0}")]
    NoSuchTopic(TopicId),
    /// The cluster has another id.
    #[error("the cluster is {old}, and cannot become {new}")]
    ClusterId {
        /// The id it has.
        old: String,
        /// The id of the record.
        new: String,
    },
    /// The producer ids were given out before, or the block is none.
    #[error("producer ids {first}..{next} cannot be given out: the first free one is {free}")]
    ProducerIds {
        /// The first one of the record.
        first: i64,
        /// The one after the last of the record.
        next: i64,
        /// The first free one of the image.
        free: i64,
    },
    /// A quota is of nobody.
    #[error("a quota of an entity that is none: {0}")]
    QuotaEntity(#[from] EntityError),
    /// A quota limits nothing that is known.
    #[error("a quota has the unknown key {0}")]
    QuotaKey(String),
}

impl Image {
    /// The image that these records give, from nothing.
    ///
    /// # Errors
    /// [`ImageError`] when one of them does not follow the ones before.
    pub fn from_records<'a>(records: impl IntoIterator<Item = &'a MetadataRecord>) -> Result<Image, ImageError> {
        let mut image = Image::default();
        for record in records {
            image.apply(record)?;
        }
        Ok(image)
    }

    /// The shortest records that give this image, from nothing: a snapshot.
    pub fn to_records(&self) -> Vec<MetadataRecord> {
        let cluster_id = self.cluster_id.iter().map(|id| MetadataRecord::ClusterId { id: id.clone() });
        // Brokers come before topics: a broker's record raises the leader epochs of topics that are there.
        let brokers = self.brokers.iter().map(|(id, broker)| {
            let Broker { incarnation, endpoints } = broker.clone();
            MetadataRecord::Broker(BrokerRecord { id: *id, incarnation, endpoints })
        });
        let next = self.producer_id_next;
        let producer_ids = (next > 0).then_some(MetadataRecord::ProducerIds { first: next, next });
        let topics = self.by_name.values().map(|topic| MetadataRecord::Topic(topic.record()));
        let quotas = self.quotas.iter().map(|(entity, limits)| MetadataRecord::client_quotas(entity, limits));
        let broker_configs = self.broker_configs.iter().map(|(broker, overrides)| MetadataRecord::BrokerConfig {
            broker: *broker,
            overrides: overrides.clone().into_iter().collect(),
        });
        let features = self.feature_levels.iter().map(|(name, level)| MetadataRecord::FeatureLevel {
            name: name.clone(),
            level: *level,
            epoch: self.features_epoch,
        });
        let all = cluster_id.chain(brokers).chain(broker_configs).chain(features);
        let groups = self.group_configs.iter().map(|(group, overrides)| MetadataRecord::GroupConfig {
            group: group.clone(),
            overrides: overrides.clone().into_iter().collect(),
        });
        all.chain(producer_ids).chain(topics).chain(quotas).chain(groups).collect()
    }

    /// Takes over what a record says.
    ///
    /// # Errors
    /// [`ImageError`] when it does not follow what the image holds; the image is as it was.
    pub fn apply(&mut self, record: &MetadataRecord) -> Result<(), ImageError> {
        match record {
            MetadataRecord::ClusterId { id } => match &self.cluster_id {
                Some(old) if old != id => return Err(ImageError::ClusterId { old: old.clone(), new: id.clone() }),
                _ => self.cluster_id = Some(id.clone()),
            },
            MetadataRecord::Broker(broker) => self.register(broker),
            MetadataRecord::Topic(topic) => self.create(topic)?,
            MetadataRecord::TopicDeleted { id } => self.delete(TopicId(*id))?,
            MetadataRecord::PartitionsAdded { id, partitions } => {
                let added = partitions.iter().map(Partition::of);
                self.change(TopicId(*id), |topic| topic.partitions.extend(added))?;
            }
            MetadataRecord::TopicConfig { id, overrides } => {
                self.change(TopicId(*id), |topic| topic.overrides = overrides.iter().cloned().collect())?;
            }
            MetadataRecord::ProducerIds { first, next } => {
                if *first < self.producer_id_next || next < first {
                    return Err(ImageError::ProducerIds { first: *first, next: *next, free: self.producer_id_next });
                }
                self.producer_id_next = *next;
            }
            MetadataRecord::BrokerConfig { broker, overrides } if overrides.is_empty() => {
                self.broker_configs.remove(broker);
            }
            MetadataRecord::BrokerConfig { broker, overrides } => {
                self.broker_configs.insert(*broker, overrides.iter().cloned().collect());
            }
            MetadataRecord::FeatureLevel { name, level, epoch } => {
                self.feature_levels.insert(name.clone(), *level);
                self.features_epoch = *epoch;
            }
            MetadataRecord::GroupConfig { group, overrides } if overrides.is_empty() => {
                self.group_configs.remove(group);
            }
            MetadataRecord::GroupConfig { group, overrides } => {
                self.group_configs.insert(group.clone(), overrides.iter().cloned().collect());
            }
            MetadataRecord::ClientQuotas { entity, limits } => {
                let parts = entity.iter().map(|(kind, name)| (kind.as_str(), name.as_deref()));
                let entity = Entity::from_parts(parts)?;
                let limit = |(key, value): &(String, f64)| {
                    let known = QuotaKey::of(key).ok_or_else(|| ImageError::QuotaKey(key.clone()))?;
                    Ok((known, Limit::of(*value)))
                };
                self.quotas.replace(entity, limits.iter().map(limit).collect::<Result<_, ImageError>>()?);
            }
        }
        Ok(())
    }

    /// The cluster's id; None before it has one.
    pub fn cluster_id(&self) -> Option<&str> {
        self.cluster_id.as_deref()
    }

    /// The registered brokers, in the order of their numbers.
    pub fn brokers(&self) -> impl ExactSizeIterator<Item = (BrokerId, &Broker)> {
        self.brokers.iter().map(|(id, broker)| (*id, broker))
    }

    /// The broker of this number.
    pub fn broker(&self, id: BrokerId) -> Option<&Broker> {
        self.brokers.get(&id)
    }

    /// The topics, in the order of their names.
    pub fn topics(&self) -> impl ExactSizeIterator<Item = &Arc<Topic>> {
        self.by_name.values()
    }

    /// The topic of this name.
    pub fn topic(&self, name: &str) -> Option<&Arc<Topic>> {
        self.by_name.get(name)
    }

    /// The topic of this id.
    pub fn topic_by_id(&self, id: TopicId) -> Option<&Arc<Topic>> {
        self.by_id.get(&id)
    }

    /// The existing topic whose name differs from this one only in `.` and `_`, if there is one.
    pub fn colliding_topic(&self, name: &str) -> Option<&str> {
        let other = self.colliding.get(&collision_key(name)?)?;
        (other != name).then_some(other)
    }

    /// The first producer id that was never given out.
    pub fn producer_id_next(&self) -> i64 {
        self.producer_id_next
    }

    /// What is set for a broker, or for all of them, while they run.
    pub fn broker_config(&self, broker: Option<BrokerId>) -> &Overrides {
        self.broker_configs.get(&broker).unwrap_or(&NOTHING_SET)
    }

    /// The configuration of the broker that was started with this one, with what is set while it runs.
    ///
    /// # Errors
    /// [`SettingError`] when what is set was stored by another version of Millrace and means nothing here.
    pub fn resolve(&self, started: &BrokerConfig) -> Result<BrokerConfig, SettingError> {
        started.with_dynamic(self.broker_config(None), self.broker_config(Some(started.node_id)))
    }

    /// A feature's level; 0: it is off, or there is no such feature.
    pub fn feature_level(&self, name: &str) -> i16 {
        let initial = || feature::find(name).map(|feature| feature.level_initial);
        self.feature_levels.get(name).copied().or_else(initial).unwrap_or(0)
    }

    /// How often features were changed.
    pub fn features_epoch(&self) -> i64 {
        self.features_epoch
    }

    /// What is set on a group; None: nothing.
    pub fn group_config(&self, group: &str) -> Option<&Overrides> {
        self.group_configs.get(group)
    }

    /// The groups on which something is set, in the order of their names.
    pub fn group_configs(&self) -> impl ExactSizeIterator<Item = &str> {
        self.group_configs.keys().map(String::as_str)
    }

    /// The quotas of clients.
    pub fn quotas(&self) -> &Quotas {
        &self.quotas
    }

    fn register(&mut self, record: &BrokerRecord) {
        let broker = Broker { incarnation: record.incarnation, endpoints: record.endpoints.clone() };
        let before = self.brokers.insert(record.id, broker);
        if before.is_none_or(|before| before.incarnation == record.incarnation) {
            return;
        }
        // It ran before, and may have lost what was not durable: its partitions begin a new leader epoch, by which
        // clients and replicas notice (KIP-320).
        for topic in self.by_name.values_mut() {
            if topic.partitions.iter().any(|partition| partition.leader == record.id) {
                let topic_then = Arc::make_mut(topic);
                for partition in topic_then.partitions.iter_mut().filter(|partition| partition.leader == record.id) {
                    partition.leader_epoch = partition.leader_epoch.saturating_add(1);
                }
                self.by_id.insert(topic.id, Arc::clone(topic));
            }
        }
    }

    fn create(&mut self, record: &TopicRecord) -> Result<(), ImageError> {
        let id = record.topic_id();
        if self.by_id.contains_key(&id) || self.by_name.contains_key(&record.name) {
            return Err(ImageError::TopicExists { name: record.name.clone(), id });
        }
        let topic = Arc::new(Topic {
            id,
            name: record.name.clone(),
            record_format: RecordFormat::of(&record.overrides()),
            overrides: record.overrides(),
            partitions: record.partitions.iter().map(Partition::of).collect(),
        });
        if let Some(key) = collision_key(&topic.name) {
            self.colliding.insert(key, topic.name.clone());
        }
        self.by_name.insert(topic.name.clone(), Arc::clone(&topic));
        self.by_id.insert(id, topic);
        Ok(())
    }

    /// Changes a topic for those who look from now on: who holds it sees it as it was.
    fn change(&mut self, id: TopicId, change: impl FnOnce(&mut Topic)) -> Result<(), ImageError> {
        let held = self.by_id.get_mut(&id).ok_or(ImageError::NoSuchTopic(id))?;
        change(Arc::make_mut(held));
        self.by_name.insert(held.name.clone(), Arc::clone(held));
        Ok(())
    }

    fn delete(&mut self, id: TopicId) -> Result<(), ImageError> {
        let topic = self.by_id.remove(&id).ok_or(ImageError::NoSuchTopic(id))?;
        self.by_name.remove(&topic.name);
        if let Some(key) = collision_key(&topic.name) {
            self.colliding.remove(&key);
        }
        Ok(())
    }
}

/// What two colliding names have in common: metrics of Kafka's take `.` for `_`. None for a name without either.
fn collision_key(name: &str) -> Option<String> {
    name.contains(['.', '_']).then(|| name.replace('.', "_"))
}
