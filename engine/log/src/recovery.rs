//! Recovery: what the checkpoints, the journals and the segments say together, before partitions are given to cores.
//!
//! Invariants:
//! - Every journal of the directory is replayed, whichever core wrote it, and what it holds is made durable in the segments
//!   before a new checkpoint says so; only then can the journals be opened anew.
//! - Redo bytes are clipped to every later cut of their segment, so that old redo never overwrites newer bytes.
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
use crate::journal::{self, Entry, Operation, Sequence, Verdict};
use crate::layout;
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
    /// By core: what its checkpoint covers.
    covered: BTreeMap<u16, Sequence>,
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
            let lost = replayed.lost.as_ref().filter(|lost| lost.concerns(id)).map(|lost| lost.reason.clone());
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
    let bytes = read_range(core, &file, 0, crate::limits::BLOCK_BYTES as usize).await.map_err(LogError::io(what()))?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// The newest start's checkpoints: what recovery wrote for all partitions, then what each core wrote for its own.
async fn load_checkpoints(core: &Core, root: &Path) -> Result<Known, LogError> {
    let mut known = Known::default();
    let Some(base) = load(core, &checkpoint_path(root, None), &mut known).await? else { return Ok(known) };
    known.start = base.start;
    known.snapshots = base.partitions.into_iter().map(|snapshot| (snapshot.id(), snapshot)).collect();
    let directory = root.join("journal");
    let entries = core.read_dir(&directory).await.map_err(LogError::io(format!("list {}", directory.display())))?;
    for entry in entries {
        let of_core = entry.name.strip_suffix(".checkpoint").and_then(|name| name.parse::<u16>().ok());
        let Some(of_core) = of_core else { continue };
        let path = checkpoint_path(root, Some(of_core));
        let loaded = checkpoint::load(core, &path).await;
        let Some(checkpoint) = accept(loaded, &mut known)? else { continue };
        let Some(body) = decode(&path, &checkpoint, &mut known) else { continue };
        if body.start == known.start {
            known.covered.insert(of_core, checkpoint.covered);
            known.snapshots.extend(body.partitions.into_iter().map(|snapshot| (snapshot.id(), snapshot)));
        }
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
    lost: Option<Lost>,
}

/// Commits that cannot be read any more.
struct Lost {
    reason: String,
    /// Partitions of which the journal says afterwards what it may have lost; nothing says it of others.
    touched: BTreeSet<TopicPartition>,
    touches_all: bool,
}

impl Lost {
    fn concerns(&self, id: TopicPartition) -> bool {
        self.touches_all || self.touched.contains(&id)
    }
}

async fn replay(core: &Core, root: &Path, known: &Known) -> Result<Replayed, LogError> {
    let failed = |error: journal::JournalError| LogError::Journal(error.to_string());
    let mut replayed = Replayed::default();
    for mut journal in journal::replay(core, root).await.map_err(failed)?.journals {
        let of_core = journal.core();
        replayed.cores.push(of_core);
        let covered = known.covered.get(&of_core).copied().unwrap_or_default();
        while let Some(commit) = journal.next().await.map_err(failed)? {
            if commit.sequence <= covered {
                // What it did is in the checkpoint; its bytes may still be needed.
            }
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
            replayed.lost =
                Some(Lost { reason: format!("journal {of_core}: {verdict:?}"), touched, touches_all: true });
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
    let mut partition = Recovering { core, directory: &directory, id, files: BTreeMap::new(), offline: lost };
    let is_clean = was_known && entries.is_empty();
    if !is_clean {
        let scan_from = scan_start(&snapshot, was_known);
        partition.redo(entries, &mut snapshot).await?;
        partition.find_end(&mut snapshot, scan_from, !was_known).await?;
    }
    partition.cut_files(&snapshot, &segments).await?;
    let offline = partition.offline;
    Ok(RecoveredPartition { topic_name, directory, snapshot, offline, is_clean })
}

/// Where the batches begin that a snapshot does not know: its last segment's durable end.
fn scan_start(snapshot: &PartitionSnapshot, was_known: bool) -> (Offset, u64) {
    match snapshot.segments.last() {
        Some(last) if was_known => (last.base, last.end),
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

    /// Writes redo bytes into the segments, each clipped to the cuts that come after it.
    async fn redo(&mut self, entries: &[Entry], snapshot: &mut PartitionSnapshot) -> Result<(), LogError> {
        let limits = clip_limits(entries);
        for (entry, limit) in entries.iter().zip(limits) {
            match entry.operation {
                Operation::Append { segment, position, external, .. } => {
                    let redo_end = position + entry.redo.len() as u64;
                    if let Some(external) = external.filter(|external| external.position + external.bytes <= limit) {
                        let file = self.file(segment).await?;
                        let run = read_range(self.core, &file, external.position, external.bytes as usize).await;
                        let run = run.map_err(self.io("read", segment))?;
                        if run.len() as u64 != external.bytes || crc32fast::hash(&run) != external.checksum {
                            tracing::error!(partition = %self.id, segment, position = external.position, "a run that was durable is damaged");
                        }
                    }
                    let keep = redo_end.min(limit).saturating_sub(position) as usize;
                    if keep > 0 {
                        let file = self.file(segment).await?;
                        let bytes = entry.redo.slice(..keep);
                        let written = file.write_at(self.core, vec![bytes], position, Durability::Deferred).await;
                        written.map_err(self.io("write", segment))?;
                    }
                    snapshot.reach(segment, redo_end.max(external.map_or(0, |run| run.position + run.bytes)));
                }
                Operation::Roll { segment, generation } => {
                    snapshot.generation = snapshot.generation.max(generation);
                    snapshot.reach(segment, 0);
                }
                Operation::Truncate { generation, segment, position, next_offset } => {
                    snapshot.generation = snapshot.generation.max(generation);
                    snapshot.segments.retain(|known| known.base <= segment);
                    if let Some(last) = snapshot.segments.last_mut() {
                        last.end = position;
                    }
                    snapshot.durable_offset = next_offset;
                    snapshot.epochs.retain(|(_, start)| *start < next_offset);
                }
                Operation::LogStart { offset } => snapshot.log_start = snapshot.log_start.max(offset),
                Operation::Delete | Operation::Move { .. } => {}
            }
        }
        Ok(())
    }

    /// Walks the batches behind what the checkpoint knew, for the end, the epochs and the producers. Behind the last durable byte a
    /// torn tail is cut; before it, damage stays as it is.
    async fn find_end(
        &mut self,
        snapshot: &mut PartitionSnapshot,
        from: (Offset, u64),
        rebuild: bool,
    ) -> Result<(), LogError> {
        let mut epochs = LeaderEpochs::from_entries(std::mem::take(&mut snapshot.epochs));
        let mut producers = Producers::from_states(std::mem::take(&mut snapshot.producers));
        let mut next_offset = snapshot.durable_offset;
        let last = snapshot.segments.len().saturating_sub(1);
        for (index, segment) in snapshot.segments.iter_mut().enumerate() {
            if segment.base < from.0 {
                continue;
            }
            let start = if segment.base == from.0 { from.1.min(segment.end) } else { 0 };
            let file = self.file(segment.base).await?;
            let mut visit = |_: u64, batch: &Batch<'_>| {
                epochs.assign(batch.leader_epoch(), batch.base_offset());
                producers.note(batch, batch.base_offset(), 0);
                next_offset = batch.next_offset();
            };
            let end = scan(self.core, &file, start, segment.end, segment.end, &mut visit).await;
            let end = end.map_err(self.io("read", segment.base))?;
            if let Some(damage) = end.damage {
                if rebuild && index == last {
                    segment.end = end.position;
                } else {
                    tracing::error!(partition = %self.id, segment = segment.base, position = end.position, %damage, "damaged records");
                }
            }
        }
        snapshot.durable_offset = next_offset;
        snapshot.epochs = epochs.entries().to_vec();
        snapshot.producers = producers.states().cloned().collect();
        Ok(())
    }

    /// Makes what was written durable, and every file as long as what is in it.
    async fn cut_files(
        &mut self,
        snapshot: &PartitionSnapshot,
        on_disk: &BTreeMap<Offset, u64>,
    ) -> Result<(), LogError> {
        let touched: BTreeSet<Offset> = self.files.keys().copied().collect();
        for segment in &snapshot.segments {
            let length = on_disk.get(&segment.base).copied();
            if length == Some(segment.end) && !touched.contains(&segment.base) {
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

impl PartitionSnapshot {
    /// The segment at `base` reaches `end` at least.
    fn reach(&mut self, base: Offset, end: u64) {
        match self.segments.iter_mut().find(|segment| segment.base == base) {
            Some(segment) => segment.end = segment.end.max(end),
            None => {
                self.segments.push(SegmentSnapshot { base, end });
                self.segments.sort_by_key(|segment| segment.base);
            }
        }
    }
}

/// For each entry: up to where its bytes are still the segment's, by the cuts that come after it.
fn clip_limits(entries: &[Entry]) -> Vec<u64> {
    let mut cuts: BTreeMap<Offset, u64> = BTreeMap::new();
    let mut gone_from = Offset::MAX;
    let mut limits: Vec<u64> = entries
        .iter()
        .rev()
        .map(|entry| match entry.operation {
            Operation::Append { segment, .. } if segment >= gone_from => 0,
            Operation::Append { segment, .. } => cuts.get(&segment).copied().unwrap_or(u64::MAX),
            Operation::Truncate { segment, position, .. } => {
                let cut = cuts.entry(segment).or_insert(u64::MAX);
                *cut = (*cut).min(position);
                gone_from = gone_from.min(segment + 1);
                u64::MAX
            }
            _ => u64::MAX,
        })
        .collect();
    limits.reverse();
    limits
}
