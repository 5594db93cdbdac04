//! Reading: from the tail's memory, from sealed files by range, from the rest by direct reads.
//!
//! Invariants:
//! - Nothing at or above the high watermark is given, and nothing that was not verified since the segment was opened.
//! - A reader gets whole batches from the one that holds its offset on; only the end of a file range may cut one.
//! - A damaged range is an error for who begins in it, and an end for who begins before it.

use std::rc::Rc;

use millrace_base::ids::Offset;
use millrace_record::batch::Batch;
use millrace_record::compression::Scratch;
use millrace_record::header::HEADER_BYTES;
use millrace_runtime::{Bytes, File};

use crate::error::ReadError;
use crate::index::Index;
use crate::index_file;
use crate::layout;
use crate::limits::VERIFY_BYTES;
use crate::partition::Partition;
use crate::rot::{RotMap, RottenRange};
use crate::scan::{read_range, scan};
use crate::segment::IndexSlot;

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
    /// A range of a sealed segment's file, through the page cache.
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
struct View {
    base: Offset,
    /// Exclusive end of what may be read, in bytes.
    end: u64,
    tail_start: u64,
    is_sealed: bool,
}

impl View {
    /// Up to where the file alone holds the segment's bytes.
    fn file_end(&self) -> u64 {
        if self.is_sealed { self.end } else { self.tail_start.min(self.end) }
    }
}

/// A batch's place in a segment.
#[derive(Clone, Copy, Debug)]
struct Place {
    position: u64,
    bytes: u64,
}

impl Partition {
    /// Reads from the batch that holds `offset` on.
    ///
    /// # Errors
    /// [`ReadError`]; `OutOfRange` for offsets below the log start and above the high watermark.
    pub async fn read(self: &Rc<Self>, offset: Offset, limits: ReadLimits) -> Result<Read, ReadError> {
        self.check()?;
        let offsets = self.offsets();
        if offset < offsets.log_start || offset > offsets.high_watermark {
            return Err(ReadError::OutOfRange { offset, start: offsets.log_start, end: offsets.high_watermark });
        }
        if offset == offsets.high_watermark || (limits.bytes_max == 0 && !limits.at_least_one_batch) {
            return Ok(Read::default());
        }
        let Some(view) = self.view_of(offset) else { return Ok(Read::default()) };
        let Some(place) = self.find_batch(&view, offset).await? else { return Ok(Read::default()) };
        if place.bytes > limits.bytes_max as u64 && !limits.at_least_one_batch {
            return Ok(Read::default());
        }
        let length = (limits.bytes_max as u64).max(place.bytes).min(view.end - place.position);
        self.read_bytes(&view, offset, place, length).await
    }

    /// The segment to read `offset` from: the one that holds it, or the next one with anything to read.
    fn view_of(&self, offset: Offset) -> Option<View> {
        let state = self.state.borrow();
        let first = state.segment_index(offset);
        state
            .segments
            .iter()
            .skip(first)
            .map(|segment| View {
                base: segment.base_offset,
                end: segment.durable,
                tail_start: segment.tail.start(),
                is_sealed: segment.is_sealed,
            })
            .find(|view| view.end > 0)
    }

    async fn read_bytes(
        self: &Rc<Self>,
        view: &View,
        offset: Offset,
        place: Place,
        length: u64,
    ) -> Result<Read, ReadError> {
        let (from, to) = (place.position, place.position + length);
        if let Some(parts) = self.tail_view(view.base, from, to) {
            return Ok(Read { parts: parts.into_iter().map(ReadPart::Memory).collect() });
        }
        let to = self.verified_end(view, offset, from, to).await?;
        if view.is_sealed {
            let file = self.sealed_file(view.base).await?;
            return Ok(Read { parts: vec![ReadPart::File { file, position: from, length: to - from }] });
        }
        // What is in memory is better read from there, the next time.
        let to = to.min(view.tail_start.max(from + place.bytes));
        let bytes = self.read_file(view, from, (to - from) as usize).await?;
        Ok(Read { parts: vec![ReadPart::Memory(bytes)] })
    }

