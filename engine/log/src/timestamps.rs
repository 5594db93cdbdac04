//! Looking records up by their timestamps.

use std::rc::Rc;

use millrace_base::ids::Offset;
use millrace_record::batch::Batch;
use millrace_record::compression::Scratch;

use crate::error::ReadError;
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
        let mut best: Option<(i64, Offset)> = None;
        for base in self.segment_bases() {
            let index = self.full_index(base).await?;
            if index.max_timestamp >= 0 && best.is_none_or(|(timestamp, _)| index.max_timestamp > timestamp) {
                best = Some((index.max_timestamp, base));
            }
        }
        let Some((timestamp, base)) = best else { return Ok(None) };
        self.first_record(base, 0, |record| record >= timestamp).await
    }

    /// The first record from `position` of a segment on, below the high watermark, whose timestamp is wanted.
    async fn first_record(
        self: &Rc<Self>,
        base: Offset,
        position: u64,
        is_wanted: impl Fn(i64) -> bool,
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
            if next_offset > log_start && is_wanted(batch.max_timestamp()) && !batch.is_control() {
                let segment = || layout::segment_file(&self.directory, base).display().to_string();
                let rot = |_| ReadError::Rot { first: batch.base_offset(), next: next_offset, segment: segment() };
                for record in batch.records(&mut scratch).map_err(rot)? {
                    let record = record.map_err(rot)?;
                    if record.offset >= log_start && is_wanted(record.timestamp) {
                        return Ok(Some((record.offset, record.timestamp)));
                    }
                }
            }
            position += bytes;
        }
        Ok(None)
    }
}
