//! The file that takes the place of segments, while it is written.
//!
//! Invariants:
//! - Space is reserved before it is written to: a full disk is no failed write.
//! - It is whole and on stable storage, and so is its name, when it is finished.

use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use millrace_base::ids::Offset;
use millrace_record::batch::Batch;
use millrace_runtime::{Buffer, Durability, File, OpenOptions};

use super::clean::CleanError;
use crate::extend::extend;
use crate::index::Index;
use crate::limits::{BLOCK_BYTES, CLEAN_EXTENT_BYTES, CLEAN_WRITE_BYTES, SEGMENT_BYTES_MAX, block_ceil};
use crate::shared::Shared;

/// See the invariants above.
pub(super) struct Output {
    shared: Rc<Shared>,
    path: PathBuf,
    file: File,
    base: Offset,
    index_interval_bytes: u64,
    index: Index,
    /// What is not in the file yet.
    buffer: Buffer,
    /// Bytes that are in the file: whole blocks.
    written: u64,
    allocated: u64,
    /// Bytes in all.
    end: u64,
}

/// A file that was finished.
pub(super) struct Finished {
    /// Its length in bytes.
    pub(super) end: u64,
    pub(super) index: Index,
}

impl Output {
    /// Creates a file for the segment that begins at `base`.
    pub(super) async fn create(
        shared: &Rc<Shared>,
        path: &Path,
        base: Offset,
        index_interval_bytes: u64,
    ) -> Result<Output, CleanError> {
        let options = OpenOptions { truncate: true, ..OpenOptions::read_write().direct() };
        let file = shared.core.open(path, options).await.map_err(|error| failed(shared, path, &error))?;
        Ok(Output {
            shared: shared.clone(),
            path: path.to_owned(),
            file,
            base,
            index_interval_bytes,
            index: Index::empty(),
            buffer: buffer(shared).await,
            written: 0,
            allocated: 0,
            end: 0,
        })
    }

    /// Appends a batch.
    pub(super) async fn append(&mut self, batch: &Batch<'_>) -> Result<(), CleanError> {
        let bytes = batch.batch_bytes() as u64;
        if self.end + bytes > SEGMENT_BYTES_MAX {
            return Err(CleanError::TooLarge { segment: self.base });
        }
        let relative = (batch.base_offset() - self.base) as u32;
        self.index.note(self.index_interval_bytes, relative, self.end, bytes, batch.max_timestamp());
        self.end += bytes;
        let mut rest = batch.bytes();
        while !rest.is_empty() {
            let room = CLEAN_WRITE_BYTES - self.buffer.len();
            let (now, later) = rest.split_at(rest.len().min(room));
            self.buffer.extend_from_slice(now);
            rest = later;
            if self.buffer.len() == CLEAN_WRITE_BYTES {
                self.write().await?;
            }
        }
        Ok(())
    }

    async fn write(&mut self) -> Result<(), CleanError> {
        let core = &self.shared.core;
        let full = std::mem::replace(&mut self.buffer, buffer(&self.shared).await).freeze();
        let bytes = full.len() as u64;
        let failed = |error: io::Error| failed(&self.shared, &self.path, &error);
        if self.written + bytes > self.allocated {
            extend(core, &self.file, self.allocated, CLEAN_EXTENT_BYTES).await.map_err(failed)?;
            self.allocated += CLEAN_EXTENT_BYTES;
        }
        self.file.write_at(core, vec![full], self.written, Durability::Deferred).await.map_err(failed)?;
        self.written += bytes;
        Ok(())
    }

    /// Writes the rest, and makes all of it durable.
    pub(super) async fn finish(mut self, directory: &Path) -> Result<Finished, CleanError> {
        if !self.buffer.is_empty() {
            let whole = block_ceil(self.buffer.len() as u64) as usize;
            let padding = whole - self.buffer.len();
            if let Some(spare) = self.buffer.spare_mut().get_mut(..padding) {
                spare.fill(0);
            }
            self.buffer.set_len(whole);
            self.write().await?;
        }
        let core = &self.shared.core;
        let settled = async {
            self.file.truncate(core, self.end).await?;
            self.file.sync(core).await.map_err(io::Error::other)?;
            core.sync_dir(directory).await.map_err(io::Error::other)
        };
        settled.await.map_err(|error| failed(&self.shared, &self.path, &error))?;
        assert!(block_ceil(self.end) == self.written && self.written.is_multiple_of(BLOCK_BYTES));
        Ok(Finished { end: self.end, index: self.index })
    }
}

async fn buffer(shared: &Shared) -> Buffer {
    let mut buffer = shared.core.buffers().alloc_wait(CLEAN_WRITE_BYTES).await;
    buffer.limit_capacity(CLEAN_WRITE_BYTES);
    buffer
}

/// A full disk ends the cleaning; anything else takes the log directory offline.
fn failed(shared: &Shared, path: &Path, error: &io::Error) -> CleanError {
    if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
        return CleanError::NoSpace(error.to_string());
    }
    CleanError::Read(shared.fail(&format!("write {}: {error}", path.display())).into())
}
