//! A cluster as a client sees it: who leads which partition, and a connection to each leader.

use std::collections::BTreeMap;

use millrace_base::code::ErrorCode;
use millrace_base::ids::TopicId;
use millrace_wire::messages::metadata::{MetadataRequest, MetadataRequestTopic, MetadataResponse};

use crate::connection::Connection;
use crate::error::ClientError;

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
        let bootstrap = Connection::open(address)?;
        let mut cluster = Self { bootstrap, brokers: BTreeMap::new(), connections: BTreeMap::new(), controller: -1 };
        cluster.describe_topics(Some(&[]))?;
        Ok(cluster)
    }

    /// Asks about topics by name, or about all. Topics are not created by asking.
    ///
    /// # Errors
    /// [`ClientError::UnknownTopic`] for the first of `names` that does not exist; others when the call fails.
    pub fn describe_topics(&mut self, names: Option<&[&str]>) -> Result<Vec<TopicMetadata>, ClientError> {
        let version = self.bootstrap.version::<MetadataRequest<'_>>(12)?;
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

    /// The connection to the controller.
    ///
    /// # Errors
    /// [`ClientError`] when it cannot be reached.
    pub fn controller(&mut self) -> Result<&mut Connection, ClientError> {
        self.broker(self.controller)
    }

    /// The connection to a partition's leader.
    ///
    /// # Errors
    /// [`ClientError::UnknownPartition`], [`ClientError::NoLeader`], or why it cannot be reached.
    pub fn leader(&mut self, topic: &TopicMetadata, partition: i32) -> Result<&mut Connection, ClientError> {
        let unknown =
            || ClientError::UnknownPartition { topic: topic.name.clone(), partition, count: topic.partitions.len() };
        let leader = topic.partitions.get(&partition).ok_or_else(unknown)?.leader;
        if !self.brokers.contains_key(&leader) {
            return Err(ClientError::NoLeader { topic: topic.name.clone(), partition });
        }
        self.broker(leader)
    }

    fn broker(&mut self, id: i32) -> Result<&mut Connection, ClientError> {
        match self.brokers.get(&id) {
            // A cluster without a known controller: any broker will say so itself.
            None => Ok(&mut self.bootstrap),
            Some(address) => match self.connections.entry(id) {
                std::collections::btree_map::Entry::Occupied(open) => Ok(open.into_mut()),
                std::collections::btree_map::Entry::Vacant(free) => Ok(free.insert(Connection::open(address)?)),
            },
        }
    }
}

/// An IPv6 address needs brackets before a port.
fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}
