//! One cleaning of a partition: the keys of what is dirty are noted, then every segment up to there is written anew
//! without what a later record supersedes.

use std::collections::BTreeMap;
use std::rc::Rc;

use millrace_base::ids::{Offset, ProducerId};
use millrace_base::topic_config::Compaction;
use millrace_record::RecordError;
use millrace_record::batch::Batch;
use millrace_record::compression::{Compressor, Scratch};
use millrace_record::retain::{Retained, emptied, retain};

use super::keys::{KeyHash, Keys};
use super::output::{Finished, Output};
use super::select::{Cleanable, Part, groups};
use super::source::{Source, batches_of};
use super::swap::Replacement;
use super::throttle::Throttle;
use crate::error::{ReadError, Unavailable};
use crate::layout;
use crate::options::CleanerOptions;
use crate::partition::Partition;

/// Why a partition was not cleaned, or not to the end. Nothing was lost.
#[derive(Debug, thiserror::Error)]
pub enum CleanError {
    /// The log does not answer, or a segment cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// There is no space for what is left of the segments.
    #[error("no space to write what is left: {0}")]
    NoSpace(String),
    /// A batch is damaged: the partition is not cleaned any more.
    #[error("a damaged batch at or behind byte {position} of segment {segment}")]
    Damaged {
        /// The segment's base offset.
        segment: Offset,
        /// Where it was looked for, in bytes.
        position: u64,
    },
    /// A batch is sound, but its records are not: the partition is not cleaned any more.
    #[error("the batch at offset {offset} has unreadable records: {error}")]
    Records {
        /// The batch's base offset.
        offset: Offset,
        /// What is wrong with them.
        error: RecordError,
    },
    /// What is left of a segment is larger than a segment may be.
    #[error("what is left of segment {segment} does not fit into a segment")]
    TooLarge {
        /// The segment's base offset.
        segment: Offset,
    },
    /// The segments changed meanwhile: they were deleted, or the log was cut.
    #[error("the segments changed meanwhile")]
    Interrupted,
}

impl From<Unavailable> for CleanError {
    fn from(unavailable: Unavailable) -> CleanError {
        CleanError::Read(unavailable.into())
    }
}

impl CleanError {
    /// Whether it would be the same the next time.
    fn is_lasting(&self) -> bool {
        matches!(
            self,
            CleanError::Damaged { .. }
                | CleanError::Records { .. }
                | CleanError::TooLarge { .. }
                | CleanError::Read(ReadError::Rot { .. })
        )
    }
}

/// What a cleaning did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// Bytes of the segments that were read to be written anew.
    pub bytes_before: u64,
    /// Bytes of what was left of them.
    pub bytes_after: u64,
    /// Segments before.
    pub segments_before: usize,
    /// Segments after.
    pub segments_after: usize,
    /// What lies below (exclusive) is compacted now.
    pub cleaned_to: Offset,
}

/// A core's cleaner: one partition at a time.
pub struct Cleaner {
    options: CleanerOptions,
    throttle: Throttle,
    scratch: Scratch,
    compressor: Compressor,
}

/// What decides about a record.
struct Rules<'a> {
    keys: &'a Keys,
    now_ms: i64,
    delete_retention_ms: i64,
    /// The last offset (inclusive) of each producer's last batch.
    last_of_producers: BTreeMap<ProducerId, Offset>,
}

/// What becomes of a batch.
enum Verdict {
    Stays,
    Becomes(Vec<u8>),
    Goes,
}

impl Cleaner {
    /// A cleaner that has done nothing yet.
    #[must_use]
    pub fn new(options: CleanerOptions) -> Cleaner {
        Cleaner {
            throttle: Throttle::new(options.bytes_per_second),
            scratch: Scratch::default(),
            compressor: Compressor::default(),
            options,
        }
    }

    /// Cleans a partition once, whether it is due or not. Nothing when there is nothing that can be cleaned. A cleaning
    /// that ends before its time keeps what it has done.
    ///
    /// # Errors
    /// [`CleanError`]. After damage [`Partition::cleanable`] gives nothing any more, and [`Partition::uncleanable`]
    /// says why.
    pub async fn clean(&mut self, partition: &Rc<Partition>, now_ms: i64) -> Result<Option<Cleaned>, CleanError> {
        let Some(compaction) = partition.config().compaction else { return Ok(None) };
        let Some(cleanable) = partition.cleanable(now_ms).await? else { return Ok(None) };
        if cleanable.dirty_bytes == 0 || std::mem::replace(&mut partition.state.borrow_mut().is_being_cleaned, true) {
            return Ok(None);
        }
        let cleaned = self.clean_dirty(partition, &compaction, &cleanable, now_ms).await;
        let mut state = partition.state.borrow_mut();
        state.is_being_cleaned = false;
        if let Err(error) = &cleaned
            && error.is_lasting()
        {
            tracing::error!(
                partition = %partition.id, topic = partition.topic_name, %error,
                "the partition is not compacted any more: everything in it is kept"
            );
            state.uncleanable = Some(error.to_string());
        }
        cleaned.map(|cleaned| Some(cleaned).filter(|cleaned| cleaned.cleaned_to > cleanable.dirty_from))
    }

