//! One simulated file's bytes: what processes see now, and what the device might hold after a power loss.
//!
//! Invariants:
//! - `pages` is what a reader sees. `history` holds, per page, the writes that are not yet durable, oldest first, each
//!   with the page as it was before: a sector's durable content is what it was before the first of them that touched
//!   it.
//! - A sequence number orders everything that happens to a disk. Syncing up to a point makes durable what came no
//!   later.
//! - A cut (truncation) drops what was there before it: contents from before and after a cut are never mixed with sizes
//!   from the other side.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::extents::Extents;
use crate::sim::random::Random;

/// The unit that a power loss tears, in bytes.
pub(crate) const SECTOR_BYTES: usize = 512;
/// The unit of space and of history, in bytes.
pub(crate) const PAGE_BYTES: usize = 4096;
const SECTORS_PER_PAGE: usize = PAGE_BYTES / SECTOR_BYTES;
const ALL_SECTORS: u8 = u8::MAX;
const _: () = assert!(SECTORS_PER_PAGE == u8::BITS as usize);

#[derive(Clone, Debug)]
struct Page {
    bytes: [u8; PAGE_BYTES],
    /// A bit per sector that gives EIO.
    unreadable: u8,
}

const BLANK: Page = Page { bytes: [0; PAGE_BYTES], unreadable: 0 };

/// A write to one page that is not yet durable.
#[derive(Clone, Debug)]
struct Pending {
    sequence: u64,
    /// The sectors it touched.
    sectors: u8,
    /// It is a truncation.
    cut: bool,
    /// A sync that failed forgot it: no later sync makes it durable.
    lost: bool,
    /// The page as it was before; `None` for zeros.
    before: Option<Rc<Page>>,
}

/// A change of size that is not yet durable.
#[derive(Clone, Copy, Debug)]
struct Resize {
    sequence: u64,
    size: u64,
    cut: bool,
}

/// How a power loss treats what was not yet durable.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    /// All of it is gone.
    Lose,
    /// All of it is there.
    Keep,
    /// Each sector for itself: any content since the last durable one, or unreadable (so many times in a thousand).
    Mix { unreadable_per_mille: u32 },
}

/// A sector that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable;

/// A file's bytes and the ghosts of its earlier bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Content {
    pages: BTreeMap<u64, Rc<Page>>,
    history: BTreeMap<u64, Vec<Pending>>,
    size: u64,
    durable_size: u64,
    resizes: Vec<Resize>,
    blocks: Extents,
    durable_blocks: Extents,
}

/// The part of page `page` that lies in `offset..end`: as a range within the page.
fn part_of_page(page: u64, offset: u64, end: u64) -> (usize, usize) {
    let start = page * PAGE_BYTES as u64;
    (offset.saturating_sub(start) as usize, (end - start).min(PAGE_BYTES as u64) as usize)
}

fn sector_mask(from: usize, to: usize) -> u8 {
    let first = from / SECTOR_BYTES;
    let last = (to - 1) / SECTOR_BYTES;
    (ALL_SECTORS << first) & (ALL_SECTORS >> (SECTORS_PER_PAGE - 1 - last))
}

fn page_range(offset: u64, end: u64) -> (u64, u64) {
    (offset / PAGE_BYTES as u64, end.div_ceil(PAGE_BYTES as u64))
}

impl Content {
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// How many blocks of the device it takes.
    pub(crate) fn blocks(&self) -> u64 {
        self.blocks.blocks()
    }

    /// How many more blocks a write of `offset..end` would take.
    pub(crate) fn blocks_missing(&self, offset: u64, end: u64) -> u64 {
        let (first, last) = page_range(offset, end);
        self.blocks.missing(first, last)
    }

    /// Reserves blocks for `offset..end`; gives how many were new.
    pub(crate) fn allocate(&mut self, offset: u64, end: u64) -> u64 {
        let (first, last) = page_range(offset, end);
        self.blocks.insert(first, last)
    }

