//! Reading: from the tail's memory; from files by direct reads at first, to be checked, and by range after that.
//!
//! Invariants:
//! - Nothing at or above the high watermark is given, and nothing that was not verified since the segment was opened.
//! - A reader gets whole batches from the one that holds its offset on; only the end of a file range may cut one.
//! - A damaged range is an error for who begins in it, and an end for who begins before it.
//! - Where memory is to be spared (see `lent_memory`) what is given holds none of the core's buffers.

use std::rc::Rc;

use millrace_base::ids::Offset;
use millrace_record::batch::Batch;
use millrace_record::header::HEADER_BYTES;
use millrace_runtime::{Bytes, File};

use crate::epochs::LeaderEpochs;
use crate::error::{ReadError, Unavailable};
use crate::layout;
use crate::limits::VERIFY_BYTES;
use crate::partition::{Offsets, Partition};
use crate::rot::{RotMap, RottenRange};
use crate::scan::{chunk_bytes, find_batch, read_around_damage, read_range, scan};
use crate::segment::Segment;
use crate::segment_files::Access;

/// What a read may give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadLimits {
    /// The most bytes (inclusive).
    pub bytes_max: usize,
    /// Give one whole batch even if it is larger.
    pub at_least_one_batch: bool,
}

/// A piece of what was read.
#[derive(Clone, Debug)]
pub enum ReadPart {
    /// In memory.
    Memory(Bytes),
    /// A range of a segment's file, through the page cache: it holds these bytes for good.
    File {
        /// The file, not direct.
        file: File,
        /// Where the range begins, in bytes.
        position: u64,
        /// Its length in bytes.
        length: u64,
    },
}

impl ReadPart {
    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            ReadPart::Memory(bytes) => bytes.len(),
            ReadPart::File { length, .. } => *length as usize,
        }
    }

    /// Its bytes, read if they are not in memory.
    ///
    /// # Errors
    /// The disk's; `UnexpectedEof` when the file is shorter than the range.
    pub async fn load(&self, core: &millrace_runtime::Core) -> std::io::Result<Bytes> {
        match self {
            ReadPart::Memory(bytes) => Ok(bytes.clone()),
            ReadPart::File { file, position, length } => {
                let bytes = read_range(core, file, *position, *length as usize).await?;
                if bytes.len() as u64 == *length { Ok(bytes) } else { Err(std::io::ErrorKind::UnexpectedEof.into()) }
            }
        }
    }

    /// Whether there are no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Record batches, in order.
#[derive(Clone, Debug, Default)]
pub struct Read {
    /// Their bytes.
    pub parts: Vec<ReadPart>,
}

/// A segment, as a read sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    pub(crate) base: Offset,
    /// Exclusive end of what may be read, in bytes.
    pub(crate) end: u64,
    pub(crate) is_sealed: bool,
    /// The swap that its file came with.
    pub(crate) revision: u32,
    /// What is seen in another generation of the log says nothing about this one.
    pub(crate) generation: u32,
    /// What is seen before segments were replaced says nothing about what is there since.
    pub(crate) swaps: u32,
}

/// What is known of the batches of a segment beside their bytes: offset and leader epoch lie outside their checksums.
pub(crate) struct Bounds {
    epochs: LeaderEpochs,
    /// Where the next segment begins (exclusive end).
    limit: Offset,
    /// It was compacted.
    may_have_gaps: bool,
}

impl Bounds {
    /// Whether this can be the batch that should have offset `expected`.
    pub(crate) fn hold(&self, batch: &Batch<'_>, expected: Offset) -> bool {
        let offset = batch.base_offset();
        let follows = offset == expected || (self.may_have_gaps && offset > expected);
        let is_of_epoch = || self.epochs.epoch_of(offset).is_none_or(|epoch| epoch == batch.leader_epoch());
        follows && batch.next_offset() <= self.limit && is_of_epoch()
    }
}

/// A batch's place in a segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) position: u64,
    pub(crate) bytes: u64,
    /// The offset that follows it.
    pub(crate) next_offset: Offset,
}

