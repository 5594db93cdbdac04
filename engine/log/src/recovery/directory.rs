//! The log directory's own names: its root, the directories of partitions, and those of deleted ones.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use millrace_base::ids::TopicPartition;
use millrace_base::io_error::DiskFault;
use millrace_runtime::{Core, OpenOptions};

use super::partition::Found;
use crate::error::LogError;
use crate::layout;
use crate::limits::BLOCK_BYTES;
use crate::scan::read_range;

/// Creates the log directory, durably, unless it is there.
pub(super) async fn create_root(core: &Core, root: &Path) -> Result<(), LogError> {
    for directory in [root, &root.join("journal")] {
        core.create_dir_all(directory).await.map_err(LogError::io(format!("create {}", directory.display())))?;
    }
    // A directory's name is durable when the one above it is synced. Those that this process may not open it has not
    // made.
    for above in root.ancestors() {
        // Above a relative path is where the process is.
        let above = if above.as_os_str().is_empty() { Path::new(".") } else { above };
        match core.sync_dir(above).await {
            Err(error) if above != root && DiskFault::of_read(&error) == DiskFault::Forbidden => {}
            synced => synced.map_err(LogError::io(format!("sync {}", above.display())))?,
        }
    }
    Ok(())
}

/// What there is of partitions. Removes what is left of those that were deleted, or whose creation was never finished.
pub(super) async fn find_partitions(core: &Core, root: &Path) -> Result<BTreeMap<TopicPartition, Found>, LogError> {
    let what = |path: &Path| format!("list {}", path.display());
    let mut partitions = BTreeMap::new();
    for entry in core.read_dir(root).await.map_err(LogError::io(what(root)))? {
        if !entry.metadata.is_dir {
            continue;
        }
        let directory = root.join(&entry.name);
        if layout::is_deleted_directory(&entry.name) {
            core.remove_dir_all(&directory).await.map_err(LogError::io(what(&directory)))?;
            continue;
        }
        let Some((topic_name, partition)) = layout::parse_partition_directory(&entry.name) else { continue };
        let mut segments = BTreeMap::new();
        let mut swaps = BTreeMap::new();
        for file in core.read_dir(&directory).await.map_err(LogError::io(what(&directory)))? {
            if let Some(base) = layout::parse_segment_file(&file.name) {
                segments.insert(base, file.metadata.len);
            } else if let Some(swap) = layout::parse_swap_file(&file.name) {
                swaps.insert(swap, file.metadata.len);
            } else if layout::is_deleted_file(&file.name) {
                let path = directory.join(&file.name);
                core.remove_file(&path).await.map_err(LogError::io(format!("remove {}", path.display())))?;
            }
        }
        let metadata = read_text(core, &directory.join(layout::METADATA_FILE)).await?;
        let Some(topic) = metadata.as_deref().and_then(layout::parse_metadata) else {
            for base in segments.keys() {
                if !begins_blank(core, &layout::segment_file(&directory, *base)).await {
                    return Err(damaged_metadata(&directory));
                }
            }
            tracing::warn!(directory = %directory.display(), "removed: its creation was never finished");
            core.remove_dir_all(&directory).await.map_err(LogError::io(what(&directory)))?;
            continue;
        };
        let found = Found { topic_name: topic_name.to_owned(), directory, segments, swaps };
        partitions.insert(TopicPartition { topic, partition }, found);
    }
    Ok(partitions)
}

/// Whether nothing was ever written to a segment: its first batch would not begin with zeros.
async fn begins_blank(core: &Core, path: &Path) -> bool {
    let Ok(file) = core.open(path, OpenOptions::read()).await else { return false };
    let first = read_range(core, &file, 0, BLOCK_BYTES as usize).await;
    first.is_ok_and(|block| block.iter().all(|byte| *byte == 0))
}

/// Whose records these are cannot be guessed, and a new partition of the same name would be laid over them.
fn damaged_metadata(directory: &Path) -> LogError {
    let file = directory.join(layout::METADATA_FILE);
    let advice =
        "restore it (two lines, `version: 0` and `topic_id: ` with the topic's id), or move the directory away";
    let error = io::Error::new(io::ErrorKind::InvalidData, format!("it names no topic id; {advice}"));
    LogError::io(format!("read {}", file.display()))(error)
}

async fn read_text(core: &Core, path: &Path) -> Result<Option<String>, LogError> {
    let what = || format!("read {}", path.display());
    let file = match core.open(path, OpenOptions::read()).await {
        Ok(file) => file,
        Err(error) if DiskFault::of_read(&error) == DiskFault::Absent => return Ok(None),
        Err(error) => return Err(LogError::io(what())(error)),
    };
    match read_range(core, &file, 0, BLOCK_BYTES as usize).await {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        // Power loss may leave a sector that was being written unreadable.
        Err(error) if DiskFault::of_read(&error).is_fatal() => Ok(None),
        Err(error) => Err(LogError::io(what())(error)),
    }
}

/// Removes a partition's directory, in a way that a crash cannot leave half-done.
pub(crate) async fn remove_partition_directory(
    core: &Core,
    root: &Path,
    directory: &Path,
    id: TopicPartition,
) -> Result<(), LogError> {
    let doomed = doom_partition_directory(core, root, directory, id).await?;
    core.remove_dir_all(&doomed).await.map_err(LogError::io(format!("delete {}", directory.display())))
}

/// Gives a partition's directory, durably, the name of one that is to be removed; gives that name.
pub(crate) async fn doom_partition_directory(
    core: &Core,
    root: &Path,
    directory: &Path,
    id: TopicPartition,
) -> Result<PathBuf, LogError> {
    let doomed = layout::deleted_directory(root, id);
    let what = || format!("delete {}", directory.display());
    core.rename(directory, &doomed).await.map_err(LogError::io(what()))?;
    core.sync_dir(root).await.map_err(LogError::io(what()))?;
    Ok(doomed)
}