    async fn clean_dirty(
        &mut self,
        partition: &Rc<Partition>,
        compaction: &Compaction,
        cleanable: &Cleanable,
        now_ms: i64,
    ) -> Result<Cleaned, CleanError> {
        let (generation, mut parts) = {
            let state = partition.state.borrow();
            (state.generation, state.sealed_parts())
        };
        parts.retain(|part| part.next <= cleanable.until);
        let keys = self.note_keys(partition, &parts, cleanable.dirty_from).await?;
        let mut cleaned = Cleaned { cleaned_to: cleanable.dirty_from, ..Cleaned::default() };
        let Some(latest) = keys.latest() else { return Ok(cleaned) };
        cleaned.cleaned_to = latest + 1;
        let rules = Rules {
            keys: &keys,
            now_ms,
            delete_retention_ms: compaction.delete_retention_ms,
            last_of_producers: last_of_producers(partition),
        };
        parts.retain(|part| part.base <= latest);
        let groups = groups(&parts, partition.config().segment_bytes);
        for (index, group) in groups.iter().enumerate() {
            let is_last = index + 1 == groups.len();
            self.clean_group(partition, group, &rules, &mut cleaned, is_last).await?;
        }
        let mut state = partition.state.borrow_mut();
        state.check_generation(generation)?;
        // Where the last group did not have to be replaced, no entry of the journal says so: the next checkpoint does.
        state.cleaned_to = state.cleaned_to.max(cleaned.cleaned_to);
        Ok(cleaned)
    }

    /// Notes the keys of what is dirty, as far as they fit.
    async fn note_keys(
        &mut self,
        partition: &Rc<Partition>,
        parts: &[Part],
        dirty_from: Offset,
    ) -> Result<Keys, CleanError> {
        let mut keys = Keys::new(self.options.keys_bytes.max(CleanerOptions::KEYS_BYTES_MIN), self.options.load_factor);
        for part in parts.iter().filter(|part| part.next > dirty_from) {
            let mut source = Source::open(partition, *part)?;
            while let Some(slice) = source.next().await? {
                for batch in batches_of(&slice) {
                    if !self.note_batch(&batch, dirty_from, &mut keys)? {
                        return Ok(keys);
                    }
                }
                self.throttle.pay(&partition.shared.core, slice.len() as u64).await;
            }
            keys.looked_at(part.next - 1);
        }
        Ok(keys)
    }

    /// False when no more can be noted.
    fn note_batch(&mut self, batch: &Batch<'_>, dirty_from: Offset, keys: &mut Keys) -> Result<bool, CleanError> {
        if batch.is_control() || batch.next_offset() <= dirty_from {
            return Ok(true);
        }
        if batch.is_transactional() {
            return Ok(false);
        }
        let unreadable = |error| CleanError::Records { offset: batch.base_offset(), error };
        for record in batch.records(&mut self.scratch).map_err(unreadable)? {
            let record = record.map_err(unreadable)?;
            if record.offset >= dirty_from {
                let fits = record.key.is_none_or(|key| keys.put(KeyHash::of(key), record.offset));
                if !fits {
                    return Ok(false);
                }
                keys.looked_at(record.offset);
            }
        }
        keys.looked_at(batch.last_offset());
        Ok(true)
    }

