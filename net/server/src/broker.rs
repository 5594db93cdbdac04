//! Puts the parts together, on every core: recovery, metadata, partitions, listeners; and takes them apart again.
//!
//! Invariants:
//! - nobody is listened to before every core has its partitions;
//! - a clean stop answers what is under way, then writes everything to its segments, then ends.

use std::fmt::Display;
use std::io;
use std::rc::Rc;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use futures_util::future::join_all;
use millrace_base::broker_config::{BrokerConfig, Endpoint, Engine};
use millrace_base::ids::CoreId;
use millrace_cluster::metadata::{BrokerEndpoint, Command, Image};
use millrace_log::format::DirectoryLock;
use millrace_log::{CoreLog, LogDirectory, LogOptions, Partition, PartitionConfig, RecoveredPartition};
use millrace_runtime::{Core, Listener, Mailbox};
use thiserror::Error;
use tracing::{error, info, warn};

use crate::address::{self, Bound, Door};
use crate::cleaning;
use crate::dispatch::{self, CoreCall, CoreMessage, Message};
use crate::host::Host;
use crate::http::Http;
use crate::limits::STOP_DEADLINE;
use crate::listener::{self, ConnectionCounts};
use crate::metadata_log::{self, METADATA_PARTITION, METADATA_TOPIC, MetadataLog};
use crate::native::{self, NativePorts};
use crate::partitions;
use crate::retention;
use crate::server::{METADATA_CORE, Parts, Server, all_cores, owner, random_id};

/// Why a broker did not start, or did not end well.
#[derive(Debug, Error)]
pub enum BrokerError {
    /// The data directory cannot be used.
    #[error("{0}")]
    Storage(String),
    /// An address cannot be listened on.
    #[error("cannot listen on {listener}: {source}")]
    Listen {
        /// As it is configured.
        listener: String,
        /// Why.
        source: io::Error,
    },
}

/// What a core needs to begin.
pub(crate) struct Start {
    image: Image,
    partitions: Vec<RecoveredPartition>,
    endpoints: Arc<Vec<Endpoint>>,
    native_ports: Arc<NativePorts>,
    log_start: u64,
}

/// One run of a broker, as all its cores share it.
pub struct Broker {
    config: Arc<BrokerConfig>,
    host: Arc<dyn Host>,
    log: LogOptions,
    connections: Arc<ConnectionCounts>,
    failure: Mutex<Option<BrokerError>>,
    /// Held until every core has ended: nobody else opens the log directory before.
    lock: OnceLock<DirectoryLock>,
}

impl Broker {
    /// A broker that is to run on `cores` cores of `host`. `log`: what the configuration does not say of logs.
    #[must_use]
    pub fn new(config: BrokerConfig, cores: usize, host: Arc<dyn Host>, log: LogOptions) -> Self {
        Self {
            config: Arc::new(config),
            host,
            log,
            connections: Arc::new(ConnectionCounts::new(cores)),
            failure: Mutex::new(None),
            lock: OnceLock::new(),
        }
    }

    /// Runs one core from start to end. To be called once on each core.
    pub async fn run_core(self: Arc<Self>, core: Core, mailbox: Mailbox<CoreMessage>) {
        let result = if core.id() == METADATA_CORE {
            run_first_core(&self, &core, &mailbox).await
        } else {
            run_other_core(&self, core, mailbox).await
        };
        if let Err(error) = result {
            self.fail(error);
        }
    }

    /// Why it did not start, or did not end well.
    #[must_use]
    pub fn take_failure(&self) -> Option<BrokerError> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Keeps the first failure: later ones follow from it.
    fn fail(&self, error: BrokerError) {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }
}

/// Recovers the log directory, starts the other cores, listens, and at the end stops all of them.
async fn run_first_core(broker: &Broker, core: &Core, mailbox: &Mailbox<CoreMessage>) -> Result<(), BrokerError> {
    let started = start_first_core(broker, core, mailbox).await;
    let served = match started {
        Ok((server, listeners)) => serve_clients(&server, listeners).await,
        Err(error) => Err(error),
    };
    for other in all_cores(core).filter(|other| *other != core.id()) {
        mailbox.send(other, CoreMessage(Message::Stop));
    }
    served
}

