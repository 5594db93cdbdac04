//! Recovery: what the checkpoints, the journals and the segments say together, before partitions are given to cores.
//!
//! Invariants:
//! - Every journal of the directory is replayed, whichever core wrote it, and what it holds is made durable in the
//!   segments before a new checkpoint says so; only then can the journals be opened anew.
//! - A block is written only if it differs from what the journal holds of it: so recovery may be cut short and begun
//!   again.
//! - What is missing takes the partitions that it concerns offline, and no others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use millrace_base::ids::{BrokerId, Offset, TopicPartition};
use millrace_record::batch::Batch;
use millrace_runtime::{Core, Durability, File, OpenOptions};

use crate::checkpoint::{self, Checkpoint, CheckpointError};
use crate::core_log::checkpoint_path;
use crate::epochs::LeaderEpochs;
use crate::error::LogError;
use crate::format::{self, DirectoryLock, Format};
use crate::journal::{self, Entry, External, Operation, Sequence, Verdict};
use crate::layout;
use crate::limits::{BLOCK_BYTES, block_ceil, block_floor};
use crate::overlay::Overlay;
use crate::producers::Producers;
use crate::scan::{read_range, scan};
use crate::snapshot::{Body, PartitionSnapshot, SegmentSnapshot};

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

/// A partition as recovery has found it, on its way to the core that owns it.
#[derive(Debug)]
pub struct RecoveredPartition {
    pub(crate) topic_name: String,
    pub(crate) directory: PathBuf,
    pub(crate) snapshot: PartitionSnapshot,
    pub(crate) offline: Option<String>,
    pub(crate) is_clean: bool,
}

impl RecoveredPartition {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> TopicPartition {
        self.snapshot.id()
    }

    /// Its topic's name.
    #[must_use]
    pub fn topic_name(&self) -> &str {
        &self.topic_name
    }
}

/// What is on the disk of one partition.
struct Found {
    topic_name: String,
    directory: PathBuf,
    segments: BTreeMap<Offset, u64>,
}

/// What is known before the journals are looked at.
#[derive(Default)]
struct Known {
    start: u64,
    snapshots: BTreeMap<TopicPartition, PartitionSnapshot>,
    /// By core: which partitions its checkpoint knows.
    owned: BTreeMap<u16, BTreeSet<TopicPartition>>,
    /// Cores that were stopped clean: their journals are not needed.
    clean: BTreeSet<u16>,
    is_damaged: bool,
}

impl LogDirectory {
    /// Takes a log directory for this process, formats it if it is new, and recovers it.
    ///
    /// # Errors
    /// When it belongs to another node or a newer Millrace, is in use, or cannot be read.
    pub async fn open(core: &Core, root: &Path, node_id: BrokerId) -> Result<LogDirectory, LogError> {
        let foreign = |error: format::FormatError| LogError::Journal(error.to_string());
        core.create_dir_all(root).await.map_err(LogError::io(format!("create {}", root.display())))?;
        // A directory's name is durable when the one above it is synced.
        for above in root.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty()) {
            core.sync_dir(above).await.map_err(LogError::io(format!("sync {}", above.display())))?;
        }
        let lock = format::lock(core, root, std::process::id()).await.map_err(foreign)?;
        let format = format::read_or_format(core, root, None, node_id).await.map_err(foreign)?;
        let journals = root.join("journal");
        core.create_dir_all(&journals).await.map_err(LogError::io(format!("create {}", journals.display())))?;
        let mut found = find_partitions(core, root).await?;
        let known = load_checkpoints(core, root).await?;
        let replayed = replay(core, root, &known).await?;
        let mut partitions = Vec::new();
        for (id, found) in std::mem::take(&mut found) {
            if replayed.deleted.contains(&id) {
                finish_deletion(core, root, &found.directory, id).await?;
                continue;
            }
            let snapshot = known.snapshots.get(&id).cloned();
            let entries = replayed.entries.get(&id).map_or(&[][..], Vec::as_slice);
            if found.segments.is_empty() && snapshot.is_none() && entries.is_empty() {
                tracing::warn!(directory = %found.directory.display(), "removed: its creation was never finished");
                finish_deletion(core, root, &found.directory, id).await?;
                continue;
            }
            let lost = replayed.lost.iter().find(|lost| lost.concerns(id)).map(|lost| lost.reason.clone());
            partitions.push(recover_partition(core, id, found, snapshot, entries, lost).await?);
        }
        let start = known.start + 1;
        let body = Body::new(start, partitions.iter().map(|partition| partition.snapshot.clone()).collect()).encode();
        let body = body.map_err(|error| LogError::Journal(format!("the checkpoint cannot be encoded: {error}")))?;
        let recovered = Checkpoint { covered: Sequence::default(), is_clean: true, body };
        let saved = checkpoint::save(core, &checkpoint_path(root, None), &recovered).await;
        saved.map_err(|error| LogError::Journal(error.to_string()))?;
        for of_core in replayed.cores {
            if usize::from(of_core) >= core.count() {
                let retired = journal::retire(core, root, of_core).await;
                retired.map_err(|error| LogError::Journal(error.to_string()))?;
            }
        }
        Ok(LogDirectory { format, start, partitions, lock })
    }
}