impl Partition {
    /// Reads from the batch that holds `offset` on.
    ///
    /// # Errors
    /// [`ReadError`]; `OutOfRange` for offsets below the log start and above the high watermark.
    pub async fn read(self: &Rc<Self>, offset: Offset, limits: ReadLimits) -> Result<Read, ReadError> {
        self.reading(offset, async || self.read_from(offset, limits).await).await
    }

    /// Reads for who wants `offset`: from one generation of the log, and from segments that were not replaced
    /// meanwhile.
    pub(crate) async fn reading<T>(
        &self,
        offset: Offset,
        what: impl AsyncFnMut() -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        self.check()?;
        self.check_range(offset)?;
        let generation = self.state.borrow().generation;
        let read = self.unless_replaced(what).await;
        if read.is_err() {
            // The segment may have gone meanwhile.
            self.check_range(offset)?;
        }
        self.state.borrow().check_generation(generation)?;
        read
    }

    fn check_range(&self, offset: Offset) -> Result<(), ReadError> {
        let Offsets { log_start, high_watermark, .. } = self.offsets();
        if (log_start..=high_watermark).contains(&offset) {
            return Ok(());
        }
        Err(ReadError::OutOfRange { offset, start: log_start, end: high_watermark })
    }

    async fn read_from(self: &Rc<Self>, offset: Offset, limits: ReadLimits) -> Result<Read, ReadError> {
        if !self.gives_anything(offset, limits) {
            return Ok(Read::default());
        }
        if let Some((bytes, _)) = self.read_unverified(offset, limits).await? {
            return Ok(Read { parts: vec![ReadPart::Memory(bytes)] });
        }
        let Some((view, place)) = self.find_place(offset, limits).await? else { return Ok(Read::default()) };
        let to = self.sparing_end(&view, place, self.verified_end(&view, place, limits).await?);
        Ok(Read { parts: self.read_bytes(&view, place.position, to).await? })
    }

    /// Whether a read at `offset` can give any bytes.
    pub(crate) fn gives_anything(&self, offset: Offset, limits: ReadLimits) -> bool {
        offset != self.offsets().high_watermark && (limits.bytes_max > 0 || limits.at_least_one_batch)
    }

    /// The segment to read `offset` from: the one that holds it, or the next one with anything to read.
    pub(crate) fn view_of(&self, offset: Offset) -> Option<View> {
        let state = self.state.borrow();
        let first = state.segment_index(offset);
        state
            .segments
            .iter()
            .skip(first)
            .map(|segment| View {
                base: segment.base_offset,
                end: segment.visible,
                is_sealed: segment.is_sealed,
                revision: segment.revision,
                generation: state.generation,
                swaps: state.swaps,
            })
            .find(|view| view.end > 0)
    }

    /// Where the segment behind `view`'s begins.
    fn next_base(&self, view: &View) -> Option<Offset> {
        let state = self.state.borrow();
        state.segments.get(state.segment_index(view.base) + 1).map(|next| next.base_offset)
    }

    /// What a segment's batches must keep to.
    pub(crate) fn bounds_of(&self, view: &View) -> Bounds {
        let limit = self.next_base(view).unwrap_or(Offset::MAX);
        Bounds { epochs: self.leader_epochs(), limit, may_have_gaps: view.revision > 0 }
    }

    /// Does `what`, and does it again when segments were replaced meanwhile.
    pub(crate) async fn unless_replaced<T>(
        &self,
        mut what: impl AsyncFnMut() -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        loop {
            let swaps = self.state.borrow().swaps;
            let done = what().await;
            if self.state.borrow().swaps == swaps {
                return done;
            }
        }
    }

