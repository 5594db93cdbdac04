//! What is on the disk of one partition, made what the checkpoint and the journal say it is.
//!
//! Invariants:
//! - Checkpoint and journal name every byte that is durable. What lies behind in the files was never acknowledged, and
//!   is cut; what lies before stays, damaged or not.
//! - Where there is no checkpoint to believe, the files say where the log ends: damage is kept unless nothing but zeros
//!   follows.
//! - A block is written only if it differs from what the journal holds of it: so recovery may be cut short and begun
//!   again.
//! - What was written, or left by a process that was killed, is durable before this ends.
//! - A block that only its file holds is not written, not even by cutting the file within it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use millrace_base::ids::{Offset, TopicPartition};
use millrace_base::io_error::DiskFault;
use millrace_record::batch::Batch;
use millrace_runtime::{Bytes, Core, Durability, File, OpenOptions};

use super::redo::Redo;
use crate::epochs::LeaderEpochs;
use crate::error::LogError;
use crate::journal::{Entry, External};
use crate::layout;
use crate::limits::{BLOCK_BYTES, SCAN_BYTES, SEGMENT_OFFSETS, block_ceil, block_floor};
use crate::overlay::Overlay;
use crate::producers::Producers;
use crate::scan::{find_batch, read_around_damage, read_range, scan};
use crate::snapshot::{PartitionSnapshot, Reached, SegmentSnapshot};

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
pub(super) struct Found {
    pub(super) topic_name: String,
    pub(super) directory: PathBuf,
    /// By base offset: the file's length in bytes.
    pub(super) segments: BTreeMap<Offset, u64>,
    /// Files that were to replace segments, by base offset and number of the swap: the file's length in bytes.
    pub(super) swaps: BTreeMap<(Offset, u32), u64>,
}

/// What checkpoints and journals say of one partition.
pub(super) struct Evidence<'a> {
    pub(super) snapshot: Option<PartitionSnapshot>,
    pub(super) entries: &'a [Entry],
    /// Why the journal may have held more.
    pub(super) lost: Option<String>,
    /// A checkpoint that may have known the partition cannot be read.
    pub(super) is_checkpoint_damaged: bool,
}

/// Where a partition's log ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// Where checkpoint and journal say.
    Named,
    /// Nothing of it was acknowledged: at the first damage.
    Unacknowledged,
    /// Only the files say: behind the last sound batch.
    Unknown,
}

impl Evidence<'_> {
    fn ends(&self) -> Ends {
        match &self.snapshot {
            Some(_) => Ends::Named,
            None if self.is_checkpoint_damaged => Ends::Unknown,
            None if self.entries.is_empty() => Ends::Unacknowledged,
            // Created since the last checkpoint: the journal has all of it.
            None => Ends::Named,
        }
    }
}

impl Found {
    /// What the files alone say.
    fn snapshot(&self, id: TopicPartition, is_by_length: bool) -> PartitionSnapshot {
        let first = self.segments.keys().next().copied().unwrap_or(0);
        // A log has a segment, also when all files are gone.
        let empty = BTreeMap::from([(first, 0)]);
        let segments = if is_by_length && !self.segments.is_empty() { &self.segments } else { &empty };
        PartitionSnapshot {
            topic: id.topic.0,
            partition: id.partition,
            generation: 0,
            log_start: first,
            durable_offset: first,
            segments: segments.iter().map(|(base, end)| SegmentSnapshot::appended(*base, *end)).collect(),
            epochs: Vec::new(),
            producers: Vec::new(),
            lost: None,
            swaps: 0,
            cleaned_to: first,
        }
    }
}

