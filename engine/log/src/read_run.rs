//! Reading for who goes on without looking into the records: whole batches, and the offset that follows them.

use std::rc::Rc;

use millrace_base::ids::Offset;

use crate::error::ReadError;
use crate::partition::Partition;
use crate::read::{Place, ReadLimits, ReadPart, View};

/// Whole record batches, in order.
#[derive(Clone, Debug)]
pub struct Run {
    /// Their bytes.
    pub parts: Vec<ReadPart>,
    /// The offset that follows them: where to read on.
    pub next_offset: Offset,
}

impl Partition {
    /// Reads as [`Self::read`] does, but whole batches only. Nothing when there is nothing to give (yet).
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn read_run(self: &Rc<Self>, offset: Offset, limits: ReadLimits) -> Result<Option<Run>, ReadError> {
        self.reading(offset, async || self.read_run_from(offset, limits).await).await
    }

    async fn read_run_from(self: &Rc<Self>, offset: Offset, limits: ReadLimits) -> Result<Option<Run>, ReadError> {
        if !self.gives_anything(offset, limits) {
            return Ok(None);
        }
        if let Some((bytes, next_offset)) = self.read_unverified(offset, limits).await? {
            return Ok(Some(Run { parts: vec![ReadPart::Memory(bytes)], next_offset }));
        }
        let Some((view, place)) = self.find_place(offset, limits).await? else { return Ok(None) };
        let to = self.sparing_end(&view, place, self.verified_end(&view, place, limits).await?);
        let (end, next_offset) = self.last_end(&view, place, to).await?;
        Ok(Some(Run { parts: self.read_bytes(&view, place.position, end).await?, next_offset }))
    }

    /// Where the last batch ends that lies wholly before `to`, and the offset that follows it. The batch at `first`
    /// does; from there to `to` all was verified.
    async fn last_end(self: &Rc<Self>, view: &View, first: Place, to: u64) -> Result<(u64, Offset), ReadError> {
        let mut end = (first.position + first.bytes, first.next_offset);
        let indexed = self.ask_index(view, |index| Some(index.batch_before(to, view.base))).await?;
        if let Some(indexed) = indexed.filter(|(position, _)| *position > end.0) {
            end = indexed;
        }
        while end.0 < to {
            let (next_offset, bytes) = self.verified_batch(view, end.0).await?;
            if end.0 + bytes > to {
                break;
            }
            end = (end.0 + bytes, next_offset);
        }
        Ok(end)
    }
}
