//! What a broker without a journal would do at the least: one synced write of whole blocks per partition and commit.
//!
//! It keeps no index, no checksum and no tail in memory, and a torn rewrite of its last block loses what that block
//! held: a lower bound of the cost, not a log.

use std::cell::{Cell, RefCell};
use std::path::Path;

use millrace_runtime::{BLOCK_BYTES, Core, Durability, File, OpenOptions};

use crate::Failure;

/// As the log's segments grow: by doubling between these, in bytes.
const EXTENT_BYTES_MIN: u64 = 64 * 1024;
const EXTENT_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// A partition's file. One append at a time.
pub(crate) struct Bare {
    file: File,
    sized: bool,
    /// Where the next write begins: a multiple of the block size, in bytes.
    block_start: Cell<u64>,
    allocated: Cell<u64>,
    /// What the block at `block_start` holds already.
    partial: RefCell<Vec<u8>>,
}

impl Bare {
    /// A new file with its first extent. `sized`: its length goes with its space, instead of with its writes.
    pub(crate) async fn create(core: &Core, path: &Path, sized: bool) -> Result<Bare, Failure> {
        let file = core.open(path, OpenOptions { truncate: true, ..OpenOptions::read_write().direct() }).await?;
        let bare =
            Bare { file, sized, block_start: Cell::new(0), allocated: Cell::new(0), partial: RefCell::default() };
        bare.grow(core, EXTENT_BYTES_MIN).await?;
        Ok(bare)
    }

    async fn grow(&self, core: &Core, to: u64) -> Result<(), Failure> {
        self.file.allocate(core, self.allocated.get(), to - self.allocated.get()).await?;
        if self.sized {
            self.file.truncate(core, to).await?;
        }
        self.file.sync(core).await?;
        self.allocated.set(to);
        Ok(())
    }

    /// Writes the batch behind what is there, with the rest of its last block as zeros; durable when this returns.
    pub(crate) async fn append(&self, core: &Core, batch: &[u8]) -> Result<(), Failure> {
        let from = self.block_start.get();
        let used = self.partial.borrow().len() + batch.len();
        let write_bytes = used.next_multiple_of(BLOCK_BYTES);
        let end = from + write_bytes as u64;
        if end > self.allocated.get() {
            let extent = self.allocated.get().clamp(EXTENT_BYTES_MIN, EXTENT_BYTES_MAX);
            self.grow(core, end.max(self.allocated.get() + extent)).await?;
        }
        let mut buffer = core.buffers().alloc_wait(write_bytes).await;
        buffer.extend_from_slice(&self.partial.borrow());
        buffer.extend_from_slice(batch);
        buffer.spare_mut().iter_mut().take(write_bytes - used).for_each(|byte| *byte = 0);
        buffer.set_len(write_bytes);
        let bytes = buffer.freeze();
        self.file.write_at(core, vec![bytes.clone()], from, Durability::Synced).await?;
        let whole = used - used % BLOCK_BYTES;
        self.block_start.set(from + whole as u64);
        let mut partial = self.partial.borrow_mut();
        partial.clear();
        partial.extend_from_slice(&bytes.slice(whole..used));
        Ok(())
    }
}