/// Redoes what the journal holds of a partition, and finds out what its checkpoint does not know.
///
/// # Errors
/// The disk's, for which the whole directory is offline.
pub(super) async fn recover(
    core: &Core,
    id: TopicPartition,
    found: Found,
    evidence: Evidence<'_>,
) -> Result<RecoveredPartition, LogError> {
    let ends = evidence.ends();
    let is_known = evidence.snapshot.is_some();
    let is_clean = is_known && evidence.entries.is_empty();
    let mut snapshot = evidence.snapshot.unwrap_or_else(|| found.snapshot(id, ends != Ends::Named));
    let reached = if is_known { snapshot.reached() } else { Reached::nothing(&snapshot) };
    snapshot.lost = snapshot.lost.or(evidence.lost);
    let mut partition = Recovering {
        core,
        id,
        directory: &found.directory,
        lengths: found.segments,
        files: BTreeMap::new(),
        offline: None,
    };
    if is_clean {
        partition.finish_swaps(&found.swaps, &snapshot).await?;
        partition.forget_removed(&mut snapshot);
        if snapshot.lost.is_none() {
            partition.fit_files(&snapshot, Offset::MAX).await?;
        }
    } else {
        // A killed process may have left names in the page cache alone.
        let synced = core.sync_dir(&found.directory).await;
        synced.map_err(LogError::io(format!("sync {}", found.directory.display())))?;
        let redo = Redo::fold(evidence.entries, &mut snapshot);
        let reached = if redo.is_cut { Reached::nothing(&snapshot) } else { reached };
        partition.finish_swaps(&found.swaps, &snapshot).await?;
        partition.apply(redo, &mut snapshot).await?;
        partition.walk(&mut snapshot, reached, ends).await?;
        partition.forget_removed(&mut snapshot);
        if snapshot.lost.is_none() {
            partition.fit_files(&snapshot, reached.segment).await?;
        }
    }
    // A journal that lies, under right checksums, may have made it so.
    let contradiction = snapshot.check().err();
    let offline = snapshot.lost.clone().or(partition.offline).or(contradiction);
    Ok(RecoveredPartition {
        topic_name: found.topic_name,
        directory: found.directory.clone(),
        snapshot,
        offline,
        is_clean,
    })
}

/// What the batches of a walk come to.
struct Seen {
    /// The offset that follows.
    next_offset: Offset,
    /// No batch of the log ends behind it (exclusive).
    log_limit: Offset,
    /// No batch of the segment ends behind it (exclusive).
    limit: Offset,
    /// Offsets are missing before the next batch.
    is_behind_damage: bool,
    /// The segment may lack offsets anywhere: it was compacted.
    may_have_gaps: bool,
    /// It lacks some.
    has_gaps: bool,
    epochs: LeaderEpochs,
    producers: Producers,
}

impl Seen {
    /// Takes in a batch; false when it is not the one that follows.
    fn take(&mut self, batch: &Batch<'_>) -> bool {
        let offset = batch.base_offset();
        let is_gap = offset > self.next_offset && !self.is_behind_damage;
        let follows = offset >= self.next_offset && (!is_gap || self.may_have_gaps);
        if !follows || batch.next_offset() > self.limit {
            return false;
        }
        self.has_gaps |= is_gap;
        self.epochs.assign(batch.leader_epoch(), offset);
        self.producers.note(batch, offset, 0);
        self.next_offset = batch.next_offset();
        self.is_behind_damage = false;
        true
    }
}

struct Recovering<'a> {
    core: &'a Core,
    id: TopicPartition,
    directory: &'a Path,
    /// By segment: the file's length in bytes.
    lengths: BTreeMap<Offset, u64>,
    /// Those that were opened.
    files: BTreeMap<Offset, File>,
    offline: Option<String>,
}

