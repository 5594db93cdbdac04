//! Puts the parts together, on every core: recovery, metadata, partitions, listeners; and takes them apart again.
//!
//! Invariants:
//! - nobody is listened to before every core has its partitions;
//! - a clean stop answers what is under way, then writes everything to its segments, then ends.

use std::fmt::Display;
use std::io::{self, Write};
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use futures_util::future::join_all;
use millrace_base::broker_config::{BrokerConfig, Cores, Endpoint};
use millrace_base::ids::CoreId;
use millrace_cluster::metadata::{BrokerEndpoint, Command, Image};
use millrace_log::format::DirectoryLock;
use millrace_log::{CoreLog, LogDirectory, LogOptions, Partition, PartitionConfig, RecoveredPartition};
use millrace_runtime::probe::{self, Finding, Severity};
use millrace_runtime::uring::{self, HostError, HostOptions};
use millrace_runtime::{Core, Listener, Mailbox};
use nix::sched::{CpuSet, sched_getaffinity};
use nix::unistd::Pid;
use thiserror::Error;
use tracing::{debug, error, info, warn};

use crate::address::{self, Bound};
use crate::dispatch::{self, CoreCall, CoreMessage};
use crate::limits::STOP_DEADLINE;
use crate::listener::{self, ConnectionCounts};
use crate::metadata_log::{self, METADATA_PARTITION, METADATA_TOPIC, MetadataLog};
use crate::partitions;
use crate::retention;
use crate::server::{METADATA_CORE, Parts, Server, all_cores, owner, random_id};

/// Why a broker did not start, or did not end well.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The machine does not offer what is needed.
    #[error("this host cannot run the broker: {0}")]
    Host(String),
    /// The cores could not be started.
    #[error(transparent)]
    Cores(#[from] HostError),
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

impl ServeError {
    /// The process's exit code: each cause has its own.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Host(_) => 10,
            Self::Cores(_) => 11,
            Self::Storage(_) => 12,
            Self::Listen { .. } => 13,
        }
    }
}

/// What a core needs to begin.
pub(crate) struct Start {
    image: Image,
    partitions: Vec<RecoveredPartition>,
    endpoints: Arc<Vec<Endpoint>>,
    log_start: u64,
}

/// What all cores share.
struct Shared {
    config: Arc<BrokerConfig>,
    connections: Arc<ConnectionCounts>,
    failure: Mutex<Option<ServeError>>,
    /// Held until every core has ended: nobody else opens the log directory before.
    lock: OnceLock<DirectoryLock>,
}

impl Shared {
    /// Keeps the first failure: later ones follow from it.
    fn fail(&self, error: ServeError) {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }
}

/// Runs a broker until it is asked to end (SIGTERM, SIGINT).
///
/// # Errors
/// [`ServeError`] when it could not start, or not everything could be written at the end.
pub fn serve(config: BrokerConfig) -> Result<(), ServeError> {
    check_host(&config.log_dir)?;
    let options = HostOptions {
        cores: processors(&config.engine.cores)?,
        buffers_bytes_per_core: config.engine.core_bytes,
        ..HostOptions::default()
    };
    let shared = Arc::new(Shared {
        connections: Arc::new(ConnectionCounts::new(options.cores.len())),
        config: Arc::new(config),
        failure: Mutex::new(None),
        lock: OnceLock::new(),
    });
    let of_cores = Arc::clone(&shared);
    uring::run(options, move |core, mailbox| run_core(Arc::clone(&of_cores), core, mailbox))?;
    let failure = shared.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
    failure.map_or(Ok(()), Err)
}

