//! One core's part of the broker: what its handlers can reach.

use std::cell::{Cell, Ref, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use millrace_base::broker_config::{BrokerConfig, Endpoint};
use millrace_base::code::ErrorCode;
use millrace_base::ids::{CoreId, LeaderEpoch, TopicId, TopicPartition};
use millrace_cluster::metadata::{GROUP_VERSION, Image, MetadataRecord};
use millrace_cluster::placement;
use millrace_log::{CoreLog, Partition};
use millrace_record::compression::{Compressor, Scratch};
use millrace_runtime::{Core, Mailbox, Monotonic, sync};
use tracing::error;

use crate::dispatch::{Calls, CoreMessage};
use crate::fetch_session::FetchSessions;
use crate::groups::Groups;
use crate::host::Host;
use crate::listener::ConnectionCounts;
use crate::metadata_log::MetadataLog;
use crate::metrics::Metrics;
use crate::native::NativePorts;
use crate::producer_ids::ProducerIds;
use crate::quotas::ClientQuotas;
use crate::topic_configs::TopicConfigs;
use crate::transcoding::Transcoder;

/// The leader epoch of the metadata log while one broker is the whole quorum.
pub(crate) const LEADER_EPOCH_OF_METADATA: LeaderEpoch = 0;

/// One core's part of the broker.
pub(crate) struct Server {
    pub core: Core,
    pub mailbox: Mailbox<CoreMessage>,
    pub config: Arc<BrokerConfig>,
    pub host: Arc<dyn Host>,
    /// What clients are told, by listener.
    pub endpoints: Arc<Vec<Endpoint>>,
    /// What clients of the native protocol are told: the port of each core, if there are any.
    pub native_ports: Arc<NativePorts>,
    pub log: Rc<CoreLog>,
    image: RefCell<Image>,
    /// `config` with what is set while the broker runs.
    settings: RefCell<Rc<BrokerConfig>>,
    /// The metadata log, on the core that owns it.
    pub metadata_log: Option<MetadataLog>,
    /// Held while partitions come and go.
    pub partition_changes: sync::Semaphore,
    pub topic_configs: TopicConfigs,
    pub producer_ids: ProducerIds,
    pub fetch_sessions: RefCell<FetchSessions>,
    pub groups: Groups,
    pub quotas: ClientQuotas,
    pub calls: Calls,
    pub metrics: Metrics,
    /// When this core began to serve, and how long it had waited with nothing to do before.
    pub began: Monotonic,
    pub parked_before: Duration,
    /// For batches that are inflated to be checked.
    pub scratch: RefCell<Scratch>,
    /// For batches that are compressed as their topic wants it.
    pub compressor: RefCell<Compressor>,
    /// For batches of columns that are told as Kafka's.
    pub transcoder: Transcoder,
    pub connections: Arc<ConnectionCounts>,
    /// Connections of this core that are not yet closed.
    pub connections_open: OpenConnections,
    /// Connections that are kept only to be closed.
    pub connections_held: Cell<usize>,
    /// Bytes of requests that this core holds at once.
    pub receive_budget: sync::Semaphore,
    /// Set when no new request is to be taken.
    pub stopping: sync::Event,
}

/// What a core's server is made of.
pub(crate) struct Parts {
    pub core: Core,
    pub mailbox: Mailbox<CoreMessage>,
    pub config: Arc<BrokerConfig>,
    pub host: Arc<dyn Host>,
    pub endpoints: Arc<Vec<Endpoint>>,
    pub native_ports: Arc<NativePorts>,
    pub log: Rc<CoreLog>,
    pub image: Image,
    pub metadata_log: Option<MetadataLog>,
    pub connections: Arc<ConnectionCounts>,
}

/// The core that owns the metadata log.
pub(crate) const METADATA_CORE: CoreId = CoreId(0);

impl Server {
    pub(crate) fn new(parts: Parts) -> Rc<Self> {
        Rc::new(Self {
            receive_budget: sync::Semaphore::new(receive_bytes(&parts.config, parts.core.count())),
            fetch_sessions: RefCell::new(FetchSessions::new(
                parts.config.network.fetch_sessions_max,
                parts.core.id(),
                parts.core.count(),
            )),
            quotas: ClientQuotas::new(&parts.config, &parts.image),
            mailbox: parts.mailbox,
            host: parts.host,
            endpoints: parts.endpoints,
            native_ports: parts.native_ports,
            partition_changes: sync::Semaphore::new(1),
            topic_configs: TopicConfigs::default(),
            log: parts.log,
            settings: RefCell::new(Rc::new(resolve(&parts.image, &parts.config))),
            image: RefCell::new(parts.image),
            metadata_log: parts.metadata_log,
            producer_ids: ProducerIds::default(),
            groups: Groups::default(),
            calls: Calls::default(),
            metrics: Metrics::default(),
            began: parts.core.now(),
            parked_before: parts.core.parked(),
            scratch: RefCell::default(),
            compressor: RefCell::default(),
            transcoder: Transcoder::default(),
            connections: parts.connections,
            connections_open: OpenConnections::default(),
            connections_held: Cell::new(0),
            stopping: sync::Event::new(),
            config: parts.config,
            core: parts.core,
        })
    }

    /// The metadata as this core knows it. Not to be held across an `.await`.
    pub(crate) fn image(&self) -> Ref<'_, Image> {
        self.image.borrow()
    }

    /// Changes this core's image by a durable record.
    pub(crate) fn apply(&self, record: &MetadataRecord) {
        if let Err(error) = self.image.borrow_mut().apply(record) {
            panic!("a record that was decided upon does not follow from those before it: {error}");
        }
        match record {
            MetadataRecord::ClientQuotas { .. } => self.quotas.follow(&self.image.borrow()),
            MetadataRecord::BrokerConfig { .. } => {
                *self.settings.borrow_mut() = Rc::new(resolve(&self.image.borrow(), &self.config));
            }
            _ => {}
        }
    }

    /// The configuration as it is now: what the broker was started with, and what was set since.
    pub(crate) fn settings(&self) -> Rc<BrokerConfig> {
        Rc::clone(&self.settings.borrow())
    }

    /// Whether groups may use the consumer protocol.
    pub(crate) fn serves_consumer_groups(&self) -> bool {
        self.image.borrow().feature_level(GROUP_VERSION) > 0
    }

    /// The epoch in which this broker leads a partition.
    pub(crate) fn leader_epoch(&self, partition: TopicPartition) -> Option<LeaderEpoch> {
        let image = self.image.borrow();
        image.topic_by_id(partition.topic)?.partition(partition.partition).map(|partition| partition.leader_epoch)
    }

    /// The core that owns a partition.
    pub(crate) fn owner(&self, partition: TopicPartition) -> CoreId {
        owner(partition, self.core.count())
    }

    /// A partition of this core.
    pub(crate) fn partition(&self, partition: TopicPartition) -> Option<Rc<Partition>> {
        self.log.get(partition)
    }

    /// A partition of this core that this broker leads, and the epoch in which it does.
    ///
    /// # Errors
    /// As in Kafka: [`ErrorCode::UnknownTopicOrPartition`] when there is no such partition (any more), and
    /// [`ErrorCode::NotLeaderOrFollower`] when it is not served here.
    pub(crate) fn led(&self, partition: TopicPartition) -> Result<(Rc<Partition>, LeaderEpoch), ErrorCode> {
        let epoch = self.leader_epoch(partition).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        let partition = self.partition(partition).ok_or(ErrorCode::NotLeaderOrFollower)?;
        Ok((partition, epoch))
    }

    /// The address that clients of a listener are told.
    pub(crate) fn endpoint(&self, listener: usize) -> &Endpoint {
        let Some(endpoint) = self.endpoints.get(listener) else { unreachable!("every listener has its endpoint") };
        endpoint
    }
}

