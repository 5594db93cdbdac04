//! A cluster as a client sees it: who leads which partition, and a connection to each leader.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

use millrace_base::code::ErrorCode;
use millrace_base::ids::TopicId;
use millrace_wire::messages::metadata::{MetadataRequest, MetadataRequestTopic, MetadataResponse};

use crate::connection::Connection;
use crate::error::ClientError;
use crate::retry::Patience;

/// How long a new topic may take to be known to every broker.
pub const CREATION_LIMIT: Duration = Duration::from_secs(1);

/// A topic's partitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicMetadata {
    /// Its name.
    pub name: String,
    /// Its id, 16 bytes.
    pub id: TopicId,
    /// Whether it belongs to the brokers themselves.
    pub is_internal: bool,
    /// By index.
    pub partitions: BTreeMap<i32, PartitionMetadata>,
}

/// A partition's leader and replicas, as broker ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionMetadata {
    /// `-1`: none.
    pub leader: i32,
    /// Every broker that holds it.
    pub replicas: Vec<i32>,
    /// Those that are in sync.
    pub isr: Vec<i32>,
}

/// A cluster, reached by one of its brokers.
pub struct Cluster {
    address: String,
    bootstrap: Connection,
    brokers: BTreeMap<i32, String>,
    connections: BTreeMap<i32, Connection>,
    controller: i32,
}

impl Cluster {
    /// Connects by the broker at `HOST:PORT`.
    ///
    /// # Errors
    /// [`ClientError`] when it does not answer.
    pub fn connect(address: &str) -> Result<Self, ClientError> {
        let mut cluster = Self {
            address: address.to_owned(),
            bootstrap: Connection::open(address)?,
            brokers: BTreeMap::new(),
            connections: BTreeMap::new(),
            controller: -1,
        };
        cluster.describe_topics(Some(&[]))?;
        Ok(cluster)
    }

    /// The same cluster by connections of their own.
    ///
    /// # Errors
    /// As [`Cluster::connect`].
    pub fn another(&self) -> Result<Self, ClientError> {
        Self::connect(&self.address)
    }

    /// Calls until it works, fails for good, or [`RETRY_LIMIT`](crate::retry::RETRY_LIMIT) is over; what is known of
    /// the cluster is renewed in between.
    ///
    /// # Errors
    /// The last attempt's.
    pub fn retrying<T>(
        &mut self,
        mut attempt: impl FnMut(&mut Self) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let mut patience = Patience::default();
        loop {
            match attempt(self) {
                Err(error) => self.renew(&[], error, &mut patience).map(drop)?,
                done => return done,
            }
        }
    }

    /// After a failure that may pass: waits, and learns anew who leads the topic's partitions.
    ///
    /// # Errors
    /// `error` or a later one, when it will not pass or patience is at its end.
    pub fn recover(
        &mut self,
        topic: &mut TopicMetadata,
        error: ClientError,
        patience: &mut Patience,
    ) -> Result<(), ClientError> {
        if let Some(renewed) = self.renew(&[&topic.name], error, patience)?.pop() {
            *topic = renewed;
        }
        Ok(())
    }

    fn renew(
        &mut self,
        topics: &[&str],
        mut error: ClientError,
        patience: &mut Patience,
    ) -> Result<Vec<TopicMetadata>, ClientError> {
        loop {
            patience.pause_after(error)?;
            match self.describe_topics(Some(topics)) {
                Ok(topics) => return Ok(topics),
                Err(later) => error = later,
            }
        }
    }

    /// Asks about topics by name, or about all. Topics are not created by asking.
    ///
    /// # Errors
    /// [`ClientError::UnknownTopic`] for the first of `names` that does not exist; others when the call fails.
    pub fn describe_topics(&mut self, names: Option<&[&str]>) -> Result<Vec<TopicMetadata>, ClientError> {
        let version = self.any()?.version::<MetadataRequest<'_>>(12)?;
        let topics = names.map(|names| {
            names.iter().map(|name| MetadataRequestTopic { name: Some(name), ..Default::default() }).collect()
        });
        let request = MetadataRequest { topics, allow_auto_topic_creation: false, ..Default::default() };
        let answer = self.bootstrap.call(version, &request)?;
        let metadata = answer.decode::<MetadataResponse<'_>>()?;
        self.brokers = metadata
            .brokers
            .iter()
            .map(|broker| (broker.node_id, format!("{}:{}", bracketed(broker.host), broker.port)))
            .collect();
        self.controller = metadata.controller_id;
        let mut topics = Vec::new();
        for topic in metadata.topics.iter() {
            let name = topic.name.unwrap_or_default().to_owned();
            match ErrorCode::from_code(topic.error_code) {
                Some(ErrorCode::None) => {}
                Some(ErrorCode::UnknownTopicOrPartition) => return Err(ClientError::UnknownTopic(name)),
                _ => return Err(ClientError::refused(format!("topic {name:?}"), topic.error_code, None)),
            }
            let partitions = topic.partitions.iter().map(|partition| {
                let replicas = partition.replica_nodes.iter().collect();
                let isr = partition.isr_nodes.iter().collect();
                (partition.partition_index, PartitionMetadata { leader: partition.leader_id, replicas, isr })
            });
            let partitions = partitions.collect();
            topics.push(TopicMetadata {
                name,
                id: TopicId(topic.topic_id),
                is_internal: topic.is_internal,
                partitions,
            });
        }
        Ok(topics)
    }

