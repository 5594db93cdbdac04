//! A set of block numbers, kept as disjoint ranges.

use std::collections::BTreeMap;

/// Blocks that have space on the device.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extents {
    /// From a range's first block to its end (exclusive). Ranges neither overlap nor touch.
    ranges: BTreeMap<u64, u64>,
    blocks: u64,
}

impl Extents {
    /// How many blocks are in the set.
    pub(crate) fn blocks(&self) -> u64 {
        self.blocks
    }

    /// How many blocks of `start..end` are not in the set.
    pub(crate) fn missing(&self, start: u64, end: u64) -> u64 {
        let mut covered = 0;
        if let Some((_, &before_end)) = self.ranges.range(..start).next_back() {
            covered += before_end.min(end).saturating_sub(start);
        }
        for (&from, &to) in self.ranges.range(start..end.max(start)) {
            covered += to.min(end) - from;
        }
        end.saturating_sub(start) - covered
    }

    /// Adds `start..end`; gives how many blocks were not there before.
    pub(crate) fn insert(&mut self, start: u64, end: u64) -> u64 {
        let added = self.missing(start, end);
        if added == 0 {
            return 0;
        }
        let (mut from, mut to) = (start, end);
        if let Some((&before, &before_end)) = self.ranges.range(..start).next_back()
            && before_end >= start
        {
            self.ranges.remove(&before);
            from = before;
            to = to.max(before_end);
        }
        while let Some((&next, &next_end)) = self.ranges.range(from..=to).next() {
            self.ranges.remove(&next);
            to = to.max(next_end);
        }
        self.ranges.insert(from, to);
        self.blocks += added;
        added
    }

    /// Removes every block from `start` on; gives how many there were.
    pub(crate) fn truncate(&mut self, start: u64) -> u64 {
        let tail = self.ranges.split_off(&start);
        let mut removed: u64 = tail.iter().map(|(from, to)| to - from).sum();
        if let Some(mut last) = self.ranges.last_entry()
            && *last.get() > start
        {
            removed += *last.get() - start;
            *last.get_mut() = start;
        }
        self.blocks -= removed;
        removed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::random::Random;
    use std::collections::BTreeSet;

    #[test]
    fn agrees_with_a_plain_set() {
        for seed in 0..50 {
            let mut random = Random::new(seed);
            let (mut extents, mut model) = (Extents::default(), BTreeSet::new());
            for _ in 0..60 {
                let start = random.below(64);
                let end = start + random.below(12);
                if random.chance(100) {
                    let before = model.len();
                    model.retain(|block| *block < start);
                    assert_eq!(extents.truncate(start), (before - model.len()) as u64);
                } else {
                    let missing = (start..end).filter(|block| !model.contains(block)).count() as u64;
                    assert_eq!(extents.missing(start, end), missing);
                    assert_eq!(extents.insert(start, end), missing);
                    model.extend(start..end);
                }
                assert_eq!(extents.blocks(), model.len() as u64);
                let ranges: Vec<_> = extents.ranges.iter().collect();
                assert!(ranges.windows(2).all(|pair| pair[0].1 < pair[1].0), "ranges touch: {ranges:?}");
            }
        }
    }
}