async fn find_partitions(core: &Core, root: &Path) -> Result<BTreeMap<TopicPartition, Found>, LogError> {
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
        let metadata = read_text(core, &directory.join(layout::METADATA_FILE)).await?;
        let Some(topic) = metadata.as_deref().and_then(layout::parse_metadata) else {
            tracing::warn!(directory = %directory.display(), "removed: its creation was never finished");
            core.remove_dir_all(&directory).await.map_err(LogError::io(what(&directory)))?;
            continue;
        };
        let mut segments = BTreeMap::new();
        for file in core.read_dir(&directory).await.map_err(LogError::io(what(&directory)))? {
            if let Some(base) = layout::parse_segment_file(&file.name) {
                segments.insert(base, file.metadata.len);
            }
        }
        let found = Found { topic_name: topic_name.to_owned(), directory, segments };
        partitions.insert(TopicPartition { topic, partition }, found);
    }
    Ok(partitions)
}

async fn read_text(core: &Core, path: &Path) -> Result<Option<String>, LogError> {
    let what = || format!("read {}", path.display());
    let file = match core.open(path, OpenOptions::read()).await {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(LogError::io(what())(error)),
    };
    let bytes = read_range(core, &file, 0, BLOCK_BYTES as usize).await.map_err(LogError::io(what()))?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// The newest start's checkpoints: what recovery wrote for all partitions, then what each core wrote for its own.
async fn load_checkpoints(core: &Core, root: &Path) -> Result<Known, LogError> {
    let mut known = Known::default();
    let base = load(core, &checkpoint_path(root, None), &mut known).await?;
    let base_start = base.as_ref().map(|base| base.start);
    known.start = base_start.unwrap_or_default();
    known.snapshots =
        base.into_iter().flat_map(|base| base.partitions).map(|snapshot| (snapshot.id(), snapshot)).collect();
    let directory = root.join("journal");
    let entries = core.read_dir(&directory).await.map_err(LogError::io(format!("list {}", directory.display())))?;
    for entry in entries {
        let of_core = entry.name.strip_suffix(".checkpoint").and_then(|name| name.parse::<u16>().ok());
        let Some(of_core) = of_core else { continue };
        let path = checkpoint_path(root, Some(of_core));
        let loaded = checkpoint::load(core, &path).await;
        let Some(checkpoint) = accept(loaded, &mut known)? else { continue };
        let Some(body) = decode(&path, &checkpoint, &mut known) else { continue };
        known.start = known.start.max(body.start);
        if base_start == Some(body.start) {
            if checkpoint.is_clean {
                known.clean.insert(of_core);
            }
            known.owned.insert(of_core, body.partitions.iter().map(PartitionSnapshot::id).collect());
            known.snapshots.extend(body.partitions.into_iter().map(|snapshot| (snapshot.id(), snapshot)));
        }
    }
    if known.is_damaged {
        // The journal may be released as far as the damaged checkpoint went: only the segments say what there is.
        known.snapshots.retain(|_, snapshot| snapshot.lost.is_some());
        known.clean.clear();
    }
    Ok(known)
}

async fn load(core: &Core, path: &Path, known: &mut Known) -> Result<Option<Body>, LogError> {
    let loaded = checkpoint::load(core, path).await;
    Ok(accept(loaded, known)?.and_then(|checkpoint| decode(path, &checkpoint, known)))
}

/// A damaged checkpoint is no checkpoint; any other failure is one.
fn accept(
    loaded: Result<Option<Checkpoint>, CheckpointError>,
    known: &mut Known,
) -> Result<Option<Checkpoint>, LogError> {
    match loaded {
        Ok(checkpoint) => Ok(checkpoint),
        Err(error @ CheckpointError::Damaged { .. }) => {
            tracing::warn!(%error, "rebuilding from segments and journal");
            known.is_damaged = true;
            Ok(None)
        }
        Err(error) => Err(LogError::Journal(error.to_string())),
    }
}

fn decode(path: &Path, checkpoint: &Checkpoint, known: &mut Known) -> Option<Body> {
    match Body::decode(&checkpoint.body) {
        Ok(body) => Some(body),
        Err(error) => {
            tracing::warn!(path = %path.display(), error, "a checkpoint that cannot be read: rebuilding");
            known.is_damaged = true;
            None
        }
    }
}

/// What the journals say.
#[derive(Default)]
struct Replayed {
    entries: BTreeMap<TopicPartition, Vec<Entry>>,
    deleted: BTreeSet<TopicPartition>,
    cores: Vec<u16>,
    lost: Vec<Lost>,
}

/// Commits that cannot be read any more.
struct Lost {
    reason: String,
    /// Partitions that the journal names behind the break.
    touched: BTreeSet<TopicPartition>,
    /// Partitions that the checkpoints of other cores know: their entries are in other journals.
    elsewhere: BTreeSet<TopicPartition>,
}

impl Lost {
    fn concerns(&self, id: TopicPartition) -> bool {
        self.touched.contains(&id) || !self.elsewhere.contains(&id)
    }
}

async fn replay(core: &Core, root: &Path, known: &Known) -> Result<Replayed, LogError> {
    let failed = |error: journal::JournalError| LogError::Journal(error.to_string());
    let mut replayed = Replayed::default();
    for mut journal in journal::replay(core, root).await.map_err(failed)?.journals {
        let of_core = journal.core();
        replayed.cores.push(of_core);
        if known.clean.contains(&of_core) {
            continue;
        }
        while let Some(commit) = journal.next().await.map_err(failed)? {
            for entry in commit.entries {
                if entry.operation == Operation::Delete {
                    replayed.deleted.insert(entry.partition);
                }
                replayed.entries.entry(entry.partition).or_default().push(entry);
            }
        }
        let verdict = journal.verdict().clone();
        if let Verdict::Torn { at } = &verdict {
            tracing::info!(
                core = of_core,
                commit = at.0,
                "the journal ends in a torn commit, which nobody was told of"
            );
        }
        if !verdict.is_complete() {
            let mut touched = BTreeSet::new();
            while let Some(commit) = journal.next_beyond_break().await.map_err(failed)? {
                touched.extend(commit.entries.iter().map(|entry| entry.partition));
            }
            tracing::error!(
                core = of_core,
                ?verdict,
                "the journal is damaged: partitions that it concerns stay offline"
            );
            let others = known.owned.iter().filter(|(owner, _)| **owner != of_core);
            let elsewhere = others.flat_map(|(_, owned)| owned.iter().copied()).collect();
            replayed.lost.push(Lost { reason: format!("journal {of_core}: {verdict:?}"), touched, elsewhere });
        }
    }
    Ok(replayed)
}

async fn finish_deletion(core: &Core, root: &Path, directory: &Path, id: TopicPartition) -> Result<(), LogError> {
    let doomed = layout::deleted_directory(root, id);
    let what = || format!("delete {}", directory.display());
    core.rename(directory, &doomed).await.map_err(LogError::io(what()))?;
    core.sync_dir(root).await.map_err(LogError::io(what()))?;
    core.remove_dir_all(&doomed).await.map_err(LogError::io(what()))
}

/// Redoes what the journal holds of a partition, and finds its end.
async fn recover_partition(
    core: &Core,
    id: TopicPartition,
    found: Found,
    snapshot: Option<PartitionSnapshot>,
    entries: &[Entry],
    lost: Option<String>,
) -> Result<RecoveredPartition, LogError> {
    let Found { topic_name, directory, segments } = found;
    let was_known = snapshot.is_some();
    let mut snapshot = snapshot.unwrap_or_else(|| empty_snapshot(id, &segments));
    snapshot.lost = snapshot.lost.or(lost);
    let mut partition = Recovering { core, directory: &directory, id, files: BTreeMap::new(), offline: None };
    let is_clean = was_known && entries.is_empty();
    let mut unsynced_from = Offset::MAX;
    if !is_clean {
        let scan_from = scan_start(&snapshot, was_known);
        let is_there = partition.redo(entries, &mut snapshot).await?;
        partition.find_end(&mut snapshot, scan_from, &is_there, !was_known).await?;
        unsynced_from = scan_from.0;
    }
    if snapshot.lost.is_none() {
        partition.cut_files(&snapshot, &segments, unsynced_from).await?;
    }
    let offline = snapshot.lost.clone().or(partition.offline);
    Ok(RecoveredPartition { topic_name, directory, snapshot, offline, is_clean })
}

/// Where the batches begin that a snapshot does not know: in the segment with its durable end. A later one may have
/// been begun.
fn scan_start(snapshot: &PartitionSnapshot, was_known: bool) -> (Offset, u64) {
    let reached = snapshot.segments.iter().rfind(|segment| segment.base <= snapshot.durable_offset);
    match reached {
        Some(reached) if was_known => (reached.base, reached.end),
        _ => (snapshot.segments.first().map_or(0, |first| first.base), 0),
    }
}

fn empty_snapshot(id: TopicPartition, segments: &BTreeMap<Offset, u64>) -> PartitionSnapshot {
    let first = segments.keys().next().copied().unwrap_or(0);
    PartitionSnapshot {
        topic: id.topic.0,
        partition: id.partition,
        generation: 0,
        log_start: first,
        durable_offset: first,
        segments: segments.iter().map(|(base, end)| SegmentSnapshot { base: *base, end: *end }).collect(),
        epochs: Vec::new(),
        producers: Vec::new(),
        lost: None,
    }
}

struct Recovering<'a> {
    core: &'a Core,
    directory: &'a Path,
    id: TopicPartition,
    files: BTreeMap<Offset, File>,
    offline: Option<String>,
}

