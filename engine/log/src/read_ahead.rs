//! Reading ahead: whoever reads what is not in memory batch after batch finds the next bytes read, or on their way,
//! while it sends the last ones.
//!
//! Invariants:
//! - What is read ahead takes the place of a read from the disk, and of nothing else: it is checked and bounded when it
//!   is served, as what was read just then.
//! - It is what a segment's file holds for good. What gives a partition's segments other bytes (a cut, a swap, its end)
//!   forgets in the same moment what was read ahead of it, what is on its way included. So a read when it is used would
//!   give the same bytes.
//! - There are at most as many buffers as the options say, none larger than what is read at a time, and none is kept
//!   for longer than twice [`READ_AHEAD_KEPT`].

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use millrace_base::ids::{Offset, TopicPartition};
use millrace_runtime::sync::Notify;
use millrace_runtime::{Bytes, Core, Monotonic};

use crate::error::ReadError;
use crate::limits::READ_AHEAD_KEPT;
use crate::partition::Partition;
use crate::read::View;
use crate::scan::{chunk_bytes, read_range};
use crate::segment_files::Access;
use crate::shared::Shared;

/// Where bytes lie: from which one on, in the segment with this base offset.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Place {
    partition: TopicPartition,
    base: Offset,
    from: u64,
}

struct Ahead {
    place: Place,
    /// Tells it from a later one at the same place.
    number: u64,
    begun: Monotonic,
    /// Nothing yet: they are on their way.
    bytes: Option<Bytes>,
}

/// What the partitions of a core have read ahead.
#[derive(Default)]
pub(crate) struct ReadAhead {
    kept: RefCell<Vec<Ahead>>,
    begun: Cell<u64>,
    /// Told when bytes have come, or will not.
    settled: Notify,
    /// Somebody drops what nobody asks for.
    is_swept: Cell<bool>,
}

impl ReadAhead {
    /// Drops what was read ahead of a partition, or will have been.
    pub(crate) fn forget(&self, partition: TopicPartition) {
        self.kept.borrow_mut().retain(|ahead| ahead.place.partition != partition);
        self.settled.notify_all();
    }

    /// Gives up what is at `place`, if it has come; `None`: it is on its way.
    fn take(&self, place: Place) -> Option<Option<Bytes>> {
        let mut kept = self.kept.borrow_mut();
        let Some(at) = kept.iter().position(|ahead| ahead.place == place) else { return Some(None) };
        kept.get(at)?.bytes.as_ref()?;
        Some(kept.swap_remove(at).bytes)
    }

    /// Notes that bytes are on their way; nothing when that is known, or `buffers_max` are kept.
    fn begin(&self, place: Place, now: Monotonic, buffers_max: usize) -> Option<u64> {
        let mut kept = self.kept.borrow_mut();
        if kept.len() >= buffers_max || kept.iter().any(|ahead| ahead.place == place) {
            return None;
        }
        let number = self.begun.get();
        self.begun.set(number + 1);
        kept.push(Ahead { place, number, begun: now, bytes: None });
        Some(number)
    }

    /// Keeps what has come, unless it was forgotten meanwhile; without bytes there is nothing to keep.
    fn settle(&self, number: u64, bytes: Option<Bytes>) {
        let mut kept = self.kept.borrow_mut();
        if let Some(at) = kept.iter().position(|ahead| ahead.number == number) {
            match (bytes, kept.get_mut(at)) {
                (Some(bytes), Some(ahead)) => ahead.bytes = Some(bytes),
                _ => drop(kept.swap_remove(at)),
            }
        }
        drop(kept);
        self.settled.notify_all();
    }

    /// Drops what was begun before `then`; whether something is left.
    fn drop_older(&self, then: Monotonic) -> bool {
        let mut kept = self.kept.borrow_mut();
        // Who waits for what is on its way goes on waiting: the disk is slow.
        kept.retain(|ahead| ahead.begun >= then || ahead.bytes.is_none());
        !kept.is_empty()
    }

    #[cfg(test)]
    pub(crate) fn buffers(&self) -> usize {
        self.kept.borrow().len()
    }
}

impl Partition {
    /// `bytes` bytes of a segment from `from` on, as [`Self::read_segment`] gives them: those read ahead, if they are
    /// all of that.
    pub(crate) async fn read_segment_ahead(&self, view: &View, from: u64, bytes: usize) -> Result<Bytes, ReadError> {
        let wanted = bytes.min((view.end - from) as usize);
        let place = Place { partition: self.id, base: view.base, from };
        let found = loop {
            let settled = self.shared.read_ahead.settled.notified();
            match self.shared.read_ahead.take(place) {
                Some(found) => break found,
                None => settled.await,
            }
        };
        match found.filter(|found| found.len() >= wanted) {
            Some(found) => Ok(found.slice(..wanted)),
            None => self.read_segment(view, from, bytes).await,
        }
    }

    /// Begins to read ahead as much as `bytes_max` allows of a segment from `from` on, where somebody is likely to read
    /// next: if a file holds all of it, and memory is not scarce.
    pub(crate) fn read_ahead(self: &Rc<Self>, view: &View, from: u64, bytes_max: usize) {
        let bytes = bytes_max.min(chunk_bytes(from)).min(view.end.saturating_sub(from) as usize);
        let buffers = self.shared.core.buffers();
        let is_scarce = buffers.used_bytes() > buffers.limit_bytes() / 2;
        if bytes == 0 || is_scarce || !self.is_in_file(view, from, from + bytes as u64) {
            return;
        }
        let (core, buffers_max) = (&self.shared.core, self.shared.options.read_ahead_buffers);
        let place = Place { partition: self.id, base: view.base, from };
        let Some(number) = self.shared.read_ahead.begin(place, core.now(), buffers_max) else { return };
        let (partition, view) = (self.clone(), *view);
        core.spawn(async move {
            let read = partition.read_from_file(&view, from, bytes).await;
            // What cannot be read ahead is told to who reads it.
            partition.shared.read_ahead.settle(number, read);
        });
        if !self.shared.read_ahead.is_swept.replace(true) {
            core.spawn(drop_stale(core.clone(), Rc::downgrade(&self.shared)));
        }
    }

    async fn read_from_file(&self, view: &View, from: u64, bytes: usize) -> Option<Bytes> {
        let file = self.segment_file(view.base, Access::Direct).await.ok()?;
        read_range(&self.shared.core, &file, from, bytes).await.ok()
    }

    /// Whether `from..to` is read from the segment's file, and nothing of it from memory.
    fn is_in_file(&self, view: &View, from: u64, to: u64) -> bool {
        let is_current = self.state.borrow().check_view(view).is_ok();
        is_current && self.split(view, from, to).is_some_and(|(in_file, _)| in_file == to)
    }
}

/// Drops what nobody has asked for in a while, for as long as there is something.
async fn drop_stale(core: Core, shared: Weak<Shared>) {
    loop {
        let then = core.now();
        core.sleep(READ_AHEAD_KEPT).await;
        let Some(shared) = shared.upgrade() else { return };
        if !shared.read_ahead.drop_older(then) {
            shared.read_ahead.is_swept.set(false);
            return;
        }
    }
}
