//! What the checkpoints of the last start know: the one that recovery wrote for all partitions, then what each core
//! wrote for its own.
//!
//! Invariants:
//! - Where a checkpoint is damaged or gone that may have released a part of a journal, no checkpoint counts: only
//!   segments and journals say what there is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use millrace_base::ids::TopicPartition;
use millrace_runtime::Core;

use crate::checkpoint::{self, Checkpoint, CheckpointError};
use crate::core_log::checkpoint_path;
use crate::error::LogError;
use crate::snapshot::{Body, PartitionSnapshot};

/// What the checkpoints know.
#[derive(Default)]
pub(super) struct Known {
    /// Number of the last start; 0 before the first.
    pub(super) start: u64,
    /// Whether recovery's own checkpoint is there.
    pub(super) has_base: bool,
    pub(super) snapshots: BTreeMap<TopicPartition, PartitionSnapshot>,
    /// The cores that wrote a checkpoint in that start.
    pub(super) cores: BTreeMap<u16, KnownCore>,
    /// The cores that have a checkpoint, of whichever start.
    files: BTreeSet<u16>,
    /// A checkpoint cannot be read, or is gone.
    pub(super) is_damaged: bool,
}

/// What a core's checkpoint says.
pub(super) struct KnownCore {
    /// It was stopped clean: its journal is not needed.
    pub(super) is_clean: bool,
    pub(super) owned: BTreeSet<TopicPartition>,
}

impl Known {
    /// Reads all checkpoints of a log directory.
    ///
    /// # Errors
    /// The disk's, and a later format; damage is none.
    pub(super) async fn load(core: &Core, root: &Path) -> Result<Known, LogError> {
        let mut known = Known::default();
        let base = known.load_one(core, &checkpoint_path(root, None)).await?;
        let base_start = base.as_ref().map(|(base, _)| base.start);
        known.start = base_start.unwrap_or_default();
        known.has_base = base.is_some();
        known.take_in(base.map(|(base, _)| base.partitions).unwrap_or_default());
        let directory = root.join("journal");
        let entries = core.read_dir(&directory).await.map_err(LogError::io(format!("list {}", directory.display())))?;
        for entry in entries {
            let of_core = entry.name.strip_suffix(".checkpoint").and_then(|name| name.parse::<u16>().ok());
            let Some(of_core) = of_core else { continue };
            let Some((body, is_clean)) = known.load_one(core, &checkpoint_path(root, Some(of_core))).await? else {
                continue;
            };
            known.files.insert(of_core);
            known.start = known.start.max(body.start);
            if base_start == Some(body.start) {
                let owned = body.partitions.iter().map(PartitionSnapshot::id).collect();
                known.cores.insert(of_core, KnownCore { is_clean, owned });
                known.take_in(body.partitions);
            }
        }
        Ok(known)
    }

    /// Nothing that a checkpoint says counts any more, but for what is lost for good.
    pub(super) fn forget(&mut self) {
        self.is_damaged = true;
        self.snapshots.retain(|_, snapshot| snapshot.lost.is_some());
        self.cores.clear();
    }

    /// Whether the core has a checkpoint that can be read, of whichever start.
    pub(super) fn has_file(&self, of_core: u16) -> bool {
        self.files.contains(&of_core)
    }

    /// Whether the core was stopped clean.
    pub(super) fn is_clean(&self, of_core: u16) -> bool {
        self.cores.get(&of_core).is_some_and(|known| known.is_clean)
    }

    /// The partitions that other cores' checkpoints know: their entries are in other journals.
    pub(super) fn owned_by_others(&self, of_core: u16) -> BTreeSet<TopicPartition> {
        let others = self.cores.iter().filter(|(owner, _)| **owner != of_core);
        others.flat_map(|(_, known)| known.owned.iter().copied()).collect()
    }

    fn take_in(&mut self, partitions: Vec<PartitionSnapshot>) {
        self.snapshots.extend(partitions.into_iter().map(|snapshot| (snapshot.id(), snapshot)));
    }

    /// A checkpoint's body, and whether it marks a clean stop. A damaged checkpoint is noted, and is no checkpoint.
    async fn load_one(&mut self, core: &Core, path: &Path) -> Result<Option<(Body, bool)>, LogError> {
        let checkpoint = match checkpoint::load(core, path).await {
            Ok(None) => return Ok(None),
            Ok(Some(checkpoint)) => checkpoint,
            Err(error @ CheckpointError::Damaged { .. }) => {
                tracing::warn!(%error, "rebuilding from segments and journal");
                self.is_damaged = true;
                return Ok(None);
            }
            Err(error) => return Err(LogError::Journal(error.to_string())),
        };
        let Checkpoint { is_clean, body, .. } = checkpoint;
        match Body::decode(&body) {
            Ok(body) => Ok(Some((body, is_clean))),
            Err(error) => {
                tracing::warn!(path = %path.display(), error, "rebuilding from segments and journal");
                self.is_damaged = true;
                Ok(None)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use millrace_base::ids::TopicId;

    use super::*;

    #[test]
    fn what_other_cores_own_is_theirs_alone() {
        let id = |partition| TopicPartition { topic: TopicId([7; 16]), partition };
        let owner = |owned: &[i32]| KnownCore { is_clean: false, owned: owned.iter().map(|it| id(*it)).collect() };
        let cores = BTreeMap::from([(0, owner(&[1, 2])), (1, owner(&[3])), (2, owner(&[]))]);
        let known = Known { cores, ..Known::default() };
        for (core, others) in [(0, &[3][..]), (1, &[1, 2]), (2, &[1, 2, 3]), (9, &[1, 2, 3])] {
            assert_eq!(known.owned_by_others(core), others.iter().map(|it| id(*it)).collect(), "core {core}");
        }
    }
}
