//! Reading what nobody has read since the log was opened: it is checked in the memory from which it is served. By the
//! next time it is verified, and leaves by sendfile.

use std::rc::Rc;

use millrace_base::ids::Offset;
use millrace_record::batch::batches;
use millrace_runtime::Bytes;

use crate::error::ReadError;
use crate::limits::UNVERIFIED_READ_BYTES_MIN;
use crate::partition::Partition;
use crate::read::{Bounds, ReadLimits, View};
use crate::rot::RotMap;
use crate::scan::chunk_bytes;

/// What a chunk of a segment turned out to hold.
struct Checked {
    /// The batches to serve, as a range of the chunk.
    served: std::ops::Range<usize>,
    /// The offset that follows them.
    next_offset: Offset,
    /// By piece in which a verified batch begins: where the next one follows.
    ends: Vec<(u64, (u64, Offset))>,
}

impl Partition {
    /// The batches from the one that holds `offset` on, if they lie in a file, were not verified yet, and are sound;
    /// and the offset that follows them. Nothing in all other cases, one batch that is larger than what is read at a
    /// time among them, and where memory is to be spared.
    pub(crate) async fn read_unverified(
        self: &Rc<Self>,
        offset: Offset,
        limits: ReadLimits,
    ) -> Result<Option<(Bytes, Offset)>, ReadError> {
        if self.shared.spares_memory() {
            return Ok(None);
        }
        let Some(view) = self.view_of(offset).filter(|view| self.is_partly_in_file(view)) else { return Ok(None) };
        let relative = u32::try_from((offset - view.base).max(0)).unwrap_or(u32::MAX);
        let floor = self.ask_index(&view, |index| Some(index.batch_before(index.position_of(relative)?, view.base)));
        let floor = floor.await?.unwrap_or((0, view.base));
        let Some(from) = self.unverified_from(&view, floor, offset) else { return Ok(None) };
        let bytes_max = limits.bytes_max.max(UNVERIFIED_READ_BYTES_MIN);
        let chunk = self.read_segment_ahead(&view, from.0, bytes_max.min(chunk_bytes(from.0))).await?;
        let Some(checked) = check(&chunk, from, offset, limits, &self.bounds_of(&view)) else { return Ok(None) };
        let mut state = self.state.borrow_mut();
        state.check_view(&view)?;
        let is_next = state.segment(view.base).is_some_and(|segment| segment.rot.extend(from.0, &checked.ends));
        drop(state);
        if is_next {
            self.read_ahead(&view, from.0 + checked.served.end as u64, bytes_max);
        }
        Ok(Some((chunk.slice(checked.served), checked.next_offset)))
    }

    /// Whether some of a segment must be read from its file.
    fn is_partly_in_file(&self, view: &View) -> bool {
        let mut state = self.state.borrow_mut();
        state.segment(view.base).is_some_and(|segment| !segment.is_ours(0))
    }

    /// The batch to read from: at or behind `floor`, a batch at or before the one that holds `offset`. Nothing when it
    /// is in memory, was verified, or damage is known in the segment.
    fn unverified_from(&self, view: &View, floor: (u64, Offset), offset: Offset) -> Option<(u64, Offset)> {
        let mut state = self.state.borrow_mut();
        let segment = state.segment(view.base)?;
        if !segment.rot.ranges().is_empty() {
            return None;
        }
        let mut from = floor;
        while from.1 <= offset
            && let Some(end) = segment.rot.verified(RotMap::piece_of(from.0)).filter(|end| end.0 > from.0)
        {
            from = end;
        }
        let is_sought = from.1 <= offset && from.0 < view.end;
        (is_sought && !segment.is_ours(from.0)).then_some(from)
    }
}

/// Checks a chunk's batches, the first of which is `from`, as far as they are served.
fn check(chunk: &Bytes, from: (u64, Offset), offset: Offset, limits: ReadLimits, bounds: &Bounds) -> Option<Checked> {
    let (start, mut expected) = from;
    let mut at = 0;
    let mut served: Option<std::ops::Range<usize>> = None;
    let mut ends: Vec<(u64, (u64, Offset))> = Vec::new();
    for batch in batches(chunk) {
        let Some(batch) = batch.ok().filter(|batch| batch.crc_is_valid() && bounds.hold(batch, expected)) else {
            break;
        };
        let to = at + batch.batch_bytes();
        if batch.next_offset() > offset {
            let first = served.as_ref().map_or(at, |served| served.start);
            let is_allowed = to - first <= limits.bytes_max || (served.is_none() && limits.at_least_one_batch);
            if !is_allowed {
                break;
            }
            served = Some(first..to);
        }
        note_end(&mut ends, RotMap::piece_of(start + at as u64), (start + to as u64, batch.next_offset()));
        (at, expected) = (to, batch.next_offset());
    }
    Some(Checked { served: served?, next_offset: expected, ends })
}

fn note_end(ends: &mut Vec<(u64, (u64, Offset))>, piece: u64, end: (u64, Offset)) {
    match ends.last_mut() {
        Some((last, known)) if *last == piece => *known = end,
        _ => ends.push((piece, end)),
    }
}