impl Recovering<'_> {
    async fn file(&mut self, base: Offset) -> Result<File, LogError> {
        if let Some(file) = self.files.get(&base) {
            return Ok(file.clone());
        }
        let path = layout::segment_file(self.directory, base);
        let opened = self.core.open(&path, OpenOptions::read_write()).await;
        let file = opened.map_err(LogError::io(format!("open {}", path.display())))?;
        self.files.insert(base, file.clone());
        Ok(file)
    }

    fn io(&self, what: &str, base: Offset) -> impl FnOnce(std::io::Error) -> LogError + use<> {
        LogError::io(format!("{what} {}", layout::segment_file(self.directory, base).display()))
    }

    /// Writes redo bytes into the segments, and takes over what the entries say. What the segments and the offsets
    /// reach by the entries alone is what is given.
    async fn redo(&mut self, entries: &[Entry], snapshot: &mut PartitionSnapshot) -> Result<Journaled, LogError> {
        let mut journaled = Journaled { next_offset: snapshot.durable_offset, boundaries: BTreeSet::new() };
        let mut overlays: BTreeMap<Offset, Overlay> = BTreeMap::new();
        for entry in entries {
            match entry.operation {
                Operation::Append { segment, position, external, next_offset, .. } => {
                    let redo_end = position + entry.redo.len() as u64;
                    let end = redo_end.max(external.map_or(0, |run| run.position + run.bytes));
                    overlays.entry(segment).or_default().lay(position, &entry.redo);
                    snapshot.reach(segment, end);
                    journaled.boundaries.insert((segment, end));
                    journaled.next_offset = journaled.next_offset.max(next_offset);
                }
                Operation::Roll { segment, generation } => {
                    snapshot.generation = snapshot.generation.max(generation);
                    snapshot.reach(segment, 0);
                }
                Operation::LogStart { offset } => snapshot.log_start = snapshot.log_start.max(offset),
                Operation::Truncate { .. } | Operation::Move { .. } => {
                    snapshot.lost = Some("the journal holds an operation that this version does not know".to_owned());
                }
                Operation::Delete => {}
            }
        }
        for (segment, overlay) in overlays {
            self.write_overlay(segment, overlay).await?;
        }
        for entry in entries {
            if let Operation::Append { segment, external: Some(external), .. } = entry.operation {
                self.check_external(segment, external).await?;
            }
        }
        Ok(journaled)
    }

    async fn check_external(&mut self, segment: Offset, external: External) -> Result<(), LogError> {
        let External { position, bytes, checksum } = external;
        let file = self.file(segment).await?;
        let is_sound = match read_range(self.core, &file, position, bytes as usize).await {
            Ok(run) => run.len() as u64 == bytes && crc32fast::hash(&run) == checksum,
            Err(error) => {
                tracing::error!(partition = %self.id, segment, position, bytes, %error, "a durable run cannot be read");
                return Ok(());
            }
        };
        if !is_sound {
            tracing::error!(partition = %self.id, segment, position, bytes, "a run that was durable is damaged");
        }
        Ok(())
    }

    /// Writes the blocks that differ from what the journal holds, whole: a block that is durable is never written
    /// again, so that recovery may be cut short.
    async fn write_overlay(&mut self, segment: Offset, overlay: Overlay) -> Result<(), LogError> {
        let file = self.file(segment).await?;
        for (start, bytes) in overlay.runs {
            let mut at = start;
            let end = start + bytes.len() as u64;
            while at < end {
                let to = block_floor(at + BLOCK_BYTES).min(end);
                let wanted = bytes.get((at - start) as usize..(to - start) as usize).unwrap_or_default();
                let is_there = match read_range(self.core, &file, at, wanted.len()).await {
                    Ok(found) => &*found == wanted,
                    Err(error) => {
                        tracing::warn!(partition = %self.id, segment, at, %error, "a torn block is written anew");
                        false
                    }
                };
                if !is_there {
                    let mut block = wanted.to_vec();
                    block.resize((block_ceil(to) - at) as usize, 0);
                    let written = file.write_at(self.core, vec![block.into()], at, Durability::Deferred).await;
                    written.map_err(self.io("write", segment))?;
                }
                at = to;
            }
        }
        Ok(())
    }

    /// Walks the batches behind what the checkpoint knew, for the end, the epochs and the producers. What the journal
    /// says is there stays, damaged or not; behind it a torn tail is cut.
    async fn find_end(
        &mut self,
        snapshot: &mut PartitionSnapshot,
        from: (Offset, u64),
        journaled: &Journaled,
        rebuild: bool,
    ) -> Result<(), LogError> {
        let mut epochs = LeaderEpochs::from_entries(std::mem::take(&mut snapshot.epochs));
        let mut producers = Producers::from_states(std::mem::take(&mut snapshot.producers));
        let mut next_offset = snapshot.durable_offset;
        let last = snapshot.segments.len().saturating_sub(1);
        let (mut is_damaged, mut unreached) = (false, None);
        for (index, segment) in snapshot.segments.iter_mut().enumerate() {
            if segment.base < from.0 {
                continue;
            }
            if !is_damaged && segment.base > next_offset.max(journaled.next_offset) {
                // Begun behind batches that were never durable.
                unreached.get_or_insert(segment.base);
                break;
            }
            let mut start = if segment.base == from.0 { from.1.min(segment.end) } else { 0 };
            let file = self.file(segment.base).await?;
            let read = async |at, bytes| read_range(self.core, &file, at, bytes).await;
            while start < segment.end {
                let mut visit = |_: u64, batch: &Batch<'_>| {
                    let follows = batch.base_offset() >= next_offset;
                    if follows {
                        epochs.assign(batch.leader_epoch(), batch.base_offset());
                        producers.note(batch, batch.base_offset(), 0);
                        next_offset = batch.next_offset();
                    }
                    follows
                };
                let end = scan(read, start, segment.end, segment.end, &mut visit).await;
                let end = end.map_err(self.io("read", segment.base))?;
                let Some(damage) = end.damage else { break };
                is_damaged = !(rebuild && index == last);
                let boundaries = &journaled.boundaries;
                let next = boundaries.range((segment.base, end.position + 1)..).next();
                match next.filter(|(base, _)| *base == segment.base) {
                    Some((_, boundary)) => {
                        let (id, segment, position) = (self.id, segment.base, end.position);
                        tracing::error!(partition = %id, segment, position, damage, "damaged records");
                        start = *boundary;
                    }
                    None if rebuild && index == last => {
                        segment.end = end.position;
                        break;
                    }
                    None => {
                        let (id, segment, position) = (self.id, segment.base, end.position);
                        tracing::error!(partition = %id, segment, position, damage, "damaged records");
                        break;
                    }
                }
            }
        }
        if let Some(unreached) = unreached {
            snapshot.segments.retain(|segment| segment.base < unreached);
        }
        snapshot.durable_offset = next_offset.max(journaled.next_offset);
        // A segment that was begun behind what is not there holds nothing that was acknowledged, unless damage lies
        // between.
        let log_end = snapshot.durable_offset;
        snapshot.segments.retain(|segment| segment.base <= log_end || segment.end > 0);
        snapshot.durable_offset = snapshot.segments.last().map_or(log_end, |last| log_end.max(last.base));
        producers.note_durable(snapshot.durable_offset);
        snapshot.epochs = epochs.entries().to_vec();
        snapshot.producers = producers.durable_states().cloned().collect();
        Ok(())
    }

    /// Makes what was written durable, and every file as long as what is in it.
    async fn cut_files(
        &mut self,
        snapshot: &PartitionSnapshot,
        on_disk: &BTreeMap<Offset, u64>,
        unsynced_from: Offset,
    ) -> Result<(), LogError> {
        let touched: BTreeSet<Offset> = self.files.keys().copied().collect();
        for segment in &snapshot.segments {
            let length = on_disk.get(&segment.base).copied();
            // What a killed process has left may be in the page cache alone, its length too.
            let is_synced = segment.base < unsynced_from && !touched.contains(&segment.base);
            if length == Some(segment.end) && is_synced {
                continue;
            }
            if length.is_none_or(|length| length < segment.end) && !touched.contains(&segment.base) {
                self.offline = Some(format!("segment {} is missing or too short", segment.base));
                continue;
            }
            let file = self.file(segment.base).await?;
            file.truncate(self.core, segment.end).await.map_err(self.io("truncate", segment.base))?;
            file.sync(self.core).await.map_err(self.io("sync", segment.base))?;
        }
        for base in on_disk.keys().filter(|base| !snapshot.segments.iter().any(|segment| segment.base == **base)) {
            // Created for a roll that was never durable.
            let path = layout::segment_file(self.directory, *base);
            self.core.remove_file(&path).await.map_err(LogError::io(format!("remove {}", path.display())))?;
        }
        Ok(())
    }
}

/// What the journal alone says of a partition.
struct Journaled {
    /// The log end (exclusive).
    next_offset: Offset,
    /// Where batches end, by segment and position.
    boundaries: BTreeSet<(Offset, u64)>,
}
