//! The batches of a sealed segment, a slice at a time.

use std::rc::Rc;

use millrace_base::ids::Offset;
use millrace_record::batch::{Batch, batches, framed_bytes};
use millrace_runtime::Bytes;

use super::clean::CleanError;
use super::select::Part;
use crate::limits::{BATCH_BYTES_MAX, CLEAN_SLICE_BYTES, SCAN_BYTES};
use crate::partition::Partition;
use crate::read::View;

/// Reads a segment from its beginning to its end.
pub(super) struct Source {
    partition: Rc<Partition>,
    view: View,
    part: Part,
    position: u64,
    /// The least offset that the next batch can have.
    expected: Offset,
    chunk: Bytes,
    /// Where the chunk begins in the segment, in bytes.
    chunk_start: u64,
}

impl Source {
    /// # Errors
    /// [`CleanError::Interrupted`] when the segment is not there any more.
    pub(super) fn open(partition: &Rc<Partition>, part: Part) -> Result<Source, CleanError> {
        let view = partition.view_of(part.base).filter(|view| view.base == part.base && view.end == part.end);
        let view = view.filter(|view| view.is_sealed).ok_or(CleanError::Interrupted)?;
        let partition = partition.clone();
        let expected = part.base;
        Ok(Source { partition, view, part, position: 0, expected, chunk: Bytes::new(), chunk_start: 0 })
    }

    /// Whole, sound batches; nothing at the segment's end.
    ///
    /// # Errors
    /// [`CleanError::Damaged`] when the next batch is not sound; the damage was reported.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, CleanError> {
        if self.is_at_end() {
            return Ok(None);
        }
        let mut bytes = self.whole_bytes();
        if bytes == 0 {
            self.load(SCAN_BYTES).await?;
            bytes = self.whole_bytes();
        }
        if bytes == 0 {
            let needed = framed_bytes(self.rest()).ok().filter(|needed| *needed as u64 <= BATCH_BYTES_MAX);
            let Some(needed) = needed else { return Err(self.damaged().await) };
            self.load(needed).await?;
            bytes = self.whole_bytes();
        }
        let from = (self.position - self.chunk_start) as usize;
        let slice = self.chunk.slice(from..from + bytes);
        if bytes == 0 || !self.are_sound(&slice) {
            return Err(self.damaged().await);
        }
        self.position += bytes as u64;
        Ok(Some(slice))
    }

    /// Whether nothing follows.
    pub(super) fn is_at_end(&self) -> bool {
        self.position >= self.view.end
    }

    fn rest(&self) -> &[u8] {
        self.chunk.get((self.position - self.chunk_start) as usize..).unwrap_or_default()
    }

    /// Bytes of the next whole batches of the chunk: as many as a slice has, one at least; 0 when there is none.
    fn whole_bytes(&self) -> usize {
        let rest = self.rest();
        let mut bytes = 0;
        while let Some(next) = rest.get(bytes..) {
            match framed_bytes(next) {
                Ok(batch) if batch <= next.len() && (bytes == 0 || bytes + batch <= CLEAN_SLICE_BYTES) => {
                    bytes += batch;
                }
                _ => break,
            }
        }
        bytes
    }

    async fn load(&mut self, bytes: usize) -> Result<(), CleanError> {
        self.partition.state.borrow().check_view(&self.view)?;
        self.chunk = self.partition.read_segment(&self.view, self.position, bytes).await?;
        self.partition.state.borrow().check_view(&self.view)?;
        self.chunk_start = self.position;
        Ok(())
    }

    /// Whether each batch has its checksum, and offsets that lie behind the one before and within the segment.
    fn are_sound(&mut self, slice: &[u8]) -> bool {
        for batch in batches(slice) {
            let Ok(batch) = batch else { return false };
            let is_whole_segment = self.view.revision == 0;
            let offset = batch.base_offset();
            let follows = offset == self.expected || (!is_whole_segment && offset > self.expected);
            let is_in_place = follows && batch.next_offset() > offset && batch.next_offset() <= self.part.next;
            if !is_in_place || !batch.crc_is_valid() {
                return false;
            }
            self.expected = batch.next_offset();
        }
        true
    }

    /// Has the damage at or behind the position noted as a reader would.
    async fn damaged(&self) -> CleanError {
        let segment = self.part.base;
        let to = (self.position + CLEAN_SLICE_BYTES as u64).min(self.view.end);
        if let Err(error) = self.partition.verify(&self.view, self.position, to).await {
            return error.into();
        }
        CleanError::Damaged { segment, position: self.position }
    }
}

/// The batches of a slice.
pub(super) fn batches_of(slice: &[u8]) -> impl Iterator<Item = Batch<'_>> {
    batches(slice).map_while(Result::ok)
}
