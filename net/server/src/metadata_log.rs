//! The metadata log: commands are decided on one core, made durable in `__cluster_metadata-0`, then applied on every
//! core.
//!
//! Invariants:
//! - commands are decided one after the other, each against the image that contains all before it;
//! - a record is applied to an image only once it is durable;
//! - a proposal is answered once every core has applied it, so whoever reads the answer finds it everywhere.
//!
//! A Raft log can take this log's place: a proposal then waits for the quorum instead of one disk, and nothing above
//! changes.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use futures_util::future::join_all;
use millrace_base::broker_config::BrokerConfig;
use millrace_base::code::ErrorCode;
use millrace_base::ids::{TopicId, TopicPartition};
use millrace_cluster::metadata::{Command, CommandError, Image, ImageError, Machine, MetadataRecord, RecordError};
use millrace_log::{Append, AppendError, Origin, Partition, Unavailable};
use millrace_record::RecordError as BatchError;
use millrace_record::builder::BatchBuilder;
use millrace_record::compression::Codec;
use millrace_runtime::{Core, sync};
use thiserror::Error;
use tracing::{error, warn};

use crate::dispatch::{self, CoreCall};
use crate::partitions;
use crate::replay::{self, ReplayError};
use crate::server::{LEADER_EPOCH_OF_METADATA, METADATA_CORE, Server, all_cores};

/// The partition that holds the metadata log, under the id that Kafka gives its topic.
pub(crate) const METADATA_PARTITION: TopicPartition = TopicPartition { topic: TopicId::METADATA, partition: 0 };
/// Its topic's name.
pub(crate) const METADATA_TOPIC: &str = "__cluster_metadata";

/// Why the metadata log cannot be read or written.
#[derive(Debug, Error)]
pub(crate) enum MetadataLogError {
    #[error(transparent)]
    Replay(#[from] ReplayError),
    #[error("it cannot be written: {0}")]
    Append(#[from] AppendError),
    #[error("it cannot be written: {0}")]
    Unavailable(#[from] Unavailable),
    #[error("the record at offset {offset} is damaged: {source}")]
    Record { offset: i64, source: RecordError },
    #[error("the record at offset {offset} does not follow from those before it: {source}")]
    Contradiction { offset: i64, source: ImageError },
    #[error("the records of a command make no batch: {0}")]
    Build(#[from] BatchError),
}

/// Commands are decided here, on the core that owns the log.
pub(crate) struct MetadataLog {
    partition: Rc<Partition>,
    machine: RefCell<Machine>,
    config: Arc<BrokerConfig>,
    turn: sync::Semaphore,
}

impl MetadataLog {
    /// A log whose records gave `image`.
    pub(crate) fn new(partition: Rc<Partition>, image: Image, config: Arc<BrokerConfig>) -> Self {
        let machine = RefCell::new(Machine::new(image, BrokerConfig::clone(&config)));
        Self { partition, machine, config, turn: sync::Semaphore::new(1) }
    }

    /// The metadata at the log's end.
    pub(crate) fn image(&self) -> Image {
        self.machine.borrow().image().clone()
    }

    /// Decides a command and makes what follows from it durable: all of it or nothing.
    ///
    /// # Errors
    /// Why the command is refused; KAFKA_STORAGE_ERROR when the log cannot be written.
    pub(crate) async fn decide(&self, command: &Command, now_ms: i64) -> Result<Vec<MetadataRecord>, CommandError> {
        let _turn = self.turn.acquire(1).await;
        let before = self.image();
        let accepted = self.machine.borrow_mut().propose(command)?;
        for warning in &accepted.warnings {
            warn!("{warning}");
        }
        if let Err(error) = self.persist(&accepted.records, now_ms).await {
            error!(%error, "the metadata log failed");
            *self.machine.borrow_mut() = Machine::new(before, BrokerConfig::clone(&self.config));
            return Err(CommandError::new(ErrorCode::KafkaStorageError, format!("the metadata log failed: {error}")));
        }
        Ok(accepted.records)
    }

    /// Says what [`MetadataLog::decide`] would, and changes nothing.
    ///
    /// # Errors
    /// Why the command would be refused.
    pub(crate) fn check(&self, command: &Command) -> Result<Vec<MetadataRecord>, CommandError> {
        self.machine.borrow().check(command).map(|accepted| accepted.records)
    }

    async fn persist(&self, records: &[MetadataRecord], now_ms: i64) -> Result<(), MetadataLogError> {
        if records.is_empty() {
            return Ok(());
        }
        let mut batch = BatchBuilder::new(Codec::None);
        for record in records {
            batch.push(now_ms, None, Some(&record.encode()), &[])?;
        }
        let append = Append {
            batches: &batch.build()?,
            origin: Origin::Coordinator,
            leader_epoch: LEADER_EPOCH_OF_METADATA,
            restamp: None,
        };
        let appended = self.partition.append(&append).await?;
        self.partition.wait_durable(appended.next_offset).await?;
        Ok(())
    }
}

/// Replays the log from its start.
///
/// # Errors
/// [`MetadataLogError`] for anything that is not as it was written: the broker must not guess its metadata.
pub(crate) async fn replay(core: &Core, partition: &Rc<Partition>) -> Result<Image, MetadataLogError> {
    let mut image = Image::default();
    replay::replay(core, partition, |record| {
        let offset = record.offset;
        let change = MetadataRecord::decode(record.value.unwrap_or_default())
            .map_err(|source| MetadataLogError::Record { offset, source })?;
        image.apply(&change).map_err(|source| MetadataLogError::Contradiction { offset, source })
    })
    .await?;
    Ok(image)
}

/// Asks the core of the metadata log to carry out a command, and gives what it changed. The answer comes when all cores
/// know.
///
/// # Errors
/// Why the command is refused.
pub(crate) async fn propose(server: &Rc<Server>, command: Command) -> Result<Arc<Vec<MetadataRecord>>, CommandError> {
    dispatch::call(server, METADATA_CORE, Propose { command, validate_only: false }).await
}

/// What [`propose`] would say.
///
/// # Errors
/// Why the command would be refused.
pub(crate) async fn check(server: &Rc<Server>, command: Command) -> Result<Arc<Vec<MetadataRecord>>, CommandError> {
    dispatch::call(server, METADATA_CORE, Propose { command, validate_only: true }).await
}

struct Propose {
    command: Command,
    validate_only: bool,
}

impl CoreCall for Propose {
    type Reply = Result<Arc<Vec<MetadataRecord>>, CommandError>;
    const CANCELLABLE: bool = false;

    async fn run(self, server: Rc<Server>) -> Self::Reply {
        let Some(log) = &server.metadata_log else { unreachable!("proposals go to the core of the metadata log") };
        if self.validate_only {
            return log.check(&self.command).map(Arc::new);
        }
        let records = Arc::new(log.decide(&self.command, server.core.wall_ms()).await?);
        let apply = |core| dispatch::call(&server, core, Apply(Arc::clone(&records)));
        join_all(all_cores(&server.core).map(apply)).await;
        Ok(records)
    }
}

/// Applies durable records to a core's image, and to the partitions that the core owns.
struct Apply(Arc<Vec<MetadataRecord>>);

impl CoreCall for Apply {
    type Reply = ();
    const CANCELLABLE: bool = false;

    async fn run(self, server: Rc<Server>) {
        for record in self.0.iter() {
            server.apply(record);
        }
        partitions::follow(&server, &self.0).await;
    }
}
