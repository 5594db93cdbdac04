//! What happens before and after a load: its topic, who leads it, what is read.

use std::net::{SocketAddr, ToSocketAddrs};
use std::time::{SystemTime, UNIX_EPOCH};

use millrace_client::admin::{self, NewTopic};
use millrace_client::cluster::TopicMetadata;
use millrace_client::offsets::{Place, offsets};
use millrace_client::producer::identity;
use millrace_client::{ClientError, Cluster};
use millrace_wire::messages::fetch::FetchRequest;
use millrace_wire::messages::produce::ProduceRequest;

use crate::error::LoadError;
use crate::plan::{Leader, Target};
use crate::spec::{Load, Workload};

/// The last versions that know topics by name.
const PRODUCE_VERSION_MAX: i16 = 12;
const FETCH_VERSION_MAX: i16 = 12;

/// The topic that a load uses.
#[derive(Clone, Debug)]
pub struct TopicSpec {
    /// Its name; `None`: a new one.
    pub name: Option<String>,
    /// Its partitions, where it is created.
    pub partitions: i32,
    /// Their replicas; -1: the broker's default.
    pub replication_factor: i16,
    /// Settings that it is created with.
    pub configs: Vec<(String, String)>,
    /// Whether it stays afterwards, though it was created.
    pub is_kept: bool,
}

/// A topic that is there.
pub struct Topic {
    /// What the cluster says of it.
    pub metadata: TopicMetadata,
    is_to_be_deleted: bool,
}

impl Topic {
    /// Finds the topic, or creates it.
    ///
    /// # Errors
    /// [`LoadError::Client`] when the broker refuses.
    pub fn ensure(cluster: &mut Cluster, spec: &TopicSpec) -> Result<Topic, LoadError> {
        if let Some(name) = &spec.name {
            match cluster.retrying(|cluster| cluster.describe_topic(name)) {
                Ok(metadata) => return Ok(Topic { metadata, is_to_be_deleted: false }),
                Err(ClientError::UnknownTopic(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let fresh = format!("bench-{:x}", unix_ns());
        let name = spec.name.as_deref().unwrap_or(&fresh);
        let new = NewTopic {
            name,
            partitions: spec.partitions,
            replication_factor: spec.replication_factor,
            configs: &spec.configs,
        };
        let mut metadata = admin::create_topic(cluster, &new)?;
        // A leader that is known may not know it yet itself: one that tells where its partitions end does.
        let partitions: Vec<i32> = metadata.partitions.keys().copied().collect();
        offsets(cluster, &mut metadata, &partitions, Place::Latest)?;
        Ok(Topic { metadata, is_to_be_deleted: !spec.is_kept })
    }

    /// Removes it, if it was made for the load.
    ///
    /// # Errors
    /// [`LoadError::Client`] when the broker refuses.
    pub fn release(self, cluster: &mut Cluster) -> Result<(), LoadError> {
        if self.is_to_be_deleted {
            admin::delete_topic(cluster, &self.metadata.name)?;
        }
        Ok(())
    }

    /// Finds out what a load must know of it now.
    ///
    /// # Errors
    /// [`LoadError::Client`] when the broker does not answer or lacks something.
    pub fn target(&mut self, cluster: &mut Cluster, load: &Load) -> Result<Target, LoadError> {
        let topic = &mut self.metadata;
        let partitions: Vec<i32> = topic.partitions.keys().copied().collect();
        let mut leaders = Vec::new();
        for (broker, partitions) in cluster.by_leader(topic, &partitions)? {
            let address = resolve(cluster.address_of(broker).unwrap_or_default())?;
            leaders.push(Leader { address, partitions });
        }
        let (mut starts, mut ends) = (Vec::new(), Vec::new());
        if load.workload.has_consumers() {
            let earliest = offsets(cluster, topic, &partitions, Place::Earliest)?;
            let latest = offsets(cluster, topic, &partitions, Place::Latest)?;
            ends = latest.values().copied().collect();
            let is_from_end = load.workload == Workload::Mixed { from_start: false };
            starts = if is_from_end { ends.clone() } else { earliest.values().copied().collect() };
        }
        let mut identities = Vec::new();
        if load.is_idempotent && load.workload.has_producers() {
            for _ in 0..load.producers {
                let given = cluster.retrying(identity)?;
                let refused =
                    || LoadError::Spec("the broker gives no producer ids; use --idempotence=false".to_owned());
                identities.push(given.ok_or_else(refused)?);
            }
        }
        let broker = cluster.any()?;
        Ok(Target {
            topic: topic.name.clone(),
            leaders,
            starts,
            ends,
            produce_version: broker.version::<ProduceRequest<'_>>(PRODUCE_VERSION_MAX)?,
            fetch_version: broker.version::<FetchRequest<'_>>(FETCH_VERSION_MAX)?,
            identities,
        })
    }
}

/// The address of `HOST:PORT`.
///
/// # Errors
/// [`LoadError::Client`] when it is none, or has none.
pub fn resolve(address: &str) -> Result<SocketAddr, LoadError> {
    let failed = |source| LoadError::Client(ClientError::Connect { address: address.to_owned(), source });
    let mut found = address.to_socket_addrs().map_err(failed)?;
    found.next().ok_or_else(|| LoadError::Client(ClientError::Address { address: address.to_owned() }))
}

/// Unix time in nanoseconds.
#[must_use]
pub fn unix_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