    /// Bytes of a segment that were verified: from memory, or by the page cache from what its file holds for good.
    pub(crate) async fn read_bytes(&self, view: &View, from: u64, to: u64) -> Result<Vec<ReadPart>, ReadError> {
        let gone = || self.io_error(view.base, std::io::ErrorKind::NotFound.into());
        let spares_memory = self.shared.spares_memory();
        let first = |segment: &Segment| if spares_memory { segment.destaged } else { segment.tail.start() };
        let (in_file, tail) = self.split_at(view, from, to, first).ok_or_else(gone)?;
        let mut parts = Vec::new();
        if from < in_file {
            let file = self.segment_file(view.base, Access::Cached).await?;
            let part = ReadPart::File { file, position: from, length: in_file - from };
            parts.push(if part.len() <= self.shared.options.copied_bytes && !spares_memory {
                let copied = part.load(&self.shared.core).await;
                ReadPart::Memory(copied.map_err(|error| self.io_error(view.base, error))?)
            } else {
                part
            });
        }
        if spares_memory && !tail.is_empty() {
            let copied = tail.iter().map(|part| &**part).collect::<Vec<_>>().concat();
            parts.push(ReadPart::Memory(Bytes::from(copied)));
        } else {
            parts.extend(tail.into_iter().map(ReadPart::Memory));
        }
        Ok(parts)
    }

    /// Parts `from..to` in what the file holds, up to the position given, and what only memory does. Together and
    /// before anything is awaited: what is not in memory now is in the file, and stays there. Nothing when the segment
    /// is gone.
    pub(crate) fn split(&self, view: &View, from: u64, to: u64) -> Option<(u64, Vec<Bytes>)> {
        self.split_at(view, from, to, |segment| segment.tail.start())
    }

    /// The same, with memory from the place on that `first` says, as far as it goes.
    fn split_at(&self, view: &View, from: u64, to: u64, first: impl Fn(&Segment) -> u64) -> Option<(u64, Vec<Bytes>)> {
        let mut state = self.state.borrow_mut();
        let segment = state.segment(view.base)?;
        let start = first(segment).clamp(from, to);
        match segment.tail.view(start, to) {
            Some(tail) => Some((start, tail)),
            None => Some((to, Vec::new())),
        }
    }

    /// The batch that holds `offset`, or the first one behind it, in whichever segment that is: compaction may have
    /// left nothing between an offset and its segment's end. Nothing when it is larger than the limits allow.
    pub(crate) async fn find_place(
        self: &Rc<Self>,
        offset: Offset,
        limits: ReadLimits,
    ) -> Result<Option<(View, Place)>, ReadError> {
        let is_allowed = |place: &Place| place.bytes <= limits.bytes_max as u64 || limits.at_least_one_batch;
        let mut from = offset;
        loop {
            let Some(view) = self.view_of(from) else { return Ok(None) };
            if let Some(place) = self.find_batch(&view, offset).await? {
                return Ok(Some((view, place)).filter(|(_, place)| is_allowed(place)));
            }
            match self.next_base(&view) {
                Some(next) => from = next,
                None => return Ok(None),
            }
        }
    }

    /// The batch of a segment that holds `offset`, or the first one behind it.
    async fn find_batch(self: &Rc<Self>, view: &View, offset: Offset) -> Result<Option<Place>, ReadError> {
        let relative = u32::try_from((offset - view.base).max(0)).unwrap_or(u32::MAX);
        let position = self.index_floor(view, |index| index.position_of(relative)).await?;
        let mut position = self.batch_floor(view, position).await?;
        while position < view.end {
            self.verify(view, position, position + 1).await?;
            if let Some(rotten) = self.rot_at(view.base, position) {
                if rotten.first_offset <= offset && offset < rotten.next_offset {
                    return Err(self.rot_error(view.base, rotten));
                }
                position = rotten.to;
                continue;
            }
            let (next_offset, bytes) = self.verified_batch(view, position).await?;
            if next_offset > offset {
                return Ok(Some(Place { position, bytes, next_offset }));
            }
            position += bytes;
        }
        Ok(None)
    }

    /// Where to look for what the index says is at `position`: there; or where damage before it ends, because what
    /// follows damage may lie elsewhere than it was written.
    pub(crate) async fn batch_floor(self: &Rc<Self>, view: &View, position: u64) -> Result<u64, ReadError> {
        if position >= view.end {
            return Ok(position);
        }
        self.verify(view, position, position + 1).await?;
        let mut state = self.state.borrow_mut();
        let Some(segment) = state.segment(view.base) else { return Ok(position) };
        // A piece that follows another's damage was itself verified from a batch that is where the index says.
        let before = segment.rot.ranges().iter().rfind(|range| range.to <= position);
        let in_piece = before.filter(|range| RotMap::piece_of(range.to) == RotMap::piece_of(position));
        Ok(in_piece.map_or(position, |range| range.to))
    }

