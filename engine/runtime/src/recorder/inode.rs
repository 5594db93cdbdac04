//! One file's bytes and length, with all that a power loss could make of them.
//!
//! Every change has a number, in order of submission. Each sector and the length have a chain of versions, oldest
//! first; the first is durable, and each other holds what the change of its number made of the one before. A power loss
//! leaves any one version per chain, except that a sector and the length agree on which truncations have happened.

use std::collections::{BTreeMap, BTreeSet};

use super::image::Choice;

/// The unit in which a disk tears.
pub(super) const SECTOR_BYTES: usize = 512;

type Sector = [u8; SECTOR_BYTES];

struct Version<T> {
    change: u64,
    value: T,
}

struct Chain<T> {
    versions: Vec<Version<T>>,
}

impl<T: Copy> Chain<T> {
    fn new(change: u64, value: T) -> Chain<T> {
        Chain { versions: vec![Version { change, value }] }
    }

    fn newest(&self) -> T {
        match self.versions.last() {
            Some(version) => version.value,
            None => unreachable!("a chain has a durable version"),
        }
    }

    fn push(&mut self, change: u64, value: T) {
        self.versions.push(Version { change, value });
    }

    /// Drops what is older than the newest version that `is_durable` holds of.
    fn settle(&mut self, is_durable: impl Fn(u64) -> bool) {
        let durable = self.versions.iter().rposition(|version| is_durable(version.change));
        if let Some(durable) = durable {
            self.versions.drain(..durable);
        }
    }
}

/// A file.
pub(super) struct Inode {
    len: Chain<u64>,
    sectors: BTreeMap<u64, Chain<Sector>>,
    /// Truncations that are not durable: change and length.
    truncations: Vec<(u64, u64)>,
    /// Changes that were submitted and not completed.
    under_way: BTreeSet<u64>,
}

impl Inode {
    /// A file that holds `bytes`, durably.
    pub(super) fn new(change: u64, bytes: &[u8]) -> Inode {
        let mut sectors = BTreeMap::new();
        for (index, chunk) in (0..).zip(bytes.chunks(SECTOR_BYTES)) {
            let mut sector = [0; SECTOR_BYTES];
            overlay(&mut sector, 0, chunk);
            sectors.insert(index, Chain::new(change, sector));
        }
        let len = Chain::new(change, bytes.len() as u64);
        Inode { len, sectors, truncations: Vec::new(), under_way: BTreeSet::new() }
    }

    pub(super) fn write(&mut self, change: u64, offset: u64, bytes: &[u8]) {
        self.under_way.insert(change);
        let mut position = offset;
        let mut rest = bytes;
        while !rest.is_empty() {
            let within = (position % SECTOR_BYTES as u64) as usize;
            let (chunk, after) = rest.split_at(rest.len().min(SECTOR_BYTES - within));
            let chain = self.sectors.entry(position / SECTOR_BYTES as u64).or_insert_with(empty_sector);
            let mut sector = chain.newest();
            overlay(&mut sector, within, chunk);
            chain.push(change, sector);
            position += chunk.len() as u64;
            rest = after;
        }
        if position > self.len.newest() && !bytes.is_empty() {
            self.len.push(change, position);
        }
    }

    pub(super) fn truncate(&mut self, change: u64, len: u64) {
        self.under_way.insert(change);
        if len < self.len.newest() {
            self.truncations.push((change, len));
            for (index, chain) in self.sectors.range_mut(len / SECTOR_BYTES as u64..) {
                let mut sector = chain.newest();
                let keep = len.saturating_sub(index * SECTOR_BYTES as u64) as usize;
                for byte in sector.iter_mut().skip(keep) {
                    *byte = 0;
                }
                chain.push(change, sector);
            }
        }
        self.len.push(change, len);
    }

    /// A change was completed; `durable`: and is on stable storage, with the length it needs.
    pub(super) fn complete(&mut self, change: u64, durable: bool) {
        self.under_way.remove(&change);
        if durable {
            for chain in self.sectors.values_mut() {
                if chain.versions.iter().any(|version| version.change == change) {
                    chain.settle(|version| version <= change);
                }
            }
            self.settle_len(|version| version <= change);
        }
    }

    /// What a sync that is submitted now will cover: all changes before `next_change` that are completed.
    pub(super) fn begin_sync(&self, next_change: u64) -> SyncPoint {
        SyncPoint { before: next_change, except: self.under_way.clone() }
    }

    pub(super) fn complete_sync(&mut self, point: &SyncPoint) {
        for chain in self.sectors.values_mut() {
            chain.settle(|change| point.covers(change));
        }
        self.settle_len(|change| point.covers(change));
    }

    fn settle_len(&mut self, is_durable: impl Fn(u64) -> bool) {
        self.len.settle(is_durable);
        let durable = self.len.versions.first().map_or(0, |version| version.change);
        for (truncation, len) in &self.truncations {
            if *truncation <= durable {
                // A durable truncation leaves nothing older behind its cut.
                for (_, chain) in self.sectors.range_mut(len / SECTOR_BYTES as u64..) {
                    chain.settle(|change| change <= *truncation);
                }
            }
        }
        self.truncations.retain(|(truncation, _)| *truncation > durable);
    }

    /// What a power loss leaves: length, and sectors by index.
    pub(super) fn crash(&self, choice: &mut Choice) -> (u64, Vec<(u64, Sector)>) {
        let Some(len) = self.len.versions.get(choice.among(self.len.versions.len())) else {
            unreachable!("a chain has a durable version")
        };
        let mut sectors = Vec::new();
        for (index, chain) in &self.sectors {
            let start = index * SECTOR_BYTES as u64;
            let agrees = |version: &&Version<Sector>| {
                self.truncations.iter().all(|(truncation, cut)| {
                    *cut >= start + SECTOR_BYTES as u64
                        || (version.change >= *truncation) == (len.change >= *truncation)
                })
            };
            let legal: Vec<&Version<Sector>> = chain.versions.iter().filter(agrees).collect();
            // A sector that was first written after a truncation which has not happened is not there.
            let Some(version) = legal.get(choice.among(legal.len())) else { continue };
            let mut sector = version.value;
            for byte in sector.iter_mut().skip(len.value.saturating_sub(start) as usize) {
                *byte = 0;
            }
            sectors.push((*index, sector));
        }
        (len.value, sectors)
    }
}

/// What a sync covers.
pub(super) struct SyncPoint {
    before: u64,
    except: BTreeSet<u64>,
}

impl SyncPoint {
    fn covers(&self, change: u64) -> bool {
        change < self.before && !self.except.contains(&change)
    }
}

/// A sector that was never written: older than any change.
fn empty_sector() -> Chain<Sector> {
    Chain::new(0, [0; SECTOR_BYTES])
}

fn overlay(sector: &mut Sector, at: usize, bytes: &[u8]) {
    for (to, from) in sector.iter_mut().skip(at).zip(bytes) {
        *to = *from;
    }
}
