//! Reserving space in segments' files: for an append that needs it, and ahead of need. With many partitions that grow
//! alike all of them come to an extent's end at about the same time, and appends would wait for each other's turn.
//!
//! Invariants:
//! - One at a time extends a partition's segment: what ended late would cut the file that another one made longer.
//! - No segment is extended while its file is written, and none that is closed: sealing cuts it to its valid length.

use std::io;
use std::rc::Rc;

use millrace_base::ids::Offset;
use millrace_runtime::{Core, File};

use crate::limits::{EXTENT_BYTES_MAX, EXTENT_BYTES_MIN, block_ceil};
use crate::partition::Partition;
use crate::segment::Segment;
use crate::shared::Shared;

/// Space to be reserved in a segment's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    /// The segment's base offset.
    pub(crate) segment: Offset,
    /// What was reserved before, in bytes: where it begins.
    pub(crate) from: u64,
    /// Its length in bytes.
    pub(crate) bytes: u64,
}

/// Reserves `bytes` from `from` on, and makes the file that much longer, durably: a write that changes a file's length
/// costs its file system a transaction of its own.
///
/// # Errors
/// The disk's; `StorageFull` when there is no space.
pub(crate) async fn extend(core: &Core, file: &File, from: u64, bytes: u64) -> io::Result<()> {
    file.allocate(core, from, bytes).await?;
    file.truncate(core, from + bytes).await?;
    // Whatever a sync fails with, it is the end: not a lack of space that passes.
    file.sync(core).await.map_err(|error| io::Error::other(format!("sync: {error}")))
}

impl Segment {
    /// What to reserve so that the segment reaches to `needed` bytes: as much again as there is, up to a limit, and no
    /// more than a segment may hold.
    pub(crate) fn next_extent(&self, needed: u64, segment_bytes: u64) -> Extent {
        let extent = self.allocated.clamp(EXTENT_BYTES_MIN, EXTENT_BYTES_MAX);
        let target = (self.allocated + extent).min(block_ceil(segment_bytes)).max(needed);
        Extent { segment: self.base_offset, from: self.allocated, bytes: target.saturating_sub(self.allocated) }
    }

    /// Whether less than a quarter of the last extent is left.
    pub(crate) fn is_nearly_used(&self) -> bool {
        self.may_extend_ahead && self.allocated.saturating_sub(self.end) < self.allocated.min(EXTENT_BYTES_MAX) / 4
    }
}

impl Partition {
    /// Reserves an extent; the caller is the only one who does.
    pub(crate) async fn reserve(&self, extent: Extent) -> io::Result<()> {
        let Extent { segment, from, bytes } = extent;
        let file = self.state.borrow_mut().segment(segment).and_then(|segment| segment.file.clone());
        let Some(file) = file else { unreachable!("the file of a segment that is not sealed is open") };
        let extended = extend(&self.shared.core, &file, from, bytes).await;
        if let Some(segment) = self.state.borrow_mut().segment(segment) {
            segment.may_extend_ahead = extended.is_ok();
            if extended.is_ok() {
                segment.allocated = segment.allocated.max(from + bytes);
            }
        }
        extended
    }

    /// Reserves the active segment's next extent before an append needs it.
    async fn extend_ahead(self: &Rc<Self>) {
        let writing = self.writing.acquire(1).await;
        self.extend_unless_appends_do().await;
        drop(writing);
        // A run may have found the files in use, also when there was nothing to do.
        self.shared.mark_dirty(self);
    }

    /// A full disk is the error of the append that needs the space.
    async fn extend_unless_appends_do(&self) {
        let Some(_alone) = self.extending.try_acquire(1) else { return };
        let Some(extent) = self.extent_ahead() else { return };
        if let Err(error) = self.reserve(extent).await {
            let refused = self.space_error(error);
            tracing::debug!(partition = %self.id, %refused, "no space was reserved ahead");
        }
    }

    fn extent_ahead(&self) -> Option<Extent> {
        self.check().ok()?;
        let mut state = self.state.borrow_mut();
        let segment_bytes = state.config.segment_bytes_max();
        let active = state.active();
        Some(active.next_extent(0, segment_bytes)).filter(|extent| active.is_nearly_used() && extent.bytes > 0)
    }
}

impl Shared {
    /// Has the partition's next extent reserved soon.
    pub(crate) fn queue_extension(&self, partition: &Rc<Partition>) {
        if !partition.is_queued_to_extend.replace(true) {
            self.to_extend.borrow_mut().push_back(partition.clone());
            self.has_to_extend.notify_all();
        }
    }

    /// One of the tasks that reserve space.
    pub(crate) async fn extend_forever(self: Rc<Self>) {
        loop {
            let notified = self.has_to_extend.notified();
            if self.is_stopped() {
                return;
            }
            let first = self.to_extend.borrow_mut().pop_front();
            let Some(partition) = first else {
                notified.await;
                continue;
            };
            partition.is_queued_to_extend.set(false);
            partition.extend_ahead().await;
        }
    }
}