    /// Next offset and length of the batch at `position`, which was verified.
    pub(crate) async fn verified_batch(&self, view: &View, position: u64) -> Result<(Offset, u64), ReadError> {
        let found = self.batch_at(view, position).await?;
        found.ok_or_else(|| self.io_error(view.base, std::io::Error::other("the file changed while it was read")))
    }

    /// Next offset and length of the batch at `position`; nothing when there is no batch header.
    async fn batch_at(&self, view: &View, position: u64) -> Result<Option<(Offset, u64)>, ReadError> {
        let mut header = [0; HEADER_BYTES];
        let in_memory = {
            let mut state = self.state.borrow_mut();
            state.segment(view.base).is_some_and(|segment| segment.tail.copy(position, &mut header))
        };
        if !in_memory {
            let to = (position + HEADER_BYTES as u64).min(view.end);
            let bytes = self.shared.join(Some(self.read_parts(view, position, to, Access::Cached).await?));
            let Ok(found) = <[u8; HEADER_BYTES]>::try_from(&*bytes) else { return Ok(None) };
            header = found;
        }
        let Ok(archived) = millrace_record::header::view(&header) else { return Ok(None) };
        let bytes = u64::try_from(archived.batch_length.to_native()).unwrap_or(0)
            + millrace_record::header::LENGTH_PREFIX_BYTES as u64;
        let next_offset = archived.base_offset.to_native() + i64::from(archived.last_offset_delta.to_native()) + 1;
        let is_plausible = bytes >= HEADER_BYTES as u64 && position + bytes <= view.end && next_offset > view.base;
        Ok(is_plausible.then_some((next_offset, bytes)))
    }

    /// Bytes of a segment: what is in memory from there, the rest from its file. Fewer at its end.
    pub(crate) async fn read_segment(&self, view: &View, from: u64, bytes: usize) -> Result<Bytes, ReadError> {
        let parts = self.read_parts(view, from, (from + bytes as u64).min(view.end), Access::Direct).await?;
        Ok(self.shared.join(Some(parts)))
    }

    /// The same up to `to`, in the pieces in which it was read.
    async fn read_parts(&self, view: &View, from: u64, to: u64, access: Access) -> Result<Vec<Bytes>, ReadError> {
        let to = to.max(from);
        let Some((in_file, tail)) = self.split(view, from, to) else { return Ok(Vec::new()) };
        let mut parts = Vec::new();
        if from < in_file {
            let file = self.segment_file(view.base, access).await?;
            let mut at = from;
            while at < in_file {
                let wanted = chunk_bytes(at).min((in_file - at) as usize);
                let part = read_around_damage(&self.shared.core, &file, at, wanted).await;
                let part = part.map_err(|error| self.io_error(view.base, error))?;
                at += part.len() as u64;
                let is_whole = part.len() == wanted;
                parts.push(part);
                if !is_whole {
                    return Ok(parts);
                }
            }
        }
        parts.extend(tail);
        Ok(parts)
    }

    /// A descriptor of a segment's file.
    pub(crate) async fn segment_file(&self, base: Offset, access: Access) -> Result<File, ReadError> {
        let open = self.state.borrow_mut().segment(base).and_then(|segment| match access {
            Access::Direct => segment.file.clone().or_else(|| segment.unnamed.clone()),
            Access::Cached => segment.unnamed.clone(),
        });
        if let Some(file) = open {
            return Ok(file);
        }
        let path = layout::segment_file(&self.directory, base);
        let file = self.shared.segment_files.get(&self.shared.core, &path, access).await;
        file.map_err(|error| self.io_error(base, error))
    }