    /// Fills `target` from `offset`, up to the file's end; gives how many bytes.
    pub(crate) fn read(&self, offset: u64, target: &mut [u8]) -> Result<usize, Unreadable> {
        let end = self.size.min(offset + target.len() as u64);
        if offset >= end {
            return Ok(0);
        }
        let total = (end - offset) as usize;
        let mut rest = target.get_mut(..total).unwrap_or_default();
        let (first, last) = page_range(offset, end);
        for index in first..last {
            let (from, to) = part_of_page(index, offset, end);
            let (piece, after) = rest.split_at_mut(to - from);
            match self.pages.get(&index) {
                Some(page) if page.unreadable & sector_mask(from, to) != 0 => return Err(Unreadable),
                Some(page) => piece.copy_from_slice(page.bytes.get(from..to).unwrap_or_default()),
                None => piece.fill(0),
            }
            rest = after;
        }
        Ok(total)
    }

    /// Whether a write of `offset..end` would need to read a sector first that cannot be read.
    pub(crate) fn blocks_partial_write(&self, offset: u64, end: u64) -> bool {
        let unreadable_at = |position: u64| {
            !position.is_multiple_of(SECTOR_BYTES as u64) && {
                let from = (position % PAGE_BYTES as u64) as usize;
                let page = self.pages.get(&(position / PAGE_BYTES as u64));
                page.is_some_and(|page| page.unreadable & sector_mask(from, from + 1) != 0)
            }
        };
        unreadable_at(offset) || unreadable_at(end)
    }

    /// Writes `bytes` at `offset`; durable at once, with the file's size, if `durable`. Blocks must have been
    /// allocated.
    pub(crate) fn write(&mut self, sequence: u64, offset: u64, bytes: &[u8], durable: bool) {
        if bytes.is_empty() {
            return;
        }
        let end = offset + bytes.len() as u64;
        let (first, last) = page_range(offset, end);
        let mut rest = bytes;
        for index in first..last {
            let (from, to) = part_of_page(index, offset, end);
            let (piece, after) = rest.split_at(to - from);
            let sectors = sector_mask(from, to);
            if durable {
                self.forget(index, sectors);
            } else {
                let before = self.pages.get(&index).cloned();
                let pending = Pending { sequence, sectors, cut: false, lost: false, before };
                self.history.entry(index).or_default().push(pending);
            }
            self.store(index, from, piece, sectors);
            rest = after;
        }
        if end > self.size {
            self.size = end;
            self.resizes.push(Resize { sequence, size: end, cut: false });
        }
        if durable {
            let metadata_pending = !self.resizes.is_empty() || self.durable_blocks.missing(first, last) > 0;
            if metadata_pending {
                self.commit_metadata(sequence);
            }
        }
    }

    fn store(&mut self, index: u64, from: usize, piece: &[u8], sectors: u8) {
        if !self.pages.contains_key(&index) && piece.iter().all(|byte| *byte == 0) {
            return;
        }
        let page = Rc::make_mut(self.pages.entry(index).or_insert_with(|| Rc::new(BLANK)));
        if let Some(target) = page.bytes.get_mut(from..from + piece.len()) {
            target.copy_from_slice(piece);
        }
        page.unreadable &= !sectors;
    }

    /// The sectors of a page are durable as they are: their history ends.
    fn forget(&mut self, index: u64, sectors: u8) {
        if let Some(pending) = self.history.get_mut(&index) {
            pending.iter_mut().for_each(|write| write.sectors &= !sectors);
            pending.retain(|write| write.sectors != 0);
            if pending.is_empty() {
                self.history.remove(&index);
            }
        }
    }