/// Everything up to the point where clients may come.
async fn start_first_core(
    broker: &Broker,
    core: &Core,
    mailbox: &Mailbox<CoreMessage>,
) -> Result<(Rc<Server>, Vec<Bound>), BrokerError> {
    let config = &broker.config;
    let http = Http::start(core, &*broker.host, config.network.http_listener.as_ref()).await?;
    let recovered = LogDirectory::open(core, &config.log_dir, config.node_id).await.map_err(storage)?;
    assert!(broker.lock.set(recovered.lock).is_ok(), "the log directory is opened once");
    let mut listeners = address::bind_all(core, &*broker.host, &config.network.listeners).await?;
    let endpoints = Arc::new(address::endpoints(config, broker.host.name(), &listeners));
    let (native, ports) = native::bind(core, &*broker.host, config.network.native_listener.as_ref()).await?;
    listeners.extend(native);
    let native_ports = Arc::new(ports);
    let log = open_log(broker, core, recovered.start).await?;
    let mut partitions = Shares::new(recovered.partitions, core.count());
    let metadata = adopt_metadata_log(&log, &mut partitions).await?;
    let image =
        metadata_log::replay(core, &metadata).await.map_err(|error| storage(format!("the metadata log: {error}")))?;
    let metadata_log = MetadataLog::new(metadata, image, Arc::clone(config));
    register(&metadata_log, core, config, &endpoints, &recovered.format.cluster_id).await?;
    let image = metadata_log.image();
    for other in all_cores(core).filter(|other| *other != core.id()) {
        let start = Start {
            image: image.clone(),
            partitions: partitions.take(other),
            endpoints: Arc::clone(&endpoints),
            native_ports: Arc::clone(&native_ports),
            log_start: recovered.start,
        };
        mailbox.send(other, CoreMessage(Message::Start(Box::new(start))));
    }
    let partitions = partitions.take(core.id());
    let own = Start { image, partitions, endpoints, native_ports, log_start: recovered.start };
    let server = start_server(broker, core, mailbox, own, log, Some(metadata_log)).await?;
    for _ in 1..core.count() {
        match mailbox.receive().await {
            (_, CoreMessage(Message::Started(Ok(())))) => {}
            (from, CoreMessage(Message::Started(Err(why)))) => return Err(storage(format!("core {}: {why}", from.0))),
            (from, _) => panic!("core {} speaks before it has started", from.0),
        }
    }
    http.serve(&server);
    Ok((server, listeners))
}

/// How much of a core's memory may be lent to answers before reads spare it: what is left when there is room for
/// requests, for the tails, and for what answers may still hold of the tails' memory when the tails have moved on.
fn lent_bytes(engine: &Engine) -> usize {
    let kept = engine.requests_bytes.saturating_add(engine.tail_bytes.saturating_mul(2));
    engine.core_bytes.saturating_sub(kept).max(engine.core_bytes / 16)
}

/// Opens a core's part of the log directory.
async fn open_log(broker: &Broker, core: &Core, start: u64) -> Result<Rc<CoreLog>, BrokerError> {
    let engine = &broker.config.engine;
    let options = LogOptions {
        tail_bytes: engine.tail_bytes,
        lent_bytes: lent_bytes(engine),
        journal_first_bytes: engine.journal_first_file_bytes,
        journal_file_bytes: engine.journal_file_bytes,
        journal_files: engine.journal_files_max,
        producer_expiry_ms: i64::try_from(broker.config.producer_expiration.as_millis()).unwrap_or(i64::MAX),
        ..broker.log.clone()
    };
    CoreLog::open(core, &broker.config.log_dir, options, start).await.map_err(storage)
}

/// The partition of the metadata log, which is created with the cluster.
async fn adopt_metadata_log(log: &CoreLog, partitions: &mut Shares) -> Result<Rc<Partition>, BrokerError> {
    let config = PartitionConfig::default();
    match partitions.metadata.take() {
        Some(recovered) => log.adopt(recovered, config).await.map_err(storage),
        None => log.create_partition(METADATA_PARTITION, METADATA_TOPIC, config).await.map_err(storage),
    }
}

/// Tells the metadata log of this broker, and names the cluster if it is new.
async fn register(
    log: &MetadataLog,
    core: &Core,
    config: &BrokerConfig,
    endpoints: &[Endpoint],
    cluster_id: &str,
) -> Result<(), BrokerError> {
    let mut commands = Vec::new();
    if log.image().cluster_id().is_none() {
        commands.push(Command::SetClusterId { id: cluster_id.to_owned() });
    }
    let endpoints = endpoints.iter().cloned().map(BrokerEndpoint::from).collect();
    commands.push(Command::RegisterBroker { id: config.node_id, incarnation: random_id(core).0, endpoints });
    for command in &commands {
        log.decide(command, core.wall_ms()).await.map_err(storage)?;
    }
    Ok(())
}

/// Builds a core's server and gives it its partitions: those that were recovered, those that the image wants and the
/// disk lacks; what the image knows nothing of was deleted, and goes.
async fn start_server(
    broker: &Broker,
    core: &Core,
    mailbox: &Mailbox<CoreMessage>,
    start: Start,
    log: Rc<CoreLog>,
    metadata_log: Option<MetadataLog>,
) -> Result<Rc<Server>, BrokerError> {
    let server = Server::new(Parts {
        core: core.clone(),
        mailbox: mailbox.clone(),
        config: Arc::clone(&broker.config),
        host: Arc::clone(&broker.host),
        endpoints: start.endpoints,
        native_ports: start.native_ports,
        log,
        image: start.image,
        metadata_log,
        connections: Arc::clone(&broker.connections),
    });
    partitions::adopt(&server, start.partitions).await.map_err(storage)?;
    core.spawn(retention::enforce_forever(Rc::clone(&server)));
    if server.config.cleaning.is_enabled {
        core.spawn(cleaning::clean_forever(Rc::clone(&server)));
    }
    Ok(server)
}

