//! Looking records up by their timestamps.

use std::cell::Cell;
use std::cmp::Reverse;
use std::rc::Rc;

use millrace_base::ids::Offset;
use millrace_record::batch::Batch;
use millrace_record::compression::Scratch;
use millrace_record::record::Record;

use crate::error::ReadError;
use crate::index::NO_TIMESTAMP;
use crate::layout;
use crate::partition::Partition;

impl Partition {
    /// Offset and timestamp (Unix ms) of the first record whose timestamp is at least `timestamp`; nothing when none
    /// is.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn offset_for_timestamp(self: &Rc<Self>, timestamp: i64) -> Result<Option<(Offset, i64)>, ReadError> {
        self.check()?;
        self.unless_replaced(async || self.find_timestamp(timestamp).await).await
    }

    async fn find_timestamp(self: &Rc<Self>, timestamp: i64) -> Result<Option<(Offset, i64)>, ReadError> {
        for base in self.segment_bases() {
            let index = self.full_index(base).await?;
            if index.max_timestamp < timestamp {
                continue;
            }
            let from = index.position_of_timestamp(timestamp).unwrap_or(0);
            if let Some(found) = self.first_record(base, from, |record| record >= timestamp).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Offset and timestamp (Unix ms) of the first record with the greatest timestamp (KIP-734); nothing in an empty
    /// log.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn offset_of_max_timestamp(self: &Rc<Self>) -> Result<Option<(Offset, i64)>, ReadError> {
        self.check()?;
        self.unless_replaced(async || self.find_max_timestamp().await).await
    }

    async fn find_max_timestamp(self: &Rc<Self>) -> Result<Option<(Offset, i64)>, ReadError> {
        let mut bounds = Vec::new();
        for base in self.segment_bases() {
            bounds.push((self.full_index(base).await?.max_timestamp, base));
        }
        let order = |timestamp: i64, offset: Offset| (Reverse(timestamp), offset);
        bounds.sort_by_key(|(bound, base)| order(*bound, *base));
        let mut greatest: Option<(Offset, i64)> = None;
        for (bound, base) in bounds {
            if bound < 0 || greatest.is_some_and(|(_, timestamp)| timestamp > bound) {
                break;
            }
            let found = self.greatest_record(base, bound).await?;
            greatest = greatest.into_iter().chain(found).min_by_key(|(offset, timestamp)| order(*timestamp, *offset));
        }
        Ok(greatest)
    }

    /// The first record of a segment with its greatest timestamp. That may be less than `bound`, which the index says:
    /// records with it may be deleted, or not committed yet.
    async fn greatest_record(self: &Rc<Self>, base: Offset, bound: i64) -> Result<Option<(Offset, i64)>, ReadError> {
        let from = self.full_index(base).await?.position_of_timestamp(bound).unwrap_or(0);
        if let Some(found) = self.first_record(base, from, |timestamp| timestamp >= bound).await? {
            return Ok(Some(found));
        }
        let greatest = Cell::new(NO_TIMESTAMP);
        let is_greater = |timestamp| timestamp > greatest.get();
        let mut last = None;
        let mut note = |record: &Record<'_>| {
            if is_greater(record.timestamp) {
                greatest.set(record.timestamp);
                last = Some((record.offset, record.timestamp));
            }
            false
        };
        self.find_record(base, 0, is_greater, &mut note).await?;
        Ok(last)
    }

    /// The first record from `position` of a segment on whose timestamp is wanted; see [`Self::find_record`].
    async fn first_record(
        self: &Rc<Self>,
        base: Offset,
        position: u64,
        is_wanted: impl Fn(i64) -> bool,
    ) -> Result<Option<(Offset, i64)>, ReadError> {
        self.find_record(base, position, &is_wanted, &mut |record| is_wanted(record.timestamp)).await
    }

    /// The first record from `position` of a segment on, from the log start on and below the high watermark, that
    /// `is_wanted`. Only batches are looked into whose greatest timestamp is wanted.
    async fn find_record(
        self: &Rc<Self>,
        base: Offset,
        position: u64,
        is_batch_wanted: impl Fn(i64) -> bool,
        is_wanted: &mut dyn FnMut(&Record<'_>) -> bool,
    ) -> Result<Option<(Offset, i64)>, ReadError> {
        let Some(view) = self.view_of(base).filter(|view| view.base == base) else { return Ok(None) };
        let mut scratch = Scratch::default();
        let mut position = self.batch_floor(&view, position).await?;
        let log_start = self.offsets().log_start;
        while position < view.end {
            self.verify(&view, position, position + 1).await?;
            if let Some(rotten) = self.rot_at(base, position) {
                position = rotten.to;
                continue;
            }
            let (next_offset, bytes) = self.verified_batch(&view, position).await?;
            let whole = self.read_segment(&view, position, bytes as usize).await?;
            let Ok(batch) = Batch::first(&whole) else { break };
            if next_offset > log_start && is_batch_wanted(batch.max_timestamp()) {
                let segment = || layout::segment_file(&self.directory, base).display().to_string();
                let rot = |_| ReadError::Rot { first: batch.base_offset(), next: next_offset, segment: segment() };
                for record in batch.records(&mut scratch).map_err(rot)? {
                    let record = record.map_err(rot)?;
                    if record.offset >= log_start && is_wanted(&record) {
                        return Ok(Some((record.offset, record.timestamp)));
                    }
                }
            }
            position += bytes;
        }
        Ok(None)
    }
}
