//! A partition's indexes: in memory, in their files, or built from the segments.
//!
//! Invariants:
//! - An index that is kept or stored as a whole covers the whole segment: what was scanned while the segment grew, was
//!   sealed or was cut counts only for what it was then.

use std::rc::Rc;

use millrace_base::ids::Offset;
use millrace_record::batch::Batch;

use crate::error::ReadError;
use crate::index::Index;
use crate::index_file;
use crate::partition::Partition;
use crate::read::View;
use crate::segment::IndexSlot;

impl Partition {
    /// A position at or before what `look` wants, from the segment's index.
    pub(crate) async fn index_floor(
        self: &Rc<Self>,
        view: &View,
        look: impl Fn(&Index) -> Option<u64>,
    ) -> Result<u64, ReadError> {
        Ok(self.ask_index(view, look).await?.unwrap_or(0))
    }

    /// What the segment's index says to `look`; the index is brought into memory when what is there says nothing.
    pub(crate) async fn ask_index<T>(
        self: &Rc<Self>,
        view: &View,
        look: impl Fn(&Index) -> Option<T>,
    ) -> Result<Option<T>, ReadError> {
        let found = {
            let mut state = self.state.borrow_mut();
            match state.segment(view.base).map(|segment| &segment.index) {
                Some(IndexSlot::Growing(index)) => look(index),
                Some(IndexSlot::Loaded(index)) => look(index),
                Some(IndexSlot::Stored) | None => None,
            }
        };
        match found {
            Some(found) => Ok(Some(found)),
            None => Ok(look(&*self.load_index(view.base).await?)),
        }
    }

    /// The index of all of a segment, from its file or built anew; empty when there is nothing in the segment.
    async fn load_index(&self, base: Offset) -> Result<Rc<Index>, ReadError> {
        let Some(view) = self.view_of(base).filter(|view| view.base == base) else {
            return Ok(Rc::new(Index::empty()));
        };
        if view.is_sealed {
            return self.load_sealed_index(&view).await;
        }
        let index = self.build_index(&view, self.unindexed_end(&view)).await?;
        if let Some(completed) = self.complete_growing(base, index) {
            return Ok(completed);
        }
        // Sealed meanwhile, with less of its index than there is.
        match self.view_of(base).filter(|view| view.base == base && view.is_sealed) {
            Some(sealed) => self.load_sealed_index(&sealed).await,
            None => Ok(Rc::new(Index::empty())),
        }
    }

    async fn load_sealed_index(&self, view: &View) -> Result<Rc<Index>, ReadError> {
        let of = index_file::Of { base: view.base, end: view.end, revision: view.revision };
        let stored = index_file::read(&self.shared.core, &self.directory, of).await;
        let index = match stored.map_err(|error| self.io_error(view.base, error))? {
            Some(index) => Rc::new(index),
            None => {
                let index = self.build_index(view, view.end).await?;
                self.store_index(of, &index).await;
                Rc::new(index)
            }
        };
        let mut state = self.state.borrow_mut();
        state.check_view(view)?;
        if let Some(segment) = state.segment(view.base)
            && matches!(segment.index, IndexSlot::Stored)
        {
            segment.index = IndexSlot::Loaded(index.clone());
        }
        Ok(index)
    }

    /// Puts what a scan has found before the entries of a segment that grows; nothing for any other.
    fn complete_growing(&self, base: Offset, index: Index) -> Option<Rc<Index>> {
        let mut state = self.state.borrow_mut();
        let Some(IndexSlot::Growing(growing)) = state.segment(base).map(|segment| &mut segment.index) else {
            return None;
        };
        if index.max_timestamp >= growing.max_timestamp {
            growing.max_timestamp = index.max_timestamp;
            growing.max_timestamp_relative = index.max_timestamp_relative;
        }
        growing.first_timestamp = index.first_timestamp.or(growing.first_timestamp);
        growing.complete_with(index);
        Some(Rc::new(growing.clone()))
    }

    /// Where the part of the segment ends that its index does not cover, in bytes.
    fn unindexed_end(&self, view: &View) -> u64 {
        let mut state = self.state.borrow_mut();
        match state.segment(view.base).map(|segment| &segment.index) {
            Some(IndexSlot::Growing(index)) => u64::from(index.complete_from),
            _ => view.end,
        }
    }

    /// The index of the batches that begin before `to`, from the segment's bytes. Damage is noted and passed over as
    /// far as another batch can be found.
    async fn build_index(&self, view: &View, to: u64) -> Result<Index, ReadError> {
        let interval = self.state.borrow().config.index_interval_bytes;
        let mut index = Index::empty();
        let base = view.base;
        let mut note = |position: u64, batch: &Batch<'_>| {
            let relative = (batch.base_offset() - base) as u32;
            index.note(interval, relative, position, batch.batch_bytes() as u64, batch.max_timestamp());
        };
        self.walk(view, (0, base), to.min(view.end), &mut note).await?;
        self.state.borrow().check_view(view)?;
        Ok(index)
    }

    /// The segment's index, complete.
    pub(crate) async fn full_index(self: &Rc<Self>, base: Offset) -> Result<Rc<Index>, ReadError> {
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
            None => self.load_index(base).await,
        }
    }
}
