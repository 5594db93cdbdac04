//! The ways in which an append can become durable.

use std::path::Path;
use std::rc::Rc;

use millrace_base::ids::{TopicId, TopicPartition};
use millrace_log::{Append, CoreLog, LogDirectory, LogOptions, Origin, Partition, PartitionConfig, WritePath};
use millrace_runtime::Core;

use crate::Failure;
use crate::bare::Bare;

/// The node that owns the measured log directories.
const NODE_ID: i32 = 1;
/// Partitions that are created, or deleted, at a time.
const AT_A_TIME: usize = 64;
/// What a log may keep in its tails, in bytes: the broker's default. Larger ones measure how fast the system gives out
/// memory that nobody has touched.
const TAIL_BYTES: usize = 128 << 20;
/// More than any run has: all of it goes through the journal.
const NEVER_BYTES: u64 = u64::MAX;

/// How an append becomes durable.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    /// The log with its defaults.
    Journal,
    /// The log, with every run of a block or more straight to its segment.
    Straight,
    /// The log, with runs of at least so many bytes straight to their segments.
    LargeFrom(u64),
    /// No log: one synced write of whole blocks per append to the partition's own file. `sized`: the file's length is
    /// set ahead, with its space.
    Bare { sized: bool },
}

impl Way {
    pub(crate) const COMPARED: [Way; 4] =
        [Way::Journal, Way::Straight, Way::Bare { sized: false }, Way::Bare { sized: true }];
    pub(crate) const THRESHOLDS: [Way; 4] =
        [Way::LargeFrom(16 << 10), Way::LargeFrom(64 << 10), Way::LargeFrom(256 << 10), Way::LargeFrom(NEVER_BYTES)];

    pub(crate) fn name(self) -> String {
        match self {
            Way::Journal => "journal".to_owned(),
            Way::Straight => "straight".to_owned(),
            Way::LargeFrom(NEVER_BYTES) => "straight never".to_owned(),
            Way::LargeFrom(bytes) => format!("straight from {} KiB", bytes >> 10),
            Way::Bare { sized: false } => "bare".to_owned(),
            Way::Bare { sized: true } => "bare, sized".to_owned(),
        }
    }

    /// Creates `partitions` partitions in the new directory `root`.
    pub(crate) async fn open(self, core: &Core, root: &Path, partitions: usize) -> Result<Subject, Failure> {
        let options = LogOptions { tail_bytes: TAIL_BYTES, ..LogOptions::default() };
        match self {
            Way::Journal => Subject::log(core, root, options, partitions).await,
            Way::Straight => {
                let options = LogOptions { write_path: WritePath::Straight, ..options };
                Subject::log(core, root, options, partitions).await
            }
            Way::LargeFrom(large_run_bytes) => {
                Subject::log(core, root, LogOptions { large_run_bytes, ..options }, partitions).await
            }
            Way::Bare { sized } => {
                core.create_dir_all(root).await?;
                let mut files = Vec::new();
                for index in 0..partitions {
                    files.push(Bare::create(core, &root.join(index.to_string()), sized).await?);
                }
                core.sync_dir(root).await?;
                Ok(Subject::Bare { core: core.clone(), files })
            }
        }
    }
}

/// A way with its partitions, ready for appends.
pub(crate) enum Subject {
    Log { log: Rc<CoreLog>, partitions: Vec<Rc<Partition>>, _directory: LogDirectory },
    Bare { core: Core, files: Vec<Bare> },
}

impl Subject {
    async fn log(core: &Core, root: &Path, options: LogOptions, partitions: usize) -> Result<Subject, Failure> {
        let directory = LogDirectory::open(core, root, NODE_ID).await?;
        let log = CoreLog::open(core, root, options, directory.start).await?;
        let tasks: Vec<_> = (0..AT_A_TIME.min(partitions))
            .map(|first| {
                let log = log.clone();
                core.spawn_join(async move {
                    let mut created = Vec::new();
                    for partition in (first..partitions).step_by(AT_A_TIME) {
                        let id = TopicPartition { topic: TopicId([7; 16]), partition: partition as i32 };
                        created.push(log.create_partition(id, "measured", PartitionConfig::default()).await?);
                    }
                    Ok::<_, millrace_log::LogError>(created)
                })
            })
            .collect();
        let mut partitions = Vec::new();
        for task in tasks {
            partitions.append(&mut task.await?);
        }
        Ok(Subject::Log { log, partitions, _directory: directory })
    }

    /// Deletes a log's partitions: with them go their files' descriptors and the memory of their tails.
    pub(crate) async fn delete(&self, core: &Core) -> Result<(), Failure> {
        let Subject::Log { log, .. } = self else { return Ok(()) };
        let ids = Rc::new(log.partitions());
        let tasks: Vec<_> = (0..AT_A_TIME)
            .map(|first| {
                let (log, ids) = (log.clone(), ids.clone());
                core.spawn_join(async move {
                    for id in ids.iter().skip(first).step_by(AT_A_TIME) {
                        log.delete_partition(*id).await?;
                    }
                    Ok::<_, millrace_log::LogError>(())
                })
            })
            .collect();
        for task in tasks {
            task.await?;
        }
        Ok(())
    }

    /// Appends a batch to a partition; returns when it is durable.
    pub(crate) async fn append(&self, partition: usize, batch: &[u8]) -> Result<(), Failure> {
        match self {
            Subject::Log { partitions, .. } => {
                let partition = partitions.get(partition).ok_or("no such partition")?;
                let append = Append { batches: batch, origin: Origin::Client, leader_epoch: 0, restamp: None };
                let appended = partition.append(&append).await?;
                Ok(partition.wait_durable(appended.next_offset).await?)
            }
            Subject::Bare { core, files } => files.get(partition).ok_or("no such partition")?.append(core, batch).await,
        }
    }
}