/// Serves clients until the process is asked to end; then answers what is under way and closes the logs of all cores.
async fn serve_clients(server: &Rc<Server>, listeners: Vec<Bound>) -> Result<(), BrokerError> {
    let core = &server.core;
    core.spawn(serve_messages(Rc::clone(server)));
    for Bound { door, socket } in listeners {
        announce(server, door, &socket);
        core.spawn(listener::accept_connections(Rc::clone(server), socket, door));
    }
    match core.termination().await {
        Ok(signal) => info!(?signal, "stopping"),
        Err(error) => error!(%error, "signals cannot be received: stopping"),
    }
    join_all(all_cores(core).map(|core| dispatch::call(server, core, Drain))).await;
    let closed = join_all(all_cores(core).map(|core| dispatch::call(server, core, CloseLog))).await;
    closed.into_iter().collect::<Result<Vec<()>, String>>().map_err(storage)?;
    info!("stopped");
    Ok(())
}

/// Tells people and scripts that clients may come. The native protocol's clients ask for its cores' ports.
fn announce(server: &Server, door: Door, listener: &Listener) {
    let name = match door {
        Door::Kafka(index) => &server.endpoint(index).name,
        Door::Native(None) => "NATIVE",
        Door::Native(Some(_)) => return,
    };
    let address = listener.local_addr();
    info!("listening on {name}://{address}");
    server.host.announce(name, address);
}

/// Runs a core that the first one starts and stops.
async fn run_other_core(broker: &Broker, core: Core, mailbox: Mailbox<CoreMessage>) -> Result<(), BrokerError> {
    let start = match mailbox.receive().await {
        (_, CoreMessage(Message::Start(start))) => *start,
        (_, CoreMessage(Message::Stop)) => return Ok(()),
        (from, _) => panic!("core {} speaks before this one has started", from.0),
    };
    let started = match open_log(broker, &core, start.log_start).await {
        Ok(log) => start_server(broker, &core, &mailbox, start, log, None).await,
        Err(error) => Err(error),
    };
    let told = started.as_ref().map(drop).map_err(ToString::to_string);
    mailbox.send(METADATA_CORE, CoreMessage(Message::Started(told)));
    if let Ok(server) = started {
        serve_messages(server).await;
    }
    Ok(())
}

/// Handles what other cores send, until the first one says that it is over.
async fn serve_messages(server: Rc<Server>) {
    loop {
        let (from, CoreMessage(message)) = server.mailbox.receive().await;
        match message {
            Message::Connection { socket, peer, door } => listener::adopt(&server, socket, peer, door),
            Message::Call { call, work } => dispatch::run_call(&server, from, call, work).await,
            Message::Reply { call, reply } => dispatch::finish_call(&server, call, reply),
            Message::Cancel { call } => dispatch::cancel_call(&server, from, call),
            Message::Stop => return,
            Message::Start(_) | Message::Started(_) => panic!("core {} starts twice", from.0),
        }
    }
}

/// Takes no new requests on a core, and waits until those that came are answered.
struct Drain;

impl CoreCall for Drain {
    type Reply = ();
    const CANCELLABLE: bool = false;

    async fn run(self, server: Rc<Server>) {
        server.stopping.set();
        if server.core.timeout(STOP_DEADLINE, server.connections_open.all_gone()).await.is_err() {
            warn!(core = server.core.id().0, "stopping with connections that do not take their answers");
        }
    }
}

/// Writes all of a core's partitions to their segments, and marks the stop as clean.
struct CloseLog;

impl CoreCall for CloseLog {
    type Reply = Result<(), String>;
    const CANCELLABLE: bool = false;

    async fn run(self, server: Rc<Server>) -> Self::Reply {
        server.log.close().await.map_err(|error| error.to_string())
    }
}

/// The recovered partitions, by the core that owns them.
struct Shares {
    by_core: Vec<Vec<RecoveredPartition>>,
    metadata: Option<RecoveredPartition>,
}

impl Shares {
    fn new(partitions: Vec<RecoveredPartition>, cores: usize) -> Self {
        let mut shares = Self { by_core: (0..cores).map(|_| Vec::new()).collect(), metadata: None };
        for partition in partitions {
            let id = partition.id();
            if id == METADATA_PARTITION {
                shares.metadata = Some(partition);
            } else if let Some(share) = shares.by_core.get_mut(usize::from(owner(id, cores).0)) {
                share.push(partition);
            }
        }
        shares
    }

    fn take(&mut self, core: CoreId) -> Vec<RecoveredPartition> {
        self.by_core.get_mut(usize::from(core.0)).map(std::mem::take).unwrap_or_default()
    }
}

fn storage(error: impl Display) -> BrokerError {
    BrokerError::Storage(error.to_string())
}