    /// Gives the sound batches that begin in `from.0..to` to `visit`; the first one has offset `from.1`. Damage is
    /// noted and passed over. Gives where it ended, and the offset that follows.
    pub(crate) async fn walk(
        &self,
        view: &View,
        from: (u64, Offset),
        to: u64,
        visit: &mut dyn FnMut(u64, &Batch<'_>),
    ) -> Result<(u64, Offset), ReadError> {
        let bounds = self.bounds_of(view);
        let (mut position, mut expected) = from;
        while position < to {
            let mut check = |at: u64, batch: &Batch<'_>| {
                let is_in_place = bounds.hold(batch, expected);
                if is_in_place {
                    visit(at, batch);
                    expected = batch.next_offset();
                }
                is_in_place
            };
            let read = async |at, bytes| self.read_segment(view, at, bytes).await;
            let end = scan(read, position, to, view.end, &mut check).await?;
            position = end.position;
            let Some(damage) = end.damage else { break };
            let rotten = self.rotten_range(view, position, expected).await?;
            self.report(view, rotten, &damage)?;
            (position, expected) = (rotten.to, rotten.next_offset);
        }
        Ok((position, expected))
    }

    /// Gives all sound batches of a segment, as far as it is durable, to `visit`.
    pub(crate) async fn walk_segment(
        self: &Rc<Self>,
        base: Offset,
        visit: &mut dyn FnMut(u64, &Batch<'_>),
    ) -> Result<(), ReadError> {
        let Some(view) = self.view_of(base).filter(|view| view.base == base) else { return Ok(()) };
        self.walk(&view, (0, base), view.end, visit).await.map(drop)
    }

    /// Bytes of a segment, as far as it is durable.
    pub(crate) async fn segment_bytes(&self, base: Offset, from: u64, bytes: usize) -> Result<Bytes, ReadError> {
        let Some(view) = self.view_of(base).filter(|view| view.base == base) else { return Ok(Bytes::new()) };
        self.read_segment(&view, from, bytes).await
    }

    /// How far a read that begins with the batch at `place` may go: as far as the limits allow, to its segment's end or
    /// to damage.
    pub(crate) async fn verified_end(
        self: &Rc<Self>,
        view: &View,
        place: Place,
        limits: ReadLimits,
    ) -> Result<u64, ReadError> {
        let from = place.position;
        let to = view.end.min(from.saturating_add(place.bytes.max(limits.bytes_max as u64)));
        self.verify(view, from, to).await?;
        let state = self.state.borrow();
        let segment = state.segments.iter().find(|segment| segment.base_offset == view.base);
        let damage = segment
            .and_then(|segment| segment.rot.ranges().iter().find(|range| range.to > from && range.from < to).copied());
        drop(state);
        match damage {
            Some(rotten) if rotten.from <= from => Err(self.rot_error(view.base, rotten)),
            Some(rotten) => Ok(rotten.from),
            None => Ok(to),
        }
    }

    /// Sees to it that the batches which begin in `from..to` were read and checked since the log was opened, piece by
    /// piece.
    pub(crate) async fn verify(self: &Rc<Self>, view: &View, from: u64, to: u64) -> Result<(), ReadError> {
        for piece in RotMap::piece_of(from)..=RotMap::piece_of(to.saturating_sub(1)) {
            let start = piece * VERIFY_BYTES;
            let needed = to.min(start + VERIFY_BYTES).min(view.end);
            let known = {
                let mut state = self.state.borrow_mut();
                let Some(segment) = state.segment(view.base) else { return Ok(()) };
                if segment.is_ours(from.max(start)) {
                    continue;
                }
                segment.rot.verified(piece)
            };
            if known.is_some_and(|(verified, _)| verified >= needed) {
                continue;
            }
            let begin = match known {
                Some(known) => known,
                None => self.full_index(view.base).await?.batch_before(start, view.base),
            };
            let end = self.walk(view, begin, (start + VERIFY_BYTES).min(view.end), &mut |_, _| {}).await?;
            let mut state = self.state.borrow_mut();
            state.check_view(view)?;
            if let Some(segment) = state.segment(view.base) {
                segment.rot.set_verified(piece, end);
            }
        }
        Ok(())
    }

    /// The damaged range at `position`, where the batch with offset `first_offset` should begin: up to the next sound
    /// batch.
    async fn rotten_range(&self, view: &View, position: u64, first_offset: Offset) -> Result<RottenRange, ReadError> {
        let (limit, epochs) = {
            let state = self.state.borrow();
            let index = state.segment_index(view.base);
            (state.segment_next_offset(index).min(state.high_watermark), state.epochs.clone())
        };
        let read = async |at, bytes| self.read_segment(view, at, bytes).await;
        let is_of_epoch =
            |batch: &Batch<'_>| epochs.epoch_of(batch.base_offset()).is_none_or(|epoch| epoch == batch.leader_epoch());
        let found = find_batch(read, position, view.end, first_offset..limit, is_of_epoch).await?;
        let (to, next_offset) = found.unwrap_or((view.end, limit));
        Ok(RottenRange { from: position, to, first_offset, next_offset })
    }

    pub(crate) fn rot_at(&self, base: Offset, position: u64) -> Option<RottenRange> {
        let mut state = self.state.borrow_mut();
        let segment = state.segment(base)?;
        segment.rot.ranges().iter().find(|range| range.from <= position && position < range.to).copied()
    }

    fn report(&self, view: &View, rotten: RottenRange, damage: &str) -> Result<(), Unavailable> {
        let base = view.base;
        let is_new = {
            let mut state = self.state.borrow_mut();
            state.check_view(view)?;
            state.segment(base).is_some_and(|segment| segment.rot.note(rotten))
        };
        if is_new {
            let RottenRange { from, to, first_offset, next_offset } = rotten;
            tracing::error!(
                partition = %self.id, topic = self.topic_name, segment = base, from, to, first_offset, next_offset,
                damage,
                "damaged records: this range is kept and not served"
            );
        }
        Ok(())
    }

    fn rot_error(&self, base: Offset, rotten: RottenRange) -> ReadError {
        let segment = layout::segment_file(&self.directory, base).display().to_string();
        ReadError::Rot { first: rotten.first_offset, next: rotten.next_offset, segment }
    }

    pub(crate) fn io_error(&self, base: Offset, error: std::io::Error) -> ReadError {
        ReadError::Io { segment: layout::segment_file(&self.directory, base).display().to_string(), error }
    }

    /// Waits until the high watermark is above `known`, what is at `offset` was deleted, or the log answers no more.
    pub async fn wait_beyond(&self, known: Offset, offset: Offset) {
        loop {
            let moved = self.moved.notified();
            let Offsets { high_watermark, log_start, .. } = self.offsets();
            if high_watermark > known || log_start > offset || self.check().is_err() {
                return;
            }
            moved.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use millrace_record::header::stamp;

    use super::*;
    use crate::testing::batch_bytes;

    #[test]
    fn a_batch_is_where_it_belongs_with_the_offset_that_follows_within_its_segment_and_of_its_epoch() {
        let holds = |may_have_gaps: bool, (offset, epoch): (Offset, i32), expected: Offset| {
            let bounds = Bounds { epochs: LeaderEpochs::from_entries(vec![(3, 0), (5, 12)]), limit: 20, may_have_gaps };
            let mut bytes = batch_bytes(None, 2, 0, b"value");
            stamp(&mut bytes, offset, epoch).unwrap();
            bounds.hold(&Batch::first(&bytes).unwrap(), expected)
        };
        for may_have_gaps in [false, true] {
            assert!(holds(may_have_gaps, (10, 3), 10));
            assert!(holds(may_have_gaps, (12, 5), 12) && holds(may_have_gaps, (18, 5), 18), "up to the end");
            assert!(!holds(may_have_gaps, (19, 5), 19), "it ends behind the segment");
            assert!(!holds(may_have_gaps, (10, 5), 10) && !holds(may_have_gaps, (12, 3), 12), "of another epoch");
            assert!(!holds(may_have_gaps, (9, 3), 10), "it lies before");
            assert_eq!(holds(may_have_gaps, (11, 3), 10), may_have_gaps, "offsets are missing");
            assert!(!holds(may_have_gaps, (14, 3), 13) && !holds(may_have_gaps, (19, 5), 10));
        }
    }
}