/// Looks at what the machine offers, and says what is missing.
fn check_host(directory: &Path) -> Result<(), ServeError> {
    let unusable = |error| ServeError::Storage(format!("the data directory {}: {error}", directory.display()));
    std::fs::create_dir_all(directory).map_err(unusable)?;
    for finding in probe::check(directory).findings() {
        let Finding { subject, found, advice, .. } = finding;
        match finding.severity {
            Severity::Good => debug!("{subject}: {found}"),
            Severity::Warning => warn!("{subject}: {found}; {advice}"),
            Severity::Fatal => return Err(ServeError::Host(format!("{subject}: {found}; {advice}"))),
        }
    }
    Ok(())
}

/// The processor of each core.
fn processors(cores: &Cores) -> Result<Vec<Option<usize>>, ServeError> {
    let unknown = |error| ServeError::Host(format!("its processors cannot be counted: {error}"));
    let set = sched_getaffinity(Pid::from_raw(0)).map_err(unknown)?;
    let allowed: Vec<usize> = (0..CpuSet::count()).filter(|cpu| set.is_set(*cpu).unwrap_or(false)).collect();
    let chosen = match cores {
        Cores::All => allowed,
        Cores::Count(count) if *count > allowed.len() => {
            let usable = allowed.len();
            return Err(ServeError::Host(format!("{count} cores are asked for, and the process may use {usable}")));
        }
        Cores::Count(count) => allowed.into_iter().take(*count).collect(),
        Cores::List(list) => list.clone(),
    };
    Ok(chosen.into_iter().map(Some).collect())
}

/// Runs one core from start to end.
async fn run_core(shared: Arc<Shared>, core: Core, mailbox: Mailbox<CoreMessage>) {
    let result = if core.id() == METADATA_CORE {
        run_first_core(&shared, &core, &mailbox).await
    } else {
        run_other_core(&shared, core, mailbox).await
    };
    if let Err(error) = result {
        shared.fail(error);
    }
}

/// Recovers the log directory, starts the other cores, listens, and at the end stops all of them.
async fn run_first_core(shared: &Shared, core: &Core, mailbox: &Mailbox<CoreMessage>) -> Result<(), ServeError> {
    let started = start_first_core(shared, core, mailbox).await;
    let served = match started {
        Ok((server, listeners)) => serve_clients(&server, listeners).await,
        Err(error) => Err(error),
    };
    for other in all_cores(core).filter(|other| *other != core.id()) {
        mailbox.send(other, CoreMessage::Stop);
    }
    served
}

/// Everything up to the point where clients may come.
async fn start_first_core(
    shared: &Shared,
    core: &Core,
    mailbox: &Mailbox<CoreMessage>,
) -> Result<(Rc<Server>, Vec<Bound>), ServeError> {
    let config = &shared.config;
    let recovered = LogDirectory::open(core, &config.log_dir, config.node_id).await.map_err(storage)?;
    assert!(shared.lock.set(recovered.lock).is_ok(), "the log directory is opened once");
    let listeners = address::bind_all(core, &config.network.listeners).await?;
    let endpoints = Arc::new(address::endpoints(config, &listeners)?);
    let log = open_log(shared, core, recovered.start).await?;
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
            log_start: recovered.start,
        };
        mailbox.send(other, CoreMessage::Start(Box::new(start)));
    }
    let own = Start { image, partitions: partitions.take(core.id()), endpoints, log_start: recovered.start };
    let server = start_server(shared, core, mailbox, own, log, Some(metadata_log)).await?;
    for _ in 1..core.count() {
        match mailbox.receive().await {
            (_, CoreMessage::Started(Ok(()))) => {}
            (from, CoreMessage::Started(Err(why))) => return Err(storage(format!("core {}: {why}", from.0))),
            (from, _) => panic!("core {} speaks before it has started", from.0),
        }
    }
    Ok((server, listeners))
}