    /// Sets the size. What lies beyond a smaller size is dropped, and its blocks; gives how many blocks were freed.
    pub(crate) fn truncate(&mut self, sequence: u64, size: u64) -> u64 {
        let cut = size < self.size;
        if size != self.size {
            self.size = size;
            self.resizes.push(Resize { sequence, size, cut });
        }
        if !cut {
            return 0;
        }
        let boundary = size / PAGE_BYTES as u64;
        let from = (size % PAGE_BYTES as u64) as usize;
        let touched: Vec<u64> = self.pages.range(boundary..).map(|(index, _)| *index).collect();
        for index in touched {
            let from = if index == boundary { from } else { 0 };
            let before = self.pages.get(&index).cloned();
            let sectors = sector_mask(from, PAGE_BYTES);
            self.history.entry(index).or_default().push(Pending { sequence, sectors, cut: true, lost: false, before });
            if from == 0 {
                self.pages.remove(&index);
            } else if let Some(page) = self.pages.get_mut(&index) {
                let page = Rc::make_mut(page);
                page.bytes.get_mut(from..).unwrap_or_default().fill(0);
                page.unreadable &= !(ALL_SECTORS.checked_shl(from.div_ceil(SECTOR_BYTES) as u32).unwrap_or(0));
            }
        }
        self.blocks.truncate(size.div_ceil(PAGE_BYTES as u64))
    }

    /// Makes everything that happened up to `point` (a sequence number, inclusive) durable.
    pub(crate) fn sync(&mut self, point: u64) {
        self.commit_metadata(point);
        self.history.retain(|_, pending| {
            let mut durable_sectors = 0;
            for write in pending.iter_mut().rev() {
                if !write.lost && write.sequence <= point {
                    durable_sectors |= write.sectors;
                }
                if write.sequence <= point {
                    write.sectors &= !durable_sectors;
                }
            }
            pending.retain(|write| write.sectors != 0);
            !pending.is_empty()
        });
    }

    /// Makes size and reserved blocks durable as they were at `point`, and with them the truncations up to there.
    fn commit_metadata(&mut self, point: u64) {
        let mut last_cut = None;
        self.resizes.retain(|resize| {
            if resize.sequence > point {
                return true;
            }
            self.durable_size = resize.size;
            if resize.cut {
                last_cut = Some(resize.sequence);
            }
            false
        });
        if let Some(last_cut) = last_cut {
            self.history.retain(|_, pending| {
                let mut dropped = 0;
                for write in pending.iter_mut().rev() {
                    if write.cut && write.sequence <= last_cut {
                        dropped |= write.sectors;
                    }
                    write.sectors &= !dropped;
                }
                pending.retain(|write| write.sectors != 0);
                !pending.is_empty()
            });
        }
        if self.resizes.is_empty() {
            self.durable_blocks = self.blocks.clone();
        }
    }

    /// A sync failed: of each page not yet durable, what is pending may be forgotten; it then stays visible or goes
    /// back to what it was, and no later sync makes it durable.
    pub(crate) fn fail_sync(&mut self, random: &mut Random) {
        let Content { pages, history, .. } = self;
        for (index, pending) in history.iter_mut() {
            if pending.iter().any(|write| write.cut) || random.coin() {
                continue;
            }
            pending.iter_mut().for_each(|write| write.lost = true);
            if random.coin()
                && let Some(oldest) = pending.first()
            {
                match &oldest.before {
                    Some(page) => drop(pages.insert(*index, page.clone())),
                    None => drop(pages.remove(index)),
                }
            }
        }
    }

    /// The power goes: decides what is left of everything that was not durable.
    pub(crate) fn lose_power(&mut self, fate: Fate, random: &mut Random) {
        let resizes = std::mem::take(&mut self.resizes);
        let kept = match fate {
            Fate::Lose => 0,
            Fate::Keep => resizes.len(),
            Fate::Mix { .. } => random.index(resizes.len() + 1),
        };
        let last_kept = kept.checked_sub(1).and_then(|last| resizes.get(last));
        self.size = last_kept.map_or(self.durable_size, |resize| resize.size);
        let point = last_kept.map_or(0, |resize| resize.sequence);
        for (index, pending) in std::mem::take(&mut self.history) {
            self.tear(index, &pending, point, fate, random);
        }
        self.durable_size = self.size;
        if kept < resizes.len() || matches!(fate, Fate::Lose) || random.coin() {
            self.blocks = self.durable_blocks.clone();
        }
        self.cut_to_size();
        let held: Vec<u64> = self.pages.keys().copied().collect();
        for index in held {
            self.blocks.insert(index, index + 1);
        }
        self.durable_blocks = self.blocks.clone();
    }