    /// Asks about one topic.
    ///
    /// # Errors
    /// As [`Cluster::describe_topics`].
    pub fn describe_topic(&mut self, name: &str) -> Result<TopicMetadata, ClientError> {
        let mut topics = self.describe_topics(Some(&[name]))?;
        topics.pop().ok_or_else(|| ClientError::UnknownTopic(name.to_owned()))
    }

    /// Asks about one topic that may have been created a moment ago: for [`CREATION_LIMIT`] it is no error that this
    /// broker does not know of it.
    ///
    /// # Errors
    /// As [`Cluster::describe_topics`].
    pub fn await_topic(&mut self, name: &str) -> Result<TopicMetadata, ClientError> {
        let mut creation = Patience::new(CREATION_LIMIT);
        loop {
            match self.retrying(|cluster| cluster.describe_topic(name)) {
                Err(ClientError::UnknownTopic(_)) if creation.pause() => {}
                described => return described,
            }
        }
    }

    /// The connection to the controller.
    ///
    /// # Errors
    /// [`ClientError`] when it cannot be reached.
    pub fn controller(&mut self) -> Result<&mut Connection, ClientError> {
        // A cluster without a known controller: any broker will say so itself.
        if self.brokers.contains_key(&self.controller) { self.broker(self.controller) } else { self.any() }
    }

    /// The broker that leads a partition.
    ///
    /// # Errors
    /// [`ClientError::UnknownPartition`] or [`ClientError::NoLeader`].
    pub fn leader_of(&self, topic: &TopicMetadata, partition: i32) -> Result<i32, ClientError> {
        let unknown =
            || ClientError::UnknownPartition { topic: topic.name.clone(), partition, count: topic.partitions.len() };
        let leader = topic.partitions.get(&partition).ok_or_else(unknown)?.leader;
        if !self.brokers.contains_key(&leader) {
            return Err(ClientError::NoLeader { topic: topic.name.clone(), partition });
        }
        Ok(leader)
    }

    /// Partitions by the broker that leads them, in the order given.
    ///
    /// # Errors
    /// As [`Cluster::leader_of`].
    pub fn by_leader(&self, topic: &TopicMetadata, partitions: &[i32]) -> Result<BTreeMap<i32, Vec<i32>>, ClientError> {
        let mut grouped: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
        for partition in partitions {
            grouped.entry(self.leader_of(topic, *partition)?).or_default().push(*partition);
        }
        Ok(grouped)
    }

    /// The ids of the brokers that are known.
    #[must_use]
    pub fn broker_ids(&self) -> Vec<i32> {
        self.brokers.keys().copied().collect()
    }

    /// Where a broker that is known listens, as it tells its clients: `HOST:PORT`.
    #[must_use]
    pub fn address_of(&self, id: i32) -> Option<&str> {
        self.brokers.get(&id).map(String::as_str)
    }

    /// The connection to a broker; a new one when there is none, or none that works.
    ///
    /// # Errors
    /// [`ClientError`] when it cannot be reached.
    pub fn broker(&mut self, id: i32) -> Result<&mut Connection, ClientError> {
        let Some(address) = self.brokers.get(&id) else { return self.any() };
        let open = || {
            Connection::open(address).map_err(|error| match error {
                ClientError::Connect { address, source } => ClientError::Unreachable { id, address, source },
                error => error,
            })
        };
        match self.connections.entry(id) {
            Entry::Occupied(mut connection) => {
                if connection.get().is_broken() {
                    connection.insert(open()?);
                }
                Ok(connection.into_mut())
            }
            Entry::Vacant(free) => Ok(free.insert(open()?)),
        }
    }

    /// A connection to any broker: the first one given, or another one when that has gone.
    ///
    /// # Errors
    /// [`ClientError`] when none can be reached: what the first one given says.
    pub fn any(&mut self) -> Result<&mut Connection, ClientError> {
        if self.bootstrap.is_broken() {
            self.bootstrap = Connection::open(&self.address).or_else(|error| {
                let others = self.brokers.values().filter(|address| **address != self.address);
                others.map(|address| Connection::open(address)).find_map(Result::ok).ok_or(error)
            })?;
        }
        Ok(&mut self.bootstrap)
    }
}

/// An IPv6 address needs brackets before a port.
fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}