    /// Writes what is left of a group, and has it replace the group.
    async fn clean_group(
        &mut self,
        partition: &Rc<Partition>,
        group: &[Part],
        rules: &Rules<'_>,
        cleaned: &mut Cleaned,
        is_last: bool,
    ) -> Result<(), CleanError> {
        let Some(base) = group.first().map(|first| first.base) else { return Ok(()) };
        let (revision, cleaned_to) = {
            let state = partition.state.borrow();
            (state.swaps + 1, if is_last { cleaned.cleaned_to } else { state.cleaned_to })
        };
        let path = layout::swap_file(&partition.directory, base, revision);
        let interval = partition.config().index_interval_bytes;
        let mut output = Output::create(&partition.shared, &path, base, interval).await?;
        let bytes_before: u64 = group.iter().map(|part| part.end).sum();
        let replaced = async {
            if !self.write_group(partition, group, rules, &mut output).await? {
                return Ok(None);
            }
            let Finished { end, index } = output.finish(&partition.directory).await?;
            let replacement = Replacement { group, revision, end, index, cleaned_to };
            partition.replace(replacement).await.map(|()| Some(end))
        };
        let replaced = replaced.await;
        // When the log has become unavailable, the journal may hold the entry: recovery decides.
        if !matches!(replaced, Ok(Some(_))) && partition.check().is_ok() {
            partition.remove(&path).await?;
        }
        cleaned.bytes_before += bytes_before;
        cleaned.segments_before += group.len();
        cleaned.bytes_after += replaced?.unwrap_or(bytes_before);
        cleaned.segments_after += 1;
        Ok(())
    }

    /// Writes what is left of a group; false when that is all of it.
    async fn write_group(
        &mut self,
        partition: &Rc<Partition>,
        group: &[Part],
        rules: &Rules<'_>,
        output: &mut Output,
    ) -> Result<bool, CleanError> {
        let mut is_changed = group.len() > 1;
        let last = group.last().map(|last| last.base);
        for part in group {
            let mut source = Source::open(partition, *part)?;
            while let Some(slice) = source.next().await? {
                let is_end = Some(part.base) == last && source.is_at_end();
                let mut batches = batches_of(&slice).peekable();
                let mut written = 0;
                while let Some(batch) = batches.next() {
                    let must_stay = is_end && batches.peek().is_none();
                    match self.judge(&batch, rules, must_stay)? {
                        Verdict::Stays => {
                            written += batch.batch_bytes();
                            output.append(&batch).await?;
                        }
                        Verdict::Becomes(bytes) => {
                            is_changed = true;
                            written += bytes.len();
                            let offset = batch.base_offset();
                            let batch = Batch::first(&bytes).map_err(|error| CleanError::Records { offset, error })?;
                            output.append(&batch).await?;
                        }
                        Verdict::Goes => is_changed = true,
                    }
                }
                self.throttle.pay(&partition.shared.core, (slice.len() + written) as u64).await;
            }
        }
        Ok(is_changed)
    }

    /// What becomes of a batch. One that `must_stay`, or is its producer's last, stays without records if need be.
    fn judge(&mut self, batch: &Batch<'_>, rules: &Rules<'_>, must_stay: bool) -> Result<Verdict, CleanError> {
        let latest = rules.keys.latest().unwrap_or(-1);
        if batch.is_control() || batch.base_offset() > latest {
            return Ok(Verdict::Stays);
        }
        // Of what was not looked at, a tombstone has not had what it supersedes removed.
        let is_looked_at = batch.last_offset() <= latest;
        let horizon = is_looked_at.then(|| rules.now_ms.saturating_add(rules.delete_retention_ms));
        let tombstones_stay = !batch.has_delete_horizon() || rules.now_ms < batch.base_timestamp();
        let left = retain(batch, horizon, &mut self.scratch, &mut self.compressor, |record| {
            if record.offset > latest {
                return true;
            }
            let Some(key) = record.key else { return false };
            let is_last = rules.keys.get(KeyHash::of(key)).is_none_or(|last| record.offset >= last);
            is_last && (record.value.is_some() || tombstones_stay)
        });
        let left = left.map_err(|error| CleanError::Records { offset: batch.base_offset(), error })?;
        Ok(match left {
            Retained::All => Verdict::Stays,
            Retained::Some(bytes) => Verdict::Becomes(bytes),
            Retained::Nothing if must_stay || rules.is_last_of_its_producer(batch) => match batch.record_count() {
                0 => Verdict::Stays,
                _ => Verdict::Becomes(emptied(batch).to_vec()),
            },
            Retained::Nothing => Verdict::Goes,
        })
    }
}

impl Rules<'_> {
    fn is_last_of_its_producer(&self, batch: &Batch<'_>) -> bool {
        batch.has_producer_id() && self.last_of_producers.get(&batch.producer_id()) == Some(&batch.last_offset())
    }
}

fn last_of_producers(partition: &Partition) -> BTreeMap<ProducerId, Offset> {
    let state = partition.state.borrow();
    let last = |(id, _, batches): (ProducerId, _, _)| Some((id, last_offset(batches)?));
    state.producers.entries().filter_map(last).collect()
}

fn last_offset<'a>(batches: impl Iterator<Item = &'a crate::ProducerBatch>) -> Option<Offset> {
    batches.last().map(|batch| batch.last_offset)
}
