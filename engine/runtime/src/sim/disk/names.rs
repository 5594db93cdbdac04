//! The simulated directory tree: names as processes see them, and which of their changes a power loss may undo.
//!
//! Invariants:
//! - `current` is `durable` with all of `pending` applied in order.
//! - A change survives only if every earlier pending change of a name that it touches survives.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};

use super::content::Fate;
use crate::sim::random::Random;

/// A directory's node and a name in it.
pub(crate) type Key = (u64, OsString);

#[derive(Clone, Debug)]
enum Change {
    Link(Key, u64),
    Unlink(Key),
    Rename(Key, Key),
}

impl Change {
    fn keys(&self) -> impl Iterator<Item = &Key> {
        let (first, second) = match self {
            Change::Link(key, _) | Change::Unlink(key) => (key, None),
            Change::Rename(from, to) => (from, Some(to)),
        };
        std::iter::once(first).chain(second)
    }

    fn apply(self, names: &mut BTreeMap<Key, u64>) {
        match self {
            Change::Link(key, node) => drop(names.insert(key, node)),
            Change::Unlink(key) => drop(names.remove(&key)),
            Change::Rename(from, to) => {
                if let Some(node) = names.remove(&from) {
                    names.insert(to, node);
                }
            }
        }
    }
}

/// All names of a disk.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    current: BTreeMap<Key, u64>,
    durable: BTreeMap<Key, u64>,
    /// By sequence number, ascending.
    pending: Vec<(u64, Change)>,
}

impl Names {
    pub(crate) fn get(&self, directory: u64, name: &OsStr) -> Option<u64> {
        self.current.get(&(directory, name.to_owned())).copied()
    }

    /// The names in a directory, in order.
    pub(crate) fn list(&self, directory: u64) -> impl Iterator<Item = (&OsStr, u64)> {
        let first = (directory, OsString::new());
        self.current
            .range(first..)
            .take_while(move |((parent, _), _)| *parent == directory)
            .map(|((_, name), node)| (name.as_os_str(), *node))
    }

    pub(crate) fn link(&mut self, sequence: u64, key: Key, node: u64) {
        self.change(sequence, Change::Link(key, node));
    }

    pub(crate) fn unlink(&mut self, sequence: u64, key: Key) {
        self.change(sequence, Change::Unlink(key));
    }

    pub(crate) fn rename(&mut self, sequence: u64, from: Key, to: Key) {
        self.change(sequence, Change::Rename(from, to));
    }

    fn change(&mut self, sequence: u64, change: Change) {
        change.clone().apply(&mut self.current);
        self.pending.push((sequence, change));
    }

    /// Makes the changes in `directory` up to `point` (a sequence number, inclusive) durable, and those they build on.
    pub(crate) fn sync(&mut self, directory: u64, point: u64) {
        let mut needed_keys = BTreeSet::new();
        let mut needed = vec![false; self.pending.len()];
        for ((sequence, change), needed) in self.pending.iter().zip(&mut needed).rev() {
            let asked = *sequence <= point && change.keys().any(|(parent, _)| *parent == directory);
            if asked || change.keys().any(|key| needed_keys.contains(key)) {
                *needed = true;
                needed_keys.extend(change.keys().cloned());
            }
        }
        let mut needed = needed.into_iter();
        for (sequence, change) in std::mem::take(&mut self.pending) {
            if needed.next() == Some(true) {
                change.apply(&mut self.durable);
            } else {
                self.pending.push((sequence, change));
            }
        }
    }

    /// The power goes: decides which pending changes happened.
    pub(crate) fn lose_power(&mut self, fate: Fate, random: &mut Random) {
        let pending = std::mem::take(&mut self.pending);
        // A journaling file system keeps a prefix; others keep what they like, name by name.
        let prefix = match fate {
            Fate::Lose => Some(0),
            Fate::Keep => Some(pending.len()),
            Fate::Mix { .. } if random.coin() => Some(random.index(pending.len() + 1)),
            Fate::Mix { .. } => None,
        };
        let mut undone = BTreeSet::new();
        for (position, (_, change)) in pending.into_iter().enumerate() {
            let blocked = change.keys().any(|key| undone.contains(key));
            let happens = !blocked && prefix.map_or_else(|| random.coin(), |kept| position < kept);
            if happens {
                change.apply(&mut self.durable);
            } else {
                undone.extend(change.keys().cloned());
            }
        }
        self.current = self.durable.clone();
    }

    /// The nodes that some name leads to, now or after any power loss.
    pub(crate) fn reachable(&self) -> BTreeSet<u64> {
        let pending = self.pending.iter().filter_map(|(_, change)| match change {
            Change::Link(_, node) => Some(*node),
            Change::Unlink(_) | Change::Rename(..) => None,
        });
        self.current.values().chain(self.durable.values()).copied().chain(pending).collect()
    }

    /// The nodes that the tree under `root` has now.
    pub(crate) fn live(&self, root: u64) -> BTreeSet<u64> {
        let mut live = BTreeSet::from([root]);
        let mut unvisited = vec![root];
        while let Some(directory) = unvisited.pop() {
            for (_, node) in self.list(directory) {
                if live.insert(node) {
                    unvisited.push(node);
                }
            }
        }
        live
    }

    /// Forgets the names in directories that are not in `live`.
    pub(crate) fn keep_only(&mut self, live: &BTreeSet<u64>) {
        self.current.retain(|(directory, _), _| live.contains(directory));
        self.durable.retain(|(directory, _), _| live.contains(directory));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Key {
        (0, name.into())
    }

    fn after_power_loss(names: &Names, seed: u64) -> Vec<(String, u64)> {
        let mut names = names.clone();
        names.lose_power(Fate::Mix { unreadable_per_mille: 0 }, &mut Random::new(seed));
        names.list(0).map(|(name, node)| (name.to_string_lossy().into_owned(), node)).collect()
    }

    #[test]
    fn a_rename_over_a_file_is_old_or_new_never_neither() {
        let mut names = Names::default();
        names.link(1, key("real"), 1);
        names.sync(0, 1);
        names.link(2, key("temporary"), 2);
        names.rename(3, key("temporary"), key("real"));
        let mut seen = BTreeSet::new();
        for seed in 0..100 {
            let listing = after_power_loss(&names, seed);
            assert!(listing.contains(&("real".into(), 1)) || listing == [("real".into(), 2)], "{listing:?}");
            seen.insert(listing);
        }
        assert_eq!(seen.len(), 3, "not renamed with and without the temporary file, and renamed: {seen:?}");
        names.sync(0, 3);
        assert!((0..100).all(|seed| after_power_loss(&names, seed) == [("real".into(), 2)]));
    }

    #[test]
    fn a_sync_covers_its_own_directory_up_to_its_beginning() {
        let mut names = Names::default();
        names.link(1, (0, "early".into()), 10);
        names.link(2, (5, "elsewhere".into()), 11);
        names.link(3, (0, "late".into()), 12);
        names.sync(0, 2);
        names.lose_power(Fate::Lose, &mut Random::new(0));
        assert_eq!(names.list(0).collect::<Vec<_>>(), [(OsStr::new("early"), 10)]);
        assert_eq!(names.list(5).count(), 0);
    }
}
