//! Recovery: what the checkpoints, the journals and the segments say together, before partitions are given to cores.
//!
//! Invariants:
//! - Every journal of the directory is replayed, whichever core wrote it, and what it holds is made durable in the
//!   segments before a new checkpoint says so; only then can the journals be opened anew.
//! - What is missing takes the partitions that it concerns offline, and no others.

mod checkpoints;
mod directory;
mod journals;
mod partition;
mod redo;

use std::path::Path;

use millrace_base::ids::BrokerId;
use millrace_runtime::Core;

use self::checkpoints::Known;
use self::directory::{create_root, find_partitions};
use self::journals::Replayed;
use self::partition::Evidence;
use crate::checkpoint::{self, Checkpoint};
use crate::core_log::checkpoint_path;
use crate::error::LogError;
use crate::format::{self, DirectoryLock, Format};
use crate::journal::{self, Sequence};
use crate::snapshot::Body;

pub(crate) use self::directory::{doom_partition_directory, remove_partition_directory};
pub use self::partition::RecoveredPartition;

/// A log directory that is ready for cores to open their logs in it.
#[derive(Debug)]
pub struct LogDirectory {
    /// What it says about itself.
    pub format: Format,
    /// Counts the starts.
    pub start: u64,
    /// Its partitions, in no order.
    pub partitions: Vec<RecoveredPartition>,
    /// Held for as long as the broker runs.
    pub lock: DirectoryLock,
}

impl LogDirectory {
    /// Takes a log directory for this process, formats it if it is new, and recovers it.
    ///
    /// # Errors
    /// When it belongs to another node or a newer Millrace, is in use, or cannot be read.
    pub async fn open(core: &Core, root: &Path, node_id: BrokerId) -> Result<LogDirectory, LogError> {
        let foreign = |error: format::FormatError| LogError::Journal(error.to_string());
        create_root(core, root).await?;
        let lock = format::lock(core, root, std::process::id()).await.map_err(foreign)?;
        let format = format::read_or_format(core, root, None, node_id).await.map_err(foreign)?;
        let found = find_partitions(core, root).await?;
        let mut known = Known::load(core, root).await?;
        if known.is_damaged || (!known.has_base && !found.is_empty()) {
            known.forget();
        }
        let replayed = Replayed::load(core, root, &mut known).await?;
        let mut partitions = Vec::new();
        for (id, found) in found {
            let evidence = Evidence {
                snapshot: known.snapshots.get(&id).cloned(),
                entries: replayed.entries.get(&id).map_or(&[][..], Vec::as_slice),
                lost: replayed.loss_of(id),
                is_checkpoint_damaged: known.is_damaged,
            };
            if replayed.deleted.contains(&id) {
                remove_partition_directory(core, root, &found.directory, id).await?;
            } else if found.segments.is_empty() && evidence.snapshot.is_none() && evidence.entries.is_empty() {
                tracing::warn!(directory = %found.directory.display(), "removed: its creation was never finished");
                remove_partition_directory(core, root, &found.directory, id).await?;
            } else {
                partitions.push(partition::recover(core, id, found, evidence).await?);
            }
        }
        let start = known.start + 1;
        save_checkpoint(core, root, start, &partitions).await?;
        for of_core in replayed.cores.into_iter().filter(|of_core| usize::from(*of_core) >= core.count()) {
            let retired = journal::retire(core, root, of_core).await;
            retired.map_err(|error| LogError::Journal(error.to_string()))?;
        }
        Ok(LogDirectory { format, start, partitions, lock })
    }
}

/// Writes what was recovered as the checkpoint that this start begins with.
async fn save_checkpoint(
    core: &Core,
    root: &Path,
    start: u64,
    partitions: &[RecoveredPartition],
) -> Result<(), LogError> {
    let body = Body::new(start, partitions.iter().map(|partition| partition.snapshot.clone()).collect()).encode();
    let body = body.map_err(|error| LogError::Journal(format!("the checkpoint cannot be encoded: {error}")))?;
    let recovered = Checkpoint { covered: Sequence::default(), is_clean: true, body };
    let saved = checkpoint::save(core, &checkpoint_path(root, None), &recovered).await;
    saved.map_err(|error| LogError::Journal(error.to_string()))
}