/// Opens a core's part of the log directory.
async fn open_log(shared: &Shared, core: &Core, start: u64) -> Result<Rc<CoreLog>, ServeError> {
    let engine = &shared.config.engine;
    let options = LogOptions {
        tail_bytes: engine.tail_bytes,
        journal_first_bytes: engine.journal_first_file_bytes,
        journal_file_bytes: engine.journal_file_bytes,
        journal_files: engine.journal_files_max,
        producer_expiry_ms: i64::try_from(shared.config.producer_expiration.as_millis()).unwrap_or(i64::MAX),
        ..LogOptions::default()
    };
    CoreLog::open(core, &shared.config.log_dir, options, start).await.map_err(storage)
}

/// The partition of the metadata log, which is created with the cluster.
async fn adopt_metadata_log(log: &CoreLog, partitions: &mut Shares) -> Result<Rc<Partition>, ServeError> {
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
) -> Result<(), ServeError> {
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
    shared: &Shared,
    core: &Core,
    mailbox: &Mailbox<CoreMessage>,
    start: Start,
    log: Rc<CoreLog>,
    metadata_log: Option<MetadataLog>,
) -> Result<Rc<Server>, ServeError> {
    let server = Server::new(Parts {
        core: core.clone(),
        mailbox: mailbox.clone(),
        config: Arc::clone(&shared.config),
        endpoints: start.endpoints,
        log,
        image: start.image,
        metadata_log,
        connections: Arc::clone(&shared.connections),
    });
    partitions::adopt(&server, start.partitions).await.map_err(storage)?;
    core.spawn(retention::enforce_forever(Rc::clone(&server)));
    Ok(server)
}

/// Serves clients until the process is asked to end; then answers what is under way and closes the logs of all cores.
async fn serve_clients(server: &Rc<Server>, listeners: Vec<Bound>) -> Result<(), ServeError> {
    let core = &server.core;
    core.spawn(serve_messages(Rc::clone(server)));
    for Bound { listener, socket } in listeners {
        announce(server, listener, &socket);
        core.spawn(listener::accept_connections(Rc::clone(server), socket, listener));
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

/// Tells people and scripts that clients may come.
fn announce(server: &Server, index: usize, listener: &Listener) {
    let name = &server.endpoint(index).name;
    let address = listener.local_addr();
    info!("listening on {name}://{address}");
    // Whoever started the broker may have stopped reading.
    if let Err(error) = writeln!(io::stdout(), "listening on {name}://{address}") {
        debug!(%error, "standard output is closed");
    }
}

/// Runs a core that the first one starts and stops.
async fn run_other_core(shared: &Shared, core: Core, mailbox: Mailbox<CoreMessage>) -> Result<(), ServeError> {
    let start = match mailbox.receive().await {
        (_, CoreMessage::Start(start)) => *start,
        (_, CoreMessage::Stop) => return Ok(()),
        (from, _) => panic!("core {} speaks before this one has started", from.0),
    };
    let started = match open_log(shared, &core, start.log_start).await {
        Ok(log) => start_server(shared, &core, &mailbox, start, log, None).await,
        Err(error) => Err(error),
    };
    let told = started.as_ref().map(drop).map_err(ToString::to_string);
    mailbox.send(METADATA_CORE, CoreMessage::Started(told));
    if let Ok(server) = started {
        serve_messages(server).await;
    }
    Ok(())
}

/// Handles what other cores send, until the first one says that it is over.
async fn serve_messages(server: Rc<Server>) {
    loop {
        match server.mailbox.receive().await {
            (_, CoreMessage::Connection { socket, peer, listener }) => {
                listener::adopt(&server, socket, peer, listener);
            }
            (from, CoreMessage::Call { call, work }) => dispatch::run_call(&server, from, call, work).await,
            (_, CoreMessage::Reply { call, reply }) => dispatch::finish_call(&server, call, reply),
            (from, CoreMessage::Cancel { call }) => dispatch::cancel_call(&server, from, call),
            (_, CoreMessage::Stop) => return,
            (from, CoreMessage::Start(_) | CoreMessage::Started(_)) => panic!("core {} starts twice", from.0),
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

fn storage(error: impl Display) -> ServeError {
    ServeError::Storage(error.to_string())
}