    fn tail_view(&self, base: Offset, from: u64, to: u64) -> Option<Vec<Bytes>> {
        let mut state = self.state.borrow_mut();
        state.segment(base)?.tail.view(from, to)
    }

    /// The batch that holds `offset`, or the first one behind it.
    async fn find_batch(self: &Rc<Self>, view: &View, offset: Offset) -> Result<Option<Place>, ReadError> {
        let relative = u32::try_from((offset - view.base).max(0)).unwrap_or(u32::MAX);
        let mut position = self.index_floor(view, |index| index.position_of(relative)).await?;
        while position < view.end {
            if let Some(rotten) = self.rot_at(view.base, position) {
                if rotten.first_offset <= offset && offset < rotten.next_offset {
                    return Err(self.rot_error(view.base, rotten));
                }
                position = rotten.to;
                continue;
            }
            let Some((next_offset, bytes)) = self.batch_at(view, position).await? else {
                let rotten = self.note_rot(view, position, offset).await?;
                return Err(self.rot_error(view.base, rotten));
            };
            if next_offset > offset {
                return Ok(Some(Place { position, bytes }));
            }
            position += bytes;
        }
        Ok(None)
    }

    /// Next offset and length of the batch at `position`; nothing when there is no batch header.
    async fn batch_at(&self, view: &View, position: u64) -> Result<Option<(Offset, u64)>, ReadError> {
        let mut header = [0; HEADER_BYTES];
        let in_memory = {
            let mut state = self.state.borrow_mut();
            state.segment(view.base).is_some_and(|segment| segment.tail.copy(position, &mut header))
        };
        if !in_memory {
            let bytes = self.read_file(view, position, HEADER_BYTES).await?;
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

    /// Bytes of a segment that are not all in memory: from the file, and behind what it holds from the tail.
    async fn read_file(&self, view: &View, from: u64, bytes: usize) -> Result<Bytes, ReadError> {
        let to = from + bytes as u64;
        let in_file = view.file_end().min(to).saturating_sub(from) as usize;
        let head = self.read_file_alone(view, from, in_file).await?;
        if head.len() == bytes {
            return Ok(head);
        }
        let Some(rest) = self.tail_view(view.base, from + in_file as u64, to) else { return Ok(head) };
        let mut parts = vec![head];
        parts.extend(rest);
        Ok(self.shared.join(Some(parts)))
    }

    async fn read_file_alone(&self, view: &View, from: u64, bytes: usize) -> Result<Bytes, ReadError> {
        if bytes == 0 {
            return Ok(Bytes::new());
        }
        let file = if view.is_sealed { self.sealed_file(view.base).await? } else { self.active_file(view)? };
        read_range(&self.shared.core, &file, from, bytes).await.map_err(|error| self.io_error(view.base, error))
    }

    fn active_file(&self, view: &View) -> Result<File, ReadError> {
        let file = self.state.borrow_mut().segment(view.base).and_then(|segment| segment.file.clone());
        file.ok_or_else(|| {
            self.io_error(view.base, std::io::Error::other("the segment was sealed meanwhile: read again"))
        })
    }

    async fn sealed_file(&self, base: Offset) -> Result<File, ReadError> {
        let path = layout::segment_file(&self.directory, base);
        let file = self.shared.sealed_files.get(&self.shared.core, &path).await;
        file.map_err(|error| self.io_error(base, error))
    }

    /// A position at or before what `look` wants, from the segment's index; the index is brought into memory for it.
    async fn index_floor(self: &Rc<Self>, view: &View, look: impl Fn(&Index) -> Option<u64>) -> Result<u64, ReadError> {
        let found = {
            let mut state = self.state.borrow_mut();
            match state.segment(view.base).map(|segment| &segment.index) {
                Some(IndexSlot::Growing(index)) => look(index),
                Some(IndexSlot::Loaded(index)) => look(index),
                Some(IndexSlot::Stored) | None => None,
            }
        };
        if let Some(position) = found {
            return Ok(position);
        }
        let index = self.load_index(view).await?;
        Ok(look(&index).unwrap_or(0))
    }

    /// The segment's whole index, from its file or built anew.
    pub(crate) async fn load_index_of(self: &Rc<Self>, base: Offset) -> Result<Rc<Index>, ReadError> {
        let view = self.view_of(base).filter(|view| view.base == base);
        match view {
            Some(view) => self.load_index(&view).await,
            None => Ok(Rc::new(Index::empty())),
        }
    }

    async fn load_index(self: &Rc<Self>, view: &View) -> Result<Rc<Index>, ReadError> {
        let core = &self.shared.core;
        if view.is_sealed {
            let stored = index_file::read(core, &self.directory, view.base).await;
            if let Some(index) = stored.map_err(|error| self.io_error(view.base, error))? {
                let index = Rc::new(index);
                self.keep_index(view.base, &index);
                return Ok(index);
            }
        }
        let to = self.scan_end_of_index(view);
        let index = self.build_index(view, to).await?;
        let mut state = self.state.borrow_mut();
        let Some(segment) = state.segment(view.base) else { return Ok(Rc::new(index)) };
        if let IndexSlot::Growing(growing) = &mut segment.index {
            if index.max_timestamp >= growing.max_timestamp {
                growing.max_timestamp = index.max_timestamp;
                growing.max_timestamp_relative = index.max_timestamp_relative;
            }
            growing.first_timestamp = index.first_timestamp.or(growing.first_timestamp);
            growing.complete_with(index);
            return Ok(Rc::new(growing.clone()));
        }
        drop(state);
        let index = Rc::new(index);
        self.store_index(view.base, &index).await;
        self.keep_index(view.base, &index);
        Ok(index)
    }

    fn keep_index(&self, base: Offset, index: &Rc<Index>) {
        let mut state = self.state.borrow_mut();
        if let Some(segment) = state.segment(base)
            && matches!(segment.index, IndexSlot::Stored)
        {
            segment.index = IndexSlot::Loaded(index.clone());
        }
    }

    fn scan_end_of_index(&self, view: &View) -> u64 {
        let mut state = self.state.borrow_mut();
        match state.segment(view.base).map(|segment| &segment.index) {
            Some(IndexSlot::Growing(index)) => u64::from(index.complete_from),
            _ => view.end,
        }
    }

    /// The index of the batches that begin before `to`, from the segment's file. Damage is noted and passed over as far as
    /// another batch can be found.
    async fn build_index(&self, view: &View, to: u64) -> Result<Index, ReadError> {
        let interval = self.state.borrow().config.index_interval_bytes;
        let file = if view.is_sealed { self.sealed_file(view.base).await? } else { self.active_file(view)? };
        let mut index = Index::empty();
        let base = view.base;
        let mut visit = |position: u64, batch: &Batch<'_>| {
            let relative = (batch.base_offset() - base) as u32;
            index.note(interval, relative, position, batch.batch_bytes() as u64, batch.max_timestamp());
        };
        let end = scan(&self.shared.core, &file, 0, to.min(view.file_end()), view.file_end(), &mut visit).await;
        let end = end.map_err(|error| self.io_error(base, error))?;
        if let Some(damage) = end.damage {
            tracing::warn!(partition = %self.id, segment = base, position = end.position, %damage, "the index ends at damage");
        }
        Ok(index)
    }

    /// How far `from..to` may be served: to its end when every piece of it was verified, else to the damage.
    async fn verified_end(&self, view: &View, offset: Offset, from: u64, to: u64) -> Result<u64, ReadError> {
        for piece in RotMap::piece_of(from)..=RotMap::piece_of(to.saturating_sub(1)) {
            self.verify_piece(view, piece, from).await?;
        }
        let state = self.state.borrow();
        let rot = state.segments.iter().find(|segment| segment.base_offset == view.base);
        let damage = rot
            .and_then(|segment| segment.rot.ranges().iter().find(|range| range.to > from && range.from < to).copied());
        drop(state);
        match damage {
            Some(rotten) if rotten.from <= from => {
                let _ = offset;
                Err(self.rot_error(view.base, rotten))
            }
            Some(rotten) => Ok(rotten.from),
            None => Ok(to),
        }
    }

    /// Reads the batches that begin in a piece, once, and notes what is damaged.
    async fn verify_piece(&self, view: &View, piece: u64, from: u64) -> Result<(), ReadError> {
        {
            let mut state = self.state.borrow_mut();
            let Some(segment) = state.segment(view.base) else { return Ok(()) };
            if segment.rot.is_verified(piece) {
                return Ok(());
            }
        }
        let (start, piece_end) = (piece * VERIFY_BYTES, ((piece + 1) * VERIFY_BYTES).min(view.file_end()));
        let index = self.index_for_verification(view).await?;
        let begin = index.boundary_at_or_before(start).unwrap_or(0).min(from);
        let file = if view.is_sealed { self.sealed_file(view.base).await? } else { self.active_file(view)? };
        let mut position = begin;
        while position < piece_end {
            let end = scan(&self.shared.core, &file, position, piece_end, view.file_end(), &mut |_, _| {}).await;
            let end = end.map_err(|error| self.io_error(view.base, error))?;
            // The last batch of a growing segment may go on in memory.
            if end.damage.as_ref().is_none_or(|damage| damage.is_incomplete() && !view.is_sealed) {
                break;
            }
            let rotten = self.rotten_range(view, &index, end.position).await?;
            position = rotten.to;
            self.report(view.base, rotten);
        }
        if piece_end == (piece + 1) * VERIFY_BYTES
            && let Some(segment) = self.state.borrow_mut().segment(view.base)
        {
            segment.rot.set_verified(piece);
        }
        Ok(())
    }

    async fn index_for_verification(&self, view: &View) -> Result<Rc<Index>, ReadError> {
        let held = {
            let mut state = self.state.borrow_mut();
            match state.segment(view.base).map(|segment| &segment.index) {
                Some(IndexSlot::Growing(index)) => Some(Rc::new(index.clone())),
                Some(IndexSlot::Loaded(index)) => Some(index.clone()),
                _ => None,
            }
        };
        match held {
            Some(index) => Ok(index),
            None => Ok(Rc::new(Index::empty())),
        }
    }

    /// The damaged range at `position`: up to the next batch that the index knows and that is sound.
    async fn rotten_range(&self, view: &View, index: &Index, position: u64) -> Result<RottenRange, ReadError> {
        let first_offset = self.offset_at(view, index, position).await?;
        let mut next = index.entry_after(position);
        while let Some(entry) = next {
            let at = u64::from(entry.position);
            if self.is_sound(view, at).await? {
                let next_offset = view.base + i64::from(entry.relative_offset);
                return Ok(RottenRange { from: position, to: at, first_offset, next_offset });
            }
            next = index.entry_after(at);
        }
        let next_offset = {
            let state = self.state.borrow();
            let index = state.segment_index(view.base);
            state.segment_next_offset(index).min(state.durable_offset)
        };
        Ok(RottenRange { from: position, to: view.end, first_offset, next_offset })
    }

    /// The offset that should begin at `position`: what follows the batch before it.
    async fn offset_at(&self, view: &View, index: &Index, position: u64) -> Result<Offset, ReadError> {
        let mut at = index.boundary_at_or_before(position.saturating_sub(1)).unwrap_or(0);
        let mut offset = view.base;
        while at < position {
            let Some((next_offset, bytes)) = self.batch_at(view, at).await? else { break };
            offset = next_offset;
            at += bytes;
        }
        Ok(offset)
    }

    async fn is_sound(&self, view: &View, position: u64) -> Result<bool, ReadError> {
        let Some((_, bytes)) = self.batch_at(view, position).await? else { return Ok(false) };
        let bytes = self.read_file(view, position, bytes as usize).await?;
        Ok(Batch::first(&bytes).is_ok_and(|batch| batch.crc_is_valid()))
    }

    async fn note_rot(&self, view: &View, position: u64, offset: Offset) -> Result<RottenRange, ReadError> {
        let index = self.index_for_verification(view).await?;
        let mut rotten = self.rotten_range(view, &index, position).await?;
        rotten.first_offset = rotten.first_offset.min(offset);
        self.report(view.base, rotten);
        Ok(rotten)
    }

    fn rot_at(&self, base: Offset, position: u64) -> Option<RottenRange> {
        let mut state = self.state.borrow_mut();
        let segment = state.segment(base)?;
        segment.rot.ranges().iter().find(|range| range.from <= position && position < range.to).copied()
    }

    fn report(&self, base: Offset, rotten: RottenRange) {
        let is_new = self.state.borrow_mut().segment(base).is_some_and(|segment| segment.rot.note(rotten));
        if is_new {
            let RottenRange { from, to, first_offset, next_offset } = rotten;
            tracing::error!(
                partition = %self.id, topic = self.topic_name, segment = base, from, to, first_offset, next_offset,
                "damaged records: this range is kept and not served"
            );
        }
    }

    fn rot_error(&self, base: Offset, rotten: RottenRange) -> ReadError {
        let segment = layout::segment_file(&self.directory, base).display().to_string();
        ReadError::Rot { first: rotten.first_offset, next: rotten.next_offset, segment }
    }

    fn io_error(&self, base: Offset, error: std::io::Error) -> ReadError {
        ReadError::Io { segment: layout::segment_file(&self.directory, base).display().to_string(), error }
    }

    /// Offset and timestamp (Unix ms) of the first record whose timestamp is at least `timestamp`; nothing when none is.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn offset_for_timestamp(self: &Rc<Self>, timestamp: i64) -> Result<Option<(Offset, i64)>, ReadError> {
        self.check()?;
        let bases = self.segment_bases();
        for base in bases {
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

    /// Offset and timestamp (Unix ms) of the first record with the greatest timestamp (KIP-734); nothing in an empty log.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn offset_of_max_timestamp(self: &Rc<Self>) -> Result<Option<(Offset, i64)>, ReadError> {
        self.check()?;
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

    /// The segment's index, complete.
    async fn full_index(self: &Rc<Self>, base: Offset) -> Result<Rc<Index>, ReadError> {
        let held = {
            let mut state = self.state.borrow_mut();
            match state.segment(base).map(|segment| &segment.index) {
                Some(IndexSlot::Growing(index)) if index.complete_from == 0 => Some(Rc::new(index.clone())),
                Some(IndexSlot::Loaded(index)) => Some(index.clone()),
                _ => None,
            }
        };
        match held {
            Some(index) => Ok(index),
            None => self.load_index_of(base).await,
        }
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
        let mut position = position;
        let log_start = self.offsets().log_start;
        while position < view.end {
            let Some((next_offset, bytes)) = self.batch_at(&view, position).await? else {
                let rotten = self.note_rot(&view, position, view.base).await?;
                position = rotten.to;
                continue;
            };
            let whole = match self.tail_view(base, position, position + bytes) {
                Some(parts) => self.shared.join(Some(parts)),
                None => self.read_file(&view, position, bytes as usize).await?,
            };
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

    /// Waits until the high watermark is above `known`, or the log start moved, or the log answers no more.
    pub async fn wait_beyond(&self, known: Offset) {
        loop {
            let moved = self.moved.notified();
            if self.offsets().high_watermark > known || self.check().is_err() {
                return;
            }
            moved.await;
        }
    }
}