impl Recovering<'_> {
    /// Nothing when the segment has no file.
    async fn file(&mut self, base: Offset) -> Result<Option<File>, LogError> {
        if let Some(file) = self.files.get(&base) {
            return Ok(Some(file.clone()));
        }
        let path = layout::segment_file(self.directory, base);
        let options = OpenOptions { create: false, ..OpenOptions::read_write() };
        match self.core.open(&path, options).await {
            Ok(file) => {
                self.files.insert(base, file.clone());
                Ok(Some(file))
            }
            Err(error) if DiskFault::of_read(&error) == DiskFault::Absent => Ok(None),
            Err(error) => Err(LogError::io(format!("open {}", path.display()))(error)),
        }
    }

    fn io(&self, what: &str, base: Offset) -> impl FnOnce(std::io::Error) -> LogError + use<> {
        LogError::io(format!("{what} {}", layout::segment_file(self.directory, base).display()))
    }

    /// Writes redo bytes into the segments, and looks at the runs that were written before their entries.
    async fn apply(&mut self, redo: Redo, snapshot: &mut PartitionSnapshot) -> Result<(), LogError> {
        for (base, overlay) in redo.overlays {
            match self.file(base).await? {
                Some(file) => self.write_overlay(base, &file, overlay).await?,
                None if snapshot.is_below_log_start(base) => {}
                // What the journal holds of it is gone with the journal.
                None => snapshot.lost = Some(missing(base)),
            }
        }
        for (base, external) in redo.externals {
            if let Some(file) = self.file(base).await? {
                self.check_external(base, &file, external).await;
            }
        }
        Ok(())
    }

    /// Writes the blocks that differ from what the journal holds, whole.
    async fn write_overlay(&mut self, base: Offset, file: &File, overlay: Overlay) -> Result<(), LogError> {
        for (start, bytes) in overlay.runs {
            let mut at = start;
            let end = start + bytes.len() as u64;
            while at < end {
                let to = block_floor(at + BLOCK_BYTES).min(end);
                let wanted = bytes.get((at - start) as usize..(to - start) as usize).unwrap_or_default();
                if let Some(block) = self.block_with(base, file, at, wanted).await {
                    let written = file.write_at(self.core, vec![block], block_floor(at), Durability::Deferred).await;
                    written.map_err(self.io("write", base))?;
                }
                at = to;
            }
            let length = self.lengths.entry(base).or_default();
            *length = block_ceil(end).max(*length);
        }
        Ok(())
    }

    /// The block that holds `wanted` at `at`, if the file has something else there.
    async fn block_with(&self, base: Offset, file: &File, at: u64, wanted: &[u8]) -> Option<Bytes> {
        let start = block_floor(at);
        let mut block = match read_range(self.core, file, start, BLOCK_BYTES as usize).await {
            Ok(found) => found.to_vec(),
            Err(error) => {
                tracing::warn!(partition = %self.id, segment = base, at, %error, "a torn block is written anew");
                Vec::new()
            }
        };
        let skip = (at - start) as usize;
        let range = skip..skip + wanted.len();
        if block.get(range.clone()) == Some(wanted) {
            return None;
        }
        block.resize(BLOCK_BYTES as usize, 0);
        block.get_mut(range)?.copy_from_slice(wanted);
        Some(block.into())
    }

    /// Damage in a run is damage in its batches, and dealt with there: here it is only told.
    async fn check_external(&self, segment: Offset, file: &File, external: External) {
        let External { position, bytes, checksum } = external;
        let partition = self.id;
        match read_range(self.core, file, position, bytes as usize).await {
            Ok(run) if run.len() as u64 == bytes && crc32fast::hash(&run) == checksum => {}
            Ok(_) => tracing::error!(%partition, segment, position, bytes, "a run that was durable is damaged"),
            Err(error) => tracing::error!(%partition, segment, position, bytes, %error, "a durable run is unreadable"),
        }
    }

    /// Walks the batches that the checkpoint does not know, for the epochs and the producers, and for the end where
    /// that is not known.
    async fn walk(&mut self, snapshot: &mut PartitionSnapshot, reached: Reached, ends: Ends) -> Result<(), LogError> {
        let mut seen = Seen {
            next_offset: reached.next_offset,
            log_limit: if ends == Ends::Named { snapshot.durable_offset } else { Offset::MAX },
            limit: Offset::MAX,
            is_behind_damage: false,
            may_have_gaps: false,
            has_gaps: false,
            epochs: LeaderEpochs::from_entries(std::mem::take(&mut snapshot.epochs)),
            producers: Producers::from_states(std::mem::take(&mut snapshot.producers)),
        };
        let following: Vec<Offset> = snapshot.segments.iter().skip(1).map(|segment| segment.base).collect();
        let limits = following.into_iter().chain([Offset::MAX]);
        let segments = snapshot.segments.iter_mut().zip(limits);
        for (segment, limit) in segments.filter(|(segment, _)| segment.base >= reached.segment) {
            let Some(file) = self.file(segment.base).await? else { continue };
            let from = if segment.base == reached.segment { reached.position } else { 0 };
            seen.next_offset = seen.next_offset.max(segment.base);
            seen.limit = limit.min(seen.log_limit).min(segment.base.saturating_add(SEGMENT_OFFSETS));
            // Without a checkpoint nothing but its bytes says that a segment was compacted.
            seen.may_have_gaps = segment.revision > 0 || ends == Ends::Unknown;
            seen.has_gaps = false;
            segment.end = self.walk_segment(&file, *segment, from, ends, &mut seen).await?;
            if seen.has_gaps {
                segment.revision = segment.revision.max(1);
                snapshot.swaps = snapshot.swaps.max(1);
            }
        }
        snapshot.durable_offset = snapshot.durable_offset.max(seen.next_offset);
        seen.producers.note_durable(snapshot.durable_offset);
        snapshot.epochs = seen.epochs.entries().to_vec();
        snapshot.producers = seen.producers.durable_states().cloned().collect();
        Ok(())
    }

    /// Walks a segment's batches from `from` on. Gives where the segment ends.
    async fn walk_segment(
        &self,
        file: &File,
        segment: SegmentSnapshot,
        from: u64,
        ends: Ends,
        seen: &mut Seen,
    ) -> Result<u64, LogError> {
        let SegmentSnapshot { base, end, .. } = segment;
        let read = async |at, bytes| read_around_damage(self.core, file, at, bytes).await;
        let mut position = from;
        loop {
            let walked = scan(&read, position, end, end, &mut |_, batch| seen.take(batch)).await;
            let walked = walked.map_err(self.io("read", base))?;
            let Some(damage) = walked.damage else { return Ok(end) };
            if ends == Ends::Unacknowledged {
                return Ok(walked.position);
            }
            let next = find_batch(&read, walked.position, end, seen.next_offset..seen.limit, |_| true).await;
            let next = next.map_err(self.io("read", base))?.map(|(position, _)| position);
            if next.is_none() && ends == Ends::Unknown && self.is_blank(file, walked.position, end).await {
                return Ok(walked.position);
            }
            let (from, to) = (walked.position, next.unwrap_or(end));
            tracing::error!(partition = %self.id, segment = base, from, to, damage, "damaged records are kept");
            let Some(next) = next else { return Ok(end) };
            position = next;
            seen.is_behind_damage = true;
        }
    }

    /// Whether there are only zeros from `from` to `to`: what was reserved and never written.
    async fn is_blank(&self, file: &File, from: u64, to: u64) -> bool {
        let mut at = from;
        while at < to {
            match read_range(self.core, file, at, SCAN_BYTES.min((to - at) as usize)).await {
                Ok(bytes) if bytes.is_empty() => return true,
                Ok(bytes) if bytes.iter().all(|byte| *byte == 0) => at += bytes.len() as u64,
                Ok(_) | Err(_) => return false,
            }
        }
        true
    }

    /// Puts what compaction has written in its place where the journal says that it counts, and removes it where not.
    async fn finish_swaps(
        &mut self,
        swaps: &BTreeMap<(Offset, u32), u64>,
        snapshot: &PartitionSnapshot,
    ) -> Result<(), LogError> {
        if swaps.is_empty() || snapshot.lost.is_some() {
            return Ok(());
        }
        for ((base, revision), length) in swaps {
            let path = layout::swap_file(self.directory, *base, *revision);
            let counts = snapshot.segments.iter().any(|segment| (segment.base, segment.revision) == (*base, *revision));
            if counts {
                let renamed = self.core.rename(&path, &layout::segment_file(self.directory, *base)).await;
                renamed.map_err(LogError::io(format!("rename {}", path.display())))?;
                self.lengths.insert(*base, *length);
            } else {
                let removed = self.core.remove_file(&path).await;
                removed.map_err(LogError::io(format!("remove {}", path.display())))?;
            }
        }
        let synced = self.core.sync_dir(self.directory).await;
        synced.map_err(LogError::io(format!("sync {}", self.directory.display())))
    }

    /// Segments below the log start that were removed are no part of the log any more. Others stay until a checkpoint
    /// has what they say of producers.
    fn forget_removed(&self, snapshot: &mut PartitionSnapshot) {
        let first = snapshot.first_base();
        snapshot.segments.retain(|segment| segment.base >= first || self.lengths.contains_key(&segment.base));
    }

    /// Makes every file as long as what is in it, and what a killed process may have left in the page cache alone (in
    /// segments from `unsynced_from` on) durable; removes what was begun and never counted.
    async fn fit_files(&mut self, snapshot: &PartitionSnapshot, unsynced_from: Offset) -> Result<(), LogError> {
        let opened: BTreeSet<Offset> = self.files.keys().copied().collect();
        let last = snapshot.segments.last().map(|last| last.base);
        for SegmentSnapshot { base, end, .. } in snapshot.segments.iter().copied() {
            let length = self.lengths.get(&base).copied();
            if length.is_none_or(|length| length < end) {
                self.offline = Some(length.map_or_else(
                    || missing(base),
                    |length| format!("segment {base} is too short: {length} bytes of {end}"),
                ));
                continue;
            }
            let is_synced = base < unsynced_from && !opened.contains(&base);
            // Space that was reserved behind the last block may stay: no journal holds that block, and cutting would
            // write it.
            if is_synced && (length == Some(end) || Some(base) == last) {
                continue;
            }
            let Some(file) = self.file(base).await? else { continue };
            file.truncate(self.core, end).await.map_err(self.io("truncate", base))?;
            file.sync(self.core).await.map_err(self.io("sync", base))?;
        }
        let is_known = |base: &&Offset| snapshot.segments.iter().any(|segment| segment.base == **base);
        for base in self.lengths.keys().filter(|base| !is_known(base)) {
            for path in [layout::segment_file(self.directory, *base), layout::index_file(self.directory, *base)] {
                match self.core.remove_file(&path).await {
                    Err(error) if DiskFault::of_read(&error) != DiskFault::Absent => {
                        return Err(LogError::io(format!("remove {}", path.display()))(error));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

fn missing(base: Offset) -> String {
    format!("the file of segment {base} is missing")
}

#[cfg(test)]
mod tests {
    use millrace_record::header::stamp;

    use super::*;
    use crate::testing::batch_bytes;

    /// A walk that has come to offset 10 of a segment that ends at 20.
    fn seen() -> Seen {
        Seen {
            next_offset: 10,
            log_limit: 20,
            limit: 20,
            is_behind_damage: false,
            may_have_gaps: false,
            has_gaps: false,
            epochs: LeaderEpochs::default(),
            producers: Producers::default(),
        }
    }

    /// Whether a batch of two records at `offset` is taken, and what is known then of the offset that follows and of
    /// gaps.
    fn taken(mut seen: Seen, offset: Offset) -> (bool, Offset, bool) {
        let mut bytes = batch_bytes(Some((7, 0, 0)), 2, 0, b"value");
        stamp(&mut bytes, offset, 3).unwrap();
        let was_behind_damage = seen.is_behind_damage;
        let is_taken = seen.take(&Batch::first(&bytes).unwrap());
        assert_eq!(seen.is_behind_damage, was_behind_damage && !is_taken, "{offset}");
        assert_eq!((seen.epochs.latest().is_some(), seen.producers.len()), (is_taken, usize::from(is_taken)));
        (is_taken, seen.next_offset, seen.has_gaps)
    }

    #[test]
    fn the_batch_that_follows_is_taken_and_no_other() {
        assert_eq!(taken(seen(), 10), (true, 12, false));
        for offset in [8, 9, 11, 12] {
            assert_eq!(taken(seen(), offset), (false, 10, false), "{offset}");
        }
        let to_the_end = Seen { next_offset: 18, ..seen() };
        assert_eq!(taken(to_the_end, 18), (true, 20, false));
        let too_far = Seen { next_offset: 19, ..seen() };
        assert_eq!(taken(too_far, 19), (false, 19, false), "it ends behind the segment");
    }

    #[test]
    fn behind_damage_offsets_are_missing_and_in_a_compacted_segment_anywhere() {
        for (offset, expected) in [(9, (false, 10, false)), (10, (true, 12, false)), (15, (true, 17, false))] {
            assert_eq!(taken(Seen { is_behind_damage: true, ..seen() }, offset), expected, "{offset}");
        }
        for (offset, expected) in [(9, (false, 10, false)), (10, (true, 12, false)), (15, (true, 17, true))] {
            assert_eq!(taken(Seen { may_have_gaps: true, ..seen() }, offset), expected, "{offset}");
        }
        let had_gaps = Seen { may_have_gaps: true, has_gaps: true, ..seen() };
        assert_eq!(taken(had_gaps, 10), (true, 12, true));
    }
}
