//! Where the last record of each key lies, for the keys of one cleaning, in bounded memory.
//!
//! Keys are told apart by the first 128 bits of their SHA-256. Two keys that share them would be taken for one, and the
//! older one's last record would go. By chance that happens among n keys with a probability of n^2 / 2^129: for the 5
//! million keys that the default budget holds, less than 10^-25 a cleaning. On purpose nobody can make it happen: no
//! collision of SHA-256 at this length is within reach (2^64 hashes), unlike Kafka's MD5. Who could would hurt only a
//! topic that he may write to.
//!
//! Invariants:
//! - Memory is at most the budget, and grows in pieces so small that moving one takes no time that matters.

use millrace_base::ids::Offset;
use sha2::{Digest, Sha256};

/// The map is made of this many tables, each growing by itself.
const TABLES: usize = 256;
/// A table's first number of slots.
const SLOTS_MIN: usize = 8;
/// No record has this offset.
const FREE: Offset = -1;

/// The first bits of a key's hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyHash([u64; 2]);

impl KeyHash {
    pub(super) fn of(key: &[u8]) -> KeyHash {
        let digest: [u8; 32] = Sha256::digest(key).into();
        let first = digest.first_chunk().map_or(0, |first| u128::from_be_bytes(*first));
        KeyHash([(first >> 64) as u64, first as u64])
    }

    fn table(self) -> usize {
        let KeyHash([high, _]) = self;
        (high >> 56) as usize
    }

    /// Where to look for it first, among `slots`.
    fn place(self, slots: usize) -> usize {
        let KeyHash([_, low]) = self;
        ((u128::from(low) * slots as u128) >> 64) as usize
    }
}

#[derive(Clone, Copy)]
struct Slot {
    hash: KeyHash,
    offset: Offset,
}

#[derive(Default)]
struct Table {
    /// Open addressing, without deletions.
    slots: Vec<Slot>,
    used: usize,
}

impl Table {
    /// The slot of `hash`, or the free one that it would take.
    fn find(&self, hash: KeyHash) -> Option<usize> {
        let slots = self.slots.len();
        let from = hash.place(slots);
        let around = (from..slots).chain(0..from);
        around.into_iter().find(|at| self.slots.get(*at).is_some_and(|slot| slot.offset == FREE || slot.hash == hash))
    }

    fn grow(&mut self, slots: usize) {
        let free = Slot { hash: KeyHash([0; 2]), offset: FREE };
        let old = std::mem::replace(&mut self.slots, vec![free; slots]);
        for slot in old.into_iter().filter(|slot| slot.offset != FREE) {
            if let Some(place) = self.find(slot.hash).and_then(|at| self.slots.get_mut(at)) {
                *place = slot;
            }
        }
    }
}

/// See the invariants above.
pub(super) struct Keys {
    tables: Vec<Table>,
    /// The most slots of a table.
    slots_max: usize,
    load_factor: f64,
    latest: Option<Offset>,
}

impl Keys {
    /// A map for as many keys as fit into `bytes`, of which no more than `load_factor` is filled.
    pub(super) fn new(bytes: usize, load_factor: f64) -> Keys {
        let slots_max = (bytes / size_of::<Slot>() / TABLES).max(SLOTS_MIN);
        Keys { tables: (0..TABLES).map(|_| Table::default()).collect(), slots_max, load_factor, latest: None }
    }

    /// The last offset (inclusive) that was looked at: every record up to it, from the first one that was looked at on,
    /// is in the map if it has a key.
    pub(super) fn latest(&self) -> Option<Offset> {
        self.latest
    }

    /// Notes that every record up to `offset` (inclusive) was looked at.
    pub(super) fn looked_at(&mut self, offset: Offset) {
        self.latest = self.latest.max(Some(offset));
    }

    /// Notes that the key has a record at `offset`, which lies behind all that were noted. False when it does not fit.
    pub(super) fn put(&mut self, hash: KeyHash, offset: Offset) -> bool {
        let (slots_max, load_factor) = (self.slots_max, self.load_factor);
        let Some(table) = self.tables.get_mut(hash.table()) else { return false };
        let limit = |slots: usize| (slots as f64 * load_factor) as usize;
        let found = table.find(hash).and_then(|at| table.slots.get_mut(at));
        if let Some(slot) = found.filter(|slot| slot.offset != FREE) {
            slot.offset = offset;
            return true;
        }
        if table.used >= limit(table.slots.len()) {
            let grown = (table.slots.len() * 2).clamp(SLOTS_MIN, slots_max);
            if table.used >= limit(grown) {
                return false;
            }
            table.grow(grown);
        }
        let Some(slot) = table.find(hash).and_then(|at| table.slots.get_mut(at)) else { return false };
        *slot = Slot { hash, offset };
        table.used += 1;
        true
    }

    /// The last offset that was noted for the key.
    pub(super) fn get(&self, hash: KeyHash) -> Option<Offset> {
        let table = self.tables.get(hash.table())?;
        let slot = table.slots.get(table.find(hash)?)?;
        (slot.offset != FREE).then_some(slot.offset)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use millrace_runtime::sim::Random;

    use super::*;

    #[test]
    fn the_last_offset_of_each_key_is_found_again() {
        let mut random = Random::new(1);
        let mut keys = Keys::new(4 << 20, 0.9);
        let mut model = BTreeMap::new();
        for offset in 0..100_000 {
            let key = random.below(60_000).to_be_bytes();
            assert!(keys.put(KeyHash::of(&key), offset));
            model.insert(key, offset);
        }
        for key in 0..70_000_u64 {
            let key = key.to_be_bytes();
            assert_eq!(keys.get(KeyHash::of(&key)), model.get(&key).copied());
        }
    }

    #[test]
    fn memory_is_bounded_and_most_of_it_is_used() {
        let bytes = 1 << 20;
        let mut keys = Keys::new(bytes, 0.9);
        let fitted = (0..).take_while(|key: &u64| keys.put(KeyHash::of(&key.to_be_bytes()), *key as Offset)).count();
        let slots: usize = keys.tables.iter().map(|table| table.slots.len()).sum();
        assert!(slots * size_of::<Slot>() <= bytes);
        assert!(fitted > bytes / size_of::<Slot>() / 2, "{fitted} keys");
        for key in 0..fitted as u64 {
            assert_eq!(keys.get(KeyHash::of(&key.to_be_bytes())), Some(key as Offset));
            assert!(keys.put(KeyHash::of(&key.to_be_bytes()), key as Offset), "what is there can always be noted anew");
        }
    }

    /// The first test vector of FIPS 180-2.
    #[test]
    fn the_hash_is_the_beginning_of_sha_256() {
        assert_eq!(KeyHash::of(b"abc"), KeyHash([0xba78_16bf_8f01_cfea, 0x4141_40de_5dae_2223]));
    }
}