/// What a broker was started with, and what is set since.
fn resolve(image: &Image, started: &BrokerConfig) -> BrokerConfig {
    image.resolve(started).unwrap_or_else(|error| {
        error!(%error, "what is set for the broker while it runs does not count");
        started.clone()
    })
}

/// The core that owns a partition, of `cores`.
pub(crate) fn owner(partition: TopicPartition, cores: usize) -> CoreId {
    if partition.topic == TopicId::METADATA { METADATA_CORE } else { placement::core_of(partition, cores) }
}

/// An id that nothing has had: a random UUID (version 4), as Kafka's are.
pub(crate) fn random_id(core: &Core) -> TopicId {
    loop {
        let random = (u128::from(core.random_u64()) << 64) | u128::from(core.random_u64());
        let version_4 = random & !(0xf << 76) | (4 << 76);
        let id = TopicId((version_4 & !(3 << 62) | (2 << 62)).to_be_bytes());
        if id.is_assignable() {
            return id;
        }
    }
}

/// All cores of a host.
pub(crate) fn all_cores(core: &Core) -> impl Iterator<Item = CoreId> + use<> {
    (0..core.count()).filter_map(|core| u16::try_from(core).ok()).map(CoreId)
}

/// Bytes of requests that one core may hold: its own limit and its share of the broker's, but room for one request at
/// least.
fn receive_bytes(config: &BrokerConfig, cores: usize) -> usize {
    let share = config.network.queued_request_bytes_max.map_or(usize::MAX, |bytes| bytes / cores.max(1));
    config.engine.requests_bytes.min(share).max(config.network.request_bytes_max)
}

/// Counts this core's connections, so that a stopping broker can wait for the last.
#[derive(Default)]
pub(crate) struct OpenConnections {
    count: Cell<usize>,
    changed: sync::Notify,
}

impl OpenConnections {
    pub(crate) fn enter(&self) {
        self.count.set(self.count.get() + 1);
    }

    pub(crate) fn leave(&self) {
        self.count.set(self.count.get() - 1);
        self.changed.notify_all();
    }

    /// Waits until no connection is open.
    pub(crate) async fn all_gone(&self) {
        while self.count.get() > 0 {
            self.changed.notified().await;
        }
    }
}