    /// Chooses each sector of a page among its legal contents. Truncations up to `point` happened, later ones did not.
    fn tear(&mut self, index: u64, pending: &[Pending], point: u64, fate: Fate, random: &mut Random) {
        let current = self.pages.get(&index).cloned();
        let mut result: Page = current.as_deref().cloned().unwrap_or(BLANK);
        let mut choices: Vec<&Option<Rc<Page>>> = Vec::new();
        for sector in 0..SECTORS_PER_PAGE {
            let bit = 1_u8 << sector;
            // The contents that this sector may have: before the first write, and after each that may have reached the
            // device.
            choices.clear();
            let mut previous: Option<&Pending> = None;
            let ends = pending.iter().filter(|write| write.sectors & bit != 0).map(Some).chain([None]);
            for write in ends {
                let content = write.map_or(&current, |write| &write.before);
                if previous.is_some_and(|write| write.cut && write.sequence <= point) {
                    choices.clear();
                }
                if !previous.is_some_and(|write| write.lost) {
                    choices.push(content);
                }
                if write.is_some_and(|write| write.cut && write.sequence > point) {
                    break;
                }
                previous = write;
            }
            let chosen = match fate {
                Fate::Lose => choices.first(),
                Fate::Keep => choices.last(),
                Fate::Mix { .. } => choices.get(random.index(choices.len())),
            };
            let range = sector * SECTOR_BYTES..(sector + 1) * SECTOR_BYTES;
            let source: &Page = chosen.and_then(|page| page.as_deref()).unwrap_or(&BLANK);
            if let (Some(target), Some(source)) = (result.bytes.get_mut(range.clone()), source.bytes.get(range)) {
                target.copy_from_slice(source);
            }
            result.unreadable = (result.unreadable & !bit) | (source.unreadable & bit);
            if let Fate::Mix { unreadable_per_mille } = fate
                && choices.len() > 1
                && random.chance(unreadable_per_mille)
            {
                result.unreadable |= bit;
            }
        }
        if result.unreadable == 0 && result.bytes.iter().all(|byte| *byte == 0) {
            self.pages.remove(&index);
        } else {
            self.pages.insert(index, Rc::new(result));
        }
    }

    /// Drops whatever lies beyond the size: a later extension reads zeros there.
    fn cut_to_size(&mut self) {
        let boundary = self.size / PAGE_BYTES as u64;
        let from = (self.size % PAGE_BYTES as u64) as usize;
        self.pages.split_off(&(boundary + u64::from(from > 0)));
        if from > 0
            && let Some(page) = self.pages.get_mut(&boundary)
        {
            Rc::make_mut(page).bytes.get_mut(from..).unwrap_or_default().fill(0);
        }
    }

    /// Flips a bit of the byte at `offset`, on the device and in the cache. `false` when the file is shorter.
    pub(crate) fn rot(&mut self, offset: u64, random: &mut Random) -> bool {
        if offset >= self.size {
            return false;
        }
        let page = self.pages.entry(offset / PAGE_BYTES as u64).or_insert_with(|| Rc::new(BLANK));
        if let Some(byte) = Rc::make_mut(page).bytes.get_mut((offset % PAGE_BYTES as u64) as usize) {
            *byte ^= 1 << random.index(8);
        }
        true
    }

    /// Makes the sector that holds `offset` give EIO until it is rewritten. `false` when the file is shorter.
    pub(crate) fn spoil(&mut self, offset: u64) -> bool {
        if offset >= self.size {
            return false;
        }
        let page = self.pages.entry(offset / PAGE_BYTES as u64).or_insert_with(|| Rc::new(BLANK));
        let from = (offset % PAGE_BYTES as u64) as usize;
        Rc::make_mut(page).unreadable |= sector_mask(from, from + 1);
        true
    }
}
